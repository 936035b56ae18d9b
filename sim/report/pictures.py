"""The figures of a story: drawn as `plot` draws them, each with its words and the numbers behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from sim.errors import SimError
from sim.plotting.asked import Asked
from sim.plotting.estimates import difference_of, estimates
from sim.plotting.kinds import KINDS, differences_of, suitable
from sim.report.naming import short
from sim.report.story import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.plotting.intervals import Estimate
    from sim.report.answer_file import Analysis
    from sim.report.evidence import Group
    from sim.report.story import Chart

Columns = tuple[tuple[str, Sequence[object]], ...]

TOLD = ("fan", "map", "dots", "differences", "response", "surface", "timeline")  # kinds that a briefing shows, in order
_WORDS = {
    "fan": "Chart over time with bands of luck and of assumptions",
    "map": "Schematic map",
    "dots": "Dots with intervals, a row for each choice and a panel for each outcome",
    "differences": "Dots with intervals of the differences from the reference, a row for each choice",
    "response": "Curves of outcomes against the number that the sweep varies, with bands",
    "surface": "Shaded grid of an outcome over the two numbers that the sweep varies",
    "timeline": "Timeline of dated events and of people sent in each week",
}
_BANDS = ("mean", "q05", "q50", "q95", "luck_q05", "luck_q50", "luck_q95", "assumptions_q05", "assumptions_q95")


def pictures_of(group: Group, left_out: list[str], number: int = 0) -> list[Picture]:
    """Return the pictures of a group; what cannot be drawn is added to `left_out` with its reason.

    number : of the group, in the names of files; 0 where it is the only one of its kind.
    """
    found: list[Picture] = []
    for kind in _kinds(group):
        try:
            figures = _draw(group, kind)
        except SimError as error:
            where = f"{group.first.folder}: "  # no place of this machine belongs into a briefing
            left_out.append(f"{kind} of {group.first.id}: {str(error).replace(where, '')}")
            continue
        for stem, figure in figures.items():
            found.append(_picture(group, kind, stem + (f"-{number}" if number else ""), figure))
    return found


def _kinds(group: Group) -> list[str]:
    """Return the kinds that suit a group, of those that a briefing shows."""
    suit = suitable(group.asked.results[:1] if group.kind == "run" else group.asked.results)
    return [kind for kind in TOLD if kind in suit]


def _draw(group: Group, kind: str) -> Mapping[str, Figure]:
    asked = group.drawn
    if kind == "differences":  # drawn from the differences that the text tells, so that both say the same
        found = {name: [difference_of(pair) for _, pair in group.against(name)] for name in asked.names}
        return differences_of(asked, found)
    return KINDS[kind](asked)


def _picture(group: Group, kind: str, name: str, figure: Figure) -> Picture:
    from sim.report.charts import charts_of

    title = _title(group, kind, figure)
    about = _WORDS.get(kind, kind.capitalize())
    columns = _COLUMNS[kind](group) if kind in _COLUMNS else ()
    behind = f"The numbers are in {name}.csv." if columns else "The numbers are in the tables of the result."
    charts: tuple[Chart, ...] = charts_of(kind, group)
    alternative = f"{about}. {title}. {behind}"
    return Picture(name, title, alternative, group.source, drawn=figure, charts=charts, columns=columns)


def _title(group: Group, kind: str, figure: Figure) -> str:
    """Return the headline of a picture: the figure's own, but for dots, whose extremes no interval backs."""
    if kind == "dots":
        return f"{short(group.first.loaded, group.lead)}, by choice"
    return figure.texts[0].get_text()  # the headline of the house's page


def kept_pictures(analysis: Analysis) -> list[Picture]:
    """Return the figures that an analysis kept, as it drew them."""
    title = str(analysis.answer["answer"])
    tables = ", ".join(path.name for path in analysis.tables) or "the tables of the result"
    found = []
    for forms in analysis.figures:
        path, raster = next(iter(forms.values())), forms.get("png")
        what = path.stem.removeprefix("figure").strip("-_ ").replace("_", " ").replace("-", " ")
        about = f"Figure of the {analysis.kind}{f' ({what})' if what else ''}"
        name = f"{analysis.kind}-{path.stem}"
        words = f"{about}: {title} The numbers are in {tables}."
        heading = f"{analysis.kind.capitalize()}{f': {what}' if what else ''}"
        kept, png = analysis.bytes_of(path), analysis.bytes_of(raster) if raster else b""
        found.append(Picture(name, heading, words, analysis.source, kept=kept, raster=png))
    return found


# ---- the numbers behind a figure -------------------------------------------------------------------------------------


def _estimated(rows: Iterator[tuple[str, str, str, Estimate]], first: str) -> Columns:
    """Return rows of (point, outcome, unit, estimate) as columns, ends of the spreads apart."""
    found = list(rows)
    named: dict[str, list[object]] = {first: [], "outcome": [], "unit": [], "mean": []}
    for label, outcome, unit, each in found:
        for name, value in zip(("mean", first, "outcome", "unit"), (each.mean, label, outcome, unit), strict=True):
            named[name].append(value)
        for kind in ("numerical", "luck", "assumptions"):
            low, high = getattr(each, kind) or (None, None)
            named.setdefault(f"{kind}_low", []).append(low)
            named.setdefault(f"{kind}_high", []).append(high)
    return tuple(named.items())


def _dots(group: Group) -> Columns:
    asked = group.asked

    def rows() -> Iterator[tuple[str, str, str, Estimate]]:
        for point in group.points:
            for name, each in estimates(asked.about, group.names, point).items():
                yield point.label, name, asked.about.outcomes[name].unit, each

    return _estimated(rows(), "point")


def _differences(group: Group) -> Columns:
    def rows() -> Iterator[tuple[str, str, str, Estimate]]:
        for name in group.names:
            for label, pair in group.against(name):
                yield label, name, pair.unit, difference_of(pair)

    return _estimated(rows(), f"less {group.points[group.reference].label}")


def _swept(group: Group) -> Columns:
    """Return the outcomes of each point, with its factors."""
    factors = {name: [point.factors[name] for point in group.points] for name in group.points[0].factors}
    repeated = tuple((name, [value for value in column for _ in group.names]) for name, column in factors.items())
    return (*repeated, *_dots(group)[1:])


def _fan(group: Group) -> Columns:
    """Return the daily bands of ground and people of each theatre."""
    loaded, series = group.first.loaded, group.first.series
    scenario = loaded.scenario
    names = [
        name
        for theatre in scenario.theatres
        for name in (f"{theatre}.territory_km2", *(f"{theatre}.{side}.people" for side in scenario.sides))
        if name in series
    ]
    days = len(series[names[0]]["mean"])
    dates = [str(scenario.start + timedelta(days=day)) for day in range(days)]
    bands = [band for band in _BANDS if band in series[names[0]]]
    return (
        ("date", dates * len(names)),
        ("series", [name for name in names for _ in dates]),
        *((band, [value for name in names for value in series[name][band].tolist()]) for band in bands),
    )


def _timeline(group: Group) -> Columns:
    """Return who was sent where in each week of the central run."""
    from sim.plotting.of_trace import lane

    asked: Asked = group.drawn
    start = asked.period[0]
    rows = [
        (side, route.source, route.target, str(start + timedelta(days=7 * week)), int(people))
        for side in asked.sides
        for route in lane(asked, side).routes
        for week, people in enumerate(route.people)
        if people
    ]
    names = ("side", "source", "target", "week_of", "people")
    return tuple((name, [row[k] for row in rows]) for k, name in enumerate(names))


def _map(group: Group) -> Columns:
    """Return ground, people and pressure of each front on the day of the map."""
    from sim.plotting.of_map import day_within

    asked: Asked = group.drawn
    scenario, series = asked.run.loaded.scenario, group.first.series
    day = day_within(asked.run, asked.at)
    said = ("people", "pressure")
    names = [
        name
        for front in scenario.fronts
        for name in (f"{front}.territory_km2", *(f"{front}.{side}.{what}" for side in scenario.sides for what in said))
    ]
    names = [name for name in names if name in series]
    bands = [band for band in _BANDS if names and band in series[names[0]]]
    number = (day - scenario.start).days
    return (
        ("date", [str(day)] * len(names)),
        ("series", names),
        *((band, [float(series[name][band][number]) for name in names]) for band in bands),
    )


_COLUMNS: Mapping[str, Callable[[Group], Columns]] = {
    "dots": _dots,
    "differences": _differences,
    "response": _swept,
    "surface": _swept,
    "fan": _fan,
    "timeline": _timeline,
    "map": _map,
}
