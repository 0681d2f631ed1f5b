"""The typed tables of all sources of a graph, as Parquet columns beside the store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

import polars as pl

from klaster.graph.store.files import link_or_move
from klaster.graph.store.merging import known_references, merges, resolved, standing
from klaster.ontology.periods import first_day, first_day_after
from klaster.ontology.schemas import kept, schema
from klaster.ontology.tables import Column, LongTable, SourceTables, Table, tables


def write_columns(source: SourceTables, folder: Path) -> None:
    """Write the tables of a source into a new folder, a Parquet file each.

    Of a long table there is a folder of files in the place of one: those that were read, linked.
    """
    folder.mkdir(parents=True)
    for name, frame in source.frames.items():
        kept(frame, tables()[name]).write_parquet(folder / f"{name}.parquet")
    for name, table in source.long.items():
        link_or_move(table.folder, folder / f"{name}.parquet")


def _kept(path: Path, table: Table, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Return a table as it was written; columns that it did not have then are empty."""
    scan = _scan(path)
    there = scan.collect_schema().names()
    return scan.select(
        pl.col(column) if column in there else pl.lit(None, dtype=dtype).alias(column)
        for column, dtype in schema(table).items()
        if columns is None or column in columns
    ).collect()


def _scan(path: Path) -> pl.LazyFrame:
    """Return a table's file, or the files of a long one."""
    # No pattern is made of the path itself: a folder may have brackets in its name.
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    return pl.scan_parquet(files, glob=False)


def read_columns(folder: Path) -> dict[str, pl.DataFrame]:
    """Return the tables of a source as they were written, but for long ones."""
    paths = {name: folder / f"{name}.parquet" for name in tables()}
    return {name: _kept(path, tables()[name]) for name, path in paths.items() if path.is_file()}


def long_tables(folder: Path) -> dict[str, LongTable]:
    """Return the long tables of a source as they were written."""
    paths = {name: folder / f"{name}.parquet" for name in tables()}
    return {name: LongTable(path, _height(path)) for name, path in paths.items() if path.is_dir()}


def _height(path: Path) -> int:
    return int(_scan(path).select(pl.len()).collect().item())


@dataclass(frozen=True)
class Difference:
    """How many rows of a table are new, say something else, or are gone."""

    added: int
    changed: int
    gone: int


def differences(folder: Path, source: SourceTables) -> dict[str, Difference]:
    """Compare a source with its tables as they were written before, by the IRIs of its rows.

    Where a row stands in its file is no change, nor is the order of a list, nor a year written
    as its first day. Of each row a few bytes are held, so that long tables can be compared.
    """
    found = {}
    old = SourceTables("", "", "", "", read_columns(folder), long=long_tables(folder))
    for name in tables():
        before, after = (_contents(side, name) for side in (old, source))
        both = before.join(after, on=["iri", "copy"], suffix="_after")
        counts = Difference(
            added=after.height - both.height,
            changed=both.filter(pl.col("said") != pl.col("said_after")).height,
            gone=before.height - both.height,
        )
        if counts != Difference(0, 0, 0):
            found[name] = counts
    return found


def _contents(source: SourceTables, name: str) -> pl.DataFrame:
    """Return hashes of what each row says, under one of its IRI; rows of one thing are numbered."""
    table = tables()[name]
    said = [
        _meant(column) for column in table.columns if column.term or column.name in ("id", "code")
    ]
    text = pl.concat_str(
        [column.cast(pl.String).fill_null("") for column in said], separator="\x1f"
    )
    nothing = pl.DataFrame(schema={"iri": pl.UInt64, "said": pl.UInt64})
    hashed = [
        piece.select(iri=pl.col("iri").hash(), said=text.hash()) for piece in source.pieces_of(name)
    ]
    return (
        pl.concat([nothing, *hashed])
        .sort("iri", "said")
        .with_columns(copy=pl.int_range(pl.len()).over("iri"))
    )


def _meant(column: Column) -> pl.Expr:
    if column.is_list:
        return pl.col(column.name).list.sort().list.join(";")
    if column.name in ("valid_from", "valid_to"):
        return first_day_after("valid_to") if column.name == "valid_to" else first_day("valid_from")
    return pl.col(column.name)


class Columns:
    """The tables of a graph. Each frame has the table's columns and ``iri``, ``row``, ``locator``.

    Things that several sources describe (the same IRI) stand once, with the first value known
    of each column; records stand as often as sources state them. So do actors that were decided
    to be the same, unless they are wanted apart, as they were loaded (``merged=False``).

    ``known`` are the actors that gave way to another, where tables cannot tell that any more.
    """

    def __init__(
        self,
        folders: Iterable[Path],
        *,
        merged: bool = True,
        known: Mapping[str, str] | None = None,
    ) -> None:
        self.folders = list(folders)
        self._apart = not merged
        self._known = known
        self._read: dict[str, pl.DataFrame] = {}

    @cached_property
    def merges(self) -> Mapping[str, str]:
        """The IRIs of actors that give way to another, with the one that stands for each."""
        if self._apart:
            return {}
        return merges(self.folders) if self._known is None else self._known

    def table(self, name: str) -> pl.DataFrame:
        """Return one table over all sources, sorted by IRI and row."""
        if name not in self._read:
            self._read[name] = self._merged(name)
        return self._read[name]

    def links(self, name: str, *columns: str) -> pl.DataFrame:
        """Return some columns of a table of records over all sources, in no order to rely on.

        Of millions of links only what is asked for is read, and nothing is kept.
        """
        if name in self._read:
            return self._read[name].select(columns)
        return self.stated(name, columns).select(columns)

    def stated(
        self, name: str, columns: Sequence[str] | None = None, *, long: bool = True
    ) -> pl.DataFrame:
        """Return one table with a row for each row that a source states, in their order.

        Of actors that are one, the rows of the one that stands come first. With ``columns``, only
        some of them and ``origin``; without ``long`` tables, if they are not wanted.
        """
        table = tables()[name]
        paths = [folder / f"{name}.parquet" for folder in self.folders]
        frames = [
            _kept(path, table, columns).with_columns(origin=pl.lit(unquote(path.parent.name)))
            for path in paths
            if path.is_file() or (long and path.is_dir())
        ]
        if not frames:
            wanted = {
                column: dtype
                for column, dtype in schema(table).items()
                if columns is None or column in columns
            }
            return pl.DataFrame(schema={**wanted, "origin": pl.String})
        frame = pl.concat(frames)
        if name == "matches":
            return resolved(frame, known_references(frame, self.folders))
        if name == "actors" and self.merges:
            frame = frame.sort(pl.col("iri").is_in(sorted(self.merges)), maintain_order=True)
        return standing(frame, table, self.merges)

    def height(self, name: str) -> int:
        """Return how many rows the sources state of a table, without reading them."""
        paths = [folder / f"{name}.parquet" for folder in self.folders]
        return sum(_height(path) for path in paths if path.exists())

    def batches(
        self, name: str, wanted: Sequence[str], *, rows: int = 1_000_000
    ) -> Iterator[pl.DataFrame]:
        """Yield some columns of a table of records, so many rows at a time, as sources state them.

        Whatever the size of the table, only one batch is in memory. ``wanted`` must have the
        columns that refer to actors.
        """
        table = tables()[name]
        if not self.folders:
            # Tables made of others, as those of a day, are in no folder of their own.
            yield from self.links(name, *wanted).iter_slices(rows)
        for folder in self.folders:
            path = folder / f"{name}.parquet"
            if not path.exists():
                continue
            whole = _scan(path)
            there = whole.collect_schema()
            types = schema(table)
            chosen = [
                pl.col(column) if column in there else pl.lit(None, types[column]).alias(column)
                for column in wanted
            ]
            height = int(whole.select(pl.len()).collect().item())
            for start in range(0, height, rows):
                frame = whole.slice(start, rows).select(chosen).collect()
                yield standing(frame, table, self.merges)

    def _merged(self, name: str) -> pl.DataFrame:
        table = tables()[name]
        frame = self.stated(name)
        several = frame["origin"].n_unique() > 1 or (name == "actors" and bool(self.merges))
        if several and table.key:
            first = [pl.col(column).drop_nulls().first() for column in frame.columns[:-1]]
            frame = frame.group_by("iri", maintain_order=True).agg(
                *(expression for expression in first if expression.meta.output_name() != "iri"),
                pl.col("origin").first(),
            )
        return frame.sort("iri", "row")

    def on(self, date: dt.date) -> Columns:
        """Return these tables with only the rows that hold on a day."""
        return _OnDay(self, date)

    @cached_property
    def labels(self) -> dict[str, str]:
        """Return the name of every thing that has one, by IRI."""
        found: dict[str, str] = {}
        for name, column in _NAMED.items():
            found |= dict(self.table(name).select("iri", column).drop_nulls().rows())
        return found


def holds(date: dt.date) -> pl.Expr:
    """Say whether a record holds on a day: from its first day until before its end.

    A year or a month alone means its whole length, and ISO dates compare as text.
    """
    day = date.isoformat()
    began = pl.col("valid_from").is_null() | (pl.col("valid_from") <= day)
    length = pl.col("valid_to").str.len_chars()
    over = (
        pl.when(length == 10)
        .then(pl.col("valid_to") <= day)
        .otherwise(pl.col("valid_to") < pl.lit(day).str.slice(0, length))
    )
    return began & ~over.fill_null(value=False)


class _OnDay(Columns):
    def __init__(self, columns: Columns, date: dt.date) -> None:
        super().__init__(())
        self._all, self._date = columns, date

    def links(self, name: str, *columns: str) -> pl.DataFrame:
        bounds = [one for one in ("valid_from", "valid_to") if one in schema(tables()[name])]
        frame = self._all.links(name, *dict.fromkeys([*columns, *bounds]))
        return (frame.filter(holds(self._date)) if bounds else frame).select(columns)

    def _merged(self, name: str) -> pl.DataFrame:
        frame = self._all.table(name)
        return frame.filter(holds(self._date)) if "valid_from" in frame.columns else frame


_NAMED = {
    "actors": "name",
    "clusters": "name",
    "products": "name",
    "infrastructure": "name",
    "policies": "title",
    "instruments": "title",
    "sources": "title",
}
