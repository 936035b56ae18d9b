"""What each strategy of the leader leads to: the answers to it, and how far behind the best it is, with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from sim.plotting.page import (
    Frame,
    add_note,
    interval_words,
    key,
    page,
    panel,
    plain,
    quiet,
    thin_ticks,
    to_width,
    words,
    write,
)
from sim.plotting.style import BLUE, GREY, INK, PALE, SMALL, across, fitted

Values = NDArray[np.float64]

MOST_ROWS = 14
_NAME, _ANSWER, _LEFT, _RIGHT, _SAID = 0.35, 3.0, 6.7, 10.9, 11.05  # inches
_TOP, _FOOT, _ROW = 5.6, 1.0, 0.75


@dataclass(frozen=True)
class Leads:
    """What the figure shows.

    strategies, answers : of the leader, and of the others to it (empty: they have none). behind, low, high : float64 of
    each, how many points it brings the leader less than the best, with its 95 % interval; 0 without one for the best.
    """

    leader: str
    strategies: tuple[str, ...]
    answers: tuple[str, ...]
    behind: Values
    low: Values
    high: Values
    frame: Frame


def leads(shown: Leads) -> Figure:
    """Return the figure, the best strategy first."""
    with page(shown.frame) as figure:
        order = sorted(range(len(shown.strategies)), key=lambda k: (np.isnan(shown.behind[k]), shown.behind[k]))
        kept = order[:MOST_ROWS]
        height = min(_ROW, (_TOP - _FOOT) / len(kept))
        axes = panel(figure, _LEFT, _TOP - height * len(kept), _RIGHT - _LEFT, height * len(kept))
        _draw(axes, shown, kept)
        for k, row in enumerate(kept):
            _say(figure, shown, row, _TOP - height * (k + 0.5))
        _headings(figure, shown)
        key(figure, _marks())
        if len(order) > len(kept):
            add_note(figure, f"not shown: {len(order) - len(kept)} strategies further behind")
    return figure


def _draw(axes: Axes, shown: Leads, kept: list[int]) -> None:
    for place, row in enumerate(kept):
        low, high, value = shown.low[row], shown.high[row], shown.behind[row]
        told = np.isfinite(low) and (low > 0 or high < 0)
        colour = BLUE if told or value == 0 else PALE
        if np.isfinite(low):
            axes.plot([low, high], [place, place], color=colour, linewidth=2.2, solid_capstyle="butt", gid="interval")
        if np.isfinite(value):
            axes.plot([value], [place], linestyle="", marker="o", markersize=7, color=colour, gid="behind")
    axes.axvline(0, color=INK, linewidth=1.0, zorder=0.5)
    axes.set_ylim(len(kept) - 0.5, -0.5)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(plain))
    axes.margins(x=0.06)
    quiet(axes, "x")
    thin_ticks(axes)


def _say(figure: Figure, shown: Leads, row: int, y: float) -> None:
    fitted(write(figure, _NAME, y, shown.strategies[row]), across(_ANSWER - _NAME - 0.15) * figure.bbox.width, SMALL)
    answer = shown.answers[row] or "no answer in pure strategies"
    fitted(write(figure, _ANSWER, y, answer), across(_LEFT - _ANSWER - 0.15) * figure.bbox.width, SMALL)
    low, high, value = float(shown.low[row]), float(shown.high[row]), float(shown.behind[row])
    said = "best" if value == 0 else "–"
    if value != 0 and np.isfinite(value):
        known = np.isfinite(low) and high > low
        said = f"{to_width(value, high - low)} ({interval_words(low, high)})" if known else to_width(value, abs(value))
    fitted(write(figure, _SAID, y, said), across(13.1 - _SAID) * figure.bbox.width, SMALL)


def _headings(figure: Figure, shown: Leads) -> None:
    how = {"color": GREY, "fontweight": "bold"}
    for left, content, right in (
        (_NAME, f"{words(shown.leader)} takes", _ANSWER),
        (_ANSWER, "the others answer", _LEFT),
        (_LEFT, f"points behind the best for {words(shown.leader)}", _SAID),
        (_SAID, "(95 % interval)", 13.1),
    ):
        fitted(write(figure, left, _TOP + 0.2, content, **how), across(right - left - 0.1) * figure.bbox.width, SMALL)


def _marks() -> list[Line2D]:
    return [
        Line2D([], [], color=BLUE, marker="o", label="told from the best (simultaneous 95 %)"),
        Line2D([], [], color=PALE, marker="o", label="not told"),
    ]
