"""A campaign of thirty days with a counterfactual, choices and uncertain numbers, and plans over it, for sweeps."""

import json
from collections.abc import Sequence
from pathlib import Path

from worlds import DUEL, INCURSION, Raw, allied_tranches, day, merged

from sim.experiment.design import Design
from sim.experiment.factors import factors_of, parse_vary
from sim.experiment.plan import Plan, Source, make_plan
from sim.experiment.points import Layout, design_points

INFLOW = "sides.red.contingents.ally.inflow.people"
LENGTH = "fronts.line.length"
CAMPAIGN: Raw = merged(
    DUEL,
    INCURSION,
    allied_tranches([(10, 3000)]),
    {
        "end": day(30),
        "fronts": {
            "line": {"length": {"triangular": [80, 100, 130]}, "effort": {"red": 0.7}},
            "edge": {"theatre": "west"},
        },
        "theatres": {"east": {"positive": "red"}},
        "incursion": {"otherwise": {"share": {"uniform": [0.2, 0.8]}}},
        "assess": {"side": "red", "dates": {"first": day(20), "last": day(30)}, "reference_area": 100},
        "counterfactual": {
            "set": {
                "incursion": {"ordered": False},
                "sides": {"red": {"contingents": {"ally": {"inflow": {"people": 0}}}}},
            }
        },
        "choices": {
            "red": {
                "answer": {
                    "default": "calm",
                    "options": {
                        "calm": {},
                        "strike": {
                            "set": {
                                "sides": {
                                    "red": {
                                        "policies": {
                                            "expel": {
                                                "kind": "threshold",
                                                "front": "edge",
                                                "base": 4000,
                                                "when": {"front": "edge", "lost": 1},
                                            }
                                        }
                                    }
                                }
                            }
                        },
                    },
                }
            }
        },
    },
)


def written(folder: Path, raw: Raw = CAMPAIGN) -> Path:
    """Write a scenario (JSON is YAML) and return its file."""
    path = folder / "campaign.yaml"
    path.write_text(json.dumps(raw))
    return path


def plan_over(
    file: Path,
    vary: Sequence[str],
    design: Design | None = None,
    layout: Layout | None = None,
    outcomes: Sequence[str] = (),
) -> Plan:
    """Return a plan as the command line makes it."""
    source, layout = Source(file), layout or Layout()
    base = source.load()
    points = design_points(factors_of(base, parse_vary(vary)), layout)
    return make_plan(source, base, points, layout, design or Design(1, 1, 5), outcomes)
