"""Figures one after the other as an animated GIF: the same figures give the same bytes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb

from sim.errors import RunError
from sim.plotting.heatmap import NOBODY, colour_map
from sim.plotting.style import CATEGORIES, FAINT, GREY, INK, PALE, house_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL import Image as Pictures

DPI = 90  # 1200 pixels across: half a slide's, so that a year in weeks stays near a megabyte
_TINTS, _STEPS = (1.0, 0.8, 0.6, 0.4, 0.2), 33
_FRAME, _LAST = 600, 3000  # milliseconds that a frame is shown, and the last one


def save_animation(figures: Iterable[Figure], folder: Path, stem: str) -> Path:
    """Save figures as a GIF that runs for ever, under a temporary name first; return the file."""
    from PIL import Image

    frames = [_picture(figure) for figure in figures]
    if not frames:
        raise RunError("an animation needs at least one figure")
    path = folder / f"{stem}.gif"
    part = folder / f".{path.name}.part"
    palette = _palette()
    reduced = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    shown = [_FRAME] * (len(reduced) - 1) + [_LAST]
    reduced[0].save(
        part, format="GIF", save_all=True, append_images=reduced[1:], duration=shown, loop=0, optimize=True, disposal=1
    )
    part.replace(path)
    return path


def _picture(figure: Figure) -> Pictures.Image:
    """Return a figure as pixels."""
    from PIL import Image

    with house_style():
        figure.set_dpi(DPI)
        canvas = figure.canvas
        assert isinstance(canvas, FigureCanvasAgg)
        canvas.draw()  # type: ignore[no-untyped-call]
        pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    return Image.fromarray(pixels).convert("RGB")


def _palette() -> Pictures.Image:
    """Return the colours of the house for all frames, with the tints that the edges of letters and lines have."""
    from PIL import Image

    plain = [to_rgb(colour) for colour in (*CATEGORIES, INK, GREY, PALE, FAINT, NOBODY)]
    tints = [tuple(1 - share * (1 - part) for part in colour) for colour in plain for share in _TINTS]
    scale = [colour_map()(step)[:3] for step in np.linspace(0, 1, _STEPS)]
    colours = dict.fromkeys(tuple(round(255 * part) for part in each) for each in ((1.0, 1.0, 1.0), *tints, *scale))
    made = Image.new("P", (1, 1))
    made.putpalette([part for colour in colours for part in colour])
    return made
