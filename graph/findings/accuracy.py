"""How good a ranking is: areas, precision, ranks, intervals, calibration.

Ties count half in areas, and are broken at random where a list is cut, so that a score that is
mostly zero gains nothing from the order of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Whole = NDArray[np.int64]
Truths = NDArray[np.bool_]


def area(positives: Values, negatives: Values) -> float:
    """Return the chance that a positive scores higher than a negative, ties counted half.

    Examples
    --------
    >>> area(np.array([3.0, 1.0]), np.array([2.0, 1.0]))
    0.625
    """
    if not len(positives) or not len(negatives):
        return float("nan")
    return float(shares_below(positives, negatives).mean())


def best_first(scores: Values, rng: np.random.Generator) -> Whole:
    """Return positions from the highest score to the lowest, equal ones in random order."""
    return np.lexsort((rng.random(len(scores)), -scores)).astype(np.int64)


def average_precision(found: Truths, missed: int = 0) -> float:
    """Return the mean, over all positives, of the precision where each is found.

    ``found`` says from the top of the list down what is positive; ``missed`` positives are not
    on the list at all and count nothing.

    Examples
    --------
    >>> round(average_precision(np.array([True, False, True]), missed=1), 4)
    0.5556
    """
    places = np.flatnonzero(found)
    total = len(places) + missed
    if not total:
        return float("nan")
    return float((np.arange(1, len(places) + 1) / (places + 1)).sum() / total)


def precision_at(found: Truths, count: int) -> float:
    """Return the share of positives in the first ``count`` of a list."""
    return float(found[:count].sum() / count) if count else float("nan")


def interval(draws: Sequence[float] | Values, level: float = 0.95) -> tuple[float, float]:
    """Return the middle ``level`` of repeated measurements."""
    known = np.asarray(draws, dtype=float)
    known = known[~np.isnan(known)]
    if not len(known):
        return (float("nan"), float("nan"))
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return (float(low), float(high))


def mean_interval(draws: Sequence[float] | Values) -> tuple[float, float]:
    """Return a 95 % interval of the mean of a few repeated measurements (Student's t)."""
    from scipy.special import stdtrit

    known = np.asarray(draws, dtype=float)
    known = known[~np.isnan(known)]
    if len(known) < 2:
        return (float("nan"), float("nan"))
    half = float(stdtrit(len(known) - 1, 0.975) * known.std(ddof=1) / np.sqrt(len(known)))
    return (float(known.mean() - half), float(known.mean() + half))


def bootstrap(
    groups: Whole, measure: Callable[[Values], float], draws: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the 95 % interval of a measure when whole groups of rows are drawn anew.

    The links of one hub are not independent, so it is the source actors that are drawn.
    ``measure`` takes how often each row was drawn.
    """
    names, inverse = np.unique(groups, return_inverse=True)
    if not len(names):
        return (float("nan"), float("nan"))
    found = []
    for _ in range(draws):
        times = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
        found.append(measure(times[inverse].astype(float)))
    return interval(found)


def weighted_mean(values: Values) -> Callable[[Values], float]:
    """Return the measure that ``bootstrap`` needs for the mean of ``values``."""

    def measure(times: Values) -> float:
        total = times.sum()
        return float((times * values).sum() / total) if total else float("nan")

    return measure


def shares_below(positives: Values, negatives: Values) -> Values:
    """Return for each positive the share of negatives below it, ties half: their mean is the area.

    Examples
    --------
    >>> shares_below(np.array([3.0, 1.0]), np.array([2.0, 1.0])).tolist()
    [1.0, 0.25]
    """
    ordered = np.sort(negatives)
    low = np.searchsorted(ordered, positives, side="left")
    high = np.searchsorted(ordered, positives, side="right")
    return np.asarray((low + high) / (2 * max(len(ordered), 1)), dtype=float)


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927).

    Examples
    --------
    >>> [round(end, 3) for end in wilson(5, 10)]
    [0.237, 0.763]
    """
    z = 1.959963984540054
    share = hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    half = float(half / (1 + z * z / count))
    return (max(0.0, middle - half), min(1.0, middle + half))


@dataclass(frozen=True)
class Calibration:
    """From a score to the share of hold-out pairs with such a score that became links."""

    scores: Values
    shares: Values

    def __call__(self, scores: Values) -> Values:
        """Return the calibrated probability of each score."""
        return np.asarray(np.interp(scores, self.scores, self.shares), dtype=float)


def calibrate(
    scores: Values, truths: Truths | Values, weights: Values | None = None
) -> Calibration:
    """Fit a non-decreasing step function (isotonic regression, pool adjacent violators).

    A truth may be a share, where a row stands for as many pairs as its weight says.

    Examples
    --------
    >>> fitted = calibrate(np.array([1.0, 2.0, 3.0]), np.array([False, True, False]))
    >>> fitted(np.array([1.0, 2.5, 9.0])).tolist()
    [0.0, 0.5, 0.5]
    """
    weights = np.ones(len(scores)) if weights is None else weights
    order = np.argsort(scores, kind="stable")
    values, first = np.unique(scores[order], return_index=True)
    weight = np.add.reduceat(weights[order], first)
    mean = np.add.reduceat((weights * truths)[order], first) / weight
    blocks: list[list[float]] = []
    for value, share, heavy in zip(values, mean, weight, strict=True):
        blocks.append([share, heavy, value, value])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            last = blocks.pop()
            before = blocks[-1]
            heavier = before[1] + last[1]
            before[0] = (before[0] * before[1] + last[0] * last[1]) / heavier
            before[1], before[3] = heavier, last[3]
    knots = [(block[end], block[0]) for block in blocks for end in (2, 3)]
    at, share = zip(*knots, strict=True)
    return Calibration(np.asarray(at, dtype=float), np.asarray(share, dtype=float))


def calibration_error(
    probabilities: Values, truths: Truths | Values, weights: Values | None = None, bins: int = 10
) -> float:
    """Return the expected calibration error over bins of equal numbers of rows."""
    weights = np.ones(len(truths)) if weights is None else weights
    order = np.argsort(probabilities, kind="stable")
    total = weights.sum()
    error = 0.0
    for part in np.array_split(order, bins):
        heavy = weights[part].sum()
        if heavy:
            gap = (weights[part] * (probabilities[part] - truths[part])).sum() / heavy
            error += abs(float(gap)) * float(heavy / total)
    return error
