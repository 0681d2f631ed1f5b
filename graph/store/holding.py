"""What holds now: the links that count, who takes part in them, who makes and needs what."""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl

from klaster.graph.store.columns import Columns, holds
from klaster.graph.store.pairs import distinct_pairs

# A link that is only planned, or has ended, joins nobody now.
NOT_COUNTED = ("planned", "ended")


def counted(links: pl.DataFrame) -> pl.DataFrame:
    """Return the links that hold: all but the planned and the ended ones."""
    return links.filter(~pl.col("status").fill_null("").is_in(NOT_COUNTED))


def participations(columns: Columns, *, date: dt.date | None = None) -> pl.DataFrame:
    """Return who takes part in which cooperation that holds (``iri``, ``kind``, ``participant``).

    What is said of a cooperation in one of its rows is said of all of them; a participant may
    come later or leave earlier. With ``date``, only who takes part on that day.
    """
    rows = dated_participations(columns)
    if date is not None:
        rows = rows.filter(holds(date))
    kept = ["iri", "kind", "participant", "locator", "origin"]
    return rows.select(kept).unique(["iri", "participant"], maintain_order=True)


def dated_participations(columns: Columns) -> pl.DataFrame:
    """Return the rows of the cooperations that hold, each with the days of its participant.

    A participant who left and came back has several.
    """
    rows = columns.table("cooperations").with_columns(
        pl.col("status").drop_nulls().first().over("iri"),
        pl.col("kind").drop_nulls().first().over("iri"),
        *(
            pl.col(bound).fill_null(pl.col(bound).drop_nulls().first().over("iri"))
            for bound in ("valid_from", "valid_to")
        ),
    )
    return counted(rows)


GOODS: Final = pl.col("kind").fill_null("goods") == "goods"
"""Of supplies those of goods: what is not said to be a service."""


def product_makers(columns: Columns) -> pl.DataFrame:
    """Return who makes what (``actor``, ``product``): as stated, or because they supply it."""
    makes = columns.links("makes", "actor", "product")
    supplies = counted(columns.links("supplies", "supplier", "product", "kind", "status"))
    return distinct_pairs(made(makes, supplies))


def made(stated: pl.DataFrame, supplies: pl.DataFrame) -> pl.DataFrame:
    """Return who makes what, as often as it is told, by IRIs or by numbers in place of them."""
    sold = supplies.filter(GOODS).select(actor="supplier", product="product")
    return pl.concat([stated, sold])


def needed(
    stated: pl.DataFrame, supplies: pl.DataFrame, inputs: pl.DataFrame, makers: pl.DataFrame
) -> pl.DataFrame:
    """Return who needs what, as often as it is told, by IRIs or by numbers in place of them.

    A maker does not need to buy an input that it makes itself.
    """
    bought = supplies.select(actor="buyer", product="product")
    by_recipe = (
        makers.join(inputs, on="product")
        .select("actor", product="input")
        .unique()
        .join(makers, on=["actor", "product"], how="anti")
    )
    return pl.concat([stated, bought, by_recipe])
