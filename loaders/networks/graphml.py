"""GraphML, as networkx, igraph, Gephi and yEd write it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from klaster.loaders.cells import shown
from klaster.loaders.networks.graph_xml import KEYED, GraphXml, Keys
from klaster.loaders.networks.relations import DIRECTED, UNDIRECTED, Relations
from klaster.ontology.faults import Fault


def read_graphml(path: Path) -> Relations:
    """Read a GraphML file; of a drawing (yEd) only the labels are text of the network.

    Graphs within nodes, hyperedges and links to other files are refused. An edge that ends in a
    port of a node ends in the node, and the port is kept as an attribute.

    Raises
    ------
    Fault
        If the file is broken, or holds what no table of links can keep.
    """
    relations = Relations(path, "GraphML", counts_records=True)
    _GraphML(relations).read_all()
    return relations


class _GraphML(GraphXml):
    root = "graphml"
    frame = frozenset({"graphml"})

    def __init__(self, relations: Relations) -> None:
        super().__init__(relations)
        self.starts = {
            "key": self._key,
            "default": self._default,
            "graph": self._graph,
            "node": self._node,
            "edge": self._edge,
            "data": self._data,
            "hyperedge": self._part,
            "locator": self._part,
            "y:NodeLabel": self._label,
            "y:EdgeLabel": self._label,
        }
        self.ends = {
            "default": self._end_default,
            "node": self._end_node,
            "edge": self._end_edge,
            "data": self._end_data,
            "y:NodeLabel": self._end_label,
            "y:EdgeLabel": self._end_label,
        }
        self._keys = {
            "node": Keys(relations, of_edges=False),
            "edge": Keys(relations, of_edges=True),
        }
        self._current_key = ("", "")
        self._graphs = 0
        self._directed = UNDIRECTED
        self._record: dict[str, str] = {}
        self._at = 0
        self._data_key = ""

    def read_all(self) -> None:
        """Read the file and give its attributes the names of their keys."""
        self.read()
        for keys in self._keys.values():
            keys.resolve()

    def _key(self, attributes: Mapping[str, str]) -> None:
        key, domain = attributes.get("id", ""), attributes.get("for", "all")
        self._current_key = (key, domain)
        for kind, keys in self._keys.items():
            if domain in (kind, "all"):
                keys.declare(key, attributes.get("attr.name", ""), attributes.get("attr.type", ""))

    def _default(self, _: Mapping[str, str]) -> None:
        if self.path[-2:] == ["key", "default"]:
            self.gather_text()

    def _end_default(self) -> None:
        key, domain = self._current_key
        text = self.take_text()
        for kind, keys in self._keys.items():
            if domain in (kind, "all"):
                keys.default(key, text)

    def _graph(self, attributes: Mapping[str, str]) -> None:
        if len(self.path) > 2:
            raise self.refuse(self.path[-2], "graph")
        self._graphs += 1
        if self._graphs > 1:
            raise Fault("fault.network-several", path=shown(self.relations.path))
        self._directed = self._direction(attributes.get("edgedefault", "undirected"))

    def _part(self, _: Mapping[str, str]) -> None:
        raise self.refuse(self.path[-1])

    def _direction(self, found: str) -> int:
        known = {"directed": DIRECTED, "true": DIRECTED, "1": DIRECTED}
        known |= {"undirected": UNDIRECTED, "false": UNDIRECTED, "0": UNDIRECTED}
        if found not in known:
            self.relations.fault(self.line, "directed", "fault.network-direction", found=found)
        return known.get(found, UNDIRECTED)

    def _node(self, attributes: Mapping[str, str]) -> None:
        if self.path[-2] != "graph":
            raise self.refuse(self.path[-2], "node")
        self._record = dict(attributes)
        self._at = self.line

    def _end_node(self) -> None:
        name = self._record.pop("id", "").strip()
        self.relations.node(name, self._at, self._record)

    def _edge(self, attributes: Mapping[str, str]) -> None:
        if self.path[-2] != "graph":
            raise self.refuse(self.path[-2], "edge")
        self._record = dict(attributes)
        self._at = self.line

    def _end_edge(self) -> None:
        source = self._record.pop("source", "").strip()
        target = self._record.pop("target", "").strip()
        stated = self._record.pop("directed", None)
        direction = self._directed if stated is None else self._direction(stated)
        self.relations.edge(source, target, self._at, direction, self._record)

    def _is_of_record(self) -> bool:
        return self.path[-2] in self._keys

    def _data(self, attributes: Mapping[str, str]) -> None:
        if self._is_of_record():
            self._data_key = KEYED + attributes.get("key", "")
            self.gather_text()
        else:
            self.relations.leave(f"<{self.path[-2]}><data>")

    def _end_data(self) -> None:
        if not self._is_of_record():
            return
        text = self.take_text()
        if self._data_key in self._record and text.strip():
            key = self._data_key.removeprefix(KEYED)
            self.relations.fault(self.line, key, "fault.network-twice", found=key)
        elif text.strip():
            self._record[self._data_key] = text

    def _label(self, _: Mapping[str, str]) -> None:
        if "data" in self.path:
            self.gather_text()

    def _end_label(self) -> None:
        text = self.take_text().strip()
        if text:
            before = self._record.get("label")
            self._record["label"] = f"{before} {text}" if before else text
