"""The figures of a discovery: box limits, coverage against density, a table of regret, the value of information."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from sim.analysis.uncertain import spoken
from sim.plotting.bars import Bar, Bars, Cell, Panel, bars
from sim.plotting.page import Frame, key, number, page, panel, quiet, wrapped, write
from sim.plotting.sign_table import sign_table
from sim.plotting.style import BLUE, BODY, CATEGORIES, FAINT, GREY, INK, SMALL, across, fitted, legible

Columns = Mapping[str, NDArray[Any]]
_MOST_LIMITS, _MOST_WORTHS, _MOST_OPTIONS = 12, 12, 9
_LABELS, _EDGE, _TOP, _FOOT = 3.6, 12.0, 5.8, 1.0  # inches


def figures_of(tables: Mapping[str, Columns], numbers: Mapping[str, Any], footer: str) -> dict[str, Figure]:
    """Return the figures of a result's tables, by the stem of their files."""
    found = {}
    if "structures" in tables:
        return {"figure": sign_table(tables["structures"], footer)}
    if len(tables["boxes"]["box"]):
        found["figure"] = box_figure(tables["boxes"], numbers, footer)
        found["figure-tradeoff"] = tradeoff(tables["path"], tables["boxes"], footer)
    if "options" in tables:
        found["figure-regret"] = regret_table(tables["options"], numbers, footer)
        found["figure-information"] = information(tables["information"], numbers, footer)
    return found


def box_figure(table: Columns, numbers: Mapping[str, Any], footer: str) -> Figure:
    """Return each box's limits within the range of its inputs, as parallel bars."""
    rows = range(min(_MOST_LIMITS, len(table["box"])))
    event, share = numbers["event"], 100 * float(numbers["frequency"]["value"])
    caption = "The box within the range of each assumption; other assumptions are free"
    notes = (
        (f"{len(table['box']) - _MOST_LIMITS} more limits in the table",) if len(table["box"]) > _MOST_LIMITS else ()
    )
    frame = Frame(f"Where '{event}' is frequent (everywhere: {share:.0f} % of runs)", caption, footer, notes)
    with page(frame) as figure:
        height = min(0.72, (_TOP - _FOOT) / max(1, len(rows)))
        axes = panel(figure, _LABELS, _TOP - height * len(rows), _EDGE - _LABELS - 0.9, height * len(rows))
        axes.set_xlim(0, 1)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_axis_off()
        colours = [legible(CATEGORIES[int(table["box"][k] - 1) % len(CATEGORIES)]) for k in rows]
        for k, name in zip(rows, spoken([str(table["part"][k]) for k in rows]), strict=False):
            axes.barh(k, 1, 0.42, color=FAINT)
            low, high = _within(table, k)
            axes.barh(k, high - low, 0.42, left=low, color=colours[k])
            _name_limit(figure, table, k, (name, _TOP - height * (k + 0.5), (low, high)))
        _say_boxes(figure, table)
    return figure


def _say_boxes(figure: Figure, table: Columns) -> None:
    """Write how good each box is, a line each, in its colour."""
    for place, box in enumerate(dict.fromkeys(table["box"].tolist())):
        colour = legible(CATEGORIES[(box - 1) % len(CATEGORIES)])
        write(figure, 0.35, 6.42 - 0.24 * place, _box_label(table, box), color=colour, fontweight="bold")


def _box_label(table: Columns, box: int) -> str:
    k = int(np.flatnonzero(table["box"] == box)[0])
    density, low, high, coverage, mass = (
        100 * float(table[name][k]) for name in ("density", "density_low", "density_high", "coverage", "mass")
    )
    size = f"{coverage:.0f} % of all cases, {mass:.0f} % of draws"
    return f"box {box}: in {density:.0f} % of its runs ({low:.0f} to {high:.0f}), {size}"


def _within(table: Columns, k: int) -> tuple[float, float]:
    """Return a box's limits as shares of an input's range."""
    low, high = float(table["range_low"][k]), float(table["range_high"][k])
    ends = [float(table[name][k]) for name in ("low", "high")]
    shares = [(end - low) / (high - low) if np.isfinite(end) else float(place) for place, end in enumerate(ends)]
    return max(0.0, shares[0]), min(1.0, shares[1])


def _name_limit(figure: Figure, table: Columns, k: int, where: tuple[str, float, tuple[float, float]]) -> None:
    name, height, (low, high) = where
    wrapped(write(figure, 0.35, height, f"{name}", linespacing=1.0), across(2.2) * figure.bbox.width)
    write(figure, _LABELS - 0.1, height, number(float(table["range_low"][k])), color=GREY, ha="right")
    write(figure, _EDGE - 0.8, height, number(float(table["range_high"][k])), color=GREY)
    width = _EDGE - _LABELS - 0.9
    for share, column, side in ((low, "low", "left"), (high, "high", "right")):
        if np.isfinite(float(table[column][k])):
            inside = share + (0.006 if side == "left" else -0.006)
            write(
                figure,
                _LABELS + inside * width,
                height,
                number(float(table[column][k])),
                color="white",
                ha=side,
                fontweight="bold",
            )


def tradeoff(table: Columns, boxes: Columns, footer: str) -> Figure:
    """Return coverage against density along the path of peeling, in both halves of the draws."""
    frame = Frame(
        "Coverage against density along the path of peeling",
        "Peeled in one half of the draws, measured in the other; the first box",
        footer,
    )
    with page(frame) as figure:
        axes = panel(figure, 1.1, 1.2, 11.3, 4.7)
        first = table["box"] == 1
        for half, colour in (("train", GREY), ("held_out", BLUE)):
            axes.plot(
                table[f"{half}_coverage"][first],
                table[f"{half}_density"][first],
                color=colour,
                marker="o",
                markersize=4,
            )
        axes.plot([boxes["coverage"][0]], [boxes["density"][0]], color=INK, marker="D", markersize=10, linestyle="")
        axes.set_xlim(-0.02, 1.04)
        axes.set_ylim(-0.02, 1.04)
        axes.set_xlabel("coverage: share of all cases that lie in the box")
        axes.set_ylabel("density: share of runs in the box")
        quiet(axes, "both")
        labels = (
            ("the half it was peeled in", GREY, "o"),
            ("held-out half", BLUE, "o"),
            ("the box told, pasted and freed of chance", INK, "D"),
        )
        key(figure, [Line2D([], [], color=colour, marker=mark, label=label) for label, colour, mark in labels])
    return figure


_COLUMNS = (
    ("mean_regret", "mean regret"),
    ("mean_regret_other_luck", "on other luck"),
    ("p90_regret", "90 % quantile"),
    ("max_regret", "largest"),
)


def regret_table(table: Columns, numbers: Mapping[str, Any], footer: str) -> Figure:
    """Return options by regret, shaded, with how often each is the best and good enough."""
    rows = range(min(_MOST_OPTIONS, len(table["option"])))
    frame = Frame(
        f"Regret of {numbers['decision']}",
        "What the best option of each draw has more; mean regret is between its two columns",
        footer,
    )
    with page(frame) as figure:
        largest = max(float(np.nanmax([table[name][list(rows)] for name, _ in _COLUMNS])), 1e-12)
        heads = [label for _, label in _COLUMNS] + ["best in", "good enough in"]
        for place, head in enumerate(heads):
            text = write(figure, _LABELS + (place + 0.5) * 1.5, _TOP, head, color=GREY, ha="center", fontsize=BODY)
            fitted(text, across(1.45) * figure.bbox.width, SMALL)
        for k in rows:
            _regret_row(figure, table, k, largest)
    return figure


def _regret_row(figure: Figure, table: Columns, k: int, largest: float) -> None:
    height, middle = 0.48, _TOP - 0.5 - 0.5 * k
    fitted(
        write(figure, 0.35, middle, str(table["option"][k]), fontsize=BODY, fontweight="bold"),
        across(_LABELS - 0.5) * figure.bbox.width,
        SMALL,
    )
    for place, (name, _) in enumerate(_COLUMNS):
        value = float(table[name][k])
        shade = max(0.0, min(1.0, value / largest)) if np.isfinite(value) else 0.0
        axes = panel(figure, _LABELS + 1.5 * place, middle - height / 2, 1.44, height)
        axes.set_axis_off()
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.fill_between([0, 1], 0, 1, color=BLUE, alpha=0.45 * shade, linewidth=0)
        axes.text(0.5, 0.5, number(value), ha="center", va="center", fontsize=BODY)
    for place, name in enumerate(("best_share", "satisfies"), len(_COLUMNS)):
        write(
            figure,
            _LABELS + (place + 0.5) * 1.5,
            middle,
            f"{100 * float(table[name][k]):.0f} % of draws",
            ha="center",
            color=legible(GREY),
        )


def information(table: Columns, numbers: Mapping[str, Any], footer: str) -> Figure:
    """Return the value of knowing each assumption before choosing: as fitted, and on other draws."""
    some = max(1, int((table["value_fitted"] > 0).sum()))  # what is worth nothing is in the table only
    names: Sequence[str] = [str(name) for name in table["part"][: min(some, _MOST_WORTHS)]]
    cells = []
    for k in range(len(names)):
        fitted_value, other, half = (
            float(table[name][k]) for name in ("value_fitted", "value_other_draws", "half_width")
        )
        made = (Bar(fitted_value, CATEGORIES[5]), Bar(other, BLUE, (other - half, other + half)))
        cells.append(Cell(made, (number(fitted_value), number(other))))
    legend = ((CATEGORIES[5], "as fitted (too high)"), (BLUE, "picked on other draws (too low)"))
    caption = "Expected gain from knowing before choosing, in the unit of the aim"
    frame = Frame(f"What knowing would be worth for {numbers['decision']}", caption, footer)
    return bars(
        Bars(tuple(spoken(names)), (Panel("value of knowing", "aim's unit", tuple(cells)),), legend, frame, ruled=(0,))
    )
