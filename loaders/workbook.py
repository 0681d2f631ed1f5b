"""Workbooks of Excel and LibreOffice, with one sheet a table.

Values are read as they stand in the file; formulas are never run and links never followed.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl
from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from klaster.loaders.cells import (
    MEGABYTE,
    is_panic,
    refuse_too_large,
    shown,
    table_of,
    unreadable,
)
from klaster.loaders.old_workbook import PASSWORD, old_sheets
from klaster.loaders.raw import RawTable
from klaster.loaders.typed import as_typed
from klaster.ontology.faults import Fault

WORKBOOKS: Final = frozenset({".xlsx", ".xlsm", ".xls", ".ods"})

# The least that a cell takes in memory; empty ones between others are cells too.
_CELL_BYTES: Final = 16
# The reader lays out every cell up to the last one, so a stray cell in the last corner of a sheet,
# or one repeated without end, has to be seen before it.
_LAST_ROWS: Final = re.compile(rb"""<(?:\w+:)?row\b[^>]*?\sr\s*=\s*["'](\d+)""")
_LAST_COLUMNS: Final = re.compile(rb"""\sr\s*=\s*["']([A-Z]{2,})(\d+)""")
_REPEATED: Final = re.compile(rb"""number-columns-repeated\s*=\s*["'](\d+)["']([^>]*)>""")
_MOST_COLUMNS: Final = 16_384
_CHUNK: Final = 16 * MEGABYTE
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read_workbook(path: Path) -> Iterator[RawTable]:
    """Yield the sheets of a workbook.

    Raises
    ------
    Fault
        If the file is no workbook, is empty, has a password, or is too large unpacked.
    """
    _refuse_what_is_no_workbook(path)
    if path.suffix.lower() == ".xls":
        yield from _old(path)
        return
    try:
        workbook = CalamineWorkbook.from_path(path)
        for name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(name)
            refuse_too_large(path, sheet.total_height * sheet.total_width * _CELL_BYTES)
            rows = sheet.to_python(skip_empty_area=False)
            place = f"{shown(path.name)}, {name}"
            yield table_of(name.strip(), place, name, _cells(rows))
    except PasswordError as reason:
        raise Fault("fault.password", path=shown(path)) from reason
    except (CalamineError, OSError, ValueError, OverflowError) as reason:
        raise Fault("fault.no-workbook", path=shown(path)) from reason
    except BaseException as reason:
        if is_panic(reason):
            raise Fault("fault.no-workbook", path=shown(path)) from reason
        raise


def _old(path: Path) -> Iterator[RawTable]:
    sheets = old_sheets(path)
    if isinstance(sheets, int):
        key = "fault.password" if sheets == PASSWORD else "fault.no-workbook"
        raise Fault(key, path=shown(path))
    for name, rows in sheets:
        yield table_of(name.strip(), f"{shown(path.name)}, {name}", name, _cells(rows))


def _refuse_what_is_no_workbook(path: Path) -> None:
    try:
        if path.stat().st_size == 0:
            raise Fault("fault.empty-file", path=shown(path))
        with path.open("rb") as stream:
            start = stream.read(8)
    except OSError as reason:
        raise unreadable(path, reason) from reason
    if path.suffix.lower() == ".xls":
        if start != _OLE or _runs_in_circles(path):
            raise Fault("fault.no-workbook", path=shown(path))
        return
    # A workbook of Excel with a password is stored in an OLE container, not in a zip archive.
    if start == _OLE and path.suffix.lower() != ".ods":
        raise Fault("fault.password", path=shown(path))
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            refuse_too_large(path, sum(entry.file_size for entry in entries))
            refuse_too_large(path, _cells_in(path, archive) * _CELL_BYTES)
            # One of LibreOffice says in its manifest what is encrypted.
            manifest = "META-INF/manifest.xml"
            locked = any(entry.filename == manifest for entry in entries) and (
                b"encryption-data" in archive.read(manifest)
            )
    except Fault:
        raise
    except Exception as reason:
        raise Fault("fault.no-workbook", path=shown(path)) from reason
    if locked:
        raise Fault("fault.password", path=shown(path))


def _cells_in(path: Path, archive: zipfile.ZipFile) -> int:
    """Return the most cells that a sheet of a zipped workbook lays out, without reading them."""
    most = 0
    for name in archive.namelist():
        if path.suffix.lower() == ".ods":
            if name == "content.xml":
                most = max(most, _repeated(archive, name))
        elif name.endswith(".xml") and "sharedStrings" not in name:
            most = max(most, _laid_out(archive, name))
        elif name.endswith(".bin") and "worksheets" in name:
            most = max(most, _stated(archive, name))
    return most


def _chunks(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """Yield a file of an archive by pieces that overlap, so that nothing short is cut in two."""
    kept = b""
    with archive.open(name) as stream:
        while chunk := stream.read(_CHUNK):
            yield kept + chunk
            kept = chunk[-256:]


def _repeated(archive: zipfile.ZipFile, name: str) -> int:
    count = 0
    for chunk in _chunks(archive, name):
        for times, rest in _REPEATED.findall(chunk):
            if not rest.endswith(b"/") or int(times[:12]) > _MOST_COLUMNS:
                count += int(times[:12])
    return count


def _laid_out(archive: zipfile.ZipFile, name: str) -> int:
    rows, columns = 1, 26
    for chunk in _chunks(archive, name):
        rows = max(rows, *(int(row[:12]) for row in _LAST_ROWS.findall(chunk)), 1)
        for letters, row in _LAST_COLUMNS.findall(chunk):
            rows = max(rows, int(row[:12]))
            columns = max(columns, _column_number(letters[:8]))
    return rows * columns


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _stated(archive: zipfile.ZipFile, name: str) -> int:
    """Return the cells that the dimensions of a binary sheet (record BrtWsDim) span."""
    with archive.open(name) as stream:
        start = stream.read(4096)
    at = start.find(b"\x94\x01\x10")
    if at < 0 or len(start) < at + 19:
        return 0
    first, last, left, right = (
        int.from_bytes(start[at + 3 + place : at + 7 + place], "little") for place in (0, 4, 8, 12)
    )
    return max(last - first + 1, 0) * max(right - left + 1, 0)


def _runs_in_circles(path: Path) -> bool:
    """Say whether a chain of sectors of an OLE container comes back to itself: it has no end."""
    found = path.read_bytes()
    size = 1 << min(int.from_bytes(found[30:32], "little"), 12)
    count = min(int.from_bytes(found[44:48], "little"), 109)
    if size < 512 or len(found) < 512:
        return True
    nexts: list[int] = []
    for place in range(76, 76 + 4 * count, 4):
        start = (int.from_bytes(found[place : place + 4], "little") + 1) * size
        sector = found[start : start + size]
        nexts += [int.from_bytes(sector[at : at + 4], "little") for at in range(0, len(sector), 4)]
    seen = [0] * len(nexts)
    for first in range(len(nexts)):
        at = first
        while at < len(nexts) and not seen[at]:
            seen[at] = first + 1
            at = nexts[at]
        if at < len(nexts) and seen[at] == first + 1:
            return True
    return False


def _cells(rows: Sequence[Sequence[object]]) -> pl.DataFrame:
    width = max((len(row) for row in rows), default=0)
    columns = {
        f"column_{index}": pl.Series(
            [as_typed(row[index]) if index < len(row) else "" for row in rows], dtype=pl.String
        )
        for index in range(width)
    }
    return pl.DataFrame(columns).with_row_index("row", offset=1)
