"""Choosing under assumptions that nobody knows: signed regret, satisficing, and what knowing them would be worth.

An option's value in a draw of the assumptions is its mean over luck, as far as replications tell. Luck left in these
means makes the best option of a draw look better than it is; so each number that rests on picking the best has a second
one beside it, for which the pick is made in half of the replications (or in other draws) and valued in the rest. The
first is too high on average, the second too low.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.stats import NORMAL_975, wilson

Values = NDArray[np.float64]
KNOTS = (0.1, 0.37, 0.63, 0.9)
FOLDS = 10


class Regret(NamedTuple):
    """An option's regret: what the best option of each draw has more. Never below zero.

    mean : with its half width over draws; honest : the mean with the best picked on other luck.
    best_share : share of draws in which the option is the best.
    """

    mean: float
    half_width: float
    p90: float
    worst: float
    honest: float
    best_share: float


class Worth(NamedTuple):
    """The value of knowing something before choosing: as fitted (too high), by picks made elsewhere (too low)."""

    fitted: float
    honest: float
    half_width: float

    @property
    def told(self) -> bool:
        """Return whether it is told from nothing."""
        return self.honest - self.half_width > 0


def regrets(gains: Values) -> list[Regret]:
    """Return the regret of each option from gains (more is better), float64[option, draw, replication], finite."""
    means = gains.mean(axis=2)
    loss = means.max(axis=0) - means
    half = gains.shape[2] // 2
    if half:
        one, other = gains[:, :, :half].mean(axis=2), gains[:, :, half:].mean(axis=2)
        honest = np.maximum(
            (_crossed(one, other) + _crossed(other, one)) / 2, 0.0
        )  # picks may do worse than one option
    else:
        honest = np.full(len(gains), np.nan)
    best = means == means.max(axis=0)
    shares = (best / best.sum(axis=0)).mean(axis=1)
    return [
        Regret(
            float(each.mean()),
            NORMAL_975 * float(each.std(ddof=1)) / len(each) ** 0.5,
            float(np.quantile(each, 0.9)),
            float(each.max()),
            float(honest[k]),
            float(shares[k]),
        )
        for k, each in enumerate(loss)
    ]


def _crossed(pick: Values, value: Values) -> Values:
    """Return the mean regret of each option where the best is picked by one table and valued by another."""
    best = np.take_along_axis(value, pick.argmax(axis=0)[None], axis=0)[0]
    return np.asarray((best - value).mean(axis=1), np.float64)


def satisficing(met: NDArray[np.bool_]) -> list[tuple[float, float, float]]:
    """Return the share of draws in which each option meets a condition, with its 95 % interval; bool[option, draw]."""
    return [(float(each.mean()), *wilson(float(each.mean()), len(each))) for each in met]


def perfect_information(gains: Values) -> Worth:
    """Return the expected value of knowing all assumptions before choosing (EVPI), gains as in `regrets`."""
    means = gains.mean(axis=2)
    chosen = int(means.mean(axis=1).argmax())
    found = regrets(gains)[chosen]
    return Worth(found.mean, max(0.0, found.honest) if found.honest == found.honest else np.nan, found.half_width)


def partial_information(gains: Values, column: Values) -> Worth:
    """Return the expected value of knowing one assumption (EVPPI), float64[draw], by regression on a spline of it.

    fitted : from the fit of all draws (Strong, Oakley and Brennan 2014), too high by overfitting; honest : the option
    of each tenth of the draws picked by the fit of the others, valued by its runs. Of two options only their difference
    counts, so luck that both share drops out.
    """
    means = gains.mean(axis=2)
    chosen = int(means.mean(axis=1).argmax())
    ahead = means - means[chosen]
    basis = spline(column)
    fit = basis @ np.linalg.lstsq(basis, ahead.T, rcond=None)[0]
    fitted = float(fit.max(axis=1).mean() - fit.mean(axis=0).max())
    pick, fold = np.empty(len(column), np.int64), np.arange(len(column)) % FOLDS
    for k in range(FOLDS):
        some = fold != k
        weights = np.linalg.lstsq(basis[some], ahead[:, some].T, rcond=None)[0]
        pick[~some] = (basis[~some] @ weights).argmax(axis=1)
    won = np.take_along_axis(ahead, pick[None], axis=0)[0]
    half = NORMAL_975 * float(won.std(ddof=1)) / len(won) ** 0.5
    return Worth(max(0.0, fitted), max(0.0, float(won.mean())), half)


def spline(column: Values) -> Values:
    """Return the basis of a piecewise linear fit with four knots at quantiles, float64[draw, up to 6]."""
    knots = np.unique(np.quantile(column, KNOTS))
    scale = float(column.std()) or 1.0
    hinges = [np.maximum(column - knot, 0.0) / scale for knot in knots if column.min() < knot < column.max()]
    return np.stack([np.ones(len(column)), (column - column.mean()) / scale, *hinges], axis=1)


class BreakEven(NamedTuple):
    """Where along an assumption the best option changes, by the fit: its value, the option below and the one above."""

    at: float
    below: str
    above: str


def break_evens(gains: Values, column: Values, options: Sequence[str]) -> list[BreakEven]:
    """Return the values of an assumption, within its 5 to 95 %, at which another option becomes the best."""
    basis = spline(column)
    fit = basis @ np.linalg.lstsq(basis, gains.mean(axis=2).T, rcond=None)[0]
    low, high = np.quantile(column, [0.05, 0.95])
    order = np.argsort(column, kind="stable")
    order = order[(column[order] >= low) & (column[order] <= high)]
    best = fit[order].argmax(axis=1)
    turns = np.flatnonzero(np.diff(best))
    x = column[order]
    return [BreakEven(float(x[k] + x[k + 1]) / 2, options[best[k]], options[best[k + 1]]) for k in turns]


def worths(gains: Values, inputs: Mapping[str, Values]) -> dict[str, Worth]:
    """Return the value of knowing each assumption, the most valuable first (by what is told, then as fitted)."""
    found = {name: partial_information(gains, column) for name, column in inputs.items() if np.ptp(column) > 0}
    return dict(sorted(found.items(), key=lambda item: (-item[1].honest, -item[1].fitted)))
