"""What a run on Spark found, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Outcome:
    """What was found, in numbers: all of it stands in the tables that were written.

    ``pairs`` are ordered pairs of actors that are linked, ``parts`` those of the network without
    a link between them, ``largest`` the actors of the largest; ``rounds`` and ``change`` tell
    how PageRank settled; ``gaps`` counts findings by rule.
    """

    links: tuple[str, ...]
    date: str | None
    actors: int
    pairs: int = 0
    parts: int = 0
    largest: int = 0
    rounds: int = 0
    change: float = 0.0
    gaps: Mapping[str, int] = field(default_factory=dict)
