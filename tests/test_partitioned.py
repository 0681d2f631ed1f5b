"""A graph as partitioned Parquet holds what the measures see, by number."""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
from importlib.resources import files

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from made_up import folder_bytes, write_tables

import klaster
from klaster.cli import main
from klaster.graph.network.network import Network
from klaster.graph.store import batches, partition_columns, partitioned
from klaster.graph.store.columns import Columns
from klaster.graph.store.partition_columns import LINK_KINDS, SCHEMAS
from klaster.ontology.faults import Fault


def columns_of(graph) -> Columns:
    return Columns(graph._folder.table_folders(graph._manifest))


def written(graph, folder, rows: int = batches.ROWS):
    partitioned.write_partitioned(columns_of(graph), folder, about={}, rows=rows)
    return folder


def table(folder, name: str) -> pl.DataFrame:
    return pl.read_parquet(folder / name / "**/*.parquet", hive_partitioning=True)


def network_of(folder, *, kinds=LINK_KINDS, date: dt.date | None = None) -> Network:
    """The network that the exported files alone give."""
    links = table(folder, "links").filter(pl.col("kind").is_in(kinds))
    if date:
        begun = pl.col("valid_from").is_null() | (pl.col("valid_from") <= date)
        links = links.filter(begun & (pl.col("valid_to").is_null() | (pl.col("valid_to") > date)))
    actors = table(folder, "actors").sort("id")
    return Network(actors.select(pl.col("iri").alias("actor"), "label", "kind"), links)


@pytest.mark.parametrize("made", ["demo_graph", "production_graph", "small_graph"])
def test_actors_stand_at_their_positions_in_the_network(made, tmp_path, request) -> None:
    graph = request.getfixturevalue(made)
    actors = table(written(graph, tmp_path / "out"), "actors").sort("id")
    network = graph.network()
    assert actors["id"].to_list() == list(range(network.size))
    assert actors["iri"].to_list() == network.actors["actor"].to_list()
    assert actors["label"].to_list() == network.actors["label"].to_list()


@pytest.mark.parametrize("kinds", [LINK_KINDS, *((kind,) for kind in LINK_KINDS)], ids="-".join)
@pytest.mark.parametrize("date", [None, dt.date(2021, 4, 1), dt.date(2024, 1, 1)])
@pytest.mark.parametrize("made", ["demo_graph", "production_graph"])
def test_the_files_give_the_network_that_the_measures_see(
    made, kinds, date, tmp_path, request
) -> None:
    graph = request.getfixturevalue(made)
    folder = written(graph, tmp_path / "out")
    theirs = graph.network(links=kinds, date=date).arcs
    ours = network_of(folder, kinds=kinds, date=date).arcs
    assert theirs.nnz or made == "demo_graph"
    assert (ours.indptr == theirs.indptr).all()
    assert (ours.indices == theirs.indices).all()


def test_strengths_are_values_where_all_supplies_have_one_in_one_currency(
    production_graph, small_graph, tmp_path
) -> None:
    folder = written(production_graph, tmp_path / "out")
    theirs = production_graph.network(links=["supply"])
    ours = network_of(folder, kinds=("supply",))
    assert theirs.unit == told(folder)["links"]["kinds"]["supply"]["unit"] == "UZS"
    assert np.allclose(ours.weights.toarray(), theirs.weights.toarray())
    plain = written(small_graph, tmp_path / "small")
    assert told(plain)["links"]["kinds"]["supply"]["unit"] is None
    assert table(plain, "links")["weight"].to_list() == [1.0] * 3


def told(folder):
    return json.loads((folder / "manifest.json").read_text("utf-8"))["tables"]


def test_a_small_graph_by_hand(small_graph, tmp_path) -> None:
    folder = written(small_graph, tmp_path / "out")
    # In the order of their IRIs: bank, gin, lab, spin, weave; cloth, dye, fibre, yarn.
    assert table(folder, "actors")["label"].to_list() == [
        *("Bank", "Ginner", "Institute", "Spinner", "Weaver"),
    ]
    kept = ("kind", "source", "target", "directed", "subkind", "product", "share", "valid_from")
    assert table(folder, "links").select(*kept).sort("kind", "source").rows() == [
        ("cooperation", 2, 4, False, "joint-rd", None, None, None),
        ("supply", 1, 3, True, None, 2, 1.0, dt.date(2020, 1, 1)),
        ("supply", 3, 4, True, None, 3, 0.5, dt.date(2021, 3, 1)),
    ]
    recipes = table(folder, "recipes").sort("product", "input")
    assert recipes.rows() == [(0, 1, None), (0, 3, True), (3, 2, True)]
    members = table(folder, "memberships").select("actor", "cluster").sort("actor")
    assert members.rows() == [(actor, 0) for actor in range(5)]
    assert table(folder, "actors")["sectors"].to_list() == [["cotton-textile"]] * 5
    assert table(folder, "product_kinds").sort("product").rows() == [(n, n) for n in range(4)]


def test_a_record_leads_back_to_its_row(small_graph, tmp_path) -> None:
    links = table(written(small_graph, tmp_path / "out"), "links")
    records = set(links["record"])
    found = small_graph.table("supplies").filter(pl.col("iri").is_in(records))
    assert found["locator"].to_list() == ["supplies.csv!2", "supplies.csv!3"]


@pytest.mark.parametrize("rows", [1, 7])
def test_files_are_no_longer_than_asked_and_hold_the_same(production_graph, tmp_path, rows) -> None:
    whole = written(production_graph, tmp_path / "whole")
    cut = written(production_graph, tmp_path / "cut", rows)
    for path in (cut / "links").rglob("kind=[!c]*/*.parquet"):
        # A member has as many links as its cluster has bodies: one here.
        assert pl.read_parquet(path).height <= rows
    # A cooperation is not torn apart: three and more participants have three pairs and more.
    assert max(map(height, (cut / "links/kind=cooperation").iterdir())) <= rows + 6
    for name in SCHEMAS:
        one, other = table(whole, name), table(cut, name)
        keys = [column for column, kind in one.schema.items() if not kind.is_nested()]
        assert one.sort(keys).equals(other.sort(keys)), name
    assert told(cut)["links"]["kinds"]["supply"]["files"] == len(
        list((cut / "links/kind=supply").iterdir())
    )


def height(path) -> int:
    return pl.read_parquet(path).height


def test_the_manifest_tells_every_column_in_three_languages(production_graph, tmp_path) -> None:
    folder = written(production_graph, tmp_path / "out")
    names: dict[str, object] = {
        "int64": pl.Int64,
        "double": pl.Float64,
        "string": pl.String,
        "boolean": pl.Boolean,
    }
    names |= {"date": pl.Date, "list<string>": pl.List(pl.String), "list<int64>": pl.List(pl.Int64)}
    for name, about in told(folder).items():
        files = sorted((folder / name).rglob("*.parquet"))
        count = about["files"] if "files" in about else len(files)
        assert len(files) == count
        assert about["rows"] == sum(map(height, files))
        for path in files:
            types = {column["name"]: names[column["type"]] for column in about["columns"]}
            assert dict(pl.read_parquet_schema(path)) == types
        for column in about["columns"]:
            assert set(column["meaning"]) == {"en", "ru", "uz"}
            assert all(column["meaning"].values())


def test_the_same_graph_gives_the_same_bytes(production_graph, tmp_path) -> None:
    one, two = (written(production_graph, tmp_path / name) for name in ("one", "two"))
    assert folder_bytes(one) == folder_bytes(two)


def test_actors_that_are_one_stand_once_and_their_links_are_theirs(tmp_path) -> None:
    graph = klaster.open(tmp_path / "g.klaster")
    for source in ("one", "two"):
        rows = [{"id": name, "name": name, "kind": "enterprise"} for name in ("a", "b")]
        links = [{"supplier": "a", "buyer": "b"}]
        graph.load(write_tables(tmp_path / source, {"actors": rows, "supplies": links}))
    same = [{"actor": "one:a", "same_as": "two:a", "decision": "same"}]
    graph.load(write_tables(tmp_path / "matches", {"matches": same}))
    graph.export(tmp_path / "out", spark=True)
    actors = table(tmp_path / "out", "actors")
    assert actors["iri"].to_list() == graph.network().actors["actor"].to_list()
    assert actors.height == 3
    assert sorted(table(tmp_path / "out", "links").select("source", "target").rows()) == [
        (0, 1),
        (0, 2),
    ]


def test_the_command_refuses_what_is_there_and_leaves_no_half(small_graph, tmp_path) -> None:
    runner, out = CliRunner(), tmp_path / "out"
    command = ["export", str(small_graph.path), "-o", str(out), "--spark", "--lang", "ru"]
    done = runner.invoke(main, command)
    assert (done.exit_code, done.stderr) == (0, f"записано: {out}\n")
    before = folder_bytes(out)
    again = runner.invoke(main, command)
    assert (again.exit_code, again.stderr) == (
        1,
        f"{out}: такое имя уже занято; укажите другое\n",
    )
    assert folder_bytes(out) == before
    with pytest.raises(Fault) as caught:
        small_graph.export(tmp_path / "other", spark=True, rdf12=True)
    assert caught.value.key == "fault.export-options"
    (tmp_path / "file").touch()
    with pytest.raises(Fault) as caught:
        small_graph.export(tmp_path / "file/out", spark=True)
    assert caught.value.key == "fault.unwritable"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "out"]


def test_what_a_killed_export_left_is_in_nobodys_way(small_graph, tmp_path) -> None:
    (tmp_path / ".out.part/links").mkdir(parents=True)
    small_graph.export(tmp_path / "out", spark=True)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert told(tmp_path / "out")["actors"]["rows"] == 5


def test_an_address_that_a_table_holds_stays_text(tmp_path) -> None:
    evil = '=cmd|"/../../x"'
    rows = [{"id": evil, "name": evil, "kind": "support"}]
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", {"actors": rows}))
    graph.export(tmp_path / "out", spark=True)
    assert table(tmp_path / "out", "actors")["label"].to_list() == [evil]
    assert table(tmp_path / "out", "links").is_empty()


def test_a_long_table_in_many_files_is_exported_like_one(production_graph, tmp_path) -> None:
    (tables_folder,) = columns_of(production_graph).folders
    long = tmp_path / "[long]" / tables_folder.name
    shutil.copytree(tables_folder, long)
    path = long / "supplies.parquet"
    frame = pl.read_parquet(path, glob=False)
    path.unlink()
    path.mkdir()
    for number, piece in enumerate(frame.iter_slices(50)):
        piece.write_parquet(path / f"part-{number:05}.parquet")
    partitioned.write_partitioned(Columns([long]), tmp_path / "out", about={})
    whole = written(production_graph, tmp_path / "whole")
    assert table(tmp_path / "out", "links").equals(table(whole, "links"))


def test_every_column_of_its_own_has_a_phrase_and_no_phrase_is_left_over() -> None:
    text = files("klaster.ontology").joinpath("phrases/spark.csv").read_text("utf-8")
    told = {row["key"] for row in csv.DictReader(text.splitlines())}
    columns = {f"partitioned.{column}" for column in partition_columns._OWN}
    assert {key for key in told if key.startswith("partitioned.")} == columns
