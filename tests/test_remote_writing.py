"""A change of a graph in a store lands whole or not at all, and says what one in a folder says."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import shlex
import shutil
import urllib.error
import urllib.request
from pathlib import Path

import polars as pl
import pytest
from made_up import LOADED_AT, SMALL, write_tables
from pyoxigraph import RdfFormat
from rdf_sources import answering, contents, oxigraph_server, run

import klaster
from klaster.graph.store.remote_change import RemoteStaging
from klaster.graph.store.stated import frame_of, statements_of
from klaster.graph.views.page import render_page
from klaster.ontology.faults import Fault
from klaster.ontology.tables import tables

ACTORS = "SELECT (COUNT(?a) AS ?n) WHERE { ?a a kl:Actor }"
OTHER = {"actors": [{"id": "o", "name": "Other", "kind": "support", "stir": "301234567"}]}


@pytest.fixture(scope="module")
def store():
    with oxigraph_server() as address:
        yield address


@pytest.fixture
def empty(store):
    urllib.request.urlopen(  # noqa: S310
        urllib.request.Request(f"{store}/update", b"DROP ALL", _UPDATE)  # noqa: S310
    ).close()
    return store


_DAY = dt.timedelta(days=1)
_UPDATE = {"Content-Type": "application/sparql-update"}


def held(address: str) -> set[str]:
    """Return all that is in a store; blank nodes have other names each time."""
    request = urllib.request.Request(  # noqa: S310
        f"{address}/store", headers={"Accept": "application/n-quads"}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return {line for line in answer.read().decode().splitlines() if "_:" not in line}


def in_folder(graph) -> set[str]:
    text = graph._store.oxigraph.dump(format=RdfFormat.N_QUADS).decode()
    return {line for line in text.splitlines() if "_:" not in line}


def without_loads(lines: set[str]) -> set[str]:
    """Leave out when and from where a source was loaded: a folder tells only what it is called."""
    return {line for line in lines if "#loadRecord>" not in line and "#retrievedAt>" not in line}


def test_a_load_says_in_a_store_what_it_says_in_a_folder(empty, tmp_path, small_source) -> None:
    hostile = r'Other "C:\users\u0022" } DROP ALL #'
    named = {"actors": [*OTHER["actors"], {"id": "p", "name": hostile, "kind": "support"}]}
    other = write_tables(tmp_path / "other", named)
    here = klaster.open(tmp_path / "g.klaster")
    here.load(small_source, other, loaded_at=LOADED_AT)
    result = run("load", small_source, "--into", f"{empty}/store#g")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "small: loaded" in result.stderr
    result = run("load", small_source, other, "--into", f"{empty}/query")
    assert "not changed" in result.stderr
    assert "other: loaded" in result.stderr
    there = klaster.open(f"{empty}/query")
    assert contents(there) == contents(here)
    assert hostile in there.table("actors")["name"].to_list()
    entries = [{**vars(entry), "loaded_at": ""} for entry in here.sources()]
    assert [{**vars(entry), "loaded_at": ""} for entry in there.sources()] == entries
    assert without_loads(held(empty)) == without_loads(in_folder(here))
    assert render_page(there.picture()) == render_page(here.picture())
    changed = SMALL | {"actors": [*SMALL["actors"], {"id": "n", "name": "New", "kind": "support"}]}
    (report,) = there.load(write_tables(tmp_path / "changed", changed), name="small")
    counts = {table: (d.added, d.changed, d.gone) for table, d in report.changes.items()}
    assert counts == {"actors": (1, 0, 0)}
    assert run("drop", f"{empty}/query", "other").exit_code == 0
    assert klaster.open(f"{empty}/query").query(ACTORS).rows == ((6,),)
    assert run("drop", f"{empty}/query", "small").exit_code == 0
    assert held(empty) == set()
    assert "there is no klaster graph here" in run("info", f"{empty}/query").stderr


def test_actors_that_are_one_stay_one_and_can_be_taken_apart_again(empty, tmp_path) -> None:
    firms = [
        {"id": "a", "name": "Ipak", "kind": "enterprise", "employees": "7", "lat": "40.1"},
        {"id": "b", "name": "OOO Ipak", "kind": "enterprise", "stir": "301234567"},
        {"id": "c", "name": "Weaver", "kind": "enterprise"},
    ]
    links = [{"supplier": "a", "buyer": "c"}, {"supplier": "c", "buyer": "b"}]
    pair = {"actor": "firms:a", "same_as": "firms:b", "decision": "same"}
    given = {"firms": {"actors": firms, "supplies": links}, "decided": {"matches": [pair]}}
    loads = [write_tables(tmp_path / name, made) for name, made in given.items()]
    more = write_tables(tmp_path / "more", OTHER)
    here = klaster.open(tmp_path / "g.klaster")
    here.load(*loads, more, loaded_at=LOADED_AT)
    klaster.open(f"{empty}/query#g").load(*loads, loaded_at=LOADED_AT)
    there = klaster.open(f"{empty}/query")
    # This load knows the graph from the store only.
    there.load(more, loaded_at=LOADED_AT)
    assert contents(there) == contents(here)
    assert there._columns.merges == here._columns.merges != {}
    assert there.info() == here.info()
    apart = {line for line in held(empty) if "/graph/loaded/" in line}
    assert any("/graph/loaded/firms" in line for line in apart)
    assert without_loads(held(empty) - apart) == without_loads(in_folder(here))
    there.drop("decided")
    here.drop("decided")
    assert contents(there) == contents(here)
    assert there.table("actors").height == 3
    assert without_loads(held(empty)) == without_loads(in_folder(here))


# Whole or not at all


@contextlib.contextmanager
def failing(store: str, at):
    """Hand everything on to a store but the requests that ``at(path, body)`` picks out."""

    def answer(path, body, headers):
        if at(path, body):
            return 503, {"Content-Type": "text/plain"}, b"no space left"
        kept = {name: headers[name] for name in ("Accept", "Content-Type")}
        request = urllib.request.Request(f"{store}{path}", body, kept)  # noqa: S310
        try:
            with urllib.request.urlopen(request) as real:  # noqa: S310
                kind = {"Content-Type": real.headers.get("Content-Type", "")}
                return real.status, kind, real.read()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, {}, refused.read()

    with answering(answer) as (address, seen):
        yield address, seen


def test_a_load_that_fails_leaves_the_graph_as_it_was(empty, tmp_path, small_source) -> None:
    klaster.open(f"{empty}/query").load(small_source, loaded_at=LOADED_AT)
    before = held(empty)
    other = write_tables(tmp_path / "other", OTHER)
    # While it is uploaded, and when it is to take over.
    for told in (b"INSERT DATA {", b"INSERT { GRAPH"):
        hit = failing(
            empty, lambda _, body, told=told: body.startswith(told) or b"\n" + told in body
        )
        with hit as (address, seen), pytest.raises(Fault) as caught:
            klaster.open(f"{address}/query").load(other)
        assert "no space left" in str(caught.value)
        assert any(told in body for *_, body in seen)
        assert held(empty) == before


def test_a_load_that_was_killed_leaves_the_graph_and_is_cleared_later(
    empty, tmp_path, monkeypatch
) -> None:
    graph, other = klaster.open(f"{empty}/query"), write_tables(tmp_path / "other", OTHER)
    with monkeypatch.context() as patch:
        patch.setattr(RemoteStaging, "commit", lambda _: 1 / 0)
        patch.setattr(RemoteStaging, "clear", lambda _: None)
        with pytest.raises(ZeroDivisionError):
            graph.load(other)
    left = held(empty)
    assert left
    assert all("/graph/staging/" in line for line in left)
    assert klaster.open(f"{empty}/query").sources() == []
    with monkeypatch.context() as patch:
        patch.setattr("klaster.graph.store.remote_change._LEFT_BEHIND", -2 * _DAY)
        klaster.open(f"{empty}/query").load(other)
    assert "/graph/staging/" not in str(held(empty))
    assert klaster.open(f"{empty}/query").query(ACTORS).rows == ((1,),)


def test_two_loads_at_a_time_do_not_meet(empty, tmp_path) -> None:
    mine = write_tables(tmp_path / "mine", OTHER)
    theirs = write_tables(
        tmp_path / "theirs", {"actors": [{"id": "t", "name": "Theirs", "kind": "support"}]}
    )

    def meanwhile(stage):
        if stage == "store":
            klaster.open(f"{empty}/query").load(theirs)

    with pytest.raises(Fault) as caught:
        klaster.open(f"{empty}/query").load(mine, progress=meanwhile)
    assert caught.value.key == "fault.remote-changed"
    assert {entry.name for entry in klaster.open(f"{empty}/query").sources()} == {"theirs"}
    assert "/graph/staging/" not in str(held(empty))


def test_a_store_that_takes_no_changes_says_so(empty, small_source, monkeypatch) -> None:
    with failing(empty, lambda path, _: path == "/update") as (address, _):
        result = run("load", small_source, "--into", f"{address}/query")
    assert result.exit_code == 1
    assert "takes no changes" in result.stderr
    assert held(empty) == set()
    update = "http://192.0.2.1/update"
    result = run("load", small_source, "--into", f"{empty}/query", KLASTER_UPDATE=update)
    assert "is on another host than the graph" in result.stderr


def test_updates_go_where_they_are_told_to(empty, small_source) -> None:
    with failing(empty, lambda *_: False) as (address, seen):
        updates = f"{address}/update?using=it"
        result = run("load", small_source, "--into", f"{address}/query", KLASTER_UPDATE=updates)
    assert result.exit_code == 0
    written = {path for _, path, headers, _ in seen if headers["Content-Type"] in _UPDATE.values()}
    assert written == {"/update?using=it"}


# Statements as tables


def test_tables_come_back_from_their_statements_as_they_were(demo_graph) -> None:
    text = demo_graph._store.dump(f"{demo_graph.base}graph/source/demo").decode()
    said = statements_of(pl.Series(text.splitlines()))
    awards = tables()["policies"]
    things = said.filter(pl.col("value").str.ends_with("#Policy"))["subject"]
    rows = said.filter(pl.col("subject").is_in(things.implode()))
    found = frame_of(awards, rows, base=demo_graph.base, source="demo", parts=rows.clear())
    expected = demo_graph._columns.stated("policies").drop("origin").sort("row")
    assert found.equals(expected.select(found.columns))


def test_the_commands_of_the_documentation_do_what_it_says(
    empty, small_source, tmp_path, monkeypatch
) -> None:
    text = (Path(__file__).parents[1] / "docs/remote.md").read_text("utf-8")
    (block,) = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(small_source, "tables")
    told = {}
    for line in block.splitlines():
        program, *words = shlex.split(line.replace("http://localhost:7878", empty))
        assert program == "klaster"
        result = run(*words)
        assert result.exit_code == 0, (line, result.output)
        told[words[0]] = result.stdout
    assert told["missing"].startswith("rule,")
    assert told["query"].count("/actor/tables/") == 3
    assert len(Path("graph.html").read_bytes()) > 100_000
    assert b"#prefLabel>" in Path("graph.nq").read_bytes()
    assert held(empty) == set()
