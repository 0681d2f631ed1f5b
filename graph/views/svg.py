"""The elements of charts: SVG in which every text is escaped and no element carries a style."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup


def number(value: float) -> str:
    """Return a coordinate as SVG writes it, no longer than need be.

    Examples
    --------
    >>> number(12.0), number(1 / 3), number(-0.04)
    ('12', '0.3', '0')
    """
    text = f"{value:.1f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """Return a straight line."""
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>').format(
        number(x1), number(y1), number(x2), number(y2), kind
    )


def text(x: float, y: float, words: str, *, anchor: str = "start", kind: str = "") -> Markup:
    """Return a line of text; ``anchor`` is ``start``, ``middle`` or ``end``."""
    return Markup('<text x="{}" y="{}" text-anchor="{}"{}>{}</text>').format(
        number(x),
        number(y),
        anchor,
        Markup(' class="{}"').format(kind) if kind else "",
        words,
    )


def box(x: float, y: float, width: float, height: float, kind: str) -> Markup:
    """Return a rectangle."""
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" class="{}"/>').format(
        number(x), number(y), number(max(width, 0.0)), number(height), kind
    )


def together(parts: Iterable[Markup]) -> Markup:
    """Return parts as one."""
    return Markup("").join(parts)


def titled(name: str, part: Markup) -> Markup:
    """Return a part that tells its whole name where the pointer rests on it."""
    return Markup("<g><title>{}</title>{}</g>").format(name, part)
