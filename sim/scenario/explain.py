"""Pydantic's errors as sentences for analysts, each at its place in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core.core_schema import ErrorType

from sim.errors import Problem
from sim.scenario.fields import KEY_MARK, Place, allowed_keys, locate_error, tags, types_at
from sim.scenario.tree import Node
from sim.scenario.values import UnreadableError
from sim.scenario.wording import shown, suggestion

_LIMITS = {
    "greater_than_equal": "{} is below {ge}",
    "less_than_equal": "{} is above {le}",
    "greater_than": "{} is not above {gt}",
    "less_than": "{} is not below {lt}",
    "multiple_of": "{} is not a multiple of {multiple_of}",
}
_NOT = {
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number of reasonable size",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text (write it in quotes)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "dict_type": "a mapping (key: value)",
    "mapping_type": "a mapping (key: value)",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
}
_BUILT_IN = frozenset(get_args(ErrorType))

Located: TypeAlias = tuple[tuple[str, int, int], Problem]


def problems_of(error: ValidationError, model: type[BaseModel], tree: Node) -> list[Problem]:
    """Return every problem of a failed validation, in the order of the file."""
    found = [located for detail in error.errors(include_url=False) for located in _explained(dict(detail), model, tree)]
    ordered = sorted(found, key=lambda item: item[0])
    return list(dict.fromkeys(problem for _, problem in ordered))


def _explained(detail: dict[str, Any], model: type[BaseModel], tree: Node) -> Iterable[Located]:
    place = locate_error(model, tree, detail["loc"])
    context = detail.get("ctx") or {}
    if "problems" in context:
        return [_cross(path, message, place, model, tree) for path, message in context["problems"]]
    if "path" in context:
        return [_cross(context["path"], detail["msg"], place, model, tree)]
    problem = context.get("error")
    if isinstance(problem, UnreadableError):
        return [_value(problem, place)]
    if detail["type"] in ("missing", "extra_forbidden"):
        return [_key(detail["type"], place)]
    if detail["type"].startswith("union_tag"):
        return [_tag(detail, place, model)]
    at_key = KEY_MARK in detail["loc"]
    return [_located(place.node, place.keys, _message(detail), at_key)]


def _located(node: Node, keys: Iterable[str], message: str, at_key: bool = False) -> Located:
    """Return a problem at a node: at its key where the key or a whole mapping is meant, else at its value."""
    origin = node.origin
    if origin.key_line and (at_key or isinstance(node.value, dict | list)):
        return (origin.file, origin.key_line, origin.key_column), Problem(origin.key_where(), ".".join(keys), message)
    return (origin.file, origin.line, origin.column), Problem(origin.where(), ".".join(keys), message)


def _key(kind: str, place: Place) -> Located:
    name = place.keys[-1] if place.keys else ""
    if kind == "missing":
        return _located(place.node, place.keys, "is required but missing")
    hint = "; a dotted name is for --set only: nest the keys" if "." in name else suggestion(name, place.allowed)
    return _located(place.node, place.keys, f"unknown key{hint}", at_key=True)


def _value(problem: UnreadableError, place: Place) -> Located:
    """Return the problem of a quantity or a date, pointing at the part of it that is wrong."""
    node, keys = place.node, [*place.keys]
    for step in problem.inside:
        child = node.child(step) if place.found else None
        keys.append(str(step))
        node = child or node
    unknown = problem.message.startswith("unknown key")
    return _located(node, keys, problem.message, at_key=unknown)


def _tag(detail: dict[str, Any], place: Place, model: type[BaseModel]) -> Located:
    """Return the problem of a mapping whose kind is missing or unknown."""
    context = detail["ctx"]
    name = str(context["discriminator"]).strip("'")
    allowed = tags(types_at(model, place.keys), name)
    child = place.node.child(name)
    if child is None:
        return _located(place.node, [*place.keys, name], f"is required but missing{suggestion('', allowed)}")
    seen = child.value if not isinstance(child.value, dict | list) else None
    return _located(child, [*place.keys, name], f"{shown(seen)} is not allowed{suggestion(str(seen), allowed)}")


def _cross(path: str, message: str, place: Place, model: type[BaseModel], tree: Node) -> Located:
    """Return a problem between fields; its path starts at the root, or where the check stands."""
    keys = [key for key in path.split(".") if key]
    relative = [*place.keys, *keys]
    known = allowed_keys([model])
    absolute = not (place.keys and _deepest(tree, relative)[1] == len(relative))
    if absolute and keys and keys[0] not in known and not tree.child(keys[0]):
        absolute = False
    chosen = keys if absolute else relative
    return _located(_deepest(tree, chosen)[0], chosen, message)


def _deepest(tree: Node, keys: list[str]) -> tuple[Node, int]:
    """Return the deepest node on a path, and how many steps of it exist."""
    node = tree
    for depth, key in enumerate(keys):
        child = node.child(key)
        if child is None:
            return node, depth
        node = child
    return node, len(keys)


def _message(detail: dict[str, Any]) -> str:
    kind, value, context = detail["type"], detail.get("input"), detail.get("ctx") or {}
    if kind in _LIMITS:
        return _LIMITS[kind].format(shown(value), **{name: _limit(limit) for name, limit in context.items()})
    if kind in _NOT:
        return f"{shown(value)} is not {_NOT[kind]}"
    if kind in ("literal_error", "enum"):
        return _not_one_of(value, str(context.get("expected", "")))
    special: dict[str, Callable[[], str]] = {
        "value_error": lambda: str(context.get("error", detail["msg"])),
        "assertion_error": lambda: str(context.get("error", detail["msg"])),
        "string_pattern_mismatch": lambda: f"{shown(value)} does not match the pattern {context.get('pattern')}",
    }
    return special.get(kind, lambda: _plain_message(detail))()


def _limit(limit: Any) -> str:
    return f"{limit:.12g}" if isinstance(limit, float) else str(limit)


def _not_one_of(value: Any, expected: str) -> str:
    """Return that a value is not one of pydantic's list "'a', 'b' or 'c'"."""
    options = [option.strip().strip("'") for option in expected.replace(" or ", ", ").split(",")]
    return f"{shown(value)} is not allowed{suggestion(str(value), options)}"


def _plain_message(detail: dict[str, Any]) -> str:
    """Return the message of one of our own checks as it is, and one of pydantic's with the value seen."""
    message = str(detail["msg"])
    if detail["type"] not in _BUILT_IN:
        return message
    return f"{message[:1].lower()}{message[1:]}, not {shown(detail.get('input'))}"
