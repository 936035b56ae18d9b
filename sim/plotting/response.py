"""Response curve: an outcome against a factor, with the three kinds of spread as bands, one panel an outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from sim.plotting.page import (
    DARK,
    LIGHT,
    Frame,
    key,
    number,
    page,
    panel,
    plain,
    quiet,
    spread,
    thin_ticks,
    unit_words,
    words,
    write,
)
from sim.plotting.style import BLUE, BODY, CATEGORIES, GREY, INK, SMALL, across, extent, fitted, legible

Values = NDArray[np.float64]

MOST_PANELS, MOST_CURVES = 4, 6
_TOP, _FOOT, _LEFT, _EDGE = 5.45, 1.35, 1.1, 13.1  # inches: of the panels
_NAMES, _AXIS = 1.35, 0.98  # inches: room of the labels behind a panel, and of the numbers before it
_BESIDE = 0.012  # of the span of the factor: between the bars of two curves
_SMALLEST = 3  # points of a curve that are joined by a band; fewer have bars


@dataclass(frozen=True)
class Curve:
    """An outcome along the factor, float64[point] each; not-a-number where it does not apply.

    numerical : ends of the 95 % interval; luck : 5 and 95 % of runs at central assumptions; assumptions : 5 and 95 % of
    the draws' means.
    """

    label: str
    x: Values
    mean: Values
    numerical: tuple[Values, Values]
    luck: tuple[Values, Values] | None = None
    assumptions: tuple[Values, Values] | None = None


@dataclass(frozen=True)
class Panel:
    """An outcome; a probability has an axis from 0 to 1, and `level` is a line at a value that matters."""

    name: str
    unit: str
    curves: tuple[Curve, ...]
    probability: bool = False
    level: float | None = None


@dataclass(frozen=True)
class Response:
    """What the figure shows; `factor` with its unit names the horizontal axis."""

    factor: str
    panels: tuple[Panel, ...]
    frame: Frame


def response(shown: Response) -> Figure:
    """Return the figure."""
    drawn = [replace(each, curves=each.curves[:MOST_CURVES]) for each in shown.panels[:MOST_PANELS]]
    with page(replace(shown.frame, notes=(*shown.frame.notes, *_left_out(shown)))) as figure:
        _key(figure, drawn)
        slot = (_EDGE - _LEFT + _AXIS) / max(1, len(drawn))
        for k, each in enumerate(drawn):
            left = _LEFT + k * slot
            behind = _NAMES if _named(each) else 0.3
            axes = panel(figure, left, _FOOT, slot - _AXIS - behind, _TOP - _FOOT)
            _draw(axes, each)
            _heading(figure, each, left - 0.75, slot - 0.2)
            if _named(each):
                _name_ends(figure, axes, each.curves)
        _factor(figure, shown.factor)
    return figure


def _left_out(shown: Response) -> tuple[str, ...]:
    notes = [f"not shown: {each.name}" for each in shown.panels[MOST_PANELS:]]
    names = dict.fromkeys(curve.label for each in shown.panels for curve in each.curves[MOST_CURVES:])
    notes += [f"not shown: {name}" for name in names]
    if any(_named(each) for each in shown.panels):
        notes.append("luck and assumptions are drawn where there is one curve only")
    return tuple(notes)


def _named(each: Panel) -> bool:
    return len(each.curves) > 1


def _key(figure: Figure, panels: Sequence[Panel]) -> None:
    curves = [curve for each in panels for curve in each.curves]
    alone = all(not _named(each) for each in panels)
    ink = BLUE if alone else INK
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=ink, marker="o", markersize=5, label="mean at the design's points"),
        Patch(facecolor=ink, alpha=DARK, label="numerical 95 % interval")
        if alone
        else Line2D(
            [],
            [],
            color=ink,
            alpha=0.6,
            marker="|",
            markersize=12,
            markeredgewidth=2.2,
            linestyle="",
            label="numerical 95 % interval",
        ),
    ]
    if alone and any(curve.luck for curve in curves):
        handles.append(Patch(facecolor=ink, alpha=LIGHT, label="luck: 90 % of runs at central assumptions"))
    if alone and any(curve.assumptions for curve in curves):
        label = "assumptions: 90 % of the draws' means"
        handles.append(Line2D([], [], color=ink, linestyle=":", linewidth=1.4, label=label))
    key(figure, handles)


def _draw(axes: Axes, each: Panel) -> None:
    for k, (curve, colour) in enumerate(zip(each.curves, CATEGORIES, strict=False)):
        if _named(each):
            _bars(axes, curve, colour, k - (len(each.curves) - 1) / 2)
        else:
            _wide(axes, curve, colour)
            _narrow(axes, curve, colour)
        axes.plot(curve.x, curve.mean, color=colour, marker="o", markersize=4.5, zorder=5)
    if each.probability:
        axes.set_ylim(-0.02, 1.02)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    else:
        axes.margins(y=0.08)
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    if each.level is not None:
        axes.axhline(each.level, color=INK, linewidth=1.0, linestyle=(0, (4, 3)), zorder=2)
    axes.margins(x=0.03)
    axes.yaxis.set_major_formatter(FuncFormatter(plain))
    axes.xaxis.set_major_formatter(FuncFormatter(plain))
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    thin_ticks(axes)
    quiet(axes)


def _wide(axes: Axes, curve: Curve, colour: str) -> None:
    """Draw luck and assumptions."""
    if curve.luck:
        axes.fill_between(curve.x, *curve.luck, color=colour, alpha=LIGHT, linewidth=0, zorder=2)
        if len(curve.x) < _SMALLEST:
            axes.vlines(curve.x, *curve.luck, color=colour, alpha=LIGHT, linewidth=9, zorder=2)
    for edge in curve.assumptions or ():
        axes.plot(curve.x, edge, color=colour, linestyle=":", linewidth=1.4, zorder=4)


def _narrow(axes: Axes, curve: Curve, colour: str) -> None:
    """Draw the numerical interval."""
    axes.fill_between(curve.x, *curve.numerical, color=colour, alpha=DARK, linewidth=0, zorder=3)
    if len(curve.x) < _SMALLEST:
        axes.vlines(curve.x, *curve.numerical, color=colour, linewidth=2.5, zorder=4)


def _bars(axes: Axes, curve: Curve, colour: str, place: float) -> None:
    """Draw the numerical intervals of one of several curves: bars side by side, as bands would hide each other."""
    beside = place * _BESIDE * (float(np.ptp(curve.x)) or 1.0)
    axes.vlines(curve.x + beside, *curve.numerical, color=colour, alpha=0.6, linewidth=2.2, zorder=3)


def _heading(figure: Figure, each: Panel, left: float, width: float) -> None:
    room = across(width) * figure.bbox.width
    fitted(write(figure, left, _TOP + 0.52, words(each.name), fontsize=BODY, fontweight="bold"), room, SMALL)
    unit = "probability" if each.probability else unit_words(each.unit)
    level = f", dashed: {number(each.level)}" if each.level is not None else ""
    fitted(write(figure, left, _TOP + 0.27, f"{unit}{level}", color=GREY), room, SMALL)


def _factor(figure: Figure, name: str) -> None:
    """Write the name of the factor once, below all panels."""
    text = write(figure, (_LEFT + _EDGE) / 2, _FOOT - 0.5, name, ha="center", fontsize=BODY)
    fitted(text, across(_EDGE - _LEFT) * figure.bbox.width, SMALL)


def _name_ends(figure: Figure, axes: Axes, curves: Sequence[Curve]) -> None:
    """Write the name of each curve behind its last point, none over another."""
    room = across(_NAMES - 0.2) * figure.bbox.width
    left = axes.bbox.x1 / figure.bbox.width + across(0.1)
    texts, wanted = [], []
    for curve, colour in zip(curves, CATEGORIES, strict=False):
        finite = curve.mean[np.isfinite(curve.mean)]
        last = float(finite[-1]) if len(finite) else float(axes.get_ylim()[0])
        text = figure.text(left, 0, curve.label, fontsize=SMALL, color=legible(colour), va="center")
        texts.append(fitted(text, room, SMALL))
        wanted.append(float(axes.transData.transform((0.0, last))[1]))
    sizes = [extent(text).height + 3 for text in texts]
    for text, middle in zip(texts, spread(wanted, sizes, axes.bbox.y0, axes.bbox.y1), strict=True):
        text.set_position((left, middle / figure.bbox.height))
