"""Ribbons of constant width along a curve, in inches: what a Sankey diagram is drawn of."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from numpy.typing import NDArray

Points = NDArray[np.float64]
_STEPS = 60
_WIDEST_ARC = 0.95  # inches that an arc between two things of one column reaches out


def across_gap(axes: Axes, start: tuple[float, float], end: tuple[float, float], width: float, colour: str) -> Polygon:
    """Draw a ribbon from a place to another at its right; it leaves and arrives level, with vertical ends."""
    share = np.linspace(0.0, 1.0, _STEPS)
    x = start[0] + (end[0] - start[0]) * share
    y = start[1] + (end[1] - start[1]) * share * share * (3 - 2 * share)
    upper, lower = np.stack([x, y + width / 2], axis=1), np.stack([x, y - width / 2], axis=1)
    return _fill(axes, np.concatenate([upper, lower[::-1]]), colour)


def arc(axes: Axes, start: tuple[float, float], end: tuple[float, float], width: float, colour: str) -> Polygon:
    """Draw a ribbon that leaves a place to the right and comes back to another above or below it."""
    turn = np.linspace(0.0, np.pi, _STEPS)
    reach = min(_WIDEST_ARC, 0.22 + width + 0.25 * abs(end[1] - start[1]))
    middle, half = (start[1] + end[1]) / 2, (start[1] - end[1]) / 2
    return _along(
        axes, np.stack([start[0] + reach * np.sin(turn), middle + half * np.cos(turn)], axis=1), width, colour
    )


def loop_back(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], lane: float, width: float, colour: str
) -> Polygon:
    """Draw a ribbon that leaves to the right, runs back along a lane below, and comes up to the left of `end`."""
    turn = np.linspace(0.0, np.pi, _STEPS)
    right, left = (start[1] - lane) / 2, (end[1] - lane) / 2
    out = np.stack([start[0] + right * np.sin(turn), lane + right + right * np.cos(turn)], axis=1)
    back = np.stack([end[0] - left * np.sin(turn), lane + left - left * np.cos(turn)], axis=1)
    return _along(axes, np.concatenate([out, back]), width, colour)


def _along(axes: Axes, middle: Points, width: float, colour: str) -> Polygon:
    """Draw a ribbon along its middle line, float64[point, 2]."""
    ahead = np.gradient(middle, axis=0)
    ahead /= np.maximum(np.hypot(ahead[:, 0], ahead[:, 1]), 1e-12)[:, None]
    beside = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1) * width / 2
    return _fill(axes, np.concatenate([middle + beside, (middle - beside)[::-1]]), colour)


def _fill(axes: Axes, outline: Points, colour: str) -> Polygon:
    made = Polygon(outline, closed=True, facecolor=colour, edgecolor=colour, alpha=0.42, linewidth=0.4, zorder=2)
    axes.add_patch(made)
    return made
