"""Distributions that an uncertain number can have, written `{triangular: [0.5, 0.7, 0.9]}`.

Everything is by inverse CDF of one uniform, so that a draw stays in step when parameters change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

ARGUMENTS: dict[str, tuple[str, ...]] = {
    "triangular": ("[low, mode, high]",),
    "normal": ("[mean, sd]",),
    "lognormal": ("[median, sigma of the logarithm]",),
    "uniform": ("[low, high]",),
    "beta": ("[a, b]", "[a, b, low, high]"),
    "choice": ("[first, second, ...]",),
}
NUMBER_KEYS = ("value", *ARGUMENTS)
QUANTITY_KEYS = (*NUMBER_KEYS, "source", "known", "range", "confidence", "note")
_UNITLESS = {("lognormal", 1), ("beta", 0), ("beta", 1)}
_TINY = 1e-300
_BELOW_ONE = math.nextafter(1.0, 0.0)


def carries_unit(kind: str, index: int) -> bool:
    """Return whether an argument is in the unit of the field (shape parameters are not)."""
    return (kind, index) not in _UNITLESS


@dataclass(frozen=True)
class Distribution:
    """What is believed of an uncertain number, in the unit of its field.

    arguments : as listed in `ARGUMENTS`; `choice` gives its values equal weight.
    """

    kind: str
    arguments: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse arguments that make no distribution."""
        problem = _problem(self.kind, self.arguments)
        if problem:
            raise ValueError(problem)

    def central(self) -> float:
        """Return the value used when nothing is sampled: the mode of a triangular, the first choice, else the median.

        The mode, because people write a triangular as low, central, high.
        """
        if self.kind == "choice":
            return self.arguments[0]
        if self.kind == "triangular":
            return self.arguments[1]
        return self.quantile(0.5)

    def support(self) -> tuple[float, float]:
        """Return the lowest and highest possible value."""
        if self.kind == "normal":
            return -math.inf, math.inf
        if self.kind == "lognormal":
            return 0.0, math.inf
        if self.kind == "beta":
            return (self.arguments[2], self.arguments[3]) if len(self.arguments) == 4 else (0.0, 1.0)
        return min(self.arguments), max(self.arguments)

    def quantile(self, u: float, low: float = -math.inf, high: float = math.inf) -> float:
        """Return the inverse CDF at `u` of the distribution truncated to [low, high]."""
        if not 0.0 <= u <= 1.0:
            raise ValueError(f"u is {u}, not in [0, 1]")
        if self.kind == "choice":
            return self._pick(u, low, high)
        start, end = max(low, self.support()[0]), min(high, self.support()[1])
        if start >= end:
            return min(max(start, low), high)
        below, above = self.cdf(start), self.cdf(end)
        return min(max(self._inverse(below + u * (above - below)), start), end)

    def cdf(self, x: float) -> float:
        """Return P(value <= x), without truncation."""
        start, end = self.support()
        if x <= start:
            return 1.0 if start == end == x else 0.0
        return 1.0 if x >= end else self._cdf_inside(x)

    def _pick(self, u: float, low: float, high: float) -> float:
        values = [value for value in self.arguments if low <= value <= high]
        if not values:
            raise ValueError(f"none of the choices {list(self.arguments)} is in [{low}, {high}]")
        return values[min(int(u * len(values)), len(values) - 1)]

    def _cdf_inside(self, x: float) -> float:
        if self.kind == "choice":
            return sum(value <= x for value in self.arguments) / len(self.arguments)
        if self.kind == "triangular":
            return _triangular_cdf(x, *self.arguments)
        if self.kind == "uniform":
            return (x - self.arguments[0]) / (self.arguments[1] - self.arguments[0])
        if self.kind == "beta":
            return _beta_cdf(x, self.arguments[0], self.arguments[1], self.support())
        return self._normal().cdf(math.log(x) if self.kind == "lognormal" else x)

    def _inverse(self, p: float) -> float:
        if self.kind == "triangular":
            return _triangular_inverse(p, *self.arguments)
        if self.kind == "uniform":
            return self.arguments[0] + p * (self.arguments[1] - self.arguments[0])
        if self.kind == "beta":
            return _beta_inverse(p, self.arguments[0], self.arguments[1], self.support())
        return self._normal_inverse(min(max(p, _TINY), _BELOW_ONE))

    def _normal(self) -> NormalDist:
        place, spread = self.arguments
        return NormalDist(math.log(place) if self.kind == "lognormal" else place, spread)

    def _normal_inverse(self, p: float) -> float:
        if self.kind == "normal":
            return self._normal().inv_cdf(p)
        return self.arguments[0] * math.exp(NormalDist(0.0, self.arguments[1]).inv_cdf(p))


def _problem(kind: str, arguments: tuple[float, ...]) -> str | None:
    """Return what is wrong with the arguments of a distribution, or None."""
    if kind not in ARGUMENTS:
        return f"{kind!r} is not a distribution; allowed: {', '.join(ARGUMENTS)}"
    if kind == "choice":
        return None if arguments else "choice needs at least one value"
    sizes = [form.count(",") + 1 for form in ARGUMENTS[kind]]
    if len(arguments) not in sizes:
        return f"{kind} needs {' or '.join(ARGUMENTS[kind])}, not {len(arguments)} numbers"
    if kind in ("triangular", "uniform"):
        return _unordered(kind, arguments)
    return _bad_shape(kind, arguments)


def _unordered(kind: str, arguments: tuple[float, ...]) -> str | None:
    if list(arguments) == sorted(arguments):
        return None
    shown = ", ".join(f"{argument:.12g}" for argument in arguments)
    return f"{kind} {ARGUMENTS[kind][0]} must rise, but is [{shown}]"


def _bad_shape(kind: str, arguments: tuple[float, ...]) -> str | None:
    if kind == "beta":
        if min(arguments[:2]) <= 0:
            return f"a and b of a beta must be above 0, not {arguments[0]:.12g} and {arguments[1]:.12g}"
        return "low of a beta must be below high" if len(arguments) == 4 and arguments[2] >= arguments[3] else None
    if kind == "lognormal" and arguments[0] <= 0:
        return f"the median of a lognormal must be above 0, not {arguments[0]:.12g}"
    name = "sd of a normal" if kind == "normal" else "sigma of a lognormal"
    return None if arguments[1] > 0 else f"the {name} must be above 0, not {arguments[1]:.12g}"


def _triangular_cdf(x: float, low: float, mode: float, high: float) -> float:
    if x <= mode:
        return (x - low) ** 2 / ((high - low) * (mode - low))
    return 1.0 - (high - x) ** 2 / ((high - low) * (high - mode))


def _triangular_inverse(p: float, low: float, mode: float, high: float) -> float:
    if p * (high - low) <= mode - low:
        return low + math.sqrt(p * (high - low) * (mode - low))
    return high - math.sqrt((1.0 - p) * (high - low) * (high - mode))


def _beta_cdf(x: float, a: float, b: float, support: tuple[float, float]) -> float:
    from scipy.special import betainc

    return float(betainc(a, b, (x - support[0]) / (support[1] - support[0])))


def _beta_inverse(p: float, a: float, b: float, support: tuple[float, float]) -> float:
    from scipy.special import betaincinv

    return support[0] + float(betaincinv(a, b, p)) * (support[1] - support[0])
