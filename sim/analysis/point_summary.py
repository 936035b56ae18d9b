"""Each point of a sweep summed up, outcome by outcome, with the three kinds of spread apart (as `stats` has them).

The same formulas as in `stats`, over whole windows of points at once: a sweep has thousands of points.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis.stats import NORMAL_975, PROBABILITY, effective_count, student_975, wilson
from sim.errors import RunError
from sim.experiment.parts import write_stream
from sim.experiment.plan import CENSORED, Plan
from sim.experiment.tables import SCAN

if TYPE_CHECKING:
    from sim.model.tally import Outcome

Values = NDArray[np.float64]
SUMMARY, TEXT = "summary.parquet", "summary.csv"
_ROWS = 20_000  # runs that are summed up at once; of a point with more, one outcome at a time
_HELD = 4  # outcomes of such a point that are in memory
_MOST_TEXT = 500_000  # rows of a text file
NUMBERS = (
    "runs",
    "mean",
    "mean_se",
    "mean_low",
    "mean_high",
    "luck_sd",
    "luck_q05",
    "luck_q50",
    "luck_q95",
    "assumptions_sd",
    "assumptions_q05",
    "assumptions_q95",
)


def summarise_points(plan: Plan, folder: Path) -> None:
    """Write summary.parquet (point, factors, outcome, unit, numbers) and, unless it is very long, summary.csv."""
    write_stream(folder / SUMMARY, _windows(plan, folder / "replications.parquet"))
    text = folder / TEXT
    text.unlink(missing_ok=True)
    if len(plan.points) * len(plan.outcomes) <= _MOST_TEXT:
        _write_text(folder / SUMMARY, text)


def _write_text(table: Path, text: Path) -> None:
    import duckdb

    source, target = (str(path).replace("'", "''") for path in (table, text))
    try:
        with duckdb.connect(config={"threads": 1}) as connection:
            rows = f"read_parquet('{source}', hive_partitioning = false)"
            connection.execute(f"COPY (FROM {rows}) TO '{target}' (HEADER, DELIMITER ',')")
    except duckdb.Error as error:
        raise RunError(f"{text}: cannot be written: {error}") from error


def _windows(plan: Plan, table: Path) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield the rows of the summary, some points at once."""
    import duckdb

    each = max(1, _ROWS // ((plan.design.draws + 1) * plan.design.replications))
    with duckdb.connect(config={"threads": 1}) as connection:
        for first in range(0, len(plan.points), each):
            last = min(first + each, len(plan.points))
            shape = (last - first, plan.design.draws + 1, plan.design.replications)
            yield _rows(plan, np.arange(first, last), _Columns(connection, table, (first, last), shape))


class _Columns(Mapping[str, Values]):
    """Outcomes of some points, float64[point, draw, replication], each read when it is asked for."""

    def __init__(self, connection: Any, table: Path, points: tuple[int, int], shape: tuple[int, int, int]) -> None:
        self._connection, self._table, self._points, self._shape = connection, table, points, shape
        described = connection.execute(f"DESCRIBE FROM {SCAN}", [str(table)]).fetchall()
        self._names = [str(row[0]) for row in described]
        self._small = shape[0] * shape[1] * shape[2] <= _ROWS
        self._found: dict[str, Values] = {}

    def __getitem__(self, name: str) -> Values:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._found:
            if not self._small and len(self._found) >= _HELD:
                self._found.clear()
            self._found.update(self._read(self._names if self._small else [name]))
        return self._found[name]

    def _read(self, names: Sequence[str]) -> dict[str, Values]:
        listed = ", ".join('"{}"'.format(name.replace('"', '""')) for name in names)
        query = f"SELECT {listed} FROM {SCAN} WHERE point >= ? AND point < ?"
        found = self._connection.execute(query, [str(self._table), *self._points]).fetchnumpy()
        return {name: _cube(found[name], self._shape) for name in names}

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _rows(plan: Plan, points: NDArray[np.int64], columns: Mapping[str, Values]) -> dict[str, NDArray[Any]]:
    sums = [point_numbers(outcome, columns, plan.ratios) for outcome in plan.outcomes]
    count = len(plan.outcomes)
    rows: dict[str, NDArray[Any]] = {"point": np.repeat(points, count)}
    rows.update({name: np.repeat(column[points], count) for name, column in plan.points.columns.items()})
    rows["outcome"] = np.tile(np.array([outcome.name for outcome in plan.outcomes], object), len(points))
    rows["unit"] = np.tile(np.array([outcome.unit for outcome in plan.outcomes], object), len(points))
    for name in NUMBERS:
        rows[name] = np.stack([each[name] for each in sums], axis=1).ravel()
    rows["runs"] = rows["runs"].astype(np.int64)
    return rows


def _cube(column: Any, shape: tuple[int, int, int]) -> Values:
    filled = column.filled(np.nan) if isinstance(column, np.ma.MaskedArray) else column
    return np.asarray(filled, np.float64).reshape(shape)


def point_numbers(
    outcome: Outcome, columns: Mapping[str, Values], ratios: Mapping[str, tuple[str, str]]
) -> dict[str, Values]:
    """Return the numbers of an outcome, float64[point] by name; not-a-number where there is nothing to say.

    columns : float64[point, draw, replication] by outcome.
    ratios : names of ratio outcomes, with the outcomes above and below the line.
    """
    values = columns[outcome.name]
    if outcome.name in CENSORED:
        return _time(values, columns[CENSORED[outcome.name]])
    above, below = (columns.get(name) for name in ratios.get(outcome.name, (outcome.name, "")))
    if above is None or below is None:
        above, below = values, np.where(np.isfinite(values), 1.0, np.nan)
    there = np.isfinite(above) & np.isfinite(below)
    above, below = np.where(there, above, 0.0), np.where(there, below, 0.0)
    mean = _ratio(above.sum((1, 2)), below.sum((1, 2)))
    of_draws = _ratio(above[:, 1:].sum(2), below[:, 1:].sum(2))
    return {
        "runs": np.isfinite(values).sum((1, 2)).astype(np.float64),
        **_mean(mean, (above, below, there), outcome.unit == PROBABILITY),
        **_spread("luck", values[:, 0], (0.05, 0.5, 0.95), outcome.unit == PROBABILITY),
        **_spread("assumptions", of_draws, (0.05, 0.95), steps=False),
    }


def _time(values: Values, reached: Values) -> dict[str, Values]:
    """Return the numbers of a time that runs may not reach: no mean, and "not by the end" later than any day."""
    times = np.where(reached > 0, values, np.where(np.isfinite(reached), np.inf, np.nan))
    nothing = np.full(len(values), np.nan)
    medians = _quantile(times[:, 1:].transpose(0, 2, 1), 0.5, steps=True)
    return {
        "runs": np.isfinite(reached).sum((1, 2)).astype(np.float64),
        **dict.fromkeys(("mean", "mean_se", "mean_low", "mean_high"), nothing),
        **_spread("luck", times[:, 0], (0.05, 0.5, 0.95), steps=True),
        **_spread("assumptions", medians, (0.05, 0.95), steps=True),
        "luck_sd": nothing,
        "assumptions_sd": nothing,
    }


def _ratio(above: Values, below: Values) -> Values:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below != 0, above / below, np.nan)


def _mean(mean: Values, parts: tuple[Values, Values, NDArray[np.bool_]], binary: bool) -> dict[str, Values]:
    """Return the means with their numerical standard errors and 95 % intervals, as `stats` has them."""
    squares, freedom, fewest = _squares(*parts, mean)
    runs = parts[2].sum((1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.where(freedom > 0, np.sqrt(squares), np.nan)
        student = np.where(freedom > 0, student_975(np.maximum(freedom, 1)), np.nan)
        low, high = mean - student * error, mean + student * error
        if binary:
            agree = (mean == 0) | (mean == 1)
            alone = agree if parts[0].shape[1] > 1 else np.ones(len(mean), np.bool_)
            count = np.where(alone, fewest, effective_count(mean, squares, runs))
            low, high = wilson(mean, count, np.where(alone, NORMAL_975, student))
    return {"mean": mean, "mean_se": error, "mean_low": low, "mean_high": high}


def _squares(
    above: Values, below: Values, there: NDArray[np.bool_], mean: Values
) -> tuple[Values, NDArray[np.int64], NDArray[np.int64]]:
    """Return squared standard errors of means, their degrees of freedom, and the fewest clusters, each [point].

    Errors are those of two-way clusters: see `stats`. With one draw every run is a cluster.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = (above - mean[:, None, None] * below) / below.sum((1, 2))[:, None, None]
    count = there.sum((1, 2))
    alone = np.square(errors).sum((1, 2)) * _correction(count)
    if above.shape[1] == 1:
        return alone, count - 1, count
    by_draw = np.square(errors.sum(2)).sum(1) * _correction(there.any(2).sum(1))
    by_luck = np.square(errors.sum(1)).sum(1) * _correction(there.any(1).sum(1))
    fewest = np.minimum(there.any(2).sum(1), there.any(1).sum(1))
    return np.maximum(np.maximum(by_draw + by_luck - alone, by_draw), by_luck), fewest - 1, fewest


def _correction(count: NDArray[np.int64]) -> Values:
    """Return n / (n - 1)."""
    return np.where(count > 1, count / np.maximum(count - 1, 1), 1.0)


def _spread(name: str, values: Values, probabilities: tuple[float, ...], steps: bool) -> dict[str, Values]:
    """Return standard deviation and quantiles over the last axis of float64[point, n]."""
    finite = np.isfinite(values)
    count = finite.sum(1)
    middle = np.where(finite, values, 0.0).sum(1) / np.maximum(count, 1)
    squares = np.square(np.where(finite, values - middle[:, None], 0.0)).sum(1)
    found = {f"{name}_sd": np.where(count > 1, np.sqrt(squares / np.maximum(count - 1, 1)), np.nan)}
    if name == "assumptions" and values.shape[1] < 2:
        return {**found, **{f"{name}_q{100 * p:02.0f}": np.full(len(values), np.nan) for p in probabilities}}
    return {**found, **{f"{name}_q{100 * p:02.0f}": _quantile(values, p, steps) for p in probabilities}}


def _quantile(values: Values, probability: float, steps: bool) -> Values:
    """Return a quantile over the last axis, skipping not-a-number; not-a-number where it is infinite or of nothing."""
    ranked = np.sort(values, axis=-1)  # not-a-number comes last
    count = (~np.isnan(values)).sum(-1)
    if steps:
        place = np.ceil(np.round(count * probability, 12)) - 1
        low = high = np.clip(place, 0, np.maximum(count - 1, 0)).astype(np.int64)
        share = np.zeros(count.shape)
    else:
        place = np.maximum(count - 1, 0) * probability
        low = np.floor(place).astype(np.int64)
        high = np.minimum(low + 1, np.maximum(count - 1, 0))
        share = place - low
    if ranked.shape[-1] == 0:
        return np.full(count.shape, math.nan)
    bottom, top = (np.take_along_axis(ranked, at[..., None], -1)[..., 0] for at in (low, high))
    with np.errstate(invalid="ignore"):
        value = np.where(share > 0, bottom + (top - bottom) * share, bottom)
    return np.where((count > 0) & np.isfinite(value), value, math.nan)
