"""A scenario as it could have been written on a date: what was not known by then is taken out, or named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from sim.scenario.load import Loaded, quantities


class Unknown(NamedTuple):
    """What was not known on a date: overrides ('path=value') that take it out, and numbers that stay all the same."""

    overrides: tuple[str, ...]
    dropped: tuple[str, ...]
    kept: tuple[str, ...]


def unknown_on(loaded: Loaded, until: date) -> Unknown:
    """Return what of a scenario was not known on a date.

    Inflows of which people or tranches were not known bring nobody; packages not announced and a change of politics
    not known are taken out. Any other number with a later `known` stays, as the scenario needs one: it is named.
    """
    out = list(_removable(loaded, until))
    prefixes = tuple(path for path, _ in out)
    later = [path for path, number in quantities(loaded, every=True) if number.known and number.known > until]
    kept = tuple(path for path in later if not path.startswith(prefixes))
    return Unknown(tuple(override for _, override in out), prefixes, kept)


def _removable(loaded: Loaded, until: date) -> Iterator[tuple[str, str]]:
    """Yield the path of each part that is taken out, and the override that does it."""
    scenario = loaded.scenario
    for side_name, side in scenario.sides.items():
        for name, contingent in side.contingents.items():
            people = contingent.inflow.people if contingent.inflow else None
            if people and people.known and people.known > until:
                path = f"sides.{side_name}.contingents.{name}.inflow"
                yield path, f"{path}.people=0"
    for donor_name, donor in scenario.aid.items():
        for name, package in donor.packages.items():
            if package.announced and package.announced > until:
                yield f"aid.{donor_name}.packages.{name}", f"aid.{donor_name}.packages.{name}=null"
        politics = donor.politics
        if politics and politics.factor.known and politics.factor.known > until:
            yield f"aid.{donor_name}.politics", f"aid.{donor_name}.politics=null"
