"""A graph behind a SPARQL endpoint answers as the same graph in a folder does."""

from __future__ import annotations

import base64
import json
import time
import urllib.request

import pytest
from made_up import LOADED_AT, write_tables
from pyoxigraph import Literal, NamedNode, RdfFormat, parse
from rdf_sources import answering, contents, jena_server, oxigraph_server, put, run

import klaster
from klaster.graph.store.guard import Limits
from klaster.graph.store.remote import RemoteStore
from klaster.graph.store.values import with_values
from klaster.ontology.faults import Fault
from klaster.ontology.protocol import Endpoint
from klaster.ontology.questions import questions
from klaster.ontology.terms import KL, RDFS

JSON = "application/sparql-results+json"
LINES = "application/n-triples"
SECRET = "s3cret-of-mine"  # noqa: S105


def fault(address: str, **environment) -> str:
    """Return what a command says against an address, whose message exists in every language."""
    found = {
        language: run("info", address, "--lang", language, **environment)
        for language in ("en", "ru", "uz")
    }
    assert {result.exit_code for result in found.values()} == {1}
    assert len({result.stderr for result in found.values()}) == 3
    assert found["en"].stdout == ""
    return found["en"].stderr


def bindings(name: str, *rows) -> bytes:
    return json.dumps({"head": {"vars": [name]}, "results": {"bindings": list(rows)}}).encode()


@pytest.fixture(scope="module")
def quads(demo_graph, tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("quads") / "uzbekistan.nq"
    assert run("export", demo_graph.path, "-o", path, "--ontology").exit_code == 0
    return path.read_bytes()


@pytest.fixture(scope="module")
def server(quads):
    with oxigraph_server() as address:
        request = urllib.request.Request(  # noqa: S310
            f"{address}/store", quads, {"Content-Type": "application/n-quads"}, method="POST"
        )
        urllib.request.urlopen(request).close()  # noqa: S310
        yield f"{address}/query"


@pytest.fixture(scope="module")
def remote(server):
    return klaster.open(server)


COMMANDS = [
    "info",
    "check",
    "sources",
    "central --by betweenness",
    "central --cluster cotton-textile --date 2024-01-01 --no-interval",
    "missing",
    "missing --card",
    "policy",
    "policy --date 2024-01-01 --mechanisms",
    "match",
    "potential",
    "risk",
    "query single-sourced",
    "query cluster-members --set cluster=cotton-textile",
    "query CONSTRUCT{?a|kl:memberOf|?c}WHERE{?a|kl:memberOf|?c}",
    "query ASK{?a|a|kl:Actor}",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_answers_as_on_a_folder(command, server, demo_graph) -> None:
    name, *options = (part.replace("|", " ") for part in command.split(" "))
    here = run(name, demo_graph.path, *options, "--format", "json")
    there = run(name, server, *options, "--format", "json")
    assert (there.exit_code, there.stderr) == (here.exit_code, here.stderr)
    if name == "sources":
        # What is exported tells what a source is called, not in which folder it lies.
        expected = json.loads(here.stdout)
        expected[0]["path"] = expected[0]["path"].rsplit("/", 1)[-1]
        assert json.loads(there.stdout) == expected
    elif command.startswith("query CONSTRUCT"):
        assert sorted(json.loads(there.stdout), key=str) == sorted(json.loads(here.stdout), key=str)
        assert len(json.loads(there.stdout)) == 65
    else:
        assert there.stdout == here.stdout


def plain(answer) -> list[list[str]]:
    """Return the rows of an answer; SPARQL leaves it open in which order texts are joined."""
    return [["; ".join(sorted(str(cell).split("; "))) for cell in row] for row in answer.rows]


def test_every_question_is_answered_as_on_a_folder(remote, demo_graph) -> None:
    answered = 0
    for slug in questions():
        here, there = demo_graph.ask(slug), remote.ask(slug)
        assert there.columns == here.columns
        assert plain(there) == plain(here), slug
        answered += bool(here.rows)
    assert answered > 40


def test_predictions_are_the_same(remote, demo_graph) -> None:
    here, there = (graph.predict(count=3) for graph in (demo_graph, remote))
    assert there.rows("en") == here.rows("en")
    assert there.audit_rows("en") == here.audit_rows("en")


def test_exports_hold_the_same(server, remote, demo_graph, tmp_path) -> None:
    for name, graph in (("here", demo_graph.path), ("there", server)):
        (tmp_path / name).mkdir()
        assert run("export", graph, "-o", tmp_path / name / "g.nq").exit_code == 0
        assert run("export", graph, "-o", tmp_path / name / "csv").exit_code == 0
    assert (tmp_path / "here/g.nq").read_bytes() == (tmp_path / "there/g.nq").read_bytes()
    assert contents(remote) == contents(demo_graph)
    for path in (tmp_path / "here/csv").iterdir():
        columns = path.read_text("utf-8").splitlines()[0]
        assert (tmp_path / "there/csv" / path.name).read_text("utf-8").splitlines()[0] == columns


def test_the_python_interface_is_the_same(remote, demo_graph) -> None:
    assert (remote.base, remote.revision) == (demo_graph.base, demo_graph.revision)
    count = "SELECT (COUNT(*) AS ?n) WHERE { ?a a kl:Actor }"
    assert remote.query(count).rows == ((71,),)
    assert len(remote.rdflib()) == len(demo_graph.rdflib())


def test_a_graph_is_told_from_others_by_its_name(server, small_graph, tmp_path) -> None:
    small_graph.export(tmp_path / "small.nq")
    with oxigraph_server() as address:
        for path in (tmp_path / "small.nq",):
            request = urllib.request.Request(  # noqa: S310
                f"{address}/store", path.read_bytes(), {"Content-Type": "application/n-quads"}
            )
            urllib.request.urlopen(request).close()  # noqa: S310
        assert klaster.open(f"{address}/query").base == small_graph.base
        assert "no graph of klaster there is called other; there are: small" in fault(
            f"{address}/query#other"
        )
        other = klaster.open(f"{address}/query#other")
        assert other.sources() == []
        table = {"actors": [{"id": "o", "name": "Other", "kind": "support"}]}
        other.load(write_tables(tmp_path / "o", table), loaded_at=LOADED_AT)
        assert f"{address}/query#other, {address}/query#small" in fault(f"{address}/query")
        actors = "SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?a a kl:Enterprise } }"
        assert klaster.open(f"{address}/query#small").query(actors).rows == ((3,),)
        assert klaster.open(f"{address}/query#other").query(actors).rows == ((0,),)


@pytest.mark.parametrize(
    ("query", "form", "kind"),
    [
        ("SELECT ?a { ?a a kl:Cluster }", "rows", "text/csv"),
        ("# CONSTRUCT\nPREFIX select: <http://ask#describe> ASK {}", "boolean", JSON),
        ("DESCRIBE d:x", "graph", "text/turtle"),
        # What the store does not write.
        ("CONSTRUCT { ?a a kl:X } { ?a a kl:Cluster }", "graph", "application/ld+json"),
    ],
)
def test_an_answer_can_be_handed_on_as_it_comes(remote, query, form, kind) -> None:
    found = remote._store.ask(
        query,
        limits=Limits(seconds=30),
        media_type=kind,
        graph_type=kind,
        prefixes={"d": "http://d/"},
    )
    assert (found.form, found.media_type) == (form, kind)
    pieces = b"".join(found)
    lines = 1 if "ld" in kind else {"rows": 9, "boolean": 1, "graph": 0}[form]
    assert len(pieces.splitlines()) == lines
    assert pieces.count(b"ontology#X") == (8 if "ld" in kind else 0)


def test_a_format_that_a_store_lacks_is_written_here() -> None:
    def answer(path, body, headers):
        row = {"a": {"type": "uri", "value": "http://a"}}
        return 200, {"Content-Type": JSON}, bindings("a", row)

    with answering(answer) as (address, _):
        store = RemoteStore(Endpoint(address))
        found = store.ask("SELECT ?a {}", media_type="text/tab-separated-values")
        assert b"".join(found) == b"?a\n<http://a>\n"


def test_a_thing_that_no_statement_names_is_not_mentioned(remote) -> None:
    assert remote._store.mentions(f"{KL}supplier")
    assert not remote._store.mentions(f"{KL}nothing")
    assert remote._store.texts(f"{KL}Actor", f"{RDFS}label")["uz"] == "ishtirokchi"
    assert remote._store.texts("no IRI", f"{RDFS}label") == {}


# Another store


@pytest.fixture(scope="module")
def jena(tmp_path_factory):
    with jena_server(tmp_path_factory.mktemp("jena")) as address:
        yield address


def test_a_store_of_another_make_keeps_and_answers_the_same(
    jena, small_graph, small_source
) -> None:
    graph = klaster.open(f"{jena}#small")
    graph.load(small_source, loaded_at=LOADED_AT)
    assert contents(graph) == contents(small_graph)
    for slug in ("cluster-members", "inputs-nobody-makes", "least-trusted"):
        here, there = small_graph.ask(slug), graph.ask(slug)
        assert there.columns == here.columns
        assert sorted(there.rows, key=str) == sorted(here.rows, key=str), slug
    assert [f.row("en") for f in graph.missing()] == [f.row("en") for f in small_graph.missing()]
    assert [vars(c) for c in graph.check()] == [vars(c) for c in small_graph.check()]
    (report,) = graph.load(small_source)
    assert report.unchanged
    graph.drop("small")
    assert klaster.open(f"{jena}#small").sources() == []


@pytest.mark.parametrize("make", ["server", "jena"])
def test_values_go_into_queries_as_terms(make, request) -> None:
    endpoint = Endpoint(request.getfixturevalue(make))
    texts = ['a" } DROP ALL #', r"C:\users\u0022", "a\nb\r\t'''", 'x""" ?y', "ʻ 😀 \\U0001F600"]
    for text in texts:
        found = RemoteStore(endpoint).query(
            "SELECT ?x (STRLEN(?x) AS ?n) WHERE { FILTER (?x != 'y') }", values={"x": Literal(text)}
        )
        rows = [(row["x"].value, int(row["n"].value)) for row in found]
        assert rows == [(text, len(text))]


def test_values_hold_wherever_a_query_names_them() -> None:
    query = """SELECT ?a ?n WHERE { ?a a ?c . # } ?c
      OPTIONAL { ?a ?p ?n FILTER (?n < ?c && "{ ?c" != '?c') } { SELECT ?c WHERE { ?x a ?c } }
      VALUES ?a { <http://x/?c> } }"""
    found = with_values(query, {"c": NamedNode("http://x/C")})
    told = "VALUES ?c { <http://x/C> }"
    assert found.count(told) == 3
    assert found.replace(f" {told}", "") == query


# Who asks, and whom


def held():
    return 200, {"Content-Type": JSON}, bindings("graph")


def test_a_password_or_token_comes_from_the_environment_and_is_never_shown() -> None:
    def answer(path, body, headers):
        return (403 if "Authorization" in headers else 401), {}, b"No entry"

    with answering(answer) as (address, seen):
        said = fault(address)
        assert "asks who you are (401): No entry. Set KLASTER_TOKEN" in said
        said = fault(address, KLASTER_TOKEN=SECRET)
        assert "does not let you in (403): No entry" in said
        said += fault(address, KLASTER_USER="me", KLASTER_PASSWORD=SECRET)
        said += fault(address.replace("//", f"//me:{SECRET}@"))
        said += fault(address, KLASTER_TOKEN=f"{SECRET}\n")
    sent = [headers.get("Authorization") for *_, headers, _ in seen]
    basic = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()
    assert sent == [*[None] * 3, *[f"Bearer {SECRET}"] * 3, *[basic] * 6]
    assert "cret" not in said


def test_a_password_is_not_sent_unencrypted_over_a_network() -> None:
    said = fault("http://192.0.2.1/sparql", KLASTER_TOKEN=SECRET)
    assert "would be sent unencrypted" in said
    said = fault("http://me:s3cret@192.0.2.1/sparql")
    assert "would be sent unencrypted" in said
    assert "cret" not in said


def test_a_redirect_to_another_host_is_told_and_not_followed() -> None:
    with answering(lambda *_: held()) as (other, seen_there):

        def answer(path, body, headers):
            return 307, {"Location": f"{other}/sparql" if path == "/far" else "/far"}, b""

        with answering(answer) as (address, seen):
            assert f"another host, {other}/sparql" in fault(address, KLASTER_TOKEN=SECRET)
    assert seen_there == []
    assert all(headers["Authorization"] == f"Bearer {SECRET}" for *_, headers, _ in seen)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path) -> None:
    import http.server
    import shutil
    import ssl
    import subprocess
    import threading

    if not shutil.which("openssl"):
        pytest.skip("openssl, which makes the certificate, is not installed")
    pem = tmp_path / "host.pem"
    options = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=localhost",
    ]
    command = ["openssl", "req", "-x509", *options, "-keyout", pem, "-out", tmp_path / "cert.pem"]
    subprocess.run(command, check=True, capture_output=True)
    pem.write_text(pem.read_text() + (tmp_path / "cert.pem").read_text())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    class Silent(http.server.HTTPServer):
        def handle_error(self, *_) -> None: ...

    server = Silent(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        said = fault(f"https://localhost:{server.server_address[1]}/sparql")
    finally:
        server.shutdown()
        server.server_close()
    assert "CERTIFICATE_VERIFY_FAILED" in said


# Endpoints gone wrong


@pytest.mark.parametrize(
    ("status", "kind", "body", "told"),
    [
        (200, "text/html", b"<html>", "answered with text/html"),
        (200, JSON, b"{", "answered with"),
        (200, JSON, b'{"head":{"vars":["graph"]},"results":{"bindings":[{"graph"', "answered with"),
        (200, JSON, b'{"head":{},"boolean":true}', "answered with boolean"),
        (200, JSON, b'{"head":{"vars":["s"]},"results":{"bindings":[{"s":'
         + b'{"type":"triple","value":{"subject":' * 50_000, "nested"),
        (500, "text/plain", b"out of memory", "refuses (500): out of memory"),
        (429, "text/html", b"<h1>Too many</h1>", "refuses (429): Too many"),
    ],
)  # fmt: skip
def test_what_an_endpoint_does_wrong_is_told_in_a_line(status, kind, body, told) -> None:
    with answering(lambda *_: (status, {"Content-Type": kind}, body)) as (address, _):
        said = fault(address)
    assert told in said
    assert len(said.splitlines()) == 1


def test_an_endpoint_that_is_not_there_or_breaks_off_is_told() -> None:
    assert "does not answer" in fault("http://127.0.0.1:1/sparql")
    short = {"Content-Type": JSON, "Content-Length": "100000"}
    with answering(lambda *_: (200, short, b'{"head":{"vars":[]},')) as (address, _):
        assert "does not answer" in fault(address)


def test_foreign_rdf_is_told_from_nothing_at_all(tmp_path) -> None:
    with oxigraph_server() as address:
        assert "there is no klaster graph here" in fault(f"{address}/query")
        put(address, b"<https://e.org/n> a <https://e.org/Note> .", "text/turtle")
        said = fault(f"{address}/query")
        assert "holds no graph that klaster keeps; it holds https://e.org/Note (1)" in said
        assert f"klaster load {address}/query --into NAME.klaster" in said


def forwarding(server: str, change):
    """Answer as another server does, but for what ``change(kind, text)`` makes of it."""

    def answer(path, body, headers):
        kept = {name: headers[name] for name in ("Accept", "Content-Type")}
        request = urllib.request.Request(f"{server}{path}", body, kept)  # noqa: S310
        with urllib.request.urlopen(request) as real:  # noqa: S310
            kind, text = real.headers.get("Content-Type", ""), real.read()
        return real.status, {"Content-Type": kind}, change(kind, text)

    return answer


def _cut(kind: str, text: bytes) -> bytes:
    return b"".join(text.splitlines(keepends=True)[:200]) if kind.startswith(LINES) else text


def test_answers_cut_short_are_fetched_page_by_page(server, demo_graph) -> None:
    with answering(forwarding(server.removesuffix("/query"), _cut)) as (address, seen):
        graph = klaster.open(f"{address}/query")
        assert contents(graph) == contents(demo_graph)
        assert sum(b"OFFSET" in body for *_, body in seen) > 10
        with pytest.raises(Fault) as caught:
            graph.check()
    assert caught.value.key == "fault.endpoint-cut"
    assert caught.value.values["found"] == 200


def test_a_cell_that_no_table_can_hold_is_told(small_graph, tmp_path) -> None:
    small_graph.export(tmp_path / "small.nq")
    text = (tmp_path / "small.nq").read_text("utf-8").replace('"50"^^', '"fifty"^^')
    with oxigraph_server() as address:
        request = urllib.request.Request(  # noqa: S310
            f"{address}/store", text.encode(), {"Content-Type": "application/n-quads"}
        )
        urllib.request.urlopen(request).close()  # noqa: S310
        said = fault(f"{address}/query")
    assert "the table actors cannot be read" in said
    assert "actor/small/spin is fifty" in said


@pytest.mark.parametrize("form", ["table", "csv", "json", "md", "tsv", "xml", "ttl", "parquet"])
def test_a_query_is_answered_in_every_format(form, server, demo_graph, tmp_path) -> None:
    asked = "SELECT ?c ?l { ?c a kl:Cluster ; rdfs:label ?l FILTER (LANG(?l) = '') } ORDER BY ?c"
    if form == "ttl":
        asked = "CONSTRUCT { ?c a kl:X } { ?c a kl:Cluster } ORDER BY ?c"
    found = []
    for name, graph in (("here", demo_graph.path), ("there", server)):
        options = ("-o", tmp_path / name) if form == "parquet" else ()
        result = run("query", graph, asked, "--format", form, *options)
        assert result.exit_code == 0, result.output
        found.append((tmp_path / name).read_bytes() if options else result.stdout)
    if form == "ttl":
        # With other prefixes, in another order.
        found = [sorted(map(str, parse(text, format=RdfFormat.TURTLE))) for text in found]
    assert found[0] == found[1]
    assert len(found[0]) >= 8


def test_a_query_that_takes_too_long_is_ended() -> None:
    def answer(path, body, headers):
        time.sleep(2)
        return held()

    with answering(answer) as (address, _), pytest.raises(Fault) as caught:
        b"".join(RemoteStore(Endpoint(address)).ask("SELECT ?s {}", limits=Limits(seconds=0.3)))
    assert caught.value.key == "fault.timeout"
