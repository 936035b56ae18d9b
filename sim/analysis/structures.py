"""Which conclusions hang on how the model is built: the same effects under other structures, and which signs flip.

A conclusion is the sign of what an option does to an outcome, against the option that the scenario takes, run by run on
the same luck; and of what is 0 or 1 in a run, whether it is likelier than not as it is. It is told where a simultaneous
95 % interval (Bonferroni, over all cells of the table) leaves zero (or a half) out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.answer import Answer
from sim.analysis.indices import Interval
from sim.analysis.stats import Crossing, ratio_of_means
from sim.experiment.design import Design
from sim.experiment.factors import CHOICE, Factor
from sim.experiment.points import Points

if TYPE_CHECKING:
    from sim.experiment.evaluate import Evaluate, Table

Values = NDArray[np.float64]
HOLDS, FLIPS, UNDECIDED, NEW, OPEN = "holds", "FLIPS", "undecided", "newly told", "open"
LEVEL = "as it is"


class Option(NamedTuple):
    """An option of a decision that the scenario does not take."""

    decision: str
    name: str


class Cell(NamedTuple):
    """A conclusion under a structure: the effect of an option, or (of LEVEL) an outcome's mean.

    estimate : None where there is no value; against : what the estimate is held against, None for nothing.
    """

    structure: str
    option: str
    outcome: str
    estimate: Interval | None
    against: float | None = 0.0

    @property
    def sign(self) -> str:
        """Return '+', '-', or '0' where the interval holds what it is held against; '' where nothing is to be told."""
        if self.estimate is None or self.against is None:
            return ""
        return "+" if self.estimate.low > self.against else "-" if self.estimate.high < self.against else "0"


@dataclass(frozen=True)
class Settings:
    """What is asked: options against those taken, outcomes, and how finely; draws 0 is central assumptions."""

    taken: Mapping[str, str]
    options: tuple[Option, ...]
    outcomes: tuple[str, ...]
    draws: int = 0
    replications: int = 200
    seed: int = 0


def structural(structures: Mapping[str, Evaluate], settings: Settings) -> list[Cell]:
    """Return every conclusion under every structure, the first of which is the scenario itself."""
    points = _points(settings)
    cells = len(structures) * (len(settings.options) + 1) * len(settings.outcomes)
    level = 1 - 0.05 / cells
    design = Design(settings.seed, settings.draws, settings.replications)
    found = []
    for name, evaluate in structures.items():
        table = evaluate(points, design, settings.outcomes)
        for outcome in settings.outcomes:
            values = _runs(table, outcome, settings)
            half = 0.5 if np.isin(values[0][np.isfinite(values[0])], (0.0, 1.0)).all() else None
            found.append(Cell(name, LEVEL, outcome, _interval(values[0], level), half))
            for k, option in enumerate(settings.options, 1):
                found.append(
                    Cell(name, f"{option.decision}={option.name}", outcome, _interval(values[k] - values[0], level))
                )
    return found


def _points(settings: Settings) -> Points:
    """Return the scenario as it is, then with each option alone."""
    factors = []
    for decision, taken in settings.taken.items():
        others = tuple(option.name for option in settings.options if option.decision == decision)
        factors.append(Factor(decision, CHOICE, (taken, *others)))
    rows = [dict(settings.taken), *({**settings.taken, option.decision: option.name} for option in settings.options)]
    columns = {factor.name: np.array([row[factor.name] for row in rows], object) for factor in factors}
    return Points(tuple(factors), columns, (), len(rows))


def _runs(table: Table, outcome: str, settings: Settings) -> Values:
    """Return the outcome of sampled draws, or of the central one if none is, float64[point, draw, replication]."""
    values = table.values[outcome]
    return values[:, 1:] if settings.draws and values.shape[1] > 1 else values[:, :1]


def _interval(values: Values, level: float) -> Interval | None:
    """Return the mean of float64[draw, replication] with its interval; None where more than a tenth has no value."""
    draw, replication = np.indices(values.shape).reshape(2, -1)
    flat = values.ravel()
    use = np.isfinite(flat)
    if use.mean() < 0.9:
        return None
    several = values.shape[0] > 1
    runs = Crossing(draw[use] + several, replication[use])
    mean = ratio_of_means(flat[use], np.ones(int(use.sum())), runs, level)
    return None if mean.value is None or mean.interval is None else Interval(mean.value, *mean.interval)


def verdict(base: Cell, other: Cell) -> str:
    """Return whether a conclusion holds under another structure."""
    if not (base.sign and other.sign):
        return OPEN
    if base.sign == other.sign:
        return HOLDS if base.sign != "0" else OPEN
    if base.sign == "0":
        return NEW
    return UNDECIDED if other.sign == "0" else FLIPS


def verdicts(cells: Sequence[Cell]) -> list[tuple[Cell, str]]:
    """Return each conclusion under another structure with its verdict."""
    first = cells[0].structure
    base = {(cell.option, cell.outcome): cell for cell in cells if cell.structure == first}
    others = [cell for cell in cells if cell.structure != first and cell.against is not None]
    return [(cell, verdict(base[cell.option, cell.outcome], cell)) for cell in others]


def answer_of(cells: Sequence[Cell], settings: Settings, title: str) -> Answer:
    """Return the answer: which conclusions flip, and which become undecided."""
    judged = verdicts(cells)
    structures = len(dict.fromkeys(cell.structure for cell in cells)) - 1
    told = {(cell.option, cell.outcome) for cell, word in judged if word in (HOLDS, FLIPS, UNDECIDED)}
    shaken = {(cell.option, cell.outcome) for cell, word in judged if word != HOLDS}
    by_word = {word: [cell for cell, each in judged if each == word] for word in (FLIPS, UNDECIDED, NEW)}
    robust = len(told - shaken)
    answer = (
        f"Of {len(told)} conclusions told in {title}, {robust} hold under all {structures} other "
        f"structures; {len(by_word[FLIPS])} cells flip and {len(by_word[UNDECIDED])} become undecided."
    )
    return Answer(
        kind="discover",
        question=f"Which conclusions of {title} flip under {structures} other structures of the model?",
        answer=answer,
        spreads={
            "numerical": "simultaneous 95 % intervals over the whole table (Bonferroni)",
            "luck": f"averaged over {settings.replications} replications, the same under every option and structure",
            "assumptions": f"{settings.draws} draws" if settings.draws else "central values only",
        },
        would_change=tuple(_line(cell, "flips") for cell in by_word[FLIPS])[:3],
        drives=tuple(_line(cell, "undecided") for cell in by_word[UNDECIDED])[:12],
        caveats=("each structure is rescaled by one constant and not tuned again, so it fits the record less well",),
        numbers={
            "structures": list(dict.fromkeys(cell.structure for cell in cells)),
            "robust": robust,
            "told": len(told),
        },
        tables={"structures": _table(cells)},
    )


def _line(cell: Cell, word: str) -> str:
    assert cell.estimate is not None
    value, low, high = cell.estimate
    return f"{cell.structure}: {cell.option} on {cell.outcome} {word}: {value:+,.3g} ({low:+,.3g} to {high:+,.3g})"


def _table(cells: Sequence[Cell]) -> dict[str, NDArray[np.generic]]:
    words = {id(cell): word for cell, word in verdicts(cells)}
    numbers = np.array([cell.estimate or (np.nan,) * 3 for cell in cells], np.float64)
    texts = {
        "structure": [cell.structure for cell in cells],
        "option": [cell.option for cell in cells],
        "outcome": [cell.outcome for cell in cells],
        "sign": [cell.sign for cell in cells],
        "verdict": [words.get(id(cell), "") for cell in cells],
    }
    return {
        **{name: np.array(column, object) for name, column in texts.items()},
        **{name: numbers[:, k] for k, name in enumerate(("estimate", "low", "high"))},
    }
