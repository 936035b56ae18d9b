"""How far a story can be trusted: how the model was validated, its limits, and where every number is from."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sim.report.answer_file import Analysis
from sim.report.sentences import capital
from sim.report.sources import OF_THE_PAST
from sim.report.story import Section, Table

if TYPE_CHECKING:
    from sim.experiment.read_result import Result
    from sim.report.evidence import Group
    from sim.report.sources import Sources

MODEL_LIMITS = (
    "Fronts are numbers with a length, not places. There is no air war, no navy, no nuclear escalation, and no morale"
    " beyond readiness.",
    "A model of this kind shows what follows from its assumptions. It predicts no date, and picks no target.",
)
_FEW_DRAWS, _FEW_RUNS = 20, 50
_CHANGE_NOTHING = {"--out": 2, "--workers": 2, "--quiet": 1, "--json": 1, "--no-figure": 1}  # options, with their words
_CHECKS = (
    "No check was run for this briefing. “twofront verify” checks the model against closed forms, exact chains and the"
    " ledger of people; “twofront verify RESULT” makes a result again and compares it byte for byte.",
    "docs/validity.md sets the model beside the record, number by number, and says what it misses.",
)


def validated(sources: Sources) -> Section:
    """Return the section on validation: what the scenario says of itself, and what was scored."""
    loaded = sources.loaded
    notes = " ".join(loaded.scenario.notes.split()) if loaded is not None else ""
    past = [each for each in sources.analyses if each.kind in OF_THE_PAST]
    scored = [f"{capital(each.kind)} ({each.id}): {each.answer['answer']}" for each in past]
    if not any(each.kind == "backtest" for each in past):
        scored.append("None of these results scores a forecast of what the model did not see. A fit is no forecast.")
    own = (f"The scenario says of itself: {notes}",) if notes else ()
    return Section("validated", "How it was validated", paragraphs=own, points=(*scored, *_CHECKS))


def limits(sources: Sources, groups: Sequence[Group], left_out: Sequence[str]) -> Section:
    """Return the section on limits: of these results first, then those of every model of this kind."""
    points = [
        *(line for each in sources.analyses for line in each.lines("caveats")),
        *_of_runs(sources.results),
        *_of_pairs(groups),
        *_of_version(sources),
        *(f"Not shown: {reason.rstrip('.')}." for reason in left_out),
        *MODEL_LIMITS,
    ]
    return Section("limits", "Limits", points=tuple(dict.fromkeys(points)))


def _of_runs(results: Sequence[Result]) -> Iterator[str]:
    fixed = [each.id for each in results if not each.draws]
    if fixed:
        yield f"Assumptions were not varied in {', '.join(fixed)}: nothing is said of how far they carry."
    few = [f"{each.draws} in {each.id}" for each in results if 0 < each.draws < _FEW_DRAWS]
    if few:
        yield f"Few draws of the assumptions ({', '.join(few)}): the spread across them is itself rough."
    short = [f"{each.replications} in {each.id}" for each in results if each.replications < _FEW_RUNS]
    if short:
        yield f"Few replications of each draw ({', '.join(short)}): read no small difference."
    for each in results:
        failed = int((each.manifest.get("runs") or {}).get("failed", 0))
        if failed:
            yield f"{failed:,} runs of {each.id} failed and are left out."
    if len({(each.draws, each.replications) for each in results}) > 1:
        yield "The results have different numbers of runs, so that the same number can differ a little between them."


def _of_pairs(groups: Sequence[Group]) -> Iterator[str]:
    if any(len(group.points) > 1 for group in groups):
        yield (
            "Choices are compared on the same luck. That is a coupling that we chose, not a fact of the world: means do"
            " not depend on it, how often one run beats another does."
        )


def _of_version(sources: Sources) -> Iterator[str]:
    from sim.fingerprint import model_version

    made, now = str(sources.every[0].manifest["model_version"]), model_version()
    if made != now:
        yield f"The results were made by model {made}; the model is now {now}. Numbers are as they were kept."


def provenance(sources: Sources) -> Section:
    """Return where every number is from: a row a result, and the command that makes it again."""
    head = ("result", "kind", "runs", "seed", "model", "code", "made by")
    rows = tuple(_row(each) for each in sources.every)
    note = "A result's id is a hash of all that its numbers depend on: the same command gives the same id and bytes."
    return Section(
        "provenance", "Where the numbers are from", tables=(Table("Results", head, rows, "provenance", note),)
    )


def _row(each: Result | Analysis) -> tuple[str, ...]:
    manifest = each.manifest
    commit = str(manifest.get("git_commit") or "")[:10] or "unknown"
    command = without_places(str(manifest.get("command") or ""))
    return (each.id, each.kind, _runs(each), str(manifest["seed"]), str(manifest["model_version"]), commit, command)


def _runs(each: Result | Analysis) -> str:
    if isinstance(each, Analysis):
        runs = each.answer.get("runs") or {}
        return f"{int(runs.get('made', 0)) + int(runs.get('reused', 0)):,}" if runs else "not stated"
    done = int((each.manifest.get("runs") or {}).get("done", 0))
    return f"{done:,} ({each.draws + 1} draws × {each.replications} replications)"


def without_places(command: str) -> str:
    """Return a command without the options that change no number: where it wrote, how many workers, what it printed."""
    try:
        words = shlex.split(command)
    except ValueError:  # an expression of the Python interface
        return command
    kept, k = [], 0
    while k < len(words):
        name = words[k].partition("=")[0]
        if name in _CHANGE_NOTHING:
            k += 1 if "=" in words[k] else _CHANGE_NOTHING[name]
            continue
        kept.append(words[k])
        k += 1
    return shlex.join(kept) if len(kept) < len(words) else command
