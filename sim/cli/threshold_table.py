"""The table of a threshold on a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from sim.analysis.answer import Answer


def points_table(answer: Answer) -> Table:
    """Return a row for each value looked at."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    statistic = str(answer.numbers["condition"]).rpartition(" ")[0].rpartition(" ")[0]
    for heading in ("value", statistic, "band 95 %", "assumptions 5 | 95 %", "holds in draws", "draws x luck", ""):
        made.add_column(heading, justify="left" if not heading else "right")
    points = answer.tables["points"]
    for row in zip(*(points[name].tolist() for name in points), strict=True):
        made.add_row(*_cells(dict(zip(points, row, strict=True))))
    return made


def _cells(row: dict[str, Any]) -> list[str]:
    share = "-" if math.isnan(row["holds_share"]) else f"{100 * row['holds_share']:.0f} %"
    return [
        str(row["label"]),
        f"{row['estimate']:.4g}",
        " | ".join("-" if math.isnan(row[end]) else f"{row[end]:.4g}" for end in ("low", "high")),
        "-" if math.isnan(row["assumptions_5"]) else f"{row['assumptions_5']:.4g} | {row['assumptions_95']:.4g}",
        share,
        f"{row['draws']} x {row['replications']}",
        str(row["state"]),
    ]
