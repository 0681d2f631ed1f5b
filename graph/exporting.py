"""A graph for other programs; a part of ``KnowledgeGraph``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from klaster.ontology.faults import Fault
from klaster.ontology.terms import graph_iri

if TYPE_CHECKING:
    from klaster.graph.store.columns import Columns
    from klaster.graph.store.embedded import EmbeddedStore
    from klaster.graph.store.folder import GraphFolder, Manifest, SourceEntry
    from klaster.graph.store.remote import RemoteStore
    from klaster.graph.store.remote_folder import RemoteFolder


class Exporting:
    """Writing a graph as its tables, as RDF, as a network, or for Spark."""

    if TYPE_CHECKING:

        @property
        def path(self) -> Path:
            """Where the graph is."""

        @property
        def base(self) -> str:
            """The IRI with which the IRIs of things in this graph begin."""

        @property
        def revision(self) -> str:
            """What tells this state of the graph from others."""

        @property
        def _columns(self) -> Columns: ...

        _folder: GraphFolder | RemoteFolder
        _manifest: Manifest

        @property
        def _store(self) -> EmbeddedStore | RemoteStore: ...

        def sources(self) -> Sequence[SourceEntry]:
            """Return what was loaded."""

    def export(
        self,
        path: str | Path,
        *,
        rdf12: bool = False,
        ontology: bool = False,
        spark: bool = False,
    ) -> None:
        """Write the graph for another program; the suffix of the file gives the format.

        ``xlsx``, or a new folder of ``parquet`` or ``csv`` files (so without a suffix, too): the
        tables, ready to be mended and loaded again. ``ttl``, ``nt``, ``nq``,
        ``trig``, ``rdf`` or ``jsonld``: the facts, what is derived from them and the findings.
        ``graphml`` or ``gexf``: the actors and the links between them that measures count. See
        docs/export.md.

        Parameters
        ----------
        rdf12
            Of RDF: links also reify their direct edges, as RDF 1.2 has it.
        ontology
            Of RDF: the terms and code lists come too, as a store needs them that is to answer
            every question.
        spark
            A new folder of partitioned Parquet: actors and products numbered, links between the
            numbers, and a manifest of the columns; see docs/scale.md.

        Raises
        ------
        Fault
            If the suffix names no format or one that the options do not go with, if a folder of
            that name is there already, or if nothing can be written there.
        """
        from klaster.graph.store.exchange import FORMATS, LINES, write_rdf
        from klaster.graph.store.network_file import FORMATS as NETWORKS
        from klaster.graph.store.network_file import write_network_file

        path = Path(path)
        suffix = path.suffix.lower()
        if spark:
            if rdf12 or ontology:
                raise Fault("fault.export-options")
            self._export_partitioned(path)
        elif suffix in LINES and not rdf12 and (large := self._large()):
            self._export_lines(path, *large, ontology=ontology)
        elif suffix in FORMATS:
            write_rdf(
                self._store.oxigraph,
                path,
                graphs=[*self._graphs(ontology=ontology)],
                prefixes={"d": self.base},
                rdf12=rdf12,
            )
        elif rdf12 or ontology:
            raise Fault("fault.suffix", path=path, known=", ".join(FORMATS))
        elif suffix in NETWORKS:
            title = self.path.name.removesuffix(".klaster")
            write_network_file(self._fresh_columns(), path, title=title)
        else:
            self._export_tables(path, suffix, known=[*FORMATS, *NETWORKS])

    def _large(self) -> tuple[GraphFolder, Path] | None:
        """Return the folder of a large graph and where it keeps what is derived, else nothing."""
        from klaster.graph.store.folder import GraphFolder

        if not isinstance(self._folder, GraphFolder):
            return None
        derived = self._folder.derived(self._manifest)
        return (self._folder, derived) if derived else None

    def _export_lines(
        self, path: Path, folder: GraphFolder, derived: Path, *, ontology: bool
    ) -> None:
        from klaster.graph.stating import write_large
        from klaster.graph.store.exchange import write_rdf_lines

        parts = ("findings", *(["ontology"] if ontology else []))
        write_rdf_lines(
            self._store.oxigraph,
            path,
            graphs=[graph_iri(self.base, part) for part in parts],
            write=lambda stream: write_large(
                stream, folder, self._manifest, self._columns, derived
            ),
        )

    def _graphs(self, *, ontology: bool) -> Sequence[str]:
        parts = ("derived", "findings", *(["ontology"] if ontology else []))
        return [
            *(graph_iri(self.base, "source", entry.name) for entry in self.sources()),
            *(graph_iri(self.base, part) for part in parts),
        ]

    def _export_tables(self, path: Path, suffix: str, *, known: Sequence[str]) -> None:
        from klaster.graph.store.columns import Columns
        from klaster.graph.store.tabular import TABULAR

        if suffix not in TABULAR:
            told = ", ".join([*filter(None, TABULAR), *known])
            raise Fault("fault.suffix", path=path, known=told)
        TABULAR[suffix](Columns(self._columns.folders, merged=False), path)

    def _export_partitioned(self, folder: Path) -> None:
        from klaster.graph.store.partitioned import write_partitioned

        about = {"graph": self.base, "revision": self.revision}
        write_partitioned(self._fresh_columns(), folder, about=about)

    def _fresh_columns(self) -> Columns:
        """Return the tables anew: what is read of them for one purpose alone is not kept."""
        from klaster.graph.store.columns import Columns

        return Columns(self._columns.folders, known=self._columns.merges)
