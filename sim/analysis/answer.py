"""What an analysis answers: a sentence with its three spreads, what would change it, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray


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


def told(value: float) -> str:
    """Return a number as sentences and tables have it: 11,440, 231.2, 0.117; no exponent where it is large."""
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.4g}"
