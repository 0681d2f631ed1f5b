"""What may be asked of a database, and its answer as a raw table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import polars as pl

from klaster.loaders.cells import MEGABYTE, UNPACKED_LIMIT, table_of
from klaster.loaders.raw import RawTable
from klaster.ontology.faults import CellFault, Fault, SourceError

QUERY_SECONDS: Final = 300
"""A table is read in seconds; a query that takes longer than this has most likely gone wrong."""

# What may stand before the first word: spaces, brackets and comments.
_FIRST_WORD: Final = re.compile(r"(?:[\s(]|--[^\n]*(?:\n|$)|/\*.*?\*/)*(\w+)", re.DOTALL)
_READING: Final = frozenset({"select", "with", "table", "values", "from"})
_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MOST_OF_A_REASON: Final = 300


class Database(Protocol):
    """An open database, from which nothing but rows can be had."""

    def tables(self) -> Iterable[tuple[str, str]]:
        """Return each table and view with the query for its rows."""
        ...

    def answer(self, name: str, query: str) -> RawTable:
        """Return what a query answers as the table of that name."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


def quoted(identifier: str) -> str:
    """Return a name as SQL takes it, whatever signs are in it.

    Examples
    --------
    >>> print(quoted('my "own" table'))
    "my ""own"" table"
    """
    return '"' + identifier.replace('"', '""') + '"'


def place_of(address: str, table: str) -> str:
    """Return how messages name a table of a database."""
    return f"{address}, {one_line(table)}"


def one_line(text: str) -> str:
    """Return what a database says, without what would disturb a terminal, and not at length."""
    return _CONTROL.sub(" ", text.strip().replace("\n", " "))[:_MOST_OF_A_REASON]


def reading(place: str, query: str) -> str:
    """Return a query without the sign that ends it.

    Only the first word is looked at, for a message that helps: that nothing is written is held
    by each database itself.

    Raises
    ------
    Fault
        If it does anything else than to select rows.
    """
    found = _FIRST_WORD.match(query)
    if not found or found[1].lower() not in _READING or _NO_TEXT.search(query):
        raise Fault("fault.query-kind", place=place)
    return query.strip().rstrip(";").rstrip()


def refused(place: str, reason: str, query: str = "", position: int = 0) -> Fault:
    """Return the message that a database refused a query, with its reason.

    ``position`` is the character of the query at which it stopped, counted from 1; 0 if unknown.
    """
    if not position:
        return Fault("fault.query", place=place, reason=one_line(reason))
    before = query[: position - 1].split("\n")
    where = {"line": len(before), "column": len(before[-1]) + 1}
    return Fault("fault.query-at", place=place, reason=one_line(reason), **where)


def too_slow(place: str, seconds: int) -> Fault:
    """Return the message that a query took too long."""
    return Fault("fault.query-time", place=place, seconds=seconds)


def refuse_too_large(place: str, size: int) -> None:
    """Refuse an answer that would fill the memory.

    Raises
    ------
    Fault
        With its size so far.
    """
    if size > UNPACKED_LIMIT:
        limit = UNPACKED_LIMIT // MEGABYTE
        raise Fault("fault.query-size", place=place, limit=limit)


def refuse_no_cells(place: str, strange: Iterable[tuple[str, str]], row: int = 1) -> None:
    """Refuse columns of types that cannot be written into a cell, given with their types.

    Raises
    ------
    SourceError
        With each of them.
    """
    faults = [
        CellFault(place, row, column, "fault.no-cells", {"found": one_line(found)})
        for column, found in strange
    ]
    if faults:
        raise SourceError(place, faults)


def cells_of(
    place: str, width: int, batches: Iterable[Sequence[Sequence[str | None]]]
) -> pl.DataFrame:
    """Return rows that come in batches as columns of text, up to the limit.

    Raises
    ------
    Fault
        If they would fill the memory.
    """
    schema = {f"column_{index}": pl.String for index in range(width)}
    frames = [pl.DataFrame(schema=schema)]
    size = 0
    for rows in batches:
        frames.append(pl.DataFrame(list(zip(*rows, strict=True)), schema=schema, orient="col"))
        size += int(frames[-1].estimated_size())
        refuse_too_large(place, size)
    return pl.concat(frames)


def answered(name: str, place: str, titles: list[str], cells: pl.DataFrame) -> RawTable:
    """Return text cells as a raw table; rows are counted from 2, as if the titles were row 1.

    Raises
    ------
    SourceError
        If a cell is too long or holds the character NUL.
    """
    if not titles:
        return RawTable(name, place, name, pl.DataFrame(schema={"row": pl.UInt32}))
    cells.columns = [f"column_{index}" for index in range(len(titles))]
    header = pl.DataFrame([titles], schema=cells.schema, orient="row")
    rows = pl.concat([header, cells], rechunk=False).with_row_index("row", offset=1)
    return table_of(name, place, name, rows)
