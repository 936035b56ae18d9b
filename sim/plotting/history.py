"""Battles of the past beside the model: who wins, and what it costs, against the force ratio."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from sim.analysis.history import Curves
from sim.analysis.history_fit import Bin
from sim.plotting.page import DARK, LIGHT, Frame, key, page, panel, quiet, spread, write
from sim.plotting.style import BLUE, BODY, GREY, INK, PALE, SMALL, legible

Values = NDArray[np.float64]

_TOP, _FOOT, _WIDTH = 5.3, 1.3, 5.2  # inches: of the panels
_LEFTS = (1.05, 7.6)
_HISTORY, _MODEL = INK, BLUE
_MOST_TICKS = 9
_LETTER = 15.0  # pixels of a digit, generously
_LETTER = 15.0  # pixels of a digit, generously


@dataclass(frozen=True)
class Battles:
    """What the figure shows.

    shares : battles won by ln(force ratio). points : float64[3, battle], ln(force ratio), ln(loss ratio), result.
    """

    shares: tuple[Bin, ...]
    curves: Curves
    points: Values
    frame: Frame


def history(shown: Battles) -> Figure:
    """Return the figure."""
    with page(shown.frame) as figure:
        _key(figure)
        win, loss = (panel(figure, left, _FOOT, _WIDTH, _TOP - _FOOT) for left in _LEFTS)
        _who_wins(win, shown)
        _what_it_costs(loss, shown)
        for axes in (win, loss):
            _ratio_axis(axes, shown.curves.ratio)
        _count(win, shown.shares)
        titles = (
            ("Who wins", "share of battles that the attacker won, and how many battles"),
            ("What it costs", "attacker's losses / defender's losses"),
        )
        for left, (title, unit) in zip(_LEFTS, titles, strict=True):
            write(figure, left - 0.7, _TOP + 0.52, title, fontsize=BODY, fontweight="bold")
            write(figure, left - 0.7, _TOP + 0.25, unit, color=GREY)
            write(figure, left + _WIDTH / 2, _FOOT - 0.55, "force ratio (attackers / defenders)", ha="center")
    return figure


def _key(figure: Figure) -> None:
    key(
        figure,
        [
            Line2D([], [], color=_HISTORY, label="fit to history"),
            Patch(facecolor=PALE, alpha=DARK, label="its 95 % band"),
            Line2D([], [], color=_MODEL, linestyle=(0, (5, 2)), label="model's engagements"),
            Patch(facecolor=_MODEL, alpha=LIGHT, label="90 % of their loss ratios"),
            _point(True, "battle, won by the attacker"),
            _point(False, "not won"),
        ],
        columns=6,
    )


def _point(won: bool, label: str) -> Line2D:
    face = GREY if won else "white"
    return Line2D([], [], linestyle="", marker="o", markersize=5, color=GREY, markerfacecolor=face, label=label)


def _who_wins(axes: Axes, shown: Battles) -> None:
    curves = shown.curves
    axes.fill_between(curves.ratio, *curves.win_band, color=PALE, alpha=DARK, linewidth=0, zorder=2)
    axes.plot(curves.ratio, curves.win, color=_HISTORY, zorder=4)
    axes.plot(curves.ratio, curves.model_win, color=_MODEL, linestyle=(0, (5, 2)), zorder=5)
    for each in shown.shares:
        axes.vlines(each.middle, each.low, each.high, color=GREY, linewidth=1.4, zorder=6)
        axes.plot([each.middle], [each.share], marker="s", markersize=6, color=GREY, zorder=7)
    axes.set_ylim(0.0, 1.0)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    quiet(axes)


def _count(axes: Axes, shares: Sequence[Bin]) -> None:
    """Write the number of battles under each share, none over another."""
    low, high = axes.get_xlim()
    letter = _LETTER * (high - low) / float(axes.bbox.width)
    counts = [f"{each.battles}" for each in shares]
    places = spread([each.middle for each in shares], [letter * (len(count) + 1) for count in counts], low, high)
    for place, count in zip(places, counts, strict=True):
        axes.text(place, 0.02, count, fontsize=SMALL, color=GREY, ha="center", va="bottom")


def _what_it_costs(axes: Axes, shown: Battles) -> None:
    curves = shown.curves
    ratio, loss, result = shown.points
    for won, some in ((True, result > 0), (False, result <= 0)):
        face = GREY if won else "white"
        axes.scatter(ratio[some], loss[some], s=16, facecolor=face, edgecolor=GREY, linewidth=0.7, zorder=3)
    axes.fill_between(curves.ratio, *curves.model_loss_band, color=_MODEL, alpha=LIGHT, linewidth=0, zorder=2)
    axes.fill_between(curves.ratio, *curves.loss_band, color=PALE, alpha=DARK, linewidth=0, zorder=4)
    axes.plot(curves.ratio, curves.loss, color=_HISTORY, zorder=5)
    axes.plot(curves.ratio, curves.model_loss, color=_MODEL, linestyle=(0, (5, 2)), zorder=6)
    extreme = float(np.abs(loss).max()) * 1.08
    axes.set_ylim(-extreme, extreme)
    _square_law(axes, curves, loss.mean() + ratio.mean())
    ticks = _ticks(-extreme, extreme)
    axes.set_yticks([float(np.log(each)) for each in ticks], [_fraction(each) for each in ticks])
    quiet(axes)


def _square_law(axes: Axes, curves: Curves, level: float) -> None:
    """Draw what Lanchester's square law would have, through the middle of the battles, with its name at its foot."""
    drawn = level - curves.ratio
    axes.plot(curves.ratio, drawn, color=legible("#CC79A7"), linestyle=":", linewidth=1.8, zorder=5)
    bottom, top = axes.get_ylim()
    inside = (drawn > bottom) & (drawn < top)
    if not inside.any():
        return
    x, y = float(curves.ratio[inside][-1]), float(drawn[inside][-1])
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.9}
    axes.annotate(
        "square law", (x, y), (-6, -4), textcoords="offset points", fontsize=SMALL, color=legible("#CC79A7"),
        ha="right", va="top", zorder=8, bbox=box,
    )  # fmt: skip


def _ratio_axis(axes: Axes, ratio: Values) -> None:
    edge = 0.03 * float(np.ptp(ratio))
    low, high = float(ratio[0]) - edge, float(ratio[-1]) + edge
    axes.set_xlim(low, high)
    ticks = _ticks(low, high)
    axes.set_xticks([float(np.log(each)) for each in ticks], [_fraction(each) for each in ticks])


def _ticks(low: float, high: float) -> Sequence[float]:
    """Return powers of two, or of 4, 8, ..., between two logarithms: few enough that their labels stand apart."""
    first, last = math.ceil(low / math.log(2)), math.floor(high / math.log(2))
    step = 1 + (last - first) // _MOST_TICKS
    return [2.0**power for power in range(first, last + 1) if power % step == 0]


def _fraction(ratio: float) -> str:
    """Return a ratio as people say it: 4, 1/4."""
    return f"{ratio:g}" if ratio >= 1 else f"1/{1 / ratio:g}"
