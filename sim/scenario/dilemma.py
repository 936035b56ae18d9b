"""Which policies of the side under test make up its dilemma, and along which inflows it is followed.

A *lever* is a decision without a default: no option is taken unless it is picked (`--choice dilemma.share=fifth`). A
*policy* is one option of each decision that its group names; a group is all combinations of the options listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from sim.scenario.choices import Option
from sim.scenario.provenance import Model
from sim.scenario.quantities import People
from sim.scenario.wording import suggestion

if TYPE_CHECKING:
    from sim.scenario.schema import Scenario

ACTOR = "dilemma"
MOST_POLICIES = 200
Found = Iterator[tuple[str, str]]
Shift = Annotated[int, Field(ge=-3650, le=3650, strict=True)]


class Surface(Model):
    """The inflows and arrivals at which the dilemma is asked for again."""

    side: str
    contingent: str
    people: list[People]
    """Sizes of the inflow."""
    days: list[Shift] = [0]
    """By how many days every landing is later (or, below 0, earlier) than the scenario has it."""


class Dilemma(Model):
    """The policies of the side under test, each fixed before luck."""

    about: str = ""
    levers: dict[str, dict[str, Option]] = {}
    policies: dict[str, dict[str, dict[str, list[str]]]]
    """Groups of policies: actor, then decision, to the options that are combined; levers have the actor `dilemma`."""
    surface: Surface | None = None


def offered(scenario: Scenario) -> dict[str, tuple[str, ...]]:
    """Return the options of each decision that policies may name: those of the side under test, and the levers."""
    side = scenario.assess.side if scenario.assess else ""
    own = {f"{side}.{name}": tuple(each.options) for name, each in scenario.choices.get(side, {}).items()}
    levers = scenario.dilemma.levers if scenario.dilemma else {}
    return {**own, **{f"{ACTOR}.{name}": tuple(options) for name, options in levers.items()}}


def check_dilemma(scenario: Scenario) -> Found:
    """Yield what is wrong in the section, each with its path."""
    stated = scenario.dilemma
    if stated is None:
        return
    if scenario.assess is None:
        yield "dilemma", "needs to know which side is under test, and how it is judged: `assess:`"
        return
    known = offered(scenario)
    for name, group in stated.policies.items():
        yield from _group(f"dilemma.policies.{name}", combined(group), known)
    if stated.surface is not None:
        yield from _surface(scenario, stated.surface)


def combined(group: Mapping[str, Mapping[str, list[str]]]) -> dict[str, list[str]]:
    """Return the options of a group by 'actor.decision'."""
    return {f"{actor}.{name}": options for actor, own in group.items() for name, options in own.items()}


def _group(path: str, group: Mapping[str, list[str]], known: Mapping[str, tuple[str, ...]]) -> Found:
    if not group:
        yield path, "names no decision: each group says which options make its policies"
    for decision, options in group.items():
        if decision not in known:
            message = f"there is no such decision of the side under test, and no lever{suggestion(decision, known)}"
            yield f"{path}.{decision}", message
            continue
        if not options:
            yield f"{path}.{decision}", f"lists no option{suggestion('', known[decision])}"
        for index, option in enumerate(options):
            if option not in known[decision]:
                there = suggestion(option, known[decision])
                yield f"{path}.{decision}.{index}", f"'{option}' is no option of {decision}{there}"


def _surface(scenario: Scenario, surface: Surface) -> Found:
    path = "dilemma.surface"
    if surface.side not in scenario.sides:
        yield f"{path}.side", f"there is no side '{surface.side}'{suggestion(surface.side, scenario.sides)}"
        return
    contingents = scenario.sides[surface.side].contingents
    contingent = contingents.get(surface.contingent)
    if contingent is None:
        there = suggestion(surface.contingent, contingents)
        yield f"{path}.contingent", f"{surface.side} has no contingent '{surface.contingent}'{there}"
    elif contingent.inflow is None:
        yield f"{path}.contingent", f"'{surface.contingent}' has no inflow"
    for name in ("people", "days"):
        if not getattr(surface, name):
            yield f"{path}.{name}", "is an empty list; [0] is the least"
