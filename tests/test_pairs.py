"""The different pairs among many: those that are had of texts, in the same order."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from klaster.graph.store import pairs
from klaster.graph.store.places import Register

NAMES = st.sampled_from("abcdefgh")
FOUND = st.sets(st.tuples(NAMES, NAMES), max_size=30)


def test_many_pairs_are_those_of_the_texts(monkeypatch):
    chance = np.random.default_rng(0)
    left = [None if number == 3 else f"x{number}" for number in chance.integers(0, 40, 500)]
    right = [f"ў{number}" for number in chance.integers(0, 9, 500)]
    frame = pl.DataFrame({"left": left, "right": right})
    expected = frame.drop_nulls().unique().sort("left", "right")
    monkeypatch.setattr(pairs, "_AS_TEXT", 1)
    assert_frame_equal(pairs.distinct_pairs(frame), expected)
    assert pairs.distinct_pairs(frame.clear()).is_empty()


@given(FOUND, FOUND)
def test_what_is_new_and_what_is_gone_is_told_across_registers(
    before: set[tuple[str, str]], after: set[tuple[str, str]]
) -> None:
    old, new = (_pairs(rows) for rows in (before, after))
    assert set(new.minus(old).texts(("a", "b")).rows()) == after - before
    assert set(old.minus(new).texts(("a", "b")).rows()) == before - after
    assert new.texts(("a", "b")).rows() == sorted(after)
    assert old.same_as(new) == (before == after)


def test_pairs_are_read_as_they_were_written(tmp_path) -> None:
    written = _pairs({("b", "x"), ("a", "y"), ("b", "w")})
    written.write(tmp_path / "pairs")
    assert pairs.Pairs.read(tmp_path / "pairs").same_as(written)
    assert written.firsts().to_list() == ["a", "b"]
    assert len(written) == 3
    assert len(written.none()) == 0


def test_many_pairs_are_told_a_slice_at_a_time(monkeypatch) -> None:
    monkeypatch.setattr(pairs, "_AT_ONCE", 2)
    some = _pairs({("a", "x"), ("b", "y"), ("c", "z")})
    assert [one.texts(("a", "b")).rows() for one in some.slices()] == [
        [("a", "x"), ("b", "y")],
        [("c", "z")],
    ]


def _pairs(rows: set[tuple[str, str]]) -> pairs.Pairs:
    return pairs.Pairs.of(
        pl.DataFrame(sorted(rows), {"a": pl.String, "b": pl.String}, orient="row")
    )


def test_a_register_of_several_columns_names_what_any_of_them_does() -> None:
    first = pl.Series(["b", "a", None, "b"])
    for others in ([], [pl.Series(["a", None])], [pl.Series(["a"]), pl.Series(["c", "0"])]):
        every = {name for column in (first, *others) for name in column if name}
        assert Register.of([first, *others]).all.to_list() == sorted(every)
    known = Register.in_order(pl.Series(["a", "b"]))
    assert known.places(pl.Series(["b", "x", "a"])).to_list() == [1, None, 0]
