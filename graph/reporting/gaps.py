"""What is missing by rule, and which links are likely though not recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from klaster.graph.findings.finding import Finding, left_out, rule_order
from klaster.graph.findings.predicted import UNASKED_UP_TO
from klaster.graph.reporting.gathered import Gathered
from klaster.graph.views.document import (
    Bar,
    Bars,
    Block,
    Figure,
    Grid,
    Points,
    Prose,
    Remark,
    Remarks,
    Section,
)
from klaster.graph.views.prediction_sheets import suggestions_sheet
from klaster.graph.views.report import Sheet
from klaster.graph.views.severity import level, level_word
from klaster.graph.views.table import shown
from klaster.graph.views.wording import counted, decimal, first_capital, percent
from klaster.ontology.labels import code_label, phrase

SHOWN = 8
"""So many findings of a rule are told, the most severe; the command prints all."""


def gaps_section(gathered: Gathered) -> Section:
    """Return the section on what is missing by rule."""
    language, found = gathered.language, gathered.findings
    title = phrase("report.gaps", language)
    if not found:
        return Section("gaps", title, (Prose((phrase("report.no-gaps", language),)),))
    blocks: list[Block] = [
        Prose((phrase("cli.recorded", language), phrase("report.severity", language)), small=True)
    ]
    if gathered.date:
        blocks.append(Prose((phrase("report.gaps-of-all-time", language),), small=True))
    blocks.append(_by_rule(gathered))
    rules = sorted({finding.rule for finding in found}, key=rule_order)
    blocks += [_rule(gathered, rule) for rule in rules]
    return Section("gaps", title, tuple(blocks))


def _by_rule(gathered: Gathered) -> Block:
    language = gathered.language
    counts = gathered.gaps_of_rules
    bars = [
        Bar(_named(rule, language), count, shown(count, language))
        for rule, count in sorted(counts.items(), key=lambda item: (-item[1], rule_order(item[0])))
    ]
    told = tuple(f"{bar.label}: {bar.shown}" for bar in bars)
    origin = gathered.origin("query", "findings-by-kind", question="findings-by-kind")
    return Figure(phrase("report.gaps-by-rule", language), Bars(tuple(bars)), told, origin)


def _named(rule: str, language: str) -> str:
    return f"{first_capital(code_label('gap-rule', rule, language))} ({rule})"


def _rule(gathered: Gathered, rule: str) -> Block:
    language = gathered.language
    found = [finding for finding in gathered.findings if finding.rule == rule]
    caption = f"{_named(rule, language)}: {shown(gathered.gaps_of_rules[rule], language)}"
    if len(found) > SHOWN:
        caption += f" ({phrase('report.shown', language, count=SHOWN)})"
    return Remarks(
        caption,
        tuple(remark(gathered, one) for one in found[:SHOWN]),
        gathered.origin("missing", sliced=True),
    )


def remark(gathered: Gathered, finding: Finding) -> Remark:
    """Return a finding as the report tells it, with the records on which it rests."""
    language = gathered.language
    origin = gathered.origin(
        "missing", sliced=True, rests_on=(*finding.evidence, *finding.subjects)
    )
    figure = decimal(finding.severity, language)
    return Remark(
        level(finding.severity),
        f"{level_word(finding.severity, language)} {figure}",
        finding.text[language],
        percent(finding.confidence, language),
        origin,
    )


def most_severe(findings: Sequence[Finding], *, most: int) -> list[Finding]:
    """Return the most severe findings, of each rule one first, so that one rule does not fill all."""
    first: dict[str, Finding] = {}
    for finding in findings:
        if finding.severity > 0:
            first.setdefault(finding.rule, finding)
    return list(first.values())[:most]


def suggestions_section(gathered: Gathered) -> Section:
    """Return the section on suggested links, or on why none are shown."""
    language = gathered.language
    title = phrase("report.suggestions", language)
    found = gathered.predicted
    if found is None:
        return Section("suggestions", title, (Prose((told_too_many(gathered),)),))
    audits = found.audit_rows(language)
    blocks: list[Block] = [Prose((phrase("report.audited", language),))]
    told = [
        f"{first_capital(phrase('layer.' + row['layer'], language))}: {row['text']}"
        for row in audits
    ]
    blocks.append(Points(tuple(told) or (phrase("cli.nothing-audited", language),)))
    rows = found.rows(language)
    if rows:
        sheet = suggestions_sheet(rows, language=language, for_people=True)
        rests_on = [iri for row in rows for iri in row["evidence"]]
        origin = gathered.origin("missing", "--predict", sliced=True, rests_on=rests_on)
        headings = [replace(one, label=first_capital(one.label)) for one in sheet.headings]
        blocks.append(
            Grid(
                phrase("report.suggested", language),
                Sheet(sheet.rows, headings, sheet.notes),
                origin,
            )
        )
    elif audits:
        blocks.append(Prose((phrase("report.none-suggested", language),)))
    return Section("suggestions", title, tuple(blocks))


def told_too_many(gathered: Gathered) -> str:
    """Return why a large network has no suggestions in the report, and which command has."""
    command = gathered.origin("missing", "--predict", sliced=True).command
    most = shown(UNASKED_UP_TO, gathered.language)
    return phrase("report.too-many-links", gathered.language, most=most, command=command)


def summary_of_gaps(gathered: Gathered) -> list[str]:
    """Return what the summary says of gaps: how many, how many severe, the most severe ones."""
    language, found = gathered.language, gathered.findings
    if not found:
        return [phrase("report.no-gaps", language)]
    severe = Counter(finding.rule for finding in found if level(finding.severity) == "high")
    # Of a rule of which only the gravest are listed, more may be as grave.
    more = "≥ " if any(severe[rule] for rule in left_out(found, gathered.gaps_of_rules)) else ""
    told = phrase(
        "report.sum-gaps",
        language,
        gaps=counted("gaps", sum(gathered.gaps_of_rules.values()), language),
        high=more + shown(severe.total(), language),
    )
    return [told]
