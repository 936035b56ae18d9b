"""The campaign as a salabim user would write it: a component for everything that waits.

State and equations are those of the SimPy model (`benchmarks.idiomatic`); the process interaction is salabim's:
components that hold, request a lift, and are rescheduled from outside when their rate changes. salabim is no
requirement of the project: without it this module cannot be imported, and the benchmark leaves it out.
"""

from collections.abc import Callable, Generator, Iterable
from typing import Any

import salabim

from benchmarks.idiomatic.campaign import Campaign, both
from benchmarks.idiomatic.forces import Contingent, Front, Post, Side
from benchmarks.idiomatic.headquarters import Headquarters
from benchmarks.idiomatic.moves import WEEK, Party, theatre_of
from benchmarks.idiomatic.observe import DATES, follow
from benchmarks.idiomatic.terms import days_until
from sim.scenario.load import Loaded

Steps = Generator[Any, Any, None]


class Hazard(salabim.Component):
    """Events that come at a rate which others change: rescheduled, it keeps the unit-rate time that is left."""

    def setup(
        self, rate_of: Callable[[], float], first: float, draw: Callable[[], float], happen: Callable[[], None]
    ) -> None:
        """Take what the process needs."""
        self.rate_of, self.work, self.draw, self.happen = rate_of, first, draw, happen
        self.rate, self.since = 0.0, 0.0

    def process(self) -> Steps:
        """Wait until the unit-rate time has passed, let it happen, and begin again."""
        while True:
            self.rate, self.since = self.rate_of(), self.env.now()
            if self.rate > 0.0:
                yield self.hold(self.work / self.rate)
            else:
                yield self.passivate()
            self.happen()
            self.work = self.draw()

    def retime(self) -> None:
        """Take up a rate that has changed: what is left of the work is held for anew."""
        rate = self.rate_of()
        if rate == self.rate or self.iscurrent():
            return
        now = self.env.now()
        self.work = max(0.0, self.work - self.rate * (now - self.since))
        self.rate, self.since = rate, now
        if rate > 0.0:
            self.hold(self.work / rate)
        else:
            self.passivate()


class Later(salabim.Component):
    """Something that happens once, after some days (training, recovery, a delivery, a landing)."""

    def setup(self, days: float, action: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        """Take what the process needs."""
        self.days, self.action, self.arguments = days, action, arguments

    def process(self) -> Steps:
        """Wait, then act."""
        yield self.hold(self.days)
        self.action(*self.arguments)


class Repeated(salabim.Component):
    """Something that happens at an interval, after the daily tick of its instant."""

    def setup(self, first: float, every: float, action: Callable[[], None]) -> None:
        """Take what the process needs."""
        self.first, self.every, self.action = first, every, action

    def process(self) -> Steps:
        """Act at once and again and again."""
        yield self.hold(self.first, priority=1)
        while True:
            self.action()
            yield self.hold(self.every, priority=1)


class Transit(salabim.Component):
    """People who wait for lift, are taken up, and travel (E19)."""

    def setup(self, campaign: "SalabimCampaign", party: Party, lift_days: float, travel_days: float) -> None:
        """Take what the process needs."""
        self.campaign, self.party, self.lift_days, self.travel_days = campaign, party, lift_days, travel_days

    def process(self) -> Steps:
        """Queue for the lift of the theatre, ride, travel, arrive."""
        party = self.party
        lift = self.campaign.lifts[self.campaign.sides[party.side].name, theatre_of(party.origin, party.place)]
        yield self.request(lift)
        yield self.hold(self.lift_days)
        self.release(lift)
        yield self.hold(self.travel_days)
        self.campaign.arrive(party)


class Incursion(salabim.Component):
    """The order to open the second front, or what its force does otherwise (E25)."""

    def setup(self, campaign: "SalabimCampaign", given: Any) -> None:
        """Take what the process needs."""
        self.campaign, self.given = campaign, given

    def process(self) -> Steps:
        """Wait for the date, after the daily tick, which would take a day of surprise away."""
        campaign, given = self.campaign, self.given
        yield self.hold(till=days_until(campaign.terms, given.at), priority=1)
        if given.ordered:
            campaign.launch()
        else:
            campaign.stand_down()
            yield self.hold(given.otherwise.delay, priority=1)
            campaign.free_forces()


class SalabimCampaign(Campaign):
    """The campaign in a salabim environment."""

    def __init__(self, loaded: Loaded, seed: int, replication: int) -> None:
        salabim.yieldless(False)
        self.env = salabim.Environment(trace=False)
        super().__init__(loaded, seed, replication)
        self.lifts = {
            (side.name, theatre): salabim.Resource(capacity=1, monitor=False, env=self.env)
            for side in self.sides
            for theatre in side.lift
        }
        self.hazards = {name: self._hazards(front) for name, front in self.fronts.items()}
        self.fill_camps()
        self.announce_packages()
        self._start_processes()

    @property
    def now(self) -> float:
        """Days since the start."""
        return float(self.env.now())

    def _hazards(self, front: Front) -> list[Hazard]:
        """Engagements and withdrawals of both sides on a front."""
        hazards = []
        for post, enemy in both(front):
            hazards += [self._engagements(front, post, enemy), self._withdrawals(front, post, enemy)]
        return hazards

    def _engagements(self, front: Front, post: Post, enemy: Post) -> Hazard:
        granularity, rng = int(self.terms.combat.granularity), self.rng
        return Hazard(
            env=self.env,
            rate_of=lambda: self.laws.engagement_rate(front, post),
            first=rng.standard_gamma(rng.integers(1, granularity + 1)),
            draw=lambda: rng.standard_gamma(granularity),
            happen=lambda: self.engage(front, post, enemy),
        )

    def _withdrawals(self, front: Front, post: Post, enemy: Post) -> Hazard:
        return Hazard(
            env=self.env,
            rate_of=lambda: self.laws.withdrawal_rate(front, post, enemy),
            first=self.rng.standard_exponential(),
            draw=self.rng.standard_exponential,
            happen=lambda: self.give_way(front, post, enemy),
        )

    def _start_processes(self) -> None:
        """Everything that goes on from the start. Lower priorities come first within an instant."""
        Daily(env=self.env, campaign=self)
        Repeated(env=self.env, first=WEEK, every=WEEK, action=self.week_passes)
        for s, side in enumerate(self.sides):
            reviews = side.terms.reviews
            first = reviews.first if reviews.first is not None else reviews.every
            Repeated(env=self.env, first=first, every=reviews.every, action=Headquarters(self, s).review)
        for day, *tranche in self.landings():
            self._later(day, self.land, *tranche)
        if self.terms.incursion is not None:
            Incursion(env=self.env, campaign=self, given=self.terms.incursion)

    def _later(self, days: float, action: Callable[..., None], *arguments: Any) -> None:
        Later(env=self.env, days=days, action=action, arguments=arguments)

    # What the campaign asks of its clock.

    def carry(self, party: Party, lift_days: float, travel_days: float) -> None:
        """Start a transit."""
        Transit(env=self.env, campaign=self, party=party, lift_days=lift_days, travel_days=travel_days)

    def train(self, party: Party, days: float) -> None:
        """Start a training."""
        self._later(days, self.trained, party)

    def nurse(self, side: Side, contingent: Contingent, people: int, days: float) -> None:
        """Start a recovery."""
        self._later(days, self.discharge, side, contingent, people)

    def promise(self, donor: Any, package: Any, days: float) -> None:
        """Start a delivery."""
        self._later(days, self.deliver, donor, package)

    def retime(self, fronts: Iterable[Front]) -> None:
        """Bring fronts up to date, and reschedule what waits there at a rate that has changed."""
        for front in fronts:
            self.laws.assess(front)
            for hazard in self.hazards[front.name]:
                hazard.retime()


class Daily(salabim.Component):
    """The daily tick."""

    def setup(self, campaign: SalabimCampaign) -> None:
        """Take what the process needs."""
        self.campaign = campaign

    def process(self) -> Steps:
        """A day passes, again and again."""
        day = 0
        while True:
            yield self.hold(1.0)
            day += 1
            self.campaign.day_passes(day)


def simulate(loaded: Loaded, seed: int, replication: int, dates: tuple[str, ...] = DATES) -> dict[str, float]:
    """Run one replication; returns outcomes as `benchmarks.simpy_model.simulate` does."""
    campaign = SalabimCampaign(loaded, seed, replication)
    return follow(campaign, lambda day: campaign.env.run(till=day), dates)
