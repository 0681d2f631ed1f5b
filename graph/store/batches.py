"""A graph's things, numbered, and its links between the numbers, a batch at a time.

Nothing but a batch of links is in memory beside the actors, so that ten million links take no
more than one million. What writes a graph for other engines and programs reads it here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import polars as pl

from klaster.graph.store.columns import Columns
from klaster.graph.store.eligibility import broader_products
from klaster.graph.store.holding import counted, dated_participations
from klaster.graph.store.partition_columns import SCHEMAS
from klaster.ontology.periods import first_day, first_day_after

ROWS: Final = 1_000_000
"""So many rows are a batch at most: a piece of work for one core."""


@dataclass(frozen=True)
class Batches:
    """What measures and rules look at of a graph, things numbered, ``rows`` at a time.

    Actors, clusters and products are numbered from 0 on in the order of their IRIs. Links are
    those that count: planned and ended ones are left out, as is what leads to an actor that the
    graph does not have. The columns are those of ``partition_columns.SCHEMAS``, and others that
    the tables have.
    """

    columns: Columns
    rows: int = ROWS

    @cached_property
    def numbers(self) -> dict[str, pl.DataFrame]:
        """The number of each thing (``iri``, ``id``), by its table."""
        tables = ("actors", "clusters", "products")
        return {name: self.columns.table(name).sort("iri").select("iri", ID) for name in tables}

    def actors(self) -> pl.DataFrame:
        """Return the actors with the sectors and numbers of the clusters that they belong to."""
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
        return named.sort("iri").with_columns(ID)

    def clusters(self) -> pl.DataFrame:
        """Return the clusters, with the numbers of the bodies that manage and coordinate them."""
        clusters = _named(self.columns.table("clusters")).sort("iri").with_columns(ID)
        return self._placed(clusters, actors=("managed_by", "coordinated_by"), drop=False)

    def products(self) -> pl.DataFrame:
        """Return the products."""
        return _named(self.columns.table("products")).sort("iri").with_columns(ID)

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

    def links(self) -> Iterator[tuple[str, Iterator[pl.DataFrame]]]:
        """Yield each kind of link with its batches, in the order of ``LINK_KINDS``.

        Everybody in a cooperation is joined with everybody, and a member with the body that
        manages or coordinates its cluster. A link without direction stands once.
        """
        yield "supply", self._supplies()
        yield "cooperation", self._cooperations()
        yield "ownership", self._ownerships()
        yield "membership", self._bodies()

    @cached_property
    def unit(self) -> str | None:
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
        weight = pl.col("value") if self.unit else pl.lit(1.0)
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

    def memberships(self) -> Iterator[pl.DataFrame]:
        """Yield who belongs to which cluster."""
        wanted = ("actor", "cluster", "role", "valid_from", "valid_to")
        for batch in self.columns.batches("memberships", wanted, rows=self.rows):
            placed = self._placed(batch, actors=("actor",), clusters=("cluster",))
            yield placed.with_columns(valid_from=_FIRST, valid_to=_AFTER)

    def goods(self, name: str) -> Iterator[pl.DataFrame]:
        """Yield who ``makes`` or ``needs`` what."""
        for batch in self.columns.batches(name, ("actor", "product"), rows=self.rows):
            yield self._placed(batch, actors=("actor",), products=("product",))

    def recipes(self) -> pl.DataFrame:
        """Return what is needed to make which product."""
        return self._placed(self.columns.table("recipes"), products=("product", "input"))

    def product_kinds(self) -> pl.DataFrame:
        """Return of what each product is a kind, itself among it."""
        kinds = broader_products(self.columns).sort("product", "broader")
        return self._placed(kinds, products=("product", "broader"))


_FIRST: Final = first_day("valid_from")
_AFTER: Final = first_day_after("valid_to")
ID: Final = pl.int_range(pl.len(), dtype=pl.Int64).alias("id")


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
    return as_told(found, SCHEMAS["links"]).sort("source", "target", maintain_order=True)


def as_told(frame: pl.DataFrame, types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return a table with these columns and types; what it does not have is null."""
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(type_).alias(name)
        for name, type_ in types.items()
    )
