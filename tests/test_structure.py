"""Networks as a whole: published figures, and networkx's."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from made_up_networks import FLORENTINE, KARATE, KITE, made, named, some_links, undirected

from klaster.graph.network import structure
from klaster.graph.network.betweenness import betweenness
from klaster.graph.network.centrality import degree
from klaster.graph.network.network import Network
from klaster.ontology.faults import Fault

NETWORKS = {
    "florentine": undirected(FLORENTINE),
    "kite": undirected(KITE),
    "karate": undirected(KARATE),
}
# Density, transitivity, diameter, mean steps, assortativity, centralisation by degree and by
# betweenness.
PUBLISHED = {
    "florentine": (0.190476, 0.191489, 5, 2.485714, -0.374838, 0.274725, 0.436813),
    "kite": (0.4, 0.578947, 4, 1.977778, 0.152542, 0.333333, 0.296296),
    "karate": (0.139037, 0.255682, 5, 2.408200, -0.475613, 0.399621, 0.405557),
}


@pytest.mark.parametrize("which", PUBLISHED)
def test_the_textbook_networks_are_as_published(which) -> None:
    net = NETWORKS[which]
    size = net.size
    found = (
        structure.density(net),
        structure.transitivity(net),
        structure.diameter(net),
        structure.mean_steps(net),
        structure.assortativity(net),
        structure.centralisation(degree(net), (size - 1) * (size - 2)),
        structure.centralisation(betweenness(net), size - 1),
    )
    assert found == pytest.approx(PUBLISHED[which], abs=1e-6)


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("florentine", {"Medici": 0.598947, "Guadagni": 0.366895}),
        ("kite", {"07": 0.432432, "05": 0.353791, "06": 0.353791}),
        ("karate", {"00": 0.486387, "33": 0.390369}),
    ],
)
def test_current_flow_is_as_published(which, expected) -> None:
    found = named(NETWORKS[which], structure.current_flow_betweenness(NETWORKS[which]))
    for actor, value in expected.items():
        assert found[actor] == pytest.approx(value, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(some_links())
def test_the_whole_equals_networkx(given_links) -> None:
    net = made(*given_links)
    graph = nx.relabel_nodes(net.to_networkx(), {f"n{at:02}": at for at in range(99)})
    plain = nx.Graph(graph)
    assert structure.density(net) == pytest.approx(nx.density(graph))
    if any(degree > 1 for _, degree in plain.degree()):
        assert structure.transitivity(net) == pytest.approx(nx.transitivity(plain))
    lengths = [
        step for _, row in nx.all_pairs_shortest_path_length(graph) for step in row.values() if step
    ]
    assert structure.diameter(net) == max(lengths, default=0)
    if lengths:
        assert structure.mean_steps(net) == pytest.approx(np.mean(lengths))
    if len({degree for _, degree in plain.degree() if degree}) > 1:
        theirs = nx.degree_assortativity_coefficient(plain)
        assert structure.assortativity(net) == pytest.approx(theirs, abs=1e-9)
    else:
        assert math.isnan(structure.assortativity(net))
    if net.size > 2 and nx.is_connected(plain):
        for weighted in (False, True):
            matrix = (net.exchange if weighted else net.ties).tocoo()
            wires = nx.Graph()
            wires.add_weighted_edges_from(zip(matrix.row, matrix.col, matrix.data, strict=True))
            theirs = nx.current_flow_betweenness_centrality(wires, weight="weight")
            ours = structure.current_flow_betweenness(net, weighted=weighted)
            assert ours == pytest.approx([theirs[at] for at in range(net.size)], abs=1e-8)


def test_current_flow_is_refused_on_a_network_in_parts() -> None:
    with pytest.raises(Fault) as caught:
        structure.current_flow_betweenness(Network.from_pairs([("a", "b"), ("c", "d")]))
    assert caught.value.key == "fault.one-part-only"


def test_an_empty_network_has_no_density() -> None:
    assert math.isnan(structure.density(Network.from_pairs([])))
    assert math.isnan(structure.transitivity(Network.from_pairs([("a", "b")])))
    assert math.isnan(structure.mean_steps(Network.from_pairs([], also=["a", "b"])))
