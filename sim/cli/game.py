"""The command `game`: choices of actors as strategies, simulated payoffs, and who should do what if one moves first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.inquire import Given, conduct, inquiry_options
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.analysis.answer import Answer
    from sim.analysis.game_sample import Settings
    from sim.analysis.objectives import Term
    from sim.experiment.inquiry import Asked, Inquiry
    from sim.experiment.strategies import Form
    from sim.scenario.load import Loaded

MOST_CELLS = 400  # without --yes
MOST_POSSIBLE = 20_000
_SECONDS_A_RUN = 0.003
_FEWEST_REPLICATIONS = 2


@click.command()
@click.argument("file", metavar="SCENARIO", type=click.Path(path_type=Path))
@click.option("--players", metavar="ACTOR,ACTOR", required=True, help="Who plays: actors with choices and objectives.")
@click.option("--move-first", "first", metavar="ACTOR", help="Who moves first [default: who orders the incursion].")
@click.option(
    "--strategies",
    metavar="ACTOR.DECISION[=OPTION,OPTION]",
    multiple=True,
    help="Only these decisions of that actor, only these options; may be repeated.",
)
@click.option(
    "-n", "--replications", type=int, default=10, show_default=True, help="Of each draw in every cell, at first."
)
@click.option("--draws", type=int, default=30, show_default=True, help="Sampled draws of the assumptions.")
@click.option("--budget", type=int, default=100_000, show_default=True, help="Runs to spend on cells that decide.")
@click.option("--yes", is_flag=True, help=f"Play a game of more than {MOST_CELLS} cells.")
@inquiry_options
def game(
    players: str,
    first: str | None,
    strategies: tuple[str, ...],
    replications: int,
    draws: int,
    budget: int,
    yes: bool,
    **common: Any,
) -> int:
    """Play the choices of SCENARIO as a game between actors.

    Strategies are the options of each actor's decisions and their combinations; payoffs are its objectives in the
    scenario. The headline is the leader-follower answer: who moves first is seen by the others before they move.
    """
    given = Given(**common)
    base = given.source.load()
    form = _form(base, players, strategies, given)
    amounts = _amounts(replications, draws, budget)
    _check_size(form, amounts, yes)
    terms = _terms(base, form, given.seed)
    settings = _settings(given.seed, amounts, (_leader(base, form, first), form.cell_of(base.choices)))
    asked = _asked(given, base, (form, terms, settings))
    return conduct(given, asked, lambda inquiry: _ask(inquiry, form, terms, settings), _tables)


def _form(base: Loaded, players: str, strategies: tuple[str, ...], given: Given) -> Form:
    from sim.experiment.strategies import form_of

    names = [name.strip() for name in players.split(",") if name.strip()]
    return form_of(base, names, strategies, given.choices)


def _terms(base: Loaded, form: Form, seed: int) -> tuple[Term, ...]:
    from sim.analysis.objectives import catalogue, terms_of

    return terms_of(base, form, catalogue(base, seed))


def _amounts(replications: int, draws: int, budget: int) -> tuple[int, int, int]:
    if replications < _FEWEST_REPLICATIONS or replications % 2:
        message = f"{replications} is not an even number of 2 or more (replications go in pairs)"
        raise InputError.single("--replications", "", message)
    if draws < 0:
        raise InputError.single("--draws", "", f"{draws} is below 0 (0 = central assumptions only)")
    if budget < 0:
        raise InputError.single("--budget", "", f"{budget} is below 0 (0 = nothing beyond the first round)")
    return replications, draws, budget


def _check_size(form: Form, amounts: tuple[int, int, int], yes: bool) -> None:
    """Refuse a game that is larger than was meant, and say its size."""
    from sim.experiment.design import duration

    if form.cells <= (MOST_POSSIBLE if yes else MOST_CELLS):
        return
    runs = form.cells * (amounts[1] + 1) * amounts[0]
    sizes = " x ".join(f"{size:,} of {name}" for name, size in zip(form.players, form.shape, strict=True))
    long = duration(runs * _SECONDS_A_RUN)
    size = f"{form.cells:,} cells ({sizes} strategies), {runs:,} runs at least, about {long} of one core"
    if form.cells > MOST_POSSIBLE:
        raise InputError.single(
            "--strategies", "", f"{size}: more than the {MOST_POSSIBLE:,} cells that can be played; name fewer"
        )
    raise InputError.single("--strategies", "", f"{size}: name fewer decisions or options, or say --yes")


def _leader(base: Loaded, form: Form, first: str | None) -> int:
    from sim.scenario.wording import suggestion

    ordering = base.scenario.incursion.side if base.scenario.incursion else ""
    name = first or (ordering if ordering in form.players else form.players[0])
    if name not in form.players:
        raise InputError.single(
            "--move-first", "", f"'{name}' is not among the players{suggestion(name, form.players)}"
        )
    return form.players.index(name)


def _settings(seed: int, amounts: tuple[int, int, int], who: tuple[int, int]) -> Settings:
    from sim.analysis.game_sample import Settings

    return Settings(seed, amounts[1], amounts[0], amounts[2], *who)


def _asked(given: Given, base: Loaded, what: tuple[Form, tuple[Term, ...], Settings]) -> Asked:
    from sim.experiment.inquiry import Asked
    from sim.experiment.store import command_line

    form, terms, settings = what
    question = {
        "players": list(form.players),
        "strategies": {path: list(options) for held in form.decisions for path, options in held.items()},
        "moves_first": form.players[settings.leader],
        "draws": settings.draws,
        "replications": settings.pilot,
        "budget": settings.budget,
        "reference": form.options(settings.reference),
        "objectives": [_plain(form, term) for term in terms],
    }
    return Asked("game", given.source, base, given.seed, question, command_line())


def _plain(form: Form, term: Term) -> list[Any]:
    """Return an objective as plain data."""
    amounts = None if term.amounts is None else term.amounts.tolist()
    return [form.players[term.player], term.name, term.outcome, term.weight, term.per, term.unit, amounts]


def _ask(inquiry: Inquiry, form: Form, terms: tuple[Term, ...], settings: Settings) -> Answer:
    from sim.analysis.game import game
    from sim.analysis.game_answer import answer_of

    return answer_of(game(form, terms, inquiry.evaluate, settings))


def _tables(answer: Answer) -> list[Any]:
    from sim.cli.game_table import tables

    return tables(answer)
