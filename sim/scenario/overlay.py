"""Layers of a scenario, always in this order: the files it extends, the file, the chosen options, `--set`.

Mappings merge; scalars, lists and quantities replace; an explicit null removes what a lower layer brought.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from sim.errors import InputError, Problem
from sim.scenario.distributions import NUMBER_KEYS, QUANTITY_KEYS
from sim.scenario.tree import Node, Origin, parse_value, paths, plain, read_file, relabel
from sim.scenario.wording import shown, suggestion

SET = "--set"
CHOICE = "--choice"
RESERVED = ("extends", "choices", "chosen", "objectives", "counterfactual")
_MOST_FILES = 50
_NOT_SETTABLE = {
    "extends": "belongs in a file",
    "choices": "is chosen from with --choice actor.decision=option",
    "chosen": "is chosen with --choice actor.decision=option",
}


@dataclass(frozen=True)
class Composed:
    """A scenario with all its layers applied.

    tree : the effective values, with `choices` as offered and `chosen` as taken, without `extends`.
    chosen : 'actor.decision' to the name of the option.
    files : every file read, bases first.
    """

    tree: Node
    chosen: dict[str, str]
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Decision:
    """A decision that the scenario offers: its options, and the one taken unless another is chosen.

    place : the path of its options in the file. A lever of the dilemma has no default.
    """

    path: str
    place: str
    options: dict[str, Node]
    default: Node | None


class Written(NamedTuple):
    """What a file and those that it extends say, before options are taken; files : every file read, bases first."""

    tree: Node
    files: tuple[Path, ...]


def read_layers(path: Path) -> Written:
    """Return the file at `path` merged over those that it extends."""
    chain = _Chain()
    return Written(chain.read(path, str(path)), tuple(chain.files))


def compose(
    written: Written, choices: Sequence[str], sets: Sequence[str], schema_paths: Callable[[Node], Iterable[str]]
) -> Composed:
    """Return a scenario with its layers applied.

    schema_paths : the dotted paths that the schema allows for a tree; `--set` may use them and those in the tree.
    """
    problems: list[Problem] = []
    chosen, tree = choose(written.tree, choices, problems)
    for text in sets:
        try:
            tree = apply_set(tree, text, schema_paths)
        except InputError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(problems)
    return Composed(tree, chosen, written.files)


def apply_overlay(tree: Node, overlay: Node) -> Node:
    """Return `tree` with `overlay` merged into it."""
    base, over = tree.mapping, overlay.mapping
    if base is None or over is None or _replaces(base, over):
        return overlay
    children = dict(base)
    for key, child in over.items():
        _put_child(children, key, child)
    return Node(children, tree.origin)


def _put_child(children: dict[str, Node], key: str, child: Node) -> None:
    """Merge one child into the children of a mapping; null removes what is there."""
    if key not in children:
        children[key] = child
    elif child.value is None:
        del children[key]
    else:
        children[key] = apply_overlay(children[key], child)


def _replaces(base: dict[str, Node], over: dict[str, Node]) -> bool:
    """Return whether the overlay states a number anew, so that the old number's source must not stay."""
    stated = not base.keys().isdisjoint(NUMBER_KEYS) and base.keys() <= set(QUANTITY_KEYS)
    return stated and not over.keys().isdisjoint(NUMBER_KEYS)


@dataclass
class _Chain:
    """Reads a file with the files that it extends."""

    files: list[Path] = field(default_factory=list)
    open: list[Path] = field(default_factory=list)
    reads: int = 0

    def read(self, path: Path, name: str) -> Node:
        """Return the tree of `path` merged over its bases."""
        node, here = read_file(path, name), path.resolve()
        self.reads += 1
        mapping = dict(node.mapping or {})
        bases = _bases(mapping.pop("extends", None))
        self.open.append(here)
        merged: Node | None = None
        for base in bases:
            tree = self._base(base, path, name)
            merged = tree if merged is None else apply_overlay(merged, tree)
        self.open.pop()
        if here not in self.files:
            self.files.append(here)
        own = Node(mapping, node.origin)
        return own if merged is None else replace(apply_overlay(merged, own), origin=node.origin)

    def _base(self, base: Node, path: Path, name: str) -> Node:
        """Return the tree of one entry of `extends`."""
        target = path.parent / str(base.value)
        label = os.path.normpath(os.path.join(os.path.dirname(name), str(base.value)))
        if target.resolve() in self.open:
            cycle = " -> ".join(step.name for step in [*self.open, target])
            raise InputError.single(base.origin.where(), "extends", f"goes round in a circle: {cycle}")
        if not target.is_file():
            raise InputError.single(base.origin.where(), "extends", f"there is no file {label}")
        if self.reads >= _MOST_FILES:
            raise InputError.single(base.origin.where(), "extends", f"reads more than {_MOST_FILES} files")
        return self.read(target, label)


def _bases(node: Node | None) -> list[Node]:
    """Return the entries of `extends`: a file name, or a list of them."""
    if node is None or node.value is None:
        return []
    entries = node.value if isinstance(node.value, list) else [node]
    for entry in entries:
        if not isinstance(entry.value, str) or not entry.value or "\0" in entry.value:
            message = f"must be a file name or a list of them, not {shown(plain(entry))}"
            raise InputError.single(entry.origin.where(), "extends", message)
    return entries


def decisions(tree: Node) -> Iterator[Decision]:
    """Yield the decisions that a scenario offers, in the order written; malformed ones are left to the schema."""
    for actor, offered in _children(tree, "choices"):
        for name, node in (offered.mapping or {}).items():
            options = dict(_children(node, "options"))
            place = f"choices.{actor}.{name}.options"
            yield Decision(f"{actor}.{name}", place, options, node.child("default"))
    stated = tree.child("dilemma")
    for name, node in _children(stated, "levers") if stated else ():
        yield Decision(f"dilemma.{name}", f"dilemma.levers.{name}", dict(node.mapping or {}), None)


def _children(node: Node, key: str) -> list[tuple[str, Node]]:
    child = node.child(key)
    return list(child.mapping.items()) if child and child.mapping else []


def choose(tree: Node, picks: Sequence[str], problems: list[Problem]) -> tuple[dict[str, str], Node]:
    """Return the options taken, by decision, and the tree with what they set; add what is wrong to `problems`."""
    offered = {decision.path: decision for decision in decisions(tree)}
    picked = _picked(picks, offered, problems)
    record = dict(_children(tree, "chosen"))
    for path, decision in offered.items():
        option = picked.get(path) or _default(decision, problems)
        if option is None:
            continue
        tree = _take(tree, decision, str(option.value), problems)
        record[path] = option
    if record:
        origin = Origin(CHOICE, 0, 0, CHOICE)
        tree = Node({**(tree.mapping or {}), "chosen": Node(record, origin)}, tree.origin)
    return {path: str(node.value) for path, node in record.items()}, tree


def _picked(picks: Sequence[str], offered: dict[str, Decision], problems: list[Problem]) -> dict[str, Node]:
    """Return the options picked on the command line, by decision."""
    picked: dict[str, Node] = {}
    for text in picks:
        path, _, option = (part.strip() for part in text.partition("="))
        problem = _bad_pick(text, path, option, offered)
        if problem is None and path in picked and picked[path].value != option:
            problem = f"is chosen twice, as '{picked[path].value}' and as '{option}'"
        if problem:
            problems.append(Problem(CHOICE, path if "=" in text else "", problem))
        else:
            picked[path] = Node(option, Origin(CHOICE, 0, 0, CHOICE))
    return picked


def _bad_pick(text: str, path: str, option: str, offered: dict[str, Decision]) -> str | None:
    """Return what is wrong with one `--choice`, or None."""
    if not offered:
        return f"{shown(text)}: this scenario offers no choices"
    if "=" not in text or not option:
        known = [f"{name}={choice}" for name, decision in offered.items() for choice in decision.options]
        return f"{shown(text)} is not actor.decision=option{suggestion(text, known)}"
    if path not in offered:
        return f"there is no such decision{suggestion(path, offered)}"
    options = offered[path].options
    return None if option in options else f"has no option {shown(option)}{suggestion(option, options)}"


def _default(decision: Decision, problems: list[Problem]) -> Node | None:
    """Return the default option of a decision, if it states one that exists."""
    path, default = f"choices.{decision.path}.default", decision.default
    if default is None or not decision.options:
        return None
    if str(default.value) in decision.options:
        return default
    message = f"{shown(plain(default))} is not an option{suggestion(str(default.value), decision.options)}"
    problems.append(Problem(default.origin.where(), path, message))
    return None


def _take(tree: Node, decision: Decision, option: str, problems: list[Problem]) -> Node:
    """Return the tree with what an option sets."""
    overrides = decision.options[option].child("set")
    if overrides is None or overrides.mapping is None:
        return tree
    path = f"{decision.place}.{option}.set"
    bad = misplaced(overrides, path, RESERVED[:4])
    problems.extend(bad)
    return tree if bad else apply_overlay(tree, relabel(overrides, f"choice {decision.path}={option}"))


def misplaced(overrides: Node, path: str, keys: Iterable[str]) -> list[Problem]:
    """Return a problem for each of `keys` that an overlay contains although it may not."""
    found = [(key, overrides.child(key)) for key in keys]
    return [
        Problem(node.origin.key_where(), f"{path}.{key}", "may not be set from here; it belongs at the top of a file")
        for key, node in found
        if node is not None
    ]


def apply_set(tree: Node, text: str, schema_paths: Callable[[Node], Iterable[str]]) -> Node:
    """Return the tree with one `path=value` of the command line; the value is read as YAML."""
    path, equals, written = text.partition("=")
    path = path.strip()
    if not equals or not path:
        raise InputError.single(SET, "", f"{shown(text)} is not path=value")
    top = path.split(".")[0]
    if top in _NOT_SETTABLE:
        raise InputError.single(SET, path, f"'{top}' {_NOT_SETTABLE[top]}")
    if not _exists(tree, path):
        known = dict.fromkeys([*paths(tree), *schema_paths(tree)])
        if path not in known:
            raise InputError.single(SET, path, f"there is no such path{_nearest(path, known)}")
    value = _set_value(path, written)
    return _put(tree, path.split("."), value)


def _set_value(path: str, written: str) -> Node:
    try:
        return parse_value(written, SET)
    except InputError as error:
        raise InputError(Problem(SET, path, problem.message) for problem in error.problems) from error


def _exists(tree: Node, path: str) -> bool:
    node: Node | None = tree
    for key in path.split("."):
        node = node.child(key) if node else None
    return node is not None


def _nearest(path: str, known: Iterable[str]) -> str:
    """Return a suggestion: what is spelled like the first wrong step, or the same name elsewhere, or what is there."""
    settable = [name for name in known if name.split(".")[0] not in _NOT_SETTABLE]
    steps, names = path.split("."), set(settable)
    good = next((n for n in range(len(steps) - 1, 0, -1) if ".".join(steps[:n]) in names), 0)
    beside = [name.split(".")[-1] for name in settable if name.split(".")[:-1] == steps[:good]]
    close = [".".join([*steps[:good], step]) for step in get_close_matches(steps[good], beside, n=3)]
    whole = [".".join([name, *steps[good + 1 :]]) for name in close]
    found = [long if long in names else short for long, short in zip(whole, close, strict=True)]
    found = found or [name for name in settable if name.split(".")[-1] == steps[-1]][:3]
    if found:
        return f"; did you mean {' or '.join(repr(name) for name in found)}?"
    return suggestion("", beside) + (f" (in {'.'.join(steps[:good])})" if good and beside else "")


def _put(node: Node, keys: list[str], value: Node) -> Node:
    """Return the node with `value` merged in at the path `keys`."""
    key, rest = keys[0], keys[1:]
    child = node.child(key)
    below = child if child is not None and isinstance(child.value, dict | list) else Node({}, value.origin)
    if isinstance(node.value, list):
        items = list(node.value)
        items[int(key)] = _put(below, rest, value) if rest else value
        return Node(items, node.origin)
    children = dict(node.mapping or {})
    if rest:
        children[key] = _put(below, rest, value)
    else:
        _put_child(children, key, value)
    return Node(children, node.origin)
