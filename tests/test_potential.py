"""What could be exported next, asked as users ask: from tables to the command's answers."""

from __future__ import annotations

import csv
import json
import re
import shlex
from pathlib import Path
from typing import Any

import click
import polars as pl
import pytest
from click.testing import CliRunner
from made_up import CHAIN, LOADED_AT, SHARED, write_tables

import klaster
from klaster.cli import main
from klaster.graph.findings.export_potential import Prospects
from klaster.graph.findings.facts import Facts
from klaster.graph.findings.product_spaces import product_space
from klaster.graph.findings.sectors import sector_linkages
from klaster.graph.network.linkages import leontief_inverse, linkages
from klaster.graph.store.columns import Columns, write_columns
from klaster.loaders.sources import read_source
from klaster.ontology.faults import Fault


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("potential")
    graph = klaster.open(folder / "chain.klaster")
    graph.load(write_tables(folder / "chain", CHAIN), loaded_at=LOADED_AT)
    return graph.path


@pytest.fixture(scope="module")
def graph(path):
    return klaster.open(path)


def asked(path, *options, code=0):
    done = CliRunner().invoke(main, ["potential", str(path), *options])
    assert done.exit_code == code, done.output
    return done


def rows(path, *options) -> list[dict[str, Any]]:
    return json.loads(asked(path, *options, "--format", "json").stdout)


def test_exporters_are_ordered_by_complexity(path) -> None:
    found = rows(path)
    assert [row["label"] for row in found] == ["Firm 0", "Firm 1", "Firm 2", "Firm 3"]
    assert found[0]["products"] == found[0]["markets"] == 4
    assert found[0]["product_concentration"] == pytest.approx(0.25)
    assert {row["year"] for row in found} == {2023}


def test_the_exports_of_a_cluster_are_those_of_its_members(path) -> None:
    found = rows(path, "--level", "cluster", "--show", "concentration", "--of", "Cluster 1")
    assert [(row["year"], row["value"], row["products"]) for row in found] == [
        (2022, 300, 3),
        (2023, 600, 3),
    ]
    assert found[1]["growth"] == pytest.approx(1)
    country = rows(path, "--level", "country")
    assert [(row["label"], row["value"], row["complexity"]) for row in country] == [
        ("Uzbekistan", 2000, None)
    ]


def test_what_was_recorded_of_a_cluster_itself_comes_before_its_members(tmp_path) -> None:
    own = {"exporter": "c0", "product": "yarn", "year": "2023", "value": "5", "currency": "USD"}
    tables = {**CHAIN, "exports": [*CHAIN["exports"], own]}
    graph = klaster.open(tmp_path / "own.klaster")
    graph.load(write_tables(tmp_path / "own", tables), loaded_at=LOADED_AT)
    found = graph.potential(level="cluster").over_time()
    assert found.filter(pl.col("label") == "Cluster 0")["value"].to_list() == [400, 5]


def test_flows_in_another_currency_are_left_out_and_counted(path) -> None:
    assert "other currencies left out: 1" in asked(path, "--format", "table", "--lang", "en").output
    assert rows(path, "--currency", "EUR")[0]["value"] == 9


def test_products_of_one_exporter(path) -> None:
    found = rows(path, "--of", "firm3")
    assert [(row["label"], row["value"], row["share"]) for row in found] == [("Fibre", 200, 1)]
    # A tenth of all exports each: fibre is 800 of 2,000.
    assert found[0]["rca"] == pytest.approx(2.5)


def test_the_next_product_has_its_reasons(graph) -> None:
    (found,) = graph.next_products(of="Cluster 2", count=1)
    # 2/3 to yarn and 1/2 to fibre, of these and the 1/2 to dress.
    assert found.numbers["density"] == pytest.approx((2 / 3 + 1 / 2) / (2 / 3 + 1))
    assert found.numbers["basis"] == "production"
    text = found.text["en"]
    assert text.startswith("Cluster 2: Cloth is not recorded as made there, though 70%")
    assert "nearest are Fibre, Yarn" in text
    # The member comes first; dye is made by nobody, yarn by the member.
    assert "Who makes something close: Firm 0, Firm 1, Firm 2" in text
    assert found.candidates[0].endswith("/firm2")
    assert "no member is recorded as making: Dye." in text
    # What is ended, and what asks for more employees than any has, is no support.
    assert "would qualify: Looms." in text
    assert "cloth (uz)" in found.text["uz"]


def test_the_next_products_of_all_clusters_leave_out_who_makes_all(graph) -> None:
    found = graph.next_products(count=2)
    assert [graph.names(one.subjects)[one.subjects[0]] for one in found] == [
        "Cluster 1", "Cluster 2", "Cluster 2", "Cluster 3", "Cluster 3",
    ]  # fmt: skip
    names = [graph.names([one.product])[one.product] for one in found]
    assert names == ["Dress", "Cloth", "Dress", "Yarn", "Cloth"]


def test_the_more_complex_can_come_first(graph) -> None:
    first = graph.next_products(of="Cluster 3", order="complexity", count=3)
    densities = [one.numbers["density"] for one in first]
    complexities = [one.numbers["complexity"] for one in first]
    assert complexities == sorted(complexities, reverse=True)
    assert min(densities) >= graph.next_products(of="Cluster 3", count=3)[1].numbers["density"]


def test_next_markets_are_those_of_who_sells_where_it_sells(path) -> None:
    found = rows(path, "--show", "markets", "--of", "Firm 2")
    assert [row["destination"].rsplit("/", 1)[1] for row in found] == ["DE"]
    # Of those who sell much to Germany one sells much to Türkiye, the other to France.
    assert found[0]["density"] == pytest.approx(0.5)
    # Nobody sells fibre or yarn in Germany.
    assert found[0]["numbers"]["sellers"] == 0
    assert "no exports to Germany" in found[0]["text"]


def test_growth_is_all_of_what_there_was(path) -> None:
    found = rows(path, "--show", "growth", "--since", "2022", "--of", "firm1")
    assert [(row["change"], row["grew"], row["entered"], row["world"]) for row in found] == [
        (300, 300, 0, 300)
    ]
    wrong = asked(path, "--show", "growth", "--since", "2023", code=1)
    assert "2022" in wrong.output


def test_claims_tell_what_can_be_judged_and_what_not(path) -> None:
    found = {row["indicator"]: row for row in rows(path, "--show", "claims")}
    assert found["market-count"]["value"] == 4
    # 800, 600, 400 and 200 of 2,000.
    assert found["market-concentration"]["value"] == pytest.approx(0.3)
    assert found["unit-cost"]["value"] is None
    assert found["unit-cost"]["lacking"] == "not-kept"
    of_one = rows(path, "--show", "claims", "--of", "Cluster 3")
    assert {row["indicator"]: row["value"] for row in of_one}["market-count"] == 1


SHOWN = [
    (), ("--show", "products"), ("--of", "firm0"), ("--show", "next"), ("--show", "markets"),
    ("--show", "concentration"), ("--show", "growth", "--since", "2022"),
    ("--show", "near", "--product", "Yarn"), ("--show", "claims"),
]  # fmt: skip


@pytest.mark.parametrize("language", ["uz", "ru", "en"])
@pytest.mark.parametrize("options", SHOWN, ids=" ".join)
def test_every_table_is_told_in_every_language(path, options, language, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = asked(path, *options, "--lang", language, "--format", "table")
    assert max(map(len, done.output.splitlines())) <= 80
    assert "–" not in done.output.splitlines()[0]


@pytest.mark.parametrize("options", SHOWN, ids=" ".join)
def test_data_have_the_same_keys_in_csv_and_json(path, options) -> None:
    found = rows(path, *options)
    lines = list(csv.DictReader(asked(path, *options, "--format", "csv").stdout.splitlines()))
    assert list(lines[0]) == list(found[0])
    assert len(lines) == len(found)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--of", "Firm 9"), "firm 0"),
        (("--year", "1999"), "2022, 2023"),
        (("--show", "near"), "--product"),
        (("--show", "near", "--product", "yarnn"), "yarn"),
        (("--show", "growth"), "--since"),
        (("--show", "linkages"), "input-output table"),
        (("--currency", "RUB"), "no exports"),
    ],
    ids=lambda value: "_".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_answered_is_said_in_one_message(path, options, told) -> None:
    done = asked(path, *options, "--lang", "en", code=1)
    assert told in done.output.lower() or told in done.output
    assert "Traceback" not in done.output


def test_a_graph_without_exports_says_so(small_graph) -> None:
    with pytest.raises(Fault, match="no exports"):
        small_graph.potential()
    assert small_graph.claims().is_empty()


def test_products_of_a_cluster_find_their_place_by_hs_code(tmp_path) -> None:
    tables = {
        **{name: CHAIN[name] for name in ("actors", "clusters", "memberships")},
        "products": [
            {"id": "own", "name": "Yarn", "hs": "5205"},
            {"id": "x", "name": "Cotton yarn", "hs": "520512"},
            {"id": "y", "name": "Cotton cloth", "hs": "520811"},
            {"id": "z", "name": "Cars", "hs": "870321"},
        ],
        "makes": [{"actor": "firm0", "product": "own"}],
        "proximities": [
            {"product": "x", "other": "y", "value": "0.6"},
            {"product": "y", "other": "z", "value": "0.2"},
        ],
    }
    graph = klaster.open(tmp_path / "hs.klaster")
    graph.load(write_tables(tmp_path / "hs", tables), loaded_at=LOADED_AT)
    (found,) = graph.next_products(of="Cluster 0")
    assert graph.names([found.product])[found.product] == "Cotton cloth"
    assert found.numbers["density"] == pytest.approx(0.75)
    assert found.numbers["basis"] == "proximities"
    with pytest.raises(Fault, match="HS codes"):
        graph.next_products(of="Cluster 1")


def data(name):
    if not (SHARED / name).exists():
        pytest.skip(f"{name} is not beside this checkout")
    return SHARED / name


def test_the_sectors_of_chile_by_the_expected_multipliers() -> None:
    folder = data("chile-io-2013")
    expected = pl.read_csv(folder / "expected_multipliers.csv")
    table = pl.read_csv(folder / "transactions.csv")
    found = linkages(table.drop("seller").to_numpy(), expected["output"].to_numpy())
    assert found["backward"].to_list() == pytest.approx(
        expected["backward_multiplier"].to_list(), abs=1e-6
    )
    assert found["forward"].to_list() == pytest.approx(
        expected["forward_multiplier"].to_list(), abs=1e-6
    )


def columns_of(name, folder) -> Columns:
    """Return the tables of a data set without making a graph of them."""
    source = read_source(data(name), base="https://example.org/", name="io").tables
    write_columns(source, folder / "io")
    return Columns([folder / "io"])


def test_the_linkages_of_a_table_are_those_of_its_own_figures(tmp_path) -> None:
    found = sector_linkages(Facts(columns_of("chile-io-2013", tmp_path)))
    folder = data("chile-io-2013")
    flows = pl.read_csv(folder / "transactions.csv").drop("seller").to_numpy()
    output = pl.read_csv(folder / "wage_and_final_demand.csv")["final_total_demand"].to_numpy()
    backward = leontief_inverse(flows / output).sum(axis=0)
    assert sorted(found["backward"]) == pytest.approx(sorted(backward), abs=1e-9)
    assert found["local"].to_list() == pytest.approx([1] * 12)


def test_what_industries_make_adds_up_to_their_output(tmp_path) -> None:
    found = sector_linkages(Facts(columns_of("bea-io-2012", tmp_path)))
    folder = data("bea-io-2012")
    made = pl.read_csv(folder / "make_2012.csv.gz").group_by("industry")
    told = pl.read_csv(folder / "industry_output_2012.csv").join(
        made.agg(pl.col("value_musd").sum(), cells=pl.len()), on="industry"
    )
    apart = (told["value_musd"] - told["output_musd"]).abs()
    # Each cell, and the sum, is rounded to a million.
    assert (apart <= (told["cells"] + 1) / 2).all()
    assert found.height == told.height
    assert found["output"].sum() == pytest.approx(told["output_musd"].to_numpy().sum() * 1e6)
    assert found["dispersion"].mean() == pytest.approx(1)
    assert found["sensitivity"].mean() == pytest.approx(1)


DOCUMENTED = [
    shlex.split(told)[3 if told.startswith("klaster") else 0 :]
    for told in re.findall(
        r"^\|.*\| `((?:klaster potential G|--show)[^`]*)` \|$",
        (Path(__file__).parents[1] / "docs/potential.md").read_text("utf-8"),
        re.MULTILINE,
    )
]


@pytest.mark.parametrize("options", DOCUMENTED, ids=" ".join)
def test_what_the_documentation_shows_runs(path, options) -> None:
    # The chain of clusters has no input-output table.
    done = asked(path, *options, code=1 if "linkages" in options else 0)
    assert done.output


def test_every_kind_of_table_is_documented() -> None:
    shown = {option for options in DOCUMENTED for option in options} | {"exporters"}
    command = main.commands["potential"]
    (kinds,) = [option.type for option in command.params if option.name == "show"]
    assert isinstance(kinds, click.Choice)
    assert set(kinds.choices) <= shown


def test_whether_anything_is_near_is_known_before_it_is_worked_out(graph) -> None:
    facts = Facts(graph.columns())
    space = product_space(facts)
    assert space
    told = Prospects(facts, space)
    products = sorted(space.products)
    sets = [[], products, *([one] for one in products), products[:2], [f"{graph.base}nothing"]]
    near = [told.any_near(own) for own in sets]
    assert near == [any(True for _ in told.products("", own, count=1)) for own in sets]
    assert True in near
    assert False in near
