"""Heat map of pressure: fronts by theatre against time, centred at zero, with the events marked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from sim.experiment.events import Event
from sim.plotting.markers import LEVEL_POINTS, RAISED_POINTS, levels, mark, plan
from sim.plotting.page import NOTHING, Frame, add_note, page, panel, plain, thin_ticks, to_width, words, write
from sim.plotting.style import BODY, DPI, GREY, INK, SMALL, across, fitted, up
from sim.plotting.timeaxis import day_number, set_ticks

_LEFT, _RIGHT, _TOP, _FOOT = 2.35, 12.2, 5.75, 1.1  # inches: of the panels
_BETWEEN, _ROW = 0.42, 0.62  # inches: between theatres (for the heading of the next); a front at most
LARGEST = 2.0  # of the scale: seven to one; beyond it the colour stays
_COLOURS = ("#2D5F8B", "#8DB3D1", "#F4F1EC", "#F0A66B", "#A8480B")  # blue to brown: told apart by every kind of eye
QUIET, NOBODY = "#EAF0F4", "#DADADA"  # of days on which nobody attacks, and on which nobody is there to be attacked
_INCHES_A_TICK = 0.8


@dataclass(frozen=True)
class Row:
    """A front: its name and its daily values, float64[day], not-a-number where nobody stands."""

    front: str
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Group:
    """A theatre with its fronts."""

    theatre: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Heatmap:
    """What the figure shows.

    scale : in words what the colours are; low, high : what their ends mean.
    quiet : values up to this one say that nobody attacks, and are not of the scale; None: there are none.
    """

    groups: tuple[Group, ...]
    start: date
    end: date
    events: tuple[Event, ...]
    scale: str
    low: str
    high: str
    frame: Frame
    quiet: float | None = None


def heatmap(shown: Heatmap) -> Figure:
    """Return the figure."""
    with page(shown.frame) as figure:
        limit = _limit(shown)
        colours = colour_map(), Normalize(-limit, limit)
        _colour_key(figure, shown, limit)
        probe = panel(figure, _LEFT, _FOOT, _RIGHT - _LEFT, _TOP - _FOOT)
        probe.set_xlim(day_number(shown.start), day_number(shown.end) + 1)
        labels = plan(probe, shown.events, (_LEFT * DPI, 13.1 * DPI))
        room = (levels(labels) * LEVEL_POINTS + RAISED_POINTS + 3) / 72
        panels = _panels(figure, shown, _TOP - room)
        for axes, group in zip(panels, shown.groups, strict=True):
            _draw(axes, group, shown, colours)
        probe.remove()
        set_ticks(panels[-1], shown.start, shown.end, max(2, int(panels[-1].bbox.width / (DPI * _INCHES_A_TICK))))
        for axes in panels[:-1]:
            axes.set_xticks([])
        unplaced = mark(panels, labels)
        if unplaced:
            add_note(figure, f"marked without a label: {', '.join(unplaced)}")
    return figure


def colour_map() -> LinearSegmentedColormap:
    """Return the diverging colours: blue for one's own side the stronger, brown for the hostile one."""
    return LinearSegmentedColormap.from_list("pressure", _COLOURS)


def _attacked(shown: Heatmap, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where there is a value that belongs on the scale."""
    there = np.isfinite(values)
    return there if shown.quiet is None else there & (values > shown.quiet)


def _limit(shown: Heatmap) -> float:
    """Return the end of the scale, the same on both sides of zero."""
    values = np.concatenate([row.values for group in shown.groups for row in group.rows])
    finite = np.abs(values[_attacked(shown, values)])
    largest = float(finite.max()) if len(finite) else 1.0
    return min(LARGEST, largest) or 1.0


def _panels(figure: Figure, shown: Heatmap, top: float) -> list[Axes]:
    """Return a panel for each theatre, below each other, with its heading; rows have the same height everywhere."""
    rows = sum(len(group.rows) for group in shown.groups)
    height = min(_ROW, (top - _FOOT - _BETWEEN * (len(shown.groups) - 1)) / rows)
    made, upper = [], top
    for group in shown.groups:
        foot = upper - height * len(group.rows)
        axes = panel(figure, _LEFT, foot, _RIGHT - _LEFT, upper - foot)
        axes.set_xlim(day_number(shown.start), day_number(shown.end) + 1)
        heading = write(figure, 0.35, upper + 0.14, words(group.theatre), fontsize=BODY, fontweight="bold")
        fitted(heading, across(_LEFT - 0.5) * figure.bbox.width, SMALL)
        made.append(axes)
        upper = foot - _BETWEEN
    return made


def _draw(axes: Axes, group: Group, shown: Heatmap, colours: tuple[LinearSegmentedColormap, Normalize]) -> None:
    values = np.stack([row.values for row in group.rows])
    days = day_number(shown.start) + np.arange(values.shape[1] + 1)
    axes.set_facecolor(NOBODY)
    edges, how = np.arange(len(values) + 1), {"edgecolors": "face", "linewidth": 0.2, "zorder": 0.5}
    attacked = _attacked(shown, values)
    axes.pcolormesh(days, edges, np.ma.array(values, mask=~attacked), cmap=colours[0], norm=colours[1], **how)  # type: ignore[arg-type]
    if (np.isfinite(values) & ~attacked).any():
        quiet = np.ma.array(np.zeros(values.shape), mask=attacked | np.isnan(values))
        axes.pcolormesh(days, edges, quiet, cmap=ListedColormap([QUIET]), **how)  # type: ignore[arg-type]
    axes.set_ylim(len(values), 0)
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    for k in range(1, len(values)):
        axes.axhline(k, color="white", linewidth=1.2)
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    for k, row in enumerate(group.rows):
        _name(figure, axes, row, (k, bool(_attacked(shown, row.values)[-1])))


def _name(figure: Figure, axes: Axes, row: Row, place: tuple[int, bool]) -> None:
    """Write the name of a front before its row (of that number), and its last value behind it, if it is attacked."""
    k, attacked = place
    height = float(figure.transFigure.inverted().transform(axes.transData.transform((0.0, k + 0.5)))[1])
    text = figure.text(across(_LEFT - 0.12), height, words(row.front), fontsize=SMALL, va="center", ha="right")
    fitted(text, across(_LEFT - 0.5) * figure.bbox.width, SMALL)
    end = to_width(float(row.values[-1]), 0.5) if attacked else NOTHING
    figure.text(across(_RIGHT + 0.1), height, end, fontsize=SMALL, va="center", color=INK)


def _colour_key(figure: Figure, shown: Heatmap, limit: float) -> None:
    """Draw the scale of colours under the caption, with what its ends mean, and what stands outside of it."""
    bar = panel(figure, 5.15, 6.27, 2.2, 0.17)
    bar.set_gid("scale")
    steps = np.linspace(-limit, limit, 257)
    bar.pcolormesh(steps, [0.0, 1.0], steps[None, :-1], cmap=colour_map(), edgecolors="face", linewidth=0.2)
    bar.set_yticks([])
    bar.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    bar.xaxis.set_major_formatter(FuncFormatter(plain))
    thin_ticks(bar)
    bar.tick_params(length=2, pad=1.5)
    for spine in bar.spines.values():
        spine.set_visible(False)
    fitted(write(figure, 0.35, 6.355, shown.scale, color=INK), across(3.0) * figure.bbox.width, SMALL)
    for left, content, side in ((5.05, shown.low, "right"), (7.45, shown.high, "left")):
        text = write(figure, left, 6.355, content, color=GREY, ha=side)
        fitted(text, across(1.75) * figure.bbox.width, SMALL)
    for left, colour, content in ((9.6, QUIET, "not attacked"), (11.4, NOBODY, "nobody there")):
        swatch = Rectangle((across(left), up(6.27)), across(0.28), up(0.17), facecolor=colour, edgecolor=GREY, lw=0.5)
        figure.add_artist(swatch)
        write(figure, left + 0.36, 6.355, content, color=GREY)
