"""Where things lie on the theatre map: degrees to inches of the slide, or a line-up where no positions are given.

The ground of the first side lies at the left of a front's line, that of the second at its right.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]  # [point, 2], inches from the lower left corner of the slide, or degrees
MAP = (4.45, 0.78, 8.88, 5.86)  # inches: left, foot, right, top
_MARGIN = 0.35  # inches: around what must be seen
_HEADING = 0.26  # inches: of a theatre in a line-up
_BAR = (0.14, 0.95)  # inches: shortest and longest bar of a line-up
_ASIDE = 0.75  # inches: of the middle of a side's name from the edge of the map


class Ground(NamedTuple):
    """What lies where, in inches of the slide.

    lines : of each front; sides : where each side's reserve stands; outlines, names : for orientation.
    headings : of the theatres of a line-up.
    """

    lines: Mapping[str, Points]
    sides: tuple[Points, Points]
    outlines: Mapping[str, Points] = {}
    names: Mapping[str, Points] = {}
    headings: Mapping[str, Points] = {}


class Chart(NamedTuple):
    """Places in degrees, as a scenario states them; a side without one stands at the edge of its ground."""

    lines: Mapping[str, Points]
    sides: tuple[Points | None, Points | None] = (None, None)
    outlines: Mapping[str, Points] = {}
    names: Mapping[str, Points] = {}


def laid_out(chart: Chart) -> Ground:
    """Return a chart in inches: as large as the map allows for fronts and sides, the rest as far as it is on it."""
    seen = np.concatenate([*chart.lines.values(), *(side[None] for side in chart.sides if side is not None)])
    squeeze = np.array([math.cos(math.radians(float(seen[:, 1].mean()))), 1.0])
    low, high = (seen * squeeze).min(axis=0), (seen * squeeze).max(axis=0)
    room = np.array([MAP[2] - MAP[0], MAP[3] - MAP[1]]) - 2 * _MARGIN
    scale = float((room / np.maximum(high - low, 1e-6)).min())
    middle = np.array([MAP[0] + MAP[2], MAP[1] + MAP[3]]) / 2

    def put(points: Points) -> Points:
        return np.asarray((points * squeeze - (low + high) / 2) * scale + middle)

    lines = {name: put(points) for name, points in chart.lines.items()}
    inside = np.array([[MAP[0] + _ASIDE, MAP[1] + _MARGIN], [MAP[2] - _ASIDE, MAP[3] - _MARGIN]])
    sides = [None if side is None else np.clip(put(side[None])[0], *inside) for side in chart.sides]
    return Ground(
        lines,
        (_standing(sides[0], lines, 1.0), _standing(sides[1], lines, -1.0)),
        {name: put(points) for name, points in chart.outlines.items()},
        {name: put(point[None])[0] for name, point in chart.names.items()},
    )


def _standing(stated: Points | None, lines: Mapping[str, Points], side: float) -> Points:
    """Return where a side stands: as stated, else at the edge of the map to which its ground points on the whole."""
    if stated is not None:
        return stated
    towards = side * sum((beside(line)[len(line) // 2] for line in lines.values()), np.zeros(2))
    across = MAP[0] + _ASIDE if towards[0] < 0 else MAP[2] - _ASIDE
    return np.array([across, (MAP[1] + MAP[3]) / 2])


def lined_up(theatres: Mapping[str, Sequence[str]]) -> Ground:
    """Return fronts below each other by theatre, the first side at the left."""
    count = sum(map(len, theatres.values()))
    step = (MAP[3] - MAP[1] - _HEADING * len(theatres)) / max(1, count)
    length = min(_BAR[1], max(_BAR[0], 0.72 * step))
    middle, y = (MAP[0] + MAP[2]) / 2, MAP[3]
    lines, headings = {}, {}
    for theatre, fronts in theatres.items():
        headings[theatre] = np.array([middle, y - _HEADING / 2])
        y -= _HEADING
        for front in fronts:
            centre = y - step / 2
            lines[front] = np.array([[middle, centre - length / 2], [middle, centre + length / 2]])
            y -= step
    height = (MAP[1] + MAP[3]) / 2
    sides = np.array([MAP[0] + _ASIDE, height]), np.array([MAP[2] - _ASIDE, height])
    return Ground(lines, sides, headings=headings)


def beside(line: Points) -> Points:
    """Return the direction to the left of a line at each of its points, float64[point, 2], of length 1."""
    steps = np.diff(line, axis=0)
    steps /= np.maximum(np.hypot(steps[:, 0], steps[:, 1]), 1e-12)[:, None]
    ahead = np.concatenate([steps[:1], steps[:-1] + steps[1:], steps[-1:]])
    ahead /= np.maximum(np.hypot(ahead[:, 0], ahead[:, 1]), 1e-12)[:, None]
    return np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)


def strip(line: Points, width: float) -> Points:
    """Return the outline of a strip along a line, to its left (to its right where the width is negative)."""
    return np.concatenate([line, (line + beside(line) * width)[::-1]])


def along(line: Points, share: float) -> tuple[Points, Points]:
    """Return the point at a share of the length of a line, and the direction to the left of the whole line."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    reach = np.concatenate([[0.0], np.cumsum(steps)])
    point = np.array([np.interp(share * reach[-1], reach, line[:, k]) for k in (0, 1)])
    chord = line[-1] - line[0]
    chord = chord / max(float(np.hypot(*chord)), 1e-12)
    return point, np.array([-chord[1], chord[0]])
