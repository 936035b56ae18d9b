"""Fan chart: territory and people of each theatre over time, with luck and assumptions as two bands, events marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from sim.experiment.events import Event
from sim.plotting.markers import LEVEL_POINTS, RAISED_POINTS, Label, levels, mark, plan
from sim.plotting.style import (
    BODY,
    DPI,
    FAINT,
    GREEN,
    GREY,
    HEADING,
    INK,
    SIDES,
    SMALL,
    TITLE,
    WIDTH,
    across,
    extent,
    fitted,
    footer,
    house_style,
    legible,
    slide,
    up,
)
from sim.plotting.timeaxis import day_number, set_ticks

Band = Mapping[str, NDArray[np.float64]]

MOST_THEATRES = 4
LIGHT, DARK = 0.14, 0.36  # opacity of the bands of assumptions and of luck
_EDGE, _BEFORE, _AFTER = 0.2, 0.85, 1.05  # inches: at the edge of the slide, and beside each panel
_TOP, _BOTTOM = 2.97, (1.0, 1.58)  # inches: foot of the upper panels; foot and height of the lower ones
_CAPTION, _AIR = 5.79, 0.1  # inches: height of the captions; free space beside a column
_INCHES_A_TICK = 0.42
_LONGEST = 14  # letters of a label beside a panel


class Theatre(NamedTuple):
    """A column of the chart; `positive` is the side whose gains count as positive territory."""

    name: str
    title: str
    positive: str


class Story(NamedTuple):
    """What the chart shows beside its data."""

    title: str
    start: date
    end: date
    theatres: tuple[Theatre, ...]
    sides: tuple[str, ...]
    events: tuple[Event, ...]
    footer: str


class Line(NamedTuple):
    """A series to draw: its label, its columns (see `sim.analysis.bands`), and its colour."""

    label: str
    band: Band
    colour: str


class Column(NamedTuple):
    """A theatre with its two panels, between two distances in inches from the left edge of the slide."""

    theatre: Theatre
    ground: Axes
    people: Axes
    left: float
    right: float


def fan(series: Mapping[str, Band], story: Story) -> Figure:
    """Return the chart.

    series : by name (`kursk.territory_km2`, `kursk.russia.people`), each float64[day] by column.
    """
    shown, left_out = story.theatres[:MOST_THEATRES], story.theatres[MOST_THEATRES:]
    with house_style():
        figure = slide()
        _headline(figure, headline(series, story, shown), story.title)
        _legend(figure, _has_assumptions(series, shown))
        columns = [_column(figure, story, theatre, number) for number, theatre in enumerate(shown)]
        plans = [_plan(figure, column, story.events) for column in columns]
        highest = max(map(levels, plans), default=0)
        unplaced: dict[str, None] = {}
        for column, labels in zip(columns, plans, strict=True):
            _give_room(column.ground, highest)
            _draw(column, series, story)
            unplaced.update(dict.fromkeys(mark((column.ground, column.people), labels)))
        footer(figure, [story.footer, *_notes(left_out, list(unplaced))])
    return figure


def _plan(figure: Figure, column: Column, events: Sequence[Event]) -> list[Label]:
    pixels = figure.bbox.width / WIDTH
    return plan(column.ground, events, ((column.left + _AIR) * pixels, (column.right - _AIR) * pixels))


def _give_room(panel: Axes, lines: int) -> None:
    """Make a panel as high as the lines of labels above it leave room for."""
    box = panel.get_position()
    room = (lines * LEVEL_POINTS + RAISED_POINTS + 3) / 72
    panel.set_position((box.x0, box.y0, box.width, up(_CAPTION - room - _TOP)))


def headline(series: Mapping[str, Band], story: Story, shown: Sequence[Theatre]) -> str:
    """Return what the chart says at a glance: who gained how much, in the median, by the last day."""
    parts = []
    for theatre in shown:
        last = series[territory(theatre)]["luck_q50"][-1]
        other = next(side for side in story.sides if side != theatre.positive)
        parts.append(
            f"{_words(theatre.positive if last >= 0 else other)} +{abs(last):,.0f} km² in {_words(theatre.name)}"
        )
    return f"Median on {story.end.day} {story.end:%b %Y}: {', '.join(parts)}"


def side_colours(sides: Sequence[str]) -> Sequence[str]:
    """Return the colours of the sides, in their order but for sides that are called red and blue."""
    return SIDES[::-1] if sides[0] == "red" or sides[1] == "blue" else SIDES


def _words(name: str) -> str:
    """Return a name of the scenario as a figure shows it: 'iwo_jima' is 'Iwo jima'."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def territory(theatre: Theatre) -> str:
    """Return the name of the series of a theatre's territory."""
    return f"{theatre.name}.territory_km2"


def _notes(left_out: Sequence[Theatre], unplaced: Sequence[str]) -> list[str]:
    notes = []
    if left_out:
        notes.append(f"not shown: {', '.join(_words(theatre.name) for theatre in left_out)}")
    if unplaced:
        notes.append(f"marked without a label: {', '.join(unplaced)}")
    return ["; ".join(notes)] if notes else []


def _headline(figure: Figure, finding: str, title: str) -> None:
    room = figure.bbox.width * (1 - 2 * across(0.35))
    fitted(figure.text(across(0.35), up(6.97), finding, fontsize=TITLE, fontweight="bold", va="bottom"), room)
    fitted(figure.text(across(0.35), up(6.67), title, fontsize=HEADING, color=GREY, va="bottom"), room)


def _has_assumptions(series: Mapping[str, Band], shown: Sequence[Theatre]) -> bool:
    return any(np.isfinite(series[territory(theatre)]["assumptions_q05"]).any() for theatre in shown)


def _legend(figure: Figure, assumptions: bool) -> None:
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=INK, label="median at central assumptions"),
        Patch(facecolor=INK, alpha=DARK, label="luck: 5 to 95 % of runs at central assumptions"),
    ]
    if assumptions:
        label = "assumptions: 5 to 95 % of the draws' means"
        handles.append(Patch(facecolor=(*_rgb(INK), LIGHT), edgecolor=INK, linestyle=":", label=label))
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(across(0.35), up(6.36)),
        ncols=3,
        borderaxespad=0.0,
        borderpad=0.0,
        columnspacing=2.5,
        handlelength=1.8,
    )


def _rgb(colour: str) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    return to_rgb(colour)


def _column(figure: Figure, story: Story, theatre: Theatre, number: int) -> Column:
    """Return one of the columns with its headings and empty panels."""
    width = (WIDTH - 2 * _EDGE) / min(MOST_THEATRES, len(story.theatres))
    left = _EDGE + number * width
    ground, people = (
        figure.add_axes((across(left + _BEFORE), up(foot), across(width - _BEFORE - _AFTER), up(height)))
        for foot, height in ((_TOP, 1.0), _BOTTOM)
    )
    for panel in (ground, people):
        panel.set_xlim(day_number(story.start), day_number(story.end))
    room, start = figure.bbox.width * across(width - 0.3), across(left + 0.15)
    heading = theatre.title or _words(theatre.name)
    fitted(figure.text(start, up(_CAPTION + 0.23), heading, fontsize=HEADING, fontweight="bold", va="bottom"), room)
    what = f"territory gained by {_words(theatre.positive)}, km²"
    fitted(figure.text(start, up(_CAPTION), what, fontsize=BODY, va="bottom"), room, SMALL)
    fitted(figure.text(start, up(sum(_BOTTOM) + 0.1), "people deployed", fontsize=BODY, va="bottom"), room)
    return Column(theatre, ground, people, left, left + width)


def _draw(column: Column, series: Mapping[str, Band], story: Story) -> None:
    """Draw the two panels of a theatre."""
    name = column.theatre.name
    sides = zip(story.sides, side_colours(story.sides), strict=True)
    _panel(column.ground, [Line("", series[territory(column.theatre)], GREEN)], story)
    _panel(
        column.people,
        [Line(_words(side), series[f"{name}.{side}.people"], colour) for side, colour in sides],
        story,
        0.0,
    )
    column.ground.axhline(0.0, color=GREY, linewidth=0.8, zorder=1)
    column.ground.tick_params(labelbottom=False)


def _panel(panel: Axes, lines: Sequence[Line], story: Story, bottom: float | None = None) -> None:
    """Draw lines with their bands on a time axis, and name them at their ends."""
    for line in lines:
        days = np.arange(len(line.band["luck_q50"]), dtype=np.float64) + day_number(story.start)
        _shade(panel, days, line)
        panel.plot(days, line.band["luck_q50"], color=line.colour, zorder=4)
    panel.margins(x=0.0, y=0.08)
    panel.set_ylim(bottom=bottom)
    panel.grid(axis="y", color=FAINT, linewidth=0.6)
    panel.set_axisbelow(True)
    panel.yaxis.set_major_locator(MaxNLocator(5))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _number(value, 10)))
    set_ticks(panel, story.start, story.end, max(2, int(panel.bbox.width / (DPI * _INCHES_A_TICK))))
    _label_ends(panel, lines)


def _shade(panel: Axes, days: NDArray[np.float64], line: Line) -> None:
    wide = line.band["assumptions_q05"], line.band["assumptions_q95"]
    if np.isfinite(wide[0]).any():
        panel.fill_between(days, *wide, color=line.colour, alpha=LIGHT, linewidth=0, zorder=2)
        for edge in wide:
            panel.plot(days, edge, color=line.colour, linewidth=0.9, linestyle=":", zorder=3)
    luck = line.band["luck_q05"], line.band["luck_q95"]
    panel.fill_between(days, *luck, color=line.colour, alpha=DARK, linewidth=0, zorder=3)


def _label_ends(panel: Axes, lines: Sequence[Line]) -> None:
    """Write the last value of each line beside the panel, with its label, none over another."""
    figure = panel.get_figure(root=True)
    assert isinstance(figure, Figure)
    panel.get_ylim()  # makes matplotlib settle the scale
    place: dict[str, Any] = {"va": "center", "linespacing": 1.1, "fontsize": SMALL}
    lowest = -np.inf
    for line in sorted(lines, key=lambda each: float(each.band["luck_q50"][-1])):
        last = float(line.band["luck_q50"][-1])
        text = figure.text(0, 0, _end(line.label, last), color=legible(line.colour), **place)
        box = extent(fitted(text, across(_AFTER - 0.1) * figure.bbox.width, SMALL))
        wanted = float(panel.transData.transform((0.0, last))[1])
        middle = max(wanted, panel.bbox.y0 + box.height / 2, lowest + box.height / 2)
        lowest = middle + box.height / 2 + 2
        x, y = figure.transFigure.inverted().transform((panel.bbox.x1 + 8, middle))
        text.set_position((float(x), float(y)))


def _end(label: str, value: float) -> str:
    short = label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"
    return "\n".join(part for part in (short, _number(round(value))) if part)


def _number(value: float, digits: int = 15) -> str:
    """Return a number with thousands separators, from ten million on in millions."""
    large = abs(value) >= 1e7
    text = f"{value / 1e6:,.4g} M" if large else f"{value:,.{digits}g}"
    return text.replace("-", "\N{MINUS SIGN}")
