"""Battles of a file as numbers to fit: force ratio, result, ratio of losses, campaign; what is left out is counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.analysis.history_fit import Clusters, Values, logit_fits
from sim.errors import InputError
from sim.scenario.battles import Battle

SINCE = 1914
FEWEST_BATTLES, FEWEST_CAMPAIGNS = 20, 5
WORKS = {"PD": 0.5, "FD": 1.0}  # in works from 0 to 1, which multiply power by 1 to 1.23: prepared, fortified defence
COMPLETE_SURPRISE = 3.0

LeftOut = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Sample:
    """Battles with a force ratio, [battle] each; not-a-number where the file does not say.

    battles : as they stand in the file. ratio : ln(attackers / defenders). won : 1 the attacker won, else 0 (a draw,
    too). result : 1, 0, -1. loss : ln(attacker's losses / defender's losses). cluster : number of the campaign.
    forces : float64[battle, 4]: attackers, defenders, works and surprise of the defender, 0 to 1 each.
    """

    battles: tuple[Battle, ...]
    ratio: Values
    won: Values
    result: Values
    loss: Values
    cluster: Clusters
    forces: Values

    def only(self, some: NDArray[np.bool_]) -> Sample:
        """Return some of the battles, their campaigns numbered anew."""
        return sample([each for each, kept in zip(self.battles, some, strict=True) if kept])

    def __len__(self) -> int:
        """Return how many battles there are."""
        return len(self.battles)


def sample(battles: Sequence[Battle]) -> Sample:
    """Return battles, all with both strengths, as numbers."""
    result = np.array([each.result for each in battles], np.float64)
    names = [each.campaign for each in battles]
    numbers = {name: k for k, name in enumerate(dict.fromkeys(names))}
    return Sample(
        battles=tuple(battles),
        ratio=np.array([math.log(each.attackers / each.defenders) for each in battles], np.float64),
        won=np.where(np.isnan(result), np.nan, result > 0),
        result=result,
        loss=np.array([_loss(each) for each in battles], np.float64),
        cluster=np.array([numbers[name] for name in names], np.int64),
        forces=np.array([_forces(each) for each in battles], np.float64).reshape(-1, 4),
    )


def _loss(each: Battle) -> float:
    known = each.attacker_losses > 0 and each.defender_losses > 0
    return math.log(each.attacker_losses / each.defender_losses) if known else math.nan


def _forces(each: Battle) -> tuple[float, float, float, float]:
    surprise = 0.0 if math.isnan(each.surprise) else max(0.0, each.surprise / COMPLETE_SURPRISE)
    return each.attackers, each.defenders, WORKS.get(each.posture, 0.0), surprise


def usable(battles: Sequence[Battle]) -> tuple[Sample, Sample, LeftOut]:
    """Return the battles with a winner, those with losses, and how many were left out of either for what.

    Raises InputError where there are too few of them, or where there is nothing to fit.
    """
    late = [each for each in battles if each.year >= SINCE]
    strong = [each for each in late if each.attackers > 0 and each.defenders > 0]
    whole = sample(strong)
    won = whole.only(np.isfinite(whole.won))
    lost = won.only(np.isfinite(won.loss))
    reasons = (
        (f"before {SINCE}, or of no stated year", len(battles) - len(late)),
        ("strength of a side not stated", len(late) - len(strong)),
        ("winner not stated", len(strong) - len(won)),
        ("casualties of a side not stated, or none (left out of the loss ratio only)", len(won) - len(lost)),
    )
    _refuse_few(won, "a winner")
    _refuse_few(lost, "casualties of both sides")
    _refuse_certain(won)
    return won, lost, tuple(each for each in reasons if each[1])


def _refuse_few(some: Sample, what: str) -> None:
    count, campaigns = len(some), len(set(some.cluster))
    if count < FEWEST_BATTLES or campaigns < FEWEST_CAMPAIGNS:
        message = f"has {count} battles of {campaigns} campaigns from {SINCE} on with both strengths and {what}"
        needed = f"; a fit needs at least {FEWEST_BATTLES} battles of {FEWEST_CAMPAIGNS} campaigns"
        raise InputError.single("--history", "", message + needed)
    if np.ptp(some.ratio) == 0:
        raise InputError.single("--history", "", "has the same force ratio in every battle: nothing to fit")


def _refuse_certain(won: Sample) -> None:
    """Refuse battles that all end alike, or whose winner the ratio tells in every case: the fit would be infinite."""
    if won.won.min() == won.won.max() or not np.isfinite(logit_fits(won.ratio, won.won, np.ones((1, len(won))))).all():
        message = "has battles that all end alike, or whose winner the force ratio tells every time: no finite fit"
        raise InputError.single("--history", "", message)
