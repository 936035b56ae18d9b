"""Imports that saving a result will need, made while its runs are under way."""

from __future__ import annotations

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
