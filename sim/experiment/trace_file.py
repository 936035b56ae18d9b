"""A trace of many runs in one file: each run is kept beside it as it ends, and they are joined in order of identity."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

from sim.errors import InputError
from sim.experiment.design import Design, storage
from sim.experiment.tables import atomically

MOST_RUNS = 100  # traced without having been asked for by number
_WORLDS = ("main", "counterfactual")
_BEGINNING = b'{"draw": '
_BYTES_A_FRONT_DAY = 1_600  # the flagship: 2.9 MB in 267 days on 7 fronts


class TraceFile:
    """Where the traces of one command go; memory does not grow with their number."""

    def __init__(self, path: Path) -> None:
        """Name the file; `begin` makes the place beside it."""
        self.path = path
        self._folder = path

    def begin(self) -> None:
        """Prepare to write the file; raise InputError where that cannot be."""
        try:
            if self.path.is_dir():
                raise IsADirectoryError(21, "is a directory")
            if self.path.exists() and not _is_trace(self.path):
                raise FileExistsError(17, "it exists and is no trace; choose another name")
            self._folder = Path(mkdtemp(prefix=f".{self.path.name}.", suffix=".part", dir=self.path.parent))
        except OSError as error:
            message = f"{self.path}: cannot be written: {(error.strerror or str(error)).lower()}"
            raise InputError.single("--trace", "", message) from error

    def keep(self, draw: int, replication: int, world: str, lines: Sequence[str]) -> None:
        """Keep the lines of a run, each with the run's identity in front; may be called from any thread."""
        head = f'{{"draw": {draw}, "replication": {replication}, "world": "{world}", '
        text = "".join(f"{head}{line[1:]}\n" for line in lines)
        name = f"{draw:09}-{replication:09}-{_WORLDS.index(world)}"
        (self._folder / name).write_text(text, encoding="utf-8", newline="\n")

    def join(self) -> None:
        """Write the file from what is kept, sorted by draw, replication and world, whatever ended first."""

        def write(part: Path) -> None:
            with part.open("wb") as target:
                for piece in sorted(self._folder.iterdir()):
                    with piece.open("rb") as source:
                        shutil.copyfileobj(source, target)

        atomically(self.path, write)

    def discard(self) -> None:
        """Remove what is kept beside the file."""
        if self._folder != self.path:
            shutil.rmtree(self._folder, ignore_errors=True)


def _is_trace(path: Path) -> bool:
    """Whether a file may be written over: an empty one, or a trace of an earlier run."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_BEGINNING)) in (b"", _BEGINNING)


def trace_bytes(design: Design, worlds: int, days: int, fronts: int) -> int:
    """Return roughly how large a trace becomes."""
    return design.runs * worlds * days * fronts * _BYTES_A_FRONT_DAY


def check_trace(design: Design, size: int, free_bytes: int, asked: bool) -> None:
    """Refuse a trace of many runs that were not asked for by number, or one that the disk does not hold."""
    if design.runs > MOST_RUNS and not asked:
        message = (
            f"would trace {design.runs:,} runs, about {storage(size)}; ask for few runs (-n 1 --draws 0), "
            f"or for as many by -n (more than {MOST_RUNS} are traced only when -n says so)"
        )
        raise InputError.single("--trace", "", message)
    if 2 * size > free_bytes:
        message = f"would need about {storage(2 * size)} while it is written, but only {storage(free_bytes)} is free"
        raise InputError.single("--trace", "", message)
