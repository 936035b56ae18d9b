"""What a dilemma says in words, by rules: the sentence of each date, what would change it, and what drives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.analysis.answer import Answer, percent
from sim.analysis.aspirations import Stars
from sim.analysis.attribution import Share
from sim.analysis.dilemma import (
    ATTAINABLE,
    DILEMMA,
    INCAPABLE_BOTH,
    INCAPABLE_E,
    INCAPABLE_K,
    NAMES,
    UNDECIDED,
    Index,
    Interval,
)
from sim.analysis.dilemma_study import OnDate, Question
from sim.analysis.dilemma_tables import tables_of
from sim.experiment.policies import Place

KIND = "dilemma"


def answer_of(asked: Question, found: Sequence[OnDate], shares: Sequence[Share]) -> Answer:
    """Return the answer; `shares` is the attribution, empty where none was made."""
    side = asked.loaded.scenario.assess.side  # type: ignore[union-attr]
    return Answer(
        KIND,
        f"Can {side} reach both aims with one of {len(asked.policies)} policies, or must it give one up?",
        " ".join(_sentence(asked, each) for each in found),
        _spreads(found),
        would_change=_would_change(asked, found),
        drives=tuple(_drive(share) for share in shares if share.mean.value is not None),
        caveats=_caveats(asked, found),
        numbers={
            "side": side,
            "likely": asked.likely,
            "reference": asked.policies[asked.reference].name,
            "dates": {each.names.name: _numbers(asked, each) for each in found},
        },
        tables=tables_of(asked, found, shares),
    )


def percents(interval: Interval) -> str:
    """Return '64 % (61 to 67)'."""
    return f"{percent(interval.value)} ({100 * interval.low:.0f} to {100 * interval.high:.0f})"


def shares(interval: Interval) -> str:
    """Return '0.12 (0.03 to 0.21)'."""
    return f"{interval.value:.2f} ({interval.low:.2f} to {interval.high:.2f})"


def _sentence(asked: Question, each: OnDate) -> str:
    found, across = each.judged.found, each.across[NAMES[2]]
    both = found.both.interval
    width = max(both.high - both.value, both.value - both.low)
    spans = f"; {100 * across[0]:.0f} to {100 * across[1]:.0f} % across plausible assumptions" if across else ""
    best = asked.policies[found.both.policy].name
    return (
        f"By {each.names.when} ({each.names.name}): both in {percent(both.value)} of runs "
        f"(+-{100 * width:.0f} numerical{spans}) under the best policy, '{best}'; {finding(found, asked.likely)}."
    )


def finding(found: Index, likely: float) -> str:
    """Return the verdict with what it rests on, in words."""
    second, main, both = (each.interval for each in (found.second, found.main, found.both))
    most = "under any policy"
    words = {
        INCAPABLE_BOTH: f"in at most {percents(second)} for K and {percents(main)} for E {most}",
        INCAPABLE_K: f"K in at most {percents(second)} of runs {most}, so there is nothing to choose between",
        INCAPABLE_E: f"E in at most {percents(main)} of runs {most}, so there is nothing to choose between",
        DILEMMA: f"K in {percents(second)} and E in {percents(main)} at best, both only in {percents(both)}",
        ATTAINABLE: f"in {percents(both)} of runs by one policy",
        UNDECIDED: f"at best K {percents(second)}, E {percents(main)}, both {percents(both)}; level {percent(likely)}",
    }
    return f"{found.verdict} ({words[found.verdict]}); D = {shares(found.D)}"


def _spreads(found: Sequence[OnDate]) -> dict[str, str]:
    lines = []
    for each in found:
        across = [
            f"{name} {low:.2f} to {high:.2f}" if name == "D" else f"p({name}) {100 * low:.0f} to {100 * high:.0f} %"
            for name, pair in each.across.items()
            if pair
            for low, high in [pair]
        ]
        lines.append(f"{each.names.name}: {', '.join(across)}" if across else f"{each.names.name}: not varied")
    return {
        "numerical": "in parentheses: simultaneous 95 % over all policies and aims of a date",
        "luck": "is what the probabilities are of, together with the assumptions",
        "assumptions": f"5 to 95 % of draws, with the maximisers kept: {'; '.join(lines)}",
    }


def _would_change(asked: Question, found: Sequence[OnDate]) -> tuple[str, ...]:
    """Return a line on aspirations, one on the inflow, one on time."""
    return (
        f"aspirations: {'; '.join(_by_aspiration(each) for each in found)}",
        f"inflow: {'; '.join(_by_inflow(each) for each in found)}",
        f"time and policy: {_by_time(asked, found)}",
    )


def _by_aspiration(each: OnDate) -> str:
    now = each.judged.found.verdict
    others = [(cell.stars, cell.found) for cell in each.cells if cell.found.verdict not in (now, UNDECIDED)]
    kept, regained = ({stars[k] for stars, _ in ((cell.stars, 0) for cell in each.cells)} for k in (1, 0))
    span = f"K* {min(regained):g} to {max(regained):g}, E* {min(kept):g} to {max(kept):g}"
    if not others:
        can = "can be told either" if now == UNDECIDED else f"gives another verdict{_untold(each)}"
        return f"{each.names.name}: no K* and E* tried ({span}) {can}"
    said = [f"'{found.verdict}' at {_stars(stars)}" for stars, found in others]
    return f"{each.names.name}: {', '.join(said[:4])}{' and others' if len(said) > 4 else ''}"


def _untold(each: OnDate) -> str:
    """Say how many of the cells cannot be told where the answer itself can."""
    if each.judged.found.verdict == UNDECIDED:
        return ""
    count = sum(cell.found.verdict == UNDECIDED for cell in each.cells)
    return f", {count} of {len(each.cells)} cannot be told" if count else ""


def _stars(stars: Stars) -> str:
    return f"K* {stars.regained:g} and E* {stars.kept:g}"


def _by_inflow(each: OnDate) -> str:
    if not each.surface:
        return f"{each.names.name}: there is none to vary"
    now = each.judged.found.verdict
    others = [(place, found) for place, found in each.surface if found.verdict not in (now, UNDECIDED)]
    both = [found.both.interval.value for _, found in each.surface]
    span = f"both in {100 * min(both):.0f} to {100 * max(both):.0f} % at best"
    if not others:
        can = "can be told either" if now == UNDECIDED else "gives another verdict"
        return f"{each.names.name}: none of {len(each.surface)} sizes and dates {can} ({span})"
    said = [f"'{found.verdict}' with {_place(place)}" for place, found in others]
    return f"{each.names.name}: {', '.join(said[:3])}{' and others' if len(said) > 3 else ''} ({span})"


def _place(place: Place) -> str:
    shift = f" {abs(place.days)} days {'later' if place.days > 0 else 'earlier'}" if place.days else ""
    return f"{place.people:,.0f} people{shift}"


def _by_time(asked: Question, found: Sequence[OnDate]) -> str:
    each = [
        f"{one.names.name}: '{one.judged.found.verdict}', K is best under "
        f"'{asked.policies[one.judged.found.second.policy].name}', E under "
        f"'{asked.policies[one.judged.found.main.policy].name}'"
        for one in found
    ]
    return "; ".join(each)


def _drive(share: Share) -> str:
    """Return a part of the change on the main front; no direction where its interval includes zero."""
    value, interval = share.mean
    across = share.assumptions
    spans = f"; {_km2(across[0])} to {_km2(across[1])} across assumptions" if across else ""
    if interval is None or value is None:
        return f"{share.name}: unknown"
    low, high = interval
    span = f"{_km2(low)} to {_km2(high)} numerical 95 %{spans}"
    if low <= 0 <= high:
        return f"main gain, {share.name}: no change shown ({span})"
    return f"main gain, {share.name}: {_km2(value)} km2 ({span})"


def _km2(value: float) -> str:
    """Return a signed area: whole km2, below ten with two digits."""
    return f"{value:+,.0f}" if abs(value) >= 10 else f"{value:+.2g}"


def _caveats(asked: Question, found: Sequence[OnDate]) -> tuple[str, ...]:
    lines = [
        f"policies: {len(asked.policies)}, named in the scenario; another one may do better",
        f"an aim counts as attainable from {percent(asked.likely)} on (--likely); verdicts need whole intervals",
    ]
    for each in found:
        index, chance = each.judged.found, each.independent
        if index.D.low > 0:
            by_luck = index.D.value - index.by_choice
            lines.append(
                f"{each.names.name}: of D, {index.by_choice:.2f} is by choice of policy and {by_luck:.2f} by luck"
            )
        elif index.D.value > 0:
            lines.append(f"{each.names.name}: D is not told from zero")
        if chance is not None:
            lines.append(
                f"{each.names.name}: with the counterfactual of another replication both are met in {percent(chance)} "
                "of runs of the best policy: what 'the same luck' means is a choice"
            )
    return tuple(lines)


def _numbers(asked: Question, each: OnDate) -> dict[str, Any]:
    found = each.judged.found
    maxima = {"K": found.second, "E": found.main, "both": found.both}
    return {
        "date": str(each.names.when),
        "verdict": found.verdict,
        "finding": finding(found, asked.likely),
        "D": _plain(found.D),
        "D_by_choice": found.by_choice,
        "maxima": {
            name: {**_plain(each.interval), "policy": asked.policies[each.policy].name} for name, each in maxima.items()
        },
        "across_assumptions": {name: list(pair) if pair else None for name, pair in each.across.items()},
        "both_independent": each.independent,
    }


def _plain(interval: Interval) -> dict[str, float]:
    return {"estimate": interval.value, "low": interval.low, "high": interval.high}
