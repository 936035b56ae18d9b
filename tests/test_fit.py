"""The posterior by rounds of runs, on a toy of which the answer is known in closed form."""

from dataclasses import replace

import numpy as np
import pytest
from toy_ensemble import BASE, DATES, LUCK, START, Toy, figures, named

from sim.analysis import check_calibration
from sim.analysis.check_calibration import checked
from sim.analysis.emulator import features, fit, influence, influential
from sim.analysis.fit import Effort, fitted, outputs, proposals, refuse_unreachable, synthetic
from sim.analysis.observation_model import prepared, scaled
from sim.analysis.posterior import Likelihood, effective, mixing, normalised, posterior, systematic
from sim.errors import InputError

TRUTH = (0.5, -0.7)
SMALL = Effort(draws=1_000, runs=800, rounds=3, particles=600)


def closed_form(seen, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of (a, b) given figures that are linear in them, up to the scale's small curvature."""
    t = np.array([(on - START).days / 30 for on in DATES])
    slope = np.sqrt(1 / (1 + 4 * (seen.scale / BASE / np.exp(0.8 * TRUTH[0] + 0.4 * t * TRUTH[1])) ** 2))
    design = np.stack([0.8 * slope, 0.4 * t * slope], axis=1)
    total = errors + np.diag((LUCK * slope) ** 2)
    precision = design.T @ np.linalg.solve(total, design) + np.eye(2)
    mean = np.linalg.solve(precision, design.T @ np.linalg.solve(total, design @ np.array(TRUTH)))
    return mean, np.linalg.inv(precision)


def test_the_posterior_of_a_linear_toy_is_the_closed_form() -> None:
    """The closed form leaves out lags and the scale's curvature: means within 0.15, sd within a quarter."""
    seen = prepared(figures(TRUTH, "kursk.russia.people"), START)
    found = fitted(Toy(), seen, SMALL, 0)
    assert found.paths == ("b", "a")
    mean, covariance = closed_form(seen, seen.covariance)
    np.testing.assert_allclose(found.cloud.scores.mean(axis=0), mean[::-1], atol=0.15)
    np.testing.assert_allclose(found.cloud.scores.std(axis=0), np.sqrt(np.diag(covariance))[::-1], rtol=0.25)


def test_an_input_that_does_nothing_is_not_calibrated_unless_asked_for_and_keeps_its_prior() -> None:
    seen = prepared(figures(TRUTH), START)
    found = fitted(Toy(), seen, SMALL, 0, ("a", "b", "idle"))
    idle = found.cloud.scores[:, 2]
    assert abs(idle.mean()) < 0.15
    assert 0.85 < idle.std() < 1.15
    assert found.shares[2].max() < 0.02


def test_rounds_go_on_until_enough_runs_carry_the_posterior() -> None:
    toy = Toy()
    found = fitted(toy, prepared(figures(TRUTH), START), SMALL, 0)
    assert 1 <= len(toy.asked) <= SMALL.rounds
    assert found.rounds[-1].effective_runs >= 200
    assert found.rounds[0].effective_runs < found.rounds[-1].effective_runs
    none = fitted(Toy(), prepared(figures(TRUTH), START), replace(SMALL, rounds=0), 0)
    assert len(none.rounds) == 1


def test_the_same_seed_gives_the_same_posterior() -> None:
    seen = prepared(figures(TRUTH), START)
    one, two, other = (fitted(Toy(), seen, SMALL, seed).cloud.scores for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_figures_that_no_run_reaches_are_refused_with_the_series_and_by_how_much() -> None:
    seen = prepared(figures((0.0, 40.0)), START)
    runs = Toy().prior(500, seen.names)
    with pytest.raises(
        InputError, match=r"kursk.territory_km2.*runs lie between .* sd of the observation model outside"
    ):
        refuse_unreachable(seen, runs)
    refuse_unreachable(prepared(figures(TRUTH), START), runs)


def test_a_quadratic_is_recovered_and_what_it_explains_told() -> None:
    random = np.random.default_rng(0)
    scores = random.normal(size=(3_000, 2))
    made = np.stack([1 + 2 * scores[:, 0] + scores[:, 0] * scores[:, 1], random.normal(size=3_000)], axis=1)
    made[:, 0] += 0.1 * random.normal(size=3_000)
    found = fit(scores, made)
    np.testing.assert_allclose(found.mean(scores)[:, 0], made[:, 0], atol=0.6)
    assert found.covariance[0, 0] == pytest.approx(0.01, rel=0.15)
    assert found.explained[0] > 0.99
    assert abs(found.explained[1]) < 0.02
    assert features(scores).shape == (3_000, 6)


def test_influence_is_the_share_of_variance_of_an_input_and_its_square() -> None:
    scores = np.random.default_rng(0).normal(size=(20_000, 3))
    made = (scores[:, :1] * 2 + (scores[:, 1:2] ** 2 - 1)) / np.sqrt(6)  # variances 4 and 2
    shares = influence(scores, made)
    np.testing.assert_allclose(shares[:, 0], [4 / 6, 2 / 6, 0], atol=0.02)
    assert influential(shares).tolist() == [0, 1]


def test_weights_and_resampling() -> None:
    weights = normalised(np.log(np.array([1.0, 1.0, 2.0])) - 1e4)
    np.testing.assert_allclose(weights, [0.25, 0.25, 0.5])
    assert effective(weights) == pytest.approx(1 / 0.375)
    taken = systematic(weights, 8, np.random.default_rng(0))
    assert np.bincount(taken).tolist() == [2, 2, 4]


def test_proposals_have_the_posteriors_shape_wider() -> None:
    seen = prepared(figures(TRUTH), START)
    cloud = fitted(Toy(), seen, SMALL, 0).cloud
    drawn = proposals(cloud, 20_000, 0)
    np.testing.assert_allclose(np.cov(drawn.T), 1.69 * np.cov(cloud.scores.T), rtol=0.1, atol=0.005)


def test_a_map_that_lags_is_found_to_lag() -> None:
    """Figures four days late of a quantity that grows fast: most of the posterior lies on the longest lags."""
    late = [replace(each, value=each.value * np.exp(-0.4 * 4 / 30 * 2.5)) for each in figures((0.0, 2.5))]
    sharp = prepared(late, START)
    sharp = replace(sharp, covariance=sharp.covariance / 400)
    toy = Toy(luck=0.001)
    runs = toy.prior(3_000, sharp.names)
    keep = np.abs(runs.scores[:, 1] - 2.5) < 3
    emulator = fit(runs.scores[keep][:, :2], outputs(sharp, runs)[keep])
    at = np.array([[0.0, 2.5]] * 5)
    likely = normalised(Likelihood(sharp, emulator)(at, np.arange(5)[:, None]))
    assert likely[3:].sum() > likely[:2].sum()


@pytest.mark.slow
def test_ranks_of_synthetic_truths_are_uniform() -> None:
    """Simulation-based calibration: no p below 0.01 over three inputs, by a bound set before (Bonferroni)."""
    seen = prepared(figures(TRUTH), START)
    toy = Toy(luck=0.3)
    table = toy.prior(3_000, seen.names)
    found = checked(seen, table, np.array([0, 1, 2]), toy.paths, 0)
    assert found.passed, found.text()
    assert found.ranks.shape == (100, 3)


@pytest.mark.slow
def test_a_posterior_that_is_too_sure_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    def sure(scores: np.ndarray, made: np.ndarray) -> object:
        found = fit(scores, made)
        return replace(found, covariance=found.covariance * 0.0001, coefficients=found.coefficients * 2)

    monkeypatch.setattr(check_calibration, "fit", sure)
    seen = prepared(figures(TRUTH), START)
    toy = Toy(luck=0.3)
    found = checked(seen, toy.prior(2_000, seen.names), np.array([0, 1]), toy.paths[:2], 0)
    assert not found.passed
    assert "depart from uniform for" in found.text()


def test_synthetic_figures_scatter_about_a_run_as_the_observation_model_says() -> None:
    seen = prepared(figures(TRUTH, "kursk.russia.people"), START)
    runs = Toy().prior(1, seen.names)
    made = outputs(seen, runs)[0]
    random = np.random.default_rng(0)
    drawn = np.array([synthetic(seen, made, random).target for _ in range(4_000)])
    np.testing.assert_allclose(np.cov(drawn.T), seen.covariance, atol=0.004)
    np.testing.assert_allclose(drawn.mean(axis=0), made, atol=0.02)


def test_outputs_are_on_the_scale_and_end_with_what_a_lag_changes() -> None:
    seen = prepared(figures(TRUTH), START)
    runs = Toy(luck=0.0).prior(5, seen.names)
    made = outputs(seen, runs)
    assert made.shape == (5, 8)
    first = scaled(runs.outcomes[named("kursk.territory_km2")[0]], seen.scale[0])
    np.testing.assert_allclose(made[:, 0], first)
    np.testing.assert_allclose(made @ mixing(seen, np.array([0])).T, made[:, :4])
    full = made @ mixing(seen, np.array([4])).T
    np.testing.assert_allclose(full[:, 0], scaled(runs.outcomes[seen.lagged[0]], seen.scale[0]))


def test_a_posterior_without_maps_has_no_lags() -> None:
    seen = prepared(figures(TRUTH, "x.russia.people"), START)
    emulator = fit(*[part(Toy().prior(500, seen.names)) for part in (lambda r: r.scores, lambda r: outputs(seen, r))])
    found = posterior(Likelihood(seen, emulator), 3, 0, 200)
    assert found.cloud.lags.shape == (200, 0)
