"""Names for the words of the parameter record, for traces: 'front.kursk.tempo_per_1000_per_day'."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from sim.model.codes import CONTINGENTS, FRONTS, SIDES, THEATRES
from sim.model.state import PARAMS
from sim.model.tally import Labels


@cache
def parameter_names(labels: Labels) -> dict[int, tuple[str, bool]]:
    """Return the name of each word and whether it is a floating-point number."""
    return {word: (name, real) for word, name, real in _walk(PARAMS, 0, (), labels)}


def _walk(
    dtype: np.dtype[np.void], start: int, above: tuple[str, ...], labels: Labels
) -> Iterator[tuple[int, str, bool]]:
    for field in dtype.names or ():
        kind, offset = dtype.fields[field][0], dtype.fields[field][1]  # type: ignore[index]
        for number, index in enumerate(np.ndindex(kind.shape)):
            at = start + offset + number * kind.base.itemsize
            name = (*above, field, *_labelled(field, index, kind.shape, above, labels))
            if kind.base.names:
                yield from _walk(kind.base, at, name, labels)
            else:
                yield at // 8, ".".join(name), kind.base.kind == "f"


def _labelled(
    field: str, index: tuple[int, ...], shape: tuple[int, ...], above: tuple[str, ...], labels: Labels
) -> list[str]:
    """Return the names of a place in an array: by side, front, theatre or contingent where its length says so."""
    found: list[str] = []
    for k, size in zip(index, shape, strict=True):
        if field == "season":
            known: tuple[str, ...] = ()
        elif size == CONTINGENTS:
            side = next((name for name in (*found, *above) if name in labels.sides), labels.sides[0])
            known = labels.contingents[labels.sides.index(side)] if field != "incursion_people" else ()
        else:
            known = {SIDES: labels.sides, FRONTS: labels.fronts, THEATRES: labels.theatres}.get(size, ())
        found.append(known[k] if k < len(known) else str(k))
    return found
