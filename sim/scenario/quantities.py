"""The kinds of numbers that a scenario holds: unit and allowed range of each, for annotations."""

from typing import Annotated

from sim.scenario.values import Measured, Quantity

_MOST_PEOPLE = 100_000_000
_MOST_DAYS = 36_500

People = Annotated[Quantity, Measured("people", low=0, high=_MOST_PEOPLE, integer=True)]
PositivePeoplePerDay = Annotated[Quantity, Measured("people/day", low=1, high=_MOST_PEOPLE)]
PeoplePerMonth = Annotated[Quantity, Measured("people/month", low=0, high=_MOST_PEOPLE)]
PeoplePerKm2 = Annotated[Quantity, Measured("people/km2", low=0, high=100_000)]
Days = Annotated[Quantity, Measured("days", low=0, high=_MOST_DAYS)]
PositiveDays = Annotated[Quantity, Measured("days", low=0.01, high=_MOST_DAYS)]
PerDay = Annotated[Quantity, Measured("1/day", low=0, high=100)]
Whole = Annotated[Quantity, Measured("1", low=1, high=200, integer=True)]
Share = Annotated[Quantity, Measured("share", low=0, high=1)]
Factor = Annotated[Quantity, Measured("1", low=0, high=1e6)]
Positive = Annotated[Quantity, Measured("1", low=1e-9, high=1e6)]
Number = Annotated[Quantity, Measured("1", low=-1e6, high=1e6)]
Kilometres = Annotated[Quantity, Measured("km", low=0.01, high=1e5)]
KilometresPerDay = Annotated[Quantity, Measured("km/day", low=1e-6, high=1e4)]
Area = Annotated[Quantity, Measured("km2", low=0, high=1e7)]
AreaRange = Annotated[Quantity, Measured("km2", low=-1e7, high=1e7)]
Rounds = Annotated[Quantity, Measured("rounds", low=0, high=1e12)]
RoundsPerDay = Annotated[Quantity, Measured("rounds/day", low=0, high=1e10)]
