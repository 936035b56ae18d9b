"""At which weight of an objective the leader-follower answer becomes another one, from the runs that there are.

Payoffs are linear in the weights, so no further run is needed. The weight is moved away from its value, down to nothing
and up a hundredfold, in steps of 3 % or less, until the answer changes; the place is then found by halving. A window
between two steps in which the answer changes and changes back is missed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.equilibrium import leader_follower
from sim.analysis.game_support import Parts
from sim.analysis.payoffs import Sampled

Values = NDArray[np.float64]
Whole = NDArray[np.int64]

_STEPS = 160
_LARGEST = 100.0
_HALVINGS = 40
_GAMES = 200  # resamplings of luck of which break-evens are worked out
_NEVER = -1
_MOST_NUMBERS = 100_000  # payoffs of the resamplings that break-evens are worked out of
_AT_ONCE = 500_000


class BreakEven(NamedTuple):
    """Where a weight changes the answer.

    term : its number; factor : times its weight; cell : the answer beyond. numerical : 5 and 95 % of the factor over
    resampled luck; assumptions : the same over draws; None where too few of them have the same answer and a change.
    """

    term: int
    factor: float
    cell: int
    numerical: tuple[float, float] | None = None
    assumptions: tuple[float, float] | None = None


class Weighed(NamedTuple):
    """Games in which a part of one player's payoff is weighed.

    payoffs : float64[game, player, cell]; part : of that player's, float64[game, cell].
    """

    payoffs: Values
    part: Values
    player: int
    shape: tuple[int, ...]
    leader: int


def break_evens(
    sampled: Sampled, estimate: Values, parts: Parts, how: tuple[tuple[int, ...], int]
) -> tuple[BreakEven, ...]:
    """Return where each weight changes the answer, the smallest relative change first; the first three with intervals.

    estimate : float64[term, cell]; how : the shape of the game and its leader.
    """
    found = [each for term in range(len(estimate)) for each in _both_ways(sampled, estimate, term, how)]
    found.sort(key=lambda each: abs(np.log(max(each.factor, 1e-9))))
    first: dict[int, BreakEven] = {}
    for each in found:
        first.setdefault(each.term, each)
    nearest = list(first.values())
    return tuple(
        _with_intervals(sampled, each, (estimate, parts), how) if k < 3 else each for k, each in enumerate(nearest)
    )


def _both_ways(sampled: Sampled, estimate: Values, term: int, how: tuple[tuple[int, ...], int]) -> list[BreakEven]:
    games = _weighed(sampled, estimate[None], term, how)
    found = []
    for steps in (_up(), _down()):
        factor, cell = first_change(games, steps)
        if cell[0] != _NEVER:
            found.append(BreakEven(term, float(factor[0]), int(cell[0])))
    return found


def _up() -> Values:
    return np.geomspace(1.0, _LARGEST, _STEPS)


def _down() -> Values:
    return np.append(np.geomspace(1.0, 1.0 / _LARGEST, _STEPS), 0.0)


def _weighed(sampled: Sampled, values: Values, term: int, how: tuple[tuple[int, ...], int]) -> Weighed:
    """Return games of term values, float64[game, term, cell]."""
    player = int(np.flatnonzero(sampled.scales[:, term])[0]) if sampled.scales[:, term].any() else 0
    part = sampled.scales[player, term] * values[:, term]
    return Weighed(sampled.payoffs(values), part, player, *how)


def answer_cells(games: Weighed, factor: Values) -> Whole:
    """Return the answer of each game (its first cell) when the part has so many times its weight.

    factor : float64[..., game]; the result is int64[..., game], -1 where there is no answer.
    """
    payoffs = np.broadcast_to(games.payoffs, (*factor.shape[:-1], *games.payoffs.shape)).copy()
    payoffs[..., games.player, :] += (factor - 1.0)[..., None] * games.part
    tensor = payoffs.reshape(*payoffs.shape[:-1], *games.shape)
    flags = leader_follower(tensor, len(games.shape), games.leader).outcome.reshape(*factor.shape, -1)
    return np.asarray(np.where(flags.any(axis=-1), flags.argmax(axis=-1), _NEVER), np.int64)


def first_change(games: Weighed, steps: Values) -> tuple[Values, Whole]:
    """Return the factor at which each game first gets another answer along some steps, and that answer's cell.

    Where there is none the factor is not-a-number and the cell -1.
    """
    count = len(games.payoffs)
    base, at = answer_cells(games, np.ones(count)), np.zeros(count, np.int64)
    together = max(1, _AT_ONCE // games.payoffs.size)
    for first in range(1, len(steps), together):
        some = steps[first : first + together]
        changed = answer_cells(games, np.broadcast_to(some[:, None], (len(some), count))) != base
        new = (at == 0) & changed.any(axis=0)
        at[new] = first + changed.argmax(axis=0)[new]
        if at.all():
            break
    there = at > 0
    low, high = np.where(there, steps[np.maximum(at - 1, 0)], 1.0), np.where(there, steps[at], 1.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        same = answer_cells(games, middle) == base
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    beyond = answer_cells(games, high)
    return np.where(there, high, np.nan), np.where(there, beyond, _NEVER)


def _with_intervals(
    sampled: Sampled, found: BreakEven, values: tuple[Values, Parts], how: tuple[tuple[int, ...], int]
) -> BreakEven:
    estimate, parts = values
    games = _weighed(sampled, estimate[None], found.term, how)
    base = int(answer_cells(games, np.ones(1))[0])
    room = max(20, _MOST_NUMBERS // max(1, sampled.payoffs(estimate).size))
    spans = []
    for some in (parts.luck[: min(_GAMES, room)], parts.draws[:room]):
        each = _weighed(sampled, some, found.term, how)
        factor, _ = first_change(each, _up() if found.factor > 1 else _down())
        kept = factor[np.isfinite(factor) & (answer_cells(each, np.ones(len(some))) == base)]
        spans.append((float(np.quantile(kept, 0.05)), float(np.quantile(kept, 0.95))) if len(kept) >= 5 else None)
    return found._replace(numerical=spans[0], assumptions=spans[1])
