"""What every figure has beside its data: headline, caption, key, footer, and where asked for a handling marking."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

from sim.plotting.style import (
    FAINT,
    FOOT,
    GREY,
    HEADING,
    INK,
    SMALL,
    TITLE,
    across,
    extent,
    fitted,
    footer,
    house_style,
    slide,
    up,
)

LEFT = 0.35  # inches: margin of everything
KEY = 6.36  # inches: height of the key
MINUS, NOTHING = "\N{MINUS SIGN}", "\N{EN DASH}"
LIGHT, DARK = 0.14, 0.36  # opacity of wide and of narrow bands, as in the fan chart
_LETTER = 16.0  # pixels of a digit of a tick, generously
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True)
class Frame:
    """What stands around a figure.

    finding : what it says at a glance; caption : what it shows; notes : what it leaves out; footer : where it is from.
    """

    finding: str
    caption: str
    footer: str
    notes: tuple[str, ...] = ()


@contextmanager
def page(frame: Frame) -> Iterator[Figure]:
    """Hold the house style while a figure is filled, with its headline and its footer."""
    with house_style():
        figure = slide()
        room = figure.bbox.width * (1 - 2 * across(LEFT))
        head = figure.text(across(LEFT), up(6.97), frame.finding, fontsize=TITLE, fontweight="bold", va="bottom")
        fitted(head, room)
        fitted(figure.text(across(LEFT), up(6.67), frame.caption, fontsize=HEADING, color=GREY, va="bottom"), room)
        footer(figure, [frame.footer, *(["; ".join(frame.notes)] if frame.notes else [])])
        yield figure


def key(figure: Figure, handles: Sequence[Line2D | Patch | Any], columns: int = 4) -> None:
    """Say in one line under the caption what the marks mean."""
    figure.legend(
        handles=list(handles),
        loc="lower left",
        bbox_to_anchor=(across(LEFT), up(KEY)),
        ncols=columns,
        borderaxespad=0.0,
        borderpad=0.0,
        columnspacing=1.6,
        handlelength=1.8,
    )


def add_note(figure: Figure, note: str) -> None:
    """Add to the notes of the footer what only came to light while drawing."""
    lines = [text for text in figure.texts if text.get_gid() == FOOT]
    room = figure.bbox.width * (1 - 2 * across(LEFT))
    if len(lines) > 1:
        lines[1].set_text(f"{lines[1].get_text()}; {note}")
    else:
        lines.append(write(figure, LEFT, 0.33, note, color=GREY, va="bottom", gid=FOOT))
    fitted(lines[1], room, SMALL)


def mark_handling(figure: Figure, marking: str) -> None:
    """Print a handling marking at the top and at the bottom; the footer makes room for it."""
    with house_style():
        for text in figure.texts:
            if text.get_gid() == FOOT:
                x, y = text.get_position()
                text.set_position((x, y + up(0.045)))
        room = figure.bbox.width * (1 - 2 * across(LEFT))
        for height, side in ((up(7.47), "top"), (up(0.025), "bottom")):
            text = figure.text(0.5, height, marking, fontsize=SMALL, fontweight="bold", color=INK, va=side, ha="center")
            fitted(text, room, SMALL)


def write(figure: Figure, x: float, y: float, content: str, **how: Any) -> Text:
    """Write small text at a place in inches from the lower left corner."""
    return figure.text(across(x), up(y), content, **{"fontsize": SMALL, "va": "center", **how})


def panel(figure: Figure, left: float, foot: float, width: float, height: float) -> Axes:
    """Return empty axes at a place in inches from the lower left corner."""
    made: Axes = figure.add_axes((across(left), up(foot), across(width), up(height)))
    made.set_axisbelow(True)
    return made


def quiet(axes: Axes, grid: str = "y") -> None:
    """Give axes the faint grid of the house."""
    axes.grid(axis=grid, color=FAINT, linewidth=0.6)  # type: ignore[arg-type]
    axes.set_axisbelow(True)


def words(name: str) -> str:
    """Return a name as a figure shows it: 'iwo_jima' is 'Iwo jima', 'kursk.territory_km2' 'Kursk · territory'."""
    parts = [part.replace("_km2_days", "").replace("_km2", "").replace("_", " ") for part in name.split(".")]
    said = " · ".join(parts)
    return said[:1].upper() + said[1:]


def unit_words(unit: str) -> str:
    """Return a unit as a figure shows it."""
    return unit.replace("km2", "km²")


def number(value: float, digits: int = 3) -> str:
    """Return a number of at least so many digits: 4,998, 0.864, 255 k, 12.3 M, 1.2×10⁻⁵; not-a-number is a dash."""
    if not math.isfinite(value):
        return NOTHING if math.isnan(value) else f"{MINUS if value < 0 else ''}∞"
    size = abs(value)
    if 1e5 <= size < 1e7:
        said = f"{value / 1000:,.0f} k"
    elif 1e7 <= size < 1e13:
        exponent = 9 if size >= 1e10 else 6
        said = f"{value / 10**exponent:,.4g} {'M' if exponent == 6 else 'bn'}"
    elif size < 1e13 and size >= 10 ** (digits - 1):
        said = f"{value:,.0f}"
    elif 1e-3 <= size < 1e13 or size == 0:
        said = f"{value:.{digits}g}"
    else:
        mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
        said = f"{mantissa}×10{str(int(power)).translate(_SUPERSCRIPTS)}"
    return said.replace("-", MINUS)


def to_width(value: float, width: float) -> str:
    """Return a number to two digits of the width of its interval, as far as that is sensible."""
    if not (math.isfinite(value) and math.isfinite(width)) or width <= 0 or not 1e-3 <= max(abs(value), width) < 1e5:
        return number(value)
    places = max(0, 1 - math.floor(math.log10(width)))
    said = f"{value:,.{min(places, 6)}f}"
    return "0" if float(said.replace(",", "")) == 0 else said.replace("-", MINUS)


def interval_words(low: float, high: float) -> str:
    """Return an interval, as '0.61 to 0.67'."""
    return f"{to_width(low, high - low)} to {to_width(high, high - low)}"


def thousands(people: float) -> str:
    """Return a number of people in thousands, with one decimal below 100,000: '44.6 k'."""
    if abs(people) >= 1e6:
        return number(people) if abs(people) >= 1e7 else f"{people / 1e6:,.2f} M"
    if abs(people) < 1000:
        return f"{people:,.0f}".replace("-", MINUS)
    return f"{people / 1000:,.{1 if abs(people) < 1e5 else 0}f} k".replace("-", MINUS)


def plain(value: float, _: object = None) -> str:
    """Return the label of a tick."""
    if value and (abs(value) < 1e-3 or abs(value) >= 1e7):
        return number(value)
    if abs(value) >= 1e5 and value % 1000 == 0:
        return f"{value / 1000:,.0f} k".replace("-", MINUS)
    return f"{value:,.10g}".replace("-", MINUS)


def thin_ticks(axes: Axes) -> None:
    """Leave out ticks of the horizontal axis until their labels stand apart."""
    low, high = axes.get_xlim()
    ticks = [float(tick) for tick in axes.get_xticks() if low <= tick <= high]
    while len(ticks) > 1:
        step = float(axes.bbox.width) * (ticks[1] - ticks[0]) / (high - low)
        if step > _LETTER * max(len(plain(tick)) for tick in ticks) + 12:
            break
        ticks = ticks[::2] if len(ticks) > 2 else ticks[:1]
    axes.set_xticks(ticks)


def spread(wanted: Sequence[float], sizes: Sequence[float], low: float, high: float) -> list[float]:
    """Return the middles of labels along a line, in the order given: none over another, as near as may be to `wanted`.

    Where they do not fit between `low` and `high` they begin at `low`.
    """
    order = sorted(range(len(wanted)), key=lambda k: (wanted[k], k))
    places = list(wanted)
    edge = low
    for k in order:
        places[k] = max(places[k], edge + sizes[k] / 2)
        edge = places[k] + sizes[k] / 2
    edge = max(high, low + sum(sizes))
    for k in reversed(order):
        places[k] = min(places[k], edge - sizes[k] / 2)
        edge = places[k] - sizes[k] / 2
    return places


def wrapped(text: Text, width: float, lines: int = 2) -> Text:
    """Break a text into at most so many lines of a width in pixels; what is left over is cut."""
    parts, made = text.get_text().split(" "), [""]
    for part in parts:
        longer = f"{made[-1]} {part}".strip()
        text.set_text(longer)
        if extent(text).width > width and made[-1] and len(made) < lines:
            made.append(part)
        else:
            made[-1] = longer
    cut = []
    for line in made:
        text.set_text(line)
        cut.append(fitted(text, width, smallest=float(text.get_fontsize())).get_text())
    text.set_text("\n".join(cut))
    return text
