"""Systemic risk: the published example, cascades worked out by hand, and what must hold of all."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_networks import made, places_after, some_links

from klaster.graph.network.network import Network
from klaster.graph.network.systemic_risk import (
    ESSENTIAL,
    NEGLIGIBLE,
    REPLACEABLE,
    Economy,
    essentiality,
    likely_systemic,
    systemic_risk_bracket,
)
from klaster.ontology.faults import Fault

# Eleven firms of Diem et al. (2022), figure 1: seller → buyer, and their sectors.
LINKS = "2-1 2-3 7-4 9-5 3-7 6-7 10-7 9-10 7-11 8-11"
EXAMPLE = Network.from_pairs(
    [tuple(f"{int(end):02}" for end in link.split("-")) for link in LINKS.split()]
)
SECTORS = np.array([1, 2, 1, 3, 4, 2, 4, 1, 2, 3, 5])
LINEAR = [0.1, 0.366667, 0.266667, 0.35, 0.1, 0.166667, 0.7, 0.1, 0.366667, 0.266667, 0.45]
LEONTIEF = [0.1, 0.5, 0.4, 0.35, 0.1, 0.3, 0.7, 0.1, 0.5, 0.4, 0.45]


@pytest.mark.parametrize(("essential", "expected"), [(REPLACEABLE, LINEAR), (ESSENTIAL, LEONTIEF)])
def test_the_example_of_the_paper(essential, expected) -> None:
    economy = Economy(EXAMPLE, SECTORS, essential=essential, substitution=False)
    assert economy.systemic_risk(tolerance=1e-9) == pytest.approx(expected, abs=1e-6)


def test_a_sector_stands_in_for_a_small_supplier() -> None:
    found = Economy(EXAMPLE, SECTORS, essential=REPLACEABLE).systemic_risk(tolerance=1e-9)
    assert found[[1, 5, 8]] == pytest.approx([0.3, 0.116667, 0.311111], abs=1e-6)


def test_only_the_actors_asked_for_are_tried() -> None:
    found = Economy(EXAMPLE, SECTORS, substitution=False).systemic_risk(
        np.array([6]), tolerance=1e-9
    )
    assert found[6] == pytest.approx(0.7)
    assert np.isnan(np.delete(found, 6)).all()


def test_a_sole_supplier_of_five_takes_all_down_with_it() -> None:
    star = Network.from_pairs([("hub", f"buyer{number}") for number in range(5)])
    found = Economy(star, np.array([1, 1, 1, 1, 1, 0])).systemic_risk(tolerance=1e-9)
    assert found == pytest.approx([0.2] * 5 + [1.0])


def test_a_cascade_step_by_step() -> None:
    # coal → steel → cars, ore → steel; without coal a third of the inputs of steel is gone.
    links = [("coal", "steel"), ("ore", "steel"), ("steel", "cars"), ("cars", "shop")]
    net = Network.from_pairs(links, weights=[1, 2, 3, 4])
    sectors = np.array([3, 0, 1, 4, 2])
    names = net.actors["actor"].to_list()
    linear = Economy(net, sectors, essential=REPLACEABLE, substitution=False)
    steps = linear.cascade(net.places(["coal"])).select("step", "actor", "lost")
    assert [(step, actor, round(lost, 4)) for step, actor, lost in steps.rows()] == [
        (0, "coal", 1),
        (1, "steel", 0.3333),
        (2, "cars", 0.3333),
        (3, "shop", 0.3333),
    ]
    # Coal itself sells 1 of 10, steel and cars a third less of 3 and of 4.
    risk = linear.systemic_risk(tolerance=1e-9)[names.index("coal")]
    assert risk == pytest.approx((1 + 3 / 3 + 4 / 3) / 10)
    # Where the shop shuts, all above it lose their buyer.
    back = linear.cascade(net.places(["shop"]))
    assert back.select("step", "actor", "demand").rows()[:2] == [(0, "shop", 0), (1, "cars", 0)]
    assert set(back["actor"]) == set(names)


def test_what_is_negligible_costs_nobody_anything() -> None:
    net = Network.from_pairs([("farm", "mill"), ("mill", "shop")], weights=[1, 3])
    economy = Economy(net, np.array([0, 1, 2]), essential=NEGLIGIBLE)
    # Only what it sells itself, and what those who sold to it lose as their buyer.
    assert economy.systemic_risk(tolerance=1e-9) == pytest.approx([0.25, 1.0, 1.0])


def test_essentiality_by_sectors() -> None:
    links = [("coal", "mill"), ("farm", "mill"), ("mill", "shop")]
    net = Network.from_pairs(links)
    table = pl.DataFrame({"supplier_sector": ["c"], "buyer_sector": ["m"], "need": [2]})
    needs = essentiality(table, ["c", "f", "m", "s"])
    found = Economy(net, np.array([0, 1, 2, 3]), essential=needs).systemic_risk(tolerance=1e-9)
    low, high = systemic_risk_bracket(net, np.array([0, 1, 2, 3]))
    assert found[0] == pytest.approx(2 / 3)
    assert low[0] <= found[0] <= high[0]
    with pytest.raises(Fault) as caught:
        essentiality(table.with_columns(need=pl.lit(7)), ["c"])
    assert caught.value.key == "fault.essentiality"


@settings(max_examples=50, deadline=None)
@given(some_links(), st.integers(0, 1000), st.data())
def test_risk_is_a_share_that_grows_with_essentiality_and_renaming_keeps(
    given_links, shuffle, data
) -> None:
    size, links = given_links
    net, other = made(size, links), made(size, links, shuffle=shuffle)
    places = places_after(size, links, shuffle)
    sectors = np.array(data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size)))
    moved = np.empty_like(sectors)
    moved[places] = sectors
    low, high = systemic_risk_bracket(net, sectors, tolerance=1e-6)
    if not net.arcs.nnz:
        assert np.isnan(low).all()
        return
    assert (low >= -1e-12).all()
    assert (low <= high + 1e-3).all()
    assert (high <= 1 + 1e-12).all()
    again, _ = systemic_risk_bracket(other, moved, tolerance=1e-6)
    assert again[places] == pytest.approx(low, abs=1e-9)


def test_those_worth_trying_sell_much_or_stand_far_upstream() -> None:
    links = [("mine", "smelter"), ("smelter", "works"), ("works", "shop")]
    net = Network.from_pairs(links, weights=[1, 1, 10])
    names = net.actors["actor"]
    assert [names[place] for place in likely_systemic(net, 2).tolist()] == ["mine", "works"]


def test_a_shock_ends_by_itself_whichever_others_are_followed_beside_it() -> None:
    links = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("e", "a"), ("d", "e"), ("b", "e")]
    economy = Economy(Network.from_pairs(links), np.array([0, 1, 2, 0, 1]), essential=REPLACEABLE)
    together = economy.systemic_risk(tolerance=0.05)
    alone = [economy.systemic_risk(np.array([at]), tolerance=0.05)[at] for at in range(5)]
    assert together.tolist() == alone
    assert (economy.systemic_risk(tolerance=1e-9) >= together).all()


def test_a_cascade_ends_in_the_risk_of_its_actor() -> None:
    economy = Economy(EXAMPLE, SECTORS)
    last = economy.cascade(np.array([6]), least=1e-6).group_by("actor").last()
    lost = dict(last.select("actor", "lost").rows())
    sold = dict(zip(EXAMPLE.actors["actor"], economy.output, strict=True))
    risk = sum(sold[actor] * share for actor, share in lost.items()) / 10
    assert risk == pytest.approx(economy.systemic_risk(tolerance=1e-9)[6], abs=1e-4)
