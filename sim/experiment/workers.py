"""Where blocks are run: threads, processes or Dask, behind one `submit`; a block that fails is tried again.

A killed process breaks a process pool, and with it every block under way: a new pool is made, and those blocks are run
one at a time, so that the one that kills its worker is found. Dask starts killed workers again by itself.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from sim.errors import InputError, RunError
from sim.experiment.blocks import Part, Task, failed, work

THREADS, PROCESSES, DASK = "threads", "processes", "dask"
EXECUTORS = (THREADS, PROCESSES, DASK)
TRIES = 3

Receive = Callable[[Part], None]
Submit = Callable[..., "Future[Part]"]


class Where(NamedTuple):
    """Where blocks are run: executor, how many at once, and of Dask the address of its scheduler ('' = a local one)."""

    executor: str = THREADS
    workers: int = 1
    scheduler: str = ""

    def checked(self) -> Where:
        """Return this; raise InputError where there is no such place."""
        if self.executor not in EXECUTORS:
            message = f"'{self.executor}' does not exist; allowed: {', '.join(EXECUTORS)}"
            raise InputError.single("--executor", "", message)
        if self.workers < 1:
            raise InputError.single("--workers", "", f"{self.workers} is below 1")
        if self.scheduler and self.executor != DASK:
            raise InputError.single("--scheduler", "", "is the address of a Dask scheduler; add --executor dask")
        return self


class Pool:
    """An executor that can be made anew when it has broken."""

    def __init__(self, where: Where) -> None:
        """Make the executor."""
        self.where = where.checked()
        self.slots = where.workers
        self._close: Callable[[], None] = lambda: None
        self._executor = self._make()

    def submit(self, task: Task) -> Future[Part]:
        """Have a block run."""
        return self._executor.submit(work, task)

    def renew(self) -> None:
        """Make another executor in place of one that has broken."""
        self.close()
        self._executor = self._make()

    def close(self) -> None:
        """Let the workers go."""
        self._close()

    def _make(self) -> Executor:
        if self.where.executor == DASK:
            return self._dask()
        made = _threads(self.where) if self.where.executor == THREADS else _processes(self.where)
        self._close = lambda: made.shutdown(wait=True, cancel_futures=True)
        return made

    def _dask(self) -> Executor:
        cluster, client = _dask_client(self.where)
        self.slots = max(1, sum(client.nthreads().values()))

        def close() -> None:
            with suppress(Exception):  # what is left of a cluster that lost its scheduler
                client.close()
                if cluster is not None:
                    cluster.close()

        self._close = close
        executor: Executor = client.get_executor(pure=False)
        return executor


def _threads(where: Where) -> Executor:
    return ThreadPoolExecutor(where.workers)


def _processes(where: Where) -> Executor:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(
        where.workers, mp_context=get_context("spawn"), initializer=_settle, initargs=(os.getpid(),)
    )


def _settle(parent: int) -> None:
    """Leave Ctrl-C to the process that asked, which waits for the blocks under way; do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """End this process when its parent has ended (`kill -9`): nobody would tell it."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def _dask_client(where: Where) -> tuple[Any, Any]:
    """Return a cluster of our own (None where a scheduler is given) and a client of it."""
    try:
        import dask
        import distributed
    except ImportError as error:
        message = "dask is not installed; install the extra 'cluster' (dask and distributed), or use processes"
        raise InputError.single("--executor", "", message) from error
    client: Any = distributed.Client
    local: Any = distributed.LocalCluster
    dask.config.set({"distributed.scheduler.allowed-failures": TRIES})
    if where.scheduler:
        try:
            return None, client(where.scheduler, timeout="10s")
        except (OSError, ValueError) as error:
            raise InputError.single("--scheduler", "", f"{where.scheduler}: cannot be reached: {error}") from error
    with _interrupts_ignored():  # what the workers inherit
        cluster = local(
            n_workers=where.workers, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        )
    return cluster, client(cluster)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not in the main thread, so no Ctrl-C comes here
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Attempt(NamedTuple):
    """A block, how often it has failed, and whether it is to run with nothing beside it."""

    task: Task
    failures: int = 0
    alone: bool = False


class Pump:
    """Puts blocks through a pool, at most two a worker at once, and hands each part over as it comes."""

    def __init__(self, pool: Pool, receive: Receive) -> None:
        """Use a pool; `receive` is called in this thread."""
        self._pool, self._receive = pool, receive
        self._pending: dict[Future[Part], _Attempt] = {}
        self._again: deque[_Attempt] = deque()

    def run(self, tasks: Iterable[Task]) -> bool:
        """Run every block; return False when interrupted, after receiving what was under way."""
        try:
            for task in tasks:
                self._retry()
                self._submit(_Attempt(task))
                while len(self._pending) >= 2 * self._pool.slots:
                    self._collect()
            while self._pending or self._again:
                self._retry()
                self._collect()
        except KeyboardInterrupt:
            self._drain()
            return False
        except BaseException:
            self._cancel()
            raise
        return True

    def _submit(self, attempt: _Attempt) -> None:
        try:
            self._pending[self._pool.submit(attempt.task)] = attempt
        except BrokenExecutor:  # a worker died between two blocks
            self._again.append(attempt._replace(alone=True))
            self._break()

    def _retry(self) -> None:
        """Run what failed before again; a block under suspicion alone, so that it can break nothing else."""
        while self._again:
            attempt = self._again.popleft()
            while attempt.alone and self._pending:
                self._collect()
            self._submit(attempt)
            while attempt.alone and self._pending:
                self._collect()

    def _collect(self) -> None:
        if not self._pending:
            return
        done, _ = wait(self._pending, return_when=FIRST_COMPLETED)
        broken = False
        for future in done:
            attempt = self._pending.pop(future)
            try:
                part = future.result()
            except BrokenExecutor:
                broken = True
                self._failed(attempt._replace(alone=True), "its worker died (killed, or out of memory)")
            except Exception as error:  # a worker's, whatever it is: the block is tried again
                self._failed(attempt, f"{type(error).__name__}: {error}")
            else:
                self._receive(part)
        if broken:
            self._break()

    def _failed(self, attempt: _Attempt, reason: str) -> None:
        """Try a block again, or record it as failed."""
        attempt = attempt._replace(failures=attempt.failures + 1)
        if attempt.failures < TRIES:
            self._again.append(attempt)
        else:
            self._receive(failed(attempt.task, f"its block failed {TRIES} times: {reason}"))

    def _break(self) -> None:
        """Make a new pool; every block that was under way is under suspicion."""
        pending, self._pending = self._pending, {}
        for future, attempt in pending.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                self._receive(future.result())
            else:
                self._failed(attempt._replace(alone=True), "its worker died (killed, or out of memory)")
        self._pool.renew()

    def _cancel(self) -> None:
        for future in list(self._pending):
            if future.cancel():
                del self._pending[future]

    def _drain(self) -> None:
        """Let the blocks under way finish (a moment) unless the user is impatient."""
        self._again.clear()
        try:
            self._cancel()
            while self._pending:
                done, _ = wait(self._pending, return_when=FIRST_COMPLETED)
                for future in done:
                    del self._pending[future]
                    with suppress(Exception):  # it will be run again when the sweep goes on
                        self._receive(future.result())
        except KeyboardInterrupt:
            self._cancel()


def run_blocks(where: Where, tasks: Iterable[Task], receive: Receive) -> bool:
    """Run blocks and hand their parts over; return False when interrupted."""
    try:
        pool = Pool(where)
    except OSError as error:
        raise RunError(f"no {where.executor} can be started: {error}") from error
    try:
        return Pump(pool, receive).run(tasks)
    finally:
        pool.close()
