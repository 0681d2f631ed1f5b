"""Brokers: published figures, networkx's, and roles counted by hand."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_networks import (
    FLORENTINE,
    KARATE,
    KITE,
    made,
    named,
    places_after,
    some_links,
    undirected,
)

from klaster.graph.network import brokerage
from klaster.graph.network.communities import (
    communities,
    modularity,
    participation_in_communities,
)
from klaster.graph.network.network import Network

NETWORKS = {
    "florentine": undirected(FLORENTINE),
    "kite": undirected(KITE),
    "karate": undirected(KARATE),
}
CLUBS = [KARATE.nodes[node]["club"] for node in sorted(KARATE)]


@pytest.mark.parametrize(
    ("measure", "which", "expected"),
    [
        (
            brokerage.constraint,
            "florentine",
            {"Medici": 0.209877, "Guadagni": 0.25, "Albizzi": 0.333333},
        ),
        (
            brokerage.constraint,
            "kite",
            {"07": 0.431111, "05": 0.445089, "06": 0.445089, "03": 0.470170},
        ),
        (brokerage.constraint, "karate", {"00": 0.155423, "33": 0.156419, "02": 0.185177}),
        (brokerage.effective_size, "florentine", {"Medici": 5.666667, "Guadagni": 4}),
        (brokerage.efficiency, "florentine", {"Medici": 0.944444, "Guadagni": 1}),
        (brokerage.effective_size, "kite", {"03": 3.333333, "05": 3, "06": 3, "07": 2.333333}),
        (brokerage.effective_size, "karate", {"33": 15.235294, "00": 13.75}),
    ],
)
def test_structural_holes_are_as_published(measure, which, expected) -> None:
    found = named(NETWORKS[which], measure(NETWORKS[which]))
    for actor, value in expected.items():
        assert found[actor] == pytest.approx(value, abs=1e-6)


def test_constraint_of_a_circle_and_of_two_bells() -> None:
    assert brokerage.constraint(undirected(nx.cycle_graph(5))) == pytest.approx([0.5] * 5)
    bells = brokerage.constraint(undirected(nx.barbell_graph(3, 1)))
    assert bells[3] == pytest.approx(0.5)
    assert bells[[2, 4]] == pytest.approx(0.611111, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(some_links(), st.booleans())
def test_structural_holes_equal_networkx(given_links, weighted) -> None:
    net = made(*given_links)
    graph = nx.relabel_nodes(net.to_networkx(), {f"n{at:02}": at for at in range(99)})
    weight = "strength" if weighted else None
    constraint = brokerage.constraint(net, weighted=weighted)
    size = brokerage.effective_size(net, weighted=weighted)
    directed = graph.to_directed()
    for actor in graph:
        partners = set(nx.all_neighbors(graph, actor))
        if not partners:
            assert math.isnan(constraint[actor])
            assert math.isnan(size[actor])
            continue
        # networkx gives no figure for actors to whom links only lead; from its parts we add it up.
        local = sum(nx.local_constraint(graph, actor, other, weight) for other in partners)
        assert constraint[actor] == pytest.approx(local, abs=1e-9)
        if len(graph[actor]):
            theirs = nx.effective_size(directed, [actor], weight=weight)[actor]
            assert size[actor] == pytest.approx(theirs, abs=1e-9)


def test_roles_of_four_actors_counted_by_hand() -> None:
    links = [("A", "B"), ("A", "C"), ("B", "C"), ("B", "D"), ("C", "D"), ("D", "A")]
    found = brokerage.roles(Network.from_pairs(links), np.array([1, 1, 2, 2]))
    expected = [[0, 1, 0, 1, 0], [0, 0, 1, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 1, 0]]
    assert found.tolist() == expected


def test_roles_in_the_karate_club() -> None:
    groups, _ = brokerage.grouped(CLUBS)
    found = brokerage.roles(NETWORKS["karate"], groups)
    assert found[0].tolist() == [174, 15, 15, 0, 0]
    assert found[33].tolist() == [156, 40, 40, 6, 0]
    assert found[2].tolist() == [10, 23, 23, 12, 0]
    assert found[31].tolist() == [14, 5, 5, 0, 0]


@settings(max_examples=50, deadline=None)
@given(some_links(), st.data())
def test_roles_equal_a_count_of_all_chains(given_links, data) -> None:
    net = made(*given_links)
    group = data.draw(st.lists(st.integers(0, 3), min_size=net.size, max_size=net.size))
    linked = net.arcs.toarray() > 0
    expected = np.zeros((net.size, 5))
    for a, v, b in itertools.permutations(range(net.size), 3):
        if linked[a, v] and linked[v, b] and not linked[a, b]:
            x, y, z = group[a], group[v], group[b]
            role = 0 if x == y == z else 1 if y == z else 2 if x == y else 3 if x == z else 4
            expected[v, role] += 1
    assert brokerage.roles(net, np.array(group)).tolist() == expected.tolist()


@settings(max_examples=50, deadline=None)
@given(some_links(), st.integers(0, 1000), st.data())
def test_renaming_actors_and_reordering_links_change_no_broker(given_links, shuffle, data) -> None:
    size, links = given_links
    net, other = made(size, links), made(size, links, shuffle=shuffle)
    places = places_after(size, links, shuffle)
    groups = np.array(data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size)))
    moved = np.empty_like(groups)
    moved[places] = groups
    for measure in (
        brokerage.roles,
        brokerage.participation,
        brokerage.ei_index,
    ):
        after = measure(other, moved)[places]
        assert after == pytest.approx(measure(net, groups), abs=1e-9, nan_ok=True)


def test_participation_and_the_ei_index_of_a_broker() -> None:
    # v has two partners in its own group and two in another.
    net = Network.from_pairs([("v", "a"), ("b", "v"), ("v", "x"), ("y", "v")], also=["lone"])
    groups, names = brokerage.grouped(["1", "1", "1", "1", "2", "2"])
    assert names == ["1", "2"]
    groups = np.array([0, 0, 0, 0, 1, 1])
    assert net.actors["actor"].to_list() == ["a", "b", "lone", "v", "x", "y"]
    found = named(net, brokerage.participation(net, groups))
    assert found["v"] == pytest.approx(0.5)
    assert found["a"] == 0
    assert math.isnan(found["lone"])
    index = named(net, brokerage.ei_index(net, groups))
    assert (index["a"], index["v"], index["x"]) == (-1, 0, 1)
    assert brokerage.ei_index_of_all(net, groups) == 0
    assert math.isnan(brokerage.ei_index_of_all(Network.from_pairs([], also=["a"]), groups[:1]))


def test_strong_ties_weigh_more_in_participation_and_the_ei_index() -> None:
    net = Network.from_pairs([("v", "a"), ("v", "x")], weights=[3, 1])
    groups = np.array([0, 0, 1])
    assert brokerage.participation(net, groups, weighted=True)[1] == pytest.approx(1 - 10 / 16)
    assert brokerage.ei_index(net, groups, weighted=True)[1] == pytest.approx(-0.5)


def test_actors_without_a_label_are_a_group_together() -> None:
    groups, names = brokerage.grouped([None, "b", None, "a"])
    assert groups.tolist() == [2, 1, 2, 0]
    assert names == ["a", "b", None]


@pytest.mark.parametrize(
    ("which", "least", "groups"),
    [("florentine", 0.3975, (3, 4)), ("kite", 0.222222, (3,)), ("karate", 0.419790, (4,))],
)
def test_communities_are_as_good_as_published(which, least, groups) -> None:
    net = NETWORKS[which]
    found = communities(net)
    assert modularity(net, found) >= least - 1e-6
    assert found.max() + 1 in groups
    plain = nx.Graph(net.to_networkx())
    names = net.actors["actor"].to_list()
    sets = [{names[at] for at in np.flatnonzero(found == label)} for label in set(found)]
    theirs = nx.community.modularity(plain, sets, weight=None)
    assert modularity(net, found) == pytest.approx(theirs, abs=1e-12)


def test_the_karate_club_falls_into_its_four_communities() -> None:
    found = communities(NETWORKS["karate"])
    assert np.bincount(found).tolist() == [12, 11, 6, 5]
    clubs, _ = brokerage.grouped(CLUBS)
    assert modularity(NETWORKS["karate"], clubs) == pytest.approx(0.358235, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(some_links(), st.booleans(), st.floats(0.5, 2))
def test_modularity_equals_networkx(given_links, weighted, resolution) -> None:
    net = made(*given_links)
    groups = np.arange(net.size) % 3
    graph = nx.Graph()
    graph.add_nodes_from(range(net.size))
    matrix = (net.exchange if weighted else net.ties).tocoo()
    graph.add_weighted_edges_from(zip(matrix.row, matrix.col, matrix.data, strict=True))
    ours = modularity(net, groups, resolution=resolution, weighted=weighted)
    if not graph.number_of_edges():
        assert math.isnan(ours)
        return
    sets = [set(np.flatnonzero(groups == label).tolist()) for label in range(groups.max() + 1)]
    theirs = nx.community.modularity(graph, sets, resolution=resolution)
    assert ours == pytest.approx(theirs, abs=1e-9)


def test_the_order_of_actors_and_links_does_not_change_communities() -> None:
    graph = nx.gaussian_random_partition_graph(150, 15, 5, 0.4, 0.02, seed=2)
    links = [(a, b, 1.0, False) for a, b in graph.edges]
    before = participation_in_communities(made(150, links))
    for shuffle in range(3):
        places = places_after(150, links, shuffle)
        after = participation_in_communities(made(150, links, shuffle=shuffle))[places]
        assert after == pytest.approx(before, abs=1e-12, nan_ok=True)


def test_communities_are_the_same_in_each_process_and_differ_by_seed_only() -> None:
    code = (
        "import networkx as nx; from klaster.graph.network.network import Network\n"
        "from klaster.graph.network.communities import communities\n"
        "edges = nx.gnm_random_graph(300, 900, seed=1).edges\n"
        "net = Network.from_pairs([(str(a), str(b)) for a, b in edges], directed=False)\n"
        "print(communities(net).tolist(), communities(net, seed=5).tolist())"
    )
    done = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert done[0].stdout == done[1].stdout
    first, second = done[0].stdout.split("] [")
    assert first.strip("[]\n") != second.strip("[]\n")


def test_communities_of_a_network_without_links_are_its_actors() -> None:
    assert communities(Network.from_pairs([], also=["a", "b"])).tolist() == [0, 1]
    assert communities(Network.from_pairs([])).tolist() == []


def test_a_strong_tie_holds_a_community_together() -> None:
    circle = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "a")]
    net = Network.from_pairs(circle, weights=[9, 1, 9, 1])
    assert communities(net, weighted=True).tolist() == [0, 0, 1, 1]
