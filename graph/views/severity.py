"""How severe a finding is, in a word: a figure alone says little to whoever reads it first."""

from __future__ import annotations

from typing import Final

from klaster.graph.views.table import Toned
from klaster.graph.views.wording import decimal
from klaster.ontology.labels import phrase

LEVELS: Final = (("high", 2 / 3), ("medium", 1 / 3), ("low", 0.0))
"""Each level with the least severity that it asks for; what has none is worth knowing."""


def level(severity: float) -> str:
    """Return the level of a severity between 0 and 1: high, medium, low or note.

    Examples
    --------
    >>> [level(figure) for figure in (1, 0.5, 0.01, 0)]
    ['high', 'medium', 'low', 'note']
    """
    if severity <= 0:
        return "note"
    return next(name for name, least in LEVELS if severity >= least)


def level_word(severity: float, language: str) -> str:
    """Return the level in a word.

    Examples
    --------
    >>> level_word(0.9, "en"), level_word(0.9, "uz")
    ('high', 'yuqori')
    """
    return phrase(f"level.{level(severity)}", language)


def graded(severity: float, language: str) -> Toned:
    """Return a severity as its level and its figure, in the tone of the level.

    Examples
    --------
    >>> graded(0.5, "en"), graded(0.5, "en").tone
    ('medium 0.50', 'medium')
    """
    text = f"{level_word(severity, language)} {decimal(severity, language)}"
    return Toned(text, level(severity))
