"""The numbers behind each figure, as CSV."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.report.pictures import Columns

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with which a spreadsheet would take a text for a formula


def csv_bytes(columns: Columns) -> bytes:
    """Return columns as CSV: six digits a number, nothing for what does not apply."""
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow([name for name, _ in columns])
    writer.writerows(zip(*([_cell(value) for value in values] for _, values in columns), strict=True))
    return content.getvalue().encode()


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text
