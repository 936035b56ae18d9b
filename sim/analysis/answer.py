"""What an analysis answers: a sentence with its three spreads, what would change it, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis.stats import Crossing, Mean, draw_means, probability, quantiles, ratio_of_means

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Answer:
    """An answer in the form that every analysis writes (`answer.json`).

    question, answer : one line, one sentence. spreads : 'numerical', 'luck' and 'assumptions', each as text.
    would_change : up to three lines on what would change the answer; drives : what drives it; caveats : what to know.
    numbers : plain data behind the sentence; tables : columns of equal length by table.
    """

    kind: str
    question: str
    answer: str
    spreads: Mapping[str, str]
    would_change: tuple[str, ...] = ()
    drives: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, NDArray[Any]]] = field(default_factory=dict)

    def plain(self, made: int, reused: int) -> dict[str, Any]:
        """Return it as plain data, with how many runs were made for it and how many were there before."""
        return {
            "kind": self.kind,
            "question": self.question,
            "answer": self.answer,
            "spreads": dict(self.spreads),
            "would_change": list(self.would_change),
            "drives": list(self.drives),
            "caveats": list(self.caveats),
            "runs": {"made": made, "reused": reused},
            "numbers": dict(self.numbers),
        }


def percent(share: float) -> str:
    """Return a share, finite, as whole per cent; what is near an end but not there is said so: 'over 99 %'."""
    if share in (0.0, 1.0) or 0.005 <= share <= 0.995:
        return f"{100 * share:.0f} %"
    return "under 1 %" if share < 0.5 else "over 99 %"


@dataclass(frozen=True)
class Spread:
    """An outcome over draws x replications, its three spreads apart.

    mean : over sampled draws (over draw 0 where there are no others), with its numerical 95 % interval.
    luck : 5 and 95 % over the replications of draw 0; of a probability None.
    assumptions : 5 and 95 % over sampled draws of the draw's mean; None where there are fewer than two.
    """

    mean: Mean
    luck: tuple[float, float] | None
    assumptions: tuple[float, float] | None
    binary: bool

    def text(self) -> str:
        """Return 'in 64 % of runs (61 to 67 numerical); 22 to 91 % across plausible assumptions'."""
        if self.mean.value is None:
            return "nothing: no run has a value"
        low_high = f" ({_span(self.mean.interval, self.binary)} numerical 95 %)" if self.mean.interval else ""
        said = f"{_said(self.mean.value, self.binary)}{low_high}"
        across = f"; {_span(self.assumptions, self.binary)} across plausible assumptions" if self.assumptions else ""
        return f"{said}{across}"


def spread(values: Values, binary: bool) -> Spread:
    """Return the spreads of an outcome, float64[draw, replication]; not-a-number counts as no run."""
    draws = len(values)
    draw, replication = np.indices(values.shape).reshape(2, -1)
    flat = values.ravel()
    use = np.isfinite(flat) & ((draw > 0) if draws > 1 else True)
    runs, seen = Crossing(draw[use], replication[use]), flat[use]
    mean = probability(seen, runs) if binary else ratio_of_means(seen, np.ones(len(seen)), runs)
    central = values[0][np.isfinite(values[0])]
    luck = None if binary else quantiles(central, (0.05, 0.95))
    means = draw_means(seen, np.ones(len(seen)), runs.draw) if draws > 2 and len(seen) else np.empty(0)
    across = quantiles(means, (0.05, 0.95)) if len(means) > 1 else None
    return Spread(mean, _pair(luck), _pair(across), binary)


def told(value: float) -> str:
    """Return a number as sentences and tables have it: 11,440, 231.2, 0.117; no exponent where it is large."""
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.4g}"


def _pair(values: tuple[float, ...] | None) -> tuple[float, float] | None:
    return (values[0], values[1]) if values else None


def _said(value: float, binary: bool) -> str:
    return percent(value) if binary else f"{value:,.4g}"


def _span(pair: tuple[float, float] | None, binary: bool) -> str:
    assert pair is not None
    low, high = pair
    return f"{100 * low:.0f} to {100 * high:.0f} %" if binary else f"{low:,.4g} to {high:,.4g}"
