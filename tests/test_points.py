"""Factors and designs of sweeps: what is varied, at which points, and what is refused."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sweeps import CAMPAIGN, INFLOW, LENGTH, written
from worlds import loaded

from sim.errors import InputError
from sim.experiment.factors import Factor, factors_of, parse_vary
from sim.experiment.points import Layout, Points, design_points, short_names
from sim.scenario.load import Loaded
from sim.scenario.sweep_file import read_sweep

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def campaign() -> Loaded:
    return loaded(CAMPAIGN)


def factors(campaign: Loaded, *vary: str) -> tuple[Factor, ...]:
    return factors_of(campaign, parse_vary(vary))


def points(campaign: Loaded, vary: Sequence[str], layout: Layout | None = None) -> Points:
    return design_points(factors(campaign, *vary), layout or Layout())


@pytest.mark.parametrize(
    ("vary", "values"),
    [
        (f"{INFLOW}=0:3000:1000", (0.0, 1000.0, 2000.0, 3000.0)),
        (f"{INFLOW}=0:2500:1000", (0.0, 1000.0, 2000.0)),
        (f"{INFLOW}=500 troops, 1500", (500.0, 1500.0)),
        ("fronts.line.effort.red=0.1:0.5:0.1", (0.1, 0.2, 0.3, 0.4, 0.5)),
        ("fronts.line.effort.red=10 %,0.3", (0.1, 0.3)),
        ("sides.red.movement.travel=1 week:3 weeks:7 d", (7.0, 14.0, 21.0)),
        ("red.answer=calm,strike", ("calm", "strike")),
        ("red.answer", ("calm", "strike")),
        ("incursion.at=2024-01-04,2024-01-06", ("2024-01-04", "2024-01-06")),
        ("incursion.at=2024-01-04:2024-01-20:7 d", ("2024-01-04", "2024-01-11", "2024-01-18")),
        ("fronts.line.extent=2000,3000 km2", ("2000", "3000 km2")),
    ],
)
def test_levels_are_read_as_people_write_them(campaign: Loaded, vary: str, values: tuple[object, ...]) -> None:
    (factor,) = factors(campaign, vary)
    assert factor.levels() == values


def test_a_declared_distribution_gives_its_quantiles(campaign: Loaded) -> None:
    (factor,) = factors(campaign, LENGTH)
    assert factor.at(0.4) == pytest.approx(100.0)  # 0.4 of a triangular 80, 100, 130 lies below its mode
    levels = factor.levels()
    assert len(levels) == 5
    assert list(levels) == sorted(levels)


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        ([f"{INFLOW}=0:-5:1"], "-5 is outside of what is allowed, 0 to 100000000 people"),
        ([f"{INFLOW}=10:5:1"], "'10:5:1' does not rise: 10 to 5"),
        ([f"{INFLOW}=0:5:0"], "the step of '0:5:0' is not above 0"),
        ([f"{INFLOW}=0:100000000:0.001"], r"makes 100,000,000,001 values, more than 1,000,000"),
        ([f"{INFLOW}=0:10:0.5"], "0.5 is not a whole number"),
        ([f"{INFLOW}=5,5"], "has the value 5.0 twice"),
        ([f"{INFLOW}=1 km"], "'1 km' has the unit 'km'; allowed: people, troops"),
        ([f"{INFLOW}=1:2:3:4"], "'1:2:3:4' is not LO:HI:STEP"),
        ([f"{INFLOW}="], "has no values: the design would be empty"),
        ([INFLOW], "is one value, 3000 people, and no distribution; give"),
        ([f"{INFLOW}=0:5"], "0:5 is a range: a grid needs 0:5:STEP"),
        ([f"{INFLOW}=1,2", f"{INFLOW}=3,4"], "is given twice"),
        (["sides.red.contingents.ally.inflow.poeple=1,2"], "did you mean 'sides.red.contingents.ally.inflow.people'"),
        (["red.anser=calm"], "did you mean 'red.answer'"),
        (["red.answer=calm,stike"], "has no option 'stike'; did you mean 'strike'"),
        (["incursion.at"], "is no number with a distribution; give its values"),
        (["incursion.at=2024-01-04:2024-01-20:1 km"], "has the unit 'km'"),
        (["incursion.at=2024-01-04:2024-01-20"], "is not FROM:TO:STEP with a step in whole days"),
        (["=5"], "needs a path"),
        ([], "the design is empty: name what varies"),
        (["combat.ground=0.1:1:0.001", "combat.posture=1:2:0.0005"], r"would make .* points \(901 x 2,001\)"),
    ],
)
def test_what_cannot_vary_is_refused_with_what_to_do(campaign: Loaded, vary: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        points(campaign, vary)


def test_every_problem_is_told_at_once(campaign: Loaded) -> None:
    with pytest.raises(InputError, match=r"(?s)poeple.*stike"):
        factors(campaign, "sides.red.contingents.ally.inflow.poeple=1,2", "red.answer=stike")


def test_an_option_that_sets_what_varies_is_refused() -> None:
    offered = {"red": {"answer": {"options": {"strike": {"set": {"sides": {"red": {"contingents": {"ally": None}}}}}}}}}
    raw = {**CAMPAIGN, "choices": {"red": {"answer": {"default": "calm", "options": {"calm": {}}}}}}
    raw["choices"]["red"]["answer"]["options"].update(offered["red"]["answer"]["options"])
    with pytest.raises(InputError, match=r"varies, but red.answer=strike sets it too"):
        factors(loaded(raw), f"{INFLOW}=1,2", "red.answer")


def test_a_grid_has_every_combination_the_first_factor_slowest(campaign: Loaded) -> None:
    found = points(campaign, [f"{INFLOW}=0,10", "red.answer"])
    assert [found.at(k) for k in range(len(found))] == [
        {INFLOW: 0.0, "red.answer": "calm"},
        {INFLOW: 0.0, "red.answer": "strike"},
        {INFLOW: 10.0, "red.answer": "calm"},
        {INFLOW: 10.0, "red.answer": "strike"},
    ]
    assert found.label(3) == "people = 10, answer = strike"


def test_a_list_takes_the_values_side_by_side(campaign: Loaded) -> None:
    found = points(campaign, [f"{INFLOW}=0,10", "red.answer"], Layout("list"))
    assert [found.label(k) for k in range(len(found))] == ["people = 0, answer = calm", "people = 10, answer = strike"]
    with pytest.raises(InputError, match="they need as many"):
        points(campaign, [f"{INFLOW}=0,10,20", "red.answer"], Layout("list"))


VARIED = [f"{INFLOW}=0:30000", "fronts.line.effort.red=0.2:0.8", LENGTH]


def test_a_latin_hypercube_fills_every_slice_once_and_says_its_correlation(campaign: Loaded) -> None:
    found = points(campaign, VARIED, Layout("lhs", 64, 3))
    effort = found.columns["fronts.line.effort.red"]
    assert sorted(np.floor((effort - 0.2) / 0.6 * 64).astype(int).tolist()) == list(range(64))
    (note,) = [note for note in found.notes if "largest correlation" in note]
    said = float(re.findall(r"\d\.\d+", note)[0])
    assert said < 0.05  # by lot it is about 1 / sqrt(64) = 0.125
    ranks = np.array([np.argsort(np.argsort(column)) for column in found.columns.values()])
    assert abs(np.corrcoef(ranks) - np.eye(3)).max() < 0.08
    assert found.columns[LENGTH].min() >= 80
    assert found.columns[LENGTH].max() <= 130
    again = points(campaign, VARIED, Layout("lhs", 64, 3))
    assert all((again.columns[name] == column).all() for name, column in found.columns.items())
    other = points(campaign, VARIED, Layout("lhs", 64, 4))
    assert (other.columns[LENGTH] != found.columns[LENGTH]).any()


def test_sobol_points_are_balanced_in_powers_of_two_and_can_be_continued(campaign: Loaded) -> None:
    found, more = (points(campaign, VARIED, Layout("sobol", count)) for count in (32, 64))
    effort = (found.columns["fronts.line.effort.red"] - 0.2) / 0.6
    assert sorted(np.floor(effort * 32).astype(int).tolist()) == list(range(32))
    assert all((more.columns[name][:32] == column).all() for name, column in found.columns.items())
    odd = points(campaign, VARIED, Layout("sobol", 33))
    assert any("33 is no power of two" in note and "32 or 64" in note for note in odd.notes)
    assert not any("power of two" in note for note in found.notes)


def test_points_that_repeat_are_left_out_and_said(campaign: Loaded) -> None:
    found = points(campaign, ["red.answer", "sides.red.reviews.every=1,2"], Layout("lhs", 50))
    assert len(found) == 4
    assert any("46 of 50 points repeat others" in note for note in found.notes)


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        (Layout("lhs"), "needs the number of points: --points N"),
        (Layout("sobol", 0), "0 is below 1; nothing would be run"),
        (Layout("grid", 5), "is for lhs and sobol"),
        (Layout("gird"), "'gird' does not exist; allowed: grid, lhs, sobol, list"),
        (Layout("lhs", 2_000_000), "would make 2,000,000 points"),
    ],
)
def test_designs_that_cannot_be_made_are_refused(campaign: Loaded, layout: Layout, message: str) -> None:
    with pytest.raises(InputError, match=message):
        points(campaign, [f"{INFLOW}=0,5"], layout)


def test_short_names_tell_factors_apart() -> None:
    assert short_names(["a.people", "a.effort"]) == ["people", "effort"]
    assert short_names(["a.x.people", "b.x.people"]) == ["a.x.people", "b.x.people"]
    assert short_names(["a.x.people", "b.y.people"]) == ["x.people", "y.people"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sweep: 1\nscenario: campaign.yaml\nvari: {}\n", r"s.yaml:3:1: vari: unknown key; did you mean 'vary'"),
        ("sweep: 1\nscenario: campaign.yaml\nvary: {a: 1}\ndesign: gird\n", r"s.yaml:4:9: design: 'gird' is not"),
        ("sweep: 1\nscenario: gone.yaml\nvary: {a: '1'}\n", r"s.yaml:2:11: scenario: there is no file .*gone.yaml"),
        ("sweep: 2\nscenario: campaign.yaml\nvary: {a: '1'}\n", r"s.yaml:1:8: sweep: 2 is not allowed"),
        ("sweep: 1\nscenario: campaign.yaml\nvary: {}\n", r"s.yaml:3:1: vary"),
    ],
)
def test_a_sweep_file_has_its_errors_located(tmp_path: Path, text: str, message: str) -> None:
    written(tmp_path)
    (tmp_path / "s.yaml").write_text(text)
    with pytest.raises(InputError, match=message):
        read_sweep(tmp_path / "s.yaml")


def test_a_scenario_is_no_sweep_file(tmp_path: Path) -> None:
    assert read_sweep(written(tmp_path)) is None
