"""The command `results`: what was run, what of it is done, and where it is."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.cli.scenario import as_json

if TYPE_CHECKING:
    from sim.experiment.catalogue import Entry


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("results"))
@as_json
def results(folder: Path, as_json: bool) -> None:
    """List the results in FOLDER (results/ if not given), the latest first."""
    from sim.experiment.catalogue import entries

    found = entries(folder)
    if as_json:
        content = [{**asdict(entry), "folder": str(entry.folder)} for entry in found]
        click.echo(json.dumps({"command": "results", "results": content}, indent=2))
    elif found:
        for entry in found:
            _show(entry)
    else:
        click.echo(f"{folder} holds no results")


def _show(entry: Entry) -> None:
    """Print two lines on a result, or what is wrong with its folder."""
    from sim.experiment.design import storage

    if not entry.id:
        click.echo(f"{entry.folder}  damaged: {entry.problem}  ({storage(entry.size)})")
        return
    state = "interrupted" if entry.interrupted else "done"
    done = f"{entry.done:,} of {entry.asked:,} runs" if entry.interrupted else f"{entry.done:,} runs"
    failed = f", {entry.failed:,} failed" if entry.failed else ""
    damaged = f", damaged: {entry.problem}" if entry.problem else ""
    about = f"{entry.kind} {entry.id}, {state}, {done}{failed}{damaged}, {storage(entry.size)}"
    click.echo(f"{entry.folder}  {entry.title}\n    {about}, {entry.when[:16].replace('T', ' ')}\n    {entry.command}")
