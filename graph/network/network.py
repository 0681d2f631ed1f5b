"""The network of a graph: actors as positions, links as a sparse matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True)
class Network:
    """Actors and the links counted between them.

    ``actors`` has a row an actor, sorted by IRI: ``actor`` (IRI), ``label``, ``kind``; an
    actor's row number is its position everywhere. ``links`` has a row a recorded link:
    ``source`` and ``target`` (positions), ``kind`` (of link), ``iri`` (of the record),
    ``directed``. A link without direction stands once.
    """

    actors: pl.DataFrame
    links: pl.DataFrame

    @property
    def size(self) -> int:
        """The number of actors, those without a link included."""
        return self.actors.height

    @cached_property
    def arcs(self) -> csr_array:
        """The adjacency, actors by actors: 1 where a link leads from row to column.

        A link without direction leads both ways; parallel links count once, and what an actor
        has with itself not at all.
        """
        source = self.links["source"].to_numpy()
        target = self.links["target"].to_numpy()
        both = ~self.links["directed"].to_numpy()
        rows = np.concatenate([source, target[both]])
        columns = np.concatenate([target, source[both]])
        apart = rows != columns
        ones = np.ones(int(apart.sum()))
        matrix = csr_array((ones, (rows[apart], columns[apart])), shape=(self.size, self.size))
        matrix.sum_duplicates()
        matrix.data[:] = 1.0
        return matrix

    @cached_property
    def ties(self) -> csr_array:
        """The adjacency without direction: 1 where two actors are linked either way."""
        matrix = csr_array(self.arcs + self.arcs.T)
        matrix.data[:] = 1.0
        return matrix

    @property
    def directed(self) -> bool:
        """Whether any link has a direction."""
        return bool((self.arcs != self.arcs.T).nnz)

    def edges(self, matrix: csr_array) -> NDArray[np.int64]:
        """Return the pairs of positions that a matrix joins, as an array of two columns."""
        rows, columns = matrix.nonzero()
        return np.column_stack([rows, columns]).astype(np.int64)

    def to_networkx(self) -> nx.DiGraph:
        """Return the network as networkx knows it: IRIs as nodes, labels and kinds on them."""
        import networkx as nx

        graph = nx.DiGraph()
        names = self.actors["actor"].to_list()
        for row in self.actors.iter_rows(named=True):
            graph.add_node(row["actor"], label=row["label"], kind=row["kind"])
        graph.add_edges_from((names[a], names[b]) for a, b in self.edges(self.arcs))
        return graph
