"""A story on pages that matplotlib draws: text and tables that flow from page to page, then a figure a page."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from textwrap import wrap
from typing import TYPE_CHECKING

from sim.plotting.page import mark_handling
from sim.plotting.style import GREY, INK, across, footer, house_style, slide, up
from sim.report.slide_parts import column_widths

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.report.story import Answer, Picture, Section, Story, Table

_LEFT, _WIDE, _TOP, _FOOT = 0.6, 12.1, 7.0, 0.6  # inches
_AIR = 0.15  # inches: before a heading
_LETTER = 0.56  # width of a letter, in its height
_LEADING = 1.32
_TITLE, _HEADING, _TEXT, _CELL = 22.0, 16.0, 13.0, 11.0  # points


@dataclass(frozen=True)
class Piece:
    """A line of text within a block: its place from the block's upper left corner in inches, and how it looks."""

    text: str
    right: float
    down: float
    size: float
    bold: bool = False
    colour: str = INK


@dataclass(frozen=True)
class Block:
    """What is not torn apart between pages."""

    pieces: tuple[Piece, ...]
    height: float


@dataclass
class _Sheets:
    """Pages being filled from top to foot."""

    story: Story
    made: list[Figure] = field(default_factory=list)
    at: float = 0.0

    def put(self, block: Block, after: float = 0.0) -> None:
        """Write a block, on a new page where it does not fit; `after` is what must fit below it."""
        if not self.made or self.at - block.height - after < _FOOT:
            self.turn()
        for each in block.pieces:
            self.made[-1].text(
                across(_LEFT + each.right),
                up(self.at - each.down),
                each.text,
                fontsize=each.size,
                fontweight="bold" if each.bold else "normal",
                color=each.colour,
                va="top",
                parse_math=False,
            )
        self.at -= block.height

    def turn(self) -> None:
        """Begin a new page."""
        figure = slide()
        footer(figure, [f"{self.story.footer} · page {len(self.made) + 1}"])
        self.made.append(figure)
        self.at = _TOP

    def show(self, picture: Picture) -> None:
        """Give a figure a page of its own; what follows begins a new one."""
        if picture.drawn is None:
            self._kept(picture)
            return
        self.made.append(picture.drawn)
        self.at = 0.0

    def _kept(self, picture: Picture) -> None:
        """Show a figure that an analysis kept as PNG; of one without only its words can be shown."""
        if not picture.raster:
            for block in (*_text([picture.title], _HEADING, bold=True), *_text([picture.alternative], _TEXT)):
                self.put(block, _TEXT / 72)
            return
        from matplotlib.image import imread

        self.turn()
        axes = self.made[-1].add_axes((0.03, up(_FOOT), 0.94, up(_TOP - _FOOT)))
        axes.imshow(imread(io.BytesIO(picture.raster)), interpolation="antialiased")
        axes.set_axis_off()
        self.at = 0.0


def pages(story: Story) -> bytes:
    """Return the story as PDF; the same story gives the same bytes."""
    from matplotlib.backends.backend_pdf import PdfPages

    sheets, content = _Sheets(story), io.BytesIO()
    with house_style():
        for block in _opening(story):
            sheets.put(block)
        for section in story.sections:
            _section(sheets, section)
        with PdfPages(content, metadata={"CreationDate": None, "Title": story.title}) as file:
            for figure in sheets.made:
                with _marked(figure, story.marking):
                    file.savefig(figure)
    return content.getvalue()


@contextmanager
def _marked(figure: Figure, marking: str) -> Iterator[None]:
    """Hold a handling marking on a figure, which is also shown where pages have a marking of their own."""
    before = [(text, text.get_position()) for text in figure.texts]
    if marking:
        mark_handling(figure, marking)
    yield
    for text in figure.texts[len(before) :]:
        text.remove()
    for text, place in before:
        text.set_position(place)


def _opening(story: Story) -> Iterator[Block]:
    yield from _text([story.title], _HEADING, colour=GREY)
    yield Block((), _AIR)
    yield from _text(["The question"], _HEADING, bold=True)
    yield from _text([story.answers[0].question], _TEXT)
    yield Block((), _AIR)
    yield from _text(["The answer"], _HEADING, bold=True)
    yield from _answer(story.answers[0], _TITLE)


def _answer(answer: Answer, size: float) -> Iterator[Block]:
    yield from _text([answer.sentence], size, bold=True)
    yield from _text([f"{name} ({whose}): {text}" for name, whose, text in answer.spreads], _TEXT)
    yield from _text([answer.source], _CELL, colour=GREY)


def _section(sheets: _Sheets, section: Section) -> None:
    lines = [*section.paragraphs, *(f"•  {point}" for point in section.points)]
    if lines or section.tables:
        sheets.at -= _AIR
        for block in _text([section.heading], _HEADING, bold=True):
            sheets.put(block, 1.0)
    for answer in sheets.story.answers[1:] if section.key == "further" else ():
        for block in _answer(answer, _HEADING):
            sheets.put(block)
    for block in _text(lines, _TEXT):
        sheets.put(block)
    for picture in section.pictures:
        sheets.show(picture)
    for table in section.tables if section.key != "further" else ():
        _table(sheets, table)


def _text(texts: Sequence[str], size: float, bold: bool = False, colour: str = INK) -> Iterator[Block]:
    """Yield a block for each paragraph."""
    step = size * _LEADING / 72
    for text in texts:
        lines = wrap(text, int(_WIDE * 72 / (_LETTER * size))) or [""]
        pieces = tuple(Piece(line, 0.0, k * step, size, bold, colour) for k, line in enumerate(lines))
        yield Block(pieces, len(lines) * step + 0.5 * size / 72)


def _table(sheets: _Sheets, table: Table) -> None:
    widths = column_widths(table, _WIDE, _CELL)
    head = _row(table.head, widths, bold=True)
    for block in _text([table.title], _TEXT, bold=True):
        sheets.put(block, head.height + 0.5)
    sheets.put(head, 0.4)
    for row in table.rows:
        block, page = _row(row, widths), len(sheets.made)
        if sheets.at - block.height < _FOOT:
            sheets.turn()
        if len(sheets.made) > page:
            sheets.put(head)
        sheets.put(block)
    for block in _text([table.note] if table.note else [], _CELL, colour=GREY):
        sheets.put(block)


def _row(cells: Sequence[str], widths: Sequence[float], bold: bool = False) -> Block:
    step = _CELL * _LEADING / 72
    pieces: list[Piece] = []
    left, most = 0.0, 1
    for cell, width in zip(cells, widths, strict=True):
        lines = wrap(cell, max(4, int((width - 0.15) * 72 / (_LETTER * _CELL)))) or [""]
        most = max(most, len(lines))
        pieces += [Piece(line, left, k * step, _CELL, bold) for k, line in enumerate(lines)]
        left += width
    return Block(tuple(pieces), most * step + 0.07)
