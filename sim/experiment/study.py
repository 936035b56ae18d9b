"""A loaded scenario made ready to run: its worlds under each draw, and what is measured in them.

Heavy imports (numba, through the model) wait until a study is made: `twofront --help` imports none of this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sim.errors import InputError
from sim.experiment.design import sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sim.engine.compiled import Block
    from sim.engine.world import Extensions
    from sim.experiment.trace_file import TraceFile
    from sim.experiment.user_code import UserCode
    from sim.experiment.variant import Variant
    from sim.model.tally import Labels, Outcome
    from sim.scenario.load import Loaded
    from sim.scenario.lower import Lowered
    from sim.scenario.schema import Joint
    from sim.scenario.values import Quantity

Measure = Callable[["Block", "Block | None"], Mapping[str, "NDArray[np.float64]"]]
TICKS_PER_DAY = 86_400
MAIN, COUNTERFACTUAL = "main", "counterfactual"


class World(Protocol):
    """Something that replications can be run in."""

    def simulate(self, seed: int, replications: NDArray[np.uint64]) -> Block:
        """Run some replications."""


class FromStart(NamedTuple):
    """A world that is run from the scenario's start."""

    lowered: Lowered

    def simulate(self, seed: int, replications: NDArray[np.uint64]) -> Block:
        """Run some replications."""
        from sim.engine.compiled import simulate

        return simulate(self.lowered.params, self.lowered.labels, seed, replications)


class Branched(NamedTuple):
    """A world that goes on as another from a tick."""

    base: Lowered
    other: Lowered
    tick: int

    def simulate(self, seed: int, replications: NDArray[np.uint64]) -> Block:
        """Run some replications."""
        from sim.engine.compiled import branch

        return branch(self.base.params, self.other.params, self.other.labels, seed, replications, self.tick)


class Driven(NamedTuple):
    """A world whose runs are driven by SimPy, from the start or (with `base`) from a tick at which they branch."""

    lowered: Lowered
    extensions: Extensions
    trace: TraceFile | None
    base: Lowered | None = None
    tick: int = 0

    def simulate(self, seed: int, replications: NDArray[np.uint64]) -> Block:
        """Run some replications and hand their traces over."""
        from sim.engine import traced

        labels, extensions = self.lowered.labels, self.extensions
        if self.base is None:
            block = traced.simulate(self.lowered.params, labels, seed, replications, extensions)
        else:
            worlds, at = (self.base.params, self.lowered.params), traced.Branching(self.tick, extensions)
            block = traced.branch(worlds, labels, seed, replications, at)
        if self.trace is not None:
            for i, lines in block.traces.items():
                self.trace.keep(extensions.draw, int(replications[i]), extensions.world, lines)
        return block


class Drive(NamedTuple):
    """How SimPy drives the runs of a study: with a user's code, and traced to a file."""

    code: UserCode
    trace: TraceFile | None = None


class Case(NamedTuple):
    """The worlds of one draw; `measure` turns their blocks into outcomes by name, float64[run]."""

    main: World
    counterfactual: World | None
    measure: Measure


@dataclass(frozen=True)
class Study:
    """A scenario made ready to run.

    case : the worlds under a draw of the assumptions; may raise SimError where a draw makes no valid scenario.
    central : the central value of each number that draws sample, by path.
    values : the sampled numbers of a draw by path; empty for draw 0.
    outcomes, series : names, units and meanings, in the order of results.
    ratios : outcomes whose mean is a ratio of means, with the outcomes above and below the line.
    worlds : 2 when each replication is also run in the counterfactual, else 1.
    """

    start: date
    days: int
    labels: Labels
    outcomes: tuple[Outcome, ...]
    series: tuple[Outcome, ...]
    ratios: Mapping[str, tuple[str, str]]
    worlds: int
    case: Callable[[int], Case]
    central: Mapping[str, float]
    values: Callable[[int], Mapping[str, float]]


class Ready(NamedTuple):
    """The scenario of a world, its uncertain numbers, the seed of their draws, and the joint samples that hold."""

    loaded: Loaded
    uncertain: Mapping[str, Quantity]
    seed: int
    joint: Mapping[str, Joint]

    def values(self, draw: int) -> dict[str, float]:
        """Return the sampled numbers of a draw by path."""
        return sample(self.uncertain, self.joint, self.seed, draw)

    def central(self) -> dict[str, float]:
        """Return the central values of the numbers that draws sample."""
        from sim.scenario.load import quantities

        joint = {path for table in self.joint.values() for path in table.paths}
        known = dict(quantities(self.loaded, every=True))
        return {path: known[path].central for path in known if path in joint or path in self.uncertain}

    def lowered(self, draw: int) -> Lowered:
        """Return the parameters under a draw."""
        from sim.scenario.lower import lower

        return lower(self.loaded, self.values(draw))

    def extensions(self, drive: Drive, draw: int, world: str) -> Extensions:
        """Return what runs by SimPy have beside the parameters."""
        from sim.engine.world import Extensions
        from sim.experiment.settings import Settings

        scenario = self.loaded.scenario
        return Extensions(
            start=scenario.start,
            world=world,
            draw=draw,
            policies=drive.code.policies,
            processes=drive.code.processes,
            policy_names=tuple(tuple(side.policies) for side in scenario.sides.values()),
            settings=Settings(self.loaded, self.values(draw)),
            trace=drive.trace is not None,
        )


def ready(loaded: Loaded, seed: int) -> Ready:
    """Return a scenario with the numbers that draws sample."""
    from sim.scenario.joint import holding
    from sim.scenario.load import quantities

    return Ready(loaded, dict(quantities(loaded)), seed, holding(loaded))


def study(loaded: Loaded, seed: int, dated: Sequence[str] = ()) -> Study:
    """Return the study of a scenario from its start."""
    from sim.experiment.variant import variant

    return study_of(variant(loaded, seed), dated)


def study_of(own: Variant, dated: Sequence[str] = ()) -> Study:
    """Return the study of a scenario that has been made ready.

    dated : outcomes on a date (`sim.experiment.dated`) that are measured, too; InputError where there is none such.
    """
    from sim.experiment.dated import dated_outcome
    from sim.model.tally import series_names

    outcomes = [*own.outcomes(), *(dated_outcome(name, own.calendar) for name in dated)]
    names = tuple(outcome.name for outcome in outcomes) if dated else ()
    return Study(
        start=own.first.start,
        days=own.first.days,
        labels=own.first.labels,
        outcomes=tuple(outcomes),
        series=tuple(series_names(own.first.labels)),
        ratios=own.ratios(),
        worlds=own.worlds(),
        case=partial(own.case, {}, names=names),
        central=own.main.central(),
        values=own.main.values,
    )


def branch_tick(start: date, days: int, at: date) -> int:
    """Return the tick of a date within the campaign."""
    day = (at - start).days
    if not 0 < day < days:
        last = start + timedelta(days=days)
        raise InputError.single("--at", "", f"{at} is not between the start {start} and the end {last}")
    return day * TICKS_PER_DAY
