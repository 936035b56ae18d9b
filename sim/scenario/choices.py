"""What a scenario offers to be chosen: options, decisions, and levers with which the policies of a dilemma are made."""

from typing import Any

from sim.scenario.provenance import Model


class Option(Model):
    """One option of a choice."""

    about: str = ""
    set: dict[str, Any] = {}


class Decision(Model):
    """A choice of an actor."""

    default: str
    options: dict[str, Option]
    about: str = ""
