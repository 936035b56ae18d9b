"""The tables of a dilemma on a terminal: policies with their probabilities, and their price in people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from sim.analysis.answer import Answer

_AIMS = ("K", "E", "both")


def tables_shown(answer: Answer) -> list[Any]:
    """Return for each date a table of probabilities and one of prices."""
    columns = answer.tables["policies"]
    names = list(columns)
    every = zip(*(columns[name].tolist() for name in names), strict=True)
    rows = [dict(zip(names, row, strict=True)) for row in every]
    found: list[Any] = []
    for date in dict.fromkeys(row["date"] for row in rows):
        some = [row for row in rows if row["date"] == date]
        found += [f"{date}, {answer.numbers['dates'][date]['date']}", _probabilities(some), _prices(some)]
    return found


def _table(first: str, headings: list[str]) -> Table:
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column(first, no_wrap=True)
    for heading in headings:
        made.add_column(heading, justify="right")
    return made


def _probabilities(rows: list[dict[str, Any]]) -> Table:
    made = _table("policy", ["pK", "pE", "pKE (simultaneous 95 %)", ""])
    for row in rows:
        marks = [name for name in ("reference", "on_frontier") if row[name]]
        cells = [
            f"{100 * row[f'p{aim}']:.0f} % ({100 * row[f'p{aim}_low']:.0f} to {100 * row[f'p{aim}_high']:.0f})"
            for aim in _AIMS
        ]
        made.add_row(str(row["policy"]), *cells, ", ".join(marks).replace("_", " "))
    return made


def _prices(rows: list[dict[str, Any]]) -> Table:
    paid = [name.removesuffix("_change") for name in rows[0] if name.endswith("_change")]
    made = _table("price, 1,000 people [more than the reference]", [])
    for name in paid:
        made.add_column(name.replace("_", " "), justify="right", no_wrap=True)
    for row in rows:
        made.add_row(str(row["policy"]), *(_price(row, name) for name in paid))
    return made


def _price(row: dict[str, Any], name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if math.isnan(low):
        return f"{row[name] / 1000:.1f}"
    return f"{row[name] / 1000:.1f} [{low / 1000:+.1f} to {high / 1000:+.1f}]"
