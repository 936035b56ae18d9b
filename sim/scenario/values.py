"""Values of a scenario: numbers with a unit, a spread and a source, and dates.

A field is annotated `Annotated[Quantity, Measured("days", low=0)]` (which mypy reads), or `quantity("days", low=0)`.
In YAML it is a number, a number with a unit, a distribution, or a mapping that adds where the number comes from.
"""

from __future__ import annotations

import marshal
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from sim.scenario.distributions import ARGUMENTS, NUMBER_KEYS, QUANTITY_KEYS, Distribution, carries_unit
from sim.scenario.units import UnitError, allowed_units, convert, parse_unit
from sim.scenario.wording import shown, suggestion

CONFIDENCES = ("low", "medium", "high")
_MOST_KEPT = 1_000  # values of one kind of field
_NO_REFERENCES = 0  # version of the format in which equal values of the same types give equal bytes
_OPEN = ("normal", "lognormal")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH_DAY = re.compile(r"[0-9]{2}-[0-9]{2}")


class UnreadableError(ValueError):
    """A value that cannot be read; `inside` leads from the value to the faulty part of it."""

    def __init__(self, message: str, inside: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.inside = inside


@dataclass(frozen=True)
class Quantity:
    """A number in the unit of its field, with what is known about it.

    central : the value of an unsampled run, in `unit`.
    distribution : None when the number is taken as certain.
    low, high : the range that the field allows (infinite when open), which also truncates the distribution.
    range : the span that sources give, as documentation; it is not sampled.
    """

    central: float
    unit: str
    distribution: Distribution | None = None
    low: float = -math.inf
    high: float = math.inf
    integer: bool = False
    source: str | None = None
    confidence: str | None = None
    known: date | None = None
    range: tuple[float, float] | None = None
    note: str | None = None

    def quantile(self, u: float) -> float:
        """Return the value at probability `u` of its distribution, whole where the field asks for whole numbers."""
        if self.distribution is None:
            return self.central
        value = self.distribution.quantile(u, self.low, self.high)
        return float(round(value)) if self.integer else value

    def text(self) -> str:
        """Return the value as tables show it: '11000 people', 'triangular [30, 45, 60] days'."""
        unit = "" if self.unit in ("1", "share") else f" {self.unit}"
        if self.distribution is None:
            return f"{self.central:.12g}{unit}"
        arguments = ", ".join(f"{argument:.12g}" for argument in self.distribution.arguments)
        return f"{self.distribution.kind} [{arguments}]{unit}"

    def raw(self) -> object:
        """Return the form that reads back to the same quantity."""
        known = str(self.known) if self.known else None
        span = list(self.range) if self.range else None
        about = {"source": self.source, "known": known, "confidence": self.confidence, "range": span, "note": self.note}
        about = {key: value for key, value in about.items() if value is not None}
        if self.distribution:
            return {self.distribution.kind: list(self.distribution.arguments), **about}
        return {"value": self.central, **about} if about else self.central


@dataclass(frozen=True)
class Measured:
    """The unit of a field and the range it allows: the annotation that reads a `Quantity`.

    read_before : what was read, by its bytes: the worlds and the options of a scenario differ in few values.
    """

    unit: str
    low: float = -math.inf
    high: float = math.inf
    integer: bool = False
    read_before: dict[bytes, Quantity] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a unit that no text could be converted to."""
        if parse_unit(self.unit) is None:
            raise LookupError(f"the unit {self.unit!r} is not known to sim.scenario.units")

    def read(self, raw: Any) -> Quantity:
        """Return the quantity that `raw` (a YAML value) states; raise UnreadableError when it states none."""
        if isinstance(raw, Quantity):
            return self._checked(replace(raw, low=self.low, high=self.high, integer=self.integer))
        try:
            key = marshal.dumps(raw, _NO_REFERENCES)  # unlike equality it tells 1 from True; unlike json, it is quick
        except ValueError:  # something that YAML does not make
            return self._read(raw)
        found = self.read_before.get(key)
        if found is None:
            found = self._read(raw)
            if len(self.read_before) >= _MOST_KEPT:
                self.read_before.clear()
            self.read_before[key] = found
        return found

    def _read(self, raw: object) -> Quantity:
        if isinstance(raw, Mapping):
            return self._from_mapping(raw)
        return self._checked(self._bound(self._number(raw, ())))

    def _bound(self, central: float, distribution: Distribution | None = None) -> Quantity:
        return Quantity(central, self.unit, distribution, self.low, self.high, self.integer)

    def _from_mapping(self, raw: Mapping[Any, Any]) -> Quantity:
        for key in raw:
            if key not in QUANTITY_KEYS:
                raise UnreadableError(f"unknown key{suggestion(str(key), QUANTITY_KEYS)}", (key,))
        stated = [key for key in raw if key in NUMBER_KEYS]
        if len(stated) != 1:
            seen = f"both {' and '.join(stated)}" if stated else "neither"
            raise UnreadableError(f"needs a value or one distribution ({', '.join(ARGUMENTS)}), but has {seen}")
        key = stated[0]
        if key == "value":
            bare = self._checked(self._bound(self._number(raw[key], (key,))), (key,))
        else:
            bare = self._checked(self._spread(key, raw[key]), (key,))
        return self._with_provenance(bare, raw)

    def _with_provenance(self, bare: Quantity, raw: Mapping[Any, Any]) -> Quantity:
        return replace(
            bare,
            source=_text(raw, "source"),
            known=_known(raw),
            confidence=_confidence(raw),
            range=self._range(raw),
            note=_text(raw, "note"),
        )

    def _spread(self, kind: str, raw: object) -> Quantity:
        if not isinstance(raw, Sequence) or isinstance(raw, str):
            raise UnreadableError(f"{kind} needs a list {' or '.join(ARGUMENTS[kind])}", (kind,))
        arguments = [self._argument(kind, index, item) for index, item in enumerate(raw)]
        try:
            distribution = Distribution(kind, tuple(arguments))
        except ValueError as error:
            raise UnreadableError(str(error), (kind,)) from error
        central = distribution.central()
        central = float(round(central)) if self.integer and kind != "choice" else central
        return self._bound(central, distribution)

    def _argument(self, kind: str, index: int, raw: object) -> float:
        if carries_unit(kind, index):
            return self._number(raw, (kind, index))
        return Measured("1")._number(raw, (kind, index))

    def _number(self, raw: object, inside: tuple[str | int, ...]) -> float:
        """Return one number in the field's unit, unchecked against its range."""
        if isinstance(raw, str):
            try:
                return convert(raw, self.unit)
            except UnitError as error:
                raise UnreadableError(str(error), inside) from error
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            raise UnreadableError(_no_number(raw), inside)
        return _finite(raw, inside)

    def _checked(self, quantity: Quantity, inside: tuple[str | int, ...] = ()) -> Quantity:
        """Return the quantity when it lies in the range that the field allows."""
        if quantity.unit != self.unit:
            raise UnreadableError(f"is in {quantity.unit}, not in {self.unit}", inside)
        problem = self._outside(quantity) or self._fractional(quantity)
        if problem:
            raise UnreadableError(problem, inside)
        return quantity

    def _outside(self, quantity: Quantity) -> str | None:
        if quantity.distribution:
            bounds = () if quantity.distribution.kind in _OPEN else quantity.distribution.support()
            for value in bounds:
                if self._beyond(value):
                    return f"the {quantity.distribution.kind} reaches too far: {self._beyond(value)}"
        beyond = self._beyond(quantity.central)
        return f"the central value {beyond}" if beyond and quantity.distribution else beyond

    def _beyond(self, value: float) -> str | None:
        if value > self.high:
            return f"{value:.12g} is above {self.high:.12g}"
        return f"{value:.12g} is below {self.low:.12g}" if value < self.low else None

    def _fractional(self, quantity: Quantity) -> str | None:
        values = [quantity.central]
        if quantity.distribution and quantity.distribution.kind == "choice":
            values = list(quantity.distribution.arguments)
        broken = [value for value in values if self.integer and not value.is_integer()]
        return f"{broken[0]:.12g} is not a whole number" if broken else None

    def _range(self, raw: Mapping[Any, Any]) -> tuple[float, float] | None:
        span = raw.get("range")
        if span is None:
            return None
        if not isinstance(span, Sequence) or isinstance(span, str) or len(span) != 2:
            raise UnreadableError("range needs a list [low, high]", ("range",))
        low, high = (self._number(item, ("range", index)) for index, item in enumerate(span))
        if low > high:
            raise UnreadableError(f"range [low, high] must rise, but is [{low:.12g}, {high:.12g}]", ("range",))
        return low, high

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Tell pydantic to read the field with `read`."""
        written = core_schema.plain_serializer_function_ser_schema(Quantity.raw)
        return core_schema.no_info_plain_validator_function(self.read, serialization=written)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return what an editor accepts in the field."""
        return _quantity_schema(self)


def quantity(unit: str, low: float | None = None, high: float | None = None, integer: bool = False) -> Any:
    """Return a field annotation for a number in `unit` within [low, high]."""
    bottom = -math.inf if low is None else low
    top = math.inf if high is None else high
    return Annotated[Quantity, Measured(unit, bottom, top, integer)]


@dataclass(frozen=True, order=True)
class MonthDay:
    """A day of any year, written 'MM-DD', for seasons."""

    month: int
    day: int

    @classmethod
    def read(cls, raw: object) -> MonthDay:
        """Return the day that 'MM-DD' states; raise UnreadableError when there is no such day."""
        if isinstance(raw, cls):
            return raw
        if not isinstance(raw, str) or not _MONTH_DAY.fullmatch(raw):
            raise UnreadableError(f"{shown(raw)} is not a day of the year such as '10-15' (month-day)")
        try:
            return cls(*date.fromisoformat(f"2024-{raw}").timetuple()[1:3])
        except ValueError as error:
            raise UnreadableError(f"{raw!r} is no day of the year (month-day)") from error

    def in_year(self, year: int) -> date:
        """Return the date in `year`; 02-29 becomes the 28th where there is none."""
        try:
            return date(year, self.month, self.day)
        except ValueError:
            return date(year, 2, 28)

    def __str__(self) -> str:
        """Return 'MM-DD'."""
        return f"{self.month:02d}-{self.day:02d}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Tell pydantic to read the field with `read`."""
        written = core_schema.to_string_ser_schema(when_used="json")
        return core_schema.no_info_plain_validator_function(cls.read, serialization=written)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return what an editor accepts in the field."""
        return {"type": "string", "pattern": "^[0-9]{2}-[0-9]{2}$", "description": "day of the year, MM-DD"}


def read_date(raw: object) -> date:
    """Return the date that 'YYYY-MM-DD' states; raise UnreadableError when there is no such date."""
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    if not isinstance(raw, str) or not _DATE.fullmatch(raw):
        raise UnreadableError(f"{shown(raw)} is not a date such as 2024-08-06 (year-month-day)")
    try:
        return date.fromisoformat(raw)
    except ValueError as error:
        raise UnreadableError(f"{raw!r} is an impossible date ({error})") from error


def _finite(raw: float, inside: tuple[str | int, ...]) -> float:
    try:
        number = float(raw)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise UnreadableError(f"{shown(raw)} is not a finite number", inside)
    return number


def _no_number(raw: object) -> str:
    if isinstance(raw, list | tuple):
        return "a list is not a number; for a distribution write {triangular: [low, mode, high]}"
    return f"{shown(raw)} is not a number"


def _text(raw: Mapping[Any, Any], key: str) -> str | None:
    value = raw.get(key)
    if value is not None and not isinstance(value, str):
        raise UnreadableError(f"{key} must be text, not {shown(value)}", (key,))
    return value


def _known(raw: Mapping[Any, Any]) -> date | None:
    value = raw.get("known")
    try:
        return None if value is None else read_date(value)
    except UnreadableError as error:
        raise UnreadableError(error.message, ("known",)) from error


def _confidence(raw: Mapping[Any, Any]) -> str | None:
    value = _text(raw, "confidence")
    if value is not None and value not in CONFIDENCES:
        raise UnreadableError(f"{shown(value)} is no confidence{suggestion(value, CONFIDENCES)}", ("confidence",))
    return value


def _quantity_schema(field: Measured) -> dict[str, Any]:
    number: dict[str, Any] = {"type": "integer" if field.integer else "number"}
    if math.isfinite(field.low):
        number["minimum"] = field.low
    if math.isfinite(field.high):
        number["maximum"] = field.high
    text = {"type": "string", "description": f"a number with a unit: {allowed_units(field.unit)}"}
    return {"oneOf": [number, text, _mapping_schema()], "description": f"in {field.unit}"}


def _mapping_schema() -> dict[str, Any]:
    one: dict[str, Any] = {"type": ["number", "string"]}
    some = {"type": "array", "items": one}
    forms = {kind: {**some, "description": " or ".join(ARGUMENTS[kind])} for kind in ARGUMENTS}
    about = {
        "source": {"type": "string"},
        "known": {"type": "string", "format": "date"},
        "range": {**some, "minItems": 2, "maxItems": 2},
        "confidence": {"enum": list(CONFIDENCES)},
        "note": {"type": "string"},
    }
    stated = [{"required": [key]} for key in ("value", *ARGUMENTS)]
    return {
        "type": "object",
        "properties": {"value": one, **forms, **about},
        "additionalProperties": False,
        "oneOf": stated,
    }


Date = Annotated[
    date,
    PlainValidator(read_date),
    PlainSerializer(date.isoformat, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date"}),
]
