"""The theatre map as a figure: it shows the numbers of the result, can be read, and is the same again."""

import math
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Polygon
from PIL import Image
from test_figures import FRAME, LONG, WORDY, said, texts
from test_plot import Command, edit, kept, results, twofront  # noqa: F401

from sim.experiment.read_result import read_result
from sim.experiment.replicate import replicate
from sim.experiment.tables import read_parquet
from sim.plotting.animation import save_animation
from sim.plotting.heatmap import LARGEST, NOBODY, colour_map
from sim.plotting.map_content import RESERVE, Move, Scale, Station, Strength, Taken, TheatreMap
from sim.plotting.map_ground import MAP, Chart, Ground, laid_out, lined_up
from sim.plotting.of_map import WINDOW, Source, map_at
from sim.plotting.page import mark_handling, thousands
from sim.plotting.style import DPI, HEIGHT, READABLE, SMALL, WIDTH, contrast
from sim.plotting.theatre_map import theatre_map

pytestmark = pytest.mark.slow  # `make fast` leaves these out

ROOT = Path(__file__).resolve().parents[1]
NAN = math.nan
START, END = date(2024, 1, 1), date(2024, 2, 10)


def usual() -> TheatreMap:
    """Three fronts from north to south; red stands in the east, at the left hand of who walks south."""
    lines = {
        "north": [[36.0, 51.0], [36.0, 50.0]],
        "middle": [[36.0, 49.8], [36.4, 49.2]],
        "south": [[36.4, 49.0], [35.0, 48.0]],
    }
    chart = Chart(
        {name: np.array(line) for name, line in lines.items()},
        (np.array([38.5, 50.0]), np.array([33.5, 49.5])),
        {"border": np.array([[30.0, 52.0], [36.5, 50.5], [37.0, 44.0]])},
        {"Town": np.array([35.2, 50.4]), "Hidden": np.array([33.5, 49.5]), "Far": np.array([60.0, 10.0])},
    )
    stations = (
        Station("north", Taken("blue", 800.0, 500.0, 1100.0), (Strength(40e3, 1e3, 0.7), Strength(20e3, -500.0, -3.0))),
        Station("middle", Taken("red", 8.0, -4.0, 20.0), (Strength(30e3, 0.0, -1.2), Strength(25e3, 250.0, 5.0))),
        Station("south", Taken("red", 200.0, 100.0, 300.0), (Strength(50e3, 2e3, -3.0), Strength(0.0, 0.0, NAN))),
    )
    moves = (
        Move("red", RESERVE, "north", 8000), Move("red", "south", "middle", 2000),
        Move("blue", RESERVE, "middle", 4000), Move("blue", "middle", RESERVE, 1000),
    )  # fmt: skip
    return TheatreMap(
        ("red", "blue"), stations, (35e3, 12e3), moves, laid_out(chart), {"border": "border"}, Scale(10e3, 1000.0),
        -2.995, "in 30 days", "Lines are schematic.", FRAME,
    )  # fmt: skip


def hard(fronts: int, ground: Callable[[list[str]], Ground]) -> TheatreMap:
    """So many fronts with names that nobody can place, everybody moving everywhere."""
    names = [f"{k} {LONG}" for k in range(fronts)]
    sides = (f"red {LONG}", f"blue {LONG}")
    strength = Strength(123_456.0, -12_345.0, 0.3)
    stations = tuple(Station(name, Taken(sides[0], 12_345.0, 1234.0, 98_765.0), (strength, strength)) for name in names)
    moves = [Move(side, RESERVE, name, 10**k) for side in sides for k, name in enumerate(names[:8])]
    moves += [Move(sides[0], one, other, 500) for one, other in combinations(names, 2)]
    return TheatreMap(
        sides, stations, (1e6, 1e6), tuple(moves), ground(names), {"x": "coast"}, Scale(1e7, 1e5), -2.995,
        "in 30 days", LONG * 4, WORDY,
    )  # fmt: skip


def placed(names: list[str]) -> Ground:
    lines = {name: np.array([[10 + k % 3, 50 - k], [10.2 + k % 3, 49.3 - k]]) for k, name in enumerate(names)}
    spots = {f"{LONG} {k}": np.array([10.0 + k, 48.0]) for k in range(4)}
    return laid_out(Chart(lines, (None, None), {"x": np.array([[9.0, 50.0], [12.0, 40.0]])}, spots))


def in_a_row(names: list[str]) -> Ground:
    return lined_up({f"{k} {LONG}": names[k::4] for k in range(4) if names[k::4]})


CASES: dict[str, Callable[[], Figure]] = {
    "map": lambda: theatre_map(usual()),
    "first day": lambda: theatre_map(replace(usual(), window="", moves=())),
    "sixteen": lambda: theatre_map(hard(16, placed)),
    "sixteen in a row": lambda: theatre_map(hard(16, in_a_row)),
    "one": lambda: theatre_map(hard(1, placed)),
    "one in a row": lambda: theatre_map(hard(1, in_a_row)),
}


@pytest.fixture(scope="module", params=list(CASES))
def drawn(request: pytest.FixtureRequest) -> Figure:
    figure = CASES[request.param]()
    mark_handling(figure, "A MARKING")
    return figure


def patch(figure: Figure, name: str) -> Polygon:
    (found,) = [each for each in figure.axes[0].patches if each.get_gid() == name]
    assert isinstance(found, Polygon)
    return found


def reach(figure: Figure, front: str) -> np.ndarray:
    """Return the arrow of the ground taken on a front, from its foot to its tip."""
    outline = patch(figure, f"ground {front}").get_xy()
    return np.asarray(outline[3] - (outline[0] + outline[6]) / 2)


# ---- it can be read --------------------------------------------------------------------------------------------------


def test_no_text_is_clipped_or_overlaps_another(drawn: Figure):
    boxes = texts(drawn)
    for text, (left, low, right, high) in boxes:
        assert 0 <= left < right <= WIDTH * DPI, text
        assert 0 <= low < high <= HEIGHT * DPI, text
    for (a, one), (b, other) in combinations(boxes, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (a, b, one, other)


def test_text_is_large_enough_and_has_contrast(drawn: Figure):
    for text, _ in texts(drawn):
        assert float(text.get_fontsize()) >= SMALL, text
        assert contrast(to_hex(text.get_color()), "white") >= READABLE, text


def test_it_says_what_it_is_and_how_to_handle_it():
    figure = CASES["map"]()
    mark_handling(figure, "EXERCISE ONLY")
    written = said(figure)
    assert written.count("EXERCISE ONLY") == 2
    for phrase in ("A finding", "A caption", "twofront result 01234567", "a note", "Lines are schematic."):
        assert phrase in written


# ---- it shows what it is given ---------------------------------------------------------------------------------------


def test_each_strip_has_the_colour_of_the_pressure_on_its_side():
    figure = theatre_map(usual())
    expected = {0.7: colour_map()(0.5 + 0.7 / (2 * LARGEST)), -1.2: colour_map()(0.5 - 1.2 / (2 * LARGEST))}
    for name, pressure in (("north red", 0.7), ("middle red", -1.2)):
        assert to_hex(patch(figure, name).get_facecolor()) == to_hex(expected[pressure])
    assert to_hex(patch(figure, "middle blue").get_facecolor()) == to_hex(colour_map()(1.0))  # beyond the end: the end
    assert to_hex(patch(figure, "south blue").get_facecolor()) == to_hex(NOBODY)
    for name in ("north blue", "south red"):
        assert patch(figure, name).get_hatch()  # not attacked
    red, blue = (patch(figure, f"north {side}").get_xy()[:, 0].mean() for side in ("red", "blue"))
    assert red > blue


def test_arrows_of_ground_point_onto_the_ground_of_who_lost_it_and_are_to_scale():
    figure = theatre_map(usual())
    assert reach(figure, "north")[0] > 0  # blue took it: eastwards
    assert reach(figure, "south")[0] < 0  # red took it: westwards
    lengths = [float(np.hypot(*reach(figure, front))) for front in ("north", "south")]
    assert lengths[0] / lengths[1] == pytest.approx(800 / 200)


def test_where_luck_leaves_open_who_took_ground_there_is_no_arrow_and_no_direction():
    figure = theatre_map(usual())
    assert "ground middle" not in {each.get_gid() for each in figure.axes[0].patches}
    assert "−4 to 20 km² for Red" in said(figure)


def test_arrows_of_people_are_as_wide_as_people_are_many():
    shown = usual()
    found = {
        str(each.get_gid()): each.get_arrowstyle().tail_width
        for each in theatre_map(shown).axes[0].patches
        if isinstance(each, FancyArrowPatch)
    }
    assert set(found) == {f"{move.side}: {move.source} > {move.target}" for move in shown.moves}
    for move in shown.moves:
        wanted = found["red: reserve > north"] * move.people / 8000
        assert found[f"{move.side}: {move.source} > {move.target}"] == pytest.approx(max(0.9, wanted))


def test_numbers_are_never_cut_however_long_the_names_are():
    written = said(theatre_map(hard(3, placed)))
    assert written.count("12,345 km² taken by Red") == 3
    assert written.count("… | 123 k") == 6


def test_names_of_sides_stay_inside_the_map():
    figure = theatre_map(usual())
    for text, (left, _, right, _) in texts(figure):
        if text.get_text().startswith("reserve"):
            assert MAP[0] * DPI < left < right < MAP[2] * DPI


def test_numbers_stand_beside_the_map():
    written = said(theatre_map(usual()))
    for phrase in (
        "North", "Blue +800 km² (500 to 1,100)", "Red +200 km² (100 to 300)", "40.0 k, +1.0 k in 30 days",
        "20.0 k, −500 in 30 days", "30.0 k, unchanged in 30 days", "reserve 35.0 k", "reserve 12.0 k", "Town",
    ):  # fmt: skip
        assert phrase in written, phrase
    assert "Hidden" not in written  # it would stand over the name of a side
    assert "Far" not in written


# ---- of a result -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def source(results: Path) -> Source:  # noqa: F811
    return Source(read_result(results / "base"), replicate(results / "base" / "scenario.yaml", trace=True).trace)


def test_the_map_has_the_numbers_of_the_table(source: Source, results: Path):  # noqa: F811
    table = read_parquet(results / "base" / "series.parquet")
    day = 19

    def value(name: str, column: str, when: int = day) -> float:
        return float(table[column][table["name"] == name][when])

    written = said(map_at(source, START + timedelta(days=day)))
    assert written.startswith("20 Jan 2024: ")
    for front, side in (("line", "red"), ("line", "blue"), ("border", "red"), ("border", "blue")):
        people = value(f"{front}.{side}.people", "luck_q50")
        change = people - value(f"{front}.{side}.people", "luck_q50", 0)
        assert f"{thousands(people)}, {'+' if change > 0 else ''}{thousands(change)} in 19 days" in written
    low, high = (value("line.territory_km2", column) for column in ("luck_q05", "luck_q95"))
    assert 0 < low < high < 10
    median = f"Red +{value('line.territory_km2', 'luck_q50'):.1f} km²"
    assert f"{median} ({low:.1f} to {high:.1f})" in written
    assert f"{median} in Main" in written
    assert f"reserve {thousands(value('red.reserve', 'luck_q50'))}" in written
    assert "A line-up, not a map: the scenario has no positions" in written


def test_moves_are_those_who_set_out_in_the_window(source: Source):
    """Counted another way: who left the front `line`, from the lines of the trace, by the change of its people."""
    day = date(2024, 1, 25)
    moved = {(move.side, move.source, move.target): move.people for move in source.moves(day)}
    left: Counter[str] = Counter()
    for line in source.trace or ():
        if START - timedelta(days=1) <= datetime.fromisoformat(line["time"]).date() <= day:
            for order in line.get("ordered", ()):
                if order["from"] == "line" and order["to"] == "border":
                    left[line["side"]] += order["people"]
    assert left["red"] > 0
    assert moved["red", "line", "border"] == left["red"]
    assert (day - START).days < WINDOW
    assert not source.moves(START - timedelta(days=1))


def test_a_map_at_a_date_and_one_week_by_week(twofront: Command, results: Path):  # noqa: F811
    base = str(results / "base")
    code, out, err = twofront("plot", base, "--kind", "map", "--at", "2024-01-30", "--format", "svg,gif", "--out", "a")
    assert code == 0, err
    assert out.split() == ["figure:", "a/map.svg", "figure:", "a/map.gif"]
    with Image.open("a/map.gif") as picture:
        assert picture.n_frames == 7  # 40 days: six weeks and the last day
        assert picture.info["loop"] == 0
    period = ("--from", "2024-01-10", "--to", "2024-01-17")
    assert twofront("plot", base, "--kind", "map", "--format", "gif", *period, "--out", "b")[0] == 0
    with Image.open("b/map.gif") as picture:
        assert picture.n_frames == 2
    assert [path.name for path in Path("b").iterdir()] == ["map.gif"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("--kind", "map", "--at", "2023-12-31"), "--at: 2023-12-31 is not within the campaign, 2024-01-01"),
        (("--kind", "map", "--at", "soon"), "--at: 'soon' is no date"),
        (("--format", "gif"), "--format: gif shows the map week by week; add --kind map"),
        (("--kind", "fan", "--format", "gif"), "--format: gif shows the map week by week; add --kind map"),
        (("--kind", "map", "--format", "gif", "--from", "2024-02-01", "--to", "2024-01-02"), "is not after 2024-02-01"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    twofront: Command,  # noqa: F811
    results: Path,  # noqa: F811
    asked: tuple[str, ...],
    message: str,
):
    code, _, err = twofront("plot", str(results / "base"), *asked)
    assert code == 2
    assert message in err
    assert "running the central replication" not in err  # wrong input is refused before anything is run


def test_a_result_without_a_trace_has_a_map_without_arrows_of_people(kept: Path):  # noqa: F811
    from sim.plotting.asked import Asked
    from sim.plotting.kinds import theatre_map

    edit(kept / "base", lambda content: content.update(branch={"from": "01234567", "at": "2024-01-20"}))
    figure = theatre_map(Asked((read_result(kept / "base"),)))["map"]
    assert "who moved where is not known of this result: no arrows" in said(figure)
    assert not [each for each in figure.axes[0].patches if isinstance(each, FancyArrowPatch)]
    assert said(figure).startswith("20 Jan 2024")  # the first assessment


# ---- the same bytes --------------------------------------------------------------------------------------------------

BYTES = """
import hashlib, sys
from pathlib import Path
sys.path.insert(0, "tests")
import test_map_figure as figures
from sim.plotting.animation import save_animation
from sim.plotting.style import save
folder = Path(sys.argv[1])
paths = save(figures.CASES["map"](), folder, "map", ("png", "svg", "pdf"))
paths.append(save_animation((figures.CASES[name]() for name in ("first day", "map")), folder, "map"))
for path in paths:
    print(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
"""


def test_two_processes_write_the_same_bytes(tmp_path: Path):
    found = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", BYTES, str(folder)],
            cwd=ROOT, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed, "PATH": ""},
        )  # fmt: skip
        found.append(done.stdout)
    assert found[0].count("\n") == 4
    assert found[0] == found[1]


def test_a_frame_of_the_animation_shows_its_figure(tmp_path: Path):
    path = save_animation((CASES[name]() for name in ("first day", "map")), tmp_path, "map")
    with Image.open(path) as picture:
        frames = []
        for number in range(picture.n_frames):
            picture.seek(number)
            frames.append(np.asarray(picture.convert("RGB"), int))
    assert len(frames) == 2
    green = (np.abs(frames[1] - [0, 158, 115]).sum(axis=2) < 12).sum()
    assert green > 500  # arrows of people
    assert (np.abs(frames[0] - [0, 158, 115]).sum(axis=2) < 12).sum() == 0
    assert (frames[0][:5] == 255).all()  # white stays white
