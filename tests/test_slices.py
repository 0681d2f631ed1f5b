"""A part of the network, two days of it, and how sure its ranks are."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from click.testing import CliRunner
from made_up import LOADED_AT, SMALL, write_tables

import klaster
from klaster.cli import main
from klaster.ontology.codes import codes
from klaster.ontology.faults import Fault


def run(*args):
    return CliRunner(env={"LANG": "C.UTF-8", "COLUMNS": "120"}).invoke(main, [*map(str, args)])


def rows_of(*args):
    result = run(*args, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def labels(network) -> list[str]:
    return sorted(network.actors["label"])


@pytest.mark.parametrize(
    ("slices", "expected"),
    [
        ({"region": "UZ-FA"}, ["Ginner", "Spinner", "Weaver"]),
        ({"region": "Ферганская область"}, ["Ginner", "Spinner", "Weaver"]),
        ({"kind": "finance"}, ["Bank"]),
        ({"kind": "korxona"}, ["Ginner", "Spinner", "Weaver"]),
        ({"sector": "light-industry", "kind": "research"}, ["Institute"]),
        ({"sector": "cotton and textiles", "region": "UZ-FA"}, ["Ginner", "Spinner", "Weaver"]),
    ],
)
def test_a_slice_keeps_the_actors_of_a_code_or_its_label(small_graph, slices, expected) -> None:
    network = small_graph.network(**slices)
    assert labels(network) == expected
    assert network.links["source"].max() is None or network.links["source"].max() < network.size


def test_a_slice_keeps_only_the_links_inside_it(small_graph) -> None:
    assert small_graph.network().links.height == 3
    assert small_graph.network(region="UZ-FA").links.height == 2


def test_a_sector_holds_those_who_belong_to_its_clusters_on_the_day(tmp_path) -> None:
    tables = SMALL | {
        "memberships": [
            {"actor": "gin", "cluster": "c", "valid_from": "2020", "valid_to": "2022-01-01"},
            {"actor": "spin", "cluster": "c", "valid_from": "2021", "valid_to": ""},
        ]
    }
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", tables), loaded_at=LOADED_AT)
    sector = "cotton-textile"
    assert labels(graph.network(sector=sector, date=dt.date(2020, 6, 1))) == ["Ginner"]
    assert labels(graph.network(sector=sector, date=dt.date(2021, 6, 1))) == ["Ginner", "Spinner"]
    assert labels(graph.network(sector=sector, date=dt.date(2023, 6, 1))) == ["Spinner"]


@pytest.mark.parametrize(
    ("option", "value", "nearest"),
    [
        ("--region", "Fargona viloyat", "Fargʻona"),
        ("--sector", "farmatsevtik", "farmatsevtika"),
        ("--kind", "enterprize", "enterprise"),
    ],
)
def test_an_unknown_code_names_the_nearest(small_graph, option, value, nearest) -> None:
    result = run("central", small_graph.path, option, value)
    assert result.exit_code == 1
    assert nearest.casefold().replace("ʻ", "") in result.stderr.casefold().replace("ʻ", "")


def test_a_slice_without_actors_is_told(small_graph) -> None:
    with pytest.raises(Fault) as caught:
        small_graph.network(sector="pharmaceutical")
    assert caught.value.key == "fault.no-network"


def test_the_change_between_two_days_comes_with_the_largest_first(small_graph) -> None:
    asked = ("central", small_graph.path, "--since", "2019-06-01", "--date", "2020-06-01")
    rows = rows_of(*asked)
    assert list(rows[0]) == [
        "actor", "label", "kind", "rank", "degree", "rank_then", "degree_then", "difference",
    ]  # fmt: skip
    # The ginner's supply begins in 2020, the spinner's in March 2021.
    assert [(r["label"], r["rank_then"], r["rank"], r["difference"]) for r in rows] == [
        ("Ginner", 3, 1, 1), ("Spinner", 3, 1, 1), ("Institute", 1, 1, 0), ("Weaver", 1, 1, 0),
        ("Bank", 3, 5, 0),
    ]  # fmt: skip
    by_api = small_graph.central(since=dt.date(2019, 6, 1), date=dt.date(2020, 6, 1)).to_polars()
    assert by_api["difference"].to_list() == [1, 1, 0, 0, 0]
    table = run(*asked, "--format", "table", "--lang", "uz").stdout
    assert "oldingi oʻrin" in table.splitlines()[0]


@pytest.mark.parametrize("more", [(), ("--date", "2019-01-01")])
def test_a_change_needs_a_later_day(small_graph, more) -> None:
    result = run("central", small_graph.path, "--since", "2019-06-01", *more)
    assert result.exit_code == 1
    assert "--date" in result.stderr


def test_the_percentile_tells_how_many_of_the_others_rank_below(small_graph) -> None:
    rows = rows_of("central", small_graph.path)
    # Two of two links, two of one, one of none: below are 3, 1 and 0 of 4 others.
    assert [row["percentile"] for row in rows] == [75, 75, 25, 25, 0]
    bridges = rows_of("central", small_graph.path, "--by", "constraint")
    assert (bridges[-1]["label"], bridges[-1]["percentile"]) == ("Bank", None)


def coverage_graph(tmp_path, coverage):
    """Six actors: one has four links, another two, the others one or none."""
    pairs = [("a", "b"), ("a", "c"), ("a", "d"), ("a", "e"), ("b", "c")]
    tables = {
        "actors": [{"id": n, "name": n.upper(), "kind": "enterprise"} for n in "abcdef"],
        "clusters": [
            {"id": "k", "name": "K", "sector": "livestock", "coverage": coverage},
            {"id": "l", "name": "L", "sector": "livestock", "coverage": "census"},
        ],
        "memberships": [
            *({"actor": name, "cluster": "k"} for name in "abcde"),
            {"actor": "f", "cluster": "l"},
        ],
        "supplies": [{"supplier": s, "buyer": b, "kind": "freight"} for s, b in pairs],
    }
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", tables), loaded_at=LOADED_AT)
    return graph


@pytest.mark.parametrize("coverage", ["survey", "news", ""])
def test_ranks_in_incomplete_data_have_an_interval(tmp_path, coverage) -> None:
    graph = coverage_graph(tmp_path, coverage)
    rows = rows_of("central", graph.path)
    assert list(rows[0])[-3:] == ["percentile", "rank_low", "rank_high"]
    assert (rows[0]["label"], rows[0]["rank_low"], rows[0]["rank_high"]) == ("A", 1, 1)
    assert all(row["rank_low"] <= row["rank"] <= row["rank_high"] for row in rows)
    # Without one of their two links, B and C stand where D and E do.
    found = {row["label"]: (row["rank"], row["rank_low"], row["rank_high"]) for row in rows}
    assert (found["B"][0], found["D"][0]) == (2, 4)
    assert found["D"][1] <= found["B"][2]
    assert rows == rows_of("central", graph.path)
    off = rows_of("central", graph.path, "--no-interval")
    assert "rank_low" not in off[0]
    assert [row["rank"] for row in off] == [row["rank"] for row in rows]


def ranks_of(told) -> list[str]:
    """Return what stands first in each line of a table that begins with a rank."""
    words = [line.split()[0] for line in told.stdout.splitlines() if line.strip()]
    return [word for word in words if word.rstrip("=").isdecimal()]


def test_actors_within_the_interval_are_printed_as_ties(tmp_path) -> None:
    graph = coverage_graph(tmp_path, "survey")
    told = run("central", graph.path, "--format", "table")
    assert ranks_of(told)[:5] == ["1=", "1=", "1=", "4=", "4="]
    assert "survey" in told.stderr
    plain = run("central", graph.path, "--format", "table", "--no-interval")
    assert ranks_of(plain)[:5] == [
        "1", "2=", "2=", "4=", "4=",
    ]  # fmt: skip


def test_a_census_has_no_interval(tmp_path, small_graph) -> None:
    assert small_graph.coverage(network=small_graph.network()) == "census"
    assert "rank_low" not in rows_of("central", small_graph.path)[0]
    graph = coverage_graph(tmp_path, "survey")
    assert "rank_low" not in rows_of("central", graph.path, "--cluster", "l")[0]
    assert "rank_low" in rows_of("central", graph.path, "--cluster", "k")[0]


def test_an_interval_that_would_take_long_is_not_worked_out(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("klaster.graph.network.uncertainty.MOST_LINKS", 3)
    graph = coverage_graph(tmp_path, "survey")
    assert "rank_low" not in rows_of("central", graph.path)[0]
    assert "take too long" in run("central", graph.path, "--format", "table").stderr


def test_a_measure_that_is_not_defined_names_the_one_to_use(small_graph) -> None:
    told = run("central", small_graph.path, "--by", "eigenvector")
    assert told.exit_code == 1
    assert "--by pagerank" in told.stderr
    told = run("central", small_graph.path, "--by", "closeness", "--format", "table")
    assert "separate parts" in told.stderr
    assert "--by harmonic-upstream" in " ".join(told.stderr.split())
    told = run("central", small_graph.path, "--by", "constraint", "--format", "table")
    assert "constraint: not defined for 1 actors" in told.stderr


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_every_measure_shown_is_explained_if_asked(small_graph, language) -> None:
    asked = ("central", small_graph.path, "--format", "csv", "--explain", "--lang", language)
    told = " ".join(run(*asked).stderr.split())
    measure = codes("measure")["betweenness"]
    for words in (measure.labels[language], measure.meanings[language], measure.formula):
        assert words in told
    assert "Freeman (1977), https://doi.org/10.2307/3033543" in told
    assert run("central", small_graph.path, "--format", "csv").stderr == ""


def test_every_measure_has_a_formula_and_a_source() -> None:
    for entry in codes("measure").values():
        assert entry.formula
        assert "https://doi.org/10." in entry.reference
