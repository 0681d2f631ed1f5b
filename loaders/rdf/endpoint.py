"""Another machine's graph as tables, by the SPARQL 1.1 protocol: one SELECT a table.

What the endpoint answers goes into a store of its own, which is gone afterwards, and from there
the way of a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlencode

from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    Quad,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    Store,
    parse_query_results,
)

from klaster.loaders.raw import RawTable
from klaster.loaders.rdf.construct import Construct, read_mapping, unreadable_query, with_prefixes
from klaster.loaders.rdf.files import copy_within_limit, load, read_store
from klaster.loaders.rdf.limits import refuse_deep_json, refuse_hostile_xml
from klaster.loaders.rdf.statements import classes_of
from klaster.ontology.faults import Fault
from klaster.ontology.protocol import Endpoint
from klaster.ontology.tables import tables
from klaster.ontology.term_tables import terms
from klaster.ontology.terms import KL, PREFIXES

_RESULTS: Final = {
    "application/sparql-results+json": QueryResultsFormat.JSON,
    "application/json": QueryResultsFormat.JSON,
    "application/sparql-results+xml": QueryResultsFormat.XML,
    "text/tab-separated-values": QueryResultsFormat.TSV,
}
_GRAPHS: Final = {
    "application/n-triples": RdfFormat.N_TRIPLES,
    "text/turtle": RdfFormat.TURTLE,
    "application/rdf+xml": RdfFormat.RDF_XML,
}
# What describes the things of the tables without being one of them.
_BESIDE: Final = tuple(
    KL + name for name in ("Participation", "LoadActivity", "Place", "Country", "Region")
)
_SAID: Final = """
  { SELECT DISTINCT ?s WHERE { VALUES ?class { %(classes)s } %(typed)s } }
  %(said)s"""
_PLAIN: Final = {"typed": "?s a ?class", "said": "?s ?p ?o"}
_IN_GRAPHS: Final = {
    "typed": "{ ?s a ?class } UNION { GRAPH ?g { ?s a ?class } }",
    "said": "{ ?s ?p ?o } UNION { GRAPH ?h { ?s ?p ?o } }",
}


def read_endpoint(address: str, construct: str = "", *, timeout: float = 60) -> Iterator[RawTable]:
    """Yield the tables of the graph behind a SPARQL endpoint.

    Parameters
    ----------
    construct
        A mapping: CONSTRUCT queries that the endpoint runs, in place of a SELECT a table.
    timeout
        The longest silence to bear, in seconds.

    Raises
    ------
    Fault
        If the endpoint does not answer, refuses, answers with something else or cuts its answers
        short, or holds nothing in klaster's terms.
    """
    queries = _checked(read_mapping(construct)) if construct else []
    with TemporaryDirectory() as scratch:
        endpoint = _Endpoint(Endpoint(address, timeout, elsewhere=True), Path(scratch))
        store = Store()
        if queries:
            for query in queries:
                endpoint.construct(query, store)
        else:
            _select_all(endpoint, store)
        foreign = list(_foreign(endpoint))
        yield from read_store(store, endpoint.shown, foreign=foreign, mapped=bool(queries))


def _checked(queries: list[Construct]) -> list[Construct]:
    """Refuse what cannot be parsed before anything is sent."""
    for query in queries:
        try:
            Store().query(query.text, prefixes=PREFIXES)
        except SyntaxError as reason:
            raise unreadable_query(query, str(reason)) from reason
    return queries


@dataclass
class _Endpoint:
    asked: Endpoint
    scratch: Path

    @property
    def shown(self) -> str:
        return self.asked.shown

    def construct(self, query: Construct, store: Store) -> None:
        """Have a query run and load what it constructs."""
        path, kind = self._ask(with_prefixes(query), _GRAPHS)
        load(store, path, _GRAPHS[kind], self.shown)

    def results(self, sparql: str) -> QuerySolutions | QueryBoolean:
        """Return the results of a SELECT or ASK query."""
        said = " ".join(f"PREFIX {name}: <{iri}>" for name, iri in PREFIXES.items())
        path, kind = self._ask(f"{said}\n{sparql}", _RESULTS)
        form = _RESULTS[kind]
        if form == QueryResultsFormat.JSON:
            refuse_deep_json(path, self.shown)
        elif form == QueryResultsFormat.XML:
            refuse_hostile_xml(path, self.shown)
        try:
            return parse_query_results(path=str(path), format=form)
        except (SyntaxError, ValueError) as reason:
            raise self._other(kind) from reason

    def rows(self, sparql: str, *, width: int) -> Iterator[tuple[object, ...]]:
        """Yield the rows of a SELECT query, each of so many terms."""
        found = self.results(sparql)
        if isinstance(found, QueryBoolean):
            raise self._other("boolean")
        left = [found]
        # The parser must not outlive its thread in the traceback of an error.
        del found
        try:
            for solution in left.pop():
                row: tuple[object, ...] = tuple(solution)
                if len(row) != width or (width == 3 and not _is_statement(row)):
                    raise self._other(" ".join(map(str, row))[:200])
                yield row
        except (SyntaxError, ValueError) as reason:
            raise self._other(str(reason)[:200]) from reason

    def holds(self, sparql: str) -> bool:
        """Return the answer to an ASK query."""
        found = self.results(sparql)
        said = bool(found) if isinstance(found, QueryBoolean) else None
        # The parser must not outlive its thread in the traceback of an error.
        del found
        if said is None:
            raise self._other("bindings")
        return said

    def _other(self, found: str) -> Fault:
        return self.asked.other(found)

    def _ask(self, sparql: str, accepted: Iterable[str]) -> tuple[Path, str]:
        """Send a query and return where its answer is kept, and of what type it is."""
        path = self.scratch / "answer"
        with self.asked.send(urlencode({"query": sparql}).encode(), accepted) as answer:
            if answer.kind not in accepted:
                raise self._other(answer.kind)
            with path.open("wb") as stream:
                copy_within_limit(answer, stream, self.shown)
        return path, answer.kind


def _is_statement(row: tuple[object, ...]) -> bool:
    subject, predicate, _ = row
    return isinstance(subject, NamedNode | BlankNode) and isinstance(predicate, NamedNode)


def _select_all(endpoint: _Endpoint, store: Store) -> None:
    """Fetch what is said of the tables' things, a query a table.

    A blank node has a name within one answer only; where there are any, one query fetches all.
    """
    groups = [*(classes_of(table) for table in tables().values()), _BESIDE]
    every = tuple(dict.fromkeys(iri for group in groups for iri in group))
    typed = f"VALUES ?class {{ {_named(every)} }}"
    hidden = f"ASK {{ {typed} GRAPH ?g {{ ?s a ?class }} FILTER NOT EXISTS {{ ?s a ?class }} }}"
    shape = _IN_GRAPHS if endpoint.holds(hidden) else _PLAIN
    said = _SAID % {"classes": _named(every), **shape}
    blank = endpoint.holds(f"ASK {{ {said} FILTER (isBlank(?s) || isBlank(?o)) }}")
    for number, group in enumerate([every] if blank else groups):
        said = _SAID % {"classes": _named(group), **shape}
        _fetch(endpoint, store, said, number, in_one=blank)


def _named(classes: Iterable[str]) -> str:
    return " ".join(f"<{iri}>" for iri in classes)


def _fetch(endpoint: _Endpoint, store: Store, said: str, number: int, *, in_one: bool) -> None:
    """Fetch statements at once, and where the endpoint cuts them short, page by page."""
    select = f"SELECT DISTINCT ?s ?p ?o WHERE {{ {said} }}"
    found = _kept(store, endpoint.rows(select, width=3), number)
    count = f"SELECT (COUNT(*) AS ?n) WHERE {{ {select} }}"
    whole = next(
        (int(n.value) for (n,) in endpoint.rows(count, width=1) if isinstance(n, Literal)), 0
    )
    if found >= whole:
        return
    size, start = found, 0
    while not in_one and size and start < whole:
        page = f"{select} ORDER BY ?s ?p ?o LIMIT {size} OFFSET {start}"
        received = _kept(store, endpoint.rows(page, width=3), number)
        if not received:
            break
        start += received
    if start < whole:
        raise Fault(
            "fault.endpoint-cut", address=endpoint.shown, found=max(found, start), whole=whole
        )


def _kept(store: Store, rows: Iterable[tuple[object, ...]], number: int) -> int:
    """Put statements into the store, blank nodes kept apart from those of other answers."""
    count = 0

    def quads() -> Iterator[Quad]:
        nonlocal count
        for row in rows:
            subject, term, value = (
                BlankNode(f"a{number}x{part.value}") if isinstance(part, BlankNode) else part
                for part in row
            )
            count += 1
            yield Quad(subject, term, value)  # type: ignore[arg-type]

    store.bulk_extend(quads())
    return count


def _foreign(endpoint: _Endpoint) -> Iterator[tuple[str, int]]:
    """Yield the classes that are not klaster's, the commonest first, and how many are of them."""
    ours = _named(KL + term.name for term in terms().values() if term.kind == "classes")
    asked = f"""
    SELECT ?class (COUNT(DISTINCT ?thing) AS ?count) WHERE {{
      {{ ?thing a ?class }} MINUS {{ VALUES ?own {{ {ours} }} ?thing a ?own }}
    }} GROUP BY ?class ORDER BY DESC(?count) ?class LIMIT 100"""
    for found, count in endpoint.rows(asked, width=2):
        if isinstance(found, NamedNode) and isinstance(count, Literal):
            yield found.value, int(count.value)
