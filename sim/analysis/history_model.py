"""The model's own engagements, one for each battle of the past: `sim.model.combat.fight`, driven without a campaign.

A battle is taken as one engagement, as E6 takes it: its win curve was fitted to battles. What an engagement costs is a
constant of a war (kappa), so only the ratio of losses is compared, and only up to a constant factor.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.experiment.study import ready
from sim.experiment.trial import load_trial
from sim.model.combat import fight
from sim.model.kernel import Records, entry
from sim.model.power import refresh_power
from sim.model.rules import begin
from sim.model.state import STATE

Values = NDArray[np.float64]

SCALE = 10_000.0  # of people and of casualties, so that rounding to whole people counts for nothing
ROOM = 1e18  # people that can be supplied: no battle of the past is short of it here
_SIDE = {
    "contingents": {"army": {}},
    "casualties": {"attacking": SCALE, "defending": SCALE, "irrecoverable": 1},
    "munitions": {"stock": 0, "floor": 1, "per_attack": 0, "per_defence": 0},
}
_FRONT = {
    "theatre": "field",
    "length": 100,
    "tempo": 1,
    "terrain": 1,
    "forces": {"attacker": {"army": 1000}, "defender": {"army": 1000}},
}
_WORLD: dict[str, Any] = {
    "twofront": 1,
    "title": "A battle",
    "start": "2000-01-01",
    "end": "2000-01-02",
    "theatres": {"field": {"positive": "attacker", "role": "main"}},
    "fronts": {"field": _FRONT},
    "sides": {"attacker": _SIDE, "defender": _SIDE},
    "combat": {"granularity": 1, "ground": 1e-9, "overextension": 1e5},
}


@dataclass(frozen=True)
class Laws:
    """What of the laws of combat meets the battles of the past (docs/model.md E2, E6, E7)."""

    win_intercept: float
    win_slope: float
    own_exponent: float
    enemy_exponent: float
    beaten_multiplier: float
    casualty_spread: float
    posture: float
    works_multiplier: float
    surprise_multiplier: float


def laws_of(params: Records) -> Laws:
    """Return the laws of a scenario's parameters, shape (1,)."""
    return Laws(**{name: float(params[0][name]) for name in Laws.__dataclass_fields__})


def default_laws() -> Laws:
    """Return the laws that hold where a scenario does not say otherwise."""
    return laws_of(_params())


def engagements(laws: Laws, forces: Values, runs: int, seed: int) -> Values:
    """Return engagements as float64[3, battle, run]: won by the attacker (1 or 0), ln loss ratio, ln ratio of power.

    forces : float64[battle, 4]: attackers and defenders, people; works and surprise of the defender, 0 to 1 each.
    """
    params, state = _params(), np.zeros(1, STATE)
    for name, value in asdict(laws).items():
        params[0][name] = value
    params[0]["front"][0]["supply_capacity_people"][:] = ROOM
    begin(state, params, np.uint64(seed), np.uint64(0))
    scaled = forces * np.array([SCALE, SCALE, 1.0, 1.0])
    fought = np.zeros((len(forces), runs, 4))
    _fight_all(params, state, scaled, fought)
    won, attackers, defenders, ratio = fought.transpose(2, 0, 1)
    return np.stack((won, np.log(attackers / defenders), np.log(ratio)))


def _params() -> Records:
    lowered = ready(load_trial(_WORLD), 0).lowered(0)
    return lowered.params.copy()


@entry
def _fight_all(params: Records, state: Records, forces: Values, fought: Values) -> None:
    """Fight each battle as many times as there are runs: who won, losses of both, ratio of combat power."""
    p, s = params[0], state[0]
    front = s.front[0]
    for i in range(fought.shape[0]):
        for k in range(fought.shape[1]):
            front.people[0, 0], front.people[1, 0] = int(forces[i, 0]), int(forces[i, 1])
            front.works[1], front.surprise[1] = forces[i, 2], forces[i, 3]
            refresh_power(p, s, 0)
            fought[i, k, 3] = front.ratio[0]
            wins, attackers, defenders = front.wins[0], front.casualties[0], front.casualties[1]
            fight(p, s, 0, 0)
            fought[i, k, 0] = front.wins[0] - wins
            fought[i, k, 1], fought[i, k, 2] = front.casualties[0] - attackers, front.casualties[1] - defenders
