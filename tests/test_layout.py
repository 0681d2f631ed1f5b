"""Where nodes stand, and how far down a supply chain: against hand-made answers."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.spatial import KDTree
from scipy.spatial.distance import pdist

from klaster.graph.network.chain import trophic_levels
from klaster.graph.network.layout import SPACING, lay_out, place_discs
from klaster.graph.network.network import Network


def scattered(size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the links of eight loosely joined groups, some parts and lonely nodes, and the groups."""
    graph = nx.planted_partition_graph(8, size // 8, 0.12, 0.004, seed=seed)
    pairs = np.array(graph.edges, dtype=np.int64)
    return pairs, np.arange(size) // (size // 8)


@pytest.mark.parametrize("size", [24, 160, 800])
def test_no_two_nodes_stand_on_each_other(size) -> None:
    pairs, groups = scattered(size, seed=3)
    positions = lay_out(size, pairs, groups=groups)
    nearest = KDTree(positions).query(positions, k=2)[0][:, 1]
    assert nearest.min() >= SPACING * 0.99


def test_the_same_network_gives_the_same_positions_to_the_last_bit() -> None:
    pairs, groups = scattered(400, seed=1)
    first = lay_out(400, pairs, groups=groups)
    assert (first == lay_out(400, pairs, groups=groups)).all()


def test_groups_of_a_large_part_stand_apart() -> None:
    pairs, groups = scattered(800, seed=5)
    positions = lay_out(800, pairs, groups=groups)
    linked = np.unique(pairs)
    inside = [positions[linked[groups[linked] == group]] for group in range(8)]
    middles = np.array([place.mean(axis=0) for place in inside])
    own = [
        int(np.argmin(((middles - spot) ** 2).sum(axis=1)) == group)
        for group, place in enumerate(inside)
        for spot in place
    ]
    assert np.mean(own) > 0.97


def test_a_chain_is_drawn_as_long_as_it_is() -> None:
    positions = lay_out(5, np.array([[0, 1], [1, 2], [2, 3], [3, 4]]))
    gaps = np.hypot(*(positions[1:] - positions[:-1]).T)
    assert gaps == pytest.approx(np.full(4, SPACING), rel=0.02)
    assert np.hypot(*(positions[4] - positions[0])) == pytest.approx(4 * SPACING, rel=0.02)


def test_parts_do_not_overlap_and_the_lonely_stand_below() -> None:
    rings = [np.array([[a, (a + 1) % 6] for a in range(6)]) + 6 * part for part in range(70)]
    positions = lay_out(430, np.concatenate(rings))
    boxes = [
        (positions[6 * p : 6 * p + 6].min(axis=0), positions[6 * p : 6 * p + 6].max(axis=0))
        for p in range(70)
    ]
    for at, (low, high) in enumerate(boxes):
        for other_low, other_high in boxes[:at]:
            assert (low >= other_high).any() or (other_low >= high).any()
    assert positions[420:, 1].min() > positions[:420, 1].max()


def test_discs_never_overlap_and_linked_ones_are_near() -> None:
    chance = np.random.default_rng(0)
    radii = chance.uniform(20, 120, 40)
    rows = np.arange(39)
    weights = csr_array((np.ones(39), (rows, rows + 1)), shape=(40, 40))
    middles = place_discs(radii, csr_array(weights + weights.T))
    apart = pdist(middles) - pdist(radii[:, None], lambda a, b: a[0] + b[0])
    assert apart.min() > -1e-3
    along = np.hypot(*(middles[1:] - middles[:-1]).T) - radii[1:] - radii[:-1]
    assert np.median(along) < np.median(apart)


def test_nothing_and_one_node_are_laid_out() -> None:
    none = np.zeros((0, 2), dtype=np.int64)
    assert lay_out(0, none).shape == (0, 2)
    assert lay_out(1, none).tolist() == [[0.0, 0.0]]


def test_levels_of_a_chain_with_a_circle_lie_between_whole_numbers() -> None:
    # a supplies b, b and c supply each other: b one step down, c at the same height as b.
    network = Network.from_pairs([("a", "b"), ("b", "c"), ("c", "b")])
    levels = dict(zip(network.actors["actor"], trophic_levels(network), strict=True))
    assert levels == pytest.approx({"a": 0.0, "b": 1.0, "c": 1.0}, abs=1e-4)


def test_levels_agree_with_the_dense_solution() -> None:
    graph = nx.gnp_random_graph(40, 0.08, directed=True, seed=2)
    network = Network.from_pairs([(f"{a:02}", f"{b:02}") for a, b in graph.edges])
    arcs = network.arcs.toarray()
    matrix = np.diag(arcs.sum(axis=0) + arcs.sum(axis=1)) - arcs - arcs.T
    expected = np.linalg.lstsq(matrix, arcs.sum(axis=0) - arcs.sum(axis=1), rcond=None)[0]
    found = trophic_levels(network)
    assert nx.is_weakly_connected(graph.subgraph({int(a) for a in network.actors["actor"]}))
    assert found == pytest.approx(expected - expected.min(), abs=1e-4)


def test_discs_that_pushing_cannot_part_are_given_room() -> None:
    radii = np.full(240, 10.0)
    radii[::2] = 400.0
    middles = place_discs(radii, csr_array(np.ones((240, 240)) - np.eye(240)))
    assert np.isfinite(middles).all()
    gaps = pdist(middles) - pdist(radii[:, None], lambda one, other: float(one[0] + other[0]))
    assert gaps.min() >= -1e-3
