"""`verify`: the checks hold for this model, and each of them fails for a model that is wrong in its matter."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from sim.analysis import verify_campaign, verify_counts, verify_laws
from sim.analysis import verify_check as checking
from sim.analysis.verify import PLAN, Step, verify
from sim.analysis.verify_check import Check, Comparison, check, without_numbers
from sim.analysis.verify_worlds import lively, merged
from sim.cli import main as cli
from sim.errors import RunError
from sim.experiment import trial as trials
from sim.experiment.trial import NotShippedError, Readings, Simulate, Trial, load_trial, simulate

Command = Callable[..., tuple[int, str, str]]


# --- wrong models -----------------------------------------------------------------------------------------------------


def with_change(*changes: dict[str, Any], sets: tuple[str, ...] = ()) -> Simulate:
    """Return a simulator whose scenarios differ from those asked for."""

    def wrong(trial: Trial) -> Readings:
        if isinstance(trial.scenario, str):
            return simulate(replace(trial, sets=(*trial.sets, *sets)))
        return simulate(replace(trial, scenario=merged(trial.scenario, *changes)))

    return wrong


def with_readings(change: Callable[[Trial, str, np.ndarray], np.ndarray]) -> Simulate:
    """Return a simulator whose readings, float64[run, day] by name, are changed."""

    def wrong(trial: Trial) -> Readings:
        found = simulate(trial)
        return replace(found, series={name: change(trial, name, values) for name, values in found.series.items()})

    return wrong


def combat(**values: float) -> Simulate:
    return with_change({"combat": values})


def doubled(_: Trial, name: str, values: np.ndarray) -> np.ndarray:
    """Engagements come in pairs: counts with the same mean and twice the variance."""
    return 2 * values - values.mean(axis=0) if name.endswith("engagements") else values


def wider_when_large(trial: Trial, _: str, values: np.ndarray) -> np.ndarray:
    """The spread falls as people^-1/4: at 16 times the people it is twice what it should be."""
    assert not isinstance(trial.scenario, str)
    large = trial.scenario["fronts"]["line"]["length"] > 600
    return values.mean(axis=0) + 2 * (values - values.mean(axis=0)) if large else values


def one_lost(_: Trial, name: str, values: np.ndarray) -> np.ndarray:
    """One person is gone from a reserve on one day of one run."""
    if name.endswith(".reserve"):
        values = values.copy()
        values[1, 17] -= 1
    return values


def one_bit(trial: Trial, name: str, values: np.ndarray) -> np.ndarray:
    """A number differs in its last bit, with two threads and with SimPy."""
    if (trial.workers == 2 or trial.engine == "simpy") and name in ("east.territory_km2", "east.blue.people"):
        values = values.copy()
        values[0, 5] = np.nextafter(values[0, 5], np.inf)
    return values


def survivors_swapped(trial: Trial, name: str, values: np.ndarray) -> np.ndarray:
    """Winners keep one person fewer than they do (as often as before)."""
    return np.where(values > 1, values - 1, values)


def later_orders(trial: Trial) -> Readings:
    """Orders take effect a day late."""
    assert not isinstance(trial.scenario, str)
    policies = trial.scenario["sides"]["blue"].get("policies", {})
    late = {name: {"after": 1} for name in policies}
    return simulate(replace(trial, scenario=merged(trial.scenario, {"sides": {"blue": {"policies": late}}})))


def halves_too_long(trial: Trial) -> Readings:
    """A half of a front is longer than half of it."""
    assert not isinstance(trial.scenario, str)
    fronts = {name: {"length": 55} for name in trial.scenario["fronts"] if "half" in trial.scenario["fronts"]}
    return simulate(replace(trial, scenario=merged(trial.scenario, {"fronts": fronts})))


def too_coarse(trial: Trial) -> Readings:
    """The flagship's events stand for 200 engagements."""
    return simulate(replace(trial, sets=trial.sets or ("combat.granularity=200",)))


BROKEN: dict[str, Simulate] = {
    "Lanchester, square law": combat(enemy_exponent=0.93),
    "Lanchester, linear law": combat(own_exponent=0.93),
    "Lanchester, logarithmic law": combat(own_exponent=0.93),
    "Lanchester, mixed law": combat(own_exponent=0.57, enemy_exponent=0.43),
    "spread of losses": combat(casualty_spread=1.2),
    "spread falls as people^-1/2": with_readings(wider_when_large),
    "win probability, exact chain": with_change({"fronts": {"line": {"effort": {"red": 0.85}}}}),
    "survivors, exact chain": with_readings(survivors_swapped),
    "Iwo Jima 1945 (Engel)": with_change(sets=("sides.japan.casualties.defending=1.09",)),
    "engagements, mean of a Poisson count": with_change({"fronts": {"line": {"forces": {"blue": {"army": 31_000}}}}}),
    "engagements, dispersion of a Poisson count": with_readings(doubled),
    "engagements when rates change": later_orders,
    "lift queue, closed form": with_change({"sides": {"red": {"movement": {"lift": {"east": 600}}}}}),
    "a front cut into halves": halves_too_long,
    "ledger, flagship": with_readings(one_lost),
    "ledger, campaigns at random": with_readings(one_lost),
    "same bits for any threads and chunks": with_readings(one_bit),
    "same bits by both engines": with_readings(one_bit),
    "granularity's share of variance": too_coarse,
    "status quo, 9 of 10 runs": with_change(sets=("combat.ground=1.5",)),
    "status quo, all runs": with_change(sets=("combat.ground=5", "combat.culmination=0")),
}

# Fewer runs than the command makes: what is broken is broken widely.
FEWER = {
    verify_laws: {"LAW_RUNS": 20, "SCALE_RUNS": 300, "CHAIN_RUNS": 4000, "IWO_RUNS": 20},
    verify_counts: {"COUNT_RUNS": 1500, "HALVES_RUNS": 600},
    verify_campaign: {"RANDOM_WORLDS": 3, "GRAIN_RUNS": 40, "STATUS_QUO_DRAWS": 20, "STATUS_QUO_RUNS": 2},
}


@pytest.fixture
def fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, numbers in FEWER.items():
        for name, value in numbers.items():
            monkeypatch.setattr(module, name, value)


def step_of(name: str) -> Step:
    """Return the step that makes a check."""
    prefixes = {"spread": "spread", "win": "exact chain", "survivors": "exact chain", "engagements": "engagement"}
    first = prefixes.get(name.replace(",", "").split()[0], name.split(",")[0] if "Lanchester" not in name else name)
    return next(step for step in PLAN if step.name.startswith(first))


@pytest.mark.slow
@pytest.mark.parametrize("name", BROKEN)
def test_each_check_fails_on_a_model_that_is_wrong_in_its_matter(name: str, fewer: None) -> None:
    ((_, found),) = verify(BROKEN[name], 0, (step_of(name),))
    failed = {each.name for each in found if each.ok is False}
    assert name in failed
    assert all(math.isfinite(each.error) for each in found)


@pytest.mark.slow
def test_every_check_holds_and_every_check_has_a_model_that_breaks_it() -> None:
    found = [each for _, checks in verify(simulate, 0, PLAN) for each in checks]
    assert {each.name for each in found} == set(BROKEN)
    assert [each.name for each in found if not each.ok] == []


def test_few_comparisons_are_at_risk_of_chance() -> None:
    """150 at a two-sided 5 sigma: a probability of 1e-4, of which the bound of 1 in 1,000 leaves a factor of ten."""
    assert math.erfc(checking.Z / math.sqrt(2)) == pytest.approx(checking.TAIL, rel=0.02)
    assert 150 * checking.TAIL < 1e-4


# --- the theory that the model is compared with -----------------------------------------------------------------------


@pytest.mark.parametrize("law", ["square", "linear", "logarithmic"])
def test_integrated_laws_are_their_closed_forms(law: str) -> None:
    duel = verify_laws.Duel(verify_laws.LAWS[law], (1.0, 0.6))
    theory = verify_laws.course(duel, (7.0, 30.0))
    for k, t in enumerate((7.0, 30.0)):
        assert theory.density[k] == pytest.approx(verify_laws.closed_form(duel, t), rel=1e-8)


def test_the_spread_of_a_logarithmic_law_is_that_of_a_count() -> None:
    """Only blue attacks, and red's loss feeds back on nothing but itself: dC = (-2 b C + rate jump^2) dt."""
    duel = verify_laws.Duel((1, 0), (1.0, 0.0), kappa=((0.0, 0.0), (0.0, 10.0)))
    theory = verify_laws.course(duel, (40.0,))
    rate, scale = duel.tempo * duel.length_km * duel.density[0], 1000 * duel.length_km
    b = duel.coefficients()[1]
    steps = np.linspace(0, 40, 100_001)
    jump = 10.0 * duel.density[1] * np.exp(-b * steps) / duel.density[0] / scale
    added = rate * (jump**2 + 0.25 / scale**2) * np.exp(-2 * b * (40 - steps))
    # Blue's own number does not change: no other source of variance.
    assert theory.variance[0, 1] == pytest.approx(np.trapezoid(added, steps), rel=1e-6)
    assert theory.variance[0, 0] == pytest.approx(rate * 0.25 / scale**2 * 40, rel=1e-6)


def test_the_chain_of_one_against_one_is_a_coin() -> None:
    assert verify_laws.absorbed(1, 1, 0.3, 0.1) == pytest.approx({1: 0.75, -1: 0.25})
    assert sum(verify_laws.absorbed(10, 8, 0.2, 0.3).values()) == pytest.approx(1)


def test_engel_lands_what_the_scenario_lands() -> None:
    scenario = load_trial("iwo_jima_1945").scenario
    people = scenario.sides["us"].contingents["marines"].inflow.people.central
    assert people == sum(landed for _, landed in verify_laws.LANDED)
    # Up to the first landing it is the closed form of the square law: J = J0 cosh(wt) - M0 sqrt(B/A) sinh(wt).
    a, b, t = verify_laws.ENGEL_A, verify_laws.ENGEL_B, 2.006
    wt = math.sqrt(a * b) * t
    japan = 21_500 * math.cosh(wt) - 54_000 * math.sqrt(b / a) * math.sinh(wt)
    assert 21_500 - verify_laws.engel(t).loss[1] == pytest.approx(japan, rel=1e-8)


def test_the_lift_queue_waits_for_those_before() -> None:
    """700 on day 2 take 1.08 days and travel 3.25: day 6.33; 2,500 wait for them: day 10.17; then 400 and 100."""
    found = verify_counts.arrived(40)
    assert (found[6], found[7], found[10], found[11]) == (0, 700, 700, 3700)
    assert found[40] == sum(people for _, people in verify_counts.LANDINGS)


# --- checks and trials ------------------------------------------------------------------------------------------------


def test_a_check_shows_its_worst_comparison() -> None:
    near, far = Comparison("near", 1.0, 1.1, 1.0), Comparison("far", 100.0, 97.0, 0.05, relative=True)
    found = check("both", [near, far], "stated")
    assert (found.compared, found.ok, found.comparisons) == ("far", True, 2)
    assert found.error == pytest.approx(0.03)
    assert check("required", [Comparison("share", None, 0.2, 0.1)], "").error == 0.2
    assert check("exact", [near, Comparison("off", 0.0, 1e-300, 0.0)], "").compared == "off"
    assert not check("nothing", [near, Comparison("lost", 1.0, math.nan, 1.0)], "").ok
    assert check("nothing", [near, Comparison("lost", 1.0, math.nan, 1.0)], "").compared == "lost"


def test_campaigns_at_random_are_valid_and_move_people() -> None:
    random = Random(3)
    for seed in range(6):
        found = simulate(
            Trial(lively(random), seed, 2, ("red.casualties", "blue.people_diverted", "red.reinforcements"))
        )
        assert not found.status.any()
        assert (found.series["red.reinforcements"][:, -1] > 0).all()


def test_a_trial_reads_what_the_run_writes() -> None:
    """The whole record equals a selection of it, on the days asked for, whatever the workers."""
    world = lively(Random(1))
    every = simulate(Trial(world, 5, 6))
    some = simulate(Trial(world, 5, 6, ("line.territory_km2", "red.wounded"), (7, 60), workers=3, block=2))
    for name, values in some.series.items():
        assert values.tolist() == every.series[name][:, [7, 60]].tolist()
    assert simulate(Trial(world, 6, 6, ("red.wounded",), (60,))).series["red.wounded"].tolist() != (
        some.series["red.wounded"][:, 1:].tolist()
    )


def test_a_failed_run_is_a_failed_check() -> None:
    def failing(trial: Trial) -> Readings:
        found = simulate(trial)
        return replace(found, status=np.arange(len(found.status)), reasons=("the ledger of people does not balance",))

    ((_, (found,)),) = verify(failing, 0, (step_of("lift queue"),))
    assert found.ok is False
    assert found.reason == "1 of 2 runs failed: the ledger of people does not balance"


def test_a_scenario_that_is_not_shipped_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "SHIPPED", tmp_path)
    with pytest.raises(NotShippedError, match=r"scenarios/iwo_jima_1945\.yaml is not beside this installation"):
        load_trial("iwo_jima_1945")
    ((_, (found,)),) = verify(simulate, 0, (step_of("Iwo Jima"),))
    assert found.ok is None
    assert "comes with the source" in found.reason


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def twofront(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line with a plan of four quick steps; return its exit code, output and errors."""
    monkeypatch.setattr("sim.model.kernel.WARM", True)
    good = check("good", [Comparison("shares", 2.0, 2.1, 0.1, relative=True)], "for good reasons")
    bad = check("bad", [Comparison("counts", 1234.5, math.nan, 0.0)], "it must be exact")

    def lost(*_: object) -> Check:
        raise RunError("2 of 3 runs failed")

    steps = {
        "good": lambda *_: [good],
        "bad": lambda *_: bad,
        "lost": lost,
        "gone": lambda *_: without_numbers("gone", "", None, "not beside this installation"),
    }

    def run(*arguments: str) -> tuple[int, str, str]:
        chosen = [name for name in arguments if name in steps]
        plan = tuple(Step(name, steps[name]) for name in chosen)
        monkeypatch.setattr("sim.analysis.verify.PLAN", plan)
        with pytest.raises(SystemExit, match=r"\d+") as caught:
            cli.main(["verify", *(name for name in arguments if name not in steps)])
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, err

    return run


def test_a_table_shows_each_check_with_error_and_bound(twofront: Command) -> None:
    code, out, err = twofront("good", "gone", "--seed", "4")
    assert (code, err) == (0, "")
    row = next(line for line in out.splitlines() if line.startswith("good"))
    assert row.split() == ["good", "1", "2", "2.1", "5", "%", "10", "%", "ok"]
    assert "not beside this installation" in out
    assert "1 of 2 checks are ok; not run: gone  (seed 4" in out
    assert "for good reasons" not in out
    assert "for good reasons" in twofront("good", "--why")[1]


def test_a_failed_check_exits_with_1(twofront: Command) -> None:
    code, out, _ = twofront("good", "bad", "lost")
    assert code == 1
    assert out.count("FAILED") == 2
    assert "1 of 3 checks are ok; failed: bad, lost" in out


def test_json_is_clean_and_has_the_agreed_fields(twofront: Command) -> None:
    code, out, err = twofront("good", "bad", "gone", "--json", "--quiet")
    content = json.loads(out, parse_constant=lambda name: pytest.fail(name))
    assert (code, err) == (1, "")
    assert (content["command"], content["ok"], content["failed"], content["not_run"]) == ("verify", 1, 1, 1)
    assert [each["name"] for each in content["checks"]] == ["good", "bad", "gone"]
    assert all({"name", "error", "bound", "ok", "why"} <= set(each) for each in content["checks"])
    assert [each["ok"] for each in content["checks"]] == [True, False, None]
    assert content["checks"][1]["error"] is None


def test_what_is_no_seed_is_refused(twofront: Command) -> None:
    code, out, err = twofront("good", "--seed", "-1")
    assert (code, out) == (2, "")
    assert "--seed: -1 is not between 0 and" in err


def test_ctrl_c_exits_with_130(twofront: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sim.analysis.verify.verify", interrupt)
    code, out, err = twofront("good")
    assert (code, out) == (130, "")
    assert "interrupted" in err
