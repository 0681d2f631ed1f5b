"""What was derived when a large graph was last changed, so that only what differs is written.

A statement is quickly added to a store and slowly taken out of it. Of small graphs nothing is
kept: all that is derived of them is replaced with every change.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

from klaster.graph.store.derived import Derived
from klaster.graph.store.files import keep_files
from klaster.graph.store.pairs import Pairs


class DerivedFiles:
    """Derived statements on disk, a folder a term: those before a change, and those after it.

    Parameters
    ----------
    before, after
        Folders; nothing was kept before, or nothing is to be kept, where they are None.
    """

    def __init__(self, before: Path | None, after: Path | None) -> None:
        self._kept = {unquote(path.name): path for path in (before.iterdir() if before else ())}
        self._differing = bool(self._kept)
        self._after = after
        self._lost: list[Derived] = []
        if after:
            after.mkdir(parents=True)

    @property
    def differing(self) -> bool:
        """Whether only what differs has to be written."""
        return self._differing

    def added(self, found: Derived) -> Pairs:
        """Keep the statements of one term, and return those that are new."""
        kept = self._kept.pop(found.place, None)
        after = self._after / quote(found.place, safe="") if self._after else None
        before = Pairs.read(kept) if kept else None
        if kept and before and after and before.same_as(found.edges):
            keep_files(kept, after)
            return found.edges.none()
        if after:
            found.edges.write(after)
        if before is None:
            return found.edges
        self._lost.append(found._replace(edges=before.minus(found.edges)))
        return found.edges.minus(before)

    def lost(self) -> Iterator[Derived]:
        """Yield the statements that hold no more, once all that hold were told to ``added``."""
        yield from self._lost
        for place, path in self._kept.items():
            yield _read(place, path)


def read_derived(folder: Path) -> Iterator[Derived]:
    """Yield the derived statements that a folder keeps, term by term."""
    for path in sorted(folder.iterdir()):
        yield _read(unquote(path.name), path)


def _read(place: str, path: Path) -> Derived:
    term, _, cls = place.partition(" ")
    return Derived(term, Pairs.read(path), cls)
