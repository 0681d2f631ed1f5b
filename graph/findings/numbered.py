"""The facts that rules look at as whole numbers: actors, clusters and products by their places.

A rule over a country's network joins, counts and sorts millions of rows. It does so on numbers of
four bytes in the order of the IRIs, and only of what it reports are the IRIs looked up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from klaster.graph.network.network import Network, rows_of
from klaster.graph.store.columns import Columns
from klaster.graph.store.holding import counted, made, needed
from klaster.graph.store.places import Register


@dataclass(frozen=True)
class Numbered:
    """Who makes, needs, supplies and belongs to what, by places in three registers."""

    columns: Columns

    @cached_property
    def _memberships(self) -> pl.DataFrame:
        return self.columns.links("memberships", "actor", "cluster").unique()

    @cached_property
    def _stated(self) -> dict[str, pl.DataFrame]:
        return {name: self.columns.links(name, "actor", "product") for name in ("makes", "needs")}

    @cached_property
    def _traded(self) -> tuple[Register, pl.DataFrame]:
        """The actors that any table names, and the supplies that hold, an end by its place."""
        wanted = ("supplier", "buyer", "product", "kind", "status", "share", "iri")
        links = counted(self.columns.links("supplies", *wanted)).drop("status")
        named = [frame["actor"] for frame in (self._memberships, *self._stated.values())]
        actors = Register.of([self.columns.table("actors")["iri"], *named])
        placed = [actors.places(links[end]) for end in ("supplier", "buyer")]
        if any(place.null_count() for place in placed):
            # Links of actors that no table describes.
            actors = Register.of([actors.all, links["supplier"], links["buyer"]])
            placed = [actors.places(links[end]) for end in ("supplier", "buyer")]
        return actors, links.with_columns(
            supplier=placed[0], buyer=placed[1], product=self.products.places(links["product"])
        )

    @property
    def actors(self) -> Register:
        """All actors that are described, or named by a link."""
        return self._traded[0]

    @cached_property
    def products(self) -> Register:
        """All products that are described, or named by somebody who makes or needs them."""
        columns = self.columns
        described = columns.table("products")
        recipes = columns.table("recipes")
        return Register.of(
            [
                *(described[name] for name in ("iri", "broader")),
                *(recipes[name] for name in ("product", "input")),
                *(frame["product"] for frame in self._stated.values()),
                columns.links("supplies", "product")["product"],
            ]
        )

    @cached_property
    def clusters(self) -> Register:
        """All clusters that have a member."""
        return Register(self._memberships["cluster"])

    @cached_property
    def members(self) -> pl.DataFrame:
        """Who belongs to which cluster (``actor``, ``cluster``)."""
        return self._memberships.select(
            actor=self.actors.places(self._memberships["actor"]),
            cluster=self.clusters.places(self._memberships["cluster"]),
        ).sort("cluster", "actor")

    @cached_property
    def all_supplies(self) -> pl.DataFrame:
        """The supplies that hold: ``supplier, buyer, product, kind, share, iri``."""
        return self._traded[1]

    @cached_property
    def supplies(self) -> pl.DataFrame:
        """The recorded supplies that hold, of one actor to another."""
        return self.all_supplies.filter(pl.col("supplier") != pl.col("buyer"))

    def _of_stated(self, name: str) -> pl.DataFrame:
        stated = self._stated[name]
        return pl.DataFrame(
            {
                "actor": self.actors.places(stated["actor"]),
                "product": self.products.places(stated["product"]),
            }
        )

    @cached_property
    def makers(self) -> pl.DataFrame:
        """Who makes what (``actor``, ``product``): as stated, or because they supply it."""
        return made(self._of_stated("makes"), self.all_supplies).drop_nulls().unique()

    @cached_property
    def needers(self) -> pl.DataFrame:
        """Who needs what (``actor``, ``product``): stated, bought, or an input of what they make."""
        recipes = self.columns.table("recipes")
        inputs = pl.DataFrame(
            {name: self.products.places(recipes[name]) for name in ("product", "input")}
        ).unique()
        found = needed(self._of_stated("needs"), self.all_supplies, inputs, self.makers)
        return found.drop_nulls().unique()

    @cached_property
    def above(self) -> pl.DataFrame:
        """Each product with itself and all it is a kind of (``product``, ``broader``)."""
        from klaster.graph.store.eligibility import broader_products

        found = broader_products(self.columns)
        return pl.DataFrame({name: self.products.places(found[name]) for name in found.columns})

    @cached_property
    def recipes(self) -> pl.DataFrame:
        """Which inputs are essential to which products (``product``, ``input``)."""
        found = self.columns.table("recipes").filter(pl.col("essential"))
        return pl.DataFrame(
            {name: self.products.places(found[name]) for name in ("product", "input")}
        )

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
