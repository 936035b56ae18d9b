"""The folder of a comparison: a row a run, a row a point, the effective scenario of each point, the manifest last."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from sim.experiment import store
from sim.experiment.comparison import Failure, Gathered, Point, point_columns, replication_columns
from sim.experiment.design import Design
from sim.experiment.tables import write_parquet

KIND = "compare"
_FAILURES_LISTED = 1_000


class Told(NamedTuple):
    """What is said of a comparison beside its numbers.

    design : the runs of each point that were asked for; stop : where a target of precision ended them.
    """

    id: str
    design: Design
    model_version: str
    outcomes: Sequence[str]
    reference: str | None
    stop: Mapping[str, Any] | None
    started: datetime
    wall_s: float
    interrupted: bool
    failures: Sequence[Failure]
    command: str


def save(folder: Path, points: Sequence[Point], gathered: Gathered, told: Told) -> None:
    """Write a comparison into a folder that was claimed for it."""
    from sim.scenario.load import effective_yaml

    store.clear(folder)
    write_parquet(folder / "replications.parquet", replication_columns(gathered))
    write_parquet(folder / "points.parquet", point_columns(points))
    for number, point in enumerate(points):
        store.write_text(folder / f"point-{number:03}.yaml", effective_yaml(point.loaded))
    content = {**_what(points, told), **_how(gathered, told), "files": store.file_hashes(folder)}
    store.write_text(folder / store.MANIFEST, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _what(points: Sequence[Point], told: Told) -> dict[str, Any]:
    return {
        "format": store.FORMAT,
        "id": told.id,
        "command": told.command,
        "kind": KIND,
        "scenario": _source(points[0]),
        "points": [{"point": number, **_told(point)} for number, point in enumerate(points)],
        "outcomes": list(told.outcomes),
        "reference": told.reference,
        "branch": None,
        "seed": told.design.seed,
        "draws": told.design.draws,
        "replications": told.design.replications,
        "precision": told.stop,
        "model_version": told.model_version,
        "engine": "compiled",
        "events": [],
    }


def _source(point: Point) -> dict[str, Any]:
    files = {str(path): store.file_hash(path) for path in point.loaded.source_files}
    title = point.loaded.scenario.title
    return {"title": title, "file": str(point.file), "choices": point.loaded.choices, "source_files": files}


def _told(point: Point) -> dict[str, Any]:
    return {"label": point.label, "hash": point.loaded.hash, "factors": dict(point.factors), **_source(point)}


def _how(gathered: Gathered, told: Told) -> dict[str, Any]:
    points, runs = gathered.status.shape
    made = sum(gathered.done(point) for point in range(points))
    return {
        "interrupted": told.interrupted,
        "runs": {"asked": points * runs, "done": made, "failed": len(told.failures)},
        "failures": [failure._asdict() for failure in told.failures[:_FAILURES_LISTED]],
        "started": told.started.isoformat(timespec="seconds"),
        "finished": None if told.interrupted else datetime.now(UTC).isoformat(timespec="seconds"),
        "wall_s": round(told.wall_s, 3),
        "python": platform.python_version(),
        "packages": store.package_versions(),
        "git_commit": store.git_commit(),
        "host": {"system": platform.system(), "machine": platform.machine(), "cores": os.cpu_count()},
    }
