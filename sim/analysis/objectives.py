"""The objectives of players as terms of their payoffs, and what each term is worth in every run of every cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, Problem
from sim.scenario.objectives import amount_in, unit_of
from sim.scenario.units import UnitError

if TYPE_CHECKING:
    from sim.experiment.strategies import Form
    from sim.scenario.load import Loaded
    from sim.scenario.objectives import Objective

Values = NDArray[np.float64]

WITNESS = "collapses"  # an outcome that every run has: where it is missing, the run failed
_JUDGED = ("dual_success", "main_offensive_kept", "main_gain_kept_km2", "regained_share", "second_front_regained")


class Term(NamedTuple):
    """An objective of a player: weight x value / per, in points.

    outcome : what its value is in a run; empty where it is the price of an option, with an amount for each cell in
    `amounts`, float64[cell]. per : in `unit`. where : the place of its outcome in the file.
    """

    player: int
    name: str
    outcome: str
    amounts: Values | None
    weight: float
    per: float
    unit: str
    about: str
    source: str
    where: str

    @property
    def value_of(self) -> str:
        """Return what it is the value of."""
        return self.outcome or "the options taken"


@dataclass(frozen=True)
class Catalogue:
    """What outcomes a scenario has.

    unit_of : the unit of an outcome; raises InputError where there is none of that name.
    improper : outcomes whose mean is no payoff (ratios of means, times that may not come), with what to take instead.
    """

    unit_of: Callable[[str], str]
    improper: Mapping[str, str]


def catalogue(loaded: Loaded, seed: int) -> Catalogue:
    """Return what outcomes a scenario has."""
    from sim.experiment.dated import dated_outcome, is_dated
    from sim.experiment.plan import CENSORED
    from sim.experiment.variant import variant
    from sim.scenario.wording import suggestion

    made = variant(loaded, seed)
    units = {outcome.name: outcome.unit for outcome in made.outcomes()}

    def unit(name: str) -> str:
        if is_dated(name):
            return dated_outcome(name, made.calendar).unit
        if name not in units:
            raise InputError.single("", "", f"there is no outcome '{name}'{suggestion(name, units)}")
        return units[name]

    improper = {name: f"is a ratio of means; take {' and '.join(parts)}" for name, parts in made.ratios().items()}
    improper |= {name: f"is a time that a run may not reach; take {other}" for name, other in CENSORED.items()}
    return Catalogue(unit, improper)


def terms_of(loaded: Loaded, form: Form, known: Catalogue) -> tuple[Term, ...]:
    """Return the objectives of the players; raise InputError with all that is wrong, each where it stands."""
    found: list[Term] = []
    problems: list[Problem] = []
    for player, name in enumerate(form.players):
        for objective, stated in loaded.scenario.objectives[name].items():
            path = f"objectives.{name}.{objective}"
            try:
                found.append(_term(loaded, form, known, (player, path, stated)))
            except InputError as error:
                problems += error.problems
    if problems:
        raise InputError(problems)
    return tuple(found)


def _term(loaded: Loaded, form: Form, known: Catalogue, which: tuple[int, str, Objective]) -> Term:
    player, path, stated = which
    amounts, unit, field = None, unit_of(stated.per), "choice"
    if stated.outcome is not None:
        unit, field = _unit(loaded, known, path, stated.outcome), "outcome"
    else:
        amounts = _amounts(loaded, form, stated, unit)
    try:
        per = amount_in(stated.per, unit)
    except UnitError as error:
        raise InputError.single(_where(loaded, f"{path}.per"), f"{path}.per", f"{error} ({stated.outcome})") from error
    where = _where(loaded, f"{path}.{field}")
    name = path.rpartition(".")[2]
    facts = (stated.weight, per, unit, stated.about, stated.source)
    return Term(player, name, stated.outcome or "", amounts, *facts, where)


def _unit(loaded: Loaded, known: Catalogue, path: str, outcome: str) -> str:
    """Return the unit of an outcome; raise InputError at its place in the file."""
    where, path = _where(loaded, f"{path}.outcome"), f"{path}.outcome"
    if outcome in known.improper:
        raise InputError.single(where, path, f"{outcome} {known.improper[outcome]}")
    try:
        return known.unit_of(outcome)
    except InputError as error:
        raise InputError(Problem(where, path, problem.message) for problem in error.problems) from error


def _where(loaded: Loaded, path: str) -> str:
    from sim.scenario.load import origin_of

    return origin_of(loaded.tree, path.split(".")).where()


def _amounts(loaded: Loaded, form: Form, stated: Objective, unit: str) -> Values:
    """Return what the option that each cell takes costs or brings, float64[cell]."""
    choice = stated.choice or ""
    by_option = {option: amount_in(amount, unit) for option, amount in stated.amounts.items()}
    taken = loaded.choices.get(choice, "")
    options = [form.options(cell).get(choice, taken) for cell in range(form.cells)]
    return np.array([by_option[option] for option in options], np.float64)


def outcomes_of(terms: Sequence[Term]) -> list[str]:
    """Return the outcomes that the runs have to give, each once."""
    return list(dict.fromkeys([*(term.outcome for term in terms if term.outcome), WITNESS]))


def scales(terms: Sequence[Term], players: int) -> Values:
    """Return what a unit of each term is worth to each player in points, float64[player, term]."""
    found = np.zeros((players, len(terms)))
    for k, term in enumerate(terms):
        found[term.player, k] = term.weight / term.per
    return found


def term_values(terms: Sequence[Term], table: Mapping[str, Values], cells: NDArray[np.int64]) -> Values:
    """Return the value of each term in each run, float64[term, cell, draw, replication], not-a-number where it failed.

    table : outcomes by name, float64[cell, draw, replication]; cells : int64[cell], which cells those are.
    """
    ran = np.isfinite(table[WITNESS])
    rows = []
    for term in terms:
        if term.amounts is None:
            rows.append(np.where(ran, table[term.outcome], np.nan))
        else:
            rows.append(np.where(ran, term.amounts[cells][:, None, None], np.nan))
    return np.stack(rows)


def refuse_null(terms: Sequence[Term], table: Mapping[str, Values], form: Form) -> None:
    """Refuse objectives that some runs give no value to: a payoff has to be there in every cell.

    table : outcomes by name, float64[cell, draw, replication], of every cell.
    """
    ran = np.isfinite(table[WITNESS])
    problems = []
    for term in terms:
        if term.amounts is not None:
            continue
        null = (ran & np.isnan(table[term.outcome])).sum(axis=(1, 2))
        if null.any():
            worst = int(null.argmax())
            seen = f"is nothing in {null[worst]:,} of {int(ran[worst].sum()):,} runs of {form.label(worst)}"
            path = f"objectives.{form.players[term.player]}.{term.name}.outcome"
            problems.append(Problem(term.where, path, f"{term.outcome} {seen}; {_missing(term.outcome)}"))
    if problems:
        raise InputError(problems)


def _missing(outcome: str) -> str:
    if outcome.startswith(_JUDGED):
        missing = "what is missing is an incursion that is ordered, in every cell"
        return f"{missing}: take territory on a date, or leave those options out by --strategies"
    if outcome.startswith("talks."):
        return "what is missing are talks before the run ends: take a series on a date, such as TERRITORY@2025-02-01"
    return "what is missing is a value in every cell: take an outcome that all of them have, or fewer --strategies"
