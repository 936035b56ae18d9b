"""Comparison dots: scenarios or choices as rows, outcomes as panels, each mean with its three kinds of spread."""

from __future__ import annotations

from dataclasses import dataclass, replace

from matplotlib.figure import Figure

from sim.plotting.intervals import Outcome, draw_rows, left_out, say_estimate, spread_key
from sim.plotting.page import Frame, page


@dataclass(frozen=True)
class Dots:
    """What the figure shows: `rows` names what is compared; each outcome has an estimate for each row."""

    rows: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    frame: Frame


def dots(shown: Dots) -> Figure:
    """Return the figure."""
    frame = replace(shown.frame, notes=(*shown.frame.notes, *left_out(shown.rows, shown.outcomes)))
    with page(frame) as figure:
        spread_key(figure, shown.outcomes)
        draw_rows(figure, shown.rows, shown.outcomes, say_estimate)
    return figure
