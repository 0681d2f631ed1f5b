"""Fair trials of predictions: what is known, what is hidden, and the pairs to tell it from.

The score sees the earlier links alone. Positives are new pairs among things that were known
before; repeats of old links are left out. Negatives are drawn four ways, since a random pair is
easily told from a link by the numbers of links alone: at random, with the ends of positives
(degree-matched), two steps apart, and three steps apart. A pair linked at any time is never a
negative.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import block_array, csr_array

from klaster.graph.findings.evidence import LARGE
from klaster.graph.findings.layer import Layer

Whole = NDArray[np.int64]

EACH: Final = 10
"""Negatives a positive."""

PANEL: Final = 2_000
"""Of a large layer the partners of no fewer sources are foretold: all would take hours, and a
sample drawn at random tells the same."""

TOLD: Final = 2_000
"""More sources are drawn until so many of their links are to be foretold …"""

_LINKS: Final = 100_000
"""… or so many are known of them, by which the work grows."""


@dataclass(frozen=True)
class Trial:
    """What was known, and the pairs (keys) that were linked later or hidden.

    ``panel`` are the sources whose partners are to be foretold, all where it is None: ``truth``
    has the pairs with an end in it, or with a source in it where links have a direction, and
    ``others`` the rest of what was linked later.
    """

    known: Layer
    truth: Whole
    panel: Whole | None = None
    others: Whole = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @staticmethod
    def of(known: Layer, later: Layer) -> Trial:
        """Return the trial of the new pairs of ``later`` among things that ``known`` links."""
        fresh = later.pairs[~np.isin(later.pairs, known.pairs)]
        source, target = known.ends(fresh)
        return Trial(known, fresh[_both_known(known, source, target)])

    def drawn(self, seed: int = 0) -> Trial:
        """Return the trial of some sources drawn at random, where there are very many."""
        if self.known.shape[0] < LARGE:
            return self
        source, target = self.known.ends(self.truth)
        ends = source if self.known.directed else np.concatenate([source, target])
        sources = np.random.default_rng(seed).permutation(self.sources)
        told = np.cumsum(np.bincount(ends, minlength=self.known.shape[0])[sources])
        most = int(_LINKS / max(self.known.mean_degree, 1.0))
        needed = min(int(np.searchsorted(told, TOLD)) + 1, most)
        drawn = np.sort(sources[: max(PANEL, needed)])
        within = np.isin(source, drawn)
        if not self.known.directed:
            within |= np.isin(target, drawn)
        return Trial(self.known, self.truth[within], drawn, self.truth[~within])

    @property
    def sources(self) -> Whole:
        """The sources whose partners are to be foretold."""
        return _linked_ends(self.known)[0] if self.panel is None else self.panel

    @property
    def sampled(self) -> int | None:
        """How many sources were drawn, None where the partners of all are to be foretold."""
        return None if self.panel is None else len(self.panel)

    def ranked(self, things: Whole) -> NDArray[np.bool_]:
        """Say of which sources the candidates are ranked."""
        if self.panel is None:
            return np.ones(len(things), dtype=bool)
        return np.isin(things, self.panel)


def _both_known(layer: Layer, source: Whole, target: Whole) -> NDArray[np.bool_]:
    sources, targets = layer.known
    if layer.bipartite:
        return np.asarray(sources[source] & targets[target])
    linked = sources | targets
    return np.asarray(linked[source] & linked[target])


@dataclass
class Negatives:
    """Pairs that are linked at no time, drawn by one rule (keys)."""

    random: Whole
    degree: Whole
    dist2: Whole
    dist3: Whole = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def sets(self) -> Mapping[str, Whole]:
        """Return the sets by name, from the easiest to the hardest."""
        return {
            "random": self.random,
            "degree": self.degree,
            "dist2": self.dist2,
            "dist3": self.dist3,
        }


def draw_negatives(trial: Trial, rng: np.random.Generator, each: int = EACH) -> Negatives:
    """Draw negatives of every kind, ``each`` for a positive as far as there are so many."""
    layer, truth = trial.known, trial.truth
    wanted = each * len(truth)
    sources, targets = _linked_ends(layer)
    two, three = _pairs_at_distance(layer, wanted, rng)
    return Negatives(
        random=_drawn(trial, sources, targets, wanted, rng),
        degree=draw_degree_matched(trial, rng, each),
        dist2=_free(trial, two)[:wanted],
        dist3=_free(trial, three)[:wanted],
    )


def draw_degree_matched(trial: Trial, rng: np.random.Generator, each: int = EACH) -> Whole:
    """Draw negatives whose ends are drawn from those of the positives.

    The way of Aiyappa et al. (2025): so every thing is as frequent among the negatives as among
    the positives, and its number of links alone tells nothing.
    """
    source, target = trial.known.ends(trial.truth)
    if not trial.known.directed:
        source = target = np.concatenate([source, target])
    return _drawn(trial, source, target, each * len(trial.truth), rng)


def _linked_ends(layer: Layer) -> tuple[Whole, Whole]:
    sources, targets = layer.known
    if layer.bipartite:
        return np.flatnonzero(sources), np.flatnonzero(targets)
    linked = np.flatnonzero(sources | targets)
    return linked, linked


def _free(trial: Trial, keys: Whole) -> Whole:
    """Return the keys that are no link at any time, and no thing with itself."""
    source, target = trial.known.ends(keys)
    fine = np.ones(len(keys), dtype=bool)
    for linked in (trial.truth, trial.others, trial.known.pairs):
        fine &= ~_among(keys, linked)
    if not trial.known.bipartite:
        fine &= source != target
    return keys[fine]


def _among(keys: Whole, pairs: Whole) -> NDArray[np.bool_]:
    """Say which keys are among sorted ones, of which there may be millions."""
    if not len(pairs):
        return np.zeros(len(keys), dtype=bool)
    at = np.minimum(np.searchsorted(pairs, keys), len(pairs) - 1)
    return np.asarray(pairs[at] == keys)


def ordered(layer: Layer, source: Whole, target: Whole) -> Whole:
    """Return the keys of pairs; of a cooperation that with the lower position first."""
    if not layer.directed:
        source, target = np.minimum(source, target), np.maximum(source, target)
    return layer.keys(source, target)


def _drawn(
    trial: Trial, sources: Whole, targets: Whole, wanted: int, rng: np.random.Generator
) -> Whole:
    """Draw pairs whose ends come from two lists, each end as often as it stands there."""
    found = np.zeros(0, dtype=np.int64)
    for _ in range(20):
        if len(found) >= wanted or not len(sources) or not len(targets):
            break
        some = rng.choice(sources, 2 * wanted), rng.choice(targets, 2 * wanted)
        found = np.concatenate([found, _free(trial, ordered(trial.known, *some))])
    return found[:wanted]


def _pairs_at_distance(layer: Layer, wanted: int, rng: np.random.Generator) -> tuple[Whole, Whole]:
    """Draw pairs that share a partner, and pairs without one that three links join.

    Between actors and products, whose shortest open path has three links, the first set is empty.
    """
    ties = _ties(layer)
    rows = layer.shape[0]
    linked = np.flatnonzero(np.diff(ties.indptr[: rows + 1]))
    picked = np.sort(rng.permutation(linked)[: max(1, min(len(linked), 1500))])
    found: tuple[list[Whole], list[Whole]] = ([], [])
    for start in range(0, len(picked), 128):
        block = picked[start : start + 128]
        one = ties[block]
        two = csr_array(one @ ties)
        three = csr_array(two @ ties)
        keys = [_block_keys(layer, block, step) for step in (two, three)]
        far = keys[1][~np.isin(keys[1], keys[0])]
        for kept, some in zip(found, (keys[0], far), strict=True):
            share = max(1, -(-8 * wanted // max(1, -(-len(picked) // 128))))
            kept.append(rng.permutation(some)[:share])
    ended = [np.concatenate(kept) if kept else np.zeros(0, dtype=np.int64) for kept in found]
    two_apart, three_apart = (_different(kept) for kept in ended)
    return rng.permutation(two_apart), rng.permutation(three_apart)


def _ties(layer: Layer) -> csr_array:
    """Return who is linked with whom either way; products after actors."""
    if not layer.bipartite:
        ties = csr_array(layer.matrix + layer.matrix.T)
        ties.data[:] = 1.0
        return ties
    return csr_array(block_array([[None, layer.matrix], [layer.matrix.T, None]]))


def _block_keys(layer: Layer, block: Whole, step: csr_array) -> Whole:
    row = np.repeat(block, np.diff(step.indptr))
    column = step.indices.astype(np.int64)
    if layer.bipartite:
        product = column >= layer.shape[0]
        row, column = row[product], column[product] - layer.shape[0]
    apart = layer.bipartite | (row != column)
    return _different(ordered(layer, row[apart], column[apart]))


def _different(keys: Whole) -> Whole:
    """Return the different keys, sorted (by sorting: many times faster than by hashing here)."""
    found = np.sort(keys)
    return found[np.diff(found, prepend=-1) > 0]


def split(layer: Layer, share: float, seed: int = 0) -> Trial:
    """Hide a share of a layer's links: whole projects, or else all that joins two things."""
    unit = _units(layer)
    names = unit.unique().sort()
    rng = np.random.default_rng(seed)
    hidden = names.gather(np.sort(rng.permutation(len(names))[: round(share * len(names))]))
    gone = unit.is_in(hidden.implode())
    return Trial.of(layer.only(~gone), layer.only(gone))


def _units(layer: Layer) -> pl.Series:
    """Return for each record what it is hidden with: its project, or both ways of its pair."""
    source, target = layer.records["source"], layer.records["target"]
    if layer.bipartite:
        return pl.Series("unit", layer.keys(source.to_numpy(), target.to_numpy()))
    low, high = np.minimum(source, target), np.maximum(source, target)
    pair = pl.Series("unit", layer.keys(np.asarray(low), np.asarray(high)))
    if layer.directed:
        return pair
    return layer.records.select(
        unit=pl.coalesce(pl.lit("e") + pl.col("event"), pl.lit("p") + pair.cast(pl.String))
    )["unit"]


def last_part(layer: Layer, share: float) -> dt.date | None:
    """Return the day from which on about ``share`` of the dated events lie.

    None where fewer than nine records in ten are dated, or all have one day.
    """
    dates = layer.records.select("event", "date").unique()["date"]
    known = dates.drop_nulls()
    if not len(dates) or known.len() < 0.9 * len(dates) or known.n_unique() < 2:
        return None
    day = known.sort()[min(int((1 - share) * known.len()), known.len() - 1)]
    return day if isinstance(day, dt.date) and day > known.min() else None  # type: ignore[operator]


def held_out(layer: Layer, share: float, seed: int = 0) -> Trial:
    """Hide the latest links where dates allow, and otherwise some at random."""
    cut = last_part(layer, share)
    if cut is not None:
        trial = Trial.of(layer.before(cut), layer.since(cut))
        if len(trial.truth):
            return trial
    return split(layer, share, seed)


def truth_of(layer: Layer, rows: pl.DataFrame) -> Trial:
    """Return the trial of a whole layer against links that came later.

    ``rows`` has the IRIs of two things in its first two columns; a row that names something
    else is left out.
    """
    first, second = rows.columns[:2]
    places = [
        things.select("iri").with_row_index("at").with_columns(pl.col("at").cast(pl.Int64))
        for things in (layer.sources, layer.targets)
    ]
    found = rows.join(places[0].rename({"at": "source"}), left_on=first, right_on="iri").join(
        places[1].rename({"at": "target"}), left_on=second, right_on="iri"
    )
    later = Layer.of(layer.name, layer.sources, layer.targets if layer.bipartite else None, found)
    return Trial.of(layer, later)
