"""Values that a user's process sets in mid-run, by scenario path: the words of the parameters that they change.

They are layers on the scenario like the interventions of a file, in the order of their dates, validated and lowered
by the same functions; so a value set on a date gives the run that the file's intervention of that date gives.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, RunError

if TYPE_CHECKING:
    from sim.engine.world import Change
    from sim.scenario.load import Loaded
    from sim.scenario.schema import Scenario
    from sim.scenario.tree import Node
    from sim.scenario.values import Quantity

Words = NDArray[np.int64]
_MOST_KEPT = 200  # records of about 70 kB
_FIXED = ("extends", "start", "end", "assess", "counterfactual", "interventions", "choices", "chosen", "title")


@dataclass(frozen=True)
class Settings:
    """The scenario that values are set in, at one draw; what was worked out is kept for the other runs."""

    loaded: Loaded
    values: Mapping[str, float]
    found: dict[tuple[Change, ...], Words] = field(default_factory=dict, compare=False)

    def __call__(self, changes: Sequence[Change]) -> tuple[Words, Words]:
        """Return which words the last of some changes sets, and their values; raise RunError where it may not."""
        from sim.scenario.lower import START_WORDS

        text = tuple(change._replace(value=written(change.value)) for change in changes)
        try:
            before, after = self._words(text, last=False), self._words(text, last=True)
        except InputError as error:
            told = "; ".join(f"{problem.path}: {problem.message}" for problem in error.problems)
            raise RunError(told) from error
        moved = [word for word in np.flatnonzero(before != after) if word not in START_WORDS]
        if not moved and (before != after).any():
            raise RunError("counts only at the start of a run")
        which = np.array(moved, np.int64)
        return which, after[which]

    def _words(self, changes: tuple[Change, ...], last: bool) -> Words:
        """Return the parameters after some changes, at the time of the last one, with or without it."""
        key = changes if last else (*changes[:-1], changes[-1]._replace(path="", value=None))
        words = self.found.get(key)
        if words is None:
            words = self._lowered(changes if last else changes[:-1], changes[-1].tick)
            if len(self.found) >= _MOST_KEPT:
                self.found.clear()
            self.found[key] = words
        return words

    def _lowered(self, changes: Sequence[Change], tick: int) -> Words:
        from sim.scenario.lower import base_params
        from sim.scenario.lower_parts import Numbers

        scenario = self._scenario(changes, tick)
        own, base = _quantities(scenario), _quantities(self.loaded.scenario)
        _refuse_spreads(own, base)
        still = {path: value for path, value in self.values.items() if own.get(path) == base.get(path)}
        return base_params(scenario, Numbers(own, still)).view(np.int64)

    def _scenario(self, changes: Sequence[Change], tick: int) -> Scenario:
        """Return the scenario with the file's interventions before a tick and the changes, in the order of time."""
        from pydantic import ValidationError

        from sim.scenario.explain import problems_of
        from sim.scenario.load import scenario_model
        from sim.scenario.tree import plain

        tree, schema = self.loaded.tree, scenario_model()
        layers: list[tuple[int, int, Change | Node]] = [
            *((change.tick, 0, change) for change in changes),
            *self._interventions(tick),
        ]
        for _, _, layer in sorted(layers, key=lambda each: each[:2]):
            tree = _apply(tree, layer)
        try:
            scenario: Any = schema.model_validate(plain(tree))
        except ValidationError as error:
            raise InputError(problems_of(error, schema, tree)) from error
        return scenario  # type: ignore[no-any-return]

    def _interventions(self, tick: int) -> Iterator[tuple[int, int, Node]]:
        """Yield what the file's interventions set before a tick (at the same tick users come first)."""
        stated = self.loaded.tree.child("interventions")
        for name, intervention in self.loaded.scenario.interventions.items():
            at = (intervention.at - self.loaded.scenario.start).days * 86_400
            node = stated.child(name) if stated else None
            overlay = node.child("set") if node else None
            if overlay is not None and at < tick:
                yield at, 1, overlay


def _quantities(scenario: Scenario) -> dict[str, Quantity]:
    from sim.scenario.lower import quantities_of

    return quantities_of(scenario)


def _refuse_spreads(own: Mapping[str, Quantity], base: Mapping[str, Quantity]) -> None:
    for path, quantity in own.items():
        if quantity.distribution is not None and quantity != base.get(path):
            raise RunError("must be one value, not a distribution")


def _apply(tree: Node, layer: Change | Node) -> Node:
    from sim.engine.world import Change
    from sim.scenario.fields import schema_paths
    from sim.scenario.load import scenario_model
    from sim.scenario.overlay import apply_overlay, apply_set

    if not isinstance(layer, Change):
        return apply_overlay(tree, layer)
    top = layer.path.partition(".")[0]
    if top in _FIXED:
        raise RunError(f"'{top}' cannot be changed while a run goes on")
    schema = scenario_model()
    return apply_set(tree, f"{layer.path}={layer.value}", lambda node: schema_paths(schema, node))


def written(value: object) -> str:
    """Return a value as a scenario file writes it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str | date):
        return str(value)
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise RunError("is no value of a scenario file: use a number, a text, a date, a list or a dict") from error
