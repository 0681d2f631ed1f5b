"""What is found on Spark is what is found on one machine."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from filelock import FileLock
from made_up import LOADED_AT, write_tables
from made_up_production import production
from spark_jobs import java, run_jobs

import klaster
from klaster.cli import main
from klaster.graph.findings.finding import Finding
from klaster.graph.findings.gaps import find_gaps
from klaster.graph.network.centrality import measure
from klaster.graph.network.connectivity import part_of
from klaster.graph.network.walks import pagerank
from klaster.graph.spark.outcome import Outcome
from klaster.graph.store.columns import Columns
from klaster.graph.views.spark_sheets import actors_sheet, gaps_sheet, told_measures

DAY = dt.date(2024, 6, 1)


def both_in_one(folder):
    """A graph of the demonstration and of a made-up network with all that can be odd in one."""
    graph = klaster.open(folder / "both.klaster")
    graph.load(klaster.__path__[0] + "/loaders/demo", name="demo", loaded_at=LOADED_AT)
    graph.load(write_tables(folder / "tables", production()), name="made", loaded_at=LOADED_AT)
    return graph


@pytest.fixture(scope="session")
def on_spark(tmp_path_factory):
    """The folder in which all was run, once for all processes of the tests."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: pip install '.[spark]'")
    if java() < 17:
        pytest.skip("Spark needs Java 17: apt install openjdk-17-jre-headless")
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "spark"
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            folder.mkdir()
            both_in_one(folder).export(folder / "exported", spark=True)
            (folder / "broken").mkdir()
            (folder / "broken/manifest.json").write_text('{"format": 99}', encoding="utf-8")
            run_jobs(folder, jobs())
            (folder / "done").touch()
    return folder


def jobs() -> dict[str, list[str]]:
    shown = ["--date", DAY.isoformat(), "--by", "degree", "--format", "json", "--lang", "uz"]
    alone = ["--master", "local[1]"]
    return {
        "run": ["spark", "exported/", "-o", "found/", *shown, *alone],
        "again": ["spark", "exported", "-o", "found", *alone],
        "nothing": ["spark", "tables", "-o", "nowhere", *alone],
        "broken": ["spark", "broken", "-o", "nowhere", *alone],
    }


def told(folder, name: str) -> dict[str, Any]:
    found = json.loads((folder / f"{name}.json").read_text("utf-8"))
    assert "bug" not in found, found["bug"]
    return found


@pytest.fixture
def figures(on_spark) -> pl.DataFrame:
    """What was measured on Spark."""
    assert told(on_spark, "run")["code"] == 0, told(on_spark, "run")["err"]
    return pl.read_parquet(on_spark / "found/actors/*.parquet").sort("id")


@pytest.fixture
def graph(on_spark):
    return klaster.open(on_spark / "both.klaster")


@pytest.fixture
def network(graph):
    return graph.network(date=DAY)


def test_every_actor_has_figures_also_those_without_a_link(figures, network) -> None:
    assert figures["iri"].to_list() == network.actors["actor"].to_list()
    assert figures["id"].to_list() == list(range(network.size))
    alone = figures.filter(pl.col("degree") == 0)
    assert alone.height > 40
    assert set(alone["component_size"]) == {1}
    assert alone["component"].equals(alone["id"])
    # It has links to itself and parallel ones, which must not count.
    assert (network.links["source"] == network.links["target"]).sum() > 0
    assert network.links.select("source", "target").is_duplicated().any()
    assert network.arcs.nnz > 200


@pytest.mark.parametrize("name", ["degree", "in-degree", "out-degree"])
def test_degrees_are_the_same(figures, network, name) -> None:
    assert figures[name.replace("-", "_")].to_list() == measure(network, name).tolist()


def test_pagerank_is_the_same_to_eight_digits(figures, network) -> None:
    theirs = figures["pagerank"].to_numpy()
    assert theirs.sum() == pytest.approx(1, abs=1e-12)
    # In sum over all actors; a quarter of the tolerance of 1e-8 is promised.
    assert np.abs(theirs - pagerank(network, tolerance=1e-14)).sum() < 2.5e-9


def test_components_are_the_same(figures, network) -> None:
    ours = pl.DataFrame({"part": part_of(network), "id": range(network.size)}).with_columns(
        least=pl.col("id").min().over("part"), size=pl.len().over("part")
    )
    assert figures["component"].to_list() == ours["least"].to_list()
    assert figures["component_size"].to_list() == ours["size"].to_list()


def gaps_here(graph) -> list[Finding]:
    columns = Columns(graph._folder.table_folders(graph._manifest))
    return [found for found in find_gaps(columns) if found.rule in KEPT]


KEPT = {
    "G1": ("needers", "uncovered"),
    "G1b": ("makers",),
    "G2": ("herfindahl", "buyers", "buyers_concerned"),
    "G3": ("suppliers", "share"),
    "G6": ("links", "members"),
    "G7": ("members",),
}


def of_finding(found, clusters: set[str]) -> tuple[object, ...]:
    """A finding of ours in a form that both have."""
    cluster = [iri for iri in found.subjects if iri in clusters]
    actors = [iri for iri in found.subjects if iri not in clusters]
    if found.rule == "G1":
        # Ours names those who need the product among the evidence.
        actors = [iri for iri in found.evidence if iri != found.product]
    # An actor without a link is told of once with all its clusters, on Spark with the first.
    return (
        found.rule,
        min(cluster, default=None),
        tuple(sorted(actors)),
        found.product or None,
        found.role or None,
        round(found.severity, 9),
        found.coverage,
        *(round(float(found.numbers[name]), 9) for name in KEPT[found.rule]),
    )


def of_row(row: dict[str, Any]) -> tuple[object, ...]:
    """A finding of Spark in that form."""
    actors = row["actors"] or [row["actor_iri"]]
    numbers = numbers_of(row)
    return (
        row["rule"],
        row["cluster_iri"],
        tuple(sorted(filter(None, actors))),
        row["product_iri"],
        row["role"],
        round(row["severity"], 9),
        row["coverage"],
        *(round(numbers[name], 9) for name in KEPT[row["rule"]]),
    )


def numbers_of(row: dict[str, Any]) -> dict[str, float]:
    """A map of Parquet, which Polars gives as a dict or, before version 2, as pairs."""
    found = row["numbers"]
    return found if isinstance(found, dict) else {e["key"]: e["value"] for e in found}


@pytest.fixture
def gaps(on_spark, figures) -> list[dict[str, Any]]:
    """What the rules found on Spark, places of actors as IRIs."""
    iris = dict(figures.select("id", "iri").rows())
    rows = pl.read_parquet(on_spark / "found/gaps/*.parquet").to_dicts()
    return [
        {
            **row,
            "actors": [iris[place] for place in row["actors"] or ()],
            "source": iris.get(row["source"]),
        }
        for row in rows
    ]


def test_the_same_gaps_are_found(gaps, graph) -> None:
    clusters = set(graph.table("clusters")["iri"])
    theirs = Counter(map(of_row, gaps))
    ours = Counter(of_finding(found, clusters) for found in gaps_here(graph))
    # The network has findings of every rule, so that the comparison says something.
    assert {finding[0] for finding in ours} == set(KEPT)
    assert theirs == ours
    assert theirs.total() > 150


def test_a_common_source_is_named_with_what_is_made_of_it(gaps, graph, on_spark) -> None:
    products = pl.read_parquet(on_spark / "exported/products/*.parquet")
    goods = dict(products.select("id", "iri").rows())
    ours = {
        (found.subjects[0], found.evidence[0], found.product, found.evidence[2])
        for found in gaps_here(graph)
        if found.rule == "G3"
    }
    theirs = {
        (row["actor_iri"], goods[row["output"]], row["product_iri"], row["source"])
        for row in gaps
        if row["rule"] == "G3"
    }
    assert theirs == ours


def test_json_has_the_figures_of_the_first_actors(on_spark, network) -> None:
    rows = json.loads(told(on_spark, "run")["out"])
    assert len(rows) == 20
    assert list(rows[0]) == [
        *("actor", "label", "kind", "degree", "pagerank", "in_degree", "out_degree"),
        *("component_size", "component"),
    ]
    ours = sorted(measure(network, "degree").astype(int).tolist(), reverse=True)
    assert [row["degree"] for row in rows] == ours[:20]
    assert "yozildi: found" in told(on_spark, "run")["err"]


def test_the_results_tell_how_they_came_about(on_spark, network, gaps) -> None:
    manifest = json.loads((on_spark / "found/manifest.json").read_text("utf-8"))
    assert manifest["date"] == "2024-06-01"
    assert manifest["links"] == ["supply", "cooperation", "ownership", "membership"]
    assert manifest["pairs"] == network.arcs.nnz
    assert manifest["parts"] == len(set(part_of(network)))
    assert manifest["change"] < 1e-8
    assert manifest["gaps"] == Counter(row["rule"] for row in gaps)
    assert sorted(path.name for path in (on_spark / "found").iterdir() if path.name[0] != ".") == [
        *("actors", "gaps", "manifest.json"),
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("again", "found: there is something of this name already; give another name\n"),
        (
            "broken",
            "reads format 1. Export the graph anew\n",
        ),
        (
            "nothing",
            "tables: no graph exported by klaster export --spark is there (manifest.json)\n",
        ),
    ],
)
def test_what_cannot_be_done_is_told_and_leaves_nothing(on_spark, name, message) -> None:
    assert told(on_spark, name)["code"] == 1
    assert told(on_spark, name)["err"].endswith(message)
    assert not (on_spark / "nowhere").exists()


OUTCOME = Outcome(
    links=("supply", "ownership"), date=None, actors=9, pairs=7, parts=3, largest=6, rounds=31,
    gaps={"G1b": 2, "G2": 1, "G1": 4},
)  # fmt: skip
ROWS = [
    {"id": 3, "iri": "x:mill", "label": "Mill", "kind": "enterprise", "degree": 4, "in_degree": 3,
     "out_degree": 1, "pagerank": 0.25, "component": 0, "component_size": 6},
]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            "ru",
            [
                "поставки, собственность и подчинение: Участников: 9, связанных пар: 7, частей: 3, "
                + "в наибольшей участников: 6; PageRank за 31 итераций.",
                "Находок по правилам: G1: 4, G1b: 2, G2: 1.",
            ],
        ),
        (
            "uz",
            [
                "taʼminot, mulkchilik va boʻysunish: Ishtirokchilar: 9, bogʻlangan juftlar: 7, "
                + "qismlar: 3, eng kattasida ishtirokchilar: 6; PageRank 31 iteratsiyada.",
                "Qoidalar boʻyicha topilmalar: G1: 4, G1b: 2, G2: 1.",
            ],
        ),
    ],
)
def test_what_was_found_is_told_in_words(language, lines) -> None:
    assert told_measures(OUTCOME, language) == lines


def test_the_first_actors_as_people_and_as_programs_read_them() -> None:
    shown = actors_sheet(ROWS, by="pagerank", language="ru", for_people=True)
    assert [heading.key for heading in shown.headings] == [
        *("label", "pagerank", "kind", "degree", "in_degree", "out_degree", "component_size"),
    ]
    assert shown.rows[0]["kind"] == "предприятие"
    assert shown.text("md", language="en", width=80).splitlines()[-1].startswith("| Mill | 0.25")
    data = actors_sheet(ROWS, by="degree", language="ru", for_people=False)
    assert data.text("csv", language="ru", width=80).splitlines() == [
        "actor,label,kind,degree,pagerank,in_degree,out_degree,component_size,component",
        "x:mill,Mill,enterprise,4,0.25,3,1,6,0",
    ]


def test_gaps_are_counted_in_the_order_of_the_rules() -> None:
    rows = gaps_sheet(OUTCOME.gaps, language="en", for_people=False).rows
    assert [(row["rule"], row["count"]) for row in rows] == [("G1", 4), ("G1b", 2), ("G2", 1)]
    assert rows[1]["text"] == "unmatched input"


def test_the_commands_of_the_documentation_are_those_there_are(small_graph, tmp_path) -> None:
    page = (Path(__file__).parents[1] / "docs/scale.md").read_text("utf-8")
    lines = [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in
             block.replace("\\\n", "").splitlines()]  # fmt: skip
    asked = [
        line[line.index(" spark hdfs:") :] if "spark-submit" in line else line for line in lines
    ]
    told = [shlex.split(line.removeprefix("klaster ")) for line in asked if "pip" not in line]
    assert [words[0] for words in told] == ["export", "spark", "spark"]
    for name, *words in told:
        words = [str(small_graph.path) if word == "nation.klaster" else word for word in words]
        main.commands[name].make_context(name, words)
    # What is exported is what the page tells.
    small_graph.export(tmp_path / "nation.parquet", spark=True)
    for path in (tmp_path / "nation.parquet").iterdir():
        assert f"`{path.name}`" in page or f"`{path.name}/kind=supply`" in page
