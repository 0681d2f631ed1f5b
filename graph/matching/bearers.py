"""Who bears which names, in columns: the actors, and every name of each in comparable form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from klaster.graph.store.columns import Columns
from klaster.ontology.comparable import comparable

_NAMES: Final = ("name", "name_uz", "name_ru", "name_en")
_CHUNK: Final = 100_000


@dataclass(frozen=True)
class Bearers:
    """The actors of a graph and their names.

    ``actors`` has a row an actor, numbered by ``actor``: what is known of it, and ``site``, its
    web address without what addresses of one page differ in. ``names`` has a row a name
    (``bearer`` numbers them): ``actor``, the words of the name as they sound (``sounds``, in
    their order), and as texts its ``letters`` and ``sound`` in alphabetical order, its
    ``numbers`` and legal ``forms``.
    """

    actors: pl.DataFrame
    names: pl.DataFrame


def bearers(columns: Columns) -> Bearers:
    """Return the actors of a graph with all their names in comparable form."""
    actors = (
        columns.table("actors")
        .select("iri", "name", "kind", "country", "region", "lei", "stir", "ror", "website")
        .with_columns(
            site=pl.col("website")
            .str.to_lowercase()
            .str.replace(r"^[a-z]+://", "")
            .str.replace(r"^www\.", "")
            .str.replace(r"[/?#]+$", "")
        )
        .with_row_index("actor")
    )
    stated = columns.stated("actors").select("iri", "aliases", *_NAMES)
    texts = pl.concat(
        [stated.select("iri", text=name) for name in _NAMES]
        + [stated.select("iri", text="aliases").explode("text")]
    ).drop_nulls()
    names = texts.join(actors.select("iri", "actor"), on="iri").select("actor", "text")
    compared = _compared(names["text"].unique())
    names = (
        names.join(compared, on="text")
        .filter(pl.col("letters") != "")
        .sort("actor", "letters", "forms", "text")
        .unique(["actor", "letters", "forms"], keep="first", maintain_order=True)
        .drop("text")
        .with_row_index("bearer")
    )
    return Bearers(actors, names)


def _compared(texts: pl.Series) -> pl.DataFrame:
    """Return each text with its comparable form, a chunk at a time to spare memory."""
    chunks = [_compared_chunk(chunk) for chunk in texts.to_frame("text").iter_slices(_CHUNK)]
    return pl.concat(chunks or [_compared_chunk(texts.to_frame("text"))])


def _compared_chunk(texts: pl.DataFrame) -> pl.DataFrame:
    found = [comparable(text) for text in texts["text"]]
    return texts.with_columns(
        pl.Series("sounds", [name.sounds for name in found], dtype=pl.List(pl.String)),
        pl.Series("letters", [name.letters for name in found], dtype=pl.String),
        pl.Series("sound", [name.sound for name in found], dtype=pl.String),
        pl.Series("numbers", [name.numbers for name in found], dtype=pl.String),
        pl.Series("forms", [" ".join(sorted(name.legal_forms)) for name in found], dtype=pl.String),
    )
