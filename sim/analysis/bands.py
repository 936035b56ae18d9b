"""Daily series over runs: mean and quantiles, with luck and assumptions kept apart (see `stats`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.float32]
Values = NDArray[np.float64]
Mapper = Callable[[Callable[[int], NDArray[np.float64]], range], Iterable[NDArray[np.float64]]]

ALL = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
LUCK = {"luck_q05": 0.05, "luck_q50": 0.5, "luck_q95": 0.95}
ASSUMPTIONS = {"assumptions_q05": 0.05, "assumptions_q95": 0.95}
_VALUES_AT_ONCE = 1_000_000  # a few MB: enough that numpy, not Python, takes the time
COLUMNS = ("mean", *ALL, *LUCK, *ASSUMPTIONS)


def bands(series: Series, draw: NDArray[np.int64], mapper: Mapper = map) -> dict[str, Values]:
    """Return each of `COLUMNS`, float64[series, day].

    series : float32[run, day, series], sorted by draw; not-a-number where a series does not apply or a run failed.
    draw : int64[run].
    mapper : `map`, or that of an executor: some days at a time are worked out alone.

    The mean and the quantiles without a prefix are over the same number of replications of each draw, those prefixed
    `luck_` over all runs of draw 0, and those prefixed `assumptions_` over sampled draws of the draw's mean.
    """
    runs, days, count = series.shape
    first = np.flatnonzero(np.diff(draw, prepend=-1))
    even = _balanced(draw, first)
    together = max(1, _VALUES_AT_ONCE // max(1, runs * count))

    def some(day: int) -> NDArray[np.float64]:
        values = series[:, day : day + together].reshape(runs, -1)
        return _summary(np.ascontiguousarray(values.T), draw, first, even).reshape(len(COLUMNS), -1, count)

    found = np.concatenate(list(mapper(some, range(0, days, together))), axis=1)
    return dict(zip(COLUMNS, np.ascontiguousarray(found.transpose(0, 2, 1)), strict=True))


def _balanced(draw: NDArray[np.int64], first: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the runs of each draw that are as many as the smallest draw has."""
    sizes = np.diff(first, append=len(draw))
    within = np.arange(len(draw)) - np.repeat(first, sizes)
    return np.flatnonzero(within < sizes.min(initial=len(draw)))


def _summary(
    values: Series, draw: NDArray[np.int64], first: NDArray[np.int64], even: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return `COLUMNS`, float64[column, value], of values float32[value, run]."""
    chosen = values if len(even) == len(draw) else values[:, even]
    everything = np.sort(chosen, axis=1)
    central = everything if len(first) == 1 else np.sort(values[:, draw == 0], axis=1)
    sampled = first[draw[first] > 0]
    means = np.empty((len(values), 0))
    if len(sampled) > 1:
        means = np.sort(_draw_means(values[:, sampled[0] :], sampled - sampled[0]), axis=1)
    return np.stack(
        [
            _draw_means(chosen, np.zeros(1, np.int64))[:, 0],
            *sorted_quantiles(everything, list(ALL.values())),
            *sorted_quantiles(central, list(LUCK.values())),
            *sorted_quantiles(means, list(ASSUMPTIONS.values())),
        ]
    )


def _draw_means(values: Series, first: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean of each draw, float64[value, draw]; not-a-number where no run has a value."""
    sums = np.add.reduceat(values, first, axis=1, dtype=np.float64)
    means = sums / np.diff(first, append=values.shape[1])
    holes = np.flatnonzero(np.isnan(sums).any(axis=1))
    if len(holes):
        some = values[holes]
        missing = np.isnan(some)
        sums = np.add.reduceat(np.where(missing, np.float32(0.0), some), first, axis=1, dtype=np.float64)
        counts = np.add.reduceat((~missing).astype(np.int64), first, axis=1)
        means[holes] = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return means


def sorted_quantiles(values: NDArray[Any], probabilities: Sequence[float]) -> NDArray[np.float64]:
    """Return interpolated quantiles, float64[probability, value], of values [value, run] sorted along runs.

    Sorting puts not-a-number last, where it is left out; where nothing else is left the quantile is not-a-number.
    """
    if values.shape[1] == 0:
        return np.full((len(probabilities), values.shape[0]), np.nan)
    last = np.maximum(values.shape[1] - np.isnan(values).sum(axis=1) - 1, 0)
    place = np.asarray(probabilities)[:, None] * last
    low = place.astype(np.int64)
    row = np.arange(values.shape[0])
    below, above = (values[row, at].astype(np.float64) for at in (low, np.minimum(low + 1, last)))
    return np.asarray(below + (above - below) * (place - low))
