"""The command `dilemma`: is there one, what dissolves it, and what does each policy cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.inquire import Given, conduct, inquiry_options
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.analysis.answer import Answer
    from sim.analysis.attribution import Share
    from sim.analysis.dilemma_study import Question
    from sim.experiment.inquiry import Inquiry
    from sim.scenario.load import Loaded

DRAWS, REPLICATIONS, LIKELY = 60, 8, 0.5
SURFACE_SHARE = 0.25  # of the runs of a policy that it gets at each place of the surface
ATTRIBUTED = 2_000  # runs behind the attribution, at most
ATTRIBUTION_RUNS = "attribution_runs.parquet"


@click.command()
@click.argument("file", metavar="SCENARIO", type=click.Path(path_type=Path))
@click.option("--draws", type=int, default=DRAWS, show_default=True, help="Sampled draws of the assumptions.")
@click.option("-n", "--replications", type=int, default=REPLICATIONS, show_default=True, help="Luck of each draw.")
@click.option(
    "--likely",
    type=float,
    default=LIKELY,
    show_default=True,
    help="Probability from which an aim counts as attainable.",
)
@click.option("--no-surface", is_flag=True, help="Leave out the surface over inflow and arrival.")
@click.option("--no-attribution", is_flag=True, help="Leave out why the main offensive gained less or more.")
@inquiry_options
def dilemma(**given: Any) -> int:
    """Ask whether the side under test can reach both aims with one policy, or must give one up.

    The policies are the choices of that side and what the scenario lists in its section `dilemma:`. Told are the best
    probabilities of each aim and of both, the index D, the price in people, and what would change the answer.
    """
    own = {name: given.pop(name) for name in Options.__dataclass_fields__}
    return _dilemma(Given(**given), Options(**own))


@dataclass(frozen=True)
class Options:
    """The options of this command alone, as they were given."""

    draws: int
    replications: int
    likely: float
    no_surface: bool
    no_attribution: bool


def _dilemma(given: Given, own: Options) -> int:
    from sim.experiment.inquiry import Asked
    from sim.experiment.store import command_line

    base = given.source.load()
    question = question_of(base, own, given.seed)
    asked = Asked("dilemma", given.source, base, given.seed, _asked(question, own), command_line())
    return conduct(given, asked, lambda inquiry: _ask(inquiry, question, own, given), _tables)


def question_of(base: Loaded, own: Options, seed: int) -> Question:
    """Return what is asked; raise InputError with what is wrong in it."""
    from sim.analysis.dilemma_study import Question
    from sim.experiment.design import Design, even
    from sim.experiment.judged import check_judged
    from sim.experiment.policies import inflow_of, policies_of, reference_of

    check_judged(base, "dilemma")
    if not 0 < own.likely < 1:
        raise InputError.single("--likely", "", f"{own.likely:g} is not between 0 and 1")
    policies = policies_of(base)
    pairs = even(own.replications)
    draws = max(2, round(own.draws * SURFACE_SHARE**0.5)) if own.draws else 0
    luck = max(2, 2 * round(pairs * SURFACE_SHARE**0.5 / 2))
    return Question(
        base,
        policies,
        reference_of(base, policies),
        Design(seed, own.draws, pairs, nested=True),
        Design(seed, draws, luck, nested=True),
        None if own.no_surface else inflow_of(base),
        own.likely,
    )


def _asked(question: Question, own: Options) -> dict[str, Any]:
    """Return all that the numbers depend on beside the scenario; policies and levers are not in a scenario's hash."""
    from sim.scenario.tree import plain

    stated = question.loaded.tree.child("dilemma")
    return {
        "policies": [[policy.name, dict(policy.picks)] for policy in question.policies],
        "dilemma": plain(stated) if stated else None,
        "draws": question.design.draws,
        "replications": question.design.replications,
        "likely": own.likely,
        "surface": not own.no_surface,
        "attribution": not own.no_attribution,
    }


def _ask(inquiry: Inquiry, question: Question, own: Options, given: Given) -> Answer:
    from sim.analysis.dilemma_answer import answer_of
    from sim.analysis.dilemma_study import study

    found = study(inquiry.evaluate, question)
    return answer_of(question, found, [] if own.no_attribution else _attribution(inquiry, question, given))


def _attribution(inquiry: Inquiry, question: Question, given: Given) -> list[Share]:
    """Make the runs of the attribution's worlds, or take them from the folder; KeyboardInterrupt when interrupted."""
    from contextlib import closing

    from sim.analysis.attribution import attribution
    from sim.analysis.stats import Crossing
    from sim.experiment.attribution import WITHOUT, WORLDS, gain_name
    from sim.experiment.tables import Table

    if question.loaded.counterfactual is None:
        return []
    if not (inquiry.folder / ATTRIBUTION_RUNS).is_file():
        _run_attribution(inquiry, question, given)
    with closing(Table(inquiry.folder / ATTRIBUTION_RUNS)) as table:
        worlds: dict[tuple[bool, ...], Any] = {world: table[gain_name(world)] for world in WORLDS}
        runs = Crossing(table["draw"].astype("int64"), table["replication"].astype("int64"))
        return attribution(worlds, table[WITHOUT], runs)


def _run_attribution(inquiry: Inquiry, question: Question, given: Given) -> None:
    from functools import partial

    from sim.cli.progress import progress
    from sim.experiment.attribution import attribution_worlds
    from sim.experiment.design import Design
    from sim.experiment.run_plan import attribution_plan, run_plan
    from sim.experiment.sweep_run import How, run_parts
    from sim.experiment.variant import variant

    draws = min(question.design.draws, 40)
    design = Design(given.seed, draws, max(2, min(40, ATTRIBUTED // (draws + 1)) // 2 * 2))
    plan = run_plan(variant(question.loaded, given.seed), given.source, design)
    worlds = attribution_plan(plan, attribution_worlds(question.loaded, given.seed))
    how = How(given.where(), progress=partial(progress, "attribution", quiet=given.quiet))
    if not run_parts(worlds, inquiry.folder, how, ATTRIBUTION_RUNS):
        raise KeyboardInterrupt


def _tables(answer: Answer) -> list[Any]:
    from sim.cli.dilemma_table import tables_shown

    return tables_shown(answer)
