"""Runs through executors, with a fake world: a formula of (seed, draw, replication) in place of the model."""

import random
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.engine.compiled import FAULTS, Block
from sim.errors import RunError
from sim.experiment.design import Design
from sim.experiment.execute import UNREADY, Runs, execute
from sim.experiment.study import Case, Study
from sim.model.tally import Labels, Outcome

OUTCOMES = (Outcome("end", "km2", ""), Outcome("against", "km2", ""))
SERIES = (Outcome("area", "km2", ""), Outcome("people", "people", ""))
DAYS = 3


class Formula(NamedTuple):
    """A world whose series are a formula; `faulty` replications fail, `broken` ones raise."""

    draw: int
    faulty: tuple[int, ...] = ()
    broken: tuple[int, ...] = ()

    def simulate(self, seed: int, replications: NDArray[np.uint64]) -> Block:
        if set(self.broken) & set(replications.tolist()):
            raise ValueError("broken")
        numbers = np.array([random.Random(f"{seed} {self.draw} {r}").random() for r in replications])
        series = numbers[:, None, None] * np.arange(1, DAYS + 2)[:, None] * np.array([1.0, 10.0])
        status = np.isin(replications, self.faulty).astype(np.int64)
        return Block(series, np.zeros((len(numbers), 1)), status, np.ones(len(numbers), np.int64))


def measure(block: Block, other: Block | None) -> dict[str, NDArray[np.float64]]:
    end = block.series[:, -1, 0]
    return {"end": end, "against": end - (other.series[:, -1, 0] if other else np.nan)}


def fake(case: Callable[[int], Case] | None = None) -> Study:
    def ordinary(draw: int) -> Case:
        return Case(Formula(draw), Formula(draw + 1_000), measure)

    labels = Labels(("blue", "red"), ("north",), ("hills",), (0,), (("army",), ("army",)))
    values: Callable[[int], dict[str, float]] = lambda draw: {"a": draw + 0.5} if draw else {}  # noqa: E731
    return Study(date(2024, 1, 1), DAYS, labels, OUTCOMES, SERIES, {}, 2, case or ordinary, {"a": 0.0}, values)


def same(a: Runs, b: Runs) -> bool:
    arrays = ("draw", "replication", "status", "values", "kept", "series")
    return all(getattr(a, name).tobytes() == getattr(b, name).tobytes() for name in arrays)


@pytest.fixture(scope="module")
def alone() -> Runs:
    with ThreadPoolExecutor(1) as executor:
        return execute(fake(), Design(0, 3, 37), executor)


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("block", [1, 2, 7, 25, 1_000])
def test_neither_workers_nor_blocks_change_a_bit(alone: Runs, workers: int, block: int):
    with ThreadPoolExecutor(workers) as executor:
        assert same(alone, execute(fake(), Design(0, 3, 37), executor, workers, block=block))


def test_results_are_in_the_order_of_their_identity(alone: Runs):
    assert alone.draw.tolist() == [draw for draw in range(4) for _ in range(37)]
    assert alone.replication.tolist() == list(range(37)) * 4
    assert alone.columns()["end"][5 + 2 * 37] == random.Random("0 2 5").random() * (DAYS + 1)
    assert alone.series.dtype == np.float32
    assert alone.kept.tolist() == list(range(4 * 37))
    np.testing.assert_array_equal(alone.series[:, -1, 0], alone.columns()["end"].astype(np.float32))


def test_seeds_differ_and_0_is_one(alone: Runs):
    with ThreadPoolExecutor(2) as executor:
        other = execute(fake(), Design(1, 3, 37), executor)
    assert not np.isin(alone.columns()["end"], other.columns()["end"]).any()


def test_series_beyond_the_bound_are_not_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sim.experiment.design.SERIES_KEPT_CENTRAL", 10)
    monkeypatch.setattr("sim.experiment.design.SERIES_KEPT", 16)
    with ThreadPoolExecutor(2) as executor:
        runs = execute(fake(), Design(0, 3, 37), executor, block=4)
    expected = [*range(10), *(37 * draw + k for draw in (1, 2, 3) for k in (0, 1))]
    assert runs.kept.tolist() == expected
    np.testing.assert_array_equal(runs.series[:, -1, 0], runs.columns()["end"][expected].astype(np.float32))


def test_progress_is_told_in_the_calling_thread():
    told: list[tuple[int, int]] = []
    with ThreadPoolExecutor(4) as executor:
        execute(fake(), Design(0, 1, 50), executor, 4, lambda done, total: told.append((done, total)), block=10)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (100, 100)
    assert len(told) == 10


def test_failed_runs_are_recorded_and_the_rest_goes_on():
    def case(draw: int) -> Case:
        return Case(Formula(draw, faulty=(3, 30)), Formula(draw, faulty=(3, 4) if draw else ()), measure)

    with ThreadPoolExecutor(2) as executor:
        runs = execute(fake(case), Design(0, 1, 40), executor, 2, block=10)
    assert [failure[:2] for failure in runs.failures] == [(0, 3), (0, 30), (1, 3), (1, 4), (1, 30)]
    assert [failure.reason for failure in runs.failures][2:4] == [FAULTS[1], f"counterfactual: {FAULTS[1]}"]
    failed = np.flatnonzero(runs.status)
    assert failed.tolist() == [3, 30, 43, 44, 70]
    assert np.isnan(runs.values[:, failed]).all()
    assert np.isnan(runs.series[failed]).all()
    assert np.isfinite(np.delete(runs.values, failed, axis=1)).all()
    assert not runs.interrupted


def test_a_draw_that_makes_no_scenario_fails_alone():
    def case(draw: int) -> Case:
        if draw == 1:
            raise RunError("two garrisons in one place")
        return Case(Formula(draw), None, measure)

    with ThreadPoolExecutor(2) as executor:
        runs = execute(fake(case), Design(0, 2, 5), executor)
    assert runs.status.tolist() == [0] * 5 + [UNREADY] * 5 + [0] * 5
    assert runs.failures[0].reason == "draw 1 makes no valid scenario: two garrisons in one place"
    assert len(runs.failures) == 5


def test_a_block_that_raises_fails_with_its_reason():
    def case(draw: int) -> Case:
        return Case(Formula(draw, broken=(12,)), None, measure)

    with ThreadPoolExecutor(2) as executor:
        runs = execute(fake(case), Design(0, 0, 30), executor, block=10)
    assert np.flatnonzero(runs.status).tolist() == list(range(10, 20))
    assert runs.failures[0].reason == "ValueError: broken"


def test_a_mistake_in_the_code_is_not_taken_for_a_failed_run():
    def case(draw: int) -> Case:
        raise KeyError(draw)

    with ThreadPoolExecutor(1) as executor, pytest.raises(KeyError, match="0"):
        execute(fake(case), Design(0, 0, 5), executor)


@pytest.mark.parametrize("workers", [1, 3])
def test_what_is_finished_is_kept_when_interrupted(alone: Runs, workers: int):
    def impatient(done: int, total: int) -> None:
        if done >= 60:
            raise KeyboardInterrupt

    with ThreadPoolExecutor(workers) as executor:
        runs = execute(fake(), Design(0, 3, 37), executor, workers, impatient, block=6)
    assert runs.interrupted
    assert 60 <= len(runs.draw) < 60 + 6 * (2 * workers + 1)
    position = runs.draw * 37 + runs.replication
    assert (np.diff(position) > 0).all()
    np.testing.assert_array_equal(runs.values, alone.values[:, position])
    np.testing.assert_array_equal(runs.series, alone.series[position[runs.kept]])


def test_an_interruption_before_anything_is_finished_keeps_nothing():
    def case(draw: int) -> Case:
        raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as executor:
        runs = execute(fake(case), Design(0, 0, 5), executor)
    assert runs.interrupted
    assert len(runs.draw) == len(runs.kept) == 0


class Counting(Executor):
    """Counts the blocks that are under way; the blocks run at once, but their results are handed out on `wait`."""

    def __init__(self, inner: Executor) -> None:
        self.inner, self.open, self.most = inner, 0, 0

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **named: Any) -> "Future[Any]":
        self.open += 1
        self.most = max(self.most, self.open)
        return self.inner.submit(call, *arguments, **named)


def test_the_number_of_blocks_under_way_is_bounded():
    with ThreadPoolExecutor(2) as executor:
        counting = Counting(executor)

        def received(done: int, total: int) -> None:
            counting.open -= 1

        execute(fake(), Design(0, 3, 50), counting, 2, received, block=2)
    assert 1 < counting.most <= 4
