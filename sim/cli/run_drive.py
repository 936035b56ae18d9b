"""What drives the runs of a command when the compiled engine does not: a user's code, and a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sim.errors import InputError
from sim.experiment import store

if TYPE_CHECKING:
    from sim.cli.run_scenario import Options, Prepared
    from sim.experiment.study import Drive
    from sim.scenario.load import Loaded

LARGE = 200e6  # bytes of a trace


def drive_of(options: Options, loaded: list[Loaded]) -> Drive | None:
    """Return how SimPy drives the runs, with the user's code loaded; None for the compiled engine."""
    if options.engine != "simpy":
        return None
    from sim.experiment.study import Drive
    from sim.experiment.trace_file import TraceFile
    from sim.experiment.user_code import check_sides, user_code

    if options.trace and len(loaded) > 1:
        raise InputError.single("--trace", "", f"follows one scenario, not {len(loaded)}")
    code = user_code(options.policies, options.processes)
    if options.attribution and code:
        message = "runs its worlds by the compiled engine, which knows no --policy or --process"
        raise InputError.single("--attribution", "", message)
    for each in loaded:
        check_sides(code, list(each.scenario.sides))
    return Drive(code, TraceFile(options.trace) if options.trace else None)


def trace_size(prepared: Prepared) -> int:
    """Return roughly how many bytes its trace takes."""
    from sim.experiment.trace_file import trace_bytes

    study = prepared.study
    return trace_bytes(prepared.design, study.worlds, study.days, len(study.labels.fronts))


def check_trace_of(prepared: Prepared, options: Options) -> None:
    """Refuse a trace that would be larger than was meant, or than the disk holds; say so when it will be large."""
    if prepared.trace is None:
        return
    from sim.experiment.design import storage
    from sim.experiment.trace_file import check_trace

    size, folder = trace_size(prepared), prepared.trace.path.parent
    free = store.free_bytes(folder) if folder.is_dir() else size * 2
    check_trace(prepared.design, size, free, asked=options.replications is not None)
    if size > LARGE and not options.quiet:
        click.echo(f"the trace of {prepared.design.runs:,} runs will take about {storage(size)}", err=True)
