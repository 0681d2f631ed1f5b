"""Which names are compared at all: those that share a key which few others have.

Comparing all with all grows with the square of their number. Names that may be one share a rare
word, two words, the beginnings or the ends of all words, or the consonants; a key that more than
``MOST`` names share says nothing and is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from klaster.graph.matching.bearers import Bearers

MOST: Final = 40
"""More names than this under one key are not compared by it."""

_RAREST: Final = 4
_ENDS: Final = 4


@dataclass(frozen=True)
class Candidates:
    """Pairs of names to compare, and how many keys were left out as too common.

    A pair has the names (``one``, ``other``), the actors that bear them (``first``, ``second``),
    and whether these share more than names: a web site or an identifier (``beside``).
    """

    pairs: pl.DataFrame
    too_common: int


def words_of(names: pl.DataFrame) -> pl.DataFrame:
    """Return the words of the names as they sound (``bearer``, ``word``), once a name."""
    return (
        names.select("bearer", word="sounds")
        .explode("word")
        .unique(maintain_order=False)
        .with_columns(pl.col("word").cast(pl.Categorical))
    )


def candidates(given: Bearers, words: pl.DataFrame) -> Candidates:
    """Return the pairs of names, of two different actors, that share a key."""
    by_name = [_pairs(keys) for keys in _keys(given.names, words)]
    by_actor = [_pairs(keys) for keys in _keys_of_actors(given)]
    beside = _owned(pl.concat([pairs for pairs, _ in by_actor]).unique(), given)
    alike = _owned(pl.concat([pairs for pairs, _ in by_name]).unique(), given)
    actors = beside.select("first", "second").unique()
    pairs = pl.concat(
        [
            alike.join(actors, on=["first", "second"], how="anti").with_columns(beside=False),
            alike.join(actors, on=["first", "second"], how="semi").with_columns(beside=True),
            beside.join(alike, on=["one", "other"], how="anti").with_columns(beside=True),
        ]
    )
    return Candidates(pairs, sum(count for _, count in (*by_name, *by_actor)))


def _owned(pairs: pl.DataFrame, given: Bearers) -> pl.DataFrame:
    """Add who bears the names, and leave out pairs of names of one actor.

    Names are numbered in the order of their actors, so the first actor has the first name.
    """
    owners = given.names["actor"]
    return pairs.with_columns(
        first=owners.gather(pairs["one"]), second=owners.gather(pairs["other"])
    ).filter(pl.col("first") != pl.col("second"))


def _pairs(keys: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return the pairs of names with the same key, and how many keys are too common."""
    sizes = keys.group_by("key").len()
    useful = keys.join(sizes.filter(pl.col("len").is_between(2, MOST)), on="key", how="semi")
    blocks = useful.group_by("key").agg(pl.col("bearer").sort())["bearer"]
    lists = blocks.to_frame("other").with_row_index("block")
    rest = lists.explode("other")
    pairs = (
        rest.rename({"other": "one"})
        .join(rest, on="block")
        .filter(pl.col("one") < pl.col("other"))
        .select("one", "other")
    )
    return pairs, sizes.filter(pl.col("len") > MOST).height


def _keys(names: pl.DataFrame, words: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the keys of the names, a frame a kind of key (``bearer``, ``key``)."""
    sounds = pl.col("sounds")
    joined = sounds.list.join("")
    consonants = joined.str.replace_all("[aeiou]", "")
    wholes = [
        pl.col("sound"),
        joined,
        sounds.list.eval(pl.element().str.head(_ENDS)).list.sort().list.join(" "),
        sounds.list.eval(pl.element().str.tail(_ENDS)).list.sort().list.join(" "),
        pl.when(consonants.str.len_chars() >= _ENDS).then(consonants),
    ]
    keys = [_hashed(names.select("bearer", key=whole)) for whole in wholes]
    rare = _rarest(words)
    keys.append(_hashed(rare.select("bearer", key="word")))
    twos = rare.join(rare, on="bearer", suffix="_other").filter(
        pl.col("place") < pl.col("place_other")
    )
    both = pl.concat_str("word", "word_other", separator=" ")
    keys.append(_hashed(twos.select("bearer", key=both)))
    return keys


def _hashed(keys: pl.DataFrame) -> pl.DataFrame:
    return keys.drop_nulls().with_columns(pl.col("key").hash())


def _rarest(words: pl.DataFrame) -> pl.DataFrame:
    """Return the rarest words of each name, in the order of the alphabet (``place``)."""
    rarity = words.group_by("word").len()
    return (
        words.join(rarity, on="word")
        .filter(pl.col("len") > 1)
        .with_columns(word=pl.col("word").cast(pl.String))
        .filter(pl.col("len").rank("ordinal").over("bearer") <= _RAREST)
        .with_columns(place=pl.col("word").rank("ordinal").over("bearer"))
        .select("bearer", "word", "place")
    )


def _keys_of_actors(given: Bearers) -> list[pl.DataFrame]:
    """Return what else actors may share: a web site, an identifier."""
    first = given.names.group_by("actor").agg(pl.col("bearer").min())
    known = given.actors.join(first, on="actor")
    shared = ("site", "lei", "stir", "ror")
    return [_hashed(known.select("bearer", key=column)) for column in shared]
