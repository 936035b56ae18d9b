"""One model, two engines: SimPy's runs are the compiled ones to the last bit, and so are interpreted handlers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import loaded_scenarios
from test_engine import BUSY
from worlds import lowered, replications

from sim.cli import main as cli
from sim.engine import compiled, traced
from sim.engine.compiled import Run
from sim.engine.traced import OF_USER_CODE, Branching, Driver
from sim.engine.world import Extensions, World
from sim.model.codes import TICKS_PER_DAY
from sim.scenario.load import Loaded, load
from sim.scenario.lower import Lowered, lower

ROOT = Path(__file__).resolve().parents[1]
FLAGSHIP = ROOT / "scenarios" / "kursk_2024.yaml"
WIDE = [HealthCheck.too_slow, HealthCheck.data_too_large]


def daily(world: World) -> Iterator[simpy.Event]:
    """Look at everything once a day, at odd times too, and at each event of some kinds."""
    for _ in range(400):
        yield world.days(0.37) | world.happens("engagement") | world.happens("arrival")
        for side in world.sides:
            world.people(side)
            world.moving(side)
        for front in world.fronts:
            world.territory_km2(front)


def dense(world: World) -> Iterator[simpy.Event]:
    """Wake up at every second of a few hours."""
    for _ in range(20_000):
        yield world.env.timeout(1)


OBSERVED: dict[str, Any] = {"processes": [("daily", daily), ("dense", dense)]}


def compiled_run(world: Lowered, seed: int, replication: int = 0) -> Run:
    run = Run(world.params, world.labels)
    run.start(seed, replication)
    run.advance()
    return run


def simpy_run(world: Lowered, seed: int, extensions: Extensions) -> tuple[Run, Driver]:
    run = Run(world.params, world.labels)
    run.start(seed, 0)
    driver = Driver(run, world.labels, extensions)
    driver.finish()
    return run, driver


def same(first: Run, second: Run) -> None:
    assert second.state.tobytes() == first.state.tobytes()
    assert second.params.tobytes() == first.params.tobytes()
    assert second.series.tobytes() == first.series.tobytes()
    assert second.close().tobytes() == first.close().tobytes()


@settings(max_examples=30, suppress_health_check=WIDE)
@given(loaded_scenarios(most_fronts=6), st.integers(0, 99))
def test_both_engines_run_any_scenario_alike_bare_traced_and_observed(scenario: Loaded, seed: int) -> None:
    world, bare = lower(scenario, {}), Extensions(scenario.scenario.start)
    expected = compiled_run(world, seed)
    for extensions in (bare, replace(bare, trace=True), replace(bare, trace=True, **OBSERVED)):
        run, driver = simpy_run(world, seed, extensions)
        same(expected, run)
        if driver.trace:
            assert len(driver.trace.lines) == run.state[0]["events"]
            assert [json.loads(line)["kind"] for line in driver.trace.lines].count("review") >= 1


@pytest.mark.parametrize("extra", [{}, {"trace": True}, OBSERVED], ids=["bare", "traced", "observed"])
def test_blocks_are_alike_too_and_so_are_branches(extra: dict[str, Any]) -> None:
    world, other = lowered(BUSY), lowered(BUSY, {"fronts": {"line": {"tempo": 0.4}}})
    extensions, at = Extensions(world.start, **extra), 17 * int(TICKS_PER_DAY)
    whole = traced.simulate(world.params, world.labels, 1, replications(5), extensions)
    gone_on = traced.branch((world.params, other.params), world.labels, 1, replications(5), Branching(at, extensions))
    for mine, block in (
        (whole, compiled.simulate(world.params, world.labels, 1, replications(5))),
        (gone_on, compiled.branch(world.params, other.params, world.labels, 1, replications(5), at)),
    ):
        assert not block.status.any()
        for ours, theirs in zip(mine, block, strict=True):
            assert ours.tobytes() == theirs.tobytes()


def test_a_fault_of_the_model_is_the_same_fault_in_both_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    world = lowered(BUSY)
    world.params[0]["front"][0]["max_territory_km2"] = np.nan
    world.params[0]["front"][0]["start_territory_km2"] = np.nan
    block = compiled.simulate(world.params, world.labels, 1, replications(2))
    mine = traced.simulate(world.params, world.labels, 1, replications(2), Extensions(world.start))
    assert block.status.tolist() == mine.status.tolist() == [3, 3]
    assert mine.reasons == dict.fromkeys((0, 1), compiled.FAULTS[3])
    assert OF_USER_CODE not in mine.status


def run_command(*arguments: str) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        cli.main(["run", *arguments])


def test_the_files_of_both_engines_are_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    common = (str(FLAGSHIP), "-n", "2", "--draws", "1", "--no-figure", "--quiet")
    run_command(*common, "--out", "compiled")
    run_command(*common, "--out", "simpy", "--engine", "simpy")
    for name in ("replications.parquet", "series.parquet", "assumptions.parquet", "scenario.yaml"):
        assert Path("simpy", name).read_bytes() == Path("compiled", name).read_bytes()
    ids = [json.loads(Path(engine, "manifest.json").read_text())["id"] for engine in ("simpy", "compiled")]
    assert ids[0] != ids[1]


@pytest.mark.parametrize(("scenario", "sets", "days"), [("two_fronts", [], 20), ("kursk_2024", [], 12)])
def test_interpreted_handlers_equal_compiled_ones(scenario: str, sets: list[str], days: int, tmp_path: Path) -> None:
    world = lower(load(ROOT / "scenarios" / f"{scenario}.yaml", (), sets), {})
    run = Run(world.params, world.labels)
    run.start(3, 1)
    assert run.advance(until=days * int(TICKS_PER_DAY)) >= 0
    assert run.state[0]["events"] > 100
    given, target = tmp_path / "params", tmp_path / "out"
    given.write_bytes(world.params.tobytes())
    command = [sys.executable, str(Path(__file__).with_name("interpreted.py")), str(given), str(days), str(target)]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found = target.read_bytes()
    state, params = run.state.tobytes(), run.params.tobytes()
    differ = np.flatnonzero(np.frombuffer(found[: len(state)], np.int64) != run.state.view(np.int64))
    assert differ.tolist() == []
    assert found[len(state) : len(state) + len(params)] == params
    series = np.frombuffer(found[len(state) + len(params) :]).reshape(len(run.series), -1)
    assert series[:, : run.series.shape[1]].tobytes() == run.series.tobytes()
