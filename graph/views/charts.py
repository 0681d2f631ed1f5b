"""Charts as inline SVG that needs no script: each with a title and what it shows in words.

All text goes through ``Markup.format``, which escapes it. Colours, sizes and faces are classes of
``templates/report.css``: the security policy of the report allows no style in an element.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log2
from typing import Final

from markupsafe import Markup

from klaster.graph.views.document import Bar, Bars, Chart, Curve, Figure, Matrix, Trend
from klaster.graph.views.lettering import lines_of, shortened, width_of
from klaster.graph.views.network_drawing import draw_network
from klaster.graph.views.svg import box, line, number, text, titled, together
from klaster.graph.views.table import shown

WIDTH: Final = 680.0
"""Width of every chart: the text width of an A4 page, in CSS pixels."""
SIZE: Final = 12.0
_ROW: Final = 20.0
_FRAME: Final = (56.0, 12.0, 212.0, WIDTH - 16)
"""Left, top, bottom and right of a chart of shares."""


def draw(figure: Figure, *, key: str, language: str) -> Markup:
    """Return a figure's chart as an SVG element; ``key`` makes its ids unique in the page."""
    body, height = _drawn(figure.chart, language)
    return Markup(
        '<svg class="chart" role="img" viewBox="0 0 {w} {h}" width="{w}" height="{h}" '
        'aria-labelledby="{key}-t {key}-d">'
        '<title id="{key}-t">{title}</title><desc id="{key}-d">{told}</desc>{body}</svg>'
    ).format(
        w=number(WIDTH),
        h=number(height),
        key=key,
        title=figure.caption,
        told="; ".join(figure.told),
        body=body,
    )


def _drawn(chart: Chart, language: str) -> tuple[Markup, float]:
    if isinstance(chart, Bars):
        return _bars(chart)
    if isinstance(chart, Curve):
        return _curve(chart, language)
    if isinstance(chart, Trend):
        return _trend(chart, language)
    if isinstance(chart, Matrix):
        return _matrix(chart)
    return draw_network(chart, WIDTH)


def _bars(chart: Bars) -> tuple[Markup, float]:
    """Return ranked bars; beside them, where ranks are not sure, in which ranks each may lie."""
    bars = chart.bars
    unsure = any(bar.high for bar in bars)
    named = min(250.0, max([width_of(bar.label, SIZE) for bar in bars], default=0.0))
    said = max([width_of(bar.shown, SIZE) for bar in bars], default=0.0) + 8
    left, right = named + 10, WIDTH - (190 if unsure else 0)
    most = max([bar.value for bar in bars], default=0.0) or 1.0
    top = 24.0 if unsure else 4.0
    parts = []
    for place, bar in enumerate(bars):
        y = top + place * _ROW
        length = (right - left - said) * max(bar.value, 0.0) / most
        parts.append(
            titled(
                f"{bar.label}: {bar.shown}",
                together(
                    [
                        text(named, y + 14, shortened(bar.label, SIZE, named + 1), anchor="end"),
                        box(left, y + 4, max(length, 1.0), _ROW - 8, "bar"),
                        text(left + max(length, 1.0) + 5, y + 14, bar.shown, kind="figure"),
                    ]
                ),
            )
        )
    bottom = top + len(bars) * _ROW + 4
    if unsure:
        parts += _whiskers(bars, WIDTH - 170, top, chart.interval)
        bottom += 16
    return together(parts), bottom


def _whiskers(bars: Sequence[Bar], left: float, top: float, title: str) -> list[Markup]:
    """Return a scale of ranks, and on it the interval of each; ranks are spread by doublings."""
    room = WIDTH - left - 12
    last = max(bar.high for bar in bars)
    reach = log2(last) or 1.0

    def at(rank: int) -> float:
        return left + room * log2(rank) / reach

    ticks = list(dict.fromkeys([1, *(2**step for step in range(1, int(reach) + 1))]))
    ticks = [tick for tick in ticks if at(last) - at(tick) > 24 or tick == last] + [last]
    bottom = top + len(bars) * _ROW
    parts = [text(WIDTH - 2, 14, shortened(title, SIZE, room + 20), anchor="end", kind="axis")]
    for tick in dict.fromkeys(ticks):
        parts.append(line(at(tick), top, at(tick), bottom, "grid"))
        parts.append(text(at(tick), bottom + 14, str(tick), anchor="middle", kind="axis"))
    for place, bar in enumerate(bars):
        y = top + place * _ROW + _ROW / 2
        if bar.high:
            start, end = at(bar.low), at(bar.high)
            parts.append(line(start, y, end, y, "whisker"))
            parts += [line(x, y - 4, x, y + 4, "whisker") for x in dict.fromkeys((start, end))]
    return parts


def _curve(chart: Curve, language: str) -> tuple[Markup, float]:
    """Return the cumulative share of the largest parts, as steps that end at the whole."""
    left, top, bottom, right = _FRAME
    count = len(chart.shares)
    step = (right - left) / max(count, 1)
    space = "\N{NO-BREAK SPACE}" if language == "ru" else ""
    parts = _rules([f"{25 * quarter}{space}%" for quarter in range(5)])
    path = [f"M{number(left)} {number(bottom)}"]
    for place, share in enumerate(chart.shares):
        y = bottom - (bottom - top) * min(share, 1.0)
        path.append(f"V{number(y)}H{number(left + step * (place + 1))}")
    parts.append(Markup('<path d="{}" class="curve"/>').format("".join(path)))
    every = max(1, -(-count // 12))
    for place in range(0, count, every):
        x = left + step * (place + 0.5)
        label = shown(place + 1, language)
        parts.append(text(x, bottom + 16, label, anchor="middle", kind="axis"))
    parts.append(text(right, bottom + 34, chart.x_label, anchor="end", kind="axis"))
    return together(parts), bottom + 44


def _rules(labels: Sequence[str]) -> list[Markup]:
    """Return level lines from 0 to 1 over a chart's frame, each with its label."""
    left, top, bottom, right = _FRAME
    parts = []
    for place, label in enumerate(labels):
        y = bottom - (bottom - top) * place / (len(labels) - 1)
        parts.append(line(left, y, right, y, "grid"))
        parts.append(text(left - 6, y + 4, label, anchor="end", kind="axis"))
    return parts


def _trend(chart: Trend, language: str) -> tuple[Markup, float]:
    """Return a line a series over the ticks; each has its name at its right end or in the legend."""
    left, top, bottom, right = _FRAME
    step = (right - left) / max(len(chart.ticks), 1)
    point = "." if language == "en" else ","
    parts = _rules([f"{quarter / 4:g}".replace(".", point) for quarter in range(5)])
    every = max(1, -(-len(chart.ticks) // 12))
    for place in range(0, len(chart.ticks), every):
        x = left + step * (place + 0.5)
        parts.append(text(x, bottom + 16, chart.ticks[place], anchor="middle", kind="axis"))
    for number_of, (name, figures) in enumerate(chart.series):
        kind = f"series s{number_of % 2}"
        points = [
            (left + step * (place + 0.5), bottom - (bottom - top) * figure)
            for place, figure in enumerate(figures)
            if figure is not None
        ]
        path = "L".join(f"{number(x)} {number(y)}" for x, y in points)
        parts.append(Markup('<path d="M{}" class="{}"/>').format(path, kind))
        dots = (
            Markup('<circle cx="{}" cy="{}" r="3.5" class="{}"/>').format(
                number(x), number(y), f"dot s{number_of % 2}"
            )
            for x, y in points
        )
        parts += dots
        y = bottom + 38 + 18 * number_of
        parts.append(line(left, y - 4, left + 24, y - 4, kind))
        parts.append(text(left + 32, y, name, kind="axis"))
    return together(parts), bottom + 44 + 18 * len(chart.series)


def _matrix(chart: Matrix) -> tuple[Markup, float]:
    """Return a matrix; each state has a sign of its own beside its colour."""
    named = min(230.0, max([width_of(row, SIZE) for row in chart.rows], default=0.0)) + 10
    column = min(110.0, (WIDTH - named) / max(len(chart.columns), 1))
    heads = [lines_of(name, 11.0, column - 4, most=3) for name in chart.columns]
    top = 8 + 15.0 * max(map(len, heads), default=1)
    parts = []
    for place, head in enumerate(heads):
        x = named + column * (place + 0.5)
        for down, words in enumerate(head):
            parts.append(text(x, 12 + 15 * down, words, anchor="middle", kind="axis"))
    height = 26.0
    for place, (name, cells) in enumerate(zip(chart.rows, chart.cells, strict=True)):
        y = top + place * height
        label = shortened(name, SIZE, named - 8)
        parts.append(titled(name, text(named - 8, y + 17, label, anchor="end")))
        for across, (state, words) in enumerate(cells):
            x = named + across * column
            parts.append(box(x + 2, y + 2, column - 4, height - 4, f"cell {state}"))
            parts.append(text(x + column / 2, y + 17, words, anchor="middle", kind=f"on-{state}"))
    y = top + len(chart.rows) * height + 12
    x = named
    for state, words in chart.states:
        room = width_of(words, SIZE) + 34
        if x + room > WIDTH and x > 0:
            x, y = 0.0, y + 20
        parts.append(box(x + 2, y, 16, 12, f"cell {state}"))
        parts.append(text(x + 24, y + 11, words, kind="axis"))
        x += room
    return together(parts), y + 20
