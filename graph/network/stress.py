"""Positions whose distances are those of a network, as nearly as a plane allows."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

Positions = NDArray[np.float64]

_PIVOTS: Final = 40
_STEPS: Final = 40
_STILL: Final = 2e-3


def hops(matrix: csr_array, *, weighted: bool = False) -> NDArray[np.float64]:
    """Return the length of the shortest way between every two nodes of a connected network."""
    return np.asarray(dijkstra(matrix, directed=False, unweighted=not weighted))


def by_distances(distances: NDArray[np.float64]) -> Positions:
    """Return the positions of least stress: each error weighs by the square of its distance.

    Parameters
    ----------
    distances
        Between every two of n nodes, (n, n).

    References
    ----------
    Gansner, Koren and North (2004), https://doi.org/10.1007/978-3-540-31843-9_25
    """
    size = len(distances)
    if size == 1:
        return np.zeros((1, 2))
    positions = _scaled(distances[:, :_PIVOTS])
    with np.errstate(divide="ignore"):
        weights = np.where(distances > 0, distances**-2.0, 0.0)
    laplacian = np.diag(weights.sum(axis=1)) - weights
    # One node is held where it is, which makes the matrix regular.
    factor = cho_factor(laplacian[1:, 1:])
    target = weights * distances
    before = np.inf
    for _ in range(_STEPS):
        gap = positions[:, None, :] - positions[None, :, :]
        length = np.hypot(gap[..., 0], gap[..., 1])
        stress = float((weights * (length - distances) ** 2).sum())
        if before - stress <= _STILL * stress:
            break
        before = stress
        share = target / np.where(length > 1e-9, length, np.inf)
        moved = share.sum(axis=1)[:, None] * positions - share @ positions
        positions = np.vstack([np.zeros((1, 2)), cho_solve(factor, moved[1:])])
    return positions


def by_pivots(matrix: csr_array) -> Positions:
    """Return rough positions of a large connected network, from its distances to a few nodes.

    References
    ----------
    Brandes and Pich (2006), https://doi.org/10.1007/978-3-540-70904-6_6
    """
    # Each pivot is the node furthest from those before.
    start = int(np.argmax(np.diff(matrix.indptr)))
    columns = [np.asarray(dijkstra(matrix, directed=False, indices=start, unweighted=True))]
    nearest = columns[0]
    while len(columns) < min(_PIVOTS, len(nearest)):
        pivot = int(np.argmax(nearest))
        found = np.asarray(dijkstra(matrix, directed=False, indices=pivot, unweighted=True))
        columns.append(found)
        nearest = np.minimum(nearest, found)
    return _scaled(np.column_stack(columns))


def _scaled(distances: NDArray[np.float64]) -> Positions:
    """Return the two directions in which distances to pivots vary most, in their own unit."""
    squared = distances**2
    centred = squared - squared.mean(axis=0) - squared.mean(axis=1)[:, None] + squared.mean()
    _, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, ::-1][:, :2]
    # An eigenvector has no sign of its own.
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])] < 0, -1.0, 1.0)
    found = centred @ axes
    if found.shape[1] < 2:
        found = np.column_stack([found, np.zeros(len(found))])
    spread = np.hypot(*(found - found.mean(axis=0)).T).mean() or 1.0
    found = found * (distances.mean() * 0.6 / spread)
    # Twins stand in the very same spot: a fixed nudge tells them apart.
    angles = np.arange(len(found)) * 2.399963
    return np.asarray(found + 0.05 * np.column_stack([np.cos(angles), np.sin(angles)]))
