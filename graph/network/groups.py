"""Groups of actors measured as one: with how many they have links, how near, how much between."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from klaster.graph.network.network import Figures, Network, Places, like, rows_of
from klaster.graph.network.paths import count_paths, steps_from

_BLOCK = 64


def group_degree(network: Network, group: Places) -> float:
    """Return the share of the others with whom at least one of a group has a link.

    Examples
    --------
    >>> path = Network.from_pairs([("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")])
    >>> group_degree(path, np.array([1, 3]))
    1.0

    References
    ----------
    Everett and Borgatti (1999), https://doi.org/10.1080/0022250X.1999.9990219
    """
    met = np.zeros(network.size, dtype=bool)
    rows = network.ties[np.unique(group)]
    met[rows.indices] = True
    met[group] = False
    others = network.size - len(np.unique(group))
    return float(met.sum() / others) if others else float("nan")


def group_closeness(network: Network, group: Places) -> float:
    """Return the inverse of the mean number of steps from the nearest of a group to the others.

    Links are followed in their direction. Not defined (NaN) where some are not reached: use
    ``reach`` there.

    Examples
    --------
    >>> path = Network.from_pairs([("a", "b"), ("b", "c"), ("c", "d")], directed=False)
    >>> group_closeness(path, np.array([0]))
    0.5

    References
    ----------
    Everett and Borgatti (1999), https://doi.org/10.1080/0022250X.1999.9990219
    """
    steps = steps_from(network, group)
    total = float(steps.sum())
    others = network.size - len(np.unique(group))
    return others / total if total and (steps >= 0).all() else float("nan")


def reach(network: Network, group: Places) -> float:
    r"""Return how much of the network a group reaches, nearer actors counting more.

    .. math:: R = \frac{1}{n} \sum_v \frac{1}{d(K, v)}

    along the links, where members of the group count 1 as do those at one step.

    Examples
    --------
    >>> reach(Network.from_pairs([("a", "b"), ("b", "c")]), np.array([0])).__round__(4)
    0.8333

    References
    ----------
    Borgatti (2006), https://doi.org/10.1007/s10588-006-7084-x
    """
    return float(nearness(steps_from(network, group)).mean()) if network.size else float("nan")


def nearness(steps: Places) -> Figures:
    """Return 1 over numbers of steps; 1 for none, 0 where no path leads (-1)."""
    return np.where(steps < 0, 0.0, 1 / np.maximum(steps, 1))


def group_betweenness(network: Network, group: Places) -> float:
    r"""Return the share of the shortest paths between others that pass through a group.

    .. math:: B(C) = \frac{1}{(n-c)(n-c-1)} \sum_{s, t \notin C} \frac{\sigma_{st}(C)}{\sigma_{st}}

    Examples
    --------
    >>> path = Network.from_pairs([("a", "b"), ("b", "c")], directed=False)
    >>> group_betweenness(path, np.array([1]))
    1.0

    References
    ----------
    Everett and Borgatti (1999), https://doi.org/10.1080/0022250X.1999.9990219
    """
    outside = np.ones(network.size, dtype=bool)
    outside[group] = False
    others = np.flatnonzero(outside)
    if len(others) < 2:
        return float("nan")
    inward = network.inward
    past = outside[rows_of(inward)] & outside[inward.indices]
    around = like(inward, np.where(past, 1.0, 0.0))
    total = 0.0
    for sources in np.array_split(others, range(_BLOCK, len(others), _BLOCK)):
        paths, steps = _paths(inward, sources)
        left, longer = _paths(around, sources)
        free = np.where((steps == longer) & (steps > 0), left, 0.0)
        share = np.divide(free, paths, out=np.ones_like(paths), where=paths > 0)
        total += float((1 - share)[others][steps[others] > 0].sum())
    return total / (len(others) * (len(others) - 1))


def _paths(inward: csr_array, sources: Places) -> tuple[Figures, NDArray[np.int64]]:
    paths, levels = count_paths(inward, sources)
    steps = np.zeros(paths.shape, dtype=np.int64)
    for number, level in enumerate(levels):
        steps[level] = number
    return paths, steps
