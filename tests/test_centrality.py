"""The measures of central actors: published figures, networkx's, and what must not change them."""

from __future__ import annotations

import itertools
import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import write_tables
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

from klaster.graph.network import centrality, connectivity, paths, walks
from klaster.graph.network.betweenness import _Walker, betweenness, betweenness_sampled
from klaster.graph.network.network import Network
from klaster.ontology.faults import Fault

NETWORKS = {
    "florentine": undirected(FLORENTINE),
    "kite": undirected(KITE),
    "karate": undirected(KARATE),
}
# Figures of Florentine marriages, Krackhardt's kite and Zachary's karate club, to six digits.
PUBLISHED: dict[str, dict[str, dict[str, float]]] = {
    "degree": {
        "florentine": {"Medici": 6, "Strozzi": 4, "Guadagni": 4, "Castellani": 3, "Peruzzi": 3},
        "kite": {"03": 6, "05": 5, "06": 5},
        "karate": {"33": 17, "00": 16, "32": 12, "02": 10},
    },
    "betweenness": {
        "florentine": {
            "Medici": 0.521978,
            "Guadagni": 0.254579,
            "Albizzi": 0.212454,
            "Salviati": 0.142857,
            "Ridolfi": 0.113553,
            "Bischeri": 0.104396,
        },
        "kite": {"07": 0.388889, "05": 0.231481, "06": 0.231481, "08": 0.222222, "03": 0.101852},
        "karate": {
            "00": 0.437635,
            "33": 0.304075,
            "32": 0.145247,
            "02": 0.143657,
            "31": 0.138276,
            "08": 0.055927,
        },
    },
    "closeness": {
        "florentine": {
            "Medici": 0.56,
            "Ridolfi": 0.5,
            "Tornabuoni": 0.482759,
            "Albizzi": 0.482759,
            "Guadagni": 0.466667,
        },
        "kite": {"05": 0.642857, "06": 0.642857, "03": 0.6, "07": 0.6},
        "karate": {"00": 0.568966, "02": 0.559322, "33": 0.55, "31": 0.540984},
    },
    "harmonic-upstream": {
        "florentine": {"Medici": 9.5, "Guadagni": 8.083333, "Ridolfi": 8.0},
        "kite": {"03": 7.083333, "05": 6.833333, "06": 6.833333},
        "karate": {"33": 23.25, "00": 23.166667, "02": 21.0},
    },
    "eigenvector": {
        "florentine": {"Medici": 0.430308, "Strozzi": 0.355980, "Ridolfi": 0.341553},
        "kite": {"03": 0.481021, "05": 0.397691, "06": 0.397691},
        "karate": {"33": 0.373363, "00": 0.355491, "02": 0.317193},
    },
    "pagerank": {
        "florentine": {"Medici": 0.145817, "Guadagni": 0.098398, "Strozzi": 0.088098},
        "kite": {"03": 0.147148, "05": 0.128907, "06": 0.128907},
        "karate": {"33": 0.100919, "00": 0.096997, "32": 0.071693},
    },
}
CASES = [
    (name, which, expected) for name, rows in PUBLISHED.items() for which, expected in rows.items()
]


@pytest.mark.parametrize(("name", "which", "expected"), CASES)
def test_the_textbook_networks_have_their_published_figures(name, which, expected) -> None:
    net = NETWORKS[which]
    found = named(net, centrality.measure(net, name))
    for actor, value in expected.items():
        assert found[actor] == pytest.approx(value, abs=1e-6), actor


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("florentine", {"Medici": 0.333825, "Strozzi": 0.289870}),
        ("kite", {"03": 0.390672, "05": 0.359532}),
        ("karate", {"33": 0.331406, "00": 0.321325}),
    ],
)
def test_katz_has_its_published_figures(which, expected) -> None:
    net = NETWORKS[which]
    figures = walks.katz(net, attenuation=0.1)
    found = named(net, figures / np.linalg.norm(figures))
    for actor, value in expected.items():
        assert found[actor] == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    ("which", "deepest", "cut", "bridges"),
    [
        (
            "florentine",
            2,
            {"Albizzi", "Guadagni", "Medici", "Salviati"},
            {
                ("Acciaiuoli", "Medici"),
                ("Medici", "Salviati"),
                ("Pazzi", "Salviati"),
                ("Albizzi", "Ginori"),
                ("Guadagni", "Lamberteschi"),
            },
        ),
        ("kite", 3, {"07", "08"}, {("07", "08"), ("08", "09")}),
        ("karate", 4, {"00"}, {("00", "11")}),
    ],
)
def test_the_textbook_networks_hold_together_as_published(which, deepest, cut, bridges) -> None:
    net = NETWORKS[which]
    names = net.actors["actor"]
    assert connectivity.core(net).max() == deepest
    assert {name for name, value in named(net, connectivity.cut(net)).items() if value} == cut
    assert {(names[a], names[b]) for a, b in connectivity.bridges(net).tolist()} == bridges


def test_a_path_and_a_circle_of_five() -> None:
    path = undirected(nx.path_graph(5))
    assert betweenness(path) == pytest.approx([0, 0.5, 2 / 3, 0.5, 0])
    assert connectivity.cut(path).tolist() == [0, 1, 1, 1, 0]
    circle = undirected(nx.cycle_graph(5))
    assert betweenness(circle) == pytest.approx([1 / 6] * 5)
    assert not connectivity.cut(circle).any()
    bell = undirected(nx.barbell_graph(3, 1))
    expected = [0, 0, 8 / 15, 0.6, 8 / 15, 0, 0]
    assert betweenness(bell) == pytest.approx(expected)


def test_a_star_of_four() -> None:
    star = undirected(nx.star_graph(4))
    assert betweenness(star) == pytest.approx([1, 0, 0, 0, 0])
    assert paths.closeness(star) == pytest.approx([1] + [4 / 7] * 4)
    assert centrality.measure(star, "constraint") == pytest.approx([0.25] + [1] * 4)


def networkx_of(net: Network) -> nx.DiGraph:
    return nx.relabel_nodes(net.to_networkx(), {f"n{place:02}": place for place in range(99)})


def close(ours, theirs) -> None:
    values = [theirs[place] for place in range(len(ours))]
    assert np.asarray(ours) == pytest.approx(values, rel=1e-9, abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(some_links())
def test_each_measure_equals_networkx(given_links) -> None:
    net = made(*given_links)
    graph, plain = networkx_of(net), nx.Graph(networkx_of(net))
    back = graph.reverse()
    close(centrality.degree(net), dict(plain.degree()))
    close(centrality.in_degree(net), dict(graph.in_degree()))
    close(centrality.out_degree(net), dict(graph.out_degree()))
    close(centrality.in_strength(net), dict(graph.in_degree(weight="strength")))
    close(centrality.out_strength(net), dict(graph.out_degree(weight="strength")))
    for weight in (None, "strength"):
        weighted = weight is not None
        ranks = nx.pagerank(graph, tol=1e-15, max_iter=5000, weight=weight)
        close(walks.pagerank(net, weighted=weighted), ranks)
        ranks = nx.pagerank(back, tol=1e-15, max_iter=5000, weight=weight)
        close(walks.pagerank_upstream(net, weighted=weighted), ranks)
        katz = nx.katz_centrality_numpy(graph, alpha=0.002, normalized=False, weight=weight)
        close(walks.katz(net, attenuation=0.002, weighted=weighted), katz)
    close(betweenness(net), nx.betweenness_centrality(graph))
    close(paths.harmonic_upstream(net), nx.harmonic_centrality(graph))
    close(paths.harmonic_downstream(net), nx.harmonic_centrality(back))
    close(paths.closeness(net), nx.closeness_centrality(graph))
    close(paths.closeness_downstream(net), nx.closeness_centrality(back))
    close(connectivity.core(net), nx.core_number(plain))
    cuts = set(nx.articulation_points(plain))
    close(connectivity.cut(net), {node: float(node in cuts) for node in plain})
    bridges = {tuple(sorted(pair)) for pair in nx.bridges(plain)}
    assert {tuple(pair) for pair in connectivity.bridges(net).tolist()} == bridges
    for labels, groups in (
        (connectivity.part_of(net), nx.connected_components(plain)),
        (connectivity.circle_of(net), nx.strongly_connected_components(graph)),
    ):
        found = {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels)}
        assert found == {frozenset(group) for group in groups}


@settings(max_examples=50, deadline=None)
@given(some_links(), st.booleans())
def test_hits_equals_the_singular_vectors_where_they_are_unique(given_links, weighted) -> None:
    net = made(*given_links)
    matrix = (net.weights if weighted else net.arcs).toarray()
    left, values, right = np.linalg.svd(matrix)
    second = values[1] if len(values) > 1 else 0
    if values[0] == 0 or second > values[0] * (1 - 1e-6):
        if values[0] == 0 or second > values[0] * (1 - 1e-12):
            with pytest.raises(Fault, match="unique"):
                walks.hubs(net, weighted=weighted)
        return
    hubs, authorities = np.abs(left[:, 0]), np.abs(right[0])
    assert walks.hubs(net, weighted=weighted) == pytest.approx(hubs / hubs.sum(), abs=1e-9)
    found = walks.authorities(net, weighted=weighted)
    assert found == pytest.approx(authorities / authorities.sum(), abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(some_links(directed=False), st.booleans())
def test_eigenvector_equals_networkx_where_it_is_unique(given_links, weighted) -> None:
    net = made(*given_links)
    matrix = (net.weights if weighted else net.arcs).toarray()
    values = np.linalg.eigvalsh(matrix)
    if len(values) > 1 and values[-1] - values[-2] > 1e-3:
        graph = nx.Graph(networkx_of(net))
        kwargs = {"weight": "strength" if weighted else None, "max_iter": 100_000, "tol": 1e-13}
        part = graph.subgraph(
            max(
                nx.connected_components(graph),
                key=lambda nodes: np.linalg.eigvalsh(matrix[np.ix_(*[sorted(nodes)] * 2)])[-1],
            )
        )
        theirs = nx.eigenvector_centrality(part, **kwargs)
        close(walks.eigenvector(net, weighted=weighted), {n: theirs.get(n, 0) for n in graph})


@settings(max_examples=50, deadline=None)
@given(some_links(), st.integers(0, 1000))
def test_renaming_actors_and_reordering_links_change_no_figure(given_links, shuffle) -> None:
    size, links = given_links
    net, other = made(size, links), made(size, links, shuffle=shuffle)
    places = places_after(size, links, shuffle)
    for name in centrality.MEASURES:
        # Communities of actors alike in all their ties may change places: tested apart.
        if name != "participation":
            try:
                before = centrality.measure(net, name)
            except Fault as fault:
                with pytest.raises(Fault) as caught:
                    centrality.measure(other, name)
                assert caught.value.key == fault.key
                continue
            after = centrality.measure(other, name)[places]
            assert after == pytest.approx(before, rel=1e-9, abs=1e-9, nan_ok=True), name


def test_katz_refuses_an_attenuation_without_a_finite_sum() -> None:
    circle = Network.from_pairs([("a", "b"), ("b", "a")])
    assert walks.katz(circle) == pytest.approx([2, 2])
    with pytest.raises(Fault) as caught:
        walks.katz(circle, attenuation=1.0)
    assert caught.value.key == "fault.attenuation"
    assert "1" in caught.value.text("en")


@settings(max_examples=50, deadline=None)
@given(some_links())
def test_the_bound_of_growth_is_the_largest_eigenvalue(given_links) -> None:
    net = made(*given_links)
    largest = np.abs(np.linalg.eigvals(net.arcs.toarray())).max()
    # A circle without any other has eigenvalues of size 1, which rounding moves off the circle.
    assert walks.strongest_growth(net.arcs) == pytest.approx(largest, abs=1e-2)
    if largest < 0.5:
        assert walks.strongest_growth(net.arcs) == 0


def dominators_by_removal(net: Network) -> np.ndarray:
    """Count the actors that no first supplier reaches without each."""
    graph = networkx_of(net)
    inner = nx.condensation(graph)
    starts = {
        node
        for part in inner
        if inner.in_degree(part) == 0
        for node in inner.nodes[part]["members"]
    }
    counts = np.zeros(net.size)
    for actor in graph:
        rest = graph.subgraph(set(graph) - {actor})
        reached = starts - {actor}
        reached = reached | {t for s in reached for t in nx.descendants(rest, s)}
        counts[actor] = net.size - 1 - len(reached)
    return counts


@settings(max_examples=50, deadline=None)
@given(some_links())
def test_those_dominated_are_those_cut_off_when_an_actor_goes(given_links) -> None:
    net = made(*given_links)
    assert connectivity.dominated(net).tolist() == dominators_by_removal(net).tolist()


@settings(max_examples=50, deadline=None)
@given(some_links())
def test_steps_are_networkx_shortest_paths(given_links) -> None:
    net = made(*given_links)
    lengths = dict(nx.all_pairs_shortest_path_length(networkx_of(net)))
    for source in range(net.size):
        steps = paths.steps_from(net, np.array([source]))
        assert {at: s for at, s in enumerate(steps.tolist()) if s >= 0} == lengths[source]


@pytest.mark.parametrize("dear", [1, 8, 64, 10**9])
@pytest.mark.parametrize("width", [1, 7, 32])
def test_betweenness_is_the_same_by_single_cells_and_by_whole_matrices(
    monkeypatch, dear, width
) -> None:
    # From a chain into a hub, from it to many at once, among whom links are dense, and out again.
    graph = nx.path_graph(30, create_using=nx.DiGraph)
    graph.add_edges_from((29, leaf) for leaf in range(30, 120))
    graph.add_edges_from(
        (30 + a, 30 + b) for a, b in nx.gnm_random_graph(90, 600, seed=2, directed=True).edges
    )
    graph.add_edges_from([(30, 120), (31, 120), (120, 121), (121, 122), (122, 0), (123, 124)])
    net = Network.from_pairs([(f"{a:03}", f"{b:03}") for a, b in graph.edges])
    monkeypatch.setattr("klaster.graph.network.betweenness._DEAR", dear)
    monkeypatch.setattr("klaster.graph.network.betweenness._WIDTH", width)
    close(betweenness(net), nx.betweenness_centrality(graph))


def test_sampled_betweenness_is_within_its_limits_and_the_same_each_time() -> None:
    graph = nx.gnm_random_graph(120, 300, seed=4, directed=True)
    net = Network.from_pairs([(f"{a:03}", f"{b:03}") for a, b in graph.edges])
    exact = betweenness(net)
    found = betweenness_sampled(net, samples=20_000, seed=3)
    assert (found.low <= exact).all()
    assert (exact <= found.high).all()
    assert 0 < found.error < 0.02
    assert np.abs(found.figures - exact).max() < 0.01
    found = betweenness_sampled(net, samples=3000, seed=3)
    again = betweenness_sampled(net, samples=3000, seed=3)
    assert again.figures.tobytes() == found.figures.tobytes()
    other = betweenness_sampled(net, samples=3000, seed=4)
    assert other.figures.tobytes() != found.figures.tobytes()


def test_a_path_is_drawn_as_often_as_any_other_of_its_pair() -> None:
    # From a to z lead three paths of three steps, two of them through b.
    edges = [("a", "b"), ("a", "c"), ("b", "d"), ("b", "e"), ("c", "e"), ("d", "z"), ("e", "z")]
    net = Network.from_pairs(edges)
    walker = _Walker(net.arcs, net.inward)
    chance = np.random.default_rng(0)
    start, end = net.places(["a", "z"]).tolist()
    drawn = [tuple(sorted(walker.inner(start, end, chance))) for _ in range(3000)]
    names = net.actors["actor"]
    counts = {
        "".join(names[place] for place in path): drawn.count(path) for path in sorted(set(drawn))
    }
    assert counts.keys() == {"bd", "be", "ce"}
    assert all(900 < count < 1100 for count in counts.values())


def test_measures_on_two_cores_are_those_on_one(monkeypatch) -> None:
    net = NETWORKS["karate"]
    names = ["degree", "participation", "pagerank"]
    one = centrality.each_measured(net, names)
    monkeypatch.setattr(centrality, "_TWO_CORES", 0)
    two = centrality.each_measured(net, names)
    assert list(two) == list(one) == names
    for name in names:
        assert two[name].figures.tobytes() == one[name].figures.tobytes()


def test_betweenness_is_sampled_above_a_size(monkeypatch) -> None:
    net = NETWORKS["karate"]
    assert centrality.measured(net, "betweenness").error == 0
    monkeypatch.setattr(centrality, "BETWEENNESS_LIMIT", 30)
    found = centrality.measured(net, "betweenness")
    exact = betweenness(net)
    assert found.samples == 10_000
    assert 0 < found.error < 0.05
    assert (found.low <= exact).all()
    assert (exact <= found.high).all()


def test_strength_counts_what_recorded_links_are_worth() -> None:
    net = Network.from_pairs([("a", "b"), ("a", "b"), ("a", "a")], weights=[2, 0.5, 9])
    assert centrality.out_strength(net).tolist() == [2.5, 0]
    assert net.weighted
    assert not Network.from_pairs([("a", "b")]).weighted


def test_weights_change_no_figure_of_an_unweighted_measure() -> None:
    links = list(itertools.pairwise("abcdab"))
    plain = Network.from_pairs(links)
    strong = Network.from_pairs(links, weights=[1, 2, 3, 4, 5])
    for name in centrality.MEASURES:
        if name not in ("in-strength", "out-strength", "eigenvector", "hub", "authority"):
            ours = centrality.measure(strong, name)
            assert ours == pytest.approx(centrality.measure(plain, name), nan_ok=True), name


def test_no_measure_fails_on_a_network_of_none_or_one() -> None:
    for net in (Network.from_pairs([]), Network.from_pairs([], also=["a"])):
        for name in centrality.MEASURES:
            if name not in ("eigenvector", "hub", "authority"):
                figures = centrality.measure(net, name)
                assert len(figures) == net.size
                assert all(figure in (0, 1) or math.isnan(figure) for figure in figures)


def supplies_of(folder, rows, **options) -> Network:
    import klaster

    graph = klaster.open(folder / "g.klaster")
    actors = [{"id": name, "name": name, "kind": "enterprise"} for name in "abc"]
    together = [{"id": "p", "kind": "joint-rd", "participant": name} for name in "ac"]
    tables = {"actors": actors, "supplies": rows, "cooperations": together}
    graph.load(write_tables(folder / "t", tables))
    return graph.network(**options)


PAID = {"supplier": "a", "buyer": "b", "value": "30", "currency": "UZS"}
AGAIN = {"supplier": "a", "buyer": "b", "value": "12.5", "currency": "UZS"}


@pytest.mark.parametrize(
    ("rows", "links", "unit", "strength"),
    [
        ([PAID, AGAIN], ["supply"], "UZS", 42.5),
        ([PAID, AGAIN], ["supply", "cooperation"], None, 2),
        ([PAID, {**AGAIN, "currency": "USD"}], ["supply"], None, 2),
        ([PAID, {**AGAIN, "value": ""}], ["supply"], None, 2),
        ([PAID, {**AGAIN, "value": "0"}], ["supply"], None, 2),
        ([PAID, {**AGAIN, "status": "planned"}], ["supply"], "UZS", 30),
    ],
    ids=["one currency", "not supplies only", "two currencies", "one unknown", "one 0", "planned"],
)
def test_strength_is_value_only_where_all_values_add_up(
    tmp_path, rows, links, unit, strength
) -> None:
    net = supplies_of(tmp_path, rows, links=links)
    assert net.unit == unit
    a, b, _ = range(3)
    assert net.weights[a, b] == strength
    assert net.arcs[a, b] == 1


def test_a_sampled_measure_says_so_on_the_command_line(tmp_path, monkeypatch) -> None:
    from click.testing import CliRunner

    from klaster.cli import main

    supplies_of(tmp_path, [PAID])
    monkeypatch.setattr(centrality, "BETWEENNESS_LIMIT", 1)
    arguments = ["central", str(tmp_path / "g.klaster"), "--format", "table", "--lang", "en"]
    shown = CliRunner().invoke(main, arguments)
    assert "betweenness: estimated from 10000 sampled paths; with 90%" in " ".join(
        shown.output.split()
    )
