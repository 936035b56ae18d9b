"""Prior against posterior of each assumption, as scores of the prior, with the values of both written beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from sim.plotting.page import Frame, key, number, page, panel, plain, quiet, unit_words, write
from sim.plotting.style import BLUE, BODY, GREY, INK, PALE, SMALL, across, fitted

MOST_ROWS = 18
_PRIOR = (-1.645, -0.674, 0.674, 1.645)  # 5, 25, 75 and 95 % of a standard normal
_LEFT, _RIGHT, _TOP, _FOOT = 4.3, 9.0, 5.85, 1.15  # inches: of the panel
_WIDEST = 3.2  # scores


@dataclass(frozen=True)
class Narrowed:
    """An assumption: 5, 25, 50, 75 and 95 % of its posterior score; 5 and 95 % of prior and posterior in its unit."""

    name: str
    unit: str
    scores: tuple[float, float, float, float, float]
    prior: tuple[float, float]
    posterior: tuple[float, float]
    identified: bool


def rows_of(table: Mapping[str, NDArray[Any]]) -> tuple[Narrowed, ...]:
    """Return the rows of a table of assumptions, the most narrowed first."""
    names = ("score_q05", "score_q25", "score_q50", "score_q75", "score_q95")
    made = []
    for k in np.argsort(-table["contraction"], kind="stable"):
        low, lower, middle, upper, high = (float(table[name][k]) for name in names)
        made.append(
            Narrowed(
                str(table["path"][k]),
                str(table["unit"][k]),
                (low, lower, middle, upper, high),
                (float(table["prior_q05"][k]), float(table["prior_q95"][k])),
                (float(table["posterior_q05"][k]), float(table["posterior_q95"][k])),
                bool(table["identified"][k]),
            )
        )
    return tuple(made)


def contraction(rows: Sequence[Narrowed], frame: Frame) -> Figure:
    """Return the figure."""
    shown, left = rows[:MOST_ROWS], rows[MOST_ROWS:]
    notes = (f"not shown, the least narrowed: {', '.join(row.name for row in left)}",) if left else ()
    with page(replace(frame, notes=(*frame.notes, *notes))) as figure:
        _key(figure)
        height = (_TOP - _FOOT) * min(1.0, max(3, len(shown)) / MOST_ROWS)
        axes = panel(figure, _LEFT, _TOP - height, _RIGHT - _LEFT, height)
        _draw(axes, shown)
        write(figure, (_LEFT + _RIGHT) / 2, _TOP - height - 0.42, "score under the prior (sd)", ha="center")
        write(figure, _RIGHT + 0.25, _TOP + 0.14, "90 % before", color=GREY)
        write(figure, _RIGHT + 2.15, _TOP + 0.14, "90 % after", color=BLUE)
        for k, row in enumerate(shown):
            _words(figure, row, _TOP - height * (k + 0.5) / max(3, len(shown)))
    return figure


def _key(figure: Figure) -> None:
    key(
        figure,
        [
            Line2D([], [], color=PALE, linewidth=6, alpha=0.6, label="prior: 50 and 90 %"),
            Line2D([], [], color=BLUE, linewidth=6, label="posterior: 50 and 90 %, median"),
            Line2D([], [], color=PALE, marker="o", linestyle="", label="grey dot: not identified"),
        ],
    )


def _draw(axes: Axes, rows: Sequence[Narrowed]) -> None:
    axes.set_ylim(max(3, len(rows)) - 0.5, -0.5)
    axes.set_yticks([])
    for k, row in enumerate(rows):
        up, down = k - 0.17, k + 0.17
        axes.plot([_PRIOR[0], _PRIOR[3]], [up, up], color=PALE, linewidth=1.2, zorder=2)
        axes.plot([_PRIOR[1], _PRIOR[2]], [up, up], color=PALE, linewidth=6, alpha=0.6, zorder=2)
        low, lower, middle, upper, high = np.clip(row.scores, -_WIDEST, _WIDEST)
        axes.plot([low, high], [down, down], color=BLUE, linewidth=1.4, zorder=3)
        axes.plot([lower, upper], [down, down], color=BLUE, linewidth=6, solid_capstyle="butt", zorder=3)
        colour = INK if row.identified else PALE
        axes.plot([middle], [down], color=colour, marker="o", markersize=6, markeredgecolor="white", zorder=5)
    axes.axvline(0.0, color=GREY, linewidth=0.8, zorder=1)
    axes.set_xlim(-_WIDEST, _WIDEST)
    axes.set_xticks([-3, -2, -1, 0, 1, 2, 3])
    axes.xaxis.set_major_formatter(plain)
    axes.spines["left"].set_visible(False)
    quiet(axes, "x")


def _words(figure: Figure, row: Narrowed, height: float) -> None:
    room = across(_LEFT - 0.55) * figure.bbox.width
    name = row.name if row.unit in ("1", "share") else f"{row.name}, {unit_words(row.unit)}"
    fitted(write(figure, 0.35, height, name, fontsize=BODY, color=INK if row.identified else GREY), room, SMALL)
    for left, ends, colour in ((0.25, row.prior, GREY), (2.15, row.posterior, BLUE)):
        said = f"{number(ends[0])} to {number(ends[1])}"
        fitted(write(figure, _RIGHT + left, height, said, color=colour), across(1.85) * figure.bbox.width, SMALL)
