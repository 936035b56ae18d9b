"""The answers of runs, in one sentence each, and what would change them: by rule, from estimates that others made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sim.plotting.kinds import short as factor_words
from sim.plotting.page import number
from sim.report import sentences
from sim.report.evidence import numbers
from sim.report.naming import clause
from sim.report.sentences import PROBABILITY, capital, difference, listed, percents, span, stated
from sim.report.story import Answer

if TYPE_CHECKING:
    from sim.analysis.compare import Pair
    from sim.analysis.stats import Row
    from sim.experiment.read_result import Point
    from sim.report.evidence import Group

_HALF = 0.5


def answer(group: Group, question: str) -> Answer:
    """Return the answer of a group of runs to a question."""
    place, lead = base(group), group.lead
    row = group.rows[place][lead]
    return Answer(
        question=question,
        sentence=f"{capital(_sentence(group, row))}.",
        numerical=sentences.numerical(row),
        luck=sentences.luck(row, group.central(place, lead)),
        assumptions=sentences.assumed(row, min(each.draws for each in group.asked.results)),
        source=group.source,
    )


def base(group: Group) -> int:
    """Return the point that the answer is about: the reference, or of a sweep the lowest."""
    return ends(group)[0] if group.kind == "sweep" else group.reference


def _sentence(group: Group, row: Row) -> str:
    subject = clause(group.first.loaded, row.name)
    if group.kind == "sweep":
        return _along(group, row, subject)
    if group.kind == "run":
        return stated(row, subject)
    label = group.points[group.reference].label
    return f"{stated(row, subject, label)}; {_others(group, row)}"


def _others(group: Group, row: Row) -> str:
    """Return how the other points differ from the reference: the largest told in each direction, the rest by name."""
    against = group.against(row.name)
    told = sorted((each for each in against if each[1].direction), key=lambda each: -abs(each[1].estimate or 0.0))
    parts = []
    for direction in dict.fromkeys(pair.direction for _, pair in told):
        (label, pair), *rest = (each for each in told if each[1].direction == direction)
        others = f", and {direction} too under {listed([name for name, _ in rest])}" if rest else ""
        parts.append(f"under {label} {_told(pair, row)}{others}")
    untold = [label for label, pair in against if not pair.direction and pair.estimate is not None]
    if untold:
        parts.append(f"no difference is told for {listed(untold)}")
    return "; ".join(parts) or "it is compared with none of the others"


def _told(pair: Pair, row: Row) -> str:
    what = "it is " if row.unit != PROBABILITY else "the share is "
    return f"{what}{difference(pair)}"


def _along(group: Group, row: Row, subject: str) -> str:
    """Return a sentence from the lowest to the highest point of a sweep."""
    low, high = ends(group)
    pair = group.between(high, low, row.name)
    found = difference(pair)
    return f"{stated(row, subject, at(group, low))}; at {at(group, high)} {'it is ' if pair.direction else ''}{found}"


def ends(group: Group) -> tuple[int, int]:
    """Return the positions of the points with the lowest and the highest numbers, at the first options."""
    names = numbers(group.first)
    options = _options(group.points[0])
    those = [k for k, point in enumerate(group.points) if _options(point) == options]
    ordered = sorted(those, key=lambda k: [float(group.points[k].factors[name]) for name in names])
    return ordered[0], ordered[-1]


def _options(point: Point) -> list[str]:
    return [value for value in point.factors.values() if isinstance(value, str)]


def at(group: Group, place: int) -> str:
    """Return what a point of a sweep is: 'dprk inflow people 30,000'."""
    factors = group.points[place].factors
    return ", ".join(
        f"{name.rpartition('.')[2]} {value}" if isinstance(value, str) else f"{factor_words(name)} {number(value)}"
        for name, value in factors.items()
    )


def would_change(group: Group) -> Iterator[str]:
    """Yield what would change the answer of a group: choices, assumptions, luck, each only where it is seen to."""
    place = base(group)
    row = group.rows[place][group.lead]
    if len(group.points) > 1 and group.kind != "sweep":
        yield from _choices(group, row)
    if row.assumptions:
        yield _assumptions(row)
    yield from _signs(group, row)
    if row.unit == PROBABILITY:
        central = group.central(place, row.name)
        if central.mean is not None and 0.0 < central.mean < 1.0:
            share = sentences.percent(central.mean)
            yield f"Luck: with nothing else changed, {share} of runs at central assumptions have it, the rest not."
    elif row.luck:
        yield f"Luck: with nothing else changed, 90 % of runs give {span(row.luck, row.unit)}."


def _choices(group: Group, row: Row) -> Iterator[str]:
    """Yield the choice that changes the leading outcome most, if one is told to."""
    told = [(label, pair) for label, pair in group.against(row.name) if pair.direction]
    if told:
        label, pair = max(told, key=lambda each: abs(each[1].estimate or 0.0))
        yield f"Another choice: under {label} it is {difference(pair)}."


def _assumptions(row: Row) -> str:
    assert row.assumptions is not None
    low, high = row.assumptions
    if row.unit != PROBABILITY:
        return f"Other assumptions: across their draws the mean goes from {span(row.assumptions, row.unit)}."
    either = low < _HALF < high
    verdict = "either side of one half" if either else "on one side of one half"
    return f"Other assumptions: across their draws it goes from {percents(low, high)} of runs, {verdict}."


def _signs(group: Group, row: Row) -> Iterator[str]:
    """Yield the choices whose effect has either sign across assumptions."""
    if group.kind == "sweep" or len(group.points) < 2:
        return
    found = []
    for label, pair in group.against(row.name):
        spread = pair.spread.assumptions
        if spread and spread[0] < 0.0 < spread[-1]:
            found.append(label)
    if found:
        yield f"The sign of an effect rests on assumptions: of {listed(found)} it is either across their draws."
