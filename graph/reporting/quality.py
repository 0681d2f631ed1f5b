"""How far the data can be trusted: coverage, what is not recorded, what does not conform."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from klaster.graph.findings.disagreement import QUESTION, disagreements
from klaster.graph.reporting.gaps import remark
from klaster.graph.reporting.gathered import CHECKED_UP_TO, Gathered
from klaster.graph.views.document import (
    Bibliography,
    Block,
    Grid,
    Points,
    Prose,
    Reference,
    Remarks,
    Section,
)
from klaster.graph.views.document import (
    Heading as SubHeading,
)
from klaster.graph.views.report import Sheet, check_sheet, sources_sheet, verdict
from klaster.graph.views.table import Heading, shown
from klaster.graph.views.wording import counted, dated, first_capital
from klaster.ontology.codes import codes
from klaster.ontology.labels import phrase

CHECKS = 12
FACTS = 15
DOCUMENTS = 100


def quality_section(gathered: Gathered) -> Section:
    """Return the section on the state of the data."""
    language = gathered.language
    blocks: list[Block] = [Prose(tuple(told_coverage(gathered)))]
    blocks.append(SubHeading(phrase("report.cannot", language)))
    lacking = unanswered(gathered)
    if lacking:
        blocks.append(Points(tuple(lacking)))
    if gathered.data_gaps:
        caption = phrase("report.data-gaps", language)
        told = tuple(remark(gathered, finding) for finding in gathered.data_gaps)
        blocks.append(Remarks(caption, told, gathered.origin("missing", sliced=True)))
    if not lacking and not gathered.data_gaps:
        blocks.append(Prose((phrase("report.all-answered", language),)))
    blocks += [
        *_checks(gathered),
        *_disagreeing(gathered),
        _loaded(gathered),
        *_documents(gathered),
    ]
    return Section("quality", phrase("report.quality", language), tuple(blocks))


def told_coverage(gathered: Gathered) -> list[str]:
    """Return in sentences how complete the data are said to be."""
    language = gathered.language
    entry = codes("coverage")[gathered.coverage]
    words = {"coverage": entry.labels[language], "meaning": entry.meanings[language]}
    told = [phrase("report.sum-coverage", language, **words)]
    if not gathered.cluster:
        counts = Counter(gathered.facts.coverage(cluster) for cluster in gathered.facts.clusters)
        if len(counts) > 1:
            each = "; ".join(
                f"{codes('coverage')[code].labels[language]}: {counted('clusters', count, language)}"
                for code, count in sorted(counts.items())
            )
            told.append(phrase("report.coverages", language, each=each))
    told.append(phrase("report.not-no-link", language))
    return told


def unanswered(gathered: Gathered) -> list[str]:
    """Return which questions the tables cannot answer, and what they would need."""
    language = gathered.language
    yes = phrase("info.yes", language)
    return [
        f"{first_capital(line.label[language])}: {line.count[language]}"
        for line in gathered.counts
        if line.section == "answers"
        and not isinstance(line.count, int)
        and line.count[language] != yes
    ]


def _checks(gathered: Gathered) -> list[Block]:
    language = gathered.language
    checks = gathered.checks
    blocks: list[Block] = [SubHeading(phrase("report.check", language))]
    if checks is None:
        command = gathered.origin("check").command
        most = shown(CHECKED_UP_TO, language)
        told = phrase("report.too-many-rows", language, most=most, command=command)
        return [*blocks, Prose((told,))]
    blocks.append(Prose((verdict(checks, language),)))
    if not checks:
        return blocks
    sheet = check_sheet(
        checks[:CHECKS], base=gathered.graph.base, language=language, for_people=True
    )
    notes = []
    if len(checks) > CHECKS:
        notes.append(phrase("report.more", language, count=shown(len(checks) - CHECKS, language)))
    origin = gathered.origin("check", rests_on=[check.subject for check in checks[:CHECKS]])
    headings = [replace(one, label=first_capital(one.label)) for one in sheet.headings]
    caption = phrase("report.checks", language)
    return [*blocks, Grid(caption, Sheet(sheet.rows, headings, notes), origin)]


def _disagreeing(gathered: Gathered) -> list[Block]:
    language = gathered.language
    blocks: list[Block] = [SubHeading(phrase("report.disagree", language))]
    if len(gathered.graph.sources()) < 2:
        return [*blocks, Prose((phrase("report.one-source", language),))]
    if disagreements(gathered.columns).is_empty():
        return [*blocks, Prose((phrase("report.none-disagree", language),))]
    found = gathered.graph.ask(QUESTION)
    shown_columns = ("actorName", "figure", "value", "graph", "otherValue", "otherGraph")
    places = [found.columns.index(name) for name in shown_columns]
    rows = [
        {name: _last(row[at]) for name, at in zip(shown_columns, places, strict=True)}
        for row in found.rows[:FACTS]
    ]
    headings = [Heading(name, phrase(f"head.disagree.{name}", language)) for name in shown_columns]
    more = len(found.rows) - len(rows)
    notes = [phrase("report.more", language, count=shown(more, language))] if more else []
    origin = gathered.origin("query", QUESTION, question=QUESTION)
    return [
        *blocks,
        Grid(phrase("report.disagree", language), Sheet(rows, headings, notes), origin),
    ]


def _last(value: object) -> object:
    """Return a value, of an IRI of a source its name only."""
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        return value.rpartition("/")[2]
    return value


def _loaded(gathered: Gathered) -> Block:
    language = gathered.language
    entries = [
        {**vars(entry), "path": entry.path.rstrip("/\\").replace("\\", "/").rpartition("/")[2]}
        for entry in gathered.graph.sources()
    ]
    sheet = sources_sheet(entries, language=language, for_people=True)
    rows = [{**row, "loaded_at": dated(str(row["loaded_at"]), language)} for row in sheet.rows]
    headings = [replace(one, label=first_capital(one.label)) for one in sheet.headings]
    origin = gathered.origin("sources")
    return Grid(phrase("report.loaded", language), Sheet(rows, headings), origin)


def _documents(gathered: Gathered) -> list[Block]:
    language = gathered.language
    frame = gathered.columns.table("sources").sort("publisher", "title", "iri", nulls_last=True)
    if frame.is_empty():
        return []
    listed = [
        Reference(
            title or url or "–", publisher or "", dated(date, language) if date else "", url or ""
        )
        for title, publisher, date, url in frame.select("title", "publisher", "date", "url").rows()
    ]
    caption = phrase("report.documents", language)
    if len(listed) > DOCUMENTS:
        more = counted("more", len(listed) - DOCUMENTS, language)
        caption += f" ({phrase('report.documents-more', language, more=more)})"
    origin = gathered.origin("query", "sources-cited", question="sources-cited")
    return [Bibliography(caption, tuple(listed[:DOCUMENTS]), origin)]
