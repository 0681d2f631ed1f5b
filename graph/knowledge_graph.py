"""The graph that users hold: load sources, check, query, measure, find what is missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from klaster.graph.diagnosis import Diagnosis
from klaster.graph.exporting import Exporting
from klaster.graph.querying import Querying
from klaster.graph.standing import Standing
from klaster.graph.store.folder import GraphFolder, SourceEntry
from klaster.ontology.faults import Fault
from klaster.ontology.protocol import is_endpoint
from klaster.ontology.terms import graph_iri

if TYPE_CHECKING:
    import polars as pl

    from klaster.graph.answer import Answer, Check, Count, Records
    from klaster.graph.loading import LoadReport
    from klaster.graph.matching.proposals import Proposals
    from klaster.graph.network.network import Network
    from klaster.graph.store.columns import Columns
    from klaster.graph.store.embedded import EmbeddedStore
    from klaster.graph.store.remote import RemoteStore
    from klaster.graph.store.remote_folder import RemoteFolder
    from klaster.graph.views.picture import Picture

CHECKED_UP_TO: Final = 300_000
"""Rows up to which a graph is validated against the shapes: some 4 GB of memory."""


class KnowledgeGraph(Diagnosis, Exporting, Querying, Standing):
    """A graph in a folder ``NAME.klaster``, or in a store that a SPARQL endpoint gives access to.

    Parameters
    ----------
    path
        The folder, or the address of the endpoint. A graph is made by the first ``load``.
    """

    def __init__(self, path: str | Path) -> None:
        self._folder: GraphFolder | RemoteFolder
        if is_endpoint(path):
            from klaster.graph.store.remote_folder import RemoteFolder

            self._folder = RemoteFolder(str(path))
        else:
            self._folder = GraphFolder(Path(path))
        self._manifest = self._folder.manifest()

    @property
    def path(self) -> Path:
        """The folder, or the address, as it may be shown."""
        return Path(self._folder.place)

    @property
    def place(self) -> str:
        """The folder or the address, as it may be shown."""
        return self._folder.place

    @property
    def base(self) -> str:
        """The IRI with which the IRIs of things in this graph begin."""
        return self._manifest.base

    @property
    def revision(self) -> str:
        """A name of the state of the graph, which changes with every load that changes it."""
        import hashlib
        from importlib.metadata import version

        sources = sorted(
            f"{entry.name} {entry.sha256} {entry.loader}" for entry in self._manifest.sources
        )
        told = "\n".join([*sources, version("klaster")])
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def sources(self) -> list[SourceEntry]:
        """Return what was loaded: from where, when, how many rows of each table."""
        return list(self._manifest.sources)

    def load(
        self,
        *paths: str | Path,
        name: str | None = None,
        registry: str = "",
        mapping: str | Path | None = None,
        queries: Mapping[str, str] | None = None,
        skip_bad_rows: bool = False,
        loaded_at: dt.datetime | None = None,
        progress: Callable[[str], None] = lambda _: None,
        share: Callable[[float], None] = lambda _: None,
    ) -> list[LoadReport]:
        """Load sources, all of them or none.

        A source is a workbook, a file or folder of tables, an RDF or network file, or the
        address of a database or SPARQL endpoint; see docs/sources.md.

        A source that was loaded before under the same name is replaced; one whose bytes have
        not changed is left as it is.

        Parameters
        ----------
        name
            The name to keep a single source under; by default its file name.
        registry
            The registry or public data set that the sources are, where their tables do not
            tell; for network files what their edges are (``supply``, ``cooperation`` or
            ``ownership``).
        mapping
            A file of SQL that selects from the sources' tables into klaster's, of CONSTRUCT
            queries for RDF, or of RML rules.
        queries
            The SELECTs with which a database is asked, by the tables that they yield.
        skip_bad_rows
            Leave out rows with faults instead of refusing the source.
        progress
            Called with the key of each stage (``read``, ``write``, ``derive``, ``find``, ``store``).
        share
            Called with how much of the stage is done, from 0 to 1, as far as it can be told.

        Raises
        ------
        SourceError
            With every fault found in a source. The graph is then as it was.
        """
        from klaster.graph.loading import load
        from klaster.loaders.reading import Manner

        reports = load(
            self._folder,
            paths,
            Manner(registry, Path(mapping) if mapping else None, queries or {}),
            name=name,
            skip_bad_rows=skip_bad_rows,
            loaded_at=loaded_at or dt.datetime.now(dt.UTC),
            progress=progress,
            share=share,
        )
        self._reread()
        return reports

    def drop(self, name: str) -> None:
        """Take a source out of the graph, with all that it stated and nothing else.

        Raises
        ------
        Fault
            If no source of this name was loaded, naming the nearest.
        """
        from klaster.graph.asking import nearest_of
        from klaster.graph.landing import land
        from klaster.graph.loading import program

        names = [entry.name for entry in self.sources()]
        if name not in names:
            raise Fault("fault.unknown-source", found=name, nearest=nearest_of(name, names))
        land(
            self._folder,
            (),
            loaded_at=dt.datetime.now(dt.UTC),
            loader=program(),
            dropped=name,
            progress=lambda _: None,
        )
        self._reread()

    def _reread(self) -> None:
        self._folder.reread()
        self._manifest = self._folder.manifest()
        for cached in ("_columns", "_store"):
            self.__dict__.pop(cached, None)
        self._end_guard()

    @cached_property
    def _columns(self) -> Columns:
        from klaster.graph.store.columns import Columns

        self.require()
        known = self._folder.merges(self._manifest)
        return Columns(self._folder.table_folders(self._manifest), known=known)

    @cached_property
    def _store(self) -> EmbeddedStore | RemoteStore:
        self.require()
        return self._folder.opened(self._manifest)

    @property
    def _store_folder(self) -> Path | None:
        """Where the store lies, if it lies in a folder."""
        self.require()
        if not isinstance(self._folder, GraphFolder):
            return None
        return self._folder.store(self._manifest)

    def require(self) -> None:
        """Do nothing if there is a graph.

        Raises
        ------
        Fault
            If there is none, with what would do.
        """
        self._folder.require()

    def check(self, *, language: str = "en") -> Records[Check]:
        """Validate the graph against the shapes, each result with the row it came from.

        The rows of ``long_tables`` were checked as they were loaded and are not looked at again.

        Raises
        ------
        Fault
            If there are more than ``CHECKED_UP_TO`` rows beside those: the validator takes more
            than 13 KB of memory for each.
        """
        from klaster.graph.answer import Check, Records
        from klaster.ontology.validation import shape_predicates, validate

        stated = sum(sum(entry.rows.values()) for entry in self.sources())
        if (left := stated - sum(self.long_tables().values())) > CHECKED_UP_TO:
            raise Fault("fault.check-large", rows=left, most=CHECKED_UP_TO)
        graphs = [graph_iri(self.base, "source", entry.name) for entry in self.sources()]
        data = [*graphs, *(graph_iri(self.base, part) for part in ("derived", "ontology"))]
        asked = sorted(shape_predicates())
        results = validate("".join(self._store.dump(graph, asked).decode() for graph in data))
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
        region: str | None = None,
        sector: str | None = None,
        kind: str | None = None,
        records: bool = True,
    ) -> Network:
        """Return the network of some kinds of link (all by default), of some actors or of all.

        A cluster is given by IRI, id or name; a region, a sector (of the clusters to which an
        actor belongs) and a kind of actor by code or label in any language. Without
        ``records``, the links of a large network may come without the IRIs of their records, ten
        times as fast.
        """
        slices = {"region": region, "sector": sector, "kind": kind}
        return self.projected(
            self._columns, links=links, cluster=cluster, date=date, records=records, **slices
        )

    def projected(
        self,
        columns: Columns,
        *,
        links: Sequence[str] | None = None,
        cluster: str | None = None,
        date: dt.date | None = None,
        region: str | None = None,
        sector: str | None = None,
        kind: str | None = None,
        records: bool = True,
    ) -> Network:
        """Return the network of these tables, which may be other than the graph's: see ``network``."""
        from klaster.graph.asking import find_code
        from klaster.graph.network.projection import LINK_KINDS, project
        from klaster.graph.network.slices import Among

        among = Among(
            region=find_code("region", region) if region else None,
            sector=find_code("sector", sector) if sector else None,
            kind=find_code("actor-kind", kind) if kind else None,
        )
        return project(
            columns,
            links=tuple(links or LINK_KINDS),
            cluster=self.cluster(cluster) if cluster else None,
            date=date,
            among=among,
            records=records,
        )

    def central(
        self,
        *,
        by: str = "degree",
        also: Sequence[str] = (),
        since: dt.date | None = None,
        sure: bool = True,
        **slices: Any,  # noqa: ANN401
    ) -> Answer:
        """Return the actors, most central first: see ``klaster.graph.network.centrality``.

        The columns are ``actor, label, kind, rank, tied``, one a measure and ``percentile``.
        ``slices`` are those of ``network``: ``links``, ``cluster``, ``date`` and so on.

        Parameters
        ----------
        since
            Compare with this earlier day: what changed most comes first, and the columns are
            ``actor, label, kind, rank``, the measure, ``rank_then``, ``then`` and
            ``difference``.
        sure
            Whether the ranks are taken as they are. If not, ``rank_low`` and ``rank_high`` tell
            between which ranks an actor stands if a tenth of the links are not recorded.
        """
        from klaster.graph.answer import Answer
        from klaster.graph.network.centrality import ranking
        from klaster.graph.network.change import ranks_changed
        from klaster.graph.network.uncertainty import rank_intervals

        network = self.network(**slices)
        if since:
            then = self.network(**{**slices, "date": since})
            frame = ranks_changed(then, network, by)
        else:
            frame = ranking(network, by, also=tuple(also))
            if not sure:
                frame = rank_intervals(network, by).beside(frame, network)
        return Answer(tuple(frame.columns), tuple(frame.rows()))

    def coverage(self, *, cluster: str | None = None, network: Network | None = None) -> str:
        """Return the code of how complete the data are said to be, on a cluster or a network.

        On a network it is the least complete of those of the clusters of its actors.
        """
        from klaster.graph.findings.facts import Facts

        facts = Facts(self._columns)
        if cluster:
            return facts.coverage(self.cluster(cluster))
        if network is None:
            return facts.overall_coverage
        from klaster.graph.central import coverage_of

        return coverage_of(facts, network.actors["actor"])

    def match(
        self, *, threshold: float | None = None, top: int | None = None, language: str = "en"
    ) -> Proposals:
        """Return the pairs of actors that may be the same organisation, best first.

        A pair has a score from 0 to 1, which is at least ``threshold`` (by default 0.75), and
        reasons. ``write_review`` of ``klaster.graph.matching.review`` writes the pairs as a table
        ``matches``; with what reviewers decide it is loaded like any source.
        """
        from klaster.graph.matching.proposals import THRESHOLD, propose

        least = THRESHOLD if threshold is None else threshold
        return propose(self._columns, threshold=least, top=top, language=language)

    def picture(
        self,
        *,
        language: str = "en",
        cluster: str | None = None,
        suggestions: bool | None = None,
    ) -> Picture:
        """Return what the page shows of this graph.

        Parameters
        ----------
        cluster
            Only this cluster (IRI, id or name) and its members.
        suggestions
            Whether likely links are looked for, after an audit; by default in networks of up to
            400 actors of a graph with up to 20,000 links, where it takes no time.
        """
        from klaster.graph.picturing import picture_of

        return picture_of(
            self,
            self._columns,
            name=self._folder.name,
            language=language,
            cluster=cluster,
            suggestions=suggestions,
        )

    def info(self) -> list[Count]:
        """Return counts of what is in the graph, and what the data can and cannot answer."""
        from klaster.graph.counts import count

        return count(self._columns, self.sources(), self.network(records=False))

    def table(self, name: str) -> pl.DataFrame:
        """Return one of the graph's tables over all its sources."""
        return self._columns.table(name)

    def cluster(self, name: str) -> str:
        """Return the IRI of a cluster given by IRI, id or name in any language.

        Raises
        ------
        Fault
            If there is none, naming the nearest.
        """
        from klaster.graph.asking import find_thing

        return find_thing(self._columns, "clusters", name)
