"""Small scenarios for tests of the model: one dictionary, changed in places, loaded and lowered as a user's file is."""

import copy
import json
import tempfile
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.compiled import Block, Run, simulate
from sim.model.codes import TICKS_PER_DAY
from sim.model.tally import Labels, series_names
from sim.scenario.load import Loaded, load
from sim.scenario.lower import Lowered, lower

Raw = dict[str, Any]
Values = NDArray[np.float64]

START = date(2024, 1, 1)


def day(number: int) -> str:
    """Return the date of a day of the run, as files write it."""
    return str(START + timedelta(days=number))


def merged(base: Mapping[str, Any], *changes: Mapping[str, Any]) -> Raw:
    """Return the base with nested changes applied in order; a value of None takes its key away."""
    result = copy.deepcopy(dict(base))
    for change in changes:
        for key, value in change.items():
            if value is None:
                result.pop(key, None)
            elif isinstance(value, Mapping) and isinstance(result.get(key), dict):
                result[key] = merged(result[key], value)
            else:
                result[key] = copy.deepcopy(value)
    return result


def at(path: str, value: Any) -> Raw:
    """Return the nested change that sets a dotted path."""
    for key in reversed(path.split(".")):
        value = {key: value}
    return value


def loaded(raw: Mapping[str, Any]) -> Loaded:
    """Load a scenario given as a dictionary: it goes through a file, and JSON is YAML."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.yaml"
        path.write_text(json.dumps(raw))
        return load(path)


def lowered(raw: Mapping[str, Any], *changes: Mapping[str, Any]) -> Lowered:
    """Load and lower a scenario at its central values, after some changes."""
    return lower(loaded(merged(raw, *changes)), {})


def replications(n: int, first: int = 0) -> NDArray[np.uint64]:
    return np.arange(first, first + n, dtype=np.uint64)


def runs(world: Lowered, n: int, seed: int = 1) -> Block:
    """Run n replications, all of which must end well."""
    block = simulate(world.params, world.labels, seed, replications(n))
    assert not block.status.any(), block.status
    return block


def column(labels: Labels, name: str) -> int:
    """Position of a series by name (the first that has it)."""
    return [outcome.name for outcome in series_names(labels)].index(name)


def last(world: Lowered, name: str, n: int, seed: int = 1, on: int = -1) -> Values:
    """Values float64[run] of a series on a day of n runs (the last day)."""
    return runs(world, n, seed).series[:, on, column(world.labels, name)]


def started(world: Lowered, seed: int = 1, replication: int = 0) -> Run:
    """Return a run at its start."""
    run = Run(world.params, world.labels)
    run.start(seed, replication)
    return run


def until(run: Run, days: float) -> Run:
    """Advance a run through everything up to a day."""
    assert run.advance(until=round(days * TICKS_PER_DAY)) >= 0
    return run


def z_of_mean(values: Values, expected: float = 0.0) -> float:
    """Return how many standard errors a mean lies above what is expected."""
    error = float(values.std(ddof=1)) / np.sqrt(len(values))
    return (float(values.mean()) - expected) / error


def z_between(first: Values, second: Values) -> float:
    """Return how many standard errors the mean of the second lies above that of the first (independent samples)."""
    error = np.sqrt(first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second))
    return float((second.mean() - first.mean()) / error)


# A main front where blue attacks red, and a border where red's guards stand.
DUEL: Raw = {
    "twofront": 1,
    "title": "Duel",
    "start": day(0),
    "end": day(40),
    "theatres": {"east": {"positive": "blue", "role": "main"}, "west": {"positive": "blue", "role": "second"}},
    "fronts": {
        "line": {
            "theatre": "east",
            "length": 100,
            "tempo": 1,
            "forces": {"blue": {"army": 30000}, "red": {"army": 20000}},
            "effort": {"blue": 1},
            "works": {"red": 0.5},
        },
        "edge": {"theatre": "west", "kind": "border", "length": 150, "tempo": 1, "forces": {"red": {"army": 4000}}},
    },
    "sides": {
        side: {
            "contingents": {"army": {"reserve": 20000}},
            "recruits": {"contingent": "army", "per_month": 3000, "training_minimum": 5, "training_maximum": 10},
            "munitions": {"stock": 50000, "half_effect": 50000, "per_attack": 100, "per_defence": 100, "floor": 0.4},
            "movement": {"lift": {"east": 1000, "west": 500}, "travel": 5, "travel_within": 2},
            "reviews": {"every": 5, "reporting_delay": 1},
        }
        for side in ("blue", "red")
    },
}
INCURSION: Raw = {"incursion": {"side": "blue", "front": "edge", "at": day(3), "force": {"army": 8000}}}

# Nothing drifts, nobody is hurt, no ground worth the name is taken: what is left is what a test switches on.
STILL: Raw = merged(
    DUEL,
    {
        "sides": {
            side: {
                "recruits": None,
                "casualties": {"attacking": 0, "defending": 0},
                "munitions": {"stock": 0, "floor": 1, "per_attack": 0, "per_defence": 0},
                "movement": {"travel_sigma": 0, "emergency": 0, "replacements": 0, "fill": 0},
            }
            for side in ("blue", "red")
        },
        "fronts": {"line": {"works": {"red": 0}, "terrain": 1}, "edge": {"terrain": 1}},
        "combat": {
            "culmination": 0,
            "posture": 1,
            "works_build": 0,
            "fatigue_effort": 0,
            "fatigue_losses": 0,
            "overextension": 1e5,
            "casualty_spread": 0,
            "ground_spread": 0,
            "ground": 1e-6,
            "beaten": 1,
        },
        "withdrawal": {"hazard": 0},
    },
)


def allied_tranches(landings: list[tuple[int, int]], **inflow: Any) -> Raw:
    """Return the change that lets an ally of red land people on days: (day, people)."""
    total = sum(people for _, people in landings)
    tranches = {f"t{k}": {"at": day(number), "share": people / total} for k, (number, people) in enumerate(landings)}
    ally = {"inflow": {"people": total, "acclimatise": 0, "tranches": tranches, **inflow}}
    return {"sides": {"red": {"contingents": {"ally": ally}}}}
