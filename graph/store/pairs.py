"""The different pairs among millions of them: as numbers, since texts are slow to compare."""

from __future__ import annotations

from typing import Final

import polars as pl

from klaster.graph.store.places import Register

_AS_TEXT: Final = 50_000
_HALF: Final = 1 << 32


def distinct_pairs(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the different rows of a frame of two columns of text, in order, without nulls.

    Examples
    --------
    >>> distinct_pairs(pl.DataFrame({"a": ["y", "x", "y"], "b": ["1", "2", "1"]})).rows()
    [('x', '2'), ('y', '1')]
    """
    rows = frame.drop_nulls()
    if rows.height < _AS_TEXT:
        return rows.unique().sort(rows.columns)
    things = [Register(rows[name]) for name in rows.columns]
    left, right = (
        known.places(rows[name]) for known, name in zip(things, rows.columns, strict=True)
    )
    ends = zip(rows.columns, things, unpacked(packed_once(left, right)), strict=True)
    return pl.DataFrame({name: known.iris(places) for name, known, places in ends})


def packed_once(left: pl.Series, right: pl.Series) -> pl.Series:
    """Return the different pairs of two columns of numbers below 2³², each as one number, in order.

    Pairs of which either is null are left out.
    """
    both = left.cast(pl.UInt64) * _HALF + right.cast(pl.UInt64)
    return both.drop_nulls().unique().sort()


def unpacked(pairs: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the two numbers of each pair of ``packed_once``."""
    return pairs // _HALF, pairs % _HALF
