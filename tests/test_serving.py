"""The endpoint: the protocols it speaks, who may do what, and that no request brings it down."""

from __future__ import annotations

import io
import json
import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import rdflib
from pyoxigraph import RdfFormat, parse
from served import FORM, JSON, serving

from klaster.graph.serving.negotiation import GRAPHS, RESULTS, choose
from klaster.ontology.labels import LANGUAGES
from klaster.ontology.terms import graph_iri

SD = rdflib.Namespace("http://www.w3.org/ns/sparql-service-description#")
NAMES = "SELECT ?name { ?a a kl:Enterprise ; rdfs:label ?name } ORDER BY ?name"


@pytest.fixture(scope="module")
def server(small_graph):
    with serving(small_graph.path, "--workers", "2") as started:
        yield started


@pytest.fixture
def copied(small_graph, tmp_path) -> Path:
    path = tmp_path / "small.klaster"
    shutil.copytree(small_graph.path, path)
    return path


@pytest.fixture(scope="module")
def base(small_graph) -> str:
    return small_graph.base


def get(sparql: str, **more: str) -> str:
    return "/sparql?" + urlencode({"query": sparql, **more})


def rows(reply) -> list[list[str]]:
    assert reply.status == 200, reply.text
    found = json.loads(reply.body)
    return [
        [binding[name]["value"] for name in found["head"]["vars"] if name in binding]
        for binding in found["results"]["bindings"]
    ]


# Formats


@pytest.mark.parametrize(
    ("accept", "sent"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/json", JSON),
        ("application/sparql-results+xml", "application/sparql-results+xml"),
        ("text/csv", "text/csv"),
        ("text/csv;q=0.2, text/tab-separated-values;q=0.9", "text/tab-separated-values"),
        ("text/*;q=0.5, application/xml;q=0.4", "text/csv"),
        ("text/html, */*;q=0.1", JSON),
        ("TEXT/CSV; header=present; q=1.0", "text/csv"),
        ("application/sparql-results+json;q=0, */*", "application/sparql-results+xml"),
        ("text/turtle, text/csv;q=0.1", "text/csv"),
        ("no type; q=x,,,", JSON),
    ],
)
def test_rows_come_in_the_format_that_is_liked_best(server, accept, sent) -> None:
    reply = server.get(get(NAMES), **({"Accept": accept} if accept else {}))
    assert reply.status == 200
    assert reply.kind == sent
    assert b"Ginner" in reply.body


@pytest.mark.parametrize(
    ("accept", "sent"),
    [
        ("*/*", "text/turtle"),
        ("application/n-triples", "application/n-triples"),
        ("application/rdf+xml", "application/rdf+xml"),
        ("application/ld+json", "application/ld+json"),
        ("application/xml;q=0.3, text/turtle;q=0.1", "application/rdf+xml"),
    ],
)
def test_graphs_come_in_the_format_that_is_liked_best(server, accept, sent) -> None:
    reply = server.query("CONSTRUCT WHERE { ?a kl:suppliesTo ?b }", Accept=accept)
    assert (reply.status, reply.kind) == (200, sent)
    found = parse(reply.body, RdfFormat.from_media_type(sent))
    assert {quad.subject.value.rsplit("/", 1)[1] for quad in found} == {"gin", "spin"}


def test_a_truth_value_comes_in_every_format(server) -> None:
    asked = "ASK { ?a kl:suppliesTo ?b }"
    assert json.loads(server.query(asked).body)["boolean"] is True
    assert b"<boolean>true</boolean>" in server.query(asked, Accept="text/xml").body
    assert server.query(asked, Accept="text/csv").body == b"true"


@pytest.mark.parametrize("accept", ["image/png", "*/*;q=0", "text/turtle"])
def test_a_format_that_there_is_not_is_told(server, accept) -> None:
    assert server.query(NAMES, Accept=accept).status == 406


def test_programs_without_headers_name_the_format(server) -> None:
    assert server.get(get(NAMES, format="csv")).text.startswith("name\r\nGinner\r\n")
    assert server.get(get(NAMES, format="exe")).kind == JSON
    assert server.get(get(NAMES, format="ttl")).status == 406


def test_the_most_specific_range_decides() -> None:
    assert choose("text/*;q=0.1, text/csv;q=0.9, */*;q=0.2", RESULTS) == "text/csv"
    assert choose("*/*, text/turtle;q=0", GRAPHS) == "application/n-triples"
    assert choose("text/turtle;q=2", GRAPHS) == "text/turtle"


# The protocol


def test_a_query_comes_in_three_ways_and_gives_the_same(server) -> None:
    direct = server.call("POST", "/sparql", NAMES.encode(), Content_Type="application/sparql-query")
    charset = "application/sparql-query; charset=UTF-8"
    asked = server.call("POST", "/sparql", NAMES.encode(), Content_Type=charset)
    assert rows(server.get(get(NAMES))) == rows(server.query(NAMES)) == rows(direct) == rows(asked)
    assert server.call("HEAD", get(NAMES)).status == 200


@pytest.mark.parametrize(
    ("method", "path", "kind", "body", "status"),
    [
        ("GET", "/sparql?query=SELECT", "", b"", 400),
        ("GET", "/sparql?query=", "", b"", 400),
        ("GET", get(NAMES) + "&query=ASK%7B%7D", "", b"", 400),
        ("GET", "/sparql?default-graph-uri=http://x.example/", "", b"", 400),
        ("GET", get(NAMES) + "&default-graph-uri=relative", "", b"", 400),
        ("GET", "/sparql?query=%FF%FE", "", b"", 400),
        ("GET", "/sparql?update=CLEAR+ALL", "", b"", 403),
        ("GET", "/sparql?" + "a=1&" * 2000, "", b"", 400),
        ("POST", "/sparql", "text/plain", b"ASK {}", 415),
        ("POST", "/sparql", "", b"query=ASK%7B%7D", 415),
        ("POST", "/sparql", "application/sparql-query; charset=utf-16", b"ASK {}", 415),
        ("POST", "/sparql", "application/sparql-query", b"ASK { ?s ?p \xff }", 400),
        ("POST", "/sparql", FORM, b"", 400),
        ("POST", "/sparql", FORM, b"update=CLEAR+ALL", 403),
        ("POST", "/sparql?query=ASK%7B%7D", FORM, b"query=ASK%7B%7D", 400),
        ("POST", "/sparql", "application/sparql-update", b"CLEAR ALL", 415),
        ("PUT", "/sparql", FORM, b"query=ASK%7B%7D", 405),
        ("DELETE", get(NAMES), "", b"", 405),
        ("BREW", "/sparql", "", b"", 405),
        ("GET", "/nothing", "", b"", 404),
        ("GET", "/questions/no-such-question", "", b"", 404),
        ("POST", "/", FORM, b"", 405),
    ],
)
def test_what_is_no_request_is_told(server, method, path, kind, body, status) -> None:
    reply = server.call(method, path, body or None, **({"Content_Type": kind} if kind else {}))
    assert reply.status == status
    if method != "HEAD":
        assert reply.kind == "text/plain"
        assert len(reply.text) > 10
    assert ("allow" in reply.headers) == (status == 405)


def test_a_syntax_error_is_shown_in_the_language_of_the_client(server) -> None:
    wrong = "SELECT ?a {\n  ?a kl:suppliesTo }"
    told = {code: server.query(wrong, Accept_Language=code) for code in LANGUAGES}
    assert {reply.status for reply in told.values()} == {400}
    assert len({reply.text for reply in told.values()}) == 3
    assert all("?a kl:suppliesTo }\n" in reply.text for reply in told.values())
    assert told["uz"].headers["content-language"] == "uz"
    assert server.call("GET", get(wrong, lang="ru"), Accept_Language="uz").text == told["ru"].text
    assert server.query(wrong, Accept_Language="de, ru;q=0.3, uz;q=0.2").text == told["ru"].text


def test_the_dataset_of_the_request_stands_before_that_of_the_query(server, base) -> None:
    count = "SELECT (COUNT(*) AS ?n) %s { ?a kl:suppliesTo ?b }"
    inside = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?a kl:suppliesTo ?b } }"
    source, other = graph_iri(base, "derived"), "https://example.org/none"

    def counted(sparql: str, **dataset: str) -> str:
        return rows(server.get(get(sparql, **dataset)))[0][0]

    whole = counted(count % "")
    assert int(whole) > 0
    assert counted(count % "", **{"default-graph-uri": source}) == whole
    assert counted(count % "", **{"default-graph-uri": other}) == "0"
    assert counted(count % f"FROM <{other}>") == "0"
    assert counted(count % f"FROM <{other}>", **{"default-graph-uri": source}) == whole
    assert counted(count % "", **{"named-graph-uri": source}) == "0"
    assert counted(inside, **{"named-graph-uri": source}) == whole
    assert counted(inside, **{"named-graph-uri": other}) == "0"
    body = urlencode({"query": inside, "named-graph-uri": source}).encode()
    assert rows(server.call("POST", "/sparql", body, Content_Type=FORM)) == [[whole]]


def test_terms_are_put_in_as_terms(server, base) -> None:
    gin = f"<{base}actor/small/gin>"
    names = "SELECT ?a ?name { ?a rdfs:label ?name }"
    assert rows(server.get(get(names, **{"$a": gin}))) == [[gin[1:-1], "Ginner"]]
    for evil in (
        "?x",
        "<a> . <b> <c> <d>",
        "_:b",
        '"x',
        "",
        "<x:y> } { ?s ?p ?o",
        "<<( <a:> <b:> <c:> )>>",
    ):
        assert server.get(get(names, **{"$a": evil})).status == 400, evil
    assert server.get(get(names, **{"$a b": gin})).status == 400
    assert server.get(get(names, **{"$other": gin})).status == 400


def test_the_service_describes_itself(server, base, small_graph) -> None:
    reply = server.get("/sparql", Accept="text/turtle")
    found = rdflib.Graph().parse(data=reply.body, format="turtle")
    (service,) = found.subjects(rdflib.RDF.type, SD.Service)
    assert str(service) == server.address + "sparql"
    assert found.value(service, SD.endpoint) == service
    assert SD.UnionDefaultGraph in set(found.objects(service, SD.feature))
    assert SD.BasicFederatedQuery not in set(found.objects(service, SD.feature))
    dataset = found.value(service, SD.defaultDataset)
    named = {str(found.value(graph, SD.name)) for graph in found.objects(dataset, SD.namedGraph)}
    asked = "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }"
    assert named == {graph for (graph,) in rows(server.query(asked))}
    assert server.get("/sparql", Accept="application/rdf+xml").kind == "application/rdf+xml"
    assert server.get("/sparql", Accept="image/png").status == 406
    browser = server.get("/sparql", Accept="text/html,application/xml;q=0.9,*/*;q=0.8")
    assert (browser.status, browser.headers["location"]) == (303, "./")


def test_nothing_is_written_without_the_option(server, base) -> None:
    path = "/store?graph=" + quote(graph_iri(base, "source", "small"), safe="")
    put = server.call("PUT", path, b"", Content_Type="text/turtle", Authorization="Bearer x")
    assert (put.status, put.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert "--write" in put.text
    assert server.call("DELETE", path, Authorization="Bearer x").status == 405


# Clients


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")
def test_sparqlwrapper_works(server, base) -> None:
    wrapper = pytest.importorskip("SPARQLWrapper")
    client = wrapper.SPARQLWrapper(server.address + "sparql")
    for method in (wrapper.GET, wrapper.POST):
        client.setMethod(method)
        client.setQuery(NAMES)
        for form in (wrapper.JSON, wrapper.XML, wrapper.CSV, wrapper.TSV):
            client.setReturnFormat(form)
            assert "Ginner" in str(
                client.queryAndConvert().toxml()
                if form == wrapper.XML
                else client.queryAndConvert()
            )
        client.setQuery("CONSTRUCT WHERE { ?a kl:suppliesTo ?b }")
        for form in (wrapper.TURTLE, wrapper.RDFXML, wrapper.JSONLD):
            client.setReturnFormat(form)
            found = client.queryAndConvert()
            graph = found if isinstance(found, rdflib.Graph) else rdflib.Graph().parse(data=found)
            assert len(graph) == 2
    client.setRequestMethod(wrapper.POSTDIRECTLY)
    client.setQuery(NAMES)
    client.setReturnFormat(wrapper.JSON)
    assert len(client.queryAndConvert()["results"]["bindings"]) == 3
    client.addDefaultGraph("https://example.org/none")
    assert client.queryAndConvert()["results"]["bindings"] == []
    client.setQuery("SELECT {")
    with pytest.raises(wrapper.SPARQLExceptions.QueryBadFormed):
        client.query()


def test_rdflib_reads_it_as_a_store(server, base) -> None:
    from rdflib.plugins.stores.sparqlstore import SPARQLStore

    for method in ("GET", "POST", "POST_FORM"):
        store = SPARQLStore(server.address + "sparql", method=method)
        graph = rdflib.Graph(store)
        supplies = rdflib.URIRef("https://w3id.org/klaster/ontology#suppliesTo")
        assert {str(b).rsplit("/", 1)[1] for b in graph.objects(predicate=supplies)} == {
            "spin",
            "weave",
        }
        (row,) = graph.query("SELECT (COUNT(*) AS ?n) { ?a kl:suppliesTo ?b }")
        assert row.n.toPython() == 2


# Caches


def test_an_answer_that_is_held_is_not_sent_again(server) -> None:
    first = server.get(get(NAMES))
    tag = first.headers["etag"]
    again = server.get(get(NAMES), If_None_Match=tag)
    assert (again.status, again.body) == (304, b"")
    assert server.get(get(NAMES), Accept="text/csv", If_None_Match=tag).status == 200
    assert "etag" not in server.get(get("SELECT (NOW() AS ?now) {}")).headers


def test_answers_are_packed_for_who_unpacks(server) -> None:
    import gzip

    asked = "SELECT * { ?s ?p ?o } LIMIT 500"
    packed = server.query(asked, Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    plain = server.query(asked)
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(packed.body) == plain.body


# Who may ask


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:8000", 200),
        ("192.168.3.4", 200),
        (socket.gethostname(), 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("[::1", 421),
        ("a@localhost", 200),
        ("localhost@evil.example", 421),
        ("", 421),
    ],
)
def test_a_name_that_is_not_the_servers_is_refused(server, host, status) -> None:
    request = f"GET {get('ASK {}')} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    assert server.raw(request.encode()).split(b" ")[1] == str(status).encode()


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:3000", 200),
        ("https://127.0.0.1", 200),
        ("https://evil.example", 403),
        ("http://localhost.evil.example", 403),
        ("http://localhost:3000.evil.example", 403),
        ("null", 403),
    ],
)
def test_only_sites_of_this_machine_query(server, origin, status) -> None:
    reply = server.get(get("ASK {}"), Origin=origin)
    assert reply.status == status
    allowed = reply.headers.get("access-control-allow-origin")
    assert allowed == (origin if status == 200 else None)
    asked = {"Origin": origin, "Access_Control_Request_Method": "POST"}
    before = server.call(
        "OPTIONS", "/sparql", Access_Control_Request_Headers="content-type", **asked
    )
    assert before.status == status
    if status == 200:
        assert "POST" in before.headers["access-control-allow-methods"]
        assert "Content-Type" in before.headers["access-control-allow-headers"]


def test_a_strange_page_cannot_have_queries_run_unseen(server) -> None:
    hidden = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}
    assert server.get(get("ASK {}"), **hidden).status == 403
    followed = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert server.get("/", **followed).status == 200


def test_no_query_reaches_another_machine_unless_it_is_named(server, small_graph) -> None:
    call = f"SELECT ?x {{ SERVICE <{server.address}sparql> {{ BIND (1 AS ?x) }} }}"
    assert server.query(call).status == 400
    with serving(small_graph.path, "--allow-host", "127.0.0.1", "--workers", "1") as open_server:
        assert rows(open_server.query(call)) == [["1"]]
        away = "SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }"
        assert open_server.query(away).status == 502
        assert open_server.query(away.replace("127.0.0.1", "localhost")).status == 400


# The documentation


def blocks(language: str) -> list[str]:
    text = (Path(__file__).parents[1] / "docs/serving.md").read_text("utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_examples_in_python_run(server) -> None:
    pytest.importorskip("SPARQLWrapper")
    found: dict[str, Any] = {}
    for block in blocks("python"):
        exec(block.replace("http://127.0.0.1:8000/", server.address), found)  # noqa: S102
        found.get("answer", io.BytesIO()).close()
    assert found["frame"].columns[:2] == ["cluster", "clusterName"]
    assert found["names"] == ["Cotton"]
    assert [str(cluster).rsplit("/", 1)[1] for cluster in found["clusters"]] == ["c"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_example_of_a_command_line_runs(server) -> None:
    (line,) = [block for block in blocks("sh") if "/sparql" in block]
    line = line.replace("http://127.0.0.1:8000/", server.address).replace("curl", "curl -s", 1)
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["name", "Cotton"]


def test_the_limits_told_are_those_of_the_command() -> None:
    from klaster.commands.serving import serve

    text = (Path(__file__).parents[1] / "docs/serving.md").read_text("utf-8")
    told = dict(re.findall(r"\| `--([a-z-]+) (\d+)` \|", text))
    given = {parameter.opts[0][2:]: parameter.default for parameter in serve.params}
    assert set(told) == {"timeout", "limit-memory", "limit-rows", "workers"}
    assert {name: int(str(given[name]).removesuffix(".0")) for name in told} == {
        n: int(value) for n, value in told.items()
    }
    for option in re.findall(r"(?<!-)--([a-z][a-z-]*)", text):
        assert option in given or option in ("data-urlencode", "data-binary", ""), option
