"""Degree, PageRank and components on Spark, by the same conventions as on one machine.

Parallel links count once, a link without direction leads both ways, and what an actor has with
itself not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from klaster.graph.spark.graphx import GraphX

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

ROUNDS: Final = 10
"""So many rounds of PageRank are done between two looks at how much the shares changed."""
TOLERANCE: Final = 1e-8
MOST: Final = 400
"""After so many rounds it ends whatever the change: far more than any network needs."""


@dataclass(frozen=True)
class Ranked:
    """Ranks of the actors with a link (``id``, ``rank``), whose sum is ``total``.

    ``total`` has the ranks of those without a link as well. ``change`` is by how much the shares
    of all changed in sum within the last rounds.
    """

    ranks: DataFrame
    total: float
    rounds: int
    change: float


def arcs_of(links: DataFrame, *, parts: int) -> DataFrame:
    """Return who links to whom (``source``, ``target``), each pair once, in so many parts."""
    from pyspark.sql import functions as sf

    apart = links.where(sf.col("source") != sf.col("target"))
    there = apart.select("source", "target")
    back = apart.where(~sf.col("directed")).select(
        sf.col("target").alias("source"), sf.col("source").alias("target")
    )
    return there.unionByName(back).repartition(parts, "source", "target").distinct()


def degrees(arcs: DataFrame) -> DataFrame:
    """Return how many partners, suppliers and customers each linked actor has.

    The columns are ``id, degree, in_degree, out_degree``.
    """
    from pyspark.sql import functions as sf

    pair = [sf.least("source", "target").alias("a"), sf.greatest("source", "target").alias("b")]
    ties = arcs.select(*pair).distinct()
    partners = _counted(ties.select(sf.explode(sf.array("a", "b")).alias("id")), "degree")
    suppliers = _counted(arcs.select(sf.col("target").alias("id")), "in_degree")
    customers = _counted(arcs.select(sf.col("source").alias("id")), "out_degree")
    found = partners.join(suppliers, "id", "left").join(customers, "id", "left")
    return found.na.fill(0, ["in_degree", "out_degree"])


def _counted(ends: DataFrame, name: str) -> DataFrame:
    from pyspark.sql import functions as sf

    return ends.groupBy("id").agg(sf.count("*").alias(name))


def pagerank(
    graphx: GraphX,
    graph: Any,  # noqa: ANN401
    *,
    actors: int,
    scratch: str,
    damping: float = 0.85,
    tolerance: float = TOLERANCE,
) -> Ranked:
    r"""Rank the actors of a graph of GraphX until the shares settle.

    GraphX solves :math:`x = (1-\alpha) + \alpha P^\top x` where those who link to nobody give
    nothing on. What they would share among all, and a new start anywhere, only set the scale, so
    that x over its sum is PageRank as ``klaster central`` has it. Who has no link has 1 - α.

    It stops when ten rounds together change the shares by less than the tolerance, in sum over
    all actors. A single round then changes them by less still, and they are wrong by no more
    than a quarter of it in sum, rounding apart: each round shrinks what is left to do by the
    damping or more.

    Parameters
    ----------
    actors
        How many there are, those without a link included.
    scratch
        A folder that Spark can write; the ranks of every tenth round are kept there, so that
        neither the plan grows nor is a lost machine's work done again from the start.
    """
    from pyspark.sql import functions as sf

    reset = 1 - damping
    shared = graphx.first_round(graph, reset=reset)
    before, known, rounds = shared, graphx.reals(shared, "rank"), 1
    alone = (actors - known.count()) * reset
    while True:
        after = graphx.rank(graph, before, reset=reset, rounds=ROUNDS)
        rounds += ROUNDS
        place = f"{scratch}/ranks-{rounds}"
        graphx.reals(after, "rank").write.parquet(place)
        after.unpersist(False)
        ranks = graphx.spark.read.parquet(place)
        change, total = (
            ranks.join(known.withColumnRenamed("rank", "was"), "id")
            .agg(sf.sum(sf.abs(sf.col("rank") - sf.col("was"))), sf.sum("rank"))
            .collect()[0]
        )
        whole = (total or 0.0) + alone
        moved = (change or 0.0) / whole
        if moved < tolerance or rounds >= MOST:
            return Ranked(ranks, whole, rounds, moved)
        known, before = ranks, graphx.holding(shared, ranks)


def measured(
    actors: DataFrame,
    arcs: DataFrame,
    ranked: Ranked,
    components: DataFrame,
    *,
    damping: float = 0.85,
) -> DataFrame:
    """Return every actor with its figures, those without a link included.

    The columns are ``id, iri, label, kind``, ``degree, in_degree, out_degree``, ``pagerank`` (the
    shares sum to 1), ``component`` (the least number of an actor in it) and ``component_size``.
    """
    from pyspark.sql import functions as sf

    sizes = components.groupBy("component").agg(sf.count("*").alias("component_size"))
    found = (
        actors.select("id", "iri", "label", "kind")
        .join(degrees(arcs), "id", "left")
        .join(ranked.ranks, "id", "left")
        .join(components, "id", "left")
        .join(sizes, "component", "left")
    )
    counts = [_or(name, sf.lit(0)) for name in ("degree", "in_degree", "out_degree")]
    share = sf.coalesce(sf.col("rank"), sf.lit(1 - damping)) / sf.lit(ranked.total)
    return found.select(
        "id",
        "iri",
        "label",
        "kind",
        *counts,
        share.alias("pagerank"),
        _or("component", sf.col("id")),
        _or("component_size", sf.lit(1)),
    )


def _or(name: str, other: Column) -> Column:
    from pyspark.sql import functions as sf

    return sf.coalesce(sf.col(name), other).cast("bigint").alias(name)
