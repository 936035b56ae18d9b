"""A result folder made again: read back, checked against its manifest, rerun elsewhere, compared byte for byte."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, RunError
from sim.experiment.design import Design
from sim.experiment.inquiry import ANALYSES
from sim.experiment.kept import KeptSeries
from sim.experiment.plan import Plan, Source
from sim.experiment.run_plan import (
    ASSUMPTIONS,
    ATTRIBUTION,
    RUN,
    SERIES,
    Bands,
    Made,
    attribution_plan,
    run_plan,
    write_beside,
)
from sim.experiment.store import MANIFEST, file_hash, package_versions, read_manifest
from sim.experiment.sweep_run import REPLICATIONS, How, carry_out, run_parts
from sim.experiment.tables import read_parquet
from sim.experiment.variant import variant
from sim.experiment.workers import Where

if TYPE_CHECKING:
    from sim.scenario.load import Loaded

ENGINES = ("compiled", "simpy")  # the same numbers to the last bit, so either is replayed by the compiled one
TABLES = (REPLICATIONS, SERIES, ASSUMPTIONS, ATTRIBUTION)

Version = tuple[str, str]


@dataclass(frozen=True)
class Kept:
    """A result as its folder holds it.

    plan : of the runs that it holds.
    damaged : files that are not what the manifest says, and how ('is missing', 'was changed').
    versions : machine, Python and packages where they differ, as they were and as they are.
    """

    folder: Path
    plan: Plan
    tables: tuple[str, ...]
    damaged: Mapping[str, str]
    versions: Mapping[str, Version]


class Difference(NamedTuple):
    """How a table differs from the one made again; `where` is the first place and what stands there."""

    table: str
    where: str


def read_kept(folder: Path) -> Kept:
    """Return a result ready to be made again; raise InputError where it cannot be, and say why."""
    manifest = read_manifest(folder)
    try:
        return _kept(folder, manifest)
    except OSError as error:
        raise _refused(folder, f"cannot be read: {error.strerror or error}") from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _refused(folder, f"{MANIFEST} is damaged ({type(error).__name__}: {error})") from error


def _kept(folder: Path, manifest: Mapping[str, Any]) -> Kept:
    _check_kind(folder, manifest)
    plan = _plan(folder, manifest)
    files = manifest["files"]
    if manifest["interrupted"]:
        raise _refused(folder, "is unfinished: it has no tables yet; run its command again, which goes on from there")
    if REPLICATIONS not in files:
        raise _refused(folder, f"{MANIFEST} lists no {REPLICATIONS}: there is nothing to compare with")
    return Kept(
        folder=folder,
        plan=plan,
        tables=tuple(name for name in TABLES if name in files),
        damaged=_damaged(folder, files),
        versions=_versions(manifest),
    )


def _check_kind(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Refuse a result whose numbers this installation cannot make again."""
    from sim.fingerprint import model_version

    if (kind := manifest.get("kind", RUN)) != RUN:
        others = dict.fromkeys(("compare", "history", *ANALYSES), "run its command again")
        others["sweep"] = "`twofront rerun` makes single runs of it again"
        raise _refused(folder, f"is the result of a {kind}; {others.get(str(kind), 'this version does not know it')}")
    if manifest["branch"]:
        origin, at = manifest["branch"]["from"], manifest["branch"]["at"]
        raise _refused(folder, f"goes on from result {origin} on {at}, which it does not hold; verify that one")
    if manifest.get("user_code"):
        names = ", ".join(str(each["name"]) for each in manifest["user_code"])
        raise _refused(folder, f"ran code of a user ({names}), which it does not hold; run its command again")
    if manifest["engine"] not in ENGINES:
        raise _refused(folder, f"was made by the engine '{manifest['engine']}', which this version does not have")
    if manifest["model_version"] != model_version():
        raise _refused(folder, _other_model(manifest["model_version"], model_version(), manifest.get("git_commit")))


def _plan(folder: Path, manifest: Mapping[str, Any]) -> Plan:
    """Return the plan that the runs were made by."""
    loaded = _scenario(folder, manifest["scenario_hash"])
    design = Design(manifest["seed"], manifest["draws"], manifest["replications"])
    source = Source(Path(manifest["scenario"]["file"]))
    plan = run_plan(variant(loaded, design.seed), source, design, Made(manifest["engine"]))
    if plan.id != manifest["id"]:
        message = f"its id is {manifest['id']}, but seed, design, scenario and model make {plan.id}"
        raise _refused(folder, f"{message}: {MANIFEST} was edited")
    return plan


def _other_model(was: str, now: str, commit: str | None) -> str:
    where = f"check out {commit.removesuffix('-dirty')}" if commit else "install the version that made it"
    return f"was run by model {was}, this is {now}, whose numbers differ; {where}, or run its scenario again"


def _scenario(folder: Path, expected: str) -> Loaded:
    from sim.scenario.load import load

    path = folder / "scenario.yaml"
    loaded = load(path)
    if loaded.hash != expected:
        message = f"was edited after the run: its values make {loaded.hash}, the result is of {expected}"
        raise InputError.single(str(path), "", message)
    return loaded


def _damaged(folder: Path, files: Mapping[str, str]) -> dict[str, str]:
    """Return the files that are not as the manifest has them."""
    found = {}
    for name, expected in files.items():
        path = folder / Path(name).name
        if not path.is_file():
            found[name] = "is missing"
        elif file_hash(path) != expected:
            found[name] = "was changed after the run"
    return found


def _versions(manifest: Mapping[str, Any]) -> dict[str, Version]:
    """Return what numbers and bytes may depend on beside the model, where it is not as it was."""
    before = {"machine": manifest["host"]["machine"], "python": manifest["python"], **manifest["packages"]}
    now = {"machine": platform.machine(), "python": platform.python_version(), **package_versions()}
    return {
        name: (str(before.get(name, "-")), now.get(name, "-"))
        for name in {**before, **now}
        if before.get(name) != now.get(name)
    }


def _refused(folder: Path, message: str) -> InputError:
    return InputError.single("", "", f"{folder}: {message}")


class Again(NamedTuple):
    """How a result is made again: `bands` sums up daily series (`sim.analysis.bands`)."""

    workers: int
    bands: Bands
    progress: Callable[[int], AbstractContextManager[Any]] | None = None


def make_again(kept: Kept, folder: Path, again: Again) -> None:
    """Make a result anew in another, empty folder; raise KeyboardInterrupt when that is interrupted."""

    def beside(plan: Plan, folder: Path, series: KeptSeries) -> None:
        write_beside(plan, folder, series, again.bands)
        if ATTRIBUTION in kept.tables and not run_parts(_causes(kept), folder, how, ATTRIBUTION):
            raise KeyboardInterrupt

    how = How(where=Where(workers=again.workers), progress=again.progress, daily=beside)
    if carry_out(kept.plan, folder, how).interrupted:
        raise KeyboardInterrupt


def _causes(kept: Kept) -> Plan:
    from sim.experiment.attribution import attribution_worlds

    return attribution_plan(kept.plan, attribution_worlds(kept.plan.base, kept.plan.design.seed))


def differences(kept: Kept, folder: Path) -> list[Difference]:
    """Return the tables whose bytes differ from those made again, each with the first place where it does."""
    found = []
    for name in kept.tables:
        before, now = kept.folder / name, folder / name
        if not before.is_file() or before.read_bytes() != now.read_bytes():
            found.append(Difference(name, _where(before, now)))
    return found


def _where(before: Path, now: Path) -> str:
    """Return the first place where two tables differ, as people find it."""
    if not before.is_file():
        return "is missing"
    try:
        old = read_parquet(before)
    except RunError:
        return "is no Parquet file any more"
    new = read_parquet(now)
    if list(old) != list(new):
        names = [name for name in {**old, **new} if name not in old or name not in new]
        return f"has other columns: {', '.join(names[:5]) or 'in another order'}"
    rows, expected = len(next(iter(old.values()))), len(next(iter(new.values())))
    if rows != expected:
        return f"has {rows:,} rows instead of {expected:,}"
    return _first_cell(old, new)


def _first_cell(old: Mapping[str, NDArray[Any]], new: Mapping[str, NDArray[Any]]) -> str:
    unequal = {name: places for name in old if len(places := _unequal(old[name], new[name]))}
    if not unequal:
        return "holds the same numbers in other bytes (another version of duckdb writes Parquet in another way)"
    name = min(unequal, key=lambda each: int(unequal[each][0]))
    row = int(unequal[name][0])
    place = ", ".join(f"{key} {new[key][row]}" for key in ("draw", "replication", "name", "day", "path") if key in new)
    cells = sum(len(places) for places in unequal.values())
    return (
        f"{name} at {place} (row {row + 1:,}): kept {old[name][row]}, made again {new[name][row]}; "
        f"{cells:,} numbers in {len(unequal):,} columns differ"
    )


def _unequal(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.int64]:
    """Return the rows in which two columns differ, rising; not-a-number equals itself."""
    if a.dtype.kind == "f" and b.dtype.kind == "f":
        return np.flatnonzero((a != b) & ~(np.isnan(a) & np.isnan(b)))
    return np.flatnonzero(np.asarray(a != b))
