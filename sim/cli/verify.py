"""The command `verify`: is the model right on this machine, and does a result come out again byte for byte?"""

from __future__ import annotations

import json
import math
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.progress import EVERY_SECONDS, Report, progress
from sim.cli.scenario import as_json
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from rich.table import Table

    from sim.analysis.verify_check import Check
    from sim.experiment.replay import Difference, Kept

_PATH = click.Path(path_type=Path)
WIDE = 200  # columns, where the output is no terminal


@click.command()
@click.argument("results", metavar="[RESULT]...", nargs=-1, type=_PATH)
@click.option("--seed", type=int, help="Seed of the checks, or of what --history draws [default: 0].")
@click.option("--why", is_flag=True, help="Say where each bound comes from.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@click.option("--history", metavar="FILE", type=_PATH, help="Battles as CSV: set the model beside the past instead.")
@click.option("--scenario", type=_PATH, help="With --history: whose laws of combat [default: the model's defaults].")
@click.option(
    "--out", type=_PATH, help="With --history: folder for numbers and figure [default: a new one in results/]."
)
@as_json
def verify(results: tuple[Path, ...], seed: int | None, why: bool, quiet: bool, as_json: bool, **given: Any) -> int:
    """Check the model against theory, make RESULT folders again and compare their bytes, or set it beside history.

    Without RESULT: closed forms, exact chains, counts, the ledger, equal bits. Each error stands beside a bound that
    was there before the runs. Exit code 1 when one fails.

    With --history FILE: who won battles and what they cost, against force ratio, with the model's own engagements,
    scored. FILE has the columns of CDB90; its public home is the repository jrnold/CDB90 on GitHub, file
    src-data/CDB90/CDB90-patched.csv.
    """
    history: Path | None = given["history"]
    _refuse_mixed(results, history, {"--seed": seed is not None, "--why": why}, given)
    if history is not None:
        from sim.cli.verify_history import Options, verify_history

        return verify_history(Options(history, given["scenario"], given["out"], seed or 0, quiet, as_json))
    if not results:
        return _verify_model(0 if seed is None else seed, why, quiet, as_json)
    return _verify_results(results, quiet, as_json)


def _refuse_mixed(
    results: tuple[Path, ...], history: Path | None, of_checks: dict[str, bool], of_history: dict[str, Any]
) -> None:
    """Refuse options of one thing that the command does beside another."""
    if history is None:
        for option in ("scenario", "out"):
            if of_history[option] is not None:
                raise InputError.single(f"--{option}", "", "goes with --history FILE only")
    elif results:
        raise InputError.single("--history", "", "stands alone; a result is made again by a command of its own")
    elif of_checks["--why"]:
        raise InputError.single("--why", "", "is of the checks of the model; history has no bounds")
    if results:
        for option, present in of_checks.items():
            if present:
                message = "is of the checks of the model; a result is made again as it was made"
                raise InputError.single(option, "", message)


def _verify_model(seed: int, why: bool, quiet: bool, as_json: bool) -> int:
    from sim.experiment.design import Design

    Design(seed)  # refuses what is no seed
    started = time.perf_counter()
    _compile(quiet)
    checks = _checks(seed, quiet)
    wall_s = time.perf_counter() - started
    if as_json:
        _print_json(checks, seed, wall_s)
    else:
        _print_table(checks, why)
        click.echo(f"{_sentence(checks)}  (seed {seed}, {wall_s:.0f} s)")
    return 1 if any(check.ok is False for check in checks) else 0


def _compile(quiet: bool) -> None:
    """Compile the model where that has not been done, here and not in a thread, so that Ctrl-C ends it."""
    from sim.analysis.verify_worlds import still
    from sim.experiment.trial import warm_up
    from sim.model.kernel import WARM

    if not WARM:
        if not quiet:
            click.echo("compiling the model once, about half a minute ...", err=True)
        warm_up(still(1, {}))


def _checks(seed: int, quiet: bool) -> list[Check]:
    from sim.analysis.verify import PLAN, verify
    from sim.experiment.trial import simulate

    found: list[Check] = []
    with _steps([step.name for step in PLAN], quiet) as names:
        for _, (_, checks) in zip(names, verify(simulate, seed, PLAN), strict=True):
            found += checks
    return found


@contextmanager
def _steps(names: Sequence[str], quiet: bool) -> Iterator[Iterator[str]]:
    """Give the names one after the other, and say on stderr which has come."""
    live = sys.stderr.isatty() and not quiet
    try:
        yield _announced(names, live, quiet)
    finally:
        if live:
            click.echo("\r\x1b[K", nl=False, err=True)


def _announced(names: Sequence[str], live: bool, quiet: bool) -> Iterator[str]:
    last = time.perf_counter()
    for position, name in enumerate(names):
        line = f"verify: step {position + 1} of {len(names)}: {name}"
        if live:
            click.echo(f"\r{line}\x1b[K", nl=False, err=True)
        elif not quiet and time.perf_counter() - last >= EVERY_SECONDS:
            last = time.perf_counter()
            click.echo(line, err=True)
        yield name


def _print_json(checks: list[Check], seed: int, wall_s: float) -> None:
    from sim.fingerprint import model_version

    rows = [{key: _plain(value) for key, value in asdict(check).items()} for check in checks]
    content = {"command": "verify", "model_version": model_version(), "seed": seed, "wall_s": round(wall_s, 1)}
    click.echo(json.dumps({**content, **_tally(checks), "checks": rows}, indent=2))


def _plain(value: Any) -> Any:
    """Return a value that JSON has: no not-a-number and no infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _tally(checks: list[Check]) -> dict[str, int]:
    verdicts = [check.ok for check in checks]
    return {"ok": verdicts.count(True), "failed": verdicts.count(False), "not_run": verdicts.count(None)}


def _sentence(checks: list[Check]) -> str:
    """Return '20 of 21 checks are ok; failed: lift queue'."""
    parts = [f"{_tally(checks)['ok']} of {len(checks)} checks are ok"]
    for title, verdict in (("failed", False), ("not run", None)):
        names = [check.name for check in checks if check.ok is verdict]
        if names:
            parts.append(f"{title}: {', '.join(names)}")
    return "; ".join(parts)


def _print_table(checks: list[Check], why: bool) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=WIDE)
    console.print(_table(checks, why))


def _table(checks: list[Check], why: bool) -> Table:
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    made.add_column("check, and the worst of its comparisons", overflow="fold")
    for heading in ("of", "exact", "simulated", "error", "bound"):
        made.add_column(heading, justify="right", no_wrap=True)
    made.add_column("ok", no_wrap=True)
    for check in checks:
        made.add_row(_described(check, why), *_numbers(check), _verdict(check))
    return made


def _described(check: Check, why: bool) -> str:
    """Return what is compared, under the name of the check."""
    lines = [check.name]
    if check.compared:
        lines.append(f"  {check.compared}")
    if check.reason:
        lines.append(f"  {check.reason}")
    if why and check.why:
        lines.append(f"  bound: {check.why}")
    return "\n".join(lines)


def _verdict(check: Check) -> str:
    return "not run" if check.ok is None else "ok" if check.ok else "FAILED"


def _numbers(check: Check) -> list[str]:
    """Return comparisons, exact, simulated, error and bound as they stand in the table."""
    if not check.compared:
        return ["-"] * 5
    if check.relative:
        shares = [f"{100 * value:.2g} %" for value in (check.error, check.bound)]
    else:
        shares = [_short(value) for value in (check.error, check.bound)]
    exact = "-" if check.exact is None else _short(check.exact)
    return [f"{check.comparisons}", exact, _short(check.simulated), *shares]


def _short(value: float) -> str:
    """Return a number as people read it: whole when large, four significant digits else."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _verify_results(folders: Sequence[Path], quiet: bool, as_json: bool) -> int:
    """Make each result again; all of them are read before any is run."""
    kept = _read_all(folders)
    _compile(quiet)
    verdicts = [(each, _replay(each, quiet)) for each in kept]
    if as_json:
        click.echo(json.dumps({"command": "verify", "results": [_result(*verdict) for verdict in verdicts]}, indent=2))
    else:
        for each, found in verdicts:
            _print_result(each, found)
    return 1 if any(found or each.damaged for each, found in verdicts) else 0


def _read_all(folders: Sequence[Path]) -> list[Kept]:
    from sim.experiment.replay import read_kept

    kept: list[Kept] = []
    problems: list[Problem] = []
    for folder in folders:
        try:
            kept.append(read_kept(folder))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return kept


def _replay(kept: Kept, quiet: bool) -> list[Difference]:
    from sim.analysis.bands import bands
    from sim.experiment.replay import Again, differences, make_again
    from sim.experiment.workers import available_cores

    def tell(total: int) -> AbstractContextManager[Report | None]:
        return progress(f"{kept.folder.name} again", total, quiet)

    with tempfile.TemporaryDirectory(prefix="twofront-") as name:
        make_again(kept, Path(name), Again(available_cores(), bands, tell))
        return differences(kept, Path(name))


def _result(kept: Kept, found: Sequence[Difference]) -> dict[str, Any]:
    """Return what JSON says of a result."""
    where = {each.table: each.where for each in found}
    return {
        "folder": str(kept.folder),
        "id": kept.plan.id,
        "ok": not found and not kept.damaged,
        "damaged": dict(kept.damaged),
        "versions": {name: {"then": then, "now": now} for name, (then, now) in kept.versions.items()},
        "tables": [{"name": name, "same": name not in where, "where": where.get(name)} for name in kept.tables],
    }


def _print_result(kept: Kept, found: Sequence[Difference]) -> None:
    """Say what came of a result: verdicts on stdout, what is wrong also as located errors on stderr."""
    click.echo(f"{kept.folder}: result {kept.plan.id} ({kept.plan.runs:,} runs)")
    for name, (then, now) in kept.versions.items():
        click.echo(f"  {name}: {then} when it was made, {now} now")
    click.echo(f"  files as they were written: {'no' if kept.damaged else 'yes'}")
    differ = [each.table for each in found]
    same = [name for name in kept.tables if name not in differ]
    for title, names in (("made again, the same bytes", same), ("made again, other bytes", differ)):
        if names:
            click.echo(f"  {title}: {', '.join(names)}")
    for name, how in kept.damaged.items():
        click.echo(f"error: {kept.folder / name}: {how}", err=True)
    for table, where in found:
        click.echo(f"error: {kept.folder / table}: {where}", err=True)
