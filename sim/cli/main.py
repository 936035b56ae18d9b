"""The command `twofront`: finds the command asked for, imports only that one, and turns errors into exit codes."""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from sim import __version__
from sim.errors import SimError

WRONG_INPUT, INTERRUPTED = 2, 130


class Entry(NamedTuple):
    """Where a command lives, and what `--help` says of it."""

    target: str
    help: str


COMMANDS: dict[str, Entry] = {
    "run": Entry("sim.cli.run:run", "Run a scenario many times and keep the results."),
    "compare": Entry("sim.cli.compare:compare", "Compare scenarios or choices on the same draws and luck."),
    "sweep": Entry("sim.cli.sweep:sweep", "Run a design over a scenario; it can be resumed and extended."),
    "rerun": Entry("sim.cli.rerun:rerun", "Repeat one run of a result and compare it to the last bit."),
    "results": Entry("sim.cli.results:results", "List the results in a folder, finished or not."),
    "plot": Entry("sim.cli.plot:plot", "Draw figures of results."),
    "report": Entry("sim.cli.report:report", "Write a briefing on results: page, paper and slides."),
    "dilemma": Entry("sim.cli.dilemma:dilemma", "Ask whether a side can reach both aims, or must give one up."),
    "threshold": Entry("sim.cli.threshold:threshold", "Find where along a number or a date a condition holds."),
    "game": Entry("sim.cli.game:game", "Play the choices of actors as a game in which one moves first."),
    "sensitivity": Entry(
        "sim.cli.sensitivity:sensitivity", "Say which assumptions outcomes hang on, and how much is luck."
    ),
    "discover": Entry("sim.cli.discover:discover", "Find when a plan fails, what is regretted, what to know first."),
    "calibrate": Entry("sim.cli.calibrate:calibrate", "Fit a scenario's distributions to figures of the past."),
    "backtest": Entry("sim.cli.backtest:backtest", "Forecast from a date in the past, and score what came after."),
    "verify": Entry("sim.cli.verify:verify", "Check that the model is right, or make a result again."),
    "show": Entry("sim.cli.scenario:show", "Print the effective scenario with the origin of each value."),
    "diff": Entry("sim.cli.scenario:diff", "Print where two scenarios differ."),
    "validate": Entry("sim.cli.scenario:validate", "Check scenario files and each option that they offer."),
    "schema": Entry("sim.cli.scenario:schema", "Print the JSON Schema of scenario files, for editors."),
    "new": Entry("sim.cli.scenario:new", "Write a commented starter scenario."),
}


class LazyGroup(click.Group):
    """A group that imports a command when it is invoked, not when it is listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].target.partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments name, or say which command may have been meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"no command '{args[0]}'{_suggestion(args[0])}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


def _suggestion(name: str) -> str:
    from sim.scenario.wording import suggestion

    return suggestion(name, COMMANDS)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
def twofront() -> None:
    """Simulate when a second front forces the other side into a dilemma, and when it does not."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 a run failed, 2 the input is wrong, 130 interrupted."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's name may hold bytes that are no text
    sys.exit(_exit_code(arguments))


def _exit_code(arguments: Sequence[str] | None) -> int:
    try:
        result: Any = twofront.main(arguments, prog_name="twofront", standalone_mode=False)
    except SimError as error:
        return _report(error)
    except click.ClickException as error:
        error.show()
        return WRONG_INPUT
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        return _closed_pipe()
    return result if isinstance(result, int) else 0


def _report(error: SimError) -> int:
    for line in str(error).splitlines() or [type(error).__name__]:
        click.echo(f"error: {line}", err=True)
    return error.exit_code


def _closed_pipe() -> int:
    """Keep quiet when the reader of our output went away (`twofront show x.yaml | head`)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    main()
