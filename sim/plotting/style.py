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
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

WIDTH, HEIGHT = 13.333, 7.5  # inches
DPI = 150
TITLE, HEADING, BODY, SMALL = 19, 14, 12, 11  # points; nothing is smaller
INK, GREY, PALE, FAINT = "#222222", "#5F5F5F", "#8C8C8C", "#D9D9D9"
BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9"
SIDES = (BLUE, VERMILLION)
FORMATS = ("png", "svg")

_SETTINGS: Any = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib
    "font.size": BODY,
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


@contextmanager
def house_style() -> Iterator[None]:
    """Hold the house style, on top of matplotlib's own defaults, while figures are made or saved."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


def slide() -> Figure:
    """Return an empty figure that fills a 16:9 slide."""
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


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
        text = figure.text(across(0.35), height, content, fontsize=SMALL, color=GREY, va="bottom", ha="left")
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
