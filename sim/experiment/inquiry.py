"""The result folder of an analysis: the sweeps behind it, its answer and its tables; killed, it goes on where it was.

What is in the folder is agreed for all analyses: `manifest.json`, `answer.json`, tables as Parquet and CSV, figures,
and `runs/` with a sweep for each call of `evaluate`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.experiment import store
from sim.experiment.evaluate import Stored
from sim.experiment.tables import write_parquet

if TYPE_CHECKING:
    from sim.experiment.plan import Source
    from sim.experiment.workers import Where
    from sim.scenario.load import Loaded

ANALYSES = ("dilemma", "threshold", "game", "sensitivity", "discover", "calibrate", "backtest")
ANSWER, RUNS = "answer.json", "runs"

Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Asked:
    """An analysis that is asked for.

    kind : one of ANALYSES; question : all that its numbers depend on beside the scenario, as plain data.
    """

    kind: str
    source: Source
    base: Loaded
    seed: int
    question: Mapping[str, Any]
    command: str = ""

    @property
    def id(self) -> str:
        """Return 8 hexadecimal digits: a hash of what the answer is a function of."""
        from sim.fingerprint import model_version

        content = [store.FORMAT, self.kind, self.base.hash, self.seed, dict(self.question), model_version()]
        return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=4).hexdigest()


class Inquiry:
    """An analysis under way in its folder: `evaluate` runs, `finish` writes what came of it."""

    def __init__(self, asked: Asked, folder: Path, where: Where, progress: Callable[[int], Any] | None = None) -> None:
        """Claim nothing, write the manifest of an interrupted result; see `find` for the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.asked, self.folder = asked, folder
        self.evaluate = Stored(asked.source, asked.base, folder / RUNS, where, progress)
        self._clock, self._started = time.perf_counter(), datetime.now(UTC)
        self._write(interrupted=True)

    def finish(self, answer: Mapping[str, Any], tables: Mapping[str, Columns]) -> None:
        """Write the tables (Parquet and CSV, the same rows), then the answer, then the manifest."""
        for name, columns in tables.items():
            write_parquet(self.folder / f"{name}.parquet", columns)
            store.write_text(self.folder / f"{name}.csv", csv_text(columns))
        store.write_text(self.folder / ANSWER, json.dumps(answer, indent=1, ensure_ascii=False) + "\n")
        self.sign()

    def sign(self) -> None:
        """Write the manifest of a finished result; once more where files were added, such as figures."""
        self._write(interrupted=False)

    def stop(self) -> None:
        """Write the manifest of an interrupted result, with what has been run by now."""
        self._write(interrupted=True)

    def take_back(self) -> None:
        """Remove the manifest where nothing was run, ever, so that wrong input leaves no unfinished result."""
        runs = self.folder / RUNS
        if not (runs.is_dir() and any(runs.iterdir())) and not (self.folder / ANSWER).is_file():
            (self.folder / store.MANIFEST).unlink(missing_ok=True)

    def _write(self, interrupted: bool) -> None:
        content = self._manifest(interrupted)
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        store.write_text(self.folder / store.MANIFEST, text)

    def _manifest(self, interrupted: bool) -> dict[str, Any]:
        from sim.experiment.manifest import described, machine
        from sim.fingerprint import model_version

        asked, spent = self.asked, self.evaluate.spent
        done = spent.made + spent.reused
        return {
            "format": store.FORMAT,
            "id": asked.id,
            "kind": asked.kind,
            "command": asked.command,
            "question": dict(asked.question),
            "scenario": described(asked.source, asked.base),
            "scenario_hash": asked.base.hash,
            "seed": asked.seed,
            "model_version": model_version(),
            "engine": "compiled",
            "interrupted": interrupted,
            "runs": {"asked": done, "done": done, "failed": spent.failed, "made": spent.made},
            "failures": [],
            "started": self._started.isoformat(timespec="seconds"),
            "finished": None if interrupted else datetime.now(UTC).isoformat(timespec="seconds"),
            "wall_s": round(time.perf_counter() - self._clock, 3),
            **machine(),
            "files": {} if interrupted else store.file_hashes(self.folder),
        }


def find(asked: Asked, out: Path | None, stem: str, fresh: bool) -> Path:
    """Return the folder for an analysis: the one named, else an unfinished one of the same analysis, else a new one.

    Raise InputError where the folder named holds something else; `fresh` throws that away.
    """
    if out is not None and (out / store.MANIFEST).is_file():
        _check_same(asked, out, fresh)
        return out
    if out is None and not fresh:
        for folder in sorted(store.RESULTS.glob(f"*-{asked.id[:4]}*"), reverse=True):
            if _unfinished(asked, folder):
                return folder
    return store.claim(out, f"{stem}-{asked.kind}", asked.id)


def _check_same(asked: Asked, out: Path, fresh: bool) -> None:
    manifest = store.read_manifest(out)
    kind, was = manifest.get("kind", "run"), manifest["id"]
    if fresh and kind in ANALYSES:
        store.clear(out)
        rmtree(out / RUNS, ignore_errors=True)
    elif (kind, was) != (asked.kind, asked.id):
        told = (
            "another question, scenario, seed or model; --fresh throws it away" if kind in ANALYSES else "name another"
        )
        message = f"{out}: holds another result: {kind} {was}, this is {asked.kind} {asked.id} ({told})"
        raise InputError.single("--out", "", message)


def _unfinished(asked: Asked, folder: Path) -> bool:
    try:
        manifest = store.read_manifest(folder)
    except InputError:
        return False
    return (manifest.get("kind"), manifest["id"]) == (asked.kind, asked.id) and bool(manifest["interrupted"])


def csv_text(columns: Columns) -> str:
    """Return columns as CSV; not-a-number is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*(np.asarray(column).tolist() for column in columns.values()), strict=True):
        writer.writerow(["" if cell is None or cell != cell else cell for cell in row])
    return text.getvalue()
