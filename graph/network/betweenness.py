"""Betweenness: who stands on the shortest paths between others.

Every link is one step, whatever its strength: a strong tie is not a long one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from klaster.graph.network.network import Figures, Measured, Network, Places, cells

_WIDTH = 32
"""From so many actors at once are paths counted: what is held of them fits a processor's cache."""
_DEAR = 64
"""Following one link from one actor costs as much as so many in a product of whole matrices."""


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
    figures: Figures = np.zeros(network.size)
    # From an actor without a link onward no path leads.
    sources = np.flatnonzero(np.diff(network.arcs.indptr))
    sweep = None
    for first in range(0, len(sources), _WIDTH):
        block = sources[first : first + _WIDTH]
        if sweep is None or sweep.width != len(block):
            sweep = _Sweep(network.arcs, network.inward, len(block))
        figures += sweep.dependency(block)
    return figures / max((network.size - 1) * (network.size - 2), 1)


@dataclass(frozen=True)
class _Level:
    """Who is reached after a number of steps, and on how many shortest paths.

    Where few are, ``held`` says at which cells of (actors, sources), row after row, and ``paths``
    are theirs; where many are, ``held`` is None and ``paths`` the whole matrix, else 0.
    """

    held: Places | None
    paths: Figures


class _Sweep:
    """Follows the shortest paths from a block of sources, in the same memory for each block.

    Most actors are reached after three or four steps: there all cells are worked on at once. At
    the first and the last steps only the few cells are that anything happens in.
    """

    def __init__(self, arcs: csr_array, inward: csr_array, width: int) -> None:
        self.arcs, self.inward, self.width = arcs, inward, width
        self.size = int(arcs.shape[0])
        shape = (self.size, width)
        self.paths, self.unmet = np.empty(shape), np.empty(shape)
        self.inverse, self.weight, self.total = np.empty(shape), np.zeros(shape), np.empty(shape)
        self.now = np.empty(shape, dtype=bool)
        self.spare: list[Figures] = []

    def dependency(self, sources: Places) -> Figures:
        """Return how much the shortest paths from the sources depend on each actor (Brandes)."""
        levels = self._levels(sources)
        np.maximum(self.paths, 1, out=self.inverse)
        np.reciprocal(self.inverse, out=self.inverse)
        self.total.fill(0)
        figures: Figures = np.zeros(self.size)
        passed: Figures | None = None
        for later, earlier in zip(levels[:1:-1], levels[-2:0:-1], strict=True):
            passed = self._passed(later, earlier, passed)
            if earlier.held is None:
                self.total += passed
            else:
                figures += np.bincount(earlier.held // self.width, passed, self.size)
        self.spare += [level.paths for level in levels if level.held is None]
        figures += self.total.sum(axis=1)
        return figures

    def _levels(self, sources: Places) -> list[_Level]:
        """Return who is reached after 0, 1, 2 ... steps."""
        self.paths.fill(0)
        self.unmet.fill(1)
        held = sources * self.width + np.arange(self.width)
        levels = [_Level(held, np.ones(len(held)))]
        while True:
            found = levels[-1]
            if found.held is None:
                self.paths += found.paths
                np.less_equal(self.paths, 0, out=self.now)
                np.copyto(self.unmet, self.now)
            elif len(found.held):
                self.paths.ravel()[found.held] = found.paths
                self.unmet.ravel()[found.held] = 0
            else:
                return levels[:-1]
            levels.append(self._onward(found))

    def _onward(self, level: _Level) -> _Level:
        """Return who is reached one step after those of a level, and not before."""
        if level.held is not None:
            near = self._near(self.arcs, level.held)
            if near is not None:
                to, owner = near
                fresh = self.unmet.ravel()[to] > 0
                held, place = np.unique(to[fresh], return_inverse=True)
                paths = np.bincount(place, level.paths[owner[fresh]], len(held))
                return _Level(held, paths.astype(np.float64, copy=False))
        front = self._filled(level.held, level.paths)
        found = self.spare.pop() if self.spare else np.empty_like(self.paths)
        np.multiply(self.inward @ front, self.unmet, out=found)
        self._emptied(level.held)
        np.greater(found, 0, out=self.now)
        if np.count_nonzero(self.now) * _DEAR >= self.now.size:
            return _Level(None, found)
        held = np.flatnonzero(self.now)
        self.spare.append(found)
        return _Level(held, found.ravel()[held])

    def _passed(self, later: _Level, earlier: _Level, dependency: Figures | None) -> Figures:
        """Return how much the paths depend on those of a level, from the level after it.

        ``dependency`` is that of the later level, None at the last; both are shaped as the paths
        of their levels.
        """
        if later.held is None:
            weight = np.multiply(later.paths, self.inverse, out=self.weight)
            if dependency is not None:
                weight += dependency
            weight *= self.inverse
            passed = self.arcs @ weight
            weight.fill(0)
        else:
            weight = (1 if dependency is None else 1 + dependency) / later.paths
            near = self._near(self.inward, later.held)
            if near is not None:
                to, owner = near
                passed = np.bincount(to, weight[owner], self.paths.size).reshape(self.paths.shape)
            else:
                passed = self.arcs @ self._filled(later.held, weight)
                self._emptied(later.held)
        at_earlier: Figures = passed if earlier.held is None else passed.ravel()[earlier.held]
        at_earlier *= earlier.paths
        return at_earlier

    def _near(self, links: csr_array, held: Places) -> tuple[Places, Places] | None:
        """Return to which cells links lead from some, and from which of them; None if too many."""
        row = held // self.width
        lengths = links.indptr[row + 1] - links.indptr[row]
        if int(lengths.sum()) * _DEAR >= links.nnz * self.width:
            return None
        owner = np.repeat(np.arange(len(held)), lengths)
        column = (held - row * self.width)[owner]
        return links.indices[cells(links, row)].astype(np.int64) * self.width + column, owner

    def _filled(self, held: Places | None, values: Figures) -> Figures:
        """Return the matrix with values at some cells and 0 elsewhere."""
        if held is None:
            return values
        self.weight.ravel()[held] = values
        return self.weight

    def _emptied(self, held: Places | None) -> None:
        """Take back what was filled in."""
        if held is not None:
            self.weight.ravel()[held] = 0


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
