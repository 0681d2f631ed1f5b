"""A document as Markdown: charts as what they tell in words, queries and sources folded."""

from __future__ import annotations

import re
from dataclasses import replace

from klaster.graph.views.document import (
    Bibliography,
    Block,
    Document,
    Figure,
    Grid,
    Heading,
    Origin,
    Points,
    Prose,
    Reference,
    Remarks,
    cited,
)
from klaster.graph.views.lettering import printable
from klaster.graph.views.table import shown
from klaster.graph.views.wording import first_capital
from klaster.ontology.labels import phrase

_MARKED = re.compile(r"([\\`*_{}\[\]<>|#~$])")


def render_markdown(document: Document) -> str:
    """Return a document as Markdown with ``<details>``, as most programs show it.

    No text of the data is taken for Markdown or HTML.
    """
    parts = [f"# {_plain(document.title)}", *(_plain(line) for line in document.about)]
    for number, section in enumerate(document.sections, start=1):
        parts.append(f"## {number}. {_plain(section.title)}")
        for block in section.blocks:
            parts += _block(block, document)
    return "\n\n".join(parts) + "\n"


def _plain(text: str) -> str:
    r"""Return a text of which nothing is taken for Markdown or HTML.

    Examples
    --------
    >>> print(_plain("<b>5*</b> | a"), _plain("1. x"), _plain("- x"))
    \<b\>5\*\</b\> \| a 1\. x \- x
    """
    line = " ".join(printable(text).split()).replace("&", "&amp;")
    line = _MARKED.sub(r"\\\1", line)
    return re.sub(r"^(\d+)([.)])|^([-+=])", lambda found: _escaped_start(found), line)


def _escaped_start(found: re.Match[str]) -> str:
    return f"{found[1]}\\{found[2]}" if found[1] else f"\\{found[3]}"


def _block(block: Block, document: Document) -> list[str]:
    language = document.language
    match block:
        case Prose(paragraphs):
            return [_plain(paragraph) for paragraph in paragraphs]
        case Points(statements):
            return ["\n".join(f"- {_plain(told)}" for told in statements)]
        case Heading(text):
            return [f"### {_plain(text)}"]
        case Grid(caption, sheet, origin):
            heads = [(heading.label, heading.number) for heading in sheet.headings]
            rows = [
                [shown(row[heading.key], language) for heading in sheet.headings]
                for row in sheet.rows
            ]
            notes = [_plain(note) for note in sheet.notes]
            return [f"**{_plain(caption)}**", _table(heads, rows), *notes, *_fold(origin, document)]
        case Figure(caption, _, told, origin):
            lines = "\n".join(f"- {_plain(line)}" for line in told)
            return [f"**{_plain(caption)}**", lines, *_fold(origin, document)]
        case Bibliography(caption, references, origin):
            lines = "\n".join(f"- {_plain(_reference(one))}" for one in references)
            return [f"### {_plain(caption)}", lines, *_fold(origin, document)]
        case Remarks():
            return _remarks(block, document)


def _table(heads: list[tuple[str, bool]], rows: list[list[str]]) -> str:
    lines = [
        "| " + " | ".join(_plain(label) for label, _ in heads) + " |",
        "|" + "|".join(" ---: " if number else " --- " for _, number in heads) + "|",
        *("| " + " | ".join(map(_plain, row)) + " |" for row in rows),
    ]
    return "\n".join(lines)


def _remarks(block: Remarks, document: Document) -> list[str]:
    language = document.language
    heads = [
        (first_capital(phrase(f"head.{key}", language)), key == "confidence")
        for key in ("severity", "finding", "confidence")
    ]
    rows = [[item.severity, item.text, item.confidence] for item in block.entries]
    rested = tuple(iri for item in block.entries for iri in item.origin.rests_on)
    origin = replace(block.origin, rests_on=tuple(dict.fromkeys(rested)))
    return [f"**{_plain(block.caption)}**", _table(heads, rows), *_fold(origin, document)]


def _fold(origin: Origin | None, document: Document) -> list[str]:
    if origin is None:
        return []
    language = document.language
    found = cited(document, origin)
    lines = [f"`{origin.command.replace('`', '')}`"]
    if origin.question:
        lines.append(f"{phrase('head.question', language)}: {_plain(origin.question)}")
    if origin.sparql:
        lines.append(f"```sparql\n{origin.sparql.strip()}\n```")
    if found.rows:
        rows = "; ".join(f"{place}: {numbers}" for place, numbers in found.rows)
        lines.append(
            f"{phrase('report.rows', language)}: {_plain(rows + _more(found.more_rows, language))}"
        )
    if found.references:
        cites = [f"- {_plain(_reference(one))}" for one in found.references]
        if found.more_references:
            cites.append(f"- {_plain(_more(found.more_references, language))}")
        lines.append("\n".join(cites))
    body = "\n\n".join(lines)
    summary = phrase("report.origin", language)
    return [f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"]


def _more(count: int, language: str) -> str:
    return phrase("report.more", language, count=shown(count, language)) if count else ""


def _reference(one: Reference) -> str:
    return ", ".join(part for part in (one.title, one.publisher, one.date, one.address) if part)
