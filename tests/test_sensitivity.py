"""Sensitivity: known indices are found, luck has its share, dependent inputs are refused, and the words say no more."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from sim.analysis.given_data import first_order
from sim.analysis.indices import indices, luck_share, pick_freeze
from sim.analysis.screening import effects, screen, trajectories
from sim.analysis.sensitivity import Settings, sensitivity
from sim.analysis.sensitivity_answer import answer_of
from sim.analysis.uncertain import HIGH, LOW, at_shares, evaluated, picked, spoken, uncertain
from sim.cli.main import _exit_code
from sim.errors import InputError
from sim.experiment.design import Design
from sim.experiment.evaluate import Table
from sim.experiment.factors import NUMBER, Factor
from sim.experiment.points import Points
from sim.plotting.of_inquiry import figures_in
from sim.plotting.style import save
from sim.scenario.distributions import Distribution
from sim.scenario.load import load
from sim.scenario.values import Quantity

TWO_FRONTS = Path(__file__).resolve().parents[1] / "scenarios" / "two_fronts.yaml"
ISHIGAMI = ((0.3139, 0.5576), (0.4424, 0.4424), (0.0, 0.2437))  # first and total, a = 7, b = 0.1 (Saltelli et al. 2008)


def ishigami(shares: np.ndarray) -> np.ndarray:
    x = np.pi * (2 * shares - 1)
    return np.sin(x[..., 0]) + 7 * np.sin(x[..., 1]) ** 2 + 0.1 * x[..., 2] ** 4 * np.sin(x[..., 0])


def factor(name: str) -> Factor:
    return Factor(name, NUMBER, quantity=Quantity(0.5, "1", Distribution("uniform", (0.0, 1.0))))


def toy(function: Callable[[np.ndarray, np.ndarray], np.ndarray], names: Sequence[str]) -> Callable[..., Table]:
    """An `evaluate` whose outcome is a function of inputs [0, 1] (0.5 central) and of a standard normal for luck."""

    def evaluate(points: Points, design: Design, outcomes: Sequence[str]) -> Table:
        draws = np.random.default_rng(1).random((design.draws + 1, len(names)))
        draws[0] = 0.5
        inputs = np.tile(draws, (len(points), 1, 1))
        for name, column in points.columns.items():
            inputs[:, :, list(names).index(name)] = column[:, None]
        shape = (1, design.draws + 1 if design.nested else 1, design.replications)
        luck = np.random.default_rng(2).normal(size=shape)
        values = function(inputs[:, :, None, :], luck) + np.zeros((len(points), design.draws + 1, design.replications))
        return Table(dict.fromkeys(outcomes, values))

    return evaluate


def test_ishigami_has_its_known_indices() -> None:
    """Bound: 0.06 at 1,024 rows (standard errors are about 0.02), and each within its interval widened by 0.02."""
    shares = pick_freeze([[0], [1], [2]], 1024, 3, 0)
    found = indices(np.repeat(ishigami(shares)[..., None], 2, axis=2)).groups
    assert found is not None
    for group, (first, total) in zip(found, ISHIGAMI, strict=True):
        assert group.first.value == pytest.approx(first, abs=0.06)
        assert group.total.value == pytest.approx(total, abs=0.06)
        assert group.first.low - 0.02 <= first <= group.first.high + 0.02
        assert group.total.low - 0.02 <= total <= group.total.high + 0.02


def test_luck_is_not_taken_for_interplay() -> None:
    """With luck of twice the variance the indices of the mean stay; raw values would have totals of 0.8."""
    shares = pick_freeze([[0], [1], [2]], 1024, 3, 0)
    y = ishigami(shares)[..., None]
    noise = np.random.default_rng(3).normal(size=(*y.shape[:2], 4)) * np.sqrt(2 * 13.84)
    found = indices(y + noise).groups
    assert found is not None
    for group, (first, total) in zip(found, ISHIGAMI, strict=True):
        assert group.first.value == pytest.approx(first, abs=0.15)
        assert group.total.value == pytest.approx(total, abs=0.15)


def test_groups_share_out_a_linear_model_and_failed_rows_are_left_out_whole() -> None:
    """y = 3 a + 2 b + c + d: shares 9, 4 and (c with d) 2 of 15; 0.03 at 256 rows."""
    shares = pick_freeze([[0], [1], [2, 3]], 256, 4, 5)
    values = np.repeat((shares @ np.array([3.0, 2.0, 1.0, 1.0]))[..., None], 2, axis=2)
    values[3, 7, 1] = np.nan
    found = indices(values)
    assert (found.used, found.asked) == (255, 256)
    assert found.groups is not None
    for group, share in zip(found.groups, (9 / 15, 4 / 15, 2 / 15), strict=True):
        assert group.first.value == pytest.approx(share, abs=0.03)
        assert group.total.value == pytest.approx(share, abs=0.03)


def test_a_function_of_luck_only_has_no_indices() -> None:
    evaluate = toy(lambda inputs, luck: luck + 0 * inputs[..., 0], "ab")
    found = sensitivity(evaluate, [factor(name) for name in "ab"], Settings(("y",), rows=64, top=1))
    share = found.luck["y"].share
    assert share is not None
    assert share.value == pytest.approx(1.0, abs=0.1)
    assert found.found["y"].groups is None
    assert "cannot be told from nothing" in answer_of(found, Settings(("y",)), "a toy").answer


def test_lucks_share_is_freed_of_few_replications() -> None:
    """Var(x) = 1/12, luck's variance 1/12: a half, within 0.08 (standard error about 0.03 at 600 draws)."""
    random = np.random.default_rng(4)
    values = random.random((600, 1)) + random.normal(size=(600, 2)) * np.sqrt(1 / 12)
    found = luck_share(values)
    assert found.share is not None
    assert found.share.value == pytest.approx(0.5, abs=0.08)
    assert found.share.low < 0.5 < found.share.high
    assert luck_share(np.ones((50, 2))).share is None


def test_screening_finds_slopes_over_the_5_to_95_percent_range_and_is_not_raised_by_luck() -> None:
    steps = trajectories(20, 3, 0)
    line = steps @ np.array([3.0, -2.0, 0.0]) / (HIGH - LOW)
    noise = np.random.default_rng(0).normal(size=(*line.shape, 4)) * 0.5
    found = screen(steps, line[..., None] + noise)
    exact = screen(steps, np.repeat(line[..., None], 2, axis=2))
    np.testing.assert_allclose(exact.mean, [3, -2, 0], atol=1e-12)
    np.testing.assert_allclose(exact.star, [3, 2, 0], atol=1e-12)
    assert found.star[2] > 0.2  # luck alone makes a mean absolute effect
    assert found.star[2] == pytest.approx(found.floor[2], rel=0.4)
    assert found.rank_by[2] < 0.3
    assert found.order()[:2] == [0, 1]


def test_screening_agrees_with_salib_and_leaves_out_what_has_no_value() -> None:
    from SALib.analyze import morris

    steps = trajectories(10, 3, 7)
    values = ishigami((steps - LOW) / (HIGH - LOW))
    problem = {"num_vars": 3, "names": list("abc"), "bounds": [[LOW, HIGH]] * 3}
    theirs = morris.analyze(problem, steps.reshape(-1, 3), values.ravel(), num_levels=4, seed=1)
    ours = screen(steps, np.repeat(values[..., None], 2, axis=2))
    np.testing.assert_allclose(ours.star, np.asarray(theirs["mu_star"], float), rtol=1e-9)
    values[0, 0] = np.nan
    broken = screen(steps, values[..., None])
    assert (broken.used, broken.asked) == (29, 30)
    assert np.isfinite(broken.star).all()
    assert np.isnan(effects(steps, values[..., None])).sum() == 1


def test_trajectories_of_seed_zero_are_the_same_again() -> None:
    np.testing.assert_array_equal(trajectories(4, 3, 0), trajectories(4, 3, 0))
    assert not np.array_equal(trajectories(4, 3, 0), trajectories(4, 3, 1))


def test_shares_of_draws_of_dependent_inputs() -> None:
    """y = a + noise, b goes with a at correlation 0.8: shares 1 and 0.64 of the mean over luck, 0.1 at 2,000 draws."""
    random = np.random.default_rng(5)
    a, c = random.normal(size=(2, 2000))
    b = 0.8 * a + 0.6 * random.normal(size=2000)
    found = first_order({"a": a, "b": b, "c": c}, a[:, None] + random.normal(size=(2000, 2)))
    assert found is not None
    assert found["a"].value == pytest.approx(1.0, abs=0.1)
    assert found["b"].value == pytest.approx(0.64, abs=0.1)
    assert found["c"].low < 0 < found["c"].high
    assert first_order({"a": a}, random.normal(size=(2000, 1)) * 0) is None


def test_effects_are_signed_and_answers_name_the_strongest() -> None:
    evaluate = toy(lambda inputs, luck: 10 * inputs[..., 0] - 3 * inputs[..., 1] + 0.1 * luck, "abc")
    settings = Settings(("y",), rows=64, top=2)
    found = sensitivity(evaluate, [factor(name) for name in "abc"], settings)
    assert found.chosen == (0, 1)
    a, b = found.effects["y"]
    assert (a.low.value, a.high.value) == (pytest.approx(-4.5), pytest.approx(4.5))
    assert b.low.value == pytest.approx(1.35)
    answer = answer_of(found, settings, "a toy")
    assert "a alone has" in answer.answer
    assert set(answer.tables) == {"indices", "effects", "screening"}
    assert all(len({len(column) for column in table.values()}) == 1 for table in answer.tables.values())


def test_only_what_is_told_from_luck_is_said_to_move_an_outcome() -> None:
    screened = Settings(("y",), method="morris", top=2)
    named = Settings(("y",), method="morris", named=(2, 1))
    factors = [factor(name) for name in "abc"]
    strong = toy(lambda inputs, luck: 10 * inputs[..., 2] + 0.1 * luck, "abc")
    said = {each: answer_of(sensitivity(strong, factors, each), each, "a toy").answer for each in (screened, named)}
    assert said[screened].endswith("; by screening, it is moved most by c.")
    assert said[named].endswith("; of the 2 named, it is moved most by c.")
    nothing = toy(lambda inputs, luck: luck + 0 * inputs[..., 0], "abc")
    for each in (screened, named):
        answer = answer_of(sensitivity(nothing, factors, each), each, "a toy").answer
        assert answer.endswith("no assumption's effect is told from luck.")


def test_points_lie_at_quantiles_and_each_is_run_once() -> None:
    rows = at_shares([factor("a"), factor("b")], np.array([[0.0, 0.25], [1.0, 0.5], [0.0, 0.25]]))
    np.testing.assert_allclose(rows, [[0, 0.25], [1, 0.5], [0, 0.25]], atol=1e-8)
    asked: list[int] = []

    def evaluate(points: Points, design: Design, outcomes: Sequence[str]) -> Table:
        asked.append(len(points))
        return Table({"y": points.columns["a"][:, None, None] + np.zeros((len(points), 1, 2))})

    found = evaluated(evaluate, [factor("a"), factor("b")], rows, Design(0, 0, 2), ["y"])
    assert asked == [2]
    np.testing.assert_allclose(found["y"], [[0, 0], [1, 1], [0, 0]], atol=1e-8)


def test_paths_are_named_and_said() -> None:
    assert picked([factor("x.a"), factor("y.b")], ["b"]) == (1,)
    assert spoken(["sides.russia.policies.expel.effort", "fronts.kursk.tempo"]) == [
        "russia expel effort",
        "kursk tempo",
    ]
    assert spoken(["sides.a.b", "fronts.a.b"]) == ["sides.a.b", "fronts.a.b"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--outcome", "hills.teritory_km2"], "did you mean 'hills.territory_km2'"),
        (["--method", "sobl"], "did you mean 'sobol'"),
        (["--parameters", "combat.surprize"], "did you mean 'combat.surprise'"),
        (["--rows", "4"], "4 is too few"),
        (["--rows", "999999999999"], "--rows: 999,999,999,999 are more than one command runs"),
        (["--method", "given", "--draws", "99999999999"], "--draws: 99,999,999,999 are more than one command runs"),
    ],
)
def test_wrong_input_is_told(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    spread = ["--set", "combat.surprise={triangular: [1, 2, 3]}"]
    assert _exit_code(["sensitivity", str(TWO_FRONTS), *spread, *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_scenario_in_which_nothing_is_uncertain_is_refused() -> None:
    with pytest.raises(InputError, match="no assumption varies"):
        uncertain(load(TWO_FRONTS))


def test_dependent_inputs_are_refused_with_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "joint.yaml"
    rows = "[[20000, 10000], [21000, 11000], [19000, 9000]]"
    paths = "[fronts.hills.forces.blue.army, fronts.hills.forces.red.army]"
    file.write_text(f"extends: {TWO_FRONTS}\njoint: {{fit: {{paths: {paths}, rows: {rows}}}}}\n")
    assert _exit_code(["sensitivity", str(file)]) == 2
    said = capsys.readouterr().err
    assert "2 inputs depend on each other (joint: fit)" in said
    assert "take --method given" in said


@pytest.mark.slow
def test_the_command_answers_on_a_joint_sample_when_asked_for_given_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "joint.yaml"
    rows = "[[20000, 10000], [26000, 11000], [14000, 9000]]"
    paths = "[fronts.hills.forces.blue.army, fronts.hills.forces.red.army]"
    file.write_text(f"extends: {TWO_FRONTS}\njoint: {{fit: {{paths: {paths}, rows: {rows}}}}}\n")
    out = tmp_path / "result"
    code = _exit_code(["sensitivity", str(file), "--method", "given", "--draws", "120", "--out", str(out), "--quiet"])
    assert code == 0, capsys.readouterr().err
    assert {"answer.json", "indices.csv", "figure.png"} <= {path.name for path in out.iterdir()}


@pytest.mark.slow
def test_the_command_answers_and_is_the_same_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spread = [
        "--set",
        "combat.surprise={triangular: [1, 2, 3]}",
        "--set",
        "combat.ground={triangular: [0.2, 0.3, 0.4]}",
    ]
    fine = ["--rows", "32", "--draws", "32", "--trajectories", "4", "--top", "1"]
    outs = [tmp_path / "one", tmp_path / "two"]
    for out in outs:
        assert _exit_code(["sensitivity", str(TWO_FRONTS), *spread, *fine, "--out", str(out), "--quiet"]) == 0
        capsys.readouterr()
    again = save(figures_in(outs[0])["figure-tornado"], tmp_path, "again", ("svg",))[0]
    assert again.read_bytes() == (outs[0] / "figure-tornado.svg").read_bytes()
    for name in ("indices.parquet", "figure.png", "figure-tornado.svg", "screening.csv"):
        assert (outs[0] / name).read_bytes() == (outs[1] / name).read_bytes()
