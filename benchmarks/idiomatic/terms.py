"""The numbers of a scenario as plain objects, and its dates as days from the start."""

from datetime import date
from types import SimpleNamespace
from typing import Any

from pydantic import BaseModel

from sim.scenario.schema import Scenario
from sim.scenario.values import Quantity


def plain(value: Any) -> Any:
    """Turn a validated scenario into namespaces, dictionaries and floats (an uncertain number at its central value)."""
    if isinstance(value, Quantity):
        return value.central
    if isinstance(value, BaseModel):
        return SimpleNamespace(**{name: plain(getattr(value, name)) for name in type(value).model_fields})
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    return value


def days_until(terms: Any, when: date) -> float:
    """Days from the start of the run to a date."""
    return float((when - terms.start).days)


def season_windows(scenario: Scenario, terms: Any) -> list[tuple[float, float, Any]]:
    """First day, day after the last, and factors of every season that touches the run."""
    windows = []
    for name, season in scenario.seasons.items():
        for year in range(scenario.start.year - 1, scenario.end.year + 1):
            begins, ends = season.begins.in_year(year), season.ends.in_year(year)
            if ends <= begins:
                ends = season.ends.in_year(year + 1)
            windows.append((days_until(terms, begins), days_until(terms, ends), terms.seasons[name]))
    return windows
