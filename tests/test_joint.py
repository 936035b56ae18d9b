"""Joint samples as overlays: they load, run, and give way to what is stated later."""

from pathlib import Path

import numpy as np
import pytest

from sim.errors import InputError
from sim.experiment.design import joint_row
from sim.experiment.ensemble import free_paths, values_of
from sim.experiment.study import ready
from sim.scenario.joint import NAME, JointSample, Overlay, holding, joint_paths, overlay_text, write_overlay
from sim.scenario.load import effective_yaml, load

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
PRIOR = SCENARIOS / "kursk_2024_prior.yaml"
GROUND, PER_KM2, LIFT = "combat.ground", "sides.russia.policies.expel.per_km2", "sides.russia.movement.lift.kursk"
SAMPLE = JointSample((GROUND, PER_KM2, LIFT), np.array([[0.1, 30.0, 1000.0], [0.2, 40.0, 2000.0], [0.15, 35, 1500]]))


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    path = tmp_path / "calibrated.yaml"
    write_overlay(path, SAMPLE, Overlay(str(PRIOR), 'It\'s: a "title"', "a test", "one\ntwo", "2024-11-11"))
    return path


def test_draws_take_whole_rows_and_central_runs_the_medians(overlay: Path) -> None:
    made = ready(load(overlay), 7)
    for draw in range(1, 30):
        values, row = made.values(draw), joint_row(7, draw, NAME, 3)
        assert tuple(values[path] for path in SAMPLE.paths) == tuple(SAMPLE.rows[row])
    assert made.central()[GROUND] == 0.15
    assert load(overlay).scenario.title == 'It\'s: a "title"'


def test_other_numbers_keep_their_priors(overlay: Path) -> None:
    base, over = ready(load(PRIOR), 7).values(3), ready(load(overlay), 7).values(3)
    assert set(base) == set(over)
    assert {path for path in base if base[path] != over[path]} <= set(SAMPLE.paths)


def test_a_choice_that_states_a_number_holds_against_the_sample(overlay: Path) -> None:
    divert = load(overlay, ["russia.response=divert"])
    assert PER_KM2 not in joint_paths(divert)
    assert PER_KM2 not in ready(divert, 0).values(1)
    assert joint_paths(load(overlay)) == list(SAMPLE.paths)


def test_so_do_a_value_that_is_set_and_a_file_that_extends(overlay: Path, tmp_path: Path) -> None:
    assert joint_paths(load(overlay, (), [f"{GROUND}=0.3"])) == [PER_KM2, LIFT]
    later = tmp_path / "later.yaml"
    later.write_text("extends: calibrated.yaml\ncombat: {ground: {uniform: [0.3, 0.4]}}\n")
    made = ready(load(later), 0)
    assert 0.3 <= made.values(1)[GROUND] <= 0.4
    row = joint_row(0, 1, NAME, 3)
    assert made.values(1)[PER_KM2] == SAMPLE.rows[row][1]


def test_a_part_that_a_choice_takes_away_is_left_out(overlay: Path) -> None:
    found = load(overlay, (), ["sides.russia.policies.expel=null"])
    assert joint_paths(found) == [GROUND, LIFT]


def test_a_path_that_names_no_number_is_told(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    sample = JointSample(("combat.grond",), np.array([[0.1], [0.2]]))
    text = overlay_text(sample, Overlay(str(PRIOR), "t", "s")).replace("combat:\n  grond", "combat:\n  ground")
    path.write_text(text)
    with pytest.raises(InputError, match=r"'combat.grond' is no number of the scenario; did you mean 'combat.ground'"):
        holding(load(path))


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        (
            "      - [0.1, 30, 1000]\n",
            "      - [0.1, 30]\n",
            "joint.posterior.rows: have 2, 3 numbers, but there are 3",
        ),
        ("    rows:\n", "    rows: []\n    x:\n", "unknown key"),
    ],
)
def test_rows_that_do_not_fit_are_refused(overlay: Path, old: str, new: str, match: str) -> None:
    text = overlay.read_text()
    assert old in text
    overlay.write_text(text.replace(old, new))
    with pytest.raises(InputError, match=match):
        load(overlay)


def test_free_paths_are_those_with_a_distribution_of_their_own(overlay: Path) -> None:
    base = load(overlay)
    free = free_paths(base)
    assert set(SAMPLE.paths).isdisjoint(free)
    assert free_paths(base, (free[3], free[0])) == (free[3], free[0])
    with pytest.raises(InputError, match=f"'{GROUND}' belongs to a joint sample"):
        free_paths(base, (GROUND,))
    with pytest.raises(InputError, match=r"'combat.granularity' has no distribution"):
        free_paths(base, ("combat.granularity",))
    with pytest.raises(InputError, match=r"'luck.theatre_sigm' does not exist; did you mean 'luck.theatre_sigma'"):
        free_paths(base, ("luck.theatre_sigm",))
    with pytest.raises(InputError, match="none is uncertain"):
        free_paths(load(SCENARIOS / "two_fronts.yaml"))


def test_scores_stand_for_quantiles() -> None:
    values = values_of(load(PRIOR), (GROUND,), np.array([[0.0], [1.0]])).rows[:, 0]
    np.testing.assert_allclose(values, [0.15, 0.15 * np.exp(0.6)], rtol=1e-6)


def test_a_scenario_written_out_as_one_file_is_the_same_scenario(overlay: Path, tmp_path: Path) -> None:
    """Results keep the effective scenario: a choice that held against the sample still does when that is read."""
    for choices, sets in (((), ()), (["russia.response=divert"], [f"{GROUND}=0.3"])):
        first = load(overlay, choices, sets)
        flat = tmp_path / "flat.yaml"
        flat.write_text(effective_yaml(first))
        again = load(flat)
        assert again.hash == first.hash
        assert joint_paths(again) == joint_paths(first)
        assert ready(again, 3).values(2) == ready(first, 3).values(2)
        assert ready(again, 3).central() == ready(first, 3).central()


def test_in_the_counterfactual_what_it_states_holds(tmp_path: Path) -> None:
    path = tmp_path / "koreans.yaml"
    people = "sides.russia.contingents.dprk.inflow.people"
    sample = JointSample((people, GROUND), np.array([[9000.0, 0.1], [12000.0, 0.2]]))
    write_overlay(path, sample, Overlay(str(PRIOR), "t", "s"))
    found = load(path)
    assert found.counterfactual is not None
    assert joint_paths(found) == [people, GROUND]
    assert joint_paths(found.counterfactual) == [GROUND]
    none = load(path, ["russia.inflow=none"], [f"{GROUND}=0.3"])
    assert joint_paths(none) == []
    assert none.scenario.joint == {}
