"""Edges that a graph states directly, with no record behind them, as rows of tables.

What klaster derives from the records by ``ontology/rules`` is no new row.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Final

import polars as pl

from klaster.loaders.rdf.statements import Graph

# The edge, the rule that derives it, the table, and the columns of its two ends.
_EDGES: Final = (
    ("memberOf", "member-of", "memberships", "actor", "cluster"),
    ("suppliesTo", "supplies-to", "supplies", "supplier", "buyer"),
    ("owns", "owns", "ownerships", "owner", "owned"),
    ("produces", "produces", "makes", "actor", "product"),
    ("needs", "needs", "needs", "actor", "product"),
    ("requiresInput", "requires-input", "recipes", "product", "input"),
    ("benefitsFrom", "benefits-from", "awards", "beneficiary", "instrument"),
)
_TARGETS: Final = """
SELECT ?instrument ?cluster {
  ?instrument kl:targets ?cluster
  MINUS { ?criterion kl:criterionOf ?instrument ; kl:criterionCluster ?cluster }
  MINUS { ?instrument kl:hasCriterion ?criterion . ?criterion kl:criterionCluster ?cluster }
}"""


def edge_rows(graph: Graph) -> dict[str, pl.DataFrame]:
    """Return rows by table, with ``subject`` telling which statement each was."""
    found = {}
    for edge, rule, table, start, end in _EDGES:
        pairs = _stated(graph, edge) - derived(graph, rule)
        found[table] = _frame(pairs, edge, start, end)
    found["criteria"] = _frame(graph.edges(_TARGETS), "targets", "instrument", "cluster")
    found["cooperations"] = _cooperations(graph)
    return {table: rows for table, rows in found.items() if not rows.is_empty()}


def _stated(graph: Graph, edge: str) -> set[tuple[str, str]]:
    return graph.edges(f"SELECT DISTINCT ?a ?b {{ ?a kl:{edge} ?b }}")


def derived(graph: Graph, rule: str) -> set[tuple[str, str]]:
    """Return the edges that a rule of ``ontology/rules`` derives from the records."""
    text = files("klaster.ontology").joinpath("rules", f"{rule}.rq").read_text("utf-8")
    found = graph.store.query(text, use_default_graph_as_union=True)
    return {
        (graph.name(triple.subject), graph.name(triple.object))
        for triple in found  # type: ignore[union-attr]
    }


def _frame(pairs: set[tuple[str, str]], edge: str, start: str, end: str) -> pl.DataFrame:
    rows = [(f"{a} kl:{edge} {b}", a, b) for a, b in sorted(pairs)]
    return pl.DataFrame(
        rows, schema=dict.fromkeys(("subject", start, end), pl.String), orient="row"
    )


def _cooperations(graph: Graph) -> pl.DataFrame:
    """Return a cooperation of unstated kind for each pair; the edge has no direction."""
    known = derived(graph, "cooperates-with")
    known |= {(end, start) for start, end in known}
    stated = _stated(graph, "cooperatesWith") - known
    rows = []
    for pair in sorted({(min(pair), max(pair)) for pair in stated}):
        key = hashlib.sha256("\x1f".join(pair).encode()).hexdigest()[:16]
        edge = f"{pair[0]} kl:cooperatesWith {pair[1]}"
        rows += [(edge, f"edge-{key}", "unspecified", actor) for actor in pair]
    schema = dict.fromkeys(("subject", "id", "kind", "participant"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")
