"""Groups and key players: published figures, networkx's, and the best of all sets by trying."""

from __future__ import annotations

import itertools
import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_networks import FLORENTINE, KARATE, KITE, made, some_links, undirected

from klaster.graph.network import groups, key_players
from klaster.graph.network.network import Network
from klaster.ontology.faults import Fault

NETWORKS = {
    "florentine": undirected(FLORENTINE),
    "kite": undirected(KITE),
    "karate": undirected(KARATE),
}


def places(net: Network, names: str) -> np.ndarray:
    return net.places(names.split())


@pytest.mark.parametrize(
    ("which", "pair", "expected"),
    [
        ("florentine", "Medici Guadagni", 0.756410),
        ("kite", "03 07", 0.559524),
        ("kite", "05 06", 0.535714),
        ("karate", "00 33", 0.684557),
    ],
)
def test_group_betweenness_is_as_published(which, pair, expected) -> None:
    net = NETWORKS[which]
    assert groups.group_betweenness(net, places(net, pair)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("which", "one", "first", "two", "both"),
    [
        ("florentine", "Medici", 0.384615, "Medici Guadagni", 0.705128),
        ("kite", "07", 0.388889, "05 06", 0.535714),
        ("karate", "00", 0.316288, "00 01", 0.423387),
    ],
)
def test_the_actors_whose_loss_breaks_most_are_as_published(which, one, first, two, both) -> None:
    net = NETWORKS[which]
    for count, names, value in ((1, one, first), (2, two, both)):
        found = key_players.key_players_to_remove(net, count)
        assert set(found.actors) == set(places(net, names))
        assert found.value == pytest.approx(value, abs=1e-6)
        assert found.exact


@pytest.mark.parametrize(
    ("which", "actor", "expected"),
    [("florentine", "Medici", 0.673810), ("kite", "07", 0.486111), ("karate", "00", 0.641540)],
)
def test_fragmentation_by_distance_is_as_published(which, actor, expected) -> None:
    net = NETWORKS[which]
    found = [
        key_players.distance_fragmentation(net, np.array([place])) for place in range(net.size)
    ]
    assert np.argmax(found) == places(net, actor)[0]
    assert max(found) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("which", "one", "first", "two", "both"),
    [
        ("florentine", "Medici", 0.7, "Medici Bischeri", 13 / 15),
        ("kite", "03", 0.808333, "03 08", 1.0),
        ("karate", "33", 0.713235, "00 33", 0.955882),
    ],
)
def test_the_actors_who_reach_most_are_as_published(which, one, first, two, both) -> None:
    net = NETWORKS[which]
    for count, names, value in ((1, one, first), (2, two, both)):
        found = key_players.key_players_to_reach(net, count)
        assert found.exact
        assert found.value == pytest.approx(value, abs=1e-6)
        assert groups.reach(net, places(net, names)) == pytest.approx(found.value)


@settings(max_examples=50, deadline=None)
@given(some_links(), st.data())
def test_group_measures_equal_networkx(given_links, data) -> None:
    net = made(*given_links)
    graph = nx.relabel_nodes(net.to_networkx(), {f"n{at:02}": at for at in range(99)})
    plain = nx.Graph(graph)
    actor = st.integers(0, net.size - 1)
    group = sorted(data.draw(st.sets(actor, min_size=1, max_size=net.size - 1)))
    theirs = nx.group_degree_centrality(plain, group)
    assert groups.group_degree(net, np.array(group)) == pytest.approx(theirs)
    # networkx counts steps to a group along the links; ours are from it.
    reached = nx.multi_source_dijkstra_path_length(graph, set(group), weight=None)
    near = groups.group_closeness(net, np.array(group))
    if len(reached) == net.size:
        theirs = nx.group_closeness_centrality(graph.reverse(), group)
        assert near == pytest.approx(theirs)
    else:
        assert math.isnan(near)


@settings(max_examples=50, deadline=None)
@given(some_links(), st.data())
def test_group_betweenness_equals_a_count_of_all_paths(given_links, data) -> None:
    net = made(*given_links)
    graph = nx.relabel_nodes(net.to_networkx(), {f"n{at:02}": at for at in range(99)})
    actor = st.integers(0, net.size - 1)
    group = data.draw(st.sets(actor, min_size=1, max_size=3))
    others = [node for node in graph if node not in group]
    found = groups.group_betweenness(net, np.array(sorted(group)))
    if len(others) < 2:
        assert math.isnan(found)
        return
    total = 0.0
    for s, t in itertools.permutations(others, 2):
        if nx.has_path(graph, s, t):
            through = [bool(group & set(path)) for path in nx.all_shortest_paths(graph, s, t)]
            total += sum(through) / len(through)
    assert found == pytest.approx(total / (len(others) * (len(others) - 1)))


@settings(max_examples=50, deadline=None)
@given(some_links(), st.integers(1, 3))
def test_the_proven_sets_are_the_best_of_all(given_links, count) -> None:
    net = made(*given_links)
    if count >= net.size:
        with pytest.raises(Fault) as caught:
            key_players.key_players_to_remove(net, count)
        assert caught.value.key == "fault.key-players"
        return
    sets = [np.array(one) for one in itertools.combinations(range(net.size), count)]
    removed = key_players.key_players_to_remove(net, count)
    assert removed.exact
    assert removed.value == pytest.approx(max(key_players.fragmentation(net, s) for s in sets))
    reached = key_players.key_players_to_reach(net, count)
    assert reached.exact
    assert reached.value == pytest.approx(max(groups.reach(net, s) for s in sets))


def test_the_greedy_choice_states_what_the_best_can_be(monkeypatch) -> None:
    net = NETWORKS["karate"]
    best = [key_players.key_players_to_reach(net, count).value for count in (1, 2)]
    monkeypatch.setattr(key_players, "_TRIED", 0)
    for whole in (2_000, 0):
        monkeypatch.setattr(key_players, "_WHOLE", whole)
        for count, value in enumerate(best, 1):
            found = key_players.key_players_to_reach(net, count)
            assert (1 - 1 / math.e) * value <= found.value <= value + 1e-12
            assert found.bound >= value - 1e-12
    removed = key_players.key_players_to_remove(net, 2)
    assert removed.value == pytest.approx(0.423387, abs=1e-6)
    assert not removed.exact


def test_an_exchange_mends_a_greedy_choice(monkeypatch) -> None:
    # The middle of a path of seven breaks it best; beside it none does as much as two others.
    monkeypatch.setattr(key_players, "_TRIED", 0)
    path = Network.from_pairs(itertools.pairwise("abcdefg"))
    found = key_players.key_players_to_remove(path, 2)
    assert 3 not in found.actors
    assert found.value == pytest.approx(0.8)


@pytest.mark.parametrize("seed", range(4))
def test_on_large_networks_a_few_are_tried_and_the_bound_holds(seed, monkeypatch) -> None:
    ends = np.random.default_rng(seed).integers(0, 40, (90, 2)).tolist()
    net = made(40, [(a, b, 1.0, bool(seed % 2)) for a, b in ends])
    best = [key_players.key_players_to_reach(net, count).value for count in (1, 3)]
    near = np.array([key_players._near(net, actor).sum() for actor in range(net.size)])
    assert (key_players._at_most_near(net) >= near - 1e-9).all()
    monkeypatch.setattr(key_players, "_WHOLE", 0)
    monkeypatch.setattr(key_players, "EXACT_LIMIT", 0)
    for tried in (40, 6):
        monkeypatch.setattr(key_players, "CANDIDATES", tried)
        for count, most in zip((1, 3), best, strict=True):
            found = key_players.key_players_to_reach(net, count)
            assert len(set(found.actors.tolist())) == count
            assert found.value == pytest.approx(groups.reach(net, found.actors))
            assert (1 - 1 / np.e if tried == 40 else 0.4) * most <= found.value <= most + 1e-12
            assert found.bound >= most - 1e-12
