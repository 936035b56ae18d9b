"""Reviews: what a headquarters sees, and what its policies order (E23). A policy is plain data."""

import math

from sim.model.codes import (
    BY_PRESSURE,
    FAR,
    FOLLOW_YIELD,
    HISTORY,
    HOLD,
    MAIN_EFFORT,
    REINFORCE,
    RESERVE,
    THRESHOLD,
    TICKS_PER_DAY,
    WITHDRAW,
)
from sim.model.flows import replacement_need
from sim.model.kernel import Floats, Params, State, kernel
from sim.model.pipeline import (
    allowed,
    free_reserve,
    lift_room,
    reserve_for,
    send,
    send_from_front,
    send_from_reserve,
    ticks,
)


@kernel
def seen_row(p: Params, s: State, side: int) -> int:
    """Row of the daily record that a side sees: as it was a reporting delay ago."""
    day = int((s.now / TICKS_PER_DAY) - p.side[side].reporting_delay_days)
    return max(0, max(day, s.day - HISTORY + 1)) % HISTORY


@kernel
def held_km2(p: Params, s: State, row: int, f: int, side: int) -> float:
    """Area beyond the starting line that a side is seen to hold on a front, km2; negative: it has lost ground."""
    seen = s.history_territory_km2[row, f]
    return seen if side == p.front[f].positive_side else -seen


@kernel
def triggered(p: Params, s: State, side: int, k: int, row: int) -> bool:
    """Whether what is seen meets every condition that policy k states (an unstated one is not a number)."""
    policy = p.policy[side, k]
    f = policy.trigger_front
    if f < 0:
        return True
    held = held_km2(p, s, row, f, side)
    if not math.isnan(policy.trigger_lost_km2) and -held < policy.trigger_lost_km2:
        return False
    if not math.isnan(policy.trigger_held_above_km2) and held < policy.trigger_held_above_km2:
        return False
    if not math.isnan(policy.trigger_held_below_km2):
        best = s.front[f].peak_km2 if side == p.front[f].positive_side else -s.front[f].trough_km2
        if held > policy.trigger_held_below_km2 or best <= policy.trigger_held_below_km2:
            return False  # nothing to fall below until more than that was held
    return math.isnan(policy.trigger_pressure) or s.history_pressure[row, f, side] >= policy.trigger_pressure


@kernel
def effort_on(p: Params, s: State, side: int, k: int) -> float:
    """Effort of a side over the fronts of a policy, summed."""
    total = 0.0
    for f in range(p.n_fronts):
        total += s.front[f].effort[side] if p.policy[side, k].on_front[f] != 0 else 0.0
    return total


@kernel
def share_of_review(p: Params, side: int, weekly: float) -> float:
    """What a share a week comes to in the days between two reviews."""
    return 1.0 - (1.0 - min(weekly, 1.0)) ** (p.side[side].review_days / 7.0)


@kernel
def log_trigger(p: Params, s: State, side: int, k: int, row: int) -> None:
    """Keep what was seen on the watched front when policy k was triggered."""
    f = p.policy[side, k].trigger_front
    if f >= 0:
        s.side[side].held_at_trigger[k] = held_km2(p, s, row, f, side)
        s.side[side].pressure_at_trigger[k] = s.history_pressure[row, f, side]


@kernel
def in_force(p: Params, s: State, side: int, k: int, row: int) -> bool:
    """Whether policy k acts now: in its dates, triggered (it latches when seen), and its delay over."""
    policy, account = p.policy[side, k], s.side[side]
    if s.now < policy.start_tick or s.now >= policy.end_tick:
        return False
    if account.trigger_tick[k] == FAR:
        if not triggered(p, s, side, k, row):
            return False
        account.trigger_tick[k] = s.now
        log_trigger(p, s, side, k, row)
        total = 0
        for f in range(p.n_fronts):
            if policy.source[f] != 0:
                total += s.front[f].total[side]
        account.people_at_trigger[k] = total
        account.effort_at_trigger[k] = effort_on(p, s, side, k)
    return s.now >= account.trigger_tick[k] + int(policy.after_days * TICKS_PER_DAY)


@kernel
def order_effort(p: Params, s: State, side: int, k: int) -> None:
    """Set effort on the fronts of a policy: level x weight (hold, main effort)."""
    policy = p.policy[side, k]
    for f in range(p.n_fronts):
        if policy.on_front[f] != 0:
            s.front[f].effort[side] = max(0.0, min(1.0, policy.effort * policy.weight[f]))


@kernel
def strength(s: State, f: int, side: int) -> int:
    """People on a front and on their way to it."""
    return s.front[f].total[side] + s.front[f].inbound[side]


@kernel
def rebalance(p: Params, s: State, side: int, k: int, shares: Floats) -> None:
    """Move people between a policy's fronts toward shares of their total, closing part of each gap (E23)."""
    policy = p.policy[side, k]
    closing, least = share_of_review(p, side, policy.move_share), p.side[side].least_moved
    total = 0
    for f in range(p.n_fronts):
        total += strength(s, f, side) if policy.on_front[f] != 0 else 0
    for to in range(p.n_fronts):
        if policy.on_front[to] == 0:
            continue
        missing = (shares[to] * total - strength(s, to, side)) * closing
        for origin in range(p.n_fronts):
            if missing < least:
                break
            if policy.on_front[origin] != 0 and origin != to:
                spare = (strength(s, origin, side) - shares[origin] * total) * closing
                if spare >= least:
                    missing -= send_from_front(p, s, side, origin, to, int(min(spare, missing)))


@kernel
def rebalance_by(p: Params, s: State, side: int, k: int, weights: Floats) -> None:
    """Move people between a policy's fronts toward shares proportional to weights (E23). The weights become shares."""
    total = 0.0
    for f in range(p.n_fronts):
        weights[f] = weights[f] if p.policy[side, k].on_front[f] != 0 else 0.0
        total += weights[f]
    if total > 0.0:
        for f in range(p.n_fronts):
            weights[f] /= total
        rebalance(p, s, side, k, weights)


@kernel
def main_effort(p: Params, s: State, side: int, k: int) -> None:
    """Effort and people by weights (E23)."""
    order_effort(p, s, side, k)
    if p.policy[side, k].move_share > 0.0:
        for f in range(p.n_fronts):
            s.scratch[0, f] = p.policy[side, k].weight[f]
        rebalance_by(p, s, side, k, s.scratch[0])


@kernel
def by_pressure(p: Params, s: State, side: int, k: int, row: int) -> None:
    """People drift to shares proportional to people x exp(gain x pressure) (E23)."""
    gain = p.policy[side, k].pressure_gain
    for f in range(p.n_fronts):
        s.scratch[0, f] = strength(s, f, side) * math.exp(gain * s.history_pressure[row, f, side])
    rebalance_by(p, s, side, k, s.scratch[0])


@kernel
def bring_up(p: Params, s: State, side: int, k: int, required: float) -> None:
    """Bring the watched front up to a strength: from the reserve first, then from the policy's sources (E23).

    A week takes at most `reserve_share` of the reserve; from the sources, altogether, at most
    `move_share` of the people who stood there at the trigger.
    """
    policy, account = p.policy[side, k], s.side[side]
    f = policy.watch
    missing = int(required) - strength(s, f, side)
    if missing <= 0:
        return
    from_reserve = int(share_of_review(p, side, policy.reserve_share) * reserve_for(p, s, side, f))
    missing -= send_from_reserve(p, s, side, f, min(missing, from_reserve))
    left = int(policy.move_share * account.people_at_trigger[k]) - account.drawn_by_policy[k]
    missing = min(missing, left)
    total = 0
    for origin in range(p.n_fronts):
        total += s.front[origin].total[side] if policy.source[origin] != 0 and origin != f else 0
    asked = missing
    for origin in range(p.n_fronts):
        if policy.source[origin] != 0 and origin != f and asked > 0 and total > 0:
            part = math.ceil(asked * s.front[origin].total[side] / total)
            sent = send_from_front(p, s, side, origin, f, min(part, missing))
            account.drawn_by_policy[k] += sent
            missing -= sent


@kernel
def reinforce(p: Params, s: State, side: int, k: int) -> None:
    """Keep the watched front at a strength: it then asks for replacements of its losses only (E20, E23)."""
    s.front[p.policy[side, k].watch].kept_at_strength[side] = 1
    bring_up(p, s, side, k, p.policy[side, k].target_people)


@kernel
def threshold(p: Params, s: State, side: int, k: int, row: int) -> None:
    """Required on the watched front = base + per km2 x area lost, and effort there (E23).

    When what is lost has fallen below the trigger again, those above the requirement go back to the reserve.
    """
    policy = p.policy[side, k]
    f = policy.watch
    lost = max(0.0, -held_km2(p, s, row, f, side))
    required = policy.base_people + policy.people_per_km2 * lost
    bring_up(p, s, side, k, required)
    s.front[f].effort[side] = max(0.0, min(1.0, policy.effort))
    if lost < policy.trigger_lost_km2 and s.front[f].total[side] > required:
        send_from_front(p, s, side, f, RESERVE, s.front[f].total[side] - int(required))


@kernel
def yield_shares(p: Params, s: State, side: int, k: int, row: int) -> Floats:
    """Each front's share of the recent gain per effective attacker; all zero when nothing is gained (E23)."""
    shares = s.scratch[0]
    total = 0.0
    for f in range(p.n_fronts):
        shares[f] = 0.0
        if p.policy[side, k].on_front[f] != 0:
            at_work = s.history_people[row, f, side] * s.front[f].effort[side]
            shares[f] = s.history_yield[row, f, side] / (at_work + 1000.0)
            total += shares[f]
    if total > 0.0:
        for f in range(p.n_fronts):
            shares[f] /= total
    return shares


@kernel
def has_room(policy: Params, share: float, over: float) -> bool:
    """Whether a share can still give (over > 0) or take (over < 0) within the policy's floor and cap."""
    return share > policy.floor_share if over > 0.0 else share < policy.cap_share


@kernel
def drift_shares(p: Params, s: State, side: int, k: int, current: Floats, goal: Floats) -> None:
    """Move shares toward a goal at the policy's rate, within its floor and cap; they add up to one."""
    policy = p.policy[side, k]
    step = 1.0 - math.exp(-policy.rate_per_day * p.side[side].review_days)
    for f in range(p.n_fronts):
        current[f] = current[f] + step * (goal[f] - current[f]) if policy.on_front[f] != 0 else 0.0
    for _ in range(p.n_fronts):  # clip, and spread what is over or short evenly over those that have room
        total, free = 0.0, 0
        for f in range(p.n_fronts):
            if policy.on_front[f] != 0:
                current[f] = max(policy.floor_share, min(policy.cap_share, current[f]))
                total += current[f]
        over = total - 1.0
        for f in range(p.n_fronts):
            if policy.on_front[f] != 0 and has_room(policy, current[f], over):
                free += 1
        for f in range(p.n_fronts):
            if policy.on_front[f] != 0 and free > 0 and has_room(policy, current[f], over):
                current[f] -= over / free


@kernel
def follow_yield(p: Params, s: State, side: int, k: int, row: int) -> None:
    """Effort and people drift to where ground is being gained per effective attacker (E23)."""
    policy = p.policy[side, k]
    goal = yield_shares(p, s, side, k, row)
    efforts, people, gained = 0.0, 0, 0.0
    for f in range(p.n_fronts):
        if policy.on_front[f] != 0:
            efforts += s.front[f].effort[side]
            people += strength(s, f, side)
            gained += goal[f]
    if gained <= 0.0 or efforts <= 0.0 or people <= 0:
        return
    effort_shares, people_shares = s.scratch[1], s.scratch[2]
    for f in range(p.n_fronts):
        if policy.on_front[f] != 0:
            effort_shares[f] = s.front[f].effort[side] / efforts
            people_shares[f] = strength(s, f, side) / people
    drift_shares(p, s, side, k, effort_shares, goal)
    for f in range(p.n_fronts):
        if policy.on_front[f] != 0:
            ordered = effort_shares[f] * s.side[side].effort_at_trigger[k]
            s.front[f].effort[side] = max(0.0, min(1.0, ordered))
    if policy.move_share > 0.0:
        drift_shares(p, s, side, k, people_shares, goal)
        rebalance(p, s, side, k, people_shares)


@kernel
def leave_fronts(p: Params, s: State, side: int, k: int) -> None:
    """Leave the policy's fronts: no effort, everybody to the reserve (E23)."""
    for f in range(p.n_fronts):
        if p.policy[side, k].on_front[f] != 0:
            s.front[f].effort[side] = 0.0
            send_from_front(p, s, side, f, RESERVE, s.front[f].total[side])


@kernel
def carry_out(p: Params, s: State, side: int, k: int, row: int) -> None:
    """Do what policy k orders."""
    kind = p.policy[side, k].kind
    if kind == HOLD:
        order_effort(p, s, side, k)
    elif kind == MAIN_EFFORT:
        main_effort(p, s, side, k)
    elif kind == BY_PRESSURE:
        by_pressure(p, s, side, k, row)
    elif kind == THRESHOLD:
        threshold(p, s, side, k, row)
    elif kind == FOLLOW_YIELD:
        follow_yield(p, s, side, k, row)
    elif kind == REINFORCE:
        reinforce(p, s, side, k)
    elif kind == WITHDRAW:
        leave_fronts(p, s, side, k)


@kernel
def replacement_needs(p: Params, s: State, side: int, row: int) -> Floats:
    """What each front asks for since it was last served; too few for a party stay in the account (E20)."""
    needs = s.scratch[3]
    for f in range(p.n_fronts):
        front, needs[f] = s.front[f], 0.0
        seen = s.history_casualties[row, f, side]
        losses = max(0, seen - front.casualties_served[side])
        days = (s.now - front.served_tick[side]) / TICKS_PER_DAY
        if front.total[side] > 0:
            needs[f] = replacement_need(p, s, f, side, losses, row, days)
        if needs[f] >= p.side[side].least_moved or front.total[side] <= 0:
            front.casualties_served[side] += losses
            front.served_tick[side] = s.now
        else:
            needs[f] = 0.0
    return needs


@kernel
def replace_losses(p: Params, s: State, side: int, row: int) -> None:
    """Replacements from the reserve to the fronts, pro rata where it does not suffice (E20).

    Each contingent serves the fronts where it is allowed, in proportion to their needs; the reserve keeps its floor.
    """
    needs, pools = replacement_needs(p, s, side, row), s.scratch[4]
    everybody = 0
    for f in range(p.n_fronts):
        pools[f] = reserve_for(p, s, side, f)
    for c in range(p.side[side].n_contingents):
        everybody += free_reserve(p, s, side, c)
    kept = min(1.0, p.side[side].reserve_floor / everybody) if everybody > 0 else 1.0
    for c in range(p.side[side].n_contingents):
        stock, asked = free_reserve(p, s, side, c), 0.0
        for f in range(p.n_fronts):
            if allowed(p, side, c, f) and pools[f] > 0.0:
                asked += needs[f] * stock / pools[f]
        scale = min(1.0, stock * (1.0 - kept) / asked) if asked > 0.0 else 0.0
        for f in range(p.n_fronts):
            if allowed(p, side, c, f) and pools[f] > 0.0:
                people = min(int(needs[f] * stock / pools[f] * scale), lift_room(p, s, side, p.front[f].theatre))
                send(p, s, side, c, min(people, free_reserve(p, s, side, c)), RESERVE, f)


@kernel
def order_policies(p: Params, s: State, side: int) -> None:
    """Apply a side's policies in file order (E23)."""
    row = seen_row(p, s, side)
    for f in range(p.n_fronts):
        s.front[f].kept_at_strength[side] = 0
    for k in range(p.n_policies[side]):
        if in_force(p, s, side, k, row):
            carry_out(p, s, side, k, row)


@kernel
def next_review(p: Params, s: State, side: int) -> int:
    """When a side reviews again."""
    return s.now + ticks(p.side[side].review_days)
