"""A quick start: imports that saving will need, made while runs are under way, and no garbage collected before them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

TABLES = ("duckdb", "scipy.special")
FIGURES = ("sim.plotting.fan", "matplotlib.style", "matplotlib.backends.backend_svg")


def import_ahead(figure: bool) -> None:
    """Import what tables and statistics need, and figures if one will be drawn.

    One worker does this (half a second) while the others simulate without the GIL; afterwards nobody waits for it. What
    cannot be imported is reported where it is used.
    """
    for name in (*TABLES, *(FIGURES if figure else ())):
        import_module(name)


@contextmanager
def uncollected() -> Iterator[None]:
    """Load without looking for garbage: imports make a million objects that stay, and looking takes a tenth of them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
