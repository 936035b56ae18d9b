"""A briefing before it has a form: its sections in the order in which a decision maker reads, all text made.

The page, the slides and the printed pages are three renderings of the same story; none adds a statement of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Answer:
    """An answer in one sentence, with its three kinds of spread, which are never merged.

    source : the result that it rests on, as its footer names it.
    """

    question: str
    sentence: str
    numerical: str
    luck: str
    assumptions: str
    source: str

    @property
    def spreads(self) -> tuple[tuple[str, str, str], ...]:
        """Return each spread with its name and what it is."""
        return (
            ("Numerical precision", "more runs narrow it", self.numerical),
            ("Luck", "the world's own", self.luck),
            ("Assumptions", "ours", self.assumptions),
        )


@dataclass(frozen=True)
class Table:
    """A table of texts; `name` is the stem of its CSV file, empty where it has none."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    name: str = ""
    note: str = ""


@dataclass(frozen=True)
class Line:
    """A series of a chart: values, and the ends of an interval around each; None where there is none."""

    name: str
    values: tuple[float | None, ...]
    ends: tuple[tuple[float, float] | None, ...] = ()


@dataclass(frozen=True)
class Chart:
    """What a native, editable chart shows.

    kind : 'bars' (an interval each, by name), 'dates' (lines over time) or 'curve' (lines along a number).
    about : what bars and whiskers, or the lines, are; categories : names, dates or numbers.
    """

    kind: str
    title: str
    unit: str
    about: str
    categories: tuple[str, ...] | tuple[date, ...] | tuple[float, ...]
    series: tuple[Line, ...]


@dataclass(frozen=True)
class Picture:
    """A figure with what it says in words, and the numbers behind it.

    drawn : a figure of this version, or None where `kept` holds a figure that an analysis kept.
    kept : bytes of an SVG (else of a PNG) file; raster : of the PNG file, if there is one.
    alternative : what a reader who does not see it is told.
    columns : the numbers behind it by name, as its CSV file has them.
    """

    name: str
    title: str
    alternative: str
    source: str
    drawn: Figure | None = None
    kept: bytes = b""
    raster: bytes = b""
    charts: tuple[Chart, ...] = ()
    columns: tuple[tuple[str, Sequence[object]], ...] = ()


@dataclass(frozen=True)
class Section:
    """A part of the story: paragraphs, then points, then pictures, then tables."""

    key: str
    heading: str
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Story:
    """A whole briefing.

    answers : the first leads; sections : in order, after the question and the answer.
    """

    title: str
    marking: str
    answers: tuple[Answer, ...]
    sections: tuple[Section, ...]
    footer: str

    def section(self, key: str) -> Section | None:
        """Return the section of a key, if the story has it."""
        return next((each for each in self.sections if each.key == key), None)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Return every picture, in order."""
        return tuple(picture for section in self.sections for picture in section.pictures)
