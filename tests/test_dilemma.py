"""The dilemma: the index on toys in which it is known, its verdicts, prices and aspirations, and its section."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.analysis.aspirations import Reached, Stars, grid, levels
from sim.analysis.dilemma import (
    ATTAINABLE,
    DILEMMA,
    INCAPABLE_BOTH,
    INCAPABLE_E,
    INCAPABLE_K,
    UNDECIDED,
    Aims,
    Interval,
    across_draws,
    frontier,
    judge,
    verdict,
)
from sim.analysis.dilemma_answer import answer_of
from sim.analysis.dilemma_study import OnDate, Question, study
from sim.cli.dilemma import Options, question_of
from sim.cli.main import main
from sim.errors import InputError
from sim.experiment.design import Design
from sim.experiment.evaluate import Table
from sim.experiment.judged import assessments
from sim.experiment.points import Points
from sim.experiment.policies import (
    Inflow,
    Place,
    Policy,
    Running,
    inflow_of,
    policies_of,
    reference_of,
    run_policies,
    run_surface,
)
from sim.scenario.load import Loaded, effective_yaml, load

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
FLAGSHIP, PRIOR = SCENARIOS / "kursk_2024.yaml", SCENARIOS / "kursk_2024_prior.yaml"
RESPONSE = "russia.response"
Chances = Mapping[str, tuple[float, float]]  # pK and pE of each option


def aims(chances: Sequence[tuple[float, float]], seed: int = 0, draws: int = 40, luck: int = 10) -> Aims:
    """Independent K and E of each policy, with a share of their spread due to the draw."""
    rng = np.random.default_rng(seed)
    shape = draws + 1, luck
    made = []
    for aim in range(2):
        score = 0.6 * rng.normal(size=(draws + 1, 1)) + 0.8 * rng.normal(size=shape)
        made.append(np.stack([(score < normal_quantile(chance[aim])).astype(float) for chance in chances]))
    return Aims(made[0], made[1])


def normal_quantile(share: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(share))


class Toy:
    """A simulator in which each option reaches K and E with known chances, independent of each other."""

    def __init__(self, chances: Chances, loaded: Loaded) -> None:
        self.chances, self.names = chances, assessments(loaded)
        self.calls: list[Points] = []

    def __call__(self, points: Points, design: Design, outcomes: Sequence[str]) -> Table:
        self.calls.append(points)
        options = [str(option) for option in points.columns[RESPONSE]]
        drawn = aims([self.chances[option] for option in options], 7, design.draws, design.replications)
        values: dict[str, Any] = {}
        for each in self.names:
            values |= {each.second: drawn.second, each.main: drawn.main, each.both: drawn.both}
            values |= {each.independent: drawn.both, each.share: 0.1 + 0.5 * drawn.second}
            values |= {each.kept: 500 * (drawn.main - 1), each.gain: 600 + 500 * (drawn.main - 1)}
            paid = np.array([1000.0 * (1 + list(self.chances).index(option)) for option in options])
            values |= {name: paid[:, None, None] + 10 * drawn.second for name in each.price.values()}
        return Table({name: values[name] for name in outcomes})


@pytest.fixture(scope="module")
def flagship() -> Loaded:
    return load(FLAGSHIP)


@pytest.fixture(scope="module")
def once() -> Loaded:
    """The flagship, judged on its first date only."""
    return load(FLAGSHIP, sets=["assess.dates.winter=null"])


def asked(loaded: Loaded) -> Question:
    policies = tuple(Policy(name, "g", {RESPONSE: name}) for name in ("measured", "divert"))
    return Question(loaded, policies, 0, Design(0, 40, 10, nested=True), Design(0, 20, 4, nested=True))


def found(chances: Chances, loaded: Loaded) -> tuple[Question, tuple[OnDate, ...]]:
    question = asked(loaded)
    return question, study(Toy(chances, loaded), question)


# ---- the index on toys -----------------------------------------------------------------------------------------------


def test_a_toy_with_a_dilemma(once: Loaded) -> None:
    question, dates = found({"measured": (0.05, 0.95), "divert": (0.95, 0.05)}, once)
    true = 0.95 - 0.95 * 0.05
    for each in dates:
        index = each.judged.found
        assert index.verdict == DILEMMA
        assert index.D.low <= true <= index.D.high
        assert index.D.value == pytest.approx(true, abs=0.1)  # 400 runs in 40 clusters: a standard error near 0.03
        assert index.by_choice == pytest.approx(0.9, abs=0.1)
    answer = answer_of(question, dates, [])
    assert "dilemma (K in 9" in answer.answer
    assert len(answer.would_change) == 3


def test_a_toy_that_is_incapable_is_no_dilemma(once: Loaded) -> None:
    question, dates = found({"measured": (0.02, 0.95), "divert": (0.1, 0.9)}, once)
    assert {each.judged.found.verdict for each in dates} == {INCAPABLE_K}
    assert dates[0].judged.found.D.high < 0.35
    assert "nothing to choose between" in answer_of(question, dates, []).answer


def test_a_toy_in_which_both_are_attainable(once: Loaded) -> None:
    question, dates = found({"measured": (0.05, 0.8), "divert": (0.9, 0.85)}, once)
    index = dates[0].judged.found
    assert index.verdict == ATTAINABLE
    assert index.by_choice == pytest.approx(0.0, abs=0.03)  # one policy is best for both: what is left is luck
    assert index.D.value == pytest.approx(0.85 - 0.9 * 0.85, abs=0.06)  # three standard errors
    assert answer_of(question, dates, []).numbers["dates"]["article"]["maxima"]["both"]["policy"] == "divert"


def test_nearly_all_runs_are_not_said_to_be_all(once: Loaded) -> None:
    question, dates = found({"measured": (0.05, 0.8), "divert": (0.9, 0.85)}, once)
    index = dates[0].judged.found
    nearly = index.both._replace(interval=Interval(0.998, 0.97, 1.0))
    judged = dates[0].judged._replace(found=index._replace(both=nearly, D=Interval(0.002, 0, 0.02)))
    near = dates[0]._replace(judged=judged)
    answer = answer_of(question, [near], [])
    assert "both in over 99 % of runs" in answer.answer
    assert any(line.endswith("D is not told from zero") for line in answer.caveats)
    assert not any("by choice of policy" in line for line in answer.caveats)


def test_luck_alone_makes_an_index_without_a_choice() -> None:
    index = judge(aims([(0.6, 0.6), (0.1, 0.1)], draws=200)).found
    assert index.D.value == pytest.approx(0.6 - 0.36, abs=0.08)
    assert index.by_choice == pytest.approx(0.0, abs=0.03)


def test_the_same_policy_twice_changes_nothing() -> None:
    made = aims([(0.2, 0.9), (0.8, 0.3)])
    twice = Aims(np.repeat(made.second, 2, axis=0), np.repeat(made.main, 2, axis=0))
    assert judge(twice).found.D == judge(made).found.D


def test_maximisers_are_chosen_on_the_other_half() -> None:
    rng = np.random.default_rng(3)
    values = (rng.random((40, 21, 2)) < 0.5).astype(float)  # forty policies, none better than another
    index = judge(Aims(values, np.ones_like(values)), paired=False).found
    assert values[:, 1:].mean(axis=(1, 2)).max() > 0.62  # what the winner's curse would say
    assert index.second.interval.value == pytest.approx(0.5, abs=0.16)  # 40 runs: two standard errors


def test_central_assumptions_alone_are_enough() -> None:
    made = aims([(0.05, 0.95), (0.95, 0.05)], draws=0, luck=200)
    index = judge(made).found
    assert index.verdict == DILEMMA
    assert set(across_draws(made, index).values()) == {None}


def test_a_draw_whose_runs_all_failed_is_no_draw_without_success() -> None:
    second = np.ones((2, 5, 3))
    second[:, 2] = np.nan
    made = Aims(second, np.ones_like(second))
    assert across_draws(made, judge(made).found) == {"K": (1, 1), "E": (1, 1), "K and E": (1, 1), "D": (0, 0)}
    second[:, 1:4] = np.nan
    assert across_draws(made, judge(made).found)["K"] is None


def test_failed_runs_are_left_out() -> None:
    made = aims([(0.05, 0.95), (0.95, 0.05)])
    second = made.second.copy()
    second[:, 3, :] = np.nan
    assert judge(Aims(second, made.main)).found.verdict == DILEMMA


@pytest.mark.parametrize(
    ("second", "main", "both", "told"),
    [
        ((0.6, 0.9), (0.6, 0.9), (0.1, 0.4), DILEMMA),
        ((0.1, 0.4), (0.6, 0.9), (0.1, 0.4), INCAPABLE_K),
        ((0.6, 0.9), (0.1, 0.4), (0.1, 0.4), INCAPABLE_E),
        ((0.1, 0.4), (0.1, 0.4), (0.0, 0.1), INCAPABLE_BOTH),
        ((0.6, 0.9), (0.6, 0.9), (0.5, 0.8), ATTAINABLE),
        ((0.6, 0.9), (0.6, 0.9), (0.4, 0.6), UNDECIDED),
        ((0.4, 0.9), (0.6, 0.9), (0.1, 0.4), UNDECIDED),
    ],
)
def test_the_rules_of_the_verdict(
    second: tuple[float, float], main: tuple[float, float], both: tuple[float, float], told: str
) -> None:
    assert verdict(*(Interval(sum(each) / 2, *each) for each in (second, main, both))) == told


def test_the_frontier_has_what_nothing_beats() -> None:
    second, main = np.array([0.1, 0.5, 0.5, 0.9, 0.2]), np.array([0.9, 0.5, 0.4, 0.1, 0.9])
    assert frontier(second, main).tolist() == [False, True, False, True, True]


@pytest.mark.slow
@pytest.mark.parametrize("chances", [[(0.1, 0.9), (0.5, 0.6), (0.85, 0.2)], [(0.05, 0.8), (0.9, 0.85)]])
def test_intervals_hold_the_index_in_at_least_nine_of_ten_toys(chances: list[tuple[float, float]]) -> None:
    # nominal 95 % and conservative by construction; 100 toys have a standard error of 2.2 %
    most = (max(each[0] for each in chances), max(each[1] for each in chances))
    true = min(most) - max(second * main for second, main in chances)
    missed = 0
    for seed in range(100):
        index = judge(aims(chances, seed, draws=30, luck=6)).found
        missed += not index.D.low <= true <= index.D.high
    assert missed <= 10


# ---- aspirations and prices ------------------------------------------------------------------------------------------


def test_other_aspirations_are_read_from_the_same_runs(flagship: Loaded) -> None:
    shape = 1, 3, 2
    runs = Reached(np.full(shape, 0.4), np.full(shape, -100.0), np.full(shape, 300.0))  # G0 = 400
    assert runs.aims(Stars(0.4, 0.75, 100)).both.all()
    assert not runs.aims(Stars(0.41, 0.75, 100)).second.any()
    assert not runs.aims(Stars(0.4, 0.76, 100)).main.any()
    assert runs.aims(Stars(0.4, 0.95, 2000)).main.all()
    missing = Reached(np.full(shape, np.nan), runs.kept_km2, runs.gain_km2)
    assert np.isnan(missing.aims(Stars(0, 0, 0)).second).all()
    assess = flagship.scenario.assess
    assert assess is not None
    assert next((cell.stars.regained, cell.stars.kept) for cell in grid(runs, assess)) == (0.25, 0.6)
    assert levels(assess.kept_share) == [0.6, 0.8, 0.95]


def test_the_central_aspirations_are_those_of_the_answer(once: Loaded) -> None:
    question, dates = found({"measured": (0.05, 0.95), "divert": (0.95, 0.05)}, once)
    central = next(cell for cell in dates[0].cells if (cell.stars.regained, cell.stars.kept) == (0.5, 0.8))
    assert central.found.D.value == dates[0].judged.found.D.value
    high = next(cell for cell in dates[0].cells if cell.stars.regained == 0.75)  # no run regains more than 0.6
    assert high.found.verdict == INCAPABLE_K
    assert "'incapable of K' at K* 0.75" in answer_of(question, dates, []).would_change[0]


def test_prices_are_paired_with_the_reference(once: Loaded) -> None:
    _, dates = found({"measured": (0.5, 0.5), "divert": (0.5, 0.5)}, once)
    price = dates[0].prices["casualties of russia"]
    assert np.isnan(price.change[0])
    assert price.change[1] == pytest.approx(1000)
    assert price.low[1] == pytest.approx(price.high[1])
    assert set(dates[0].prices) >= {"diverted by ukraine", "taken from its main front"}


# ---- policies and what is run ----------------------------------------------------------------------------------------


def test_the_flagship_names_its_policies(flagship: Loaded) -> None:
    policies = policies_of(flagship)
    assert len(policies) == 20
    assert policies[reference_of(flagship, policies)].picks == {RESPONSE: "measured"}
    assert policies[2].name == "every axis, twentieth, at once"
    assert inflow_of(flagship)[1][:2] == (Place(0, -60), Place(0, -30))  # type: ignore[index]


def test_a_scenario_without_the_section_has_the_choices_of_the_side_under_test() -> None:
    bare = load(FLAGSHIP, sets=["dilemma=null"])
    assert len(policies_of(bare)) == 2 * 4
    assert [place.people for place in inflow_of(bare)[1]] == [0, 5500, 11000, 33000]  # type: ignore[index]
    alone = load(FLAGSHIP, sets=["assess.side=ukraine", "dilemma=null"])
    assert {decision for policy in policies_of(alone) for decision in policy.picks} == {
        "ukraine.incursion",
        "ukraine.kursk",
    }


def test_levers_are_picked_like_choices_and_are_not_in_the_hash(flagship: Loaded, tmp_path: Path) -> None:
    picked = load(FLAGSHIP, ["dilemma.share=half", "dilemma.source=every_axis"])
    assert picked.scenario.sides["russia"].policies["expel"].move_share.central == 0.5  # type: ignore[union-attr]
    assert picked.hash != flagship.hash == load(FLAGSHIP, sets=["dilemma=null"]).hash
    again = tmp_path / "again.yaml"
    again.write_text(effective_yaml(picked))
    assert load(again).hash == picked.hash


def test_groups_are_designs_and_nobody_is_not_moved_in_time(flagship: Loaded) -> None:
    toy = Toy({"measured": (0.5, 0.5), "divert": (0.2, 0.8)}, flagship)
    policies = asked(flagship).policies
    how, names = Running(toy, Design(0, 2, 2, nested=True)), [toy.names[0].second]
    assert run_policies(how, policies, names)[names[0]].shape == (2, 3, 2)
    inflow = inflow_of(flagship)
    assert inflow is not None
    places = (Place(0, -30), Place(0, 0), Place(3000, -30), Place(3000, 0))
    values = run_surface(how, policies, (inflow[0], places), names)[names[0]]
    assert values.shape == (4, 2, 3, 2)
    np.testing.assert_array_equal(values[0], values[1])
    assert len(toy.calls[-1]) == 3 * 2
    landings = {name: toy.calls[-1].columns[name] for name in inflow[0].landings}
    assert next(list(dates[2:6:2]) for dates in landings.values()) == ["2024-09-09", "2024-10-09"]
    assert isinstance(inflow[0], Inflow)


# ---- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("set_", "message"),
    [
        ("dilemma.policies.offered={russia: {respons: [measured]}}", "did you mean 'russia.response'"),
        ("dilemma.policies.offered={russia: {response: [mesured]}}", "did you mean 'measured'"),
        ("dilemma.policies.offered={ukraine: {kursk: [hold]}}", "no such decision of the side under test"),
        ("dilemma.policies.offered.russia.response=[]", "lists no option"),
        ("dilemma.policies.offered.russia=null", "names no decision"),
        ("dilemma.surface.contingent=dprc", "did you mean 'dprk'"),
        ("dilemma.surface.contingent=regular", "has no inflow"),
        ("dilemma.surface.days=[]", "is an empty list"),
        ("dilemma.surface.side=rusia", "did you mean 'russia'"),
        ("dilemma.surface.people=[-5]", "below 0"),
        ("dilemma.levrs={}", "did you mean"),
        ("assess=null", "which side is under test"),
    ],
)
def test_what_is_wrong_in_the_section_is_told(set_: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(FLAGSHIP, sets=[set_])


def test_an_error_in_the_section_has_its_place(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    section = "dilemma:\n  policies:\n    offered:\n      russia: {response: [mesured]}\n"
    file.write_text(f"extends: {PRIOR}\n{section}")
    with pytest.raises(InputError, match=r"mine\.yaml:5:27: dilemma\.policies\.offered\.russia\.response\.0"):
        load(file)


def test_what_a_dilemma_lacks_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    options = Options(4, 2, 0.5, no_surface=True, no_attribution=True)
    with pytest.raises(InputError, match="no incursion is ordered"):
        question_of(load(FLAGSHIP, ["ukraine.incursion=none"]), options, 0)
    alone = "dilemma={policies: {one: {russia: {response: [measured]}}}}"
    with pytest.raises(InputError, match="1 policies of the side under test"):
        question_of(load(FLAGSHIP, sets=["dilemma=null", alone]), options, 0)
    early = load(FLAGSHIP, sets=["dilemma.surface.days=[-90]"])
    with pytest.raises(InputError, match="outside the run"):
        question_of(early, replace(options, no_surface=False), 0)
    with pytest.raises(SystemExit, match="2"):
        main(["dilemma", str(FLAGSHIP), "--likely", "1.5"])
    assert "is not between 0 and 1" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_answers_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sets = ["--set", "dilemma.policies.reserve=null"]
    sets += ["--set", "dilemma.surface.people=[0, 11000]", "--set", "dilemma.surface.days=[0]"]
    few = ["--set", "dilemma.policies.main_force=null", "--set", "dilemma.policies.quiet_axes=null"]
    arguments = ["dilemma", str(FLAGSHIP), "--draws", "2", "-n", "2", "--out", str(tmp_path), "--json", *sets, *few]
    for _ in range(2):
        with pytest.raises(SystemExit, match="0"):
            main(arguments)
        printed = json.loads(capsys.readouterr().out)
    assert printed["runs"]["made"] == 0
    assert set(printed["numbers"]["dates"]) == {"article", "winter"}
    assert len(printed["drives"]) == 5
    names = {"answer.json", "policies.csv", "aspirations.csv", "surface.csv", "attribution.csv", "figure.png"}
    assert {*names, "figure_surface.png"} <= {path.name for path in tmp_path.iterdir()}
