"""Where support does not reach those for whom it is meant, or reaches others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl

from klaster.graph.findings.facts import Facts, grouped
from klaster.graph.findings.finding import Finding, make_finding
from klaster.graph.network.betweenness import betweenness
from klaster.graph.network.centrality import degree, ranks
from klaster.graph.store.force import with_status

NOT_YET: Final = ("proposed",)
"""What is only proposed cannot have reached anybody."""
UNDER_REACH: Final = 0.1
"""An instrument that reaches less than a tenth of those who may have it is the exception, not the
rule, among them."""
CENTRAL: Final = 0.1
"""The share of all actors that count as central: the top decile."""
SHOWN: Final = 100
"""So many of those who may have or had an instrument are named as evidence; the numbers count
all."""
EXACT: Final = 5000
"""Up to this many actors is betweenness worked out (a few seconds); above, degree stands for it."""


def unreached_instruments(facts: Facts) -> Iterator[Finding]:
    """G10: instruments for which somebody is eligible and nobody is recorded as reached.

    Severity is the share of all actors that are eligible. Proposed instruments, and those of a
    proposed act, cannot have reached anybody and are left out. To an analyst: a measure nobody
    uses, or awards that nobody has published.
    """
    actors = facts.columns.table("actors").height
    known = facts.eligibility
    for row in facts.reach.iter_rows(named=True):
        if row["status"] in NOT_YET or not row["eligible"] or row["reached"]:
            continue
        meant = np.flatnonzero(known.meets(row["instrument"]))
        yield make_finding(
            "G10",
            row["eligible"] / actors,
            subjects=(row["instrument"],),
            numbers={
                "eligible": row["eligible"],
                "reached": 0,
                "status": row["status"] or "unknown",
            },
            evidence=tuple(known.actors.gather(meant[:SHOWN])),
            coverage=facts.overall_coverage,
            words={
                "instrument": facts.name(row["instrument"]),
                "eligible": row["eligible"],
            },
        )


def under_reach(facts: Facts) -> Iterator[Finding]:
    """G11: instruments that reach less than a tenth of the eligible, or others than the eligible.

    A beneficiary of whom what a criterion asks is not recorded is not counted as leakage.
    Severity is 1 less the coverage, or the share of leakage where only that is found. To an
    analyst: criteria that miss their aim, or awards that miss the criteria.
    """
    given = grouped(
        facts.columns.table("awards").select("instrument", actor="beneficiary"),
        "instrument",
        "actor",
    )
    for row in facts.reach.iter_rows(named=True):
        if row["status"] in NOT_YET or not row["eligible"] or not row["reached"]:
            continue
        outside = row["leakage"] - row["undetermined_reached"]
        if row["coverage"] >= UNDER_REACH and not outside:
            continue
        under = row["coverage"] < UNDER_REACH
        leakage = outside / row["reached"]
        yield make_finding(
            "G11",
            1 - row["coverage"] if under else leakage,
            phrase="finding.G11" if under else "finding.G11.leakage",
            subjects=(row["instrument"],),
            numbers={name: value for name in _TOLD if (value := row[name]) is not None}
            | {"leakage_share": leakage},
            evidence=given[row["instrument"]][:SHOWN],
            coverage=facts.overall_coverage,
            words={
                "instrument": facts.name(row["instrument"]),
                "eligible": row["eligible"],
                "reached": row["eligible"] - row["unreached"],
                "share": f"{row['coverage']:.0%}",
                "outside": outside,
                "beneficiaries": row["reached"],
            },
        )


_TOLD: Final = (
    "eligible",
    "reached",
    "coverage",
    "leakage",
    "export_coverage",
    "indirect",
    "gini",
    "undetermined",
)


def unsupported_central(facts: Facts) -> Iterator[Finding]:
    """G12: the most central tenth of actors that may have support and have had none.

    Central by betweenness over supply, cooperation and ownership. Severity is the share of
    actors that are less central. Nothing is said of graphs without any recorded award: there it
    is not known of anybody whether it had support. To an analyst: support here carries further.
    """
    awards = facts.columns.table("awards")
    network = facts.network
    small = network.size <= EXACT
    if awards.is_empty() or network.size * CENTRAL < 1:
        return
    figures = betweenness(network) if small else degree(network)
    rank, _ = ranks(figures)
    placed = network.actors.select("actor").with_columns(
        figure=pl.Series(figures), rank=pl.Series(rank)
    )
    central = placed.filter((pl.col("rank") <= network.size * CENTRAL) & (pl.col("figure") > 0))
    running = with_status(facts.columns).filter(
        ~pl.col("status").fill_null("").is_in(["proposed", "suspended", "ended"])
    )
    without = central.join(awards.select(actor="beneficiary"), on="actor", how="anti")
    meant = _for_any(facts, running["iri"], without["actor"])
    places = facts.numbered.actors.places(without["actor"])
    rows = (
        without.with_columns(place=places, severity=1 - pl.col("rank") / network.size)
        .join(meant.select("actor").unique(), on="actor", how="semi")
        .join(facts.unknown_of_actors, left_on="place", right_on="actor", how="left")
        .with_columns(pl.col("unknown").fill_null(facts.overall_coverage == "unknown"))
    )
    if facts.cluster:
        rows = rows.filter(pl.col("actor").is_in(facts.members_of.get(facts.cluster, ())))
    found = facts.worst("G12", rows, "actor")
    instruments = grouped(meant.join(found, on="actor", how="semi"), "actor", "instrument")
    for actor, figure, place in found.select("actor", "figure", "rank").rows():
        yield _unsupported(facts, actor, figure, place, instruments[actor])


def _for_any(facts: Facts, instruments: pl.Series, actors: pl.Series) -> pl.DataFrame:
    """Return for which of some instruments each of some actors is eligible."""
    known = facts.eligibility
    told = pl.DataFrame({"actor": actors, "place": known.places(actors)}).drop_nulls("place")
    met = [
        told.filter(pl.Series(known.meets(name)[told["place"].to_numpy()])).select(
            "actor", pl.lit(name).alias("instrument")
        )
        for name in instruments
    ]
    return pl.concat([pl.DataFrame(schema={"actor": pl.String, "instrument": pl.String}), *met])


def _unsupported(
    facts: Facts, actor: str, figure: float, place: int, instruments: tuple[str, ...]
) -> Finding:
    size = facts.network.size
    measure = "betweenness" if size <= EXACT else "degree"
    return make_finding(
        "G12",
        1 - place / size,
        subjects=(actor,),
        numbers={measure: figure, "rank": place, "instruments": len(instruments), "awards": 0},
        evidence=(actor, *instruments),
        coverage=facts.coverage_of(actor),
        words={
            "actor": facts.name(actor),
            "rank": place,
            "actors": size,
            "count": len(instruments),
        },
    )
