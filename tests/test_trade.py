"""The measures of export potential, on cases worked out by hand and on public trade data."""

from __future__ import annotations

import csv
import gzip

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_up import SHARED
from scipy.sparse import csr_array

from klaster.graph.trade.advantage import (
    concentration,
    diversity,
    revealed_advantage,
    specialised,
    ubiquity,
)
from klaster.graph.trade.complexity import economic_complexity, reflections
from klaster.graph.trade.growth import margins, market_shares
from klaster.graph.trade.product_space import density, gain, outlook, product_proximity

NESTED = csr_array(np.tri(4)[::-1])
WORLD = SHARED / "world-trade-sitc4-1998-2000"


def test_a_nested_matrix_orders_exporters_by_diversity() -> None:
    found = economic_complexity(NESTED)
    assert found.exporters == pytest.approx([1.341641, 0.447214, -0.447214, -1.341641], abs=1e-6)
    assert found.left_out == 0
    # What only the most diverse makes is the most complex, what all make the least.
    assert list(np.argsort(found.products)) == [0, 1, 2, 3]


def test_the_complexity_of_an_exporter_is_the_mean_of_its_products() -> None:
    chance = np.random.default_rng(3)
    made = csr_array((chance.random((30, 50)) < 0.3).astype(float))
    found = economic_complexity(made)
    assert (made @ found.products) / diversity(made) == pytest.approx(found.exporters)
    assert found.exporters.mean() == pytest.approx(0)
    assert found.exporters.std() == pytest.approx(1)


def test_the_larger_side_gives_the_same_as_the_smaller() -> None:
    chance = np.random.default_rng(4)
    made = (chance.random((12, 40)) < 0.35).astype(float)
    wide, tall = economic_complexity(csr_array(made)), economic_complexity(csr_array(made.T))
    # The eigenvectors of one side are the other's but for scale.
    assert abs(np.corrcoef(wide.exporters, tall.products)[0, 1]) == pytest.approx(1)


def test_more_eigenvectors_than_are_wanted_are_not_computed(monkeypatch) -> None:
    from klaster.graph.trade import complexity

    chance = np.random.default_rng(5)
    made = csr_array((chance.random((60, 90)) < 0.2).astype(float))
    whole = economic_complexity(made)
    monkeypatch.setattr(complexity, "_DENSE", 10)
    assert economic_complexity(made).exporters == pytest.approx(whole.exporters, abs=1e-8)


@pytest.mark.parametrize(
    "made",
    [np.eye(4), np.ones((4, 3)), np.zeros((3, 3)), np.array([[1.0, 1], [1, 0]])],
    ids=["nothing in common", "all the same", "nothing", "two exporters"],
)
def test_complexity_is_not_defined_where_nothing_tells_exporters_apart(made) -> None:
    found = economic_complexity(csr_array(made))
    assert not found.defined
    assert np.isnan(found.products).all()


def test_complexity_is_that_of_the_largest_group_that_has_products_in_common() -> None:
    apart = np.zeros((6, 6))
    apart[:4, :4] = NESTED.toarray()
    apart[4:, 4:] = 1
    found = economic_complexity(csr_array(apart))
    assert found.left_out == 2
    assert np.isnan(found.exporters[4:]).all()
    assert found.exporters[:4] == pytest.approx(economic_complexity(NESTED).exporters)


def test_reflections_come_to_the_same_order() -> None:
    chance = np.random.default_rng(6)
    made = csr_array((chance.random((20, 35)) < np.linspace(0.1, 0.9, 35)).astype(float))
    even, _ = reflections(made, steps=200)
    assert np.corrcoef(even, economic_complexity(made).exporters)[0, 1] == pytest.approx(
        1, abs=1e-6
    )


def test_proximities_of_the_nested_matrix() -> None:
    near = product_proximity(NESTED).toarray()
    assert near[0] == pytest.approx([0, 0.75, 0.5, 0.25])
    assert near[1, 2:] == pytest.approx([2 / 3, 1 / 3])
    assert near[2, 3] == pytest.approx(0.5)


def test_densities_of_the_nested_matrix() -> None:
    found = density(NESTED, product_proximity(NESTED))
    assert found[1, 3] == pytest.approx(1.0)
    assert found[2, 2] == pytest.approx(0.7)


def test_outlook_and_gain_count_what_is_not_made() -> None:
    complexity = np.array([0.0, 1.0, 2.0, 3.0])
    near = density(NESTED, product_proximity(NESTED))
    # The third exporter makes the first two products: 0.7 of what is near to the third is made,
    # and of the fourth (1/4 + 1/3) / (1/4 + 1/3 + 1/2).
    assert near[2, 3] == pytest.approx(7 / 13)
    assert outlook(NESTED, near, complexity)[2] == pytest.approx(0.7 * 2 + 7 / 13 * 3)
    found = gain(NESTED, product_proximity(NESTED), complexity)
    # Making the third would bring the fourth nearer by its share of the fourth's neighbourhood.
    assert found[2, 2] == pytest.approx(0.5 / (13 / 12) * 3)
    assert not found[0].any()


@settings(max_examples=60, deadline=None)
@given(arrays(np.bool_, st.tuples(st.integers(1, 8), st.integers(1, 9))))
def test_proximities_equal_a_double_loop(made) -> None:
    near = product_proximity(csr_array(made.astype(float))).toarray()
    for p in range(made.shape[1]):
        for q in range(made.shape[1]):
            both, more = (made[:, p] & made[:, q]).sum(), max(made[:, p].sum(), made[:, q].sum())
            assert near[p, q] == pytest.approx(both / more if more and p != q else 0)


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.integers(0, 9))
)
def test_revealed_advantage_equals_its_definition(values) -> None:
    found = revealed_advantage(csr_array(values.astype(float))).toarray()
    for c, p in zip(*np.nonzero(values), strict=True):
        share = values[c, p] / values[c].sum()
        assert found[c, p] == pytest.approx(share / (values[:, p].sum() / values.sum()))


def test_concentration_by_hand() -> None:
    found = concentration(csr_array([[1.0, 0, 0], [5, 5, 0], [7, 2, 1], [0, 0, 0]]))
    assert found["herfindahl"].to_list() == pytest.approx([1, 0.5, 0.54, None])
    assert found["effective"][:3].to_list() == pytest.approx([1, 2, 1 / 0.54])
    assert found["entropy"][:2].to_list() == pytest.approx([0, np.log(2)])
    assert found["count"].to_list() == [1, 2, 3, None]


def year(*rows) -> pl.DataFrame:
    names = ["exporter", "product", "destination", "value"]
    schema = dict(zip(names, [pl.String, pl.String, pl.String, pl.Float64], strict=True))
    return pl.DataFrame(rows, schema=schema, orient="row")


FLOW = st.tuples(
    st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from(["TR", "DE", None]),
    st.integers(1, 99).map(float),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(FLOW, max_size=12), st.lists(FLOW, max_size=12))
def test_the_parts_of_a_change_add_up_to_it(then, now) -> None:
    before, after = year(*then), year(*now)
    for found, parts in (
        (margins(before, after), ["entered", "grew", "shrank", "left"]),
        (market_shares(before, after), ["world", "products", "markets", "own"]),
    ):
        change = (found["now"] - found["then"]).to_list()
        assert found.select(pl.sum_horizontal(parts)).to_series().to_list() == pytest.approx(change)


def test_a_share_kept_in_a_growing_market_is_not_ones_own_doing() -> None:
    before = year(("a", "x", "TR", 10.0), ("b", "x", "DE", 10.0))
    after = year(("a", "x", "TR", 30.0), ("b", "x", "DE", 10.0))
    # All exports doubled, and so did the product; only Türkiye's demand trebled.
    assert market_shares(before, after).rows() == [
        ("a", 10.0, 30.0, 10.0, 0.0, 10.0, 0.0),
        ("b", 10.0, 10.0, 10.0, 0.0, -10.0, 0.0),
    ]


@pytest.fixture(scope="module")
def world():
    if not WORLD.exists():
        pytest.skip("the world's trade of 1998 to 2000 is not beside this checkout")
    with gzip.open(WORLD / "trade.csv.gz", "rt") as stream:
        rows = pl.read_csv(stream.read().encode(), schema_overrides={"product": pl.String})
    countries, products = rows["country"].unique().sort(), rows["product"].unique().sort()
    ends = (countries.search_sorted(rows["country"]), products.search_sorted(rows["product"]))
    shape = (len(countries), len(products))
    values = csr_array((rows["value"].to_numpy(), tuple(map(np.asarray, ends))), shape=shape)
    return countries.to_list(), products.to_list(), values


def test_the_advantages_of_uzbekistan(world) -> None:
    countries, products, values = world
    found = revealed_advantage(values)[[countries.index("uzb")]].toarray().ravel()
    known = {"2631": 34.1, "2632": 20.6, "2614": 12.2, "0565": 11.5, "4233": 11.3}
    assert {code: round(found[products.index(code)], 1) for code in known} == known


def test_proximities_of_the_world_are_symmetric_and_at_most_one(world) -> None:
    _, _, values = world
    made = specialised(revealed_advantage(values))
    near = product_proximity(made)
    assert abs(near - near.T).max() == 0
    assert 0 < near.data.min() <= near.data.max() <= 1
    assert near.diagonal().max() == 0
    dense, makers = made.toarray() > 0, ubiquity(made)
    for p, q in np.random.default_rng(0).integers(0, values.shape[1], (300, 2)):
        both = (dense[:, p] & dense[:, q]).sum() / max(makers[p], makers[q])
        assert near[p, q] == pytest.approx(both if p != q else 0)


def test_complex_exporters_are_richer(world) -> None:
    countries, _, values = world
    with (WORLD / "gdp_per_capita.csv").open(encoding="utf-8") as stream:
        wealth = {row["country"]: float(row["value"]) for row in csv.DictReader(stream)}
    found = economic_complexity(specialised(revealed_advantage(values))).exporters
    both = [(found[n], np.log(wealth[name])) for n, name in enumerate(countries) if name in wealth]
    together = np.corrcoef(np.array(both).T)[0, 1]
    assert len(both) == 185
    assert together == pytest.approx(0.484, abs=0.001)
