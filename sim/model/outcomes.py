"""Outcomes of each replication from its series and final state: the end values, K, E, dual success, talks (2.6).

E and dual success compare a replication with its counterfactual on the same streams; the probability with the
counterfactual of another replication stands beside it (`.independent`).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.model.tally import FINAL, Labels, Outcome, ratio, series_names

Values = NDArray[np.float64]

# Series whose last value is an outcome; the others (effort, works, supply of a front ...) are only series.
_STATES = (".effort", ".works", ".supply")


class Finished(NamedTuple):
    """What is left of a block of runs: series float64[run, day, series] and final float64[run, FINAL]."""

    series: Values
    final: Values


def columns(labels: Labels) -> dict[str, int]:
    """Position of each series by name; a name that a theatre shares with its only front stands once."""
    found: dict[str, int] = {}
    for k, outcome in enumerate(series_names(labels)):
        found.setdefault(outcome.name, k)
    return found


def end_names(labels: Labels) -> list[Outcome]:
    """The series whose end value is an outcome."""
    seen: dict[str, Outcome] = {}
    for outcome in series_names(labels):
        if not outcome.name.endswith(_STATES):
            seen.setdefault(outcome.name, outcome)
    return list(seen.values())


def exchange_names(labels: Labels) -> list[tuple[Outcome, str, str]]:
    """Loss-exchange ratios: the enemy's casualties per own casualty, by side and theatre; with their parts."""
    first, second = labels.sides
    rows = []
    for own, enemy in ((first, second), (second, first)):
        meaning = f"casualties of {enemy} per casualty of {own} (ratio of means)"
        rows.append((Outcome(f"{own}.loss_exchange", "ratio", meaning), f"{enemy}.casualties", f"{own}.casualties"))
        for theatre in labels.theatres:
            name = Outcome(f"{theatre}.{own}.loss_exchange", "ratio", f"{meaning}, in the theatre")
            rows.append((name, f"{theatre}.{enemy}.casualties", f"{theatre}.{own}.casualties"))
    return rows


def suffix(position: int, name: str) -> str:
    """How outcomes of an assessment are named: the first date has no suffix."""
    return "" if position == 0 else f".{name}"


def judged_names(aims: Any, labels: Labels) -> list[Outcome]:
    """K, E and dual success at each date, and what they are made of."""
    rows: list[Outcome] = []
    second, main = labels.theatres[aims.second], labels.theatres[aims.main]
    side = labels.sides[aims.side]
    for position, (name, day) in enumerate(aims.dates):
        end, at = suffix(position, name), f"on the date '{name}' (day {day})"
        rows += [
            Outcome(f"{second}.territory_km2.{name}", "km2", f"territory of the theatre {at}"),
            Outcome(f"{main}.territory_km2.{name}", "km2", f"territory of the theatre {at}"),
            Outcome(f"regained_share{end}", "share", f"K: 1 - area held / A_ref {at}"),
            Outcome(f"main_gain_kept_km2{end}", "km2", f"G - G0: main gain of {side} against its counterfactual {at}"),
            Outcome(f"second_front_regained{end}", "probability", f"K >= K* {at}"),
            Outcome(f"main_offensive_kept{end}", "probability", f"E met {at}"),
            Outcome(f"dual_success{end}", "probability", f"K >= K* and E met {at}"),
            Outcome(
                f"dual_success{end}.independent",
                "probability",
                f"the same with the counterfactual of another replication {at}",
            ),
        ]
    return rows


def final_names() -> list[Outcome]:
    """Outcomes from the final state."""
    return [
        Outcome("regained_day", "day", "day the second front is regained (censored: nothing where it is not)"),
        Outcome("regained", "probability", "the second front is regained by the end of the run"),
        Outcome("talks.day", "day", "day on which talks begin"),
        Outcome("talks.territory_km2", "km2", "territory of the second theatre when talks begin"),
        Outcome("talks.trend", "km2/day", "its trend over the 30 days before"),
        Outcome("talks.casualties", "people", "casualties of the initiator there by then"),
        Outcome("talks.cost_per_km2", "people/km2", "those casualties per km2 held (ratio of means)"),
        Outcome("collapses", "count", "collapses of either side on any front"),
    ]


def policy_names(labels: Labels) -> list[tuple[Outcome, str]]:
    """When each policy that waits for something was triggered and what was seen then; with the columns of FINAL."""
    rows = []
    for s, side in enumerate(labels.sides):
        for k, policy in enumerate(labels.policies[s]):
            if policy:
                here, column = f"{side}.{policy}", f"{s}.{k}"
                rows += [
                    (
                        Outcome(f"{here}.day", "day", "day the policy's trigger was seen (nothing: never)"),
                        f"{column}.day",
                    ),
                    (Outcome(f"{here}.held_km2", "km2", "area seen held on its front then"), f"{column}.held_km2"),
                    (Outcome(f"{here}.pressure", "ln ratio", "pressure seen there then"), f"{column}.pressure"),
                ]
    return rows


def outcome_list(aims: Any, labels: Labels) -> list[Outcome]:
    """Every outcome of a scenario, in the order of `outcomes`."""
    rows = end_names(labels) + [name for name, _, _ in exchange_names(labels)] + final_names()
    rows += [name for name, _ in policy_names(labels)]
    return rows + (judged_names(aims, labels) if aims is not None else [])


def ratio_parts(aims: Any, labels: Labels) -> dict[str, tuple[str, str]]:
    """Outcomes whose mean is a ratio of means: the outcomes above and below the line."""
    parts = {outcome.name: (above, below) for outcome, above, below in exchange_names(labels)}
    return {**parts, "talks.cost_per_km2": ("talks.casualties", "talks.territory_km2")}


def outcomes(aims: Any, labels: Labels, block: Finished, other: Finished | None) -> dict[str, Values]:
    """Outcomes by name, float64[run]; `other` holds the counterfactual runs of the same replications."""
    at = columns(labels)
    values = {name.name: block.series[:, -1, at[name.name]] for name in end_names(labels)}
    for outcome, above, below in exchange_names(labels):
        values[outcome.name] = ratio(values[above], values[below])
    values.update(_final(block.final))
    values.update({name.name: block.final[:, FINAL.index(column)] for name, column in policy_names(labels)})
    values["collapses"] = sum(values[f"{side}.collapses"] for side in labels.sides)  # type: ignore[assignment]
    if aims is not None:
        values.update(_judged(aims, labels, block, other))
    return {outcome.name: values[outcome.name] for outcome in outcome_list(aims, labels)}


def _final(final: Values) -> dict[str, Values]:
    row = {name: final[:, k] for k, name in enumerate(FINAL)}
    return {
        "regained_day": row["regained_day"],
        "regained": row["regained"],
        "talks.day": row["talks_day"],
        "talks.territory_km2": row["talks_territory"],
        "talks.trend": row["talks_trend"],
        "talks.casualties": row["talks_casualties"],
        "talks.cost_per_km2": ratio(row["talks_casualties"], row["talks_territory"]),
    }


def kept(aims: Any, gain: Values, gain_without: Values) -> Values:
    """E met: G - G0 >= -(1 - E*) max(G0, G_min), as 0/1."""
    floor = -(1.0 - aims.kept_share) * np.maximum(gain_without, aims.minimum_gain_km2)
    return (gain - gain_without >= floor).astype(np.float64)


def kept_apart(aims: Any, gain: Values, without: Values) -> Values:
    """E met against the counterfactual of the neighbouring replication (0 with 1, 2 with 3, ...), as 0/1.

    A block must begin at an even replication; the last of an odd number has no neighbour (not-a-number).
    """
    neighbour = np.arange(len(gain)) ^ 1
    there = neighbour < len(gain)
    apart = np.full(len(gain), np.nan)
    apart[there] = kept(aims, gain[there], without[neighbour[there]])
    return apart


def since_start(series: Values, day: int, column: int) -> Values:
    """Change of a series from the start of the run to a day, float64[run]."""
    return series[:, day, column] - series[:, 0, column]


def _judged(aims: Any, labels: Labels, block: Finished, other: Finished | None) -> dict[str, Values]:
    at = columns(labels)
    second, main = (f"{labels.theatres[h]}.territory_km2" for h in (aims.second, aims.main))
    values: dict[str, Values] = {}
    for position, (name, day) in enumerate(aims.dates):
        end = suffix(position, name)
        held = block.series[:, day, at[second]]
        gain = aims.main_sign * since_start(block.series, day, at[main])
        share = 1.0 - aims.second_sign * held / aims.reference_km2
        values[f"{second}.{name}"] = held
        values[f"{main}.{name}"] = block.series[:, day, at[main]]
        absent = np.full(len(held), np.nan)
        judged = aims.ordered and other is not None
        without = absent
        if judged and other is not None:
            without = aims.main_sign * since_start(other.series, day, at[main])
        met = kept(aims, gain, without) if judged else absent
        met_apart = kept_apart(aims, gain, without) if judged else absent
        regained = (share >= aims.regained_share).astype(np.float64) if aims.ordered else absent
        values[f"regained_share{end}"] = share if aims.ordered else absent
        values[f"main_gain_kept_km2{end}"] = gain - without
        values[f"second_front_regained{end}"] = regained
        values[f"main_offensive_kept{end}"] = met
        values[f"dual_success{end}"] = regained * met
        values[f"dual_success{end}.independent"] = regained * met_apart
    return values
