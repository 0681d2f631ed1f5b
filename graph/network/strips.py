"""Matrices cut into strips of rows, and sweeps from strip to strip that solve x = A S x + 1."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array

from klaster.graph.network.network import Figures

_CELLS = 1 << 16
"""How many cells a strip has: enough that calling numpy for it costs little beside its product."""


class Strips:
    """A matrix as strips of rows with about as many cells each.

    Where all cells are alike every strip shares the figures of the first, so that only the
    places of its cells have to be read: two thirds of what there is to read.

    Examples
    --------
    >>> for rows, strip in Strips(csr_array(np.array([[0.0, 1.0], [1.0, 1.0]]))):
    ...     print(rows, (strip @ np.array([2.0, 3.0])).tolist())
    slice(0, 2, None) [3.0, 5.0]
    """

    def __init__(self, matrix: csr_array) -> None:
        size = int(matrix.shape[0])
        begins = np.searchsorted(matrix.indptr, np.arange(_CELLS, matrix.nnz, _CELLS))
        bounds = np.unique(np.concatenate([[0], begins, [size]])).tolist()
        alike = bool((matrix.data == matrix.data[:1]).all())
        self._strips = []
        for begin, end in itertools.pairwise(bounds):
            low, high = int(matrix.indptr[begin]), int(matrix.indptr[end])
            strip = csr_array((end - begin, matrix.shape[1]))
            # Set one by one: what is given to csr_array together it may copy.
            strip.data = matrix.data[: high - low] if alike else matrix.data[low:high]
            strip.indices = matrix.indices[low:high]
            strip.indptr = matrix.indptr[begin : end + 1] - low
            self._strips.append((slice(begin, end), strip))

    def __iter__(self) -> Iterator[tuple[slice, csr_array]]:
        """Yield the rows and the matrix of each strip."""
        return iter(self._strips)


def sweep(strips: Strips, share: Figures, figures: Figures, told: Figures) -> float:
    r"""Bring x nearer to the solution of x = A S x + 1, in place; return by how much in sum.

    Each strip is told what those before it have just become (Gauss and Seidel), so that far
    fewer sweeps are needed than if all of x were replaced at once.

    Parameters
    ----------
    strips
        A, no cell of it negative.
    share
        The diagonal of S, not negative. The solution is finite where AS has no eigenvalue of 1
        or more.
    figures, told
        x and Sx.

    Examples
    --------
    >>> strips = Strips(csr_array(np.array([[0.0, 0.0], [1.0, 0.0]])))
    >>> figures, told = np.ones(2), np.full(2, 0.5)
    >>> sweep(strips, np.full(2, 0.5), figures, told), figures.tolist()
    (0.5, [1.0, 1.5])

    References
    ----------
    Varga (2000), Matrix Iterative Analysis, https://doi.org/10.1007/978-3-642-05156-2 (the theorem
    of Stein and Rosenberg: where all at once comes nearer, strip by strip does, and no slower).
    """
    change = 0.0
    for rows, strip in strips:
        following = strip @ told
        following += 1
        np.multiply(following, share[rows], out=told[rows])
        before = figures[rows]
        before -= following
        np.abs(before, out=before)
        change += float(before.sum())
        figures[rows] = following
    return change
