"""What would change, and candidate links that come back confirmed."""

from __future__ import annotations

import json

import openpyxl
import pytest
from clean_cluster import clean, hang_by_one, need_what_a_neighbour_makes, sell, share_partners_only
from click.testing import CliRunner
from made_up import LOADED_AT, write_tables

import klaster
from klaster.cli import main
from klaster.ontology.faults import Fault


def loaded(tmp_path, *defects):
    tables = clean()
    for defect in defects:
        defect(tables)
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", tables), loaded_at=LOADED_AT)
    return graph


def told(changes) -> list[tuple[str, str]]:
    return sorted((change.change, change.finding.rule) for change in changes)


def test_without_an_actor_its_gaps_appear(tmp_path) -> None:
    graph = loaded(tmp_path)
    assert told(graph.what_if(without="truck")) == [("appears", "G7")]
    assert list(graph.missing()) == []


def test_an_instrument_or_a_link_can_be_thought_away_too(tmp_path) -> None:
    graph = loaded(tmp_path, need_what_a_neighbour_makes, hang_by_one)
    gone = graph.what_if(without="guarantee")
    assert "G12" not in {change.finding.rule for change in gone}
    assert list(gone) == []
    (cut,) = [found for found in graph.missing() if found.rule == "G5"]
    assert cut.numbers["split_off"] == 1
    visit = next(iri for iri in graph.table("cooperations")["iri"] if iri.endswith("visit"))
    changes = graph.what_if(without=visit)
    # Without the only link of the new member nobody hangs by another, and it hangs by nobody.
    assert told(changes) == [("appears", "G6"), ("vanishes", "G5")]
    before = {found.text["en"] for found in graph.missing()}
    assert {found.text["en"] for found in graph.missing()} == before


def test_what_is_not_there_cannot_be_thought_away(tmp_path) -> None:
    graph = loaded(tmp_path)
    command = ["missing", str(graph.path), "--without", "trukc", "--lang", "en"]
    ended = CliRunner().invoke(main, command)
    assert ended.exit_code == 1
    assert "“trukc”" in ended.stderr
    assert "ruck" in ended.stderr


def test_with_a_link_its_gap_vanishes(tmp_path) -> None:
    graph = loaded(tmp_path, need_what_a_neighbour_makes)
    more = {"actors": [{"id": "x", "name": "x", "kind": "enterprise"}], "supplies": []}
    sell(more, f"{graph.base}actor/t/mill0", f"{graph.base}actor/t/lab", f"{graph.base}product/t/cheese")  # fmt: skip
    sell(more, f"{graph.base}actor/t/mill1", f"{graph.base}actor/t/lab", f"{graph.base}product/t/cheese")  # fmt: skip
    for row in more["supplies"]:
        row["source"] = "https://example.org/report"
    changes = graph.what_if(added=write_tables(tmp_path / "more", more))
    assert ("vanishes", "G1b") in told(changes)
    printed = CliRunner().invoke(
        main,
        ["missing", str(graph.path), "--with", str(tmp_path / "more"), "--format", "json"],
    )
    assert "vanishes" in {row["change"] for row in json.loads(printed.stdout)}


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_candidates_are_confirmed_in_a_workbook_that_loads_back(tmp_path, language) -> None:
    graph = loaded(tmp_path, need_what_a_neighbour_makes, share_partners_only)
    path = tmp_path / "candidates.xlsx"
    command = ["missing", str(graph.path), "-o", str(path), "--lang", language]
    assert CliRunner().invoke(main, command).exit_code == 0
    graph.load(path, loaded_at=LOADED_AT)
    # What is only planned joins nobody.
    assert "G1b" in {finding.rule for finding in graph.missing()}
    book = openpyxl.load_workbook(path)
    header = [cell.value for cell in book["supplies"][1]]
    for row in book["supplies"].iter_rows(min_row=2):
        row[header.index("status")].value = "observed"
    book.save(path)
    graph.load(path, loaded_at=LOADED_AT)
    assert "G1b" not in {finding.rule for finding in graph.missing()}
    assert not [result for result in graph.check() if result.severity == "Violation"]


def test_of_a_large_graph_one_cluster_is_asked_for(tmp_path, monkeypatch) -> None:
    graph = loaded(tmp_path, need_what_a_neighbour_makes)
    cluster = graph.table("clusters")["id"][0]
    whole = told(graph.what_if(without="truck"))
    monkeypatch.setattr("klaster.graph.findings.what_if.WHOLE_UP_TO", 10)
    with pytest.raises(Fault) as caught:
        graph.what_if(without="truck")
    assert caught.value.key == "fault.what-if-large"
    assert told(graph.what_if(without="truck", cluster=cluster)) == whole != []
