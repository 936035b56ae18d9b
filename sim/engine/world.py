"""What a user's SimPy process is given: SimPy's environment, looks at the state by name, and actions.

Actions go through the model's own functions (`sim.model.orders`), so people neither appear nor vanish, and whatever
was ordered waits for lift and travels as any order does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
import simpy
from numpy.typing import NDArray

from sim.engine.compiled import FAULTS, Run
from sim.engine.look import Calendar, Look, Moving, When, position
from sim.engine.policy import Policy, effort_level, whole_people
from sim.engine.trace import KINDS, Happening
from sim.errors import RunError, SimError
from sim.model.codes import TICKS_PER_DAY
from sim.model.orders import change_words, delay_entry, send_people, set_effort, settle
from sim.model.tally import Labels


class Change(NamedTuple):
    """A parameter that a process sets: when, its path in the scenario, and the value."""

    tick: int
    path: str
    value: object


Words = NDArray[np.int64]
Settings = Callable[[Sequence[Change]], tuple[Words, Words]]
Process = Callable[["World"], Any]
Acted = Callable[[Happening, Mapping[str, Any]], None]


@dataclass(frozen=True)
class Extensions:
    """What a run by SimPy has beside its parameters.

    world : 'main' or 'counterfactual'; draw : the draw of the assumptions.
    policies : by side, the name of a policy in Python and what makes one for a run.
    processes : name and generator function of the user's SimPy processes.
    policy_names : of each side's built-in policies, for traces.
    settings : which words of the parameters the last of some changes sets, and their values.
    """

    start: date
    world: str = "main"
    draw: int = 0
    policies: Mapping[str, tuple[str, Callable[[], Policy]]] = field(default_factory=dict)
    processes: Sequence[tuple[str, Process]] = ()
    policy_names: tuple[tuple[str, ...], ...] = ((), ())
    settings: Settings | None = None
    trace: bool = False


class World(Look):
    """A run in progress as a SimPy process sees it: `env` counts ticks of one second from the campaign's start.

    A process acts before the model's events of the same tick, and after those that it waited for with `happens`.
    """

    def __init__(self, run: Run, labels: Labels, extensions: Extensions, env: simpy.Environment, acted: Acted) -> None:
        """Show a run; `replication` is the number of its luck, `end` an event that comes when the run is over."""
        super().__init__(run, labels, Calendar(extensions.start))
        self.env, self.name, self.draw = env, extensions.world, extensions.draw
        self.replication = int(run.state["replication"][0])
        self.end = env.event()
        self._run, self._settings = run, extensions.settings
        self._changes: list[Change] = []
        self._waiting: dict[tuple[str, str | None], list[simpy.Event]] = {}
        self._acted = acted

    # --- time ---------------------------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """The tick of SimPy's clock."""
        return math.floor(self.env.now)

    @property
    def date(self) -> datetime:
        """The date and time of SimPy's clock."""
        return self.calendar.moment(self.now)

    def days(self, days: float) -> simpy.Event:
        """Return an event that comes after some days."""
        return self.env.timeout(max(0, round(days * TICKS_PER_DAY)))

    def at(self, when: When) -> simpy.Event:
        """Return an event that comes on a date (at midnight) or at a date and time; at once when that has passed."""
        return self.env.timeout(max(0, self.calendar.tick(when) - self.env.now))

    def happens(self, kind: str, front: str | None = None) -> simpy.Event:
        """Return an event that comes just after the model's next event of a kind (on a front); its value says which."""
        position(kind, KINDS[:-1], "kind of event")
        if front is not None:
            position(front, self.fronts, "front")
        event = self.env.event()
        self._waiting.setdefault((kind, front), []).append(event)
        return event

    # --- actions ------------------------------------------------------------------------------------------------------

    def set(self, path: str, value: object) -> None:
        """Set a parameter by its path in the scenario, as an intervention of the file does."""
        if self._settings is None:
            raise RunError("this run was given no scenario to set values in")
        change = Change(self.now, path, value)
        try:
            which, values = self._settings((*self._changes, change))
        except SimError as error:
            raise RunError(f"set({path!r}, {value!r}): {error}") from error
        run = self._writable()
        self._changes.append(change)
        change_words(run.state, run.params, run.words, which, values, self.now)
        self._settle()
        self._report(None, None, {"set": path, "value": str(value)})

    def order_effort(self, side: str, front: str, level: float) -> None:
        """Order effort on a front: share of full tempo, 0..1. It holds until somebody orders another."""
        s, f = position(side, self.sides, "side"), position(front, self.fronts, "front")
        set_effort(self._writable().state, s, f, effort_level(level), self.now)
        self._settle()
        self._report(front, side, {"effort": float(level)})

    def redeploy(self, side: str, origin: str, destination: str, people: int) -> int:
        """Send up to so many people from a front or 'reserve' to another; return how many set out."""
        s, start, place = position(side, self.sides, "side"), self.place(origin), self.place(destination)
        if start == place:
            raise RunError(f"redeploy: origin and destination are both {origin!r}")
        asked, run = whole_people(people), self._writable()
        sent = int(send_people(run.state, run.params, s, start, place, asked, self.now))
        self._settle()
        action = {"redeploy": sent, "asked": asked, "from": origin, "to": destination}
        self._report(None if place < 0 else destination, side, action)
        return sent

    def delay(self, moving: Moving, days: Any) -> datetime:
        """Put off those who are due somewhere (an entry of `moving()`); return when they are due now."""
        ticks = days * TICKS_PER_DAY if isinstance(days, int | float) else math.nan
        if not 0.0 <= ticks < 1e12:
            raise RunError(f"delay: days must be a number, 0 or more, not {days!r}")
        due = int(delay_entry(self._writable().state, moving.number, round(ticks)))
        if due < 0:
            raise RunError(f"delay: they are on their way no more: {moving}")
        front = None if self.place(moving.place) < 0 else moving.place
        self._report(front, moving.side, {"delay": float(days), "people": moving.people, "kind": moving.kind})
        return self.calendar.moment(due)

    def _writable(self) -> Run:
        """Return the run, as long as it goes on."""
        if self.end.triggered:
            raise RunError("the run is over: nothing can be ordered any more")
        return self._run

    def _settle(self) -> None:
        """Let the model see what was ordered."""
        status = int(settle(self._run.state, self._run.params))
        if status:
            raise RunError(FAULTS[status])

    def _report(self, front: str | None, side: str | None, action: Mapping[str, Any]) -> None:
        """Let the trace know, and the driver: what comes next may be another event."""
        self._acted(Happening(self.now, "action", front, side), action)

    def tell(self, what: Happening) -> None:
        """Wake those who wait for an event of the model (the driver calls this)."""
        for key in ((what.kind, what.front), (what.kind, None)):
            for event in self._waiting.pop(key, ()):
                event.succeed(what)
            if what.front is None:
                break

    @property
    def listening(self) -> bool:
        """Whether anybody waits for an event of the model."""
        return bool(self._waiting)
