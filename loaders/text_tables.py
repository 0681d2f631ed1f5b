"""Tables of text: CSV and its kin, in the encodings and with the separators met in practice."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Final

import polars as pl

from klaster.loaders.cells import format_suffix, is_panic, read_bytes, shown, table_of, table_stem
from klaster.loaders.check import match_headers
from klaster.loaders.raw import RawTable
from klaster.ontology.faults import Fault
from klaster.ontology.tables import Table, tables

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8 with a mark (BOM)"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16 LE"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16 BE"),
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# Excel writes numbers so where a comma stands before decimals; thousands may be set apart by
# a space, broken or not.
_COMMA_NUMBER: Final = (
    "^-?([0-9]+|[0-9]{1,3}([ \u00a0\u202f][0-9]{3})+)(,[0-9]+)?([eE][+-]?[0-9]+)?$"
)
# 1,234 is either a thousand or a little more than one.
_TWO_READINGS: Final = "^-?[1-9][0-9]{0,2},[0-9]{3}$"
_MOST_OF_A_HEADER: Final = 1_000_000
_SPACES: Final = "[ \u00a0\u202f]"


def read_text_table(path: Path, table: str | None, guessed: list[str]) -> RawTable:
    """Read a CSV file, and tell in ``guessed`` what it took the file to be.

    ``table`` is the one of klaster's tables that it holds, if any: it tells which columns are
    numbers.

    Nothing is told of a file in UTF-8 with commas between its cells and points in its numbers.

    Raises
    ------
    Fault
        If the encoding is not known or the text is no table.
    """
    text, encoding = decoded(path, read_bytes(path))
    separator = separator_of(text, prefer="\t" if format_suffix(path) == ".tsv" else "")
    place = shown(path.name)
    raw = table_of(table_stem(path), place, place, _cells(path, text, separator))
    signs = [encoding, "tab" if separator == "\t" else separator]
    if table and separator in ";\t":
        raw, numbers = _with_points(raw, tables()[table])
        signs += numbers
    if signs != ["UTF-8", ","] and not raw.frame.is_empty():
        guessed.append(f"{place}: {', '.join(signs)}")
    return raw


def decoded(path: Path, found: bytes) -> tuple[str, str]:
    """Return the text of a file and the name of its encoding."""
    marked = next((entry for entry in _MARKS if found.startswith(entry[0])), None)
    if marked:
        mark, codec, name = marked
        text = _decode(path, found[len(mark) :], codec)
    else:
        try:
            text, name = found.decode("utf-8"), "UTF-8"
        except UnicodeDecodeError:
            text, name = _cyrillic(path, found), "cp1251"
    if "\0" in text:
        raise Fault("fault.not-utf8", path=shown(path))
    # The lines of an old Macintosh end in a carriage return alone.
    return (text if "\n" in text else text.replace("\r", "\n")), name


def _decode(path: Path, found: bytes, codec: str) -> str:
    try:
        return found.decode(codec)
    except UnicodeDecodeError as reason:
        raise Fault("fault.not-utf8", path=shown(path)) from reason


def _cyrillic(path: Path, found: bytes) -> str:
    """Read what is not UTF-8 as the Cyrillic encoding of Windows, if it can be that at all."""
    text = _decode(path, found, "cp1251")
    damaged = found.decode("utf-8", "replace")
    wrong = damaged.count("\ufffd")
    right = sum(sign > "\x7f" for sign in damaged) - wrong
    # Where most of it is UTF-8, it is UTF-8 with damage and would be read as gibberish.
    if right > wrong or _CONTROL.search(text) or not any(sign.isalpha() for sign in text):
        raise Fault("fault.not-utf8", path=shown(path))
    return text


def separator_of(text: str, *, prefer: str) -> str:
    """Return what separates the cells of the header, which may itself hold it between quotes."""
    start = re.match(r'\s*(?:"(?:[^"]|"")*"|[^"\n])*', text[:_MOST_OF_A_HEADER].lstrip("\n\r "))
    header = re.sub(r'"(?:[^"]|"")*"', "", start[0] if start else "")
    if prefer and prefer in header:
        return prefer
    return max(",;\t|", key=header.count)


def _cells(path: Path, text: str, separator: str) -> pl.DataFrame:
    if not text.strip():
        return pl.DataFrame(schema={"row": pl.UInt32})
    try:
        return pl.read_csv(
            text.encode(), has_header=False, infer_schema=False, separator=separator
        ).with_row_index("row", offset=1)
    except BaseException as reason:
        if isinstance(reason, pl.exceptions.PolarsError) or is_panic(reason):
            why = why_not_a_table(text, separator)
            raise Fault("fault.csv", path=shown(path), reason=why) from reason
        raise


def why_not_a_table(text: str, separator: str, *, width: int = 0, before: int = 0) -> str:
    """Return the first row that has more cells than the header.

    ``width`` is that of a header in an earlier piece of the file, with so many rows ``before``.
    """
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        if not width:
            width, before = len(next(rows)), before + 1
        for number, row in enumerate(rows, start=before + 1):
            if len(row) > width:
                return f"row {number}: {len(row)} > {width}"
    except (csv.Error, StopIteration) as reason:
        return str(reason)
    return "quotes"


def _with_points(raw: RawTable, table: Table) -> tuple[RawTable, list[str]]:
    """Write numbers with a decimal comma as with a point, if all of them can be meant so.

    One number with a point, or numbers that have a second reading (1,234 and nothing clearer),
    leave the whole file as it is, and its checks then find fault with them.
    """
    names, _, _ = match_headers(raw, table)
    numeric = [
        names[column.name]
        for column in table.columns
        if column.name in names and column.type in ("number", "integer")
    ]
    cells = pl.concat(
        [raw.frame[column].alias("cell") for column in numeric]
        or [pl.Series("cell", [], dtype=pl.String)]
    ).drop_nulls()
    commas = cells.filter(cells.str.contains(",", literal=True))
    spaces = cells.str.contains(_SPACES).any()
    if not (spaces or len(commas)) or not cells.str.contains(_COMMA_NUMBER).all():
        return raw, []
    if len(commas) and not spaces and commas.str.contains(_TWO_READINGS).all():
        return raw, []
    pointed = pl.col(numeric).str.replace_all(_SPACES, "").str.replace(",", ".", literal=True)
    signs = ["decimal comma"] if len(commas) else []
    signs += ["spaces between thousands"] if spaces else []
    return replace(raw, frame=raw.frame.with_columns(pointed)), signs
