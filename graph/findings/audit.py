"""The self-audit: how well the predictions would have found the user's own links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from klaster.graph.findings.accuracy import (
    Calibration,
    area,
    calibrate,
    calibration_error,
    mean_interval,
)
from klaster.graph.findings.backtest import Outcome, Ranked, Scorer, measure
from klaster.graph.findings.evidence import LARGE
from klaster.graph.findings.explanation import Words
from klaster.graph.findings.layer import Layer
from klaster.graph.findings.prediction import Ensemble
from klaster.graph.findings.stack import ENOUGH, scorer_of
from klaster.graph.findings.trials import Trial, draw_degree_matched, last_part, split
from klaster.graph.findings.tuning import tuned
from klaster.ontology.labels import LANGUAGES, phrase_words

Values = NDArray[np.float64]

LEAST_AREA: Final = 0.60
"""The lower bound of the degree-matched area from which on predictions are shown."""

LEAST_DEGREE: Final = 2.0
"""The mean number of partners from which on predictions are shown."""

HIDDEN: Final = 0.1
SEEDS: Final = 10
MOST: Final = 5_000
"""More links than this need not be hidden to tell, where the partners of all are foretold."""

LARGE_SEEDS: Final = 3
"""How many times links are hidden in a large layer, where each time takes minutes."""

FEWEST: Final = 30
"""Fewer hidden links than this tell nothing."""
_SMALL: Final = 1_000
"""Of fewer links than this it is asked first whether enough of them would be hidden."""

_MEASURES: Final = ("auc_degree", "hits10", "p50")


@dataclass(frozen=True)
class Audit:
    """What the audit found, and whether predictions may be shown.

    ``measures`` has the mean of each measure and its 95 % interval: over seeds where links were
    hidden at random, over source actors drawn anew where the latest were. ``calibration`` turns
    scores into the share of such pairs that were hidden links, and ``calibration_error`` is its
    error on pairs that it was not fitted to. ``model`` is the one that was audited: the ensemble
    where a stack was ``asked`` for and there are too few links to train it on. Where links were
    hidden at random, ``share`` of them was, ``times`` over. ``sampled`` is of how many things drawn
    at random the partners were foretold, None where of all.
    """

    layer: str
    split: str
    positives: int
    mean_degree: float
    measures: dict[str, tuple[float, float, float]]
    calibration: Calibration | None
    calibration_error: float
    model: str = "ensemble"
    asked: str = "ensemble"
    share: float = 0.0
    times: int = 1
    sampled: int | None = None

    @property
    def predictable(self) -> bool:
        """Whether predictions on this layer may be shown."""
        low = self.measures["auc_degree"][1]
        return self.mean_degree >= LEAST_DEGREE and low >= LEAST_AREA

    @property
    def text(self) -> Words:
        """What the audit found in a sentence, or why there are no predictions."""
        said = [self._found]
        if self.sampled is not None:
            said.append(phrase_words("prediction.sampled", count=self.sampled))
        if self.model != self.asked:
            said.append(phrase_words("prediction.no-stack", needed=ENOUGH))
        return {code: " ".join(words[code] for words in said) for code in LANGUAGES}

    @property
    def _found(self) -> Words:
        area, low, high = (_shown(value) for value in self.measures["auc_degree"])
        if not self.predictable:
            return phrase_words(
                "prediction.not-shown",
                degree=f"{self.mean_degree:.1f}",
                area=area,
                low=low,
                needed_degree=LEAST_DEGREE,
                needed_area=LEAST_AREA,
            )
        return phrase_words(
            "prediction.audited",
            split=phrase_words(_SPLITS[self.split], share=f"{self.share:.0%}", times=self.times),
            positives=self.positives,
            area=area,
            low=low,
            high=high,
            hits10=_between(self.measures["hits10"]),
            p50=_between(self.measures["p50"]),
        )

    def row(self, language: str) -> dict[str, object]:
        """Return the audit as an object of JSON."""
        found: dict[str, object] = {
            "layer": self.layer,
            "model": self.model,
            "split": self.split,
            "positives": self.positives,
            "sampled": self.sampled,
            "mean_degree": self.mean_degree,
            "predictable": self.predictable,
        }
        for name, (mean, low, high) in self.measures.items():
            found |= {name: mean, f"{name}_low": low, f"{name}_high": high}
        found["calibration_error"] = self.calibration_error
        found = {
            key: None if isinstance(value, float) and np.isnan(value) else value
            for key, value in found.items()
        }
        found["text"] = self.text[language]
        return found


_SPLITS: Final = {"time": "prediction.split.time", "random": "prediction.split.random"}


def _between(measured: tuple[float, float, float]) -> str:
    """Return a measure with its interval, which ends at 0 and 1."""
    mean, low, high = measured
    return f"{_shown(mean)} [{_shown(max(low, 0.0))}; {_shown(min(high, 1.0))}]"


def _shown(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"


def audit(layer: Layer, *, seeds: int = SEEDS, model: str = "ensemble") -> Audit:
    """Hide a tenth of a layer's links, rank them among the candidates, and say how well it went.

    The latest tenth of the projects where dates allow, with negatives drawn ``seeds`` times;
    otherwise a tenth at random, ``seeds`` times. Whole projects are hidden, not pairs. ``model`` is
    ``ensemble`` or ``stack``, which is then trained on what is not hidden.
    """
    cut = last_part(layer, HIDDEN)
    trial = None if cut is None else Trial.of(layer.before(cut), layer.since(cut)).drawn()
    if trial is not None and len(trial.truth) >= FEWEST:
        return _of_latest(layer, trial, seeds, model)
    return _of_random(layer, seeds, model)


def _of_latest(layer: Layer, trial: Trial, seeds: int, model: str) -> Audit:
    ensemble = tuned(trial.known)
    scorer, used = scorer_of(ensemble, model)
    outcome = measure(trial, ensemble, {used: scorer}, draws=1000, all_kinds=False)[used]
    measures: dict[str, tuple[float, float, float]] = {}
    intervals = outcome.row["intervals"]
    for name in _MEASURES:
        mean = outcome.row[name]
        measures[name] = (mean, *intervals[name])
    areas = [_area(trial, ensemble, scorer, seed) for seed in range(seeds)]
    _, low, high = measures["auc_degree"]
    measures["auc_degree"] = (float(np.mean(areas)), low, high)
    found = _found(layer, "time", len(trial.truth), measures, [outcome])
    return replace(found, model=used, asked=model, sampled=trial.sampled)


def _area(trial: Trial, ensemble: Ensemble, scorer: Scorer, seed: int) -> float:
    keys = draw_degree_matched(trial, np.random.default_rng(seed))
    ends = trial.known.ends
    scores = [scorer(ensemble.values(*ends(some))) for some in (trial.truth, keys)]
    return area(*scores)


def _of_random(layer: Layer, seeds: int, model: str) -> Audit:
    large = layer.shape[0] >= LARGE
    share = HIDDEN if large else min(HIDDEN, MOST / max(1, len(layer.pairs)))
    times = min(seeds, LARGE_SEEDS) if large else seeds
    nothing = dict.fromkeys(_MEASURES, (float("nan"),) * 3)
    trials: Iterable[tuple[int, Trial]] = _trials(layer, share, times)
    if len(layer.pairs) < _SMALL:
        # Of a few links too few may be hidden: counting them first spares all the rest.
        trials = list(trials)
        hidden = sum(len(trial.truth) for _, trial in trials)
        if hidden < FEWEST:
            found = _found(layer, "random", hidden, nothing, [])
            return replace(found, model="ensemble", asked=model, share=share, times=len(trials))
    outcomes: list[Outcome] = []
    hidden = 0
    sampled = None
    for seed, trial in trials:
        ensemble = tuned(trial.known)
        scorer, used = scorer_of(ensemble, model)
        told = measure(trial, ensemble, {used: scorer}, seed=seed, draws=0, all_kinds=False)
        outcomes.append(told[used])
        hidden += len(trial.truth)
        sampled = trial.sampled
    measures = {}
    for name in _MEASURES:
        drawn = np.array([outcome.row[name] for outcome in outcomes], dtype=float)
        mean = float(drawn.mean()) if len(drawn) else float("nan")
        measures[name] = (mean, *mean_interval(drawn))
    enough = hidden >= FEWEST
    methods = {outcome.row["method"] for outcome in outcomes}
    used = model if methods == {model} else "ensemble"
    found = _found(
        layer,
        "random",
        hidden,
        measures if enough else nothing,
        outcomes if enough else [],
    )
    return replace(
        found, model=used, asked=model, share=share, times=len(outcomes), sampled=sampled
    )


def _trials(layer: Layer, share: float, times: int) -> Iterator[tuple[int, Trial]]:
    """Yield trials in which a share of the links is hidden at random, with the seed of each."""
    for seed in range(times):
        trial = split(layer, share, seed).drawn(seed)
        if len(trial.truth) and len(trial.known.pairs):
            yield seed, trial


def _found(
    layer: Layer,
    split_by: str,
    positives: int,
    measures: dict[str, tuple[float, float, float]],
    outcomes: list[Outcome],
) -> Audit:
    fitted, error = _calibrated([outcome.ranked for outcome in outcomes])
    return Audit(layer.name, split_by, positives, layer.mean_degree, measures, fitted, error)


def _calibrated(ranked: list[Ranked]) -> tuple[Calibration | None, float]:
    """Fit on every second stretch of the ranking, test on the others; then fit on all."""
    if sum(int(some.found.sum()) for some in ranked) < FEWEST:
        return None, float("nan")
    halves = [
        [_stretches(some.scores[half::2], some.found[half::2]) for some in ranked]
        for half in (0, 1)
    ]
    joined = [tuple(np.concatenate(part) for part in zip(*half, strict=True)) for half in halves]
    fitted = calibrate(*joined[0])
    scores, shares, weights = joined[1]
    error = calibration_error(fitted(scores), shares, weights)
    both = tuple(np.concatenate(part) for part in zip(*joined, strict=True))
    return calibrate(*both), error


def _stretches(scores: Values, found: NDArray[np.bool_]) -> tuple[Values, Values, Values]:
    """Return mean score, share of links and length of stretches of a ranking, short at its top."""
    ends = np.round(np.geomspace(1, len(scores), 400)).astype(np.int64)
    starts = np.unique(np.concatenate([[0], ends[ends < len(scores)]]))
    lengths = np.diff(np.append(starts, len(scores))).astype(float)
    score = np.add.reduceat(scores.astype(float), starts) / lengths
    share = np.add.reduceat(found.astype(float), starts) / lengths
    return score, share, lengths
