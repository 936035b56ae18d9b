"""What code outside of the model may order, through the same kernels as policies and interventions (E19, E23).

The SimPy engine calls these entry points. Each moves the state's clock to the time of the order, which is never
before the last event nor after the next one; `settle` then does what the model does after any event.
"""

from sim.model.calendar import schedule_ahead
from sim.model.codes import ALL_FRONTS, HISTORY, LEDGER_BROKEN, OK, RESERVE
from sim.model.decisions import held_km2, in_force, seen_row
from sim.model.kernel import Floats, Records, Words, entry
from sim.model.pipeline import ledger_holds, put_off, send_from_front, send_from_reserve
from sim.model.rules import refresh_touched


@entry
def set_effort(state: Records, side: int, front: int, level: float, tick: int) -> None:
    """Order the effort of a side on a front: share of full tempo, 0..1."""
    state[0].now = tick
    state[0].front[front].effort[side] = max(0.0, min(1.0, level))


@entry
def send_people(state: Records, params: Records, side: int, origin: int, place: int, people: int, tick: int) -> int:
    """Redeploy up to so many people from a front or the reserve; returns how many set out (E19).

    Garrison, reserve floor, lift until the next review and who is allowed where bind as they bind a policy.
    """
    s, p = state[0], params[0]
    s.now = tick
    if origin == RESERVE:
        return send_from_reserve(p, s, side, place, people)
    return send_from_front(p, s, side, origin, place, people)


@entry
def delay_entry(state: Records, sequence: int, ticks: int) -> int:
    """Put off the entry of the pipeline with this number; returns when it is due now, or -1 where it has left."""
    s = state[0]
    for k in range(s.n_pipeline):
        if s.pipeline[k].sequence == sequence:
            s.stopped = 0  # what comes next may be another event
            due = s.pipeline[k].due + ticks
            put_off(s, k, due)
            return due
    return -1


@entry
def change_words(state: Records, params: Records, words: Words, which: Words, values: Words, tick: int) -> None:
    """Give words of the parameters other values, as an intervention does; what lies ahead is scheduled anew (2.13)."""
    s, p = state[0], params[0]
    s.now = tick
    for k in range(len(which)):
        words[which[k]] = values[k]
    schedule_ahead(p, s)


@entry
def settle(state: Records, params: Records) -> int:
    """Let everything see what was ordered: rates and re-timing of all fronts, then the ledger (E24); a status code."""
    s, p = state[0], params[0]
    s.stopped = 0  # what comes next may be another event
    s.touched = ALL_FRONTS
    refresh_touched(p, s)
    if s.status == OK and not ledger_holds(p, s):
        s.status = LEDGER_BROKEN
    return s.status


@entry
def seen_by(state: Records, params: Records, side: int, held: Floats, pressure: Floats, tick: int) -> int:
    """Fill float64[front] with the area held (km2) and the pressure that a side sees at a tick; returns their day."""
    s, p = state[0], params[0]
    s.now = tick
    row = seen_row(p, s, side)
    for f in range(p.n_fronts):
        held[f] = held_km2(p, s, row, f, side)
        pressure[f] = s.history_pressure[row, f, side]
    return s.day - (s.day - row) % HISTORY


@entry
def policies_in_force(state: Records, params: Records, side: int, found: Words) -> None:
    """Mark the policies of a side that act at this review, int64[policy]; for a copy of the state: it may latch."""
    s, p = state[0], params[0]
    row = seen_row(p, s, side)
    for k in range(p.n_policies[side]):
        found[k] = 1 if in_force(p, s, side, k, row) else 0
