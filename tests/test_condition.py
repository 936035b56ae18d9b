import numpy as np
import pytest

from sim.analysis.condition import Place, parse_condition, parse_event, parse_statistic
from sim.errors import InputError

ANY = Place("--until", ("dual_success", "east.territory_km2"))


def test_an_event_without_a_level_is_an_outcome_above_a_half() -> None:
    event = parse_event(" dual_success ", ANY)
    assert (event.outcome, event.sign, event.level) == ("dual_success", ">", 0.5)
    assert str(event) == "dual_success"


def test_an_event_is_nothing_where_the_outcome_is_nothing() -> None:
    held = parse_event("east.territory_km2 <= 500", ANY).holds(np.array([400.0, 500.0, 501.0, np.nan]))
    np.testing.assert_array_equal(held, [1.0, 1.0, 0.0, np.nan])


@pytest.mark.parametrize(
    ("text", "kind", "share", "sign", "level"),
    [
        ("P(dual_success) >= 0.5", "P", 0, ">=", 0.5),
        ("P(dual_success)>=50 %", "P", 0, ">=", 0.5),
        ("p(east.territory_km2 < 1,000) < 10%", "P", 0, "<", 0.1),
        ("mean(east.territory_km2) > -3.5", "mean", 0, ">", -3.5),
        ("q90(east.territory_km2@2024-10-01) <= 1e3", "q", 0.9, "<=", 1000.0),
    ],
)
def test_conditions_are_read(text: str, kind: str, share: float, sign: str, level: float) -> None:
    condition = parse_condition(text, ANY)
    assert (condition.statistic.kind, condition.sign, condition.level) == (kind, sign, level)
    assert condition.statistic.share == share
    assert parse_condition(str(condition), ANY) == condition


def test_statistics_of_runs() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, np.nan])
    assert parse_statistic("mean(x)", Place("-")).of(values) == 2.5
    assert parse_statistic("q50(x)", Place("-")).of(values) == 2.5
    assert parse_statistic("P(x > 3)", Place("-")).of(values) == 0.25
    assert np.isnan(parse_statistic("P(x > 3)", Place("-")).of(np.array([np.nan])))


@pytest.mark.parametrize(
    ("text", "message", "mark"),
    [
        ("P(dual_sucess) >= 0.5", "did you mean 'dual_success'", 2),
        ("P(dual_success) >= half", "'half' is not a number", 18),
        ("P(dual_success >= 0.5", "needs a statistic and a level", 21),
        ("dual_success >= 0.5", "needs a statistic and a level", 19),
        ("chance(dual_success) >= 0.5", r"is not P\(\.\.\.\)", 0),
        ("mean(dual_success > 3) >= 0.5", r"a comparison belongs in P", 5),
        ("q00(dual_success) >= 0.5", "q00 is no quantile", 0),
        ("P() >= 0.5", "names no outcome", 2),
        ("P(dual_success) x >= 0.5", "nothing after it", 15),
        ("P(dual_success > nan) >= 0.5", "'nan' is not a number", 16),
    ],
)
def test_what_is_wrong_is_marked(text: str, message: str, mark: int) -> None:
    with pytest.raises(InputError, match=message) as raised:
        parse_condition(text, ANY)
    _, shown, marked = str(raised.value).splitlines()
    assert shown == f"    {text}"
    assert marked == " " * (4 + mark) + "^"
