"""Knowledge graph of clusters, actors and policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from klaster.graph.knowledge_graph import KnowledgeGraph


class KlasterError(Exception):
    """A fault that the user can mend; its text says where it is and what would do."""


def open(path: str | Path) -> KnowledgeGraph:  # noqa: A001
    """Open the graph in the folder ``path`` (``NAME.klaster``), or begin one there.

    Examples
    --------
    >>> graph = open("nowhere.klaster")
    >>> graph.sources()
    []
    """
    from klaster.graph.knowledge_graph import KnowledgeGraph

    return KnowledgeGraph(path)
