"""What figures are drawn of: results that were read, with the outcomes, the side and the period that were asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from sim.errors import InputError
from sim.experiment.read_result import Result, labelled
from sim.plotting.estimates import Known, chosen, known
from sim.scenario.wording import suggestion

if TYPE_CHECKING:
    from sim.experiment.read_result import Point


def silent(text: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Asked:
    """What is to be drawn: results, outcomes by name (none: headlines), a side (None: each), a period, a day.

    say : is told what takes a while.
    """

    results: tuple[Result, ...]
    outcomes: tuple[str, ...] = ()
    side: str | None = None
    start: date | None = None
    end: date | None = None
    at: date | None = None
    say: Callable[[str], None] = silent

    @property
    def single(self) -> Result:
        """Return the only result."""
        if len(self.results) > 1:
            raise InputError.single("--kind", "", f"is of one result, and {len(self.results)} are given")
        return self.results[0]

    @property
    def run(self) -> Result:
        """Return the only result, which is of a plain run."""
        if self.single.kind != "run":
            message = (
                f"{self.single.folder}: is a {self.single.kind}, which keeps no daily series; run a scenario of it"
            )
            raise InputError.single("", "", message)
        return self.single

    @cached_property
    def about(self) -> Known:
        """Return what is known of the outcomes."""
        return known(self.results)

    @cached_property
    def points(self) -> list[Point]:
        """Return all points, labelled."""
        return labelled(self.results)

    @cached_property
    def names(self) -> list[str]:
        """Return the outcomes to show."""
        return chosen(self.about, self.outcomes, self.points)

    @property
    def sides(self) -> list[str]:
        """Return the sides to show."""
        found = list(self.run.loaded.scenario.sides)
        if self.side is None:
            return found
        if self.side not in found:
            raise InputError.single("--side", "", f"no side '{self.side}'{suggestion(self.side, found)}")
        return [self.side]

    @property
    def period(self) -> tuple[date, date]:
        """Return the first and the last day, both within the campaign."""
        scenario = self.run.loaded.scenario
        first, last = self.start or scenario.start, self.end or scenario.end
        for option, when in (("--from", first), ("--to", last)):
            if not scenario.start <= when <= scenario.end:
                message = f"{when} is not within the campaign, {scenario.start} to {scenario.end}"
                raise InputError.single(option, "", message)
        if first >= last:
            raise InputError.single("--to", "", f"{last} is not after {first}")
        return first, last
