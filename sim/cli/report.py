"""The command `report`: one story of results, as page, paper and slides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.scenario import as_json

if TYPE_CHECKING:
    from sim.report.briefing import Briefing

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("results", metavar="RESULT...", nargs=-1, required=True, type=_PATH)
@click.option("--to", "forms", metavar="FORM[,FORM]", help="html, pdf, pptx [default: all three].")
@click.option("--title", metavar="TEXT", help="Title [default: the scenario's].")
@click.option("--marking", metavar="TEXT", default="", help="Handling marking on every page and slide.")
@click.option("--out", type=_PATH, help="Folder for the briefing [default: briefing/ in the result's].")
@click.option("--quiet", is_flag=True, help="Print the folder only.")
@as_json
def report(
    results: tuple[Path, ...], forms: str | None, out: Path | None, quiet: bool, as_json: bool, **given: Any
) -> None:
    """Write a briefing on RESULT folders: one story, as a page, on paper and as slides.

    In the order that a decision maker reads: question; answer in one sentence with its three spreads; picture; choices
    compared; what would change the answer; what drives it; assumptions with sources; validation; limits; provenance.
    Any mixture of runs, comparisons, sweeps and analyses of one scenario, seed and model; dilemma, threshold and game
    lead. The text is made from the results by rule: no direction where an interval includes zero.
    """
    from sim.report.briefing import Wanted, brief

    wanted = Wanted(_forms(forms), given["title"], given["marking"], out)
    made = brief(results, wanted, (lambda _: None) if quiet else _say)
    if as_json:
        click.echo(json.dumps(_content(made), indent=2, ensure_ascii=False))
    elif quiet:
        click.echo(made.folder)
    else:
        _print(made)


def _say(text: str) -> None:
    click.echo(text, err=True)


def _forms(text: str | None) -> tuple[str, ...]:
    from sim.report.save import FORMS

    return FORMS if text is None else tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _print(made: Briefing) -> None:
    click.echo(made.story.answers[0].sentence)
    for path in made.saved.files:
        click.echo(f"briefing: {path}")
    if made.saved.numbers:
        click.echo(f"numbers: {made.saved.numbers[0].parent} ({len(made.saved.numbers)} files)")
    if made.saved.pdf_by:
        why = f", because {made.saved.pdf_why}" if made.saved.pdf_why else ""
        click.echo(f"the PDF was made by {made.saved.pdf_by}{why}", err=True)


def _content(made: Briefing) -> dict[str, Any]:
    """Return what `--json` says."""
    return {
        "command": "report",
        "results": [each.id for each in made.sources.every],
        "folder": str(made.folder),
        "files": [str(path) for path in made.saved.files],
        "numbers": [str(path) for path in made.saved.numbers],
        "pdf_by": made.saved.pdf_by or None,
        "pdf_why": made.saved.pdf_why or None,
        "title": made.story.title,
        "answers": [
            {
                "question": each.question,
                "answer": each.sentence,
                "spreads": {"numerical": each.numerical, "luck": each.luck, "assumptions": each.assumptions},
                "source": each.source,
            }
            for each in made.story.answers
        ],
        "would_change": [line for section in made.story.sections if section.key == "change" for line in section.points],
    }
