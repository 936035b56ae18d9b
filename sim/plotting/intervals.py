"""Rows of estimates with their three kinds of spread: what comparison dots and paired differences share."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.plotting.page import (
    interval_words,
    key,
    number,
    panel,
    plain,
    quiet,
    thin_ticks,
    to_width,
    unit_words,
    words,
    wrapped,
    write,
)
from sim.plotting.style import BLUE, BODY, GREY, INK, PALE, SMALL, across, extent, fitted, legible

Interval = tuple[float, float]

MOST_PANELS, MOST_ROWS = 4, 12
_LABELS, _EDGE, _VALUES, _GAP = 2.5, 13.15, 1.42, 0.25  # inches: end of the labels, of the panels; room of the values
_TOP, _FOOT = 5.45, 1.0  # inches: of the panels
_OFFSET = 0.17  # rows: how far luck and assumptions lie below the mean
_ROW = 1.4  # inches at most
_LEADING_ZERO = re.compile(r"(?<!\d)0\.")


@dataclass(frozen=True)
class Estimate:
    """A mean with its three kinds of spread; None where there is none to show.

    numerical : 95 % interval of the mean; luck : 5 to 95 % of runs at central assumptions; assumptions : 5 to 95 % of
    the draws' means.
    """

    mean: float
    numerical: Interval | None = None
    luck: Interval | None = None
    assumptions: Interval | None = None

    @property
    def seen(self) -> list[float]:
        """Return every finite number of it."""
        pairs = [pair for pair in (self.numerical, self.luck, self.assumptions) if pair]
        return [value for value in (self.mean, *(end for pair in pairs for end in pair)) if math.isfinite(value)]


@dataclass(frozen=True)
class Outcome:
    """A panel: an outcome with an estimate for each row; a probability has an axis from 0 to 1."""

    name: str
    unit: str
    estimates: tuple[Estimate, ...]
    probability: bool = False


Say = Callable[[Estimate], tuple[str, str]]


def draw_rows(figure: Figure, rows: Sequence[str], outcomes: Sequence[Outcome], say: Say) -> list[Axes]:
    """Draw a panel for each outcome, side by side, with the labels of the rows at the left; return the panels.

    say : the two lines beside an estimate: its value, and its interval.
    """
    shown, named = outcomes[:MOST_PANELS], rows[:MOST_ROWS]
    width = (_EDGE - _LABELS) / max(1, len(shown))
    height = min(_TOP - _FOOT, _ROW * max(2, len(named)))
    made = []
    for k, outcome in enumerate(shown):
        axes = panel(figure, _LABELS + k * width, _TOP - height, width - _VALUES - _GAP, height)
        axes.set_ylim(len(named) - 0.5, -0.5)
        axes.set_yticks([])
        _draw(axes, outcome, len(named))
        _heading(figure, outcome, _LABELS + k * width, width - 0.2)
        _values(figure, axes, outcome.estimates[: len(named)], say)
        made.append(axes)
    for k, label in enumerate(named):
        middle = _TOP - height * (k + 0.5) / len(named)
        text = write(figure, 0.35, middle, label, fontsize=BODY, linespacing=1.05)
        wrapped(text, (_LABELS - 0.55) * figure.bbox.width / 13.333)
    return made


def left_out(rows: Sequence[str], outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """Return what there is no room for, in words."""
    notes = []
    if len(rows) > MOST_ROWS:
        notes.append(f"not shown: {', '.join(rows[MOST_ROWS:])}")
    if len(outcomes) > MOST_PANELS:
        notes.append(f"not shown: {', '.join(each.name for each in outcomes[MOST_PANELS:])}")
    return tuple(notes)


def spread_key(figure: Figure, outcomes: Sequence[Outcome], what: str = "mean") -> None:
    """Say what the dot and the lines are, of those that are drawn."""
    estimates = [each for outcome in outcomes for each in outcome.estimates]
    handles = [
        Line2D([], [], color=BLUE, marker="o", markersize=8, linewidth=4.5, label=f"{what}, numerical 95 % interval")
    ]
    if any(each.luck for each in estimates):
        label = "luck: 90 % of runs at central assumptions"
        handles.append(Line2D([], [], color=PALE, linewidth=1.6, label=label))
    if any(each.assumptions for each in estimates):
        label = "assumptions: 90 % of the draws' means"
        handles.append(Line2D([], [], color=INK, linewidth=1.4, linestyle=(0, (1, 1.6)), label=label))
    key(figure, handles)


def _draw(axes: Axes, outcome: Outcome, rows: int) -> None:
    for k, each in enumerate(outcome.estimates[:rows]):
        for low, high, style, down in _lines(each):
            axes.plot([low, high], [k + down, k + down], **style)  # type: ignore[arg-type]
        axes.plot(
            [each.mean], [k], color=BLUE, marker="o", markersize=8, markeredgecolor="white", zorder=5, clip_on=False
        )
    for k in range(rows - 1):
        axes.axhline(k + 0.5, color="#ECECEC", linewidth=0.7, zorder=0)
    _scale(axes, outcome)
    quiet(axes, "x")
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_formatter(FuncFormatter(plain))


def _lines(each: Estimate) -> list[tuple[float, float, dict[str, object], float]]:
    """Return the lines of an estimate: from, to, how they look, and how far below the mean."""
    found: list[tuple[float, float, dict[str, object], float]] = []
    if each.numerical:
        found.append((*each.numerical, {"color": BLUE, "linewidth": 4.5, "solid_capstyle": "butt", "zorder": 4}, 0.0))
    if each.luck:
        found.append((*each.luck, {"color": PALE, "linewidth": 1.6, "zorder": 3}, _OFFSET))
    if each.assumptions:
        how: dict[str, object] = {"color": INK, "linewidth": 1.4, "linestyle": (0, (1, 1.6)), "zorder": 3}
        found.append((*each.assumptions, how, 2 * _OFFSET))
    return found


def _scale(axes: Axes, outcome: Outcome) -> None:
    """Set the limits: 0 to 1 for a probability, else a little beyond all that is drawn."""
    if outcome.probability:
        axes.set_xlim(-0.03, 1.03)
        axes.set_xticks([0, 0.5, 1])
        return
    seen = [value for each in outcome.estimates for value in each.seen] or [0.0, 1.0]
    low, high = min(seen), max(seen)
    margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    axes.set_xlim(low - margin, high + margin)
    axes.xaxis.set_major_locator(MaxNLocator(3 if max(abs(low), abs(high)) >= 1e4 else 4, steps=[1, 2, 5, 10]))
    thin_ticks(axes)


def _heading(figure: Figure, outcome: Outcome, left: float, width: float) -> None:
    room = across(width) * figure.bbox.width
    name = write(figure, left, _TOP + 0.52, words(outcome.name), fontsize=BODY, fontweight="bold")
    fitted(name, room, SMALL)
    unit = "probability" if outcome.probability else unit_words(outcome.unit)
    fitted(write(figure, left, _TOP + 0.27, unit, color=GREY), room, SMALL)


def _values(figure: Figure, axes: Axes, estimates: Sequence[Estimate], say: Say) -> None:
    """Write the value of each estimate beside its row."""
    left = axes.bbox.x1 / figure.bbox.width + across(0.12)
    for k, each in enumerate(estimates):
        height = float(figure.transFigure.inverted().transform(axes.transData.transform((0.0, k)))[1])
        value, interval = say(each)
        both = np.array([0.085, -0.085]) / 7.5
        room = across(_VALUES) * figure.bbox.width
        if not interval:
            both = np.zeros(2)
        weight = "bold" if any(letter.isdigit() for letter in value) else "normal"
        top = figure.text(left, height + both[0], value, fontsize=SMALL, fontweight=weight, va="center")
        fitted(top, room, SMALL)
        if interval:
            low = figure.text(left, height + both[1], interval, fontsize=SMALL, color=legible(GREY), va="center")
            if extent(low).width > room:
                low.set_text(_LEADING_ZERO.sub(".", interval))
            fitted(low, room, SMALL)


def say_estimate(each: Estimate) -> tuple[str, str]:
    """Return a mean and its numerical interval, in words."""
    if each.numerical is None:
        return number(each.mean), ""
    return to_width(each.mean, each.numerical[1] - each.numerical[0]), interval_words(*each.numerical)
