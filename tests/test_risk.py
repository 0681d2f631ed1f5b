"""Risk over supplies: an economy of six worked out by hand, and what a change does to it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from made_up import LOADED_AT, write_tables

import klaster
from klaster.cli import main
from klaster.graph.network.exposure import cut_off, dependants
from klaster.graph.network.network import Network
from klaster.graph.risk import Assumptions
from klaster.ontology.faults import Fault

# Ore (essential) and coal (replaceable) go into steel; a shop sells steel and milk to a crowd.
ECONOMY = {
    "actors": [
        {"id": name, "name": name.title(), "name_uz": f"{name} uz", "kind": "enterprise"}
        for name in ("mine", "pit", "works", "farm", "shop", "crowd", "aside")
    ],
    "products": [{"id": name, "name": name.title()} for name in ("ore", "coal", "steel", "milk")],
    "recipes": [
        {"product": "steel", "input": "ore", "essential": "yes"},
        {"product": "steel", "input": "coal", "essential": "no"},
    ],
    "supplies": [
        {"supplier": s, "buyer": b, "product": p, "value": v, "currency": "USD"}
        for s, b, p, v in (
            ("mine", "works", "ore", "10"),
            ("pit", "works", "coal", "10"),
            ("works", "shop", "steel", "30"),
            ("farm", "shop", "milk", "10"),
            ("shop", "crowd", "", "40"),
        )
    ],
}


@pytest.fixture(scope="module")
def economy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("economy")
    graph = klaster.open(folder / "economy.klaster")
    graph.load(write_tables(folder / "t", ECONOMY), loaded_at=LOADED_AT)
    return graph


def run(*args, columns=120):
    variables = {"LANG": "C.UTF-8", "COLUMNS": str(columns)}
    return CliRunner(env=variables).invoke(main, [*map(str, args)])


def rows_of(*args):
    result = run(*args, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def bracket(answer) -> dict[str, tuple[float, float]]:
    rows = answer.to_polars().select("label", "risk_low", "risk_high").rows()
    return {label: (round(low, 6), round(high, 6)) for label, low, high in rows}


def test_what_each_failure_costs_at_least_and_at_most(economy) -> None:
    # Of 100 sold in all; without steel the shop loses 30 of its 40 inputs, or all it makes.
    assert bracket(economy.risk()) == {
        "Crowd": (1, 1),
        "Shop": (1, 1),
        "Works": (0.8, 0.9),
        "Mine": (0.7, 0.8),
        "Farm": (0.2, 0.5),
        "Pit": (0.4, 0.45),
        "Aside": (0, 0),
    }


def test_beside_the_risk_stand_those_hit_those_behind_and_the_most_exposed(economy) -> None:
    rows = {row["label"]: row for row in rows_of("risk", economy.path)}
    assert list(rows["Mine"]) == [
        "actor", "label", "kind", "rank", "risk_low", "risk_high", "hit", "cut", "dominated",
        "dependants", "exposed", "exposed_label", "exposed_share",
    ]  # fmt: skip
    assert [(r["label"], r["rank"]) for r in rows.values()][:3] == [
        ("Shop", 1), ("Crowd", 1), ("Works", 3),
    ]  # fmt: skip
    hit = {label: row["hit"] for label, row in rows.items()}
    # Those upstream of the crowd are four and the shop; the mine hits works, shop and crowd.
    assert hit == {"Crowd": 5, "Shop": 5, "Works": 4, "Mine": 3, "Farm": 2, "Pit": 3, "Aside": 0}
    assert {label for label, row in rows.items() if row["cut"]} == {"Works", "Shop"}
    assert rows["Shop"]["dominated"] == 1
    assert rows["Shop"]["dependants"] == [f"{economy.base}actor/t/crowd"]
    exposed = {label: (row["exposed_label"], row["exposed_share"]) for label, row in rows.items()}
    assert exposed["Works"] == ("Shop", 0.75)
    assert exposed["Pit"] == ("Works", 0.5)
    assert exposed["Crowd"] == (None, None)


def test_what_is_assumed_is_said(economy) -> None:
    told = run("risk", economy.path, "--format", "table").stderr
    words = " ".join(told.split())
    assert "weigh by their value, in USD" in words
    assert "mainly one product can stand in for each other: it is known of 4 of 5" in words
    assert "is known of 2 of 5 pairs of supplier and buyer (table 0, recipes 2)" in words
    for language in ("uz", "ru", "en"):
        whole = run("risk", economy.path, "--format", "json", "--explain", "--lang", language)
        assert "ESRIⱼ = Σᵢ" in whole.stderr
        assert "https://doi.org/10.1038/s41598-022-11522-z" in whole.stderr
        assert "j : 1 − min" in whole.stderr


def test_unknown_inputs_taken_one_way_close_the_bracket(economy) -> None:
    mild = bracket(economy.risk(given=Assumptions(unknown="replaceable")))
    grave = bracket(economy.risk(given=Assumptions(unknown="essential")))
    assert (mild["Mine"], grave["Mine"]) == ((0.7, 0.7), (0.8, 0.8))
    rows = rows_of("risk", economy.path, "--unknown", "essential", "--top", "1")
    assert rows[0]["risk_low"] == rows[0]["risk_high"]


def test_a_table_goes_before_the_recipes(economy, tmp_path) -> None:
    table = tmp_path / "needs.csv"
    table.write_text("supplier_sector,buyer_sector,need\nOre,steel,1\n", "utf-8")
    found = bracket(economy.risk(given=Assumptions(essential=table)))
    # Without ore half of the inputs of steel are gone, as without coal.
    assert found["Mine"] == found["Pit"] == (0.4, 0.45)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("a,b\n1,2\n", "fault.needs-columns"),
        ("supplier_sector,buyer_sector,need\nore,steel,7\n", "fault.needs-row"),
        ("supplier_sector,buyer_sector,need\nore,,1\n", "fault.needs-row"),
        ("", "fault.needs-file"),
    ],
)
def test_a_table_with_a_fault_names_it(economy, tmp_path, text, key) -> None:
    table = tmp_path / "needs.csv"
    table.write_text(text, "utf-8")
    with pytest.raises(Fault) as caught:
        economy.risk(given=Assumptions(essential=table))
    assert caught.value.key == key
    result = run("risk", economy.path, "--essential", table)
    assert result.exit_code == 1
    assert "needs.csv" in result.stderr


def test_those_of_one_market_stand_in_for_each_other(tmp_path) -> None:
    tables = {
        "actors": [
            {"id": name, "name": name, "kind": "enterprise", "activity": activity}
            for name, activity in (("a", "0111"), ("b", "0111"), ("c", "0112"), ("d", "1061"))
        ],
        "supplies": [
            {"supplier": s, "buyer": "d", "value": v, "currency": "USD"}
            for s, v in (("a", "10"), ("b", "30"), ("c", "10"))
        ],
    }
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", tables), loaded_at=LOADED_AT)
    supplies = graph.supplies()
    assert (supplies.markets.by, supplies.markets.known) == ("activity", 3)
    numbers = dict(zip(supplies.network.actors["label"], supplies.markets.numbers, strict=True))
    assert numbers["a"] == numbers["b"] != numbers["c"]
    # A broader activity stands for all below it, and a narrower one goes before it.
    table = tmp_path / "needs.csv"
    rows = "supplier_sector,buyer_sector,need\n0112,1061,0\n01,10,2\n"
    table.write_text(rows, "utf-8")
    needs = graph.supplies(Assumptions(essential=table)).needs
    assert needs.least.tolist() == needs.most.tolist() == [2, 2, 0]


def test_a_failure_step_by_step(economy) -> None:
    rows = rows_of("risk", economy.path, "--fail", "mine uz")
    assert list(rows[0]) == ["step", "actor", "label", "kind", "supply", "demand", "lost"]
    told = [(row["step"], row["label"], row["lost"]) for row in rows]
    assert told == [(0, "Mine", 1), (1, "Works", 1), (2, "Shop", 1), (3, "Crowd", 1)]
    by_api = economy.cascade("mine", f"{economy.base}actor/t/farm")
    assert {row[2] for row in by_api.rows if row[0] == 0} == {"Mine", "Farm"}
    table = run("risk", economy.path, "--fail", "pit", "--format", "table")
    assert "If Pit stopped, 40.0% to 45.0% of all recorded output would be lost" in table.stderr
    nobody = run("risk", economy.path, "--fail", "mnie")
    assert nobody.exit_code == 1
    assert "mine" in nobody.stderr.casefold()


def test_without_an_actor_its_links_go_and_others_are_cut_off(economy) -> None:
    rows = rows_of("risk", economy.path, "--without", "Works")
    told = {(row["what"], row["change"], row["source_label"], row["target_label"]) for row in rows}
    assert {
        ("actor", "removed", "Works", None),
        ("link", "removed", "Mine", "Works"),
        ("link", "removed", "Pit", "Works"),
        ("link", "removed", "Works", "Shop"),
        ("parts", "more", None, None),
        ("cut-off", "buyers", "Mine", None),
        ("cut-off", "main-part", "Mine", None),
        ("cut-off", "buyers", "Pit", None),
        ("cut-off", "main-part", "Pit", None),
    } == {one for one in told if one[0] not in ("systemic-risk", "betweenness")}
    (parts,) = (row for row in rows if row["what"] == "parts")
    assert (parts["before"], parts["after"]) == (2, 4)
    farm = next(r for r in rows if r["what"] == "systemic-risk" and r["source_label"] == "Farm")
    # It is the shop's only supplier now.
    assert (farm["before"], farm["after"]) == pytest.approx((0.5, 1.0))
    assert economy.network().size == 7


def test_with_a_second_supplier_the_first_matters_less(economy, tmp_path) -> None:
    works = f"{economy.base}actor/t/works"
    more = {
        "actors": [{"id": "mine2", "name": "New mine", "kind": "enterprise"}],
        "supplies": [
            {
                "supplier": "mine2",
                "buyer": works,
                "product": f"{economy.base}product/t/ore",
                "value": "10",
                "currency": "USD",
            }
        ],
    }
    source = write_tables(tmp_path / "more", more)
    rows = rows_of("risk", economy.path, "--with", source)
    changes = [(r["what"], r["change"], r["source_label"]) for r in rows[:2]]
    assert changes == [("actor", "added", "New mine"), ("link", "added", "New mine")]
    mine = next(r for r in rows if r["what"] == "systemic-risk" and r["source_label"] == "Mine")
    # Half of the ore is left, and the other mine is as large: (10 + 15 + 20) of 110.
    assert mine["after"] == pytest.approx(45 / 110)
    by_api = economy.difference(added=source).to_polars()
    assert by_api.height == len(rows)
    refused = run("risk", economy.path, "--with", source, "--fail", "mine")
    assert refused.exit_code == 1
    assert "--fail" in refused.stderr


def test_a_graph_without_supplies_says_so(florentine_graph) -> None:
    result = run("risk", florentine_graph.path, "--lang", "uz")
    assert result.exit_code == 1
    assert "taʼminot" in result.stderr


def test_on_a_larger_network_some_are_tried_and_that_is_said(economy) -> None:
    result = run("risk", economy.path, "--candidates", "2", "--format", "table")
    assert "2 of 7 actors are tried" in result.stderr
    risks = economy.risk(given=Assumptions(candidates=2)).to_polars()["risk_high"]
    assert risks.null_count() == 5
    coarse = run("risk", economy.path, "--tolerance", "0.01", "--format", "table")
    assert "1.00%" in coarse.stderr


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_no_line_is_wider_than_the_terminal(economy, columns, language) -> None:
    for more in ((), ("--fail", "mine"), ("--without", "works")):
        asked = ("risk", economy.path, *more, "--format", "table", "--lang", language)
        result = run(*asked, columns=columns)
        assert result.exit_code == 0, result.output
        assert max(map(len, result.output.splitlines())) <= columns
        assert "Mine" in result.stdout


def test_a_slice_keeps_its_own_supplies(economy) -> None:
    with pytest.raises(Fault) as caught:
        economy.risk(kind="finance")
    assert caught.value.key == "fault.no-network"


def test_dependants_are_those_of_dependants_too() -> None:
    chain = Network.from_pairs([("a", "b"), ("b", "c"), ("c", "d")])
    every = chain.places(["a", "b", "d"])
    assert dependants(chain, every) == [[1, 2, 3], [2, 3], []]


def test_nobody_is_cut_off_where_nothing_goes() -> None:
    chain = Network.from_pairs([("a", "b"), ("b", "c")])
    assert cut_off(chain, chain).is_empty()
