"""Points compared: scenarios or combinations of choices, run on the same draws of the assumptions and the same luck.

Every pair has, for every outcome, a difference with a simultaneous 95 % interval (numerical precision), the spreads
that luck and assumptions give the difference, the probability that one is higher run by run under two couplings of
luck, and how much pairing lowered the variance. A direction is told only where the interval excludes zero. Whether
higher is better is for the reader: "higher" and "lower" are all that is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis import paired
from sim.analysis.simultaneous import Simultaneous, errors_of, simultaneous
from sim.analysis.stats import Crossing, Row, summarise

if TYPE_CHECKING:
    from sim.model.tally import Outcome

Values = NDArray[np.float64]

MOST_ALL_PAIRS = 5  # up to so many points every pair is compared; of more, each with the reference


@dataclass(frozen=True)
class Sheet:
    """The runs of several points, on one grid of draws and replications.

    runs : which runs the values are of, the same for each point.
    values : float64[point, run] by outcome; not-a-number where it does not apply, a run failed or was not made.
    ratios, censored : as in `sim.analysis.stats.summarise`.
    """

    labels: tuple[str, ...]
    runs: Crossing
    outcomes: tuple[Outcome, ...]
    values: Mapping[str, Values]
    ratios: Mapping[str, tuple[str, str]]
    censored: Mapping[str, str]

    def only(self, point: int) -> dict[str, Values]:
        """Return the outcomes of a point, float64[run] by name."""
        return {name: values[point] for name, values in self.values.items()}

    def outcome(self, name: str) -> Outcome:
        """Return the outcome of a name."""
        return next(each for each in self.outcomes if each.name == name)


class Pair(NamedTuple):
    """An outcome compared between two points: the first less the second.

    estimate, interval : difference of means, with its simultaneous 95 % interval; None where there is none.
    floor : half the width that endless replications of the same draws would leave; 0 at fixed assumptions.
    paired, independent : how often the first is higher with the same luck, and with the luck of another replication.
    """

    outcome: str
    unit: str
    first: str
    second: str
    runs: int
    estimate: float | None
    interval: tuple[float, float] | None
    floor: float
    spread: paired.Spread
    paired: paired.Chance
    independent: paired.Chance
    pairing: paired.Pairing
    timed: bool

    @property
    def direction(self) -> str | None:
        """Return 'higher' or 'lower' where the interval excludes zero, else None: then no direction is told."""
        if self.interval is None or self.interval[0] <= 0.0 <= self.interval[1]:
            return None
        return "higher" if self.interval[0] > 0 else "lower"

    @property
    def half_width(self) -> float | None:
        """Return half the width of the interval."""
        return (self.interval[1] - self.interval[0]) / 2 if self.interval else None


@dataclass(frozen=True)
class Comparison:
    """What came of comparing.

    rows : by point, a row for each outcome compared.
    pairs : every pair, outcome after outcome.
    level : what each interval of a difference would hold alone; contrasts : how many share it.
    """

    labels: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    rows: Mapping[str, Sequence[Row]]
    pairs: tuple[Pair, ...]
    level: float
    contrasts: int


def pairs_of(count: int, reference: int | None) -> list[tuple[int, int]]:
    """Return which of `count` points are compared: each with the reference, or every pair of a few points.

    A pair is (later, earlier), so that without a reference the first point is what others are compared with.
    """
    if reference is None and count <= MOST_ALL_PAIRS:
        return [(second, first) for first, second in combinations(range(count), 2)]
    return [(other, reference or 0) for other in range(count) if other != (reference or 0)]


def compare(sheet: Sheet, names: Sequence[str], reference: int | None = None) -> Comparison:
    """Compare points in some outcomes; intervals hold for all pairs and outcomes together."""
    samples = {name: paired.sample(sheet.outcome(name), sheet.values, sheet.ratios, sheet.censored) for name in names}
    places = pairs_of(len(sheet.labels), reference)
    cells = [(name, first, second) for name in names for first, second in places]
    differences = [paired.difference(samples[name], first, second) for name, first, second in cells]
    together = simultaneous(differences, sheet.runs)
    outcomes = tuple(sheet.outcome(name) for name in names)
    return Comparison(
        labels=sheet.labels,
        outcomes=outcomes,
        rows={label: _rows(sheet, point, outcomes) for point, label in enumerate(sheet.labels)},
        pairs=tuple(_pair(sheet, cell, samples[cell[0]], differences[k], together, k) for k, cell in enumerate(cells)),
        level=together.level,
        contrasts=together.contrasts,
    )


def _rows(sheet: Sheet, point: int, outcomes: Sequence[Outcome]) -> list[Row]:
    """Return the rows of a point, of the runs that it has."""
    return summarise(sheet.only(point), sheet.runs, outcomes, sheet.ratios, sheet.censored)


def _pair(
    sheet: Sheet,
    cell: tuple[str, int, int],
    data: paired.Sample,
    difference: paired.Difference,
    together: Simultaneous,
    k: int,
) -> Pair:
    name, first, second = cell
    a, b = data.order[first], data.order[second]
    return Pair(
        outcome=name,
        unit=data.unit,
        first=sheet.labels[first],
        second=sheet.labels[second],
        runs=int(difference.both.sum()),
        estimate=difference.estimate,
        interval=together.intervals[k],
        floor=float(together.floor[k]),
        spread=paired.spread(data, first, second, difference.both, sheet.runs),
        paired=paired.paired_chance(a, b, sheet.runs),
        independent=paired.independent_chance(a, b, sheet.runs),
        pairing=_pairing(data, first, second, sheet.runs),
        timed=data.timed,
    )


def _pairing(data: paired.Sample, first: int, second: int, runs: Crossing) -> paired.Pairing:
    """Return how much pairing lowered the variance of a difference."""
    fixed, interval = paired.fixed_ratio(data, first, second, runs)
    one, other = paired.apart(data, first, second)
    difference = one._replace(errors=one.errors - other.errors)
    a, b, together = errors_of([one, other, difference], runs).variance
    known = None not in (one.estimate, other.estimate) and together > 1e-18 * (a + b) > 0
    return paired.Pairing(fixed, interval, float((a + b) / together) if known else None)
