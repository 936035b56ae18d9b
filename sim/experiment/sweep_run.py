"""A plan carried out in a result folder: what is there is kept, what is missing is run, the tables are written last.

The manifest is written first (`interrupted`), so that what was killed can be found and gone on with, and again at the
end. Sweeps and plain runs go this way; a run is a plan of one point that also keeps some daily series.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import InputError, RunError
from sim.experiment import store
from sim.experiment.blocks import Blocks, Pace, Part, even_share, interleaved, pilot
from sim.experiment.kept import KeptSeries
from sim.experiment.manifest import manifest_of
from sim.experiment.parts import PARTS, Layout, Parts, table_parts, write_part, write_stream
from sim.experiment.plan import SWEEP, Plan
from sim.experiment.run_plan import ASSUMPTIONS, ATTRIBUTION, RUN, SERIES
from sim.experiment.study import Drive
from sim.experiment.tables import read_parquet, write_parquet
from sim.experiment.workers import THREADS, Where, run_blocks

REPLICATIONS, POINTS, SCENARIOS = "replications.parquet", "points.parquet", "scenarios.parquet"
_FILES = (
    *(REPLICATIONS, POINTS, SCENARIOS, "scenario.yaml", "summary.parquet", "summary.csv"),
    *(SERIES, ASSUMPTIONS, ATTRIBUTION),
)
_LISTED = 1_000  # failures in the manifest

Progress = Callable[[int, int], None]
Summarise = Callable[[Plan, Path], None]
Daily = Callable[[Plan, Path, KeptSeries], None]


@dataclass(frozen=True)
class How:
    """How a plan is carried out.

    summarise : writes what sums the points up into the folder, once the table of runs is there.
    daily : the same for the daily series that are kept.
    files : what a finished run must hold to be left as it is.
    drive : how SimPy drives the runs; None for the compiled engine.
    block : runs in a block; None for half a second of work.
    retry_failed : run again what failed; fresh : throw away what the folder holds.
    again : make every run of this plan, also those that the folder holds already.
    """

    where: Where
    summarise: Summarise | None = None
    daily: Daily | None = None
    files: tuple[str, ...] = ()
    drive: Drive | None = None
    progress: Callable[[int], Any] | None = None
    block: int | None = None
    retry_failed: bool = False
    fresh: bool = False
    again: bool = False
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
        for folder in unfinished(plan.id, plan.kind):
            return folder
    if out is not None and (out / store.MANIFEST).is_file():
        _refuse_kind(out, str(store.read_manifest(out).get("kind", RUN)))
        return out
    return store.claim(out, stem, plan.id)


def _refuse_kind(out: Path, kind: str) -> None:
    """Refuse, `--fresh` or not, a folder with the result of an analysis: its files are not known here."""
    if kind not in (RUN, SWEEP):
        raise InputError.single("--out", "", f"{out}: holds the result of a {kind}; name another folder")


def unfinished(plan_id: str, kind: str) -> list[Path]:
    """Return the folders in results/ that hold an unfinished result of a plan of a kind, the latest first."""
    found = []
    for path in sorted(store.RESULTS.glob(f"*/{store.MANIFEST}"), key=lambda each: each.stat().st_mtime, reverse=True):
        try:
            manifest = store.read_manifest(path.parent)
        except InputError:
            continue
        if manifest.get("id") == plan_id and manifest.get("interrupted") and manifest.get("kind") == kind:
            found.append(path.parent)
    return found


def carry_out(plan: Plan, folder: Path, how: How) -> Done:
    """Run what a folder does not hold of a plan; raise InputError where it holds something else."""
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        if how.fresh:
            clear(folder)
        _continue(plan, folder)
        if plan.kind == RUN and not how.again and _whole(folder, how.files):
            return Done(plan, folder, before=plan.runs, done=plan.runs)
        if plan.kind == RUN and (how.again or not _unfinished(folder)):
            clear(folder)  # a finished run keeps no series of single runs, so it is not gone on with
        found = _made(plan, folder, how)
        if found.interrupted and not found.done:
            clear(folder)
    return found


def _made(plan: Plan, folder: Path, how: How) -> Done:
    """Make the runs that are missing, and the tables of all."""
    clock, started = time.perf_counter(), datetime.now(UTC)
    kept = KeptSeries(plan.design, plan.days, len(plan.series)) if plan.series else None
    parts = Parts(folder, _layout(plan), how.retry_failed, kept)
    found = Done(plan, folder, before=int(parts.done.sum()), torn=len(parts.torn))
    _describe(plan, folder, manifest_of(found, started, how.command))
    try:
        found.interrupted = not _run(plan, parts, how)
        if not found.interrupted:
            _finish(plan, parts, folder, how)
    except KeyboardInterrupt:
        found.interrupted = True
    found.done, found.failed = int(parts.done.sum()), parts.failed
    found.failures = [_failure(plan, each._asdict()) for each in parts.failures(_LISTED)]
    found.wall_s = time.perf_counter() - clock
    _write_manifest(folder, manifest_of(found, started, how.command))
    if not found.interrupted:
        parts.discard()
    return found


def _failure(plan: Plan, row: dict[str, Any]) -> dict[str, Any]:
    """Return a failure as the manifest lists it: a run has no points."""
    return {name: value for name, value in row.items() if name != "point" or plan.kind != RUN}


def _unfinished(folder: Path) -> bool:
    return (folder / PARTS).is_dir()


def _whole(folder: Path, files: Sequence[str]) -> bool:
    """Return whether a folder holds a finished run without failures whose files are as they were written."""
    if not (folder / store.MANIFEST).is_file():
        return False
    manifest = store.read_manifest(folder)
    listed = manifest["files"]
    if manifest["interrupted"] or manifest["runs"]["failed"] or not {REPLICATIONS, *files} <= listed.keys():
        return False
    return all((folder / name).is_file() and store.file_hash(folder / name) == listed[name] for name in listed)


def run_parts(plan: Plan, folder: Path, how: How, table: str) -> bool:
    """Make runs that belong to a result but are not those of its plan, and write their table; False: interrupted.

    Their parts stand in a folder of their own, so that they are gone on with, too.
    """
    parts = Parts(folder / Path(table).stem, _layout(plan), how.retry_failed)
    if not _run(plan, parts, how):
        return False
    write_stream(folder / table, _rows(plan, parts))
    parts.discard()
    with suppress(OSError):
        parts.folder.parent.rmdir()
    return True


def _layout(plan: Plan) -> Layout:
    first: dict[str, int] = {}
    again = [(each, k) for k, each in enumerate(plan.hashes) if first.setdefault(each, k) != k]
    return Layout(first, plan.design.draws, plan.design.replications, tuple(again))


def _run(plan: Plan, parts: Parts, how: How) -> bool:
    """Run what is missing; return False when interrupted."""
    if parts.done.all():
        return True
    blocks = Blocks(plan, how.where.executor == THREADS, how.drive)
    left = ~(parts.done | parts.layout.repeated)
    missing = blocks.missing(~left, _size(plan, how))
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


def _size(plan: Plan, how: How) -> int:
    """Return how many runs make a block."""
    if how.block:
        return how.block
    share = even_share(plan, how.where.workers) if plan.kind == RUN else None
    return share or _paced(plan).size(plan, how.where.workers)


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
    write_stream(folder / REPLICATIONS, _rows(plan, parts))
    if how.summarise:
        how.summarise(plan, folder)
    if how.daily and parts.kept:
        how.daily(plan, folder, parts.kept)


def _rows(plan: Plan, parts: Parts) -> Iterator[Mapping[str, Any]]:
    """Yield the table of runs in windows; that of a plain run has the seed in place of a point."""
    for window in parts.windows([outcome.name for outcome in plan.outcomes]):
        if plan.kind == RUN:
            point = window.pop("point")
            yield {"seed": np.full(len(point), plan.design.seed, np.int64), **window}
        else:
            yield window


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
    if plan.kind != RUN and (folder / REPLICATIONS).is_file() and not manifest["interrupted"]:
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
        if plan.kind == RUN and manifest[name] != count:
            found.append(f"{name} was {manifest[name]:,} and is {count:,}")
        elif manifest[name] > count:
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
    for name in (*_FILES, store.MANIFEST):
        (folder / name).unlink(missing_ok=True)
    for name in (PARTS, Path(ATTRIBUTION).stem):
        shutil.rmtree(folder / name, ignore_errors=True)


def _describe(plan: Plan, folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write what is to be run: the points, the scenarios, the manifest of an interrupted result."""
    from sim.scenario.load import effective_yaml

    store.write_text(folder / "scenario.yaml", effective_yaml(plan.base))
    if plan.kind != RUN:
        write_points(plan, folder / POINTS)
        _write_scenarios(plan, folder / SCENARIOS)
    _write_manifest(folder, manifest)


def _write_scenarios(plan: Plan, path: Path) -> None:
    """Write a row for each scenario of a design: its hash, and its effective text."""
    from sim.scenario.load import effective_yaml

    loaded = [each.main.loaded for each in plan.variants]
    columns = {
        "variant": np.arange(len(loaded), dtype=np.int64),
        "hash": np.array([each.hash for each in loaded], object),
        "yaml": np.array([effective_yaml(each) for each in loaded], object),
    }
    write_parquet(path, columns)


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


def _write_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    files = {} if content["interrupted"] else {k: v for k, v in store.file_hashes(folder).items() if k != _LOCK}
    text = json.dumps({**content, "files": files}, indent=1, ensure_ascii=False) + "\n"
    store.write_text(folder / store.MANIFEST, text)


_LOCK = ".lock"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other commands out of a folder; the lock goes with the process, however that ends."""
    try:
        import fcntl
    except ImportError:  # no such locks on this system
        yield
        return
    with (folder / _LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            message = f"{folder}: another command is writing there; wait for it, or choose another folder"
            raise InputError.single("--out", "", message) from error
        try:
            yield
        finally:
            (folder / _LOCK).unlink(missing_ok=True)
