"""Conditions on outcomes as people write them: `dual_success < 1` of a run, `P(dual_success) >= 0.5` over runs.

    event     = OUTCOME [OP NUMBER]                     true or false in a run; an outcome that is 0 or 1 needs no OP
    statistic = P(event) | mean(OUTCOME) | q90(OUTCOME)
    condition = statistic OP NUMBER
OP is one of < <= > >=. A number may be a percentage (50 %). Errors mark the place.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError

Values = NDArray[np.float64]
_Compare = Callable[[Values, float], NDArray[np.bool_]]

OPERATORS: Mapping[str, _Compare] = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}
_OPERATOR = re.compile(r"<=|>=|<|>")
_STATISTIC = re.compile(r"\s*(P|mean|q\d{1,2})\s*\(", re.IGNORECASE)


class Event(NamedTuple):
    """Something that is so in a run or not: an outcome against a level (above a half where none is given)."""

    outcome: str
    sign: str = ">"
    level: float = 0.5

    def holds(self, values: Values) -> Values:
        """Return 1 where it is so, 0 where it is not, not-a-number where the outcome is nothing; shape as given."""
        true = OPERATORS[self.sign](values, self.level)
        return np.where(np.isfinite(values), true.astype(np.float64), np.nan)

    def __str__(self) -> str:
        """Return it as it is written."""
        return self.outcome if (self.sign, self.level) == (">", 0.5) else f"{self.outcome} {self.sign} {self.level:g}"


class Statistic(NamedTuple):
    """What is taken of the runs: 'P' of an event, 'mean' of an outcome, or its quantile ('q', with the share)."""

    kind: str
    event: Event
    share: float = 0.0

    @property
    def outcome(self) -> str:
        """Return the outcome that it is of."""
        return self.event.outcome

    def per_run(self, values: Values) -> Values:
        """Return what is averaged: 0 or 1 where it is a probability, else the outcome; shape as given."""
        return self.event.holds(values) if self.kind == "P" else values

    def of(self, values: Values) -> float:
        """Return it of some runs, float64[run]; not-a-number of none."""
        kept = self.per_run(values)
        kept = kept[np.isfinite(kept)]
        if not len(kept):
            return math.nan
        return float(np.quantile(kept, self.share)) if self.kind == "q" else float(kept.mean())

    def __str__(self) -> str:
        """Return it as it is written."""
        name = f"q{round(100 * self.share):02d}" if self.kind == "q" else self.kind
        return f"{name}({self.event})"


class Condition(NamedTuple):
    """A statistic against a level."""

    statistic: Statistic
    sign: str
    level: float

    def holds(self, value: float) -> bool:
        """Return whether a value of the statistic meets it."""
        return bool(OPERATORS[self.sign](np.array([value]), self.level)[0])

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.statistic} {self.sign} {self.level:g}"


class Place(NamedTuple):
    """Where a condition was given: the option, and the outcomes that there are (none: any is taken)."""

    option: str
    outcomes: Collection[str] = ()


def parse_event(text: str, place: Place) -> Event:
    """Return the event of a run that a text states; raise InputError with the place marked."""
    return _Reader(text, place).event(0, len(text))


def parse_statistic(text: str, place: Place) -> Statistic:
    """Return the statistic that a text states; raise InputError with the place marked."""
    return _Reader(text, place).statistic(len(text))


def parse_condition(text: str, place: Place) -> Condition:
    """Return the condition that a text states, such as `P(dual_success) >= 0.5`; raise InputError."""
    return _Reader(text, place).condition()


class _Reader:
    """Reads parts of a text, known by where they begin and end."""

    def __init__(self, text: str, place: Place) -> None:
        self._text, self._place = text, place

    def condition(self) -> Condition:
        close = self._text.rfind(")")
        found = _OPERATOR.search(self._text, close + 1) if close >= 0 else None
        if not found:
            at = len(self._text) if close < 0 else close + 1
            raise self._wrong(at, "needs a statistic and a level, such as P(dual_success) >= 0.5")
        return Condition(self.statistic(found.start()), found.group(), self._number(found.end(), len(self._text)))

    def statistic(self, end: int) -> Statistic:
        found = _STATISTIC.match(self._text)
        if not found:
            raise self._wrong(0, "is not P(...), mean(...) or q50(...)")
        close = self._text.rfind(")", 0, end)
        if close < found.end() or self._text[close + 1 : end].strip():
            at = end if close < 0 else close + 1
            raise self._wrong(at, "needs one closing parenthesis, and nothing after it")
        kind, event = found.group(1).lower(), self.event(found.end(), close)
        if kind == "p":
            return Statistic("P", event)
        if _OPERATOR.search(self._text, found.end(), close):
            raise self._wrong(found.end(), f"{kind}(...) is of an outcome; a comparison belongs in P(...)")
        return Statistic("mean", event) if kind == "mean" else self._quantile(int(kind[1:]), event)

    def _quantile(self, percent: int, event: Event) -> Statistic:
        if not percent:
            raise self._wrong(0, "q00 is no quantile; take q01 to q99")
        return Statistic("q", event, percent / 100)

    def event(self, start: int, end: int) -> Event:
        found = _OPERATOR.search(self._text, start, end)
        name_end = found.start() if found else end
        name = self._text[start:name_end].strip()
        self._check_outcome(name, start + self._text[start:name_end].find(name))
        return Event(name, found.group(), self._number(found.end(), end)) if found else Event(name)

    def _check_outcome(self, name: str, at: int) -> None:
        from sim.experiment.dated import is_dated
        from sim.scenario.wording import suggestion

        known = self._place.outcomes
        if not name:
            raise self._wrong(at, "names no outcome")
        if known and name not in known and not is_dated(name):
            raise self._wrong(at, f"there is no outcome '{name}'{suggestion(name, known)}")

    def _number(self, start: int, end: int) -> float:
        written = self._text[start:end].strip()
        try:
            value = float(written.rstrip("% ").replace(",", "")) / (100 if written.endswith("%") else 1)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self._wrong(start, f"'{written}' is not a number")
        return value

    def _wrong(self, at: int, message: str) -> InputError:
        """Return the error, with the text and a mark below the place on lines of their own."""
        return InputError.single(self._place.option, "", f"{message}\n    {self._text}\n    {' ' * at}^")
