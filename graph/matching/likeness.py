"""How alike two names are: the words that they share count by their rarity, the rest by its letters."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA
from scipy.sparse import csr_matrix

_CHUNK: Final = 500_000
# Less alike than this, the words that two names do not share are different words.
_WORDS_ALIKE: Final = 0.84
# A word of this length with one letter missing, added, replaced or out of its place is the same.
_LONG: Final = 5
_ONE_EDIT: Final = 0.9


def compare(
    names: pl.DataFrame, words: pl.DataFrame, pairs: pl.DataFrame, *, least: float
) -> pl.DataFrame:
    """Return the pairs of names with their likeness, from 0 to 1 (``alike``), where it is ``least``.

    Pairs whose actors share more than names (``beside``) are returned however they are. ``same``
    says whether the letters are the same, ``heard`` whether the sound is. Names in which
    different numbers stand are of different things and left out, unless their actors share more.
    """
    weights = _weights(names.height, words)
    chunks = pairs.iter_slices(_CHUNK) if pairs.height else [pairs]
    return pl.concat(
        _compared(names, weights, chunk).filter((pl.col("alike") >= least) | pl.col("beside"))
        for chunk in chunks
    )


def _weights(names: int, words: pl.DataFrame) -> csr_matrix:
    """Return the rarity of each word in the names that hold it: a row a name."""
    rarity = words.group_by("word").len().with_row_index("column")
    cells = words.join(rarity, on="word")
    weight = np.log1p(names / cells["len"].to_numpy())
    place = (cells["bearer"].to_numpy(), cells["column"].to_numpy())
    return csr_matrix((weight, place), shape=(names, rarity.height), dtype=np.float64)


def _compared(names: pl.DataFrame, weights: csr_matrix, pairs: pl.DataFrame) -> pl.DataFrame:
    one, other = pairs["one"].to_numpy(), pairs["other"].to_numpy()
    whole = np.asarray(weights.sum(axis=1)).ravel()
    # The weight of a word is the same in both names, so the lesser of each cell is the shared one.
    shared = np.asarray(weights[one].minimum(weights[other]).sum(axis=1)).ravel()
    rest = np.maximum(whole[one], whole[other]) - shared
    sides = pl.concat(
        [
            names[one].select("sounds", "letters", "sound", "numbers", "forms"),
            names[other].select(pl.all().name.suffix("_other")).drop("bearer_other", "actor_other"),
        ],
        how="horizontal",
    )
    apart = _rest_alike(sides)
    alike = np.where(rest < 1e-9, 1.0, (shared + apart * rest) / np.maximum(shared + rest, 1e-9))
    return pl.concat(
        [
            pairs,
            sides.select(
                "letters",
                "forms",
                "forms_other",
                same=pl.col("letters") == pl.col("letters_other"),
                heard=pl.col("sound") == pl.col("sound_other"),
                numbered=(pl.col("numbers") == pl.col("numbers_other"))
                | (pl.col("numbers") == "")
                | (pl.col("numbers_other") == ""),
            ),
            pl.DataFrame({"alike": alike}),
        ],
        how="horizontal",
    ).filter(pl.col("numbered") | pl.col("beside"))


def _rest_alike(sides: pl.DataFrame) -> NDArray[np.float64]:
    """Return how alike the words are that two names do not share, whatever divides them."""
    sounds, others = pl.col("sounds"), pl.col("sounds_other")
    rests = sides.select(
        one=sounds.list.set_difference(others).list.join(""),
        other=others.list.set_difference(sounds).list.join(""),
    )
    sides_of_pairs = rests["one"].to_list(), rests["other"].to_list()
    ratio = process.cpdist(*sides_of_pairs, scorer=fuzz.ratio)
    edits = process.cpdist(*sides_of_pairs, scorer=OSA.distance, score_cutoff=1)
    found = np.asarray(ratio, dtype=np.float64) / 100
    # One slip of a finger in a short word: a small part of it, and yet the same word.
    long = rests["one"].str.len_chars().to_numpy() >= _LONG
    found = np.where((np.asarray(edits) <= 1) & long, np.maximum(found, _ONE_EDIT), found)
    empty = (rests["one"] == "").to_numpy() | (rests["other"] == "").to_numpy()
    return np.where(empty | (found < _WORDS_ALIKE), 0.0, found**1.5)
