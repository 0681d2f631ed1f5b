"""What holds for a country's network: the gravest findings, stored links, an overview."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import polars as pl
import pytest
from made_up import LOADED_AT, SMALL, write_tables

import klaster
from klaster.graph.findings.gaps import MOST, find_gaps
from klaster.graph.findings.numbered import Numbered
from klaster.graph.network.projection import project, write_network
from klaster.graph.store.columns import Columns
from klaster.graph.store.places import Register
from klaster.graph.views.page import render_page
from klaster.graph.views.report import missing_sheet


def _columns(graph) -> Columns:
    return graph._columns


@pytest.mark.parametrize("most", [1, 2, 5])
@pytest.mark.parametrize("of_cluster", [False, True])
def test_the_gravest_findings_of_each_rule_are_kept_and_all_are_counted(
    demo_graph, most, of_cluster
) -> None:
    columns = _columns(demo_graph)
    cluster = demo_graph.cluster("livestock") if of_cluster else None
    everything = find_gaps(columns, cluster=cluster, most=None)
    some = find_gaps(columns, cluster=cluster, most=most)
    assert some.counts == everything.counts == dict(Counter(found.rule for found in everything))
    for rule, count in some.counts.items():
        all_of, kept = ([one for one in found if one.rule == rule] for found in (everything, some))
        # What is not recorded (G15) is a finding a kind, and always told whole.
        wanted = count if rule == "G15" else min(count, most)
        assert [one.severity for one in kept] == [one.severity for one in all_of[:wanted]]
        assert all(one in all_of for one in kept)


def test_nothing_is_left_out_where_little_is_found(demo_graph) -> None:
    columns = _columns(demo_graph)
    assert max(find_gaps(columns).counts.values()) < MOST
    assert find_gaps(columns) == find_gaps(columns, most=None)
    assert demo_graph.missing().counts == find_gaps(columns).counts


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_a_sheet_says_how_many_findings_there_are_where_some_are_left_out(
    demo_graph, language
) -> None:
    some = find_gaps(_columns(demo_graph), most=2)
    manner = {"top": None, "language": language}
    data = missing_sheet(some, **manner, for_people=False, counts=some.counts)
    assert all(row["rule_total"] == some.counts[str(row["rule"])] for row in data.rows)
    words = missing_sheet(some, **manner, for_people=True, counts=some.counts).notes[0]
    most = {rule: count for rule, count in some.counts.items() if count > 2 and rule != "G15"}
    assert most
    assert all(f"{rule} {count}" in words for rule, count in most.items())
    whole = find_gaps(_columns(demo_graph))
    data = missing_sheet(whole, **manner, for_people=False, counts=whole.counts)
    assert "rule_total" not in data.rows[0]
    notes = missing_sheet(
        whole,
        **manner,
        for_people=True,
        counts=whole.counts,
    ).notes
    assert words not in notes


def test_few_columns_of_records_are_those_of_the_table(demo_graph) -> None:
    columns = _columns(demo_graph)
    wanted = ("supplier", "buyer", "iri")
    found = Columns(columns.folders).links("supplies", *wanted)
    assert found.sort(wanted).equals(columns.table("supplies").select(wanted).sort(wanted))


def test_things_have_their_places_in_the_order_of_their_iris() -> None:
    firms = Register(pl.Series([f"firm/{number}" for number in (30, 4, 100)]))
    asked = pl.Series(["firm/4", None, "firm/5", "firm/100"])
    assert firms.places(asked).to_list() == [2, None, None, 0]
    assert [firms.iri(place) for place in range(len(firms))] == sorted(firms.all)


def test_stored_links_are_the_network_of_the_tables(tmp_path) -> None:
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", SMALL), loaded_at=LOADED_AT)
    columns = _columns(graph)
    (tables,) = columns.folders
    folder = tables.parent.parent / "network"
    assert not write_network(columns, folder)
    assert "iri" in project(columns, records=False).links.columns
    assert write_network(columns, folder, least=1)
    for kinds in (("supply",), ("supply", "cooperation"), ("supply", "cooperation", "ownership", "membership")):  # fmt: skip
        ours, stored = project(columns, links=kinds), project(columns, links=kinds, records=False)
        assert "iri" not in stored.links.columns
        kind = stored.links["kind"].cast(pl.String)
        assert stored.links.with_columns(kind).equals(ours.links.drop("iri"))
        assert stored.unit == ours.unit
        assert stored.actors.equals(ours.actors)
    assert find_gaps(Columns(columns.folders)) == find_gaps(columns)
    # Of other actors they say nothing.
    actors = pl.read_parquet(tables / "actors.parquet")
    actors.head(3).write_parquet(tables / "actors.parquet")
    assert "iri" in project(Columns(columns.folders), records=False).links.columns


def test_stored_links_of_the_same_two_stand_in_the_order_of_their_iris(tmp_path) -> None:
    products = [{"id": f"p{number}", "name": f"p{number}"} for number in range(12)]
    tables = {
        "actors": [{"id": name, "name": name, "kind": "enterprise"} for name in "abc"],
        "products": products,
        "supplies": [
            {"supplier": s, "buyer": b, "product": f"p{number}", "value": str(number + 1), "currency": "UZS"}
            for number in range(12)
            for s, b in ("ab", "bc")
        ],
    }  # fmt: skip
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", tables), name="t", loaded_at=LOADED_AT)
    columns = _columns(graph)
    (folder,) = columns.folders
    assert write_network(columns, folder.parent.parent / "network", least=1)
    ours, stored = project(columns), project(columns, records=False)
    assert "iri" not in stored.links.columns
    assert stored.links["weight"].equals(ours.links["weight"])
    assert ours.links["weight"].to_list() != sorted(ours.links["weight"])


def test_a_graph_too_large_for_one_page_is_shown_by_its_clusters(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("klaster.graph.views.drawing.MOST", 2)
    outside = {"id": "abroad", "name": "Abroad", "kind": "enterprise"}
    here = {"id": "here", "name": "Here", "kind": "enterprise", "region": "UZ-TK", "country": "UZ"}
    tables = {**SMALL, "actors": [*SMALL["actors"], outside, here]}
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", tables), loaded_at=LOADED_AT)
    picture = graph.picture(language="uz")
    assert [node.kind for node in picture.nodes].count("cluster") == 1
    members = [rank.value for node in picture.nodes for rank in node.ranks if rank.measure == "members"]  # fmt: skip
    assert sorted(members) == [1, 1, 5]
    within = sum(rank.value for node in picture.nodes for rank in node.ranks if rank.measure == "within")  # fmt: skip
    joined = sum(rank.value for node in picture.nodes for rank in node.ranks if rank.measure == "outside")  # fmt: skip
    assert within + joined / 2 == graph.network().links.height
    assert "7" in picture.note["en"]
    assert "--cluster" in picture.note["ru"]
    assert "Cotton" in render_page(picture)


def test_links_of_a_day_are_read_in_batches_too(tmp_path) -> None:
    tables = {
        "actors": [{"id": name, "name": name, "kind": "enterprise"} for name in "abc"],
        "supplies": [
            {"supplier": "a", "buyer": "b", "valid_from": "2020", "valid_to": "2021"},
            {"supplier": "b", "buyer": "c", "valid_from": "2022", "valid_to": ""},
            {"supplier": "c", "buyer": "a", "valid_from": "", "valid_to": ""},
        ],
    }
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", tables), name="t", loaded_at=LOADED_AT)
    columns = graph.columns().on(dt.date(2023, 1, 1))
    (batch,) = columns.batches("supplies", ("supplier", "buyer"))
    assert sorted(buyer[-1] for buyer in batch["buyer"]) == ["a", "c"]
    numbered = Numbered(columns)
    assert numbered.actors.iris(numbered.supplies["buyer"]).sort().equals(batch["buyer"].sort())


def test_a_page_of_a_graph_with_stored_links_says_the_same(tmp_path, monkeypatch) -> None:
    tables = write_tables(tmp_path / "t", SMALL)
    plain = klaster.open(tmp_path / "a" / "g.klaster")
    plain.load(tables, name="s", loaded_at=LOADED_AT)
    monkeypatch.setattr("klaster.graph.landing._REMOVED_UP_TO", 1)
    monkeypatch.setattr(
        "klaster.graph.landing.write_network",
        lambda *given, **known: write_network(*given, **known, least=1),
    )
    stored = klaster.open(tmp_path / "b" / "g.klaster")
    stored.load(tables, name="s", loaded_at=LOADED_AT)
    assert "iri" not in stored.network(records=False).links.columns
    ours, theirs = (render_page(graph.picture()) for graph in (plain, stored))
    assert ours.replace(plain.revision, "") == theirs.replace(stored.revision, "")
