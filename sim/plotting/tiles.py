"""Tiles: a value and a verdict at each cell of a small grid, said in the tile and in its colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from sim.plotting.page import Frame, key, page, panel, plain, thousands, write
from sim.plotting.style import BODY, GREY, INK, SMALL, across, fitted

Values = NDArray[np.float64]

MOST_PANELS = 4
# Light grounds on which ink is read, told apart without colour by the verdict's own key and by lightness.
GROUNDS = {
    "dilemma": "#F2B28C",
    "no dilemma: both attainable": "#A6DCC6",
    "incapable of K": "#A9CBE5",
    "incapable of E": "#E3C9DA",
    "incapable of K and of E": "#C9C9C9",
    "undecided at this precision": "#F4F4F4",
}
_LEFT, _EDGE, _TOP, _FOOT, _GAP, _AXIS = 1.15, 13.1, 5.6, 0.85, 0.95, 0.85  # inches


@dataclass(frozen=True)
class Panel:
    """A grid: where each cell lies, its D and the largest pKE, float64[cell], and its verdict."""

    name: str
    x: Values
    y: Values
    index: Values
    both: Values
    verdicts: tuple[str, ...]


@dataclass(frozen=True)
class Tiles:
    """What the figure shows; two panels in a row."""

    panels: tuple[Panel, ...]
    frame: Frame


def tiles(shown: Tiles) -> Figure:
    """Return the figure."""
    drawn = shown.panels[:MOST_PANELS]
    with page(shown.frame) as figure:
        verdicts = dict.fromkeys(verdict for each in drawn for verdict in each.verdicts)
        handles = [Patch(facecolor=GROUNDS[name], edgecolor=GREY, linewidth=0.6, label=name) for name in verdicts]
        key(figure, handles, columns=len(handles))
        write(figure, 0.35, 6.13, "in each cell: D, and the largest probability of both", color=GREY)
        rows, columns = -(-len(drawn) // 2), min(2, len(drawn))
        width = (_EDGE - _LEFT - (columns - 1) * _AXIS) / columns
        height = (_TOP - _FOOT - (rows - 1) * _GAP) / rows
        for k, each in enumerate(drawn):
            left, top = _LEFT + (k % 2) * (width + _AXIS), _TOP - (k // 2) * (height + _GAP)
            axes = panel(figure, left, top - height, width, height)
            name = write(figure, left - 0.8, top + 0.2, each.name, fontsize=BODY, fontweight="bold")
            fitted(name, across(width + 0.7) * figure.bbox.width, SMALL)
            _draw(axes, each)
    return figure


def _draw(axes: Axes, each: Panel) -> None:
    across_, up_ = np.unique(each.x), np.unique(each.y)
    for x, y, index, both, verdict in zip(each.x, each.y, each.index, each.both, each.verdicts, strict=True):
        column, row = int(np.searchsorted(across_, x)), int(np.searchsorted(up_, y))
        tile = Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=GROUNDS[verdict], edgecolor="white", linewidth=2)
        axes.add_patch(tile)
        axes.text(column, row, f"{index:.2f}, {100 * both:.0f} %", ha="center", va="center", fontsize=SMALL, color=INK)
    axes.set_xlim(-0.5, len(across_) - 0.5)
    axes.set_ylim(-0.5, len(up_) - 0.5)
    axes.set_xticks(range(len(across_)), _labels(across_))
    axes.set_yticks(range(len(up_)), _labels(up_))
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _labels(values: Values) -> Sequence[str]:
    return [thousands(value) if abs(value) >= 1000 else plain(value) for value in values.tolist()]
