"""Figures of games: they show the numbers that they are given, can be read, and are the same again."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from test_figures import FRAME, LONG, NAN, WORDY
from test_figures import texts as written
from test_game import PENNIES, SEXES, Toy, play

from sim.analysis.game_answer import answer_of
from sim.analysis.game_sample import Settings
from sim.experiment import store
from sim.experiment.tables import write_parquet
from sim.plotting.game_figures import Shown, figures
from sim.plotting.leads import Leads, leads
from sim.plotting.of_inquiry import figures_in
from sim.plotting.page import mark_handling
from sim.plotting.payoffs import Payoffs, fits, payoffs
from sim.plotting.style import DPI, HEIGHT, READABLE, SMALL, WIDTH, contrast, save
from sim.plotting.support import Player, Support, support

pytestmark = pytest.mark.slow


def matrix(rows: int = 2, columns: int = 3, name: str = "take/{}/whole") -> Payoffs:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(2, rows, columns)) * 10
    best = np.stack([values[0] == values[0].max(axis=0), values[1] == values[1].max(axis=1, keepdims=True)])
    return Payoffs(
        ("blue", "red"),
        tuple(name.format(k) for k in range(rows)),
        tuple(name.format(k) for k in range(columns)),
        values,
        best,
        best.all(axis=0),
        best[1],
        (0, int(best[1, 0].argmax())),
        FRAME,
    )


def hard_matrix() -> Payoffs:
    shown = matrix(10, 9, LONG + " {}/" + LONG + "/" + LONG)
    values = shown.values * 1e7
    values[:, 0] *= 1e-12
    return replace(shown, players=(LONG, LONG), values=values, nash=np.ones((10, 9), bool), frame=WORDY)


def led(rows: int = 4) -> Leads:
    behind = np.arange(rows, dtype=float)
    names = tuple(f"option {k}" for k in range(rows))
    return Leads("blue", names, tuple(f"answer {k}" for k in range(rows)), behind, behind - 1.5, behind + 2.0, FRAME)


def hard_led() -> Leads:
    shown = led(30)
    names = tuple(f"{k} {LONG}" for k in range(30))
    low = np.where(np.arange(30) % 3 == 0, NAN, shown.low * 1e6)
    behind = np.where(np.arange(30) % 7 == 6, NAN, shown.behind * 1e6)
    answers = tuple("" if k % 7 == 6 else LONG for k in range(30))
    return Leads(LONG, names, answers, behind, low, np.where(np.isnan(low), NAN, shown.high * 1e6), WORDY)


def bars(rows: int = 3, name: str = "option {}") -> Support:
    shares = np.linspace(0, 1, rows)
    players = tuple(
        Player(each, tuple(name.format(k) for k in range(rows)), shares, shares[::-1] * 0.5) for each in ("blue", "red")
    )
    return Support(players, "played", FRAME)


def hard_bars() -> Support:
    (one, two) = bars(24, "{} " + LONG).players
    unknown = replace(two, assumptions=np.full(24, NAN))
    return Support((one, unknown, one, two, one), "played", WORDY)


def check_readable(figure: Figure) -> None:
    """Nothing is clipped, overlaps, is too small or too pale, with a handling marking on it."""
    mark_handling(figure, "A MARKING")
    found = written(figure)
    for text, (left, low, right, high) in found:
        assert 0 <= left < right <= WIDTH * DPI, text
        assert 0 <= low < high <= HEIGHT * DPI, text
        assert float(text.get_fontsize()) >= SMALL, text
        assert contrast(to_hex(text.get_color()), "white") >= READABLE, text
    for (a, one), (b, other) in combinations(found, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (a, b, one, other)


@pytest.mark.parametrize(
    "figure",
    [
        lambda: payoffs(matrix()),
        lambda: payoffs(matrix(6, 8)),
        lambda: payoffs(hard_matrix()),
        lambda: leads(led()),
        lambda: leads(led(1)),
        lambda: leads(hard_led()),
        lambda: support(bars()),
        lambda: support(hard_bars()),
    ],
    ids=["matrix", "flagship size", "hard matrix", "leads", "one", "hard leads", "bars", "hard bars"],
)
def test_figures_can_be_read(figure: Callable[[], Figure]) -> None:
    check_readable(figure())


def texts(figure: Figure, gid: str) -> list[Text]:
    return [text for axes in figure.axes for text in axes.texts if text.get_gid() == gid]


def test_the_matrix_shows_the_payoffs_in_their_cells_and_marks_best_responses() -> None:
    shown = matrix()
    figure = payoffs(shown)
    for player in (0, 1):
        found = texts(figure, f"payoff {player}")
        assert len(found) == 6
        for text in found:
            x, y = text.get_position()
            value = shown.values[player, int(y), int(x)]
            assert float(text.get_text().replace("\N{MINUS SIGN}", "-")) == pytest.approx(value, abs=0.06)
            assert (text.get_fontweight() == "bold") == bool(shown.responses[player, int(y), int(x)])
    boxes = [p for p in figure.axes[0].patches if isinstance(p, Rectangle) and p.get_gid() == "nash"]
    assert len(boxes) == int(shown.nash.sum())


def test_what_fits_a_slide() -> None:
    assert fits(6, 8)
    assert not fits(6, 10)
    assert not fits(11, 2)


def test_bars_are_as_long_as_shares() -> None:
    figure = support(bars())
    widths = {
        gid: [bar.get_width() for bar in figure.axes[0].patches if bar.get_gid() == gid]
        for gid in ("luck", "assumptions")
    }
    assert widths == {"luck": [0.0, 0.5, 1.0], "assumptions": [0.5, 0.25, 0.0]}


def test_intervals_of_what_the_leader_compares_are_drawn_where_they_are() -> None:
    figure = leads(led())
    drawn = [line.get_xdata() for line in figure.axes[0].lines if line.get_gid() == "interval"]
    np.testing.assert_array_equal(drawn, [[k - 1.5, k + 2.0] for k in range(4)])


def test_a_folder_gives_the_same_figures_as_the_answer(tmp_path: Path) -> None:
    found = answer_of(play(Toy(SEXES, noise=0.3), Settings(0, 6, 6, 0, 0)))
    manifest = {
        "id": "01234567",
        "kind": "game",
        "seed": 0,
        "model_version": "0" * 12,
        "scenario": {"title": "A title"},
        "format": store.FORMAT,
    }
    (tmp_path / store.MANIFEST).write_text(json.dumps(manifest))
    (tmp_path / "answer.json").write_text(json.dumps(found.plain(0, 0)))
    for name, columns in found.tables.items():
        write_parquet(tmp_path / f"{name}.parquet", columns)
    again = figures_in(tmp_path)
    assert set(again) == {"payoffs", "leads", "support"}
    footer = next(text.get_text() for text in again["leads"].texts if text.get_gid() == "footer")
    assert "7 draws × (4 cells × 6 replications), seed 0" in footer
    first = figures(Shown(found.numbers, found.tables, "A title", footer))
    for name, figure in first.items():
        digests = []
        for k, each in enumerate((figure, again[name])):
            (path,) = save(each, tmp_path, f"{name}{k}", ("svg",))
            digests.append(hashlib.sha256(path.read_bytes()).hexdigest())
        assert digests[0] == digests[1]
        check_readable(figure)


def test_three_players_have_no_matrix_and_a_headline_says_what_is_not_told() -> None:
    three = np.random.default_rng(3).normal(size=(3, 2, 2, 2))
    found = answer_of(play(Toy(three, noise=5.0), Settings(0, 6, 6, 0, 0)))
    made = figures(Shown(found.numbers, found.tables, "A title", "a footer"))
    assert set(made) == {"leads", "support"}
    assert any("not told from 1 other)" in text.get_text() for text in made["leads"].texts)


def test_a_game_without_an_answer_is_drawn_too() -> None:
    payoffs_ = np.zeros((3, 2, 2, 2))
    payoffs_[1:, 0] = payoffs_[1:, 1] = PENNIES
    found = answer_of(play(Toy(payoffs_)))
    assert found.numbers["answer"] is None
    made = figures(Shown(found.numbers, found.tables, "A title", "a footer"))
    for figure in made.values():
        check_readable(figure)
