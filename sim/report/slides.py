"""A story as an editable deck: one message a slide, native charts and tables, the numbers and sources in the notes."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sim.plotting.style import GREY, INK
from sim.report import slide_parts as parts
from sim.report.slide_parts import LEFT, RIGHT, Box
from sim.report.svg import png_bytes
from sim.report.zipped import fixed

if TYPE_CHECKING:
    from sim.report.story import Answer, Picture, Section, Story, Table

WIDE = RIGHT - LEFT
TOP, FOOT = 1.45, 6.75  # inches: of what is below the headline
_TITLE, _TEXT, _CELLS, _FINE = 26, 20, 12, 12  # points
_SIZES = (14, 13, 12, 11)  # points, of tables
_LONG = 12  # rows
_LEAST = 14  # points: of lines that are read from afar
_DPI = 110
_BEHIND = ("changes", "assumptions", "unsourced")  # tables that stand in the appendix


class Deck:
    """A deck being filled; every slide has a headline, a foot, notes, and where asked for the marking."""

    def __init__(self, story: Story) -> None:
        from pptx import Presentation
        from pptx.util import Inches

        self.story, self.made = story, Presentation()
        self.made.slide_width, self.made.slide_height = Inches(parts.WIDTH), Inches(parts.HEIGHT)
        properties = self.made.core_properties
        properties.title, properties.author, properties.subject = story.title, "twofront", story.answers[0].question

    def slide(self, headline: str, notes: Sequence[str], source: str) -> Any:
        """Return a new slide with everything that each slide has."""
        from pptx.util import Inches

        slide = self.made.slides.add_slide(self.made.slide_layouts[5])
        title, box = slide.shapes.title, Box(LEFT, 0.42, WIDE, 0.9)
        title.left, title.top, title.width, title.height = (Inches(value) for value in box)
        frame = title.text_frame
        frame.word_wrap = True
        frame.margin_left = frame.margin_right = 0
        parts.fill(frame, [headline], parts.fitting([headline], box, _TITLE), bold=True)
        self._foot(slide, source)
        slide.notes_slide.notes_text_frame.text = "\n".join([*notes, f"Source: {source}"])
        return slide

    def _foot(self, slide: Any, source: str) -> None:
        number = str(len(self.made.slides))
        parts.write(slide, [source], Box(LEFT, 6.93, WIDE - 1, 0.2), 10, colour=GREY)
        parts.write(slide, [number], Box(RIGHT - 0.9, 6.93, 0.9, 0.2), 10, colour=GREY, align="right")
        if self.story.marking:
            for top in (0.1, 7.2):
                box = Box(LEFT, top, WIDE, 0.24)
                parts.write(slide, [self.story.marking], box, 12, bold=True, align="center")

    def content(self) -> bytes:
        """Return the file; the same story gives the same bytes."""
        content = io.BytesIO()
        self.made.save(content)
        return fixed(content.getvalue())


def slides(story: Story, numbers: Mapping[str, bytes]) -> bytes:
    """Return the deck of a story; `numbers` are the CSV files behind its figures."""
    deck = Deck(story)
    _opening(deck)
    _answer(deck, "The answer", story.answers[0])
    for section in story.sections:
        if section.key == "change":
            _change(deck, section, story.section("drives"))
        elif section.key != "drives":
            _section(deck, section, numbers)
    for table in (each for section in story.sections for each in section.tables if each.name in _BEHIND):
        _table(deck, table, "Appendix: ", story.footer)
    return deck.content()


def _opening(deck: Deck) -> None:
    story = deck.story
    lead = story.answers[0]
    slide = deck.slide(story.title, [f"Question: {lead.question}"], story.footer)
    parts.write(slide, ["The question"], Box(LEFT, 2.2, WIDE, 0.4), 16, colour=GREY)
    parts.write(slide, [lead.question], Box(LEFT, 2.65, 11.2, 2.6), 32, bold=True)


def _answer(deck: Deck, headline: str, answer: Answer) -> None:
    """Add an answer: the sentence, and below it the three spreads side by side."""
    notes = [answer.question, answer.sentence, *(f"{name} ({whose}): {text}" for name, whose, text in answer.spreads)]
    slide = deck.slide(headline, notes, answer.source)
    parts.write(slide, [answer.sentence], Box(LEFT, TOP + 0.1, WIDE, 2.6), 28, bold=True)
    width = (WIDE - 0.8) / 3
    for k, (name, whose, text) in enumerate(answer.spreads):
        left = LEFT + k * (width + 0.4)
        _rule(slide, Box(left, 4.4, width, 0.06), ("#0072B2", "#6E6E6E", INK)[k])
        parts.write(slide, [name], Box(left, 4.58, width, 0.32), 18, bold=True)
        parts.write(slide, [whose], Box(left, 4.92, width, 0.25), 13, colour=GREY)
        parts.write(slide, [text], Box(left, 5.27, width, 1.45), 16)


def _rule(slide: Any, box: Box, colour: str) -> None:
    from pptx.enum.shapes import MSO_SHAPE
    from pptx.util import Inches

    shape = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *(Inches(value) for value in box))
    shape.fill.solid()
    shape.fill.fore_color.rgb = parts.rgb(colour)
    shape.line.fill.background()


def _section(deck: Deck, section: Section, numbers: Mapping[str, bytes]) -> None:
    """Add the slides of a section: its text, its pictures, its tables."""
    source = deck.story.footer
    shown = [table for table in section.tables if table.name not in _BEHIND]
    if section.key == "further":
        for answer in deck.story.answers[1:]:
            _answer(deck, "What else the results say", answer)
        shown = []
    together = len(shown) == 1 and bool(section.paragraphs) and not section.points
    if together:
        _text_and_table(deck, section, shown.pop())
    elif section.paragraphs or section.points:
        _text(deck, section, source)
    for picture in section.pictures:
        _picture(deck, picture, numbers.get(picture.name, b""))
    for table in shown:
        _table(deck, table, "", source)


def _change(deck: Deck, change: Section, drives: Section | None) -> None:
    """Add one slide: at the left what would change the answer, at the right what drives it."""
    blocks = [(change.heading, change.points or change.paragraphs)]
    if drives is not None:
        blocks.append((drives.heading, drives.points or drives.paragraphs))
    notes = [line for heading, lines in blocks for line in (heading, *lines)]
    slide = deck.slide("What would change the answer, and what drives it", notes, deck.story.footer)
    width = (WIDE - 0.8) / 2
    for k, (heading, lines) in enumerate(blocks):
        left = LEFT + k * (width + 0.8)
        _rule(slide, Box(left, TOP, width, 0.05), INK if k else "#0072B2")
        parts.write(slide, [heading], Box(left, TOP + 0.15, width, 0.4), 18, bold=True)
        room = Box(left, TOP + 0.75, width, FOOT - TOP - 0.75)
        parts.write(slide, _some(lines, room), room, _TEXT, gap=12, bullet=len(lines) > 1)


def _some(lines: Sequence[str], room: Box) -> list[str]:
    """Return the lines that fit a room in letters that can be read, and how many more the notes have."""
    shown = list(lines)
    while len(shown) > 1 and parts.height_of([*shown, "more"], room.width, _LEAST, 12) > room.height:
        shown.pop()
    left = len(lines) - len(shown)
    return [*shown, f"{left} more in the notes of this slide"] if left else shown


def _text(deck: Deck, section: Section, source: str) -> None:
    """Add the text of a section, on as many slides as it takes."""
    for k, (paragraphs, points) in enumerate(_pages(section)):
        headline = section.heading if k == 0 else f"{section.heading} (continued)"
        slide = deck.slide(headline, [*paragraphs, *points], source)
        top = TOP
        if paragraphs:
            need = min(parts.height_of(paragraphs, WIDE, 16, 6), FOOT - TOP)
            parts.write(slide, paragraphs, Box(LEFT, top, WIDE, need), 16, gap=6, colour=INK)
            top += need + 0.2
        if points:
            parts.write(slide, points, Box(LEFT, top, WIDE, FOOT - top), _TEXT, gap=8, bullet=True)


def _pages(section: Section) -> Iterator[tuple[list[str], list[str]]]:
    """Yield what text fits on a slide each: paragraphs, points."""
    paragraphs: list[str] = list(section.paragraphs)
    points: list[str] = []
    used = parts.height_of(paragraphs, WIDE, 16, 6)
    for point in section.points:
        need = parts.height_of([f"•  {point}"], WIDE, 17, 8)
        if used + need > FOOT - TOP and (paragraphs or points):
            yield paragraphs, points
            paragraphs, points, used = [], [], 0.0
        points.append(point)
        used += need
    if paragraphs or points:
        yield paragraphs, points


def _text_and_table(deck: Deck, section: Section, table: Table) -> None:
    """Add a slide with the text of a section above its only table."""
    notes = [*section.paragraphs, *_as_lines(table, table.rows)]
    slide = deck.slide(section.heading, notes, deck.story.footer)
    need = parts.height_of(section.paragraphs, WIDE, 16, 6)
    parts.write(slide, section.paragraphs, Box(LEFT, TOP, WIDE, need), 16, gap=6)
    top = TOP + need + 0.15
    parts.write(slide, [table.title], Box(LEFT, top, WIDE, 0.3), 14, bold=True)
    pages = list(parts.table_pages(table, FOOT - top - 0.8, _CELLS))
    parts.add_table(slide, table, pages[0], Box(LEFT, top + 0.35, WIDE, 0), _CELLS)
    if table.note:
        parts.write(slide, [table.note], Box(LEFT, FOOT - 0.25, WIDE, 0.25), _FINE, colour=GREY)
    for rows in pages[1:]:
        _table(deck, replace(table, rows=rows, title=f"{table.title} (continued)"), "", deck.story.footer)


def _table(deck: Deck, table: Table, before: str, source: str) -> None:
    """Add a native table, in the largest letters that let it stand on one slide, else on as many as it takes."""
    table = side_by_side(table)
    room = FOOT - TOP - (0.5 if table.note else 0.1)
    whole = [size for size in _SIZES if len(list(parts.table_pages(table, room, size))) == 1]
    size = whole[0] if whole else _SIZES[-1]
    pages = list(parts.table_pages(table, room, size))
    for k, rows in enumerate(pages):
        of = f" ({k + 1} of {len(pages)})" if len(pages) > 1 else ""
        slide = deck.slide(f"{before}{table.title}{of}", _as_lines(table, rows), source)
        shape = parts.add_table(slide, table, rows, Box(LEFT, TOP, WIDE, 0), size)
        if table.note:
            top = shape.height / 914_400 + TOP + 0.15  # 914,400 to the inch
            parts.write(slide, [table.note], Box(LEFT, top, WIDE, 0.4), _FINE, colour=GREY)


def side_by_side(table: Table) -> Table:
    """Return a long table of two columns with its second half beside its first."""
    if len(table.head) != 2 or len(table.rows) <= _LONG:
        return table
    half = -(-len(table.rows) // 2)
    right = [*table.rows[half:], ("", "")][:half]
    rows = tuple((*one, *other) for one, other in zip(table.rows[:half], right, strict=True))
    return replace(table, head=(*table.head, *table.head), rows=rows)


def _as_lines(table: Table, rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return rows of a table as lines of notes."""
    lines = [
        f"{row[0]}: {'; '.join(f'{head} {cell}' for head, cell in zip(table.head[1:], row[1:], strict=True))}"
        for row in rows
    ]
    return [table.title, *lines, *([table.note] if table.note else [])]


def _picture(deck: Deck, picture: Picture, numbers: bytes) -> None:
    """Add a picture: native charts where it has any, else the figure itself, with its alternative text."""
    slide = deck.slide(picture.title, [picture.alternative, *_numbers(numbers)], picture.source)
    if not picture.charts:
        _image(slide, picture)
        return
    width = (WIDE - 0.4 * (len(picture.charts) - 1)) / len(picture.charts)
    for k, chart in enumerate(picture.charts):
        left = LEFT + k * (width + 0.4)
        parts.write(slide, [f"{chart.title} ({chart.unit})"], Box(left, TOP, width, 0.3), 15, bold=True)
        parts.write(slide, [chart.about], Box(left, TOP + 0.33, width, 0.42), 12, colour=GREY)
        shape = parts.add_chart(slide, chart, Box(left, TOP + 0.8, width, FOOT - TOP - 0.8))
        _describe(shape, f"{chart.title}, {chart.unit}. {picture.alternative}")


def _image(slide: Any, picture: Picture) -> None:
    from pptx.util import Inches

    content = png_bytes(picture.drawn, _DPI) if picture.drawn is not None else picture.raster
    if not content:  # an SVG that an analysis kept without a PNG beside it
        parts.write(slide, [picture.alternative], Box(LEFT, TOP, WIDE, FOOT - TOP), _TEXT)
        return
    height = FOOT - TOP + 0.1
    shape = slide.shapes.add_picture(io.BytesIO(content), Inches(LEFT), Inches(TOP), height=Inches(height))
    if shape.width > Inches(WIDE):
        shape.height, shape.width = round(shape.height * Inches(WIDE) / shape.width), Inches(WIDE)
    shape.left = round((Inches(parts.WIDTH) - shape.width) / 2)
    _describe(shape, picture.alternative)


def _describe(shape: Any, text: str) -> None:
    """Give a shape its alternative text."""
    shape._element.xpath(".//p:cNvPr")[0].set("descr", text)


_MOST_LINES = 60  # of numbers in the notes


def _numbers(content: bytes) -> list[str]:
    """Return the numbers behind a picture as lines of notes, a long file by its first lines."""
    lines = content.decode().splitlines()
    if len(lines) <= _MOST_LINES:
        return lines
    return [*lines[:_MOST_LINES], f"... {len(lines) - _MOST_LINES:,} more rows in the file of numbers"]
