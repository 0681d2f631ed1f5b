"""Measures on shortest paths: who is near, and who stands between.

Every link is one step, whatever its strength: a strong tie is not a long one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from klaster.graph.network.network import Figures, Measured, Network, Places, cells

Bits = NDArray[np.uint64]

_BLOCK = 64
"""From so many actors at once are shortest paths counted: it fits a processor's cache."""


def harmonic_upstream(network: Network) -> Figures:
    r"""Sum, over all actors from which links lead to each, of 1 over the number of steps.

    .. math:: H_t = \sum_{s \ne t} 1 / d(s, t)

    High: many of those on whom it depends, directly or through others, are near. An actor that
    is not reached adds 0, so that it is defined on a network in several parts.

    Examples
    --------
    >>> harmonic_upstream(Network.from_pairs([("a", "b"), ("b", "c")])).tolist()
    [0.0, 1.0, 1.5]

    References
    ----------
    Marchiori and Latora (2000), https://doi.org/10.1016/S0378-4371(00)00311-3
    """
    return harmonic_sum(network.inward)


def harmonic_downstream(network: Network) -> Figures:
    r"""Sum, over all actors to which links lead from each, of 1 over the number of steps.

    .. math:: H_s = \sum_{t \ne s} 1 / d(s, t)

    Examples
    --------
    >>> harmonic_downstream(Network.from_pairs([("a", "b"), ("b", "c")])).tolist()
    [1.5, 1.0, 0.0]

    References
    ----------
    Marchiori and Latora (2000), https://doi.org/10.1016/S0378-4371(00)00311-3
    """
    return harmonic_sum(network.arcs)


def harmonic_sum(neighbours: csr_array) -> Figures:
    """Return the sum, over all whom each row meets in some steps, of 1 over their number."""
    figures: Figures = np.zeros(int(neighbours.shape[0]))
    for step, reached in waves(neighbours):
        figures += reached / step
    return figures


def closeness(network: Network) -> Figures:
    r"""Inverse of the mean number of steps to each actor from those who reach it.

    .. math:: C_t = \frac{r_t}{n-1} \cdot \frac{r_t}{\sum_{s} d(s, t)}

    with *r* the number of others who reach it: scaled by their share (Wasserman and Faust), so
    that it can be read on a network in several parts; there harmonic closeness is the plainer
    figure.

    Examples
    --------
    >>> closeness(Network.from_pairs([("a", "b"), ("b", "c")])).round(4).tolist()
    [0.0, 0.5, 0.6667]

    References
    ----------
    Wasserman and Faust (1994), https://doi.org/10.1017/CBO9780511815478
    """
    return _closeness(network.inward)


def closeness_downstream(network: Network) -> Figures:
    """Inverse of the mean number of steps from each actor to those it reaches, as ``closeness``.

    Examples
    --------
    >>> closeness_downstream(Network.from_pairs([("a", "b"), ("b", "c")])).round(4).tolist()
    [0.6667, 0.5, 0.0]
    """
    return _closeness(network.arcs)


def _closeness(neighbours: csr_array) -> Figures:
    size = int(neighbours.shape[0])
    others, total = np.zeros(size), np.zeros(size)
    for step, reached in waves(neighbours):
        others += reached
        total += reached * step
    near: Figures = np.divide(others, total, out=np.zeros(size), where=total > 0)
    return near * (others / max(size - 1, 1))


def waves(neighbours: csr_array) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield numbers of steps, and how many new actors each actor meets after so many.

    A step may be yielded more than once: actors are met in blocks, a bit each. ``neighbours``
    leads from an actor to those whom it meets in one step.
    """
    size = int(neighbours.shape[0])
    asking = np.flatnonzero(np.diff(neighbours.indptr))
    starts, columns = neighbours.indptr[asking], neighbours.indices
    # What is gathered for a block takes at most 64 MB.
    words = max(1, min(8, 8_000_000 // max(neighbours.nnz, 1)))
    for first in range(0, size, words * 64):
        front = _own_bits(size, first, words)
        met = front.copy()
        step = 0
        while True:
            step += 1
            following = np.zeros_like(front)
            following[asking] = _union(front, columns, starts)
            following &= ~met
            reached = np.bitwise_count(following).sum(axis=1, dtype=np.int64)
            if not reached.any():
                break
            yield step, reached
            met |= following
            front = following


def _union(bits: Bits, columns: Places, starts: Places) -> Bits:
    """Return, for each span of columns, the bits that any of them has."""
    if not len(starts):
        return np.zeros((0, bits.shape[1]), dtype=np.uint64)
    found: Bits = np.bitwise_or.reduceat(bits[columns], starts, axis=0)
    return found


def _own_bits(size: int, first: int, words: int) -> Bits:
    """Return a bit for each of some actors, set in its own row."""
    bits: Bits = np.zeros((size, words), dtype=np.uint64)
    block = np.arange(first, min(first + words * 64, size))
    offset = block - first
    bits[block, offset // 64] = np.left_shift(np.uint64(1), (offset % 64).astype(np.uint64))
    return bits


def steps_from(network: Network, sources: Places) -> NDArray[np.int64]:
    """Return the number of steps from the nearest of some actors to each; -1 where none leads.

    Examples
    --------
    >>> steps_from(Network.from_pairs([("a", "b"), ("b", "c")]), np.array([1])).tolist()
    [-1, 0, 1]
    """
    steps = np.full(network.size, -1, dtype=np.int64)
    front, step = np.unique(sources), 0
    while len(front):
        steps[front] = step
        met = network.arcs.indices[cells(network.arcs, front)]
        front = np.unique(met[steps[met] < 0]).astype(np.int64)
        step += 1
    return steps


def betweenness(network: Network) -> Figures:
    r"""Share of the shortest paths between pairs of other actors that pass through each actor.

    .. math:: b_v = \frac{1}{(n-1)(n-2)} \sum_{s \ne v \ne t} \frac{\sigma_{st}(v)}{\sigma_{st}}

    High: others meet through it, so that it can join or hold up. 1 for the centre of a star.
    Pairs without a path between them count as not passing through anybody.

    Examples
    --------
    >>> betweenness(Network.from_pairs([("a", "b"), ("b", "c")])).tolist()
    [0.0, 0.5, 0.0]

    References
    ----------
    Freeman (1977), https://doi.org/10.2307/3033543;
    Brandes (2001), https://doi.org/10.1080/0022250X.2001.9990249
    """
    size = network.size
    figures: Figures = np.zeros(size)
    inward = network.inward
    for first in range(0, size, _BLOCK):
        sources = np.arange(first, min(first + _BLOCK, size))
        paths, levels = count_paths(inward, sources)
        figures += _dependency(network.arcs, sources, paths, levels)
    return figures / max((size - 1) * (size - 2), 1)


def count_paths(inward: csr_array, sources: Places) -> tuple[Figures, list[NDArray[np.bool_]]]:
    """Return how many shortest paths lead from each source (a column) to each actor (a row).

    Beside them stands, for each number of steps, who is reached after so many.
    """
    shape = (int(inward.shape[0]), len(sources))
    front = np.zeros(shape)
    front[sources, np.arange(len(sources))] = 1
    paths = front.copy()
    levels = [front > 0]
    unmet = ~levels[0]
    while True:
        front = inward @ front
        front *= unmet
        now = front > 0
        if not now.any():
            return paths, levels
        unmet &= ~now
        paths += front
        levels.append(now)


def _dependency(
    arcs: csr_array, sources: Places, paths: Figures, levels: list[NDArray[np.bool_]]
) -> Figures:
    """Return how much the paths from some sources depend on each actor (Brandes)."""
    share = np.divide(1.0, paths, out=np.zeros_like(paths), where=paths > 0)
    dependency = np.zeros_like(paths)
    for later, earlier in zip(levels[:1:-1], levels[-2:0:-1], strict=True):
        passed = arcs @ ((1 + dependency) * share * later)
        passed *= paths
        passed *= earlier
        dependency += passed
    return np.asarray(dependency.sum(axis=1))


def betweenness_sampled(
    network: Network, *, samples: int = 10_000, confidence: float = 0.9, seed: int = 0
) -> Measured:
    """Betweenness estimated from one random shortest path for each of many random pairs.

    The pairs are drawn as by Riondato and Kornaropoulos; a figure's limits are the exact ones
    of a share (Clopper and Pearson), widened so that they hold for all actors at once
    (Bonferroni). They shrink with the square root of ``samples``.

    Examples
    --------
    >>> found = betweenness_sampled(Network.from_pairs([("a", "b"), ("b", "c")]), samples=600)
    >>> bool(found.low[1] < 0.5 < found.high[1])
    True

    References
    ----------
    Riondato and Kornaropoulos (2016), https://doi.org/10.1007/s10618-015-0423-0;
    Clopper and Pearson (1934), https://doi.org/10.1093/biomet/26.4.404
    """
    size = network.size
    chance = np.random.default_rng(seed)
    walker = _Walker(network.arcs, network.inward)
    hits = np.zeros(size, dtype=np.int64)
    if size > 2:
        start = chance.integers(0, size, samples)
        end = (start + chance.integers(1, size, samples)) % size
        for source, target in zip(start.tolist(), end.tolist(), strict=True):
            hits[walker.inner(source, target, chance)] += 1
    low, high = _limits(hits, samples, (1 - confidence) / max(size, 1))
    # A pair of others is n / (n - 2) times as likely among the pairs without this actor.
    scale = size / max(size - 2, 1)
    figures = hits / samples * scale
    return Measured(figures, low * scale, np.minimum(high * scale, 1), confidence, samples)


def _limits(hits: NDArray[np.int64], samples: int, failure: float) -> tuple[Figures, Figures]:
    """Return the exact limits of shares of which ``hits`` of ``samples`` were seen."""
    from scipy.special import betaincinv

    seen, place = np.unique(hits, return_inverse=True)
    some, rest = np.maximum(seen, 1), np.maximum(samples - seen, 1)
    low = np.where(seen > 0, betaincinv(some, samples - seen + 1, failure / 2), 0.0)
    high = np.where(seen < samples, betaincinv(seen + 1, rest, 1 - failure / 2), 1.0)
    return low[place], high[place]


class _Walker:
    """Draws random shortest paths, searching from both ends at once."""

    def __init__(self, arcs: csr_array, inward: csr_array) -> None:
        size = int(arcs.shape[0])
        self.sides = (arcs, inward)
        self.degree = tuple(np.diff(matrix.indptr) for matrix in self.sides)
        self.steps = (np.full(size, -1), np.full(size, -1))
        self.paths = (np.zeros(size), np.zeros(size))

    def inner(self, source: int, target: int, chance: np.random.Generator) -> list[int]:
        """Return the actors between two on a shortest path drawn from all of theirs alike."""
        ends = ([np.array([source])], [np.array([target])])
        for side in (0, 1):
            self.steps[side][ends[side][0]] = 0
            self.paths[side][ends[side][0]] = 1
        found: list[int] = []
        meeting = self._search(ends)
        if len(meeting):
            weight = self.paths[0][meeting] * self.paths[1][meeting]
            middle = int(meeting[_drawn(weight, chance)])
            back = self._back(middle, 0, chance)
            onward = self._back(middle, 1, chance)
            found = [actor for actor in (*back, middle, *onward) if actor not in (source, target)]
        for side in (0, 1):
            for front in ends[side]:
                self.steps[side][front] = -1
        return found

    def _search(self, ends: tuple[list[Places], list[Places]]) -> Places:
        """Widen the cheaper of the two sides until they meet; return where, on one level."""
        while len(ends[0][-1]) and len(ends[1][-1]):
            cost = [self.degree[side][ends[side][-1]].sum() for side in (0, 1)]
            side = int(cost[1] < cost[0])
            self._widen(side, ends[side])
            front = ends[side][-1]
            met = front[self.steps[1 - side][front] >= 0]
            if len(met):
                # The other side's last level only: each path crosses it once.
                far = self.steps[1 - side][met]
                return np.asarray(met[far == far.min()])
        return np.zeros(0, dtype=np.int64)

    def _widen(self, side: int, fronts: list[Places]) -> None:
        matrix, steps, paths = self.sides[side], self.steps[side], self.paths[side]
        front = fronts[-1]
        met = matrix.indices[cells(matrix, front)]
        fresh = steps[met] < 0
        number = np.repeat(paths[front], self.degree[side][front])[fresh]
        following, place = np.unique(met[fresh], return_inverse=True)
        steps[following] = len(fronts)
        paths[following] = np.bincount(place, number, minlength=len(following))
        fronts.append(following.astype(np.int64))

    def _back(self, actor: int, side: int, chance: np.random.Generator) -> list[int]:
        """Return a path drawn from an actor back to the end of a side, that end included."""
        matrix, steps, paths = self.sides[1 - side], self.steps[side], self.paths[side]
        found = []
        while steps[actor] > 0:
            before = matrix.indices[matrix.indptr[actor] : matrix.indptr[actor + 1]]
            before = before[steps[before] == steps[actor] - 1]
            actor = int(before[_drawn(paths[before], chance)])
            found.append(actor)
        return found


def _drawn(weight: Figures, chance: np.random.Generator) -> int:
    """Return a position drawn in proportion to its weight."""
    total = np.cumsum(weight)
    return int(np.searchsorted(total, chance.random() * total[-1], side="right"))
