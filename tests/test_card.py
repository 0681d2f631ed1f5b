"""The health card of a cluster, against figures worked out by hand."""

from __future__ import annotations

import datetime as dt
import json
from importlib.resources import files

import pytest
from clean_cluster import clean, hang_by_one, leave
from click.testing import CliRunner
from made_up import LOADED_AT, write_tables

import klaster
from klaster.cli import main


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    tables = clean()
    hang_by_one(tables)
    tables["memberships"][-1]["valid_from"] = "2022"
    made = klaster.open(tmp_path_factory.mktemp("card") / "g.klaster")
    made.load(write_tables(tmp_path_factory.mktemp("t") / "t", tables), loaded_at=LOADED_AT)
    return made


def card(graph, **asked):
    return {row["item"]: row for row in graph.cards(**asked).to_polars().iter_rows(named=True)}


def test_a_card_tells_what_the_platform_asks_and_how_the_cluster_hangs_together(graph) -> None:
    found = card(graph, cluster="c")
    assert {item: (row["value"], row["met"]) for item, row in found.items()} == {
        "members": (12, False),
        "kinds": (5, True),
        "public-ties": (1, True),
        "roles": (5, None),
        "helix-completeness": (1, None),
        "local-sourcing": (1, None),
        "single-sources": (0, None),
        "dependence": (pytest.approx(1 / 12), None),
    }


def test_a_card_of_an_earlier_day_counts_who_was_there_then(graph) -> None:
    assert card(graph, date=dt.date(2021, 1, 1))["members"]["value"] == 11


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_a_card_is_printed(graph, language) -> None:
    command = ["missing", str(graph.path), "--cluster", "c", "--card", "--lang", language]
    printed = CliRunner().invoke(main, [*command, "--format", "json"])
    assert list(json.loads(printed.stdout)[0]) == [
        "cluster", "label", "item", "value", "required", "met", "coverage",
    ]  # fmt: skip
    assert CliRunner().invoke(main, [*command, "--format", "table"]).exit_code == 0


def test_the_mechanisms_of_the_founding_article_are_looked_for_in_each_cluster(graph) -> None:
    found = {row["mechanism"]: row for row in graph.mechanisms().to_polars().iter_rows(named=True)}
    recorded = {name for name, row in found.items() if row["instruments"] or row["facilities"]}
    # A grant and a guarantee are meant for the mills; nothing else is recorded.
    assert recorded == {"financial-support", "export-credit-insurance"}
    assert len(found) == 6
    command = ["policy", str(graph.path), "--mechanisms", "--format", "table", "--lang", "en"]
    assert "digital technologies" in CliRunner().invoke(main, command).stdout


@pytest.mark.parametrize("change", ["none", "more members", "no public body", "one kind"])
def test_the_shapes_of_the_platform_say_the_same(tmp_path, change) -> None:
    """An independent engine (pySHACL) finds unmet just what the card does."""
    import pyshacl
    import rdflib

    tables = clean(farms=7 if change == "more members" else 2)
    if change == "no public body":
        leave(tables, "office")
    if change == "one kind":
        leave(tables, "office", "lab", "bank", "truck")
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", tables), loaded_at=LOADED_AT)
    graph.export(tmp_path / "g.nt")
    shapes = files("klaster.ontology").joinpath("card.ttl").read_text("utf-8")
    data = rdflib.Graph().parse(tmp_path / "g.nt")
    _, results, _ = pyshacl.validate(data, shacl_graph=rdflib.Graph().parse(data=shapes))
    unmet = {str(shape).rsplit("#")[-1] for shape in results.objects(None, rdflib.SH.sourceShape)}
    names = {"EnoughMembers": "members", "KindsOfMember": "kinds", "PublicTie": "public-ties"}
    expected = {item for item, row in card(graph).items() if row["met"] is False}
    assert {names[shape] for shape in unmet} == expected
    assert (
        expected
        == {
            "none": {"members"},
            "more members": set(),
            "no public body": {"members", "public-ties"},
            "one kind": {"members", "kinds", "public-ties"},
        }[change]
    )
