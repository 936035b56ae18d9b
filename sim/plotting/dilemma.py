"""Dilemma: the frontier of policies (pK against pE, both as the size of a disc), and tiles of D in other worlds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from sim.plotting.page import Frame, key, page, panel, plain, quiet, words, wrapped, write
from sim.plotting.style import BODY, CATEGORIES, GREY, INK, PALE, SMALL, across, fitted
from sim.plotting.tiles import Panel as TilePanel
from sim.plotting.tiles import Tiles, tiles

Values = NDArray[np.float64]
Columns = Mapping[str, NDArray[Any]]

MOST_DATES = 2
_TOP, _FOOT, _LEFT, _EDGE = 5.05, 1.15, 1.05, 13.1  # inches
_BESIDE = 2.1  # inches: room of what is said beside a panel
_LETTERS = 12  # of the name of a group in the key
_SMALL_DISC, _DISC = 26.0, 900.0  # square points of a disc for pKE = 0, and beyond it for 1
_MAXIMA = {"K": ("max pK", "v"), "E": ("max pE", ">"), "both": ("max pKE", "*")}


@dataclass(frozen=True)
class Panel:
    """A date: pK, pE and pKE of each policy with the group of each, and what is said above it.

    best : of K, E and both the place of the policy that has most.
    """

    heading: str
    finding: str
    names: tuple[str, ...]
    groups: tuple[str, ...]
    second: Values
    main: Values
    both: Values
    best: Mapping[str, int]


@dataclass(frozen=True)
class Frontier:
    """What the figure shows."""

    panels: tuple[Panel, ...]
    frame: Frame


def figures_of(answer: Mapping[str, Any], tables: Mapping[str, Columns], footer: str) -> dict[str, Figure]:
    """Return the figures of an answer, as it stands in a result folder (`answer.json` and the tables)."""
    dates = answer["numbers"]["dates"]
    verdicts = [f"{words(name)}: {each['verdict']}" for name, each in dates.items()]
    frame = Frame("; ".join(verdicts), str(answer["question"]), footer)
    panels = tuple(_panel(tables["policies"], name, dates[name]) for name in list(dates)[:MOST_DATES])
    made = {"figure": frontier_figure(Frontier(panels, frame))}
    shown = _tiles(tables, dates, Frame("", str(answer["question"]), footer))
    return {**made, "figure_surface": tiles(shown)} if shown.panels else made


def _panel(columns: Columns, name: str, about: Mapping[str, Any]) -> Panel:
    here = np.flatnonzero(np.asarray(columns["date"]) == name)
    policies = [str(columns["policy"][k]) for k in here]
    return Panel(
        heading=f"{words(name)}, {about['date']}",
        finding=str(about["finding"]),
        names=tuple(policies),
        groups=tuple(str(columns["group"][k]) for k in here),
        second=np.asarray(columns["pK"], np.float64)[here],
        main=np.asarray(columns["pE"], np.float64)[here],
        both=np.asarray(columns["pboth"], np.float64)[here],
        best={aim: policies.index(each["policy"]) for aim, each in about["maxima"].items()},
    )


def _tiles(tables: Mapping[str, Columns], dates: Mapping[str, Any], frame: Frame) -> Tiles:
    panels = []
    for name in list(dates)[:MOST_DATES]:
        for table, x, y, what in (
            ("aspirations", "K_star", "E_star", "aspirations: K* across, E* up"),
            ("surface", "people", "days", "inflow: people across, days later up"),
        ):
            if table not in tables:
                continue
            columns = tables[table]
            here = np.asarray(columns["date"]) == name
            at = {each: np.asarray(columns[each], np.float64)[here] for each in (x, y, "D", "max_pboth")}
            verdicts = tuple(str(each) for each in np.asarray(columns["verdict"])[here])
            panels.append(TilePanel(f"{words(name)}, {what}", at[x], at[y], at["D"], at["max_pboth"], verdicts))
    return Tiles(tuple(panels), replace(frame, finding=_counted(panels)))


def _counted(panels: Sequence[TilePanel]) -> str:
    """Return how many cells have which verdict, the most common first."""
    counts = Counter(verdict for each in panels for verdict in each.verdicts)
    total = sum(counts.values())
    return "; ".join(f"{count} of {total} cells: {verdict}" for verdict, count in counts.most_common())


def frontier_figure(shown: Frontier) -> Figure:
    """Return the figure of the frontier."""
    with page(shown.frame) as figure:
        groups = list(dict.fromkeys(group for each in shown.panels for group in each.groups))
        colours = {group: CATEGORIES[k % len(CATEGORIES)] for k, group in enumerate(groups)}
        _key(figure, colours)
        width = (_EDGE - _LEFT) / max(1, len(shown.panels))
        for k, each in enumerate(shown.panels):
            left = _LEFT + k * width
            side = min(_TOP - _FOOT, width - 0.5 - _BESIDE)
            axes = panel(figure, left, _FOOT, side, side)
            _draw(axes, each, colours)
            _around(figure, each, (left, width, side))
    return figure


def _key(figure: Figure, colours: Mapping[str, str]) -> None:
    handles = [
        Line2D([], [], color=colour, marker="o", markersize=8, linestyle="", label=_short(group))
        for group, colour in colours.items()
    ]
    handles += [
        Line2D([], [], color=INK, marker=mark, markersize=9, markerfacecolor="none", linestyle="", label=label)
        for label, mark in _MAXIMA.values()
    ]
    key(figure, handles, columns=len(handles))
    write(figure, 0.35, 6.13, "a disc is a policy; its area is pKE, the probability that both are met", color=GREY)


def _short(group: str) -> str:
    said = group.replace("_", " ")
    return said if len(said) <= _LETTERS else f"{said[: _LETTERS - 1].rstrip()}…"


def _draw(axes: Axes, each: Panel, colours: Mapping[str, str]) -> None:
    for group in dict.fromkeys(each.groups):
        here = [k for k, other in enumerate(each.groups) if other == group]
        size = _SMALL_DISC + _DISC * each.both[here]
        axes.scatter(
            each.second[here], each.main[here], s=size, color=colours[group], alpha=0.55, edgecolor="white", zorder=3
        )
    order = np.lexsort((-each.main, each.second))
    front = [k for k in order if not _beaten(each, int(k))]
    axes.plot(each.second[front], each.main[front], color=PALE, linewidth=1.2, zorder=2)
    for aim, (_, mark) in _MAXIMA.items():
        at = each.best[aim]
        axes.plot(
            [each.second[at]], [each.main[at]], marker=mark, markersize=13, color=INK, markerfacecolor="none",
            markeredgewidth=1.4, zorder=5, clip_on=False,
        )  # fmt: skip
    axes.set_xlim(-0.1, 1.1)
    axes.set_ylim(-0.1, 1.1)
    for axis, put in ((axes.xaxis, axes.set_xticks), (axes.yaxis, axes.set_yticks)):
        put([0, 0.25, 0.5, 0.75, 1])
        axis.set_major_formatter(FuncFormatter(plain))
    quiet(axes, "both")


def _beaten(each: Panel, k: int) -> bool:
    better = (each.second >= each.second[k]) & (each.main >= each.main[k])
    return bool((better & ((each.second > each.second[k]) | (each.main > each.main[k]))).any())


def _around(figure: Figure, each: Panel, place: tuple[float, float, float]) -> None:
    """Write what is found above a panel, the aims at its axes, and the best policies beside it."""
    left, width, side = place
    room = across(width - 0.3) * figure.bbox.width
    fitted(write(figure, left - 0.7, _TOP + 0.75, each.heading, fontsize=BODY, fontweight="bold"), room, SMALL)
    wrapped(write(figure, left - 0.7, _TOP + 0.58, each.finding, color=GREY, va="top"), room, 2)
    write(figure, left + side / 2, _FOOT - 0.5, "pK: second front regained", ha="center")
    write(figure, left - 0.72, _FOOT + side / 2, "pE: main offensive kept", ha="center", rotation=90)
    lines: Sequence[str] = [f"{_MAXIMA[aim][0]}: {each.names[each.best[aim]]}" for aim in _MAXIMA]
    beside = across(_BESIDE - 0.6) * figure.bbox.width
    for k, line in enumerate(lines):
        wrapped(write(figure, left + side + 0.15, _FOOT + side - 0.25 - 0.95 * k, line, va="top"), beside, 4)
