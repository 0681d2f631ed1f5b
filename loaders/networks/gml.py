"""GML (Graph Modelling Language), as igraph, networkx and yEd write it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from klaster.loaders.cells import read_bytes, shown
from klaster.loaders.networks.relations import DIRECTED, UNDIRECTED, Relations
from klaster.loaders.text_tables import decoded
from klaster.ontology.faults import Fault

_TOKEN: Final = re.compile(r'"[^"]*"|\[|\]|#[^\n]*|[^\s\[\]"]+|"')
_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEEPEST: Final = 64


def read_gml(path: Path) -> Relations:
    """Read a GML file. Lists within a node or an edge (drawings) are left aside.

    Raises
    ------
    Fault
        If the file is broken or holds several networks.
    """
    relations = Relations(path, "GML", counts_records=True)
    text, relations.encoding = decoded(path, read_bytes(path))
    _Gml(relations, _tokens(text)).read()
    return relations


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    """Return each word, bracket or quoted text with its line."""
    line, seen = 1, 0
    for token in _TOKEN.finditer(text):
        line += text.count("\n", seen, token.start())
        seen = token.start()
        if not token[0].startswith("#"):
            yield line, token[0]


class _Gml:
    def __init__(self, relations: Relations, tokens: Iterator[tuple[int, str]]) -> None:
        self._relations = relations
        self._tokens = tokens
        self._line = 1
        self._graphs = 0
        self._directed = UNDIRECTED

    def read(self) -> None:
        for key in self._keys(closing=False):
            if key == "graph":
                self._graph()
            else:
                self._value(0)
        if not self._graphs:
            raise self._broken("graph")

    def _graph(self) -> None:
        self._graphs += 1
        if self._graphs > 1:
            raise Fault("fault.network-several", path=shown(self._relations.path))
        if self._next() != "[":
            raise self._broken("[")
        for key in self._keys(closing=True):
            at = self._line
            if key in ("node", "edge"):
                if self._next() != "[":
                    raise self._broken("[")
                self._record(at, is_edge=key == "edge")
            elif key == "directed":
                self._directed = DIRECTED if self._value(1) == "1" else UNDIRECTED
            else:
                self._value(1)

    def _record(self, at: int, *, is_edge: bool) -> None:
        record: dict[str, str] = {}
        for key in self._keys(closing=True):
            value = self._value(2)
            if value is None:
                self._relations.leave(key)
            elif key in record:
                # A key that stands twice is a list, as networkx writes it.
                record[key] = f"{record[key]};{value}"
            elif value.casefold() != "nan":
                record[key] = value
        if is_edge:
            source, target = record.pop("source", "").strip(), record.pop("target", "").strip()
            self._relations.edge(source, target, at, self._directed, record)
        else:
            self._relations.node(record.pop("id", "").strip(), at, record)

    def _keys(self, *, closing: bool) -> Iterator[str]:
        """Return the keys up to the closing bracket, or to the end of the file."""
        while True:
            found = self._next(end=not closing)
            if not found or (closing and found == "]"):
                return
            if not _KEY.fullmatch(found):
                raise self._broken(found)
            yield found

    def _value(self, depth: int) -> str | None:
        """Return the text of a value, or nothing of a list."""
        found = self._next()
        if found == "[":
            if depth >= _DEEPEST:
                raise self._broken("[")
            for _ in self._keys(closing=True):
                self._value(depth + 1)
            return None
        if found in ("]", '"'):
            raise self._broken(found)
        return html.unescape(found[1:-1]) if found.startswith('"') else found

    def _next(self, *, end: bool = False) -> str:
        self._line, found = next(self._tokens, (self._line, ""))
        if not found and not end:
            raise self._broken("]")
        return found

    def _broken(self, found: str) -> Fault:
        return Fault(
            "fault.network-file",
            path=shown(self._relations.path),
            format="GML",
            line=self._line,
            reason=found[:40],
        )
