"""What runs say of observed figures: the median and bands of each beside the figure, claim bias, and scatter.

`series` is float[run, day] by name, sampled once a day; day 0 is the start. That a map is published hours
after the sample is left to the range of the observation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from sim.scenario.observations import Observation

Series = Mapping[str, NDArray[np.float64]]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Compared:
    """An observation beside what the runs say: their median and the quantiles of luck, in the quantity's unit."""

    observation: Observation
    median: float
    q05: float
    q95: float

    @property
    def ratio(self) -> float:
        """Return the median over the observed value."""
        return self.median / self.observation.value

    @property
    def within_range(self) -> bool:
        """Return whether the median lies in the range that the observation states."""
        return self.observation.low <= self.median <= self.observation.high


def simulated(observation: Observation, series: Series, start: date) -> Values | None:
    """Return what each run says of an observation, float64[run]; None where the runs do not cover it."""
    values = series.get(observation.quantity)
    day = (observation.date - start).days
    first = (observation.since - start).days if observation.since else 0
    if values is None or first < 0 or not 0 <= day < values.shape[1]:
        return None
    now = values[:, day].astype(np.float64)
    return now - values[:, first] if observation.since else now


def compare(observations: Sequence[Observation], series: Series, start: date) -> tuple[Compared, ...]:
    """Return each observation that the runs cover beside what they say."""
    found = []
    for observation in observations:
        values = simulated(observation, series, start)
        if values is not None:
            q05, median, q95 = np.quantile(values, (0.05, 0.5, 0.95))
            found.append(Compared(observation, float(median), float(q05), float(q95)))
    return tuple(found)


def claim_bias(compared: Sequence[Compared], low: float, high: float) -> float:
    """Return the one constant, within a range fixed beforehand, that times the claims comes nearest to the medians.

    Nearest in the logarithm: the geometric mean of the ratios, clipped to the range.
    """
    ratios = [each.ratio for each in compared]
    return min(high, max(low, math.exp(float(np.mean(np.log(ratios))))))


def scatter(gains: Values) -> Values:
    """Return the residual sd of gains about their linear trend, over their mean: float64[run] of [run, period].

    Two degrees of freedom go into the trend.
    """
    residual = _residual_sd(gains)
    return np.asarray(residual / gains.mean(axis=1), np.float64)


def log_scatter(gains: Values, least: float) -> Values:
    """Return the residual sd of the logarithm of gains about its linear trend; gains below `least` count as that."""
    return _residual_sd(np.log(np.maximum(gains, least)))


def _residual_sd(values: Values) -> Values:
    """Return the sd about a straight line fitted to each row, float64[run]; n - 2 degrees of freedom."""
    periods = np.arange(values.shape[1])
    line = np.vander(periods, 2).astype(np.float64)
    fitted = np.linalg.lstsq(line, values.T, rcond=None)[0]
    residuals = values.T - line @ fitted
    return np.asarray(np.sqrt((residuals**2).sum(axis=0) / (values.shape[1] - 2)), np.float64)


def first_arrival(people: Values, party: float) -> Values:
    """Return the first day on which people on a front grow by a party or more, float64[run]; not-a-number: never."""
    grown = np.diff(people, axis=1) >= party
    return np.where(grown.any(axis=1), grown.argmax(axis=1) + 1.0, np.nan)
