"""The folder of `verify --history`: its numbers and its figure, with a manifest that `results` can list."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sim.experiment.read_result import HISTORY
from sim.experiment.store import FORMAT, MANIFEST, file_hashes, git_commit, package_versions, write_text

NUMBERS = "history.json"


@dataclass(frozen=True)
class About:
    """What the numbers are a function of: the bytes of the battles, the model's laws, the seed, the model."""

    battles: Path
    battles_hash: str
    laws: Mapping[str, float]
    seed: int
    model_version: str
    scenario: str | None = None

    @property
    def id(self) -> str:
        """Return 8 hexadecimal digits; the same numbers have the same."""
        parts = [FORMAT, HISTORY, self.battles_hash, dict(self.laws), self.seed, self.model_version]
        return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=4).hexdigest()


def write(folder: Path, about: About, numbers: Mapping[str, Any], command: str, started: datetime) -> None:
    """Write the numbers, then the manifest over all that the folder holds."""
    write_text(folder / NUMBERS, json.dumps(numbers, indent=1) + "\n")
    content = {
        "format": FORMAT,
        "kind": HISTORY,
        "id": about.id,
        "command": command,
        "scenario": {"title": f"History: {about.battles.name}", "file": about.scenario},
        "battles": {"file": about.battles.name, "hash": about.battles_hash},
        "laws": dict(about.laws),
        "seed": about.seed,
        "model_version": about.model_version,
        "runs": {"asked": 0, "done": 0, "failed": 0},
        "interrupted": False,
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": package_versions(),
        "git_commit": git_commit(),
        "host": {"system": platform.system(), "machine": platform.machine(), "cores": os.cpu_count()},
        "files": file_hashes(folder),
    }
    write_text(folder / MANIFEST, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
