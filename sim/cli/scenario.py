"""Commands about scenario files: show, diff, validate, schema, new."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.scenario.load import Loaded

Command = TypeVar("Command", bound=Callable[..., Any])

as_json = click.option("--json", "as_json", is_flag=True, help="Write a machine-readable result.")


def overrides(command: Command) -> Command:
    """Add the options that change a scenario before it is used."""
    sets = click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help="Set a value; may be repeated.")
    choices = click.option(
        "--choice", "choices", multiple=True, metavar="ACTOR.DECISION=OPTION", help="Take an option; may be repeated."
    )
    return choices(sets(command))


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yaml", "as_yaml", is_flag=True, help="Write the effective scenario as one file that loads again.")
@as_json
@overrides
def show(file: Path, as_yaml: bool, as_json: bool, choices: tuple[str, ...], sets: tuple[str, ...]) -> None:
    """Print the effective scenario FILE with the origin of each value."""
    from sim.scenario.compare import show_rows
    from sim.scenario.load import effective_yaml, load

    loaded = load(file, choices, sets)
    if as_yaml:
        click.echo(effective_yaml(loaded), nl=False)
    elif as_json:
        _write_json({**_summary(file, loaded), "values": [asdict(row) for row in show_rows(loaded)]})
    else:
        rows = [(row.path, row.value, row.origin, row.source) for row in show_rows(loaded)]
        _write_table(("path", "value", "origin", "source"), rows)


@click.command()
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path), required=False)
@as_json
@overrides
def diff(first: Path, second: Path | None, as_json: bool, choices: tuple[str, ...], sets: tuple[str, ...]) -> None:
    """Print where the scenario FIRST differs from SECOND.

    Choices and values set apply to SECOND. Without SECOND, FIRST is compared with itself under them.
    """
    from sim.scenario.compare import diff_rows
    from sim.scenario.load import load

    a, b = load(first), load(second or first, choices, sets)
    rows = diff_rows(a, b)
    if as_json:
        _write_json({"a": a.hash, "b": b.hash, "differences": [asdict(row) for row in rows]})
    elif rows:
        _write_table(("path", "a", "b"), [(row.path, row.a or "-", row.b or "-") for row in rows])
    else:
        click.echo("no difference")


@click.command()
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@as_json
@overrides
def validate(files: tuple[Path, ...], as_json: bool, choices: tuple[str, ...], sets: tuple[str, ...]) -> None:
    """Check scenario FILES, and each option that they offer; report every problem at once."""
    checked = [(file, *_checked(file, choices, sets)) for file in files]
    problems = [problem for _, _, found in checked for problem in found]
    if as_json:
        _write_json({"valid": not problems, "files": [_verdict(*result) for result in checked]})
    else:
        for file, loaded, _ in checked:
            if loaded is not None:
                click.echo(f"{file}: ok ({loaded.hash})")
    if problems:
        raise InputError(problems)


def _checked(file: Path, choices: tuple[str, ...], sets: tuple[str, ...]) -> tuple[Loaded | None, tuple[Problem, ...]]:
    from sim.scenario.load import check

    try:
        return check(file, choices, sets), ()
    except InputError as error:
        return None, error.problems


def _verdict(file: Path, loaded: Loaded | None, problems: tuple[Problem, ...]) -> dict[str, Any]:
    found = {"valid": loaded is not None, "problems": [asdict(problem) for problem in problems]}
    return {**(_summary(file, loaded) if loaded else {"file": str(file)}), **found}


def _summary(file: Path, loaded: Loaded) -> dict[str, Any]:
    return {"file": str(file), "hash": loaded.hash, "choices": loaded.choices}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Accepted for uniformity: the schema is JSON in any case.")
def schema(as_json: bool) -> None:
    """Print the JSON Schema of scenario files, with which editors complete and check."""
    from sim.scenario.load import schema_json

    _write_json(schema_json())


@click.command()
@click.argument("name", type=click.Path(path_type=Path), default=Path("scenario.yaml"))
@click.option("--force", is_flag=True, help="Overwrite a file of that name.")
@as_json
def new(name: Path, force: bool, as_json: bool) -> None:
    """Write a commented starter scenario to NAME (scenario.yaml if not given)."""
    from sim.scenario.starter import write_starter

    target = write_starter(name, force)
    if as_json:
        _write_json({"file": str(target)})
    else:
        click.echo(f"wrote {target}; next: twofront validate {target}")


def _write_json(content: dict[str, Any]) -> None:
    click.echo(json.dumps(content, indent=2))


def _write_table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Write columns as wide as their content; the last is not padded."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join(padded).rstrip())
