"""A graph written as RDF comes back the same."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import polars as pl
import pyoxigraph as ox
import pytest
import rdflib
from made_up import write_tables
from openpyxl import load_workbook
from rdflib.compare import isomorphic

import klaster
from klaster.graph.store import exchange, tabular
from klaster.graph.store.exchange import FORMATS
from klaster.ontology.faults import Fault
from klaster.ontology.tables import tables

REIFIES = "http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies"


def written(graph, path, **options):
    graph.export(path, **options)
    return ox.parse(path.read_bytes(), format=FORMATS[path.suffix])


def test_each_format_holds_the_same_statements(small_graph, tmp_path) -> None:
    found = {
        suffix: {str(quad.triple) for quad in written(small_graph, tmp_path / f"g{suffix}")}
        for suffix in FORMATS
    }
    assert len(found[".nq"]) > 150
    assert all(triples == found[".nq"] for triples in found.values())


def test_rdflib_reads_what_was_written(small_graph, tmp_path) -> None:
    for suffix in (".ttl", ".rdf", ".nt"):
        small_graph.export(tmp_path / f"g{suffix}")
    first = rdflib.Graph().parse(tmp_path / "g.ttl")
    assert isomorphic(first, rdflib.Graph().parse(tmp_path / "g.rdf", format="xml"))
    assert isomorphic(first, rdflib.Graph().parse(tmp_path / "g.nt", format="nt"))
    small_graph.export(tmp_path / "g.jsonld")
    assert json.loads((tmp_path / "g.jsonld").read_text("utf-8"))


def test_n_quads_keep_the_sources_apart(small_graph, tmp_path) -> None:
    graphs = {quad.graph_name.value for quad in written(small_graph, tmp_path / "g.nq")}
    base = f"{small_graph.base}graph/"
    assert graphs == {base + part for part in ("source/small", "derived", "findings")}


@pytest.mark.parametrize("suffix", [".ttl", ".nt", ".nq", ".trig"])
def test_links_reify_their_edges_in_rdf_12(small_graph, tmp_path, suffix) -> None:
    plain = {str(quad.triple) for quad in written(small_graph, tmp_path / f"plain{suffix}")}
    quads = list(written(small_graph, tmp_path / f"star{suffix}", rdf12=True))
    reified = [quad.triple for quad in quads if quad.predicate.value == REIFIES]
    # Two supply links that hold, five memberships, one award.
    assert len(reified) == 8
    assert {str(quad.triple) for quad in quads} - {str(triple) for triple in reified} == plain
    base = small_graph.base
    edges = {
        (triple.object.subject.value, triple.object.object.value)
        for triple in reified
        if triple.object.predicate.value.endswith("suppliesTo")
    }
    actor = f"{base}actor/small/"
    assert edges == {(actor + "gin", actor + "spin"), (actor + "spin", actor + "weave")}
    store = ox.Store()
    store.load((tmp_path / f"star{suffix}").read_bytes(), format=FORMATS[suffix])
    asked = """
        PREFIX kl: <https://w3id.org/klaster/ontology#>
        SELECT ?share { ?a kl:suppliesTo ?b ~ ?link . ?link kl:inputShare ?share } ORDER BY ?share"""
    rows = store.query(asked, use_default_graph_as_union=True)
    assert [row["share"].value for row in rows] == ["0.5", "1"]


def test_the_same_graph_gives_the_same_bytes(small_graph, tmp_path) -> None:
    small_graph.export(tmp_path / "one.ttl")
    small_graph.export(tmp_path / "two.ttl")
    assert (tmp_path / "one.ttl").read_bytes() == (tmp_path / "two.ttl").read_bytes()


@pytest.mark.parametrize(
    ("name", "rdf12"), [("g.doc", False), ("g", True), ("g.rdf", True), ("g.xlsx", True)]
)
def test_a_suffix_without_a_format_is_refused(small_graph, tmp_path, name, rdf12) -> None:
    with pytest.raises(Fault) as caught:
        small_graph.export(tmp_path / name, rdf12=rdf12)
    assert caught.value.key == "fault.suffix"
    assert list(tmp_path.iterdir()) == []


def contents(graph) -> dict[str, list[list[str]]]:
    """What the tables say, wherever it stands in the file."""
    return {
        name: sorted(
            [str(value) for value in row]
            for row in graph.table(name).drop("row", "locator", "origin").rows()
        )
        for name in tables()
    }


@pytest.mark.parametrize("name", ["back.xlsx", "back", "back.csv", "back.parquet"])
def test_tables_written_and_loaded_again_are_the_same(small_graph, tmp_path, name) -> None:
    small_graph.export(tmp_path / name)
    again = klaster.open(tmp_path / "small.klaster")
    again.load(tmp_path / name, name="small")
    assert contents(again) == contents(small_graph)
    if name != "back.xlsx":
        with pytest.raises(Fault) as caught:
            small_graph.export(tmp_path / name)
        assert caught.value.key == "fault.exists"


def test_the_demonstration_comes_back_from_its_workbook(demo_graph, tmp_path) -> None:
    demo_graph.export(tmp_path / "demo.xlsx")
    again = klaster.open(tmp_path / "uzbekistan.klaster")
    again.load(tmp_path / "demo.xlsx", name="demo")
    assert contents(again) == contents(demo_graph)


def test_cells_that_a_spreadsheet_would_run_come_out_as_text(tmp_path) -> None:
    names = ["=1+1", "+1", "-1", "@x", '=HYPERLINK("http://x")', "'quoted"]
    rows = [{"id": str(n), "name": name, "kind": "support"} for n, name in enumerate(names)]
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", {"actors": rows}))
    graph.export(tmp_path / "x.xlsx")
    sheet = load_workbook(tmp_path / "x.xlsx")["actors"]
    assert [cell.data_type for cell in sheet["B"]] == ["s"] * 7
    assert [cell.value for cell in sheet["B"][1:]] == names
    graph.export(tmp_path / "csv")
    text = (tmp_path / "csv/actors.csv").read_text("utf-8")
    assert not [line for line in text.splitlines() if line.split(",")[1].strip('"')[0] in "=+-@"]
    again = klaster.open(tmp_path / "again.klaster")
    again.load(tmp_path / "csv")
    assert sorted(again.table("actors")["name"]) == sorted(names)


def test_the_same_id_in_two_sources_is_told_apart(tmp_path) -> None:
    graph = klaster.open(tmp_path / "g.klaster")
    for source in ("one", "two"):
        rows = [{"id": "a", "name": source, "kind": "support"}]
        graph.load(write_tables(tmp_path / source, {"actors": rows}))
    graph.export(tmp_path / "both")
    again = klaster.open(tmp_path / "again.klaster")
    again.load(tmp_path / "both")
    assert again.table("actors").select("id", "name").sort("name").rows() == [
        ("a", "one"),
        ("two:a", "two"),
    ]


def test_parquet_holds_numbers_as_numbers(small_graph, tmp_path) -> None:
    small_graph.export(tmp_path / "out.parquet")
    supplies = pl.read_parquet(tmp_path / "out.parquet" / "supplies.parquet")
    assert supplies.schema["share"] == pl.Float64
    assert sorted(supplies["share"].drop_nulls()) == [0.5, 1.0]


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_records_written_in_parts_are_those_of_one_piece(
    small_graph, tmp_path, monkeypatch, name
) -> None:
    small_graph.export(tmp_path / "whole" / name)
    apart = partial(tabular.as_loaded, rows=2)
    monkeypatch.setattr(tabular, "as_loaded", apart)
    tables_apart = {table.table.name: table for table in apart(small_graph._columns)}
    assert len([*tables_apart["supplies"].frames]) > 1
    small_graph.export(tmp_path / "parts" / name)
    suffix = Path(name).suffix
    read = pl.read_csv if suffix == ".csv" else pl.read_parquet
    files = sorted(path.name for path in (tmp_path / "whole" / name).iterdir())
    assert files == sorted(path.name for path in (tmp_path / "parts" / name).iterdir())
    for file in files:
        one, other = (read(tmp_path / how / name / file) for how in ("whole", "parts"))
        assert one.columns == other.columns
        assert sorted(map(str, one.rows())) == sorted(map(str, other.rows()))


def test_a_workbook_that_would_lose_rows_is_refused(small_graph, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tabular, "SHEET_ROWS", 3)
    with pytest.raises(Fault) as caught:
        small_graph.export(tmp_path / "g.xlsx")
    assert caught.value.key == "fault.sheet-rows"
    assert not [*tmp_path.iterdir()]


def test_a_workbook_that_would_cut_a_text_is_refused(tmp_path) -> None:
    row = {"id": "a", "name": "A", "kind": "enterprise", "note": "x" * 32_768}
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", {"actors": [row]}))
    with pytest.raises(Fault) as caught:
        graph.export(tmp_path / "g.xlsx")
    assert caught.value.key == "fault.cell-long"
    assert caught.value.values["row"] == 2
    assert not (tmp_path / "g.xlsx").exists()
    graph.export(tmp_path / "g.parquet")
    actors = pl.read_parquet(tmp_path / "g.parquet" / "actors.parquet")
    assert actors["note"].str.len_chars().to_list() == [32_768]


def test_very_many_statements_are_written_as_the_store_has_them(
    small_graph, tmp_path, monkeypatch
) -> None:
    told = {suffix: set(written(small_graph, tmp_path / f"a{suffix}")) for suffix in FORMATS}
    monkeypatch.setattr(exchange, "IN_ORDER", 10)
    for suffix in FORMATS:
        assert set(written(small_graph, tmp_path / f"b{suffix}")) == told[suffix]
    small_graph.export(tmp_path / "c.ttl")
    assert (tmp_path / "c.ttl").read_bytes() == (tmp_path / "b.ttl").read_bytes()
