"""What `verify --history` prints: tables for people, one dictionary for programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sim.analysis.history import Against, Explained, History
    from sim.analysis.history_fit import Bin, Estimate, Gap
    from sim.experiment.history_result import About

WIDE = 140  # columns, where the output is no terminal
CAVEAT = (
    "The defaults of a and b came from the full CDB90 from 1914 on (400 battles). Battles of this file may be among "
    "them: scores of E6 and of engagements are then not out of sample."
)


def content(found: History, about: About) -> dict[str, Any]:
    """Return everything that was found, with no number that JSON does not have."""
    made = {
        "command": "verify --history",
        "id": about.id,
        "file": str(about.battles),
        "scenario": about.scenario,
        "seed": about.seed,
        "model_version": about.model_version,
        "laws": dict(about.laws),
        "battles": _counts(found),
        "wins": [
            {"name": each.name, "brier": each.first._asdict(), "log_score": each.second and each.second._asdict()}
            for each in found.wins.scored
        ],
        "losses": [
            {"name": each.name, "rmse": math.sqrt(each.first.score), "squared_error": each.first._asdict()}
            for each in found.losses.scored
        ],
        "calibration": {name: [each._asdict() for each in rows] for name, rows in found.wins.calibration.items()},
        "coverage_of_90": {name: _coverage(each) for name, each in _coverages(found).items()},
        "shares": [each._asdict() for each in found.shares],
        "defaults": [_default(each) for each in found.defaults],
        "variants": [
            {
                "name": name,
                "battles": battles,
                **{k: each._asdict() for k, each in zip(("a", "b", "loss"), rest, strict=True)},
            }
            for name, battles, *rest in found.variants
        ],
        "explained": found.explained._asdict(),
        "sentences": sentences(found),
    }
    plain: dict[str, Any] = _plain(made)
    return plain


def _counts(found: History) -> dict[str, Any]:
    return {
        "read": found.read,
        "with_winner": len(found.won),
        "with_losses": len(found.lost),
        "campaigns": len(set(found.won.cluster)),
        "left_out": [{"reason": reason, "battles": count} for reason, count in found.left_out],
    }


def _coverages(found: History) -> dict[str, Bin]:
    return {**found.losses.coverage, "engagements, people, history's beaten and spread (fitted)": found.mended}


def _coverage(each: Bin) -> dict[str, float]:
    return {"battles": each.battles, "share": each.share, "low": each.low, "high": each.high}


def _default(each: Against) -> dict[str, Any]:
    return {
        "name": each.name,
        "model": each.model,
        "history": each.history._asdict(),
        "apart": each.apart,
        "contradicted": each.contradicted,
    }


def _plain(value: Any) -> Any:
    """Return a value with None for what is no finite number."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def sentences(found: History) -> list[str]:
    """Return what a reader should take away; a direction only where its interval leaves zero out."""
    wrong = [each for each in found.defaults if each.contradicted]
    said = [_explained(found.explained), _compared(found), _laws_told(found)]
    if wrong:
        parts = (f"{each.name} {each.model:.2g} (history {_interval(each.history)})" for each in wrong)
        said.append(f"History contradicts: {'; '.join(parts)}.")
    else:
        said.append("History contradicts none of the defaults.")
    return [*said, CAVEAT]


def _explained(share: Explained) -> str:
    return (
        f"Force ratio explains {percent(share.deviance)} of who wins (of the log likelihood; a battle that was won had "
        f"the higher ratio in {percent(share.ordering)} of pairs, 50 % is nothing) and {percent(share.losses)} of the "
        f"variance of ln loss ratio; knowing who won as well explains {percent(share.with_winner)}."
    )


def _compared(found: History) -> str:
    model = found.wins.scored[-1]
    gap = model.first
    told = "better" if gap.high < 0 else "worse" if gap.low > 0 else "not told apart"
    return (
        f"Who wins, {model.name}: Brier {gap.score:.3f}, {_signed(gap)} against a constant: {told}. "
        f"Of the loss ratios {percent(found.losses.coverage[model.name].share)} lie within the model's 90 % band."
    )


def percent(share: float) -> str:
    """Return a share as people say it."""
    return f"{100 * share:.0f} %"


def _laws_told(found: History) -> str:
    """Return which laws of losses are told from a constant, and how."""
    constant, *others = found.losses.scored
    worse = [each.name for each in others if each.first.low > 0]
    better = [each.name for each in others if each.first.high < 0]
    parts = [
        f"{how} than a {constant.name}: {', '.join(names)}"
        for how, names in (("better", better), ("worse", worse))
        if names
    ]
    return f"Loss ratio, foreseen {'; '.join(parts) or 'no better and no worse than by a constant, by any law'}."


def _interval(each: Estimate) -> str:
    return f"{each.value:.2f}, {each.low:.2f} to {each.high:.2f}"


def _signed(gap: Gap) -> str:
    return f"{gap.difference:+.3f} ({gap.low:+.3f} to {gap.high:+.3f})"


def print_tables(found: History) -> None:
    """Print what was found."""
    counts = _counts(found)
    click.echo(
        f"{found.read} battles read; {counts['with_winner']} of {counts['campaigns']} campaigns with a winner, "
        f"{counts['with_losses']} with losses of both sides"
    )
    for reason, count in found.left_out:
        click.echo(f"  left out: {count} {reason}")
    _print_wins(found)
    _print_losses(found)
    _print_defaults(found)
    _print_variants(found)
    click.echo()
    for sentence in sentences(found):
        click.echo(sentence)


def _print_wins(found: History) -> None:
    rows = [
        (each.name, *(part for gap in (each.first, each.second) if gap for part in (f"{gap.score:.4f}", _signed(gap))))
        for each in found.wins.scored
    ]
    _print(("who wins, foreseen by", "Brier", "against the constant", "log score", "against the constant"), rows)
    for name, bins in found.wins.calibration.items():
        shares = [
            (f"  {each.battles} battles", f"{each.middle:.2f}", f"{each.share:.2f}", _range(each)) for each in bins
        ]
        _print((f"calibration: {name}", "foreseen", "won", "95 %"), shares)


def _range(each: Bin) -> str:
    return f"{each.low:.2f} to {each.high:.2f}"


def _print_losses(found: History) -> None:
    rows = [(each.name, f"{math.sqrt(each.first.score):.3f}", _signed(each.first)) for each in found.losses.scored]
    _print(("ln loss ratio, foreseen by (level: other campaigns)", "RMSE", "squared error against the constant"), rows)
    covered = [(name, percent(each.share), _range(each)) for name, each in _coverages(found).items()]
    _print(("loss ratios within the model's 90 % band", "share", "95 %"), covered)


def _print_defaults(found: History) -> None:
    rows = [
        (
            each.name, f"{each.model:.3g}", f"{each.history.value:.2f}", f"{each.history.error:.2f}",
            f"{each.history.low:.2f} to {each.history.high:.2f}", "CONTRADICTED" if each.contradicted else "within",
        )
        for each in found.defaults
    ]  # fmt: skip
    _print(("the model's number", "model", "history", "s.e.", "95 %, campaigns resampled", ""), rows)


def _print_variants(found: History) -> None:
    rows = [
        (name, f"{battles}", *(f"{each.value:.2f} ± {each.error:.2f}" for each in rest))
        for name, battles, *rest in found.variants
    ]
    _print(("battles", "number", "a", "b", "slope of ln loss ratio"), rows)


def _print(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=WIDE)
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    made.add_column(heads[0], overflow="fold")
    for head in heads[1:]:
        made.add_column(head, justify="right")
    for row in rows:
        made.add_row(*row)
    console.print()
    console.print(made)
