"""What native charts of the slides show: a few series of plain numbers, made of the same estimates as the figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from sim.plotting.estimates import estimates
from sim.plotting.kinds import short as factor_words
from sim.plotting.page import MINUS, number
from sim.report.evidence import numbers
from sim.report.naming import short
from sim.report.sentences import PROBABILITY
from sim.report.story import Chart, Line

if TYPE_CHECKING:
    from sim.plotting.intervals import Estimate
    from sim.report.evidence import Group

MOST = 2  # charts side by side on a slide
_WEEK = 7
_BANDS = {
    "mean": "mean",
    "luck_q05": "luck 5 %",
    "luck_q95": "luck 95 %",
    "assumptions_q05": "assumptions 5 %",
    "assumptions_q95": "assumptions 95 %",
}
Ends = tuple[float, float] | None


def charts_of(kind: str, group: Group) -> tuple[Chart, ...]:
    """Return the charts that a kind of figure has; none where it has no native form."""
    return tuple(_CHARTS[kind](group))[:MOST] if kind in _CHARTS else ()


def _scale(unit: str) -> float:
    return 100.0 if unit == PROBABILITY else 1.0


def _unit(unit: str, difference: bool = False) -> str:
    if unit == PROBABILITY:
        return "percentage points" if difference else "% of runs"
    return unit.replace("km2", "km²")


def _value(value: float, scale: float) -> float | None:
    return round(scale * value, 6) if math.isfinite(value) else None


def _ends(ends: Ends, scale: float) -> Ends:
    return None if ends is None else (scale * ends[0], scale * ends[1])


def _dots(group: Group) -> Iterator[Chart]:
    about = group.asked.about
    found = [estimates(about, group.names, point) for point in group.points]
    for name in group.names:
        each = [one[name] for one in found]
        yield _bars(group, name, [point.label for point in group.points], each, about.outcomes[name].unit)


def _bars(group: Group, name: str, labels: Sequence[str], each: Sequence[Estimate], unit: str) -> Chart:
    """Return bars of means; their whiskers are the widest kind of spread that there is."""
    varied = any(one.assumptions for one in each)
    whiskers = "90 % of the draws of the assumptions" if varied else "95 % numerical interval"
    scale = _scale(unit)
    ends = tuple(_ends(one.assumptions if varied else one.numerical, scale) for one in each)
    values = tuple(_value(one.mean, scale) for one in each)
    title, about = short(group.first.loaded, name), f"bars: means; whiskers: {whiskers}"
    named = tuple(f"{label}: {said_value(value)}" for label, value in zip(labels, values, strict=True))
    return Chart("bars", title, _unit(unit), about, named, (Line("mean", values, ends),))


def said_value(value: float | None) -> str:
    """Return a value as the label of its bar has it: beside the bar it would stand in the whiskers."""
    if value is None:
        return "does not apply"
    return number(round(value)) if abs(value) >= 1 else f"{value:.2g}".replace("-", MINUS)


def _differences(group: Group) -> Iterator[Chart]:
    reference = group.points[group.reference].label
    about = f"less {reference}; whiskers: 95 % numerical interval, simultaneous"
    for name in group.names:
        against = [(label, pair) for label, pair in group.against(name) if pair.estimate is not None]
        if not against:
            continue
        scale = _scale(against[0][1].unit)
        values = tuple(_value(pair.estimate or 0.0, scale) for _, pair in against)
        line = Line("difference", values, tuple(_ends(pair.interval, scale) for _, pair in against))
        told = [
            said_value(value) if pair.direction else "not told"
            for value, (_, pair) in zip(values, against, strict=True)
        ]
        labels = tuple(f"{label}: {said}" for (label, _), said in zip(against, told, strict=True))
        title = short(group.first.loaded, name)
        yield Chart("bars", title, _unit(against[0][1].unit, True), about, labels, (line,))


def _response(group: Group) -> Iterator[Chart]:
    """Return a chart for each outcome: mean and assumptions along the number, or a line for each option."""
    (factor,) = numbers(group.first)
    curves: dict[str, list[int]] = {}
    for k, point in enumerate(group.points):
        options = ", ".join(str(value) for value in point.factors.values() if isinstance(value, str))
        curves.setdefault(options, []).append(k)
    for places in curves.values():
        places.sort(key=lambda k: float(group.points[k].factors[factor]))
    along = tuple(float(group.points[k].factors[factor]) for k in next(iter(curves.values())))
    for name in group.names:
        unit = group.asked.about.outcomes[name].unit
        series = tuple(_curves(group, name, curves))
        about = f"along {factor_words(factor)}: {', '.join(line.name for line in series[:3])}"
        yield Chart("curve", short(group.first.loaded, name), _unit(unit), about, along, series)


def _curves(group: Group, name: str, curves: Mapping[str, Sequence[int]]) -> Iterator[Line]:
    scale = _scale(group.asked.about.outcomes[name].unit)
    for label, places in curves.items():
        each = [estimates(group.asked.about, [name], group.points[k])[name] for k in places]
        yield Line(label or "mean", tuple(_value(one.mean, scale) for one in each))
        if len(curves) == 1 and all(one.assumptions for one in each):
            for end, said in enumerate(("assumptions 5 %", "assumptions 95 %")):
                yield Line(said, tuple(_value((one.assumptions or (0.0, 0.0))[end], scale) for one in each))


def _fan(group: Group) -> Iterator[Chart]:
    """Return the ground of each theatre by week: the mean, and luck and assumptions apart."""
    scenario, series = group.first.loaded.scenario, group.first.series
    for theatre, each in scenario.theatres.items():
        band = series.get(f"{theatre}.territory_km2")
        if band is None:
            continue
        days = range(0, len(band["mean"]), _WEEK)
        dates = tuple(scenario.start + timedelta(days=day) for day in days)
        shown = {said: column for column, said in _BANDS.items() if math.isfinite(float(band[column][-1]))}
        lines = tuple(
            Line(said, tuple(_value(float(band[column][day]), 1.0) for day in days)) for said, column in shown.items()
        )
        yield Chart(
            "dates", each.title or theatre, "km²", "by week: the mean; luck and assumptions apart", dates, lines
        )


_CHARTS: Mapping[str, Callable[[Group], Iterator[Chart]]] = {
    "dots": _dots,
    "differences": _differences,
    "response": _response,
    "fan": _fan,
}
