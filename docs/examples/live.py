"""An observer: a line that grows while the run goes on, drawn into live.png once a week."""

from collections.abc import Iterator

import simpy
from matplotlib.figure import Figure

from sim.engine.world import World


def line(world: World) -> Iterator[simpy.Event]:
    """Draw the area held in Kursk so far, of the first run only."""
    if (world.name, world.draw, world.replication) != ("main", 0, 0):
        return
    landings = []
    landed = world.happens("landing", "kursk")
    while not world.end.triggered:
        week = world.days(7)
        yield week | landed | world.end
        if landed.triggered:
            landings.append(landed.value.tick / 86_400)
            landed = world.happens("landing", "kursk")
        draw(world, landings)


def draw(world: World, landings: list[float]) -> None:
    """Write the picture anew."""
    held = world.series("kursk.territory_km2")
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(range(len(held)), held, color="#1f4e79")
    for day in landings:
        axes.axvline(day, color="#b03a2e", linewidth=0.8)
    axes.set(xlim=(0, 270), ylim=(0, 1500), xlabel="days since 6 August 2024", ylabel="km2 held by Ukraine")
    axes.set_title(f"{world.date:%d %B %Y}: {held[-1]:,.0f} km2; red: a landing of allies", loc="left")
    figure.savefig("live.png", dpi=120)
