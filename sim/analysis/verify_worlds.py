"""The scenario files of the checks, as nested dictionaries: they are written to files and loaded as a user's are.

`still` is a main front between blue and red on which nothing drifts, nobody is hurt and no ground worth the name is
taken: what is left is what a check switches on.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import date, timedelta
from random import Random
from typing import Any

World = dict[str, Any]

START = date(2024, 1, 1)
SIDES = ("blue", "red")


def day(number: int) -> str:
    """Return the date of a day of the run, as files write it."""
    return str(START + timedelta(days=number))


def merged(base: Mapping[str, Any], *changes: Mapping[str, Any]) -> World:
    """Return the base with nested changes applied in order."""
    result = copy.deepcopy(dict(base))
    for change in changes:
        for key, value in change.items():
            if isinstance(value, Mapping) and isinstance(result.get(key), dict):
                result[key] = merged(result[key], value)
            else:
                result[key] = copy.deepcopy(value)
    return result


def still(days: int, front: Mapping[str, Any]) -> World:
    """Return a campaign of some days on one front, with everything switched off that can be."""
    line = {"theatre": "east", "length": 100, "tempo": 1, "terrain": 1, "forces": {}}
    side = {
        "contingents": {"army": {}},
        "casualties": {"attacking": 0, "defending": 0, "irrecoverable": 1},
        "munitions": {"stock": 0, "floor": 1, "per_attack": 0, "per_defence": 0},
        "movement": {"travel_sigma": 0, "emergency": 0, "replacements": 0, "fill": 0},
    }
    return {
        "twofront": 1,
        "title": "A check",
        "start": day(0),
        "end": day(days),
        "theatres": {"east": {"positive": "blue", "role": "main"}},
        "fronts": {"line": merged(line, front)},
        "sides": {name: copy.deepcopy(side) for name in SIDES},
        "combat": {
            "granularity": 1,
            "culmination": 0,
            "posture": 1,
            "works_build": 0,
            "fatigue_effort": 0,
            "fatigue_losses": 0,
            "overextension": 1e5,
            "casualty_spread": 0,
            "ground_spread": 0,
            "ground": 1e-9,
            "beaten": 1,
        },
        "withdrawal": {"hazard": 0},
    }


def tranches(landings: list[tuple[int, int]], lift: float, travel: float) -> World:
    """Return the change that lets an ally of red land people, (day, people), and go to the line by lift."""
    total = sum(people for _, people in landings)
    stated = {f"t{k}": {"at": day(number), "share": people / total} for k, (number, people) in enumerate(landings)}
    ally = {"inflow": {"people": total, "front": "line", "acclimatise": 0, "tranches": stated}}
    movement = {"lift": {"east": lift}, "travel": travel}
    return {"sides": {"red": {"contingents": {"ally": ally}, "movement": movement}}}


def lively(random: Random) -> World:
    """Return a small campaign of two theatres in which everything moves people, its numbers at random."""
    lift = {"east": random.choice((60, 900)), "west": random.choice((60, 900))}
    return {
        "twofront": 1,
        "title": "A campaign at random",
        "start": day(0),
        "end": day(60),
        "theatres": {"east": {"positive": "red", "role": "main"}, "west": {"positive": "blue", "role": "second"}},
        "fronts": {
            "line": _contested(random, 20_000),
            "flank": _contested(random, 500),
            "edge": {"theatre": "west", "kind": "border", "length": 120, "forces": {"red": {"army": 2000}}},
        },
        "sides": {name: _lively_side(random, name, lift) for name in SIDES},
        "incursion": {"side": "blue", "front": "edge", "at": day(random.randint(1, 20)), "force": {"army": 6000}},
        "combat": {"granularity": random.choice((1, 5)), "casualty_spread": random.uniform(0, 2)},
        "withdrawal": {"hazard": random.uniform(0, 0.05), "prisoners": random.uniform(0, 0.2)},
    }


def _contested(random: Random, people: int) -> World:
    forces = {name: {"army": random.randint(0, people), "guard": random.randint(0, 300)} for name in SIDES}
    effort = {name: random.choice((0, 0.3, 1)) for name in SIDES}
    return {"theatre": "east", "length": 60, "tempo": random.uniform(0.2, 3), "forces": forces, "effort": effort}


def _lively_side(random: Random, name: str, lift: Mapping[str, float]) -> World:
    when = [day(random.randint(0, 50))] * 2  # both tranches land at one instant
    landing = {f"t{k}": {"at": at, "share": 0.5, "cancelled": 0.2} for k, at in enumerate(when)}
    inflow = {"people": random.randint(1, 9000), "front": "line", "acclimatise": 2, "tranches": landing}
    losses = {kind: random.uniform(0, 60) for kind in ("attacking", "defending")}
    shares = {kind: random.random() for kind in ("irrecoverable", "returning")}
    policies = {"mass": {"kind": "main_effort", "weights": {"line": 2, "flank": 1}, "move_share": 0.3}}
    if name == "red":
        expel = {"kind": "threshold", "front": "edge", "base": 4000, "per_km2": 30, "sources": ["line"]}
        policies["expel"] = {**expel, "move_share": 0.3, "when": {"front": "edge", "lost": 1}}
    return {
        "contingents": {"army": {"reserve": random.randint(6000, 20_000)}, "guard": {}, "ally": {"inflow": inflow}},
        "casualties": {**losses, **shares, "recovery": random.randint(5, 30), "in_hospital": random.randint(0, 900)},
        "recruits": {"contingent": "army", "per_month": 4000, "training_minimum": 5, "training_maximum": 12},
        "movement": {"lift": dict(lift), "travel": 3, "lost_en_route": random.uniform(0, 0.3), "replacements": 1},
        "reviews": {"every": random.choice((2, 3.5, 7)), "reporting_delay": 1},
        "policies": policies,
    }
