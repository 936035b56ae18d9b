"""Checks of counts and queues: engagements against Poisson, the lift queue, a front cut into halves."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sim.analysis.verify_check import TICKS_PER_DAY, Check, Comparison, Z, check, readings, seed_of
from sim.analysis.verify_worlds import SIDES, World, day, merged, still, tranches
from sim.experiment.trial import Simulate, Trial

Values = NDArray[np.float64]

COUNT_RUNS = 4_000
COUNT_DAYS = 40
PEOPLE = {"blue": {"army": 30_000}, "red": {"army": 20_000}}
RATES = (0.5, 3.0, 20.0)  # engagements a day
STEPS = {0: 9.0, 13: 3.0, 20: 0.0, 30: 15.0}  # from this day on, engagements a day
ENGAGEMENTS = ("line.blue.engagements",)
LANDINGS = [(2, 700), (3, 2500), (3, 400), (4, 100), (9, 3000), (20, 800), (20, 1), (21, 2600)]  # day, people
LIFT, TRAVEL = 650.0, 3.25  # people a day, days
HALVES_RUNS = 600


def _attacked(tempo: float, effort: float) -> World:
    front = {"tempo": tempo, "forces": PEOPLE, "effort": {"blue": effort}}
    return still(COUNT_DAYS, front)


def poisson(simulate: Simulate, seed: int) -> list[Check]:
    """Compare counts of engagements with Poisson's law: means and dispersions at three rates, and as rates change."""
    means: list[Comparison] = []
    dispersions: list[Comparison] = []
    for rate in RATES:
        trial = Trial(_attacked(rate / 30, 1), seed_of(seed, "poisson", rate), COUNT_RUNS, ENGAGEMENTS, (COUNT_DAYS,))
        count = readings(simulate, trial).series[ENGAGEMENTS[0]][:, 0]
        means.append(_mean(count, rate * COUNT_DAYS, rate, f"{rate:g} a day"))
        dispersions.append(_dispersion(count, rate * COUNT_DAYS, f"{rate:g} a day"))
    why_mean = f"{Z:g} standard errors, sqrt(mean / {COUNT_RUNS:,}), plus half a second a wait for the clock"
    why_dispersion = f"{Z:g} standard errors, sqrt(2 / (n - 1) + 1 / (n mean)), n = {COUNT_RUNS:,}"
    return [
        check("engagements, mean of a Poisson count", means, why_mean),
        check("engagements, dispersion of a Poisson count", dispersions, why_dispersion),
        check("engagements when rates change", list(_stepped(simulate, seed)), f"{why_mean}; {why_dispersion}"),
    ]


def _mean(count: Values, mean: float, rate: float, what: str) -> Comparison:
    bound = Z * math.sqrt(mean / len(count)) + mean * rate / (2 * TICKS_PER_DAY)
    return Comparison(f"mean count, {what}", mean, float(count.mean()), bound)


def _dispersion(count: Values, mean: float, what: str) -> Comparison:
    bound = Z * math.sqrt(2 / (len(count) - 1) + 1 / (len(count) * mean))
    return Comparison(f"variance / mean, {what}", 1.0, float(count.var(ddof=1) / count.mean()), bound)


def _stepped(simulate: Simulate, seed: int) -> Iterator[Comparison]:
    """Yield counts between changes of effort: what is left of a wait is rescaled, and nothing is redrawn."""
    per_effort = 30.0  # engagements a day at full effort
    world = _attacked(per_effort / 30, STEPS[0] / per_effort)
    orders = {
        f"on{k}": {"kind": "hold", "fronts": ["line"], "effort": rate / per_effort, "start": day(k)}
        for k, rate in STEPS.items()
        if k
    }
    world = merged(world, {"sides": {"blue": {"policies": orders, "reviews": {"every": 1}}}})
    stops = (*STEPS, COUNT_DAYS)
    block = readings(simulate, Trial(world, seed_of(seed, "steps"), COUNT_RUNS, ENGAGEMENTS, stops)).series[
        ENGAGEMENTS[0]
    ]
    for k, (begin, rate) in enumerate(STEPS.items()):
        count, mean = block[:, k + 1] - block[:, k], rate * (stops[k + 1] - begin)
        what = f"days {begin} to {stops[k + 1]}"
        yield _mean(count, mean, rate, what)
        if mean:
            yield _dispersion(count, mean, what)


def lift_queue(simulate: Simulate, seed: int) -> Check:
    """Compare arrivals by day with the closed form of a first come, first served queue."""
    world = merged(still(COUNT_DAYS, {"forces": {"red": {"army": 1000}}}), tranches(LANDINGS, LIFT, TRAVEL))
    trial = Trial(world, seed, 2, ("east.red.ally.people",))
    seen = readings(simulate, trial).series["east.red.ally.people"]
    exact = arrived(COUNT_DAYS)
    rows = [
        Comparison(f"people arrived by day {number}", float(people), float(found), 0.0)
        for run in seen
        for number, (people, found) in enumerate(zip(exact, run, strict=True))
    ]
    return check("lift queue, closed form", rows, "exact: travel and lift are without luck here, people are integers")


def arrived(days: int) -> list[int]:
    """Return the people who have arrived by the beginning of each day.

    A departure waits for the one before it: free = max(free, landed) + people / lift; arrival = free + travel (E19).
    """
    free, found = 0, [0] * (days + 1)
    for landed, people in LANDINGS:
        free = max(free, landed * TICKS_PER_DAY) + math.floor(people / LIFT * TICKS_PER_DAY + 0.5)
        due = free + math.floor(TRAVEL * TICKS_PER_DAY + 0.5)
        for number in range(math.ceil(due / TICKS_PER_DAY), days + 1):
            found[number] += people
    return found


def halves(simulate: Simulate, seed: int) -> Check:
    """Compare a front with the same front cut into two halves: expected totals stay as they were."""
    one, two = _whole(), _whole()
    half = {"length": 50, "forces": {"blue": {"army": 15_000}, "red": {"army": 10_000}}}
    line = merged(two["fronts"]["line"], half)
    two["fronts"] = {"line": line, "half": line}
    names = ("east.territory_km2", *(f"{side}.casualties" for side in SIDES), *(f"east.{s}.people" for s in SIDES))
    uncut, cut = (
        readings(simulate, Trial(world, seed_of(seed, "halves", k), HALVES_RUNS, names, (COUNT_DAYS,))).series
        for k, world in enumerate((one, two))
    )
    rows = [_agree(name, uncut[name][:, 0], cut[name][:, 0]) for name in names]
    why = f"{Z:g} standard errors of a difference of means, from the two samples of {HALVES_RUNS} runs"
    return check("a front cut into halves", rows, why)


def _whole() -> World:
    """Return a front on which everything that scales with its length is on."""
    front = {"forces": PEOPLE, "effort": {"blue": 1, "red": 0.4}, "works": {"red": 0.5}}
    losses = {side: {"casualties": {"attacking": 8, "defending": 8}} for side in SIDES}
    switched_on = {
        "ground": 0.3,
        "culmination": 1.1,
        "works_build": 0.02,
        "fatigue_losses": 3,
        "fatigue_effort": 0.003,
        "overextension": 10,
        "beaten": 1.2,
    }
    return merged(still(COUNT_DAYS, front), {"sides": losses, "combat": switched_on})


def _agree(name: str, first: Values, second: Values) -> Comparison:
    error = math.sqrt((first.var(ddof=1) + second.var(ddof=1)) / len(first))
    return Comparison(f"{name}, mean", float(first.mean()), float(second.mean()), Z * error)
