"""Numbers written with a unit: which spellings are understood, and their conversion to the unit of a field.

A unit is a word or words divided by words ('people/day', '1/people/day'). A new unit needs one line in `_WORDS`
and works in every combination. Arithmetic is exact (fractions), so '7 %' is 0.07 and not 0.07000000000000001.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

_ONE = Fraction(1)
_WORDS: dict[str, dict[str, Fraction]] = {
    "people": dict.fromkeys(["people", "troops", "soldiers", "person", "troop", "soldier", "personnel"], _ONE),
    "time": {
        **dict.fromkeys(["days", "d", "day"], _ONE),
        **dict.fromkeys(["h", "hours", "hour"], Fraction(1, 24)),
        **dict.fromkeys(["weeks", "week"], Fraction(7)),
        **dict.fromkeys(["months", "month"], Fraction("30.44")),
        **dict.fromkeys(["years", "year"], Fraction("365.25")),
    },
    "length": {"km": _ONE, "m": Fraction(1, 1000)},
    "area": {"km2": _ONE, "sq km": _ONE, "ha": Fraction(1, 100)},
    "rounds": dict.fromkeys(["rounds", "shells", "round", "shell"], _ONE),
    "engagements": dict.fromkeys(["engagements", "engagement"], _ONE),
    "plain": {"1": _ONE, "share": _ONE, "": _ONE, "%": Fraction(1, 100), "percent": Fraction(1, 100)},
}
_SHOWN = {"time": ["days", "d", "h", "weeks", "months"], "plain": ["%"]}
_PLAIN_FIELD = {"share": "a share such as 0.3 or '30 %'", "1": "a plain number"}
_NUMBER = re.compile(
    r"(?P<number>[+-]?(?:(?:[0-9]{1,3}(?:[,_][0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)\s*(?P<unit>.*)"
)
_UNIT_START = re.compile(r"[^\W\d_]|%|/|1\s*/")
_LONGEST = 100


class UnitError(ValueError):
    """A text that is not a number in an allowed unit."""


@dataclass(frozen=True)
class Unit:
    """What a unit measures (numerator, then denominators), and its size in base units."""

    dimensions: tuple[str, ...]
    size: Fraction


@cache
def parse_unit(text: str) -> Unit | None:
    """Return the unit that `text` spells, or None when a word in it is not known."""
    words = [_word(part) for part in _normal(text).split("/")]
    known = [word for word in words if word is not None]
    if len(known) < len(words):
        return None
    size = known[0].size
    for word in known[1:]:
        size /= word.size
    return Unit((known[0].dimensions[0], *sorted(word.dimensions[0] for word in known[1:])), size)


def _normal(text: str) -> str:
    squared = text.casefold().replace("²", "2").replace("^2", "2")
    return re.sub(r"\s+per\s+|^per\s+", "/", " ".join(squared.split()))


def _word(text: str) -> Unit | None:
    for dimension, sizes in _WORDS.items():
        if text.strip() in sizes:
            return Unit((dimension,), sizes[text.strip()])
    return None


def convert(text: str, unit: str) -> float:
    """Return the number that `text` ('11,000 troops', '6 weeks', '0.3') states, in `unit`.

    Raises UnitError when it is no number, or has another kind of unit.
    """
    number, spelled = split(text)
    if not spelled:
        return _finite(Fraction(number), text)
    seen, wanted = parse_unit(spelled), parse_unit(unit)
    if wanted is None:
        raise LookupError(f"the field's unit {unit!r} is not in sim.scenario.units")
    if seen is None or seen.dimensions != wanted.dimensions:
        raise UnitError(f"{text!r} has the unit '{spelled}'; allowed: {allowed_units(unit)}")
    return _finite(Fraction(number) * seen.size / wanted.size, text)


def split(text: str) -> tuple[str, str]:
    """Return the number (without thousands separators) and the unit of a text; raise UnitError when it has none."""
    match = _NUMBER.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if match is None:
        raise UnitError(f"{_short(text)} is not a number")
    number, unit = match["number"], match["unit"].strip()
    if unit and not _UNIT_START.match(unit):
        raise UnitError(f"{_short(text)} is not a number with a unit (write 11000 or '11,000 people', 0.5 or '45 d')")
    if not unit and re.search("[,_]", number):
        raise UnitError(f"{_short(text)} is not a plain number; leave out '{re.sub('[^,_]', '', number)[0]}'")
    return re.sub("[,_]", "", number), unit


def allowed_units(unit: str) -> str:
    """Return the spellings accepted in a field of `unit`, as shown in messages."""
    if unit in _PLAIN_FIELD:
        return _PLAIN_FIELD[unit]
    top, _, bottom = unit.partition("/")
    tops = _spellings(top)
    if not bottom:
        return ", ".join(tops)
    return ", ".join(dict.fromkeys([unit, *(f"{tops[0]}/{word}" for word in _per(bottom))]))


def _spellings(word: str) -> list[str]:
    unit = _word(word)
    if unit is None or word == "1":
        return [word]
    return _SHOWN.get(unit.dimensions[0], list(_WORDS[unit.dimensions[0]])[:3])


def _per(bottom: str) -> list[str]:
    unit = _word(bottom)
    return ["day", "week", "month"] if unit and unit.dimensions == ("time",) else [bottom]


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _finite(value: Fraction, text: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise UnitError(f"{_short(text)} is too large a number")
    return number
