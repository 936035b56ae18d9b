"""Where things lie on the theatre map: points and lines of longitude and latitude, written as text.

A line is `34.1 51.6, 34.2 51.3`: longitude and latitude in degrees, points separated by commas. Nothing here enters the
model: a place is for the eye only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from sim.scenario.values import UnreadableError
from sim.scenario.wording import shown

MOST_POINTS = 500
_LIMITS = (("longitude", 180.0), ("latitude", 90.0))
Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """Points of longitude and latitude in degrees, at least two, no two of them the same in a row."""

    points: tuple[Point, ...]

    @classmethod
    def read(cls, raw: object) -> Line:
        """Return the line that a text states; raise UnreadableError where it states none."""
        if isinstance(raw, cls):
            return raw
        points = _points(raw, "34.1 51.6, 34.2 51.3")
        if len(points) < 2:
            raise UnreadableError(f"{shown(raw)} is one point, and a line needs two: '34.1 51.6, 34.2 51.3'")
        for number, (one, other) in enumerate(pairwise(points), 1):
            if one == other:
                raise UnreadableError(f"points {number} and {number + 1} are the same, {_said(one)}")
        return cls(points)

    def __str__(self) -> str:
        """Return the text that reads back to the same line."""
        return ", ".join(map(_said, self.points))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Tell pydantic to read the field with `read`."""
        written = core_schema.to_string_ser_schema(when_used="json")
        return core_schema.no_info_plain_validator_function(cls.read, serialization=written)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return what an editor accepts in the field."""
        return {"type": "string", "description": "longitude latitude, longitude latitude, ... in degrees"}


@dataclass(frozen=True)
class Spot:
    """A point of longitude and latitude in degrees."""

    point: Point

    @classmethod
    def read(cls, raw: object) -> Spot:
        """Return the point that a text states; raise UnreadableError where it states none."""
        if isinstance(raw, cls):
            return raw
        points = _points(raw, "35.2 51.3")
        if len(points) != 1:
            raise UnreadableError(f"{shown(raw)} is {len(points)} points; write one, as '35.2 51.3'")
        return cls(points[0])

    def __str__(self) -> str:
        """Return the text that reads back to the same point."""
        return _said(self.point)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Tell pydantic to read the field with `read`."""
        written = core_schema.to_string_ser_schema(when_used="json")
        return core_schema.no_info_plain_validator_function(cls.read, serialization=written)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return what an editor accepts in the field."""
        return {"type": "string", "description": "longitude latitude, in degrees"}


def _said(point: Point) -> str:
    return f"{point[0]:.12g} {point[1]:.12g}"


def _points(raw: object, example: str) -> tuple[Point, ...]:
    if not isinstance(raw, str):
        raise UnreadableError(f"{shown(raw)} is no text of longitude and latitude; write '{example}'")
    parts = raw.split(",")
    if len(parts) > MOST_POINTS:
        raise UnreadableError(f"has {len(parts)} points, more than the {MOST_POINTS} that a map needs")
    return tuple(_point(part.strip(), number, example) for number, part in enumerate(parts, 1))


def _point(text: str, number: int, example: str) -> Point:
    """Return one point; the message names it by its number."""
    words = text.split()
    try:
        longitude, latitude = (float(word) for word in words)
    except ValueError:
        message = f"point {number}, {shown(text)}, is not longitude and latitude; write '{example}'"
        raise UnreadableError(message) from None
    for value, (name, most) in zip((longitude, latitude), _LIMITS, strict=True):
        if not math.isfinite(value) or abs(value) > most:
            swapped = "; longitude comes first" if name == "latitude" and abs(longitude) <= most else ""
            message = f"point {number}, {shown(text)}: {name} {value:g} is not between -{most:g} and {most:g}{swapped}"
            raise UnreadableError(message)
    return longitude, latitude
