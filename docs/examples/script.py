"""One replication from a script, with a policy and an observer given as functions."""
# ruff: noqa: T201

from collections.abc import Iterator

import simpy

from sim.engine.policy import Effort, Order, View
from sim.engine.world import World
from sim.experiment.replicate import Luck, replicate


def press(view: View) -> list[Order]:
    """Attack at full tempo wherever pressure on oneself is low."""
    return [Effort(front, 1.0 if pressure < 0 else 0.3) for front, pressure in view.pressure.items()]


def mondays(world: World) -> Iterator[simpy.Event]:
    """Print the front line once a week."""
    while True:
        print(f"{world.date:%d %b}: {world.territory_km2('north'):6.1f} km2 in the north")
        yield world.days(7)


found = replicate("scenarios/two_fronts.yaml", Luck(seed=1), policies={"blue": press}, processes=[mondays], trace=True)
print(f"{found.series['north.territory_km2'][-1]:.1f} km2 after {found.events} events")
print(next(line for line in found.trace if line["kind"] == "engagement"))
