"""Which few actors together: whose loss breaks the network up most, or who reach most of it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from klaster.graph.network.centrality import EXACT_LIMIT
from klaster.graph.network.connectivity import blocks
from klaster.graph.network.groups import nearness, reach
from klaster.graph.network.network import Figures, Network, Places, lengths, rows_of
from klaster.graph.network.paths import harmonic_downstream, harmonic_sum, steps_from
from klaster.ontology.faults import Fault

_TRIED: Final = 1_000
"""Up to so many sets with one actor less are all tried: then what is found is the best."""
_WHOLE: Final = 2_000
"""Up to so many actors the distances between all are kept."""
CANDIDATES: Final = 100
"""Where nearness of all to all is not measured so many actors are tried, those with most within two steps."""


@dataclass(frozen=True)
class KeyPlayers:
    """A set of actors, its value, and what no set of as many can exceed.

    Attributes
    ----------
    actors
        Positions, in the order in which they were chosen.
    value
        What the set is worth.
    bound
        No set of as many actors is worth more. Equal to ``value`` if the set is proven the best.
    """

    actors: Places
    value: float
    bound: float

    @property
    def exact(self) -> bool:
        """Whether no set of as many actors is worth more."""
        return self.bound <= self.value


def fragmentation(network: Network, removed: Places) -> float:
    r"""Return the share of the pairs of remaining actors that have no path between them.

    .. math:: F = 1 - \frac{\sum_c s_c (s_c - 1)}{n (n - 1)}

    over the parts that are left when some actors are removed, and the *n* actors left.

    Examples
    --------
    >>> star = Network.from_pairs([("hub", leaf) for leaf in "abc"])
    >>> fragmentation(star, np.array([3]))
    1.0

    References
    ----------
    Borgatti (2006), https://doi.org/10.1007/s10588-006-7084-x
    """
    left = network.size - len(np.unique(removed))
    _, part = connected_components(_thinned(network, removed), connection="strong")
    return _fragmented(_pairs(np.bincount(part)), left)


def _pairs(sizes: Places) -> float:
    return float((sizes.astype(np.float64) * (sizes - 1)).sum())


def _fragmented(pairs: float, left: int) -> float:
    return 1 - pairs / (left * (left - 1)) if left > 1 else 1.0


def _thinned(network: Network, removed: Places) -> csr_array:
    """Return the ties without those of some actors, who stand alone then."""
    there = np.ones(network.size, dtype=bool)
    there[removed] = False
    ties = network.ties
    rows, columns = rows_of(ties), ties.indices
    kept = there[rows] & there[columns]
    ends = (rows[kept], columns[kept])
    return csr_array((ties.data[kept], ends), shape=ties.shape)


def distance_fragmentation(network: Network, removed: Places) -> float:
    r"""Return how far apart the remaining actors are: 0 if all are linked, 1 if none.

    .. math:: DF = 1 - \frac{\sum_{i \ne j} 1 / d_{ij}}{n (n - 1)}

    Direction is left out of account.

    Examples
    --------
    >>> path = Network.from_pairs([("a", "b"), ("b", "c"), ("c", "d")])
    >>> round(distance_fragmentation(path, np.array([1])), 4)
    0.6667

    References
    ----------
    Borgatti (2006), https://doi.org/10.1007/s10588-006-7084-x
    """
    left = network.size - len(np.unique(removed))
    near = harmonic_sum(_thinned(network, removed)).sum()
    return float(1 - near / (left * (left - 1))) if left > 1 else 1.0


def key_players_to_remove(network: Network, count: int) -> KeyPlayers:
    """Return the actors whose loss together breaks the network up most (KPP-Neg).

    Chosen one by one, then each is exchanged for a better one as long as there is any. On small
    networks all sets are tried and the best is proven; else ``bound`` is 1, as no better one is
    known: the greedy choice has no guarantee here.

    Examples
    --------
    >>> edges = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")]
    >>> found = key_players_to_remove(Network.from_pairs(edges), 1)
    >>> found.actors.tolist(), round(found.value, 4), found.exact
    ([2], 0.6667, True)

    References
    ----------
    Borgatti (2006), https://doi.org/10.1007/s10588-006-7084-x
    """
    chosen, proven = _searched(lambda others: _after_one_more(network, others), network.size, count)
    value = fragmentation(network, chosen)
    return KeyPlayers(chosen, value, value if proven else 1.0)


def _after_one_more(network: Network, removed: Places) -> Figures:
    """Return the fragmentation when each actor is removed beside some others."""
    size = network.size
    ties = _thinned(network, removed)
    _, part = connected_components(ties, connection="strong")
    sizes = np.bincount(part)
    whole = sizes[part].astype(np.float64)
    found = blocks(ties)
    inner = np.flatnonzero(found.parent < size)
    above = found.parent[inner]
    # Of those below an actor, a block of which it is the top falls off when it goes.
    top = (found.parent[above] == size) | (found.block[inner] != found.block[above])
    piece = np.bincount(found.block[inner[top]], found.below[inner[top]], size)
    head = np.zeros(size, dtype=np.int64)
    head[found.block[inner[top]]] = above[top]
    rest = whole - 1 - np.bincount(head, piece, size)
    pairs = np.bincount(head, piece * (piece - 1), size) + rest * (rest - 1)
    after = _pairs(sizes) - whole * (whole - 1) + pairs
    left = size - len(removed) - 1
    figures = 1 - after / (left * (left - 1)) if left > 1 else np.ones(size)
    figures[removed] = -np.inf
    return figures


def key_players_to_reach(network: Network, count: int) -> KeyPlayers:
    """Return the actors from whom together most of the network is near (KPP-Pos).

    Chosen one by one: such a set reaches at least 1 - 1/e (63 %) of what the best one does
    (Nemhauser, Wolsey and Fisher), and ``bound`` tells how much the best one can reach at most,
    by what each actor would still add. On small networks all sets are tried. On those of more
    than ``EXACT_LIMIT`` actors only the ``CANDIDATES`` with the most others within two steps are:
    then a better set may have been passed over, and ``bound`` says little.

    Examples
    --------
    >>> edges = [("a", "b"), ("b", "c"), ("d", "e"), ("e", "f")]
    >>> found = key_players_to_reach(Network.from_pairs(edges, directed=False), 2)
    >>> found.actors.tolist(), found.value, found.exact
    ([1, 4], 1.0, True)

    References
    ----------
    Borgatti (2006), https://doi.org/10.1007/s10588-006-7084-x;
    Nemhauser, Wolsey and Fisher (1978), https://doi.org/10.1007/BF01588971
    """
    if network.size > _WHOLE:
        chosen, gains = _reached_greedily(network, count)
        proven = False
    else:
        near = np.array([_near(network, actor) for actor in range(network.size)])

        def with_one_more(others: Places) -> Figures:
            got = near[others].max(axis=0, initial=0)
            return _barred(np.maximum(near, got).sum(axis=1), others)

        chosen, proven = _searched(with_one_more, network.size, count)
        gains = np.maximum(near - near[chosen].max(axis=0, initial=0), 0).sum(axis=1)
    value = reach(network, chosen)
    most = min(1.0, value + float(np.sort(gains)[::-1][:count].sum()) / max(network.size, 1))
    return KeyPlayers(chosen, value, value if proven else most)


def _barred(figures: Figures, places: Places) -> Figures:
    figures[places] = -np.inf
    return figures


def _reached_greedily(network: Network, count: int) -> tuple[Places, Figures]:
    """Return actors chosen one by one, and what each would add at most after them.

    What an actor adds never grows, so that only those that once promised most are tried anew.
    """
    if network.size > EXACT_LIMIT:
        gains = _at_most_near(network)
        tried = np.argsort(-gains, kind="stable")[: max(CANDIDATES, 2 * count)]
    else:
        gains, tried = harmonic_downstream(network) + 1, np.arange(network.size)
    got: Figures = np.zeros(network.size)
    chosen: list[int] = []
    while len(chosen) < min(count, len(tried)):
        fresh: set[int] = set()
        while True:
            best = int(tried[np.argmax(gains[tried])])
            if best in fresh:
                break
            near = _near(network, best)
            gains[best] = np.maximum(near - got, 0).sum()
            fresh.add(best)
        chosen.append(best)
        got = np.maximum(got, _near(network, best))
        gains[best] = -np.inf
    gains[chosen] = 0
    return np.array(chosen, dtype=np.int64), gains


def _at_most_near(network: Network) -> Figures:
    """Return what each actor reaches at most, as if all beyond its second step were at its third."""
    direct = lengths(network.arcs)
    # Who is met again is counted again: no more than all are there.
    second = np.minimum(network.arcs @ direct, network.size - 1 - direct)
    most: Figures = 1 + direct + second / 2 + (network.size - 1 - direct - second) / 3
    return most


def _near(network: Network, actor: int) -> Figures:
    return nearness(steps_from(network, np.array([actor])))


def _searched(
    with_one_more: Callable[[Places], Figures], size: int, count: int
) -> tuple[Places, bool]:
    """Return the best set found, and whether all were tried.

    ``with_one_more`` tells what a set is worth with each actor added.
    """
    if not 0 < count < size:
        raise Fault("fault.key-players", count=count, most=size - 1)
    if math.comb(size, count - 1) <= _TRIED:
        sets = itertools.combinations(range(size), count - 1)
        tried = (_completed(with_one_more, np.array(one, dtype=np.int64)) for one in sets)
        return np.sort(max(tried, key=lambda pair: round(pair[1], 12))[0]), True
    chosen = np.zeros(0, dtype=np.int64)
    for _ in range(count):
        chosen, value = _completed(with_one_more, chosen)
    for better, worth in _exchanges(with_one_more, chosen, value):
        chosen, value = better, worth
    return chosen, False


def _completed(with_one_more: Callable[[Places], Figures], others: Places) -> tuple[Places, float]:
    worth = with_one_more(others)
    best = int(np.argmax(np.round(worth, 12)))
    return np.append(others, best), float(worth[best])


def _exchanges(
    with_one_more: Callable[[Places], Figures], chosen: Places, value: float
) -> Iterator[tuple[Places, float]]:
    """Yield ever better sets, each with one actor exchanged."""
    waiting = len(chosen)
    at = 0
    while waiting:
        others = np.delete(chosen, at)
        better, worth = _completed(with_one_more, others)
        waiting -= 1
        if worth > value + 1e-12:
            # The new one stands last; every other is tried again.
            chosen, value = better, worth
            waiting, at = len(chosen) - 1, 0
            yield chosen, value
        else:
            at += 1
