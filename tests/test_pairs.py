"""The different pairs among many: those that are had of texts, in the same order."""

from __future__ import annotations

import numpy as np
import polars as pl
from polars.testing import assert_frame_equal

from klaster.graph.store import pairs


def test_many_pairs_are_those_of_the_texts(monkeypatch):
    chance = np.random.default_rng(0)
    left = [None if number == 3 else f"x{number}" for number in chance.integers(0, 40, 500)]
    right = [f"ў{number}" for number in chance.integers(0, 9, 500)]
    frame = pl.DataFrame({"left": left, "right": right})
    expected = frame.drop_nulls().unique().sort("left", "right")
    monkeypatch.setattr(pairs, "_AS_TEXT", 1)
    assert_frame_equal(pairs.distinct_pairs(frame), expected)
    assert pairs.distinct_pairs(frame.clear()).is_empty()
