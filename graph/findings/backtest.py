"""How good predictions are: the links of later days, or hidden ones, against what was known.

The score sees the earlier links alone. Positives are new pairs among things that were known
before; repeats of old links are left out. Negatives are drawn four ways, since a random pair is
easily told from a link by the numbers of links alone: at random, with the ends of positives
(degree-matched), two steps apart, and three steps apart. A pair linked at any time is never a
negative. That no link is recorded does not mean there is none, so precision is a lower bound.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from klaster.graph.findings.accuracy import (
    area,
    average_precision,
    best_first,
    bootstrap,
    precision_at,
    shares_below,
    weighted_mean,
    wilson,
)
from klaster.graph.findings.layer import Layer
from klaster.graph.findings.prediction import Ensemble
from klaster.ontology.faults import Fault

Values = NDArray[np.float64]
Whole = NDArray[np.int64]

EACH: Final = 10
"""Negatives a positive."""

DRAWS: Final = 1000
"""Bootstrap samples of source actors."""


@dataclass(frozen=True)
class Trial:
    """What was known, and the pairs (keys) that were linked later or hidden."""

    known: Layer
    truth: Whole

    @staticmethod
    def of(known: Layer, later: Layer) -> Trial:
        """Return the trial of the new pairs of ``later`` among things that ``known`` links."""
        fresh = later.pairs[~np.isin(later.pairs, known.pairs)]
        source, target = known.ends(fresh)
        return Trial(known, fresh[_both_known(known, source, target)])


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
    fine = ~np.isin(keys, trial.truth) & ~np.isin(keys, trial.known.pairs)
    if not trial.known.bipartite:
        fine &= source != target
    return keys[fine]


def _ordered(layer: Layer, source: Whole, target: Whole) -> Whole:
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
        found = np.concatenate([found, _free(trial, _ordered(trial.known, *some))])
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
    from scipy.sparse import block_array

    return csr_array(block_array([[None, layer.matrix], [layer.matrix.T, None]]))


def _block_keys(layer: Layer, block: Whole, step: csr_array) -> Whole:
    row = np.repeat(block, np.diff(step.indptr))
    column = step.indices.astype(np.int64)
    if layer.bipartite:
        product = column >= layer.shape[0]
        row, column = row[product], column[product] - layer.shape[0]
    apart = layer.bipartite | (row != column)
    return _different(_ordered(layer, row[apart], column[apart]))


def _different(keys: Whole) -> Whole:
    """Return the different keys, sorted (by sorting: many times faster than by hashing here)."""
    found = np.sort(keys)
    return found[np.diff(found, prepend=-1) > 0]


Scorer = Callable[[Values], Values]
"""From the values of the evidence of pairs (rows) to their scores."""


@dataclass(frozen=True)
class Ranked:
    """All candidates, best first, and where the later partners of each source stand."""

    found: NDArray[np.bool_]
    scores: Values
    missed: int
    sources: Whole
    ranks: Values


@dataclass
class _Kept:
    """What one method has said of the candidates so far."""

    scores: list[Values] = field(default_factory=list)
    ranks: list[Values] = field(default_factory=list)


def rank(
    trial: Trial, ensemble: Ensemble, methods: Mapping[str, Scorer], rng: np.random.Generator
) -> dict[str, Ranked]:
    """Rank the candidates, and each later partner among those of its source (filtered).

    A later partner that is no candidate stands in the middle of all that are none. Where links
    have no direction, both ends count as sources.
    """
    flags: list[NDArray[np.bool_]] = []
    sources: list[Whole] = []
    kept = {name: _Kept() for name in methods}
    for some in ensemble.scan():
        true = np.isin(_ordered(trial.known, some.sources, some.targets), trial.truth)
        once = trial.known.directed | (some.sources < some.targets)
        flags.append(true[once])
        runs = [(start, stop) for start, stop in _runs(some.sources) if true[start:stop].any()]
        sources += [
            np.full(int(true[start:stop].sum()), some.sources[start]) for start, stop in runs
        ]
        for name, scorer in methods.items():
            score = scorer(some.values)
            kept[name].scores.append(score[once])
            kept[name].ranks += [
                _filtered_ranks(score[start:stop], true[start:stop], rng) for start, stop in runs
            ]
    found = np.concatenate(flags) if flags else np.zeros(0, dtype=bool)
    return {name: _ranked(trial, found, sources, method, rng) for name, method in kept.items()}


def _ranked(
    trial: Trial,
    found: NDArray[np.bool_],
    sources: list[Whole],
    kept: _Kept,
    rng: np.random.Generator,
) -> Ranked:
    score = np.concatenate(kept.scores) if kept.scores else np.zeros(0)
    kept.scores = []
    order = best_first(score, rng)
    whose, place = _with_missed(trial, sources, kept.ranks)
    missed = int(len(trial.truth) - found.sum())
    return Ranked(found[order], score[order], missed, whose, place)


def _runs(sources: Whole) -> list[tuple[int, int]]:
    """Return where the rows of each source begin and end."""
    if not len(sources):
        return []
    cuts = np.flatnonzero(np.diff(sources)) + 1
    edges = [0, *cuts.tolist(), len(sources)]
    return list(pairwise(edges))


def _filtered_ranks(score: Values, true: NDArray[np.bool_], rng: np.random.Generator) -> Values:
    """Return the rank of each true partner among it and the others, equal scores at random."""
    others = np.sort(score[~true])
    above = len(others) - np.searchsorted(others, score[true], side="right")
    level = len(others) - np.searchsorted(others, score[true], side="left") - above
    return np.asarray(1 + above + rng.integers(level + 1), dtype=float)


def _with_missed(trial: Trial, sources: list[Whole], ranks: list[Values]) -> tuple[Whole, Values]:
    layer = trial.known
    source, target = layer.ends(trial.truth)
    ends = source if layer.directed else np.concatenate([source, target])
    whose = np.concatenate(sources) if sources else np.zeros(0, dtype=np.int64)
    place = np.concatenate(ranks) if ranks else np.zeros(0)
    short = np.bincount(ends, minlength=layer.shape[0]) - np.bincount(
        whose, minlength=layer.shape[0]
    )
    lost = np.repeat(np.arange(layer.shape[0]), short)
    middle = np.full(len(lost), layer.shape[1] / 2)
    return np.concatenate([whose, lost]), np.concatenate([place, middle])


@dataclass(frozen=True)
class Outcome:
    """How a method did in a trial: its measures, and the ranking that they come from."""

    row: dict[str, Any]
    ranked: Ranked


def measure(
    trial: Trial,
    ensemble: Ensemble,
    methods: Mapping[str, Scorer],
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> dict[str, Outcome]:
    """Measure methods in one trial on the same pairs, with 95 % intervals.

    The row of each has ``method, positives, prior, candidates, coverage, auc_random, auc_degree,
    auc_dist2, auc_dist3, ap, p50, p100, p_l, lift, hits10, hits50, mrr, intervals``. ``prior`` is
    the share of candidates that became links, ``coverage`` the share of positives among the
    candidates, ``p_l`` the precision in as many as there are positives, ``lift`` that over the
    prior. Intervals of areas, hits and mrr come from source actors drawn anew, those of a
    precision from its numbers (Wilson).
    """
    rng = np.random.default_rng(seed)
    negatives = draw_negatives(trial, rng)
    ends = trial.known.ends
    values = {name: ensemble.values(*ends(keys)) for name, keys in negatives.sets().items()}
    positive = ensemble.values(*ends(trial.truth))
    found = {}
    for name, ranked in rank(trial, ensemble, methods, rng).items():
        score = methods[name]
        true = score(positive)
        false = {kind: score(known) for kind, known in values.items()}
        row: dict[str, Any] = {"method": name} | _from_ranks(trial, ranked)
        row |= {f"auc_{kind}": area(true, some) for kind, some in false.items()}
        row["intervals"] = _intervals(trial, ranked, true, false, draws, rng)
        found[name] = Outcome({key: _or_none(row[key]) for key in COLUMNS}, ranked)
    return found


def _or_none(value: Any) -> Any:  # noqa: ANN401
    """Return None for a measure that there is nothing to take from."""
    return None if isinstance(value, float) and np.isnan(value) else value


COLUMNS: Final = (
    "method",
    "positives",
    "prior",
    "candidates",
    "coverage",
    "auc_random",
    "auc_degree",
    "auc_dist2",
    "auc_dist3",
    "ap",
    "p50",
    "p100",
    "p_l",
    "lift",
    "hits10",
    "hits50",
    "mrr",
    "intervals",
)


def _from_ranks(trial: Trial, ranked: Ranked) -> dict[str, Any]:
    positives = len(trial.truth)
    prior = float(ranked.found.mean()) if len(ranked.found) else float("nan")
    p_l = precision_at(ranked.found, positives)
    return {
        "positives": positives,
        "prior": prior,
        "candidates": len(ranked.found),
        "coverage": 1 - ranked.missed / positives,
        "ap": average_precision(ranked.found, ranked.missed),
        "p50": precision_at(ranked.found, 50),
        "p100": precision_at(ranked.found, 100),
        "p_l": p_l,
        "lift": p_l / prior if prior else float("nan"),
        "hits10": float((ranked.ranks <= 10).mean()),
        "hits50": float((ranked.ranks <= 50).mean()),
        "mrr": float((1 / ranked.ranks).mean()),
    }


def _intervals(
    trial: Trial,
    ranked: Ranked,
    true: Values,
    false: Mapping[str, Values],
    draws: int,
    rng: np.random.Generator,
) -> dict[str, tuple[float, float]]:
    source, _ = trial.known.ends(trial.truth)
    found = {
        f"auc_{kind}": bootstrap(source, weighted_mean(shares_below(true, some)), draws, rng)
        for kind, some in false.items()
        if len(some)
    }
    for name, values in (
        ("hits10", ranked.ranks <= 10),
        ("hits50", ranked.ranks <= 50),
        ("mrr", 1 / ranked.ranks),
    ):
        found[name] = bootstrap(ranked.sources, weighted_mean(values.astype(float)), draws, rng)
    for name, count in (("p50", 50), ("p100", 100)):
        found[name] = wilson(int(ranked.found[:count].sum()), count)
    return found


def methods_of(ensemble: Ensemble) -> dict[str, Scorer]:
    """Return the ensemble, and each of its evidence alone, as methods to compare."""
    found: dict[str, Scorer] = {"ensemble": ensemble.scores}
    return found | {
        name: partial(_single, column=column) for column, name in enumerate(ensemble.names)
    }


def _single(values: Values, column: int) -> Values:
    return np.asarray(values[:, column])


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


def backtest(
    layer: Layer,
    *,
    cut: dt.date | None = None,
    truth: pl.DataFrame | None = None,
    all_methods: bool = False,
    seed: int = 0,
    draws: int = DRAWS,
) -> list[dict[str, Any]]:
    """Measure how well a layer's links are foretold: a row a method (``COLUMNS``).

    Parameters
    ----------
    cut
        What was recorded before this day is known, what came later is to be foretold.
    truth
        The links that came later, if the layer does not hold them: IRIs in two columns. Without
        either, the latest tenth of the dated links is hidden, or a tenth at random.
    all_methods
        Also measure each evidence alone, and the trained stack where there is enough to train.

    Raises
    ------
    Fault
        If there is nothing to foretell or nothing to foretell it from.
    """
    from klaster.graph.findings.stack import train

    trial = _trial(layer, cut, truth, seed)
    if not len(trial.known.pairs) or not len(trial.truth):
        raise Fault("fault.nothing-to-foretell", layer=layer.name)
    ensemble = Ensemble(trial.known)
    methods: dict[str, Scorer] = {"ensemble": ensemble.scores}
    if all_methods:
        methods = methods_of(ensemble)
        stack = train(trial.known, seed=seed)
        if stack is not None:
            methods["stack"] = stack.scorer(ensemble)
    found = measure(trial, ensemble, methods, seed=seed, draws=draws)
    return [outcome.row for outcome in found.values()]


def _trial(layer: Layer, cut: dt.date | None, truth: pl.DataFrame | None, seed: int) -> Trial:
    if truth is not None:
        return truth_of(layer if cut is None else layer.before(cut), truth)
    if cut is not None:
        return Trial.of(layer.before(cut), layer.since(cut))
    return held_out(layer, 0.1, seed)
