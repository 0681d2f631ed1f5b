"""How much room letters take, so that labels fit their place and never cover each other."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

_NARROW = frozenset("fijlrtI.,:;'!|()[] ʻʼ‘’")
_WIDE = frozenset("mwMWшщжюыфмЖШЩЮЫФМДQOGЊЉ@%—")

Box = tuple[float, float, float, float]
"""Left, top, right and bottom of a rectangle."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
"""What moves a cursor, colours a terminal, turns the direction of writing, or is no character."""


def printable(text: str) -> str:
    r"""Return a text in which what is no letter or sign but an order shows as a question mark.

    Examples
    --------
    >>> printable("ok\x1b[31m"), printable("oʻ\n")
    ('ok�[31m', 'oʻ\n')
    """
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


@lru_cache(maxsize=10_000)
def width_of(text: str, size: float) -> float:
    """Return about how wide a text is in a sans-serif face; rather too wide than too narrow.

    Examples
    --------
    >>> width_of("ill", 10) < width_of("abc", 10) < width_of("МШЩ", 10) < width_of("経済圏", 10)
    True
    """
    return size * sum(map(_ems, text))


def _ems(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.05
    if letter in _NARROW:
        return 0.36
    if letter in _WIDE:
        return 0.92
    return 0.74 if letter.isupper() else 0.62


def shortened(text: str, size: float, room: float) -> str:
    """Return a text cut, with an ellipsis, so that it fits a width.

    Examples
    --------
    >>> shortened("Bukhara Cotton Textile", 10, 90), shortened("BCT", 10, 90)
    ('Bukhara Cotton…', 'BCT')
    """
    if width_of(text, size) <= room:
        return text
    kept, used = 0, width_of("…", size)
    for letter in text:
        used += size * _ems(letter)
        if used > room:
            break
        kept += 1
    # A letter keeps the marks that belong to it.
    while kept < len(text) and kept and unicodedata.combining(text[kept]):
        kept -= 1
    return text[:kept].rstrip() + "…"


def lines_of(text: str, size: float, room: float, *, most: int = 2) -> list[str]:
    """Return a text on a few lines that each fit a width; what is too long ends in an ellipsis.

    Examples
    --------
    >>> lines_of("Fruit and vegetable cluster", 10, 80)
    ['Fruit and', 'vegetable…']
    """
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < most:
        line = words.pop(0)
        while words and width_of(f"{line} {words[0]}", size) <= room:
            line += f" {words.pop(0)}"
        if words and len(lines) == most - 1:
            line += "…"
        lines.append(shortened(line, size, room))
    return lines


@dataclass
class Taken:
    """Rectangles that are taken, looked up by the square of a grid in which they lie."""

    square: float = 60.0
    _squares: dict[tuple[int, int], list[Box]] = field(default_factory=dict)

    def is_free(self, box: Box) -> bool:
        """Tell whether a rectangle touches none that is taken."""
        return not any(
            box[0] < right and left < box[2] and box[1] < bottom and top < box[3]
            for square in self._over(box)
            for left, top, right, bottom in self._squares.get(square, ())
        )

    def add(self, box: Box) -> None:
        """Take a rectangle."""
        for square in self._over(box):
            self._squares.setdefault(square, []).append(box)

    def _over(self, box: Box) -> Iterator[tuple[int, int]]:
        for column in range(int(box[0] // self.square), int(box[2] // self.square) + 1):
            for row in range(int(box[1] // self.square), int(box[3] // self.square) + 1):
                yield column, row
