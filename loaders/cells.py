"""What every format shares: which files may be opened, how cells are written, and their limits."""

from __future__ import annotations

import gzip
import os
import stat
import zlib
from pathlib import Path
from typing import Final

import polars as pl

from klaster.loaders.raw import RawTable, raw_table
from klaster.ontology.faults import CellFault, Fault, SourceError

CELL_LIMIT: Final = 100_000
"""Characters in a cell: three times what a spreadsheet allows; more is a file gone wrong."""

UNPACKED_LIMIT: Final = 1024 * 1024 * 1024
"""A million rows unpack to a few hundred megabytes; far more is an attack or a mistake, and
would take the machine down before any message."""

MEGABYTE: Final = 1024 * 1024
CELL_BYTES: Final = 16
"""The least that a cell takes in memory."""
# A header of this name would collide with the row numbers that a raw table carries.
_ROW: Final = "row"


def refuse_what_is_no_file(path: Path) -> None:
    """Refuse what is not there, is a folder, or would never end: a pipe, a device.

    Raises
    ------
    Fault
        With what it is.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as reason:
        raise unreadable(path, reason) from reason
    if not stat.S_ISREG(mode):
        raise Fault("fault.no-file", path=shown(path))


def format_suffix(path: Path) -> str:
    """Return the suffix that tells a file's format, below the one of a packed file (.gz).

    Examples
    --------
    >>> format_suffix(Path("trade.CSV.gz")), format_suffix(Path("actors.xlsx"))
    ('.csv', '.xlsx')
    """
    return Path(path.stem).suffix.lower() if _is_packed(path) else path.suffix.lower()


def table_stem(path: Path) -> str:
    """Return a file's name without its suffixes.

    Examples
    --------
    >>> table_stem(Path("trade.csv.gz")), table_stem(Path("actors.csv"))
    ('trade', 'actors')
    """
    return Path(path.stem).stem if _is_packed(path) else path.stem


def _is_packed(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


def read_bytes(path: Path) -> bytes:
    """Return what a file holds, unpacked if it is packed (.gz).

    Raises
    ------
    Fault
        If it is no file, may not be read, is damaged or unpacks to more than may be.
    """
    refuse_what_is_no_file(path)
    try:
        if not _is_packed(path):
            return path.read_bytes()
        with gzip.open(path) as stream:
            # Counted first, piece by piece: a bomb would take the memory before it is known.
            size = 0
            while size <= UNPACKED_LIMIT and (piece := stream.read(MEGABYTE)):
                size += len(piece)
            refuse_too_large(path, size)
            stream.seek(0)
            return stream.read()
    except (gzip.BadGzipFile, EOFError, zlib.error) as reason:
        raise Fault("fault.damaged-file", path=shown(path), format="gzip") from reason
    except OSError as reason:
        raise unreadable(path, reason) from reason


def refuse_too_large(path: Path, size: int) -> None:
    """Refuse a file that takes more bytes of memory or disk than it may.

    Raises
    ------
    Fault
        With the limit.
    """
    if size > UNPACKED_LIMIT:
        limit = UNPACKED_LIMIT // MEGABYTE
        raise Fault("fault.too-large", path=shown(path), size=size // MEGABYTE, limit=limit)


def unreadable(path: Path, reason: Exception) -> Fault:
    """Return the message that a path cannot be read, with the system's reason."""
    told = reason.strerror if isinstance(reason, OSError) else None
    return Fault("fault.unreadable", path=shown(path), reason=told or str(reason))


def shown(path: Path | str) -> str:
    """Return a path that can be printed, whatever bytes its name is made of."""
    name = os.fsencode(path)
    try:
        # The system's locale may say otherwise, but names are written so nearly everywhere.
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return os.fsdecode(name).encode("utf-8", "replace").decode("utf-8")


def is_panic(reason: BaseException) -> bool:
    """Say whether a reader written in Rust gave up; such an error is not an ``Exception``."""
    return type(reason).__name__ == "PanicException"


def table_of(name: str, place: str, locator: str, cells: pl.DataFrame) -> RawTable:
    """Make a table of text cells, the first row its header, where no cell is beyond all bounds.

    Raises
    ------
    SourceError
        If a cell is too long or holds the character NUL.
    """
    columns = [column for column in cells.columns if column != _ROW]
    refuse_hostile_cells(place, cells)
    try:
        return raw_table(name, place, locator, cells)
    except pl.exceptions.DuplicateError:
        # The header may stand in any row above the first record; cells below are no headers.
        filled = pl.any_horizontal(pl.col(columns).str.strip_chars() != "")
        header = cells.filter(filled)[_ROW][0]
        for column in columns:
            is_title = (pl.col(_ROW) == header) & (pl.col(column).str.strip_chars() == _ROW)
            told = pl.when(is_title).then(pl.lit(f"“{_ROW}”")).otherwise(pl.col(column))
            cells = cells.with_columns(told.alias(column))
        return raw_table(name, place, locator, cells)


def refuse_hostile_cells(place: str, cells: pl.DataFrame) -> None:
    """Refuse cells of text that are beyond all bounds or hold what is no text.

    Raises
    ------
    SourceError
        If a cell is too long or holds the character NUL.
    """
    rows = cells[_ROW]
    for column in cells.columns:
        if column != _ROW:
            text = cells[column]
            _refuse_rows(place, rows.filter(text.str.len_bytes() > CELL_LIMIT), "fault.long-cell")
            _refuse_rows(place, rows.filter(text.str.contains("\0", literal=True)), "fault.nul")


def _refuse_rows(place: str, rows: pl.Series, key: str) -> None:
    if len(rows):
        faults = [CellFault(place, row, "", key, {"limit": CELL_LIMIT}) for row in rows[:10]]
        raise SourceError(place, faults)
