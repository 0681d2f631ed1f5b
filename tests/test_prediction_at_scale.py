"""What large layers do differently foretells the same links as the plain way does."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array

from klaster.graph.findings import candidates, trials
from klaster.graph.findings import evidence as ev
from klaster.graph.findings.audit import audit
from klaster.graph.findings.backtest import backtest, measure
from klaster.graph.findings.layer import Layer
from klaster.graph.findings.prediction import Ensemble
from klaster.graph.findings.stack import train
from klaster.graph.findings.suggestion import best_pairs
from klaster.graph.findings.trials import Trial, draw_negatives, split
from klaster.graph.trade.product_space import product_proximity

LAYERS = ("supply", "cooperation", "actor-product")
ACTORS, PRODUCTS = 60, 25


def random_layer(name: str, seed: int = 0, links: int = 220, actors: int = ACTORS) -> Layer:
    """Links at random in a layer whose things have every trait, some of them left empty."""
    rng = np.random.default_rng(seed)

    def words(stem: str, count: int, kinds: int) -> list[str | None]:
        return [f"{stem}{at}" if at else None for at in rng.integers(kinds, size=count)]

    things = pl.DataFrame(
        {
            "iri": [f"a{at:04}" for at in range(actors)],
            **{trait: words(trait, actors, 6) for trait in ("kind", "country", "sector")},
        }
    )
    others = None
    if name == "actor-product":
        names = [f"p{at:04}" for at in range(PRODUCTS)]
        others = pl.DataFrame({"iri": names, "parent": words("class", PRODUCTS, 5)})
    rows = pl.DataFrame(
        {
            "source": rng.integers(actors, size=links),
            "target": rng.integers(actors if others is None else PRODUCTS, size=links),
            "event": [f"e{at // 2}" for at in range(links)],
            "product": words("product", links, 8),
            "product_class": words("class", links, 4),
            "theme": words("theme", links, 5),
        }
    )
    return Layer.of(name, things, others, rows)


def planted(seed: int, groups: int = 12, size: int = 20, *, name: str = "cooperation") -> Layer:
    """Links inside groups, each with a chance of its own, and a few across."""
    rng = np.random.default_rng(seed)
    group = np.arange(groups * size) // size
    one, other = np.triu_indices(groups * size, 1)
    linked = rng.random(len(one)) < np.where(group[one] == group[other], 0.5, 0.004)
    things = pl.DataFrame({"iri": [f"a{at:04}" for at in range(groups * size)]})
    rows = pl.DataFrame({"source": one[linked], "target": other[linked]})
    return Layer.of(name, things, None, rows)


@pytest.mark.parametrize("name", LAYERS)
def test_pairs_score_the_same_one_by_one_in_stretches_and_all_at_once(name, monkeypatch):
    known = random_layer(name)
    rows, columns = known.shape
    source, target = np.divmod(np.arange(rows * columns), columns)
    for found in Ensemble(known).evidence:
        whole = found.rows(np.arange(rows)).toarray().ravel()
        assert found.values(source, target) == pytest.approx(whole), found.name
        assert found.turned.rows(np.arange(columns)).toarray().T.ravel() == pytest.approx(whole)
        monkeypatch.setattr(ev, "_FEW", 0)
        monkeypatch.setattr(ev, "_FULL", 0)
        monkeypatch.setattr(ev, "_AT_ONCE", 7)
        assert found.values(source, target) == pytest.approx(whole), found.name
        monkeypatch.undo()


def test_entries_are_found_in_a_full_matrix_and_in_a_sparse_one(monkeypatch):
    rng = np.random.default_rng(0)
    full = rng.random((7, 11)) * (rng.random((7, 11)) < 0.3)
    keys = rng.integers(77, size=200)
    wanted = full.ravel()[keys]
    assert wanted.any()
    for least in (0, 1000):
        monkeypatch.setattr(ev, "_FULL", least)
        assert ev.entries_at(csr_array(full), keys).tolist() == wanted.tolist()
        assert ev.entries_at(csr_array((7, 11)), keys).tolist() == [0.0] * 200


def test_who_is_most_alike_is_the_same_stretch_by_stretch(monkeypatch):
    made = csr_array((np.random.default_rng(0).random((50, 30)) < 0.2).astype(float))
    wanted = ev.strongest(product_proximity(csr_array(made.T)), ev.NEAREST).toarray()
    assert (np.count_nonzero(wanted, axis=1) >= ev.NEAREST).any()
    for most in (1, 100, 10**6):
        monkeypatch.setattr(ev, "_AT_ONCE", most)
        assert np.allclose(ev._alike(made).toarray(), wanted)
    assert ev._alike(csr_array((0, 3))).shape == (0, 0)


def test_stretches_hold_every_row_once_and_no_more_entries_than_they_may(monkeypatch):
    monkeypatch.setattr(ev, "_AT_ONCE", 10)
    lengths = np.array([4, 6, 1, 30, 0, 0, 9, 2, 0])
    parts = list(ev._stretches(lengths))
    assert np.concatenate([np.arange(9)[some] for some in parts]).tolist() == list(range(9))
    assert [int(lengths[some].sum()) for some in parts] == [10, 1, 30, 9, 2]


def test_things_without_a_word_are_in_no_group():
    words = pl.Series(["b", "", None, "a", "b"])
    assert ev._membership(words).toarray().tolist() == [[0, 1], [0, 0], [0, 0], [1, 0], [0, 1]]
    assert ev._membership(pl.Series([None, None], dtype=pl.String)).toarray().tolist() == [[0], [0]]


@pytest.mark.parametrize("name", LAYERS)
def test_candidates_of_a_wide_layer_are_those_of_a_narrow_one(name, monkeypatch):
    known = random_layer(name)
    sources = np.flatnonzero(known.known[0])
    found = []
    for large in (10**6, 1):
        monkeypatch.setattr(candidates, "LARGE", large)
        parts = list(Ensemble(known).scan(sources))
        assert sum(len(some.sources) for some in parts) > 100
        found.append(
            [
                np.concatenate([getattr(some, name) for some in parts])
                for name in ("sources", "targets")
            ]
            + [np.concatenate([some.values for some in parts])]
        )
    for narrow, wide in zip(*found, strict=True):
        assert np.allclose(narrow, wide)


@pytest.mark.parametrize("name", LAYERS)
def test_the_best_pairs_of_a_cluster_are_those_among_all_that_have_a_member(name, monkeypatch):
    known = random_layer(name)
    ensemble = Ensemble(known)
    members = known.sources["iri"].sample(7, seed=1).to_list()
    everything, scores = best_pairs(ensemble, 10**6)
    own = set(members)
    ends = known.sources["iri"], known.targets["iri"]
    wanted = {
        (int(source), int(target)): pytest.approx(score)
        for source, target, score in zip(
            everything.sources, everything.targets, scores, strict=True
        )
        if own & {ends[0][int(source)], ends[1][int(target)]}
    }
    some, scores = best_pairs(ensemble, 10**6, among=members)
    pairs = list(zip(some.sources.tolist(), some.targets.tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    assert dict(zip(pairs, scores.tolist(), strict=True)) == wanted
    assert 0 < len(wanted) < len(everything.sources)
    assert len(best_pairs(ensemble, 5, among=[])[0].sources) == 0
    # A few at a time, the best are the same, ties and all.
    monkeypatch.setattr(candidates, "_AT_ONCE", 2)
    monkeypatch.setattr(candidates, "_CELLS", 1)
    for among in (members, known.sources["iri"].to_list()):
        whole, _ = best_pairs(ensemble, 10**6, among=among)
        few, _ = best_pairs(ensemble, 9, among=among)
        for side in ("sources", "targets"):
            assert getattr(few, side).tolist() == getattr(whole, side)[:9].tolist()


@pytest.fixture
def large(monkeypatch):
    """Take layers of a hundred sources for large, and foretell the partners of forty."""
    monkeypatch.setattr(trials, "LARGE", 100)
    monkeypatch.setattr(trials, "PANEL", 40)
    monkeypatch.setattr(trials, "TOLD", 1)
    monkeypatch.setattr("klaster.graph.findings.audit.LARGE", 100)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("name", ["cooperation", "supply"])
def test_a_panel_has_the_hidden_links_of_its_sources_alone(name):
    trial = split(planted(0, name=name), 0.2)
    some = trial.drawn(3)
    assert some.sampled == 40
    source, target = some.known.ends(some.truth)
    within = np.isin(source, some.sources)
    if name == "cooperation":
        within |= np.isin(target, some.sources)
    assert within.all()
    left = np.setdiff1d(trial.truth, some.truth)
    ends = some.known.ends(left)
    assert not np.isin(ends[0], some.sources).any()
    assert name == "supply" or not np.isin(ends[1], some.sources).any()
    assert 0 < len(some.truth) < len(trial.truth)
    negatives = np.concatenate(list(draw_negatives(some, np.random.default_rng(0)).sets().values()))
    assert len(negatives) > 10 * len(some.truth)
    assert not np.isin(negatives, np.concatenate([trial.truth, trial.known.pairs])).any()
    assert some.sources.tolist() != trial.drawn(4).sources.tolist()


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("name", ["cooperation", "supply"])
def test_a_panel_of_all_measures_as_no_panel_does(name, monkeypatch):
    trial = split(planted(1, name=name), 0.2)
    ensemble = Ensemble(trial.known)
    monkeypatch.setattr(trials, "PANEL", 10**6)
    rows = [
        measure(each, ensemble, {"m": ensemble.scores}, draws=20)["m"].row
        for each in (trial, trial.drawn())
    ]
    assert trial.drawn().sampled == rows[0]["sources"] > 200
    assert rows[0] == rows[1]


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("name", ["cooperation", "supply"])
def test_panels_tell_on_the_mean_what_all_sources_tell(name):
    trial = split(planted(2, name=name), 0.2)
    ensemble = Ensemble(trial.known)

    def told(each: Trial) -> list[float]:
        row = measure(each, ensemble, {"m": ensemble.scores}, draws=0)["m"].row
        return [row[key] for key in ("auc_degree", "hits10", "mrr", "prior", "coverage")]

    drawn = np.array([told(trial.drawn(seed)) for seed in range(20)])
    spread = drawn.std(axis=0, ddof=1) / np.sqrt(len(drawn))
    assert (np.abs(drawn.mean(axis=0) - told(trial)) < 4 * spread + 0.01).all()


@pytest.mark.usefixtures("large")
def test_more_are_drawn_until_enough_is_to_be_foretold_or_much_is_known_of_them(monkeypatch):
    trial = split(planted(0), 0.2)
    monkeypatch.setattr(trials, "TOLD", 150)
    more = trial.drawn()
    source, target = more.known.ends(more.truth)
    hidden = np.isin(source, more.sources).sum() + np.isin(target, more.sources).sum()
    each = np.bincount(np.concatenate([source, target]))
    assert 150 <= hidden < 150 + each.max()
    assert len(more.sources) > 40
    monkeypatch.setattr(trials, "_LINKS", 60 * trial.known.mean_degree + 1)
    assert trial.drawn().sampled == 60
    monkeypatch.setattr(trials, "_LINKS", 1)
    assert trial.drawn().sampled == 40


@pytest.mark.usefixtures("large")
def test_an_audit_of_a_large_layer_says_that_it_drew(monkeypatch):
    layer = planted(3)
    found = audit(layer)
    assert found.predictable
    assert (found.sampled, found.times, found.share) == (40, 3, 0.1)
    assert found.row("en")["sampled"] == 40
    assert found.text["en"].endswith("The partners of 40 drawn at random were foretold.")
    assert "40 ta" in found.text["uz"]
    monkeypatch.undo()
    whole = audit(layer)
    assert whole.sampled is None
    assert "drawn at random" not in whole.text["en"]
    mean = whole.measures["auc_degree"][0]
    assert found.measures["auc_degree"][0] == pytest.approx(mean, abs=0.03)
    # A chance that a pair is recorded means the same, however many were drawn.
    scores = np.linspace(5, 20, 30)
    assert found.calibration(scores) == pytest.approx(whole.calibration(scores), abs=0.2)


@pytest.mark.usefixtures("large")
def test_a_backtest_and_a_stack_of_a_large_layer_look_at_a_panel():
    layer = planted(4, groups=30)
    (row,) = backtest(layer, draws=20)
    assert row["sources"] == 40
    assert row["positives"] < 0.05 * len(layer.pairs)
    assert row["auc_degree"] > 0.7
    assert train(layer) is None


def test_a_backtest_of_a_small_layer_ranks_for_every_source():
    (row,) = backtest(planted(4), draws=20)
    assert row["sources"] == 240


@pytest.mark.usefixtures("large")
def test_a_large_layer_of_which_nothing_was_known_has_nothing_to_draw_from():
    layer = planted(5)
    trial = Trial.of(layer.only(pl.lit(value=False)), layer).drawn()
    assert len(trial.truth) == len(trial.sources) == 0
