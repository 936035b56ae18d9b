"""What `compare` says to a reader: of each outcome its value in every point, the differences, and a sentence a pair."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from sim.cli.run_table import NOTHING, PROBABILITY, joined, mean, shower

if TYPE_CHECKING:
    from rich.table import Table

    from sim.analysis.compare import Comparison, Pair
    from sim.analysis.paired import Chance, Pairing
    from sim.analysis.precision import Reached
    from sim.analysis.stats import Row
    from sim.cli.compare_run import Compared
    from sim.model.tally import Outcome

Show = Callable[[float], str]

SPREADS = """\
numerical 95 %: how exact a mean is; more runs narrow it
numerical 95 %, simultaneous: how exact a difference of means is, such that all {contrasts} intervals of differences
  below hold together in 95 % of experiments (max-t over crossed clusters; each alone holds {alone})
luck: 5, 50, 95 % of the runs (of the differences run by run) at central assumptions
{assumptions}
higher, same luck: share of runs in which the first is higher than the second in the same draw and replication, with
  its own numerical 95 %. That both meet the same luck is a coupling that we chose, not a fact of the world; so beside
  it stands "other luck": the same against any other replication of the draw
pairing: how many times larger the variance of a difference would be with independent seeds, at fixed assumptions
  {overall}\
"""
VARIED = "assumptions: 5, 95 % of the means (differences of means) of the sampled draws"
NOT_VARIED = "assumptions were not varied: every number is at their central values"
FIXED = "[its numerical 95 %]"
OVERALL = f"{FIXED}; and overall, had each point draws and luck of its own"
_WITHOUT = ("ratio", "ln ratio", "share")  # units that a sentence does without
OPTIMISTIC = "Intervals are slightly optimistic after stopping at a target (docs/compare.md)."


def heading(compared: Compared) -> str:
    """Return what was run."""
    prepared = compared.prepared
    titles = dict.fromkeys(point.loaded.scenario.title for point in prepared.points)
    names = ", ".join(point.label for point in prepared.points)
    draws = prepared.design.draws
    luck = f"{compared.replications:,} replication{'s' * (compared.replications > 1)} of luck"
    each = f"{draws + 1:,} draws of the assumptions (the first is central) x {luck}" if draws else luck
    runs = f"{compared.made:,} runs: {len(prepared.points)} points x {each}, seed {prepared.design.seed}"
    return f"{' / '.join(titles)}\n{', '.join(prepared.points[0].factors) or 'scenarios'}: {names}\n{runs}"


def blocks(compared: Compared) -> Iterator[str | Table]:
    """Yield what is printed below the heading."""
    comparison = compared.comparison
    if comparison is None:
        return
    yield _spreads(comparison, compared.prepared.design.draws > 0)
    yield from _precision(compared)
    yield from _same(compared)
    for place, outcome in enumerate(comparison.outcomes):
        rows = {label: comparison.rows[label][place] for label in comparison.labels}
        pairs = [pair for pair in comparison.pairs if pair.outcome == outcome.name]
        yield f"\n{outcome.name}{_unit(rows[comparison.labels[0]].unit)}: {outcome.meaning}"
        if all(row.runs == 0 for row in rows.values()):
            yield "  does not apply in any of them"
            continue
        yield points_table(rows, compared.prepared.design.draws > 0)
        yield pairs_table(pairs, compared.prepared.design.draws > 0)
        yield "\n".join([*(f"  {sentence(pair, outcome)}" for pair in pairs), *_fewer(pairs, compared)])


def _fewer(pairs: Sequence[Pair], compared: Compared) -> Iterator[str]:
    """Yield which pairs are compared over some of the runs only."""
    whole = compared.replications * (compared.prepared.design.draws + 1)
    for pair in pairs:
        if 0 < pair.runs < whole:
            yield f"  ({pair.first}, {pair.second}: over the {pair.runs:,} of {whole:,} runs in which both have it)"


def _unit(unit: str) -> str:
    return f" [{'% of runs' if unit == PROBABILITY else unit}]"


def _spreads(comparison: Comparison, drawn: bool) -> str:
    return SPREADS.format(
        contrasts=comparison.contrasts,
        alone=f"{100 * comparison.level:.2f} %",
        assumptions=VARIED if drawn else NOT_VARIED,
        overall=OVERALL if drawn else FIXED,
    )


def _same(compared: Compared) -> Iterator[str]:
    from sim.experiment.comparison import alike

    for first, second in alike(compared.prepared.points):
        yield f"note: {first} and {second} are the same scenario, so their runs are equal"


def _precision(compared: Compared) -> Iterator[str]:
    """Yield how targets of precision stand."""
    if compared.stop is None:
        return
    spent, most = compared.stop.replications, compared.prepared.design.replications
    looks = f"{compared.stop.looks} look{'s' * (compared.stop.looks > 1)}"
    yield f"precision: {spent:,} replications of each draw spent (at most {most:,}), after {looks}. {OPTIMISTIC}"
    for each in compared.stop.reached:
        yield f"  {each.target.outcome}: {_target(each)}"


def _target(each: Reached) -> str:
    wanted = f"+-{_digits(each.wanted)(each.wanted)} was wanted of every difference"
    if math.isinf(each.widest):
        return f"{wanted}; a difference has no interval"
    widest = f"the widest interval is +-{_digits(each.widest)(each.widest)}"
    if each.met:
        return f"{wanted}, {widest}: reached"
    why = "; the draws alone leave more than that, so take more draws (--draws)" if each.hopeless else ""
    return f"{wanted}, {widest}: NOT reached{why}"


def points_table(rows: dict[str, Row], drawn: bool) -> Table:
    """Return the table of an outcome in every point."""
    headings = ["mean", "numerical 95 %", "luck 5 | 50 | 95 %", *(["assumptions 5 | 95 %"] if drawn else [])]
    made = _table("point", headings)
    for label, row in rows.items():
        show = shower(row)
        luck = NOTHING if row.unit == PROBABILITY else joined(row.luck, show)
        cells = [mean(row, show), joined(row.mean_ci95, show), luck, joined(row.assumptions, show)]
        made.add_row(f"  {label}", *(cells if row.runs else ["does not apply", *[NOTHING] * 3])[: len(headings)])
    return made


def pairs_table(pairs: Sequence[Pair], drawn: bool) -> Table:
    """Return the table of an outcome's differences."""
    headings = [
        "difference",
        "numerical 95 %, simultaneous",
        "luck 5 | 50 | 95 %",
        *(["assumptions 5 | 95 %"] if drawn else []),
    ]
    made = _table("difference", [*headings, "higher, same luck", "other luck", "pairing"])
    for pair in pairs:
        show = _shower(pair)
        value = NOTHING if pair.estimate is None else show(pair.estimate)
        spread = [joined(pair.spread.luck, show), *([joined(pair.spread.assumptions, show)] if drawn else [])]
        chances = [chance_text(pair.paired), chance_text(pair.independent), _pairing(pair.pairing, drawn)]
        made.add_row(f"  {pair.first} - {pair.second}", value, joined(pair.interval, show), *spread, *chances)
    return made


def _table(first: str, headings: Sequence[str]) -> Table:
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column(first, no_wrap=True)
    for heading in headings:
        made.add_column(heading, justify="right")
    return made


def chance_text(chance: Chance) -> str:
    """Return how often the first is higher with its interval, and how often lower where runs can be equal."""
    if chance.higher.value is None or chance.lower.value is None:
        return NOTHING
    interval = f" [{' | '.join(map(_percent, chance.higher.interval))}]" if chance.higher.interval else ""
    equal = 1.0 - chance.higher.value - chance.lower.value > 0.005
    lower = f", lower {_percent(chance.lower.value)}" if equal else ""
    return f"{_percent(chance.higher.value)} %{interval}{lower}"


def _percent(value: float) -> str:
    return f"{100 * value:.0f}"


def _pairing(pairing: Pairing, drawn: bool) -> str:
    if pairing.fixed is None:
        return NOTHING
    interval = f" [{' | '.join(map(_times, pairing.fixed_ci95))}]" if pairing.fixed_ci95 else ""
    overall = f"; {_times(pairing.overall)}" if drawn and pairing.overall is not None else ""
    return f"x {_times(pairing.fixed)}{interval}{overall}"


def _times(value: float) -> str:
    """Return a factor with two digits."""
    places = 1 - math.floor(math.log10(value)) if 0.0 < value < math.inf else 0
    return f"{round(value, places):,.{max(0, min(places, 2))}f}"


def sentence(pair: Pair, outcome: Outcome) -> str:
    """Return what may be told of a pair: a direction only where the interval excludes zero."""
    what = f"P({outcome.name} is reached)" if pair.timed else outcome.name
    if pair.estimate is None:
        return f"{pair.first}, {pair.second}: {what} cannot be compared (it does not apply in one of them)"
    if pair.interval is None:
        return f"{pair.first}, {pair.second}: {what}: no difference told (too few runs for an interval)"
    show, unit = _shower(pair), _spoken(pair)
    low, high = pair.interval
    if pair.direction is None:
        equal = " (equal in every run)" if low == high == 0.0 else f" ({show(low)} to {show(high)}{unit})"
        return f"{pair.first}, {pair.second}: {what}: no difference told{equal}"
    near, far = sorted((abs(low), abs(high)))
    size = f"{show(abs(pair.estimate))}{unit} {pair.direction}"
    return f"{pair.first}: {what} is {size} than under {pair.second} ({show(near)} to {show(far)}){_caveat(pair, show)}"


def _caveat(pair: Pair, show: Show) -> str:
    """Return a warning where draws of the assumptions give differences of either sign."""
    spread = pair.spread.assumptions
    if spread is None or not spread[0] < 0.0 < spread[1]:
        return ""
    return f"; across assumptions of either sign ({show(spread[0])} to {show(spread[1])})"


def _spoken(pair: Pair) -> str:
    if pair.unit == PROBABILITY:
        return " percentage points"
    return "" if pair.unit in _WITHOUT else f" {pair.unit}"


def _shower(pair: Pair) -> Show:
    """Return how a pair's numbers are written: to a tenth of the interval's half-width, roughly."""
    scale = 100.0 if pair.unit == PROBABILITY else 1.0
    half = scale * (pair.half_width or abs(pair.estimate or 0.0))
    write = _digits(half)
    return lambda value: write(scale * value)


def _digits(size: float) -> Show:
    """Return how numbers are written so that one of this size shows two digits."""
    places = min(6, max(0, 1 - math.floor(math.log10(size)))) if size > 0 and math.isfinite(size) else 0
    return lambda value: f"{round(value, places) + 0.0:,.{places}f}"
