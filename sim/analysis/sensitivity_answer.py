"""A sensitivity analysis in words and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.answer import Answer
from sim.analysis.indices import Interval, LuckShare
from sim.analysis.sensitivity import GIVEN, REST, Given, Sensitivity, Settings
from sim.analysis.uncertain import spoken

PARAMETER, GROUP, INTERPLAY, LUCK = "parameter", "group", "interplay", "luck"
_NAN = Interval(np.nan, np.nan, np.nan)
Columns = dict[str, NDArray[Any]]


class Row(NamedTuple):
    """A row of the table of indices.

    first, total : of the mean over luck; of_all : the first-order share times what luck leaves, of all variance.
    """

    outcome: str
    part: str
    kind: str
    first: Interval
    total: Interval
    of_all: float


def index_rows(found: Sensitivity, outcome: str) -> list[Row]:
    """Return an outcome's rows: the chosen assumptions, the rest, their interplay, luck."""
    share = found.luck[outcome].share
    left = 1 - share.value if share else np.nan
    rows = []
    groups = found.found[outcome].groups if outcome in found.found else None
    names = [*(found.parameters[k] for k in found.chosen), *([REST] if found.rest else [])]
    for name, index in zip(names, groups or (), strict=False):
        kind = GROUP if name == REST else PARAMETER
        rows.append(Row(outcome, name, kind, index.first, index.total, index.first.value * left))
    if groups:
        mixed = 1 - sum(index.first.value for index in groups)
        rows.append(Row(outcome, "their interplay", INTERPLAY, Interval(mixed, np.nan, np.nan), _NAN, mixed * left))
    rows.append(Row(outcome, "luck", LUCK, _NAN, _NAN, share.value if share else np.nan))
    return rows


def answer_of(found: Sensitivity, settings: Settings, title: str) -> Answer:
    """Return the answer of a screening, with or without indices."""
    said = {name: _sentence(found, name) for name in settings.outcomes}
    return Answer(
        kind="sensitivity",
        question=f"What do {_listed(settings.outcomes)} of {title} hang on?",
        answer=" ".join(said.values()),
        spreads=_spreads(found.luck, settings),
        would_change=tuple(_effect_lines(found, settings))[:3],
        drives=tuple(line for name in settings.outcomes for line in _drives(found, name)),
        caveats=tuple(_caveats(found, settings)),
        numbers=_numbers(found, settings),
        tables=_tables(found, settings),
    )


def _sentence(found: Sensitivity, name: str) -> str:
    lead = luck_words(name, found.luck[name])
    groups = found.found[name].groups if name in found.found else None
    if name in found.found and groups is None:
        return f"{lead}; what assumptions make of it cannot be told from nothing with this many runs."
    if groups is None:
        return f"{lead}; {_moved_by(found, name)}."
    rows = [row for row in index_rows(found, name) if row.kind == PARAMETER and row.first.low > 0]
    rows.sort(key=lambda row: -row.first.value)
    names = _short(found)
    if not rows:
        return f"{lead}; no single assumption of those looked at has a share of the rest that leaves zero out."
    first = f"{names[rows[0].part]} alone has {span(rows[0].first)}"
    if len(rows) > 1 and rows[1].first.high >= rows[0].first.low:
        others = _listed([names[row.part] for row in rows[1:] if row.first.high >= rows[0].first.low])
        first += f" (no order is told between it and {others})"
    return f"{lead}; of what assumptions make of the variance, {first}."


def luck_words(name: str, luck: LuckShare) -> str:
    """Return '`name`: luck makes 55 % of the variance (50 to 60 numerical)'."""
    if luck.share is None or not np.isfinite(luck.share.value):
        return f"{name} is the same in all runs" if luck.variance == 0 else f"{name}: luck's share is not known"
    return f"{name}: luck makes {span(luck.share)} of its variance"


def span(interval: Interval) -> str:
    """Return '41 % (35 to 47 numerical)'."""
    low, high = 100 * interval.low, 100 * interval.high
    return f"{100 * interval.value:.0f} % ({low:.0f} to {high:.0f} numerical)".replace("-0 ", "0 ")


def _short(found: Sensitivity) -> dict[str, str]:
    return dict(zip(found.parameters, spoken(found.parameters), strict=True))


def _moved_by(found: Sensitivity, name: str) -> str:
    """Return what an outcome is moved by: by screening or, of assumptions that were named, by their effects alone.

    Only what is told from luck is named: a mean absolute effect is above zero of anything.
    """
    names = _short(found)
    if name in found.screened:
        each, by = found.screened[name], "by screening"
        places = [k for k in each.order() if each.star[k] - each.half_width[k] > each.floor[k]]
    else:
        by, told = f"of the {len(found.chosen)} named", dict(zip(found.chosen, found.effects[name], strict=True))
        places = [k for k, effect in told.items() if any(end.low > 0 or end.high < 0 for end in effect)]
        places.sort(key=lambda k: -max(abs(end.value) for end in told[k]))
    if not places:
        return f"{by}, no assumption's effect is told from luck"
    return f"{by}, it is moved most by {_listed([names[found.parameters[k]] for k in places[:3]])}"


def _drives(found: Sensitivity, name: str) -> Iterator[str]:
    names = _short(found)
    rows = [row for row in index_rows(found, name) if row.kind in (PARAMETER, GROUP)]
    for row in sorted(rows, key=lambda row: -row.first.value)[:4]:
        label = names.get(row.part, f"the other {len(found.rest)} assumptions together")
        yield f"{name}: {label}, first-order {span(row.first)}, total {span(row.total)} of the mean over luck"


def _effect_lines(found: Sensitivity, settings: Settings) -> Iterator[str]:
    """Yield what the strongest assumptions do, in the outcome's unit; no direction where the interval holds zero."""
    names = spoken([found.parameters[k] for k in found.chosen])
    for name in settings.outcomes:
        sizes = [max(abs(each.low.value), abs(each.high.value)) for each in found.effects[name]]
        order = sorted(range(len(sizes)), key=lambda k: -sizes[k])
        for k in order[:1]:
            effect, (low, high) = found.effects[name][k], found.ends[k]
            ends = f"{_number(low)}: {name} {_signed(effect.low)}; at {_number(high)}: {_signed(effect.high)}"
            yield f"{names[k]} at {ends}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _signed(effect: Interval) -> str:
    if not (effect.low > 0 or effect.high < 0):
        return f"no difference told ({effect.low:+,.3g} to {effect.high:+,.3g})"
    return f"{effect.value:+,.3g} ({effect.low:+,.3g} to {effect.high:+,.3g})"


def _spreads(luck: Mapping[str, LuckShare], settings: Settings) -> dict[str, str]:
    shares = [f"{name} {span(each.share)}" for name, each in luck.items() if each.share]
    return {
        "numerical": f"95 % intervals, jackknife over {settings.draws} draws"
        if settings.method == GIVEN
        else f"95 % intervals, bootstrap of {settings.rows} rows, jackknife of {settings.replications} replications",
        "luck": f"share of variance: {'; '.join(shares) or 'none'}",
        "assumptions": "shares of what is left, in the table; they are shares under the scenario's own ranges",
    }


def _caveats(found: Sensitivity, settings: Settings) -> Iterator[str]:
    yield "a wider range gets a larger share: shares are of the scenario's ranges, judgement until calibrated"
    yield "assumptions are drawn independently of each other; a posterior (joint:) is taken by --method given only"
    for name, each in found.found.items():
        if each.groups is None:
            yield f"{name}: the variance of the mean over luck is not told from zero, so no indices are given"
        elif each.used < each.asked:
            missing = f"{each.asked - each.used} of {each.asked} rows"
            yield f"{name}: {missing} lack a value (failed, or none) and are left out whole"
    for name, scr in found.screened.items():
        if scr.used < scr.asked:
            yield f"{name}: {scr.asked - scr.used:,} of {scr.asked:,} elementary effects lack a value and are left out"


def _numbers(found: Sensitivity, settings: Settings) -> dict[str, Any]:
    shares = {name: each.share._asdict() if each.share else None for name, each in found.luck.items()}
    chosen = [found.parameters[k] for k in found.chosen]
    return {"luck_share": shares, "chosen": chosen, "parameters": len(found.parameters), "method": settings.method}


def _tables(found: Sensitivity, settings: Settings) -> dict[str, Columns]:
    rows = [row for name in settings.outcomes for row in index_rows(found, name)]
    tables = {"indices": index_table(rows, found.luck), "effects": _effect_table(found, settings)}
    if found.screened:
        tables["screening"] = _screening_table(found)
    return tables


def index_table(rows: Sequence[Row], luck: Mapping[str, LuckShare]) -> Columns:
    """Return the indices as columns; luck's interval stands in `of_all_low` and `of_all_high`."""
    shares = [luck[row.outcome].share or _NAN if row.kind == LUCK else _NAN for row in rows]
    return {
        "outcome": _texts([row.outcome for row in rows]),
        "part": _texts([row.part for row in rows]),
        "kind": _texts([row.kind for row in rows]),
        **_interval_columns("first", [row.first for row in rows]),
        **_interval_columns("total", [row.total for row in rows]),
        "of_all": np.array([row.of_all for row in rows], np.float64),
        "of_all_low": np.array([share.low for share in shares], np.float64),
        "of_all_high": np.array([share.high for share in shares], np.float64),
    }


def _interval_columns(name: str, intervals: Sequence[Interval]) -> Columns:
    numbers = np.array([*intervals, (np.nan,) * 3], np.float64)[:-1]
    return {name: numbers[:, 0], f"{name}_low": numbers[:, 1], f"{name}_high": numbers[:, 2]}


def _effect_table(found: Sensitivity, settings: Settings) -> Columns:
    pairs = [(name, k) for name in settings.outcomes for k in range(len(found.chosen))]
    effects = [found.effects[name][k] for name, k in pairs]
    return {
        "outcome": _texts([name for name, _ in pairs]),
        "part": _texts([found.parameters[found.chosen[k]] for _, k in pairs]),
        "at_low": np.array([found.ends[k][0] for _, k in pairs], np.float64),
        "at_high": np.array([found.ends[k][1] for _, k in pairs], np.float64),
        **_interval_columns("effect_low", [each.low for each in effects]),
        **_interval_columns("effect_high", [each.high for each in effects]),
    }


def _screening_table(found: Sensitivity) -> Columns:
    count = len(found.parameters)
    names = list(found.screened)
    parts: list[Any] = [found.screened[name] for name in names]
    return {
        "outcome": _texts([name for name in names for _ in range(count)]),
        "part": _texts([part for _ in names for part in found.parameters]),
        **{
            column: np.concatenate([getattr(each, field) for each in parts])
            for column, field in (
                ("mu", "mean"),
                ("mu_star", "star"),
                ("mu_star_half_width", "half_width"),
                ("sigma", "sigma"),
                ("luck_floor", "floor"),
                ("effect_without_luck", "rank_by"),
            )
        },
    }


def answer_given(found: Given, settings: Settings, title: str) -> Answer:
    """Return the answer of first-order shares from draws as they are."""
    rows = list(_given_rows(found, settings))
    lines = []
    for name in settings.outcomes:
        best = [row for row in rows if row.outcome == name and row.first.low > 0][:1]
        tail = f"{best[0].part} goes with {span(best[0].first)} of what is left" if best else "no input's share is told"
        lines.append(f"{luck_words(name, found.luck[name])}; {tail}.")
    return Answer(
        kind="sensitivity",
        question=f"What do {_listed(settings.outcomes)} of {title} hang on?",
        answer=" ".join(lines),
        spreads=_spreads(found.luck, settings),
        drives=tuple(f"{row.outcome}: {row.part}, {span(row.first)}" for row in rows if row.first.low > 0)[:6],
        caveats=(
            "first-order shares from draws: of inputs that depend on each other one holds the effects of those that "
            "go with it, and shares can add up to more than 1",
            "no total indices: interplay cannot be told apart without moving inputs one by one",
        ),
        numbers={"method": GIVEN, "draws": settings.draws},
        tables={"indices": index_table(rows, found.luck)},
    )


def _given_rows(found: Given, settings: Settings) -> Iterator[Row]:
    for name in settings.outcomes:
        share, shares = found.luck[name].share, found.shares[name] or {}
        left = 1 - share.value if share else np.nan
        for path, index in sorted(shares.items(), key=lambda item: -item[1].value):
            yield Row(name, path, PARAMETER, index, _NAN, index.value * left)
        yield Row(name, "luck", LUCK, _NAN, _NAN, share.value if share else np.nan)


def _texts(texts: Sequence[str]) -> NDArray[Any]:
    return np.array(texts, object)


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
