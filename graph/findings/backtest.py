"""How good predictions are: the links of later days, or hidden ones, against what was known.

The score sees the earlier links alone. Positives are new pairs among things that were known
before; repeats of old links are left out. Negatives are drawn four ways, since a random pair is
easily told from a link by the numbers of links alone: at random, with the ends of positives
(degree-matched), two steps apart, and three steps apart. A pair linked at any time is never a
negative. That no link is recorded does not mean there is none, so precision is a lower bound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
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
)
from klaster.graph.findings.layer import Layer
from klaster.graph.findings.prediction import Ensemble

Values = NDArray[np.float64]
Whole = NDArray[np.int64]

EACH = 10
"""Negatives a positive."""

DRAWS = 1000
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
    source, target = layer.ends(truth)
    if not layer.directed:
        source = target = np.concatenate([source, target])
    two, three = _pairs_at_distance(layer, wanted, rng)
    return Negatives(
        random=_drawn(trial, sources, targets, wanted, rng),
        degree=_drawn(trial, source, target, wanted, rng),
        dist2=_free(trial, two)[:wanted],
        dist3=_free(trial, three)[:wanted],
    )


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


def _pairs_at_distance(
    layer: Layer, wanted: int, rng: np.random.Generator
) -> tuple[Whole, Whole]:
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


def rank(trial: Trial, ensemble: Ensemble, scorer: Scorer, rng: np.random.Generator) -> Ranked:
    """Rank the candidates, and each later partner among those of its source (filtered).

    A later partner that is no candidate stands in the middle of all that are none. Where links
    have no direction, both ends count as sources.
    """
    layer = trial.known
    flags, scores, sources, ranks = [], [], [], []
    for some in ensemble.scan():
        score = scorer(some.values)
        true = np.isin(_ordered(layer, some.sources, some.targets), trial.truth)
        once = layer.directed | (some.sources < some.targets)
        flags.append(true[once])
        scores.append(score[once].astype(np.float32))
        for start, stop in _runs(some.sources):
            mine = true[start:stop]
            if mine.any():
                places = _filtered_ranks(score[start:stop], mine, rng)
                sources.append(np.full(len(places), some.sources[start]))
                ranks.append(places)
    found = np.concatenate(flags) if flags else np.zeros(0, dtype=bool)
    score = np.concatenate(scores) if scores else np.zeros(0, dtype=np.float32)
    order = best_first(score, rng)
    whose, place = _with_missed(trial, sources, ranks)
    return Ranked(
        found[order], score[order], int(len(trial.truth) - found.sum()), whose, place
    )


def _runs(sources: Whole) -> list[tuple[int, int]]:
    """Return where the rows of each source begin and end."""
    if not len(sources):
        return []
    cuts = np.flatnonzero(np.diff(sources)) + 1
    edges = [0, *cuts.tolist(), len(sources)]
    return list(zip(edges[:-1], edges[1:], strict=True))


def _filtered_ranks(score: Values, true: NDArray[np.bool_], rng: np.random.Generator) -> Values:
    """Return the rank of each true partner among it and the others, equal scores at random."""
    others = np.sort(score[~true])
    above = len(others) - np.searchsorted(others, score[true], side="right")
    level = len(others) - np.searchsorted(others, score[true], side="left") - above
    return np.asarray(1 + above + rng.integers(level + 1), dtype=float)


def _with_missed(
    trial: Trial, sources: list[Whole], ranks: list[Values]
) -> tuple[Whole, Values]:
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


def report(
    name: str,
    trial: Trial,
    ensemble: Ensemble,
    *,
    scorer: Scorer | None = None,
    seed: int = 0,
    draws: int = DRAWS,
) -> dict[str, object]:
    """Measure a method in a trial, with 95 % intervals over source actors drawn anew.

    Returns
    -------
    dict
        ``method, positives, prior, candidates, coverage, auc_random, auc_degree, auc_dist2,
        auc_dist3, ap, p50, p100, p_l, lift, hits10, hits50, mrr, intervals``. ``prior`` is the
        share of candidates that became links, ``coverage`` the share of positives among the
        candidates, ``p_l`` the precision in as many as there are positives, ``lift`` that over
        the prior.
    """
    score = ensemble.scores if scorer is None else scorer
    rng = np.random.default_rng(seed)
    negatives = draw_negatives(trial, rng)
    ranked = rank(trial, ensemble, score, rng)
    positives = len(trial.truth)
    prior = float(ranked.found.mean()) if len(ranked.found) else float("nan")
    p_l = precision_at(ranked.found, positives)
    row: dict[str, object] = {
        "method": name,
        "positives": positives,
        "prior": prior,
        "candidates": len(ranked.found),
        "coverage": 1 - ranked.missed / positives if positives else float("nan"),
    }
    areas, shares = _areas(trial, ensemble, score, negatives)
    row |= areas
    row |= {
        "ap": average_precision(ranked.found, ranked.missed),
        "p50": precision_at(ranked.found, 50),
        "p100": precision_at(ranked.found, 100),
        "p_l": p_l,
        "lift": p_l / prior if prior else float("nan"),
        "hits10": float((ranked.ranks <= 10).mean()) if positives else float("nan"),
        "hits50": float((ranked.ranks <= 50).mean()) if positives else float("nan"),
        "mrr": float((1 / ranked.ranks).mean()) if positives else float("nan"),
    }
    row["intervals"] = _intervals(trial, ranked, shares, rng, draws)
    return row


def _areas(
    trial: Trial, ensemble: Ensemble, score: Scorer, negatives: Negatives
) -> tuple[dict[str, float], dict[str, Values]]:
    layer = trial.known
    positive = score(ensemble.values(*layer.ends(trial.truth)))
    areas, shares = {}, {}
    for name, keys in negatives.sets().items():
        negative = score(ensemble.values(*layer.ends(keys)))
        areas[f"auc_{name}"] = area(positive, negative)
        if len(keys):
            shares[f"auc_{name}"] = shares_below(positive, negative)
    return areas, shares


def _intervals(
    trial: Trial, ranked: Ranked, shares: dict[str, Values], rng: np.random.Generator, draws: int
) -> dict[str, tuple[float, float]]:
    source, _ = trial.known.ends(trial.truth)
    found = {
        name: bootstrap(source, weighted_mean(values), draws, rng)
        for name, values in shares.items()
    }
    for name, values in (
        ("hits10", ranked.ranks <= 10),
        ("hits50", ranked.ranks <= 50),
        ("mrr", 1 / ranked.ranks),
    ):
        found[name] = bootstrap(ranked.sources, weighted_mean(values.astype(float)), draws, rng)
    return found
