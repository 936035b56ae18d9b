"""The figures of an analysis, drawn again from its result folder: the answer and the tables that it wrote."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from sim.errors import InputError
from sim.experiment.inquiry import ANSWER
from sim.experiment.store import read_manifest
from sim.experiment.tables import read_parquet

# The module of each kind has figures_of(answer, tables, footer).
DRAWN = {"dilemma": "sim.plotting.dilemma", "threshold": "sim.plotting.threshold"}


def is_inquiry(folder: Path) -> bool:
    """Return whether a folder holds an analysis whose figures can be drawn again."""
    return (folder / ANSWER).is_file() and read_manifest(folder).get("kind") in DRAWN


def figures_in(folder: Path) -> dict[str, Figure]:
    """Return the figures of the analysis in a folder, by the stem of their files."""
    manifest = read_manifest(folder)
    answer: dict[str, Any] = json.loads((folder / ANSWER).read_text(encoding="utf-8"))
    tables = {path.stem: read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
    try:
        figures: dict[str, Figure] = importlib.import_module(DRAWN[manifest["kind"]]).figures_of(
            answer, tables, provenance(manifest["kind"], manifest["id"], manifest["seed"], manifest["model_version"])
        )
    except KeyError as error:
        raise InputError.single("", "", f"{folder}: the answer or a table lacks {error}") from error
    return figures


def provenance(kind: str, inquiry: str, seed: int, model: str) -> str:
    """Return the footer of a figure: where it is from."""
    return f"twofront {kind} {inquiry}: seed {seed}, model {model}"
