"""Workbooks of LibreOffice and of Excel 97, written without either."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

ODS = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">
<office:body><office:spreadsheet>{}</office:spreadsheet></office:body></office:document-content>"""


def ods_cell(value: str | None) -> str:
    if not value:
        return "<table:table-cell/>"
    return (
        '<table:table-cell office:value-type="string">'
        f"<text:p>{escape(value)}</text:p></table:table-cell>"
    )


def zip_ods(path: Path, content: str, manifest: str = "<manifest/>") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return path


def write_ods(path: Path, tables: dict[str, list[dict[str, str]]]) -> Path:
    sheets = ""
    for name, rows in tables.items():
        header = list(dict.fromkeys(key for row in rows for key in row))
        lines = [header, *([row.get(key) or "" for key in header] for row in rows)]
        cells = "".join(
            f"<table:table-row>{''.join(map(ods_cell, line))}</table:table-row>" for line in lines
        )
        sheets += f'<table:table table:name="{name}">{cells}</table:table>'
    return zip_ods(path, ODS.format(sheets))


def record(key: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", key, len(body)) + body


def write_xls(path: Path, tables: dict[str, list[dict[str, str]]]) -> Path:
    """Write a workbook of Excel 97: records of text cells in a stream of an OLE container."""
    start = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    sheets = []
    for rows in tables.values():
        header = list(dict.fromkeys(key for row in rows for key in row))
        lines = [header, *([row.get(key) or "" for key in header] for row in rows)]
        body = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
        for row, line in enumerate(lines):
            for column, text in enumerate(line):
                cell = struct.pack("<HHHHB", row, column, 0, len(text), 1)
                body += record(0x204, cell + text.encode("utf-16-le")) if text else b""
        sheets.append(body + record(0x0A))
    names = [struct.pack("<BBBB", 0, 0, len(name), 0) + name.encode() for name in tables]
    at = len(start) + sum(8 + len(name) for name in names) + 4
    for name, sheet in zip(names, sheets, strict=True):
        start += record(0x85, struct.pack("<I", at) + name)
        at += len(sheet)
    stream = start + record(0x0A) + b"".join(sheets)
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\0")
    sectors = len(stream) // 512
    fat = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, sectors + 2), 0xFFFFFFFE]
    assert len(fat) <= 128
    table = struct.pack("<128I", *fat, *[0xFFFFFFFF] * (128 - len(fat)))

    def entry(name: str, kind: int, child: int, first: int, size: int) -> bytes:
        encoded = name.encode("utf-16-le")
        head = encoded.ljust(64, b"\0") + struct.pack(
            "<HBB", len(encoded) + 2 if name else 0, kind, 1
        )
        links = struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child)
        return head + links + bytes(36) + struct.pack("<IQ", first, size)

    directory = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0)
    directory += entry("Workbook", 2, 0xFFFFFFFF, 2, len(stream))
    directory += entry("", 0, 0xFFFFFFFF, 0, 0) * 2
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<IIIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0)
    head = head.ljust(512, b"\xff")
    path.write_bytes(head + table + directory + stream)
    return path
