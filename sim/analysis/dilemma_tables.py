"""The tables behind a dilemma: policies with their price, aspirations, the surface, and the attribution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis.attribution import Share
from sim.analysis.dilemma import Index, frontier
from sim.analysis.dilemma_study import OnDate, Question

Columns = Mapping[str, NDArray[Any]]
_AIMS = ("K", "E", "both")


def tables_of(asked: Question, found: Sequence[OnDate], shares: Sequence[Share]) -> dict[str, Columns]:
    """Return the tables by name; empty ones are left out."""
    cells = [
        {"date": each.names.name, "K_star": cell.stars.regained, "E_star": cell.stars.kept, **_row(cell.found)}
        for each in found
        for cell in each.cells
    ]
    places = [
        {"date": each.names.name, "people": place.people, "days": place.days, **_row(index)}
        for each in found
        for place, index in each.surface
    ]
    made = {
        "policies": _columns(row for each in found for row in _policies(asked, each)),
        "aspirations": _columns(cells),
        "surface": _columns(places),
        "attribution": _columns(_shares(shares)),
    }
    return {name: columns for name, columns in made.items() if columns}


def _columns(rows: Iterable[Mapping[str, Any]]) -> dict[str, NDArray[Any]]:
    listed = list(rows)
    names = listed[0] if listed else ()
    return {name: _array([row[name] for row in listed]) for name in names}


def _array(values: Sequence[Any]) -> NDArray[Any]:
    return np.array(values, object if isinstance(values[0], str) else None)


def _row(index: Index) -> dict[str, Any]:
    """Return the index as a row: maxima and D, each with its ends, and the verdict."""
    row: dict[str, Any] = {}
    for name, each in zip(_AIMS, (index.second, index.main, index.both), strict=True):
        row |= {f"max_p{name}": each.interval.value, f"max_p{name}_low": each.interval.low}
        row |= {f"max_p{name}_high": each.interval.high, f"best_{name}": each.policy}
    return row | {"D": index.D.value, "D_low": index.D.low, "D_high": index.D.high, "verdict": index.verdict}


def _policies(asked: Question, each: OnDate) -> list[dict[str, Any]]:
    second, main = (each.judged.shares[k].value for k in (0, 1))
    on_frontier = frontier(second, main)
    return [
        {
            "date": each.names.name,
            "policy": policy.name,
            "group": policy.group,
            "picks": " ".join(f"{decision}={option}" for decision, option in policy.picks.items()),
            **_probabilities(each, k),
            "on_frontier": bool(on_frontier[k]),
            "reference": k == asked.reference,
            **_paid(each, k),
        }
        for k, policy in enumerate(asked.policies)
    ]


def _probabilities(each: OnDate, k: int) -> dict[str, float]:
    row: dict[str, float] = {}
    for name, shares in zip(_AIMS, each.judged.shares, strict=True):
        row |= {f"p{name}": float(shares.value[k]), f"p{name}_low": float(shares.low[k])}
        row[f"p{name}_high"] = float(shares.high[k])
    return row


def _paid(each: OnDate, k: int) -> dict[str, float]:
    row: dict[str, float] = {}
    for what, price in each.prices.items():
        name = what.replace(" ", "_")
        row |= {name: float(price.mean[k]), f"{name}_change": float(price.change[k])}
        row |= {f"{name}_low": float(price.low[k]), f"{name}_high": float(price.high[k])}
    return row


def _shares(shares: Sequence[Share]) -> list[dict[str, Any]]:
    rows = []
    for share in shares:
        low, high = share.mean.interval or (np.nan, np.nan)
        least, most = (share.assumptions or (np.nan, np.nan))[:2]
        value = np.nan if share.mean.value is None else share.mean.value
        ends = {"low": low, "high": high, "assumptions_5": least, "assumptions_95": most}
        rows.append({"part": share.name, "mean": value, **ends})
    return rows
