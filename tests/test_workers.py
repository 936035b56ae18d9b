"""Where blocks are run: threads, processes and Dask give the same, and killed workers are survived."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
from sweeps import INFLOW, plan_over, written

from sim.errors import InputError, RunError
from sim.experiment import workers
from sim.experiment.blocks import Blocks, Part, Task, failed, work
from sim.experiment.design import Design
from sim.experiment.workers import DASK, PROCESSES, THREADS, Pool, Pump, Where, run_blocks

pytestmark = pytest.mark.slow  # `make fast` leaves these out


@pytest.fixture
def tasks(tmp_path: Path) -> list[Task]:
    plan = plan_over(written(tmp_path), [f"{INFLOW}=0:5000:1000"], Design(1, 1, 4), outcomes=["west.territory_km2"])
    blocks = Blocks(plan)
    return [blocks.task(*each) for each in blocks.missing(np.zeros(plan.runs, np.bool_), 4)]


def values(parts: list[Part]) -> dict[tuple[str, int, int], bytes]:
    return {(part.spans[0].hash, part.spans[0].draw, part.spans[0].first): part.values.tobytes() for part in parts}


def kill_a_worker_after(
    count: int, receive: Callable[[Part], None], children: Callable[[], list[int]]
) -> Callable[[Part], None]:
    """Receive parts, and kill a worker when some have come."""
    seen = []

    def _receive(part: Part) -> None:
        receive(part)
        seen.append(part)
        if len(seen) == count:
            os.kill(children()[0], signal.SIGKILL)

    return _receive


def test_processes_give_what_threads_give_and_a_killed_one_is_survived(tasks: list[Task]) -> None:
    plain: list[Part] = []
    assert run_blocks(Where(THREADS, 2), tasks, plain.append)
    assert not any(part.status.any() for part in plain)
    found: list[Part] = []
    pool = Pool(Where(PROCESSES, 2))
    try:
        first = kill_a_worker_after(3, found.append, lambda: list(pool._executor._processes))  # type: ignore[attr-defined]
        assert Pump(pool, first).run(tasks)
    finally:
        pool.close()
    assert len(found) == len(tasks)
    assert values(found) == values(plain)


@pytest.mark.slow
def test_dask_gives_what_threads_give_and_a_killed_worker_is_survived(tasks: list[Task]) -> None:
    pytest.importorskip("distributed")
    plain: list[Part] = []
    run_blocks(Where(THREADS, 1), tasks, plain.append)
    found: list[Part] = []
    pool = Pool(Where(DASK, 2))
    try:
        pids = list(pool._executor._client.run(os.getpid).values())  # type: ignore[attr-defined]
        assert Pump(pool, kill_a_worker_after(2, found.append, lambda: pids)).run(tasks)
    finally:
        pool.close()
    assert values(found) == values(plain)


class FakePool:
    """A pool whose blocks fail as told: `fails` maps a block's number to the errors of its first tries."""

    slots = 2

    def __init__(self, fails: dict[int, list[Exception]]) -> None:
        self.fails, self.tries, self.renewed, self.beside = fails, [], 0, list[int]()
        self.open: list[Future[Part]] = []

    def submit(self, task: Task) -> "Future[Part]":
        number = task.seed
        self.tries.append(number)
        self.beside.append(sum(not each.done() for each in self.open))
        future: Future[Part] = Future()
        self.open.append(future)
        errors = self.fails.get(number)
        error = errors.pop(0) if errors else None
        threading.Timer(0.002, lambda: future.set_exception(error) if error else future.set_result(_made(task))).start()
        return future

    def renew(self) -> None:
        self.renewed += 1
        self.open = []


def _made(task: Task) -> Part:
    return failed(task, "")._replace(reasons={}, status=np.zeros(task.runs, np.int64))


def numbered(tasks: list[Task]) -> list[Task]:
    """Tasks whose seed is their number."""
    return [task._replace(seed=k) for k, task in enumerate(tasks)]


def pumped(pool: FakePool, tasks: list[Task]) -> list[Part]:
    found: list[Part] = []
    assert Pump(pool, found.append).run(tasks)  # type: ignore[arg-type]
    return found


def test_a_block_that_fails_twice_is_tried_a_third_time(tasks: list[Task]) -> None:
    pool = FakePool({1: [KeyError("x"), MemoryError()]})
    found = pumped(pool, numbered(tasks))
    assert pool.tries.count(1) == 3
    assert not any(part.status.any() for part in found)
    assert len(found) == len(tasks)


def test_a_block_that_fails_three_times_is_recorded_with_its_reason_and_the_rest_goes_on(tasks: list[Task]) -> None:
    pool = FakePool({1: [KeyError("x")] * 3})
    found = pumped(pool, numbered(tasks))
    (bad,) = [part for part in found if part.status.any()]
    assert set(bad.reasons.values()) == {"its block failed 3 times: KeyError: 'x'"}
    assert bad.spans == tasks[1].spans
    assert np.isnan(bad.values).all()
    assert len(found) == len(tasks)


def test_a_broken_pool_is_made_anew_and_only_the_block_that_breaks_it_fails(tasks: list[Task]) -> None:
    pool = FakePool({2: [workers.BrokenExecutor()] * 3})
    found = pumped(pool, numbered(tasks))
    (bad,) = [part for part in found if part.status.any()]
    assert bad.spans == tasks[2].spans
    assert "its worker died" in next(iter(bad.reasons.values()))
    assert pool.renewed == 3
    again = [k for k, number in enumerate(pool.tries) if number == 2][1:]
    assert [pool.beside[k] for k in again] == [0, 0]  # alone, so that it can break nothing else
    assert sorted({part.spans for part in found}) == sorted(task.spans for task in tasks)


def test_ctrl_c_keeps_what_is_under_way(tasks: list[Task]) -> None:
    found: list[Part] = []

    def interrupted() -> Iterator[Task]:
        yield from tasks[:3]
        raise KeyboardInterrupt

    assert not run_blocks(Where(THREADS, 2), interrupted(), found.append)
    assert 0 < len(found) <= 3


def test_a_draw_that_makes_no_scenario_fails_alone(tasks: list[Task]) -> None:
    jobs = (tasks[0].jobs[0], tasks[2].jobs[0]._replace(numbers=(("incursion.force.army", 1e6),)), tasks[4].jobs[0])
    part = work(tasks[0]._replace(jobs=jobs))
    assert [bool(part.status[k : k + 4].all()) for k in (0, 4, 8)] == [False, True, False]
    assert "more than its reserve holds" in part.reasons[4]
    assert sorted(part.reasons) == [4, 5, 6, 7]


def test_a_worker_with_another_model_is_refused(tasks: list[Task]) -> None:
    with pytest.raises(RunError, match="the sweep is of model 0123; install the same version of twofront"):
        work(tasks[0]._replace(model_version="0123"))


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (Where("thread", 1), "'thread' does not exist; allowed: threads, processes, dask"),
        (Where(THREADS, 0), "--workers: 0 is below 1"),
        (Where(THREADS, 1, "tcp://x:1"), "is the address of a Dask scheduler; add --executor dask"),
    ],
)
def test_places_that_do_not_exist_are_refused(where: Where, message: str) -> None:
    with pytest.raises(InputError, match=message):
        run_blocks(where, [], lambda part: None)


def test_without_dask_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(InputError, match="dask is not installed; install the extra 'cluster'"):
        run_blocks(Where(DASK, 1), [], lambda part: None)


ORPHANS = """
import os, signal, sys
from concurrent.futures import wait
from sim.experiment.workers import Pool, Where
if __name__ == "__main__":
    pool = Pool(Where("processes", 1))
    print(pool._executor.submit(os.getpid).result(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_worker_processes_do_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "orphans.py"
    script.write_text(ORPHANS)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    done = subprocess.run([sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    worker = int(done.stdout)
    for _ in range(200):  # it looks for its parent once a second
        if not Path(f"/proc/{worker}").exists() or "Z" in Path(f"/proc/{worker}/stat").read_text().split()[2]:
            return
        time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    pytest.fail("the worker lives on")
