"""Figures other than the fan chart: they show the numbers that they are given, can be read, and are the same again."""

import hashlib
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection, QuadMesh
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle
from matplotlib.text import Text

from sim.analysis.history import Curves
from sim.analysis.history_fit import Bin
from sim.errors import RunError
from sim.experiment.events import Event
from sim.experiment.flows import Flow
from sim.plotting.differences import UNTOLD, Differences, differences
from sim.plotting.dilemma import Frontier, frontier_figure
from sim.plotting.dilemma import Panel as FrontierPanel
from sim.plotting.dots import Dots, dots
from sim.plotting.heatmap import Group, Heatmap, Row, colour_map, heatmap
from sim.plotting.history import Battles, history
from sim.plotting.intervals import Estimate, Outcome
from sim.plotting.page import Frame, interval_words, mark_handling, number, plain, spread, thousands, to_width, words
from sim.plotting.response import Curve, Response, response
from sim.plotting.response import Panel as ResponsePanel
from sim.plotting.sankey import Sankey, sankey
from sim.plotting.style import CATEGORIES, DPI, GREY, HEIGHT, READABLE, SMALL, WIDTH, contrast, extent, legible, save
from sim.plotting.surface import Panel as SurfacePanel
from sim.plotting.surface import Surface, levels, surface
from sim.plotting.threshold import STATES, Threshold, threshold
from sim.plotting.tiles import GROUNDS, Tiles, tiles
from sim.plotting.tiles import Panel as TilePanel
from sim.plotting.timeaxis import day_number
from sim.plotting.timeline import Lane, Route, Timeline, timeline

pytestmark = pytest.mark.slow  # `make fast` leaves these out

ROOT = Path(__file__).resolve().parents[1]
START, END = date(2024, 8, 6), date(2025, 4, 30)
DAYS = (END - START).days + 1
LONG = "a very long name, of which nobody would believe that it could ever be one"
FRAME = Frame("A finding", "A caption", "twofront result 01234567: 3 draws × 20 replications, seed 0", ("a note",))
WORDY = Frame(LONG * 3, LONG * 4, LONG * 4, (LONG, LONG, LONG))
NAN = math.nan


def event(label: str, day: int, length: int = 0) -> Event:
    return Event(label, START + timedelta(days=day), START + timedelta(days=day + length))


EVENTS = (event("incursion", 0), event("allies land", 64, 12), event("assessment", 97), event("talks", 179))
MANY = tuple(event(f"event {k}", 6 * k) for k in range(40))


# ---- plain data of each kind, as usual and at its hardest ------------------------------------------------------------


def estimate(mean: float, width: float = 1.0) -> Estimate:
    return Estimate(mean, (mean - width, mean + width), (mean - 3 * width, mean + 3 * width), (mean - 2 * width, mean))


def outcome(name: str, means: list[float], width: float = 1.0, probability: bool = False) -> Outcome:
    return Outcome(name, "km2", tuple(estimate(mean, width) for mean in means), probability)


def usual_dots() -> Dots:
    shown = (outcome("dual_success", [0.2, 0.5], 0.1, True), outcome("kursk.territory_km2", [400.0, -30.0], 50.0))
    return Dots(("base", "divert"), shown, FRAME)


def hard_dots(rows: int = 12) -> Dots:
    shown = (
        outcome(LONG, [1e-6 * k for k in range(rows)], 1e-7),
        outcome("huge", [1e12 * (k + 1) for k in range(rows)], 1e11),
        Outcome("nothing", "people", (Estimate(NAN),) * rows),
        outcome("one_value", [123_456.0] * rows, 0.0),
    )
    return Dots(tuple(f"{k} {LONG}" for k in range(rows)), shown, WORDY)


def usual_differences() -> Differences:
    shown = Outcome(
        "kursk.territory_km2", "km2", (estimate(-120.0, 20.0), estimate(5.0, 20.0), Estimate(0.0, (0.0, 0.0)))
    )
    return Differences("base", ("divert", "withdraw", "the same"), (shown,), FRAME)


def hard_differences() -> Differences:
    shown = hard_dots()
    return Differences(LONG, shown.rows, shown.outcomes, WORDY)


def usual_heatmap() -> Heatmap:
    values = np.random.default_rng(1).normal(size=(3, DAYS))
    values[2, :20] = NAN
    values[1, 30:60] = -3.0
    east = Group("east", (Row("pokrovsk", values[1]), Row("south", values[2])))
    groups = (Group("kursk", (Row("kursk", values[0]),)), east)
    return Heatmap(
        groups, START, END, EVENTS, "mean pressure", "own side stronger", "hostile side stronger", FRAME, -2.99
    )


def hard_heatmap(fronts: int = 16) -> Heatmap:
    rows = [Row(f"{k} {LONG}", np.full(DAYS, [1e-9, NAN, 50.0, -50.0][k % 4])) for k in range(fronts)]
    half = max(1, fronts // 2)
    groups = tuple(Group(f"{k} {LONG}", tuple(part)) for k, part in enumerate((rows[:half], rows[half:])) if part)
    return Heatmap(groups, START, END, MANY, LONG, LONG, LONG, WORDY)


def curve(label: str, x: np.ndarray, mean: np.ndarray, width: float) -> Curve:
    bands = [(mean - k * width, mean + k * width) for k in (1, 3, 2)]
    return Curve(label, x, mean, *bands)


def usual_response(curves: int = 1) -> Response:
    x = np.array([0.0, 3000.0, 11000.0, 30000.0])
    several = tuple(curve(f"option {k}", x, np.array([0.2, 0.3, 0.5, 0.9]) - 0.1 * k, 0.05) for k in range(curves))
    ground = tuple(curve(f"option {k}", x, np.array([500.0, 400, 300, 100]) + 40 * k, 20.0) for k in range(curves))
    panels = (
        ResponsePanel("dual_success", "probability", several, True, 0.5),
        ResponsePanel("kursk.territory_km2", "km2", ground),
    )
    return Response("inflow, people", panels, FRAME)


def hard_response(points: int = 5) -> Response:
    x = 1e9 * np.arange(points)
    scales = (1e-9, 1e13, 0.0, NAN)
    panels = tuple(
        ResponsePanel(
            f"{k} {LONG}", LONG, tuple(curve(f"{j} {LONG}", x, np.full(points, scale), 0.0) for j in range(8))
        )
        for k, scale in enumerate(scales)
    )
    return Response(LONG * 3, panels, WORDY)


def grid(rows: int = 4, columns: int = 5) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.linspace(0, 30_000, columns), np.linspace(2, 5, rows))
    return x.ravel(), y.ravel()


def usual_surface() -> Surface:
    x, y = grid()
    chance = SurfacePanel("dual_success", "probability", x / 30_000 * (y / 5), True, 0.5)
    return Surface(
        ("inflow, people", "tempo"), x, y, (chance, SurfacePanel("kursk.territory_km2", "km2", 600 - x / 90)), FRAME
    )


def scattered_surface(points: int = 25) -> Surface:
    x, y = np.random.default_rng(2).uniform(size=(2, points)) * np.array([[1e12], [1e-12]])
    panels = (
        SurfacePanel(LONG, LONG, 1e15 * x / 1e12 + 1e15 * np.sin(5e12 * y)),
        SurfacePanel("nothing", "km2", np.full(points, NAN)),
    )
    return Surface((LONG * 2, LONG * 2), x, y, panels, WORDY)


def lined_up_surface() -> Surface:
    x = np.linspace(0, 1, 6)
    return Surface(("a", "b"), x, 2 * x, (SurfacePanel("c", "km2", x), SurfacePanel("d", "km2", 0 * x)), FRAME)


def flat_surface() -> Surface:
    x, y = grid()
    return Surface(("a", "b"), x, y, (SurfacePanel("flat", "km2", 0 * x + 7),), FRAME)


def usual_sankey() -> Sankey:
    rows = [
        Flow("landings", "training", 11_000), Flow("recruits", "training", 90_000), Flow("training", "reserve", 85_000),
        Flow("training", "kursk", 11_000), Flow("reserve", "pokrovsk", 70_000), Flow("reserve", "kursk", 20_000),
        Flow("pokrovsk", "kursk", 4_000), Flow("pokrovsk", "wounded", 30_000), Flow("kursk", "wounded", 9_000),
        Flow("pokrovsk", "lost", 16_000), Flow("kursk", "lost", 5_000), Flow("wounded", "reserve", 18_000),
        Flow("wounded", "lost", 15_000), Flow("reserve", "transit", 2_000),
    ]  # fmt: skip
    return Sankey(tuple(rows), stocks_of(rows), ("kursk", "pokrovsk"), FRAME)


def stocks_of(rows: list[Flow], before: int = 50_000) -> dict[str, tuple[int, int]]:
    names = {name for row in rows for name in (row.source, row.target)} - {"landings", "recruits"}
    change = {
        name: sum(row.people * ((row.target == name) - (row.source == name)) for row in rows) for name in sorted(names)
    }
    return {name: (before, before + moved) for name, moved in change.items()}


def hard_sankey(fronts: int = 16) -> Sankey:
    names = tuple(f"{k} {LONG}" for k in range(fronts))
    rows = [
        Flow("recruits", "training", 10**8),
        Flow("training", "reserve", 10**8),
        Flow("wounded", "reserve", 3 * 10**7),
    ]
    for k, name in enumerate(names):
        rows += [Flow("reserve", name, 10**7 // (k + 1)), Flow(name, "wounded", 10**6), Flow(name, "lost", 1)]
        rows += [Flow(name, names[k - 1], 5 * 10**5), Flow(name, "reserve", 10**5 + k)]
    return Sankey(tuple(rows), stocks_of(rows, 10**8), names, WORDY)


def usual_timeline() -> Timeline:
    weeks = DAYS // 7 + 1
    people = np.arange(weeks) * 100
    russia = Lane(
        "russia", (event("3,300 dprk land", 64), event("expel: 60 km² lost", 3)), (Route("reserve", "kursk", people),)
    )
    return Timeline(START, END, EVENTS, (russia, Lane("ukraine", (), ())), ("russia", "ukraine"), FRAME)


def hard_timeline() -> Timeline:
    weeks = DAYS // 7 + 1
    routes = tuple(Route(f"{k} {LONG}", LONG, np.full(weeks, 10**9)) for k in range(9))
    lanes = tuple(Lane(f"{side} {LONG}", MANY, routes) for side in "ab")
    return Timeline(START, END, MANY, lanes, tuple(lane.side for lane in lanes), WORDY)


def battles(reach: float, frame: Frame, battles_each: int = 40) -> Battles:
    """Battles of force ratios from 1/e^reach to e^reach, and curves through them."""
    ratio = np.linspace(-reach, reach, 33)
    zero = 0 * ratio
    win = (zero + 0.3, zero + 0.7)
    curves = Curves(ratio, zero + 0.5, win, zero + 0.55, 0.3 * ratio, (zero - 1, zero + 1), zero, (zero - 2, zero + 2))
    shares = tuple(Bin(battles_each, middle, 0.5, 0.3, 0.7) for middle in (-reach, -0.01, 0.0, 0.01, reach))
    rng = np.random.default_rng(3)
    points = np.stack((rng.uniform(-reach, reach, 50), reach * rng.normal(size=50), rng.choice((-1.0, 0.0, 1.0), 50)))
    return Battles(shares, curves, points, frame)


def usual_threshold(dated: bool = False) -> Threshold:
    first = float(START.toordinal()) if dated else 0.0
    at = first + np.array([0.0, 10.0, 20.0, 30.0, 40.0])
    estimate = np.array([0.1, 0.2, 0.4, 0.7, 0.9])
    low, high = np.array([0.0, 0.1, NAN, 0.55, 0.8]), np.array([0.2, 0.3, NAN, 0.8, 1.0])
    states = ((at[0], at[1], "does not hold"), (at[1], at[3], "cannot be told"), (at[3], at[4], "holds"))
    spans = (estimate - 0.1, np.minimum(estimate + 0.1, 1.0))
    probability = ("sides.russia.inflow (people)", "P(dual_success)", not dated, 1.2e-5 if dated else 0.5)
    return Threshold(*probability, at, estimate, low, high, spans, estimate, states, dated, FRAME)


def hard_threshold() -> Threshold:
    at, nothing = np.array([5.0]), np.full(1, NAN)
    region = ((5.0, 5.0, "cannot be told"),)
    return Threshold(
        LONG * 2, LONG * 3, False, 1e6, at, at, nothing, nothing, (nothing, nothing), nothing, region, False, WORDY
    )


def frontier_of(names: tuple[str, ...], finding: str, frame: Frame) -> Frontier:
    share = np.linspace(0.0, 1.0, len(names))
    best = {"K": len(names) - 1, "E": 0, "both": len(names) // 2}
    each = FrontierPanel(finding, finding, names, names, share, 1.0 - share, share * (1.0 - share), best)
    return Frontier((each, each), frame)


def tiles_of(name: str, columns: int, frame: Frame) -> Tiles:
    x, y = (each.ravel() for each in np.meshgrid(np.arange(columns) * 10_000.0, [-60.0, 0.0, 30.0]))
    verdicts = tuple(list(GROUNDS)[k % len(GROUNDS)] for k in range(len(x)))
    return Tiles((TilePanel(name, x, y, x / x.max(), y / 100 + 0.7, verdicts),) * 4, frame)


CASES: dict[str, Callable[[], Figure]] = {
    "history": lambda: history(battles(2.5, FRAME)),
    "history, wide": lambda: history(battles(9.0, WORDY, 123_456)),
    "history, narrow": lambda: history(battles(0.05, FRAME)),
    "dots": lambda: dots(usual_dots()),
    "dots of twelve": lambda: dots(hard_dots()),
    "dots of more than fit": lambda: dots(hard_dots(15)),
    "dots of one": lambda: dots(hard_dots(1)),
    "differences": lambda: differences(usual_differences()),
    "differences of twelve": lambda: differences(hard_differences()),
    "heat map": lambda: heatmap(usual_heatmap()),
    "heat map of sixteen": lambda: heatmap(hard_heatmap()),
    "heat map of one": lambda: heatmap(hard_heatmap(1)),
    "response": lambda: response(usual_response()),
    "response of options": lambda: response(usual_response(4)),
    "response, hard": lambda: response(hard_response()),
    "response of one point": lambda: response(hard_response(1)),
    "surface": lambda: surface(usual_surface()),
    "surface of scattered points": lambda: surface(scattered_surface()),
    "surface along a line": lambda: surface(lined_up_surface()),
    "surface, flat": lambda: surface(flat_surface()),
    "sankey": lambda: sankey(usual_sankey()),
    "sankey of sixteen": lambda: sankey(hard_sankey()),
    "sankey of one": lambda: sankey(hard_sankey(1)),
    "timeline": lambda: timeline(usual_timeline()),
    "timeline, hard": lambda: timeline(hard_timeline()),
    "threshold": lambda: threshold(usual_threshold()),
    "threshold of dates": lambda: threshold(usual_threshold(dated=True)),
    "threshold, hard": lambda: threshold(hard_threshold()),
    "frontier": lambda: frontier_figure(frontier_of(("measured", "divert"), "no dilemma: both attainable", FRAME)),
    "frontier, hard": lambda: frontier_figure(frontier_of(tuple(f"{k} {LONG}" for k in range(5)), LONG * 3, WORDY)),
    "tiles": lambda: tiles(tiles_of("Article", 4, FRAME)),
    "tiles, hard": lambda: tiles(tiles_of(LONG, 5, WORDY)),
}
Box = tuple[float, float, float, float]


@pytest.fixture(scope="module", params=list(CASES))
def drawn(request: pytest.FixtureRequest) -> Figure:
    figure = CASES[request.param]()
    mark_handling(figure, "A MARKING")
    return figure


def texts(figure: Figure) -> list[tuple[Text, Box]]:
    """Return what is written on a figure, with the box of each in pixels; tiny differences of rounding apart."""
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    figure.draw_without_rendering()
    hidden = set(_ticks_outside(figure))
    written = [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text().strip()]
    seen = [text for text in written if text.get_visible() and text not in hidden]
    return [(text, Text.get_window_extent(text, canvas.get_renderer()).extents) for text in seen]


def _ticks_outside(figure: Figure) -> Iterator[Text]:
    """Yield the labels of ticks outside of the limits, which matplotlib keeps but never draws."""
    for axis in (axis for panel in figure.axes for axis in (panel.xaxis, panel.yaxis)):
        low, high = sorted(axis.get_view_interval())
        yield from (tick.label1 for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high)
        yield from (tick.label1 for tick in axis.get_major_ticks() if not axis.axes.axison)


def said(figure: Figure) -> str:
    return " | ".join(text.get_text() for text, _ in texts(figure))


# ---- whatever the kind -----------------------------------------------------------------------------------------------


def test_no_text_is_clipped(drawn: Figure):
    for text, (left, low, right, high) in texts(drawn):
        assert 0 <= left < right <= WIDTH * DPI, text
        assert 0 <= low < high <= HEIGHT * DPI, text


def test_no_text_overlaps_another(drawn: Figure):
    for (a, one), (b, other) in combinations(texts(drawn), 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (a, b, one, other)


def test_text_is_large_enough_and_has_contrast(drawn: Figure):
    for text, _ in texts(drawn):
        assert float(text.get_fontsize()) >= SMALL == 11, text
        assert contrast(to_hex(text.get_color()), "white") >= READABLE == 4.5, text


def test_each_figure_says_where_it_is_from_and_how_to_handle_it():
    for make in (
        CASES[name]
        for name in ("dots", "differences", "heat map", "response", "surface", "sankey", "timeline", "history")
    ):
        figure = make()
        mark_handling(figure, "EXERCISE ONLY")
        assert said(figure).count("EXERCISE ONLY") == 2
        for phrase in ("A finding", "A caption", "twofront result 01234567", "a note"):
            assert phrase in said(figure)


def test_no_panel_is_empty(drawn: Figure):
    for panel in drawn.axes:
        assert panel.lines or panel.collections or panel.patches


# ---- colours ---------------------------------------------------------------------------------------------------------

# Machado, Oliveira and Fernandes 2009, table 1, severity 1: on linear RGB
BLINDNESS = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    "none": np.eye(3).tolist(),
}
TOLD_APART = 10.0  # CIE76; about 2.3 is just noticeable


def lab(colour: str, eye: str) -> np.ndarray:
    """Return a colour as an eye sees it, in CIE L*a*b* (D65)."""
    srgb = np.array(to_rgb(colour))
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(BLINDNESS[eye]) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ seen
    ratio = xyz / np.array([0.9505, 1.0, 1.089])
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eye", list(BLINDNESS))
def test_categories_are_told_apart_by_every_kind_of_eye(eye: str):
    for one, other in combinations(CATEGORIES, 2):
        assert np.linalg.norm(lab(one, eye) - lab(other, eye)) > TOLD_APART, (one, other)


@pytest.mark.parametrize("eye", list(BLINDNESS))
def test_the_ends_of_the_diverging_scale_are_told_apart_and_its_middle_is_the_lightest(eye: str):
    low, middle, high = (lab(to_hex(colour_map()(place)), eye) for place in (0.0, 0.5, 1.0))
    assert np.linalg.norm(low - high) > 2 * TOLD_APART
    assert middle[0] > max(low[0], high[0]) + 30
    ordered = [lab(to_hex(colour_map()(place)), eye)[0] for place in np.linspace(0, 0.5, 9)]
    assert ordered == sorted(ordered)


def test_text_in_a_colour_of_the_palette_is_darkened_until_it_can_be_read():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "white") == pytest.approx(4.48, abs=0.01)  # WCAG's own example of just too little
    for colour in (*CATEGORIES, GREY):
        assert contrast(legible(colour), "white") >= READABLE
    assert legible("#000080") == "#000080"


# ---- content ---------------------------------------------------------------------------------------------------------


def test_dots_lie_at_the_means_and_lines_span_the_three_spreads():
    shown = usual_dots()
    figure = dots(shown)
    assert len(figure.axes) == 2
    for axes, each in zip(figure.axes, shown.outcomes, strict=True):
        points = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
        assert points == [estimate.mean for estimate in each.estimates]
        spans = {
            tuple(line.get_xdata()) for line in axes.lines if line.get_marker() != "o" and line.get_linewidth() > 1
        }
        wanted = {pair for row in each.estimates for pair in (row.numerical, row.luck, row.assumptions)}
        assert spans == wanted
    assert figure.axes[0].get_xlim() == (-0.03, 1.03)
    for phrase in ("numerical 95 % interval", "luck: 90 % of runs", "assumptions: 90 %", "0.20", "350 to 450", "km²"):
        assert phrase in said(figure)


def test_spreads_that_are_not_there_are_not_in_the_key():
    bare = Outcome("a", "km2", (Estimate(1.0, (0.0, 2.0)),))
    written = said(dots(Dots(("x",), (bare,), FRAME)))
    assert "luck" not in written
    assert "assumptions" not in written


def test_what_does_not_fit_is_named():
    written = said(dots(replace(hard_dots(14), rows=tuple(f"row {k}" for k in range(14)), frame=FRAME)))
    assert "not shown: row 12, row 13" in written


def test_a_difference_whose_interval_includes_zero_has_no_direction():
    figure = differences(usual_differences())
    (axes,) = figure.axes
    written = said(figure)
    assert UNTOLD in written
    assert "−120" in written
    assert "+5" not in written
    assert "the same | in every run" in written
    assert any(list(line.get_xdata()) == [0.0, 0.0] for line in axes.lines)
    assert axes.get_xlim()[0] <= 0 <= axes.get_xlim()[1]


def test_the_history_shows_each_battle_each_share_and_both_lines():
    shown = battles(2.5, FRAME)
    win, loss = history(shown).axes
    squares = [(line.get_xdata()[0], line.get_ydata()[0]) for line in win.lines if line.get_marker() == "s"]
    assert squares == [(each.middle, each.share) for each in shown.shares]
    offsets = np.concatenate(
        [np.asarray(each.get_offsets()) for each in loss.collections if len(each.get_offsets()) > 1]
    )
    np.testing.assert_allclose(sorted(map(tuple, offsets)), sorted(zip(shown.points[0], shown.points[1], strict=True)))
    for axes, wanted in (
        (win, (shown.curves.win, shown.curves.model_win)),
        (loss, (shown.curves.loss, shown.curves.model_loss)),
    ):
        drawn_lines = [np.asarray(line.get_ydata()) for line in axes.lines if line.get_marker() != "s"]
        for line in wanted:
            assert any(np.array_equal(line, each) for each in drawn_lines)
    assert "square law" in said(history(shown))


def test_a_narrow_panel_of_differences_is_neither_crowded_nor_cut():
    frame = Frame("finding", "caption", "footer")
    shares = (
        Estimate(math.nan),
        Estimate(0.8, (0.61, 0.94)),
        Estimate(0.004, (-0.0003, 0.0077)),
    )
    outcomes = tuple(Outcome(f"outcome {k}", "probability", shares) for k in range(3))
    figure = differences(Differences("base", ("a", "b", "c"), outcomes, frame))
    written = said(figure)
    assert "– | does not apply" in written
    assert "no difference told | −.0003 to .0077" in written
    assert "…" not in written
    for axes in figure.axes:
        boxes = [extent(label) for label in axes.get_xticklabels() if label.get_text()]
        assert all(one.x1 < other.x0 for one, other in pairwise(sorted(boxes, key=lambda box: box.x0)))


def test_the_heat_map_holds_the_values_centred_at_zero():
    shown = usual_heatmap()
    panels = [axes for axes in heatmap(shown).axes if axes.get_gid() != "scale"]
    assert len(panels) == 2
    for axes, group in zip(panels, shown.groups, strict=True):
        mesh = next(each for each in axes.collections if isinstance(each, QuadMesh))
        values = np.stack([row.values for row in group.rows])
        expected = np.where(np.isfinite(values) & (values > -2.99), values, np.nan)
        np.testing.assert_array_equal(np.ma.filled(mesh.get_array().astype(float), np.nan), expected)
        assert mesh.norm.vmin == -mesh.norm.vmax
        assert axes.get_xlim() == (day_number(START), day_number(END) + 1)
        dashed = {line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"}
        assert {day_number(each.start) for each in EVENTS} <= dashed


def test_the_heat_map_names_fronts_theatres_and_last_values():
    shown = usual_heatmap()
    written = said(heatmap(shown)).split(" | ")
    last = to_width(float(shown.groups[0].rows[0].values[-1]), 0.5)
    assert {"Kursk", "East", "Pokrovsk", "South", last, "not attacked", "nobody there"} <= set(written)


def test_a_response_curve_holds_means_and_bands():
    shown = usual_response()
    figure = response(shown)
    for axes, each in zip(figure.axes, shown.panels, strict=True):
        (one,) = each.curves
        line = next(line for line in axes.lines if line.get_marker() == "o")
        np.testing.assert_array_equal(line.get_xdata(), one.x)
        np.testing.assert_array_equal(line.get_ydata(), one.mean)
        fills = [fill.get_paths()[0].vertices[:, 1] for fill in axes.collections if isinstance(fill, PolyCollection)]
        wanted = [(band[0].min(), band[1].max()) for band in (one.luck, one.numerical) if band]
        assert [(fill.min(), fill.max()) for fill in fills] == wanted
        dotted = [line.get_ydata() for line in axes.lines if line.get_linestyle() == ":"]
        assert one.assumptions
        np.testing.assert_array_equal(dotted, one.assumptions)
    assert figure.axes[0].get_ylim() == (-0.02, 1.02)
    assert any(line.get_ydata()[0] == 0.5 and line.get_linestyle() == "--" for line in figure.axes[0].lines)
    assert "inflow, people" in said(figure)


def test_several_curves_are_named_at_their_ends_and_have_bars():
    shown = usual_response(3)
    figure = response(shown)
    written = said(figure)
    for axes, each in zip(figure.axes, shown.panels, strict=True):
        bars = [bar for bar in axes.collections if isinstance(bar, LineCollection)]
        assert len(bars) == 3
        for bar, one in zip(bars, each.curves, strict=True):
            ends = np.array([segment[:, 1] for segment in bar.get_segments()]).T
            np.testing.assert_allclose(ends, one.numerical)
    for k in range(3):
        assert written.count(f"option {k}") == 2
    assert "luck and assumptions are drawn where there is one curve only" in written


def test_a_surface_shows_the_points_of_the_design_and_labels_its_lines():
    shown = usual_surface()
    figure = surface(shown)
    for axes in figure.axes:
        (points,) = [line for line in axes.lines if line.get_marker() == "o"]
        np.testing.assert_array_equal(points.get_xdata(), shown.x)
        np.testing.assert_array_equal(points.get_ydata(), shown.y)
    written = said(figure).split(" | ")
    assert {"0.2", "0.5", "400", "inflow, people", "tempo"} <= set(written)
    np.testing.assert_allclose(levels(shown.panels[0]), np.linspace(0, 1, 11))


def test_contours_of_a_plane_run_where_the_plane_has_their_value():
    x, y = grid(6, 6)
    shown = Surface(("a", "b"), x, y, (SurfacePanel("plane", "km2", x / 1000),), FRAME)
    (axes,) = surface(shown).axes
    lines = axes.collections[1]
    for value, path in zip(levels(shown.panels[0])[1:-1], lines.get_paths(), strict=True):
        if len(path.vertices):
            np.testing.assert_allclose(path.vertices[:, 0] / 1000, value, rtol=1e-9)


def test_ribbons_are_as_wide_as_their_people_are_many():
    shown = usual_sankey()
    (axes,) = sankey(shown).axes
    ribbons = {str(each.get_gid()): each for each in axes.patches if isinstance(each, Polygon)}
    assert set(ribbons) == {f"{row.source} > {row.target}" for row in shown.rows}
    widths = {}
    for name, each in ribbons.items():
        outline = each.get_xy()
        widths[name] = float(np.hypot(*(outline[0] - outline[len(outline) - 2])))
    scale = widths["recruits > training"] / 90_000
    for row in shown.rows:
        assert widths[f"{row.source} > {row.target}"] == pytest.approx(row.people * scale, rel=1e-6)


def test_each_pool_is_as_high_as_its_fuller_edge_and_no_two_overlap():
    for shown in (usual_sankey(), hard_sankey()):
        (axes,) = sankey(shown).axes
        boxes = [each.get_bbox() for each in axes.patches if isinstance(each, Rectangle)]
        for one, other in combinations(boxes, 2):
            assert one.x1 < other.x0 or other.x1 < one.x0 or one.y1 < other.y0 or other.y1 < one.y0
        assert all(0.5 < box.y0 <= box.y1 < 6.3 for box in boxes)


def test_people_who_appear_from_nowhere_are_refused():
    shown = usual_sankey()
    stocks = {**shown.stocks, "reserve": (50_000, 50_001)}
    with pytest.raises(RunError, match="flows of reserve do not add up: 103,000 came and 92,000 left"):
        sankey(replace(shown, stocks=stocks))


def test_fronts_of_least_traffic_are_taken_together():
    shown = hard_sankey()
    (axes,) = sankey(shown).axes
    names = {str(each.get_gid()) for each in axes.patches if isinstance(each, Polygon)}
    assert "reserve > other fronts" in names
    assert len([name for name in names if name.startswith("reserve > ")]) == 7


def test_the_timeline_holds_people_by_week_and_every_event():
    shown = usual_timeline()
    figure = timeline(shown)
    bars = [bar for axes in figure.axes for bar in axes.patches if isinstance(bar, Rectangle) and bar.get_height() > 1]
    assert [bar.get_height() for bar in bars] == [people for people in shown.lanes[0].routes[0].people if people > 1]
    assert bars[0].get_x() == day_number(START) + 7
    written = said(figure)
    for phrase in (
        "incursion 6 Aug",
        "3,300 dprk land 9 Oct",
        "expel: 60 km² lost 9 Aug",
        "Reserve → Kursk",
        "nobody was moved",
    ):
        assert phrase in written
    assert thousands(int(shown.lanes[0].routes[0].people.sum())) in written


def test_a_side_keeps_its_colour_when_it_is_alone():
    shown = usual_timeline()
    alone = replace(shown, lanes=(replace(shown.lanes[0], side="ukraine"),))

    def colours(figure: Figure) -> set[str]:
        return {to_hex(bar.get_facecolor()) for axes in figure.axes for bar in axes.patches if bar.get_height() > 1}

    assert colours(timeline(shown)) != colours(timeline(alone))


# ---- words and places ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"), (0.8642, "0.864"), (4998.4, "4,998"), (-12.0, "−12"), (254_814.0, "255 k"), (1.23456e7, "12.35 M"),
        (1e12, "1,000 bn"), (1.25e-5, "1.25×10⁻⁵"), (NAN, "–"), (math.inf, "∞"), (-math.inf, "−∞"),
    ],
)  # fmt: skip
def test_numbers_are_written_for_people(value: float, words: str):
    assert number(value) == words


def test_an_estimate_has_the_digits_that_its_interval_warrants():
    assert to_width(0.1049, 0.17) == "0.10"
    assert to_width(408.3, 159) == "408"
    assert interval_words(-0.0031, 0.0118) == "−0.003 to 0.012"
    assert interval_words(245_036, 264_593) == "245 k to 265 k"
    assert to_width(0.0001, 0.5) == "0"
    assert plain(-220_000) == "−220 k"
    assert words("kursk.territory_km2.winter") == "Kursk · territory · winter"


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.1, 9)), max_size=10))
def test_labels_along_a_line_do_not_overlap_and_stay_inside(wanted: list[tuple[float, float]]):
    middles = spread([middle for middle, _ in wanted], [size for _, size in wanted], 0.0, 100.0)
    ends = sorted((middle - size / 2, middle + size / 2) for middle, (_, size) in zip(middles, wanted, strict=True))
    assert all(a[1] <= b[0] + 1e-9 for a, b in pairwise(ends))
    assert all(low >= -1e-9 and high <= 100 + 1e-9 for low, high in ends)


# ---- the same bytes --------------------------------------------------------------------------------------------------

BYTES_OF = ("dots", "differences", "heat map", "response", "surface", "sankey", "timeline", "history")
BYTES = f"""
import hashlib, sys
from pathlib import Path
sys.path.insert(0, "tests")
import test_figures as figures
from sim.plotting.style import save
for name in {BYTES_OF}:
    for path in save(figures.CASES[name](), Path(sys.argv[1]), name, ("png", "svg", "pdf")):
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
    assert found[0].count("\n") == 3 * len(BYTES_OF)
    assert found[0] == found[1]


def test_other_data_make_other_bytes(tmp_path: Path):
    shown = usual_dots()
    first, second = (
        save(dots(each), tmp_path, name, ("png",))[0]
        for name, each in (("a", shown), ("b", replace(shown, rows=("base", "hold"))))
    )
    assert hashlib.sha256(first.read_bytes()).digest() != hashlib.sha256(second.read_bytes()).digest()


def test_the_threshold_shows_the_band_the_regions_and_the_shares():
    shown = usual_threshold()
    figure = threshold(shown)
    upper, strip, lower = figure.axes
    line = next(each for each in upper.lines if each.get_marker() == "o")
    np.testing.assert_array_equal(line.get_ydata(), shown.estimate)
    parts = {(bar.get_x(), bar.get_x() + bar.get_width()): to_hex(bar.get_facecolor()) for bar in strip.patches}
    assert parts == {(low, high): to_hex(STATES[state]) for low, high, state in shown.regions}
    share = next(each for each in lower.lines if each.get_marker() == "o")
    np.testing.assert_array_equal(share.get_ydata(), shown.share)
    assert "level 0.5" in said(figure)


def test_the_frontier_has_a_disc_for_each_policy_and_marks_the_best():
    shown = frontier_of(("measured", "divert", "both"), "no dilemma", FRAME)
    figure = frontier_figure(shown)
    for axes, each in zip(figure.axes, shown.panels, strict=True):
        places = {tuple(row) for group in axes.collections for row in np.asarray(group.get_offsets()).tolist()}
        assert places == set(zip(each.second.tolist(), each.main.tolist(), strict=True))
    assert "max pK: both" in said(figure)
    assert "max pE: measured" in said(figure)


def test_a_tile_says_its_value_and_has_the_ground_of_its_verdict():
    shown = tiles_of("Article", 4, FRAME)
    figure = tiles(shown)
    (axes, *_), (each, *_) = figure.axes, shown.panels
    assert [to_hex(tile.get_facecolor()) for tile in axes.patches] == [to_hex(GROUNDS[name]) for name in each.verdicts]
    assert f"{each.index[1]:.2f}, {100 * each.both[1]:.0f} %" in said(figure)
    assert all(contrast("#222222", ground) >= READABLE for ground in GROUNDS.values())


def test_a_title_or_a_marking_with_dollars_is_no_formula():
    shown = usual_dots()
    figure = dots(replace(shown, frame=replace(FRAME, finding="from $5 to $\\frac{6")))
    mark_handling(figure, "A $\\frac{ MARKING$")
    assert "from $5 to $\\frac{6" in said(figure)
    assert "A $\\frac{ MARKING$" in said(figure)
