"""The theatre map of a run at a date: daily series of the result, and the moves of its central run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError
from sim.experiment.flows import RESERVE as RESERVE_POOL
from sim.experiment.flows import TRAINING, parties
from sim.plotting.map_content import RESERVE, Move, Scale, Station, Strength, Taken, TheatreMap
from sim.plotting.map_ground import Chart, Ground, laid_out, lined_up
from sim.plotting.map_labels import area_words
from sim.plotting.page import Frame, words
from sim.plotting.theatre_map import theatre_map

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.experiment.flows import Party
    from sim.experiment.read_result import Result

WINDOW = 30  # days over which people who move are counted
_BOUND = 0.005  # so near to the lowest pressure that the model knows, nobody attacks
_LEAST = 0.01  # share of the largest move below which an arrow is left out
_WEEK = 7
_MOST_THEATRES = 3  # in the headline
_MEDIAN, _LOW, _HIGH = "luck_q50", "luck_q05", "luck_q95"


@dataclass(frozen=True)
class Source:
    """What maps of a run are drawn from.

    trace : of its central run; None where that cannot be made again.
    """

    result: Result
    trace: Sequence[Mapping[str, Any]] | None

    @cached_property
    def parties(self) -> list[tuple[str, Party]]:
        """Return everyone who set out for a known place, with their side."""
        trace = self.trace or ()
        sides = self.result.loaded.scenario.sides
        return [(side, party) for side in sides for party in parties(trace, side) if party.target]

    def value(self, name: str, column: str, day: int) -> float:
        """Return a daily series on a day (0 is the first)."""
        if name not in self.result.series:
            raise InputError.single("", "", f"{self.result.folder}: has no series '{name}'")
        return float(self.result.series[name][column][day])

    @cached_property
    def scale(self) -> Scale:
        """Return what the largest arrows of the campaign stand for, so that its maps can be compared."""
        scenario, series = self.result.loaded.scenario, self.result.series
        medians = [series[name][_MEDIAN] for name in (f"{front}.territory_km2" for front in scenario.fronts)]
        ground = max(float(np.nanmax(np.abs(each - each[0]))) for each in medians)
        people = [move.people for day in _weeks(scenario.start, scenario.end) for move in self.moves(day)]
        return Scale(float(max(people, default=1)), ground or 1.0)

    def moves(self, day: date) -> tuple[Move, ...]:
        """Return who set out in the days up to a date."""
        summed: Counter[tuple[str, str, str]] = Counter()
        for side, party in self.parties:
            if day - timedelta(days=WINDOW) < party.departed.date() <= day:
                summed[side, _place(party.source), _place(party.target or "")] += party.people
        return tuple(Move(*ends, people) for ends, people in sorted(summed.items()) if ends[1] != ends[2])


def _place(name: str) -> str:
    return RESERVE if name in (RESERVE_POOL, TRAINING) else name


def map_at(source: Source, day: date) -> Figure:
    """Return the map at a date within the campaign."""
    return theatre_map(_content(source, day))


def weekly(source: Source, first: date, last: date) -> Iterator[Figure]:
    """Yield the map week by week, and on the last day."""
    for day in _weeks(first, last):
        yield map_at(source, day)


def _weeks(first: date, last: date) -> list[date]:
    days = [first + timedelta(days=k) for k in range(0, (last - first).days + 1, _WEEK)]
    return days if days[-1] == last else [*days, last]


def _content(source: Source, day: date) -> TheatreMap:
    from sim.model.drift import PRESSURE_BOUND

    scenario = source.result.loaded.scenario
    number_of_day = (day - scenario.start).days
    first, second = scenario.sides
    scale = source.scale
    kept = tuple(move for move in source.moves(day) if move.people >= _LEAST * scale.people)
    window = min(WINDOW, number_of_day)
    return TheatreMap(
        sides=(first, second),
        stations=tuple(_station(source, front, number_of_day) for front in scenario.fronts),
        reserves=tuple(source.value(f"{side}.reserve", _MEDIAN, number_of_day) for side in (first, second)),  # type: ignore[arg-type]
        moves=kept,
        ground=_ground(scenario),
        kinds={name: each.kind for name, each in scenario.map.outlines.items()} if scenario.map else {},
        scale=scale,
        quiet=_BOUND - PRESSURE_BOUND,
        window=f"in {window} days" if window else "",
        note=_lines_note(scenario),
        frame=_frame(source, day, window),
    )


def _station(source: Source, front: str, day: int) -> Station:
    scenario = source.result.loaded.scenario
    sides = tuple(_strength(source, f"{front}.{side}", day) for side in scenario.sides)
    return Station(front, _taken(source, front, day), sides)  # type: ignore[arg-type]


def _strength(source: Source, name: str, day: int) -> Strength:
    people, before = (source.value(f"{name}.people", _MEDIAN, each) for each in (day, max(0, day - WINDOW)))
    return Strength(people, people - before if day else None, source.value(f"{name}.pressure", _MEDIAN, day))


def _taken(source: Source, place: str, day: int) -> Taken:
    """Return the ground taken on a front (or in a theatre) since the first day, by who took it where that is told."""
    scenario = source.result.loaded.scenario
    theatre = scenario.fronts[place].theatre if place in scenario.fronts else place
    positive = scenario.theatres[theatre].positive
    name = f"{place}.territory_km2"
    columns = (_MEDIAN, _LOW, _HIGH)
    median, low, high = (source.value(name, column, day) - source.value(name, column, 0) for column in columns)
    if high < 0:
        other = next(side for side in scenario.sides if side != positive)
        return Taken(other, -median, -high, -low)
    return Taken(positive, median, low, high)


def _ground(scenario: Any) -> Ground:
    """Return where everything lies; a line-up where a front has no position."""
    lines = {name: np.array(each.position.points) for name, each in scenario.fronts.items() if each.position}
    if len(lines) < len(scenario.fronts):
        return lined_up(
            {
                theatre: [name for name, each in scenario.fronts.items() if each.theatre == theatre]
                for theatre in scenario.theatres
            }
        )
    if scenario.map is None:
        return laid_out(Chart(lines))
    stated = scenario.map.sides
    first, second = (np.array(stated[side].point) if side in stated else None for side in scenario.sides)
    return laid_out(
        Chart(
            lines,
            (first, second),
            {name: np.array(each.line.points) for name, each in scenario.map.outlines.items()},
            {name: np.array(each.point) for name, each in scenario.map.names.items()},
        )
    )


def _frame(source: Source, day: date, window: int) -> Frame:
    result, scenario = source.result, source.result.loaded.scenario
    where = f"{result.title} ({', '.join(result.sets)})" if result.sets else result.title
    what = "medians, 90 % of luck in brackets, at central assumptions; ground since"
    caption = f"{where} · {what} {_said(scenario.start)}"
    return Frame(_finding(source, day), caption, result.provenance, (_moved(source, window),))


def _said(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _moved(source: Source, window: int) -> str:
    """Return whose moves the arrows of people are, and which are left out."""
    if source.trace is None:
        return "who moved where is not known of this result: no arrows; changes of people are those of the medians"
    if not window:
        return "arrows show who moved from the first day on"
    who = f"arrows of people: who set out in {window} days in one run (central assumptions, replication 0)"
    return f"{who}; those under {100 * _LEAST:.0f} % of the largest left out"


def _lines_note(scenario: Any) -> str:
    """Return of what kind the lines of the map are."""
    missing = [words(name) for name, front in scenario.fronts.items() if front.position is None]
    if missing:
        which = "the scenario has no positions" if len(missing) == len(scenario.fronts) else ", ".join(missing)
        return f"A line-up, not a map: {which}" + ("" if which.startswith("the") else " without a position")
    return scenario.map.note if scenario.map and scenario.map.note else "Positions schematic"


def _finding(source: Source, day: date) -> str:
    """Return the date, and who took ground since the start by theatre, where luck leaves no doubt."""
    scenario = source.result.loaded.scenario
    if day == scenario.start:
        return f"{_said(day)}: the fronts at the start"
    fronts = {front.theatre for front in scenario.fronts.values()}
    roles = {"second": 0, "main": 1, "other": 2}
    there = [name for name in scenario.theatres if name in fronts]
    theatres = sorted(there, key=lambda name: roles[scenario.theatres[name].role])
    parts, last = [], ""
    for theatre in theatres[:_MOST_THEATRES]:
        taken = _taken(source, theatre, (day - scenario.start).days)
        if taken.told:
            who = "" if taken.side == last else f"{words(taken.side)} "
            parts.append(f"{who}+{area_words(taken.median)} km² in {words(theatre)}")
            last = taken.side
    return f"{_said(day)}: {', '.join(parts) if parts else 'luck leaves open who took ground'}"


def day_within(result: Result, asked: date | None) -> date:
    """Return the date of a map: as asked, else the first assessment, else the last day; refuse one outside."""
    scenario = result.loaded.scenario
    assessed = min(scenario.assess.dates.values(), default=None) if scenario.assess else None
    day = asked or assessed or scenario.end
    if not scenario.start <= day <= scenario.end:
        message = f"{day} is not within the campaign, {scenario.start} to {scenario.end}"
        raise InputError.single("--at", "", message)
    return day
