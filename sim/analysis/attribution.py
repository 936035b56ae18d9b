"""Why the main offensive gained less (or more): the change split by factorial counterfactuals (docs/model.md 3).

Eight worlds, the incursion ordered in all, in which the defender's diversion, the initiator's own diversion and the
allied inflow are on or off. A factor's Shapley share is its effect averaged over the orders in which the factors can be
switched on (Shapley 1953). What the eight worlds do not explain of the change against the counterfactual is the
remainder: what remains of an incursion with all three off.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from math import factorial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.stats import Crossing, Mean, draw_means, quantiles, ratio_of_means

Values = NDArray[np.float64]
World = tuple[bool, ...]

FACTORS = ("defender's diversion", "initiator's own diversion", "allied inflow")


class Share(NamedTuple):
    """A part of the change in main gain: its mean with numerical interval, 5-95 % over sampled draws of its mean."""

    name: str
    mean: Mean
    assumptions: tuple[float, ...] | None


def attribution(gains: Mapping[World, Values], without: Values, runs: Crossing) -> list[Share]:
    """Return the share of each factor, the remainder, and the whole change G - G0, paired run by run.

    gains : float64[run], main gain in each of the eight worlds, keyed by which factors are on (`FACTORS`).
    without : float64[run], main gain in the counterfactual of the same replications.
    Runs that lack any of these values are left out.
    """
    every = np.stack([*gains.values(), without])
    whole = np.asarray(np.isfinite(every).all(axis=0), np.bool_)
    kept = {world: values[whole] for world, values in gains.items()}
    on, off = (True,) * len(FACTORS), (False,) * len(FACTORS)
    parts = {name: shapley(kept, factor) for factor, name in enumerate(FACTORS)}
    parts["remainder"] = kept[off] - without[whole]
    parts["change against no incursion"] = kept[on] - without[whole]
    return [_share(name, values, runs.only(whole)) for name, values in parts.items()]


def shapley(gains: Mapping[World, Values], factor: int) -> Values:
    """Return the Shapley share of a factor in each run, float64[run]."""
    count = len(next(iter(gains)))
    total = np.zeros(len(next(iter(gains.values()))))
    for others in product((False, True), repeat=count - 1):
        before, after = ((*others[:factor], state, *others[factor:]) for state in (False, True))
        size = sum(others)
        weight = factorial(size) * factorial(count - size - 1) / factorial(count)
        total += weight * (gains[after] - gains[before])
    return total


def _share(name: str, values: Values, runs: Crossing) -> Share:
    ones = np.ones(len(values))
    sampled = runs.draw > 0
    per_draw = draw_means(values[sampled], ones[sampled], runs.draw[sampled])
    spread = quantiles(per_draw, (0.05, 0.95)) if len(per_draw) > 1 else None
    return Share(name, ratio_of_means(values, ones, runs), spread)
