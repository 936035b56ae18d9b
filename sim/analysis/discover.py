"""Which assumptions make a plan fail, which option is the least regretted, and what knowing more would be worth.

One table of runs serves all: every option of a decision in the same draws of the assumptions with the same luck, each
draw with luck of its own (docs/discover.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.analysis.condition import Condition, Event
from sim.analysis.indices import Interval
from sim.analysis.prim import LEAST_DRAWS, Box, find_boxes
from sim.analysis.regret import BreakEven, Regret, Worth, break_evens, perfect_information, regrets, satisficing, worths
from sim.analysis.sensitivity import mean_interval
from sim.errors import InputError
from sim.experiment.design import Design, check_count

if TYPE_CHECKING:
    from sim.experiment.evaluate import Evaluate
    from sim.experiment.points import Points

Values = NDArray[np.float64]
LEAST_SHARE = 0.8  # of draws that must have a value under every option
MOST_BREAK_EVENS = 3  # an assumption at which the best option changes more often is noise


@dataclass(frozen=True)
class Aim:
    """What an option is to do: more or less of an outcome; None: that the event does not happen."""

    outcome: str | None = None
    more: bool = True

    def gains(self, event: Event, values: Mapping[str, Values]) -> Values:
        """Return what is to be high, per run, in the outcome's unit."""
        if self.outcome is None:
            return 1 - event.holds(values[event.outcome])
        return values[self.outcome] if self.more else -values[self.outcome]


@dataclass(frozen=True)
class Settings:
    """What is asked, and how finely.

    event : what "the plan fails" is; aim : what regret is of; meets : what satisfices (None: the event in under half
    of a draw's runs); taken : place of the option that the scenario takes.
    """

    event: Event
    options: tuple[str, ...]
    taken: int = 0
    aim: Aim = Aim()
    meets: Condition | None = None
    draws: int = 1_000
    replications: int = 6
    boxes: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what is too little to say anything."""
        if self.draws < LEAST_DRAWS:
            why = "boxes are peeled in half of them and measured in the other"
            message = f"{self.draws} are too few: {why}; at least {LEAST_DRAWS}"
            raise InputError.single("--draws", "", message)
        if self.replications < 2:
            raise InputError.single("--replications", "", f"{self.replications} is too few: luck needs at least 2")
        if self.boxes < 1:
            raise InputError.single("--boxes", "", f"{self.boxes} is below 1; nothing would be looked for")
        check_count("--draws", self.draws)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Return the outcomes that it takes."""
        names = [self.event.outcome, self.aim.outcome, self.meets.statistic.outcome if self.meets else None]
        return tuple(dict.fromkeys(name for name in names if name))


@dataclass(frozen=True)
class Discovered:
    """What was found.

    frequency : of the event under the option taken; boxes : in which it is frequent, () where there are none.
    means : each option's mean gain; ahead : of the best on the second best, paired by draw (None of one option).
    used : draws that had a value under every option, of those asked.
    """

    frequency: Interval
    boxes: tuple[Box, ...]
    ranges: Mapping[str, tuple[float, float]]
    means: tuple[float, ...]
    ahead: Interval | None
    regrets: tuple[Regret, ...]
    satisficing: tuple[tuple[float, float, float], ...]
    information: Worth | None
    partial: Mapping[str, Worth]
    turns: Mapping[str, tuple[BreakEven, ...]]
    used: int


def discover(evaluate: Evaluate, points: Points, inputs: Mapping[str, Values], settings: Settings) -> Discovered:
    """Return what the runs say; inputs : float64[draw + 1] by path, draw 0 first; a point for each option."""
    design = Design(settings.seed, settings.draws, settings.replications, nested=True)
    table = evaluate(points, design, settings.outcomes)
    values = {name: table.values[name][:, 1:] for name in settings.outcomes}
    whole = np.all([np.isfinite(each).all(axis=(0, 2)) for each in values.values()], axis=0)
    _check_enough(int(whole.sum()), settings)
    values = {name: each[:, whole] for name, each in values.items()}
    inputs = {path: column[1:][whole] for path, column in inputs.items() if np.ptp(column[1:]) > 0}
    return _discovered(values, inputs, settings)


def _discovered(values: Mapping[str, Values], inputs: Mapping[str, Values], settings: Settings) -> Discovered:
    happens = settings.event.holds(values[settings.event.outcome])
    gains = settings.aim.gains(settings.event, values)
    several = len(settings.options) > 1
    partial = worths(gains, inputs) if several else {}
    told = [path for path, worth in partial.items() if worth.told]
    turns = {path: tuple(break_evens(gains, inputs[path], settings.options)) for path in told}
    shares = happens[settings.taken].mean(axis=1)
    return Discovered(
        frequency=mean_interval(shares),
        boxes=tuple(find_boxes(inputs, shares, settings.boxes)) if 0 < shares.mean() < 1 else (),
        ranges={path: (float(column.min()), float(column.max())) for path, column in inputs.items()},
        means=tuple(float(each.mean()) for each in gains),
        ahead=_ahead(gains) if several else None,
        regrets=tuple(regrets(gains)) if several else (),
        satisficing=tuple(satisficing(_met(values, happens, settings))),
        information=perfect_information(gains) if several else None,
        partial=partial,
        turns={path: found for path, found in turns.items() if len(found) <= MOST_BREAK_EVENS},
        used=len(shares),
    )


def _ahead(gains: Values) -> Interval:
    """Return by how much the best option is ahead of the second best on average, paired by draw and luck."""
    means = gains.mean(axis=2)
    first, second = np.argsort(-means.mean(axis=1), kind="stable")[:2]
    return mean_interval(means[first] - means[second])


def _met(values: Mapping[str, Values], happens: Values, settings: Settings) -> NDArray[np.bool_]:
    """Return which draws meet the condition under each option, bool[option, draw]."""
    if settings.meets is None:
        return np.asarray(happens.mean(axis=2) < 0.5, np.bool_)
    statistic = settings.meets.statistic
    table = values[statistic.outcome]
    return np.array([[settings.meets.holds(statistic.of(draw)) for draw in option] for option in table], np.bool_)


def _check_enough(used: int, settings: Settings) -> None:
    if used < max(LEAST_SHARE * settings.draws, LEAST_DRAWS):
        message = (
            f"{' and '.join(settings.outcomes)} have a value under every option in {used} of {settings.draws} draws "
            "only. Dual success is nothing where no incursion is ordered: leave that option out or take another outcome"
        )
        raise InputError.single("--choices", "", message)
