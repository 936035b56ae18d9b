"""One replication from a script, under SimPy, with policies and processes given as functions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, RunError
from sim.experiment.study import COUNTERFACTUAL, MAIN, Drive, ready
from sim.experiment.user_code import UserCode, check_sides, maker

if TYPE_CHECKING:
    from sim.engine.world import Process
    from sim.scenario.load import Loaded


@dataclass(frozen=True)
class Luck:
    """Which run: its seed, its draw of the assumptions (0 = central values) and the replication of its luck."""

    seed: int = 0
    draw: int = 0
    replication: int = 0


@dataclass(frozen=True)
class Replication:
    """What came of a run: its daily series by name (float64[day]), its number of events, and its trace if asked for."""

    series: Mapping[str, NDArray[np.float64]]
    events: int
    trace: tuple[dict[str, Any], ...]


FIRST = Luck()


def replicate(
    file: str | PathLike[str],
    luck: Luck = FIRST,
    *,
    policies: Mapping[str, Callable[..., Any]] | None = None,
    processes: Sequence[Process] = (),
    world: str = MAIN,
    trace: bool = False,
) -> Replication:
    """Run one replication of a scenario file; raise InputError where the input is wrong and RunError where it fails.

    policies : by side, a function or a class; world : 'main' or 'counterfactual'.
    """
    from sim.engine.traced import simulate
    from sim.model.tally import series_names
    from sim.scenario.load import load

    own = ready(_world(load(file), world), luck.seed)
    lowered = own.lowered(luck.draw)
    drive = Drive(_code(own.loaded, policies or {}, processes))
    extensions = replace(own.extensions(drive, luck.draw, world), trace=trace)
    number = np.array([luck.replication], np.uint64)
    block = simulate(lowered.params, lowered.labels, luck.seed, number, extensions)
    if block.status[0]:
        raise RunError(block.reasons[0])
    names = [outcome.name for outcome in series_names(lowered.labels)]
    series = {name: block.series[0, :, k] for k, name in reversed(list(enumerate(names)))}
    return Replication(series, int(block.events[0]), tuple(json.loads(line) for line in block.traces[0]))


def _world(loaded: Loaded, world: str) -> Loaded:
    if world == MAIN:
        return loaded
    if world != COUNTERFACTUAL or loaded.counterfactual is None:
        raise InputError.single("", "", f"the scenario has no world '{world}'")
    return loaded.counterfactual


def _code(loaded: Loaded, policies: Mapping[str, Callable[..., Any]], processes: Sequence[Process]) -> UserCode:
    code = UserCode(
        {side: (_name(policy), maker(policy)) for side, policy in policies.items()},
        tuple((_name(process), process) for process in processes),
    )
    check_sides(code, list(loaded.scenario.sides))
    return code


def _name(function: object) -> str:
    return str(getattr(function, "__name__", type(function).__name__))
