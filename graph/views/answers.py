"""Questions and their answers as sheets: labels beside IRIs, as wide as the terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from klaster.graph.solutions import BOOLEAN, FLOAT, IRI, Batch, Column
from klaster.graph.views.report import Sheet
from klaster.graph.views.table import Heading, shown
from klaster.ontology.labels import phrase
from klaster.ontology.questions import Parameter, Question
from klaster.ontology.sparql_text import written

Labels = Mapping[str, Mapping[str, str]]

_NARROWEST: Final = 12
"""A column of words can be folded to this width."""
_BETWEEN: Final = 3


def iris_of(batch: Batch) -> list[str]:
    """Return the IRIs in some rows, each once."""
    found: dict[str, None] = {}
    for column in batch.columns:
        found |= dict.fromkeys(column.text.filter(column.kind == IRI))
    return list(found)


def answer_sheet(
    batch: Batch,
    labels: Labels,
    *,
    prefixes: Mapping[str, str],
    language: str,
    width: int | None,
    notes: Sequence[str] = (),
) -> Sheet:
    """Return rows with the label of each thing, and its IRI beside it as far as there is room.

    A column ``actorName`` beside ``actor`` is left out where it says what the label says.

    Parameters
    ----------
    labels
        What each IRI is called, by language.
    width
        The width of the terminal; None shows all columns.
    """
    parts = [
        (name, _words(column, labels, language, prefixes), _addresses(column, labels, prefixes))
        for name, column in zip(batch.names, batch.columns, strict=True)
        if not _is_told(name, column, batch, labels)
    ]
    kept = _fitting([_need(name, words) for name, words, _ in parts], width)
    room = None if width is None else width - sum(_need(*part[:2]) for part in parts[:kept])
    headings, columns = [], []
    for number, (name, words, addresses) in enumerate(parts[:kept]):
        said = [cell for cell in words if cell != "–"]
        numeric = bool(said) and all(map(_is_number, said))
        headings.append(Heading(f"{number}", name, number=numeric))
        columns.append(words)
        longest = max(map(len, addresses), default=0) + _BETWEEN
        if addresses and (room is None or longest <= room):
            room = None if room is None else room - longest
            headings.append(Heading(f"{number}.iri", "IRI", whole=True))
            columns.append(addresses)
    hidden = kept < len(parts) or len(columns) < kept + sum(bool(part[2]) for part in parts[:kept])
    keys = [heading.key for heading in headings]
    rows = [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)]
    return Sheet(rows, headings, [*notes, *([phrase("cli.hidden", language)] if hidden else [])])


def label_of(found: Mapping[str, str], language: str) -> str:
    """Return the label in a language, or as near to it as there is one.

    Examples
    --------
    >>> label_of({"": "Paxta", "ru": "Хлопок"}, "en"), label_of({"ru": "Хлопок"}, "en")
    ('Paxta', 'Хлопок')
    """
    for code in (language, "", "en"):
        if code in found:
            return found[code]
    return next(iter(found.values()), "")


def _words(column: Column, labels: Labels, language: str, prefixes: Mapping[str, str]) -> list[str]:
    return [
        _cell(text, kind, labels, language, prefixes)
        for text, kind in zip(column.text, column.kind, strict=True)
    ]


def _cell(
    text: str | None,
    kind: str | None,
    labels: Labels,
    language: str,
    prefixes: Mapping[str, str],
) -> str:
    if text is None:
        return "–"
    if kind == IRI:
        return label_of(labels.get(text, {}), language) or written(text, prefixes)
    if kind == BOOLEAN:
        return shown(text in ("true", "1"), language)
    # A whole number may be a year, and is left as it is.
    return shown(float(text), language) if kind == FLOAT and "." in text else text


def _addresses(column: Column, labels: Labels, prefixes: Mapping[str, str]) -> list[str]:
    """Return the IRIs of a column as a query writes them, nothing if none has a label."""
    iris = column.kind == IRI
    if not any(labels.get(iri) for iri in column.text.filter(iris)):
        return []
    return [
        written(text, prefixes) if kind == IRI else ""
        for text, kind in zip(column.text, column.kind, strict=True)
    ]


def _is_told(name: str, column: Column, batch: Batch, labels: Labels) -> bool:
    """Say whether a column ``thingName`` says no more than the labels of the column ``thing``."""
    thing = re.sub("(Name|Title|Label)$", "", name)
    if thing == name or thing not in batch.names:
        return False
    things = batch.columns[list(batch.names).index(thing)].text
    return all(
        text is None or text in labels.get(iri or "", {}).values()
        for iri, text in zip(things, column.text, strict=True)
    )


def _is_number(cell: str) -> bool:
    return (
        cell.replace(",", "")
        .replace(".", "")
        .replace("\N{NO-BREAK SPACE}", "")
        .lstrip("-")
        .isdecimal()
    )


def _need(name: str, cells: Sequence[str]) -> int:
    """Return the width that a column needs, with the space before the next."""
    longest = max([len(name), *map(len, cells)])
    return (longest if all(map(_is_number, cells)) else min(longest, _NARROWEST)) + _BETWEEN


def _fitting(needs: Sequence[int], width: int | None) -> int:
    """Return how many columns have room, from the left: one at least."""
    if width is None:
        return len(needs)
    used = 0
    for number, need in enumerate(needs):
        used += need
        if number and used - _BETWEEN > width:
            return number
    return len(needs)


def questions_sheet(library: Mapping[str, Question], *, language: str, for_people: bool) -> Sheet:
    """Return the question library: ``name, question, parameters, theme``."""
    keys = ("name", "question", "parameters", "theme")
    rows = [
        {
            "name": slug,
            "question": question.title(language),
            "parameters": " ".join(
                f"{asked.name}={asked.default}" for asked in question.parameters
            ),
            "theme": _theme(question, language) if for_people else question.theme,
        }
        for slug, question in library.items()
    ]
    if not for_people:
        return Sheet(rows, [Heading(key, key) for key in keys])
    labels = {key: phrase(f"head.{key}", language) for key in keys}
    return Sheet(rows, [Heading(key, labels[key], optional=key == "theme") for key in keys])


def question_object(question: Question) -> dict[str, object]:
    """Return a question as data: its name, theme, titles, parameters and query."""
    return {
        "name": question.slug,
        "theme": question.theme,
        "titles": question.titles,
        "parameters": [vars(asked) for asked in question.parameters],
        "sparql": question.sparql,
    }


def told_question(question: Question, language: str) -> str:
    """Return a question in words: its title, theme and what each parameter takes."""
    lines = [question.title(language)]
    if question.theme:
        lines.append(f"{phrase('head.theme', language)}: {_theme(question, language)}")
    lines += [_told_parameter(asked, language) for asked in question.parameters]
    return "\n".join(lines)


def _told_parameter(asked: Parameter, language: str) -> str:
    kind = phrase(f"parameter.{asked.kind}", language, scheme=asked.scheme)
    given = phrase("query.default", language, value=asked.default) if asked.default else ""
    return f"--set {asked.name}=…  {kind}; {given or phrase('query.open', language)}"


def _theme(question: Question, language: str) -> str:
    return phrase(f"theme.{question.theme}", language) if question.theme else ""
