"""Opening graphs and files for commands, and reading what their options say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from klaster.graph.knowledge_graph import KnowledgeGraph


def open_graph(path: Path | str) -> KnowledgeGraph:
    """Return the graph in a folder or behind an address, which need not be there yet."""
    from klaster.graph.knowledge_graph import KnowledgeGraph

    return KnowledgeGraph(path)


def existing(path: Path | str) -> KnowledgeGraph:
    """Return the graph in a folder or behind an address.

    Raises
    ------
    Fault
        If nothing was loaded into it.
    """
    from klaster.ontology.faults import Fault

    graph = open_graph(path)
    graph.require()
    if not graph.sources():
        raise Fault("fault.no-graph", path=graph.place)
    return graph


def setting(text: str) -> tuple[str, str]:
    """Return the name and the value of an option NAME=VALUE."""
    from klaster.ontology.faults import Fault

    name, sign, value = text.partition("=")
    if not sign or not name:
        raise Fault("fault.setting", found=text)
    return name, value
