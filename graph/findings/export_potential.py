"""What a cluster, region or country could export next, and where to, each with its reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain, islice
from typing import Final

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from klaster.graph.findings.facts import Facts, grouped
from klaster.graph.findings.finding import Finding, make_finding
from klaster.graph.findings.product_spaces import Homes, ProductSpace, strongest
from klaster.graph.store.eligibility import eligible_but_for_product
from klaster.graph.store.force import with_status
from klaster.graph.trade.advantage import revealed_advantage, specialised
from klaster.graph.trade.flows import Flows, Matrix, matrix
from klaster.graph.trade.product_space import density, gain, product_proximity
from klaster.ontology.labels import LANGUAGES, phrase_words

NEAREST: Final = 3
"""So many of the products, makers, inputs and instruments are told of each suggestion."""

FEWEST: Final = 3
"""With fewer exporters no market is near to another."""

_IDLE: Final = ("proposed", "suspended", "ended")


@dataclass(frozen=True)
class Prospects:
    """What is near to what is made or exported already, in a product space.

    Parameters
    ----------
    facts
        Of the graph.
    space
        Which products are near to which.
    """

    facts: Facts
    space: ProductSpace

    def products(
        self, exporter: str, own: list[str], *, count: int, order: str = "nearness"
    ) -> Iterator[Finding]:
        """Yield the products nearest to what an exporter makes, the nearest first.

        In the ``order`` of ``complexity`` or ``gain``, the nearer half of them, the most complex or
        the best stepping stones first.

        The severity is the density: the share of the product's neighbourhood in which the
        exporter is at home. To an analyst: the higher, the fewer new skills, suppliers and rules
        it would take. ``complexity`` and ``gain`` tell what the product would be worth: how rare
        what it needs is, and how much of what is complex it would bring near.
        """
        places = self._places(own)
        if not places:
            return
        space = self.space
        made = space.row(places)
        near = density(made, space.proximity, total=space.total).ravel()
        gained = partial(gain, made, space.proximity, space.complexity, total=space.total)
        absent = np.ones(len(near), dtype=bool)
        absent[list(places)] = False
        found = np.flatnonzero(absent & (near > 0))
        worth = np.nan_to_num(space.complexity, nan=-np.inf)
        if order == "gain":
            worth = gained().ravel()
        keys = (found, -worth[found], -near[found])
        if order != "nearness" and len(found):
            found = found[near[found] >= np.median(near[found])]
            keys = (found, -near[found], -worth[found])
        nearest = found[np.lexsort(keys)][:count]
        for place, more in zip(nearest, gained(of=nearest).ravel(), strict=True):
            yield self._product(exporter, places, int(place), float(near[place]), float(more))

    def any_near(self, own: list[str]) -> bool:
        """Say whether ``products`` would yield any, without working them out."""
        places = self._places(own)
        if not places:
            return False
        # A product that is not made has a neighbour among those that are.
        beside = self.space.proximity[sorted(places)]
        return bool((~np.isin(beside.indices[beside.data > 0], list(places))).any())

    def _places(self, own: list[str]) -> dict[int, str]:
        """Return where what an exporter makes stands in the space."""
        return {place: product for product in own for place in self.homes.of(product)}

    @cached_property
    def homes(self) -> Homes:
        """Where the graph's products stand in the space."""
        return Homes(self.facts, self.space)

    def _product(
        self,
        exporter: str,
        places: Mapping[int, str],
        place: int,
        near: float,
        more: float,
    ) -> Finding:
        product = self.space.products[place]
        neighbours = strongest(self.space.proximity, place, np.array(sorted(places)))[:NEAREST]
        close = [places[int(neighbour)] for neighbour in neighbours]
        proximity = float(self.space.proximity[[place]].toarray().ravel()[neighbours[0]])
        makers = self._makers(close, exporter)
        lacking = self._lacking_inputs(product, exporter)
        instruments = self._instruments(product, makers)
        numbers: dict[str, float | str] = {
            "density": near,
            "proximity": proximity,
            "products_made": len(places),
            "basis": self.space.basis,
            "lacking_inputs": len(lacking),
        }
        if np.isfinite(self.space.complexity[place]):
            numbers |= {
                "complexity": float(self.space.complexity[place]),
                "gain": more,
            }
        words = {
            "exporter": self.facts.name(exporter),
            "product": self.facts.name(product),
            "share": f"{near:.0%}",
            "close": self.facts.names(close),
        }
        parts = [phrase_words("potential.product", **words)]
        parts += self._told("potential.makers", makers)
        parts += self._told("potential.inputs", lacking)
        parts += self._told("potential.instruments", instruments)
        return make_finding(
            "G14",
            near,
            phrase="potential.coverage",
            subjects=(exporter,),
            numbers=numbers,
            evidence=tuple(dict.fromkeys([product, *close, *lacking, *instruments])),
            coverage=self.coverage(exporter),
            words={"text": _joined(parts)},
            product=product,
            candidates=tuple(makers),
        )

    def _told(self, phrase: str, things: list[str]) -> list[dict[str, str]]:
        return [phrase_words(phrase, names=self.facts.names(things))] if things else []

    def coverage(self, exporter: str) -> str:
        """Return how complete the data on an exporter are said to be."""
        known = exporter in self.facts.clusters
        return self.facts.coverage(exporter) if known else self.facts.overall_coverage

    def _makers(self, products: list[str], exporter: str) -> list[str]:
        """Return who makes what is near, members first."""
        members = frozenset(self.facts.members_of.get(exporter, ()))
        inside, others = [], []
        for product in products:
            kinds = {product, *self._kinds.get(product, ())}
            own = {one for one in members if not kinds.isdisjoint(self._products_of.get(one, ()))}
            inside += sorted(own)
            # Of a class of products there may be a million makers: the first few are enough, also
            # where some of them are named already.
            firsts = (islice(self._others(kind, members), 2 * NEAREST) for kind in kinds)
            others += sorted(set(chain.from_iterable(firsts)))[: 2 * NEAREST]
        return list(dict.fromkeys([*inside, *others]))[:NEAREST]

    def _others(self, product: str, members: frozenset[str]) -> Iterator[str]:
        """Yield who makes a product and is no member, in the order of their IRIs."""
        return (actor for actor in self._made_by.get(product, ()) if actor not in members)

    def _lacking_inputs(self, product: str, exporter: str) -> list[str]:
        """Return the inputs of a product that no member is recorded as making."""
        made = self._made_in(exporter)
        return [name for name in self._inputs.get(product, ()) if name not in made]

    def _made_in(self, exporter: str) -> set[str]:
        """Return what the members of a cluster make, or else what anybody does."""
        members = self.facts.members_of.get(exporter)
        if not members:
            return self._made_anywhere
        made = {product for actor in members for product in self._products_of.get(actor, ())}
        return {kind for product in made for kind in self._above.get(product, ())}

    @cached_property
    def _made_anywhere(self) -> set[str]:
        return {kind for product in self._made_by for kind in self._above.get(product, ())}

    @cached_property
    def _products_of(self) -> dict[str, tuple[str, ...]]:
        return grouped(self.facts.makers, "actor", "product")

    @cached_property
    def _above(self) -> dict[str, tuple[str, ...]]:
        """What each product is a kind of, itself too."""
        return grouped(self.facts.above, "product", "broader")

    @cached_property
    def _kinds(self) -> dict[str, tuple[str, ...]]:
        """What is a kind of each product."""
        return grouped(self.facts.above, "broader", "product")

    @cached_property
    def _made_by(self) -> dict[str, tuple[str, ...]]:
        return grouped(self.facts.makers, "product", "actor")

    @cached_property
    def _inputs(self) -> dict[str, tuple[str, ...]]:
        return grouped(self.facts.columns.table("recipes"), "product", "input")

    def _instruments(self, product: str, makers: list[str]) -> list[str]:
        """Return the instruments for which a maker of what is near would qualify with a product."""
        kinds = self._above.get(product, ())
        # Sorted by actor: what is open to few of very many is found without a look at all.
        actors = self._open_instruments["actor"]
        of_makers = [
            self._open_instruments[
                actors.search_sorted(maker, "left") : actors.search_sorted(maker, "right")
            ]
            for maker in makers
        ]
        open_to = pl.concat([self._open_instruments.clear(), *of_makers]).filter(
            pl.col("product").is_null() | pl.col("product").is_in(kinds)
        )
        for_it = set(open_to.drop_nulls("product")["instrument"])
        everyone = sorted(
            open_to["instrument"].unique(), key=lambda name: (name not in for_it, name)
        )
        return everyone[:NEAREST]

    @cached_property
    def _open_instruments(self) -> pl.DataFrame:
        status = with_status(self.facts.columns).filter(
            ~pl.col("status").fill_null("").is_in(_IDLE)
        )
        running = status.select(instrument="iri")
        found = eligible_but_for_product(self.facts.columns)
        return found.join(running, on="instrument", how="semi").sort("actor")

    def markets(self, sold: Sold, exporter: str, *, count: int) -> Iterator[Finding]:
        """Yield the destinations nearest to where an exporter sells, the nearest first.

        Two destinations are near where the same exporters sell much to both. The severity is the
        share of a destination's neighbourhood in which the exporter sells already. To an analyst:
        markets that those reach who sell where it sells; what is asked for there, at what
        price and under which rules, the figures do not tell.
        """
        traded = sold.traded
        if len(traded.exporters) < FEWEST or exporter not in traded.exporters:
            return
        row = traded.row(exporter)
        sells = traded.values[[row]]
        served = csr_array((np.ones(sells.nnz), sells.indices, sells.indptr), shape=sells.shape)
        near = density(served, sold.proximity).ravel()
        absent = np.ones(len(near), dtype=bool)
        absent[sells.indices] = False
        found = np.flatnonzero(absent & (near > 0))
        for place in found[np.lexsort((found, -near[found]))][:count]:
            yield self._market(sold, exporter, traded.columns[int(place)], float(near[place]))

    def _market(self, sold: Sold, exporter: str, destination: str, near: float) -> Finding:
        there = {
            product: sold.offered[destination, product]
            for product in sold.products_of[exporter]
            if (destination, product) in sold.offered
        }
        others = {seller for _, sellers in there.values() for seller in sellers}
        chief = sorted(there, key=lambda product: (-there[product][0], product))
        value = sum(worth for worth, _ in there.values())
        words = {
            "exporter": self.facts.name(exporter),
            "destination": self.facts.name(destination),
            "share": f"{near:.0%}",
        }
        parts = [phrase_words("potential.market", **words)]
        if chief:
            told = {
                "sellers": len(others),
                "products": self.facts.names(chief[:NEAREST]),
                "value": f"{value:,.0f}",
                "currency": sold.flows.currency,
            }
            parts.append(phrase_words("potential.sold-there", **told))
        return make_finding(
            "G14",
            near,
            phrase="potential.coverage",
            subjects=(exporter,),
            numbers={"density": near, "sellers": len(others), "value": value, "basis": "exports"},
            evidence=(destination, *chief[:NEAREST]),
            coverage=self.coverage(exporter),
            words={"text": _joined(parts)},
        )


@dataclass(frozen=True)
class Sold:
    """Where exporters sold what in one year."""

    flows: Flows
    year: int

    @cached_property
    def rows(self) -> pl.DataFrame:
        """The flows of the year."""
        return self.flows.in_year(self.year)

    @cached_property
    def traded(self) -> Matrix:
        """The values, exporters by destinations."""
        return matrix(self.rows, "destination")

    @cached_property
    def products_of(self) -> dict[str, tuple[str, ...]]:
        """What each exporter sells."""
        return grouped(self.rows, "exporter", "product")

    @cached_property
    def offered(self) -> dict[tuple[str, str], tuple[float, tuple[str, ...]]]:
        """For how much, and by whom, each product is sold to each destination."""
        found = self.rows.group_by("destination", "product").agg(
            pl.col("value").sum(), pl.col("exporter").unique()
        )
        return {(where, what): (value, tuple(who)) for where, what, value, who in found.rows()}

    @cached_property
    def proximity(self) -> csr_array:
        """How near destinations are to each other: to which the same exporters sell much."""
        return product_proximity(specialised(revealed_advantage(self.traded.values)))


def _joined(parts: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    return {language: " ".join(part[language] for part in parts) for language in LANGUAGES}
