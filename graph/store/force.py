"""What is in force: an instrument is on a day when it and the act behind it both are."""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl

from klaster.graph.store.columns import Columns
from klaster.ontology.periods import first_day, first_day_after

NEVER: Final = ("proposed", "suspended")
"""What has one of these statuses is in force on no day: when it began or paused is not kept."""

# What an act is, its instruments are too, the first of these before the others.
_HANDED_DOWN: Final = ("ended", "proposed", "suspended")


def in_force(columns: Columns, date: dt.date) -> pl.DataFrame:
    """Return the instruments that are in force on a day.

    An act begins with its valid_from, else with its date. An act or an instrument (an item of an
    act) ends on its valid_to, else on the day on which what repealed it begins. What has ended or
    was repealed on a day that nobody knows is in force on no day. ``instruments-in-force.rq``
    says the same in SPARQL.
    """
    policies = columns.table("policies")
    acts = _on(policies, policies, date, begins=_begins_of_act())
    own = _on(columns.table("instruments"), policies, date, begins=first_day("valid_from"))
    return own.join(acts, left_on="policy", right_on="iri", how="semi")


def _begins_of_act() -> pl.Expr:
    return pl.coalesce(first_day("valid_from"), first_day("date"))


def _on(
    frame: pl.DataFrame, policies: pl.DataFrame, date: dt.date, *, begins: pl.Expr
) -> pl.DataFrame:
    repealing = policies.select(repealed_by="iri", repealed_on=_begins_of_act())
    status = pl.col("status").fill_null("")
    over = (status == "ended") | pl.col("repealed_by").is_not_null()
    ends = pl.coalesce(first_day_after("valid_to"), "repealed_on")
    found = frame.join(repealing, on="repealed_by", how="left", maintain_order="left")
    return found.filter(
        ~status.is_in(NEVER)
        & (begins.is_null() | (begins <= date))
        & pl.when(ends.is_null()).then(~over).otherwise(ends > date)
    ).drop("repealed_on")


def with_status(columns: Columns) -> pl.DataFrame:
    """Return the instruments, each with the status that it has with its act.

    An instrument of an act that is ended, proposed or suspended is so itself; where only the
    act's status is recorded, the instrument has that one.
    """
    acts = columns.table("policies").select(policy="iri", act="status")
    stages = [
        pl.when((pl.col("status") == stage) | (pl.col("act") == stage)).then(pl.lit(stage))
        for stage in _HANDED_DOWN
    ]
    return (
        columns.table("instruments")
        .join(acts, on="policy", how="left", maintain_order="left")
        .with_columns(status=pl.coalesce(*stages, "status", "act"))
        .drop("act")
    )
