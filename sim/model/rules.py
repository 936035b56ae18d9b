"""Ties the mechanisms together: the initial state, the next event, what an event does, and `advance`.

Order of ties and of operations: docs/model.md 2.14. Rates per day become rates per tick here and only here.
"""

import math

from sim.model.calendar import kind_of, next_delivery, next_landing, next_slot, schedule_ahead
from sim.model.codes import (
    AID,
    ALL_FRONTS,
    ARRIVAL,
    DONE,
    END,
    ENGAGEMENT,
    FAR,
    HISTORY,
    INCURSION,
    INTERVENTION,
    LANDING,
    LAUNCHED,
    LEDGER_BROKEN,
    NO_FRONT,
    NOT_A_NUMBER,
    NOT_ORDERED,
    OK,
    PURPOSE_ENGAGEMENT_TIME,
    PURPOSE_WITHDRAWAL_TIME,
    RECRUITS,
    REVIEW,
    SAMPLE,
    SLOT_ENGAGEMENT,
    SLOT_INCURSION,
    SLOT_RECRUITS,
    SLOT_REVIEW,
    SLOT_TALKS,
    SLOT_TICK,
    TALKS,
    TICK,
    TICKS_PER_DAY,
    TOO_MANY_EVENTS,
    WITHDRAWAL,
)
from sim.model.combat import engagement_rate, fight
from sim.model.decisions import next_review, order_policies, replace_losses, seen_row
from sim.model.draws import stream_id, uniform, waiting_time
from sim.model.drift import (
    build_works,
    count_politics,
    draw_luck,
    fade_memories,
    fade_surprise,
    move_readiness,
    record_day,
    rest_reserve,
    set_season,
    smooth_pressure,
)
from sim.model.flows import admit_wounded, free_force, land, launch, recruit
from sim.model.kernel import Floats, Params, Process, Records, State, Word, Words, entry, kernel
from sim.model.materiel import deliver, produce, react
from sim.model.pipeline import arrive, ledger_holds, ticks
from sim.model.power import refresh_power
from sim.model.start import initial
from sim.model.tally import sample
from sim.model.withdrawal import observe_collapse, withdraw_sector, withdrawal_rate

MAX_EVENTS = 20_000_000


@kernel
def retime(process: Process, rate_per_day: float, now: int) -> int:
    """Rescale a process to a new rate; returns its next tick (random time change, docs/model.md 2.5).

    What is left of its unit-rate time is kept: nothing is redrawn. Rate zero freezes it.
    """
    process.residual = max(0.0, process.residual - process.rate_per_tick * (now - process.since))
    process.since = now
    process.rate_per_tick = rate_per_day / TICKS_PER_DAY
    if process.rate_per_tick <= 0.0:
        return FAR
    wait = process.residual / process.rate_per_tick
    return now + max(1, math.ceil(wait)) if wait < 1.0e15 else FAR


@kernel
def refresh_front(p: Params, s: State, f: int) -> None:
    """Recompute power and rates of a front and re-time its processes (order of operations, step 3)."""
    refresh_power(p, s, f)
    for side in range(2):
        k = SLOT_ENGAGEMENT + 2 * f + side
        s.next_tick[k] = retime(s.engagement[f, side], engagement_rate(p, s, f, side), s.now)
        k += 2 * p.n_fronts
        s.next_tick[k] = retime(s.withdrawal[f, side], withdrawal_rate(p, s, f, side), s.now)


@kernel
def intervene(p: Params, s: State, words: Words) -> None:
    """Change parameters as the interventions of this instant say; then everything sees the new values (2.13)."""
    while s.next_patch < p.n_patches and p.patch[s.next_patch].tick <= s.now:
        words[p.patch[s.next_patch].word] = p.patch[s.next_patch].value
        s.next_patch += 1
    schedule_ahead(p, s)
    s.touched = ALL_FRONTS


@kernel
def order_incursion(p: Params, s: State) -> None:
    """The incursion order's date; when none is ordered, the freed share goes elsewhere after a delay (E25)."""
    s.next_tick[SLOT_INCURSION] = FAR
    if s.incursion == NOT_ORDERED:
        free_force(p, s)
        s.incursion = DONE
        s.touched = ALL_FRONTS
    elif p.incursion_ordered != 0:
        launch(p, s)
        s.incursion = LAUNCHED
        s.touched = p.incursion_front
    else:
        s.incursion = NOT_ORDERED
        s.next_tick[SLOT_INCURSION] = s.now + ticks(p.freed_delay_days)


@kernel
def daily_tick(p: Params, s: State) -> None:
    """Move everything that drifts (docs/model.md 2.14), write the day's record, refresh all rates."""
    s.day = s.now // TICKS_PER_DAY
    set_season(p, s)
    if s.day % 7 == 0:
        draw_luck(p, s, s.day // 7)
    for f in range(p.n_fronts):
        fade_memories(s, f)
        fade_surprise(p, s, f)
        build_works(p, s, f)
        move_readiness(p, s, f)
    for side in range(2):
        produce(p, s, side)
        rest_reserve(p, s, side)
        count_politics(p, s, side)
    react(p, s)
    for f in range(p.n_fronts):
        smooth_pressure(p, s, f)
        for side in range(2):
            observe_collapse(p, s, f, side)
    watch_second_front(p, s)
    record_day(p, s)
    s.touched = ALL_FRONTS
    s.next_tick[SLOT_TICK] = s.now + TICKS_PER_DAY


@kernel
def watch_second_front(p: Params, s: State) -> None:
    """The day on which the second front's ground is regained, once it was held (2.6; seen at the daily tick)."""
    if p.second_theatre < 0:
        return
    held = theatre_held(p, s, p.second_theatre, p.incursion_side)
    if held > p.regained_km2:
        s.ever_held = 1
    elif s.ever_held == 1 and s.regained_tick == FAR:
        s.regained_tick = s.now


@kernel
def theatre_held(p: Params, s: State, h: int, side: int) -> float:
    """Area that a side holds in a theatre beyond the starting lines, km2 (without a side: the signed territory)."""
    total = 0.0
    for f in range(p.n_fronts):
        if p.front[f].theatre == h:
            sign = -1.0 if 0 <= side != p.front[f].positive_side else 1.0
            total += sign * s.front[f].territory_km2
    return total


@kernel
def weekly_flows(p: Params, s: State) -> None:
    """Recruits enter training and the week's wounded become cohorts (E14, E17)."""
    week = s.now // (7 * TICKS_PER_DAY)
    for side in range(2):
        admit_wounded(p, s, side, week)
        recruit(p, s, side, week)
    s.next_tick[SLOT_RECRUITS] = s.now + 7 * TICKS_PER_DAY


@kernel
def review(p: Params, s: State, side: int) -> None:
    """A side looks and orders: policies, then replacements (E20, E23)."""
    order_policies(p, s, side)
    replace_losses(p, s, side, seen_row(p, s, side))
    s.next_tick[SLOT_REVIEW + side] = next_review(p, s, side)
    s.touched = ALL_FRONTS


@kernel
def hold_talks(p: Params, s: State) -> None:
    """What is on the table when talks begin: territory of the second theatre, its trend, and what it has cost (2.6)."""
    h = p.second_theatre if p.second_theatre >= 0 else 0
    s.talks_territory_km2 = theatre_held(p, s, h, -1)
    span = min(30, min(s.day, HISTORY - 1))
    before, casualties = 0.0, 0.0
    side = p.incursion_side if p.incursion_side >= 0 else 0
    for f in range(p.n_fronts):
        if p.front[f].theatre == h:
            before += s.history_territory_km2[(s.day - span) % HISTORY, f]
            casualties += s.front[f].casualties[side]
    s.talks_trend_km2_per_day = (s.talks_territory_km2 - before) / span if span > 0 else math.nan
    s.talks_casualties = casualties
    s.next_tick[SLOT_TALKS] = FAR


@kernel
def renew(process: Process, s: State, stream: int, n: float) -> None:
    """Draw the unit-rate time until the next n engagements (or withdrawals) of a process that has just fired."""
    process.residual = waiting_time(n, uniform(s, stream))
    process.since = s.now


@kernel
def engage(p: Params, s: State, slot: int) -> None:
    """An engagement event: fight, renew the process, refresh the front."""
    f, side = (slot - SLOT_ENGAGEMENT) // 2, (slot - SLOT_ENGAGEMENT) % 2
    fight(p, s, f, side)
    renew(s.engagement[f, side], s, stream_id(PURPOSE_ENGAGEMENT_TIME, f, side), p.granularity)
    s.touched = f


@kernel
def give_way(p: Params, s: State, slot: int) -> None:
    """A withdrawal event."""
    k = slot - SLOT_ENGAGEMENT - 2 * p.n_fronts
    f, side = k // 2, k % 2
    withdraw_sector(p, s, f, side)
    renew(s.withdrawal[f, side], s, stream_id(PURPOSE_WITHDRAWAL_TIME, f, side), 1.0)
    s.touched = f


@kernel
def apply(p: Params, s: State, slot: int, kind: int) -> None:
    """Do the event of a slot and kind that needs no array: the clock has moved; change the state."""
    if kind == ENGAGEMENT:
        engage(p, s, slot)
    elif kind == WITHDRAWAL:
        give_way(p, s, slot)
    elif kind == ARRIVAL:
        s.touched = arrive(p, s)
    elif kind == TICK:
        daily_tick(p, s)
    elif kind == REVIEW:
        review(p, s, slot - SLOT_REVIEW)
    elif kind == RECRUITS:
        weekly_flows(p, s)
    elif kind == LANDING:
        land(p, s, next_landing(p, s))
    elif kind == AID:
        deliver(p, s, next_delivery(p, s))
        s.touched = ALL_FRONTS
    elif kind == INCURSION:
        order_incursion(p, s)
    elif kind == TALKS:
        hold_talks(p, s)


@kernel
def audit(p: Params, s: State, kind: int) -> None:
    """Step 4: the ledger and finite territory, daily, and at every event where the run asks for it."""
    if p.check_every_event != 0 or kind in (TICK, END):
        if not ledger_holds(p, s):
            s.status = LEDGER_BROKEN
        for f in range(p.n_fronts):
            if not math.isfinite(s.front[f].territory_km2):
                s.status = NOT_A_NUMBER
    if s.events > MAX_EVENTS:
        s.status = TOO_MANY_EVENTS


@kernel
def refresh_touched(p: Params, s: State) -> None:
    """Step 3: recompute the rates of the fronts that the event touched."""
    first, last = 0, p.n_fronts
    if s.touched >= 0:
        first, last = s.touched, s.touched + 1
    elif s.touched != ALL_FRONTS:
        return
    for f in range(first, last):
        refresh_front(p, s, f)


@entry
def advance(state: Records, params: Records, words: Words, series: Floats, mask: int, until: int) -> int:
    """Run until just before the next event whose kind is in the mask, or that is later than a tick.

    state, params: one-element arrays of the records; words: the same memory as params, as int64;
    series: float64[day, column], filled at samples; mask: bit k stops before events of kind k (called
    again, it goes on with the event before which it stopped).
    Returns the kind of the event that is next (END when the run is over), or -status when it failed.
    """
    s, p = state[0], params[0]
    while True:
        slot = next_slot(s)
        kind = kind_of(p, slot)
        if kind == END or s.next_tick[slot] > until:
            return kind
        if (mask >> kind) & 1 and s.stopped != slot + 1:
            s.stopped = slot + 1
            return kind
        s.stopped = 0
        s.now = s.next_tick[slot]
        s.events += 1
        s.touched = NO_FRONT
        if kind == SAMPLE:  # arrays stay here: passing them on costs every event a count of references
            sample(p, s, series)
            s.next_tick[slot] = s.now + TICKS_PER_DAY
        elif kind == INTERVENTION:
            intervene(p, s, words)
        else:
            apply(p, s, slot, kind)
        refresh_touched(p, s)
        audit(p, s, kind)
        if s.status != OK:
            return -s.status


@entry
def begin(state: Records, params: Records, seed: Word, replication: Word) -> None:
    """Set a zeroed state to the start of a run (docs/model.md 2.14)."""
    s, p = state[0], params[0]
    s.touched = ALL_FRONTS
    initial(p, s, seed, replication)
    refresh_touched(p, s)


@entry
def rebase(state: Records, params: Records) -> None:
    """Go on from this state under other parameters: what lies ahead is scheduled anew, the past stays (2.14).

    Landings and deliveries that the new parameters date before now do not happen; a policy that is not the
    same as before starts without a trigger.
    """
    s, p = state[0], params[0]
    s.next_patch = 0
    while s.next_patch < p.n_patches and p.patch[s.next_patch].tick <= s.now:
        s.next_patch += 1
    schedule_ahead(p, s)
    s.touched = ALL_FRONTS
    refresh_touched(p, s)


@entry
def forget_policy(state: Records, side: int, k: int) -> None:
    """Clear what a side remembers of its policy k: trigger, people drawn."""
    account = state[0].side[side]
    account.trigger_tick[k] = FAR
    account.drawn_by_policy[k] = 0
    account.people_at_trigger[k] = 0
