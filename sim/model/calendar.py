"""What is next: first times, the slot that is next (least of time and slot), and what kind of event it holds."""

import math

from sim.model.codes import (
    ADDRESS_TALKS,
    ENGAGEMENT,
    FAR,
    INTERVENTION,
    ONLY,
    PACKAGES,
    PENDING,
    REVIEW,
    SAMPLE,
    SCHEDULED,
    SLOT_ENGAGEMENT,
    SLOT_INCURSION,
    SLOT_INTERVENTION,
    SLOT_RECRUITS,
    SLOT_REVIEW,
    SLOT_TALKS,
    SLOT_TICK,
    TALKS,
    TICKS_PER_DAY,
    TRANCHES,
    WITHDRAWAL,
)
from sim.model.draws import at_address, exponential, lognormal_sigma
from sim.model.flows import refresh_landings, schedule_tranche
from sim.model.kernel import Params, State, kernel
from sim.model.materiel import refresh_aid, schedule_package
from sim.model.pipeline import ticks


@kernel
def initial_calendar(p: Params, s: State) -> None:
    """First times of everything that has a slot of its own."""
    schedule_ahead(p, s)
    s.next_tick[SLOT_TICK] = TICKS_PER_DAY
    s.next_tick[SLOT_RECRUITS] = 7 * TICKS_PER_DAY
    for side in range(2):
        s.next_tick[SLOT_REVIEW + side] = ticks(p.side[side].first_review_days)
    s.next_tick[s.n_slots - 2] = 0  # the first sample


@kernel
def talks_time(p: Params, s: State) -> int:
    """When talks begin: a date, plus an exponential time if a mean is given (2.12)."""
    if p.talks_tick == FAR or p.talks_mean_days <= 0.0:
        return p.talks_tick
    wait = p.talks_mean_days * exponential(at_address(s, ADDRESS_TALKS, ONLY, ONLY, ONLY))
    return p.talks_tick + ticks(wait)


@kernel
def next_slot(s: State) -> int:
    """The slot that is next: the least of (time, slot)."""
    best, best_tick = 0, s.next_tick[0]
    for k in range(1, s.n_slots):
        if s.next_tick[k] < best_tick:
            best, best_tick = k, s.next_tick[k]
    return best


@kernel
def kind_of(p: Params, slot: int) -> int:
    """The kind of event that a slot holds."""
    if slot < SLOT_REVIEW:
        return INTERVENTION + slot
    if slot < SLOT_TALKS:
        return REVIEW
    if slot == SLOT_TALKS:
        return TALKS
    if slot < SLOT_ENGAGEMENT + 2 * p.n_fronts:
        return ENGAGEMENT
    if slot < SLOT_ENGAGEMENT + 4 * p.n_fronts:
        return WITHDRAWAL
    return SAMPLE + slot - SLOT_ENGAGEMENT - 4 * p.n_fronts


@kernel
def next_landing(p: Params, s: State) -> int:
    """The tranche that lands now (first of those due)."""
    for k in range(p.n_tranches):
        if s.next_tranche_tick[k] <= s.now:
            return k
    return 0


@kernel
def next_delivery(p: Params, s: State) -> int:
    """The package that is delivered now (first of those due)."""
    for k in range(p.n_packages):
        if s.next_package_tick[k] <= s.now:
            return k
    return 0


@kernel
def ahead(s: State, tick: int, done: int) -> int:
    """A time if it still lies ahead and its event has not happened, else FAR."""
    return tick if tick >= s.now and done == 0 else FAR


@kernel
def schedule_landings(p: Params, s: State) -> None:
    """Schedule the landings that lie ahead; each tranche lands once."""
    for k in range(TRANCHES):
        s.next_tranche_tick[k] = ahead(s, schedule_tranche(p, s, k), s.tranche_done[k]) if k < p.n_tranches else FAR
    refresh_landings(p, s)


@kernel
def schedule_aid(p: Params, s: State) -> None:
    """Schedule the deliveries that lie ahead; what waits for an occasion keeps the time it was announced for."""
    for k in range(PACKAGES):
        if k >= p.n_packages:
            s.next_package_tick[k] = FAR
        elif p.package[k].waits_for == SCHEDULED:
            s.next_package_tick[k] = ahead(s, schedule_package(p, s, k), s.package_done[k])
        elif s.package_announced[k] == 0:
            s.next_package_tick[k] = FAR
    refresh_aid(p, s)


@kernel
def derive(p: Params, s: State) -> None:
    """Compute what follows from the parameters alone, and is needed often (E5, E7 and section 2.9)."""
    s.log_culmination = math.log(p.culmination_ratio) if p.culmination_ratio > 0.0 else 0.0
    s.casualty_sigma = lognormal_sigma(p.casualty_spread, p.granularity)
    s.keep_advance = math.exp(-1.0 / p.advance_memory_days)
    s.keep_yield = math.exp(-1.0 / p.yield_memory_days)
    s.keep_loss = math.exp(-1.0 / p.loss_memory_days)
    s.keep_surprise = math.exp(-p.surprise_decay_per_day)
    s.pressure_step = 1.0 - math.exp(-1.0 / p.pressure_days)


@kernel
def schedule_ahead(p: Params, s: State) -> None:
    """Schedule what lies ahead of now: at the start, after an intervention, and when a run goes on otherwise.

    These are the times at which parameters change, so what is derived from them is computed anew as well.
    """
    derive(p, s)
    schedule_landings(p, s)
    schedule_aid(p, s)
    s.next_tick[SLOT_INTERVENTION] = p.patch[s.next_patch].tick if s.next_patch < p.n_patches else FAR
    if s.incursion == PENDING:
        s.next_tick[SLOT_INCURSION] = ahead(s, p.incursion_tick, 0) if p.incursion_front >= 0 else FAR
    if math.isnan(s.talks_territory_km2):
        s.talks_tick = ahead(s, talks_time(p, s), 0)
        s.next_tick[SLOT_TALKS] = s.talks_tick
    s.next_tick[s.n_slots - 1] = p.end_tick
