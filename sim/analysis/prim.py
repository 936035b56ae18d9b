"""PRIM: boxes of assumptions in which an event is frequent (Friedman and Fisher 1999; Bryant and Lempert 2010).

A box is peeled: again and again the slice (a share of what is left, at either end of one input) is cut whose loss
raises the density most. With many inputs the best cut is soon one of chance: only inputs are peeled that go with the
event in the half of the draws that is peeled (a line or four slices tell it, p < 0.01). Of the boxes on that path the
one is taken that the held-out half supports best; it is pasted (widened where that does not lower the density), and
restrictions that could be chance (quasi-p-value above 0.05) are dropped. Density, coverage and mass are the held-out
half's. It has picked the step on the path, so they are a little too good.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.stats import wilson

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]
PEEL, LEAST_MASS, CHANCE = 0.07, 0.08, 0.05
RELEVANT, MOST_INPUTS, SLICES = 0.01, 10, 4
LEAST_DRAWS = 80


class Limit(NamedTuple):
    """A restriction of an input to low <= x <= high (infinite: open), and the chance that it does nothing."""

    low: float
    high: float
    quasi_p: float = np.nan


class Measured(NamedTuple):
    """How good a box is on some draws.

    density : share of runs in the box with the event, with its 95 % interval; coverage : share of all runs with the
    event that lie in the box; mass : share of draws in the box.
    """

    density: float
    density_low: float
    density_high: float
    coverage: float
    mass: float


class Step(NamedTuple):
    """A box on the path of peeling: its measures in the half that it was peeled in, and in the held-out half."""

    restricted: int
    train: Measured
    held_out: Measured


@dataclass(frozen=True)
class Box:
    """A box: its limits by input, and its measures in the held-out half."""

    limits: Mapping[str, Limit]
    held_out: Measured
    path: tuple[Step, ...]


Limits = dict[int, tuple[float, float]]


def find_boxes(inputs: Mapping[str, Values], shares: Values, most: int = 2) -> list[Box]:
    """Return up to so many boxes, each among the draws that those before leave.

    inputs : float64[draw] by name; shares : float64[draw], the share of a draw's runs with the event.
    Draws of even place train, those of odd place are held out.
    """
    names, columns = list(inputs), np.stack(list(inputs.values()), axis=1)
    left, found = np.ones(len(shares), np.bool_), list[Box]()
    for _ in range(most):
        box = _box(names, columns[left], shares[left], shares)
        if box is None:
            break
        found.append(box)
        left &= ~inside(columns, {names.index(name): limit[:2] for name, limit in box.limits.items()})
        if left.sum() < LEAST_DRAWS:
            break
    return found


def inside(columns: Values, limits: Mapping[int, tuple[float, float]]) -> Mask:
    """Return which draws lie in a box, bool[draw]."""
    held = np.ones(len(columns), np.bool_)
    for k, (low, high) in limits.items():
        held &= (columns[:, k] >= low) & (columns[:, k] <= high)
    return held


def _box(names: list[str], columns: Values, shares: Values, every: Values) -> Box | None:
    """Return the box that held-out draws support best; None where none has more than the whole."""
    train = np.arange(len(shares)) % 2 == 0
    if not 0 < shares[train].mean() < 1:
        return None
    some = relevant(columns[train], shares[train])
    boxes = [{some[k]: limit for k, limit in limits.items()} for limits in peel(columns[train][:, some], shares[train])]
    of_all = float(shares.sum() / every.sum()), len(shares) / len(every)  # what earlier boxes have left
    steps = tuple(_step(columns, shares, train, limits) for limits in boxes)
    best = max(
        range(len(boxes)), key=lambda k: _support(steps[k].held_out, float(shares[~train].mean()), (~train).sum())
    )
    limits = paste(columns[train], shares[train], boxes[best])
    limits, chances = drop_chance(columns, shares, limits)
    measured = measure(columns[~train], shares[~train], limits)
    if not limits or measured.density_low <= shares[~train].mean():
        return None
    told = {names[k]: Limit(*limits[k], chances[k]) for k in limits}
    whole = measured._replace(coverage=measured.coverage * of_all[0], mass=measured.mass * of_all[1])
    return Box(told, whole, steps)


def relevant(columns: Values, shares: Values) -> list[int]:
    """Return the inputs that go with the event, by a straight line or by the means of slices; at most ten."""
    chances = [_chance(column, shares) for column in columns.T]
    order = sorted(range(len(chances)), key=lambda k: chances[k])
    return [k for k in order if chances[k] < RELEVANT][:MOST_INPUTS]


def _chance(column: Values, shares: Values) -> float:
    """Return how likely as strong a relation is where there is none: the smaller p of two F tests."""
    from scipy.special import fdtrc

    count, total = len(shares), float(np.square(shares - shares.mean()).sum())
    if not total or not column.std():
        return 1.0
    by_line = total * float(np.corrcoef(column, shares)[0, 1]) ** 2
    parts = [shares[part] for part in np.array_split(np.argsort(column, kind="stable"), SLICES)]
    by_slice = sum(len(part) * float(part.mean() - shares.mean()) ** 2 for part in parts)
    return min(
        float(
            fdtrc(
                freedom,
                count - freedom - 1,
                explained / freedom / max((total - explained) / (count - freedom - 1), 1e-12),
            )
        )
        for explained, freedom in ((by_line, 1), (by_slice, SLICES - 1))
    )


def _step(columns: Values, shares: Values, train: Mask, limits: Limits) -> Step:
    halves = (measure(columns[half], shares[half], limits) for half in (train, ~train))
    return Step(len(limits), *halves)


def _support(measured: Measured, base: float, draws: int) -> float:
    """Return by how many standard errors the density in a box is above the whole's."""
    return (measured.density - base) * (measured.mass * draws) ** 0.5 if measured.mass > 0 else -np.inf


def measure(columns: Values, shares: Values, limits: Limits) -> Measured:
    """Return density, coverage and mass of a box; of an empty one density is not-a-number."""
    held = inside(columns, limits)
    count, hits = int(held.sum()), float(shares[held].sum())
    if not count:
        return Measured(np.nan, np.nan, np.nan, 0.0, 0.0)
    low, high = wilson(hits / count, count)
    return Measured(hits / count, low, high, hits / float(shares.sum() or 1.0), count / len(shares))


def peel(columns: Values, shares: Values) -> list[Limits]:
    """Return the boxes on the path of peeling, from no restriction to the least mass."""
    limits: Limits = {}
    path, held = [limits], np.ones(len(shares), np.bool_)
    while held.sum() * (1 - PEEL) >= LEAST_MASS * len(shares):
        better = _best_slice(columns, shares, held)
        if better is None:
            break
        k, low, high = better
        was = limits.get(k, (-np.inf, np.inf))
        limits = {**limits, k: (max(low, was[0]), min(high, was[1]))}
        held = inside(columns, limits)
        path.append(limits)
    return path


def _best_slice(columns: Values, shares: Values, held: Mask) -> tuple[int, float, float] | None:
    """Return the input and its new limits after the cut that raises the mean of what is left most."""
    rows, values = columns[held], shares[held]
    best, gain = None, float(values.mean())
    cut = max(1, int(np.ceil(PEEL * len(rows))))
    order = np.argsort(rows, axis=0, kind="stable")
    for k in range(rows.shape[1]):
        column = rows[:, k]
        for low, high in ((column[order[cut, k]], np.inf), (-np.inf, column[order[-cut - 1, k]])):
            kept = (column >= low) & (column <= high)
            if 0 < kept.sum() < len(rows) and values[kept].mean() > gain:
                best, gain = (k, float(low), float(high)), float(values[kept].mean())
    return best


def paste(columns: Values, shares: Values, limits: Limits) -> Limits:
    """Return a box widened, a slice at a time, as long as its density does not fall."""
    while True:
        held = inside(columns, limits)
        wider = [_wider(columns, held, limits, k, end) for k in limits for end in (0, 1) if np.isfinite(limits[k][end])]
        density = float(shares[held].mean()) if held.any() else 0.0
        options = [(float(shares[inside(columns, each)].mean()), place) for place, each in enumerate(wider) if each]
        if not options or max(options)[0] < density:
            return limits
        chosen = wider[max(options)[1]]
        assert chosen is not None
        limits = chosen


def _wider(columns: Values, held: Mask, limits: Limits, k: int, end: int) -> Limits | None:
    """Return the box with one end moved out so that it takes a slice more; None where there is nothing beyond."""
    low, high = limits[k]
    others = inside(columns, {j: limit for j, limit in limits.items() if j != k})
    beyond = columns[others & ((columns[:, k] < low) if end == 0 else (columns[:, k] > high)), k]
    if not len(beyond):
        return None
    take = min(len(beyond), max(1, int(np.ceil(PEEL * held.sum()))))
    edge = np.sort(beyond)[-take] if end == 0 else np.sort(beyond)[take - 1]
    return {**limits, k: (float(edge), high) if end == 0 else (low, float(edge))}


def drop_chance(columns: Values, shares: Values, limits: Limits) -> tuple[Limits, dict[int, float]]:
    """Return the box without restrictions that could be chance, the likeliest first, and the quasi-p-values left."""
    while limits:
        chances = {k: quasi_p(columns, shares, limits, k) for k in limits}
        worst = max(chances, key=lambda k: chances[k])
        if chances[worst] <= CHANCE:
            return limits, chances
        limits = {k: limit for k, limit in limits.items() if k != worst}
    return {}, {}


def quasi_p(columns: Values, shares: Values, limits: Limits, k: int) -> float:
    """Return the chance of as many events in the box if the restriction of input k did nothing (a binomial tail)."""
    from scipy.special import bdtrc

    held = inside(columns, limits)
    wide = inside(columns, {j: limit for j, limit in limits.items() if j != k})
    hits, count, rate = float(shares[held].sum()), int(held.sum()), float(shares[wide].mean())
    return 1.0 if hits < 1 else float(bdtrc(np.floor(hits) - 1, count, min(max(rate, 0.0), 1.0)))
