"""What varies in a sweep, read from `PATH=LO:HI:STEP`, `PATH=a,b,c`, `PATH=LO:HI` or `PATH` alone.

A *number* is laid over the values of a loaded scenario, which is cheap. A *choice* takes an option, and anything else
(a date, a text, a path that the scenario leaves open) is *set* as by `--set`: both make another scenario, loaded once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.scenario.load import Loaded
    from sim.scenario.tree import Node
    from sim.scenario.values import Quantity

VARY = "--vary"
NUMBER, CHOICE, SET = "number", "choice", "set"
QUANTILES = 5  # of a distribution on a grid: the middles of as many equal slices
MOST_VALUES = 1_000_000
Value: TypeAlias = float | str
_Value = TypeVar("_Value", float, str)


@dataclass(frozen=True)
class Factor:
    """Something that varies.

    name : a path of the scenario, or actor.decision.
    kind : 'number', 'choice' or 'set'.
    values : its levels; empty where it has a range.
    span : lowest and highest value of a range; None where it has levels or follows `quantity`'s distribution.
    quantity : of a number, what the scenario says of it.
    """

    name: str
    kind: str
    values: tuple[Value, ...] = ()
    span: tuple[float, float] | None = None
    quantity: Quantity | None = None

    @property
    def numeric(self) -> bool:
        """Return whether its values are numbers."""
        return self.kind == NUMBER

    def at(self, u: float) -> Value:
        """Return the value at a share `u` of the way through its levels, its range or its distribution."""
        if self.values:
            return self.values[min(int(u * len(self.values)), len(self.values) - 1)]
        assert self.quantity is not None
        if self.span is None:
            return self.quantity.quantile(u)
        value = self.span[0] + u * (self.span[1] - self.span[0])
        return float(round(value)) if self.quantity.integer else value

    def levels(self) -> tuple[Value, ...]:
        """Return its values on a grid; raise InputError for a range, which has none."""
        if self.span is not None:
            low, high = self.span
            message = f"{low:g}:{high:g} is a range: a grid needs {low:g}:{high:g}:STEP (or use --design lhs or sobol)"
            raise InputError.single(VARY, self.name, message)
        return self.values or tuple(dict.fromkeys(self.at((k + 0.5) / QUANTILES) for k in range(QUANTILES)))

    def extremes(self) -> tuple[Value, ...]:
        """Return its lowest and its highest value, or the first and the last."""
        found = self.span or self.values or (self.at(0.001), self.at(0.999))
        return (min(found), max(found)) if self.numeric else (found[0], found[-1])


Given: TypeAlias = str | Sequence[object] | None


def factors_of(loaded: Loaded, given: Sequence[tuple[str, Given, str]]) -> tuple[Factor, ...]:
    """Return the factors; raise InputError with all that is wrong.

    given : name, values and place ('--vary', 'sweep.yaml:4:3') of each; values are a text as on the command line, a
    list, or None for the distribution that the scenario declares.
    """
    from sim.scenario.load import quantities
    from sim.scenario.overlay import decisions

    known = dict(quantities(loaded, every=True))
    options = {decision.path: tuple(decision.options) for decision in decisions(loaded.tree)}
    found: dict[str, Factor] = {}
    problems: list[Problem] = []
    for name, values, where in given:
        try:
            if name in found:
                raise InputError.single(where, name, "is given twice; name each factor once, with all of its values")
            found[name] = _factor(loaded, name, values, (known, options))
        except InputError as error:
            problems += [Problem(where, each.path, each.message) for each in error.problems]
    problems = problems or list(_overlaps(loaded, found))
    if problems:
        raise InputError(problems)
    return tuple(found.values())


def _overlaps(loaded: Loaded, factors: Mapping[str, Factor]) -> Iterator[Problem]:
    """Yield the paths that vary although an option that varies sets them: the option would have no effect."""
    from sim.scenario.overlay import decisions

    for decision in decisions(loaded.tree):
        factor = factors.get(decision.path)
        for option in factor.values if factor else ():
            stated = decision.options[str(option)].child("set")
            for path in factors:
                if stated is not None and states(stated, path):
                    message = f"varies, but {decision.path}={option} sets it too; vary one of them"
                    yield Problem(VARY, path, message)


def states(overlay: Node, path: str) -> bool:
    """Return whether an overlay states a path, or replaces or takes away what holds it."""
    node: Node | None = overlay
    for key in path.split("."):
        if node is None:
            return False
        if node.mapping is None:
            return True
        node = node.child(key)
    return node is not None


def parse_vary(texts: Iterable[str]) -> list[tuple[str, Given, str]]:
    """Return name, values and place of each `--vary`."""
    parts = (text.partition("=") for text in texts)
    return [(name.strip(), values.strip() if equals else None, VARY) for name, equals, values in parts]


_Known: TypeAlias = tuple[Mapping[str, "Quantity"], Mapping[str, tuple[str, ...]]]


def _factor(loaded: Loaded, name: str, values: Given, known: _Known) -> Factor:
    quantities, options = known
    if values is not None and not values:
        raise _wrong(name, "has no values: the design would be empty")
    if name in options:
        return Factor(name, CHOICE, _options(name, values, options[name]))
    if name in quantities:
        return _number(name, values, quantities[name])
    _refuse_unknown(loaded, name, options)
    if values is None:
        raise _wrong(name, "is no number with a distribution; give its values: PATH=a,b,c")
    return Factor(name, SET, tuple(_days(name, values)) or tuple(_listed(values)))


def _options(name: str, values: Given, offered: tuple[str, ...]) -> tuple[str, ...]:
    from sim.scenario.wording import shown, suggestion

    picked = offered if values is None else tuple(_listed(values))
    for option in picked:
        if option not in offered:
            raise _wrong(name, f"has no option {shown(option)}{suggestion(option, offered)}")
    return _once(name, picked)


def _number(name: str, values: Given, quantity: Quantity) -> Factor:
    if values is None:
        if quantity.distribution is None:
            message = f"is one value, {quantity.text()}, and no distribution; give {name}=LO:HI:STEP, LO:HI or a,b,c"
            raise _wrong(name, message)
        return Factor(name, NUMBER, quantity=quantity)
    if isinstance(values, str) and ":" in values:
        return _ranged(name, values, quantity)
    levels = _once(name, tuple(_read(name, value, quantity) for value in _listed(values)))
    return Factor(name, NUMBER, levels, quantity=quantity)


def _ranged(name: str, text: str, quantity: Quantity) -> Factor:
    parts = [part.strip() for part in text.split(":")]
    if len(parts) > 3:
        raise _wrong(name, f"'{text}' is not LO:HI:STEP")
    low, high = (_read(name, part, quantity) for part in parts[:2])
    if high <= low:
        raise _wrong(name, f"'{text}' does not rise: {low:g} to {high:g}")
    if len(parts) == 2:
        return Factor(name, NUMBER, span=(low, high), quantity=quantity)
    step = _plain(name, parts[2], quantity)
    if step <= 0:
        raise _wrong(name, f"the step of '{text}' is not above 0")
    levels = tuple(_read(name, value, quantity) for value in _steps(name, low, high, step))
    return Factor(name, NUMBER, levels, quantity=quantity)


def _steps(name: str, low: float, high: float, step: float) -> Iterator[float]:
    """Yield low, low + step, ... up to high, as people would write them: 0.3 and not 0.30000000000000004."""
    first, by = Fraction(repr(low)), Fraction(repr(step))
    count = (Fraction(repr(high)) - first) // by + 1
    if count > MOST_VALUES:
        raise _wrong(name, f"makes {count:,} values, more than {MOST_VALUES:,}; take a larger step")
    return (float(first + k * by) for k in range(int(count)))


def _read(name: str, value: object, quantity: Quantity) -> float:
    """Return a value in the unit of its quantity; raise InputError outside of what it allows."""
    number = _plain(name, value, quantity)
    if not quantity.low <= number <= quantity.high:
        span = f"{quantity.low:.12g} to {quantity.high:.12g}"
        raise _wrong(name, f"{number:.12g} is outside of what is allowed, {span} {quantity.unit}")
    if quantity.integer and not number.is_integer():
        raise _wrong(name, f"{number:.12g} is not a whole number")
    return number


def _plain(name: str, value: object, quantity: Quantity) -> float:
    from sim.scenario.values import Measured, UnreadableError

    try:
        return Measured(quantity.unit).read(value).central
    except UnreadableError as error:
        raise _wrong(name, error.message) from error


def _days(name: str, values: Given) -> list[str]:
    """Return the dates of a range FROM:TO:STEP, empty where it is none."""
    parts = values.split(":") if isinstance(values, str) else []
    try:
        first, last = (date.fromisoformat(part.strip()) for part in parts[:2])
    except ValueError:
        return []
    from sim.scenario.units import UnitError, convert

    try:
        step = convert(parts[2], "days") if len(parts) == 3 else 0.0
    except UnitError as error:
        raise _wrong(name, str(error)) from error
    if step < 1 or not step.is_integer() or last < first:
        raise _wrong(name, f"'{values}' is not FROM:TO:STEP with a step in whole days, such as '7 d'")
    return [str(first + timedelta(days=k)) for k in range(0, (last - first).days + 1, int(step))]


def _listed(values: Given) -> list[str]:
    if isinstance(values, str):
        return [part.strip() for part in values.split(",")]
    return [_text(value) for value in values or ()]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def _once(name: str, values: tuple[_Value, ...]) -> tuple[_Value, ...]:
    if len(set(values)) < len(values):
        twice = next(value for value in values if values.count(value) > 1)
        raise _wrong(name, f"has the value {twice} twice")
    return values


def _refuse_unknown(loaded: Loaded, name: str, options: Iterable[str]) -> None:
    """Refuse what neither the scenario nor the schema knows, and what a sweep may not vary."""
    from sim.scenario.fields import schema_paths
    from sim.scenario.load import scenario_model
    from sim.scenario.overlay import apply_set

    if not name:
        raise _wrong("", "needs a path: PATH=LO:HI:STEP, PATH=LO:HI, PATH=a,b,c or PATH")
    schema = scenario_model()
    try:
        apply_set(loaded.tree, f"{name}=0", lambda node: schema_paths(schema, node))
    except InputError as error:
        close = get_close_matches(name, list(options), n=1, cutoff=0.8)
        message = f"there is no such path; did you mean '{close[0]}'?" if close else error.problems[0].message
        raise _wrong(name, message) from error


def _wrong(name: str, message: str) -> InputError:
    return InputError.single(VARY, name, message)
