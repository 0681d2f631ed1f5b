"""A change of a graph in a store on another machine: uploaded aside, then moved in one request."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import uuid4

from pyoxigraph import NamedNode, RdfFormat, parse

from klaster.graph.store.files import keep_files
from klaster.graph.store.folder import Manifest
from klaster.graph.store.remote import RemoteStore
from klaster.graph.store.values import without_escapes
from klaster.ontology.faults import Fault
from klaster.ontology.protocol import Endpoint, Refused, same_host
from klaster.ontology.terms import graph_iri

_UPDATE: Final = "application/sparql-update"
_NOTHING: Final = "DELETE DATA { }"
_BATCH: Final = 1 << 22
_LEFT_BEHIND: Final = dt.timedelta(days=1)
_QUAD: Final = re.compile(rb" <([^<>]*)> \.\s*$")
# Where stores that read and write at different addresses take updates.
_BESIDE: Final = (("/query", "/update"), ("/sparql", "/update"), ("/store", "/update"))
_BELOW: Final = re.compile(r"/repositories/[^/]+$")


class RemoteStaging:
    """A change in the making; ``after`` is the manifest that the graph will have."""

    tells_places = True
    parts = ("source", "loaded")
    may_start_empty = False

    def __init__(self, path: Path, endpoint: Endpoint, before: Manifest) -> None:
        self.path = path
        self.before = before
        self.after = before
        self.kept: Callable[[str], Path] = self.tables
        self._endpoint = endpoint
        moment = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
        self._aside = graph_iri(before.base, "staging", f"{moment}-{uuid4().hex[:8]}") + "/"
        self._staged: dict[str, str] = {}
        self._gone: list[str] = []
        self._committed = False
        self._updates: Endpoint | None = None

    def take_over(self, _: Manifest) -> None:
        """Return that what a killed change had uploaded is not gone on with."""

    @property
    def resumed(self) -> bool:
        """Whether the store was begun by a change that was killed: never."""
        return False

    def forget(self) -> None:
        """Do nothing: nothing was taken over."""

    def tables(self, name: str) -> Path:
        """Return where the tables of a source are made."""
        return self.path / "tables" / quote(name, safe="")

    @property
    def derived(self) -> None:
        """Return that what is derived is kept nowhere but in the store."""

    @property
    def derived_before(self) -> None:
        """Return that what was derived before is kept nowhere but in the store."""

    def remove(self, triples: Iterable[tuple[str, str, str]], graph: str) -> None:
        """Do nothing: named graphs are replaced whole."""

    def tables_before(self, name: str) -> Path:
        """Return where the tables of a source are kept, as they were before the change."""
        return self.kept(name)

    def keep_tables(self, name: str) -> None:
        """Take over the tables of a source that does not change."""
        keep_files(self.tables_before(name), self.tables(name))

    def open_store(self, *, empty: bool = False) -> RemoteStaging:
        """Return what takes the statements of the change."""
        self._updates = updating(self._endpoint)
        self._clear_left_behind()
        return self

    @contextmanager
    def replacing(
        self, graphs: Iterable[str], *, share: Callable[[float], None] = lambda _: None
    ) -> Iterator[IO[bytes]]:
        """Have named graphs replaced by the N-Quads that are written into the stream.

        ``share`` is told how much of them is sent.
        """
        with TemporaryDirectory() as scratch:
            quads = Path(scratch) / "change.nq"
            with quads.open("wb") as stream:
                yield stream
            self._replace(graphs, quads, share)

    def _replace(self, graphs: Iterable[str], quads: Path, share: Callable[[float], None]) -> None:
        """Have named graphs replaced by those of a file of N-Quads; uploads them aside."""
        self._gone += graphs
        waiting: dict[str, list[bytes]] = {}
        size = sent = 0
        whole = quads.stat().st_size
        with quads.open("rb") as stream:
            for line in stream:
                found = _QUAD.search(line)
                if not found:
                    continue
                waiting.setdefault(found[1].decode(), []).append(line[: found.start()] + b" .\n")
                size += len(line)
                if size > _BATCH:
                    self._upload(waiting)
                    sent += size
                    share(sent / whole)
                    waiting, size = {}, 0
        self._upload(waiting)

    def load_ontology(self, graph: str) -> None:
        """Upload the terms of the ontology aside, in one request: they have blank nodes."""
        text = files("klaster.ontology").joinpath("klaster.ttl").read_bytes()
        lines = [f"{quad.triple} .\n".encode() for quad in parse(text, format=RdfFormat.TURTLE)]
        self._upload({graph: lines})

    def close(self) -> None:
        """Do nothing: what was uploaded stays aside until it is committed."""

    def commit(self) -> None:
        """Let what was uploaded take over, in one request."""
        if not self.after.sources:
            # Without any source nothing is left to derive, nor a graph to describe.
            every = [*self._gone, *self._staged.values()]
            self._update(" ;\n".join(f"DROP SILENT GRAPH {NamedNode(graph)}" for graph in every))
            self._committed = True
            return
        self._refuse_lost()
        steps = [f"DROP SILENT GRAPH {NamedNode(graph)}" for graph in self._gone]
        for graph, aside in self._staged.items():
            # Says what MOVE does, which not every store can do.
            there, here = (f"GRAPH {NamedNode(name)} {{ ?s ?p ?o }}" for name in (graph, aside))
            steps.append(f"DROP SILENT GRAPH {NamedNode(graph)}")
            steps.append(f"INSERT {{ {there} }} WHERE {{ {here} }}")
            steps.append(f"DROP GRAPH {NamedNode(aside)}")
        self._update(" ;\n".join(steps))
        self._committed = True

    def _refuse_lost(self) -> None:
        """Refuse to go on where someone has taken away what was uploaded."""
        named = " ".join(str(NamedNode(aside)) for aside in self._staged.values())
        asked = f"""SELECT ?graph WHERE {{
          VALUES ?graph {{ {named} }} FILTER EXISTS {{ GRAPH ?graph {{ ?s ?p ?o }} }} }}"""
        if len(list(RemoteStore(self._endpoint).select(asked))) < len(self._staged):
            raise Fault("fault.remote-changed", address=self._endpoint.shown)

    def clear(self) -> None:
        """Take away what was uploaded and is not wanted, as far as the store can be reached."""
        if self._committed or not self._staged:
            return
        steps = [f"DROP SILENT GRAPH {NamedNode(aside)}" for aside in self._staged.values()]
        try:
            self._update(" ;\n".join(steps))
        except Fault:
            # The fault that led here is the one to tell; the next change clears what is left.
            return

    def _upload(self, waiting: dict[str, list[bytes]]) -> None:
        blocks = []
        for graph, lines in waiting.items():
            aside = self._staged.setdefault(graph, f"{self._aside}{len(self._staged)}")
            text = without_escapes(b"".join(lines).decode())
            blocks.append(f"GRAPH {NamedNode(aside)} {{\n{text}}}\n")
        if blocks:
            self._update(f"INSERT DATA {{\n{''.join(blocks)}}}")

    def _update(self, text: str) -> None:
        updates = self._updates or updating(self._endpoint)
        with updates.send(text.encode(), ("*/*",), kind=_UPDATE) as answer:
            while answer.read():
                pass

    def _clear_left_behind(self) -> None:
        """Take away what changes uploaded that were killed more than a day ago."""
        start = graph_iri(self.before.base, "staging") + "/"
        asked = f"""SELECT DISTINCT ?graph WHERE {{
          GRAPH ?graph {{ ?s ?p ?o }} FILTER (STRSTARTS(STR(?graph), "{NamedNode(start).value}"))
        }}"""
        until = (dt.datetime.now(dt.UTC) - _LEFT_BEHIND).strftime("%Y%m%dT%H%M%SZ")
        graphs = [graph for (graph,) in RemoteStore(self._endpoint).select(asked)]
        old = [graph for graph in graphs if graph.value.removeprefix(start)[:16] < until]
        if old:
            self._update(" ;\n".join(f"DROP SILENT GRAPH {graph}" for graph in old))


def updating(endpoint: Endpoint) -> Endpoint:
    """Return the address at which a store takes updates: given, or found by an empty one.

    Raises
    ------
    Fault
        If there is none, or it is on another host.
    """
    refused: Refused | None = None
    for url in _addresses(endpoint):
        found = endpoint.at(url)
        try:
            with found.send(_NOTHING.encode(), ("*/*",), kind=_UPDATE) as answer:
                while answer.read():
                    pass
        except Refused as reason:
            refused = refused or reason
            continue
        return found
    assert refused is not None  # noqa: S101
    values = {key: refused.values[key] for key in ("status", "reason")}
    raise Fault("fault.remote-read-only", address=endpoint.shown, **values) from refused


def _addresses(endpoint: Endpoint) -> Iterator[str]:
    given = os.environ.get("KLASTER_UPDATE")
    if given:
        if not same_host(endpoint.url, given):
            without = re.sub(r"//[^/]*@", "//", given)
            raise Fault("fault.remote-update-host", address=endpoint.shown, found=without)
        yield given
        return
    parts = urlsplit(endpoint.url)
    for end, other in _BESIDE:
        if parts.path.endswith(end):
            yield urlunsplit(parts._replace(path=parts.path.removesuffix(end) + other))
    if _BELOW.search(parts.path):
        yield urlunsplit(parts._replace(path=f"{parts.path}/statements"))
    yield endpoint.url
