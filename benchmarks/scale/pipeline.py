"""klaster's own work, a step a function, each for a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from measuring import Clock, disk

Found = dict[str, Any]


def make(clock: Clock, firms: int, folder: str, seed: int) -> Found:
    """Make the tables of a network."""
    from generate import generate

    clock.start()
    rows = generate(firms, Path(folder), seed=seed, form="parquet")
    return {**clock.stop(), "rows": rows, "disk_mb": disk(Path(folder))}


def load(clock: Clock, tables: str, graph: str) -> Found:
    """Load the tables into a new graph on disk, by stage."""
    import klaster
    import klaster.graph.loading

    opened = klaster.open(graph)
    stage = "prepare"

    def progress(name: str, *_: object, **__: object) -> None:
        nonlocal stage
        # Earlier results have the writing of the sources among their reading.
        if name not in (stage, "write"):
            clock.lap(stage)
            stage = name

    clock.start()
    opened.load(tables, name="made-up", progress=progress)
    clock.lap(stage)
    found = clock.stop()
    rows = opened.sources()[0].rows
    return {**found, "rows": dict(rows), "disk_mb": disk(Path(graph))}


def month(clock: Clock, graph: str, tables: str, folder: str) -> Found:
    """Load further links between the same firms, one for every hundred that are there."""
    import numpy as np
    import polars as pl

    import klaster
    import klaster.graph.loading

    known = pl.read_parquet(Path(tables) / "supplies.parquet", columns=["supplier", "buyer"])
    chance = np.random.default_rng(1)
    size = known.height // 100
    ends = {
        name: known[name].gather(chance.integers(0, known.height, size)) for name in known.columns
    }
    links = pl.DataFrame({name: "made-up:" + end for name, end in ends.items()})
    links = links.filter(pl.col("supplier") != pl.col("buyer"))
    source = Path(folder)
    source.mkdir(parents=True, exist_ok=True)
    links.write_parquet(source / "supplies.parquet")
    opened = klaster.open(graph)
    clock.start()
    opened.load(source, name="month")
    return {**clock.stop(), "count": links.height, "disk_mb": disk(Path(graph))}


def open_network(clock: Clock, graph: str) -> Found:
    """Open a graph and have its network in arrays, by all kinds of link, as commands do."""
    import klaster
    import klaster.graph.network.projection

    clock.start()
    network = klaster.open(graph).network(records=False)
    arcs = network.arcs
    return {**clock.stop(), "links": network.links.height, "arcs": int(arcs.nnz)}


def rules(clock: Clock, graph: str) -> Found:
    """Find the gaps by all rules, each rule a lap, as they are told: counted, the gravest shown."""
    import klaster
    from klaster.graph.findings.data_gaps import Gaps, unrecorded
    from klaster.graph.findings.facts import Facts
    from klaster.graph.findings.gaps import MOST, RULES

    columns = klaster.open(graph).columns()
    clock.start()
    facts = Facts(columns, most=MOST)
    gaps = Gaps(facts, "")
    counts = {"G15": sum(1 for _ in unrecorded(gaps))}
    clock.lap("G15")
    for name, rule in RULES.items():
        told = sum(1 for _ in rule(facts))
        counts[name] = facts.counted.get(name, told)
        clock.lap(name)
    return {**clock.stop(), "count": sum(counts.values()), "counts": counts}


def reach(clock: Clock, graph: str) -> Found:
    """Work out whom each instrument reaches."""
    import klaster
    import klaster.graph.findings.policy_reach

    opened = klaster.open(graph)
    clock.start()
    answer = opened.policy()
    return {**clock.stop(), "count": len(answer.rows)}
