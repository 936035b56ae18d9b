"""Read-only looks at a run by the scenario's names: what observers, interventions and policies of a user see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.engine.compiled import Record, Run
from sim.errors import RunError
from sim.model.tally import Labels, series_names

RESERVE = "reserve"  # a place beside the fronts
POOLS = (RESERVE, "training", "transit", "wounded", "lost")
MOVES = ("training", "transit", "wounded")  # kinds of pipeline entries, in the order of their codes

When = date | datetime | str  # a string in ISO format
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True)
class Moving:
    """People who are due somewhere: an entry of the pipeline. `place` and `origin` are a front or the reserve."""

    number: int
    kind: str
    side: str
    contingent: str
    people: int
    origin: str
    place: str
    due: datetime


def position(name: object, known: Sequence[str], what: str) -> int:
    """Return where a name stands; raise RunError with the names that there are."""
    if isinstance(name, str) and name in known:
        return known.index(name)
    raise RunError(f"{name!r} is no {what}; known: {', '.join(known)}")


def read_only(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return a view of an array that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view


@cache
def _columns(labels: Labels) -> dict[str, int]:
    found: dict[str, int] = {}
    for k, outcome in enumerate(series_names(labels)):
        found.setdefault(outcome.name, k)
    return found


class Calendar:
    """Dates and the ticks of one second that the model counts from the start of the campaign."""

    def __init__(self, start: date) -> None:
        """Count from midnight of a date."""
        self.start = datetime.combine(start, time())

    def moment(self, tick: int) -> datetime:
        """Return the date and time of a tick."""
        return self.start + timedelta(seconds=int(tick))

    def tick(self, when: When) -> int:
        """Return the tick of a date, a date and time, or either in ISO format."""
        moment = self._read(when) if isinstance(when, str) else when
        if not isinstance(moment, datetime):
            moment = datetime.combine(moment, time())
        return round((moment - self.start).total_seconds())

    def _read(self, text: str) -> datetime:
        try:
            return datetime.fromisoformat(text)
        except ValueError as error:
            raise RunError(f"{text!r} is not a date such as 2024-10-01") from error


class Look:
    """Looks at the state of a run. Places are fronts; sums are over all fronts or contingents not named."""

    def __init__(self, run: Run, labels: Labels, calendar: Calendar) -> None:
        """Look at a run in progress; `state` is its record of shape (1,), read-only."""
        self.labels, self.calendar = labels, calendar
        self.sides, self.fronts, self.theatres = labels.sides, labels.fronts, labels.theatres
        self.state: Record = read_only(run.state)
        self._front = self.state["front"][0]
        self._account = self.state["side"][0]
        self._series = run.series

    def territory_km2(self, place: str) -> float:
        """Return the area that the positive side of a front or theatre holds, signed, km2."""
        if place in self.theatres:
            here = self.theatres.index(place)
            each = [f for f, theatre in enumerate(self.labels.front_theatre) if theatre == here]
            return float(sum((self._front["territory_km2"][f] for f in each), 0.0))
        return float(self._front["territory_km2"][self._at(place)])

    def people(self, side: str, front: str | None = None, contingent: str | None = None) -> int:
        """Return the people deployed."""
        fronts = slice(None) if front is None else self._at(front)
        return int(self._front["people"][fronts, self._of(side), self._contingents(side, contingent)].sum())

    def pool(self, name: str, side: str, contingent: str | None = None) -> int:
        """Return the people in a pool: reserve, training, transit, wounded or lost."""
        pool = POOLS[position(name, POOLS, "pool")]
        return int(self._account[pool][self._of(side), self._contingents(side, contingent)].sum())

    def reserve(self, side: str, contingent: str | None = None) -> int:
        """Return the people in reserve."""
        return self.pool(RESERVE, side, contingent)

    def readiness(self, side: str, front: str, contingent: str) -> float:
        """Return the readiness of a contingent on a front, 0..1."""
        where = self._at(front), self._of(side), position(contingent, self._names(side), f"contingent of {side}")
        return float(self._front["readiness"][where])

    def effort(self, side: str, front: str) -> float:
        """Return the effort ordered, 0..1."""
        return float(self._front["effort"][self._at(front), self._of(side)])

    def pressure(self, side: str, front: str) -> float:
        """Return the smoothed front pressure on a side, ln ratio."""
        return float(self._front["pressure"][self._at(front), self._of(side)])

    def works(self, side: str, front: str) -> float:
        """Return the state of a side's works, 0..1."""
        return float(self._front["works"][self._at(front), self._of(side)])

    def casualties(self, side: str, front: str | None = None) -> int:
        """Return casualties since the start: killed, captured and wounded."""
        fronts = slice(None) if front is None else self._at(front)
        return int(self._front["casualties"][fronts, self._of(side)].sum())

    def munitions(self, side: str) -> float:
        """Return the munitions in stock, rounds."""
        return float(self._account["munitions"][self._of(side)])

    def moving(
        self, side: str | None = None, kind: str | None = None, to: str | None = None, since: int = 0
    ) -> list[Moving]:
        """Return who is due somewhere, first due first.

        Of a side, of a kind (training, transit, wounded), to a front or the reserve, from a number on.
        """
        entries = self.state["pipeline"][0][: int(self.state["n_pipeline"][0])]
        wanted = entries["sequence"] >= since
        if side is not None:
            wanted &= entries["side"] == self._of(side)
        if kind is not None:
            wanted &= entries["kind"] == position(kind, MOVES, "kind of move")
        if to is not None:
            wanted &= entries["place"] == self.place(to)
        found = sorted(entries[wanted], key=lambda entry: (int(entry["due"]), int(entry["sequence"])))
        return [self._moving(entry) for entry in found]

    def series(self, name: str) -> NDArray[np.float64]:
        """Return a daily series so far, float64[day], read-only; the names are those of docs/outcomes.md."""
        known = _columns(self.labels)
        if name not in known:
            raise RunError(f"{name!r} is no series; docs/outcomes.md lists them")
        written = int(self.state["next_tick"][0][int(self.state["n_slots"][0]) - 2]) // 86_400
        return read_only(self._series[:written, known[name]])

    def place(self, name: str) -> int:
        """Return the code of a front or of the reserve."""
        return -1 if name == RESERVE and name not in self.fronts else position(name, self.fronts, "front")

    def place_name(self, code: int) -> str:
        """Return the name of a front or of the reserve."""
        return self.fronts[code] if code >= 0 else RESERVE

    def _moving(self, entry: np.void) -> Moving:
        side = int(entry["side"])
        return Moving(
            number=int(entry["sequence"]),
            kind=MOVES[int(entry["kind"])],
            side=self.sides[side],
            contingent=self.labels.contingents[side][int(entry["contingent"])],
            people=int(entry["people"]),
            origin=self.place_name(int(entry["origin"])),
            place=self.place_name(int(entry["place"])),
            due=self.calendar.moment(entry["due"]),
        )

    def _at(self, front: str) -> int:
        return position(front, self.fronts, "front")

    def _of(self, side: str) -> int:
        return position(side, self.sides, "side")

    def _names(self, side: str) -> tuple[str, ...]:
        return self.labels.contingents[self._of(side)]

    def _contingents(self, side: str, contingent: str | None) -> slice | int:
        if contingent is None:
            return slice(None)
        return position(contingent, self._names(side), f"contingent of {side}")
