"""What the commands of analyses share: their options, the folder that is gone on with, progress, and the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sim.cli.scenario import as_json, overrides
from sim.errors import InputError, RunError

if TYPE_CHECKING:
    from sim.analysis.answer import Answer
    from sim.experiment.inquiry import Asked, Inquiry
    from sim.experiment.plan import Source
    from sim.experiment.workers import Where
    from sim.scenario.load import Loaded

Command = TypeVar("Command", bound=Callable[..., Any])
_PATH = click.Path(path_type=Path)


def inquiry_options(command: Command) -> Command:
    """Add the options that every analysis has: seed, where it runs, where it is kept, how it speaks."""
    for option in (
        click.option("--seed", type=int, default=0, show_default=True, help="Seed of all randomness."),
        click.option(
            "--executor", metavar="WHERE", default="threads", help="threads, processes or dask; the default suits."
        ),
        click.option("--scheduler", metavar="ADDRESS", default="", help="Of a Dask cluster, such as tcp://host:8786."),
        click.option("--workers", type=int, help="Blocks run at once [default: all cores]; changes no result."),
        click.option("--out", type=_PATH, help="Result folder [default: an unfinished one of this, or a new one]."),
        click.option("--fresh", is_flag=True, help="Start over, where the folder holds a result."),
        click.option("--quiet", is_flag=True, help="Print the result folder only."),
    ):
        command = option(command)
    return overrides(as_json(command))


@dataclass(frozen=True)
class Given:
    """The options that every analysis has, as they were given."""

    file: Path
    seed: int
    executor: str
    scheduler: str
    workers: int | None
    out: Path | None
    fresh: bool
    quiet: bool
    as_json: bool
    choices: tuple[str, ...]
    sets: tuple[str, ...]

    @property
    def source(self) -> Source:
        """Return where the scenario comes from."""
        from sim.experiment.plan import Source

        return Source(self.file, self.choices, self.sets)

    def where(self) -> Where:
        """Return where the runs are made; raise InputError for an executor that does not exist."""
        from sim.experiment.workers import Where, available_cores

        workers = available_cores() if self.workers is None else self.workers
        return Where(self.executor, workers, self.scheduler).checked()


def outcomes_of(base: Loaded, seed: int) -> list[str]:
    """Return the names of a scenario's outcomes, for suggestions."""
    from sim.experiment.variant import variant

    return [outcome.name for outcome in variant(base, seed).outcomes()]


def conduct(given: Given, asked: Asked, ask: Callable[[Inquiry], Answer], tables: Callable[[Answer], list[Any]]) -> int:
    """Find the folder, ask, write the answer with its figures, and tell it; return the exit code.

    tables : makes what a terminal shows of an answer, rich tables or texts.
    """
    from sim.experiment import store
    from sim.experiment.inquiry import Inquiry, find

    folder = find(asked, given.out, given.file.stem, given.fresh)
    try:
        _compile(given)
        inquiry = Inquiry(asked, folder, given.where(), _progress(given, asked.kind))
        try:
            answer = ask(inquiry)
        except KeyboardInterrupt:
            inquiry.stop()
            return _say_interrupted(inquiry)
        except InputError:
            inquiry.stop()
            inquiry.take_back()
            raise
        except RunError:
            inquiry.stop()
            raise
        _keep(inquiry, answer)
        _tell(given, inquiry, answer, tables)
        return _say_failed(inquiry)
    finally:
        store.abandon(folder)


def _compile(given: Given) -> None:
    """Compile the model where that has not been done, here and not in a worker, so that Ctrl-C ends it."""
    from sim.experiment.variant import variant
    from sim.model.kernel import WARM

    if not WARM:
        import numpy as np

        if not given.quiet:
            click.echo("compiling the model once, about half a minute ...", err=True)
        made = variant(given.source.load(), given.seed)
        made.case({}, 0).main.simulate(given.seed, np.arange(1, dtype=np.uint64))


def _progress(given: Given, kind: str) -> Callable[[int], Any]:
    from sim.cli.progress import progress

    return lambda total: progress(f"{kind} {given.file.stem}", total, given.quiet)


def _keep(inquiry: Inquiry, answer: Answer) -> None:
    """Write answer, tables and figures into the folder; figures are of what was written, so they can be drawn again."""
    spent = inquiry.evaluate.spent
    inquiry.finish(answer.plain(spent.made, spent.reused), answer.tables)
    from sim.plotting.of_inquiry import figures_in
    from sim.plotting.style import save

    for name, figure in figures_in(inquiry.folder).items():
        save(figure, inquiry.folder, name)
    inquiry.sign()


def _tell(given: Given, inquiry: Inquiry, answer: Answer, tables: Callable[[Answer], list[Any]]) -> None:
    spent = inquiry.evaluate.spent
    if given.as_json:
        content = {"command": answer.kind, **answer.plain(spent.made, spent.reused), "folder": str(inquiry.folder)}
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
    elif given.quiet:
        click.echo(inquiry.folder)
    else:
        _print(inquiry, answer, tables(answer))


def _print(inquiry: Inquiry, answer: Answer, tables: Sequence[Any]) -> None:
    from rich.console import Console

    from sim.cli.run import WIDE

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=WIDE)
    console.print(answer.question, soft_wrap=True)
    console.print(f"\n{answer.answer}\n", soft_wrap=True)
    for each in tables:
        console.print(each, soft_wrap=isinstance(each, str))
    for title, lines in (
        ("what would change it", answer.would_change),
        ("what drives it", answer.drives),
        ("to know", answer.caveats),
        ("spreads, never merged", [f"{name}: {text}" for name, text in answer.spreads.items()]),
    ):
        for line in (f"{title}:", *(f"  - {line}" for line in lines)) if lines else ():
            console.print(line, soft_wrap=True)
    spent = inquiry.evaluate.spent
    click.echo(f"runs: {spent.made:,} made, {spent.reused:,} there before")
    click.echo(f"result: {inquiry.folder}")


def _say_failed(inquiry: Inquiry) -> int:
    failed = inquiry.evaluate.spent.failed
    if failed:
        click.echo(
            f"error: {failed:,} runs failed; the manifests below {inquiry.folder}/runs say which and why", err=True
        )
    return 1 if failed else 0


def _say_interrupted(inquiry: Inquiry) -> int:
    from sim.experiment.store import command_line

    made = inquiry.evaluate.spent.made
    click.echo(f"interrupted: {made:,} runs and what the last sweep finished are kept in {inquiry.folder}", err=True)
    click.echo(f"to go on from there: {command_line().replace(' --fresh', '')}", err=True)
    return 130
