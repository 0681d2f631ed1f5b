"""Whose failure would cost most: systemic risk over supplies, cascades, and what a change does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from klaster.graph.findings.what_if import Changed
from klaster.graph.network.centrality import measure, parts, ranks
from klaster.graph.network.change import difference
from klaster.graph.network.connectivity import cut, dominated
from klaster.graph.network.exposure import cut_off, dependants, largest_exposures
from klaster.graph.network.markets import Markets, Needs, markets, needs, read_needs
from klaster.graph.network.network import Figures, Network, Places
from klaster.graph.network.systemic_risk import (
    ESSENTIAL,
    NEGLIGIBLE,
    REPLACEABLE,
    TOLERANCE,
    Economy,
    likely_systemic,
)
from klaster.graph.store.columns import Columns
from klaster.ontology.labels import phrase

NEEDS: Final = {"negligible": NEGLIGIBLE, "replaceable": REPLACEABLE, "essential": ESSENTIAL}
"""What an input can be to its buyer, by the words of the command line."""

FINE: Final = 1e-6
_FOLLOWED_TO_THE_END: Final = 300_000
"""Up to so many actors times links is a shock followed until nothing changes any more."""
_TRIED: Final = 50_000_000
"""So many actors times links are tried: some ten seconds."""
_FEWEST: Final = 20


@dataclass(frozen=True)
class Assumptions:
    """What is assumed of an economy beside what the tables tell.

    Attributes
    ----------
    market
        What makes suppliers stand in for each other: ``activity``, ``product`` or ``sector``.
    essential
        A CSV file of what inputs are to buyers: see ``read_needs``.
    unknown
        What inputs are taken for of which it is not known, instead of both.
    substitution
        Whether others of a market take over what one no longer supplies.
    tolerance
        A shock ends when nobody loses more than this in a step.
    candidates
        How many actors are tried.
    """

    market: str | None = None
    essential: str | Path | None = None
    unknown: str | None = None
    substitution: bool = True
    tolerance: float | None = None
    candidates: int | None = None


@dataclass(frozen=True)
class Supplies:
    """A supply network with what is known of its economy, in the mildest and the gravest case."""

    network: Network
    markets: Markets
    needs: Needs
    given: Assumptions

    @classmethod
    def of(cls, columns: Columns, network: Network, given: Assumptions) -> Supplies:
        """Return the economy of a network of supplies."""
        found = markets(columns, network, given.market)
        table = read_needs(given.essential) if given.essential else None
        unknown = NEEDS[given.unknown] if given.unknown else None
        told = needs(columns, network, found, table=table, unknown=unknown)
        return cls(network, found, told, given)

    def economy(self, essential: Places) -> Economy:
        """Return the economy in which inputs are to their buyers what is given."""
        return Economy(
            self.network,
            self.markets.numbers,
            essential=essential,
            substitution=self.given.substitution,
        )

    @property
    def tolerance(self) -> float:
        """When a shock ends: as early as in the paper, unless the network is small."""
        small = self.network.size * self.network.weights.nnz <= _FOLLOWED_TO_THE_END
        return self.given.tolerance or (FINE if small else TOLERANCE)

    @property
    def tried(self) -> Places:
        """Which actors are tried."""
        size = self.network.size
        few = max(_FEWEST, _TRIED // max(self.network.weights.nnz, 1))
        count = min(size, self.given.candidates or few)
        return np.arange(size) if count == size else likely_systemic(self.network, count)

    def risks(self, tried: Places | None = None) -> tuple[Figures, Figures, Figures]:
        """Return the lowest and highest systemic risk, and how many are hit at the highest."""
        places = self.tried if tried is None else tried
        most = self.economy(self.needs.most).shocks(places, tolerance=self.tolerance)
        if self.needs.known:
            return most.risk, most.risk, most.hit
        least = self.economy(self.needs.least).systemic_risk(places, tolerance=self.tolerance)
        # The two are followed to within the tolerance, each by itself.
        return np.minimum(least, most.risk), most.risk, most.hit


def at_risk(supplies: Supplies, *, top: int | None = None) -> pl.DataFrame:
    """Return whose failure costs most, first.

    The columns are ``actor, label, kind, rank, tied, risk_low, risk_high`` (shares of all
    output), ``hit`` (how many others lose 1 % or more), ``cut``, ``dominated``, ``dependants``
    (IRIs of those dominated), ``exposed, exposed_label, exposed_share`` (the buyer that has the
    largest share of its purchases from it).
    """
    network = supplies.network
    low, high, hit = supplies.risks()
    rank, tied = ranks(high)
    exposure = largest_exposures(network)
    figures = {"risk_low": low, "risk_high": high, "hit": hit}
    figures |= {"cut": cut(network), "dominated": dominated(network)}
    counts = [pl.col(name).cast(pl.Int64) for name in ("hit", "cut", "dominated")]
    order = ["risk_high", "risk_low", "dominated", "label", "actor"]
    found = (
        network.actors.with_row_index("place")
        .with_columns(pl.Series("rank", rank), pl.Series("tied", tied))
        .with_columns(pl.Series(name, values).fill_nan(None) for name, values in figures.items())
        .with_columns(counts)
        .with_columns(
            exposed=network.actors["actor"].gather(exposure["exposed"]),
            exposed_label=network.actors["label"].gather(exposure["exposed"]),
            exposed_share=exposure["share"],
        )
        .sort(order, descending=[True, True, True, False, False], nulls_last=True)
        .head(top or network.size)
    )
    names = network.actors["actor"]
    behind = dependants(network, found["place"].to_numpy().astype(np.int64))
    listed = pl.Series([[names[at] for at in one] for one in behind], dtype=pl.List(pl.String))
    return found.with_columns(dependants=listed).select(RISK_COLUMNS)


RISK_COLUMNS: Final = (
    "actor",
    "label",
    "kind",
    "rank",
    "tied",
    "risk_low",
    "risk_high",
    "hit",
    "cut",
    "dominated",
    "dependants",
    "exposed",
    "exposed_label",
    "exposed_share",
)


def told(supplies: Supplies, language: str) -> list[str]:
    """Return in sentences what was taken for what, and what was left out."""
    network, found, need, given = (
        supplies.network,
        supplies.markets,
        supplies.needs,
        supplies.given,
    )
    known = need.by_table + need.by_recipes
    words = {
        "known": known,
        "pairs": need.pairs,
        "table": need.by_table,
        "recipes": need.by_recipes,
    }
    notes = [
        phrase("risk.network", language, actors=network.size, count=network.links.height),
        phrase("risk.values", language, unit=network.unit)
        if network.unit
        else phrase("risk.counts", language),
        phrase(f"risk.market.{found.by}", language, known=found.known, sellers=found.sellers),
        phrase("risk.substitution" if given.substitution else "risk.no-substitution", language),
        phrase(f"risk.unknown.{given.unknown or 'both'}", language, **words),
    ]
    tried = len(supplies.tried)
    if tried < network.size:
        notes.append(phrase("risk.tried", language, count=tried, all=network.size))
    if supplies.tolerance > FINE:
        notes.append(phrase("risk.tolerance", language, share=f"{supplies.tolerance:.2%}"))
    return notes


@dataclass(frozen=True)
class Cascade:
    """How a failure spreads, step by step, and what share of all output it costs."""

    steps: pl.DataFrame
    low: float
    high: float


def failure(supplies: Supplies, failing: Places) -> Cascade:
    """Return what happens when some actors stop at once, in the gravest case that is possible."""
    most, least = (supplies.economy(need) for need in (supplies.needs.most, supplies.needs.least))
    high = most.loss(failing, tolerance=supplies.tolerance)
    low = high if supplies.needs.known else least.loss(failing, tolerance=supplies.tolerance)
    return Cascade(most.cascade(failing), min(low, high), high)


def changed_columns(
    columns: Columns, added: Mapping[str, pl.DataFrame] | None, without: Iterable[str]
) -> Columns:
    """Return the tables with further rows and without some actors."""
    changed: Columns = Changed(columns, added or {}, "")
    for actor in without:
        changed = Changed(changed, {}, actor)
    return changed


_LEAST_CHANGE: Final = 0.005
_ROUNDING: Final = 1e-9


def differences(before: Supplies, after: Supplies, by: str) -> pl.DataFrame:
    """Return how two networks of supplies differ, a row a difference.

    The columns are ``what, change, source, source_label, target, target_label, before, after,
    rank_before, rank_after``. ``what`` is ``actor``, ``link``, ``parts``, ``cut-off`` (``change``
    says of what), ``systemic-risk`` (in the gravest case; where it differs by half a percent of
    all output, or figure and rank do) or the measure ``by`` (where figure and rank differ).
    """
    frames = [
        difference(before.network, after.network),
        _parts(before.network, after.network),
        cut_off(before.network, after.network)
        .select("what", source="actor", change=pl.col("what"))
        .with_columns(what=pl.lit("cut-off")),
        _ranks(before, after, "systemic-risk", _risk_of(before, after)),
        _ranks(before, after, by, [measure(side.network, by) for side in (before, after)]),
    ]
    whole = pl.concat([_cast(frame) for frame in frames], how="diagonal")
    labels = pl.concat([before.network.actors, after.network.actors]).select("actor", "label")
    named = dict(labels.unique("actor", keep="last").rows())
    told = whole.with_columns(
        pl.col(end)
        .replace_strict(named, default=None, return_dtype=pl.String)
        .alias(f"{end}_label")
        for end in ("source", "target")
    )
    return told.select(DIFFERENCE_COLUMNS)


DIFFERENCE_COLUMNS: Final = (
    "what",
    "change",
    "source",
    "source_label",
    "target",
    "target_label",
    "before",
    "after",
    "rank_before",
    "rank_after",
)
_TYPES: Final = {
    "what": pl.String,
    "change": pl.String,
    "source": pl.String,
    "target": pl.String,
    "before": pl.Float64,
    "after": pl.Float64,
    "rank_before": pl.Int64,
    "rank_after": pl.Int64,
}


def _cast(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in _TYPES.items()
    )


def _parts(before: Network, after: Network) -> pl.DataFrame:
    counts = parts(before), parts(after)
    change = "more" if counts[1] > counts[0] else "fewer"
    row = {"what": "parts", "change": change, "before": counts[0], "after": counts[1]}
    return pl.DataFrame([row] if counts[0] != counts[1] else [], schema=_TYPES)


def _risk_of(before: Supplies, after: Supplies) -> Sequence[Figures]:
    """Return the systemic risk in both networks, of actors tried in the first and all new ones."""
    tried = set(before.network.actors["actor"].gather(before.tried))
    tried |= set(after.network.actors["actor"]) - set(before.network.actors["actor"])
    places = [
        np.flatnonzero(side.network.actors["actor"].is_in(sorted(tried)).to_numpy())
        for side in (before, after)
    ]
    return [side.risks(place)[1] for side, place in zip((before, after), places, strict=True)]


def _ranks(
    before: Supplies, after: Supplies, what: str, figures: Sequence[Figures]
) -> pl.DataFrame:
    old, new = (
        side.network.actors.select(source="actor")
        .with_columns(
            pl.Series(name, values).fill_nan(None), pl.Series(f"rank_{name}", ranks(values)[0])
        )
        .drop_nulls(name)
        for side, name, values in zip((before, after), ("before", "after"), figures, strict=True)
    )
    moved = (pl.col("after") - pl.col("before")).abs()
    least = pl.lit(what == "systemic-risk") & (moved >= _LEAST_CHANGE)
    reranked = (pl.col("rank_before") != pl.col("rank_after")) & (moved > _ROUNDING)
    rose = pl.col("rank_after") < pl.col("rank_before")
    return (
        old.join(new, on="source")
        .filter(reranked | least)
        .sort(moved, "source", descending=[True, False])
        .with_columns(
            what=pl.lit(what),
            change=pl.when(pl.col("rank_before") == pl.col("rank_after"))
            .then(pl.lit("same-rank"))
            .when(rose)
            .then(pl.lit("up"))
            .otherwise(pl.lit("down")),
        )
    )
