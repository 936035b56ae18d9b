"""The command `discover`: which assumptions make a plan fail, the least regretted option, what knowing is worth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.inquire import Given, conduct, inquiry_options
from sim.cli.sensitivity import split
from sim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.analysis.answer import Answer
    from sim.analysis.discover import Settings
    from sim.experiment.inquiry import Asked, Inquiry
    from sim.experiment.points import Points
    from sim.scenario.load import Loaded

_DRAWS, _REPLICATIONS, _AT_CENTRAL = 1_000, 6, 200
_USUAL = {"draws": _DRAWS, "replications": _REPLICATIONS, "boxes": 2}
_MEANT_FOR_BOXES = ("fails", "decision", "options", "maximise", "minimise", "meets")
_OWN = (*_MEANT_FOR_BOXES, *_USUAL)
_INFORMATION_SHOWN = 6


@click.command()
@click.argument("file", metavar="SCENARIO", type=click.Path(path_type=Path))
@click.option(
    "--fails", metavar="EVENT", help="What failing is [default: no dual success on the last date of assessment]."
)
@click.option(
    "--choices",
    "decision",
    metavar="ACTOR.DECISION",
    help="Whose options are weighed [default: the first of the side under test].",
)
@click.option("--options", metavar="A,B", help="Some of its options [default: all].")
@click.option("--maximise", metavar="OUTCOME", help="What regret is of [default: that the plan does not fail].")
@click.option("--minimise", metavar="OUTCOME", help="The same, the less the better.")
@click.option("--meets", metavar="CONDITION", help="What is good enough, such as 'P(dual_success) >= 0.5'.")
@click.option(
    "--structures",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Alternative structures: which conclusions flip? May be repeated.",
)
@click.option(
    "--draws", type=int, help=f"Draws of the assumptions [default: {_DRAWS}; with --structures 0, central assumptions]."
)
@click.option(
    "-n",
    "--replications",
    type=int,
    help=f"Of luck in each draw [default: {_REPLICATIONS}; with --structures {_AT_CENTRAL}].",
)
@click.option("--boxes", type=int, default=2, show_default=True, help="Boxes looked for, at most.")
@click.argument("more", nargs=-1, metavar="[STRUCTURES]", type=click.Path(path_type=Path))
@inquiry_options
def discover(file: Path, structures: tuple[Path, ...], more: tuple[Path, ...], **options: Any) -> int:
    """Find the assumptions of SCENARIO under which a plan fails (boxes, in words), and weigh options by regret.

    With --structures FILE ... it asks instead which conclusions flip when the model is built otherwise.
    """
    own = {name: options.pop(name) for name in _OWN}
    given = Given(file=file, **options)
    if more and not structures:
        message = "is a second scenario; alternatives are named by --structures FILE ..."
        raise InputError.single("", str(more[0]), message)
    return _structures(given, (*structures, *more), own) if structures else _discover(given, own)


def _structures(given: Given, files: tuple[Path, ...], own: Mapping[str, Any]) -> int:
    from sim.cli.discover_structures import conduct_structures

    for name in _MEANT_FOR_BOXES:
        if own[name] is not None:
            message = "has no meaning with --structures, which compares all options; leave one out"
            raise InputError.single("--choices" if name == "decision" else f"--{name}", "", message)
    fine = [usual if own[name] is None else own[name] for name, usual in (("draws", 0), ("replications", _AT_CENTRAL))]
    return conduct_structures(given, files, (fine[0], fine[1]))


def _discover(given: Given, own: Mapping[str, Any]) -> int:
    base = given.source.load()
    points, taken, name = _options(base, own["decision"], split(own["options"]))
    numbers = {key: usual if own[key] is None else own[key] for key, usual in _USUAL.items()}
    chosen = tuple(str(option) for option in points.columns[name]) if name else ("as it is",)
    settings = _settings(base, given, own, {**numbers, "options": chosen, "taken": taken})
    asked = _asked(given, base, settings, name)
    return conduct(given, asked, lambda inquiry: _ask(inquiry, settings, points, name), _tables)


def _options(base: Loaded, decision: str | None, options: tuple[str, ...]) -> tuple[Points, int, str]:
    """Return the points of a decision's options, which of them the scenario takes, and the decision ('' for none)."""
    from sim.experiment.factors import factors_of
    from sim.experiment.points import GRID, Layout, design_points, single
    from sim.scenario.overlay import decisions
    from sim.scenario.wording import suggestion

    offered = [each.path for each in decisions(base.tree)]
    name = decision or _first_of_side(base, offered)
    if decision is not None and not offered:
        raise InputError.single(
            "--choices",
            "",
            "the scenario offers no choices, so there is no option to choose from; write choices: in it",
        )
    if not name:
        return single(), 0, ""
    if name not in offered:
        raise InputError.single("--choices", "", f"there is no decision '{name}'{suggestion(name, offered)}")
    points = design_points(factors_of(base, [(name, options or None, "--options")]), Layout(GRID))
    listed = [str(option) for option in points.columns[name]]
    if base.choices[name] not in listed:
        raise InputError.single(
            "--options",
            "",
            f"leaves out {base.choices[name]}, which the scenario takes; name it too, or take another by --choice",
        )
    return points, listed.index(base.choices[name]), name


def _first_of_side(base: Loaded, offered: list[str]) -> str:
    """Return the first decision of the side under test, '' where there is none."""
    assess = base.scenario.assess
    return next((path for path in offered if assess and path.startswith(f"{assess.side}.")), "")


def _settings(base: Loaded, given: Given, texts: Mapping[str, Any], numbers: Mapping[str, Any]) -> Settings:
    from sim.analysis.condition import Event, Place, parse_condition, parse_event
    from sim.analysis.discover import Aim, Settings
    from sim.cli.inquire import outcomes_of
    from sim.cli.sensitivity import checked_outcomes

    known = outcomes_of(base, given.seed)
    if texts["fails"]:
        event = parse_event(texts["fails"], Place("--fails", known))
        checked_outcomes(base, given.seed, (event.outcome,))
    else:
        judged = [name for name in known if name.startswith("dual_success") and not name.endswith("independent")]
        if not judged:
            raise InputError.single(
                "--fails",
                "",
                "the scenario judges nobody (no assess:), so say what failing is, such as --fails 'OUTCOME < NUMBER'",
            )
        event = Event(judged[-1], "<", 0.5)
    if texts["maximise"] and texts["minimise"]:
        raise InputError.single("--maximise", "", "and --minimise exclude each other; regret is of one outcome")
    wanted = texts["maximise"] or texts["minimise"]
    option = "--maximise" if texts["maximise"] else "--minimise"
    more = option == "--maximise"
    aim = Aim(checked_outcomes(base, given.seed, (wanted,), option)[0], more) if wanted else Aim()
    meets = parse_condition(texts["meets"], Place("--meets", known)) if texts["meets"] else None
    return Settings(event, aim=aim, meets=meets, seed=given.seed, **numbers)


def _asked(given: Given, base: Loaded, settings: Settings, decision: str) -> Asked:
    from sim.experiment.inquiry import Asked
    from sim.experiment.store import command_line

    question = {
        "fails": str(settings.event),
        "decision": decision,
        "options": list(settings.options),
        "aim": [settings.aim.outcome, settings.aim.more],
        "meets": str(settings.meets) if settings.meets else None,
        "draws": settings.draws,
        "replications": settings.replications,
        "boxes": settings.boxes,
    }
    return Asked("discover", given.source, base, given.seed, question, command_line())


def _ask(inquiry: Inquiry, settings: Settings, points: Points, decision: str) -> Answer:
    from sim.analysis.discover import discover
    from sim.analysis.discover_answer import answer_of
    from sim.analysis.uncertain import uncertain
    from sim.experiment.evaluate import drawn

    base = inquiry.asked.base
    uncertain(base)  # refuses a scenario in which nothing is
    found = discover(inquiry.evaluate, points, drawn(base, settings.seed, settings.draws), settings)
    return answer_of(found, settings, base.scenario.title, decision)


def _tables(answer: Answer) -> list[Any]:
    """Return regret and the value of information as tables."""
    from rich.table import Table

    if "options" not in answer.tables:
        return []
    regret = Table(
        title="regret (what the best option of a draw has more), and how often it is good enough", title_justify="left"
    )
    for head in ("option", "mean gain", "mean regret", "on other luck", "90 %", "largest", "best in", "good enough in"):
        regret.add_column(head, justify="left" if head == "option" else "right")
    columns = answer.tables["options"]
    for k, option in enumerate(columns["option"]):
        plain = [
            f"{columns[name][k]:.3g}"
            for name in ("mean_gain", "mean_regret", "mean_regret_other_luck", "p90_regret", "max_regret")
        ]
        shares = [f"{100 * columns[name][k]:.0f} %" for name in ("best_share", "satisfies")]
        regret.add_row(option, *plain, *shares)
    worth = Table(title="value of knowing before choosing, in the aim's unit", title_justify="left")
    for head in ("assumption", "as fitted (too high)", "on other draws (too low)"):
        worth.add_column(head, justify="left" if head == "assumption" else "right")
    columns = answer.tables["information"]
    for k in range(min(len(columns["part"]), _INFORMATION_SHOWN)):
        low, half = columns["value_other_draws"][k], columns["half_width"][k]
        worth.add_row(columns["part"][k], f"{columns['value_fitted'][k]:.3g}", f"{low:.3g} ± {half:.2g}")
    return [regret, worth]
