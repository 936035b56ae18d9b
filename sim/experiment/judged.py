"""What a scenario has to say before dual success can be asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.errors import InputError
from sim.experiment.variant import COMPARED

if TYPE_CHECKING:
    from sim.scenario.load import Loaded

JUDGED = ("regained_share", "second_front_regained")  # asked of the incursion that is ordered


def check_judged(loaded: Loaded, where: str, outcomes: Iterable[str] = ("dual_success",)) -> None:
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


class Assessment(NamedTuple):
    """A date on which a scenario is judged, with the names of its outcomes.

    share : K; kept : G - G0; second, main, both : K >= K*, E met, both; independent : both, with the counterfactual of
    another replication; gain : the change of the main theatre's territory since the start; price : people by what they
    are, such as 'casualties of russia'; those taken from the main front are of the side under test.
    """

    name: str
    when: date
    share: str
    kept: str
    second: str
    main: str
    both: str
    independent: str
    gain: str
    price: Mapping[str, str]

    @property
    def outcomes(self) -> list[str]:
        """Return every outcome."""
        own = [self.share, self.kept, self.second, self.main, self.both, self.independent, self.gain]
        return [*own, *self.price.values()]

    @property
    def judged(self) -> list[str]:
        """Return the outcomes that K, E and both are made of."""
        return [self.share, self.kept, self.second, self.main, self.both, self.gain]


def assessments(loaded: Loaded) -> tuple[Assessment, ...]:
    """Return the dates of a scenario that says how it is judged, in the order written."""
    scenario: Any = loaded.scenario
    main = next(name for name, theatre in scenario.theatres.items() if theatre.role == "main")
    found = []
    for position, (name, when) in enumerate(scenario.assess.dates.items()):
        end = "" if position == 0 else f".{name}"
        gain = f"{main}.territory_km2@{scenario.start}..{when}"
        price = {
            **{f"casualties of {side}": f"{side}.casualties@{when}" for side in scenario.sides},
            **{f"diverted by {side}": f"{side}.people_diverted@{when}" for side in scenario.sides},
            "taken from its main front": f"{scenario.assess.side}.people_drawn_from_main@{when}",
        }
        judged = (f"second_front_regained{end}", f"main_offensive_kept{end}", f"dual_success{end}")
        own = (f"regained_share{end}", f"main_gain_kept_km2{end}", *judged, f"dual_success{end}.independent")
        found.append(Assessment(name, when, *own, gain, price))
    return tuple(found)


def main_sign(loaded: Loaded) -> float:
    """Return 1 where the side under test gains as the main theatre's territory rises, else -1."""
    scenario: Any = loaded.scenario
    main = next(theatre for theatre in scenario.theatres.values() if theatre.role == "main")
    return 1.0 if main.positive == scenario.assess.side else -1.0
