"""The policies of a dilemma: what each picks, and how all of them are run, here and at other inflows.

A group of policies names the same decisions, so it is one design. What a scenario does not state in `dilemma:` is made
of the choices of the side under test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.experiment.design import Design
from sim.experiment.evaluate import Evaluate
from sim.experiment.factors import CHOICE, NUMBER, SET, Factor
from sim.experiment.points import Layout, Points, design_points

if TYPE_CHECKING:
    from sim.scenario.load import Loaded

Values = NDArray[np.float64]
SECTION = "dilemma"


class Policy(NamedTuple):
    """A way to decide, fixed before luck: the options that it picks, by decision."""

    name: str
    group: str
    picks: Mapping[str, str]


class Place(NamedTuple):
    """A point of the surface: people of the inflow, and by how many days every landing is shifted."""

    people: float
    days: int


class Inflow(NamedTuple):
    """The inflow that is followed: the path of its people, and its landings' dates by path."""

    path: str
    people: float
    landings: Mapping[str, Any]


def policies_of(loaded: Loaded) -> tuple[Policy, ...]:
    """Return the policies of the side under test; raise InputError where a scenario has too few or too many."""
    from sim.scenario.dilemma import MOST_POLICIES

    found = [
        Policy(_name(picks, group), group, picks)
        for group, options in _groups(loaded).items()
        for picks in _combined(options)
    ]
    if not 2 <= len(found) <= MOST_POLICIES:
        message = f"{len(found)} policies of the side under test: a dilemma needs 2 to {MOST_POLICIES}"
        hint = "; offer choices of it, or name policies in a section `dilemma:` (docs/dilemma.md)"
        raise InputError.single(str(loaded.source_files[-1]), SECTION, message + hint)
    return tuple(found)


def _groups(loaded: Loaded) -> dict[str, dict[str, list[str]]]:
    """Return the groups that the scenario states, else all combinations of the choices of the side under test."""
    from sim.scenario.dilemma import combined

    scenario: Any = loaded.scenario
    if scenario.dilemma is not None:
        return {name: combined(group) for name, group in scenario.dilemma.policies.items()}
    side = scenario.assess.side
    offered = scenario.choices.get(side, {})
    return {side: {f"{side}.{name}": list(each.options) for name, each in offered.items()}} if offered else {}


def _combined(options: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    return [dict(zip(options, row, strict=True)) for row in product(*options.values())]


def _name(picks: Mapping[str, str], group: str) -> str:
    return ", ".join(option.replace("_", " ") for option in picks.values()) or group


def reference_of(loaded: Loaded, policies: Sequence[Policy]) -> int:
    """Return the place of the policy that the scenario takes as it is, else of the first."""
    for k, policy in enumerate(policies):
        if all(loaded.choices.get(decision) == option for decision, option in policy.picks.items()):
            return k
    return 0


def inflow_of(loaded: Loaded) -> tuple[Inflow, tuple[Place, ...]] | None:
    """Return the inflow that the dilemma is followed along, and the places; None where the scenario has none.

    Without a `surface` it is the first inflow of the side under test, at none, half, once and three times its people.
    """
    scenario: Any = loaded.scenario
    stated = scenario.dilemma.surface if scenario.dilemma else None
    if stated is not None:
        inflow = _inflow(scenario, stated.side, stated.contingent)
        _check_shifts(loaded, inflow, stated.days)
        people = [each.central for each in stated.people]
        return inflow, tuple(Place(*row) for row in product(people, stated.days))
    side = scenario.assess.side
    for name, contingent in scenario.sides[side].contingents.items():
        if contingent.inflow is not None and contingent.inflow.people.central > 0:
            inflow = _inflow(scenario, side, name)
            return inflow, tuple(Place(float(round(share * inflow.people)), 0) for share in (0, 0.5, 1, 3))
    return None


def _inflow(scenario: Any, side: str, contingent: str) -> Inflow:
    path = f"sides.{side}.contingents.{contingent}.inflow"
    stated = scenario.sides[side].contingents[contingent].inflow
    landings = {f"{path}.tranches.{name}.at": tranche.at for name, tranche in stated.tranches.items()}
    return Inflow(f"{path}.people", stated.people.central, landings)


def _check_shifts(loaded: Loaded, inflow: Inflow, shifts: Sequence[int]) -> None:
    """Refuse shifts that move a landing out of the run."""
    from sim.scenario.load import locate

    start, end = loaded.scenario.start, loaded.scenario.end
    for index, days in enumerate(shifts):
        for name, at in inflow.landings.items():
            when = at + timedelta(days=days)
            if not start <= when <= end:
                path = f"{SECTION}.surface.days.{index}"
                message = f"moves {name} to {when}, outside the run, {start} to {end}"
                raise InputError.single(locate(loaded, path).where(), path, message)


class Running(NamedTuple):
    """What runs policies: the simulator, and the design that each gets."""

    evaluate: Evaluate
    design: Design


def run_policies(how: Running, policies: Sequence[Policy], outcomes: Sequence[str]) -> dict[str, Values]:
    """Run policies in the scenario as it is; return float64[policy, draw, replication] by outcome."""
    parts = [
        how.evaluate(_points([(policy, None) for policy in group], None), how.design, outcomes).values
        for group in _by_group(policies)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in outcomes}


def run_surface(
    how: Running, policies: Sequence[Policy], surface: tuple[Inflow, Sequence[Place]], outcomes: Sequence[str]
) -> dict[str, Values]:
    """Run policies at each place; return float64[place, policy, draw, replication] by outcome.

    Nobody lands earlier or later than another nobody: places without people are run once.
    """
    inflow, places = surface
    once = list(dict.fromkeys(_settled(place) for place in places))
    found: dict[str, list[Values]] = {name: [] for name in outcomes}
    for group in _by_group(policies):
        rows = [(policy, place) for place in once for policy in group]
        table = how.evaluate(_points(rows, inflow), how.design, outcomes).values
        for name in outcomes:
            found[name].append(table[name].reshape(len(once), len(group), *table[name].shape[1:]))
    at = [once.index(_settled(place)) for place in places]
    return {name: np.concatenate(parts, axis=1)[at] for name, parts in found.items()}


def _settled(place: Place) -> Place:
    return place if place.people > 0 else Place(0.0, 0)


def _by_group(policies: Sequence[Policy]) -> list[list[Policy]]:
    groups: dict[str, list[Policy]] = {}
    for policy in policies:
        groups.setdefault(policy.group, []).append(policy)
    return list(groups.values())


def _points(rows: Sequence[tuple[Policy, Place | None]], inflow: Inflow | None) -> Points:
    """Return a design with a point for each policy at a place."""
    columns: dict[str, list[Any]] = {decision: [] for decision in rows[0][0].picks}
    for policy, place in rows:
        for decision, option in policy.picks.items():
            columns[decision].append(option)
        if inflow is not None and place is not None:
            columns.setdefault(inflow.path, []).append(place.people)
            for path, when in inflow.landings.items():
                columns.setdefault(path, []).append(str(when + timedelta(days=place.days)))
    kinds = {inflow.path: NUMBER, **dict.fromkeys(inflow.landings, SET)} if inflow is not None else {}
    factors = [Factor(name, kinds.get(name, CHOICE), tuple(values)) for name, values in columns.items()]
    return design_points(tuple(factors), Layout("list"))
