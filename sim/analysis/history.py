"""What battles of the past say of the laws of combat, with the model's own engagements beside them.

Two questions. P(the attacker wins) against the force ratio: logistic fit, E6, engagements. ln(attacker's / defender's
losses) against ln(force ratio): regression, E7's exponents, engagements. In every uncertainty a campaign counts as one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis import history_fit as fits
from sim.analysis.history_fit import Bin, Estimate, Values
from sim.analysis.history_model import Laws, engagements
from sim.analysis.history_sample import LeftOut, Sample, usable
from sim.analysis.history_score import (
    PEOPLE,
    RUNS,
    Losses,
    Make,
    Wins,
    covered,
    line,
    logistic,
    models,
    of_people,
    score_losses,
    score_wins,
)
from sim.scenario.battles import Battle

RATIO_EDGES = np.log([2 / 3, 1.0, 1.5, 2.0, 3.0, 4.0])
CURVE_POINTS, CURVE_RUNS = 33, 40_000
BEATEN, SPREAD = "beaten", "casualty_spread across campaigns"
GIVING_WAY = ("DL", "WD")
INITIAL = 1.0


class Against(NamedTuple):
    """A number of the model against history's."""

    name: str
    model: float
    history: Estimate

    @property
    def apart(self) -> float:
        """Return the distance in history's standard errors."""
        return (self.model - self.history.value) / self.history.error

    @property
    def contradicted(self) -> bool:
        """Return whether history's 95 % interval leaves the model's number out."""
        return not self.history.low <= self.model <= self.history.high


class Variant(NamedTuple):
    """The fits on some of the battles."""

    name: str
    battles: int
    intercept: Estimate
    slope: Estimate
    loss_slope: Estimate


class Curves(NamedTuple):
    """What is drawn along ln(force ratio), float64[point] each: history with its band, the model with its own."""

    ratio: Values
    win: Values
    win_band: tuple[Values, Values]
    model_win: Values
    loss: Values
    loss_band: tuple[Values, Values]
    model_loss: Values
    model_loss_band: tuple[Values, Values]


class Explained(NamedTuple):
    """How much the force ratio explains.

    deviance : share of the log likelihood of who wins (McFadden). ordering : P(a battle that was won had the higher
    ratio than one that was not). losses : R2 of ln loss ratio; with_winner : the same when it is known who won.
    sd, within : standard deviation of ln loss ratio, and within campaigns.
    """

    deviance: float
    ordering: float
    losses: float
    with_winner: float
    sd: float
    within: float


@dataclass(frozen=True)
class History:
    """What was found.

    left_out : why, and how many battles. shares : of battles won, by force ratio. mended : coverage of the model's 90 %
    band when it has history's own `beaten` and `casualty_spread`, fitted to the same battles.
    """

    read: int
    won: Sample
    lost: Sample
    left_out: LeftOut
    wins: Wins
    losses: Losses
    mended: Bin
    shares: tuple[Bin, ...]
    defaults: tuple[Against, ...]
    variants: tuple[Variant, ...]
    explained: Explained
    curves: Curves


def examine(battles: Sequence[Battle], laws: Laws, seed: int, make: Make = engagements) -> History:
    """Return what battles say; raise InputError where there are too few of them for it."""
    won, lost, left_out = usable(battles)
    defaults = _defaults(won, lost, laws, seed, make)
    return History(
        read=len(battles),
        won=won,
        lost=lost,
        left_out=left_out,
        wins=score_wins(won, laws, seed, make),
        losses=score_losses(lost, laws, seed, make),
        mended=covered(lost, _mended(laws, defaults), seed, make),
        shares=fits.bins(won.ratio, won.won, RATIO_EDGES),
        defaults=defaults,
        variants=_variants(won, seed),
        explained=_explained(won, lost),
        curves=_curves(won, lost, laws, seed, make),
    )


def _once(some: Sample) -> Values:
    """Return the weighting that counts every battle once, float64[1, battle]."""
    return np.ones((1, len(some)))


def _weights(some: Sample, seed: int) -> Values:
    """Return all battles once, then campaigns drawn with replacement, float64[1 + sample, battle]."""
    return np.concatenate((_once(some), fits.resamples(some.cluster, fits.RESAMPLES, seed)))


def _estimates(values: Values) -> list[Estimate]:
    """Return an estimate for each column of coefficients, float64[1 + sample, term], the first row of all battles."""
    return [fits.estimate(float(column[0]), column[1:]) for column in values.T]


def _defaults(won: Sample, lost: Sample, laws: Laws, seed: int, make: Make) -> tuple[Against, ...]:
    """Return the model's numbers that battles can speak to.

    In E7 the beaten side pays a multiple, so that with the winner known ln loss ratio = constant + (p - q) ln ratio
    - ln(beaten) result + the difference of two lognormal factors, each of variance ln(1 + spread^2).
    """
    power = make(laws, won.forces, 1, seed)[2, :, 0]
    ratios = {"": won.ratio, " on combat power": power}
    curves = {name: _estimates(fits.logit_fits(each, won.won, _weights(won, seed))) for name, each in ratios.items()}
    weights = _weights(lost, seed)
    open_slope = _estimates(fits.line_fits(line(lost.ratio), lost.loss, weights))[1]
    drawn = make(models(laws)[PEOPLE], lost.forces, RUNS, seed)[1].mean(1)
    own_slope = float(fits.line_fits(line(lost.ratio), drawn, _once(lost))[0, 1])
    terms = np.column_stack((line(lost.ratio), lost.result))
    found = fits.line_fits(terms, lost.loss, weights)
    whole = fits.residual_sds(terms, lost.loss, weights)
    inner = fits.inner_sds(terms, lost.loss, weights, lost.cluster)
    beaten, spread, inner_spread = _estimates(np.stack((np.exp(-found[:, 2]), _spread(whole), _spread(inner)), 1))
    return (
        *(Against(f"win_intercept (a){name}", laws.win_intercept, each[0]) for name, each in curves.items()),
        *(Against(f"win_slope (b){name}", laws.win_slope, each[1]) for name, each in curves.items()),
        Against("slope of ln loss ratio", own_slope, open_slope),
        Against("p - q (winner known)", laws.own_exponent - laws.enemy_exponent, _estimates(found)[1]),
        Against(BEATEN, laws.beaten_multiplier, beaten),
        Against(SPREAD, laws.casualty_spread, spread),
        Against("casualty_spread within campaigns", laws.casualty_spread, inner_spread),
    )


def _mended(laws: Laws, defaults: Sequence[Against]) -> Laws:
    """Return the laws with history's multiple of the beaten side and spread of casualties."""
    found = {each.name: each.history.value for each in defaults}
    return replace(of_people(laws), beaten_multiplier=found[BEATEN], casualty_spread=found[SPREAD])


def _spread(sd: Values) -> Values:
    """Return the coefficient of variation of two lognormal factors whose ratio has a logarithm of this deviation."""
    return np.asarray(np.sqrt(np.expm1(sd**2 / 2)), np.float64)


def _variants(won: Sample, seed: int) -> tuple[Variant, ...]:
    """Return the fits without what may trouble them."""
    every = won.battles
    chosen = {
        "all": [True for _ in every],
        "without draws": [each.result != 0 for each in every],
        "defender does not delay or withdraw": [each.posture not in GIVING_WAY for each in every],
        "defender prepared or fortified": [each.posture in ("PD", "FD") for each in every],
        "no surprise stated": [each.surprise == 0 for each in every],
        "attackers counted at the start": [each.strength_kind == INITIAL for each in every],
        "from 1939 on": [each.year >= 1939 for each in every],
    }
    found = ((name, won.only(np.array(some))) for name, some in chosen.items() if sum(some) > 2)
    return tuple(_variant(name, some, seed) for name, some in found)


def _variant(name: str, some: Sample, seed: int) -> Variant:
    intercept, slope = _estimates(fits.logit_fits(some.ratio, some.won, _weights(some, seed)))
    lost = some.only(np.isfinite(some.loss))
    loss_slope = _estimates(fits.line_fits(line(lost.ratio), lost.loss, _weights(lost, seed)))[1]
    return Variant(name, len(some), intercept, slope, loss_slope)


def _explained(won: Sample, lost: Sample) -> Explained:
    a, b = fits.logit_fits(won.ratio, won.won, _once(won))[0]
    fitted, constant = logistic(a + b * won.ratio), np.full(len(won), won.won.mean())
    sums = [float(fits.log_score(p, won.won).sum()) for p in (fitted, constant)]
    terms = line(lost.ratio)
    with_winner = np.column_stack((terms, lost.result))
    middles = np.bincount(lost.cluster, lost.loss) / np.bincount(lost.cluster)
    inner = lost.loss - middles[lost.cluster]
    return Explained(
        deviance=1 - sums[0] / sums[1],
        ordering=_ordering(won.ratio[won.won == 1], won.ratio[won.won == 0]),
        losses=_share_explained(terms, lost.loss),
        with_winner=_share_explained(with_winner, lost.loss),
        sd=float(lost.loss.std(ddof=1)),
        within=math.sqrt(float(inner @ inner) / max(1, len(lost) - len(middles))),
    )


def _share_explained(terms: Values, y: Values) -> float:
    """Return R2."""
    residual = y - terms @ fits.line_fits(terms, y, np.ones((1, len(y))))[0]
    return 1 - float(residual @ residual) / float(np.square(y - y.mean()).sum())


def _ordering(high: Values, low: Values) -> float:
    """Return the share of pairs in which the first is higher, halves for equal ones."""
    above: NDArray[np.bool_] = high[:, None] > low
    return float(above.mean() + (high[:, None] == low).mean() / 2)


def _curves(won: Sample, lost: Sample, laws: Laws, seed: int, make: Make) -> Curves:
    ratio = np.linspace(won.ratio.min(), won.ratio.max(), CURVE_POINTS)
    logits = fits.logit_fits(won.ratio, won.won, _weights(won, seed)) @ line(ratio).T
    lines = fits.line_fits(line(lost.ratio), lost.loss, _weights(lost, seed)) @ line(ratio).T
    forces = np.column_stack((1e4 * np.exp(ratio), np.full(CURVE_POINTS, 1e4), np.zeros((CURVE_POINTS, 2))))
    wins, losses, _ = make(models(laws)[PEOPLE], forces, CURVE_RUNS, seed)
    seen = make(models(laws)[PEOPLE], lost.forces, RUNS, seed)[1].mean(1)
    level = float((lost.loss - seen).mean())
    low, middle, high = np.quantile(losses, (0.05, 0.5, 0.95), axis=1) + level
    return Curves(
        ratio=ratio,
        win=logistic(logits[0]),
        win_band=fits.band(logistic(logits[1:])),
        model_win=wins.mean(1),
        loss=lines[0],
        loss_band=fits.band(lines[1:]),
        model_loss=middle,
        model_loss_band=(low, high),
    )
