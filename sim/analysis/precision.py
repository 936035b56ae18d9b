"""How many replications a comparison needs: a pilot, then blocks of one size, until intervals are narrow enough.

Stopping as soon as an interval looks narrow favours experiments whose spread came out small by luck, so the intervals
are slightly optimistic afterwards. The pilot's minimum keeps that small; `tests/test_compare.py` measures it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sim.analysis.compare import Comparison
from sim.errors import InputError

PILOT = 100
BLOCK = 100
OPTION = "--precision"


class Target(NamedTuple):
    """The half-width wanted of every difference in an outcome: in its unit, or as a share of the reference's mean."""

    outcome: str
    half_width: float
    relative: bool

    def absolute(self, comparison: Comparison, reference: str | None) -> float:
        """Return the half-width in the outcome's unit; 0, which is never reached, where the reference has no mean.

        reference : the label of a point, None for the first one.
        """
        if not self.relative:
            return self.half_width
        place = [outcome.name for outcome in comparison.outcomes].index(self.outcome)
        mean = comparison.rows[reference or comparison.labels[0]][place].mean
        return self.half_width * abs(mean or 0.0)


class Reached(NamedTuple):
    """How a target stands: half-width wanted, the widest there is, and what endless replications would leave."""

    target: Target
    wanted: float
    widest: float
    floor: float

    @property
    def met(self) -> bool:
        """Return whether every difference is known as exactly as wanted."""
        return self.widest <= self.wanted

    @property
    def hopeless(self) -> bool:
        """Return whether the draws alone leave a wider interval, so that only more draws can help."""
        return self.floor > self.wanted


class Stop(NamedTuple):
    """Where a comparison stopped: the replications of each draw, how targets stand, and after how many looks."""

    replications: int
    reached: tuple[Reached, ...]
    looks: int


def read_target(text: str) -> Target:
    """Return what OUTCOME=HALF-WIDTH asks for; '5%' is of the reference's mean."""
    name, equals, written = (part.strip() for part in text.rpartition("="))
    try:
        number = float(written.removesuffix("%"))
    except ValueError:
        number = math.nan
    if not equals or not name or not 0.0 < number < math.inf:
        message = f"'{text}' is not OUTCOME=HALF-WIDTH, such as dual_success=0.02 or russia.casualties=5%"
        raise InputError.single(OPTION, "", message)
    relative = written.endswith("%")
    return Target(name, number / 100.0 if relative else number, relative)


def stands(target: Target, comparison: Comparison, reference: str | None) -> Reached:
    """Return how a target stands; a difference without an interval is not known at all."""
    pairs = [pair for pair in comparison.pairs if pair.outcome == target.outcome]
    widths = [math.inf if pair.half_width is None else pair.half_width for pair in pairs]
    floor = max((pair.floor for pair in pairs), default=0.0)
    return Reached(target, target.absolute(comparison, reference), max(widths, default=math.inf), floor)


def until_precise(
    evaluate: Callable[[int], Comparison | None],
    targets: Sequence[Target],
    reference: str | None,
    most: int,
) -> tuple[Comparison | None, Stop]:
    """Compare after the pilot and after each block, until every target is met, or none can be, or `most` are spent.

    evaluate : compares after so many replications of each draw (they only rise); None when it was interrupted.
    """
    count, looks = min(PILOT, most), 1
    comparison = evaluate(count)
    reached = _all(targets, comparison, reference)
    while comparison and count < most and not all(each.met or each.hopeless for each in reached):
        count, looks = min(count + BLOCK, most), looks + 1
        comparison = evaluate(count)
        reached = _all(targets, comparison, reference)
    return comparison, Stop(count, reached, looks)


def _all(targets: Sequence[Target], comparison: Comparison | None, reference: str | None) -> tuple[Reached, ...]:
    return tuple(stands(each, comparison, reference) for each in targets) if comparison else ()
