"""Ranks with intervals, and what a named addition or removal changes."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from klaster.graph.network.change import (
    difference,
    figures_changed,
    with_links,
    without_actors,
    without_links,
)
from klaster.graph.network.network import Network
from klaster.graph.network.uncertainty import rank_intervals
from klaster.ontology.faults import Fault

CHAIN = Network.from_pairs([("a", "b"), ("b", "c")])
BUSY = Network.from_pairs(
    [("x", f"b{n:02}") for n in range(40)]
    + [("y", f"c{n:02}") for n in range(20)]
    + [("z", f"d{n:02}") for n in range(19)]
)


def test_a_clear_lead_is_sure_and_a_narrow_one_is_a_tie() -> None:
    table = rank_intervals(BUSY, "out-degree").frame(BUSY)
    first = table.head(3).select("actor", "rank", "low", "high", "tied").rows()
    assert first == [("x", 1, 1, 1, 1), ("y", 2, 2, 3, 2), ("z", 3, 2, 3, 2)]
    assert table["figure"][0] == 40


def test_intervals_are_the_same_for_the_same_seed() -> None:
    one, two = (rank_intervals(BUSY, "out-degree", seed=7) for _ in range(2))
    assert one.high.tobytes() == two.high.tobytes()


def test_low_constraint_stands_first_in_its_interval() -> None:
    star = Network.from_pairs([("hub", f"l{n}") for n in range(12)])
    found = rank_intervals(star, "constraint")
    assert (found.rank[0], found.low[0], found.high[0]) == (1, 1, 1)


def test_the_pairs_of_one_record_are_left_out_together() -> None:
    # One record joins a, b and c; whenever it is left out all three fall to nothing at once.
    links = pl.DataFrame(
        {"source": [0, 0, 1, 3], "target": [1, 2, 2, 4], "iri": ["p", "p", "p", "q"]}
    ).with_columns(kind=pl.lit("cooperation"), directed=pl.lit(value=False))
    actors = pl.DataFrame(
        {"actor": list("abcde"), "label": list("abcde"), "kind": ["research"] * 5}
    )
    found = rank_intervals(Network(actors, links), "degree", dropped=0.5, rounds=40)
    assert found.low.tolist()[:3] == [1, 1, 1]
    assert len(set(found.high.tolist()[:3])) == 1


@pytest.mark.parametrize(("dropped", "rounds"), [(0, 1), (1, 1), (0.1, 0)])
def test_how_much_is_left_out_must_make_sense(dropped, rounds) -> None:
    with pytest.raises(Fault) as caught:
        rank_intervals(CHAIN, "degree", dropped=dropped, rounds=rounds)
    assert caught.value.key == "fault.dropped"


def test_a_network_without_an_actor_keeps_the_other_links() -> None:
    net = Network.from_pairs([("a", "b"), ("c", "d"), ("d", "a")], weights=[1, 2, 3])
    after = without_actors(net, ["b"])
    assert after.actors["actor"].to_list() == ["a", "c", "d"]
    assert after.weights.toarray().tolist() == [[0, 0, 0], [0, 0, 2], [3, 0, 0]]
    assert difference(net, after).rows() == [
        ("removed", "actor", "b", None, None, None),
        ("removed", "link", "a", "b", 1.0, None),
    ]


def test_what_is_added_removed_stronger_or_weaker_is_listed() -> None:
    net = Network.from_pairs([("a", "b"), ("b", "c"), ("c", "d")], weights=[1, 2, 3])
    after = with_links(without_links(net, [("b", "c")]), [("a", "b"), ("a", "d")], weight=4)
    assert difference(net, after).select(
        "change", "source", "target", "before", "after"
    ).rows() == [
        ("stronger", "a", "b", 1, 5),
        ("added", "a", "d", None, 4),
        ("removed", "b", "c", 2, None),
    ]
    back = difference(after, net)
    assert back["change"].to_list() == ["weaker", "removed", "added"]
    assert difference(net, net).is_empty()


def test_a_link_without_direction_is_taken_out_from_either_side() -> None:
    net = Network.from_pairs([("a", "b"), ("b", "c")], directed=False)
    assert without_links(net, [("b", "a")]).links.height == 1
    assert without_links(CHAIN, [("b", "a")]).links.height == 2


def test_whose_figures_change_is_listed_largest_change_first() -> None:
    after = with_links(CHAIN, [("a", "c")])
    table = figures_changed(CHAIN, after, ["degree", "betweenness"])
    assert table.drop("label").rows() == [
        ("degree", "a", 1, 2),
        ("degree", "c", 1, 2),
        ("betweenness", "b", 0.5, 0),
    ]


def test_an_actor_that_is_not_there_is_told() -> None:
    for change in (
        lambda: without_actors(CHAIN, ["nobody"]),
        lambda: with_links(CHAIN, [("a", "nobody")]),
        lambda: without_links(CHAIN, [("nobody", "a")]),
    ):
        with pytest.raises(Fault) as caught:
            change()
        assert "nobody" in caught.value.text("uz")


def test_no_links_more_are_no_change() -> None:
    assert difference(CHAIN, with_links(CHAIN, [])).is_empty()
    assert np.array_equal(CHAIN.places(["c", "a"]), [2, 0])
