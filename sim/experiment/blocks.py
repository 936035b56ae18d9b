"""Blocks of runs: small records that a worker anywhere can carry out, and what comes back."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import RunError, SimError
from sim.experiment.design import first_luck
from sim.experiment.variant import Packed, Worlds, pack, unpack

if TYPE_CHECKING:
    from sim.engine.compiled import Block
    from sim.experiment.plan import Plan
    from sim.experiment.study import Case, Drive

CHUNK = 24  # replications simulated at once: their series stay small; even, so that neighbours stay together
UNREADY = -1  # status of a run whose parameters could not be made, or whose block failed
SECONDS_A_BLOCK = 0.5
_MOST_IN_A_BLOCK = 5_000
_PILOT = 8
_SMALL = 2_000  # runs a worker, up to which nobody waits for a pilot


class Span(NamedTuple):
    """Replications `first` to `first + length - 1` at a point (known by its hash) and a draw."""

    hash: str
    draw: int
    first: int
    length: int


class Job(NamedTuple):
    """A span, the place of its scenario in the task, and the numbers of its point.

    kept : how many of its runs, from the first, keep their daily series.
    """

    span: Span
    variant: int
    numbers: tuple[tuple[str, float], ...]
    kept: int = 0


class Task(NamedTuple):
    """A block of runs, with all that carrying it out takes.

    variants : scenarios, packed where the block may be carried out in another process.
    drive : how SimPy drives the runs; None for the compiled engine.
    nested : as in Design.
    """

    seed: int
    model_version: str
    outcomes: tuple[str, ...]
    variants: tuple[Packed | Worlds, ...]
    jobs: tuple[Job, ...]
    drive: Drive | None = None
    nested: bool = False

    @property
    def runs(self) -> int:
        """Return how many runs it has."""
        return sum(job.span.length for job in self.jobs)

    @property
    def spans(self) -> tuple[Span, ...]:
        """Return its spans."""
        return tuple(job.span for job in self.jobs)


class Part(NamedTuple):
    """What came of a block: its spans, status int64[run], values float64[run, outcome], and why rows failed.

    kept : runs whose daily series are kept; series : float32[k, day, series] of these, None where there are none.
    """

    spans: tuple[Span, ...]
    outcomes: tuple[str, ...]
    status: NDArray[np.int64]
    values: NDArray[np.float64]
    reasons: Mapping[int, str]
    kept: tuple[int, ...] = ()
    series: NDArray[np.float32] | None = None


def work(task: Task) -> Part:
    """Run a block in the calling thread; raise RunError where this is another model than the one that asks."""
    from sim.fingerprint import model_version

    if task.model_version != model_version():
        message = f"this worker has model {model_version()}, the sweep is of model {task.model_version}"
        raise RunError(f"{message}; install the same version of twofront on every machine")
    parts = [_run(task, job) for job in task.jobs]
    if len(parts) == 1:
        return parts[0]
    starts = np.cumsum([0, *(job.span.length for job in task.jobs)])
    reasons = {int(at) + row: why for at, part in zip(starts, parts, strict=False) for row, why in part.reasons.items()}
    status = np.concatenate([part.status for part in parts])
    values = np.concatenate([part.values for part in parts])
    kept = tuple(int(at) + row for at, part in zip(starts, parts, strict=False) for row in part.kept)
    series = [part.series for part in parts if part.series is not None]
    return Part(task.spans, task.outcomes, status, values, reasons, kept, np.concatenate(series) if series else None)


def failed(task: Task, reason: str) -> Part:
    """Return the part of a block that failed as a whole."""
    status = np.full(task.runs, UNREADY, np.int64)
    values = np.full((task.runs, len(task.outcomes)), np.nan)
    return Part(task.spans, task.outcomes, status, values, dict.fromkeys(range(task.runs), reason))


def _run(task: Task, job: Job) -> Part:
    alone = task._replace(jobs=(job,))
    try:
        given = task.variants[job.variant]
        worlds = unpack(given, task.seed) if isinstance(given, Packed) else given
        case = worlds.case(dict(job.numbers), job.span.draw, task.drive, task.outcomes)
        luck = first_luck(job.span.draw, task.nested)
        return measured(case, task.seed, job.span, task.outcomes, (job.kept, luck))
    except (SimError, ArithmeticError, ValueError) as error:
        kind = "" if isinstance(error, SimError) else f"{type(error).__name__}: "
        return failed(alone, f"{kind}{error}")


class _Room:
    """Where the daily series of the first runs of a span go, float32[k, day, series]."""

    def __init__(self, kept: int) -> None:
        self.kept = kept
        self.series: NDArray[np.float32] | None = None

    def put(self, first: int, block: Block, status: NDArray[np.int64]) -> None:
        """Keep the series of some runs of the span, those from `first` on, in single precision."""
        some = block.series[: max(0, self.kept - first)]
        if not len(some):
            return
        if self.series is None:
            self.series = np.empty((self.kept, *some.shape[1:]), np.float32)
        here = self.series[first : first + len(some)]
        here[:] = some
        here[status[: len(some)] != 0] = np.nan


def measured(case: Case, seed: int, span: Span, outcomes: tuple[str, ...], how: tuple[int, int] = (0, 0)) -> Part:
    """Run a span in its worlds and measure it.

    how : how many of its first runs keep their daily series, and by how much its luck is numbered from 0 on.
    """
    kept, luck = how
    status, values = np.zeros(span.length, np.int64), np.full((span.length, len(outcomes)), np.nan)
    room, reasons = _Room(kept), dict[int, str]()
    for first in range(0, span.length, CHUNK):
        rows = slice(first, min(first + CHUNK, span.length))
        numbers = np.arange(rows.start, rows.stop, dtype=np.uint64) + np.uint64(span.first + luck)
        block = case.main.simulate(seed, numbers)
        other = case.counterfactual.simulate(seed, numbers) if case.counterfactual else None
        status[rows], why = statuses(block, other)
        reasons.update({first + row: text for row, text in why.items()})
        columns = case.measure(block, other)
        for k, name in enumerate(outcomes):
            if name in columns:  # another choice may bring an outcome that this one does not have
                values[rows, k] = columns[name]
        room.put(first, block, status[rows])
    values[status != 0] = np.nan
    return Part((span,), outcomes, status, values, reasons, tuple(range(kept)), room.series)


def statuses(block: Block, other: Block | None) -> tuple[NDArray[np.int64], dict[int, str]]:
    """Return the status of each run, and why some failed; a run whose counterfactual failed has failed, too."""
    status, reasons = block.status.copy(), _reasons(block, "")
    if other is not None:
        status = np.where(status != 0, status, other.status)
        reasons = {**_reasons(other, "counterfactual: "), **reasons}
    return status, reasons


def _reasons(block: Block, world: str) -> dict[int, str]:
    """Return why runs failed: what the SimPy engine says of each, else what the status means."""
    failed = np.flatnonzero(block.status)
    if not len(failed):
        return {}
    from sim.engine.compiled import FAULTS

    said: Mapping[int, str] = getattr(block, "reasons", {})
    codes = {int(run): int(block.status[run]) for run in failed}
    return {run: f"{world}{said.get(run) or FAULTS.get(code, f'fault {code}')}" for run, code in codes.items()}


class Blocks:
    """Cuts the runs of a plan into tasks."""

    def __init__(self, plan: Plan, local: bool = False, drive: Drive | None = None) -> None:
        """Cut this plan; scenarios are packed when first needed, or left as they are for threads (`local`)."""
        self.plan, self._local, self._drive = plan, local, drive
        self._names = tuple(outcome.name for outcome in plan.outcomes)
        self._packed: dict[int, Packed] = {}

    def missing(self, done: NDArray[np.bool_], size: int) -> list[tuple[int, int]]:
        """Return the ranges of runs still to be made, of about `size` each, in the order of the plan.

        done : bool[run]. A range ends at an even replication or with its point and draw: neighbours lend each other
        their counterfactuals.
        """
        length, found = self.plan.design.replications, list[tuple[int, int]]()
        edges = np.flatnonzero(np.diff(np.concatenate([[True], done, [True]]).astype(np.int8)))
        for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            while first < last:
                end = min(last, first + max(2, size))
                end = min(last, end + end % length % 2)
                found.append((first, end))
                first = end
        return found

    def task(self, first: int, last: int) -> Task:
        """Return the block of the runs from `first` to before `last`, in the order of the plan."""
        plan, jobs = self.plan, list[Job]()
        length, draws, places = plan.design.replications, plan.design.draws + 1, dict[int, int]()
        while first < last:
            cell, replication = divmod(first, length)
            point, draw = divmod(cell, draws)
            count = min(last - first, length - replication)
            place = places.setdefault(int(plan.variant_of[point]), len(places))
            span = Span(plan.hashes[point], draw, replication, count)
            kept = min(count, max(0, plan.kept(draw) - replication))
            jobs.append(Job(span, place, tuple(plan.numbers(point).items()), kept))
            first += count
        variants = tuple(self._given(k) for k in places)
        design = plan.design
        return Task(design.seed, plan.model_version, self._names, variants, tuple(jobs), self._drive, design.nested)

    def _given(self, k: int) -> Packed | Worlds:
        """Return a scenario as a worker gets it."""
        if self._local:
            return self.plan.variants[k]
        if k not in self._packed:
            self._packed[k] = pack(self.plan.variants[k].recipe)
        return self._packed[k]


def interleaved(count: int) -> Iterator[int]:
    """Yield 0 to count - 1 in strides of about the golden section, so that what is done looks like the whole."""
    stride = max(1, round(count * 0.6180339887498949))
    while math.gcd(stride, count) != 1:
        stride += 1
    return (k * stride % count for k in range(count))


class Pace(NamedTuple):
    """How long a run takes with all of its worlds, and the making of a point's parameters, in seconds."""

    run: float
    parameters: float

    def seconds_a_run(self, replications: int) -> float:
        """Return the time of a run with its share of the making of parameters."""
        return self.run + self.parameters / replications

    def size(self, plan: Plan, workers: int) -> int:
        """Return how many runs make a block: half a second of work, or less where that leaves workers idle."""
        enough = SECONDS_A_BLOCK / max(self.seconds_a_run(plan.design.replications), 1e-9)
        fair = math.ceil(plan.runs / (4 * workers))
        return int(max(2, min(enough, fair, _MOST_IN_A_BLOCK)))


def even_share(plan: Plan, workers: int) -> int | None:
    """Return how many runs make a block of a small plan: a sixteenth of a worker's share; None of a large one."""
    return math.ceil(plan.runs / (16 * workers)) if plan.runs <= _SMALL * workers else None


def pilot(plan: Plan) -> Pace:
    """Time a few runs at the first point, with the model compiled and what is loaded once already loaded."""
    names = tuple(outcome.name for outcome in plan.outcomes)
    made = partial(plan.variants[int(plan.variant_of[0])].case, plan.numbers(0), 0, names=names)
    replications = np.arange(_PILOT, dtype=np.uint64)
    case = made()
    _simulated(case, plan.design.seed, replications[:1])
    started = time.perf_counter()
    case = made()
    parameters = time.perf_counter() - started
    started = time.perf_counter()
    _simulated(case, plan.design.seed, replications)
    return Pace((time.perf_counter() - started) / _PILOT, parameters)


def warm_up(plan: Plan) -> None:
    """Run one replication in the calling thread: the model is compiled where that has not been done."""
    plan.variants[0].case({}, 0).main.simulate(plan.design.seed, np.arange(1, dtype=np.uint64))


def _simulated(case: Case, seed: int, replications: NDArray[np.uint64]) -> None:
    block = case.main.simulate(seed, replications)
    case.measure(block, case.counterfactual.simulate(seed, replications) if case.counterfactual else None)
