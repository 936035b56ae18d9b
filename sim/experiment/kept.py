"""Daily series of the runs that keep them: a bounded number, so memory does not grow with the replications.

A block's series stand in a file beside its part, whole or not there, so that a run that was killed still has them. They
are large (the flagship's are 150 kB a run), so they end with a CRC-32, which costs a quarter of a hash.
"""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.errors import RunError
from sim.experiment.design import SERIES_KEPT, Design
from sim.experiment.tables import atomically

SUFFIX = ".series"
_MAGIC = b"twofront series 1\n"
_CHECK = struct.Struct("<I")

Series = NDArray[np.float32]


class KeptSeries:
    """The series that a design keeps.

    place : int64[k], rising, the runs that keep theirs in the order of the table; draw : int64[k], their draws.
    values : float32[k, day, series]; not-a-number in runs that failed or are not done.
    """

    def __init__(self, design: Design, days: int, count: int) -> None:
        """Make room for the series of a design, from day 0 to `days`."""
        self.place = kept_runs(design)
        self.draw = self.place // design.replications
        self.values = np.full((len(self.place), days + 1, count), np.nan, np.float32)

    def put(self, places: NDArray[np.int64], series: Series) -> None:
        """Keep the series of some runs, float32[run, day, series]; those that are not of the design are left out."""
        at = np.searchsorted(self.place, places)
        ours = (at < len(self.place)) & (self.place[np.minimum(at, len(self.place) - 1)] == places)
        self.values[at[ours]] = series[ours]


def kept_runs(design: Design) -> NDArray[np.int64]:
    """Return the runs whose series are kept, int64[k], rising; no draw beyond `SERIES_KEPT` keeps any."""
    draws = range(min(design.draws, SERIES_KEPT) + 1)
    return np.concatenate([draw * design.replications + np.arange(design.kept(draw)) for draw in draws])


def write_kept(path: Path, series: Series) -> None:
    """Write the series of a block; raise RunError where that fails."""
    head = json.dumps(series.shape).encode()
    begin = b"".join([_MAGIC, struct.pack("<Q", len(head)), head])
    values = np.ascontiguousarray(series, "<f4")
    check = _CHECK.pack(zlib.crc32(values.data, zlib.crc32(begin)))

    def write(target: Path) -> None:
        with target.open("wb") as file:
            file.write(begin)
            file.write(values.data)
            file.write(check)

    atomically(path, write)


def read_kept(path: Path) -> Series | None:
    """Return the series of a block; None where the file is torn, not there, or is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror or error}") from error
    body, check = memoryview(content)[: -_CHECK.size], content[-_CHECK.size :]
    if not content.startswith(_MAGIC) or _CHECK.pack(zlib.crc32(body)) != check:
        return None
    at = len(_MAGIC) + 8
    (length,) = struct.unpack("<Q", body[len(_MAGIC) : at])
    shape = json.loads(bytes(body[at : at + length]))
    values: Series = np.frombuffer(body, "<f4", offset=at + length).reshape(shape)
    return values
