"""Combat power: people, readiness, fires, supply, works, surprise and frontage (E2, E3, E4, E9)."""

import math

from sim.model.codes import BORDER
from sim.model.kernel import Params, State, kernel

MAX_RATIO = 1000.0


@kernel
def effective_people(p: Params, s: State, f: int, side: int) -> float:
    """People weighted by quality and readiness (the bracket of E2), people."""
    total = 0.0
    for c in range(p.side[side].n_contingents):
        total += s.front[f].people[side, c] * p.side[side].contingent[c].quality * s.front[f].readiness[side, c]
    return total


@kernel
def count_people(p: Params, s: State, f: int, side: int) -> int:
    """People deployed on a front, N(f,s)."""
    total = 0
    for c in range(p.side[side].n_contingents):
        total += s.front[f].people[side, c]
    return total


@kernel
def fires(p: Params, s: State, side: int) -> float:
    """Fires of a side as its munitions allow (E4)."""
    a = p.side[side]
    stock = s.side[side].munitions
    filled = stock / (stock + a.munitions_half_rounds) if stock + a.munitions_half_rounds > 0.0 else 1.0
    return a.fires_multiplier * (a.fires_floor + (1.0 - a.fires_floor) * filled)


@kernel
def salient_frontage(p: Params, s: State, f: int) -> float:
    """Frontage round the ground that the intruder holds, km (E9)."""
    held = max(0.0, s.front[f].territory_km2 - max(0.0, p.front[f].min_territory_km2))
    return max(p.front[f].salient_min_km, p.front[f].salient_factor * math.sqrt(held))


@kernel
def frontage(p: Params, s: State, f: int, side: int) -> float:
    """Frontage of a side on a front, km (E9)."""
    if p.front[f].kind != BORDER:
        return p.front[f].length_km
    salient = salient_frontage(p, s, f)
    if side == p.front[f].positive_side:
        return salient
    k = s.front[f].concentration
    return (1.0 - k) * p.front[f].length_km + k * salient


@kernel
def depth(p: Params, s: State, f: int, side: int) -> float:
    """Depth of the salient behind a side, km: the intruder's on a border front, else 0 (E3)."""
    if p.front[f].kind != BORDER or side != p.front[f].positive_side:
        return 0.0
    return max(0.0, s.front[f].territory_km2) / s.front[f].frontage_km[side]


@kernel
def supply(p: Params, s: State, f: int, side: int) -> float:
    """Supply of a side on a front, 0..1 (E3)."""
    people = s.front[f].total[side]
    if people <= 0:
        return 1.0
    gained, behind = s.front[f].recent_gain_km2[side], depth(p, s, f, side)
    capacity = p.front[f].supply_capacity_people[side] * (1.0 - p.front[f].interdiction[side])
    if behind != 0.0:  # most fronts have no depth, and many no gain: both exponentials are one
        capacity *= math.exp(-behind / p.supply_depth_km)
    met = min(1.0, capacity / people)
    if gained != 0.0:
        met *= math.exp(-(gained / s.front[f].frontage_km[side]) / p.overextension_km)
    return met


@kernel
def attack_power(p: Params, s: State, f: int, side: int, effective: float) -> float:
    """Combat power of a side in attack (E2)."""
    return effective * s.front[f].supply[side] * s.season_attack


@kernel
def defence_power(p: Params, s: State, f: int, side: int, effective: float) -> float:
    """Combat power of a side in defence: posture, terrain, works, surprise (E2)."""
    works = 1.0 + (p.works_multiplier - 1.0) * s.front[f].works[side]
    surprise = 1.0 + (p.surprise_multiplier - 1.0) * s.front[f].surprise[side]
    return effective * s.front[f].supply[side] * p.posture * p.front[f].terrain * works / surprise


@kernel
def force_ratio(attack: float, attack_km: float, defence: float, defence_km: float) -> float:
    """Ratio of power per km where the sides meet, capped where the defender is absent (E5).

    A defender strung along a border meets the attacker with what stands within the attacker's frontage.
    """
    if attack <= 0.0:
        return 0.0
    here, there = attack / attack_km, defence / defence_km
    return MAX_RATIO if here >= MAX_RATIO * there else here / there


@kernel
def refresh_power(p: Params, s: State, f: int) -> None:
    """Recompute people, frontage, supply, power and force ratios of a front from its state."""
    front = s.front[f]
    for side in range(2):
        front.total[side] = count_people(p, s, f, side)
        front.frontage_km[side] = frontage(p, s, f, side)
    for side in range(2):
        front.supply[side] = supply(p, s, f, side)
        effective = effective_people(p, s, f, side) * fires(p, s, side)
        front.power_attack[side] = attack_power(p, s, f, side, effective)
        front.power_defence[side] = defence_power(p, s, f, side, effective)
    for side in range(2):
        other = 1 - side
        front.ratio[side] = force_ratio(
            front.power_attack[side], front.frontage_km[side], front.power_defence[other], front.frontage_km[other]
        )
