"""The facts that rules look at as whole numbers: actors, clusters and products by their places.

A rule over a country's network joins, counts and sorts millions of rows. It does so on numbers of
four bytes in the order of the IRIs, and only of what it reports are the IRIs looked up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from klaster.graph.network.network import Network, rows_of
from klaster.graph.store.dealings import Dealings
from klaster.graph.store.places import Register


@dataclass(frozen=True)
class Numbered(Dealings):
    """Who makes, needs, supplies and belongs to what, by places in three registers."""

    beside: tuple[str, ...] = ("share", "iri")

    @cached_property
    def clusters(self) -> Register:
        """All clusters that have a member."""
        return Register(self.memberships["cluster"])

    @cached_property
    def members(self) -> pl.DataFrame:
        """Who belongs to which cluster (``actor``, ``cluster``)."""
        return self.memberships.select(
            actor=self.actors.places(self.memberships["actor"]),
            cluster=self.clusters.places(self.memberships["cluster"]),
        ).sort("cluster", "actor")

    @cached_property
    def above(self) -> pl.DataFrame:
        """Each product with itself and all it is a kind of (``product``, ``broader``)."""
        from klaster.graph.store.eligibility import broader_products

        found = broader_products(self.columns)
        return pl.DataFrame({name: self.products.places(found[name]) for name in found.columns})

    @cached_property
    def recipes(self) -> pl.DataFrame:
        """Which inputs are essential to which products (``product``, ``input``), once each.

        Several sources may state the same recipe.
        """
        found = self.columns.table("recipes").filter(pl.col("essential"))
        return pl.DataFrame(
            {name: self.products.places(found[name]) for name in ("product", "input")}
        ).unique()

    def serving(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return rows again for each product that theirs is a kind of, itself included."""
        # What no table describes serves for nothing, not even for itself.
        if (
            self.above.height == len(self.products)
            and (self.above["product"] == self.above["broader"]).all()
        ):
            return frame
        found = frame.join(self.above, on="product")
        return found.with_columns(product="broader").drop("broader")

    def pairs(self, network: Network) -> pl.DataFrame:
        """Return who has a link with whom in a network, both ways (``actor``, ``partner``)."""
        ties = network.ties
        found = pl.DataFrame(
            {
                "actor": rows_of(ties).astype("uint32"),
                "partner": ties.indices.astype("uint32"),
            }
        )
        if network.size == len(self.actors):
            return found
        places = self.actors.places(network.actors["actor"])
        return found.select(pl.all().map_batches(places.gather))

    def inside(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """Return the pairs both of which are members of one cluster (``cluster`` and the pair)."""
        member = pl.Series("actor", self.members["actor"].unique())
        both = pairs.filter(pl.col("actor").is_in(member.implode())).filter(
            pl.col("partner").is_in(member.implode())
        )
        others = self.members.rename({"actor": "partner"})
        return (
            both.join(self.members, on="actor")
            .join(others, on=["partner", "cluster"])
            .select("cluster", "actor", "partner")
            .unique()
        )
