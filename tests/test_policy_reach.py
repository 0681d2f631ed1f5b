"""Whom instruments reach, worked out by hand."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from click.testing import CliRunner
from made_up import LOADED_AT, write_tables

import klaster
from klaster.cli import main

# Four mills may have the grant: a and b had it, c sells to a, d trades with nobody. Two of them
# may have the loan too. The bank had the grant and may not.
TABLES = {
    "actors": [
        *({"id": name, "name": name, "kind": "enterprise", "country": "UZ"} for name in "abcd"),
        {"id": "bank", "name": "bank", "kind": "finance", "country": "UZ"},
        {"id": "e", "name": "e", "kind": "enterprise", "country": ""},
    ],
    "products": [{"id": "yarn", "name": "Yarn"}],
    "makes": [{"actor": name, "product": "yarn"} for name in "ab"],
    "supplies": [{"supplier": "c", "buyer": "a", "kind": "freight", "status": "observed"}],
    "exports": [
        {"exporter": name, "product": "yarn", "year": "2024", "value": value, "currency": "USD"}
        for name, value in (("a", "60"), ("c", "30"), ("d", "10"))
    ],
    "policies": [
        {"id": "p", "title": "Decree", "date": "2020-01-01"},
        {"id": "q", "title": "Later", "date": "2023-01-01"},
    ],
    "instruments": [
        {"id": "grant", "policy": "p", "kind": "grant", "title": "Grant", "repealed_by": ""},
        {"id": "loan", "policy": "p", "kind": "export-credit", "title": "Loan", "repealed_by": "q"},
    ],
    "criteria": [
        {"instrument": "grant", "kind": "enterprise", "country": "UZ", "product": ""},
        {"instrument": "loan", "kind": "", "country": "", "product": "yarn"},
    ],
    "awards": [
        {"instrument": "grant", "beneficiary": name, "amount": amount, "currency": "UZS"}
        for name, amount in (("a", "10"), ("b", "30"), ("bank", "20"))
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    made = klaster.open(tmp_path_factory.mktemp("reach") / "g.klaster")
    made.load(write_tables(tmp_path_factory.mktemp("t") / "t", TABLES), loaded_at=LOADED_AT)
    return made


def test_reach_is_told_by_number_by_exports_and_at_one_step(graph) -> None:
    grant, loan = graph.policy().to_polars().iter_rows(named=True)
    assert (grant["eligible"], grant["reached"], grant["unreached"], grant["leakage"]) == (
        4,
        3,
        2,
        1,
    )
    assert grant["coverage"] == 0.5
    assert grant["export_coverage"] == pytest.approx(0.6)
    # Of the two who went without, one sells to a beneficiary.
    assert grant["indirect"] == 0.25
    assert grant["overlap"] == 0.5
    assert loan["overlap"] == 1
    # 10, 20 and 30: the sum of the ranks' weights is 40 over 3 times 60.
    assert grant["gini"] == pytest.approx(40 / 180)
    # Where e stands is not recorded.
    assert grant["undetermined"] == 1
    assert (loan["reached"], loan["gini"], loan["undetermined"]) == (0, None, 0)


def test_an_item_that_was_repealed_is_not_looked_at_on_a_later_day(graph) -> None:
    on = [graph.policy(date=dt.date(year, 6, 1)).to_polars()["label"].to_list() for year in (2022, 2024)]  # fmt: skip
    assert on == [["Grant", "Loan"], ["Grant"]]


def test_the_keys_of_the_documentation_come_first(graph) -> None:
    printed = CliRunner().invoke(main, ["policy", str(graph.path), "--format", "json"])
    rows = json.loads(printed.stdout)
    assert list(rows[0]) == [
        "instrument", "label", "eligible", "reached", "unreached", "leakage", "coverage",
        "export_coverage", "indirect", "overlap", "gini", "undetermined",
    ]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_what_the_columns_mean_is_told(graph, language) -> None:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(
        main, ["policy", str(graph.path), "--format", "table", "--lang", language]
    )
    assert "60%" in result.stdout
    assert len(result.stderr.splitlines()) >= 6
