"""Known games: equilibria in pure strategies of any number of players, leader and followers, dominance, maximin."""

import numpy as np

from sim.analysis.equilibrium import (
    cycle,
    dominated,
    leader_follower,
    maximin,
    nash,
    regrets,
    responses,
)

PENNIES = np.array([[[1.0, -1], [-1, 1]], [[-1, 1], [1, -1]]])
CHICKEN = np.array([[[0.0, -1], [1, -10]], [[0, 1], [-1, -10]]])  # swerve, straight
PRISONERS = np.array([[[-1.0, -10], [0, -5]], [[-1, 0], [-10, -5]]])  # silent, confess
SEXES = np.array([[[3.0, 0], [0, 2]], [[2, 0], [0, 3]]])


def profiles(flags: np.ndarray) -> set[tuple[int, ...]]:
    return {tuple(int(k) for k in place) for place in np.argwhere(flags)}


def test_pure_equilibria_of_known_games() -> None:
    assert profiles(nash(PENNIES, 2)) == set()
    assert profiles(nash(CHICKEN, 2)) == {(0, 1), (1, 0)}
    assert profiles(nash(PRISONERS, 2)) == {(1, 1)}
    assert profiles(nash(SEXES, 2)) == {(0, 0), (1, 1)}


def test_a_game_of_three_players() -> None:
    """A public good: each may pay 2 for a good that is worth 3 to all if two or more pay. Two pay, or nobody does."""
    paying = np.indices((2, 2, 2))
    good = np.where(paying.sum(axis=0) >= 2, 3.0, 0.0)
    payoffs = good[None] - 2.0 * paying
    assert profiles(nash(payoffs, 3)) == {(0, 0, 0), (1, 1, 0), (1, 0, 1), (0, 1, 1)}
    led = leader_follower(payoffs, 3, 0)
    assert profiles(led.outcome) == {(0, 1, 1)}  # the leader leaves it to the others
    assert led.value.tolist() == [3.0, 1.0]
    assert led.guarded.tolist() == [0.0, 1.0]  # of two equilibria of the followers the bad one: nobody pays
    assert profiles(led.guarded_outcome) == {(1, 0, 1), (1, 1, 0)}


def test_leading_helps_where_both_want_to_agree() -> None:
    assert profiles(leader_follower(SEXES, 2, 0).outcome) == {(0, 0)}
    assert profiles(leader_follower(SEXES, 2, 1).outcome) == {(1, 1)}


def test_leading_hurts_who_wants_to_surprise() -> None:
    """In pennies the value is 0; who shows its coin gets -1."""
    led = leader_follower(PENNIES, 2, 0)
    assert led.value.tolist() == [-1.0, -1.0]
    assert profiles(led.outcome) == {(0, 1), (1, 0)}


def test_leading_pays_for_quantity() -> None:
    """Cournot's duopoly, price 12 - q1 - q2 at no cost: both make 4 each; who leads makes 6, the follower 3."""
    q1, q2 = np.meshgrid(np.arange(13.0), np.arange(13.0), indexing="ij")
    payoffs = np.stack([q1 * (12 - q1 - q2), q2 * (12 - q1 - q2)])
    assert (4, 4) in profiles(nash(payoffs, 2))
    assert profiles(leader_follower(payoffs, 2, 0).guarded_outcome) == {
        (6, 3)
    }  # in whole numbers 7 is answered by 2 or 3


def test_followers_without_an_answer_leave_the_worst() -> None:
    payoffs = np.zeros((3, 2, 2, 2))
    payoffs[1:, 0] = PENNIES  # when the leader takes 0 the others play pennies
    payoffs[0, 0], payoffs[0, 1] = [[5.0, 6.0], [7.0, 8.0]], 1.0
    led = leader_follower(payoffs, 3, 0)
    assert led.answered.tolist() == [False, True]
    assert led.value.tolist() == [5.0, 1.0]
    assert not led.outcome.any()


def test_maximin_of_chicken_is_to_swerve() -> None:
    assert [maximin(CHICKEN, 2, player).tolist() for player in (0, 1)] == [[-1.0, -10.0]] * 2


def test_dominance_is_iterated() -> None:
    """Osborne and Rubinstein's kind: R goes first, then B, then L, each dominated only once the other has gone."""
    first = np.array([[3.0, 1, 0], [0, 0, 4]])
    second = np.array([[1.0, 2, 0], [3, 2, 0]])
    strict = dominated(np.stack([first, second]), 2, True)
    assert [(each.round, each.player, each.strategy, each.by) for each in strict] == [
        (1, 1, 2, 0),
        (2, 0, 1, 0),
        (3, 1, 0, 1),
    ]
    assert dominated(PENNIES, 2, True) == dominated(PENNIES, 2, False) == ()
    assert [(each.player, each.strategy) for each in dominated(PRISONERS, 2, True)] == [(0, 0), (1, 0)]


def test_weak_dominance_is_told_from_strict() -> None:
    payoffs = np.array([[[1.0, 1], [1, 0]], [[0, 0], [0, 0]]])
    assert dominated(payoffs, 2, True) == ()
    assert [(each.player, each.strategy, each.by) for each in dominated(payoffs, 2, False)] == [(0, 1, 0)]


def test_regret_is_what_a_best_response_gains() -> None:
    assert regrets(PRISONERS, 2)[:, 0, 0].tolist() == [1.0, 1.0]
    assert (regrets(PRISONERS, 2)[:, 1, 1] == 0).all()


def test_best_responses_go_round_in_pennies_and_rest_in_chicken() -> None:
    assert set(cycle(PENNIES, 2, (0, 0))) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert cycle(CHICKEN, 2, (0, 0)) == ()


def test_many_games_at_once_are_what_each_is_alone() -> None:
    rng = np.random.default_rng(1)
    games = np.round(rng.normal(size=(20, 3, 2, 3, 2)), 1)
    together = leader_follower(games, 3, 1)
    for k, game in enumerate(games):
        np.testing.assert_array_equal(responses(games, 3)[k], responses(game, 3))
        alone = leader_follower(game, 3, 1)
        np.testing.assert_array_equal(together.outcome[k], alone.outcome)
        np.testing.assert_array_equal(together.value[k], alone.value)


def test_rounding_makes_no_difference() -> None:
    game = PENNIES * 0.1 + 1000.0
    game[0, 0, 0] = game[0, 1, 0] + 1e-13
    assert responses(game, 2)[0, :, 0].all()
