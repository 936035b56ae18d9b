"""What a scenario has to say before dual success can be asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sim.errors import InputError
from sim.experiment.variant import COMPARED

if TYPE_CHECKING:
    from sim.scenario.load import Loaded

JUDGED = ("regained_share", "second_front_regained")  # asked of the incursion that is ordered


def check_judged(loaded: Loaded, where: str, outcomes: Iterable[str] = COMPARED) -> None:
    """Refuse outcomes that are nothing in every run of a scenario, and say what it lacks; `where` names who asks."""
    names = [name for name in outcomes if name.startswith((*JUDGED, *COMPARED))]
    if not names:
        return
    missing = _missing(loaded, any(name.startswith(COMPARED) for name in names))
    if missing:
        raise InputError.single(where, missing[0], f"{names[0]} is nothing in every run: {missing[1]}")


def _missing(loaded: Loaded, compared: bool) -> tuple[str, str] | None:
    """Return the path of what is missing and what to do about it."""
    scenario: Any = loaded.scenario
    if scenario.assess is None:
        return "assess", "the scenario does not say how it is judged (`assess:`: the side, the dates, K* and E*)"
    if scenario.incursion is None:
        return "incursion", "the scenario has no incursion (`incursion:`: the side, the front, the date, the force)"
    if not scenario.incursion.ordered:
        return "incursion.ordered", "no incursion is ordered; order it (--set incursion.ordered=true, or its choice)"
    if compared and loaded.counterfactual is None:
        return "counterfactual", "there is no `counterfactual:` to compare the main offensive with"
    return None
