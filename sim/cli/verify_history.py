"""`verify --history`: battles of the past beside the model, as a table, JSON, a figure and a result folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.analysis.history import History
    from sim.analysis.history_model import Laws
    from sim.experiment.history_result import About

STEM = "history"


@dataclass(frozen=True)
class Options:
    """What the command line asked for."""

    file: Path
    scenario: Path | None
    out: Path | None
    seed: int
    quiet: bool
    as_json: bool


def verify_history(options: Options) -> int:
    """Read, fit, score, show and save; return the exit code."""
    from sim.analysis.history import examine
    from sim.cli.verify_history_table import content, print_tables
    from sim.experiment import store
    from sim.experiment.design import Design
    from sim.scenario.battles import read

    started = datetime.now(UTC)
    Design(options.seed)  # refuses what is no seed
    battles = read(options.file)
    _say_compiling(options.quiet)
    laws = _laws(options.scenario)
    about = _about(options, laws)
    folder = store.claim(options.out, STEM, about.id)
    try:
        found = _located(options.file, lambda: examine(battles, laws, options.seed))
    except BaseException:
        store.abandon(folder)
        raise
    numbers = content(found, about)
    _save(folder, found, about, numbers, started)
    if options.as_json:
        click.echo(json.dumps({**numbers, "folder": str(folder)}, indent=2))
    else:
        print_tables(found)
        click.echo(f"\nsaved: {folder}")
    return 0


def _located(file: Path, make: Any) -> History:
    """Return what was found; an error of the battles names their file."""
    try:
        found: History = make()
    except InputError as error:
        raise InputError.single(str(file), "", error.problems[0].message) from error
    return found


def _say_compiling(quiet: bool) -> None:
    from sim.model.kernel import WARM

    if not WARM and not quiet:
        click.echo("compiling the model once, about half a minute ...", err=True)


def _laws(scenario: Path | None) -> Laws:
    """Return the laws of a scenario at its central assumptions, or the model's defaults."""
    from sim.analysis.history_model import default_laws, laws_of
    from sim.experiment.study import ready
    from sim.scenario.load import load

    if scenario is None:
        return default_laws()
    return laws_of(ready(load(scenario), 0).lowered(0).params)


def _about(options: Options, laws: Laws) -> About:
    from sim.experiment.history_result import About
    from sim.experiment.store import file_hash
    from sim.fingerprint import model_version

    scenario = str(options.scenario) if options.scenario else None
    digest = file_hash(options.file)
    return About(options.file, digest, asdict(laws), options.seed, model_version(), scenario)


def _save(folder: Path, found: History, about: About, numbers: dict[str, Any], started: datetime) -> None:
    from sim.experiment import history_result, store
    from sim.plotting.style import save

    store.clear(folder)
    save(_figure(found, about), folder, STEM)
    history_result.write(folder, about, numbers, store.command_line(), started)


def _figure(found: History, about: About) -> Figure:
    import numpy as np

    from sim.cli.verify_history_table import percent
    from sim.plotting.history import Battles, history
    from sim.plotting.page import Frame

    years = [int(each.year) for each in found.won.battles]
    campaigns = len(set(found.won.cluster))
    explained = found.explained
    frame = Frame(
        finding=f"Force ratio explains {percent(explained.deviance)} of who wins a battle, "
        f"{percent(explained.losses)} of the ratio of losses",
        caption=f"{len(found.won)} battles of {campaigns} campaigns, {min(years)} to {max(years)} (CDB90)",
        footer=f"twofront {STEM} {about.id}: {about.battles.name}, seed {about.seed}, model {about.model_version}",
        notes=(
            "a battle is taken as one engagement; laws of losses are drawn at history's level",
            "bars: Wilson 95 %",
        ),
    )
    points = np.stack((found.lost.ratio, found.lost.loss, found.lost.result))
    return history(Battles(found.shares, found.curves, points, frame))
