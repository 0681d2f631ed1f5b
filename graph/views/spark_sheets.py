"""What was found on Spark, as sheets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final

from klaster.graph.findings.finding import rule_order
from klaster.graph.spark.outcome import Outcome
from klaster.graph.views.report import Sheet
from klaster.graph.views.table import Heading
from klaster.ontology.codes import codes
from klaster.ontology.labels import code_label, phrase

_FIGURES: Final = ("pagerank", "degree", "in_degree", "out_degree", "component_size")


def told_measures(outcome: Outcome, language: str) -> list[str]:
    """Return in sentences what the network is and how many gaps were found in it."""
    kinds = ", ".join(code_label("link-kind", kind, language) for kind in outcome.links)
    told = [f"{kinds}: {phrase('spark.measured', language, **asdict(outcome))}"]
    if outcome.gaps:
        counts = ", ".join(f"{rule}: {outcome.gaps[rule]}" for rule in _in_order(outcome.gaps))
        told.append(phrase("spark.gaps", language, counts=counts))
    return told


def _in_order(gaps: Mapping[str, int]) -> list[str]:
    return sorted(gaps, key=rule_order)


def actors_sheet(
    rows: Sequence[Mapping[str, object]],
    *,
    by: str,
    language: str,
    for_people: bool,
    notes: Sequence[str] = (),
) -> Sheet:
    """Return the first actors by a measure, with the other figures beside it."""
    others = [name for name in _FIGURES if name != by]
    if not for_people:
        keys = ("actor", "label", "kind", by, *others, "component")
        data = [{**row, "actor": row["iri"]} for row in rows]
        return Sheet(data, [Heading(key, key) for key in keys], notes)
    shown = [{**row, "kind": code_label("actor-kind", str(row["kind"]), language)} for row in rows]
    headings = [
        Heading("label", phrase("head.actor", language)),
        _heading(by, language),
        Heading("kind", phrase("head.kind", language), widest=24, optional=True),
        *(_heading(name, language, optional=True) for name in others),
    ]
    return Sheet(shown, headings, [*notes, phrase("cli.central-not-good", language)])


def _heading(name: str, language: str, *, optional: bool = False) -> Heading:
    if name == "component_size":
        label, meaning = phrase("head.spark.part", language), ""
    else:
        measure = codes("measure")[name.replace("_", "-")]
        label, meaning = measure.labels[language], measure.meanings[language]
    return Heading(name, label, number=True, optional=optional, meaning=meaning)


def gaps_sheet(gaps: Mapping[str, int], *, language: str, for_people: bool) -> Sheet:
    """Return how many gaps each rule found."""
    rows = [
        {"rule": rule, "text": code_label("gap-rule", rule, language), "count": gaps[rule]}
        for rule in _in_order(gaps)
    ]
    words = {"rule": "head.rule", "text": "head.finding", "count": "head.spark.count"}
    headings = [
        Heading(key, phrase(word, language) if for_people else key, number=key == "count")
        for key, word in words.items()
    ]
    return Sheet(rows, headings)
