"""Pairs worth looking at: those that some evidence proposes and no link joins yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from klaster.graph.findings.evidence import LARGE, Evidence, entries_at, keys_of

Values = NDArray[np.float64]
Whole = NDArray[np.int64]

_CELLS: Final = 5_000_000
"""So many pairs are marked at once; of wider layers pairs are sorted instead."""

_AT_ONCE: Final = 512


@dataclass(frozen=True)
class Candidates:
    """Some pairs without a recorded link, and the value of each evidence for them (columns)."""

    sources: Whole
    targets: Whole
    values: Values

    def part(self, rows: Whole) -> Candidates:
        """Return some of the pairs."""
        return Candidates(self.sources[rows], self.targets[rows], self.values[rows])

    @property
    def turned(self) -> Candidates:
        """The same pairs, from target to source."""
        return Candidates(self.targets, self.sources, self.values)


@dataclass(frozen=True)
class Search:
    """Looks for the candidates of things: of sources among targets, or the other way round.

    ``linked`` has 1 where a link is recorded, things by partners; ``evidence`` scores the same
    pairs. ``alike`` says that partners are the same things, so that none is its own partner.
    """

    linked: csr_array
    evidence: tuple[Evidence, ...]
    alike: bool

    @property
    def turned(self) -> Search:
        """The search from partners to things."""
        return Search(
            csr_array(self.linked.T), tuple(found.turned for found in self.evidence), self.alike
        )

    def scan(self, things: Whole) -> Iterator[Candidates]:
        """Go through the candidates of some things, block by block."""
        size = _AT_ONCE
        if self._marks:
            size = int(np.clip(_CELLS // max(1, self.linked.shape[1]), 16, _AT_ONCE))
        for start in range(0, len(things), size):
            yield self._candidates(things[start : start + size])

    @property
    def _marks(self) -> bool:
        """Whether all pairs of a block are marked: else the work of each would grow with all."""
        return bool(max(self.linked.shape) < LARGE)

    def _candidates(self, block: Whole) -> Candidates:
        width = self.linked.shape[1]
        proposed = {
            column: found.rows(block)
            for column, found in enumerate(self.evidence)
            if found.proposes
        }
        keys = self.keys(block, list(proposed.values()))
        row, target = np.divmod(keys, width)
        values = np.zeros((len(keys), len(self.evidence)))
        crowded = len(keys) > 0.05 * len(block) * width
        for column, found in enumerate(self.evidence):
            if column in proposed or crowded:
                rows = proposed.pop(column) if column in proposed else found.rows(block)
                values[:, column] = entries_at(rows, keys)
            else:
                values[:, column] = found.values(block[row], target)
        return Candidates(block[row], target, values)

    def keys(self, block: Whole, proposed: list[csr_array]) -> Whole:
        """Return the keys (row of the block, partner) of what is proposed and not linked yet."""
        width = self.linked.shape[1]
        taken = keys_of(self.linked[block])
        if self.alike:
            taken = np.concatenate([taken, np.arange(len(block)) * width + block])
        found = [keys_of(rows) for rows in proposed]
        if not self._marks:
            return np.setdiff1d(np.concatenate(found), taken)
        marked = np.zeros(len(block) * width, dtype=bool)
        for some in found:
            marked[some] = True
        marked[taken] = False
        return np.flatnonzero(marked)
