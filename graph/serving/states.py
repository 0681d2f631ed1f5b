"""The state of the graph that is served: the newest that a load has finished."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from klaster.graph.store.folder import MANIFEST, GraphFolder, Manifest
from klaster.graph.store.guard import Guard
from klaster.ontology.faults import Fault
from klaster.ontology.terms import graph_iri

if TYPE_CHECKING:
    from klaster.graph.store.columns import Columns

_Signature = tuple[int, int, int]


class State:
    """One state of the graph and the processes that answer queries about it.

    Attributes
    ----------
    revision
        A name of the state; any load gives another.
    """

    def __init__(
        self, folder: GraphFolder, manifest: Manifest, seen: _Signature, workers: int
    ) -> None:
        self.manifest = manifest
        self.revision = f"{manifest.generation}-{seen[0]:x}"
        self.guard = Guard(folder.store(manifest), workers=workers)
        self._folder = folder

    @cached_property
    def columns(self) -> Columns:
        """The tables, in which the names are found that users give."""
        from klaster.graph.store.columns import Columns

        return Columns(self._folder.table_folders(self.manifest))

    @property
    def sources(self) -> dict[str, str]:
        """The graphs of the sources, by IRI, and the names of the sources."""
        return {
            graph_iri(self.manifest.base, "source", entry.name): entry.name
            for entry in self.manifest.sources
        }

    @property
    def graphs(self) -> list[str]:
        """The IRIs of all graphs."""
        made = [graph_iri(self.manifest.base, part) for part in ("derived", "findings", "ontology")]
        return sorted([*self.sources, *made])


class States:
    """Gives the newest state; the one before ends when its last query has ended."""

    def __init__(self, path: Path, *, workers: int) -> None:
        self._folder = GraphFolder(path)
        self._workers = workers
        self._seen = self._look()
        self._state = State(self._folder, self._folder.manifest(), self._seen, workers)

    def current(self) -> State:
        """Return the newest state: one look at a file, unless a load has finished."""
        try:
            seen = self._look()
            if seen != self._seen:
                following = State(self._folder, self._folder.manifest(), seen, self._workers)
                before, self._state, self._seen = self._state, following, seen
                before.guard.retire()
        except (OSError, Fault):
            # The graph's folder is being moved or is damaged: what is open stays open.
            return self._state
        return self._state

    def close(self) -> None:
        """End the processes."""
        self._state.guard.close()

    def _look(self) -> _Signature:
        found = os.stat(self._folder.path / MANIFEST)  # noqa: PTH116 - it is asked at each request
        return found.st_mtime_ns, found.st_size, found.st_ino
