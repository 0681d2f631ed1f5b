"""The tables that klaster loads, as ``datapackage.json`` states them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from klaster.ontology.terms import KL

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Column:
    """A column of a table.

    ``type`` is a Frictionless type: string, number, integer, boolean, date or year. A date may
    be a year or a month alone, which then means the whole period. Where ``beyond`` holds, a
    reference may lead to another source of the graph.
    """

    name: str
    type: str
    term: str
    required: bool
    minimum: float | None
    maximum: float | None
    pattern: str
    codes: tuple[str, ...]
    refers: tuple[str, ...]
    is_list: bool
    language: str
    beyond: bool = False


@dataclass(frozen=True)
class Table:
    """A table: its columns, the class of the things in its rows, and its key, if it has one.

    A key of several columns is given as a composite in ``composite``.
    """

    name: str
    rdf_class: str
    prefix: str
    key: str
    composite: tuple[str, ...]
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """Return the column called ``name``."""
        return next(column for column in self.columns if column.name == name)


def _column(field: dict[str, Any]) -> Column:
    constraints = field.get("constraints", {})
    return Column(
        name=field["name"],
        type=field["type"],
        term=field.get("rdfType", ""),
        required=constraints.get("required", False),
        minimum=constraints.get("minimum"),
        maximum=constraints.get("maximum"),
        pattern=constraints.get("pattern", ""),
        codes=tuple(field.get("klaster:codes", ())),
        refers=tuple(field.get("klaster:refers", ())),
        is_list=field.get("klaster:list", False),
        language=field.get("klaster:language", ""),
        beyond=field.get("klaster:beyond", False),
    )


@cache
def tables() -> dict[str, Table]:
    """Return every table by its name, in the order in which a workbook shows them.

    Examples
    --------
    >>> tables()["supplies"].column("share").maximum
    1
    """
    text = files("klaster.ontology").joinpath("datapackage.json").read_text("utf-8")
    return {
        resource["name"]: Table(
            name=resource["name"],
            rdf_class=resource["rdfType"].removeprefix(KL),
            prefix=resource["klaster:prefix"],
            key=key if isinstance(key := resource["schema"].get("primaryKey", ""), str) else "",
            composite=tuple(key) if isinstance(key, list) else (),
            columns=tuple(_column(field) for field in resource["schema"]["fields"]),
        )
        for resource in json.loads(text)["resources"]
    }


@dataclass(frozen=True)
class LongTable:
    """A typed table that is too long to be held at once: Parquet files, sorted by IRI and row."""

    folder: Path
    height: int

    @property
    def files(self) -> Sequence[Path]:
        """The files, in the order of their rows."""
        return sorted(self.folder.glob("*.parquet"))

    def pieces(self) -> Iterator[pl.DataFrame]:
        """Yield the rows, a file after the other."""
        import polars as pl

        for file in self.files:
            yield pl.read_parquet(file)


@dataclass(frozen=True)
class SourceTables:
    """What a loader hands on: the typed tables of one source, and where they came from.

    ``frames`` maps a table's name to a Polars frame with the columns of the table (references
    are IRIs), and beside them ``iri`` (of the thing in the row), ``row`` and ``locator``;
    ``long`` maps the names of those that are not held in memory to their files.
    ``manner`` is a digest of how the source was read, if that was asked for.
    """

    name: str
    kind: str
    path: str
    sha256: str
    frames: Mapping[str, pl.DataFrame]
    manner: str = ""
    long: Mapping[str, LongTable] = field(default_factory=dict)

    @property
    def heights(self) -> dict[str, int]:
        """How many rows each table has."""
        whole = {name: frame.height for name, frame in self.frames.items()}
        return whole | {name: table.height for name, table in self.long.items()}

    def pieces_of(self, name: str) -> Iterator[pl.DataFrame]:
        """Yield the rows of a table, if it is there: all of them, or piece after piece."""
        if name in self.frames:
            yield self.frames[name]
        if name in self.long:
            yield from self.long[name].pieces()

    def pieces(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """Yield the name of each table with its rows."""
        for name in (*self.frames, *self.long):
            for piece in self.pieces_of(name):
                yield name, piece
