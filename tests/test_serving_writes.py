"""Writing through the server, and reading on while the graph changes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from made_up import SMALL, write_tables
from served import TOKEN, serving

import klaster
from klaster.ontology.terms import graph_iri

BEARER = f"Bearer {TOKEN}"
TURTLE = b"""
@prefix kl: <https://w3id.org/klaster/ontology#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix x: <https://example.org/> .
x:dyer a kl:Enterprise ; rdfs:label "Dyer" .
x:mill a kl:Enterprise ; rdfs:label "Mill" .
x:dyer kl:suppliesTo x:mill .
"""
WRONG = TURTLE + b'x:mill kl:employees "many" .\n'
NAMES = "SELECT ?name { ?a a kl:Enterprise ; rdfs:label ?name } ORDER BY ?name"


@pytest.fixture
def copied(small_graph, tmp_path) -> Path:
    path = tmp_path / "small.klaster"
    shutil.copytree(small_graph.path, path)
    return path


@pytest.fixture(scope="module")
def server(small_graph, tmp_path_factory):
    path = tmp_path_factory.mktemp("written") / "small.klaster"
    shutil.copytree(small_graph.path, path)
    with serving(path, "--write", "--workers", "1", KLASTER_TOKEN=TOKEN) as started:
        yield started


def at(base: str, name: str) -> str:
    return "/store?graph=" + quote(graph_iri(base, "source", name), safe="")


def names(server) -> list[str]:
    reply = server.query(NAMES, Accept="text/csv")
    # What went wrong instead is told where a name would be.
    return reply.text.split("\r\n")[1:-1] if reply.status == 200 else [reply.text]


def test_a_graph_is_put_read_replaced_and_deleted(server, small_graph) -> None:
    path, before = at(small_graph.base, "more"), names(server)
    put = server.call("PUT", path, TURTLE, Content_Type="text/turtle", Authorization=BEARER)
    assert put.status == 201, put.text
    assert put.headers["location"].startswith(server.address)
    assert server.get("/" + put.headers["location"].removeprefix(server.address)).status == 200
    assert names(server) == sorted([*before, "Dyer", "Mill"])
    # What is derived and found follows, as with any source.
    buyers = server.query('SELECT ?b { ?a rdfs:label "Dyer" ; kl:suppliesTo/rdfs:label ?b }')
    assert b"Mill" in buyers.body
    read = server.get(path, Accept="application/n-triples")
    assert b'"Dyer"' in read.body
    less = TURTLE.replace(b"Dyer", b"Dye works")
    again = server.call("PUT", path, less, Content_Type="text/turtle", Authorization=BEARER)
    assert again.status == 204
    assert names(server) == sorted([*before, "Dye works", "Mill"])
    assert server.call("DELETE", path, Authorization=BEARER).status == 204
    assert server.call("DELETE", path, Authorization=BEARER).status == 404
    assert server.get(path).status == 404
    assert names(server) == before


def test_what_is_read_can_be_put_elsewhere(server, small_graph) -> None:
    before = names(server)
    asked = f"CONSTRUCT WHERE {{ <{small_graph.base}actor/small/gin> a ?type ; rdfs:label ?name }}"
    for number, kind in enumerate(("application/rdf+xml",)):
        body = server.query(asked, Accept=kind).body
        body = body.replace(b"actor/small/gin", b"actor/small/new%d" % number)
        path = at(small_graph.base, f"form-{number}")
        put = server.call("POST", path, body, Content_Type=kind, Authorization=BEARER)
        assert put.status == 201, put.text
        assert server.get(path).status == 200
    assert names(server) == sorted([*before, "Ginner"])


@pytest.mark.parametrize(
    ("method", "body", "headers", "status"),
    [
        ("PUT", TURTLE, {"Content_Type": "text/turtle"}, 401),
        ("PUT", TURTLE, {"Content_Type": "text/turtle", "Authorization": "Bearer "}, 401),
        ("PUT", TURTLE, {"Content_Type": "text/turtle", "Authorization": f"Basic {TOKEN}"}, 401),
        ("PUT", TURTLE, {"Content_Type": "text/turtle", "Authorization": BEARER[:-1]}, 401),
        ("DELETE", None, {}, 401),
        ("PUT", TURTLE, {"Authorization": BEARER}, 415),
        ("PUT", TURTLE, {"Content_Type": "application/trig", "Authorization": BEARER}, 415),
        ("PUT", b"<a> <b", {"Content_Type": "text/turtle", "Authorization": BEARER}, 422),
        ("POST", TURTLE, {"Content_Type": "text/turtle", "Authorization": BEARER}, 409),
    ],
)  # fmt: skip
def test_what_cannot_land_changes_nothing(
    server, small_graph, method, body, headers, status
) -> None:
    before = names(server)
    reply = server.call(method, at(small_graph.base, "small"), body, **headers)
    assert reply.status == status, reply.text
    assert len(reply.text) > 10
    assert ("www-authenticate" in reply.headers) == (status == 401)
    assert names(server) == before


def test_a_fault_in_a_graph_is_told_in_the_language_of_the_client(server, small_graph) -> None:
    path, before = at(small_graph.base, "wrong"), names(server)
    kind = {"Content_Type": "text/turtle", "Authorization": BEARER}
    reply = server.call("PUT", path, WRONG, Accept_Language="ru", **kind)
    assert reply.status == 422
    assert "many" in reply.text
    assert re.search("[а-я]{4}", reply.text)
    assert (names(server), server.get(path).status) == (before, 404)


@pytest.mark.parametrize(
    "query",
    ["default", "graph=https://example.org/g", "graph={base}graph/derived", "graph={base}graph/source/",
     "graph={base}graph/source/a/b", "graph={base}graph/source/%2500", "graph={base}graph/source/a%2520b", "graph={base}graph/source/A"],
)  # fmt: skip
def test_only_sources_are_written(server, small_graph, query) -> None:
    path = "/store?" + query.format(base=small_graph.base)
    put = server.call("PUT", path, TURTLE, Content_Type="text/turtle", Authorization=BEARER)
    assert put.status == 403, put.text
    assert server.call("DELETE", path, Authorization=BEARER).status == 403


@pytest.mark.parametrize("query", ["", "graph=", "graph=a:b&graph=a:c", "default&graph=a:b"])
def test_a_request_names_one_graph(server, query) -> None:
    assert server.get(f"/store?{query}").status == 400
    assert server.call("DELETE", f"/store?{query}", Authorization=BEARER).status == 400


def test_every_graph_is_read_by_its_name_and_all_without_one(server, small_graph) -> None:
    whole = server.get("/store?default", Accept="application/n-triples").body.splitlines()
    sources = [("source", name) for name in ("small", "form-0")]
    parts = [
        server.get(
            f"/store?graph={graph_iri(small_graph.base, *part)}", Accept="application/n-triples"
        )
        for part in (*sources, ("derived",), ("findings",), ("ontology",))
    ]
    assert parts[0].status == 200
    lines = {line for part in parts if part.status == 200 for line in part.body.splitlines()}
    assert set(whole) == lines != set()
    head = server.call("HEAD", at(small_graph.base, "small"))
    assert (head.status, head.body) == (200, b"")
    assert server.get("/store?default", Accept="text/csv").status == 406


# A graph that changes


def test_reading_goes_on_while_a_load_lands_and_then_shows_it(copied, tmp_path) -> None:
    more = {**SMALL, "actors": [{**row, "name": row["name"] + " II"} for row in SMALL["actors"]]}
    source = write_tables(tmp_path / "small", more)
    with serving(copied, "--workers", "2") as server:
        seen: list[tuple[str, ...]] = []
        landed = threading.Event()

        def read() -> None:
            while not landed.is_set():
                seen.append(tuple(names(server)))

        reading = [threading.Thread(target=read) for _ in range(2)]
        for thread in reading:
            thread.start()
        try:
            for _ in range(2):
                klaster.open(copied).load(source, name="small")
                source = write_tables(tmp_path / "again", SMALL)
                time.sleep(0.2)
        finally:
            landed.set()
            for thread in reading:
                thread.join()
        old = ("Ginner", "Spinner", "Weaver")
        new = tuple(f"{name} II" for name in old)
        # Each answer is of one state or the other, the states follow each other, and none fails.
        assert set(seen) == {old, new}
        assert (seen[0], seen[-1]) == (old, old)
        assert len(seen) > 10
        path = "/sparql?query=" + quote(NAMES)
        tag = server.get(path).headers["etag"]
        assert server.get(path, If_None_Match=tag).status == 304
        klaster.open(copied).drop("small")
        assert server.get(path, If_None_Match=tag).status == 200
        assert names(server) == []
        # A folder that is taken away stays readable until the server ends.
        copied.rename(tmp_path / "moved.klaster")
        assert server.query(NAMES).status == 200


# Starting


def start(*options: object, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "klaster", "serve", *map(str, options)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **variables},
    )


def test_what_keeps_a_server_from_starting_is_one_message(copied, tmp_path) -> None:
    missing = start(tmp_path / "nothing.klaster", "--lang", "en")
    assert (missing.returncode, missing.stderr.count("\n")) == (1, 1)
    elsewhere = start("http://127.0.0.1:1/sparql", "--lang", "en")
    assert (elsewhere.returncode, elsewhere.stderr.count("\n")) == (1, 1)
    assert "its own address" in elsewhere.stderr
    short = start(copied, "--write", "--lang", "en", KLASTER_TOKEN="short")  # noqa: S106
    assert (short.returncode, "16" in short.stderr) == (1, True)
    with serving(copied, "--workers", "1") as server:
        taken = start(copied, "--port", server.port, "--lang", "ru")
        assert (taken.returncode, taken.stderr.count("\n")) == (1, 1)
        assert "--port" in taken.stderr


def test_other_machines_are_let_in_with_a_warning_and_a_token_is_made(copied) -> None:
    with serving(copied, "--host", "0.0.0.0", "--write", "--workers", "1") as server:  # noqa: S104
        assert server.query(NAMES).status == 200
    assert "Warning:" in server.told
    (token,) = [line.split()[-1] for line in server.told.splitlines() if "Token" in line]
    assert len(token) >= 24
