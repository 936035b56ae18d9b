"""What each actor is after: weights over outcomes and over the options that it takes, the payoffs of `twofront game`.

An actor's payoff in a run is the sum over its objectives of weight x value / per. Weights are points; `per` is the
amount that they are given for, with its unit, so that 100 km2 can be weighed against 10,000 people. No run depends on
objectives: they are left out of a scenario's hash, and another weight needs no other runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema

from sim.scenario.provenance import Model
from sim.scenario.units import UnitError, convert, parse_unit, split
from sim.scenario.values import UnreadableError
from sim.scenario.wording import shown, suggestion

if TYPE_CHECKING:
    from sim.scenario.schema import Scenario

_LARGEST = 1e9
_PLAIN = "1"


def _amount(raw: Any) -> str:
    """Return an amount as text, checked to be a number with a known unit or with none."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise UnreadableError(f"{shown(raw)} is not an amount such as 100 km2, 10,000 people or 0.1")
    text = str(raw)
    try:
        number, unit = split(text)
    except UnitError as error:
        raise UnreadableError(str(error)) from error
    if unit and parse_unit(unit) is None:
        raise UnreadableError(f"{shown(text)} has a unit that is not known; write 100 km2, 10,000 people or 0.1")
    if abs(float(number)) > _LARGEST:
        raise UnreadableError(f"{shown(text)} is too large an amount")
    return text


def _positive(raw: Any) -> str:
    text = _amount(raw)
    if float(split(text)[0]) <= 0:
        raise UnreadableError(f"{shown(raw)} is not above 0")
    return text


_SCHEMA = WithJsonSchema({"type": ["number", "string"]})
Amount = Annotated[str, PlainValidator(_amount), _SCHEMA]
PositiveAmount = Annotated[str, PlainValidator(_positive), _SCHEMA]


class Objective(Model):
    """Something that an actor is after: an outcome, or the price of the options that it takes."""

    weight: Annotated[float, Field(strict=True, ge=-1e6, le=1e6, allow_inf_nan=False)]
    """Points for each `per`; negative where less is better."""
    per: PositiveAmount = _PLAIN
    """The amount that the weight is given for, such as 100 km2; without a unit in that of the outcome."""
    outcome: str | None = None
    """An outcome of a run, or a series on a date: kursk.territory_km2@2025-02-01."""
    choice: str | None = None
    """In place of an outcome: a decision (actor.decision), whose options have the `amounts`."""
    amounts: dict[str, Amount] = {}  # noqa: RUF012
    """What each option of the choice costs or brings, in the unit of `per`."""
    about: str = ""
    source: str
    """Where the weight comes from, or 'assumption: why'."""


def amount_in(text: str, unit: str) -> float:
    """Return an amount in a unit; raise UnitError where it has another kind of unit.

    An amount without a unit is in the unit asked for, which need not be one that people can write (`ln ratio`).
    """
    number, spelled = split(text)
    if not spelled:
        return float(number)
    if parse_unit(unit) is None:
        raise UnitError(f"{text!r} has the unit '{spelled}', and the outcome has '{unit}': write a plain number")
    return convert(text, unit)


def unit_of(text: str) -> str:
    """Return the unit that an amount is written in ('1': none)."""
    return split(text)[1] or _PLAIN


def check(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with objectives across the fields of a scenario: path and message."""
    donors = [name for name in scenario.aid if name not in scenario.sides]
    actors = list(dict.fromkeys([*scenario.sides, *donors, *scenario.choices]))
    for actor, objectives in scenario.objectives.items():
        if actor not in actors:
            yield f"objectives.{actor}", f"there is no actor '{actor}'{suggestion(actor, actors)}"
        if not objectives:
            yield f"objectives.{actor}", "holds no objective"
        for name, objective in objectives.items():
            yield from _one(scenario, f"objectives.{actor}.{name}", objective)


def _one(scenario: Scenario, path: str, objective: Objective) -> Iterator[tuple[str, str]]:
    if (objective.outcome is None) == (objective.choice is None):
        seen = "neither" if objective.outcome is None else "both"
        yield path, f"needs an outcome, or a choice with the amounts of its options, but has {seen}"
    elif objective.choice is not None:
        yield from _priced(scenario, path, objective)
    elif objective.amounts:
        yield f"{path}.amounts", "belongs to a choice; an outcome's amounts come from the runs"


def _priced(scenario: Scenario, path: str, objective: Objective) -> Iterator[tuple[str, str]]:
    offered = {f"{actor}.{name}": each for actor, held in scenario.choices.items() for name, each in held.items()}
    choice = objective.choice or ""
    if choice in scenario.chosen and choice not in offered:
        return  # an effective scenario: it holds the options taken, and no longer those that were offered
    if choice not in offered:
        yield f"{path}.choice", f"there is no such decision as '{choice}'{suggestion(choice, offered)}"
        return
    options = offered[choice].options
    for name, amount in objective.amounts.items():
        if name not in options:
            yield f"{path}.amounts.{name}", f"{choice} has no option '{name}'{suggestion(name, options)}"
        elif not _same_kind(amount, objective.per):
            yield f"{path}.amounts.{name}", f"{amount} and per, {objective.per}, have different kinds of units"
    missing = [name for name in options if name not in objective.amounts]
    if missing:
        yield f"{path}.amounts", f"needs an amount for each option of {choice}; missing: {', '.join(missing)}"


def _same_kind(amount: str, per: str) -> bool:
    mine, its = parse_unit(unit_of(amount)), parse_unit(unit_of(per))
    return not split(amount)[1] or (mine is not None and its is not None and mine.dimensions == its.dimensions)
