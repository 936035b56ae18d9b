"""People on the move between pools: the ledger, the pipeline, lift and travel (E1, E14, E19).

The pipeline is a binary heap of entries by (due time, sequence): the one at position 0 is due first.
"""

import math

from sim.model.codes import (
    ADDRESS_DISCHARGE,
    ADDRESS_LOST_EN_ROUTE,
    ADDRESS_TRAVEL,
    DONE,
    FAR,
    LAUNCHED,
    NOT_ORDERED,
    PIPELINE,
    PIPELINE_FULL,
    RESERVE,
    SLOT_ARRIVAL,
    SPARE,
    TICKS_PER_DAY,
    TRAINING,
    TRANSIT,
    WOUNDED,
)
from sim.model.draws import at_address, median_lognormal, whole
from sim.model.kernel import Params, State, kernel


@kernel
def ticks(days: float) -> int:
    """Days as whole ticks, at least one."""
    return max(1, math.floor(min(days, 1.0e9) * TICKS_PER_DAY + 0.5))


@kernel
def ledger_holds(p: Params, s: State) -> bool:
    """E1 for every side and contingent: start + entered = deployed + reserve + training + transit + wounded + lost."""
    for side in range(2):
        a = s.side[side]
        for c in range(p.side[side].n_contingents):
            held = a.reserve[c] + a.training[c] + a.transit[c] + a.wounded[c] + a.lost[c]
            for f in range(p.n_fronts):
                held += s.front[f].people[side, c]
                if s.front[f].people[side, c] < 0:
                    return False
            if held != a.start[c] + a.entered[c] or a.reserve[c] < 0 or a.training[c] < 0:
                return False
            if a.transit[c] < 0 or a.wounded[c] < 0 or a.lost[c] < 0:
                return False
    return True


@kernel
def push(
    s: State, due: int, kind: int, people: int, side: int, c: int, place: int, origin: int, readiness: float
) -> None:
    """Put people into the pipeline until a due time; two at one instant are two entries."""
    if s.n_pipeline >= PIPELINE:
        s.status = PIPELINE_FULL
        return
    entry = s.pipeline[rise(s, s.n_pipeline, due)]
    entry.due, entry.sequence, entry.kind, entry.people = due, s.sequence, kind, people
    entry.side, entry.contingent, entry.place, entry.origin = side, c, place, origin
    entry.readiness = readiness
    s.sequence += 1
    s.n_pipeline += 1
    s.next_tick[SLOT_ARRIVAL] = s.pipeline[0].due


@kernel
def copy_entry(s: State, k: int, source: int) -> None:
    """Copy an entry of the pipeline to position k."""
    a, b = s.pipeline[k], s.pipeline[source]
    a.due, a.sequence, a.kind, a.people = b.due, b.sequence, b.kind, b.people
    a.side, a.contingent, a.place, a.origin = b.side, b.contingent, b.place, b.origin
    a.readiness = b.readiness


@kernel
def earlier(s: State, a: int, b: int) -> bool:
    """Whether entry a leaves before entry b: by due time, then by sequence."""
    first, second = s.pipeline[a], s.pipeline[b]
    return first.due < second.due or (first.due == second.due and first.sequence < second.sequence)


@kernel
def rise(s: State, k: int, due: int) -> int:
    """Move a gap at position k up the heap to where a new entry belongs, the last of its due time; returns where."""
    while k > 0:
        parent = (k - 1) >> 1
        if s.pipeline[parent].due <= due:
            break
        copy_entry(s, k, parent)
        k = parent
    return k


@kernel
def sink(s: State, k: int, source: int) -> int:
    """Move a gap at position k down the heap to where the entry at `source` belongs; returns where."""
    child = 2 * k + 1
    while child < s.n_pipeline:
        if child + 1 < s.n_pipeline and earlier(s, child + 1, child):
            child += 1
        if not earlier(s, child, source):
            break
        copy_entry(s, k, child)
        k, child = child, 2 * child + 1
    return k


@kernel
def remove_first(s: State) -> None:
    """Take the entry that is due first, the top of the heap, out of the pipeline and set the next arrival."""
    s.n_pipeline -= 1
    last = s.n_pipeline
    copy_entry(s, sink(s, 0, last), last)
    s.next_tick[SLOT_ARRIVAL] = s.pipeline[0].due if last > 0 else FAR


@kernel
def put_off(s: State, k: int, due: int) -> None:
    """Give entry k a later due time; it sinks past those that now leave before it."""
    copy_entry(s, SPARE, k)
    s.pipeline[SPARE].due = due
    copy_entry(s, sink(s, k, SPARE), SPARE)
    s.next_tick[SLOT_ARRIVAL] = s.pipeline[0].due


@kernel
def mixed(readiness: float, people: int, joining_readiness: float, joining: int) -> float:
    """Readiness of a body of people after others join it, by head count (E13)."""
    if people + joining <= 0:
        return joining_readiness
    return (readiness * people + joining_readiness * joining) / (people + joining)


@kernel
def to_reserve(s: State, side: int, c: int, people: int, readiness: float) -> None:
    """People join the reserve of their side."""
    a = s.side[side]
    a.reserve_readiness[c] = mixed(a.reserve_readiness[c], a.reserve[c], readiness, people)
    a.reserve[c] += people


@kernel
def to_front(s: State, f: int, side: int, c: int, people: int, readiness: float) -> None:
    """People join a front."""
    front = s.front[f]
    front.readiness[side, c] = mixed(front.readiness[side, c], front.people[side, c], readiness, people)
    front.people[side, c] += people
    front.total[side] += people


@kernel
def travel_time(p: Params, s: State, side: int, origin: int, place: int, within: bool) -> float:
    """Days on the way, by address (side, origin, destination, day) (E19)."""
    day = s.now // TICKS_PER_DAY
    u = at_address(s, ADDRESS_TRAVEL, side * 1000 + origin + 1, place + 1, day)
    median = p.side[side].travel_within_days if within else p.side[side].travel_days
    return median_lognormal(median, p.side[side].travel_sigma, u)


@kernel
def send(p: Params, s: State, side: int, c: int, people: int, origin: int, place: int) -> int:
    """Move people from a front or the reserve to another place: they wait for lift, travel, and join (E19).

    Returns the number sent. Minimum garrisons and who is allowed are the caller's to respect.
    """
    if people <= 0:
        return 0
    a = s.side[side]
    if origin == RESERVE:
        readiness = a.reserve_readiness[c]
        a.reserve[c] -= people
    else:
        readiness = s.front[origin].readiness[side, c]
        s.front[origin].people[side, c] -= people
        s.front[origin].total[side] -= people
    dispatch(p, s, side, c, people, origin, place, readiness)
    count_diversion(p, s, side, c, people, origin, place)
    return people


@kernel
def dispatch(p: Params, s: State, side: int, c: int, people: int, origin: int, place: int, readiness: float) -> None:
    """Book lift, set out, and enter the pipeline as transit (E19)."""
    a = s.side[side]
    theatre = p.front[place].theatre if place >= 0 else p.front[origin].theatre
    within = place >= 0 and origin >= 0 and p.front[origin].theatre == p.front[place].theatre
    start = max(s.now, a.lift_free[theatre])
    a.lift_free[theatre] = start + ticks(people / p.side[side].lift_per_day[theatre])
    due = a.lift_free[theatre] + ticks(travel_time(p, s, side, origin, place, within))
    a.transit[c] += people
    if place >= 0:
        s.front[place].inbound[side] += people
    push(s, due, TRANSIT, people, side, c, place, origin, readiness)


@kernel
def allowed_on_main(p: Params, side: int, c: int) -> bool:
    """Whether a contingent may serve on any front of the main theatre."""
    for f in range(p.n_fronts):
        if p.front[f].theatre == p.main_theatre and p.side[side].contingent[c].allowed[f] != 0:
            return True
    return False


@kernel
def count_diversion(p: Params, s: State, side: int, c: int, people: int, origin: int, place: int) -> None:
    """People diverted from the main front: sent to the second theatre though the main one could have had them (2.6)."""
    if place < 0 or p.second_theatre < 0 or p.front[place].theatre != p.second_theatre:
        return
    if origin >= 0 and p.front[origin].theatre == p.second_theatre:
        return
    if allowed_on_main(p, side, c):
        s.side[side].diverted += people
        if origin >= 0 and p.front[origin].theatre == p.main_theatre:
            s.side[side].drawn_from_main += people


@kernel
def arrive(p: Params, s: State) -> int:
    """The entry that is due first leaves the pipeline (E14, E17 to E19). Returns the front reached, or -1."""
    entry = s.pipeline[0]
    kind, people, side, c = entry.kind, entry.people, entry.side, entry.contingent
    place, origin, readiness = entry.place, entry.origin, entry.readiness
    remove_first(s)
    a = s.side[side]
    if kind == WOUNDED:
        discharge(p, s, side, c, people)
        return RESERVE
    if kind == TRAINING:
        a.training[c] -= people
        if place >= 0:
            dispatch(p, s, side, c, people, RESERVE, place, readiness)
            count_diversion(p, s, side, c, people, RESERVE, place)
        else:
            to_reserve(s, side, c, people, readiness)
        return RESERVE
    a.transit[c] -= people
    u = at_address(s, ADDRESS_LOST_EN_ROUTE, side * 1000 + origin + 1, place + 1, s.now // TICKS_PER_DAY)
    gone = min(people, whole(people * p.side[side].lost_en_route_share, u))
    a.lost[c] += gone
    a.irrecoverable += gone
    a.irrecoverable_today += gone
    if place < 0:
        to_reserve(s, side, c, people - gone, readiness)
        return RESERVE
    s.front[place].inbound[side] -= people
    to_front(s, place, side, c, people - gone, readiness)
    return place


@kernel
def discharge(p: Params, s: State, side: int, c: int, people: int) -> None:
    """A cohort of wounded is done: a share returns to the reserve, the rest is lost to the force (E14)."""
    a = s.side[side]
    u = at_address(s, ADDRESS_DISCHARGE, side, c, s.now // TICKS_PER_DAY)
    back = min(people, whole(people * p.side[side].return_share, u))
    a.wounded[c] -= people
    a.lost[c] += people - back
    a.irrecoverable += people - back
    a.irrecoverable_today += people - back
    to_reserve(s, side, c, back, p.side[side].contingent[c].arrival_readiness)


@kernel
def allowed(p: Params, side: int, c: int, f: int) -> bool:
    """Whether a contingent may serve on a front."""
    return p.side[side].contingent[c].allowed[f] != 0


@kernel
def lift_room(p: Params, s: State, side: int, theatre: int) -> int:
    """People whom lift can take up before the next review; the others stay where they are meanwhile (E19)."""
    waiting = max(0, s.side[side].lift_free[theatre] - s.now) / TICKS_PER_DAY
    return int(p.side[side].lift_per_day[theatre] * max(0.0, p.side[side].review_days - waiting))


@kernel
def free_reserve(p: Params, s: State, side: int, c: int) -> int:
    """People in reserve who wait for nothing: an incursion force is set aside until it is ordered or freed (E25)."""
    people = s.side[side].reserve[c]
    if side != p.incursion_side or s.incursion == LAUNCHED or s.incursion == DONE:
        return people
    share = p.freed_share if s.incursion == NOT_ORDERED else 1.0
    return max(0, people - int(p.incursion_people[c] * share))


@kernel
def reserve_for(p: Params, s: State, side: int, f: int) -> int:
    """People in reserve who may go to a front now."""
    total = 0
    for c in range(p.side[side].n_contingents):
        if allowed(p, side, c, f):
            total += free_reserve(p, s, side, c)
    return total


@kernel
def send_from_reserve(p: Params, s: State, side: int, f: int, wanted: int) -> int:
    """Send up to so many from the reserve to a front, by contingents in proportion; the reserve keeps its floor."""
    available = reserve_for(p, s, side, f)
    free = min(available, int(max(0.0, available - p.side[side].reserve_floor)))
    wanted = min(wanted, min(free, lift_room(p, s, side, p.front[f].theatre)))
    if wanted <= 0:
        return 0
    sent, seen, before = 0, 0, 0
    for c in range(p.side[side].n_contingents):
        if allowed(p, side, c, f):
            seen += free_reserve(p, s, side, c)
            upto = wanted * seen // available
            sent += send(p, s, side, c, upto - before, RESERVE, f)
            before = upto
    return sent


@kernel
def send_from_front(p: Params, s: State, side: int, origin: int, f: int, wanted: int) -> int:
    """Send up to so many from one front to another (or to the reserve), by contingents in proportion.

    Leaves the minimum garrison; takes only contingents that are allowed where they go.
    """
    front = s.front[origin]
    movable = 0
    for c in range(p.side[side].n_contingents):
        if f == RESERVE or allowed(p, side, c, f):
            movable += front.people[side, c]
    spare = int(max(0.0, front.total[side] - p.front[origin].garrison[side]))
    theatre = p.front[f].theatre if f >= 0 else p.front[origin].theatre
    wanted = min(wanted, min(min(movable, spare), lift_room(p, s, side, theatre)))
    if wanted <= 0:
        return 0
    sent, seen, before = 0, 0, 0
    for c in range(p.side[side].n_contingents):
        if f == RESERVE or allowed(p, side, c, f):
            seen += front.people[side, c]
            upto = wanted * seen // movable
            sent += send(p, s, side, c, upto - before, origin, f)
            before = upto
    return sent
