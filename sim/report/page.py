"""A story as one HTML file: no script, nothing loaded, under a policy that would allow neither."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from sim.report.svg import inline

if TYPE_CHECKING:
    from jinja2 import Template

    from sim.report.story import Picture, Story

FOLDED = 12  # rows; a longer table is folded on the screen
_HERE = Path(__file__).parent
_PNG = b"\x89PNG"


def page(story: Story, numbers: Mapping[str, bytes], printed: bool = False) -> str:
    """Return the page; the same story gives the same text.

    numbers : CSV files by stem, which the page carries; printed : with nothing folded, for paper.
    """
    style = _style(story.marking, printed)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return _template().render(
        story=story,
        style=style,
        style_hash=f"sha256-{digest}",
        drawn={each.name: _drawn(each) for each in story.pictures},
        links={name: _data("text/csv;charset=utf-8", content) for name, content in numbers.items()},
        printed=printed,
        folded=FOLDED,
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    there = Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined)
    return there.get_template("page.html.j2")


def _style(marking: str, printed: bool) -> str:
    """Return the style sheet: on paper every sheet has its number, and the marking at its head and its foot.

    A browser that cannot write into margins still prints the two bands of the page; ours can, and needs no bands.
    """
    sheet, text = (_HERE / "page.css").read_text(encoding="utf-8"), css_text(marking)
    head = f'@top-center {{ content: "{text}"; font: bold 10pt sans-serif; }}' if marking else ""
    weight = "bold " if marking else ""
    foot = f'content: "{text}   " counter(page) " / " counter(pages); font: {weight}9pt sans-serif;'
    bands = "@media print { p.marking { display: none; } }" if printed else ""
    return f"{sheet}@page {{ size: A4; margin: 17mm 16mm; {head} @bottom-center {{ {foot} }} }}\n{bands}"


def css_text(text: str) -> str:
    """Return a text as the inside of a CSS string: whatever is no letter or digit is escaped."""
    return "".join(each if each.isascii() and each.isalnum() else f"\\{ord(each):X} " for each in text)


def _drawn(picture: Picture) -> str:
    """Return a picture as an element: ours inline, one that a result kept as an image, in which nothing runs."""
    if picture.drawn is not None:
        return inline(picture)
    form = "image/png" if picture.kept.startswith(_PNG) else "image/svg+xml"
    return f'<img src="{_data(form, picture.kept)}" alt="{escape(picture.alternative)}">'


def _data(form: str, content: bytes) -> str:
    return f"data:{form};base64,{base64.b64encode(content).decode()}"
