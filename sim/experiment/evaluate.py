"""What an analysis asks of the simulator: points x draws x replications in, a table of outcomes out.

An analysis takes `evaluate` as an argument, so that its tests pass in a function with a known answer. `stored` gives
the real one: each call is a sweep in a folder of its own, so a killed analysis goes on where it was, and what an
earlier call has run is not run again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.experiment.design import Design
from sim.experiment.points import LIST, Layout, Points

if TYPE_CHECKING:
    from sim.experiment.plan import Plan, Source
    from sim.experiment.workers import Where
    from sim.scenario.load import Loaded

Values = NDArray[np.float64]


class Table(NamedTuple):
    """Outcomes of runs.

    values : float64[point, draw, replication] by outcome, not-a-number where a run failed or has no such outcome.
    Draw 0 has the central assumptions, draws 1 to N are sampled.
    """

    values: Mapping[str, Values]


class Evaluate(Protocol):
    """Runs points, each under every draw and with every replication of luck."""

    def __call__(self, points: Points, design: Design, outcomes: Sequence[str]) -> Table:
        """Return the outcomes asked for; the same runs have the same numbers in every call."""


@dataclass
class Spent:
    """Runs that an analysis has asked for: made now, taken from what was there, and failed."""

    made: int = 0
    reused: int = 0
    failed: int = 0


@dataclass
class Stored:
    """Evaluates a scenario in sweeps below a folder; raises KeyboardInterrupt when interrupted."""

    source: Source
    base: Loaded
    folder: Path
    where: Where
    progress: Callable[[int], Any] | None = None
    block: int | None = None

    def __post_init__(self) -> None:
        """Start with nothing spent."""
        self.spent = Spent()

    def __call__(self, points: Points, design: Design, outcomes: Sequence[str]) -> Table:
        """Run what is missing of some points; raise InputError where one makes no valid scenario."""
        from sim.experiment.sweep_run import How, carry_out

        plan = self._grown(self._plan(points, design, outcomes))
        _discard_torn(self._place(plan))
        done = carry_out(plan, self._place(plan), How(self.where, progress=self.progress, block=self.block))
        if done.interrupted:
            raise KeyboardInterrupt
        self.spent.made += done.done - done.before
        self.spent.reused += done.before
        self.spent.failed += done.failed
        return _table(self._place(plan), plan, design, outcomes)

    def _plan(self, points: Points, design: Design, outcomes: Sequence[str]) -> Plan:
        from sim.experiment.plan import make_plan

        return make_plan(self.source, self.base, points, Layout(LIST), design, outcomes)

    def _place(self, plan: Plan) -> Path:
        """Return the folder of some points: more draws or replications of them are kept with those that are there."""
        content = json.dumps([plan.identity(), plan.hashes], sort_keys=True)
        return self.folder / hashlib.blake2b(content.encode(), digest_size=8).hexdigest()

    def _grown(self, plan: Plan) -> Plan:
        """Return the plan, with as many draws and replications as there are already where those are more."""
        from sim.experiment.store import MANIFEST, read_manifest

        place, design = self._place(plan), plan.design
        if not (place / MANIFEST).is_file():
            return plan
        there = read_manifest(place)
        draws, replications = max(design.draws, there["draws"]), max(design.replications, there["replications"])
        return replace(plan, design=replace(design, draws=draws, replications=replications))


def _discard_torn(place: Path) -> None:
    """Throw away a folder of ours that was killed before it could say what it is; nothing has been run in it."""
    from sim.experiment.store import MANIFEST

    if place.is_dir() and not (place / MANIFEST).is_file():
        shutil.rmtree(place)


def _table(folder: Path, plan: Plan, design: Design, outcomes: Sequence[str]) -> Table:
    """Return the runs that were asked for of those that a folder holds."""
    from sim.experiment.sweep_run import REPLICATIONS
    from sim.experiment.tables import read_parquet

    columns = read_parquet(folder / REPLICATIONS)
    shape = len(plan.points), plan.design.draws + 1, plan.design.replications
    draws = min(design.draws, plan.design.draws)  # where nothing is uncertain there is draw 0 only
    return Table(
        {
            name: np.asarray(columns[name], np.float64).reshape(shape)[:, : draws + 1, : design.replications]
            for name in outcomes
        }
    )


def drawn(loaded: Loaded, seed: int, draws: int) -> dict[str, Values]:
    """Return the value of each uncertain number in draws 0 (the central one) to `draws`, float64[draw] by path."""
    from sim.experiment.study import ready

    known = ready(loaded, seed)
    rows = [known.central(), *({**known.central(), **known.values(draw)} for draw in range(1, draws + 1))]
    return {path: np.array([row[path] for row in rows], np.float64) for path in rows[0]}
