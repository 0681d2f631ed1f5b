"""What a server may do and how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from klaster.graph.store.guard import Limits

MEGABYTE: Final = 1 << 20
_LIMITS: Final = Limits(seconds=30, memory=2048 * MEGABYTE, rows=1_000_000)


@dataclass(frozen=True)
class Settings:
    """How a graph is served.

    Parameters
    ----------
    graph
        The graph's folder.
    limits
        What one query may take.
    workers
        How many queries run at a time; some more wait for a short while.
    token
        What a writer must know; empty where nobody can write.
    service_hosts
        Machines to which a query may send a part of itself.
    names
        Names by which clients reach the server, besides this machine's own and addresses in figures.
    origins
        Web sites whose scripts may read the answers; ``*`` is any.
    questions
        A folder with the user's own questions.
    language
        The language where a client asks for none that we speak.
    """

    graph: Path
    limits: Limits = _LIMITS
    workers: int = 4
    token: str = ""
    service_hosts: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    origins: tuple[str, ...] = ()
    questions: Path | None = None
    language: str = "en"
    waiting: int = 64
    """How many queries may wait; the next is turned away."""
    patience: float = 10
    """Seconds that a query waits, and that a client may take to send what it asks."""
    query_bytes: int = MEGABYTE
    """Size of a request with a query."""
    write_bytes: int = 256 * MEGABYTE
    """Size of a graph that is put."""
    url_bytes: int = 1 << 16
    held_bytes: int = MEGABYTE
    """How much of an answer is held back, so that a limit passed by then is told by the status."""
