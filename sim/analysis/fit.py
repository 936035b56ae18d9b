"""A posterior by rounds of runs: a table under the prior, an emulator of it, its posterior, and runs there.

The likelihood of the figures is that of the emulator with the observation model added (synthetic likelihood, Wood 2010,
with the regression of Papamakarios et al. 2019 in place of many runs at each point). It does not depend on where the
runs were made, so each round makes runs where the round before puts the posterior, and is fitted on those alone: there
a quadratic is good. Assumptions that explain little keep their prior; they are in the scatter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.analysis.emulator import Emulator, fit, influence, influential
from sim.analysis.observation_model import LAG_DAYS, Seen, scaled, unscaled
from sim.analysis.posterior import (
    PARTICLES,
    Cloud,
    Likelihood,
    Posterior,
    effective,
    mixing,
    normalised,
    posterior,
)
from sim.errors import InputError, Problem
from sim.experiment.ensemble import Ensemble, Runs

Values = NDArray[np.float64]

ENOUGH = 200.0  # effective runs that a posterior has to rest on
WIDEST = 1.3  # how much wider than the posterior the next round's runs are spread, at most
_SETTLED = 0.5  # mean shift of the inputs between rounds, in their posterior sd, below which rounds end
_BEYOND = 3.0  # sd of the observation model by which a figure may lie outside all runs


@dataclass(frozen=True)
class Effort:
    """How much is run: draws of the prior table, runs in each round after it, and the most of those rounds."""

    draws: int = 8_000
    runs: int = 4_000
    rounds: int = 4
    particles: int = PARTICLES


@dataclass(frozen=True)
class Round:
    """What a round came to.

    runs : made in it; effective_runs : of those, as weighted from where they were made to the posterior.
    explained : mean share of the figures' variance among its runs that the emulator explains. shift : of the posterior
    since the round before, in its sd.
    """

    runs: int
    effective_runs: float
    explained: float
    shift: float
    accepted: float


@dataclass(frozen=True)
class Fitted:
    """A posterior with all that it rests on.

    paths : the inputs, `at` their places among the ensemble's; shares : influence of all paths. prior : the table.
    """

    seen: Seen
    paths: tuple[str, ...]
    at: NDArray[np.int64]
    shares: Values
    prior: Runs
    plain_effective: float
    emulator: Emulator
    found: Posterior
    rounds: tuple[Round, ...]

    @property
    def cloud(self) -> Cloud:
        """Return the particles."""
        return self.found.cloud


def fitted(ensemble: Ensemble, seen: Seen, effort: Effort, seed: int, asked: Sequence[str] = ()) -> Fitted:
    """Return the posterior of the influential assumptions (or of those asked for); raise InputError where none can be.

    asked : paths to calibrate, () for those that explain enough of any figure.
    """
    table = ensemble.prior(effort.draws, seen.names)
    refuse_unreachable(seen, table)
    made = outputs(seen, table)
    shares = influence(table.scores, made[:, : len(seen.figures)])
    at = _asked(ensemble, shares, asked) if asked else influential(shares)
    if not len(at):
        message = "no uncertain number explains half a percent of the variance of any figure: nothing can be calibrated"
        raise InputError.single("--parameters", "", message)
    paths = tuple(ensemble.paths[k] for k in at)
    emulator, found, first = _round(seen, table.scores[:, at], made, (effort, seed), None)
    rounds = [first]
    while _unsettled(rounds, effort):
        rows = proposals(found.cloud, effort.runs // 2, seed + len(rounds))
        runs = ensemble.under(paths, rows, effort.runs, seen.names, len(rounds))
        emulator, found, done = _round(seen, runs.scores, outputs(seen, runs), (effort, seed), found)
        rounds.append(done)
    return Fitted(seen, paths, at, shares, table, plain_effective(seen, table), emulator, found, tuple(rounds))


def _asked(ensemble: Ensemble, shares: Values, asked: Sequence[str]) -> NDArray[np.int64]:
    """Return the places of the paths asked for, the most influential first: those have squares and products."""
    at = np.array([ensemble.paths.index(path) for path in asked], np.int64)
    return at[np.argsort(-shares[at].mean(axis=1), kind="stable")]


def _unsettled(rounds: Sequence[Round], effort: Effort) -> bool:
    last = rounds[-1]
    settled = last.effective_runs >= ENOUGH and (len(rounds) == 1 or last.shift < _SETTLED)
    return len(rounds) <= effort.rounds and not settled


def _round(
    seen: Seen, scores: Values, made: Values, how: tuple[Effort, int], before: Posterior | None
) -> tuple[Emulator, Posterior, Round]:
    """Fit the emulator to a round's runs, and return its posterior."""
    effort, seed = how
    emulator = fit(scores, made)
    likelihood = Likelihood(seen, emulator)
    found = posterior(likelihood, scores.shape[1], seed, effort.particles)
    weights = _weights(likelihood, scores, before)
    shift = np.inf
    if before is not None:
        moved = found.cloud.scores.mean(axis=0) - before.cloud.scores.mean(axis=0)
        shift = float(np.sqrt(np.mean(np.square(moved / found.cloud.scores.std(axis=0)))))
    explained = float(emulator.explained[: len(seen.figures)].mean())
    return emulator, found, Round(len(scores), effective(weights), explained, shift, found.accepted)


def _weights(likelihood: Likelihood, scores: Values, before: Posterior | None) -> Values:
    """Return the weights that bring runs from where they were made to the posterior; over lags the mean."""
    maps = len(likelihood.seen.claimants)
    grid = np.array(np.meshgrid(*[range(LAG_DAYS + 1)] * maps)).reshape(maps, -1).T if maps else np.zeros((1, 0))
    logs = [likelihood(scores, np.tile(lag, (len(scores), 1)).astype(np.int64)) for lag in grid]
    density = np.logaddexp.reduce(logs, axis=0) - 0.5 * (scores**2).sum(axis=1)
    return normalised(density - _proposal(scores, before))


def _proposal(scores: Values, before: Posterior | None) -> Values:
    """Return the log-density, but for a constant, that scores were drawn with."""
    if before is None:
        return np.asarray(-0.5 * (scores**2).sum(axis=1), np.float64)
    mean, lower = _shape(before.cloud)
    left = np.linalg.solve(wider(len(mean)) * lower, (scores - mean).T)
    return np.asarray(-0.5 * (left**2).sum(axis=0), np.float64)


def proposals(cloud: Cloud, count: int, seed: int) -> Values:
    """Return scores for the next round's runs: normal, with the posterior's shape, wider."""
    mean, lower = _shape(cloud)
    drawn = np.random.default_rng([seed, count]).normal(size=(count, len(mean)))
    return np.asarray(mean + wider(len(mean)) * drawn @ lower.T, np.float64)


def wider(inputs: int) -> float:
    """Return how much wider than the posterior runs are spread: less with more inputs, or few would count for much."""
    return min(WIDEST, 1 + 1 / float(np.sqrt(inputs)))


def _shape(cloud: Cloud) -> tuple[Values, Values]:
    inputs = cloud.scores.shape[1]
    covariance = np.atleast_2d(np.cov(cloud.scores.T)) + 1e-9 * np.eye(inputs)
    return cloud.scores.mean(axis=0), np.asarray(np.linalg.cholesky(covariance), np.float64)


def outputs(seen: Seen, runs: Runs) -> Values:
    """Return what an emulator is fitted to: figures as runs have them, then what a full lag changes; on the scale."""
    now, lagged = (
        np.stack([scaled(runs.outcomes[name], c) for name, c in zip(names, seen.scale, strict=True)], axis=1)
        for names in (seen.now, seen.lagged)
    )
    return np.concatenate([now, (lagged - now)[:, seen.lag_of >= 0]], axis=1)


def plain_effective(seen: Seen, runs: Runs) -> float:
    """Return the effective number of runs when each is weighted by the observation model alone (no lag)."""
    lower = np.linalg.cholesky(seen.covariance)
    left = np.linalg.solve(lower, (seen.target - outputs(seen, runs)[:, : len(seen.figures)]).T)
    return effective(normalised(-0.5 * (left**2).sum(axis=0)))


def refuse_unreachable(seen: Seen, runs: Runs) -> None:
    """Raise InputError where figures lie outside all runs by more than the observation model allows."""
    if not len(runs.scores):
        raise InputError.single("OBSERVATIONS", "", "no run of the scenario gives all of the figures")
    made = outputs(seen, runs)[:, : len(seen.figures)]
    room = _BEYOND * np.sqrt(np.diag(seen.covariance))
    problems = []
    for k, each in enumerate(seen.figures):
        low, high = float(made[:, k].min()), float(made[:, k].max())
        if not low - room[k] <= seen.target[k] <= high + room[k]:
            ends = [float(unscaled(np.array([end]), seen.scale[k : k + 1])[0]) for end in (low, high)]
            off = max(low - seen.target[k], seen.target[k] - high) / room[k] * _BEYOND
            when = f"{each.since} to {each.date}" if each.since else str(each.date)
            message = (
                f"{when}: the figure is {each.value:,.6g}, but the runs lie between {ends[0]:,.6g} and {ends[1]:,.6g}: "
                f"{off:.1f} sd of the observation model outside; widen the priors, or look at the figure"
            )
            problems.append(Problem(f"line {each.line}", each.quantity, message))
    if problems:
        raise InputError(problems)


def synthetic(seen: Seen, made: Values, random: np.random.Generator) -> Seen:
    """Return figures such as a run would have given, float64[output], with a lag, biases and errors drawn."""
    lag = random.integers(0, LAG_DAYS + 1, len(seen.claimants))
    error = np.linalg.cholesky(seen.covariance) @ random.normal(size=len(seen.figures))
    target = mixing(seen, lag) @ made + error
    return Seen(seen.figures, seen.now, seen.lagged, seen.scale, target, seen.covariance, seen.claimants, seen.lag_of)
