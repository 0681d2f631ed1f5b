"""Measures worked out by hand, fair splits and negatives, and sentinels that watch the protocol."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from klaster.graph.findings import accuracy
from klaster.graph.findings import evidence as ev
from klaster.graph.findings.audit import audit
from klaster.graph.findings.backtest import COLUMNS, backtest, measure, methods_of
from klaster.graph.findings.layer import Layer
from klaster.graph.findings.prediction import Ensemble
from klaster.graph.findings.stack import train
from klaster.graph.findings.trials import Trial, draw_negatives, held_out, last_part, split
from klaster.ontology.faults import Fault


def actors(count):
    return pl.DataFrame({"iri": [f"a{at:04}" for at in range(count)]})


def pairs_layer(pairs, count, **columns):
    source, target = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2).T
    rows = pl.DataFrame({"source": source, "target": target, **columns})
    return Layer.of("cooperation", actors(count), None, rows)


def planted(seed, groups=4, size=30, inside=0.4, across=0.0):
    """Links inside groups, each with a chance of its own, and across groups."""
    rng = np.random.default_rng(seed)
    count = groups * size
    group = np.arange(count) // size
    one, other = np.triu_indices(count, 1)
    chance = np.where(group[one] == group[other], inside, across)
    linked = rng.random(len(one)) < chance
    return pairs_layer(list(zip(one[linked], other[linked], strict=True)), count)


def hubs(seed, count=300, mean=8.0):
    """Links that depend on nothing but how many links each end has."""
    rng = np.random.default_rng(seed)
    pull = rng.pareto(3.0, count) + 0.3
    one, other = np.triu_indices(count, 1)
    chance = np.minimum(1, pull[one] * pull[other] * mean * count / pull.sum() ** 2)
    linked = rng.random(len(one)) < chance
    return pairs_layer(list(zip(one[linked], other[linked], strict=True)), count)


def test_areas_and_precisions_on_lists_worked_out_by_hand():
    found = np.array([True, False, True, False])
    assert accuracy.average_precision(found) == pytest.approx((1 + 2 / 3) / 2)
    assert accuracy.precision_at(found, 2) == 0.5
    assert accuracy.area(np.array([2.0, 0.0]), np.array([1.0, 0.0])) == pytest.approx(2.5 / 4)
    below = accuracy.shares_below(np.array([2.0, 0.0]), np.array([1.0, 0.0]))
    assert below.tolist() == [1.0, 0.25]
    assert np.isnan(accuracy.area(np.array([]), np.array([1.0])))


def test_equal_scores_are_cut_at_random_and_not_in_the_order_of_rows():
    firsts = {
        int(accuracy.best_first(np.zeros(50), np.random.default_rng(seed))[0]) for seed in range(20)
    }
    assert len(firsts) > 5


def test_a_bootstrap_draws_whole_groups():
    values = np.repeat([0.0, 1.0], 500)
    groups = np.repeat([1, 2], 500)
    rng = np.random.default_rng(0)
    low, high = accuracy.bootstrap(groups, accuracy.weighted_mean(values), 300, rng)
    assert (low, high) == (0.0, 1.0)
    many = np.arange(1000)
    low, high = accuracy.bootstrap(many, accuracy.weighted_mean(values), 300, rng)
    assert 0.45 < low < 0.5 < high < 0.55


def test_a_calibration_never_falls_and_means_what_happened():
    rng = np.random.default_rng(0)
    scores = rng.random(20_000)
    truths = rng.random(20_000) < scores**2
    fitted = accuracy.calibrate(scores[::2], truths[::2])
    told = fitted(np.linspace(0, 1, 50))
    assert (np.diff(told) >= 0).all()
    assert fitted(np.array([0.9]))[0] == pytest.approx(0.81, abs=0.06)
    assert accuracy.calibration_error(fitted(scores[1::2]), truths[1::2]) < 0.02
    assert accuracy.calibration_error(np.full(20_000, 0.9), truths) > 0.5


def test_a_split_by_date_keeps_old_links_and_strangers_out():
    days = [dt.date(2018, 1, 1)] * 2 + [dt.date(2020, 1, 1)] * 3
    rows = pl.DataFrame(
        {
            "source": [0, 1, 0, 0, 3],
            "target": [1, 2, 2, 1, 0],
            "event": list("abcde"),
            "date": days,
        }
    )
    layer = Layer.of("cooperation", actors(4), None, rows)
    cut = dt.date(2019, 1, 1)
    trial = Trial.of(layer.before(cut), layer.since(cut))
    # 0–1 is repeated, 3 was not known: only 0–2 is new.
    assert trial.truth.tolist() == [0 * 4 + 2]


def test_whole_projects_are_hidden_and_not_single_pairs():
    rows = pl.DataFrame(
        {
            "source": [0, 0, 1] * 20,
            "target": [1, 2, 2] * 20,
            "event": [f"p{at // 3}" for at in range(60)],
        }
    )
    layer = Layer.of("cooperation", actors(3), None, rows)
    kept = split(layer, 0.5, seed=1).known.records
    assert kept.height == 30
    assert (kept.group_by("event").len()["len"] == 3).all()


def test_both_ways_of_a_supply_link_are_hidden_together():
    rows = pl.DataFrame({"source": [0, 1, 2, 3], "target": [1, 0, 3, 2], "event": list("abcd")})
    layer = Layer.of("supply", actors(4), None, rows)
    for seed in range(4):
        kept = split(layer, 0.5, seed=seed).known.records
        assert set(kept["event"]) in ({"a", "b"}, {"c", "d"})


def test_no_negative_is_linked_at_any_time_and_each_kind_is_what_it_says():
    layer = planted(3, across=0.02)
    trial = split(layer, 0.2)
    negatives = draw_negatives(trial, np.random.default_rng(0))
    ties = trial.known.matrix.toarray() > 0
    two = (ties.astype(int) @ ties) > 0
    three = (two.astype(int) @ ties) > 0
    for kind, keys in negatives.sets().items():
        assert len(keys), kind
        one, other = layer.ends(keys)
        assert (one < other).all()
        assert not np.isin(keys, layer.pairs).any()
        if kind == "dist2":
            assert two[one, other].all()
        if kind == "dist3":
            assert (three & ~two)[one, other].all()


def test_degree_matched_negatives_have_the_ends_of_the_positives():
    trial = split(hubs(0, count=1000), 0.2)
    keys = draw_negatives(trial, np.random.default_rng(0)).degree
    degree = np.diff(trial.known.matrix.indptr)
    ends = [np.concatenate(trial.known.ends(some)) for some in (trial.truth, keys)]
    true, drawn = (degree[some].mean() for some in ends)
    # Pairs of hubs are linked already, so that the negatives' ends have slightly fewer links.
    assert drawn == pytest.approx(true, rel=0.15)
    assert degree.mean() < 0.6 * true


def areas(trials, weights, scorer=None):
    found = []
    for trial in trials:
        ensemble = Ensemble(trial.known, weights)
        method = {"m": ensemble.scores if scorer is None else scorer}
        found.append(measure(trial, ensemble, method, draws=0)["m"].row)
    return {
        kind: float(np.mean([row[f"auc_{kind}"] for row in found])) for kind in ("random", "degree")
    }


def test_sentinel_shuffled_labels_cannot_be_foretold():
    trials = []
    for seed in range(4):
        layer = planted(seed)
        trial = split(layer, 0.1, seed)
        one, other = np.triu_indices(layer.shape[0], 1)
        free = layer.keys(one, other)
        free = free[~np.isin(free, trial.known.pairs)]
        drawn = np.random.default_rng(seed).choice(free, 400, replace=False)
        trials.append(Trial(trial.known, np.sort(drawn)))
    found = areas(trials, None)
    assert found["random"] == pytest.approx(0.5, abs=0.02)
    assert found["degree"] == pytest.approx(0.5, abs=0.02)


def test_sentinel_degree_alone_fools_random_negatives_and_not_matched_ones():
    trials = [split(hubs(seed, count=1000), 0.2, seed) for seed in range(3)]
    found = areas(trials, {ev.activity: 1.0, ev.third_step: 0.0})
    assert found["random"] > 0.65
    assert found["degree"] == pytest.approx(0.5, abs=0.03)


def test_sentinel_a_planted_partition_is_found():
    trials = [
        split(planted(seed, groups=15, size=20, inside=0.8, across=0.002), 0.1, seed)
        for seed in range(2)
    ]
    found = areas(trials, None)
    assert found["random"] > 0.95
    assert found["degree"] > 0.95


def leaks(scorer_of, trial, full):
    """Whether the scores of hidden links change when the hidden links are added."""
    ends = trial.known.ends(trial.truth)
    return not np.array_equal(scorer_of(trial.known)(*ends), scorer_of(full)(*ends))


def test_sentinel_a_leak_is_caught():
    full = planted(0)
    trial = split(full, 0.1)
    honest = Ensemble(trial.known)
    told = {
        "of the known": lambda _: honest.values,
        "of everything": lambda layer: Ensemble(layer).values,
    }
    assert not leaks(told["of the known"], trial, full)
    assert leaks(told["of everything"], trial, full)
    # What an ensemble says of a trial rests on the known links alone.
    assert honest.layer is trial.known
    again = Ensemble(full.only(pl.Series(np.isin(full.pairs, trial.known.pairs))))
    ends = trial.known.ends(trial.truth)
    assert np.array_equal(again.values(*ends), honest.values(*ends))


def test_a_backtest_has_a_row_a_method_with_the_same_measures():
    layer = planted(1, across=0.01)
    rows = backtest(layer, all_methods=True, draws=50)
    assert rows[0]["method"] == "ensemble"
    assert {row["method"] for row in rows} >= {"shared_partners", "third_step", "activity"}
    for row in rows:
        assert tuple(row) == COLUMNS
        assert 0 <= row["ap"] <= 1
        low, high = row["intervals"]["auc_degree"]
        assert low <= row["auc_degree"] <= high
    assert rows == backtest(layer, all_methods=True, draws=50)


def test_a_backtest_against_a_file_of_later_links_is_that_by_date():
    layer = planted(2)
    days = [dt.date(2018 + at % 5 // 4, 1, 1) for at in range(layer.records.height)]
    dated = Layer.of(
        "cooperation", actors(120), None, layer.records.with_columns(date=pl.Series(days))
    )
    cut = dt.date(2019, 1, 1)
    later = dated.since(cut)
    truth = pl.DataFrame(
        {
            "a": later.sources["iri"].gather(later.records["source"]),
            "b": later.sources["iri"].gather(later.records["target"]),
        }
    )
    by_date = backtest(dated, cut=cut, draws=20)
    by_file = backtest(dated.before(cut), truth=truth, draws=20)
    assert by_date == by_file


def test_a_filtered_rank_leaves_other_true_partners_out():
    # a–b, a–c are hidden; b and c come before d for a.
    from klaster.graph.findings.backtest import _filtered_ranks

    score, true = np.array([3.0, 2.0, 1.0]), np.array([True, True, False])
    assert _filtered_ranks(score, true, np.random.default_rng(0)).tolist() == [1, 1]


def test_nothing_to_foretell_is_told_and_not_a_traceback():
    layer = pairs_layer([(0, 1), (1, 2)], 3)
    with pytest.raises(Fault) as found:
        backtest(layer, cut=dt.date(2019, 1, 1))
    assert found.value.key == "fault.nothing-to-foretell"


def test_dates_decide_the_hold_out_where_they_are_known():
    layer = planted(4)
    days = pl.Series([dt.date(2000 + at % 20, 1, 1) for at in range(layer.records.height)])
    events = pl.Series([str(at) for at in range(layer.records.height)])
    dated = Layer.of(
        "cooperation", actors(120), None, layer.records.with_columns(date=days, event=events)
    )
    cut = last_part(dated, 0.1)
    assert cut in (dt.date(2017, 1, 1), dt.date(2018, 1, 1))
    assert held_out(dated, 0.1).known.records.equals(dated.before(cut).records)
    assert last_part(layer, 0.1) is None
    found = audit(dated, seeds=2)
    assert found.split == "time"
    assert audit(layer, seeds=2).split == "random"


def test_an_audit_of_a_network_that_can_be_foretold_says_how_well():
    found = audit(planted(5), seeds=3)
    assert found.predictable
    mean, low, high = found.measures["auc_degree"]
    assert low <= mean <= high
    assert mean > 0.8
    assert found.calibration is not None
    assert found.calibration_error < 0.05
    assert "0." in found.text["ru"]


def test_an_audit_of_a_sparse_network_shows_rules_only_and_says_why():
    rng = np.random.default_rng(0)
    chain = [(at, at + 1) for at in range(0, 200, 2)]
    found = audit(pairs_layer(chain, 202), seeds=2)
    assert not found.predictable
    assert "not shown" in found.text["en"]
    guess = {tuple(sorted(map(int, rng.choice(400, 2, replace=False)))) for _ in range(900)}
    found = audit(pairs_layer(guess, 400), seeds=3)
    assert found.mean_degree > 2
    assert not found.predictable


def test_a_stack_is_trained_only_on_enough_links_and_finds_what_counts():
    assert train(pairs_layer([(0, 1), (1, 2)], 3)) is None
    layer = planted(6, size=60, inside=0.5)
    stack = train(layer)
    assert stack is not None
    weight = dict(zip(stack.names, stack.weights, strict=True))
    assert weight["shared_partners"] + weight["close_walks"] + weight["third_step"] > 0
    trial = split(layer, 0.1, seed=9)
    ensemble = Ensemble(trial.known)
    scorer = stack.scorer(ensemble)
    row = measure(trial, ensemble, {"stack": scorer}, draws=0)["stack"].row
    assert row["auc_random"] > 0.9
    values = ensemble.values(*trial.known.ends(trial.truth))
    assert np.allclose(stack.parts(ensemble, values).sum(axis=1), scorer(values))


def test_every_single_evidence_can_be_compared():
    ensemble = Ensemble(planted(7))
    assert set(methods_of(ensemble)) == {"ensemble", *ensemble.names}
