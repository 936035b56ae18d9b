"""A toy ensemble with a known answer: runs are a linear function of scores, with normal luck."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from sim.experiment.dated import dated_name
from sim.experiment.ensemble import Runs
from sim.scenario.observations import Observation

START = date(2024, 1, 1)
DATES = tuple(date(2024, month, 1) for month in (2, 3, 4, 5))
LUCK = 0.1
BASE = 1e5


class Toy:
    """An outcome that grows as exp(0.8 a + 0.4 t b), t the number of the date, times luck; `idle` does nothing."""

    paths = ("a", "b", "idle")

    def __init__(self, lag_matters: float = 0.0, luck: float = LUCK) -> None:
        self.lag_matters, self.luck, self.asked = lag_matters, luck, []

    def prior(self, count: int, outcomes: Sequence[str]) -> Runs:
        scores = np.random.default_rng(1).normal(size=(count, 3))
        return Runs(scores, self._outcomes(scores, outcomes, 2))

    def under(self, paths: Sequence[str], scores: np.ndarray, count: int, outcomes: Sequence[str], number: int) -> Runs:
        random = np.random.default_rng(10 + number)
        rows = scores[random.integers(0, len(scores), count)]
        every = random.normal(size=(count, 3))
        for k, path in enumerate(paths):
            every[:, self.paths.index(path)] = rows[:, k]
        self.asked.append((tuple(paths), count))
        return Runs(rows, self._outcomes(every, outcomes, 20 + number))

    def _outcomes(self, scores: np.ndarray, outcomes: Sequence[str], seed: int) -> dict[str, np.ndarray]:
        random = np.random.default_rng(seed)
        made = {}
        for name in outcomes:
            on = date.fromisoformat(name.rpartition("@")[2])
            t = (on - START).days / 30
            logs = 0.8 * scores[:, 0] + 0.4 * t * scores[:, 1] + self.luck * random.normal(size=len(scores))
            made[name] = BASE * np.exp(logs)
        return made


def figures(truth: tuple[float, float], quantity: str = "kursk.territory_km2") -> tuple[Observation, ...]:
    """Figures as they follow from a truth, without luck or error."""
    made = []
    for line, on in enumerate(DATES, start=2):
        value = BASE * np.exp(0.8 * truth[0] + 0.4 * (on - START).days / 30 * truth[1])
        made.append(Observation(quantity, None, on, float(value), np.nan, np.nan, on, "map", "toy", line))
    return tuple(made)


def named(quantity: str) -> list[str]:
    return [dated_name(quantity, on) for on in DATES]
