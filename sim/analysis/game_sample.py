"""The runs behind a game: a look, a pilot on all cells, then more replications for the cells that decide.

A comparison is *undecided* while the interval of its paired difference holds zero. More replications can decide it only
if the difference is larger than what endless replications of the same draws would leave open; where it is not, only
more draws of the assumptions could. Replications go first to what the leader compares, then to the followers' best
responses, then to the other best responses, in each to those that are nearest to being decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.equilibrium import answers, payoff
from sim.analysis.objectives import Term, outcomes_of, refuse_null, scales, term_values
from sim.analysis.payoffs import Contrasts, Judge, Sampled, deviations
from sim.errors import RunError
from sim.experiment.design import Design

if TYPE_CHECKING:
    from sim.experiment.evaluate import Evaluate
    from sim.experiment.strategies import Form

Values = NDArray[np.float64]
Whole = NDArray[np.int64]

_CHUNK = 256  # cells evaluated together
_GROWTH = 3  # times the replications of a round before
MOST_ROUNDS = 4
_LOOK = 2  # replications of the central draw


class Settings(NamedTuple):
    """How much is run.

    pilot : replications of each draw in every cell; budget : runs that all may take together; leader : its number;
    reference : the cell of the form that payoffs are counted from.
    """

    seed: int
    draws: int
    pilot: int
    budget: int
    leader: int
    reference: int = 0


@dataclass(frozen=True)
class Grid:
    """The strategies of a game without those that are the same as another in every run.

    kept : of each player, the numbers of its strategies; merged : player, strategy, and the one that it is the same as.
    """

    form: Form
    kept: tuple[tuple[int, ...], ...]
    merged: tuple[tuple[int, int, int], ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Return how many strategies each player has."""
        return tuple(len(each) for each in self.kept)

    @property
    def cells(self) -> Whole:
        """Return the numbers of its cells in the form, int64[cell]."""
        every = np.arange(self.form.cells).reshape(self.form.shape)
        return every[np.ix_(*self.kept)].ravel()

    def reduced(self, cell: int) -> int:
        """Return the number in the grid of a cell of the form, or of the one that is the same as it in every run."""
        same = {(player, extra): of for player, extra, of in self.merged}
        taken = [same.get((player, k), k) for player, k in enumerate(self.form.profile(cell))]
        at = [own.index(k) for own, k in zip(self.kept, taken, strict=True)]
        return int(np.ravel_multi_index(at, self.shape))

    def labels(self, player: int) -> list[str]:
        """Return the strategies of a player in short."""
        every = self.form.labels(player)
        return [every[k] for k in self.kept[player]]

    def said(self, player: int, strategy: int) -> str:
        """Return a strategy as a sentence names it."""
        return self.form.said(player, self.kept[player][strategy])

    def without(self, player: int, merged: Mapping[int, int]) -> Grid:
        """Return the grid without strategies of a player that are the same as another."""
        own = self.kept[player]
        left = tuple(k for at, k in enumerate(own) if at not in merged)
        kept = tuple(left if p == player else each for p, each in enumerate(self.kept))
        found = tuple((player, own[extra], own[of]) for extra, of in merged.items())
        return Grid(self.form, kept, (*self.merged, *found))


class Round(NamedTuple):
    """A round of runs: how many cells got how many replications, and how many comparisons were open before it."""

    cells: int
    replications: int
    open: int


class Played(NamedTuple):
    """What the runs gave.

    rounds : the pilot, then the further ones; left_out : draws and replications in which a run failed;
    open : comparisons that further replications could decide, had there been budget; beyond : those that only more
    draws could.
    """

    grid: Grid
    sampled: Sampled
    rounds: tuple[Round, ...]
    left_out: tuple[int, int]
    open: int
    beyond: int


def play(form: Form, terms: Sequence[Term], evaluate: Evaluate, settings: Settings) -> Played:
    """Run the cells of a game until its comparisons are decided, cannot be, or the budget is spent."""
    runner = _Runner(form, terms, evaluate, settings)
    every = np.arange(form.cells)
    refuse_null(terms, runner.table(every, 0, _LOOK), form)
    grid = Grid(form, tuple(tuple(range(size)) for size in form.shape))
    runner.run(every, settings.pilot)
    refuse_null(terms, runner.kept, form)
    grid = merge(grid, runner.sampled(every, settings.reference)[0])
    rounds = [Round(form.cells, settings.pilot, 0)]
    while True:
        sampled, left_out = runner.sampled(grid.cells, grid.reduced(settings.reference))
        found = open_comparisons(sampled, grid.shape, settings.leader)
        replications = settings.pilot * _GROWTH ** len(rounds)
        chosen = runner.affordable(found.pairs, sampled.reference, replications)
        if len(rounds) >= MOST_ROUNDS or not len(chosen):
            return Played(grid, sampled, tuple(rounds), left_out, len(found.pairs), found.beyond)
        runner.run(grid.cells[chosen], replications)
        rounds.append(Round(len(chosen), replications, len(found.pairs)))


class _Runner:
    """Runs cells and keeps what came of them."""

    def __init__(self, form: Form, terms: Sequence[Term], evaluate: Evaluate, settings: Settings) -> None:
        self._form, self._terms, self._evaluate, self._settings = form, terms, evaluate, settings
        self._values = np.zeros((len(terms), form.cells, 0, 0))
        self._counts = np.zeros(form.cells, np.int64)
        self._spent = 0
        self.kept: Mapping[str, Values] = {}

    def table(self, cells: Whole, draws: int, replications: int) -> dict[str, Values]:
        """Return outcomes of some cells, float64[cell, draw, replication] by name."""
        names = outcomes_of(self._terms)
        design = Design(self._settings.seed, draws, replications)
        parts = [
            self._evaluate(self._form.points(cells[k : k + _CHUNK].tolist()), design, names).values
            for k in range(0, len(cells), _CHUNK)
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in names}

    def run(self, cells: Whole, replications: int) -> None:
        """Give some cells so many replications."""
        self.kept = self.table(cells, self._settings.draws, replications)
        found = term_values(self._terms, self.kept, cells)
        terms, _, draws, most = found.shape
        values = np.full((terms, self._form.cells, draws, max(most, self._values.shape[-1])), np.nan)
        values[..., : self._values.shape[-1]] = self._values if self._values.size else np.nan
        values[:, cells, :, :most] = found
        self._values, self._counts[cells] = values, replications
        self._spent += len(cells) * draws * replications

    def affordable(self, pairs: Sequence[tuple[int, int]], reference: int, replications: int) -> Whole:
        """Return the cells of comparisons, the most important first, that the budget allows so many replications.

        The reference is always with them; where nothing else fits there are none.
        """
        each = self._values.shape[2] * replications
        room = (self._settings.budget - self._spent) // each
        chosen = {reference: None}
        for pair in pairs:
            wanted = dict.fromkeys([*chosen, *pair])
            if len(wanted) <= room:
                chosen = wanted
        return np.array(sorted(chosen) if len(chosen) > 1 else [], np.int64)

    def sampled(self, cells: Whole, reference: int) -> tuple[Sampled, tuple[int, int]]:
        """Return the runs of some cells on draws and replications that all of them have, and how many are left out."""
        values, counts = self._values[:, cells], self._counts[cells]
        there = np.all(np.isfinite(values), axis=0)
        ran = there | (np.arange(values.shape[-1]) >= counts[:, None, None])
        draws = np.asarray(np.all(np.any(there, axis=-1), axis=0))
        replications = np.asarray(np.all(ran[:, draws], axis=(0, 1)))
        left = np.array([int(replications[:count].sum()) for count in counts])
        if not draws[0] or not left.all():
            raise RunError("too many runs failed: no draw or no replication is left that every cell of the game has")
        kept = values[:, :, draws][..., replications]
        out = int((~draws).sum()), int((~replications[: counts.max()]).sum())
        return Sampled(kept, left, scales(self._terms, len(self._form.players)), reference), out


def merge(grid: Grid, sampled: Sampled) -> Grid:
    """Return the grid with one of strategies that bring everybody the same in every run, whatever the others do."""
    payoffs = np.einsum("pt,tcdr->pcdr", sampled.scales, sampled.values)
    payoffs = payoffs.reshape(len(payoffs), *grid.shape, -1)
    for player in range(len(grid.shape)):
        rows = np.moveaxis(payoffs, player + 1, 0)
        rows = rows.reshape(len(rows), -1)
        same: dict[int, int] = {}
        for k in range(1, len(rows)):
            of = next((j for j in range(k) if j not in same and np.array_equal(rows[j], rows[k])), None)
            if of is not None:
                same[k] = of
        grid = grid.without(player, same)
        keep = [k for k in range(len(rows)) if k not in same]
        payoffs = np.take(payoffs, keep, axis=player + 1)
    return grid


class Open(NamedTuple):
    """Pairs of cells whose comparison replications can decide, the most important first; beyond : how many cannot."""

    pairs: tuple[tuple[int, int], ...]
    beyond: int


def open_comparisons(sampled: Sampled, shape: tuple[int, ...], leader: int) -> Open:
    """Return the comparisons with best choices that are undecided."""
    judge = Judge(sampled)
    tensor = judge.estimates.reshape(len(shape), *shape)
    replies = judge.contrasts(*deviations(shape))
    leads = led_contrasts(judge, tensor, leader)
    best = best_cells(tensor)
    against_best = (replies.first == best[replies.player, replies.first]) | (
        replies.second == best[replies.player, replies.first]
    )
    own = tensor[leader].ravel()
    top = max(induced(tensor, leader).values(), key=lambda cell: own[cell], default=-1)
    kinds = [
        (leads, (leads.first == top) | (leads.second == top)),
        (replies, against_best & (replies.player != leader)),
        (replies, against_best & (replies.player == leader)),
    ]
    return _open(kinds)


def _open(kinds: Sequence[tuple[Contrasts, NDArray[np.bool_]]]) -> Open:
    pairs: dict[tuple[int, int], None] = {}
    beyond = 0
    for contrasts, matters in kinds:
        settled = contrasts.told | ((contrasts.low == 0) & (contrasts.high == 0))
        undecided = matters & ~settled
        known = np.isfinite(contrasts.low)
        can = undecided & ((np.abs(contrasts.estimate) > contrasts.floor) | ~known)
        beyond += int((undecided & ~can).sum())
        with np.errstate(invalid="ignore", divide="ignore"):
            near = np.nan_to_num(np.abs(contrasts.estimate) / (contrasts.high - contrasts.low))
        for k in np.argsort(-near, kind="stable"):
            if can[k]:
                pairs[int(contrasts.first[k]), int(contrasts.second[k])] = None
    return Open(tuple(pairs), beyond)


def best_cells(tensor: Values) -> Whole:
    """Return the cell in which a player answers best, for each player and cell, int64[player, cell]."""
    players, shape = len(tensor), tensor.shape[1:]
    cells = np.arange(int(np.prod(shape))).reshape(shape)
    found = []
    for player in range(players):
        at = payoff(tensor, player, players).argmax(axis=player)
        chosen = np.take_along_axis(cells, np.expand_dims(at, player), axis=player)
        found.append(np.broadcast_to(chosen, shape).ravel())
    return np.stack(found)


def induced(tensor: Values, leader: int) -> dict[int, int]:
    """Return the cell that each strategy of the leader leads to (ties in its favour); none for those without answer."""
    players, shape = len(tensor), tensor.shape[1:]
    cells = np.arange(int(np.prod(shape))).reshape(shape)
    stable, own, at = (
        np.moveaxis(each, leader, 0).reshape(shape[leader], -1)
        for each in (answers(tensor, players, leader), tensor[leader], cells)
    )
    best = np.where(stable, own, -np.inf).argmax(axis=1)
    return {k: int(at[k, best[k]]) for k in range(shape[leader]) if stable[k].any()}


def led_contrasts(judge: Judge, tensor: Values, leader: int) -> Contrasts:
    """Return what the leader compares: its payoffs between the cells that its strategies lead to."""
    cells = list(induced(tensor, leader).values())
    pairs = [(a, b) for k, a in enumerate(cells) for b in cells[k + 1 :]]
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    return judge.contrasts(np.full(len(pairs), leader), first, second)
