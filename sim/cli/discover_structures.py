"""`discover --structures`: the same conclusions under other structures of the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.cli.inquire import Given, conduct
from sim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.analysis.answer import Answer
    from sim.analysis.structures import Settings
    from sim.experiment.evaluate import Evaluate
    from sim.experiment.inquiry import Inquiry
    from sim.experiment.plan import Source
    from sim.scenario.load import Loaded

_LEAST = 8  # replications


def conduct_structures(given: Given, files: Sequence[Path], fine: tuple[int, int]) -> int:
    """Ask which conclusions flip, and tell it; `fine` is draws and replications."""
    from sim.experiment.inquiry import Asked
    from sim.experiment.plan import Source
    from sim.experiment.store import command_line

    if fine[1] < _LEAST:
        raise InputError.single("--replications", "", f"{fine[1]} are too few to tell a sign; at least {_LEAST}")
    base = given.source.load()
    settings = _settings(base, given.seed, fine)
    sources = {file.stem: Source(file, given.choices, given.sets) for file in files}
    if len(sources) < len(files):
        raise InputError.single("--structures", "", "two files have the same name; the table could not tell them apart")
    others = {name: (source, source.load()) for name, source in sources.items()}
    question = {
        "structures": {name: loaded.hash for name, (_, loaded) in others.items()},
        "options": [f"{option.decision}={option.name}" for option in settings.options],
        "outcomes": list(settings.outcomes),
        "draws": settings.draws,
        "replications": settings.replications,
    }
    asked = Asked("discover", given.source, base, given.seed, question, command_line())
    return conduct(given, asked, lambda inquiry: _ask(inquiry, settings, others), _tables)


def _settings(base: Loaded, seed: int, fine: tuple[int, int]) -> Settings:
    from sim.analysis.structures import Option, Settings
    from sim.cli.sensitivity import checked_outcomes
    from sim.scenario.overlay import decisions

    sides = base.scenario.sides
    offered = [each for each in decisions(base.tree) if each.path.partition(".")[0] in sides]
    if not offered:
        raise InputError.single(
            "--structures",
            "",
            "the scenario offers no choices to its sides, so there are no effects to compare; write choices: in it",
        )
    taken = {each.path: base.choices[each.path] for each in offered}
    options = tuple(
        Option(each.path, str(name)) for each in offered for name in each.options if name != taken[each.path]
    )
    return Settings(taken, options, checked_outcomes(base, seed, ()), *fine, seed)


def _ask(inquiry: Inquiry, settings: Settings, others: Mapping[str, tuple[Source, Loaded]]) -> Answer:
    from dataclasses import replace

    from sim.analysis.structures import answer_of, structural

    structures: dict[str, Evaluate] = {"as in the file": inquiry.evaluate}
    for name, (source, loaded) in others.items():
        made = replace(inquiry.evaluate, source=source, base=loaded)
        made.spent = inquiry.evaluate.spent
        structures[name] = made
    return answer_of(structural(structures, settings), settings, inquiry.asked.base.scenario.title)


def _tables(answer: Answer) -> list[Any]:
    """Return a table for each outcome: options as rows, structures as columns, signs in it."""
    from rich.table import Table

    columns, tables = answer.tables["structures"], []
    structures = list(dict.fromkeys(columns["structure"]))
    for outcome in dict.fromkeys(columns["outcome"]):
        table = Table(
            title=f"{outcome}: each option's effect with its sign (0: not told); 'as it is': the mean",
            title_justify="left",
        )
        for head in ("", *structures):
            table.add_column(head.replace("_", " "))
        rows = {
            (columns["option"][k], columns["structure"][k]): k
            for k in range(len(columns["option"]))
            if columns["outcome"][k] == outcome
        }
        for option in dict.fromkeys(columns["option"]):
            table.add_row(option, *(_cell(columns, rows[option, name]) for name in structures))
        tables.append(table)
    return tables


def _cell(columns: Mapping[str, Any], k: int) -> str:
    value, sign, word = float(columns["estimate"][k]), columns["sign"][k], columns["verdict"][k]
    if value != value:
        return "-"
    if columns["option"][k] == "as it is":
        return f"{value:,.3g}" + (f" {word}" if word in ("FLIPS", "undecided") else "")
    return f"{sign} ({value:+,.2g})" + (f" {word}" if word in ("FLIPS", "undecided") else "")
