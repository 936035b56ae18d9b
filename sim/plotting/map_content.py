"""What a theatre map shows: fronts with their ground, people and pressure, and the people who moved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from matplotlib.colors import Normalize, to_hex

from sim.plotting.heatmap import LARGEST, NOBODY, colour_map
from sim.plotting.map_ground import Ground
from sim.plotting.page import Frame
from sim.plotting.style import GREY, PALE

RESERVE = "reserve"


class Taken(NamedTuple):
    """Ground that a side has taken since the start, km2: median, and the 90 % of luck.

    Where luck leaves no doubt `side` is who took it, so that all three are positive.
    """

    side: str
    median: float
    low: float
    high: float

    @property
    def told(self) -> bool:
        """Return whether luck leaves no doubt who took ground."""
        return self.low > 0


class Strength(NamedTuple):
    """A side on a front: people, their change over the window (None: no window yet), and the pressure on it."""

    people: float
    change: float | None
    pressure: float


class Station(NamedTuple):
    """A front as the map shows it; `sides` in the order of the scenario."""

    name: str
    taken: Taken
    sides: tuple[Strength, Strength]


class Move(NamedTuple):
    """People of a side who set out in the window; `source` and `target` are fronts or RESERVE."""

    side: str
    source: str
    target: str
    people: int


class Scale(NamedTuple):
    """What the largest arrows stand for, the same in all figures that belong together: people and km2."""

    people: float
    ground: float


@dataclass(frozen=True)
class TheatreMap:
    """What the figure shows.

    kinds : of the outlines; reserves : people in each side's; quiet : pressure at which nobody attacks.
    window : in words, as 'in 30 days'; "" on the first day; note : of what kind the lines are.
    """

    sides: tuple[str, str]
    stations: tuple[Station, ...]
    reserves: tuple[float, float]
    moves: tuple[Move, ...]
    ground: Ground
    kinds: Mapping[str, str]
    scale: Scale
    quiet: float
    window: str
    note: str
    frame: Frame


def filling(pressure: float, quiet: float) -> dict[str, Any]:
    """Return how a patch shows the pressure on a side: the colour of the heat map; hatched where nobody attacks.

    The heat map's own pale blue for that would be taken for a pressure near zero, which is what a contested front has.
    """
    drawn: dict[str, Any] = {"edgecolor": GREY, "linewidth": 0.7}
    if math.isnan(pressure):
        return drawn | {"facecolor": NOBODY}
    if pressure <= quiet:
        return drawn | {"facecolor": "white", "edgecolor": PALE, "hatch": "//////"}
    return drawn | {"facecolor": to_hex(colour_map()(float(Normalize(-LARGEST, LARGEST, clip=True)(pressure))))}
