"""Measure the memory of `twofront run`: a million replications of a small scenario against a thousand.

Run `python benchmarks/memory.py --help`; README.md beside this file says how to read the result.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SMALL = ROOT / "scenarios" / "two_fronts.yaml"
FEW, BOUND_MB = 1_000, 100


class Taken(NamedTuple):
    """What a run took: its replications, its peak resident memory, its time by the wall clock."""

    replications: int
    peak_mb: float
    seconds: float


def main() -> int:
    """Measure what was asked for and print it; exit with 1 where memory grew by more than the bound."""
    parser = argparse.ArgumentParser(description="Peak memory of many replications against a thousand.")
    parser.add_argument("-n", "--replications", type=int, default=1_000_000, help="of the large run [1,000,000]")
    parser.add_argument("--scenario", default=str(SMALL), help="scenario file [default: scenarios/two_fronts.yaml]")
    parser.add_argument("--executor", default="threads", help="threads, processes or dask [default: threads]")
    arguments = parser.parse_args()
    few, many = (measured(arguments.scenario, n, arguments.executor) for n in (FEW, arguments.replications))
    for taken in (few, many):
        print(f"{taken.replications:>12,} replications: peak {taken.peak_mb:,.0f} MB, {taken.seconds:,.0f} s")
    grown = many.peak_mb - few.peak_mb
    met = grown <= BOUND_MB
    print(f"grown by {grown:,.0f} MB; at most {BOUND_MB} are to be reached: {'met' if met else 'not met'}")
    return 0 if met else 1


def measured(scenario: str, replications: int, executor: str) -> Taken:
    """Run a scenario in a process of its own; its workers under `processes` or `dask` are not counted."""
    run = ("run", scenario, "--draws", "0", "-n", str(replications), "--quiet", "--executor", executor)
    with tempfile.TemporaryDirectory(prefix="twofront-") as folder:
        command = [sys.executable, "-m", "sim.cli.main", *run, "--out", str(Path(folder) / "here")]
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    if status:
        raise SystemExit(f"the run of {replications:,} replications ended with {os.waitstatus_to_exitcode(status)}")
    return Taken(replications, usage.ru_maxrss / 1024, seconds)


if __name__ == "__main__":
    sys.exit(main())
