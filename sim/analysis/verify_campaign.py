"""Checks of whole campaigns: the ledger, the same bits for any workers, granularity's share, no runaway."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import numpy as np
from numpy.typing import NDArray

from sim.analysis.verify_check import Check, Comparison, check, readings, seed_of
from sim.analysis.verify_worlds import SIDES, lively
from sim.experiment.trial import Readings, Simulate, Trial

Values = NDArray[np.float64]

FLAGSHIP = "kursk_2024"
FLAGSHIP_SIDES, FLAGSHIP_THEATRES = ("russia", "ukraine"), ("kursk", "east")
POOLS = ("reserve", "training", "transit", "wounded", "irrecoverable")

RANDOM_WORLDS = 12
LEDGER_RUNS = 8

ENGINE_RUNS = 5
ENGINE_WORLDS = 2

GRAIN_RUNS = 300
GRAIN_SHARE = 0.10
ASSESSED = (97, 178)  # days: 2024-11-11 and 2025-01-31
GROUND = ("kursk.territory_km2", "east.territory_km2")

DATA_END = date(2024, 11, 11)
MONTH_DAYS = 30
RECORD_KM2 = 503  # the largest monthly gain in the east on record: October 2024 (DeepState)
STATUS_QUO_DRAWS, STATUS_QUO_RUNS = 250, 4


def ledger(simulate: Simulate, seed: int) -> list[Check]:
    """Recount people on the flagship and on campaigns at random, in which the engine also checks every event."""
    names = _ledger_names(FLAGSHIP_SIDES, FLAGSHIP_THEATRES)
    trial = Trial(FLAGSHIP, seed_of(seed, "ledger"), LEDGER_RUNS, names, draws=4, every_event=True)
    flagship = list(recount(readings(simulate, trial), FLAGSHIP_SIDES, FLAGSHIP_THEATRES, FLAGSHIP))
    random, small = Random(seed), list[Comparison]()
    for k in range(RANDOM_WORLDS):
        names = _ledger_names(SIDES, ("east", "west"))
        trial = Trial(lively(random), seed_of(seed, "ledger", k), LEDGER_RUNS, names, every_event=True)
        small += recount(readings(simulate, trial), SIDES, ("east", "west"), f"campaign {k + 1}")
    why = "exact: people are integers; the engine checks every event, and every day is recounted from the series"
    return [check("ledger, flagship", flagship, why), check("ledger, campaigns at random", small, why)]


def _ledger_names(sides: tuple[str, ...], theatres: tuple[str, ...]) -> tuple[str, ...]:
    pools = [f"{side}.{pool}" for side in sides for pool in (*POOLS, "reinforcements")]
    return (*(f"{theatre}.{side}.people" for side in sides for theatre in theatres), *pools)


def recount(found: Readings, sides: tuple[str, ...], theatres: tuple[str, ...], where: str) -> Iterator[Comparison]:
    """Yield, by side, the people in all pools less those who entered, which must stay those of the first day."""
    for side in sides:
        people = sum((found.series[f"{theatre}.{side}.people"] for theatre in theatres), np.float64(0))
        held = sum((found.series[f"{side}.{pool}"] for pool in POOLS), people)
        balance = np.asarray(held - found.series[f"{side}.reinforcements"])
        off = np.abs(balance - balance[:, :1])
        furthest = off.size - 1 - int(np.argmax(off.ravel()[::-1]))  # of equals the last
        run, number = np.unravel_index(furthest, off.shape)
        what = f"people of {side}, {where}, run {run}, day {number}"
        yield Comparison(what, float(balance[run, 0]), float(balance[run, number]), 0.0)


def same_bits(simulate: Simulate, seed: int) -> Check:
    """Compare every series of the flagship on every day between one thread and several, and between chunkings."""
    one = Trial(FLAGSHIP, seed_of(seed, "bits"), 25, draws=2, workers=1, block=1000)
    first = readings(simulate, one)
    rows = [
        Comparison(f"numbers that differ, {other.workers} threads, blocks of {other.block}", 0.0, float(count), 0.0)
        for other in (replace(one, workers=2, block=2), replace(one, workers=3, block=8))
        for count in [differing(first, readings(simulate, other))]
    ]
    return check("same bits for any threads and chunks", rows, "exact: a run is a function of its identity")


def same_engines(simulate: Simulate, seed: int) -> Check:
    """Compare every series on every day between the compiled engine and SimPy: the flagship and campaigns at random."""
    trials = [Trial(FLAGSHIP, seed_of(seed, "engines"), ENGINE_RUNS, draws=1)]
    random = Random(seed)
    trials += [Trial(lively(random), seed_of(seed, "engines", k), ENGINE_RUNS) for k in range(ENGINE_WORLDS)]
    rows = []
    for trial in trials:
        compiled = readings(simulate, trial)
        simpy = readings(simulate, replace(trial, engine="simpy", workers=1))
        where = trial.scenario if isinstance(trial.scenario, str) else "a campaign at random"
        rows.append(Comparison(f"numbers that differ, {where}", 0.0, float(differing(compiled, simpy)), 0.0))
    return check("same bits by both engines", rows, "exact: both call the same functions in the same order")


def differing(first: Readings, second: Readings) -> int:
    """Return how many numbers differ in any bit."""
    return sum(
        int(np.count_nonzero(values.view(np.int64) != np.ascontiguousarray(second.series[name]).view(np.int64)))
        for name, values in ((name, np.ascontiguousarray(values)) for name, values in first.series.items())
    )


def granularity(simulate: Simulate, seed: int) -> Check:
    """Estimate the share of the flagship's outcome variance that its granularity adds.

    The same runs are made with one and with three engagements an event. The week's luck is the same in all; draws of
    engagements are used up at other events and so independent, with variance V(G). Mean square differences between
    two of them are V(20) + V(3) and V(3) + V(1): their difference is V(20) - V(1), and holds any bias.
    """
    trial = Trial(FLAGSHIP, seed_of(seed, "granularity"), GRAIN_RUNS, GROUND, ASSESSED)
    coarse, medium, fine = (
        readings(simulate, replace(trial, sets=sets)).series
        for sets in ((), ("combat.granularity=3",), ("combat.granularity=1",))
    )
    rows = []
    for name in GROUND:
        added = _mean_square(coarse[name] - medium[name]) - _mean_square(medium[name] - fine[name])
        shares = added / coarse[name].var(axis=0, ddof=1)
        rows += [
            Comparison(f"share of the variance of {name} on day {number}", None, float(share), GRAIN_SHARE)
            for number, share in zip(ASSESSED, shares, strict=True)
        ]
    why = f"required: one event may stand for several engagements while that adds under 10 %; {GRAIN_RUNS} runs each"
    return check("granularity's share of variance", rows, why)


def _mean_square(apart: Values) -> Values:
    """Return the mean over runs of squares, float64[day]."""
    return np.asarray((apart**2).mean(axis=0))


def status_quo(simulate: Simulate, seed: int) -> list[Check]:
    """Run the flagship past its data: monthly gains in the east must not run away, under any assumptions."""
    trial = Trial(
        FLAGSHIP, seed_of(seed, "status quo"), STATUS_QUO_RUNS, ("east.territory_km2",), draws=STATUS_QUO_DRAWS
    )
    found = readings(simulate, trial)
    largest = largest_month(found)
    within = 3 * RECORD_KM2
    share = Comparison(f"share of runs with a month above {within:,} km2", None, float((largest > within).mean()), 0.10)
    most = Comparison("largest monthly gain, km2", None, float(largest.max()), 10.0 * RECORD_KM2)
    runs = f"{STATUS_QUO_DRAWS} draws x {STATUS_QUO_RUNS} runs, 30-day windows from {DATA_END} on"
    return [
        check("status quo, 9 of 10 runs", [share], f"required: within 3 times the record of 503 km2 a month; {runs}"),
        check("status quo, all runs", [most], f"required: within 10 times the record of 503 km2 a month; {runs}"),
    ]


def largest_month(found: Readings) -> Values:
    """Return the largest change of territory in the east in 30 days after the data, km2, in each sampled run."""
    ground = found.series["east.territory_km2"][found.draw > 0]
    later = ground[:, (DATA_END - found.start) // timedelta(days=1) :]
    return np.asarray(np.abs(later[:, MONTH_DAYS:] - later[:, :-MONTH_DAYS]).max(axis=1))
