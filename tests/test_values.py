import datetime
import math
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError
from scipy import stats

from sim.scenario.distributions import Distribution
from sim.scenario.units import UnitError, convert
from sim.scenario.values import Date, Measured, MonthDay, Quantity, UnreadableError, quantity, read_date

SHARE = Measured("share", low=0, high=1)
DAYS = Measured("days", low=0)
PEOPLE = Measured("people", low=0, integer=True)

CONVERSIONS = [
    ("11000 troops", "people", 11000),
    ("11,000 troops", "people", 11000),
    ("1,234,567 people", "people", 1234567),
    ("11_000 Soldiers", "people", 11000),
    ("45 d", "days", 45),
    ("45d", "days", 45),
    ("6 weeks", "days", 42),
    ("3 h", "days", 0.125),
    ("2 months", "days", 60.88),
    ("30 km2", "km2", 30),
    ("30 km^2", "km2", 30),
    ("30 km²", "km2", 30),
    ("30 %", "share", 0.3),
    ("7%", "share", 0.07),
    ("0.3", "share", 0.3),
    ("3 people/day", "people/month", 91.32),
    ("70 troops per week", "people/day", 10),
    ("3044 people / month", "people/day", 100),
    ("1000 shells", "rounds", 1000),
    ("7000 rounds/week", "rounds/day", 1000),
    ("90 people per km", "people/km", 90),
    ("0.2 1/day", "1/day", 0.2),
    ("1.4 / week", "1/day", 0.2),
    ("20 % per day", "1/day", 0.2),
    ("0.2 engagements/people/day", "engagements/day/people", 0.2),
    ("1e3 people", "people", 1000),
    ("-.5 km2/day", "km2/day", -0.5),
]


@pytest.mark.parametrize(("text", "unit", "value"), CONVERSIONS)
def test_units_convert_exactly(text: str, unit: str, value: float):
    assert convert(text, unit) == value


NO_NUMBERS = [
    ("fast", "days", "'fast' is not a number"),
    ("", "days", "'' is not a number"),
    ("e5", "days", "'e5' is not a number"),
    ("45 km", "days", "'45 km' has the unit 'km'; allowed: days, d, h, weeks, months"),
    ("45 parsecs", "people/day", "has the unit 'parsecs'; allowed: people/day, people/week, people/month"),
    ("11,000", "people", "'11,000' is not a plain number; leave out ','"),
    ("11_000", "people", "is not a plain number; leave out '_'"),
    ("1,5 d", "days", "'1,5 d' is not a number with a unit"),
    ("11 000 troops", "people", "'11 000 troops' is not a number with a unit"),
    ("2024-10-23", "people", "is not a number with a unit"),
    ("5 d", "1", "has the unit 'd'; allowed: a plain number"),
    ("1e999 d", "days", "is too large a number"),
    ("9" * 5000, "days", "is not a number"),
]


@pytest.mark.parametrize(("text", "unit", "message"), NO_NUMBERS)
def test_texts_that_state_no_number_in_the_unit(text: str, unit: str, message: str):
    with pytest.raises(UnitError) as caught:  # noqa: PT011
        convert(text, unit)
    assert message in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_a_finite_number_or_a_unit_error(text: str):
    try:
        assert math.isfinite(convert(text, "people/day"))
    except UnitError as error:
        assert str(error)  # noqa: PT017


def test_plain_numbers_take_the_fields_unit():
    assert DAYS.read(45) == Quantity(45.0, "days", low=0)


def test_provenance_is_kept():
    raw = {
        "value": "11000 troops",
        "source": "press",
        "known": "2024-10-24",
        "range": [10000, "12,000 troops"],
        "confidence": "medium",
        "note": "rounded",
    }
    read = PEOPLE.read(raw)
    assert (read.central, read.source, read.confidence, read.note) == (11000, "press", "medium", "rounded")
    assert read.known == datetime.date(2024, 10, 24)
    assert read.range == (10000, 12000)
    assert read.quantile(0.9) == 11000


def test_parameters_of_distributions_may_carry_units():
    assert DAYS.read({"triangular": ["30 d", "6 weeks", "60 d"]}).distribution == Distribution(
        "triangular", (30.0, 42.0, 60.0)
    )
    assert DAYS.read({"lognormal": ["1 week", 0.5]}).distribution == Distribution("lognormal", (7.0, 0.5))


BAD_QUANTITIES = [
    (SHARE, 1.4, "1.4 is above 1", ()),
    (SHARE, "-3 %", "-0.03 is below 0", ()),
    (SHARE, True, "true is not a number", ()),
    (SHARE, None, "null (empty) is not a number", ()),
    (SHARE, math.nan, "nan is not a finite number", ()),
    (SHARE, math.inf, "inf is not a finite number", ()),
    (SHARE, 10**400, "is not a finite number", ()),
    (SHARE, [1, 2], "a list is not a number; for a distribution write {triangular: [low, mode, high]}", ()),
    (SHARE, {}, "needs a value or one distribution", ()),
    (SHARE, {"source": "x"}, "has neither", ()),
    (SHARE, {"value": 0.1, "normal": [0, 1]}, "has both value and normal", ()),
    (SHARE, {"value": 0.1, "sourse": "x"}, "unknown key; did you mean 'source'?", ("sourse",)),
    (SHARE, {"value": 2}, "2 is above 1", ("value",)),
    (SHARE, {"value": {"value": 0.1}}, "a mapping is not a number", ("value",)),
    (SHARE, {"triangular": 0.5}, "triangular needs a list [low, mode, high]", ("triangular",)),
    (SHARE, {"triangular": [0.1, 0.2]}, "triangular needs [low, mode, high], not 2 numbers", ("triangular",)),
    (SHARE, {"triangular": [0.3, 0.2, 0.4]}, "must rise, but is [0.3, 0.2, 0.4]", ("triangular",)),
    (SHARE, {"triangular": [0.3, 0.4, 1.4]}, "the triangular reaches too far: 1.4 is above 1", ("triangular",)),
    (SHARE, {"triangular": [0.1, "x", 0.3]}, "'x' is not a number", ("triangular", 1)),
    (SHARE, {"uniform": [0.4, 0.3]}, "uniform [low, high] must rise", ("uniform",)),
    (SHARE, {"normal": [0.4, 0]}, "the sd of a normal must be above 0, not 0", ("normal",)),
    (SHARE, {"normal": [1.4, 0.1]}, "the central value 1.4 is above 1", ("normal",)),
    (SHARE, {"lognormal": [-1, 0.1]}, "the median of a lognormal must be above 0", ("lognormal",)),
    (SHARE, {"lognormal": [0.1, -1]}, "the sigma of a lognormal must be above 0", ("lognormal",)),
    (SHARE, {"beta": [2, 0]}, "a and b of a beta must be above 0", ("beta",)),
    (SHARE, {"beta": [2, 2, 0.5, 0.5]}, "low of a beta must be below high", ("beta",)),
    (SHARE, {"beta": [2, 2, 2]}, "beta needs [a, b] or [a, b, low, high], not 3 numbers", ("beta",)),
    (SHARE, {"choice": []}, "choice needs at least one value", ("choice",)),
    (SHARE, {"choice": [0.5, 2]}, "the choice reaches too far: 2 is above 1", ("choice",)),
    (SHARE, {"value": 0.1, "range": [0.1]}, "range needs a list [low, high]", ("range",)),
    (SHARE, {"value": 0.1, "range": [0.2, 0.1]}, "range [low, high] must rise", ("range",)),
    (SHARE, {"value": 0.1, "known": "2024-02-30"}, "is an impossible date", ("known",)),
    (SHARE, {"value": 0.1, "source": 3}, "source must be text, not 3", ("source",)),
    (SHARE, {"value": 0.1, "confidence": "hihg"}, "did you mean 'high'?", ("confidence",)),
    (PEOPLE, 4.5, "4.5 is not a whole number", ()),
    (PEOPLE, {"choice": [4, 4.5]}, "4.5 is not a whole number", ("choice",)),
    (PEOPLE, DAYS.read(3), "is in days, not in people", ()),
]


@pytest.mark.parametrize(("field", "raw", "message", "inside"), BAD_QUANTITIES)
def test_bad_quantities_say_what_is_wrong_and_where(field: Measured, raw: object, message: str, inside: tuple):
    with pytest.raises(UnreadableError, match=r".") as caught:
        field.read(raw)
    assert message in caught.value.message
    assert caught.value.inside == inside


def test_whole_numbers_stay_whole_when_sampled():
    read = PEOPLE.read({"triangular": [10, 15, 40]})
    assert all(read.quantile(u / 100).is_integer() for u in range(101))


@pytest.mark.parametrize(
    ("kind", "arguments", "central"),
    [
        ("triangular", (1, 2, 9), 2),
        ("normal", (3, 1), 3),
        ("lognormal", (4, 0.5), 4),
        ("uniform", (2, 4), 3),
        ("beta", (3, 3), 0.5),
        ("beta", (3, 3, 10, 20), 15),
        ("choice", (7, 1, 2), 7),
    ],
)
def test_central_values(kind: str, arguments: tuple[float, ...], central: float):
    assert Distribution(kind, arguments).central() == pytest.approx(central)


ORACLES = [
    (("triangular", (1.0, 2.0, 5.0)), stats.triang(0.25, 1, 4)),
    (("triangular", (1.0, 1.0, 5.0)), stats.triang(0.0, 1, 4)),
    (("triangular", (1.0, 5.0, 5.0)), stats.triang(1.0, 1, 4)),
    (("normal", (3.0, 2.0)), stats.norm(3, 2)),
    (("lognormal", (4.0, 0.5)), stats.lognorm(0.5, scale=4)),
    (("uniform", (2.0, 4.0)), stats.uniform(2, 2)),
    (("beta", (2.0, 5.0)), stats.beta(2, 5)),
    (("beta", (2.0, 5.0, 10.0, 20.0)), stats.beta(2, 5, 10, 10)),
]


@pytest.mark.parametrize(("stated", "oracle"), ORACLES)
def test_quantiles_agree_with_scipy(stated: tuple[str, tuple[float, ...]], oracle: object):
    distribution = Distribution(*stated)
    for u in (0.001, 0.1, 0.25, 0.5, 0.9, 0.999):
        assert distribution.quantile(u) == pytest.approx(oracle.ppf(u))
        assert distribution.cdf(oracle.ppf(u)) == pytest.approx(u)


@pytest.mark.parametrize(("stated", "oracle"), ORACLES)
def test_truncation_renormalises(stated: tuple[str, tuple[float, ...]], oracle: object):
    low, high = oracle.ppf(0.2), oracle.ppf(0.7)
    for u in (0.0, 0.3, 1.0):
        assert Distribution(*stated).quantile(u, low, high) == pytest.approx(oracle.ppf(0.2 + 0.5 * u))


distributions = st.one_of(
    st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3).map(sorted).map(lambda a: Distribution("triangular", (*a,))),
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=2).map(sorted).map(lambda a: Distribution("uniform", (*a,))),
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9).map(lambda a: Distribution("choice", (*a,))),
    st.builds(lambda m, s: Distribution("normal", (m, s)), st.floats(-1e3, 1e3), st.floats(1e-3, 1e3)),
    st.builds(lambda m, s: Distribution("lognormal", (m, s)), st.floats(1e-3, 1e3), st.floats(1e-3, 3)),
)


@given(distributions, st.floats(0, 1), st.floats(0, 1))
def test_quantiles_rise_within_the_support(distribution: Distribution, u: float, v: float):
    low, high = distribution.support()
    first, second = distribution.quantile(min(u, v)), distribution.quantile(max(u, v))
    assert low <= first <= high
    assert distribution.kind == "choice" or first <= second


@given(distributions, st.floats(0, 1), st.floats(0.1, 1e3))
def test_quantiles_stay_in_the_allowed_range(distribution: Distribution, u: float, width: float):
    low, high = distribution.central() - width, distribution.central() + width
    assert low <= distribution.quantile(u, low, high) <= high


def test_choices_have_equal_weight():
    three = Distribution("choice", (5.0, 1.0, 3.0))
    assert [three.quantile(u) for u in (0, 0.33, 0.34, 0.66, 0.67, 1)] == [5, 5, 1, 1, 3, 3]


def test_a_choice_outside_the_range_or_a_probability_outside_zero_to_one():
    with pytest.raises(ValueError, match="none of the choices"):
        Distribution("choice", (5.0,)).quantile(0.5, 6, 7)
    with pytest.raises(ValueError, match=r"u is 1.5, not in \[0, 1\]"):
        Distribution("uniform", (0.0, 1.0)).quantile(1.5)
    with pytest.raises(ValueError, match="'cauchy' is not a distribution"):
        Distribution("cauchy", (0.0, 1.0))


@given(distributions)
def test_a_quantity_reads_back_from_its_raw_form(distribution: Distribution):
    field = Measured("km2")
    read = field.read({distribution.kind: list(distribution.arguments), "source": "s", "known": "2024-08-06"})
    assert field.read(read.raw()) == read


@pytest.mark.parametrize(
    ("raw", "text"),
    [(11000, "11000 people"), ({"uniform": [10, 20]}, "uniform [10, 20] people")],
)
def test_quantities_as_tables_show_them(raw: object, text: str):
    assert PEOPLE.read(raw).text() == text


def test_a_field_in_an_unknown_unit_is_a_mistake_of_the_schema():
    with pytest.raises(LookupError, match="the unit 'parsecs' is not known"):
        Measured("parsecs")


class Fields(BaseModel):
    lift: Annotated[Quantity, Measured("people/day", low=0)]
    share: quantity("share", 0, 1) = 0.5
    start: Date
    mud: MonthDay


def test_fields_of_a_model():
    model = Fields.model_validate(
        {"lift": "700 people per week", "share": "30 %", "start": "2024-08-06", "mud": "10-15"}
    )
    assert (model.lift.central, model.share.central) == (100.0, 0.3)
    assert model.start == datetime.date(2024, 8, 6)
    assert model.mud == MonthDay(10, 15)
    assert Fields.model_validate(model.model_dump()) == model
    assert Fields.model_validate_json(model.model_dump_json()) == model


def test_json_schema_accepts_a_number_a_text_or_a_mapping():
    schema = Fields.model_json_schema()["properties"]
    assert [form["type"] for form in schema["share"]["oneOf"]] == ["number", "string", "object"]
    assert schema["share"]["oneOf"][0] == {"type": "number", "minimum": 0, "maximum": 1}
    assert schema["start"]["format"] == "date"


@pytest.mark.parametrize("raw", ["2024-02-30", "2024-13-01", "0000-01-01"])
def test_impossible_dates(raw: str):
    with pytest.raises(UnreadableError, match=f"'{raw}' is an impossible date"):
        read_date(raw)


@pytest.mark.parametrize("raw", ["6 August", 20240806, None, "2024-8-6", "20240806", datetime.datetime(2024, 8, 6)])
def test_what_is_no_date(raw: object):
    with pytest.raises(UnreadableError, match="is not a date such as 2024-08-06"):
        read_date(raw)


def test_days_of_the_year():
    leap = TypeAdapter(MonthDay).validate_python("02-29")
    assert (leap.in_year(2024), leap.in_year(2025)) == (datetime.date(2024, 2, 29), datetime.date(2025, 2, 28))
    assert str(leap) == "02-29"
    assert MonthDay(3, 1) < MonthDay(10, 1)
    for raw, message in (("13-01", "is no day of the year"), ("3-1", "such as '10-15'"), (301, "such as '10-15'")):
        with pytest.raises(ValidationError, match=message):
            TypeAdapter(MonthDay).validate_python(raw)


@pytest.mark.parametrize("raw", [1, "0.5", {"value": 1, "source": "press"}, {"triangular": [0.2, 0.5, 0.7]}])
def test_a_value_read_again_is_the_same(raw: object):
    field = Measured("share", low=0, high=1)
    assert field.read(raw) == field.read(raw) == Measured("share", low=0, high=1).read(raw)


def test_what_was_read_before_does_not_hide_that_another_type_is_wrong():
    field = Measured("share", low=0, high=1)
    field.read(1)
    field.read({"value": 1})
    with pytest.raises(UnreadableError, match="true is not a number"):
        field.read(True)
    with pytest.raises(UnreadableError, match="true is not a number"):
        field.read({"value": True})


def test_a_dict_changed_after_it_was_read_is_read_anew():
    field, raw = Measured("share", low=0, high=1), {"value": 0.5}
    assert field.read(raw).central == 0.5
    raw["value"] = 0.25
    assert field.read(raw).central == 0.25
    raw["value"] = 2
    with pytest.raises(UnreadableError, match="2 is above 1"):
        field.read(raw)


def test_values_read_before_are_kept_in_bounded_number(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sim.scenario.values._MOST_KEPT", 3)
    field = Measured("share", low=0, high=1)
    assert [field.read(k / 10).central for k in range(10)] == [k / 10 for k in range(10)]
    assert len(field.read_before) <= 3
