"""Parts of a result on disk: one file for each block, whole or not there, and the table that is joined from them.

A part knows its runs by the hash of their point, so it stays good when a design grows. It ends with a hash of its
bytes: what a crash or a full disk tore is ignored, and run again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import RunError
from sim.experiment.blocks import Part, Span
from sim.experiment.kept import SUFFIX as SERIES
from sim.experiment.kept import KeptSeries, read_kept, write_kept
from sim.experiment.tables import SCAN, atomically, write_parquet

PARTS, SUFFIX = "parts", ".part"
_MAGIC = b"twofront part 1\n"
_DIGEST = 16
_WINDOW = 8_192  # rows of the table that are in memory at once
_OPEN = 8  # parts whose rows are in memory while a table is joined
_MEMORY_MB, _MEMORY_MB_A_COLUMN = 45, 0.25  # of DuckDB while a table is joined; whatever its number of rows
_ROW_GROUP = 16_384  # rows that are compressed together
_IMPORTED = 32_768  # rows of a finished table that make a part
IDENTITY = ("seed", "point", "draw", "replication", "status")


def write_part(folder: Path, part: Part) -> Path:
    """Write a part into a folder, under a name that its runs give; raise RunError where that fails.

    Series that it keeps are written first, so that a part that is there has them.
    """
    reasons = {str(k): why for k, why in part.reasons.items()}
    said = {"spans": part.spans, "outcomes": part.outcomes, "reasons": reasons, "kept": part.kept}
    head = json.dumps(said).encode()
    status, values = part.status.astype("<i8"), np.ascontiguousarray(part.values, "<f8")
    content = b"".join([_MAGIC, struct.pack("<Q", len(head)), head, status.tobytes(), values.tobytes()])
    name = hashlib.blake2b(json.dumps(part.spans).encode(), digest_size=8).hexdigest()
    path = folder / f"{name}{SUFFIX}"
    if part.series is not None:
        write_kept(path.with_suffix(SERIES), part.series)
    whole = content + hashlib.blake2b(content, digest_size=_DIGEST).digest()
    atomically(path, lambda target: _write(target, whole))
    return path


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def read_part(path: Path) -> Part | None:
    """Return a part without its series; None where the file is torn or is none."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror or error}") from error
    body, digest = content[:-_DIGEST], content[-_DIGEST:]
    if not body.startswith(_MAGIC) or hashlib.blake2b(body, digest_size=_DIGEST).digest() != digest:
        return None
    at = len(_MAGIC) + 8
    (length,) = struct.unpack("<Q", body[len(_MAGIC) : at])
    head = json.loads(body[at : at + length])
    spans = tuple(Span(*each) for each in head["spans"])
    rows, at = sum(span.length for span in spans), at + length
    status = np.frombuffer(body, "<i8", rows, at)
    values = np.frombuffer(body, "<f8", rows * len(head["outcomes"]), at + 8 * rows).reshape(rows, -1)
    reasons = {int(row): why for row, why in head["reasons"].items()}
    return Part(spans, tuple(head["outcomes"]), status, values, reasons, tuple(head["kept"]))


class Layout(NamedTuple):
    """The order of runs in a table: by point (known by hash), draw and replication.

    again : hash and number of points whose scenario is that of an earlier one (options that come to the same); what is
    run of the one is the other's, too.
    """

    points: Mapping[str, int]
    draws: int
    replications: int
    again: tuple[tuple[str, int], ...] = ()

    @property
    def runs(self) -> int:
        """Return how many runs there are."""
        return (len(self.points) + len(self.again)) * (self.draws + 1) * self.replications

    @property
    def repeated(self) -> NDArray[np.bool_]:
        """Return which runs are those of an earlier point, bool[run]."""
        found = np.zeros((len(self.points) + len(self.again), (self.draws + 1) * self.replications), np.bool_)
        found[[point for _, point in self.again]] = True
        return found.ravel()

    def places(self, span: Span) -> list[int]:
        """Return the places of a span's first run: one for each point of its scenario, none where it is not of this."""
        if span.hash not in self.points or span.draw > self.draws or span.first >= self.replications:
            return []
        points = [self.points[span.hash], *(point for hashed, point in self.again if hashed == span.hash)]
        return [(point * (self.draws + 1) + span.draw) * self.replications + span.first for point in points]

    def length(self, span: Span) -> int:
        """Return how many of a span's runs count.

        A last run without its neighbour counts only at the end of the replications: elsewhere an outcome that
        compares it with its neighbour is missing.
        """
        end = min(span.first + span.length, self.replications)
        return end - span.first - (end % 2 if end < self.replications else 0)


class Failure(NamedTuple):
    """A run that failed, and why."""

    point: int
    draw: int
    replication: int
    reason: str


class _Piece(NamedTuple):
    """Runs of a table that stand together in a part: from place `first`, `length` rows of file `part` from `row`."""

    first: int
    length: int
    part: int
    row: int


class Parts:
    """The parts of a result: what is done, what failed, and the joining of the table."""

    def __init__(self, folder: Path, layout: Layout, retry: bool = False, kept: KeptSeries | None = None) -> None:
        """Look through what a folder holds; with `retry`, runs that failed do not count as done.

        kept : where the daily series of the parts go, None where none are kept.
        """
        self.folder, self.layout, self.retry, self.kept = folder / PARTS, layout, retry, kept
        self.done = np.zeros(layout.runs, np.bool_)
        self.torn: list[Path] = []
        self._failed: dict[int, str] = {}
        self._files: list[Path] = []
        self._pieces: list[_Piece] = []
        self._make_folder()
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            part = self._whole(path)
            if part is None:
                self.torn.append(path)
            else:
                self._count(path, part, retry)

    def _whole(self, path: Path) -> Part | None:
        """Return a part with the series that it keeps; None where either is torn."""
        part = read_part(path)
        if part is None or self.kept is None or not part.kept:
            return part
        series = read_kept(path.with_suffix(SERIES))
        return None if series is None else part._replace(series=series)

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for left in self.folder.glob(".*.part"):
                left.unlink()
        except OSError as error:
            raise RunError(f"{self.folder}: cannot be written: {error.strerror or error}") from error

    def add(self, part: Part) -> None:
        """Keep a part that has just been made."""
        self._count(write_part(self.folder, part), part, retry=False)

    def _count(self, path: Path, part: Part, retry: bool) -> None:
        number, row = len(self._files), 0
        self._files.append(path)
        for span in part.spans:
            places = self.layout.places(span)
            length = self.layout.length(span) if places else 0
            for first in places if length > 0 else ():
                self._pieces.append(_Piece(first, length, number, row))
                self._mark(first, part.status[row : row + length], (part.reasons, row), retry)
            row += span.length
        if self.kept is not None and part.series is not None:
            self.kept.put(_places(self.layout, part), part.series)

    def _mark(self, first: int, status: NDArray[np.int64], why: tuple[Mapping[int, str], int], retry: bool) -> None:
        """Note what is done and what failed; a failed run is retried with its neighbour."""
        reasons, row = why
        bad = np.flatnonzero(status)
        good = status == 0
        for k in np.flatnonzero(good).tolist() if self._failed else ():
            self._failed.pop(first + k, None)
        for k in bad.tolist():
            if not (self.done[first + k] and first + k not in self._failed):
                self._failed[first + k] = reasons.get(row + k, "failed")
        counts = np.ones(len(status), np.bool_) if not retry else _with_neighbours(good)
        self.done[first : first + len(status)] |= counts

    @property
    def failed(self) -> int:
        """Return how many runs failed."""
        return len(self._failed)

    def failures(self, most: int) -> list[Failure]:
        """Return runs that failed, in the order of the table."""
        return [self._failure(place) for place in sorted(self._failed)[:most]]

    def _failure(self, place: int) -> Failure:
        cell, replication = divmod(place, self.layout.replications)
        return Failure(*divmod(cell, self.layout.draws + 1), replication, self._failed[place])

    def windows(self, outcomes: Sequence[str]) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield the columns of the table in windows of rows, in its order; the same whatever parts there are."""
        pieces = np.array(sorted(self._pieces), np.int64).reshape(-1, 4)
        longest = int(pieces[:, 1].max(initial=0))
        rows = _Rows(self._files, outcomes)
        for start in range(0, self.layout.runs, _WINDOW):
            end = min(start + _WINDOW, self.layout.runs)
            some = slice(*np.searchsorted(pieces[:, 0], [start - longest, end]).tolist())
            yield self._window((start, end), pieces[some], rows, outcomes)

    def _window(
        self, bounds: tuple[int, int], pieces: NDArray[np.int64], rows: _Rows, outcomes: Sequence[str]
    ) -> dict[str, NDArray[Any]]:
        start, end = bounds
        status, values = np.full(end - start, -1, np.int64), np.full((end - start, len(outcomes)), np.nan)
        for first, length, number, row in pieces.tolist():
            low, high = max(first, start), min(first + length, end)
            if low >= high:
                continue
            here, there = slice(low - start, high - start), slice(row + low - first, row + high - first)
            found, numbers = rows.of(number, there)
            better = status[here] != 0  # a run that failed once and was done later counts as done
            status[here] = np.where(better, found, status[here])
            values[here] = np.where(better[:, None], numbers, values[here])
        cell, replication = np.divmod(np.arange(start, end), self.layout.replications)
        point, draw = np.divmod(cell, self.layout.draws + 1)
        identity = {"point": point, "draw": draw, "replication": replication, "status": status}
        return {**identity, **{name: np.ascontiguousarray(values[:, k]) for k, name in enumerate(outcomes)}}

    def discard(self) -> None:
        """Remove the parts."""
        for path in [*self._files, *self.torn]:
            with suppress(OSError):
                path.unlink(missing_ok=True)
                path.with_suffix(SERIES).unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()


def _places(layout: Layout, part: Part) -> NDArray[np.int64]:
    """Return the places of the runs of a part that keep their series, int64[k]; -1 where one is not of the design.

    Of points whose scenario is the same only the first keeps them.
    """
    places = []
    for span in part.spans:
        found = layout.places(span)
        places.append(found[0] + np.arange(span.length) if found else np.full(span.length, -1))
    return np.asarray(np.concatenate(places)[list(part.kept)], np.int64)


def _with_neighbours(good: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which runs are done with their neighbours (0 with 1, 2 with 3, ...)."""
    neighbour = np.minimum(np.arange(len(good)) ^ 1, len(good) - 1)
    return np.asarray(good & good[neighbour])


class _Rows:
    """Rows of parts by number, the parts last used kept in memory, their columns in the order asked for."""

    def __init__(self, files: Sequence[Path], outcomes: Sequence[str]) -> None:
        self._files, self._outcomes = files, tuple(outcomes)
        self._kept: OrderedDict[int, tuple[NDArray[np.int64], NDArray[np.float64]]] = OrderedDict()

    def of(self, number: int, rows: slice) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return status and values of some rows of a part."""
        if number not in self._kept:
            if len(self._kept) >= _OPEN:
                self._kept.popitem(last=False)
            self._kept[number] = self._read(self._files[number])
        self._kept.move_to_end(number)
        status, values = self._kept[number]
        return status[rows], values[rows]

    def _read(self, path: Path) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        part = read_part(path)
        if part is None:
            raise RunError(f"{path}: was changed while the result was made; run the command again")
        if part.outcomes == self._outcomes:
            return part.status, part.values
        values = np.full((len(part.status), len(self._outcomes)), np.nan)
        for k, name in enumerate(self._outcomes):
            if name in part.outcomes:
                values[:, k] = part.values[:, part.outcomes.index(name)]
        return part.status, values


def write_stream(path: Path, windows: Iterator[Mapping[str, NDArray[Any]]]) -> None:
    """Write a Parquet file from windows of rows, in their order; memory does not grow with their number.

    Each is a Parquet file beside the table first, and DuckDB joins them in one thread, so that the same rows give the
    same bytes. A table of one window goes straight to its file.
    """
    first, second = next(windows, None), next(windows, None)
    if first is not None and second is None:
        write_parquet(path, first)
        return
    through = path.with_name(f".{path.name}.windows")
    shutil.rmtree(through, ignore_errors=True)
    try:
        through.mkdir()
        for k, window in enumerate(chain([each for each in (first, second) if each is not None], windows)):
            write_parquet(through / f"{k:09}.parquet", window)
        atomically(path, partial(_join, through, len(first or ())))
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(through, ignore_errors=True)


def _join(folder: Path, columns: int, target: Path) -> None:
    """Write the rows of all Parquet files of a folder into one, in the order of their names."""
    import duckdb

    memory = f"{_MEMORY_MB + _MEMORY_MB_A_COLUMN * columns:.0f}MB"
    settings: dict[str, Any] = {"threads": 1, "memory_limit": memory, "preserve_insertion_order": True}
    files, quoted = [str(each) for each in sorted(folder.iterdir())], str(target).replace("'", "''")
    options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROW_GROUP}"
    try:
        with duckdb.connect(config=settings) as connection:
            connection.execute(f"COPY (SELECT * FROM {SCAN}) TO '{quoted}' ({options})", [files])
    except duckdb.Error as error:
        raise OSError(str(error)) from error


def table_parts(
    table: Path, hashes: Sequence[str], replications: int, reasons: Mapping[tuple[int, int, int], str]
) -> Iterator[Part]:
    """Yield a finished table as parts, so that what it holds is not run again when its design grows.

    hashes : of its points, by number; replications : how many it has of each draw.
    """
    import duckdb

    cells, start = max(1, _IMPORTED // replications), 0
    query = "SELECT * EXCLUDE (file_row_number) FROM read_parquet(?, file_row_number = true, hive_partitioning = false)"
    with duckdb.connect(config={"threads": 1}) as connection:
        while True:
            bounds = [str(table), start, start + cells * replications]
            found = connection.execute(f"{query} WHERE file_row_number >= ? AND file_row_number < ?", bounds)
            columns = found.fetchnumpy()
            if not len(columns["status"]):
                return
            yield _imported(columns, hashes, replications, reasons)
            start = bounds[2]  # type: ignore[assignment]


def _imported(
    columns: Mapping[str, Any], hashes: Sequence[str], replications: int, reasons: Mapping[tuple[int, int, int], str]
) -> Part:
    outcomes = tuple(name for name in columns if name not in IDENTITY)
    point, draw = (np.asarray(columns[name], np.int64) for name in ("point", "draw"))
    status = np.asarray(columns["status"], np.int64)
    starts = range(0, len(status), replications)
    spans = tuple(Span(hashes[point[row]], int(draw[row]), 0, replications) for row in starts)
    values = np.empty((len(status), len(outcomes)))
    for k, name in enumerate(outcomes):
        column = columns[name]
        values[:, k] = column.filled(np.nan) if isinstance(column, np.ma.MaskedArray) else column
    runs = {int(row): (int(point[row]), int(draw[row]), int(row) % replications) for row in np.flatnonzero(status)}
    return Part(spans, outcomes, status, values, {row: reasons.get(run, "failed") for row, run in runs.items()})
