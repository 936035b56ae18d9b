"""The line along which a threshold is sought: a number, a whole number or a date between two ends, with its points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import InputError, Problem
from sim.experiment.factors import NUMBER, SET, VARY, Factor, factors_of, parse_vary
from sim.experiment.points import Layout, Points, design_points

if TYPE_CHECKING:
    from sim.experiment.plan import Source
    from sim.scenario.load import Loaded

_DIGITS = 12  # of a value between two others, so that it reads as people would write it


@dataclass(frozen=True)
class Axis:
    """A line of values from `low` to `high`.

    factor : what varies; unit : of the numbers ('' for dates); step : the least distance of two values, 0 for any.
    dated : values are days, counted as `date.toordinal` does.
    start : values that the user wants looked at first, () for an even spread.
    """

    factor: Factor
    low: float
    high: float
    unit: str = ""
    step: float = 0.0
    dated: bool = False
    start: tuple[float, ...] = ()

    def point(self, value: float) -> Points:
        """Return a design of one point, at a value."""
        level = self.label(value) if self.dated else value
        factor = Factor(self.factor.name, self.factor.kind, (level,), quantity=self.factor.quantity)
        return design_points((factor,), Layout())

    def label(self, value: float) -> str:
        """Return a value as people write it, without its unit."""
        return str(date.fromordinal(round(value))) if self.dated else f"{value:,.6g}".replace(",", "")

    def said(self, value: float) -> str:
        """Return a value in words: '11,000 people', '0.3', '2024-10-01'."""
        number = self.bare(value)
        return f"{number} {self.unit}" if self.unit not in ("", "1", "share") else number

    def bare(self, value: float) -> str:
        """Return a value in words without its unit, for where that follows."""
        if self.dated:
            return self.label(value)
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"

    def spread(self, count: int) -> list[float]:
        """Return about so many values from end to end, on the steps of the axis."""
        if self.start:
            return sorted(set(self.start))
        return sorted({self.near(float(value)) for value in np.linspace(self.low, self.high, count)})

    def between(self, low: float, high: float) -> float | None:
        """Return a value half-way between two, None where the steps of the axis leave no room."""
        middle = self.near((low + high) / 2)
        return middle if low < middle < high else None

    def near(self, value: float) -> float:
        """Return the value of the axis that is nearest to a number."""
        if not self.step:
            return float(f"{value:.{_DIGITS}g}")
        return self.low + round((value - self.low) / self.step) * self.step


def axis_of(loaded: Loaded, given: Sequence[str]) -> Axis:
    """Return the axis that `--vary PATH=LO:HI` names; raise InputError where it is not one line of values."""
    parts = parse_vary(given)
    if len(parts) != 1:
        message = f"needs one path with a range, PATH=LO:HI, not {len(parts)}; a threshold is sought along one line"
        raise InputError.single(VARY, "", message)
    name, values, where = parts[0]
    text = values if isinstance(values, str) else ""
    if ":" not in text:
        raise InputError.single(where, name, f"{text or 'no value'} is no range: give {name}=LO:HI")
    dates = _dates(text)
    if dates:
        return _dated(loaded, name, text, dates)
    return _numbers(name, factors_of(loaded, [(name, text, where)])[0])


def _numbers(name: str, factor: Factor) -> Axis:
    quantity = factor.quantity
    if factor.kind != NUMBER or quantity is None:
        message = "takes no range of numbers; a threshold is sought along a number or a date (FROM:TO)"
        raise InputError.single(VARY, name, message)
    step = 1.0 if quantity.integer else 0.0
    levels = tuple(float(value) for value in factor.values)
    low, high = factor.span or (min(levels), max(levels))
    if low == high:
        raise InputError.single(VARY, name, f"is the one value {low:g}; a threshold needs a range, LO below HI")
    return Axis(factor, low, high, quantity.unit, step, start=levels)


def _dates(text: str) -> list[date]:
    """Return the two dates of 'FROM:TO' or of 'FROM:TO:STEP', none where it does not hold dates."""
    try:
        return [date.fromisoformat(part.strip()) for part in text.split(":")[:2]]
    except ValueError:
        return []


def _dated(loaded: Loaded, name: str, text: str, dates: Sequence[date]) -> Axis:
    first, last = dates
    if first >= last:
        raise InputError.single(VARY, name, f"'{text}' does not rise: {first} to {last}")
    stepped = text.count(":") > 1
    factor = factors_of(loaded, [(name, text if stepped else f"{first},{last}", VARY)])[0]
    if factor.kind != SET:
        raise InputError.single(VARY, name, "is no date")
    start = tuple(float(date.fromisoformat(str(value)).toordinal()) for value in factor.values) if stepped else ()
    return Axis(factor, float(first.toordinal()), float(last.toordinal()), "", 1.0, dated=True, start=start)


def check_ends(source: Source, base: Loaded, axis: Axis) -> None:
    """Refuse an axis whose ends make no valid scenario, before anything is run; `source` is where `base` comes from."""
    from sim.experiment.variant import check_numbers

    for end in (axis.low, axis.high):
        if not axis.dated:
            check_numbers(base, {axis.factor.name: end})
            continue
        try:
            source.load(sets=[f"{axis.factor.name}={axis.label(end)}"])
        except InputError as error:
            raise InputError(Problem(VARY, each.path, each.message) for each in error.problems) from error
