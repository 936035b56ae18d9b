"""The larger parts of lowering: numbers by path, sides with their contingents, and policies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.model import codes as code
from sim.scenario.consistency import allowed_on
from sim.scenario.policies import Order
from sim.scenario.schema import Scenario
from sim.scenario.values import Quantity

DEFAULT_LIFT = 2000.0


class Numbers:
    """A scenario's numbers by path: the sampled value where there is one, else the central value."""

    def __init__(self, quantities: Mapping[str, Quantity], values: Mapping[str, float]) -> None:
        """Hold the quantities by path and the values of a draw by path."""
        self.quantities, self.values = quantities, values

    def __call__(self, path: str, default: float | None = None) -> float:
        """The number at a path; `default` where the scenario does not state it."""
        if path in self.values:
            return self.values[path]
        quantity = self.quantities.get(path)
        if quantity is not None:
            return quantity.central
        if default is None:
            raise KeyError(path)
        return default


_SIDE = {
    "reserve_recovery_per_day": "movement.reserve_recovery",
    "reserve_floor": "movement.reserve_floor",
    "fires_multiplier": "munitions.fires",
    "fires_floor": "munitions.floor",
    "munitions_half_rounds": "munitions.half_effect",
    "munitions_start_rounds": "munitions.stock",
    "munitions_per_day": "munitions.production",
    "rounds_per_attack": "munitions.per_attack",
    "rounds_per_defence": "munitions.per_defence",
    "casualties_attacking": "casualties.attacking",
    "casualties_defending": "casualties.defending",
    "irrecoverable_share": "casualties.irrecoverable",
    "return_share": "casualties.returning",
    "recovery_days": "casualties.recovery",
    "recovery_sigma": "casualties.recovery_sigma",
    "replacement_share": "movement.replacements",
    "replacement_pressure_gain": "movement.replacements_pressure",
    "fill_per_day": "movement.fill",
    "least_moved": "movement.least_moved",
    "emergency_per_day": "movement.emergency",
    "emergency_pressure": "movement.emergency_pressure",
    "emergency_ground_per_km": "movement.emergency_ground",
    "travel_days": "movement.travel",
    "travel_within_days": "movement.travel_within",
    "travel_sigma": "movement.travel_sigma",
    "lost_en_route_share": "movement.lost_en_route",
    "review_days": "reviews.every",
    "reporting_delay_days": "reviews.reporting_delay",
}


def lower_sides(p: np.void, scenario: Scenario, n: Numbers) -> None:
    """Both sides: flows, materiel, reviews, contingents."""
    for s, (name, side) in enumerate(scenario.sides.items()):
        row, path = p["side"][s], f"sides.{name}"
        for field, key in _SIDE.items():
            row[field] = n(f"{path}.{key}")
        row["start_wounded"] = round(n(f"{path}.casualties.in_hospital"))
        row["first_review_days"] = n(f"{path}.reviews.first", float(row["review_days"]))
        for h, theatre in enumerate(scenario.theatres):
            row["lift_per_day"][h] = n(f"{path}.movement.lift.{theatre}", DEFAULT_LIFT)
        row["n_contingents"] = len(side.contingents)
        _recruits(row, scenario, name, n)
        for c, contingent in enumerate(side.contingents):
            _contingent(row["contingent"][c], scenario, name, contingent, n)


def _recruits(row: np.void, scenario: Scenario, name: str, n: Numbers) -> None:
    recruits, path = scenario.sides[name].recruits, f"sides.{name}.recruits"
    row["training_min_days"] = row["training_max_days"] = 1.0
    if recruits is None:
        return
    base = n(f"{path}.per_month")
    row["recruits_per_month"] = base
    row["recruits_response"] = n(f"{path}.response")
    row["recruits_min_per_month"] = n(f"{path}.minimum", 0.0)
    row["recruits_max_per_month"] = n(f"{path}.maximum", 10.0 * base)
    row["recruits_contingent"] = list(scenario.sides[name].contingents).index(recruits.contingent)
    row["training_min_days"] = n(f"{path}.training_minimum")
    row["training_max_days"] = n(f"{path}.training_maximum")


def _contingent(row: np.void, scenario: Scenario, side: str, name: str, n: Numbers) -> None:
    path = f"sides.{side}.contingents.{name}"
    row["quality"] = n(f"{path}.quality")
    row["arrival_readiness"] = n(f"{path}.arrival_readiness")
    row["readiness_recovery_per_day"] = n(f"{path}.readiness_recovery")
    row["start_reserve"] = round(n(f"{path}.reserve"))
    for f, front in enumerate(scenario.fronts):
        row["allowed"][f] = int(allowed_on(scenario, scenario.sides[side].contingents[name], front))


_KINDS = {name: kind for kind, name in enumerate(code.POLICY_NAMES)}
_POLICY = {
    "effort": "effort",
    "move_share": "move_share",
    "reserve_share": "reserve_share",
    "base_people": "base",
    "people_per_km2": "per_km2",
    "target_people": "people",
    "pressure_gain": "gain",
    "rate_per_day": "rate",
    "floor_share": "floor",
    "cap_share": "cap",
}


def lower_policies(p: np.void, scenario: Scenario, n: Numbers) -> None:
    """The policies of both sides, in file order."""
    for s, (side_name, side) in enumerate(scenario.sides.items()):
        p["n_policies"][s] = len(side.policies)
        for k, (name, policy) in enumerate(side.policies.items()):
            _policy(p["policy"][s, k], scenario, policy, f"sides.{side_name}.policies.{name}", n)


def _policy(row: np.void, scenario: Scenario, policy: Any, path: str, n: Numbers) -> None:
    row["kind"] = _KINDS[policy.kind]
    row["start_tick"], row["end_tick"] = _window(scenario, policy)
    row["after_days"] = n(f"{path}.after")
    row["cap_share"] = 1.0
    for field, key in _POLICY.items():
        row[field] = n(f"{path}.{key}", float(row[field]))
    row["weight"][:] = 1.0
    row["on_front"][_places(scenario, getattr(policy, "fronts", ()))] = 1
    row["source"][_places(scenario, getattr(policy, "sources", ()))] = 1
    for front in getattr(policy, "weights", ()):
        index = list(scenario.fronts).index(front)
        row["on_front"][index], row["weight"][index] = 1, n(f"{path}.weights.{front}")
    _trigger(row, scenario, policy, path, n)


def _window(scenario: Scenario, policy: Order) -> tuple[int, int]:
    start = (policy.start - scenario.start).days * code.TICKS_PER_DAY if policy.start else 0
    end = (policy.until - scenario.start).days * code.TICKS_PER_DAY if policy.until else code.FAR
    return start, end


def _trigger(row: np.void, scenario: Scenario, policy: Any, path: str, n: Numbers) -> None:
    fronts = list(scenario.fronts)
    row["trigger_front"] = fronts.index(policy.when.front) if policy.when else -1
    row["watch"] = fronts.index(policy.front) if hasattr(policy, "front") else -1
    row["trigger_lost_km2"] = n(f"{path}.when.lost", math.nan)
    row["trigger_held_below_km2"] = n(f"{path}.when.held_below", math.nan)
    row["trigger_held_above_km2"] = n(f"{path}.when.held_above", math.nan)
    row["trigger_pressure"] = n(f"{path}.when.pressure_above", math.nan)


def _places(scenario: Scenario, names: Any) -> list[int]:
    """Indices of fronts named themselves or by their theatre."""
    return [f for f, (name, front) in enumerate(scenario.fronts.items()) if name in names or front.theatre in names]
