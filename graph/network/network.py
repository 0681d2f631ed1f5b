"""The network of a graph: actors as positions, links as a sparse matrix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

if TYPE_CHECKING:
    import networkx as nx

Figures = NDArray[np.float64]
"""A figure an actor, in the order of ``Network.actors``; NaN where it is not defined."""
Places = NDArray[np.int64]
"""Positions of actors, or a number of a group an actor."""


@dataclass(frozen=True)
class Measured:
    """Figures of a measure, and between which limits the true ones lie.

    The true figures of all actors lie between ``low`` and ``high`` at once with probability
    ``confidence``, by so many ``samples``. Exact figures are their own limits.
    """

    figures: Figures
    low: Figures
    high: Figures
    confidence: float
    samples: int

    @classmethod
    def exact(cls, figures: Figures) -> Measured:
        """Return figures that are sure."""
        return cls(figures, figures, figures, confidence=1.0, samples=0)

    @property
    def error(self) -> float:
        """By how much a figure may be wrong at most, with that probability; 0 if exact."""
        if not self.samples:
            return 0.0
        widest = np.maximum(self.figures - self.low, self.high - self.figures)
        return float(widest.max(initial=0))


@dataclass(frozen=True)
class Network:
    """Actors and the links counted between them.

    ``actors`` has a row an actor, sorted by IRI: ``actor`` (IRI), ``label``, ``kind``; an
    actor's row number is its position everywhere. ``links`` has a row a recorded link:
    ``source`` and ``target`` (positions), ``kind`` (of link), ``iri`` (of the record),
    ``directed``, and where strengths are known ``weight``. A link without direction stands once.

    A weight is a strength, above 0, never a length: more is a stronger tie. It is in ``unit`` (a
    currency); where ``unit`` is None each link counts 1, or what its ``weight`` says, and a
    missing weight is 1. Parallel links add up. Only measures that say so use the weights.

    Examples
    --------
    >>> mill = Network.from_pairs([("farm", "mill"), ("mill", "shop")], weights=[3, 2])
    >>> mill.size, mill.weights.toarray().tolist()
    (3, [[0.0, 3.0, 0.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]])
    """

    actors: pl.DataFrame
    links: pl.DataFrame
    unit: str | None = None

    @classmethod
    def from_pairs(
        cls,
        pairs: Iterable[tuple[str, str]],
        *,
        directed: bool = True,
        weights: Sequence[float] | None = None,
        also: Iterable[str] = (),
    ) -> Network:
        """Return the network of the actors that the pairs name, and of those in ``also``."""
        given = list(pairs)
        names = sorted({name for pair in given for name in pair} | set(also))
        place = {name: index for index, name in enumerate(names)}
        actors = pl.DataFrame(
            {"actor": names, "label": names, "kind": [None] * len(names)},
            schema={"actor": pl.String, "label": pl.String, "kind": pl.String},
        )
        links = pl.DataFrame(
            {
                "source": [place[a] for a, _ in given],
                "target": [place[b] for _, b in given],
                "iri": [f"link/{index}" for index in range(len(given))],
            },
            schema={"source": pl.Int64, "target": pl.Int64, "iri": pl.String},
        ).with_columns(kind=pl.lit("supply"), directed=pl.lit(directed))
        if weights is not None:
            links = links.with_columns(weight=pl.Series(weights, dtype=pl.Float64))
        return cls(actors, links)

    @property
    def size(self) -> int:
        """The number of actors, those without a link included."""
        return self.actors.height

    @cached_property
    def weights(self) -> csr_array:
        """The strengths, actors by actors: the sum of the weights of all links from row to column.

        A link without direction counts whole in both; what an actor has with itself not at all.
        """
        source = self.links["source"].to_numpy()
        target = self.links["target"].to_numpy()
        if "weight" in self.links.columns:
            weight = self.links["weight"].cast(pl.Float64).fill_null(1.0).to_numpy()
        else:
            weight = np.ones(len(source))
        back = ~self.links["directed"].to_numpy()
        rows = np.concatenate([source, target[back]])
        columns = np.concatenate([target, source[back]])
        strength = np.concatenate([weight, weight[back]])
        apart = rows != columns
        # Half as much to read: the measures of large networks spend their time on it.
        narrow = np.int32 if self.size <= np.iinfo(np.int32).max else np.int64
        ends = (rows[apart].astype(narrow), columns[apart].astype(narrow))
        matrix = csr_array((strength[apart], ends), shape=(self.size, self.size))
        matrix.sum_duplicates()
        return matrix

    @cached_property
    def arcs(self) -> csr_array:
        """The adjacency, actors by actors: 1 where a link leads from row to column.

        A link without direction leads both ways; parallel links count once, and what an actor
        has with itself not at all.
        """
        return like(self.weights, np.ones(self.weights.nnz))

    @cached_property
    def inward(self) -> csr_array:
        """The adjacency turned round: 1 where a link leads from column to row."""
        return csr_array(self.arcs.T)

    @cached_property
    def ties(self) -> csr_array:
        """The adjacency without direction: 1 where two actors are linked either way."""
        return like(self.exchange, np.ones(self.exchange.nnz))

    @cached_property
    def exchange(self) -> csr_array:
        """The strengths both ways together, actors by actors: a symmetric matrix."""
        matrix = csr_array(self.weights + self.weights.T)
        matrix.sort_indices()
        return matrix

    @cached_property
    def directed(self) -> bool:
        """Whether any link has a direction."""
        return bool((self.arcs != self.arcs.T).nnz)

    @property
    def weighted(self) -> bool:
        """Whether the strengths differ from one for each pair that is linked."""
        return bool((self.weights.data != 1).any())

    def edges(self, matrix: csr_array) -> NDArray[np.int64]:
        """Return the pairs of positions that a matrix joins, as an array of two columns."""
        rows, columns = matrix.nonzero()
        return np.column_stack([rows, columns]).astype(np.int64)

    def places(self, actors: Iterable[str]) -> Places:
        """Return the positions of actors named by IRI."""
        place = {actor: index for index, actor in enumerate(self.actors["actor"])}
        return np.array([place[actor] for actor in actors], dtype=np.int64)

    def to_networkx(self) -> nx.DiGraph:
        """Return the network as networkx knows it: IRIs as nodes, labels and kinds on them.

        The strengths are called ``strength``, so that no function of networkx takes them for
        lengths unasked.
        """
        import networkx as nx

        graph = nx.DiGraph()
        names = self.actors["actor"].to_list()
        for row in self.actors.iter_rows(named=True):
            graph.add_node(row["actor"], label=row["label"], kind=row["kind"])
        matrix = self.weights.tocoo()
        graph.add_weighted_edges_from(
            (
                (names[a], names[b], w)
                for a, b, w in zip(
                    matrix.row.tolist(), matrix.col.tolist(), matrix.data.tolist(), strict=True
                )
            ),
            weight="strength",
        )
        return graph


def like(matrix: csr_array, data: NDArray[np.float64]) -> csr_array:
    """Return a matrix with other figures in the same cells; the cells are shared, not copied."""
    return csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def row_sums(matrix: csr_array) -> Figures:
    """Return the sum of each row of a matrix."""
    return np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()


def lengths(matrix: csr_array) -> Figures:
    """Return how many cells each row of a matrix has: its sum where they are all 1."""
    return np.asarray(np.diff(matrix.indptr), dtype=np.float64)


def column_sums(matrix: csr_array) -> Figures:
    """Return the sum of each column of a matrix."""
    return np.asarray(matrix.sum(axis=0), dtype=np.float64).ravel()


def rows_of(matrix: csr_array) -> Places:
    """Return the row of each cell of a matrix, in the order of its data."""
    return np.repeat(np.arange(len(matrix.indptr) - 1), np.diff(matrix.indptr))


def cells(matrix: csr_array, rows: Places) -> Places:
    """Return where the cells of some rows stand in the matrix's data, row after row."""
    starts = matrix.indptr[rows].astype(np.int64)
    return spans(starts, matrix.indptr[rows + 1] - starts)


def spans(starts: Places, lengths: Places) -> Places:
    """Return whole numbers from each start on, as many as its length says.

    Examples
    --------
    >>> spans(np.array([5, 1]), np.array([2, 3])).tolist()
    [5, 6, 1, 2, 3]
    """
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total, dtype=np.int64) + np.repeat(starts - ends + lengths, lengths)
