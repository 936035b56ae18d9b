"""The figures of an analysis, drawn again from its result folder: the answer and the tables that it wrote."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from sim.errors import InputError
from sim.experiment.inquiry import ANSWER
from sim.experiment.read_result import damaged
from sim.experiment.store import file_hash, read_manifest
from sim.experiment.tables import read_parquet

# The module of a kind has figures_of(answer, tables, footer) here, a function of the folder there.
_OF_TABLES = {"dilemma": "sim.plotting.dilemma", "threshold": "sim.plotting.threshold"}
_OF_FOLDER = {
    "game": ("sim.plotting.game_figures", "from_folder"),
    "sensitivity": ("sim.plotting.sensitivity_figures", "figures_in"),
    "calibrate": ("sim.plotting.calibration", "drawn_again"),
    "backtest": ("sim.plotting.calibration", "drawn_again"),
    "discover": ("sim.plotting.discover_figures", "figures_in"),
}


def is_inquiry(folder: Path) -> bool:
    """Return whether a folder holds an analysis whose figures can be drawn again."""
    return (folder / ANSWER).is_file() and read_manifest(folder).get("kind") in (*_OF_TABLES, *_OF_FOLDER)


def figures_in(folder: Path) -> dict[str, Figure]:
    """Return the figures of the analysis in a folder, by the stem of their files."""
    manifest = read_manifest(folder)
    kind = manifest["kind"]
    _refuse_changed(folder, manifest.get("files") or {})
    try:
        return _of_folder(folder, kind) if kind in _OF_FOLDER else _of_tables(folder, manifest)
    except KeyError as error:
        raise InputError.single("", "", f"{folder}: the answer or a table lacks {error}") from error


def _refuse_changed(folder: Path, files: Mapping[str, str]) -> None:
    """Refuse an analysis of which the answer or a table is gone, or not as it was written."""
    for name in sorted(each for each in files if each == ANSWER or each.endswith(".parquet")):
        if not (folder / name).is_file():
            raise damaged(folder, f"{name} is missing; run its command again")
        if file_hash(folder / name) != files[name]:
            raise damaged(folder, f"{name} was changed after the run")


def _of_folder(folder: Path, kind: str) -> dict[str, Figure]:
    module, function = _OF_FOLDER[kind]
    figures: dict[str, Figure] = getattr(importlib.import_module(module), function)(folder)
    return figures


def _of_tables(folder: Path, manifest: Mapping[str, Any]) -> dict[str, Figure]:
    answer: dict[str, Any] = json.loads((folder / ANSWER).read_text(encoding="utf-8"))
    tables = {path.stem: read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
    footer = provenance(manifest["kind"], manifest["id"], manifest["seed"], manifest["model_version"])
    figures: dict[str, Figure] = importlib.import_module(_OF_TABLES[manifest["kind"]]).figures_of(
        answer, tables, footer
    )
    return figures


def provenance(kind: str, inquiry: str, seed: int, model: str) -> str:
    """Return the footer of a figure: where it is from."""
    return f"twofront {kind} {inquiry}: seed {seed}, model {model}"
