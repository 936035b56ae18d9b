"""Figures of sensitivity and discovery: they show what their tables hold, can be read, and are the same again."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from test_figures import LONG, said, texts

from sim.plotting.discover_figures import figures_of as discover_figures
from sim.plotting.page import mark_handling
from sim.plotting.sensitivity_figures import figures_of as sensitivity_figures
from sim.plotting.style import DPI, HEIGHT, READABLE, SMALL, WIDTH, contrast, save

pytestmark = pytest.mark.slow  # `make fast` leaves these out

FOOTER = "twofront sensitivity 01234567: seed 0"
Tables = dict[str, dict[str, np.ndarray]]


def words(*values: str) -> np.ndarray:
    return np.array(values, object)


def sensitivity_tables(parts: int = 3, outcomes: int = 2, name: str = "sides.russia.policies.expel") -> Tables:
    """Shares 0.4, 0.2, ... of each part, luck 0.6; effects -10, +12 of the first, nothing told of the last."""
    labels = [f"{name}.part_{k}" for k in range(parts)]
    rows = [(f"theatre_{o}.territory_km2", part) for o in range(outcomes) for part in (*labels, "the rest", "luck")]
    share = np.array(
        [np.nan if part == "luck" else 0.4 / (1 + rows.index((o, part)) % (parts + 2)) for o, part in rows]
    )
    luck = np.array([0.6 if part == "luck" else np.nan for _, part in rows])
    kinds = [{"luck": "luck", "the rest": "group"}.get(part, "parameter") for _, part in rows]
    indices = {
        "outcome": words(*(o for o, _ in rows)),
        "part": words(*(part for _, part in rows)),
        "kind": words(*kinds),
        **{"first": share, "first_low": share - 0.1, "first_high": share + 0.1},
        **{"total": share + 0.05, "total_low": share, "total_high": share + 0.2},
        "of_all": np.where(np.isfinite(luck), luck, share * 0.4),
        "of_all_low": luck - 0.05,
        "of_all_high": luck + 0.05,
    }
    pairs = [(f"theatre_{o}.territory_km2", part) for o in range(outcomes) for part in labels]
    size = np.array([10.0 / (1 + labels.index(part)) for _, part in pairs])
    half = np.where(size == size.min(), 2 * size, size / 4)
    effects = {
        "outcome": words(*(o for o, _ in pairs)),
        "part": words(*(part for _, part in pairs)),
        "at_low": np.full(len(pairs), 0.123),
        "at_high": np.full(len(pairs), 12345.0),
        **{"effect_low": -size, "effect_low_low": -size - half, "effect_low_high": -size + half},
        **{"effect_high": 1.2 * size, "effect_high_low": 1.2 * size - half, "effect_high_high": 1.2 * size + half},
    }
    return {"indices": indices, "effects": effects}


def discover_tables(limits: int = 2, options: int = 2, name: str = "sides.russia") -> tuple[Tables, dict[str, Any]]:
    ones = np.ones(limits)
    box = {
        "box": np.array([1 + (k % 2) for k in range(limits)]),
        "part": words(*(f"{name}.limit_{k}" for k in range(limits))),
        "low": np.array([24_700.0 if k % 2 == 0 else np.nan for k in range(limits)]),
        "high": np.array([np.nan if k % 2 == 0 else 23_000.0 for k in range(limits)]),
        "range_low": 21_500 * ones,
        "range_high": 28_500 * ones,
        "quasi_p": 0.01 * ones,
        **{"density": 0.93 * ones, "density_low": 0.88 * ones, "density_high": 0.96 * ones},
        **{"coverage": 0.4 * ones, "mass": 0.3 * ones},
    }
    steps = np.linspace(0, 1, 5)
    path = {"box": np.ones(5, int), "restricted": np.ones(5, int)}
    for half in ("train", "held_out"):
        path |= {f"{half}_density": 0.5 + 0.4 * steps, f"{half}_coverage": 1 - steps, f"{half}_mass": 1 - steps}
    regret = np.linspace(0.1, 0.6, options)
    option = {
        "option": words(*(f"option {k} {name}" for k in range(options))),
        **{key: regret for key in ("mean_gain", "mean_regret", "mean_regret_other_luck", "p90_regret", "max_regret")},
        **{key: regret for key in ("half_width", "best_share", "satisfies", "satisfies_low", "satisfies_high")},
    }
    parts = words("all assumptions", *(f"{name}.known_{k}" for k in range(limits)))
    worth = np.linspace(3, 1, len(parts))
    information = {"part": parts, "value_fitted": worth, "value_other_draws": worth / 2, "half_width": worth / 4}
    numbers = {"event": "dual_success < 0.5", "frequency": {"value": 0.68}, "decision": "russia.response"}
    return {"boxes": box, "path": path, "options": option, "information": information}, numbers


def structures_table(rows: int = 4, structures: int = 3) -> Tables:
    cells = [(s, f"side.plan=option_{r}", "kursk.territory_km2") for s in range(structures) for r in range(rows)]
    flips = [s == 1 and r.endswith("_0") for s, r, _ in cells]
    return {
        "structures": {
            "structure": words(*(f"structure_{s}" for s, _, _ in cells)),
            "option": words(*(r for _, r, _ in cells)),
            "outcome": words(*(o for _, _, o in cells)),
            "sign": words(
                *(
                    "-" if flip else "+" if r.endswith(("_0", "_1")) else "0"
                    for flip, (_, r, _) in zip(flips, cells, strict=True)
                )
            ),
            "verdict": words(*("FLIPS" if flip else "" for flip in flips)),
            "estimate": np.array([-7.0 if flip else 12.0 for flip in flips]),
            "low": np.zeros(len(cells)),
            "high": np.ones(len(cells)),
        }
    }


def discovered(name: str, *sizes: Any) -> Callable[[], Figure]:
    return lambda: discover_figures(*discover_tables(*sizes), FOOTER)[name]


CASES: dict[str, Callable[[], Figure]] = {
    "indices": lambda: sensitivity_figures(sensitivity_tables(), FOOTER)["figure"],
    "indices, many": lambda: sensitivity_figures(sensitivity_tables(20, 5, LONG), FOOTER)["figure"],
    "indices of one": lambda: sensitivity_figures(sensitivity_tables(1, 1), FOOTER)["figure"],
    "tornado": lambda: sensitivity_figures(sensitivity_tables(), FOOTER)["figure-tornado"],
    "tornado, many": lambda: sensitivity_figures(sensitivity_tables(20, 5, LONG), FOOTER)["figure-tornado"],
    "boxes": discovered("figure"),
    "boxes, many": discovered("figure", 16, 12, LONG),
    "path": discovered("figure-tradeoff"),
    "regret": discovered("figure-regret"),
    "regret, many": discovered("figure-regret", 2, 14, LONG),
    "information": discovered("figure-information"),
    "information, many": discovered("figure-information", 20, 2, LONG),
    "signs": lambda: discover_figures(structures_table(), {}, FOOTER)["figure"],
    "signs, many": lambda: discover_figures(structures_table(30, 8), {}, FOOTER)["figure"],
}


@pytest.fixture(scope="module", params=list(CASES))
def drawn(request: pytest.FixtureRequest) -> Figure:
    figure = CASES[request.param]()
    mark_handling(figure, "A MARKING")
    return figure


def test_text_is_inside_apart_large_and_has_contrast(drawn: Figure) -> None:
    found = texts(drawn)
    for text, (left, low, right, high) in found:
        assert 0 <= left < right <= WIDTH * DPI, text
        assert 0 <= low < high <= HEIGHT * DPI, text
        assert float(text.get_fontsize()) >= SMALL, text
        if to_hex(text.get_color()) != "#ffffff":  # white stands on bars
            assert contrast(to_hex(text.get_color()), "white") >= READABLE, text
    for (a, one), (b, other) in combinations(found, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (a, b, one, other)


def test_indices_are_those_of_the_table_with_luck_and_the_rest() -> None:
    figure = CASES["indices"]()
    shown = said(figure)
    for phrase in ("luck", "the rest", "russia expel part 0", "60 %", "40 %", "45 %", FOOTER):
        assert phrase in shown
    widths = sorted(patch.get_width() for patch in figure.axes[0].patches)
    np.testing.assert_allclose(widths[-2:], [0.45, 0.6])


def test_the_tornado_has_signs_and_tells_none_where_zero_is_included() -> None:
    shown = said(CASES["tornado"]())
    assert "−10" in shown
    assert "+12" in shown
    assert "none told" in shown
    assert "0.123 to 12,345" in shown


def test_box_limits_and_regret_are_those_of_the_table() -> None:
    figure = CASES["boxes"]()
    assert "24,700" in said(figure)
    assert "in 93 % of its runs (88 to 96), 40 % of all cases, 30 % of draws" in said(figure)
    bars = [patch for patch in figure.axes[0].patches if patch.get_width() < 1]
    assert bars[0].get_x() == pytest.approx((24_700 - 21_500) / 7_000)
    assert "0.6" in said(CASES["regret"]())


def test_what_flips_stands_in_the_headline() -> None:
    assert "1 conclusion flips under another structure" in said(CASES["signs"]())


@pytest.mark.parametrize("name", ["indices", "tornado", "boxes", "path", "regret", "information", "signs"])
def test_the_same_data_make_the_same_bytes(name: str, tmp_path: Path) -> None:
    files = [save(CASES[name](), tmp_path, f"figure{k}", ("svg",))[0] for k in range(2)]
    assert files[0].read_bytes() == files[1].read_bytes()
