"""Parquet files from numpy columns, written by DuckDB: the same columns give the same bytes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import RunError

if TYPE_CHECKING:
    from sim.model.tally import Outcome

Columns = Mapping[str, NDArray[Any]]
_SMALL = 20_000  # rows of a table that is read as a whole
_HELD = 3  # columns of a larger one that are in memory
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


class Table(Mapping[str, NDArray[np.float64]]):
    """A Parquet file of which columns are read when they are asked for, as float64[row]; null is not-a-number.

    A small table is read as a whole; of a large one a few columns are in memory, whatever its number of rows.
    """

    def __init__(self, path: Path) -> None:
        """Open a file; raise RunError where it cannot be read."""
        import duckdb

        self.path, self._found = path, dict[str, NDArray[np.float64]]()
        try:
            self._connection = duckdb.connect(config={"threads": 1})
            described = self._connection.execute(f"DESCRIBE FROM {SCAN}", [str(path)]).fetchall()
            counted = self._connection.execute(f"SELECT count(*) FROM {SCAN}", [str(path)]).fetchone()
        except duckdb.Error as error:
            raise RunError(f"{path}: cannot be read: {error}") from error
        self._names = [str(row[0]) for row in described]
        self.rows = int(counted[0]) if counted else 0

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """Return a column."""
        if name not in self._names:
            raise KeyError(name)
        if name not in self._found:
            small = self.rows <= _SMALL
            if not small and len(self._found) >= _HELD:
                self._found.clear()
            self._found.update(self._read(self._names if small else [name]))
        return self._found[name]

    def _read(self, names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        import duckdb

        listed = ", ".join('"{}"'.format(name.replace('"', '""')) for name in names)
        try:
            found = self._connection.execute(f"SELECT {listed} FROM {SCAN}", [str(self.path)]).fetchnumpy()
        except duckdb.Error as error:
            raise RunError(f"{self.path}: cannot be read: {error}") from error
        return {name: np.asarray(_plain(column), np.float64) for name, column in found.items()}

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


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
