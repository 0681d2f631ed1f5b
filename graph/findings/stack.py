"""The trained alternative to the ensemble: how much each evidence counts, learnt from the past.

A logistic regression on what each evidence adds to the ensemble's score, trained on an earlier
part of the same layer, so that each feature's part in a score can be told. It never sees what it
is tested on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from klaster.graph.findings.layer import Layer
from klaster.graph.findings.prediction import Ensemble
from klaster.graph.findings.trials import draw_negatives, held_out

Values = NDArray[np.float64]

ENOUGH: Final = 500
"""So many links are needed to train on."""

_SHARE: Final = 0.2
_PENALTY: Final = 1e-3
_ROUNDING: Final = 1e-9


@dataclass(frozen=True)
class Stack:
    """The weight of what each evidence says, by name, and how many links they come from."""

    names: tuple[str, ...]
    weights: Values
    trained_on: int

    def parts(self, ensemble: Ensemble, values: Values) -> Values:
        """Return what each evidence adds to the scores of pairs; below 0 it speaks against."""
        return ensemble.standings(values) * self.weights

    def scorer(self, ensemble: Ensemble) -> Callable[[Values], Values]:
        """Return the scorer of pairs from the values of the ensemble's evidence."""

        def score(values: Values) -> Values:
            total = self.parts(ensemble, values).sum(axis=1) + ensemble.last(values)
            return np.asarray(total, dtype=float)

        return score


def train(layer: Layer, *, seed: int = 0) -> Stack | None:
    """Train on the latest fifth of a layer's dated links, or on a fifth hidden at random.

    Negatives are those of the protocol, all four kinds. None where there are too few links.
    """
    trial = held_out(layer, _SHARE, seed).drawn(seed)
    if len(trial.truth) < ENOUGH:
        return None
    ensemble = Ensemble(trial.known)
    negatives = draw_negatives(trial, np.random.default_rng(seed), each=2)
    keys = [trial.truth, *negatives.sets().values()]
    rows = np.concatenate(
        [ensemble.standings(ensemble.values(*trial.known.ends(some))) for some in keys]
    )
    truths = np.zeros(len(rows))
    truths[: len(trial.truth)] = 1.0
    return Stack(ensemble.names, logistic(rows, truths), len(trial.truth))


def scorer_of(ensemble: Ensemble, model: str) -> tuple[Callable[[Values], Values], str]:
    """Return the scorer of a model on the ensemble's own layer, and which model it is.

    Where there is too little to train a ``stack`` on, the ``ensemble`` itself scores.
    """
    stack = train(ensemble.layer) if model == "stack" else None
    return (ensemble.scores, "ensemble") if stack is None else (stack.scorer(ensemble), "stack")


def logistic(rows: Values, truths: Values, *, least: float | None = None) -> Values:
    """Return the weights of a logistic regression with a small quadratic penalty.

    ``least`` is what no weight may fall below.

    Examples
    --------
    >>> rows = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 0.0], [3.0, 0.0]])
    >>> weights = logistic(rows, np.array([0.0, 0.0, 1.0, 1.0]), least=0.0)
    >>> bool(weights[0] > 0), float(weights[1])
    (True, 0.0)
    """
    # Seldom needed, and slow to import.
    from scipy.optimize import minimize
    from scipy.special import expit

    spread = rows.std(axis=0)
    # What says the same of every pair, but for rounding, tells nothing and weighs nothing.
    flat = spread <= _ROUNDING * np.abs(rows).max(axis=0, initial=0.0)
    spread[flat] = 1.0
    scaled = np.column_stack([np.where(flat, 0.0, rows / spread), np.ones(len(rows))])

    def loss(weights: Values) -> tuple[float, Values]:
        slope = weights.copy()
        slope[-1] = 0.0
        said = scaled @ weights
        chance = expit(said)
        value = float((np.logaddexp(0, said) - truths * said).mean() + _PENALTY * slope @ slope)
        return value, scaled.T @ (chance - truths) / len(truths) + 2 * _PENALTY * slope

    bounds = [(least, None)] * rows.shape[1] + [(None, None)]
    start = np.zeros(scaled.shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return np.asarray(found[:-1] / spread, dtype=float)
