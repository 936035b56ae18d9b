"""The points of a design: list, grid, optimised Latin hypercube, Sobol' sequence; each point once."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.experiment.factors import VARY, Factor, Value

GRID, LHS, SOBOL, LIST = "grid", "lhs", "sobol", "list"
DESIGNS = (GRID, LHS, SOBOL, LIST)
MOST_POINTS = 1_000_000
_OPTIMISED = 1_000  # points; beyond, a Latin hypercube by lot is nearly as good and optimising takes minutes
_SMALLEST = 1e-9  # distance from 0 and 1 at which a quantile is taken


class Layout(NamedTuple):
    """Which design, of how many points (None: as many as the levels make), and the seed of its lots."""

    kind: str = GRID
    points: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class Points:
    """The points of a design.

    columns : the value of each factor at each point: float64[point] for numbers, else texts.
    notes : what is to be said of the design: correlations, repeats left out.
    """

    factors: tuple[Factor, ...]
    columns: dict[str, NDArray[Any]]
    notes: tuple[str, ...] = ()
    count: int = 1

    def __len__(self) -> int:
        """Return how many points there are."""
        return self.count

    def at(self, point: int) -> dict[str, Value]:
        """Return the value of each factor at a point."""
        return {name: _value(column[point]) for name, column in self.columns.items()}

    def label(self, point: int) -> str:
        """Return 'people = 3000, inflow = none'."""
        names = short_names([factor.name for factor in self.factors])
        values = self.at(point).values()
        return ", ".join(f"{name} = {_shown(value)}" for name, value in zip(names, values, strict=True))


def design_points(factors: tuple[Factor, ...], layout: Layout) -> Points:
    """Return the points of a design over some factors; raise InputError where it makes none, or too many."""
    if layout.kind not in DESIGNS:
        raise InputError.single("--design", "", f"'{layout.kind}' does not exist; allowed: {', '.join(DESIGNS)}")
    if not factors:
        raise InputError.single(VARY, "", "the design is empty: name what varies, such as --vary PATH=LO:HI:STEP")
    if layout.kind in (LHS, SOBOL):
        return _sampled(factors, layout)
    if layout.points is not None:
        message = f"is for lhs and sobol; the levels of the factors make the points of a {layout.kind}"
        raise InputError.single("--points", "", message)
    rows = _grid(factors) if layout.kind == GRID else _listed(factors)
    return _distinct(factors, rows, ())


def _grid(factors: tuple[Factor, ...]) -> list[NDArray[Any]]:
    levels = [factor.levels() for factor in factors]
    _check_count(math.prod(len(each) for each in levels), " x ".join(f"{len(each):,}" for each in levels))
    places = np.indices([len(each) for each in levels]).reshape(len(levels), -1)
    return [_column(factor, each)[at] for factor, each, at in zip(factors, levels, places, strict=True)]


def _listed(factors: tuple[Factor, ...]) -> list[NDArray[Any]]:
    """Return the points of a list: the first values of all factors, the second values, and so on."""
    levels = [factor.levels() for factor in factors]
    lengths = {len(each) for each in levels}
    if len(lengths) > 1:
        counts = ", ".join(f"{factor.name} {len(each)}" for factor, each in zip(factors, levels, strict=True))
        message = f"a list takes the first value of each factor, then the second: they need as many ({counts})"
        raise InputError.single(VARY, "", message)
    return [_column(factor, each) for factor, each in zip(factors, levels, strict=True)]


def _column(factor: Factor, values: Sequence[Value]) -> NDArray[Any]:
    return np.array(values, np.float64 if factor.numeric else object)


def _check_count(count: int, how: str) -> None:
    if count > MOST_POINTS:
        message = f"would make {count:,} points ({how}), more than {MOST_POINTS:,}; take larger steps, or --design lhs"
        raise InputError.single(VARY, "", message)


def _sampled(factors: tuple[Factor, ...], layout: Layout) -> Points:
    if layout.points is None:
        raise InputError.single("--points", "", f"a design by {layout.kind} needs the number of points: --points N")
    if layout.points < 1:
        raise InputError.single("--points", "", f"{layout.points} is below 1; nothing would be run")
    _check_count(layout.points, f"--points {layout.points}")
    make = _latin_hypercube if layout.kind == LHS else _sobol
    shares, notes = make(len(factors), layout.points, layout.seed)
    shares = np.clip(shares, _SMALLEST, 1 - _SMALLEST)
    rows = [_column(factor, [factor.at(float(u)) for u in shares[:, k]]) for k, factor in enumerate(factors)]
    if len(factors) > 1 and layout.points > 2:
        notes = (*notes, _correlation(factors, shares))
    return _distinct(factors, rows, notes)


def _latin_hypercube(dimensions: int, count: int, seed: int) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    from scipy.stats import qmc

    better = 1 < count <= _OPTIMISED and dimensions > 1
    sampler = qmc.LatinHypercube(
        dimensions, optimization="random-cd" if better else None, seed=np.random.default_rng([seed, dimensions, count])
    )
    note = () if better or dimensions == 1 else (f"more than {_OPTIMISED:,} points: not optimised",)
    return np.asarray(sampler.random(count)), note if count > _OPTIMISED else ()


def _sobol(dimensions: int, count: int, seed: int) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return scrambled Sobol' points; a longer sequence begins with the same points."""
    from scipy.stats import qmc

    sampler = qmc.Sobol(dimensions, scramble=True, seed=np.random.default_rng([seed, dimensions]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the balance of powers of two: said below
        shares = np.asarray(sampler.random(count))
    if count & (count - 1) == 0:
        return shares, ()
    below = 1 << (count.bit_length() - 1)
    return shares, (f"{count:,} is no power of two, so the Sobol' points lack balance; {below:,} or {2 * below:,} are",)


def _correlation(factors: tuple[Factor, ...], shares: NDArray[np.float64]) -> str:
    """Return the largest correlation between two factors."""
    found = np.abs(np.corrcoef(shares.T) - np.eye(len(factors)))
    a, b = np.unravel_index(int(found.argmax()), found.shape)
    names = short_names([factor.name for factor in factors])
    return f"largest correlation between two factors: {found[a, b]:.3f} ({names[min(a, b)]}, {names[max(a, b)]})"


def _distinct(factors: tuple[Factor, ...], rows: list[NDArray[Any]], notes: tuple[str, ...]) -> Points:
    """Return the points, each once: levels and whole numbers make points of a sample meet."""
    seen = dict.fromkeys(zip(*(row.tolist() for row in rows), strict=True))
    total = len(rows[0])
    if len(seen) < total:
        notes = (*notes, f"{total - len(seen):,} of {total:,} points repeat others and are left out")
        rows = [_column(factor, each) for factor, each in zip(factors, zip(*seen, strict=True), strict=True)]
    columns = {factor.name: row for factor, row in zip(factors, rows, strict=True)}
    return Points(factors, columns, notes, len(seen))


def single() -> Points:
    """Return the design of a plain run: one point at which nothing varies."""
    return Points((), {})


def short_names(names: Sequence[str]) -> list[str]:
    """Return the ends of dotted names, as long as it takes to tell them apart."""

    def ends(name: str) -> Iterator[str]:
        steps = name.split(".")
        return (".".join(steps[k:]) for k in range(len(steps) - 1, -1, -1))

    def unique(name: str) -> str:
        others = [other for other in names if other != name]
        return next((end for end in ends(name) if not any(f".{o}".endswith(f".{end}") for o in others)), name)

    return [unique(name) for name in names]


def _value(value: Any) -> Value:
    return value if isinstance(value, str) else float(value)


def _shown(value: Value) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.5g}"
