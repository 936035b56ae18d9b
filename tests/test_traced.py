"""The SimPy engine: what users' processes and policies may do, what they see, and what goes wrong without harm."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import simpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies import scenarios
from test_engine import BUSY
from worlds import DUEL, STILL, Raw, at, column, day, loaded, merged, replications

from sim.engine.policy import Effort, Redeploy, View
from sim.engine.traced import OF_USER_CODE, TracedBlock, simulate
from sim.engine.world import Extensions, World
from sim.errors import RunError
from sim.experiment.settings import Settings
from sim.experiment.user_code import maker
from sim.model.codes import TICKS_PER_DAY
from sim.scenario.lower import Lowered, lower

Waits = Iterator[simpy.Event]
Process = Callable[[World], Waits]
DAY = int(TICKS_PER_DAY)
QUIET = merged(DUEL, {"sides": {side: {"movement": {"fill": 0, "replacements": 0}} for side in ("blue", "red")}})


def ran(raw: Raw, *processes: Process, n: int = 1, trace: bool = False, **policies: Any) -> tuple[TracedBlock, Lowered]:
    given = loaded(raw)
    world = lower(given, {})
    extensions = Extensions(
        start=world.start,
        processes=[(process.__name__, process) for process in processes],
        policies={side: (getattr(policy, "__name__", "policy"), maker(policy)) for side, policy in policies.items()},
        policy_names=tuple(tuple(side.policies) for side in given.scenario.sides.values()),
        settings=Settings(given, {}),
        trace=trace,
    )
    return simulate(world.params, world.labels, 1, replications(n), extensions), world


def well(raw: Raw, *processes: Process, **policies: Any) -> NDArray[np.float64]:
    """The series of a run that must end well, float64[day, series]."""
    block, _ = ran(raw, *processes, **policies)
    assert block.reasons == {}
    return block.series[0]


def failed(raw: Raw, *processes: Process, **policies: Any) -> str:
    block, _ = ran(raw, *processes, **policies)
    assert block.status.tolist() == [OF_USER_CODE]
    return block.reasons[0]


def setter(when: str, path: str, value: Any) -> Process:
    def process(world: World) -> Waits:
        yield world.at(when)
        world.set(path, value)

    return process


def ordering(act: Callable[[World], Any], on: int = 10) -> Process:
    """A process that does something on a day."""

    def process(world: World) -> Waits:
        yield world.days(on)
        act(world)

    return process


# --- parameters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("fronts.line.tempo", 2.5),
        ("combat.culmination", 1.6),
        ("combat.casualty_spread", 1.4),
        ("sides.red.contingents.ally.inflow.people", 9000),
        ("sides.red.contingents.ally.inflow.tranches.t2.at", day(30)),
        ("sides.blue.movement.lift.east", "300 people/d"),
        ("talks.at", day(33)),
    ],
)
@pytest.mark.parametrize("on", [7, 19])
def test_a_value_set_by_a_process_gives_the_run_of_the_files_intervention(path: str, value: Any, on: int) -> None:
    in_file = merged(BUSY, {"interventions": {"later": {"at": day(on), "set": at(path, value)}}})
    expected, world = ran(in_file)
    found, _ = ran(BUSY, setter(day(on), path, value))
    assert found.reasons == expected.reasons == {}
    assert found.series.tobytes() == expected.series.tobytes()
    assert found.final.tobytes() == expected.final.tobytes()
    assert found.events == expected.events - 1  # the intervention itself
    assert found.series.tobytes() != ran(BUSY)[0].series.tobytes() or path == "talks.at"
    assert world.labels.fronts == ("line", "edge")


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(scenarios(most_fronts=4), st.integers(0, 19), st.sampled_from([0.05, 1.0, 3.0]))
def test_in_any_scenario_on_any_day(raw: Raw, on: int, tempo: float) -> None:
    raw = merged(raw, {"interventions": None}, {"fronts": {"front0": {"tempo": 0.2}}})
    change = {"interventions": {"later": {"at": day(on), "set": at("fronts.front0.tempo", tempo)}}}
    expected, _ = ran(merged(raw, change))
    found, _ = ran(raw, setter(day(on), "fronts.front0.tempo", tempo))
    assert found.reasons == {}
    assert found.series.tobytes() == expected.series.tobytes()


def test_values_set_one_after_the_other_add_up_with_the_files_interventions() -> None:
    change = {"interventions": {"second": {"at": day(18), "set": at("fronts.line.terrain", 1.4)}}}
    both = {"interventions": {"second": change["interventions"]["second"], "first": {"at": day(12), "set": {}}}}
    both["interventions"]["first"]["set"] = at("fronts.line.tempo", 2)
    third = {"interventions": {"third": {"at": day(21), "set": at("combat.posture", 1.1)}}}
    expected = well(merged(BUSY, both, third))
    mine = merged(BUSY, change)
    found = well(mine, setter(day(12), "fronts.line.tempo", 2), setter(day(21), "combat.posture", 1.1))
    assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("fronts.lin.tempo", 1, "there is no such path.*fronts.line"),
        ("fronts.line.tempo", -1, "fronts.line.tempo: -1"),
        ("fronts.line.tempo", {"uniform": [1, 2], "source": "test"}, "must be one value, not a distribution"),
        ("fronts.line.works.red", 1, "counts only at the start of a run"),
        ("end", day(50), "'end' cannot be changed while a run goes on"),
        ("fronts.line.tempo", object(), "is no value of a scenario file"),
    ],
)
def test_a_value_that_cannot_be_set_fails_the_run_and_says_why(path: str, value: Any, told: str) -> None:
    with pytest.raises(RunError, match=rf"process process on 2024-01-11 00:00: set\('{path}', .*\): .*{told}"):
        raise RunError(failed(DUEL, setter(day(10), path, value)))


# --- people and effort ------------------------------------------------------------------------------------------------


def test_what_a_process_orders_is_obeyed_and_the_past_stays() -> None:
    base, labels = well(QUIET), ran(QUIET)[1].labels
    changed = well(QUIET, ordering(lambda world: world.order_effort("red", "line", 0.7)))
    assert changed[:10].tobytes() == base[:10].tobytes()
    effort = column(labels, "line.red.effort")
    assert changed[9:12, effort].tolist() == [0.0, 0.0, 0.7] or changed[9:12, effort].tolist() == [0.0, 0.7, 0.7]
    assert (changed[11:, effort] == 0.7).all()


def test_people_redeployed_wait_for_lift_travel_and_arrive() -> None:
    seen: dict[str, Any] = {}

    def move(world: World) -> Waits:
        yield world.days(10)
        before = world.people("blue", "line"), world.reserve("blue")
        seen["sent"] = world.redeploy("blue", "reserve", "line", 100_000)
        (convoy,) = world.moving("blue", "transit", "line")
        seen["moved"] = world.reserve("blue") - before[1], world.pool("transit", "blue")
        seen["due"] = (convoy.due - world.date).total_seconds() / DAY
        arrived = yield world.happens("arrival", "line")
        seen["on"] = world.date - convoy.due, arrived.side, world.people("blue", "line") - before[0]

    raw = merged(STILL, {"sides": {"blue": {"movement": {"reserve_floor": 500}}}})
    assert ran(raw, move)[0].reasons == {}
    assert seen["sent"] == 5000  # lift of 1,000 a day until the next review in five days
    assert seen["moved"] == (-5000, 5000)
    assert seen["due"] == pytest.approx(5 + 5)
    assert (seen["on"][0].total_seconds(), *seen["on"][1:]) == (0, "blue", 5000)


@pytest.mark.parametrize("days", [0, 0.5, 7])
def test_a_convoy_that_is_delayed_arrives_so_much_later(days: float) -> None:
    when: list[float] = []

    def convoy(late: float) -> Process:
        def process(world: World) -> Waits:
            yield world.days(10)
            world.redeploy("blue", "reserve", "line", 1000)
            (moving,) = world.moving("blue", "transit", "line")
            yield world.days(2)
            due = world.delay(moving, late)
            yield world.happens("arrival", "line")
            assert world.date == due
            when.append(world.now / DAY)
            with pytest.raises(RunError, match="on their way no more"):
                world.delay(moving, 1)

        return process

    well(STILL, convoy(0))
    well(STILL, convoy(days))
    assert when[1] - when[0] == pytest.approx(days)


def test_the_ledger_holds_whatever_users_do() -> None:
    def restless(world: World) -> Waits:
        while True:
            for side in world.sides:
                world.redeploy(side, "line", "reserve", 700)
                world.redeploy(side, "reserve", "edge", 900)
                world.order_effort(side, "line", (world.now // DAY % 3) / 2)
            for moving in world.moving()[:2]:
                world.delay(moving, 0.7)
            yield world.days(0.61)

    raw = merged(BUSY)
    given = loaded(raw)
    world = lower(given, {})
    world.params[0]["check_every_event"] = 1
    extensions = Extensions(world.start, processes=[("restless", restless)])
    block = simulate(world.params, world.labels, 1, replications(6), extensions)
    assert (block.status.tolist(), block.reasons) == ([0] * 6, {})


@pytest.mark.parametrize(
    "act",
    [
        lambda world: world.order_effort("blue", "line", (world.now // 600 % 3) / 2),
        lambda world: world.set("fronts.line.tempo", 1 + world.now // 600 % 2),
        lambda world: [world.delay(moving, 0.01) for moving in world.moving()[:1]],
    ],
)
def test_no_event_is_done_ahead_of_the_clock_after_an_action(act: Callable[[World], Any]) -> None:
    def busy(world: World) -> Waits:
        for _ in range(150):
            act(world)
            yield world.env.timeout(600)
            assert world.state["now"][0] <= world.now, "the model is ahead of SimPy's clock"
        yield world.happens("engagement")
        assert world.state["now"][0] == world.now

    assert ran(BUSY, busy)[0].reasons == {}


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda world: world.redeploy("blue", "lyne", "edge", 5), "'lyne' is no front; known: line, edge"),
        (lambda world: world.redeploy("green", "line", "edge", 5), "'green' is no side; known: blue, red"),
        (lambda world: world.redeploy("blue", "line", "line", 5), "origin and destination are both 'line'"),
        (lambda world: world.redeploy("blue", "line", "edge", -5), "people must be a whole number, 0 or more, not -5"),
        (lambda world: world.redeploy("blue", "line", "edge", 2.5), "people must be a whole number, 0 or more, not"),
        (lambda world: world.order_effort("blue", "line", 1.5), "effort must be a number from 0 to 1, not 1.5"),
        (lambda world: world.order_effort("blue", "line", float("nan")), "effort must be a number from 0 to 1"),
        (lambda world: world.delay(world.moving()[0], -1), "days must be a number, 0 or more, not -1"),
        (lambda world: world.happens("parade"), "'parade' is no kind of event; known: intervention, landing"),
        (lambda world: world.at("soon"), "'soon' is not a date such as 2024-10-01"),
        (lambda world: world.series("x"), "'x' is no series"),
        (lambda world: 1 / 0, "ZeroDivisionError: division by zero"),
    ],
)
def test_a_process_that_goes_wrong_fails_its_run_and_says_where_and_when(
    act: Callable[[World], Any], told: str
) -> None:
    reason = failed(DUEL, ordering(act))
    assert reason.startswith("process process on 2024-01-11 00:00: ")
    assert told in reason


def test_other_runs_go_on_when_one_fails() -> None:
    def third(world: World) -> Waits:
        yield world.days(3)
        if world.replication == 2:
            raise ValueError("not this one")

    block, _ = ran(DUEL, third, n=4)
    whole = ran(DUEL, n=4)[0]
    assert block.status.tolist() == [0, 0, OF_USER_CODE, 0]
    assert block.reasons == {2: "process third on 2024-01-04 00:00: ValueError: not this one"}
    assert block.series[3].tobytes() == whole.series[3].tobytes()


def test_what_is_no_generator_function_is_told_and_so_is_an_error_of_a_process_that_a_process_started() -> None:
    def plain(world: World) -> Any:
        return None

    def child(world: World) -> Waits:
        yield world.days(1)
        raise KeyError("lost")

    def parent(world: World) -> Waits:
        world.env.process(child(world))
        yield world.days(5)

    assert "returned None; a process is a generator function" in failed(DUEL, plain)
    assert "a SimPy process raised KeyError" in failed(DUEL, parent)


# --- clock and order --------------------------------------------------------------------------------------------------


def test_at_one_tick_users_come_before_the_model_and_after_what_they_waited_for() -> None:
    days: list[tuple[int, int]] = []

    def look(world: World) -> Waits:
        yield world.days(4)
        days.append((int(world.state["day"][0]), world.now // DAY))
        yield world.happens("tick")
        days.append((int(world.state["day"][0]), world.now // DAY))
        yield world.env.timeout(0.5)
        days.append((int(world.state["day"][0]), world.now // DAY))

    assert ran(DUEL, look)[0].reasons == {}
    assert days == [(3, 4), (4, 4), (4, 4)]


def test_the_end_is_an_event_and_what_stands_in_finally_is_done() -> None:
    noted: list[str] = []

    def last(world: World) -> Waits:
        yield world.end
        noted.append(f"{world.date:%Y-%m-%d}")
        assert len(world.series("line.territory_km2")) == 41
        with pytest.raises(RunError, match="the run is over"):
            world.order_effort("blue", "line", 0)

    def forever(world: World) -> Waits:
        try:
            while True:
                yield world.days(1)
        finally:
            noted.append("closed")

    well(DUEL, last, forever)
    assert noted == [day(40), "closed"]


def test_looks_are_read_only() -> None:
    def grab(world: World) -> Waits:
        yield world.days(5)
        for array in (world.state, world.state["front"]["people"], world.series("line.territory_km2")):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = array[0]
        with pytest.raises(ValueError, match="read-only"):
            world.state[0]["now"] = 3

    assert well(DUEL, grab).tobytes() == well(DUEL).tobytes()


def test_looks_agree_with_the_series() -> None:
    found: dict[str, float] = {}

    def look(world: World) -> Waits:
        yield world.days(20)
        yield world.happens("sample")
        found.update({f"{name}.territory_km2": world.territory_km2(name) for name in (*world.fronts, *world.theatres)})
        for side in world.sides:
            found.update({f"{side}.{pool}": world.pool(pool, side) for pool in ("reserve", "training", "transit")})
            found[f"{side}.munitions"], found[f"{side}.wounded"] = world.munitions(side), world.pool("wounded", side)
            found[f"{side}.casualties"] = world.casualties(side)
            for front in world.fronts:
                found[f"{front}.{side}.people"] = world.people(side, front)
                found[f"{front}.{side}.effort"] = world.effort(side, front)
                found[f"{front}.{side}.works"] = world.works(side, front)
        assert sum(moving.people for moving in world.moving("red", "transit")) == world.pool("transit", "red")

    block, world = ran(BUSY, look)
    assert block.reasons == {}
    assert len(found) > 20
    for name, value in found.items():
        assert block.series[0, 20, column(world.labels, name)] == value, name


# --- policies ---------------------------------------------------------------------------------------------------------


def test_a_policy_in_python_is_the_built_in_one_that_orders_the_same() -> None:
    hold = {"kind": "hold", "fronts": ["line"], "effort": 0.6}
    bare = merged(BUSY, {"sides": {"red": {"policies": None}}})
    built_in = well(merged(bare, {"sides": {"red": {"policies": {"answer": hold}}}}))
    assert well(bare).tobytes() != built_in.tobytes()
    assert well(BUSY, red=lambda view: [Effort("line", 0.6)]).tobytes() == built_in.tobytes()


def test_a_policy_in_python_moves_people_as_a_built_in_one_does() -> None:
    reinforce = {"kind": "reinforce", "front": "line", "people": 36000, "reserve_share": 1, "move_share": 0}
    built_in = well(merged(QUIET, {"sides": {"blue": {"policies": {"up": reinforce}, "movement": {"emergency": 0}}}}))

    def up(view: View) -> list[Redeploy]:
        return [Redeploy("reserve", "line", max(0, 36000 - view.people["line"] - view.inbound["line"]))]

    base = merged(QUIET, {"sides": {"blue": {"movement": {"emergency": 0}}}})
    assert well(base, blue=up).tobytes() == built_in.tobytes()
    assert well(base).tobytes() != built_in.tobytes()


def test_a_policy_sees_what_was_reported_and_its_own_people_as_they_are() -> None:
    seen: list[View] = []

    def watch(view: View) -> list[Effort]:
        seen.append(view)
        return []

    raw = merged(DUEL, {"sides": {"red": {"reviews": {"every": 5, "reporting_delay": 3}}}})
    block, world = ran(raw, red=watch)
    assert len(seen) == 8
    assert (seen[2].date - seen[2].seen_on).days == 3
    ground = block.series[0, :, column(world.labels, "line.territory_km2")]
    assert [-view.held_km2["line"] for view in seen] == [ground[5 * k + 2] for k in range(8)]
    assert seen[1].people["line"] != block.series[0, 7, column(world.labels, "line.red.people")]
    with pytest.raises(TypeError, match="does not support item assignment"):
        seen[0].people["line"] = 3  # type: ignore[index]


def test_replacements_go_on_under_a_policy_in_python() -> None:
    nothing = well(merged(BUSY, {"sides": {"red": {"policies": None}}}))
    assert well(BUSY, red=lambda view: []).tobytes() == nothing.tobytes()


def test_a_class_is_made_anew_for_each_run() -> None:
    class Counting:
        made = 0

        def __init__(self) -> None:
            Counting.made += 1
            self.reviews = 0

        def __call__(self, view: View) -> list[Effort]:
            self.reviews += 1
            return [Effort("line", min(1.0, self.reviews / 10))]

    three = ran(DUEL, n=3, red=Counting)[0]
    assert Counting.made == 3
    effort = column(ran(DUEL)[1].labels, "line.red.effort")
    assert three.series[:, -1, effort].tolist() == [0.8] * 3


def test_a_class_that_cannot_be_made_fails_its_run() -> None:
    class Needy:
        def __init__(self, more: int) -> None:
            self.more = more

    assert "policy Needy cannot be made: TypeError: " in failed(DUEL, red=Needy)


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        ([Effort("lyne", 1)], "'lyne' is no front; known: line, edge"),
        ([Effort("line", -0.1)], "effort must be a number from 0 to 1, not -0.1"),
        ([Redeploy("line", "edge", -3)], "people must be a whole number, 0 or more, not -3"),
        ([Redeploy("line", "line", 3)], "origin and destination are the same"),
        ([("line", 3)], "an order is an Effort or a Redeploy"),
        (None, "returned None, not a list of orders (empty for none)"),
        ("line", "returned 'line', not a list of orders"),
        (3, "returned 3, not a list of orders"),
        (ValueError("what now"), "raised ValueError: what now"),
    ],
)
def test_a_policy_that_returns_nonsense_fails_its_run(returned: Any, told: str) -> None:
    def broken(view: View) -> Any:
        if isinstance(returned, Exception):
            raise returned
        return returned if view.date.day > 10 else []

    reason = failed(DUEL, red=broken)
    assert reason.startswith("policy broken of red on 2024-01-")
    assert told in reason


# --- the trace --------------------------------------------------------------------------------------------------------


def lines(raw: Raw, *processes: Process, **policies: Any) -> list[dict[str, Any]]:
    block, _ = ran(raw, *processes, trace=True, **policies)
    assert block.reasons == {}
    return [json.loads(line) for line in block.traces[0]]


def test_what_changed_forms_unbroken_chains_to_the_end() -> None:
    block, world = ran(BUSY, trace=True)
    last: dict[str, Any] = {}
    ticks = []
    for line in map(json.loads, block.traces[0]):
        ticks.append(line["tick"])
        for name, (before, after) in line["changed"].items():
            assert last.get(name, before) == before or name.endswith("readiness"), (name, line)
            last[name] = after
    assert ticks == sorted(ticks)
    assert len(ticks) == block.events[0]
    assert last["line.territory_km2"] == block.series[0, -1, column(world.labels, "line.territory_km2")]
    ends = [last[f"line.blue.{contingent}.people"] for contingent in world.labels.contingents[0]]
    assert sum(ends) == block.series[0, -1, column(world.labels, "line.blue.people")]
    assert last["blue.munitions"] == block.series[0, -1, column(world.labels, "blue.munitions")]


def test_a_review_says_what_was_seen_what_triggered_and_what_was_ordered() -> None:
    reviews = [line for line in lines(BUSY) if line["kind"] == "review" and line["side"] == "red"]
    acting = next(line for line in reviews if any(each["policy"] == "answer" for each in line["policies"]))
    (policy,) = acting["policies"]
    assert policy["kind"] == "threshold"
    assert policy["front"] == "edge"
    assert policy["triggered"] == acting["time"]
    assert policy["held_km2"] == acting["seen"]["held_km2"]["edge"] <= -10
    assert policy["pressure"] == acting["seen"]["pressure"]["edge"]
    sent = [order for order in acting["ordered"] if order.get("to") == "edge"]
    moved = acting["changed"]["red.army.transit"]
    assert sum(order["people"] for order in acting["ordered"] if "people" in order) == moved[1] - moved[0] > 0
    assert {order["from"] for order in sent} <= {"reserve", "line"}


def test_a_policy_in_python_and_the_actions_of_processes_are_traced() -> None:
    found = lines(
        BUSY,
        ordering(lambda world: world.redeploy("blue", "reserve", "line", 40), 11),
        setter(day(12), "fronts.line.tempo", 0.5),
        red=lambda view: [Effort("line", 0.25)],
    )
    review = next(line for line in found if line["kind"] == "review" and line["side"] == "red")
    assert review["returned"] == ["Effort(front='line', level=0.25)"]
    assert {"effort": "line.red", "from": 0.0, "to": 0.25} in review["ordered"]
    first, second = (line for line in found if line["kind"] == "action")
    assert first["action"] == {"redeploy": 40, "asked": 40, "from": "reserve", "to": "line"}
    assert first["changed"]["blue.army.transit"][1] - first["changed"]["blue.army.transit"][0] == 40
    assert second["time"] == f"{day(12)}T00:00:00"
    assert second["parameters"] == {"front.line.tempo_per_1000_per_day": [1.0, 0.5]}
    change = next(line for line in found if line["kind"] == "intervention")
    assert change["parameters"] == {"front.line.tempo_per_1000_per_day": [0.5, 1.4]}


def test_events_say_their_front_and_side() -> None:
    found = lines(BUSY)
    kinds = {line["kind"]: line for line in reversed(found)}
    assert (kinds["incursion"]["front"], kinds["incursion"]["side"]) == ("edge", "blue")
    assert (kinds["landing"]["front"], kinds["landing"]["side"]) == ("line", "red")
    assert (kinds["aid"]["side"], kinds["aid"]["changed"].keys()) == ("blue", {"blue.munitions"})
    for line in found:
        if line["kind"] == "engagement":
            name = f"{line['front']}.{line['side']}.attacks"
            assert line["changed"][name][1] == line["changed"][name][0] + 1
        if line["kind"] == "arrival" and line["front"]:
            assert any(key.startswith(f"{line['front']}.{line['side']}.") for key in line["changed"])
