"""The file of a sweep: a scenario, what varies, the design and the runs; every problem at its place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim.errors import InputError
from sim.scenario.explain import problems_of
from sim.scenario.tree import Node, plain, read_file

Value = str | int | float | bool
_NAME = "sweep"


class Sweep(BaseModel):
    """A sweep."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sweep: Literal[1]
    title: str = ""
    question: str = ""
    scenario: str
    """The scenario file, from the place of this file."""
    set: dict[str, Value] = {}
    """Values of the scenario that do not vary, by path, as by --set."""
    choose: dict[str, str] = {}
    """Options taken, by actor.decision, as by --choice."""
    vary: dict[str, str | list[Value] | None] = Field(min_length=1)
    """Path or actor.decision: LO:HI:STEP, LO:HI, a list, or nothing for the distribution that the scenario declares."""
    design: Literal["grid", "lhs", "sobol", "list"] = "grid"
    points: int | None = None
    """Points of a design by lhs or sobol."""
    draws: int | None = None
    replications: int | None = None
    seed: int | None = None
    outcomes: list[str] = []
    """Outcomes that are kept; all of them where none is named."""


@dataclass(frozen=True)
class SweepFile:
    """A sweep as read: `where` gives the place of a factor, for messages."""

    sweep: Sweep
    path: Path
    tree: Node

    @property
    def scenario(self) -> Path:
        """Return the file of the scenario."""
        return Path(self.path.parent, self.sweep.scenario)

    def where(self, factor: str) -> str:
        """Return 'file.yaml:4:3' of a factor."""
        vary = self.tree.child("vary")
        node = vary.child(factor) if vary else None
        return node.origin.key_where() if node else str(self.path)


def read_sweep(path: Path) -> SweepFile | None:
    """Return the sweep in a file; None where the file is something else, such as a scenario."""
    tree = read_file(path, str(path))
    if tree.child(_NAME) is None:
        return None
    try:
        content: Any = Sweep.model_validate(plain(tree))
    except ValidationError as error:
        raise InputError(problems_of(error, Sweep, tree)) from error
    found = SweepFile(content, path, tree)
    if not found.scenario.is_file():
        node = tree.child("scenario")
        where = node.origin.where() if node else str(path)
        raise InputError.single(where, "scenario", f"there is no file {found.scenario}")
    return found
