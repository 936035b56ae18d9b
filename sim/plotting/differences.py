"""Paired differences: each scenario less a reference, run by run on the same draws and the same luck.

Where the numerical interval includes zero no difference is told, in words, and no direction claimed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.plotting.intervals import Estimate, Outcome, draw_rows, left_out, spread_key
from sim.plotting.page import NOTHING, Frame, interval_words, page, thin_ticks, to_width
from sim.plotting.style import INK

UNTOLD = "no difference told"


@dataclass(frozen=True)
class Differences:
    """What the figure shows: rows less the reference (which is not a row); probabilities are differences of shares."""

    reference: str
    rows: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    frame: Frame


def differences(shown: Differences) -> Figure:
    """Return the figure."""
    outcomes = tuple(replace(each, probability=False) for each in shown.outcomes)
    frame = replace(shown.frame, notes=(*shown.frame.notes, *left_out(shown.rows, outcomes)))
    with page(frame) as figure:
        spread_key(figure, outcomes, "mean difference")
        for axes in draw_rows(figure, shown.rows, outcomes, _say):
            low, high = axes.get_xlim()
            axes.set_xlim(min(low, 0.0), max(high, 0.0))
            axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))  # anew: zero may have widened the axis
            thin_ticks(axes)
            axes.axvline(0.0, color=INK, linewidth=1.0, zorder=2)
    return figure


def told(each: Estimate) -> bool:
    """Return whether the numerical interval of a difference leaves zero out."""
    return each.numerical is not None and not each.numerical[0] <= 0 <= each.numerical[1]


def _say(each: Estimate) -> tuple[str, str]:
    """Return what stands beside a difference: signed where one is told, else that none is."""
    if each.mean != each.mean:
        return NOTHING, "does not apply"
    interval = interval_words(*each.numerical) if each.numerical else "no interval"
    if each.numerical == (0.0, 0.0) and each.mean == 0:
        return "the same", "in every run"
    if not told(each):
        return UNTOLD, interval
    width = each.numerical[1] - each.numerical[0] if each.numerical else 0.0
    return f"{'+' if each.mean > 0 else ''}{to_width(each.mean, width)}", interval
