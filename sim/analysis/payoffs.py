"""Payoffs of cells from runs, of which some cells may have more than others: estimates, resamplings, bands, contrasts.

**Reference.** An origin of payoffs means nothing. They are counted from a reference cell, run by run: what is common to
all cells (the luck of a run, the assumptions of a draw) so drops out of their intervals.

**Estimates.** Replication r has the same luck in every cell, so differences are best known from replications that both
cells have. A cell with fewer replications than others is estimated through its *partner*, the cell with more of them
from which it differs least from run to run:

    m(c) = m(partner) + mean over the replications of c of (x(c, r) - x(partner, r)),

and a cell with as many replications as any by its mean. Two cells with the same number so differ by their paired
difference, a cell and its partner likewise, and cells that are the same in every run are the same.

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
    reference : a cell with as many replications as any, of which all payoffs are counted from, run by run.
    """

    values: Values
    counts: Whole
    scales: Values
    reference: int

    @property
    def gains(self) -> Values:
        """Return values less those of the reference in the same run; shape as the values."""
        return np.asarray(self.values - self.values[:, [self.reference]])

    @property
    def sampled(self) -> Values:
        """Return gains in the draws that means are over: all but the central one, where there are others.

        Zero in place of not-a-number.
        """
        gains = np.nan_to_num(self.gains)
        return gains[:, :, 1:] if gains.shape[2] > 1 else gains

    def payoffs(self, values: Values) -> Values:
        """Return payoffs float64[..., player, rest] of term values float64[..., term, rest]."""
        return np.asarray(np.einsum("pt,...tc->...pc", self.scales, values))


class Levels(NamedTuple):
    """How many replications each cell has, and its partner (-1 where it has as many as any), int64[cell] each."""

    counts: Whole
    partner: Whole

    def order(self) -> list[int]:
        """Return the cells such that partners come first."""
        return [int(cell) for cell in np.argsort(-self.counts, kind="stable")]


def levels_of(payoffs: Values, counts: Whole) -> Levels:
    """Return the partner of each cell; payoffs : float64[player, cell, draw, replication]."""
    partner = np.full(len(counts), -1, np.int64)
    scale = np.maximum(payoffs[..., : int(counts.min())].var(axis=(1, 2, 3)), 1e-300)[:, None]
    for cell in np.flatnonzero(counts < counts.max()):
        count, more = int(counts[cell]), np.flatnonzero(counts > counts[cell])
        apart = payoffs[:, more, :, :count] - payoffs[:, [cell], :, :count]
        partner[cell] = more[int((apart.var(axis=(2, 3)) / scale).sum(axis=0).argmin())]
    return Levels(counts, partner)


def levelled(values: Values, levels: Levels, weights: Values | None = None) -> Values:
    """Return the estimate of each cell, float64[..., cell], of values float64[..., cell, replication].

    weights : float64[resampling, replication], of resamplings of luck, which then are the first axis of the result.
    """
    weight = np.ones(values.shape[-1]) if weights is None else weights
    found = np.zeros((*weight.shape[:-1], *values.shape[:-1]))
    for count in np.unique(levels.counts)[::-1].tolist():
        here = np.flatnonzero(levels.counts == count)
        partner = levels.partner[here]
        alone = partner < 0
        found[..., here[alone]] = _mean(values[..., here[alone], :], weight, count)
        if not alone.all():
            apart = values[..., here[~alone], :] - values[..., partner[~alone], :]
            found[..., here[~alone]] = found[..., partner[~alone]] + _mean(apart, weight, count)
    return found


def _mean(values: Values, weight: Values, count: int) -> Values:
    """Return weighted means over the first replications."""
    some, own = values[..., :count], weight[..., :count]
    share = own / own.sum(axis=-1, keepdims=True)
    return np.asarray(some @ share if share.ndim == 1 else np.moveaxis(some @ share.T, -1, 0))


def errors(payoffs: Values, levels: Levels) -> Values:
    """Return the error of each cell's estimate in each run, float64[player, cell, draw x replication]; they sum to 0.

    payoffs : float64[player, cell, draw, replication].
    """
    players, cells, draws, most = payoffs.shape
    found = np.zeros(payoffs.shape)
    for cell in levels.order():
        partner, count = int(levels.partner[cell]), int(levels.counts[cell])
        some = payoffs[:, cell, :, :count]
        if partner >= 0:
            found[:, cell] = found[:, partner]
            some = some - payoffs[:, partner, :, :count]
        found[:, cell, :, :count] += (some - some.mean(axis=(-2, -1), keepdims=True)) / (draws * count)
    return found.reshape(players, cells, draws * most)


class Contrasts(NamedTuple):
    """Differences of payoffs: first cell less second cell of a player, with joint intervals (not-a-number: unknown).

    floor : half the width that endless replications of the same draws would leave; 0 where draws do not tell.
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
        payoffs = np.einsum("pt,tcdr->pcdr", sampled.scales, sampled.sampled)
        self.levels = levels_of(payoffs, sampled.counts)
        self.estimates = sampled.payoffs(levelled(sampled.sampled.mean(axis=2), self.levels))
        self._errors = errors(payoffs, self.levels)
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
        lasts = np.array([self._lasts(row) for row in rows], np.bool_)
        return Contrasts(player, first, second, estimate, low, high, np.where(lasts, floor, 0.0))

    def _lasts(self, row: Difference) -> bool:
        """Return whether a difference is told to vary from draw to draw by more than luck explains (5 % level)."""
        from scipy.special import chdtri

        by_draw = np.bincount(self._runs.draw, row.errors)[self._runs.draw.min() :]
        alone, draws = float(np.square(row.errors).sum()), len(by_draw)
        if draws < 2 or alone == 0:
            return False
        return bool(np.square(by_draw).sum() * draws / (draws - 1) > alone * chdtri(draws - 1, 0.05) / (draws - 1))

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
        return np.asarray(self._runs.replication < min(self.levels.counts[first], self.levels.counts[second]))

    def _intervals(self, rows: list[Difference]) -> tuple[Values, Values, Values]:
        if not rows:
            return np.zeros(0), np.zeros(0), np.zeros(0)
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
