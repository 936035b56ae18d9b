"""How a run starts: people, works, efforts, clocks, streams, luck."""

import math

from sim.model.calendar import initial_calendar
from sim.model.codes import (
    FAR,
    ONLY,
    POLICIES,
    PURPOSE_ENGAGEMENT_TIME,
    PURPOSE_WITHDRAWAL_TIME,
    SLOT_ENGAGEMENT,
    SLOTS,
    TICKS_PER_DAY,
)
from sim.model.draws import exponential, seed_streams, stream_id, uniform, waiting_time
from sim.model.drift import draw_luck, pressure_now, record_day, set_season
from sim.model.flows import prime_training, prime_wounded
from sim.model.kernel import Params, State, Word, kernel
from sim.model.power import refresh_power


@kernel
def initial(p: Params, s: State, seed: Word, replication: Word) -> None:
    """Set a zeroed state to the start of a run: people, works, efforts, clocks, streams, luck."""
    s.seed, s.replication = seed, replication
    seed_streams(s)
    s.n_slots = SLOT_ENGAGEMENT + 4 * p.n_fronts + 2
    for k in range(SLOTS):
        s.next_tick[k] = FAR
    s.regained_tick = FAR
    s.talks_territory_km2, s.talks_trend_km2_per_day, s.talks_casualties = math.nan, math.nan, math.nan
    for f in range(p.n_fronts):
        initial_front(p, s, f)
    for side in range(2):
        initial_side(p, s, side)
    draw_luck(p, s, ONLY)
    set_season(p, s)
    for f in range(p.n_fronts):
        refresh_power(p, s, f)
        for side in range(2):
            s.front[f].pressure[side] = pressure_now(p, s, f, side)
    record_day(p, s)
    initial_calendar(p, s)


@kernel
def initial_front(p: Params, s: State, f: int) -> None:
    """Start of a front: people, readiness, works, effort, residuals."""
    front, given = s.front[f], p.front[f]
    front.territory_km2 = given.start_territory_km2
    front.peak_km2 = max(0.0, given.start_territory_km2)
    front.trough_km2 = min(0.0, given.start_territory_km2)
    front.concentration = 0.0 if given.start_territory_km2 <= 0.0 else 1.0
    for side in range(2):
        front.works[side] = given.start_works[side]
        front.effort[side] = given.start_effort[side]
        front.collapsed_tick[side] = -1000 * TICKS_PER_DAY
        for c in range(p.side[side].n_contingents):
            front.people[side, c] = given.start_people[side, c]
            front.readiness[side, c] = given.start_readiness[side]
        s.engagement[f, side].residual = first_wait(p, s, stream_id(PURPOSE_ENGAGEMENT_TIME, f, side))
        first = uniform(s, stream_id(PURPOSE_WITHDRAWAL_TIME, f, side))
        s.withdrawal[f, side].residual = exponential(first)


@kernel
def first_wait(p: Params, s: State, stream: int) -> float:
    """Unit-rate time until the first event: after 1 to G engagements, each equally likely.

    So the engagements that events stand for are as many as came, in the mean, at any time (2.5).
    """
    due = 1.0 + math.floor(uniform(s, stream) * p.granularity)
    return waiting_time(due, uniform(s, stream))


@kernel
def initial_side(p: Params, s: State, side: int) -> None:
    """Start of a side: reserve, munitions, and the start column of its ledger."""
    account, given = s.side[side], p.side[side]
    account.munitions = given.munitions_start_rounds
    account.irrecoverable_per_month = given.recruits_per_month
    for k in range(POLICIES):
        account.trigger_tick[k] = FAR
    for c in range(given.n_contingents):
        account.reserve[c] = given.contingent[c].start_reserve
        account.reserve_readiness[c] = 1.0
        account.start[c] = account.reserve[c]
        for f in range(p.n_fronts):
            account.start[c] += s.front[f].people[side, c]
    prime_training(p, s, side)
    prime_wounded(p, s, side)
