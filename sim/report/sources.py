"""The results that a briefing is made of: read, whole, and of one family."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, Problem
from sim.experiment.read_result import Result, damaged, read_result, refuse_twice
from sim.experiment.store import MANIFEST, read_manifest
from sim.report.answer_file import ANSWER, Analysis, read_analysis, refuse_unknown

if TYPE_CHECKING:
    from sim.scenario.load import Loaded

ANALYSES = ("dilemma", "threshold", "game", "sensitivity", "discover", "calibrate", "backtest")
LEADING = ("dilemma", "threshold", "game")  # which answer the question; the others say what stands behind an answer
OF_THE_PAST = ("calibrate", "backtest")  # whose dates and seed are their own: they judge the model, not the campaign
_RUNS = ("run", "compare", "sweep")


@dataclass(frozen=True)
class Sources:
    """What is reported on: results of runs and answers of analyses, each in the order given."""

    results: tuple[Result, ...]
    analyses: tuple[Analysis, ...]

    @property
    def every(self) -> tuple[Result | Analysis, ...]:
        """Return all of them: analyses that answer, runs, analyses that explain."""
        return (*self.leading, *self.results, *self.behind)

    @property
    def leading(self) -> tuple[Analysis, ...]:
        """Return the analyses that answer the question, in the order given."""
        return tuple(each for each in self.analyses if each.kind in LEADING)

    @property
    def behind(self) -> tuple[Analysis, ...]:
        """Return the analyses that say what stands behind an answer."""
        return tuple(each for each in self.analyses if each.kind not in LEADING)

    @property
    def loaded(self) -> Loaded | None:
        """Return the scenario: that of the first that keeps one, of the present before the past."""
        ordered = sorted(self.every, key=lambda each: (each.kind in OF_THE_PAST, isinstance(each, Analysis)))
        return next((each.loaded for each in ordered if each.loaded is not None), None)


def read_sources(folders: Sequence[Path]) -> Sources:
    """Return the results in some folders; raise InputError where one is not whole, or they do not belong together."""
    found = [_read(folder) for folder in folders]
    refuse_twice([(each.id, each.folder) for each in found])
    refuse_strangers(found)
    results = tuple(each for each in found if isinstance(each, Result))
    return Sources(results, tuple(each for each in found if isinstance(each, Analysis)))


def _read(folder: Path) -> Result | Analysis:
    manifest = _manifest(folder)
    kind = str(manifest.get("kind", "run"))
    refuse_unknown(folder, kind, (*_RUNS, *ANALYSES))
    if manifest.get("interrupted"):
        raise damaged(folder, f"is unfinished: {_done(manifest)}; {_again(manifest)}")
    return read_analysis(folder, manifest) if kind in ANALYSES else read_result(folder)


def _manifest(folder: Path) -> Mapping[str, Any]:
    """Return the manifest of a folder; say what is wrong with a folder that has none."""
    begun = (folder / ANSWER).exists() or any(folder.glob("*.parquet"))
    if begun and not (folder / MANIFEST).is_file():
        raise damaged(folder, f"is unfinished: it has tables but no {MANIFEST}; run its command again")
    if folder.is_dir() and (folder / MANIFEST).is_file():
        return read_manifest(folder)
    read_result(folder)  # raises: no folder, or no result
    raise damaged(folder, f"has no {MANIFEST}")


def _done(manifest: Mapping[str, Any]) -> str:
    runs = manifest.get("runs")
    if not isinstance(runs, Mapping) or not runs.get("asked"):
        return "it was interrupted"
    return f"it was interrupted after {runs.get('done', 0):,} of {runs.get('asked', 0):,} runs"


def _again(manifest: Mapping[str, Any]) -> str:
    command = manifest.get("command")
    return f"to make all of them: {command}" if command else "run its command again"


def refuse_strangers(found: Sequence[Result | Analysis]) -> None:
    """Refuse results of another family than the first: scenario, seed or model; say everything that differs."""
    first = found[0]
    problems = [
        Problem("", "", f"{other.folder}: does not belong to {first.folder}: {what}")
        for other in found[1:]
        for what in _unlike(first, other)
    ]
    if problems:
        raise InputError(problems)


def _unlike(first: Result | Analysis, other: Result | Analysis) -> Iterator[str]:
    """Yield what two results differ in that a story cannot bridge."""
    if not _hashes(first) & _hashes(other):  # the same scenario is the same, whatever was written around it
        yield from _other_files(_files(first), _files(other))
    past = first.kind in OF_THE_PAST or other.kind in OF_THE_PAST
    for what, name in (("seed", "seed"), ("model", "model_version")):
        a, b = first.manifest[name], other.manifest[name]
        if a != b and not (past and name == "seed"):
            yield f"{what} {b}, not {a}"
    if not past and first.loaded is not None and other.loaded is not None:
        yield from _other_campaign(first.loaded, other.loaded)


def _parts(each: Result | Analysis) -> list[Mapping[str, Any]]:
    """Return what the manifest says of the scenario, and of that of each point."""
    points = each.manifest.get("points")
    parts = [each.manifest["scenario"], *(points if isinstance(points, list) else [])]
    return [part for part in parts if isinstance(part, Mapping)]


def _hashes(each: Result | Analysis) -> set[str]:
    """Return the hashes of the effective scenarios of a result."""
    found = [each.manifest.get("scenario_hash"), *(part.get("hash") for part in _parts(each))]
    return {str(digest) for digest in found if digest}


def _files(each: Result | Analysis) -> dict[str, str]:
    """Return the hash of each scenario file that a result was made of, by the file's name."""
    return {
        Path(path).name: str(digest)
        for part in _parts(each)
        for path, digest in (part.get("source_files") or {}).items()
    }


def _other_files(first: Mapping[str, str], other: Mapping[str, str]) -> Iterator[str]:
    if not first or not other:
        return
    shared = [name for name in first if name in other]
    if not shared:
        yield f"it is made of {', '.join(other)}, not of {', '.join(first)}"
    for name in shared:
        if first[name] != other[name]:
            yield f"{name} was changed between the two"


def _other_campaign(first: Loaded, other: Loaded) -> Iterator[str]:
    a, b = first.scenario, other.scenario
    for what, mine, its in (
        ("starts on", a.start, b.start),
        ("ends on", a.end, b.end),
        ("has the sides", ", ".join(a.sides), ", ".join(b.sides)),
        ("has the fronts", ", ".join(a.fronts), ", ".join(b.fronts)),
    ):
        if mine != its:
            yield f"it {what} {its}, not {mine}"
