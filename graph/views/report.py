"""Results as sheets: rows, headings in the user's words, and notes on how to read them.

A sheet for data (CSV, JSON) has English keys and codes; one for people has words and only the
columns that a person reads.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from klaster.graph.findings.finding import Finding
from klaster.graph.views.table import Heading, render, visible
from klaster.ontology.codes import codes
from klaster.ontology.labels import code_label, phrase


@dataclass(frozen=True)
class Sheet:
    """A result ready to be printed."""

    rows: Sequence[Mapping[str, object]]
    headings: Sequence[Heading]
    notes: Sequence[str] = ()

    def text(self, form: str, *, language: str, width: int) -> str:
        """Return the rows in one of the formats."""
        return render(self.rows, self.headings, form, language=language, width=width)

    def explanation(self, *, language: str, width: int) -> str:
        """Return the notes and what the figures of the columns shown mean."""
        shown = visible(self.rows, self.headings, language=language, width=width)
        notes = list(self.notes)
        notes += [f"{heading.label}: {heading.meaning}" for heading in shown if heading.meaning]
        if len(shown) < len(self.headings):
            notes.append(phrase("cli.hidden", language))
        lines = (textwrap.fill(note, min(width, 110), subsequent_indent="  ") for note in notes)
        return "\n".join(lines)


def _data_headings(keys: Iterable[str]) -> list[Heading]:
    return [Heading(key, key) for key in keys]


def central_sheet(
    ranking: pl.DataFrame, *, top: int, language: str, for_people: bool, notes: Sequence[str] = ()
) -> Sheet:
    """Return the most central actors: ``actor, label, kind, rank`` and a column a measure."""
    measures = codes("measure")
    names = [name for name in ranking.columns if name in measures]
    rows = list(ranking.head(top).iter_rows(named=True))
    if not for_people:
        keyed = [{key.replace("-", "_"): value for key, value in row.items()} for row in rows]
        keys = ["actor", "label", "kind", "rank", *(name.replace("-", "_") for name in names)]
        return Sheet(keyed, _data_headings(keys))
    for row in rows:
        row["rank"] = f"{row['rank']}=" if row["tied"] > 1 else str(row["rank"])
        row["kind"] = code_label("actor-kind", row["kind"], language)
    by, *others = names
    headings = [
        Heading("rank", phrase("head.rank", language), number=True),
        Heading("label", phrase("head.actor", language)),
        *(_measure_heading(name, language) for name in (by,)),
        Heading("kind", phrase("head.kind", language), widest=24, optional=True),
        *(_measure_heading(name, language, optional=True) for name in others),
    ]
    reading = [phrase("cli.ties", language), phrase("cli.central-not-good", language)]
    return Sheet(rows, headings, [*notes, *reading])


def _measure_heading(name: str, language: str, *, optional: bool = False) -> Heading:
    entry = codes("measure")[name]
    return Heading(
        name,
        entry.labels[language],
        number=True,
        optional=optional,
        meaning=entry.meanings[language],
    )


def missing_sheet(
    findings: Sequence[Finding], *, top: int | None, language: str, for_people: bool
) -> Sheet:
    """Return findings: ``rule, severity, subjects, numbers, evidence, text``."""
    shown = findings[: top or (40 if for_people else len(findings))]
    rows = [finding.row(language) for finding in shown]
    if not for_people:
        keys = ("rule", "severity", "subjects", "numbers", "evidence", "text")
        return Sheet(rows, _data_headings(keys))
    for row in rows:
        row["rule"] = f"{row['rule']} {code_label('gap-rule', str(row['rule']), language)}"
        row["severity"] = round(float(str(row["severity"])), 2)
    headings = [
        Heading("rule", phrase("head.rule", language), widest=26),
        Heading("severity", phrase("head.severity", language), number=True),
        Heading("text", phrase("head.finding", language)),
    ]
    notes = [phrase("cli.recorded", language), phrase("note.severity", language)]
    for coverage in dict.fromkeys(finding.coverage for finding in shown):
        entry = codes("coverage")[coverage]
        words = {"coverage": entry.labels[language], "meaning": entry.meanings[language]}
        notes.append(phrase("note.coverage", language, **words))
    if len(findings) > len(shown):
        more = len(findings) - len(shown)
        notes.insert(0, phrase("cli.more", language, count=more, all=len(findings)))
    return Sheet(rows, headings, notes)


def policy_sheet(reach: pl.DataFrame, *, language: str, for_people: bool) -> Sheet:
    """Return each instrument's reach."""
    keys = ("instrument", "label", "eligible", "reached", "unreached", "leakage", "coverage")
    rows = list(reach.iter_rows(named=True))
    if not for_people:
        return Sheet(rows, _data_headings(keys))
    for row in rows:
        row["status"] = code_label("instrument-status", row["status"] or "", language)
    headings = [
        Heading("label", phrase("head.instrument", language)),
        Heading("status", phrase("head.status", language)),
        *(
            Heading(key, phrase(f"head.{key}", language), number=True, optional=key == "leakage")
            for key in ("eligible", "reached", "unreached", "leakage")
        ),
    ]
    return Sheet(rows, headings, [phrase("note.reach", language)])


@dataclass(frozen=True)
class Line:
    """A line of a validation or of an inventory, in data and in words."""

    data: Mapping[str, object]
    words: Mapping[str, object]


def lines_sheet(
    lines: Sequence[Line], heads: Mapping[str, str], *, language: str, for_people: bool
) -> Sheet:
    """Return lines under headings given by key of the data and key of the phrase."""
    if not for_people:
        return Sheet([line.data for line in lines], _data_headings(heads))
    # A column in which nothing stands tells a person nothing.
    headings = [
        Heading(key, phrase(words, language), number=key == "count")
        for key, words in heads.items()
        if any(line.words[key] not in ("", None) for line in lines)
    ]
    return Sheet([line.words for line in lines], headings)


def answer_sheet(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Sheet:
    """Return the answer to a query, under the names of its variables."""
    named = [dict(zip(columns, row, strict=True)) for row in rows]
    return Sheet(named, _data_headings(columns))
