"""Spark's GraphX from Python: its algorithms are called in Spark's own process, by py4j.

GraphX has no Python interface, but pyspark carries it. Nothing of Python runs on the executors:
tables go in and come out as pairs of numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Java = Any
"""An object in Spark's process."""


@dataclass(frozen=True)
class GraphX:
    """GraphX in the process of a session."""

    spark: SparkSession

    @cached_property
    def _jvm(self) -> Java:
        return self.spark.sparkContext._jvm

    @cached_property
    def _graphx(self) -> Java:
        return self._jvm.org.apache.spark.graphx

    def _of(self, package: Java, name: str) -> Java:
        """Return a Scala object."""
        return getattr(getattr(package, f"{name}$"), "MODULE$")

    @cached_property
    def _level(self) -> Java:
        return self._jvm.org.apache.spark.storage.StorageLevel.MEMORY_AND_DISK()

    @cached_property
    def _real(self) -> Java:
        return self._jvm.scala.reflect.ClassTag.Double()

    @cached_property
    def _whole(self) -> Java:
        return self._jvm.scala.reflect.ClassTag.Int()

    @cached_property
    def _nobody(self) -> Java:
        return self._jvm.scala.Option.empty()

    def graph(self, arcs: DataFrame) -> Java:
        """Return the graph of pairs (``source``, ``target``); it has only actors with a link."""
        encoders = self._jvm.org.apache.spark.sql.Encoders
        pairs = self._tuples(arcs, encoders.scalaLong())
        make = self._of(self._graphx, "Graph").fromEdgeTuples
        return make(pairs, 1.0, self._nobody, self._level, self._level, self._real)

    def _tuples(self, frame: DataFrame, second: Java) -> Java:
        """Return a table of two columns, a whole number first, as pairs of Scala."""
        encoders = self._jvm.org.apache.spark.sql.Encoders
        pair = encoders.tuple(encoders.scalaLong(), second)
        renamed = frame.toDF("_1", "_2")
        return getattr(renamed._jdf, "as")(pair).rdd()

    def _table(self, pairs: Java, second: Java, name: str) -> DataFrame:
        """Return pairs of Scala as a table (``id`` and one more column)."""
        from pyspark.sql import DataFrame

        encoders = self._jvm.org.apache.spark.sql.Encoders
        pair = encoders.tuple(encoders.scalaLong(), second)
        dataset = self.spark._jsparkSession.createDataset(pairs, pair)
        return DataFrame(dataset.toDF(), self.spark).toDF("id", name)

    def reals(self, graph: Java, name: str) -> DataFrame:
        """Return what a graph's actors hold, real numbers, under a name."""
        return self._table(
            graph.vertices(), self._jvm.org.apache.spark.sql.Encoders.scalaDouble(), name
        )

    def components(self, graph: Java) -> DataFrame:
        """Return the least number of an actor in each actor's component (``id``, ``component``)."""
        found = self._of(self._graphx.lib, "ConnectedComponents").run(
            graph, self._real, self._whole
        )
        whole = self._jvm.org.apache.spark.sql.Encoders.scalaLong()
        return self._table(found.vertices(), whole, "component")

    def first_round(self, graph: Java, *, reset: float) -> Java:
        """Return the ranks after one round from 1 each; links weigh 1 over their source's links."""
        ranks = self._of(self._graphx.lib, "PageRank")
        found = ranks.runWithOptions(graph, 1, reset, self._nobody, False, self._real, self._whole)
        return found.cache()

    def holding(self, shared: Java, ranks: DataFrame) -> Java:
        """Return a graph with the links of another and what a table (``id``, rank) says."""
        real = self._jvm.org.apache.spark.sql.Encoders.scalaDouble()
        vertices = self._of(self._graphx, "VertexRDD").apply(
            self._tuples(ranks, real), shared.edges(), 0.0, self._real
        )
        return self._of(self._graphx.impl, "GraphImpl").apply(
            vertices, shared.edges(), self._real, self._real
        )

    def rank(self, graph: Java, before: Java, *, reset: float, rounds: int) -> Java:
        """Return the ranks after so many rounds more; their sum is left as it comes."""
        ranks = self._of(self._graphx.lib, "PageRank")
        return ranks.runWithOptionsWithPreviousPageRank(
            graph, rounds, reset, self._nobody, False, before, self._real, self._whole
        )
