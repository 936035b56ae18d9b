"""What a threshold says in words: each sentence follows a rule of the band, and none tells more than it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sim.analysis.answer import Answer
from sim.analysis.curve import FAILS, HOLDS, UNTOLD, Change, Region, Spans, across, change, crossings, regions, turns
from sim.analysis.stats import quantiles
from sim.analysis.threshold import Found, Search

KIND = "threshold"
_COUPLING = "values between two that are told the same way were not run: between them nothing was seen to change"


def answer_of(asked: Search, found: Found) -> Answer:
    """Return the answer."""
    whole = regions(found.at, found.states, asked.axis.step)
    changes = crossings(found.at, found.states)
    spans = across(found.runs, asked.condition)
    return Answer(
        KIND,
        f"Along {asked.axis.factor.name}, from {asked.axis.bare(asked.axis.low)} to {_said(asked, asked.axis.high)}: "
        f"where does {asked.condition} hold?",
        _sentence(asked, found, whole, changes),
        _spreads(asked, found, spans),
        would_change=_would_change(asked, found, spans),
        drives=_drives(asked, found),
        caveats=_caveats(asked, found, changes),
        numbers=_numbers(asked, found, whole, changes),
        tables=_tables(asked, found, spans, whole),
    )


def constant(found: Found) -> bool:
    """Return whether every run gives the same number at every value, so that what varies changes nothing."""
    shape = tuple(min(each.shape[axis] for each in found.runs) for axis in (0, 1))
    rows = np.stack([each[: shape[0], : shape[1]] for each in found.runs])
    return bool(np.array_equal(rows, np.broadcast_to(rows[:1], rows.shape), equal_nan=True))


def _said(asked: Search, value: float) -> str:
    return asked.axis.said(value)


def _level(asked: Search, value: float) -> str:
    if math.isinf(value):
        return "no end that is known"
    return f"{100 * value:.0f} %" if asked.condition.statistic.kind == "P" else f"{value:,.4g}"


def _sentence(asked: Search, found: Found, whole: Sequence[Region], changes: Sequence[Change]) -> str:
    condition, line = asked.condition, asked.axis.factor.name
    if constant(found):
        same = f"every run is the same at all {len(found.at)} values"
        return f"{line} changes nothing in {condition.statistic}: {same}, {_estimates(asked, found)}."
    if len(whole) == 1:
        where = {HOLDS: "holds at every value", FAILS: "holds at no value", UNTOLD: "cannot be told at any value"}
        return f"{condition} {where[whole[0].state]} looked at: {_estimates(asked, found)}."
    parts = [f"{state} {_listed(asked, whole, state)}" for state in (HOLDS, FAILS, UNTOLD)]
    said = "; ".join(part for part, state in zip(parts, (HOLDS, FAILS, UNTOLD), strict=True) if _any(whole, state))
    return f"{condition} {said}{_crossed(asked, changes)}."


def _finding(asked: Search, found: Found, whole: Sequence[Region], changes: Sequence[Change]) -> str:
    """Return the headline of a figure."""
    if constant(found):
        return f"{asked.axis.factor.name} changes nothing in {asked.condition.statistic}"
    if len(whole) == 1:
        where = {HOLDS: "holds at every value", FAILS: "holds at no value", UNTOLD: "cannot be told at any value"}
        return f"{asked.condition} {where[whole[0].state]}"
    told = HOLDS if _any(whole, HOLDS) else FAILS
    if changes:
        return f"{asked.condition}{_crossed(asked, changes).replace('. It ', ' ')}"
    return f"{asked.condition} {told} {_listed(asked, whole, told)}, elsewhere it cannot be told"


def _any(whole: Sequence[Region], state: str) -> bool:
    return any(region.state == state for region in whole)


def _listed(asked: Search, whole: Sequence[Region], state: str) -> str:
    """Return 'from 0 to 4,000 people and at 9,000 people'; of what cannot be told, the ends are told."""
    word = "between" if state == UNTOLD else "from"
    joint = "and" if state == UNTOLD else "to"
    parts = [
        f"at {_said(asked, low)}" if low == high else f"{word} {asked.axis.bare(low)} {joint} {_said(asked, high)}"
        for low, high, kind in whole
        if kind == state
    ]
    return " and ".join(parts)


def _crossed(asked: Search, changes: Sequence[Change]) -> str:
    if not changes:
        return ""
    each = [
        f"{'begins' if one.to == HOLDS else 'ceases'} between {asked.axis.bare(one.low)} and {_said(asked, one.high)}"
        for one in changes
    ]
    count = "" if len(changes) == 1 else f" ({len(changes)} crossings)"
    return f". It {' and '.join(each)}{count}"


def _estimates(asked: Search, found: Found) -> str:
    least, most = float(np.nanmin(found.band.estimate)), float(np.nanmax(found.band.estimate))
    low, high = float(found.band.low.min()), float(found.band.high.max())
    same = _level(asked, least) == _level(asked, most)
    span = _level(asked, least) if same else f"{_level(asked, least)} to {_level(asked, most)}"
    return f"{asked.condition.statistic} is {span} (band {_level(asked, low)} to {_level(asked, high)})"


def _spreads(asked: Search, found: Found, spans: Spans) -> dict[str, str]:
    half = (found.band.high - found.band.low) / 2
    finite = half[np.isfinite(half)]
    kind = asked.condition.statistic.kind
    numerical = "unknown: too few runs"
    if len(finite):
        wide = f"{100 * finite.max():.0f} points" if kind == "P" else f"{finite.max():,.3g}"
        numerical = f"simultaneous 95 % band over {len(found.at)} values, at most +-{wide}"
    return {"numerical": numerical, "luck": _luck(asked, found), "assumptions": _assumptions(asked, found, spans)}


def _luck(asked: Search, found: Found) -> str:
    if asked.condition.statistic.kind == "P":
        return "is what the probability is of, together with the assumptions"
    middle = found.runs[len(found.runs) // 2]
    seen = quantiles(middle[0][np.isfinite(middle[0])], (0.05, 0.95))
    value = _said(asked, found.at[len(found.at) // 2])
    return f"{seen[0]:,.4g} to {seen[1]:,.4g} (90 % of runs at central assumptions, at {value})" if seen else "unknown"


def _assumptions(asked: Search, found: Found, spans: Spans) -> str:
    if not np.isfinite(spans.share).any():
        return "not varied (one draw)"
    ends = [k for k in (0, len(found.at) - 1) if math.isfinite(spans.share[k])]
    said = [
        f"at {_said(asked, found.at[k])} it holds in {100 * spans.share[k]:.0f} % of draws "
        f"({asked.condition.statistic} {_level(asked, spans.low[k])} to {_level(asked, spans.high[k])})"
        for k in ends
    ]
    return "; ".join(said)


def _would_change(asked: Search, found: Found, spans: Spans) -> tuple[str, ...]:
    """Say at which level the answer would be another, how assumptions matter, and what more runs would do."""
    estimate, lines = found.band.estimate, []
    sign = asked.condition.sign
    sure, never = float(found.band.low.min()), float(found.band.high.max())
    if sign.startswith("<"):
        sure, never = never, sure
    if math.isfinite(sure) and math.isfinite(never):
        lines.append(
            f"with a level {'up to' if sign[0] == '>' else 'from'} {_level(asked, sure)} it would hold at all values, "
            f"{'beyond' if sign[0] == '>' else 'below'} {_level(asked, never)} at none"
        )
    if np.isfinite(spans.share).any():
        low, high = float(np.nanmin(spans.share)), float(np.nanmax(spans.share))
        lines.append(
            f"were one draw of the assumptions known to be true: it holds in {100 * low:.0f} to {100 * high:.0f} % of "
            "draws, by value"
        )
    untold = [k for k, state in enumerate(found.states) if state == UNTOLD]
    if untold:
        nearest = min(abs(float(estimate[k]) - asked.condition.level) for k in untold)
        gap = f"{100 * nearest:.1f} points" if asked.condition.statistic.kind == "P" else f"{nearest:,.3g}"
        lines.append(f"{len(untold)} of {len(found.at)} values cannot be told; the nearest is {gap} from the level")
    return tuple(lines)


def _drives(asked: Search, found: Found) -> tuple[str, ...]:
    """Say what the whole range changes, on the same draws and luck; no direction where zero is possible."""
    made = change({"from": found.runs[0], "to": found.runs[-1]}, asked.condition.statistic)
    if made is None or made[1] is None or constant(found):
        return ()
    estimate, (low, high) = made[0], made[1]
    scale, unit = (100, " points") if asked.condition.statistic.kind == "P" else (1, "")
    span = f"{scale * low:+,.3g} to {scale * high:+,.3g}{unit}"
    whole = f"from {asked.axis.bare(found.at[0])} to {_said(asked, found.at[-1])}"
    if low <= 0 <= high:
        return (f"{whole} no change of {asked.condition.statistic} is shown (paired 95 %: {span})",)
    return (f"{whole} {asked.condition.statistic} changes by {scale * estimate:+,.3g}{unit} (paired 95 %: {span})",)


def _caveats(asked: Search, found: Found, changes: Sequence[Change]) -> tuple[str, ...]:
    lines = []
    shown = turns(found.band)
    if shown:
        first, middle, last = (_said(asked, found.at[k]) for k in shown)
        lines.append(f"not monotone: it turns between {first}, {middle} and {last}")
    if len(changes) > 1:
        lines.append("several crossings: no single number is the threshold")
    lines.append(_COUPLING)
    if UNTOLD in found.states:
        lines.append(f"what cannot be told would take more runs than its budget of {asked.budget:,} (--budget)")
    elif found.ended == "budget":
        lines.append(f"values told differently could be parted further with more than {asked.budget:,} runs (--budget)")
    return tuple(lines)


def _numbers(asked: Search, found: Found, whole: Sequence[Region], changes: Sequence[Change]) -> dict[str, object]:
    write = asked.axis.label if asked.axis.dated else float
    return {
        "path": asked.axis.factor.name,
        "unit": asked.axis.unit,
        "dated": asked.axis.dated,
        "finding": _finding(asked, found, whole, changes),
        "condition": str(asked.condition),
        "level": asked.condition.level,
        "regions": [{"from": write(low), "to": write(high), "state": state} for low, high, state in whole],
        "crossings": [{"from": write(low), "to": write(high), "then": to} for low, high, to in changes],
        "constant": constant(found),
        "runs": found.spent,
        "ended": found.ended,
    }


def _tables(asked: Search, found: Found, spans: Spans, whole: Sequence[Region]) -> dict[str, dict[str, np.ndarray]]:
    at = np.array(found.at)
    label = np.array([asked.axis.label(value) for value in found.at], object)
    columns = {
        "value": at,
        "label": label,
        "draws": np.array([design.draws for design in found.designs]),
        "replications": np.array([design.replications for design in found.designs]),
        "estimate": found.band.estimate,
        "low": np.where(np.isfinite(found.band.low), found.band.low, np.nan),
        "high": np.where(np.isfinite(found.band.high), found.band.high, np.nan),
        "state": np.array(found.states, object),
        "assumptions_5": spans.low,
        "assumptions_95": spans.high,
        "holds_share": spans.share,
    }
    parts = {
        "from": np.array([region.low for region in whole]),
        "to": np.array([region.high for region in whole]),
        "state": np.array([region.state for region in whole], object),
    }
    return {"points": columns, "regions": parts}
