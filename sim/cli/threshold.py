"""The command `threshold`: where along a number or a date a condition begins or ceases to hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.inquire import Given, conduct, inquiry_options, outcomes_of
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.analysis.answer import Answer
    from sim.analysis.threshold import Search
    from sim.experiment.axis import Axis
    from sim.experiment.inquiry import Inquiry
    from sim.scenario.load import Loaded

DRAWS, REPLICATIONS, POINTS, BUDGET, PARTS = 40, 10, 9, 30_000, 50
UNTIL = "--until"
_MOST_POINTS = 1_000


@click.command()
@click.argument("file", metavar="SCENARIO", type=click.Path(path_type=Path))
@click.option(
    "--vary", "vary", multiple=True, required=True, metavar="PATH=LO:HI", help="What varies, a number or a date."
)
@click.option("--until", required=True, metavar="CONDITION", help="Such as 'P(dual_success) >= 0.5' or 'mean(X) < 3'.")
@click.option("--draws", type=int, default=DRAWS, show_default=True, help="Sampled draws of each value at first.")
@click.option("-n", "--replications", type=int, default=REPLICATIONS, show_default=True, help="Of each draw at first.")
@click.option("--points", type=int, default=POINTS, show_default=True, help="Values looked at first.")
@click.option("--resolution", metavar="X", help="Least distance of values that are added [default: range / 50].")
@click.option("--budget", type=int, default=BUDGET, show_default=True, help="Runs at most, all values together.")
@inquiry_options
def threshold(**given: Any) -> int:
    """Find where along PATH a condition holds, does not hold, or cannot be told, with what certainty.

    A condition is P(OUTCOME), P(OUTCOME < LEVEL), mean(OUTCOME) or q90(OUTCOME) against a level. Runs are added where
    the band straddles the level. An outcome may be dated: kursk.territory_km2@2024-10-01.
    """
    own = {name: given.pop(name) for name in Options.__dataclass_fields__}
    return _threshold(Given(**given), Options(**own))


@dataclass(frozen=True)
class Options:
    """The options of this command alone, as they were given."""

    vary: tuple[str, ...]
    until: str
    draws: int
    replications: int
    points: int
    resolution: str | None
    budget: int


def _threshold(given: Given, own: Options) -> int:
    from sim.experiment.axis import check_ends
    from sim.experiment.inquiry import Asked
    from sim.experiment.store import command_line

    base = given.source.load()
    search = search_of(base, own, given.seed)
    check_ends(given.source, base, search.axis)
    question = {
        "vary": list(own.vary),
        "until": str(search.condition),
        "draws": search.design.draws,
        "replications": search.design.replications,
        "points": search.points,
        "resolution": search.resolution,
        "budget": search.budget,
    }
    asked = Asked("threshold", given.source, base, given.seed, question, command_line())
    return conduct(given, asked, lambda inquiry: _ask(inquiry, search), _tables)


def search_of(base: Loaded, own: Options, seed: int) -> Search:
    """Return what is sought; raise InputError with what is wrong in it."""
    from sim.analysis.condition import Place, parse_condition
    from sim.analysis.threshold import Search
    from sim.experiment.axis import axis_of
    from sim.experiment.design import Design, even
    from sim.experiment.judged import check_judged

    condition = parse_condition(own.until, Place(UNTIL, outcomes_of(base, seed)))
    check_judged(base, UNTIL, [condition.statistic.outcome])
    _check_dated(condition.statistic.outcome, base, seed)
    axis = axis_of(base, own.vary)
    if own.points < 2:
        raise InputError.single("--points", "", f"{own.points} is below 2: a line has two ends")
    if own.points > _MOST_POINTS:
        message = f"{own.points:,} is above {_MOST_POINTS:,}; values are added where the band straddles the level"
        raise InputError.single("--points", "", message)
    design = Design(seed, own.draws, even(own.replications), nested=True)
    first = design.runs * len(axis.spread(own.points))
    if first > own.budget:
        message = f"{own.budget:,} runs are fewer than the first look takes: {first:,} ({own.points} values)"
        raise InputError.single("--budget", "", message)
    return Search(axis, condition, design, own.points, _resolution(axis, own.resolution), own.budget)


def _check_dated(outcome: str, base: Loaded, seed: int) -> None:
    """Refuse a dated outcome of which the series or the date does not exist."""
    from sim.experiment.dated import is_dated, parse_dated
    from sim.experiment.variant import variant

    if not is_dated(outcome):
        return
    try:
        parse_dated(outcome, variant(base, seed).calendar)
    except InputError as error:
        raise InputError(Problem(UNTIL, each.path, each.message) for each in error.problems) from error


def _resolution(axis: Axis, given: str | None) -> float:
    if given is None:
        return max(axis.step, (axis.high - axis.low) / PARTS)
    from sim.scenario.units import UnitError, convert

    try:
        found = convert(given, "days" if axis.dated else axis.unit)
    except UnitError as error:
        raise InputError.single("--resolution", "", str(error)) from error
    if not 0 < found <= axis.high - axis.low:
        raise InputError.single("--resolution", "", f"'{given}' is not above 0 and within the range that varies")
    return found


def _ask(inquiry: Inquiry, asked: Search) -> Answer:
    import numpy as np

    from sim.analysis.threshold import search
    from sim.analysis.threshold_answer import answer_of

    found = search(inquiry.evaluate, asked)
    if not any(np.isfinite(each).any() for each in found.runs):
        outcome = asked.condition.statistic.outcome
        raise InputError.single(UNTIL, "", f"{outcome} is nothing in every run, so the condition has no answer")
    spent = inquiry.evaluate.spent
    spent.reused = max(0, found.spent - spent.made)  # each round takes the runs of those before, which were made here
    return answer_of(asked, found)


def _tables(answer: Answer) -> list[Any]:
    from sim.cli.threshold_table import points_table

    return [points_table(answer)]
