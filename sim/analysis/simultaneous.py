"""Intervals that hold together: of all differences shown, none misses its true value in 95 % of experiments.

**Variance.** Runs are draws crossed with replications, so errors are those of two-way clusters (Cameron, Gelbach and
Miller 2011), as in `sim.analysis.stats`: V(draws) + V(replications) - V(runs), not less than either of the first two.
Here it is a matrix over all differences.

**Max-t** (Hothorn, Bretz and Westfall 2008). If T is jointly Student with the correlations of the differences, the
largest |T| exceeds the common critical value in 5 % of experiments. Differences that go together (pairs that share a
point, outcomes that share a cause) so cost less than by Bonferroni. Where degrees of freedom differ (an outcome that
applies in some runs only), what is common is not the critical value but its level. It is found by simulation with a
fixed seed.

**Differences of probabilities** have Bonett and Price's (2012) adjusted interval for paired shares, at the same
critical value and with the effective number of runs in place of their number: never of no width, also at 0 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.paired import Difference
from sim.analysis.stats import Crossing

Values = NDArray[np.float64]

LEVEL = 0.95
EVERY_RUN = 30  # so many runs must agree before a difference without any spread counts as known
_SIMULATIONS = 20_000  # the level is found to within 3 % of itself
_AT_ONCE = 2_000_000  # numbers simulated together
_ROUNDING = 1e-9


class Errors(NamedTuple):
    """What is known of the errors of K differences.

    variance : float64[K], numerical variance of each estimate.
    by_draw : float64[K], the part that more replications do not lower.
    correlation : float64[K, K].
    freedom : int64[K], degrees of freedom (0: unknown).
    """

    variance: Values
    by_draw: Values
    correlation: Values
    freedom: NDArray[np.int64]


class Simultaneous(NamedTuple):
    """Simultaneous intervals.

    intervals : of each difference, None where it cannot be told.
    floor : half the width that would be left with endless replications of the same draws, float64[K].
    level : what each interval would hold alone, at least `LEVEL`.
    contrasts : how many differences share the level.
    """

    intervals: tuple[tuple[float, float] | None, ...]
    floor: Values
    level: float
    contrasts: int


def simultaneous(differences: Sequence[Difference], runs: Crossing) -> Simultaneous:
    """Return simultaneous 95 % intervals of differences."""
    errors = errors_of(differences, runs)
    takes = np.array([_takes_part(*each) for each in zip(differences, errors.freedom, errors.variance, strict=True)])
    places = np.flatnonzero(takes)
    signs = np.array([_sign(each) for each in differences])
    correlation = errors.correlation * np.outer(signs, signs)  # so that B - A meets the same simulation as A - B
    alone = common_level(correlation[np.ix_(places, places)], errors.freedom[places])
    critical = [_critical(alone, int(freedom)) for freedom in errors.freedom]
    rows = zip(differences, errors.variance.tolist(), critical, strict=True)
    intervals = tuple(_interval(each, variance, at, runs) for each, variance, at in rows)
    return Simultaneous(intervals, np.array(critical) * np.sqrt(errors.by_draw), 1.0 - alone, len(places))


def _sign(each: Difference) -> float:
    """Return the sign of an estimate; where that is zero, of the largest error."""
    largest = float(each.errors[np.argmax(np.abs(each.errors))]) if len(each.errors) else 0.0
    return -1.0 if (each.estimate or largest) < 0 else 1.0


def errors_of(differences: Sequence[Difference], runs: Crossing) -> Errors:
    """Return variances and correlations of differences over crossed runs."""
    rows = np.stack([each.errors for each in differences]) if differences else np.zeros((0, len(runs.draw)))
    counts = np.array([int(each.both.sum()) for each in differences], np.int64)
    alone = _gram(rows, counts)
    if not runs.draw.any():
        return _joint(alone, np.diag(alone), np.zeros(len(rows)), np.maximum(counts - 1, 0))
    both = np.stack([each.both for each in differences])
    draws, replications = (_clusters(rows, both, cluster) for cluster in runs)
    by_draw, by_luck = _gram(*draws), _gram(*replications)
    crossed = by_draw + by_luck - alone
    variance = np.max([np.diag(crossed), np.diag(by_draw), np.diag(by_luck)], axis=0)
    lasting = np.maximum(np.diag(by_draw) - np.diag(alone), 0.0)
    return _joint(crossed, variance, lasting, np.maximum(np.minimum(draws[1], replications[1]) - 1, 0))


def _clusters(rows: Values, both: NDArray[np.bool_], cluster: NDArray[np.int64]) -> tuple[Values, NDArray[np.int64]]:
    """Return the sums of errors in each cluster, float64[K, cluster], and how many clusters each difference has."""
    size = int(cluster.max(initial=-1)) + 1
    sums = np.array([np.bincount(cluster, row, size) for row in rows])
    counts = np.array([np.count_nonzero(np.bincount(cluster[some], minlength=size)) for some in both], np.int64)
    return sums, counts


def _gram(sums: Values, counts: NDArray[np.int64]) -> Values:
    """Return the covariances of sums over independent clusters, of which there are `counts`."""
    scale = np.sqrt(np.where(counts > 1, counts / np.maximum(counts - 1, 1), 0.0))
    scaled = sums * scale[:, None]
    return np.asarray(scaled @ scaled.T, np.float64)


def _joint(covariance: Values, variance: Values, by_draw: Values, freedom: NDArray[np.int64]) -> Errors:
    sd = np.sqrt(variance)
    scale = np.where(sd > 0, sd, 1.0)
    correlation = np.clip(covariance / np.outer(scale, scale), -1.0, 1.0)
    np.fill_diagonal(correlation, 1.0)
    return Errors(np.asarray(variance), by_draw, correlation, freedom)


def _takes_part(each: Difference, freedom: int, variance: float) -> bool:
    """Return whether the interval of a difference can miss."""
    if each.estimate is None or freedom < 1:
        return False
    return each.discordant is not None or _spreads(each, variance)


def _spreads(each: Difference, variance: float) -> bool:
    """Return whether a difference varies by more than rounding."""
    return math.sqrt(variance) > _ROUNDING * max(abs(each.estimate or 0.0), 1e-300)


def common_level(correlation: Values, freedom: NDArray[np.int64]) -> float:
    """Return the share of experiments in which each interval alone may miss, so that any does in 5 %.

    correlation : float64[K, K]; freedom : int64[K], degrees of freedom, at least 1. Between 0.05 / K and 0.05.
    """
    miss, count = 1.0 - LEVEL, len(freedom)
    if count < 2:
        return miss
    smallest = np.sort(_smallest(_root(correlation), freedom))
    found = float(smallest[math.floor(miss * len(smallest))])
    return min(miss, max(miss / count, found))


def _smallest(root: Values, freedom: NDArray[np.int64]) -> Values:
    """Simulate experiments in which no two points differ; return the smallest p-value in each, float64[experiment]."""
    from scipy.special import chdtri, stdtr

    rng, found = np.random.default_rng(20_240_806), []
    size = max(1, min(_SIMULATIONS, _AT_ONCE // len(freedom)))
    for _ in range(-(-_SIMULATIONS // size)):
        deviates = np.abs(rng.standard_normal((size, root.shape[1])) @ root.T)
        chance, smallest = rng.random(size), np.ones(size)
        for each in np.unique(freedom):
            largest = deviates[:, freedom == each].max(axis=1) / np.sqrt(chdtri(each, chance) / each)
            smallest = np.minimum(smallest, 2.0 * stdtr(each, -largest))
        found.append(smallest)
    return np.concatenate(found)


def _root(correlation: Values) -> Values:
    """Return a matrix whose product with its transpose is the nearest thing to a correlation matrix.

    Two-way clusters may give slightly negative eigenvalues, which become zero.
    """
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.asarray(root / np.sqrt(np.square(root).sum(axis=1, keepdims=True)), np.float64)


def _critical(alone: float, freedom: int) -> float:
    """Return the two-sided critical value of Student's t; not-a-number where nothing is known."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1.0 - alone / 2.0)) if freedom >= 1 else math.nan


def _interval(each: Difference, variance: float, critical: float, runs: Crossing) -> tuple[float, float] | None:
    if each.estimate is None or math.isnan(critical):
        return None
    if each.discordant is not None:
        return paired_shares(each.discordant, effective_runs(each, variance, runs), critical)
    if not _spreads(each, variance) and each.both.sum() < EVERY_RUN:
        return None
    half = critical * math.sqrt(variance)
    return each.estimate - half, each.estimate + half


def effective_runs(each: Difference, variance: float, runs: Crossing) -> float:
    """Return how many independent runs would give a difference of shares the variance that crossed runs give it.

    Where the runs show no variance, there are as many as draws, or replications if those are fewer.
    """
    count = int(each.both.sum())
    assert each.discordant is not None
    first, second = each.discordant
    alone = (first + second - (first - second) ** 2) / max(count - 1, 1)
    if alone > _ROUNDING**2 and variance > 0:
        return min(float(count), max(1.0, count * alone / variance))
    if not runs.draw.any():
        return float(count)
    return float(min(len(np.unique(cluster)) for cluster in runs.only(each.both)))


def paired_shares(discordant: tuple[float, float], count: float, critical: float) -> tuple[float, float]:
    """Return the interval of a difference of paired shares (Bonett and Price 2012, the adjusted Wald interval).

    discordant : shares of runs with 1 in the first only and in the second only, out of `count` runs.
    """
    first, second = ((share * count + 1.0) / (count + 2.0) for share in discordant)
    middle = first - second
    half = critical * math.sqrt((first + second - middle**2) / (count + 2.0))
    seen = discordant[0] - discordant[1]
    return max(-1.0, min(seen, middle - half)), min(1.0, max(seen, middle + half))
