"""The embedded Oxigraph store of a graph's state."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TypedDict, cast

from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    Literal,
    NamedNode,
    Quad,
    QueryBoolean,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
    Variable,
    serialize,
)

from klaster.graph.store.begun import Begun, ChangedTextError
from klaster.graph.store.bulk import Statements
from klaster.ontology.faults import Fault
from klaster.ontology.sparql import chooses_dataset, services_allowed
from klaster.ontology.terms import PREFIXES

Answer = QueryBoolean | QuerySolutions | QueryTriples


class _Dataset(TypedDict, total=False):
    default_graph: list[NamedNode | BlankNode | DefaultGraph]
    named_graphs: list[NamedNode | BlankNode]
    use_default_graph_as_union: bool


class EmbeddedStore:
    """A state that is read: queries see the union of its named graphs."""

    def __init__(self, path: Path) -> None:
        self._store = Store.read_only(str(path))

    def query(
        self,
        sparql: str,
        *,
        prefixes: Mapping[str, str] | None = None,
        values: Mapping[str, NamedNode | Literal] | None = None,
        default_graphs: Sequence[str] | None = None,
        named_graphs: Sequence[str] | None = None,
        hosts: Collection[str] = (),
    ) -> Answer:
        """Run a SPARQL 1.1 query with the prefixes given.

        ``values`` are put in for variables by name, as terms and never as text.

        Parameters
        ----------
        default_graphs, named_graphs
            The graphs that are asked (those named are for ``GRAPH``), in place of those that the
            query names; if both are None and the query names none, the union of all is asked.
        hosts
            The machines to which the query may send a part of itself by ``SERVICE``.

        Raises
        ------
        Fault
            If the query cannot be parsed, or would send something to another machine.
        """
        if not services_allowed(sparql, hosts):
            raise Fault("fault.service")
        given = default_graphs is not None or named_graphs is not None
        dataset: _Dataset = (
            {
                "default_graph": [NamedNode(graph) for graph in default_graphs or ()],
                "named_graphs": [NamedNode(graph) for graph in named_graphs or ()],
            }
            if given
            else {"use_default_graph_as_union": not chooses_dataset(sparql)}
        )
        try:
            return self._store.query(
                sparql,
                prefixes=dict(PREFIXES) | dict(prefixes or {}),
                substitutions={Variable(name): term for name, term in (values or {}).items()},
                **dataset,
            )
        except UnicodeEncodeError as reason:
            raise Fault("fault.sparql-other", reason=reason.reason) from reason
        except SyntaxError as reason:
            raise unreadable_query(sparql, str(reason)) from reason
        except RuntimeError as reason:
            lacking = re.search(r"variable (\?\w+) in its SELECT projection", str(reason))
            if not lacking:
                raise Fault("fault.sparql-other", reason=reason) from reason
            raise Fault("fault.unprojected", reason=lacking[1]) from reason

    def mentions(self, iri: str) -> bool:
        """Say whether some statement is about a thing, or has it as what it says."""
        term = NamedNode(iri)
        found = (
            self._store.quads_for_pattern(*pattern)
            for pattern in ((term, None, None), (None, term, None), (None, None, term))
        )
        return any(next(quads, None) is not None for quads in found)

    def texts(self, iri: str, predicate: str) -> dict[str, str]:
        """Return what is stated of a thing in words, by language ("" where none is given)."""
        try:
            quads = self._store.quads_for_pattern(NamedNode(iri), NamedNode(predicate), None)
        except ValueError:
            return {}  # A query can make up what is no IRI.
        texts = (quad.object for quad in quads if isinstance(quad.object, Literal))
        return {text.language or "": text.value for text in texts}

    @property
    def oxigraph(self) -> Store:
        """The store itself, for other libraries; it is read-only."""
        return self._store

    def dump(self, graph: str, predicates: Iterable[str] | None = None) -> bytes:
        """Return one named graph as N-Triples, or what is stated in it by some predicates."""
        name = NamedNode(graph)
        if predicates is None:
            return self._store.dump(format=RdfFormat.N_TRIPLES, from_graph=name) or b""
        triples = (
            quad.triple
            for predicate in predicates
            for quad in self._store.quads_for_pattern(None, NamedNode(predicate), None, name)
        )
        return serialize(triples, format=RdfFormat.N_TRIPLES) or b""


def unreadable_query(sparql: str, reason: str) -> Fault:
    """Return a message that shows where a query stops making sense."""
    place = re.search(r"error at (\d+):(\d+)", reason)
    if not place:
        return Fault("fault.sparql-other", reason=reason)
    line, column = int(place[1]), int(place[2])
    lines = sparql.splitlines() or [""]
    text = lines[min(line, len(lines)) - 1].replace("\t", " ")
    shown = f"  {text}\n  {' ' * (column - 1)}^"
    return Fault("fault.sparql", line=line, column=column, shown=shown)


class StagedStore:
    """A state in the making: a copy of the one before, in which named graphs are replaced.

    Parameters
    ----------
    path
        Where it is made; a killed load may have filled it with what ``begun`` tells.
    before
        The state before, if any is copied.
    begun
        Where it is noted how far it is filled, if it begins with nothing.
    """

    def __init__(self, path: Path, before: Path | None, begun: Begun | None = None) -> None:
        if before is not None and before.exists():
            # A checkpoint: the files are shared with the old state and never changed in place.
            Store.read_only(str(before)).backup(str(path))
        self._store = Store(str(path))
        self._scratch = path.parent
        self._begun = begun

    @contextmanager
    def replacing(
        self, graphs: Iterable[str], *, share: Callable[[float], None] = lambda _: None
    ) -> Iterator[IO[bytes]]:
        """Remove named graphs, and return a stream for the N-Quads in their place.

        What is written is loaded as it comes, and all of it is there when the block ends; until
        then ``share`` is told how much of what was left at its end is.

        Raises
        ------
        ChangedTextError
            If a killed load had filled the store with something else. It is closed then.
        """
        if not self._begun:
            for graph in graphs:
                self._store.remove_graph(NamedNode(graph))
        with TemporaryDirectory(dir=self._scratch) as folder:
            statements = Statements(Path(folder), self._load, self._begun)
            try:
                yield cast("IO[bytes]", statements)
                statements.finish(share)
            except ChangedTextError:
                del self._store
                raise
            finally:
                statements.give_up()
        if self._begun and self._begun.marks:
            # Waits until files are merged, which a load that is killed meanwhile goes on with.
            self._store.flush()
            self._begun.close()

    def _load(self, quads: Path) -> None:
        self._store.bulk_load(path=str(quads), format=RdfFormat.N_QUADS)

    def remove(self, triples: Iterable[tuple[str, str, str]], graph: str) -> None:
        """Take single statements, each of three IRIs, out of a graph: the default one if unnamed."""
        name = NamedNode(graph) if graph else DefaultGraph()
        for subject, term, value in triples:
            self._store.remove(Quad(NamedNode(subject), NamedNode(term), NamedNode(value), name))

    def load_ontology(self, graph: str) -> None:
        """Load the terms of the ontology into a named graph."""
        text = files("klaster.ontology").joinpath("klaster.ttl").read_bytes()
        self._store.bulk_load(text, format=RdfFormat.TURTLE, to_graph=NamedNode(graph))

    def close(self) -> None:
        """Write everything to disk; the store must not be used afterwards."""
        self._store.flush()
        del self._store
