"""Structural alternatives: signs, what flips or is undecided; files that are the flagship but for what they say."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from sim.analysis.indices import Interval
from sim.analysis.structures import (
    FLIPS,
    HOLDS,
    LEVEL,
    NEW,
    OPEN,
    UNDECIDED,
    Cell,
    Option,
    Settings,
    answer_of,
    structural,
    verdict,
    verdicts,
)
from sim.experiment.design import Design
from sim.experiment.evaluate import Table
from sim.experiment.points import Points
from sim.scenario.compare import diff_rows
from sim.scenario.load import load

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
ALTERNATIVES = sorted((SCENARIOS / "structural").glob("*.yaml"))
STATED = {
    "area_exponent_1": {"combat.ground_exponent"},
    "area_exponent_3": {"combat.ground_exponent"},
    "no_luck_factor": {"luck.theatre_sigma", "luck.front_sigma"},
    "square_law": {"combat.own_exponent", "combat.enemy_exponent"},
}


def cell(low: float, high: float) -> Cell:
    return Cell("s", "o", "y", Interval((low + high) / 2, low, high))


@pytest.mark.parametrize(
    ("base", "other", "word"),
    [
        (cell(1, 2), cell(3, 4), HOLDS),
        (cell(1, 2), cell(-2, -1), FLIPS),
        (cell(-2, -1), cell(-1, 1), UNDECIDED),
        (cell(-1, 1), cell(1, 2), NEW),
        (cell(-1, 1), cell(-1, 1), OPEN),
        (cell(1, 2), Cell("s", "o", "y", None), OPEN),
    ],
)
def test_verdicts(base: Cell, other: Cell, word: str) -> None:
    assert verdict(base, other) == word


def world(effect: float, luck: float = 1.0) -> Callable[[Points, Design, Sequence[str]], Table]:
    """An `evaluate` in which option 'b' adds an effect to the same luck, and 'c' has no outcome."""

    def evaluate(points: Points, design: Design, outcomes: Sequence[str]) -> Table:
        noise = np.random.default_rng(0).normal(size=(design.draws + 1, design.replications)) * luck
        added = {"a": 0.0, "b": effect, "c": np.nan}
        rows = [noise + added[str(points.at(k)["side.plan"])] + 0.01 * noise**2 * k for k in range(len(points))]
        return Table(dict.fromkeys(outcomes, np.stack(rows)))

    return evaluate


def test_what_flips_is_told_and_what_has_no_value_is_left_open() -> None:
    settings = Settings({"side.plan": "a"}, (Option("side.plan", "b"), Option("side.plan", "c")), ("y",), 0, 100)
    cells = structural({"base": world(2.0), "turned": world(-2.0), "flat": world(-0.01)}, settings)
    assert [(each.structure, word) for each, word in verdicts(cells)] == [
        ("turned", FLIPS),
        ("turned", OPEN),
        ("flat", UNDECIDED),
        ("flat", OPEN),
    ]
    answer = answer_of(cells, settings, "a toy")
    assert answer.answer.startswith("Of 1 conclusions told in a toy, 0 hold under all 2 other structures")
    assert answer.answer.endswith("1 cells flip and 1 become undecided.")
    assert sum(option == LEVEL for option in answer.tables["structures"]["option"]) == 3


def test_what_has_no_value_under_a_structure_does_not_hold_under_all() -> None:
    settings = Settings({"side.plan": "a"}, (Option("side.plan", "b"),), ("y",), 0, 100)
    cells = structural({"base": world(2.0), "same": world(2.0), "nothing": world(np.nan)}, settings)
    assert answer_of(cells, settings, "a toy").answer.startswith("Of 1 conclusions told in a toy, 0 hold")


def test_the_family_of_intervals_takes_students_t_of_few_draws() -> None:
    """Eight draws have 7 degrees of freedom; four cells in all, so each interval has the level 1 - 0.05 / 4."""

    def evaluate(points: Points, design: Design, outcomes: Sequence[str]) -> Table:
        each = np.arange(design.draws + 1.0)[:, None] + np.zeros(design.replications)
        return Table(dict.fromkeys(outcomes, np.stack([each * (k + 1) for k in range(len(points))])))

    settings = Settings({"side.plan": "a"}, (Option("side.plan", "b"),), ("y",), 8, 20)
    found = structural({"base": evaluate, "other": evaluate}, settings)[1].estimate
    error = np.std(np.arange(1, 9), ddof=1) / np.sqrt(8)
    assert found.value == pytest.approx(4.5)
    assert (found.high - found.value) / error == pytest.approx(3.335, abs=2e-3)  # t(7) at 1 - 0.05 / 8


def test_a_failed_run_leaves_a_probability_one() -> None:
    def evaluate(points: Points, design: Design, outcomes: Sequence[str]) -> Table:
        runs = np.ones((len(points), 1, design.replications))
        runs[:, :, 0] = np.nan
        return Table(dict.fromkeys(outcomes, runs))

    settings = Settings({"side.plan": "a"}, (Option("side.plan", "b"),), ("won",), 0, 40)
    assert structural({"base": evaluate}, settings)[0].against == 0.5


def test_a_probability_is_held_against_a_half() -> None:
    def likely(chance: float) -> Callable[[Points, Design, Sequence[str]], Table]:
        def evaluate(points: Points, design: Design, outcomes: Sequence[str]) -> Table:
            runs = np.random.default_rng(1).random((len(points), design.draws + 1, design.replications)) < chance
            return Table(dict.fromkeys(outcomes, runs.astype(float)))

        return evaluate

    settings = Settings({"side.plan": "a"}, (Option("side.plan", "b"),), ("won",), 0, 200)
    cells = structural({"base": likely(0.2), "other": likely(0.9), "even": likely(0.5)}, settings)
    told = {(each.structure, each.option): word for each, word in verdicts(cells)}
    assert (told["other", LEVEL], told["even", LEVEL]) == (FLIPS, UNDECIDED)


def test_draws_are_clusters() -> None:
    settings = Settings({"side.plan": "a"}, (Option("side.plan", "b"),), ("y",), 5, 20)
    found = structural({"base": world(2.0), "same": world(2.0)}, settings)
    assert all(each.sign == "+" for each in found if each.option != LEVEL)


@pytest.mark.parametrize("file", [path for path in ALTERNATIVES if path.stem in STATED], ids=lambda path: path.stem)
def test_an_alternative_changes_what_it_says_and_one_constant(file: Path) -> None:
    paths = {row.path for row in diff_rows(load(SCENARIOS / "kursk_2024.yaml"), load(file))} - {"title"}
    assert paths == STATED[file.stem] | {"combat.ground"}


def test_axes_are_split_and_merged_without_losing_people() -> None:
    base = load(SCENARIOS / "kursk_2024.yaml").scenario
    for name in ("axes_split", "axes_merged"):
        other = load(SCENARIOS / "structural" / f"{name}.yaml").scenario
        for side in ("russia", "ukraine"):
            people = [
                sum(front.forces[side]["regular"].central for front in each.fronts.values() if front.theatre == "east")
                for each in (base, other)
            ]
            assert people[0] == people[1], (name, side)
        assert sum(front.length.central for front in base.fronts.values()) == sum(
            front.length.central for front in other.fronts.values()
        )
