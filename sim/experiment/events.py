"""The dated events of a scenario, for markers in figures and for the manifest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sim.scenario.schema import Scenario


class Event(NamedTuple):
    """Something that the scenario dates; it lasts from `start` to `end` (the same day for most)."""

    label: str
    start: date
    end: date


def events_of(scenario: Scenario) -> list[Event]:
    """Return the events within the campaign, by date: orders, landings, assessments, talks, politics, interventions."""
    found = [*_ordered(scenario), *_landings(scenario), *_judged(scenario), *_politics(scenario)]
    within = [event for event in found if scenario.start <= event.start <= scenario.end]
    return sorted(within, key=lambda event: (event.start, event.label))


def _ordered(scenario: Scenario) -> Iterator[Event]:
    incursion = scenario.incursion
    if incursion and incursion.ordered:
        yield Event("incursion", incursion.at, incursion.at)
    for name, change in scenario.interventions.items():
        yield Event(name.replace("_", " "), change.at, change.at)


def _landings(scenario: Scenario) -> Iterator[Event]:
    """Yield one span for the tranches of each contingent that comes; it is an ally if its side has others."""
    for side in scenario.sides.values():
        for contingent in side.contingents.values():
            inflow = contingent.inflow
            if inflow is None or inflow.people.central == 0:
                continue
            dates = [tranche.at for tranche in inflow.tranches.values() if tranche.share.central > 0]
            if dates:
                who = "allies" if len(side.contingents) > 1 else "people"
                label = f"{inflow.people.central:,.0f} {who} land"
                yield Event(label, min(dates), min(max(dates), scenario.end))


def _judged(scenario: Scenario) -> Iterator[Event]:
    for when in scenario.assess.dates.values() if scenario.assess else ():
        yield Event("assessment", when, when)
    if scenario.talks:
        yield Event("talks", scenario.talks.at, scenario.talks.at)


def _politics(scenario: Scenario) -> Iterator[Event]:
    for name, donor in scenario.aid.items():
        if donor.politics:
            yield Event(f"politics ({name.replace('_', ' ')})", donor.politics.at, donor.politics.at)
