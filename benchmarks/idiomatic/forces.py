"""Sides, fronts, and what a side has on a front (docs/model.md 2.1 and 2.2)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

DEFAULT_LIFT = 2000.0
UNLIMITED = 1e12


@dataclass(slots=True)
class Contingent:
    """People of one kind: what they are worth, where they may serve, and those of them who are not deployed."""

    name: str
    quality: float
    arrival_readiness: float
    recovery: float
    allowed: frozenset[str]
    reserve: int
    reserve_readiness: float = 1.0
    set_aside: int = 0
    """Of the reserve, those who wait for the incursion order."""
    training: int = 0
    transit: int = 0
    wounded: int = 0
    lost: int = 0
    entered: int = 0
    start: int = 0
    wounded_this_week: int = 0

    @property
    def free(self) -> int:
        """People in reserve who wait for nothing."""
        return max(0, self.reserve - self.set_aside)

    def join_reserve(self, people: int, readiness: float) -> None:
        """People enter the reserve; readiness mixes by head count (E13)."""
        self.reserve_readiness = mixed(self.reserve_readiness, self.reserve, readiness, people)
        self.reserve += people


@dataclass(slots=True)
class Side:
    """One of the two sides: its contingents, stocks and running totals."""

    name: str
    terms: Any
    contingents: list[Contingent]
    lift: dict[str, float]
    munitions: float
    recruit: Contingent
    """The contingent that recruits, and the first wounded, belong to."""
    losses_per_month: float
    lift_free: dict[str, float] = field(default_factory=dict)
    """Day from which each theatre's lift has nobody waiting."""
    irrecoverable_today: int = 0
    casualties: int = 0
    irrecoverable: int = 0
    allies_landed: int = 0

    @property
    def reserve(self) -> int:
        """People in reserve."""
        return sum(contingent.reserve for contingent in self.contingents)

    def lose(self, contingent: Contingent, people: int) -> None:
        """People are lost to the force for good."""
        contingent.lost += people
        self.irrecoverable += people
        self.irrecoverable_today += people

    def free_for(self, front: str) -> int:
        """People in reserve who may go to a front now."""
        return sum(contingent.free for contingent in self.contingents if front in contingent.allowed)

    def lift_room(self, theatre: str, now: float) -> int:
        """People whom lift can take up before the next review (E19)."""
        waiting = max(0.0, self.lift_free.get(theatre, 0.0) - now)
        return int(self.lift[theatre] * max(0.0, self.terms.reviews.every - waiting))

    def share_of_review(self, weekly: float) -> float:
        """What a share a week comes to between two reviews (E23)."""
        return 1.0 - (1.0 - min(weekly, 1.0)) ** (self.terms.reviews.every / 7.0)


@dataclass(slots=True)
class Post:
    """One side on one front."""

    side: Side
    people: list[int]
    readiness: list[float]
    effort: float
    works: float
    capacity: float
    interdiction: float
    garrison: float
    establishment: int
    intruder: bool
    """Whether ground taken by this side counts as positive territory."""
    total: int = 0
    inbound: int = 0
    surprise: float = 0.0
    pressure: float = 0.0
    recent_gain: float = 0.0
    yield_gain: float = 0.0
    loss_rate: float = 0.0
    casualties: int = 0
    casualties_today: int = 0
    losses_served: int = 0
    served_at: float = 0.0
    kept_at_strength: bool = False
    frontage: float = 1.0
    supply: float = 1.0
    attack: float = 0.0
    defence: float = 0.0
    ratio: float = 0.0

    @property
    def strength(self) -> int:
        """People on the front and on their way to it."""
        return self.total + self.inbound

    def join(self, index: int, people: int, readiness: float) -> None:
        """People of a contingent join the front; readiness mixes by head count (E13)."""
        self.readiness[index] = mixed(self.readiness[index], self.people[index], readiness, people)
        self.people[index] += people
        self.total += people

    def leave(self, index: int, people: int) -> None:
        """People of a contingent leave the front."""
        self.people[index] -= people
        self.total -= people


@dataclass(slots=True)
class Front:
    """Where the sides meet."""

    name: str
    terms: Any
    posts: tuple[Post, Post]
    territory: float
    lowest: float
    highest: float
    border: bool
    concentration: float
    alerted: bool = False
    luck_z: float = 0.0
    luck: float = 1.0
    peak: float = 0.0
    trough: float = 0.0

    def ground_left(self, attacker: Post) -> float:
        """Area that a side can still take before its bound, km2."""
        return self.highest - self.territory if attacker.intruder else self.territory - self.lowest


@dataclass(slots=True)
class Record:
    """What a headquarters may know of a front on a day."""

    territory: float
    pressure: tuple[float, float]
    people: tuple[int, int]
    casualties: tuple[int, int]
    yields: tuple[float, float]


def record_of(front: Front) -> Record:
    """Write down a front as it stands."""
    a, b = front.posts
    return Record(
        front.territory,
        (a.pressure, b.pressure),
        (a.total, b.total),
        (a.casualties, b.casualties),
        (a.yield_gain, b.yield_gain),
    )


def mixed(readiness: float, people: int, joining_readiness: float, joining: int) -> float:
    """Readiness of a body of people after others join it, by head count (E13)."""
    if people + joining <= 0:
        return joining_readiness
    return (readiness * people + joining_readiness * joining) / (people + joining)


def build_side(terms: Any, name: str) -> Side:
    """A side at the start, before its people on the fronts are counted."""
    given = terms.sides[name]
    contingents = [_contingent(terms, key, member) for key, member in given.contingents.items()]
    names = list(given.contingents)
    recruit = contingents[names.index(given.recruits.contingent) if given.recruits else 0]
    lift = {theatre: given.movement.lift.get(theatre, DEFAULT_LIFT) for theatre in terms.theatres}
    losses = given.recruits.per_month if given.recruits else 0.0
    return Side(name, given, contingents, lift, given.munitions.stock, recruit, losses)


def _contingent(terms: Any, name: str, given: Any) -> Contingent:
    places = given.fronts
    allowed = frozenset(
        front for front, about in terms.fronts.items() if places is None or front in places or about.theatre in places
    )
    people = round(given.reserve)
    return Contingent(
        name, given.quality, given.arrival_readiness, given.readiness_recovery, allowed, people, start=people
    )


def build_front(terms: Any, name: str, sides: list[Side]) -> Front:
    """A front at the start; its people enter their side's ledger."""
    given = terms.fronts[name]
    positive = terms.theatres[given.theatre].positive
    a, b = (_post(given, side, side.name == positive) for side in sides)
    border = given.kind == "border"
    lowest = given.territory_minimum if given.territory_minimum is not None else (0.0 if border else -1e6)
    highest = given.territory_maximum if given.territory_maximum is not None else 1e6
    concentrated = 0.0 if given.territory <= 0.0 else 1.0
    front = Front(name, given, (a, b), given.territory, lowest, highest, border, concentrated)
    front.peak, front.trough = max(0.0, given.territory), min(0.0, given.territory)
    return front


def _post(given: Any, side: Side, intruder: bool) -> Post:
    forces = given.forces.get(side.name, {})
    people = [round(forces.get(contingent.name, 0.0)) for contingent in side.contingents]
    for contingent, number in zip(side.contingents, people, strict=True):
        contingent.start += number
    name, total = side.name, sum(people)
    return Post(
        side,
        people,
        [given.readiness.get(name, 1.0)] * len(people),
        given.effort.get(name, 0.0),
        given.works.get(name, 0.0),
        given.supply.get(name, UNLIMITED),
        given.interdiction.get(name, 0.0),
        given.garrison.get(name, 0.0),
        total,
        intruder,
        total,
    )


def salient_frontage(front: Front) -> float:
    """Frontage round the ground that the intruder holds, km (E9)."""
    held = max(0.0, front.territory - max(0.0, front.lowest))
    return max(front.terms.salient_minimum, front.terms.salient_factor * math.sqrt(held))


def frontage(front: Front, post: Post) -> float:
    """Frontage of a side, km (E9)."""
    if not front.border:
        return front.terms.length
    salient = salient_frontage(front)
    if post.intruder:
        return salient
    return (1.0 - front.concentration) * front.terms.length + front.concentration * salient
