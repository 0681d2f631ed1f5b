"""A load lands whole or not at all, and nothing is done twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

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
@pytest.mark.parametrize("stage", ["read", "derive", "find", "store"])
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
