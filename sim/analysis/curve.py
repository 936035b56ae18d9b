"""A statistic along a line of values, with a band that holds at all of its points together, and what follows of it.

Every point is run under the same draws of the assumptions, each with luck of its own that is the same at every point
(nested: with few runs of a draw the band is narrower than where all draws share their luck). A point's estimate is a
mean of runs (a share, a mean), so its error is linear in the runs, and the band over points is that of
`sim.analysis.simultaneous` (max-t, with draws as clusters). A quantile's band is Woodruff's (1952): the band of the
share of runs below it, carried over to the outcome by the runs' own quantiles.

Points may have unequal numbers of draws and replications: where precision is needed, more are run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.condition import OPERATORS, Condition, Statistic
from sim.analysis.paired import Difference, Sample, difference
from sim.analysis.simultaneous import Simultaneous, simultaneous
from sim.analysis.stats import PROBABILITY, Crossing

Values = NDArray[np.float64]

HOLDS, FAILS, UNTOLD = "holds", "does not hold", "cannot be told"


class Band(NamedTuple):
    """A statistic at each point, float64[point], with the ends of its simultaneous 95 % band.

    lasting : share of the squared half width that more replications of the same draws would not take away.
    """

    estimate: Values
    low: Values
    high: Values
    lasting: Values

    def states(self, condition: Condition) -> list[str]:
        """Return at each point whether the condition holds, as far as the band tells."""
        return [_state(low, high, condition) for low, high in zip(self.low, self.high, strict=True)]


class Spans(NamedTuple):
    """What the assumptions make of a statistic, float64[point] each.

    low, high : 5 and 95 % of the statistic over the sampled draws; share : of these draws, those in which the
    condition holds. Not-a-number where there are fewer than two.
    """

    low: Values
    high: Values
    share: Values


def stacked(runs: Sequence[Values]) -> tuple[Values, Crossing]:
    """Return the runs of all points in one frame, float64[point, run], not-a-number where a point has none.

    runs : float64[draw, replication] of each point, each draw with luck of its own (nested), so that no two runs of a
    point share a replication. Draw 0, which is central and not sampled, is left out where there are others.
    """
    draws, luck = (max(each.shape[axis] for each in runs) for axis in (0, 1))
    frame = np.full((len(runs), draws, luck), np.nan)
    for k, each in enumerate(runs):
        frame[k, : each.shape[0], : each.shape[1]] = each
        if draws > 1:
            frame[k, 0] = np.nan
    draw = np.repeat(np.arange(draws), luck)
    return frame.reshape(len(runs), -1), Crossing(draw, np.arange(draws * luck))


def band(runs: Sequence[Values], statistic: Statistic) -> Band:
    """Return a statistic with its band; `runs` holds the outcome, float64[draw, replication] of each point."""
    frame, crossing = stacked(runs)
    if statistic.kind == "q":
        return _quantile_band(frame, crossing, statistic)
    differences = _against_zero(statistic.per_run(frame), statistic.kind == "P")
    found = simultaneous(differences, crossing)
    low, high = _ends(found.intervals)
    estimate = np.array([math.nan if each.estimate is None else each.estimate for each in differences])
    lasting = _lasting(found, low, high)
    if statistic.kind == "P":
        low, high = np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)
    return Band(estimate, low, high, lasting)


def _against_zero(rows: Values, binary: bool) -> list[Difference]:
    """Return the mean of each row, float64[point, run], as a difference from zero."""
    above = np.concatenate([rows, np.zeros((1, rows.shape[1]))])
    data = Sample(above, np.ones_like(above), above, PROBABILITY if binary else "", binary)
    return [difference(data, k, len(rows)) for k in range(len(rows))]


def _ends(intervals: Sequence[tuple[float, float] | None]) -> tuple[Values, Values]:
    ends = [(-math.inf, math.inf) if each is None else each for each in intervals]
    return np.array([low for low, _ in ends]), np.array([high for _, high in ends])


def _lasting(found: Simultaneous, low: Values, high: Values) -> Values:
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.square(found.floor / ((high - low) / 2))
    return np.asarray(np.clip(np.nan_to_num(share, nan=0.0, posinf=1.0), 0.0, 1.0), np.float64)


def _quantile_band(frame: Values, crossing: Crossing, statistic: Statistic) -> Band:
    """Return the band of a quantile: that of the share of runs up to its estimate, carried over (Woodruff 1952)."""
    estimate = np.array([statistic.of(row) for row in frame])
    below = np.where(np.isfinite(frame), (frame <= estimate[:, None]).astype(np.float64), np.nan)
    differences = _against_zero(below, binary=True)
    found = simultaneous(differences, crossing)
    shares = np.array([math.nan if each.estimate is None else each.estimate for each in differences])
    low, high = _ends(found.intervals)
    down, up = statistic.share - (high - shares), statistic.share + (shares - low)
    ends = [
        (_quantile(row, at, -math.inf), _quantile(row, to, math.inf))
        for row, at, to in zip(frame, down, up, strict=True)
    ]
    return Band(estimate, *_ends(ends), _lasting(found, low, high))


def _quantile(row: Values, share: float, beyond: float) -> float:
    kept = row[np.isfinite(row)]
    return float(np.quantile(kept, share)) if len(kept) and 0.0 < share < 1.0 else beyond


def _state(low: float, high: float, condition: Condition) -> str:
    both = OPERATORS[condition.sign](np.array([low, high]), condition.level)
    return UNTOLD if both[0] != both[1] else HOLDS if both[0] else FAILS


def across(runs: Sequence[Values], condition: Condition) -> Spans:
    """Return what the sampled draws make of a statistic at each point."""
    rows = [[condition.statistic.of(draw) for draw in each[1:]] for each in runs]
    found = [_span(np.array([value for value in row if math.isfinite(value)]), condition) for row in rows]
    low, high, share = (np.array(column) for column in zip(*found, strict=True))
    return Spans(low, high, share)


def _span(values: Values, condition: Condition) -> tuple[float, float, float]:
    if len(values) < 2:
        return math.nan, math.nan, math.nan
    low, high = np.quantile(values, (0.05, 0.95))
    return float(low), float(high), float(OPERATORS[condition.sign](values, condition.level).mean())


class Region(NamedTuple):
    """Values between two points (ends included) and whether the condition holds there."""

    low: float
    high: float
    state: str


class Change(NamedTuple):
    """Two points between which the condition surely changes, to the state of the second."""

    low: float
    high: float
    to: str


def regions(at: Sequence[float], states: Sequence[str], step: float) -> list[Region]:
    """Return the whole line in regions, in order; between two points of the same state it is taken for that state.

    Between neighbours of different states nothing is told, unless they are one step apart.
    """
    found: list[Region] = []
    for k, (value, state) in enumerate(zip(at, states, strict=True)):
        if k and state != states[k - 1] and UNTOLD not in (state, states[k - 1]) and value - at[k - 1] > step:
            found.append(Region(at[k - 1], value, UNTOLD))
        found.append(Region(value, value, state))
    return _merged(found, step)


def _merged(parts: Sequence[Region], step: float) -> list[Region]:
    """Return regions with neighbours of one state as one; what lies between told and untold is untold."""
    found: list[Region] = []
    for part in parts:
        if found and found[-1].state == part.state:
            found[-1] = found[-1]._replace(high=part.high)
            continue
        if found and part.low - found[-1].high > step:
            if part.state == UNTOLD:
                part = part._replace(low=found[-1].high)
            else:
                found[-1] = found[-1]._replace(high=part.low)
        found.append(part)
    return found


def crossings(at: Sequence[float], states: Sequence[str]) -> list[Change]:
    """Return the pairs of told points between which the condition surely changes."""
    told = [(value, state) for value, state in zip(at, states, strict=True) if state != UNTOLD]
    return [Change(low, high, after) for (low, before), (high, after) in pairwise(told) if before != after]


def turns(band: Band) -> tuple[int, int, int] | None:
    """Return three points that show, all told together, that the statistic rises and falls (or falls and rises)."""
    for low, high in ((band.low, band.high), (-band.high, -band.low)):
        for k in range(1, len(low) - 1):
            before, after = int(np.argmin(high[:k])), k + 1 + int(np.argmin(high[k + 1 :]))
            if low[k] > high[before] and low[k] > high[after]:
                return before, k, after
    return None


def change(runs: Mapping[str, Values], statistic: Statistic) -> tuple[float, tuple[float, float] | None] | None:
    """Return the paired difference 'to' less 'from' of a mean or a share, with its interval; None of a quantile."""
    if statistic.kind == "q":
        return None
    frame, crossing = stacked([runs["from"], runs["to"]])
    rows = statistic.per_run(frame)
    data = Sample(rows, np.ones_like(rows), rows, "", statistic.kind == "P")
    found = difference(data, 1, 0)
    interval = simultaneous([found], crossing).intervals[0]
    return None if found.estimate is None else (found.estimate, interval)
