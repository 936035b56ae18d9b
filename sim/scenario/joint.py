"""Joint samples (posteriors) in scenario files: which of their paths hold, and an overlay that carries one.

A joint sample gives values to numbers that its own file, or a file below it, states. What is stated later (a file that
extends it, a choice, `--set`, the counterfactual) holds against it (`giving_way.py`): it means that number.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.scenario.load import Loaded, origin_of, quantities
from sim.scenario.tree import Origin
from sim.scenario.wording import suggestion

if TYPE_CHECKING:
    from sim.scenario.schema import Joint
    from sim.scenario.values import Quantity

NAME = "posterior"
_DIGITS = 6


def holding(loaded: Loaded) -> dict[str, Joint]:
    """Return the joint samples of a scenario, each with the paths that its parts have.

    Raise InputError where a path names no number, though what it should stand in exists.
    """
    found: dict[str, Joint] = {}
    if not loaded.scenario.joint:
        return found
    known = dict(quantities(loaded, every=True))
    for name, table in loaded.scenario.joint.items():
        own = origin_of(loaded.tree, ["joint", name])
        kept = [k for k, path in enumerate(table.paths) if _exists(known, path, own)]
        if kept:
            rows = [[row[k] for k in kept] for row in table.rows]
            found[name] = table.model_copy(update={"paths": [table.paths[k] for k in kept], "rows": rows})
    return found


def _exists(known: Mapping[str, Quantity], path: str, own: Origin) -> bool:
    """Return whether a path names a number; raise InputError where what it should stand in exists, but it does not."""
    if path in known:
        return True
    parent = path.rpartition(".")[0]
    if any(each.startswith(f"{parent}.") for each in known):
        message = f"'{path}' is no number of the scenario{suggestion(path, known)}"
        raise InputError.single(own.where(), "joint", message)
    return False  # a choice has taken away what it stands in


@dataclass(frozen=True)
class JointSample:
    """A sample of some numbers that go together: paths, and float64[row, path] in the units of their fields."""

    paths: tuple[str, ...]
    rows: NDArray[np.float64]


@dataclass(frozen=True)
class Overlay:
    """What an overlay that carries a joint sample says beside it: the file that it extends, and about itself."""

    extends: str
    title: str
    source: str
    comment: str = ""
    known: str = ""
    central: Mapping[str, float] = field(default_factory=dict)


def overlay_text(sample: JointSample, about: Overlay) -> str:
    """Return a scenario file that extends another by a joint sample.

    Each number has the sample's span and median as a triangular distribution: so runs at central assumptions take the
    medians, and a choice that sets one of the numbers is told from the sample.
    """
    lines = [f"# {line}" for line in about.comment.splitlines()]
    lines += [f"extends: {json.dumps(about.extends)}", f"title: {json.dumps(about.title, ensure_ascii=False)}"]
    lines += _nested(_marginals(sample, about))
    lines += ["joint:", f"  {NAME}:", f"    source: {json.dumps(about.source, ensure_ascii=False)}"]
    lines += [f"    paths: {json.dumps(list(sample.paths))}", "    rows:"]
    lines += [f"      - [{', '.join(_number(value) for value in row)}]" for row in sample.rows]
    return "\n".join(lines) + "\n"


def _marginals(sample: JointSample, about: Overlay) -> dict[str, Any]:
    """Return the spans and medians as a tree of mappings; numbers that stand in lists are left out."""
    tree: dict[str, Any] = {}
    for k, path in enumerate(sample.paths):
        keys, column = path.split("."), [float(_number(value)) for value in sample.rows[:, k]]
        if any(key.isdecimal() for key in keys):
            continue
        middle = about.central.get(path, float(np.median(column)))
        span = ", ".join(_number(value) for value in (min(column), middle, max(column)))
        known = f", known: {about.known}" if about.known else ""
        below = tree
        for key in keys[:-1]:
            below = below.setdefault(key, {})
        below[keys[-1]] = f"{{triangular: [{span}], source: {json.dumps(about.source, ensure_ascii=False)}{known}}}"
    return tree


def _nested(tree: Mapping[str, Any], depth: int = 0) -> Iterable[str]:
    for key, value in tree.items():
        name = f"{'  ' * depth}{json.dumps(key) if not key.isidentifier() else key}:"
        if isinstance(value, dict):
            yield name
            yield from _nested(value, depth + 1)
        else:
            yield f"{name} {value}"


def _number(value: float) -> str:
    return f"{value:.{_DIGITS}g}" if abs(value) < 10**_DIGITS else f"{value:.0f}"


def write_overlay(path: Path, sample: JointSample, about: Overlay) -> None:
    """Write a scenario file that extends another by a joint sample."""
    path.write_text(overlay_text(sample, about), encoding="utf-8", newline="\n")


def joint_paths(loaded: Loaded) -> Sequence[str]:
    """Return the paths to which a joint sample of the scenario gives values."""
    return [path for table in holding(loaded).values() for path in table.paths]
