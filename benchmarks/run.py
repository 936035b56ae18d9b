"""Time every implementation of the model side by side in one process, and print ratios beside the numbers to reach.

Run `python benchmarks/run.py --help`, or `make bench`; README.md beside this file says how to read the result.
"""

import argparse
import gc
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from benchmarks.c_loop import binding
from sim.engine import compiled
from sim.scenario.load import Loaded, load
from sim.scenario.lower import Lowered, lower

ROOT = Path(__file__).resolve().parents[1]
FLAGSHIP = ROOT / "scenarios" / "kursk_2024.yaml"
SEED = 0
BLOCK = 24  # replications that one call of an engine makes in the scaling measurement
Json = dict[str, Any]


class Implementation(NamedTuple):
    """One way to run the model, and how many replications a round of it makes."""

    name: str
    replications: int
    run: Callable[[int], float]  # runs replications 0 .. n - 1; returns their events


class Target(NamedTuple):
    """A number to reach: the time of `slower` over that of `faster`."""

    what: str
    slower: str
    faster: str
    bound: float | None
    at_least: bool  # else at most


TARGETS = (
    Target("compiled engine against idiomatic SimPy", "simpy", "compiled", 60.0, True),
    Target("compiled engine against the C loop", "compiled", "c", 1.15, False),
    Target("SimPy-driven engine against idiomatic SimPy", "traced", "simpy", 1.0, False),
)
SALABIM = Target("salabim against idiomatic SimPy (no number to reach)", "salabim", "simpy", None, False)


def main() -> int:
    """Measure what was asked for and print it."""
    arguments = parsed()
    loaded = load(arguments.scenario)
    world = lower(loaded, {})
    chosen = implementations(loaded, world, arguments.quick)
    rounds = arguments.rounds or (3 if arguments.quick else 9)
    result: Json = {"machine": machine(), "scenario": Path(arguments.scenario).stem, "rounds": rounds}
    result["implementations"], times = race(chosen, rounds)
    result["ratios"] = [ratio for target in (*TARGETS, SALABIM) if (ratio := compared(target, times))]
    result["scaling"] = scaling(world, 1000 if arguments.quick else 10_000, 2 if arguments.quick else 3)
    result["commands"] = [] if arguments.no_commands else commands(100 if arguments.quick else 1000)
    print(json.dumps(result, indent=2) if arguments.json else report(result))
    return 0


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Time the implementations of the model side by side.")
    parser.add_argument("--scenario", default=str(FLAGSHIP), help="scenario file [default: the flagship]")
    parser.add_argument("--rounds", type=int, help="interleaved rounds [default: 9; 3 with --quick]")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and replications: about a minute")
    parser.add_argument("--no-commands", action="store_true", help="leave out the start-up times of whole commands")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args()


# --- what is timed ----------------------------------------------------------------------------------------------------


def implementations(loaded: Loaded, world: Lowered, quick: bool) -> list[Implementation]:
    """Collect those that this checkout and machine have, in the order in which a round runs them."""
    many, few = (50, 1) if quick else (100, 2)
    found = [Implementation("compiled", many, partial(in_blocks, compiled.simulate, world))]
    if binding.compiler():
        found.append(Implementation("c", many, partial(in_blocks, binding.simulate, world)))
    if exists("sim.engine.traced"):
        found.append(Implementation("traced", few, partial(in_blocks, traced_simulate(world), world)))
    for name, module in (("simpy", "benchmarks.simpy_model"), ("salabim", "benchmarks.salabim_model")):
        if exists(module) and exists(name):
            simulate = importlib.import_module(module).simulate
            found.append(Implementation(name, few, partial(one_by_one, simulate, loaded)))
    return found


def exists(module: str) -> bool:
    """Tell whether a module can be imported."""
    return find_spec(module) is not None


def traced_simulate(lowered: Lowered) -> Callable[..., compiled.Block]:
    """Return the SimPy-driven engine as the compiled one is called: no trace, no user code."""
    engine, world = importlib.import_module("sim.engine.traced"), importlib.import_module("sim.engine.world")
    return lambda *given: engine.simulate(*given, world.Extensions(lowered.start))


def in_blocks(simulate: Callable[..., compiled.Block], world: Lowered, n: int) -> float:
    """Run the first n replications of an engine; returns their events."""
    block = simulate(world.params, world.labels, SEED, np.arange(n, dtype=np.uint64))
    assert not block.status.any()
    return float(block.events.sum())


def one_by_one(simulate: Callable[..., dict[str, float]], loaded: Loaded, n: int) -> float:
    """Run the first n replications of an idiomatic model; returns their events."""
    return sum(simulate(loaded, SEED, replication)["events"] for replication in range(n))


# --- how it is timed --------------------------------------------------------------------------------------------------


def race(chosen: list[Implementation], rounds: int) -> tuple[list[Json], dict[str, list[float]]]:
    """Time in rounds A B C, A B C, ... after one replication of each to warm up: CPU seconds a replication."""
    for way in chosen:
        way.run(1)
    times: dict[str, list[float]] = {way.name: [] for way in chosen}
    events: dict[str, float] = {}
    for k in range(rounds):
        progress(f"round {k + 1} of {rounds}")
        for way in chosen:
            seconds, total = cpu_seconds(partial(way.run, way.replications))
            times[way.name].append(seconds / way.replications)
            events[way.name] = total / way.replications
    return [summary(way, times[way.name], events[way.name]) for way in chosen], times


def summary(way: Implementation, times: list[float], events: float) -> Json:
    """Return best and median of the rounds."""
    shown = {"name": way.name, "replications_a_round": way.replications, "events_a_replication": events}
    return shown | {"best_seconds": min(times), "median_seconds": median(times)}


def cpu_seconds(work: Callable[[], float]) -> tuple[float, float]:
    """CPU time of this process for a piece of work, and what it returns; rubbish is collected before, not within."""
    gc.collect()
    start = time.process_time()
    value = work()
    return time.process_time() - start, value


def compared(target: Target, times: dict[str, list[float]]) -> Json | None:
    """Ratios of the two times round by round; None where one of them was not run."""
    if target.slower not in times or target.faster not in times:
        return None
    ratios = [slow / fast for slow, fast in zip(times[target.slower], times[target.faster], strict=True)]
    return {"what": target.what, "ratio": "/".join((target.slower, target.faster))} | judged(target, ratios)


def judged(target: Target, ratios: list[float]) -> Json:
    """Return median and range over the rounds, and whether the median reaches the number (None: there is none)."""
    middle = median(ratios)
    shown = {"median": middle, "low": min(ratios), "high": max(ratios), "at_least": target.at_least}
    if target.bound is None:
        return shown | {"bound": None, "met": None}
    met = middle >= target.bound if target.at_least else middle <= target.bound
    return shown | {"bound": target.bound, "met": met}


def scaling(world: Lowered, n: int, rounds: int) -> Json:
    """Wall time of n replications by one worker and by two, in turn; the results are dropped block by block."""
    times: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for workers in times:
            progress(f"{n} replications by {workers} worker(s)")
            times[workers].append(wall_seconds(partial(by_threads, world, n, workers)))
    target = Target(f"2 workers against 1, {n} replications", "1 worker", "2 workers", 1.8, True)
    ratios = [one / two for one, two in zip(times[1], times[2], strict=True)]
    return {"what": target.what, "seconds_one": min(times[1]), "seconds_two": min(times[2])} | judged(target, ratios)


def by_threads(world: Lowered, n: int, workers: int) -> None:
    """Run n replications in blocks over threads, as `run` does."""
    parts = [np.arange(k, min(k + BLOCK, n), dtype=np.uint64) for k in range(0, n, BLOCK)]
    with ThreadPoolExecutor(workers) as pool:
        for events in pool.map(lambda part: events_of(world, part), parts):
            assert events > 0


def events_of(world: Lowered, replications: np.ndarray) -> int:
    """Events of a block, whose series are dropped."""
    return int(compiled.simulate(world.params, world.labels, SEED, replications).events.sum())


def wall_seconds(work: Callable[[], object]) -> float:
    """Elapsed time of a piece of work."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def commands(n: int) -> list[Json]:
    """Time whole commands, five times (the run three times); the code is compiled before."""
    program = [sys.executable, "-m", "sim.cli.main"]
    flagship = str(FLAGSHIP)
    with tempfile.TemporaryDirectory() as folder:
        run = [*program, "run", flagship, "-n", str(n), "--draws", "0", "--quiet", "--no-figure"]
        cases = (
            ("--help", 0.3, 5, [*program, "--help"]),
            ("validate, flagship", 0.6, 5, [*program, "validate", flagship]),
            (f"run, flagship and counterfactual, {n} replications", 4.0, 3, run),
        )
        return [timed_command(*case, Path(folder)) for case in cases]


def timed_command(what: str, bound: float, repeats: int, command: list[str], folder: Path) -> Json:
    """Time one command after one run of it that is not timed: by the clock on the wall, and its CPU time."""
    times, used = [], []
    for k in range(repeats + 1):
        progress(what)
        out = ["--out", str(folder / str(k))] if "run" in command else []
        before = children_seconds()
        seconds = wall_seconds(partial(subprocess.run, [*command, *out], cwd=ROOT, check=True, capture_output=True))
        times += [seconds] if k else []
        used += [children_seconds() - before] if k else []
    middle = median(times)
    found = {"what": what, "best_seconds": min(times), "median_seconds": middle, "cpu_seconds": median(used)}
    return found | {"bound": bound, "met": middle <= bound}


def children_seconds() -> float:
    """CPU time of the processes that this one has started and that have ended."""
    now = os.times()
    return now.children_user + now.children_system


def progress(text: str) -> None:
    """Say on a terminal what is being done."""
    if sys.stderr.isatty():
        print(f"\r{text:<60}", end="", file=sys.stderr, flush=True)


# --- what is printed --------------------------------------------------------------------------------------------------


def machine() -> Json:
    """The machine in general terms, and the versions of what was measured."""
    found: Json = {"cores": os.cpu_count(), "processor": processor(), "system": platform.system()}
    found["python"] = platform.python_version()
    names = ("numba", "numpy", "simpy") + (("salabim",) if exists("salabim") else ())
    found |= {name: version(name) for name in names}
    return found | {"compiler": binding.compiler_version() if binding.compiler() else None}


def processor() -> str:
    """The model of the processor."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def report(result: Json) -> str:
    """The result as text: machine, times, ratios with targets, scaling, commands."""
    where = ", ".join(f"{name} {value}" for name, value in result["machine"].items())
    lines = ["", where, f"scenario {result['scenario']}, {result['rounds']} rounds, CPU time of one thread", ""]
    lines.append(f"{'implementation':<16}{'ms a replication':>22}{'events':>10}{'ns an event':>14}")
    lines.append(f"{'':<16}{'best':>12}{'median':>10}{'':>10}{'(median)':>14}")
    lines += [timed_line(row) for row in result["implementations"]]
    lines += ["", f"{'ratio of times':<56}{'median':>8}{'range':>20}   number to reach"]
    lines += [ratio_line(row) for row in (*result["ratios"], result["scaling"])]
    if result["commands"]:
        lines += ["", f"{'command, seconds':<56}{'best':>8}{'median':>8}{'CPU':>8}   number to reach"]
        lines += [command_line(row) for row in result["commands"]]
    return "\n".join(lines)


def timed_line(row: Json) -> str:
    """One implementation."""
    best, middle, events = row["best_seconds"], row["median_seconds"], row["events_a_replication"]
    return f"{row['name']:<16}{best * 1e3:>12.3f}{middle * 1e3:>10.3f}{events:>10.0f}{middle / events * 1e9:>14.0f}"


def ratio_line(row: Json) -> str:
    """One ratio with its range over the rounds and its target."""
    span = f"{row['low']:.2f} to {row['high']:.2f}"
    return f"{row['what']:<56}{row['median']:>8.2f}{span:>20}   {verdict(row)}"


def command_line(row: Json) -> str:
    """One command."""
    times = f"{row['best_seconds']:>8.2f}{row['median_seconds']:>8.2f}{row['cpu_seconds']:>8.2f}"
    return f"{row['what']:<56}{times}   {verdict(row)}"


def verdict(row: Json) -> str:
    """The number to reach, and whether it is reached."""
    if row["met"] is None:
        return "none"
    bound = f"{'at least' if row.get('at_least') else 'at most'} {row['bound']:g}"
    return f"{bound}: {'met' if row['met'] else 'not met'}"


if __name__ == "__main__":
    sys.exit(main())
