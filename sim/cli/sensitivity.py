"""The command `sensitivity`: what outcomes hang on, luck and assumptions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.inquire import Given, conduct, inquiry_options
from sim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.analysis.answer import Answer
    from sim.analysis.sensitivity import Settings
    from sim.experiment.inquiry import Asked, Inquiry
    from sim.scenario.load import Loaded

_GIVEN_DRAWS, _DRAWS = 1_000, 400
_SHOWN = 20
_FINE = ("top", "trajectories", "rows", "replications", "draws")


@click.command()
@click.argument("file", metavar="SCENARIO", type=click.Path(path_type=Path))
@click.option(
    "--outcome", metavar="A,B", help="Outcomes [default: territory of each theatre and dual success, last date]."
)
@click.option(
    "--method",
    metavar="METHOD",
    default="sobol",
    show_default=True,
    help="morris (screening only), sobol (indices of the few that screening finds), or given.",
)
@click.option("--parameters", metavar="A,B", help="Those that get indices of their own [default: by screening].")
@click.option("--top", type=int, default=12, show_default=True, help="How many get indices of their own.")
@click.option("--trajectories", type=int, default=10, show_default=True, help="Of the screening.")
@click.option("--rows", type=int, default=256, show_default=True, help="Of the Sobol' design; a power of two.")
@click.option("-n", "--replications", type=int, default=4, show_default=True, help="At each point of both designs.")
@click.option("--draws", type=int, help=f"For luck's share [default: {_DRAWS}; given: {_GIVEN_DRAWS}].")
@inquiry_options
def sensitivity(file: Path, outcome: str | None, method: str, parameters: str | None, **options: Any) -> int:
    """Say what outcomes of SCENARIO hang on: luck, and which of its assumptions, with intervals.

    A Morris screening over every number with a distribution, then Sobol' indices (first-order and total) of the few
    that matter and of the rest as one group; luck has a share of its own.
    """
    fine = {name: options.pop(name) for name in _FINE}
    given = Given(file=file, **options)
    base = given.source.load()
    settings = _settings(base, given, (outcome, method, parameters), fine)

    def tables(answer: Answer) -> list[Any]:
        return [_table(answer, name) for name in settings.outcomes]

    return conduct(given, _asked(given, base, settings), lambda inquiry: _ask(inquiry, settings), tables)


def _settings(
    base: Loaded, given: Given, texts: tuple[str | None, str, str | None], fine: Mapping[str, int | None]
) -> Settings:
    from sim.analysis.sensitivity import GIVEN, METHODS, Settings
    from sim.analysis.uncertain import picked, refuse_joint, uncertain
    from sim.scenario.wording import suggestion

    outcome, method, parameters = texts
    if method not in METHODS:
        raise InputError.single("--method", "", f"there is no method '{method}'{suggestion(method, METHODS)}")
    factors = uncertain(base)
    if method != GIVEN:
        refuse_joint(base)
    named = picked(factors, split(parameters))
    numbers = {name: value for name, value in fine.items() if value is not None}
    numbers.setdefault("draws", _GIVEN_DRAWS if method == GIVEN else _DRAWS)
    outcomes = checked_outcomes(base, given.seed, split(outcome))
    return Settings(outcomes, method, named=named, seed=given.seed, **numbers)


def split(text: str | None) -> tuple[str, ...]:
    """Return what a comma parts."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def checked_outcomes(base: Loaded, seed: int, names: tuple[str, ...], option: str = "--outcome") -> tuple[str, ...]:
    """Return the outcomes asked for, else the usual ones; raise InputError with a suggestion for one that is none."""
    from sim.experiment.dated import is_dated, parse_dated
    from sim.experiment.variant import variant
    from sim.scenario.wording import suggestion

    made = variant(base, seed)
    known = [each.name for each in made.outcomes()]
    for name in names:
        if is_dated(name):
            parse_dated(name, made.calendar)
        elif name not in known:
            raise InputError.single(option, "", f"there is no outcome '{name}'{suggestion(name, known)}")
    return names or _usual(known, made.first)


def _usual(known: list[str], first: Any) -> tuple[str, ...]:
    """Return the territory of each theatre and, where it is judged, dual success; on the last date of assessment."""
    dates = [name for name, _ in first.aims.dates] if first.aims else []
    later = f".{dates[-1]}" if len(dates) > 1 else ""  # the first date has no suffix in what is judged
    suffix = f".{dates[-1]}" if dates else ""
    wanted = [f"{theatre}.territory_km2{suffix}" for theatre in first.labels.theatres]
    judged = f"dual_success{later}"
    return tuple(name for name in (*wanted, judged) if name in known)


def _asked(given: Given, base: Loaded, settings: Settings) -> Asked:
    from dataclasses import asdict

    from sim.experiment.inquiry import Asked
    from sim.experiment.store import command_line

    question = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(settings).items()}
    return Asked("sensitivity", given.source, base, given.seed, question, command_line())


def _ask(inquiry: Inquiry, settings: Settings) -> Answer:
    from sim.analysis.sensitivity import GIVEN, given, sensitivity
    from sim.analysis.sensitivity_answer import answer_given, answer_of
    from sim.analysis.uncertain import uncertain
    from sim.experiment.evaluate import drawn

    base = inquiry.asked.base
    title = base.scenario.title
    if settings.method == GIVEN:
        inputs = drawn(base, settings.seed, settings.draws)
        return answer_given(given(inquiry.evaluate, inputs, settings), settings, title)
    return answer_of(sensitivity(inquiry.evaluate, uncertain(base), settings), settings, title)


def _table(answer: Answer, outcome: str) -> Any:
    """Return the indices of an outcome as a table."""
    from rich.table import Table

    table = Table(title=f"{outcome}: shares of the variance, %", title_justify="left")
    table.add_column("")
    for name in ("first-order (95 %)", "total (95 %)", "of all variance"):
        table.add_column(name, justify="right")
    columns = answer.tables["indices"]
    rows = [k for k in range(len(columns["part"])) if columns["outcome"][k] == outcome]
    if len(rows) > _SHOWN:
        table.caption = f"{len(rows) - _SHOWN} more in indices.csv"
        rows = [*rows[: _SHOWN - 1], rows[-1]]  # the strongest, and luck
    for k in rows:
        first, total = (_cell(columns, name, k) for name in ("first", "total"))
        table.add_row(columns["part"][k], first, total, _cell(columns, "of_all", k))
    return table


def _cell(columns: Mapping[str, Any], name: str, row: int) -> str:
    value, low, high = (100 * float(columns[key][row]) for key in (name, f"{name}_low", f"{name}_high"))
    if value != value:
        return "-"
    said = f"{value:.0f}" + (f" ({low:.0f} to {high:.0f})" if low == low else "")
    return re.sub(r"-0(?!\d)", "0", said)
