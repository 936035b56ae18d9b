"""Blocks of runs through an executor, assembled by identity: neither the workers nor the order of completion matter.

An executor is anything with the `submit` of `concurrent.futures`. The compiled engine runs without the GIL, so threads
do. A block that fails is recorded as failed; Ctrl-C stops the submitting and keeps what is finished.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import SimError
from sim.experiment.blocks import statuses
from sim.experiment.design import SERIES_KEPT, Design, Span

if TYPE_CHECKING:
    from sim.experiment.study import Case, Study
    from sim.model.tally import Outcome

BLOCK = 24  # even: neighbouring replications lend each other their counterfactuals (`sim.model.outcomes`)
UNREADY = -1  # status of a run whose parameters could not be made, or whose block raised an error

Progress = Callable[[int, int], None]


class Failure(NamedTuple):
    """A run that failed, and why."""

    draw: int
    replication: int
    reason: str


@dataclass(frozen=True)
class Runs:
    """Results of the runs of one scenario, sorted by draw and replication.

    draw, replication, status : int64[run]; status 0 = done.
    values : float64[outcome, run], in the order of `outcomes`; not-a-number where not applicable, and in failed runs.
    kept : int64[k], which runs have their series kept (`Design.kept` says how many).
    series : float32[k, day, series], in the order of `series_list`; not-a-number in failed runs.
    """

    design: Design
    draw: NDArray[np.int64]
    replication: NDArray[np.int64]
    status: NDArray[np.int64]
    values: NDArray[np.float64]
    outcomes: tuple[Outcome, ...]
    kept: NDArray[np.int64]
    series: NDArray[np.float32]
    series_list: tuple[Outcome, ...]
    failures: tuple[Failure, ...]
    interrupted: bool

    def columns(self) -> dict[str, NDArray[np.float64]]:
        """Return the outcomes by name, float64[run]."""
        return {outcome.name: row for outcome, row in zip(self.outcomes, self.values, strict=True)}


class _Task(NamedTuple):
    """A block to run: `case` is the worlds of its draw, or the reason why there are none."""

    span: Span
    case: Case | str


class _Part(NamedTuple):
    """What came of a block: status int64[run], values float64[outcome, run], series float32[k, day, series]."""

    status: NDArray[np.int64]
    values: NDArray[np.float64] | None
    series: NDArray[np.float32] | None
    reasons: Mapping[int, str]


def execute(
    study: Study,
    design: Design,
    executor: Executor,
    workers: int = 1,
    progress: Progress | None = None,
    block: int = BLOCK,
) -> Runs:
    """Run a design and return its results; `progress(done, total)` is called in the calling thread.

    At most twice as many blocks as workers are under way at once, which bounds the memory of series not yet reduced.
    """
    assembly = _Assembly(study, design)

    def work(task: _Task) -> _Part:
        return _run(study, design, task)

    def receive(span: Span, part: _Part) -> None:
        assembly.add(span, part)
        if progress:
            progress(assembly.count, design.runs)

    finished = _pump(executor, _tasks(study, design, block + block % 2), work, receive, 2 * workers)
    return assembly.runs(interrupted=not finished)


def _tasks(study: Study, design: Design, block: int) -> Iterator[_Task]:
    """Yield the blocks; the parameters of a draw are made once, when its first block is due."""
    for draw, spans in groupby(design.spans(block), key=lambda span: span.draw):
        case = _case(study, draw)
        yield from (_Task(span, case) for span in spans)


def _case(study: Study, draw: int) -> Case | str:
    try:
        return study.case(draw)
    except (SimError, ArithmeticError, ValueError) as error:
        return f"draw {draw} makes no valid scenario: {error}"


def _pump(
    executor: Executor,
    tasks: Iterator[_Task],
    work: Callable[[_Task], _Part],
    receive: Callable[[Span, _Part], None],
    in_flight: int,
) -> bool:
    """Put every task through the executor; return False when interrupted, after receiving what was under way."""
    pending: dict[Future[_Part], Span] = {}
    try:
        for task in tasks:
            pending[executor.submit(work, task)] = task.span
            if len(pending) >= in_flight:
                _collect(pending, receive)
        while pending:
            _collect(pending, receive)
    except KeyboardInterrupt:
        _drain(pending, receive)
        return False
    except BaseException:
        _cancel(pending)
        raise
    return True


def _collect(pending: dict[Future[_Part], Span], receive: Callable[[Span, _Part], None]) -> None:
    done, _ = wait(pending, return_when=FIRST_COMPLETED)
    for future in done:
        receive(pending.pop(future), future.result())


def _cancel(pending: dict[Future[_Part], Span]) -> None:
    """Cancel and forget the blocks that have not begun."""
    for future in list(pending):
        if future.cancel():
            del pending[future]


def _drain(pending: dict[Future[_Part], Span], receive: Callable[[Span, _Part], None]) -> None:
    """Let the blocks under way finish (a moment) unless the user is impatient."""
    try:
        _cancel(pending)
        while pending:
            _collect(pending, receive)
    except KeyboardInterrupt:
        _cancel(pending)


def _run(study: Study, design: Design, task: _Task) -> _Part:
    """Run one block in the calling thread."""
    if isinstance(task.case, str):
        return _failed(task.span, task.case)
    try:
        return _measured(study, design, task.span, task.case)
    except (SimError, ArithmeticError, ValueError) as error:
        return _failed(task.span, f"{type(error).__name__}: {error}")


def _failed(span: Span, reason: str) -> _Part:
    status = np.full(span.length, UNREADY, np.int64)
    return _Part(status, None, None, dict.fromkeys(range(span.length), reason))


def _measured(study: Study, design: Design, span: Span, case: Case) -> _Part:
    replications = np.arange(span.first, span.first + span.length, dtype=np.uint64)
    block = case.main.simulate(design.seed, replications)
    other = case.counterfactual.simulate(design.seed, replications) if case.counterfactual else None
    status, reasons = statuses(block, other)
    columns = case.measure(block, other)
    values = np.array([columns[outcome.name] for outcome in study.outcomes], np.float64)
    values[:, status != 0] = np.nan
    series = block.series[: max(0, design.kept(span.draw) - span.first)].astype(np.float32)
    series[status[: len(series)] != 0] = np.nan
    return _Part(status, values, series, reasons)


class _Assembly:
    """Results by identity: each block goes to its place, whenever it comes."""

    def __init__(self, study: Study, design: Design) -> None:
        self.study, self.design, self.count = study, design, 0
        self.status = np.zeros(design.runs, np.int64)
        self.values = np.full((len(study.outcomes), design.runs), np.nan)
        self.done = np.zeros(design.runs, np.bool_)
        self.failures: list[Failure] = []
        self.kept = _kept(design)
        self.series = np.full((len(self.kept), study.days + 1, len(study.series)), np.nan, np.float32)

    def add(self, span: Span, part: _Part) -> None:
        """Put a block in its place; only then does it count as done."""
        first = span.draw * self.design.replications + span.first
        runs = slice(first, first + span.length)
        self.status[runs] = part.status
        if part.values is not None:
            self.values[:, runs] = part.values
        if part.series is not None and len(part.series):
            place = int(np.searchsorted(self.kept, first))
            self.series[place : place + len(part.series)] = part.series
        self.failures += [Failure(span.draw, span.first + row, reason) for row, reason in part.reasons.items()]
        self.done[runs] = True
        self.count += span.length

    def runs(self, interrupted: bool) -> Runs:
        """Return what is done, sorted by identity."""
        done, kept = np.flatnonzero(self.done), self.done[self.kept]
        everything = len(done) == self.design.runs
        return Runs(
            design=self.design,
            draw=done // self.design.replications,
            replication=done % self.design.replications,
            status=self.status if everything else self.status[done],
            values=self.values if everything else self.values[:, done],
            outcomes=self.study.outcomes,
            kept=np.searchsorted(done, self.kept[kept]),
            series=self.series if everything else self.series[kept],
            series_list=self.study.series,
            failures=tuple(sorted(self.failures)),
            interrupted=interrupted,
        )


def _kept(design: Design) -> NDArray[np.int64]:
    """Return the runs whose series are kept, int64[k], rising; no draw beyond `SERIES_KEPT` keeps any."""
    draws = range(min(design.draws, SERIES_KEPT) + 1)
    return np.concatenate([draw * design.replications + np.arange(design.kept(draw)) for draw in draws])
