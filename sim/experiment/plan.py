"""What is to be run: points crossed with draws and replications, the scenario at each point, and the plan's identity.

A run is known by (seed, hash of the effective scenario at the point, draw, replication, model version, user code); the
number of a point is only its place in this design.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, Problem
from sim.experiment.dated import Calendar, dated_outcome, is_dated
from sim.experiment.design import MOST_RUNS, Design, duration, storage
from sim.experiment.factors import CHOICE, NUMBER, SET, VARY, Factor
from sim.experiment.points import Layout, Points
from sim.experiment.variant import Variant, Worlds, check_numbers, variant

if TYPE_CHECKING:
    from sim.model.tally import Outcome
    from sim.scenario.load import Loaded

FORMAT = "twofront plan 1"
SWEEP = "sweep"
MOST_VARIANTS = 1_000
CENSORED = {"regained_day": "regained"}  # times that a run may not reach, and the outcome that says whether it did
_CHECKED = 200  # points at which the scenario's contradictions are looked for before anything runs
_DISK_COPIES = 3  # parts, the table that is joined from them, and what it is joined through
_IDENTITY_COLUMNS = 4


@dataclass(frozen=True)
class Source:
    """Where a scenario comes from: its file, and the options and values given with it."""

    file: Path
    choices: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()

    def load(self, choices: Sequence[str] = (), sets: Sequence[str] = ()) -> Loaded:
        """Return the scenario, with further options and values."""
        from sim.scenario.load import load

        return load(self.file, [*self.choices, *choices], [*self.sets, *sets])


@dataclass(frozen=True)
class Plan:
    """Runs that are asked for.

    kind : 'sweep', 'run' or 'compare'; what the result says that it is.
    variants : the scenarios that choices and set values make; variant_of : int64[point], which is a point's.
    asked : the outcomes asked for by name, () for all; outcomes : those that are kept.
    user_code : option, name and hash of what a user adds to the runs.
    series : daily series that some runs keep, () for none; days : the last day of these.
    branch : the id and the date of the result that the runs go on from.
    """

    kind: str
    source: Source
    base: Loaded
    points: Points
    layout: Layout
    design: Design
    variants: tuple[Worlds, ...]
    variant_of: NDArray[np.int64]
    asked: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    ratios: Mapping[str, tuple[str, str]]
    model_version: str
    engine: str = "compiled"
    user_code: tuple[tuple[str, str, str], ...] = ()
    series: tuple[Outcome, ...] = ()
    days: int = 0
    branch: tuple[str, str] | None = None

    def kept(self, draw: int) -> int:
        """Return how many replications of a draw, from its first, keep their daily series."""
        return self.design.kept(draw) if self.series else 0

    @property
    def cells(self) -> int:
        """Return how many pairs of a point and a draw there are."""
        return len(self.points) * (self.design.draws + 1)

    @property
    def runs(self) -> int:
        """Return how many runs there are (not counting those of the counterfactual)."""
        return self.cells * self.design.replications

    @property
    def worlds(self) -> int:
        """Return in how many worlds a run is made, at most."""
        names = [outcome.name for outcome in self.outcomes]
        return max(each.worlds(names) for each in self.variants)

    @property
    def disk_bytes(self) -> int:
        """Return roughly how much disk the result takes while it is made."""
        series = (self.days + 1) * len(self.series) * 4 * self.design.series_kept
        return _DISK_COPIES * self.runs * 8 * (len(self.outcomes) + _IDENTITY_COLUMNS) + series

    def numbers(self, point: int) -> dict[str, float]:
        """Return the numbers that are laid over the scenario at a point."""
        columns = self.points.columns
        return {each.name: float(columns[each.name][point]) for each in self.points.factors if each.kind == NUMBER}

    @cached_property
    def hashes(self) -> tuple[str, ...]:
        """Return the hash of the effective scenario at each point, 16 hexadecimal digits."""
        return tuple(
            point_hash(self.variants[self.variant_of[point]].main.loaded.hash, self.numbers(point))
            for point in range(len(self.points))
        )

    @cached_property
    def id(self) -> str:
        """Return 8 hexadecimal digits: of what the numbers are a function of, and of which runs there are."""
        design = self.design
        content = json.dumps([self.identity(), design.draws, design.replications, self.hashes], sort_keys=True)
        return hashlib.blake2b(content.encode(), digest_size=4).hexdigest()

    def identity(self) -> dict[str, Any]:
        """Return what has to be the same for two results to share runs."""
        return {
            "format": FORMAT,
            "scenario": self.base.hash,
            "seed": self.design.seed,
            "model version": self.model_version,
            "engine": self.engine,
            "user code": [list(each) for each in self.user_code],
            "outcomes": list(self.asked),
            **({"nested": True} if self.design.nested else {}),
            **({"branch": list(self.branch)} if self.branch else {}),
        }


def point_hash(scenario_hash: str, numbers: Mapping[str, float]) -> str:
    """Return the hash of a scenario in which some numbers have other values; of none its own."""
    if not numbers:
        return scenario_hash
    content = json.dumps([scenario_hash, sorted((path, number.hex()) for path, number in numbers.items())])
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


def make_plan(
    source: Source, base: Loaded, points: Points, layout: Layout, design: Design, asked: Sequence[str] = ()
) -> Plan:
    """Return the plan of a sweep; raise InputError with what is wrong in it."""
    from dataclasses import replace

    from sim.fingerprint import model_version

    variants, variant_of = _variants(source, base, points, design.seed)
    if not any(each.main.central() for each in variants):
        design = replace(design, draws=0)  # nothing is uncertain: every draw would be the same
    outcomes, ratios = _outcomes(variants)
    plan = Plan(
        kind=SWEEP,
        source=source,
        base=base,
        points=points,
        layout=layout,
        design=design,
        variants=variants,
        variant_of=variant_of,
        asked=tuple(asked),
        outcomes=_kept(outcomes, ratios, asked, variants[0].calendar),
        ratios=ratios,
        model_version=model_version(),
    )
    check_runs(plan)
    _check_points(plan)
    return plan


def check_runs(plan: Plan) -> None:
    """Refuse more runs than one command makes."""
    if plan.runs > MOST_RUNS:
        design = plan.design
        asked = f"{len(plan.points):,} points x {design.draws + 1:,} draws x {design.replications:,} replications"
        message = f"{asked} are {plan.runs:,} runs, more than {MOST_RUNS:,}; take fewer points, draws or replications"
        raise InputError.single("--replications", "", message)


def check_disk(plan: Plan, free_bytes: int) -> None:
    """Refuse a plan that the disk does not hold."""
    if plan.disk_bytes > free_bytes:
        needed, free = storage(plan.disk_bytes), storage(free_bytes)
        message = (
            f"{plan.runs:,} runs need about {needed} of disk, but only {free} is free; keep fewer --outcomes, "
            "run fewer points, draws or replications, or name another disk by --out"
        )
        raise InputError.single("--out", "", message)


def _variants(source: Source, base: Loaded, points: Points, seed: int) -> tuple[tuple[Variant, ...], NDArray[np.int64]]:
    """Return the scenarios of a design, each once, and which of them each point has."""
    apart = [factor for factor in points.factors if factor.kind != NUMBER]
    if not apart:
        return (variant(base, seed),), np.zeros(len(points), np.int64)
    _refuse_chosen(source, points)
    rows = list(zip(*(points.columns[factor.name].tolist() for factor in apart), strict=True))
    place = {row: k for k, row in enumerate(dict.fromkeys(rows))}
    if len(place) > MOST_VARIANTS:
        names = ", ".join(factor.name for factor in apart)
        message = f"{names}: make {len(place):,} scenarios that each have to be loaded, more than {MOST_VARIANTS:,}"
        raise InputError.single(VARY, "", message)
    found: list[Variant] = []
    problems: dict[Problem, None] = {}
    for row in place:
        try:
            found.append(variant(_loaded(source, apart, row), seed))
        except InputError as error:
            problems.update(dict.fromkeys(error.problems))
    if problems:
        raise InputError(problems)
    return tuple(found), np.array([place[row] for row in rows], np.int64)


def _refuse_chosen(source: Source, points: Points) -> None:
    """Refuse an option that was taken beforehand where the points take others of the same decision."""
    problems = []
    for pick in source.choices:
        decision, _, option = (part.strip() for part in pick.partition("="))
        varied = next((each for each in points.factors if each.kind == CHOICE and each.name == decision), None)
        if varied is not None and {str(value) for value in points.columns[varied.name]} != {option}:
            problems.append(Problem("--choice", "", f"'{pick}': that decision is varied here; leave it out"))
    if problems:
        raise InputError(problems)


def _loaded(source: Source, factors: Sequence[Factor], row: tuple[str, ...]) -> Loaded:
    picks = [f"{each.name}={value}" for each, value in zip(factors, row, strict=True) if each.kind == CHOICE]
    sets = [f"{each.name}={value}" for each, value in zip(factors, row, strict=True) if each.kind == SET]
    return source.load(picks, sets)


def _outcomes(variants: Sequence[Worlds]) -> tuple[dict[str, Outcome], dict[str, tuple[str, str]]]:
    """Return the outcomes of all scenarios by name: a choice may bring policies, and with them outcomes, of its own."""
    outcomes: dict[str, Outcome] = {}
    ratios: dict[str, tuple[str, str]] = {}
    for each in variants:
        for outcome in each.outcomes():
            outcomes.setdefault(outcome.name, outcome)
        ratios.update(each.ratios())
    return outcomes, ratios


def _kept(
    outcomes: Mapping[str, Outcome], ratios: Mapping[str, tuple[str, str]], asked: Sequence[str], calendar: Calendar
) -> tuple[Outcome, ...]:
    """Return the outcomes asked for, and those that their means are made of; all but dated ones where none is named."""
    from sim.scenario.wording import suggestion

    outcomes = {**outcomes, **{name: dated_outcome(name, calendar) for name in asked if is_dated(name)}}
    wrong = [name for name in asked if name not in outcomes]
    if wrong:
        raise InputError(
            Problem("--outcomes", "", f"there is no outcome '{name}'{suggestion(name, outcomes)}") for name in wrong
        )
    if not asked:
        return tuple(outcomes.values())
    names = dict.fromkeys(asked)
    for name in asked:
        names.update(dict.fromkeys(ratios.get(name, ())))
        names.update(dict.fromkeys([CENSORED[name]] if name in CENSORED else []))
    return tuple(outcomes[name] for name in names)


def _check_points(plan: Plan) -> None:
    """Refuse numbers that a scenario of the design does not have, or that contradict others of it at a few points."""
    numbers = [factor.name for factor in plan.points.factors if factor.kind == NUMBER]
    problems: dict[Problem, None] = {}
    for each in plan.variants:
        known = each.main.loaded
        missing = [path for path in numbers if not _has(known, path)]
        options = ", ".join(f"{path} = {option}" for path, option in known.choices.items())
        for path in missing:
            problems[Problem(VARY, path, f"there is no such number in the scenario with {options}")] = None
    if problems:
        raise InputError(problems)
    for point in np.unique(np.linspace(0, len(plan.points) - 1, _CHECKED).astype(np.int64)):
        try:
            check_numbers(plan.variants[plan.variant_of[point]].main.loaded, plan.numbers(int(point)))
        except InputError as error:
            problems.update(dict.fromkeys(error.problems))
    if problems:
        raise InputError(problems)


def _has(loaded: Loaded, path: str) -> bool:
    from sim.scenario.load import quantities

    return any(name == path for name, _ in quantities(loaded, every=True)) if path else False


def takes(plan: Plan, seconds_a_run: float, workers: int) -> str:
    """Return 'about 3 minutes and 40 MB of disk'."""
    return f"about {duration(plan.runs * seconds_a_run / workers)} and {storage(plan.disk_bytes)} of disk"
