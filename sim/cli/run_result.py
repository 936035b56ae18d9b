"""What a run saves beside the table of its runs, and what is summed up of them for its table."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.cli.progress import progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.analysis.attribution import Share
    from sim.analysis.stats import Crossing, Row
    from sim.cli.run_scenario import Finished, Options, Prepared
    from sim.experiment.design import Design
    from sim.experiment.kept import KeptSeries
    from sim.experiment.plan import Plan
    from sim.experiment.sweep_run import How
    from sim.scenario.load import Loaded

FIGURES = ("fan.png", "fan.svg")


def files(prepared: Prepared, options: Options) -> tuple[str, ...]:
    """Return the files that a finished result has beside the table of its runs."""
    from sim.experiment.run_plan import ASSUMPTIONS, ATTRIBUTION, SERIES

    more = (ATTRIBUTION,) if prepared.attribution else ()
    return (SERIES, ASSUMPTIONS, *more, *(FIGURES if options.figure else ()))


def summarise(finished: Finished) -> None:
    """Sum up what stands in the folder."""
    from sim.analysis import stats
    from sim.experiment.plan import CENSORED
    from sim.experiment.run_plan import ATTRIBUTION
    from sim.experiment.tables import Table

    prepared, folder = finished.prepared, finished.folder
    study = prepared.study
    with closing(Table(folder / "replications.parquet")) as table:
        finished.rows = stats.summarise(table, _crossed(prepared.design), study.outcomes, study.ratios, CENSORED)
    finished.before = _before(prepared)
    if prepared.attribution:
        finished.shares = _shares(folder / ATTRIBUTION, _crossed(prepared.design))
    finished.figures = [folder / name for name in FIGURES if (folder / name).is_file()]


def _crossing(columns: Mapping[str, NDArray[Any]]) -> Crossing:
    """Return which runs a table has, of which each is there."""
    import numpy as np

    from sim.analysis.stats import Crossing

    return Crossing(*(columns[name].astype(np.int64) for name in ("draw", "replication")))


def _crossed(design: Design) -> Crossing:
    """Return which runs a finished result has, without reading them: all of the design, in its order."""
    import numpy as np

    from sim.analysis.stats import Crossing

    draw, replication = np.arange(design.draws + 1), np.arange(design.replications)
    if not design.draws:
        return Crossing(np.broadcast_to(draw, len(replication)), replication)
    return Crossing(np.repeat(draw, len(replication)), np.tile(replication, len(draw)))


def _shares(path: Path, runs: Crossing) -> list[Share]:
    """Return the result of an attribution from the table of its runs."""
    from sim.analysis.attribution import attribution
    from sim.experiment.attribution import WITHOUT, WORLDS, gain_name
    from sim.experiment.tables import Table

    with closing(Table(path)) as table:
        return attribution({world: table[gain_name(world)] for world in WORLDS}, table[WITHOUT], runs)


def _before(prepared: Prepared) -> list[Row]:
    """Return the rows of the result that a branched run starts from."""
    from sim.analysis import stats
    from sim.experiment.plan import CENSORED

    columns, study = prepared.before, prepared.study
    if columns is None:
        return []
    known = [outcome for outcome in study.outcomes if outcome.name in columns]
    return stats.summarise(columns, _crossing(columns), known, study.ratios, CENSORED)


def save(finished: Finished, how: How, options: Options, plan: Plan, folder: Path, kept: KeptSeries) -> None:
    """Make the runs of an attribution, and write what a result has beside its table of runs."""
    import numpy as np

    from sim.analysis.bands import bands
    from sim.experiment.run_plan import ATTRIBUTION, attribution_plan, write_beside
    from sim.experiment.sweep_run import run_parts

    prepared = finished.prepared
    if prepared.attribution:
        title = partial(progress, f"{prepared.label} (attribution)", quiet=options.quiet)
        worlds = attribution_plan(plan, prepared.attribution)
        if not run_parts(worlds, folder, replace(how, progress=title, drive=None, block=None), ATTRIBUTION):
            raise KeyboardInterrupt
    shown = options.figure and not np.isnan(kept.values).all()
    write_beside(plan, folder, kept, bands, partial(_draw, finished) if shown else None)


def _draw(finished: Finished, found: Mapping[str, NDArray[Any]]) -> None:
    """Draw the fan chart of daily series, float64[series, day] by column."""
    from sim.experiment.events import events_of
    from sim.experiment.tables import once
    from sim.plotting import style
    from sim.plotting.fan import Story, Theatre, fan

    prepared, scenario = finished.prepared, finished.prepared.loaded.scenario
    names = prepared.plan.series
    series = {names[k].name: {name: column[k] for name, column in found.items()} for k in once(names)}
    theatres = tuple(Theatre(name, each.title, each.positive) for name, each in scenario.theatres.items())
    story = Story(
        title=subtitle(prepared.loaded),
        start=scenario.start,
        end=scenario.end,
        theatres=theatres,
        sides=tuple(scenario.sides),
        events=tuple(events_of(scenario)),
        footer=_footer(prepared.plan),
    )
    style.save(fan(series, story), finished.folder, "fan")


def subtitle(loaded: Loaded) -> str:
    """Return the scenario's title with the options taken, but for those known to be its defaults."""
    other = [f"{path} = {option}" for path, option in loaded.choices.items() if option != _default(loaded, path)]
    return f"{loaded.scenario.title} ({', '.join(other)})" if other else str(loaded.scenario.title)


def _default(loaded: Loaded, path: str) -> str | None:
    """Return the default of a decision; None where it is not offered any more, as in a saved scenario."""
    actor, _, decision = path.partition(".")
    offered = loaded.scenario.choices.get(actor, {}).get(decision)
    return offered.default if offered else None


def _footer(plan: Plan) -> str:
    design = plan.design
    branch = f", branched from {plan.branch[0]} on {plan.branch[1]}" if plan.branch else ""
    code = "".join(f", with {name}" for _, name, _ in plan.user_code)
    luck = f"{design.replications:,} replications"
    runs = f"{design.draws + 1:,} draws × {luck}" if design.draws else f"{luck} at central assumptions"
    return f"twofront result {plan.id}{branch}{code}: {runs}, seed {design.seed}, model {plan.model_version}"
