"""How figures of a campaign come about: what runs say, a claim's bias, a map's lag, what counts as held, and errors.

Runs and figures are compared on a scale that is logarithmic for large values and linear for small and negative ones:
`scaled(y) = asinh(y / 2c)`, c a quarter of the figure and at least `Belief.least`. On this scale

    figure = runs (at the date less the lag) + bias of the claimant + what counts as held + error + discrepancy.

Luck is not part of it: it is in the runs. Bias and what counts as held are the same for all figures of a claimant and
a quantity, so they make errors that go together; they are normal, so they are integrated out and given back by
`biases`. A lag is one of a few values, equally likely beforehand. docs/calibrate.md gives each number's reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, Problem
from sim.experiment.dated import Calendar, dated_name
from sim.scenario.observations import Observation

Values = NDArray[np.float64]

LAG_DAYS = 4  # the longest lag of a map; 0, 1, ... LAG_DAYS are equally likely
RANGE_SHARED = 0.8  # of the variance of a range: what counts as held is nearly the same on every date
_UNIFORM = 12.0  # a range's ends over the square root of this: the sd of a uniform


@dataclass(frozen=True)
class Belief:
    """What is believed beforehand of figures of one kind.

    bias : median of claim over truth; bias_sd : sd of its logarithm. error : relative sd of each figure by itself;
    least_error : its sd in the quantity's unit at the least. discrepancy, change_discrepancy : sd of the model's own
    error in the logarithm, of a level and of a change. lag : whether figures may lag events. least : as above.
    """

    kind: str
    bias: float
    bias_sd: float
    error: float
    least_error: float
    discrepancy: float
    change_discrepancy: float
    lag: bool
    least: float


GROUND = Belief("ground", 1.0, 0.05, 0.03, 5.0, 0.10, 0.25, True, 10.0)
PEOPLE = Belief("people", 1.0, 0.10, 0.05, 500.0, 0.10, 0.25, False, 500.0)
LOSSES = Belief("losses", 1.2, 0.13, 0.02, 100.0, 0.05, 0.05, False, 100.0)
OTHER = Belief("other", 1.0, 0.10, 0.05, 0.0, 0.10, 0.25, False, 1e-9)


def belief(quantity: str) -> Belief:
    """Return what is believed of figures of a quantity."""
    name = quantity.rpartition(".")[2]
    if name == "territory_km2":
        return GROUND
    if name == "people":
        return PEOPLE
    return LOSSES if name in ("casualties", "irrecoverable", "losses") else OTHER


@dataclass(frozen=True)
class Seen:
    """Figures made ready to be compared with runs.

    now, lagged : the outcome of each figure on its date, and LAG_DAYS earlier (the same where its kind has no lag).
    scale, target : c of each figure, and the figure on the scale less the median bias, float64[figure].
    covariance : float64[figure, figure] of bias, range, error and discrepancy, on the scale.
    claimants : of figures that may lag; lag_of : its place among them by figure, -1 for none, int64[figure].
    """

    figures: tuple[Observation, ...]
    now: tuple[str, ...]
    lagged: tuple[str, ...]
    scale: Values
    target: Values
    covariance: Values
    claimants: tuple[str, ...]
    lag_of: NDArray[np.int64]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the outcomes that runs are asked for, each once."""
        return tuple(dict.fromkeys((*self.now, *self.lagged)))

    def part(self, kept: NDArray[np.bool_]) -> Seen:
        """Return some of the figures."""
        at = np.flatnonzero(kept)
        return Seen(
            tuple(self.figures[k] for k in at),
            tuple(self.now[k] for k in at),
            tuple(self.lagged[k] for k in at),
            self.scale[at],
            self.target[at],
            self.covariance[np.ix_(at, at)],
            self.claimants,
            self.lag_of[at],
        )


def checked(figures: Sequence[Observation], calendar: Calendar, where: str) -> None:
    """Raise InputError with every figure that no run can be compared with: unknown, outside the run, or given twice."""
    from sim.scenario.wording import suggestion

    last = calendar.start + timedelta(days=calendar.days)
    problems, first = [], dict[tuple[object, ...], int]()
    for each in figures:
        place, same = f"{where}:{each.line}", (each.quantity, each.since, each.date, each.claimant)
        if each.quantity not in calendar.series:
            said = suggestion(each.quantity, calendar.series)
            problems.append(Problem(place, "quantity", f"'{each.quantity}' is no daily series of the scenario{said}"))
        outside = [when for when in (each.since, each.date) if when and not calendar.start <= when <= last]
        problems += [
            Problem(place, "date", f"{when} is outside the run, {calendar.start} to {last}") for when in outside
        ]
        if same in first:
            problems.append(Problem(place, "quantity", f"the same figure stands in line {first[same]}; leave one out"))
        first.setdefault(same, each.line)
    if problems:
        raise InputError(problems)


def prepared(figures: Sequence[Observation], start: date) -> Seen:
    """Return figures ready to be compared with runs that begin on a date."""
    beliefs = [belief(each.quantity) for each in figures]
    value = np.array([each.value for each in figures])
    scale = np.maximum(0.25 * np.abs(value), [each.least for each in beliefs])
    claimants = tuple(dict.fromkeys(each.claimant for each, b in zip(figures, beliefs, strict=True) if b.lag))
    lag_of = [claimants.index(each.claimant) if b.lag else -1 for each, b in zip(figures, beliefs, strict=True)]
    median_bias = np.log([each.bias for each in beliefs])
    return Seen(
        figures=tuple(figures),
        now=tuple(_name(each, 0, start) for each in figures),
        lagged=tuple(_name(each, LAG_DAYS if b.lag else 0, start) for each, b in zip(figures, beliefs, strict=True)),
        scale=scale,
        target=scaled(value, scale) - median_bias * _stretch(value, scale),
        covariance=_covariance(figures, beliefs, value, scale),
        claimants=claimants,
        lag_of=np.array(lag_of, np.int64),
    )


def scaled(values: Values, scale: Values) -> Values:
    """Return values on the scale of comparison, shape as given."""
    return np.asarray(np.arcsinh(values / (2 * scale)), np.float64)


def unscaled(values: Values, scale: Values) -> Values:
    """Return values in their unit."""
    return np.asarray(2 * scale * np.sinh(values), np.float64)


def log_bias(seen: Seen) -> Values:
    """Return what the median bias of each figure's kind adds on the scale, float64[figure]."""
    value = np.array([each.value for each in seen.figures])
    return np.log([belief(each.quantity).bias for each in seen.figures]) * _stretch(value, seen.scale)


def joined_covariance(one: Seen, other: Seen) -> Values:
    """Return the covariance of the errors of two sets of different figures: bias and range, float64[one, other]."""
    figures = (*one.figures, *other.figures)
    beliefs = [belief(each.quantity) for each in figures]
    value, scale = np.array([each.value for each in figures]), np.concatenate([one.scale, other.scale])
    return _covariance(figures, beliefs, value, scale)[: len(one.figures), len(one.figures) :]


def biases(seen: Seen, residual: Values, scatter: Values) -> dict[tuple[str, str], tuple[float, float, float, float]]:
    """Return what residuals say of the bias of each claimant in each kind of figure.

    residual : float64[point, figure], figures less what runs say in the mean, on the scale; scatter : the covariance
    of runs about that mean. Return (median beforehand, sd of its logarithm beforehand, median, sd of the logarithm) of
    claim over truth, by (claimant, kind).
    """
    inverse = np.linalg.inv(seen.covariance + scatter)
    found = {}
    for group, at in _groups(seen.figures).items():
        b = belief(seen.figures[at[0]].quantity)
        stretch = np.zeros(len(seen.figures))
        stretch[at] = _stretch(np.array([seen.figures[k].value for k in at]), seen.scale[at])
        gain = b.bias_sd**2 * stretch @ inverse
        mean = residual @ gain
        left = max(0.0, b.bias_sd**2 - float(gain @ stretch) * b.bias_sd**2)
        after = float(np.sqrt(left + mean.var()))
        found[group] = (b.bias, b.bias_sd, float(b.bias * np.exp(mean.mean())), after)
    return found


def _name(each: Observation, lag: int, start: date) -> str:
    """Return the outcome that a figure is compared with; before the start nothing has changed."""
    since = each.since and max(start, each.since - timedelta(days=lag))
    on = max(start if since is None else since + timedelta(days=1), each.date - timedelta(days=lag))
    return dated_name(each.quantity, on, since)


def _stretch(value: Values, scale: Values) -> Values:
    """Return what a small relative change of a value changes on the scale."""
    return np.asarray(np.abs(value) / np.sqrt(value**2 + 4 * scale**2), np.float64)


def _groups(figures: Sequence[Observation]) -> dict[tuple[str, str], list[int]]:
    """Return the places of the figures of each claimant and kind."""
    found: dict[tuple[str, str], list[int]] = {}
    for k, each in enumerate(figures):
        found.setdefault((each.claimant, belief(each.quantity).kind), []).append(k)
    return found


def _covariance(figures: Sequence[Observation], beliefs: Sequence[Belief], value: Values, scale: Values) -> Values:
    per_unit = 1 / np.sqrt(value**2 + 4 * scale**2)
    error = np.hypot([each.error for each in beliefs] * np.abs(value), [each.least_error for each in beliefs])
    own = [
        each.change_discrepancy if seen.since else each.discrepancy for each, seen in zip(beliefs, figures, strict=True)
    ]
    low, high = (np.array([getattr(each, end) for each in figures]) for end in ("low", "high"))
    spread = np.nan_to_num((high - low) / np.sqrt(_UNIFORM)) * per_unit
    found = np.diag((error * per_unit) ** 2 + np.square(own) + (1 - RANGE_SHARED) * spread**2)
    stretch = _stretch(value, scale) * [each.bias_sd for each in beliefs]
    for at in _groups(figures).values():
        found[np.ix_(at, at)] += np.outer(stretch[at], stretch[at]) + RANGE_SHARED * np.outer(spread[at], spread[at])
    return np.asarray(found, np.float64)
