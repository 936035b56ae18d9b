"""First-order indices from draws as they are: for inputs that depend on each other, where nothing can be moved alone.

An input's range is cut into slices with equally many draws; the variance of the slices' means, less what scatter within
slices adds to it, is Var(E[Y | x]) (Plischke, Borgonovo and Smith 2013). Of dependent inputs it holds what goes with
the input, its own effect and that of others which vary with it; shares can add up to more than one.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sim.analysis.indices import Interval
from sim.analysis.stats import NORMAL_975

Values = NDArray[np.float64]
GROUPS = 20  # of the jackknife
LEAST_DRAWS = 100


def slices(draws: int) -> int:
    """Return into how many slices so many draws are cut: about one for 40 draws, 4 to 24."""
    return int(np.clip(draws // 40, 4, 24))


def first_order(inputs: Mapping[str, Values], values: Values) -> dict[str, Interval] | None:
    """Return each input's share of the variance of the mean over luck; None where that variance is not above zero.

    inputs : float64[draw] by path; values : float64[draw, replication], finite, luck of its own in each draw.
    """
    means, noise = values.mean(axis=1), _noise(values)
    if float(means.var(ddof=1)) - float(noise.mean()) <= 0:
        return None
    fold = np.arange(len(means)) % GROUPS
    found = {}
    for path, column in inputs.items():
        value = _share(column, means, noise)
        left = [_share(column[fold != k], means[fold != k], noise[fold != k]) for k in range(GROUPS)]
        half = NORMAL_975 * float(np.sqrt(np.var(left) * (GROUPS - 1)))
        found[path] = Interval(value, value - half, value + half)
    return found


def _noise(values: Values) -> Values:
    """Return the variance that luck adds to each draw's mean, float64[draw]."""
    replications = values.shape[1]
    if replications < 2:
        return np.zeros(len(values))
    return np.asarray(values.var(axis=1, ddof=1) / replications, np.float64)


def _share(column: Values, means: Values, noise: Values) -> float:
    """Return the variance of slices' means over that of the mean over luck, both freed of scatter."""
    spread = float(means.var(ddof=1) - noise.mean())
    order, count = np.argsort(column, kind="stable"), slices(len(column))
    parts = [means[part] for part in np.array_split(order, count)]
    size = len(column) / count
    within = float(np.mean([part.var(ddof=1) for part in parts]))
    between = float(np.var([part.mean() for part in parts], ddof=1)) - within / size
    return between * (count - 1) / count / spread if spread > 0 else 0.0
