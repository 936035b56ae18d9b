"""A result folder as analyses and figures read it: what was run, its outcomes by name, its daily series by name.

One reader for `run`, `sweep` and `compare`: a plain run is a result of one point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, RunError
from sim.experiment.events import Event
from sim.experiment.store import MANIFEST, file_hash, read_manifest
from sim.experiment.tables import read_parquet

if TYPE_CHECKING:
    from sim.scenario.load import Loaded

KINDS = ("run", "sweep", "compare")
HISTORY = "history"  # made by `verify --history`: numbers and a figure, no runs
REPLICATIONS, SERIES, POINTS, SCENARIO = "replications.parquet", "series.parquet", "points.parquet", "scenario.yaml"
FIRST_POINT = "point-000.yaml"  # of a compare, whose points are scenarios of their own
IDENTITY = ("seed", "point", "draw", "replication", "status")
_NO_FACTORS = ("point", "label", "hash", "variant")
Values = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Point:
    """The runs of one design point (or of a plain run).

    label : as figures name it; result : the id of the result that it is from.
    factors : what varies, a number or the name of an option; empty for a plain run.
    draw, replication : int64[run]; outcomes : float64[run] by name, not-a-number where not applicable or failed.
    """

    label: str
    result: str
    factors: Mapping[str, float | str]
    draw: Numbers
    replication: Numbers
    outcomes: Mapping[str, Values]


@dataclass(frozen=True)
class Result:
    """A result folder whose manifest has been read; tables are read when they are asked for."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Return the result's id."""
        return str(self.manifest["id"])

    @property
    def kind(self) -> str:
        """Return 'run', 'sweep' or 'compare'."""
        return str(self.manifest.get("kind", "run"))

    @property
    def seed(self) -> int:
        """Return the seed of all randomness."""
        return int(self.manifest["seed"])

    @property
    def draws(self) -> int:
        """Return how many draws of the assumptions were sampled beside the central one."""
        return int(self.manifest["draws"])

    @property
    def replications(self) -> int:
        """Return the replications of luck for each draw."""
        return int(self.manifest["replications"])

    @property
    def title(self) -> str:
        """Return the title of the scenario."""
        return str(self.manifest["scenario"].get("title") or self.folder.name)

    @property
    def choices(self) -> dict[str, str]:
        """Return the options taken, by decision."""
        return {str(path): str(option) for path, option in (self.manifest["scenario"].get("choices") or {}).items()}

    @property
    def sets(self) -> tuple[str, ...]:
        """Return the values set on the command line."""
        return tuple(str(each) for each in self.manifest["scenario"].get("sets") or ())

    @property
    def interrupted(self) -> bool:
        """Return whether only some of the runs were made."""
        return bool(self.manifest.get("interrupted", False))

    @property
    def events(self) -> tuple[Event, ...]:
        """Return the dated events of the scenario."""
        return tuple(
            Event(str(each["label"]), date.fromisoformat(each["start"]), date.fromisoformat(each["end"]))
            for each in self.manifest.get("events") or ()
        )

    @property
    def provenance(self) -> str:
        """Return what the footer of a figure says: id, runs, seed and model."""
        luck = f"{self.replications:,} replications"
        runs = f"{self.draws + 1:,} draws × {luck}" if self.draws else f"{luck} at central assumptions"
        partial = ", interrupted" if self.interrupted else ""
        return f"twofront result {self.id}{partial}: {runs}, seed {self.seed}, model {self.manifest['model_version']}"

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """Return the runs of each point, in the order of the design."""
        columns = self._table(REPLICATIONS)
        missing = [name for name in ("draw", "replication") if name not in columns]
        if missing:
            raise damaged(self.folder, f"{REPLICATIONS} has no column '{missing[0]}'")
        number = columns.get("point", np.zeros(len(columns["draw"]), np.int64)).astype(np.int64)
        named = {name: column for name, column in columns.items() if name not in IDENTITY and column.dtype.kind in "fi"}
        outcomes = {name: column.astype(np.float64) for name, column in named.items()}
        return tuple(self._point(columns, outcomes, number == k, row) for k, row in self._rows(number))

    @cached_property
    def series(self) -> Mapping[str, Mapping[str, Values]]:
        """Return the daily series by name, each float64[day] by column (see `sim.analysis.bands`)."""
        columns = self._table(SERIES)
        names = columns["name"].astype(str)
        first = np.flatnonzero(names[1:] != names[:-1]) + 1
        starts, ends = [0, *first.tolist()], [*first.tolist(), len(names)]
        kept = {name: column for name, column in columns.items() if column.dtype.kind == "f"}
        return {
            str(names[a]): {name: np.asarray(column[a:b], np.float64) for name, column in kept.items()}
            for a, b in zip(starts, ends, strict=True)
            if b > a
        }

    @cached_property
    def loaded(self) -> Loaded:
        """Return the effective scenario."""
        from sim.scenario.load import load

        first = next((name for name in (SCENARIO, FIRST_POINT) if self.has(name)), SCENARIO)
        return load(self.checked(first))

    def has(self, name: str) -> bool:
        """Return whether the result has a file of this name."""
        return (self.folder / name).is_file()

    def _rows(self, number: Numbers) -> list[tuple[int, Mapping[str, Any]]]:
        """Return the number of each point with its row of the table of points."""
        if self.kind == "run" and not self.has(POINTS):
            return [(int(k), {}) for k in np.unique(number)]
        table = self._table(POINTS)
        if "point" not in table:
            raise damaged(self.folder, f"{POINTS} has no column 'point'")
        return [(int(k), {name: column[row] for name, column in table.items()}) for row, k in enumerate(table["point"])]

    def _point(
        self,
        columns: Mapping[str, NDArray[Any]],
        outcomes: Mapping[str, Values],
        those: NDArray[np.bool_],
        row: Mapping[str, Any],
    ) -> Point:
        factors = {name: _factor(value) for name, value in row.items() if name not in _NO_FACTORS}
        return Point(
            label=str(row.get("label") or self.folder.name),
            result=self.id,
            factors=factors,
            draw=columns["draw"][those].astype(np.int64),
            replication=columns["replication"][those].astype(np.int64),
            outcomes={name: column[those] for name, column in outcomes.items()},
        )

    def _table(self, name: str) -> dict[str, NDArray[Any]]:
        path = self.checked(name)
        try:
            return read_parquet(path)
        except RunError as error:
            raise damaged(self.folder, f"{name} cannot be read as Parquet") from error

    def checked(self, name: str) -> Path:
        """Return the path of a file that is as the manifest has it; raise InputError where it is not."""
        path = self.folder / name
        if not path.is_file() and self.interrupted:
            raise damaged(self.folder, f"is unfinished, without {name}; run its command again to go on from there")
        if not path.is_file():
            raise damaged(self.folder, f"{name} is missing")
        expected = (self.manifest.get("files") or {}).get(name)
        try:
            if expected and file_hash(path) != expected:
                raise damaged(self.folder, f"{name} was changed after the run")
        except OSError as error:
            raise damaged(self.folder, f"{name} cannot be read: {error.strerror or error}") from error
        return path


def read_result(folder: Path) -> Result:
    """Return a result; raise InputError where the folder holds none, or one that is damaged."""
    if not folder.is_dir():
        raise InputError.single("", "", f"{folder}: {'is no folder' if folder.exists() else 'does not exist'}")
    _refuse_unfinished(folder)
    result = Result(folder, read_manifest(folder))
    if result.kind == HISTORY:
        raise InputError.single("", "", f"{folder}: is of `verify --history` and holds its own figure; it has no runs")
    if result.kind not in KINDS:
        raise damaged(folder, f"is of kind '{result.kind}', which this version does not know ({', '.join(KINDS)})")
    try:
        _ = result.id, result.seed, result.draws, result.replications, result.title, result.choices, result.events
        _ = result.provenance
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise damaged(folder, f"{MANIFEST} is damaged ({type(error).__name__}: {error})") from error
    return result


def labelled(results: Sequence[Result]) -> list[Point]:
    """Return the points of several results, each named after what tells it from the first."""
    names = _names(results)
    found: list[Point] = []
    for result, name in zip(results, names, strict=True):
        if result.kind == "run":
            found += [replace(point, label=name) for point in result.points]
        else:
            single = len(results) == 1
            found += [replace(each, label=each.label if single else f"{name}: {each.label}") for each in result.points]
    return found


def damaged(folder: Path, message: str) -> InputError:
    """Return the error of a result that cannot be used."""
    return InputError.single("", "", f"{folder}: {message}")


def _refuse_unfinished(folder: Path) -> None:
    """Refuse a folder of which the run has not (yet) written its manifest, and say so."""
    if not (folder / MANIFEST).exists() and any(folder.glob("*.parquet")):
        raise damaged(folder, f"is unfinished: it has tables but no {MANIFEST}; run its command again")


def _names(results: Sequence[Result]) -> list[str]:
    """Return what tells each result from the first: options and values; else their folders."""
    taken = [_taken(result) for result in results]
    names = [", ".join(each for each in own if each not in taken[0]) for own in taken]
    names[0] = results[0].folder.resolve().name
    scenarios = {result.manifest["scenario"].get("file") for result in results}
    if len(scenarios) > 1 or len(set(names)) < len(names) or not all(names):
        return [result.folder.resolve().name for result in results]
    return names


def _taken(result: Result) -> list[str]:
    return [*(f"{path} = {option}" for path, option in result.choices.items()), *result.sets]


def _factor(value: Any) -> float | str:
    return str(value) if isinstance(value, str) else float(value)


def refuse_twice(results: Sequence[tuple[str, Path]]) -> None:
    """Refuse the same result given twice, each by its id and its folder."""
    seen: dict[str, Path] = {}
    for result, folder in results:
        if result in seen:
            message = f"is the same result ({result}) as {seen[result]}; name each once"
            raise InputError.single("", "", f"{folder}: {message}")
        seen[result] = folder
