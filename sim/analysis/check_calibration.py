"""Simulation-based calibration (Talts et al. 2018): is the posterior of the first round calibrated?

Runs of the prior table stand in for the truth, one after the other: each gives figures, with lags, biases and errors
drawn, and the emulator of the other runs their posterior. If that is right, the truth's rank among posterior draws is
uniform, for every assumption.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis.emulator import fit
from sim.analysis.fit import outputs, synthetic
from sim.analysis.observation_model import Seen
from sim.analysis.posterior import Likelihood, posterior
from sim.experiment.ensemble import Runs

Values = NDArray[np.float64]

TRUTHS, RANKS = 100, 49  # synthetic truths; posterior draws that a truth is ranked among
ALPHA = 0.01  # over all assumptions together (Bonferroni)
_PARTICLES = 490


@dataclass(frozen=True)
class Check:
    """Ranks of truths, int64[truth, input], each 0 to RANKS; and p of the Kolmogorov-Smirnov test by input."""

    paths: tuple[str, ...]
    ranks: NDArray[np.int64]
    p: Values

    @property
    def passed(self) -> bool:
        """Return whether no assumption's ranks depart from uniform, at ALPHA over all of them together."""
        return bool((self.p * len(self.p) > ALPHA).all())

    def text(self) -> str:
        """Return a line on what came of it."""
        said = f"check on {len(self.ranks)} synthetic truths from the table: "
        if self.passed:
            return f"{said}no assumption's ranks depart from uniform (least p {self.p.min():.3f} of {len(self.p)})"
        wrong = [path for path, p in zip(self.paths, self.p, strict=True) if p * len(self.p) <= ALPHA]
        return f"{said}ranks depart from uniform for {', '.join(wrong)}: the first round's posterior is off for these"

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"truths": len(self.ranks), "least_p": float(self.p.min()), "passed": self.passed}

    def table(self) -> dict[str, NDArray[Any]]:
        """Return a row for each assumption."""
        inner = (self.ranks > RANKS * 0.25) & (self.ranks < RANKS * 0.75)
        return {
            "path": np.array(self.paths, object),
            "mean_rank": self.ranks.mean(axis=0) / RANKS,
            "in_middle_half": inner.mean(axis=0),
            "p": self.p,
        }


def checked(seen: Seen, table: Runs, at: NDArray[np.int64], paths: tuple[str, ...], seed: int) -> Check:
    """Return the ranks of synthetic truths: the first runs of the table, the emulator being fitted to the others."""
    from scipy.stats import kstest

    made, scores = outputs(seen, table), table.scores[:, at]
    truths = min(TRUTHS, len(scores) // 4)
    emulator = fit(scores[truths:], made[truths:])
    random = np.random.default_rng([seed, truths])
    ranks = np.empty((truths, len(at)), np.int64)
    for k in range(truths):
        likelihood = Likelihood(synthetic(seen, made[k], random), emulator)
        found = posterior(likelihood, len(at), seed + k, _PARTICLES).cloud.scores
        thinned = found[random.permutation(len(found))[:RANKS]]
        ranks[k] = (thinned < scores[k]).sum(axis=0)
    smooth = (ranks + random.random(ranks.shape)) / (RANKS + 1)
    p = np.array([kstest(smooth[:, k], "uniform").pvalue for k in range(len(at))])
    return Check(paths, ranks, p)
