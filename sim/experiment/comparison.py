"""Several points run on the same draws and the same luck: scenarios, combinations of choices, or both.

A draw is addressed by (seed, draw, path) and luck by (seed, replication), so the same seed is all that it takes. Points
are run one after the other, each through `execute`; daily series are not kept. Replications can be added later.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, Problem
from sim.experiment.design import Design, Needs, needs
from sim.experiment.execute import Runs, execute
from sim.experiment.study import Case, Study, study
from sim.scenario.wording import shown

if TYPE_CHECKING:
    from sim.engine.compiled import Block
    from sim.model.tally import Outcome
    from sim.scenario.load import Loaded

CHOICES = "--choices"
SCENARIO = "scenario"  # the factor of points that come from several files
NOT_MADE = -2  # status of a run that was not made (the comparison was interrupted)

Progress = Callable[[int, int], None]


class Point(NamedTuple):
    """A scenario under some options, ready to run; `factors` say what tells it from the other points."""

    label: str
    file: Path
    loaded: Loaded
    study: Study
    factors: Mapping[str, str]


class Ahead(NamedTuple):
    """What is the same for all points: the seed, and outcomes on a date that are measured beside the others."""

    seed: int
    dated: tuple[str, ...] = ()


class Failure(NamedTuple):
    """A run that failed, and why."""

    point: int
    draw: int
    replication: int
    reason: str


class Gathered(NamedTuple):
    """The runs of all points on one grid, sorted by draw and replication.

    draw, replication : int64[run].
    status : int64[point, run]; 0 = done.
    values : float64[point, run] by outcome; not-a-number where a run is not done, or a point has no such outcome.
    """

    draw: NDArray[np.int64]
    replication: NDArray[np.int64]
    status: NDArray[np.int64]
    values: Mapping[str, NDArray[np.float64]]

    def done(self, point: int) -> int:
        """Return how many runs of a point were made, failed or not."""
        return int((self.status[point] != NOT_MADE).sum())

    def whole(self) -> list[int]:
        """Return the points with at least one run that ended well."""
        return [point for point, status in enumerate(self.status) if (status == 0).any()]


def read_choices(texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the options of each decision that `--choices actor.decision=option,option` varies."""
    varied: dict[str, tuple[str, ...]] = {}
    for text in texts:
        path, _, listed = (part.strip() for part in text.partition("="))
        options = [option.strip() for option in listed.split(",")]
        twice = [option for option in dict.fromkeys(options) if options.count(option) > 1]
        problem = f"{shown(text)} is not actor.decision=option,option" if not path or not all(options) else ""
        if path in varied:
            problem = f"{path} is varied twice; give all of its options in one list"
        elif twice:
            problem = f"{path} has {', '.join(twice)} more than once"
        if problem:
            raise InputError.single(CHOICES, "", problem)
        varied[path] = tuple(options)
    return varied


def read_points(
    files: Sequence[Path],
    varied: Mapping[str, Sequence[str]],
    choices: Sequence[str],
    sets: Sequence[str],
    ahead: Ahead,
) -> list[Point]:
    """Return every scenario under every combination of options; raise InputError with all problems of all points."""
    _check_asked(files, varied, choices)
    found: list[Point] = []
    problems: list[Problem] = []
    names = _names(files)
    for name, file in zip(names, files, strict=True):
        for options in product(*varied.values()):
            picks = dict(zip(varied, options, strict=True))
            factors = {**({SCENARIO: name} if len(files) > 1 else {}), **picks}
            try:
                found.append(_point(file, factors, picks, (choices, sets), ahead))
            except InputError as error:
                problems += [_of_choices(problem, picks) for problem in error.problems]
    if problems:
        raise InputError(problems)
    check_alike(found)
    return found


def _check_asked(files: Sequence[Path], varied: Mapping[str, Sequence[str]], choices: Sequence[str]) -> None:
    if not files:
        raise InputError.single("", "", "name at least one scenario file")
    both = [text for text in choices if text.partition("=")[0].strip() in varied]
    if both:
        raise InputError.single("--choice", "", f"'{both[0]}': that decision is varied by {CHOICES}")
    count = len(files) * int(np.prod([len(options) for options in varied.values()]))
    if count < 2:
        message = f"one scenario is nothing to compare; name a second one, or vary a choice ({CHOICES} a.b=x,y)"
        raise InputError.single("", "", message)


def _names(files: Sequence[Path]) -> list[str]:
    """Return the names of files without their endings, numbered where they would be the same."""
    stems = [file.stem for file in files]
    numbers = [stems[:place].count(stem) for place, stem in enumerate(stems)]
    return [f"{stem}.{number + 1}" if number else stem for stem, number in zip(stems, numbers, strict=True)]


def _point(
    file: Path,
    factors: Mapping[str, str],
    picks: Mapping[str, str],
    overrides: tuple[Sequence[str], Sequence[str]],
    ahead: Ahead,
) -> Point:
    from sim.scenario.load import load

    choices, sets = overrides
    loaded = load(file, [*choices, *(f"{path}={option}" for path, option in picks.items())], sets)
    return Point("/".join(factors.values()), file, loaded, study(loaded, ahead.seed, ahead.dated), factors)


def _of_choices(problem: Problem, picks: Mapping[str, str]) -> Problem:
    """Return a problem of `--choice` as one of `--choices`, if it is."""
    ours = problem.where == "--choice" and (problem.path in picks or not problem.path)
    return replace(problem, where=CHOICES) if ours else problem


def check_alike(points: Sequence[Point]) -> None:
    """Refuse points whose outcomes do not mean the same: another start, end, or other sides."""
    first, problems = points[0], []
    for other in points[1:]:
        for what, a, b in _unlike(first, other):
            message = f"{what} {b}, but {first.file} {a}; what happens in them cannot be compared run by run"
            problems.append(Problem(str(other.file), "", message))
    if problems:
        raise InputError(problems)


def _unlike(first: Point, other: Point) -> list[tuple[str, str, str]]:
    a, b = first.loaded.scenario, other.loaded.scenario
    rows = [
        ("starts on", str(a.start), str(b.start)),
        ("ends on", str(a.end), str(b.end)),
        ("has the sides", ", ".join(a.sides), ", ".join(b.sides)),
    ]
    return [row for row in rows if row[1] != row[2]]


def alike(points: Sequence[Point]) -> list[tuple[str, str]]:
    """Return the labels of points that are the same scenario: their runs will be equal."""
    return [
        (first.label, other.label)
        for place, first in enumerate(points)
        for other in points[place + 1 :]
        if first.loaded.hash == other.loaded.hash
    ]


def outcomes_of(points: Sequence[Point]) -> list[Outcome]:
    """Return the outcomes that any point has, in the order of the first that has them."""
    found: dict[str, Outcome] = {}
    for point in points:
        for outcome in point.study.outcomes:
            found.setdefault(outcome.name, outcome)
    return list(found.values())


def needs_of(points: Sequence[Point], design: Design, workers: int) -> Needs:
    """Return a rough estimate of what the runs of all points need."""
    worlds = sum(point.study.worlds for point in points)
    return needs(design, worlds, len(outcomes_of(points)) * len(points), workers)


def memory_bytes() -> int:
    """Return the memory of this machine; without bound where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 2**62


class Running:
    """Runs points, replication after replication; each call of `extend` goes on where the last one stopped."""

    def __init__(self, points: Sequence[Point], design: Design, executor: Executor, workers: int) -> None:
        self.points, self.design, self.executor, self.workers = points, design, executor, workers
        self.replications = 0
        self.interrupted = False
        self.failures: list[Failure] = []
        self._parts: list[list[tuple[int, Runs]]] = [[] for _ in points]

    def extend(self, replications: int, progress: Progress | None = None) -> bool:
        """Make the replications up to so many of each draw; return False when interrupted, with what is finished."""
        first, design = self.replications, replace(self.design, replications=replications - self.replications)
        total, before = design.runs * len(self.points), 0
        for place, point in enumerate(self.points):
            report = _shifted(progress, before, total)
            runs = execute(_ahead(point.study, first), design, self.executor, self.workers, report)
            self._parts[place].append((first, runs))
            self.failures += [Failure(place, f.draw, f.replication + first, f.reason) for f in runs.failures]
            before += design.runs
            if runs.interrupted:
                self.interrupted = True
                break
        self.replications = replications
        return not self.interrupted

    def gathered(self) -> Gathered:
        """Return what has been run."""
        draws, count = self.design.draws + 1, self.replications
        names = [outcome.name for outcome in outcomes_of(self.points)]
        status = np.full((len(self.points), draws * count), NOT_MADE, np.int64)
        values = {name: np.full(status.shape, np.nan) for name in names}
        for place, parts in enumerate(self._parts):
            for first, runs in parts:
                at = runs.draw * count + runs.replication + first
                status[place, at] = runs.status
                for name, column in runs.columns().items():
                    values[name][place, at] = column
        return Gathered(np.repeat(np.arange(draws), count), np.tile(np.arange(count), draws), status, values)


def _shifted(progress: Progress | None, before: int, total: int) -> Progress | None:
    """Return a report of one point's runs as part of those of all points."""
    return None if progress is None else lambda done, _: progress(before + done, total)


class Measured(NamedTuple):
    """The worlds of a draw from a replication on; a block holds their outcomes in place of daily series."""

    case: Case
    first: int
    names: tuple[str, ...]

    def simulate(self, seed: int, replications: NDArray[np.uint64]) -> Block:
        """Run some replications; a run whose counterfactual failed has failed, too."""
        from sim.engine.compiled import Block

        those = replications + np.uint64(self.first)
        block = self.case.main.simulate(seed, those)
        other = self.case.counterfactual.simulate(seed, those) if self.case.counterfactual else None
        columns = self.case.measure(block, other)
        values = np.stack([columns[name] for name in self.names], axis=-1)
        status = block.status if other is None else np.where(block.status != 0, block.status, other.status)
        return Block(values[:, None, :], block.final, status, block.events)


def _ahead(whole: Study, first: int) -> Study:
    """Return a study whose replication 0 is replication `first` (an even one), and that keeps outcomes only."""
    assert first % 2 == 0, "neighbouring replications lend each other their counterfactuals"
    return replace(whole, days=0, series=whole.outcomes, case=partial(_measured_case, whole, first))


def _measured_case(whole: Study, first: int, draw: int) -> Case:
    names = tuple(outcome.name for outcome in whole.outcomes)
    return Case(Measured(whole.case(draw), first, names), None, partial(_read, names))


def _read(names: tuple[str, ...], block: Block, _: Block | None) -> Mapping[str, NDArray[np.float64]]:
    return dict(zip(names, block.series[:, 0, :].T, strict=True))


def identity(points: Sequence[Point], design: Design, model_version: str, asked: Sequence[str]) -> str:
    """Return the id of a comparison, 8 hexadecimal digits: a hash of what its numbers are a function of.

    asked : with targets of precision, what the number of replications then depends on.
    """
    rows = [[point.label, point.loaded.hash] for point in points]
    content = ["twofront compare 1", rows, design.seed, design.draws, design.replications, model_version, *asked]
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=4).hexdigest()


def replication_columns(gathered: Gathered) -> dict[str, NDArray[Any]]:
    """Return the columns of `replications.parquet`: the runs that were made, sorted by point, draw, replication."""
    made = gathered.status != NOT_MADE
    point, run = np.nonzero(made)
    identity = {"point": point, "draw": gathered.draw[run], "replication": gathered.replication[run]}
    outcomes = {name: values[made] for name, values in gathered.values.items()}
    return {**identity, "status": gathered.status[made], **outcomes}


def point_columns(points: Sequence[Point]) -> dict[str, NDArray[Any]]:
    """Return the columns of `points.parquet`: number, label, hash, and a column a factor."""
    factors = {name: np.array([point.factors[name] for point in points], object) for name in points[0].factors}
    return {
        "point": np.arange(len(points)),
        "label": np.array([point.label for point in points], object),
        "hash": np.array([point.loaded.hash for point in points], object),
        **factors,
    }
