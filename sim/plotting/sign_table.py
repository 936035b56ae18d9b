"""A table of signs: effects as rows, structures of the model as columns; what flips stands out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from sim.plotting.page import MINUS, NOTHING, Frame, key, number, page, panel, words, wrapped, write
from sim.plotting.style import BLUE, FAINT, ORANGE, SMALL, VERMILLION, across, fitted

Columns = Mapping[str, NDArray[Any]]
_LABELS, _EDGE, _TOP, _FOOT = 4.1, 13.0, 5.55, 0.75  # inches
_MOST_ROWS, _MOST_STRUCTURES = 24, 8
_LEVEL = "as it is"


def sign_table(table: Columns, footer: str) -> Figure:
    """Return the figure."""
    structures = list(dict.fromkeys(table["structure"]))[:_MOST_STRUCTURES]
    cells = {(table["option"][k], table["outcome"][k], table["structure"][k]): k for k in range(len(table["option"]))}
    every = [pair[:2] for pair in cells if pair[0] != _LEVEL and pair[2] == structures[0]]
    rows = [
        pair
        for pair in every
        if float(table["estimate"][cells[(*pair, structures[0])]])
        == float(table["estimate"][cells[(*pair, structures[0])]])
    ]
    flips = sum(word == "FLIPS" for word in table["verdict"])
    left = (f"{len(rows) - _MOST_ROWS} more rows in the table",) if len(rows) > _MOST_ROWS else ()
    finding = (
        f"{flips} of the effects' signs flip under another structure"
        if flips
        else "No sign flips under another structure"
    )
    frame = Frame(
        finding,
        "Effect of each option against the one taken, central assumptions unless said; 0: no sign is told",
        footer,
        left,
    )
    with page(frame) as figure:
        key(
            figure,
            [
                Patch(facecolor=colour, label=label)
                for label, colour in (("more", BLUE), ("less", ORANGE), ("not told", FAINT), ("flips", VERMILLION))
            ],
        )
        height, width = (_TOP - _FOOT) / max(8, min(len(rows), _MOST_ROWS)), (_EDGE - _LABELS) / len(structures)
        for place, name in enumerate(structures):
            head = write(
                figure, _LABELS + place * width, _TOP + 0.3, name.replace("_", " "), va="center", linespacing=0.95
            )
            wrapped(head, across(width - 0.1) * figure.bbox.width)
        for at, row in enumerate(rows[:_MOST_ROWS]):
            middle = _TOP - height * (at + 0.5)
            option = row[0].partition(".")[2].replace("=", ": ")
            fitted(
                write(figure, 0.35, middle, f"{option} on {words(row[1])}"),
                across(_LABELS - 0.45) * figure.bbox.width,
                SMALL,
            )
            for place, name in enumerate(structures):
                _cell(
                    figure,
                    table,
                    cells[(*row, name)],
                    (_LABELS + place * width, middle - height / 2, width - 0.05, height - 0.04),
                )
    return figure


def _cell(figure: Figure, table: Columns, k: int, box: tuple[float, float, float, float]) -> None:
    value, sign, word = float(table["estimate"][k]), str(table["sign"][k]), str(table["verdict"][k])
    colour = VERMILLION if word == "FLIPS" else {"+": BLUE, "-": ORANGE}.get(sign, FAINT)
    axes = panel(figure, *box)
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.fill_between([0, 1], 0, 1, color=colour, alpha=0.3 if sign in ("+", "-") else 0.6, linewidth=0)
    said = NOTHING if value != value else f"{'+' if value > 0 else ''}{number(value)}" if sign in ("+", "-") else "0"
    axes.text(0.5, 0.48, said.replace("-", MINUS), ha="center", va="center", fontsize=SMALL)
