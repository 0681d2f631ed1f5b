"""What the measures find, as RDF beside the facts."""

from __future__ import annotations

import json
import math

import networkx as nx
import pytest
from click.testing import CliRunner
from made_up import LOADED_AT, SMALL, write_tables
from made_up_networks import undirected

import klaster
from klaster.cli import main
from klaster.graph.findings import measured
from klaster.graph.network.network import Network
from klaster.ontology.validation import validate

ALL = """
SELECT ?measure ?actor ?value ?rank ?percentile WHERE {
  ?result a kl:MetricResult ; kl:measuredActor ?actor ; kl:measure/skos:notation ?measure ;
    kl:metricValue ?value ; kl:metricRank ?rank ; kl:metricPercentile ?percentile }"""


def test_the_results_in_the_graph_are_those_of_central(small_graph) -> None:
    found = {(row[0], row[1]): row[2:] for row in small_graph.query(ALL).rows}
    network = small_graph.network()
    names = measured.quick_measures(network)
    assert {name for name, _ in found} == set(names)
    for name in names:
        table = small_graph.central(by=name).to_polars()
        for row in table.iter_rows(named=True):
            if row[name] is None:
                assert (name, row["actor"]) not in found
                continue
            value, rank, percentile = found[name, row["actor"]]
            assert value == pytest.approx(row[name], rel=1e-11)
            assert rank == row["rank"]
            assert percentile == pytest.approx(row["percentile"], abs=0.005)


def test_a_measurement_says_how_much_it_counted(small_graph) -> None:
    rows = small_graph.query(
        "SELECT ?l ?a ?m WHERE { ?x a kl:Measurement ; kl:measure/skos:notation 'degree' ;"
        " kl:linksCounted ?l ; kl:actorsCounted ?a ; kl:method ?m }"
    ).rows
    assert rows == ((3, 5, measured.METHOD),)


def test_results_can_be_joined_with_facts(demo_graph) -> None:
    rows = demo_graph.ask("central-without-support", most="20").to_polars()
    awarded = set(demo_graph.table("awards")["beneficiary"])
    assert rows.height
    assert not awarded & set(rows["actor"])


@pytest.mark.parametrize("which", ["small_graph", "demo_graph"])
def test_findings_conform(which, request) -> None:
    graph = request.getfixturevalue(which)
    parts = [f"source/{entry.name}" for entry in graph.sources()]
    data = [graph._store.dump(f"{graph.base}graph/{part}") for part in (*parts, "findings")]
    data.append(graph._store.dump(f"{graph.base}graph/derived"))
    results = validate(b"".join(data).decode())
    assert [found for found in results if found.severity == "Violation"] == []


def test_the_same_source_gives_the_same_results(tmp_path) -> None:
    dumps = []
    for name in ("one", "two"):
        graph = klaster.open(tmp_path / name / "g.klaster")
        graph.load(write_tables(tmp_path / "t", SMALL), loaded_at=LOADED_AT)
        dump = graph._store.dump(f"{graph.base}graph/findings")
        dumps.append(sorted(dump.splitlines()))
    assert dumps[0] == dumps[1]


def test_on_a_large_network_the_most_central_are_written_and_no_tie_is_cut(monkeypatch) -> None:
    monkeypatch.setattr(measured, "RECORDED", 3)
    # A star with two satellites of degree 2: the four leaves share the rank after them.
    star = undirected(nx.Graph([(0, at) for at in range(1, 7)] + [(1, 2)]))
    found = measured.results(star, "degree")
    assert found.select("actor", "rank").rows() == [("00", 1), ("01", 2), ("02", 2)]
    monkeypatch.setattr(measured, "RECORDED", 2)
    assert measured.results(star, "degree")["actor"].to_list() == ["00"]


def test_what_is_costly_is_left_out_where_it_is() -> None:
    few = Network.from_pairs([("a", "b")])
    assert {"betweenness", "harmonic-upstream"} <= set(measured.quick_measures(few))
    names = [f"n{number}" for number in range(3_000)]
    many = Network.from_pairs([("n0", name) for name in names[1:]])
    quick = measured.quick_measures(many)
    assert "betweenness" not in quick
    assert {"harmonic-upstream", "constraint", "pagerank", "dominated"} <= set(quick)
    assert "participation" not in quick


def run(*args, columns=100):
    variables = {"LANG": "C.UTF-8", "COLUMNS": str(columns)}
    return CliRunner(env=variables).invoke(main, [*map(str, args)])


CHAINS = {
    "actors": [
        {"id": name, "name": name.upper(), "kind": kind, "region": region}
        for name, kind, region in (
            ("a", "enterprise", "UZ-FA"),
            ("b", "enterprise", "UZ-AN"),
            ("c", "research", "UZ-AN"),
            ("d", "government", ""),
        )
    ],
    "clusters": [{"id": "k", "name": "K", "sector": "livestock"}],
    "memberships": [{"actor": name, "cluster": "k"} for name in "abcd"],
    "supplies": [
        {"supplier": a, "buyer": b} for a, b in ("ab", "ac", "bc", "bd", "cd", "da")
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def chains(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chains")
    graph = klaster.open(folder / "g.klaster")
    graph.load(write_tables(folder / "t", CHAINS), loaded_at=LOADED_AT)
    return graph


def test_brokers_by_kind_are_told_with_their_roles(chains) -> None:
    # The chains d→a→b, d→a→c, a→b→d, a→c→d, b→d→a, c→d→a are open; groups: a and b enterprises.
    result = run("central", chains.path, "--roles", "kind", "--format", "json")
    rows = {row["label"]: row for row in json.loads(result.stdout)}
    roles = ("coordinator", "gatekeeper", "representative", "itinerant", "liaison")
    told = {label: [row[role] for role in roles] for label, row in rows.items()}
    assert told == {
        "A": [0, 1, 0, 0, 1],
        "B": [0, 0, 1, 0, 0],
        "C": [0, 0, 0, 0, 1],
        "D": [0, 0, 0, 1, 1],
    }
    # A has partners B (of its kind), C and D.
    assert rows["A"]["ei"] == pytest.approx(1 / 3)
    assert chains.brokers(by="kind").to_polars().height == 4


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_each_way_of_grouping_is_told_in_each_language(chains, language) -> None:
    for by in ("kind", "sector", "region", "cluster", "community"):
        asked = ("central", chains.path, "--roles", by, "--format", "table", "--lang", language)
        for columns in (80, 200):
            result = run(*asked, columns=columns)
            assert result.exit_code == 0, result.output
            assert max(map(len, result.output.splitlines())) <= columns
    for more in (("--key", "1"), ("--helix",)):
        asked = ("central", chains.path, *more, "--format", "table", "--lang", language)
        result = run(*asked, columns=80)
        assert result.exit_code == 0, result.output
        assert max(map(len, result.output.splitlines())) <= 80


def test_key_players_of_the_florentine_families(florentine_graph) -> None:
    asked = ("central", florentine_graph.path, "--links", "cooperation", "--key", "2")
    rows = json.loads(run(*asked, "--format", "json").stdout)
    chosen = {row["label"] for row in rows if row["goal"] == "remove"}
    assert chosen == {"Medici", "Guadagni"}
    assert all(row["exact"] for row in rows)
    told = run(*asked, "--format", "table").stderr
    assert "All sets were tried" in told


def entropy(*counts: int) -> float:
    return -sum(count / 6 * math.log2(count / 6) for count in counts)


def test_the_helix_of_a_cluster(chains) -> None:
    (row,) = json.loads(run("central", chains.path, "--helix", "--format", "json").stdout)
    counts = (row["university"], row["industry"], row["government"])
    assert counts == (1, 2, 1)
    assert (row["present"], row["linked"]) == (3, 3)
    # Of six links one joins firms, two firm and university, two firm and state, one the others.
    # Entropies of the shares of links, in bits: one by one, two by two, all three.
    one = 1 + entropy(5, 1) + 1
    two = entropy(3, 2, 1) + entropy(1, 2, 2, 1) + entropy(3, 2, 1)
    assert row["synergy"] == pytest.approx(one - two + entropy(1, 2, 2, 1), abs=1e-9)
    assert run("central", chains.path, "--helix", "--key", "2").exit_code == 1
