"""The stage ``measures``: what is linear in the links, by klaster and the network libraries."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import measuring
import networks
import peers
from workroom import Given, Row, tell

NAMES = (*networks.MORE_LINEAR, "constraint")
EXPLAINED = """\
Measures whose work grows as the links do, on the supply links of the made-up network, one thread, the graph already
built in each library: the least CPU seconds of three runs (`benchmarks/networks.py` measures more of them). Compared are all
values: the largest difference from klaster's. `linear` is the geometric mean of the ratios of those that a library has."""
_MODULES = {"networkx": "networkx", "igraph": "igraph", "networkit": "networkit", "rustworkx": "rustworkx"}  # fmt: skip
ENGINES = ("klaster", *_MODULES)
TOLERANCE = 1e-6


def measure(_: measuring.Clock, engine: str, tables: str, target: str) -> dict[str, Any]:
    """Measure one library, and keep what it found in a file."""
    import numpy as np
    import polars as pl

    actors = pl.scan_parquet(f"{tables}/actors.parquet").select(pl.len()).collect().item()
    ends = (
        pl.scan_parquet(f"{tables}/supplies.parquet")
        .select(pl.col("supplier", "buyer").str.slice(1).cast(pl.Int64))
        .unique()
        .sort("supplier", "buyer")
        .collect()
    )
    links = networks.Linked(actors, *(ends[name].to_numpy() for name in ends.columns))
    found = networks.measured(engine, links, NAMES)
    arrays = {name: np.asarray(result, dtype=float) for name, (_, result) in found.items()}
    Path(target).write_bytes(pickle.dumps(arrays))
    seconds = {name: least for name, (least, _) in found.items()}
    return {"laps": seconds, "count": ends.height}


def run(given: Given, record: Callable[[list[Row]], None]) -> list[Row]:
    """Run every library, and record the rows after each."""
    rows: list[Row] = []
    ours: dict[str, Any] = {}
    limits = measuring.Limits(given.limits.seconds, given.limits.gigabytes, threads=1)
    for engine in ENGINES:
        if engine != "klaster" and not given.wants(engine):
            continue
        if engine != "klaster" and (lacking := peers.missing(_MODULES[engine])):
            rows.append({"engine": engine, "status": lacking})
            continue
        tell(f"measures: {engine}")
        target = given.room / f"measures-{engine}.pickle"
        work = {"engine": engine, "tables": str(given.tables), "target": str(target)}
        row = {"engine": engine, **measuring.work("measures:measure", limits, **work)}
        if row["status"] == "ok":
            # The whole process has also built the graph and run each measure up to three times.
            del row["cpu"], row["wall"]
            found = pickle.loads(target.read_bytes())  # noqa: S301
            ours = ours or found
            row |= _held(engine, row, rows, found, ours)
            target.unlink()
        rows.append(row)
        record(rows)
        if engine == "klaster" and not ours:
            break
    return rows


def _held(
    engine: str, row: Row, rows: list[Row], found: dict[str, Any], ours: dict[str, Any]
) -> Row:
    """Return the ratios to klaster's seconds, the mean of them, and the largest differences."""
    if engine == "klaster":
        return {}
    first = rows[0]["laps"]
    ratios = {name: row["laps"][name] / max(first[name], 1e-6) for name in found if name in first}
    apart = {name: networks.difference(ours[name], found[name], name) for name in ratios}
    linear = networks.mean({name: ratios[name] for name in networks.LINEAR if name in ratios})
    agrees = all(
        gap == "0" or (gap != "differ" and float(gap) <= TOLERANCE) for gap in apart.values()
    )
    return {"ratios": ratios, "linear": linear, "differences": apart, "agrees": agrees}
