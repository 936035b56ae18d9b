"""A campaign in progress: what a day, an engagement, an order and a delivery do to it (docs/model.md 2.8 to 2.12)."""

import math
from typing import Any

import numpy as np

from benchmarks.idiomatic.combat import Laws, Weather
from benchmarks.idiomatic.forces import Front, Post, Record, Side, build_front, build_side, record_of
from benchmarks.idiomatic.moves import DAYS_PER_MONTH, WEEK, Moves
from benchmarks.idiomatic.terms import days_until, plain, season_windows
from sim.scenario.load import Loaded

PRESSURE_BOUND = 3.0
LOSSES_MEMORY = 30.0


class Campaign(Moves):
    """State of both sides and all fronts, and everything that happens to it."""

    def __init__(self, loaded: Loaded, seed: int, replication: int) -> None:
        if loaded.later:
            raise NotImplementedError("the idiomatic models know no interventions; take a scenario without them")
        self.terms = terms = plain(loaded.scenario)
        self.rng = np.random.default_rng([seed, replication])
        self.weather = Weather(season_windows(loaded.scenario, terms))
        self.laws = Laws(terms, self.weather, self.rng)
        self.sides = [build_side(terms, name) for name in terms.sides]
        self.fronts = {name: build_front(terms, name, self.sides) for name in terms.fronts}
        self.theatre_z = dict.fromkeys(terms.theatres, 0.0)
        self.theatre_luck = dict.fromkeys(terms.theatres, 1.0)
        self.history: list[dict[str, Record]] = []
        self.waiting_aid: list[tuple[Any, Any]] = []
        self.events = 0
        self._set_aside(1.0)
        self._begin()

    # The start.

    def _begin(self) -> None:
        self.weather.turn(0.0)
        self.draw_luck(first=True)
        for front in self.fronts.values():
            self.laws.assess(front)
            for post, enemy in both(front):
                post.pressure = self.pressure_now(front, post, enemy)
        self.history.append({name: record_of(front) for name, front in self.fronts.items()})

    def _set_aside(self, share: float) -> None:
        """A share of the incursion force waits in the reserve for its order (E25)."""
        given = self.terms.incursion
        if given is not None:
            for contingent in self.sides[self.index_of(given.side)].contingents:
                contingent.set_aside = int(round(given.force.get(contingent.name, 0.0)) * share)

    def index_of(self, side: str) -> int:
        """Position of a side by name."""
        return 0 if self.sides[0].name == side else 1

    def fill_camps(self) -> None:
        """The camps and the hospitals are full when a run starts (E14, E17)."""
        for s, side in enumerate(self.sides):
            recruits, casualties, contingent = side.terms.recruits, side.terms.casualties, side.recruit
            if recruits is not None:
                people = int(recruits.per_month * WEEK / DAYS_PER_MONTH)
                due = 0.5 * (recruits.training_minimum + recruits.training_maximum)
                while people > 0 and due > 0.0:
                    contingent.start += people
                    self._enter_training(s, contingent, people, due, None)
                    due -= WEEK
            cohorts, wounded = max(1, int(casualties.recovery / WEEK)), round(casualties.in_hospital)
            contingent.wounded += wounded
            contingent.start += wounded
            for k in range(cohorts):
                people = wounded * (k + 1) // cohorts - wounded * k // cohorts
                if people > 0:
                    self.nurse(side, contingent, people, casualties.recovery * (k + 1) / cohorts)

    # The day.

    def draw_luck(self, first: bool) -> None:
        """The week's luck of every theatre and front: a stationary AR(1) in the logarithm (E10)."""
        luck = self.terms.luck
        for name, z in self.theatre_z.items():
            self.theatre_z[name] = z = self._next_z(z, luck.theatre_memory, first)
            self.theatre_luck[name] = math.exp(luck.theatre_sigma * z - 0.5 * luck.theatre_sigma**2)
        for front in self.fronts.values():
            front.luck_z = self._next_z(front.luck_z, luck.front_memory, first)
            front.luck = math.exp(luck.front_sigma * front.luck_z - 0.5 * luck.front_sigma**2)

    def _next_z(self, z: float, memory: float, first: bool) -> float:
        phi = 0.0 if first else math.exp(-WEEK / memory)
        return float(phi * z + math.sqrt(1.0 - phi * phi) * self.rng.standard_normal())

    def luck_on(self, front: Front) -> float:
        """Factor on the ground of a won engagement (E8, E10)."""
        return front.luck * self.theatre_luck[front.terms.theatre]

    def day_passes(self, day: int) -> None:
        """The daily tick, in the order of docs/model.md 2.14."""
        self.events += 1
        self.weather.turn(day)
        if day % WEEK == 0:
            self.draw_luck(first=False)
        for front in self.fronts.values():
            self.drift(front)
        for side in self.sides:
            self.pass_day(side)
        self.react()
        for front in self.fronts.values():
            step = 1.0 - math.exp(-1.0 / self.terms.combat.pressure_days)
            for post, enemy in both(front):
                post.pressure += (self.pressure_now(front, post, enemy) - post.pressure) * step
        self.history.append({name: record_of(front) for name, front in self.fronts.items()})
        self.retime(self.fronts.values())

    def drift(self, front: Front) -> None:
        """Memories, surprise, concentration, works and readiness of a front (E9, E11 to E13)."""
        combat = self.terms.combat
        keep_loss = math.exp(-1.0 / combat.loss_days)
        for post in front.posts:
            post.recent_gain *= math.exp(-1.0 / combat.advance_days)
            post.yield_gain *= math.exp(-1.0 / combat.yield_days)
            present = post.total + post.casualties_today
            today = post.casualties_today / present if present > 0 else 0.0
            post.loss_rate = keep_loss * post.loss_rate + (1.0 - keep_loss) * today
            post.casualties_today = 0
            post.surprise *= math.exp(-combat.surprise_decay)
        if front.alerted:
            front.concentration += (1.0 - front.concentration) * (1.0 - math.exp(-1.0 / front.terms.reaction))
        for post, enemy in both(front):
            if post.total > 0:
                lost_km = enemy.recent_gain / post.frontage / combat.advance_days
                growth = combat.works_build * math.exp(-lost_km / combat.works_still)
                post.works += (1.0 - post.works) * (1.0 - math.exp(-growth))
            wear = combat.fatigue_losses * post.loss_rate + combat.fatigue_effort * post.effort
            for index, contingent in enumerate(post.side.contingents):
                post.readiness[index] = relaxed(post.readiness[index], contingent.recovery, wear)

    def pass_day(self, side: Side) -> None:
        """Production, rest in reserve, and smoothed irrecoverable losses of a side (E13, E17, E21)."""
        side.munitions += side.terms.munitions.production
        for contingent in side.contingents:
            contingent.reserve_readiness = relaxed(
                contingent.reserve_readiness, side.terms.movement.reserve_recovery, 0.0
            )
        keep = math.exp(-1.0 / LOSSES_MEMORY)
        side.losses_per_month *= keep
        side.losses_per_month += (1.0 - keep) * side.irrecoverable_today * DAYS_PER_MONTH
        side.irrecoverable_today = 0

    def pressure_now(self, front: Front, post: Post, enemy: Post) -> float:
        """Logarithm of hostile force ratio x ordered effort, bounded (E15)."""
        drive = enemy.ratio * enemy.effort
        if drive <= 0.0 or front.ground_left(enemy) <= 0.0:
            return -PRESSURE_BOUND
        return max(-PRESSURE_BOUND, min(PRESSURE_BOUND, math.log(drive)))

    # Combat.

    def engage(self, front: Front, post: Post, enemy: Post) -> None:
        """An engagement event of an attacking side."""
        self.events += 1
        self.laws.engage(front, post, enemy, self.luck_on(front))
        self.retime((front,))

    def give_way(self, front: Front, post: Post, enemy: Post) -> None:
        """A withdrawal event of a side."""
        self.events += 1
        self.laws.give_way(front, post, enemy)
        self.retime((front,))

    # The incursion, aid.

    def announce_packages(self) -> None:
        """Promise the packages that have a date; the others wait for their occasion (E22)."""
        for donor in self.terms.aid.values():
            for package in donor.packages.values():
                if package.waits_for == "date":
                    self.consider(donor, package, days_until(self.terms, package.announced))
                else:
                    self.waiting_aid.append((donor, package))

    def consider(self, donor: Any, package: Any, announced: float) -> None:
        """A donor decides on a package; promised, it comes after a delay (E22)."""
        wait = announced + self.around(package.delay, package.delay_sigma) - self.now
        if self.rng.random() < package.probability and wait >= 0.0:
            self.promise(donor, package, wait)

    def launch(self) -> None:
        """The incursion force enters its front from the reserve, and surprises (E11, E25)."""
        self.events += 1
        given = self.terms.incursion
        s, front = self.index_of(given.side), self.fronts[given.front]
        for index, contingent in enumerate(self.sides[s].contingents):
            people = min(contingent.reserve, round(given.force.get(contingent.name, 0.0)))
            if people > 0 and front.name in contingent.allowed:
                contingent.reserve -= people
                front.posts[s].join(index, people, contingent.reserve_readiness)
        self._set_aside(0.0)
        front.posts[s].effort = given.effort
        front.posts[1 - s].surprise = 1.0
        front.alerted = front.border
        self.retime((front,))

    def stand_down(self) -> None:
        """No incursion is ordered: only the share that will go to the main theatre stays set aside (E25)."""
        self.events += 1
        self._set_aside(self.terms.incursion.otherwise.share)

    def free_forces(self) -> None:
        """What the sides did not commit to the second front goes to the main theatre (E25)."""
        self.events += 1
        given = self.terms.incursion
        self._set_aside(0.0)
        for s, side in enumerate(self.sides):
            for index, contingent in enumerate(side.contingents):
                if side.name == given.side:
                    people = int(round(given.force.get(contingent.name, 0.0)) * given.otherwise.share)
                else:
                    people = int(given.otherwise.defender) if contingent is side.recruit else 0
                self.send_to_main(s, index, min(people, contingent.reserve))
        self.retime(self.fronts.values())

    def send_to_main(self, s: int, index: int, force: int) -> None:
        """Send people from the reserve to the main theatre's fronts in proportion to the people there."""
        allowed = self.sides[s].contingents[index].allowed
        roles = self.terms.theatres
        there = [f for f in self.fronts.values() if roles[f.terms.theatre].role == "main" and f.name in allowed]
        total, seen, sent = sum(front.posts[s].total for front in there), 0, 0
        for front in there if total > 0 else ():
            seen += front.posts[s].total
            sent += self.send(s, index, force * seen // total - sent, None, front)

    def react(self) -> None:
        """Announce the packages whose occasion has come (E22)."""
        for donor, package in list(self.waiting_aid):
            announced = days_until(self.terms, package.announced) if package.announced else 0.0
            if self.now >= announced and self.occasion(package):
                self.waiting_aid.remove((donor, package))
                self.consider(donor, package, self.now)

    def occasion(self, package: Any) -> bool:
        """Whether what a package waits for has happened."""
        s = self.index_of(package.to)
        if package.waits_for == "allied_landing":
            return self.sides[1 - s].allies_landed > 0
        front = self.fronts[package.front]
        held = front.territory if front.posts[s].intruder else -front.territory
        return bool(held >= package.above)

    def deliver(self, donor: Any, package: Any) -> None:
        """A package arrives, less what caution withholds and what politics changes (E22)."""
        self.events += 1
        late = donor.politics is not None and self.now >= days_until(self.terms, donor.politics.at)
        rounds = package.rounds * (1.0 - donor.caution) * (donor.politics.factor if late else 1.0)
        self.sides[self.index_of(package.to)].munitions += rounds
        self.retime(self.fronts.values())


def both(front: Front) -> tuple[tuple[Post, Post], tuple[Post, Post]]:
    """Each side on a front with its enemy."""
    a, b = front.posts
    return (a, b), (b, a)


def relaxed(readiness: float, gain: float, wear: float) -> float:
    """A day of dR/dt = gain (1 - R) - wear R, exactly (E13)."""
    total = gain + wear
    if total <= 0.0:
        return readiness
    limit = gain / total
    return limit + (readiness - limit) * math.exp(-total)
