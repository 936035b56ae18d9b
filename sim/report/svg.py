"""A figure as SVG inside a page: without ids that clash, and without styles that a strict content policy forbids."""

from __future__ import annotations

import io
import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.report.story import Picture

_PROLOGUE = re.compile(r"\A.*?(?=<svg\b)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>\s*", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_SHEET = re.compile(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>\s*", re.DOTALL)
_STYLE = re.compile(r'\sstyle="([^"]*)"')
_ID = re.compile(r'\sid="([^"]*)"')
_USE = re.compile(r'(href="#|url\(#)([^")]*)')
_OPENING = re.compile(r"<svg\b[^>]*>")
_VIEW = re.compile(r'viewBox="([^"]*)"')


def inline(picture: Picture) -> str:
    """Return the drawn figure of a picture as an element of a page, named and described for those who do not see it."""
    assert picture.drawn is not None
    text = _plain(svg_text(picture.drawn))
    prefix = re.sub(r"[^a-z0-9]+", "-", picture.name.lower())
    used = {found[2] for found in _USE.finditer(text)}
    text = _ID.sub(lambda found: f' id="{prefix}-{found[1]}"' if found[1] in used else "", text)
    text = _USE.sub(lambda found: f"{found[1]}{prefix}-{found[2]}", text)
    view = _VIEW.search(text)
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        f' viewBox="{view[1] if view else "0 0 960 540"}" role="img" aria-labelledby="{prefix}-t {prefix}-d">'
        f'<title id="{prefix}-t">{escape(picture.title)}</title>'
        f'<desc id="{prefix}-d">{escape(picture.alternative)}</desc>'
    )
    return _OPENING.sub(lambda _: opening, text, count=1).strip()


def svg_text(figure: Figure) -> str:
    """Return a figure as SVG; the same figure gives the same text."""
    from sim.plotting.style import house_style

    content = io.StringIO()
    with house_style():
        figure.savefig(content, format="svg", metadata={"Date": None})
    return content.getvalue()


def png_bytes(figure: Figure, dpi: int) -> bytes:
    """Return a figure as PNG."""
    from sim.plotting.style import house_style

    content = io.BytesIO()
    with house_style():
        figure.savefig(content, format="png", dpi=dpi, metadata={"Software": None})
    return content.getvalue()


def _plain(text: str) -> str:
    """Return SVG text without prologue, metadata, comments and style sheet; styles become attributes."""
    for what in (_PROLOGUE, _METADATA, _COMMENT, _SHEET):
        text = what.sub("", text)
    return _STYLE.sub(lambda found: _attributes(found[1]), text)


def _attributes(style: str) -> str:
    parts = (part.partition(":") for part in style.split(";") if ":" in part)
    return "".join(f' {name.strip()}="{value.strip()}"' for name, _, value in parts)
