"""A validated scenario to the model's parameter record: the only place where units and names are converted.

Numbers are read by their dotted path, so that a sampled value of a path (an assumption draw) takes its place.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.model import codes as code
from sim.model.state import PARAMS, POLICY
from sim.model.tally import Labels
from sim.scenario.load import Loaded, leaves, locate
from sim.scenario.lower_parts import Numbers, lower_policies, lower_sides
from sim.scenario.schema import Scenario
from sim.scenario.values import Quantity

Record = NDArray[np.void]


class Aims(NamedTuple):
    """How a run is judged: numbers of one draw, indices into the labels, days from the start."""

    side: int
    initiator: int
    main: int
    second: int
    ordered: bool
    dates: tuple[tuple[str, int], ...]
    reference_km2: float
    regained_share: float
    kept_share: float
    minimum_gain_km2: float
    main_sign: float
    second_sign: float


class Lowered(NamedTuple):
    """What the engine and the tally need of a scenario at one draw."""

    params: Record
    labels: Labels
    start: date
    days: int
    aims: Aims | None


def lower(loaded: Loaded, values: Mapping[str, float]) -> Lowered:
    """Turn a scenario into parameters; `values` holds the sampled numbers of a draw by path ({} = central)."""
    scenario = loaded.scenario
    numbers = Numbers(quantities_of(scenario), values)
    params = base_params(scenario, numbers)
    patch(params, loaded, values)
    days = (scenario.end - scenario.start).days
    return Lowered(params, labels_of(scenario), scenario.start, days, aims_of(scenario, numbers))


_MOST_READ = 64
_read: dict[int, tuple[Scenario, dict[str, Quantity]]] = {}  # by identity: scenarios do not change


def quantities_of(scenario: Scenario) -> dict[str, Quantity]:
    """Every number of a scenario by its path; walked once for a scenario, as it is lowered for every draw."""
    found = _read.get(id(scenario))
    if found is None or found[0] is not scenario:
        if len(_read) >= _MOST_READ:
            _read.clear()
        numbers = {".".join(keys): value for keys, value in leaves(scenario) if isinstance(value, Quantity)}
        found = _read[id(scenario)] = scenario, numbers
    return found[1]


def labels_of(scenario: Scenario) -> Labels:
    """Names in the order of the record."""
    theatres = tuple(scenario.theatres)
    return Labels(
        tuple(scenario.sides),
        theatres,
        tuple(scenario.fronts),
        tuple(theatres.index(front.theatre) for front in scenario.fronts.values()),
        tuple(tuple(side.contingents) for side in scenario.sides.values()),
        tuple(
            tuple(name if policy.when else "" for name, policy in side.policies.items())
            for side in scenario.sides.values()
        ),
    )


def tick_of(scenario: Scenario, when: date | None, otherwise: int) -> int:
    """A date as ticks from the start of the run."""
    return otherwise if when is None else (when - scenario.start).days * code.TICKS_PER_DAY


def base_params(scenario: Scenario, n: Numbers) -> Record:
    """The parameter record without interventions, shape (1,)."""
    params = np.zeros(1, PARAMS)
    p = params[0]
    p["n_fronts"], p["n_theatres"] = len(scenario.fronts), len(scenario.theatres)
    p["n_days"] = (scenario.end - scenario.start).days
    p["end_tick"] = p["n_days"] * code.TICKS_PER_DAY
    _combat(p, n)
    _withdrawal_and_luck(p, n)
    for f, name in enumerate(scenario.fronts):
        _front(p["front"][f], scenario, name, n)
    lower_sides(p, scenario, n)
    lower_policies(p, scenario, n)
    _tranches(p, scenario, n)
    _packages(p, scenario, n)
    _seasons(p, scenario, n)
    _incursion(p, scenario, n)
    _theatres(p, scenario, n)
    return params


_COMBAT = {
    "granularity": "granularity",
    "win_intercept": "win_intercept",
    "win_slope": "win_slope",
    "own_exponent": "own_exponent",
    "enemy_exponent": "enemy_exponent",
    "beaten_multiplier": "beaten",
    "ground_km2": "ground",
    "ground_exponent": "ground_exponent",
    "ground_saturation_km2": "ground_saturation",
    "posture": "posture",
    "works_multiplier": "works",
    "works_build_per_day": "works_build",
    "works_depth_km": "works_depth",
    "works_still_km_per_day": "works_still",
    "surprise_multiplier": "surprise",
    "surprise_decay_per_day": "surprise_decay",
    "culmination_ratio": "culmination",
    "culmination_sharpness": "culmination_sharpness",
    "supply_depth_km": "supply_depth",
    "overextension_km": "overextension",
    "fatigue_per_loss_share": "fatigue_losses",
    "fatigue_per_effort_day": "fatigue_effort",
    "pressure_days": "pressure_days",
    "advance_memory_days": "advance_days",
    "loss_memory_days": "loss_days",
    "yield_memory_days": "yield_days",
}
_WITHDRAWAL = {
    "withdrawal_per_100km_day": "hazard",
    "withdrawal_pressure_gain": "pressure",
    "withdrawal_loss_gain": "losses",
    "withdrawal_supply_gain": "supply",
    "withdrawal_sector_km": "sector",
    "withdrawal_depth_km": "depth",
    "withdrawal_prisoner_share": "prisoners",
    "withdrawal_readiness": "readiness",
    "collapse_share": "collapse_share",
    "collapse_days": "collapse_days",
}
_LUCK = {
    "luck_theatre_sigma": "theatre_sigma",
    "luck_front_sigma": "front_sigma",
    "luck_theatre_memory_days": "theatre_memory",
    "luck_front_memory_days": "front_memory",
}
EXTENT_KM = 30.0  # depth that counts as "the territory of a front" where no extent is stated (docs/model.md 2.10)
REFERENCE_DENSITY = 375.0  # combat power per km that goes with `combat.ground` (a unit, docs/model.md E8)


def _combat(p: np.void, n: Numbers) -> None:
    for field, name in _COMBAT.items():
        p[field] = n(f"combat.{name}")
    p["ground_reference_density"] = REFERENCE_DENSITY
    p["casualty_spread"], p["ground_spread"] = n("combat.casualty_spread"), n("combat.ground_spread")


def _withdrawal_and_luck(p: np.void, n: Numbers) -> None:
    for field, name in _WITHDRAWAL.items():
        p[field] = n(f"withdrawal.{name}")
    for field, name in _LUCK.items():
        p[field] = n(f"luck.{name}")


def _front(front: np.void, scenario: Scenario, name: str, n: Numbers) -> None:
    given, path = scenario.fronts[name], f"fronts.{name}"
    sides = list(scenario.sides)
    theatre = scenario.theatres[given.theatre]
    front["theatre"] = list(scenario.theatres).index(given.theatre)
    front["kind"] = code.BORDER if given.kind == "border" else code.MAIN
    front["positive_side"] = sides.index(theatre.positive)
    for field, key in (
        ("length_km", "length"),
        ("salient_factor", "salient_factor"),
        ("salient_min_km", "salient_minimum"),
        ("reaction_days", "reaction"),
        ("start_territory_km2", "territory"),
        ("tempo_per_1000_per_day", "tempo"),
        ("terrain", "terrain"),
        ("displaced_per_km2", "density"),
    ):
        front[field] = n(f"{path}.{key}")
    lowest = 0.0 if given.kind == "border" else -1e6
    front["min_territory_km2"] = n(f"{path}.territory_minimum", lowest)
    front["max_territory_km2"] = n(f"{path}.territory_maximum", 1e6)
    front["extent_km2"] = n(f"{path}.extent", EXTENT_KM * float(front["length_km"]))
    for s, side in enumerate(sides):
        front["start_readiness"][s] = n(f"{path}.readiness.{side}", 1.0)
        front["start_works"][s] = n(f"{path}.works.{side}", 0.0)
        front["start_effort"][s] = n(f"{path}.effort.{side}", 0.0)
        front["supply_capacity_people"][s] = n(f"{path}.supply.{side}", 1e12)
        front["interdiction"][s] = n(f"{path}.interdiction.{side}", 0.0)
        front["garrison"][s] = n(f"{path}.garrison.{side}", 0.0)
        for c, contingent in enumerate(scenario.sides[side].contingents):
            front["start_people"][s, c] = round(n(f"{path}.forces.{side}.{contingent}", 0.0))


def _tranches(p: np.void, scenario: Scenario, n: Numbers) -> None:
    k = 0
    for s, (side_name, side) in enumerate(scenario.sides.items()):
        for c, (name, contingent) in enumerate(side.contingents.items()):
            inflow = contingent.inflow
            for tranche_name, tranche in inflow.tranches.items() if inflow else ():
                assert inflow is not None
                path = f"sides.{side_name}.contingents.{name}.inflow"
                here = f"{path}.tranches.{tranche_name}"
                row = p["tranche"][k]
                row["side"], row["contingent"] = s, c
                row["at_tick"] = tick_of(scenario, tranche.at, 0)
                row["people"] = n(f"{path}.people") * n(f"{here}.share")
                row["delay_days"], row["delay_sigma"] = n(f"{here}.delay"), n(f"{here}.delay_sigma")
                row["cancel_probability"] = n(f"{here}.cancelled")
                row["acclimatise_days"] = n(f"{path}.acclimatise")
                row["readiness"] = n(f"sides.{side_name}.contingents.{name}.arrival_readiness")
                row["allied"] = 1
                row["front"] = list(scenario.fronts).index(inflow.front) if inflow.front else code.RESERVE
                k += 1
    p["n_tranches"] = k


_WAITS = {"date": code.SCHEDULED, "allied_landing": code.ON_ALLIED_LANDING, "success": code.ON_SUCCESS}


def _packages(p: np.void, scenario: Scenario, n: Numbers) -> None:
    k = 0
    for donor_name, donor in scenario.aid.items():
        for name, package in donor.packages.items():
            here, row = f"aid.{donor_name}.packages.{name}", p["package"][k]
            row["side"] = list(scenario.sides).index(package.to)
            row["waits_for"] = _WAITS[package.waits_for]
            row["announced_tick"] = tick_of(scenario, package.announced, 0)
            row["rounds"], row["probability"] = n(f"{here}.rounds"), n(f"{here}.probability")
            row["delay_days"], row["delay_sigma"] = n(f"{here}.delay"), n(f"{here}.delay_sigma")
            row["success_front"] = list(scenario.fronts).index(package.front) if package.front else 0
            row["success_km2"] = n(f"{here}.above")
            row["caution"] = n(f"aid.{donor_name}.caution")
            row["politics_tick"] = tick_of(scenario, donor.politics.at if donor.politics else None, code.FAR)
            row["politics_factor"] = n(f"aid.{donor_name}.politics.factor", 1.0)
            k += 1
    p["n_packages"] = k


def _seasons(p: np.void, scenario: Scenario, n: Numbers) -> None:
    k = 0
    for name, season in scenario.seasons.items():
        for year in range(scenario.start.year - 1, scenario.end.year + 1):
            begins, ends = season.begins.in_year(year), season.ends.in_year(year)
            ends = season.ends.in_year(year + 1) if ends <= begins else ends
            if ends <= scenario.start or begins > scenario.end:
                continue
            if k >= code.SEASONS:
                raise InputError.single("", "seasons", f"more than {code.SEASONS} seasons in the run")
            row = p["season"][k]
            row["start_tick"], row["end_tick"] = tick_of(scenario, begins, 0), tick_of(scenario, ends, 0)
            for field in ("attack", "tempo", "mobility"):
                row[field] = n(f"seasons.{name}.{field}")
            k += 1
    p["n_seasons"] = k


def _incursion(p: np.void, scenario: Scenario, n: Numbers) -> None:
    incursion = scenario.incursion
    p["incursion_front"] = p["incursion_side"] = -1
    p["incursion_tick"] = p["talks_tick"] = code.FAR
    if scenario.talks:
        p["talks_tick"] = tick_of(scenario, scenario.talks.at, code.FAR)
        p["talks_mean_days"] = n("talks.mean_wait")
    if incursion is None:
        return
    p["incursion_ordered"] = int(incursion.ordered)
    p["incursion_side"] = list(scenario.sides).index(incursion.side)
    p["incursion_front"] = list(scenario.fronts).index(incursion.front)
    p["incursion_tick"] = tick_of(scenario, incursion.at, code.FAR)
    p["incursion_effort"] = n("incursion.effort")
    p["freed_share"], p["freed_delay_days"] = n("incursion.otherwise.share"), n("incursion.otherwise.delay")
    p["freed_defender_people"] = n("incursion.otherwise.defender")
    for c, name in enumerate(scenario.sides[incursion.side].contingents):
        p["incursion_people"][c] = round(n(f"incursion.force.{name}", 0.0))


def _theatres(p: np.void, scenario: Scenario, n: Numbers) -> None:
    roles = {theatre.role: index for index, theatre in enumerate(scenario.theatres.values())}
    p["main_theatre"], p["second_theatre"] = roles.get("main", -1), roles.get("second", -1)
    p["regained_km2"] = n("assess.regained_below", 10.0)


def aims_of(scenario: Scenario, n: Numbers) -> Aims | None:
    """How the scenario wants to be judged, or None."""
    assess = scenario.assess
    if assess is None:
        return None
    sides, theatres = list(scenario.sides), list(scenario.theatres)
    roles = {theatre.role: index for index, theatre in enumerate(scenario.theatres.values())}
    main, second = roles["main"], roles["second"]
    under_test = sides.index(assess.side)
    incursion = scenario.incursion
    return Aims(
        under_test,
        sides.index(incursion.side) if incursion else 1 - under_test,
        main,
        second,
        bool(incursion and incursion.ordered),
        tuple((name, (when - scenario.start).days) for name, when in assess.dates.items()),
        n("assess.reference_area"),
        n("assess.regained_share"),
        n("assess.kept_share"),
        n("assess.minimum_gain"),
        1.0 if scenario.theatres[theatres[main]].positive == assess.side else -1.0,
        -1.0 if scenario.theatres[theatres[second]].positive == assess.side else 1.0,
    )


def patch(params: Record, loaded: Loaded, values: Mapping[str, float]) -> None:
    """Write the interventions into the record: each the words that it changes, at its time.

    Raises InputError for an intervention that changes only what counts at the start, or nothing.
    """
    before, base = params.copy(), quantities_of(loaded.scenario)
    k = 0
    for change in loaded.later:
        own = quantities_of(change.scenario)
        _refuse_spreads(loaded, change.name, own, base)
        still = {path: value for path, value in values.items() if own.get(path) == base.get(path)}
        after = base_params(change.scenario, Numbers(own, still))
        words = np.flatnonzero(after.view(np.int64) != before.view(np.int64))
        alive = [word for word in words if word not in START_WORDS]
        if not alive and not values:
            where = locate(loaded, f"interventions.{change.name}").where()
            what = "changes only values that count at the start" if len(words) else "changes nothing"
            raise InputError.single(where, f"interventions.{change.name}.set", what)
        if k + len(alive) > code.PATCHES:
            raise InputError.single("", "interventions", f"change more than {code.PATCHES} values in all")
        for word in alive:
            row = params[0]["patch"][k]
            row["tick"], row["word"] = tick_of(loaded.scenario, change.at, 0), word
            row["value"] = after.view(np.int64)[word]
            k += 1
        before = after
    params[0]["n_patches"] = k


def _refuse_spreads(loaded: Loaded, name: str, own: Mapping[str, Quantity], base: Mapping[str, Quantity]) -> None:
    """An intervention states a value; a spread belongs to the assumption that it changes."""
    for path, quantity in own.items():
        if quantity.distribution is not None and quantity != base.get(path):
            where = locate(loaded, f"interventions.{name}").where()
            raise InputError.single(where, f"interventions.{name}.set.{path}", "must be one value, not a distribution")


def _start_words(dtype: np.dtype[np.void], offset: int = 0, inside: bool = False) -> Iterable[int]:
    """Words of fields that are read only when a run starts (their names begin with 'start_', or hold a start stock)."""
    for name in dtype.names or ():
        field, at = dtype.fields[name][0], dtype.fields[name][1]  # type: ignore[index]
        start = inside or (name.startswith("start_") and dtype is not POLICY) or name == "munitions_start_rounds"
        start = start and name not in ("start_tick",)
        size = math.prod(field.shape) if field.shape else 1
        for index in range(size):
            here = offset + at + index * field.base.itemsize
            if field.base.names:
                yield from _start_words(field.base, here, start)
            elif start:
                yield here // 8


START_WORDS = frozenset(_start_words(PARAMS))
