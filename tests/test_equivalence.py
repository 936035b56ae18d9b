# The compiled engine against an independent SimPy model of the same page: see benchmarks/EQUIVALENCE.md.
import math
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
import worlds as w
from numpy.typing import NDArray

from benchmarks import simpy_model
from sim.engine.compiled import simulate
from sim.model.tally import series_names
from sim.scenario.load import Loaded, load, quantities
from sim.scenario.lower import lower

Values = dict[str, NDArray[np.float64]]

SCENARIOS = Path(__file__).parents[1] / "scenarios"
FLAGSHIP = SCENARIOS / "kursk_2024.yaml"
NO_LUCK = ("luck.theatre_sigma=0", "luck.front_sigma=0")

ALPHA = 0.05  # of each one-sided test; all outcomes must pass, so the claim "all equivalent" errs in 5 % at most
POWER = 0.9  # that all pass when the models are equal, by Bonferroni
SHARE = 0.05  # margin of a mean: the greater of 5 % of the engine's mean ...
DEVIATIONS = 0.5  # ... and half of a standard deviation of the runs compared
FACTOR = 1.4  # margin of a standard deviation, as a ratio
NORMAL = NormalDist()
Z = NORMAL.inv_cdf(1.0 - ALPHA)


def engine(loaded: Loaded, n: int, dates: Sequence[str] = simpy_model.DATES, seed: int = 11) -> Values:
    """Outcomes of the compiled engine by `<series>@<date>`, float64[run]."""
    world = lower(loaded, {})
    block = simulate(world.params, world.labels, seed, w.replications(n))
    assert not block.status.any()
    days = {text: (date.fromisoformat(text) - world.start).days for text in dates} | {"end": world.days}
    return {
        f"{series.name}@{text}": block.series[:, day, k]
        for text, day in days.items()
        for k, series in enumerate(series_names(world.labels))
        if 0 < day <= world.days
    } | {"events": block.events - world.days - 1.0}  # the engine counts the daily sample and the last one


def idiomatic(loaded: Loaded, n: int, dates: tuple[str, ...] = simpy_model.DATES, seed: int = 12) -> Values:
    """The same of the SimPy model."""
    rows = [simpy_model.simulate(loaded, seed, replication, dates) for replication in range(n)]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def margin_of_mean(expected: NDArray[np.float64]) -> float:
    """How far apart means may lie: stated beforehand."""
    return max(SHARE * abs(float(expected.mean())), DEVIATIONS * float(expected.std(ddof=1)))


def error_of_mean(values: NDArray[np.float64]) -> float:
    """Variance of a mean."""
    return float(values.var(ddof=1)) / len(values)


def error_of_log_deviation(values: NDArray[np.float64]) -> float:
    """Variance of the logarithm of a standard deviation, by the values' kurtosis."""
    centred = values - values.mean()
    kurtosis = float((centred**4).mean() / (centred**2).mean() ** 2)
    return (kurtosis - 1.0) / (4.0 * len(values))


def unequal_means(expected: Values, seen: Values, names: Sequence[str]) -> list[str]:
    """Outcomes whose means two one-sided tests do not show to be equivalent."""
    failed = []
    for name in names:
        distance = abs(float(seen[name].mean() - expected[name].mean()))
        error = math.sqrt(error_of_mean(expected[name]) + error_of_mean(seen[name]))
        if distance + Z * error > margin_of_mean(expected[name]):
            failed.append(f"{name}: {seen[name].mean():.4g} against {expected[name].mean():.4g} (error {error:.3g})")
    return failed


def unequal_spreads(expected: Values, seen: Values, names: Sequence[str]) -> list[str]:
    """Outcomes whose standard deviations two one-sided tests do not show to be within a factor."""
    failed = []
    for name in names:
        ratio = float(seen[name].std(ddof=1) / expected[name].std(ddof=1))
        error = math.sqrt(error_of_log_deviation(expected[name]) + error_of_log_deviation(seen[name]))
        if abs(math.log(ratio)) + Z * error > math.log(FACTOR):
            failed.append(f"{name}: ratio of standard deviations {ratio:.3f} (error {error:.3f})")
    return failed


def power_of_one(margin: float, error: float) -> float:
    """Probability that two one-sided tests pass when there is no difference."""
    return max(0.0, 2.0 * NORMAL.cdf(margin / error - Z) - 1.0)


def power(expected: Values, n: int, means: Sequence[str], spreads: Sequence[str] = ()) -> float:
    """Probability that all pass when the models are equal, from the engine's runs alone (Bonferroni)."""
    misses = 0.0
    for name in means:
        values = expected[name]
        error = math.sqrt(error_of_mean(values) + float(values.var(ddof=1)) / n)
        misses += 1.0 - power_of_one(margin_of_mean(values), error)
    for name in spreads:
        here = error_of_log_deviation(expected[name])
        error = math.sqrt(here + here * len(expected[name]) / n)
        misses += 1.0 - power_of_one(math.log(FACTOR), error)
    return 1.0 - misses


def logged(values: Values, *names: str) -> Values:
    """The values and the logarithms of some of them."""
    return values | {f"ln {name}": np.log(values[name]) for name in names}


# ---- exact: worlds without chance ------------------------------------------------------------------------------------

EVERY_DAY = tuple(w.day(k) for k in range(1, 40))
PEOPLE = ("people", "reserve", "transit", "training", "wounded")


def policy(side: str, **given: object) -> w.Raw:
    return {"sides": {side: {"policies": {"order": given}}}}


FAST_LIFT: w.Raw = {"sides": {"red": {"movement": {"lift": {"west": 4000}}}}}
CERTAIN = {
    "reinforce": w.merged(
        FAST_LIFT, policy("red", kind="reinforce", front="edge", people=16000, sources=["line"], move_share=0.3)
    ),
    "threshold": w.merged(
        FAST_LIFT,
        policy("red", kind="threshold", front="edge", base=15000, sources=["line"], move_share=0.2, after=4),
    ),
    "lift": policy("red", kind="reinforce", front="edge", people=12000),
    "withdraw": policy("red", kind="withdraw", fronts=["edge"], start=w.day(7)),
    "by_pressure": policy("red", kind="by_pressure", fronts=["line", "edge"], gain=1, move_share=0.3),
    "main_effort": policy("red", kind="main_effort", weights={"line": 1, "edge": 2}, effort=0.4, move_share=0.5),
    "hold": w.merged(  # what blue's effort changes is the pressure that red answers
        policy("blue", kind="hold", fronts=["line"], effort=0.3, when={"front": "line", "pressure_above": -4}),
        policy("red", kind="by_pressure", fronts=["line", "edge"], gain=1, move_share=0.3),
    ),
    "replacements": {
        "sides": {
            side: {"movement": {"fill": 0.02, "emergency": 0.05, "emergency_pressure": 0}} for side in ("blue", "red")
        }
    },
    "floor": {"sides": {"red": {"movement": {"fill": 0.05, "reserve_floor": 12000}}}},
    "landings": w.allied_tranches([(4, 1500), (4, 800), (11, 2300)], front="line"),
    "recruits": {
        "sides": {
            "red": {
                "recruits": {  # 700 a week, and no chance in how long they train
                    "contingent": "army",
                    "per_month": 3044,
                    "response": 0,
                    "training_minimum": 12,
                    "training_maximum": 12,
                },
                "movement": {"fill": 0.02},
            }
        }
    },
    "incursion": w.INCURSION,
    "no incursion": w.merged(
        w.INCURSION, {"incursion": {"ordered": False, "otherwise": {"share": 0.4, "delay": 6, "defender": 3000}}}
    ),
}


CHANGED = {
    "reinforce": w.at("sides.red.policies.order.move_share", 0.29),
    "threshold": w.at("sides.red.policies.order.move_share", 0.19),
    "lift": w.at("sides.red.movement.lift.west", 495),
    "withdraw": w.at("sides.red.reviews.every", 5.5),
    "by_pressure": w.at("sides.red.policies.order.gain", 1.02),
    "main_effort": w.at("sides.red.policies.order.weights.edge", 2.02),
    "hold": w.at("sides.blue.policies.order.effort", 0.33),
    "replacements": w.at("sides.red.movement.emergency", 0.051),
    "floor": w.at("sides.red.movement.reserve_floor", 12100),
    "landings": w.at("sides.red.contingents.ally.inflow.acclimatise", 1),
    "recruits": w.at("sides.red.recruits.per_month", 3050),
    "incursion": w.at("incursion.force.army", 8010),
    "no incursion": w.at("incursion.otherwise.share", 0.41),
}


def differences(name: str, *changes: w.Raw) -> list[str]:
    """People of a world without chance in whom the engine, after changes, differs from the SimPy model, by day."""
    no_ground = {"combat": {"ground": 1e-9, "ground_saturation": 1e-9}}
    world = w.merged(w.STILL, no_ground, CERTAIN[name])
    seen = idiomatic(w.loaded(world), 1, EVERY_DAY)
    expected = engine(w.loaded(w.merged(world, *changes)), 1, EVERY_DAY)
    names = [key for key in seen if key.partition("@")[0].endswith(PEOPLE)]
    assert any(seen[key] != seen[f"{key.partition('@')[0]}@end"] for key in names), "nobody moved"
    return [f"{key}: {seen[key][0]} against {expected[key][0]}" for key in names if expected[key] != seen[key]]


@pytest.mark.parametrize("name", CERTAIN)
def test_where_nothing_is_left_to_chance_both_move_the_same_people_on_the_same_days(name: str) -> None:
    assert not differences(name)


@pytest.mark.parametrize("name", CERTAIN)
def test_where_nothing_is_left_to_chance_a_small_change_is_seen(name: str) -> None:
    assert differences(name, CHANGED[name])


# ---- sharp: single mechanisms in small worlds ------------------------------------------------------------------------

RUNS, ENGINE_RUNS = 60, 2000
FIGHT = {"line": {"tempo": 3}}
COARSE = {"fronts": FIGHT, "combat": {"granularity": 10}}
SMALL = {
    "engagements": ({}, ("events",)),
    "granularity": (COARSE, ("events",)),
    "culmination": (w.merged(COARSE, {"combat": {"culmination": 1.2}}), ("events",)),
    "ground": (
        w.merged(COARSE, {"combat": {"ground": 0.3, "ground_spread": 1, "works_build": 0.02}}),
        ("line.territory_km2@end",),
    ),
    "overextension": (w.merged(COARSE, {"combat": {"ground": 0.5, "overextension": 1}}), ("line.territory_km2@end",)),
    "casualties": (
        {
            "fronts": FIGHT,
            "sides": {
                side: {"casualties": {"attacking": 8, "defending": 5, "recovery": 10}} for side in ("blue", "red")
            },
            "combat": {
                "granularity": 10,
                "casualty_spread": 0.5,
                "beaten": 1.5,
                "fatigue_losses": 3,
                "fatigue_effort": 0.01,
            },
        },
        ("blue.casualties@end", "red.casualties@end", "red.irrecoverable@end", "blue.wounded@end"),
    ),
    "munitions": (
        {
            "fronts": FIGHT,
            "sides": {"blue": {"munitions": {"stock": 20000, "half_effect": 20000, "floor": 0.2, "per_attack": 20}}},
            "combat": {"granularity": 10, "culmination": 1.2},
        },
        ("blue.munitions@end", "events"),
    ),
    "withdrawal": (
        {"withdrawal": {"hazard": 0.5, "pressure": 0.5, "losses": 0, "prisoners": 0.05}},
        ("line.territory_km2@end", "red.casualties@end"),
    ),
    "incursion": (
        w.merged(
            w.INCURSION,
            {"combat": {"granularity": 5, "ground": 0.3, "surprise_decay": 0.2}, "fronts": {"edge": {"tempo": 6}}},
        ),
        ("edge.territory_km2@end",),
    ),
}


@cache
def small(name: str) -> tuple[Values, Values]:
    loaded = w.loaded(w.merged(w.STILL, SMALL[name][0]))
    return engine(loaded, ENGINE_RUNS, ()), idiomatic(loaded, RUNS, ())


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_a_mechanism_on_its_own_has_equivalent_means(name: str) -> None:
    expected, seen = small(name)
    names = SMALL[name][1]
    assert power(expected, RUNS, names) > POWER
    assert not unequal_means(expected, seen, names)


PERTURBED = {
    "granularity": {"fronts": {"line": {"tempo": 3.3}}},
    "ground": {"combat": {"ground": 0.36}},
    "casualties": {"sides": {"blue": {"casualties": {"attacking": 8.8}}}},
    "withdrawal": {"withdrawal": {"depth": 2.4}},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PERTURBED)
def test_a_perturbed_mechanism_is_seen(name: str) -> None:
    expected = engine(w.loaded(w.merged(w.STILL, SMALL[name][0], PERTURBED[name])), ENGINE_RUNS, ())
    assert unequal_means(expected, small(name)[1], SMALL[name][1])


@pytest.mark.slow
def test_luck_makes_gains_scatter_alike() -> None:
    loud = {"luck": {"theatre_sigma": 0.5, "front_sigma": 0.7, "theatre_memory": 10, "front_memory": 40}}
    change = {"fronts": {"line": {"tempo": 10}}, "combat": {"granularity": 20, "ground": 0.05}}
    loaded, name = w.loaded(w.merged(w.STILL, change, loud)), "line.territory_km2@end"
    expected, seen = engine(loaded, ENGINE_RUNS, ()), idiomatic(loaded, 2 * RUNS, ())
    expected, seen = logged(expected, name), logged(seen, name)
    assert power(expected, 2 * RUNS, [f"ln {name}"], [f"ln {name}"]) > POWER
    assert not unequal_means(expected, seen, [f"ln {name}"])
    assert not unequal_spreads(expected, seen, [f"ln {name}"])


def test_the_two_fronts_of_the_readme_have_equivalent_gains() -> None:
    loaded = load(SCENARIOS / "two_fronts.yaml")
    expected, seen = engine(loaded, ENGINE_RUNS, ()), idiomatic(loaded, RUNS, ())
    names = ("north.territory_km2@end", "south.territory_km2@end", "events")
    assert power(expected, RUNS, names) > POWER
    assert not unequal_means(expected, seen, names)


# ---- the whole flagship ----------------------------------------------------------------------------------------------

WHOLE = (
    "kursk.territory_km2@2024-08-27",
    "kursk.territory_km2@2024-11-11",
    "east.territory_km2@2024-10-01",
    "east.territory_km2@2025-01-31",
    "east.territory_km2@end",
    "russia.casualties@end",
    "ukraine.casualties@end",
    "kursk.russia.people@2024-11-11",
    "kursk.ukraine.people@2024-10-01",
    "russia.reserve@2024-11-11",
    "ukraine.reserve@2025-01-31",
    "ukraine.munitions@2025-01-31",
    "events",
)
EARLY = (
    "kursk.territory_km2@2024-09-08",
    "east.territory_km2@2024-11-11",
    "russia.casualties@2024-11-11",
    "ukraine.casualties@2024-11-11",
    "kursk.russia.people@2024-09-08",
    "kursk.ukraine.people@2024-09-08",
    "ukraine.reserve@2024-10-01",
    "events",
)
SPREADS = (
    "kursk.territory_km2@2024-09-08",
    "kursk.territory_km2@2024-11-11",
    "ln east.territory_km2@2024-11-11",
    "ln east.territory_km2@end",
    "russia.casualties@2024-11-11",
)
LUCK_RUNS, NO_LUCK_RUNS, CHOICE_RUNS = 100, 80, 80
CHOICES = {"divert": ("russia.response=divert",), "reinforce": ("ukraine.kursk=reinforce",)}


@cache
def flagship(choices: tuple[str, ...], sets: tuple[str, ...], runs: int) -> tuple[Values, Values]:
    loaded = load(FLAGSHIP, choices, sets)
    east = [f"east.territory_km2@{text}" for text in ("2024-11-11", "end")]
    return logged(engine(loaded, ENGINE_RUNS), *east), logged(idiomatic(loaded, runs), *east)


@pytest.mark.slow
def test_the_flagship_without_luck_has_equivalent_means() -> None:
    expected, seen = flagship((), NO_LUCK, NO_LUCK_RUNS)
    assert power(expected, NO_LUCK_RUNS, WHOLE) > POWER
    assert not unequal_means(expected, seen, WHOLE)


@pytest.mark.slow
def test_the_flagship_has_equivalent_means_and_spreads() -> None:
    expected, seen = flagship((), (), LUCK_RUNS)
    means = ("kursk.territory_km2@2024-11-11", "ln east.territory_km2@2024-11-11", "russia.casualties@2024-11-11")
    assert power(expected, LUCK_RUNS, means, SPREADS) > POWER
    assert not unequal_means(expected, seen, means)
    assert not unequal_spreads(expected, seen, SPREADS)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_has_equivalent_means(name: str) -> None:
    expected, seen = flagship(CHOICES[name], NO_LUCK, CHOICE_RUNS)
    assert power(expected, CHOICE_RUNS, EARLY) > POWER
    assert not unequal_means(expected, seen, EARLY)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "factor", "name"),
    [
        ("combat.ground", 1.1, "east.territory_km2@2025-01-31"),
        ("sides.russia.casualties.attacking", 1.1, "russia.casualties@end"),
        ("fronts.kursk.tempo", 1.2, "kursk.territory_km2@2024-08-27"),
        ("sides.russia.policies.expel.per_km2", 1.1, "kursk.russia.people@2024-11-11"),
        ("sides.ukraine.policies.kursk.people", 1.1, "kursk.ukraine.people@2024-10-01"),
        ("sides.ukraine.movement.fill", 1.2, "ukraine.reserve@2025-01-31"),
    ],
)
def test_ten_or_twenty_per_cent_on_one_parameter_is_seen(path: str, factor: float, name: str) -> None:
    _, seen = flagship((), NO_LUCK, NO_LUCK_RUNS)
    quantity = dict(quantities(load(FLAGSHIP), every=True))[path]
    value = round(quantity.central * factor, 0 if quantity.integer else 9)
    perturbed = engine(load(FLAGSHIP, sets=(*NO_LUCK, f"{path}={value}")), ENGINE_RUNS)
    assert any(failed.startswith(name) for failed in unequal_means(perturbed, seen, WHOLE))
