"""The different pairs among millions of them: as numbers, since texts are slow to compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from klaster.graph.store.places import Register

_AS_TEXT: Final = 50_000
_HALF: Final = 1 << 32
_AT_ONCE: Final = 500_000
_FILES: Final = ("pairs", "left", "right")


@dataclass(frozen=True, eq=False)
class Pairs:
    """Different pairs of things, in order: the first of each from ``left``, the other ``right``.

    Ten million pairs are 80 MB and their registers, where their texts were some gigabytes.

    Parameters
    ----------
    keys
        Each pair as one number (UInt64), in order: the place on the left in the upper half, that
        on the right in the lower one.

    Examples
    --------
    >>> frame = pl.DataFrame({"a": ["y", "x", "y", None], "b": ["1", "2", "1", "2"]})
    >>> Pairs.of(frame).texts(["a", "b"]).rows()
    [('x', '2'), ('y', '1')]
    """

    left: Register
    right: Register
    keys: pl.Series

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Pairs:
        """Return the different rows of a frame of two columns of text, but for those with a null."""
        rows = frame.drop_nulls()
        left, right = (Register(rows.to_series(at)) for at in (0, 1))
        return cls.placed(left, right, left.places(rows[:, 0]), right.places(rows[:, 1]))

    @classmethod
    def placed(cls, left: Register, right: Register, first: pl.Series, second: pl.Series) -> Pairs:
        """Return the different pairs of two columns of places; rows with a null are left out."""
        both = first.cast(pl.UInt64) * _HALF + second.cast(pl.UInt64)
        return cls(left, right, both.drop_nulls().unique().sort())

    @classmethod
    def of_all(cls, left: Register, value: str) -> Pairs:
        """Return all things of a register, each with the same one."""
        keys = pl.int_range(len(left), dtype=pl.UInt64, eager=True) * _HALF
        return cls(left, Register(pl.Series([value])), keys)

    @classmethod
    def read(cls, folder: Path) -> Pairs:
        """Return the pairs that ``write`` has put into a folder."""
        keys, left, right = (
            pl.read_parquet(folder / f"{name}.parquet").to_series() for name in _FILES
        )
        return cls(Register.in_order(left), Register.in_order(right), keys)

    def write(self, folder: Path) -> None:
        """Write the pairs into a new folder."""
        folder.mkdir(parents=True)
        for name, column in zip(_FILES, (self.keys, self.left.all, self.right.all), strict=True):
            column.to_frame(name).write_parquet(folder / f"{name}.parquet", compression="lz4")

    def __len__(self) -> int:
        """Return how many pairs there are."""
        return len(self.keys)

    def places(self) -> tuple[pl.Series, pl.Series]:
        """Return the place of each pair's first thing, and that of its second."""
        return self.keys // _HALF, self.keys % _HALF

    def texts(self, names: Sequence[str]) -> pl.DataFrame:
        """Return the pairs as texts, in two columns of these names."""
        ends = zip(names, (self.left, self.right), self.places(), strict=True)
        return pl.DataFrame({name: known.iris(places) for name, known, places in ends})

    def slices(self) -> Iterator[Pairs]:
        """Yield the pairs, so many at a time that their texts take little memory."""
        for start in range(0, len(self), _AT_ONCE):
            yield replace(self, keys=self.keys.slice(start, _AT_ONCE))

    def firsts(self) -> pl.Series:
        """Return the first thing of each pair, once each and in order."""
        return self.left.iris(self.places()[0].unique(maintain_order=True))

    def same_as(self, others: Pairs) -> bool:
        """Say whether these and others are the same pairs of the same registers."""
        mine, theirs = ((one.keys, one.left.all, one.right.all) for one in (self, others))
        return all(own.equals(other) for own, other in zip(mine, theirs, strict=True))

    def none(self) -> Pairs:
        """Return no pairs, of the same registers."""
        return replace(self, keys=self.keys.clear())

    def minus(self, others: Pairs) -> Pairs:
        """Return the pairs that are not among others, whatever the registers of those are."""
        return replace(self, keys=self.keys.filter(~_among(self.keys, others._in_terms_of(self))))

    def _in_terms_of(self, others: Pairs) -> pl.Series:
        """Return the numbers that the pairs have by the registers of others, if they have any.

        They are in order again: what comes first in one register comes first in the other.
        """
        known = zip((self.left, self.right), (others.left, others.right), strict=True)
        if all(own.all.equals(theirs.all) for own, theirs in known):
            return self.keys
        first, second = self.places()
        first = others.left.places(self.left.all).gather(first)
        second = others.right.places(self.right.all).gather(second)
        return (first.cast(pl.UInt64) * _HALF + second.cast(pl.UInt64)).drop_nulls()


def _among(keys: pl.Series, others: pl.Series) -> pl.Series:
    """Say of each number whether it is among others; both are in order, none stands twice."""
    wanted, known = keys.to_numpy(), others.to_numpy()
    if not len(known):
        return pl.Series(np.zeros(len(wanted), dtype=bool))
    at = np.searchsorted(known, wanted)
    at[at == len(known)] = 0
    return pl.Series(known[at] == wanted)


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
    return Pairs.of(rows).texts(rows.columns)
