"""Tables of what a scenario says and where it says it, and of how two scenarios differ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from sim.scenario.load import Loaded, leaves, origin_of
from sim.scenario.values import Quantity


@dataclass(frozen=True)
class ShowRow:
    """One value of the effective scenario; `origin` is 'kursk_2024.yaml:41', '--set' or 'default'."""

    path: str
    value: str
    origin: str
    source: str


@dataclass(frozen=True)
class DiffRow:
    """One path on which two scenarios differ; None where a scenario has no such value."""

    path: str
    a: str | None
    b: str | None


def show_rows(loaded: Loaded) -> list[ShowRow]:
    """Return a row for each value of the effective scenario, schema defaults included."""
    return [
        ShowRow(".".join(keys), text(value), origin_of(loaded.tree, keys).short(), _source(value))
        for keys, value in _shown(loaded)
    ]


def diff_rows(a: Loaded, b: Loaded) -> list[DiffRow]:
    """Return a row for each value that differs, in the order of `a`, then what only `b` has."""
    left = {".".join(keys): text(value) for keys, value in _shown(a)}
    right = {".".join(keys): text(value) for keys, value in _shown(b)}
    every = dict.fromkeys([*left, *right])
    return [DiffRow(path, left.get(path), right.get(path)) for path in every if left.get(path) != right.get(path)]


def _shown(loaded: Loaded) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield the leaves that take effect: options that were offered but not taken do not."""
    for keys, value in leaves(loaded.scenario):
        if keys[:1] not in (("choices",), ("extends",)):
            yield keys, value


def text(value: object) -> str:
    """Return a value as tables show it."""
    if isinstance(value, Quantity):
        return value.text()
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    if isinstance(value, list) and value:
        content = hashlib.blake2b(json.dumps(value).encode(), digest_size=4).hexdigest()
        return f"{len(value):,} rows ({content})"
    if isinstance(value, dict | list | tuple):
        return "empty"
    return f"{value:.12g}" if isinstance(value, float) else str(getattr(value, "value", value))


def _source(value: object) -> str:
    return (value.source or "") if isinstance(value, Quantity) else ""
