"""What a graph answers in SPARQL, within limits; a part of ``KnowledgeGraph``."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from klaster.ontology.faults import Fault

if TYPE_CHECKING:
    from pyoxigraph import Literal, NamedNode
    from rdflib import Dataset

    from klaster.graph.answer import Solutions
    from klaster.graph.store.columns import Columns
    from klaster.graph.store.embedded import EmbeddedStore
    from klaster.graph.store.guard import Guard, Guarded, Limits
    from klaster.graph.store.remote import RemoteStore
    from klaster.ontology.sparql_terms import UnknownTerm

TSV: Final = "text/tab-separated-values"
N_TRIPLES: Final = "application/n-triples"


class Querying:
    """The questions put to a graph in SPARQL: each runs in a process of its own.

    That process is kept for the next query, and ends with the graph object or the program.
    """

    if TYPE_CHECKING:

        @property
        def base(self) -> str:
            """The IRI with which the IRIs of things in this graph begin."""

        @property
        def _columns(self) -> Columns: ...

        @property
        def _store(self) -> EmbeddedStore | RemoteStore: ...

        @property
        def _store_folder(self) -> Path | None: ...

    _guard_of: tuple[Path, Guard] | None = None

    def query(
        self, sparql: str, *, timeout: float | None = None, memory: int | None = None
    ) -> Solutions:
        """Run a SPARQL query over everything in the graph, with the usual prefixes given.

        ``d:`` stands for this graph's own things.

        Parameters
        ----------
        timeout
            Seconds after which the query is ended.
        memory
            Bytes that the process that runs it may take.

        Raises
        ------
        Fault
            If the query cannot be read, telling where and what may have been meant, or if a limit
            is passed.
        """
        return self._solutions(sparql, {}, timeout, memory)

    def ask(
        self,
        slug: str,
        *,
        folder: Path | None = None,
        timeout: float | None = None,
        memory: int | None = None,
        **values: str,
    ) -> Solutions:
        """Answer a question of the library, with the values of its parameters.

        A parameter that is not given keeps its default where the graph knows it, and else
        stays open.

        Raises
        ------
        Fault
            If there is no such question, parameter or value, naming the nearest.
        """
        sparql, terms = self.question(slug, folder=folder, **values)
        return self._solutions(sparql, terms, timeout, memory)

    def question(
        self, slug: str, *, folder: Path | None = None, **values: str
    ) -> tuple[str, dict[str, NamedNode | Literal]]:
        """Return the query of a question, and the terms of its parameters in this graph."""
        from klaster.graph.asking import bind, find_question

        question = find_question(slug, folder)
        return question.sparql, bind(question, values, self._columns)

    def _solutions(
        self,
        sparql: str,
        values: Mapping[str, NamedNode | Literal],
        timeout: float | None,
        memory: int | None,
    ) -> Solutions:
        from klaster.graph.answer import Solutions
        from klaster.graph.solutions import batches, together
        from klaster.graph.store.guard import Limits

        limits = Limits(seconds=timeout, memory=memory)
        answer = self.stream(sparql, values=values, limits=limits)
        return Solutions(together([batch.frame() for batch in batches(answer, answer.form)]))

    def stream(
        self,
        sparql: str,
        *,
        media_type: str = TSV,
        graph_type: str = N_TRIPLES,
        values: Mapping[str, NamedNode | Literal] | None = None,
        limits: Limits | None = None,
    ) -> Guarded:
        """Return the answer to a query as the bytes of a file, piece by piece.

        Parameters
        ----------
        media_type, graph_type
            The formats for solutions (SELECT, ASK) and for graphs (CONSTRUCT, DESCRIBE).
        values
            Terms to be put in for variables that the query selects.
        """
        from klaster.graph.store.guard import Limits
        from klaster.ontology.sparql_terms import told_better
        from klaster.ontology.terms import PREFIXES

        try:
            return self._asked().ask(
                sparql,
                media_type=media_type,
                graph_type=graph_type,
                prefixes={"d": self.base},
                values=values or {},
                limits=limits or Limits(),
            )
        except Fault as fault:
            raise told_better(fault, sparql, {**PREFIXES, "d": self.base}) from fault

    def unknown_terms(self, sparql: str) -> list[UnknownTerm]:
        """Return the terms of klaster's ontology that a query names and nothing knows.

        A term that no list holds, yet some statement of the graph, is known.
        """
        from klaster.ontology.sparql_terms import unknown_terms
        from klaster.ontology.terms import PREFIXES

        found = unknown_terms(sparql, {**PREFIXES, "d": self.base})
        return [term for term in found if not self._store.mentions(term.iri)]

    def labels(self, iris: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return the labels of things, codes and terms by language ("" where none is stated)."""
        from klaster.ontology.terms import RDFS

        return {iri: self._store.texts(iri, f"{RDFS}label") for iri in iris}

    def rdflib(self) -> Dataset:
        """Return the graph as rdflib knows it, over the same store; it is read-only.

        Each source has its named graph, and a query sees their union.
        """
        import rdflib
        from oxrdflib import OxigraphStore

        return rdflib.Dataset(store=OxigraphStore(store=self._store.oxigraph), default_union=True)

    def _asked(self) -> Guard | RemoteStore:
        """Return what runs queries on the present state: a store elsewhere does so itself."""
        from klaster.graph.store.guard import Guard

        folder = self._store_folder
        if folder is None:
            from klaster.graph.store.remote import RemoteStore

            assert isinstance(self._store, RemoteStore)  # noqa: S101
            return self._store
        if self._guard_of and self._guard_of[0] != folder:
            self._end_guard()
        if not self._guard_of:
            guard = Guard(folder)
            self._guard_of = (folder, guard)
            weakref.finalize(self, guard.close)
        return self._guard_of[1]

    def _end_guard(self) -> None:
        if self._guard_of:
            self._guard_of[1].close()
            self._guard_of = None
