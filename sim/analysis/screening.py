"""Morris screening: which of many assumptions move an outcome at all (Morris 1991; Campolongo et al. 2007).

Trajectories step through a grid of four levels of each assumption, one at a time. An elementary effect is the change
of the outcome at a step, scaled to the whole way from the 5 % to the 95 % quantile. Both ends of a step have the same
luck, replication by replication. What luck is left in an effect makes mean absolute effects too large: its size (the
floor) stands beside them, and the ranking is by the root mean square effect from products of different replications,
which luck does not raise.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.uncertain import HIGH, LOW

Values = NDArray[np.float64]
LEVELS = 4


class Screened(NamedTuple):
    """Effects of assumptions on an outcome, float64[factor] each, in the outcome's unit over the 5 to 95 % range.

    mean : mean effect (signed); star : mean absolute effect (mu*), half_width its 95 % half width over trajectories.
    sigma : standard deviation of effects; floor : what luck alone would make of mu*.
    rank_by : root mean square effect, freed of luck. effects : elementary effects that had values, of all.
    """

    mean: Values
    star: Values
    half_width: Values
    sigma: Values
    floor: Values
    rank_by: Values
    used: int
    asked: int

    def order(self) -> list[int]:
        """Return the factors, the strongest first; ties by mu*, then in the scenario's order."""
        return sorted(range(len(self.star)), key=lambda k: (-self.rank_by[k], -self.star[k], k))


def trajectories(count: int, factors: int, seed: int) -> Values:
    """Return the steps of Morris trajectories as quantiles, float64[trajectory, factor + 1, factor]."""
    from SALib.sample import morris

    problem = {"num_vars": factors, "names": [str(k) for k in range(factors)], "bounds": [[LOW, HIGH]] * factors}
    made = morris.sample(problem, count, num_levels=LEVELS, seed=seed % (2**32 - 1) + 1)  # it takes 0 for unseeded
    return np.asarray(made, np.float64).reshape(count, factors + 1, factors)


def effects(steps: Values, values: Values) -> Values:
    """Return elementary effects, float64[trajectory, factor, replication], nothing where an end of a step has none.

    steps : float64[trajectory, step, factor], quantiles; values : float64[trajectory, step, replication].
    """
    moves = np.diff(steps, axis=1) / (HIGH - LOW)
    which = np.abs(moves).argmax(axis=2)
    size = np.take_along_axis(moves, which[:, :, None], axis=2)
    slopes = np.diff(values, axis=1) / size
    found = np.empty_like(slopes)
    np.put_along_axis(found, np.broadcast_to(which[:, :, None], slopes.shape), slopes, axis=1)
    return found


def screen(steps: Values, values: Values) -> Screened:
    """Return what trajectories say of each factor; an effect without a value in some replication is left out."""
    found = effects(steps, values)
    whole = np.isfinite(found).all(axis=2)
    means, replications = found.mean(axis=2), values.shape[2]
    errors = found.var(axis=2, ddof=1) / replications if replications > 1 else np.zeros_like(means)
    count = np.maximum(whole.sum(axis=0), 1)

    def mean(of: Values) -> Values:
        return np.asarray(np.where(whole, of, 0.0).sum(axis=0) / count, np.float64)

    centre, star = mean(means), mean(np.abs(means))
    scatter = mean(np.square(np.abs(means) - star)) * count / np.maximum(count - 1, 1)
    return Screened(
        mean=centre,
        star=star,
        half_width=1.96 * np.sqrt(scatter / count),
        sigma=np.sqrt(mean(np.square(means - centre)) * count / np.maximum(count - 1, 1)),
        floor=mean(np.sqrt(errors)) * math.sqrt(2 / math.pi),
        rank_by=np.sqrt(np.maximum(mean(np.square(means) - errors), 0.0)),
        used=int(whole.sum()),
        asked=whole.size,
    )
