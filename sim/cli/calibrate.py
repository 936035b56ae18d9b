"""The command `calibrate`: what figures of the past say of a scenario's assumptions, as a joint sample to run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.inquire import Given, conduct, inquiry_options
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.analysis.answer import Answer
    from sim.analysis.calibrate import Calibrated
    from sim.experiment.ensemble import StoredEnsemble
    from sim.experiment.inquiry import Asked, Inquiry
    from sim.scenario.observations import Observation

_PATH = click.Path(path_type=Path)
_ROWS_SHOWN = 30


@dataclass(frozen=True)
class Wanted:
    """What a calibration is asked for beside the common options."""

    observations: Path
    parameters: tuple[str, ...]
    draws: int
    runs: int
    rounds: int
    rows: int
    check: bool
    write: Path | None


@click.command()
@click.argument("file", metavar="SCENARIO", type=_PATH)
@click.argument("observations", metavar="OBSERVATIONS", type=_PATH)
@click.option("--parameters", default="", metavar="PATH,...", help="Calibrate these [default: the influential ones].")
@click.option(
    "--draws", type=click.IntRange(200, 1_000_000), default=8_000, show_default=True, help="Runs under the prior."
)
@click.option(
    "-n", "--runs", type=click.IntRange(200, 1_000_000), default=4_000, show_default=True, help="Runs of a round."
)
@click.option("--rounds", type=click.IntRange(0, 20), default=4, show_default=True, help="Rounds after it, at most.")
@click.option("--rows", type=click.IntRange(20, 2_000), default=200, show_default=True, help="Rows of the sample.")
@click.option("--check", is_flag=True, help="Also check the first round on synthetic truths (minutes).")
@click.option("--write", type=_PATH, metavar="FILE", help="Write the overlay there, too.")
@inquiry_options
@click.pass_context
def calibrate(ctx: click.Context, /, file: Path, observations: Path, **given: Any) -> int:
    """Fit SCENARIO's distributions to figures of the past, and write the posterior as a scenario file.

    OBSERVATIONS is a CSV file of dated figures (scenarios/observations/). The same command goes on where it was
    interrupted.
    """
    wanted = Wanted(observations, _split(given.pop("parameters")), **{name: given.pop(name) for name in _OWN})
    common = Given(file=file, **{**given, "executor": executor(ctx, given["executor"])})
    figures, base = _read(common, wanted)
    asked = _asked(common, wanted, base)
    return conduct(common, asked, lambda inquiry: _ask(inquiry, wanted, figures), _tables)


_OWN = ("draws", "runs", "rounds", "rows", "check", "write")


def executor(ctx: click.Context, named: str) -> str:
    """Return where the runs are made: in processes unless it was said, as making parameters holds one thread."""
    given = ctx.get_parameter_source("executor")
    return named if given is not click.core.ParameterSource.DEFAULT else "processes"


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _read(given: Given, wanted: Wanted) -> tuple[tuple[Observation, ...], Any]:
    """Return the figures, checked against the scenario, and the scenario."""
    from sim.analysis.observation_model import checked
    from sim.experiment.ensemble import free_paths
    from sim.experiment.variant import variant
    from sim.scenario.observations import read

    base = given.source.load()
    free_paths(base, wanted.parameters)
    figures = read(wanted.observations)
    checked(figures, variant(base, given.seed).calendar, str(wanted.observations))
    return figures, base


def _asked(given: Given, wanted: Wanted, base: Any) -> Asked:
    from sim.experiment.inquiry import Asked
    from sim.experiment.store import command_line, file_hash

    question = {
        "observations": file_hash(wanted.observations),
        "parameters": list(wanted.parameters),
        "draws": wanted.draws,
        "runs": wanted.runs,
        "rounds": wanted.rounds,
        "rows": wanted.rows,
        "check": wanted.check,
    }
    return Asked("calibrate", given.source, base, given.seed, question, command_line())


def _ask(inquiry: Inquiry, wanted: Wanted, figures: tuple[Observation, ...]) -> Answer:
    from sim.analysis.calibrate import answered, calibrated
    from sim.analysis.check_calibration import checked
    from sim.analysis.fit import Effort, fitted
    from sim.analysis.observation_model import prepared
    from sim.experiment.ensemble import StoredEnsemble, free_paths

    base, seed = inquiry.asked.base, inquiry.asked.seed
    ensemble = StoredEnsemble(inquiry.evaluate, free_paths(base), seed)
    seen = prepared(figures, base.scenario.start)
    fit = fitted(ensemble, seen, Effort(wanted.draws, wanted.runs, wanted.rounds), seed, wanted.parameters)
    span = base.scenario.start, base.scenario.end
    found = calibrated(ensemble, fit, span, (wanted.rows, wanted.runs, seed))
    if wanted.check:
        found = replace(found, check=checked(seen, fit.prior, fit.at, fit.paths, seed))
    _write(inquiry, wanted, found, ensemble)
    return answered(found, ensemble)


def _write(inquiry: Inquiry, wanted: Wanted, found: Calibrated, ensemble: StoredEnsemble) -> None:
    """Write the overlay into the result's folder, and where else it was asked for; read it again, as a check."""
    from sim.experiment.ensemble import relative, values_of
    from sim.scenario.joint import Overlay, write_overlay
    from sim.scenario.load import load

    asked = inquiry.asked
    source, last = asked.source, max(each.known for each in found.fit.seen.figures)
    given = "".join(f"; with {text}" for text in (*source.choices, *source.sets))
    about = f"posterior of `twofront calibrate` given {len(found.fit.seen.figures)} figures up to {last}"
    comment = (
        f"Written by: {_told(asked.command)}\n"
        f"Result {asked.id}, scenario {asked.base.hash}, seed {asked.seed}{given}.\n"
        f"A joint sample of {len(found.sample)} rows; its medians are central. Other numbers keep their priors."
    )
    sample = values_of(asked.base, found.fit.paths, found.sample)
    for path in (inquiry.folder / f"{source.file.stem}_calibrated.yaml", wanted.write):
        if path is None:
            continue
        try:
            extends = relative(source.file, path.parent)
            title = f"{asked.base.scenario.title.partition(' (')[0]} (calibrated)"
            write_overlay(path, sample, Overlay(extends, title, about, comment, str(last)))
        except OSError as error:
            message = f"{path}: cannot be written: {(error.strerror or str(error)).lower()}"
            raise InputError.single("--write", "", message) from error
        load(path)


def _told(command: str) -> str:
    """Return a command without what is of this machine: the result's folder, how it ran and how it spoke."""
    import shlex

    words, kept = shlex.split(command), []
    while words:
        word = words.pop(0)
        if word in ("--out", "--executor", "--workers", "--scheduler"):
            words = words[1:]
        elif word not in ("--fresh", "--json", "--quiet"):
            kept.append(word)
    return shlex.join(kept)


def _tables(answer: Answer) -> list[Any]:
    from rich.table import Table

    from sim.analysis.answer import told

    parameters, figures = answer.tables["parameters"], answer.tables["figures"]
    table = Table("assumption", "before (90 %)", "after (90 %)", "narrowed", title="assumptions", title_justify="left")
    for k in range(min(_ROWS_SHOWN, len(parameters["path"]))):
        before, after = (f"{told(parameters[f'{n}_q05'][k])} to {told(parameters[f'{n}_q95'][k])}" for n in _BOTH)
        mark = f"{100 * parameters['contraction'][k]:.0f} %" if parameters["identified"][k] else "not identified"
        table.add_row(str(parameters["path"][k]), before, after, mark)
    seen = Table("figure", "when", "says", "runs before (90 %)", "runs after (90 %)", "off", title_justify="left")
    seen.title = "figures (less the median bias of the claimant)"
    for k, quantity in enumerate(figures["quantity"]):
        when = f"{figures['since'][k]} to {figures['date'][k]}" if figures["since"][k] else str(figures["date"][k])
        before, after = (f"{told(figures[f'{n}_q05'][k])} to {told(figures[f'{n}_q95'][k])}" for n in _BOTH)
        seen.add_row(
            str(quantity),
            when,
            f"{told(figures['unbiased'][k])}",
            before,
            after,
            f"{figures['off_sd'][k]:+.1f} sd",
        )
    return [table, seen]


_BOTH = ("prior", "posterior")
