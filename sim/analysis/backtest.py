"""Backtest: fit on what was known by a date, forecast what was not, and score it against what was then published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis.answer import Answer, told
from sim.analysis.fit import ENOUGH, Fitted
from sim.analysis.forecast import BASELINES, DRESSED, PERSISTENCE, TREND, Weighted, baseline
from sim.analysis.scores import block_share, crps, pit, quantile, skill
from sim.errors import InputError
from sim.scenario.known import Unknown
from sim.scenario.observations import Observation, known_by

Values = NDArray[np.float64]

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
NAMES = ("q05", "q25", "q50", "q75", "q95")
FEW = 100.0  # effective runs below which the forecast is called coarse
GROUND = ".territory_km2"
_KNOWN_PART = 0.1  # share of a change that may lie before the date: a fortnight that began the day before is scored


@dataclass(frozen=True)
class Split:
    """Figures known by the date, those to be forecast, and those left out because they span it."""

    known: tuple[Observation, ...]
    later: tuple[Observation, ...]
    spanning: tuple[Observation, ...]


@dataclass(frozen=True)
class Backtest:
    """All that a backtest came to; members float64[run, figure] are forecasts of the later figures."""

    until: date
    split: Split
    fit: Fitted
    weighted: Weighted
    members: Values
    unknown: Unknown


def split(figures: Sequence[Observation], until: date, horizon: date, where: str) -> Split:
    """Return which figures are fitted and which are forecast; raise InputError where there are none of either."""
    known = tuple(each for each in known_by(figures, until) if each.date <= until)
    ahead = [each for each in figures if until < each.date <= horizon]
    spanning = tuple(each for each in ahead if _before(each, until) > _KNOWN_PART)
    later = tuple(each for each in ahead if each not in spanning)
    if not known:
        first = min(each.known for each in figures)
        raise InputError.single("--until", "", f"{until}: no figure of {where} was known by then (first: {first})")
    if not later:
        last = max(each.date for each in figures)
        message = f"{until}: {where} has no figure after it up to {horizon} (last: {last}); nothing could be scored"
        raise InputError.single("--until", "", message)
    return Split(known, later, spanning)


def _before(figure: Observation, until: date) -> float:
    """Return which share of the time of a change lies before a date; 0 of a level."""
    if figure.since is None:
        return 0.0
    return max(0, (until - figure.since).days) / (figure.date - figure.since).days


def scored(found: Backtest) -> dict[str, NDArray[Any]]:
    """Return a row for each figure forecast: quantiles, CRPS, PIT, and the CRPS of the simple forecasts."""
    weights, later = found.weighted.weights, found.split.later
    columns: dict[str, NDArray[Any]] = {
        "quantity": np.array([each.quantity for each in later], object),
        "since": np.array([str(each.since or "") for each in later], object),
        "date": np.array([str(each.date) for each in later], object),
        "value": np.array([each.value for each in later]),
    }
    for name, level in zip(NAMES, LEVELS, strict=True):
        columns[name] = np.array([quantile(column, weights, level) for column in found.members.T])
    columns["in_50"] = (columns["q25"] <= columns["value"]) & (columns["value"] <= columns["q75"])
    columns["in_90"] = (columns["q05"] <= columns["value"]) & (columns["value"] <= columns["q95"])
    pairs = list(zip(found.members.T, later, strict=True))
    columns["pit"] = np.array([pit(column, weights, each.value) for column, each in pairs])
    columns["crps"] = np.array([crps(column, weights, each.value) for column, each in pairs])
    for kind in BASELINES:
        columns[f"crps_{kind}"] = np.array([_simple(kind, found.split.known, each) for each in later])
    columns["persistence"] = np.array([_value(found.split.known, each) for each in later])
    return columns


def _simple(kind: str, known: Sequence[Observation], figure: Observation) -> float:
    members = baseline(kind, known, figure)
    return np.nan if members is None else crps(members, np.full(len(members), 1 / len(members)), figure.value)


def _value(known: Sequence[Observation], figure: Observation) -> float:
    members = baseline(PERSISTENCE, known, figure)
    return np.nan if members is None else float(members[0])


def by_series(rows: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return a row for each series: mean CRPS, skill against each simple forecast, and coverage with its interval."""
    names = list(dict.fromkeys(rows["quantity"].tolist()))
    found: dict[str, list[Any]] = {}
    for name in names:
        for key, value in _series(rows, rows["quantity"] == name).items():
            found.setdefault(key, []).append(value)
    return {"quantity": np.array(names, object), **{key: np.array(column) for key, column in found.items()}}


def _series(rows: Mapping[str, NDArray[Any]], at: NDArray[np.bool_]) -> dict[str, float]:
    """Return the scores of some rows; simple forecasts are compared where they exist."""
    made: dict[str, float] = {"figures": float(at.sum()), "crps": float(rows["crps"][at].mean())}
    for kind in BASELINES:
        both = at & np.isfinite(rows[f"crps_{kind}"])
        other = rows[f"crps_{kind}"][both]
        made[f"skill_{kind}"] = skill(rows["crps"][both], other) if both.any() else np.nan
    for name in ("in_50", "in_90"):
        share = block_share(rows[name][at], rows["date"][at].tolist())
        made |= {name: share.value, f"{name}_low": share.low, f"{name}_high": share.high}
    made["mean_pit"] = float(rows["pit"][at].mean())
    return made


def answered(found: Backtest, title: str) -> Answer:
    """Return the answer with its tables."""
    rows = scored(found)
    series = by_series(rows)
    overall = _series(rows, np.ones(len(rows["crps"]), bool))
    last = max(each.date for each in found.split.later)
    return Answer(
        kind="backtest",
        question=(
            f"Fitted on what was known by {found.until}, how well does '{title}' forecast "
            f"{len(found.split.later)} figures to {last}?"
        ),
        answer=_sentence(series, overall),
        spreads=_spreads(found, overall),
        would_change=_worst(rows),
        drives=tuple(_line(series, k) for k in range(len(series["quantity"]))),
        caveats=_caveats(found),
        numbers=_numbers(found, series, overall),
        tables={"forecast": rows, "series": series, "weights": {"weight": -np.sort(-found.weighted.weights)[:200]}},
    )


def _sentence(series: Mapping[str, NDArray[Any]], overall: Mapping[str, float]) -> str:
    ground = [k for k, name in enumerate(series["quantity"]) if name.endswith(GROUND)]
    better = [k for k in ground if all(series[f"skill_{kind}"][k] > 0 for kind in (PERSISTENCE, TREND))]
    return (
        f"CRPS skill is above zero against both persistence and trend for {len(better)} of {len(ground)} series of "
        f"territory; {100 * overall['in_90']:.0f} % of all figures lie in the 90 % bands "
        f"({100 * overall['in_90_low']:.0f} to {100 * overall['in_90_high']:.0f}, a 90 % interval by blocks of dates), "
        f"{100 * overall['in_50']:.0f} % in the 50 % bands."
    )


def _spreads(found: Backtest, overall: Mapping[str, float]) -> dict[str, str]:
    weighted = found.weighted
    return {
        "numerical": (
            f"{weighted.effective:,.0f} effective of {len(weighted.weights):,} runs, weighted by the state and moved "
            f"over the rest (by weights alone {weighted.alone_effective:,.0f}); "
            f"{found.fit.rounds[-1].effective_runs:,.0f} effective runs behind the posterior"
        ),
        "luck": "past the date it is the model's; before it, runs are weighted by the state that they reached",
        "assumptions": f"posterior of {len(found.fit.paths)} by the figures known then; the others keep their priors",
    }


def _worst(rows: Mapping[str, NDArray[Any]]) -> tuple[str, ...]:
    """Return the forecasts farthest out in their own distribution."""
    out = np.abs(rows["pit"] - 0.5)
    lines = []
    for k in np.argsort(-out, kind="stable")[:3]:
        when = f"{rows['since'][k]} to {rows['date'][k]}" if rows["since"][k] else rows["date"][k]
        lines.append(
            f"{rows['quantity'][k]}, {when}: {told(rows['value'][k])} came, the forecast was {told(rows['q50'][k])} "
            f"({told(rows['q05'][k])} to {told(rows['q95'][k])}, 90 %)"
        )
    return tuple(lines)


def _line(series: Mapping[str, NDArray[Any]], k: int) -> str:
    skills = ", ".join(f"{series[f'skill_{kind}'][k]:+.2f} against {kind}" for kind in BASELINES)
    return (
        f"{series['quantity'][k]}: {series['figures'][k]:.0f} figures, CRPS {told(series['crps'][k])}, skill {skills}; "
        f"{100 * series['in_90'][k]:.0f} % in 90 % bands"
    )


def _caveats(found: Backtest) -> tuple[str, ...]:
    said = [
        "only the assumptions are fitted here: whoever chose the mechanisms of the model had seen what came after",
        f"{DRESSED}: persistence with its own past relative errors, the harder of the simple forecasts",
    ]
    if found.unknown.dropped:
        said.append(f"not known on {found.until}, taken out: {', '.join(found.unknown.dropped)}")
    if found.unknown.kept:
        said.append(f"known later, kept as the scenario needs them: {', '.join(found.unknown.kept)}")
    if found.split.spanning:
        said.append(f"{len(found.split.spanning)} changes that began before {found.until} are not scored")
    behind = found.fit.rounds[-1].effective_runs
    if behind < ENOUGH:
        said.append(
            f"the posterior rests on {behind:.0f} effective runs, fewer than {ENOUGH:.0f}: raise --runs, --rounds"
        )
    if found.weighted.effective < FEW:
        said.append(f"only {found.weighted.effective:.0f} effective runs: quantiles are coarse; raise --forecasts")
    return tuple(said)


def _numbers(found: Backtest, series: Mapping[str, NDArray[Any]], overall: Mapping[str, float]) -> dict[str, Any]:
    return {
        "until": str(found.until),
        "known": len(found.split.known),
        "scored": len(found.split.later),
        "effective_runs": found.weighted.effective,
        "alone_effective_runs": found.weighted.alone_effective,
        "dropped": list(found.unknown.dropped),
        "kept": list(found.unknown.kept),
        "overall": {key: _plain(value) for key, value in overall.items()},
        "series": [
            {key: value if isinstance(value := column[k], str) else _plain(value) for key, column in series.items()}
            for k in range(len(series["quantity"]))
        ],
    }


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
