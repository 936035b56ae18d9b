"""A result to branch from: what it was made of, read back from its folder and checked against code and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from sim.errors import InputError
from sim.experiment.design import Design
from sim.experiment.store import read_manifest
from sim.experiment.tables import read_parquet

if TYPE_CHECKING:
    from sim.scenario.load import Loaded


@dataclass(frozen=True)
class Branch:
    """Where a branched run starts: a result and a date.

    base : the scenario of the result; other : the file that it was made from, with its options and settings, to which
    new ones are added.
    """

    id: str
    folder: Path
    at: date
    base: Loaded
    design: Design
    file: Path
    choices: tuple[str, ...]
    sets: tuple[str, ...]

    def changed(self, choices: Sequence[str], sets: Sequence[str]) -> Loaded:
        """Return the scenario of the result with other options and settings on top of its own."""
        from sim.scenario.load import load

        if load(self.file, self.choices, self.sets).hash != self.base.hash:
            message = f"{self.file} is no longer what the result was made from; name the scenario to go on with"
            raise InputError.single("--from", "", message)
        decided = {text.partition("=")[0].strip() for text in choices}
        kept = [text for text in self.choices if text.partition("=")[0] not in decided]
        return load(self.file, [*kept, *choices], [*self.sets, *sets])

    def outcomes(self) -> dict[str, NDArray[Any]]:
        """Return the columns of the result's replications."""
        return read_parquet(self.folder / "replications.parquet")


def read_branch(folder: Path, at: str) -> Branch:
    """Return where a run branches; raise InputError where the result cannot be gone on from."""
    from sim.fingerprint import model_version
    from sim.scenario.load import load

    manifest = read_manifest(folder)
    if (kind := manifest.get("kind", "run")) != "run":
        raise InputError.single("--from", "", f"{folder}: is the result of a {kind}; only a run is gone on from")
    base = load(folder / "scenario.yaml")
    if manifest["branch"]:
        raise InputError.single("--from", "", f"{folder}: is itself branched; start from the result before it")
    if base.hash != manifest["scenario_hash"]:
        raise InputError.single("--from", "", f"{folder / 'scenario.yaml'}: was edited after the run")
    if manifest["model_version"] != model_version():
        message = (
            f"was run by model {manifest['model_version']}, this is {model_version()}; run its scenario again first"
        )
        raise InputError.single("--from", "", f"{folder}: {message}")
    made = manifest["scenario"]
    return Branch(
        id=manifest["id"],
        folder=folder,
        at=read_at(at),
        base=base,
        design=Design(manifest["seed"], manifest["draws"], manifest["replications"]),
        file=Path(made["file"]),
        choices=tuple(f"{decision}={option}" for decision, option in made["choices"].items()),
        sets=tuple(made["sets"]),
    )


def read_at(text: str) -> date:
    """Return the date that `--at` gives."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError.single("--at", "", f"'{text}' is not a date such as 2024-10-01 (year-month-day)") from error
