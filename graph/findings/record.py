"""Findings as RDF, so that they can be queried beside the facts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

import polars as pl

from klaster.graph.findings.finding import Finding
from klaster.graph.store.quads import iri, literal, typed, write_lines
from klaster.ontology.codes import codes
from klaster.ontology.terms import KL, RDF, code_iri, mint


def write_findings(
    stream: IO[bytes], findings: Iterable[Finding], *, base: str, graph: str, method: str
) -> None:
    """Write findings into a named graph, numbered in the order given."""
    numbered = list(enumerate(findings, start=1))
    _write_plain(stream, numbered, base=base, graph=graph, method=method)
    lists = [(mint(base, "finding", str(number)), found) for number, found in numbered]
    roles = {helix: code_iri("role", code) for helix, code in _ROLE_OF_HELIX.items()}
    pairs = {
        "missingRole": [(gap, roles[found.role]) for gap, found in lists if found.rule == "G7"],
        "gapSubject": [(gap, value) for gap, found in lists for value in found.subjects],
        "evidence": [(gap, value) for gap, found in lists for value in found.evidence],
        "missingProduct": [(gap, found.product) for gap, found in lists if found.product],
        "gapInstrument": [
            (gap, found.subjects[0]) for gap, found in lists if found.rule in ("G10", "G11")
        ],
    }
    for term, rows in pairs.items():
        frame = pl.DataFrame(rows, schema={"gap": pl.String, "value": pl.String}, orient="row")
        subject, value = iri(pl.col("gap")), iri(pl.col("value"))
        write_lines(stream, frame, subject, f"<{KL}{term}>", value, graph)


# A role of the helix, as the code list of roles names who would play it.
_ROLE_OF_HELIX = {
    "firm": "producer",
    "research": "research-partner",
    "government": "regulator",
    "finance": "financier",
    "logistics": "logistics",
}


def _write_plain(
    stream: IO[bytes],
    findings: list[tuple[int, Finding]],
    *,
    base: str,
    graph: str,
    method: str,
) -> None:
    rules = codes("gap-rule")
    frame = pl.DataFrame(
        [
            {
                "gap": mint(base, "finding", str(number)),
                "type": KL + rules[found.rule].rdf_class,
                "rule": code_iri("gap-rule", found.rule),
                "score": f"{found.severity:.6f}",
                "confidence": f"{found.confidence:.6f}",
                "coverage": code_iri("coverage", found.coverage),
                **found.text,
            }
            for number, found in findings
        ],
        schema=dict.fromkeys(
            ("gap", "type", "rule", "score", "confidence", "coverage", "en", "ru", "uz"), pl.String
        ),
    )
    subject = iri(pl.col("gap"))
    decimal = typed("decimal")
    for term, value in (
        (f"{RDF}type", iri(pl.col("type"))),
        (f"{RDF}type", pl.lit(f"<{KL}Gap>")),
        (f"{KL}gapRule", iri(pl.col("rule"))),
        (f"{KL}score", literal(pl.col("score"), decimal)),
        (f"{KL}confidence", literal(pl.col("confidence"), decimal)),
        (f"{KL}coverage", iri(pl.col("coverage"))),
        (f"{KL}method", literal(pl.lit(method))),
        (f"{KL}explanation", literal(pl.col("en"), "@en")),
        (f"{KL}explanation", literal(pl.col("ru"), "@ru")),
        (f"{KL}explanation", literal(pl.col("uz"), "@uz")),
    ):
        write_lines(stream, frame, subject, f"<{term}>", value, graph)
