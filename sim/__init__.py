"""Twofront: when does opening a second front force the other side into a dilemma, and when does it not?"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.api import Compared as Compared
    from sim.api import InputError as InputError
    from sim.api import Run as Run
    from sim.api import RunError as RunError
    from sim.api import Scenario as Scenario
    from sim.api import SimError as SimError
    from sim.api import Sweep as Sweep
    from sim.api import brief as brief
    from sim.api import compare as compare
    from sim.api import load as load
    from sim.api import open_result as open_result
    from sim.api import plot as plot
    from sim.api import sweep as sweep

__version__ = "0.1.0"

_INTERFACE = (
    "Compared",
    "InputError",
    "Run",
    "RunError",
    "Scenario",
    "SimError",
    "Sweep",
    "brief",
    "compare",
    "load",
    "open_result",
    "plot",
    "sweep",
)


def __getattr__(name: str) -> Any:
    """Return a part of the Python interface, imported when it is first asked for: commands start without it."""
    if name not in _INTERFACE:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    return getattr(import_module("sim.api"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_INTERFACE])
