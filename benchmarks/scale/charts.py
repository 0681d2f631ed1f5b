"""A chart of time against size, as SVG: both axes in powers of ten, a line a step."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

Points = Sequence[tuple[float, float]]
_WIDTH: Final = 760
_HEIGHT: Final = 420
_LEFT: Final = 64
_RIGHT: Final = 220
_TOP: Final = 24
_BOTTOM: Final = 48
_COLOURS: Final = ("#1b6ca8", "#b5442e", "#3c7d3e", "#7a4b9e", "#a8761b", "#2a8c8c", "#8c2a5e")
_DASHES: Final = ("", "6 3", "2 3", "8 3 2 3", "", "6 3", "2 3")


def exponent(points: Points) -> float:
    """Return the power of the size with which something grows: a line through the logarithms.

    Examples
    --------
    >>> round(exponent([(10, 3), (100, 30), (1000, 300)]), 3)
    1.0
    >>> round(exponent([(1, 2), (10, 200)]), 3)
    2.0
    """
    xs = [math.log(x) for x, _ in points]
    ys = [math.log(max(y, 1e-3)) for _, y in points]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - mean_x) ** 2 for x in xs)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread


def chart(lines: Mapping[str, Points], *, across: str, up: str, title: str) -> str:
    """Return a chart with a line for each name."""
    everything = [point for points in lines.values() for point in points]
    low_x, high_x = _decades(x for x, _ in everything)
    low_y, high_y = _decades(max(y, 1e-3) for _, y in everything)

    def place(x: float, y: float) -> tuple[float, float]:
        part_x = (math.log10(x) - low_x) / (high_x - low_x)
        part_y = (math.log10(max(y, 1e-3)) - low_y) / (high_y - low_y)
        width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
        return _LEFT + part_x * width, _HEIGHT - _BOTTOM - part_y * height

    begin = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    parts = [
        f'{begin} font-family="sans-serif" font-size="12" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
    ]
    for power in range(low_x, high_x + 1):
        x, bottom = place(10**power, 10**low_y)
        parts.append(_line((x, _TOP), (x, bottom), "#ddd"))
        parts.append(_text(x, bottom + 16, f"{10**power:,.0f}", "middle"))
    for power in range(low_y, high_y + 1):
        left, y = place(10**low_x, 10**power)
        parts.append(_line((left, y), (_WIDTH - _RIGHT, y), "#ddd"))
        parts.append(_text(left - 6, y + 4, f"{10**power:,g}", "end"))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 10, across, "middle"))
    parts.append(_text(8, 14, up, "start"))
    parts += _drawn(lines, place)
    return "\n".join([*parts, "</svg>", ""])


def _drawn(lines: Mapping[str, Points], place: object) -> list[str]:
    """Draw the lines, and name each at its end, the names kept apart."""
    parts, taken = [], []
    ends = {name: place(*max(points)) for name, points in lines.items()}
    for number, name in enumerate(sorted(lines, key=lambda name: ends[name][1])):
        colour = _COLOURS[number % len(_COLOURS)]
        dash = _DASHES[number % len(_DASHES)]
        spots = [place(*point) for point in sorted(lines[name])]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>'
        )
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in spots]
        x, y = spots[-1]
        level = max([y, *(other + 15 for other in taken)])
        taken.append(level)
        parts.append(_line((x + 4, y), (x + 14, level), colour))
        parts.append(_text(x + 18, level + 4, name, "start", colour))
    return parts


def _line(start: tuple[float, float], end: tuple[float, float], colour: str) -> str:
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" '
        f'stroke="{colour}"/>'
    )


def _text(x: float, y: float, words: str, anchor: str, colour: str = "#333") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">'
        f"{escape(words)}</text>"
    )


def _decades(values: object) -> tuple[int, int]:
    """Return the powers of ten that hold some values between them."""
    logs = [math.log10(value) for value in values]
    low, high = math.floor(min(logs)), math.ceil(max(logs))
    return low, max(high, low + 1)
