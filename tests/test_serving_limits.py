"""A server under load and attack: each limit has its status, and nothing brings it down."""

from __future__ import annotations

import http.client
import signal
import socket
import string
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlencode

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from served import FORM, HOURS, JSON, Served, serving

SLOW = (
    b"POST /sparql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
    b"Content-Type: application/sparql-query\r\n\r\nASK"
)
NAMES = "SELECT ?name { ?a a kl:Enterprise ; rdfs:label ?name }"


@pytest.fixture(scope="module")
def server(small_graph):
    limits = ("--timeout", "2", "--limit-rows", "20000", "--limit-memory", "400")
    with serving(small_graph.path, *limits, "--workers", "2") as started:
        yield started


IMPATIENT = """
import sys
from pathlib import Path
from klaster.graph.serving.server import serve
from klaster.graph.serving.settings import Settings
from klaster.graph.store.guard import Limits

told = Settings(
    Path(sys.argv[1]), limits=Limits(seconds=0.3), workers=1, waiting=8, patience=0.5
)
serve(told, "127.0.0.1", 0, ready=lambda address: print(address, flush=True))
"""


@pytest.fixture(scope="module")
def impatient(small_graph):
    """A server that waits for half a second for anything."""
    command = [sys.executable, "-c", IMPATIENT, str(small_graph.path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield Served(process, process.stdout.readline().strip(), "")
        process.send_signal(signal.SIGINT)


def running(served) -> list[psutil.Process]:
    return psutil.Process(served.process.pid).children()


def test_a_query_of_hours_is_ended_while_small_ones_are_answered(server) -> None:
    with ThreadPoolExecutor() as pool:
        start = time.monotonic()
        heavy = pool.submit(server.query, HOURS)
        times = []
        while not heavy.done():
            began = time.monotonic()
            assert server.query(NAMES).status == 200
            times.append(time.monotonic() - began)
        assert heavy.result().status == 504
        assert "2 s" in heavy.result().text
        assert 1.5 < time.monotonic() - start < 8
    # Alone they take milliseconds; what a busy machine gives is measured in benchmarks/serving.py.
    assert len(times) > 20
    assert sorted(times)[len(times) * 95 // 100] < 1


def test_too_many_rows_are_told_and_not_cut(server) -> None:
    reply = server.query("SELECT (1 AS ?x) { ?a ?b ?c . ?d ?e ?f } LIMIT 20001", Accept="text/csv")
    assert (reply.status, "20000" in reply.text) == (422, True)
    kept = server.query("SELECT (1 AS ?x) { ?a ?b ?c . ?d ?e ?f } LIMIT 20000", Accept="text/csv")
    assert kept.body.count(b"\n") == 20001


def test_too_much_memory_is_told(server) -> None:
    reply = server.query("SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?i ?f ?c ?a")
    assert reply.status in (422, 504), reply.text
    assert server.query(NAMES).status == 200


def test_a_query_that_the_engine_cannot_bear_is_told(server) -> None:
    reply = server.query("SELECT * {" + "{" * 40_000 + "}" * 40_000 + "}")
    assert reply.status == 422
    assert server.query(NAMES).status == 200


def test_a_limit_passed_late_breaks_the_answer_off(server) -> None:
    wide = "SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 20001"
    with pytest.raises(http.client.IncompleteRead):
        server.query(wide)
    with pytest.raises(http.client.IncompleteRead):
        server.query(wide, Accept_Encoding="gzip")
    assert server.query(NAMES).status == 200


def test_large_requests_are_refused_before_they_are_read(server) -> None:
    large = b"query=" + b"x" * (2 << 20)
    assert server.call("POST", "/sparql", large, Content_Type=FORM).status == 413
    head = b"POST /sparql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sparql-query\r\n"
    said = server.raw(head + b"Content-Length: 99999999999\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 413 ")
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    chunks = b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 20 + b"0\r\n\r\n"
    assert server.raw(head + chunks).startswith(b"HTTP/1.1 413 ")
    assert server.get("/sparql?query=" + "x" * 70_000).status == 414
    assert server.get("/" + "x" * 70_000).status == 414
    assert server.raw(b"GET / HTTP/1.1\r\nx: " + b"y" * 400_000).startswith(b"HTTP/1.1 400 ")


def test_queries_wait_for_a_moment_and_are_then_turned_away(impatient) -> None:
    with ThreadPoolExecutor(12) as pool:
        replies = list(pool.map(lambda _: impatient.query(HOURS, timeout=60), range(12)))
    statuses = [reply.status for reply in replies]
    assert set(statuses) <= {429, 503, 504}
    assert 504 in statuses
    assert 429 in statuses
    for reply in replies:
        assert reply.status == 504 or int(reply.headers["retry-after"]) > 0
    assert impatient.query(NAMES).status == 200


def test_a_query_whose_client_has_gone_is_ended(server) -> None:
    before = {child.pid for child in running(server)}
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/sparql?" + urlencode({"query": HOURS}))
    time.sleep(0.5)
    connection.close()
    until = time.monotonic() + 1.4
    while time.monotonic() < until and {child.pid for child in running(server)} == before:
        time.sleep(0.02)
    # The process was replaced before the query's own limit of two seconds.
    assert {child.pid for child in running(server)} != before


@pytest.mark.parametrize(
    ("begun", "answer"),
    [(b"", b""), (b"GET / HTTP/1.1\r\nHost: loc", b""), (SLOW, b"HTTP/1.1 408 ")],
    ids=["nothing", "half a head", "half a body"],
)
def test_clients_that_keep_the_server_waiting_are_left(impatient, begun, answer) -> None:
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=5) as stream:
        stream.sendall(begun)
        start = time.monotonic()
        try:
            found = stream.recv(65536)
        except ConnectionResetError:
            found = b""
        assert found.startswith(answer)
        assert time.monotonic() - start < 4


def test_a_client_that_does_not_read_is_left(impatient) -> None:
    with socket.socket() as stream:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stream.connect(("127.0.0.1", impatient.port))
        # More than the system itself holds between the two.
        stream.sendall(b"GET /static/yasgui.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)
        own = stream.getsockname()[1]
        process = psutil.Process(impatient.process.pid)

        def held() -> bool:
            return any(c.raddr and c.raddr[1] == own for c in process.net_connections())

        time.sleep(0.3)
        assert held()
        until = time.monotonic() + 8
        while held() and time.monotonic() < until:
            time.sleep(0.1)
        assert not held()


def test_no_process_outlives_a_server_that_is_killed(small_graph) -> None:
    command = [
        sys.executable,
        "-m",
        "klaster",
        "serve",
        str(small_graph.path),
        "--port",
        "0",
        "--workers",
        "2",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        process.stdout.readline()
        children = psutil.Process(process.pid).children()
        assert len(children) == 2
        process.kill()
    assert psutil.wait_procs(children, timeout=5)[1] == []


# Anything at all

PATHS = st.sampled_from(
    [
        "/",
        "/sparql",
        "/store",
        "/questions",
        "/questions/single-sourced",
        "/static/query.js",
        "/questions/single-sourced/values",
        "/ontology/en.html",
        "/static/",
        "/../",
        "//sparql",
    ]
)
# Pieces that have broken servers before.
EVIL = st.sampled_from(
    [
        "'",
        '"',
        "\\",
        "\x00",
        "\r\n",
        "%00",
        "%ff%fe",
        "%c0%ae",
        "../",
        "..%2f",
        "}",
        "{",
        "<",
        ">",
        "#",
        "?",
        "&",
        "=",
        ";",
        "$a",
        "SERVICE <http://127.0.0.1/> {}",
        "LOAD <file:///etc/passwd>",
        "\ud800",
        "\u202e",
        "𝕏" * 10,
        "(" * 2000,
        "<<( " * 200,
        "A" * 20_000,
        "${jndi:x}",
        "{{7*7}}",
        "query=",
        "update=",
        "default-graph-uri=",
        "graph=",
        "lang=",
        "format=",
        "cluster=",
        "SELECT * { ?s ?p ?o } LIMIT 1",
        "ASK {}",
        "CONSTRUCT WHERE { ?s ?p 1 }",
        "DESCRIBE <x:y>",
    ]
)
TEXTS = st.lists(EVIL | st.text(max_size=20), max_size=6).map("".join)
NAMES_OF_PARAMETERS = st.sampled_from(
    [
        "query",
        "update",
        "default-graph-uri",
        "named-graph-uri",
        "$a",
        "$cluster",
        "lang",
        "format",
        "graph",
        "default",
        "cluster",
        "date",
        "",
    ]
)
PAIRS = st.lists(st.tuples(NAMES_OF_PARAMETERS | TEXTS, TEXTS), max_size=4)
TYPES = st.sampled_from(
    [
        "",
        FORM,
        "application/sparql-query",
        "application/sparql-update",
        "text/turtle",
        "a/b;c",
        ";",
        "application/sparql-query; charset=utf-16",
        "multipart/form-data; boundary=x",
    ]
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "Accept",
            "Accept-Language",
            "Accept-Encoding",
            "Origin",
            "If-None-Match",
            "Range",
            "Authorization",
            "Content-Encoding",
            "Expect",
            "X-Forwarded-Host",
            "Sec-Fetch-Site",
        ]
    ),
    st.text(string.printable.strip(), max_size=40)
    | st.sampled_from(["*/*;q=9", "text/csv;q=", "a/b," * 500, "gzip", "Bearer x", "100-continue"]),
    max_size=4,
)
METHODS = st.sampled_from(
    ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "X"]
)


def encoded(pairs) -> str:
    return "&".join(
        f"{quote(name, errors='surrogatepass')}={quote(value, errors='surrogatepass')}"
        for name, value in pairs
    )


REQUESTS = st.tuples(METHODS, PATHS, PAIRS, TYPES, PAIRS | st.binary(max_size=300), HEADERS)


def judge(server, request) -> int:
    """Send a request, and return its status."""
    method, path, pairs, kind, body, headers = request
    sent = encoded(body).encode() if isinstance(body, list) else body
    named = {**headers, **({"Content-Type": kind} if kind else {})}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, f"{path}?{encoded(pairs)}", sent, named)
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    assert answer.status < 500 or answer.status in (502, 503, 504), (answer.status, request)
    return answer.status


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(REQUESTS)
def test_no_request_is_a_bug_to_the_server(server, sent) -> None:
    judge(server, sent)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400) | TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_are_a_bug_to_the_server(server, data) -> None:
    for before in (b"", b"GET ", b"POST /sparql HTTP/1.1\r\nHost: localhost\r\n"):
        found = server.raw(before + data + b"\r\n\r\n", seconds=0.05)
        assert not found.startswith(b"HTTP/1.1 5"), (before, data)


def test_it_still_answers(server) -> None:
    assert server.query(NAMES).status == 200
    assert len(running(server)) == 2


@pytest.mark.parametrize(
    "path",
    [
        "/static/../pages.py",
        "/static/..%2fpages.py",
        "/static/%2e%2e/pages.py",
        "/static/....//pages.py",
        "/static//etc/passwd",
        "/static/%00",
        "/static/query.js/",
        "/static/query.js%00",
        "/static/QUERY.JS",
        "/../../../../etc/passwd",
        "//etc/passwd",
        "/ontology/../klaster.toml",
        "/ontology/en.html%00",
        "/klaster.toml",
        "/store",
        "/questions/..%2f..%2fklaster",
        "http://evil.example/etc/passwd",
    ],
)
def test_nothing_is_read_but_the_graph_and_the_pages(server, path) -> None:
    reply = server.get(path)
    assert reply.status in (400, 404, 421), reply
    assert b"root:" not in reply.body
    assert b"import" not in reply.body


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "http://127.0.0.1:1/", "/etc/passwd", "klaster.toml"]
)
def test_no_query_reads_a_file_or_an_address(server, address) -> None:
    for asked in (
        f"SELECT * FROM <{address}> {{ ?s ?p ?o }}",
        f"SELECT * FROM NAMED <{address}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
        f"SELECT * {{ GRAPH <{address}> {{ ?s ?p ?o }} }}",
        f"LOAD <{address}>",
    ):
        reply = server.query(asked)
        assert reply.status == 400 or b'"bindings":[]' in reply.body
    path = "/sparql?" + urlencode({"query": "SELECT * { ?s ?p ?o }", "default-graph-uri": address})
    reply = server.get(path, Accept=JSON)
    assert reply.status == 400 or b'"bindings":[]' in reply.body


@pytest.mark.parametrize(
    "value",
    ['" } INSERT DATA { } #', "x> <y", "} SERVICE <http://127.0.0.1/> {", "$(id)", "\\u0022"],
)
def test_no_word_given_for_a_parameter_is_part_of_the_query(server, value) -> None:
    asked = urlencode({"cluster": value, "format": "csv"})
    reply = server.get(f"/questions/single-sourced?{asked}")
    assert (reply.status, value in reply.text) == (400, True)
