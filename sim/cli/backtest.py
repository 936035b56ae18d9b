"""The command `backtest`: fit on what was known by a date, forecast what came after, and score it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.calibrate import executor
from sim.cli.inquire import Given, conduct, inquiry_options
from sim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.analysis.answer import Answer
    from sim.analysis.backtest import Split
    from sim.experiment.inquiry import Asked, Inquiry
    from sim.scenario.known import Unknown

_PATH = click.Path(path_type=Path)


@dataclass(frozen=True)
class Wanted:
    """What a backtest is asked for beside the common options."""

    observations: Path
    until: date
    horizon: date
    draws: int
    runs: int
    rounds: int
    forecasts: int


@dataclass(frozen=True)
class Ready:
    """What is fitted and forecast, and what of the scenario was not known."""

    wanted: Wanted
    split: Split
    unknown: Unknown


@click.command()
@click.argument("file", metavar="SCENARIO", type=_PATH)
@click.argument("observations", metavar="OBSERVATIONS", type=_PATH)
@click.option("--until", required=True, metavar="DATE", help="Fit on what was known by then, such as 2024-10-01.")
@click.option("--horizon", metavar="DATE", help="Score figures up to then [default: all].")
@click.option(
    "--draws", type=click.IntRange(200, 1_000_000), default=8_000, show_default=True, help="Runs under the prior."
)
@click.option(
    "-n", "--runs", type=click.IntRange(200, 1_000_000), default=4_000, show_default=True, help="Runs of a round."
)
@click.option("--rounds", type=click.IntRange(0, 20), default=4, show_default=True, help="Rounds after it, at most.")
@click.option(
    "--forecasts", type=click.IntRange(200, 1_000_000), default=4_000, show_default=True, help="Runs that forecast."
)
@inquiry_options
@click.pass_context
def backtest(ctx: click.Context, /, file: Path, observations: Path, **given: Any) -> int:
    """Fit SCENARIO to what was known by a date, forecast the figures after it, and score the forecast.

    Take a scenario whose assumptions were not tuned to the figures. The same command goes on where it was interrupted.
    """
    dates = {name: _day(f"--{name}", given.pop(name)) for name in ("until", "horizon")}
    sizes = {name: given.pop(name) for name in ("draws", "runs", "rounds", "forecasts")}
    common = Given(file=file, **{**given, "executor": executor(ctx, given["executor"])})
    ready, common = _ready(common, observations, dates, sizes)
    asked = _asked(common, ready)
    return conduct(common, asked, lambda inquiry: _ask(inquiry, ready), _tables)


def _day(option: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError as error:
        raise InputError.single(option, "", f"'{text}' is no date; write it as 2024-10-01") from error


def _ready(
    given: Given, observations: Path, dates: Mapping[str, date | None], sizes: Mapping[str, int]
) -> tuple[Ready, Given]:
    """Return what is fitted and forecast, and the options with what was not known taken out of the scenario."""
    from sim.analysis.backtest import split
    from sim.analysis.observation_model import checked
    from sim.experiment.variant import variant
    from sim.scenario.known import unknown_on
    from sim.scenario.observations import read

    base, figures = given.source.load(), read(observations)
    scenario, until = base.scenario, dates["until"]
    assert until is not None
    horizon = dates["horizon"] or scenario.end
    if not scenario.start < until < scenario.end:
        message = f"{until} is outside the run, {scenario.start} to {scenario.end}"
        raise InputError.single("--until", "", message)
    if not until < horizon <= scenario.end:
        message = f"{horizon} is not after --until {until} and at most the end of the run, {scenario.end}"
        raise InputError.single("--horizon", "", message)
    checked(figures, variant(base, given.seed).calendar, str(observations))
    unknown = unknown_on(base, until)
    wanted = Wanted(observations, until, horizon, **sizes)
    parts = split(figures, until, horizon, str(observations))
    return Ready(wanted, parts, unknown), replace(given, sets=(*given.sets, *unknown.overrides))


def _asked(given: Given, ready: Ready) -> Asked:
    from sim.experiment.inquiry import Asked
    from sim.experiment.store import command_line, file_hash

    wanted = ready.wanted
    question = {
        "observations": file_hash(wanted.observations),
        "until": str(wanted.until),
        "horizon": str(wanted.horizon),
        "draws": wanted.draws,
        "runs": wanted.runs,
        "rounds": wanted.rounds,
        "forecasts": wanted.forecasts,
    }
    source = given.source
    return Asked("backtest", source, source.load(), given.seed, question, command_line())


def _ask(inquiry: Inquiry, ready: Ready) -> Answer:
    from sim.analysis.backtest import Backtest, answered
    from sim.analysis.calibrate import sampled
    from sim.analysis.fit import Effort, fitted
    from sim.analysis.forecast import conditioned, forecasts
    from sim.analysis.observation_model import prepared
    from sim.experiment.ensemble import StoredEnsemble, free_paths

    base, seed, wanted = inquiry.asked.base, inquiry.asked.seed, ready.wanted
    ensemble = StoredEnsemble(inquiry.evaluate, free_paths(base), seed)
    start, later = base.scenario.start, ready.split.later
    seen = prepared(ready.split.known, start)
    fit = fitted(ensemble, seen, Effort(wanted.draws, wanted.runs, wanted.rounds), seed)
    sample = sampled(fit, len(fit.cloud.scores) // 2, seed)
    names = tuple(dict.fromkeys((*seen.names, *prepared(later, start).names)))
    runs = ensemble.under(fit.paths, sample, wanted.forecasts, names, len(fit.rounds) + 1)
    weighted = conditioned(fit, runs)
    members = forecasts(fit, weighted, runs, later, (start, seed))
    found = Backtest(wanted.until, ready.split, fit, weighted, members, ready.unknown)
    return answered(found, base.scenario.title)


def _tables(answer: Answer) -> list[Any]:
    from rich.table import Table

    from sim.analysis.answer import told

    rows, series = answer.tables["forecast"], answer.tables["series"]
    one = Table("series", "figures", "CRPS", "skill: persistence", "trend", "dressed", "in 50 %", "in 90 %")
    for k, name in enumerate(series["quantity"]):
        skills = [f"{series[f'skill_{kind}'][k]:+.2f}" for kind in ("persistence", "trend", "dressed")]
        inside = [f"{100 * series[f'in_{share}'][k]:.0f} %" for share in (50, 90)]
        one.add_row(str(name), f"{series['figures'][k]:.0f}", f"{told(series['crps'][k])}", *skills, *inside)
    other = Table("figure", "when", "came", "forecast", "50 %", "90 %", "PIT", "persistence")
    for k, name in enumerate(rows["quantity"]):
        when = f"{rows['since'][k]} to {rows['date'][k]}" if rows["since"][k] else str(rows["date"][k])
        halves = [f"{told(rows[a][k])} to {told(rows[b][k])}" for a, b in (("q25", "q75"), ("q05", "q95"))]
        seen = (f"{told(rows['value'][k])}", f"{told(rows['q50'][k])}", *halves)
        other.add_row(str(name), when, *seen, f"{rows['pit'][k]:.2f}", f"{told(rows['persistence'][k])}")
    return [one, other]
