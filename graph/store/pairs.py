"""The different pairs among millions of them: as numbers, since texts are slow to compare."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

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
    left, right = (_numbered(rows[name]) for name in rows.columns)
    numbers = left[0].cast(pl.UInt64) * _HALF + right[0].cast(pl.UInt64)
    once = numbers.unique().sort()
    return pl.DataFrame([left[1].gather(once // _HALF), right[1].gather(once % _HALF)])


def _numbered(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return a number a text, and the texts in order: the number is the place among them."""
    codes = texts.cast(pl.Categorical(pl.Categories.random())).to_physical()
    found = pl.DataFrame({"code": codes, texts.name: texts}).unique("code", keep="any")
    found = found.sort(texts.name)
    place = np.zeros(int(codes.to_numpy().max()) + 1, dtype=np.uint32)
    place[found["code"].to_numpy()] = np.arange(found.height, dtype=np.uint32)
    return pl.Series(place[codes.to_numpy()]), found[texts.name]
