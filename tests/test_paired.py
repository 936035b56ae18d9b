"""Statistics of paired differences on synthetic crossed runs with known truth; bounds are stated beforehand."""

import math
from itertools import product

import numpy as np
import pytest
import scipy.stats
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.analysis.paired import (
    Difference,
    Sample,
    apart,
    difference,
    fixed_ratio,
    independent_chance,
    paired_chance,
    sample,
    spread,
)
from sim.analysis.simultaneous import (
    LEVEL,
    Simultaneous,
    common_level,
    errors_of,
    paired_shares,
    simultaneous,
)
from sim.analysis.stats import Crossing, ratio_of_means, student_975, wilson
from sim.model.tally import Outcome

Values = NDArray[np.float64]

KM2, CHANCE, DAY, RATIO = (
    Outcome(name, unit, "") for name, unit in (("a", "km2"), ("p", "probability"), ("day", "day"), ("r", "ratio"))
)


@pytest.fixture
def few_simulations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Find the common level from fewer simulations: 5 % +- 0.5 %, which is less than what coverage is measured to."""
    monkeypatch.setattr("sim.analysis.simultaneous._SIMULATIONS", 2_000)


def crossing(draws: int, replications: int) -> Crossing:
    return Crossing(np.repeat(np.arange(draws), replications), np.tile(np.arange(replications), draws))


def plain(values: Values) -> Sample:
    return sample(KM2, {"a": values}, {}, {})


def shares(values: Values) -> Sample:
    return sample(CHANCE, {"p": values}, {}, {})


def crossed(rng: np.random.Generator, runs: Crossing, points: int, common: tuple[float, float, float]) -> Values:
    """Values float64[point, run] with mean 0: what draws, luck and runs add, shared by all points and of each alone."""
    found = np.zeros((points, len(runs.draw)))
    for weight, place in ((common[0], runs.draw), (common[1], runs.replication)):
        size = int(place.max()) + 1
        shared, own = rng.normal(0, 1, size), rng.normal(0, 1, (points, size))
        found += weight * (2.0 * shared[place] + 0.5 * own[:, place])
    return found + common[2] * rng.normal(0, 1, found.shape)


def all_pairs(data: Sample) -> list[Difference]:
    count = len(data.above)
    return [difference(data, b, a) for a in range(count) for b in range(a + 1, count)]


def test_a_difference_is_that_of_the_means_and_its_interval_that_of_student():
    rng = np.random.default_rng(1)
    values = np.stack([rng.normal(0, 1, 50), rng.normal(0.3, 1, 50)])
    found = simultaneous([difference(plain(values), 1, 0)], crossing(1, 50))
    step = values[1] - values[0]
    expected = scipy.stats.t.interval(0.95, 49, step.mean(), scipy.stats.sem(step))
    assert found.intervals[0] == pytest.approx(expected)
    assert found.level == pytest.approx(0.95)


def test_the_variance_of_one_difference_is_that_of_a_mean_over_crossed_runs():
    runs, rng = crossing(9, 12), np.random.default_rng(2)
    values = crossed(rng, runs, 2, (1.0, 1.0, 1.0))
    (interval,) = simultaneous([difference(plain(values), 0, 1)], runs).intervals
    assert interval == pytest.approx(ratio_of_means(values[0] - values[1], np.ones(108), runs).interval)


@pytest.mark.slow
@pytest.mark.usefixtures("few_simulations")
@pytest.mark.parametrize(
    ("draws", "common"),
    [(1, (0.0, 1.0, 1.0)), (21, (1.0, 1.0, 1.0)), (21, (0.0, 1.0, 0.3)), (21, (1.0, 0.0, 0.3)), (31, (0.3, 0.3, 1.0))],
)
def test_simultaneous_intervals_hold_all_differences_together(draws: int, common: tuple[float, float, float]):
    # 95 % wanted for all six pairs of four points at once. With 500 repeats the standard error is 1 %; too wide is
    # forgiven (the larger of three variances is taken, and the smaller number of clusters), up to 99.5 %.
    rng, runs, inside = np.random.default_rng(3), crossing(draws, 40), 0
    for _ in range(500):
        found = simultaneous(all_pairs(plain(crossed(rng, runs, 4, common))), runs)
        inside += all(each is not None and each[0] <= 0.0 <= each[1] for each in found.intervals)
    assert 0.92 <= inside / 500 <= 0.995


@pytest.mark.slow
@pytest.mark.usefixtures("few_simulations")
def test_single_intervals_would_not_hold_together():
    """The test above can fail: six intervals of 95 % each miss somewhere far more often than in 8 % of experiments."""
    rng, runs, inside = np.random.default_rng(3), crossing(1, 40), 0
    for _ in range(600):
        pairs = all_pairs(plain(crossed(rng, runs, 4, (0.0, 1.0, 1.0))))
        halves = student_975(39) * np.sqrt(errors_of(pairs, runs).variance)
        inside += all(abs(each.estimate or 0.0) <= half for each, half in zip(pairs, halves, strict=True))
    assert inside / 600 < 0.88


def test_the_level_is_between_that_of_one_interval_and_bonferroni():
    for count, freedom in product((2, 6, 40), (5, 400)):
        many = np.full(count, freedom)
        alike, apart_ = np.ones((count, count)), np.eye(count)
        assert common_level(alike, many) == pytest.approx(0.05, abs=0.004)
        # independent and many degrees of freedom: Sidak's level; of few, T shares its denominator, so a little above
        level = common_level(apart_, many)
        assert 0.05 / count <= level <= 0.05
        if freedom == 400:
            assert level == pytest.approx(1 - 0.95 ** (1 / count), rel=0.08)


def test_the_common_critical_value_is_tukeys_for_all_pairs_of_independent_means():
    """All pairwise differences of five independent means: the studentised range, exactly."""
    contrasts = np.array([np.eye(5)[b] - np.eye(5)[a] for a in range(5) for b in range(a + 1, 5)]) / math.sqrt(2)
    level = common_level(contrasts @ contrasts.T, np.full(10, 20))
    critical = scipy.stats.t.ppf(1 - level / 2, 20)
    assert critical == pytest.approx(scipy.stats.studentized_range.ppf(0.95, 5, 20) / math.sqrt(2), rel=0.01)


def test_what_has_fewer_degrees_of_freedom_does_not_widen_the_others():
    many = np.array([400, 400, 2])
    level = common_level(np.eye(3), many)
    assert level == pytest.approx(1 - 0.95 ** (1 / 3), rel=0.1)


@pytest.mark.usefixtures("few_simulations")
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from([1, 6]))
def test_a_less_b_is_the_opposite_of_b_less_a(seed: int, binary: bool, draws: int):
    rng, runs = np.random.default_rng(seed), crossing(draws, 8)
    values = rng.normal(0, 1, (3, 8 * draws)) + rng.normal(0, 1, 8)[runs.replication]
    data = shares((values > 0).astype(float)) if binary else plain(values)
    ahead = simultaneous([difference(data, 0, 1), difference(data, 2, 1)], runs)
    back = simultaneous([difference(data, 1, 0), difference(data, 1, 2)], runs)
    for one, other in zip(ahead.intervals, back.intervals, strict=True):
        assert one is not None
        assert other is not None
        assert one == pytest.approx((-other[1], -other[0]), abs=1e-12)
    three = simultaneous([difference(data, 0, 1), difference(data, 2, 1), difference(data, 2, 0)], runs)
    turned = simultaneous([difference(data, 1, 0), difference(data, 2, 1), difference(data, 2, 0)], runs)
    assert three.level == pytest.approx(turned.level, abs=1e-6), "turning one difference round changes no other"
    first, second = paired_chance(values[0], values[1], runs), paired_chance(values[1], values[0], runs)
    assert (first.higher, first.lower) == (second.lower, second.higher)
    one, other = independent_chance(values[0], values[1], runs), independent_chance(values[1], values[0], runs)
    assert one.higher.value == pytest.approx(other.lower.value)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_the_order_of_runs_does_not_matter(seed: int, binary: bool):
    rng, runs = np.random.default_rng(seed), crossing(4, 6)
    values = rng.normal(0, 1, (3, 24))
    values[rng.random(values.shape) < 0.1] = np.nan
    if binary:
        values = np.where(np.isnan(values), np.nan, (values > 0).astype(float))
    order = rng.permutation(24)
    mixed = runs.only(order)  # type: ignore[arg-type]
    kind = shares if binary else plain
    here, there = simultaneous(all_pairs(kind(values)), runs), simultaneous(all_pairs(kind(values[:, order])), mixed)
    assert_same(here, there)
    a, b = values[0], values[1]
    for chance in (paired_chance, independent_chance):
        one, other = chance(a, b, runs), chance(a[order], b[order], mixed)
        assert one.higher.value == pytest.approx(other.higher.value)
    assert fixed_ratio(kind(values), 0, 1, runs)[0] == pytest.approx(
        fixed_ratio(kind(values[:, order]), 0, 1, mixed)[0]
    )


def assert_same(here: Simultaneous, there: Simultaneous) -> None:
    """Levels and intervals agree but for the error of simulation, seen where an estimate of zero has either sign."""
    assert 1 - here.level == pytest.approx(1 - there.level, rel=0.15)
    for one, other in zip(here.intervals, there.intervals, strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert one == pytest.approx(other, rel=0.05, abs=0.02)


@pytest.mark.parametrize("draws", [1, 21])
def test_the_interval_agrees_with_a_bootstrap_of_draws_and_luck(draws: int):
    # The pigeonhole bootstrap resamples draws and replications. It is conservative where runs add noise of their own
    # (Owen 2007), so the noise of runs is small here: standard errors agree within 15 % (2,000 resamples: 1.6 %, and
    # the factors of small samples, 21 / 20 and 40 / 39).
    rng, runs = np.random.default_rng(4), crossing(draws, 40)
    values = crossed(rng, runs, 2, (1.0 * (draws > 1), 1.0, 0.1))
    step = (values[1] - values[0]).reshape(draws, 40)
    means = []
    for _ in range(2_000):
        some, luck = rng.integers(0, draws, draws), rng.integers(0, 40, 40)
        means.append(step[np.ix_(some, luck)].mean())
    error = math.sqrt(errors_of([difference(plain(values), 1, 0)], runs).variance[0])
    assert error == pytest.approx(np.std(means), rel=0.15)


def test_a_ratio_of_means_agrees_with_a_bootstrap_and_its_estimate_is_exact():
    rng, runs = np.random.default_rng(5), crossing(1, 200)
    down = rng.gamma(20, 1, (2, 200))
    up = np.stack([2.0 * down[0], 2.2 * down[1]]) + rng.normal(0, 1, (2, 200))
    data = sample(RATIO, {"r": up / down, "up": up, "down": down}, {"r": ("up", "down")}, {})
    found = difference(data, 1, 0)
    assert found.estimate == pytest.approx(up[1].sum() / down[1].sum() - up[0].sum() / down[0].sum())
    picks = rng.integers(0, 200, (2_000, 200))
    ratios = up[:, picks].sum(axis=-1) / down[:, picks].sum(axis=-1)
    error = math.sqrt(errors_of([found], runs).variance[0])
    assert error == pytest.approx(float((ratios[1] - ratios[0]).std()), rel=0.08)


@pytest.mark.slow
@pytest.mark.usefixtures("few_simulations")
@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (0.3, 0.6), (0.02, 0.02), (0.02, 0.1), (0.97, 0.99), (0.0, 0.05)])
@pytest.mark.parametrize("together", [0.0, 0.9])
def test_the_difference_of_shares_is_covered_at_fixed_assumptions(a: float, b: float, together: float):
    # One difference, nominal 95 %, 100 runs: between 93 and 100 % (shares near 0 make intervals conservative); 1,000
    # repeats have a standard error of 0.7 %.
    rng, inside, runs = np.random.default_rng(6), 0, crossing(1, 100)
    for _ in range(1_000):
        luck, own = rng.random(100), rng.random(100)
        other = np.where(rng.random(100) < together, luck, own)
        found = difference(shares(np.stack([luck < a, other < b]).astype(float)), 0, 1)
        (interval,) = simultaneous([found], runs).intervals
        assert interval is not None
        assert interval[1] > interval[0]
        inside += interval[0] <= a - b <= interval[1]
    assert inside / 1_000 >= 0.93


@pytest.mark.slow
@pytest.mark.usefixtures("few_simulations")
@pytest.mark.parametrize(("low", "high"), [(0.2, 0.5), (0.02, 0.05)])
def test_the_difference_of_shares_is_covered_over_crossed_runs(low: float, high: float):
    # What draws and luck add shifts both shares; 21 draws x 50 replications, nominal 95 %, 600 repeats: at least 92 %.
    rng, runs, inside = np.random.default_rng(7), crossing(21, 50), 0
    cuts = scipy.stats.norm.ppf([low, high]) * math.sqrt(3)
    for _ in range(600):
        draws, luck = rng.normal(0, 1, (2, 21)), rng.normal(0, 1, 50)
        common = luck[runs.replication] + rng.normal(0, 1, 1_050)
        values = np.stack([draws[k][runs.draw] + common < cuts[k] for k in range(2)]).astype(float)
        (interval,) = simultaneous([difference(shares(values), 1, 0)], runs).intervals
        inside += interval is not None and interval[0] <= high - low <= interval[1]
    assert inside / 600 >= 0.92


def test_shares_of_0_and_1_have_intervals_of_some_width():
    for draws, (a, b) in product((1, 6), [(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)]):
        runs = crossing(draws, 30)
        values = np.stack([np.full(30 * draws, a), np.full(30 * draws, b)])
        (interval,) = simultaneous([difference(shares(values), 0, 1)], runs).intervals
        assert interval is not None
        low, high = interval
        assert -1.0 <= low <= a - b <= high <= 1.0
        assert high - low > (0.1 if draws == 1 else 0.3), "few draws looked, so little is known"


def test_the_interval_of_shares_is_bonett_and_prices():
    # b = 15 runs with 1 in the first only, c = 5 in the second only, n = 100: worked by hand
    one, other = 16 / 102, 6 / 102
    half = 1.96 * math.sqrt((one + other - (one - other) ** 2) / 102)
    assert paired_shares((0.15, 0.05), 100, 1.96) == pytest.approx((one - other - half, one - other + half))


def test_nothing_is_told_of_nothing():
    runs = crossing(1, 5)
    empty = plain(np.full((2, 5), np.nan))
    found = difference(empty, 0, 1)
    assert (found.estimate, found.both.any()) == (None, False)
    assert simultaneous([found], runs).intervals == (None,)
    assert paired_chance(*empty.order, runs).higher == (None, None)
    assert independent_chance(*empty.order, runs).higher == (None, None)
    assert fixed_ratio(empty, 0, 1, runs) == (None, None)
    assert spread(empty, 0, 1, found.both, runs) == (None, None)
    assert simultaneous([], runs).intervals == ()


@pytest.mark.parametrize(("draws", "replications"), [(1, 1), (5, 1)])
def test_one_replication_tells_nothing_of_luck(draws: int, replications: int):
    runs = crossing(draws, replications)
    values = np.random.default_rng(8).normal(size=(2, draws))
    found = simultaneous([difference(plain(values), 0, 1)], runs)
    assert found.intervals == (None,)
    assert independent_chance(values[0], values[1], runs).higher.value is None


def test_a_difference_that_never_varies_is_known_only_after_many_runs():
    for count, known in ((5, None), (30, (3.0, 3.0))):
        luck = np.random.default_rng(9).normal(0, 1, count)
        data = plain(np.stack([np.round(luck) + 3.0, np.round(luck)]))
        (interval,) = simultaneous([difference(data, 0, 1)], crossing(1, count)).intervals
        assert interval == known
        assert fixed_ratio(data, 0, 1, crossing(1, count)) == (None, None)


def test_runs_that_one_point_lacks_are_left_out_of_both():
    values = np.array([[1.0, 2.0, np.nan, 4.0], [0.0, np.nan, 5.0, 1.0]])
    found = difference(plain(values), 0, 1)
    assert found.estimate == pytest.approx((1.0 + 4.0) / 2 - (0.0 + 1.0) / 2)
    assert found.both.tolist() == [True, False, False, True]
    assert [each.estimate for each in apart(plain(values), 0, 1)] == [2.5, 0.5]


def test_a_time_is_compared_by_whether_it_is_reached():
    day = np.array([[10.0, np.nan, 30.0, np.nan], [20.0, 20.0, np.nan, np.nan]])
    reached = np.array([[1.0, 0.0, 1.0, np.nan], [1.0, 1.0, 0.0, np.nan]])
    data = sample(DAY, {"day": day, "reached": reached}, {}, {"day": "reached"})
    found = difference(data, 0, 1)
    assert (data.unit, found.estimate, found.discordant) == ("probability", 0.0, (1 / 3, 1 / 3))
    chance = paired_chance(*data.order, crossing(1, 4))
    assert chance.higher.value == pytest.approx(1 / 3), "not reached is later than any day"
    assert chance.lower.value == pytest.approx(2 / 3)
    never = paired_chance(np.array([np.inf]), np.array([np.inf]), crossing(1, 1))
    assert (never.higher.value, never.lower.value) == (0.0, 0.0), "two that are not reached are equal"


@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(2, 7))
def test_other_luck_is_every_other_replication_of_the_draw(seed: int, draws: int, replications: int):
    rng, runs = np.random.default_rng(seed), crossing(draws, replications)
    a, b = rng.integers(0, 5, (2, draws * replications)).astype(float)
    a[rng.random(len(a)) < 0.2] = np.inf
    chance = independent_chance(a, b, runs)
    rows = a.reshape(draws, replications), b.reshape(draws, replications)
    beats = [
        rows[0][d, k] > rows[1][d, j]
        for d in range(draws)
        for k in range(replications)
        for j in range(replications)
        if j != k
    ]
    assert chance.higher.value == pytest.approx(np.mean(beats))


@pytest.mark.slow
@pytest.mark.usefixtures("few_simulations")
def test_the_chance_with_other_luck_is_covered():
    # P(A > B) = 0.6914 for normals whose means differ by 1/2 sqrt 2; coupled runs; 100 replications, 1,000 repeats:
    # between 92 and 98 %.
    rng, runs, inside = np.random.default_rng(10), crossing(1, 100), 0
    truth = scipy.stats.norm.cdf(0.5)
    for _ in range(1_000):
        luck = rng.normal(0, 1, 100)
        a = 0.5 * math.sqrt(2) + luck
        b = 0.8 * luck + 0.6 * rng.normal(0, 1, 100)
        low, high = independent_chance(a, b, runs).higher.interval or (math.nan, math.nan)
        inside += low <= truth <= high
    assert 0.92 <= inside / 1_000 <= 0.98


def test_coupling_changes_the_chance_and_not_the_mean():
    rng, runs = np.random.default_rng(11), crossing(1, 400)
    luck = rng.normal(0, 1, 400)
    tied = paired_chance(luck + 0.1, luck, runs).higher
    assert tied.value == 1.0
    assert tied.interval == wilson(1.0, 400)
    assert independent_chance(luck + 0.1, luck, runs).higher.value == pytest.approx(
        scipy.stats.norm.cdf(0.1 / math.sqrt(2)), abs=0.03
    )


@pytest.mark.slow
@pytest.mark.usefixtures("few_simulations")
def test_the_variance_ratio_of_pairing_is_that_of_its_definition():
    # Var = 4 + 1/4 each, of the difference 1/2: a ratio of 17. Coverage of its interval, 400 repeats of 100 runs: 90 %.
    rng, runs, inside, found = np.random.default_rng(12), crossing(1, 100), 0, []
    for _ in range(400):
        ratio, interval = fixed_ratio(plain(crossed(rng, runs, 2, (0.0, 1.0, 0.0))), 0, 1, runs)
        assert ratio is not None
        assert interval is not None
        inside += interval[0] <= 17.0 <= interval[1]
        found.append(ratio)
    assert np.median(found) == pytest.approx(17.0, rel=0.05)
    assert inside / 400 >= 0.90


def test_luck_is_of_draw_0_and_assumptions_of_the_sampled_draws():
    runs = crossing(4, 50)
    luck = np.linspace(-1, 1, 50)[runs.replication]
    values = np.stack([10.0 * runs.draw + 2 * luck, 7.0 * runs.draw + luck])
    found = spread(plain(values), 0, 1, np.ones(200, np.bool_), runs)
    assert found.luck == pytest.approx(tuple(np.quantile(np.linspace(-1, 1, 50), [0.05, 0.5, 0.95])))
    assert found.assumptions == pytest.approx(tuple(np.quantile([3.0, 6.0, 9.0], [0.05, 0.95])))


def test_the_level_is_that_of_the_field():
    assert LEVEL == 0.95
