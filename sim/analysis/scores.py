"""Scores of forecasts by weighted ensembles: CRPS, coverage, PIT, and skill against simple forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.stats import wilson

_NORMAL_95 = 1.6448536269514722
Values = NDArray[np.float64]


class Estimate(NamedTuple):
    """A share with its interval from resampled blocks."""

    value: float
    low: float
    high: float


def crps(members: Values, weights: Values, seen: float) -> float:
    """Return the continuous ranked probability score of an ensemble, in its unit (Gneiting and Raftery 2007).

    members, weights : float64[member], weights sum to one. E|X - y| - E|X - X'| / 2; of one member the absolute error.
    """
    order = np.argsort(members, kind="stable")
    x, w = members[order], weights[order]
    below = np.cumsum(w) - w
    apart = 2 * float((w * x * (2 * below + w - 1)).sum())  # E|X - X'|
    return float((w * np.abs(x - seen)).sum() - apart / 2)


def pit(members: Values, weights: Values, seen: float) -> float:
    """Return the probability integral transform: the weight below what was seen, ties by half."""
    return float(weights[members < seen].sum() + weights[members == seen].sum() / 2)


def quantile(members: Values, weights: Values, level: float) -> float:
    """Return a quantile of a weighted ensemble: the least member with so much weight up to it."""
    order = np.argsort(members, kind="stable")
    place = int(np.searchsorted(np.cumsum(weights[order]), level * weights.sum() * (1 - 1e-12)))
    return float(members[order][min(place, len(order) - 1)])


def skill(own: Sequence[float], other: Sequence[float]) -> float:
    """Return 1 - mean score / mean score of the other forecast; above zero is better; not-a-number where that is 0."""
    reference = float(np.mean(other))
    return float(1 - np.mean(own) / reference) if reference > 0 else float("nan")


def block_share(hits: NDArray[np.bool_], blocks: Sequence[object], seed: int = 0, rounds: int = 2_000) -> Estimate:
    """Return the share of hits with a 90 % interval, by resampling whole blocks (dates): hits of one go together.

    hits : bool[case], blocks : the block of each. Of fewer than two blocks the interval is 0 to 1. Where all cases
    agree resampling knows no spread: Wilson's interval of as many cases as there are blocks.
    """
    names = list(dict.fromkeys(blocks))
    share = float(np.mean(hits))
    if len(names) < 2:
        return Estimate(share, 0.0, 1.0)
    if share in (0.0, 1.0):
        low, high = wilson(share, len(names), _NORMAL_95)
        return Estimate(share, float(low), float(high))
    inside = np.array([sum(bool(hit) for hit, b in zip(hits, blocks, strict=True) if b == name) for name in names])
    size = np.array([sum(b == name for b in blocks) for name in names])
    taken = np.random.default_rng([seed, len(names)]).integers(0, len(names), (rounds, len(names)))
    shares = inside[taken].sum(axis=1) / size[taken].sum(axis=1)
    low, high = np.quantile(shares, (0.05, 0.95))
    return Estimate(share, float(low), float(high))
