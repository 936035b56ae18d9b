"""Is there a dilemma: can the side under test reach both aims with one policy, or must it give one up?

For each policy, fixed before luck, pK is the probability that the second front is regained (K >= K*), pE that the main
offensive is kept, pKE that both are. The index is

    D = min(max pK, max pE) - max pKE,   each maximum over all policies,

in [0, 1]. A small max pK or max pE means *incapable*, not *dilemma*, so all three maxima stand beside it.

**Estimates.** A maximum of estimates is too high (the winner's curse). The maximisers are chosen on one half of the
draws of the assumptions and estimated on the other, then the halves are swapped, and the mean is taken. Each draw has
luck of its own (nested), so halves of draws are halves of luck, too; where there is one draw its replications are
halved.

**Intervals.** D is min over X of max over p of min over q of pX(p) - pKE(q). That rises in each difference, so with
simultaneous intervals of all these paired differences it lies between the same expression of their lower and of their
upper ends. The maxima lie between the maxima of the ends of the single probabilities. All are from one family.

**Of what D consists.** One policy's aims may fail together in some runs only by luck: then D > 0 without any choice.
The part by choice is min(max pK, max pE) - max over p of min(pK(p), pE(p)), the rest is by luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.paired import Difference, Sample, difference
from sim.analysis.simultaneous import simultaneous
from sim.analysis.stats import PROBABILITY, Crossing, sampled_runs

Values = NDArray[np.float64]

NAMES = ("K", "E", "K and E")
INCAPABLE_BOTH = "incapable of K and of E"
INCAPABLE_K, INCAPABLE_E = "incapable of K", "incapable of E"
DILEMMA, ATTAINABLE, UNDECIDED = "dilemma", "no dilemma: both attainable", "undecided at this precision"
LIKELY = 0.5  # from this probability an aim counts as attainable


class Aims(NamedTuple):
    """Whether each aim is reached, 1 or 0, float64[policy, draw, replication]; not-a-number where a run failed."""

    second: Values
    main: Values

    @property
    def both(self) -> Values:
        """Return whether both are reached."""
        return self.second * self.main

    @property
    def each(self) -> tuple[Values, Values, Values]:
        """Return K, E, and both."""
        return self.second, self.main, self.both


class Interval(NamedTuple):
    """An estimate with the ends of its simultaneous 95 % interval."""

    value: float
    low: float
    high: float


class Maximum(NamedTuple):
    """The largest probability of an aim over the policies, and the policy that has it (over all draws)."""

    interval: Interval
    policy: int


class Index(NamedTuple):
    """The index with its three maxima; `by_choice` is the part of D that is no luck."""

    second: Maximum
    main: Maximum
    both: Maximum
    D: Interval
    by_choice: float
    verdict: str


class Shares(NamedTuple):
    """The probabilities of one aim: estimate, low and high, float64[policy]."""

    value: Values
    low: Values
    high: Values


class Judged(NamedTuple):
    """What comes of all policies: the index, and pK, pE and pKE of each."""

    found: Index
    shares: tuple[Shares, Shares, Shares]


def judge(aims: Aims, likely: float = LIKELY, paired: bool = True) -> Judged:
    """Return the index and the probabilities of all policies.

    likely : the probability from which an aim counts as attainable. Without `paired` the interval of D is made of those
    of the maxima: wider, and much cheaper.
    """
    rows, crossing = _frame(aims)
    count = len(aims.second)
    intervals = _intervals(rows, crossing, count, paired)
    shares = tuple(_shares(rows[k], intervals[: 3 * count][k * count : (k + 1) * count]) for k in range(3))
    second, main, both = (_maximum(each, aims, k) for k, each in enumerate(shares))
    found = _index_interval(intervals[3 * count :], (second, main, both), count)
    value, by_choice = _crossfit(aims)
    index = Interval(value, min(found[0], value), max(found[1], value))
    maxima = (second.interval, main.interval, both.interval)
    return Judged(
        Index(second, main, both, index, by_choice, verdict(*maxima, likely)), (shares[0], shares[1], shares[2])
    )


def verdict(second: Interval, main: Interval, both: Interval, likely: float = LIKELY) -> str:
    """Return what the maxima say: each rule needs the whole interval on one side of `likely`."""
    if second.high < likely and main.high < likely:
        return INCAPABLE_BOTH
    if second.high < likely:
        return INCAPABLE_K
    if main.high < likely:
        return INCAPABLE_E
    if both.low >= likely:
        return ATTAINABLE
    if min(second.low, main.low) >= likely > both.high:
        return DILEMMA
    return UNDECIDED


def _frame(aims: Aims) -> tuple[Values, Crossing]:
    """Return the runs of sampled draws (of draw 0 where there is no other), float64[aim, policy, run]."""
    kept, crossing = sampled_runs(*aims.second.shape[1:])
    return np.stack([each[:, kept].reshape(len(each), -1) for each in aims.each]), crossing


def _intervals(rows: Values, crossing: Crossing, count: int, paired: bool) -> list[tuple[float, float]]:
    """Return the simultaneous intervals of all probabilities and, where asked for, of pX(p) - pKE(q)."""
    every = np.concatenate([rows.reshape(3 * count, -1), np.zeros((1, rows.shape[2]))])
    data = Sample(every, np.ones_like(every), every, PROBABILITY, True)
    pairs = [(k, 3 * count) for k in range(3 * count)]
    if paired:
        pairs += [(k, 2 * count + q) for k in range(2 * count) for q in range(count)]
    return once([difference(data, first, second) for first, second in pairs], crossing)


def once(differences: Sequence[Difference], crossing: Crossing) -> list[tuple[float, float]]:
    """Return simultaneous intervals; differences with the same errors share one place in the family."""
    keys = [(each.errors.tobytes(), each.both.tobytes(), each.discordant, each.estimate) for each in differences]
    place = {key: k for k, key in enumerate(dict.fromkeys(keys))}
    alone = list({key: each for key, each in zip(keys, differences, strict=True)}.values())
    found = simultaneous(alone, crossing).intervals
    return [found[place[key]] or (-1.0, 1.0) for key in keys]


def _shares(rows: Values, ends: Sequence[tuple[float, float]]) -> Shares:
    low, high = (np.clip(np.array(column), 0.0, 1.0) for column in zip(*ends, strict=True))
    return Shares(_means(rows), low, high)


def _means(rows: Values) -> Values:
    """Return the mean of each row, float64[policy, run], over runs that have a value."""
    there = np.isfinite(rows)
    return np.asarray(np.where(there, rows, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1), np.float64)


def _maximum(shares: Shares, aims: Aims, aim: int) -> Maximum:
    value = float(np.mean([_chosen(aims.each[aim], one, other) for one, other in _halves(aims)]))
    low, high = float(shares.low.max()), float(shares.high.max())
    return Maximum(Interval(value, min(low, value), max(high, value)), int(shares.value.argmax()))


def _halves(aims: Aims) -> tuple[tuple[NDArray[np.bool_], NDArray[np.bool_]], ...]:
    """Return both halves of the runs, bool[draw, replication], in both orders."""
    draws, luck = aims.second.shape[1:]
    draw, replication = np.indices((draws, luck))
    even = draw % 2 == 0 if draws > 2 else replication % 2 == 0
    used = draw > 0 if draws > 1 else draw == 0
    return (even & used, ~even & used), (~even & used, even & used)


def _chosen(values: Values, one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Return the mean on one half of the policy that is best on the other half."""
    return float(_means(values[:, one])[_means(values[:, other]).argmax()])


def _crossfit(aims: Aims) -> tuple[float, float]:
    """Return D and its part by choice, each maximiser chosen on the other half."""
    found = []
    for one, other in _halves(aims):
        second, main, both = (_chosen(each, one, other) for each in aims.each)
        lesser = [np.minimum(_means(aims.second[:, half]), _means(aims.main[:, half])) for half in (one, other)]
        compromise = float(lesser[0][lesser[1].argmax()])
        found.append((min(second, main) - both, min(second, main) - compromise))
    value, choice = np.mean(found, axis=0)
    value = float(np.clip(value, 0.0, 1.0))
    return value, float(np.clip(choice, 0.0, value))


def _index_interval(
    ends: Sequence[tuple[float, float]], maxima: tuple[Maximum, Maximum, Maximum], count: int
) -> tuple[float, float]:
    """Return the interval of D, within [0, 1]."""
    second, main, both = (each.interval for each in maxima)
    low, high = min(second.low, main.low) - both.high, min(second.high, main.high) - both.low
    if ends:
        cube = np.array(ends).reshape(2, count, count, 2)
        inner = cube.min(axis=2).max(axis=1).min(axis=0)
        low, high = max(low, float(inner[0])), min(high, float(inner[1]))
    return max(0.0, low), min(1.0, max(0.0, high))


def across_draws(aims: Aims, found: Index) -> dict[str, tuple[float, float] | None]:
    """Return 5 and 95 % over sampled draws of pK, pE, pKE and D of the maximisers, which stay the same in all draws."""
    if aims.second.shape[1] < 3:
        return dict.fromkeys((*NAMES, "D"))
    places = (found.second.policy, found.main.policy, found.both.policy)
    rows = [_draw_means(values[place, 1:]) for values, place in zip(aims.each, places, strict=True)]
    rows.append(np.minimum(rows[0], rows[1]) - rows[2])
    return {name: _span(row[np.isfinite(row)]) for name, row in zip((*NAMES, "D"), rows, strict=True)}


def _draw_means(rows: Values) -> Values:
    """Return the mean of each draw, float64[draw, replication]; not-a-number where all of its runs failed."""
    return np.where(np.isfinite(rows).any(axis=1), _means(rows), np.nan)


def _span(values: Values) -> tuple[float, float] | None:
    """Return 5 and 95 % of values; None of fewer than two."""
    if len(values) < 2:
        return None
    low, high = np.quantile(values, (0.05, 0.95))
    return float(low), float(high)


def frontier(second: Values, main: Values) -> NDArray[np.bool_]:
    """Return which policies no other one beats in pK without losing in pE, bool[policy]."""
    beaten = [
        bool(((second >= k) & (main >= e) & ((second > k) | (main > e))).any())
        for k, e in zip(second, main, strict=True)
    ]
    return ~np.array(beaten)
