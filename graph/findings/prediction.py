"""Links that are likely though not recorded: an ensemble of evidence that needs no training.

Each evidence becomes its percentile p among the candidates, and the score of a pair is the sum of
−ln(1 − p) over them (Fisher's way to combine independent tests): strong evidence of one kind
counts for more than weak evidence of every kind. Candidates are the pairs that a path of two or
three recorded links joins, never all pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from klaster.graph.findings.candidates import Candidates, Search
from klaster.graph.findings.evidence import BY_LAYER, Evidence
from klaster.graph.findings.layer import Layer

Values = NDArray[np.float64]
Whole = NDArray[np.int64]

_BITS = 14
"""Bits of a 32-bit number left out of its bin: 512 bins a doubling."""

_NEVER = -1e6

_SMALL = 300_000
"""In a layer of no more pairs than this all evidence of all pairs is kept."""

_SAMPLED = 2_000
"""How many sources of a large layer the percentiles are taken from."""


@dataclass(frozen=True)
class Percentiles:
    """How the values of an evidence are spread over the candidates, as counts in fine bins.

    ``below`` is how many lie below each bin, from bin ``first`` on, and at last how many there are.
    """

    first: int
    below: Values
    total: float
    largest: float

    @staticmethod
    def of(counted: Sequence[tuple[int, Values]], total: float, largest: float) -> Percentiles:
        """Return the percentiles of positive values counted by ``bins``, of ``total`` candidates."""
        first = min((start for start, _ in counted), default=0)
        end = max((start + len(counts) for start, counts in counted), default=first + 1)
        counts = np.zeros(end - first)
        for start, some in counted:
            counts[start - first : start - first + len(some)] += some
        zeros = total - counts.sum()
        below = zeros + np.concatenate([[0.0], np.cumsum(counts)])
        return Percentiles(first, below, total, largest)

    def surprise(self, values: Values) -> Values:
        """Return −ln(1 − percentile) of each value; 0 where the value is 0.

        A value larger than any candidate's goes on rising by its logarithm.
        """
        coded = values.astype(np.float32).view(np.uint32).astype(np.int64)
        part = (coded & ((1 << _BITS) - 1)) / float(1 << _BITS)
        at = (coded >> _BITS) - self.first
        part[at < 0], part[at > len(self.below) - 2] = 0.0, 1.0
        at = np.clip(at, 0, len(self.below) - 2)
        under = self.below[at] + part * (self.below[at + 1] - self.below[at])
        found = -np.log1p(-(under + 0.5) / (self.total + 1.0))
        if self.largest > 0:
            over = values > self.largest
            found[over] = np.log(2 * (self.total + 1.0)) + np.log(values[over] / self.largest)
        found[values <= 0] = 0.0
        return np.asarray(found, dtype=float)


def bins(values: Values) -> tuple[int, Values]:
    """Count positive values in bins as wide as a 512th of a doubling; return the first bin too."""
    coded = values[values > 0].astype(np.float32).view(np.uint32) >> _BITS
    first = int(coded.min())
    return first, np.bincount(coded - first).astype(float)


class Ensemble:
    """The evidence of a layer, each with its weight and its percentiles.

    Parameters
    ----------
    weights
        The evidence to use, with weights; by default that of the layer (``BY_LAYER``).
    """

    def __init__(
        self, layer: Layer, weights: Mapping[Callable[[Layer], Evidence], float] | None = None
    ) -> None:
        self.layer = layer
        chosen = BY_LAYER[layer.name] if weights is None else weights
        self.evidence = tuple(make(layer) for make in chosen)
        self.weights = np.array(list(chosen.values()), dtype=float)
        self.names = tuple(found.name for found in self.evidence)

    @cached_property
    def percentiles(self) -> tuple[Percentiles, ...]:
        """The spread of each evidence over the candidates, or those of a sample of sources."""
        total = 0.0
        counts: list[list[tuple[int, Values]]] = [[] for _ in self.evidence]
        largest = np.zeros(len(self.evidence))
        active = np.flatnonzero(self.layer.known[0])
        by_degree = np.argsort(-np.diff(self.layer.matrix.indptr)[active], kind="stable")
        sample = active[by_degree][:: max(1, -(-len(active) // _SAMPLED))]
        if len(active) <= 3 * _SAMPLED:
            sample = active
        for some in self.scan(None if sample is active else np.sort(sample)):
            total += len(some.sources)
            for column in range(len(self.evidence)):
                values = some.values[:, column]
                most = values.max(initial=0.0)
                if most > 0:
                    counts[column].append(bins(values))
                largest[column] = max(largest[column], most)
        return tuple(
            Percentiles.of(count, total, float(most))
            for count, most in zip(counts, largest, strict=True)
        )

    def scan(self, sources: Whole | None = None) -> Iterator[Candidates]:
        """Go through the candidates of some sources, or of all that have a link, block by block."""
        if sources is None:
            if self._small:
                yield self._all
                return
            sources = np.flatnonzero(self.layer.known[0])
        yield from self._search.scan(sources)

    def around(self, sources: Whole, targets: Whole) -> Iterator[Candidates]:
        """Go through the candidates of which one end is among some things, each pair once.

        Where links have no direction, the source is the end with the lower position.
        """
        known = self.layer.known[0]
        own = np.zeros(self.layer.shape[0], dtype=bool)
        own[sources] = True
        for some in self._search.scan(np.flatnonzero(own & known)):
            if self.layer.directed:
                yield some
                continue
            low = some.sources < some.targets
            yield some.part(np.flatnonzero(low))
            yield some.turned.part(np.flatnonzero(~low & ~own[some.targets]))
        if self.layer.directed and len(targets):
            for some in self._search.turned.scan(targets):
                found = some.turned
                yield found.part(np.flatnonzero(~own[found.sources] & known[found.sources]))

    @cached_property
    def _search(self) -> Search:
        return Search(self.layer.matrix, self.evidence, not self.layer.bipartite)

    @cached_property
    def _small(self) -> bool:
        rows, columns = self.layer.shape
        return rows * columns <= _SMALL

    @cached_property
    def _rows(self) -> tuple[csr_array, ...]:
        """What each evidence says of all pairs of a small layer."""
        sources = np.arange(self.layer.shape[0])
        return tuple(found.rows(sources) for found in self.evidence)

    @cached_property
    def _whole(self) -> tuple[Values, ...]:
        return tuple(np.asarray(rows.toarray(), dtype=float) for rows in self._rows)

    @cached_property
    def _all(self) -> Candidates:
        """All candidates of a small layer, which are gone through several times."""
        block = np.flatnonzero(self.layer.known[0])
        proposed = [
            rows[block]
            for rows, found in zip(self._rows, self.evidence, strict=True)
            if found.proposes
        ]
        row, targets = np.divmod(self._search.keys(block, proposed), self.layer.shape[1])
        return Candidates(block[row], targets, self.values(block[row], targets))

    def standings(self, values: Values) -> Values:
        """Return −ln(1 − percentile) of each evidence (columns) of some pairs, before weights."""
        found = np.empty_like(values)
        for column, spread in enumerate(self.percentiles):
            found[:, column] = spread.surprise(values[:, column])
        return found

    def surprises(self, values: Values) -> Values:
        """Return what each evidence adds to the scores of some pairs (columns)."""
        return self.weights * self.standings(values)

    def scores(self, values: Values) -> Values:
        """Return the scores of pairs from the values of their evidence.

        A pair that nothing proposes stands below all that something does.
        """
        return np.asarray(self.surprises(values).sum(axis=1) + self.last(values), dtype=float)

    def last(self, values: Values) -> Values:
        """Return what puts pairs that are no candidates below all others, and 0 for the rest."""
        proposing = [found.proposes for found in self.evidence]
        return np.where((values[:, proposing] > 0).any(axis=1), 0.0, _NEVER)

    def values(self, sources: Whole, targets: Whole) -> Values:
        """Return the value of each evidence (columns) for any pairs, candidates or not."""
        if self._small:
            return np.column_stack([whole[sources, targets] for whole in self._whole])
        return np.column_stack([found.values(sources, targets) for found in self.evidence])
