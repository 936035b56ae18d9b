"""What outcomes are called in a briefing: 'dual_success.winter' is 'Russia reaches both aims by 31 January 2025'."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sim.plotting.page import words

if TYPE_CHECKING:
    from sim.scenario.load import Loaded

_JUDGED = {
    "dual_success": "{side} reaches both aims by {day}",
    "second_front_regained": "{side} regains the second front by {day}",
    "main_offensive_kept": "{side} keeps up its main offensive until {day}",
}


def day_words(day: date) -> str:
    """Return a date as text has it."""
    return f"{day.day} {day:%B %Y}"


def clause(loaded: Loaded, name: str) -> str:
    """Return an outcome as the subject of a sentence: a clause for a probability, else a noun."""
    scenario = loaded.scenario
    head, _, tail = name.partition(".")
    if head in _JUDGED and scenario.assess is not None:
        return _judged(loaded, head, tail)
    if name == "regained":
        return f"the second front is regained by {day_words(scenario.end)}"
    if head in scenario.theatres and tail.partition(".")[0] == "territory_km2":
        return _territory(loaded, head, tail.partition(".")[2])
    if head in scenario.sides and tail == "casualties":
        return f"{_side(head)} casualties by {day_words(scenario.end)}"
    return words(name)


def _judged(loaded: Loaded, head: str, tail: str) -> str:
    """Return a clause on an assessment: the first date has no suffix."""
    assess = loaded.scenario.assess
    assert assess is not None
    dates = dict(assess.dates)
    apart = tail == "independent" or tail.endswith(".independent")
    tail = "" if tail == "independent" else tail.removesuffix(".independent")
    day = dates.get(tail, next(iter(dates.values())))
    said = _JUDGED[head].format(side=_side(assess.side), day=day_words(day))
    return f"{said} (against other luck)" if apart else said


def _territory(loaded: Loaded, theatre: str, dated: str) -> str:
    """Return a noun for the ground of a theatre: its title says whose it is."""
    scenario = loaded.scenario
    day = scenario.end
    if dated and scenario.assess is not None:
        day = dict(scenario.assess.dates).get(dated, day)
    each = scenario.theatres[theatre]
    return f"ground in {_side(theatre)} ({_side(each.positive)}'s gain counts as positive) on {day_words(day)}"


def _side(name: str) -> str:
    return words(name)


def short(loaded: Loaded, name: str) -> str:
    """Return an outcome as the heading of a column has it."""
    head, _, tail = name.partition(".")
    scenario = loaded.scenario
    dated = name.rpartition(".")[2]
    dates = dict(scenario.assess.dates) if scenario.assess is not None else {}
    if head in _JUDGED and dates:
        day = dates.get(tail.partition(".")[0], next(iter(dates.values())))
        return f"{head.replace('_', ' ').capitalize()}, {day.day} {day:%b %Y}"
    if dated in dates:
        return f"{words(name.removesuffix(f'.{dated}'))}, {dates[dated].day} {dates[dated]:%b %Y}"
    return words(name)


def meaning(loaded: Loaded) -> list[str]:
    """Return what counts as each aim, in the scenario's own numbers; nothing where nothing is judged."""
    scenario, assess = loaded.scenario, loaded.scenario.assess
    if assess is None:
        return []
    roles = {each.role: words(name) for name, each in scenario.theatres.items()}
    second, main = roles.get("second", "the second theatre"), roles.get("main", "the main theatre")
    share, kept = 100 * assess.regained_share.central, 100 * assess.kept_share.central
    least = assess.minimum_gain.central
    return [
        f"Second front regained: at least {share:.0f} % of {assess.reference_area.central:,.0f} km² in {second} is back"
        f" ({assess.reference_area.source or 'no source'}).",
        f"Main offensive kept: the gain in {main} falls short of the gain without the incursion by no more than"
        f" {100 - kept:.0f} % of it (or of {least:,.0f} km², if that is more).",
        "Both aims: the one and the other in the same run.",
    ]
