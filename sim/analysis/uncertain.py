"""The uncertain numbers of a scenario as factors, and points at given quantiles of their distributions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.experiment.factors import Factor, factors_of
from sim.experiment.points import Points

if TYPE_CHECKING:
    from sim.experiment.design import Design
    from sim.experiment.evaluate import Evaluate
    from sim.scenario.load import Loaded

Values = NDArray[np.float64]
PARAMETERS = "--parameters"
LOW, HIGH = 0.05, 0.95  # quantiles between which an effect is taken
_FILLING = ("sides", "fronts", "policies", "contingents", "movement", "munitions", "choices")
_EDGE = 1e-9  # distance from 0 and 1 at which a quantile is taken


def uncertain(loaded: Loaded) -> tuple[Factor, ...]:
    """Return a factor for each number that has a distribution; raise InputError where there is none."""
    from sim.scenario.load import quantities

    joint = {path for table in loaded.scenario.joint.values() for path in table.paths}
    paths = [path for path, _ in quantities(loaded) if path not in joint]
    if not paths and not joint:
        message = (
            "the scenario gives no number a distribution, so no assumption varies; write one, such as "
            "{triangular: [low, mode, high]}"
        )
        raise InputError.single(PARAMETERS, "", message)
    return factors_of(loaded, [(path, None, PARAMETERS) for path in paths])


def refuse_joint(loaded: Loaded) -> None:
    """Refuse a scenario whose inputs depend on each other: these indices take them one by one."""
    tables = loaded.scenario.joint
    if tables:
        paths = sum(len(table.paths) for table in tables.values())
        message = (
            f"{paths} inputs depend on each other (joint: {', '.join(tables)}). Morris and Sobol' move one input while "
            "the others stay, which makes pairs of values that the sample rules out, and their shares of the variance "
            "do not add up to one; take --method given, which reads first-order shares off draws of the sample as it is"
        )
        raise InputError.single("--method", "", message)


def picked(factors: Sequence[Factor], names: Sequence[str]) -> tuple[int, ...]:
    """Return the places of the factors named, by path or by the end of one; raise InputError with a suggestion."""
    from sim.scenario.wording import suggestion

    paths = [factor.name for factor in factors]
    found = []
    for name in names:
        places = [k for k, path in enumerate(paths) if path == name or path.endswith(f".{name}")]
        if len(places) != 1:
            several = f" is the end of {len(places)} paths; write more of it" if places else ""
            message = several or f" is no number with a distribution{suggestion(name, paths)}"
            raise InputError.single(PARAMETERS, "", f"'{name}'{message}")
        found.append(places[0])
    return tuple(dict.fromkeys(found))


def at_shares(factors: Sequence[Factor], shares: Values) -> Values:
    """Return the values at quantiles `shares` of the factors' distributions, float64[point, factor] both."""
    inside = np.clip(shares, _EDGE, 1 - _EDGE)
    columns = [[factor.at(float(u)) for u in inside[:, k]] for k, factor in enumerate(factors)]
    return np.array(columns, np.float64).reshape(len(factors), len(shares)).T


def evaluated(
    evaluate: Evaluate, factors: Sequence[Factor], rows: Values, design: Design, outcomes: Sequence[str]
) -> dict[str, Values]:
    """Return outcomes under central assumptions but for the factors, float64[point, replication] by name.

    rows : float64[point, factor]. Points that repeat (few factors, whole numbers) are run once.
    """
    distinct, which = np.unique(rows, axis=0, return_inverse=True)
    columns = {factor.name: distinct[:, k] for k, factor in enumerate(factors)}
    table = evaluate(Points(tuple(factors), columns, (), len(distinct)), design, outcomes)
    return {name: table.values[name][which.reshape(-1), 0] for name in outcomes}


def spoken(paths: Sequence[str]) -> list[str]:
    """Return paths as people say them: 'sides.russia.policies.expel.effort' is 'russia expel effort'.

    Where two would be said alike they are given whole.
    """
    said = [" ".join(part for part in path.split(".") if part not in _FILLING).replace("_", " ") for path in paths]
    return [word if said.count(word) == 1 else path for path, word in zip(paths, said, strict=True)]
