"""Central actors: the measures of the field, each with what its figures mean to an analyst.

Links count once each and as one step, whatever their value: a strong tie is not a long one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl
import rustworkx as rx
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.sparse.linalg import eigsh

from klaster.graph.network.network import Network
from klaster.ontology.codes import codes
from klaster.ontology.faults import Fault

Figures = NDArray[np.float64]

EXACT_LIMIT: Final = 20_000
"""Up to this many actors are the costly measures computed."""

DEFAULT: Final = (
    "degree",
    "betweenness",
    "in-degree",
    "out-degree",
    "pagerank",
    "core",
    "cut",
    "constraint",
    "harmonic-upstream",
    "harmonic-downstream",
)
"""The measures shown together, those that tell most first."""
COSTLY: Final = frozenset(
    {"betweenness", "harmonic-upstream", "harmonic-downstream", "closeness", "constraint"}
)
"""The measures whose steps grow faster than the network."""


def degree(network: Network) -> Figures:
    """Count the different actors with whom each actor has a link, whatever its direction.

    Many partners make an actor well placed to pass on goods, money or news; they do not by
    themselves make it hard to replace.
    """
    return _sums(network.ties, axis=1)


def in_degree(network: Network) -> Figures:
    """Count the actors from which a link leads to each actor: in a supply network, suppliers."""
    return _sums(network.arcs, axis=0)


def out_degree(network: Network) -> Figures:
    """Count the actors to which a link leads from each actor: in a supply network, customers."""
    return _sums(network.arcs, axis=1)


def _sums(matrix: csr_array, *, axis: int) -> Figures:
    return np.asarray(matrix.sum(axis=axis), dtype=np.float64).ravel()


def pagerank(network: Network, *, damping: float = 0.85, tolerance: float = 1e-10) -> Figures:
    """Share of a random walk along the links that each actor receives; the shares sum to 1.

    High where links come from actors that themselves receive many; a last buyer collects much
    of it. It stops when the sum of absolute changes is under ``tolerance``, whatever the size
    (networkx's default stops earlier the larger the network is).

    References
    ----------
    Page, Brin, Motwani and Winograd (1999), http://ilpubs.stanford.edu:8090/422/
    """
    size = network.size
    given = out_degree(network)
    share = np.divide(1.0, given, out=np.zeros(size), where=given > 0)
    passed_on = csr_array(network.arcs.T @ diags_array(share))
    rank: Figures = np.full(size, 1 / size)
    # The change shrinks by the damping each time, so this many steps always suffice.
    for _ in range(int(np.log(tolerance / 2) / np.log(damping)) + 2):
        kept = rank[given == 0].sum()
        following: Figures = damping * (passed_on @ rank + kept / size) + (1 - damping) / size
        change = np.abs(following - rank).sum()
        rank = following
        if change < tolerance:
            break
    return rank


def betweenness(network: Network) -> Figures:
    """Share of the shortest paths between pairs of other actors that pass through each actor.

    High: others meet through it, so that it can join or hold up. 1 for the centre of a star.

    References
    ----------
    Freeman (1977), https://doi.org/10.2307/3033543;
    Brandes (2001), https://doi.org/10.1080/0022250X.2001.9990249
    """
    graph = rx.PyDiGraph(multigraph=True)
    graph.add_nodes_from(range(network.size))
    graph.add_edges_from_no_data([(int(a), int(b)) for a, b in network.edges(network.arcs)])
    found = rx.digraph_betweenness_centrality(graph, normalized=True)
    return np.array([found[place] for place in range(network.size)])


def harmonic_upstream(network: Network) -> Figures:
    """Sum, over all actors from which links lead to each, of 1 over the number of steps.

    High: many of those on whom it depends, directly or through others, are near.

    References
    ----------
    Marchiori and Latora (2000), https://doi.org/10.1016/S0378-4371(00)00311-3
    """
    return _harmonic(csr_array(network.arcs.T))


def harmonic_downstream(network: Network) -> Figures:
    """Sum, over all actors to which links lead from each, of 1 over the number of steps."""
    return _harmonic(network.arcs)


def _size(arcs: csr_array) -> int:
    height, _ = arcs.shape
    return int(height)


def _harmonic(arcs: csr_array) -> Figures:
    figures: Figures = np.zeros(_size(arcs))
    for start, steps in _steps(arcs):
        near = np.divide(1.0, steps, out=np.zeros_like(steps), where=steps > 0)
        figures[start : start + len(steps)] = near.sum(axis=1)
    return figures


def _steps(arcs: csr_array) -> list[tuple[int, Figures]]:
    """Return the numbers of steps from blocks of actors to all, infinite where no path leads."""
    size = _size(arcs)
    # A block of rows takes at most 64 MB.
    block = max(1, 8_000_000 // size)
    return [
        (start, dijkstra(arcs, unweighted=True, indices=range(start, min(start + block, size))))
        for start in range(0, size, block)
    ]


def closeness(network: Network) -> Figures:
    """Inverse of the mean number of steps to each actor from those who reach it.

    Scaled by the share of the others who do (Wasserman and Faust), so that it can be read on a
    network in several parts; there harmonic closeness is the plainer figure.

    References
    ----------
    Wasserman and Faust (1994), https://doi.org/10.1017/CBO9780511815478
    """
    size = network.size
    figures: Figures = np.zeros(size)
    for start, steps in _steps(csr_array(network.arcs.T)):
        reached = np.isfinite(steps)
        others = reached.sum(axis=1) - 1
        total = np.where(reached, steps, 0).sum(axis=1)
        near = np.divide(others, total, out=np.zeros(len(steps)), where=total > 0)
        figures[start : start + len(steps)] = near * others / max(size - 1, 1)
    return figures


def core(network: Network) -> Figures:
    """Largest k for which each actor stays when all with fewer than k partners are removed.

    Tells the dense core from the periphery.

    References
    ----------
    Seidman (1983), https://doi.org/10.1016/0378-8733(83)90028-X
    """
    found = rx.core_number(_undirected(network))
    # The stub of rustworkx says int; what comes is a mapping from node to number.
    return np.array([float(found[place]) for place in range(network.size)])  # type: ignore[index]


def _undirected(network: Network) -> rx.PyGraph[int, None]:
    graph: rx.PyGraph[int, None] = rx.PyGraph(multigraph=True)
    graph.add_nodes_from(range(network.size))
    pairs = network.edges(network.ties)
    graph.add_edges_from_no_data([(int(a), int(b)) for a, b in pairs[pairs[:, 0] < pairs[:, 1]]])
    return graph


def constraint(network: Network) -> Figures:
    """Burt's constraint: how much of an actor's ties lead back to the same few others.

    Low: it bridges groups that do not otherwise meet. Not defined (NaN) without a link.

    References
    ----------
    Burt (2004), https://doi.org/10.1086/421787
    """
    strength = csr_array(network.arcs + network.arcs.T)
    total = _sums(strength, axis=1)
    scale = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    share = csr_array(diags_array(scale) @ strength)
    figures: Figures = np.zeros(network.size)
    for rows in _blocks(share):
        # Only what leads back to a partner counts, so the product is cut down block by block.
        spent = (share[rows] + share[rows] @ share).multiply(network.ties[rows])
        figures[rows] = _sums(csr_array(spent.multiply(spent)), axis=1)
    figures[total == 0] = np.nan
    return figures


def _blocks(matrix: csr_array, *, steps: int = 4_000_000) -> list[slice]:
    """Return slices of rows in each of which a product of the matrix with itself is small."""
    lengths = np.diff(matrix.indptr).astype(np.float64)
    work = np.cumsum(matrix.astype(bool).astype(np.float64) @ lengths)
    ends = np.searchsorted(work, np.arange(steps, work[-1] if len(work) else 0, steps))
    bounds = np.unique([0, *(ends + 1), _size(matrix)])
    return [slice(int(a), int(b)) for a, b in itertools.pairwise(bounds)]


def cut(network: Network) -> Figures:
    """1 for each actor without which some others would lose every path to the rest, else 0.

    References
    ----------
    Hopcroft and Tarjan (1973), https://doi.org/10.1145/362248.362272
    """
    figures: Figures = np.zeros(network.size)
    figures[sorted(rx.articulation_points(_undirected(network)))] = 1
    return figures


def eigenvector(network: Network) -> Figures:
    """Centrality in which an actor is as central as its partners together (length 1).

    Raises
    ------
    Fault
        On a network with directed links, or with several equally strong parts, where it is not
        defined.

    References
    ----------
    Bonacich (1972), https://doi.org/10.1080/0022250X.1972.9989806
    """
    name = codes("measure")["eigenvector"].labels
    if network.directed:
        raise Fault("fault.undirected-only", measure=name)
    if not network.arcs.nnz:
        raise Fault("fault.not-unique", measure=name)
    values, vectors = _strongest(network.arcs)
    if len(values) > 1 and abs(values[0] - values[1]) < 1e-9:
        raise Fault("fault.not-unique", measure=name)
    return np.abs(vectors[:, 0])


def _strongest(arcs: csr_array) -> tuple[Figures, Figures]:
    """Return the two largest eigenvalues and their vectors, the larger first."""
    size = _size(arcs)
    if size <= 64:
        values, vectors = np.linalg.eigh(arcs.toarray())
    else:
        # "LA": the largest, not the largest in size, which on a bipartite network may be -λ.
        values, vectors = eigsh(arcs, k=2, which="LA", v0=np.ones(size))
    order = np.argsort(values)[::-1][:2]
    return values[order], vectors[:, order]


MEASURES: Final[dict[str, Callable[[Network], Figures]]] = {
    "degree": degree,
    "in-degree": in_degree,
    "out-degree": out_degree,
    "pagerank": pagerank,
    "betweenness": betweenness,
    "harmonic-upstream": harmonic_upstream,
    "harmonic-downstream": harmonic_downstream,
    "core": core,
    "constraint": constraint,
    "cut": cut,
    "closeness": closeness,
    "eigenvector": eigenvector,
}
COUNTS: Final = frozenset({"degree", "in-degree", "out-degree", "core", "cut"})
LOW_IS_CENTRAL: Final = frozenset({"constraint"})


def measure(network: Network, name: str) -> Figures:
    """Return one measure's figures, an actor each.

    Raises
    ------
    Fault
        If there is no such measure or it cannot be computed on this network.
    """
    if name not in MEASURES:
        raise Fault("fault.unknown-measure", found=name, known=", ".join(MEASURES))
    if name in COSTLY and network.size > EXACT_LIMIT:
        raise Fault(
            "fault.too-many-actors",
            measure=codes("measure")[name].labels,
            limit=EXACT_LIMIT,
            actors=network.size,
        )
    return MEASURES[name](network)


def ranking(network: Network, by: str, *, also: tuple[str, ...] = ()) -> pl.DataFrame:
    """Return the actors, most central first, with their figures.

    The columns are ``actor, label, kind, rank, tied`` and one a measure, ``by`` first. ``rank``
    counts how many are more central, plus one; ``tied`` how many share the rank.
    """
    names = dict.fromkeys([by, *also])
    figures = {name: measure(network, name) for name in names}
    low = by in LOW_IS_CENTRAL
    rank, tied = ranks(-figures[by] if low else figures[by])
    return (
        network.actors.with_columns(rank=pl.Series(rank), tied=pl.Series(tied))
        .with_columns(_column(name, values) for name, values in figures.items())
        .sort("rank", "label", "actor")
    )


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


def parts(network: Network) -> int:
    """Return in how many parts without a link between them the network falls."""
    count, _ = connected_components(network.ties, directed=False)
    return int(count)
