"""What `compare --json` says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sim.cli.compare_run import stop_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.analysis.compare import Comparison, Pair
    from sim.analysis.paired import Chance
    from sim.analysis.stats import Mean, Row
    from sim.cli.compare_run import Compared


def as_json(compared: Compared) -> dict[str, Any]:
    """Return everything that the tables say; a time that is not reached is null."""
    prepared, comparison = compared.prepared, compared.comparison
    rows = comparison.rows if comparison else {}
    return {
        "command": "compare",
        "id": prepared.id,
        "folder": str(compared.folder),
        "model_version": prepared.model_version,
        "seed": prepared.design.seed,
        "draws": prepared.design.draws,
        "replications": compared.replications,
        "runs": {"done": compared.made, "failed": len(compared.failures)},
        "interrupted": compared.interrupted,
        "wall_s": round(compared.wall_s, 3),
        "precision": stop_record(compared.stop),
        "points": [
            {
                "label": point.label,
                "hash": point.loaded.hash,
                "factors": dict(point.factors),
                "outcomes": {row.name: _row(row) for row in rows.get(point.label, ())},
            }
            for point in prepared.points
        ],
        "simultaneous": _method(comparison),
        "pairs": [_pair(pair) for pair in comparison.pairs] if comparison else [],
    }


def _method(comparison: Comparison | None) -> dict[str, Any] | None:
    if comparison is None:
        return None
    return {
        "method": "max-t over crossed clusters",
        "level": 0.95,
        "level_of_each": comparison.level,
        "contrasts": comparison.contrasts,
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "unit": row.unit,
        "runs": row.runs,
        "mean": row.mean,
        "mean_ci95": _numbers(row.mean_ci95),
        "luck_q05_q50_q95": _numbers(row.luck),
        "assumptions_q05_q95": _numbers(row.assumptions),
        **({} if row.censored_share is None else {"not_reached_share": row.censored_share}),
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "outcome": pair.outcome,
        "compared_by": "probability that it is reached" if pair.timed else "mean",
        "first": pair.first,
        "second": pair.second,
        "unit": pair.unit,
        "runs": pair.runs,
        "difference": pair.estimate,
        "simultaneous_ci95": _numbers(pair.interval),
        "direction": pair.direction,
        "luck_q05_q50_q95": _numbers(pair.spread.luck),
        "assumptions_q05_q95": _numbers(pair.spread.assumptions),
        "same_luck": _chance(pair.paired),
        "other_luck": _chance(pair.independent),
        "variance_ratio": {
            "fixed_assumptions": pair.pairing.fixed,
            "fixed_assumptions_ci95": _numbers(pair.pairing.fixed_ci95),
            "overall": pair.pairing.overall,
        },
    }


def _chance(chance: Chance) -> dict[str, Any]:
    return {"higher": _mean(chance.higher), "lower": _mean(chance.lower)}


def _mean(mean: Mean) -> dict[str, Any]:
    return {"probability": mean.value, "ci95": _numbers(mean.interval)}


def _numbers(values: Sequence[float] | None) -> list[float | None] | None:
    return None if values is None else [value if math.isfinite(value) else None for value in values]
