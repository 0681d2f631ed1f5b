"""A graph in a store on another machine, kept there as a folder keeps one on disk.

Each source is a named graph that says of itself where it came from; its tables are filled from
its statements, one query a table, and kept in a scratch folder as long as the program runs. A
change is uploaded beside the graph, under names that nothing reads, and takes over in one update
request, which SPARQL 1.1 wants done whole or not at all.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import weakref
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import polars as pl
from pyoxigraph import Literal, NamedNode

from klaster.graph.store.columns import write_columns
from klaster.graph.store.folder import Manifest, SourceEntry
from klaster.graph.store.remote import RemoteRows, RemoteStore
from klaster.graph.store.remote_change import RemoteStaging
from klaster.graph.store.stated import STATEMENTS, UnreadableCellError, classes_in, frame_of
from klaster.ontology.faults import Fault
from klaster.ontology.protocol import Endpoint, Refused, login_of_environment
from klaster.ontology.tables import SourceTables, Table, tables
from klaster.ontology.terms import KL, RDF, graph_iri

_SOURCES: Final = """
SELECT ?graph ?sha256 ?at ?loader ?label ?record WHERE {
  GRAPH ?graph {
    ?graph a kl:LoadGraph ; prov:wasGeneratedBy ?load .
    ?load prov:used ?file ; kl:loader ?loader .
    ?file kl:sha256 ?sha256 ; kl:retrievedAt ?at ; rdfs:label ?label .
    OPTIONAL { ?load kl:loadRecord ?record }
  }
}"""
_CLASSES: Final = """
SELECT ?class (COUNT(?thing) AS ?count) WHERE {
  { ?thing a ?class } UNION { GRAPH ?g { ?thing a ?class } }
} GROUP BY ?class ORDER BY DESC(?count) ?class LIMIT 5"""
_GRAPH: Final = re.compile(r"(?P<base>.+/)graph/(?P<part>source|loaded)/(?P<name>[^/]+)$")
# Where stores that are written to at these addresses are queried.
_READ_AT: Final = (
    ("/store", "/query"),
    ("/update", "/query"),
    ("/update", "/sparql"),
    ("/data", "/sparql"),
    ("/statements", ""),
)
_PARTS: Final = ("derived", "findings", "ontology")
_OWN_BASE: Final = "https://w3id.org/klaster/id/{}/"


class RemoteFolder:
    """The graph behind one address; a name after ``#`` tells it from others in the store.

    It has what ``GraphFolder`` has, so that commands need not know where a graph is.
    """

    def __init__(self, address: str) -> None:
        self.endpoint = Endpoint(address, login=login_of_environment(address))
        self._kept: dict[str, Path] = {}
        self._others: list[str] = []

    @property
    def place(self) -> str:
        """The address as it may be shown."""
        return self.endpoint.shown

    @property
    def name(self) -> str:
        """What the graph is called."""
        return self.manifest().base.rstrip("/").rsplit("/", 1)[-1]

    def exists(self) -> bool:
        """Say whether klaster keeps a graph there."""
        return bool(self.manifest().sources)

    def require(self) -> None:
        """Do nothing if klaster keeps a graph there.

        Raises
        ------
        Fault
            If not, with what the store holds in its place.
        """
        if self.exists():
            return
        if self.endpoint.name and self._others:
            known = ", ".join(map(_called, self._others))
            raise Fault(
                "fault.remote-name", address=self.place, found=self.endpoint.name, known=known
            )
        rows = RemoteStore(self.endpoint).select(_CLASSES)
        found = [f"{term.value} ({count.value})" for term, count in rows if term is not None]
        if found:
            raise Fault("fault.remote-foreign", address=self.place, found=", ".join(found))
        raise Fault("fault.no-graph", path=self.place)

    def manifest(self) -> Manifest:
        """Return what the named graphs of the sources say of themselves."""
        return self._manifest

    def reread(self) -> None:
        """Forget what was read, since it has changed."""
        for cached in ("_manifest", "_sizes"):
            self.__dict__.pop(cached, None)
        for folder in self._kept.values():
            shutil.rmtree(folder, ignore_errors=True)
        self._kept.clear()

    @cached_property
    def _manifest(self) -> Manifest:
        return self.read_manifest()

    def read_manifest(self) -> Manifest:
        """Ask the store anew what it holds.

        Raises
        ------
        Fault
            If it holds several graphs and the address does not say which.
        """
        found: dict[str, list[SourceEntry]] = defaultdict(list)
        for row in self._listed():
            graph, *told = row
            parts = _GRAPH.match(graph.value)
            if parts and parts["part"] == "source":
                entry = self._entry(unquote(parts["name"]), told)
                found[parts["base"]].append(entry)
        base = self._base(list(found))
        self._others = sorted(found.keys() - {base})
        entries = sorted(found.get(base, ()), key=lambda entry: entry.name)
        return Manifest(base=base, sources=tuple(entries))

    def _listed(self) -> RemoteRows:
        """Ask for the sources, where the address is one for writing at the one for queries."""
        try:
            return RemoteStore(self.endpoint).select(_SOURCES)
        except Refused:
            parts = urlsplit(self.endpoint.url)
            for end, other in _READ_AT:
                if not parts.path.endswith(end):
                    continue
                path = parts.path.removesuffix(end) + other
                endpoint = self.endpoint.at(urlunsplit(parts._replace(path=path)))
                try:
                    found = RemoteStore(endpoint).select(_SOURCES)
                except Refused:
                    continue
                self.endpoint = endpoint
                return found
            raise

    def _base(self, found: list[str]) -> str:
        called = self.endpoint.name
        if not called:
            if len(found) > 1:
                known = ", ".join(f"{self.place}#{_called(base)}" for base in sorted(found))
                raise Fault("fault.remote-several", address=self.place, found=known)
            return found[0] if found else _OWN_BASE.format("graph")
        named = [base for base in found if called in (base, _called(base))]
        return named[0] if named else _OWN_BASE.format(quote(called, safe=""))

    def _entry(self, name: str, told: list[Literal | None]) -> SourceEntry:
        sha256, at, loader, label, record = (term.value if term else "" for term in told)
        try:
            kept = json.loads(record or "{}")
            return SourceEntry(
                name=name,
                kind=str(kept.get("kind", "")),
                path=str(kept.get("path", label)),
                sha256=sha256,
                loader=loader,
                loaded_at=dt.datetime.fromisoformat(at).isoformat(timespec="seconds"),
                rows={str(table): int(count) for table, count in kept.get("rows", {}).items()},
                manner=str(kept.get("manner", "")),
            )
        except (ValueError, TypeError, AttributeError, RecursionError) as reason:
            values = {"address": self.place, "name": name, "found": record[:200]}
            raise Fault("fault.remote-record", **values) from reason

    def opened(self, manifest: Manifest) -> RemoteStore:
        """Return the store of a state, to be queried."""
        graphs = [graph_iri(manifest.base, "source", entry.name) for entry in manifest.sources]
        graphs += [graph_iri(manifest.base, part) for part in _PARTS]
        return RemoteStore(self.endpoint, graphs)

    def merges(self, manifest: Manifest) -> Mapping[str, str] | None:
        """Return which actors gave way to which, where the tables cannot tell any more."""
        if self._loaded_apart:
            return None
        asked = f"""SELECT ?old ?new WHERE {{
          GRAPH {NamedNode(graph_iri(manifest.base, "derived"))} {{ ?old kl:mergedInto ?new }} }}"""
        rows = RemoteStore(self.endpoint).select(asked)
        return {old.value: new.value for old, new in rows} or None

    @contextmanager
    def reading(self) -> Iterator[Path]:
        """Give a folder for what is read of long tables; it is gone when the block ends."""
        with TemporaryDirectory() as folder:
            yield Path(folder)

    def table_folders(self, manifest: Manifest) -> list[Path]:
        """Return where the tables of each source are kept here, filled from the store."""
        return [self.tables(manifest, entry.name) for entry in manifest.sources]

    def tables(self, manifest: Manifest, name: str) -> Path:
        """Return where the tables of one source are kept here."""
        if name not in self._kept:
            folder = self._scratch / quote(name, safe="")
            entry = manifest.source(name)
            if entry:
                write_columns(self._read(manifest.base, entry), folder)
            self._kept[name] = folder
        return self._kept[name]

    @cached_property
    def _scratch(self) -> Path:
        folder = mkdtemp(prefix="klaster-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    @cached_property
    def _sizes(self) -> dict[str, dict[str, int]]:
        """How many statements are said of the things of each class, by named graph."""
        asked = """SELECT ?graph ?class (COUNT(*) AS ?count) WHERE {
          GRAPH ?graph { ?thing a ?class ; ?p ?o } } GROUP BY ?graph ?class"""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for graph, kind, count in RemoteStore(self.endpoint).select(asked):
            found[graph.value][kind.value] = int(count.value)
        return found

    @property
    def _loaded_apart(self) -> bool:
        return any("/graph/loaded/" in graph for graph in self._sizes)

    def _read(self, base: str, entry: SourceEntry) -> SourceTables:
        """Fill the tables of a source from its statements, as they were before any merging."""
        apart = graph_iri(base, "loaded", entry.name)
        graph = apart if apart in self._sizes else graph_iri(base, "source", entry.name)
        store = RemoteStore(self.endpoint)
        parts = self._parts(store, graph)
        frames = {}
        for name, table in tables().items():
            said = self._said(store, graph, table)
            if said.is_empty():
                continue
            try:
                frame = frame_of(table, said, base=base, source=entry.name, parts=parts)
            except UnreadableCellError as wrong:
                values = {key: vars(wrong)[key] for key in ("table", "thing", "term", "found")}
                raise Fault("fault.remote-cell", address=self.place, **values) from wrong
            if not frame.is_empty():
                frames[name] = frame
        return SourceTables(entry.name, entry.kind, entry.path, entry.sha256, frames, entry.manner)

    def _said(self, store: RemoteStore, graph: str, table: Table) -> pl.DataFrame:
        sizes = self._sizes.get(graph, {})
        classes = [iri for iri in classes_in(table) if iri in sizes]
        if not classes:
            return pl.DataFrame(schema=STATEMENTS)
        named = " ".join(str(NamedNode(iri)) for iri in classes)
        pattern = f"VALUES ?class {{ {named} }} GRAPH {NamedNode(graph)} {{ ?s a ?class ; ?p ?o }}"
        return store.statements(pattern, sum(sizes[iri] for iri in classes))

    def _parts(self, store: RemoteStore, graph: str) -> pl.DataFrame:
        """Return who took part in which row of a cooperation, in which role."""
        schema = {"iri": pl.String, "participant": pl.String, "role": pl.String, "row": pl.UInt32}
        size = self._sizes.get(graph, {}).get(f"{KL}Participation", 0)
        if not size:
            return pl.DataFrame(schema=schema)
        pattern = f"GRAPH {NamedNode(graph)} {{ ?s a kl:Participation ; ?p ?o }}"
        said = store.statements(pattern, size).filter(pl.col("term") != f"{RDF}type")
        wide = {
            column: said.filter(pl.col("term") == KL + term).select("subject", "value").rows()
            for column, term in (
                ("participant", "participationActor"),
                ("role", "participationRole"),
            )
        }
        roles = dict(wide["role"])
        rows = []
        for part, actor in wide["participant"]:
            link, _, row = part.rpartition("/")
            role = unquote(roles[part].rpartition("/")[2]) if part in roles else None
            rows.append((link, actor, role, int(row) if row.isdigit() else None))
        return pl.DataFrame(rows, schema=schema, orient="row")

    @contextmanager
    def change(self) -> Iterator[RemoteStaging]:
        """Make a change: what is staged becomes the graph if the block ends without an error.

        Raises
        ------
        Fault
            If the store takes no changes, or someone else changed the graph meanwhile.
        """
        before = self.read_manifest()
        if before.sources != self.manifest().sources:
            raise Fault("fault.remote-changed", address=self.place)
        with TemporaryDirectory() as scratch:
            staging = RemoteStaging(Path(scratch), self.endpoint, before)
            staging.kept = lambda name: self.tables(before, name)
            try:
                yield staging
                if self.read_manifest().sources != before.sources:
                    raise Fault("fault.remote-changed", address=self.place)
                staging.commit()
            finally:
                staging.clear()
        self.reread()


def _called(base: str) -> str:
    return unquote(base.rstrip("/").rsplit("/", 1)[-1])
