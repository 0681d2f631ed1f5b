"""Who supplies, makes and needs what, as whole numbers: actors and products by their places.

Links of a whole country name a million actors ten million times. They are read so many at a time
and held as numbers, of which those of all links take less room than the texts of a tenth.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import polars as pl

from klaster.graph.store.columns import Columns
from klaster.graph.store.holding import counted, made, needed
from klaster.graph.store.places import Register

_AT_ONCE: Final = 2_500_000
"""So many links are read at once: some 600 MB of texts."""
_SUPPLIES: Final = ("supplier", "buyer", "product", "kind")


@dataclass(frozen=True)
class Dealings:
    """Who supplies, makes and needs what, by places in the registers ``actors`` and ``products``.

    ``beside`` names further columns of the supplies that are to be kept; the few different texts
    of ``kind`` and ``currency`` are kept as numbers too.
    """

    columns: Columns
    beside: tuple[str, ...] = ()

    @cached_property
    def stated(self) -> dict[str, pl.DataFrame]:
        """Who makes and who needs what, as it is stated (``actor``, ``product``: IRIs)."""
        return {name: self.columns.links(name, "actor", "product") for name in ("makes", "needs")}

    @cached_property
    def memberships(self) -> pl.DataFrame:
        """Who belongs to which cluster (``actor``, ``cluster``: IRIs), once each."""
        return self.columns.links("memberships", "actor", "cluster").unique()

    @property
    def actors(self) -> Register:
        """All actors that are described, or named by one of these links."""
        return self._placed[0]

    @property
    def products(self) -> Register:
        """All products that are described, or named by one of these links or by a recipe."""
        return self._placed[1]

    @property
    def all_supplies(self) -> pl.DataFrame:
        """The supplies that hold: ``supplier, buyer, product, kind`` and those beside."""
        return self._placed[2]

    def records(self, rows: pl.Series) -> pl.Series:
        """Return the IRIs of the records of some rows of ``all_supplies``; they are in order."""
        found = [pl.Series("iri", [], dtype=pl.String)]
        begun = 0
        for batch in self.columns.batches("supplies", (*_SUPPLIES, "iri", "status"), rows=_AT_ONCE):
            iris = counted(batch)["iri"]
            here = rows.filter(rows.is_between(begun, begun + len(iris), closed="left"))
            found.append(iris.gather(here - begun))
            begun += len(iris)
        return pl.concat(found)

    @cached_property
    def supplies(self) -> pl.DataFrame:
        """The supplies that hold, of one actor to another."""
        return self.all_supplies.filter(pl.col("supplier") != pl.col("buyer"))

    @cached_property
    def _placed(self) -> tuple[Register, Register, pl.DataFrame]:
        actors, products = self._described()
        found = self._numbers(actors, products)
        if found is None:
            # Some link names what no table describes.
            ends = self.columns.links("supplies", "supplier", "buyer", "product")
            actors = Register.of([actors.all, ends["supplier"], ends["buyer"]])
            products = Register.of([products.all, ends["product"]])
            del ends
            found = self._numbers(actors, products)
        if found is None:
            message = "a link names an actor or a product that is in no register of all links"
            raise AssertionError(message)
        return actors, products, found

    def _described(self) -> tuple[Register, Register]:
        named = [frame["actor"] for frame in (self.memberships, *self.stated.values())]
        actors = Register.of([self.columns.table("actors")["iri"], *named])
        products, recipes = self.columns.table("products"), self.columns.table("recipes")
        return actors, Register.of(
            [
                *(products[name] for name in ("iri", "broader")),
                *(recipes[name] for name in ("product", "input")),
                *(frame["product"] for frame in self.stated.values()),
            ]
        )

    def _numbers(self, actors: Register, products: Register) -> pl.DataFrame | None:
        """Return the supplies by the places of what they name, or None if some has no place."""
        kept = (*_SUPPLIES, *self.beside)
        few = [name for name in ("kind", "currency") if name in kept]
        pieces = []
        for batch in self.columns.batches("supplies", (*kept, "status"), rows=_AT_ONCE):
            links = counted(batch).select(kept)
            placed = links.with_columns(
                supplier=actors.places(links["supplier"]),
                buyer=actors.places(links["buyer"]),
                product=products.places(links["product"]),
            ).with_columns(pl.col(few).cast(pl.Categorical))
            if any(placed[name].null_count() > links[name].null_count() for name in _SUPPLIES[:3]):
                return None
            pieces.append(placed)
        if pieces:
            return pl.concat(pieces)
        links = self.columns.links("supplies", *kept)
        places = pl.col(*_SUPPLIES[:3]).cast(pl.UInt32)
        return links.clear().with_columns(places, pl.col(few).cast(pl.Categorical))

    def _of_stated(self, name: str) -> pl.DataFrame:
        stated = self.stated[name]
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
