"""Thresholds: sets of values, found on functions whose crossings are known."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from sim.analysis.condition import Place, parse_condition
from sim.analysis.curve import FAILS, HOLDS, UNTOLD, Band, band, crossings, regions, turns
from sim.analysis.threshold import Found, Search, search
from sim.analysis.threshold_answer import answer_of
from sim.cli.main import main
from sim.errors import InputError
from sim.experiment.axis import Axis, axis_of
from sim.experiment.design import Design
from sim.experiment.evaluate import Table
from sim.experiment.factors import NUMBER, SET, Factor
from sim.experiment.judged import check_judged
from sim.experiment.points import Points
from sim.scenario.load import load

FLAGSHIP = Path(__file__).resolve().parents[1] / "scenarios" / "kursk_2024.yaml"
TWO_FRONTS = FLAGSHIP.with_name("two_fronts.yaml")
INFLOW = "sides.russia.contingents.dprk.inflow.people"
MOST_DRAWS, MOST_LUCK = 400, 400
Mean = Callable[[float], float]


class Toy:
    """Runs whose mean is a known function of what varies, with assumptions and luck the same at every value."""

    def __init__(self, mean: Mean, seed: int = 0, sigma: float = 0.1, binary: bool = False, slope: float = 0.0) -> None:
        rng = np.random.default_rng(seed)
        self.draws = rng.normal(size=(MOST_DRAWS, 1))
        self.alone = rng.normal(size=(MOST_DRAWS, MOST_LUCK))
        self.mean, self.sigma, self.binary, self.slope = mean, sigma, binary, slope
        self.asked: dict[float, int] = {}

    def __call__(self, points: Points, design: Design, outcomes: Sequence[str]) -> Table:
        (value,) = next(iter(points.columns.values()))
        at = float(date.fromisoformat(value).toordinal()) if isinstance(value, str) else float(value)
        shape = slice(0, design.draws + 1), slice(0, design.replications)
        noise = self.draws[shape[0]] + 2 * self.alone[shape]
        self.asked[at] = design.runs
        made = self.mean(at) + self.sigma * noise + self.slope * at * self.alone[shape]
        return Table({name: (made > 0).astype(float)[None] if self.binary else made[None] for name in outcomes})


def line(step: float = 0.0, low: float = 0.0, high: float = 1.0) -> Axis:
    return Axis(Factor("x", NUMBER), low, high, "people" if step else "", step)


def asked(condition: str, axis: Axis | None = None, budget: int = 20_000, design: Design | None = None) -> Search:
    axis = axis or line()
    parsed = parse_condition(condition, Place("--until"))
    return Search(axis, parsed, design or Design(0, 20, 10, nested=True), 9, (axis.high - axis.low) / 50, budget)


def wrong(found: Found, search: Search, mean: Mean) -> bool:
    """Whether any value is told what is not so."""
    told = zip(found.at, found.states, strict=True)
    return any(state != UNTOLD and search.condition.holds(mean(at)) != (state == HOLDS) for at, state in told)


def test_a_root_is_enclosed_and_runs_go_near_it() -> None:
    toy, wanted = Toy(lambda x: x - 0.43), asked("mean(y) >= 0")
    found = search(toy, wanted)
    whole = regions(found.at, found.states, 0.0)
    assert [region.state for region in whole] == [FAILS, UNTOLD, HOLDS]
    assert whole[1].low < 0.43 < whole[1].high
    assert whole[1].high - whole[1].low < 0.2  # the first look has a value every 0.125
    assert min(toy.asked.values()) > wanted.design.runs
    assert min(crossings(found.at, found.states), key=lambda one: one.low)[2] == HOLDS


def test_no_crossing_is_told_as_such() -> None:
    wanted = asked("mean(y) >= 0")
    answer = answer_of(wanted, search(Toy(lambda x: x + 1), wanted))
    assert answer.answer.startswith("mean(y) >= 0 holds at every value looked at")
    assert answer.numbers["crossings"] == []
    never = answer_of(wanted, search(Toy(lambda x: x - 3), wanted))
    assert "holds at no value" in never.answer


def test_two_crossings_and_a_turn_are_told_whole() -> None:
    wanted = asked("mean(y) >= 0")
    found = search(Toy(lambda x: 1 - 16 * (x - 0.5) ** 2), wanted)
    answer = answer_of(wanted, found)
    assert [each["then"] for each in answer.numbers["crossings"]] == [HOLDS, FAILS]
    for each, root in zip(answer.numbers["crossings"], (0.25, 0.75), strict=True):
        assert each["from"] <= root <= each["to"]
    assert "(2 crossings)" in answer.answer
    assert any(text.startswith("not monotone") for text in answer.caveats)


def test_what_is_not_monotone_without_a_crossing_is_said() -> None:
    wanted = asked("mean(y) >= -9")
    found = search(Toy(lambda x: np.sin(6 * x), sigma=0.05), wanted)
    answer = answer_of(wanted, found)
    assert "holds at every value" in answer.answer
    assert any(text.startswith("not monotone") for text in answer.caveats)


def test_a_constant_says_that_nothing_changes() -> None:
    wanted = asked("mean(y) >= 0")
    answer = answer_of(wanted, search(Toy(lambda x: 0.02), wanted))
    assert answer.answer.startswith("x changes nothing in mean(y): every run is the same at all 9 values")
    assert answer.numbers["constant"] is True
    assert answer.drives == ()


def test_a_constant_outcome_without_spread_is_told_exactly() -> None:
    wanted = asked("mean(y) >= 0")
    found = search(Toy(lambda x: 1.0, sigma=0.0), wanted)
    assert set(found.states) == {HOLDS}
    assert found.spent == 9 * wanted.design.runs


def test_a_probability_and_a_quantile_cross_where_they_should() -> None:
    # made > 0 with variance 0.01 * (1 + 4): P = 1/2 where the mean is 0, and q90 = mean + 1.2816 * 0.2236
    wanted = asked("P(y) >= 0.5", design=Design(0, 40, 20, nested=True))
    found = search(Toy(lambda x: x - 0.43, binary=True), wanted)
    whole = regions(found.at, found.states, 0.0)
    assert [region.state for region in whole] == [FAILS, UNTOLD, HOLDS]
    assert whole[1].low < 0.43 < whole[1].high
    wanted = asked("q90(y) < 0.5", design=Design(0, 40, 20, nested=True))
    found = search(Toy(lambda x: x - 0.2), wanted)
    whole = regions(found.at, found.states, 0.0)
    root = 0.5 + 0.2 - 1.2816 * 0.1 * 5**0.5
    assert [region.state for region in whole] == [HOLDS, UNTOLD, FAILS]
    assert whole[1].low < root < whole[1].high
    assert (found.band.low <= found.band.estimate).all()
    assert (found.band.estimate <= found.band.high).all()


def test_whole_numbers_and_dates_are_parted_to_one_step() -> None:
    people = line(1.0, 0.0, 100.0)
    found = search(Toy(lambda x: float(x >= 37), sigma=0.001), asked("mean(y) >= 0.5", people))
    assert all(value.is_integer() for value in found.at)
    first = date(2024, 8, 6).toordinal()
    days = Axis(Factor("at", SET), first, first + 60, "", 1.0, dated=True)
    wanted = asked("mean(y) >= 0.5", days)
    answer = answer_of(wanted, search(Toy(lambda x: float(x >= first + 37), sigma=0.001), wanted))
    (change,) = answer.numbers["crossings"]
    assert (change["from"], change["to"]) == ("2024-09-11", "2024-09-12")


def test_a_direction_is_told_only_where_zero_is_not_possible() -> None:
    wanted = asked("mean(y) >= -9")
    told = answer_of(wanted, search(Toy(lambda x: x), wanted)).drives[0]
    assert told.startswith("from 0 to 1 mean(y) changes by +1")
    untold = answer_of(wanted, search(Toy(lambda x: 0.0, slope=1.0), wanted)).drives[0]
    assert untold.startswith("from 0 to 1 no change of mean(y) is shown")


def test_more_runs_than_the_budget_are_not_made() -> None:
    wanted = asked("mean(y) >= 0", budget=2_500)
    found = search(Toy(lambda x: x - 0.43, sigma=0.5), wanted)
    assert found.spent <= 2_500
    assert "would take more runs than its budget of 2,500" in " ".join(answer_of(wanted, found).caveats)


def test_where_all_is_told_the_budget_only_parts_it_further() -> None:
    wanted = asked("mean(y) >= 0", budget=2_500)
    found = search(Toy(lambda x: x - 0.43, sigma=0.5), wanted)
    told = found._replace(states=("does not hold", *["holds"] * (len(found.states) - 1)), ended="budget")
    said = " ".join(answer_of(wanted, told).caveats)
    assert "could be parted further with more than 2,500 runs" in said
    assert "cannot be told" not in said


def test_a_quantile_of_few_runs_has_an_open_band() -> None:
    statistic = parse_condition("q99(y) >= 0", Place("--until")).statistic
    seen = band([np.arange(20.0).reshape(1, 20)], statistic)
    assert np.isinf(seen.high[0])
    assert seen.low[0] < seen.estimate[0]


def test_regions_meet_and_turns_need_separate_bands() -> None:
    parts = regions([0.0, 1.0, 2.0, 3.0, 4.0], [FAILS, FAILS, HOLDS, UNTOLD, HOLDS], 0.0)
    assert [(part.low, part.high, part.state) for part in parts] == [
        (0.0, 1.0, FAILS),
        (1.0, 2.0, UNTOLD),
        (2.0, 2.0, HOLDS),
        (2.0, 4.0, UNTOLD),
        (4.0, 4.0, HOLDS),
    ]
    low, high = np.array([0.0, 2.0, 0.0]), np.array([1.0, 3.0, 1.0])
    assert turns(Band((low + high) / 2, low, high, low)) == (0, 1, 2)
    assert turns(Band((low + high) / 2, low - 2, high, low)) is None


@pytest.mark.slow
@pytest.mark.parametrize("binary", [False, True])
def test_nothing_told_is_wrong_in_at_least_nine_analyses_of_ten(binary: bool) -> None:
    # nominal 95 %; 100 analyses have a standard error of 2.2 %, and looking several times costs a little
    wanted = asked("P(y) >= 0.5" if binary else "mean(y) >= 0", budget=6_000)
    mean: Mean = (lambda x: 0.5 + (x - 0.43)) if binary else (lambda x: x - 0.43)
    missed = sum(
        wrong(search(Toy(lambda x: x - 0.43, seed=seed, binary=binary), wanted), wanted, mean) for seed in range(100)
    )
    assert missed <= 10


# ---- what is given on the command line -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def flagship():
    return load(FLAGSHIP)


def test_an_axis_is_a_number_a_whole_number_or_a_date(flagship) -> None:
    people = axis_of(flagship, [f"{INFLOW}=0:30000"])
    assert (people.low, people.high, people.step, people.unit) == (0, 30_000, 1, "people")
    assert len(people.point(1234.0)) == 1
    stepped = axis_of(flagship, [f"{INFLOW}=0:30000:10000"])
    assert stepped.spread(9) == [0, 10_000, 20_000, 30_000]
    dates = axis_of(flagship, ["incursion.at=2024-08-06:2024-08-16"])
    assert dates.dated
    assert dates.point(dates.low + 1).label(0) == "at = 2024-08-07"
    assert dates.between(dates.low, dates.low + 1) is None


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        ([], "needs one path with a range"),
        (["a=0:1", "b=0:1"], "not 2"),
        ([f"{INFLOW}=3000"], "is no range: give"),
        ([f"{INFLOW}=9000:3000"], "does not rise"),
        ([f"{INFLOW}=-5:3000"], "outside of what is allowed"),
        (["incursion.at=2024-09-06:2024-08-16"], "does not rise"),
        (["sides.russia.contingents.dprk.inflow.peple=0:3"], "did you mean"),
        (["russia.inflow=0:3"], "has no option"),
        (["title=1:2"], "takes no range of numbers"),
    ],
)
def test_a_range_that_makes_no_sense_is_told(flagship, vary: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        axis_of(flagship, vary)


def test_what_dual_success_lacks_is_told() -> None:
    with pytest.raises(InputError, match="no incursion is ordered"):
        check_judged(load(FLAGSHIP, ["ukraine.incursion=none"]), "--until", ["dual_success"])
    with pytest.raises(InputError, match="does not say how it is judged"):
        check_judged(load(TWO_FRONTS), "--until", ["dual_success"])
    check_judged(load(TWO_FRONTS), "--until", ["hills.territory_km2"])


@pytest.mark.parametrize(
    ("until", "message"),
    [
        ("P(dual_sucess) >= 0.5", "did you mean 'dual_success'"),
        ("P(dual_success >= 0.5", "needs a statistic and a level"),
        ("dual_success >= 0.5", "needs a statistic"),
    ],
)
def test_a_wrong_condition_is_marked(until: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["threshold", str(FLAGSHIP), "--vary", f"{INFLOW}=0:3000", "--until", until])
    error = capsys.readouterr().err
    assert message in error
    assert "^" in error


@pytest.mark.parametrize(
    ("vary", "until", "message"),
    [
        ("incursion.at=2024-08-06:2025-06-01", "P(dual_success) > 0.5", "--vary: incursion.at: 2025-06-01 is outside"),
        ("incursion.otherwise.delay=0:30 d", "mean(kursk.teritory_km2@2024-10-01) > 0", "--until: .*did you mean"),
        ("incursion.at=2024-08-06:2024-09-01", "P(dual_success) > 0.5", "--points: 99,999,999,999 is above 1,000"),
        (f"{INFLOW}=0:3000", "P(dual_success) > 0.5", "fewer than the first look takes"),
        ("incursion.force.regular=0:200000", "P(dual_success) > 0.5", "more than its reserve holds"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_is_run(
    vary: str, until: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    budget = "10" if "fewer" in message else "30000"
    points = "99999999999" if "--points" in message else "9"
    limits = ["--budget", budget, "--points", points, "--out", str(tmp_path)]
    with pytest.raises(SystemExit, match="2"):
        main(["threshold", str(FLAGSHIP), "--vary", vary, "--until", until, *limits])
    assert re.search(message, capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_command_answers_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["threshold", str(TWO_FRONTS), "--vary", "fronts.hills.forces.blue.army=8000:14000", "--until"]
    arguments += [
        "mean(hills.territory_km2) >= 40",
        "-n",
        "4",
        "--draws",
        "8",
        "--budget",
        "800",
        "--out",
        str(tmp_path),
        "--json",
    ]
    for _ in range(2):
        with pytest.raises(SystemExit, match="0"):
            main(arguments)
        printed = capsys.readouterr().out
    assert '"made": 0' in printed
    names = {"answer.json", "points.csv", "regions.csv", "figure.png", "figure.svg"}
    assert names <= {path.name for path in tmp_path.iterdir()}
    with pytest.raises(SystemExit, match="0"):
        main(["plot", str(tmp_path), "--format", "png", "--out", str(tmp_path / "again")])
    assert (tmp_path / "again" / "figure.png").read_bytes() == (tmp_path / "figure.png").read_bytes()
