"""Sobol' indices of the mean over luck, freed of the noise of few replications, and luck's share of the variance.

Y = f(x, w): x the assumptions, w luck, g(x) = E[Y | x] the mean over luck. Indices are those of g. A sample of f at few
replications has g's variance and luck's mixed; a square of it is too large. So every square here is a product of two
*different* replications, averaged over all such pairs: luck is independent between them and drops out on average. All
points share the replications, so what luck does to all points alike drops out of every difference, too.

Estimators: Azzini and Rosati (2020), from A, B and for each group of inputs A with the group from B and the reverse:
    S = 2 sum (f(BA) - f(B)) (f(A) - f(AB)) / sum [(f(A) - f(B))^2 + (f(BA) - f(AB))^2]
    T = sum [(f(B) - f(BA))^2 + (f(A) - f(AB))^2] / the same
They are made of differences, so small indices are told well. SciPy's and SALib's take one number a point and know
nothing of luck: on few replications their total indices take luck for interactions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.stats import NORMAL_975

Values = NDArray[np.float64]
_Statistic = Callable[[Values], Values]  # of the sums of the three terms, float64[3, sample]
BOOTSTRAPS = 400
_HEAD = 2  # matrices before those of the groups: A and B


class Interval(NamedTuple):
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float


class Index(NamedTuple):
    """A group's first-order and total index."""

    first: Interval
    total: Interval


class Found(NamedTuple):
    """Indices of the groups; None where the mean over luck does not vary so that it can be told.

    variance : of the mean over luck, with its interval over rows.
    used : rows of the design that had a value at every point, of all that were asked.
    """

    groups: tuple[Index, ...] | None
    variance: Interval
    used: int
    asked: int


class LuckShare(NamedTuple):
    """Luck's share of an outcome's variance, E[Var(Y | assumptions)] / Var(Y); None where Y does not vary."""

    share: Interval | None
    variance: float
    used: int
    asked: int


def pick_freeze(groups: Sequence[Sequence[int]], rows: int, factors: int, seed: int) -> Values:
    """Return the quantiles of A, B, then AB and BA of each group, float64[matrix, row, factor].

    A and B are the halves of a scrambled Sobol' sequence; the first groups have its first (best) dimensions.
    """
    from scipy.stats import qmc

    order = [k for group in groups for k in group]
    order += [k for k in range(factors) if k not in set(order)]
    sequence = qmc.Sobol(2 * factors, scramble=True, rng=np.random.default_rng([seed, factors]))
    made = np.asarray(sequence.random_base2(max(1, (rows - 1).bit_length())))[:rows]
    first, second = np.empty((rows, factors)), np.empty((rows, factors))
    first[:, order], second[:, order] = made[:, 0::2], made[:, 1::2]
    matrices = [first, second]
    for group in groups:
        columns = list(group)
        for base, other in ((first, second), (second, first)):
            mixed = base.copy()
            mixed[:, columns] = other[:, columns]
            matrices.append(mixed)
    return np.stack(matrices)


def indices(values: Values, seed: int = 0) -> Found:
    """Return the indices of each group from float64[matrix, row, replication], matrices as `pick_freeze` makes them.

    A row that lacks a value at any of its points is left out. Intervals: the variance of a bootstrap over rows plus,
    from three replications on, that of a jackknife over replications.
    """
    whole: NDArray[np.bool_] = np.asarray(np.isfinite(values).all(axis=(0, 2)))
    used = values[:, whole]
    if whole.sum() < 8:
        return Found(None, Interval(np.nan, np.nan, np.nan), int(whole.sum()), len(whole))
    weights = _weights(used.shape[1], seed)
    spread = _interval(used[:4, :, :], weights, lambda terms: terms[1] / 4, with_luck=False)
    if not spread.low > 0:
        return Found(None, spread, int(whole.sum()), len(whole))
    groups = []
    for k in range((len(values) - _HEAD) // 2):
        pair = used[[0, 1, _HEAD + 2 * k, _HEAD + 2 * k + 1]]
        first = _interval(pair, weights, lambda terms: terms[0] / terms[1])
        total = _interval(pair, weights, lambda terms: terms[2] / terms[1])
        groups.append(Index(first, total))
    return Found(tuple(groups), spread, int(whole.sum()), len(whole))


def _products(one: Values, other: Values) -> Values:
    """Return the mean product over pairs of different replications, float64[row]; of one replication its product."""
    count = one.shape[-1]
    same = (one * other).sum(axis=-1)
    if count < 2:
        return np.asarray(same, np.float64)
    return np.asarray((one.sum(axis=-1) * other.sum(axis=-1) - same) / (count * (count - 1)), np.float64)


def _terms(values: Values) -> Values:
    """Return 2 (BA - B)(A - AB), (A - B)^2 + (BA - AB)^2 and (B - BA)^2 + (A - AB)^2, float64[3, row]."""
    a, b, ab, ba = values[0], values[1], values[2], values[3]
    return np.stack(
        [
            2 * _products(ba - b, a - ab),
            _products(a - b, a - b) + _products(ba - ab, ba - ab),
            _products(b - ba, b - ba) + _products(a - ab, a - ab),
        ]
    )


def _weights(rows: int, seed: int) -> Values:
    """Return how often each row counts: once in sample 0, then as bootstrap samples have it."""
    lots = np.random.default_rng([seed, rows]).multinomial(rows, np.full(rows, 1 / rows), BOOTSTRAPS)
    return np.concatenate([np.ones((1, rows)), lots]) / rows


def _interval(values: Values, weights: Values, of: _Statistic, with_luck: bool = True) -> Interval:
    sums = _terms(values) @ weights.T
    with np.errstate(divide="ignore", invalid="ignore"):
        found = of(sums)
    again = found[1:][np.isfinite(found[1:])]
    variance = float(np.var(again)) + (_jackknife(values, of) if with_luck else 0.0)
    half = NORMAL_975 * variance**0.5
    return Interval(float(found[0]), float(found[0]) - half, float(found[0]) + half)


def _jackknife(values: Values, of: _Statistic) -> float:
    """Return the variance over replications: each left out in turn; 0 where fewer than three are there."""
    count = values.shape[-1]
    if count < 3:
        return 0.0
    left = np.stack([_terms(np.delete(values, k, axis=-1)).mean(axis=1) for k in range(count)], axis=1)
    return float(np.var(of(left)) * (count - 1))


def luck_share(values: Values) -> LuckShare:
    """Return luck's share from draws with luck of their own, float64[draw, replication].

    The variance within draws is luck's; that of the draws' means, less what luck adds to it, the assumptions'. The
    interval is a jackknife over draws.
    """
    whole = values[np.isfinite(values).all(axis=1)]
    draws, replications = whole.shape
    if draws < 8 or replications < 2:
        return LuckShare(None, np.nan, draws, len(values))
    within, means = whole.var(axis=1, ddof=1), whole.mean(axis=1)

    def share(keep: NDArray[np.bool_] | slice) -> tuple[float, float]:
        luck = float(within[keep].mean())
        between = max(0.0, float(means[keep].var(ddof=1)) - luck / replications)
        return (luck / (luck + between) if luck + between > 0 else np.nan), luck + between

    value, total = share(slice(None))
    if not total > 0:
        return LuckShare(None, 0.0, draws, len(values))
    ones = np.ones(draws, np.bool_)
    left = []
    for k in range(draws):
        ones[k] = False
        left.append(share(ones)[0])
        ones[k] = True
    half = NORMAL_975 * float(np.sqrt(np.var(left) * (draws - 1)))
    return LuckShare(Interval(value, max(0.0, value - half), min(1.0, value + half)), total, draws, len(values))
