"""The compiled engine: a run is a pure function of (parameters, seed, replication), wherever and however it is run."""

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import loaded_scenarios
from worlds import (
    DUEL,
    INCURSION,
    STILL,
    Raw,
    allied_tranches,
    at,
    column,
    day,
    last,
    lowered,
    merged,
    replications,
    started,
    until,
)

from sim.engine.compiled import FAULTS, Block, Run, branch, simulate
from sim.model.codes import ARRIVAL, END, FAR, FRONTS, PURPOSES, SIDES, SLOT_ARRIVAL, SLOT_ENGAGEMENT, TICKS_PER_DAY
from sim.model.codes import INCURSION as INCURSION_ORDER
from sim.model.orders import delay_entry
from sim.model.rules import advance
from sim.model.state import STATE
from sim.scenario.load import Loaded, load
from sim.scenario.lower import Lowered, lower

SHIPPED = sorted((Path(__file__).parent.parent / "scenarios").glob("*.yaml"))
EVERY_EVENT = (1 << int(END)) - 1
WIDE = [HealthCheck.too_slow, HealthCheck.data_too_large]  # whole scenarios are large examples

# A world in which everything happens: incursion, allies, aid, policies, seasons, luck, interventions, talks.
BUSY: Raw = merged(
    DUEL,
    INCURSION,
    allied_tranches([(8, 2000), (8, 1000), (20, 1500)], front="line", acclimatise=2),
    {
        "luck": {"theatre_sigma": 0.3, "front_sigma": 0.3},
        "withdrawal": {"hazard": 0.05},
        "talks": {"at": day(10), "mean_wait": 20},
        "seasons": {"mud": {"begins": "01-15", "ends": "01-25", "mobility": 0.5, "attack": 0.9}},
        "interventions": {"change": {"at": day(25), "set": {"fronts": {"line": {"tempo": 1.4}}}}},
        "aid": {"west": {"packages": {"a": {"to": "blue", "rounds": 30000, "announced": day(1), "delay": 9}}}},
        "sides": {
            "red": {
                "policies": {
                    "answer": {
                        "kind": "threshold",
                        "front": "edge",
                        "when": {"front": "edge", "lost": 10},
                        "base": 6000,
                        "per_km2": 20,
                        "sources": ["line"],
                        "move_share": 0.1,
                    }
                }
            }
        },
    },
)


@pytest.fixture(scope="module")
def busy() -> Lowered:
    return lowered(BUSY)


def same(first: Block, second: Block) -> None:
    for a, b in zip(first, second, strict=True):
        assert a.tobytes() == b.tobytes()


def joined(blocks: list[Block]) -> Block:
    return Block(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))


def finished(world: Lowered, seed: int = 1, replication: int = 0) -> Run:
    run = started(world, seed, replication)
    assert run.advance() == END
    return run


# --- a pure function of seed and replication --------------------------------------------------------------------------


def test_neither_order_nor_chunks_change_a_bit(busy: Lowered) -> None:
    whole = simulate(busy.params, busy.labels, 1, replications(24))
    for size in (1, 5, 24):
        chunks = [replications(24)[k : k + size] for k in range(0, 24, size)]
        same(whole, joined([simulate(busy.params, busy.labels, 1, chunk) for chunk in chunks]))
    backwards = simulate(busy.params, busy.labels, 1, replications(24)[::-1].copy())
    same(whole, Block(*(part[::-1] for part in backwards)))


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads_do_not_change_a_bit(busy: Lowered, threads: int) -> None:
    whole = simulate(busy.params, busy.labels, 1, replications(40))
    chunks = np.array_split(replications(40), 8)
    with ThreadPoolExecutor(threads) as pool:
        blocks = list(pool.map(lambda chunk: simulate(busy.params, busy.labels, 1, chunk), chunks))
    same(whole, joined(blocks))


def test_zero_is_a_seed_and_every_seed_and_replication_has_its_own_luck(busy: Lowered) -> None:
    first, again, other = (simulate(busy.params, busy.labels, seed, replications(5)) for seed in (0, 0, 1))
    same(first, again)
    ground = column(busy.labels, "line.territory_km2")
    values = np.concatenate([block.series[:, -1, ground] for block in (first, other)])
    assert len(set(values)) == 10
    largest = simulate(busy.params, busy.labels, 2**64 - 1, np.array([2**64 - 1], np.uint64))
    assert largest.status.tolist() == [0]


def test_a_run_leaves_nothing_behind_for_the_next(busy: Lowered) -> None:
    run = started(busy, 1, 0)
    run.advance()
    run.start(1, 7)
    run.advance()
    assert run.checkpoint() == finished(busy, 1, 7).checkpoint()


def test_the_given_parameters_are_not_touched(busy: Lowered) -> None:
    before = busy.params.tobytes()
    simulate(busy.params, busy.labels, 1, replications(2))
    branch(busy.params, busy.params, busy.labels, 1, replications(2), 26 * TICKS_PER_DAY)
    assert busy.params.tobytes() == before


def test_every_shipped_scenario_uses_the_one_compiled_signature() -> None:
    for path in SHIPPED:
        world = lower(load(path), {})
        run = started(world)
        until(run, 3)
    assert len(advance.signatures) == 1


# --- stopping, checkpoints, branches ----------------------------------------------------------------------------------


def test_a_checkpoint_goes_on_identically(busy: Lowered) -> None:
    whole = finished(busy)
    run = until(started(busy), 22.3)
    saved, series = run.checkpoint(), run.series.copy()
    run.advance()
    assert run.checkpoint() == whole.checkpoint()
    elsewhere = Run(busy.params, busy.labels)
    elsewhere.restore(saved)
    elsewhere.series[:] = series
    assert elsewhere.checkpoint() == saved
    assert elsewhere.advance() == END
    assert elsewhere.checkpoint() == whole.checkpoint()
    assert elsewhere.series.tobytes() == whole.series.tobytes()


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(0, 2 ** (int(END) + 1) - 1), st.integers(0, 41 * int(TICKS_PER_DAY)) | st.just(int(FAR))),
        max_size=30,
    )
)
def test_advancing_in_steps_is_advancing_in_one_go(busy: Lowered, steps: list[tuple[int, int]]) -> None:
    run = started(busy)
    for mask, tick in steps:
        assert run.advance(mask & ~(1 << int(END)), tick) >= 0
    assert run.advance() == END
    assert _state_bytes(run) == _state_bytes(finished(busy))
    assert run.series.tobytes() == finished(busy).series.tobytes()


def _state_bytes(run: Run) -> bytes:
    """The state but for the mark that the driver stopped before an event."""
    state = run.state.copy()
    state["stopped"] = 0
    return state.tobytes()


@settings(max_examples=20, suppress_health_check=WIDE)
@given(loaded_scenarios(most_fronts=8), st.integers(0, 99))
def test_one_event_at_a_time_is_the_same_run(scenario: Loaded, seed: int) -> None:
    world = lower(scenario, {})
    whole, run = finished(world, seed), started(world, seed)
    while run.advance(mask=(1 << int(END)) - 1) != END:
        pass
    assert _state_bytes(run) == _state_bytes(whole)


def test_advance_stops_just_before_the_event_and_says_which(busy: Lowered) -> None:
    run = started(busy)
    order = 1 << int(INCURSION_ORDER)
    assert run.advance(mask=order) == INCURSION_ORDER
    assert run.state[0]["now"] <= 3 * TICKS_PER_DAY
    assert run.state[0]["front"][1]["total"][0] == 0
    assert until(run, 3).state[0]["front"][1]["total"][0] == 8000
    assert run.advance(mask=order) == END
    assert run.advance() == END  # and again, without harm


@pytest.mark.parametrize("number", [0, 3, 14, 25, 39, 40])
def test_a_branch_under_the_same_parameters_is_the_uninterrupted_run(busy: Lowered, number: int) -> None:
    whole = simulate(busy.params, busy.labels, 1, replications(10))
    same(whole, branch(busy.params, busy.params, busy.labels, 1, replications(10), number * TICKS_PER_DAY))


def test_a_branch_within_a_day_is_the_uninterrupted_run_but_for_rounding() -> None:
    """Re-timing at the branch may round a residual differently: one tick of one event, rarely over a midnight.

    Not so where munitions matter: an engagement on one front spends what another front's power was computed with.
    """
    ample = {"sides": {side: {"munitions": {"floor": 1}} for side in ("blue", "red")}}
    world = lowered(BUSY, ample)
    whole = simulate(world.params, world.labels, 1, replications(20))
    branched = branch(world.params, world.params, world.labels, 1, replications(20), round(13.37 * TICKS_PER_DAY))
    assert not branched.status.any()
    equal = [a.tobytes() == b.tobytes() for a, b in zip(whole.series, branched.series, strict=True)]
    assert np.mean(equal) > 0.5


@pytest.mark.parametrize("number", [0, 13, 25, 30])
def test_a_branch_leaves_the_past_as_it_was(busy: Lowered, number: int) -> None:
    other = lowered(BUSY, at("combat.posture", 2.5), at("fronts.line.tempo", 2))
    whole = simulate(busy.params, busy.labels, 1, replications(10))
    branched = branch(busy.params, other.params, busy.labels, 1, replications(10), number * TICKS_PER_DAY)
    assert not branched.status.any()
    assert branched.series[:, : number + 1].tobytes() == whole.series[:, : number + 1].tobytes()
    ground = column(busy.labels, "line.territory_km2")
    assert (branched.series[:, -1, ground] != whole.series[:, -1, ground]).all()


def test_a_branch_happens_under_the_other_schedule_from_then_on() -> None:
    """Landings, aid and talks that lie ahead follow the other parameters; those that are past do not happen again."""
    early = lowered(STILL, allied_tranches([(8, 1000)]), {"talks": {"at": day(30)}})
    late = lowered(STILL, allied_tranches([(20, 1000)]), {"talks": {"at": day(35)}})

    def landed(base: Lowered, other: Lowered, number: int) -> list[float]:
        block = branch(base.params, other.params, base.labels, 1, replications(1), number * TICKS_PER_DAY)
        series = block.series[0, :, column(base.labels, "red.reinforcements")]
        return [float(series[7]), float(series[19]), float(series[-1]), float(block.final[0, 5])]

    assert landed(early, late, 5) == [0, 0, 1000, 35]
    assert landed(late, early, 5) == [0, 1000, 1000, 30]
    assert landed(early, early, 10) == [0, 1000, 1000, 30]


def test_whoever_is_due_first_is_first_whoever_is_put_off(busy: Lowered) -> None:
    """Before arrivals an entry is put off now and then, by a day, so that due times tie as well; ties go by number."""
    run, random, put_off = started(busy), np.random.default_rng(5), 0
    while run.advance(mask=1 << int(ARRIVAL)) == ARRIVAL:
        waiting = run.state[0]["pipeline"][: run.state[0]["n_pipeline"]]
        if random.random() < 0.4:
            due, number = (int(x) for x in random.choice(waiting[["due", "sequence"]]))
            assert delay_entry(run.state, number, TICKS_PER_DAY) == due + TICKS_PER_DAY
            put_off += 1
        entries = list(zip(waiting["due"].tolist(), waiting["sequence"].tolist(), strict=True))
        assert entries[0] == min(entries)
        assert run.state[0]["next_tick"][SLOT_ARRIVAL] == entries[0][0]
    assert put_off > 10


# --- what is derived from the parameters ------------------------------------------------------------------------------

DERIVED_FROM = [
    ("combat.culmination", 1.6),
    ("combat.casualty_spread", 1.4),
    ("combat.surprise_decay", 0.05),
    ("combat.advance_days", 3),
    ("combat.loss_days", 30),
    ("combat.yield_days", 5),
    ("combat.pressure_days", 30),
]
FOLLOWS_YIELD: Raw = {
    "sides": {"blue": {"policies": {"gain": {"kind": "follow_yield", "fronts": ["line", "edge"], "move_share": 0.2}}}}
}
CLEARED = {"combat": {"culmination": 1.1, "casualty_spread": 0.5, "overextension": 20, "fatigue_losses": 3}}


def recompute(run: Run) -> None:
    """Set what is derived to what the parameters of this moment say."""
    p, s = run.params[0], run.state[0]
    s["log_culmination"] = math.log(p["culmination_ratio"])
    s["casualty_sigma"] = math.sqrt(math.log1p(p["casualty_spread"] * p["casualty_spread"] / p["granularity"]))
    for kept in ("advance", "yield", "loss"):
        s[f"keep_{kept}"] = math.exp(-1.0 / p[f"{kept}_memory_days"])
    s["keep_surprise"] = math.exp(-p["surprise_decay_per_day"])
    s["pressure_step"] = 1.0 - math.exp(-1.0 / p["pressure_days"])


def finished_in_steps(run: Run) -> Run:
    """Advance to the end one event at a time; before each, what is derived is computed anew."""
    recompute(run)
    while run.advance(mask=EVERY_EVENT) != END:
        recompute(run)
    return run


@pytest.mark.parametrize(("path", "value"), DERIVED_FROM)
def test_an_intervention_reaches_what_is_derived_from_the_parameters(path: str, value: float) -> None:
    base = merged(BUSY, FOLLOWS_YIELD, CLEARED)
    world = lowered(base, {"interventions": {"later": {"at": day(13), "set": at(path, value)}}})
    plain = finished(world)
    assert plain.state.tobytes() == finished_in_steps(started(world)).state.tobytes()
    assert plain.series.tobytes() != finished(lowered(base)).series.tobytes()


@pytest.mark.parametrize(("path", "value"), DERIVED_FROM)
def test_a_branch_reaches_what_is_derived_from_the_parameters(path: str, value: float) -> None:
    base = merged(BUSY, FOLLOWS_YIELD, CLEARED)
    world, other = lowered(base), lowered(base, at(path, value))
    branched, stepped = (until(started(world), 13) for _ in range(2))
    for run in (branched, stepped):
        run.change(other.params, 13 * TICKS_PER_DAY)
    assert branched.advance() == END
    assert branched.state.tobytes() == finished_in_steps(stepped).state.tobytes()
    assert branched.series.tobytes() != finished(world).series.tobytes()


# --- what goes wrong is reported --------------------------------------------------------------------------------------


def test_an_overfull_pipeline_is_reported() -> None:
    """A review every half hour that sends what lift can take up, 20 people, on a journey of years."""
    trickle = {"kind": "reinforce", "front": "line", "people": 90000, "reserve_share": 0.5}
    red = {"policies": {"trickle": trickle}, "reviews": {"every": 0.02}, "movement": {"travel": 3000}}
    world = lowered(STILL, {"sides": {"red": red}}, at("sides.red.contingents.army.reserve", 80000))
    block = simulate(world.params, world.labels, 1, replications(3))
    assert block.status.tolist() == [2, 2, 2]
    assert "pipeline" in FAULTS[2]
    assert (block.series[:, -1] == 0).all()  # the run ended early


def test_a_territory_that_is_no_number_is_reported() -> None:
    world = lowered(STILL)
    world.params[0]["front"][0]["start_territory_km2"] = np.nan
    assert simulate(world.params, world.labels, 1, replications(2)).status.tolist() == [3, 3]


# --- common random numbers --------------------------------------------------------------------------------------------

# Two fronts in two theatres that share nothing but the seed.
APART: Raw = merged(
    STILL,
    {
        "theatres": {"north": {"positive": "blue"}},
        "fronts": {"edge": None, "hills": {**STILL["fronts"]["line"], "theatre": "north"}},
        "combat": {"ground": 0.3, "ground_spread": 1, "casualty_spread": 0.5, "works_build": 0.02, "fatigue_losses": 3},
        "luck": {"theatre_sigma": 0.3, "front_sigma": 0.3},
        "withdrawal": {"hazard": 0.05},
        "sides": {side: {"casualties": {"attacking": 8, "defending": 8}} for side in ("blue", "red")},
    },
)
HOLD_BACK: Raw = {"sides": {"blue": {"policies": {"halt": {"kind": "hold", "fronts": ["line"], "effort": 0.2}}}}}


def words(run: Run, front: int) -> Any:
    """Words of every combat stream of a front (purposes 0 to 3, both sides)."""
    return run.state[0]["stream"].reshape(int(PURPOSES), int(FRONTS), SIDES, 4)[:4, front]


@pytest.mark.parametrize(
    "change",
    [
        at("fronts.line.tempo", 2),
        HOLD_BACK,
        at("fronts.line.effort.red", 0.7),
        at("fronts.line.forces.red.army", 5000),
        allied_tranches([(5, 4000)], front="line"),
        {"interventions": {"x": {"at": day(9), "set": at("fronts.line.terrain", 2)}}},
    ],
    ids=["tempo", "policy", "a second attack", "forces", "landing", "intervention"],
)
def test_what_happens_on_one_front_leaves_the_draws_of_others(change: Raw) -> None:
    plain, changed = finished(lowered(APART), 3), finished(lowered(APART, change), 3)
    assert words(plain, 1).tobytes() == words(changed, 1).tobytes()
    assert plain.state[0]["front"][0].tobytes() != changed.state[0]["front"][0].tobytes()
    front = [run.state[0]["front"][1] for run in (plain, changed)]
    assert front[0]["engagements"].tolist() == front[1]["engagements"].tolist()
    assert front[0]["territory_km2"] == front[1]["territory_km2"]
    assert front[0]["people"][:, 0].tolist() == front[1]["people"][:, 0].tolist()


def test_luck_is_the_same_under_every_choice() -> None:
    plain, changed = finished(lowered(BUSY)), finished(lowered(BUSY, at("fronts.line.effort.blue", 0.1)))
    assert plain.state[0]["theatre_luck"].tolist() == changed.state[0]["theatre_luck"].tolist()
    assert plain.state[0]["front"]["luck"].tolist() == changed.state[0]["front"]["luck"].tolist()


def test_a_cancelled_tranche_leaves_the_draws_of_the_others() -> None:
    landings = allied_tranches([(5, 1001), (9, 1003), (13, 1005)])
    ally = "sides.red.contingents.ally.inflow.tranches"
    for k in range(3):
        landings = merged(landings, at(f"{ally}.t{k}.delay", 4), at(f"{ally}.t{k}.delay_sigma", 0.8))
    plain, without = (lowered(STILL, landings, at(f"{ally}.t1.cancelled", p)) for p in (0, 1))
    differences = 0
    for replication in range(20):
        first, second = (started(world, 2, replication).state[0] for world in (plain, without))
        assert second["next_tranche_tick"][1] == FAR
        assert first["next_tranche_tick"][[0, 2]].tolist() == second["next_tranche_tick"][[0, 2]].tolist()
        assert first["stream"].tobytes() == second["stream"].tobytes()
        differences += (
            first["next_tranche_tick"][0] != started(plain, 2, replication + 1).state[0]["next_tranche_tick"][0]
        )
    assert differences == 20


def test_two_policies_meet_the_same_luck_and_pairs_vary_less() -> None:
    """Common random numbers pay: the difference of pairs varies less than that of independent runs."""
    calm, bold = lowered(BUSY), lowered(BUSY, at("combat.posture", 1.35))
    a, b, c = (
        last(calm, "line.territory_km2", 200),
        last(bold, "line.territory_km2", 200),
        last(bold, "line.territory_km2", 200, seed=2),
    )
    assert (b - a).std() < 0.8 * (c - a).std()


def test_an_attack_stopped_and_resumed_keeps_its_clock() -> None:
    """Nothing is redrawn while the effort is nought: the residual stands still."""
    stop = {"kind": "hold", "fronts": ["line"], "effort": 0, "start": day(5), "until": day(6)}
    go = {"kind": "hold", "fronts": ["line"], "effort": 1, "start": day(20)}
    blue = {"policies": {"stop": stop, "go": go}}
    run = until(started(lowered(STILL, {"sides": {"blue": blue}})), 5)
    halted = run.state[0]["engagement"][0, 0].copy()
    stream = words(run, 0).copy()
    assert run.state[0]["next_tick"][SLOT_ENGAGEMENT] == FAR
    until(run, 19.9)
    assert run.state[0]["engagement"][0, 0]["residual"] == halted["residual"]
    assert words(run, 0).tobytes() == stream.tobytes()
    until(run, 20)
    due = 20 * TICKS_PER_DAY + np.ceil(halted["residual"] / run.state[0]["engagement"][0, 0]["rate_per_tick"])
    assert run.state[0]["next_tick"][SLOT_ENGAGEMENT] == due


def test_the_state_is_one_record_of_fixed_size() -> None:
    assert STATE.itemsize % 8 == 0
    assert not STATE.hasobject


@pytest.mark.parametrize(
    "change",
    [
        at("fronts.line.effort.blue", 1e-30),
        {
            "combat": {"culmination": 1.1, "culmination_sharpness": 30},
            "fronts": {"line": {"forces": {"red": {"army": 200000}}}},
        },
    ],
    ids=["effort", "culmination"],
)
def test_a_rate_near_nought_never_fires(change: Raw) -> None:
    run = started(lowered(STILL, {"end": day(2)}, change))
    assert run.advance() == END
    assert run.state[0]["front"][0]["engagements"][0] == 0
