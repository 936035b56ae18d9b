"""One scenario from its file to its result folder: prepared before anything runs, then run, summarised and saved."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.cli.ahead import import_ahead
from sim.cli.progress import progress
from sim.cli.run_drive import check_trace_of, drive_of
from sim.cli.run_result import files, save, summarise
from sim.errors import InputError, Problem, RunError
from sim.experiment import store
from sim.experiment.design import Design, Needs, check_disk, check_size, needs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.analysis.attribution import Share
    from sim.analysis.stats import Row
    from sim.experiment.attribution import AttributionWorlds
    from sim.experiment.branch import Branch
    from sim.experiment.plan import Plan
    from sim.experiment.study import Drive, Study
    from sim.experiment.sweep_run import Done
    from sim.experiment.trace_file import TraceFile
    from sim.experiment.workers import Where
    from sim.scenario.load import Loaded

STANDARD = Design()
_OWN = ("--trace", "--policy", "--process")


@dataclass(frozen=True)
class Options:
    """What the command line asked for; None where it did not say."""

    files: tuple[Path, ...]
    replications: int | None = None
    draws: int | None = None
    seed: int | None = None
    workers: int | None = None
    executor: str = "threads"
    scheduler: str = ""
    fresh: bool = False
    sets: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    out: Path | None = None
    engine: str = "compiled"
    as_json: bool = False
    quiet: bool = False
    every: bool = False
    origin: Path | None = None
    at: str | None = None
    attribution: bool = False
    figure: bool = True
    trace: Path | None = None
    policies: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()
    command: str = ""  # that stands for what was asked for, where that was not the command line

    def design(self, standard: Design = STANDARD) -> Design:
        """Return the runs asked for."""
        given = (self.seed, self.draws, self.replications)
        usual = (standard.seed, standard.draws, standard.replications)
        return Design(*(u if g is None else g for g, u in zip(given, usual, strict=True)))

    def where(self) -> Where:
        """Return where the runs are made: by SimPy one at a time in threads, which Python's lock would keep apart."""
        from sim.experiment.workers import THREADS, Where, available_cores

        workers = available_cores() if self.workers is None else self.workers
        where = Where(self.executor, workers, self.scheduler).checked()
        if self.engine != "simpy":
            return where
        own = [name for name, given in zip(_OWN, (self.trace, self.policies, self.processes), strict=True) if given]
        if own and where.executor != THREADS:
            message = f"'{where.executor}' cannot be used with {own[0]}, which works in this process; leave it out"
            raise InputError.single("--executor", "", message)
        return where._replace(workers=1) if where.executor == THREADS else where


@dataclass(frozen=True)
class Prepared:
    """A scenario that can be run.

    before : of a branched run, the columns of the result that it starts from.
    """

    label: str
    plan: Plan
    study: Study
    attribution: AttributionWorlds | None = None
    before: Mapping[str, NDArray[Any]] | None = None
    drive: Drive | None = None

    @property
    def design(self) -> Design:
        """Return its runs."""
        return self.plan.design

    @property
    def loaded(self) -> Loaded:
        """Return its scenario."""
        return self.plan.base

    @property
    def file(self) -> Path:
        """Return the file that it is from."""
        return self.plan.source.file

    @property
    def trace(self) -> TraceFile | None:
        """Return the file that its events are written to."""
        return self.drive.trace if self.drive else None

    def needs(self, workers: int) -> Needs:
        """Return a rough estimate of what it takes."""
        worlds = self.study.worlds + (self.attribution.worlds() if self.attribution else 0)
        rough = needs(self.design, worlds, len(self.study.outcomes), workers)
        return rough._replace(memory_bytes=0, disk_bytes=self.plan.disk_bytes)


@dataclass
class Finished:
    """What came of a scenario.

    before : rows of the result that it branched from; shares : the result of an attribution.
    """

    prepared: Prepared
    folder: Path
    done: Done
    rows: list[Row] = field(default_factory=list)
    before: list[Row] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)
    figures: list[Path] = field(default_factory=list)


def prepare(options: Options) -> list[Prepared]:
    """Return the scenarios asked for, ready to run; raise InputError with every problem in any of them."""
    branch = _branch(options)
    design = options.design(branch.design if branch else STANDARD)
    if branch and design.seed != branch.design.seed:
        raise InputError.single("--seed", "", "a branched run goes on with the seed of the result that it starts from")
    files = options.files or ((branch.file,) if branch else ())
    if not files:
        raise InputError.single("", "", "name at least one scenario file")
    loaded = _load_all(options, files, branch)
    labels, drive = _labels(files), drive_of(options, loaded)
    cases = [_Case(*each, drive) for each in zip(labels, files, loaded, strict=True)]
    found = [_prepare(options, case, design, branch) for case in cases]
    for each in found:
        check_size(each.design, each.needs(options.where().workers), 0)
        check_trace_of(each, options)
    return found


class _Case(NamedTuple):
    """A scenario to prepare, and what drives its runs if the compiled engine does not."""

    label: str
    file: Path
    loaded: Loaded
    drive: Drive | None


def _branch(options: Options) -> Branch | None:
    if options.origin is None and options.at is None:
        return None
    if options.origin is None or options.at is None:
        raise InputError.single("--from", "", "a branched run needs both --from RESULT and --at DATE")
    if options.attribution:
        raise InputError.single("--attribution", "", "is of whole runs, not of a branch")
    from sim.experiment.branch import read_branch

    branch = read_branch(options.origin, options.at)
    if store.read_manifest(options.origin).get("user_code"):
        message = f"{options.origin}: was run with a user's code, which a branch cannot repeat"
        raise InputError.single("--from", "", message)
    return branch


def _load_all(options: Options, files: tuple[Path, ...], branch: Branch | None) -> list[Loaded]:
    from sim.scenario.load import load

    if branch and not options.files:
        return [branch.changed(options.choices, options.sets)]
    loaded: list[Loaded] = []
    problems: list[Problem] = []
    for file in files:
        try:
            loaded.append(load(file, options.choices, options.sets))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return loaded


def _labels(files: tuple[Path, ...]) -> list[str]:
    """Return the names of files without their endings, numbered where they would be the same."""
    labels: list[str] = []
    for file in files:
        count = sum(Path(label).stem == file.stem for label in labels)
        labels.append(f"{file.stem}.{count + 1}" if count else file.stem)
    return labels


def _prepare(options: Options, case: _Case, design: Design, branch: Branch | None) -> Prepared:
    from sim.experiment.attribution import attribution_worlds
    from sim.experiment.plan import Source
    from sim.experiment.run_plan import Made, run_plan
    from sim.experiment.study import study_of
    from sim.experiment.variant import branched, variant

    loaded, drive = case.loaded, case.drive
    started = (branch.id, branch.at.isoformat()) if branch else None
    own = branched(branch.base, loaded, branch.at, design.seed) if branch else variant(loaded, design.seed)
    sets = (*(branch.sets if branch and not options.files else ()), *options.sets)
    made = Made(options.engine, drive.code.sources if drive else (), started)
    return Prepared(
        label=case.label,
        plan=run_plan(own, Source(case.file, options.choices, sets), design, made),
        study=study_of(own),
        attribution=attribution_worlds(loaded, design.seed) if options.attribution else None,
        before=branch.outcomes() if branch else None,
        drive=drive,
    )


def claim_all(options: Options, prepared: list[Prepared]) -> list[Path]:
    """Return a folder for each scenario, before anything is run; with `--out` and several, one in it for each."""
    from sim.experiment.sweep_run import find_folder

    folders: list[Path] = []
    try:
        for each in prepared:
            out = options.out / each.label if options.out and len(prepared) > 1 else options.out
            fresh = (
                options.fresh
                or each.trace is not None
                or each.plan.id in [other.plan.id for other in prepared if other is not each]
            )
            folders.append(find_folder(each.plan, out, each.label, fresh))
            check_disk(each.needs(options.where().workers), store.free_bytes(folders[-1]))
    except InputError:
        for folder in folders:
            store.abandon(folder)
        raise
    return folders


def carry_out(prepared: Prepared, folder: Path, options: Options) -> Finished:
    """Run what a folder does not hold of a scenario, save it and sum it up."""
    from sim.experiment.sweep_run import How
    from sim.experiment.sweep_run import carry_out as make

    finished = Finished(prepared, folder, None)  # type: ignore[arg-type]
    how = How(
        where=options.where(),
        progress=partial(progress, prepared.label, quiet=options.quiet),
        block=2 if options.engine == "simpy" else None,  # slower runs: smaller blocks keep progress and Ctrl-C lively
        files=files(prepared, options),
        drive=prepared.drive,
        fresh=options.fresh,
        again=prepared.trace is not None,
        command=options.command or store.command_line(),
    )
    with ThreadPoolExecutor(1) as ahead:
        ahead.submit(import_ahead, options.figure)
        try:
            finished.done = make(prepared.plan, folder, replace(how, daily=partial(save, finished, how, options)))
        except RunError as error:  # such as a disk that is full
            message = f"{error}; what is done is kept in {folder}, and the same command goes on from there"
            raise RunError(message) from error
    if not finished.done.interrupted:
        summarise(finished)
    return finished
