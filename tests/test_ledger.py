"""People are never made or lost, and shares stay shares: in every scenario, at every event (E1)."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import loaded_scenarios
from worlds import STILL, at, day, lowered, merged, started, until

from sim.engine.compiled import Run, simulate
from sim.model.codes import END, RESERVE, TRAINING, TRANSIT, WOUNDED
from sim.scenario.load import Loaded
from sim.scenario.lower import lower

EVERY_KIND = (1 << int(END)) - 1
MOST_RECOUNTED = 2000  # events; then on to the end
SLACK_KM2 = 1e-9  # bound + (bound - bound) in floating point

WIDE = [HealthCheck.too_slow, HealthCheck.data_too_large]  # whole scenarios are large examples


def recount(run: Run) -> np.ndarray:
    """Return the error of the ledger by side and contingent: int64[2, contingent]."""
    s, n = run.state[0], int(run.params[0]["n_fronts"])
    deployed = s["front"]["people"][:n].sum(axis=0)
    side = s["side"]
    held = side["reserve"] + side["training"] + side["transit"] + side["wounded"] + side["lost"]
    return side["start"] + side["entered"] - deployed - held


def check_pipeline(run: Run) -> None:
    """Training and transit are what the pipeline holds of them; wounded are its cohorts and those of this week."""
    s = run.state[0]
    entries = s["pipeline"][: int(s["n_pipeline"])]
    counted = np.zeros((3, 2, s["side"]["training"].shape[1]), np.int64)
    np.add.at(counted, (entries["kind"], entries["side"], entries["contingent"]), entries["people"])
    side = s["side"]
    assert np.array_equal(counted[TRAINING], side["training"])
    assert np.array_equal(counted[TRANSIT], side["transit"])
    assert np.array_equal(counted[WOUNDED] + side["wounded_this_week"], side["wounded"])
    moving = entries[(entries["kind"] == TRANSIT) & (entries["place"] != RESERVE)]
    inbound = np.zeros_like(s["front"]["inbound"])
    np.add.at(inbound, (moving["place"], moving["side"]), moving["people"])
    assert np.array_equal(inbound, s["front"]["inbound"])
    assert len(set(entries["sequence"])) == len(entries)
    assert (entries["people"] > 0).all()


def check_bounds(run: Run) -> None:
    p, s = run.params[0], run.state[0]
    n = int(p["n_fronts"])
    front, given_ = s["front"][:n], p["front"][:n]
    assert (front["people"] >= 0).all()
    assert np.array_equal(front["people"].sum(axis=2), front["total"])
    assert (front["territory_km2"] >= given_["min_territory_km2"] - SLACK_KM2).all()
    assert (front["territory_km2"] <= given_["max_territory_km2"] + SLACK_KM2).all()
    for name in ("works", "readiness", "surprise", "effort", "supply", "concentration"):
        assert (front[name] >= 0).all(), name
        assert (front[name] <= 1).all(), name
    for name in ("reserve", "training", "transit", "wounded", "lost", "entered", "munitions"):
        assert (s["side"][name] >= 0).all(), name
    assert (s["side"]["reserve_readiness"] >= 0).all()
    assert (s["side"]["reserve_readiness"] <= 1).all()
    assert (np.abs(front["pressure"]) <= 3).all()


@settings(max_examples=60, suppress_health_check=WIDE)
@given(loaded_scenarios(), st.integers(0, 2**64 - 1))
def test_every_scenario_keeps_its_ledger_at_every_event(scenario: Loaded, seed: int) -> None:
    world = lower(scenario, {})
    world.params["check_every_event"] = 1
    block = simulate(world.params, world.labels, seed, np.arange(3, dtype=np.uint64))
    assert not block.status.any()
    assert block.series.shape[1] == world.days + 1


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=WIDE)
@given(loaded_scenarios(most_fronts=6), st.integers(0, 1000))
def test_a_recount_after_each_event_agrees(scenario: Loaded, seed: int) -> None:
    world = lower(scenario, {})
    run = Run(world.params, world.labels)
    run.start(seed, 0)
    events, kind = 0, 0
    while kind != END and events < MOST_RECOUNTED:
        assert not recount(run).any()
        if events % 5 == 0:
            check_pipeline(run)
            check_bounds(run)
        before = int(run.state[0]["now"])
        kind = run.advance(mask=EVERY_KIND)
        assert kind >= 0
        assert run.state[0]["now"] >= before
        events += 1
    assert run.state[0]["events"] == events - 1
    assert run.advance() == END
    assert not recount(run).any()
    check_pipeline(run)
    check_bounds(run)


def _allied(**inflow: Any) -> dict[str, Any]:
    tranches = {name: {"at": day(6), "share": 0.5} for name in ("first", "second")}
    ally = {"inflow": {"people": 4000, "front": "line", "acclimatise": 0, "tranches": tranches, **inflow}}
    return {"sides": {"red": {"contingents": {"ally": ally}}}}


@pytest.mark.parametrize("acclimatise", [0, 2])
def test_two_landings_at_one_instant_both_count(acclimatise: float) -> None:
    run = until(started(lowered(STILL, _allied(acclimatise=acclimatise))), 6)
    assert run.state[0]["side"][1]["entered"][1] == 4000
    entries = run.state[0]["pipeline"][: int(run.state[0]["n_pipeline"])]
    assert entries["people"].tolist() == [2000, 2000]
    assert len(set(entries["due"])) == (1 if acclimatise else 2)  # at once on their way: one after the other by lift
    assert len(set(entries["sequence"])) == 2
    until(run, 40)
    assert run.state[0]["front"][0]["people"][1, 1] == 4000
    assert not recount(run).any()


def test_a_broken_ledger_is_reported() -> None:
    world = lowered(merged(STILL, at("end", day(20))))
    run = until(started(world), 3)
    run.state[0]["side"][1]["reserve"][0] += 1
    assert run.advance() == -1
    run.start(1, 0)
    run.state[0]["front"][0]["territory_km2"] = np.nan
    assert run.advance() == -3
