"""The figures of a sensitivity analysis: bars of indices with luck and the rest, and a tornado of signed effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.analysis.uncertain import spoken
from sim.plotting.bars import MOST_ROWS, Bar, Bars, Cell, Panel, bars
from sim.plotting.page import MINUS, NOTHING, Frame, number
from sim.plotting.style import BLUE, ORANGE, SKY

Columns = Mapping[str, NDArray[Any]]
_LUCK = "#8C8C8C"
_PARTS = ("parameter", "group")


def figures_of(tables: Mapping[str, Columns], footer: str) -> dict[str, Figure]:
    """Return the figures of a result's tables, by the stem of their files."""
    found = {"figure": index_figure(tables["indices"], footer)}
    if "effects" in tables:
        found["figure-tornado"] = tornado(tables["effects"], footer)
    return found


def index_figure(table: Columns, footer: str) -> Figure:
    """Return shares of the variance: luck of all of it, then assumptions of what luck leaves."""
    outcomes = list(dict.fromkeys(table["outcome"]))
    parts = [part for part, kind in zip(table["part"], table["kind"], strict=True) if kind in _PARTS]
    names = _by_size(table, list(dict.fromkeys(parts)), "first")[: MOST_ROWS - 1]
    labels = _labels(names)
    panels = tuple(Panel(name, "share", _index_cells(table, name, names), share=True) for name in outcomes)
    caption = "Luck: its share of all variance. Below: shares of the variance of the mean over luck"
    legend = (
        (_LUCK, "luck"),
        (BLUE, "first-order (alone)"),
        *(((SKY, "total (with interplay)"),) if _has(table, "total") else ()),
    )
    frame = Frame("What outcomes hang on: luck, and which assumptions", caption, footer)
    return bars(Bars(("luck", *labels), panels, legend, frame, ruled=(0,)))


def _index_cells(table: Columns, outcome: str, names: Sequence[str]) -> tuple[Cell, ...]:
    rows = {table["part"][k]: k for k in range(len(table["part"])) if table["outcome"][k] == outcome}
    luck = rows["luck"]
    share = Bar(_at(table, "of_all", luck), _LUCK, _ends(table, "of_all", luck))
    cells = [Cell((share,), (_percent(share.value),))]
    for name in names:
        if name not in rows:
            cells.append(Cell((), (NOTHING,)))
            continue
        found = [
            (key, colour)
            for key, colour in (("first", BLUE), ("total", SKY))
            if np.isfinite(_at(table, key, rows[name]))
        ]
        made = tuple(Bar(_at(table, key, rows[name]), colour, _ends(table, key, rows[name])) for key, colour in found)
        cells.append(Cell(made, tuple(_percent(bar.value) for bar in made)))
    return tuple(cells)


def tornado(table: Columns, footer: str) -> Figure:
    """Return what each assumption does alone, at the 5 and at the 95 % quantile of its range."""
    outcomes = list(dict.fromkeys(table["outcome"]))
    size = np.maximum(np.abs(table["effect_low"]), np.abs(table["effect_high"]))
    names = _by_size({**table, "size": size}, list(dict.fromkeys(table["part"])), "size")[:MOST_ROWS]
    rows = {(table["outcome"][k], table["part"][k]): k for k in range(len(table["part"]))}
    panels = tuple(
        Panel(
            name, "change against central assumptions", tuple(_tornado_cell(table, rows[name, part]) for part in names)
        )
        for name in outcomes
    )
    labels = [
        f"{label}: {' to '.join(number(_at(table, end, rows[outcomes[0], part])) for end in ('at_low', 'at_high'))}"
        for label, part in zip(_labels(names), names, strict=True)
    ]
    caption = "Each alone at its 5 % and 95 % quantile, the others central; the same luck at all points"
    legend = ((BLUE, "at the 5 % quantile"), (ORANGE, "at the 95 % quantile"))
    frame = Frame("What each assumption does alone", caption, footer)
    return bars(Bars(tuple(labels), panels, legend, frame))


def _tornado_cell(table: Columns, row: int) -> Cell:
    made = tuple(
        Bar(_at(table, key, row), colour, _ends(table, key, row))
        for key, colour in (("effect_low", BLUE), ("effect_high", ORANGE))
    )
    return Cell(made, tuple(_signed(bar) for bar in made))


def _signed(bar: Bar) -> str:
    """Return the effect with its sign, or that none is told."""
    if bar.interval and bar.interval[0] <= 0 <= bar.interval[1]:
        return "none told"
    return f"{'+' if bar.value > 0 else ''}{number(bar.value)}"


def _by_size(table: Columns, names: Sequence[str], column: str) -> list[str]:
    """Return parts, the largest first: each outcome's sizes over its largest, averaged; a group goes last."""
    scores = dict.fromkeys(names, 0.0)
    for outcome in dict.fromkeys(table["outcome"]):
        here = np.flatnonzero((table["outcome"] == outcome) & np.isin(table["part"], list(names)))
        sizes = np.nan_to_num(np.abs(table[column][here].astype(np.float64)))
        for k, size in zip(here, sizes / (sizes.max() or 1.0) if len(sizes) else [], strict=True):
            scores[table["part"][k]] += float(size)
    return sorted(names, key=lambda name: (name == "the rest", -scores[name]))


def _labels(names: Sequence[str]) -> list[str]:
    return spoken(list(names))


def _has(table: Columns, name: str) -> bool:
    return bool(np.isfinite(table[name].astype(np.float64)).any())


def _at(table: Columns, name: str, row: int) -> float:
    return float(table[name][row])


def _ends(table: Columns, name: str, row: int) -> tuple[float, float] | None:
    low, high = _at(table, f"{name}_low", row), _at(table, f"{name}_high", row)
    return (low, high) if np.isfinite([low, high]).all() else None


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %".replace("-0 %", "0 %").replace("-", MINUS) if np.isfinite(value) else NOTHING
