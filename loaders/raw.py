"""A table as it stands in a file: text cells, each with its row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl


@dataclass(frozen=True)
class RawTable:
    """A sheet or file before it is checked.

    ``place`` names the file (and sheet) to the user, ``locator`` begins the address of a row
    (``actors`` or ``actors.csv``). ``frame`` has a text column for each header, in order, and
    ``row``, the row as a spreadsheet shows it. ``repeated`` are headers that stand twice.

    A table that was made from others (by a mapping, or from RDF) has ``origins``: for each ``row``
    the ``place`` and ``number`` (0 where nothing is counted) at which a user finds what it was
    made from, and the ``locator`` that is kept of it.

    A table that is too long to be held at once has only its first rows in ``frame``; ``further``
    reads the others, piece after piece, in frames of the same columns; ``pieces`` tells in how
    many it is read in all.
    """

    name: str
    place: str
    locator: str
    frame: pl.DataFrame
    repeated: tuple[str, ...] = ()
    origins: pl.DataFrame | None = None
    further: Callable[[], Iterator[pl.DataFrame]] | None = None
    pieces: int = 1


ORIGINS: Final = {
    "row": pl.UInt32,
    "place": pl.String,
    "number": pl.UInt32,
    "locator": pl.String,
}


def raw_table(name: str, place: str, locator: str, cells: pl.DataFrame) -> RawTable:
    """Take the first row of ``cells`` (text columns and ``row``) as the header.

    Cells are stripped, empty ones are null, and rows without any cell are left out.
    """
    cells = stripped(cells)
    if cells.is_empty():
        return RawTable(name, place, locator, pl.DataFrame(schema={"row": pl.UInt32}))
    kept, repeated = _titles(cells)
    frame = cells.slice(1).select("row", *kept).rename(kept)
    return RawTable(name, place, locator, frame, tuple(repeated))


def below(header: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Return further ``cells`` of a table as they stand below the row of titles, ``header``."""
    kept, _ = _titles(header)
    return stripped(cells).select("row", *kept).rename(kept)


def stripped(cells: pl.DataFrame) -> pl.DataFrame:
    """Return cells without the spaces around them; empty ones are null, empty rows left out."""
    columns = [column for column in cells.columns if column != "row"]
    if not columns:
        return cells.clear()
    cells = cells.with_columns(pl.col(columns).str.strip_chars())
    # An apostrophe keeps a spreadsheet from running a cell; it is no part of the text. To look for
    # a pattern in millions of cells takes long, to see that none begins with the sign does not.
    begun = cells.select(pl.col(columns).str.starts_with("'").any()).row(0, named=True)
    kept_as_text = [column for column in columns if begun[column]]
    return (
        cells.with_columns(
            pl.col(kept_as_text).str.replace(r"^'([=+\-@])", "$1"),
        )
        .with_columns(pl.col(columns).replace("", None))
        .filter(pl.any_horizontal(pl.col(columns).is_not_null()))
    )


def _titles(cells: pl.DataFrame) -> tuple[dict[str, str], list[str]]:
    """Return the title of each column that has one, and the titles that stand twice."""
    header = cells.row(0, named=True)
    kept: dict[str, str] = {}
    repeated: list[str] = []
    for column in cells.columns:
        title = header[column]
        if column == "row" or title is None:
            continue
        if title in kept.values():
            repeated.append(title)
        else:
            kept[column] = title
    return kept, repeated
