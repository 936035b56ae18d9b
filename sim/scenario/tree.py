"""YAML text to a tree of values that know where they were written.

Values follow the YAML 1.2 core rules (`no` is text, `1e6` a number, dates stay text). The event stream is walked one
event at a time and refused at the first that nests too deep: PyYAML's C composer, which recurses, is never reached.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from sim.errors import InputError, Problem
from sim.scenario.wording import shorten, shown

MOST_BYTES = 2_000_000
DEEPEST = 40
MOST_VALUES = 200_000
_MOST_PROBLEMS = 50
_MOST_DIGITS = 400
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
PATTERNS = {
    "null": _NULL,
    "bool": re.compile("|".join(_BOOL)),
    "int": _INTEGER,
    "float": re.compile(f"{_FLOAT.pattern}|{_NOT_FINITE.pattern}"),
    "merge": re.compile("<<"),
}

_HINTS = {
    "cannot start any token": "; indent with spaces, not tabs, and quote a text that starts with @, ` or %",
    "mapping values are not allowed": "; quote a text that holds ': ', or check the indentation",
    "did not find expected": "; check the indentation, and that each quote and bracket is closed",
}

Scalar: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True)
class Origin:
    """Where a value was written; lines and columns count from 1, and are 0 when there is no text to point at.

    layer : what brought the value in: a file's name, '--set', or 'choice russia.response=divert'.
    """

    file: str
    line: int
    column: int
    layer: str
    key_line: int = 0
    key_column: int = 0

    def where(self) -> str:
        """Return 'file.yaml:12:5' of the value, or the option that it came from."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def key_where(self) -> str:
        """Return the position of the key, or of the value where it has no key."""
        return f"{self.file}:{self.key_line}:{self.key_column}" if self.key_line else self.where()

    def short(self) -> str:
        """Return 'kursk_2024.yaml:41', with the choice that brought the value in, for tables."""
        if not self.line:
            return self.layer
        place = f"{Path(self.file).name}:{self.line}"
        return place if self.layer == Path(self.file).name else f"{place} ({self.layer})"


@dataclass(frozen=True)
class Node:
    """A value of the tree: a scalar, a mapping or a list of nodes."""

    value: Scalar | dict[str, Node] | list[Node]
    origin: Origin

    @property
    def mapping(self) -> dict[str, Node] | None:
        """Return the children by key, or None when this is no mapping."""
        return self.value if isinstance(self.value, dict) else None

    def child(self, key: str | int) -> Node | None:
        """Return the child of that key or index, if there is one."""
        if isinstance(self.value, dict):
            return self.value.get(str(key))
        if isinstance(self.value, list) and str(key).isdecimal() and int(key) < len(self.value):
            return self.value[int(key)]
        return None


def plain(node: Node) -> Any:
    """Return the tree as dicts, lists and scalars."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def paths(node: Node, prefix: str = "") -> Iterator[str]:
    """Yield the dotted path of each node below this one, in order."""
    items = node.value.items() if isinstance(node.value, dict) else ()
    for key, child in items:
        path = f"{prefix}.{key}" if prefix else key
        yield path
        yield from paths(child, path)


def read_file(path: Path, name: str) -> Node:
    """Return the tree of a scenario file, called `name` in messages; raise InputError with all that is wrong in it."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError.single(name, "", f"cannot be read: {reason}") from error
    if len(content) > MOST_BYTES:
        raise InputError.single(name, "", f"is larger than {MOST_BYTES // 1_000_000} MB; no scenario needs that")
    return parse_mapping(_decoded(content, name), name)


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise InputError.single(f"{name}:{line}:{column}", "", "is not text in UTF-8") from error


def parse_mapping(text: str, file: str) -> Node:
    """Return the tree of a text whose top level has to be a mapping."""
    node = parse(text, file, Path(file).name)
    if node.mapping is None:
        raise InputError.single(node.origin.where(), "", f"the top level must be a mapping, not {shown(plain(node))}")
    return node


def parse(text: str, file: str, layer: str) -> Node:
    """Return the tree of a YAML text; raise InputError with everything that is wrong in it."""
    builder = _Builder(file, layer)
    try:
        node = builder.document(yaml.parse(text, Loader=_LOADER))
    except yaml.YAMLError as error:
        builder.problems.append(_syntax(error, file))
        node = None
    except UnicodeError as error:
        raise InputError.single(file, "", "is not text in UTF-8") from error
    if node is None or builder.problems:
        raise InputError(builder.problems or [Problem(file, "", "is empty")])
    return node


def parse_value(text: str, layer: str) -> Node:
    """Return the tree of a value given on the command line; its origins point at the option, not at a line."""
    return relabel(parse(text, layer, layer) if text.strip() else Node(None, Origin(layer, 0, 0, layer)), layer, layer)


def relabel(node: Node, layer: str, file: str | None = None) -> Node:
    """Return the tree as brought in by `layer`; with `file`, as coming from there without line numbers."""
    old = node.origin
    origin = Origin(old.file, old.line, old.column, layer, old.key_line, old.key_column)
    if file is not None:
        origin = Origin(file, 0, 0, layer)
    if isinstance(node.value, dict):
        return Node({key: relabel(child, layer, file) for key, child in node.value.items()}, origin)
    if isinstance(node.value, list):
        return Node([relabel(child, layer, file) for child in node.value], origin)
    return Node(node.value, origin)


class _Builder:
    """Builds the nodes of one document from its events, noting problems as it goes."""

    def __init__(self, file: str, layer: str) -> None:
        self.file = file
        self.layer = layer
        self.problems: list[Problem] = []
        self.values = 0

    def document(self, events: Iterator[Any]) -> Node | None:
        """Return the only document of the stream, or None when there is none."""
        node: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if node is not None:
                    self._note(event, "", "a second document ('---') starts here; a scenario is one document")
                    return node
                node = self._node(next(events), events, (), None)
        return node

    def _node(self, event: Any, events: Iterator[Any], path: tuple[str, ...], key: Any) -> Node:
        """Return the node that starts at `event`; `key` is the event of its key in a mapping."""
        self._refuse_references(event, path)
        self.values += 1
        if self.values > MOST_VALUES:
            self._stop(event, path, f"is the {MOST_VALUES + 1}th value of the file; no scenario needs that many")
        origin = self._origin(event, key)
        if isinstance(event, yaml.AliasEvent):
            return Node(None, origin)
        if isinstance(event, yaml.ScalarEvent):
            return Node(self._scalar(event, path), origin)
        if len(path) >= DEEPEST:
            self._stop(event, path[:3], f"is nested more than {DEEPEST} deep")
        if isinstance(event, yaml.MappingStartEvent):
            return Node(self._mapping(events, path), origin)
        return Node(self._list(events, path), origin)

    def _list(self, events: Iterator[Any], path: tuple[str, ...]) -> list[Node]:
        children: list[Node] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            children.append(self._node(event, events, (*path, str(len(children))), None))
        return children

    def _mapping(self, events: Iterator[Any], path: tuple[str, ...]) -> dict[str, Node]:
        children: dict[str, Node] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, path)
            child = self._node(next(events), events, (*path, key), event)
            if key in children:
                self._duplicate(event, (*path, key), children[key])
            else:
                children[key] = child
        return children

    def _key(self, event: Any, path: tuple[str, ...]) -> str:
        """Return the text of a key; a date or a number as a key stays the text that was written."""
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse_references(event, path)
            self._stop(event, path, "a key must be a name, not a list, a mapping or an alias")
        self._refuse_references(event, path)
        text = str(event.value)
        if text == "<<" and event.implicit[0]:
            self._note(event, _dotted(path), "merge keys ('<<') are not allowed; use extends")
        if not text:
            self._note(event, _dotted(path), "a key is empty")
        return text

    def _scalar(self, event: Any, path: tuple[str, ...]) -> Scalar:
        try:
            return resolve(event.value) if event.implicit[0] else str(event.value)
        except ValueError as error:
            self._note(event, _dotted(path), str(error))
            return None

    def _duplicate(self, event: Any, path: tuple[str, ...], first: Node) -> None:
        earlier = f"{first.origin.key_line}:{first.origin.key_column}"
        self._note(event, _dotted(path), f"is written twice; the first is at {earlier}")

    def _refuse_references(self, event: Any, path: tuple[str, ...]) -> None:
        if getattr(event, "anchor", None) is not None:
            sign = f"*{event.anchor}" if isinstance(event, yaml.AliasEvent) else f"&{event.anchor}"
            self._note(
                event, _dotted(path), f"anchors and aliases ({shorten(sign)}) are not allowed; write the value again"
            )
        if getattr(event, "tag", None) is not None:
            self._note(event, _dotted(path), f"tags ({shorten(event.tag)}) are not allowed; write the value alone")

    def _origin(self, event: Any, key: Any) -> Origin:
        mark = event.start_mark
        if key is None:
            return Origin(self.file, mark.line + 1, mark.column + 1, self.layer)
        start = key.start_mark
        return Origin(self.file, mark.line + 1, mark.column + 1, self.layer, start.line + 1, start.column + 1)

    def _note(self, event: Any, path: str, message: str) -> None:
        mark = event.start_mark
        self.problems.append(Problem(f"{self.file}:{mark.line + 1}:{mark.column + 1}", path, message))
        if len(self.problems) >= _MOST_PROBLEMS:
            raise InputError([*self.problems, Problem(self.file, "", "has more problems; these are the first")])

    def _stop(self, event: Any, path: tuple[str, ...], message: str) -> None:
        self._note(event, _dotted(path), message)
        raise InputError(self.problems)


def resolve(text: str) -> Scalar:
    """Return what an unquoted scalar means by the YAML 1.2 core rules; raise ValueError when no number can hold it."""
    if _NULL.fullmatch(text):
        return None
    if text in _BOOL:
        return _BOOL[text]
    if len(text) > _MOST_DIGITS:
        return text
    if _INTEGER.fullmatch(text):
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a finite number")
    return _float(text) if _FLOAT.fullmatch(text) else text


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{shorten(text)} is too large a number")
    return number


def _syntax(error: yaml.YAMLError, file: str) -> Problem:
    """Return a YAML error as a problem with its position."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    context = getattr(error, "context", None)
    hint = next((hint for part, hint in _HINTS.items() if part in reason), "")
    return Problem(where, "", f"is not valid YAML: {reason}{f' ({context})' if context else ''}{hint}")


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(path)
