"""Workbooks: an .xlsx file with one sheet a table.

Values are read as they stand in the file; formulas are never run and links never followed.
"""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl
from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from klaster.loaders.raw import RawTable, raw_table
from klaster.ontology.faults import Fault

# A workbook of a million rows unpacks to a few hundred megabytes; far more is an attack or a
# mistake, and would take the machine down before any message.
UNPACKED_LIMIT: Final = 1024 * 1024 * 1024


def read_workbook(path: Path) -> Iterator[RawTable]:
    """Yield the sheets of a workbook.

    Raises
    ------
    Fault
        If the file is no workbook, is empty, has a password, or is too large unpacked.
    """
    _refuse_what_is_no_workbook(path)
    try:
        workbook = CalamineWorkbook.from_path(path)
        for sheet in workbook.sheet_names:
            rows = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
            yield raw_table(sheet.strip(), f"{path.name}, {sheet}", sheet, _cells(rows))
    except PasswordError as reason:
        raise Fault("fault.password", path=path) from reason
    except CalamineError as reason:
        raise Fault("fault.no-workbook", path=path) from reason


def _refuse_what_is_no_workbook(path: Path) -> None:
    if path.stat().st_size == 0:
        raise Fault("fault.empty-file", path=path)
    with path.open("rb") as stream:
        start = stream.read(8)
    # A workbook with a password is stored in an OLE container, not in a zip archive.
    if start == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" and path.suffix.lower() == ".xlsx":
        raise Fault("fault.password", path=path)
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as reason:
        raise Fault("fault.no-workbook", path=path) from reason
    if unpacked > UNPACKED_LIMIT:
        megabyte = 1024 * 1024
        raise Fault(
            "fault.too-large",
            path=path,
            size=unpacked // megabyte,
            limit=UNPACKED_LIMIT // megabyte,
        )


def _cells(rows: Sequence[Sequence[object]]) -> pl.DataFrame:
    width = max((len(row) for row in rows), default=0)
    columns = {
        f"column_{index}": pl.Series(
            [_text(row[index]) if index < len(row) else "" for row in rows], dtype=pl.String
        )
        for index in range(width)
    }
    return pl.DataFrame(columns).with_row_index("row", offset=1)


def _text(cell: object) -> str:
    """Return a cell as one would type it into a CSV file."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat()
    if isinstance(cell, dt.date):
        return cell.isoformat()
    return str(cell)
