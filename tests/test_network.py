"""Measures on networks whose answer is known: worked by hand, published, or networkx's."""

from __future__ import annotations

import csv
import datetime as dt
import math

import networkx as nx
import numpy as np
import polars as pl
import pytest
from made_up import SHARED, write_tables

import klaster
from klaster.graph.network import centrality
from klaster.graph.network.change import among, within
from klaster.graph.network.layout import SPACING, lay_out
from klaster.graph.network.network import Network
from klaster.ontology.codes import codes
from klaster.ontology.faults import Fault


def network(links, *, directed=True, also=()) -> Network:
    """A network of the actors named by the links, and of those in ``also``."""
    names = sorted({name for link in links for name in link} | set(also))
    place = {name: index for index, name in enumerate(names)}
    actors = pl.DataFrame({"actor": names, "label": names, "kind": ["enterprise"] * len(names)})
    rows = [
        {
            "source": place[a],
            "target": place[b],
            "kind": "supply",
            "iri": f"{a}-{b}",
            "directed": directed,
        }
        for a, b in links
    ]
    schema = {
        "source": pl.Int64,
        "target": pl.Int64,
        "kind": pl.String,
        "iri": pl.String,
        "directed": pl.Boolean,
    }
    return Network(actors, pl.DataFrame(rows, schema=schema))


def of(net: Network, name: str) -> dict[str, float]:
    return dict(zip(net.actors["actor"], centrality.measure(net, name).tolist(), strict=True))


CHAIN = [("a", "b"), ("b", "c")]
STAR = [("hub", leaf) for leaf in "abcd"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("degree", {"a": 1, "b": 2, "c": 1}),
        ("in-degree", {"a": 0, "b": 1, "c": 1}),
        ("out-degree", {"a": 1, "b": 1, "c": 0}),
        ("betweenness", {"a": 0, "b": 0.5, "c": 0}),
        ("harmonic-upstream", {"a": 0, "b": 1, "c": 1.5}),
        ("harmonic-downstream", {"a": 1.5, "b": 1, "c": 0}),
        ("core", {"a": 1, "b": 1, "c": 1}),
        ("constraint", {"a": 1, "b": 0.5, "c": 1}),
        ("cut", {"a": 0, "b": 1, "c": 0}),
    ],
)
def test_a_chain_of_three(name, expected) -> None:
    assert of(network(CHAIN), name) == pytest.approx(expected)


def test_a_star_without_direction() -> None:
    star = network(STAR, directed=False)
    leaves = dict.fromkeys("abcd", 0.0)
    assert of(star, "betweenness") == pytest.approx({"hub": 1.0, **leaves})
    assert of(star, "constraint") == pytest.approx({"hub": 0.25, **dict.fromkeys("abcd", 1.0)})
    assert of(star, "closeness") == pytest.approx({"hub": 1.0, **dict.fromkeys("abcd", 4 / 7)})
    assert of(star, "cut") == {"hub": 1.0, **leaves}


def test_parallel_links_and_links_with_oneself_count_once_or_not_at_all() -> None:
    net = network([("a", "b"), ("a", "b"), ("a", "a"), ("b", "a")])
    assert of(net, "degree") == {"a": 1, "b": 1}
    assert net.arcs.nnz == 2


def random_network(seed: int, *, directed: bool) -> Network:
    chosen = np.random.default_rng(seed).integers(0, 30, (45, 2))
    links = [(f"n{a:02}", f"n{b:02}") for a, b in chosen]
    return network(links, directed=directed, also=[f"n{index:02}" for index in range(32)])


@pytest.mark.parametrize("directed", [True, False], ids=["directed", "undirected"])
@pytest.mark.parametrize("seed", range(5))
def test_the_measures_agree_with_networkx(seed, directed) -> None:
    net = random_network(seed, directed=directed)
    graph = net.to_networkx()
    plain = nx.Graph(graph)
    expected = {
        "degree": dict(plain.degree()),
        "in-degree": dict(graph.in_degree()),
        "out-degree": dict(graph.out_degree()),
        "pagerank": nx.pagerank(graph, tol=1e-14, max_iter=1000),
        "betweenness": nx.betweenness_centrality(graph),
        "harmonic-upstream": nx.harmonic_centrality(graph),
        "harmonic-downstream": nx.harmonic_centrality(graph.reverse()),
        "closeness": nx.closeness_centrality(graph),
        "core": nx.core_number(plain),
        "cut": {node: float(node in set(nx.articulation_points(plain))) for node in plain},
    }
    for name, values in expected.items():
        assert of(net, name) == pytest.approx(values, abs=1e-9), name
    constraint = {node: nx.constraint(graph, [node])[node] for node in graph}
    ours = of(net, "constraint")
    for node, value in constraint.items():
        # networkx leaves out actors to whom links only lead; by Burt they are constrained too.
        if plain.degree(node) == 0 or not math.isnan(value):
            assert ours[node] == pytest.approx(value, nan_ok=True), node


def test_the_karate_club_has_its_published_figures() -> None:
    club = nx.karate_club_graph()
    links = [(f"{a:02}", f"{b:02}") for a, b in club.edges]
    net = network(links, directed=False)
    assert of(net, "betweenness")["00"] == pytest.approx(0.437635, abs=1e-6)
    assert of(net, "constraint")["00"] == pytest.approx(0.155423, abs=1e-6)
    assert of(net, "eigenvector")["33"] == pytest.approx(0.373363, abs=1e-6)
    assert of(net, "pagerank")["33"] == pytest.approx(0.100919, abs=1e-6)
    assert of(net, "harmonic-upstream")["33"] == pytest.approx(23.25)
    assert max(of(net, "core").values()) == 4
    assert [name for name, value in of(net, "cut").items() if value] == ["00"]


def test_the_florentine_families_have_their_published_figures(florentine_graph) -> None:
    with (SHARED / "florentine-families/expected_centrality.csv").open(encoding="utf-8") as stream:
        expected = {row["family"]: row for row in csv.DictReader(stream)}
    names = ("degree", "betweenness", "closeness", "eigenvector")
    frame = florentine_graph.central(by="degree", also=names, links=["cooperation"]).to_polars()
    assert frame.height == 16
    first = frame.row(0, named=True)
    assert (first["label"], first["rank"], first["degree"]) == ("Medici", 1, 6)
    assert first["betweenness"] == pytest.approx(0.452381, abs=1e-6)
    for row in frame.iter_rows(named=True):
        known = expected[row["label"]]
        assert row["degree"] == int(known["marriage_degree"])
        for ours, theirs in (
            ("betweenness", "marriage_betweenness"),
            ("closeness", "marriage_closeness_nx"),
            ("eigenvector", "marriage_eigenvector"),
        ):
            assert row[ours] == pytest.approx(float(known[theirs]), abs=1e-6), row["label"]


def test_ties_share_a_rank_and_are_counted() -> None:
    frame = centrality.ranking(network(STAR), "degree")
    assert frame.select("actor", "rank", "tied").rows() == [
        ("hub", 1, 1),
        *((leaf, 2, 4) for leaf in "abcd"),
    ]


def test_low_constraint_ranks_first_and_what_is_not_defined_last() -> None:
    frame = centrality.ranking(network(CHAIN, also=["alone"]), "constraint")
    assert frame["actor"].to_list() == ["b", "a", "c", "alone"]
    assert frame["constraint"].to_list() == [0.5, 1, 1, None]


def test_renaming_the_actors_changes_no_figure() -> None:
    net = random_network(7, directed=True)
    renamed = {name: f"z{hash(name) % 1000:03}{name}" for name in net.actors["actor"]}
    links = [
        (renamed[net.actors["actor"][a]], renamed[net.actors["actor"][b]])
        for a, b in net.links.select("source", "target").rows()
    ]
    other = network(links[::-1], also=list(renamed.values()))
    for name in centrality.DEFAULT:
        before, after = of(net, name), of(other, name)
        for actor, value in before.items():
            assert after[renamed[actor]] == pytest.approx(value, nan_ok=True, abs=1e-9), name


def test_eigenvector_centrality_is_refused_where_it_is_not_defined() -> None:
    for net, key in (
        (network(CHAIN), "fault.undirected-only"),
        (network([("a", "b"), ("c", "d")], directed=False), "fault.not-unique"),
    ):
        with pytest.raises(Fault) as caught:
            centrality.measure(net, "eigenvector")
        assert caught.value.key == key


def test_an_unknown_measure_is_told_with_the_known_ones() -> None:
    with pytest.raises(Fault) as caught:
        centrality.measure(network(CHAIN), "charisma")
    assert "betweenness" in caught.value.text("uz")


def test_every_measure_says_what_it_means_in_every_language() -> None:
    assert codes("measure").keys() == centrality.MEASURES.keys()
    for entry in codes("measure").values():
        for language in ("en", "ru", "uz"):
            assert len(entry.meanings[language]) > 30


def test_a_network_of_one_and_of_none() -> None:
    alone = network([], also=["a"])
    for name in centrality.DEFAULT:
        figure = centrality.measure(alone, name)[0]
        assert figure in (0, 1) or math.isnan(figure)


def labels_of_links(graph, **options) -> set[tuple[str, str, str]]:
    net = graph.network(**options)
    names = net.actors["label"]
    return {
        (names[a], names[b], kind)
        for a, b, kind in net.links.select("source", "target", "kind").rows()
    }


def test_the_projection_counts_the_links_that_hold(small_graph) -> None:
    assert labels_of_links(small_graph) == {
        ("Ginner", "Spinner", "supply"),
        ("Spinner", "Weaver", "supply"),
        ("Institute", "Weaver", "cooperation"),
    }
    assert labels_of_links(small_graph, links=["cooperation"]) == {
        ("Institute", "Weaver", "cooperation")
    }


@pytest.mark.parametrize(
    ("day", "links"),
    [
        ("2019-12-31", {("Institute", "Weaver")}),
        ("2020-01-01", {("Institute", "Weaver"), ("Ginner", "Spinner")}),
        ("2021-02-28", {("Institute", "Weaver"), ("Ginner", "Spinner")}),
        ("2021-03-01", {("Institute", "Weaver"), ("Ginner", "Spinner"), ("Spinner", "Weaver")}),
    ],
)
def test_the_projection_of_a_day(small_graph, day, links) -> None:
    found = labels_of_links(small_graph, date=dt.date.fromisoformat(day))
    assert {(a, b) for a, b, _ in found} == links


@pytest.mark.parametrize(
    ("valid_to", "day", "holds"),
    [
        ("2022", "2022-12-31", True),
        ("2022", "2023-01-01", False),
        ("2022-05", "2022-05-31", True),
        ("2022-05", "2022-06-01", False),
        ("2022-05-10", "2022-05-09", True),
        ("2022-05-10", "2022-05-10", False),
    ],
)
def test_a_period_ends_with_its_last_day_and_a_date_on_the_day_itself(
    tmp_path, valid_to, day, holds
) -> None:
    tables = {
        "actors": [{"id": name, "name": name, "kind": "enterprise"} for name in "ab"],
        "supplies": [{"supplier": "a", "buyer": "b", "valid_from": "2020", "valid_to": valid_to}],
    }
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", tables))
    assert bool(labels_of_links(graph, date=dt.date.fromisoformat(day))) is holds
    in_sparql = f'ASK {{ ?l kl:validTo ?t FILTER (?t > "{day}"^^xsd:date) }}'
    assert graph.query(in_sparql).rows[0][0] is holds


def test_membership_joins_members_with_the_body_of_their_cluster(demo_graph) -> None:
    assert labels_of_links(demo_graph, links=["membership"]) == {
        ("Bukhara Cotton Textile", "BCT Cluster", "membership"),
        ("Grand Pharm Logistics Hub", "Tashkent Pharma Park", "membership"),
        ("Pharmaceutical Technical University", "Tashkent Pharma Park", "membership"),
    }


def test_one_cluster_keeps_its_members_only(demo_graph) -> None:
    for name in ("livestock", "Chorvachilik klasteri", "CHORVACHILIK KLASTERI"):
        assert demo_graph.network(cluster=name).size == 3
    with pytest.raises(Fault) as caught:
        demo_graph.network(cluster="livestok")
    assert "livestock" in caught.value.text("en")


def test_the_research_centre_ties_the_clusters_to_science(demo_graph) -> None:
    frame = demo_graph.central(by="betweenness", links=["cooperation"]).to_polars()
    between = frame.filter(pl.col("kind") == "research")
    assert between["label"][0] == "JSC Paxtasanoat Ilmiy Markazi"
    assert between["betweenness"][0] > 0


def test_the_layout_is_the_same_each_time_and_keeps_nodes_apart() -> None:
    pairs = np.random.default_rng(1).integers(0, 80, (90, 2))
    first, second = lay_out(100, pairs), lay_out(100, pairs)
    assert np.array_equal(first, second)
    gaps = np.linalg.norm(first[:, None] - first[None], axis=2)
    np.fill_diagonal(gaps, np.inf)
    assert gaps.min() > SPACING * 0.6


def test_nodes_without_links_stand_in_a_tray_below() -> None:
    positions = lay_out(5, np.array([[0, 1], [1, 2]]))
    assert positions[3:, 1].min() > positions[:3, 1].max()


@pytest.mark.parametrize("seed", range(8))
def test_the_networks_inside_all_groups_are_those_inside_each(seed) -> None:
    chance = np.random.default_rng(seed)
    ends = [(f"a{a:02}", f"a{b:02}") for a, b in chance.integers(0, 30, (80, 2))]
    whole = Network.from_pairs(ends, directed=bool(seed % 2), also=["alone"])
    # Some belong to several groups, some to none, and of some the network knows nothing.
    who = [f"a{a:02}" for a in chance.integers(0, 35, 60)] + ["alone"]
    group = [f"g{number}" for number in chance.integers(0, 6, 60)] + ["lonely"]
    members = pl.DataFrame({"actor": who, "group": group}).unique()
    found = dict(within(whole, members))
    assert list(found) == sorted(found)
    for name in sorted(set(group)):
        own = members.filter(pl.col("group") == name)["actor"]
        part = among(whole, whole.actors["actor"].is_in(own.implode()))
        assert found[name].actors.equals(part.actors)
        assert found[name].links.equals(part.links)
    assert found["lonely"].links.is_empty()
