"""Games in strategic form, any number of players: best responses, equilibria in pure strategies, leader and followers.

Payoffs are float64[..., player, strategy of player 0, strategy of player 1, ...]: the last axes are the profiles, and
axes before that of the players (resamplings, draws, weights) are games solved together. Payoffs that differ by rounding
only count as equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Payoffs = NDArray[np.float64]
Flags = NDArray[np.bool_]

_ROUNDING = 1e-9


def payoff(payoffs: Payoffs, player: int, players: int) -> Payoffs:
    """Return the payoffs of a player, float64[..., strategies of all]."""
    return np.asarray(np.take(payoffs, player, axis=-players - 1), np.float64)


def tolerance(payoffs: Payoffs) -> float:
    """Return the difference below which payoffs count as equal."""
    finite = np.abs(payoffs[np.isfinite(payoffs)])
    return _ROUNDING * max(float(finite.max(initial=0.0)), 1e-300)


def responses(payoffs: Payoffs, players: int) -> Flags:
    """Return whether a player's strategy is a best response to those of the others, bool[..., player, strategies]."""
    found = []
    for player in range(players):
        own = payoff(payoffs, player, players)
        found.append(own >= own.max(axis=player - players, keepdims=True) - tolerance(own))
    return np.stack(found, axis=-players - 1)


def nash(payoffs: Payoffs, players: int) -> Flags:
    """Return the profiles at which nobody gains by another strategy of its own, bool[..., strategies]."""
    return np.asarray(responses(payoffs, players).all(axis=-players - 1))


def regrets(payoffs: Payoffs, players: int) -> Payoffs:
    """Return what each player would gain by its best response at each profile, float64[..., player, strategies]."""
    found = []
    for player in range(players):
        own = payoff(payoffs, player, players)
        found.append(own.max(axis=player - players, keepdims=True) - own)
    return np.stack(found, axis=-players - 1)


class Led(NamedTuple):
    """What comes of it when one player moves first and the others, who see it, then move at the same time.

    value : float64[..., leader's strategy], what each is worth to the leader when the followers settle their ties for
    it; guarded : when they settle them against it.
    answered : bool[..., leader's strategy], whether the followers have an equilibrium in pure strategies; where they
    have none, both values are the worst that the leader can get.
    outcome : bool[..., strategies], the profiles that come of a best strategy of the leader (none where that one has
    no answer); guarded_outcome : the same where ties are settled against it.
    """

    value: Payoffs
    guarded: Payoffs
    answered: Flags
    outcome: Flags
    guarded_outcome: Flags


def answers(payoffs: Payoffs, players: int, leader: int) -> Flags:
    """Return the profiles at which nobody but the leader would gain by another strategy, bool[..., strategies]."""
    followers = [player for player in range(players) if player != leader]
    chosen = np.take(responses(payoffs, players), followers, axis=-players - 1)
    return np.asarray(np.all(chosen, axis=-players - 1))


def leader_follower(payoffs: Payoffs, players: int, leader: int) -> Led:
    """Return the leader-follower answer in pure strategies (Stackelberg 1934; ties: Leitmann 1978)."""
    followers = [player for player in range(players) if player != leader]
    stable, own = answers(payoffs, players, leader), payoff(payoffs, leader, players)
    axes = tuple(player - players for player in followers)
    answered = np.asarray(np.any(stable, axis=axes))
    worst = own.min(axis=axes)
    value = np.where(answered, np.where(stable, own, -np.inf).max(axis=axes), worst)
    guarded = np.where(answered, np.where(stable, own, np.inf).min(axis=axes), worst)
    outcome = stable & _on_best(value, own, players, leader)
    guarded_outcome = stable & _on_best(guarded, own, players, leader)
    return Led(np.asarray(value), np.asarray(guarded), answered, outcome, guarded_outcome)


def _on_best(value: Payoffs, own: Payoffs, players: int, leader: int) -> Flags:
    """Return the profiles at which the leader has a best strategy, and its value, bool[..., strategies]."""
    small = tolerance(own)
    best = value >= value.max(axis=-1, keepdims=True) - small
    there = np.where(best, value, np.nan)
    followers = tuple(player - players for player in range(players) if player != leader)
    spread = np.expand_dims(there, followers) if followers else there
    return np.asarray(np.abs(own - spread) <= small)


def maximin(payoffs: Payoffs, players: int, player: int) -> Payoffs:
    """Return the least that each strategy of a player brings it, float64[..., strategy]."""
    others = tuple(other - players for other in range(players) if other != player)
    return np.asarray(payoff(payoffs, player, players).min(axis=others))


class Removal(NamedTuple):
    """A strategy that another dominates: in which round it goes, whose it is, and which one dominates it."""

    round: int
    player: int
    strategy: int
    by: int


def dominated(payoffs: Payoffs, players: int, strictly: bool) -> tuple[Removal, ...]:
    """Return the dominated strategies of one game, removed round by round until none is left.

    In a round all that are dominated by a strategy that stays go together. What strict dominance leaves does not depend
    on the order; what weak dominance leaves may (Osborne and Rubinstein 1994, 4.2 and 4.3).
    """
    alive = [list(range(size)) for size in payoffs.shape[-players:]]
    removed: list[Removal] = []
    while True:
        left = payoffs[np.ix_(range(players), *alive)]
        found = [
            Removal(_round(removed), player, alive[player][weak], alive[player][strong])
            for player in range(players)
            for weak, strong in _dominated(payoff(left, player, players), player, (strictly, tolerance(payoffs)))
        ]
        if not found:
            return tuple(removed)
        removed += found
        for each in found:
            alive[each.player].remove(each.strategy)


def _round(removed: Sequence[Removal]) -> int:
    return removed[-1].round + 1 if removed else 1


def _dominated(own: Payoffs, player: int, how: tuple[bool, float]) -> Iterator[tuple[int, int]]:
    """Yield each dominated strategy, with one that dominates it and is not dominated itself."""
    strictly, small = how
    rows = np.moveaxis(own, player, 0).reshape(own.shape[player], -1)
    ahead = rows[None] - rows[:, None]  # [weak, strong, profile of the others]
    more = np.asarray(ahead > small)
    over = np.all(ahead > (small if strictly else -small), axis=-1) & np.any(more, axis=-1)
    undominated = ~np.any(over, axis=1)
    for weak in np.flatnonzero(~undominated):
        yield int(weak), int(np.argmax(over[weak] * (1 + undominated)))


def cycle(payoffs: Payoffs, players: int, start: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Return the profiles that best responses, one player at a time, go through for ever; () where they come to rest.

    The players answer in turn, the first one first, each by its best response (the first of equal ones).
    """
    replies, own = responses(payoffs, players), [payoff(payoffs, player, players) for player in range(players)]
    at, seen, path = start, dict[tuple[tuple[int, ...], int], int](), list[tuple[int, ...]]()
    while True:
        for player in range(players):
            if (at, player) in seen:
                passed = tuple(dict.fromkeys(path[seen[at, player] :]))
                return passed if len(passed) > 1 else ()
            seen[at, player] = len(path)
            path.append(at)
            if not replies[(player, *at)]:
                others: tuple[int | slice, ...] = tuple(slice(None) if p == player else s for p, s in enumerate(at))
                at = tuple(int(own[player][others].argmax()) if p == player else s for p, s in enumerate(at))
