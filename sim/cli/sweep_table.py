"""What the command `sweep` shows: the design before it is run, and a table of its points or of its factors' levels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.experiment.design import storage
from sim.experiment.plan import takes
from sim.experiment.points import short_names
from sim.experiment.tables import read_parquet

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.table import Table

    from sim.experiment.factors import Factor
    from sim.experiment.plan import Plan
    from sim.experiment.sweep_run import Done

_SMALL = 40  # points that are shown one by one
_SHOWN = 6  # outcomes beside each other
_ENDS = 5  # points shown from each end of a design
_BANDS = 5  # of a factor with many values
_MOST_LEVELS = 12
_JSON_POINTS = 10_000
_HEADLINE = ("dual_success", "second_front_regained", "main_offensive_kept", ".territory_km2", ".casualties")
_NOTHING = "-"


def design_text(plan: Plan, seconds_a_run: float, workers: int) -> str:
    """Return the design as people read it: size, what it takes, its first and last points."""
    factors = [f"  {factor.name}: {_levels(plan, k)}" for k, factor in enumerate(plan.points.factors)]
    count = len(plan.points)
    few = list(range(count)) if count <= 2 * _ENDS else [*range(_ENDS), -1, *range(count - _ENDS, count)]
    points = ["  ..." if k < 0 else f"  {k:>6}  {plan.points.label(k)}" for k in few]
    estimate = f"needs {takes(plan, seconds_a_run, workers)} ({workers} at once, {1 / seconds_a_run:,.0f} runs/s each)"
    notes = [f"note: {note}" for note in plan.points.notes]
    return "\n".join([_size(plan), *factors, *notes, "points:", *points, estimate, f"id {plan.id}; nothing was run"])


def _levels(plan: Plan, k: int) -> str:
    factor = plan.points.factors[k]
    column = plan.points.columns[factor.name]
    unit = f" {factor.quantity.unit}" if factor.quantity and factor.quantity.unit != "1" else ""
    if factor.numeric:
        return f"{len(np.unique(column)):,} values from {column.min():,g} to {column.max():,g}{unit}"
    return ", ".join(dict.fromkeys(column.tolist()))


def _size(plan: Plan) -> str:
    design, points = plan.design, len(plan.points)
    draws = f" x {design.draws + 1:,} draws of the assumptions (the first is central)" if design.draws else ""
    paired = ", each also without the incursion" if plan.worlds > 1 else ""
    luck = f"{design.replications:,} replication{'s' * (design.replications > 1)} of luck"
    return (
        f"{plan.runs:,} runs: {points:,} point{'s' * (points > 1)} ({plan.layout.kind}){draws} x {luck}, "
        f"seed {design.seed}{paired}"
    )


def design_json(plan: Plan, seconds_a_run: float, workers: int) -> dict[str, Any]:
    """Return the design for programs."""
    return {
        "command": "sweep",
        "dry_run": True,
        **_about(plan),
        "seconds": plan.runs * seconds_a_run / workers,
        "disk_bytes": plan.disk_bytes,
        "points": [_point(plan, k) for k in range(min(len(plan.points), _JSON_POINTS))],
    }


def _about(plan: Plan) -> dict[str, Any]:
    factors = [{"name": each.name, "kind": each.kind} for each in plan.points.factors]
    return {
        "id": plan.id,
        "scenario": str(plan.source.file),
        "scenario_hash": plan.base.hash,
        "model_version": plan.model_version,
        "design": plan.layout.kind,
        "factors": factors,
        "point_count": len(plan.points),
        "seed": plan.design.seed,
        "draws": plan.design.draws,
        "replications": plan.design.replications,
        "runs_asked": plan.runs,
        "notes": list(plan.points.notes),
    }


def _point(plan: Plan, k: int) -> dict[str, Any]:
    return {"point": k, "hash": plan.hashes[k], **plan.points.at(k)}


def as_json(done: Done) -> dict[str, Any]:
    """Return what `--json` says of a sweep: the outcomes shown in its table at each point."""
    plan, names = done.plan, shown_outcomes(done.plan)
    rows = _summary(done.folder, names)
    points = []
    for k in range(min(len(plan.points), _JSON_POINTS)):
        numbers = {name: {key: _json(rows[name][key][k]) for key in rows[name]} for name in names}
        points.append({**_point(plan, k), "outcomes": numbers})
    return {
        "command": "sweep",
        **_about(plan),
        "runs": {"asked": plan.runs, "done": done.done, "failed": done.failed, "before": done.before},
        "folder": str(done.folder),
        "wall_s": round(done.wall_s, 3),
        "points": points,
    }


def _json(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def shown_outcomes(plan: Plan) -> list[str]:
    """Return the outcomes asked for, or those that people look at first."""
    names = list(plan.asked or (name for part in _HEADLINE for name in _ending(plan, part)))
    return names[: len(plan.asked) or _SHOWN] or [each.name for each in plan.outcomes][:_SHOWN]


def _ending(plan: Plan, part: str) -> list[str]:
    if not part.startswith("."):
        return [each.name for each in plan.outcomes if each.name == part]
    theatres = plan.variants[0].first.labels.theatres
    return [each.name for each in plan.outcomes if each.name in {f"{theatre}{part}" for theatre in theatres}]


def _summary(folder: Path, names: Sequence[str]) -> dict[str, dict[str, NDArray[Any]]]:
    """Return the numbers of some outcomes, [point] by name."""
    from sim.analysis.point_summary import NUMBERS, SUMMARY

    rows = read_parquet(folder / SUMMARY)
    found = {}
    for name in names:
        those = rows["outcome"] == name
        found[name] = {key: rows[key][those] for key in NUMBERS}
    return found


def heading(done: Done) -> str:
    """Return what was run, and what was there before."""
    before = f"; {done.before:,} of them were there before" if done.before else ""
    torn = f"; {done.torn} damaged parts were run again" if done.torn else ""
    return f"{done.plan.base.scenario.title}\n{_size(done.plan)}{before}{torn}"


def legend(done: Done) -> str:
    """Return what the cells mean, and where all numbers are."""
    lines = [
        "cells: mean ± half of its numerical 95 % interval; of a probability its ends (Wilson); more runs narrow it"
    ]
    if len(done.plan.points) > _SMALL:
        lines = ["cells: mean over the points at that level; one row a point stands in summary.parquet"]
    files = [name for name in ("summary.csv", "summary.parquet") if (done.folder / name).is_file()]
    size = sum((done.folder / name).stat().st_size for name in ("replications.parquet", *files))
    where = f"luck and assumptions of each point: {', '.join(files)}; each run: replications.parquet"
    return "\n".join([*lines, f"{where} ({storage(size)})"])


def table(done: Done) -> Table:
    """Return one row a point for a small design, else one row for each level of each factor."""
    return _by_point(done) if len(done.plan.points) <= _SMALL else _by_level(done)


def _empty(first: Sequence[str], plan: Plan, names: Sequence[str]) -> Table:
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    units = {each.name: each.unit for each in plan.outcomes}
    for name in first:
        made.add_column(name, justify="right" if name == "point" else "left")
    for name in names:
        unit = "%" if units[name] == "probability" else units[name]
        made.add_column(f"{name}\n{unit}", justify="right")
    return made


def _by_point(done: Done) -> Table:
    plan, names = done.plan, shown_outcomes(done.plan)
    rows = _summary(done.folder, names)
    factors = short_names([factor.name for factor in plan.points.factors])
    made = _empty(["point", *factors], plan, names)
    writers = {name: _writer(plan, name, rows[name]["mean"]) for name in names}
    units = {each.name: each.unit for each in plan.outcomes}
    for k in range(len(plan.points)):
        cells = []
        for name in names:
            mean, low, high = (float(rows[name][key][k]) for key in ("mean", "mean_low", "mean_high"))
            cells.append(_cell((mean, low, high), writers[name], units[name] == "probability"))
        made.add_row(str(k), *(_value(value) for value in plan.points.at(k).values()), *cells)
    return made


def _cell(numbers: tuple[float, float, float], write: Callable[[float], str], binary: bool) -> str:
    """Return a mean with its numerical interval, of a probability by its ends: it is not the same on both sides."""
    mean, low, high = numbers
    if not math.isfinite(low):
        return write(mean)
    return f"{write(mean)} [{write(low)} | {write(high)}]" if binary else f"{write(mean)} ± {write(high - mean)}"


def _by_level(done: Done) -> Table:
    """Return the mean over the points at each level of each factor, or in each fifth of a factor with many values."""
    plan, names = done.plan, shown_outcomes(done.plan)
    rows = _summary(done.folder, names)
    made = _empty(["factor", "level", "points"], plan, names)
    writers = {name: _writer(plan, name, rows[name]["mean"]) for name in names}
    short = short_names([factor.name for factor in plan.points.factors])
    for label, factor in zip(short, plan.points.factors, strict=True):
        for level, those in _bands(factor, plan.points.columns[factor.name]):
            means = [_mean(rows[name]["mean"][those]) for name in names]
            cells = [writers[name](mean) for name, mean in zip(names, means, strict=True)]
            made.add_row(label, level, f"{int(those.sum()):,}", *cells)
            label = ""
    return made


def _mean(values: NDArray[np.float64]) -> float:
    some = values[np.isfinite(values)]
    return float(some.mean()) if len(some) else math.nan


def _bands(factor: Factor, column: NDArray[Any]) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return the levels of a factor, or ranges of its values where there are many, and which points are there."""
    if not factor.numeric:
        return [(_value(level), column == level) for level in factor.values]
    levels = np.unique(column)
    if len(levels) <= _MOST_LEVELS:
        return [(_value(level), column == level) for level in levels]
    found = []
    for some in np.array_split(levels, _BANDS):
        those = (column >= some[0]) & (column <= some[-1])
        found.append((f"{_value(some[0])} to {_value(some[-1])}", those))
    return found


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def _writer(plan: Plan, name: str, values: NDArray[np.float64]) -> Any:
    """Return how the numbers of an outcome are written: percent for probabilities, else three digits or more."""
    unit = {each.name: each.unit for each in plan.outcomes}[name]
    scale = 100.0 if unit == "probability" else 1.0
    largest = scale * float(np.max(np.abs(values[np.isfinite(values)]), initial=0.0))
    places = 0 if largest >= 100 or largest == 0 or scale == 100 else 1 if largest >= 10 else 2 if largest >= 1 else 3

    def write(value: float) -> str:
        return f"{scale * value + 0.0:,.{places}f}" if math.isfinite(value) else _NOTHING

    return write
