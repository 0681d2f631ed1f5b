"""The graph that users hold: load sources, check, query, measure, find what is missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from klaster.graph.diagnosis import Diagnosis
from klaster.graph.store.folder import GraphFolder, SourceEntry
from klaster.ontology.faults import CellFault, Fault
from klaster.ontology.terms import graph_iri

if TYPE_CHECKING:
    import polars as pl
    import rdflib

    from klaster.graph.answer import Answer, Check, Count, Records
    from klaster.graph.network.network import Network
    from klaster.graph.store.columns import Columns, Difference
    from klaster.graph.store.embedded import EmbeddedStore
    from klaster.graph.views.picture import Picture
    from klaster.loaders.sources import Loaded, Manner


@dataclass(frozen=True)
class LoadReport:
    """What became of one source: its rows by table, or that it was unchanged.

    ``skipped`` are faults whose rows were left out because that was asked for, ``unread``
    sheets and columns that are no part of klaster's tables, ``guessed`` what was told of a
    text file's encoding, separator and decimal sign, ``mapping`` by which mapping it was read.
    Where the source replaces an earlier state of itself, ``changes`` counts, by table, the rows
    added, changed and gone.
    """

    name: str
    path: str
    unchanged: bool
    rows: Mapping[str, int]
    skipped: tuple[CellFault, ...] = ()
    unread: tuple[str, ...] = ()
    guessed: tuple[str, ...] = ()
    changes: Mapping[str, Difference] | None = None
    mapping: str = ""


class KnowledgeGraph(Diagnosis):
    """A graph in a folder ``NAME.klaster``.

    Parameters
    ----------
    path
        The folder. It is made by the first ``load``.
    """

    def __init__(self, path: str | Path) -> None:
        if str(path).startswith(("http://", "https://")):
            raise Fault("fault.remote", path=path)
        self.path = Path(path)
        self._folder = GraphFolder(self.path)
        self._manifest = self._folder.manifest()

    @property
    def base(self) -> str:
        """The IRI with which the IRIs of things in this graph begin."""
        return self._manifest.base

    @property
    def revision(self) -> str:
        """A name of the state of the graph, which changes with every load that changes it."""
        sources = sorted(f"{entry.name} {entry.sha256}" for entry in self._manifest.sources)
        import hashlib

        return hashlib.sha256("\n".join([*sources, _program()]).encode()).hexdigest()[:16]

    def sources(self) -> list[SourceEntry]:
        """Return what was loaded: from where, when, how many rows of each table."""
        return list(self._manifest.sources)

    def load(
        self,
        *paths: str | Path,
        name: str | None = None,
        registry: str = "",
        mapping: str | Path | None = None,
        skip_bad_rows: bool = False,
        loaded_at: dt.datetime | None = None,
        progress: Callable[[str], None] = lambda _: None,
    ) -> list[LoadReport]:
        """Load workbooks, files or folders of tables, all of them or none.

        A source that was loaded before under the same name is replaced; one whose bytes have
        not changed is left as it is.

        Parameters
        ----------
        name
            The name to keep a single source under; by default its file name.
        registry
            The registry or public data set that the sources are, where their tables do not tell.
        mapping
            A file of SQL that selects from the sources' tables into klaster's.
        skip_bad_rows
            Leave out rows with faults instead of refusing the source.
        progress
            Called with the key of each stage (``read``, ``store``, ``derive``, ``find``).

        Raises
        ------
        SourceError
            With every fault found in a source. The graph is then as it was.
        """
        from klaster.loaders.sources import Manner, read_source

        manner = Manner(registry, Path(mapping) if mapping else None)
        if name and len(paths) > 1:
            raise Fault("fault.two-names")
        progress("read")
        reports: list[LoadReport] = []
        loads: list[Loaded] = []
        for path in map(Path, paths):
            kept_name = self._source_name(path, name)
            entry = self._unchanged(path, kept_name, manner)
            if entry and not skip_bad_rows:
                reports.append(LoadReport(entry.name, entry.path, unchanged=True, rows=entry.rows))
                continue
            loaded = read_source(
                path,
                base=self.base,
                name=kept_name,
                skip_bad_rows=skip_bad_rows,
                manner=manner,
            )
            loads.append(loaded)
            rows = {table: frame.height for table, frame in loaded.tables.frames.items()}
            reports.append(
                LoadReport(
                    kept_name,
                    str(path),
                    unchanged=False,
                    rows=rows,
                    skipped=tuple(loaded.skipped),
                    unread=tuple(loaded.unread),
                    guessed=tuple(loaded.guessed),
                    changes=self._changes(loaded),
                    mapping=loaded.mapping,
                )
            )
        if loads:
            self._change(loads, loaded_at=loaded_at or dt.datetime.now(dt.UTC), progress=progress)
        return reports

    def drop(self, name: str) -> None:
        """Take a source out of the graph, with all that it stated and nothing else.

        Raises
        ------
        Fault
            If no source of this name was loaded, naming the nearest.
        """
        from klaster.graph.asking import nearest_of

        names = [entry.name for entry in self.sources()]
        if name not in names:
            raise Fault("fault.unknown-source", found=name, nearest=nearest_of(name, names))
        self._change((), loaded_at=dt.datetime.now(dt.UTC), dropped=name)

    def _change(
        self,
        loads: Sequence[Loaded],
        *,
        loaded_at: dt.datetime,
        dropped: str = "",
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        from klaster.graph.landing import land

        land(
            self._folder,
            [loaded.tables for loaded in loads],
            loaded_at=loaded_at,
            loader=_program(),
            dropped=dropped,
            progress=progress,
        )
        self._reread()

    def _source_name(self, path: Path, name: str | None) -> str:
        from klaster.loaders.sources import source_name

        if name:
            return source_name(Path(name))
        found = source_name(path)
        entry = self._manifest.source(found)
        if entry and Path(entry.path) != path.resolve():
            raise Fault("fault.same-name", name=found, path=entry.path)
        return found

    def _changes(self, loaded: Loaded) -> dict[str, Difference] | None:
        """Compare a source with the state of it that was loaded before, if there is one."""
        from klaster.graph.store.columns import differences

        name = loaded.tables.name
        if self._manifest.source(name) is None:
            return None
        return differences(self._folder.tables(self._manifest, name), loaded.tables)

    def _unchanged(self, path: Path, name: str, manner: Manner) -> SourceEntry | None:
        from klaster.loaders.sources import fingerprint, source_kind

        entry = self._manifest.source(name)
        if entry is None or entry.loader != _program():
            return None
        source_kind(path)
        return entry if fingerprint(path, manner) == entry.sha256 else None

    def _reread(self) -> None:
        self._manifest = self._folder.manifest()
        for cached in ("_columns", "_store"):
            self.__dict__.pop(cached, None)

    @cached_property
    def _columns(self) -> Columns:
        from klaster.graph.store.columns import Columns

        self._require()
        return Columns(self._folder.table_folders(self._manifest))

    @cached_property
    def _store(self) -> EmbeddedStore:
        from klaster.graph.store.embedded import EmbeddedStore

        self._require()
        return EmbeddedStore(self._folder.store(self._manifest))

    def _require(self) -> None:
        if not self._folder.exists():
            raise Fault("fault.no-graph", path=self.path)

    def query(self, sparql: str) -> Answer:
        """Run a SPARQL query over everything in the graph, with the usual prefixes given.

        ``d:`` stands for this graph's own things.
        """
        from klaster.graph.answer import answer

        return answer(self._store.query(sparql, prefixes={"d": self.base}))

    def to_rdflib(self) -> rdflib.Graph:
        """Return the graph as rdflib knows it, over the same store; it is read-only."""
        import rdflib
        from oxrdflib import OxigraphStore

        return rdflib.Dataset(store=OxigraphStore(store=self._store.oxigraph), default_union=True)

    def export(self, path: str | Path, *, rdf12: bool = False) -> None:
        """Write the graph for another program; the suffix of the file gives the format.

        ``xlsx``, or no suffix for a new folder of CSV files: the tables, ready to be mended and
        loaded again. ``ttl``, ``nt``, ``nq``, ``trig``, ``rdf`` or ``jsonld``: the facts, what
        is derived from them and the findings. With ``rdf12``, links also reify their direct
        edges, as RDF 1.2 has it.
        """
        from klaster.graph.store.exchange import write_rdf
        from klaster.graph.store.tabular import as_loaded, write_csv_folder, write_workbook

        path = Path(path)
        if path.suffix.lower() in ("", ".xlsx") and not rdf12:
            write = write_workbook if path.suffix else write_csv_folder
            write(as_loaded(self._columns), path)
            return

        graphs = [graph_iri(self.base, "source", entry.name) for entry in self.sources()]
        graphs += [graph_iri(self.base, part) for part in ("derived", "findings")]
        write_rdf(
            self._store.oxigraph,
            path,
            graphs=graphs,
            prefixes={"d": self.base},
            rdf12=rdf12,
        )

    def check(self, *, language: str = "en") -> Records[Check]:
        """Validate the graph against the shapes, each result with the row it came from."""
        from klaster.graph.answer import Check, Records
        from klaster.ontology.validation import validate

        graphs = [graph_iri(self.base, "source", entry.name) for entry in self.sources()]
        data = [*graphs, *(graph_iri(self.base, part) for part in ("derived", "ontology"))]
        results = validate("".join(self._store.dump(graph).decode() for graph in data))
        rows = self._rows()
        labels = self._columns.labels
        checks = (
            Check(
                severity=result.severity,
                source=source,
                row=row,
                subject=result.focus,
                label=labels.get(result.focus, ""),
                path=result.path,
                value=result.value,
                message=result.message,
            )
            for result in results
            for source, row in [rows.get(result.focus, ("", ""))]
        )
        return Records(checks, lambda found: {**vars(found), "message": found.message[language]})

    def _rows(self) -> dict[str, tuple[str, str]]:
        """Return the source and row that first describe each thing."""
        from klaster.ontology.tables import tables

        found: dict[str, tuple[str, str]] = {}
        for table in tables():
            frame = self._columns.table(table).select("iri", "origin", "locator")
            for iri, origin, locator in frame.rows():
                if locator is not None:
                    found.setdefault(iri, (origin, locator))
        return found

    def network(
        self,
        *,
        links: Sequence[str] | None = None,
        cluster: str | None = None,
        date: dt.date | None = None,
    ) -> Network:
        """Return the network of some kinds of link (all by default), of one cluster or of all."""
        from klaster.graph.network.projection import LINK_KINDS, project

        return project(
            self._columns,
            links=tuple(links or LINK_KINDS),
            cluster=self.cluster(cluster) if cluster else None,
            date=date,
        )

    def central(
        self,
        *,
        by: str = "degree",
        also: Sequence[str] = (),
        links: Sequence[str] | None = None,
        cluster: str | None = None,
        date: dt.date | None = None,
    ) -> Answer:
        """Return the actors, most central first: see ``klaster.graph.network.centrality``.

        The columns are ``actor, label, kind, rank, tied`` and one a measure.
        """
        from klaster.graph.answer import Answer
        from klaster.graph.network.centrality import ranking

        network = self.network(links=links, cluster=cluster, date=date)
        frame = ranking(network, by, also=tuple(also))
        return Answer(tuple(frame.columns), tuple(frame.rows()))

    def picture(self, *, language: str = "en") -> Picture:
        """Return what the page shows of this graph."""
        from klaster.graph.findings.facts import Facts
        from klaster.graph.network.centrality import COSTLY, EXACT_LIMIT, ranking
        from klaster.graph.views.drawing import Results, draw
        from klaster.ontology.tables import tables

        network = self.network()
        shown = [name for name in _SIZED_BY if network.size <= EXACT_LIMIT or name not in COSTLY]
        results = Results(
            tables={name: self.table(name) for name in tables()},
            network=network,
            rankings={name: ranking(network, name) for name in shown},
            findings=self.missing(),
            coverage=Facts(self._columns).overall_coverage,
        )
        name = self.path.name.removesuffix(".klaster")
        return draw(results, name=name, language=language, revision=self.revision)

    def info(self) -> list[Count]:
        """Return counts of what is in the graph, and what the data can and cannot answer."""
        from klaster.graph.counts import count

        return count(self._columns, self.sources(), self.network())

    def table(self, name: str) -> pl.DataFrame:
        """Return one of the graph's tables over all its sources."""
        return self._columns.table(name)

    def ask(self, slug: str, *, folder: Path | None = None, **values: str) -> Answer:
        """Answer a question of the library, with the values of its parameters.

        A parameter that is not given keeps its default where the graph knows it, and else
        stays open.

        Raises
        ------
        Fault
            If there is no such question, parameter or value, naming the nearest.
        """
        from klaster.graph.answer import answer
        from klaster.graph.asking import bind, find_question

        question = find_question(slug, folder)
        terms = bind(question, values, self._columns)
        return answer(self._store.query(question.sparql, prefixes={"d": self.base}, values=terms))

    def cluster(self, name: str) -> str:
        """Return the IRI of a cluster given by IRI, id or name in any language.

        Raises
        ------
        Fault
            If there is none, naming the nearest.
        """
        from klaster.graph.asking import find_thing

        return find_thing(self._columns, "clusters", name)


_SIZED_BY = (
    "degree",
    "in-degree",
    "out-degree",
    "pagerank",
    "betweenness",
    "harmonic-upstream",
    "harmonic-downstream",
    "core",
)


def _program() -> str:
    from klaster.loaders.sources import LOADER_VERSION

    return f"klaster {version('klaster')} loader {LOADER_VERSION}"
