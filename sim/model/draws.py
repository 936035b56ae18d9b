"""Random numbers: xoshiro256++ streams, draws by address, and inverse-CDF transforms.

A stream serves one purpose, side and front and is seeded from (seed, replication, stream). What happens
once is drawn by its address (purpose, a, b, c), so that an event added elsewhere does not shift it.
Sources: Blackman & Vigna (2021) for xoshiro256++; Steele, Lea & Flood (2014) for splitmix64; Wichura
(1988), algorithm AS 241, for the normal quantile.
"""

import math

import numpy as np

from sim.model.codes import FRONTS, PURPOSES, SIDES
from sim.model.kernel import State, Word, kernel

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_U12, _U17, _U19, _U23 = np.uint64(12), np.uint64(17), np.uint64(19), np.uint64(23)
_U27, _U30, _U31, _U41, _U45 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(41), np.uint64(45)


@kernel
def mix(x: Word) -> Word:
    """The splitmix64 finaliser of a 64-bit word."""
    x = (x ^ (x >> _U30)) * _MIX_1
    x = (x ^ (x >> _U27)) * _MIX_2
    return x ^ (x >> _U31)


@kernel
def stream_id(purpose: int, front: int, side: int) -> int:
    """The number of the stream of a purpose, a front and a side."""
    return (purpose * FRONTS + front) * SIDES + side


@kernel
def seed_streams(s: State) -> None:
    """Seed every stream of a run from (seed, replication, stream)."""
    root = mix(mix(s.seed + _GOLDEN) + s.replication * _GOLDEN + _GOLDEN)
    for k in range(PURPOSES * FRONTS * SIDES):
        word = mix(root + np.uint64(k + 1) * _MIX_1)
        for j in range(4):
            word = word + _GOLDEN
            s.stream[k, j] = mix(word)


@kernel
def uniform(s: State, k: int) -> float:
    """The next uniform of stream k, in the open interval (0, 1)."""
    st = s.stream[k]
    a, b, c, d = st[0], st[1], st[2], st[3]
    total = a + d
    result = ((total << _U23) | (total >> _U41)) + a
    t = b << _U17
    c ^= a
    d ^= b
    st[1] = b ^ c
    st[0] = a ^ d
    st[2] = c ^ t
    st[3] = (d << _U45) | (d >> _U19)
    return (float(result >> _U12) + 0.5) * (1.0 / 4503599627370496.0)


@kernel
def at_address(s: State, purpose: int, a: int, b: int, c: int) -> float:
    """The uniform in (0, 1) that belongs to an address of this replication."""
    word = mix(s.seed + _GOLDEN)
    word = mix(word + s.replication * _GOLDEN + np.uint64(purpose))
    word = mix(word + np.uint64(a + 1) * _MIX_1)
    word = mix(word + np.uint64(b + 2) * _MIX_2)
    word = mix(word + np.uint64(c + 3) * _GOLDEN)
    return (float(word >> _U12) + 0.5) * (1.0 / 4503599627370496.0)


@kernel
def exponential(u: float) -> float:
    """The unit-rate exponential at probability u."""
    return -math.log1p(-u)


@kernel
def waiting_time(n: float, u: float) -> float:
    """Unit-rate time until n engagements at probability u: exponential for one, else gamma (Wilson and Hilferty 1931).

    The approximation's mean is exact to 0.1 % from n = 3 on.
    """
    if n <= 1.0:
        return exponential(u)
    root = max(0.0, 1.0 - 1.0 / (9.0 * n) + normal(u) / (3.0 * math.sqrt(n)))
    return n * (root * root * root)  # not root ** 3: Python's pow and numba's differ in the last bit


@kernel
def binomial(n: float, p: float, u: float) -> float:
    """Successes in n trials at probability u: by adding up probabilities of the rarer result from zero."""
    if p > 0.5:
        return n - rarer_results(n, 1.0 - p, 1.0 - u)
    return rarer_results(n, p, u)


@kernel
def rarer_results(n: float, p: float, u: float) -> float:
    """Binomial quantile for p up to a half, where (1 - p)^n does not underflow for any granularity."""
    odds = p / (1.0 - p)
    term = (1.0 - p) ** n
    total, k = term, 0.0
    while u > total and k < n:
        term *= odds * (n - k) / (k + 1.0)
        k += 1.0
        total += term
    return k


@kernel
def lognormal_sigma(variation: float, n: float) -> float:
    """Sigma of the lognormal of mean one whose coefficient of variation is that of a mean of n."""
    return math.sqrt(math.log1p(variation * variation / n))


@kernel
def whole(mean: float, u: float) -> int:
    """A mean rounded to a whole number by one uniform: up with the probability of its fraction."""
    return math.floor(mean + u)


@kernel
def mean_one_lognormal(sigma: float, u: float) -> float:
    """A lognormal factor of mean one."""
    if sigma <= 0.0:
        return 1.0
    return math.exp(sigma * normal(u) - 0.5 * sigma * sigma)


@kernel
def median_lognormal(median: float, sigma: float, u: float) -> float:
    """A lognormal of a given median."""
    if sigma <= 0.0:
        return median
    return median * math.exp(sigma * normal(u))


@kernel
def normal(u: float) -> float:
    """The standard normal quantile (AS 241, about 1e-16 relative)."""
    q = u - 0.5
    if abs(q) <= 0.425:
        return q * _centre(0.180625 - q * q)
    r = math.sqrt(-math.log(u if q < 0.0 else 1.0 - u))
    x = _tail(r - 1.6) if r <= 5.0 else _far_tail(r - 5.0)
    return -x if q < 0.0 else x


@kernel
def _centre(r: float) -> float:
    top = ((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
        + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
        + 133.14166789178437745) * r + 3.387132872796366608  # fmt: skip
    bottom = ((((((5226.495278852545925 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
        + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
        + 42.313330701600911252) * r + 1.0  # fmt: skip
    return top / bottom


@kernel
def _tail(r: float) -> float:
    top = ((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
        + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r
        + 4.6303378461565452959) * r + 1.42343711074968357734  # fmt: skip
    bottom = ((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
        + 0.14810397642748007459) * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r
        + 2.05319162663775882187) * r + 1.0  # fmt: skip
    return top / bottom


@kernel
def _far_tail(r: float) -> float:
    top = ((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r
        + 0.026532189526576123093) * r + 0.29656057182850489123) * r + 1.7848265399172913358) * r
        + 5.4637849111641143699) * r + 6.6579046435011037772  # fmt: skip
    bottom = ((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r
        + 7.868691311456132591e-4) * r + 0.0148753612908506148525) * r + 0.13692988092273580531) * r
        + 0.59983220655588793769) * r + 1.0  # fmt: skip
    return top / bottom
