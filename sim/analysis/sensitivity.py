"""What an outcome hangs on: luck, and which of the assumptions (docs/sensitivity.md).

A screening (Morris) over all uncertain numbers finds the few that matter; Sobol' indices share out the variance that
assumptions make between these few and the rest, which is one group, so that nothing is held fixed; luck has a share of
its own, from draws that each have luck of their own; and the effect of each of the few has its sign and size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.given_data import first_order
from sim.analysis.indices import Found, Interval, LuckShare, indices, luck_share, pick_freeze
from sim.analysis.screening import Screened, screen, trajectories
from sim.analysis.stats import student_975
from sim.analysis.uncertain import HIGH, LOW, at_shares, evaluated
from sim.errors import InputError
from sim.experiment.design import Design, check_count
from sim.experiment.points import single

if TYPE_CHECKING:
    from sim.experiment.evaluate import Evaluate
    from sim.experiment.factors import Factor

Values = NDArray[np.float64]
MORRIS, SOBOL, GIVEN = "morris", "sobol", "given"
METHODS = (MORRIS, SOBOL, GIVEN)
REST = "the rest"
LEAST_SHARE = 0.8  # of the design's rows that must have a value; fewer would be another population


@dataclass(frozen=True)
class Settings:
    """What is asked, and how finely.

    top : assumptions that get indices of their own; named : those of them that are named (places), none: by screening.
    trajectories : of the screening; rows : of the Sobol' design (a power of two is balanced); replications : at each
    point of both.
    draws : for luck's share (times 2 replications); effects : replications at each end of an assumption's range.
    """

    outcomes: tuple[str, ...]
    method: str = SOBOL
    top: int = 12
    named: tuple[int, ...] = ()
    trajectories: int = 10
    rows: int = 256
    replications: int = 4
    draws: int = 400
    effects: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what is too little to say anything."""
        for option, value, least in (
            ("--trajectories", self.trajectories, 4),
            ("--rows", self.rows, 32),
            ("--replications", self.replications, 2),
            ("--draws", self.draws, 32),
            ("--top", self.top, 1),
        ):
            if value < least:
                raise InputError.single(option, "", f"{value} is too few for this; at least {least}")
            check_count(option, value)


class Effect(NamedTuple):
    """An outcome at an end of an assumption's range less that at central assumptions, with its 95 % interval."""

    low: Interval
    high: Interval


@dataclass(frozen=True)
class Sensitivity:
    """What was found, by outcome.

    parameters : all uncertain numbers; chosen : places of those with indices of their own.
    found, effects : None where the method makes none; effects in the order of `chosen`.
    """

    parameters: tuple[str, ...]
    chosen: tuple[int, ...]
    ends: tuple[tuple[float, float], ...]
    screened: Mapping[str, Screened]
    found: Mapping[str, Found]
    luck: Mapping[str, LuckShare]
    effects: Mapping[str, tuple[Effect, ...]]

    @property
    def rest(self) -> tuple[int, ...]:
        """Return the places of the parameters that are one group."""
        return tuple(k for k in range(len(self.parameters)) if k not in set(self.chosen))


def sensitivity(evaluate: Evaluate, factors: Sequence[Factor], settings: Settings) -> Sensitivity:
    """Return what the outcomes hang on, of independent uncertain numbers."""
    screened = {} if settings.named else _screening(evaluate, factors, settings)
    chosen = settings.named or most_moving(screened, settings.top)
    found = _sobol(evaluate, factors, chosen, settings) if settings.method == SOBOL else {}
    return Sensitivity(
        parameters=tuple(factor.name for factor in factors),
        chosen=chosen,
        ends=tuple((_end(factors[k], LOW), _end(factors[k], HIGH)) for k in chosen),
        screened=screened,
        found=found,
        luck=_luck(evaluate, settings),
        effects=_effects(evaluate, [factors[k] for k in chosen], settings),
    )


def most_moving(screened: Mapping[str, Screened], top: int) -> tuple[int, ...]:
    """Return the assumptions that move outcomes most: the strongest of each outcome in turn, until there are enough."""
    orders = [each.order() for each in screened.values()]
    chosen: dict[int, None] = {}
    for place in range(len(orders[0])):
        for order in orders:
            if len(chosen) < top:
                chosen[order[place]] = None
    return tuple(chosen)


def _screening(evaluate: Evaluate, factors: Sequence[Factor], settings: Settings) -> dict[str, Screened]:
    steps = trajectories(settings.trajectories, len(factors), settings.seed)
    rows = at_shares(factors, steps.reshape(-1, len(factors)))
    table = evaluated(evaluate, factors, rows, Design(settings.seed, 0, settings.replications), settings.outcomes)
    found = {}
    for name in settings.outcomes:
        values = table[name].reshape(*steps.shape[:2], settings.replications)
        found[name] = screen(steps, values)
        check_enough(name, found[name].used, found[name].asked)
    return found


def _sobol(
    evaluate: Evaluate, factors: Sequence[Factor], chosen: Sequence[int], settings: Settings
) -> dict[str, Found]:
    rest = [k for k in range(len(factors)) if k not in set(chosen)]
    groups = [[k] for k in chosen] + ([rest] if rest else [])
    design = pick_freeze(groups, settings.rows, len(factors), settings.seed)
    rows = at_shares(factors, design.reshape(-1, len(factors)))
    table = evaluated(evaluate, factors, rows, Design(settings.seed, 0, settings.replications), settings.outcomes)
    found = {}
    for name in settings.outcomes:
        values = table[name].reshape(*design.shape[:2], settings.replications)
        found[name] = indices(values, settings.seed)
        check_enough(name, found[name].used, found[name].asked)
    return found


def _luck(evaluate: Evaluate, settings: Settings) -> dict[str, LuckShare]:
    table = evaluate(single(), Design(settings.seed, settings.draws, 2, nested=True), settings.outcomes)
    found = {name: luck_share(table.values[name][0, 1:]) for name in settings.outcomes}
    for name, each in found.items():
        check_enough(name, each.used, each.asked)
    return found


def _effects(evaluate: Evaluate, factors: Sequence[Factor], settings: Settings) -> dict[str, tuple[Effect, ...]]:
    """Return what each assumption does alone: at both ends of its range, the others central, on the same luck."""
    central = np.array([factor.quantity.central if factor.quantity else np.nan for factor in factors])
    rows = np.tile(central, (2 * len(factors) + 1, 1))
    for k, factor in enumerate(factors):
        rows[2 * k + 1, k], rows[2 * k + 2, k] = _end(factor, LOW), _end(factor, HIGH)
    table = evaluated(evaluate, factors, rows, Design(settings.seed, 0, settings.effects), settings.outcomes)
    found = {}
    for name in settings.outcomes:
        changes = table[name][1:] - table[name][0]
        ends = [mean_interval(change) for change in changes]
        found[name] = tuple(Effect(*pair) for pair in zip(ends[::2], ends[1::2], strict=True))
    return found


def _end(factor: Factor, share: float) -> float:
    return float(factor.at(share))


def mean_interval(values: Values) -> Interval:
    """Return a mean with its 95 % t interval, of those that are there."""
    there = values[np.isfinite(values)]
    if len(there) < 2:
        return Interval(np.nan, np.nan, np.nan)
    mean, half = float(there.mean()), student_975(len(there) - 1) * float(there.std(ddof=1)) / len(there) ** 0.5
    return Interval(mean, mean - half, mean + half)


def check_enough(name: str, used: int, asked: int) -> None:
    """Refuse an outcome that has too seldom a value: what is left would say nothing of the scenario as it is."""
    if used < LEAST_SHARE * asked:
        message = (
            f"'{name}' has a value in {used:,} of {asked:,} rows of the design only, fewer than {LEAST_SHARE:.0%}: "
            "indices would be of another population. Ask for an outcome that every run has (regained, not regained_day)"
        )
        raise InputError.single("--outcome", "", message)


class Given(NamedTuple):
    """First-order shares from draws as they are, by outcome; None where the mean over luck does not vary."""

    shares: Mapping[str, Mapping[str, Interval] | None]
    luck: Mapping[str, LuckShare]


def given(evaluate: Evaluate, inputs: Mapping[str, Values], settings: Settings) -> Given:
    """Return shares from draws, for inputs (float64[draw + 1] by path) that may depend on each other."""
    table = evaluate(single(), Design(settings.seed, settings.draws, 2, nested=True), settings.outcomes)
    shares: dict[str, Mapping[str, Interval] | None] = {}
    luck = {}
    for name in settings.outcomes:
        values = table.values[name][0, 1:]
        whole: NDArray[np.bool_] = np.asarray(np.isfinite(values).all(axis=1))
        check_enough(name, int(whole.sum()), len(whole))
        varies = {path: column[1:][whole] for path, column in inputs.items() if np.ptp(column[1:]) > 0}
        shares[name] = first_order(varies, values[whole])
        luck[name] = luck_share(values)
    return Given(shares, luck)
