"""A loaded scenario in which numbers vary: its worlds at a point and a draw, from the start or branched from another.

A point's numbers are laid over a draw's sampled values, in the counterfactual too unless it states them itself. That
gives the parameters that the scenario would have with the numbers written into it, at a hundredth of the cost.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sim.errors import InputError, Problem
from sim.experiment.dated import Calendar, dated_values
from sim.experiment.factors import states
from sim.experiment.study import (
    COUNTERFACTUAL,
    MAIN,
    Branched,
    Case,
    Drive,
    Driven,
    FromStart,
    Ready,
    World,
    branch_tick,
    ready,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pydantic import BaseModel

    from sim.model.outcomes import Finished
    from sim.model.tally import Outcome
    from sim.scenario.load import Loaded
    from sim.scenario.lower import Lowered

_MOST_KEPT = 64  # scenarios unpacked in one process
COMPARED = ("main_gain_kept_km2", "main_offensive_kept", "dual_success")  # outcomes that the counterfactual is run for
Numbers = Mapping[str, float]


class Before(NamedTuple):
    """What a branched scenario goes on from: the scenario, its counterfactual, and the tick of the branch."""

    main: Ready
    other: Ready | None
    tick: int


class Recipe(NamedTuple):
    """What a variant is made from, in any process: a scenario, and where it branches from another one.

    attribution : its worlds are those of an attribution (`sim.experiment.attribution`).
    """

    loaded: Loaded
    base: Loaded | None = None
    at: date | None = None
    attribution: bool = False


class Worlds(Protocol):
    """Something whose runs are made in blocks, here or in another process."""

    @property
    def main(self) -> Ready:
        """Return its scenario."""

    @property
    def first(self) -> Lowered:
        """Return its parameters at central values."""

    @property
    def recipe(self) -> Recipe:
        """Return what it is made from."""

    def worlds(self, names: Sequence[str] = ()) -> int:
        """Return in how many worlds a replication is run for some outcomes, () for all."""

    def outcomes(self) -> list[Outcome]:
        """Return its outcomes, in the order of results."""

    def ratios(self) -> dict[str, tuple[str, str]]:
        """Return the outcomes whose mean is a ratio of means, with those above and below the line."""

    def case(self, numbers: Numbers, draw: int, drive: Drive | None = None, names: Sequence[str] = ()) -> Case:
        """Return the worlds at a point and a draw; names : the outcomes that are wanted."""


@dataclass(frozen=True)
class Variant:
    """A scenario with its counterfactual (None where there is nothing to compare with), ready to be run.

    before : what it goes on from, None where it is run from its start.
    """

    main: Ready
    other: Ready | None
    first: Lowered
    recipe: Recipe
    before: Before | None = None

    def worlds(self, names: Sequence[str] = ()) -> int:
        """Return in how many worlds a replication is run for some outcomes, () for all."""
        return 2 if self.other and compares(names) else 1

    def outcomes(self) -> list[Outcome]:
        """Return its outcomes, in the order of results."""
        from sim.model.outcomes import outcome_list

        return outcome_list(self.first.aims, self.first.labels)

    def ratios(self) -> dict[str, tuple[str, str]]:
        """Return the outcomes whose mean is a ratio of means, with those above and below the line."""
        from sim.model.outcomes import ratio_parts

        return ratio_parts(self.first.aims, self.first.labels)

    @cached_property
    def calendar(self) -> Calendar:
        """Return its daily series."""
        from sim.model.outcomes import columns
        from sim.model.tally import series_names

        units = series_names(self.first.labels)
        series = {name: (k, units[k].unit) for name, k in columns(self.first.labels).items()}
        return Calendar(self.first.start, self.first.days, series)

    def case(self, numbers: Numbers, draw: int, drive: Drive | None = None, names: Sequence[str] = ()) -> Case:
        """Return the worlds at a point; raise InputError where the numbers contradict others of the scenario.

        names : the outcomes that are wanted, () for all but dated ones; the counterfactual is run where one needs it.
        """
        check_numbers(self.main.loaded, numbers)
        world, lowered = self._world(MAIN, numbers, draw, drive)
        other = None
        if self.other and compares(names):
            left = {path: number for path, number in numbers.items() if not _restated(self.main.loaded, path)}
            other, _ = self._world(COUNTERFACTUAL, left, draw, drive)
        return Case(world, other, partial(_measure, lowered, self.calendar, tuple(names)))

    def _world(self, name: str, numbers: Numbers, draw: int, drive: Drive | None) -> tuple[World, Lowered]:
        from sim.scenario.lower import lower

        own = self.main if name == MAIN else self.other
        assert own is not None
        lowered = lower(own.loaded, {**own.values(draw), **numbers})
        base, tick = self._base(name, draw)
        if drive is not None:
            return Driven(lowered, own.extensions(drive, draw, name), drive.trace, base, tick), lowered
        return FromStart(lowered) if base is None else Branched(base, lowered, tick), lowered

    def _base(self, name: str, draw: int) -> tuple[Lowered | None, int]:
        """Return the parameters of a world before it branches, and the tick of the branch."""
        if self.before is None:
            return None, 0
        own = self.before.main if name == MAIN else self.before.other
        assert own is not None
        return own.lowered(draw), self.before.tick


def compares(names: Sequence[str]) -> bool:
    """Return whether some outcomes (() for all) take a counterfactual."""
    return not names or any(name.startswith(COMPARED) for name in names)


def _measure(
    lowered: Lowered, calendar: Calendar, names: tuple[str, ...], block: Finished, other: Finished | None
) -> dict[str, NDArray[np.float64]]:
    from sim.model.outcomes import outcomes

    found = dated_values(names, calendar, block)
    if names and len(found) == len(names):
        return found
    return {**outcomes(lowered.aims, lowered.labels, block, other), **found}


def variant(loaded: Loaded, seed: int) -> Variant:
    """Return a scenario ready to be run."""
    main = ready(loaded, seed)
    first = main.lowered(0)
    return Variant(main, _other(loaded, first, seed), first, Recipe(loaded))


def branched(base: Loaded, loaded: Loaded, at: date, seed: int) -> Variant:
    """Return a scenario that goes on from a date of another, the counterfactual likewise."""
    origin, main = ready(base, seed), ready(loaded, seed)
    earlier, first = origin.lowered(0), main.lowered(0)
    if (first.labels, first.start, first.days) != (earlier.labels, earlier.start, earlier.days):
        message = "the scenario and the result that it branches from differ in dates, sides, theatres or fronts"
        raise InputError.single("--from", "", message)
    others = _other(base, earlier, seed), _other(loaded, first, seed)
    before = Before(origin, others[0], branch_tick(first.start, first.days, at))
    return Variant(main, others[1] if all(others) else None, first, Recipe(loaded, base, at), before)


def _other(loaded: Loaded, lowered: Lowered, seed: int) -> Ready | None:
    """Return the counterfactual, when there is one to compare with: an incursion is ordered, and judged."""
    judged = lowered.aims is not None and lowered.aims.ordered
    return ready(loaded.counterfactual, seed) if judged and loaded.counterfactual else None


def _restated(loaded: Loaded, path: str) -> bool:
    """Return whether the counterfactual states a path itself."""
    stated = loaded.tree.child("counterfactual")
    overlay = stated.child("set") if stated else None
    return overlay is not None and states(overlay, path)


def check_numbers(loaded: Loaded, numbers: Numbers) -> None:
    """Refuse numbers that contradict others of the scenario; each has been checked against its own range before."""
    if not numbers:
        return
    from pydantic_core import PydanticCustomError

    from sim.scenario.consistency import check

    scenario: Any = loaded.scenario
    for path, number in numbers.items():
        scenario = _placed(scenario, path.split("."), number)
    try:
        check(scenario)
    except PydanticCustomError as error:
        found = (error.context or {}).get("problems", [])
        raise InputError(Problem("--vary", path, message) for path, message in found) from error


def _placed(value: Any, keys: Sequence[str], number: float) -> Any:
    """Return a part of a scenario with one of its numbers in another's place."""
    if not keys:
        return replace(value, central=number, distribution=None)
    key, rest = keys[0], keys[1:]
    if isinstance(value, dict):
        return {**value, key: _placed(value[key], rest, number)}
    if isinstance(value, list | tuple):
        items = list(value)
        items[int(key)] = _placed(items[int(key)], rest, number)
        return items
    name = _field(value, key)
    return value.model_copy(update={name: _placed(getattr(value, name), rest, number)})


def _field(model: BaseModel, key: str) -> str:
    fields = type(model).model_fields
    return key if key in fields else next(name for name, info in fields.items() if info.alias == key)


class Packed(NamedTuple):
    """A recipe as bytes for another process, and the hash of what it holds."""

    key: str
    content: bytes


def pack(recipe: Recipe) -> Packed:
    """Return a recipe as a few kilobytes."""
    parts = [recipe.loaded.hash, recipe.base.hash if recipe.base else "", recipe.at or "", recipe.attribution]
    return Packed("/".join(map(str, parts)), zlib.compress(pickle.dumps(recipe), 6))


_unpacked: dict[tuple[str, int], Worlds] = {}
_unpacking = Lock()


def unpack(packed: Packed, seed: int) -> Worlds:
    """Return a scenario ready to be run, made once in each process."""
    key = (packed.key, seed)
    with _unpacking:
        if key not in _unpacked:
            if len(_unpacked) >= _MOST_KEPT:
                _unpacked.pop(next(iter(_unpacked)))
            _unpacked[key] = _made(pickle.loads(zlib.decompress(packed.content)), seed)
        return _unpacked[key]


def _made(recipe: Recipe, seed: int) -> Worlds:
    if recipe.attribution:
        from sim.experiment.attribution import attribution_worlds

        return attribution_worlds(recipe.loaded, seed)
    if recipe.base is not None and recipe.at is not None:
        return branched(recipe.base, recipe.loaded, recipe.at, seed)
    return variant(recipe.loaded, seed)
