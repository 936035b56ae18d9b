"""The figures of a calibration: prior against posterior, and what runs under both say of the figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.plotting.contraction import contraction, rows_of
from sim.plotting.matched import Marks, matched, series_of
from sim.plotting.page import Frame

Tables = Mapping[str, Mapping[str, NDArray[Any]]]
_FIVE = ("q05", "q25", "q50", "q75", "q95")


def figures_of(tables: Tables, title: str, footer: str) -> dict[str, Figure]:
    """Return both figures, by the names of their files."""
    parameters, figures = tables["parameters"], tables["figures"]
    known = int(parameters["identified"].sum())
    off = int((abs(figures["off_sd"]) >= 2).sum())
    one = Frame(f"The figures identify {known} of {len(parameters['path'])} assumptions", title, footer)
    finding = f"{len(figures['value']) - off} of {len(figures['value'])} figures are matched within 2 sd"
    two = Frame(finding, f"{title}: figures and runs", footer, ("runs are shown without claim bias and errors",))
    bands = [f"posterior_{name}" for name in _FIVE]
    panels = series_of({**figures, "value": figures["unbiased"]}, bands, ("prior_q05", "prior_q95"))
    marks = Marks("runs under the posterior", "under the prior", seen="figure (losses: less the median bias), range")
    drawn = {"figure_assumptions": contraction(rows_of(parameters), one), "figure_matched": matched(panels, marks, two)}
    if "forecast" in tables:
        drawn["figure_forecast"] = forecast(tables["forecast"], title, footer)
    return drawn


def forecast(table: Mapping[str, NDArray[Any]], title: str, footer: str) -> Figure:
    """Return the forecast past the figures: levels at the ends of months, and changes from one to the next."""
    levels = np.array([not since for since in table["since"]])
    whole = np.array([False, *(table["quantity"][1:] == table["quantity"][:-1])])
    whole &= np.array([False, *(table["since"][1:] < table["date"][:-1])]) & ~levels
    kept = {name: column[~whole] for name, column in table.items()}
    last = min((str(since) for since in table["since"] if since), default=str(table["date"][0]))
    frame = Frame(f"Forecast from {last}, past all figures", title, footer, ("as it would be published",))
    return matched(series_of(kept, _FIVE), Marks("forecast", seen=""), frame)
