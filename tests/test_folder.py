"""A load lands whole or not at all, and nothing is done twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pyoxigraph as ox
import pytest
from filelock import FileLock
from made_up import LOADED_AT, SMALL, folder_bytes, write_tables

import klaster
from klaster.ontology.faults import Fault

COUNT = "SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } }"
ACTORS = "SELECT (COUNT(?a) AS ?n) WHERE { ?a a kl:Actor }"


def number(graph, sparql: str) -> int:
    return graph.query(sparql).rows[0][0]


@pytest.fixture
def graph(tmp_path, small_source):
    opened = klaster.open(tmp_path / "g.klaster")
    opened.load(small_source, loaded_at=LOADED_AT)
    return opened


def test_an_unchanged_source_is_left_as_it_is(graph, small_source) -> None:
    before = folder_bytes(graph.path)
    (report,) = graph.load(small_source)
    assert report.unchanged
    assert folder_bytes(graph.path) == before


def test_a_changed_source_replaces_its_graph_and_nothing_else(
    graph, small_source, tmp_path
) -> None:
    other = write_tables(
        tmp_path / "other", {"actors": [{"id": "o", "name": "Other", "kind": "support"}]}
    )
    graph.load(other)
    assert number(graph, ACTORS) == 6
    grown = SMALL | {"actors": [*SMALL["actors"], {"id": "n", "name": "New", "kind": "support"}]}
    graph.load(write_tables(tmp_path / "changed", grown), name="small")
    assert number(graph, ACTORS) == 7
    labels = graph.query("SELECT ?l { ?a kl:actorKind ?k ; rdfs:label ?l } ORDER BY ?l").rows
    assert [label for (label,) in labels] == sorted(
        ["Bank", "Ginner", "Institute", "New", "Other", "Spinner", "Weaver"]
    )
    assert [entry.name for entry in graph.sources()] == ["other", "small"]


def test_the_same_name_from_another_place_is_not_replaced_unasked(graph, tmp_path) -> None:
    same = write_tables(tmp_path / "elsewhere" / "small", SMALL)
    with pytest.raises(Fault) as caught:
        graph.load(same)
    assert caught.value.key == "fault.same-name"


def test_two_sources_with_the_same_registration_number_are_one_actor(tmp_path) -> None:
    graph = klaster.open(tmp_path / "g.klaster")
    for name in ("one", "two"):
        row = {"id": name, "name": name.title(), "kind": "enterprise", "stir": "301234567"}
        graph.load(write_tables(tmp_path / name, {"actors": [row]}))
    assert number(graph, ACTORS) == 1
    assert graph.table("actors")["name"].to_list() == ["One"]


def test_of_several_sources_all_land_or_none(tmp_path, small_source) -> None:
    graph = klaster.open(tmp_path / "g.klaster")
    bad = write_tables(tmp_path / "bad", {"actors": [{"id": "x", "name": "", "kind": "support"}]})
    with pytest.raises(Fault):
        graph.load(small_source, bad)
    assert not graph.path.exists()


def test_a_second_load_at_the_same_time_is_told_to_wait(graph, tmp_path) -> None:
    other = write_tables(
        tmp_path / "other", {"actors": [{"id": "o", "name": "Other", "kind": "support"}]}
    )
    with FileLock(graph.path / ".lock"), pytest.raises(Fault) as caught:
        graph.load(other)
    assert caught.value.key == "fault.busy"


def test_a_folder_with_other_files_is_not_taken_over(tmp_path, small_source) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.docx").write_text("years of work", "utf-8")
    with pytest.raises(Fault) as caught:
        klaster.open(tmp_path / "mine").load(small_source)
    assert caught.value.key == "fault.not-a-graph-folder"


def test_a_reader_keeps_its_state_while_a_load_lands(graph, tmp_path) -> None:
    reader = klaster.open(graph.path)
    assert number(reader, ACTORS) == 5
    other = write_tables(
        tmp_path / "other", {"actors": [{"id": "o", "name": "Other", "kind": "support"}]}
    )
    graph.load(other)
    assert number(reader, ACTORS) == 5
    assert number(klaster.open(graph.path), ACTORS) == 6


def test_querying_changes_no_byte(graph) -> None:
    before = folder_bytes(graph.path)
    number(klaster.open(graph.path), COUNT)
    klaster.open(graph.path).check()
    assert folder_bytes(graph.path) == before


@pytest.mark.parametrize("text", ["", "format = 1", "format = 99\nbase = 'x'", "not toml ["])
def test_a_damaged_manifest_is_told_in_words(tmp_path, text) -> None:
    (tmp_path / "g.klaster").mkdir()
    (tmp_path / "g.klaster" / "klaster.toml").write_text(text, "utf-8")
    with pytest.raises(Fault) as caught:
        klaster.open(tmp_path / "g.klaster")
    assert caught.value.key in ("fault.damaged", "fault.format")


SLOW_LOAD = """
import sys, time
from pathlib import Path
import klaster

def progress(stage):
    if stage == sys.argv[3]:
        Path(sys.argv[4]).touch()
        time.sleep(60)

klaster.open(sys.argv[1]).load(sys.argv[2], progress=progress)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("stage", ["read", "write", "derive", "find", "store"])
def test_a_load_killed_at_any_stage_leaves_the_graph_as_it_was(graph, tmp_path, stage) -> None:
    manifest = (graph.path / "klaster.toml").read_bytes()
    triples = number(graph, COUNT)
    other = write_tables(
        tmp_path / "other", {"actors": [{"id": "o", "name": "Other", "kind": "support"}]}
    )
    reached = tmp_path / "reached"
    command = [sys.executable, "-c", SLOW_LOAD, graph.path, other, stage, reached]
    with subprocess.Popen(command) as process:
        deadline = time.monotonic() + 60
        while not reached.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert reached.exists()
    assert (graph.path / "klaster.toml").read_bytes() == manifest
    again = klaster.open(graph.path)
    assert number(again, COUNT) == triples
    again.load(other)
    assert number(again, ACTORS) == 6
    assert not list(graph.path.glob(".staging-*"))


def test_a_state_is_kept_until_the_one_after_the_next(graph, tmp_path) -> None:
    for index in range(3):
        row = {"id": "o", "name": f"Other {index}", "kind": "support"}
        graph.load(write_tables(tmp_path / f"other{index}", {"actors": [row]}))
    states = sorted(path.name for path in graph.path.glob("g0*"))
    assert states == ["g000003", "g000004"]


def test_a_replaced_source_tells_what_changed(graph, tmp_path) -> None:
    changed = dict(SMALL)
    changed["actors"] = [
        *SMALL["actors"][1:-1],
        SMALL["actors"][-1] | {"name": "State bank"},
        {"id": "n", "name": "New", "kind": "support"},
    ]
    changed["memberships"] = SMALL["memberships"][1:]
    changed["supplies"] = SMALL["supplies"][1:][::-1]
    (report,) = graph.load(write_tables(tmp_path / "changed", changed), name="small")
    counts = {table: (d.added, d.changed, d.gone) for table, d in report.changes.items()}
    # The order of rows is no change.
    assert counts == {"actors": (1, 1, 1), "memberships": (0, 0, 1), "supplies": (0, 0, 1)}


def test_a_first_load_has_nothing_to_compare_with(tmp_path, small_source) -> None:
    (report,) = klaster.open(tmp_path / "g.klaster").load(small_source)
    assert report.changes is None


def test_a_dropped_source_leaves_the_graph_as_it_was_without_it(graph, tmp_path) -> None:
    def statements(opened) -> set[str]:
        return set(opened._store.oxigraph.dump(format=ox.RdfFormat.N_QUADS).decode().splitlines())

    named = {line for line in statements(graph) if "_:" not in line}
    other = write_tables(
        tmp_path / "other", {"actors": [{"id": "o", "name": "Other", "kind": "support"}]}
    )
    graph.load(other)
    assert number(graph, ACTORS) == 6
    graph.drop("other")
    assert {line for line in statements(graph) if "_:" not in line} == named
    assert [entry.name for entry in graph.sources()] == ["small"]
    with pytest.raises(Fault) as caught:
        graph.drop("smal")
    assert "small" in caught.value.text("en")


def test_the_last_source_may_be_dropped_and_loaded_again(graph, small_source) -> None:
    graph.drop("small")
    assert graph.sources() == []
    assert number(graph, ACTORS) == 0
    graph.load(small_source)
    assert number(graph, ACTORS) == 5
