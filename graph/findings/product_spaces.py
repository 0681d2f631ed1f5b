"""Which products are near to which, by the best that a graph holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from klaster.graph.findings.facts import Facts, grouped
from klaster.graph.network.network import Figures, Places, row_sums
from klaster.graph.trade.advantage import revealed_advantage, specialised
from klaster.graph.trade.complexity import economic_complexity
from klaster.graph.trade.flows import Flows, flows, matrix
from klaster.graph.trade.product_space import product_proximity

FEWEST: Final = 10
"""With fewer exporters, what they export together is chance."""
FEWEST_CLUSTERS: Final = 3


@dataclass(frozen=True)
class ProductSpace:
    """Products with how near they are to each other and how complex they are.

    ``basis`` says from what: ``proximities`` (a table of them), ``exports`` (of ``makers``
    regions or countries) or ``production`` (what so many clusters make). ``complexity`` is NaN
    where it is not known.
    """

    products: list[str]
    proximity: csr_array
    complexity: Figures
    basis: str
    makers: int

    @cached_property
    def place(self) -> dict[str, int]:
        """The row of each product."""
        return {product: place for place, product in enumerate(self.products)}

    @cached_property
    def total(self) -> Figures:
        """How near all others together are to each product."""
        return row_sums(self.proximity)

    def row(self, products: Iterable[int]) -> csr_array:
        """Return 1 for some products, as a matrix of one row."""
        columns = sorted(set(products))
        ends = (np.zeros(len(columns), dtype=np.int64), columns)
        return csr_array((np.ones(len(columns)), ends), shape=(1, len(self.products)))


def product_space(facts: Facts, *, year: int | None = None) -> ProductSpace | None:
    """Return the product space by the best basis that there is, or nothing.

    Proximities that were loaded come first, since they rest on the trade of the world; then the
    exports of at least ten countries or regions; then what at least three clusters make.
    """
    return _loaded(facts) or _of_exports(facts, year) or _of_production(facts)


def _loaded(facts: Facts) -> ProductSpace | None:
    rows = facts.columns.table("proximities").select("product", "other", "value", "year")
    if rows.is_empty():
        return None
    latest = rows.filter(pl.col("year").fill_null(0) == pl.col("year").fill_null(0).max())
    back = latest.select(product="other", other="product", value="value")
    both = pl.concat([latest.select("product", "other", "value"), back])
    both = both.filter(pl.col("product") != pl.col("other")).group_by("product", "other").max()
    names = both["product"].unique().sort()
    ends = tuple(names.search_sorted(both[side]).to_numpy() for side in ("product", "other"))
    near = csr_array((both["value"].to_numpy(), ends), shape=(len(names), len(names)))
    products = names.to_list()
    known = _of_exports(facts, None)
    complexity = np.full(len(products), np.nan)
    if known:
        of = dict(zip(known.products, known.complexity, strict=True))
        complexity = np.array([of.get(name, np.nan) for name in products])
    return ProductSpace(products, near, complexity, "proximities", 0)


def _of_exports(facts: Facts, year: int | None) -> ProductSpace | None:
    for level in ("country", "region"):
        found = flows(facts.columns, level=level)
        if found.rows["exporter"].n_unique() >= FEWEST:
            return space_of(found, year)
    return None


def space_of(found: Flows, year: int | None = None) -> ProductSpace:
    """Return the product space of the exports of a year, the latest by default."""
    traded = matrix(found.in_year(year or found.years[-1]))
    made = specialised(revealed_advantage(traded.values))
    return ProductSpace(
        traded.columns,
        product_proximity(made),
        economic_complexity(made).products,
        "exports",
        len(traded.exporters),
    )


def _of_production(facts: Facts) -> ProductSpace | None:
    makes = facts.makers.join(facts.members, on="actor").select("cluster", "product").unique()
    clusters, products = makes["cluster"].unique().sort(), makes["product"].unique().sort()
    if len(clusters) < FEWEST_CLUSTERS:
        return None
    ends = (
        clusters.search_sorted(makes["cluster"]).to_numpy(),
        products.search_sorted(makes["product"]).to_numpy(),
    )
    made = csr_array((np.ones(len(makes)), ends), shape=(len(clusters), len(products)))
    complexity = economic_complexity(made).products
    near = product_proximity(made)
    return ProductSpace(products.to_list(), near, complexity, "production", len(clusters))


class Homes:
    """Where the products of a graph stand in a product space.

    A product stands where it is itself; else where products with its HS code are, or with codes
    that begin with it or with which it begins; else where what it is a kind of stands.
    """

    def __init__(self, facts: Facts, space: ProductSpace) -> None:
        self._space = space
        rows = facts.columns.table("products").select("iri", "hs")
        self._hs = {iri: hs for iri, hs in rows.rows() if hs}
        inside = [
            (self._hs[name], place) for name, place in space.place.items() if name in self._hs
        ]
        self._by_hs = sorted(inside)
        self._codes = [code for code, _ in self._by_hs]
        self._above = grouped(facts.above, "product", "broader")
        self._found: dict[str, list[int]] = {}

    def of(self, product: str) -> list[int]:
        """Return the places of a product, none where it cannot be told."""
        if product not in self._found:
            self._found[product] = self._places(product)
        return self._found[product]

    def _places(self, product: str) -> list[int]:
        broader = [name for name in self._above.get(product, ()) if name != product]
        for name in [product, *broader]:
            if name in self._space.place:
                return [self._space.place[name]]
            found = self._by_code(self._hs.get(name, ""))
            if found:
                return found
        return []

    def _by_code(self, code: str) -> list[int]:
        if not code:
            return []
        start = int(np.searchsorted(self._codes, code))
        below = []
        for known, place in self._by_hs[start:]:
            if not known.startswith(code):
                break
            below.append(place)
        return below or [place for known, place in self._by_hs if code.startswith(known)]


def strongest(near: csr_array, place: int, among: Places) -> Places:
    """Return the places among some that are nearest to one, the nearest first."""
    row = near[[place]].toarray().ravel()[among]
    order = np.lexsort((among, -row))
    nearest: Places = among[order[row[order] > 0]]
    return nearest
