"""Draws from the posterior of assumptions, given an emulator of runs and figures: tempered particles (Del Moral 2006).

Particles start at the prior (standard normal scores), and the likelihood is raised from power 0 to 1 in steps that
keep half of the effective sample; after each, particles are resampled and moved by random walks. Deterministic for a
seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim.analysis.emulator import Emulator
from sim.analysis.observation_model import LAG_DAYS, Seen

Values = NDArray[np.float64]
Lags = NDArray[np.int64]
Move = Callable[["Cloud"], "Cloud"]

PARTICLES = 2_000
_KEPT = 0.5  # of the effective sample, in a step
_WALKS = 12  # random-walk moves after each step, at least; half as many as there are inputs
_LAG_MOVES = 0.3  # share of moves that also draw a lag anew
_SMALLEST_STEP = 1e-5
_TARGET_ACCEPTED = 0.25


@dataclass
class Likelihood:
    """Log-likelihood of figures at scores and lags: normal about the emulator's mean, scatter and errors added.

    The emulator's outputs are what runs say on the figures' dates, then their change over LAG_DAYS for those that lag.
    """

    seen: Seen
    emulator: Emulator
    _factors: dict[tuple[int, ...], tuple[Values, float]] = field(default_factory=dict)

    def __call__(self, scores: Values, lags: Lags) -> Values:
        """Return the log-likelihood, float64[particle]; scores float64[particle, input], lags int64[particle, map]."""
        means = self.emulator.mean(scores)
        found = np.empty(len(scores))
        for lag in np.unique(lags, axis=0) if lags.shape[1] else lags[:1]:
            at = np.all(lags == lag, axis=1)
            whiten, constant = self._factor(tuple(int(each) for each in lag))
            left = self.seen.target - means[at] @ mixing(self.seen, lag).T
            found[at] = constant - 0.5 * ((left @ whiten.T) ** 2).sum(axis=1)
        return found

    def _factor(self, lag: tuple[int, ...]) -> tuple[Values, float]:
        """Return the matrix that whitens residuals at a lag, and the constant of the density."""
        if lag not in self._factors:
            mixed = mixing(self.seen, np.array(lag, np.int64))
            lower = np.linalg.cholesky(mixed @ self.emulator.covariance @ mixed.T + self.seen.covariance)
            whiten = np.linalg.solve(lower, np.eye(len(lower)))
            self._factors[lag] = whiten, float(np.log(np.diag(whiten)).sum())
        return self._factors[lag]


def mixing(seen: Seen, lag: Lags) -> Values:
    """Return the matrix that makes figures of an emulator's outputs at a lag, float64[figure, output]."""
    slow = np.flatnonzero(seen.lag_of >= 0)
    made = np.zeros((len(seen.figures), len(seen.figures) + len(slow)))
    made[np.arange(len(seen.figures)), np.arange(len(seen.figures))] = 1.0
    for column, figure in enumerate(slow):
        made[figure, len(seen.figures) + column] = lag[seen.lag_of[figure]] / LAG_DAYS
    return made


@dataclass(frozen=True)
class Cloud:
    """Particles: scores float64[particle, input], lags int64[particle, map], log-likelihood float64[particle]."""

    scores: Values
    lags: Lags
    loglik: Values

    def take(self, at: NDArray[np.int64]) -> Cloud:
        """Return particles by number."""
        return Cloud(self.scores[at], self.lags[at], self.loglik[at])


@dataclass(frozen=True)
class Posterior:
    """Particles of equal weight, the share of moves accepted at the end, and how many steps it took."""

    cloud: Cloud
    accepted: float
    steps: int


def posterior(likelihood: Likelihood, inputs: int, seed: int, particles: int = PARTICLES) -> Posterior:
    """Return particles of the posterior."""
    random = np.random.default_rng([seed, inputs, particles])
    lags = random.integers(0, LAG_DAYS + 1, (particles, len(likelihood.seen.claimants)))
    scores = random.normal(size=(particles, inputs))
    cloud = Cloud(scores, lags, likelihood(scores, lags))
    power, steps, scale, accepted = 0.0, 0, 1.0, 1.0
    while power < 1:
        step = tempering(cloud.loglik, 1 - power, _KEPT)
        weights = normalised(step * cloud.loglik)
        power = 1.0 if step >= 1 - power else power + step
        steps += 1
        cloud = cloud.take(systematic(weights, particles, random))
        for _ in range(max(_WALKS, inputs // 2)):
            cloud, accepted = _walk(cloud, likelihood, power, scale, random)
            scale *= float(np.exp(accepted - _TARGET_ACCEPTED))
    return Posterior(cloud, accepted, steps)


def tempering(loglik: Values, most: float, kept: float) -> float:
    """Return the largest power, up to `most`, that keeps a share of the effective sample."""
    if effective(normalised(most * loglik)) >= kept * len(loglik):
        return most
    low, high = _SMALLEST_STEP * most, most
    for _ in range(40):
        middle = (low + high) / 2
        if effective(normalised(middle * loglik)) >= kept * len(loglik):
            low = middle
        else:
            high = middle
    return low


def _walk(
    cloud: Cloud, likelihood: Likelihood, power: float, scale: float, random: np.random.Generator
) -> tuple[Cloud, float]:
    """Move each particle by a random walk along the cloud's own shape; return the share accepted."""
    count, inputs = cloud.scores.shape
    shape = np.linalg.cholesky(np.atleast_2d(np.cov(cloud.scores.T)) + 1e-10 * np.eye(inputs))
    to = cloud.scores + scale * 2.38 / np.sqrt(inputs) * random.normal(size=(count, inputs)) @ shape.T
    anew = np.less(random.random(count), _LAG_MOVES)
    lags = np.where(anew[:, None], random.integers(0, LAG_DAYS + 1, cloud.lags.shape), cloud.lags)
    loglik = likelihood(to, lags)
    rise = power * (loglik - cloud.loglik) - 0.5 * ((to**2).sum(axis=1) - (cloud.scores**2).sum(axis=1))
    yes = np.log(random.random(count)) < rise
    scores = np.where(yes[:, None], to, cloud.scores)
    moved = Cloud(scores, np.where(yes[:, None], lags, cloud.lags), np.where(yes, loglik, cloud.loglik))
    return moved, float(yes.mean())


def normalised(logs: Values) -> Values:
    """Return weights that sum to one, of their logarithms."""
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum(), np.float64)


def effective(weights: Values) -> float:
    """Return the effective sample size of weights that sum to one (Kong 1992)."""
    return float(1 / np.square(weights).sum())


def systematic(weights: Values, count: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Return numbers of weighted things, each about as often as its weight says (systematic resampling)."""
    places = (random.random() + np.arange(count)) / count
    return np.minimum(np.searchsorted(np.cumsum(weights), places), len(weights) - 1).astype(np.int64)
