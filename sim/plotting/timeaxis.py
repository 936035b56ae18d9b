"""A time axis in days: where a date lies, and ticks at round dates with the year said once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from matplotlib.axes import Axes

_EPOCH = date(1970, 1, 1)
_MONTHS = (1, 2, 3, 4, 6, 12, 24, 60, 120, 240)
_DAYS = (1, 2, 5, 10, 15)
_WIDER = 1.5  # a label with a day is so much wider than one without


def day_number(when: date) -> float:
    """Return where a date lies on the axis."""
    return float((when - _EPOCH).days)


def set_ticks(panel: Axes, start: date, end: date, most: int) -> None:
    """Put at most `most` ticks on the axis of a panel."""
    dates = tick_dates(start, end, most)
    panel.set_xticks([day_number(when) for when in dates], tick_labels(dates))


def tick_dates(start: date, end: date, most: int) -> list[date]:
    """Return at most `most` round dates within a campaign: firsts of months, or fewer days where it is short."""
    found: list[date] = []
    for step in _DAYS:
        found = [when for when in _days(start, end) if (when.day - 1) % step == 0 and (step < 5 or when.day < 30)]
        if len(found) * _WIDER <= most:
            return found
    for months in _MONTHS:
        found = [when for when in _firsts(start, end) if (12 * when.year + when.month - 1) % months == 0]
        if len(found) <= most:
            break
    return found


def tick_labels(dates: list[date]) -> list[str]:
    """Return '6 Aug' or 'Sep' with the year below the first tick and wherever it changes."""
    labels = []
    for position, when in enumerate(dates):
        name = f"{when:%b}" if all(each.day == 1 for each in dates) else f"{when.day} {when:%b}"
        new_year = position == 0 or when.year != dates[position - 1].year
        labels.append(f"{name}\n{when.year}" if new_year else name)
    return labels


def _days(start: date, end: date) -> Iterator[date]:
    for day in range((end - start).days + 1):
        yield start + timedelta(days=day)


def _firsts(start: date, end: date) -> Iterator[date]:
    year, month = start.year, start.month
    while (first := date(year, month, 1)) <= end:
        if first >= start:
            yield first
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
