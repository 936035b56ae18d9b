"""Where people come from and what takes them to the front: recruits, wounded, landings, replacements, the incursion.

E14, E17, E18, E20 and E25 of docs/model.md.
"""

import math

from sim.model.codes import (
    ADDRESS_RECOVERY,
    ADDRESS_TRAINING,
    ADDRESS_TRANCHE,
    FAR,
    HISTORY,
    ONLY,
    PURPOSE_PEOPLE,
    RESERVE,
    RETREAT_DAYS,
    SLOT_LANDING,
    STREAM_RECRUITS,
    TRAINING,
    TRANCHE_CANCELLED,
    TRANCHE_DELAY,
    TRANCHE_SIZE,
    WOUNDED,
)
from sim.model.draws import at_address, median_lognormal, stream_id, uniform, whole
from sim.model.drift import DAYS_PER_MONTH
from sim.model.kernel import Params, State, kernel
from sim.model.pipeline import allowed, count_diversion, push, reserve_for, send, ticks, to_front


@kernel
def admit_wounded(p: Params, s: State, side: int, week: int) -> None:
    """The week's wounded of each contingent become a cohort that is due after recovery (E14)."""
    a = s.side[side]
    for c in range(p.side[side].n_contingents):
        if a.wounded_this_week[c] > 0:
            u = at_address(s, ADDRESS_RECOVERY, side, c, week)
            days = median_lognormal(p.side[side].recovery_days, p.side[side].recovery_sigma, u)
            push(s, s.now + ticks(days), WOUNDED, a.wounded_this_week[c], side, c, RESERVE, RESERVE, 0.0)
            a.wounded_this_week[c] = 0


@kernel
def recruits_per_month(p: Params, s: State, side: int) -> float:
    """Recruits a month: a base that answers losses, within limits (E17)."""
    a = p.side[side]
    answer = a.recruits_response * (s.side[side].irrecoverable_per_month - a.recruits_per_month)
    return max(a.recruits_min_per_month, min(a.recruits_max_per_month, a.recruits_per_month + answer))


@kernel
def recruit(p: Params, s: State, side: int, week: int) -> None:
    """A week's recruits enter training (E17)."""
    a = p.side[side]
    c = a.recruits_contingent
    mean = recruits_per_month(p, s, side) * 7.0 / DAYS_PER_MONTH
    people = whole(mean, uniform(s, stream_id(PURPOSE_PEOPLE, STREAM_RECRUITS, side)))
    if people > 0:
        u = at_address(s, ADDRESS_TRAINING, side, week, ONLY)
        days = a.training_min_days + u * (a.training_max_days - a.training_min_days)
        s.side[side].entered[c] += people
        s.side[side].training[c] += people
        push(s, s.now + ticks(days), TRAINING, people, side, c, RESERVE, RESERVE, a.contingent[c].arrival_readiness)


@kernel
def prime_training(p: Params, s: State, side: int) -> None:
    """The camps are full when a run starts: a week's recruits for each week of the mean training time (E17)."""
    a = p.side[side]
    c = a.recruits_contingent
    people = int(a.recruits_per_month * 7.0 / DAYS_PER_MONTH)
    days = 0.5 * (a.training_min_days + a.training_max_days)
    while people > 0 and days > 0.0:
        s.side[side].training[c] += people
        s.side[side].start[c] += people
        push(s, ticks(days), TRAINING, people, side, c, RESERVE, RESERVE, a.contingent[c].arrival_readiness)
        days -= 7.0


@kernel
def prime_wounded(p: Params, s: State, side: int) -> None:
    """Those in hospital when a run starts come back or are discharged evenly over the recovery time (E14)."""
    a = p.side[side]
    cohorts = int(max(1.0, a.recovery_days / 7.0))
    c = a.recruits_contingent
    for k in range(cohorts):
        people = a.start_wounded * (k + 1) // cohorts - a.start_wounded * k // cohorts
        if people > 0:
            s.side[side].wounded[c] += people
            s.side[side].start[c] += people
            due = ticks(a.recovery_days * (k + 1.0) / cohorts)
            push(s, due, WOUNDED, people, side, c, RESERVE, RESERVE, 0.0)


@kernel
def schedule_tranche(p: Params, s: State, k: int) -> int:
    """When tranche k lands, or FAR when it is cancelled (E18)."""
    t = p.tranche[k]
    if at_address(s, ADDRESS_TRANCHE, k, TRANCHE_CANCELLED, ONLY) < t.cancel_probability:
        return FAR
    if t.delay_days <= 0.0:
        return t.at_tick
    delay = median_lognormal(t.delay_days, t.delay_sigma, at_address(s, ADDRESS_TRANCHE, k, TRANCHE_DELAY, ONLY))
    return t.at_tick + ticks(delay)


@kernel
def land(p: Params, s: State, k: int) -> None:
    """Tranche k lands: it acclimatises, then moves to its front or to the reserve (E18)."""
    t = p.tranche[k]
    people = whole(t.people, at_address(s, ADDRESS_TRANCHE, k, TRANCHE_SIZE, ONLY))
    s.next_tranche_tick[k] = FAR
    s.tranche_done[k] = 1
    refresh_landings(p, s)
    if people <= 0:
        return
    a = s.side[t.side]
    a.entered[t.contingent] += people
    a.training[t.contingent] += people
    a.allied_landed += people * t.allied
    due = s.now + ticks(t.acclimatise_days) if t.acclimatise_days > 0.0 else s.now
    push(s, due, TRAINING, people, t.side, t.contingent, t.front, RESERVE, t.readiness)


@kernel
def refresh_landings(p: Params, s: State) -> None:
    """Set the time of the next landing."""
    first = FAR
    for k in range(p.n_tranches):
        first = min(first, s.next_tranche_tick[k])
    s.next_tick[SLOT_LANDING] = first


@kernel
def replacement_need(p: Params, s: State, f: int, side: int, losses: float, row: int, days: float) -> float:
    """People whom a front asks for, `days` after it was last served (E20).

    A share of the losses since then, more under pressure; its part of the reserve that is committed each day, by its
    share of the establishment (people at the start); and an emergency, called by pressure and by ground lost. A front
    that a policy keeps at a strength asks for its losses only.
    """
    a, front, pressure = p.side[side], s.front[f], s.history_pressure[row, f, side]
    factor = min(3.0, math.exp(a.replacement_pressure_gain * max(0.0, pressure)))
    need = a.replacement_share * losses * factor
    if front.kept_at_strength[side] != 0:
        return need
    need += a.fill_per_day * days * reserve_for(p, s, side, f) * establishment_share(p, side, f)
    alarm = pressure + a.emergency_ground_per_km * retreat_km(p, s, f, side, row) - a.emergency_pressure
    need += a.emergency_per_day * days * front.total[side] * max(0.0, alarm)
    return need


@kernel
def retreat_km(p: Params, s: State, f: int, side: int, row: int) -> float:
    """How far a side is seen to have been pushed back on a front in two weeks, km over its frontage (E20)."""
    seen_day = s.day - (s.day - row) % HISTORY
    before = max(0, max(seen_day - RETREAT_DAYS, s.day - HISTORY + 1)) % HISTORY
    gained = s.history_territory_km2[row, f] - s.history_territory_km2[before, f]
    lost = -gained if side == p.front[f].positive_side else gained
    return max(0.0, lost) / s.front[f].frontage_km[side]


@kernel
def establishment(p: Params, f: int, side: int) -> float:
    """People whom a side means to have on a front: those of the start."""
    total = 0.0
    for c in range(p.side[side].n_contingents):
        total += p.front[f].start_people[side, c]
    return total


@kernel
def establishment_share(p: Params, side: int, f: int) -> float:
    """A front's share of what a side means to have on all its fronts, 0..1."""
    total = 0.0
    for g in range(p.n_fronts):
        total += establishment(p, g, side)
    return establishment(p, f, side) / total if total > 0.0 else 0.0


@kernel
def free_force(p: Params, s: State) -> None:
    """No incursion was ordered: stated people of both sides go from the reserve to the main theatre (E25)."""
    for side in range(2):
        for c in range(p.side[side].n_contingents):
            people = p.incursion_people[c] * p.freed_share
            if side != p.incursion_side:
                people = p.freed_defender_people if c == p.side[side].recruits_contingent else 0.0
            send_to_main(p, s, side, c, min(s.side[side].reserve[c], int(people)))


@kernel
def send_to_main(p: Params, s: State, side: int, c: int, force: int) -> None:
    """Send people from the reserve to the fronts of the main theatre, in proportion to the people there."""
    people = 0
    for f in range(p.n_fronts):
        if p.front[f].theatre == p.main_theatre and allowed(p, side, c, f):
            people += s.front[f].total[side]
    seen, before = 0, 0
    for f in range(p.n_fronts):
        if p.front[f].theatre == p.main_theatre and allowed(p, side, c, f) and people > 0:
            seen += s.front[f].total[side]
            upto = force * seen // people
            send(p, s, side, c, upto - before, RESERVE, f)
            before = upto


@kernel
def launch(p: Params, s: State) -> None:
    """The incursion order: the assembled force enters its front from the reserve, and surprises (E11, E25)."""
    side, f = p.incursion_side, p.incursion_front
    for c in range(p.side[side].n_contingents):
        people = min(s.side[side].reserve[c], int(p.incursion_people[c]))
        if people > 0 and allowed(p, side, c, f):
            s.side[side].reserve[c] -= people
            to_front(s, f, side, c, people, s.side[side].reserve_readiness[c])
            count_diversion(p, s, side, c, people, RESERVE, f)
    s.front[f].effort[side] = p.incursion_effort
    s.front[f].surprise[1 - side] = 1.0
