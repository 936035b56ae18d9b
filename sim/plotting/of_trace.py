"""Figures of one run's events: the central replication of a result is made again, traced, and summed up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError
from sim.experiment.events import Event
from sim.plotting.page import Frame, thousands, words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.experiment.flows import Flows, Party
    from sim.experiment.read_result import Result
    from sim.plotting.asked import Asked
    from sim.plotting.kinds import Figures
    from sim.plotting.of_map import Source
    from sim.plotting.timeline import Lane, Route

_NOTE = "one run: central assumptions, replication 0, made again from the result's scenario"
_UNITS = "k: thousand people; arrows: from the first to the last day"
_traces: dict[str, Sequence[Any]] = {}


def flow_figures(asked: Asked) -> Figures:
    """Return a Sankey diagram of each side."""
    from sim.experiment.flows import flows
    from sim.plotting.sankey import Sankey, sankey

    result, scenario = asked.run, asked.run.loaded.scenario
    order = [name for theatre in scenario.theatres for name, each in scenario.fronts.items() if each.theatre == theatre]
    found = {}
    for side in asked.sides:
        summed = flows(trace_of(result, asked.say), side, *asked.period)
        frame = Frame(_balance(summed), _where(result), result.provenance, (_NOTE, _UNITS))
        found[f"sankey-{side}"] = sankey(Sankey(summed.rows, summed.stocks, tuple(order), frame))
    return found


def _where(result: Result) -> str:
    return f"{result.title} ({', '.join(result.sets)})" if result.sets else result.title


def _balance(summed: Flows) -> str:
    from sim.experiment.flows import LOST, OUTSIDE

    entered = sum(row.people for row in summed.rows if row.source in OUTSIDE)
    lost = sum(row.people for row in summed.rows if row.target == LOST)
    when = f"{summed.start.day} {summed.start:%b %Y} to {summed.end.day} {summed.end:%b %Y}"
    return f"{words(summed.side)}, {when}: {thousands(entered)} people entered, {thousands(lost)} were lost"


def trace_of(result: Result, say: Callable[[str], None]) -> Sequence[Any]:
    """Return the events of the central replication, which is run again; raise InputError where that cannot be."""
    from sim.experiment.replicate import Luck, replicate
    from sim.fingerprint import model_version

    if result.manifest.get("branch") or result.manifest.get("user_code"):
        how = "branches from another result" if result.manifest.get("branch") else "was run with code of a user"
        message = f"{how}, which its scenario.yaml does not hold, so its run cannot be made again"
        raise InputError.single("", "", f"{result.folder}: {message}")
    kept = str(result.folder.resolve())
    if kept not in _traces:
        _ = result.loaded  # refuses a scenario that was changed
        was, now = result.manifest["model_version"], model_version()
        other = f" by model {now}, not {was} that made the result" if was != now else ""
        say(f"running the central replication of {result.folder} again, with a trace{other} ...")
        _traces[kept] = replicate(result.folder / "scenario.yaml", Luck(result.seed), trace=True).trace
    return _traces[kept]


def timeline_figure(asked: Asked) -> Figures:
    """Return the timeline."""
    from sim.plotting.timeline import Timeline, timeline

    result = asked.run
    first, last = asked.period
    lanes = tuple(lane(asked, side) for side in asked.sides)
    inside = tuple(event for event in result.events if first <= event.start <= last)
    frame = Frame(_sent(result, lanes), _where(result), result.provenance, (_NOTE,))
    return {"timeline": timeline(Timeline(first, last, inside, lanes, tuple(result.loaded.scenario.sides), frame))}


def _sent(result: Result, lanes: Sequence[Lane]) -> str:
    """Return the headline: how many each side sent to the second theatre (or to the first, where none is second)."""
    theatres = result.loaded.scenario.theatres
    second = next((name for name, each in theatres.items() if each.role == "second"), next(iter(theatres)))
    sums = [
        f"{words(lane.side)} {thousands(sum(int(each.people.sum()) for each in lane.routes if each.target == second))}"
        for lane in lanes
    ]
    return f"People sent to {words(second)}: {', '.join(sums)}"


def lane(asked: Asked, side: str) -> Lane:
    """Return what a side did and whom it moved, within the period."""
    from sim.experiment.flows import parties
    from sim.plotting.timeline import Lane

    first, last = asked.period
    trace = trace_of(asked.run, asked.say)
    moved = [party for party in parties(trace, side) if first <= party.departed.date() <= last]
    events = [event for event in _deeds(trace, side) if first <= event.start <= last]
    return Lane(side, tuple(events), tuple(_routes(asked, moved)))


def _deeds(trace: Iterable[Any], side: str) -> list[Event]:
    """Return the landings of a side, and its policies when they were set in motion, with what was seen."""
    from sim.experiment.flows import landings, triggers

    found = [
        Event(f"{each.people:,} {each.contingent} land", each.when.date(), each.when.date())
        for each in landings(trace, side)
    ]
    for each in triggers(trace, side):
        seen = f"{abs(each.held_km2):,.0f} km² {'lost' if each.held_km2 < 0 else 'held'} in {words(each.front)}"
        found.append(Event(f"policy {each.policy.replace('_', ' ')}: {seen}", each.when.date(), each.when.date()))
    return sorted(found, key=lambda event: (event.start, event.label))


def _routes(asked: Asked, moved: Iterable[Party]) -> list[Route]:
    """Return who was sent between theatres and pools, week by week, the busiest route first."""
    from sim.plotting.timeline import Route

    theatre = {name: front.theatre for name, front in asked.run.loaded.scenario.fronts.items()}
    first, last = asked.period
    weeks = (last - first).days // 7 + 1
    found: defaultdict[tuple[str, str], Any] = defaultdict(lambda: np.zeros(weeks, np.int64))
    for party in moved:
        pair = _place(party.source, theatre), _place(party.target or "transit", theatre)
        found[pair][_week(first, party.departed.date())] += party.people
    busiest = sorted(found, key=lambda pair: (-int(found[pair].sum()), pair))
    return [Route(*pair, found[pair]) for pair in busiest]


def _week(first: date, day: date) -> int:
    return (day - first).days // 7


def _place(name: str, theatre: dict[str, str]) -> str:
    return theatre.get(name, name)


def map_figure(asked: Asked) -> Figures:
    """Return the theatre map at a date."""
    from sim.plotting.of_map import day_within, map_at

    day = day_within(asked.run, asked.at)
    return {"map": map_at(_map_source(asked), day)}


def map_frames(asked: Asked) -> Iterator[Figure]:
    """Return the theatre map week by week over the period."""
    from sim.plotting.of_map import weekly

    first, last = asked.period
    return weekly(_map_source(asked), first, last)


def _map_source(asked: Asked) -> Source:
    """Return what maps are drawn from, without a trace where the run cannot be made again."""
    from sim.plotting.of_map import Source

    result = asked.run
    again = not (result.manifest.get("branch") or result.manifest.get("user_code"))
    return Source(result, trace_of(result, asked.say) if again else None)
