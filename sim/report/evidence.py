"""Runs as a briefing tells them: which results stand together, their outcomes, and how they differ run by run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sim.experiment.plan import CENSORED
from sim.plotting.asked import Asked
from sim.plotting.estimates import comparison, rows_of
from sim.plotting.kinds import provenance, reference_of

if TYPE_CHECKING:
    from sim.analysis.compare import Comparison, Pair
    from sim.analysis.stats import Row
    from sim.experiment.read_result import Point, Result
    from sim.scenario.load import Loaded

MOST_OUTCOMES, MOST_DRAWN = 6, 3


@dataclass(frozen=True)
class Group:
    """Results that are told together: a comparison, several runs (the first as the reference), a run, or a sweep."""

    kind: str
    asked: Asked

    @property
    def first(self) -> Result:
        """Return the first result."""
        return self.asked.results[0]

    @property
    def source(self) -> str:
        """Return where the numbers are from."""
        return provenance(self.asked.results)

    @property
    def points(self) -> list[Point]:
        """Return the points, labelled."""
        return self.asked.points

    @property
    def reference(self) -> int:
        """Return the position of the point that others are compared with."""
        return reference_of(self.asked)

    @cached_property
    def names(self) -> list[str]:
        """Return the outcomes to tell, the leading one first."""
        told = self.first.manifest.get("outcomes")
        kept = [name for name in told or () if name in self.asked.about.outcomes and name not in CENSORED]
        some = [name for name in kept if self._applies(name)]
        if self.kind in ("sweep", "options"):  # which keep its outcomes in the order asked for
            some = sorted(some, key=lambda name: name not in self.asked.about.headlines[:1])
        return (some or self.asked.names)[:MOST_OUTCOMES]

    @property
    def lead(self) -> str:
        """Return the leading outcome."""
        return self.names[0]

    @property
    def drawn(self) -> Asked:
        """Return what figures are asked for: the leading outcomes."""
        return replace(self.asked, outcomes=tuple(self.names[:MOST_DRAWN]))

    @cached_property
    def rows(self) -> list[dict[str, Row]]:
        """Return the outcomes of each point by name."""
        return [{row.name: row for row in rows_of(self.asked.about, self.names, point)} for point in self.points]

    def central(self, place: int, name: str) -> Row:
        """Return an outcome of a point over the runs at central assumptions."""
        (row,) = rows_of(self.asked.about, [name], _central(self.points[place]))
        return row

    @cached_property
    def scenarios(self) -> list[Loaded]:
        """Return the scenario of each point; none of a sweep, whose points are known by their factors."""
        from sim.scenario.load import load

        if self.kind == "compare":
            return [load(self.first.checked(f"point-{k:03}.yaml")) for k in range(len(self.points))]
        return [each.loaded for each in self.asked.results] if self.kind in ("run", "runs") else []

    @cached_property
    def compared(self) -> Comparison:
        """Return the differences; of a comparison the same ones, by the same rule, as `compare` prints."""
        told = self.first.manifest.get("reference") if self.kind == "compare" else self.points[0].label
        return comparison(self.asked.about, self.names, self.points, None if told is None else self.reference)

    def against(self, name: str) -> list[tuple[str, Pair]]:
        """Return the label of each other point, with its difference from the reference in an outcome."""
        reference = str(self.reference)
        pairs = [pair for pair in self.compared.pairs if pair.outcome == name and pair.second == reference]
        return [(self.points[int(pair.first)].label, pair) for pair in pairs]

    def between(self, first: int, second: int, name: str) -> Pair:
        """Return one point less another in an outcome, alone: its interval holds for itself."""
        two = [self.points[second], self.points[first]]
        return comparison(self.asked.about, [name], two, 0).pairs[0]

    def _applies(self, name: str) -> bool:
        return any(np.isfinite(point.outcomes[name]).any() for point in self.points)


def groups(results: Sequence[Result], say: Callable[[str], None], left_out: list[str]) -> list[Group]:
    """Return what stands together: comparisons first, then runs, then sweeps, each in the order given.

    Of what tells no story `left_out` is told the reason.
    """
    found = [Group("compare", Asked((each,), say=say)) for each in results if each.kind == "compare"]
    runs = tuple(each for each in results if each.kind == "run")
    if runs:
        found.append(Group("run" if len(runs) == 1 else "runs", Asked(runs, say=say)))
    for each in (each for each in results if each.kind == "sweep"):
        count = len(numbers(each))
        if count <= 2:
            found.append(Group("sweep" if count else "options", Asked((each,), say=say)))
        else:
            left_out.append(
                f"sweep {each.id} varies {count} numbers at once, which is no story yet; analyse it with sensitivity or"
                " discover, and report on that"
            )
    return found


def numbers(result: Result) -> list[str]:
    """Return the numbers that a sweep varies."""
    return [name for name, value in result.points[0].factors.items() if not isinstance(value, str)]


def _central(point: Point) -> Point:
    """Return the runs of a point that have the central assumptions."""
    those = point.draw == 0
    outcomes = {name: values[those] for name, values in point.outcomes.items()}
    return replace(point, draw=point.draw[those], replication=point.replication[those], outcomes=outcomes)
