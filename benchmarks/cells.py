"""Places and numbers as the cells of klaster's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl
from economy import Whole

FIRST_DAY: Final = np.datetime64("2015-01-01")
DAYS: Final = 4_000
"""Made-up days lie among so many from the first on."""


def named(prefix: str, column: str) -> pl.Expr:
    """Return ids: a letter and a number."""
    return pl.concat_str(pl.lit(prefix), pl.col(column).cast(pl.String))


def chosen(words: Sequence[str], column: str) -> pl.Expr:
    """Return the words at the places in a column, null where the place is -1."""
    return pl.col(column).replace_strict(
        dict(enumerate(words)), default=None, return_dtype=pl.String
    )


def days(numbers: Mapping[str, Whole]) -> dict[str, Whole]:
    """Return dates so many days after the first, none where the number is negative."""
    return {
        name: np.where(number < 0, np.datetime64("NaT"), FIRST_DAY + np.maximum(number, 0))
        for name, number in numbers.items()
    }
