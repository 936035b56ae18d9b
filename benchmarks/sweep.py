"""Time a large sweep of the flagship against the same sweep as a user of SimPy would write it, with a process pool.

The design has 10,000 points of 20 replications. Both sides run a sample of its points, evenly spread, in turns; runs a
second say how long all of them would take. Run `python benchmarks/sweep.py --help`; README.md says how to read it.
"""

import argparse
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks import simpy_model
from sim.analysis.point_summary import summarise_points
from sim.experiment.blocks import warm_up
from sim.experiment.design import Design
from sim.experiment.factors import factors_of, parse_vary
from sim.experiment.plan import Plan, Source, make_plan
from sim.experiment.points import Layout, Points, design_points
from sim.experiment.sweep_run import How, carry_out
from sim.experiment.workers import EXECUTORS, Where, available_cores
from sim.scenario.load import load

FLAGSHIP = Path(__file__).resolve().parents[1] / "scenarios" / "kursk_2024.yaml"
POINTS, REPLICATIONS, SEED = 10_000, 20, 0
VARIED = (
    "sides.russia.contingents.dprk.inflow.people=0:30000",
    "sides.russia.policies.expel.per_km2=15:45",
    "combat.ground_exponent",
)


class Pace(NamedTuple):
    """Runs, each in the main world and in its counterfactual, and the seconds of the wall clock that they took."""

    runs: int
    seconds: float

    @property
    def rate(self) -> float:
        """Runs a second."""
        return self.runs / self.seconds


def main() -> int:
    """Measure what was asked for and print it."""
    parser = argparse.ArgumentParser(description="A large sweep against SimPy and a process pool.")
    parser.add_argument("--rounds", type=int, default=3, help="turns of both sides [default: 3]")
    parser.add_argument("--ours", type=int, default=100, help="points of a turn of twofront [default: 100]")
    parser.add_argument("--simpy", type=int, default=2, help="points of a turn of SimPy [default: 2]")
    parser.add_argument("--workers", type=int, default=available_cores(), help="of both sides [default: all cores]")
    parser.add_argument("--executor", choices=EXECUTORS, default="threads", help="of twofront [default: threads]")
    arguments = parser.parse_args()
    whole = plan_of(every_point())
    warm_up(whole)
    where, pairs = Where(arguments.executor, arguments.workers), list[tuple[Pace, Pace]]()
    with ProcessPoolExecutor(arguments.workers, mp_context=get_context("spawn")) as pool:
        list(pool.map(abs, range(arguments.workers)))  # the workers are there before the clock runs
        for k in range(arguments.rounds):
            ours = swept(sample(whole, arguments.ours, k), where)
            pairs.append((ours, by_simpy(sample(whole, arguments.simpy, k), pool)))
            print(f"round {k + 1}: {said('twofront', pairs[-1][0])}; {said('SimPy', pairs[-1][1])}", file=sys.stderr)
    print(report(pairs, arguments.workers))
    return 0


def every_point() -> Points:
    """Return the points of the whole design, by Latin hypercube."""
    return design_points(factors_of(load(FLAGSHIP), parse_vary(VARIED)), Layout("lhs", POINTS, SEED))


def plan_of(points: Points) -> Plan:
    """Return the plan of a sweep over some points, at central assumptions."""
    source = Source(FLAGSHIP)
    return make_plan(source, source.load(), points, Layout("lhs", len(points), SEED), Design(SEED, 0, REPLICATIONS))


def sample(whole: Plan, count: int, turn: int) -> Plan:
    """Return the plan of some points of a design, evenly spread; each turn has others."""
    points = whole.points
    rows = (np.arange(count) * len(points) // count + turn) % len(points)
    columns = {name: column[rows] for name, column in points.columns.items()}
    return plan_of(replace(points, columns=columns, count=count))


def swept(plan: Plan, where: Where) -> Pace:
    """Run a plan as the command `sweep` does, from scenario to the summary of its points."""
    with tempfile.TemporaryDirectory(prefix="twofront-") as folder:
        started = time.perf_counter()
        done = carry_out(plan, Path(folder), How(where, summarise_points))
        seconds = time.perf_counter() - started
    assert (done.done, done.failed) == (plan.runs, 0)
    return Pace(plan.runs, seconds)


def by_simpy(plan: Plan, pool: ProcessPoolExecutor) -> Pace:
    """Run the same points by the idiomatic SimPy model: one task a point, as the user's script would have it."""
    values = [{name: float(value) for name, value in plan.points.at(k).items()} for k in range(len(plan.points))]
    started = time.perf_counter()
    means = list(pool.map(partial(one_point, REPLICATIONS), values))
    seconds = time.perf_counter() - started
    assert len(means) == len(plan.points)
    return Pace(plan.runs, seconds)


def one_point(replications: int, values: dict[str, float]) -> dict[str, float]:
    """Run the replications of a point with and without the incursion, and return the mean of every outcome."""
    loaded = load(FLAGSHIP, sets=[f"{path}={value}" for path, value in values.items()])
    worlds = [each for each in (loaded, loaded.counterfactual) if each is not None]
    rows = [[simpy_model.simulate(world, SEED, k) for world in worlds] for k in range(replications)]
    return {name: float(np.mean([row[0][name] for row in rows])) for name in rows[0][0]}


def said(name: str, pace: Pace) -> str:
    """Return the pace of a side as people read it."""
    return f"{name} {pace.rate:,.1f} runs/s ({pace.runs:,} runs in {pace.seconds:,.1f} s)"


def report(pairs: list[tuple[Pace, Pace]], workers: int) -> str:
    """Return runs a second of both sides, their ratio within each turn, and what the whole design would take."""
    lines = [f"{POINTS:,} points x {REPLICATIONS} replications, each with its counterfactual; {workers} workers"]
    for name, side in (("twofront", 0), ("SimPy with a process pool", 1)):
        rates = [pair[side].rate for pair in pairs]
        hours, runs = POINTS * REPLICATIONS / median(rates) / 3_600, sum(pair[side].runs for pair in pairs)
        span = f"{min(rates):,.1f} to {max(rates):,.1f}"
        lines.append(f"{name}: {median(rates):,.1f} runs/s ({span}; {runs:,} runs measured); all of it {hours:,.2f} h")
    ratios = [ours.rate / theirs.rate for ours, theirs in pairs]
    lines.append(f"ratio, taken within each turn: {median(ratios):,.0f} ({min(ratios):,.0f} to {max(ratios):,.0f})")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
