"""Backtests: what is fitted and forecast, the state, simple forecasts, and a toy world of known truth."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from sim.analysis.backtest import Backtest, answered, by_series, scored, split
from sim.analysis.fit import Effort, fitted
from sim.analysis.forecast import baseline, conditioned, forecasts, months_ahead, state_of
from sim.analysis.observation_model import prepared
from sim.analysis.posterior import effective
from sim.errors import InputError
from sim.experiment.ensemble import Runs
from sim.scenario.known import Unknown
from sim.scenario.observations import Observation

START = date(2024, 1, 1)
DATES = tuple(START + timedelta(days=15 * k) for k in range(1, 11))
UNTIL, HORIZON = DATES[4], DATES[-1]
SMALL = Effort(draws=1_000, runs=800, rounds=2, particles=400)
NAN = float("nan")


def figure(on: date, value: float, quantity: str = "k.russia.people", since: date | None = None) -> Observation:
    return Observation(quantity, since, on, value, NAN, NAN, on, "x", "toy", 2)


class World:
    """People of 100,000 exp(0.5 a + 0.3 t b + luck), where luck is a random walk over the dates."""

    paths = ("a", "b")
    step = 0.15

    def prior(self, count: int, outcomes: Sequence[str]) -> Runs:
        scores = np.random.default_rng(1).normal(size=(count, 2))
        return Runs(scores, self.outcomes(scores, outcomes, 2))

    def under(self, paths: Sequence[str], scores: np.ndarray, count: int, outcomes: Sequence[str], number: int) -> Runs:
        random = np.random.default_rng(10 + number)
        rows = scores[random.integers(0, len(scores), count)]
        every = random.normal(size=(count, 2))
        every[:, [self.paths.index(path) for path in paths]] = rows
        return Runs(rows, self.outcomes(every, outcomes, 20 + number))

    def outcomes(self, scores: np.ndarray, names: Sequence[str], seed: int) -> dict[str, np.ndarray]:
        walk = np.cumsum(self.step * np.random.default_rng(seed).normal(size=(len(scores), len(DATES))), axis=1)
        made = {}
        for name in names:
            k = DATES.index(date.fromisoformat(name.rpartition("@")[2]))
            made[name] = 1e5 * np.exp(0.5 * scores[:, 0] + 0.1 * (k + 1) * scores[:, 1] + walk[:, k])
        return made


def truth(seed: int) -> tuple[Observation, ...]:
    """Figures of one run of the world, each with an error of a tenth (the model's own) and bias."""
    world, random = World(), np.random.default_rng(1_000 + seed)
    names = prepared([figure(on, 1.0) for on in DATES], START).now
    made = world.outcomes(random.normal(size=(1, 2)), names, 2_000 + seed)
    bias = np.exp(0.1 * random.normal())
    errors = np.exp(np.hypot(0.1, 0.05) * random.normal(size=len(DATES)))
    return tuple(figure(on, float(made[name][0] * bias * e)) for on, name, e in zip(DATES, names, errors, strict=True))


def backtested(seed: int) -> Backtest:
    world, figures = World(), truth(seed)
    parts = split(figures, UNTIL, HORIZON, "toy")
    seen = prepared(parts.known, START)
    fit = fitted(world, seen, SMALL, seed)
    names = (*seen.names, *prepared(parts.later, START).names)
    runs = world.under(fit.paths, fit.cloud.scores, 3_000, names, 9)
    weighted = conditioned(fit, runs)
    members = forecasts(fit, weighted, runs, parts.later, (START, seed))
    return Backtest(UNTIL, parts, fit, weighted, members, Unknown((), (), ()))


def test_figures_are_fitted_by_when_they_were_known_and_scored_when_they_begin_after() -> None:
    late = replace(figure(DATES[1], 5.0), known=DATES[6])
    change = figure(DATES[7], 3.0, since=DATES[3])
    parts = split([*truth(0), late, change], UNTIL, DATES[7], "toy")
    assert [each.date for each in parts.known] == list(DATES[:5])
    assert [each.date for each in parts.later] == list(DATES[5:8])
    assert parts.spanning == (change,)
    nearly = figure(DATES[7], 3.0, since=UNTIL - timedelta(days=1))
    assert split([*truth(0), nearly], UNTIL, DATES[7], "toy").later[-1] == nearly
    with pytest.raises(InputError, match="no figure of toy was known by then"):
        split(truth(0), START, HORIZON, "toy")
    with pytest.raises(InputError, match="has no figure after it up to"):
        split(truth(0), HORIZON, HORIZON, "toy")


def test_the_state_is_the_last_figure_of_each_quantity() -> None:
    figures = [figure(DATES[1], 1.0), figure(DATES[0], 1.0), figure(DATES[0], 1.0, "other.people")]
    assert state_of(figures).tolist() == [True, False, True]


def test_runs_count_by_how_well_their_luck_has_the_state() -> None:
    found = backtested(1)
    last = found.split.known[-1].value
    world = World()
    runs = world.under(found.fit.paths, found.fit.cloud.scores, 3_000, found.fit.seen.names, 9)
    state = runs.outcomes[found.fit.seen.now[4]]
    weights = conditioned(found.fit, runs).weights
    spread = float(np.std(np.log(state)))
    weighted_mean = float(weights @ np.log(state))
    weighted_sd = float(np.sqrt(weights @ (np.log(state) - weighted_mean) ** 2))
    assert weighted_sd < spread
    assert abs(weighted_mean - np.log(last)) < abs(np.log(state).mean() - np.log(last)) + 0.05
    assert 100 < effective(weights) < 3_000


@pytest.mark.slow
def test_in_a_world_of_known_truth_the_bands_hold_and_the_forecast_beats_persistence() -> None:
    """40 truths: five dates each, so 40 blocks; 90 % bands hold 80 to 98 %, 50 % bands 35 to 65 %; skill above zero."""
    rows = [scored(backtested(seed)) for seed in range(40)]
    hits = {name: np.mean([row[name].mean() for row in rows]) for name in ("in_50", "in_90")}
    assert 0.80 <= hits["in_90"] <= 0.98, hits
    assert 0.35 <= hits["in_50"] <= 0.65, hits
    own, simple = (
        np.mean([(row[name] / row["value"]).mean() for row in rows]) for name in ("crps", "crps_persistence")
    )
    assert own < simple


def test_persistence_and_trend_of_levels_and_rates() -> None:
    levels = [figure(START + timedelta(days=10 * k), 100.0 + 10 * k) for k in (1, 2, 3)]
    ahead = figure(START + timedelta(days=50), 0.0)
    assert baseline("persistence", levels, ahead).tolist() == [130.0]
    assert baseline("trend", levels, ahead) == pytest.approx([150.0])
    gains = [figure(DATES[k], 15.0 * (k + 1), since=DATES[k - 1]) for k in (1, 2)]
    gain = figure(DATES[4] - timedelta(days=5), 0.0, since=DATES[3])
    assert baseline("persistence", gains, gain) == pytest.approx([30.0])  # 3 a day over 10 days
    assert baseline("trend", gains[:1], gain) == pytest.approx([20.0])
    assert baseline("persistence", levels, gain) is None


def test_the_dressed_forecast_has_the_errors_that_persistence_made() -> None:
    past = [figure(DATES[k], value) for k, value in enumerate((100.0, 110.0, 99.0))]
    found = baseline("dressed", past, figure(DATES[5], 0.0))
    np.testing.assert_allclose(np.sort(found), [99 * 0.9, 99 * 1.1])


def test_scores_by_series_and_the_sentence() -> None:
    found = backtested(2)
    rows = scored(found)
    assert set(rows["crps_persistence"] > 0) == {True}
    series = by_series(rows)
    assert series["quantity"].tolist() == ["k.russia.people"]
    assert series["figures"][0] == 5
    answer = answered(replace(found, unknown=Unknown(("x=0",), ("x",), ("y",))), "Toy")
    assert "0 of 0 series of territory" in answer.answer
    assert any("taken out: x" in line for line in answer.caveats)
    assert answer.numbers["scored"] == 5
    np.testing.assert_allclose(found.weighted.weights.sum(), 1)


def test_what_lies_ahead_is_each_quantity_at_the_ends_of_months() -> None:
    known = [
        figure(date(2024, 11, 5), 5.0),
        figure(date(2024, 11, 11), 7.0),
        figure(date(2024, 11, 11), 3.0, "e", date(2024, 11, 1)),
    ]
    made = months_ahead(known, date(2025, 1, 15))
    when = [(each.quantity, each.since, str(each.date)) for each in made]
    ends = ["2024-11-30", "2024-12-31", "2025-01-15"]
    assert when[:3] == [("k.russia.people", None, end) for end in ends]
    assert [(str(each.since), str(each.date)) for each in made[3:]] == [
        ("2024-11-11", "2024-11-30"),
        ("2024-11-30", "2024-12-31"),
        ("2024-12-31", "2025-01-15"),
        ("2024-11-11", "2025-01-15"),
    ]
    assert months_ahead(known, date(2024, 11, 11)) == ()
