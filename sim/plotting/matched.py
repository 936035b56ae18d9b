"""Figures of a campaign over time, a panel a series, with the bands of runs that are to match or to forecast them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from sim.plotting.page import DARK, LIGHT, Frame, key, page, panel, plain, quiet, words, write
from sim.plotting.style import BLUE, BODY, GREY, INK, PALE, SMALL, VERMILLION, across, fitted
from sim.plotting.timeaxis import day_number, set_ticks

MOST_PANELS, MOST_COLUMNS = 10, 5
_LEFT, _EDGE, _TOP, _FOOT = 0.95, 13.15, 5.75, 1.05  # inches
_GAP, _HEAD = 0.85, 0.55  # inches: before a panel, and above it
_WIDTH = 5.0  # days that the bar of a level is wide
_REACH = 1.6  # a band that goes farther than this times all else is cut, and said

Bands = tuple[float, float, float, float, float]


@dataclass(frozen=True)
class Shown:
    """A figure and what runs say of it: 5, 25, 50, 75 and 95 %; of a change all is a day.

    since : None of a level. before : the same bands of other runs, drawn pale; None where there are none.
    """

    since: date | None
    on: date
    value: float
    low: float
    high: float
    bands: Bands
    before: tuple[float, float] | None = None
    simple: float = float("nan")


@dataclass(frozen=True)
class Series:
    """A panel."""

    name: str
    unit: str
    figures: tuple[Shown, ...]


@dataclass(frozen=True)
class Marks:
    """What the marks are called: the bands, the pale band ('' for none), and a simple forecast ('' for none)."""

    bands: str
    before: str = ""
    simple: str = ""
    seen: str = "published figure, with its range"


def series_of(
    table: Mapping[str, NDArray[Any]], names: Sequence[str], before: Sequence[str] = ()
) -> tuple[Series, ...]:
    """Return the panels of a table of figures: `names` are the columns of the five quantiles, `before` of two."""
    made: dict[tuple[str, bool], list[Shown]] = {}
    for k, quantity in enumerate(table["quantity"]):
        since = date.fromisoformat(str(table["since"][k])) if table["since"][k] else None
        on = date.fromisoformat(str(table["date"][k]))
        per = float((on - since).days) if since else 1.0
        low, lower, middle, upper, high = (float(table[name][k]) / per for name in names)
        ends = [float(table[name][k]) / per if name in table else np.nan for name in ("low", "high", "persistence")]
        pale = (float(table[before[0]][k]) / per, float(table[before[1]][k]) / per) if before else None
        value = float(table["value"][k]) / per
        shown = Shown(since, on, value, ends[0], ends[1], (low, lower, middle, upper, high), pale, ends[2])
        made.setdefault((str(quantity), since is not None), []).append(shown)
    return tuple(
        Series(name, f"{_unit(name)}{' a day' if change else ''}", tuple(rows)) for (name, change), rows in made.items()
    )


def _unit(name: str) -> str:
    return "km²" if name.endswith("_km2") else "people"


def matched(panels: Sequence[Series], marks: Marks, frame: Frame) -> Figure:
    """Return the figure."""
    shown, left = panels[:MOST_PANELS], panels[MOST_PANELS:]
    notes = [f"not shown: {', '.join(each.name for each in left)}"] if left else []
    columns = min(MOST_COLUMNS, max(1, (len(shown) + 1) // 2)) if len(shown) > 3 else max(1, len(shown))
    rows = -(-len(shown) // columns)
    width, height = (_EDGE - _LEFT + _GAP) / columns, (_TOP - _FOOT + _HEAD) / max(1, rows)
    with page(replace(frame, notes=(*frame.notes, *notes))) as figure:
        _key(figure, shown, marks)
        for k, each in enumerate(shown):
            x, foot = _LEFT + (k % columns) * width, _TOP - (k // columns + 1) * height + _HEAD
            axes = panel(figure, x, foot, width - _GAP, height - _HEAD - 0.45)
            cut = _draw(axes, each)
            room = across(width - 0.15) * figure.bbox.width
            said = f"{each.unit}{'; pale band cut' if cut else ''}"
            top = foot + height - _HEAD - 0.45
            name = words(each.name).removesuffix(f" · {each.unit}")  # the unit stands below
            fitted(write(figure, x - 0.6, top + 0.36, name, fontsize=BODY, fontweight="bold"), room, SMALL)
            fitted(write(figure, x - 0.6, top + 0.15, said, color=GREY), room, SMALL)
    return figure


def _key(figure: Figure, shown: Sequence[Series], marks: Marks) -> None:
    seen = Line2D([], [], color=INK, marker="o", markersize=5, linewidth=1.2, label=marks.seen)
    handles: list[Any] = [
        *([seen] if marks.seen else []),
        Patch(facecolor=BLUE, alpha=DARK + LIGHT, label=f"{marks.bands}: 50 and 90 %, median"),
    ]
    if marks.before:
        handles.append(Patch(facecolor=PALE, alpha=0.35, label=f"{marks.before}: 90 %"))
    if marks.simple and any(np.isfinite(each.simple) for one in shown for each in one.figures):
        handles.append(Line2D([], [], color=VERMILLION, linewidth=1.6, linestyle=(0, (3, 2)), label=marks.simple))
    key(figure, handles)


def _draw(axes: Axes, each: Series) -> bool:
    """Draw the figures of a series; return whether a pale band reaches beyond the panel."""
    ends = [_span(shown) for shown in each.figures]
    for shown, (start, end) in zip(each.figures, ends, strict=True):
        _bar(axes, shown, start, end)
    firm = [v for shown in each.figures for v in (*shown.bands, shown.value, shown.low, shown.high, shown.simple)]
    low, high = float(np.nanmin([0.0, *firm])), float(np.nanmax(firm))
    pale = [v for shown in each.figures for v in shown.before or ()]
    room = (high - low) or 1.0
    top, foot = max([high, *pale]), min([low, *pale])
    cut = top > high + (_REACH - 1) * room or foot < low - (_REACH - 1) * room
    axes.set_ylim(
        max(foot, low - (_REACH - 1) * room) - 0.03 * room, min(top, high + (_REACH - 1) * room) + 0.06 * room
    )
    axes.margins(x=0.03)
    axes.autoscale(axis="x")
    first, last = (
        date.fromordinal(_EPOCH + int(min(e[0] for e in ends))),
        date.fromordinal(_EPOCH + int(max(e[1] for e in ends))),
    )
    set_ticks(axes, first, last, max(2, int(axes.bbox.width / (150 * 0.62))))
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(plain))
    axes.axhline(0.0, color=GREY, linewidth=0.8, zorder=1)
    quiet(axes)
    return cut


_EPOCH = date(1970, 1, 1).toordinal()


def _span(shown: Shown) -> tuple[float, float]:
    """Return from where to where the bar of a figure reaches: its period, or a few days about its date."""
    end = day_number(shown.on)
    if shown.since is None:
        return end - _WIDTH / 2, end + _WIDTH / 2
    return day_number(shown.since) + 0.6, end - 0.6


def _bar(axes: Axes, shown: Shown, start: float, end: float) -> None:
    low, lower, middle, upper, high = shown.bands
    days, centre = [start, end], (start + end) / 2
    if shown.before:
        axes.fill_between(
            days, [shown.before[0]] * 2, [shown.before[1]] * 2, color=PALE, alpha=0.35, linewidth=0, zorder=2
        )
    axes.fill_between(days, [low] * 2, [high] * 2, color=BLUE, alpha=LIGHT + 0.06, linewidth=0, zorder=3)
    axes.fill_between(days, [lower] * 2, [upper] * 2, color=BLUE, alpha=DARK, linewidth=0, zorder=3)
    axes.plot(days, [middle] * 2, color=BLUE, linewidth=1.8, zorder=4)
    if np.isfinite(shown.simple):
        axes.plot(days, [shown.simple] * 2, color=VERMILLION, linewidth=1.6, linestyle=(0, (3, 2)), zorder=4)
    if np.isfinite(shown.high - shown.low):
        axes.plot([centre] * 2, [shown.low, shown.high], color=INK, linewidth=1.2, zorder=5)
    if np.isfinite(shown.value):
        axes.plot([centre], [shown.value], color=INK, marker="o", markersize=5, markeredgecolor="white", zorder=6)
