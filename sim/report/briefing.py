"""Results to a briefing on disk: what the command and the Python interface both call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.errors import InputError
from sim.report.build import build_story
from sim.report.save import FORMS, Saved, claim, numbers_of, save
from sim.report.sources import Sources, read_sources
from sim.report.story import Story
from sim.scenario.wording import suggestion

MOST_MARKING = 80  # letters, which is what fits a line of a slide


@dataclass(frozen=True)
class Wanted:
    """What a briefing should be: its forms, title (None: the scenario's), handling marking, folder (None: its own)."""

    forms: tuple[str, ...] = FORMS
    title: str | None = None
    marking: str = ""
    out: Path | None = None


@dataclass(frozen=True, repr=False)
class Briefing:
    """What was made, of which results, in which folder."""

    story: Story
    sources: Sources
    folder: Path
    saved: Saved

    def __repr__(self) -> str:
        files = ", ".join(path.name for path in self.files)
        return f"<briefing '{self.story.title}': {self.answer} {files} in {self.folder}>"

    @property
    def answer(self) -> str:
        """Return the answer in one sentence."""
        return self.story.answers[0].sentence

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the briefing in each form."""
        return self.saved.files


def brief(folders: Sequence[Path], wanted: Wanted, say: Callable[[str], None]) -> Briefing:
    """Read results, tell their story and write it; `say` is told what takes a while."""
    check(wanted)
    sources = read_sources(folders)
    folder = wanted.out or _own_folder(sources)
    claim(folder)
    story = build_story(sources, wanted.title, wanted.marking, say)
    saved = save(story, numbers_of(story, sources.analyses), wanted.forms, folder)
    return Briefing(story, sources, folder, saved)


def check(wanted: Wanted) -> None:
    """Refuse what cannot be made, before anything is read."""
    unknown = [form for form in wanted.forms if form not in FORMS]
    if unknown or not wanted.forms:
        seen = f"no form '{unknown[0]}'{suggestion(unknown[0], FORMS)}" if unknown else f"none of {', '.join(FORMS)}"
        raise InputError.single("--to", "", seen)
    if len(wanted.marking) > MOST_MARKING:
        message = f"has {len(wanted.marking)} letters; a line of a slide has room for {MOST_MARKING}"
        raise InputError.single("--marking", "", message)
    for option, text in (("--title", wanted.title or ""), ("--marking", wanted.marking)):
        if any(not letter.isprintable() for letter in text):
            raise InputError.single(option, "", "holds a control character or a line break")
    if wanted.title is not None and not wanted.title.strip():
        raise InputError.single("--title", "", "is empty")


def _own_folder(sources: Sources) -> Path:
    """Return briefing/ in the only result's folder; of several, a folder in results/ named after them."""
    from sim.experiment.store import RESULTS

    every = sources.every
    if len(every) == 1:
        return every[0].folder / "briefing"
    return RESULTS / f"briefing-{'-'.join(each.id[:4] for each in every[:6])}"
