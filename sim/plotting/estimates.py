"""What figures of several scenarios or of a sweep need of the runs: estimates by `sim.analysis.stats`, plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import InputError
from sim.experiment.plan import CENSORED
from sim.plotting.intervals import Estimate
from sim.scenario.wording import suggestion

if TYPE_CHECKING:
    from sim.analysis.compare import Comparison, Pair, Sheet
    from sim.analysis.stats import Row
    from sim.experiment.read_result import Point, Result
    from sim.model.tally import Outcome

MOST = 3  # outcomes that are chosen where none are named
PROBABILITY = "probability"
NO_MEAN = "is a time that a run may not reach, and has no mean"


@dataclass(frozen=True)
class Known:
    """What the results have in common: units and meanings by outcome, ratios with their parts, headline outcomes."""

    outcomes: Mapping[str, Outcome]
    ratios: Mapping[str, tuple[str, str]]
    headlines: tuple[str, ...]

    def is_probability(self, name: str) -> bool:
        """Return whether an outcome is 0 or 1 in each run."""
        return self.outcomes[name].unit == PROBABILITY


def known(results: Sequence[Result]) -> Known:
    """Return what is known of the outcomes that all results have; raise InputError where they share none."""
    from sim.experiment.dated import is_dated
    from sim.experiment.study import study
    from sim.model.tally import Outcome

    found: dict[str, Outcome] = {}
    ratios: dict[str, tuple[str, str]] = {}
    for result in results:
        ready = study(result.loaded, result.seed, [name for name in result.points[0].outcomes if is_dated(name)])
        found |= {outcome.name: outcome for outcome in ready.outcomes}
        ratios |= ready.ratios
    every = [point for result in results for point in result.points]
    shared = [name for name in every[0].outcomes if all(name in point.outcomes for point in every)]
    if not shared:
        ids = ", ".join(str(result.folder) for result in results)
        raise InputError.single("", "", f"{ids}: have no outcome in common, so they cannot stand in one figure")
    outcomes = {name: found.get(name, Outcome(name, "", "")) for name in shared}
    ratios = {name: parts for name, parts in ratios.items() if all(each in outcomes for each in (name, *parts))}
    return Known(outcomes, ratios, _headlines(results[0]))


def _headlines(result: Result) -> tuple[str, ...]:
    scenario = result.loaded.scenario
    return (
        "dual_success",
        *(f"{theatre}.territory_km2" for theatre in scenario.theatres),
        *(f"{side}.casualties" for side in scenario.sides),
        "collapses",
    )


def chosen(about: Known, asked: Sequence[str], points: Sequence[Point], most: int = MOST) -> list[str]:
    """Return the outcomes asked for, or the headline ones that have a value; raise InputError for unknown ones."""
    if asked:
        for name in asked:
            if name not in about.outcomes:
                message = f"no outcome '{name}' in all of these results{suggestion(name, about.outcomes)}"
                raise InputError.single("--outcomes", "", message)
            if name in CENSORED:
                raise InputError.single("--outcomes", "", f"'{name}' {NO_MEAN}; take '{CENSORED[name]}'")
        return list(dict.fromkeys(asked))
    some = [name for name in about.headlines if name in about.outcomes]
    found = [name for name in some if any(np.isfinite(point.outcomes[name]).any() for point in points)]
    return (found or [name for name in about.outcomes if name not in CENSORED])[:most]


def rows_of(about: Known, names: Sequence[str], point: Point) -> list[Row]:
    """Return some outcomes over the runs of a point, as `sim.analysis.stats` sums them up."""
    from sim.analysis.stats import Crossing, summarise

    wanted = [about.outcomes[name] for name in names]
    ratios = {name: parts for name, parts in about.ratios.items() if name in names}
    return summarise(point.outcomes, Crossing(point.draw, point.replication), wanted, ratios, {})


def estimates(about: Known, names: Sequence[str], point: Point) -> dict[str, Estimate]:
    """Return the estimates of some outcomes over the runs of a point."""
    return {row.name: _estimate(row) for row in rows_of(about, names, point)}


def comparison(about: Known, names: Sequence[str], points: Sequence[Point], reference: int | None) -> Comparison:
    """Return each other point against the reference (None: a few points each against each).

    Points are labelled '0', '1', ... in their order.
    """
    from sim.analysis.compare import compare

    return compare(_sheet(about, points, tuple(str(k) for k in range(len(points)))), names, reference)


def compared(about: Known, names: Sequence[str], points: Sequence[Point], reference: int) -> dict[str, list[Estimate]]:
    """Return, by outcome, the difference of each other point from the reference, as `sim.analysis.compare` has it."""
    rows: dict[str, list[Estimate]] = {name: [] for name in names}
    for pair in comparison(about, names, points, reference).pairs:
        rows[pair.outcome].append(difference_of(pair))
    return rows


def difference_of(pair: Pair) -> Estimate:
    """Return a paired difference as figures draw it."""
    luck = (pair.spread.luck[0], pair.spread.luck[-1]) if pair.spread.luck else None
    spread = (pair.spread.assumptions[0], pair.spread.assumptions[-1]) if pair.spread.assumptions else None
    mean = float("nan") if pair.estimate is None else pair.estimate
    return Estimate(mean, pair.interval, luck, spread)


def _sheet(about: Known, points: Sequence[Point], labels: tuple[str, ...]) -> Sheet:
    """Return all runs on one grid; what a point has not run is not-a-number."""
    from sim.analysis.compare import Sheet
    from sim.analysis.stats import Crossing

    runs = sorted({pair for point in points for pair in _runs(point)})
    place = {pair: k for k, pair in enumerate(runs)}
    values = {name: np.full((len(points), len(runs)), np.nan) for name in about.outcomes}
    for row, point in enumerate(points):
        where = [place[pair] for pair in _runs(point)]
        for name in about.outcomes:
            values[name][row, where] = point.outcomes[name]
    draw, replication = np.array(runs, np.int64).T
    outcomes = tuple(about.outcomes.values())
    return Sheet(labels, Crossing(draw, replication), outcomes, values, about.ratios, {})


def _runs(point: Point) -> list[tuple[int, int]]:
    return list(zip(point.draw.tolist(), point.replication.tolist(), strict=True))


def _estimate(row: Row) -> Estimate:
    ends = (row.luck[0], row.luck[-1]) if row.luck and row.unit != PROBABILITY else None
    spread = (row.assumptions[0], row.assumptions[-1]) if row.assumptions else None
    return Estimate(float("nan") if row.mean is None else row.mean, row.mean_ci95, ends, spread)
