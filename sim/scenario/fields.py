"""What the schema allows at a place of the tree, found by walking the annotations of its pydantic models."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from sim.scenario.tree import Node

KEY_MARK = "[key]"


@dataclass(frozen=True)
class Place:
    """Where an error of pydantic lies.

    keys : the path in the scenario file, without pydantic's labels of union members.
    node : the deepest node of the tree on that path.
    found : whether the tree holds the whole path.
    allowed : the keys that the schema knows in the mapping that holds the last key.
    """

    keys: tuple[str, ...]
    node: Node
    found: bool
    allowed: tuple[str, ...]


def members(annotation: Any) -> list[Any]:
    """Return the types that an annotation admits, without None and without `Annotated`."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        return [member for part in get_args(annotation) for member in members(part)]
    return [] if annotation is type(None) else [annotation]


def fields(model: type[BaseModel]) -> dict[str, Any]:
    """Return the annotation of each field of a model by the name used in files."""
    return {info.alias or name: info.annotation for name, info in model.model_fields.items()}


def locate_error(model: type[BaseModel], tree: Node, loc: Sequence[str | int]) -> Place:
    """Return the place in the tree that a pydantic `loc` means."""
    types_here, node, keys, found = [model], tree, list[str](), True
    holders: list[Any] = [model]
    for step in loc:
        if step == KEY_MARK:
            continue
        if len(types_here) > 1:
            types_here = _labelled(types_here, str(step))
            continue
        child = node.child(step) if found else None
        below = _below(types_here, step)
        if below is None and child is None and _opaque(types_here):
            continue
        keys.append(str(step))
        holders, types_here, found = types_here, below or [], child is not None
        node = child or node
    return Place(tuple(keys), node, found, allowed_keys(holders))


def allowed_keys(types_here: Iterable[Any]) -> tuple[str, ...]:
    """Return the keys of the models among some types."""
    return tuple(dict.fromkeys(key for kind in types_here if is_model(kind) for key in fields(kind)))


def is_model(kind: Any) -> bool:
    """Return whether a type is a pydantic model."""
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def tags(types_here: Iterable[Any], discriminator: str) -> list[str]:
    """Return the values of the field that tells the members of a union apart."""
    found = [fields(kind).get(discriminator) for kind in types_here if is_model(kind)]
    return [str(value) for kind in found if get_origin(kind) is Literal for value in get_args(kind)]


def types_at(model: type[BaseModel], keys: Iterable[str]) -> list[Any]:
    """Return the types that the schema allows at a path, over all members of unions."""
    types_here: list[Any] = [model]
    for key in keys:
        types_here = [below for kind in types_here for below in _below([kind], key) or []]
    return types_here


def schema_paths(model: type[BaseModel], tree: Node) -> Iterator[str]:
    """Yield the dotted paths that the schema allows, following the names in the tree where names are free."""
    yield from _paths([model], tree, "", ())


def _paths(types_here: list[Any], node: Node | None, prefix: str, above: tuple[Any, ...]) -> Iterator[str]:
    for kind in types_here:
        if kind in above and node is None:
            continue
        for key, annotation in _named(kind, node):
            path = f"{prefix}.{key}" if prefix else key
            yield path
            yield from _paths(members(annotation), node.child(key) if node else None, path, (*above, kind))


def _named(kind: Any, node: Node | None) -> list[tuple[str, Any]]:
    if is_model(kind):
        return list(fields(kind).items())
    if _is_dict(kind) and node is not None and node.mapping:
        return [(key, _value_type(kind)) for key in node.mapping]
    return []


def _labelled(types_here: list[Any], label: str) -> list[Any]:
    """Return the members of a union that pydantic's label (a tag or a class name) can mean."""
    bare = label.split("[")[0]
    tagged = [kind for kind in types_here if is_model(kind) and _has_tag(kind, label)]
    named = [kind for kind in types_here if getattr(get_origin(kind) or kind, "__name__", "") == bare]
    return (tagged or named or types_here)[:1]


def _has_tag(kind: type[BaseModel], label: str) -> bool:
    literals = [found for found in fields(kind).values() if get_origin(found) is Literal]
    return any(label == str(value) for literal in literals for value in get_args(literal))


def _below(types_here: list[Any], step: str | int) -> list[Any] | None:
    """Return the types below a key, or None when the types here know no such key."""
    kind = types_here[0] if types_here else None
    if is_model(kind):
        annotation = fields(kind).get(str(step)) if kind else None
        return None if annotation is None else members(annotation)
    if _is_dict(kind):
        return members(_value_type(kind))
    if _is_list(kind):
        return members(get_args(kind)[0]) if get_args(kind) else []
    return None


def _opaque(types_here: list[Any]) -> bool:
    """Return whether a step below these types can only be one of pydantic's labels."""
    return not types_here or not is_model(types_here[0])


def _is_dict(kind: Any) -> bool:
    return get_origin(kind) in (dict, Mapping) or kind is dict


def _is_list(kind: Any) -> bool:
    return get_origin(kind) in (list, tuple, Sequence, set, frozenset) or kind in (list, tuple)


def _value_type(kind: Any) -> Any:
    arguments = get_args(kind)
    return arguments[1] if len(arguments) == 2 else Any
