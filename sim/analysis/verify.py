"""Is the model right? Every check of what it must reduce to, with its error and a bound that stood before the runs.

The checks are given the function that simulates, so that a test can hand them a wrong one and see them fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from sim.analysis.verify_campaign import granularity, ledger, same_bits, same_engines, status_quo
from sim.analysis.verify_check import Check, without_numbers
from sim.analysis.verify_counts import halves, lift_queue, poisson
from sim.analysis.verify_laws import LAWS, chain, iwo_jima, lanchester, spread_of_losses
from sim.errors import RunError
from sim.experiment.trial import NotShippedError, Simulate


class Step(NamedTuple):
    """Some checks that share their runs."""

    name: str
    make: Callable[[Simulate, int], Check | list[Check]]


PLAN: tuple[Step, ...] = (
    *(Step(f"Lanchester, {law} law", partial(lanchester, law=law)) for law in LAWS),
    Step("spread of losses", spread_of_losses),
    Step("exact chain", chain),
    Step("Iwo Jima 1945 (Engel)", iwo_jima),
    Step("engagement counts", poisson),
    Step("lift queue", lift_queue),
    Step("a front cut into halves", halves),
    Step("ledger", ledger),
    Step("same bits for any threads and chunks", same_bits),
    Step("same bits by both engines", same_engines),
    Step("granularity's share of variance", granularity),
    Step("status quo", status_quo),
)


def verify(simulate: Simulate, seed: int, plan: tuple[Step, ...]) -> Iterator[tuple[Step, list[Check]]]:
    """Yield each step of the plan with its checks; one that cannot be made is said to be not run, and why."""
    for step in plan:
        yield step, _made(step, simulate, seed)


def _made(step: Step, simulate: Simulate, seed: int) -> list[Check]:
    try:
        made = step.make(simulate, seed)
    except NotShippedError as missing:
        return [without_numbers(step.name, "", None, str(missing))]
    except RunError as failed:
        return [without_numbers(step.name, "every run must end well", False, str(failed))]
    return made if isinstance(made, list) else [made]
