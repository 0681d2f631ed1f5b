"""Measures and gaps of an exported graph, worked out on Spark and written as Parquet."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from klaster.graph.spark.exported import Exported
from klaster.graph.spark.files import NewFolder, remove, write_text
from klaster.graph.spark.gaps import find_gaps
from klaster.graph.spark.graphx import GraphX
from klaster.graph.spark.measures import arcs_of, measured, pagerank
from klaster.graph.spark.outcome import Outcome
from klaster.graph.store.partition_columns import LINK_KINDS
from klaster.graph.store.partitioned import MANIFEST

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def run(
    spark: SparkSession,
    folder: str,
    results: str,
    *,
    links: Sequence[str] = LINK_KINDS,
    date: dt.date | None = None,
    measures: bool = True,
    gaps: bool = True,
    step: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Measure an exported graph and look for its gaps; write ``actors`` and ``gaps``.

    Parameters
    ----------
    folder, results
        Addresses of any file system that Spark reads and writes; ``results`` must be new. If
        anything fails, nothing of it is left.
    links, date
        Which links the measures count; the rules look at all.
    step
        Called with the key of each stage.

    Raises
    ------
    Fault
        If there is no exported graph, or something where the results are to go.
    """
    exported = Exported(spark, folder.rstrip("/"))
    actors = exported.rows("actors")
    outcome = Outcome(tuple(links), date.isoformat() if date else None, actors)
    # Spark's default of 200 parts is far too many for a small graph and too few for a large one.
    spark.conf.set("spark.sql.shuffle.partitions", exported.parts)
    with NewFolder(spark, results.rstrip("/")) as place:
        if measures:
            step("stage.spark-measure")
            outcome = _measure(exported, place, outcome, date)
        if gaps:
            step("stage.find")
            found = find_gaps(exported)
            found.write.parquet(f"{place}/gaps")
            outcome = replace(outcome, gaps=_by_rule(spark.read.parquet(f"{place}/gaps")))
        told = json.dumps(asdict(outcome), ensure_ascii=False)
        write_text(spark, f"{place}/{MANIFEST}", f"{told}\n")
    return outcome


def _measure(exported: Exported, place: str, outcome: Outcome, date: dt.date | None) -> Outcome:
    from pyspark.sql import functions as sf

    links = exported.links(outcome.links, date=date)
    arcs = arcs_of(links, parts=exported.parts).cache()
    graphx = GraphX(exported.spark)
    graph = graphx.graph(arcs)
    ranked = pagerank(graphx, graph, actors=outcome.actors, scratch=f"{place}/_scratch")
    components = graphx.components(graph)
    found = measured(exported.table("actors"), arcs, ranked, components)
    found.write.parquet(f"{place}/actors")
    remove(exported.spark, f"{place}/_scratch")
    sizes = exported.spark.read.parquet(f"{place}/actors").groupBy("component").count()
    parts, largest = sizes.agg(sf.count("*"), sf.max("count")).collect()[0]
    pairs = arcs.count()
    arcs.unpersist()
    settled = replace(outcome, rounds=ranked.rounds, change=ranked.change)
    return replace(settled, pairs=pairs, parts=parts, largest=largest or 0)


def _by_rule(gaps: DataFrame) -> dict[str, int]:
    rows = gaps.groupBy("rule").count().orderBy("rule").collect()
    return {row["rule"]: row["count"] for row in rows}


def first_actors(
    spark: SparkSession, results: str, *, by: str, top: int
) -> list[dict[str, object]]:
    """Return the first actors by a measure, and how many share the rank of each."""
    from pyspark.sql import functions as sf

    actors = spark.read.parquet(f"{results}/actors")
    first = actors.orderBy(sf.col(by).desc(), "label", "iri").limit(top).collect()
    return [row.asDict() for row in first]
