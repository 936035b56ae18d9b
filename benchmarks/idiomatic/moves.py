"""People on the move: training, hospital, lift, travel, and what a headquarters may send (docs/model.md 2.11).

Nothing here has a clock. A simulation library gives it one: a subclass says what time it is, and makes processes of
people who wait.
"""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from benchmarks.idiomatic.combat import whole
from benchmarks.idiomatic.forces import Contingent, Front, Side
from benchmarks.idiomatic.terms import days_until

DAYS_PER_MONTH = 30.44
WEEK = 7.0


class Party(NamedTuple):
    """People who travel together: `place` and `origin` are fronts, or None for the reserve."""

    side: int
    index: int
    people: int
    origin: Front | None
    place: Front | None
    readiness: float


class Moves:
    """The people of both sides who are not in line, and how they get there."""

    terms: Any
    rng: np.random.Generator
    sides: list[Side]
    fronts: dict[str, Front]
    events: int

    # What a simulation library provides.

    @property
    def now(self) -> float:
        """Days since the start."""
        raise NotImplementedError

    def carry(self, party: Party, lift_days: float, travel_days: float) -> None:
        """People wait for lift, are taken up, travel, and then `arrive`."""
        raise NotImplementedError

    def train(self, party: Party, days: float) -> None:
        """People train or acclimatise, and are then `trained`."""
        raise NotImplementedError

    def nurse(self, side: Side, contingent: Contingent, people: int, days: float) -> None:
        """Wounded recover, and are then `discharge`d."""
        raise NotImplementedError

    def promise(self, donor: Any, package: Any, days: float) -> None:
        """A package is on its way, and is then `deliver`ed."""
        raise NotImplementedError

    def retime(self, fronts: Iterable[Front]) -> None:
        """Rates of these fronts may have changed."""
        raise NotImplementedError

    def week_passes(self) -> None:
        """Recruits enter training, and the week's wounded become cohorts (E14, E17)."""
        self.events += 1
        for s, side in enumerate(self.sides):
            casualties = side.terms.casualties
            for contingent in side.contingents:
                people, contingent.wounded_this_week = contingent.wounded_this_week, 0
                if people:
                    days = self.around(casualties.recovery, casualties.recovery_sigma)
                    self.nurse(side, contingent, people, days)
            if side.terms.recruits is not None:
                self.recruit(s, side, side.terms.recruits)

    def recruit(self, s: int, side: Side, given: Any) -> None:
        """A week's recruits, as losses ask for them (E17)."""
        lowest = given.minimum if given.minimum is not None else 0.0
        highest = given.maximum if given.maximum is not None else 10.0 * given.per_month
        answer = given.per_month + given.response * (side.losses_per_month - given.per_month)
        people = whole(max(lowest, min(highest, answer)) * WEEK / DAYS_PER_MONTH, self.rng)
        if people > 0:
            side.recruit.entered += people
            days = self.rng.uniform(given.training_minimum, given.training_maximum)
            self._enter_training(s, side.recruit, people, days, None)

    def landings(self) -> Iterable[tuple[float, int, int, Any, Any]]:
        """Day, side, contingent, inflow and tranche of each landing that is not cancelled (E18)."""
        for s, side in enumerate(self.sides):
            for index, given in enumerate(side.terms.contingents.values()):
                for tranche in given.inflow.tranches.values() if given.inflow else ():
                    day = days_until(self.terms, tranche.at)
                    day += self.around(tranche.delay, tranche.delay_sigma) if tranche.delay > 0.0 else 0.0
                    if self.rng.random() >= tranche.cancelled and day >= 0.0:
                        yield day, s, index, given.inflow, tranche

    def land(self, s: int, index: int, inflow: Any, tranche: Any) -> None:
        """A tranche of an ally lands and acclimatises (E18)."""
        self.events += 1
        side, people = self.sides[s], whole(inflow.people * tranche.share, self.rng)
        if people > 0:
            side.contingents[index].entered += people
            side.allies_landed += people
            place = self.fronts[inflow.front] if inflow.front else None
            self._enter_training(s, side.contingents[index], people, inflow.acclimatise, place)

    def _enter_training(self, s: int, contingent: Contingent, people: int, days: float, place: Front | None) -> None:
        contingent.training += people
        index = self.sides[s].contingents.index(contingent)
        self.train(Party(s, index, people, None, place, contingent.arrival_readiness), days)

    def trained(self, party: Party) -> None:
        """People leave training for the reserve, or by lift for a front."""
        self.events += 1
        contingent = self.sides[party.side].contingents[party.index]
        contingent.training -= party.people
        if party.place is None:
            contingent.join_reserve(party.people, party.readiness)
        else:
            self.dispatch(party)

    def discharge(self, side: Side, contingent: Contingent, people: int) -> None:
        """A cohort of wounded is done: a share returns to the reserve, the rest is lost to the force (E14)."""
        self.events += 1
        back = min(people, whole(people * side.terms.casualties.returning, self.rng))
        contingent.wounded -= people
        side.lose(contingent, people - back)
        contingent.join_reserve(back, contingent.arrival_readiness)

    def around(self, median: float, sigma: float) -> float:
        """A lognormal of a given median."""
        return float(median * math.exp(sigma * self.rng.standard_normal())) if sigma > 0.0 else float(median)

    def dispatch(self, party: Party) -> None:
        """Book lift and set out (E19)."""
        side, movement = self.sides[party.side], self.sides[party.side].terms.movement
        origin, place = party.origin, party.place
        theatre = theatre_of(origin, place)
        within = origin is not None and place is not None and origin.terms.theatre == place.terms.theatre
        travel = self.around(movement.travel_within if within else movement.travel, movement.travel_sigma)
        lift_days = party.people / side.lift[theatre]
        side.lift_free[theatre] = max(self.now, side.lift_free.get(theatre, 0.0)) + lift_days
        side.contingents[party.index].transit += party.people
        if place is not None:
            place.posts[party.side].inbound += party.people
        self.carry(party, lift_days, travel)

    def arrive(self, party: Party) -> None:
        """People reach a front or the reserve (E19)."""
        self.events += 1
        side, place = self.sides[party.side], party.place
        contingent = side.contingents[party.index]
        contingent.transit -= party.people
        gone = min(party.people, whole(party.people * side.terms.movement.lost_en_route, self.rng))
        side.lose(contingent, gone)
        if place is None:
            contingent.join_reserve(party.people - gone, party.readiness)
            return
        place.posts[party.side].inbound -= party.people
        place.posts[party.side].join(party.index, party.people - gone, party.readiness)
        self.retime((place,))

    def send(self, s: int, index: int, people: int, origin: Front | None, place: Front | None) -> int:
        """Take people of a contingent from a front or the reserve and set them on their way; return how many."""
        if people <= 0:
            return 0
        contingent = self.sides[s].contingents[index]
        if origin is None:
            readiness = contingent.reserve_readiness
            contingent.reserve -= people
        else:
            readiness = origin.posts[s].readiness[index]
            origin.posts[s].leave(index, people)
        self.dispatch(Party(s, index, people, origin, place, readiness))
        return people

    def send_split(self, s: int, wanted: int, stocks: list[int], origin: Front | None, place: Front | None) -> int:
        """Send people of several contingents in proportion to what each has to give."""
        sent, seen, total = 0, 0, sum(stocks)
        for index, stock in enumerate(stocks):
            seen += stock
            sent += self.send(s, index, wanted * seen // total - sent, origin, place)
        return sent

    def send_from_reserve(self, s: int, place: Front, wanted: int) -> int:
        """Send up to so many from the reserve to a front; the reserve keeps its floor, and lift bounds the order."""
        side = self.sides[s]
        stocks = [c.free if place.name in c.allowed else 0 for c in side.contingents]
        spare = int(max(0.0, sum(stocks) - side.terms.movement.reserve_floor))
        wanted = min(wanted, spare, side.lift_room(place.terms.theatre, self.now))
        return self.send_split(s, wanted, stocks, None, place) if wanted > 0 else 0

    def send_from_front(self, s: int, origin: Front, place: Front | None, wanted: int) -> int:
        """Send up to so many from a front to another or the reserve; the garrison stays, and lift bounds the order."""
        side, post = self.sides[s], origin.posts[s]
        allowed = [place is None or place.name in contingent.allowed for contingent in side.contingents]
        stocks = [people if may else 0 for people, may in zip(post.people, allowed, strict=True)]
        spare = int(max(0.0, post.total - post.garrison))
        wanted = min(wanted, sum(stocks), spare, side.lift_room(theatre_of(origin, place), self.now))
        return self.send_split(s, wanted, stocks, origin, place) if wanted > 0 else 0


def theatre_of(origin: Front | None, place: Front | None) -> str:
    """The theatre whose lift a move needs: that of where it goes, or of where it leaves for the reserve."""
    front = place if place is not None else origin
    assert front is not None
    return str(front.terms.theatre)
