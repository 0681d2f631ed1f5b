"""How good predictions are: the links of later days, or hidden ones, against what was known.

That no link is recorded does not mean there is none, so every precision is a lower bound.
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
from klaster.graph.findings.trials import (
    Trial,
    draw_degree_matched,
    draw_negatives,
    held_out,
    ordered,
    truth_of,
)
from klaster.ontology.faults import Fault

Values = NDArray[np.float64]
Whole = NDArray[np.int64]
DRAWS: Final = 1000
"""Bootstrap samples of source actors."""


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
    have no direction, both ends count as sources. Only sources of the trial's panel are ranked.
    """
    flags: list[NDArray[np.bool_]] = []
    sources: list[Whole] = []
    kept = {name: _Kept() for name in methods}
    panel = trial.panel
    for some in ensemble.scan(panel if panel is None else panel[trial.known.known[0][panel]]):
        true = np.isin(ordered(trial.known, some.sources, some.targets), trial.truth)
        once = trial.known.directed | (some.sources < some.targets) | ~trial.ranked(some.targets)
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
    ends = ends[trial.ranked(ends)]
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
    all_kinds: bool = True,
) -> dict[str, Outcome]:
    """Measure methods in one trial on the same pairs, with 95 % intervals.

    Negatives are drawn all four ways, or else by degree alone, and the other areas are None.

    The row of each has ``method, positives, sources, prior, candidates, coverage, auc_random,
    auc_degree, auc_dist2, auc_dist3, ap, p50, p100, p_l, lift, hits10, hits50, mrr, intervals``.
    ``sources`` is of how many sources the candidates are ranked, ``prior`` the share of candidates
    that became links, ``coverage`` the share of positives among the candidates, ``p_l`` the
    precision in as many as there are positives, ``lift`` that over the prior. Intervals of areas, hits and mrr come from source actors drawn anew, those of a
    precision from its numbers (Wilson).
    """
    rng = np.random.default_rng(seed)
    if all_kinds:
        negatives = draw_negatives(trial, rng).sets()
    else:
        negatives = {"degree": draw_degree_matched(trial, rng)}
    ends = trial.known.ends
    values = {name: ensemble.values(*ends(keys)) for name, keys in negatives.items()}
    positive = ensemble.values(*ends(trial.truth))
    found = {}
    for name, ranked in rank(trial, ensemble, methods, rng).items():
        score = methods[name]
        true = score(positive)
        false = {kind: score(known) for kind, known in values.items()}
        row: dict[str, Any] = {"method": name} | _from_ranks(trial, ranked)
        row |= {f"auc_{kind}": area(true, some) for kind, some in false.items()}
        row["intervals"] = _intervals(trial, ranked, true, false, draws, rng)
        found[name] = Outcome({key: _or_none(row.get(key)) for key in COLUMNS}, ranked)
    return found


def _or_none(value: Any) -> Any:  # noqa: ANN401
    """Return None for a measure that there is nothing to take from."""
    return None if isinstance(value, float) and np.isnan(value) else value


COLUMNS: Final = (
    "method",
    "positives",
    "sources",
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
        "sources": len(trial.sources),
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

    In a layer of very many sources the partners of some drawn at random are foretold.

    Raises
    ------
    Fault
        If there is nothing to foretell or nothing to foretell it from.
    """
    from klaster.graph.findings.stack import train
    from klaster.graph.findings.tuning import tuned

    trial = _trial(layer, cut, truth, seed).drawn(seed)
    if not len(trial.known.pairs) or not len(trial.truth):
        raise Fault("fault.nothing-to-foretell", layer=layer.name)
    ensemble = tuned(trial.known)
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
