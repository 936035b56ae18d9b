"""What is read off a campaign: outcomes under the names of the engine's series, and the ledger of people."""

from collections.abc import Callable
from datetime import date

from benchmarks.idiomatic.campaign import Campaign
from benchmarks.idiomatic.terms import days_until

DATES = ("2024-08-27", "2024-09-08", "2024-10-01", "2024-11-11", "2025-01-31")
JUST_AFTER = 1e-6  # a state is read when everything of its instant has happened


def outcomes(campaign: Campaign) -> dict[str, float]:
    """The state now under the names of the engine's series (docs/outcomes.md)."""
    values: dict[str, float] = {}
    for front in campaign.fronts.values():
        values[f"{front.name}.territory_km2"] = front.territory
        for post in front.posts:
            values[f"{front.name}.{post.side.name}.people"] = post.total
    for name in campaign.terms.theatres:
        fronts = [front for front in campaign.fronts.values() if front.terms.theatre == name]
        values[f"{name}.territory_km2"] = sum(front.territory for front in fronts)
        for s, side in enumerate(campaign.sides):
            values[f"{name}.{side.name}.people"] = sum(front.posts[s].total for front in fronts)
            values[f"{name}.{side.name}.casualties"] = sum(front.posts[s].casualties for front in fronts)
    for side in campaign.sides:
        values[f"{side.name}.casualties"] = side.casualties
        values[f"{side.name}.irrecoverable"] = side.irrecoverable
        values[f"{side.name}.munitions"] = side.munitions
        for pool in ("reserve", "training", "transit", "wounded"):
            values[f"{side.name}.{pool}"] = sum(getattr(contingent, pool) for contingent in side.contingents)
    return {name: float(value) for name, value in values.items()}


def ledger_gap(campaign: Campaign) -> int:
    """People missing from, or too many in, the pools of all contingents, summed without sign (E1)."""
    gap = 0
    for s, side in enumerate(campaign.sides):
        for index, c in enumerate(side.contingents):
            deployed = sum(front.posts[s].people[index] for front in campaign.fronts.values())
            held = deployed + c.reserve + c.training + c.transit + c.wounded + c.lost
            gap += abs(c.start + c.entered - held)
    return gap


def follow(campaign: Campaign, run_until: Callable[[float], object], dates: tuple[str, ...]) -> dict[str, float]:
    """Run a campaign to its end; outcomes by `<series>@<date>` for the dates within the run, `@end`, and `events`."""
    terms = campaign.terms
    result: dict[str, float] = {}
    for when in sorted(date.fromisoformat(text) for text in dates):
        if terms.start < when < terms.end:
            run_until(days_until(terms, when) + JUST_AFTER)
            result.update({f"{name}@{when}": value for name, value in outcomes(campaign).items()})
    run_until(days_until(terms, terms.end) + JUST_AFTER)
    result.update({f"{name}@end": value for name, value in outcomes(campaign).items()})
    if ledger_gap(campaign):
        raise AssertionError(f"the ledger of people is off by {ledger_gap(campaign)}")
    return result | {"events": float(campaign.events)}
