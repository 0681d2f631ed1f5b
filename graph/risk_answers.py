"""Risk, a failure, and the difference of two networks as sheets with what they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from klaster.graph.risk import Assumptions, at_risk, differences, failure, told
from klaster.graph.views.risk_sheets import cascade_sheet, differences_sheet, risk_sheet
from klaster.ontology.labels import phrase

if TYPE_CHECKING:
    from klaster.graph.knowledge_graph import KnowledgeGraph
    from klaster.graph.views.report import Sheet


def risk_answer(
    graph: KnowledgeGraph,
    *,
    given: Assumptions,
    top: int,
    language: str,
    for_people: bool,
    explain: bool = False,
    **slices: Any,  # noqa: ANN401
) -> Sheet:
    """Return whose failure costs most, and what the figures rest on."""
    supplies = graph.supplies(given, **slices)
    return risk_sheet(
        at_risk(supplies, top=top),
        language=language,
        for_people=for_people,
        notes=told(supplies, language),
        explain=explain,
    )


def failure_answer(
    graph: KnowledgeGraph,
    failing: Sequence[str],
    *,
    given: Assumptions,
    top: int,
    language: str,
    for_people: bool,
    **slices: Any,  # noqa: ANN401
) -> Sheet:
    """Return how a failure spreads, step by step."""
    supplies = graph.supplies(given, **slices)
    places = graph.places(supplies.network, failing)
    found = failure(supplies, places)
    shares = {"low": f"{found.low:.1%}", "high": f"{found.high:.1%}"}
    names = ", ".join(supplies.network.actors["label"].gather(places))
    sure = shares["low"] == shares["high"]
    sentence = phrase(
        "risk.failure-sure" if sure else "risk.failure", language, actors=names, **shares
    )
    return cascade_sheet(
        found.steps,
        language=language,
        for_people=for_people,
        notes=[sentence, *told(supplies, language)],
        top=top,
    )


def difference_answer(
    graph: KnowledgeGraph,
    *,
    added: Path | None,
    without: Sequence[str],
    by: str,
    given: Assumptions,
    top: int,
    language: str,
    for_people: bool,
    **slices: Any,  # noqa: ANN401
) -> Sheet:
    """Return what an addition or removal changes in the network of supplies."""
    before, after = graph.both(added=added, without=without, given=given, **slices)
    found = differences(before, after, by)
    notes = told(before, language)
    if found.is_empty():
        notes.insert(0, phrase("risk.no-change", language))
    return differences_sheet(found, top=top, language=language, for_people=for_people, notes=notes)
