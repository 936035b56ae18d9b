"""A small experiment from the text of a scenario to a few of its daily series: what `verify` runs.

It goes the way of a user's run: a file is loaded, lowered under each draw, run through `execute`, and read by the names
of series.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.experiment.design import Design
from sim.experiment.execute import BLOCK, execute
from sim.experiment.study import MAIN, Case, Drive, Driven, FromStart, Ready, Study, World, ready
from sim.experiment.user_code import NONE
from sim.experiment.workers import available_cores

if TYPE_CHECKING:
    from sim.engine.compiled import Block
    from sim.scenario.load import Loaded
    from sim.scenario.lower import Lowered

COMPILED, SIMPY = "compiled", "simpy"
SHIPPED = Path(__file__).resolve().parents[2] / "scenarios"

Values = NDArray[np.float64]


class NotShippedError(InputError):
    """A scenario that comes with the source is not beside this installation."""


@dataclass(frozen=True)
class Trial:
    """Runs of a scenario, and what of them is looked at.

    scenario : the content of a scenario file, or the name of one that is shipped.
    series : names of series, or () for all of them.
    days : the days on which they are read, or () for every day.
    sets : 'path=value', as on the command line.
    draws : how many sampled draws of the assumptions beside the central one.
    every_event : check the ledger at every event, not only once a day.
    workers : blocks run at once, 0 for one on each core; block : runs in each.
    engine : 'compiled' or 'simpy'.
    """

    scenario: Mapping[str, Any] | str
    seed: int
    replications: int
    series: tuple[str, ...] = ()
    days: tuple[int, ...] = ()
    sets: tuple[str, ...] = ()
    draws: int = 0
    every_event: bool = False
    workers: int = 0
    block: int = BLOCK
    engine: str = COMPILED


@dataclass(frozen=True)
class Readings:
    """What a trial read.

    series : float64[run, day] by name, sorted by draw and replication; not-a-number in failed runs.
    draw, status : int64[run]; status 0 = done.
    reasons : why runs failed, each reason once.
    start : the scenario's first day.
    """

    series: Mapping[str, Values]
    draw: NDArray[np.int64]
    status: NDArray[np.int64]
    reasons: tuple[str, ...]
    start: date


Simulate = Callable[[Trial], Readings]


def simulate(trial: Trial) -> Readings:
    """Run a trial; raise NotShippedError where its scenario is not there, KeyboardInterrupt when Ctrl-C was pressed."""
    selection = _select(trial, ready(load_trial(trial.scenario, trial.sets), trial.seed))
    workers = trial.workers or available_cores()
    design = Design(trial.seed, trial.draws, trial.replications)
    with ThreadPoolExecutor(workers) as executor:
        runs = execute(selection.study(), design, executor, workers, block=trial.block)
    if runs.interrupted:
        raise KeyboardInterrupt
    values = runs.values.reshape(len(selection.names), len(selection.days), -1).transpose(0, 2, 1)
    reasons = tuple(dict.fromkeys(failure.reason for failure in runs.failures))
    series = dict(zip(selection.names, values, strict=True))
    return Readings(series, runs.draw, runs.status, reasons, selection.first.start)


def warm_up(scenario: Mapping[str, Any]) -> None:
    """Run one replication in the calling thread: the model is compiled where that has not been done."""
    world = ready(load_trial(scenario), 0)
    FromStart(world.lowered(0)).simulate(0, np.arange(1, dtype=np.uint64))


def load_trial(scenario: Mapping[str, Any] | str, sets: tuple[str, ...] = ()) -> Loaded:
    """Load a scenario: one that is shipped by its name, one that is given by way of a file (JSON is YAML)."""
    from sim.scenario.load import load

    if isinstance(scenario, str):
        return load(shipped(scenario), sets=sets)
    with tempfile.TemporaryDirectory(prefix="twofront-") as folder:
        path = Path(folder) / "scenario.yaml"
        path.write_text(json.dumps(scenario), encoding="utf-8")
        return load(path, sets=sets)


def shipped(name: str) -> Path:
    """Return the file of a scenario that comes with the source; raise NotShippedError where there is none."""
    path = SHIPPED / f"{name}.yaml"
    if not path.is_file():
        raise NotShippedError.single(
            "", "", f"scenarios/{name}.yaml is not beside this installation; it comes with the source"
        )
    return path


class _Selection(NamedTuple):
    """A scenario with the series and days that a trial reads."""

    world: Ready
    first: Lowered
    names: tuple[str, ...]
    places: tuple[int, ...]
    days: tuple[int, ...]
    every_event: bool
    engine: str

    def labels(self) -> list[str]:
        """Return a name for each reading: series after series, day after day."""
        return [f"{name} on day {day}" for name in self.names for day in self.days]

    def study(self) -> Study:
        """Return the study whose outcomes are the readings, so that every run keeps them."""
        from sim.model.tally import Outcome

        readings = tuple(Outcome(label, "", "") for label in self.labels())
        return Study(
            start=self.first.start,
            days=len(readings) - 1,
            labels=self.first.labels,
            outcomes=readings,
            series=readings[:1],  # `execute` keeps some runs of what a block holds: here one column
            ratios={},
            worlds=1,
            case=self.case,
            central=self.world.central(),
            values=self.world.values,
        )

    def case(self, draw: int) -> Case:
        """Return the world of a draw."""
        lowered = self.world.lowered(draw)
        lowered.params["check_every_event"] = int(self.every_event)
        selected = _Selected(self._driven(lowered, draw), self.places, self.days)
        return Case(selected, None, partial(_measure, self.labels()))

    def _driven(self, lowered: Lowered, draw: int) -> World:
        if self.engine == COMPILED:
            return FromStart(lowered)
        return Driven(lowered, self.world.extensions(Drive(NONE), draw, MAIN), None)


class _Selected(NamedTuple):
    """A world of which some series are kept on some days: a block holds float64[run, series x day, 0]."""

    world: World
    places: tuple[int, ...]
    days: tuple[int, ...]

    def simulate(self, seed: int, replications: NDArray[np.uint64]) -> Block:
        """Run some replications."""
        from sim.engine.compiled import Block

        block = self.world.simulate(seed, replications)
        picked = block.series[:, self.days][:, :, self.places].transpose(0, 2, 1)
        return Block(picked.reshape(len(replications), -1, 1), block.final, block.status, block.events)


def _select(trial: Trial, world: Ready) -> _Selection:
    from sim.model.outcomes import columns

    first = world.lowered(0)
    known = columns(first.labels)
    names = trial.series or tuple(known)
    days = trial.days or tuple(range(first.days + 1))
    return _Selection(world, first, names, tuple(known[name] for name in names), days, trial.every_event, trial.engine)


def _measure(labels: list[str], block: Block, _: Block | None) -> Mapping[str, Values]:
    return dict(zip(labels, block.series[:, :, 0].T, strict=True))
