"""Outcomes over runs: three kinds of spread, labelled and never merged.

- *Numerical precision*, which more runs shrink: the 95 % interval of the mean.
- *Luck*, which is the world's: quantiles over the replications of draw 0, which has the central assumptions.
- *Assumptions*, which are ours: quantiles over the sampled draws (1 to N) of the draw's mean. A draw's mean keeps some
  luck, sd / sqrt(replications), so the spread is slightly too wide when there are few replications.

The mean and the plain quantiles are over all runs, those of draw 0 included.

Runs are draws crossed with replications, and replication r has the same luck in every draw. So the mean errs in two
ways: by which draws there are, and by which luck. Its variance is that of two-way clusters (Cameron, Gelbach and Miller
2011), V(draws) + V(replications) - V(runs), and not less than either of the first two. Clusters of draws alone would
miss what draws have in common: where nothing is uncertain all of their means are equal, and would seem to be exact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sim.model.tally import Outcome

Values = NDArray[np.float64]
Draws = NDArray[np.int64]


class Crossing(NamedTuple):
    """Which runs the values are of: int64[run] each."""

    draw: Draws
    replication: Draws

    def only(self, some: NDArray[np.bool_]) -> Crossing:
        """Return some of the runs."""
        return self if some.all() else Crossing(self.draw[some], self.replication[some])


def sampled_runs(draws: int, replications: int) -> tuple[slice, Crossing]:
    """Return which draws are sampled (draw 0 if there is no other) and their runs, where luck is each draw's own.

    draws : with draw 0, the central one. No two runs share a replication, so draws are the only clusters.
    """
    kept = slice(1, None) if draws > 1 else slice(None)
    draw = np.repeat(np.arange(draws)[kept], replications)
    return kept, Crossing(draw, np.arange(len(draw)))


PROBABILITY = "probability"  # the unit of outcomes that are 0 or 1 in each run
NORMAL_975 = 1.959963984540054
_THREE = (0.05, 0.5, 0.95)
_TWO = (0.05, 0.95)


@dataclass(frozen=True)
class Row:
    """An outcome over runs; None where there is nothing to say.

    runs : how many runs have a value (a censored time counts, as "not by the end").
    mean : over all runs; of a ratio outcome the ratio of means; of a censored time None.
    mean_ci95 : numerical interval of the mean.
    quantiles : 5, 50, 95 % over all runs; infinite where a time is not reached by the end of the run.
    luck : 5, 50, 95 % over the replications of draw 0.
    assumptions : 5, 95 % over sampled draws of the draw's mean (of a censored time: of the draw's median).
    censored_share : of a time, the share of runs in which it is not reached.
    """

    name: str
    unit: str
    meaning: str
    runs: int
    mean: float | None
    mean_ci95: tuple[float, float] | None
    quantiles: tuple[float, ...] | None
    luck: tuple[float, ...] | None
    assumptions: tuple[float, ...] | None
    censored_share: float | None = None


class Mean(NamedTuple):
    """A mean and its numerical 95 % interval; None where there are too few runs."""

    value: float | None
    interval: tuple[float, float] | None


def summarise(
    columns: Mapping[str, Values],
    runs: Crossing,
    outcomes: Sequence[Outcome],
    ratios: Mapping[str, tuple[str, str]],
    censored: Mapping[str, str],
) -> list[Row]:
    """Return a row for each outcome.

    columns : float64[run] by name, not-a-number where an outcome does not apply (or a run failed).
    ratios : names of ratio outcomes, with the outcomes above and below the line.
    censored : names of times that a run may not reach, with the outcome that is 1 when it does and 0 when not.
    """
    rows = []
    for outcome in outcomes:
        values = columns[outcome.name]
        if outcome.name in censored:
            rows.append(_time_row(outcome, values, columns[censored[outcome.name]], runs.draw))
        elif outcome.name in ratios:
            above, below = (columns[name] for name in ratios[outcome.name])
            rows.append(_row(outcome, values, (above, below), runs))
        else:
            rows.append(_row(outcome, values, (values, np.broadcast_to(1.0, len(values))), runs))
    return rows


def _row(outcome: Outcome, values: Values, parts: tuple[Values, Values], runs: Crossing) -> Row:
    binary = outcome.unit == PROBABILITY
    both = np.isfinite(parts[0]) & np.isfinite(parts[1])
    above, below, those = _only(parts[0], both), _only(parts[1], both), runs.only(both)
    mean = probability(above, those) if binary else ratio_of_means(above, below, those)
    per_draw = _sampled_means(above, below, those.draw)
    some = np.isfinite(values)
    values, draw = _only(values, some), _only(runs.draw, some)
    return Row(
        *outcome,
        runs=int(some.sum()),
        mean=mean.value,
        mean_ci95=mean.interval,
        quantiles=quantiles(values, _THREE, steps=binary),
        luck=quantiles(_only(values, draw == 0), _THREE, steps=binary),
        assumptions=quantiles(per_draw, _TWO) if len(per_draw) > 1 else None,
    )


def _only(values: NDArray[Any], some: NDArray[np.bool_]) -> NDArray[Any]:
    """Return some of the values; all of them without a copy, for there may be millions."""
    return values if some.all() else values[some]


def _sampled_means(above: Values, below: Values, draw: Draws) -> Values:
    """Return the ratio of means of each sampled draw that has one, float64[draw]."""
    sampled = draw > 0
    if not sampled.any():
        return np.empty(0)
    return draw_means(above[sampled], below[sampled], draw[sampled])


def _time_row(outcome: Outcome, values: Values, reached: Values, draw: Draws) -> Row:
    """Return the row of a censored time: never a mean, and "not by the end" later than any day."""
    applies = np.isfinite(reached)
    times, at = np.where(reached[applies] > 0, values[applies], np.inf), draw[applies]
    medians = [np.quantile(times[at == each], 0.5, method="inverted_cdf") for each in np.unique(at[at > 0])]
    return Row(
        *outcome,
        runs=len(times),
        mean=None,
        mean_ci95=None,
        quantiles=quantiles(times, _THREE, steps=True),
        luck=quantiles(times[at == 0], _THREE, steps=True),
        assumptions=quantiles(np.array(medians), _TWO, steps=True) if len(medians) > 1 else None,
        censored_share=float(np.isinf(times).mean()) if len(times) else None,
    )


def quantiles(values: Values, probabilities: Sequence[float], steps: bool = False) -> tuple[float, ...] | None:
    """Return quantiles, interpolated, or (with `steps`) each one of the values; None of nothing."""
    if not len(values):
        return None
    found = np.quantile(values, probabilities, method="inverted_cdf" if steps else "linear")
    return tuple(float(value) for value in found)


def draw_means(above: Values, below: Values, draw: Draws) -> Values:
    """Return the ratio of means of each draw that has one, float64[draw]; with `below` = 1 its mean."""
    sums, weights = np.bincount(draw, above), np.bincount(draw, below)
    return np.asarray(sums[weights != 0] / weights[weights != 0], np.float64)


def ratio_of_means(above: Values, below: Values, runs: Crossing, level: float = 0.95) -> Mean:
    """Return sum(above) / sum(below) with its interval by linearisation (the delta method: Cochran 1977, 6.3).

    above, below : float64[run], finite. With `below` = 1 this is the mean; where there is only draw 0, its t interval.
    level : of the interval; one of a family of intervals needs more than 0.95.
    """
    total = float(below.sum())
    if not len(above) or total == 0:
        return Mean(None, None)
    mean = float(above.sum()) / total
    squares, freedom = _crossed((above - mean * below) / total, runs)
    if freedom < 1:
        return Mean(mean, None)
    half = float(student(freedom, (1 + level) / 2)) * math.sqrt(squares)
    return Mean(mean, (mean - half, mean + half))


def _crossed(errors: Values, runs: Crossing) -> tuple[float, int]:
    """Return the variance of the sum of linearised errors, float64[run], and its degrees of freedom (0: unknown)."""
    count = len(errors)
    alone = float(np.square(errors).sum()) * count / max(count - 1, 1)
    if not runs.draw.any():
        return alone, count - 1
    (by_draw, draws), (by_luck, replications) = _clustered(errors, runs.draw), _clustered(errors, runs.replication)
    return max(by_draw + by_luck - alone, by_draw, by_luck), min(draws, replications) - 1


def _clustered(errors: Values, cluster: Draws) -> tuple[float, int]:
    """Return the variance of a sum whose clusters are independent, and how many clusters there are."""
    count = int(np.count_nonzero(np.bincount(cluster)))
    squares = float(np.square(np.bincount(cluster, errors)).sum())
    return (squares * count / (count - 1), count) if count > 1 else (0.0, count)


def probability(values: Values, runs: Crossing) -> Mean:
    """Return the share of ones with Wilson's interval.

    Where runs are draws crossed with replications they count as so many independent runs as would err as much, with
    Student's t of the clusters in place of the normal. Where all of these agree, as so many as there are draws, or
    replications if those are fewer: no spread was seen, but few looked.
    """
    if not len(values):
        return Mean(None, None)
    share = float(values.mean())
    if not runs.draw.any():
        return Mean(share, _pair(wilson(share, len(values))))
    fewest = min(len(np.unique(each)) for each in runs)
    if share in (0.0, 1.0):
        return Mean(share, _pair(wilson(share, fewest)))
    squares, freedom = _crossed((values - share) / len(values), runs)
    if freedom < 1:
        return Mean(share, None)
    count = effective_count(share, squares, len(values))
    return Mean(share, _pair(wilson(share, count, student_975(freedom))))


def effective_count(share: Any, squares: Any, count: Any) -> Any:
    """Return how many independent runs err as much as a share whose squared standard error is `squares`.

    At most `count`, the number of runs: that replications under different draws differ the other way is chance.
    """
    return np.minimum(count, share * (1 - share) / np.maximum(squares, 1e-300))


def wilson(share: Any, count: Any, quantile: Any = NORMAL_975) -> tuple[Any, Any]:
    """Return Wilson's 95 % score interval of a probability, numbers or arrays (Wilson 1927).

    quantile : 97.5 % point of the standard error's distribution.
    """
    z2 = quantile**2 / count
    middle = (share + z2 / 2) / (1 + z2)
    half = np.sqrt(z2 * share * (1 - share) + z2**2 / 4) / (1 + z2)
    return np.maximum(0.0, np.minimum(share, middle - half)), np.minimum(1.0, np.maximum(share, middle + half))


def _pair(ends: tuple[Any, Any]) -> tuple[float, float]:
    return float(ends[0]), float(ends[1])


def student_975(freedom: Any) -> Any:
    """Return the 97.5 % point of Student's t, of a number or of an array."""
    return student(freedom, 0.975)


def student(freedom: Any, share: float) -> Any:
    """Return the quantile of Student's t that a share of the distribution lies below."""
    from scipy.special import stdtrit

    return stdtrit(freedom, share)
