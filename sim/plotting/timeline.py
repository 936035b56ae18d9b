"""Timeline: dates of the scenario, landings and policies set in motion by side, and who was moved in each week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.experiment.events import Event
from sim.plotting.fan import side_colours
from sim.plotting.markers import LEVEL_POINTS, RAISED_POINTS, Label, levels, mark, plan
from sim.plotting.page import Frame, add_note, page, panel, thousands, words, write
from sim.plotting.style import BODY, DPI, FAINT, INK, SMALL, across, fitted
from sim.plotting.timeaxis import day_number, set_ticks

MOST_ROUTES = 4
_LEFT, _RIGHT, _TOP, _FOOT = 3.0, 12.15, 6.25, 1.1  # inches: of the panels
_STRIP, _AIR = 0.1, 0.22  # inches: the panel of the dates; above the labels of a side
_HIGHEST = 0.6  # inches of a route
_INCHES_A_TICK = 0.8
_DAYS = 7.0


@dataclass(frozen=True)
class Route:
    """People sent from a place to another, by week, int64[week] from the first day on."""

    source: str
    target: str
    people: NDArray[np.int64]


@dataclass(frozen=True)
class Lane:
    """A side: what happened on a date (landings, policies set in motion), and its routes, the busiest first."""

    side: str
    events: tuple[Event, ...]
    routes: tuple[Route, ...]


@dataclass(frozen=True)
class Timeline:
    """What the figure shows.

    events : those of the scenario, marked through all lanes; sides : of the scenario, which gives each its colour.
    """

    start: date
    end: date
    events: tuple[Event, ...]
    lanes: tuple[Lane, ...]
    sides: tuple[str, ...]
    frame: Frame


def timeline(shown: Timeline) -> Figure:
    """Return the figure."""
    lanes = [replace(lane, routes=lane.routes[:MOST_ROUTES]) for lane in shown.lanes]
    busiest = max((int(route.people.max(initial=0)) for lane in lanes for route in lane.routes), default=0)
    with page(_framed(shown)) as figure:
        probe = panel(figure, _LEFT, _FOOT, _RIGHT - _LEFT, 1.0)
        probe.set_xlim(*_limits(shown))
        plans = [plan(probe, events, (_LEFT * DPI, 13.2 * DPI)) for events in _events(shown)]
        panels = _panels(figure, shown, lanes, plans)
        probe.remove()
        unplaced = mark([axes for group in panels for axes in group], plans[0])
        colours = dict(zip(shown.sides, side_colours(shown.sides), strict=False))
        if busiest:
            scale = f"bars: people sent in a week; a full row is {thousands(busiest)}; at the right their sum"
            write(figure, 0.35, 6.42, scale)
        for lane, group, labels in zip(lanes, panels[1:], plans[1:], strict=True):
            _draw(figure, lane, group, shown, (colours[lane.side], busiest))
            unplaced += mark(group, labels)
        last = panels[-1][-1]
        set_ticks(last, shown.start, shown.end, max(2, int(last.bbox.width / (DPI * _INCHES_A_TICK))))
        if unplaced:
            add_note(figure, f"marked without a label: {', '.join(dict.fromkeys(unplaced))}")
    return figure


def _framed(shown: Timeline) -> Frame:
    more = [len(lane.routes) - MOST_ROUTES for lane in shown.lanes]
    notes = [
        f"not shown: {extra} lesser route{'s' * (extra > 1)} of {words(lane.side)}"
        for lane, extra in zip(shown.lanes, more, strict=True)
        if extra > 0
    ]
    return replace(shown.frame, notes=(*shown.frame.notes, *notes))


def _events(shown: Timeline) -> list[tuple[Event, ...]]:
    return [shown.events, *(lane.events for lane in shown.lanes)]


def _limits(shown: Timeline) -> tuple[float, float]:
    return day_number(shown.start), day_number(shown.end) + 1


def _panels(
    figure: Figure, shown: Timeline, lanes: Sequence[Lane], plans: Sequence[Sequence[Label]]
) -> list[list[Axes]]:
    """Return the strip of dates, then the panels of each side, one a route (one at least)."""
    rooms = [(levels(labels) * LEVEL_POINTS + RAISED_POINTS + 3) / 72 for labels in plans]
    counts = [max(1, len(lane.routes)) for lane in lanes]
    free = _TOP - _FOOT - sum(rooms) - _STRIP - _AIR * len(lanes)
    height = min(_HIGHEST, free / max(1, sum(counts)))
    upper = _TOP - rooms[0]
    groups = [[_row(figure, shown, upper, _STRIP)]]
    upper -= _STRIP
    for room, count in zip(rooms[1:], counts, strict=True):
        upper -= room + _AIR
        groups.append([_row(figure, shown, upper - k * height, height) for k in range(count)])
        upper -= count * height
    return groups


def _row(figure: Figure, shown: Timeline, top: float, height: float) -> Axes:
    axes = panel(figure, _LEFT, top - height, _RIGHT - _LEFT, height)
    axes.set_xlim(*_limits(shown))
    axes.set_ylim(0, 1)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)
    return axes


def _draw(figure: Figure, lane: Lane, panels: Sequence[Axes], shown: Timeline, look: tuple[str, int]) -> None:
    """Draw the routes of a side, each with its name before it and its sum behind it."""
    colour, busiest = look
    top = panels[0].bbox.y1 / DPI
    heading = write(figure, 0.35, top + 0.2, words(lane.side), fontsize=BODY, fontweight="bold")
    fitted(heading, (_LEFT - 0.6) * DPI, SMALL)
    for axes, route in zip(panels, lane.routes, strict=False):
        weeks = day_number(shown.start) + _DAYS * np.arange(len(route.people))
        wide = np.minimum(_DAYS, _limits(shown)[1] - weeks)
        axes.bar(weeks, route.people, width=wide * 0.86, align="edge", color=colour, linewidth=0, zorder=3)
        axes.set_ylim(0, 1.08 * max(1, busiest))
        middle = (axes.bbox.y0 + axes.bbox.y1) / 2 / DPI
        name = write(figure, _LEFT - 0.12, middle, f"{words(route.source)} → {words(route.target)}", ha="right")
        fitted(name, across(_LEFT - 0.5) * figure.bbox.width, SMALL)
        write(figure, _RIGHT + 0.1, middle, thousands(int(route.people.sum())), color=INK)
    if not lane.routes:
        write(figure, _LEFT - 0.12, (panels[0].bbox.y0 + panels[0].bbox.y1) / 2 / DPI, "nobody was moved", ha="right")
