"""Weights that a graph's own hidden links decide, and what they gain on public data."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from klaster.graph.findings.accuracy import average_precision, best_first
from klaster.graph.findings.audit import audit
from klaster.graph.findings.evidence import BY_LAYER
from klaster.graph.findings.layer import Layer
from klaster.graph.findings.prediction import Ensemble
from klaster.graph.findings.stack import logistic
from klaster.graph.findings.suggestion import suggest
from klaster.graph.findings.trials import Trial, split
from klaster.graph.findings.tuning import LEAST, tuned, weights_for

DATA = Path(__file__).parents[2] / "shared" / "data"


def makers(seed, *, told=True, actors=200, classes=12, size=10):
    """Actors who make most of the products of three classes each, and a few others.

    The classes are told as they are, or drawn by lot and so tell nothing.
    """
    rng = np.random.default_rng(seed)
    of = np.arange(classes * size) // size
    chosen = np.array([rng.choice(classes, 3, replace=False) for _ in range(actors)])
    chance = np.where((chosen[:, :, None] == of).any(axis=1), 0.6, 0.02)
    source, target = np.nonzero(rng.random(chance.shape) < chance)
    parent = [f"c{at:02}" for at in (of if told else rng.permutation(of))]
    products = pl.DataFrame({"iri": [f"p{at:03}" for at in range(len(of))], "parent": parent})
    people = pl.DataFrame({"iri": [f"a{at:03}" for at in range(actors)]})
    records = pl.DataFrame({"source": source, "target": target})
    return Layer.of("actor-product", people, products, records)


def named(layer) -> dict[str, float]:
    return {make.__name__: weight for make, weight in weights_for(layer).items()}


def precision(trial: Trial, ensemble: Ensemble, scorers) -> list[float]:
    """The average precision of several scorers over the same candidates."""
    values, true = [], []
    for some in ensemble.scan():
        values.append(some.values)
        true.append(np.isin(trial.known.keys(some.sources, some.targets), trial.truth))
    rows, found = np.concatenate(values), np.concatenate(true)
    missed = len(trial.truth) - int(found.sum())
    orders = [best_first(scorer(rows), np.random.default_rng(0)) for scorer in scorers]
    return [average_precision(found[order], missed) for order in orders]


def test_an_evidence_that_tells_nothing_in_a_graph_weighs_next_to_nothing_there() -> None:
    telling, by_lot = named(makers(0)), named(makers(0, told=False))
    assert telling["taxonomy"] > 0.2
    assert by_lot["taxonomy"] == LEAST
    for weights in (telling, by_lot):
        assert max(weights.values()) == 1
        assert min(weights.values()) >= LEAST
    assert by_lot == named(makers(0, told=False))


def test_tuned_weights_find_more_than_the_usual_ones_where_these_do_not_fit() -> None:
    trial = split(makers(1, told=False), 0.2, 1)
    usual, fitted = Ensemble(trial.known), tuned(trial.known)
    before, after = precision(trial, usual, [usual.scores, fitted.scores])
    assert after > before + 0.02


def test_what_is_to_be_foretold_has_no_part_in_the_weights() -> None:
    layer = makers(2)
    trial = split(layer, 0.2, 2)
    alone = layer.only(pl.Series(np.isin(layer.pairs, trial.known.pairs)))
    assert weights_for(trial.known) == weights_for(alone)
    assert weights_for(trial.known) != weights_for(layer)


def test_few_links_or_dated_ones_leave_the_usual_weights() -> None:
    assert weights_for(makers(3, actors=30)) == BY_LAYER["actor-product"]
    people = pl.DataFrame({"iri": ["a", "b", "c"]})
    links = pl.DataFrame({"source": [0, 1], "target": [1, 2]})
    for name in ("supply", "cooperation"):
        assert weights_for(Layer.of(name, people, None, links)) == BY_LAYER[name]


def test_what_says_the_same_of_every_pair_weighs_nothing() -> None:
    rng = np.random.default_rng(0)
    truths = (rng.random(1000) < 0.3).astype(float)
    told = truths + rng.normal(size=1000)
    same = 0.7 + 1e-15 * rng.random(1000)
    weights = logistic(np.column_stack([told, same]), truths)
    assert weights[0] > 0.5
    assert weights[1] == 0


def test_a_tuned_suggestion_still_tells_all_that_scored_it() -> None:
    for found in suggest(makers(4), 20):
        assert found.score == pytest.approx(sum(found.parts.values()))
        assert found.parts
        assert all(part > 0 for part in found.parts.values())
        assert found.text["uz"]


def test_an_audit_says_which_model_it_looked_at() -> None:
    few = audit(makers(5, actors=30), seeds=2, model="stack")
    assert few.model == "ensemble"
    assert "usual weights stand in" in few.text["en"]
    many = audit(makers(5), seeds=1, model="stack")
    assert many.model == "stack"
    assert "stand in" not in many.text["en"]
    assert many.row("ru")["model"] == "stack"


@pytest.mark.skipif(not (DATA / "bea-io-2012").exists(), reason="the uses are not beside it")
def test_on_real_uses_the_default_beats_each_of_its_own_evidence() -> None:
    file = Path(__file__).parents[1] / "benchmarks" / "missing_links" / "data.py"
    trial = split(runpy.run_path(str(file))["uses"](DATA / "bea-io-2012"), 0.2, 0)
    ensemble = tuned(trial.known)
    singles = [lambda rows, at=at: rows[:, at] for at in range(len(ensemble.names))]
    default, *alone = precision(trial, ensemble, [ensemble.scores, *singles])
    assert default > max(alone) + 0.005
