"""What drifts and is moved once a day: luck, season, works, surprise, readiness, pressure (E9 to E15)."""

import math

from sim.model.codes import ADDRESS_LUCK_FRONT, ADDRESS_LUCK_THEATRE, BORDER, HISTORY, LAUNCHED, ONLY
from sim.model.combat import ground_left
from sim.model.draws import at_address, normal
from sim.model.kernel import Params, State, kernel

PRESSURE_BOUND = 3.0
DAYS_PER_MONTH = 30.44


@kernel
def next_luck(z: float, memory_days: float, week: int, u: float) -> float:
    """The disturbance of the next week: stationary AR(1) of unit variance (E10)."""
    phi = math.exp(-7.0 / memory_days) if memory_days > 0.0 else 0.0
    if week == 0:
        return normal(u)
    return phi * z + math.sqrt(1.0 - phi * phi) * normal(u)


@kernel
def draw_luck(p: Params, s: State, week: int) -> None:
    """Draw the luck of a week for every theatre and front, by address (E10)."""
    s.week = week
    for h in range(p.n_theatres):
        u = at_address(s, ADDRESS_LUCK_THEATRE, h, week, ONLY)
        sigma = p.luck_theatre_sigma
        s.theatre_luck_z[h] = next_luck(s.theatre_luck_z[h], p.luck_theatre_memory_days, week, u)
        s.theatre_luck[h] = math.exp(sigma * s.theatre_luck_z[h] - 0.5 * sigma * sigma)
    for f in range(p.n_fronts):
        u = at_address(s, ADDRESS_LUCK_FRONT, f, week, ONLY)
        sigma = p.luck_front_sigma
        s.front[f].luck_z = next_luck(s.front[f].luck_z, p.luck_front_memory_days, week, u)
        s.front[f].luck = math.exp(sigma * s.front[f].luck_z - 0.5 * sigma * sigma)


@kernel
def set_season(p: Params, s: State) -> None:
    """The season's factors on attack power, tempo and mobility at this time."""
    s.season_attack, s.season_tempo, s.season_mobility = 1.0, 1.0, 1.0
    for k in range(p.n_seasons):
        if p.season[k].start_tick <= s.now < p.season[k].end_tick:
            s.season_attack = p.season[k].attack
            s.season_tempo = p.season[k].tempo
            s.season_mobility = p.season[k].mobility


@kernel
def fade_memories(s: State, f: int) -> None:
    """Let the recent advance fade, and take in the day's losses (sections 2.4 and 2.9)."""
    front, keep_loss = s.front[f], s.keep_loss
    for side in range(2):
        front.recent_gain_km2[side] *= s.keep_advance
        front.yield_gain_km2[side] *= s.keep_yield
        present = front.total[side] + front.casualties_today[side]
        today = front.casualties_today[side] / present if present > 0 else 0.0
        front.loss_rate[side] = keep_loss * front.loss_rate[side] + (1.0 - keep_loss) * today
        front.casualties_today[side] = 0


@kernel
def fade_surprise(p: Params, s: State, f: int) -> None:
    """Surprise wears off, about a third a day (E11); an alerted home side concentrates (E9)."""
    front = s.front[f]
    for side in range(2):
        front.surprise[side] *= s.keep_surprise
    if p.front[f].kind == BORDER and s.incursion == LAUNCHED and f == p.incursion_front:
        front.concentration += (1.0 - front.concentration) * (1.0 - math.exp(-1.0 / p.front[f].reaction_days))


@kernel
def build_works(p: Params, s: State, f: int) -> None:
    """Works grow while the line stands still (E12)."""
    front = s.front[f]
    for side in range(2):
        if front.total[side] > 0:
            lost_km = front.recent_gain_km2[1 - side] / front.frontage_km[side] / p.advance_memory_days
            growth = p.works_build_per_day * math.exp(-lost_km / p.works_still_km_per_day)
            front.works[side] += (1.0 - front.works[side]) * (1.0 - math.exp(-growth))


@kernel
def move_readiness(p: Params, s: State, f: int) -> None:
    """Readiness of those deployed: recovers by rotation, falls with losses and effort (E13)."""
    front = s.front[f]
    for side in range(2):
        wear = p.fatigue_per_loss_share * front.loss_rate[side] + p.fatigue_per_effort_day * front.effort[side]
        for c in range(p.side[side].n_contingents):
            r = front.readiness[side, c]
            gain = p.side[side].contingent[c].readiness_recovery_per_day
            front.readiness[side, c] = _relax(r, gain, wear)


@kernel
def _relax(r: float, gain: float, wear: float) -> float:
    """Exact daily step of dr/dt = gain (1 - r) - wear r."""
    total = gain + wear
    if total <= 0.0:
        return r
    limit = gain / total
    return limit + (r - limit) * math.exp(-total)


@kernel
def rest_reserve(p: Params, s: State, side: int) -> None:
    """Readiness recovers in the reserve (E13)."""
    for c in range(p.side[side].n_contingents):
        r = s.side[side].reserve_readiness[c]
        s.side[side].reserve_readiness[c] = _relax(r, p.side[side].reserve_recovery_per_day, 0.0)


@kernel
def pressure_now(p: Params, s: State, f: int, side: int) -> float:
    """Log of the hostile force ratio x hostile effort, bounded (E15)."""
    front = s.front[f]
    drive = front.ratio[1 - side] * front.effort[1 - side]
    if drive <= 0.0 or ground_left(p, s, f, 1 - side) <= 0.0:
        return -PRESSURE_BOUND
    return max(-PRESSURE_BOUND, min(PRESSURE_BOUND, math.log(drive)))


@kernel
def smooth_pressure(p: Params, s: State, f: int) -> None:
    """Front pressure on each side, smoothed over a week (E15)."""
    for side in range(2):
        s.front[f].pressure[side] += (pressure_now(p, s, f, side) - s.front[f].pressure[side]) * s.pressure_step


@kernel
def count_politics(p: Params, s: State, side: int) -> None:
    """Political cost: km2-days of a side's own ground held by the other (2.6), and its smoothed losses a month."""
    for f in range(p.n_fronts):
        lost = s.front[f].territory_km2 * (1.0 if side != p.front[f].positive_side else -1.0)
        s.side[side].political_cost += max(0.0, lost)
    keep = math.exp(-1.0 / 30.0)
    today = s.side[side].irrecoverable_today * DAYS_PER_MONTH
    s.side[side].irrecoverable_per_month = keep * s.side[side].irrecoverable_per_month + (1.0 - keep) * today
    s.side[side].irrecoverable_today = 0


@kernel
def record_day(p: Params, s: State) -> None:
    """Write the day's record, which reviews read with their reporting delay."""
    row = s.day % HISTORY
    for f in range(p.n_fronts):
        s.history_territory_km2[row, f] = s.front[f].territory_km2
        for side in range(2):
            s.history_pressure[row, f, side] = s.front[f].pressure[side]
            s.history_people[row, f, side] = s.front[f].total[side]
            s.history_casualties[row, f, side] = s.front[f].casualties[side]
            s.history_yield[row, f, side] = s.front[f].yield_gain_km2[side]
