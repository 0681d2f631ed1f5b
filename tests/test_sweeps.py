"""The fast paths of the walks agree with plain rounds, whatever the network looks like."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_networks import made, some_links
from scipy.sparse import csr_array

from klaster.graph.network import connectivity, leading, reach, strips, walks
from klaster.graph.network.network import Network


def solved(net: Network, damping: float, *, upstream: bool, weighted: bool) -> np.ndarray:
    """PageRank from the full matrix."""
    matrix = (net.weights if weighted else net.arcs).toarray()
    matrix = matrix.T if upstream else matrix
    given_on = matrix.sum(axis=1, keepdims=True)
    chance = np.where(given_on > 0, matrix / np.where(given_on > 0, given_on, 1), 1 / net.size)
    found = np.linalg.solve(np.eye(net.size) - damping * chance.T, np.ones(net.size))
    return found / found.sum()


@settings(max_examples=150, deadline=None)
@given(
    some_links(),
    st.sampled_from([0.0, 0.3, 0.85, 0.99]),
    st.sampled_from([1e-4, 1e-10]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([1, 3, 1 << 16]),
)
def test_shares_are_as_exact_as_promised(links, damping, tolerance, upstream, weighted, cells):
    net = made(*links)
    rank = walks.pagerank_upstream if upstream else walks.pagerank
    with pytest.MonkeyPatch.context() as patch:
        # Strips of few cells: what a large network is cut into.
        patch.setattr(strips, "_CELLS", cells)
        found = rank(net, damping=damping, tolerance=tolerance, weighted=weighted)
    exact = solved(net, damping, upstream=upstream, weighted=weighted)
    bound = 2 * damping / (1 - damping) * tolerance
    assert np.abs(found - exact).sum() <= bound + 1e-12


@pytest.mark.parametrize("scaled", [0, 100])
def test_shares_swing_on_no_network_of_two_sides(monkeypatch, scaled) -> None:
    monkeypatch.setattr(walks, "_SCALED", scaled)
    monkeypatch.setattr(strips, "_CELLS", 4)
    for graph in (nx.cycle_graph(8), nx.star_graph(9), nx.complete_bipartite_graph(3, 5)):
        net = Network.from_pairs(
            [(f"{a}", f"{b}") for a, b in graph.edges], directed=False, also=["alone"]
        )
        found = walks.pagerank(net)
        exact = solved(net, 0.85, upstream=False, weighted=False)
        assert np.abs(found - exact).sum() <= 2 * 0.85 / 0.15 * 1e-10


@settings(max_examples=60, deadline=None)
@given(some_links(), st.booleans(), st.sampled_from([1, 3, 1 << 16]))
def test_katz_solves_its_equation(links, weighted, cells) -> None:
    net = made(*links)
    matrix = (net.weights if weighted else net.arcs).toarray()
    alpha = 0.5 / max(walks.strongest_growth(net.weights if weighted else net.arcs), 1.0)
    exact = np.linalg.solve(np.eye(net.size) - alpha * matrix.T, np.ones(net.size))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strips, "_CELLS", cells)
        assert walks.katz(net, weighted=weighted) == pytest.approx(exact, rel=1e-11)


def scattered(seed: int) -> Network:
    """Four hundred actors: dangling ones, ones alone, and parts on their own."""
    chance = np.random.default_rng(seed)
    weight = (1 - chance.random(400)) ** -0.7
    ends = chance.choice(400, (2, 900), p=weight / weight.sum())
    names = [f"{actor:03}" for actor in range(400)]
    pairs = [(names[a], names[b]) for a, b in ends.T]
    return Network.from_pairs(pairs, weights=(chance.random(900) + 0.1).tolist(), also=names)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("steps", [2, 24])
def test_the_leading_vector_is_that_of_the_full_matrix(monkeypatch, seed, steps) -> None:
    # With few steps the restarts take over.
    monkeypatch.setattr(leading, "_STEPS", steps)
    net = scattered(seed)
    for weighted in (False, True):
        left, values, right = np.linalg.svd((net.weights if weighted else net.arcs).toarray())
        assert values[0] > values[1] * 1.01
        hubs, authorities = np.abs(left[:, 0]), np.abs(right[0])
        found = walks.hubs(net, weighted=weighted)
        assert found == pytest.approx(hubs / hubs.sum(), abs=1e-12)
        found = walks.authorities(net, weighted=weighted)
        assert found == pytest.approx(authorities / authorities.sum(), abs=1e-12)
        symmetric = net.exchange if weighted else net.ties
        values, vectors = np.linalg.eigh(symmetric.toarray())
        assert leading.leading(symmetric, None) == pytest.approx(np.abs(vectors[:, -1]), abs=1e-11)


@settings(max_examples=100, deadline=None)
@given(some_links(), st.sampled_from([1, 5, 1000]))
def test_whom_an_actor_reaches_is_what_networkx_says(links, looks) -> None:
    net = made(*links)
    graph = nx.DiGraph(net.edges(net.arcs).tolist())
    graph.add_nodes_from(range(net.size))
    sides = nx.Graph()
    sides.add_nodes_from(("row", actor) for actor in graph)
    sides.add_edges_from((("row", a), ("column", b)) for a, b in graph.edges)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reach, "_LOOKS", looks)
        for actor in range(net.size):
            seen = reach.reached(net.arcs, net.inward, actor)
            assert set(np.flatnonzero(seen)) == nx.descendants(graph, actor) | {actor}
            rows = reach.together(net.arcs, net.inward, actor)
            near = nx.node_connected_component(sides, ("row", actor))
            assert {("row", row) for row in np.flatnonzero(rows)} == {
                end for end in near if end[0] == "row"
            }


def test_the_leading_vector_has_both_sides_of_a_network_of_two_sides() -> None:
    star = Network.from_pairs([("hub", f"{leaf:03}") for leaf in range(100)], directed=False)
    assert walks.eigenvector(star) == pytest.approx([200**-0.5] * 100 + [0.5**0.5], abs=1e-12)


def test_strips_are_the_matrix_row_by_row(monkeypatch) -> None:
    monkeypatch.setattr(strips, "_CELLS", 50)
    net = scattered(9)
    for matrix in (net.arcs, net.weights, csr_array((5, 7))):
        parts = list(strips.Strips(matrix))
        whole = np.concatenate([strip.toarray() for _, strip in parts])
        assert (whole == matrix.toarray()).all()
        assert len(parts) > 5 or not matrix.nnz


def test_cores_and_circles_of_a_larger_network_are_networkx_ones() -> None:
    net = scattered(5)
    graph = nx.DiGraph(net.edges(net.arcs).tolist())
    graph.add_nodes_from(range(net.size))
    expected = nx.core_number(nx.Graph(graph))
    assert connectivity.core(net).tolist() == [expected[actor] for actor in range(net.size)]
    circles = connectivity.circle_of(net)
    found = {frozenset(np.flatnonzero(circles == number).tolist()) for number in set(circles)}
    assert found == {frozenset(circle) for circle in nx.strongly_connected_components(graph)}
