"""Equilibria in mixed strategies: known games, degenerate ones, and another solver as an oracle where it can be one."""

import warnings
from itertools import product

import nashpy
import numpy as np
import pytest

from sim.analysis.mixed import security, solve

PENNIES = np.array([[1.0, -1], [-1, 1]])
CHICKEN = np.array([[0.0, -1], [1, -10]])
SEXES = np.array([[3.0, 0], [0, 2]]), np.array([[2.0, 0], [0, 3]])


def supports(a: np.ndarray, b: np.ndarray) -> list[tuple[tuple[float, ...], tuple[float, ...]]]:
    return [(each.first, each.second) for each in solve(a, b).equilibria]


def test_matching_pennies_is_a_coin_toss() -> None:
    (found,) = solve(PENNIES, -PENNIES).equilibria
    assert found.first == pytest.approx((0.5, 0.5))
    assert found.second == pytest.approx((0.5, 0.5))
    assert found.payoffs == pytest.approx((0.0, 0.0))
    assert security(PENNIES).value == pytest.approx(0.0)


def test_chicken_has_three_equilibria() -> None:
    """Straight with 1/10: a(swerve) = -p, a(straight) = (1 - p) - 10 p."""
    found = solve(CHICKEN, CHICKEN.T)
    mixed = [each for each in found.equilibria if not each.pure]
    assert (len(found.equilibria), found.degenerate, found.continua) == (3, False, 0)
    assert mixed[0].first == pytest.approx((0.9, 0.1))


def test_the_battle_of_the_sexes() -> None:
    mixed = [each for each in solve(*SEXES).equilibria if not each.pure]
    assert mixed[0].first == pytest.approx((0.6, 0.4))
    assert mixed[0].second == pytest.approx((0.4, 0.6))
    assert mixed[0].payoffs == pytest.approx((1.2, 1.2))


def test_prisoners_confess() -> None:
    a = np.array([[-1.0, -10], [0, -5]])
    assert supports(a, a.T) == [((0.0, 1.0), (0.0, 1.0))]


def blotto(soldiers: int, fields: int) -> np.ndarray:
    """Fields won less fields lost, of every way in which each of two players can divide its soldiers."""
    ways = [way for way in product(range(soldiers + 1), repeat=fields) if sum(way) == soldiers]
    return np.array([[sum(np.sign(np.subtract(one, other))) for other in ways] for one in ways], float)


def test_colonel_blotto_with_equal_forces_is_worth_nothing() -> None:
    """Symmetric and zero-sum, so of value 0 (Borel 1921)."""
    a = blotto(3, 2)
    for each in solve(a, -a).equilibria:
        assert each.payoffs == pytest.approx((0.0, 0.0), abs=1e-9)
    assert security(blotto(4, 3)).value == pytest.approx(0.0, abs=1e-9)


def test_colonel_blotto_against_lieutenant_kije() -> None:
    """Four companies against three at two posts; a post is worth 1 and those beaten there (Dresher 1961): 14/9."""

    def won(mine: int, its: int) -> int:
        return 0 if mine == its else (its + 1 if mine > its else -mine - 1)

    a = np.array([[won(k, j) + won(4 - k, 3 - j) for j in range(4)] for k in range(5)], float)
    assert security(a).value == pytest.approx(14 / 9)
    assert security(-a.T).value == pytest.approx(-14 / 9)
    for each in solve(a, -a).equilibria:
        assert each.payoffs[0] == pytest.approx(14 / 9)


def test_a_degenerate_game_is_said_to_be_one_and_its_continuum_found() -> None:
    """The second does not care when the first plays T: (T, y) is an equilibrium for every y with y[L] >= 1/2."""
    a, b = np.array([[1.0, 1], [0, 2]]), np.array([[1.0, 1], [0, 1]])
    found = solve(a, b)
    assert found.degenerate
    assert {(each.first, tuple(np.round(each.second, 9))) for each in found.equilibria} == {
        ((1.0, 0.0), (1.0, 0.0)),
        ((1.0, 0.0), (0.5, 0.5)),
        ((0.0, 1.0), (0.0, 1.0)),
    }
    assert found.continua == 1


def test_what_the_oracle_misses_in_a_degenerate_game_is_found() -> None:
    """Nashpy looks at supports of equal size only: of the three above it misses the end (T, 1/2)."""
    a, b = np.array([[1.0, 1], [0, 2]]), np.array([[1.0, 1], [0, 1]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = [tuple(np.round(np.concatenate(each), 6)) for each in nashpy.Game(a, b).support_enumeration()]
    mine = {tuple(np.round([*each.first, *each.second], 6)) for each in solve(a, b).equilibria}
    assert (1.0, 0.0, 0.5, 0.5) in mine
    assert (1.0, 0.0, 0.5, 0.5) not in oracle
    assert set(oracle) < mine


def test_all_are_found_in_games_where_nobody_cares() -> None:
    found = solve(np.zeros((2, 3)), np.zeros((2, 3)))
    assert (len(found.equilibria), found.continua, found.degenerate) == (6, 1, True)


@pytest.mark.parametrize("shape", [(2, 2), (3, 3), (2, 4), (4, 3), (1, 3)])
def test_generic_games_agree_with_the_oracle(shape: tuple[int, int]) -> None:
    """In a generic game equilibria are finite and odd in number.

    The oracle compares payoffs exactly and so loses some to rounding, then warns of an even number: where it does not
    warn it has to agree, and always to be among what is found.
    """
    rng, agreed = np.random.default_rng(shape), 0
    for _ in range(12):
        a, b = rng.normal(size=(2, *shape))
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            oracle = {tuple(np.round(np.concatenate(each), 6)) for each in nashpy.Game(a, b).support_enumeration()}
        found = solve(a, b)
        mine = {tuple(np.round([*each.first, *each.second], 6)) for each in found.equilibria}
        assert oracle == mine if not told else oracle < mine
        assert (len(found.equilibria) % 2, found.degenerate) == (1, False)
        agreed += not told
    assert agreed >= 6


def test_every_answer_is_an_equilibrium_of_integer_games() -> None:
    """Small integers make ties: nobody gains by another strategy, and pure equilibria are all there."""
    rng = np.random.default_rng(7)
    for _ in range(40):
        a, b = rng.integers(0, 3, size=(2, 3, 4)).astype(float)
        found = solve(a, b).equilibria
        for each in found:
            x, y = np.array(each.first), np.array(each.second)
            assert (a @ y).max() <= x @ a @ y + 1e-7
            assert (x @ b).max() <= x @ b @ y + 1e-7
        pure = {(i, j) for i in range(3) for j in range(4) if a[i, j] == a[:, j].max() and b[i, j] == b[i].max()}
        assert {(int(np.argmax(e.first)), int(np.argmax(e.second))) for e in found if e.pure} == pure


def test_a_game_too_large_to_look_through_is_refused() -> None:
    with pytest.raises(ValueError, match="sets of inequalities are more than"):
        solve(np.zeros((12, 12)), np.zeros((12, 12)))


def test_payoffs_of_any_size_give_the_same_equilibria() -> None:
    for scale, shift in ((1e-6, 0.0), (1e6, -1e7)):
        assert len(solve(CHICKEN * scale + shift, CHICKEN.T * scale + shift).equilibria) == 3
