"""A plan carried out in a result folder: what is there is kept, what is missing is run, the tables are written last.

The manifest is written first (`interrupted`), so that a killed sweep can be found and resumed, and again at the end.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError, RunError
from sim.experiment import store
from sim.experiment.blocks import Blocks, Pace, Part, interleaved, pilot
from sim.experiment.parts import PARTS, Layout, Parts, table_parts, write_part, write_stream
from sim.experiment.plan import Plan, Source
from sim.experiment.tables import atomically, read_parquet, write_parquet
from sim.experiment.workers import Where, run_blocks

if TYPE_CHECKING:
    from sim.scenario.load import Loaded

REPLICATIONS, POINTS, SCENARIOS = "replications.parquet", "points.parquet", "scenarios.parquet"
_FILES = (REPLICATIONS, POINTS, SCENARIOS, "scenario.yaml", "summary.parquet", "summary.csv")
_LISTED = 1_000  # failures in the manifest

Progress = Callable[[int, int], None]
Summarise = Callable[[Plan, Path], None]


@dataclass(frozen=True)
class How:
    """How a plan is carried out.

    summarise : writes what sums the points up into the folder, once the table of runs is there.
    block : runs in a block; None for half a second of work.
    retry_failed : run again what failed; fresh : throw away what the folder holds.
    """

    where: Where
    summarise: Summarise | None = None
    progress: Callable[[int], Any] | None = None
    block: int | None = None
    retry_failed: bool = False
    fresh: bool = False
    command: str = ""


@dataclass
class Done:
    """What came of it: runs that were there before, runs done in all, failures listed."""

    plan: Plan
    folder: Path
    before: int = 0
    done: int = 0
    failed: int = 0
    torn: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)
    interrupted: bool = False
    wall_s: float = 0.0


def find_folder(plan: Plan, out: Path | None, stem: str, fresh: bool) -> Path:
    """Return the folder for a plan: the one named, else an unfinished one of the same plan, else a new one."""
    if out is None and not fresh:
        for folder in unfinished(plan.id):
            return folder
    if out is not None and (out / store.MANIFEST).is_file():
        store.read_manifest(out)
        return out
    return store.claim(out, stem, plan.id)


def unfinished(plan_id: str) -> list[Path]:
    """Return the folders in results/ that hold an unfinished result of a plan, the latest first."""
    found = []
    for path in sorted(store.RESULTS.glob(f"*/{store.MANIFEST}"), key=lambda each: each.stat().st_mtime, reverse=True):
        try:
            manifest = store.read_manifest(path.parent)
        except InputError:
            continue
        if manifest.get("id") == plan_id and manifest.get("interrupted") and manifest.get("kind") == "sweep":
            found.append(path.parent)
    return found


def carry_out(plan: Plan, folder: Path, how: How) -> Done:
    """Run what a folder does not hold of a plan; raise InputError where it holds something else."""
    clock, started = time.perf_counter(), datetime.now(UTC)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        if how.fresh:
            clear(folder)
        _continue(plan, folder)
        parts = Parts(folder, _layout(plan), how.retry_failed)
        found = Done(plan, folder, before=int(parts.done.sum()), torn=len(parts.torn))
        _describe(plan, folder, _manifest(found, started, how.command))
        try:
            found.interrupted = not _run(plan, parts, how)
            if not found.interrupted:
                _finish(plan, parts, folder, how)
        except KeyboardInterrupt:
            found.interrupted = True
        found.done, found.failed = int(parts.done.sum()), parts.failed
        found.failures = [each._asdict() for each in parts.failures(_LISTED)]
        found.wall_s = time.perf_counter() - clock
        _write_manifest(folder, _manifest(found, started, how.command))
        if not found.interrupted:
            parts.discard()
    return found


def _layout(plan: Plan) -> Layout:
    first: dict[str, int] = {}
    again = [(each, k) for k, each in enumerate(plan.hashes) if first.setdefault(each, k) != k]
    return Layout(first, plan.design.draws, plan.design.replications, tuple(again))


def _run(plan: Plan, parts: Parts, how: How) -> bool:
    """Run what is missing; return False when interrupted."""
    if parts.done.all():
        return True
    blocks = Blocks(plan)
    size = how.block or _paced(plan).size(plan, how.where.workers)
    left = ~(parts.done | parts.layout.repeated)
    missing = blocks.missing(~left, size)
    order = (missing[k] for k in interleaved(len(missing)))
    total, made, tell = int(left.sum()), 0, how.progress
    with tell(total) if tell else _nobody() as report:

        def receive(part: Part) -> None:
            nonlocal made
            parts.add(part)
            made += len(part.status)
            if report:
                report(made, total)

        return run_blocks(how.where, (blocks.task(first, last) for first, last in order), receive)


@contextmanager
def _nobody() -> Iterator[None]:
    yield None


def _paced(plan: Plan) -> Pace:
    try:
        return pilot(plan)
    except (InputError, ArithmeticError, ValueError):
        return Pace(0.01, 0.01)  # the first point makes no valid scenario: that is found again, and recorded


def _finish(plan: Plan, parts: Parts, folder: Path, how: How) -> None:
    """Join the table, and sum it up."""
    write_stream(folder / REPLICATIONS, parts.windows([outcome.name for outcome in plan.outcomes]))
    if how.summarise:
        how.summarise(plan, folder)


def _continue(plan: Plan, folder: Path) -> None:
    """Make what a folder holds ready to be gone on with; raise InputError where it is of something else."""
    if not (folder / store.MANIFEST).is_file():
        _refuse_files(folder)
        return
    manifest = store.read_manifest(folder)
    hashes = _hashes(folder)
    changed = _changes(plan, manifest, hashes)
    if changed:
        message = f"{folder}: holds another result: {'; '.join(changed)}; --fresh throws it away"
        raise InputError.single("--out", "", message)
    if (folder / REPLICATIONS).is_file() and not manifest["interrupted"]:
        if not hashes:
            raise InputError.single("--out", "", f"{folder}: lacks {POINTS}; --fresh starts over")
        _import(folder, manifest, hashes)


def _refuse_files(folder: Path) -> None:
    """Refuse a folder with files that are not ours to mix with."""
    if any(path.name not in (PARTS, _LOCK) for path in folder.iterdir()):
        raise InputError.single("--out", "", f"{folder}: is not empty and holds no result of twofront")


def _changes(plan: Plan, manifest: Mapping[str, Any], hashes: list[str]) -> list[str]:
    """Return what differs between a plan and a result such that it cannot be gone on with."""
    if manifest.get("kind", "run") != plan.kind or "identity" not in manifest:
        return [f"it is a {manifest.get('kind', 'run')}, this is a {plan.kind}"]
    was, now = manifest["identity"], plan.identity()
    differ = [name for name in now if was.get(name) != now[name]]
    found = [f"{name} was {_said(was.get(name))} and is {_said(now[name])}" for name in differ]
    lost = set(hashes) - set(plan.hashes)
    if lost and not found:
        found = [f"{len(lost):,} of its {len(hashes):,} points are not in this design"]
    for name, count in (("draws", plan.design.draws), ("replications", plan.design.replications)):
        if manifest[name] > count:
            found.append(f"it has {manifest[name]:,} {name}, more than the {count:,} asked for")
    return found


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none named"
    return str(value)


def _hashes(folder: Path) -> list[str]:
    """Return the hashes of a result's points, by number."""
    try:
        return [str(each) for each in read_parquet(folder / POINTS)["hash"]]
    except RunError:
        return []


def _import(folder: Path, manifest: Mapping[str, Any], hashes: list[str]) -> None:
    """Turn a finished table into parts again."""
    reasons = {(row["point"], row["draw"], row["replication"]): row["reason"] for row in manifest["failures"]}
    (folder / PARTS).mkdir(exist_ok=True)
    import duckdb

    try:
        for part in table_parts(folder / REPLICATIONS, hashes, manifest["replications"], reasons):
            write_part(folder / PARTS, part)
    except (duckdb.Error, IndexError, KeyError) as error:
        message = f"{folder / REPLICATIONS}: is damaged and cannot be gone on with; --fresh starts over"
        raise InputError.single("--out", "", message) from error


def clear(folder: Path) -> None:
    """Throw away what a folder holds of a result."""
    store.clear(folder)
    for path in [*(folder / name for name in (*_FILES, store.MANIFEST)), *(folder / PARTS).glob("*")]:
        path.unlink(missing_ok=True)


def _describe(plan: Plan, folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write what is to be run: the points, the scenarios, the manifest of an interrupted result."""
    from sim.scenario.load import effective_yaml

    write_points(plan, folder / POINTS)
    loaded = [each.main.loaded for each in plan.variants]
    columns = {
        "variant": np.arange(len(loaded), dtype=np.int64),
        "hash": np.array([each.hash for each in loaded], object),
        "yaml": np.array([effective_yaml(each) for each in loaded], object),
    }
    write_parquet(folder / SCENARIOS, columns)
    store.write_text(folder / "scenario.yaml", effective_yaml(plan.base))
    _write_manifest(folder, manifest)


def write_points(plan: Plan, path: Path) -> None:
    """Write a row for each point: number, label, hash, the place of its scenario, and the value of each factor."""
    points = plan.points
    columns: dict[str, Any] = {
        "point": np.arange(len(points), dtype=np.int64),
        "label": np.array([points.label(k) for k in range(len(points))], object),
        "hash": np.array(plan.hashes, object),
        "variant": plan.variant_of,
    }
    write_parquet(path, {**columns, **points.columns})


def _manifest(found: Done, started: datetime, command: str) -> dict[str, Any]:
    plan, ended = found.plan, found.wall_s > 0 and not found.interrupted
    return {
        "format": store.FORMAT,
        "id": plan.id,
        "kind": plan.kind,
        "command": command,
        "scenario": described(plan.source, plan.base),
        "scenario_hash": plan.base.hash,
        "branch": None,
        "seed": plan.design.seed,
        "draws": plan.design.draws,
        "replications": plan.design.replications,
        "nested": plan.design.nested,
        "points": len(plan.points),
        "design": {"kind": plan.layout.kind, "points": plan.layout.points},
        "factors": [_factor(plan, k) for k in range(len(plan.points.factors))],
        "outcomes": {each.name: each.unit for each in plan.outcomes},
        "identity": plan.identity(),
        "model_version": plan.model_version,
        "engine": plan.engine,
        "user_code": [dict(zip(("option", "name", "hash"), each, strict=True)) for each in plan.user_code],
        "events": _events(plan),
        "interrupted": not ended,
        "runs": {"asked": plan.runs, "done": found.done or found.before, "failed": found.failed},
        "failures": found.failures,
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds") if ended else None,
        "wall_s": round(found.wall_s, 3),
        **machine(),
    }


def described(source: Source, base: Loaded) -> dict[str, Any]:
    """Return what a manifest says of a scenario: title, file, options and values given, and hashes of its files."""
    return {
        "title": base.scenario.title,
        "file": str(source.file),
        "choices": base.choices,
        "sets": list(source.sets),
        "source_files": {str(path): store.file_hash(path) for path in base.source_files},
    }


def _factor(plan: Plan, k: int) -> dict[str, Any]:
    factor = plan.points.factors[k]
    unit = factor.quantity.unit if factor.quantity else ""
    return {"name": factor.name, "kind": factor.kind, "unit": unit}


def _events(plan: Plan) -> list[dict[str, str]]:
    from sim.experiment.events import events_of

    found = events_of(plan.base.scenario)
    return [{"label": event.label, "start": str(event.start), "end": str(event.end)} for event in found]


def machine() -> dict[str, Any]:
    """Return what a manifest says of the machine and what is installed on it."""
    return {
        "python": platform.python_version(),
        "packages": store.package_versions(),
        "git_commit": store.git_commit(),
        "host": {"system": platform.system(), "machine": platform.machine(), "cores": os.cpu_count()},
    }


def _write_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    files = {} if content["interrupted"] else {k: v for k, v in store.file_hashes(folder).items() if k != _LOCK}
    text = json.dumps({**content, "files": files}, indent=1, ensure_ascii=False) + "\n"
    atomically(folder / store.MANIFEST, lambda part: _write_text(part, text))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


_LOCK = ".lock"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other sweeps out of a folder; the lock goes with the process, however that ends."""
    try:
        import fcntl
    except ImportError:  # no such locks on this system
        yield
        return
    with (folder / _LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            message = f"{folder}: another sweep is writing there; wait for it, or choose another folder"
            raise InputError.single("--out", "", message) from error
        try:
            yield
        finally:
            (folder / _LOCK).unlink(missing_ok=True)
