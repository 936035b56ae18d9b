"""What an analysis keeps beside its tables: `answer.json`, one answer in text, read and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError
from sim.experiment.read_result import SCENARIO, damaged
from sim.experiment.store import file_hash
from sim.report.sentences import capital

if TYPE_CHECKING:
    from sim.scenario.load import Loaded

ANSWER = "answer.json"
SPREADS = ("numerical", "luck", "assumptions")
_LINES = ("would_change", "drives", "caveats")


@dataclass(frozen=True)
class Analysis:
    """The folder of an analysis: its manifest and what answer.json says."""

    folder: Path
    manifest: Mapping[str, Any]
    answer: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Return the result's id."""
        return str(self.manifest["id"])

    @property
    def kind(self) -> str:
        """Return the analysis: 'dilemma', 'threshold' and so on."""
        return str(self.manifest["kind"])

    @property
    def title(self) -> str:
        """Return the title of the scenario."""
        return str(self.manifest["scenario"].get("title") or self.folder.name)

    @property
    def source(self) -> str:
        """Return what text says of where its numbers are from."""
        runs = self.answer.get("runs") or {}
        made = f", {int(runs.get('made', 0)) + int(runs.get('reused', 0)):,} runs" if runs else ""
        seed, model = self.manifest.get("seed"), self.manifest.get("model_version")
        return f"twofront {self.kind} {self.id}{made}, seed {seed}, model {model}"

    def lines(self, name: str) -> tuple[str, ...]:
        """Return what the analysis says under 'would_change', 'drives' or 'caveats'."""
        return tuple(capital(str(line)) for line in self.answer.get(name) or ())

    @property
    def tables(self) -> list[Path]:
        """Return its tables of text, by name."""
        return sorted(path for path in self.folder.glob("*.csv") if path.is_file())

    @property
    def figures(self) -> list[dict[str, Path]]:
        """Return the figures that it kept, by name: the file of each of its forms ('svg', 'png').

        Whatever it is called: a game's are `payoffs`, `leads` and `support`.
        """
        found: dict[str, dict[str, Path]] = {}
        for form in ("svg", "png"):
            for path in self.folder.glob(f"*.{form}"):
                found.setdefault(path.stem, {})[form] = path
        return [found[stem] for stem in sorted(found)]

    def bytes_of(self, path: Path) -> bytes:
        """Return a file of the result as it was kept; raise InputError where it was changed or is gone."""
        expected = (self.manifest.get("files") or {}).get(path.name)
        try:
            if expected and file_hash(path) != expected:
                raise damaged(self.folder, f"{path.name} was changed after the run")
            return path.read_bytes()
        except OSError as error:
            raise damaged(self.folder, f"{path.name} cannot be read: {error.strerror or error}") from error

    @cached_property
    def loaded(self) -> Loaded | None:
        """Return its scenario: its own copy, else that of the first sweep behind it, where it keeps one."""
        from sim.scenario.load import load

        kept = [self.folder / SCENARIO, *sorted(self.folder.glob(f"runs/*/{SCENARIO}"))]
        return next((load(path) for path in kept if path.is_file()), None)


def read_analysis(folder: Path, manifest: Mapping[str, Any]) -> Analysis:
    """Return the analysis in a folder whose manifest was read; raise InputError where its answer is damaged."""
    path = folder / ANSWER
    if not path.is_file():
        message = f"is a {manifest.get('kind')} without {ANSWER}: unfinished, or of another version; run it again"
        raise damaged(folder, message)
    found = Analysis(folder, manifest, {})
    try:
        content = json.loads(found.bytes_of(path).decode("utf-8"))
    except ValueError as error:
        raise damaged(folder, f"{ANSWER} is no JSON ({error})") from error
    problem = _problem(content) or _missing(manifest)
    if problem:
        raise damaged(folder, problem)
    return Analysis(folder, manifest, content)


def _problem(content: Any) -> str:
    """Return what an answer lacks, or nothing."""
    if not isinstance(content, dict):
        return f"{ANSWER} is damaged: it holds no mapping"
    for name in ("question", "answer"):
        if not isinstance(content.get(name), str) or not content[name].strip():
            return f"{ANSWER} is damaged: '{name}' is no text"
    spreads = content.get("spreads")
    lacking = [name for name in SPREADS if not isinstance(spreads, dict) or not isinstance(spreads.get(name), str)]
    if lacking:
        return f"{ANSWER} is damaged: no spread '{lacking[0]}' (an answer has all of {', '.join(SPREADS)})"
    broken = [name for name in _LINES if not isinstance(content.get(name, []), list)]
    if broken:
        return f"{ANSWER} is damaged: '{broken[0]}' is no list of lines"
    runs = content.get("runs", {})
    counted = isinstance(runs, dict) and all(isinstance(count, int) for count in runs.values())
    return "" if counted else f"{ANSWER} is damaged: 'runs' holds no numbers of runs"


def _missing(manifest: Mapping[str, Any]) -> str:
    lacking = [name for name in ("id", "kind", "seed", "model_version", "scenario") if name not in manifest]
    if lacking:
        return f"manifest.json is damaged: it has no '{lacking[0]}'"
    return "" if isinstance(manifest["scenario"], dict) else "manifest.json is damaged: 'scenario' is no mapping"


def refuse_unknown(folder: Path, kind: str, known: tuple[str, ...]) -> None:
    """Refuse a kind of result that this version does not know."""
    if kind not in known:
        message = f"is of kind '{kind}', which this version does not know ({', '.join(known)})"
        raise InputError.single("", "", f"{folder}: {message}")
