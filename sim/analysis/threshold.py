"""Where along a line a condition on a statistic begins or ceases to hold: a confidence set, not one number.

The set comes of inverting a simultaneous band over the points (`sim.analysis.curve`): at each value looked at, the
condition holds, does not hold, or cannot be told, and all of that is right together in 95 % of analyses. No shape is
assumed: none, several and non-monotone crossings come out as they are.

Runs go where they matter. A coarse spread of values is looked at first. Then a value is added half-way between two
neighbours that were told differently, and where the band straddles the level but what is left of the budget may tell,
runs are doubled: replications of these values where luck makes the width, draws of all values where assumptions do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.condition import Condition
from sim.analysis.curve import UNTOLD, Band, band
from sim.experiment.axis import Axis
from sim.experiment.design import Design
from sim.experiment.evaluate import Evaluate

Values = NDArray[np.float64]

MOST_ROUNDS = 16
_FOR_RUNS = 0.6  # share of the budget for more runs of values; the rest is for values that are added


@dataclass(frozen=True)
class Search:
    """What is sought, and with what.

    design : the draws and replications that each value gets first; points : how many values are looked at first;
    resolution : two values told differently are not parted further below this distance; budget : runs at most.
    """

    axis: Axis
    condition: Condition
    design: Design
    points: int = 9
    resolution: float = 0.0
    budget: int = 30_000


class Found(NamedTuple):
    """What was found.

    at : the values looked at, in order; runs : the outcome, float64[draw, replication] of each.
    ended : why it ended: 'precision' or 'budget'.
    """

    at: tuple[float, ...]
    runs: tuple[Values, ...]
    designs: tuple[Design, ...]
    band: Band
    states: tuple[str, ...]
    ended: str

    @property
    def spent(self) -> int:
        """Return how many runs the answer rests on."""
        return sum(design.runs for design in self.designs)


@dataclass
class _Work:
    """The values looked at so far, with what each is run with."""

    designs: dict[float, Design]
    runs: dict[float, Values] = field(default_factory=dict)
    made: dict[float, Design] = field(default_factory=dict)

    @property
    def at(self) -> list[float]:
        return sorted(self.designs)

    @property
    def spent(self) -> int:
        return sum(design.runs for design in self.designs.values())


def search(evaluate: Evaluate, asked: Search) -> Found:
    """Return where the condition holds, after looking more closely where that matters."""
    work = _Work({value: asked.design for value in asked.axis.spread(asked.points)})
    for turn in range(MOST_ROUNDS):
        _run(evaluate, asked, work)
        seen = band([work.runs[value] for value in work.at], asked.condition.statistic)
        states = seen.states(asked.condition)
        wanted = _wanted(asked, work, seen, states)
        allowed = _affordable(wanted, work, asked.budget)
        if not allowed or turn == MOST_ROUNDS - 1:
            break
        work.designs.update(allowed)
    ended = "budget" if wanted else "precision"
    at = tuple(work.at)
    runs, designs = tuple(work.runs[value] for value in at), tuple(work.designs[value] for value in at)
    return Found(at, runs, designs, seen, tuple(states), ended)


def _run(evaluate: Evaluate, asked: Search, work: _Work) -> None:
    """Run what is missing: each value is a design of its own, so that more runs of it go on where it was."""
    outcome = asked.condition.statistic.outcome
    for value, design in sorted(work.designs.items()):
        if work.made.get(value) != design:
            work.runs[value] = evaluate(asked.axis.point(value), design, [outcome]).values[outcome][0]
            work.made[value] = design


def _wanted(asked: Search, work: _Work, seen: Band, states: Sequence[str]) -> dict[float, Design]:
    """Return the values to add and those to run more of, with their designs.

    Draws are added at all values or at none, so that the whole line rests on the same assumptions. Where runs will tell
    no more values, the ends of what cannot be told are looked at more closely.
    """
    found = _between(asked, work, states, told=True)
    hopeful = _hopeful(asked, work, seen, states)
    draws = work.designs[work.at[0]].draws
    if hopeful and draws and float(np.mean(seen.lasting[hopeful])) > 0.5:
        more = {value: replace(design, draws=2 * draws) for value, design in work.designs.items()}
        if work.spent + sum(_cost(work, value, design) for value, design in more.items()) <= _FOR_RUNS * asked.budget:
            return more
        hopeful = []
    for value in (work.at[k] for k in hopeful):
        design = work.designs[value]
        found[value] = replace(design, replications=2 * design.replications)
    return found or _between(asked, work, states, told=False)


def _between(asked: Search, work: _Work, states: Sequence[str], told: bool) -> dict[float, Design]:
    """Return a value half-way between any two neighbours that lie far apart and of which states differ.

    told : only where both are told.
    """
    found = {}
    for (low, before), (high, after) in pairwise(zip(work.at, states, strict=True)):
        middle = asked.axis.between(low, high)
        if before == after or (told and UNTOLD in (before, after)):
            continue
        if middle is not None and high - low > asked.resolution:
            found[middle] = max((work.designs[low], work.designs[high]), key=lambda design: design.runs)
    return found


def _hopeful(asked: Search, work: _Work, seen: Band, states: Sequence[str]) -> list[int]:
    """Return the places of the values that are not told but may be with what is left of the budget for runs."""
    untold, found = [k for k, state in enumerate(states) if state == UNTOLD], []
    for k in untold:
        runs, left = work.designs[work.at[k]].runs, (_FOR_RUNS * asked.budget - work.spent) / len(untold)
        narrower, half = math.sqrt(runs / (runs + max(left, 0.0))), (seen.high[k] - seen.low[k]) / 2
        if not math.isfinite(half) or abs(seen.estimate[k] - asked.condition.level) > narrower * half:
            found.append(k)
    return found


def _affordable(wanted: dict[float, Design], work: _Work, budget: int) -> dict[float, Design]:
    """Return what the budget allows, the cheapest first."""
    left, found = budget - work.spent, {}
    for value, design in sorted(wanted.items(), key=lambda item: (_cost(work, item[0], item[1]), item[0])):
        cost = _cost(work, value, design)
        if cost <= left:
            left -= cost
            found[value] = design
    return found


def _cost(work: _Work, value: float, design: Design) -> int:
    before = work.designs.get(value)
    return design.runs - (before.runs if before else 0)
