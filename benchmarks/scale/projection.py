"""The stage ``projection``: a graph to the arrays of its network, by klaster and its peers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import measuring
import peers
from workroom import Given, Row, tell

ENGINES = (
    "klaster",
    "rdflib to networkx",
    "rdflib to arrays",
    "oxrdflib to arrays",
    "maplib to arrays",
    "kglab to networkx",
)
EXPLAINED = """\
From a graph to its network of supply. klaster opens the graph on disk and gives a sparse matrix; what peers start from is in
their memory already: the direct edges alone, which klaster derived. Compared are the edges, by the names of both ends."""


def run(given: Given, record: Callable[[list[Row]], None]) -> list[Row]:
    """Run every engine, and record the rows after each."""
    graph = given.loaded()
    tell("projection: klaster")
    ours = measuring.work("projecting:klaster_arrays", given.limits, graph=str(graph))
    rows: list[Row] = [{"engine": "klaster", **ours}]
    record(rows)
    wanted = [engine for engine in ENGINES[1:] if given.wants(engine)]
    if ours["status"] != "ok" or not wanted:
        return rows
    edges = given.room / "supplies-to.nt"
    given.aside("edges:write_edges", graph=str(graph), target=str(edges), names=["suppliesTo"])
    for engine in wanted:
        tell(f"projection: {engine}")
        row = {"engine": engine, **_one(given, engine, edges)}
        if row["status"] == "ok":
            row["agrees"] = row["count"] == ours["count"]
            if "digest" in row:
                row["agrees"] &= row["digest"] == ours["digest"]
        rows.append(row)
        record(rows)
    edges.unlink()
    return rows


def _one(given: Given, engine: str, edges: Path) -> Row:
    work = {"edges": str(edges)}
    if engine == "rdflib to networkx":
        return measuring.work("projecting:rdflib_networkx", given.limits, **work)
    if engine == "maplib to arrays":
        if lacking := peers.missing("maplib"):
            return {"status": lacking}
        return measuring.work("projecting:maplib_arrays", given.limits, **work)
    if engine == "kglab to networkx":
        return peers.kglab(given.folder, given.limits, edges, "network")
    store, form = ("default", "nt") if engine.startswith("rdflib") else ("Oxigraph", "ox-nt")
    return measuring.work("projecting:rdflib_arrays", given.limits, store=store, form=form, **work)
