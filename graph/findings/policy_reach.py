"""Whom each instrument is meant for, by its criteria, and whom it is recorded to have reached."""

from __future__ import annotations

import datetime as dt

import polars as pl

from klaster.graph.findings.exported import exported_values
from klaster.graph.store.columns import Columns
from klaster.graph.store.eligibility import eligible, undetermined
from klaster.graph.store.force import in_force, with_status
from klaster.graph.store.holding import counted
from klaster.ontology.codes import codes


def reach(
    columns: Columns, *, date: dt.date | None = None, meant: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return each instrument's reach, an instrument a row.

    ``eligible``, ``reached`` and ``unreached`` count actors; ``reached`` are all with a recorded
    award, ``unreached`` the eligible ones without, ``leakage`` the reached ones that meet no
    recorded criterion. ``coverage`` is the reached share of the eligible, null where nobody is
    eligible or no criterion is recorded. ``status`` is that of the instrument with its act. With
    ``date``, only instruments in force on that day are looked at, and only the awards, the
    criteria and what else holds then count.

    Further columns: ``export_coverage`` is the coverage weighted by recorded exports,
    ``indirect`` the share of the eligible that have no award but trade directly with somebody
    who has, ``overlap`` the share of the eligible that another instrument is meant for too,
    ``gini`` how unequally the amounts are spread over the beneficiaries (0: equally; null where
    an amount is not recorded, or there are several currencies), ``undetermined`` how many may be
    eligible, were all recorded of them, and ``undetermined_reached`` how many of these have an
    award. All are null where they cannot be told. ``meant`` is who is eligible for what, where
    that was worked out before.
    """
    instruments = with_status(columns)
    holding = columns
    if date is not None:
        instruments = instruments.join(in_force(columns, date), on="iri", how="semi")
        holding = columns.on(date)
    kept = instruments.select(instrument="iri")
    meant = eligible(holding) if meant is None else meant
    meant = meant.join(kept, on="instrument", how="semi")
    awards = holding.table("awards").join(kept, on="instrument", how="semi")
    given = awards.select("instrument", actor="beneficiary").unique()
    doubtful = undetermined(holding, meant)
    pair = ["instrument", "actor"]
    counts = {
        "eligible": meant,
        "reached": given,
        "unreached": meant.join(given, on=pair, how="anti"),
        "leakage": given.join(meant, on=pair, how="anti"),
        "undetermined": doubtful,
        "undetermined_reached": doubtful.join(given, on=pair, how="semi"),
    }
    ruled = (
        holding.table("criteria")
        .select("instrument")
        .unique()
        .with_columns(ruled=pl.lit(value=True))
    )
    found = instruments.select("title", "kind", "status", instrument="iri")
    for name, pairs in counts.items():
        found = found.join(_count(pairs, name), on="instrument", how="left")
    found = found.with_columns(pl.col(*counts).fill_null(0))
    for shares in (
        ruled,
        _export_coverage(holding, meant, given),
        _indirect(holding, meant, given),
        _overlap(meant),
        _gini(awards),
    ):
        found = found.join(shares, on="instrument", how="left")
    return _told(found)


def _told(found: pl.DataFrame) -> pl.DataFrame:
    """Return the columns in their order, null where no criterion is recorded."""
    labels = {code: entry.labels["en"] for code, entry in codes("instrument-type").items()}
    share = (pl.col("eligible") - pl.col("unreached")) / pl.col("eligible")
    return found.select(
        instrument="instrument",
        label=pl.coalesce("title", pl.col("kind").replace_strict(labels, default=None)),
        kind="kind",
        status="status",
        eligible=pl.when("ruled").then("eligible"),
        reached="reached",
        unreached=pl.when("ruled").then("unreached"),
        leakage=pl.when("ruled").then("leakage"),
        coverage=pl.when(pl.col("ruled") & (pl.col("eligible") > 0)).then(share),
        export_coverage="export_coverage",
        indirect="indirect",
        overlap="overlap",
        gini="gini",
        undetermined=pl.when("ruled").then("undetermined"),
        undetermined_reached=pl.when("ruled").then("undetermined_reached"),
    ).sort("instrument")


def _count(pairs: pl.DataFrame, name: str) -> pl.DataFrame:
    return pairs.group_by("instrument").agg(pl.len().cast(pl.Int64).alias(name))


def _export_coverage(columns: Columns, meant: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """Return the reached share of what the eligible are recorded to export."""
    weighted = meant.join(exported_values(columns), on="actor").join(
        given.with_columns(reached=pl.lit(value=True)), on=["instrument", "actor"], how="left"
    )
    covered = pl.col("value").filter(pl.col("reached")).sum() / pl.col("value").sum()
    shares = weighted.group_by("instrument").agg(export_coverage=covered)
    return shares.with_columns(pl.col("export_coverage").fill_nan(None))


def _indirect(columns: Columns, meant: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """Return the share of the eligible without an award that trade with one who has it."""
    supplies = counted(columns.links("supplies", "supplier", "buyer", "status"))
    there = supplies.select(actor="supplier", partner="buyer")
    helped = given.select(partner="actor").unique()
    # Only the links of those who have an award matter, and these are few.
    trading = pl.concat(
        [
            there.join(helped, on="partner", how="semi"),
            there.join(helped.rename({"partner": "actor"}), on="actor", how="semi").select(
                actor="partner", partner="actor"
            ),
        ]
    ).unique()
    near = given.join(trading.select(actor="partner", partner="actor"), on="actor").select(
        "instrument", actor="partner"
    )
    unreached = meant.join(given, on=["instrument", "actor"], how="anti")
    indirect = unreached.join(near.unique(), on=["instrument", "actor"], how="semi")
    return (
        _count(meant, "all")
        .join(_count(indirect, "some"), on="instrument", how="left")
        .select("instrument", indirect=pl.col("some").fill_null(0) / pl.col("all"))
    )


def _overlap(meant: pl.DataFrame) -> pl.DataFrame:
    """Return the share of the eligible for whom another instrument is meant as well."""
    several = pl.len().over("actor") > 1
    return (
        meant.with_columns(several=several)
        .group_by("instrument")
        .agg(overlap=pl.col("several").mean())
    )


def _gini(awards: pl.DataFrame) -> pl.DataFrame:
    """Return the Gini coefficient of the amounts that the beneficiaries had."""
    complete = pl.col("amount").is_not_null().all() & (pl.col("currency").n_unique() == 1)
    kept = awards.filter(complete.over("instrument"))
    amounts = kept.group_by("instrument", "beneficiary").agg(pl.col("amount").sum())
    size = pl.len().cast(pl.Int64)
    place = 2 * pl.col("amount").rank("ordinal").cast(pl.Int64) - size - 1
    figure = (place * pl.col("amount")).sum() / (size * pl.col("amount").sum())
    return (
        amounts.group_by("instrument")
        .agg(gini=pl.when(pl.len() > 1).then(figure))
        .with_columns(pl.col("gini").fill_nan(None))
    )
