"""The figures of calibrations and backtests: made by the commands, and drawn again from a result's folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.plotting.contraction import contraction, rows_of
from sim.plotting.matched import Marks, matched, series_of
from sim.plotting.page import Frame

Table = Mapping[str, NDArray[Any]]
Tables = Mapping[str, Table]
CALIBRATE, BACKTEST = "calibrate", "backtest"
_FIVE = ("q05", "q25", "q50", "q75", "q95")
_OFF = 2.0  # sd beyond which a figure is not matched


def figures_of(kind: str, tables: Tables, question: Mapping[str, Any], about: tuple[str, str]) -> dict[str, Figure]:
    """Return the figures of a calibration or a backtest, by the names of their files; about : title and footer."""
    if kind == BACKTEST:
        return {"figure_forecast": _scored(tables["forecast"], str(question["until"]), about)}
    drawn = {"figure_assumptions": _assumptions(tables["parameters"], about)}
    drawn["figure_matched"] = _matched(tables["figures"], about)
    if "forecast" in tables:
        drawn["figure_forecast"] = _ahead(tables["forecast"], about)
    return drawn


def _assumptions(table: Table, about: tuple[str, str]) -> Figure:
    known, count = int(np.sum(table["identified"])), len(table["path"])
    return contraction(rows_of(table), Frame(f"The figures identify {known} of {count} assumptions", *about))


def _matched(table: Table, about: tuple[str, str]) -> Figure:
    count, off = len(table["value"]), int((np.abs(table["off_sd"]) >= _OFF).sum())
    finding = f"{count - off} of {count} figures are matched within {_OFF:g} sd"
    frame = Frame(finding, f"{about[0]}: figures and runs", about[1], ("runs are without claim bias and errors",))
    bands = [f"posterior_{name}" for name in _FIVE]
    panels = series_of({**table, "value": table["unbiased"]}, bands, ("prior_q05", "prior_q95"))
    marks = Marks("runs under the posterior", "under the prior", seen="figure (losses: less the median bias), range")
    return matched(panels, marks, frame)


def _ahead(table: Table, about: tuple[str, str]) -> Figure:
    """Return the forecast past the figures: levels at the ends of months, and changes from one to the next."""
    changes = np.array([bool(since) for since in table["since"]])
    begins_again = np.array([False, *(table["since"][1:] < table["date"][:-1])])
    whole = changes & begins_again & np.array([False, *(table["quantity"][1:] == table["quantity"][:-1])])
    kept = {name: column[~whole] for name, column in table.items()}
    first = min((str(since) for since in table["since"] if since), default=str(table["date"][0]))
    frame = Frame(f"Forecast from {first}, past all figures", *about, notes=("as it would be published",))
    return matched(series_of(kept, _FIVE), Marks("forecast", seen=""), frame)


def _scored(table: Table, until: str, about: tuple[str, str]) -> Figure:
    inside = 100 * float(np.mean(table["in_90"]))
    frame = Frame(f"Forecast from {until}: {inside:.0f} % of the figures lie in the 90 % bands", *about)
    marks = Marks("forecast", simple="persistence", seen="what was then published")
    return matched(series_of(table, _FIVE), marks, frame)
