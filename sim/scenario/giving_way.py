"""Joint samples give way: what a tree states after a sample (a later file, a choice, `--set`) is taken out of it.

It is done to the tree, so that a scenario written out as one file loads to the same scenario.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sim.scenario.tree import Node

JOINT = "joint"


def settled(tree: Node, files: Sequence[Path]) -> Node:
    """Return the tree without the columns of joint samples that something stated later holds against.

    files : every file read, bases first. What is malformed is left to the schema.
    """
    samples = tree.child(JOINT)
    if samples is None or not samples.mapping:
        return tree
    names = [file.name for file in files]
    made = {name: _pruned(tree, table, names) for name, table in samples.mapping.items()}
    if all(made[name] is table for name, table in samples.mapping.items()):
        return tree
    left = {name: table for name, table in made.items() if table is not None}
    children = {key: child for key, child in (tree.mapping or {}).items() if key != JOINT or left}
    if left:
        children[JOINT] = replace(samples, value=left)
    return replace(tree, value=children)


def _pruned(tree: Node, table: Node, files: Sequence[str]) -> Node | None:
    """Return a sample with the columns that hold; itself where all do, None where none does."""
    paths, rows = table.child("paths"), table.child("rows")
    if paths is None or rows is None or not isinstance(paths.value, list) or not isinstance(rows.value, list):
        return table
    kept = [k for k, path in enumerate(paths.value) if _holds(tree, table, str(path.value).split("."), files)]
    if len(kept) == len(paths.value):
        return table
    if not kept:
        return None
    cut = [_columns(row, kept) for row in rows.value]
    columns = {"paths": _columns(paths, kept), "rows": replace(rows, value=cut)}
    return replace(table, value={**(table.mapping or {}), **columns})


def _columns(row: Node, kept: Sequence[int]) -> Node:
    cells = row.value
    return replace(row, value=[cells[k] for k in kept if k < len(cells)]) if isinstance(cells, list) else row


def _holds(tree: Node, table: Node, keys: Sequence[str], files: Sequence[str]) -> bool:
    """Return whether a number is stated where the sample is, before it, or not at all."""
    node = tree
    for key in keys:
        child = node.child(key)
        if child is None:
            break
        node = child
    stated, own = node.origin.layer, table.origin.layer
    if node is tree or stated == own or (isinstance(node.value, dict) and not _is_quantity(node)):
        return True
    return stated in files and own in files and files.index(stated) < files.index(own)


def _is_quantity(node: Node) -> bool:
    from sim.scenario.distributions import NUMBER_KEYS

    return not (node.mapping or {}).keys().isdisjoint(NUMBER_KEYS)
