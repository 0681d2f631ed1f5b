"""Graphs behind SPARQL endpoints come in as tables, whatever the endpoint does."""

from __future__ import annotations

import gc
import json
import sys
import threading
import time
import urllib.request

import pytest
from rdf_sources import HEAD, answering, cells, contents, landed, oxigraph_server, put, typed

from klaster.loaders.rdf.endpoint import read_endpoint
from klaster.loaders.rdf.files import read_rdf
from klaster.ontology.faults import Fault
from klaster.ontology.protocol import is_endpoint

JSON = "application/sparql-results+json"
FIRMS = f"""{HEAD}
x:a a kl:Enterprise ; rdfs:label "A" ; kl:suppliesTo x:b . x:b a kl:Enterprise ; rdfs:label "B" .
x:n a x:Note . x:m a x:Note .
""".encode()


def fault(address: str, construct: str = "", timeout: float = 5) -> Fault:
    with pytest.raises(Fault) as caught:
        list(read_endpoint(address, construct, timeout=timeout))
    for language in ("en", "ru", "uz"):
        assert caught.value.text(language)
    return caught.value


def bindings(*rows: dict[str, dict[str, str]]) -> bytes:
    names = sorted({name for row in rows for name in row})
    return json.dumps({"head": {"vars": names}, "results": {"bindings": list(rows)}}).encode()


@pytest.fixture(scope="module")
def server():
    with oxigraph_server() as address:
        yield address


@pytest.mark.parametrize("where", ["default", "graph=https://example.org/graph"])
def test_a_graph_comes_over_the_wire_as_it_is(server, demo_graph, tmp_path, where) -> None:
    demo_graph.export(tmp_path / "demo.ttl")
    for graph in ("default", "graph=https://example.org/graph"):
        put(
            server,
            (tmp_path / "demo.ttl").read_bytes() if graph == where else b"",
            "text/turtle",
            graph,
        )
    raws = list(read_endpoint(f"{server}/query"))
    assert not [raw.place for raw in raws if raw.name == "?"]
    again = landed(raws, tmp_path / "uzbekistan.klaster", "again")
    assert contents(again) == contents(demo_graph)
    put(server, b"", "text/turtle", "graph=https://example.org/graph")


def test_classes_that_are_not_ours_are_counted(server) -> None:
    put(server, FIRMS, "text/turtle")
    raws = list(read_endpoint(f"{server}/query"))
    assert [raw.place for raw in raws if raw.name == "?"] == [
        f"{server}/query: https://example.org/Note (2)"
    ]
    assert cells(raws, "supplies") == [
        {"supplier": "https://example.org/a", "buyer": "https://example.org/b"}
    ]


def test_blank_nodes_stay_joined_across_tables(server, tmp_path) -> None:
    text = f"""{HEAD}
    [] a kl:SupplyLink ; kl:supplier [ a kl:Enterprise ; rdfs:label "A" ] ;
      kl:buyer [ a kl:Enterprise ; rdfs:label "B" ] ."""
    (tmp_path / "g.ttl").write_text(text)
    put(server, text.encode(), "text/turtle")
    frames = typed(read_endpoint(f"{server}/query")).frames
    names = dict(frames["actors"].select("iri", "name").rows())
    link = frames["supplies"].row(0, named=True)
    assert (names[link["supplier"]], names[link["buyer"]]) == ("A", "B")
    local = typed(read_rdf(tmp_path / "g.ttl")).frames
    assert set(local["actors"]["iri"]) == set(names)


def test_a_mapping_is_run_by_the_endpoint(server) -> None:
    put(server, FIRMS, "text/turtle")
    mapping = """CONSTRUCT { ?n a kl:Enterprise ; rdfs:label "Note" } WHERE { ?n a <https://example.org/Note> }
    CONSTRUCT { <https://example.org/n> kl:owns <https://example.org/m> } WHERE {}"""
    raws = list(read_endpoint(f"{server}/query", mapping))
    assert {row["id"] for row in cells(raws, "actors")} == {
        "https://example.org/n",
        "https://example.org/m",
    }
    assert len(cells(raws, "ownerships")) == 1
    assert (
        fault(f"{server}/query", "CONSTRUCT WHERE { ?s a kl:Award }").key == "fault.mapping-nothing"
    )


def test_a_mapping_is_checked_before_anything_is_sent() -> None:
    with answering(lambda *_: (200, {}, b"")) as (address, seen):
        assert fault(address, "CONSTRUCT { ?s }").key == "fault.mapping-syntax"
        call = f"CONSTRUCT WHERE {{ ?s ?p ?o .SERVICE <{address}> {{ ?s ?p ?o }} }}"
        assert fault(address, call).key == "fault.service"
    assert seen == []


def test_what_an_endpoint_says_against_a_query_is_told(server) -> None:
    found = fault(f"{server}/nothing")
    assert (found.key, found.values["status"]) == ("fault.endpoint-status", 404)
    assert "not supported" in str(found)


# A server that asks the real one and hands on no more rows than its limit.


def limited(server: str, limit: int):
    def answer(path, body, headers):
        kept = {name: headers[name] for name in ("Accept", "Content-Type")}
        request = urllib.request.Request(f"{server}/query", body, kept)  # noqa: S310
        with urllib.request.urlopen(request) as real:  # noqa: S310
            found = json.load(real)
        if "results" in found:
            found["results"]["bindings"] = found["results"]["bindings"][:limit]
        return 200, {"Content-Type": JSON}, json.dumps(found).encode()

    return answer


def test_answers_cut_short_are_fetched_page_by_page(server) -> None:
    firms = "".join(f'x:f{n:02} a kl:Enterprise ; rdfs:label "{n}" .\n' for n in range(20))
    put(server, (HEAD + firms).encode(), "text/turtle")
    with answering(limited(server, 7)) as (address, seen):
        raws = list(read_endpoint(address))
    assert [row["name"] for row in cells(raws, "actors")] == [str(n) for n in range(20)]
    assert sum(b"OFFSET" in body for *_, body in seen) == 6


def test_blank_nodes_cut_short_are_refused(server) -> None:
    firms = "".join(f'[] a kl:Enterprise ; rdfs:label "{n}" .\n' for n in range(20))
    put(server, (HEAD + firms).encode(), "text/turtle")
    with answering(limited(server, 7)) as (address, _):
        found = fault(address)
    assert (found.key, found.values["found"], found.values["whole"]) == (
        "fault.endpoint-cut",
        7,
        40,
    )


# Endpoints gone wrong


@pytest.mark.parametrize(
    "address",
    ["http://", "https:///query", "http://[x", "ftp://x/", "http://x:99999/", "http://a b/"],
)
def test_what_is_no_address_is_refused(address) -> None:
    assert fault(address).key == "fault.endpoint-address"


def test_an_address_is_known_by_its_scheme() -> None:
    assert is_endpoint("HTTP://x")
    assert not is_endpoint("file:///etc/passwd")


def test_a_password_is_sent_and_never_shown() -> None:
    def answer(path, body, headers):
        return 401, {"Content-Type": "text/html"}, b"<html>\n<h1>No entry</h1></html>"

    with answering(answer) as (address, seen):
        found = fault(address.replace("http://", "http://me:s%40cret@"))
    assert str(found).startswith(f"{address}: the endpoint does not let you in (401): No entry. ")
    assert seen[0][2]["Authorization"] == "Basic bWU6c0BjcmV0"
    for wrong in ("http://me:s@cret@[x/", "http://me:cret@x:99999/", "http://me:cret@/"):
        assert "cret" not in str(fault(wrong))
    assert "cret" not in str(fault("http://me:cret@127.0.0.1:1/"))


def test_a_redirect_keeps_the_query_and_leaves_the_password_behind() -> None:
    with answering(lambda *_: (500, {}, b"here")) as (other, seen_there):

        def answer(path, body, headers):
            return 302, {"Location": "/next" if path == "/" else f"{other}/far"}, b""

        with answering(answer) as (address, seen):
            found = fault(address.replace("http://", "http://me:pw@") + "/")
    assert found.values["reason"] == "here"
    assert [(method, path) for method, path, *_ in seen] == [("POST", "/"), ("POST", "/next")]
    assert all("Authorization" in headers for _, _, headers, _ in seen)
    ((method, path, headers, body),) = seen_there
    assert (method, path, b"query=" in body) == ("POST", "/far", True)
    assert "Authorization" not in headers


@pytest.mark.parametrize(
    ("target", "key"),
    [
        ("file:///etc/passwd", "fault.endpoint-address"),
        ("ftp://127.0.0.1/", "fault.endpoint-address"),
        ("/", "fault.endpoint-unreachable"),
        ("", "fault.endpoint-unreachable"),
    ],
)
def test_a_redirect_leads_nowhere_else(target, key) -> None:
    with answering(lambda *_: (302, {"Location": target}, b"")) as (address, seen):
        assert fault(f"{address}/").key == key
    assert len(seen) <= 6


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        ("text/html", b"<html>", "fault.endpoint-content"),
        ("", b"", "fault.endpoint-content"),
        (JSON, b"{", "fault.endpoint-content"),
        (JSON, b"[]", "fault.endpoint-content"),
        (JSON, bindings(), "fault.endpoint-content"),
        (
            JSON,
            b'{"head":{"vars":["s"]},"results":{"bindings":[{"s":' + b'{"a":' * 50_000,
            "fault.rdf-deep",
        ),
        (
            "application/sparql-results+xml",
            b"<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a/>",
            "fault.rdf-entities",
        ),
        ("application/sparql-results+xml", b"<sparql>", "fault.rdf-syntax"),
        ("text/tab-separated-values", b"?s\n<<( <http://a> <http://b>", "fault.endpoint-content"),
    ],
)
def test_an_answer_that_is_none_is_refused(kind, body, key) -> None:
    with answering(lambda *_: (200, {"Content-Type": kind}, body)) as (address, _):
        assert fault(address).key == key


IRI = {"type": "uri", "value": "https://example.org/a"}
LITERAL = {"type": "literal", "value": "x"}
BLANK = {"type": "bnode", "value": "b"}


@pytest.mark.parametrize(
    "row",
    [
        {"s": LITERAL},
        {"s": LITERAL, "p": IRI, "o": IRI},
        {"s": IRI, "p": LITERAL, "o": IRI},
        {"s": IRI, "p": BLANK, "o": IRI},
        {"s": IRI, "p": IRI},
    ],
)
def test_rows_of_another_shape_are_refused(row) -> None:
    def answer(path, body, headers):
        if b"ASK" in body:
            return 200, {"Content-Type": JSON}, b'{"head":{},"boolean":false}'
        return 200, {"Content-Type": JSON}, bindings(row)

    with answering(answer) as (address, _):
        assert fault(address).key == "fault.endpoint-content"


@pytest.mark.parametrize(
    "body", [bindings({"s": LITERAL}), bindings({"s": IRI})[:-3], b'{"head":{"vars":["s"']
)
def test_a_parser_does_not_outlive_its_thread_in_an_error(monkeypatch, body) -> None:
    dropped: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", dropped.append)
    gc.disable()
    try:
        with answering(lambda *_: (200, {"Content-Type": JSON}, body)) as (address, _):
            # The error is kept by a ring of references, as pytest and notebooks keep them.
            assert fault(address).key == "fault.endpoint-content"
        other = threading.Thread(target=gc.collect)
        other.start()
        other.join()
    finally:
        gc.enable()
    assert not dropped


def test_a_silent_endpoint_is_not_waited_for() -> None:
    def answer(path, body, headers):
        time.sleep(3)
        return 200, {}, b""

    start = time.monotonic()
    with answering(answer) as (address, _):
        assert fault(address, timeout=0.3).key == "fault.endpoint-unreachable"
        assert time.monotonic() - start < 2


def test_an_answer_beyond_the_limit_is_refused(monkeypatch) -> None:
    monkeypatch.setattr("klaster.loaders.rdf.files.UNPACKED_LIMIT", 1000)
    body = json.dumps({"head": {}, "boolean": False, "x": "y" * 2000}).encode()
    with answering(lambda *_: (200, {"Content-Type": JSON}, body)) as (address, _):
        assert fault(address).key == "fault.rdf-large"


def test_an_endpoint_without_our_terms_asks_for_a_mapping(server) -> None:
    put(server, b"<https://example.org/n> a <https://example.org/Note> .", "text/turtle")
    found = fault(f"{server}/query")
    assert found.key == "fault.rdf-none"
    assert "https://example.org/Note" in str(found)
