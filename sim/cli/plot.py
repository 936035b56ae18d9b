"""The command `plot`: figures of results, of the kinds that suit them, into a folder."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from sim.cli.scenario import as_json
from sim.errors import InputError, SimError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from sim.experiment.read_result import Result
    from sim.plotting.asked import Asked
    from sim.plotting.kinds import Figures

FORMATS, MOVING = ("png", "svg", "pdf"), "gif"
ALL = "all"
_OPTION = {"start": "from", "end": "to"}
_DAYS = (("from", "start"), ("to", "end"), ("at", "at"))
_PATH = click.Path(path_type=Path)


class _Drawn(NamedTuple):
    """What was drawn: files, and kinds that were left out with the reason."""

    files: list[Path]
    left_out: list[str]


@click.command()
@click.argument("results", metavar="RESULT...", nargs=-1, required=True, type=_PATH)
@click.option("--kind", "kinds", metavar="KIND[,KIND]", help="fan, heatmap, timeline, sankey, map, dots, ...")
@click.option("--outcomes", metavar="NAME[,NAME]", help="Outcomes to show [default: the headline ones].")
@click.option("--side", metavar="SIDE", help="The side to show [default: each].")
@click.option("--from", "start", metavar="DATE", help="First day of heat map, timeline, Sankey and GIF.")
@click.option("--to", "end", metavar="DATE", help="Last day of heat map, timeline, Sankey and GIF.")
@click.option("--at", metavar="DATE", help="Day of the map [default: the first assessment, else the last day].")
@click.option("--format", "formats", metavar="FORMAT[,FORMAT]", help="png, svg, pdf; gif (map) [default: png,svg].")
@click.option("--marking", metavar="TEXT", help="Handling marking at the top and the bottom of each figure.")
@click.option("--out", type=_PATH, help="Folder for the figures [default: figures/ in the result's].")
@as_json
def plot(
    results: tuple[Path, ...], kinds: str | None, formats: str | None, marking: str | None, out: Path | None,
    as_json: bool, **given: Any,
) -> None:  # fmt: skip
    """Draw figures of RESULT folders.

    Without --kind what suits them. One run: fan chart, heat map, timeline, force-flow Sankey, and the map where the
    scenario places its fronts (one central run is made again for the last three). Several runs, or a compare: dots and
    paired differences, the first as the reference. A sweep: response curve or surface. An analysis: its own figures,
    drawn again. All kinds: fan, heatmap, timeline, sankey, map, dots, differences, response,
    surface. The map shows the fronts at a date; --format gif shows it week by week.
    """
    from sim.experiment.read_result import read_result, refuse_twice
    from sim.experiment.store import abandon
    from sim.plotting.asked import Asked

    wanted, asked_formats = _kinds(kinds), _formats(formats)
    if MOVING in asked_formats and not {"map", ALL} & set(wanted):
        raise InputError.single("--format", "", "gif shows the map week by week; add --kind map")
    chosen = [f"--{_OPTION.get(name, name)}" for name, value in {"kind": kinds, **given}.items() if value is not None]
    if _again(results, marking, (out, asked_formats), as_json, chosen):
        return
    found = tuple(read_result(folder) for folder in results)
    refuse_twice([(each.id, each.folder) for each in found])
    start, end, at = (_day(f"--{option}", given[name]) for option, name in _DAYS)
    asked = Asked(found, _split(given["outcomes"]), given["side"], start, end, at, _say)
    if not as_json:
        _warn(found)
    folder = _folder(found, out)
    try:
        drawn = _draw(asked, wanted, marking, (folder, asked_formats))
    finally:
        abandon(folder)
    _report(drawn, found, as_json)


def _say(text: str) -> None:
    click.echo(text, err=True)


def _again(
    folders: Sequence[Path], marking: str | None, where: tuple[Path | None, tuple[str, ...]], as_json: bool,
    chosen: Sequence[str],
) -> bool:  # fmt: skip
    """Draw the figures of one analysis again; return whether the folder holds one."""
    from sim.plotting.of_inquiry import figures_in, is_inquiry

    if not any(is_inquiry(folder) for folder in folders):
        return False
    if len(folders) > 1:
        raise InputError.single("", "", "an analysis has figures of its own; draw one at a time")
    if chosen:
        raise InputError.single(chosen[0], "", f"{folders[0]}: an analysis has figures of its own; leave this out")
    (folder,), (out, formats) = folders, where
    figures, target = figures_in(folder), out or folder / "figures"
    _make(target)
    files = _write(figures, marking, (target, formats))
    if as_json:
        click.echo(json.dumps({"command": "plot", "figures": [str(path) for path in files], "left_out": []}, indent=2))
    else:
        for path in files:
            click.echo(f"figure: {path}")
    return True


def _split(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _kinds(text: str | None) -> tuple[str, ...]:
    """Return the kinds asked for; none: what suits."""
    from sim.plotting.kinds import KINDS
    from sim.scenario.wording import suggestion

    found = _split(text)
    for kind in found:
        if kind not in KINDS and kind != ALL:
            raise InputError.single("--kind", "", f"no kind '{kind}'{suggestion(kind, (*KINDS, ALL))}")
    if text is not None and not found:
        raise InputError.single("--kind", "", f"names no kind; allowed: {', '.join((*KINDS, ALL))}")
    return found


def _formats(text: str | None) -> tuple[str, ...]:
    found = _split(text) or ("png", "svg")
    for form in found:
        if form not in (*FORMATS, MOVING):
            raise InputError.single("--format", "", f"no format '{form}'; allowed: {', '.join((*FORMATS, MOVING))}")
    return tuple(dict.fromkeys(found))


def _day(option: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError as error:
        raise InputError.single(option, "", f"'{text}' is no date; write it as 2024-08-06") from error


def _warn(results: Sequence[Result]) -> None:
    """Say what makes results hard to compare, or what is missing in them."""
    for result in results:
        if result.interrupted:
            click.echo(f"note: {result.folder} was interrupted: only some of its runs were made", err=True)
    for what, value in (
        ("seeds", lambda each: each.seed),
        ("models", lambda each: each.manifest["model_version"]),
        ("numbers of runs", lambda each: (each.draws, each.replications)),
    ):
        if len({value(result) for result in results}) > 1:
            click.echo(f"note: the results have different {what}", err=True)


def _draw(asked: Asked, kinds: Sequence[str], marking: str | None, where: tuple[Path, tuple[str, ...]]) -> _Drawn:
    """Draw each kind; a kind that was not asked for by name is left out where it cannot be drawn."""
    from sim.plotting.kinds import KINDS, suitable

    chosen = tuple(KINDS) if ALL in kinds else kinds or suitable(asked.results)
    by_name = bool(kinds) and ALL not in kinds
    drawn = _Drawn([], [])
    for kind in chosen:
        try:
            drawn.files.extend(_save(kind, asked, marking, where))
        except SimError as error:
            if by_name:
                raise
            drawn.left_out.append(f"{kind}: {error}")
    if not drawn.files:
        raise InputError.single("", "", "; ".join(drawn.left_out))
    return drawn


def _save(kind: str, asked: Asked, marking: str | None, where: tuple[Path, tuple[str, ...]]) -> list[Path]:
    """Save the figures of a kind, and where it has one and it is asked for its animation."""
    from sim.plotting.animation import save_animation
    from sim.plotting.kinds import ANIMATED, KINDS

    folder, formats = where
    stills = tuple(form for form in formats if form != MOVING)
    files = _write(KINDS[kind](asked) if stills else {}, marking, (folder, stills))
    if MOVING in formats and kind in ANIMATED:
        try:
            files.append(save_animation((_marked(each, marking) for each in ANIMATED[kind](asked)), folder, kind))
        except OSError as error:
            raise _unwritable(folder, error) from error
    return files


def _write(figures: Figures, marking: str | None, where: tuple[Path, tuple[str, ...]]) -> list[Path]:
    """Save figures; raise InputError where they cannot be written."""
    from sim.plotting.style import save

    folder, formats = where
    files: list[Path] = []
    try:
        for stem, figure in figures.items():
            files += save(_marked(figure, marking), folder, stem, formats)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return files


def _marked(figure: Figure, marking: str | None) -> Figure:
    from sim.plotting.page import mark_handling

    if marking:
        mark_handling(figure, marking)
    return figure


def _folder(results: Sequence[Result], out: Path | None) -> Path:
    """Return the folder for the figures, made where necessary."""
    from sim.experiment.store import RESULTS

    several = RESULTS / f"figures-{'-'.join(result.id[:4] for result in results[:6])}"
    folder = out or (results[0].folder / "figures" if len(results) == 1 else several)
    _make(folder)
    return folder


def _make(folder: Path) -> None:
    """Make a folder for figures where necessary; raise InputError where nothing can be written to it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".twofront.part"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> InputError:
    message = f"figures cannot be written there: {(error.strerror or str(error)).lower()}"
    return InputError.single("--out", "", f"{folder}: {message}; name another folder with --out")


def _report(drawn: _Drawn, results: Sequence[Result], as_json: bool) -> None:
    if as_json:
        content = {
            "command": "plot",
            "results": [result.id for result in results],
            "figures": [str(path) for path in drawn.files],
            "left_out": drawn.left_out,
        }
        click.echo(json.dumps(content, indent=2))
        return
    for path in drawn.files:
        click.echo(f"figure: {path}")
    for reason in drawn.left_out:
        click.echo(f"left out: {reason}", err=True)
