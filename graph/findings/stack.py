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
from scipy.optimize import minimize

from klaster.graph.findings.layer import Layer
from klaster.graph.findings.prediction import Ensemble
from klaster.graph.findings.trials import draw_negatives, held_out

Values = NDArray[np.float64]

ENOUGH: Final = 500
"""So many links are needed to train on."""

_SHARE: Final = 0.2
_PENALTY: Final = 1e-3


@dataclass(frozen=True)
class Stack:
    """The weight of each evidence's surprise, by name, and how many links they come from."""

    names: tuple[str, ...]
    weights: Values
    trained_on: int

    def parts(self, ensemble: Ensemble, values: Values) -> Values:
        """Return what each evidence adds to the scores of pairs; below 0 it speaks against."""
        return ensemble.surprises(values) * self.weights

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
    trial = held_out(layer, _SHARE, seed)
    if len(trial.truth) < ENOUGH:
        return None
    ensemble = Ensemble(trial.known)
    negatives = draw_negatives(trial, np.random.default_rng(seed), each=2)
    keys = [trial.truth, *negatives.sets().values()]
    rows = np.concatenate(
        [ensemble.surprises(ensemble.values(*trial.known.ends(some))) for some in keys]
    )
    truths = np.zeros(len(rows))
    truths[: len(trial.truth)] = 1.0
    return Stack(ensemble.names, _logistic(rows, truths), len(trial.truth))


def scorer_of(ensemble: Ensemble, model: str) -> Callable[[Values], Values]:
    """Return the scorer of a model, ``ensemble`` or ``stack``, on the ensemble's own layer.

    Where there is too little to train a stack on, the ensemble itself scores.
    """
    stack = train(ensemble.layer) if model == "stack" else None
    return ensemble.scores if stack is None else stack.scorer(ensemble)


def _logistic(rows: Values, truths: Values) -> Values:
    """Return the weights of a logistic regression with a small quadratic penalty."""
    spread = rows.std(axis=0)
    spread[spread == 0] = 1.0
    scaled = np.column_stack([rows / spread, np.ones(len(rows))])

    def loss(weights: Values) -> tuple[float, Values]:
        slope = weights.copy()
        slope[-1] = 0.0
        said = scaled @ weights
        chance = 1 / (1 + np.exp(-said))
        value = float((np.logaddexp(0, said) - truths * said).mean() + _PENALTY * slope @ slope)
        return value, scaled.T @ (chance - truths) / len(truths) + 2 * _PENALTY * slope

    found = minimize(loss, np.zeros(scaled.shape[1]), jac=True, method="L-BFGS-B").x
    return np.asarray(found[:-1] / spread, dtype=float)
