"""One scenario from its file to its result folder: prepared before anything runs, then run, summarised and saved."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.cli.ahead import import_ahead
from sim.cli.progress import progress, uninterrupted
from sim.cli.run_drive import check_trace_of, drive_of
from sim.errors import InputError, Problem
from sim.experiment import store
from sim.experiment.design import Design, Needs, check_disk, check_size, needs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.analysis.attribution import Share
    from sim.analysis.stats import Row
    from sim.experiment.branch import Branch
    from sim.experiment.execute import Runs
    from sim.experiment.study import Drive, Study
    from sim.experiment.trace_file import TraceFile
    from sim.scenario.load import Loaded

CENSORED = {"regained_day": "regained"}  # times that a run may not reach, and the outcome that says whether it did
STANDARD = Design()


@dataclass(frozen=True)
class Options:
    """What the command line asked for; None where it did not say."""

    files: tuple[Path, ...]
    replications: int | None = None
    draws: int | None = None
    seed: int | None = None
    workers: int | None = None
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

    def cores(self) -> int:
        """Return how many blocks run at once: one by SimPy, which Python's lock would not let run beside another."""
        if self.engine == "simpy" and (self.workers is None or self.workers > 1):
            return 1
        if self.workers is None:
            return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        if self.workers < 1:
            raise InputError.single("--workers", "", f"{self.workers} is below 1")
        return self.workers


@dataclass(frozen=True)
class Prepared:
    """A scenario that can be run.

    sets : what `--set` gave, here and (of a branched run) in the result that it starts from.
    before : of a branched run, the columns of that result.
    """

    label: str
    file: Path
    loaded: Loaded
    sets: tuple[str, ...]
    origin: store.Origin
    study: Study
    attribution: Study | None = None
    before: Mapping[str, NDArray[Any]] | None = None
    trace: TraceFile | None = None

    @property
    def design(self) -> Design:
        """Return its runs."""
        return self.origin.design

    def needs(self, workers: int) -> Needs:
        """Return a rough estimate of what it takes."""
        worlds = self.study.worlds + (self.attribution.worlds if self.attribution else 0)
        return needs(self.design, worlds, len(self.study.outcomes), workers)


@dataclass
class Finished:
    """What came of a scenario.

    before : rows of the result that it branched from.
    causes, shares : the runs and the result of an attribution.
    interrupted : not all of its runs were made; stopped : they were, but Ctrl-C came while they were saved.
    """

    prepared: Prepared
    folder: Path
    runs: Runs
    rows: list[Row] = field(default_factory=list)
    before: list[Row] = field(default_factory=list)
    causes: Runs | None = None
    shares: list[Share] = field(default_factory=list)
    figures: list[Path] = field(default_factory=list)
    wall_s: float = 0.0
    interrupted: bool = False
    stopped: bool = False


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
        check_size(each.design, each.needs(options.cores()), _memory())
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
    from sim.experiment.attribution import attribution_study
    from sim.experiment.study import branch_study, study
    from sim.fingerprint import model_version

    loaded, drive = case.loaded, case.drive
    started = (branch.id, branch.at.isoformat()) if branch else None
    if branch:
        ready = branch_study(branch.base, loaded, branch.at, design.seed, drive)
    else:
        ready = study(loaded, design.seed, drive)
    if not ready.central:
        design = replace(design, draws=0)  # nothing is uncertain: every draw would be the same
    return Prepared(
        label=case.label,
        file=case.file,
        loaded=loaded,
        sets=(*(branch.sets if branch and not options.files else ()), *options.sets),
        origin=store.Origin(
            loaded.hash, design, model_version(), options.engine, started, drive.code.sources if drive else ()
        ),
        study=ready,
        attribution=attribution_study(loaded, design.seed) if options.attribution else None,
        before=branch.outcomes() if branch else None,
        trace=drive.trace if drive else None,
    )


def _memory() -> int:
    """Return the memory of this machine; without bound where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 2**62


def claim_all(options: Options, prepared: list[Prepared]) -> list[Path]:
    """Return a folder for each scenario, before anything is run; with `--out` and several, one in it for each."""
    folders: list[Path] = []
    try:
        for each in prepared:
            out = options.out / each.label if options.out and len(prepared) > 1 else options.out
            folders.append(store.claim(out, each.label, each.origin.id))
            check_disk(each.needs(options.cores()), store.free_bytes(folders[-1]))
    except InputError:
        for folder in folders:
            store.abandon(folder)
        raise
    return folders


def carry_out(prepared: Prepared, folder: Path, options: Options) -> Finished:
    """Run a scenario, summarise it and save it; when interrupted, with what is finished."""
    clock, started = time.perf_counter(), datetime.now(UTC)
    with ThreadPoolExecutor(options.cores()) as executor:
        executor.submit(import_ahead, options.figure)
        runs = _execute(prepared.label, prepared.study, prepared.design, executor, options)
        finished = Finished(prepared, folder, runs, interrupted=runs.interrupted)
        if prepared.attribution and not runs.interrupted:
            _attribute(finished, prepared.attribution, executor, options)
        if len(runs.draw):
            with uninterrupted() as pressed:
                _summarise(finished)
                _save(finished, executor, options)
                finished.wall_s = time.perf_counter() - clock
                _manifest(finished, started, options.command or store.command_line()).write(folder)
            finished.stopped = pressed()
    return finished


def _summarise(finished: Finished) -> None:
    from sim.analysis.stats import Crossing, summarise

    runs, ratios = finished.runs, finished.prepared.study.ratios
    which = Crossing(runs.draw, runs.replication)
    finished.rows = summarise(runs.columns(), which, runs.outcomes, ratios, CENSORED)
    finished.before = _before(finished.prepared)


def _before(prepared: Prepared) -> list[Row]:
    """Return the rows of the result that a branched run starts from."""
    from sim.analysis.stats import Crossing, summarise

    columns, study = prepared.before, prepared.study
    if columns is None:
        return []
    known = [outcome for outcome in study.outcomes if outcome.name in columns]
    return summarise(columns, Crossing(columns["draw"], columns["replication"]), known, study.ratios, CENSORED)


def _execute(label: str, study: Study, design: Design, executor: Executor, options: Options) -> Runs:
    from sim.experiment.execute import BLOCK, execute

    block = 2 if options.engine == "simpy" else BLOCK  # slower runs: smaller blocks keep progress and Ctrl-C lively
    with progress(label, design.runs, options.quiet) as report:
        return execute(study, design, executor, options.cores(), report, block)


def _attribute(finished: Finished, study: Study, executor: Executor, options: Options) -> None:
    from sim.analysis.attribution import attribution
    from sim.analysis.stats import Crossing
    from sim.experiment.attribution import WITHOUT, WORLDS, gain_name

    runs = _execute(f"{finished.prepared.label} (attribution)", study, finished.prepared.design, executor, options)
    gains = runs.columns()
    by_world: dict[tuple[bool, ...], NDArray[Any]] = {world: gains[gain_name(world)] for world in WORLDS}
    finished.shares = attribution(by_world, gains[WITHOUT], Crossing(runs.draw, runs.replication))
    finished.causes, finished.interrupted = runs, runs.interrupted


def _save(finished: Finished, executor: Executor, options: Options) -> None:
    """Write every file but the manifest; tables in other threads while the figure is drawn."""
    from sim.analysis.bands import bands
    from sim.experiment.tables import once, write_assumptions, write_replications, write_series
    from sim.scenario.load import effective_yaml

    folder, runs, study = finished.folder, finished.runs, finished.prepared.study
    store.clear(folder)
    found = bands(runs.series, runs.draw[runs.kept], executor.map)
    writing = [
        executor.submit(write_replications, folder / "replications.parquet", runs),
        executor.submit(write_series, folder / "series.parquet", study.start, runs.series_list, found),
        executor.submit(write_assumptions, folder / "assumptions.parquet", study, int(runs.draw[-1])),
    ]
    if finished.causes:
        writing.append(executor.submit(write_replications, folder / "attribution.parquet", finished.causes))
    store.write_text(folder / "scenario.yaml", effective_yaml(finished.prepared.loaded))
    if options.figure and not runs.status.all():
        by_name = {runs.series_list[k].name: {name: found[name][k] for name in found} for k in once(runs.series_list)}
        finished.figures = _draw(finished, by_name)
    for each in writing:
        each.result()


def _draw(finished: Finished, series: Mapping[str, Mapping[str, NDArray[Any]]]) -> list[Path]:
    from sim.experiment.events import events_of
    from sim.plotting.fan import Story, Theatre, fan
    from sim.plotting.style import save

    prepared, scenario = finished.prepared, finished.prepared.loaded.scenario
    theatres = tuple(Theatre(name, each.title, each.positive) for name, each in scenario.theatres.items())
    story = Story(
        title=subtitle(prepared.loaded),
        start=scenario.start,
        end=scenario.end,
        theatres=theatres,
        sides=tuple(scenario.sides),
        events=tuple(events_of(scenario)),
        footer=_footer(finished),
    )
    return save(fan(series, story), finished.folder, "fan")


def subtitle(loaded: Loaded) -> str:
    """Return the scenario's title with the options taken, but for those known to be its defaults."""
    other = [f"{path} = {option}" for path, option in loaded.choices.items() if option != _default(loaded, path)]
    return f"{loaded.scenario.title} ({', '.join(other)})" if other else str(loaded.scenario.title)


def _default(loaded: Loaded, path: str) -> str | None:
    """Return the default of a decision; None where it is not offered any more, as in a saved scenario."""
    actor, _, decision = path.partition(".")
    offered = loaded.scenario.choices.get(actor, {}).get(decision)
    return offered.default if offered else None


def _footer(finished: Finished) -> str:
    origin, design = finished.prepared.origin, finished.prepared.design
    branch = f", branched from {origin.branch[0]} on {origin.branch[1]}" if origin.branch else ""
    code = "".join(f", with {name}" for _, name, _ in origin.user_code)
    partial = f", interrupted after {len(finished.runs.draw):,} runs" if finished.runs.interrupted else ""
    luck = f"{design.replications:,} replications"
    runs = f"{design.draws + 1:,} draws × {luck}" if design.draws else f"{luck} at central assumptions"
    return (
        f"twofront result {origin.id}{branch}{code}{partial}: {runs}, seed {design.seed}, model {origin.model_version}"
    )


def _manifest(finished: Finished, started: datetime, command: str) -> store.Manifest:
    from sim.experiment.events import events_of

    prepared, runs = finished.prepared, finished.runs
    loaded = prepared.loaded
    return store.Manifest(
        origin=prepared.origin,
        command=command,
        scenario={
            "title": loaded.scenario.title,
            "file": str(prepared.file),
            "choices": loaded.choices,
            "sets": list(prepared.sets),
            "source_files": {str(path): store.file_hash(path) for path in loaded.source_files},
        },
        started=started,
        events=[(event.label, str(event.start), str(event.end)) for event in events_of(loaded.scenario)],
        series_kept=len(runs.kept),
        runs_done=len(runs.draw),
        wall_s=finished.wall_s,
        interrupted=finished.interrupted,
        failures=tuple(runs.failures),
    )
