"""Figures of calibrations and backtests: they show the numbers of their tables, and can be read."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from test_figures import FRAME, LONG, WORDY, said, texts

from sim.plotting.contraction import MOST_ROWS, contraction, rows_of
from sim.plotting.matched import Marks, Series, Shown, matched, series_of
from sim.plotting.page import mark_handling
from sim.plotting.style import DPI, HEIGHT, READABLE, SMALL, WIDTH, contrast

pytestmark = pytest.mark.slow  # `make fast` leaves these out

NAN = float("nan")
START = date(2024, 8, 6)


def assumptions(count: int, name: str = "combat.ground") -> dict[str, np.ndarray]:
    """A table of assumptions: each narrower than the one before."""
    sd = np.linspace(1.0, 0.3, count)
    table = {
        f"score_{q}": sd * z
        for q, z in zip(("q05", "q25", "q50", "q75", "q95"), (-1.6, -0.7, 0.1, 0.7, 1.6), strict=True)
    }
    ends = {f"{which}_{q}": np.geomspace(1e-4, 1e9, count) for which in ("prior", "posterior") for q in ("q05", "q95")}
    labels = np.array([f"{name}{k}" for k in range(count)], object)
    about = {
        "path": labels,
        "unit": np.array(["km2"] * count, object),
        "contraction": 1 - sd**2,
        "identified": sd < 0.9,
    }
    return {**about, **table, **ends}


def panels(count: int, figures: int, name: str = "east.territory_km2", size: float = 100.0) -> tuple[Series, ...]:
    made = []
    for k in range(count):
        shown = []
        for j in range(figures):
            since = START + timedelta(days=15 * j)
            bands = tuple(size * (j + 1) * share for share in (0.2, 0.6, 1.0, 1.5, 3.0))
            level = k % 2 == 0
            shown.append(
                Shown(
                    None if level else since,
                    since + timedelta(days=15),
                    size * (j + 0.8),
                    size * j if level else NAN,
                    size * (j + 2) if level else NAN,
                    bands,
                    (0.0, 40 * size) if j else None,
                    size if j % 2 else NAN,
                )
            )
        made.append(Series(f"{name}{k}" if k else name, "km² a day", tuple(shown)))
    return tuple(made)


MARKS = Marks("runs under the posterior", "under the prior", "persistence")
CASES: dict[str, Callable[[], Figure]] = {
    "assumptions": lambda: contraction(rows_of(assumptions(12)), FRAME),
    "assumptions, more than fit": lambda: contraction(rows_of(assumptions(30, LONG)), WORDY),
    "assumptions, one": lambda: contraction(rows_of(assumptions(1)), FRAME),
    "figures": lambda: matched(panels(8, 7), MARKS, FRAME),
    "figures, more than fit": lambda: matched(panels(10, 12, LONG, 1e8), MARKS, WORDY),
    "figures, one": lambda: matched(panels(1, 1), Marks("forecast"), FRAME),
    "figures of nothing": lambda: matched(panels(5, 3, size=0.0), MARKS, FRAME),
}


@pytest.fixture(scope="module", params=list(CASES))
def drawn(request: pytest.FixtureRequest) -> Figure:
    figure = CASES[request.param]()
    mark_handling(figure, "A MARKING")
    return figure


def test_text_is_inside_apart_large_and_dark(drawn: Figure) -> None:
    found = texts(drawn)
    for text, (left, low, right, high) in found:
        assert 0 <= left < right <= WIDTH * DPI, text
        assert 0 <= low < high <= HEIGHT * DPI, text
        assert float(text.get_fontsize()) >= SMALL, text
        assert contrast(to_hex(text.get_color()), "white") >= READABLE, text
    for (a, one), (b, other) in combinations(found, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (a, b, one, other)


def test_the_most_narrowed_come_first_and_the_rest_is_named() -> None:
    rows = rows_of(assumptions(30))
    assert rows[0].name == "combat.ground29"
    assert not rows[-1].identified
    words = said(contraction(rows, FRAME))
    assert f"not shown, the least narrowed: {rows[MOST_ROWS].name}" in words
    assert "A finding" in words


def test_bars_lie_where_the_scores_are() -> None:
    rows = rows_of(assumptions(4))
    (axes,) = contraction(rows, FRAME).axes
    lines = [np.asarray(line.get_xdata(), float) for line in axes.lines]
    for row in rows:
        assert any(np.allclose(x, [row.scores[0], row.scores[4]]) for x in lines if len(x) == 2)
        assert any(np.allclose(x, row.scores[2]) for x in lines if len(x) == 1)


def table() -> dict[str, np.ndarray]:
    columns = {
        "quantity": np.array(["a.territory_km2", "a.territory_km2", "b.people"], object),
        "since": np.array(["2024-09-01", "", ""], object),
        "date": np.array(["2024-09-11", "2024-09-11", "2024-09-20"], object),
        "value": np.array([50.0, 70.0, 9.0]),
    }
    return columns | {name: np.array([10.0, 20.0, 30.0]) * k for k, name in enumerate("vwxyz", start=1)}


def test_changes_are_shown_a_day_and_levels_as_they_are() -> None:
    change, level, people = series_of(table(), "vwxyz", ("v", "z"))
    assert (change.unit, level.unit, people.unit) == ("km² a day", "km²", "people")
    assert change.figures[0].value == 5.0
    assert change.figures[0].bands == (1.0, 2.0, 3.0, 4.0, 5.0)
    assert change.figures[0].before == (1.0, 5.0)
    assert level.figures[0].bands == (20.0, 40.0, 60.0, 80.0, 100.0)


def test_dots_and_medians_are_the_tables() -> None:
    figure = matched(series_of(table(), "vwxyz"), Marks("forecast"), FRAME)
    assert len(figure.axes) == 3
    heights = [float(np.asarray(line.get_ydata())[0]) for line in figure.axes[0].lines]
    assert {5.0, 3.0} <= set(heights)
    assert "under the prior" not in said(figure)
    assert "published figure" in said(figure)


def test_a_pale_band_that_would_flatten_the_panel_is_cut_and_said() -> None:
    (wide,) = panels(1, 3)
    assert "pale band cut" in said(matched((wide,), MARKS, FRAME))
    narrow = replace(wide, figures=tuple(replace(each, before=(50.0, 300.0)) for each in wide.figures))
    assert "pale band cut" not in said(matched((narrow,), MARKS, FRAME))
