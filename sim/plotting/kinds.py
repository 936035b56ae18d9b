"""Which figures a result has, and how each is made of it: `plot` and `report` both ask here.

Each function takes what was asked for, and returns figures by the names of their files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError
from sim.plotting.asked import Asked
from sim.plotting.estimates import Known, compared, estimates
from sim.plotting.page import Frame, number, unit_words, words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.experiment.read_result import Point, Result
    from sim.plotting.intervals import Estimate, Outcome

Figures = dict[str, "Figure"]
_BOUND = 0.005  # so near to the lowest pressure that the model knows, nobody attacks
_LEVEL = 0.5  # of a probability: as likely as not


def fan(asked: Asked) -> Figures:
    """Return the fan chart of a run."""
    from sim.plotting.fan import Story, Theatre
    from sim.plotting.fan import fan as draw

    result, scenario = asked.run, asked.run.loaded.scenario
    theatres = tuple(Theatre(name, each.title, each.positive) for name, each in scenario.theatres.items())
    story = Story(
        title=_caption(result),
        start=scenario.start,
        end=scenario.end,
        theatres=theatres,
        sides=tuple(scenario.sides),
        events=result.events,
        footer=result.provenance,
    )
    return {"fan": draw(result.series, story)}


def _caption(result: Result) -> str:
    return f"{result.title} ({', '.join(result.sets)})" if result.sets else result.title


def heatmap(asked: Asked) -> Figures:
    """Return the pressure on each side, front by front."""
    from sim.plotting.heatmap import heatmap as draw

    return {f"heatmap-{side}": draw(_heatmap(asked, side)) for side in asked.sides}


def _heatmap(asked: Asked, side: str) -> Any:
    from sim.model.drift import PRESSURE_BOUND
    from sim.plotting.heatmap import Group, Heatmap, Row

    result, scenario = asked.run, asked.run.loaded.scenario
    first, last = asked.period
    days = slice((first - scenario.start).days, (last - scenario.start).days + 1)
    groups: dict[str, list[Row]] = {}
    quiet = _BOUND - PRESSURE_BOUND
    for front, each in scenario.fronts.items():
        values = _series(result, f"{front}.{side}.pressure")[days]
        groups.setdefault(each.theatre, []).append(Row(front, values))
    ordered = [name for name in scenario.theatres if name in groups]
    rows = {row.front: row.values[-1] for name in ordered for row in groups[name] if row.values[-1] > quiet}
    return Heatmap(
        groups=tuple(Group(name, tuple(groups[name])) for name in ordered),
        start=first,
        end=last,
        events=tuple(event for event in result.events if first <= event.start <= last),
        scale="mean pressure, ln(hostile / own)",
        low="own side stronger",
        high="hostile side stronger",
        frame=Frame(_pressed(side, rows, last), _caption(result), result.provenance, (_heatmap_note(side),)),
        quiet=quiet,
    )


def _heatmap_note(side: str) -> str:
    return f"at the right the last day; own: {words(side)}; hostile and own: power on the front, the hostile × effort"


def _pressed(side: str, last: Mapping[str, float], day: date) -> str:
    """Return where pressure is highest and lowest on the last day, in words."""
    when = f"{day.day} {day:%b %Y}"
    if not last:
        return f"Pressure on {words(side)}: not attacked anywhere on {when}"
    most, least = max(last, key=lambda name: last[name]), min(last, key=lambda name: last[name])
    start = f"Pressure on {words(side)} on {when}: highest at {words(most)} ({number(last[most], 2)})"
    return start if most == least else f"{start}, lowest at {words(least)} ({number(last[least], 2)})"


def _series(result: Result, name: str) -> Any:
    if name not in result.series:
        raise InputError.single("", "", f"{result.folder}: has no series '{name}'")
    return result.series[name]["mean"]


def dots(asked: Asked) -> Figures:
    """Return the outcomes of scenarios, choices or design points side by side."""
    from sim.plotting.dots import Dots
    from sim.plotting.dots import dots as draw

    found = [estimates(asked.about, asked.names, point) for point in asked.points]
    rows = tuple(point.label for point in asked.points)
    outcomes = tuple(_outcome(asked.about, name, [each[name] for each in found]) for name in asked.names)
    frame = Frame(_extremes(rows, outcomes[0]), asked.results[0].title, provenance(asked.results))
    return {"dots": draw(Dots(rows, outcomes, frame))}


def _outcome(about: Known, name: str, found: Sequence[Any]) -> Outcome:
    from sim.plotting.intervals import Outcome

    return Outcome(name, about.outcomes[name].unit, tuple(found), about.is_probability(name))


def _extremes(rows: Sequence[str], outcome: Outcome) -> str:
    """Return the headline: the lowest and the highest mean of the first outcome."""
    means = {row: each.mean for row, each in zip(rows, outcome.estimates, strict=True) if np.isfinite(each.mean)}
    unit = "" if outcome.probability else f" {unit_words(outcome.unit)}"
    if not means:
        return f"{words(outcome.name)}: applies to none of them"
    high, low = max(means, key=lambda row: means[row]), min(means, key=lambda row: means[row])
    if means[high] == means[low]:
        return f"{words(outcome.name)}: {number(means[high])}{unit} in all"
    return f"{words(outcome.name)}: {number(means[low], 2)} ({low}) to {number(means[high], 2)}{unit} ({high})"


def differences(asked: Asked) -> Figures:
    """Return the paired differences of all points from the first."""
    if len(asked.points) < 2:
        raise InputError.single("--kind", "", "differences need at least two results, the first as the reference")
    refuse_unpaired(asked.results)
    return differences_of(asked, compared(asked.about, asked.names, asked.points, reference_of(asked)))


def differences_of(asked: Asked, found: Mapping[str, Sequence[Estimate]]) -> Figures:
    """Return the figure of differences from the reference that are known already, by outcome."""
    from sim.plotting.differences import Differences, told
    from sim.plotting.differences import differences as draw

    place = reference_of(asked)
    others = [point for k, point in enumerate(asked.points) if k != place]
    outcomes = tuple(_outcome(asked.about, name, found[name]) for name in asked.names)
    seen = sum(told(each) for outcome in outcomes for each in outcome.estimates)
    every = sum(len(outcome.estimates) for outcome in outcomes)
    reference = asked.points[place].label
    finding = f"{seen} of {every} differences from '{reference}' are told by these runs"
    caption = f"{asked.results[0].title}: run by run, on the same draws and the same luck"
    notes = ("the intervals hold for all of the differences together",)
    rows = tuple(point.label for point in others)
    frame = Frame(finding, caption, provenance(asked.results), notes)
    return {"differences": draw(Differences(reference, rows, outcomes, frame))}


def reference_of(asked: Asked) -> int:
    """Return the position of the reference: the point that `compare` was told, else the first."""
    wanted = asked.results[0].manifest.get("reference") if len(asked.results) == 1 else None
    labels = [point.label for point in asked.points]
    return labels.index(wanted) if wanted in labels else 0


def refuse_unpaired(results: Sequence[Result]) -> None:
    """Refuse results whose runs do not share draws and luck."""
    first = results[0]
    for other in results[1:]:
        if other.seed != first.seed:
            message = f"has seed {other.seed} and {first.folder} seed {first.seed}: their luck is not the same"
            raise InputError.single("", "", f"{other.folder}: {message}, so differences are not paired")
        mine, its = (each.manifest["model_version"] for each in (other, first))
        if mine != its:
            message = f"was run by model {mine} and {first.folder} by {its}: differences would be of the models too"
            raise InputError.single("", "", f"{other.folder}: {message}")


def provenance(results: Sequence[Result]) -> str:
    """Return the footer of a figure of one or more results."""
    if len(results) == 1:
        return results[0].provenance
    seeds = ", ".join(str(seed) for seed in dict.fromkeys(result.seed for result in results))
    models = ", ".join(dict.fromkeys(str(result.manifest["model_version"]) for result in results))
    counts = dict.fromkeys(f"{each.draws + 1:,} draws × {each.replications:,} replications" for each in results)
    ids = ", ".join(result.id for result in results)
    return f"twofront results {ids}: {' or '.join(counts)}, seed {seeds}, model {models}"


def response(asked: Asked) -> Figures:
    """Return outcomes along the one number that a sweep varies, a line for each option that it varies too."""
    from sim.plotting.response import Panel, Response
    from sim.plotting.response import response as draw

    (factor,) = numeric_factors(asked.single, 1)
    panels = []
    for name in asked.names:
        probable = asked.about.is_probability(name)
        curves = tuple(_curves(asked, factor, name))
        unit = asked.about.outcomes[name].unit
        panels.append(Panel(name, unit, curves, probable, _LEVEL if probable else None))
    values = [float(point.factors[factor]) for point in asked.points]
    finding = f"{words(asked.names[0])} as {short(factor)} goes from {number(min(values))} to {number(max(values))}"
    notes = ("intervals of probabilities are Wilson's",) if any(panel.probability for panel in panels) else ()
    frame = Frame(finding, asked.single.title, asked.single.provenance, notes)
    return {"response": draw(Response(with_unit(asked.single, factor), tuple(panels), frame))}


def with_unit(result: Result, factor: str) -> str:
    """Return the name of a factor with its unit, where the result says what it is."""
    units = {each.get("name"): each.get("unit") for each in result.manifest.get("factors") or ()}
    unit = units.get(factor)
    return f"{factor}, {unit_words(str(unit))}" if unit and unit != "1" else factor


def numeric_factors(result: Result, count: int) -> list[str]:
    """Return the numbers that a sweep varies, which must be so many."""
    found = [name for name, value in result.points[0].factors.items() if not isinstance(value, str)]
    if result.kind != "sweep" or len(found) != count:
        what = f"a sweep of {count} number{'s' if count > 1 else ''}"
        has = f"varies {len(found)} ({', '.join(found)})" if found else "varies none"
        raise InputError.single("", "", f"{result.folder}: {has}, and this kind of figure is of {what}")
    return found


def _curves(asked: Asked, factor: str, name: str) -> Iterator[Any]:
    from sim.plotting.response import Curve

    groups: dict[str, list[Point]] = {}
    for point in asked.points:
        options = [f"{path} = {value}" for path, value in point.factors.items() if isinstance(value, str)]
        groups.setdefault(", ".join(options), []).append(point)
    for label, points in groups.items():
        points.sort(key=lambda point: float(point.factors[factor]))
        found = [estimates(asked.about, [name], point)[name] for point in points]
        x = np.array([float(point.factors[factor]) for point in points])
        ends = {kind: _ends([getattr(each, kind) for each in found]) for kind in ("numerical", "luck", "assumptions")}
        nothing = np.full(len(x), np.nan)
        yield Curve(
            label=label.rpartition(" = ")[2] if label.count(" = ") == 1 else label,
            x=x,
            mean=np.array([each.mean for each in found]),
            numerical=ends["numerical"] or (nothing, nothing),
            luck=ends["luck"],
            assumptions=ends["assumptions"],
        )


def _ends(pairs: Sequence[tuple[float, float] | None]) -> tuple[Any, Any] | None:
    if not any(pairs):
        return None
    low, high = np.array([pair or (np.nan, np.nan) for pair in pairs], np.float64).T
    return low, high


def short(factor: str) -> str:
    """Return the last parts of a path, as headlines name it: 'dprk inflow people'."""
    parts = [part for part in factor.split(".") if part not in ("sides", "contingents", "fronts")]
    return " ".join(parts[-3:]).replace("_", " ")


def surface(asked: Asked) -> Figures:
    """Return outcomes over the two numbers that a sweep varies."""
    from sim.plotting.surface import Panel, Surface
    from sim.plotting.surface import surface as draw

    x, y = numeric_factors(asked.single, 2)
    if any(isinstance(value, str) for value in asked.points[0].factors.values()):
        raise InputError.single("", "", f"{asked.single.folder}: varies options too; draw a surface for each of them")
    found = [estimates(asked.about, asked.names, point) for point in asked.points]
    panels = []
    for name in asked.names[:2]:
        probable, mean = asked.about.is_probability(name), np.array([each[name].mean for each in found])
        panels.append(Panel(name, asked.about.outcomes[name].unit, mean, probable, _LEVEL if probable else None))
    along, up = (np.array([float(point.factors[name]) for point in asked.points]) for name in (x, y))
    finding = f"{words(panels[0].name)} over {short(x)} and {short(y)}"
    frame = Frame(finding, asked.single.title, asked.single.provenance)
    return {
        "surface": draw(
            Surface((with_unit(asked.single, x), with_unit(asked.single, y)), along, up, tuple(panels), frame)
        )
    }


def sankey(asked: Asked) -> Figures:
    """Return the flows of people of each side."""
    from sim.plotting.of_trace import flow_figures

    return flow_figures(asked)


def timeline(asked: Asked) -> Figures:
    """Return orders, landings and moves by date."""
    from sim.plotting.of_trace import timeline_figure

    return timeline_figure(asked)


def theatre_map(asked: Asked) -> Figures:
    """Return the theatre map at a date."""
    from sim.plotting.of_trace import map_figure

    return map_figure(asked)


def theatre_maps(asked: Asked) -> Iterator[Figure]:
    """Return the theatre map week by week over the period."""
    from sim.plotting.of_trace import map_frames

    return map_frames(asked)


KINDS: dict[str, Callable[[Asked], Figures]] = {
    "fan": fan,
    "dots": dots,
    "differences": differences,
    "heatmap": heatmap,
    "response": response,
    "surface": surface,
    "sankey": sankey,
    "timeline": timeline,
    "map": theatre_map,
}
ANIMATED: dict[str, Callable[[Asked], Iterator[Figure]]] = {"map": theatre_maps}  # with --format gif


def suitable(results: Sequence[Result]) -> tuple[str, ...]:
    """Return the kinds that suit the results."""
    first = results[0]
    if len(results) > 1 or first.kind == "compare":
        return "dots", "differences"
    if first.kind == "run":
        placed = any(front.position for front in first.loaded.scenario.fronts.values())
        return ("fan", "heatmap", "timeline", "sankey", *(["map"] if placed else []))
    numbers = [value for value in first.points[0].factors.values() if not isinstance(value, str)]
    if len(numbers) > 2:
        message = f"varies {len(numbers)} numbers at once, more than a curve or a surface shows"
        raise InputError.single("", "", f"{first.folder}: {message}; take --kind dots, or sweep one or two of them")
    return (("dots", "response", "surface")[len(numbers)],)
