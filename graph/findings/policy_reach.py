"""Whom each instrument is meant for, by its criteria, and whom it is recorded to have reached."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from klaster.graph.findings.exported import exported_values
from klaster.graph.store.columns import Columns
from klaster.graph.store.eligibility import Eligibility, Mask
from klaster.graph.store.force import in_force, with_status
from klaster.graph.store.holding import counted
from klaster.ontology.codes import codes


def reach(
    columns: Columns, *, date: dt.date | None = None, meant: Eligibility | None = None
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
    that was worked out before; it is not asked for a ``date``.
    """
    instruments = with_status(columns)
    holding = columns
    if date is not None:
        instruments = instruments.join(in_force(columns, date), on="iri", how="semi")
        holding, meant = columns.on(date), None
    kept = instruments.select(instrument="iri")
    awards = holding.table("awards").join(kept, on="instrument", how="semi")
    ruled = (
        holding.table("criteria")
        .select("instrument")
        .unique()
        .with_columns(ruled=pl.lit(value=True))
    )
    figures = _Figures(holding, meant or Eligibility(holding), awards)
    rows = pl.DataFrame(figures.of(kept["instrument"].to_list()), schema=_FIGURES)
    found = (
        instruments.select("title", "kind", "status", instrument="iri")
        .join(rows, on="instrument", how="left")
        .join(ruled, on="instrument", how="left")
        .join(_gini(awards), on="instrument", how="left")
    )
    return _told(found)


_COUNTED: Final = (
    "eligible",
    "reached",
    "unreached",
    "leakage",
    "undetermined",
    "undetermined_reached",
)
_FIGURES: Final = (
    {"instrument": pl.String}
    | dict.fromkeys(_COUNTED, pl.Int64)
    | dict.fromkeys(("export_coverage", "indirect", "overlap"), pl.Float64)
)


@dataclass(frozen=True)
class _Figures:
    """What is counted of each instrument, over all actors at once and one instrument at a time."""

    columns: Columns
    meant: Eligibility
    awards: pl.DataFrame

    def of(self, instruments: list[str]) -> Iterator[dict[str, object]]:
        """Yield the figures of instruments that are kept, of which several is told too."""
        # For how many of the instruments each actor is eligible.
        times = np.zeros(len(self.meant.actors), dtype=np.uint32)
        for instrument in instruments:
            times += self.meant.meets(instrument)
        several = times > 1
        for instrument in instruments:
            yield {"instrument": instrument, **self._counted(instrument, several)}

    def _counted(self, instrument: str, several: Mask) -> dict[str, object]:
        who, doubtful = self.meant.meets(instrument), self.meant.may_meet(instrument)
        given = self._given.filter(pl.col("instrument") == instrument)
        # Those whom no table describes are reached, and meet nothing.
        told = given["place"].drop_nulls().to_numpy()
        eligible, hit = int(who.sum()), int(who[told].sum())
        reached = np.zeros(len(who), dtype=bool)
        reached[told] = True
        value = self._exported
        exported = float(value[who].sum())
        near = who & ~reached & self._traded_with(given["beneficiary"])
        return {
            "eligible": eligible,
            "reached": given.height,
            "unreached": eligible - hit,
            "leakage": given.height - hit,
            "undetermined": int(doubtful.sum()),
            "undetermined_reached": int(doubtful[told].sum()),
            "export_coverage": float(value[who & reached].sum()) / exported if exported else None,
            "indirect": int(near.sum()) / eligible if eligible else None,
            "overlap": int((who & several).sum()) / eligible if eligible else None,
        }

    @cached_property
    def _given(self) -> pl.DataFrame:
        """Who has an award of which instrument, once each, and its ``place`` if it has one."""
        pairs = self.awards.select("instrument", "beneficiary").unique()
        return pairs.with_columns(place=self.meant.places(pairs["beneficiary"]))

    @cached_property
    def _exported(self) -> NDArray[np.float64]:
        """What each actor is recorded to have exported, 0 where nothing is."""
        known = exported_values(self.columns).drop_nulls()
        value = np.zeros(len(self.meant.actors))
        value[self.meant.places(known["actor"]).to_numpy()] = known["value"].to_numpy()
        return value

    @cached_property
    def _trade(self) -> pl.DataFrame:
        """Who trades with whom of those with an award (``helped``: IRI, ``place``)."""
        supplies = counted(self.columns.links("supplies", "supplier", "buyer", "status"))
        # Only the links of those who have an award matter, and these are few.
        helped = self.awards["beneficiary"].unique().implode()
        ways = (("supplier", "buyer"), ("buyer", "supplier"))
        there = pl.concat(
            supplies.filter(pl.col(end).is_in(helped)).select(helped=end, partner=other)
            for end, other in ways
        )
        return there.select("helped", place=self.meant.places(there["partner"])).unique()

    def _traded_with(self, helped: pl.Series) -> Mask:
        """Return, of each actor, whether it trades with one of these."""
        rows = self._trade.filter(pl.col("helped").is_in(helped.implode()))
        return self.meant.among(rows["place"])


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
