"""Rules across the fields of a scenario: names that must exist, dates in range, people that must add up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from sim.scenario import objectives
from sim.scenario.dilemma import check_dilemma
from sim.scenario.policies import ByPressure, FollowYield, Hold, MainEffort, Reinforce, Threshold, Withdraw
from sim.scenario.wording import suggestion

if TYPE_CHECKING:
    from sim.scenario.schema import Contingent, Front, Incursion, Scenario, Side

# The sizes of the model's records; a test compares them with sim/model/codes.py, which would import numba here.
MOST = {"fronts": 16, "theatres": 8, "contingents": 6, "policies": 12, "tranches": 24, "packages": 24}
LONGEST_DAYS = 3660
LONGEST_MEMORY = 60

Found = Iterator[tuple[str, str]]


def check(scenario: Scenario) -> None:
    """Raise one error that holds every contradiction, each with its path."""
    problems = [problem for rule in RULES for problem in rule(scenario)]
    if problems:
        raise PydanticCustomError("cross", "{message}", {"message": "contradictions", "problems": problems})


def _dates(scenario: Scenario) -> Found:
    days = (scenario.end - scenario.start).days
    if days <= 0:
        yield "end", f"{scenario.end} is not after the start, {scenario.start}"
    elif days > LONGEST_DAYS:
        yield "end", f"{days} days are more than the {LONGEST_DAYS} that a run may last"


def _within(scenario: Scenario, path: str, when: date) -> Found:
    if not scenario.start <= when <= scenario.end:
        yield path, f"{when} is outside the run, {scenario.start} to {scenario.end}"


def _known(path: str, name: str, known: Iterable[str], what: str) -> Found:
    names = list(known)
    if name not in names:
        yield path, f"there is no {what} '{name}'{suggestion(name, names) or ' (none is defined)'}"


def _keys(path: str, given: Mapping[str, object], known: Iterable[str], what: str) -> Found:
    names = list(known)
    for name in given:
        yield from _known(f"{path}.{name}", name, names, what)


def _memory(scenario: Scenario) -> Found:
    for name, side in scenario.sides.items():
        if side.reviews.reporting_delay.central > LONGEST_MEMORY:
            path = f"sides.{name}.reviews.reporting_delay"
            yield path, f"is longer than the {LONGEST_MEMORY} days that the model remembers"
    if scenario.withdrawal.collapse_days.central > LONGEST_MEMORY:
        yield "withdrawal.collapse_days", f"is longer than the {LONGEST_MEMORY} days that the model remembers"


def _sizes(scenario: Scenario) -> Found:
    if len(scenario.sides) != 2:
        yield "sides", f"needs exactly two sides, but has {len(scenario.sides)}"
    if not scenario.fronts:
        yield "fronts", "needs at least one front"
    yield from _too_many("fronts", "fronts", scenario.fronts)
    yield from _too_many("theatres", "theatres", scenario.theatres)
    for name, side in scenario.sides.items():
        if not side.contingents:
            yield f"sides.{name}.contingents", "needs at least one contingent"
        yield from _too_many(f"sides.{name}.contingents", "contingents", side.contingents)
        yield from _too_many(f"sides.{name}.policies", "policies", side.policies)
    packages = [package for donor in scenario.aid.values() for package in donor.packages]
    yield from _too_many("aid", "packages", packages)
    inflows = [c.inflow for side in scenario.sides.values() for c in side.contingents.values() if c.inflow]
    yield from _too_many("sides", "tranches", [tranche for inflow in inflows for tranche in inflow.tranches])


def _too_many(path: str, what: str, given: Iterable[object]) -> Found:
    count = len(list(given))
    if count > MOST[what]:
        yield path, f"has {count} {what}, more than the {MOST[what]} that the model holds"


def _theatres(scenario: Scenario) -> Found:
    for name, theatre in scenario.theatres.items():
        yield from _known(f"theatres.{name}.positive", theatre.positive, scenario.sides, "side")
        fronts = [front_name for front_name, front in scenario.fronts.items() if front.theatre == name]
        if name in scenario.fronts and fronts != [name]:
            yield f"theatres.{name}", f"shares its name with the front '{name}' but is not just that front: rename one"
        if name in scenario.sides:
            yield f"theatres.{name}", "a theatre and a side cannot have the same name"
    for role in ("main", "second"):
        holders = [name for name, theatre in scenario.theatres.items() if theatre.role == role]
        for name in holders[1:]:
            yield f"theatres.{name}.role", f"only one theatre can be '{role}', and '{holders[0]}' is"


def _fronts(scenario: Scenario) -> Found:
    for name, front in scenario.fronts.items():
        path = f"fronts.{name}"
        yield from _known(f"{path}.theatre", front.theatre, scenario.theatres, "theatre")
        for field in ("effort", "works", "readiness", "supply", "interdiction", "garrison", "forces"):
            yield from _keys(f"{path}.{field}", getattr(front, field), scenario.sides, "side")
        for side, forces in front.forces.items():
            if side in scenario.sides:
                contingents = scenario.sides[side].contingents
                yield from _keys(f"{path}.forces.{side}", forces, contingents, f"contingent of {side}")
        yield from _bounds(path, front)


def _bounds(path: str, front: Front) -> Found:
    low = front.territory_minimum.central if front.territory_minimum else None
    high = front.territory_maximum.central if front.territory_maximum else None
    at = front.territory.central
    if low is not None and at < low:
        yield f"{path}.territory", f"{at:g} km2 is below territory_minimum, {low:g} km2"
    if high is not None and at > high:
        yield f"{path}.territory", f"{at:g} km2 is above territory_maximum, {high:g} km2"
    if front.kind == "border" and ((low or 0.0) < 0 or at < 0):
        yield (
            f"{path}.territory_minimum",
            "a border front's territory cannot be negative: it counts what the intruder holds",
        )


def _sides(scenario: Scenario) -> Found:
    places = [*scenario.fronts, *scenario.theatres]
    for name, side in scenario.sides.items():
        path = f"sides.{name}"
        yield from _keys(f"{path}.movement.lift", side.movement.lift, scenario.theatres, "theatre")
        yield from _recruits(path, side)
        for contingent_name, contingent in side.contingents.items():
            here = f"{path}.contingents.{contingent_name}"
            for index, place in enumerate(contingent.fronts or []):
                yield from _known(f"{here}.fronts.{index}", place, places, "front or theatre")
            yield from _inflow(scenario, here, contingent)
            yield from _misplaced(scenario, name, contingent_name, contingent)


def _recruits(path: str, side: Side) -> Found:
    recruits = side.recruits
    if recruits is None:
        return
    yield from _known(f"{path}.recruits.contingent", recruits.contingent, side.contingents, "contingent")
    if recruits.minimum and recruits.maximum and recruits.minimum.central > recruits.maximum.central:
        yield (
            f"{path}.recruits.minimum",
            f"{recruits.minimum.central:g} is above the maximum {recruits.maximum.central:g}",
        )
    if recruits.training_minimum.central > recruits.training_maximum.central:
        low, high = recruits.training_minimum.central, recruits.training_maximum.central
        yield f"{path}.recruits.training_minimum", f"{low:g} days are above training_maximum, {high:g} days"


def allowed_on(scenario: Scenario, contingent: Contingent, front: str) -> bool:
    """Whether a contingent may serve on a front, by the front's name or its theatre's."""
    places = contingent.fronts
    return places is None or front in places or scenario.fronts[front].theatre in places


def _inflow(scenario: Scenario, path: str, contingent: Contingent) -> Found:
    inflow = contingent.inflow
    if inflow is None:
        return
    total = sum(tranche.share.central for tranche in inflow.tranches.values())
    if inflow.tranches and abs(total - 1.0) > 1e-6:
        yield f"{path}.inflow.tranches", f"the shares add up to {total:g}, not to 1: people would be lost or made"
    if not inflow.tranches and inflow.people.central > 0:
        yield f"{path}.inflow", "has people but no tranche in which they land"
    for name, tranche in inflow.tranches.items():
        yield from _within(scenario, f"{path}.inflow.tranches.{name}.at", tranche.at)
    if inflow.front is not None:
        yield from _known(f"{path}.inflow.front", inflow.front, scenario.fronts, "front")
        if inflow.front in scenario.fronts and not allowed_on(scenario, contingent, inflow.front):
            yield f"{path}.inflow.front", f"the contingent may not serve on '{inflow.front}' (see its fronts)"


def _misplaced(scenario: Scenario, side: str, name: str, contingent: Contingent) -> Found:
    for front_name, front in scenario.fronts.items():
        people = front.forces.get(side, {}).get(name)
        if people and people.central > 0 and not allowed_on(scenario, contingent, front_name):
            path = f"fronts.{front_name}.forces.{side}.{name}"
            yield path, f"'{name}' may not serve on '{front_name}' (see sides.{side}.contingents.{name}.fronts)"


def _policies(scenario: Scenario) -> Found:
    places = [*scenario.fronts, *scenario.theatres]
    for side_name, side in scenario.sides.items():
        for name, policy in side.policies.items():
            path = f"sides.{side_name}.policies.{name}"
            if policy.when:
                yield from _known(f"{path}.when.front", policy.when.front, scenario.fronts, "front")
            if isinstance(policy, Hold | ByPressure | FollowYield | Withdraw):
                for index, place in enumerate(policy.fronts):
                    yield from _known(f"{path}.fronts.{index}", place, places, "front or theatre")
            if isinstance(policy, MainEffort):
                yield from _keys(f"{path}.weights", policy.weights, scenario.fronts, "front")
            if isinstance(policy, Threshold | Reinforce):
                yield from _known(f"{path}.front", policy.front, scenario.fronts, "front")
                for index, place in enumerate(policy.sources):
                    yield from _known(f"{path}.sources.{index}", place, places, "front or theatre")
            if isinstance(policy, FollowYield) and policy.floor.central > policy.cap.central:
                yield f"{path}.floor", f"{policy.floor.central:g} is above the cap, {policy.cap.central:g}"
            if policy.start and policy.until and policy.until <= policy.start:
                yield f"{path}.until", f"{policy.until} is not after the start of the policy, {policy.start}"


def _incursion(scenario: Scenario) -> Found:
    incursion = scenario.incursion
    if incursion is None:
        return
    yield from _within(scenario, "incursion.at", incursion.at)
    yield from _known("incursion.side", incursion.side, scenario.sides, "side")
    yield from _known("incursion.front", incursion.front, scenario.fronts, "front")
    front = scenario.fronts.get(incursion.front)
    theatre = scenario.theatres.get(front.theatre) if front else None
    if front and theatre and front.kind == "border" and theatre.positive != incursion.side:
        yield "incursion.side", f"must be the positive side of the theatre '{front.theatre}', {theatre.positive}"
    if incursion.side in scenario.sides:
        yield from _force(scenario, incursion)


def _force(scenario: Scenario, incursion: Incursion) -> Found:
    contingents = scenario.sides[incursion.side].contingents
    yield from _keys("incursion.force", incursion.force, contingents, f"contingent of {incursion.side}")
    for name, people in incursion.force.items():
        if name not in contingents:
            continue
        reserve = contingents[name].reserve.central
        if people.central > reserve:
            yield f"incursion.force.{name}", f"{people.central:g} people are more than its reserve holds, {reserve:g}"
        if incursion.front in scenario.fronts and not allowed_on(scenario, contingents[name], incursion.front):
            yield f"incursion.force.{name}", f"'{name}' may not serve on '{incursion.front}'"


def _aid(scenario: Scenario) -> Found:
    for donor_name, donor in scenario.aid.items():
        if donor.politics:
            yield from _within(scenario, f"aid.{donor_name}.politics.at", donor.politics.at)
        for name, package in donor.packages.items():
            path = f"aid.{donor_name}.packages.{name}"
            yield from _known(f"{path}.to", package.to, scenario.sides, "side")
            if package.waits_for == "date" and package.announced is None:
                yield f"{path}.announced", "a package that waits for a date needs the date of its announcement"
            if package.waits_for == "success" and package.front is None:
                yield f"{path}.front", "a package that waits for success needs the front to watch"
            if package.front is not None:
                yield from _known(f"{path}.front", package.front, scenario.fronts, "front")


def _assess(scenario: Scenario) -> Found:
    if scenario.talks:
        yield from _within(scenario, "talks.at", scenario.talks.at)
    for name, intervention in scenario.interventions.items():
        yield from _within(scenario, f"interventions.{name}.at", intervention.at)
    if scenario.assess is None:
        return
    yield from _known("assess.side", scenario.assess.side, scenario.sides, "side")
    for name, when in scenario.assess.dates.items():
        yield from _within(scenario, f"assess.dates.{name}", when)
    if not scenario.assess.dates:
        yield "assess.dates", "needs at least one date"
    if scenario.assess.reference_area.central <= 0:
        yield "assess.reference_area", "must be above 0 km2"
    roles = {theatre.role for theatre in scenario.theatres.values()}
    for role in ("main", "second"):
        if role not in roles:
            yield "assess", f"needs a theatre whose role is '{role}'"


def _map(scenario: Scenario) -> Found:
    if scenario.map:
        yield from _keys("map.sides", scenario.map.sides, scenario.sides, "side")


def _joint(scenario: Scenario) -> Found:
    for name, table in scenario.joint.items():
        lengths = {len(row) for row in table.rows}
        if not table.rows or not table.paths:
            yield f"joint.{name}", "needs at least one path and one row"
        elif lengths != {len(table.paths)}:
            said = ", ".join(map(str, sorted(lengths)))
            yield f"joint.{name}.rows", f"have {said} numbers, but there are {len(table.paths)} paths"


RULES: tuple[Callable[[Scenario], Found], ...] = (
    _dates,
    _sizes,
    _memory,
    _theatres,
    _fronts,
    _sides,
    _policies,
    _incursion,
    _aid,
    _assess,
    _map,
    objectives.check,
    check_dilemma,
    _joint,
)
