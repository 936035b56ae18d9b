"""Combat power, engagements and withdrawals (docs/model.md 2.3 to 2.6 and 2.10)."""

import math
from typing import Any

from numpy.random import Generator

from benchmarks.idiomatic.forces import Contingent, Front, Post, Side, frontage

MOST_RATIO = 1000.0
REFERENCE_DENSITY = 375.0
MOST_DRIVE = 20.0


class Weather:
    """The season's factors on attack power, tempo and mobility."""

    __slots__ = ("attack", "mobility", "tempo", "windows")

    def __init__(self, windows: list[tuple[float, float, Any]]) -> None:
        self.windows = windows
        self.attack = self.tempo = self.mobility = 1.0

    def turn(self, day: float) -> None:
        """Set the factors of a day."""
        self.attack = self.tempo = self.mobility = 1.0
        for begins, ends, season in self.windows:
            if begins <= day < ends:
                self.attack, self.tempo, self.mobility = season.attack, season.tempo, season.mobility


def whole(mean: float, rng: Generator) -> int:
    """A mean rounded to a whole number, up with the probability of its fraction."""
    return math.floor(mean + rng.random())


def mean_one(variation: float, n: float, rng: Generator) -> float:
    """A lognormal factor of mean one with the coefficient of variation of a mean of n."""
    if variation <= 0.0:
        return 1.0
    variance = math.log1p(variation * variation / n)
    return math.exp(math.sqrt(variance) * rng.standard_normal() - 0.5 * variance)


class Laws:
    """The laws of combat of a scenario, applied to fronts."""

    def __init__(self, terms: Any, weather: Weather, rng: Generator) -> None:
        self.combat, self.withdrawal, self.weather, self.rng = terms.combat, terms.withdrawal, weather, rng

    def fires(self, side: Side) -> float:
        """Fires of a side as its munitions allow (E4)."""
        given, stock = side.terms.munitions, side.munitions
        filled = stock / (stock + given.half_effect) if stock + given.half_effect > 0.0 else 1.0
        return given.fires * (given.floor + (1.0 - given.floor) * filled)

    def supply(self, front: Front, post: Post) -> float:
        """Supply of a side on a front (E3)."""
        if post.total <= 0:
            return 1.0
        salient = front.border and post.intruder
        depth = max(0.0, front.territory) / post.frontage if salient else 0.0
        capacity = post.capacity * math.exp(-depth / self.combat.supply_depth) * (1.0 - post.interdiction)
        advance = post.recent_gain / post.frontage
        return min(1.0, capacity / post.total) * math.exp(-advance / self.combat.overextension)

    def assess(self, front: Front) -> None:
        """Bring frontages, supply, power and force ratios of a front up to date (E2, E3, E5, E9)."""
        combat = self.combat
        for post in front.posts:
            post.frontage = frontage(front, post)
            post.supply = self.supply(front, post)
            effective = 0.0
            for contingent, people, readiness in zip(post.side.contingents, post.people, post.readiness, strict=True):
                effective += people * contingent.quality * readiness
            effective *= self.fires(post.side) * post.supply
            post.attack = effective * self.weather.attack
            works = 1.0 + (combat.works - 1.0) * post.works
            caught = 1.0 + (combat.surprise - 1.0) * post.surprise
            post.defence = effective * combat.posture * front.terms.terrain * works / caught
        a, b = front.posts
        a.ratio, b.ratio = force_ratio(a, b), force_ratio(b, a)

    def engagement_rate(self, front: Front, post: Post) -> float:
        """Engagements a day of an attacking side (E5)."""
        if post.total <= 0 or post.effort <= 0.0 or front.ground_left(post) <= 0.0:
            return 0.0
        tempo = front.terms.tempo * post.total / 1000.0
        return tempo * post.effort * self.weather.tempo * self.sustained(post.ratio)

    def sustained(self, ratio: float) -> float:
        """Share of the ordered effort that a force ratio sustains: g of E5."""
        culmination = self.combat.culmination
        if culmination <= 0.0:
            return 1.0
        if ratio <= 0.0:
            return 0.0
        return 1.0 / (1.0 + (culmination / ratio) ** self.combat.culmination_sharpness)

    def win_probability(self, ratio: float) -> float:
        """Probability that the attacker wins an engagement (E6)."""
        if ratio >= MOST_RATIO:
            return 1.0
        if ratio <= 0.0:
            return 0.0
        return 1.0 / (1.0 + math.exp(-self.combat.win_intercept) * ratio**-self.combat.win_slope)

    def engage(self, front: Front, attacker: Post, defender: Post, luck: float) -> None:
        """One event: `granularity` engagements, their casualties, ground and rounds (E6 to E8, E21)."""
        combat, rng = self.combat, self.rng
        n = int(combat.granularity)
        wins = int(rng.binomial(n, self.win_probability(attacker.ratio)))
        lost_here, lost_there = self.casualties(attacker, defender, n, wins)
        density = defender.defence / defender.frontage
        self.suffer(attacker, lost_here, attacker.side.terms.casualties.irrecoverable)
        self.suffer(defender, lost_there, defender.side.terms.casualties.irrecoverable)
        if wins:
            area = wins * self.mean_ground(density) * mean_one(combat.ground_spread, wins, rng) * luck
            self.take(front, attacker, defender, area)
        spend(attacker.side, n * attacker.side.terms.munitions.per_attack)
        spend(defender.side, n * defender.side.terms.munitions.per_defence)

    def casualties(self, attacker: Post, defender: Post, n: int, wins: int) -> tuple[int, int]:
        """Casualties of attacker and defender in the n engagements of an event (E7)."""
        if attacker.total <= 0 or defender.total <= 0:
            return 0, 0
        combat, rng = self.combat, self.rng
        p, q, beaten = combat.own_exponent, combat.enemy_exponent, combat.beaten
        here = attacker.total / (1000.0 * attacker.frontage)
        there = defender.total / (1000.0 * defender.frontage)
        fire = attacker.attack / (1000.0 * attacker.frontage)
        answer = defender.defence / (1000.0 * defender.frontage)
        own = attacker.side.terms.casualties.attacking * here**p * answer**q / here
        enemy = defender.side.terms.casualties.defending * there**p * fire**q / here
        own *= (wins + (n - wins) * beaten) * mean_one(combat.casualty_spread, n, rng)
        enemy *= (n - wins + wins * beaten) * mean_one(combat.casualty_spread, n, rng)
        return whole(own, rng), whole(enemy, rng)

    def suffer(self, post: Post, casualties: int, irrecoverable_share: float) -> None:
        """Take casualties from the contingents by one systematic draw: some are lost, the others wounded (E7, E14)."""
        hit = min(casualties, post.total)
        if hit <= 0:
            return
        offset, before, cumulated, present = self.rng.random(), 0, 0, post.total
        for index, contingent in enumerate(post.side.contingents):
            cumulated += post.people[index]
            upto = max(before, min(hit, math.ceil(cumulated * hit / present - offset)))
            if upto > before:
                post.leave(index, upto - before)
                self.strike(post.side, contingent, upto - before, irrecoverable_share)
            before = upto
        post.casualties += hit
        post.casualties_today += hit
        post.side.casualties += hit

    def strike(self, side: Side, contingent: Contingent, hit: int, irrecoverable_share: float) -> None:
        """Of the casualties of a contingent some are lost for good, the others wounded."""
        dead = min(hit, whole(hit * irrecoverable_share, self.rng))
        side.lose(contingent, dead)
        contingent.wounded += hit - dead
        contingent.wounded_this_week += hit - dead

    def mean_ground(self, density: float) -> float:
        """Mean ground of a won engagement against a density of combat power per km, km2 (E8)."""
        saturation = self.combat.ground_saturation * self.weather.mobility
        if density <= 0.0:
            return saturation
        thin = self.combat.ground * (REFERENCE_DENSITY / density) ** self.combat.ground_exponent
        return 1.0 / (1.0 / thin + 1.0 / saturation)

    def take(self, front: Front, winner: Post, loser: Post, area: float) -> None:
        """Ground changes hands within the bounds; the loser's works go with it (E8, E12)."""
        taken = min(area, max(0.0, front.ground_left(winner)))
        front.territory += taken if winner.intruder else -taken
        front.peak = max(front.peak, front.territory)
        front.trough = min(front.trough, front.territory)
        winner.recent_gain += taken
        winner.yield_gain += taken
        loser.works *= math.exp(-taken / (frontage(front, loser) * self.combat.works_depth))

    def withdrawal_rate(self, front: Front, post: Post, enemy: Post) -> float:
        """Withdrawals a day of a side (E16)."""
        given = self.withdrawal
        if post.total <= 0 or enemy.total <= 0 or enemy.effort <= 0.0 or front.ground_left(enemy) <= 0.0:
            return 0.0
        drive = given.pressure * post.pressure + given.losses * 100.0 * post.loss_rate
        drive += given.supply * (1.0 - post.supply)
        return given.hazard * post.frontage / 100.0 * math.exp(min(drive, MOST_DRIVE))

    def give_way(self, front: Front, post: Post, enemy: Post) -> None:
        """A sector of a side gives way: ground, prisoners, readiness (E16)."""
        given = self.withdrawal
        sector = min(given.sector, post.frontage)
        share = sector / post.frontage
        self.suffer(post, whole(post.total * share * given.prisoners, self.rng), 1.0)
        post.readiness = [r * (1.0 - share * (1.0 - given.readiness)) for r in post.readiness]
        self.take(front, enemy, post, sector * 2.0 * given.depth * self.rng.random())


def force_ratio(attacker: Post, defender: Post) -> float:
    """Ratio of power per km where the sides meet, capped where the defender is absent (E5)."""
    if attacker.attack <= 0.0:
        return 0.0
    here, there = attacker.attack / attacker.frontage, defender.defence / defender.frontage
    return MOST_RATIO if here >= MOST_RATIO * there else here / there


def spend(side: Side, rounds: float) -> None:
    """Rounds leave the stock, not below zero (E21)."""
    side.munitions = max(0.0, side.munitions - rounds)
