"""Communities: groups of actors with more links among them than chance would give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from klaster.graph.network.brokerage import participation
from klaster.graph.network.connectivity import largest_first
from klaster.graph.network.network import Figures, Network, Places, row_sums, rows_of

if TYPE_CHECKING:
    import networkit as nk

_ROUNDS: Final = 5
_ROUNDS_OF_MANY: Final = 3
_MANY: Final = 2_000_000
"""From so many ties on fewer rounds: of 10 million the last two add .003 to a modularity of .19, and
a fifth to the time."""
_MOST_RUNS: Final = 10
_RUNS_UP_TO: Final = 120_000
"""As many ties are searched together in all runs: smaller networks are searched more often."""
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


def communities(
    network: Network, *, resolution: float = 1.0, weighted: bool = False, seed: int = 0
) -> Places:
    """Return a number of a community an actor, the largest community 0 (Leiden, modularity).

    Direction is left out of account. The search is heuristic, so that another seed may find a
    somewhat other division; the same network and seed give the same one, in whatever order the
    actors and links stand (actors alike in all their ties may change places).

    Parameters
    ----------
    resolution
        More than 1 for smaller communities, less for larger ones.
    weighted
        Whether a strong link holds together more than a weak one.

    Examples
    --------
    Two triangles joined by one link.

    >>> edges = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "e"), ("e", "f"), ("f", "d"), ("c", "d")]
    >>> communities(Network.from_pairs(edges)).tolist()
    [0, 0, 0, 1, 1, 1]

    References
    ----------
    Traag, Waltman and van Eck (2019), https://doi.org/10.1038/s41598-019-41695-z
    """
    matrix = network.exchange if weighted else network.ties
    if not matrix.nnz:
        return np.arange(network.size)
    order = _order(matrix)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    found = _leiden(matrix, place, resolution, seed)[place]
    return largest_first(np.unique(found, return_inverse=True)[1])


def _order(matrix: csr_array) -> Places:
    """Return the actors in an order that depends on their ties only (Weisfeiler and Leman).

    Each actor's colour is mixed with its partners' a few times; whole numbers wrap around, so
    that a sum does not depend on the order of its terms.
    """
    lengths = np.diff(matrix.indptr)
    tied = np.flatnonzero(lengths)
    # The last bits may differ with the order in which parallel links were added up.
    strength = matrix.data.astype(np.float32).view(np.uint32).astype(np.uint64) | np.uint64(1)
    colour = lengths.astype(np.uint64) + np.uint64(1)
    for _ in range(4):
        told = _mixed(colour)[matrix.indices] * strength
        heard = np.zeros_like(colour)
        heard[tied] = np.add.reduceat(told, matrix.indptr[tied])
        colour = _mixed(colour + _MIX * heard)
    return np.lexsort((colour, lengths))


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return whole numbers scattered over 64 bits, equal ones alike."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def _leiden(matrix: csr_array, place: Places, resolution: float, seed: int) -> Places:
    """Return the community of each actor by its place in an order."""
    import networkit as nk

    placed = _placed(matrix, place)
    once = placed.indices > rows_of(placed)
    kind = placed.indices.dtype
    low, high = rows_of(placed)[once].astype(kind, copy=False), placed.indices[once]
    strength = placed.data[once]
    weighted = bool((strength != 1).any())
    # One thread: several would race, and the same seed would not give the same communities.
    threads = nk.getMaxNumberOfThreads()
    nk.setNumberOfThreads(1)
    try:
        nk.setSeed(seed, useThreadId=False)
        graph = nk.GraphFromCoo(
            (strength, (low, high)) if weighted else (low, high),
            n=len(place),
            weighted=weighted,
            directed=False,
        )
        runs = min(max(_RUNS_UP_TO // len(low), 1), _MOST_RUNS)
        rounds = _ROUNDS if len(low) < _MANY else _ROUNDS_OF_MANY
        found = [_searched(graph, resolution, rounds) for _ in range(runs)]
        if runs == 1:
            return found[0]
        graded = [_modularity(matrix, groups[place], resolution) for groups in found]
        # Only a difference that no order of sums can make decides; else the first.
        return found[int(np.argmax(np.round(graded, 10)))]
    finally:
        nk.setNumberOfThreads(threads)


def _placed(matrix: csr_array, place: Places) -> csr_array:
    """Return the matrix with its rows and columns at other places, each row's cells in order."""
    order = np.empty_like(place)
    order[place] = np.arange(len(place))
    moved = matrix[order]
    moved.indices = place[moved.indices].astype(moved.indices.dtype)
    moved.has_sorted_indices = False
    moved.sort_indices()
    return moved


def _searched(graph: nk.Graph, resolution: float, rounds: int) -> Places:
    """Return the communities that one run finds."""
    import networkit as nk

    search = nk.community.ParallelLeiden(graph, iterations=rounds, gamma=resolution)
    search.run()
    return np.array(search.getPartition().getVector(), dtype=np.int64)


def modularity(
    network: Network, groups: Places, *, resolution: float = 1.0, weighted: bool = False
) -> float:
    r"""Share of the ties that lie within groups, less what chance would give.

    .. math:: Q = \sum_c \Big(\frac{L_c}{m} - \gamma \Big(\frac{k_c}{2m}\Big)^2\Big)

    Examples
    --------
    >>> edges = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "e"), ("e", "f"), ("f", "d"), ("c", "d")]
    >>> round(modularity(Network.from_pairs(edges), np.array([0, 0, 0, 1, 1, 1])), 4)
    0.3571

    References
    ----------
    Newman and Girvan (2004), https://doi.org/10.1103/PhysRevE.69.026113
    """
    return _modularity(network.exchange if weighted else network.ties, groups, resolution)


def _modularity(matrix: csr_array, groups: Places, resolution: float) -> float:
    strength = row_sums(matrix)
    total = strength.sum()
    if not total:
        return float("nan")
    within = matrix.data[groups[rows_of(matrix)] == groups[matrix.indices]].sum()
    parts = np.bincount(groups, strength)
    return float(within / total - resolution * ((parts / total) ** 2).sum())


def participation_in_communities(network: Network) -> Figures:
    """How evenly an actor's ties are spread over the communities: see ``participation``.

    High: it reaches into many communities, few of which meet otherwise.

    Examples
    --------
    >>> edges = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "e"), ("e", "f"), ("f", "d"), ("c", "d")]
    >>> participation_in_communities(Network.from_pairs(edges)).round(4).tolist()
    [0.0, 0.0, 0.4444, 0.4444, 0.0, 0.0]

    References
    ----------
    Guimerà and Amaral (2005), https://doi.org/10.1038/nature03288
    """
    return participation(network, communities(network))
