"""Systemic risk: how much of all output is lost when an actor stops, and how the loss spreads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from klaster.graph.network.network import (
    Figures,
    Network,
    Places,
    column_sums,
    like,
    row_sums,
    rows_of,
)
from klaster.graph.network.walks import katz
from klaster.ontology.faults import Fault

NEGLIGIBLE: Final = 0
"""An input without which nothing is lost."""
REPLACEABLE: Final = 1
"""An input without which a proportionate share of the output is lost (linear)."""
ESSENTIAL: Final = 2
"""An input without which nothing is made (Leontief)."""

TOLERANCE: Final = 1e-2
"""A shock ends when no actor loses more than this in a step, as in the paper."""

Essentiality = NDArray[np.int64] | int
"""What an input is to its buyer: one for all, by the sectors of supplier (row) and buyer, or one
for each cell of ``Network.weights``, in the order of its data."""

_BLOCK: Final = 64
_CELLS: Final = 8_000_000
"""Of so many actors and shocks together is the loss kept at once."""


@dataclass(frozen=True)
class Shock:
    """What each actor's failure alone would do.

    Attributes
    ----------
    risk
        The share of all output that is lost; NaN for those not tried.
    hit
        How many other actors lose at least a stated share of their output; NaN likewise.
    """

    risk: Figures
    hit: Figures


class Economy:
    """A supply network ready for shocks: what each actor needs, from whom, and who buys of it.

    Parameters
    ----------
    network
        Supplies, weighted by value where values are known; else each link counts 1, which is
        to be said with the result (``Network.unit``).
    sectors
        A number of a sector an actor. Suppliers of one sector stand in for each other.
    essential
        NEGLIGIBLE, REPLACEABLE or ESSENTIAL for all inputs, by the sectors of supplier and
        buyer, or by the cells of ``Network.weights``. Where it is not known, give the bracket
        from REPLACEABLE to ESSENTIAL.
    substitution
        Whether others of a sector take over what one no longer supplies, so far as it is small
        beside what is left of the market. Without it no supplier is replaced.

    References
    ----------
    Diem, Borsos, Reisch, Kertész and Thurner (2022), https://doi.org/10.1038/s41598-022-11522-z
    """

    def __init__(
        self,
        network: Network,
        sectors: Places,
        *,
        essential: Essentiality = ESSENTIAL,
        substitution: bool = True,
    ) -> None:
        weights = network.weights
        supplier, buyer, value = rows_of(weights), weights.indices.astype(np.int64), weights.data
        self.network, self.sectors, self.substitution = network, sectors, substitution
        self.output = row_sums(weights)
        self._sold = like(weights, value / self.output[supplier])
        if isinstance(essential, int):
            need = np.full(len(value), essential)
        elif essential.ndim == 1:
            need = essential
        else:
            need = essential[sectors[supplier], sectors[buyer]]
        square = (network.size, network.size)
        some = need == REPLACEABLE
        share = value / column_sums(weights)[buyer]
        self._inputs = csr_array((share[some], (buyer[some], supplier[some])), shape=square)
        vital = need == ESSENTIAL
        self._vital, self._wanting = self._by_sector(supplier[vital], buyer[vital], value[vital])
        # Where in the rows of the essential inputs each actor's begin.
        self._begin = np.flatnonzero(np.diff(self._wanting, prepend=-1))

    def _by_sector(
        self, supplier: Places, buyer: Places, value: Figures
    ) -> tuple[csr_array, Places]:
        """Return the shares of suppliers in what each buyer has of each sector, and that buyer."""
        kinds = int(self.sectors.max(initial=0)) + 1
        wants, place = np.unique(buyer * kinds + self.sectors[supplier], return_inverse=True)
        total = np.bincount(place, value, len(wants))
        shape = (len(wants), self.network.size)
        shares = csr_array((value / total[place], (place, supplier)), shape=shape)
        return shares, wants // kinds

    def step(self, supply: Figures, demand: Figures, healthy: Figures) -> tuple[Figures, Figures]:
        """Return what is left of production a step later, for want of inputs and of buyers.

        Each array has an actor a row and a shock a column.
        """
        missing = (1 - supply) * self._irreplaceable(supply)
        supplied = np.clip(1 - self._inputs @ missing, 0, healthy)
        if len(self._begin):
            lost = np.maximum.reduceat(self._vital @ missing, self._begin, axis=0)
            buyers = self._wanting[self._begin]
            supplied[buyers] = np.minimum(supplied[buyers], np.maximum(1 - lost, 0))
        return supplied, np.clip(1 - self._sold @ (1 - demand), 0, healthy)

    def _irreplaceable(self, supply: Figures) -> Figures:
        """Return how little of each actor's sales the rest of its sector can take over."""
        if not self.substitution:
            return np.ones_like(supply)
        left = self.output[:, None] * supply
        market = (self._members @ left)[self.sectors]
        output = np.broadcast_to(self.output[:, None], market.shape)
        ratio = np.divide(output, market, out=np.ones_like(market), where=market > 0)
        return np.asarray(np.minimum(ratio, 1))

    @cached_property
    def _members(self) -> csr_array:
        """Who is of which sector, a row a sector."""
        count = int(self.sectors.max(initial=0)) + 1
        ends = (self.sectors, np.arange(self.network.size))
        return csr_array((np.ones(self.network.size), ends), shape=(count, self.network.size))

    def systemic_risk(self, actors: Places | None = None, *, tolerance: float = 1e-6) -> Figures:
        r"""Share of all output that is lost if each actor alone stops (ESRI).

        .. math:: ESRI_j = \sum_i \frac{s_i}{\sum_k s_k} \big(1 - \min(h^d_i, h^u_i)\big)

        where *h* is what is left of *i* for want of inputs and of buyers, and *s* its sales.
        High: many depend on it and it is hard to replace, whatever its own size.

        Parameters
        ----------
        actors
            Only these are tried; the others are not defined (NaN). All by default.
        tolerance
            The spread of a shock ends when no actor loses more than this in a step. The authors'
            own 0.01 cuts off what creeps on slowly: a smaller one gives a higher risk and takes
            many times as long.

        Examples
        --------
        A farm supplies a mill and the mill a shop: without the farm nothing is left to sell.

        >>> chain = Network.from_pairs([("farm", "mill"), ("mill", "shop")])
        >>> Economy(chain, np.array([0, 1, 2])).systemic_risk().tolist()
        [1.0, 1.0, 1.0]

        References
        ----------
        Diem, Borsos, Reisch, Kertész and Thurner (2022),
        https://doi.org/10.1038/s41598-022-11522-z
        """
        return self.shocks(actors, tolerance=tolerance).risk

    def shocks(
        self, actors: Places | None = None, *, tolerance: float = 1e-6, least: float = 0.01
    ) -> Shock:
        """Return what share of all output each actor's failure costs, and how many it hits.

        An actor is hit if it loses at least ``least`` of its output; the other arguments are
        those of ``systemic_risk``.

        Examples
        --------
        >>> chain = Network.from_pairs([("farm", "mill"), ("mill", "shop")])
        >>> Economy(chain, np.array([0, 1, 2])).shocks().hit.tolist()
        [2.0, 2.0, 2.0]
        """
        size = self.network.size
        risk, hit = np.full(size, np.nan), np.full(size, np.nan)
        tried = np.arange(size) if actors is None else actors
        total = self.output.sum()
        if not total:
            return Shock(risk, hit)
        width = max(1, min(_BLOCK, _CELLS // size))
        for block in np.array_split(tried, range(width, len(tried), width)):
            lost = self._lost(block, tolerance)
            risk[block] = self.output @ lost / total
            hit[block] = (lost >= least).sum(axis=0) - 1
        return Shock(risk, hit)

    def _lost(self, failing: Places, tolerance: float) -> Figures:
        """Return what share of each actor (a row) is lost when each of some stops (a column)."""
        healthy = np.ones((self.network.size, len(failing)))
        healthy[failing, np.arange(len(failing))] = 0
        lost = 1 - healthy
        supply, demand, going = healthy, healthy, np.arange(len(failing))
        while len(going):
            supplied, bought = self.step(supply, demand, healthy)
            lost[:, going] = 1 - np.minimum(supplied, bought)
            on = _change(supply, supplied, demand, bought) > tolerance
            # Each shock ends by itself, whichever others are followed beside it.
            supply, demand, healthy = supplied[:, on], bought[:, on], healthy[:, on]
            going = going[on]
        return lost

    def cascade(self, failing: Places, *, least: float = 0.01) -> pl.DataFrame:
        """Return step by step who loses how much when some actors stop at once.

        The columns are ``step, actor, label, kind``, ``supply`` and ``demand`` (what is left for
        want of inputs and of buyers) and ``lost``. An actor is told at each step at which it
        has lost at least ``least`` more than when it was last told.

        Examples
        --------
        >>> chain = Network.from_pairs([("farm", "mill"), ("mill", "shop")])
        >>> steps = Economy(chain, np.array([0, 1, 2])).cascade(np.array([0]))
        >>> steps.select("step", "actor", "lost").rows()
        [(0, 'farm', 1.0), (1, 'mill', 1.0), (2, 'shop', 1.0)]
        """
        healthy = np.ones((self.network.size, 1))
        healthy[failing] = 0
        told = np.zeros(self.network.size)
        frames = []
        for step, (supply, demand) in enumerate(self._spread(healthy, least / 100)):
            lost = 1 - np.minimum(supply, demand)[:, 0]
            new = np.flatnonzero(lost - told >= least)
            told[new] = lost[new]
            hit = {"supply": supply[new, 0], "demand": demand[new, 0], "lost": lost[new]}
            frames.append(
                self.network.actors.select("actor", "label", "kind")[new]
                .with_columns(pl.Series(name, values) for name, values in hit.items())
                .with_columns(step=pl.lit(step, pl.Int64))
                .sort("lost", "label", "actor", descending=[True, False, False])
            )
        order = ["step", "actor", "label", "kind", "supply", "demand", "lost"]
        return pl.concat(frames).select(order)

    def loss(self, failing: Places, *, tolerance: float = 1e-4) -> float:
        """Return what share of all output is lost when some actors stop at once.

        Examples
        --------
        >>> links = [("farm", "mill"), ("field", "shop")]
        >>> Economy(Network.from_pairs(links), np.array([0, 1, 2, 3])).loss(np.array([0, 1]))
        1.0
        """
        healthy = np.ones((self.network.size, 1))
        healthy[failing] = 0
        for supply, demand in self._spread(healthy, tolerance):
            left = np.minimum(supply, demand)[:, 0]
        total = self.output.sum()
        return float(self.output @ (1 - left) / total) if total else float("nan")

    def _spread(self, healthy: Figures, tolerance: float) -> Iterator[tuple[Figures, Figures]]:
        """Yield what is left of production, step by step, until it changes by no more."""
        supply, demand, change = healthy, healthy, np.inf
        while change > tolerance:
            yield supply, demand
            supplied, bought = self.step(supply, demand, healthy)
            change = _change(supply, supplied, demand, bought).max()
            supply, demand = supplied, bought


def _change(*pairs: Figures) -> Figures:
    """Return by how much a column changes at most, from each first to each second array."""
    before, after = pairs[::2], pairs[1::2]
    most = [np.abs(b - a).max(axis=0, initial=0) for a, b in zip(before, after, strict=True)]
    return np.asarray(np.max(most, axis=0))


def systemic_risk_bracket(
    network: Network, sectors: Places, actors: Places | None = None, *, tolerance: float = TOLERANCE
) -> tuple[Figures, Figures]:
    """Return the lowest and the highest systemic risk, where essentiality is not known.

    The lowest takes every input for replaceable, the highest for essential.

    Examples
    --------
    A mill buys of two kinds alike, and loses half of its output or all without one of them.

    >>> links = [("coal", "mill"), ("farm", "mill"), ("mill", "shop")]
    >>> low, high = systemic_risk_bracket(Network.from_pairs(links), np.array([0, 1, 2, 3]))
    >>> low.round(4).tolist()[0], high.round(4).tolist()[0]
    (0.5, 0.6667)
    """
    low, high = (
        Economy(network, sectors, essential=need).systemic_risk(actors, tolerance=tolerance)
        for need in (REPLACEABLE, ESSENTIAL)
    )
    return low, high


def likely_systemic(network: Network, count: int) -> Places:
    """Return those most worth trying where all are too many: large sellers and those far upstream.

    Half of them are chosen by sales, the rest by how much lies downstream of them (Katz).

    Examples
    --------
    >>> chain = Network.from_pairs([("farm", "mill"), ("mill", "shop")], weights=[1, 3])
    >>> likely_systemic(chain, 2).tolist()
    [0, 1]
    """
    by_sales = np.argsort(-row_sums(network.weights), kind="stable")
    turned = Network(network.actors, network.links.rename({"source": "target", "target": "source"}))
    by_reach = np.argsort(-katz(turned), kind="stable")
    chosen = by_sales[: (count + 1) // 2]
    more = by_reach[~np.isin(by_reach, chosen)][: count - len(chosen)]
    return np.sort(np.concatenate([chosen, more]))


def essentiality(
    rows: pl.DataFrame, sectors: list[str | None], *, other: int = REPLACEABLE
) -> Essentiality:
    """Return what inputs are to their buyers from a table of sectors.

    Parameters
    ----------
    rows
        ``supplier_sector``, ``buyer_sector`` and ``need`` (0, 1 or 2).
    sectors
        What the numbers of sectors stand for, as ``grouped`` returns it.
    other
        What inputs are of which the table says nothing.

    Raises
    ------
    Fault
        If a need is neither 0, 1 nor 2.

    Examples
    --------
    >>> table = pl.DataFrame({"supplier_sector": ["a"], "buyer_sector": ["b"], "need": [2]})
    >>> essentiality(table, ["a", "b"]).tolist()
    [[1, 2], [1, 1]]
    """
    wrong = rows.filter(~pl.col("need").is_in([NEGLIGIBLE, REPLACEABLE, ESSENTIAL]))
    if wrong.height:
        raise Fault("fault.essentiality", found=wrong["need"][0])
    place = {name: number for number, name in enumerate(sectors)}
    table = np.full((len(sectors), len(sectors)), other, dtype=np.int64)
    for supplier, buyer, need in rows.select("supplier_sector", "buyer_sector", "need").rows():
        if supplier in place and buyer in place:
            table[place[supplier], place[buyer]] = need
    return table
