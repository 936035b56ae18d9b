"""Statistics against closed forms, scipy and brute force; coverage against bounds stated beforehand."""

import math
import warnings

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.analysis.attribution import FACTORS, attribution, shapley
from sim.analysis.bands import ALL, ASSUMPTIONS, COLUMNS, LUCK, bands, sorted_quantiles
from sim.analysis.point_summary import point_numbers
from sim.analysis.stats import Crossing, Row, probability, ratio_of_means, student_975, summarise, wilson
from sim.model.tally import Outcome

Values = NDArray[np.float64]

KM2, CHANCE, DAY, RATIO = (
    Outcome(name, unit, "") for name, unit in (("a", "km2"), ("p", "probability"), ("day", "day"), ("r", "ratio"))
)


def crossing(draws: int, replications: int) -> Crossing:
    return Crossing(np.repeat(np.arange(draws), replications), np.tile(np.arange(replications), draws))


def one_row(outcome: Outcome, values: Values, runs: Crossing, **others: Values) -> Row:
    return summarise({outcome.name: values, **others}, runs, [outcome], {"r": ("up", "down")}, {"day": "reached"})[0]


def test_the_interval_of_a_mean_is_that_of_student():
    values = np.random.default_rng(1).normal(5.0, 2.0, 40)
    row = one_row(KM2, values, crossing(1, 40))
    low, high = scipy.stats.t.interval(0.95, 39, values.mean(), scipy.stats.sem(values))
    assert row.mean == pytest.approx(values.mean())
    assert row.mean_ci95 == pytest.approx((low, high))
    assert row.runs == 40


@pytest.mark.parametrize("freedom", [1, 2, 30, 999, 10_001, 10**6])
def test_the_point_of_student(freedom: int):
    assert student_975(freedom) == pytest.approx(scipy.stats.t.ppf(0.975, freedom), rel=1e-8)


@pytest.mark.parametrize(("ones", "count"), [(0, 10), (3, 10), (10, 10), (1, 1), (512, 1000)])
def test_the_interval_of_a_probability_is_that_of_wilson(ones: int, count: int):
    expected = scipy.stats.binomtest(ones, count).proportion_ci(method="wilson")
    values = np.repeat([1.0, 0.0], [ones, count - ones])
    assert one_row(CHANCE, values, crossing(1, count)).mean_ci95 == pytest.approx(tuple(expected))
    assert wilson(ones / count, count) == pytest.approx(tuple(expected))


def test_wilsons_interval_covers_as_it_says_where_that_of_the_standard_error_does_not():
    # Exact coverage over the binomial distribution. Stated beforehand: Wilson's is within 1.5 % of 95 % on the average
    # of probabilities from 2 to 98 %, and never under 80 %; the mean with 1.96 standard errors is under 90 %.
    count, ones = 20, np.arange(21)
    share = np.linspace(0.02, 0.98, 97)
    chance = scipy.stats.binom.pmf(ones[:, None], count, share)
    half = 1.96 * np.sqrt(ones / count * (1 - ones / count) / (count - 1))
    covered = {}
    for name, ends in (("wilson", wilson(ones / count, count)), ("wald", (ones / count - half, ones / count + half))):
        low, high = (end[:, None] for end in ends)
        covered[name] = (chance * ((low <= share) & (share <= high))).sum(axis=0)
    assert abs(covered["wilson"].mean() - 0.95) < 0.015
    assert covered["wilson"].min() > 0.8
    assert covered["wald"].mean() < 0.9


@pytest.mark.parametrize("middle", [0.05, 0.3, 0.9])
def test_the_interval_of_a_probability_over_crossed_draws_and_luck_covers(middle: float):
    # 1,500 worlds of 10 draws x 20 replications whose chance differs by draw and by luck (probit, both sd 0.6: two
    # fifths of the variance). Stated beforehand: the 95 % interval covers the whole chance in 90 to 99 % of them.
    rng = np.random.default_rng(int(100 * middle))
    shape, level = (1_500, 10, 20), scipy.stats.norm.ppf(middle) * np.sqrt(1 + 2 * 0.36)
    by_draw, by_luck = rng.normal(0, 0.6, (1_500, 10, 1)), rng.normal(0, 0.6, (1_500, 1, 20))
    values = (rng.normal(size=shape) + by_draw + by_luck < level).astype(np.float64)
    found = point_numbers(Outcome("p", "probability", ""), {"p": values}, {})
    covers = (found["mean_low"] <= middle) & (middle <= found["mean_high"])
    assert 0.90 < covers.mean() < 0.99


def test_a_probability_on_which_all_runs_agree_is_not_certain():
    runs = crossing(31, 100)
    assert probability(np.ones(3_100), runs).interval == wilson(1.0, 31)
    assert probability(np.zeros(3_100), runs).interval == wilson(0.0, 31)


def coverage(draw_sd: float, luck_sd: float, own_sd: float, draws: int, replications: int, repeats: int) -> float:
    """Share of repeated experiments in which the interval holds the true mean (0) of a crossed design."""
    rng, runs, inside = np.random.default_rng(2), crossing(draws, replications), 0
    for _ in range(repeats):
        ours, luck = rng.normal(0, draw_sd, draws), rng.normal(0, luck_sd, replications)
        values = ours[runs.draw] + luck[runs.replication] + rng.normal(0, own_sd, len(runs.draw))
        low, high = ratio_of_means(values, np.ones(len(values)), runs).interval or (math.nan, math.nan)
        inside += low <= 0.0 <= high
    return inside / repeats


@pytest.mark.parametrize(
    ("draw_sd", "luck_sd", "own_sd"), [(1.0, 0.0, 1.0), (0.0, 1.0, 1.0), (1.0, 1.0, 1.0), (0.0, 0.0, 1.0), (0.3, 1, 0)]
)
def test_the_interval_holds_the_mean_whether_draws_or_luck_make_the_spread(
    draw_sd: float, luck_sd: float, own_sd: float
):
    # 95 % wanted. With 1,000 repeats the standard error is 0.7 %; too wide is forgiven (at most 4 % too often), since
    # the larger of three variances is taken and the smaller number of clusters.
    assert 0.92 <= coverage(draw_sd, luck_sd, own_sd, draws=31, replications=40, repeats=1_000) <= 0.995


def test_draws_that_are_all_the_same_do_not_make_the_mean_exact():
    luck = np.random.default_rng(3).normal(0, 1, 100)
    crossed = ratio_of_means(np.tile(luck, 31), np.ones(3_100), crossing(31, 100)).interval
    alone = ratio_of_means(luck, np.ones(100), crossing(1, 100)).interval
    assert crossed is not None
    assert alone is not None
    assert crossed[1] - crossed[0] == pytest.approx((alone[1] - alone[0]) * student_975(30) / student_975(99))


def test_one_replication_of_each_draw_tells_nothing_of_luck():
    assert ratio_of_means(np.arange(5.0), np.ones(5), crossing(5, 1)).interval is None


def test_a_ratio_is_of_means_with_the_delta_method():
    rng = np.random.default_rng(4)
    down = rng.gamma(20, 1, 400)
    up = 2.0 * down + rng.normal(0, 1, 400)
    row = one_row(RATIO, up / down, crossing(1, 400), up=up, down=down)
    ratio = up.sum() / down.sum()
    error = (up - ratio * down).std(ddof=1) / math.sqrt(400) / down.mean()
    half = scipy.stats.t.ppf(0.975, 399) * error
    assert row.mean == pytest.approx(ratio)
    assert row.mean_ci95 == pytest.approx((ratio - half, ratio + half))


def test_a_ratio_without_a_denominator_is_nothing():
    zeros = np.zeros(4)
    row = one_row(RATIO, np.full(4, np.nan), crossing(1, 4), up=zeros, down=zeros)
    assert (row.mean, row.mean_ci95, row.quantiles, row.runs) == (None, None, None, 0)


def test_luck_is_of_draw_0_and_assumptions_are_of_the_sampled_draws():
    runs = crossing(4, 50)
    luck = np.linspace(-1, 1, 50)
    row = one_row(KM2, 10.0 * runs.draw + luck[runs.replication], runs)
    assert row.luck == pytest.approx(tuple(np.quantile(luck, [0.05, 0.5, 0.95])))
    assert row.assumptions == pytest.approx(tuple(np.quantile([10, 20, 30], [0.05, 0.95])))
    assert row.mean == pytest.approx(15.0)
    everything = 10.0 * runs.draw + luck[runs.replication]
    assert row.quantiles == pytest.approx(tuple(np.quantile(everything, [0.05, 0.5, 0.95])))


@pytest.mark.parametrize("draws", [1, 2])
def test_fewer_than_two_sampled_draws_say_nothing_of_assumptions(draws: int):
    assert one_row(KM2, np.arange(10.0 * draws), crossing(draws, 10)).assumptions is None


def test_what_does_not_apply_is_left_out():
    values = np.array([1.0, np.nan, 3.0, np.nan])
    row = one_row(KM2, values, crossing(1, 4))
    assert (row.runs, row.mean) == (2, 2.0)
    nothing = one_row(KM2, np.full(4, np.nan), crossing(1, 4))
    assert (nothing.runs, nothing.mean, nothing.mean_ci95, nothing.luck) == (0, None, None, None)


def test_a_time_that_is_not_reached_is_later_than_any_and_never_averaged():
    day = np.array([10.0, 20.0, 30.0, np.nan, np.nan, np.nan])
    reached = np.array([1.0, 1.0, 1.0, 0.0, 0.0, np.nan])  # the last never had anything to reach
    row = one_row(DAY, day, crossing(1, 6), reached=reached)
    assert row.mean is None
    assert row.mean_ci95 is None
    assert row.censored_share == pytest.approx(0.4)
    assert row.quantiles == (10.0, 30.0, math.inf)
    assert row.luck == (10.0, 30.0, math.inf)
    assert row.runs == 5


def test_probabilities_have_whole_quantiles():
    row = one_row(CHANCE, np.array([0.0, 1.0, 1.0]), crossing(1, 3))
    assert row.quantiles == (0.0, 1.0, 1.0)


@given(
    st.integers(1, 4),
    st.integers(1, 5),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_bands_equal_brute_force(draws: int, replications: int, seed: int, holes: bool):
    rng = np.random.default_rng(seed)
    series = rng.normal(size=(draws * replications, 3, 4)).astype(np.float32)
    if holes:
        series[rng.random(series.shape) < 0.4] = np.nan
    draw = np.repeat(np.arange(draws), replications)
    found = bands(series, draw)
    assert tuple(found) == COLUMNS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numpy warns of slices without a number
        everything = np.nanquantile(series.astype(float), list(ALL.values()), axis=0)
        luck = np.nanquantile(series[draw == 0].astype(float), list(LUCK.values()), axis=0)
        means = np.array([np.nanmean(series[draw == d].astype(float), axis=0) for d in range(draws)])
        mean = np.nanmean(series.astype(float), axis=0)
        spread = np.full((2, 3, 4), np.nan)
        if draws > 2:
            spread = np.nanquantile(means[1:], list(ASSUMPTIONS.values()), axis=0)
    expected = np.concatenate([mean[None], everything, luck, spread]).transpose(0, 2, 1)
    np.testing.assert_allclose(np.array(list(found.values())), expected, rtol=1e-12, atol=1e-12)


def test_bands_give_each_draw_the_same_weight():
    draw = np.repeat([0, 1], [6, 2])
    series = np.repeat(np.float32([0.0, 10.0]), [6, 2])[:, None, None] * np.ones((8, 2, 3), np.float32)
    assert (bands(series, draw)["mean"] == 5.0).all()


def test_bands_do_not_depend_on_how_days_are_taken_together(monkeypatch: pytest.MonkeyPatch):
    series = np.random.default_rng(5).normal(size=(12, 7, 3)).astype(np.float32)
    draw = np.repeat([0, 1, 2], 4)
    whole = bands(series, draw)
    monkeypatch.setattr("sim.analysis.bands._VALUES_AT_ONCE", 1)
    for name, values in bands(series, draw).items():
        np.testing.assert_array_equal(values, whole[name])


def test_quantiles_of_nothing_are_no_numbers():
    assert np.isnan(sorted_quantiles(np.empty((2, 0)), [0.5])).all()
    assert np.isnan(sorted_quantiles(np.full((2, 3), np.nan), [0.5])).all()


def worlds(gain: "dict[tuple[bool, ...], float]", runs: int) -> dict[tuple[bool, ...], Values]:
    return {world: np.full(runs, value) for world, value in gain.items()}


def test_shapley_shares_add_up_and_share_an_interaction_equally():
    def gain(world: tuple[bool, ...]) -> float:
        first, second, third = world
        return 5.0 - 3.0 * first - 1.0 * second + 0.5 * third - 2.0 * (first and second)

    cube = [(a, b, c) for a in (False, True) for b in (False, True) for c in (False, True)]
    gains = worlds({world: gain(world) for world in cube}, 4)
    assert [shapley(gains, factor)[0] for factor in range(3)] == pytest.approx([-4.0, -2.0, 0.5])
    shares = {share.name: share.mean.value for share in attribution(gains, np.full(4, 6.0), crossing(1, 4))}
    assert shares["remainder"] == pytest.approx(-1.0)
    total = shares["change against no incursion"]
    assert total == pytest.approx(gain((True, True, True)) - 6.0)
    assert total == pytest.approx(sum(shares[name] or 0.0 for name in (*FACTORS, "remainder")))


def test_attribution_is_paired_and_leaves_failed_runs_out():
    rng, runs = np.random.default_rng(6), crossing(1, 200)
    luck = rng.normal(0, 100, 200)  # common to all worlds: it must not widen the intervals
    cube = [(a, b, c) for a in (False, True) for b in (False, True) for c in (False, True)]
    gains = {world: luck - 10.0 * world[0] for world in cube}
    gains[(True, True, True)] = gains[(True, True, True)].copy()
    gains[(True, True, True)][0] = np.nan
    first = attribution(gains, luck, runs)[0]
    assert first.mean.value == pytest.approx(-10.0)
    assert first.mean.interval == pytest.approx((-10.0, -10.0), abs=1e-6)
