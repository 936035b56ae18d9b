"""What was discovered, in words and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis.answer import Answer
from sim.analysis.discover import Discovered, Settings
from sim.analysis.prim import Box, Limit
from sim.analysis.uncertain import spoken

Columns = dict[str, NDArray[Any]]


def answer_of(found: Discovered, settings: Settings, title: str, decision: str) -> Answer:
    """Return the answer."""
    names = dict(zip(found.ranges, spoken(list(found.ranges)), strict=True))
    question = f"Which assumptions of {title} make '{settings.event}' happen"
    question += f", and which option of {decision} is least regretted?" if decision else "?"
    return Answer(
        kind="discover",
        question=question,
        answer=f"{_box_sentence(found, settings, names)} {_option_sentence(found, settings, decision)}".strip(),
        spreads=_spreads(found, settings),
        would_change=tuple(_changes(found, settings, names))[:3],
        drives=tuple(_box_lines(found, names)),
        caveats=tuple(_caveats(found, settings)),
        numbers=_numbers(found, settings, decision),
        tables=_tables(found, settings),
    )


def box_words(box: Box, names: Mapping[str, str]) -> str:
    """Return 'russia casualties attacking above 9.1 and russia lift kursk below 2,100'."""
    return " and ".join(f"{names[path]} {_limit_words(limit)}" for path, limit in box.limits.items())


def _limit_words(limit: Limit) -> str:
    if np.isfinite(limit.low) and np.isfinite(limit.high):
        return f"between {_number(limit.low)} and {_number(limit.high)}"
    return f"above {_number(limit.low)}" if np.isfinite(limit.low) else f"below {_number(limit.high)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _percent(interval: Sequence[float]) -> str:
    value, low, high = (100 * each for each in interval)
    return f"{value:.0f} % ({max(low, 0):.0f} to {min(high, 100):.0f})"


def _box_sentence(found: Discovered, settings: Settings, names: Mapping[str, str]) -> str:
    base = f"'{settings.event}' happens in {_percent(found.frequency)} of runs"
    if found.frequency.value in (0.0, 1.0):
        often = "never" if found.frequency.value == 0 else "always"
        runs = f"{found.used * settings.replications:,} runs"
        return f"'{settings.event}' {often} happens in {runs}: no assumption is told to matter; take another level."
    if not found.boxes:
        return f"{base}; no box of assumptions is told in which it is more frequent."
    box = found.boxes[0]
    held = box.held_out
    density = _percent((held.density, held.density_low, held.density_high))
    size = f"{100 * held.mass:.0f} % of draws, {100 * held.coverage:.0f} % of its cases"
    return f"{base}; where {box_words(box, names)}, in {density} of held-out runs: {size}."


def _option_sentence(found: Discovered, settings: Settings, decision: str) -> str:
    if found.ahead is None:
        return ""
    best = int(np.argmax(found.means))
    if not (found.ahead.low > 0 or found.ahead.high < 0):
        return f"Of {decision}, no option is told to be better than the next by the mean of the aim."
    regret, ahead = found.regrets[best], found.ahead
    return (
        f"Of {decision}, {settings.options[best]} has the best mean (ahead by {ahead.value:.3g}, {ahead.low:.3g} to "
        f"{ahead.high:.3g}) and a mean regret of {max(regret.honest, 0):.3g} to {regret.mean:.3g}."
    )


def _spreads(found: Discovered, settings: Settings) -> dict[str, str]:
    return {
        "numerical": f"95 % intervals over {found.used} draws; boxes are measured in a held-out half of them",
        "luck": f"averaged over {settings.replications} replications in each draw; what is left of it widens regret, "
        "so two bounds are given",
        "assumptions": "frequencies, regret and values are over draws of the scenario's ranges",
    }


def _changes(found: Discovered, settings: Settings, names: Mapping[str, str]) -> Iterator[str]:
    for path, turns in found.turns.items():
        for turn in turns:
            options = f"below it {turn.below} is best, above it {turn.above}"
            yield f"{names[path]} at {_number(turn.at)}: {options} (others as drawn)"
    if found.information is not None and found.information.told:
        low, high = found.information.honest, found.information.fitted
        yield f"knowing all assumptions before choosing would gain {low:.3g} to {high:.3g} on average"
    elif found.information is not None:
        yield "no assumption is told that, if known, would change the choice"


def _box_lines(found: Discovered, names: Mapping[str, str]) -> Iterator[str]:
    for box in found.boxes:
        held = box.held_out
        chances = ", ".join(f"{names[path]} {limit.quasi_p:.2g}" for path, limit in box.limits.items())
        density = _percent((held.density, held.density_low, held.density_high))
        size = f"coverage {100 * held.coverage:.0f} %, mass {100 * held.mass:.0f} %"
        yield f"{box_words(box, names)}: density {density}, {size} (quasi-p: {chances})"


def _caveats(found: Discovered, settings: Settings) -> Iterator[str]:
    if found.used < settings.draws:
        missing = f"{settings.draws - found.used} of {settings.draws} draws"
        yield f"{missing} lack a value under some option (failed, or none) and are left out"
    yield "a box says where the event is frequent under the scenario's ranges, not what causes it"
    if found.regrets:
        yield "regret and values are ranges: the low end picks the best on other runs, the high end on the same"


def _numbers(found: Discovered, settings: Settings, decision: str) -> dict[str, Any]:
    return {
        "event": str(settings.event),
        "frequency": found.frequency._asdict(),
        "decision": decision,
        "options": list(settings.options),
        "mean_gain": list(found.means),
        "best_ahead": found.ahead._asdict() if found.ahead else None,
        "evpi": found.information._asdict() if found.information else None,
        "worth_knowing": [path for path, worth in found.partial.items() if worth.told],
        "draws_used": found.used,
    }


def _tables(found: Discovered, settings: Settings) -> dict[str, Columns]:
    tables = {"boxes": _box_table(found), "path": _path_table(found)}
    if found.regrets:
        tables["options"] = _option_table(found, settings)
        tables["information"] = _information_table(found)
        tables["break_even"] = _turn_table(found)
    return tables


def _box_table(found: Discovered) -> Columns:
    rows = [(k, path, limit) for k, box in enumerate(found.boxes) for path, limit in box.limits.items()]
    held = [found.boxes[k].held_out for k, _, _ in rows]
    return {
        "box": np.array([k + 1 for k, _, _ in rows], np.int64),
        "part": _texts([path for _, path, _ in rows]),
        "low": _reals([limit.low if np.isfinite(limit.low) else np.nan for _, _, limit in rows]),
        "high": _reals([limit.high if np.isfinite(limit.high) else np.nan for _, _, limit in rows]),
        "range_low": _reals([found.ranges[path][0] for _, path, _ in rows]),
        "range_high": _reals([found.ranges[path][1] for _, path, _ in rows]),
        "quasi_p": _reals([limit.quasi_p for _, _, limit in rows]),
        **{name: _reals([getattr(each, name) for each in held]) for name in ("density", "density_low", "density_high")},
        **{name: _reals([getattr(each, name) for each in held]) for name in ("coverage", "mass")},
    }


def _path_table(found: Discovered) -> Columns:
    steps = [(k, step) for k, box in enumerate(found.boxes) for step in box.path]
    columns: Columns = {
        "box": np.array([k + 1 for k, _ in steps], np.int64),
        "restricted": np.array([step.restricted for _, step in steps], np.int64),
    }
    for half in ("train", "held_out"):
        for name in ("density", "coverage", "mass"):
            columns[f"{half}_{name}"] = _reals([getattr(getattr(step, half), name) for _, step in steps])
    return columns


def _option_table(found: Discovered, settings: Settings) -> Columns:
    fields = [("mean_regret", "mean"), ("mean_regret_other_luck", "honest"), ("half_width", "half_width")]
    fields += [("p90_regret", "p90"), ("max_regret", "worst"), ("best_share", "best_share")]
    return {
        "option": _texts(settings.options),
        "mean_gain": _reals(found.means),
        **{name: _reals([getattr(each, field) for each in found.regrets]) for name, field in fields},
        **{
            name: _reals([each[k] for each in found.satisficing])
            for k, name in enumerate(("satisfies", "satisfies_low", "satisfies_high"))
        },
    }


def _information_table(found: Discovered) -> Columns:
    whole = found.information
    rows = [*([("all assumptions", whole)] if whole else []), *found.partial.items()]
    return {
        "part": _texts([name for name, _ in rows]),
        "value_fitted": _reals([worth.fitted for _, worth in rows]),
        "value_other_draws": _reals([worth.honest for _, worth in rows]),
        "half_width": _reals([worth.half_width for _, worth in rows]),
    }


def _turn_table(found: Discovered) -> Columns:
    rows = [(path, turn) for path, turns in found.turns.items() for turn in turns]
    return {
        "part": _texts([path for path, _ in rows]),
        "at": _reals([turn.at for _, turn in rows]),
        "best_below": _texts([turn.below for _, turn in rows]),
        "best_above": _texts([turn.above for _, turn in rows]),
    }


def _texts(texts: Sequence[str]) -> NDArray[Any]:
    return np.array(texts, object)


def _reals(values: Sequence[float]) -> NDArray[Any]:
    return np.array(values, np.float64)
