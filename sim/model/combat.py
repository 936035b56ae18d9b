"""Engagements: how often, who wins, what they cost, what ground they take (E5 to E8)."""

import math

from sim.model.codes import PURPOSE_ENGAGEMENT_RESULT
from sim.model.draws import binomial, lognormal_sigma, mean_one_lognormal, stream_id, uniform, whole
from sim.model.kernel import Params, State, kernel
from sim.model.power import MAX_RATIO, frontage


@kernel
def culmination(p: Params, s: State, ratio: float) -> float:
    """Share of the ordered effort that a force ratio sustains, 0..1: rises, saturates, and ends an attack (E5)."""
    if p.culmination_ratio <= 0.0:
        return 1.0
    if ratio <= 0.0:
        return 0.0
    return 1.0 / (1.0 + math.exp(p.culmination_sharpness * (s.log_culmination - math.log(ratio))))


@kernel
def ground_left(p: Params, s: State, f: int, side: int) -> float:
    """Area that a side can still take on a front before its bound, km2."""
    if side == p.front[f].positive_side:
        return p.front[f].max_territory_km2 - s.front[f].territory_km2
    return s.front[f].territory_km2 - p.front[f].min_territory_km2


@kernel
def engagement_rate(p: Params, s: State, f: int, side: int) -> float:
    """Engagements a day of an attacking side on a front (E5)."""
    front = s.front[f]
    if front.total[side] <= 0 or front.effort[side] <= 0.0 or ground_left(p, s, f, side) <= 0.0:
        return 0.0
    full = p.front[f].tempo_per_1000_per_day * front.total[side] / 1000.0
    return full * front.effort[side] * s.season_tempo * culmination(p, s, front.ratio[side])


@kernel
def win_probability(p: Params, ratio: float) -> float:
    """Probability that the attacker wins an engagement (E6; CDB90)."""
    if ratio >= MAX_RATIO:
        return 1.0
    if ratio <= 0.0:
        return 0.0
    return 1.0 / (1.0 + math.exp(-p.win_intercept - p.win_slope * math.log(ratio)))


@kernel
def mean_casualties(p: Params, kappa: float, own: float, enemy: float, attackers: float) -> float:
    """Mean casualties of one side in one engagement by the generalised Lanchester law, people (E7).

    own, attackers: thousand people per km; enemy: thousands of combat power per km; kappa: casualties per
    engagement at one thousand per km each.
    """
    if own <= 0.0 or enemy <= 0.0 or attackers <= 0.0:
        return 0.0
    law = math.pow(own, p.own_exponent) * math.pow(enemy, p.enemy_exponent)
    return kappa * law / attackers


@kernel
def mean_ground(p: Params, s: State, density: float) -> float:
    """Mean ground of one won engagement against a density of combat power per km, km2 (E8)."""
    saturation = p.ground_saturation_km2 * s.season_mobility
    if density <= 0.0:
        return saturation
    thin = p.ground_km2 * math.pow(p.ground_reference_density / density, p.ground_exponent)
    return 1.0 / (1.0 / thin + 1.0 / saturation)


@kernel
def take_ground(p: Params, s: State, f: int, side: int, area: float) -> float:
    """Give a side an area on a front, within the bounds; the loser's works go with it. Returns km2 taken (E8, E12)."""
    taken = min(area, max(0.0, ground_left(p, s, f, side)))
    front = s.front[f]
    other = 1 - side
    front.territory_km2 += taken if side == p.front[f].positive_side else -taken
    front.peak_km2 = max(front.peak_km2, front.territory_km2)
    front.trough_km2 = min(front.trough_km2, front.territory_km2)
    front.recent_gain_km2[side] += taken
    front.yield_gain_km2[side] += taken
    front.works[other] *= math.exp(-taken / (frontage(p, s, f, other) * p.works_depth_km))
    return taken


@kernel
def suffer(
    p: Params, s: State, f: int, side: int, casualties: int, irrecoverable_share: float, split: float, rounding: float
) -> None:
    """Take casualties from the contingents of a side by one systematic draw; the ledger follows (E7, E14)."""
    front, account = s.front[f], s.side[side]
    present = front.total[side]
    if casualties <= 0 or present <= 0:
        return
    casualties = min(casualties, present)
    before, cumulated = 0, 0
    for c in range(p.side[side].n_contingents):
        cumulated += front.people[side, c]
        upto = math.ceil(cumulated * casualties / present - split)
        upto = max(before, min(casualties, upto))
        hit = upto - before
        before = upto
        dead = min(hit, whole(hit * irrecoverable_share, rounding))
        front.people[side, c] -= hit
        account.lost[c] += dead
        account.wounded[c] += hit - dead
        account.wounded_this_week[c] += hit - dead
        account.irrecoverable += dead
        account.irrecoverable_today += dead
        front.irrecoverable[side] += dead
    front.casualties_today[side] += casualties
    front.casualties[side] += casualties
    account.casualties += casualties


@kernel
def fight(p: Params, s: State, f: int, side: int) -> None:
    """One event, `granularity` engagements: a side attacks on a front (E6 to E8, E21). Ten uniforms, always."""
    k = stream_id(PURPOSE_ENGAGEMENT_RESULT, f, side)
    u_win, u_own, u_enemy = uniform(s, k), uniform(s, k), uniform(s, k)
    u_own_round, u_enemy_round = uniform(s, k), uniform(s, k)
    u_own_split, u_enemy_split = uniform(s, k), uniform(s, k)
    u_own_dead, u_enemy_dead, u_ground = uniform(s, k), uniform(s, k), uniform(s, k)

    front, other = s.front[f], 1 - side
    n = p.granularity
    wins = binomial(n, win_probability(p, front.ratio[side]), u_win)
    attackers = front.total[side] / (1000.0 * front.frontage_km[side])
    defenders = front.total[other] / (1000.0 * front.frontage_km[other])
    density = front.power_defence[other] / front.frontage_km[other]
    fire = front.power_attack[side] / (1000.0 * front.frontage_km[side])
    own = mean_casualties(p, p.side[side].casualties_attacking, attackers, density / 1000.0, attackers)
    enemy = mean_casualties(p, p.side[other].casualties_defending, defenders, fire, attackers)
    own *= mean_one_lognormal(s.casualty_sigma, u_own) * (wins + (n - wins) * p.beaten_multiplier)
    enemy *= mean_one_lognormal(s.casualty_sigma, u_enemy) * (n - wins + wins * p.beaten_multiplier)
    suffer(p, s, f, side, whole(own, u_own_round), p.side[side].irrecoverable_share, u_own_split, u_own_dead)
    suffer(p, s, f, other, whole(enemy, u_enemy_round), p.side[other].irrecoverable_share, u_enemy_split, u_enemy_dead)
    if wins > 0.0:
        luck = front.luck * s.theatre_luck[p.front[f].theatre]
        sigma = lognormal_sigma(p.ground_spread, wins)
        take_ground(p, s, f, side, wins * mean_ground(p, s, density) * mean_one_lognormal(sigma, u_ground) * luck)
    spend_rounds(p, s, side, p.side[side].rounds_per_attack)
    spend_rounds(p, s, other, p.side[other].rounds_per_defence)
    front.engagements[side] += 1
    front.wins[side] += int(wins)


@kernel
def spend_rounds(p: Params, s: State, side: int, rounds: float) -> None:
    """Take the rounds of one event from the stock, not below zero (E21)."""
    s.side[side].munitions = max(0.0, s.side[side].munitions - rounds * p.granularity)
