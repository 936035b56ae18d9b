"""Payoffs of cells from runs, of which some cells may have more than others: estimates, resamplings, bands, contrasts.

**Estimates.** Replication r has the same luck in every cell, so differences are best known from replications that both
cells have. Let cells have R_0 < R_1 < ... replications. The estimate of a cell with R_k is its mean, plus what the
further replications did, on average, to the cells that have them (a control variate with coefficient one):

    m(c) = mean over r < R_k of x(c, r) + sum over j > k of average over cells s with R_j or more of
           (mean over r < R_j of x(s, r) - mean over r < R_(j-1) of x(s, r)).

Two cells with the same number so differ by their paired difference on all of their replications, whatever the others
have; where all have the same number this is the mean. It is the least-squares fit of cell + replication.

**Intervals** rest on the errors of these sums in each run (draw, replication) over crossed clusters, and hold together
(`sim.analysis.simultaneous`); of very many contrasts by Bonferroni's inequality.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.paired import Difference
from sim.analysis.simultaneous import LEVEL, errors_of, simultaneous
from sim.analysis.stats import Crossing

Values = NDArray[np.float64]
Whole = NDArray[np.int64]

MOST_TOGETHER = 1_500  # contrasts whose correlations are worked out
_AT_ONCE = 500


class Sampled(NamedTuple):
    """The runs of a game.

    values : float64[term, cell, draw, replication], not-a-number beyond a cell's replications; draw 0 is the central
    one. counts : int64[cell], how many replications each cell has. scales : float64[player, term], points a unit.
    """

    values: Values
    counts: Whole
    scales: Values

    @property
    def sampled(self) -> Values:
        """Return the draws that means are over: all but the central one, where there are others."""
        return self.values[:, :, 1:] if self.values.shape[2] > 1 else self.values

    def payoffs(self, values: Values) -> Values:
        """Return payoffs float64[..., player, rest] of term values float64[..., term, rest]."""
        return np.asarray(np.einsum("pt,...tc->...pc", self.scales, values))


def levelled(values: Values, counts: Whole, weights: Values | None = None) -> Values:
    """Return the estimate of each cell, float64[..., cell], of values float64[..., cell, replication].

    weights : float64[replication] or float64[resampling, replication], of a resampling of luck; the result then has
    the resamplings as its first axis.
    """
    weight = np.ones(values.shape[-1]) if weights is None else weights
    levels = np.unique(counts)
    lead = weight.shape[:-1]
    found = np.full((*lead, *values.shape[:-1]), np.nan)
    shift = np.zeros((*lead, *values.shape[:-2], 1))
    for k in range(len(levels) - 1, -1, -1):
        here, above = counts == levels[k], counts >= levels[k]
        found[..., here] = _mean(values[..., here, :], weight, int(levels[k])) + shift
        if k:
            parts = [_mean(values[..., above, :], weight, int(levels[j])) for j in (k, k - 1)]
            shift = shift + (parts[0] - parts[1]).mean(axis=-1, keepdims=True)
    return found


def _mean(values: Values, weight: Values, count: int) -> Values:
    """Return weighted means over the first replications."""
    some, own = values[..., :count], weight[..., :count]
    share = own / own.sum(axis=-1, keepdims=True)
    return np.asarray(some @ share if share.ndim == 1 else np.moveaxis(some @ share.T, -1, 0))


def errors(payoffs: Values, counts: Whole) -> Values:
    """Return the error of each cell's estimate in each run, float64[player, cell, draw x replication]; they sum to 0.

    payoffs : float64[player, cell, draw, replication].
    """
    players, cells, draws, most = payoffs.shape
    levels = np.unique(counts)
    found, shift = np.zeros(payoffs.shape), np.zeros((players, 1, draws, most))
    for k in range(len(levels) - 1, -1, -1):
        here, above = counts == levels[k], counts >= levels[k]
        found[:, here] = _errors(payoffs[:, here], int(levels[k])) + shift
        if k:
            parts = [_errors(payoffs[:, above], int(levels[j])) for j in (k, k - 1)]
            shift = shift + (parts[0] - parts[1]).mean(axis=1, keepdims=True)
    return found.reshape(players, cells, draws * most)


def _errors(payoffs: Values, count: int) -> Values:
    found, some = np.zeros(payoffs.shape), payoffs[..., :count]
    found[..., :count] = (some - some.mean(axis=(-2, -1), keepdims=True)) / (some.shape[-2] * count)
    return found


class Contrasts(NamedTuple):
    """Differences of payoffs: first cell less second cell of a player, with joint intervals (not-a-number: unknown).

    floor : half the width that endless replications of the same draws would leave.
    """

    player: Whole
    first: Whole
    second: Whole
    estimate: Values
    low: Values
    high: Values
    floor: Values

    @property
    def told(self) -> NDArray[np.bool_]:
        """Return whether the sign is told."""
        return np.asarray((self.low > 0) | (self.high < 0))


def deviations(shape: tuple[int, ...]) -> tuple[Whole, Whole, Whole]:
    """Return player, first and second cell of each pair of cells between which one player alone decides."""
    cells = np.arange(int(np.prod(shape))).reshape(shape)
    rows: list[tuple[int, int, int]] = []
    for player, size in enumerate(shape):
        along = np.moveaxis(cells, player, 0).reshape(size, -1)
        for first, second in combinations(range(size), 2):
            rows += [(player, int(a), int(b)) for a, b in zip(along[first], along[second], strict=True)]
    found = np.array(rows, np.int64).reshape(-1, 3)
    return found[:, 0], found[:, 1], found[:, 2]


class Judge:
    """Tells payoffs and their differences with intervals that hold together."""

    def __init__(self, sampled: Sampled) -> None:
        """Work out estimates and errors."""
        payoffs = np.einsum("pt,tcdr->pcdr", sampled.scales, np.nan_to_num(sampled.sampled))
        self.counts = sampled.counts
        self.estimates = sampled.payoffs(levelled(np.nan_to_num(sampled.sampled).mean(axis=2), sampled.counts))
        self._errors = errors(payoffs, sampled.counts)
        draws, most = payoffs.shape[2:]
        first = 1 if sampled.values.shape[2] > 1 else 0
        draw, replication = np.indices((draws, most)).reshape(2, -1)
        self._runs = Crossing(draw + first, replication)

    def contrasts(self, player: Whole, first: Whole, second: Whole) -> Contrasts:
        """Return differences of payoffs with simultaneous intervals."""
        estimate = self.estimates[player, first] - self.estimates[player, second]
        rows = [
            Difference(float(value), self._errors[p, a] - self._errors[p, b], self._both(a, b), None)
            for value, p, a, b in zip(estimate, player, first, second, strict=True)
        ]
        low, high, floor = self._intervals(rows)
        return Contrasts(player, first, second, estimate, low, high, floor)

    def bands(self) -> tuple[Values, Values]:
        """Return simultaneous intervals of all payoffs, float64[player, cell] each."""
        players, cells = self.estimates.shape
        rows = [
            Difference(float(self.estimates[p, c]), self._errors[p, c], self._both(c, c), None)
            for p in range(players)
            for c in range(cells)
        ]
        low, high, _ = self._intervals(rows)
        return low.reshape(players, cells), high.reshape(players, cells)

    def _both(self, first: int, second: int) -> NDArray[np.bool_]:
        return np.asarray(self._runs.replication < min(self.counts[first], self.counts[second]))

    def _intervals(self, rows: list[Difference]) -> tuple[Values, Values, Values]:
        if len(rows) > MOST_TOGETHER:
            return self._bonferroni(rows)
        found = simultaneous(rows, self._runs)
        pairs = [(np.nan, np.nan) if each is None else each for each in found.intervals]
        low, high = np.array(pairs, np.float64).reshape(-1, 2).T
        return low, high, found.floor

    def _bonferroni(self, rows: list[Difference]) -> tuple[Values, Values, Values]:
        from scipy.special import stdtrit

        parts = [errors_of(rows[k : k + _AT_ONCE], self._runs) for k in range(0, len(rows), _AT_ONCE)]
        freedom = np.concatenate([each.freedom for each in parts])
        critical = stdtrit(np.maximum(freedom, 1), 1 - (1 - LEVEL) / (2 * len(rows)))
        half, floor = (
            np.sqrt(np.concatenate(each)) for each in zip(*[(p.variance, p.by_draw) for p in parts], strict=True)
        )
        half, estimate = np.where(freedom < 1, np.nan, critical * half), np.array([row.estimate for row in rows])
        return estimate - half, estimate + half, critical * floor
