"""Dated outcomes, and what analyses ask of the simulator."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from sim.errors import InputError
from sim.experiment.dated import Calendar, dated_name, parse_dated
from sim.experiment.design import Design
from sim.experiment.evaluate import Stored, drawn
from sim.experiment.factors import factors_of
from sim.experiment.inquiry import Asked, Inquiry, csv_text, find
from sim.experiment.plan import Source
from sim.experiment.points import Layout, Points, design_points, single
from sim.experiment.rerun import Which, rerun
from sim.experiment.variant import COMPARED, variant
from sim.experiment.workers import Where
from sim.model.outcomes import outcomes
from sim.scenario.load import load

FLAGSHIP = Path(__file__).resolve().parents[1] / "scenarios" / "kursk_2024.yaml"
TWO_FRONTS = FLAGSHIP.with_name("two_fronts.yaml")
PEOPLE = "fronts.hills.forces.blue.army"


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return variant(load(FLAGSHIP), 0).calendar


def stored(folder: Path, file: Path = TWO_FRONTS) -> Stored:
    return Stored(Source(file), load(file), folder, Where("threads", 2))


def people(stored: Stored) -> Points:
    return design_points(factors_of(stored.base, [(PEOPLE, "10000,20000", "test")]), Layout())


def test_a_dated_outcome_is_the_series_on_its_day(calendar: Calendar) -> None:
    series = np.arange(2 * 268 * 400, dtype=np.float64).reshape(2, 268, 400)
    position = calendar.series["east.territory_km2"][0]
    then = parse_dated("east.territory_km2@2024-08-31", calendar)
    np.testing.assert_array_equal(then.values(series), series[:, 25, position])
    change = parse_dated(dated_name("east.territory_km2", date(2024, 10, 1), date(2024, 8, 31)), calendar)
    np.testing.assert_array_equal(change.values(series), series[:, 56, position] - series[:, 25, position])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("east.teritory_km2@2024-08-31", "did you mean 'east.territory_km2'"),
        ("east.territory_km2@2024-02-30", "'2024-02-30' is not a date"),
        ("east.territory_km2@2023-12-31", "is outside the run, 2024-08-06 to 2025-04-30"),
        ("east.territory_km2@2024-10-01..2024-09-01", "neither a date nor EARLIER..LATER"),
        ("east.territory_km2@2024-10-01..2024-10-02..2024-10-03", "neither a date nor EARLIER..LATER"),
    ],
)
def test_a_wrong_dated_outcome_is_told(calendar: Calendar, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_dated(name, calendar)


def test_the_counterfactual_is_run_for_just_those_outcomes_that_take_it() -> None:
    found = variant(load(FLAGSHIP), 0)
    case = found.case({}, 0)
    block = case.main.simulate(0, np.arange(2, dtype=np.uint64))
    assert case.counterfactual is not None
    other = case.counterfactual.simulate(0, np.arange(2, dtype=np.uint64))
    alone = outcomes(found.first.aims, found.first.labels, block, None)
    both = outcomes(found.first.aims, found.first.labels, block, other)
    differ = {name for name in both if not np.array_equal(alone[name], both[name], equal_nan=True)}
    assert differ == {name for name in both if name.startswith(COMPARED)}
    assert found.case({}, 0, names=["regained_share"]).counterfactual is None
    assert found.case({}, 0, names=["regained_share", "dual_success"]).counterfactual is not None


@pytest.mark.slow
def test_outcomes_asked_for_are_those_of_a_whole_run(tmp_path: Path) -> None:
    evaluate = stored(tmp_path / "some", FLAGSHIP)
    factors = factors_of(evaluate.base, [("russia.inflow", "none,11k", "test")])
    points, design = design_points(factors, Layout()), Design(3, 1, 2)
    names = ["regained_share", "dual_success", "kursk.territory_km2@2025-04-30"]
    table = evaluate(points, design, names)
    whole = stored(tmp_path / "whole", FLAGSHIP)
    everything = whole(points, design, [*names[:2], "kursk.territory_km2"])
    for name in names[:2]:
        np.testing.assert_array_equal(table.values[name], everything.values[name])
    np.testing.assert_array_equal(table.values[names[2]], everything.values["kursk.territory_km2"])


def test_what_was_run_is_not_run_again(tmp_path: Path) -> None:
    first = stored(tmp_path)
    points = people(first)
    few = first(points, Design(0, 0, 4), ["hills.territory_km2"])
    more = first(points, Design(0, 0, 6), ["hills.territory_km2"])
    again = stored(tmp_path)
    fewer = again(points, Design(0, 0, 4), ["hills.territory_km2"])
    assert (first.spent.made, first.spent.reused) == (12, 8)
    assert (again.spent.made, again.spent.reused) == (0, 12)
    for table in (more, fewer):
        np.testing.assert_array_equal(table.values["hills.territory_km2"][:, :, :4], few.values["hills.territory_km2"])
    assert few.values["hills.territory_km2"].shape == (2, 1, 4)


def test_what_was_killed_before_its_manifest_is_started_over(tmp_path: Path) -> None:
    first = stored(tmp_path)
    wanted = first(people(first), Design(0, 0, 2), ["hills.territory_km2"])
    (place,) = tmp_path.iterdir()
    (place / "manifest.json").unlink()
    (place / ".scenarios.parquet.part").write_text("half of it")
    again = stored(tmp_path)
    table = again(people(again), Design(0, 0, 2), ["hills.territory_km2"])
    assert again.spent.made == 4
    np.testing.assert_array_equal(table.values["hills.territory_km2"], wanted.values["hills.territory_km2"])


def test_draws_have_the_values_that_runs_sample() -> None:
    base = load(FLAGSHIP)
    values = drawn(base, 5, 3)
    made = variant(base, 5).main
    assert set(values) == set(made.central())
    assert {path: column[2] for path, column in values.items()} == dict(made.values(2))
    assert {path: column[0] for path, column in values.items()} == made.central()


def test_an_analysis_goes_on_in_its_unfinished_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    asked = Asked("threshold", Source(TWO_FRONTS), load(TWO_FRONTS), 0, {"until": "P(x) > 0.5"}, "twofront threshold")
    folder = find(asked, None, "two_fronts", fresh=False)
    inquiry = Inquiry(asked, folder, Where("threads", 1))
    assert find(asked, None, "two_fronts", fresh=False) == folder
    inquiry.finish(
        {"kind": "threshold"}, {"rows": {"x": np.array([1.0, np.nan]), "name": np.array(["a", "b"], object)}}
    )
    assert find(asked, None, "two_fronts", fresh=False) != folder
    assert find(asked, folder, "two_fronts", fresh=False) == folder
    assert (folder / "rows.csv").read_text() == "x,name\n1.0,a\n,b\n"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["id"] == asked.id
    assert set(manifest["files"]) == {"rows.csv", "rows.parquet", "answer.json"}


def test_a_folder_of_another_question_is_refused_unless_fresh(tmp_path: Path) -> None:
    base = load(TWO_FRONTS)
    asked = [Asked("threshold", Source(TWO_FRONTS), base, 0, {"until": text}) for text in ("one", "two")]
    Inquiry(asked[0], tmp_path, Where("threads", 1)).finish({"kind": "threshold"}, {})
    with pytest.raises(InputError, match="another question, scenario, seed or model; --fresh throws it away"):
        find(asked[1], tmp_path, "two_fronts", fresh=False)
    assert find(asked[1], tmp_path, "two_fronts", fresh=True) == tmp_path
    assert not (tmp_path / "answer.json").exists()


def test_csv_text_leaves_nothing_where_there_is_no_number() -> None:
    assert csv_text({"a": np.array([1, 2]), "b": np.array([np.nan, 0.5])}) == "a,b\n1,\n2,0.5\n"


@pytest.mark.slow
def test_nested_draws_have_luck_of_their_own(tmp_path: Path) -> None:
    evaluate = stored(tmp_path, FLAGSHIP)
    name = "east.territory_km2@2024-10-01"
    crossed = evaluate(single(), Design(0, 3, 2), [name]).values[name][0]
    nested = evaluate(single(), Design(0, 3, 2, nested=True), [name]).values[name][0]
    np.testing.assert_array_equal(nested[0], crossed[0])  # draw 0 has the luck that it always has
    assert not np.isclose(nested[1:], crossed[1:]).any()
    folder = next(path for path in tmp_path.iterdir() if json.loads((path / "manifest.json").read_text())["nested"])
    again = rerun(folder, Which(0, 2, 1))
    assert (again.outcomes[name], again.differences) == (nested[2, 1], ())
