"""A cluster in which no rule finds anything, and each defect put into it alone.

The clean cluster is drawn in several sizes, names and orders: feeders sell feed to farms, farms
milk to mills, mills make cheese and export it; everybody meets in one council, and the mills, who
alone may have support, have had it.
"""

from __future__ import annotations

import copy
import random
import tempfile
from pathlib import Path

import pytest
from clean_cluster import (
    clean,
    depend_on_one_behind,
    export_far_from_logistics,
    hang_by_one,
    join,
    leave,
    leave_the_centre_without,
    make_less_than_others,
    meet,
    need_what_a_neighbour_makes,
    product,
    sell,
    share_partners_only,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_up import LOADED_AT, SHARED, write_tables

import klaster
from klaster.graph.findings.finding import rule_order
from klaster.graph.findings.gaps import RULES, find_gaps
from klaster.graph.store.columns import Columns, write_columns
from klaster.loaders.sources import read_source
from klaster.ontology.codes import codes

BASE = "https://example.org/"

# The defects. Each is put into a clean cluster "c" with at least two of each kind of firm.


def need_what_nobody_makes(tables) -> None:
    product(tables, "salt")
    tables["recipes"].append({"product": "cheese", "input": "salt", "essential": ""})


def buy_from_one(tables) -> None:
    product(tables, "salt")
    sell(tables, "feeder0", "mill0", "salt")


def buy_mostly_from_one(tables) -> None:
    product(tables, "salt")
    for seller, share in (("feeder0", "0.9"), ("feeder1", "0.1")):
        sell(tables, seller, "mill0", "salt")
        tables["supplies"][-1]["share"] = share


def pass_through_one(tables) -> None:
    for name in ("o1", "o2", "gate", "m1", "m2", "last"):
        join(tables, name)
    for name in ("ore", "bar", "tool"):
        product(tables, name)
    for seller, buyer, what in (
        ("o1", "gate", "ore"), ("o2", "gate", "ore"), ("gate", "m1", "bar"), ("gate", "m2", "bar"),
        ("m1", "m2", "bar"), ("m2", "m1", "bar"), ("m1", "last", "tool"), ("m2", "last", "tool"),
    ):  # fmt: skip
        sell(tables, seller, buyer, what)


def stand_apart(tables) -> None:
    join(tables, "new", council=False)


def deal_outside_only(tables) -> None:
    join(tables, "new", council=False)
    tables["actors"].append(
        {"id": "abroad", "name": "Abroad", "kind": "enterprise", "roles": "producer", "country": "TR", "activity": "10"}
    )  # fmt: skip
    meet(tables, "far", "new", "abroad")


def lack_a_role(tables) -> None:
    leave(tables, "truck")


def play_a_role_alone(tables) -> None:
    tables["cooperations"] = [
        row for row in tables["cooperations"] if row["participant"] != "truck"
    ]
    join(tables, "truck2", kind="logistics", role="", council=False)
    meet(tables, "haulage", "truck", "truck2")


def support_nobody(tables) -> None:
    tables["awards"] = [row for row in tables["awards"] if row["instrument"] != "grant"]


def support_too_few(tables) -> None:
    product(tables, "whey")
    for number in range(12):
        join(tables, f"small{number}")
        tables["makes"].append({"actor": f"small{number}", "product": "whey"})
    tables["instruments"].append({"id": "loan", "policy": "p", "kind": "export-credit", "title": "Loan"})  # fmt: skip
    tables["criteria"].append({"instrument": "loan", "product": "whey"})
    tables["awards"].append({"instrument": "loan", "beneficiary": "small0"})


def support_others(tables) -> None:
    tables["awards"].append({"instrument": "grant", "beneficiary": "lab"})


def forget(table, column, **match):
    def change(tables) -> None:
        for row in tables[table]:
            if all(row[key] == value for key, value in match.items()):
                row[column] = ""

    return change


def lose_the_awards(tables) -> None:
    """Nobody has recorded who received anything: G10 is told too, with no confidence at all."""
    tables["awards"] = []


DEFECTS = [
    ("G1", need_what_nobody_makes),
    ("G1b", need_what_a_neighbour_makes),
    ("G2", buy_from_one),
    ("G2", buy_mostly_from_one),
    ("G3", depend_on_one_behind),
    ("G4", pass_through_one),
    ("G5", hang_by_one),
    ("G6", stand_apart),
    ("G6", deal_outside_only),
    ("G7", lack_a_role),
    ("G8", play_a_role_alone),
    ("G9", export_far_from_logistics),
    ("G10", support_nobody),
    ("G11", support_too_few),
    ("G11", support_others),
    ("G12", leave_the_centre_without),
    ("G13", share_partners_only),
    ("G14", make_less_than_others),
    ("G15", forget("actors", "region", id="lab")),
    ("G15", forget("products", "hs", id="milk")),
    ("G15", forget("supplies", "valid_from", supplier="farm0")),
    ("G15", forget("supplies", "source", supplier="farm0")),
    ("G15", forget("actors", "roles", id="seal")),
]


def find(tables, order: random.Random | None = None, *, cluster: str | None = None):
    """The findings in tables, without a store."""
    if order:
        for rows in tables.values():
            order.shuffle(rows)
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_tables(
            Path(scratch) / "t", {name: rows for name, rows in tables.items() if rows}
        )
        loaded = read_source(folder, base=BASE, name="t")
        write_columns(loaded.tables, Path(scratch) / "columns")
        return find_gaps(Columns([Path(scratch) / "columns"]), cluster=cluster)


def rules(findings) -> list[str]:
    return sorted({finding.rule for finding in findings}, key=rule_order)


SIZES = st.fixed_dictionaries(
    {
        "mills": st.integers(2, 5),
        "farms": st.integers(2, 4),
        "feeders": st.integers(2, 3),
    }
)
SLOW = settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@settings(SLOW, max_examples=10)
@given(sizes=SIZES, prefix=st.sampled_from(["", "z-", "Ўзбек-", "0"]), order=st.randoms())
def test_nothing_is_found_in_a_clean_cluster(sizes, prefix, order) -> None:
    assert [finding.text["en"] for finding in find(clean(prefix, **sizes), order)] == []


@pytest.mark.parametrize(
    ("rule", "defect"), DEFECTS, ids=[f"{rule}-{number}" for number, (rule, _) in enumerate(DEFECTS)]
)  # fmt: skip
@SLOW
@given(sizes=SIZES, order=st.randoms())
def test_a_defect_is_found_by_its_rule_and_no_other(rule, defect, sizes, order) -> None:
    tables = clean(**sizes)
    defect(tables)
    found = find(tables, order)
    assert rules(found) == [rule], [finding.text["en"] for finding in found]
    for finding in found:
        assert 0 < finding.severity <= 1
        assert finding.coverage == "survey"
        for language, word in (("en", "recorded"), ("ru", "зафиксирован"), ("uz", "qayd etil")):
            assert word in finding.text[language]
            assert "{" not in finding.text[language]


def test_every_rule_has_its_defect_and_its_code() -> None:
    assert {rule for rule, _ in DEFECTS} == {*RULES, "G15"} == set(codes("gap-rule"))
    assert len(codes("gap-rule")) == 16
    assert list(codes("gap-rule")) == sorted(codes("gap-rule"), key=rule_order)


@SLOW
@given(defects=st.sets(st.sampled_from([d for _, d in DEFECTS]), min_size=1, max_size=3), order=st.randoms())  # fmt: skip
def test_new_names_and_another_order_change_no_finding(defects, order) -> None:
    tables = clean()
    for defect in sorted(defects, key=lambda defect: DEFECTS.index(next(d for d in DEFECTS if d[1] is defect))):  # fmt: skip
        defect(tables)
    names = sorted({row["id"] for row in tables["actors"]})
    mixed = list(names)
    order.shuffle(mixed)
    turn = {name: f"n{number}" for number, name in enumerate(mixed)}
    keys = ("id", "actor", "participant", "supplier", "buyer", "beneficiary", "exporter")
    renamed = {
        name: [
            {key: turn.get(value, value) if key in keys else value for key, value in row.items()}
            for row in rows
        ]
        for name, rows in copy.deepcopy(tables).items()
    }

    def told(tables, order):
        back = {new: old for old, new in turn.items()}
        return sorted(
            (
                finding.rule,
                round(finding.severity, 9),
                round(finding.confidence, 9),
                sorted(back.get(iri.rsplit("/", 1)[1], iri.rsplit("/", 1)[1]) for iri in finding.subjects),
                tuple(finding.numbers.items()),
            )
            for finding in find(tables, order)
            # Which of several equal pairs is shown goes by name.
            if finding.rule != "G13"
        )  # fmt: skip

    assert told(tables, None) == told(renamed, order)


def test_the_numbers_of_each_rule_are_those_worked_out_by_hand() -> None:
    def of(defect):
        tables = clean()
        defect(tables)
        return find(tables)

    (gap,) = of(need_what_nobody_makes)
    # Two mills need salt and milk, two farms need feed: two of six needs are uncovered.
    assert gap.severity == pytest.approx(2 / 6)
    (gap,) = of(need_what_a_neighbour_makes)
    assert gap.severity == pytest.approx(1 / 5)
    assert {iri.rsplit("/", 1)[1] for iri in gap.candidates} == {"mill0", "mill1"}
    assert gap.text["en"] == (
        "Lab needs Cheese; recorded in Cluster as making it: Mill0, Mill1. No link is recorded. "
        "Coverage: survey."
    )
    (gap,) = of(buy_mostly_from_one)
    assert gap.numbers["herfindahl"] == pytest.approx(0.82)
    assert gap.severity == pytest.approx(0.82 * 0.5 / 11)
    first, second = of(depend_on_one_behind)
    # Each farm takes half of its feed from the source in common.
    assert (first.severity, second.severity) == (0.5, 0.5)
    (gap,) = of(pass_through_one)
    # One of three final producers, the two mills being the others.
    assert (gap.severity, gap.numbers["commanded"]) == (pytest.approx(1 / 3), 1)
    (gap,) = of(hang_by_one)
    # Eleven members stay behind, of whom ten hold together.
    assert gap.severity == pytest.approx(1 - 10 / 11)
    assert (gap.numbers["bridges"], gap.numbers["split_off"]) == (1, 1)
    (gap,) = of(export_far_from_logistics)
    assert gap.severity == pytest.approx(30 / 50)
    (gap,) = of(support_too_few)
    assert gap.severity == pytest.approx(11 / 12)
    (gap,) = of(support_others)
    assert gap.severity == pytest.approx(1 / 3)
    (gap,) = of(forget("actors", "region", id="lab"))
    assert gap.severity == pytest.approx(1 / 11)


def test_a_recipe_that_is_stated_twice_is_one() -> None:
    tables = clean()
    depend_on_one_behind(tables)
    once = [gap for gap in find(tables) if gap.rule == "G3"]
    tables["recipes"] += [dict(row) for row in tables["recipes"]]
    assert once
    assert [gap for gap in find(tables) if gap.rule == "G3"] == once


def test_what_is_not_recorded_lowers_the_confidence_of_what_rests_on_it() -> None:
    tables = clean()
    lose_the_awards(tables)
    found = find(tables)
    assert rules(found) == ["G10", "G15"]
    for finding in found:
        if finding.rule == "G10":
            assert finding.confidence == 0
            assert "Confidence 0%, as this is not recorded: any award" in finding.text["en"]
    tables = clean()
    need_what_nobody_makes(tables)
    sell(tables, "feeder0", "mill0", "")
    (gap,) = [finding for finding in find(tables) if finding.rule == "G1"]
    # The product and two mills, of one of which a supply is recorded that does not say of what.
    assert gap.confidence == pytest.approx(1 - 1 / 4)
    assert "product of supplies" in gap.text["en"]


def test_a_beneficiary_of_unknown_size_is_no_leakage() -> None:
    tables = clean()
    tables["criteria"] = [{"instrument": "grant", "kind": "enterprise", "min_employees": "10"}]
    tables["awards"] = [{"instrument": "grant", "beneficiary": "mill0"}]
    tables["instruments"] = tables["instruments"][:1]
    for row in tables["actors"]:
        row["employees"] = {"mill0": "", "mill1": "20"}.get(row["id"], "5")
    found = find(tables)
    (gap,) = [finding for finding in found if finding.rule == "G11"]
    # Nobody of whom the size is known was reached, and the one reached is not held against it.
    assert (gap.severity, gap.numbers["leakage_share"]) == (1, 0)
    assert gap.confidence == pytest.approx(1 / 2)
    assert any(finding.numbers.get("kind") == "criterion" for finding in found)


def test_data_gaps_of_one_cluster_are_those_of_its_members() -> None:
    tables = clean()
    forget("actors", "region", id="lab")(tables)
    tables["actors"].append({"id": "far", "name": "Far", "kind": "enterprise", "roles": "producer", "activity": "10"})  # fmt: skip
    meet(tables, "talk", "far", "mill0")
    (gap,) = find(copy.deepcopy(tables))
    assert (gap.numbers["lacking"], gap.numbers["all"]) == (2, 12)
    (gap,) = find(tables, cluster=f"{BASE}cluster/t/c")
    assert (gap.numbers["lacking"], gap.numbers["all"]) == (1, 11)


@pytest.mark.skipif(not (SHARED / "chile-io-2013").exists(), reason="the table is not beside it")
def test_what_an_industry_buys_is_an_input_of_whoever_makes_what_it_makes(tmp_path) -> None:
    """The recipes derived from an input-output table serve the firms of a cluster as their own."""
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(SHARED / "chile-io-2013", name="io", loaded_at=LOADED_AT)
    made = f"{graph.base}product/io/"
    tables = {
        "actors": [{"id": name, "name": name.title(), "kind": "enterprise"} for name in ("mine", "shop")],
        "clusters": [{"id": "c", "name": "Ores", "sector": "livestock", "coverage": "survey"}],
        "memberships": [{"actor": name, "cluster": "c"} for name in ("mine", "shop")],
        "makes": [{"actor": "mine", "product": f"{made}mining"}],
    }  # fmt: skip
    graph.load(write_tables(tmp_path / "own", tables), loaded_at=LOADED_AT)
    inputs = {
        row["input"]
        for row in graph.table("recipes").iter_rows(named=True)
        if row["product"] == f"{made}mining"
    }
    cluster = f"{graph.base}cluster/own/c"
    missing = {
        found.product
        for found in graph.missing()
        if found.rule == "G1" and cluster in found.subjects
    }
    # In the cluster nobody makes any of what mining buys in the table.
    assert missing == inputs
    assert len(missing) > 5
