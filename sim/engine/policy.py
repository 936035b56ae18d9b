"""A policy as a Python callable: what it is shown at a review, the orders that it may return, and doing them (E23).

It stands in for the policies of its side; replacements (E20) go on. It sees territory and pressure with the side's
reporting delay, and its own people and orders as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any

import numpy as np

from sim.engine.compiled import Run
from sim.engine.look import Look
from sim.errors import RunError
from sim.model.orders import seen_by, send_people, set_effort


@dataclass(frozen=True)
class View:
    """What a side sees and knows at a review; mappings are by front and read-only.

    seen_on : the day of the record that territory and pressure come from.
    held_km2 : area beyond the starting line that the side is seen to hold; negative: it has lost ground.
    pressure : pressure on the side as seen, ln ratio.
    people, inbound, effort : its own, as they are; reserve, munitions : its own stocks.
    """

    side: str
    date: datetime
    seen_on: datetime
    fronts: tuple[str, ...]
    held_km2: Mapping[str, float]
    pressure: Mapping[str, float]
    people: Mapping[str, int]
    inbound: Mapping[str, int]
    effort: Mapping[str, float]
    reserve: int
    munitions: float


@dataclass(frozen=True)
class Effort:
    """Order effort on a front: share of full tempo, 0..1."""

    front: str
    level: float


@dataclass(frozen=True)
class Redeploy:
    """Send up to so many people from a front or 'reserve' to another; garrison, lift and who is allowed bind."""

    origin: str
    destination: str
    people: int


Order = Effort | Redeploy
Policy = Callable[[View], Any]  # an iterable of orders, if the user is right


def whole_people(people: Any) -> int:
    """Return a number of people; raise RunError where it is none."""
    if not isinstance(people, bool) and isinstance(people, Integral) and 0 <= int(people) < 2**53:
        return int(people)
    raise RunError(f"people must be a whole number, 0 or more, not {people!r}")


def effort_level(level: Any) -> float:
    """Return an effort; raise RunError where it is none."""
    if not isinstance(level, bool) and isinstance(level, Real) and 0.0 <= float(level) <= 1.0:
        return float(level)
    raise RunError(f"effort must be a number from 0 to 1, not {level!r}")


def view_of(run: Run, look: Look, side: int, tick: int) -> View:
    """Return what a side sees at a review."""
    held, pressure = np.zeros(len(look.fronts)), np.zeros(len(look.fronts))
    day = seen_by(run.state, run.params, side, held, pressure, tick)
    name, front = look.sides[side], look.state["front"][0]
    return View(
        side=name,
        date=look.calendar.moment(tick),
        seen_on=look.calendar.moment(day * 86_400),
        fronts=look.fronts,
        held_km2=_by_front(look, held),
        pressure=_by_front(look, pressure),
        people=_by_front(look, front["people"][:, side].sum(axis=-1)),
        inbound=_by_front(look, front["inbound"][:, side]),
        effort=_by_front(look, front["effort"][:, side]),
        reserve=look.reserve(name),
        munitions=look.munitions(name),
    )


def _by_front(look: Look, values: Any) -> Mapping[str, Any]:
    return MappingProxyType(dict(zip(look.fronts, values[: len(look.fronts)].tolist(), strict=True)))


MOST_ORDERS = 10_000  # at one review


def decide(policy: Policy, name: str, view: View) -> list[Order]:
    """Return the orders of a policy; raise RunError, which says which policy and when, where they are none."""
    where = f"policy {name} of {view.side} on {view.date:%Y-%m-%d}"
    try:
        returned = policy(view)
    except (Exception, SystemExit) as error:
        raise RunError(f"{where} raised {type(error).__name__}: {error}") from error
    if not isinstance(returned, Iterable) or isinstance(returned, str | bytes):
        raise RunError(f"{where} returned {returned!r}, not a list of orders (empty for none)")
    try:
        orders = list(islice(returned, MOST_ORDERS + 1))
    except (Exception, SystemExit) as error:
        raise RunError(f"{where} raised {type(error).__name__}: {error}") from error
    if len(orders) > MOST_ORDERS:
        raise RunError(f"{where} returned more than {MOST_ORDERS:,} orders at one review")
    for order in orders:
        _check(order, view, where)
    return orders


def _check(order: object, view: View, where: str) -> None:
    try:
        if isinstance(order, Effort):
            _known(order.front, view.fronts)
            effort_level(order.level)
        elif isinstance(order, Redeploy):
            for place in (order.origin, order.destination):
                _known(place, (*view.fronts, "reserve"))
            if order.origin == order.destination:
                raise RunError("origin and destination are the same")
            whole_people(order.people)
        else:
            raise RunError("an order is an Effort or a Redeploy of sim.engine.policy")
    except RunError as error:
        raise RunError(f"{where} returned {order!r}: {error}") from None


def _known(place: object, places: Iterable[str]) -> None:
    if place not in (known := tuple(places)):
        raise RunError(f"{place!r} is no front; known: {', '.join(known)}")


def carry_out(run: Run, look: Look, side: int, orders: Iterable[Order], tick: int) -> list[int]:
    """Do the orders, one after the other; returns how many people set out by each Redeploy."""
    sent = []
    for order in orders:
        if isinstance(order, Effort):
            set_effort(run.state, side, look.place(order.front), effort_level(order.level), tick)
        else:
            origin, place = look.place(order.origin), look.place(order.destination)
            sent.append(int(send_people(run.state, run.params, side, origin, place, int(order.people), tick)))
    return sent
