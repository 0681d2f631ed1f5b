"""What a rule found: numbers, evidence, and a sentence in every language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO

import polars as pl

from klaster.graph.store.quads import iri, literal, typed, write_lines
from klaster.ontology.codes import codes
from klaster.ontology.terms import KL, RDF, code_iri, mint

Words = Mapping[str, str]


@dataclass(frozen=True)
class Finding:
    """A gap with all that an analyst needs to judge it.

    ``severity`` lies between 0 (worth knowing) and 1. ``subjects`` are the IRIs of what the gap
    is in, ``evidence`` of the things and records on which it rests, ``role`` and ``product``
    what is missing. ``coverage`` is how complete the data are said to be (``census``,
    ``survey``, ``news``, ``unknown``); a gap in data of unknown coverage has severity 0.
    """

    rule: str
    severity: float
    subjects: tuple[str, ...]
    numbers: Mapping[str, float | str]
    evidence: tuple[str, ...]
    coverage: str
    text: Words
    product: str = ""
    role: str = ""

    def row(self, language: str) -> dict[str, object]:
        """Return the finding as a row of a table or an object of JSON."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "subjects": list(self.subjects),
            "numbers": dict(self.numbers),
            "evidence": list(self.evidence),
            "text": self.text[language],
        }


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings most severe first, then by rule and text."""
    return sorted(
        findings,
        key=lambda found: (-found.severity, int(found.rule[1:]), found.text["en"], found.subjects),
    )


def write_findings(
    stream: IO[bytes], findings: Iterable[Finding], *, base: str, graph: str, method: str
) -> None:
    """Write findings as RDF, so that they can be queried beside the facts."""
    numbered = list(enumerate(findings, start=1))
    _write_plain(stream, numbered, base=base, graph=graph, method=method)
    lists = [
        (mint(base, "finding", str(number)), found) for number, found in numbered
    ]
    pairs = {
        "gapSubject": [(gap, value) for gap, found in lists for value in found.subjects],
        "evidence": [(gap, value) for gap, found in lists for value in found.evidence],
        "missingProduct": [(gap, found.product) for gap, found in lists if found.product],
        "gapInstrument": [
            (gap, found.subjects[0]) for gap, found in lists if found.rule == "G10"
        ],
    }
    for term, rows in pairs.items():
        frame = pl.DataFrame(rows, schema={"gap": pl.String, "value": pl.String}, orient="row")
        subject, value = iri(pl.col("gap")), iri(pl.col("value"))
        write_lines(stream, frame, subject, f"<{KL}{term}>", value, graph)


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
                "coverage": code_iri("coverage", found.coverage),
                **found.text,
            }
            for number, found in findings
        ],
        schema=dict.fromkeys(
            ("gap", "type", "rule", "score", "coverage", "en", "ru", "uz"), pl.String
        ),
    )
    subject = iri(pl.col("gap"))
    decimal = typed("decimal")
    for term, value in (
        (f"{RDF}type", iri(pl.col("type"))),
        (f"{RDF}type", pl.lit(f"<{KL}Gap>")),
        (f"{KL}gapRule", iri(pl.col("rule"))),
        (f"{KL}score", literal(pl.col("score"), decimal)),
        (f"{KL}coverage", iri(pl.col("coverage"))),
        (f"{KL}method", literal(pl.lit(method))),
        (f"{KL}explanation", literal(pl.col("en"), "@en")),
        (f"{KL}explanation", literal(pl.col("ru"), "@ru")),
        (f"{KL}explanation", literal(pl.col("uz"), "@uz")),
    ):
        write_lines(stream, frame, subject, f"<{term}>", value, graph)
