"""Ways to foresee battles, scored: constants, fits to other campaigns, the model's formulas and its engagements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sim.analysis import history_fit as fits
from sim.analysis.history_fit import Bin, Gap, Values
from sim.analysis.history_model import Laws
from sim.analysis.history_sample import Sample

RUNS = 1_000  # engagements for each battle
PEOPLE, POWER = "engagements, people", "engagements, combat power"
SHARE, LINEAR = "share of wins in other campaigns", "constant (Lanchester's linear law)"
CALIBRATION_BINS = 5
Make = Callable[[Laws, Values, int, int], Values]  # `engagements`, or what a test puts in its place


class Scored(NamedTuple):
    """A way to foresee battles: its mean scores, each with the difference from the constant's.

    Of wins: Brier score and log score. Of losses: squared error of ln loss ratio, and no second.
    """

    name: str
    first: Gap
    second: Gap | None


class Wins(NamedTuple):
    """Who wins, foreseen; calibration : battles by what the model's engagements gave them."""

    scored: tuple[Scored, ...]
    calibration: dict[str, tuple[Bin, ...]]


class Losses(NamedTuple):
    """Loss ratios foreseen; coverage : the share that lies within the model's 90 % band."""

    scored: tuple[Scored, ...]
    coverage: dict[str, Bin]


def of_people(laws: Laws) -> Laws:
    """Return the laws with a force ratio of people alone, as E6 was fitted."""
    return replace(laws, posture=1.0, works_multiplier=1.0, surprise_multiplier=1.0)


def models(laws: Laws) -> dict[str, Laws]:
    """Return the model twice: with people as they are, and as it runs, with posture, works and surprise."""
    return {PEOPLE: of_people(laws), POWER: laws}


def logistic(values: Values) -> Values:
    """Return the probability of a log odds."""
    return np.asarray(1 / (1 + np.exp(-values)), np.float64)


def score_wins(won: Sample, laws: Laws, seed: int, make: Make) -> Wins:
    """Score ways to foresee who wins against the share of wins in the other campaigns."""
    others = fits.without_each(won.cluster)
    share = ((others @ won.won) / others.sum(1))[won.cluster]
    a, b = fits.logit_fits(won.ratio, won.won, others)[won.cluster].T
    simulated = {name: make(each, won.forces, RUNS, seed)[0].mean(1) for name, each in models(laws).items()}
    ways = {
        SHARE: share,
        "logit fitted to other campaigns": logistic(a + b * won.ratio),
        "E6, people": logistic(laws.win_intercept + laws.win_slope * won.ratio),
        **simulated,
    }
    scored = []
    for name, p in ways.items():
        first = fits.gap(fits.brier(p, won.won), fits.brier(share, won.won), won.cluster)
        second = fits.gap(fits.log_score(p, won.won), fits.log_score(share, won.won), won.cluster)
        scored.append(Scored(name, first, second))
    edges = {name: fits.equal_counts(p, CALIBRATION_BINS) for name, p in simulated.items()}
    return Wins(tuple(scored), {name: fits.bins(p, won.won, edges[name]) for name, p in simulated.items()})


def score_losses(lost: Sample, laws: Laws, seed: int, make: Make) -> Losses:
    """Score ways to foresee ln loss ratio against a constant; each takes its level from the other campaigns.

    kappa, what an engagement costs, is a constant of a war: a law says how the ratio changes, not where it lies.
    """
    others = fits.without_each(lost.cluster)
    _, slope = fits.line_fits(line(lost.ratio), lost.loss, others)[lost.cluster].T
    ways = {
        LINEAR: 0 * lost.ratio,
        "line fitted to other campaigns": slope * lost.ratio,
        "Lanchester's square law": -lost.ratio,
        "logarithmic law": lost.ratio,
        "E7, people": (laws.own_exponent - laws.enemy_exponent) * lost.ratio,
    }
    coverage = {}
    for name, each in models(laws).items():
        ways[name] = make(each, lost.forces, RUNS, seed)[1].mean(1)
        coverage[name] = covered(lost, each, seed, make)
    squares = {name: (lost.loss - _level(lost, way, others)) ** 2 for name, way in ways.items()}
    gaps = {name: fits.gap(each, squares[LINEAR], lost.cluster) for name, each in squares.items()}
    return Losses(tuple(Scored(name, each, None) for name, each in gaps.items()), coverage)


def line(x: Values) -> Values:
    """Return the terms of a straight line, float64[battle, 2]."""
    return np.stack((np.ones(len(x)), x), 1)


def _level(lost: Sample, way: Values, others: Values) -> Values:
    """Return a law's ln loss ratios at the level of the other campaigns, float64[battle]."""
    above = others @ (lost.loss - way) / others.sum(1)
    return np.asarray(way + above[lost.cluster], np.float64)


def covered(lost: Sample, laws: Laws, seed: int, make: Make) -> Bin:
    """Return how many loss ratios lie within the 90 % band of engagements, put at the level of other campaigns."""
    drawn = make(laws, lost.forces, RUNS, seed)[1]
    middle = drawn.mean(1)
    low, high = (
        np.quantile(drawn, (0.05, 0.95), axis=1) + _level(lost, middle, fits.without_each(lost.cluster)) - middle
    )
    return fits.one_bin(middle, ((lost.loss >= low) & (lost.loss <= high)).astype(np.float64))
