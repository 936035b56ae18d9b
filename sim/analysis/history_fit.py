"""What battles say of a force ratio: logistic and linear fits under many weightings at once, bands, scores, bins.

A weighting is a way of counting the battles. All of them once gives the fit; campaigns drawn with replacement give its
uncertainty (battles of a campaign share armies, commanders and coders, so campaigns are what is resampled); all but one
campaign gives the fit that is to foresee that campaign.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.stats import student_975, wilson

Values = NDArray[np.float64]
Clusters = NDArray[np.int64]

RESAMPLES = 1_000
LARGEST = 30.0  # a coefficient beyond it comes from a sample that the ratio separates: no estimate
_STEPS, _STEP = 40, 3.0


class Estimate(NamedTuple):
    """A number with its standard error and 95 % interval over resampled campaigns."""

    value: float
    error: float
    low: float
    high: float


class Gap(NamedTuple):
    """A mean score, and how far it is from a reference's: the difference with its 95 % interval over campaigns."""

    score: float
    difference: float
    low: float
    high: float


class Bin(NamedTuple):
    """Battles of a range: how many, the mean of what was foreseen (or of the ratio), the share, Wilson's interval."""

    battles: int
    middle: float
    share: float
    low: float
    high: float


def resamples(cluster: Clusters, count: int, seed: int) -> Values:
    """Return weightings in which campaigns are drawn with replacement, float64[sample, battle]."""
    groups = int(cluster.max()) + 1
    drawn = np.random.Generator(np.random.PCG64(seed)).multinomial(groups, np.full(groups, 1 / groups), size=count)
    return np.asarray(drawn[:, cluster], np.float64)


def without_each(cluster: Clusters) -> Values:
    """Return the weightings that leave out one campaign, float64[campaign, battle]."""
    return np.asarray(np.arange(int(cluster.max()) + 1)[:, None] != cluster, np.float64)


def logit_fits(x: Values, won: Values, weights: Values) -> Values:
    """Return intercept and slope of logit P(won) on x under each weighting, float64[weighting, 2], by Newton's method.

    x, won : float64[battle]. Not-a-number where there is no finite maximum.
    """
    found = np.zeros((len(weights), 2))
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(found[:, :1] + found[:, 1:] * x, -500, 500)))
        error, curve = weights * (won - p), weights * p * (1 - p)
        g0, g1 = error.sum(1), error @ x
        h00, h01, h11 = curve.sum(1), curve @ x, curve @ (x * x)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.stack((h11 * g0 - h01 * g1, h00 * g1 - h01 * g0), 1) / (h00 * h11 - h01**2)[:, None]
        found = found + np.clip(step, -_STEP, _STEP)
        if not np.nanmax(np.abs(step), initial=0.0) > 1e-10:
            break
    found[~(np.abs(found) < LARGEST).all(1)] = np.nan
    return found


def line_fits(terms: Values, y: Values, weights: Values) -> Values:
    """Return the least-squares coefficients under each weighting, float64[weighting, term].

    terms : float64[battle, term], a column of ones among them where there is an intercept.
    """
    squares = np.einsum("sb,bi,bj->sij", weights, terms, terms)
    found = np.linalg.pinv(squares) @ ((weights * y) @ terms)[:, :, None]
    return np.asarray(found[:, :, 0], np.float64)


def residual_sds(terms: Values, y: Values, weights: Values) -> Values:
    """Return the standard deviation of the residuals under each weighting, float64[weighting]."""
    residual = y - line_fits(terms, y, weights) @ terms.T
    freedom = np.maximum(weights.sum(1) - terms.shape[1], 1.0)
    return np.asarray(np.sqrt((weights * residual**2).sum(1) / freedom), np.float64)


def inner_sds(terms: Values, y: Values, weights: Values, cluster: Clusters) -> Values:
    """Return the standard deviation of residuals within campaigns under each weighting, float64[weighting].

    Battles of a campaign have one weight, so each is taken from its campaign's mean; a campaign of one says nothing.
    """
    size = np.bincount(cluster)[cluster]
    inside = [column - (np.bincount(cluster, column) / np.bincount(cluster))[cluster] for column in (*terms.T, y)]
    varied = np.stack([column for column in inside[:-1] if np.ptp(column) > 0], 1)
    residual = inside[-1] - line_fits(varied, inside[-1], weights) @ varied.T
    freedom = np.maximum((weights * (1 - 1 / size)).sum(1) - varied.shape[1], 1.0)
    return np.asarray(np.sqrt((weights * residual**2).sum(1) / freedom), np.float64)


def estimate(value: float, sampled: Values) -> Estimate:
    """Return a number with the spread of its resampled values, float64[sample]; without those that are none."""
    kept = sampled[np.isfinite(sampled)]
    if len(kept) < 2:
        return Estimate(value, math.nan, math.nan, math.nan)
    low, high = (float(q) for q in np.quantile(kept, (0.025, 0.975)))
    return Estimate(value, float(kept.std(ddof=1)), low, high)


def band(lines: Values) -> tuple[Values, Values]:
    """Return the pointwise 95 % band of curves, float64[sample, point]."""
    low, high = np.nanquantile(lines, (0.025, 0.975), axis=0)
    return low, high


def gap(losses: Values, reference: Values, cluster: Clusters) -> Gap:
    """Return a mean score with its difference from a reference's; battles of a campaign count together.

    losses, reference : float64[battle], the lower the better.
    """
    apart = losses - reference
    mean = float(apart.mean())
    sums = np.bincount(cluster, apart - mean)
    groups = len(sums)
    error = math.sqrt(float(sums @ sums) * groups / max(groups - 1, 1)) / len(apart)
    half = student_975(max(groups - 1, 1)) * error
    return Gap(float(losses.mean()), mean, mean - half, mean + half)


def bins(by: Values, won: Values, edges: Values) -> tuple[Bin, ...]:
    """Return the shares of battles won in the ranges between edges; empty ranges are left out."""
    place = np.searchsorted(edges, by, side="right")
    return tuple(one_bin(by[place == k], won[place == k]) for k in np.unique(place))


def one_bin(by: Values, won: Values) -> Bin:
    """Return the share of battles won (or of what else is 1 or 0), and the mean of what they were put together by."""
    share = float(won.mean())
    return Bin(len(won), float(by.mean()), share, *wilson(share, len(won)))


def equal_counts(by: Values, count: int) -> Values:
    """Return the edges that part values into so many ranges of about as many each."""
    return np.unique(np.quantile(by, np.arange(1, count) / count))


def brier(p: Values, won: Values) -> Values:
    """Return the Brier score of each battle, 0 to 1, the lower the better."""
    return np.asarray((p - won) ** 2, np.float64)


def log_score(p: Values, won: Values) -> Values:
    """Return minus the log probability of what happened, the lower the better."""
    kept = np.clip(p, 1e-6, 1 - 1e-6)
    return np.asarray(-(won * np.log(kept) + (1 - won) * np.log1p(-kept)), np.float64)
