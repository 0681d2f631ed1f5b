"""The weights of an ensemble, fitted to a graph on links of its own that are hidden for it.

How much an evidence tells differs from graph to graph. Where links are undated, some hidden at
random stand for those that are not recorded, so the weights are fitted to find them; where the
latest links would have to stand for the next, that proved no help, and the weights of
``BY_LAYER`` stay. What is to be foretold has no part in it, so a trial is still a fair one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from klaster.graph.findings.evidence import BY_LAYER, Evidence
from klaster.graph.findings.layer import Layer
from klaster.graph.findings.prediction import Ensemble
from klaster.graph.findings.stack import ENOUGH, logistic
from klaster.graph.findings.trials import Trial, split

Values = NDArray[np.float64]
Weights = Mapping[Callable[[Layer], Evidence], float]

TUNED: Final = ("actor-product",)
"""The layers whose links no date orders."""

LEAST: Final = 0.05
"""No evidence weighs less than this part of the heaviest, so that each can be told."""

_SHARE: Final = 0.2
_SOURCES: Final = 2_000
_OTHERS: Final = 20
"""Pairs that are no hidden link, for each that is: more of them change little."""


def tuned(layer: Layer, *, seed: int = 0) -> Ensemble:
    """Return the ensemble of a layer with the weights that suit the layer best."""
    return Ensemble(layer, weights_for(layer, seed=seed))


def weights_for(layer: Layer, *, seed: int = 0) -> Weights:
    """Return the weight of each evidence, the heaviest 1 where they are fitted to the layer.

    A fifth of the links is hidden and looked for among all candidates by a logistic regression
    on what each evidence says, no weight below nought. With fewer than ``ENOUGH`` hidden links,
    or in a layer not of ``TUNED``, the weights are those of ``BY_LAYER``.
    """
    usual = BY_LAYER[layer.name]
    if layer.name not in TUNED:
        return usual
    trial = split(layer, _SHARE, seed)
    if len(trial.truth) < ENOUGH:
        return usual
    rows, truths = _sample(trial, np.random.default_rng(seed))
    if truths.sum() < ENOUGH:
        return usual
    found = logistic(rows, truths, least=0.0)
    if not found.any():
        return usual
    shares = np.maximum(found / found.max(), LEAST)
    return dict(zip(usual, shares.tolist(), strict=True))


def _sample(trial: Trial, rng: np.random.Generator) -> tuple[Values, Values]:
    """Return what each evidence says of candidates, and which of these are the hidden links."""
    ensemble = Ensemble(trial.known)
    active = np.flatnonzero(trial.known.known[0])
    picked = np.sort(rng.permutation(active)[:_SOURCES])
    rows, truths = [], []
    for some in ensemble.scan(picked):
        true = np.isin(trial.known.keys(some.sources, some.targets), trial.truth)
        others = rng.permutation(np.flatnonzero(~true))[: _OTHERS * int(true.sum())]
        kept = np.sort(np.concatenate([np.flatnonzero(true), others]))
        rows.append(ensemble.standings(some.values[kept]))
        truths.append(true[kept])
    if not rows:
        return np.zeros((0, len(ensemble.names))), np.zeros(0)
    return np.concatenate(rows), np.concatenate(truths).astype(float)
