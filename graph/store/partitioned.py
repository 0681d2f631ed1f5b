"""A graph as partitioned Parquet, its things numbered, for engines that run on many machines.

Nothing but a batch of links is in memory beside the actors, so that ten million links take no
more than one million.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

import polars as pl

from klaster.graph.store.columns import Columns
from klaster.graph.store.eligibility import broader_products
from klaster.graph.store.holding import counted, dated_participations
from klaster.graph.store.partition_columns import LINK_KINDS, SCHEMAS, told_columns
from klaster.graph.store.tabular import new_folder
from klaster.ontology.periods import first_day, first_day_after

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
ROWS: Final = 1_000_000
"""So many rows go into a file at most: a piece of work for one core."""


def write_partitioned(
    columns: Columns, folder: Path, *, about: Mapping[str, str], rows: int = ROWS
) -> None:
    """Write the tables that measures and rules need into a new folder, ``rows`` to a file.

    ``actors``, ``clusters`` and ``products`` are numbered from 0 on in the order of their IRIs;
    ``links/kind=…`` join those numbers. Links are those that count: planned and ended ones are
    left out, as is what leads to an actor the graph does not have. ``manifest.json`` tells of
    each table its columns, rows and files; ``about`` stands at its top.

    Raises
    ------
    Fault
        If something of that name is there already, or it cannot be written.
    """
    with new_folder(folder) as unfinished:
        export = _Export(columns, unfinished, rows)
        export.write()
        told = {"format": FORMAT, **about, "tables": export.told}
        text = json.dumps(told, ensure_ascii=False, indent=1)
        (unfinished / MANIFEST).write_text(f"{text}\n", encoding="utf-8")


@dataclass
class _Export:
    """What has been written of a graph, and under which number each thing stands."""

    columns: Columns
    folder: Path
    rows: int
    told: dict[str, dict[str, object]] = field(default_factory=dict)
    numbers: dict[str, pl.DataFrame] = field(default_factory=dict)

    def write(self) -> None:
        clusters, products = self.columns.table("clusters"), self.columns.table("products")
        for name, frame in (("clusters", clusters), ("products", products)):
            self.numbers[name] = _numbered(frame)
        actors = self._actors()
        self.numbers["actors"] = actors.select("iri", "id")
        self._write("actors", _slices(actors, self.rows))
        del actors
        self._write("clusters", [self._clusters(clusters)])
        self._write("products", [_named(products).with_columns(_ID)])
        links = [self._write_links(kind, frames) for kind, frames in self._links()]
        parts = dict(zip(LINK_KINDS, links, strict=True))
        self.told["links"] = {
            "rows": sum(int(str(part["rows"])) for part in links),
            "partitioned_by": "kind",
            "kinds": parts,
            "columns": told_columns("links"),
        }
        self._write("memberships", self._memberships())
        for name in ("makes", "needs"):
            self._write(name, self._goods(name))
        recipes = self.columns.table("recipes")
        self._write(
            "recipes", _slices(self._placed(recipes, products=("product", "input")), self.rows)
        )
        kinds = broader_products(self.columns).sort("product", "broader")
        self._write(
            "product_kinds",
            _slices(self._placed(kinds, products=("product", "broader")), self.rows),
        )

    def _write(self, name: str, frames: Iterable[pl.DataFrame]) -> None:
        counts = _write_parts(self.folder / name, frames, SCHEMAS[name])
        self.told[name] = {**counts, "columns": told_columns(name)}

    def _write_links(self, kind: str, frames: Iterable[pl.DataFrame]) -> dict[str, object]:
        place = self.folder / "links" / f"kind={kind}"
        counts = _write_parts(place, frames, SCHEMAS["links"])
        directed = kind in ("supply", "ownership")
        unit = self._unit if kind == "supply" else None
        return {**counts, "directed": directed, "unit": unit}

    def _actors(self) -> pl.DataFrame:
        frame = self.columns.table("actors")
        members = self.columns.table("memberships").select("actor", "cluster").unique()
        sectors = self.columns.table("clusters").select(cluster="iri", sectors="sector")
        of_actor = (
            members.join(sectors, on="cluster", how="left")
            .join(self.numbers["clusters"], left_on="cluster", right_on="iri", how="left")
            .group_by("actor")
            .agg(pl.col("sectors").drop_nulls().unique().sort(), clusters=pl.col("id").sort())
        )
        named = _named(frame).join(of_actor, left_on="iri", right_on="actor", how="left")
        return named.sort("iri").with_columns(_ID)

    def _clusters(self, clusters: pl.DataFrame) -> pl.DataFrame:
        bodies = ("managed_by", "coordinated_by")
        return self._placed(_named(clusters).with_columns(_ID), actors=bodies, drop=False)

    def _placed(
        self,
        frame: pl.DataFrame,
        *,
        drop: bool = True,
        **refers: Sequence[str],
    ) -> pl.DataFrame:
        """Return rows with numbers for IRIs, in their order; rows without one are dropped."""
        place = "order of the rows"
        found = frame.with_row_index(place)
        for table, names in refers.items():
            numbers = self.numbers[table]
            for name in names:
                turned = numbers.rename({"iri": name, "id": f"{name} id"})
                found = found.join(turned, on=name, how="inner" if drop else "left")
                found = found.drop(name).rename({f"{name} id": name})
        return found.sort(place).drop(place)

    def _links(self) -> Iterator[tuple[str, Iterator[pl.DataFrame]]]:
        yield "supply", self._supplies()
        yield "cooperation", self._cooperations()
        yield "ownership", self._ownerships()
        yield "membership", self._bodies()

    @cached_property
    def _unit(self) -> str | None:
        """The currency in which every supply that counts has a value above 0, if there is one."""
        found: set[str | None] = set()
        wanted = ("supplier", "buyer", "status", "value", "currency")
        for batch in self.columns.batches("supplies", wanted, rows=self.rows):
            frame = counted(batch)
            if not (frame["value"].fill_null(0) > 0).all():
                return None
            found |= set(frame["currency"].unique())
            if len(found) > 1:
                return None
        return next(iter(found), None)

    def _supplies(self) -> Iterator[pl.DataFrame]:
        weight = pl.col("value") if self._unit else pl.lit(1.0)
        wanted = (
            *("iri", "supplier", "buyer", "product", "value", "currency", "share", "kind"),
            *("status", "valid_from", "valid_to"),
        )
        for batch in self.columns.batches("supplies", wanted, rows=self.rows):
            found = self._placed(counted(batch), actors=("supplier", "buyer"))
            found = self._placed(found, products=("product",), drop=False)
            yield _link(found, "supplier", "buyer", directed=True, weight=weight)

    def _ownerships(self) -> Iterator[pl.DataFrame]:
        wanted = ("iri", "owner", "owned", "share", "kind", "status", "valid_from", "valid_to")
        for batch in self.columns.batches("ownerships", wanted, rows=self.rows):
            found = self._placed(counted(batch), actors=("owner", "owned"))
            yield _link(found, "owner", "owned", directed=True)

    def _cooperations(self) -> Iterator[pl.DataFrame]:
        """Yield the pairs of participants, of whom all in one cooperation are linked."""
        rows = dated_participations(self.columns).select(
            "iri", "participant", kind="kind", valid_from=_FIRST, valid_to=_AFTER
        )
        takers = self._placed(rows.unique(maintain_order=True), actors=("participant",))
        takers = takers.sort("iri", "participant", "valid_from", "valid_to")
        # As many with each as come after it in its cooperation.
        pairs = pl.len().over("iri") - pl.int_range(1, pl.len() + 1).over("iri")
        batch = (pairs.cum_sum() // self.rows).alias("batch")
        takers = takers.with_columns(pl.int_range(pl.len()).over("iri").alias("turn"), batch)
        other = takers.select("iri", "turn", "valid_from", "valid_to", other="participant")
        for part in takers.partition_by("batch", maintain_order=True):
            joined = part.join(other, on="iri", suffix="_other").filter(
                pl.col("turn") < pl.col("turn_other"), pl.col("participant") != pl.col("other")
            )
            both = joined.with_columns(
                valid_from=pl.max_horizontal("valid_from", "valid_from_other"),
                valid_to=pl.min_horizontal("valid_to", "valid_to_other"),
            )
            in_order = both.sort("iri", "turn", "turn_other")
            yield _link(in_order, "participant", "other", directed=False)

    def _bodies(self) -> Iterator[pl.DataFrame]:
        """Yield the links of members with the bodies that manage or coordinate their cluster."""
        clusters = self.columns.table("clusters")
        period = {"began": _FIRST, "over": _AFTER}
        bodies = pl.concat(
            clusters.select(cluster="iri", body=body, **period)
            for body in ("managed_by", "coordinated_by")
        )
        bodies = self._placed(
            bodies.drop_nulls("body").unique(maintain_order=True), actors=("body",)
        )
        wanted = ("iri", "actor", "cluster", "valid_from", "valid_to")
        for batch in self.columns.batches("memberships", wanted, rows=self.rows):
            joined = self._placed(batch, actors=("actor",)).join(bodies, on="cluster")
            both = joined.filter(pl.col("actor") != pl.col("body")).with_columns(
                valid_from=pl.max_horizontal(_FIRST, "began"),
                valid_to=pl.min_horizontal(_AFTER, "over"),
            )
            in_order = both.sort("iri", "body", "valid_from", "valid_to")
            yield _link(in_order, "actor", "body", directed=False)

    def _memberships(self) -> Iterator[pl.DataFrame]:
        wanted = ("actor", "cluster", "role", "valid_from", "valid_to")
        for batch in self.columns.batches("memberships", wanted, rows=self.rows):
            placed = self._placed(batch, actors=("actor",), clusters=("cluster",))
            yield placed.with_columns(valid_from=_FIRST, valid_to=_AFTER)

    def _goods(self, name: str) -> Iterator[pl.DataFrame]:
        for batch in self.columns.batches(name, ("actor", "product"), rows=self.rows):
            yield self._placed(batch, actors=("actor",), products=("product",))


_FIRST: Final = first_day("valid_from")
_AFTER: Final = first_day_after("valid_to")
_ID: Final = pl.int_range(pl.len(), dtype=pl.Int64).alias("id")


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select("iri", _ID)


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.rename({"id": "own id", "name": "label"}).rename(
        {f"name_{language}": f"label_{language}" for language in ("en", "ru", "uz")}
    )


def _link(
    frame: pl.DataFrame,
    source: str,
    target: str,
    *,
    directed: bool,
    weight: pl.Expr | None = None,
) -> pl.DataFrame:
    """Return links in the columns that all have, those of a source together, else in order."""
    dated = (
        frame
        if frame.schema["valid_from"] == pl.Date
        else frame.with_columns(valid_from=_FIRST, valid_to=_AFTER)
    )
    given: dict[str, str | pl.Expr] = {
        "source": source,
        "target": target,
        "directed": pl.lit(directed),
        "weight": pl.lit(1.0) if weight is None else weight,
        "record": "iri",
    }
    if "kind" in frame.columns:
        given["subkind"] = "kind"
    found = dated.with_columns(**given)
    return _as_told(found, SCHEMAS["links"]).sort("source", "target", maintain_order=True)


def _as_told(frame: pl.DataFrame, types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return a table with these columns and types; what it does not have is null."""
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(type_).alias(name)
        for name, type_ in types.items()
    )


def _slices(frame: pl.DataFrame, rows: int) -> Iterator[pl.DataFrame]:
    yield from frame.iter_slices(rows)


def _write_parts(
    folder: Path, frames: Iterable[pl.DataFrame], types: Mapping[str, pl.DataType]
) -> dict[str, object]:
    """Write a table, a file a batch; one without rows has a file, too, which tells its columns."""
    folder.mkdir(parents=True)
    rows = files = 0
    for frame in frames:
        if frame.is_empty():
            continue
        _as_told(frame, types).write_parquet(folder / f"part-{files:05}.parquet")
        rows, files = rows + frame.height, files + 1
    if not files:
        _as_told(pl.DataFrame(), types).clear().write_parquet(folder / "part-00000.parquet")
    return {"rows": rows, "files": max(files, 1)}
