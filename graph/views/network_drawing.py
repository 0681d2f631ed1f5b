"""A network as a still picture: nodes where the layout puts them, names that cover nothing."""

from __future__ import annotations

from collections.abc import Iterator
from math import cos, log2, pi, sin, sqrt
from typing import Final

from markupsafe import Markup

from klaster.graph.views.document import Dot, Drawing
from klaster.graph.views.lettering import Box, Taken, shortened, width_of
from klaster.graph.views.svg import line, number, text, titled, together

TALLEST: Final = 780.0
"""A picture is no taller than this, so that it fits a page of A4 with its caption."""
RADIUS: Final = 4.5
LETTERS: Final = 10.5
_MARGIN: Final = 24.0
_LONGEST: Final = 170.0
_SIDES: Final = {"square": (4, pi / 4), "diamond": (4, 0.0), "triangle": (3, -pi / 2)}
_SIDES_TOO: Final = {"triangle-down": (3, pi / 2), "hexagon": (6, 0.0)}
SHAPES: Final = {
    "enterprise": "circle",
    "cluster-organization": "square",
    "logistics": "diamond",
    "research": "triangle",
    "university": "triangle",
    "education": "triangle",
    "government": "star",
    "finance": "diamond",
    "support": "triangle-down",
    "industry": "square",
    "cluster": "hexagon",
    "made": "circle",
    "near": "diamond",
}
"""The shape of each kind of node; others are circles. Colours are classes of the style sheet."""


def draw_network(drawing: Drawing, width: float) -> tuple[Markup, float]:
    """Return a drawing and its height; below it the legend.

    The names of the weightiest nodes are written, as many as find a free place; a pointer on a
    node tells any name.
    """
    places, height = _places(drawing.dots, width)
    parts = [
        line(*places[source], *places[target], f"link w{_stroke(strength)}")
        for source, target, strength in drawing.links
    ]
    taken = Taken()
    for dot, (x, y) in zip(drawing.dots, places, strict=True):
        radius = RADIUS * dot.size
        taken.add((x - radius, y - radius, x + radius, y + radius))
        parts.append(titled(dot.label, _node(dot.style, x, y, radius)))
    order = sorted(range(len(places)), key=lambda at: (-drawing.dots[at].weight, at))
    for at in order:
        parts += _name(drawing.dots[at], places[at], taken, width)
    legend, below = _legend(drawing.styles, width, height)
    return together([*parts, *legend]), below


def _places(dots: tuple[Dot, ...], width: float) -> tuple[list[tuple[float, float]], float]:
    """Return where each node stands on the paper, and how tall the picture is."""
    if not dots:
        return [], _MARGIN
    left, top = min(dot.x for dot in dots), min(dot.y for dot in dots)
    wide = max(dot.x for dot in dots) - left
    tall = max(dot.y for dot in dots) - top
    largest = RADIUS * max(dot.size for dot in dots)
    margin = _MARGIN + largest
    scale = min((width - 2 * margin) / (wide or 1.0), (TALLEST - 2 * margin) / (tall or 1.0), 2.0)
    aside = (width - scale * wide) / 2
    places = [(aside + scale * (dot.x - left), margin + scale * (dot.y - top)) for dot in dots]
    return places, scale * tall + 2 * margin


def _stroke(strength: float) -> int:
    """Return one of four widths of a link."""
    return min(4, 1 + int(log2(max(strength, 1.0)) / 2))


def _node(style: str, x: float, y: float, radius: float) -> Markup:
    shape = SHAPES.get(style, "circle")
    if shape == "circle":
        return Markup('<circle cx="{}" cy="{}" r="{}" class="node k-{}"/>').format(
            number(x), number(y), number(radius), style
        )
    points = " ".join(f"{number(a)},{number(b)}" for a, b in _corners(shape, x, y, radius))
    return Markup('<polygon points="{}" class="node k-{}"/>').format(points, style)


def _corners(shape: str, x: float, y: float, radius: float) -> Iterator[tuple[float, float]]:
    if shape == "star":
        for point in range(10):
            reach = radius * (1.35 if point % 2 == 0 else 0.6)
            angle = -pi / 2 + point * pi / 5
            yield x + reach * cos(angle), y + reach * sin(angle)
        return
    sides, turn = {**_SIDES, **_SIDES_TOO}[shape]
    for side in range(sides):
        angle = turn + side * 2 * pi / sides
        yield x + 1.2 * radius * cos(angle), y + 1.2 * radius * sin(angle)


def _name(dot: Dot, place: tuple[float, float], taken: Taken, width: float) -> list[Markup]:
    """Return a node's name at the first side of it where there is room, or nothing."""
    words = shortened(dot.label, LETTERS, _LONGEST)
    for x, y, anchor, box in _sides(dot, place, width_of(words, LETTERS)):
        within = anchor == "middle" and box[1] < place[1] < box[3]
        if within:
            return [text(x, y, words, anchor=anchor, kind="name strong")]
        if box[0] >= 2 and box[2] <= width - 2 and box[1] >= 0 and taken.is_free(box):
            taken.add(box)
            kind = "name strong" if dot.style == "cluster" else "name"
            return [text(x, y, words, anchor=anchor, kind=kind)]
    return []


def _sides(
    dot: Dot, place: tuple[float, float], room: float
) -> Iterator[tuple[float, float, str, Box]]:
    """Return where a name may stand beside a node, the best first, with what it would cover."""
    x, y = place
    inside = (x - room / 2, y - LETTERS * 0.5, x + room / 2, y + LETTERS * 0.6)
    if room < 2 * RADIUS * dot.size:
        yield x, y + LETTERS * 0.35, "middle", inside
    far = RADIUS * dot.size * (1.35 if SHAPES.get(dot.style) == "star" else 1.2) + 3
    up, down = LETTERS * 0.8, LETTERS * 0.3
    for aside, over in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)):
        reach = far if not (aside and over) else far / sqrt(2)
        base = y + over * (reach + (up if over > 0 else down if over < 0 else 0))
        base += LETTERS * 0.35 if not over else 0
        start = x + aside * reach
        left = start if aside > 0 else start - room if aside < 0 else x - room / 2
        anchor = {1: "start", -1: "end", 0: "middle"}[aside]
        yield start, base, anchor, (left, base - up, left + room, base + down)


def _legend(
    styles: tuple[tuple[str, str], ...], width: float, top: float
) -> tuple[list[Markup], float]:
    parts: list[Markup] = []
    x, y = 4.0, top + 14
    for style, words in styles:
        room = width_of(words, LETTERS) + 34
        if x + room > width and x > 4:
            x, y = 4.0, y + 18
        parts.append(_node(style, x + 7, y - 4, 5.0))
        parts.append(text(x + 18, y, words, kind="axis"))
        x += room
    return parts, y + 10
