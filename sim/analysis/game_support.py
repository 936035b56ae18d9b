"""How often each profile is an answer: over resampled luck (numerical), and over draws of the assumptions, apart.

Luck is resampled by the Bayesian bootstrap (Rubin 1981): replication r gets an exponential weight, the same in every
cell and draw, so that pairs stay pairs. The game of a draw has that draw's mean payoffs, in which some luck is left.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.equilibrium import dominated, leader_follower, nash
from sim.analysis.mixed import MOST_SUBSETS, Solved, solve, subsets
from sim.analysis.payoffs import Levels, Sampled, levelled

Values = NDArray[np.float64]

RESAMPLINGS = 1_000
_MIXED_RESAMPLINGS = 100  # of which mixed equilibria are worked out, too
_FEW_SUBSETS = 20_000
_NUMBER = 20_240_806  # of the resamplings: the same for every seed of the runs


class Shares(NamedTuple):
    """Shares of some games.

    games : how many there are. leader_follower, nash : float64[cell], in which a cell is the leader-follower answer, is
    a pure equilibrium. without : in which there is no pure equilibrium. plays : float64[strategy] of each player, in
    which it is played in the leader-follower answer; supports : in which it has a share in some equilibrium, pure or
    mixed (None: not worked out).
    """

    games: int
    leader_follower: Values
    nash: Values
    without: float
    plays: tuple[Values, ...]
    supports: tuple[Values, ...] | None


class Parts(NamedTuple):
    """Term values of many games, float64[game, term, cell]: resampled luck, and draws of the assumptions."""

    luck: Values
    draws: Values


def parts_of(sampled: Sampled, levels: Levels) -> Parts:
    """Return term values under each resampling of luck and each sampled draw."""
    values = sampled.sampled
    weights = np.random.default_rng(_NUMBER).exponential(size=(RESAMPLINGS, values.shape[-1]))
    luck = levelled(values.mean(axis=2), levels, weights)
    draws = levelled(np.moveaxis(values, 2, 0), levels)
    return Parts(luck, draws)


def shares(games: Values, leader: int, most_mixed: int | None = None) -> Shares:
    """Return in which share of games, float64[game, player, strategies], each cell and strategy is an answer.

    most_mixed : of how many games mixed equilibria are worked out (None: of all).
    """
    players = games.shape[1]
    led, still = leader_follower(games, players, leader).outcome, nash(games, players)
    flat = still.reshape(len(games), -1)
    plays = tuple(_played(led, player, players).mean(axis=0) for player in range(players))
    supports = mixed_supports(games[:most_mixed]) if players == 2 else None
    return Shares(
        len(games),
        led.reshape(len(games), -1).mean(axis=0),
        flat.mean(axis=0),
        float((~flat.any(axis=1)).mean()),
        plays,
        supports,
    )


def of_luck(parts: Parts, sampled: Sampled, shape: tuple[int, ...], leader: int) -> Shares:
    """Return the shares over resampled luck."""
    games = sampled.payoffs(parts.luck)
    return shares(games.reshape(*games.shape[:2], *shape), leader, _MIXED_RESAMPLINGS)


def of_draws(parts: Parts, sampled: Sampled, shape: tuple[int, ...], leader: int) -> Shares:
    """Return the shares over draws of the assumptions."""
    games = sampled.payoffs(parts.draws)
    return shares(games.reshape(*games.shape[:2], *shape), leader)


def _played(led: NDArray[np.bool_], player: int, players: int) -> NDArray[np.bool_]:
    """Return whether a player's strategies are played, bool[game, strategy]."""
    return np.asarray(led.any(axis=tuple(other + 1 for other in range(players) if other != player)))


def mixed_supports(games: Values) -> tuple[Values, ...] | None:
    """Return in which share of games of two players a strategy has a share in an equilibrium; None: too large."""
    found = [np.zeros((len(games), size)) for size in games.shape[2:]]
    for k, game in enumerate(games):
        solved = solve_undominated(game, _FEW_SUBSETS)
        if solved is None:
            return None
        for each in solved.equilibria:
            for player, own in enumerate((each.first, each.second)):
                found[player][k, np.flatnonzero(own)] = 1.0
    return tuple(each.mean(axis=0) for each in found)


def solve_undominated(game: Values, most: int = MOST_SUBSETS) -> Solved | None:
    """Return all extreme equilibria of a game of two players, float64[player, strategy, strategy]; None: too large.

    Strictly dominated strategies are taken out first: no equilibrium has them. A game is so called degenerate for what
    is left only.
    """
    gone = {(each.player, each.strategy) for each in dominated(game, 2, True)}
    left = [[k for k in range(size) if (player, k) not in gone] for player, size in enumerate(game.shape[1:])]
    if subsets(*(len(each) for each in left)) > most:
        return None
    part = game[np.ix_(range(2), *left)]
    solved = solve(part[0], part[1])
    whole = [
        each._replace(
            first=_placed(each.first, left[0], game.shape[1]), second=_placed(each.second, left[1], game.shape[2])
        )
        for each in solved.equilibria
    ]
    return Solved(tuple(whole), solved.degenerate)


def _placed(shares_of: tuple[float, ...], places: list[int], size: int) -> tuple[float, ...]:
    whole = np.zeros(size)
    whole[places] = shares_of
    return tuple(whole.tolist())
