"""Measures on shortest paths: who is near.

Every link is one step, whatever its strength: a strong tie is not a long one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from klaster.graph.network.network import Figures, Network, Places, cells

Bits = NDArray[np.uint64]


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
