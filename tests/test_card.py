"""The health card of a cluster, against figures worked out by hand."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from clean_cluster import clean, hang_by_one
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
