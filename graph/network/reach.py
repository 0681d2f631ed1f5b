"""Who is reached along the links: from one actor on, or over and back between rows and columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from klaster.graph.network.network import Places, cells, spans

Marks = NDArray[np.bool_]
"""Whether each actor is among those meant."""

_LOOKS = 5
"""So many cells of a row are looked at one by one before all that are left."""


def reached(onward: csr_array, back: csr_array, start: int) -> Marks:
    """Tell whom an actor reaches, itself included; ``back`` is ``onward`` turned round.

    Examples
    --------
    >>> chain = csr_array(np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]]))
    >>> reached(chain, csr_array(chain.T), 1).tolist()
    [False, True, True]
    """
    seen = np.zeros(int(onward.shape[0]), dtype=bool)
    seen[start] = True
    front = np.array([start])
    left = back.nnz - _links(back, front)
    while len(front) and left:
        front = _step(onward, back, front, left, seen, seen)
        seen[front] = True
        left -= _links(back, front)
    return seen


def together(matrix: csr_array, turned: csr_array, start: int) -> Marks:
    """Tell which rows hang together with one: directly or through others they share a column.

    Examples
    --------
    Of three suppliers two share a buyer.

    >>> supplies = csr_array(np.array([[1, 0], [1, 0], [0, 1]]))
    >>> together(supplies, csr_array(supplies.T), 0).tolist()
    [True, True, False]
    """
    # The rows on one side, the columns on the other.
    sides = (matrix, turned)
    seen = [np.zeros(int(side.shape[0]), dtype=bool) for side in sides]
    seen[0][start] = True
    front = np.array([start])
    left = [matrix.nnz - _links(matrix, front), turned.nnz]
    here = 0
    while len(front) and left[1 - here]:
        onward, back = sides[here], sides[1 - here]
        there = 1 - here
        front = _step(onward, back, front, left[there], seen[here], seen[there])
        seen[there][front] = True
        left[there] -= _links(back, front)
        here = there
    return seen[0]


def _links(matrix: csr_array, rows: Places) -> int:
    return int((matrix.indptr[rows + 1] - matrix.indptr[rows]).sum(dtype=np.int64))


def _step(
    onward: csr_array, back: csr_array, front: Places, left: int, here: Marks, there: Marks
) -> Places:
    """Return who is met for the first time, one step from the front.

    ``here`` marks all who are seen where the front is, ``there`` where the step leads. Where the
    front has many links it is cheaper to ask each of the others who leads to it: ``left`` is
    how many links lead to them, of whom most find one seen among the first few.
    """
    if _links(onward, front) * _LOOKS <= left:
        met = onward.indices.take(cells(onward, front))
        met = met.take(np.flatnonzero(~there.take(met)))
        if len(met) < len(there) // 16:
            return np.unique(met).astype(np.int64)
        fresh = np.zeros_like(there)
        fresh[met] = True
        return np.flatnonzero(fresh)
    return _asked(back, np.flatnonzero(~there & (np.diff(back.indptr) > 0)), here)


def _asked(back: csr_array, rows: Places, seen: Marks) -> Places:
    """Return those of some rows, none of them empty, who have a cell in a column that is seen."""
    at, end = back.indptr[rows].astype(np.int64), back.indptr[rows + 1]
    found = []
    for _ in range(_LOOKS):
        told = seen.take(back.indices.take(at))
        found.append(rows.take(np.flatnonzero(told)))
        at += 1
        told |= at >= end
        rest = np.flatnonzero(~told)
        rows, at, end = rows.take(rest), at.take(rest), end.take(rest)
    if len(rows):
        lengths = end - at
        told = seen.take(back.indices.take(spans(at, lengths)))
        any_told = np.add.reduceat(told, np.cumsum(lengths) - lengths, dtype=np.int64)
        found.append(rows[any_told > 0])
    return np.concatenate(found)
