"""The record: the flagship and its spring start at central assumptions against typed, sourced figures.

The figures stand in scenarios/observations/kursk_2024.csv (all up to 11 November 2024); the bounds are those of the
issue that asked for them. Medians of 1,000 replications scatter by 2 to 4 % (a gain's relative sd is about 0.5).
"""

import importlib.util
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from sim.analysis.record import Compared, claim_bias, compare, first_arrival, log_scatter, scatter
from sim.experiment.study import study
from sim.scenario.load import load
from sim.scenario.observations import read

pytestmark = pytest.mark.slow  # `make fast` leaves these out

ROOT = Path(__file__).parents[1]
OBSERVATIONS = read(ROOT / "scenarios" / "observations" / "kursk_2024.csv")
BIAS = (0.7, 1.0)  # fixed before the first cut of the record: the claims are a belligerent's
RECORD = 503.0  # km2, the largest monthly gain of the record (October 2024)

World = tuple[date, dict[str, np.ndarray]]


def world(scenario: str, replications: int) -> World:
    """Run a scenario at central assumptions, as `--draws 0` does: start, and series by name, float[run, day]."""
    ready = study(load(ROOT / "scenarios" / scenario), 0)
    main = ready.case(0).main
    parts = np.array_split(np.arange(replications, dtype=np.uint64), 2)
    with ThreadPoolExecutor(2) as pool:
        blocks = list(pool.map(lambda part: main.simulate(0, part), parts))
    assert not any(block.status.any() for block in blocks)
    series = np.concatenate([block.series for block in blocks])
    return ready.start, {outcome.name: series[:, :, k] for k, outcome in reversed(list(enumerate(ready.series)))}


@pytest.fixture(scope="module")
def flagship() -> World:
    return world("kursk_2024.yaml", 1_000)


@pytest.fixture(scope="module")
def spring() -> World:
    return world("spring_2024.yaml", 400)


def compared(runs: World, quantity: str) -> list[Compared]:
    """What runs say of the observations of a quantity that they cover."""
    found = compare([each for each in OBSERVATIONS if each.quantity == quantity], runs[1], runs[0])
    assert found, quantity
    return list(found)


def monthly(runs: World, first: date, count: int) -> np.ndarray:
    """Gains in the east by calendar month, km2, float[run, month]."""
    months = [
        date(first.year + (first.month - 1 + k) // 12, (first.month - 1 + k) % 12 + 1, 1) for k in range(count + 1)
    ]
    last = runs[1]["east.territory_km2"].shape[1] - 1
    days = [min((month - runs[0]).days, last) for month in months]
    return np.diff(runs[1]["east.territory_km2"][:, days], axis=1)


def test_kursk_lies_between_controlled_and_controlled_plus_contested(flagship: World) -> None:
    rows = compared(flagship, "kursk.territory_km2")
    assert [str(row.observation.date) for row in rows] == ["2024-08-27", "2024-09-08", "2024-10-01", "2024-11-11"]
    assert [row.observation.date for row in rows if not row.within_range] == []


def test_gains_in_the_east_lie_within_a_quarter(flagship: World) -> None:
    rows = {str(row.observation.since): row.ratio for row in compared(flagship, "east.territory_km2")}
    for since in ("2024-08-31", "2024-09-30", "2024-10-31"):
        assert 0.75 <= rows[since] <= 1.25, since


def test_weight_moves_from_pokrovsk_to_kurakhove(flagship: World) -> None:
    """Not bound by the issue: the record's order of the two axes turns round between August and September."""
    pokrovsk, kurakhove = (compared(flagship, f"{name}.territory_km2") for name in ("pokrovsk", "kurakhove"))
    assert pokrovsk[0].median > pokrovsk[1].median > pokrovsk[2].median
    assert kurakhove[1].median > 2 * pokrovsk[2].median


def test_casualties_lie_within_a_quarter_after_one_constant_bias(flagship: World) -> None:
    rows = compared(flagship, "russia.casualties")
    assert len(rows) == 4
    bias = claim_bias(rows, *BIAS)
    for row in rows:
        assert 0.75 <= row.ratio / bias <= 1.25, row.observation.date


def test_russians_in_kursk_come_in_numbers_and_in_time(flagship: World) -> None:
    _, september, november = compared(flagship, "kursk.russia.people")
    assert september.within_range
    assert november.within_range
    (koreans,) = compared(flagship, "kursk.russia.dprk.people")
    assert koreans.within_range
    days = first_arrival(flagship[1]["kursk.russia.people"], 1_000)
    assert 9 <= np.median(days) <= 16


def test_eastern_gains_scatter_about_their_trend_as_the_record_does(spring: World) -> None:
    """Sd over mean 0.38 for 23 weeks from 3 June 2024; log-sd 0.54 of 14 months: inside the runs' 90 % bands."""
    start, series = spring
    weeks = [(date(2024, 6, 3) + timedelta(days=7 * k) - start).days for k in range(24)]
    weekly = scatter(np.diff(series["east.territory_km2"][:, weeks], axis=1))
    assert np.quantile(weekly, 0.05) <= 0.38 <= np.quantile(weekly, 0.95)
    by_month = log_scatter(monthly(spring, date(2024, 4, 1), 14), 1.0)
    assert np.quantile(by_month, 0.05) <= 0.54 <= np.quantile(by_month, 0.95)


def test_from_april_the_front_creeps_and_does_not_break(spring: World) -> None:
    """Medians of April to October within 0.4 to 2.5 of the record; 19 of 20 runs stay under three times its largest."""
    gains = monthly(spring, date(2024, 4, 1), 7)
    ratios = np.median(gains, axis=0) / np.array([131, 307, 115, 181, 363, 397, 503])
    assert (ratios > 0.4).all()
    assert (ratios < 2.5).all()
    assert (gains.max(axis=1) <= 3 * RECORD).mean() >= 0.95


def test_the_status_quo_does_not_run_away(flagship: World) -> None:
    """December to April: nine in ten runs stay within three times the record's largest month, all within ten."""
    gains = monthly(flagship, date(2024, 12, 1), 5)
    assert (np.median(gains, axis=0) > 0).all()
    assert (gains.max(axis=1) <= 3 * RECORD).mean() >= 0.9
    assert gains.max() <= 10 * RECORD


def test_a_record_that_is_not_met_is_seen(flagship: World) -> None:
    """The same comparison with a wrong world: nobody answers the incursion."""
    idle = study(load(ROOT / "scenarios" / "kursk_2024.yaml", sets=["sides.russia.policies.expel.after=365 d"]), 0)
    block = idle.case(0).main.simulate(0, np.arange(60, dtype=np.uint64))
    series = {outcome.name: block.series[:, :, k] for k, outcome in enumerate(idle.series)}
    rows = compared((flagship[0], series), "kursk.territory_km2")
    assert not all(row.within_range for row in rows)
    assert np.isnan(first_arrival(series["kursk.russia.people"][:, :60], 1_000)).all()


# --- the measures themselves ------------------------------------------------------------------------------------------


def test_scatter_is_that_about_a_line() -> None:
    """Gains 1, 2, 3, 4 plus (1, -1, -1, 1): orthogonal to a line, so residual sd = sqrt(4 / 2) over a mean of 2.5."""
    gains = np.array([[1.0, 2, 3, 4]]) + np.array([[1.0, -1, -1, 1]])
    assert scatter(gains) == pytest.approx(np.sqrt(2) / 2.5)
    assert scatter(np.array([[2.0, 4, 6, 8]])) == pytest.approx(0, abs=1e-12)
    assert log_scatter(np.exp(gains), 0.05) == pytest.approx(np.sqrt(2))


def test_a_bias_is_the_geometric_mean_in_its_range() -> None:
    (first, *_) = OBSERVATIONS
    rows = [Compared(first, median, 0, 0) for median in (first.value * 0.8, first.value * 0.9)]
    assert claim_bias(rows, 0.7, 1.0) == pytest.approx(np.sqrt(0.72))
    assert claim_bias(rows, 0.7, 0.75) == 0.75
    assert claim_bias(rows, 0.9, 1.0) == 0.9


def test_the_first_arrival_is_the_first_day_with_a_party_more() -> None:
    people = np.array([[10, 9, 9, 12, 20], [10, 9, 8, 7, 6]], dtype=float)
    days = first_arrival(people, 3)
    assert days[0] == 3
    assert np.isnan(days[1])


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_tables_of_the_validity_page_are_those_of_the_code() -> None:
    """Written again, each number of the page is found within 6 % or 2 units in the last place (another libm's luck)."""
    spec = importlib.util.spec_from_file_location("record_page", ROOT / "docs" / "record.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["record_page"] = module
    spec.loader.exec_module(module)
    page = (ROOT / "docs" / "validity.md").read_text()
    again = module.written(page, module.REPLICATIONS)
    assert len(page.splitlines()) == len(again.splitlines())
    for was, is_now in zip(page.splitlines(), again.splitlines(), strict=True):
        if was != is_now:
            pairs = zip(re.findall(r"[\d,]+\.?\d*", was), re.findall(r"[\d,]+\.?\d*", is_now), strict=True)
            for a, b in pairs:
                first, second = float(a.replace(",", "") or 0), float(b.replace(",", "") or 0)
                assert second == pytest.approx(first, rel=0.06, abs=0.02 if "." in a else 2), (was, is_now)
