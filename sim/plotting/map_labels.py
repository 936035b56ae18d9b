"""What stands beside the theatre map: for each front its ground and people, with a thin line to where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from sim.plotting.map_content import filling
from sim.plotting.map_ground import MAP, Points, along
from sim.plotting.page import number, spread, thousands, words, write
from sim.plotting.style import DPI, INK, PALE, SMALL, across, extent, fitted, up

if TYPE_CHECKING:
    from sim.plotting.map_content import Station, Strength, Taken, TheatreMap

_COLUMNS = (0.35, 9.05)  # inches: left edges of what stands at the left and at the right of the map
_WIDTH, _LINE, _HIGH = 4.0, 0.195, 0.63  # inches: of a label, of a line of it, and of it with the air around
_SWATCH, _GAP, _LEAST = 0.23, 0.08, 0.4  # inches: to a side's name; between name and numbers; of a name at least
_AT = 0.9  # share of a front's line at which its label points


def callouts(figure: Figure, axes: Axes, shown: TheatreMap) -> None:
    """Write the label of each front into the column that is nearer, and lead a line to it."""
    ends = {station.name: along(shown.ground.lines[station.name], _AT)[0] for station in shown.stations}
    for left, stations in zip(_COLUMNS, _columns(shown.stations, ends), strict=True):
        wanted = [-float(ends[station.name][1]) for station in stations]
        middles = spread(wanted, [_HIGH] * len(stations), -MAP[3], -MAP[1])
        for station, middle in zip(stations, middles, strict=True):
            right = _label(figure, axes, shown, (station, left, -middle))
            edge = right + 0.08 if left == _COLUMNS[0] else left - 0.05
            end = ends[station.name]
            axes.plot([edge, float(end[0])], [-middle, float(end[1])], color=PALE, linewidth=0.8, zorder=5.5)
            axes.plot([float(end[0])], [float(end[1])], marker="o", markersize=3, color=INK, zorder=7)


def _columns(stations: Sequence[Station], ends: dict[str, Points]) -> tuple[list[Station], list[Station]]:
    """Return the fronts for the left column and for the right: by halves, those further west at the left."""
    order = list(stations)
    across = [round(float(ends[station.name][0]), 6) for station in order]
    if len(set(across)) == 1:  # a line-up: in turn
        return order[::2], order[1::2]
    ranked = sorted(range(len(order)), key=lambda k: (across[k], k))
    west = set(ranked[: (len(order) + 1) // 2])
    return [order[k] for k in range(len(order)) if k in west], [order[k] for k in range(len(order)) if k not in west]


def _label(figure: Figure, axes: Axes, shown: TheatreMap, place: tuple[Station, float, float]) -> float:
    """Write three lines: name and ground taken, then the people of each side behind the colour of its pressure.

    Returns where the line in the middle ends, in inches.
    """
    station, left, middle = place
    _pair(figure, (left, middle + _LINE), (words(station.name), "bold"), ground_words(station.taken))
    ends = []
    for side, strength, y in zip(shown.sides, station.sides, (middle, middle - _LINE), strict=True):
        axes.add_patch(Rectangle((left, y - 0.055), 0.16, 0.12, **filling(strength.pressure, shown.quiet)))
        said = people_words(strength, shown.window)
        ends.append(_pair(figure, (left + _SWATCH, y), (words(side), "normal"), said))
    return ends[0]


def _pair(figure: Figure, place: tuple[float, float], name: tuple[str, str], said: tuple[str, ...]) -> float:
    """Write a name (with its weight) and behind it the longest text that there is room for; return where it ends.

    Numbers come first: a name is cut where even the shortest text has no room beside it.
    """
    left, y = place
    room = max(column for column in _COLUMNS if column <= left) + _WIDTH - left
    label = write(figure, left, y, name[0], fontweight=name[1])
    text = write(figure, left, y, said[0])
    for shorter in said[1:]:
        if _wide(label) + _GAP + _wide(text) <= room:
            break
        text.set_text(shorter)
    fitted(label, (room - _GAP - min(_wide(text), room - _GAP - _LEAST)) * DPI, SMALL)
    begin = left + _wide(label) + _GAP
    text.set_position((across(begin), up(y)))
    fitted(text, (left + room - begin) * DPI, SMALL)
    return begin + _wide(text)


def _wide(text: Text) -> float:
    return float(extent(text).width) / DPI


def ground_words(taken: Taken) -> tuple[str, ...]:
    """Return who took how much ground, 'Russia +452 km² (310 to 590)', long and short.

    No direction is stated where luck leaves it open.
    """
    if taken.told:
        short = f"{words(taken.side)} +{area_words(taken.median)} km²"
        bare = f"{area_words(taken.median)} km² taken by {words(taken.side)}"  # cut, it loses the name only
        return f"{short} ({area_words(taken.low)} to {area_words(taken.high)})", short, bare
    low, high = (area_words(each) for each in (taken.low, taken.high))
    if low == high == "0":
        return ("no ground taken",)
    return (f"{low} to {high} km² for {words(taken.side)}",)


def area_words(area: float) -> str:
    """Return a number of km2: whole, below ten with one decimal."""
    return number(round(area)) if abs(area) >= 10 else number(round(area, 1), 2)


def people_words(strength: Strength, window: str) -> tuple[str, ...]:
    """Return the people of a side and their change over the window, '48.2 k, +3.1 k in 30 days', long and short."""
    people = thousands(strength.people)
    if strength.change is None or not window:
        return (people,)
    if abs(strength.change) < 0.5:
        return f"{people}, unchanged {window}", people
    sign = "+" if strength.change > 0 else ""
    return f"{people}, {sign}{thousands(strength.change)} {window}", people
