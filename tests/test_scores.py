"""Scores of forecasts against the oracle package, and by hand."""

import numpy as np
import pytest
import scoringrules

from sim.analysis.scores import block_share, crps, pit, quantile, skill


def even(count: int) -> np.ndarray:
    return np.full(count, 1 / count)


@pytest.mark.parametrize("seen", [-3.0, 0.0, 0.4, 7.0])
def test_crps_is_that_of_the_oracle(seen: float) -> None:
    members = np.random.default_rng(0).normal(size=300)
    assert crps(members, even(300), seen) == pytest.approx(float(scoringrules.crps_ensemble(seen, members)), rel=1e-9)


def test_weights_count_as_repeats() -> None:
    members, weights = np.array([1.0, 4.0, 2.0]), np.array([0.5, 0.25, 0.25])
    repeated = np.array([1.0, 1.0, 2.0, 4.0])
    for seen in (0.0, 1.0, 3.0):
        assert crps(members, weights, seen) == pytest.approx(crps(repeated, even(4), seen))
        assert pit(members, weights, seen) == pytest.approx(pit(repeated, even(4), seen))


def test_the_crps_of_one_member_is_its_error_and_of_a_sharp_right_forecast_small() -> None:
    assert crps(np.array([5.0]), np.array([1.0]), 8.0) == 3.0
    assert crps(np.array([7.9, 8.1]), even(2), 8.0) == pytest.approx(0.05)


def test_a_forecast_from_the_right_distribution_has_the_known_score_and_uniform_pit() -> None:
    """A standard normal forecast of standard normals: mean CRPS 1/sqrt(pi) = 0.564; four standard errors."""
    random = np.random.default_rng(1)
    members, truths = random.normal(size=2_000), random.normal(size=500)
    scores = [crps(members, even(2_000), truth) for truth in truths]
    assert abs(np.mean(scores) - 1 / np.sqrt(np.pi)) < 4 * np.std(scores) / np.sqrt(500) + 0.01
    pits = np.array([pit(members, even(2_000), truth) for truth in truths])
    assert abs(pits.mean() - 0.5) < 4 * np.sqrt(1 / 12 / 500) + 0.03


def test_quantiles_of_weighted_members() -> None:
    members, weights = np.array([3.0, 1.0, 2.0]), np.array([0.2, 0.5, 0.3])
    assert [quantile(members, weights, level) for level in (0.05, 0.5, 0.51, 0.8, 0.95, 1.0)] == [1, 1, 2, 2, 3, 3]


def test_skill_is_what_is_saved_of_the_other_score() -> None:
    assert skill([1.0, 1.0], [2.0, 2.0]) == 0.5
    assert skill([3.0], [2.0]) == -0.5
    assert np.isnan(skill([1.0], [0.0]))


def test_hits_of_one_date_go_together() -> None:
    """Ten hits on one date and ten misses on another: two blocks, so almost nothing is known of the share."""
    hits = np.array([True] * 10 + [False] * 10)
    together = block_share(hits, ["a"] * 10 + ["b"] * 10)
    apart = block_share(hits, list(range(20)))
    assert (together.value, together.low, together.high) == (0.5, 0.0, 1.0)
    assert 0.25 < apart.low < 0.4
    assert 0.6 < apart.high < 0.75
    assert block_share(np.array([True]), ["a"])[1:] == (0.0, 1.0)


def test_where_all_lie_inside_few_dates_say_little() -> None:
    """Wilson's 90 % interval of 4 in 4: 4 / (4 + 1.645^2) = 0.597 to 1."""
    found = block_share(np.ones(8, bool), ["a", "b", "c", "d"] * 2)
    assert found == (1.0, pytest.approx(0.597, abs=1e-3), 1.0)
    assert block_share(np.zeros(8, bool), ["a", "b", "c", "d"] * 2).high == pytest.approx(1 - 0.597, abs=1e-3)
