"""Runs of a scenario under its prior, and under joint samples laid over it: what calibration asks for.

Each run has assumptions and luck of its own. An assumption is known by its score: the standard normal number that has
the probability of its value. A joint sample is an overlay file below the result's folder, run as any user would.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.experiment.design import Design, joint_row, uniform
from sim.experiment.points import single
from sim.scenario.joint import NAME, JointSample, Overlay, joint_paths, write_overlay
from sim.scenario.load import quantities

if TYPE_CHECKING:
    from sim.experiment.evaluate import Stored
    from sim.scenario.load import Loaded
    from sim.scenario.values import Quantity

Values = NDArray[np.float64]
_NORMAL = NormalDist()


class Runs(NamedTuple):
    """Runs: scores float64[run, path], and outcomes float64[run] by name; runs that failed are left out."""

    scores: Values
    outcomes: Mapping[str, Values]


class Ensemble(Protocol):
    """Runs a scenario with assumptions drawn from its prior, or from some scores."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the uncertain numbers that may be moved."""

    def prior(self, count: int, outcomes: Sequence[str]) -> Runs:
        """Return runs under the prior, with the scores of all paths."""

    def under(self, paths: Sequence[str], scores: Values, count: int, outcomes: Sequence[str], number: int) -> Runs:
        """Return runs that take rows of scores for some paths, with those scores; the other paths keep the prior.

        number : of the round, 1 and up: it has luck and priors of its own.
        """


@dataclass(frozen=True)
class StoredEnsemble:
    """Runs an ensemble in stored sweeps."""

    evaluate: Stored
    paths: tuple[str, ...]
    seed: int

    def prior(self, count: int, outcomes: Sequence[str]) -> Runs:
        """Return runs under the prior, with the scores of all paths."""
        table = self.evaluate(single(), Design(self.seed, count, 1, nested=True), outcomes)
        scores = np.array([[_score(uniform(self.seed, k, path)) for path in self.paths] for k in range(1, count + 1)])
        return _finite(scores.reshape(count, len(self.paths)), table.values)

    def under(self, paths: Sequence[str], scores: Values, count: int, outcomes: Sequence[str], number: int) -> Runs:
        """Return runs that take rows of scores for some paths, with those scores."""
        sample, seed = values_of(self.evaluate.base, paths, scores), self.seed + number
        other = replace(self.evaluate, source=replace(self.evaluate.source, file=self._written(sample, number)))
        other.base, other.spent = other.source.load(), self.evaluate.spent
        table = other(single(), Design(seed, count, 1, nested=True), outcomes)
        taken = [joint_row(seed, draw, NAME, len(scores)) for draw in range(1, count + 1)]
        return _finite(scores[taken], table.values)

    def _written(self, sample: JointSample, number: int) -> Path:
        folder = self.evaluate.folder
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"round_{number}.yaml"
        title = self.evaluate.base.scenario.title
        write_overlay(path, sample, Overlay(relative(self.evaluate.source.file, folder), title, f"round {number}"))
        return path


def free_paths(loaded: Loaded, asked: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the uncertain numbers of a scenario that a calibration may move; raise InputError where there is none.

    asked : only these; each has to be one of them.
    """
    from sim.scenario.wording import suggestion

    held = set(joint_paths(loaded))
    free = [path for path, _ in quantities(loaded) if path not in held]
    if not free:
        why = "all belong to a joint sample; calibrate the scenario that it extends" if held else "none is uncertain"
        message = f"no number of the scenario has a distribution that could be calibrated: {why}"
        raise InputError.single("--parameters", "", message)
    for path in asked:
        if path not in free:
            known = {name for name, _ in quantities(loaded, every=True)}
            why = "belongs to a joint sample" if path in held else "has no distribution" if path in known else ""
            message = f"'{path}' {why}" if why else f"'{path}' does not exist{suggestion(path, free)}"
            raise InputError.single("--parameters", "", message)
    return tuple(asked or free)


def values_of(loaded: Loaded, paths: Sequence[str], scores: Values) -> JointSample:
    """Return the values that scores stand for, in the units of their fields."""
    known: Mapping[str, Quantity] = dict(quantities(loaded))
    columns = [[known[path].quantile(_NORMAL.cdf(score)) for score in scores[:, k]] for k, path in enumerate(paths)]
    return JointSample(tuple(paths), np.array(columns, np.float64).T.reshape(len(scores), len(paths)))


def relative(file: Path, folder: Path) -> str:
    """Return the path of a file as one in a folder names it."""
    return Path(os.path.relpath(file.resolve(), folder.resolve())).as_posix()


def _score(u: float) -> float:
    return _NORMAL.inv_cdf(u)


def _finite(scores: Values, table: Mapping[str, Values]) -> Runs:
    """Return the sampled draws of a table whose runs have every outcome."""
    columns = {name: values[0, 1:, 0] for name, values in table.items()}
    good = np.isfinite(np.stack(list(columns.values()))).all(axis=0)
    return Runs(scores[good], {name: column[good] for name, column in columns.items()})
