"""Games from runs: a toy in place of the simulator, with known payoffs, noise and bounds stated beforehand."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from sim.analysis.break_even import BreakEven
from sim.analysis.game import Game, constant_terms, game, indifferent
from sim.analysis.game_answer import answer_of
from sim.analysis.game_sample import Settings
from sim.analysis.game_text import sentence, untold
from sim.analysis.objectives import WITNESS, Term
from sim.analysis.payoffs import Judge, Sampled, deviations, levelled, levels_of
from sim.errors import InputError, RunError
from sim.experiment.design import Design
from sim.experiment.evaluate import Table
from sim.experiment.points import Points
from sim.experiment.strategies import Form

PENNIES = np.array([[[1.0, -1], [-1, 1]], [[-1, 1], [1, -1]]])
SEXES = np.array([[[3.0, 0], [0, 2]], [[2, 0], [0, 3]]])
NAMES = ("blue", "red", "green")
EXACT = Settings(0, 4, 8, 0, 0)  # 32 runs: enough for a difference without any spread to count as known


@dataclass
class Toy:
    """A simulator whose outcome NAME.points is a payoff, plus luck of a run, noise of a cell, and a draw's own bias.

    luck is common to all cells; noise is not; tilt : float64[player, cells ...] times a number of each draw.
    """

    payoffs: np.ndarray
    luck: float = 0.0
    noise: float = 0.0
    tilt: np.ndarray | None = None
    seed: int = 0
    broken: Mapping[tuple[int, int, int], str] = field(default_factory=dict)
    asked: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def form(self) -> Form:
        sizes = self.payoffs.shape[1:]
        held = [{f"{n}.move": tuple("abcdefgh"[:size])} for n, size in zip(NAMES, sizes, strict=False)]
        return Form(NAMES[: len(sizes)], tuple(held))

    @property
    def terms(self) -> tuple[Term, ...]:
        players = range(len(self.payoffs))
        return tuple(Term(k, "points", f"{NAMES[k]}.points", None, 1.0, 1.0, "1", "", "test", "here") for k in players)

    def __call__(self, points: Points, design: Design, outcomes: Sequence[str]) -> Table:
        cells = [self._cell(points.at(k)) for k in range(len(points))]
        self.asked.append((len(cells), design.draws, design.replications))
        shape = len(cells), design.draws + 1, design.replications
        values = {WITNESS: np.zeros(shape)}
        for player in range(len(self.payoffs)):
            values[f"{NAMES[player]}.points"] = np.stack([self._runs(player, cell, design) for cell in cells])
        for (cell, draw, replication), name in self.broken.items():
            if cell in cells and draw < shape[1] and replication < shape[2]:
                values[name][cells.index(cell), draw, replication] = np.nan
        return Table({name: values[name] for name in outcomes})

    def _cell(self, at: Mapping[str, object]) -> int:
        moves = ["abcdefgh".index(str(at[f"{n}.move"])) for n in NAMES[: len(self.payoffs)]]
        return int(np.ravel_multi_index(moves, self.payoffs.shape[1:]))

    def _runs(self, player: int, cell: int, design: Design) -> np.ndarray:
        most = 400
        common = np.random.default_rng([self.seed, player, 7]).normal(size=most)
        own = np.random.default_rng([self.seed, player, cell]).normal(size=(60, most))
        bias = np.random.default_rng([self.seed, 99]).normal(size=60)
        bias[0] = 0
        found = self.payoffs[player].ravel()[cell] + self.luck * common[None] + self.noise * own
        if self.tilt is not None:
            found = found + (bias * self.tilt[player].ravel()[cell])[:, None]
        return found[: design.draws + 1, : design.replications]


def play(toy: Toy, settings: Settings = EXACT) -> Game:
    return game(toy.form, toy.terms, toy, settings)


# ---- known games, without noise --------------------------------------------------------------------------------------


def test_who_leads_gets_its_way_in_the_battle_of_the_sexes() -> None:
    for leader, cell in ((0, 0), (1, 3)):
        found = play(Toy(SEXES), EXACT._replace(leader=leader))
        assert found.headline == cell
        assert found.luck.leader_follower[cell] == 1.0
        assert np.flatnonzero(found.nash).tolist() == [0, 3]
    assert sentence(found) == (
        "red moves first and blue observes: red takes move=b, and blue answers move=b; the answer in 100 % of 1,000 "
        "resamplings of luck (numerical) and in 100 % of 4 draws of the assumptions"
    )


def test_leading_hurts_in_matching_pennies_and_the_answer_says_so() -> None:
    found = answer_of(play(Toy(PENNIES)))
    assert found.numbers["nash"] == []
    assert len(found.numbers["best_response_cycle"]) == 4
    (mixed,) = found.numbers["mixed"]["extreme_equilibria"]
    assert mixed["blue"] == pytest.approx({"a": 0.5, "b": 0.5})
    assert any("no equilibrium in pure strategies" in line for line in found.caveats)
    # counted from (a, a), where blue has 1: leading brings it -1, two less; mixing makes sure of 0, one less
    assert found.numbers["answer"]["payoffs"]["blue"]["mean"] == -2.0
    assert found.numbers["maximin"]["blue"]["mixed_value"] == pytest.approx(-1.0)


def test_three_players_who_follow_together() -> None:
    paying = np.indices((2, 2, 2))
    good = np.where(paying.sum(axis=0) >= 2, 3.0, 0.0)
    found = play(Toy(good[None] - 2.0 * paying))
    assert found.profile(found.headline or 0) == (0, 1, 1)
    assert found.mixed is None
    assert any("at the same time" in line for line in answer_of(found).caveats)
    assert any("ties of those who answer" in line for line in answer_of(found).caveats)


def test_a_degenerate_game_is_said_to_be_one() -> None:
    payoffs = np.array([[[1.0, 1], [0, 2]], [[1.0, 1], [0, 1]]])
    found = answer_of(play(Toy(payoffs)))
    assert found.numbers["mixed"]["degenerate"]
    assert any(line.startswith("the game is degenerate") for line in found.caveats)
    assert any("ties of those who answer" in line for line in found.caveats) is False  # blue gets 1 from either


# ---- what runs can and cannot tell -----------------------------------------------------------------------------------


def test_common_luck_drops_out_of_what_is_compared() -> None:
    """Luck with a standard deviation of 50 in every run; differences of 1 are exact all the same."""
    found = play(Toy(SEXES, luck=50.0))
    assert found.luck.leader_follower[0] == 1.0
    np.testing.assert_allclose(found.compared.deviations.estimate, _exact(SEXES), atol=1e-9)
    np.testing.assert_allclose(found.tensors.luck[0], found.tensors.luck[1], atol=1e-9)


def _exact(payoffs: np.ndarray) -> np.ndarray:
    player, first, second = deviations(payoffs.shape[1:])
    flat = payoffs.reshape(len(payoffs), -1)
    return flat[player, first] - flat[player, second]


@pytest.mark.slow
def test_intervals_of_all_comparisons_hold_together() -> None:
    """40 experiments, noise 1, 12 draws x 12 replications: 95 % miss in 2; 7 or more have a chance below 0.4 %."""
    misses = 0
    for seed in range(40):
        toy = Toy(SEXES, luck=3.0, noise=1.0, seed=seed, tilt=0.3 * PENNIES)
        table = toy(toy.form.points(range(4)), Design(0, 12, 12), ["blue.points", "red.points"])
        values = np.stack([table.values["blue.points"], table.values["red.points"]])
        found = Judge(Sampled(values, np.full(4, 12), np.eye(2), 0)).contrasts(*deviations((2, 2)))
        truth = _exact(SEXES)
        misses += bool(((found.low > truth) | (found.high < truth)).any())
    assert misses < 7


def test_what_is_not_told_is_named_and_no_direction_is_stated() -> None:
    payoffs = np.array([[[1.0, 0], [1.02, 0]], [[1.0, 0], [1, 0]]])
    found = play(Toy(payoffs, noise=1.0), Settings(0, 10, 10, 0, 0))
    assert untold(found, 0) == ([], [1 - found.profile(found.headline or 0)[0]])
    assert "not told from" in sentence(found)
    assert any("(not told from 0)" in line for line in answer_of(found).drives)


def test_luck_and_assumptions_are_kept_apart() -> None:
    """The draw's bias decides who is right: over luck one answer, over draws as many as biases lie on that side."""
    tilt = np.array([[[1.0, 1], [-1, -1]], [[0.0, 0], [0, 0]]])
    payoffs = np.array([[[0.2, 0], [0, -0.2]], [[1.0, 0], [1, 0]]])
    toy = Toy(payoffs, tilt=tilt)
    found = play(toy, Settings(0, 40, 2, 0, 0))
    bias = np.random.default_rng([0, 99]).normal(size=60)[1:41]
    assert found.draws is not None
    assert found.draws.leader_follower[0] == pytest.approx((2 * bias + 0.2 > 0).mean())
    assert found.luck.leader_follower.max() == 1.0


def test_replications_go_to_the_cells_that_decide_within_the_budget() -> None:
    """Blue's a and b differ by 0.3 with noise 1; c is out by 50. Red's answers are clear."""
    payoffs = np.array([[[0.3, -9], [0, -9], [-50, -60]], [[5.0, -5], [5, -5], [5, -5]]])
    toy = Toy(payoffs, noise=1.0)
    found = play(toy, Settings(0, 10, 10, 8_000, 0))
    counts = found.played.sampled.counts.reshape(3, 2)
    assert counts[1, 0] > 10
    assert counts[0, 0] == counts.max()  # the reference
    assert counts[2].tolist() == [10, 10]
    assert sum(cells * (draws + 1) * reps for cells, draws, reps in toy.asked[1:]) <= 8_000
    assert found.played.rounds[0].cells == 6
    assert len(found.played.rounds) > 1


def test_without_budget_there_is_the_pilot_only() -> None:
    found = play(Toy(SEXES, noise=50.0), Settings(0, 6, 6, 0, 0))
    assert len(found.played.rounds) == 1
    assert found.played.open + found.played.beyond > 0


def test_what_only_draws_could_decide_is_not_given_replications() -> None:
    """The sign depends on the draw: endless replications of the same ten draws would not tell the mean from 0."""
    tilt = np.array([[[9.0, 9], [-9, -9]], [[0.0, 0], [0, 0]]])
    toy = Toy(np.array([[[0.1, 0], [0, 0]], [[5.0, 0], [5, 0]]]), noise=0.1, tilt=tilt)
    found = play(toy, Settings(0, 10, 10, 100_000, 0))
    assert found.played.beyond >= 1
    assert found.played.sampled.counts.max() == 10


# ---- estimates of cells with unequal replications --------------------------------------------------------------------


def test_with_equal_replications_the_estimate_is_the_mean() -> None:
    values = np.random.default_rng(3).normal(size=(2, 5, 4, 6))
    levels = levels_of(values, np.full(5, 6))
    np.testing.assert_allclose(levelled(values.mean(axis=2), levels), values.mean(axis=(2, 3)))


def test_a_cell_is_estimated_through_the_one_that_it_differs_least_from() -> None:
    """Cell 2 is cell 0 plus 1 in every run and has 4 of 400 replications: its estimate is that of cell 0 plus 1."""
    rng = np.random.default_rng(4)
    values = rng.normal(size=(1, 3, 2, 400)) + 5 * rng.normal(size=(1, 1, 1, 400))
    values[:, 2] = values[:, 0] + 1.0
    values[:, 2, :, 4:] = np.nan
    levels = levels_of(values, np.array([400, 400, 4]))
    assert levels.partner.tolist() == [-1, -1, 0]
    found = levelled(np.nan_to_num(values).mean(axis=2), levels)[0]
    assert found[2] - found[0] == pytest.approx(1.0)
    assert found[:2] == pytest.approx(values[0, :2].mean(axis=(1, 2)))


@pytest.mark.slow
def test_intervals_hold_with_unequal_replications_too() -> None:
    """40 experiments with 10 or 40 of 40 replications: as above."""
    misses, truth = 0, _exact(SEXES)
    for seed in range(40):
        toy = Toy(SEXES, luck=3.0, noise=1.0, seed=seed, tilt=0.3 * PENNIES)
        table = toy(toy.form.points(range(4)), Design(0, 12, 40), ["blue.points", "red.points"])
        values = np.stack([table.values["blue.points"], table.values["red.points"]])
        values[:, 1:3, :, 10:] = np.nan
        found = Judge(Sampled(values, np.array([40, 10, 10, 40]), np.eye(2), 0)).contrasts(*deviations((2, 2)))
        misses += bool(((found.low > truth) | (found.high < truth)).any())
    assert misses < 7


def test_resampled_luck_is_shared_by_all_cells() -> None:
    values = np.random.default_rng(5).normal(size=(1, 2, 8))
    values[:, 1] = values[:, 0] - 0.25
    levels = levels_of(values[:, :, None], np.full(2, 8))
    weights = np.random.default_rng(6).exponential(size=(50, 8))
    found = levelled(values, levels, weights)
    np.testing.assert_allclose(found[:, 0, 0] - found[:, 0, 1], 0.25)
    assert found[:, 0, 0].std() > 0.05


# ---- objectives ------------------------------------------------------------------------------------------------------


def weighed(weight: float, draws: int = 0) -> Game:
    """Blue holds ground (3 against 1) at a price (4 against 0) that it weighs; red has nothing to choose from."""
    toy = Toy(np.array([[[3.0], [1.0]], [[4.0], [0.0]]]))
    terms = (
        Term(0, "ground", "blue.points", None, 1.0, 1.0, "km2", "", "test", "here"),
        Term(0, "price", "red.points", None, weight, 1.0, "people", "", "test", "here"),
        Term(1, "price", "red.points", None, 1.0, 1.0, "people", "", "test", "here"),
    )
    return game(toy.form, terms, toy, Settings(0, draws, 4, 0, 0))


def test_the_break_even_of_a_weight_is_exact() -> None:
    """3 + 4 w = 1 at w = -1/2."""
    low, high = weighed(-0.1), weighed(-0.8)
    assert (low.headline, high.headline) == (0, 1)
    for found, weight in ((low, -0.1), (high, -0.8)):
        (price,) = [each for each in found.break_evens if each.term == 1]
        assert weight * price.factor == pytest.approx(-0.5)
    (ground,) = [each for each in low.break_evens if each.term == 0]
    assert ground.factor == pytest.approx(0.2)  # 2 g = 0.4
    line = answer_of(low).would_change[0]
    assert "weigh ground less, by 0.2 points a 1 km2 (now 1" in line or "weigh price more, by -0.5 points" in line
    assert "; break-even, 5 to 95 %: " in line


def test_a_weight_without_a_break_even_has_none() -> None:
    assert [each for each in weighed(1.0).break_evens if each.term == 0] == []
    assert all(isinstance(each, BreakEven) and each.term != 2 for each in weighed(-0.1).break_evens)


def test_strategies_that_are_the_same_in_every_run_are_merged_and_said() -> None:
    payoffs = np.concatenate([SEXES, SEXES[:, :1]], axis=1)
    found = play(Toy(payoffs, noise=0.0))
    assert found.shape == (2, 2)
    assert found.grid.merged == ((0, 2, 0),)
    assert any("move=c is the same as move=a in every run" in line for line in answer_of(found).caveats)
    assert answer_of(found).numbers["merged"] == [{"player": "blue", "strategy": "c", "same_as": "a"}]


def test_objectives_that_decide_nothing_are_said() -> None:
    payoffs = SEXES.copy()
    payoffs[1] = 7.0
    found = play(Toy(payoffs, luck=2.0))
    assert [term.player for term in constant_terms(found)] == [1]
    assert indifferent(found) == [1]
    said = " ".join(answer_of(found).caveats)
    assert "red: points is the same in every cell, so it decides nothing" in said
    assert "red: its payoff is the same in every cell" in said


def test_an_objective_that_a_cell_has_no_value_of_is_refused_with_what_is_missing() -> None:
    toy = Toy(SEXES, broken={(3, 0, k): "red.points" for k in range(2)})
    with pytest.raises(
        InputError, match=r"here: objectives.red.points.outcome: red.points is nothing in 2 of 2 runs of"
    ):
        play(toy)
    late = Toy(SEXES, broken={(3, 2, 3): "red.points"})  # not seen at the first look
    with pytest.raises(InputError, match=r"is nothing in 1 of 40 runs of blue: move=b; red: move=b; what is missing"):
        play(late)


def test_failed_runs_are_left_out_of_all_cells_and_said() -> None:
    names = ("blue.points", "red.points", WITNESS)
    broken = {(1, 2, 3): WITNESS, (2, 4, 0): WITNESS, (2, 4, 1): WITNESS, (2, 4, 2): WITNESS, (2, 4, 3): WITNESS}
    broken |= {(2, 4, k): WITNESS for k in range(4, 8)}
    assert all(name in names for name in broken.values())
    found = play(Toy(SEXES, broken=broken))
    assert found.played.left_out == (1, 1)
    assert found.headline == 0
    assert any("1 draws and 1 replications" in line for line in answer_of(found).caveats)
    everything = {(0, draw, k): WITNESS for draw in range(5) for k in range(8)}
    with pytest.raises(RunError, match="too many runs failed"):
        play(Toy(SEXES, broken=everything))


# ---- the answer ------------------------------------------------------------------------------------------------------


def test_regrets_have_intervals_and_are_zero_at_equilibria() -> None:
    found = play(Toy(SEXES, noise=0.2), Settings(0, 10, 10, 0, 0))
    assert found.regrets.value[:, 0] == pytest.approx([0.0, 0.0])
    assert (found.regrets.low <= found.regrets.value + 1e-12).all()
    assert (found.regrets.value <= found.regrets.high + 1e-12).all()
    np.testing.assert_allclose(found.regrets.value[:, 1], [2.0, 2.0], atol=0.5)


def test_tables_have_columns_of_one_length_and_numbers_are_plain() -> None:
    import json

    found = answer_of(play(Toy(SEXES, noise=0.2)))
    for columns in found.tables.values():
        assert len({len(column) for column in columns.values()}) == 1
    assert len(found.tables["cells"]["cell"]) == 4
    text = json.dumps(found.plain(1, 0), allow_nan=False)
    assert json.loads(text)["numbers"]["moves_first"] == "blue"
    assert set(found.spreads) == {"numerical", "luck", "assumptions"}
    assert not math.isnan(found.numbers["answer"]["payoffs"]["red"]["mean"])


def test_central_assumptions_alone_are_said_to_be_that() -> None:
    found = answer_of(play(Toy(SEXES, noise=0.2), Settings(0, 0, 20, 0, 0)))
    assert found.spreads["assumptions"] == "central assumptions only (--draws 0)"
    assert "assumptions at their central values" in found.answer
    assert found.numbers["answer"]["share_assumptions"] is None
