"""The assumptions of a scenario as a briefing lists them: ranges, sources, the unsourced, where sources differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sim.plotting.page import number, unit_words
from sim.report.story import Section, Table

if TYPE_CHECKING:
    from sim.scenario.load import Loaded
    from sim.scenario.values import Quantity

HEADING = "What we assumed"
_DROPPED = ("sides", "contingents", "fronts", "policies")
_ENDS = (0.05, 0.95)
_ASSUMED = "assumption"
Named = tuple[str, "Quantity"]


def assumptions(loaded: Loaded, draws: int) -> Section:
    """Return the section on assumptions; `draws` of them were sampled."""
    from sim.scenario.load import quantities

    every = list(quantities(loaded, every=True))
    drawn = [(path, each) for path, each in every if each.distribution is not None]
    bare = [(path, each) for path, each in every if not each.source]
    differ = [(path, each) for path, each in every if each.range is not None]
    judged = [(path, each) for path, each in drawn if is_assumption(each)]
    return Section(
        key="assumptions",
        heading=HEADING,
        paragraphs=(_counts(every, drawn, draws), _unsourced(bare, judged)),
        tables=tuple(_tables(drawn, differ, bare)),
    )


def is_assumption(quantity: Quantity) -> bool:
    """Return whether the source of a number is judgement, not a publication."""
    return bool(quantity.source) and str(quantity.source).lower().startswith(_ASSUMED)


def _counts(every: list[Named], drawn: list[Named], draws: int) -> str:
    if not drawn:
        return f"The scenario states {len(every):,} numbers, all of them as certain: there is no range to vary."
    varied = f"in {draws:,} draws" if draws else "but they were not varied here: every result is at central values"
    return f"Of {len(every):,} numbers in the scenario {len(drawn):,} are uncertain and have a range, {varied}."


def _unsourced(bare: list[Named], judged: list[Named]) -> str:
    judgement = f"{len(judged):,} of the ranges are judgement"
    if not bare:
        return f"Every number carries a source or a reason; {judgement}."
    return f"{len(bare):,} numbers carry no source, and are listed below; {judgement}, marked “assumption”."


def _tables(drawn: list[Named], differ: list[Named], bare: list[Named]) -> Iterable[Table]:
    if differ:
        spans = tuple((said(path), _central(each), span(each), each.source or "") for path, each in differ)
        note = "These spans are documented and not sampled: to see what another figure does, set it (--set)."
        yield Table("Where assessors differ", ("number", "used", "sources give", "source"), spans, "differ", note)
    if drawn:
        ranges = tuple((said(path), ranged(each), each.source or "none") for path, each in drawn)
        yield Table("Uncertain numbers and their ranges", ("number", "range", "source"), ranges, "assumptions")
    if bare:
        values = tuple((said(path), ranged(each)) for path, each in bare)
        yield Table("Numbers without a source", ("number", "value"), values, "unsourced")


def said(path: str) -> str:
    """Return a path as a reader sees it: 'russia · recruits · per month'."""
    return " · ".join(part.replace("_", " ") for part in path.split(".") if part not in _DROPPED)


def _with_unit(text: str, each: Quantity) -> str:
    return text if each.unit in ("1", "share") else f"{text} {unit_words(each.unit)}"


def _central(each: Quantity) -> str:
    return _with_unit(number(each.central), each)


def span(each: Quantity) -> str:
    """Return the span that sources give."""
    low, high = each.range or (each.central, each.central)
    return _with_unit(f"{number(low)} to {number(high)}", each)


def ranged(each: Quantity) -> str:
    """Return a number with its range: ends of a bounded distribution, else 90 % of it."""
    distribution = each.distribution
    if distribution is None:
        return _central(each)
    if distribution.kind == "choice":
        return _with_unit(" or ".join(number(value) for value in dict.fromkeys(distribution.arguments)), each)
    bounded = distribution.kind in ("triangular", "uniform")
    low, high = distribution.support() if bounded else tuple(each.quantile(u) for u in _ENDS)
    inside = "" if bounded else " (90 %)"
    return f"{_with_unit(f'{number(low)} to {number(high)}', each)}{inside}, central {number(each.central)}"
