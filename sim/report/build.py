"""Results to a story: the sections in the order in which a decision maker reads, each filled by rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from sim.errors import InputError
from sim.plotting.page import NOTHING, unit_words
from sim.report.answer_file import SPREADS
from sim.report.assumptions import assumptions, said
from sim.report.evidence import Group, groups
from sim.report.naming import meaning, short
from sim.report.pictures import kept_pictures, pictures_of
from sim.report.sentences import BARE, CENTRAL_ONLY, PROBABILITY, capital, difference, shower, signed
from sim.report.standing import limits, provenance, validated
from sim.report.statements import answer, would_change
from sim.report.story import Answer, Picture, Section, Story, Table

if TYPE_CHECKING:
    from sim.analysis.compare import Pair
    from sim.analysis.stats import Row
    from sim.report.answer_file import Analysis
    from sim.report.sources import Sources

_CHANGES = 6  # values shown of each choice
LINES = 3  # of what would change the answer
_NOT_ASKED = {
    "threshold": "Not asked here: at what number the answer turns (“twofront threshold”).",
    "discover": "Not asked here: under which assumptions it fails (“twofront discover”).",
    "game": "Not asked here: what each side does knowing that the other thinks, too (“twofront game”).",
}
_NO_DRIVERS = (
    "None of these results says what drives the answer: that takes “twofront sensitivity”. Judge no assumption to be"
    " harmless before."
)


def build_story(sources: Sources, title: str | None, marking: str, say: Callable[[str], None]) -> Story:
    """Return the story of some results."""
    left_out: list[str] = []
    found = groups(sources.results, say, left_out)
    answers = _answers(sources, found)
    if not answers:
        raise InputError.single("", "", "; ".join(left_out))
    pictures = _pictures(sources, found, left_out)
    sections = [
        _picture_section(pictures[:1]),
        *_choices(found, pictures),
        _change(sources, found),
        _drives(sources),
        *_further(answers[1:], pictures),
        *([assumptions(sources.loaded, _draws(sources))] if sources.loaded is not None else []),
        validated(sources),
        limits(sources, found, left_out),
        provenance(sources),
    ]
    return Story(title or _title(sources), marking, tuple(answers), tuple(sections), _footer(sources))


def _title(sources: Sources) -> str:
    return sources.loaded.scenario.title if sources.loaded is not None else sources.every[0].title


def _footer(sources: Sources) -> str:
    """Return the ids of all results, with the seed and the model that they share."""
    first = sources.every[0].manifest
    ids = ", ".join(each.id for each in sources.every)
    return f"twofront results {ids}: seed {first['seed']}, model {first['model_version']}"


def _draws(sources: Sources) -> int:
    return max((each.draws for each in sources.results), default=int(sources.every[0].manifest.get("draws") or 0))


def _answers(sources: Sources, found: Sequence[Group]) -> list[Answer]:
    """Return the answers: of analyses that answer, then of comparisons, runs and sweeps, then of other analyses."""
    loaded = sources.loaded
    asked = loaded.scenario.question if loaded is not None else ""
    return [
        *map(_of_analysis, sources.leading),
        *(answer(group, asked or _plain_question(group)) for group in found),
        *map(_of_analysis, sources.behind),
    ]


def _plain_question(group: Group) -> str:
    return f"What happens in “{group.first.title}”?"


def _of_analysis(each: Analysis) -> Answer:
    said, spreads = each.answer, each.answer["spreads"]
    numerical, luck, assumed = (capital(str(spreads[name])) for name in SPREADS)
    return Answer(str(said["question"]), capital(str(said["answer"])), numerical, luck, assumed, each.source)


def _pictures(sources: Sources, found: Sequence[Group], left_out: list[str]) -> list[Picture]:
    """Return all pictures, the leading one first."""
    pictures = [picture for each in sources.leading for picture in kept_pictures(each)]
    seen: dict[str, int] = {}
    for group in found:
        seen[group.kind] = seen.get(group.kind, 0) + 1
        several = sum(each.kind == group.kind for each in found) > 1
        pictures += pictures_of(group, left_out, seen[group.kind] if several else 0)
    pictures += [picture for each in sources.behind for picture in kept_pictures(each)]
    return _named_once(pictures)


def _named_once(pictures: Sequence[Picture]) -> list[Picture]:
    """Return the pictures, those whose name stood before renamed: files must not overwrite each other."""
    from dataclasses import replace

    taken: dict[str, int] = {}
    found = []
    for each in pictures:
        taken[each.name] = taken.get(each.name, 0) + 1
        count = taken[each.name]
        name = each.name if count == 1 else f"{each.name}-{count}"
        found.append(replace(each, name=name, alternative=each.alternative.replace(f"{each.name}.csv", f"{name}.csv")))
    return found


def _picture_section(pictures: Sequence[Picture]) -> Section:
    missing = () if pictures else ("No picture could be drawn of these results; Limits says why.",)
    return Section("picture", "The picture", paragraphs=missing, pictures=tuple(pictures))


def _choices(found: Sequence[Group], pictures: Sequence[Picture]) -> list[Section]:
    """Return the choices compared: what counts, a row a choice, and what the differences tell."""
    group = next((each for each in found if len(each.points) > 1 and each.kind != "sweep"), None)
    if group is None:
        return []
    shown = tuple(each for each in pictures[1:] if each.name.startswith("differences"))[:1]
    return [
        Section(
            key="choices",
            heading="The choices compared",
            paragraphs=tuple(meaning(group.first.loaded)),
            points=tuple(_told(group)),
            pictures=shown,
            tables=(_levels(group), _differences(group), *_changes(group)),
        )
    ]


def _told(group: Group) -> list[str]:
    """Return a sentence on the leading outcome for each choice."""
    reference = group.points[group.reference].label
    what, against = short(group.first.loaded, group.lead), group.against(group.lead)
    lines = [
        f"{label} against {reference}, {what}: {difference(pair)}."
        for label, pair in against
        if pair.estimate is not None
    ]
    absent = [label for label, pair in against if pair.estimate is None]
    if absent:
        lines.append(f"Not compared in {what}, which does not apply there or to {reference}: {', '.join(absent)}.")
    return lines


def _levels(group: Group) -> Table:
    """Return the table of means, each with its range across assumptions."""
    rows = tuple(
        (point.label, *(_cell(group.rows[k][name]) for name in group.names)) for k, point in enumerate(group.points)
    )
    varied = any(row.assumptions for each in group.rows for row in each.values())
    note = "In brackets: 5 to 95 % of the means across assumptions" if varied else capital(CENTRAL_ONLY)
    numbers = "Numerical intervals and luck are in the numbers of the first picture."
    return Table("Means by choice", ("choice", *_heads(group, "% of runs")), rows, "", f"{note}. {numbers}")


def _heads(group: Group, probable: str) -> Iterator[str]:
    """Yield the heading of each outcome, with the unit that the cells below do without."""
    for name in group.names:
        unit = group.asked.about.outcomes[name].unit
        said = probable if unit == PROBABILITY else unit_words(unit)
        yield f"{short(group.first.loaded, name)} ({said})" if said not in BARE else short(group.first.loaded, name)


def _cell(row: Row) -> str:
    if row.mean is None:
        return "does not apply"
    ends = row.assumptions or row.mean_ci95 or (row.mean, row.mean)
    show = shower(row.unit, (ends[1] - ends[0]) if ends[1] > ends[0] else abs(row.mean) / 10)
    return f"{show(row.mean)} [{show(ends[0])} to {show(ends[1])}]" if row.assumptions else show(row.mean)


def _differences(group: Group) -> Table:
    against = [group.against(name) for name in group.names]
    labels = [label for label, _ in against[0]]
    rows = tuple((label, *(_pair_cell(column[k][1]) for column in against)) for k, label in enumerate(labels))
    reference = group.points[group.reference].label
    note = (
        "In brackets: 95 % numerical interval, simultaneous. “Not told”: it includes zero, so no direction is stated."
    )
    return Table(f"Differences from {reference}", ("choice", *_heads(group, "percentage points")), rows, "", note)


def _pair_cell(pair: Pair) -> str:
    if pair.estimate is None or pair.interval is None:
        return NOTHING
    show = shower(pair.unit, pair.interval[1] - pair.interval[0])
    return f"{signed(pair)} [{show(pair.interval[0])} to {show(pair.interval[1])}]"


def _changes(group: Group) -> list[Table]:
    """Return what each choice changes in the scenario of the reference, a few values each."""
    from sim.scenario.compare import diff_rows

    scenarios = group.scenarios
    if len(scenarios) != len(group.points):
        return []
    rows: list[tuple[str, ...]] = []
    for k, point in enumerate(group.points):
        differ = [
            row for row in diff_rows(scenarios[group.reference], scenarios[k]) if not row.path.startswith("chosen")
        ]
        rows += [(point.label, said(row.path), row.a or NOTHING, row.b or NOTHING) for row in differ[:_CHANGES]]
        if len(differ) > _CHANGES:
            rows.append((point.label, f"{len(differ) - _CHANGES} more values", NOTHING, NOTHING))
    head = ("choice", "number", f"in {group.points[group.reference].label}", "in the choice")
    return [Table("What each choice changes", head, tuple(rows), "changes")] if rows else []


def _change(sources: Sources, found: Sequence[Group]) -> Section:
    """Return what would change the answer, in three lines: of analyses, else of the runs, else what was not asked."""
    lines = [line for each in sources.leading for line in each.lines("would_change")]
    if found:
        lines += would_change(found[0])
    lines += [line for each in sources.behind for line in each.lines("would_change")]
    given = {each.kind for each in sources.analyses}
    lines += [line for kind, line in _NOT_ASKED.items() if kind not in given]
    return Section("change", "What would change the answer", points=tuple(dict.fromkeys(lines))[:LINES])


def _drives(sources: Sources) -> Section:
    lines = tuple(dict.fromkeys(line for each in sources.analyses for line in each.lines("drives")))
    return Section("drives", "What drives it", paragraphs=() if lines else (_NO_DRIVERS,), points=lines)


def _further(answers: Sequence[Answer], pictures: Sequence[Picture]) -> list[Section]:
    """Return what else the results say: other answers with their spreads, and the pictures not shown yet."""
    rows = tuple((each.sentence, each.numerical, each.luck, each.assumptions, each.source) for each in answers)
    head = ("answer", "numerical precision", "luck", "assumptions", "result")
    tables = (Table("Further answers", head, rows, ""),) if rows else ()
    first = [each.name for each in pictures if each.name.startswith("differences")][:1]
    left = tuple(each for each in pictures[1:] if each.name not in first)
    return [Section("further", "What else the results say", pictures=left, tables=tables)] if rows or left else []
