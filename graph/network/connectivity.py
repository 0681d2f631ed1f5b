"""What holds a network together: parts, cores, cut actors, bridges, dominators."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from klaster.graph.network.network import Figures, Network, Places, cells, rows_of
from klaster.graph.network.reach import reached


def parts(network: Network) -> int:
    """Return in how many parts without a link between them the network falls."""
    count, _ = connected_components(network.ties, directed=False)
    return int(count)


def part_of(network: Network) -> Places:
    """Return the part in which each actor is, whatever the direction of links; 0 is the largest.

    Examples
    --------
    >>> part_of(Network.from_pairs([("a", "b"), ("c", "b")], also=["d"])).tolist()
    [0, 0, 0, 1]
    """
    ties = network.ties
    if not network.size:
        return np.zeros(0, dtype=np.int64)
    return _with_rest(ties, reached(ties, ties, _chief(ties, ties)))


def circle_of(network: Network) -> Places:
    """Return the strongly connected part of each actor: those who reach one another; 0 is largest.

    Examples
    --------
    >>> circle_of(Network.from_pairs([("a", "b"), ("b", "a"), ("b", "c")])).tolist()
    [0, 0, 1]
    """
    arcs, inward = network.arcs, network.inward
    if not network.size:
        return np.zeros(0, dtype=np.int64)
    start = _chief(arcs, inward)
    return _with_rest(arcs, reached(arcs, inward, start) & reached(inward, arcs, start))


def _with_rest(matrix: csr_array, chief: NDArray[np.bool_]) -> Places:
    """Return the strongly connected part of each actor, one part being known."""
    rest = np.flatnonzero(~chief)
    labels = np.zeros(len(chief), dtype=np.int64)
    if len(rest):
        _, label = connected_components(matrix[rest][:, rest], connection="strong")
        labels[rest] = label + 1
    return largest_first(labels)


def _chief(onward: csr_array, back: csr_array) -> int:
    """Return the actor with most links both ways."""
    return int(np.argmax(np.minimum(np.diff(onward.indptr), np.diff(back.indptr))))


def largest_first(labels: NDArray[np.integer]) -> Places:
    """Return groups numbered anew, the largest first, and among equals that of the first actor."""
    counts = np.bincount(labels)
    first = np.zeros(len(counts), dtype=np.int64)
    first[labels[::-1]] = np.arange(len(labels))[::-1]
    number = np.empty(len(counts), dtype=np.int64)
    number[np.lexsort((first, -counts))] = np.arange(len(counts))
    return np.asarray(number[labels])


def core(network: Network) -> Figures:
    """Largest k for which each actor stays when all with fewer than k partners are removed.

    Tells the dense core from the periphery.

    Examples
    --------
    A triangle with one actor hanging from it.

    >>> edges = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]
    >>> core(Network.from_pairs(edges)).tolist()
    [2.0, 2.0, 2.0, 1.0]

    References
    ----------
    Seidman (1983), https://doi.org/10.1016/0378-8733(83)90028-X
    """
    ties = network.ties
    left = np.diff(ties.indptr).astype(np.int64)
    figures: Figures = np.zeros(network.size)
    there = np.ones(network.size, dtype=bool)
    rest = np.arange(network.size)
    k = 0
    while len(rest):
        partners = left.take(rest)
        k = max(k, int(partners.min()))
        removed = rest.take(np.flatnonzero(partners <= k))
        while len(removed):
            there[removed] = False
            figures[removed] = k
            met = ties.indices.take(cells(ties, removed))
            removed = _weakened(left, there, met, k)
        rest = rest.take(np.flatnonzero(there.take(rest)))
    return figures


def _weakened(left: Places, there: NDArray[np.bool_], met: Places, k: int) -> Places:
    """Take a partner from each who is met, as often as met; return whom no more than k are left.

    Of those who are no longer there the number means nothing.
    """
    if len(met) > len(left) // 8:
        left -= np.bincount(met, minlength=len(left))
        return np.flatnonzero((left <= k) & there)
    np.subtract.at(left, met, 1)
    return np.unique(met[(left[met] <= k) & there[met]]).astype(np.int64)


@dataclass(frozen=True)
class Blocks:
    """A tree through each part of a network, and the blocks that no single actor cuts.

    ``parent`` is the actor before each on the tree, ``size`` itself for the first of a part.
    ``block`` numbers the block of the tie between an actor and its parent. ``below`` counts
    the actors of the tree from each on, itself included.
    """

    parent: Places
    block: Places
    below: Places


def blocks(ties: csr_array) -> Blocks:
    """Return the blocks of a symmetric adjacency: the parts that no single actor cuts.

    References
    ----------
    Tarjan and Vishkin (1985), https://doi.org/10.1137/0214061
    """
    size = int(ties.shape[0])
    order, parent = _tree(ties)
    below, number = _numbered(order, parent)
    low, high = _reach(ties, order, parent, number)
    # A tie of the tree is named by its lower end. Two are in one block where a tie from the
    # subtree of the lower leaves that of the upper; and so are the ends of any other tie.
    inner = np.flatnonzero(parent[:size] < size)
    above = parent[inner]
    out = (low[inner] < number[above]) | (high[inner] >= number[above] + below[above])
    rows, columns = rows_of(ties), ties.indices
    apart = (rows < columns) & (parent[rows] != columns) & (parent[columns] != rows)
    starts = np.concatenate([inner[out], rows[apart]])
    ends = np.concatenate([above[out], columns[apart]])
    joined = csr_array((np.ones(len(starts)), (starts, ends)), shape=(size, size))
    _, block = connected_components(joined, directed=False)
    return Blocks(parent[:size], block.astype(np.int64), below[:size])


def _tree(ties: csr_array) -> tuple[Places, Places]:
    """Return all actors breadth first from a root before each part's first, and who is before.

    The root stands at position ``size``.
    """
    size = int(ties.shape[0])
    _, first = np.unique(connected_components(ties, connection="strong")[1], return_index=True)
    pointer = np.concatenate([ties.indptr, [ties.nnz + len(first)]])
    indices = np.concatenate([ties.indices, first.astype(ties.indices.dtype)])
    rooted = csr_array((np.ones(len(indices)), indices, pointer), shape=(size + 1, size + 1))
    order, parent = breadth_first_order(rooted, size)
    parent[size] = size
    return order.astype(np.int64), parent.astype(np.int64)


def _levels(order: Places, parent: Places) -> list[Places]:
    """Return the actors of each level of the tree, the root left out."""
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    # Breadth first, actors stand in the order of those before them.
    before = place[parent[order]][1:]
    levels, begin, end = [], 1, 1 + int(np.searchsorted(before, 1))
    while end > begin:
        levels.append(order[begin:end])
        begin, end = end, 1 + int(np.searchsorted(before, end))
    return levels


def _numbered(order: Places, parent: Places) -> tuple[Places, Places]:
    """Return how many stand on the tree from each on, and a number each, depth first."""
    levels = _levels(order, parent)
    below = np.ones(len(order), dtype=np.int64)
    for level in reversed(levels):
        np.add.at(below, parent[level], below[level])
    number = np.zeros(len(order), dtype=np.int64)
    for level in levels:
        sizes = np.cumsum(below[level]) - below[level]
        _, first, place = np.unique(parent[level], return_index=True, return_inverse=True)
        number[level] = number[parent[level]] + 1 + sizes - sizes[first][place]
    return below, number


def _reach(ties: csr_array, order: Places, parent: Places, number: Places) -> tuple[Places, Places]:
    """Return the lowest and highest number that a tie off the tree joins to each subtree."""
    low, high = number.copy(), number.copy()
    rows = rows_of(ties)
    on_tree = (parent[rows] == ties.indices) | (parent[ties.indices] == rows)
    met = np.where(on_tree, number[rows], number[ties.indices])
    del rows, on_tree
    tied = np.flatnonzero(np.diff(ties.indptr))
    if len(tied):
        starts = ties.indptr[tied]
        low[tied] = np.minimum(low[tied], np.minimum.reduceat(met, starts))
        high[tied] = np.maximum(high[tied], np.maximum.reduceat(met, starts))
    for level in reversed(_levels(order, parent)):
        np.minimum.at(low, parent[level], low[level])
        np.maximum.at(high, parent[level], high[level])
    return low, high


def cut(network: Network) -> Figures:
    """1 for each actor without which some others would lose every path to the rest, else 0.

    Examples
    --------
    >>> cut(Network.from_pairs([("a", "b"), ("b", "c")])).tolist()
    [0.0, 1.0, 0.0]

    References
    ----------
    Hopcroft and Tarjan (1973), https://doi.org/10.1145/362248.362272
    """
    found = blocks(network.ties)
    inner = np.flatnonzero(found.parent < network.size)
    above = found.parent[inner]
    # An actor is cut where it stands in more than one block.
    lead = np.where(found.parent < network.size, found.block, -1)
    firsts = above[::-1], found.block[inner[::-1]]
    own = lead.copy()
    own[firsts[0]] = firsts[1]
    own = np.where(lead >= 0, lead, own)
    figures: Figures = np.zeros(network.size)
    figures[above[found.block[inner] != own[above]]] = 1
    return figures


def bridges(network: Network) -> Places:
    """Return the pairs of actors whose tie is the only path between two parts of the network.

    Returns
    -------
    numpy.ndarray
        A row a bridge, two positions each, the lower first.

    Examples
    --------
    >>> edges = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]
    >>> bridges(Network.from_pairs(edges)).tolist()
    [[2, 3]]

    References
    ----------
    Tarjan (1974), https://doi.org/10.1016/0020-0190(74)90003-9
    """
    found = blocks(network.ties)
    inner = np.flatnonzero(found.parent < network.size)
    alone = inner[np.bincount(found.block, minlength=network.size)[found.block[inner]] == 1]
    pairs = np.sort(np.column_stack([found.parent[alone], alone]), axis=1)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def dominators(network: Network) -> Places:
    """Return the immediate dominator of each actor on the chains that lead to it; -1 for none.

    An actor is dominated by another if every chain of links from a first supplier to it passes
    through that other. First suppliers are those to whom no link leads; where suppliers supply
    each other in a circle that nobody outside supplies, all of the circle.

    Examples
    --------
    Two farms sell to one mill, which sells to a shop.

    >>> chain = Network.from_pairs([("farm", "mill"), ("field", "mill"), ("mill", "shop")])
    >>> dominators(chain).tolist()
    [-1, -1, -1, 2]

    References
    ----------
    Lengauer and Tarjan (1979), https://doi.org/10.1145/357062.357071
    """
    import rustworkx as rx

    size = network.size
    graph: rx.PyDiGraph[None, None] = rx.PyDiGraph(multigraph=True, edge_count_hint=0)
    graph.add_nodes_from([None] * (size + 1))
    links = network.edges(network.arcs)
    first = np.flatnonzero(_supplied_by_none_outside(network))
    starts = np.column_stack([np.full(len(first), size), first])
    for begin in range(0, len(links), 1_000_000):
        chunk = links[begin : begin + 1_000_000]
        graph.add_edges_from_no_data(list(zip(*chunk.T.tolist(), strict=True)))
    graph.add_edges_from_no_data(list(zip(*starts.T.tolist(), strict=True)))
    before = np.full(size, -1, dtype=np.int64)
    for actor, dominator in rx.immediate_dominators(graph, size).items():
        if actor != size and dominator != size:
            before[actor] = dominator
    return before


def _supplied_by_none_outside(network: Network) -> NDArray[np.bool_]:
    """Tell who is in a strongly connected part to which no link leads from outside."""
    count, part = connected_components(network.arcs, connection="strong")
    rows, columns = part[rows_of(network.arcs)], part[network.arcs.indices]
    supplied = np.zeros(count, dtype=bool)
    supplied[columns[rows != columns]] = True
    return np.asarray(~supplied[part])


def dominated(network: Network) -> Figures:
    """Count the actors that each dominates: all recorded chains to them pass through it.

    High: a single point of failure of directed chains. Without it nothing of what the first
    suppliers give would reach them on a recorded path.

    Examples
    --------
    >>> chain = Network.from_pairs([("farm", "mill"), ("field", "mill"), ("mill", "shop")])
    >>> dominated(chain).tolist()
    [0.0, 0.0, 1.0, 0.0]

    References
    ----------
    Lengauer and Tarjan (1979), https://doi.org/10.1145/357062.357071
    """
    before = dominators(network)
    figures: Figures = np.zeros(network.size)
    # Rounds of the tree from its leaves: an actor passes on its count once all below it have.
    waiting = np.bincount(before[before >= 0], minlength=network.size)
    ready = np.flatnonzero(waiting == 0)
    while len(ready):
        ready = ready[before[ready] >= 0]
        np.add.at(figures, before[ready], figures[ready] + 1)
        np.subtract.at(waiting, before[ready], 1)
        above = np.unique(before[ready])
        ready = above[waiting[above] == 0]
    return figures
