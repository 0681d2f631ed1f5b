"""Systemic risk, cascades and the difference of two networks as sheets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from klaster.graph.views.report import Sheet
from klaster.graph.views.table import Heading, shown
from klaster.ontology.codes import codes
from klaster.ontology.labels import code_label, phrase


def _data(keys: Sequence[str]) -> list[Heading]:
    return [Heading(key, key) for key in keys]


def risk_sheet(
    found: pl.DataFrame,
    *,
    language: str,
    for_people: bool,
    notes: Sequence[str] = (),
    explain: bool = False,
) -> Sheet:
    """Return whose failure costs most: see ``klaster.graph.risk.at_risk``."""
    rows = list(found.iter_rows(named=True))
    told = [*notes, *(_explained(language) if explain else ())]
    if not for_people:
        return Sheet(rows, _data([key for key in found.columns if key != "tied"]), told)
    for row in rows:
        row["place"] = f"{row['rank']}=" if row["tied"] > 1 else str(row["rank"])
        row["risk"] = _bracket(row["risk_low"], row["risk_high"], language)
        row["kind"] = code_label("actor-kind", row["kind"] or "", language)
        share = row["exposed_share"]
        row["exposure"] = None if share is None else f"{share:.0%} · {row['exposed_label']}"
        row["cut"] = bool(row["cut"])
    # Who neither sells nor buys can fail without a trace, and so fills no line.
    rows = [row for row in rows if row["risk_high"] or row["dominated"] or row["cut"]]
    headings = [
        Heading("place", phrase("head.rank", language), number=True),
        Heading("label", phrase("head.actor", language)),
        _meant("risk", language, explain=explain, number=True),
        _meant("hit", language, explain=explain, number=True),
        *(
            Heading(
                name,
                codes("measure")[name].labels[language],
                number=True,
                optional=True,
                meaning="" if explain else codes("measure")[name].meanings[language],
            )
            for name in ("dominated", "cut")
        ),
        _meant("exposure", language, explain=explain, widest=34, optional=True),
        Heading("kind", phrase("head.kind", language), widest=24, optional=True),
    ]
    return Sheet(rows, headings, [*told, phrase("risk.recorded-only", language)])


def _meant(key: str, language: str, *, explain: bool, **more: Any) -> Heading:  # noqa: ANN401
    meaning = "" if explain else phrase(f"risk.{key}.meaning", language)
    return Heading(key, phrase(f"head.{key}", language), meaning=meaning, **more)


def _bracket(low: float | None, high: float | None, language: str) -> str | None:
    if low is None or high is None:
        return None
    point = "." if language == "en" else ","
    ends = [f"{value:.1%}".removesuffix("%").removesuffix(".0") for value in (low, high)]
    ends = [end.replace(".", point) for end in ends]
    return f"{ends[0]} %" if ends[0] == ends[1] else f"{ends[0]}–{ends[1]} %"


def _explained(language: str) -> list[str]:
    """Return what each figure means, its formula and its source."""
    lines = [phrase("risk.signs", language)]
    for key in ("risk", "hit", "exposure"):
        lines.append(
            f"{phrase(f'head.{key}', language)}: {phrase(f'risk.{key}.meaning', language)}"
        )
        formula, source = (phrase(f"risk.{key}.{what}", language) for what in ("formula", "source"))
        lines.append("  " + phrase("cli.formula", language, formula=formula))
        lines.append("  " + phrase("cli.reference", language, source=source))
    for name in ("dominated", "cut"):
        entry = codes("measure")[name]
        lines.append(f"{entry.labels[language]}: {entry.meanings[language]}")
        lines.append("  " + phrase("cli.formula", language, formula=entry.formula))
        lines.append("  " + phrase("cli.reference", language, source=entry.reference))
    return lines


def cascade_sheet(
    steps: pl.DataFrame,
    *,
    language: str,
    for_people: bool,
    notes: Sequence[str] = (),
    top: int | None = None,
) -> Sheet:
    """Return a cascade: ``step, actor, label, kind, supply, demand, lost``."""
    rows = list((steps.head(top) if top and for_people else steps).iter_rows(named=True))
    if not for_people:
        return Sheet(rows, _data(steps.columns), list(notes))
    for row in rows:
        for key in ("supply", "demand", "lost"):
            row[key] = f"{row[key]:.0%}"
        row["kind"] = code_label("actor-kind", row["kind"] or "", language)
    headings = [
        Heading("step", phrase("head.step", language), number=True),
        Heading("label", phrase("head.actor", language)),
        *(
            Heading(
                key,
                phrase(f"head.{key}", language),
                number=True,
                meaning=phrase(f"risk.{key}.meaning", language),
            )
            for key in ("lost", "supply", "demand")
        ),
        Heading("kind", phrase("head.kind", language), widest=24, optional=True),
    ]
    more = len(steps) - len(rows)
    told = [*notes, *([phrase("cli.more-data", language, count=more)] if more else [])]
    return Sheet(rows, headings, told)


def differences_sheet(
    found: pl.DataFrame,
    *,
    top: int,
    language: str,
    for_people: bool,
    notes: Sequence[str] = (),
) -> Sheet:
    """Return how two networks differ: the columns of ``differences`` and a sentence (``text``)."""
    rows = [{**row, "text": _sentence(row, language)} for row in found.iter_rows(named=True)]
    if not for_people:
        return Sheet(rows, _data([*found.columns, "text"]), list(notes))
    kept: list[Mapping[str, object]] = []
    left_out = 0
    for what in found["what"].unique(maintain_order=True):
        some = [row for row in rows if row["what"] == what]
        kept += [{**row, "what": _what(what, language)} for row in some[:top]]
        left_out += max(len(some) - top, 0)
    headings = [
        Heading("what", phrase("head.what", language), widest=24),
        Heading("text", phrase("head.change", language)),
    ]
    more = [phrase("cli.more-data", language, count=left_out)] if left_out else []
    return Sheet(kept, headings, [*notes, *more])


def _what(what: str, language: str) -> str:
    if what in codes("measure"):
        return codes("measure")[what].labels[language]
    return phrase(f"risk.what.{what}", language)


def _sentence(row: Mapping[str, Any], language: str) -> str:
    words = {key: shown(row[key], language) for key in ("before", "after")}
    words |= {key: row[f"{key}_label"] or "" for key in ("source", "target")}
    words |= {key: shown(row[key], language) for key in ("rank_before", "rank_after")}
    what, change = row["what"], row["change"]
    if what == "systemic-risk":
        words |= {key: f"{row[key]:.1%}" for key in ("before", "after")}
    if what in ("actor", "link", "parts", "cut-off"):
        return phrase(f"risk.change.{what}.{change}", language, **words)
    return phrase("risk.change.rank", language, **words)
