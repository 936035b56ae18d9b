"""The theatre map: places that the model does not know, and a figure that shows the numbers of the result."""

import math
from pathlib import Path

import numpy as np
import pytest

from sim.errors import InputError
from sim.plotting.map_content import Strength, Taken
from sim.plotting.map_ground import MAP, Chart, along, beside, laid_out, lined_up, strip
from sim.plotting.map_labels import ground_words, people_words
from sim.scenario.load import load
from sim.scenario.lower import lower
from sim.scenario.places import Line, Spot
from sim.scenario.values import UnreadableError

ROOT = Path(__file__).resolve().parents[1]
FLAGSHIP = ROOT / "scenarios" / "kursk_2024.yaml"

# ---- places in a scenario --------------------------------------------------------------------------------------------


def test_a_line_reads_back_to_itself():
    line = Line.read("34.1 51.6,  34.2 -51.25 , 35 51")
    assert line.points == ((34.1, 51.6), (34.2, -51.25), (35.0, 51.0))
    assert Line.read(str(line)) == line
    assert Spot.read(str(Spot.read("1.5 2"))).point == (1.5, 2.0)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("34.1 51.6", "is one point, and a line needs two"),
        ("34.1 51.6, 34.1 51.6", "points 1 and 2 are the same, 34.1 51.6"),
        ("34.1 51.6, 34.2", "point 2, '34.2', is not longitude and latitude"),
        ("34.1 51.6, 34.2 51.3,", "point 3, '', is not longitude and latitude"),
        ("34.1 51.6, 1 2 3", "point 2, '1 2 3', is not longitude and latitude"),
        ("a b, c d", "point 1, 'a b', is not longitude and latitude"),
        ("34.1 91, 1 1", "latitude 91 is not between -90 and 90; longitude comes first"),
        ("181 9, 1 1", "longitude 181 is not between -180 and 180"),
        ("nan 9, 1 1", "longitude nan is not between"),
        ([34.1, 51.6], "is no text of longitude and latitude"),
        (None, "is no text of longitude and latitude"),
        (", ".join(["1 1", "2 2"] * 300), "has 600 points, more than the 500"),
    ],
)
def test_what_is_no_line_is_refused_with_the_reason(raw: object, message: str):
    with pytest.raises(UnreadableError, match=r"point|longitude") as caught:
        Line.read(raw)
    assert message in caught.value.message


@pytest.mark.parametrize(("raw", "message"), [("1 2, 3 4", "is 2 points; write one"), (3.5, "is no text of longitude")])
def test_a_spot_is_one_point(raw: object, message: str):
    with pytest.raises(UnreadableError, match=message):
        Spot.read(raw)


def test_errors_of_the_map_are_located(tmp_path: Path):
    file = tmp_path / "war.yaml"
    file.write_text(
        f"extends: {ROOT / 'sim' / 'scenario' / 'starter.yaml'}\n"
        "fronts: {river: {position: 35 51}}\n"
        "map:\n  sides: {reed: 1 2}\n  outlines: {coast: {kind: cost, line: '1 1, 2 2'}}\n  colour: red\n"
    )
    with pytest.raises(InputError, match=r"war\.yaml:2:28: fronts\.river\.position: .* a line needs two") as caught:
        load(file)
    told = str(caught.value)
    assert "war.yaml:5:28: map.outlines.coast.kind: 'cost' is not allowed; did you mean 'coast'?" in told
    assert "war.yaml:6:3: map.colour: unknown key" in told
    file.write_text(f"extends: {ROOT / 'sim' / 'scenario' / 'starter.yaml'}\nmap: {{sides: {{reed: 1 2}}}}\n")
    with pytest.raises(InputError, match=r"war\.yaml:2:21: map\.sides\.reed: there is no side 'reed'; .*'red'"):
        load(file)


def test_the_model_does_not_know_where_fronts_lie():
    bare = [f"fronts.{front}.position=null" for front in load(FLAGSHIP).scenario.fronts]
    there, nowhere = load(FLAGSHIP), load(FLAGSHIP, sets=[*bare, "map=null"])
    assert nowhere.scenario.map is None
    assert all(front.position is None for front in nowhere.scenario.fronts.values())
    assert lower(there, {}).params.tobytes() == lower(nowhere, {}).params.tobytes()
    assert lower(there, {}).labels == lower(nowhere, {}).labels


def test_the_flagship_has_a_place_for_each_front_and_side_with_its_source():
    scenario = load(FLAGSHIP).scenario
    assert scenario.map is not None
    assert set(scenario.map.sides) == set(scenario.sides)
    assert "public domain" in scenario.map.source
    assert "disputed" in scenario.map.note
    points = [point for front in scenario.fronts.values() if front.position for point in front.position.points]
    points += [point for outline in scenario.map.outlines.values() for point in outline.line.points]
    assert all(front.position for front in scenario.fronts.values())
    assert all(round(value, 1) == value for point in points for value in point)  # to a tenth of a degree, no finer


# ---- where things lie on the slide -----------------------------------------------------------------------------------


def test_the_ground_of_the_first_side_is_at_the_left_of_a_line():
    south = np.array([[0.0, 2.0], [0.0, 1.0], [0.0, 0.0]])  # walking south, the left hand is east
    np.testing.assert_allclose(beside(south), [[1, 0]] * 3)
    assert strip(south, 0.1)[:, 0].max() == pytest.approx(0.1)
    assert strip(south, -0.1)[:, 0].min() == pytest.approx(-0.1)
    point, left = along(south, 0.25)
    np.testing.assert_allclose(point, [0, 1.5])
    np.testing.assert_allclose(left, [1, 0])


def test_the_flagship_lies_with_russia_on_its_own_side_of_every_front():
    """A point of each side's ground, from public maps: walking along the line it must be at the proper hand."""
    russian = {"kursk": (35.3, 51.7), "kharkiv": (36.6, 50.6), "kupiansk": (38.4, 49.4), "toretsk": (38.4, 48.5)}
    russian |= {"pokrovsk": (37.8, 48.1), "kurakhove": (37.6, 47.7), "south": (36.0, 47.0)}
    for name, front in load(FLAGSHIP).scenario.fronts.items():
        assert front.position
        line = np.array(front.position.points)
        point, left = along(line, 0.5)
        assert (np.array(russian[name]) - point) @ left > 0, name


def test_a_chart_keeps_north_above_and_its_shape_inside_the_map():
    chart = Chart({"a": np.array([[10.0, 60.0], [12.0, 60.0]]), "b": np.array([[10.0, 60.0], [10.0, 61.0]])})
    ground = laid_out(chart)
    a, b = ground.lines["a"], ground.lines["b"]
    assert b[1, 1] > b[0, 1]
    assert a[1, 0] > a[0, 0]
    width, height = a[1, 0] - a[0, 0], b[1, 1] - b[0, 1]
    assert width / height == pytest.approx(2 * math.cos(math.radians(60.25)))  # a degree of longitude is shorter there
    for line in (a, b):
        assert (line > [MAP[0], MAP[1]]).all()
        assert (line < [MAP[2], MAP[3]]).all()


def test_a_line_up_has_theatres_below_each_other_and_the_first_side_at_the_left():
    ground = lined_up({"east": ["a", "b"], "north": ["c"]})
    heights = [float(ground.lines[name][:, 1].mean()) for name in "abc"]
    assert heights == sorted(heights, reverse=True)
    assert heights[1] > ground.headings["north"][1] > heights[2]
    assert ground.sides[0][0] < ground.sides[1][0]
    assert all(along(line, 0.5)[1][0] == pytest.approx(-1) for line in ground.lines.values())
    assert min(line.min() for line in lined_up({"t": [str(k) for k in range(16)]}).lines.values()) > MAP[1]


# ---- words -----------------------------------------------------------------------------------------------------------


def test_ground_has_a_direction_only_where_luck_leaves_no_doubt():
    assert ground_words(Taken("russia", 452.4, 310.0, 590.0))[0] == "Russia +452 km² (310 to 590)"
    assert ground_words(Taken("russia", 8.0, -2.0, 12.0)) == ("−2 to 12 km² for Russia",)
    assert ground_words(Taken("russia", 0.0, 0.0, 0.0)) == ("no ground taken",)


def test_people_have_a_change_once_there_is_a_window():
    assert people_words(Strength(48_200.0, 3100.0, 0.0), "in 30 days")[0] == "48.2 k, +3.1 k in 30 days"
    assert people_words(Strength(48_200.0, -74.0, 0.0), "in 2 days")[0] == "48.2 k, −74 in 2 days"
    assert people_words(Strength(48_200.0, 0.2, 0.0), "in 2 days")[0] == "48.2 k, unchanged in 2 days"
    assert people_words(Strength(48_200.0, None, 0.0), "") == ("48.2 k",)
