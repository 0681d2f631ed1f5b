"""Tables of an SQLite file, opened so that nothing can be written and no other file reached."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from klaster.loaders.databases.query import (
    QUERY_SECONDS,
    answered,
    cells_of,
    one_line,
    place_of,
    quoted,
    reading,
    refuse_no_cells,
    refused,
    too_slow,
)
from klaster.loaders.raw import RawTable
from klaster.loaders.typed import as_typed
from klaster.ontology.faults import CellFault, Fault, SourceError

_BATCH: Final = 10_000
_STEPS_BETWEEN_LOOKS: Final = 100_000
_MOST_OF_A_VALUE: Final = 64 * 1024 * 1024
_READS: Final = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_FUNCTION}
)
# SQLite of some systems comes with functions that reach other files.
_REACHING: Final = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"})
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
# SQLite has no dates; a day is often kept as its first moment.
_MIDNIGHT: Final = r"^([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]00:00:00(\.0+)?$"
_TABLES: Final = (
    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
    " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
)


class _Undecoded(str):
    """A text that is not in UTF-8."""

    __slots__ = ()


def _decoded(found: bytes) -> str:
    try:
        return found.decode()
    except UnicodeDecodeError:
        return _Undecoded()


def _allowed(action: int, subject: str | None, name: str | None, *_: object) -> int:
    reads = action in _READS and (name or "").lower() not in _REACHING
    # A full-text index asks whether the file has changed.
    asks = action == sqlite3.SQLITE_PRAGMA and subject == "data_version" and name is None
    return sqlite3.SQLITE_OK if reads or asks else sqlite3.SQLITE_DENY


class SQLite:
    """An SQLite file."""

    def __init__(self, path: Path, address: str) -> None:
        """Open the file.

        Raises
        ------
        Fault
            If it cannot be read.
        """
        self.address = address
        self._deadline = 0.0
        with self._told(address):
            self._connection = sqlite3.connect(_read_only(path), uri=True, isolation_level=None)
        with contextlib.ExitStack() as opened, self._told(address):
            opened.callback(self._connection.close)
            self._connection.text_factory = _decoded
            self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_OF_A_VALUE)
            self._connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
            for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._names = self._tables()
            # All tables are read as they are at one moment.
            self._connection.execute("BEGIN")
            self._connection.set_authorizer(_allowed)
            self._connection.set_progress_handler(self._is_late, _STEPS_BETWEEN_LOOKS)
            opened.pop_all()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def tables(self) -> list[tuple[str, str]]:
        """Return the tables and views."""
        return [(name, f"SELECT * FROM {quoted(name)}") for name in self._names]  # noqa: S608

    def _tables(self) -> list[str]:
        names = [str(name) for (name,) in self._connection.execute(_TABLES)]
        # What a virtual table keeps its index in is no table of the user. Versions before 3.37
        # answer nothing here.
        listed = self._connection.execute("PRAGMA table_list").fetchall()
        shadows = {row[1] for row in listed if row[2] == "shadow"}
        return [name for name in names if name not in shadows]

    def _is_late(self) -> bool:
        return time.monotonic() > self._deadline

    def answer(self, name: str, query: str) -> RawTable:
        """Return what a query answers.

        Raises
        ------
        Fault
            If SQLite refuses it, or it selects what is no cell.
        """
        place = place_of(self.address, name)
        asked = reading(place, query)
        self._deadline = time.monotonic() + QUERY_SECONDS
        with self._told(place), contextlib.closing(self._connection.execute(asked)) as cursor:
            titles = [column[0] for column in cursor.description or ()]
            cells = cells_of(place, len(titles), _batches(place, titles, cursor))
        texts = cells.with_columns(pl.all().str.replace(_MIDNIGHT, "$1"))
        return answered(name, place, titles, texts)

    @contextlib.contextmanager
    def _told(self, place: str) -> Iterator[None]:
        """Turn what SQLite says into a message."""
        try:
            yield
        except (sqlite3.Error, sqlite3.Warning) as reason:
            code = getattr(reason, "sqlite_errorcode", 0) & 0xFF
            if code == sqlite3.SQLITE_INTERRUPT:
                raise too_slow(place, QUERY_SECONDS) from reason
            if code in _DAMAGED:
                shown = self.address
                raise Fault("fault.damaged-file", path=shown, format="SQLite") from reason
            if place == self.address:
                told = one_line(str(reason))
                raise Fault("fault.unreadable", path=place, reason=told) from reason
            raise refused(place, str(reason)) from reason


def _read_only(path: Path) -> str:
    """Return the address by which SQLite opens a file for reading, whatever signs are in it."""
    address = f"{path.resolve().as_uri()}?mode=ro"
    with path.open("rb") as stream:
        is_logged = stream.read(20)[18:] == b"\x02\x02"
    # A file with a write-ahead log that no one has open: SQLite would make the log anew beside it.
    is_quiet = is_logged and not path.resolve().with_name(f"{path.resolve().name}-wal").exists()
    return f"{address}&immutable=1" if is_quiet else address


def _batches(
    place: str, titles: list[str], cursor: sqlite3.Cursor
) -> Iterator[list[list[str | None]]]:
    first = 2
    while rows := cursor.fetchmany(_BATCH):
        yield [
            [_written(place, number, title, cell) for title, cell in zip(titles, row, strict=True)]
            for number, row in enumerate(rows, start=first)
        ]
        first += len(rows)


def _written(place: str, row: int, title: str, cell: object) -> str | None:
    if cell is None or type(cell) is str:
        return cell
    if isinstance(cell, bytes):
        refuse_no_cells(place, [(title, "BLOB")], row)
    if isinstance(cell, _Undecoded):
        raise SourceError(place, [CellFault(place, row, title, "fault.not-utf8-cell")])
    return as_typed(cell)
