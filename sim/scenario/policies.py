"""How a headquarters decides, as plain data: the built-in policies (E23)."""

from typing import Annotated, Literal

from pydantic import Field

from sim.scenario.provenance import Model, assumed
from sim.scenario.quantities import Area, Days, Factor, Number, People, PerDay, Share
from sim.scenario.values import Date


class When(Model):
    """What must be seen before a policy acts; all conditions that are stated must hold. It latches."""

    front: str
    lost: Area | None = None
    """The side has lost more than this on the front."""
    held_below: Area | None = None
    """The side holds no more than this on the front, after it held more."""
    held_above: Area | None = None
    """The side holds at least this on the front."""
    pressure_above: Number | None = None
    """Pressure on the side is above this (ln ratio)."""


class Order(Model):
    """What all policies share: the dates in which they hold, a trigger, and a decision delay."""

    start: Date | None = None
    until: Date | None = None
    when: When | None = None
    after: Days = assumed(0, "acts at the review that sees the trigger")
    about: str = ""


class Hold(Order):
    """Effort on the fronts named is set to a level."""

    kind: Literal["hold"]
    fronts: list[str]
    effort: Share = assumed(0, "no attacks")


class MainEffort(Order):
    """Effort = level x weight on each front; people drift to the weights."""

    kind: Literal["main_effort"]
    weights: dict[str, Factor]
    effort: Share = assumed(1, "full tempo where the weight is 1")
    move_share: Share = assumed(0, "people stay where they are")


class ByPressure(Order):
    """People drift to shares proportional to people x exp(gain x pressure)."""

    kind: Literal["by_pressure"]
    fronts: list[str]
    gain: Factor = assumed(0.5, "how much a unit of pressure attracts (exponent)")
    move_share: Share = assumed(0.05, "part of the gap closed in a week")


class Threshold(Order):
    """A front that lost ground is brought up to base + per km2 x area lost; effort there is set."""

    kind: Literal["threshold"]
    front: str
    base: People
    per_km2: Factor = assumed(0, "people required per km2 lost")
    effort: Share = assumed(1, "full tempo")
    reserve_share: Share = assumed(0.25, "share of the reserve that a week may take")
    sources: list[str] = []
    move_share: Share = assumed(0, "share of the sources' people that may be taken, altogether")


class FollowYield(Order):
    """Effort and people drift to where ground is being gained per attacker."""

    kind: Literal["follow_yield"]
    fronts: list[str]
    rate: PerDay = assumed(0.03, "share of the weight that moves a day")
    floor: Share = assumed(0.05, "least share of a front")
    cap: Share = assumed(0.5, "greatest share of a front")
    move_share: Share = assumed(0.5, "part of the gap in people closed in a week")


class Reinforce(Order):
    """A front is kept at a number of people."""

    kind: Literal["reinforce"]
    front: str
    people: People
    reserve_share: Share = assumed(0.25, "share of the reserve that a week may take")
    sources: list[str] = []
    move_share: Share = assumed(0, "share of the sources' people that may be taken, altogether")


class Withdraw(Order):
    """Fronts are left: no effort, everybody to the reserve."""

    kind: Literal["withdraw"]
    fronts: list[str]


Policy = Annotated[
    Hold | MainEffort | ByPressure | Threshold | FollowYield | Reinforce | Withdraw, Field(discriminator="kind")
]
