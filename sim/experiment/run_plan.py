"""The plan of a plain run, and what its result holds beside the table of runs: daily series and assumptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.experiment.design import Design
from sim.experiment.parts import write_stream
from sim.experiment.plan import Plan, Source
from sim.experiment.points import LIST, Layout, single
from sim.experiment.tables import write_series
from sim.experiment.variant import Variant

if TYPE_CHECKING:
    from sim.experiment.attribution import AttributionWorlds
    from sim.experiment.kept import KeptSeries
    from sim.experiment.study import Ready

RUN = "run"
SERIES, ASSUMPTIONS, ATTRIBUTION = (f"{name}.parquet" for name in ("series", "assumptions", "attribution"))

Columns = Mapping[str, NDArray[Any]]
Bands = Callable[..., Columns]
_AT_ONCE = 2  # threads that sum up and write


class Made(NamedTuple):
    """How the runs of a plan are made, as far as that belongs to their identity: see `Plan`."""

    engine: str = "compiled"
    user_code: tuple[tuple[str, str, str], ...] = ()
    branch: tuple[str, str] | None = None


COMPILED = Made()
_DRAWS = 1_000  # whose assumptions are written at once


def run_plan(own: Variant, source: Source, design: Design, made: Made = COMPILED) -> Plan:
    """Return the plan of a run of one scenario."""
    from sim.fingerprint import model_version
    from sim.model.tally import series_names

    if not own.main.central():
        design = replace(design, draws=0)  # nothing is uncertain: every draw would be the same
    return Plan(
        kind=RUN,
        source=source,
        base=own.main.loaded,
        points=single(),
        layout=Layout(LIST),
        design=design,
        variants=(own,),
        variant_of=np.zeros(1, np.int64),
        asked=(),
        outcomes=tuple(own.outcomes()),
        ratios=own.ratios(),
        model_version=model_version(),
        engine=made.engine,
        user_code=made.user_code,
        series=tuple(series_names(own.first.labels)),
        days=own.first.days,
        branch=made.branch,
    )


def attribution_plan(plan: Plan, worlds: AttributionWorlds) -> Plan:
    """Return the plan of the runs behind an attribution: those of a run, in the worlds of an attribution."""
    return replace(
        plan, variants=(worlds,), outcomes=tuple(worlds.outcomes()), ratios={}, engine="compiled", series=(), days=0
    )


def write_beside(
    plan: Plan, folder: Path, kept: KeptSeries, bands: Bands, draw: Callable[[Columns], None] | None = None
) -> None:
    """Write the daily series and the assumptions of a run, and let `draw` make a figure of the former meanwhile.

    bands : `sim.analysis.bands`; what it returns, float64[series, day] by column, is what `draw` is given.
    """
    start, central = plan.variants[0].first.start, plan.variants[0].main
    with ThreadPoolExecutor(_AT_ONCE) as executor:
        found = bands(kept.values, kept.draw, executor.map)
        writing = [
            executor.submit(write_series, folder / SERIES, start, plan.series, found),
            executor.submit(write_assumptions, folder / ASSUMPTIONS, central, plan.design.draws),
        ]
        if draw:
            draw(found)
        for each in writing:
            each.result()


def write_assumptions(path: Path, own: Ready, draws: int) -> None:
    """Write the value of each uncertain number in each draw (long: draw, path, value); draw 0 has the central ones."""
    write_stream(path, (_assumptions(own, range(k, min(k + _DRAWS, draws + 1))) for k in range(0, draws + 1, _DRAWS)))


def _assumptions(own: Ready, draws: range) -> dict[str, NDArray[Any]]:
    central = own.central()
    values = [own.values(draw) or central for draw in draws]
    return {
        "draw": np.repeat(np.array(draws), len(central)),
        "path": np.tile(np.array(list(central), object), len(draws)),
        "value": np.array([row[name] for row in values for name in central], np.float64),
    }
