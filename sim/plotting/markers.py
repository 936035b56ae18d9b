"""Events on a time axis: a line (or a span) through the panels, and a label above them that overlaps nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from sim.experiment.events import Event
from sim.plotting.style import FAINT, GREY, PALE, SMALL, extent
from sim.plotting.timeaxis import day_number

LEVELS = 5
LEVEL_POINTS = 13.8  # height of a line of labels
RAISED_POINTS = 8.0  # of the lowest label above the panel: clear of a tick's label at its top
_GAP = 6.0  # pixels between a label and what is beside it
_BESIDE = 4.0  # pixels between a label and its own line
_PATIENCE = 20_000  # labels looked at before the best arrangement so far is taken
_DASHES = (0, (4, 3))


class Spot(NamedTuple):
    """A place for a label, in pixels: its event is at `x`, its text from `left` to `right`, on a level."""

    x: float
    left: float
    right: float
    level: int

    def collides(self, other: Spot) -> bool:
        """Return whether the texts overlap, or the line up to one of them crosses the text of the other."""
        if self.level == other.level:
            return self.left < other.right + _GAP and other.left < self.right + _GAP
        low, high = sorted((self, other), key=lambda each: each.level)
        return low.left - _GAP / 4 < high.x < low.right + _GAP / 4


class Label(NamedTuple):
    """The label of an event; without a spot there is no room for it."""

    event: Event
    text: Text
    spot: Spot | None


def plan(panel: Axes, events: Sequence[Event], limits: tuple[float, float]) -> list[Label]:
    """Return the labels of events above a panel; where labels with dates do not all fit, they go without.

    limits : pixels between which labels may stand.
    """
    labels: list[Label] = []
    for say in (text_of, label_of):
        texts = [_text(panel, say(event)) for event in events]
        options = [_spots(panel, *pair, limits) for pair in zip(events, texts, strict=True)]
        spots = arrange(options[::-1])[::-1]  # labels extend to the right, so the last are placed first and lowest
        labels = [Label(*each) for each in zip(events, texts, spots, strict=True)]
        if None not in spots or say is label_of:
            break
        for text in texts:
            text.remove()
    return labels


def levels(labels: Iterable[Label]) -> int:
    """Return how many lines of labels there are."""
    return max((label.spot.level + 1 for label in labels if label.spot), default=0)


def mark(panels: Sequence[Axes], labels: Iterable[Label]) -> list[str]:
    """Mark events on panels that lie above each other; return the labels for which there was no room."""
    left_out = []
    for label in labels:
        for panel in panels:
            _line(panel, label.event)
        if label.spot is None:
            label.text.remove()
            left_out.append(text_of(label.event))
        else:
            _put(panels[0], label.text, label.spot)
    return left_out


def label_of(event: Event) -> str:
    """Return the short label of an event."""
    return event.label


def text_of(event: Event) -> str:
    """Return the label of an event with its (first) day."""
    since = "from " if event.end > event.start else ""
    return f"{event.label} {since}{event.start.day} {event.start:%b}"


def arrange(options: Sequence[Sequence[Spot]]) -> list[Spot | None]:
    """Choose a spot for each label such that none collide, as many as possible, spots listed first preferred."""
    best: list[Spot | None] = []
    looked = 0

    def search(chosen: list[Spot | None]) -> bool:
        """Return whether the search is over: every label has a spot, or patience is at its end."""
        nonlocal best, looked
        looked += 1 + len(chosen)
        if len(chosen) == len(options):
            if not best or chosen.count(None) < best.count(None):
                best = chosen
            return best.count(None) == 0 or looked > _PATIENCE
        taken = [spot for spot in chosen if spot]
        free = [spot for spot in options[len(chosen)] if not any(spot.collides(other) for other in taken)]
        return any(search([*chosen, spot]) for spot in (*free, None)) or looked > _PATIENCE

    search([])
    return best


def _line(panel: Axes, event: Event) -> None:
    start, end = day_number(event.start), day_number(event.end)
    if end > start:
        panel.axvspan(start, end, color=FAINT, alpha=0.5, linewidth=0, zorder=0)
    panel.axvline(start, color=PALE, linewidth=0.9, linestyle=_DASHES, zorder=1)


def _text(panel: Axes, content: str) -> Text:
    figure = panel.get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure.text(0, 0, content, fontsize=SMALL, color=GREY, va="bottom", ha="left")


def _spots(panel: Axes, event: Event, text: Text, limits: tuple[float, float]) -> list[Spot]:
    """Return where a label may stand: to the right of its line, else to the left, and as low as possible."""
    panel.get_xlim()  # makes matplotlib settle the scale
    x, width = float(panel.transData.transform((day_number(event.start), 0.0))[0]), extent(text).width
    lefts = dict.fromkeys((min(x + _BESIDE, limits[1] - width), max(x - _BESIDE - width, limits[0])))
    inside = [left for left in lefts if limits[0] <= left <= limits[1] - width]
    return [Spot(x, left, left + width, level) for left in inside for level in range(LEVELS)]


def _put(panel: Axes, text: Text, spot: Spot) -> None:
    """Move the text to its spot, and draw the line from the panel up to it."""
    figure = panel.get_figure(root=True)
    assert isinstance(figure, Figure)
    foot = float(panel.bbox.y1)
    base = foot + (RAISED_POINTS + spot.level * LEVEL_POINTS) * figure.dpi / 72
    points = figure.transFigure.inverted().transform([(spot.left, base), (spot.x, foot), (spot.x, base)])
    (left, height), (x, low), _ = ((float(x), float(y)) for x, y in points)
    text.set_position((left, height))
    figure.add_artist(Line2D([x, x], [low, height], color=PALE, linewidth=0.9, linestyle=_DASHES))
