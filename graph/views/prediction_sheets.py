"""Suggested links, their audit and their backtest as sheets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from klaster.graph.views.report import Sheet
from klaster.graph.views.table import Heading
from klaster.graph.views.wording import decimal
from klaster.ontology.labels import phrase

SUGGESTION_COLUMNS: Final = (
    "source",
    "target",
    "source_label",
    "target_label",
    "score",
    "evidence",
    "text",
    "layer",
    "numbers",
)

Rows = Sequence[Mapping[str, Any]]


def _data(keys: Sequence[str]) -> list[Heading]:
    return [Heading(key, key) for key in keys]


def suggestions_sheet(rows: Rows, *, language: str, for_people: bool) -> Sheet:
    """Return suggested links: ``source, target, source_label, target_label, score, evidence …``.

    ``probability`` stands last; it is null where the audit has not calibrated the scores.
    """
    told = [{"probability": None, **row} for row in rows]
    if not for_people:
        return Sheet(told, _data((*SUGGESTION_COLUMNS, "probability")))
    for row in told:
        row["layer"] = phrase(f"layer.{row['layer']}", language)
        row["score"] = decimal(float(str(row["score"])), language)
        row["pair"] = f"{row['source_label']} → {row['target_label']}"
    headings = [
        Heading("layer", phrase("head.layer", language), widest=14),
        Heading("pair", phrase("head.pair", language), widest=34),
        Heading("score", phrase("head.score", language), number=True),
        Heading("text", phrase("head.reasons", language)),
    ]
    return Sheet(told, headings, [phrase("note.suggestions", language)] if told else [])


def audit_text(audits: Rows, *, language: str) -> str:
    """Return what the self-audit of each layer found, a line a layer."""
    return "\n".join(
        phrase(f"layer.{found['layer']}", language) + f": {found['text']}" for found in audits
    )


def audit_sheet(audits: Rows, *, language: str, for_people: bool) -> Sheet:
    """Return the self-audit, a row a layer."""
    rows = [dict(found) for found in audits]
    keys = tuple(rows[0]) if rows else ("layer", "predictable", "text")
    if not for_people:
        return Sheet(rows, _data(keys))
    for row in rows:
        row["layer"] = phrase(f"layer.{row['layer']}", language)
    headings = [
        Heading("layer", phrase("head.layer", language), widest=14),
        Heading("positives", phrase("head.hidden", language), number=True),
        Heading("text", phrase("head.finding", language)),
    ]
    return Sheet(rows, headings)


_SHOWN: Final = (
    "auc_degree",
    "auc_random",
    "p100",
    "hits10",
    "ap",
    "mrr",
    "p50",
    "auc_dist2",
    "auc_dist3",
    "hits50",
    "lift",
)


def backtest_sheet(rows: Sequence[Mapping[str, Any]], *, language: str, for_people: bool) -> Sheet:
    """Return how well methods foretell, a row a method."""
    if not for_people:
        return Sheet(list(rows), _data(tuple(rows[0])))
    told = [
        {key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()}
        for row in rows
    ]
    headings = [
        Heading("method", phrase("head.method", language)),
        Heading("positives", phrase("head.hidden", language), number=True),
        *(
            Heading(
                key,
                key,
                number=True,
                optional=True,
                meaning=phrase(f"note.{key}", language) if key in _EXPLAINED else "",
            )
            for key in _SHOWN
        ),
    ]
    return Sheet(told, headings, [phrase("note.backtest", language)])


_EXPLAINED: Final = frozenset({"auc_degree", "auc_random", "p100", "hits10", "ap", "mrr"})
