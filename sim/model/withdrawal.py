"""Withdrawal under pressure: a hazard, not a breakpoint (E16), and collapse as an observable."""

import math

from sim.model.codes import HISTORY, PURPOSE_WITHDRAWAL_RESULT, TICKS_PER_DAY
from sim.model.combat import ground_left, suffer, take_ground
from sim.model.draws import stream_id, uniform, whole
from sim.model.kernel import Params, State, kernel


@kernel
def withdrawal_rate(p: Params, s: State, f: int, side: int) -> float:
    """Withdrawals a day of a side on a front (E16)."""
    front, other = s.front[f], 1 - side
    if front.total[side] <= 0 or front.total[other] <= 0 or front.effort[other] <= 0.0:
        return 0.0
    if p.withdrawal_per_100km_day <= 0.0 or ground_left(p, s, f, other) <= 0.0:
        return 0.0
    drive = p.withdrawal_pressure_gain * front.pressure[side]
    drive += p.withdrawal_loss_gain * 100.0 * front.loss_rate[side]
    drive += p.withdrawal_supply_gain * (1.0 - front.supply[side])
    return p.withdrawal_per_100km_day * front.frontage_km[side] / 100.0 * math.exp(min(drive, 20.0))


@kernel
def withdraw_sector(p: Params, s: State, f: int, side: int) -> None:
    """A sector of a side gives way: ground, prisoners and readiness are lost (E16)."""
    k = stream_id(PURPOSE_WITHDRAWAL_RESULT, f, side)
    u_people, u_split, u_depth = uniform(s, k), uniform(s, k), uniform(s, k)
    front = s.front[f]
    share = min(1.0, p.withdrawal_sector_km / front.frontage_km[side])
    area = share * front.frontage_km[side] * p.withdrawal_depth_km * 2.0 * u_depth
    prisoners = whole(front.total[side] * share * p.withdrawal_prisoner_share, u_people)
    suffer(p, s, f, side, prisoners, 1.0, u_split, u_people)
    for c in range(p.side[side].n_contingents):
        front.readiness[side, c] *= 1.0 - share * (1.0 - p.withdrawal_readiness)
    take_ground(p, s, f, 1 - side, area)


@kernel
def observe_collapse(p: Params, s: State, f: int, side: int) -> None:
    """Count a collapse: too large a share of the front's extent lost within the stated days; once per window.

    Ground given up by leaving it (nobody there any more) does not count.
    """
    window = min(int(p.collapse_days), HISTORY - 1)
    then = s.history_territory_km2[max(0, s.day - window) % HISTORY, f]
    lost = then - s.front[f].territory_km2
    if side != p.front[f].positive_side:
        lost = -lost
    rested = s.now - s.front[f].collapsed_tick[side] >= window * TICKS_PER_DAY
    if rested and s.front[f].total[side] > 0 and lost > p.collapse_share * p.front[f].extent_km2:
        s.side[side].collapses += 1
        s.front[f].collapsed_tick[side] = s.now
