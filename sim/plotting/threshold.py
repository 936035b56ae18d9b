"""Threshold: a statistic along a line of values with its band, where a condition holds, and in which draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from sim.plotting.page import DARK, Frame, key, number, page, panel, plain, quiet, thin_ticks, write
from sim.plotting.style import BLUE, BODY, GREEN, GREY, INK, PALE, SMALL, VERMILLION, across, fitted
from sim.plotting.timeaxis import tick_dates, tick_labels

Values = NDArray[np.float64]
Columns = Mapping[str, NDArray[Any]]

STATES = {"holds": GREEN, "does not hold": VERMILLION, "cannot be told": PALE}
_LEFT, _EDGE = 1.1, 13.05  # inches: of the panels
_TOP, _MIDDLE, _STRIP, _SHARE, _FOOT = 5.85, 2.82, 2.62, 2.15, 1.2
_TICKS = 8


@dataclass(frozen=True)
class Threshold:
    """What the figure shows.

    at : float64[point], values looked at (dates as `date.toordinal`); estimate, low, high : the statistic and its
    band; assumptions : its 5 and 95 % over draws; share : of the draws, those in which the condition holds.
    regions : from, to and state of each part of the line, in order.
    """

    line: str
    statistic: str
    probability: bool
    level: float
    at: Values
    estimate: Values
    low: Values
    high: Values
    assumptions: tuple[Values, Values]
    share: Values
    regions: tuple[tuple[float, float, str], ...]
    dated: bool
    frame: Frame


def figures_of(answer: Mapping[str, Any], tables: Mapping[str, Columns], footer: str) -> dict[str, Figure]:
    """Return the figure of an answer, as it stands in a result folder (`answer.json` and the tables)."""
    numbers, points, parts = answer["numbers"], tables["points"], tables["regions"]
    statistic, _, _ = str(numbers["condition"]).rpartition(" ")[0].rpartition(" ")
    unit = f" ({numbers['unit']})" if numbers["unit"] not in ("", "1") else ""
    rows = zip(parts["from"].tolist(), parts["to"].tolist(), parts["state"].tolist(), strict=True)
    columns = {name: np.asarray(points[name], np.float64) for name in points if name not in ("label", "state")}
    open_ended = not np.isfinite(np.concatenate([columns["low"], columns["high"]])).all()
    notes = ("where an end of the band is not known, it is drawn as far as it is elsewhere",) if open_ended else ()
    caption = f"{numbers['condition']}: {answer['spreads']['numerical']}"
    shown = Threshold(
        line=f"{numbers['path']}{unit}",
        statistic=statistic,
        probability=statistic.startswith("P("),
        level=float(numbers["level"]),
        at=columns["value"],
        estimate=columns["estimate"],
        low=columns["low"],
        high=columns["high"],
        assumptions=(columns["assumptions_5"], columns["assumptions_95"]),
        share=columns["holds_share"],
        regions=tuple(rows),
        dated=bool(numbers["dated"]),
        frame=Frame(str(numbers["finding"]), caption, footer, notes),
    )
    return {"figure": threshold(shown)}


def threshold(shown: Threshold) -> Figure:
    """Return the figure."""
    with page(shown.frame) as figure:
        _key(figure, shown)
        upper = panel(figure, _LEFT, _MIDDLE, _EDGE - _LEFT, _TOP - _MIDDLE)
        strip = panel(figure, _LEFT, _STRIP, _EDGE - _LEFT, _MIDDLE - _STRIP - 0.03)
        lower = panel(figure, _LEFT, _FOOT, _EDGE - _LEFT, _SHARE - _FOOT)
        _curve(upper, shown)
        _regions(strip, shown)
        _share(lower, shown)
        for axes in (upper, strip, lower):
            _limits(axes, shown.at)
        _ticks(lower, shown)
        upper.set_xticks(lower.get_xticks(), labels=[])
        _names(figure, shown)
    return figure


def _key(figure: Figure, shown: Threshold) -> None:
    states = dict.fromkeys(state for _, _, state in shown.regions)
    handles: list[Any] = [
        Line2D([], [], color=BLUE, marker="o", markersize=5, label="values run"),
        Patch(facecolor=BLUE, alpha=DARK, label="simultaneous 95 % band"),
    ]
    if np.isfinite(shown.assumptions[0]).any():
        handles.append(Line2D([], [], color=BLUE, linestyle=":", linewidth=1.4, label="assumptions: 90 %"))
    handles.append(
        Line2D([], [], color=INK, linestyle=(0, (4, 3)), linewidth=1.0, label=f"level {number(shown.level)}")
    )
    key(figure, [*handles, *(Patch(facecolor=STATES[state], label=state) for state in states)], columns=7)


def _curve(axes: Axes, shown: Threshold) -> None:
    low, high = _finite_band(shown)
    axes.fill_between(shown.at, low, high, color=BLUE, alpha=DARK, linewidth=0, zorder=3)
    for edge in shown.assumptions:
        axes.plot(shown.at, edge, color=BLUE, linestyle=":", linewidth=1.4, zorder=4)
    axes.plot(shown.at, shown.estimate, color=BLUE, marker="o", markersize=4.5, zorder=5)
    axes.axhline(shown.level, color=INK, linewidth=1.0, linestyle=(0, (4, 3)), zorder=2)
    if shown.probability:
        axes.set_ylim(-0.02, 1.02)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    else:
        axes.margins(y=0.08)
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(plain))
    quiet(axes)


def _finite_band(shown: Threshold) -> tuple[Values, Values]:
    """Return the band; where an end is not known, the end of what is known elsewhere."""
    known = np.concatenate([shown.low, shown.high, shown.estimate, [shown.level]])
    known = known[np.isfinite(known)]
    low, high = np.where(np.isfinite(shown.low), shown.low, known.min()), shown.high
    return low, np.where(np.isfinite(high), high, known.max())


def _regions(axes: Axes, shown: Threshold) -> None:
    """Draw the parts of the line as a strip; a single value is as wide as a hair."""
    hair = 0.004 * (float(np.ptp(shown.at)) or 1.0)
    for low, high, state in shown.regions:
        width = max(high - low, hair)
        axes.barh(0, width, left=low if high > low else low - hair / 2, height=1, color=STATES[state], linewidth=0)
    axes.set_ylim(-0.5, 0.5)
    axes.set_axis_off()


def _share(axes: Axes, shown: Threshold) -> None:
    axes.vlines(shown.at, 0, shown.share, color=INK, linewidth=1.4)
    axes.plot(shown.at, shown.share, color=INK, linestyle="", marker="o", markersize=4.5, clip_on=False)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1])
    quiet(axes)
    axes.yaxis.set_major_formatter(FuncFormatter(plain))


def _limits(axes: Axes, at: Values) -> None:
    margin = 0.02 * (float(np.ptp(at)) or 1.0)
    axes.set_xlim(float(at.min()) - margin, float(at.max()) + margin)


def _ticks(axes: Axes, shown: Threshold) -> None:
    if shown.dated:
        first, last = (date.fromordinal(round(end)) for end in (shown.at.min(), shown.at.max()))
        dates = tick_dates(first, last, _TICKS)
        axes.set_xticks([when.toordinal() for when in dates], tick_labels(dates))
        return
    axes.xaxis.set_major_formatter(FuncFormatter(plain))
    axes.xaxis.set_major_locator(MaxNLocator(_TICKS, steps=[1, 2, 5, 10]))
    thin_ticks(axes)


def _names(figure: Figure, shown: Threshold) -> None:
    """Write what the panels show above them, and the name of the line below."""
    room = across(_EDGE - _LEFT) * figure.bbox.width
    fitted(write(figure, 0.35, _TOP + 0.22, shown.statistic, fontsize=BODY, fontweight="bold"), room, SMALL)
    share = "Share of the draws of the assumptions in which it holds (each keeps some luck of its own runs)"
    there: Sequence[str] = (share,) if np.isfinite(shown.share).any() else ("Assumptions were not varied",)
    fitted(write(figure, 0.35, _SHARE + 0.2, there[0], color=GREY), room, SMALL)
    foot = 0.72 if not shown.dated else 0.62
    fitted(write(figure, (_LEFT + _EDGE) / 2, foot, shown.line, fontsize=BODY, ha="center"), room, SMALL)
