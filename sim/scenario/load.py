"""A scenario file to a validated scenario: layers applied, all problems at once, every value traceable to its line."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, ValidationError

from sim.errors import InputError, Problem
from sim.scenario.explain import problems_of
from sim.scenario.fields import schema_paths
from sim.scenario.giving_way import settled
from sim.scenario.overlay import Composed, Written, apply_overlay, compose, decisions, misplaced, read_layers
from sim.scenario.tree import PATTERNS, Node, Origin, paths, plain, relabel
from sim.scenario.values import Quantity
from sim.scenario.wording import suggestion

if TYPE_CHECKING:
    from sim.scenario.schema import Scenario

COUNTERFACTUAL = "counterfactual"
INTERVENTIONS = "interventions"
_FIXED = ("extends", "start", "end", "assess", COUNTERFACTUAL, INTERVENTIONS)
_UNHASHED = ("choices", "chosen", "objectives", "dilemma")  # what is offered and asked, not what a run depends on
_HASH_BYTES = 8
_BREAK = re.compile("[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True)
class Loaded:
    """A scenario as it will run.

    tree : the effective values and where each was written.
    hash : of the effective values (not of comments, places, objectives, choices offered or the names of options taken).
    source_files : every file read, bases first.
    choices : 'actor.decision' to the option taken.
    counterfactual : the world in which the scenario's `counterfactual.set` holds, when it has one.
    later : the scenario as each intervention leaves it, in the order of their dates.
    """

    scenario: Scenario
    tree: Node
    hash: str
    source_files: tuple[Path, ...]
    choices: dict[str, str]
    counterfactual: Loaded | None = None
    later: tuple[Changed, ...] = ()


@dataclass(frozen=True)
class Changed:
    """A scenario after an intervention: name, date, and every value as it is from then on."""

    name: str
    at: date
    scenario: Scenario


def scenario_model() -> type[BaseModel]:
    """Return the schema's top model, imported when first needed."""
    from sim.scenario.schema import Scenario

    return Scenario


def load(
    path: str | PathLike[str],
    choices: Sequence[str] = (),
    sets: Sequence[str] = (),
    model: type[BaseModel] | None = None,
) -> Loaded:
    """Return the scenario at `path` with the options picked and the values set; raise InputError with every problem.

    choices : 'actor.decision=option'.
    sets : 'path=value', applied last, in order.
    model : the schema, for tests.
    """
    return _load(read_layers(Path(path)), choices, sets, model or scenario_model())


def _load(written: Written, choices: Sequence[str], sets: Sequence[str], schema: type[BaseModel]) -> Loaded:
    composed = compose(written, choices, sets, partial(schema_paths, schema))
    composed = replace(composed, tree=settled(composed.tree, composed.files))
    problems: list[Problem] = []
    scenario = _validated(schema, composed.tree, problems)
    other = _counterfactual(schema, composed, problems)
    later = _later(schema, composed.tree, scenario, problems)
    if scenario is None or problems:
        raise InputError(problems)
    return _loaded(scenario, composed.tree, composed, other, later)


def check(
    path: str | PathLike[str],
    choices: Sequence[str] = (),
    sets: Sequence[str] = (),
    model: type[BaseModel] | None = None,
) -> Loaded:
    """Return the scenario as `load` does, after checking each option that it offers, one at a time."""
    problems: dict[Problem, None] = {}
    again = partial(_load, read_layers(Path(path)), sets=sets, schema=model or scenario_model())
    loaded = _attempt(partial(again, choices), problems)
    if loaded is not None:
        for pick in _untaken(loaded):
            _attempt(partial(again, [*_others(choices, pick), pick]), problems)
    if loaded is None or problems:
        raise InputError(problems)
    return loaded


def _attempt(attempt: Callable[[], Loaded], problems: dict[Problem, None]) -> Loaded | None:
    try:
        return attempt()
    except InputError as error:
        problems.update(dict.fromkeys(error.problems))
        return None


def _untaken(loaded: Loaded) -> Iterator[str]:
    for decision in decisions(loaded.tree):
        for option in decision.options:
            if loaded.choices.get(decision.path) != option:
                yield f"{decision.path}={option}"


def _others(choices: Sequence[str], pick: str) -> list[str]:
    """Return the choices for other decisions than that of `pick`."""
    return [text for text in choices if text.partition("=")[0].strip() != pick.partition("=")[0]]


def _validated(schema: type[BaseModel], tree: Node, problems: list[Problem], note: str = "") -> Any:
    """Return the validated model, or None after adding to `problems` those not already there."""
    try:
        return schema.model_validate(plain(tree))
    except ValidationError as error:
        for problem in problems_of(error, schema, tree):
            if problem not in problems:
                problems.append(Problem(problem.where, problem.path, problem.message + note))
        return None


def _counterfactual(schema: type[BaseModel], composed: Composed, problems: list[Problem]) -> Loaded | None:
    """Return the counterfactual world, when the scenario describes one."""
    stated = composed.tree.child(COUNTERFACTUAL)
    overrides = stated.child("set") if stated else None
    if overrides is None or overrides.mapping is None:
        return None
    path = f"{COUNTERFACTUAL}.set"
    bad = misplaced(overrides, path, ("extends", *_UNHASHED, COUNTERFACTUAL))
    problems.extend(bad)
    if bad:
        return None
    own = _without(composed.tree, COUNTERFACTUAL)
    tree = settled(apply_overlay(own, relabel(overrides, COUNTERFACTUAL)), composed.files)
    scenario = _validated(schema, tree, problems, " (in the counterfactual)")
    later = _later(schema, tree, scenario, problems)
    return None if scenario is None else _loaded(scenario, tree, composed, None, later)


def _later(schema: type[BaseModel], tree: Node, scenario: Any, problems: list[Problem]) -> tuple[Changed, ...]:
    """Return the scenario after each intervention, one on top of the other in the order of their dates."""
    stated = tree.child(INTERVENTIONS)
    if scenario is None or stated is None or not stated.mapping:
        return ()
    changed = []
    for name, intervention in sorted(scenario.interventions.items(), key=lambda item: item[1].at):
        node = stated.mapping[name].child("set")
        bad = [] if node is None else misplaced(node, f"{INTERVENTIONS}.{name}.set", (*_FIXED, *_UNHASHED))
        problems.extend(bad)
        if node is None or bad:
            continue
        tree = apply_overlay(tree, relabel(node, f"intervention {name}"))
        after = _validated(schema, tree, problems, f" (after the intervention '{name}')")
        if after is not None:
            changed.append(Changed(name, intervention.at, after))
    return tuple(changed)


def _loaded(scenario: Any, tree: Node, composed: Composed, other: Loaded | None, later: tuple[Changed, ...]) -> Loaded:
    return Loaded(scenario, tree, content_hash(tree), composed.files, dict(composed.chosen), other, later)


def _without(tree: Node, *keys: str) -> Node:
    return Node({key: child for key, child in (tree.mapping or {}).items() if key not in keys}, tree.origin)


def content_hash(tree: Node) -> str:
    """Return 16 hexadecimal digits that change when an effective value or the order of names changes."""
    content = json.dumps(plain(_without(tree, *_UNHASHED)), separators=(",", ":"), allow_nan=False)
    return hashlib.blake2b(content.encode(), digest_size=_HASH_BYTES).hexdigest()


def locate(loaded: Loaded, path: str) -> Origin:
    """Return where the value at a dotted path was written; a value of the schema has the layer 'default'."""
    origin = origin_of(loaded.tree, path.split(".") if path else [])
    known = [*paths(loaded.tree), *schema_paths(type(loaded.scenario), loaded.tree)]
    if origin.layer == "default" and path not in known:
        raise InputError.single("", path, f"there is no such path{suggestion(path, known)}")
    return origin


def origin_of(tree: Node, keys: Sequence[str]) -> Origin:
    """Return where the value at `keys` was written, which is the value above it when that was written in short."""
    node = tree
    for key in keys:
        child = node.child(key)
        if child is None:
            return node.origin if not isinstance(node.value, dict | list) else Origin("default", 0, 0, "default")
        node = child
    return node.origin


def effective_yaml(loaded: Loaded) -> str:
    """Return the effective scenario as a file that loads to the same hash.

    It holds the options taken as a record (`chosen`) and not the options offered: applied again, those could undo
    a `--set`. The policies of a dilemma name those options, so they are left out, too.
    """
    tree = plain(_without(loaded.tree, "choices", "dilemma"))
    text = yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**30, default_flow_style=False)
    return str(text)


class _Dumper(yaml.SafeDumper):
    """Quotes what our own rules would read as something other than text."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out: aliases are refused on reading."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Return the node of a text, with every kind of line break escaped: PyYAML folds some of them otherwise."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if _BREAK.search(text) else None)


def _teach(dumper: type[yaml.SafeDumper]) -> None:
    dumper.add_representer(str, _text)
    for name, pattern in PATTERNS.items():
        dumper.add_implicit_resolver(f"tag:yaml.org,2002:{name}", re.compile(f"^(?:{pattern.pattern})$"), None)


_teach(_Dumper)


def quantities(loaded: Loaded, every: bool = False) -> Iterator[tuple[str, Quantity]]:
    """Yield the dotted path and the value of each uncertain number, or with `every` of each number with a unit."""
    for keys, value in leaves(loaded.scenario):
        if isinstance(value, Quantity) and (every or value.distribution is not None):
            yield ".".join(keys), value


def leaves(value: object, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield the path and the value of each leaf of a validated scenario, defaults included."""
    below = _items(value)
    if below is None:
        yield keys, value
        return
    for key, child in below:
        yield from leaves(child, (*keys, key))


def _items(value: object) -> list[tuple[str, object]] | None:
    if isinstance(value, BaseModel):
        named = type(value).model_fields.items()
        return [(info.alias or name, getattr(value, name)) for name, info in named]
    if isinstance(value, dict):
        return [(str(key), child) for key, child in value.items()]
    if isinstance(value, list | tuple) and not _is_matrix(value):
        return [(str(index), child) for index, child in enumerate(value)]
    return None


def _is_matrix(value: Sequence[object]) -> bool:
    """Return whether a list holds lists: the rows of a joint sample, thousands of numbers that are one leaf."""
    return bool(value) and isinstance(value[0], list)


def schema_json() -> dict[str, Any]:
    """Return the JSON Schema of scenario files, with which editors complete and check."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **scenario_model().model_json_schema()}
