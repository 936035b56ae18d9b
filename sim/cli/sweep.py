"""The command `sweep`: a design over a scenario, run in parts that are kept, resumed and extended."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.scenario import as_json, overrides
from sim.errors import InputError, RunError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sim.experiment.factors import Given
    from sim.experiment.plan import Plan
    from sim.experiment.sweep_run import Done
    from sim.experiment.workers import Where
    from sim.scenario.sweep_file import SweepFile

SEED, DRAWS, REPLICATIONS = 0, 10, 20
_FAILURES_SHOWN = 5
_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("file", metavar="FILE", type=_PATH)
@click.option("--vary", "vary", multiple=True, metavar="PATH=VALUES", help="LO:HI:STEP, LO:HI, a,b,c; or PATH alone.")
@click.option("--design", metavar="DESIGN", help="grid (the default), lhs, sobol or list.")
@click.option("--points", type=int, help="Points of a design by lhs or sobol.")
@click.option("-n", "--replications", type=int, help=f"Replications of luck for each draw [default: {REPLICATIONS}].")
@click.option("--draws", type=int, help=f"Sampled draws of the assumptions beside the central one [default: {DRAWS}].")
@click.option("--seed", type=int, help=f"Seed of all randomness [default: {SEED}].")
@click.option("--outcomes", metavar="A,B", help="Outcomes that are kept [default: all].")
@click.option("--dry-run", is_flag=True, help="Print the design and what it takes; run nothing.")
@click.option("--executor", metavar="WHERE", default="threads", help="threads (the default), processes or dask.")
@click.option("--scheduler", metavar="ADDRESS", default="", help="Of a Dask cluster, such as tcp://host:8786.")
@click.option("--workers", type=int, help="Blocks run at once [default: all cores]; changes no result.")
@click.option("--out", type=_PATH, help="Result folder [default: an unfinished one of this sweep, or a new one].")
@click.option("--fresh", is_flag=True, help="Start over, where the folder holds a result.")
@click.option("--retry-failed", is_flag=True, help="Run again what failed before.")
@click.option("--quiet", is_flag=True, help="Print the result folder only.")
@as_json
@overrides
def sweep(file: Path, **given: Any) -> int:
    """Run a design: FILE is a sweep (scenarios/sweeps/*.yaml), or a scenario with what varies given by --vary.

    The same command goes on where it was interrupted. With --out and a result of the same sweep, more points, draws
    or replications add only the runs that are missing.
    """
    asked = Asked(file=file, **given)
    where, plan = where_of(asked), plan_of(asked)
    if asked.dry_run:
        return _dry_run(plan, asked, where)
    return _report(carry_out_plan(plan, asked, where), asked)


@dataclass(frozen=True)
class Asked:
    """What the command line asked for; None where it did not say."""

    file: Path
    vary: tuple[str, ...] = ()
    design: str | None = None
    points: int | None = None
    replications: int | None = None
    draws: int | None = None
    seed: int | None = None
    outcomes: str | None = None
    dry_run: bool = False
    executor: str = "threads"
    scheduler: str = ""
    workers: int | None = None
    out: Path | None = None
    fresh: bool = False
    retry_failed: bool = False
    quiet: bool = False
    as_json: bool = False
    sets: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    command: str = ""  # that stands for what was asked for, where that was not the command line


def where_of(asked: Asked) -> Where:
    """Return where the runs are made; raise InputError for an executor that does not exist."""
    from sim.experiment.workers import Where, available_cores

    workers = available_cores() if asked.workers is None else asked.workers
    return Where(asked.executor, workers, asked.scheduler).checked()


def plan_of(asked: Asked) -> Plan:
    """Return the plan of what is asked for; raise InputError with what is wrong in it."""
    from sim.experiment.design import Design
    from sim.experiment.factors import factors_of, parse_vary
    from sim.experiment.plan import Source, make_plan
    from sim.experiment.points import Layout, design_points
    from sim.scenario.sweep_file import read_sweep

    file = read_sweep(asked.file)
    asked = _with_file(asked, file) if file else asked
    source = Source(file.scenario if file else asked.file, asked.choices, asked.sets)
    base = source.load()
    factors = factors_of(base, _merged(file, parse_vary(asked.vary)))
    _refuse_fixed(asked, [factor.name for factor in factors])
    given = (asked.seed, SEED), (asked.draws, DRAWS), (asked.replications, REPLICATIONS)
    design = Design(*(usual if value is None else value for value, usual in given))
    layout = Layout(asked.design or "grid", asked.points, design.seed)
    outcomes = [name.strip() for name in (asked.outcomes or "").split(",") if name.strip()]
    return make_plan(source, base, design_points(factors, layout), layout, design, outcomes)


def _with_file(asked: Asked, file: SweepFile) -> Asked:
    """Return what is asked for, with the file's word where the command line does not say."""
    made = file.sweep
    plain = ("design", "points", "replications", "draws", "seed")
    said = {name: getattr(made, name) for name in plain if getattr(asked, name) is None}
    if asked.design is not None and asked.design != made.design:
        said.pop("points", None)  # the file's points belong to its design
    return replace(
        asked,
        **said,
        outcomes=asked.outcomes if asked.outcomes is not None else ",".join(made.outcomes),
        sets=(*(f"{path}={_written(value)}" for path, value in made.set.items()), *asked.sets),
        choices=(*_left(made.choose, asked.choices), *asked.choices),
    )


def _left(choose: dict[str, str], choices: tuple[str, ...]) -> Iterable[str]:
    """Yield the file's choices but for the decisions that the command line takes."""
    taken = {text.partition("=")[0].strip() for text in choices}
    return (f"{decision}={option}" for decision, option in choose.items() if decision not in taken)


def _written(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _merged(file: SweepFile | None, given: list[tuple[str, Given, str]]) -> list[tuple[str, Given, str]]:
    """Return the factors of the file, those that the command line names replaced, and those that it adds."""
    if file is None:
        return given
    named = {name for name, _, _ in given}
    kept = [(name, values, file.where(name)) for name, values in file.sweep.vary.items() if name not in named]
    return [*kept, *given]


def _refuse_fixed(asked: Asked, names: list[str]) -> None:
    for option, texts in (("--set", asked.sets), ("--choice", asked.choices)):
        for text in texts:
            name = text.partition("=")[0].strip()
            if name in names:
                raise InputError.single("--vary", name, f"is given twice, here and by {option}; leave one out")


def _dry_run(plan: Plan, asked: Asked, where: Where) -> int:
    from sim.cli.run import compile_first
    from sim.cli.sweep_table import design_json, design_text
    from sim.experiment.blocks import pilot

    compile_first(plan, asked.quiet)
    seconds = pilot(plan).seconds_a_run(plan.design.replications)
    if asked.as_json:
        click.echo(json.dumps(design_json(plan, seconds, where.workers), indent=2))
    else:
        click.echo(design_text(plan, seconds, where.workers))
    return 0


def carry_out_plan(plan: Plan, asked: Asked, where: Where) -> Done:
    """Run what a result folder does not hold of a plan; return what came of it."""
    from contextlib import AbstractContextManager

    from sim.analysis.point_summary import summarise_points
    from sim.cli.progress import Report, progress
    from sim.cli.run import compile_first
    from sim.experiment import store
    from sim.experiment.plan import check_disk
    from sim.experiment.sweep_run import How, carry_out, find_folder

    def tell(total: int) -> AbstractContextManager[Report | None]:
        return progress(asked.file.stem, total, asked.quiet)

    folder = find_folder(plan, asked.out, asked.file.stem, asked.fresh)
    try:
        check_disk(plan, store.free_bytes(folder))
        compile_first(plan, asked.quiet)
        _say_notes(plan, asked)
        how = How(
            where=where,
            summarise=summarise_points,
            progress=tell,
            retry_failed=asked.retry_failed,
            fresh=asked.fresh,
            command=asked.command or store.command_line(),
        )
        return carry_out(plan, folder, how)
    except RunError as error:  # such as a disk that is full
        raise RunError(f"{error}; what is done is kept in {folder}, and the same command goes on from there") from error
    finally:
        store.abandon(folder)


def _say_notes(plan: Plan, asked: Asked) -> None:
    for note in () if asked.quiet else plan.points.notes:
        click.echo(f"note: {note}", err=True)


def _report(done: Done, asked: Asked) -> int:
    """Print what came of it; return the exit code."""
    if done.interrupted:
        return _say_interrupted(done)
    if asked.quiet:
        click.echo(done.folder)
    elif asked.as_json:
        from sim.cli.sweep_table import as_json

        click.echo(json.dumps(as_json(done), indent=2))
    else:
        _print_tables(done)
    return _say_failures(done)


def _print_tables(done: Done) -> None:
    from rich.console import Console

    from sim.cli.run import WIDE
    from sim.cli.sweep_table import heading, legend, table

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=WIDE)
    console.print(heading(done))
    console.print(table(done))
    console.print(legend(done))
    click.echo(f"result: {done.folder}  ({done.wall_s:.1f} s)")


def _say_failures(done: Done) -> int:
    for row in done.failures[:_FAILURES_SHOWN]:
        run = f"point {row['point']}, draw {row['draw']}, replication {row['replication']}"
        click.echo(f"failed: {run}: {row['reason']}", err=True)
    if done.failed:
        listed = done.folder / "manifest.json"
        message = f"{done.failed:,} of {done.done:,} runs failed; they are listed in {listed}"
        click.echo(f"error: {message}; --retry-failed with --out {done.folder} runs them again", err=True)
    return 1 if done.failed else 0


def _say_interrupted(done: Done) -> int:
    from sim.experiment.store import command_line

    click.echo(f"interrupted: {done.done:,} of {done.plan.runs:,} runs are kept in {done.folder}", err=True)
    command = command_line().replace(" --fresh", "")
    click.echo(f"to go on from there: {command}", err=True)
    return 130
