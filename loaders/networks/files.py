"""Network files (GraphML, GEXF, GML, Pajek, edge lists) as tables of actors and links.

The formats are read by readers of their own and not by networkx, whose readers forget on which
line a thing stood, build the whole graph in memory as dictionaries, let the later of two equal
ids overwrite the earlier, and expand what a document type declares. What they write loads.

What the files leave open is decided so, and told in a note each time:

- A node is an actor. Its attributes fill the columns of ``actors`` that bear their names or
  labels, or are called so by other programs; nodes without a kind are enterprises.
- An edge is the kind of link that its attribute ``kind``, ``type`` or ``relation`` names, or that
  the user gives. Otherwise a directed edge is a supply from its source to its target, and one
  without direction a cooperation of unstated kind.
- Each parallel edge is a row of its own. An actor's link with itself is kept as a supply or an
  ownership; a cooperation needs two.
- A weight is a value where the edge has a currency and a quantity where it has a unit. Otherwise
  it is a strength, which no column holds, and stands in the note.
- The second mode of a two-mode network are cooperations in which the first takes part.
- Products and sources that are named become rows of their tables.

docs/network-files.md tells it to users.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from klaster.loaders.cells import MEGABYTE, refuse_what_is_no_file, shown
from klaster.loaders.networks.edge_list import EDGE_LISTS, is_edge_list, read_edge_list
from klaster.loaders.networks.gexf import read_gexf
from klaster.loaders.networks.gml import read_gml
from klaster.loaders.networks.graphml import read_graphml
from klaster.loaders.networks.pajek import read_pajek
from klaster.loaders.networks.relations import Relations
from klaster.loaders.networks.tables import LINK_TABLES, tables_of
from klaster.loaders.raw import RawTable
from klaster.ontology.faults import Fault

__all__ = ["NETWORK_FILES", "is_edge_list", "read_network_file"]

_READERS: Final[Mapping[str, Callable[[Path], Relations]]] = {
    ".graphml": read_graphml,
    ".gexf": read_gexf,
    ".gml": read_gml,
    ".net": read_pajek,
    ".paj": read_pajek,
}

NETWORK_FILES: Final = frozenset(_READERS) | EDGE_LISTS
"""The suffixes of network files; edge lists in CSV are told by ``is_edge_list``."""

# The text of XML is read piece by piece, that of the other formats as a whole.
_LARGEST: Final = 256 * MEGABYTE
_LARGEST_TEXT: Final = 128 * MEGABYTE
_IN_XML: Final = frozenset({".graphml", ".gexf"})


def read_network_file(path: Path, notes: list[str], *, links: str = "") -> Iterator[RawTable]:
    """Yield the tables of a network file, and tell in ``notes`` what was taken for what.

    Each row has its origin: the line, and in formats where a line may hold several records the
    number of the node or edge (``net.graphml!edge 12``).

    Parameters
    ----------
    links
        What all edges are (``supply``, ``cooperation`` or ``ownership``), whatever they say.

    Raises
    ------
    Fault
        If the file is broken, is of another kind, or holds what the tables cannot keep.
    """
    if links and links not in LINK_TABLES:
        raise Fault("fault.network-membership")
    refuse_what_is_no_file(path)
    size = path.stat().st_size
    limit = _LARGEST if path.suffix.lower() in _IN_XML else _LARGEST_TEXT
    if size > limit:
        told = {"size": size // MEGABYTE, "limit": limit // MEGABYTE}
        raise Fault("fault.network-bytes", path=shown(path), **told)
    relations = _READERS.get(path.suffix.lower(), read_edge_list)(path)
    relations.refuse_faults()
    if relations.encoding != "UTF-8":
        notes.append(f"{relations.place}: {relations.encoding}")
    if not len(relations.nodes):
        raise Fault("fault.no-rows", source=relations.place)
    yield from tables_of(relations, notes, links)
