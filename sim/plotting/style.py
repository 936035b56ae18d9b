"""The house style: one size (a 16:9 slide), one palette (Okabe and Ito's, for colour-blind readers), one way to save.

Nothing of it depends on the user's matplotlib settings, on pyplot or on the date: the same data give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

WIDTH, HEIGHT = 13.333, 7.5  # inches
DPI = 150
TITLE, HEADING, BODY, SMALL = 19, 14, 12, 11  # points; nothing is smaller
INK, GREY, PALE, FAINT = "#222222", "#5F5F5F", "#8C8C8C", "#D9D9D9"
BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9"
CATEGORIES = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY)
READABLE = 4.5  # contrast of text with its ground (WCAG 2.1, level AA)
SIDES = (BLUE, VERMILLION)
FORMATS = ("png", "svg")
FOOT = "footer"  # what the texts of a footer are tagged with

_SETTINGS: Any = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib
    "font.size": BODY,
    "text.parse_math": False,  # a title with '$' in it is no formula
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.labelsize": BODY,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "lines.linewidth": 2.2,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "twofront",
    "svg.fonttype": "path",
}


_NOT_STYLE = (
    "backend",
    "interactive",
    "toolbar",
    "timezone",
    "webagg",
    "tk.",
    "docstring",
    "date.epoch",
    "savefig.dir",
)


@contextmanager
def house_style() -> Iterator[None]:
    """Hold the house style, on top of matplotlib's own defaults, while figures are made or saved."""
    with matplotlib.rc_context():
        defaults = matplotlib.rcParamsDefault
        # Not rcdefaults(): it silences a warning of its own, for all threads or, beside another thread, for none.
        matplotlib.rcParams.update({key: defaults[key] for key in defaults if not key.startswith(_NOT_STYLE)})
        matplotlib.rcParams.update(_SETTINGS)
        yield


def slide() -> Figure:
    """Return an empty figure that fills a 16:9 slide."""
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2.1; text wants 4.5)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def legible(colour: str, ground: str = "white") -> str:
    """Return a colour for text on a ground: the same hue, as dark as it takes to be read."""
    red, green, blue = to_rgb(colour)
    found, share = to_hex((red, green, blue)), 1.0
    while contrast(found, ground) < READABLE and share > 0:
        share -= 0.02
        found = to_hex((max(0.0, red * share), max(0.0, green * share), max(0.0, blue * share)))
    return found


def _luminance(colour: str) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def across(inches: float) -> float:
    """Return a horizontal distance as a share of the figure."""
    return inches / WIDTH


def up(inches: float) -> float:
    """Return a vertical distance as a share of the figure."""
    return inches / HEIGHT


def extent(text: Text) -> Bbox:
    """Return the box that a text fills, in pixels."""
    figure = text.get_figure(root=True)
    assert figure is not None
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    return text.get_window_extent(canvas.get_renderer())  # type: ignore[no-untyped-call]


def fitted(text: Text, width: float, smallest: float = BODY) -> Text:
    """Make a text fit a width in pixels: smaller letters down to `smallest`, then cut."""
    while extent(text).width > width and float(text.get_fontsize()) > smallest:
        text.set_fontsize(max(smallest, float(text.get_fontsize()) - 0.5))
    content = text.get_text()
    while extent(text).width > width and len(content) > 1:
        content = content[:-1].rstrip()
        text.set_text(content + "…")
    return text


def footer(figure: Figure, lines: Sequence[str]) -> None:
    """Write the small lines at the foot, from the lowest up: where the figure comes from, then what it leaves out."""
    for number, content in enumerate(lines):
        height = up(0.14 + 0.19 * number)
        text = figure.text(across(0.35), height, content, fontsize=SMALL, color=GREY, va="bottom", ha="left", gid=FOOT)
        fitted(text, figure.bbox.width * (1 - 2 * across(0.35)), smallest=SMALL)


def save(figure: Figure, folder: Path, stem: str, formats: Iterable[str] = FORMATS) -> list[Path]:
    """Save a figure, each format under a temporary name first; return the files."""
    files = []
    for form in formats:
        path = folder / f"{stem}.{form}"
        part = folder / f".{path.name}.part"
        metadata = {"Date": None} if form == "svg" else {"Software": None} if form == "png" else {"CreationDate": None}
        with house_style():
            figure.savefig(part, format=form, dpi=DPI, metadata=metadata)
        part.replace(path)
        files.append(path)
    return files
