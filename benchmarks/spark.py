"""Measure Spark beside one machine's arrays on the same network, and write its part of RESULTS.md.

Usage: python benchmarks/spark.py [--firms 10000] [--rounds 10]

The network is that of ``benchmarks/generate.py``, ten supply links a firm, seed 0; it is loaded
and exported first. Spark runs on one core of this machine (``local[1]``) with its settings as
they come; figures are CPU seconds (user and system) of its process and, in brackets, seconds by
the clock. PageRank is done twice: by GraphX, as ``klaster spark`` does, and by tables alone. What
is found is compared with what klaster finds. Needs ``pip install 'klaster[spark]'`` and Java 17.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import numpy as np
import psutil
from generate import generate

RESULTS = Path(__file__).parent / "RESULTS.md"
HEADING = "## Spark"
Found = TypeVar("Found")


def cpu() -> float:
    """Return the CPU seconds that the process of Spark has used."""
    inside = psutil.Process().children(recursive=True)
    return sum(sum(process.cpu_times()[:2]) for process in inside)


class Clock:
    """What each piece of work on Spark took: CPU seconds and seconds by the clock."""

    def __init__(self) -> None:
        self.took: dict[str, tuple[float, float]] = {}

    def __call__(self, name: str, work: Callable[[], Found]) -> Found:
        """Do a piece of work, and keep what it took."""
        used, begun = cpu(), time.perf_counter()
        found = work()
        self.took[name] = (cpu() - used, time.perf_counter() - begun)
        print(f"{name}: {self.told(name)}", flush=True)
        return found

    def told(self, name: str, *, times: int = 1) -> str:
        """Return in words what a piece of work took, of which so many were done."""
        used, waited = (figure / times for figure in self.took[name])
        return f"{used:.2f} ({waited:.2f})"


def by_tables(arcs, actors: int, *, rounds: int):  # noqa: ANN001, ANN201
    """Return PageRank after so many rounds of joins and sums of tables, cut from their past."""
    from pyspark.sql import functions as sf

    given = arcs.groupBy("source").agg(sf.count("*").alias("given"))
    weighed = arcs.join(given, "source").select(
        "source", "target", (0.85 / sf.col("given")).alias("w")
    )
    weighed = weighed.cache()
    weighed.count()
    ids = arcs.sparkSession.range(actors)
    ranks = ids.withColumn("rank", sf.lit(1.0))
    for _ in range(rounds):
        shares = weighed.join(ranks, weighed.source == ranks.id).select(
            sf.col("target").alias("id"), (sf.col("w") * sf.col("rank")).alias("share")
        )
        sums = shares.groupBy("id").agg(sf.sum("share").alias("share"))
        joined = ids.join(sums, "id", "left")
        rank = 0.15 + sf.coalesce("share", sf.lit(0.0))
        ranks = joined.select("id", rank.alias("rank")).localCheckpoint()
    return ranks


def measure(firms: int, rounds: int) -> list[str]:
    """Return the lines of the table."""
    import klaster
    from klaster.graph.network.connectivity import part_of
    from klaster.graph.network.walks import pagerank
    from klaster.graph.spark import measures
    from klaster.graph.spark.exported import Exported
    from klaster.graph.spark.gaps import find_gaps
    from klaster.graph.spark.graphx import GraphX
    from klaster.graph.spark.session import begin

    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        generate(firms, scratch / "tables", links_per_firm=10, seed=0)
        graph = klaster.open(scratch / "made.klaster")
        graph.load(scratch / "tables")
        network = graph.network(links=["supply"])
        used = time.process_time()
        graph.export(scratch / "exported", spark=True)
        exporting = time.process_time() - used

        used = time.process_time()
        ours = pagerank(network, tolerance=1e-8)
        ranking = time.process_time() - used
        used = time.process_time()
        parts = part_of(network)
        parting = time.process_time() - used

        clock = Clock()
        session = clock("start", lambda: begin("local[1]"))
        exported = Exported(session, str(scratch / "exported"))
        session.conf.set("spark.sql.shuffle.partitions", exported.parts)
        arcs = measures.arcs_of(exported.links(("supply",)), parts=exported.parts).cache()
        pairs = clock("read", arcs.count)
        graphx = GraphX(session)
        linked = graphx.graph(arcs)
        ranked = clock(
            "pagerank",
            lambda: measures.pagerank(
                graphx, linked, actors=network.size, scratch=str(scratch / "ranks")
            ),
        )
        theirs = np.full(network.size, 0.15)
        rows = ranked.ranks.collect()
        theirs[[row["id"] for row in rows]] = [row["rank"] for row in rows]
        difference = np.abs(theirs / ranked.total - ours).sum()
        found = clock("components", lambda: graphx.components(linked).collect())
        count = len({row["component"] for row in found}) + network.size - len(found)
        if count != parts.max() + 1:
            message = f"{count} components, not {parts.max() + 1}"
            raise SystemExit(message)
        tables = clock("tables", lambda: by_tables(arcs, network.size, rounds=rounds))
        last = np.zeros(network.size)
        rows = tables.collect()
        last[[row["id"] for row in rows]] = [row["rank"] for row in rows]
        if np.abs(last / last.sum() - ours).sum() > 0.85**rounds:
            message = "PageRank by tables is another"
            raise SystemExit(message)
        clock("gaps", lambda: find_gaps(exported).groupBy("rule").count().collect())
        memory = max(process.memory_info().rss for process in psutil.Process().children()) / 1e9
    return [
        "| what | klaster | Spark, local[1] |",
        "| --- | ---: | ---: |",
        f"| start | – | {clock.told('start')} |",
        f"| read, merge parallel links | {exporting:.2f} to export | {clock.told('read')} |",
        f"| PageRank, {ranked.rounds} rounds of GraphX | {ranking:.3f} | {clock.told('pagerank')} |",
        f"| a round of GraphX | – | {clock.told('pagerank', times=ranked.rounds)} |",
        f"| a round by tables, mean of {rounds} | – | {clock.told('tables', times=rounds)} |",
        f"| components | {parting:.3f} | {clock.told('components')} |",
        f"| gaps by six rules | – | {clock.told('gaps')} |",
        "",
        f"{firms:,} firms, {pairs:,} linked pairs. PageRank of both differs by {difference:.0e} "
        + f"in sum; components are the same. Memory of Spark's process {memory:.1f} GB.",
    ]


def main() -> None:
    """Measure, and replace the part of RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--firms", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args()
    lines = measure(given.firms, given.rounds)
    versions = f"Python {'.'.join(map(str, sys.version_info[:3]))}, "
    versions += ", ".join(f"{name} {version(name)}" for name in ("pyspark", "scipy", "polars"))
    told = "\n".join(
        [
            HEADING,
            "",
            "Written by `python benchmarks/spark.py`: CPU seconds, in brackets seconds by the clock.",
            f"{dt.datetime.now(dt.UTC).date()} · {versions}",
            "",
            *lines,
        ]
    )
    text = RESULTS.read_text("utf-8")
    part = re.compile(rf"^{HEADING}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if part.search(text):
        text = part.sub(lambda _: told + "\n\n", text)
    else:
        text = f"{text.rstrip()}\n\n{told}\n"
    RESULTS.write_text(text.rstrip() + "\n", encoding="utf-8")
    print(told)


if __name__ == "__main__":
    main()
