"""Response surface: an outcome over two factors as filled contours with labelled lines, and the design's points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.tri import Triangulation
from numpy.typing import NDArray

from sim.plotting.page import Frame, number, page, panel, plain, thin_ticks, unit_words, words, write
from sim.plotting.style import BODY, GREY, INK, SMALL, across, extent, fitted

Values = NDArray[np.float64]

MOST_PANELS = 2
COLOURS = "cividis"  # made for colour-blind readers; its lightness rises all along
_TOP, _FOOT, _LEFT, _EDGE, _AXIS = 5.55, 1.35, 1.45, 12.8, 1.5  # inches
_LEVELS = 9
_EVEN = 1e-9  # of the span: points nearer than this to a line of a grid lie on it
_BETWEEN = 8  # places for a label between two corners of a line
_CLEAR = 34.0  # pixels between the label of a line and the edge of its panel, or another label


@dataclass(frozen=True)
class Panel:
    """An outcome: its mean at each of the design's points, float64[point]; not-a-number where it does not apply."""

    name: str
    unit: str
    mean: Values
    probability: bool = False
    level: float | None = None


@dataclass(frozen=True)
class Surface:
    """What the figure shows: names (with units) of two factors, and their values at the design's points."""

    factors: tuple[str, str]
    x: Values
    y: Values
    panels: tuple[Panel, ...]
    frame: Frame


def surface(shown: Surface) -> Figure:
    """Return the figure; a full grid is drawn as it is, any other design by triangles between its points."""
    drawn = shown.panels[:MOST_PANELS]
    notes = tuple(f"not shown: {each.name}" for each in shown.panels[MOST_PANELS:])
    with page(replace(shown.frame, notes=(*shown.frame.notes, *notes))) as figure:
        write(
            figure, 0.35, 6.42, "means at the design's points (dots), interpolated between them; without their spread"
        )
        slot = (_EDGE - _LEFT + _AXIS) / max(1, len(drawn))
        for k, each in enumerate(drawn):
            left, width = _LEFT + k * slot, min(slot - _AXIS, 8.5)
            axes = panel(figure, left, _FOOT, width, _TOP - _FOOT)
            _draw(figure, axes, shown, each)
            _around(figure, shown, each, (left, width))
    return figure


def _draw(figure: Figure, axes: Axes, shown: Surface, each: Panel) -> None:
    there = np.isfinite(each.mean)
    x, y, z = shown.x[there], shown.y[there], each.mean[there]
    _limits(axes, shown.x, shown.y)
    if _spans(x, y):
        lines = _contours(axes, x, y, z, each)
        _label(axes, lines, shown)
        _emphasise(axes, x, y, z, each)
    axes.plot(shown.x, shown.y, linestyle="", marker="o", markersize=4.5, color="white", markeredgecolor=INK, zorder=6)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(FuncFormatter(plain))
    thin_ticks(axes)


def _limits(axes: Axes, x: Values, y: Values) -> None:
    for values, put in ((x, axes.set_xlim), (y, axes.set_ylim)):
        low, high = float(values.min()), float(values.max())
        margin = 0.03 * (high - low) or 0.1 * abs(high) or 1.0
        put(low - margin, high + margin)


def _spans(x: Values, y: Values) -> bool:
    """Return whether the points lie about an area and not along a line."""
    if len(x) < 3:
        return False
    scaled = [(values - values.min()) / (np.ptp(values) or 1.0) for values in (x, y)]
    centred = np.stack(scaled) - np.mean(scaled, axis=1, keepdims=True)
    return bool(np.linalg.matrix_rank(centred, tol=1e-6) == 2)


def levels(each: Panel) -> Values:
    """Return where the lines lie: tenths of a probability, else round values."""
    finite = each.mean[np.isfinite(each.mean)]
    if each.probability:
        return np.linspace(0.0, 1.0, 11)
    low, high = float(finite.min()), float(finite.max())
    if low == high:
        return np.array([low - 1.0, low + 1.0])
    return np.asarray(MaxNLocator(_LEVELS, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))


def _contours(axes: Axes, x: Values, y: Values, z: Values, each: Panel) -> ContourSet:
    """Draw filled contours and their lines; return the lines."""
    at, grid = levels(each), _grid(x, y, z)
    line: dict[str, Any] = {"colors": "white", "linewidths": 0.8, "levels": at[1:-1] if len(at) > 2 else at}
    if grid is None:
        # between scaled values, so that triangles do not depend on units
        triangles = Triangulation(*_scaled(x, y))
        mesh = Triangulation(x, y, triangles.triangles)
        axes.tricontourf(mesh, z, levels=at, cmap=COLOURS)
        return axes.tricontour(mesh, z, **line)
    axes.contourf(*grid, levels=at, cmap=COLOURS)
    return axes.contour(*grid, **line)


def _scaled(x: Values, y: Values) -> tuple[Values, Values]:
    return (x - x.min()) / np.ptp(x), (y - y.min()) / np.ptp(y)


def _grid(x: Values, y: Values, z: Values) -> tuple[Values, Values, Values] | None:
    """Return the points as a full grid (float64[column], float64[row], float64[row, column]); None if they are none."""
    columns, rows = np.unique(x), np.unique(y)
    if len(columns) * len(rows) != len(x) or min(len(columns), len(rows)) < 2:
        return None
    found = np.full((len(rows), len(columns)), np.nan)
    found[np.searchsorted(rows, y), np.searchsorted(columns, x)] = z
    return None if np.isnan(found).any() else (columns, rows, found)


def _label(axes: Axes, lines: ContourSet, shown: Surface) -> None:
    """Write the value of each line on it once, away from the edges and from other labels."""
    dots = axes.transData.transform(np.stack([shown.x, shown.y], axis=1))
    taken = [np.array([x - 4, y - 4, x + 4, y + 4]) for x, y in dots]
    for value, path in zip(lines.levels, lines.get_paths(), strict=True):
        lengths = [_along(axes.transData.transform(line)) for line in path.to_polygons(closed_only=False)]
        if not lengths:
            continue
        places = max(lengths, key=len)
        spot = _spot(axes, places, taken) if np.ptp(places, axis=0).max() > _CLEAR else None
        if spot is None:
            continue
        text = axes.annotate(
            number(float(value)), spot, xycoords="figure pixels", fontsize=SMALL, ha="center", va="center", zorder=7,
            color=INK, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.2, "boxstyle": "round,pad=0.15"},
        )  # fmt: skip
        box = extent(text)
        taken.append(np.array([box.x0, box.y0, box.x1, box.y1]))


def _along(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return places along a line, float64[place, 2], in pixels: a few between each corner and the next."""
    share = np.linspace(0.0, 1.0, _BETWEEN, endpoint=False)[None, :, None]
    between = corners[:-1, None] + (corners[1:] - corners[:-1])[:, None] * share
    return np.concatenate([between.reshape(-1, 2), corners[-1:]])


def _spot(axes: Axes, places: NDArray[np.float64], taken: list[NDArray[np.float64]]) -> tuple[float, float] | None:
    """Return the place on a line for its label: the one farthest from the panel's edges that touches no other label."""
    box = axes.bbox
    inside = np.minimum.reduce(
        [places[:, 0] - box.x0 - 8, box.x1 - places[:, 0] - 8, places[:, 1] - box.y0, box.y1 - places[:, 1]]
    )
    for k in np.argsort(-inside, kind="stable"):
        x, y = float(places[k, 0]), float(places[k, 1])
        if inside[k] < _CLEAR:
            return None
        if all(x < a - _CLEAR or x > c + _CLEAR or y < b - 16 or y > d + 16 for a, b, c, d in taken):
            return x, y
    return None


def _emphasise(axes: Axes, x: Values, y: Values, z: Values, each: Panel) -> None:
    """Draw the line at the level that matters, where there is one."""
    if each.level is None or not z.min() < each.level < z.max():
        return
    grid = _grid(x, y, z)
    how: dict[str, Any] = {"levels": [each.level], "colors": [INK], "linewidths": 2.4}
    if grid is None:
        axes.tricontour(Triangulation(x, y, Triangulation(*_scaled(x, y)).triangles), z, **how)
    else:
        axes.contour(*grid, **how)


def _around(figure: Figure, shown: Surface, each: Panel, place: tuple[float, float]) -> None:
    """Write the name of the outcome above a panel, and those of the factors at its axes."""
    left, width = place
    room = across(width) * figure.bbox.width
    level = f", heavy line: {number(each.level)}" if each.level is not None else ""
    unit = "probability" if each.probability else unit_words(each.unit)
    fitted(write(figure, left, _TOP + 0.5, words(each.name), fontsize=BODY, fontweight="bold"), room, SMALL)
    fitted(write(figure, left, _TOP + 0.25, f"{unit}{level}", color=GREY), room, SMALL)
    fitted(write(figure, left + width / 2, _FOOT - 0.5, shown.factors[0], ha="center"), room, SMALL)
    side = write(figure, left - 1.1, (_TOP + _FOOT) / 2, shown.factors[1], ha="center", rotation=90)
    while extent(side).height > (_TOP - _FOOT) * 150 and len(side.get_text()) > 2:
        side.set_text(side.get_text()[:-2].rstrip() + "…")
