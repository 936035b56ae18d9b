"""A headquarters: what it sees, its standing orders, and replacements (docs/model.md 2.11 and 2.13)."""

import math
from typing import Any

from benchmarks.idiomatic.campaign import Campaign
from benchmarks.idiomatic.forces import Front, Record
from benchmarks.idiomatic.terms import days_until

Shares = dict[str, float]
MOST_PRESSURE_FACTOR = 3.0
IDLE_ATTACKERS = 1000.0
RETREAT_DAYS = 14


class Order:
    """A standing order (a policy of the scenario) and what is remembered of it."""

    __slots__ = ("begins", "drawn", "effort_then", "ends", "fronts", "given", "people_then", "seen_at", "sources")

    def __init__(self, campaign: Campaign, given: Any) -> None:
        self.given = given
        self.fronts = _places(campaign, (*getattr(given, "fronts", ()), *getattr(given, "weights", ())))
        self.sources = _places(campaign, getattr(given, "sources", ()))
        self.begins = days_until(campaign.terms, given.start) if given.start else 0.0
        self.ends = days_until(campaign.terms, given.until) if given.until else math.inf
        self.seen_at: float | None = None
        self.people_then, self.effort_then, self.drawn = 0, 0.0, 0


def _places(campaign: Campaign, names: Any) -> list[Front]:
    """Fronts named themselves or by their theatre."""
    return [front for front in campaign.fronts.values() if front.name in names or front.terms.theatre in names]


class Headquarters:
    """A side's headquarters."""

    def __init__(self, campaign: Campaign, s: int) -> None:
        self.campaign, self.s, self.side = campaign, s, campaign.sides[s]
        self.orders = [Order(campaign, given) for given in self.side.terms.policies.values()]
        self.seen: dict[str, Record] = {}
        self.before: dict[str, Record] = {}
        people = {name: front.posts[s].establishment for name, front in campaign.fronts.items()}
        total = sum(people.values())
        self.establishment = {name: number / total if total else 0.0 for name, number in people.items()}

    def review(self) -> None:
        """Look at the map as it was a reporting delay ago, apply the orders in force, send replacements (E20, E23)."""
        campaign = self.campaign
        campaign.events += 1
        day = max(0, int(campaign.now - self.side.terms.reviews.reporting_delay))
        self.seen = campaign.history[min(day, len(campaign.history) - 1)]
        self.before = campaign.history[max(0, min(day, len(campaign.history) - 1) - RETREAT_DAYS)]
        for front in campaign.fronts.values():
            front.posts[self.s].kept_at_strength = False
        for order in self.orders:
            if self.in_force(order):
                getattr(self, order.given.kind)(order)
        self.replace_losses()
        campaign.retime(campaign.fronts.values())

    def held(self, front: Front) -> float:
        """Area beyond the starting line that the side is seen to hold; negative where it has lost ground."""
        territory = self.seen[front.name].territory
        return territory if front.posts[self.s].intruder else -territory

    def in_force(self, order: Order) -> bool:
        """Whether an order acts now: within its dates, its trigger seen (it latches), its delay over."""
        now = self.campaign.now
        if not order.begins <= now < order.ends:
            return False
        if order.seen_at is None:
            if not self.triggered(order.given.when):
                return False
            order.seen_at = now
            order.people_then = sum(front.posts[self.s].total for front in order.sources)
            order.effort_then = sum(front.posts[self.s].effort for front in order.fronts)
        return bool(now >= order.seen_at + order.given.after)

    def triggered(self, when: Any) -> bool:
        """Whether what is seen meets every condition that is stated."""
        if when is None:
            return True
        front = self.campaign.fronts[when.front]
        held, pressure = self.held(front), self.seen[front.name].pressure[self.s]
        best = front.peak if front.posts[self.s].intruder else -front.trough
        return not (
            (when.lost is not None and -held < when.lost)
            or (when.held_above is not None and held < when.held_above)
            or (when.held_below is not None and not held <= when.held_below < best)
            or (when.pressure_above is not None and pressure < when.pressure_above)
        )

    # The kinds of orders, by the names that scenario files use.

    def hold(self, order: Order) -> None:
        """Effort on the fronts named is set to a level."""
        for front in order.fronts:
            front.posts[self.s].effort = order.given.effort

    def main_effort(self, order: Order) -> None:
        """Effort = level x weight; people drift to the weights."""
        weights = {front.name: order.given.weights[front.name] for front in order.fronts}
        for front in order.fronts:
            front.posts[self.s].effort = bounded(order.given.effort * weights[front.name])
        if order.given.move_share > 0.0:
            self.rebalance(order, normalised(weights))

    def by_pressure(self, order: Order) -> None:
        """People drift to shares proportional to people x exp(gain x pressure)."""
        s, gain = self.s, order.given.gain
        weights = {
            front.name: front.posts[s].strength * math.exp(gain * self.seen[front.name].pressure[s])
            for front in order.fronts
        }
        self.rebalance(order, normalised(weights))

    def threshold(self, order: Order) -> None:
        """A front that lost ground is brought up to base + per km2 x area lost; effort there is set."""
        given, front = order.given, self.campaign.fronts[order.given.front]
        post, lost = front.posts[self.s], max(0.0, -self.held(front))
        required = given.base + given.per_km2 * lost
        self.bring_up(order, front, required)
        post.effort = given.effort
        quiet = given.when is not None and given.when.lost is not None and lost < given.when.lost
        if quiet and post.total > required:
            self.campaign.send_from_front(self.s, front, None, post.total - int(required))

    def reinforce(self, order: Order) -> None:
        """A front is kept at a number of people."""
        front = self.campaign.fronts[order.given.front]
        front.posts[self.s].kept_at_strength = True
        self.bring_up(order, front, order.given.people)

    def bring_up(self, order: Order, front: Front, required: float) -> None:
        """Send what is missing: from the reserve first, then from the order's sources in proportion to their people."""
        campaign, s, given = self.campaign, self.s, order.given
        missing = int(required) - front.posts[s].strength
        if missing <= 0:
            return
        share = self.side.share_of_review(given.reserve_share)
        missing -= campaign.send_from_reserve(s, front, min(missing, int(share * self.side.free_for(front.name))))
        sources = [origin for origin in order.sources if origin is not front]
        total = sum(origin.posts[s].total for origin in sources)
        asked = missing = min(missing, int(given.move_share * order.people_then) - order.drawn)
        for origin in sources if asked > 0 and total > 0 else ():
            part = math.ceil(asked * origin.posts[s].total / total)
            sent = campaign.send_from_front(s, origin, front, min(part, missing))
            order.drawn += sent
            missing -= sent

    def follow_yield(self, order: Order) -> None:
        """Effort and people drift to where ground is being gained per attacker."""
        s, goal = self.s, self.yields(order)
        efforts = {front.name: front.posts[s].effort for front in order.fronts}
        people = {front.name: float(front.posts[s].strength) for front in order.fronts}
        if not goal or sum(efforts.values()) <= 0.0 or sum(people.values()) <= 0.0:
            return
        shares = self.drifted(order, normalised(efforts), goal)
        for front in order.fronts:
            front.posts[s].effort = bounded(shares[front.name] * order.effort_then)
        if order.given.move_share > 0.0:
            self.rebalance(order, self.drifted(order, normalised(people), goal))

    def yields(self, order: Order) -> Shares:
        """Each front's share of the recent gain per effort-weighted person; empty when nothing is gained."""
        s, gains = self.s, {}
        for front in order.fronts:
            seen = self.seen[front.name]
            at_work = seen.people[s] * front.posts[s].effort
            gains[front.name] = seen.yields[s] / (at_work + IDLE_ATTACKERS)
        return normalised(gains)

    def drifted(self, order: Order, shares: Shares, goal: Shares) -> Shares:
        """Shares moved toward a goal at the order's rate, each within floor and cap, adding up to one."""
        given = order.given
        step = 1.0 - math.exp(-given.rate * self.side.terms.reviews.every)
        shares = {name: share + step * (goal[name] - share) for name, share in shares.items()}
        for _ in self.campaign.fronts:
            shares = {name: max(given.floor, min(given.cap, share)) for name, share in shares.items()}
            over = sum(shares.values()) - 1.0
            free = [n for n, share in shares.items() if (share > given.floor if over > 0.0 else share < given.cap)]
            for name in free:
                shares[name] -= over / len(free)
        return shares

    def withdraw(self, order: Order) -> None:
        """Fronts are left: no effort, everybody to the reserve."""
        for front in order.fronts:
            post = front.posts[self.s]
            post.effort = 0.0
            self.campaign.send_from_front(self.s, front, None, post.total)

    def rebalance(self, order: Order, shares: Shares) -> None:
        """Move people between the order's fronts toward shares of their total, closing part of each gap."""
        if not shares:
            return
        s, least = self.s, self.side.terms.movement.least_moved
        closing = self.side.share_of_review(order.given.move_share)
        total = sum(front.posts[s].strength for front in order.fronts)
        for front in order.fronts:
            missing = (shares[front.name] * total - front.posts[s].strength) * closing
            for origin in order.fronts:
                if missing < least:
                    break
                spare = (origin.posts[s].strength - shares[origin.name] * total) * closing
                if origin is not front and spare >= least:
                    missing -= self.campaign.send_from_front(s, origin, front, int(min(spare, missing)))

    # Replacements.

    def needs(self) -> Shares:
        """What each front asks for since it was last served; too few for a party wait (E20)."""
        s, now, needs = self.s, self.campaign.now, {}
        for name, front in self.campaign.fronts.items():
            post, seen = front.posts[s], self.seen[name]
            losses = max(0, seen.casualties[s] - post.losses_served)
            need = self.need(front, losses, seen.pressure[s], now - post.served_at) if post.total > 0 else 0.0
            if need >= self.side.terms.movement.least_moved or post.total <= 0:
                post.losses_served += losses
                post.served_at = now
                needs[name] = need
        return needs

    def need(self, front: Front, losses: int, pressure: float, days: float) -> float:
        """A share of the losses, a share of the reserve, and an emergency (E20)."""
        movement, post = self.side.terms.movement, front.posts[self.s]
        factor = math.exp(movement.replacements_pressure * max(0.0, pressure))
        need = movement.replacements * losses * min(MOST_PRESSURE_FACTOR, factor)
        if post.kept_at_strength:
            return float(need)
        need += movement.fill * days * self.side.free_for(front.name) * self.establishment[front.name]
        alarm = pressure + movement.emergency_ground * self.retreat(front) - movement.emergency_pressure
        need += movement.emergency * days * post.total * max(0.0, alarm)
        return float(need)

    def retreat(self, front: Front) -> float:
        """How far the side is seen to have been pushed back in two weeks, km over its frontage (E20)."""
        gained = self.seen[front.name].territory - self.before[front.name].territory
        lost = -gained if front.posts[self.s].intruder else gained
        return max(0.0, lost) / front.posts[self.s].frontage

    def replace_losses(self) -> None:
        """Each contingent serves the fronts where it is allowed by their needs; the reserve keeps its floor (E20)."""
        campaign, s, side = self.campaign, self.s, self.side
        needs = self.needs()
        pools = {name: side.free_for(name) for name in needs}
        everybody = sum(contingent.free for contingent in side.contingents)
        kept = min(1.0, side.terms.movement.reserve_floor / everybody) if everybody > 0 else 1.0
        for index, contingent in enumerate(side.contingents):
            stock = contingent.free
            asks = {n: need * stock / pools[n] for n, need in needs.items() if n in contingent.allowed and pools[n] > 0}
            asked = sum(asks.values())
            scale = min(1.0, stock * (1.0 - kept) / asked) if asked > 0.0 else 0.0
            for name, ask in asks.items():
                front = campaign.fronts[name]
                room = side.lift_room(front.terms.theatre, campaign.now)
                campaign.send(s, index, min(int(ask * scale), room, contingent.free), None, front)


def normalised(weights: Shares) -> Shares:
    """Weights as shares of their sum; empty when there is nothing to share."""
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()} if total > 0.0 else {}


def bounded(effort: float) -> float:
    """An effort within 0..1."""
    return max(0.0, min(1.0, effort))
