"""The eight worlds between which the change on the main front is shared out (docs/model.md 3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import numpy as np

from sim.errors import InputError
from sim.model import codes as code
from sim.scenario.consistency import allowed_on
from sim.scenario.load import Loaded
from sim.scenario.lower import Lowered, Record, lower
from sim.scenario.schema import Scenario


def attribution_worlds(loaded: Loaded, values: Mapping[str, float]) -> dict[tuple[bool, bool, bool], Record]:
    """Parameters of the eight worlds of the attribution (docs/model.md 3), the incursion ordered in all.

    Keys: whether the defender may draw people from the main theatre; whether the initiator's main theatre lacks
    the incursion force; whether the allied inflow lands.
    """
    lowered = lower(loaded, values)
    return {
        (diverts, lacks, inflow): _world(lowered, loaded.scenario, diverts, lacks, inflow)
        for diverts in (False, True)
        for lacks in (False, True)
        for inflow in (False, True)
    }


def _world(lowered: Lowered, scenario: Scenario, diverts: bool, lacks: bool, inflow: bool) -> Record:
    params = lowered.params.copy()
    p = params[0]
    main, initiator = int(p["main_theatre"]), int(p["incursion_side"])
    on_main = [f for f in range(p["n_fronts"]) if p["front"][f]["theatre"] == main]
    if not diverts:
        for policy in p["policy"][1 - initiator]:
            policy["source"][on_main] = 0
    if not inflow:
        p["tranche"]["people"][p["tranche"]["side"] == 1 - initiator] = 0.0
    if not lacks:
        _add_freed(p, scenario, on_main)
    return params


def _add_freed(p: np.void, scenario: Scenario, on_main: list[int]) -> None:
    """Let the initiator's counterfactual share land on the main theatre from outside, pro rata (I off)."""
    side = int(p["incursion_side"])
    start = [int(p["front"][f]["start_people"][side].sum()) for f in on_main]
    delay = timedelta(days=float(p["freed_delay_days"])) // timedelta(seconds=1)
    for c, people in enumerate(p["incursion_people"]):
        for f, here in zip(on_main, start, strict=True):
            name = list(scenario.sides[list(scenario.sides)[side]].contingents.values())[c] if people > 0 else None
            if name is None or here == 0 or not allowed_on(scenario, name, list(scenario.fronts)[f]):
                continue
            if p["n_tranches"] >= code.TRANCHES:
                raise InputError.single("", "sides", f"attribution needs room for {len(on_main)} more tranches")
            row = p["tranche"][p["n_tranches"]]
            row["side"], row["contingent"], row["front"] = side, c, f
            row["at_tick"] = p["incursion_tick"] + delay
            row["people"] = people * p["freed_share"] * here / sum(start)
            row["readiness"] = 1.0
            p["n_tranches"] += 1
