"""Discovery: a planted box is found, regret and the value of information are those known, nothing is told of noise."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from sim.analysis.condition import Event
from sim.analysis.discover import Aim, Settings, discover
from sim.analysis.discover_answer import answer_of, box_words
from sim.analysis.prim import Box, Limit, Measured, find_boxes, measure, quasi_p
from sim.analysis.regret import break_evens, partial_information, perfect_information, regrets, satisficing
from sim.cli.main import _exit_code
from sim.errors import InputError
from sim.experiment.design import Design
from sim.experiment.evaluate import Table
from sim.experiment.points import Points, single
from sim.plotting.of_inquiry import figures_in
from sim.plotting.style import save

TWO_FRONTS = Path(__file__).resolve().parents[1] / "scenarios" / "two_fronts.yaml"
FLAGSHIP = TWO_FRONTS.with_name("kursk_2024.yaml")


def planted(draws: int, inputs: int, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """An event of probability 0.9 where x1 > 0.6 and x3 < 0.5 (mass 0.2), else 0.1; shares of 8 runs."""
    random = np.random.default_rng(seed)
    x = random.random((draws, inputs))
    chance = np.where((x[:, 1] > 0.6) & (x[:, 3] < 0.5), 0.9, 0.1)
    return {f"x{k}": x[:, k] for k in range(inputs)}, random.binomial(8, chance) / 8


def test_a_planted_box_is_found_among_many_inputs() -> None:
    """Bounds at 600 draws and 40 inputs: the two inputs, limits within 0.12, density at least 0.7, coverage 0.5."""
    inputs, shares = planted(600, 40, 0)
    boxes = find_boxes(inputs, shares, 1)
    assert len(boxes) == 1
    limits, held = boxes[0].limits, boxes[0].held_out
    assert set(limits) == {"x1", "x3"}
    assert (limits["x1"].low, limits["x1"].high) == (pytest.approx(0.6, abs=0.12), math.inf)
    assert (limits["x3"].low, limits["x3"].high) == (-math.inf, pytest.approx(0.5, abs=0.12))
    assert held.density >= 0.7
    assert held.coverage >= 0.5
    assert held.mass == pytest.approx(0.2, abs=0.1)
    assert all(limit.quasi_p <= 0.05 for limit in limits.values())
    assert [step.train.mass for step in boxes[0].path] == sorted(
        (step.train.mass for step in boxes[0].path), reverse=True
    )


def test_two_planted_boxes_are_found_one_after_the_other() -> None:
    random = np.random.default_rng(3)
    x = random.random((1200, 3))
    chance = np.where((x[:, 0] > 0.75) | (x[:, 1] < 0.2), 0.95, 0.05)
    boxes = find_boxes({f"x{k}": x[:, k] for k in range(3)}, random.binomial(8, chance) / 8, 2)
    assert [set(box.limits) for box in boxes] in ([{"x0"}, {"x1"}], [{"x1"}, {"x0"}])
    assert 0.75 <= sum(box.held_out.coverage for box in boxes) <= 1.05


def test_no_box_is_told_of_noise() -> None:
    """Of 10 samples of pure noise at most 2 may give a box (the interval is a 95 % one, picked among steps)."""
    random = np.random.default_rng(1)
    found = [
        find_boxes({f"x{k}": random.random(300) for k in range(20)}, random.binomial(8, 0.3, 300) / 8, 1)
        for _ in range(10)
    ]
    assert sum(bool(each) for each in found) <= 2


def test_measures_of_a_box_by_hand() -> None:
    columns = np.array([[0.1], [0.2], [0.8], [0.9]])
    held = measure(columns, np.array([1.0, 0.0, 1.0, 1.0]), {0: (0.5, np.inf)})
    assert (held.density, held.coverage, held.mass) == (1.0, pytest.approx(2 / 3), 0.5)
    assert measure(columns, np.ones(4), {0: (2.0, np.inf)}).mass == 0
    # two events of two in the box, three of four without the restriction: 0.75^2
    assert quasi_p(columns, np.array([1.0, 0.0, 1.0, 1.0]), {0: (0.5, np.inf)}, 0) == pytest.approx(0.75**2)


def test_a_box_in_words() -> None:
    held = Measured(1, 1, 1, 1, 1)
    limits = {"a": Limit(9.1, np.inf), "b": Limit(-np.inf, 2100.0), "c": Limit(0.25, 0.5)}
    words = box_words(Box(limits, held, ()), {"a": "casualties", "b": "lift to kursk", "c": "share"})
    assert words == "casualties above 9.1 and lift to kursk below 2,100 and share between 0.25 and 0.5"


def test_regret_on_a_table_by_hand() -> None:
    """Option one gains 3, 1; option two 2, 5: regrets 0, 4 and 1, 0; no luck."""
    gains = np.repeat(np.array([[3.0, 1.0], [2.0, 5.0]])[:, :, None], 2, axis=2)
    one, two = regrets(gains)
    assert (one.mean, one.worst, one.honest, one.best_share) == (2.0, 4.0, 2.0, 0.5)
    assert (two.mean, two.worst, two.honest, two.best_share) == (0.5, 1.0, 0.5, 0.5)
    assert two.p90 == pytest.approx(0.9)
    losses = Aim("y", more=False).gains(Event("y"), {"y": gains})
    assert regrets(losses)[0].mean == 0.5  # the less the better: option one errs in the first draw only


def test_regret_is_never_negative_and_luck_does_not_make_all_of_it() -> None:
    """Two options that are equal but for luck: as seen regret is above zero, with picks on other luck it is near it."""
    gains = np.random.default_rng(2).normal(size=(2, 500, 8))
    for each in regrets(gains):
        assert each.mean > 0.1
        assert abs(each.honest) < 0.05  # its standard error is about 0.02


def test_satisficing_is_a_share_of_draws() -> None:
    (share, low, high), (none, _, _) = satisficing(np.array([[True, True, False, True], [False] * 4]))
    assert share == 0.75
    assert low < 0.75 < high
    assert none == 0


def opportunity(mean: float, sd: float) -> float:
    """E[max(0, X)] - max(0, E X) of a normal X: the value of information in closed form (Raiffa and Schlaifer 1961)."""
    z = mean / sd
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return sd * density + mean * 0.5 * (1 + math.erf(z / math.sqrt(2))) - max(0.0, mean)


def test_value_of_information_of_a_linear_gaussian_choice() -> None:
    """Gain 0, or -0.3 + x + 0.5 z + luck: EVPI 0.312, EVPPI of x 0.267, of z 0.084, of w 0; bound 0.06."""
    random = np.random.default_rng(5)
    x, z, w = random.normal(size=(3, 1500))
    bet = (-0.3 + x + 0.5 * z)[:, None] + random.normal(size=(1500, 8))
    gains = np.stack([np.zeros_like(bet), bet])
    whole = perfect_information(gains)
    assert whole.honest == pytest.approx(opportunity(-0.3, math.sqrt(1.25)), abs=0.06)
    assert whole.fitted == pytest.approx(opportunity(-0.3, math.sqrt(1.25)), abs=0.06)
    assert whole.honest <= whole.fitted
    for column, sd in ((x, 1.0), (z, 0.5)):
        worth = partial_information(gains, column)
        assert worth.fitted == pytest.approx(opportunity(-0.3, sd), abs=0.06)
        assert worth.honest == pytest.approx(opportunity(-0.3, sd), abs=0.06)
        assert worth.told
    assert not partial_information(gains, w).told
    assert [turn.at for turn in break_evens(gains, x, ["none", "bet"])] == [pytest.approx(0.3, abs=0.15)]
    assert break_evens(gains, x, ["none", "bet"])[0][1:] == ("none", "bet")


def toy(points: Points, design: Design, outcomes: Sequence[str]) -> Table:
    """Success where x (of the draw) is above 0.3 and the first option is taken, above 0.6 under the second."""
    shape = (len(points), design.draws + 1, design.replications)
    values = np.stack(
        [np.broadcast_to((level < CENTRAL_AND_DRAWN)[:, None], shape[1:]) for level in (0.3, 0.6)[: shape[0]]]
    )
    return Table(dict.fromkeys(outcomes, values.astype(float)))


CENTRAL_AND_DRAWN = np.random.default_rng(6).random(201)


def test_discovery_of_a_toy_and_its_answer() -> None:
    points = Points((), {}, (), 2)
    settings = Settings(Event("success", "<", 0.5), ("one", "two"), draws=200, replications=4)
    found = discover(toy, points, {"x": CENTRAL_AND_DRAWN, "same": np.ones(201)}, settings)
    assert found.frequency.value == pytest.approx(0.3, abs=0.08)
    assert found.boxes[0].limits["x"].high == pytest.approx(0.3, abs=0.05)
    assert found.regrets[0].mean == 0
    assert found.regrets[1].mean == pytest.approx(0.3, abs=0.08)
    answer = answer_of(found, settings, "a toy", "side.plan")
    assert "where x below 0.3" in answer.answer or "where x below 0.2" in answer.answer
    assert "one has the best mean" in answer.answer
    assert set(answer.tables) == {"boxes", "path", "options", "information", "break_even"}


def test_an_event_that_always_happens_is_said_to() -> None:
    settings = Settings(Event("success", "<", 2), ("as it is",), draws=200, replications=4)
    found = discover(toy, single(), {"x": CENTRAL_AND_DRAWN}, settings)
    assert "always happens in 800 runs: no assumption" in answer_of(found, settings, "a toy", "").answer
    assert found.boxes == ()


def test_an_outcome_that_an_option_does_not_have_is_refused() -> None:
    def null(points: Points, design: Design, outcomes: Sequence[str]) -> Table:
        table = toy(points, design, outcomes)
        table.values["success"][1] = np.nan
        return table

    settings = Settings(Event("success", "<", 0.5), ("one", "two"), draws=200, replications=4)
    with pytest.raises(InputError, match="have a value under every option in 0 of 200 draws only"):
        discover(null, Points((), {}, (), 2), {"x": CENTRAL_AND_DRAWN}, settings)


@pytest.mark.parametrize(
    ("file", "arguments", "message"),
    [
        (FLAGSHIP, ["--fails", "dual_succes < 1"], "did you mean 'dual_success'"),
        (FLAGSHIP, ["--choices", "russia.respons"], "did you mean 'russia.response'"),
        (FLAGSHIP, ["--options", "divert"], "leaves out measured, which the scenario takes"),
        (FLAGSHIP, ["--minimise", "dual_succes"], "--minimise: there is no outcome 'dual_succes'; did you mean"),
        (FLAGSHIP, ["--draws", "20"], "20 are too few"),
        (FLAGSHIP, ["--maximise", "dual_success", "--minimise", "regained"], "exclude each other"),
        (TWO_FRONTS, [], "the scenario judges nobody"),
        (TWO_FRONTS, ["--fails", "hills.territory_km2 < 5", "--choices", "a.b"], "offers no choices"),
        (TWO_FRONTS, ["--fails", "hills.territory_km2 < 5"], "no assumption varies"),
        (FLAGSHIP, ["--structures", str(TWO_FRONTS), "--fails", "x < 1"], "has no meaning with --structures"),
        (FLAGSHIP, [str(TWO_FRONTS)], "is a second scenario"),
        (FLAGSHIP, ["--structures", str(TWO_FRONTS), "-n", "1"], "1 are too few to tell a sign"),
        (FLAGSHIP, ["-n", "0"], "is too few"),
        (FLAGSHIP, ["--draws", "99999999999"], "--draws: 99,999,999,999 are more than one command runs"),
        (FLAGSHIP, ["--boxes", "0"], "--boxes: 0 is below 1"),
        (TWO_FRONTS, ["--structures", str(FLAGSHIP)], "offers no choices to its sides"),
    ],
)
def test_wrong_input_is_told(
    file: Path,
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _exit_code(["discover", str(file), *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_answers_on_the_flagship(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "result"
    arguments = ["--draws", "80", "-n", "2", "--fails", "regained_share < 0.25", "--out", str(out), "--quiet"]
    assert _exit_code(["discover", str(FLAGSHIP), *arguments]) == 0, capsys.readouterr().err
    assert {"answer.json", "options.csv", "information.csv", "figure-regret.png"} <= {
        path.name for path in out.iterdir()
    }
    again = save(figures_in(out)["figure-regret"], tmp_path, "again", ("svg",))[0]
    assert again.read_bytes() == (out / "figure-regret.svg").read_bytes()
