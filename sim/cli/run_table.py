"""What `run` says: a table that an analyst can read, or JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from sim.analysis.attribution import Share
    from sim.analysis.stats import Row
    from sim.cli.run_scenario import Finished
    from sim.model.tally import Labels

PROBABILITY = "probability"
NOTHING = "-"
Show = Callable[[float], str]
Section = tuple[str, list["Row"]]


def sections(rows: Sequence[Row], labels: Sequence[Labels], every: bool) -> list[Section]:
    """Return the rows that have something to say, headline outcomes first; with `every` the others as well.

    labels : of each scenario that the rows come from.
    """
    left = {row.name: row for row in rows if row.runs}
    found: list[Section] = []
    for title, patterns in headlines(*_names(labels)):
        names = [name for pattern in patterns for name in left if fnmatchcase(name, pattern)]
        if names:
            found.append((title, [left.pop(name) for name in dict.fromkeys(names)]))
    if every and left:
        found.append(("Everything else", list(left.values())))
    return found


def _names(labels: Sequence[Labels]) -> tuple[list[str], list[str]]:
    """Return the theatres and the sides of all scenarios."""
    theatres = dict.fromkeys(name for each in labels for name in each.theatres)
    return list(theatres), list(dict.fromkeys(name for each in labels for name in each.sides))


def headlines(theatres: Sequence[str], sides: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return the sections of the table, with the patterns of the names in each."""
    here = [f"{theatre}.{side}" for theatre in theatres for side in sides]
    ground = [f"{theatre}.territory_km2{dated}" for dated in (".*", "") for theatre in theatres]
    judged = ["dual_success*", "second_front_regained*", "main_offensive_kept*", "regained_share*"]
    losses = [f"{place}.casualties" for place in here] + [f"{side}.casualties" for side in sides]
    exchange = [f"{theatre}.{sides[0]}.loss_exchange" for theatre in theatres] + [f"{sides[0]}.loss_exchange"]
    people = [f"{place}.people" for place in here]
    moved = [f"{side}.{what}" for what in ("people_diverted", "people_drawn_from_main") for side in sides]
    price = [f"{side}.{what}" for what in ("political_cost_km2_days", "people_displaced") for side in sides]
    return [
        ("Was there a dilemma?", [*judged, "main_gain_kept_km2*"]),
        ("Territory", [*ground, "regained", "regained_day"]),
        ("Losses", [*losses, *[f"{side}.irrecoverable" for side in sides], *exchange, "collapses"]),
        ("People at the end", [*people, *moved]),
        ("Price", price),
        ("Talks", ["talks.*"]),
    ]


def table(finished: Finished, every: bool) -> Table:
    """Return the table of one scenario."""
    made = _empty_table()
    spread = finished.prepared.design.draws > 0
    for heading in ("mean", "numerical 95 %", "luck 5 | 50 | 95 %", *(["assumptions 5 | 95 %"] if spread else [])):
        made.add_column(heading, justify="right")
    for title, rows in sections(finished.rows, [finished.prepared.study.labels], every):
        made.add_section()
        made.add_row(title, style="bold")
        for row in rows:
            show = shower(row)
            luck = NOTHING if row.unit == PROBABILITY else joined(row.luck, show)
            numbers = [mean(row, show), joined(row.mean_ci95, show), luck, joined(row.assumptions, show)]
            made.add_row(f"  {row.name}", unit(row), *numbers[: len(made.columns) - 2])
    return made


def side_by_side(columns: Mapping[str, Sequence[Row]], labels: Sequence[Labels], every: bool) -> Table:
    """Return one table of several results: the mean of each with its numerical interval."""
    made = _empty_table()
    for label in columns:
        made.add_column(label, justify="right")
    by_name = {label: {row.name: row for row in rows if row.runs} for label, rows in columns.items()}
    union = {row.name: row for rows in columns.values() for row in rows if row.runs}
    for title, rows in sections(list(union.values()), labels, every):
        made.add_section()
        made.add_row(title, style="bold")
        for row in rows:
            found = [by_name[label].get(row.name) for label in columns]
            made.add_row(f"  {row.name}", unit(row), *(_short(each) if each else NOTHING for each in found))
    return made


def shares_table(shares: Sequence[Share]) -> Table:
    """Return the table of an attribution."""
    made = _empty_table("part of the change in main gain")
    for heading in ("mean", "numerical 95 %", "assumptions 5 | 95 %"):
        made.add_column(heading, justify="right")
    for share in shares:
        value, interval = share.mean
        show = _rounder([*_finite(value), *_finite(interval)])
        middle = NOTHING if value is None else show(value)
        made.add_row(share.name, "km2", middle, joined(interval, show), joined(share.assumptions, show))
    return made


def _empty_table(first: str = "outcome") -> Table:
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column(first, no_wrap=True)
    made.add_column("unit")
    return made


SIDE_BY_SIDE = "mean [numerical 95 %: how exact the mean is; more runs narrow it]; luck and assumptions: see --json"
SPREADS = """\
numerical 95 %: how exact the mean is; more runs narrow it
luck: 5, 50, 95 % of the runs at central assumptions\
"""
VARIED = "assumptions: 5, 95 % of the means of the sampled draws"
NOT_VARIED = "assumptions were not varied (--draws 0): every number is at their central values"
CERTAIN = "assumptions: the scenario has no uncertain number, so there is one draw"


def heading(finished: Finished) -> str:
    """Return what was run."""
    prepared, design = finished.prepared, finished.prepared.design
    done = design.runs
    before = finished.done.before
    kept = f"; {before:,} of them were there before" if before else ""
    torn = f"; {finished.done.torn} damaged parts were run again" if finished.done.torn else ""
    luck = f"{design.replications:,} replication{'s' * (design.replications > 1)} of luck"
    draws = f"{design.draws + 1:,} draws of the assumptions (the first is central) x " if design.draws else ""
    paired = ", each also without the incursion" if prepared.study.worlds > 1 else ""
    runs = f"{done:,} run{'s' * (done > 1)}: {draws}{luck}, seed {design.seed}{paired}{kept}{torn}"
    return f"{prepared.loaded.scenario.title}\n{runs}"


def spreads(finished: Finished) -> str:
    """Return what the columns of the table mean."""
    prepared = finished.prepared
    return f"{SPREADS}\n{VARIED if prepared.design.draws else NOT_VARIED if prepared.study.central else CERTAIN}"


def unit(row: Row) -> str:
    """Return the unit in which the table shows an outcome."""
    return "% of runs" if row.unit == PROBABILITY else row.unit


def mean(row: Row, show: Show) -> str:
    """Return the mean, or of a time that runs may not reach, how many did not."""
    if row.censored_share is not None:
        return f"not reached in {100 * row.censored_share:.0f} %"
    return NOTHING if row.mean is None else show(row.mean)


def _short(row: Row) -> str:
    show = shower(row)
    if row.censored_share is not None:
        return f"median {joined(row.quantiles[1:2] if row.quantiles else None, show)}"
    return f"{mean(row, show)} [{joined(row.mean_ci95, show)}]" if row.mean_ci95 else mean(row, show)


def joined(values: Sequence[float] | None, show: Show) -> str:
    """Return some values in one cell."""
    return " | ".join(map(show, values)) if values else NOTHING


def shower(row: Row) -> Show:
    """Return how the numbers of a row are written: percent for probabilities, else three digits or more."""
    numbers = [*_finite(row.mean), *_finite(row.luck), *_finite(row.assumptions)]
    if row.unit != PROBABILITY:
        return _rounder(numbers, whole=row.unit == "day")
    low, high = row.mean_ci95 or (0.0, 1.0)
    places = 0 if high - low > 0.02 else 1
    return lambda value: f"{100 * value:.{places}f}"


def _rounder(numbers: Sequence[float], whole: bool = False) -> Show:
    largest = max(map(abs, numbers), default=0.0)
    places = 0 if whole or largest >= 100 or largest == 0 else 1 if largest >= 10 else 2 if largest >= 1 else 3

    def show(value: float) -> str:
        if math.isinf(value):
            return "> end"
        return f"{round(value, places) + 0.0:,.{places}f}"  # + 0.0 makes -0 a 0

    return show


def _finite(values: float | Sequence[float] | None) -> list[float]:
    some = [] if values is None else [values] if isinstance(values, int | float) else values
    return [value for value in some if math.isfinite(value)]


def as_json(finished: Finished) -> dict[str, Any]:
    """Return what `--json` says of one scenario; a time that is not reached is null."""
    prepared, plan, done = finished.prepared, finished.prepared.plan, finished.done
    content = {
        "command": "run",
        "scenario": str(prepared.file),
        "title": prepared.loaded.scenario.title,
        "scenario_hash": plan.base.hash,
        "id": plan.id,
        "model_version": plan.model_version,
        "engine": plan.engine,
        "seed": plan.design.seed,
        "replications": plan.design.replications,
        "draws": plan.design.draws,
        "runs": {"done": done.done, "failed": done.failed, "before": done.before},
        "folder": str(finished.folder),
        "figures": [str(path) for path in finished.figures],
        "wall_s": round(done.wall_s, 3),
        "outcomes": {row.name: _json_row(row) for row in finished.rows},
    }
    if finished.shares:
        content["attribution"] = {share.name: _json_share(share) for share in finished.shares}
    return content


def _json_row(row: Row) -> dict[str, Any]:
    return {
        "unit": row.unit,
        "runs": row.runs,
        "mean": _json(row.mean),
        "mean_ci95": [_json(value) for value in row.mean_ci95] if row.mean_ci95 else None,
        **_named("", (5, 50, 95), row.quantiles),
        **_named("luck_", (5, 50, 95), row.luck),
        **_named("assumptions_", (5, 95), row.assumptions),
        **({} if row.censored_share is None else {"not_reached_share": row.censored_share}),
    }


def _json_share(share: Share) -> dict[str, Any]:
    value, interval = share.mean
    return {
        "unit": "km2",
        "mean": _json(value),
        "mean_ci95": [_json(each) for each in interval] if interval else None,
        **_named("assumptions_", (5, 95), share.assumptions),
    }


def _named(prefix: str, levels: Sequence[int], values: Sequence[float] | None) -> dict[str, float | None]:
    found: Sequence[float | None] = values or [None] * len(levels)
    return {f"{prefix}q{level:02d}": _json(value) for level, value in zip(levels, found, strict=True)}


def _json(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
