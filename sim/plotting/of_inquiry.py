"""The figures of an analysis, drawn of its result folder: the answer and the tables that it wrote."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.errors import InputError
from sim.experiment.inquiry import ANSWER
from sim.experiment.read_result import damaged
from sim.experiment.store import file_hash, read_manifest
from sim.experiment.tables import read_parquet

Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Kept:
    """What is in the folder of a finished analysis."""

    manifest: Mapping[str, Any]
    answer: Mapping[str, Any]
    tables: Mapping[str, Columns]

    @property
    def title(self) -> str:
        """Return the title of the scenario."""
        return str(self.manifest["scenario"]["title"])

    @property
    def footer(self) -> str:
        """Return the footer of a figure: where it is from."""
        kind, inquiry, seed = (self.manifest[name] for name in ("kind", "id", "seed"))
        return f"twofront {kind} {inquiry}: seed {seed}, model {self.manifest['model_version']}"


def is_inquiry(folder: Path) -> bool:
    """Return whether a folder holds an analysis whose figures can be drawn again."""
    return (folder / ANSWER).is_file() and read_manifest(folder).get("kind") in _DRAWN


def figures_in(folder: Path) -> dict[str, Figure]:
    """Return the figures of the analysis in a folder, by the stem of their files; raise InputError if it has none."""
    manifest = read_manifest(folder)
    _refuse_changed(folder, manifest.get("files") or {})
    if not is_inquiry(folder):
        raise InputError.single("", "", f"{folder}: holds no finished analysis")
    answer = json.loads((folder / ANSWER).read_text(encoding="utf-8"))
    tables = {path.stem: read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
    kept = Kept(manifest, answer, tables)
    try:
        return _DRAWN[kept.manifest["kind"]](kept)
    except KeyError as error:
        raise InputError.single("", "", f"{folder}: the answer or a table lacks {error}") from error


def _refuse_changed(folder: Path, files: Mapping[str, str]) -> None:
    """Refuse an analysis of which the answer or a table is gone, or not as it was written."""
    for name in sorted(each for each in files if each == ANSWER or each.endswith(".parquet")):
        if not (folder / name).is_file():
            raise damaged(folder, f"{name} is missing; run its command again")
        if file_hash(folder / name) != files[name]:
            raise damaged(folder, f"{name} was changed after the run")


def _dilemma(kept: Kept) -> dict[str, Figure]:
    from sim.plotting.dilemma import figures_of

    return figures_of(kept.answer, kept.tables, kept.footer)


def _threshold(kept: Kept) -> dict[str, Figure]:
    from sim.plotting.threshold import figures_of

    return figures_of(kept.answer, kept.tables, kept.footer)


def _game(kept: Kept) -> dict[str, Figure]:
    from sim.plotting.game_figures import Shown, figures, provenance

    numbers = kept.answer["numbers"]
    return figures(Shown(numbers, kept.tables, kept.title, provenance(kept.manifest, numbers)))


def _sensitivity(kept: Kept) -> dict[str, Figure]:
    from sim.plotting.sensitivity_figures import figures_of

    return figures_of(kept.tables, kept.footer)


def _discover(kept: Kept) -> dict[str, Figure]:
    from sim.plotting.discover_figures import figures_of

    return figures_of(kept.tables, kept.answer["numbers"], kept.footer)


def _fitted(kept: Kept) -> dict[str, Figure]:
    from sim.plotting.calibration import figures_of

    return figures_of(kept.manifest["kind"], kept.tables, kept.manifest["question"], (kept.title, kept.footer))


_DRAWN: Mapping[str, Callable[[Kept], dict[str, Figure]]] = {
    "dilemma": _dilemma,
    "threshold": _threshold,
    "game": _game,
    "sensitivity": _sensitivity,
    "discover": _discover,
    "calibrate": _fitted,
    "backtest": _fitted,
}
