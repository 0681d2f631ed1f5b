"""Run the W3C's SPARQL test suites against ``klaster serve``.

    python benchmarks/w3c_sparql.py FOLDER

FOLDER holds the suites as the W3C publishes them (``data-r2``, ``data-sparql11``); the source
package of rdflib ships them in ``test/data/suites/w3c``. All data of a suite is put into one
store, a graph a file, and each case asks through the protocol's dataset parameters, so that the
protocol is tested as well as the engine. A case that fails is then asked of the engine alone: if
it fails there too, the difference is the engine's own. What does not apply is counted apart: updates, entailment
regimes, SERVICE (it is off), and the cases whose data or results cannot be read.
"""

from __future__ import annotations

import csv
import http.client
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from urllib.parse import urlencode

from pyoxigraph import (
    BlankNode,
    CanonicalizationAlgorithm,
    Dataset,
    Literal,
    NamedNode,
    Quad,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
    Triple,
    parse,
    parse_query_results,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from served import Served, serving

from klaster.graph.store.folder import SourceEntry

MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
QT = "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
RS = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XSD = "http://www.w3.org/2001/XMLSchema#"
EVALUATION = ("QueryEvaluationTest", "CSVResultFormatTest")
SYNTAX = {
    "PositiveSyntaxTest": True,
    "PositiveSyntaxTest11": True,
    "NegativeSyntaxTest": False,
    "NegativeSyntaxTest11": False,
}
FORMATS = {".ttl": RdfFormat.TURTLE, ".rdf": RdfFormat.RDF_XML, ".nt": RdfFormat.N_TRIPLES}
APART = ("entailment", "service", "update", "syntax-fed")
NUMBERS = ("integer", "decimal", "double", "float")

Node = NamedNode | BlankNode | Literal | Triple


@dataclass
class Case:
    """One case of a manifest."""

    kind: str
    name: str
    query: Path
    data: list[Path] = field(default_factory=list)
    graphs: list[Path] = field(default_factory=list)
    result: Path | None = None
    lax: bool = False


def cases(folder: Path) -> Iterator[Case]:
    """Yield the query cases of all manifests in a folder."""
    for manifest in sorted(folder.rglob("manifest.ttl")):
        try:
            held = Store()
            held.load(path=str(manifest), format=RdfFormat.TURTLE, base_iri=manifest.as_uri())
        except SyntaxError as reason:
            print(f"{manifest}: {reason}", file=sys.stderr)
            continue

        def one(subject: Node, name: str, held: Store = held) -> list[Node]:
            return [q.object for q in held.quads_for_pattern(subject, NamedNode(name), None)]  # type: ignore[arg-type]

        for quad in held.quads_for_pattern(None, NamedNode(RDF + "type"), None):
            kind = quad.object.value.removeprefix(MF)  # type: ignore[union-attr]
            if kind not in (*EVALUATION, *SYNTAX):
                continue
            (action,) = one(quad.subject, MF + "action")
            name = one(quad.subject, MF + "name")[0].value  # type: ignore[union-attr]
            if kind in SYNTAX:
                yield Case(kind, name, _path(action))
                continue
            graphs = [
                (one(graph, QT + "graph") or [graph])[0] for graph in one(action, QT + "graphData")
            ]
            cardinality = one(quad.subject, MF + "resultCardinality")
            yield Case(
                kind,
                name,
                _path(one(action, QT + "query")[0]),
                [_path(data) for data in one(action, QT + "data")],
                [_path(graph) for graph in graphs],
                _path(one(quad.subject, MF + "result")[0]),
                bool(cardinality),
            )


def _path(node: Node) -> Path:
    from urllib.parse import unquote, urlsplit

    return Path(unquote(urlsplit(node.value).path if isinstance(node, NamedNode) else ""))


def build(folder: Path, files: set[Path]) -> set[Path]:
    """Make a graph of one named graph a file; return the files that could be read."""
    read = set()
    state = folder / "g000001"
    state.mkdir(parents=True)
    store = Store(str(state / "store"))
    for number, path in enumerate(sorted(files)):
        try:
            graph = NamedNode(path.as_uri())
            for triple in parse(
                path=str(path), format=FORMATS[path.suffix], base_iri=path.as_uri()
            ):
                store.add(
                    Quad(
                        _apart(triple.subject, number),
                        triple.predicate,
                        _apart(triple.object, number),
                        graph,
                    )
                )  # type: ignore[arg-type]
            read.add(path)
        except (SyntaxError, OSError, KeyError) as reason:
            print(f"{path}: {reason}", file=sys.stderr)
    store.flush()
    del store
    entry = SourceEntry("w3c", "rdf", "", "0" * 64, "w3c", "2026-01-01T00:00:00", {})
    import tomli_w

    manifest = {
        "base": "https://example.org/",
        "generation": "g000001",
        "language": "en",
        "format": 1,
    }
    text = tomli_w.dumps({**manifest, "sources": [vars(entry)]})
    (folder / "klaster.toml").write_text(text, "utf-8")
    return read


def _apart(node: Node, number: int) -> Node:
    return BlankNode(f"f{number}{node.value}") if isinstance(node, BlankNode) else node


Asker = Callable[[Case, str], tuple[int, bytes]]
"""Answers a case in one of the formats accepted, with a status."""


def dataset(case: Case, sparql: str) -> tuple[list[str], list[str]] | None:
    """Return the default and the named graphs of a case; None leaves them to its query."""
    if case.kind in EVALUATION and (case.data or case.graphs):
        default = [path.as_uri() for path in case.data] or ["urn:none"]
        return default, [path.as_uri() for path in case.graphs]
    return None if "FROM" in sparql.upper() and case.kind in EVALUATION else (["urn:none"], [])


def by_protocol(server: Served) -> Asker:
    """Ask the server, by its protocol."""

    def ask(case: Case, accept: str) -> tuple[int, bytes]:
        sparql = f"BASE <{case.query.as_uri()}>\n{case.query.read_text('utf-8')}"
        default, named = dataset(case, sparql) or ([], [])
        given = [("query", sparql)]
        given += [("default-graph-uri", graph) for graph in default]
        given += [("named-graph-uri", graph) for graph in named]
        form = "application/x-www-form-urlencoded"
        body = urlencode(given).encode()
        reply = server.call("POST", "/sparql", body, Content_Type=form, Accept=accept)
        return reply.status, reply.body

    return ask


def by_engine(store: Store) -> Asker:
    """Ask the engine itself, with nothing of ours between."""

    def ask(case: Case, accept: str) -> tuple[int, bytes]:
        sparql = f"BASE <{case.query.as_uri()}>\n{case.query.read_text('utf-8')}"
        chosen = dataset(case, sparql)
        graphs = {
            name: [NamedNode(graph) for graph in graphs]
            for name, graphs in zip(("default_graph", "named_graphs"), chosen or (), strict=False)
        }
        csv_asked = accept == "text/csv"
        try:
            found = store.query(sparql, **graphs)  # type: ignore[arg-type]
            if isinstance(found, QueryTriples):
                return 200, found.serialize(format=RdfFormat.N_TRIPLES) or b""
            form = QueryResultsFormat.CSV if csv_asked else QueryResultsFormat.JSON
            return 200, found.serialize(format=form) or b""
        except (SyntaxError, RuntimeError) as reason:
            return 400, str(reason).encode()

    return ask


def evaluated(ask: Asker, case: Case) -> str:
    """Say how an evaluation went: nothing where it is as expected."""
    if case.result is None:
        return "it names no result"
    suffix = case.result.suffix
    if suffix == ".csv":
        status, body = ask(case, "text/csv")
        mine = list(csv.reader(body.decode().splitlines()))
        theirs = list(csv.reader(case.result.read_text("utf-8").splitlines()))
        same = mine[:1] == theirs[:1] and _anonymous(mine[1:]) == _anonymous(theirs[1:])
        return "" if status == 200 and same else f"{status} another table"
    accept = "application/sparql-results+json, application/n-triples"
    status, body = ask(case, accept)
    if status != 200:
        return f"{status} {body.decode()[:120]}"
    mine, theirs = _read(body, case.lax), _expected(case.result, case.lax)
    if isinstance(mine, bool) or isinstance(theirs, bool):
        return "" if mine == theirs else f"{mine}, not {theirs}"
    return "" if mine == theirs else "another answer"


def judged(ask: Asker, case: Case) -> str:
    """Say what is wrong with the answer to a case: nothing where it is as expected."""
    if case.kind in SYNTAX:
        status, said = ask(case, "*/*")
        return "" if (status == 200) == SYNTAX[case.kind] else f"{status} {said.decode()[:80]!r}"
    try:
        return evaluated(ask, case)
    except (SyntaxError, KeyError, ValueError, OSError) as reason:
        return f"the expected result cannot be read: {reason!r}"


def _anonymous(table: list[list[str]]) -> Counter[tuple[str, ...]]:
    return Counter(
        tuple("_" if cell.startswith("_:") else _number(cell) for cell in row) for row in table
    )


def _number(text: str) -> str:
    try:
        return str(Decimal(text).normalize())
    except InvalidOperation:
        return text


def _read(body: bytes, lax: bool) -> Dataset | bool:
    if not body.startswith(b"{"):
        return _canonical(
            Quad(t.subject, t.predicate, _value(t.object)) for t in parse(body, RdfFormat.N_TRIPLES)
        )
    return _table(parse_query_results(body, format=QueryResultsFormat.JSON), lax)


def _expected(path: Path, lax: bool) -> Dataset | bool:
    forms = {
        ".srx": QueryResultsFormat.XML,
        ".srj": QueryResultsFormat.JSON,
        ".tsv": QueryResultsFormat.TSV,
    }
    if path.suffix in forms:
        return _table(parse_query_results(path=str(path), format=forms[path.suffix]), lax)
    triples = list(parse(path=str(path), format=FORMATS[path.suffix], base_iri=path.as_uri()))
    held = Dataset(Quad(t.subject, t.predicate, t.object) for t in triples)

    def objects(subject: Node, name: str) -> list[Node]:
        return [q.object for q in held.quads_for_subject(subject) if q.predicate.value == RS + name]  # type: ignore[arg-type]

    (top,) = [q.subject for q in held.quads_for_object(NamedNode(RS + "ResultSet"))] or [None]
    if top is None:
        return _canonical(Quad(t.subject, t.predicate, _value(t.object)) for t in triples)
    if truth := objects(top, "boolean"):
        return truth[0].value == "true"  # type: ignore[union-attr]
    return _rows(
        (
            {
                objects(binding, "variable")[0].value: objects(binding, "value")[0]  # type: ignore[union-attr]
                for binding in objects(solution, "binding")
            }
            for solution in objects(top, "solution")
        ),
        lax,
    )


def _table(found: QuerySolutions | QueryBoolean, lax: bool) -> Dataset | bool:
    if isinstance(found, QueryBoolean):
        return bool(found)
    names = [variable.value for variable in found.variables]
    return _rows(
        (
            {name: solution[name] for name in names if solution[name] is not None}
            for solution in found
        ),
        lax,
    )


def _rows(rows: Iterator[dict[str, Node]], lax: bool) -> Dataset:
    """Return rows (how often each, unless ``lax``) as a graph, so that blank nodes are compared by where they stand."""
    counted: Counter[tuple[tuple[str, Node], ...]] = Counter(
        tuple(sorted(((name, _value(node)) for name, node in row.items()), key=str)) for row in rows
    )
    quads = []
    for number, (row, count) in enumerate(counted.items()):
        subject = BlankNode(f"row{number}")
        quads.append(Quad(subject, NamedNode("urn:count"), Literal(0 if lax else count)))
        quads += [Quad(subject, NamedNode(f"urn:var:{name}"), node) for name, node in row]
    return _canonical(quads)


def _value(node: Node) -> Node:
    """Return a number by its value: 1.0 and 1.00 are the same decimal."""
    if isinstance(node, Literal) and node.datatype.value.removeprefix(XSD) in NUMBERS:
        return Literal(_number(node.value), datatype=node.datatype)
    return node


def _canonical(quads: object) -> Dataset:
    held = Dataset(quads)  # type: ignore[arg-type]
    held.canonicalize(CanonicalizationAlgorithm.UNSTABLE)
    return held


def protocol(server: Served, data: list[Path]) -> dict[str, bool]:
    """Run the query cases of the protocol's manifest, which it tells by their names alone."""
    one, two = (path.as_uri() for path in data[:2])
    form = "application/x-www-form-urlencoded"
    direct = "application/sparql-query"
    ask_one = f"ASK {{ GRAPH <{one}> {{ ?s ?p ?o }} FILTER NOT EXISTS {{ GRAPH <{two}> {{ ?a ?b ?c }} }} }}"
    both = f"ASK {{ GRAPH <{one}> {{ ?s ?p ?o }} GRAPH <{two}> {{ ?a ?b ?c }} }}"

    def call(
        method: str,
        given: list[tuple[str, str]],
        body: bytes | None = None,
        kind: str = "",
        accept: str = "",
    ) -> tuple[int, str, bytes]:
        path = "/sparql" + ("?" + urlencode(given) if given else "")
        headers = {
            **({"Content-Type": kind} if kind else {}),
            **({"Accept": accept} if accept else {}),
        }
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        found = reply.status, reply.headers.get_content_type(), reply.read()
        connection.close()
        return found

    def posted(given: list[tuple[str, str]]) -> tuple[int, str, bytes]:
        return call("POST", [], urlencode(given).encode(), form)

    def yes(found: tuple[int, str, bytes]) -> bool:
        return found[0] == 200 and b"true" in found[2]

    def refused(found: tuple[int, str, bytes]) -> bool:
        return 400 <= found[0] < 500

    named = [("named-graph-uri", one)]
    default = [("default-graph-uri", one), ("default-graph-uri", two)]
    any_triple = ("query", "ASK { ?s ?p ?o }")
    rows = {
        "application/sparql-results+xml",
        "application/sparql-results+json",
        "text/csv",
        "text/tab-separated-values",
    }
    graphs = {"application/rdf+xml", "text/turtle", "application/n-triples"}
    checks: dict[str, Callable[[], bool]] = {
        "query_post_form": lambda: yes(posted([("query", "ASK {}")])),
        "query_dataset_default_graphs_get": lambda: yes(call("GET", [any_triple, *default])),
        "query_dataset_default_graphs_post": lambda: yes(posted([any_triple, *default])),
        "query_dataset_named_graphs_get": lambda: yes(call("GET", [("query", ask_one), *named])),
        "query_dataset_named_graphs_post": lambda: yes(posted([("query", ask_one), *named])),
        "query_dataset_full": lambda: yes(
            posted([("query", ask_one), *named, ("default-graph-uri", two)])
        ),
        "query_multiple_dataset": lambda: yes(
            call(
                "GET",
                [
                    ("query", f"ASK FROM <urn:none> {{ ?s ?p ?o FILTER NOT EXISTS {both[3:]} }}"),
                    *default,
                ],
            )
        ),
        "query_get": lambda: yes(call("GET", [("query", "ASK {}")])),
        "query_content_type_select": lambda: (
            call("GET", [("query", "SELECT (1 AS ?x) {}")])[1] in rows
        ),
        "query_content_type_ask": lambda: call("GET", [("query", "ASK {}")])[1] in rows,
        "query_content_type_describe": lambda: (
            call("GET", [("query", "DESCRIBE <urn:x>")])[1] in graphs
        ),
        "query_content_type_construct": lambda: (
            call("GET", [("query", "CONSTRUCT { <urn:x> <urn:y> 1 } {}")])[1] in graphs
        ),
        "query_post_direct": lambda: yes(call("POST", [], b"ASK {}", direct)),
        "bad_query_method": lambda: refused(call("PUT", [("query", "ASK {}")])),
        "bad_multiple_queries": lambda: refused(call("GET", [("query", "ASK {}")] * 2)),
        "bad_query_wrong_media_type": lambda: refused(call("POST", [], b"ASK {}", "text/plain")),
        "bad_query_missing_form_type": lambda: refused(call("POST", [], b"query=ASK%20%7B%7D")),
        "bad_query_missing_direct_type": lambda: refused(call("POST", [], b"ASK {}")),
        "bad_query_non_utf8": lambda: refused(
            call("POST", [], "ASK {}".encode("utf-16"), direct + "; charset=UTF-16")
        ),
        "bad_query_syntax": lambda: refused(call("GET", [("query", "ASK {")])),
    }
    return {name: check() for name, check in checks.items()}


def main(folder: Path) -> None:
    """Run everything and print what passes, and each case that fails with why."""
    found = list(cases(folder.resolve()))
    kept = [case for case in found if not any(part in APART for part in case.query.parts)]
    files = {path for case in kept for path in (*case.data, *case.graphs)}
    files |= {path for case in kept for path in case.query.parent.glob("data-g*.ttl")}
    passed: Counter[str] = Counter()
    failed: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory() as scratch:
        graph = Path(scratch) / "w3c.klaster"
        read = build(graph, files)
        engine = Store.read_only(str(graph / "g000001" / "store"))
        with serving(graph, "--workers", "2", "--timeout", "20") as server:
            for case in kept:
                syntax = case.kind in SYNTAX
                suite = f"{case.query.parts[-3]}: {'syntax' if syntax else 'evaluation'}"
                if not {*case.data, *case.graphs} <= read:
                    fault = "its data cannot be read"
                else:
                    fault = judged(by_protocol(server), case)
                if not fault:
                    passed[suite] += 1
                    continue
                own = judged(by_engine(engine), case) != ""
                name = f"{case.query.parent.name}/{case.query.name}: {case.name}"
                failed.append((suite, name, f"{'the engine: ' if own else 'OURS: '}{fault}"))
            for name, good in protocol(
                server, sorted(path for path in read if path.stat().st_size > 200)
            ).items():
                if good:
                    passed["protocol: query cases"] += 1
                else:
                    failed.append(("protocol: query cases", name, ""))
    lost = Counter(suite for suite, _, _ in failed)
    ours = Counter(suite for suite, _, fault in failed if not fault.startswith("the engine"))
    for suite in sorted({*passed, *lost}):
        print(
            f"{suite}: {passed[suite]} of {passed[suite] + lost[suite]} pass; of the others"
            f" {lost[suite] - ours[suite]} fail on the engine alone too"
        )
    print(f"not run, since they do not apply: {len(found) - len(kept)}")
    for suite, name, fault in failed:
        print(f"- {suite}: {name}: {fault}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
