"""Tables of a DuckDB file, opened so that nothing can be written and no other file reached."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

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
from klaster.ontology.faults import Fault

_BATCH: Final = 10_000
# A query cannot reach files or the net, find Python's own variables, or change any of this.
_SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {
    "enable_external_access": "false",
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_persistent_secrets": "false",
    "memory_limit": "2GB",
    # Nothing is laid down beside the file: what does not fit the memory is refused.
    "temp_directory": "",
}
_BEGIN: Final = (
    "SET TimeZone = 'UTC'",
    "SET lock_configuration = true",
    # All tables are read as they are at one moment.
    "BEGIN TRANSACTION READ ONLY",
)
_TABLES: Final = """
SELECT table_schema, table_name FROM information_schema.tables
WHERE table_catalog = current_database() AND table_schema = current_schema() ORDER BY table_name
"""
_LISTS: Final = re.compile(r"(?P<of>.*?)(?P<lists>(?:\[[0-9]*\])*)", re.DOTALL)
_NO_CELLS: Final = re.compile(r"STRUCT|MAP|UNION|BLOB|VARIANT|GEOMETRY")
_FLOATS: Final = frozenset({"FLOAT", "DOUBLE"})


class DuckDB:
    """A DuckDB file."""

    def __init__(self, path: Path, address: str) -> None:
        """Open the file.

        Raises
        ------
        Fault
            If it cannot be read.
        """
        import duckdb

        self.address = address
        with self._told(address):
            self._connection = duckdb.connect(path.resolve(), read_only=True, config=_SETTINGS)
            for statement in _BEGIN:
                self._connection.execute(statement)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def tables(self) -> list[tuple[str, str]]:
        """Return the tables and views of the file's own schema."""
        with self._told(self.address):
            found = self._connection.execute(_TABLES).fetchall()
        return [
            (name, f"SELECT * FROM {quoted(schema)}.{quoted(name)}")  # noqa: S608 quoted
            for schema, name in found
        ]

    def answer(self, name: str, query: str) -> RawTable:
        """Return what a query answers, its values written by DuckDB as text.

        Raises
        ------
        Fault
            If DuckDB refuses it, or it selects what is no cell.
        """
        place = place_of(self.address, name)
        asked = reading(place, query)
        with self._told(place), self._in_time():
            # By itself, before anything is put around it: only one whole statement passes.
            if len(self._connection.extract_statements(asked)) != 1:
                raise Fault("fault.query-kind", place=place)
            described = self._connection.execute(f"DESCRIBE ({asked}\n)").fetchall()
            titles = [title for title, *_ in described]
            types = [found for _, found, *_ in described]
            refuse_no_cells(
                place,
                (pair for pair in zip(titles, types, strict=True) if not _is_cell(pair[1])),
            )
            written = ", ".join(_as_text(f"c{at}", found) for at, found in enumerate(types))
            names = ", ".join(f"c{at}" for at in range(len(types)))
            rows = f"SELECT {written} FROM ({asked}\n) AS q({names})"  # noqa: S608 one query
            self._connection.execute(rows)
            cells = cells_of(place, len(titles), self._batches())
        return answered(name, place, titles, cells)

    def _batches(self) -> Iterator[list[tuple[str | None, ...]]]:
        while rows := self._connection.fetchmany(_BATCH):
            yield rows

    @contextlib.contextmanager
    def _in_time(self) -> Iterator[None]:
        timer = threading.Timer(QUERY_SECONDS, self._connection.interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    @contextlib.contextmanager
    def _told(self, place: str) -> Iterator[None]:
        """Turn what DuckDB says into a message."""
        import duckdb

        try:
            yield
        except duckdb.InterruptException as reason:
            raise too_slow(place, QUERY_SECONDS) from reason
        except (duckdb.SerializationException, duckdb.InternalException) as reason:
            raise Fault("fault.damaged-file", path=self.address, format="DuckDB") from reason
        except (duckdb.Error, RuntimeError) as reason:
            # Below the message, DuckDB draws the line of the query.
            told = one_line(str(reason).partition("\n\nLINE")[0])
            if place == self.address:
                raise Fault("fault.unreadable", path=place, reason=told) from reason
            raise refused(place, told) from reason


def _parts(found: str) -> tuple[str, int]:
    """Return the type within lists, and how deep they are."""
    match = _LISTS.fullmatch(found)
    return (match["of"], match["lists"].count("[")) if match else (found, 0)


def _is_cell(found: str) -> bool:
    base, depth = _parts(found)
    return depth <= 1 and not _NO_CELLS.match(base)


def _as_text(cell: str, found: str) -> str:
    base, depth = _parts(found)
    if depth:
        # A fixed length is of no concern here, and not all functions take it.
        values = f"[{_as_text('e', base)} FOR e IN ({cell}::{base}[])]"
        return f"array_to_string({values}, ';')"
    text = f"{cell}::VARCHAR"
    if base in _FLOATS:
        return f"nullif(regexp_replace({text}, '[.]0$', ''), 'nan')"
    if base.startswith("DECIMAL"):
        return (
            f"CASE WHEN contains({text}, '.') THEN rtrim(rtrim({text}, '0'), '.') ELSE {text} END"
        )
    if base.startswith("TIMESTAMP"):
        text = f"replace(regexp_replace({text}, '[+]00$', ''), ' ', 'T')"
        return f"regexp_replace({text}, 'T00:00:00$', '')"
    return text
