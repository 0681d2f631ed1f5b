"""What a written report says, before it is HTML or Markdown: sections of prose, tables, charts.

A document holds results and words only. Everything in it may come from a data file and is
hostile until a renderer has made it text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from klaster.graph.views.report import Sheet


@dataclass(frozen=True)
class Origin:
    """How a figure can be had again, and on what it rests.

    ``command`` prints it; ``question`` and ``sparql`` are the named question and its query, if
    there is one; ``rests_on`` are the IRIs of the records behind it.
    """

    command: str
    question: str = ""
    sparql: str = ""
    rests_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reference:
    """A document that a record cites; ``address`` is its web address or empty."""

    title: str
    publisher: str
    date: str
    address: str


@dataclass(frozen=True)
class Record:
    """Where a thing is described: the rows (file or sheet, row) and the documents they cite."""

    places: tuple[tuple[str, str], ...]
    references: tuple[Reference, ...]


@dataclass(frozen=True)
class Prose:
    """Paragraphs; ``small`` ones are notes on how to read what stands before them."""

    paragraphs: tuple[str, ...]
    small: bool = False


@dataclass(frozen=True)
class Points:
    """Short statements, one below the other."""

    statements: tuple[str, ...]


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str


@dataclass(frozen=True)
class Grid:
    """A sheet as a table."""

    caption: str
    sheet: Sheet
    origin: Origin | None = None


@dataclass(frozen=True)
class Bar:
    """A figure of one thing; ``low`` and ``high`` bound its rank where that is not sure."""

    label: str
    value: float
    shown: str
    low: int = 0
    high: int = 0


@dataclass(frozen=True)
class Bars:
    """Things ranked by a figure, with the interval in which the rank of each lies."""

    bars: tuple[Bar, ...]
    interval: str = ""


@dataclass(frozen=True)
class Curve:
    """How much of a whole its largest parts make up together: a cumulative share a part."""

    shares: tuple[float, ...]
    x_label: str
    y_label: str


@dataclass(frozen=True)
class Trend:
    """Figures between 0 and 1 over some ticks (years); a series is its name and a figure a tick."""

    ticks: tuple[str, ...]
    series: tuple[tuple[str, tuple[float | None, ...]], ...]


@dataclass(frozen=True)
class Matrix:
    """What each row has of each column: a state (``linked``, ``apart`` or ``missing``), a text."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[tuple[str, str], ...], ...]
    states: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Dot:
    """A node of a drawn network; ``weight`` orders whose name is written where room is short."""

    label: str
    style: str
    x: float
    y: float
    weight: float
    size: float = 1.0


@dataclass(frozen=True)
class Drawing:
    """A network drawn with its nodes where they stand; a link is two positions and a strength.

    ``styles`` are the kinds of node in use with their words, the first first in the legend.
    """

    dots: tuple[Dot, ...]
    links: tuple[tuple[int, int, float], ...]
    styles: tuple[tuple[str, str], ...]


Chart: TypeAlias = Bars | Curve | Trend | Matrix | Drawing


@dataclass(frozen=True)
class Figure:
    """A chart with what it shows in words, for whoever does not see it."""

    caption: str
    chart: Chart
    told: tuple[str, ...]
    origin: Origin | None = None


@dataclass(frozen=True)
class Remark:
    """A finding: its severity in a figure and a word, its sentence, how sure it is."""

    level: str
    severity: str
    text: str
    confidence: str
    origin: Origin


@dataclass(frozen=True)
class Remarks:
    """Findings of one kind, most severe first."""

    caption: str
    entries: tuple[Remark, ...]
    origin: Origin


@dataclass(frozen=True)
class Bibliography:
    """Documents that are cited."""

    caption: str
    references: tuple[Reference, ...]
    origin: Origin


Block: TypeAlias = Prose | Points | Heading | Grid | Figure | Remarks | Bibliography


@dataclass(frozen=True)
class Section:
    """A part of a document under a heading of its own; ``key`` is its anchor."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A report; ``about`` are the lines below its title: what it is about, of which date."""

    title: str
    about: tuple[str, ...]
    language: str
    revision: str
    sections: tuple[Section, ...]
    records: Mapping[str, Record] = field(default_factory=dict)

    def origins(self) -> list[Origin]:
        """Return every origin that the document names."""
        found: list[Origin] = []
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, Remarks):
                    found += [item.origin for item in block.entries]
                elif isinstance(block, Grid | Figure) and block.origin is not None:
                    found.append(block.origin)
        return found


@dataclass(frozen=True)
class Cited:
    """What is shown of the records behind a figure, the first few of many."""

    rows: tuple[tuple[str, str], ...]
    references: tuple[Reference, ...]
    more_rows: int
    more_references: int


ROWS: int = 24
REFERENCES: int = 8


def cited(document: Document, origin: Origin) -> Cited:
    """Return the rows behind a figure, grouped by file or sheet, and the documents they cite."""
    places: dict[tuple[str, str], None] = {}
    references: dict[Reference, None] = {}
    for iri in origin.rests_on:
        if record := document.records.get(iri):
            places |= dict.fromkeys(record.places)
            references |= dict.fromkeys(record.references)
    grouped: dict[str, list[str]] = {}
    for place, row in sorted(places, key=lambda found: (found[0], _number(found[1])))[:ROWS]:
        grouped.setdefault(place, []).append(row)
    return Cited(
        tuple((place, ", ".join(rows)) for place, rows in grouped.items()),
        tuple(references)[:REFERENCES],
        max(0, len(places) - ROWS),
        max(0, len(references) - REFERENCES),
    )


def _number(row: str) -> tuple[int, str]:
    return int(row) if row.isdecimal() else 0, row
