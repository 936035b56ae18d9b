"""Where the people of a side went: the rows of a trace (docs/extending.md) summed up between two dates.

Each line of a trace says how the pools changed. People who leave one pool for several, or several for one, are told
apart without a guess; those on the way are followed from where they set out to where they arrive.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sim.errors import RunError

RECRUITS, LANDINGS, ON_THE_WAY = "recruits", "landings", "transit"
TRAINING, RESERVE, WOUNDED, LOST = "training", "reserve", "wounded", "lost"
OUTSIDE = (RECRUITS, LANDINGS)
_TRANSIT, _ENTERED = "transit", "entered"
_POOLS = (RESERVE, TRAINING, _TRANSIT, WOUNDED, LOST, _ENTERED)
Line = Mapping[str, Any]


class Flow(NamedTuple):
    """People who went from one pool (or front) to another over a period."""

    source: str
    target: str
    people: int


class Party(NamedTuple):
    """People who set out together; `target` is None while nobody has said where to, `arrived` while on the way."""

    contingent: str
    source: str
    target: str | None
    people: int
    departed: datetime
    due: str = ""
    arrived: datetime | None = None


@dataclass(frozen=True)
class Flows:
    """The flows of a side over a period (both days included), the largest first.

    stocks : people in each pool before and after the period, as the trace has them.
    """

    side: str
    start: date
    end: date
    rows: tuple[Flow, ...]
    stocks: Mapping[str, tuple[int, int]]


class _Change(NamedTuple):
    """What a line changed for a contingent: people who left and who entered, by pool or front."""

    when: datetime
    kind: str
    contingent: str
    out: dict[str, int]
    into: dict[str, int]
    ordered: list[Line]


def flows(trace: Iterable[Line], side: str, start: date, end: date) -> Flows:
    """Return the flows of a side between two dates; raise RunError where the lines do not balance."""
    lines = list(trace)
    found = [*_direct(lines, side, start, end), *_by_transit(parties(lines, side), start, end)]
    summed: defaultdict[tuple[str, str], int] = defaultdict(int)
    for flow in found:
        summed[flow.source, flow.target] += flow.people
    rows = sorted((Flow(*pair, people) for pair, people in summed.items()), key=lambda row: (-row.people, row))
    return Flows(side, start, end, tuple(rows), _stocks(lines, side, start, end))


def parties(trace: Iterable[Line], side: str) -> list[Party]:
    """Return everyone of a side who set out, in order of departure, with where they came from and went to."""
    waiting: list[Party] = []
    over: list[Party] = []
    for change in _changes(trace, side):
        if _TRANSIT in change.into:
            waiting += _departed(change)
        elif _TRANSIT in change.out:
            over += _arrived(change, waiting)
    return sorted([*over, *waiting], key=lambda party: party.departed)


def _direct(lines: Sequence[Line], side: str, start: date, end: date) -> Iterator[Flow]:
    """Yield what went from pool to pool at once."""
    for change in _changes(lines, side):
        if start <= change.when.date() <= end and _TRANSIT not in (*change.out, *change.into):
            for source, target, people in _pairs(change):
                yield Flow(source, target, people)


def _by_transit(moved: Iterable[Party], start: date, end: date) -> Iterator[Flow]:
    """Yield what travelled; who set out before the period, or arrives after it, is on the way outside of it."""
    for party in moved:
        left = start <= party.departed.date() <= end
        came = party.arrived is not None and start <= party.arrived.date() <= end
        if left or came:
            target = party.target if came and party.target else ON_THE_WAY
            yield Flow(party.source if left else ON_THE_WAY, target, party.people)


def _changes(lines: Iterable[Line], side: str) -> Iterator[_Change]:
    """Yield how people of a side moved, line by line and contingent by contingent."""
    for line in lines:
        moved = _moved(line["changed"], side)
        for contingent, pools in moved.items():
            entered = pools.pop(_ENTERED, 0)
            if entered:
                pools[LANDINGS if line["kind"] == "landing" else RECRUITS] = -entered
            out = {pool: -people for pool, people in pools.items() if people < 0}
            into = {pool: people for pool, people in pools.items() if people > 0}
            if sum(out.values()) != sum(into.values()):
                raise RunError(f"{line['time']}: people of {side} ({contingent}) do not balance: {out} against {into}")
            ordered = [each for each in line.get("ordered", ()) if each.get("contingent") == contingent]
            yield _Change(datetime.fromisoformat(line["time"]), line["kind"], contingent, out, into, ordered)


def _moved(changed: Mapping[str, Sequence[Any]], side: str) -> dict[str, dict[str, int]]:
    """Return by how many people the pools of a side changed, by contingent and pool."""
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for name, (before, after) in changed.items():
        place = _place(name, side)
        if place:
            found[place[0]][place[1]] = after - before
    return found


def _place(name: str, side: str) -> tuple[str, str] | None:
    """Return contingent and pool (or front) of a number of people in a trace; None for any other name."""
    first, *rest = name.split(".")
    if first == side and len(rest) == 2 and rest[1] in _POOLS:
        return rest[0], rest[1]
    if len(rest) == 3 and rest[0] == side and rest[2] == "people":
        return rest[1], first
    return None


def _pairs(change: _Change) -> Iterator[tuple[str, str, int]]:
    """Yield who went where, when one pool was left for several, or several for one."""
    if len(change.out) == 1:
        (source,) = change.out
        yield from ((source, target, people) for target, people in change.into.items())
    elif len(change.into) == 1:
        (target,) = change.into
        yield from ((source, target, people) for source, people in change.out.items())
    else:
        raise RunError(f"{change.when}: several pools were left for several others: {change.out}, {change.into}")


def _departed(change: _Change) -> Iterator[Party]:
    """Yield those who set out: as ordered where an order says it all, else by the pools that they left."""
    away = change.into[_TRANSIT]
    if change.ordered and sum(each["people"] for each in change.ordered) == away:
        for each in change.ordered:
            yield Party(change.contingent, each["from"], each["to"], each["people"], change.when, each["due"])
        return
    for source, target, people in _pairs(change):
        if target == _TRANSIT:
            yield Party(change.contingent, source, None, people, change.when)


def _arrived(change: _Change, waiting: list[Party]) -> Iterator[Party]:
    """Yield those who arrive, taken from those who were waited for; nobody known of was on the way from the start."""
    for target, people in change.into.items():
        missing = people
        while missing > 0:
            best = _awaited(change, target, missing, waiting)
            if best is None:
                yield Party(change.contingent, ON_THE_WAY, target, missing, change.when, arrived=change.when)
                break
            party = waiting.pop(best)
            came = min(missing, party.people)
            if party.people > came:
                waiting.insert(best, party._replace(people=party.people - came))
            yield party._replace(people=came, target=target, arrived=change.when)
            missing -= came


def _awaited(change: _Change, target: str, people: int, waiting: Sequence[Party]) -> int | None:
    """Return the position of the party that arrives: due now, else going there, else with no place named."""
    places = [k for k, party in enumerate(waiting) if party.contingent == change.contingent]
    now = change.when.isoformat()

    def rank(k: int) -> tuple[bool, bool, bool, bool]:
        party = waiting[k]
        return party.due != now, party.target != target, party.people != people, party.target is not None

    return min(places, key=rank, default=None)


def _stocks(lines: Iterable[Line], side: str, start: date, end: date) -> dict[str, tuple[int, int]]:
    """Return the people of each pool at the beginning of the first day and at the end of the last."""
    first: dict[tuple[str, str], int] = {}
    last: dict[tuple[str, str], int] = {}
    for line in lines:
        day = datetime.fromisoformat(line["time"]).date()
        for name, (before, after) in line["changed"].items():
            place = _place(name, side)
            if place and day <= end:
                if day < start:
                    first[place] = after
                first.setdefault(place, before)
                last[place] = after
            elif place:
                first.setdefault(place, before)
                last.setdefault(place, before)
    found: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for (contingent, pool), before in first.items():
        if pool != _ENTERED:
            named = found[ON_THE_WAY if pool == _TRANSIT else pool]
            named[0] += before
            named[1] += last.get((contingent, pool), before)
    return {pool: (before, after) for pool, (before, after) in found.items()}


class Landing(NamedTuple):
    """People of a contingent who came from outside in one go."""

    when: datetime
    contingent: str
    people: int


class Trigger(NamedTuple):
    """A policy that a review set in motion, and what had been seen on the front that it watches."""

    when: datetime
    policy: str
    front: str
    held_km2: float
    pressure: float


def landings(trace: Iterable[Line], side: str) -> list[Landing]:
    """Return the landings of a side, by date."""
    changes = _changes((line for line in trace if line["kind"] == "landing"), side)
    return [Landing(each.when, each.contingent, each.out[LANDINGS]) for each in changes if LANDINGS in each.out]


def triggers(trace: Iterable[Line], side: str) -> list[Trigger]:
    """Return when each policy of a side was triggered, by date."""
    found: dict[str, Trigger] = {}
    for line in trace:
        if line["side"] == side:
            for row in line.get("policies", ()):
                if "triggered" in row and row["policy"] not in found:
                    when = datetime.fromisoformat(row["triggered"])
                    found[row["policy"]] = Trigger(when, row["policy"], row["front"], row["held_km2"], row["pressure"])
    return sorted(found.values(), key=lambda each: each.when)
