"""The SimPy engine: the same compiled handlers, one event at a time, with SimPy's environment as the clock.

The state owns the clock. The driver stops `advance` just before the next event, waits on SimPy's clock until its tick,
and calls `advance` again, which does it. The driver's wake-ups have a lower priority than anything of SimPy's own, so
at one tick users' processes come before the model's events, as the interventions of a scenario file do. When a process
changes something, the wake-up is replaced: what comes next may be another event. Observers change nothing, so a run
with observers and a trace ends as a bare one, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import simpy
from numpy.typing import NDArray

from sim.engine.compiled import FAULTS, Block, Record, Run
from sim.engine.policy import Policy, carry_out, decide, view_of
from sim.engine.trace import KINDS, Happening, Trace
from sim.engine.world import Extensions, Process, World
from sim.errors import RunError
from sim.model.codes import (
    AID,
    ARRIVAL,
    END,
    ENGAGEMENT,
    INCURSION,
    LANDING,
    REVIEW,
    SLOT_ENGAGEMENT,
    SLOT_REVIEW,
    TRANSIT,
    WITHDRAWAL,
)
from sim.model.tally import FINAL, Labels

EVERY_KIND = (1 << int(END)) - 1
MOST_STEPS = 200_000  # of SimPy within one second of the model
_AFTER_USERS, _LAST = 2, 3  # SimPy's own priorities are 0 and 1
OF_USER_CODE = -2  # status of a run that failed in a policy or process of the user


class TracedBlock(Block):
    """A block of runs by SimPy: also why some failed, and the lines of their traces, by position in the block."""

    reasons: dict[int, str]
    traces: dict[int, list[str]]


class _WakeUp(simpy.Event):
    """An event of SimPy that comes after everything that users schedule for the same tick."""

    def __init__(self, env: simpy.Environment, tick: float, priority: int) -> None:
        super().__init__(env)
        self._ok, self._value = True, None
        env.schedule(self, priority, max(0, tick - env.now))  # type: ignore[arg-type]  # a priority of our own


class Driver:
    """One run under SimPy: waits for the model's next event, does it, tells who waits for it, and traces it."""

    def __init__(self, run: Run, labels: Labels, extensions: Extensions) -> None:
        """Drive a run that has been started (and perhaps advanced) to its end."""
        self.run, self._labels = run, labels
        self.env = simpy.Environment(int(run.state["now"][0]))
        self.world = World(run, labels, extensions, self.env, self._acted)
        self.trace = Trace(run, self.world, extensions.policy_names) if extensions.trace else None
        self._policies = {
            labels.sides.index(side): (name, _made(name, make)) for side, (name, make) in extensions.policies.items()
        }
        self._next_tick = run.state["next_tick"][0]
        self._stopped = run.state["stopped"]
        self._done = self.env.event()
        self._error: RunError | None = None
        self._wake: simpy.Event | None = None
        self._kind = 0
        self._users = [self._guarded(name, process) for name, process in extensions.processes]

    def finish(self) -> None:
        """Run to the end; raise RunError where the model or the user's code fails."""
        for user in self._users:
            self.env.process(user)
        self._expect(self.run.advance(EVERY_KIND))
        try:
            self._step_to_the_end()
        except Exception as error:  # a process that a user's process started: SimPy raises its error here
            raise RunError(f"a SimPy process raised {type(error).__name__}: {error}") from error
        finally:
            self._close()
        if self._error is not None:
            raise self._error

    def _step_to_the_end(self) -> None:
        """Let SimPy do event after event; a process that waits for no time for ever is stopped."""
        tick, steps = self.env.now, 0
        while not self._done.processed:
            self.env.step()
            steps = steps + 1 if self.env.now == tick else 0
            tick = self.env.now
            if steps > MOST_STEPS:
                self._fail(RunError(f"a SimPy process does not let time go on after {self.world.date:%Y-%m-%d %H:%M}"))
                return

    def _close(self) -> None:
        """End the users' processes, so that what stands in their `finally` is done now."""
        for user in self._users:
            try:
                user.close()
            except RuntimeError as error:  # it went on to wait after the end
                self._fail(RunError(f"a SimPy process did not end with the run: {error}"))

    def _expect(self, kind: int) -> None:
        """Wait for the event before which the model has stopped; what was waited for before does not count."""
        if kind < 0:
            self._fail(RunError(FAULTS[-kind]))
            return
        self._kind = kind
        tick = int(self._next_tick[int(self._stopped[0]) - 1]) if kind != END else self._end_tick()
        self._wake = _WakeUp(self.env, tick, _AFTER_USERS)
        self._wake.callbacks.append(self._do)

    def _end_tick(self) -> int:
        return int(self._next_tick[int(self.run.state["n_slots"][0]) - 1])

    def _do(self, wake: simpy.Event) -> None:
        """Do the event that was waited for."""
        if wake is not self._wake:
            return
        if self._kind == END:
            self._over()
            return
        slot = int(self._stopped[0]) - 1
        orders = None
        if self._kind == REVIEW and slot - SLOT_REVIEW in self._policies:
            orders = self._decide(slot - SLOT_REVIEW)
        if self._error is not None:
            return
        what = self._happening(slot) if self.trace or self.world.listening else None
        kind = self.run.advance(EVERY_KIND)
        if what is not None:
            if self.trace:
                self.trace.event(what, orders)
            self.world.tell(what)
        self._expect(kind)

    def _over(self) -> None:
        """Let those know who wait for the end, and stop after them."""
        self.world.end.succeed()
        _WakeUp(self.env, self.env.now, _LAST).callbacks.append(lambda _: self._stop())

    def _stop(self) -> None:
        if not self._done.triggered:
            self._done.succeed()

    def _fail(self, error: RunError) -> None:
        self._error = self._error or error
        self._stop()

    def _decide(self, side: int) -> list[str]:
        """Ask the user's policy and do its orders, in place of the built-in ones; the review itself follows."""
        name, policy = self._policies[side]
        tick = int(self._next_tick[SLOT_REVIEW + side])
        self.run.params["n_policies"][0, side] = 0  # also after an intervention that brings a policy
        try:
            orders = decide(policy, name, view_of(self.run, self.world, side, tick))
            carry_out(self.run, self.world, side, orders, tick)
        except RunError as error:
            self._fail(error)
            return []
        return [repr(order) for order in orders]

    def _acted(self, what: Happening, action: Mapping[str, Any]) -> None:
        """After an action of a user: trace it, and look again for what comes next."""
        if self.trace:
            self.trace.action(what, action)
        self._expect(self.run.advance(EVERY_KIND))

    def _guarded(self, name: str, process: Process) -> Generator[simpy.Event, Any, None]:
        """Run a user's process; its error ends the run, and says whose it was and when."""
        try:
            waits = process(self.world)
            if not isinstance(waits, Iterator):
                raise RunError(f"returned {waits!r}; a process is a generator function, one that yields")
            yield from waits
        except (Exception, SystemExit) as error:
            told = str(error) if isinstance(error, RunError) else f"{type(error).__name__}: {error}"
            self._fail(RunError(f"process {name} on {self.world.date:%Y-%m-%d %H:%M}: {told}"))

    def _happening(self, slot: int) -> Happening:
        """Return the event of a slot, before it is done."""
        state, kind, fronts, front, side = self.run.state[0], self._kind, len(self._labels.fronts), -1, -1
        if kind in (ENGAGEMENT, WITHDRAWAL):
            front, side = divmod((slot - SLOT_ENGAGEMENT) % (2 * fronts), 2)
        elif kind == REVIEW:
            side = slot - SLOT_REVIEW
        elif kind == ARRIVAL:
            entry = state["pipeline"][0]
            side = int(entry["side"])
            front = int(entry["place"]) if entry["kind"] == TRANSIT else -1  # others do not reach a front yet
        elif kind == LANDING:
            tranche = self.run.params["tranche"][0, int(np.argmin(state["next_tranche_tick"]))]
            front, side = int(tranche["front"]), int(tranche["side"])
        elif kind == AID:
            side = int(self.run.params["package"]["side"][0, int(np.argmin(state["next_package_tick"]))])
        elif kind == INCURSION:
            front, side = (int(self.run.params[name][0]) for name in ("incursion_front", "incursion_side"))
        names = self._labels.fronts[front] if front >= 0 else None, self._labels.sides[side] if side >= 0 else None
        return Happening(int(self._next_tick[slot]), KINDS[kind], *names)


def _made(name: str, make: Callable[[], Policy]) -> Policy:
    """Return a policy for one run; a class may fail here."""
    try:
        return make()
    except (Exception, SystemExit) as error:
        raise RunError(f"policy {name} cannot be made: {type(error).__name__}: {error}") from error


def simulate(
    params: Record, labels: Labels, seed: int, replications: NDArray[np.uint64], extensions: Extensions
) -> TracedBlock:
    """Run a block of replications of one parameter record (shape (1,)) under SimPy, in the calling thread."""
    return _block(params, labels, seed, replications, extensions, None)


def branch(
    worlds: tuple[Record, Record], labels: Labels, seed: int, replications: NDArray[np.uint64], at: Branching
) -> TracedBlock:
    """Run a block under the first record up to and including a tick, then go on under the other, by SimPy.

    The past stays as it was: users' processes and policies begin at the tick, and so does the trace.
    """
    return _block(worlds[0], labels, seed, replications, at.extensions, (worlds[1], at.tick))


class Branching(NamedTuple):
    """Where a branched run goes on, and what drives it from there."""

    tick: int
    extensions: Extensions


def _block(
    params: Record,
    labels: Labels,
    seed: int,
    replications: NDArray[np.uint64],
    extensions: Extensions,
    other: tuple[Record, int] | None,
) -> TracedBlock:
    run = Run(params, labels)
    block = _empty(len(replications), run)
    for i, replication in enumerate(replications):
        run.series = block.series[i]
        run.start(seed, int(replication))
        driver = None
        try:
            if other is not None:
                _go_on(run, *other)
            driver = Driver(run, labels, extensions)
            driver.finish()
        except RunError as error:
            block.status[i] = int(run.state[0]["status"]) or OF_USER_CODE
            block.reasons[i] = str(error)
        block.traces[i] = driver.trace.lines if driver and driver.trace else []  # of a failed run up to its fault
        block.events[i] = run.state[0]["events"]
        block.final[i] = run.close()
    return block


def _go_on(run: Run, other: Record, tick: int) -> None:
    """Run up to a tick without any user's code, then go on under other parameters."""
    kind = run.advance(until=tick)
    if kind < 0:
        raise RunError(FAULTS[-kind])
    run.change(other, tick)


def _empty(n: int, run: Run) -> TracedBlock:
    series = np.zeros((n, *run.series.shape))
    block = TracedBlock(series, np.full((n, len(FINAL)), np.nan), np.zeros(n, np.int64), np.zeros(n, np.int64))
    block.reasons, block.traces = {}, {}
    return block
