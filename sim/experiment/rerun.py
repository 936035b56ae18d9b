"""One run of a result repeated alone, and compared with what is stored, to the last bit."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, RunError
from sim.experiment.blocks import Span, measured
from sim.experiment.design import first_luck
from sim.experiment.parts import IDENTITY
from sim.experiment.plan import SWEEP
from sim.experiment.run_plan import RUN
from sim.experiment.store import read_manifest
from sim.experiment.tables import SCAN
from sim.experiment.variant import Variant, variant

if TYPE_CHECKING:
    from sim.scenario.load import Loaded

_SCENARIOS, _POINTS, _REPLICATIONS = "scenarios.parquet", "points.parquet", "replications.parquet"


class Which(NamedTuple):
    """A run of a result."""

    point: int = 0
    draw: int = 0
    replication: int = 0


class Difference(NamedTuple):
    """An outcome that came out otherwise than it is stored; None where there is no value."""

    outcome: str
    stored: float | None
    again: float | None


class Repeated(NamedTuple):
    """A run repeated: its outcomes by name, those that differ from what is stored, and why it failed, if it did."""

    outcomes: Mapping[str, float]
    differences: tuple[Difference, ...]
    failure: str
    lines: int = 0


def rerun(folder: Path, which: Which, trace: Path | None = None) -> Repeated:
    """Repeat a run; raise InputError where the result does not hold what that takes.

    trace : a file that every event is written to; the traced run, by SimPy, is compared too.
    """
    manifest = _checked(folder)
    _check_place(folder, manifest, which)
    stored = _stored(folder, which)
    ready, numbers = _at_point(folder, manifest, which)
    names = tuple(name for name in stored if name not in IDENTITY)
    seed, span = int(manifest["seed"]), _with_neighbour(which, int(manifest["replications"]))
    luck = first_luck(which.draw, bool(manifest.get("nested")))
    which, span = which._replace(replication=which.replication + luck), span._replace(first=span.first + luck)
    part = measured(ready.case(numbers, which.draw, names=names), seed, span, names)
    row = which.replication - span.first
    again = dict(zip(names, part.values[row].tolist(), strict=True))
    different = _differences(stored, {**again, "status": int(part.status[row])})
    lines = 0
    if trace is not None:
        traced, lines = _traced(ready, numbers, (seed, which, span), (names, trace))
        different += _differences(again, traced)
    return Repeated(again, different, part.reasons.get(row, ""), lines)


def _checked(folder: Path) -> dict[str, Any]:
    """Return the manifest of a result that this installation can repeat."""
    from sim.fingerprint import model_version

    manifest = read_manifest(folder)
    kind = manifest.get("kind", RUN)
    if kind not in (RUN, SWEEP):
        raise _refused(folder, f"is the result of a {kind}; single runs are repeated of runs and sweeps")
    if manifest.get("branch"):
        raise _refused(folder, f"goes on from result {manifest['branch']['from']}; repeat a run of that one")
    if manifest.get("user_code"):
        names = ", ".join(str(each["name"]) for each in manifest["user_code"])
        raise _refused(folder, f"ran code of a user ({names}), which it does not hold; run its command again")
    if manifest["model_version"] != model_version():
        commit = str(manifest.get("git_commit") or "the version that made it").removesuffix("-dirty")
        message = f"was run by model {manifest['model_version']}, this is {model_version()}; its numbers differ"
        raise _refused(folder, f"{message}; check out {commit}, or run its scenario again")
    if not (folder / _REPLICATIONS).is_file():
        raise _refused(folder, f"has no {_REPLICATIONS}: it is unfinished; run its command again first")
    return manifest


def _check_place(folder: Path, manifest: Mapping[str, Any], which: Which) -> None:
    counts = (int(manifest.get("points", 1)), int(manifest["draws"]) + 1, int(manifest["replications"]))
    for name, value, count in zip(which._fields, which, counts, strict=True):
        if not 0 <= value < count:
            message = f"{value} is not there: {folder} has {name}s 0 to {count - 1:,}"
            raise InputError.single(f"--{name}", "", message)


def _stored(folder: Path, which: Which) -> dict[str, float]:
    """Return the row of a run; not-a-number where there is no value."""
    import duckdb

    path = str(folder / _REPLICATIONS)
    try:
        with duckdb.connect() as connection:
            names = [row[0] for row in connection.execute(f"DESCRIBE FROM {SCAN}", [path]).fetchall()]
            some = [name for name in which._fields if name in names]
            where = " AND ".join(f"{name} = ?" for name in some)
            values = [path, *(getattr(which, name) for name in some)]
            rows = connection.execute(f"SELECT * FROM {SCAN} WHERE {where}", values).fetchall()
    except duckdb.Error as error:
        raise RunError(f"{path}: cannot be read: {error}") from error
    if not rows:
        raise _refused(folder, "was interrupted before that run was made; run its command again first")
    return {name: np.nan if value is None else value for name, value in zip(names, rows[0], strict=True)}


def _at_point(folder: Path, manifest: Mapping[str, Any], which: Which) -> tuple[Variant, dict[str, float]]:
    """Return the scenario of a point, and the numbers laid over it."""
    from sim.experiment.plan import point_hash
    from sim.experiment.tables import read_parquet
    from sim.scenario.load import load

    seed = int(manifest["seed"])
    if not (folder / _POINTS).is_file():
        loaded = load(folder / "scenario.yaml")
        if loaded.hash != manifest["scenario_hash"]:
            raise _refused(folder, "scenario.yaml was edited after the run")
        return variant(loaded, seed), {}
    points, scenarios = read_parquet(folder / _POINTS), read_parquet(folder / _SCENARIOS)
    loaded = _load_text(str(scenarios["yaml"][points["variant"][which.point]]))
    factors = [each["name"] for each in manifest["factors"] if each["kind"] == "number"]
    numbers = {name: float(points[name][which.point]) for name in factors}
    if point_hash(loaded.hash, numbers) != points["hash"][which.point]:
        raise _refused(folder, f"{_POINTS} or {_SCENARIOS} was edited after the run")
    return variant(loaded, seed), numbers


def _load_text(text: str) -> Loaded:
    from sim.scenario.load import load

    with tempfile.TemporaryDirectory(prefix="twofront-") as folder:
        path = Path(folder) / "scenario.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path)


def _with_neighbour(which: Which, replications: int) -> Span:
    """Return the run with its neighbour: an outcome compares a run with the counterfactual of the other one."""
    first = which.replication & ~1
    return Span("", which.draw, first, min(2, replications - first))


def _differences(stored: Mapping[str, float], again: Mapping[str, float]) -> tuple[Difference, ...]:
    """Return the outcomes whose bits differ."""
    found = []
    for name, value in again.items():
        pair = np.array([stored[name], value], np.float64) if name in stored else None
        if pair is not None and not _same(pair):
            found.append(Difference(name, *(None if np.isnan(each) else float(each) for each in pair)))
    return tuple(found)


def _same(pair: NDArray[np.float64]) -> bool:
    words = pair.view(np.int64)
    return bool(words[0] == words[1] or np.isnan(pair).all())


def _traced(
    ready: Variant, numbers: Mapping[str, float], run: tuple[int, Which, Span], what: tuple[tuple[str, ...], Path]
) -> tuple[dict[str, float], int]:
    """Repeat a run by SimPy and write its trace; return its outcomes and the number of lines."""
    from sim.experiment.study import Drive
    from sim.experiment.trace_file import TraceFile
    from sim.experiment.user_code import NONE

    (seed, which, span), (names, path) = run, what
    file = TraceFile(path)
    file.begin()
    try:
        part = measured(ready.case(numbers, which.draw, Drive(NONE, _Only(file, which)), names), seed, span, names)  # type: ignore[arg-type]
        file.join()
    finally:
        file.discard()
    with path.open("rb") as lines:
        count = sum(1 for _ in lines)
    return dict(zip(names, part.values[which.replication - span.first].tolist(), strict=True)), count


class _Only:
    """Keeps the trace of one run, not that of its neighbour."""

    def __init__(self, file: Any, which: Which) -> None:
        self._file, self._which = file, which

    def keep(self, draw: int, replication: int, world: str, lines: Any) -> None:
        """Keep the lines of the run that is followed."""
        if replication == self._which.replication:
            self._file.keep(draw, replication, world, lines)


def _refused(folder: Path, message: str) -> InputError:
    return InputError.single("", "", f"{folder}: {message}")
