"""The C loop ends with the very bytes of the compiled engine: state, parameters, series and final row."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import loaded_scenarios
from worlds import replications, started

from benchmarks.c_loop import binding
from sim.engine.compiled import simulate
from sim.model.state import PARAMS, STATE
from sim.scenario.load import Loaded, load
from sim.scenario.lower import Lowered, lower

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(binding.compiler() is None, reason="no C compiler (cc, gcc or clang) on this machine"),
]

SCENARIOS = Path(__file__).parents[1] / "scenarios"
SHIPPED = sorted(SCENARIOS.glob("*.yaml"))
FLAGSHIP = load(SCENARIOS / "kursk_2024.yaml")
CHOICES = [
    f"{actor}.{decision}={option}"
    for actor, decisions in FLAGSHIP.scenario.choices.items()
    for decision, options in decisions.items()
    for option in options.options
]
WIDE = [HealthCheck.too_slow, HealthCheck.data_too_large]  # whole scenarios are large examples


def ends_alike(world: Lowered, seed: int, replication: int) -> int:
    """Compare every byte of a replication; return how many events it had."""
    run = started(world, seed, replication)
    run.advance()
    other = binding.finish(world.params, world.labels, seed, replication)
    assert other.state.tobytes() == run.state.tobytes(), differing(other.state, run.state)
    assert other.params.tobytes() == run.params.tobytes()
    assert other.series.tobytes() == run.series.tobytes()
    assert other.final.tobytes() == run.close().tobytes()
    return int(run.state[0]["events"])


def differing(first: np.ndarray, second: np.ndarray) -> list[str]:
    """Names of the fields of two records that differ, for the message."""
    names = first.dtype.names or ()
    return [name for name in names if first[0][name].tobytes() != second[0][name].tobytes()]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_scenario_ends_with_the_same_bytes(path: Path) -> None:
    world = lower(load(path), {})
    assert all(ends_alike(world, seed, replication) > 100 for seed in (0, 7) for replication in range(5))


@pytest.mark.parametrize("choice", CHOICES)
def test_each_choice_of_the_flagship_ends_with_the_same_bytes(choice: str) -> None:
    world = lower(load(SCENARIOS / "kursk_2024.yaml", [choice]), {})
    assert all(ends_alike(world, 3, replication) > 1000 for replication in range(3))


@settings(max_examples=60, suppress_health_check=WIDE)
@given(loaded_scenarios(), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_any_scenario_ends_with_the_same_bytes(scenario: Loaded, seed: int, replication: int) -> None:
    ends_alike(lower(scenario, {}), seed, replication)


def test_granularity_one_uses_the_exponential_and_ends_with_the_same_bytes() -> None:
    world = lower(load(SCENARIOS / "two_fronts.yaml"), {})
    world.params[0]["granularity"] = 1.0
    assert ends_alike(world, 0, 0) > 100


def test_checking_every_event_ends_with_the_same_bytes() -> None:
    world = lower(load(SCENARIOS / "two_fronts.yaml"), {})
    world.params[0]["check_every_event"] = 1
    ends_alike(world, 0, 0)


def test_a_run_that_fails_fails_alike() -> None:
    world = lower(load(SCENARIOS / "two_fronts.yaml"), {})
    world.params[0]["front"][0]["start_territory_km2"] = np.nan
    block = binding.simulate(world.params, world.labels, 0, replications(2))
    assert block.status.tolist() == [3, 3]
    ends_alike(world, 0, 0)


def test_a_block_is_the_block_of_the_compiled_engine() -> None:
    world = lower(FLAGSHIP, {})
    first, second = (run(world.params, world.labels, 1, replications(5)) for run in (simulate, binding.simulate))
    for a, b in zip(first, second, strict=True):
        assert a.tobytes() == b.tobytes()


def test_the_header_states_the_size_of_both_records() -> None:
    text = binding.header()
    assert f"sizeof(State) == {STATE.itemsize}" in text
    assert f"sizeof(Params) == {PARAMS.itemsize}" in text


def test_a_record_that_the_compiler_lays_out_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The static asserts hold the layout: a shifted field does not compile."""
    real = binding.header()
    monkeypatch.setattr(
        binding, "header", lambda: real.replace("    double quality;", "    int64_t gap; double quality;")
    )
    with pytest.raises(RuntimeError, match=r"Contingent\.quality"):
        binding.library.__wrapped__()
