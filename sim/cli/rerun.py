"""The command `rerun`: one run of a result, repeated alone."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.scenario import as_json

if TYPE_CHECKING:
    from sim.experiment.rerun import Repeated

_PATH = click.Path(path_type=Path)
_SHOWN = 10


@click.command()
@click.argument("result", type=_PATH)
@click.option("--point", type=int, default=0, show_default=True, help="Point of the design.")
@click.option("--draw", type=int, default=0, show_default=True, help="Draw of the assumptions; 0 has central values.")
@click.option("--replication", type=int, default=0, show_default=True, help="Replication of luck.")
@click.option("--trace", metavar="FILE", type=_PATH, help="Write every event as a line of JSON (with SimPy).")
@as_json
def rerun(result: Path, point: int, draw: int, replication: int, trace: Path | None, as_json: bool) -> int:
    """Repeat one run of the result folder RESULT alone, and say whether each outcome is as stored, to the last bit."""
    from sim.experiment.rerun import Which
    from sim.experiment.rerun import rerun as repeat

    found = repeat(result, Which(point, draw, replication), trace)
    if as_json:
        run = {"point": point, "draw": draw, "replication": replication}
        click.echo(json.dumps({"command": "rerun", "result": str(result), **run, **_content(found)}, indent=2))
    else:
        _show(found, f"point {point}, draw {draw}, replication {replication}", trace)
    return 1 if found.differences else 0


def _content(found: Repeated) -> dict[str, Any]:
    return {
        "same": not found.differences,
        "failure": found.failure or None,
        "outcomes": {name: value if math.isfinite(value) else None for name, value in found.outcomes.items()},
        "differences": [difference._asdict() for difference in found.differences],
    }


def _show(found: Repeated, run: str, trace: Path | None) -> None:
    if found.failure:
        click.echo(f"{run}: fails: {found.failure}")
    if found.differences:
        click.echo(f"{run}: {len(found.differences):,} of {len(found.outcomes):,} outcomes differ from what is stored")
        for each in found.differences[:_SHOWN]:
            click.echo(f"  {each.outcome}: stored {each.stored}, repeated {each.again}")
    else:
        click.echo(f"{run}: all {len(found.outcomes):,} outcomes are as stored, to the last bit")
    if trace:
        click.echo(f"trace: {trace} ({found.lines:,} lines)")
