"""What is measured: the daily series, the outcomes of one replication, and their names, units and meanings.

The kernel writes series in the order in which `series_names` lists them. Outcomes are computed from the
series and the final state of each replication; those that need the counterfactual (E, dual success) from both.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.model.codes import FAR, POLICIES, SIDES, TICKS_PER_DAY
from sim.model.kernel import Floats, Params, Records, State, entry, kernel


class Labels(NamedTuple):
    """Names of a scenario's things, in the order of the parameter record."""

    sides: tuple[str, ...]
    theatres: tuple[str, ...]
    fronts: tuple[str, ...]
    front_theatre: tuple[int, ...]
    contingents: tuple[tuple[str, ...], ...]  # by side
    policies: tuple[tuple[str, ...], ...] = ((), ())  # by side; "" for those that wait for nothing


class Outcome(NamedTuple):
    """An outcome or a series: its name, unit and meaning."""

    name: str
    unit: str
    meaning: str


# Columns of the final record, one row a replication, in the order in which `final_row` fills them.
_WHOLE = ("regained_day", "regained", "talks_territory", "talks_trend", "talks_casualties", "talks_day")
TRIGGERED = ("day", "held_km2", "pressure")  # of each policy: when it was triggered, and what was seen then
FINAL = _WHOLE + tuple(f"{side}.{k}.{what}" for side in range(SIDES) for k in range(POLICIES) for what in TRIGGERED)
POLICIES_FROM = len(_WHOLE)


@kernel
def theatre_pressure(p: Params, s: State, h: int, side: int) -> float:
    """Pressure on a side in a theatre: the mean over its fronts, weighted by its people."""
    total, people = 0.0, 0
    for f in range(p.n_fronts):
        if p.front[f].theatre == h and s.front[f].total[side] > 0:
            total += s.front[f].pressure[side] * s.front[f].total[side]
            people += s.front[f].total[side]
    return total / people if people > 0 else math.nan


@kernel
def sample(p: Params, s: State, series: Floats) -> None:
    """Write the day's row of the series."""
    row = series[s.now // TICKS_PER_DAY]
    k = sample_fronts(p, s, row, 0)
    k = sample_theatres(p, s, row, k)
    sample_sides(p, s, row, k)


@kernel
def sample_fronts(p: Params, s: State, row: Floats, k: int) -> int:
    """Series of each front."""
    for f in range(p.n_fronts):
        front = s.front[f]
        row[k] = front.territory_km2
        k += 1
        for side in range(2):
            row[k] = front.total[side]
            row[k + 1] = front.pressure[side] if front.total[side] > 0 else math.nan
            row[k + 2] = front.effort[side]
            row[k + 3] = front.works[side]
            row[k + 4] = front.supply[side]
            row[k + 5] = front.engagements[side] * p.granularity
            k += 6
    return k


@kernel
def sample_theatres(p: Params, s: State, row: Floats, k: int) -> int:
    """Series of each theatre."""
    for h in range(p.n_theatres):
        row[k] = 0.0
        for f in range(p.n_fronts):
            row[k] += s.front[f].territory_km2 if p.front[f].theatre == h else 0.0
        k += 1
        for side in range(2):
            row[k], row[k + 1], row[k + 2] = 0.0, 0.0, 0.0
            for f in range(p.n_fronts):
                if p.front[f].theatre == h:
                    row[k] += s.front[f].total[side]
                    row[k + 1] += s.front[f].casualties[side]
                    row[k + 2] += s.front[f].irrecoverable[side]
            row[k + 3] = theatre_pressure(p, s, h, side)
            k += 4
            for c in range(p.side[side].n_contingents):
                row[k] = 0.0
                for f in range(p.n_fronts):
                    row[k] += s.front[f].people[side, c] if p.front[f].theatre == h else 0
                k += 1
    return k


@kernel
def sample_sides(p: Params, s: State, row: Floats, k: int) -> None:
    """Series of each side."""
    for side in range(2):
        a = s.side[side]
        row[k] = a.casualties
        row[k + 1] = a.irrecoverable
        row[k + 2] = a.diverted
        row[k + 3] = a.drawn_from_main
        row[k + 4] = a.munitions
        row[k + 5] = a.political_cost
        row[k + 6] = displaced(p, s, side)
        row[k + 7] = a.collapses
        for j in range(8, 13):
            row[k + j] = 0.0
        for c in range(p.side[side].n_contingents):
            row[k + 8] += a.reserve[c]
            row[k + 9] += a.training[c]
            row[k + 10] += a.transit[c]
            row[k + 11] += a.wounded[c]
            row[k + 12] += a.entered[c]
        k += 13


@kernel
def displaced(p: Params, s: State, side: int) -> float:
    """People of a side displaced: area ever held by the enemy x a density with its source (2.6)."""
    total = 0.0
    for f in range(p.n_fronts):
        lost = -s.front[f].trough_km2 if side == p.front[f].positive_side else s.front[f].peak_km2
        total += max(0.0, lost) * p.front[f].displaced_per_km2
    return total


@kernel
def final_policy(s: State, row: Floats, side: int, k: int) -> None:
    """When a policy was triggered, and what its headquarters saw then (2.13)."""
    at, a = POLICIES_FROM + 3 * (POLICIES * side + k), s.side[side]
    seen = a.trigger_tick[k] != FAR
    row[at] = a.trigger_tick[k] / TICKS_PER_DAY if seen else math.nan
    row[at + 1] = a.held_at_trigger[k] if seen else math.nan
    row[at + 2] = a.pressure_at_trigger[k] if seen else math.nan


@entry
def final_row(params: Records, state: Records, row: Floats) -> None:
    """What only the final state knows, in the order of FINAL: params, state of shape (1,), row float64[FINAL]."""
    p, s = params[0], state[0]
    regained = s.regained_tick != FAR and p.second_theatre >= 0
    row[0] = s.regained_tick / TICKS_PER_DAY if regained else math.nan
    row[1] = (1.0 if regained else 0.0) if s.ever_held == 1 else math.nan
    row[2] = s.talks_territory_km2
    row[3] = s.talks_trend_km2_per_day
    row[4] = s.talks_casualties
    row[5] = s.talks_tick / TICKS_PER_DAY if s.now >= s.talks_tick else math.nan
    for side in range(2):
        for k in range(POLICIES):
            final_policy(s, row, side, k)


def front_series(labels: Labels) -> list[Outcome]:
    """Names of the series of each front."""
    rows: list[Outcome] = []
    for front in labels.fronts:
        rows.append(Outcome(f"{front}.territory_km2", "km2", "area held by the front's positive side, signed"))
        for side in labels.sides:
            rows += [
                Outcome(f"{front}.{side}.people", "people", "people deployed on the front"),
                Outcome(f"{front}.{side}.pressure", "ln ratio", "front pressure on the side"),
                Outcome(f"{front}.{side}.effort", "share", "share of full tempo ordered"),
                Outcome(f"{front}.{side}.works", "share", "state of the side's works"),
                Outcome(f"{front}.{side}.supply", "share", "state of the side's supply"),
                Outcome(f"{front}.{side}.engagements", "engagements", "engagements that the side began"),
            ]
    return rows


def theatre_series(labels: Labels) -> list[Outcome]:
    """Names of the series of each theatre."""
    rows: list[Outcome] = []
    for theatre in labels.theatres:
        rows.append(Outcome(f"{theatre}.territory_km2", "km2", "area held by the theatre's positive side, signed"))
        for s, side in enumerate(labels.sides):
            rows += [
                Outcome(f"{theatre}.{side}.people", "people", "people deployed in the theatre"),
                Outcome(f"{theatre}.{side}.casualties", "people", "killed, captured and wounded, cumulative"),
                Outcome(f"{theatre}.{side}.irrecoverable", "people", "killed and captured in action, cumulative"),
                Outcome(f"{theatre}.{side}.pressure", "ln ratio", "front pressure, weighted by people"),
            ]
            rows += [
                Outcome(f"{theatre}.{side}.{c}.people", "people", "people of the contingent deployed in the theatre")
                for c in labels.contingents[s]
            ]
    return rows


def side_series(labels: Labels) -> list[Outcome]:
    """Names of the series of each side."""
    rows: list[Outcome] = []
    for side in labels.sides:
        rows += [
            Outcome(f"{side}.casualties", "people", "killed, captured and wounded, cumulative"),
            Outcome(f"{side}.irrecoverable", "people", "killed, captured, discharged wounded, lost en route"),
            Outcome(f"{side}.people_diverted", "people", "sent to the second theatre though allowed on the main one"),
            Outcome(f"{side}.people_drawn_from_main", "people", "of these, taken from fronts of the main theatre"),
            Outcome(f"{side}.munitions", "rounds", "munitions in stock"),
            Outcome(
                f"{side}.political_cost_km2_days", "km2 days", "own ground held by the other side, summed over days"
            ),
            Outcome(f"{side}.people_displaced", "people", "area ever held by the other side x people per km2"),
            Outcome(f"{side}.collapses", "count", "collapses suffered"),
            Outcome(f"{side}.reserve", "people", "people in reserve"),
            Outcome(f"{side}.training", "people", "people in training or acclimatising"),
            Outcome(f"{side}.transit", "people", "people waiting for lift or on the way"),
            Outcome(f"{side}.wounded", "people", "wounded who are not yet back or discharged"),
            Outcome(f"{side}.reinforcements", "people", "people who entered the side from outside, cumulative"),
        ]
    return rows


def series_names(labels: Labels) -> list[Outcome]:
    """Every series, in the order in which `sample` writes them."""
    return front_series(labels) + theatre_series(labels) + side_series(labels)


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """float64 quotient, not-a-number where the denominator is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator != 0, numerator / np.where(denominator != 0, denominator, 1.0), np.nan)
