"""Made-up supply links: who buys what of whom.

A buyer mostly buys inputs of what it makes; a link's product is always one that the supplier
makes; half of the links stay within a region; large actors buy and sell more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from economy import Firms, Products, Real, Whole, draw, draw_within, running
from numpy.typing import NDArray

NEAR: Final = 0.55
"""How often a supplier is sought near by; others are near by chance."""
NEEDED: Final = 0.9
"""How often what is bought is an input of what the buyer makes."""
SERVICES: Final = ("freight", "storage", "finance", "insurance", "testing", "training")
"""The services that are rendered, two by each kind of actor in ``RENDER``: links without a product."""
RENDER: Final = ("logistics", "finance", "research")
_AT_ONCE: Final = 2_000_000
"""So many links are drawn at once, which bounds the memory."""


@dataclass(frozen=True)
class Supplies:
    """Supply links: places of two actors and of a product, or of a service (-1 for the other)."""

    supplier: NDArray[np.int32]
    buyer: NDArray[np.int32]
    product: NDArray[np.int32]
    service: NDArray[np.int8]


class _Makers:
    """The makers of each product, by region, to be drawn by their size."""

    def __init__(self, firms: Firms, products: Products, regions: int) -> None:
        self.regions = regions
        cell = firms.product * regions + firms.region[firms.maker]
        order = np.argsort(cell, kind="stable")
        self.maker = firms.maker[order]
        cells = np.arange(len(products.industry) * regions + 1)
        self.start = np.searchsorted(cell[order], cells)
        self.reach = running(firms.size[self.maker] ** 1.2)

    def some(
        self, chance: np.random.Generator, product: Whole, region: Whole
    ) -> tuple[Whole, NDArray[np.bool_]]:
        """Draw a maker of each product, and say which products are made at all."""
        cell = product * self.regions + region
        near = chance.random(len(product)) < NEAR
        near &= self.start[cell + 1] > self.start[cell]
        low = np.where(near, cell, product * self.regions)
        high = np.where(near, cell + 1, (product + 1) * self.regions)
        at, any_there = draw_within(chance, self.reach, self.start[low], self.start[high])
        return self.maker[np.minimum(at, len(self.maker) - 1)], any_there


class _Needs:
    """The inputs of what each actor makes."""

    def __init__(self, firms: Firms, products: Products) -> None:
        lines = np.searchsorted(products.made, np.arange(len(products.industry) + 1))
        count = np.diff(lines)[firms.product]
        actor = np.repeat(firms.maker, count)
        ends = np.cumsum(count)
        at = np.arange(len(actor)) - np.repeat(ends - count, count)
        self.product = products.input[at + np.repeat(lines[firms.product], count)]
        self.start = np.searchsorted(actor, np.arange(len(firms.size) + 1))

    def some(self, chance: np.random.Generator, buyer: Whole, other: Whole) -> Whole:
        """Draw an input that each buyer needs; ``other`` where it needs none, and now and then."""
        count = self.start[buyer + 1] - self.start[buyer]
        at = self.start[buyer] + np.floor(chance.random(len(buyer)) * count).astype(np.int64)
        needed = (count > 0) & (chance.random(len(buyer)) < NEEDED)
        return np.where(needed, self.product[np.minimum(at, len(self.product) - 1)], other)


def make_supplies(
    chance: np.random.Generator, firms: Firms, products: Products, links: int, regions: int
) -> Supplies:
    """Draw supply links until there are so many different ones, as far as there are."""
    makers, needs = _Makers(firms, products, regions), _Needs(firms, products)
    actors, kinds = len(firms.size), len(products.industry)
    # Who sells to many buys from many, but less so.
    buying = running(firms.size**0.9 * np.exp(chance.normal(0, 0.5, actors)))
    asked = running(products.demand)
    found = np.empty(0, dtype=np.int64)
    services = _services(chance, firms, buying, links // 50)
    wanted = links - len(services.supplier)
    while len(found) < wanted:
        count = min(_AT_ONCE, int(1.25 * (wanted - len(found))) + 100)
        buyer = _anywhere(chance, buying, count)
        product = needs.some(chance, buyer, _anywhere(chance, asked, count))
        supplier, made = makers.some(chance, product, firms.region[buyer])
        made &= supplier != buyer
        key = (supplier * actors + buyer) * kinds + product
        grown = np.union1d(found, key[made])
        scarce = len(grown) - len(found) < count / 50
        found = grown
        if scarce:
            break
    found = chance.permutation(found)[:wanted]
    goods = Supplies(
        (found // kinds // actors).astype(np.int32),
        (found // kinds % actors).astype(np.int32),
        (found % kinds).astype(np.int32),
        np.full(len(found), -1, dtype=np.int8),
    )
    return Supplies(
        *(
            np.concatenate([getattr(goods, name), getattr(services, name)])
            for name in ("supplier", "buyer", "product", "service")
        )
    )


def _anywhere(chance: np.random.Generator, reach: Real, count: int) -> Whole:
    zero = np.zeros(count, dtype=np.int64)
    return draw_within(chance, reach, zero, zero + len(reach) - 1)[0]


def _services(chance: np.random.Generator, firms: Firms, buying: Real, count: int) -> Supplies:
    suppliers = np.flatnonzero(np.isin(firms.kind, RENDER))
    if not len(suppliers):
        count = 0
    supplier = suppliers[draw(chance, firms.size[suppliers], count)] if count else suppliers[:0]
    buyer = _anywhere(chance, buying, count)
    by = np.searchsorted(np.sort(RENDER), firms.kind[supplier])
    service = 2 * np.argsort(RENDER)[by] + chance.integers(0, 2, count)
    _, first = np.unique(np.stack([supplier, buyer, service], axis=1), axis=0, return_index=True)
    kept = np.sort(first[supplier[first] != buyer[first]])
    return Supplies(
        supplier[kept].astype(np.int32),
        buyer[kept].astype(np.int32),
        np.full(len(kept), -1, dtype=np.int32),
        service[kept].astype(np.int8),
    )
