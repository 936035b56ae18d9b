"""Two points compared run by run: the same draw of the assumptions and the same luck under both.

An outcome is compared by a mean, or by a ratio of means (loss exchange, cost); of a time that runs may not reach, by
the probability that it is reached, never by a mean of times. Every difference is linearised: its error is a sum over
runs (the delta method: Cochran 1977, 6.3), so that intervals over crossed runs need only those errors.

That run r of one point meets the luck of run r of the other is a *coupling*, a choice of the experimenter: once the
paths diverge, nothing in the world ties them together. The mean of a difference does not depend on it. The probability
that one is higher does, so it stands beside the same probability with the luck of another replication.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.stats import (
    NORMAL_975,
    PROBABILITY,
    Crossing,
    Mean,
    draw_means,
    probability,
    quantiles,
    ratio_of_means,
    wilson,
)

if TYPE_CHECKING:
    from sim.model.tally import Outcome

Values = NDArray[np.float64]

_THREE = (0.05, 0.5, 0.95)
_TWO = (0.05, 0.95)


class Sample(NamedTuple):
    """What an outcome is compared by, in every point.

    above, below : float64[point, run]; a point's mean is sum(above) / sum(below), and `below` is 1 but for ratios.
    order : float64[point, run], what one run has more of than another; infinite for a time that is not reached.
    unit : of the difference of means.
    binary : above is 0 or 1.
    timed : the outcome is a time, compared by whether it is reached.
    """

    above: Values
    below: Values
    order: Values
    unit: str
    binary: bool
    timed: bool = False


class Difference(NamedTuple):
    """The difference of two points' means on the runs that both have.

    estimate : None where no run has both, or a ratio has nothing below the line.
    errors : float64[run], linearised errors, whose sum is the error of the estimate; 0 in runs that are left out.
    both : bool[run], the runs that count.
    discordant : of a binary outcome, the shares of runs with 1 in the first only and in the second only.
    """

    estimate: float | None
    errors: Values
    both: NDArray[np.bool_]
    discordant: tuple[float, float] | None


class Chance(NamedTuple):
    """How often, run by run, the first of two points is higher.

    higher, lower : shares of pairs of runs, with 95 % intervals (each alone, not simultaneous); the rest are equal.
    """

    higher: Mean
    lower: Mean


class Pairing(NamedTuple):
    """How many times larger the variance of a difference would be with independent seeds; None where that is unknown.

    fixed : at fixed assumptions (draw 0), variance over luck; fixed_ci95 : its interval.
    overall : variance of the estimated mean difference, had each point draws and luck of its own.
    """

    fixed: float | None
    fixed_ci95: tuple[float, float] | None
    overall: float | None


class Spread(NamedTuple):
    """The spreads of a difference that are not numerical precision.

    luck : 5, 50, 95 % of the difference over the replications of draw 0 (of a binary outcome or a time: None).
    assumptions : 5, 95 % over sampled draws of the draw's difference of means.
    """

    luck: tuple[float, ...] | None
    assumptions: tuple[float, ...] | None


def sample(
    outcome: Outcome,
    columns: Mapping[str, Values],
    ratios: Mapping[str, tuple[str, str]],
    censored: Mapping[str, str],
) -> Sample:
    """Return what an outcome is compared by.

    columns : float64[point, run] by name; not-a-number where an outcome does not apply, or a run failed.
    ratios, censored : as in `sim.analysis.stats.summarise`.
    """
    values = columns[outcome.name]
    ones = np.ones_like(values)
    if outcome.name in censored:
        reached = columns[censored[outcome.name]]
        order = np.where(reached > 0, values, np.inf)
        return Sample(reached, ones, np.where(np.isfinite(reached), order, np.nan), PROBABILITY, True, True)
    if outcome.name in ratios:
        above, below = (columns[name] for name in ratios[outcome.name])
        return Sample(above, below, values, outcome.unit, False)
    return Sample(values, ones, values, outcome.unit, outcome.unit == PROBABILITY)


def difference(data: Sample, first: int, second: int) -> Difference:
    """Return the difference of means, first less second, with its linearised errors."""
    parts, both = _parts(data, first, second)
    (mean_a, errors_a), (mean_b, errors_b) = _linearised(*parts[:2]), _linearised(*parts[2:])
    if mean_a is None or mean_b is None:
        return Difference(None, np.zeros(len(both)), np.zeros(len(both), np.bool_), None)
    discordant = None
    if data.binary:
        step = parts[0] - parts[2]
        discordant = (float((step > 0).sum() / both.sum()), float((step < 0).sum() / both.sum()))
    return Difference(mean_a - mean_b, errors_a - errors_b, both, discordant)


def apart(data: Sample, first: int, second: int) -> tuple[Difference, Difference]:
    """Return the means of both points as differences from zero, on the runs that both have."""
    parts, both = _parts(data, first, second)
    one, other = (Difference(*_linearised(*each), both, None) for each in (parts[:2], parts[2:]))
    return one, other


def _parts(data: Sample, first: int, second: int) -> tuple[Values, NDArray[np.bool_]]:
    """Return above and below of both points, float64[4, run], 0 in runs that one lacks; and bool[run], who has both."""
    parts = np.stack([data.above[first], data.below[first], data.above[second], data.below[second]])
    both = np.asarray(np.isfinite(parts).all(axis=0), np.bool_)
    return np.where(both, parts, 0.0), both


def _linearised(above: Values, below: Values) -> tuple[float | None, Values]:
    total = float(below.sum())
    if total == 0.0:
        return None, np.zeros(len(above))
    mean = float(above.sum()) / total
    return mean, (above - mean * below) / total


def spread(data: Sample, first: int, second: int, both: NDArray[np.bool_], runs: Crossing) -> Spread:
    """Return what luck and what assumptions make of a difference."""
    central, sampled = both & (runs.draw == 0), both & (runs.draw > 0)
    luck = None
    if not data.binary:
        steps = data.order[first, central] - data.order[second, central]
        luck = quantiles(steps[np.isfinite(steps)], _THREE)
    draws = runs.draw[sampled]
    a, b = (draw_means(data.above[k, sampled], data.below[k, sampled], draws) for k in (first, second))
    enough = len(a) == len(b) > 1
    return Spread(luck, quantiles(a - b, _TWO) if enough else None)


def paired_chance(a: Values, b: Values, runs: Crossing) -> Chance:
    """Return how often the first is higher run by run, float64[run] each, on the same luck."""
    both = ~(np.isnan(a) | np.isnan(b))
    a, b, those = a[both], b[both], runs.only(both)
    higher, lower = ((a > b).astype(np.float64), (a < b).astype(np.float64))
    return Chance(probability(higher, those), probability(lower, those))


def independent_chance(a: Values, b: Values, runs: Crossing) -> Chance:
    """Return how often the first is higher when the second meets the luck of any other replication, under each draw."""
    both = ~(np.isnan(a) | np.isnan(b))
    a, b, those = a[both], b[both], runs.only(both)
    return Chance(_apart(a, b, those), _apart(-a, -b, those))


def _apart(a: Values, b: Values, runs: Crossing) -> Mean:
    """Return P(A of a replication > B of another one of the same draw), with an interval by Hajek's projection.

    Runs in a draw of one replication have no other one, and are left out.
    """
    terms, order = np.full(len(a), np.nan), np.argsort(runs.draw, kind="stable")
    for places in np.split(order, np.flatnonzero(np.diff(runs.draw[order])) + 1):
        if len(places) > 1:
            terms[places] = _projected(a[places], b[places])
    some = ~np.isnan(terms)
    return _share(terms[some], runs.only(some))


def _projected(a: Values, b: Values) -> Values:
    """Return for each run what it says of P(A > B of another run), float64[run]; their mean is the share."""
    others = len(a) - 1
    same = a > b
    beats = np.searchsorted(np.sort(b), a, side="left") - same
    beaten = len(a) - np.searchsorted(np.sort(a), b, side="right") - same
    share = float(beats.mean()) / others
    return np.asarray((beats + beaten) / others - share, np.float64)


def _share(terms: Values, runs: Crossing) -> Mean:
    """Return the mean of a share's terms with an interval within [0, 1], never of no width."""
    if not len(terms):
        return Mean(None, None)
    share = min(1.0, max(0.0, float(terms.mean())))
    if np.ptp(terms) < 1e-12:
        few = min(len(np.unique(each)) for each in runs) if runs.draw.any() else len(terms)
        return Mean(share, wilson(share, few))
    interval = ratio_of_means(terms, np.ones(len(terms)), runs).interval
    return Mean(share, (max(0.0, interval[0]), min(1.0, interval[1])) if interval else None)


def fixed_ratio(
    data: Sample, first: int, second: int, runs: Crossing
) -> tuple[float | None, tuple[float, float] | None]:
    """Return Var(A) + Var(B) over Var(A - B) in draw 0, of linearised values, with its 95 % interval.

    None where there are fewer than three runs, or where the difference does not vary.
    """
    parts, both = _parts(data, first, second)
    parts = parts[:, both & (runs.draw == 0)]
    (mean_a, a), (mean_b, b) = _linearised(*parts[:2]), _linearised(*parts[2:])
    count = len(a)
    if mean_a is None or mean_b is None or count < 3 or not _varies(a, b):
        return None, None
    apart, together = np.square(a) + np.square(b), np.square(a - b)
    ratio = float(apart.mean() / together.mean())
    terms = apart / apart.mean() - together / together.mean()
    half = NORMAL_975 * float(terms.std(ddof=1)) / math.sqrt(count)
    return ratio, (ratio * math.exp(-half), ratio * math.exp(half))


def _varies(a: Values, b: Values) -> bool:
    """Return whether a difference varies by more than rounding."""
    scale = float(max(np.abs(a).max(initial=0.0), np.abs(b).max(initial=0.0)))
    return float(np.abs(a - b).max(initial=0.0)) > 1e-9 * scale
