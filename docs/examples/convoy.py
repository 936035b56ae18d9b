"""A SimPy process that intervenes: bridges are down, and a convoy is late."""

from collections.abc import Iterator

import simpy

from sim.engine.world import World


def bridges(world: World) -> Iterator[simpy.Event]:
    """On 16 August 2024 whoever is on the road to Kursk loses five days; then the road carries half as many."""
    yield world.at("2024-08-16")
    for convoy in world.moving(side="russia", kind="transit", to="kursk"):
        world.delay(convoy, days=5)
    world.set("sides.russia.movement.lift.kursk", 1000)
    yield world.at("2024-09-15")
    world.set("sides.russia.movement.lift.kursk", 2000)
