"""`compare`: points on the same luck, what is told of them, and how many replications a target of precision takes."""

import json
import math
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.analysis.compare import Comparison, Pair, Sheet, compare, pairs_of
from sim.analysis.paired import Chance, Pairing, Spread
from sim.analysis.precision import BLOCK, PILOT, Target, read_target, until_precise
from sim.analysis.stats import Crossing, Mean
from sim.cli import main as cli
from sim.cli.compare_table import sentence
from sim.engine import compiled
from sim.engine.compiled import Block
from sim.errors import InputError
from sim.experiment.comparison import Measured
from sim.experiment.study import Case
from sim.experiment.tables import read_parquet
from sim.model.tally import Outcome

ROOT = Path(__file__).resolve().parents[1]
Values = NDArray[np.float64]
Command = Callable[..., tuple[int, str, str]]

KM2, CHANCE = Outcome("ground", "km2", "ground held"), Outcome("success", "probability", "both")
NONE = Mean(None, None)

SCENARIO = """\
twofront: 1
title: Forty days
start: 2024-01-01
end: 2024-02-10
sides:
  blue: {contingents: {army: {reserve: 12000}}}
  red:
    contingents:
      army: {reserve: 8000}
      ally: {inflow: {people: 2000, front: border, acclimatise: 1 d, tranches: {first: {at: 2024-01-15, share: 1}}}}
theatres: {main: {positive: red, role: main}, edge: {positive: blue, role: second, title: The edge}}
fronts:
  line:
    theatre: main
    length: {triangular: [80 km, 100 km, 130 km], source: test}
    forces: {blue: {army: 20000}, red: {army: 30000}}
    effort: {red: 0.7}
  border: {theatre: edge, kind: border, length: 100 km, forces: {red: {army: 3000}}}
incursion:
  side: blue
  front: border
  at: 2024-01-05
  force: {army: 10000}
  otherwise: {share: {uniform: [0.2, 0.8], source: test}}
assess: {side: red, dates: {first: 2024-01-20, last: 2024-02-10}, reference_area: 100 km2}
counterfactual: {set: {incursion: {ordered: false}}}
choices:
  red:
    ally:
      default: comes
      options:
        comes: {about: as planned}
        stays: {set: {sides: {red: {contingents: {ally: {inflow: {people: 0}}}}}}}
        again: {about: the same as what comes}
    effort:
      default: usual
      options:
        usual: {about: as it is}
        full: {set: {fronts: {line: {effort: {red: 1.0}}}}}
  blue:
    order:
      default: given
      options:
        given: {about: as planned}
        none: {set: {incursion: {ordered: false}}}
"""
ALLY = "red.ally=stays,comes"
COMPARE = ("compare", "campaign.yaml", "--choices", ALLY, "-n", "8", "--draws", "2")


@pytest.fixture
def twofront(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line in a folder with the scenario; return its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sim.model.kernel.WARM", True)
    monkeypatch.setattr("sim.analysis.simultaneous._SIMULATIONS", 2_000)
    Path("campaign.yaml").write_text(SCENARIO)

    def _twofront(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", ["twofront", *arguments])
        with pytest.raises(SystemExit, match=r"\d+") as caught:
            cli.main(arguments)
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, err

    return _twofront


def crossing(draws: int, replications: int) -> Crossing:
    return Crossing(np.repeat(np.arange(draws), replications), np.tile(np.arange(replications), draws))


def sheet(runs: Crossing, outcome: Outcome = KM2, **points: Values) -> Sheet:
    return Sheet(tuple(points), runs, (outcome,), {outcome.name: np.stack(list(points.values()))}, {}, {})


# ---- the analysis ----------------------------------------------------------------------------------------------------


def test_a_few_points_are_compared_in_all_pairs_and_many_with_the_first():
    assert pairs_of(3, None) == [(1, 0), (2, 0), (2, 1)]
    assert pairs_of(3, 1) == [(0, 1), (2, 1)]
    assert pairs_of(6, None) == [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0)]


def test_common_luck_tells_apart_what_independent_luck_does_not():
    rng, runs = np.random.default_rng(1), crossing(1, 100)
    luck = rng.normal(0, 100, 100)
    tied = compare(sheet(runs, a=luck, b=luck + 5.0 + rng.normal(0, 1, 100)), ["ground"]).pairs[0]
    loose = compare(sheet(runs, a=luck, b=rng.normal(0, 100, 100) + 5.0), ["ground"]).pairs[0]
    assert (tied.first, tied.second, tied.direction) == ("b", "a", "higher")
    assert loose.direction is None
    assert tied.pairing.fixed is not None
    assert tied.pairing.fixed > 1_000
    assert loose.pairing.fixed == pytest.approx(1.0, abs=0.3)
    assert tied.paired.higher.value == 1.0
    assert tied.independent.higher.value == pytest.approx(0.51, abs=0.05)


def test_a_ratio_with_nothing_below_the_line_is_not_compared():
    up, down = np.arange(80.0).reshape(2, 40), np.stack([np.ones(40), np.zeros(40)])
    values = {"ground": up, "up": up, "down": down}
    given = Sheet(("a", "b"), crossing(1, 40), (KM2,), values, {"ground": ("up", "down")}, {})
    (found,) = compare(given, ["ground"]).pairs
    assert (found.estimate, found.interval, found.direction) == (None, None, None)
    assert found.pairing == (None, None, None)


def test_overall_and_fixed_variance_ratios_differ_where_draws_make_the_spread():
    rng, runs = np.random.default_rng(2), crossing(21, 40)
    draws, noise = 10.0 * np.arange(21.0)[runs.draw], rng.normal(0, 1, (2, 840))
    (pair,) = compare(sheet(runs, a=draws + noise[0], b=draws + noise[1]), ["ground"]).pairs
    assert pair.pairing.fixed == pytest.approx(1.0, abs=0.6)
    assert pair.pairing.overall is not None
    assert pair.pairing.overall > 100


def test_intervals_widen_with_what_is_shown_beside_them():
    rng, runs = np.random.default_rng(3), crossing(1, 200)
    points = {name: rng.normal(0, 1, 200) for name in "abcde"}
    few, many = (
        compare(sheet(runs, **dict(list(points.items())[:2])), ["ground"]),
        compare(sheet(runs, **points), ["ground"]),
    )
    assert (few.contrasts, many.contrasts) == (1, 10)
    assert few.level == pytest.approx(0.95)
    assert 0.99 < many.level < 1 - 0.05 / 10 + 1e-9
    assert many.pairs[0].half_width is not None
    assert few.pairs[0].half_width is not None
    assert many.pairs[0].half_width > 1.3 * few.pairs[0].half_width


def pair(interval: tuple[float, float] | None, unit: str = "km2", **others: Any) -> Pair:
    middle = None if interval is None else sum(interval) / 2
    nothing = Chance(NONE, NONE)
    given: dict[str, Any] = {"estimate": middle, "spread": Spread(None, None), "timed": False, **others}
    return Pair(
        outcome="ground",
        unit=unit,
        first="11k",
        second="none",
        runs=9,
        interval=interval,
        floor=0.0,
        paired=nothing,
        independent=nothing,
        pairing=Pairing(None, None, None),
        **given,
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (pair((77.0, 111.0)), "11k: ground is 94 km2 higher than under none (77 to 111)"),
        (pair((-111.0, -77.0)), "11k: ground is 94 km2 lower than under none (77 to 111)"),
        (pair((-3.0, 8.0)), "11k, none: ground: no difference told (-3.0 to 8.0 km2)"),
        (pair((0.0, 8.0)), "11k, none: ground: no difference told (0.0 to 8.0 km2)"),
        (pair((0.0, 0.0)), "11k, none: ground: no difference told (equal in every run)"),
        (pair(None, estimate=4.0), "11k, none: ground: no difference told (too few runs for an interval)"),
        (pair(None), "11k, none: ground cannot be compared (it does not apply in one of them)"),
        (pair((0.02, 0.06), "probability"), "11k: ground is 4.0 percentage points higher than under none (2.0 to 6.0)"),
        (
            pair((0.02, 0.06), "probability", timed=True),
            "11k: P(ground is reached) is 4.0 percentage points higher than under none (2.0 to 6.0)",
        ),
        (
            pair((77.0, 111.0), spread=Spread(None, (-20.0, 150.0))),
            "11k: ground is 94 km2 higher than under none (77 to 111); across assumptions of either sign (-20 to 150)",
        ),
    ],
)
def test_a_direction_is_told_only_where_zero_is_excluded(given: Pair, told: str):
    assert sentence(given, KM2) == told


# ---- precision -------------------------------------------------------------------------------------------------------


def stopped(values: Values, target: Target, most: int) -> tuple[Comparison, int, bool]:
    """Stop by rule on float64[point, replication]; return the comparison, what was spent, whether the target is met."""

    def evaluate(count: int) -> Comparison:
        outcome = CHANCE if target.outcome == "success" else KM2
        points = {f"p{k}": row[:count] for k, row in enumerate(values)}
        return compare(sheet(crossing(1, count), outcome, **points), [outcome.name])

    comparison, stop = until_precise(evaluate, [target], None, most)
    assert comparison is not None
    return comparison, stop.replications, stop.reached[0].met


@pytest.mark.slow
@pytest.mark.parametrize("binary", [False, True])
def test_intervals_after_stopping_at_a_target_still_hold(binary: bool):
    # Nominal 95 %; at least 93 % is asked for. 2,000 experiments (standard error 0.5 %) that stop after 1 to 10 blocks.
    rng, inside, spent = np.random.default_rng(4), 0, []
    for _ in range(2_000):
        luck = rng.normal(0, 1, (3, 1_000))
        values = np.stack([luck[0] + luck[1], luck[0] + luck[2] + 0.1])
        target, truth = Target("ground", 0.14, False), 0.1
        if binary:
            values, target, truth = (
                (values > np.array([[1.0], [1.1]])).astype(float),
                Target("success", 0.04, False),
                0.0,
            )
        comparison, count, _ = stopped(values, target, 1_000)
        low, high = comparison.pairs[0].interval or (math.nan, math.nan)
        inside += low <= truth <= high
        spent.append(count)
    assert inside / 2_000 >= 0.93
    assert np.quantile(spent, 0.1) < np.quantile(spent, 0.9), "otherwise nothing was stopped early"


def test_a_target_is_met_or_said_to_be_missed():
    rng = np.random.default_rng(5)
    values = rng.normal(0, 1, (2, 2_000)) + np.array([[10.0], [10.5]])
    _, spent, met = stopped(values, Target("ground", 0.1, False), 2_000)
    assert met
    assert PILOT < spent < 2_000
    assert (spent - PILOT) % BLOCK == 0
    _, relative, met = stopped(values, Target("ground", 0.01, True), 2_000)
    assert met
    assert relative == pytest.approx(spent, abs=2 * BLOCK), "1 % of 10 is 0.1"
    _, spent, met = stopped(values, Target("ground", 0.001, False), 450)
    assert (spent, met) == (450, False)


def test_no_target_stops_before_the_pilot():
    values = np.random.default_rng(6).normal(0, 1e-6, (2, 500))
    _, spent, met = stopped(values, Target("ground", 1.0, False), 500)
    assert (spent, met) == (PILOT, True)


def test_more_replications_are_not_spent_where_only_draws_can_help():
    rng, calls = np.random.default_rng(7), []

    def evaluate(count: int) -> Comparison:
        calls.append(count)
        runs = crossing(6, count)
        own = rng.normal(0, 5, 6)
        return compare(sheet(runs, a=np.zeros(6 * count), b=own[runs.draw] + rng.normal(0, 1, 6 * count)), ["ground"])

    _, stop = until_precise(evaluate, [Target("ground", 0.1, False)], None, 5_000)
    assert calls == [PILOT]
    assert stop.reached[0].hopeless
    assert not stop.reached[0].met


def test_targets_are_read_as_written():
    assert read_target("dual_success=0.02") == Target("dual_success", 0.02, False)
    assert read_target("russia.casualties = 5%") == Target("russia.casualties", 0.05, True)


@pytest.mark.parametrize("text", ["dual_success", "=0.1", "a=", "a=0", "a=-1", "a=inf", "a=nan", "a=b"])
def test_a_target_that_makes_no_sense_is_refused(text: str):
    with pytest.raises(InputError, match="is not OUTCOME=HALF-WIDTH"):
        read_target(text)


# ---- the command -----------------------------------------------------------------------------------------------------


def manifest(folder: str | Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(folder) / "manifest.json").read_text())
    return found


def test_a_comparison_is_kept_with_a_row_a_run_and_a_row_a_point(twofront: Command):
    code, out, _ = twofront(*COMPARE)
    (folder,) = Path("results").iterdir()
    assert code == 0
    assert f"result: {folder}" in out
    runs, points = read_parquet(folder / "replications.parquet"), read_parquet(folder / "points.parquet")
    assert list(runs)[:4] == ["point", "draw", "replication", "status"]
    grid = np.stack([runs["point"], runs["draw"], runs["replication"]])
    assert grid.T.tolist() == [[p, d, r] for p in range(2) for d in range(3) for r in range(8)]
    assert points["label"].tolist() == ["stays", "comes"]
    assert points["red.ally"].tolist() == ["stays", "comes"]
    made = manifest(folder)
    assert (made["kind"], made["runs"]) == ("compare", {"asked": 48, "done": 48, "failed": 0})
    assert set(made["files"]) == {path.name for path in folder.iterdir()} - {"manifest.json"}
    assert [point["hash"] for point in made["points"]] == points["hash"].tolist()


def test_each_point_has_the_runs_that_run_gives_it(twofront: Command):
    twofront(*COMPARE, "--out", "both")
    twofront(
        "run", "campaign.yaml", "--choice", "red.ally=stays", "-n", "8", "--draws", "2", "--out", "alone", "--no-figure"
    )
    both, alone = (read_parquet(Path(name) / "replications.parquet") for name in ("both", "alone"))
    for name, column in alone.items():
        if name not in ("seed", "point"):
            np.testing.assert_array_equal(both[name][both["point"] == 0], column, err_msg=name)


def test_a_series_on_a_date_is_compared_as_it_stood_then(twofront: Command):
    last, change = "edge.territory_km2@2024-02-10", "edge.territory_km2@2024-01-10..2024-02-10"
    code, out, _ = twofront(*COMPARE, "--outcomes", f"edge.territory_km2,{last},{change}", "--out", "dated")
    assert code == 0
    assert f"{change} [km2]: change of edge.territory_km2 from 2024-01-10 to 2024-02-10" in out
    runs = read_parquet(Path("dated") / "replications.parquet")
    np.testing.assert_array_equal(runs[last], runs["edge.territory_km2"])
    assert (runs[change] != runs[last]).any()
    code, out, errors = twofront(*COMPARE, "--outcomes", "edge.territory_km2@2024-03-10")
    assert (code, out) == (2, "")
    assert "2024-03-10 is outside the run, 2024-01-01 to 2024-02-10" in errors


def test_replications_added_later_are_those_of_one_go(twofront: Command):
    """A target of precision runs a pilot and blocks; the runs are those of `-n`."""
    few = ("compare", "campaign.yaml", "--choices", ALLY, "--draws", "0", "--outcomes", "edge.territory_km2")
    code, out, _ = twofront(*few, "--precision", "edge.territory_km2=0.0001", "-n", "250", "--out", "grown")
    assert code == 0
    assert "250 replications of each draw spent (at most 250), after 3 looks" in out
    assert "NOT reached" in out
    twofront(*few, "-n", "250", "--out", "once")
    grown, once = (read_parquet(Path(name) / "replications.parquet") for name in ("grown", "once"))
    for name, column in once.items():
        np.testing.assert_array_equal(grown[name], column, err_msg=name)


def test_a_target_that_is_reached_ends_the_runs(twofront: Command):
    given = ("compare", "campaign.yaml", "--choices", ALLY, "--draws", "0", "--precision", "edge.territory_km2=50%")
    code, out, _ = twofront(*given, "--json")
    content = json.loads(out)
    assert code == 0
    assert content["precision"]["replications"] == content["replications"] == PILOT
    assert content["precision"]["targets"][0]["met"] is True
    assert manifest(content["folder"])["precision"] == content["precision"]


def test_workers_change_no_byte(twofront: Command):
    for workers in ("1", "3"):
        twofront(*COMPARE, "--workers", workers, "--out", f"w{workers}")
    for name in manifest("w1")["files"]:
        assert (Path("w1") / name).read_bytes() == (Path("w3") / name).read_bytes()


def test_the_output_labels_each_spread_and_tells_the_coupling(twofront: Command):
    _, out, _ = twofront(*COMPARE, "--outcomes", "edge.territory_km2,dual_success")
    for words in (
        "48 runs: 2 points x 3 draws of the assumptions (the first is central) x 8 replications of luck, seed 0",
        "all 2 intervals of differences",
        "is a coupling that we chose",
        "numerical 95 %, simultaneous",
        "luck 5 | 50 | 95 %",
        "assumptions 5 | 95 %",
        "higher, same luck",
        "other luck",
        "pairing",
    ):
        assert words in out
    assert out.index("edge.territory_km2 [km2]") < out.index("dual_success [% of runs]")


def test_json_has_the_numbers_of_the_tables(twofront: Command):
    _, out, _ = twofront(*COMPARE, "--outcomes", "edge.territory_km2,regained_day", "--json")
    content = json.loads(out)
    assert [point["label"] for point in content["points"]] == ["stays", "comes"]
    ground, day = content["pairs"]
    assert (ground["first"], ground["second"], ground["unit"], ground["runs"]) == ("comes", "stays", "km2", 24)
    low, high = ground["simultaneous_ci95"]
    assert low <= ground["difference"] <= high
    means = [point["outcomes"]["edge.territory_km2"]["mean"] for point in content["points"]]
    assert ground["difference"] == pytest.approx(means[1] - means[0])
    assert (day["compared_by"], day["unit"]) == ("probability that it is reached", "probability")
    assert content["points"][0]["outcomes"]["regained_day"]["mean"] is None
    assert content["simultaneous"]["contrasts"] == 2


def test_a_day_that_some_runs_lack_is_compared_by_its_probability(twofront: Command):
    Path("talks.yaml").write_text(SCENARIO.replace("assess:", "talks: {at: 2024-01-20, mean_wait: 20 d}\nassess:"))
    given = ("compare", "talks.yaml", "--choices", ALLY, "-n", "20", "--draws", "0")
    _, out, _ = twofront(*given, "--outcomes", "talks.day,talks.territory_km2", "--json")
    content = json.loads(out)
    day, ground = content["pairs"]
    begun = 1.0 - content["points"][0]["outcomes"]["talks.day"]["not_reached_share"]
    assert 0.0 < begun < 1.0
    assert day["compared_by"] == "probability that it is reached"
    assert (day["difference"], day["runs"]) == (0.0, 20), "allies do not move the day of talks"
    assert ground["runs"] == round(20 * begun)
    _, out, _ = twofront(*given, "--outcomes", "talks.territory_km2")
    assert f"(comes, stays: over the {ground['runs']} of 20 runs in which both have it)" in out


def test_choices_are_combined_and_scenarios_stand_beside_each_other(twofront: Command):
    Path("other.yaml").write_text("extends: campaign.yaml\ntitle: Other\n")
    given = ("compare", "campaign.yaml", "other.yaml", "--choices", "red.effort=usual,full", "-n", "2", "--draws", "0")
    code, out, err = twofront(*given, "--reference", "other/full", "--json")
    assert (code, err) == (0, "")
    content = json.loads(out)
    labels = ["campaign/usual", "campaign/full", "other/usual", "other/full"]
    assert [point["label"] for point in content["points"]] == labels
    assert content["points"][3]["factors"] == {"scenario": "other", "red.effort": "full"}
    assert {pair["second"] for pair in content["pairs"]} == {"other/full"}


def test_what_does_not_apply_is_said_and_the_same_scenario_is_noted(twofront: Command):
    given = ("-n", "4", "--draws", "0", "--outcomes", "dual_success")
    _, out, _ = twofront("compare", "campaign.yaml", "--choices", "blue.order=given,none", *given)
    assert "none, given: dual_success cannot be compared (it does not apply in one of them)" in out
    assert "does not apply" in out
    _, out, _ = twofront("compare", "campaign.yaml", "--choices", "red.ally=comes,again", *given)
    assert "note: comes and again are the same scenario, so their runs are equal" in out
    assert "no difference told" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("campaign.yaml",), "one scenario is nothing to compare"),
        ((), "name at least one scenario file"),
        (("campaign.yaml", "--choices", "red.ally=comes"), "one scenario is nothing to compare"),
        (("campaign.yaml", "--choices", "red.ally=comes,stay"), "--choices: red.ally: has no option 'stay'"),
        (("campaign.yaml", "--choices", "red.ally=comes,stay"), "did you mean 'stays'?"),
        (("campaign.yaml", "--choices", "red.aly=comes,stays"), "--choices: red.aly: there is no such decision"),
        (("campaign.yaml", "--choices", "red.ally"), "is not actor.decision=option,option"),
        (("campaign.yaml", "--choices", "red.ally=comes,"), "is not actor.decision=option,option"),
        (("campaign.yaml", "--choices", "red.ally=comes,comes"), "red.ally has comes more than once"),
        (("campaign.yaml", "--choices", ALLY, "--choices", ALLY), "red.ally is varied twice"),
        (("campaign.yaml", "--choices", ALLY, "--choice", "red.ally=comes"), "that decision is varied by --choices"),
        (
            ("campaign.yaml", "--choices", ALLY, "--reference", "come"),
            "'come' is none of the points; did you mean 'comes'",
        ),
        (
            ("campaign.yaml", "--choices", ALLY, "--outcomes", "dual_sucess"),
            "there is no outcome 'dual_sucess'; did you",
        ),
        (("campaign.yaml", "--choices", ALLY, "--precision", "regaind=0.1"), "there is no outcome 'regaind'; did you"),
        (("campaign.yaml", "--choices", ALLY, "--precision", "dual*=0.1"), "must name one outcome"),
        (("campaign.yaml", "--choices", ALLY, "--workers", "0"), "--workers: 0 is below 1"),
        (("campaign.yaml", "--choices", ALLY, "-n", "0"), "--replications: 0 is below 1"),
        (("campaign.yaml", "later.yaml"), "later.yaml: starts on 2024-01-02, but campaign.yaml 2024-01-01"),
        (("campaign.yaml", "missing.yaml"), "missing.yaml"),
        (("campaign.yaml", "unjudged.yaml", "--outcomes", "dual_success"), "'dual_success' is no outcome of unjudged"),
    ],
)
def test_bad_input_exits_with_2_and_leaves_nothing(twofront: Command, arguments: tuple[str, ...], message: str):
    Path("later.yaml").write_text(SCENARIO.replace("start: 2024-01-01", "start: 2024-01-02"))
    unjudged = [
        line for line in SCENARIO.splitlines(keepends=True) if not line.startswith(("assess:", "counterfactual:"))
    ]
    Path("unjudged.yaml").write_text("".join(unjudged))
    code, out, err = twofront("compare", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert not Path("results").exists()


def test_a_point_that_fails_exits_with_1_and_the_rest_is_kept(twofront: Command, monkeypatch: pytest.MonkeyPatch):
    simulate = compiled.simulate
    seen: list[bytes] = []

    def failing(params: Any, labels: Any, seed: int, replications: Any) -> Any:
        """Fail in the first world that is met, whatever draw comes: with --draws 0 that is the first point's."""
        block = simulate(params, labels, seed, replications)
        seen.append(params.tobytes())
        return block._replace(status=np.ones_like(block.status)) if params.tobytes() == seen[0] else block

    monkeypatch.setattr(compiled, "simulate", failing)
    choices = ("--choices", "red.ally=stays,comes", "--choices", "red.effort=usual,full")
    code, out, err = twofront(
        "compare", "campaign.yaml", *choices, "-n", "4", "--draws", "0", "--outcomes", "edge.*km2"
    )
    (folder,) = Path("results").iterdir()
    assert code == 1
    assert "no run of stays/usual ended well, so it is not compared" in err
    assert "4 of 16 runs failed" in err
    assert "comes/full - stays/full" in out
    runs = read_parquet(folder / "replications.parquet")
    assert (len(runs["status"]), (runs["status"] == 0).sum()) == (16, 12)
    assert manifest(folder)["runs"]["failed"] == 4
    reference = ("--reference", "comes/usual", "--precision", "edge.territory_km2=50%", "--json")
    seen.clear()
    code, out, _ = twofront("compare", "campaign.yaml", *choices, "-n", "4", "--draws", "0", *reference)
    assert code == 1
    assert {pair["second"] for pair in json.loads(out)["pairs"]} == {"comes/usual"}


def test_without_the_reference_nothing_is_compared_and_the_runs_are_kept(
    twofront: Command, monkeypatch: pytest.MonkeyPatch
):
    simulate = compiled.simulate

    def failing(*arguments: Any) -> Any:
        block = simulate(*arguments)
        return block._replace(status=np.ones_like(block.status))

    monkeypatch.setattr(compiled, "simulate", failing)
    code, _, err = twofront(*COMPARE)
    (folder,) = Path("results").iterdir()
    assert code == 1
    assert "error: too few points are left to compare" in err
    assert (read_parquet(folder / "replications.parquet")["status"] != 0).tolist() == [True] * 48


def test_a_run_whose_counterfactual_failed_has_failed():
    class Fake(NamedTuple):
        status: list[int]

        def simulate(self, seed: int, replications: NDArray[np.uint64]) -> Block:
            nothing = np.zeros((len(replications), 1, 1))
            return Block(nothing, nothing[:, 0], np.array(self.status), np.zeros(len(replications), np.int64))

    def measure(block: Block, other: Block | None) -> dict[str, Values]:
        return {"ground": np.arange(3.0)}

    case = Case(Fake([0, 5, 0]), Fake([0, 0, 7]), measure)
    assert Measured(case, 0, ("ground",)).simulate(0, np.arange(3, dtype=np.uint64)).status.tolist() == [0, 5, 7]


def test_ctrl_c_keeps_what_is_finished(twofront: Command, monkeypatch: pytest.MonkeyPatch):
    simulate, calls = compiled.simulate, [0]

    def interrupting(*arguments: Any) -> Any:
        calls[0] += 1
        if calls[0] == 5:
            signal.raise_signal(signal.SIGINT)
        return simulate(*arguments)

    monkeypatch.setattr("sim.engine.compiled.simulate", interrupting)
    monkeypatch.setattr("sim.cli.compare_run.ThreadPoolExecutor", Inline)
    code, _, err = twofront(*COMPARE)
    assert code == 130
    assert "interrupted: " in err
    assert "to make all of them: twofront compare campaign.yaml" in err


class Inline:
    """An executor that runs what it is given at once, in the calling thread."""

    def __init__(self, *_: Any) -> None:
        pass

    def __enter__(self) -> "Inline":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Any:
        from concurrent.futures import Future

        future: Future[Any] = Future()
        future.set_result(work(*arguments))
        return future


def test_the_help_of_compare_imports_nothing_heavy():
    program = "import sys; from sim.cli.main import main\ntry: main(['compare', '--help'])\nexcept SystemExit: pass\n"
    program += "print(sorted({'numba', 'numpy', 'scipy', 'duckdb', 'rich', 'pydantic', 'simpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "--precision" in done.stdout


def test_quiet_prints_the_folder_only(twofront: Command):
    code, out, err = twofront(*COMPARE, "--quiet")
    (folder,) = Path("results").iterdir()
    assert (code, out.split(), err) == (0, [str(folder)], "")


def test_a_result_can_be_written_again_but_not_over_another(twofront: Command):
    assert twofront(*COMPARE, "--out", "here")[0] == 0
    assert twofront(*COMPARE, "--out", "here")[0] == 0
    code, _, err = twofront(*COMPARE, "--seed", "1", "--out", "here")
    assert code == 2
    assert "holds another result" in err
