"""Outcomes on a date: a daily series as it stood (`kursk.territory_km2@2024-10-01`), or its change between two dates.

`east.territory_km2@2024-09-30..2024-10-31` is the change over October. Any daily series of a scenario serves, so
observations, thresholds and sweeps ask for what they need without keeping the series of each run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError

if TYPE_CHECKING:
    from sim.model.outcomes import Finished
    from sim.model.tally import Outcome

AT, TO = "@", ".."
_WHERE = "--outcomes"


class Calendar(NamedTuple):
    """The daily series of a scenario: its first date, its days, and the position and unit of each series by name."""

    start: date
    days: int
    series: Mapping[str, tuple[int, str]]


class Dated(NamedTuple):
    """A series (its position) on a day of the run, less its value on an earlier day where `since` is one."""

    position: int
    day: int
    since: int | None

    def values(self, series: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the value of each run, float64[run], from float64[run, day, series]."""
        now = series[:, self.day, self.position]
        return now if self.since is None else now - series[:, self.since, self.position]


def dated_name(quantity: str, on: date, since: date | None = None) -> str:
    """Return the name of a series on a date, or of its change since another."""
    return f"{quantity}{AT}{f'{since}{TO}' if since else ''}{on}"


def is_dated(name: str) -> bool:
    """Return whether a name is one of a series on a date."""
    return AT in name


def parse_dated(name: str, calendar: Calendar) -> Dated:
    """Return what a name asks for; raise InputError where the series, or a date of the run, does not exist."""
    from sim.scenario.wording import suggestion

    quantity, _, when = name.partition(AT)
    if quantity not in calendar.series:
        message = f"'{quantity}' is no daily series of the scenario{suggestion(quantity, calendar.series)}"
        raise InputError.single(_WHERE, name, message)
    days = [_day(name, text.strip(), calendar) for text in when.split(TO)]
    if len(days) > 2 or (len(days) == 2 and days[0] >= days[1]):
        message = f"'{when}' is neither a date nor EARLIER..LATER, such as 2024-09-30..2024-10-31"
        raise InputError.single(_WHERE, name, message)
    return Dated(calendar.series[quantity][0], days[-1], days[0] if len(days) == 2 else None)


def _day(name: str, text: str, calendar: Calendar) -> int:
    try:
        when = date.fromisoformat(text)
    except ValueError as error:
        message = f"'{text}' is not a date such as 2024-10-01 (year-month-day)"
        raise InputError.single(_WHERE, name, message) from error
    day = (when - calendar.start).days
    if not 0 <= day <= calendar.days:
        last = calendar.start + timedelta(days=calendar.days)
        raise InputError.single(_WHERE, name, f"{when} is outside the run, {calendar.start} to {last}")
    return day


def dated_outcome(name: str, calendar: Calendar) -> Outcome:
    """Return name, unit and meaning of a series on a date; raise InputError where it does not exist."""
    from sim.model.tally import Outcome

    found = parse_dated(name, calendar)
    quantity = name.partition(AT)[0]
    days = [calendar.start + timedelta(days=day) for day in (found.since, found.day) if day is not None]
    meaning = f"change of {quantity} from {days[0]} to {days[-1]}" if len(days) > 1 else f"{quantity} on {days[0]}"
    return Outcome(name, calendar.series[quantity][1], meaning)


def dated_values(names: Sequence[str], calendar: Calendar, block: Finished) -> dict[str, NDArray[np.float64]]:
    """Return the dated outcomes among some names, float64[run] each."""
    return {name: parse_dated(name, calendar).values(block.series) for name in names if is_dated(name)}
