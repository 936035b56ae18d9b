"""Parquet files from numpy columns, written by DuckDB: the same columns give the same bytes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import RunError

if TYPE_CHECKING:
    from sim.experiment.execute import Runs
    from sim.experiment.study import Study
    from sim.model.tally import Outcome

Columns = Mapping[str, NDArray[Any]]
SCAN = "read_parquet(?, hive_partitioning = false)"  # a folder named a=b is no column


def atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` make a file under a temporary name, then rename it; raise RunError when that fails."""
    part = path.with_name(f".{path.name}.part")
    try:
        write(part)
        os.replace(part, path)
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def write_parquet(path: Path, columns: Columns, select: str = "*") -> None:
    """Write columns of equal length (not-a-number becomes null); `select` may derive columns from them, in SQL."""
    import duckdb

    def write(part: Path) -> None:
        with duckdb.connect() as connection:
            connection.register("given", dict(columns))
            target = str(part).replace("'", "''")
            try:
                connection.execute(
                    f"COPY (SELECT {select} FROM given) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
                )
            except duckdb.IOException as error:
                raise OSError(str(error)) from error

    atomically(path, write)


def read_parquet(path: Path) -> dict[str, NDArray[Any]]:
    """Return the columns of a Parquet file; null becomes not-a-number."""
    import duckdb

    try:
        with duckdb.connect() as connection:
            found = connection.execute(f"SELECT * FROM {SCAN}", [str(path)]).fetchnumpy()
    except duckdb.Error as error:
        raise RunError(f"{path}: cannot be read: {error}") from error
    return {name: _plain(column) for name, column in found.items()}


def _plain(column: Any) -> NDArray[Any]:
    if not isinstance(column, np.ma.MaskedArray):
        return np.asarray(column)
    return np.asarray(column.filled(np.nan) if column.dtype.kind == "f" else column.data)


def write_replications(path: Path, runs: Runs) -> None:
    """Write a row for each run, sorted by draw and replication: its identity, its status (0 = done), its outcomes."""
    identity = {
        "seed": np.full(len(runs.draw), runs.design.seed, np.int64),
        "draw": runs.draw,
        "replication": runs.replication,
        "status": runs.status,
    }
    write_parquet(path, {**identity, **runs.columns()})


def write_assumptions(path: Path, study: Study, draws: int) -> None:
    """Write the value of each uncertain number in each draw (long: draw, path, value); draw 0 has the central ones."""
    central = study.central
    values = [central, *(study.values(draw) for draw in range(1, draws + 1))]
    columns = {
        "draw": np.repeat(np.arange(draws + 1), len(central)),
        "path": np.tile(np.array(list(central), object), draws + 1),
        "value": np.array([row[name] for row in values for name in central], np.float64),
    }
    write_parquet(path, columns)


def write_series(path: Path, start: date, series: Sequence[Outcome], bands: Columns) -> None:
    """Write the daily series (long: day, date, name, unit, then the columns of `sim.analysis.bands`).

    bands : float64[series, day] by column. A series that two things share (a theatre and its only front) stands once.
    """
    rows, days = once(series), next(iter(bands.values())).shape[1]
    columns: dict[str, NDArray[Any]] = {
        "day": np.tile(np.arange(days, dtype=np.int32), len(rows)),
        "name": np.repeat(np.array([series[row].name for row in rows], object), days),
        "unit": np.repeat(np.array([series[row].unit for row in rows], object), days),
    }
    columns.update({name: values[rows].ravel() for name, values in bands.items()})
    write_parquet(path, columns, f"day, (DATE '{start}' + day)::DATE AS date, * EXCLUDE (day)")


def once(series: Sequence[Outcome]) -> list[int]:
    """Return the position of the first series of each name."""
    first: dict[str, int] = {}
    for position, each in enumerate(series):
        first.setdefault(each.name, position)
    return list(first.values())
