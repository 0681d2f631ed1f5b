"""How each engine finds which inputs the members of a cluster need and none of them makes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from measuring import Clock
from statements import KL

Found = dict[str, Any]
NOT_EXISTS = f"""PREFIX kl: <{KL}>
SELECT DISTINCT ?cluster ?product WHERE {{
  ?member kl:memberOf ?cluster ; kl:needs ?product .
  FILTER NOT EXISTS {{ ?maker kl:memberOf ?cluster ; kl:produces ?product }}
}}"""
MINUS = f"""PREFIX kl: <{KL}>
SELECT DISTINCT ?cluster ?product WHERE {{
  ?member kl:memberOf ?cluster ; kl:needs ?product .
  MINUS {{ ?maker kl:memberOf ?cluster ; kl:produces ?product }}
}}"""
FORMS = {"NOT EXISTS": NOT_EXISTS, "MINUS": MINUS}
EDGES = ["memberOf", "needs", "produces"]


def klaster_question(clock: Clock, graph: str) -> Found:
    """Answer the question from the tables, as the first lines of rule G1 do; then the whole rule."""
    import polars as pl

    import klaster
    from klaster.graph.findings.facts import Facts
    from klaster.graph.findings.supply_gaps import uncovered_inputs
    from klaster.graph.store.holding import counted

    facts = Facts(klaster.open(graph).columns())
    clock.start()
    # The peers are given these three as edges.
    facts.members, facts.makers, facts.needers  # noqa: B018
    clock.lap("who makes and needs what")
    facts.above  # noqa: B018
    needs = facts.needers.join(facts.members, on="actor").select("cluster", "product").unique()
    makes = facts.makers.join(facts.members, on="actor").select("cluster", "product").unique()
    kinds = makes.join(facts.above, on="product").select("cluster", product="broader").unique()
    unmade = needs.join(kinds, on=["cluster", "product"], how="anti")
    clock.lap("the question")
    findings = list(uncovered_inputs(facts))
    clock.lap("rule G1 with evidence")
    found = clock.stop()
    pairs = set(unmade.rows())
    of_rule = {(finding.subjects[0], finding.product) for finding in findings}
    # The rule leaves out what every member that needs it buys elsewhere.
    stated = facts.columns.links("supplies", "supplier", "buyer", "product", "status")
    supplies = counted(stated).filter(pl.col("supplier") != pl.col("buyer"))
    bought = supplies.select(actor="buyer", product="product").drop_nulls().unique()
    lacking = facts.needers.join(bought, on=["actor", "product"], how="anti")
    lacking = lacking.join(facts.members, on="actor").select("cluster", "product").unique()
    rule_agrees = of_rule == pairs & set(lacking.rows())
    return {**found, **_pairs(pairs), "findings": len(findings), "rule agrees": rule_agrees}


def maplib_question(clock: Clock, edges: str, form: str) -> Found:
    """Ask maplib in SPARQL."""
    from maplib import Model

    model = Model()
    model.read(edges, format="ntriples")
    clock.start()
    frame = model.query(FORMS[form])
    found = clock.stop()
    rows = frame.select("cluster", "product").rows()
    return {**found, **_pairs((c.strip("<>"), p.strip("<>")) for c, p in rows)}


def oxigraph_question(clock: Clock, edges: str, form: str) -> Found:
    """Ask Oxigraph in SPARQL."""
    import pyoxigraph as ox

    store = ox.Store()
    store.bulk_load(path=edges, format=ox.RdfFormat.N_TRIPLES)
    clock.start()
    rows = list(store.query(FORMS[form]))
    found = clock.stop()
    return {**found, **_pairs((row["cluster"].value, row["product"].value) for row in rows)}


def rdflib_question(clock: Clock, edges: str, form: str) -> Found:
    """Ask rdflib in SPARQL."""
    import rdflib

    graph = rdflib.Graph().parse(edges, format="nt")
    clock.start()
    rows = list(graph.query(FORMS[form]))
    found = clock.stop()
    return {**found, **_pairs((str(cluster), str(product)) for cluster, product in rows)}


def _pairs(pairs: Iterable[tuple[str, str]]) -> Found:
    """Return how many clusters lack how many products, and a digest of the sorted pairs."""
    lines = sorted({f"{cluster} {product}" for cluster, product in pairs})
    mark = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
    return {"count": len(lines), "digest": mark}
