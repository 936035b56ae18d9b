"""What is run for a dilemma, and what comes of it on each date: index, price in people, what would change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.aspirations import Cell, grid, reached
from sim.analysis.dilemma import LIKELY, Aims, Index, Judged, across_draws, judge
from sim.analysis.paired import Sample, difference
from sim.analysis.simultaneous import simultaneous
from sim.analysis.stats import sampled_runs
from sim.errors import RunError
from sim.experiment.design import Design
from sim.experiment.evaluate import Evaluate
from sim.experiment.judged import Assessment, assessments, main_sign
from sim.experiment.policies import Inflow, Place, Policy, Running, run_policies, run_surface

if TYPE_CHECKING:
    from sim.scenario.load import Loaded

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Question:
    """What is asked: the policies with the reference that prices are compared with, the runs, and the surface."""

    loaded: Loaded
    policies: tuple[Policy, ...]
    reference: int
    design: Design
    surface_design: Design
    surface: tuple[Inflow, tuple[Place, ...]] | None = None
    likely: float = LIKELY

    @property
    def dates(self) -> tuple[Assessment, ...]:
        """Return the dates on which the scenario is judged."""
        return assessments(self.loaded)


class Price(NamedTuple):
    """People that policies cost by a date, float64[policy].

    change, low, high : paired difference to the reference with its interval, simultaneous over all prices of the date;
    not-a-number for the reference itself.
    """

    mean: Values
    change: Values
    low: Values
    high: Values


class OnDate(NamedTuple):
    """What comes of it on a date.

    across : 5 and 95 % over draws of pK, pE, pKE and D of the maximisers; independent : pKE of the best
    policy with the counterfactual of another replication; prices : by what is paid.
    """

    names: Assessment
    judged: Judged
    across: Mapping[str, tuple[float, float] | None]
    independent: float | None
    prices: Mapping[str, Price]
    cells: tuple[Cell, ...]
    surface: tuple[tuple[Place, Index], ...]


def study(evaluate: Evaluate, asked: Question) -> tuple[OnDate, ...]:
    """Run the policies and the surface; return what comes of them on each date."""
    names = [name for each in asked.dates for name in each.outcomes]
    table = run_policies(Running(evaluate, asked.design), asked.policies, names)
    around: Mapping[str, Values] = {}
    if asked.surface is not None:
        judged = [name for each in asked.dates for name in (each.second, each.main)]
        around = run_surface(Running(evaluate, asked.surface_design), asked.policies, asked.surface, judged)
    return tuple(_on_date(asked, each, table, around) for each in asked.dates)


def _on_date(asked: Question, names: Assessment, table: Mapping[str, Values], around: Mapping[str, Values]) -> OnDate:
    aims = Aims(table[names.second], table[names.main])
    if not np.isfinite(aims.both).any():
        raise RunError(f"no run of any policy says whether the aims are met on {names.when}")
    judged = judge(aims, asked.likely)
    best = judged.found.both.policy
    apart = table[names.independent][best]
    sampled = apart[1:] if len(apart) > 1 else apart
    return OnDate(
        names,
        judged,
        across_draws(aims, judged.found),
        float(np.nanmean(sampled)) if np.isfinite(sampled).any() else None,
        _prices({what: table[outcome] for what, outcome in names.price.items()}, asked.reference),
        tuple(grid(reached(table, names, main_sign(asked.loaded)), asked.loaded.scenario.assess, asked.likely)),
        _surface(asked, names, around),
    )


def _surface(asked: Question, names: Assessment, around: Mapping[str, Values]) -> tuple[tuple[Place, Index], ...]:
    if asked.surface is None:
        return ()
    second, main = around[names.second], around[names.main]
    return tuple(
        (place, judge(Aims(second[k], main[k]), asked.likely, paired=False).found)
        for k, place in enumerate(asked.surface[1])
    )


def _prices(paid: Mapping[str, Values], reference: int) -> dict[str, Price]:
    """Return the price of each policy; intervals of differences hold for all prices and policies together."""
    count, draws, luck = next(iter(paid.values())).shape
    kept, crossing = sampled_runs(draws, luck)
    others = [k for k in range(count) if k != reference]
    made = []
    for values in paid.values():
        rows = values[:, kept].reshape(count, -1)
        data = Sample(rows, np.ones_like(rows), rows, "people", False)
        made += [difference(data, k, reference) for k in others]
    ends = simultaneous(made, crossing).intervals
    found = {}
    for place, (what, values) in enumerate(paid.items()):
        part = slice(place * len(others), (place + 1) * len(others))
        changes = [
            (each.estimate, *(pair or (np.nan, np.nan))) for each, pair in zip(made[part], ends[part], strict=True)
        ]
        found[what] = _price(values[:, kept].reshape(count, -1), others, changes)
    return found


def _price(rows: Values, others: Sequence[int], changes: Sequence[tuple[float | None, float, float]]) -> Price:
    columns = np.full((3, len(rows)), np.nan)
    for k, (estimate, low, high) in zip(others, changes, strict=True):
        columns[:, k] = np.nan if estimate is None else estimate, low, high
    there = np.isfinite(rows)
    mean = np.where(there, rows, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    return Price(mean, columns[0], columns[1], columns[2])
