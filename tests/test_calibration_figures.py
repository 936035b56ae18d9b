"""Figures of calibrations and backtests: they show the numbers of their tables, and can be read."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from test_figures import FRAME, LONG, WORDY, said, texts

from sim.errors import InputError
from sim.experiment.store import FORMAT
from sim.experiment.tables import write_parquet
from sim.plotting.calibration import figures_of
from sim.plotting.contraction import MOST_ROWS, contraction, rows_of
from sim.plotting.matched import Marks, Series, Shown, matched, series_of
from sim.plotting.of_inquiry import Kept, figures_in
from sim.plotting.page import mark_handling
from sim.plotting.style import DPI, HEIGHT, READABLE, SMALL, WIDTH, contrast, save

pytestmark = pytest.mark.slow  # `make fast` leaves these out

NAN = float("nan")
LEVELS = ("q05", "q25", "q50", "q75", "q95")
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
    "figures of ten": lambda: matched(panels(10, 7), MARKS, FRAME),
    "figures, more than fit": lambda: matched(panels(13, 12, LONG, 1e8), MARKS, WORDY),
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


def test_figures_are_drawn_again_from_the_folder_to_the_same_bytes(tmp_path: Path) -> None:
    rows = {**table(), "in_90": np.array([True, False, True])}
    rows |= {name: rows[letter] for name, letter in zip(("q05", "q25", "q50", "q75", "q95"), "vwxyz", strict=True)}
    manifest = {"format": FORMAT, "kind": "backtest", "id": "01234567", "seed": 0, "model_version": "abc"}
    manifest |= {"question": {"until": "2024-09-01"}, "scenario": {"title": "A title"}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    write_parquet(tmp_path / "forecast.parquet", rows)
    with pytest.raises(InputError, match="holds no finished analysis"):
        figures_in(tmp_path)
    (tmp_path / "answer.json").write_text("{}")
    once = figures_of("backtest", {"forecast": rows}, manifest["question"], ("A title", Kept(manifest, {}, {}).footer))
    again = figures_in(tmp_path)
    files = [save(drawn["figure_forecast"], tmp_path, name)[1] for drawn, name in ((once, "one"), (again, "two"))]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert "67 % of the figures lie in the 90 % bands" in said(again["figure_forecast"])


def test_the_forecast_leaves_changes_over_the_whole_time_to_the_table() -> None:
    rows = {
        "quantity": np.array(["e.territory_km2"] * 3 + ["k.territory_km2"] * 2, object),
        "since": np.array(["2024-11-11", "2024-11-30", "2024-11-11", "", ""], object),
        "date": np.array(["2024-11-30", "2024-12-31", "2024-12-31", "2024-11-30", "2024-12-31"], object),
        "value": np.full(5, NAN),
        **{name: np.arange(5.0) + k for k, name in enumerate(("q05", "q25", "q50", "q75", "q95"))},
    }
    parameters, seen = assumptions(3), {**table(), "off_sd": np.array([0.0, 3.0, -1.0]), "unbiased": np.arange(3.0)}
    seen |= {f"{n}_{q}": table()[k] for n in ("prior", "posterior") for q, k in zip(LEVELS, "vwxyz", strict=True)}
    drawn = figures_of("calibrate", {"parameters": parameters, "figures": seen, "forecast": rows}, {}, ("T", "F"))
    assert list(drawn) == ["figure_assumptions", "figure_matched", "figure_forecast"]
    assert "Forecast from 2024-11-11" in said(drawn["figure_forecast"])
    assert "2 of 3 figures are matched" in said(drawn["figure_matched"])
    medians = [line for line in drawn["figure_forecast"].axes[0].lines if line.get_linewidth() == 1.8]
    assert len(medians) == 2
