"""Observations of a campaign: a CSV file, a line a figure, each with its date, its range and who says so.

Columns: `quantity` (a daily series of the scenario, docs/outcomes.md), `since` (empty: the value on the date; a date:
the change since then), `date`, `value`, `low` and `high` (may be empty), `known` (when it was public), `claimant`,
`source`. All problems of a file are reported at once.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.errors import InputError, Problem
from sim.scenario.csv_file import read_lines
from sim.scenario.wording import suggestion

REQUIRED = ("quantity", "date", "value", "known", "source")
COLUMNS = ("quantity", "since", "date", "value", "low", "high", "known", "claimant", "source")
LARGEST_BYTES = 2_000_000


@dataclass(frozen=True)
class Observation:
    """A figure: of a quantity on a date, or of its change since another.

    value, low, high : in the quantity's unit; low and high are not-a-number where no range is given.
    known : the date from which the figure was public. line : where it stands in its file.
    """

    quantity: str
    since: datetime.date | None
    date: datetime.date
    value: float
    low: float
    high: float
    known: datetime.date
    claimant: str
    source: str
    line: int


def read(path: Path, quantities: Sequence[str] = ()) -> tuple[Observation, ...]:
    """Return the observations of a file, in its order; raise InputError with every problem found.

    quantities : the series that a scenario has; where given, no other is accepted.
    """
    header, rows = read_lines(path, LARGEST_BYTES, "figures")
    problems = list(_wrong_header(path, header))
    if problems:
        raise InputError(problems)
    found: list[Observation] = []
    for line, cells in rows:
        row = dict(zip(header, cells, strict=False))
        wrong = list(_wrong_row(f"{path}:{line}", header, cells, quantities))
        problems += wrong
        if not wrong:
            found.append(_observation(row, line))
    if not rows and not problems:
        problems.append(Problem(str(path), "", "holds no observations: a header, then a line for each figure"))
    if problems:
        raise InputError(problems)
    return tuple(found)


def known_by(observations: Sequence[Observation], until: datetime.date) -> tuple[Observation, ...]:
    """Return the observations that were public on a date."""
    return tuple(each for each in observations if each.known <= until)


def _wrong_header(path: Path, header: Sequence[str]) -> Iterator[Problem]:
    where = f"{path}:1"
    for name in header:
        if name not in COLUMNS:
            yield Problem(where, "", f"unknown column '{name}'{suggestion(name, COLUMNS)}")
        elif header.count(name) > 1:
            yield Problem(where, "", f"column '{name}' stands twice")
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        yield Problem(where, "", f"missing columns: {', '.join(missing)}")


def _wrong_row(where: str, header: Sequence[str], cells: Sequence[str], quantities: Sequence[str]) -> Iterator[Problem]:
    if len(cells) != len(header):
        yield Problem(where, "", f"has {len(cells)} cells, the header {len(header)} (quote text that holds a comma)")
        return
    row = dict(zip(header, cells, strict=True))
    empty = [name for name in REQUIRED if not row[name]]
    if empty:
        yield Problem(where, empty[0], "is empty")
        return
    yield from _wrong_cells(where, row)
    if quantities and row["quantity"] not in quantities:
        message = f"'{row['quantity']}' is no daily series of the scenario{suggestion(row['quantity'], quantities)}"
        yield Problem(where, "quantity", message)


def _wrong_cells(where: str, row: Mapping[str, str]) -> Iterator[Problem]:
    dates = [name for name in ("since", "date", "known") if row.get(name)]
    numbers = [name for name in ("value", "low", "high") if row.get(name)]
    wrong = [name for name in dates if _date(row[name]) is None]
    for name in wrong:
        yield Problem(where, name, f"'{row[name]}' is not a date such as 2024-10-01 (year-month-day)")
    for name in numbers:
        if not math.isfinite(_number(row[name])):
            yield Problem(where, name, f"'{row[name]}' is not a number such as 1044 or 7.5")
    if wrong or not all(math.isfinite(_number(row[name])) for name in numbers):
        return
    if row.get("since") and row["since"] >= row["date"]:
        yield Problem(where, "since", f"{row['since']} is not before the date, {row['date']}")
    low, value, high = (_number(row.get(name) or "nan") for name in ("low", "value", "high"))
    if low > value or value > high:
        yield Problem(where, "value", f"{value:g} does not lie between low ({low:g}) and high ({high:g})")


def _date(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _observation(row: Mapping[str, str], line: int) -> Observation:
    since = row.get("since")
    return Observation(
        quantity=row["quantity"],
        since=datetime.date.fromisoformat(since) if since else None,
        date=datetime.date.fromisoformat(row["date"]),
        value=_number(row["value"]),
        low=_number(row.get("low") or "nan"),
        high=_number(row.get("high") or "nan"),
        known=datetime.date.fromisoformat(row["known"]),
        claimant=row.get("claimant") or "",
        source=row["source"],
        line=line,
    )
