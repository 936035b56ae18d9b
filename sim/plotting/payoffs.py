"""Payoff matrix of two players: both payoffs of each cell, best responses, equilibria, leader-follower answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from sim.plotting.page import Frame, key, page, panel, to_width, words, write
from sim.plotting.style import FAINT, GREY, INK, SIDES, SMALL, across, fitted, legible

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

MOST_ROWS, MOST_COLUMNS = 10, 9
_LEFT, _RIGHT, _TOP, _FOOT = 2.75, 13.0, 5.3, 0.72  # inches: of the cells
_WIDEST, _HIGHEST = 2.4, 1.1  # inches: of a cell
_KEY_NAME = 14  # characters
_LED, _PATH = "#FFF1C9", "#F4F4F4"


@dataclass(frozen=True)
class Payoffs:
    """What the figure shows.

    players : rows, then columns; rows, columns : their strategies. values : float64[player, row, column]; responses :
    whether it is that player's best. nash, led_to : bool[row, column], equilibria and what the leader's strategies lead
    to; answer : row and column of the leader-follower answer, None: there is none.
    """

    players: tuple[str, str]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: Values
    responses: Flags
    nash: Flags
    led_to: Flags
    answer: tuple[int, int] | None
    frame: Frame


def fits(rows: int, columns: int) -> bool:
    """Return whether a matrix of that size can be read on a slide."""
    return rows <= MOST_ROWS and columns <= MOST_COLUMNS


def payoffs(shown: Payoffs) -> Figure:
    """Return the figure."""
    with page(shown.frame) as figure:
        rows, columns = len(shown.rows), len(shown.columns)
        width = min(_WIDEST, (_RIGHT - _LEFT) / columns)
        height = min(_HIGHEST, (_TOP - _FOOT) / rows)
        axes = panel(figure, _LEFT, _TOP - height * rows, width * columns, height * rows)
        axes.set_xlim(0, columns)
        axes.set_ylim(rows, 0)
        axes.set_axis_off()
        for row in range(rows):
            for column in range(columns):
                _cell(axes, shown, (row, column))
        _outline(axes, shown)
        _names(figure, shown, (width, height))
        key(figure, _marks(shown), columns=5)
    return figure


def _cell(axes: Axes, shown: Payoffs, at: tuple[int, int]) -> None:
    row, column = at
    ground = _LED if at == shown.answer else _PATH if shown.led_to[at] else "white"
    axes.add_patch(Rectangle((column, row), 1, 1, facecolor=ground, edgecolor=FAINT, linewidth=0.8))
    places = ((0.07, 0.73, "left"), (0.93, 0.29, "right"))
    for player, (x, y, side) in enumerate(places):
        best = bool(shown.responses[(player, *at)])
        colour = legible(SIDES[player], ground) if best else legible(GREY, ground)
        spread = float(np.ptp(shown.values[player])) / 10
        said = to_width(float(shown.values[(player, *at)]), spread)
        how: dict[str, Any] = {"color": colour, "fontweight": "bold" if best else "normal", "gid": f"payoff {player}"}
        axes.text(column + x, row + y, said, fontsize=SMALL, ha=side, va="center", **how)


def _outline(axes: Axes, shown: Payoffs) -> None:
    """Draw the boxes of equilibria, above everything else."""
    for row, column in np.argwhere(shown.nash).tolist():
        box = Rectangle(
            (column + 0.02, row + 0.04), 0.96, 0.92, fill=False, edgecolor=INK, linewidth=2.2, zorder=5, gid="nash"
        )
        axes.add_patch(box)


def _names(figure: Figure, shown: Payoffs, size: tuple[float, float]) -> None:
    width, height = size
    room = across(_LEFT - 0.5) * figure.bbox.width
    for k, name in enumerate(shown.rows):
        text = write(figure, _LEFT - 0.12, _TOP - height * (k + 0.5), name, ha="right")
        fitted(text, room, SMALL)
    for k, name in enumerate(shown.columns):
        middle = _LEFT + width * (k + 0.5)
        for line, part in enumerate(reversed(_lines(name))):
            text = write(figure, middle, _TOP + 0.14 + 0.19 * line, part, ha="center")
            fitted(text, across(width) * figure.bbox.width * 0.96, SMALL)
    colours = [legible(colour) for colour in SIDES]
    heading = write(figure, _LEFT - 0.12, _TOP + 0.14, words(shown.players[0]), ha="right", color=colours[0])
    fitted(heading, room, SMALL)
    heading.set_fontweight("bold")
    above = _TOP + 0.2 + 0.19 * max(len(_lines(name)) for name in shown.columns)
    top = write(figure, _LEFT, above + 0.06, words(shown.players[1]), color=colours[1], fontweight="bold")
    fitted(top, across(_RIGHT - _LEFT) * figure.bbox.width, SMALL)


def _lines(name: str) -> list[str]:
    """Return a strategy over lines, a decision each; of more than three decisions the rest together."""
    parts = name.split("/")
    return parts if len(parts) <= 3 else [*parts[:2], "/".join(parts[2:])]


def _cut(name: str) -> str:
    """Return a name short enough for the key."""
    return name if len(name) <= _KEY_NAME else f"{name[: _KEY_NAME - 1].rstrip()}…"


def _digit(colour: str, label: str) -> Line2D:
    """Return the mark of a payoff that is a best response: a bold 1, which is a formula (see the house style)."""
    with rc_context({"text.parse_math": True}):
        return Line2D([], [], linestyle="", marker="$\\mathbf{1}$", markersize=8, color=colour, label=label)


def _marks(shown: Payoffs) -> list[Line2D | Patch]:
    marks: list[Line2D | Patch] = [
        _digit(legible(colour), f"{_cut(words(name))}: best response")
        for colour, name in zip(SIDES, shown.players, strict=False)
    ]
    if shown.nash.any():
        marks.append(Patch(facecolor="white", edgecolor=INK, linewidth=2.2, label="equilibrium, at once"))
    marks.append(Patch(facecolor=_PATH, edgecolor=FAINT, label="led to"))
    if shown.answer is not None:
        marks.append(Patch(facecolor=_LED, edgecolor=FAINT, label="leader-follower answer"))
    return marks
