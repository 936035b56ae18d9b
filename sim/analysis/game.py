"""The game between actors: their choices are strategies, their payoffs come from simulated outcomes and stated weights.

The headline is the leader-follower answer: one player moves first, the others see it and then move at the same time.
Beside it stand equilibria of moving at once, what each can make sure of, dominated strategies and best responses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.break_even import BreakEven, break_evens
from sim.analysis.equilibrium import Led, Removal, cycle, dominated, leader_follower, maximin, nash, responses
from sim.analysis.game_sample import Grid, Played, Settings, best_cells, induced, led_contrasts, play
from sim.analysis.game_support import Shares, of_draws, of_luck, parts_of, solve_undominated
from sim.analysis.mixed import Security, Solved, security
from sim.analysis.objectives import Term
from sim.analysis.payoffs import Contrasts, Judge, Sampled, deviations, levelled

if TYPE_CHECKING:
    from sim.experiment.evaluate import Evaluate
    from sim.experiment.strategies import Form

Values = NDArray[np.float64]

_LARGEST_SECURITY = 400  # strategies of both players


class Tensors(NamedTuple):
    """Payoffs of cells.

    estimate, low, high : float64[player, strategies], with simultaneous 95 % intervals. luck : 5 and 95 % over the
    replications of the central draw; assumptions : over sampled draws of the draw's mean (not-a-number where there are
    none): float64[2, player, cell] each. All of these are counted from the reference. terms : the mean value of each
    objective, float64[term, cell], as it is.
    """

    estimate: Values
    low: Values
    high: Values
    luck: Values
    assumptions: Values
    terms: Values


class Compared(NamedTuple):
    """Differences of payoffs: of all deviations of one player alone, and of the cells that the leader chooses among."""

    deviations: Contrasts
    leads: Contrasts


class Regrets(NamedTuple):
    """What each player gains by its best response, with simultaneous 95 % intervals, float64[player, cell] each."""

    value: Values
    low: Values
    high: Values


@dataclass(frozen=True)
class Game:
    """A game and all that was found of it.

    headline : the cell of the leader-follower answer (the first of equal ones), None where its best strategy has no
    answer in pure strategies. leads : the cell that each strategy of the leader leads to. otherwise : the cell where
    another player moves first, by player. removed : dominated strictly, then weakly. mixed : None where there are not
    two players, or too many strategies.
    """

    form: Form
    settings: Settings
    terms: tuple[Term, ...]
    played: Played
    tensors: Tensors
    compared: Compared
    regrets: Regrets
    led: Led
    leads: dict[int, int]
    headline: int | None
    otherwise: dict[int, int | None]
    nash: NDArray[np.bool_]
    responses: NDArray[np.bool_]
    cycle: tuple[int, ...]
    removed: tuple[tuple[Removal, ...], tuple[Removal, ...]]
    maximin: tuple[Values, ...]
    securities: tuple[Security, ...]
    mixed: Solved | None
    luck: Shares
    draws: Shares | None
    break_evens: tuple[BreakEven, ...]

    @property
    def grid(self) -> Grid:
        """Return its strategies."""
        return self.played.grid

    @property
    def players(self) -> tuple[str, ...]:
        """Return the names of its players."""
        return self.form.players

    @property
    def leader(self) -> int:
        """Return the number of the player that moves first."""
        return self.settings.leader

    @property
    def shape(self) -> tuple[int, ...]:
        """Return how many strategies each player has."""
        return self.grid.shape

    def profile(self, cell: int) -> tuple[int, ...]:
        """Return the strategy of each player in a cell."""
        return tuple(int(k) for k in np.unravel_index(cell, self.shape))


def game(form: Form, terms: Sequence[Term], evaluate: Evaluate, settings: Settings) -> Game:
    """Play a game and solve it; raise InputError where an objective has no value in a cell."""
    played = play(form, terms, evaluate, settings)
    return solved(form, tuple(terms), played, settings)


def solved(form: Form, terms: tuple[Term, ...], played: Played, settings: Settings) -> Game:
    """Return what is found of a game whose runs are there."""
    shape, leader, count = played.grid.shape, settings.leader, len(form.players)
    judge = Judge(played.sampled)
    tensors = _tensors(played.sampled, judge, shape)
    tensor, parts = tensors.estimate, parts_of(played.sampled, judge.levels)
    led = leader_follower(tensor, count, leader)
    compared = Compared(judge.contrasts(*deviations(shape)), led_contrasts(judge, tensor, leader))
    several = played.sampled.values.shape[2] > 2
    rest = cycle(tensor, count, (0,) * count)
    return Game(
        form=form,
        settings=settings,
        terms=terms,
        played=played,
        tensors=tensors,
        compared=compared,
        regrets=_regrets(tensor, compared.deviations),
        led=led,
        leads=induced(tensor, leader),
        headline=_first(led),
        otherwise={k: _first(leader_follower(tensor, count, k)) for k in range(count) if k != leader},
        nash=nash(tensor, count).ravel(),
        responses=responses(tensor, count).reshape(count, -1),
        cycle=tuple(int(np.ravel_multi_index(profile, shape)) for profile in rest),
        removed=(dominated(tensor, count, True), dominated(tensor, count, False)),
        maximin=tuple(maximin(tensor, count, player) for player in range(count)),
        securities=_securities(tensor),
        mixed=solve_undominated(tensor) if count == 2 else None,
        luck=of_luck(parts, played.sampled, shape, leader),
        draws=of_draws(parts, played.sampled, shape, leader) if several else None,
        break_evens=break_evens(played.sampled, tensors.terms, parts, (shape, leader)),
    )


def _first(led: Led) -> int | None:
    return int(led.outcome.argmax()) if led.outcome.any() else None


def _tensors(sampled: Sampled, judge: Judge, shape: tuple[int, ...]) -> Tensors:
    low, high = judge.bands()
    whole = np.nan_to_num(sampled.values[:, :, -sampled.sampled.shape[2] :])
    terms = levelled(whole.mean(axis=2), judge.levels)
    central = np.einsum("pt,tcr->pcr", sampled.scales, sampled.gains[:, :, 0])
    luck = np.nanquantile(central, (0.05, 0.95), axis=-1)
    assumptions = np.full(luck.shape, np.nan)
    if sampled.values.shape[2] > 2:
        draws = levelled(np.moveaxis(sampled.sampled, 2, 0), judge.levels)
        assumptions = np.quantile(sampled.payoffs(draws), (0.05, 0.95), axis=0)
    estimate, low, high = (each.reshape(-1, *shape) for each in (judge.estimates, low, high))
    return Tensors(estimate, low, high, luck, assumptions, terms)


def _regrets(tensor: Values, found: Contrasts) -> Regrets:
    """Return regrets; their intervals follow from those of all deviations, which hold together."""
    players = len(tensor)
    flat = tensor.reshape(players, -1)
    best = best_cells(tensor)
    value = np.take_along_axis(flat, best, axis=1) - flat
    low, high = np.zeros(value.shape), np.zeros(value.shape)
    for player, a, b, lower, upper in zip(*found[:3], found.low, found.high, strict=True):
        for cell, gain_low, gain_high in ((b, lower, upper), (a, -upper, -lower)):
            low[player, cell] = np.maximum(low[player, cell], gain_low)
            high[player, cell] = np.maximum(high[player, cell], gain_high)
    return Regrets(value, low, high)


def _securities(tensor: Values) -> tuple[Security, ...]:
    if len(tensor) != 2 or sum(tensor.shape[1:]) > _LARGEST_SECURITY:
        return ()
    return security(tensor[0]), security(tensor[1].T)


def constant_terms(found: Game) -> list[Term]:
    """Return the objectives that are the same in every cell, run by run: they decide nothing."""
    values = found.played.sampled.values
    least = int(found.played.sampled.counts.min())
    same = [np.ptp(each[..., :least], axis=0).max() == 0 for each in values]
    return [term for term, constant in zip(found.terms, same, strict=True) if constant]


def indifferent(found: Game) -> list[int]:
    """Return the players whose payoffs are the same in every cell."""
    flat = found.tensors.estimate.reshape(len(found.players), -1)
    return [k for k, own in enumerate(flat) if float(np.ptp(own)) <= 1e-9 * max(float(np.abs(own).max()), 1e-300)]
