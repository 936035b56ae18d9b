"""A check of the model: what is compared with what, how far they are apart, and how far they may be.

Bounds stand before the runs: what is exact has bound 0, what rounds has the size of the rounding, and what is
statistical has `Z` standard errors, known from theory and not from the sample wherever theory gives them, plus stated
bias terms. A two-sided normal deviate beyond 5 has a probability of 5.7e-7; all checks together make about 120 such
comparisons, so that right code fails by chance with a probability near 1e-4. That leaves a factor of ten below 1 in
1,000 for what is only approximately normal. What is required of the flagship (granularity, status quo) has bounds that
were set by hand and not by chance: there an estimate near its bound may fall on either side.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sim.errors import RunError
from sim.experiment.trial import Readings, Simulate, Trial

Z = 5.0
TAIL = 2 * 2.9e-7  # P(|normal| > Z)
TICKS_PER_DAY = 86_400


class Comparison(NamedTuple):
    """One number against another: `relative` where error and bound are shares of what is exact.

    exact : None where nothing is known exactly, and the number itself must stay within the bound.
    """

    what: str
    exact: float | None
    simulated: float
    bound: float
    relative: bool = False

    @property
    def error(self) -> float:
        """Return how far the two are apart."""
        exact = self.exact or 0.0
        apart = abs(self.simulated - exact)
        return apart / abs(exact) if self.relative else apart

    @property
    def ok(self) -> bool:
        """Return whether they are near enough; not-a-number is not."""
        return self.error <= self.bound

    @property
    def severity(self) -> float:
        """Return the error in units of its bound."""
        if self.error <= self.bound:
            return self.error / self.bound if self.bound > 0 else 0.0
        return self.error / self.bound if self.bound > 0 and math.isfinite(self.error) else math.inf


@dataclass(frozen=True)
class Check:
    """What came of a check.

    compared : what is compared; of several comparisons the worst is shown.
    error, bound : absolute, or as a share of what is exact where `relative`.
    why : where the bound comes from.
    ok : None where the check was not run; `reason` then says why, and where it failed for another cause than its bound.
    """

    name: str
    compared: str
    exact: float | None
    simulated: float
    error: float
    bound: float
    why: str
    ok: bool | None
    relative: bool = False
    comparisons: int = 1
    reason: str = ""


def check(name: str, comparisons: Sequence[Comparison], why: str) -> Check:
    """Return the check that all comparisons hold, shown by the worst of them."""
    worst = max(reversed(comparisons), key=lambda each: each.severity)  # of equals the last, where most has happened
    return Check(
        name=name,
        compared=worst.what,
        exact=worst.exact,
        simulated=worst.simulated,
        error=worst.error,
        bound=worst.bound,
        why=why,
        ok=all(each.ok for each in comparisons),
        relative=worst.relative,
        comparisons=len(comparisons),
    )


def without_numbers(name: str, why: str, ok: bool | None, reason: str) -> Check:
    """Return a check that came to no numbers: not run (ok is None), or failed because runs did."""
    nothing = math.nan
    return Check(name, "", None, nothing, nothing, nothing, why, ok, reason=reason)


def readings(simulate: Simulate, trial: Trial) -> Readings:
    """Return what a trial reads; raise RunError where a run of it failed."""
    found = simulate(trial)
    failed = int(np.count_nonzero(found.status))
    if failed:
        raise RunError(f"{failed} of {len(found.status)} runs failed: {'; '.join(found.reasons) or 'no reason given'}")
    return found


def seed_of(seed: int, *parts: object) -> int:
    """Return the seed of some runs, addressed by what they are for: no two checks share their luck."""
    text = "\0".join(map(str, (seed, *parts)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1
