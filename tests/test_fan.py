"""The fan chart: what it shows are the numbers of the table, and it can be read."""

import subprocess
import sys
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from sim.analysis.bands import bands
from sim.experiment.events import Event
from sim.plotting.fan import MOST_THEATRES, Story, Theatre, fan
from sim.plotting.markers import LEVELS, Spot, arrange
from sim.plotting.style import DPI, HEIGHT, SMALL, WIDTH, save
from sim.plotting.timeaxis import day_number, tick_dates, tick_labels

pytestmark = pytest.mark.slow  # `make fast` leaves these out

ROOT = Path(__file__).resolve().parents[1]
START, END = date(2024, 8, 6), date(2025, 4, 30)
DAYS = (END - START).days
Written = list[tuple[Text, tuple[float, float, float, float]]]
LONG = "a very long name of a theatre, of which nobody would believe that it could ever be one"


def on(year: int, month: int, day: int) -> date:
    return date(year, month, day)


def event(label: str, start: date, end: date | None = None) -> Event:
    return Event(label, start, end or start)


EVENTS = (
    event("incursion", START),
    event("allied landings", on(2024, 10, 9), on(2024, 10, 21)),
    event("assessment", on(2024, 11, 11)),
    event("long range strikes", on(2024, 11, 17)),
    event("politics (west)", on(2025, 1, 20)),
    event("assessment", on(2025, 1, 31)),
    event("talks", on(2025, 2, 1)),
)


def story(
    theatres: int = 2, events: tuple[Event, ...] = EVENTS, name: str = "theatre", title: str = "A title"
) -> Story:
    made = tuple(Theatre(f"{name} {k}", "", ("ukraine", "russia")[k % 2]) for k in range(theatres))
    return Story(title, START, END, made, ("ukraine", "russia"), events, "twofront result 01234567, seed 0")


def data(told: Story, draws: int = 3, scale: float = 100.0) -> dict[str, dict[str, np.ndarray]]:
    """Return bands of random walks, by the code that makes them."""
    names = [f"{theatre.name}.territory_km2" for theatre in told.theatres]
    names += [f"{theatre.name}.{side}.people" for theatre in told.theatres for side in told.sides]
    steps = np.random.default_rng(1).normal(size=(draws * 20, DAYS + 1, len(names)))
    walks = scale * np.cumsum(steps, axis=1)
    walks[:, :, len(told.theatres) :] = 1e3 * scale + 20 * np.abs(walks[:, :, len(told.theatres) :])
    found = bands(walks.astype(np.float32), np.repeat(np.arange(draws), 20))
    return {name: {column: found[column][k] for column in found} for k, name in enumerate(names)}


def texts(figure: Figure) -> Written:
    """Return what is written on a figure, with the box of each in pixels."""
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    figure.draw_without_rendering()
    hidden = _labels_of_ticks_outside(figure)
    written = [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text().strip()]
    seen = [text for text in written if text.get_visible() and text not in hidden]
    return [(text, text.get_window_extent(canvas.get_renderer()).extents) for text in seen]


def _labels_of_ticks_outside(figure: Figure) -> list[Text]:
    """Return the labels of ticks outside of the limits, which matplotlib keeps but never draws."""
    hidden = []
    for axis in (axis for panel in figure.axes for axis in (panel.xaxis, panel.yaxis)):
        low, high = sorted(axis.get_view_interval())
        hidden += [tick.label1 for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high]
    return hidden


CASES = {
    "as usual": (story(), 3, 100.0),
    "central assumptions only": (story(), 1, 100.0),
    "one theatre": (story(1), 3, 100.0),
    "four theatres": (story(4), 3, 1.0),
    "more than fit": (story(7), 3, 100.0),
    "no events": (story(events=()), 3, 100.0),
    "long names": (story(3, name=LONG, title=LONG * 4), 3, 100.0),
    "large numbers": (story(), 3, 3e4),
    "small numbers": (story(), 3, 1e-4),
    "many events": (
        story(events=tuple(event(f"event {k}", START + timedelta(days=5 * k)) for k in range(50))),
        3,
        100.0,
    ),
}


@pytest.fixture(scope="module", params=list(CASES))
def written(request: pytest.FixtureRequest) -> Written:
    told, draws, scale = CASES[request.param]
    return texts(fan(data(told, draws, scale), told))


def test_no_text_is_clipped(written: Written):
    for text, (left, low, right, high) in written:
        assert 0 <= left < right <= WIDTH * DPI, text
        assert 0 <= low < high <= HEIGHT * DPI, text


def test_no_text_overlaps_another(written: Written):
    for (a, one), (b, other) in combinations(written, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (a, b)


def test_no_text_is_too_small_for_a_slide(written: Written):
    assert min(float(text.get_fontsize()) for text, _ in written) >= SMALL == 11


def test_what_is_drawn_are_the_numbers_of_the_table():
    told = story()
    series = data(told)
    drawn = fan(series, told)
    panels = drawn.axes
    assert len(panels) == 4
    for theatre, ground, people in zip(told.theatres, panels[::2], panels[1::2], strict=True):
        names = [f"{theatre.name}.territory_km2"], [f"{theatre.name}.{side}.people" for side in told.sides]
        for panel, shown in zip((ground, people), names, strict=True):
            solid = [line for line in panel.lines if line.get_linewidth() > 2]
            assert len(solid) == len(shown)
            for line, name in zip(solid, shown, strict=True):
                np.testing.assert_array_equal(line.get_ydata(), series[name]["luck_q50"])
                np.testing.assert_array_equal(line.get_xdata(), day_number(START) + np.arange(DAYS + 1))
            _check_fills(panel.collections, [series[name] for name in shown])


def _check_fills(fills: object, shown: list[dict[str, np.ndarray]]) -> None:
    found = [fill.get_paths()[0].vertices[:, 1] for fill in fills if isinstance(fill, PolyCollection)]  # type: ignore[attr-defined]
    wanted = [(each[f"{kind}_q05"], each[f"{kind}_q95"]) for each in shown for kind in ("assumptions", "luck")]
    assert len(found) == len(wanted)
    for vertices, (low, high) in zip(found, wanted, strict=True):
        assert vertices.min() == low.min()
        assert vertices.max() == high.max()


def test_the_figure_says_what_its_bands_are_and_where_it_is_from():
    told = story()
    words = " ".join(text.get_text() for text, _ in texts(fan(data(told), told)))
    for phrase in ("median at central assumptions", "luck: 5 to 95 %", "assumptions: 5 to 95 %", told.footer, "km²"):
        assert phrase in words
    central = " ".join(text.get_text() for text, _ in texts(fan(data(told, 1), told)))
    assert "assumptions: 5 to 95 %" not in central


def test_what_is_not_shown_is_named():
    told = story(MOST_THEATRES + 2)
    words = " ".join(text.get_text() for text, _ in texts(fan(data(told), told)))
    assert "not shown: Theatre 4, Theatre 5" in words


def test_events_are_marked_on_every_panel_and_labelled_or_named():
    told = story()
    drawn = fan(data(told), told)
    words = " ".join(text.get_text() for text, _ in texts(drawn))
    for each in EVENTS:
        assert words.count(each.label) >= 2
    for panel in drawn.axes:
        dashed = {line.get_xdata()[0] for line in panel.lines if line.get_linestyle() == "--"}
        assert {day_number(each.start) for each in EVENTS} <= dashed


def test_figures_are_the_same_bytes_again(tmp_path: Path):
    told = story()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        assert [path.name for path in save(fan(data(told), told), tmp_path / name, "fan")] == ["fan.png", "fan.svg"]
    for name in ("fan.png", "fan.svg"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert b"<dc:date>" not in (tmp_path / "a" / "fan.svg").read_bytes()


def test_plotting_does_not_import_pyplot():
    code = "import sys, sim.plotting.fan; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


spots = st.builds(
    lambda x, width, level, right: Spot(x, x if right else x - width, x + width if right else x, level),
    st.floats(0, 1_000),
    st.floats(10, 200),
    st.integers(0, LEVELS - 1),
    st.booleans(),
)


@given(st.lists(st.lists(spots, max_size=6), max_size=8))
def test_labels_are_arranged_without_a_collision(options: list[list[Spot]]):
    found = arrange(options)
    assert len(found) == len(options)
    chosen = [spot for spot in found if spot]
    assert all(spot is None or spot in some for spot, some in zip(found, options, strict=True))
    assert not any(a.collides(b) or b.collides(a) for a, b in combinations(chosen, 2))


def test_labels_that_can_all_be_placed_are():
    crowd = [[Spot(x, x, x + 300, level) for level in range(LEVELS)] for x in (400.0, 300.0, 200.0, 100.0)]
    assert None not in arrange(crowd)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(1, 5_000), st.integers(2, 12))
def test_ticks_are_few_and_within_the_campaign(start: date, days: int, most: int):
    found = tick_dates(start, start + timedelta(days=days), most)
    assert len(found) <= most
    assert all(start <= when <= start + timedelta(days=days) for when in found)
    assert len(tick_labels(found)) == len(found)


def test_the_year_is_said_once():
    found = tick_dates(START, END, 9)
    assert tick_labels(found) == ["Sep\n2024", "Oct", "Nov", "Dec", "Jan\n2025", "Feb", "Mar", "Apr"]
    assert tick_labels(tick_dates(date(2024, 1, 1), date(2024, 1, 21), 8)) == [
        "1 Jan\n2024",
        "6 Jan",
        "11 Jan",
        "16 Jan",
        "21 Jan",
    ]
