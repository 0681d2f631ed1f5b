"""Files that are too long to be held at once, read in pieces of whole records.

Only tables of records that nothing refers to are read so, and only files whose pieces can be read
like the whole: CSV in UTF-8 with commas, whose quotes are in pairs, and Parquet. A file of text
whose signs have to be guessed from all its cells is read whole.
"""

from __future__ import annotations

import codecs
import io
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from klaster.loaders.cells import (
    CELL_BYTES,
    MEGABYTE,
    format_suffix,
    is_panic,
    refuse_hostile_cells,
    shown,
    table_stem,
    unreadable,
)
from klaster.loaders.raw import RawTable, below, raw_table, stripped
from klaster.loaders.text_tables import separator_of, why_not_a_table
from klaster.ontology.faults import Fault

LONG_TABLES: Final = frozenset(
    {"awards", "exports", "makes", "memberships", "needs", "ownerships", "supplies"}
)
"""The tables that may be long: records that refer to things and are referred to by none."""
LONG_FILE: Final = 128 * 1024 * 1024
"""Bytes from which on a file of text is read in pieces."""
LONG_HEIGHT: Final = 2_000_000
"""Rows from which on a Parquet file is read in pieces."""
PIECE: Final = 48 * 1024 * 1024
PIECE_HEIGHT: Final = 500_000

_DENSEST: Final = 50
_HEADER: Final = 1_000_000
# Further back than this no end of a record is looked for: the quotes are in no pairs.
_TRIED: Final = 1000


@dataclass(frozen=True)
class Plan:
    """Where the pieces of a file of text begin and end, and what separates its cells."""

    path: Path
    bounds: tuple[tuple[int, int], ...]
    separator: str

    def pieces(self) -> Iterator[pl.DataFrame]:
        """Yield the cells, with the row that each record is in."""
        read = 0
        columns: list[str] = []
        with self.path.open("rb") as stream:
            for start, end in self.bounds:
                stream.seek(start)
                cells = self._cells(stream.read(end - start), columns, read)
                columns = cells.columns
                numbered = cells.with_row_index("row", offset=read + 1)
                refuse_hostile_cells(shown(self.path.name), numbered)
                read += cells.height
                yield numbered

    def _cells(self, text: bytes, columns: list[str], before: int) -> pl.DataFrame:
        # The first record of a piece may be shorter than those of the piece before.
        names = f"{self.separator.join(columns)}\n".encode() if columns else b""
        try:
            return pl.read_csv(
                io.BytesIO(names + text),
                has_header=bool(columns),
                infer_schema=False,
                schema=dict.fromkeys(columns, pl.String) or None,
                separator=self.separator,
            )
        except BaseException as reason:
            if isinstance(reason, pl.exceptions.PolarsError) or is_panic(reason):
                why = why_not_a_table(
                    text.decode(), self.separator, width=len(columns), before=before
                )
                raise Fault("fault.csv", path=shown(self.path), reason=why) from reason
            raise


def long_text(path: Path, table: str | None) -> RawTable | None:
    """Return the table of a file of text that is read in pieces, or nothing if it is read whole."""
    if table not in LONG_TABLES or path.suffix.lower() != ".csv":
        return None
    found = plan(path)
    if found is None:
        return None
    first = next(found.pieces())
    raw = raw_table(table_stem(path), shown(path.name), shown(path.name), first)
    return _with_further(raw, stripped(first).head(1), found.pieces, len(found.bounds))


def plan(path: Path) -> Plan | None:
    """Return how a file of text is read in pieces, if it is long and can be read so."""
    size = path.stat().st_size
    if size < LONG_FILE:
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    bounds: list[tuple[int, int]] = []
    separator = ""
    with path.open("rb") as stream:
        start = len(codecs.BOM_UTF8) if stream.read(3) == codecs.BOM_UTF8 else 0
        while start < size:
            stream.seek(start)
            found = stream.read(PIECE)
            end = len(found) if start + len(found) >= size else _end_of_record(found)
            try:
                text = decoder.decode(found[:end], final=True)
            except UnicodeDecodeError:
                return None
            separator = separator or separator_of(text[:_HEADER], prefer="")
            stray = re.search(f'[^\n"{re.escape(separator)}]"[^\r\n"{re.escape(separator)}]', text)
            if not end or "\0" in text or separator in ";\t" or stray:
                return None
            bounds.append((start, start + end))
            start += end
    return Plan(path, tuple(bounds), separator)


def _end_of_record(found: bytes) -> int:
    """Return where the last whole record ends, or 0 where none can be told."""
    end = len(found)
    for _ in range(_TRIED):
        end = found.rfind(b"\n", 0, end)
        if end < 0:
            break
        if found.count(b'"', 0, end) % 2 == 0:
            return end + 1
    return 0


def may_be_long(path: Path, table: str | None) -> bool:
    """Say whether a typed table is one that would be read in pieces if it were long.

    Raises
    ------
    Fault
        If its file cannot be opened.
    """
    if table not in LONG_TABLES or format_suffix(path) != path.suffix.lower():
        return False
    try:
        path.open("rb").close()
    except OSError as reason:
        raise unreadable(path, reason) from reason
    return True


def refuse_too_dense(path: Path, cells: int) -> None:
    """Refuse a file that says that it holds far more cells than a true one of its size would.

    Raises
    ------
    Fault
        With how many.
    """
    most = path.stat().st_size * _DENSEST
    if cells > most:
        size, limit = (count * CELL_BYTES // MEGABYTE for count in (cells, most))
        raise Fault("fault.too-large", path=shown(path), size=size, limit=limit)


def long_parquet(path: Path, scan: pl.LazyFrame, cells: list[pl.Expr], height: int) -> RawTable:
    """Return the table of a Parquet file that is read in pieces; ``cells`` are its columns as text."""
    names = scan.collect_schema().names()
    columns = [f"column_{index}" for index in range(len(names))]
    header = pl.DataFrame([names], schema=dict.fromkeys(columns, pl.String), orient="row")
    header = header.with_row_index("row", offset=1)

    def pieces() -> Iterator[pl.DataFrame]:
        for start in range(0, height, PIECE_HEIGHT):
            try:
                piece = scan.slice(start, PIECE_HEIGHT).select(cells).collect()
            except pl.exceptions.PolarsError as reason:
                raise Fault("fault.damaged-file", path=shown(path), format="Parquet") from reason
            numbered = piece.with_row_index("row", offset=start + 2)
            refuse_hostile_cells(shown(path.name), numbered)
            yield numbered

    first = pl.concat([header, next(pieces())])
    raw = raw_table(table_stem(path), shown(path.name), shown(path.name), first)
    return _with_further(raw, header, pieces, -(-height // PIECE_HEIGHT))


def _with_further(
    raw: RawTable, header: pl.DataFrame, pieces: Callable[[], Iterator[pl.DataFrame]], count: int
) -> RawTable:
    """Return a table whose rows after the first piece are read when they are wanted."""

    def further() -> Iterator[pl.DataFrame]:
        for cells in itertools.islice(pieces(), 1, None):
            yield below(header, cells)

    return replace(raw, further=further, pieces=count)
