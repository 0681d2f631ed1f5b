"""Who closes a triangle with whom: the triangles of a network, without a product of matrices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from klaster.graph.network.network import Network, Places, rows_of, spans

_BLOCK = 2_000_000
"""So many open triangles are looked through at once."""


@dataclass(frozen=True)
class Triangle:
    """Triangles of actors a, b and c, an array each of their pairs' positions in ``Ties``."""

    ab: Places
    ac: Places
    bc: Places


class Ties:
    """The pairs of actors that are tied, each once, and the triangles that they form.

    The end with fewer partners is ``lower``; a triangle is found from its lowest actor, so that
    those with thousands of partners cost no more than others.

    Attributes
    ----------
    lower, upper
        The actors of each pair.
    forward, backward
        Where the pair's two cells stand in the data of ``Network.ties``.
    """

    def __init__(self, network: Network) -> None:
        ties = network.ties
        self.size = network.size
        rank = np.empty(self.size, dtype=np.int64)
        rank[np.argsort(np.diff(ties.indptr), kind="stable")] = np.arange(self.size)
        rows, columns = rows_of(ties), ties.indices
        up = np.flatnonzero(rank[rows] < rank[columns])
        up = up[np.lexsort((rank[columns[up]], rank[rows[up]]))]
        self.lower, self.upper = rows[up], columns[up].astype(np.int64)
        self.forward, self.backward = up, _turned(ties)[up]
        self._low, self._high = rank[self.lower], rank[self.upper]

    @cached_property
    def _keys(self) -> Places:
        keys: Places = self._low * self.size + self._high
        return keys

    def triangles(self) -> Iterator[Triangle]:
        """Yield all triangles, each once, in blocks."""
        pairs = np.arange(len(self.lower))
        others = np.searchsorted(self._low, self._low, side="right") - pairs - 1
        work = np.cumsum(others)
        last = int(work[-1]) if len(work) else 0
        bounds = np.searchsorted(work, np.arange(_BLOCK, last, _BLOCK)) + 1
        for block in np.split(pairs, np.unique(bounds)):
            ab = np.repeat(block, others[block])
            ac = spans(block + 1, others[block])
            key = self._high[ab] * self.size + self._high[ac]
            bc = np.minimum(np.searchsorted(self._keys, key), len(pairs) - 1)
            closed = np.flatnonzero(self._keys[bc] == key)
            if len(closed):
                yield Triangle(ab[closed], ac[closed], bc[closed])


def _turned(matrix: csr_array) -> Places:
    """Return where the cell across the diagonal from each cell of a symmetric pattern stands."""
    positions = np.arange(matrix.nnz, dtype=np.int64)
    place = csr_array((positions, matrix.indices, matrix.indptr), shape=matrix.shape)
    across = csr_array(place.T)
    across.sort_indices()
    turned: Places = across.data
    return turned
