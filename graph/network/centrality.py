"""Central actors: every measure by its code, what kind of figure it is, and the ranking by it.

Links count once each and as one step, whatever their value, except in strength: a strong tie is
not a long one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from klaster.graph.network.betweenness import betweenness, betweenness_sampled
from klaster.graph.network.brokerage import constraint, effective_size
from klaster.graph.network.communities import participation_in_communities
from klaster.graph.network.connectivity import core, cut, dominated, parts
from klaster.graph.network.network import (
    Figures,
    Measured,
    Network,
    Places,
    column_sums,
    lengths,
    row_sums,
)
from klaster.graph.network.paths import (
    closeness,
    closeness_downstream,
    harmonic_downstream,
    harmonic_upstream,
)
from klaster.graph.network.walks import (
    authorities,
    eigenvector,
    hubs,
    katz,
    pagerank,
    pagerank_upstream,
)
from klaster.ontology.codes import codes
from klaster.ontology.faults import Fault

__all__ = [
    "COSTLY",
    "DEFAULT",
    "EXACT_LIMIT",
    "MEASURES",
    "each_measured",
    "measure",
    "measured",
    "parts",
    "ranking",
]

EXACT_LIMIT: Final = 20_000
"""Up to this many actors are the costly measures computed."""
BETWEENNESS_LIMIT: Final = 5_000
"""Up to this many actors betweenness is exact; above it is estimated from sampled paths."""

_SLOWEST: Final = "participation"
_TWO_CORES: Final = 1_000_000
"""From so many links on it pays to measure on two cores."""

DEFAULT: Final = (
    "degree",
    "betweenness",
    "in-degree",
    "out-degree",
    "pagerank",
    "core",
    "cut",
    "constraint",
    "dominated",
    "participation",
    "pagerank-upstream",
    "in-strength",
    "out-strength",
    "harmonic-upstream",
    "harmonic-downstream",
)
"""The measures shown together, those that tell most first."""
COSTLY: Final = frozenset(
    {
        "harmonic-upstream",
        "harmonic-downstream",
        "closeness",
        "closeness-downstream",
    }
)
"""The measures that are not computed on larger networks: their steps grow faster than these."""


def degree(network: Network) -> Figures:
    """Count the different actors with whom each actor has a link, whatever its direction.

    Many partners make an actor well placed to pass on goods, money or news; they do not by
    themselves make it hard to replace.

    Examples
    --------
    >>> degree(Network.from_pairs([("a", "b"), ("b", "a"), ("b", "c")])).tolist()
    [1.0, 2.0, 1.0]
    """
    return lengths(network.ties)


def in_degree(network: Network) -> Figures:
    """Count the actors from which a link leads to each actor: in a supply network, suppliers.

    Examples
    --------
    >>> in_degree(Network.from_pairs([("a", "b"), ("c", "b")])).tolist()
    [0.0, 2.0, 0.0]
    """
    return lengths(network.inward)


def out_degree(network: Network) -> Figures:
    """Count the actors to which a link leads from each actor: in a supply network, customers.

    Examples
    --------
    >>> out_degree(Network.from_pairs([("a", "b"), ("c", "b")])).tolist()
    [1.0, 0.0, 1.0]
    """
    return lengths(network.arcs)


def in_strength(network: Network) -> Figures:
    """Sum of the strengths of the links that lead to each actor: in a supply network, purchases.

    Examples
    --------
    >>> in_strength(Network.from_pairs([("a", "b"), ("a", "b")], weights=[2, 3])).tolist()
    [0.0, 5.0]

    References
    ----------
    Barrat, Barthélemy, Pastor-Satorras and Vespignani (2004),
    https://doi.org/10.1073/pnas.0400087101
    """
    return column_sums(network.weights)


def out_strength(network: Network) -> Figures:
    """Sum of the strengths of the links that lead from each actor: in a supply network, sales.

    Examples
    --------
    >>> out_strength(Network.from_pairs([("a", "b"), ("a", "b")], weights=[2, 3])).tolist()
    [5.0, 0.0]

    References
    ----------
    Barrat, Barthélemy, Pastor-Satorras and Vespignani (2004),
    https://doi.org/10.1073/pnas.0400087101
    """
    return row_sums(network.weights)


MEASURES: Final[dict[str, Callable[[Network], Figures]]] = {
    "degree": degree,
    "in-degree": in_degree,
    "out-degree": out_degree,
    "in-strength": in_strength,
    "out-strength": out_strength,
    "pagerank": pagerank,
    "pagerank-upstream": pagerank_upstream,
    "katz": katz,
    "hub": hubs,
    "authority": authorities,
    "betweenness": betweenness,
    "harmonic-upstream": harmonic_upstream,
    "harmonic-downstream": harmonic_downstream,
    "core": core,
    "constraint": constraint,
    "effective-size": effective_size,
    "participation": participation_in_communities,
    "cut": cut,
    "dominated": dominated,
    "closeness": closeness,
    "closeness-downstream": closeness_downstream,
    "eigenvector": eigenvector,
}
COUNTS: Final = frozenset({"degree", "in-degree", "out-degree", "core", "cut", "dominated"})
LOW_IS_CENTRAL: Final = frozenset({"constraint"})


def measured(network: Network, name: str) -> Measured:
    """Return one measure's figures, an actor each, and how sure they are.

    Raises
    ------
    Fault
        If there is no such measure or it cannot be computed on this network.
    """
    if name not in MEASURES:
        raise Fault("fault.unknown-measure", found=name, known=", ".join(MEASURES))
    if name == "betweenness" and not is_exact(network, name):
        return betweenness_sampled(network)
    if name in COSTLY and network.size > EXACT_LIMIT:
        raise Fault(
            "fault.too-many-actors",
            measure=codes("measure")[name].labels,
            limit=EXACT_LIMIT,
            actors=network.size,
        )
    return Measured.exact(MEASURES[name](network))


def each_measured(network: Network, names: Iterable[str]) -> dict[str, Measured]:
    """Return several measures: see ``measured``.

    In a large network communities are sought on a second core while the rest is measured: that
    takes a third of all.
    """
    wanted = list(dict.fromkeys(names))
    if _SLOWEST not in wanted or network.links.height < _TWO_CORES:
        return {name: measured(network, name) for name in wanted}
    # Once, before both want it.
    network.ties  # noqa: B018
    with ThreadPoolExecutor(1) as beside:
        sought = beside.submit(measured, network, _SLOWEST)
        known = {name: measured(network, name) for name in wanted if name != _SLOWEST}
        known[_SLOWEST] = sought.result()
    return {name: known[name] for name in wanted}


def is_exact(network: Network, name: str) -> bool:
    """Tell whether a measure's figures are exact on this network, not estimated or refused."""
    if name == "betweenness":
        return network.size <= BETWEENNESS_LIMIT
    return name not in COSTLY or network.size <= EXACT_LIMIT


def measure(network: Network, name: str) -> Figures:
    """Return one measure's figures, an actor each: see ``measured``."""
    return measured(network, name).figures


def ranking(
    network: Network,
    by: str,
    *,
    also: tuple[str, ...] = (),
    known: Mapping[str, Measured] | None = None,
) -> pl.DataFrame:
    """Return the actors, most central first, with their figures.

    The columns are ``actor, label, kind, rank, tied``, one a measure, ``by`` first, and
    ``percentile``. ``rank`` counts how many are more central, plus one; ``tied`` how many share
    the rank; ``percentile`` tells what share of the others is less central, in percent. What is
    in ``known`` is not measured again.
    """
    known = known or {}
    figures = {
        name: known[name].figures if name in known else measure(network, name)
        for name in dict.fromkeys([by, *also])
    }
    low = by in LOW_IS_CENTRAL
    rank, tied = ranks(-figures[by] if low else figures[by])
    return (
        network.actors.with_columns(rank=pl.Series(rank), tied=pl.Series(tied))
        .with_columns(_column(name, values) for name, values in figures.items())
        .with_columns(percentile=pl.Series(percentiles(figures[by], rank, tied)).fill_nan(None))
        .sort("rank", "label", "actor")
    )


def percentiles(figures: Figures, rank: Places, tied: Places) -> Figures:
    """Return in percent what share of the other actors ranks below each; 100 is above all others.

    Only actors of whom the measure is defined count; of the others it is not (NaN).

    Examples
    --------
    >>> figures = np.array([3.0, 1.0, 1.0, 2.0, 1.0, np.nan])
    >>> percentiles(figures, *ranks(figures)).tolist()
    [100.0, 0.0, 0.0, 75.0, 0.0, nan]
    """
    defined = ~np.isnan(figures)
    others = int(defined.sum()) - 1
    below = others + 1 - (rank - 1) - tied
    share: Figures = 100.0 * below / others if others > 0 else np.full(len(rank), 100.0)
    share[~defined] = np.nan
    return share


def _column(name: str, figures: Figures) -> pl.Series:
    """Return figures as a column: counts as whole numbers, what is not defined as null."""
    column = pl.Series(name, figures).fill_nan(None)
    return column.cast(pl.Int64) if name in COUNTS else column


def ranks(figures: Figures) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each figure's rank (1 is the highest) and how many share it.

    Figures that differ by no more than rounding are tied; those not defined come last.

    Examples
    --------
    >>> ranks(np.array([0.5, 2.0, 0.5]))
    (array([2, 1, 2]), array([2, 1, 2]))
    """
    rounded = np.where(np.isnan(figures), -np.inf, figures)
    finite = np.isfinite(rounded)
    size = np.abs(rounded[finite]).max(initial=0) or 1.0
    rounded[finite] = np.round(rounded[finite] / size, 10)
    _, place, counts = np.unique(-rounded, return_inverse=True, return_counts=True)
    before = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return before[place] + 1, counts[place]
