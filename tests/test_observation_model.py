"""How figures come about: bias, lag, what counts as held, errors; and what is refused."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from sim.analysis.observation_model import (
    LAG_DAYS,
    LOSSES,
    belief,
    biases,
    checked,
    joined_covariance,
    log_bias,
    prepared,
    scaled,
    unscaled,
)
from sim.errors import InputError
from sim.experiment.dated import Calendar
from sim.scenario.observations import Observation, read

START = date(2024, 8, 6)
NAN = float("nan")
CALENDAR = Calendar(START, 267, {"kursk.territory_km2": (0, "km2"), "russia.casualties": (1, "people")})
SHIPPED = Path(__file__).parents[1] / "scenarios" / "observations" / "kursk_2024_fortnights.csv"


def area(on: date, value: float = 1000.0, low: float = NAN, high: float = NAN, line: int = 2) -> Observation:
    return Observation("kursk.territory_km2", None, on, value, low, high, on, "map", "a map", line)


def losses(since: date, on: date, value: float = 20_000.0) -> Observation:
    return Observation("russia.casualties", since, on, value, NAN, NAN, on, "staff", "claims", 3)


FIRST, SECOND = date(2024, 9, 1), date(2024, 9, 15)


def test_the_scale_is_a_logarithm_far_out_and_turns_back() -> None:
    scale = np.array([10.0])
    np.testing.assert_allclose(unscaled(scaled(np.array([-7.0, 0.0, 3e4]), scale), scale), [-7.0, 0.0, 3e4], atol=1e-9)
    assert np.diff(scaled(np.array([1e5, 2e5]), scale))[0] == pytest.approx(np.log(2), rel=1e-6)


def test_outcomes_are_asked_for_on_the_date_and_a_lag_before_and_never_before_the_start() -> None:
    seen = prepared([area(FIRST), area(date(2024, 8, 8)), losses(START, FIRST)], START)
    assert seen.now[0] == "kursk.territory_km2@2024-09-01"
    assert seen.lagged[0] == "kursk.territory_km2@2024-08-28"
    assert seen.lagged[1] == "kursk.territory_km2@2024-08-06"
    assert seen.now[2] == seen.lagged[2] == "russia.casualties@2024-08-06..2024-09-01"
    assert seen.claimants == ("map",)
    assert seen.lag_of.tolist() == [0, 0, -1]
    assert LAG_DAYS == 4
    change = replace(area(date(2024, 8, 9)), since=START)
    assert prepared([change], START).lagged == ("kursk.territory_km2@2024-08-06..2024-08-07",)


def test_figures_of_one_claimant_err_together_and_a_range_mostly_so() -> None:
    seen = prepared([area(FIRST, low=800, high=1200), area(SECOND, low=800, high=1200), losses(FIRST, SECOND)], START)
    apart = prepared([area(FIRST), area(SECOND)], START)
    shared, bias = seen.covariance[0, 1], apart.covariance[0, 1]
    stretch = 1 / np.sqrt(1 + 4 * 0.25**2)
    assert bias == pytest.approx((0.05 * stretch) ** 2)
    assert shared - bias == pytest.approx(0.8 * (400 / np.sqrt(12) / 1000 * stretch) ** 2)
    assert seen.covariance[0, 2] == 0
    assert (np.linalg.eigvalsh(seen.covariance) > 0).all()


def test_a_claim_is_expected_to_be_above_the_truth() -> None:
    seen = prepared([losses(FIRST, SECOND)], START)
    plain = scaled(np.array([20_000.0]), seen.scale)
    np.testing.assert_allclose(seen.target + log_bias(seen), plain)
    assert unscaled(seen.target, seen.scale)[0] == pytest.approx(20_000 / LOSSES.bias, rel=0.02)


def test_the_bias_that_all_figures_of_a_claimant_share_is_found() -> None:
    """Twenty figures that all exceed the runs by a tenth, with hardly any error else: the bias is that tenth."""
    dates = [date(2024, 9, day) for day in range(1, 21)]
    seen = prepared([losses(START, on) for on in dates], START)
    residual = np.tile(np.log(1.1) / np.sqrt(1 + 4 * 0.25**2), (50, 20))
    ((key, found),) = biases(seen, residual, np.zeros((20, 20))).items()
    assert key == ("staff", "losses")
    assert found[2] == pytest.approx(LOSSES.bias * 1.1, rel=0.02)
    assert found[3] < LOSSES.bias_sd / 4


def test_the_covariance_between_sets_is_that_of_the_whole() -> None:
    figures = [area(FIRST, low=800, high=1200), area(SECOND, low=900, high=1300), losses(FIRST, SECOND)]
    whole = prepared(figures, START).covariance
    parts = prepared(figures[:1], START), prepared(figures[1:], START)
    np.testing.assert_allclose(joined_covariance(*parts), whole[:1, 1:])
    np.testing.assert_allclose(prepared(figures, START).part(np.array([False, True, True])).covariance, whole[1:, 1:])


@pytest.mark.parametrize(
    ("figures", "match"),
    [
        ([replace(area(FIRST), quantity="kursk.teritory_km2")], "no daily series of the scenario; did you mean"),
        ([area(date(2026, 1, 1))], "2026-01-01 is outside the run, 2024-08-06 to 2025-04-30"),
        ([losses(date(2024, 8, 1), FIRST)], "2024-08-01 is outside the run"),
        ([area(FIRST), area(FIRST, 900.0, line=7)], r"seen.csv:7: quantity: the same figure stands in line 2"),
    ],
)
def test_what_no_run_can_be_compared_with_is_refused(figures: list[Observation], match: str) -> None:
    with pytest.raises(InputError, match=match):
        checked(figures, CALENDAR, "seen.csv")


def test_the_kinds_of_quantities() -> None:
    kinds = [belief(name).kind for name in ("a.territory_km2", "a.b.people", "b.casualties", "a.b.pressure")]
    assert kinds == ["ground", "people", "losses", "other"]


def test_the_shipped_fortnights_end_where_the_record_ends_and_add_up_to_its_months() -> None:
    figures = read(SHIPPED)
    assert max(each.known for each in figures) == date(2024, 11, 11)
    assert len({each.quantity for each in figures}) >= 5
    east = {str(each.date): each.value for each in figures if each.quantity == "east.territory_km2"}
    record = read(SHIPPED.with_name("kursk_2024.csv"))
    months = {str(each.date): each.value for each in record if each.quantity == "east.territory_km2"}
    assert east["2024-09-15"] + east["2024-09-30"] == pytest.approx(months["2024-09-30"], abs=0.5)
    assert east["2024-10-15"] + east["2024-10-31"] == pytest.approx(months["2024-10-31"], abs=0.5)
