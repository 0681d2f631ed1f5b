"""The leading eigenvector of a sparse matrix without negative cells, where it is unique."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator, eigsh

from klaster.graph.network.network import Figures, Places
from klaster.graph.network.reach import reached, together

_DENSE_LIMIT = 64
"""Up to this many rows eigenvectors are found on the full matrix."""
_STEPS = 24
"""After so many products the search goes on with restarts, which keep fewer vectors."""
_EXACT = 1e-14
"""How far Ax may be from λx, as a share of λ: about what rounding leaves."""
_NEAR = 1e-11
"""Within this it may stop short of that: in very large networks rounding leaves more."""


def leading(matrix: csr_array, turned: csr_array | None) -> Figures | None:
    """Return the leading eigenvector of symmetric A, or of A by ``turned``, its transpose.

    Its length is 1. It is None where the vector is not unique. On rows that hang together it is;
    so it is on all if those that do not hang together with its chief row have no eigenvalue as
    large.

    Examples
    --------
    >>> leading(csr_array(np.array([[0.0, 1.0], [1.0, 0.0]])), None).round(4).tolist()
    [0.7071, 0.7071]
    """
    if not matrix.nnz:
        return None
    value, vector = _solved(matrix, turned)
    chief = int(vector.argmax())
    one = reached(matrix, matrix, chief) if turned is None else together(matrix, turned, chief)
    others = np.flatnonzero((np.diff(matrix.indptr) > 0) & ~one)
    if len(others) and _growth(matrix, turned, others) > value * (1 - 1e-9):
        return None
    figures = np.where(one, vector, 0.0)
    return np.asarray(figures / np.linalg.norm(figures))


def _growth(matrix: csr_array, turned: csr_array | None, rows: Places) -> float:
    """Return the largest eigenvalue on some rows."""
    rest = matrix[rows]
    if turned is None:
        return _solved(rest[:, rows], None)[0]
    return _solved(rest, csr_array(rest.T))[0]


def _solved(matrix: csr_array, turned: csr_array | None) -> tuple[float, Figures]:
    """Return the largest eigenvalue of A, or of A by ``turned``, and its vector without sign."""
    size = int(matrix.shape[0])
    if size <= _DENSE_LIMIT:
        whole = (matrix if turned is None else matrix @ turned).toarray()
        values, vectors = np.linalg.eigh(whole)
        return float(values[-1]), np.abs(vectors[:, -1])

    def product(vector: Figures) -> Figures:
        return np.asarray(matrix @ (vector if turned is None else turned @ vector))

    # Not far from the leading vector where large actors are linked with large ones.
    value, figures, exact = _lanczos(product, np.diff(matrix.indptr).astype(np.float64))
    if not exact:
        operator = LinearOperator((size, size), matvec=product, dtype=np.float64)
        # "LA": the largest, not the largest in size, which on a bipartite network may be -λ.
        values, vectors = eigsh(operator, k=1, which="LA", v0=figures, ncv=20)
        value, figures = float(values[0]), vectors[:, 0]
    return value, np.abs(figures)


def _lanczos(product: Callable[[Figures], Figures], start: Figures) -> tuple[float, Figures, bool]:
    """Return the largest eigenvalue of a symmetric matrix, its vector, and whether it is exact.

    The vectors are made at right angles to the last two only: they lose their right angles to the
    rest no sooner than the leading vector is found, and then the search is over.

    References
    ----------
    Parlett (1998), The Symmetric Eigenvalue Problem, https://doi.org/10.1137/1.9781611971163
    """
    vectors = [start / np.linalg.norm(start)]
    middle: list[float] = []
    beside: list[float] = []
    nearest, value, mixture = np.inf, 0.0, np.ones(1)
    while True:
        following = product(vectors[-1])
        if beside:
            following -= beside[-1] * vectors[-2]
        middle.append(float(following @ vectors[-1]))
        following -= middle[-1] * vectors[-1]
        length = float(np.linalg.norm(following))
        inner = np.diag(middle) + np.diag(beside, 1) + np.diag(beside, -1)
        values, combined = np.linalg.eigh(inner)
        apart = length * abs(float(combined[-1, -1])) / float(values[-1])
        if apart < nearest:
            nearest, value, mixture = apart, float(values[-1]), combined[:, -1]
        # Once it is as near as rounding lets it come, the right angles are lost and it goes away.
        over = nearest <= _EXACT or (nearest <= _NEAR and apart > 10 * nearest)
        if over or len(middle) == _STEPS:
            break
        beside.append(length)
        vectors.append(following / length)
    figures: Figures = np.zeros(len(start))
    for weight, vector in zip(mixture.tolist(), vectors, strict=False):
        figures += weight * vector
    return value, figures, over
