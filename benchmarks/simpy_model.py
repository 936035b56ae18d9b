"""The campaign as a SimPy user would write it: a generator process for everything that waits.

An independent implementation of docs/model.md: it shares no code with `sim.model` and `sim.engine`, only the loaded
scenario. `benchmarks/EQUIVALENCE.md` says how the two are compared.
"""

from collections.abc import Callable, Generator, Iterable
from typing import Any

import simpy

from benchmarks.idiomatic.campaign import Campaign, both
from benchmarks.idiomatic.forces import Contingent, Front, Post, Side
from benchmarks.idiomatic.headquarters import Headquarters
from benchmarks.idiomatic.moves import WEEK, Party, theatre_of
from benchmarks.idiomatic.observe import DATES, follow
from benchmarks.idiomatic.terms import days_until
from sim.scenario.load import Loaded

Waiting = Generator[simpy.Event, Any, None]


class Hazard:
    """Events that come at a rate which others change: interrupted, it keeps the unit-rate time that is left."""

    __slots__ = ("draw", "env", "happen", "process", "rate", "rate_of")

    def __init__(
        self,
        env: simpy.Environment,
        rate_of: Callable[[], float],
        first: float,
        draw: Callable[[], float],
        happen: Callable[[], None],
    ) -> None:
        self.env, self.rate_of, self.draw, self.happen = env, rate_of, draw, happen
        self.rate = rate_of()
        self.process = env.process(self.run(first))

    def run(self, work: float) -> Waiting:
        """Wait until the unit-rate time has passed, let it happen, and begin again."""
        env = self.env
        while True:
            while work > 0.0:
                started, rate = env.now, self.rate
                try:
                    yield env.timeout(work / rate) if rate > 0.0 else env.event()
                    work = 0.0
                except simpy.Interrupt:
                    work -= rate * (env.now - started)
            self.happen()
            work = self.draw()

    def retime(self) -> None:
        """Take up a rate that has changed."""
        rate = self.rate_of()
        if rate != self.rate:
            self.rate = rate
            if self.process is not self.env.active_process:
                self.process.interrupt()


class SimpyCampaign(Campaign):
    """The campaign in a SimPy environment."""

    def __init__(self, loaded: Loaded, seed: int, replication: int) -> None:
        self.env = simpy.Environment()
        super().__init__(loaded, seed, replication)
        self.lifts = {
            (side.name, theatre): simpy.Resource(self.env, capacity=1) for side in self.sides for theatre in side.lift
        }
        self.hazards = {name: self._hazards(front) for name, front in self.fronts.items()}
        self.fill_camps()
        self.announce_packages()
        for process in self._processes():
            self.env.process(process)

    @property
    def now(self) -> float:
        """Days since the start."""
        return float(self.env.now)

    def _hazards(self, front: Front) -> list[Hazard]:
        """Engagements and withdrawals of both sides on a front."""
        granularity, hazards = int(self.terms.combat.granularity), []
        for post, enemy in both(front):
            hazards.append(self._engagements(front, post, enemy, granularity))
            hazards.append(self._withdrawals(front, post, enemy))
        return hazards

    def _withdrawals(self, front: Front, post: Post, enemy: Post) -> Hazard:
        return Hazard(
            self.env,
            lambda: self.laws.withdrawal_rate(front, post, enemy),
            self.rng.standard_exponential(),
            self.rng.standard_exponential,
            lambda: self.give_way(front, post, enemy),
        )

    def _engagements(self, front: Front, post: Post, enemy: Post, granularity: int) -> Hazard:
        rng = self.rng
        return Hazard(
            self.env,
            lambda: self.laws.engagement_rate(front, post),
            rng.standard_gamma(rng.integers(1, granularity + 1)),
            lambda: rng.standard_gamma(granularity),
            lambda: self.engage(front, post, enemy),
        )

    def _processes(self) -> Iterable[Waiting]:
        """Everything that goes on from the start."""
        yield self.days()
        yield self.weeks()
        for s, side in enumerate(self.sides):
            yield self.headquarters(side, Headquarters(self, s))
        for day, *tranche in self.landings():
            yield self.landing(day, *tranche)
        if self.terms.incursion is not None:
            yield self.incursion(self.terms.incursion)

    # Processes.

    def days(self) -> Waiting:
        """The daily tick."""
        day = 0
        while True:
            yield self.env.timeout(1.0)
            day += 1
            self.day_passes(day)

    def weeks(self) -> Waiting:
        """Recruits and cohorts of wounded."""
        while True:
            yield self.env.timeout(WEEK)
            yield self.env.timeout(0.0)  # the daily tick of this instant comes first
            self.week_passes()

    def headquarters(self, side: Side, headquarters: Headquarters) -> Waiting:
        """Reviews of a side."""
        reviews = side.terms.reviews
        yield self.env.timeout(reviews.first if reviews.first is not None else reviews.every)
        while True:
            yield self.env.timeout(0.0)  # as above
            headquarters.review()
            yield self.env.timeout(reviews.every)

    def landing(self, day: float, *tranche: Any) -> Waiting:
        """A tranche of an ally (E18)."""
        yield self.env.timeout(day)
        self.land(*tranche)

    def incursion(self, given: Any) -> Waiting:
        """The order to open the second front, or what its force does otherwise (E25)."""
        yield self.env.timeout(days_until(self.terms, given.at))
        yield self.env.timeout(0.0)  # after the daily tick, which would take a day of surprise away
        if given.ordered:
            self.launch()
        else:
            self.stand_down()
            yield self.env.timeout(given.otherwise.delay)
            self.free_forces()

    def transit(self, party: Party, lift_days: float, travel_days: float) -> Waiting:
        """People wait for lift, are taken up, and travel (E19)."""
        side, theatre = self.sides[party.side], theatre_of(party.origin, party.place)
        with self.lifts[side.name, theatre].request() as turn:
            yield turn
            yield self.env.timeout(lift_days)
        yield self.env.timeout(travel_days)
        self.arrive(party)

    def training(self, party: Party, days: float) -> Waiting:
        """People train or acclimatise (E17, E18)."""
        yield self.env.timeout(days)
        self.trained(party)

    def recovery(self, side: Side, contingent: Contingent, people: int, days: float) -> Waiting:
        """Wounded recover (E14)."""
        yield self.env.timeout(days)
        self.discharge(side, contingent, people)

    def delivery(self, donor: Any, package: Any, days: float) -> Waiting:
        """A package of munitions on its way (E22)."""
        yield self.env.timeout(days)
        self.deliver(donor, package)

    # What the campaign asks of its clock.

    def carry(self, party: Party, lift_days: float, travel_days: float) -> None:
        """Start a transit."""
        self.env.process(self.transit(party, lift_days, travel_days))

    def train(self, party: Party, days: float) -> None:
        """Start a training."""
        self.env.process(self.training(party, days))

    def nurse(self, side: Side, contingent: Contingent, people: int, days: float) -> None:
        """Start a recovery."""
        self.env.process(self.recovery(side, contingent, people, days))

    def promise(self, donor: Any, package: Any, days: float) -> None:
        """Start a delivery."""
        self.env.process(self.delivery(donor, package, days))

    def retime(self, fronts: Iterable[Front]) -> None:
        """Bring fronts up to date, and interrupt what waits there at a rate that has changed."""
        for front in fronts:
            self.laws.assess(front)
            for hazard in self.hazards[front.name]:
                hazard.retime()


def simulate(loaded: Loaded, seed: int, replication: int, dates: tuple[str, ...] = DATES) -> dict[str, float]:
    """Run one replication; returns outcomes by `<series>@<date>` and `@end` (units as the engine's), and `events`.

    dates : ISO dates on which the state is read, besides the end; those outside the run are left out.
    """
    campaign = SimpyCampaign(loaded, seed, replication)
    return follow(campaign, lambda day: campaign.env.run(until=day), dates)
