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
_LEGEND = (("more", BLUE), ("less", ORANGE), ("not told", FAINT), ("flips", VERMILLION))


def sign_table(table: Columns, footer: str) -> Figure:
    """Return the figure."""
    structures = list(dict.fromkeys(table["structure"]))[:_MOST_STRUCTURES]
    cells = {(table["option"][k], table["outcome"][k], table["structure"][k]): k for k in range(len(table["option"]))}
    rows = [key[:2] for key, k in cells.items() if key[2] == structures[0] and table["sign"][k]]
    flips = sum(word == "FLIPS" for word in table["verdict"])
    left = (f"{len(rows) - _MOST_ROWS} more rows in the table",) if len(rows) > _MOST_ROWS else ()
    finding = f"{flips or 'No'} conclusion{'' if flips < 2 else 's'} flip{'' if flips > 1 else 's'}"
    caption = "Effect of each option against the one taken; as it is: a probability against a half; 0: not told"
    with page(Frame(f"{finding} under another structure", caption, footer, left)) as figure:
        key(figure, [Patch(facecolor=colour, label=label) for label, colour in _LEGEND])
        height, width = (_TOP - _FOOT) / max(8, min(len(rows), _MOST_ROWS)), (_EDGE - _LABELS) / len(structures)
        for place, name in enumerate(structures):
            head = write(figure, _LABELS + place * width, _TOP + 0.3, name.replace("_", " "), linespacing=0.95)
            wrapped(head, across(width - 0.1) * figure.bbox.width)
        for at, row in enumerate(rows[:_MOST_ROWS]):
            middle = _TOP - height * (at + 0.5)
            _name(figure, row, middle)
            for place, name in enumerate(structures):
                box = (_LABELS + place * width, middle - height / 2, width - 0.05, height - 0.04)
                _cell(figure, table, cells[(*row, name)], box)
    return figure


def _name(figure: Figure, row: tuple[str, str], height: float) -> None:
    """Write the option and the outcome of a row."""
    option = (row[0].partition(".")[2] or row[0]).replace("=", ": ")
    text = write(figure, 0.35, height, f"{option} on {words(row[1])}".replace("as it is on ", "as it is: "))
    fitted(text, across(_LABELS - 0.45) * figure.bbox.width, SMALL)


def _cell(figure: Figure, table: Columns, k: int, box: tuple[float, float, float, float]) -> None:
    value, sign, word = float(table["estimate"][k]), str(table["sign"][k]), str(table["verdict"][k])
    colour = VERMILLION if word == "FLIPS" else {"+": BLUE, "-": ORANGE}.get(sign, FAINT)
    axes = panel(figure, *box)
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.fill_between([0, 1], 0, 1, color=colour, alpha=0.3 if sign in ("+", "-") else 0.6, linewidth=0)
    plus = "+" if value > 0 and table["option"][k] != "as it is" else ""
    said = NOTHING if value != value else f"{plus}{number(value)}" if sign in ("+", "-") else "0"
    axes.text(0.5, 0.48, said.replace("-", MINUS), ha="center", va="center", fontsize=SMALL)
