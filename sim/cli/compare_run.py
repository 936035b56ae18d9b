"""A comparison from the command line to its folder: prepared before anything runs, then run, compared and saved."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from sim.cli.progress import progress, uninterrupted
from sim.errors import InputError
from sim.experiment import comparison as points_of
from sim.experiment import store
from sim.experiment.comparison import Failure, Gathered, Point, Running
from sim.experiment.design import Design, check_disk, check_size

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.analysis.compare import Comparison, Sheet
    from sim.analysis.precision import Stop, Target
    from sim.experiment.read_result import Result
    from sim.model.tally import Outcome

STANDARD = Design()
_REACHED = " reached"
MOST = 2_000  # replications of each draw that `--precision` spends at most, unless -n says otherwise


@dataclass(frozen=True)
class Options:
    """What the command line asked for; None where it did not say."""

    files: tuple[Path, ...]
    varied: tuple[str, ...] = ()
    reference: str | None = None
    outcomes: str | None = None
    precision: tuple[str, ...] = ()
    replications: int | None = None
    draws: int | None = None
    seed: int | None = None
    workers: int | None = None
    out: Path | None = None
    quiet: bool = False
    as_json: bool = False
    sets: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    command: str = ""  # that stands for what was asked for, where that was not the command line

    def design(self) -> Design:
        """Return the runs of each point asked for, or with `--precision` the most of them."""
        usual = MOST if self.precision else STANDARD.replications
        return Design(
            STANDARD.seed if self.seed is None else self.seed,
            STANDARD.draws if self.draws is None else self.draws,
            usual if self.replications is None else self.replications,
        )

    @property
    def dated(self) -> tuple[str, ...]:
        """Return the outcomes on a date that are asked for."""
        from sim.experiment.dated import is_dated

        names = (text.strip() for text in (self.outcomes or "").split(","))
        return tuple(dict.fromkeys(name for name in names if is_dated(name)))

    def cores(self) -> int:
        """Return how many blocks run at once."""
        from sim.experiment.workers import available_cores

        if self.workers is not None and self.workers < 1:
            raise InputError.single("--workers", "", f"{self.workers} is below 1")
        return self.workers or available_cores()


@dataclass(frozen=True)
class Prepared:
    """A comparison that can be run."""

    points: list[Point]
    design: Design
    names: tuple[str, ...]
    reference: int | None
    targets: tuple[Target, ...]
    model_version: str
    id: str

    @property
    def label(self) -> str | None:
        """Return the label of the reference, if one was named."""
        return None if self.reference is None else self.points[self.reference].label


@dataclass
class Compared:
    """What came of a comparison; folder is None where no run was finished, comparison where nothing can be compared.

    lost : labels of points of which no run ended well.
    """

    prepared: Prepared
    folder: Path | None
    comparison: Comparison | None
    stop: Stop | None
    replications: int
    made: int
    failures: list[Failure]
    lost: list[str]
    interrupted: bool
    wall_s: float


def prepare(options: Options) -> Prepared:
    """Return the comparison asked for; raise InputError with every problem in any of its points."""
    varied = points_of.read_choices(options.varied)
    ahead = points_of.Ahead(options.design().seed, options.dated)
    return prepare_points(points_of.read_points(options.files, varied, options.choices, options.sets, ahead), options)


def prepare_points(points: list[Point], options: Options) -> Prepared:
    """Return the comparison of some points; raise InputError with what is wrong in what else is asked for."""
    from sim.analysis.precision import read_target
    from sim.fingerprint import model_version

    design = options.design()
    if not any(point.study.central for point in points):
        design = replace(design, draws=0)  # nothing is uncertain: every draw would be the same
    targets = tuple(read_target(text) for text in options.precision)
    names = _selected(points, options.outcomes, targets)
    reference = _reference(points, options.reference)
    check_size(design, points_of.needs_of(points, design, options.cores()), points_of.memory_bytes())
    version = model_version()
    asked = [*options.precision, *names, options.reference or ""] if targets else list(options.dated)
    return Prepared(
        points, design, names, reference, targets, version, points_of.identity(points, design, version, asked)
    )


def _reference(points: Sequence[Point], label: str | None) -> int | None:
    from sim.scenario.wording import suggestion

    labels = [point.label for point in points]
    if label is None:
        return None
    if label not in labels:
        raise InputError.single("--reference", "", f"'{label}' is none of the points{suggestion(label, labels)}")
    return labels.index(label)


def _selected(points: Sequence[Point], asked: str | None, targets: Sequence[Target]) -> tuple[str, ...]:
    """Return the names of the outcomes to compare: those asked for, or a few, and those that have a target."""
    shared = _shared(points)
    patterns = [text.strip() for text in asked.split(",")] if asked is not None else []
    chosen = [name for pattern in patterns for name in _matching(pattern, points, shared, "--outcomes")]
    chosen = chosen if asked is not None else usual(points, shared)
    aimed = [name for each in targets for name in _matching(each.outcome, points, shared, "--precision")]
    for target in targets:
        if target.outcome not in shared:
            raise InputError.single("--precision", "", f"'{target.outcome}' must name one outcome, without '*'")
    return tuple(dict.fromkeys([*chosen, *aimed]))


def _shared(points: Sequence[Point]) -> list[str]:
    """Return the names of the outcomes that every point has."""
    had = [{outcome.name for outcome in point.study.outcomes} for point in points]
    return [outcome.name for outcome in points_of.outcomes_of(points) if all(outcome.name in each for each in had)]


def _matching(pattern: str, points: Sequence[Point], shared: Sequence[str], option: str) -> list[str]:
    """Return the shared outcomes that a name or pattern means; raise InputError where there is none."""
    from sim.scenario.wording import suggestion

    found = [name for name in shared if fnmatchcase(name, pattern)]
    if found:
        return found
    lacking = [
        point.label for point in points if not any(fnmatchcase(each.name, pattern) for each in point.study.outcomes)
    ]
    if len(lacking) < len(points):
        raise InputError.single(option, "", f"'{pattern}' is no outcome of {', '.join(lacking)}")
    raise InputError.single(option, "", f"there is no outcome '{pattern}'{suggestion(pattern, shared)}")


def usual(points: Sequence[Point], shared: Sequence[str]) -> list[str]:
    """Return the outcomes compared unless others are asked for: dual success, territory late in the run, losses."""
    labels = points[0].study.labels
    judged = [name for name in shared if fnmatchcase(name, "dual_success*") and not name.endswith(".independent")]
    ground = []
    for theatre in labels.theatres:
        dated = [name for name in shared if name.startswith(f"{theatre}.territory_km2.")]
        ground += dated[-1:] or [name for name in shared if name == f"{theatre}.territory_km2"]
    return [*judged, *ground, *(f"{side}.casualties" for side in labels.sides)]


def carry_out(prepared: Prepared, options: Options) -> Compared:
    """Run the points, compare them and save everything; when interrupted, with what is finished."""
    clock, started = time.perf_counter(), datetime.now(UTC)
    folder = store.claim(options.out, f"{prepared.points[0].file.stem}-compare", prepared.id)
    try:
        needs = points_of.needs_of(prepared.points, prepared.design, options.cores())
        check_disk(needs, store.free_bytes(folder))
        _compile(prepared, options)
        with ThreadPoolExecutor(options.cores()) as executor:
            running = Running(prepared.points, prepared.design, executor, options.cores())
            comparison, stop = _run(running, prepared, options)
        gathered = running.gathered()
        made = sum(gathered.done(point) for point in range(len(prepared.points)))
        kept = folder if made else None
        whole = gathered.whole()
        lost = [each.label for k, each in enumerate(prepared.points) if k not in whole and gathered.done(k)]
        compared = Compared(
            prepared, kept, comparison, stop, running.replications, made, running.failures, lost, False, 0.0
        )
        with uninterrupted() as pressed:
            compared.wall_s = time.perf_counter() - clock
            if kept:
                compared.interrupted = running.interrupted
                _save(kept, compared, gathered, started, options.command or store.command_line())
        compared.interrupted = running.interrupted or pressed()
    finally:
        store.abandon(folder)  # only where it is still empty
    return compared


def _compile(prepared: Prepared, options: Options) -> None:
    """Compile the model where that has not been done, here and not in a thread, so that Ctrl-C ends it."""
    from sim.model.kernel import WARM

    if not WARM:
        if not options.quiet:
            click.echo("compiling the model once, about half a minute ...", err=True)
        prepared.points[0].study.case(0).main.simulate(prepared.design.seed, np.arange(1, dtype=np.uint64))


def _run(running: Running, prepared: Prepared, options: Options) -> tuple[Comparison | None, Stop | None]:
    """Make the runs and compare them: all of them, or as many as a target of precision asks for."""
    from sim.analysis.precision import until_precise

    def evaluate(replications: int) -> Comparison | None:
        total = (replications - running.replications) * (prepared.design.draws + 1) * len(prepared.points)
        with progress("compare", total, options.quiet) as report:
            whole = running.extend(replications, report)
        return compare_points(running.gathered(), prepared) if whole else None

    if not prepared.targets:
        return evaluate(prepared.design.replications) or compare_points(running.gathered(), prepared), None
    found, stop = until_precise(evaluate, prepared.targets, prepared.label, prepared.design.replications)
    return found or compare_points(running.gathered(), prepared), stop


def compare_points(gathered: Gathered, prepared: Prepared) -> Comparison | None:
    """Compare the points that have runs; None where those are too few, or the reference is not among them."""
    from sim.analysis.compare import compare

    whole = gathered.whole()
    if len(whole) < 2 or (prepared.reference is not None and prepared.reference not in whole):
        return None
    reference = None if prepared.reference is None else whole.index(prepared.reference)
    return compare(sheet(prepared, gathered, whole), prepared.names, reference)


def sheet(prepared: Prepared, gathered: Gathered, whole: Sequence[int]) -> Sheet:
    """Return the runs of some points as the analysis reads them."""
    from sim.analysis.compare import Sheet
    from sim.analysis.stats import Crossing
    from sim.experiment.plan import CENSORED

    outcomes: list[Outcome] = points_of.outcomes_of(prepared.points)
    values = {name: column[list(whole)] for name, column in gathered.values.items()}
    reached = _reached(outcomes, values, gathered.status[list(whole)] == 0)
    return Sheet(
        labels=tuple(prepared.points[point].label for point in whole),
        runs=Crossing(gathered.draw, gathered.replication),
        outcomes=tuple(outcomes),
        values={**values, **reached},
        ratios={name: parts for point in prepared.points for name, parts in point.study.ratios.items()},
        censored={**{name.removesuffix(_REACHED): name for name in reached}, **CENSORED},
    )


def _reached(
    outcomes: Sequence[Outcome], values: Mapping[str, NDArray[np.float64]], done: NDArray[np.bool_]
) -> dict[str, NDArray[np.float64]]:
    """Return, of each day that some runs have and others lack (a policy's trigger, talks), which runs reached it."""
    found = {}
    for outcome in outcomes:
        has = np.isfinite(values[outcome.name])
        if outcome.unit == "day" and has.any() and not has[done].all():
            found[f"{outcome.name}{_REACHED}"] = np.where(done, has.astype(np.float64), np.nan)
    return found


def _save(folder: Path, compared: Compared, gathered: Gathered, started: datetime, command: str) -> None:
    from sim.experiment.comparison_file import Told, save

    prepared = compared.prepared
    told = Told(
        id=prepared.id,
        design=replace(prepared.design, replications=max(1, compared.replications)),
        model_version=prepared.model_version,
        outcomes=prepared.names,
        reference=prepared.label,
        stop=stop_record(compared.stop),
        started=started,
        wall_s=compared.wall_s,
        interrupted=compared.interrupted,
        failures=compared.failures,
        command=command,
    )
    save(folder, prepared.points, gathered, told)


def stop_record(stop: Stop | None) -> dict[str, Any] | None:
    """Return where a comparison stopped, for the manifest and for `--json`."""
    if stop is None:
        return None
    targets = [
        {"outcome": each.target.outcome, "wanted": each.wanted, "half_width": _finite(each.widest), "met": each.met}
        for each in stop.reached
    ]
    return {"replications": stop.replications, "looks": stop.looks, "targets": targets}


def _finite(value: float) -> float | None:
    return value if value < float("inf") else None


def reopened(result: Result) -> Comparison | None:
    """Return a kept comparison, made again of its runs; None where too few points have any."""
    from sim.experiment.read_result import damaged

    told = result.manifest
    points = [_kept_point(result, number) for number in range(len(told["points"]))]
    labels, names = [point.label for point in points], tuple(told["outcomes"])
    gone = set(names) - set(_shared(points))
    if gone:
        raise damaged(result.folder, f"this version of the model has no outcome '{min(gone)}'; compare again")
    prepared = Prepared(
        points=points,
        design=Design(result.seed, result.draws, result.replications),
        names=names,
        reference=None if told["reference"] is None else labels.index(told["reference"]),
        targets=(),
        model_version=told["model_version"],
        id=result.id,
    )
    return compare_points(_kept_runs(result, points), prepared)


def _kept_point(result: Result, number: int) -> Point:
    from sim.experiment.dated import is_dated
    from sim.experiment.study import study
    from sim.scenario.load import load

    told = result.manifest["points"][number]
    loaded = load(result.checked(f"point-{number:03}.yaml"))
    dated = tuple(name for name in result.manifest["outcomes"] if is_dated(name))
    return Point(told["label"], Path(told["file"]), loaded, study(loaded, result.seed, dated), told["factors"])


def _kept_runs(result: Result, points: Sequence[Point]) -> Gathered:
    """Return the runs that a result keeps, on the grid of its draws and replications."""
    from sim.experiment.tables import read_parquet

    columns = read_parquet(result.checked("replications.parquet"))
    draws, count = result.draws + 1, result.replications
    row, at = columns["point"], columns["draw"] * count + columns["replication"]
    status = np.full((len(points), draws * count), points_of.NOT_MADE, np.int64)
    status[row, at] = columns["status"]
    values = {outcome.name: np.full(status.shape, np.nan) for outcome in points_of.outcomes_of(points)}
    for name in values.keys() & columns.keys():
        values[name][row, at] = columns[name]
    return Gathered(np.repeat(np.arange(draws), count), np.tile(np.arange(count), draws), status, values)
