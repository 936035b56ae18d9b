"""Equilibria in mixed strategies of two players, all of them, and what each can make sure of.

**Method.** Best responses make two polytopes, P = {x >= 0, B'x <= 1} and Q = {y >= 0, Ay <= 1}, for payoffs shifted to
be positive. A vertex carries a label for each inequality that it fulfils exactly: an own strategy that is not played,
an answer of the other that is best. A pair of vertices whose labels together are all of them is an equilibrium (von
Stengel 2002, theorem 2.7). All vertices are listed, so all *extreme* equilibria are found, in degenerate games too,
where methods that look for supports of equal size (support enumeration) or follow one path (Lemke-Howson) miss some.

**Degenerate games.** A vertex with more labels than dimensions has a mixed strategy with more best answers than it has
strategies. Then there may be continua: what lies between extreme equilibria that share one of their two strategies is
an equilibrium, too. Extreme equilibria that hang together so are one *component*.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, islice
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

MOST_SUBSETS = 250_000  # of inequalities that may meet in a vertex: a few seconds
_AT_ONCE = 20_000
_SINGULAR = 1e-11
_SAME = 1e-9


class Mixed(NamedTuple):
    """An extreme equilibrium: the shares with which each player takes its strategies, and what it brings them.

    component : the number of the component that it belongs to.
    """

    first: tuple[float, ...]
    second: tuple[float, ...]
    payoffs: tuple[float, float]
    component: int

    @property
    def pure(self) -> bool:
        """Return whether both play one strategy."""
        return max(self.first) > 1 - _SAME and max(self.second) > 1 - _SAME


class Solved(NamedTuple):
    """All extreme equilibria of a game; degenerate : whether some strategy has more best answers than usual."""

    equilibria: tuple[Mixed, ...]
    degenerate: bool

    @property
    def continua(self) -> int:
        """Return how many components hold more than one point."""
        components = [each.component for each in self.equilibria]
        return sum(components.count(number) > 1 for number in set(components))


class _Vertices(NamedTuple):
    """Vertices of a polytope but for zero: places float64[vertex, dimension], labels bool[vertex, inequality]."""

    places: Values
    labels: NDArray[np.bool_]


def subsets(first: int, second: int) -> int:
    """Return how many sets of inequalities have to be looked at for a game of so many strategies."""
    return comb(first + second, first)


def solve(a: Values, b: Values) -> Solved:
    """Return all extreme equilibria of a game; a, b : payoffs of both, float64[strategy of first, of second].

    Raise ValueError where the game is too large to look at every set of inequalities.
    """
    rows, columns = a.shape
    if subsets(rows, columns) > MOST_SUBSETS:
        raise ValueError(f"{subsets(rows, columns):,} sets of inequalities are more than {MOST_SUBSETS:,}")
    p = _vertices(_positive(b).T)  # labels: own strategies not played, then best answers of the second
    q = _vertices(_positive(a))  # labels: own strategies not played, then best answers of the first
    its = np.concatenate([q.labels[:, columns:], q.labels[:, :columns]], axis=1)
    pairs = [(i, int(j)) for i in range(len(p.places)) for j in np.flatnonzero((p.labels[i] | its).all(axis=1))]
    found = []
    for (i, j), component in zip(pairs, _components(pairs), strict=True):
        x, y = p.places[i] / p.places[i].sum(), q.places[j] / q.places[j].sum()
        found.append(Mixed(_shares(x), _shares(y), (float(x @ a @ y), float(x @ b @ y)), component))
    degenerate = bool((p.labels.sum(axis=1) > rows).any() or (q.labels.sum(axis=1) > columns).any())
    return Solved(tuple(sorted(found, key=lambda each: (each.component, *each.first, *each.second))), degenerate)


def _shares(values: Values) -> tuple[float, ...]:
    return tuple(0.0 if share < _SAME else min(1.0, float(share)) for share in values)


def _positive(payoffs: Values) -> Values:
    """Return payoffs shifted and scaled to lie between 1 and 2: the game stays what it is."""
    low, high = float(payoffs.min()), float(payoffs.max())
    return 1.0 + (payoffs - low) / ((high - low) or 1.0)


def _vertices(inequalities: Values) -> _Vertices:
    """Return the vertices of {z >= 0, inequalities z <= 1} but for zero; inequalities : float64[row, dimension]."""
    rows, dimension = inequalities.shape
    left = np.concatenate([-np.eye(dimension), inequalities])
    right = np.concatenate([np.zeros(dimension), np.ones(rows)])
    found = [np.zeros((0, dimension))]
    for some in _batches(len(left), dimension):
        matrices = left[some]
        regular = np.abs(np.linalg.det(matrices)) > _SINGULAR
        if regular.any():
            z = np.linalg.solve(matrices[regular], right[some[regular]][..., None])[..., 0]
            found.append(z[(z @ left.T <= right + _SAME).all(axis=1) & (z.max(axis=1) > _SAME)])
    places = np.concatenate(found)
    _, kept = np.unique(np.round(places, 8) + 0.0, axis=0, return_index=True)
    places = places[np.sort(kept)]
    return _Vertices(places, np.abs(places @ left.T - right) <= 10 * _SAME)


def _batches(count: int, size: int) -> Iterator[NDArray[np.int64]]:
    """Yield all sets of so many out of `count`, int64[set, size], some at a time."""
    every = combinations(range(count), size)
    while some := list(islice(every, _AT_ONCE)):
        yield np.array(some, np.int64)


def _components(pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Return the component of each pair: pairs that share a vertex hang together."""
    names = list(range(len(pairs)))
    for k, pair in enumerate(pairs):
        for j in range(k):
            if pair[0] == pairs[j][0] or pair[1] == pairs[j][1]:
                old, new = names[k], names[j]
                names = [new if name == old else name for name in names]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return [numbers[name] for name in names]


class Security(NamedTuple):
    """What a player can make sure of by mixing, whatever the other does, and how."""

    value: float
    shares: tuple[float, ...]


def security(own: Values) -> Security:
    """Return the mixed maximin of a player (von Neumann 1928); own : its payoffs, float64[own strategy, the other's].

    The largest v with x'own >= v in every column, x a distribution: a linear programme.
    """
    from scipy.optimize import linprog

    rows, columns = own.shape
    low, width = float(own.min()), float(np.ptp(own)) or 1.0
    scaled = (own - low) / width
    above = np.concatenate([-scaled.T, np.ones((columns, 1))], axis=1)
    found = linprog(
        np.concatenate([np.zeros(rows), [-1.0]]),
        A_ub=above,
        b_ub=np.zeros(columns),
        A_eq=np.concatenate([np.ones((1, rows)), np.zeros((1, 1))], axis=1),
        b_eq=[1.0],
        bounds=[(0, 1)] * rows + [(0, 1)],
        method="highs",
    )
    return Security(low + width * float(found.x[-1]), _shares(found.x[:rows]))
