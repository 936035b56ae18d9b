"""K and E against other aspirations, read from the same runs: K* and E* are what is asked of a run, not what it does.

K is met where K >= K*; E where G - G0 >= -(1 - E*) max(G0, G_min) (docs/model.md 3), with G0 = G - (G - G0).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.dilemma import LIKELY, Aims, Index, judge

if TYPE_CHECKING:
    from sim.experiment.judged import Assessment

Values = NDArray[np.float64]


class Stars(NamedTuple):
    """Aspirations: K*, E*, and the gain G_min below which losing it does not matter."""

    regained: float
    kept: float
    minimum_km2: float


class Reached(NamedTuple):
    """What runs reach, float64[policy, draw, replication]: K, G - G0, and G."""

    share: Values
    kept_km2: Values
    gain_km2: Values

    def aims(self, stars: Stars) -> Aims:
        """Return which aims are met under some aspirations."""
        without = self.gain_km2 - self.kept_km2
        floor = -(1.0 - stars.kept) * np.maximum(without, stars.minimum_km2)
        return Aims(_met(self.share, stars.regained), _met(self.kept_km2, floor))


def _met(values: Values, level: Values | float) -> Values:
    return np.where(np.isfinite(values), (values >= level).astype(np.float64), np.nan)


def reached(table: Mapping[str, Values], names: Assessment, sign: float) -> Reached:
    """Return what runs reach on a date; `sign` is that of the main theatre's territory for the side under test."""
    return Reached(table[names.share], table[names.kept], sign * table[names.gain])


class Cell(NamedTuple):
    """The index under some aspirations."""

    stars: Stars
    found: Index


def grid(runs: Reached, assess: Any, likely: float = LIKELY) -> list[Cell]:
    """Return the index for each K* and E* of the scenario: its value and the ends of its range.

    assess : the scenario's `assess`. Intervals of D are those of the maxima (wider than paired ones).
    """
    minimum = float(assess.minimum_gain.central)
    stars = [
        Stars(regained, kept, minimum)
        for regained in levels(assess.regained_share)
        for kept in levels(assess.kept_share)
    ]
    return [Cell(each, judge(runs.aims(each), likely, paired=False).found) for each in stars]


def levels(quantity: Any) -> Sequence[float]:
    """Return the value with the ends of its range or distribution; of neither, a quarter up and down."""
    central = float(quantity.central)
    if quantity.range is not None:
        ends = quantity.range
    elif quantity.distribution is not None:
        ends = (quantity.quantile(0.05), quantity.quantile(0.95))
    else:
        ends = (max(0.0, central - 0.25), min(1.0, central + 0.25))
    return sorted({float(ends[0]), central, float(ends[1])})
