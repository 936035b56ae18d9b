"""The command `run`: replications over all cores, saved by default, summed up in a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.scenario import as_json, overrides
from sim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.analysis.stats import Row
    from sim.cli.run_scenario import Finished, Options, Prepared
    from sim.experiment.plan import Plan

WIDE = 200  # columns, where the output is no terminal
_FAILURES_SHOWN = 5
ENGINES = ("compiled", "simpy")
_EXTENDING = (("trace", "trace"), ("policy", "policies"), ("process", "processes"))
_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("files", metavar="SCENARIO...", nargs=-1, type=_PATH)
@click.option("-n", "--replications", type=int, help="Replications of luck for each draw [default: 100].")
@click.option("--draws", type=int, help="Sampled draws of the assumptions beside the central one [default: 30].")
@click.option("--seed", type=int, help="Seed of all randomness [default: 0].")
@click.option("--workers", type=int, help="Blocks run at once [default: all cores]; changes no result.")
@click.option("--executor", metavar="WHERE", default="threads", help="threads (the default), processes or dask.")
@click.option("--scheduler", metavar="ADDRESS", default="", help="Of a Dask cluster, such as tcp://host:8786.")
@click.option("--out", type=_PATH, help="Result folder [default: an unfinished one of this run, or a new one].")
@click.option("--fresh", is_flag=True, help="Start over, where the folder holds a result.")
@click.option(
    "--engine", metavar="ENGINE", help="What drives the model: compiled (the default) or simpy; same numbers."
)
@click.option("--trace", metavar="FILE", type=_PATH, help="Write every event as a line of JSON (with SimPy).")
@click.option(
    "--policy", "policies", metavar="SIDE=FILE.py:FUNCTION", multiple=True, help="Let Python decide for SIDE."
)
@click.option("--process", "processes", metavar="FILE.py:FUNCTION", multiple=True, help="Add a SimPy process.")
@click.option("--from", "origin", metavar="RESULT", type=_PATH, help="Branch from the runs of a result folder ...")
@click.option("--at", metavar="DATE", help="... on this date, with the options and values given here.")
@click.option("--attribution", is_flag=True, help="Also split the change in main gain into its causes.")
@click.option("--all", "every", is_flag=True, help="Show every outcome, not only the headline ones.")
@click.option("--no-figure", is_flag=True, help="Draw no figure.")
@click.option("--quiet", is_flag=True, help="Print the result folders only.")
@as_json
@overrides
def run(no_figure: bool, engine: str | None, **given: Any) -> int:
    """Run SCENARIO many times and keep the results.

    Each draw of the assumptions is run with each replication of luck. Several scenarios give one table side by side,
    on the same draws and the same luck. The same command goes on where it was interrupted.
    """
    from sim.cli.ahead import uncollected

    with uncollected():
        from sim.cli.run_scenario import Options, claim_all, prepare

        extending = [f"--{name}" for name, key in _EXTENDING if given[key]]
        options = Options(figure=not no_figure, engine=_engine(engine, extending), **given)
        prepared = prepare(options)
        folders = claim_all(options, prepared)
    return _report(carry_out_all(prepared, folders, options), options, len(prepared))


def _engine(asked: str | None, extending: list[str]) -> str:
    """Return the engine: SimPy where an option needs it, else the one asked for."""
    if asked is None:
        return "simpy" if extending else "compiled"
    if asked not in ENGINES:
        raise InputError.single("--engine", "", f"'{asked}' does not exist; allowed: {', '.join(ENGINES)}")
    if asked == "compiled" and extending:
        message = f"'compiled' runs without a stop, so {extending[0]} needs --engine simpy (the same numbers, slower)"
        raise InputError.single("--engine", "", message)
    return asked


def compile_first(plan: Plan, quiet: bool) -> None:
    """Compile the model where that has not been done, here and not in a worker, so that Ctrl-C ends it."""
    from sim.experiment.blocks import warm_up
    from sim.model.kernel import WARM

    if not WARM:
        if not quiet:
            click.echo("compiling the model once, about half a minute ...", err=True)
        warm_up(plan)


def carry_out_all(prepared: list[Prepared], folders: list[Path], options: Options) -> list[Finished]:
    """Run each scenario; after an interruption the others are left out."""
    from sim.cli.run_scenario import carry_out
    from sim.experiment.store import abandon

    found: list[Finished] = []
    trace = prepared[0].trace
    try:
        if trace:
            trace.begin()
        compile_first(prepared[0].plan, options.quiet)
        for each, folder in zip(prepared, folders, strict=True):
            if not any(finished.done.interrupted for finished in found):
                found.append(carry_out(each, folder, options))
        if trace:
            trace.join()
    finally:
        if trace:
            trace.discard()
        for folder in folders:
            abandon(folder)  # only those that are still empty go
    return found


def _report(found: list[Finished], options: Options, asked: int) -> int:
    """Print what came of it; return the exit code."""
    saved = [each for each in found if not each.done.interrupted]
    if len(saved) < asked:
        _say_interrupted(found, asked)
        return 130
    if options.as_json:
        _print_json(saved, asked)
    elif options.quiet:
        for each in saved:
            click.echo(each.folder)
    else:
        _print_tables(saved, options)
    return 1 if any([_say_failures(each) for each in saved]) else 0


def _print_json(saved: list[Finished], asked: int) -> None:
    from sim.cli.run_table import as_json

    content = [as_json(each) for each in saved]
    alone = asked == 1 and content
    click.echo(json.dumps(content[0] if alone else {"command": "run", "results": content}, indent=2))


def _print_tables(saved: list[Finished], options: Options) -> None:
    """Print a table of each result, or of several side by side, and where they are kept."""
    from rich.console import Console

    from sim.cli.run_table import SIDE_BY_SIDE, heading, shares_table, side_by_side, spreads, table

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=WIDE)
    columns = _columns(saved)
    for each in saved:
        console.print(heading(each))
        if len(columns) == 1:
            console.print(spreads(each))
            console.print(table(each, options.every))
        if each.shares:
            console.print(shares_table(each.shares))
    if len(columns) > 1:
        console.print(SIDE_BY_SIDE)
        console.print(side_by_side(columns, [each.prepared.study.labels for each in saved], options.every))
    for each in saved:
        click.echo(f"result: {each.folder}  ({each.done.wall_s:.1f} s)")
        for path in each.figures:
            click.echo(f"figure: {path}")
        for option, name, _ in each.prepared.plan.user_code:
            click.echo(f"with: {option} {name}")
        if each.prepared.trace:
            click.echo(f"trace: {each.prepared.trace.path}")


def _columns(saved: list[Finished]) -> Mapping[str, Sequence[Row]]:
    """Return the columns of the table: the results, after the one that they branch from."""
    before = {"as it was": saved[0].before} if saved and saved[0].before else {}
    return {**before, **{_label(each): each.rows for each in saved}}


def _label(finished: Finished) -> str:
    branch = finished.prepared.plan.branch
    return f"{finished.prepared.label} from {branch[1]}" if branch else finished.prepared.label


def _say_failures(finished: Finished) -> bool:
    """Say which runs failed, if any did."""
    done = finished.done
    for row in done.failures[:_FAILURES_SHOWN]:
        click.echo(f"failed: draw {row['draw']}, replication {row['replication']}: {row['reason']}", err=True)
    if done.failed:
        listed = finished.folder / "manifest.json"
        click.echo(f"error: {done.failed:,} of {done.done:,} runs failed; they are listed in {listed}", err=True)
    return bool(done.failed)


def _say_interrupted(found: list[Finished], asked: int) -> None:
    from sim.experiment.store import command_line

    for each in found:
        made, runs = each.done.done, each.prepared.design.runs
        if each.done.interrupted and made:
            click.echo(f"interrupted: {made:,} of {runs:,} runs are kept in {each.folder}", err=True)
        elif each.done.interrupted:
            click.echo("interrupted: no run was finished", err=True)
        elif asked > 1:
            click.echo(f"result: {each.folder}", err=True)
    click.echo(f"to go on from there: {command_line().replace(' --fresh', '')}", err=True)
