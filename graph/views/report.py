"""Results as sheets: rows, headings in the user's words, and notes on how to read them.

A sheet for data (CSV, JSON) has English keys and codes; one for people has words and only the
columns that a person reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from klaster.graph.answer import Check, Count
from klaster.graph.findings.finding import Finding, left_out
from klaster.graph.matching.proposal import MATCH_COLUMNS, Proposal
from klaster.graph.views.severity import graded
from klaster.graph.views.table import Heading, Toned, render, visible
from klaster.graph.views.table import shown as shown_number
from klaster.graph.views.wording import decimal
from klaster.ontology.codes import codes
from klaster.ontology.labels import code_label, phrase


@dataclass(frozen=True)
class Sheet:
    """A result ready to be printed."""

    rows: Sequence[Mapping[str, object]]
    headings: Sequence[Heading]
    notes: Sequence[str] = ()

    def text(self, form: str, *, language: str, width: int, coloured: bool = False) -> str:
        """Return the rows in one of the formats, ``coloured`` for a terminal that can."""
        return render(
            self.rows, self.headings, form, language=language, width=width, coloured=coloured
        )

    def explanation(self, *, language: str, width: int) -> str:
        """Return the notes and what the figures of the columns shown mean."""
        from klaster.graph.views.terminal import wrapped

        shown = visible(self.rows, self.headings, language=language, width=width)
        notes = list(self.notes)
        notes += [f"{heading.label}: {heading.meaning}" for heading in shown if heading.meaning]
        if len(shown) < len(self.headings):
            notes.append(phrase("cli.hidden", language))
        return "\n".join(wrapped(note, min(width, 110)) for note in notes)


def _data_headings(keys: Iterable[str]) -> list[Heading]:
    return [Heading(key, key) for key in keys]


def central_sheet(
    ranking: pl.DataFrame,
    *,
    top: int,
    language: str,
    for_people: bool,
    notes: Sequence[str] = (),
    explain: bool = False,
) -> Sheet:
    """Return the most central actors: ``actor, label, kind, rank`` and a column a measure.

    ``percentile`` follows, and ``rank_low`` and ``rank_high`` where the ranking has intervals.
    """
    names = [name for name in ranking.columns if name in codes("measure")]
    told = [*notes, *(_explained(names, language) if explain else ())]
    unsure = "rank_low" in ranking.columns
    if unsure:
        ranking = ranking.with_columns(
            shown=pl.col("rank").min().over("tie"), tied=pl.len().over("tie")
        ).with_columns(interval=pl.format("{}–{}", "rank_low", "rank_high"))
    rows = list(ranking.head(top).iter_rows(named=True))
    if not for_people:
        keyed = [{key.replace("-", "_"): value for key, value in row.items()} for row in rows]
        keys = ["actor", "label", "kind", "rank", *(name.replace("-", "_") for name in names)]
        keys += ["percentile", *(("rank_low", "rank_high") if unsure else ())]
        return Sheet(keyed, _data_headings(keys), told)
    for row in rows:
        place = row["shown"] if unsure else row["rank"]
        row["rank"] = f"{place}=" if row["tied"] > 1 else str(place)
        row["percentile"] = None if row["percentile"] is None else f"{row['percentile']:.0f}"
        row["kind"] = code_label("actor-kind", row["kind"], language)
    by, *others = names
    headings = [
        Heading("rank", phrase("head.rank", language), number=True),
        Heading("label", phrase("head.actor", language)),
        _measure_heading(by, language, meant=not explain),
        *([Heading("interval", phrase("head.interval", language), number=True)] if unsure else []),
        Heading(
            "percentile",
            phrase("head.percentile", language),
            number=True,
            optional=True,
            meaning=phrase("cli.percentile", language),
        ),
        Heading("kind", phrase("head.kind", language), widest=24, optional=True),
        *(_measure_heading(name, language, optional=True, meant=not explain) for name in others),
    ]
    reading = [phrase("cli.ties", language), phrase("cli.central-not-good", language)]
    return Sheet(rows, headings, [*told, *reading])


def rank_changes_sheet(
    changes: pl.DataFrame,
    by: str,
    *,
    top: int,
    language: str,
    for_people: bool,
    notes: Sequence[str] = (),
    explain: bool = False,
) -> Sheet:
    """Return whose ranks and figures changed between two days."""
    told = [*notes, *(_explained([by], language) if explain else ())]
    value = by.replace("-", "_")
    keys = ["actor", "label", "kind", "rank", value, "rank_then", f"{value}_then", "difference"]
    rows = [
        dict(zip(keys, row, strict=True))
        for row in changes.head(top)
        .select("actor", "label", "kind", "rank", by, "rank_then", "then", "difference")
        .iter_rows()
    ]
    if not for_people:
        return Sheet(rows, _data_headings(keys), told)
    measure = codes("measure")[by].labels[language]
    headings = [
        Heading("label", phrase("head.actor", language)),
        Heading("rank_then", phrase("head.rank-then", language), number=True),
        Heading("rank", phrase("head.rank-now", language), number=True),
        Heading(f"{value}_then", phrase("head.then", language, measure=measure), number=True),
        Heading(value, phrase("head.now", language, measure=measure), number=True),
        Heading("difference", phrase("head.difference", language), number=True),
    ]
    return Sheet(rows, headings, told)


def _explained(names: Iterable[str], language: str) -> list[str]:
    """Return what each measure means, its formula and its source."""
    lines = [phrase("cli.signs", language)]
    for name in names:
        entry = codes("measure")[name]
        lines.append(f"{entry.labels[language]}: {entry.meanings[language]}")
        lines.append("  " + phrase("cli.formula", language, formula=entry.formula))
        lines.append("  " + phrase("cli.reference", language, source=entry.reference))
    return lines


def _measure_heading(
    name: str, language: str, *, optional: bool = False, meant: bool = True
) -> Heading:
    entry = codes("measure")[name]
    return Heading(
        name,
        entry.labels[language],
        number=True,
        optional=optional,
        meaning=entry.meanings[language] if meant else "",
    )


def missing_sheet(
    findings: Sequence[Finding],
    *,
    top: int | None,
    language: str,
    for_people: bool,
    counts: Mapping[str, int] | None = None,
) -> Sheet:
    """Return findings: ``rule, severity, subjects, numbers, evidence, text``.

    ``counts`` is how many there are in all by rule. Where that is more than there are here, data
    tell it in a further column, ``rule_total``.
    """
    shown = findings[: top or (40 if for_people else len(findings))]
    rows = [finding.row(language) for finding in shown]
    told = told_left_out(findings, counts or {}, language)
    if not for_people:
        keys = ["rule", "severity", "subjects", "numbers", "evidence", "text", "confidence"]
        if counts and told:
            keys.append("rule_total")
            rows = [{**row, "rule_total": counts[str(row["rule"])]} for row in rows]
        return Sheet(rows, _data_headings(keys))
    for row in rows:
        row["rule"] = f"{row['rule']} {code_label('gap-rule', str(row['rule']), language)}"
        row["severity"] = graded(float(str(row["severity"])), language)
    headings = [
        Heading("severity", phrase("head.severity", language)),
        Heading("rule", phrase("head.rule", language), widest=26),
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
    return Sheet(rows, headings, [*told, *notes])


def told_left_out(
    findings: Sequence[Finding], counts: Mapping[str, int], language: str
) -> list[str]:
    """Say how many findings there are by rule, where only the gravest of some are here."""
    rules = left_out(findings, counts)
    if not rules:
        return []
    most = max(counts[rule] - rules[rule] for rule in rules)
    told = ", ".join(f"{rule} {shown_number(counts[rule], language)}" for rule in rules)
    return [phrase("gaps.left-out", language, most=shown_number(most, language), counts=told)]


def match_sheet(
    proposals: Sequence[Proposal], *, language: str, for_people: bool, notes: Sequence[str] = ()
) -> Sheet:
    """Return pairs of actors that may be one, as rows of the table ``matches``."""
    shown = proposals[: 40 if for_people else len(proposals)]
    rows = [proposal.row(language) for proposal in shown]
    if not for_people:
        return Sheet(rows, _data_headings(MATCH_COLUMNS))
    for row in rows:
        row["score"] = decimal(float(str(row["score"])), language)
    headings = [
        Heading("score", phrase("head.score", language), number=True),
        Heading("actor_name", phrase("head.actor", language), widest=30),
        Heading("same_as_name", phrase("head.may-be", language), widest=30),
        Heading("explanation", phrase("head.reasons", language)),
    ]
    told = [phrase("note.matches", language), *notes]
    if len(proposals) > len(shown):
        more = len(proposals) - len(shown)
        told.insert(0, phrase("cli.more-data", language, count=more))
    return Sheet(rows, headings, told)


def changes_sheet(rows: pl.DataFrame, *, language: str, for_people: bool) -> Sheet:
    """Return the findings that appear and vanish: ``change`` and the keys of findings."""
    told = list(rows.iter_rows(named=True))
    if not for_people:
        return Sheet(told, _data_headings(rows.columns or ["change", "rule", "text"]))
    for row in told:
        row["change"] = phrase(f"card.{row['change']}", language)
        row["rule"] = f"{row['rule']} {code_label('gap-rule', row['rule'], language)}"
        row["severity"] = graded(row["severity"], language)
    headings = [
        Heading("change", phrase("head.change", language)),
        Heading("severity", phrase("head.severity", language)),
        Heading("rule", phrase("head.rule", language), widest=26),
        Heading("text", phrase("head.finding", language)),
    ]
    return Sheet(told, headings, [phrase("cli.recorded", language)])


def cards_sheet(cards: pl.DataFrame, *, language: str, for_people: bool) -> Sheet:
    """Return health cards: ``cluster, label, item, value, required, met, coverage``."""
    rows = list(cards.iter_rows(named=True))
    if not for_people:
        return Sheet(rows, _data_headings(cards.columns))
    for row in rows:
        row["met"] = "" if row["met"] is None else phrase(f"card.{row['met']}", language)
        row["value"] = f"{row['value']:.3g}"
        row["item"] = phrase(f"card.{row['item']}", language)
        row["coverage"] = code_label("coverage", row["coverage"], language)
    headings = [
        Heading(
            key,
            phrase(f"head.{head}", language),
            number=key in ("value", "required"),
            grouped=key == "label",
        )
        for key, head in (
            ("label", "cluster"),
            ("item", "item"),
            ("value", "value"),
            ("required", "required"),
            ("met", "met"),
            ("coverage", "data-coverage"),
        )
    ]
    return Sheet(rows, headings, [phrase("card.note", language)])


def mechanisms_sheet(found: pl.DataFrame, *, language: str, for_people: bool) -> Sheet:
    """Return ``cluster, label, mechanism, instruments, facilities``; for people what is lacking."""
    rows = list(found.iter_rows(named=True))
    if not for_people:
        return Sheet(rows, _data_headings(found.columns))
    lacking = [row for row in rows if not row["instruments"] and not row["facilities"]]
    for row in lacking:
        row["mechanism"] = code_label("mechanism", row["mechanism"], language)
    headings = [
        Heading("label", phrase("head.cluster", language), grouped=True),
        Heading("mechanism", phrase("head.mechanism", language)),
    ]
    return Sheet(lacking, headings, [phrase("card.mechanisms", language)])


def policy_sheet(reach: pl.DataFrame, *, language: str, for_people: bool) -> Sheet:
    """Return each instrument's reach."""
    keys = ("instrument", "label", "eligible", "reached", "unreached", "leakage", "coverage")
    more = ("export_coverage", "indirect", "overlap", "gini", "undetermined")
    rows = list(reach.iter_rows(named=True))
    if not for_people:
        return Sheet(rows, _data_headings([*keys, *more]))
    for row in rows:
        row |= {key: _share(row[key]) for key in ("coverage", *more[:3])}
        row["status"] = code_label("instrument-status", row["status"] or "", language)
    headings = [
        Heading("label", phrase("head.instrument", language)),
        Heading("status", phrase("head.status", language)),
        *(
            Heading(key, phrase(f"head.{key}", language), number=True, optional=key == "leakage")
            for key in ("eligible", "reached", "unreached", "leakage")
        ),
        *(
            Heading(
                key,
                phrase(f"head.{key}", language),
                number=True,
                optional=True,
                meaning=phrase(f"meaning.{key}", language),
            )
            for key in ("coverage", *more)
            if any(row[key] not in (None, "") for row in rows)
        ),
    ]
    return Sheet(rows, headings, [phrase("note.reach", language)])


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def check_sheet(checks: Sequence[Check], *, base: str, language: str, for_people: bool) -> Sheet:
    """Return what does not conform, with the row it came from."""
    keys = ["severity", "source", "row", "subject", "message", "value"]
    rows = []
    for check in checks:
        row = {**vars(check), "message": _told(check.message, language)}
        row["severity"] = check.severity.lower()
        if for_people:
            row["severity"] = Toned(
                phrase(f"severity.{check.severity}", language), _TONES.get(check.severity, "note")
            )
            row["subject"] = check.label or check.subject.removeprefix(base)
        rows.append(row)
    if not for_people:
        return Sheet(rows, _data_headings(keys))
    # A column that is empty, or the same source throughout, tells a person nothing.
    if len({check.source for check in checks}) < 2:
        keys.remove("source")
    heads = {"severity": "check-severity"}
    headings = [
        Heading(key, phrase(f"head.{heads.get(key, key)}", language))
        for key in keys
        if any(row[key] for row in rows)
    ]
    return Sheet(rows, headings)


_TONES = {"Violation": "high", "Warning": "medium"}


def verdict(checks: Sequence[Check], language: str) -> str:
    """Return in a sentence whether a graph conforms."""
    levels = [check.severity for check in checks]
    return phrase(
        "cli.violates" if "Violation" in levels else "cli.conforms",
        language,
        violations=levels.count("Violation"),
        warnings=levels.count("Warning"),
        hints=levels.count("Info"),
    )


def _told(value: object, language: str) -> object:
    """Return a value, in one language where it is given in several."""
    return value.get(language, value["en"]) if isinstance(value, Mapping) else value


def info_sheet(counts: Sequence[Count], *, language: str, for_people: bool) -> Sheet:
    """Return what is in a graph: ``section, item, count``."""
    keys = ("section", "item", "count")
    if not for_people:
        data = [
            {"section": line.section, "item": line.key, "count": _told(line.count, "en")}
            for line in counts
        ]
        return Sheet(data, _data_headings(keys))
    words = [
        {
            "section": phrase(f"info.{line.section}", language),
            "item": line.label[language],
            "count": _told(line.count, language),
        }
        for line in counts
    ]
    headings = [
        Heading(
            key, phrase(f"head.{key}", language), number=key == "count", grouped=key == "section"
        )
        for key in keys
    ]
    return Sheet(words, headings)


def sources_sheet(
    entries: Sequence[Mapping[str, object]], *, language: str, for_people: bool
) -> Sheet:
    """Return what was loaded: ``name, kind, loaded_at, rows, path, sha256, loader``."""
    rows = []
    for entry in entries:
        counts = entry["rows"]
        total = sum(counts.values()) if isinstance(counts, Mapping) else 0
        rows.append({**entry, "rows": total})
    if not for_people:
        keys = ("name", "kind", "loaded_at", "rows", "path", "sha256", "loader")
        return Sheet(rows, _data_headings(keys))
    for row in rows:
        row["loaded_at"] = str(row["loaded_at"])[:16].replace("T", " ")
    headings = [
        Heading("name", phrase("head.source", language)),
        Heading("kind", phrase("head.kind-of-source", language)),
        Heading("loaded_at", phrase("head.loaded-at", language)),
        Heading("rows", phrase("head.rows", language), number=True),
        Heading("path", phrase("head.path", language)),
    ]
    return Sheet(rows, headings)
