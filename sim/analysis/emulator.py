"""What runs say as a function of the assumptions: a mean with normal scatter, fitted to runs.

The mean is quadratic in the first inputs (the most influential), and linear in the others.

The scatter is luck, the assumptions that are not among the inputs, and what a quadratic misses; all of it is kept as
one covariance. Inputs are normal scores (a standard normal number for each assumption), outputs are on the scale of
`observation_model`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

INFLUENTIAL = 0.005  # share of the variance of a figure among runs that an assumption has to explain
MOST_INPUTS = 60
MOST_CURVED = 20  # inputs that have squares and products; the others are linear
_PENALTY = 1.0  # of the ridge: of one run's weight; it only keeps the fit defined where runs are few


@dataclass(frozen=True)
class Emulator:
    """A fitted mean and scatter: float64[feature, output], float64[output, output]."""

    coefficients: Values
    covariance: Values
    explained: Values

    def mean(self, scores: Values) -> Values:
        """Return the mean of the outputs at inputs, float64[point, output]."""
        return features(scores) @ self.coefficients


def features(scores: Values) -> Values:
    """Return 1, each input, and the products of all pairs of the first inputs, float64[point, feature]."""
    first, second = np.triu_indices(min(scores.shape[1], MOST_CURVED))
    products = scores[:, first] * scores[:, second] - (first == second)
    return np.concatenate([np.ones((len(scores), 1)), scores, products], axis=1)


def fit(scores: Values, outputs: Values) -> Emulator:
    """Return the emulator of some runs: float64[run, input], float64[run, output]."""
    columns = features(scores)
    penalty = np.full(columns.shape[1], _PENALTY)
    penalty[0] = 0.0
    normal = columns.T @ columns + np.diag(penalty)
    coefficients = np.linalg.solve(normal, columns.T @ outputs)
    left = outputs - columns @ coefficients
    freedom = max(1.0, len(scores) - float(np.trace(np.linalg.solve(normal, columns.T @ columns))))
    covariance = left.T @ left / freedom
    total = np.maximum(outputs.var(axis=0), 1e-300)
    return Emulator(np.asarray(coefficients, np.float64), covariance, 1 - np.diag(covariance) / total)


def influence(scores: Values, outputs: Values) -> Values:
    """Return the share of each output's variance that each input explains, float64[input, output].

    By one regression on all inputs and their squares; an input as such explains its coefficient squared.
    """
    count = scores.shape[1]
    columns = np.concatenate([np.ones((len(scores), 1)), scores, scores**2 - 1], axis=1)
    penalty = np.diag([0.0, *[_PENALTY] * (2 * count)])
    found = np.linalg.solve(columns.T @ columns + penalty, columns.T @ outputs)
    explained = found[1 : count + 1] ** 2 + 2 * found[count + 1 :] ** 2
    return np.asarray(explained / np.maximum(outputs.var(axis=0), 1e-300), np.float64)


def influential(shares: Values) -> NDArray[np.int64]:
    """Return the inputs that explain enough of any output's variance: at most MOST_INPUTS, the greatest on average."""
    order = np.argsort(-shares.mean(axis=1), kind="stable")
    return np.asarray([k for k in order if shares[k].max() >= INFLUENTIAL][:MOST_INPUTS], np.int64)
