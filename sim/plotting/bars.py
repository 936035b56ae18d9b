"""Bars in rows, in panels: what tornado, index, and information figures share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.plotting.page import Frame, key, page, panel, plain, quiet, thin_ticks, unit_words, words, wrapped, write
from sim.plotting.style import BODY, GREY, INK, SMALL, across, fitted

MOST_ROWS, MOST_PANELS = 14, 3
_LABELS, _EDGE, _TOP, _FOOT = 3.35, 13.0, 5.55, 0.95  # inches
_ROW, _THICK = 0.6, 0.34  # inches a row at most; share of a row that a bar fills
_VALUES, _GAP = 1.25, 0.25  # inches: beside the bars, and between panels


@dataclass(frozen=True)
class Bar:
    """A bar from zero with its 95 % interval (None: none), in a colour."""

    value: float
    colour: str
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Cell:
    """What stands in a row of a panel: bars one above the other, and up to two lines beside them."""

    bars: tuple[Bar, ...]
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """An outcome: its heading, unit, and a cell for each row; `share` makes the axis 0 to 1."""

    heading: str
    unit: str
    cells: tuple[Cell, ...]
    share: bool = False


@dataclass(frozen=True)
class Bars:
    """What the figure shows.

    rows : labels; panels : at most three are drawn; legend : colour and meaning; ruled : rows below which a line parts.
    """

    rows: tuple[str, ...]
    panels: tuple[Panel, ...]
    legend: tuple[tuple[str, str], ...]
    frame: Frame
    ruled: tuple[int, ...] = ()


def bars(shown: Bars) -> Figure:
    """Return the figure."""
    from dataclasses import replace

    frame = replace(shown.frame, notes=(*shown.frame.notes, *_left_out(shown)))
    with page(frame) as figure:
        handles: list[Patch | Line2D] = [Patch(facecolor=colour, label=label) for colour, label in shown.legend]
        if any(bar.interval for each in shown.panels for cell in each.cells for bar in cell.bars):
            handles.append(Line2D([], [], color=INK, linewidth=1.4, label="numerical 95 % interval"))
        key(figure, handles)
        rows = shown.rows[:MOST_ROWS]
        height = min(_TOP - _FOOT, _ROW * max(2, len(rows)))
        each_width = (_EDGE - _LABELS) / max(1, len(shown.panels[:MOST_PANELS]))
        for k, each in enumerate(shown.panels[:MOST_PANELS]):
            left = _LABELS + k * each_width
            axes = panel(figure, left, _TOP - height, each_width - _VALUES - _GAP, height)
            _draw(axes, each, len(rows), shown.ruled)
            _headings(figure, each, left, each_width - _GAP)
            _beside(figure, axes, each.cells[: len(rows)])
        for k, label in enumerate(rows):
            text = write(figure, 0.35, _TOP - height * (k + 0.5) / len(rows), label, linespacing=1.0)
            wrapped(text, across(_LABELS - 0.5) * figure.bbox.width)
    return figure


def _left_out(shown: Bars) -> tuple[str, ...]:
    notes = []
    if len(shown.rows) > MOST_ROWS:
        notes.append(f"{len(shown.rows) - MOST_ROWS} more rows in the table")
    if len(shown.panels) > MOST_PANELS:
        notes.append(f"not shown: {', '.join(each.heading for each in shown.panels[MOST_PANELS:])}")
    return tuple(notes)


def _draw(axes: Axes, shown: Panel, rows: int, ruled: Sequence[int]) -> None:
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_yticks([])
    for k, cell in enumerate(shown.cells[:rows]):
        count = len(cell.bars)
        for place, bar in enumerate(cell.bars):
            height = k + (place - (count - 1) / 2) * _THICK
            if math.isfinite(bar.value):
                axes.barh(height, bar.value, _THICK * 0.92, color=bar.colour, zorder=2)
            if bar.interval and all(math.isfinite(end) for end in bar.interval):
                axes.plot(bar.interval, [height, height], color=INK, linewidth=1.4, zorder=3, solid_capstyle="butt")
    for row in ruled:
        axes.axhline(row + 0.5, color=GREY, linewidth=0.8)
    axes.axvline(0.0, color=INK, linewidth=0.9, zorder=4)
    _scale(axes, shown, rows)
    quiet(axes, "x")
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_formatter(FuncFormatter(plain))


def _scale(axes: Axes, shown: Panel, rows: int) -> None:
    """Set the limits: 0 to 1 for shares (a little below where an interval goes there), else what is drawn and zero."""
    cells = shown.cells[:rows]
    seen = [0.0, *(end for cell in cells for bar in cell.bars for end in (bar.value, *(bar.interval or ())))]
    finite = [value for value in seen if math.isfinite(value)]
    low, high = min(finite), max(finite)
    if shown.share:
        axes.set_xlim(max(min(low, 0.0), -0.25) - 0.02, max(1.0, min(high, 1.3)) + 0.02)
        axes.set_xticks([0, 0.5, 1])
        return
    margin = 0.06 * (high - low) or 1.0
    axes.set_xlim(low - margin * (low < 0), high + margin * (high > 0 or low == high))
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    thin_ticks(axes)


def _headings(figure: Figure, shown: Panel, left: float, width: float) -> None:
    room = across(width) * figure.bbox.width
    name = write(figure, left, _TOP + 0.52, words(shown.heading), fontsize=BODY, fontweight="bold")
    fitted(name, room, SMALL)
    fitted(write(figure, left, _TOP + 0.27, unit_words(shown.unit), color=GREY), room, SMALL)


def _beside(figure: Figure, axes: Axes, cells: Sequence[Cell]) -> None:
    """Write what is said of each row beside its bars."""
    left = axes.bbox.x1 / figure.bbox.width + across(0.1)
    room = across(_VALUES) * figure.bbox.width
    for k, cell in enumerate(cells):
        height = float(figure.transFigure.inverted().transform(axes.transData.transform((0.0, k)))[1])
        offsets = (0.0,) if len(cell.said) == 1 else (0.085 / 7.5, -0.085 / 7.5)
        for said, offset in zip(cell.said, offsets, strict=False):
            fitted(figure.text(left, height + offset, said, fontsize=SMALL, va="center"), room, SMALL)
