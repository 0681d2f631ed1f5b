"""Rows as a table for a terminal, CSV, JSON or Markdown."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from klaster.graph.views.lettering import printable
from klaster.ontology.labels import phrase

FORMATS: Final = ("table", "csv", "json", "md")
# A spreadsheet runs a cell that begins with one of these as a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Heading:
    """A column: its key in data, its words for people, and what its figures mean.

    ``optional`` columns are left out, the last ones first, where a terminal is too narrow;
    ``widest`` limits a column of text in a table; one that is ``whole`` is not folded; in a
    ``grouped`` column a value is written once for all the rows below each other that have it.
    """

    key: str
    label: str
    number: bool = False
    optional: bool = False
    meaning: str = ""
    widest: int = 0
    whole: bool = False
    grouped: bool = False


class Toned(str):
    """A text with a tone (``high``, ``medium``, ``low``, ``note``), which a terminal colours."""

    tone: str

    def __new__(cls, text: str, tone: str) -> Self:
        """Return a text with a tone."""
        made = super().__new__(cls, text)
        made.tone = tone
        return made


def render(
    rows: Sequence[Mapping[str, object]],
    headings: Sequence[Heading],
    form: str,
    *,
    language: str = "en",
    width: int = 80,
    coloured: bool = False,
) -> str:
    """Return rows in one of the formats.

    CSV and JSON carry the values as they are, under the keys; a table and Markdown carry them
    as people of the language write them. A text that a spreadsheet would run as a formula gets
    an apostrophe before it in CSV.
    """
    if form == "json":
        return json.dumps([_object(row, headings) for row in rows], ensure_ascii=False, indent=1)
    if form == "csv":
        return _csv(rows, headings)
    if form == "md":
        return _markdown(rows, headings, language)
    return _table(rows, headings, language, width, coloured=coloured)


def _object(row: Mapping[str, object], headings: Sequence[Heading]) -> dict[str, object]:
    return {heading.key: row[heading.key] for heading in headings}


def _csv(rows: Sequence[Mapping[str, object]], headings: Sequence[Heading]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(heading.key for heading in headings)
    for row in rows:
        writer.writerow(_cell(row[heading.key]) for heading in headings)
    return stream.getvalue().removesuffix("\n")


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return _cell(";".join(map(str, value)))
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value


def _markdown(
    rows: Sequence[Mapping[str, object]], headings: Sequence[Heading], language: str
) -> str:
    lines = [
        "| " + " | ".join(heading.label for heading in headings) + " |",
        "|" + "|".join(" ---: " if heading.number else " --- " for heading in headings) + "|",
    ]
    for row in rows:
        cells = (shown(row[heading.key], language) for heading in headings)
        lines.append("| " + " | ".join(_escaped(cell) for cell in cells) + " |")
    return "\n".join(lines)


def _escaped(cell: str) -> str:
    return cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


_YES_NO: Final = {
    True: {"en": "yes", "ru": "да", "uz": "ha"},
    False: {"en": "no", "ru": "нет", "uz": "yoʻq"},
}


def shown(value: object, language: str) -> str:
    """Return a value as people of a language write it.

    Examples
    --------
    >>> shown(0.4523809, "ru"), shown(1200000, "en"), shown(None, "en")
    ('0,4524', '1,200,000', '–')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return _YES_NO[value][language]
    if isinstance(value, int):
        return f"{value:,}".replace(",", "," if language == "en" else "\N{NO-BREAK SPACE}")
    if isinstance(value, float):
        return _decimal(value, language)
    if isinstance(value, list | tuple):
        return ", ".join(shown(part, language) for part in value)
    return str(value)


def _decimal(value: float, language: str) -> str:
    if value.is_integer() and abs(value) < 1e15:
        return shown(int(value), language)
    text = f"{value:.4f}" if abs(value) >= 0.001 else f"{value:.2e}"
    return text if language == "en" else text.replace(".", ",")


def _table(
    rows: Sequence[Mapping[str, object]],
    headings: Sequence[Heading],
    language: str,
    width: int,
    *,
    coloured: bool,
) -> str:
    """Return a table that fits a terminal; too many columns for it make a list of records."""
    from klaster.graph.views.terminal import as_records, as_table, fitting, least_width

    if not rows:
        return phrase("cli.no-rows", language)
    cells = [[_told(row[heading.key], language) for heading in headings] for row in rows]
    kept = fitting(headings, cells, width)
    if (
        least_width([headings[at] for at in kept], [[line[at] for at in kept] for line in cells])
        > width
    ):
        return as_records(headings, cells, width, coloured=coloured)
    return as_table(
        [headings[at] for at in kept],
        [[line[at] for at in kept] for line in cells],
        width,
        coloured=coloured,
    )


def _told(value: object, language: str) -> str:
    """Return a value as people write it, with the tone that it has."""
    return value if isinstance(value, Toned) else printable(shown(value, language))


def visible(
    rows: Sequence[Mapping[str, object]],
    headings: Sequence[Heading],
    *,
    language: str,
    width: int,
) -> list[Heading]:
    """Return the headings that a table of this width shows."""
    from klaster.graph.views.terminal import fitting

    cells = [[shown(row[heading.key], language) for heading in headings] for row in rows]
    return [headings[index] for index in fitting(headings, cells, width)]
