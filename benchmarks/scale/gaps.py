"""The stage ``gaps``: the report of missing inputs, by klaster and in SPARQL by its peers."""

from __future__ import annotations

from collections.abc import Callable

import measuring
import peers
from asking import EDGES, FORMS
from workroom import Given, Row, tell

SMALL = 2_000
"""Up to so many firms rdflib is asked: beyond, it takes hours."""
ENGINES = tuple(f"{engine} {form}" for engine in ("maplib", "Oxigraph", "rdflib") for form in FORMS)
EXPLAINED = f"""\
Which products do members of a cluster need that no member makes? Peers answer in SPARQL, as written (FILTER NOT EXISTS) and
rewritten (MINUS), over the edges memberOf, needs and produces alone, which klaster derived and which are in their memory.
klaster answers from its tables, in three steps: who makes and needs what (which the peers were given), the question, and
rule G1 as it is reported (who lacks a supplier, the numbers, the evidence, sentences in three languages). Compared are the
pairs of cluster and product. rdflib is asked up to {SMALL:,} firms."""


def run(given: Given, record: Callable[[list[Row]], None]) -> list[Row]:
    """Run every engine, and record the rows after each."""
    graph = given.loaded()
    tell("gaps: klaster")
    ours = measuring.work("asking:klaster_question", given.limits, graph=str(graph))
    rows = _steps(ours)
    record(rows)
    wanted = [engine for engine in ENGINES if given.wants(engine.split()[0])]
    if ours["status"] != "ok" or not wanted:
        return rows
    edges = given.room / "needs.nt"
    given.aside("edges:write_edges", graph=str(graph), target=str(edges), names=EDGES)
    for engine in wanted:
        tell(f"gaps: {engine}")
        name, _, form = engine.partition(" ")
        row = {"engine": engine, **_one(given, name, form, str(edges))}
        if row["status"] == "ok":
            row["agrees"] = row["digest"] == ours["digest"]
        rows.append(row)
        record(rows)
    edges.unlink()
    return rows


def _steps(ours: Row) -> list[Row]:
    """Return a row a step, so that each peer can be held against the same work."""
    if ours["status"] != "ok":
        return [{"engine": "klaster", **ours}]
    kept = {name: ours[name] for name in ("status", "peak_mb", "before_mb", "count", "digest")}
    names = ("the question", "rule G1 with evidence", "who makes and needs what")
    rows = [{"engine": f"klaster: {name}", **kept, "cpu": ours["laps"][name]} for name in names]
    rows[1] |= {"count": ours["findings"], "agrees": ours["rule agrees"]}
    del rows[1]["digest"], rows[2]["count"], rows[2]["digest"]
    return rows


def _one(given: Given, engine: str, form: str, edges: str) -> Row:
    if engine == "maplib" and (lacking := peers.missing("maplib")):
        return {"status": lacking}
    if engine == "rdflib" and given.firms > SMALL:
        return {"status": f"not run: over {SMALL:,} firms"}
    place = f"asking:{engine.lower()}_question"
    return measuring.work(place, given.limits, edges=edges, form=form)
