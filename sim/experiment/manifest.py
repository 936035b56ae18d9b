"""What is said of a result beside its numbers: what was run, from what, how it ended, on which machine."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sim.experiment import store
from sim.experiment.run_plan import RUN

if TYPE_CHECKING:
    from sim.experiment.plan import Plan, Source
    from sim.experiment.sweep_run import Done
    from sim.scenario.load import Loaded


def manifest_of(found: Done, started: datetime, command: str) -> dict[str, Any]:
    """Return the manifest of a result, but for its files."""
    plan, ended = found.plan, found.wall_s > 0 and not found.interrupted
    return {
        "format": store.FORMAT,
        "id": plan.id,
        "kind": plan.kind,
        "command": command,
        "scenario": described(plan.source, plan.base),
        "scenario_hash": plan.base.hash,
        "branch": {"from": plan.branch[0], "at": plan.branch[1]} if plan.branch else None,
        "seed": plan.design.seed,
        "draws": plan.design.draws,
        "replications": plan.design.replications,
        **(_kept(plan) if plan.kind == RUN else _design(plan)),
        "outcomes": {each.name: each.unit for each in plan.outcomes},
        "identity": plan.identity(),
        "model_version": plan.model_version,
        "engine": plan.engine,
        "user_code": [dict(zip(("option", "name", "hash"), each, strict=True)) for each in plan.user_code],
        "events": _events(plan),
        "interrupted": not ended,
        "runs": {"asked": plan.runs, "done": found.done or found.before, "failed": found.failed},
        "failures": found.failures,
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds") if ended else None,
        "wall_s": round(found.wall_s, 3),
        **machine(),
    }


def _design(plan: Plan) -> dict[str, Any]:
    return {
        "nested": plan.design.nested,
        "points": len(plan.points),
        "design": {"kind": plan.layout.kind, "points": plan.layout.points},
        "factors": [_factor(plan, k) for k in range(len(plan.points.factors))],
    }


def _kept(plan: Plan) -> dict[str, Any]:
    design = plan.design
    kept = {"runs": design.series_kept, "per_draw": [design.kept(0), design.kept(min(1, design.draws))]}
    return {"series_kept": kept}


def described(source: Source, base: Loaded) -> dict[str, Any]:
    """Return what a manifest says of a scenario: title, file, options and values given, and hashes of its files."""
    return {
        "title": base.scenario.title,
        "file": str(source.file),
        "choices": base.choices,
        "sets": list(source.sets),
        "source_files": {str(path): store.file_hash(path) for path in base.source_files},
    }


def _factor(plan: Plan, k: int) -> dict[str, Any]:
    factor = plan.points.factors[k]
    unit = factor.quantity.unit if factor.quantity else ""
    return {"name": factor.name, "kind": factor.kind, "unit": unit}


def _events(plan: Plan) -> list[dict[str, str]]:
    from sim.experiment.events import events_of

    found = events_of(plan.base.scenario)
    return [{"label": event.label, "start": str(event.start), "end": str(event.end)} for event in found]


def machine() -> dict[str, Any]:
    """Return what a manifest says of the machine and what is installed on it."""
    return {
        "python": platform.python_version(),
        "packages": dict(store.package_versions()),
        "git_commit": store.git_commit(),
        "host": {"system": platform.system(), "machine": platform.machine(), "cores": os.cpu_count()},
    }
