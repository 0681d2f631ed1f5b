"""Suggested links as rows of a table: the likeliest pairs, each with its evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from klaster.graph.findings.candidates import Candidates
from klaster.graph.findings.explanation import Explainer, Words
from klaster.graph.findings.layer import Layer
from klaster.graph.findings.prediction import Ensemble
from klaster.graph.findings.sentences import reason
from klaster.graph.findings.stack import Stack
from klaster.graph.findings.tuning import tuned
from klaster.ontology.labels import LANGUAGES

Values = NDArray[np.float64]
Whole = NDArray[np.int64]
Scorer = Callable[[Values], Values]


@dataclass(frozen=True)
class Suggestion:
    """A pair that is likely linked though no link is recorded.

    ``score`` orders suggestions of one run and is no chance; ``probability`` is the chance that
    such a pair is recorded, if the self-audit has calibrated it. ``parts`` are what each
    evidence adds to the score (less than 0 in a stack, where it speaks against), ``evidence`` the IRIs on which they rest.
    """

    layer: str
    source: str
    target: str
    source_label: Words
    target_label: Words
    score: float
    parts: Mapping[str, float]
    evidence: tuple[str, ...]
    text: Words
    against: Words
    probability: float | None = None

    def row(self, language: str) -> dict[str, object]:
        """Return the suggestion as a row of a table or an object of JSON."""
        found: dict[str, object] = {
            "layer": self.layer,
            "source": self.source,
            "target": self.target,
            "source_label": self.source_label[language],
            "target_label": self.target_label[language],
            "score": self.score,
            "numbers": dict(self.parts),
            "evidence": list(self.evidence),
            "text": f"{self.text[language]} {self.against[language]}",
        }
        if self.probability is not None:
            found["probability"] = self.probability
        return found


def best_pairs(
    ensemble: Ensemble,
    count: int,
    *,
    scorer: Scorer | None = None,
    among: Iterable[str] | None = None,
    share: Callable[[float], None] = lambda _: None,
) -> tuple[Candidates, Values]:
    """Return the ``count`` pairs of the highest score, best first, and their scores.

    Parameters
    ----------
    among
        IRIs: only pairs with an end among them are kept.
    share
        Is told how much of the pairs is gone through, where all are.
    """
    layer = ensemble.layer
    score_of = ensemble.scores if scorer is None else scorer
    best: tuple[Candidates, Values] | None = None
    scanned = ensemble.scan() if among is None else ensemble.around(*_places(layer, set(among)))
    for some in scanned:
        once = some
        if among is None and not layer.directed:
            once = some.part(np.flatnonzero(some.sources < some.targets))
        best = _first(once, score_of(once.values), best, count)
        if among is None and len(some.sources):
            share((some.sources[-1] + 1) / layer.shape[0])
    if best is None:
        nothing = np.zeros(0, dtype=np.int64)
        return Candidates(nothing, nothing, np.zeros((0, len(ensemble.evidence)))), np.zeros(0)
    return best


def _places(layer: Layer, iris: set[str]) -> tuple[Whole, Whole]:
    """Return which sources and which targets are among some IRIs."""
    return (
        np.flatnonzero(layer.sources["iri"].is_in(sorted(iris)).to_numpy()),
        np.flatnonzero(layer.targets["iri"].is_in(sorted(iris)).to_numpy()),
    )


def _first(
    some: Candidates, scores: Values, before: tuple[Candidates, Values] | None, count: int
) -> tuple[Candidates, Values]:
    """Return the first ``count`` of two lists, equal scores by position."""
    if before is not None:
        held, old = before
        if 0 < count == len(old):
            # Of a nation's millions few come near to the best so far.
            near = np.flatnonzero(scores >= old[-1])
            some, scores = some.part(near), scores[near]
        some = Candidates(
            np.concatenate([held.sources, some.sources]),
            np.concatenate([held.targets, some.targets]),
            np.concatenate([held.values, some.values]),
        )
        scores = np.concatenate([old, scores])
    order = np.lexsort((some.targets, some.sources, -scores))[:count]
    return some.part(order), scores[order]


def short_lists(ensemble: Ensemble, count: int = 10) -> pl.DataFrame:
    """Return the best ``count`` partners of every source (``source``, ``target``, ``score``)."""
    names = ensemble.layer.sources["iri"], ensemble.layer.targets["iri"]
    found = []
    for some in ensemble.scan():
        scores = ensemble.scores(some.values)
        order = np.lexsort((some.targets, -scores, some.sources))
        sources = some.sources[order]
        first = np.searchsorted(sources, sources)
        order = order[np.arange(len(order)) - first < count]
        found.append(
            pl.DataFrame(
                {
                    "source": names[0].gather(some.sources[order]),
                    "target": names[1].gather(some.targets[order]),
                    "score": scores[order],
                }
            )
        )
    empty = pl.DataFrame(schema={"source": pl.String, "target": pl.String, "score": pl.Float64})
    return pl.concat(found) if found else empty


def suggest(
    layer: Layer,
    count: int = 20,
    *,
    name: Callable[[str], Words] | None = None,
    coverage: str = "unknown",
    among: Iterable[str] | None = None,
    ensemble: Ensemble | None = None,
    stack: Stack | None = None,
    calibration: Callable[[Values], Values] | None = None,
    share: Callable[[float], None] = lambda _: None,
) -> list[Suggestion]:
    """Return the likeliest links that are not recorded, each with its evidence.

    Parameters
    ----------
    name
        Gives the words for an IRI in every language; by default its label.
    coverage
        How complete the data are said to be.
    among
        IRIs: only pairs with an end among them, as the members of a cluster.
    stack
        Weights learnt from the layer's past, in place of the ensemble's.
    calibration
        From scores to probabilities, where a hold-out has calibrated them.
    share
        Is told how much of the pairs is gone through.
    """
    chosen = tuned(layer) if ensemble is None else ensemble
    explainer = Explainer(layer, name, coverage)
    scorer = None if stack is None else stack.scorer(chosen)
    some, scores = best_pairs(chosen, count, scorer=scorer, among=among, share=share)
    weigh = chosen.surprises if stack is None else partial(stack.parts, chosen)
    parts = weigh(some.values)
    chances = None if calibration is None else calibration(scores)
    return [
        _told(chosen, explainer, some, row, scores, parts, chances) for row in range(len(scores))
    ]


def _told(
    ensemble: Ensemble,
    explainer: Explainer,
    some: Candidates,
    row: int,
    scores: Values,
    parts: Values,
    chances: Values | None,
) -> Suggestion:
    source, target = int(some.sources[row]), int(some.targets[row])
    layer = ensemble.layer
    order = np.argsort(-parts[row], kind="stable")
    adding = {ensemble.names[at]: float(parts[row][at]) for at in order if parts[row][at]}
    names = [name for name, part in adding.items() if part > 0]
    reasons = [reason(explainer, name, source, target) for name in names]
    texts = list(
        dict.fromkeys(tuple(reason.text[code] for code in LANGUAGES) for reason in reasons)
    )
    return Suggestion(
        layer=layer.name,
        source=layer.sources["iri"][source],
        target=layer.targets["iri"][target],
        source_label=explainer.source_words(source),
        target_label=explainer.target_words(target),
        score=float(scores[row]),
        parts=adding,
        evidence=tuple(dict.fromkeys(iri for said in reasons for iri in said.rests_on)),
        text={
            code: " ".join(text[place] for text in texts) for place, code in enumerate(LANGUAGES)
        },
        against=explainer.against(source, target, len(names)),
        probability=None if chances is None else float(chances[row]),
    )
