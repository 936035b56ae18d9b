"""A story to files: the forms asked for, and the numbers behind each figure beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import InputError, RunError
from sim.experiment.tables import atomically
from sim.report.numbers import csv_bytes

if TYPE_CHECKING:
    from sim.report.answer_file import Analysis
    from sim.report.story import Story

FORMS = ("html", "pdf", "pptx")
STEM = "briefing"
NUMBERS = "numbers"


@dataclass(frozen=True)
class Saved:
    """What was written: the briefing in each form, the numbers, and what made the PDF (empty where there is none)."""

    files: tuple[Path, ...]
    numbers: tuple[Path, ...]
    pdf_by: str = ""
    pdf_why: str = ""


def numbers_of(story: Story, analyses: Sequence[Analysis]) -> dict[str, bytes]:
    """Return the CSV files behind the figures by stem: of our own figures, then the tables of analyses."""
    found = {each.name: csv_bytes(each.columns) for each in story.pictures if each.columns}
    for analysis in analyses:
        for path in analysis.tables:
            found[f"{analysis.kind}-{path.stem}"] = analysis.bytes_of(path)
    return found


def save(story: Story, numbers: dict[str, bytes], forms: Sequence[str], folder: Path) -> Saved:
    """Write a story into a folder; raise InputError where that cannot be."""
    from sim.report.page import page

    files, by, why = [], "", ""
    if "html" in forms:
        files.append(_write(folder / f"{STEM}.html", page(story, numbers).encode()))
    if "pdf" in forms:
        from sim.report.pdf import printed

        made = printed(story, page(story, numbers, printed=True))
        files.append(_write(folder / f"{STEM}.pdf", made.content))
        by, why = made.by, made.why
    if "pptx" in forms:
        from sim.report.slides import slides

        files.append(_write(folder / f"{STEM}.pptx", slides(story, numbers)))
    written = tuple(_write(folder / NUMBERS / f"{name}.csv", content) for name, content in numbers.items())
    return Saved(tuple(files), written, by, why)


def claim(folder: Path) -> None:
    """Make a folder and see that it can be written to, before anything is drawn."""
    _guarded(folder, lambda: _probe(folder))


def _probe(folder: Path) -> None:
    for each in (folder, folder / NUMBERS):
        each.mkdir(parents=True, exist_ok=True)
        probe = each / ".twofront.part"
        probe.touch()
        probe.unlink()


def _write(path: Path, content: bytes) -> Path:
    _guarded(path, lambda: atomically(path, lambda part: _put(part, content)))
    return path


def _put(part: Path, content: bytes) -> None:
    part.write_bytes(content)


def _guarded(path: Path, act: Callable[[], None]) -> None:
    try:
        act()
    except (OSError, RunError) as error:
        cause = error.__cause__ if isinstance(error, RunError) else error
        reason = getattr(cause, "strerror", None) or str(cause)
        message = f"a briefing cannot be written there: {reason.lower()}"
        raise InputError.single("--out", "", f"{path}: {message}; name another folder with --out") from error
