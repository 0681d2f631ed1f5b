"""A store on another machine, asked by the SPARQL 1.1 protocol as the embedded one is."""

from __future__ import annotations

import re
import time
import weakref
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from tempfile import SpooledTemporaryFile
from typing import IO, Final, TypeVar
from urllib.parse import urlencode

import polars as pl
from pyoxigraph import (
    Literal,
    NamedNode,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolution,
    QuerySolutions,
    RdfFormat,
    Store,
    Triple,
    Variable,
    parse,
    parse_query_results,
    serialize,
)

from klaster.graph.store.embedded import unreadable_query
from klaster.graph.store.guard import Guarded, Limits
from klaster.graph.store.stated import STATEMENTS, statements_of
from klaster.graph.store.values import with_values
from klaster.ontology.faults import Fault
from klaster.ontology.protocol import Endpoint, Received
from klaster.ontology.sparql import calls_service
from klaster.ontology.terms import PREFIXES

_RESULTS: Final = {
    "application/sparql-results+json": QueryResultsFormat.JSON,
    "application/json": QueryResultsFormat.JSON,
    "application/sparql-results+xml": QueryResultsFormat.XML,
}
_TRIPLES: Final = {
    "application/n-triples": RdfFormat.N_TRIPLES,
    "text/turtle": RdfFormat.TURTLE,
    "text/plain": RdfFormat.N_TRIPLES,
}
_LINES: Final = frozenset({"application/n-triples", "text/plain"})
_NESTED: Final = 100
_BATCH: Final = 1 << 24
_PIECE: Final = 1 << 16


class RemoteRows:
    """The rows of a SELECT as they come, to be read once, with its variables."""

    def __init__(self, solutions: QuerySolutions, endpoint: Endpoint) -> None:
        self._variables = solutions.variables
        self._endpoint = endpoint
        self._left: list[QuerySolutions] = [solutions]

    @property
    def variables(self) -> list[Variable]:
        """The variables, in order."""
        return self._variables

    def taken(self) -> QuerySolutions:
        """Return the rows, to be read by another."""
        return self._left.pop()

    def __iter__(self) -> Iterator[QuerySolution]:
        """Yield each row.

        Raises
        ------
        Fault
            If what comes is not what it should be, or breaks off.
        """
        # The parser must not outlive its thread in the traceback of an error.
        while self._left:
            try:
                yield from self._left.pop()
            except (SyntaxError, ValueError) as reason:
                raise self._endpoint.other(str(reason)[:200]) from reason


class Streamed(Iterator[bytes]):
    """The pieces of an answer, as long as it may take."""

    def __init__(
        self, file: Received | IO[bytes], until: float | None, seconds: float | None
    ) -> None:
        self._file, self._until, self._seconds = file, until, seconds
        weakref.finalize(self, file.close)

    def __next__(self) -> bytes:
        """Return the next piece.

        Raises
        ------
        Fault
            If the answer takes longer than it may.
        """
        if self._until and time.monotonic() > self._until:
            raise Fault("fault.timeout", seconds=f"{self._seconds:g}")
        piece = self._file.read(_PIECE)
        if not piece:
            raise StopIteration
        return piece

    def close(self) -> None:
        """Read no further."""
        self._file.close()


Answer = QueryBoolean | RemoteRows | Iterator[Triple]


@dataclass
class RemoteStore:
    """A state that is read: queries see the union of the graph's named graphs.

    Parameters
    ----------
    graphs
        The named graphs of the graph; queries see no others that the store may hold.
    """

    endpoint: Endpoint
    graphs: Sequence[str] = ()

    def query(
        self,
        sparql: str,
        *,
        prefixes: Mapping[str, str] | None = None,
        values: Mapping[str, NamedNode | Literal] | None = None,
    ) -> Answer:
        """Run a SPARQL 1.1 query with the prefixes given; rows are read as they come.

        ``values`` are put in for variables by name, as terms and never as text.

        Raises
        ------
        Fault
            If the query cannot be parsed, would have the store ask another machine, or the store
            does not answer.
        """
        asked = self._prepared(sparql, prefixes, values)
        if _form(sparql) not in _FORMS:
            return self._triples(asked, self._dataset())
        return self._results(asked, self._dataset())

    def ask(
        self,
        sparql: str,
        *,
        media_type: str = "application/sparql-results+json",
        graph_type: str = "application/n-triples",
        prefixes: Mapping[str, str] | None = None,
        values: Mapping[str, NamedNode | Literal] | None = None,
        limits: Limits | None = None,
    ) -> Guarded:
        """Run a query and hand on its answer as it comes, in a format that the store writes.

        Parameters
        ----------
        media_type, graph_type
            The formats of the answer to a SELECT or ASK, and to a CONSTRUCT or DESCRIBE.
        limits
            Of time; the store sees to its memory itself.

        Raises
        ------
        Fault
            As ``query`` does.
        """
        seconds = limits.seconds if limits else None
        until = time.monotonic() + seconds if seconds else None
        asked = self._prepared(sparql, prefixes, values)
        form = _FORMS.get(_form(sparql), "graph")
        wanted = graph_type if form == "graph" else media_type
        try:
            file = self._file(asked, form, wanted, seconds)
        except Fault as fault:
            if until and time.monotonic() >= until:
                raise Fault("fault.timeout", seconds=f"{seconds:g}") from fault
            raise
        return Guarded(form, wanted, Streamed(file, until, seconds))

    def _file(
        self, asked: str, form: str, wanted: str, seconds: float | None
    ) -> Received | IO[bytes]:
        """Return an answer in a format, written here if the store cannot write it."""
        others: Collection[str] = _TRIPLES if form == "graph" else _RESULTS
        store = RemoteStore(self.endpoint.within(seconds), self.graphs)
        answer = store._sent(asked, self._dataset(), [wanted, *others])
        if answer.kind == wanted:
            return answer
        file: IO[bytes] = SpooledTemporaryFile(_BATCH)  # noqa: SIM115
        if form == "graph":
            serialize(_parsed(answer, self.endpoint), file, format=_format(wanted, RdfFormat))
        else:
            found = self._read(answer)
            solutions = found if isinstance(found, QueryBoolean) else found.taken()
            solutions.serialize(file, format=_format(wanted, QueryResultsFormat))
        file.seek(0)
        return file

    def mentions(self, iri: str) -> bool:
        """Say whether any statement of the graph names an IRI."""
        node = NamedNode(iri)
        asked = f"ASK {{ {{ {node} ?p ?o }} UNION {{ ?s {node} ?o }} UNION {{ ?s ?p {node} }} }}"
        return bool(self._results(asked, self._dataset()))

    def texts(self, iri: str, term: str) -> dict[str, str]:
        """Return the texts that a thing has under a term, by language; of several the first."""
        try:
            pattern = f"{NamedNode(iri)} {NamedNode(term)} ?text"
        except ValueError:
            return {}  # A query can make up what is no IRI.
        asked = f"SELECT ?text {{ {pattern} }} ORDER BY DESC(?text)"
        found = self._results(asked, self._dataset())
        if isinstance(found, QueryBoolean):
            raise self.endpoint.other("boolean")
        texts = [row["text"] for row in found]
        return {text.language or "": text.value for text in texts if isinstance(text, Literal)}

    def select(self, sparql: str) -> RemoteRows:
        """Return the rows of a SELECT over all that the store holds, whichever graph it is in."""
        found = self._results(_with_prefixes(sparql), ())
        if isinstance(found, QueryBoolean):
            raise self.endpoint.other("boolean")
        return found

    def statements(self, pattern: str, expected: int) -> pl.DataFrame:
        """Return the statements ``?s ?p ?o`` of a pattern, page by page if answers are cut short.

        Parameters
        ----------
        expected
            How many solutions the pattern has.

        Raises
        ------
        Fault
            If the store does not give them all.
        """
        construct = _with_prefixes(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {pattern} }}")
        found = self._frame(construct)
        if found.height >= expected:
            return found
        distinct = f"SELECT DISTINCT ?s ?p ?o WHERE {{ {pattern} }}"
        [(count,)] = self.select(f"SELECT (COUNT(*) AS ?n) WHERE {{ {{ {distinct} }} }}")
        whole, size = int(count.value), found.height
        frames, start = [found], size
        if found.height < whole and size:
            frames, start = [], 0
        while size and start < whole:
            page = f"{{ {distinct} ORDER BY ?s ?p ?o LIMIT {size} OFFSET {start} }}"
            received = self._frame(_with_prefixes(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {page} }}"))
            if received.is_empty():
                break
            frames.append(received)
            start += received.height
        rows = pl.concat(frames).unique()
        if rows.height < whole:
            raise Fault(
                "fault.endpoint-cut", address=self.endpoint.shown, found=rows.height, whole=whole
            )
        return rows

    def dump(self, graph: str, predicates: Iterable[str] | None = None) -> bytes:
        """Return one named graph as N-Triples, or what is stated in it by some predicates.

        Raises
        ------
        Fault
            If the store does not give all at once.
        """
        within = f"GRAPH {NamedNode(graph)} {{ ?s ?p ?o }}"
        if predicates is not None:
            within = f"VALUES ?p {{ {' '.join(f'<{each}>' for each in predicates)} }} {within}"
        asked = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {within} }}"
        lines = [f"{triple} .\n".encode() for triple in self._triples(asked, ())]
        count = f"SELECT (COUNT(*) AS ?n) WHERE {{ {within} }}"
        [(whole,)] = self.select(count)
        if len(lines) < int(whole.value):
            raise Fault(
                "fault.endpoint-cut",
                address=self.endpoint.shown,
                found=len(lines),
                whole=whole.value,
            )
        return b"".join(lines)

    @cached_property
    def oxigraph(self) -> Store:
        """A copy of the graph's named graphs, for other libraries; changes to it go nowhere."""
        store = Store()
        for graph in self.graphs:
            store.bulk_load(self.dump(graph), format=RdfFormat.N_TRIPLES, to_graph=NamedNode(graph))
        return store

    def _prepared(
        self,
        sparql: str,
        prefixes: Mapping[str, str] | None,
        values: Mapping[str, NamedNode | Literal] | None,
    ) -> str:
        if calls_service(sparql):
            raise Fault("fault.service")
        names = dict(PREFIXES) | dict(prefixes or {})
        _refuse_unreadable(sparql, names)
        return f"{_said(names)}\n{with_values(sparql, values or {})}"

    def _dataset(self) -> tuple[tuple[str, str], ...]:
        names = ("default-graph-uri", "named-graph-uri")
        return tuple((name, graph) for graph in self.graphs for name in names)

    def _sent(
        self, sparql: str, dataset: Iterable[tuple[str, str]], accepted: Collection[str]
    ) -> Received:
        body = urlencode([("query", sparql), *dataset]).encode()
        answer = self.endpoint.send(body, accepted)
        if answer.kind not in accepted:
            with answer:
                raise self.endpoint.other(answer.kind)
        return answer

    def _results(
        self, sparql: str, dataset: Iterable[tuple[str, str]]
    ) -> QueryBoolean | RemoteRows:
        return self._read(self._sent(sparql, dataset, _RESULTS))

    def _read(self, answer: Received) -> QueryBoolean | RemoteRows:
        form = _RESULTS[answer.kind]
        stream = (
            _Shallow(answer, self.endpoint, _IN_JSON) if form == QueryResultsFormat.JSON else answer
        )
        try:
            found = parse_query_results(stream, format=form)  # type: ignore[arg-type]
        except (SyntaxError, ValueError) as reason:
            raise self.endpoint.other(str(reason)[:200]) from reason
        return found if isinstance(found, QueryBoolean) else RemoteRows(found, self.endpoint)

    def _triples(self, sparql: str, dataset: Iterable[tuple[str, str]]) -> Iterator[Triple]:
        with self._sent(sparql, dataset, _TRIPLES) as answer:
            yield from _parsed(answer, self.endpoint)

    def _frame(self, sparql: str) -> pl.DataFrame:
        """Return statements in columns, without a loop where they come a line each."""
        with self._sent(sparql, (), _TRIPLES) as answer:
            if answer.kind in _LINES:
                frames = [statements_of(lines) for lines in _batches(answer)]
            else:
                rows = [_row(triple) for triple in _parsed(answer, self.endpoint)]
                frames = [pl.DataFrame(rows, schema=STATEMENTS, orient="row")]
        return pl.concat([pl.DataFrame(schema=STATEMENTS), *frames]).unique()


def _parsed(answer: Received, endpoint: Endpoint) -> Iterator[Triple]:
    stream = _Shallow(answer, endpoint, _IN_TRIPLES)
    try:
        for quad in parse(stream, format=_TRIPLES[answer.kind]):  # type: ignore[arg-type]
            yield quad.triple
    except (SyntaxError, ValueError) as reason:
        raise endpoint.other(str(reason)[:200]) from reason


_FormatT = TypeVar("_FormatT", RdfFormat, QueryResultsFormat)


def _format(media_type: str, kind: type[_FormatT]) -> _FormatT:
    found = kind.from_media_type(media_type)
    if found is None:
        raise ValueError(media_type)
    return found


def _row(triple: Triple) -> tuple[str, str, str, str]:
    value = triple.object
    language = value.language or "" if isinstance(value, Literal) else ""
    return _named(triple.subject), triple.predicate.value, _named(value), language


def _named(term: object) -> str:
    return term.value if isinstance(term, NamedNode | Literal) else str(term)


def _batches(answer: Received) -> Iterator[pl.Series]:
    """Yield the lines of an answer, so many at a time that they fit into memory."""
    rest = b""
    while chunk := answer.read(_BATCH):
        whole, mark, rest = (rest + chunk).rpartition(b"\n")
        if mark:
            yield _lines(whole)
        elif len(rest) > _BATCH:
            break
    if rest.strip():
        yield _lines(rest)


def _lines(text: bytes) -> pl.Series:
    lines = text.decode("utf-8", "replace").split("\n")
    return pl.Series([line.rstrip("\r") for line in lines], dtype=pl.String)


@dataclass(frozen=True)
class _Nesting:
    """What nests in a syntax: what to leave out before looking, what opens and what closes."""

    aside: re.Pattern[bytes]
    mark: re.Pattern[bytes]
    opens: bytes


_IN_JSON: Final = _Nesting(
    re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL), re.compile(rb"[\[\]{}]"), b"[{"
)
_IN_TRIPLES: Final = _Nesting(
    re.compile(rb'"(?:[^"\\]|\\.)*"|<[^\x00-\x20<>"{}|^`]*>', re.DOTALL),
    re.compile(rb"<<|>>|[\[\]()]"),
    b"<<[(",
)


class _Shallow:
    """Hands on an answer that is not nested beyond all use; the parsers recurse into it."""

    def __init__(self, answer: Received, endpoint: Endpoint, nesting: _Nesting) -> None:
        self._answer, self._endpoint, self._nesting = answer, endpoint, nesting
        self._rest, self._depth = b"", 0

    def read(self, size: int = -1) -> bytes:
        found = self._answer.read(size if size > 0 else 1 << 16)
        text = self._nesting.aside.sub(b"", self._rest + found)
        # A text that is cut in the middle is looked at with what follows.
        text, mark, rest = text.partition(b'"')
        self._rest = mark + rest
        marks = self._nesting.mark.findall(text)
        steps = [1 if sign in self._nesting.opens else -1 for sign in marks]
        depths = list(accumulate(steps, initial=self._depth))
        self._depth = max(0, depths[-1])
        if max(depths) > _NESTED or len(self._rest) > _BATCH:
            raise Fault("fault.rdf-deep", path=self._endpoint.shown, limit=_NESTED)
        return found


def _said(prefixes: Mapping[str, str]) -> str:
    return " ".join(f"PREFIX {name}: <{iri}>" for name, iri in prefixes.items())


def _with_prefixes(sparql: str) -> str:
    return f"{_said(PREFIXES)}\n{sparql}"


def _refuse_unreadable(sparql: str, prefixes: Mapping[str, str]) -> None:
    """Show where a query stops making sense, before it is sent."""
    try:
        Store().query(sparql, prefixes=dict(prefixes))
    except SyntaxError as reason:
        raise unreadable_query(sparql, str(reason)) from reason


_ASIDE: Final = re.compile(r"#[^\n]*|<[^>]*>|[\w-]*:")


def _form(sparql: str) -> str:
    """Return what kind of query it is: the first word that is no prologue."""
    words = (word.upper() for word in re.findall(r"[A-Za-z]+", _ASIDE.sub(" ", sparql)))
    return next((word for word in words if word in (*_FORMS, "CONSTRUCT", "DESCRIBE")), "SELECT")


_FORMS: Final = {"SELECT": "rows", "ASK": "boolean"}
