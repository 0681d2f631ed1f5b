"""A made-up economy in arrays: industries, products with recipes, firms and what they make.

Nothing in it is measured: shapes are those of the literature on production networks (a few sell to
very many, sizes with a heavy tail, half the trade near by), and names are made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Real = NDArray[np.float64]

REGIONS: Final = {
    "UZ-AN": 9, "UZ-BU": 6, "UZ-FA": 11, "UZ-JI": 4, "UZ-NG": 8, "UZ-NW": 3, "UZ-QA": 9,
    "UZ-QR": 5, "UZ-SA": 11, "UZ-SI": 3, "UZ-SU": 7, "UZ-TK": 16, "UZ-TO": 9, "UZ-XO": 6,
}  # fmt: skip
"""The regions, with their weight among firms."""

SECTORS: Final = (
    "cotton-textile",
    "fruit-vegetable",
    "livestock",
    "light-industry",
    "pharmaceutical",
    "automotive",
)
"""The sectors of clusters; industries of none of them are ``unspecified``."""


@dataclass(frozen=True)
class Industry:
    """A branch of the economy: its ISIC division, its clusters' sector, and how many firms it has.

    What a ``service`` industry sells, nearly every firm buys.
    """

    isic: str
    sector: str
    stage: str
    share: float


INDUSTRIES: Final = (
    Industry("01", "cotton-textile", "raw", 6),
    Industry("01", "fruit-vegetable", "raw", 9),
    Industry("01", "livestock", "raw", 6),
    Industry("06", "unspecified", "raw", 0.3),
    Industry("08", "unspecified", "raw", 1),
    Industry("10", "fruit-vegetable", "final", 6),
    Industry("10", "livestock", "final", 4),
    Industry("11", "fruit-vegetable", "final", 1),
    Industry("13", "cotton-textile", "intermediate", 5),
    Industry("14", "light-industry", "final", 6),
    Industry("15", "light-industry", "final", 2),
    Industry("16", "unspecified", "intermediate", 2),
    Industry("17", "unspecified", "intermediate", 1),
    Industry("19", "unspecified", "intermediate", 0.2),
    Industry("20", "unspecified", "intermediate", 2),
    Industry("21", "pharmaceutical", "final", 1.5),
    Industry("22", "automotive", "intermediate", 2),
    Industry("23", "unspecified", "intermediate", 4),
    Industry("24", "automotive", "intermediate", 1),
    Industry("25", "automotive", "intermediate", 4),
    Industry("27", "automotive", "intermediate", 1.5),
    Industry("28", "unspecified", "capital-good", 2),
    Industry("29", "automotive", "final", 1.5),
    Industry("31", "light-industry", "final", 2),
    Industry("35", "unspecified", "service", 0.4),
    Industry("41", "unspecified", "final", 7),
    Industry("46", "unspecified", "service", 10),
    Industry("49", "unspecified", "service", 5),
    Industry("62", "unspecified", "service", 2),
    Industry("69", "unspecified", "service", 4),
)
_DEPTH: Final = {"raw": 0, "service": 1, "intermediate": 1, "capital-good": 2, "final": 2}
_UPSTREAM: Final = 4
"""So many industries, no deeper than itself, an industry takes its inputs from."""

KINDS: Final = {
    "research": 0.01, "university": 0.003, "education": 0.007, "finance": 0.01,
    "government": 0.008, "support": 0.007,
}  # fmt: skip
"""The kinds of actor that make nothing, with their share; a firm is an enterprise."""


@dataclass(frozen=True)
class Products:
    """Products, sorted by industry: that of each, how much it is in demand, and the recipes.

    ``first`` is where an industry's products begin; ``made`` and ``input`` are the two ends of
    each line of a recipe, ``essential`` whether it says so.
    """

    industry: Whole
    demand: Real
    first: Whole
    made: Whole
    input: Whole
    essential: NDArray[np.bool_]


@dataclass(frozen=True)
class Firms:
    """Actors: where they are, what they are, how large, and what they make and need.

    ``maker`` and ``product`` are sorted by maker: one to three products of its own industry a
    firm, none of an actor of another kind. ``size`` has a heavy tail and a mean near 4.
    """

    region: Whole
    industry: Whole
    kind: NDArray[np.str_]
    size: Real
    employees: Whole
    maker: Whole
    product: Whole


def draw(chance: np.random.Generator, weights: Sequence[float] | Real, count: int) -> Whole:
    """Draw positions by weight."""
    reach = np.cumsum(np.asarray(weights, dtype=np.float64))
    return np.searchsorted(reach, chance.random(count) * reach[-1], side="right").astype(np.int64)


def draw_within(
    chance: np.random.Generator, reach: Real, start: Whole, end: Whole
) -> tuple[Whole, NDArray[np.bool_]]:
    """Draw a position by weight within each span, and say which spans had any weight.

    ``reach`` is the running sum of the weights, beginning with 0.
    """
    low, high = reach[start], reach[end]
    sought = low + chance.random(len(start)) * (high - low)
    found = np.searchsorted(reach, sought, side="right") - 1
    return np.clip(found, start, np.maximum(end - 1, start)), high > low


def draw_among(chance: np.random.Generator, group: Whole, weights: Real, wanted: Whole) -> Whole:
    """Draw an option of each wanted group by weight; -1 where a group has none."""
    order = np.argsort(group, kind="stable")
    start, end = (np.searchsorted(group[order], wanted, side=side) for side in ("left", "right"))
    at, there = draw_within(chance, running(weights[order]), start, end)
    return np.where(there, order[np.minimum(at, len(order) - 1)], -1)


def running(weights: Real) -> Real:
    """Return the running sum of weights, beginning with 0."""
    return np.concatenate([[0.0], np.cumsum(weights)])


def make_products(chance: np.random.Generator, firms: int) -> Products:
    """Make up products and recipes: some five thousand in a country, dozens among a few firms."""
    many = int(np.clip(5 * np.sqrt(firms), 3 * len(INDUSTRIES), 5_000))
    shares = np.array([industry.share for industry in INDUSTRIES])
    counts = np.maximum(3, np.round(many * shares / shares.sum()).astype(np.int64))
    first = np.concatenate([[0], np.cumsum(counts)])
    industry = np.repeat(np.arange(len(INDUSTRIES)), counts)
    rank = np.arange(len(industry)) - first[industry]
    services = np.array([INDUSTRIES[place].stage == "service" for place in range(len(INDUSTRIES))])
    # Zipf's law among the products of an industry; everybody buys services and power.
    demand = shares[industry] ** 0.5 / (1 + rank) ** 1.1 * np.where(services, 3, 1)[industry]
    made, needed = _recipes(chance, industry, demand, first, np.flatnonzero(services))
    essential = chance.random(len(made)) < 0.4
    return Products(industry, demand, first, made, needed, essential)


def _recipes(
    chance: np.random.Generator, industry: Whole, demand: Real, first: Whole, services: Whole
) -> tuple[Whole, Whole]:
    depth = np.array([_DEPTH[one.stage] for one in INDUSTRIES])
    above = np.stack(
        [
            chance.choice(np.flatnonzero(depth <= depth[place]), _UPSTREAM)
            for place in range(len(INDUSTRIES))
        ]
    )
    made = np.repeat(np.arange(len(industry)), np.minimum(2 + chance.poisson(2, len(industry)), 7))
    own = industry[made]
    which = chance.random(len(made))
    source = np.where(
        which < 0.45,
        own,
        np.where(
            which < 0.8,
            above[own, chance.integers(0, _UPSTREAM, len(made))],
            services[chance.integers(0, len(services), len(made))],
        ),
    )
    needed, _ = draw_within(chance, running(demand), first[source], first[source + 1])
    pairs = np.unique(np.stack([made, needed], axis=1)[made != needed], axis=0)
    return pairs[:, 0], pairs[:, 1]


def make_firms(chance: np.random.Generator, firms: int, clusters: int, products: Products) -> Firms:
    """Make up actors; so many as there are clusters are bodies that manage one."""
    industry = draw(chance, [one.share for one in INDUSTRIES], firms)
    kind = np.full(firms, "enterprise", dtype="U20")
    isic = np.array([one.isic for one in INDUSTRIES])[industry]
    kind[isic == "49"] = "logistics"
    others = draw(chance, [*KINDS.values(), 1 - sum(KINDS.values())], firms)
    apart = others < len(KINDS)
    kind[apart] = np.array(list(KINDS))[others[apart]]
    kind[chance.choice(firms, clusters, replace=False)] = "cluster-organization"
    size = (1 - chance.random(firms)) ** (-1 / 1.3)
    employees = np.ceil(3 * size**0.9 * np.exp(chance.normal(0, 0.7, firms)))
    producing = np.flatnonzero(np.isin(kind, ["enterprise", "logistics"]))
    maker = np.repeat(producing, 1 + draw(chance, [0.6, 0.3, 0.1], len(producing)))
    own = industry[maker]
    start, end = products.first[own], products.first[own + 1]
    product, _ = draw_within(chance, running(products.demand), start, end)
    pairs = np.unique(np.stack([maker, product], axis=1), axis=0)
    return Firms(
        region=draw(chance, list(REGIONS.values()), firms),
        industry=industry,
        kind=kind,
        size=size,
        employees=np.minimum(employees, 100_000).astype(np.int64),
        maker=pairs[:, 0],
        product=pairs[:, 1],
    )
