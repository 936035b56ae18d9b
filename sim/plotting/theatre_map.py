"""Schematic map of the fronts at a date: pressure on each side, ground taken, people there and on the move.

It shows which front presses on which, never where anything stands: positions are those of whole fronts.
"""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Polygon, Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

from sim.plotting.heatmap import LARGEST, colour_map
from sim.plotting.map_content import RESERVE, Move, Station, TheatreMap, filling
from sim.plotting.map_ground import MAP, Points, along, strip
from sim.plotting.map_labels import callouts
from sim.plotting.page import LEFT, number, page, panel, thousands, words, write
from sim.plotting.style import (
    DPI,
    FAINT,
    FOOT,
    GREEN,
    GREY,
    HEIGHT,
    INK,
    ORANGE,
    PALE,
    SKY,
    SMALL,
    WIDTH,
    extent,
    fitted,
)

HALF = 0.085  # inches: width of the strip of a side
_GROUND, _PEOPLE = 0.62, 8.0  # longest arrow of ground (inches), widest arrow of people (points)
_THIN = 0.9  # points: the narrowest arrow of people
_DEEP = 0.2  # inches: width of an arrow of ground
_PLACES = {"people": 0.3, "ground": 0.5, "shift": 0.72}  # shares of a front's line where arrows end
_LINES = {"border": (GREY, 1.3, "-"), "coast": (SKY, 1.3, "-"), "river": (SKY, 0.9, "-"), "contact": (PALE, 1.1, ":")}
_BEND = 0.12  # of an arrow of people, doubled where its ground lies across
_THROUGH, _ROUND = 0.35, 0.42  # an arrow that so much comes from the other side is bent so far
_GROUND_OF_TEXT = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
_HALO = [withStroke(linewidth=2.5, foreground="white")]


def theatre_map(shown: TheatreMap) -> Figure:
    """Return the figure."""
    with page(shown.frame) as figure:
        axes = panel(figure, 0.0, 0.0, WIDTH, HEIGHT)
        axes.set(xlim=(0.0, WIDTH), ylim=(0.0, HEIGHT))
        axes.set_axis_off()
        _outlines(axes, shown)
        for move in sorted(shown.moves, key=lambda each: (-each.people, each)):
            _move(axes, shown, move)
        for station in shown.stations:
            _front(axes, shown, station)
            _taken(axes, shown, station)
        callouts(figure, axes, shown)
        _names(figure, axes, shown)
        _key(figure, axes, shown)
        fitted(write(figure, LEFT, 0.6, shown.note, color=GREY, gid=FOOT), (WIDTH - 2 * LEFT) * DPI, SMALL)
    return figure


def _outlines(axes: Axes, shown: TheatreMap) -> None:
    left, foot, right, top = MAP
    frame = Rectangle((left, foot), right - left, top - foot, facecolor="none", edgecolor=FAINT, linewidth=0.8)
    axes.add_patch(frame)
    for name, points in shown.ground.outlines.items():
        tint, width, dashes = _LINES[shown.kinds[name]]
        (line,) = axes.plot(*points.T, color=tint, linewidth=width, linestyle=dashes, zorder=0.5)
        line.set_gid(f"outline {name}")
        line.set_clip_path(frame)


def _front(axes: Axes, shown: TheatreMap, station: Station) -> None:
    """Draw a front: a strip for each side, on its ground, in the colour of the pressure on it."""
    line = shown.ground.lines[station.name]
    for side, strength, width in zip(shown.sides, station.sides, (HALF, -HALF), strict=True):
        made = Polygon(strip(line, width), closed=True, zorder=4, **filling(strength.pressure, shown.quiet))
        made.set_gid(f"{station.name} {side}")
        axes.add_patch(made)
    axes.plot(*line.T, color=INK, linewidth=1.4, zorder=5)


def _taken(axes: Axes, shown: TheatreMap, station: Station) -> None:
    """Draw an arrow onto the ground of who lost it, where luck leaves no doubt who that is."""
    taken = station.taken
    if not taken.told:
        return
    first = taken.side == shown.sides[0]
    start, left = along(shown.ground.lines[station.name], _PLACES["ground"])
    ahead = -left if first else left
    length = _GROUND * min(1.0, taken.median / shown.scale.ground)
    made = Polygon(_arrow(start + ahead * HALF, ahead, length), closed=True, facecolor=INK, linewidth=0, zorder=6)
    made.set_gid(f"ground {station.name}")
    axes.add_patch(made)


def _arrow(start: Points, ahead: Points, length: float) -> Points:
    """Return the outline of an arrow: its head is at most as long as it is wide."""
    aside = np.array([-ahead[1], ahead[0]])
    head = min(length, _DEEP * 0.8)
    neck = start + ahead * (length - head)
    half, stem = aside * _DEEP / 2, aside * _DEEP / 5
    tip = start + ahead * length
    return np.array([start + stem, neck + stem, neck + half, tip, neck - half, neck - stem, start - stem])


def _move(axes: Axes, shown: TheatreMap, move: Move) -> None:
    """Draw an arrow of people, bent over their own ground."""
    shift = RESERVE not in (move.source, move.target)
    start, end = (_end(shown, move, place) for place in (move.source, move.target))
    width = max(_THIN, _PEOPLE * min(1.0, move.people / shown.scale.people))
    made = FancyArrowPatch(
        (float(start[0]), float(start[1])), (float(end[0]), float(end[1])),
        connectionstyle=f"arc3,rad={_bend(shown, move, end - start):.3f}",
        arrowstyle=f"simple,tail_width={width},head_width={4 + 1.6 * width},head_length={4 + 1.2 * width}",
        mutation_scale=1.0, shrinkA=22 if move.source == RESERVE else 3, shrinkB=22 if move.target == RESERVE else 2,
        facecolor=ORANGE if shift else GREEN, edgecolor="white", linewidth=0.4, zorder=3,
    )  # fmt: skip
    made.set_gid(f"{move.side}: {move.source} > {move.target}")
    axes.add_patch(made)


def _bend(shown: TheatreMap, move: Move, chord: Points) -> float:
    """Return how far an arrow is bent (matplotlib's arc3), towards the ground of its side at the fronts it touches.

    One that would come through the other side's ground goes round it, on the outside of the map.
    """
    ahead = chord / max(float(np.hypot(*chord)), 1e-9)
    aside = np.array([ahead[1], -ahead[0]])
    fronts = [place for place in (move.source, move.target) if place != RESERVE]
    own = sum((along(shown.ground.lines[front], 0.5)[1] for front in fronts), np.zeros(2)) / len(fronts)
    side = shown.sides.index(move.side)
    own = -own if side else own
    through = float(own @ ahead) * (1 if move.source == RESERVE else -1)
    if RESERVE in move and through > _THROUGH:
        middle = np.mean([line.mean(axis=0) for line in shown.ground.lines.values()], axis=0)
        return math.copysign(_ROUND, float((shown.ground.sides[side] - middle) @ aside))
    lean = float(own @ aside)
    back = 2 if move.target == RESERVE else 1  # clear of those who come
    return math.copysign(back * _BEND * (1 + abs(lean)), lean)


def _end(shown: TheatreMap, move: Move, place: str) -> Points:
    """Return where an arrow of people begins or ends: on the ground of its side."""
    first = move.side == shown.sides[0]
    if place == RESERVE:
        return shown.ground.sides[0 if first else 1]
    point, left = along(shown.ground.lines[place], _PLACES["people" if RESERVE in move else "shift"])
    return np.asarray(point + left * (HALF if first else -HALF))


def _names(figure: Figure, axes: Axes, shown: TheatreMap) -> None:
    """Write the sides with their reserves; then theatres and names for orientation, where nothing stands yet."""
    taken: list[Text] = []
    for side, reserve, place in zip(shown.sides, shown.reserves, shown.ground.sides, strict=True):
        x, y = float(place[0]), float(place[1])
        name = write(figure, x, y + 0.1, words(side), ha="center", fontweight="bold", zorder=7, bbox=_GROUND_OF_TEXT)
        fitted(name, 1.4 * DPI, SMALL)
        said = f"reserve {thousands(reserve)}"
        taken += [name, write(figure, x, y - 0.1, said, ha="center", zorder=7, bbox=_GROUND_OF_TEXT)]
    for theatre, place in shown.ground.headings.items():
        x, y = float(place[0]), float(place[1])
        heading = write(figure, x, y, words(theatre), ha="center", color=GREY, path_effects=_HALO)
        taken.append(fitted(heading, 1.7 * DPI, SMALL))
    for known, place in shown.ground.names.items():
        _place_name(figure, axes, known, place, taken)


def _place_name(figure: Figure, axes: Axes, name: str, place: Points, taken: list[Text]) -> None:
    """Write a name on the map beside its dot, unless it would stand over another or outside."""
    x, y = float(place[0]), float(place[1])
    if not (MAP[0] + 0.05 < x < MAP[2] - 0.05 and MAP[1] + 0.1 < y < MAP[3] - 0.1):
        return
    text = write(figure, x + 0.07, y, name, color=GREY, path_effects=_HALO, zorder=2)
    box = extent(text)
    if box.x1 > (MAP[2] - 0.03) * DPI or any(box.overlaps(extent(other)) for other in taken):
        text.remove()
        return
    axes.plot([x], [y], marker="s", markersize=2.5, color=GREY, zorder=2)
    taken.append(text)


def _key(figure: Figure, axes: Axes, shown: TheatreMap) -> None:
    """Say what colours and arrows mean, in two lines under the caption."""
    y = 6.4
    write(figure, 0.35, y, "pressure on a side, ln(hostile / own):", color=INK)
    steps = np.linspace(-LARGEST, LARGEST, 65)
    bar = panel(figure, 5.35, y - 0.08, 1.5, 0.16)
    bar.set_gid("scale")
    bar.pcolormesh(steps, [0.0, 1.0], steps[None, :-1], cmap=colour_map(), edgecolors="face", linewidth=0.2)
    bar.set_axis_off()
    write(figure, 5.27, y, f"own side stronger {number(-LARGEST)}", color=GREY, ha="right")
    write(figure, 6.93, y, f"{number(LARGEST)} hostile side stronger", color=GREY)
    for left, pressure, said in ((9.35, -math.inf, "not attacked"), (11.2, math.nan, "nobody there")):
        axes.add_patch(Rectangle((left, y - 0.08), 0.28, 0.16, **filling(pressure, shown.quiet)))
        write(figure, left + 0.36, y, said, color=GREY)
    _arrow_key(figure, axes, shown)


def _arrow_key(figure: Figure, axes: Axes, shown: TheatreMap) -> None:
    y = 6.1
    ground = _round(shown.scale.ground)
    length = _GROUND * ground / shown.scale.ground
    axes.add_patch(Polygon(_arrow(np.array([0.35, y]), np.array([1.0, 0.0]), length), facecolor=INK, linewidth=0))
    said = f"ground taken since the start ({number(ground)} km²)"
    write(figure, 0.45 + length, y, said, color=GREY)
    if not shown.moves:
        return
    people = _round(shown.scale.people)
    width = _PEOPLE * people / shown.scale.people
    from_behind = f"people from reserve and training ({thousands(people)})"
    for left, tint, said in ((5.0, GREEN, from_behind), (9.35, ORANGE, "from front to front")):
        axes.plot([left, left + 0.4], [y, y], color=tint, linewidth=width, solid_capstyle="butt")
        write(figure, left + 0.5, y, said, color=GREY)


def _round(largest: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is not above a value."""
    power = 10.0 ** math.floor(math.log10(largest))
    return max(step * power for step in (1, 2, 5) if step * power <= largest * (1 + 1e-9))
