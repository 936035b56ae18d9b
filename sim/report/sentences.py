"""Numbers as a briefing says them, by fixed rules: each is a function of results alone, and each is tested.

- No direction is stated where the paired interval includes zero.
- No probability stands without its range across assumptions, or the statement that they were not varied.
- People are rounded: no finer than the interval around them, and never finer than a reader can use.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sim.analysis.answer import percent as whole_percent
from sim.plotting.page import MINUS, NOTHING, to_width, unit_words

if TYPE_CHECKING:
    from sim.analysis.compare import Pair
    from sim.analysis.stats import Row

PROBABILITY = "probability"
PEOPLE = "people"
CENTRAL_ONLY = "assumptions were not varied"
UNTOLD = "no difference is told"
_POINTS = "percentage points"
_NARROW = 0.05  # width of an interval of a share that whole per cents would hide
BARE = ("", "1", "share", "ratio", "ln ratio", "count")  # units that a sentence does without

Show = Callable[[float], str]


def percent(share: float) -> str:
    """Return a share as whole per cent; what is near an end but not there is said so."""
    return whole_percent(share) if math.isfinite(share) else NOTHING


def percents(low: float, high: float) -> str:
    """Return a range of shares."""
    return f"{100 * low:.0f} to {100 * high:.0f} %"


def people(value: float, width: float = 0.0) -> str:
    """Return people in whole numbers: to a tenth of the width around them, 100s from 10,000 on, 10s from 1,000 on."""
    if not math.isfinite(value):
        return NOTHING
    coarse = 100 if abs(value) >= 10_000 else 10 if abs(value) >= 1_000 else 1
    step = max(coarse, 10 ** math.floor(math.log10(width / 4)) if width >= 4 else 1)
    said = f"{round(value / step) * step:,.0f}"
    return "0" if said == "-0" else said.replace("-", MINUS)


def shower(unit: str, width: float) -> Show:
    """Return how numbers of a unit are written beside an interval of a width (in the unit)."""
    if unit == PROBABILITY and 0.0 < width < _NARROW:
        return lambda value: to_width(100 * value, 100 * width)
    if unit == PROBABILITY:
        return lambda value: f"{round(100 * value) + 0:,}".replace("-", MINUS)
    if unit == PEOPLE:
        return lambda value: people(value, width)
    return lambda value: to_width(value, width)


def with_unit(said: str, unit: str) -> str:
    """Return a number that was written, with its unit."""
    if unit == PROBABILITY:
        return f"{said} %"
    return said if unit in BARE else f"{said} {unit_words(unit)}"


def span(ends: Sequence[float], unit: str) -> str:
    """Return the outer ends of some quantiles or of an interval: '470 to 1,600 km²'."""
    low, high = ends[0], ends[-1]
    show = shower(unit, high - low)
    return with_unit(f"{show(low)} to {show(high)}", unit)


def value_of(row: Row) -> str:
    """Return a mean with its unit, no finer than its interval."""
    if row.mean is None:
        return NOTHING
    if row.unit == PROBABILITY:
        return percent(row.mean)
    width = row.mean_ci95[1] - row.mean_ci95[0] if row.mean_ci95 else abs(row.mean) / 10
    return with_unit(shower(row.unit, width)(row.mean), row.unit)


def across(row: Row) -> str:
    """Return the range of a mean across assumptions, or that they were not varied."""
    return f"{span(row.assumptions, row.unit)} across assumptions" if row.assumptions else CENTRAL_ONLY


def stated(row: Row, subject: str, where: str = "") -> str:
    """Return an outcome as a clause: 'X in 64 % of runs under A (22 to 91 % across assumptions)'.

    subject : a clause where the outcome is a probability, else a noun.
    """
    under = f" under {where}" if where else ""
    if row.mean is None:
        return f"{subject}: it does not apply{under}"
    if row.unit == PROBABILITY:
        return f"{subject} in {percent(row.mean)} of runs{under} ({across(row)})"
    return f"{subject} is {value_of(row)}{under} on average ({across(row)})"


def numerical(row: Row) -> str:
    """Return how exact a mean is."""
    if row.mean_ci95 is None:
        return f"{row.runs:,} runs are too few for an interval."
    return f"{span(row.mean_ci95, row.unit)} is the 95 % interval of the mean over {row.runs:,} runs."


def luck(row: Row, central: Row) -> str:
    """Return what luck alone does, at central assumptions; `central` is the row of those runs only."""
    if row.unit == PROBABILITY:
        if central.mean is None:
            return "It does not apply at central assumptions."
        return f"At central assumptions {percent(central.mean)} of {central.runs:,} runs: luck decides between them."
    if row.luck is None:
        return "No runs at central assumptions show it."
    return f"At central assumptions 90 % of runs give {span(row.luck, row.unit)}."


def assumed(row: Row, draws: int) -> str:
    """Return what our assumptions do to a mean."""
    if row.assumptions is None:
        return "They were not varied: every number is at their central values."
    return f"{span(row.assumptions, row.unit)} holds 90 % of the means of {draws:,} draws of the assumptions."


def size(pair: Pair) -> str:
    """Return how large a told difference is, without its direction: '80 percentage points'."""
    width = pair.interval[1] - pair.interval[0] if pair.interval else 0.0
    said = shower(pair.unit, width)(abs(pair.estimate or 0.0))
    return f"{said} {_POINTS}" if pair.unit == PROBABILITY else with_unit(said, pair.unit)


def difference(pair: Pair) -> str:
    """Return what may be told of a pair: a direction only where the interval excludes zero."""
    if pair.estimate is None:
        return "not compared: it does not apply in one of them"
    if pair.interval is None:
        return f"{UNTOLD}: too few runs for an interval"
    if pair.direction is None:
        if pair.interval == (0.0, 0.0):
            return "the same in every run"
        return f"{UNTOLD} ({_ends(pair, pair.interval)})"
    near, far = sorted(map(abs, pair.interval))
    show = shower(pair.unit, far - near)
    return f"{size(pair)} {pair.direction} ({show(near)} to {show(far)}){_either_sign(pair)}"


def _ends(pair: Pair, ends: Sequence[float]) -> str:
    show = shower(pair.unit, ends[-1] - ends[0])
    said = f"{show(ends[0])} to {show(ends[-1])}"
    return f"{said} {_POINTS}" if pair.unit == PROBABILITY else with_unit(said, pair.unit)


def _either_sign(pair: Pair) -> str:
    """Return a warning where draws of the assumptions give differences of either sign, or were not varied."""
    if pair.spread.assumptions is None:
        return f"; {CENTRAL_ONLY}"
    low, high = pair.spread.assumptions[0], pair.spread.assumptions[-1]
    return f"; across assumptions of either sign, {_ends(pair, (low, high))}" if low < 0.0 < high else ""


def signed(pair: Pair) -> str:
    """Return a difference as a cell of a table, in the unit of its column: signed where it is told."""
    if pair.estimate is None or pair.interval is None:
        return NOTHING
    if pair.direction is None:
        return "the same" if pair.interval == (0.0, 0.0) else "not told"
    said = shower(pair.unit, pair.interval[1] - pair.interval[0])(abs(pair.estimate))
    return f"{'+' if pair.estimate > 0 else MINUS}{said}"


def listed(parts: Sequence[str], most: int = 3) -> str:
    """Return some parts as a list, and how many were left out."""
    shown, left = list(parts[:most]), len(parts) - most
    if left > 0:
        shown.append(f"{left} more")
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def capital(text: str) -> str:
    """Return a text with a capital first letter, unless it begins with a name of the scenario ('kursk.people')."""
    first = text.split(" ", 1)[0].rstrip(",;:")
    return text[:1].upper() + text[1:] if first.isalpha() else text
