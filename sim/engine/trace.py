"""The trace of a run: one JSON object an event, with time, kind, front, side and what changed (docs/extending.md).

What is watched are words of the state record, compared before and after, so that a trace cannot disagree with the
run, and costs a run nothing but time.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine.compiled import Run
from sim.engine.look import Look
from sim.engine.parameter_names import parameter_names
from sim.model.codes import FAR, INTERVENTION, POLICIES, POLICY_NAMES, REVIEW
from sim.model.orders import policies_in_force, seen_by
from sim.model.state import STATE
from sim.model.tally import Labels

KINDS = (
    "intervention",
    "landing",
    "aid",
    "arrival",
    "tick",
    "incursion",
    "recruits",
    "review",
    "talks",
    "engagement",
    "withdrawal",
    "sample",
    "end",
)  # names of the codes in sim/model/codes.py, in their order
_encode = json.JSONEncoder(allow_nan=False).encode
_POOLS = ("reserve", "training", "transit", "wounded", "lost", "entered")


Words = NDArray[np.int64]


class Happening(NamedTuple):
    """An event of the model: its tick, kind, front and side (None where it has none)."""

    tick: int
    kind: str
    front: str | None
    side: str | None


class Watched(NamedTuple):
    """What a trace follows: names, words of the state, which are floating-point numbers.

    people : for a readiness, the position of the number of people whose it is, else -1.
    """

    names: tuple[str, ...]
    words: Words
    real: NDArray[np.bool_]
    people: Words


@cache
def watched(labels: Labels) -> Watched:
    """Return what a trace follows in a scenario of these names."""
    rows = list(_watched(labels))
    names, words, real = zip(*rows, strict=True)
    people = [k - 1 if name.endswith(".readiness") else -1 for k, name in enumerate(names)]  # they stand before it
    return Watched(names, np.array(words, np.int64), np.array(real, bool), np.array(people, np.int64))


def _watched(labels: Labels) -> Iterator[tuple[str, int, bool]]:
    """Yield name, word and whether it is a floating-point number: a record of words that hold their own positions."""
    places = np.arange(STATE.itemsize // 8, dtype=np.int64).view(STATE)[0]
    for f, front in enumerate(labels.fronts):
        here = places["front"][f]
        yield f"{front}.territory_km2", _word(here["territory_km2"]), True
        for s, side in enumerate(labels.sides):
            for field in ("effort", "pressure", "works"):
                yield f"{front}.{side}.{field}", _word(here[field][s]), True
            yield f"{front}.{side}.attacks", _word(here["engagements"][s]), False
            yield f"{front}.{side}.wins", _word(here["wins"][s]), False
            for c, contingent in enumerate(labels.contingents[s]):
                yield f"{front}.{side}.{contingent}.people", _word(here["people"][s, c]), False
                yield f"{front}.{side}.{contingent}.readiness", _word(here["readiness"][s, c]), True
    for s, side in enumerate(labels.sides):
        yield f"{side}.munitions", _word(places["side"][s]["munitions"]), True
        for c, contingent in enumerate(labels.contingents[s]):
            for pool in _POOLS:
                yield f"{side}.{contingent}.{pool}", _word(places["side"][s][pool][c]), False


def _word(value: np.generic) -> int:
    return int(np.asarray(value).reshape(1).view(np.int64)[0])


class Trace:
    """The lines of one run. `event` and `action` are called after the state has changed."""

    def __init__(self, run: Run, look: Look, policies: tuple[tuple[str, ...], ...]) -> None:
        """Begin at the state as it is; `policies` are the names of each side's, in file order."""
        self.lines: list[str] = []
        self._run, self._look, self._policies = run, look, policies
        self._watched = watched(look.labels)
        self._state = run.state.view(np.int64)
        self._last = self._state[self._watched.words]
        self._params = run.words.copy()
        self._sequence = int(run.state["sequence"][0])

    def event(self, what: Happening, orders: list[str] | None = None) -> None:
        """Write the line of an event; `orders` are what a policy in Python returned."""
        changed = self._changed()
        extra: dict[str, Any] = {}
        if what.kind == KINDS[REVIEW]:
            extra = self._decision(what, changed, orders)
        elif what.kind == KINDS[INTERVENTION]:
            extra = {"parameters": self._parameters()}
        self._write(what, changed, extra)

    def action(self, what: Happening, action: Mapping[str, Any]) -> None:
        """Write the line of what a user's process did."""
        parameters = self._parameters()
        extra = {"action": dict(action), **({"parameters": parameters} if parameters else {})}
        self._write(what, self._changed(), extra)

    def _write(self, what: Happening, changed: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        self._sequence = int(self._run.state["sequence"][0])
        line = {
            "time": self._look.calendar.moment(what.tick).isoformat(),
            **what._asdict(),
            "changed": changed,
            **extra,
        }
        self.lines.append(_encode(line))

    def _changed(self) -> dict[str, list[float | int | None]]:
        """Return what differs from the line before: [before, after] by name."""
        now = self._state[self._watched.words]
        before, self._last = self._last, now
        people, names = self._watched.people, self._watched.names
        moved = np.flatnonzero((now != before) & ((people < 0) | (now[people] > 0)))
        pairs = _pairs(before[moved], now[moved], self._watched.real[moved])
        return {names[k]: pair for k, pair in zip(moved.tolist(), pairs, strict=True)}

    def _parameters(self) -> dict[str, list[float | int | None]]:
        """Return the parameters that differ from those at the last look."""
        before, self._params = self._params, self._run.words.copy()
        moved = np.flatnonzero(self._params != before)
        if not len(moved):
            return {}
        names = [parameter_names(self._look.labels)[k] for k in moved.tolist()]
        pairs = _pairs(before[moved], self._params[moved], np.array([real for _, real in names]))
        return {name: pair for (name, _), pair in zip(names, pairs, strict=True)}

    def _decision(self, what: Happening, changed: Mapping[str, Any], orders: list[str] | None) -> dict[str, Any]:
        """Return what a side saw at a review, which policies acted on what, and what was ordered."""
        side = self._look.sides.index(str(what.side))
        held, pressure = np.zeros(len(self._look.fronts)), np.zeros(len(self._look.fronts))
        copy, params = self._run.state.copy(), self._run.params
        day = int(seen_by(copy, params, side, held, pressure, what.tick))
        seen = {
            "date": self._look.calendar.moment(day * 86_400).date().isoformat(),
            "held_km2": dict(zip(self._look.fronts, (held + 0.0).tolist(), strict=True)),
            "pressure": dict(zip(self._look.fronts, pressure.tolist(), strict=True)),
        }
        acted = {"returned": orders} if orders is not None else {"policies": self._in_force(copy, side)}
        return {"seen": seen, **acted, "ordered": [*_efforts(changed), *self._sent()]}

    def _in_force(self, copy: NDArray[np.void], side: int) -> list[dict[str, Any]]:
        """Return the policies that acted at this review, with what triggered them and when."""
        found = np.zeros(POLICIES, np.int64)
        policies_in_force(copy, self._run.params, side, found)
        account, rows = copy["side"][0][side], []
        for k in np.flatnonzero(found):
            name = self._policies[side][k] if k < len(self._policies[side]) else str(k)
            policy = self._run.params["policy"][0][side, k]
            row: dict[str, Any] = {"policy": name, "kind": POLICY_NAMES[int(policy["kind"])]}
            if policy["trigger_front"] >= 0 and account["trigger_tick"][k] != FAR:
                row["triggered"] = self._look.calendar.moment(account["trigger_tick"][k]).isoformat()
                row["front"] = self._look.fronts[int(policy["trigger_front"])]
                row["held_km2"] = float(account["held_at_trigger"][k])
                row["pressure"] = float(account["pressure_at_trigger"][k])
            rows.append(row)
        return rows

    def _sent(self) -> list[dict[str, Any]]:
        """Return the parties that set out since the line before."""
        return [
            {"contingent": move.contingent, "people": move.people, "from": move.origin, "to": move.place}
            | {"due": move.due.isoformat()}
            for move in self._look.moving(kind="transit", since=self._sequence)
        ]


def _efforts(changed: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the changes of effort among all changes."""
    return [{"effort": name.rpartition(".effort")[0], "from": pair[0], "to": pair[1]}
            for name, pair in changed.items() if name.endswith(".effort")]  # fmt: skip


def _pairs(before: Words, after: Words, real: NDArray[np.bool_]) -> list[list[float | int | None]]:
    """Return [before, after] of words that hold a floating-point number or a whole one; JSON has no not-a-number."""
    columns = []
    for words in (before, after):
        numbers = words.view(np.float64).tolist()
        columns.append(
            [
                (x if math.isfinite(x) else None) if is_real else whole
                for x, whole, is_real in zip(numbers, words.tolist(), real.tolist(), strict=True)
            ]
        )
    return [list(pair) for pair in zip(*columns, strict=True)]
