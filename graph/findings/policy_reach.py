"""Whom each instrument is meant for, by its criteria, and whom it is recorded to have reached."""

from __future__ import annotations

import datetime as dt

import polars as pl

from klaster.graph.store.columns import Columns
from klaster.graph.store.eligibility import eligible
from klaster.graph.store.force import in_force, with_status
from klaster.ontology.codes import codes


def reach(columns: Columns, *, date: dt.date | None = None) -> pl.DataFrame:
    """Return each instrument's reach, an instrument a row.

    ``eligible``, ``reached`` and ``unreached`` count actors; ``reached`` are all with a recorded
    award, ``unreached`` the eligible ones without, ``leakage`` the reached ones that meet no
    recorded criterion. ``coverage`` is the reached share of the eligible, null where nobody is
    eligible or no criterion is recorded. ``status`` is that of the instrument with its act. With
    ``date``, only instruments in force on that day are looked at, and only the awards, the
    criteria and what else holds then count.
    """
    instruments = with_status(columns)
    holding = columns
    if date is not None:
        instruments = instruments.join(in_force(columns, date), on="iri", how="semi")
        holding = columns.on(date)
    meant = eligible(holding)
    given = holding.table("awards").select("instrument", actor="beneficiary").unique()
    ruled = holding.table("criteria").select("instrument").unique()
    counts = (
        instruments.select("iri", "title", "kind", "status")
        .join(_count(meant, "eligible"), left_on="iri", right_on="instrument", how="left")
        .join(_count(given, "reached"), left_on="iri", right_on="instrument", how="left")
        .join(
            _count(meant.join(given, on=["instrument", "actor"], how="anti"), "unreached"),
            left_on="iri",
            right_on="instrument",
            how="left",
        )
        .join(
            _count(given.join(meant, on=["instrument", "actor"], how="anti"), "leakage"),
            left_on="iri",
            right_on="instrument",
            how="left",
        )
        .with_columns(pl.col("eligible", "reached", "unreached", "leakage").fill_null(0))
        .join(ruled.with_columns(ruled=True), left_on="iri", right_on="instrument", how="left")
    )
    labels = {code: entry.labels["en"] for code, entry in codes("instrument-type").items()}
    share = (pl.col("eligible") - pl.col("unreached")) / pl.col("eligible")
    return counts.select(
        instrument="iri",
        label=pl.coalesce("title", pl.col("kind").replace_strict(labels, default=None)),
        kind="kind",
        status="status",
        eligible=pl.when("ruled").then("eligible"),
        reached="reached",
        unreached=pl.when("ruled").then("unreached"),
        leakage=pl.when("ruled").then("leakage"),
        coverage=pl.when(pl.col("ruled") & (pl.col("eligible") > 0)).then(share),
    ).sort("instrument")


def _count(pairs: pl.DataFrame, name: str) -> pl.DataFrame:
    return pairs.group_by("instrument").agg(pl.len().cast(pl.Int64).alias(name))
