"""The command `compare`: points on the same draws and the same luck, with paired differences and what may be told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.scenario import as_json, overrides

if TYPE_CHECKING:
    from sim.cli.compare_run import Compared

WIDE = 200  # columns, where the output is no terminal
_FAILURES_SHOWN = 5
_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("files", metavar="SCENARIO...", nargs=-1, type=_PATH)
@click.option(
    "--choices",
    "varied",
    metavar="ACTOR.DECISION=OPTION,OPTION",
    multiple=True,
    help="Compare these options; of several decisions, every combination.",
)
@click.option("--reference", metavar="LABEL", help="Compare each with this one [default: up to five, every pair].")
@click.option("--outcomes", metavar="NAME,NAME", help="What to compare; '*' stands for anything [default: a few].")
@click.option(
    "--precision",
    metavar="OUTCOME=HALF-WIDTH",
    multiple=True,
    help="Add replications until differences are known to this, in the outcome's unit or as '5%'; -n is then the most.",
)
@click.option("-n", "--replications", type=int, help="Replications of luck for each draw [default: 100].")
@click.option("--draws", type=int, help="Sampled draws of the assumptions beside the central one [default: 30].")
@click.option("--seed", type=int, help="Seed of all randomness [default: 0].")
@click.option("--workers", type=int, help="Blocks run at once [default: all cores]; changes no result.")
@click.option("--out", type=_PATH, help="Result folder [default: a new one in results/].")
@click.option("--quiet", is_flag=True, help="Print the result folder only.")
@as_json
@overrides
def compare(**given: Any) -> int:
    """Compare scenarios, or the options of a choice, run by run.

    Each is run on the same draws of the assumptions and the same luck. Intervals of differences hold for everything
    shown together; where one includes zero no direction is told.
    """
    from sim.cli.compare_run import Options, carry_out, prepare

    options = Options(**given)
    compared = carry_out(prepare(options), options)
    return _report(compared, options.as_json, options.quiet)


def _report(compared: Compared, machine_readable: bool, quiet: bool) -> int:
    """Print what came of it; return the exit code."""
    if compared.folder is not None:
        if machine_readable:
            from sim.cli.compare_json import as_json

            click.echo(json.dumps(as_json(compared), indent=2))
        elif quiet:
            click.echo(compared.folder)
        else:
            _print_tables(compared)
    failed = _say_failures(compared)
    if compared.interrupted:
        _say_interrupted(compared)
        return 130
    return 1 if failed else 0


def _print_tables(compared: Compared) -> None:
    from rich.console import Console

    from sim.cli.compare_table import blocks, heading

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=WIDE)
    console.print(heading(compared), soft_wrap=True)
    for block in blocks(compared):
        console.print(block, soft_wrap=isinstance(block, str))
    click.echo(f"result: {compared.folder}  ({compared.wall_s:.1f} s)")


def _say_failures(compared: Compared) -> bool:
    """Say which runs failed, if any did, and which points have no run at all."""
    labels, failures = [point.label for point in compared.prepared.points], compared.failures
    for failure in failures[:_FAILURES_SHOWN]:
        run = f"draw {failure.draw}, replication {failure.replication}"
        click.echo(f"failed: {labels[failure.point]}, {run}: {failure.reason}", err=True)
    if failures:
        listed = f"they are listed in {compared.folder}/manifest.json"
        click.echo(f"error: {len(failures):,} of {compared.made:,} runs failed; {listed}", err=True)
    for label in compared.lost:
        click.echo(f"error: no run of {label} ended well, so it is not compared", err=True)
    if failures and compared.comparison is None:
        click.echo("error: too few points are left to compare", err=True)
    return bool(failures)


def _say_interrupted(compared: Compared) -> None:
    from sim.experiment.store import command_line

    if compared.folder is not None:
        click.echo(f"interrupted: {compared.made:,} runs are kept in {compared.folder}", err=True)
    else:
        click.echo("interrupted: no run was finished", err=True)
    click.echo(f"to make all of them: {command_line()}", err=True)
