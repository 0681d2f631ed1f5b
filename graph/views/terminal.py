"""Tables for a terminal: what fits its width, in columns of letters that may be wide or have none.

A letter takes no, one or two columns (combining marks, Latin and Cyrillic, Chinese): widths are
counted in columns, never in letters.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from klaster.graph.views.table import Heading, Toned

TONES: Final = {"high": "bold red", "medium": "yellow", "low": "cyan", "note": "dim"}
LEAST: Final = 18
"""A column of text can be folded, but not below this."""
GAP: Final = 3
"""Between two columns."""


def fitting(headings: Sequence[Heading], cells: Sequence[Sequence[str]], width: int) -> list[int]:
    """Return the columns to show: optional ones only as far as there is room."""
    kept: list[int] = []
    used = -GAP
    for index, heading in enumerate(headings):
        need = _least(heading, [line[index] for line in cells]) + GAP
        if heading.optional and used + need > width:
            continue
        kept.append(index)
        used += need
    return kept


def least_width(headings: Sequence[Heading], cells: Sequence[Sequence[str]]) -> int:
    """Return the width that columns need at the least."""
    needs = [
        _least(heading, [line[index] for line in cells]) for index, heading in enumerate(headings)
    ]
    return sum(needs) + GAP * (len(needs) - 1)


def _least(heading: Heading, column: Sequence[str]) -> int:
    """Return how narrow a column may be: figures stay whole, words of a heading too."""
    longest = max(map(cell_len, column), default=0)
    words = max(map(cell_len, heading.label.split()), default=0)
    return max(longest if heading.number or heading.whole else min(longest, LEAST), words)


def _widths(headings: Sequence[Heading], cells: Sequence[Sequence[str]], width: int) -> list[int]:
    """Return the width of each column: what it needs, then what is left, to those who want less.

    A short column is so never folded for a long one's sake.
    """
    columns = [[line[index] for line in cells] for index in range(len(headings))]
    given = [_least(*both) for both in zip(headings, columns, strict=True)]
    wanted = [
        min(max([cell_len(heading.label), *map(cell_len, column)]), heading.widest or width)
        for heading, column in zip(headings, columns, strict=True)
    ]
    spare = width - sum(given) - GAP * (len(given) - 1)
    lacking = [max(0, want - has) for want, has in zip(wanted, given, strict=True)]
    order = sorted(range(len(given)), key=lambda at: lacking[at])
    for done, at in enumerate(order):
        more = min(lacking[at], max(0, spare) // (len(order) - done))
        given[at] += more
        spare -= more
    return given


def as_table(
    headings: Sequence[Heading], cells: Sequence[Sequence[str]], width: int, *, coloured: bool
) -> str:
    """Return a table no wider than a terminal."""
    widths = _widths(headings, cells, width)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, heading in enumerate(headings):
        table.add_column(
            Text(heading.label),
            justify="right" if heading.number else "left",
            overflow="fold",
            width=widths[index],
        )
    before: Sequence[str] = ()
    for line in cells:
        table.add_row(
            *(
                Text("") if _repeats(headings, line, before, at) else _text(cell)
                for at, cell in enumerate(line)
            )
        )
        before = line
    return _printed(table, width, coloured=coloured)


def _repeats(
    headings: Sequence[Heading], line: Sequence[str], before: Sequence[str], at: int
) -> bool:
    """Tell whether a grouped cell says what the row above says."""
    return headings[at].grouped and bool(before) and line[at] == before[at]


def as_records(
    headings: Sequence[Heading], cells: Sequence[Sequence[str]], width: int, *, coloured: bool
) -> str:
    """Return rows one below the other, a line a column: for more columns than a terminal holds."""
    parts = []
    for line in cells:
        record = Table.grid(padding=(0, 2, 0, 0))
        record.add_column(overflow="fold", max_width=max(LEAST, width // 3))
        record.add_column(overflow="fold")
        for heading, cell in zip(headings, line, strict=True):
            record.add_row(Text(heading.label, style="dim" if coloured else ""), _text(cell))
        parts.append(_printed(record, width, coloured=coloured))
    return "\n\n".join(parts)


def _text(cell: str) -> Text:
    return Text(str(cell), style=TONES[cell.tone] if isinstance(cell, Toned) else "")


def _printed(table: Table, width: int, *, coloured: bool) -> str:
    file = io.StringIO()
    console = Console(
        file=file,
        width=width,
        color_system="standard" if coloured else None,
        force_terminal=coloured,
        highlight=False,
        legacy_windows=False,
    )
    console.print(table)
    return "\n".join(line.rstrip() for line in file.getvalue().rstrip("\n").split("\n"))


def wrapped(text: str, width: int, *, indent: str = "  ") -> str:
    """Return a text on lines that fit a width, those after the first indented.

    Examples
    --------
    >>> print(wrapped("maʼlumotlar toʻliqligi", 16))
    maʼlumotlar
      toʻliqligi
    """
    console = Console(file=io.StringIO(), width=width)
    lines = Text(text).wrap(console, width - len(indent))
    return f"\n{indent}".join(line.plain.rstrip() for line in lines)
