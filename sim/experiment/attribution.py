"""The runs behind an attribution: eight worlds and the counterfactual, replication by replication on the same streams.

They are a plan of their own whose outcomes are the main gains, so progress, failures, Ctrl-C and resuming are the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.experiment.study import Case, Drive, Ready, ready
from sim.experiment.variant import Numbers, Recipe

if TYPE_CHECKING:
    from sim.engine.compiled import Block
    from sim.model.tally import Outcome
    from sim.scenario.load import Loaded
    from sim.scenario.lower import Lowered

_OFF_ON = (False, True)
WORLDS = tuple((diverts, lacks, inflow) for diverts in _OFF_ON for lacks in _OFF_ON for inflow in _OFF_ON)
WITHOUT = "gain.counterfactual"


def gain_name(world: tuple[bool, ...]) -> str:
    """Return the outcome that holds the main gain of a world: 'gain.110' has the first two factors on."""
    return f"gain.{''.join(str(int(on)) for on in world)}"


GAINS = (*map(gain_name, WORLDS), WITHOUT)


class Gains(NamedTuple):
    """Worlds run side by side; the block that comes back holds the main gain of each, in place of daily series."""

    lowered: tuple[Lowered, ...]
    column: int
    day: int
    sign: float

    def simulate(self, seed: int, replications: NDArray[np.uint64]) -> Block:
        """Run some replications in each world; the status of a run is that of the first world that failed."""
        from sim.engine.compiled import Block, simulate

        blocks = [simulate(world.params, world.labels, seed, replications) for world in self.lowered]
        gains = [self.sign * block.series[:, self.day, self.column] for block in blocks]
        status, events = np.zeros(len(replications), np.int64), np.zeros(len(replications), np.int64)
        for block in blocks:
            status = np.where(status != 0, status, block.status)
            events = events + block.events
        return Block(np.stack(gains, axis=-1)[:, None, :], blocks[0].final, status, events)


@dataclass(frozen=True)
class AttributionWorlds:
    """The worlds of an attribution, ready to be run."""

    main: Ready
    other: Ready
    first: Lowered

    @property
    def recipe(self) -> Recipe:
        """Return what they are made from."""
        return Recipe(self.main.loaded, attribution=True)

    def worlds(self, names: Sequence[str] = ()) -> int:
        """Return in how many worlds a replication is run, whatever outcomes are wanted."""
        return len(WORLDS) + 1

    def outcomes(self) -> list[Outcome]:
        """Return the main gain of each world."""
        from sim.model.tally import Outcome

        return [Outcome(name, "km2", "main gain at the first assessment") for name in GAINS]

    def ratios(self) -> dict[str, tuple[str, str]]:
        """Return nothing: no gain is a ratio."""
        return {}

    def case(self, numbers: Numbers, draw: int, drive: Drive | None = None, names: Sequence[str] = ()) -> Case:
        """Return the worlds under a draw; nothing varies in them, and only the compiled engine runs them."""
        from sim.scenario.lower_attribution import attribution_worlds as parameters

        assert not numbers
        assert drive is None
        lowered = self.main.lowered(draw)
        params = parameters(self.main.loaded, self.main.values(draw))
        worlds = tuple(lowered._replace(params=params[world]) for world in WORLDS)
        return Case(_gains(worlds), _gains((self.other.lowered(draw),)), _measure)


def attribution_worlds(loaded: Loaded, seed: int) -> AttributionWorlds:
    """Return the worlds of the nine main gains at the first assessment; raise InputError where they make no sense."""
    main = ready(loaded, seed)
    first = main.lowered(0)
    if first.aims is None or not first.aims.ordered or loaded.counterfactual is None:
        message = "needs a scenario that orders an incursion, assesses it and describes its counterfactual"
        raise InputError.single("--attribution", "", message)
    return AttributionWorlds(main, ready(loaded.counterfactual, seed), first)


def _gains(worlds: tuple[Lowered, ...]) -> Gains:
    from sim.model.outcomes import columns

    aims, labels = worlds[0].aims, worlds[0].labels
    assert aims is not None
    column = columns(labels)[f"{labels.theatres[aims.main]}.territory_km2"]
    return Gains(worlds, column, aims.dates[0][1], aims.main_sign)


def _measure(block: Block, other: Block | None) -> Mapping[str, NDArray[np.float64]]:
    assert other is not None
    gains = {gain_name(world): block.series[:, 0, k] for k, world in enumerate(WORLDS)}
    return {**gains, WITHOUT: other.series[:, 0, 0]}
