"""Force-flow Sankey: where the people of a side came from and went to over a period, widths to scale.

What enters a pool less what leaves it must be the change of the pool; otherwise nothing is drawn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke

from sim.errors import RunError
from sim.experiment.flows import LANDINGS, LOST, ON_THE_WAY, OUTSIDE, RECRUITS, RESERVE, TRAINING, WOUNDED, Flow
from sim.plotting.page import Frame, key, page, panel, thousands, words, write
from sim.plotting.ribbons import across_gap, arc, loop_back
from sim.plotting.style import BLUE, GREY, HEIGHT, INK, ORANGE, PALE, PURPLE, SMALL, WIDTH, fitted

MOST_FRONTS = 7
OTHERS = "other fronts"
_COLUMNS = (1.75, 3.25, 4.75, 7.55, 10.5, 11.95)  # inches: outside, training, reserve, fronts, wounded, lost
_COLUMN = {LANDINGS: 0, RECRUITS: 0, TRAINING: 1, RESERVE: 2, WOUNDED: 4, LOST: 5}  # fronts and transit: 3
_FRONTS = 3
_THICK, _TOP, _FOOT = 0.15, 6.1, 0.78  # inches: a node; the highest, the lowest lane
_GAP, _LANE_GAP = 0.36, 0.14  # inches: above each node, for its label; above each lane
_HALO = [withStroke(linewidth=2.5, foreground="white")]  # keeps names clear of the ribbons under them
_LETTERS = 0.165  # inches: a ribbon as high as this can carry a number


@dataclass(frozen=True)
class Sankey:
    """What the figure shows: the flows of a side over a period.

    fronts : in the order in which they stand; stocks : people in each pool before and after.
    """

    rows: tuple[Flow, ...]
    stocks: Mapping[str, tuple[int, int]]
    fronts: tuple[str, ...]
    frame: Frame


@dataclass
class _Node:
    """A pool as it is drawn: where (inches), how high, and how much of each edge is taken."""

    name: str
    column: int
    height: float
    x: float
    top: float = 0.0
    taken: dict[str, float] = field(default_factory=lambda: {"left": 0.0, "right": 0.0})

    def slot(self, edge: str, width: float) -> tuple[float, float]:
        """Return the middle of the next free piece of an edge."""
        y = self.top - self.taken[edge] - width / 2
        self.taken[edge] += width
        return self.x + (_THICK if edge == "right" else 0.0), y


def sankey(shown: Sankey) -> Figure:
    """Return the figure; raise RunError where people would appear or vanish."""
    check_balance(shown.rows, shown.stocks)
    merged = _merged(shown)
    with page(merged.frame) as figure:
        axes = panel(figure, 0.0, 0.0, WIDTH, HEIGHT)
        axes.set(xlim=(0.0, WIDTH), ylim=(0.0, HEIGHT))
        axes.set_axis_off()
        scale = _scale(merged)
        nodes = _nodes(merged, scale)
        _ribbons(figure, axes, merged, nodes, scale)
        for node in nodes.values():
            axes.add_patch(Rectangle((node.x, node.top - node.height), _THICK, node.height, color=INK, zorder=4))
            _name(figure, node, merged)
        _key(figure, merged)
    return figure


def check_balance(rows: Sequence[Flow], stocks: Mapping[str, tuple[int, int]]) -> None:
    """Raise RunError where inflow less outflow of a pool is not the change of the pool."""
    for pool, (before, after) in stocks.items():
        into = sum(row.people for row in rows if row.target == pool)
        out = sum(row.people for row in rows if row.source == pool)
        if into - out != after - before:
            message = f"{into:,} came and {out:,} left, but it went from {before:,} to {after:,}"
            raise RunError(f"the flows of {pool} do not add up: {message}")


def _merged(shown: Sankey) -> Sankey:
    """Return the same with the fronts of least traffic taken together, where there are too many."""
    if len(shown.fronts) <= MOST_FRONTS:
        return shown
    traffic: defaultdict[str, int] = defaultdict(int)
    for row in shown.rows:
        traffic[row.source] += row.people
        traffic[row.target] += row.people
    small = set(sorted(shown.fronts, key=lambda front: (-traffic[front], front))[MOST_FRONTS - 1 :])
    summed: defaultdict[tuple[str, str], int] = defaultdict(int)
    for row in shown.rows:
        pair = OTHERS if row.source in small else row.source, OTHERS if row.target in small else row.target
        summed[pair] += row.people
    rows = tuple(Flow(*pair, people) for pair, people in summed.items() if pair[0] != pair[1])
    stocks = {pool: pair for pool, pair in shown.stocks.items() if pool not in small}
    before, after = (sum(shown.stocks.get(front, (0, 0))[k] for front in small) for k in (0, 1))
    frame = replace(shown.frame, notes=(*shown.frame.notes, f"other fronts: {', '.join(map(words, sorted(small)))}"))
    fronts = (*(front for front in shown.fronts if front not in small), OTHERS)
    return Sankey(rows, {**stocks, OTHERS: (before, after)}, fronts, frame)


def _present(shown: Sankey) -> list[str]:
    """Return the pools that take part, each column from the top down."""
    moving = {name for row in shown.rows for name in (row.source, row.target)}
    order = [LANDINGS, RECRUITS, TRAINING, RESERVE, *shown.fronts, ON_THE_WAY, WOUNDED, LOST]
    return [name for name in order if name in moving]


def _column_of(name: str) -> int:
    return _COLUMN.get(name, _FRONTS)


def _edges(row: Flow) -> tuple[str, str]:
    """Return at which edges a flow leaves and arrives."""
    return "right", "right" if _column_of(row.source) == _column_of(row.target) else "left"


def _people(shown: Sankey, name: str) -> int:
    """Return the people at the fuller edge of a pool."""
    edges = {"left": 0, "right": 0}
    for row in shown.rows:
        out, into = _edges(row)
        edges[out] += row.people * (row.source == name)
        edges[into] += row.people * (row.target == name)
    return max(edges.values())


def _is_back(row: Flow) -> bool:
    return _column_of(row.target) < _column_of(row.source)


def _scale(shown: Sankey) -> float:
    """Return inches per person, such that every column and the lanes below them fit."""
    back = [row.people for row in shown.rows if _is_back(row)]
    room = _TOP - _FOOT - _LANE_GAP * (len(back) + 1)
    names, found = _present(shown), []
    for column in range(len(_COLUMNS)):
        here = [_people(shown, name) for name in names if _column_of(name) == column]
        if here:
            found.append((room - _GAP * (len(here) + (column == 2))) / (sum(here) + sum(back)))
    return min(found, default=1.0)


def _nodes(shown: Sankey, scale: float) -> dict[str, _Node]:
    """Return the pools with their places."""
    nodes: dict[str, _Node] = {}
    back = [row.people for row in shown.rows if _is_back(row)]
    low = _FOOT + sum(back) * scale + _LANE_GAP * (len(back) + 1)
    names = _present(shown)
    for column, x in enumerate(_COLUMNS):
        here = [name for name in names if _column_of(name) == column]
        heights = [_people(shown, name) * scale for name in here]
        free = _TOP - low - sum(heights) - _GAP * len(here)
        between = free / max(1, len(here)) if column == _FRONTS else 0.0
        top = _TOP - _GAP - _drop(column, free)
        for name, height in zip(here, heights, strict=True):
            nodes[name] = _Node(name, column, height, x, top)
            top -= height + _GAP + between
    return nodes


def _drop(column: int, free: float) -> float:
    """Return how far below the top a column begins: reserve and wounded low, so that others pass above them."""
    return {2: 0.75, 4: 0.8, 5: 0.12}.get(column, 0.0) * max(0.0, free)


def _ribbons(figure: Figure, axes: Axes, shown: Sankey, nodes: Mapping[str, _Node], scale: float) -> None:
    """Draw the flows: at each edge in the order of where they go, so that they cross as little as may be."""
    place = {name: (node.column, -node.top) for name, node in nodes.items()}
    slots: dict[tuple[Flow, str], tuple[float, float]] = {}
    for row in sorted(shown.rows, key=lambda each: _exit_order(each, place)):
        slots[row, "out"] = nodes[row.source].slot(_edges(row)[0], row.people * scale)
    for row in sorted(shown.rows, key=lambda each: (_is_back(each), place[each.source][1], each.source)):
        slots[row, "in"] = nodes[row.target].slot(_edges(row)[1], row.people * scale)
    lane = _FOOT
    for row in shown.rows:
        start, end, width = slots[row, "out"], slots[row, "in"], row.people * scale
        colour = colour_of(row)
        if _is_back(row):
            lane += _LANE_GAP / 2
            loop_back(axes, start, end, lane + width / 2, width, colour).set_gid(f"{row.source} > {row.target}")
            middle = (_COLUMNS[2] + _COLUMNS[4]) / 2
            _number(figure, row, (middle, lane + width / 2), width, "center")
            lane += width + _LANE_GAP / 2
            continue
        draw = arc if _edges(row)[1] == "right" else across_gap
        draw(axes, start, end, width, colour).set_gid(f"{row.source} > {row.target}")
        if draw is across_gap:
            _number(figure, row, (end[0] - 0.08, end[1]), width, "right")


def _exit_order(row: Flow, place: Mapping[str, tuple[int, float]]) -> tuple[bool, bool, float, str]:
    same = _column_of(row.source) == _column_of(row.target)
    return _is_back(row), same, place[row.target][1], row.target


def _number(figure: Figure, row: Flow, where: tuple[float, float], width: float, side: str) -> None:
    """Write the people of a flow into its ribbon, where it is wide enough."""
    if width >= _LETTERS:
        write(figure, *where, thousands(row.people), ha=side, va="center_baseline", zorder=6)


def colour_of(row: Flow) -> str:
    """Return the colour of a flow, by what it is."""
    if row.target == LOST:
        return PALE
    if WOUNDED in (row.source, row.target):
        return PURPLE
    return ORANGE if _column_of(row.source) == _FRONTS else BLUE


def _name(figure: Figure, node: _Node, shown: Sankey) -> None:
    """Write the name of a pool above it, with the people in it before and after."""
    if node.name in OUTSIDE:
        total = sum(row.people for row in shown.rows if row.source == node.name)
        middle = node.top - node.height / 2
        write(figure, node.x - 0.1, middle + 0.1, words(node.name), ha="right", fontweight="bold")
        write(figure, node.x - 0.1, middle - 0.1, thousands(total), ha="right", color=GREY)
        return
    before, after = shown.stocks.get(node.name, (0, 0))
    right = node.column == len(_COLUMNS) - 1
    name = write(figure, node.x, node.top + 0.13, words(node.name), fontweight="bold", path_effects=_HALO)
    fitted(name, 1.02 * 150, SMALL)
    said = f"+{thousands(after - before)}" if right else f"{thousands(before)} → {thousands(after)}"
    box = name.get_window_extent()
    write(figure, box.x1 / 150 + 0.08, node.top + 0.13, said, color=GREY if right else INK, path_effects=_HALO)


def _key(figure: Figure, shown: Sankey) -> None:
    moved = sum(row.people for row in shown.rows if colour_of(row) == ORANGE)
    rows = (
        (BLUE, "recruits, landings, replacements"),
        (ORANGE, f"moved between fronts ({thousands(moved)})"),
        (PURPLE, "wounded, and back"),
        (PALE, "killed, captured, discharged"),
    )
    key(figure, [Patch(facecolor=colour, alpha=0.42, label=label) for colour, label in rows])
