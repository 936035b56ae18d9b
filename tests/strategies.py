"""Whole scenarios for hypothesis: valid by construction, with every part that a scenario file may hold."""

from typing import Any

from hypothesis import strategies as st
from worlds import Raw, day, loaded

from sim.scenario.load import Loaded

SIDES = ("alpha", "beta")


def share() -> st.SearchStrategy[float]:
    return st.sampled_from((0.0, 0.1, 0.5, 0.9, 1.0)) | st.floats(0, 1)


def factor(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high).map(lambda value: round(value, 6))


def some(names: list[str], least: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=least, max_size=4, unique=True)


@st.composite
def scenarios(draw: st.DrawFn, most_fronts: int = 16) -> Raw:
    """A scenario as a dictionary, to be written to a file."""
    days = draw(st.integers(20, 60))
    n_fronts = draw(st.integers(2, most_fronts))
    n_theatres = draw(st.integers(1, min(8, n_fronts)))
    theatres = [f"theatre{k}" for k in range(n_theatres)]
    fronts = [f"front{k}" for k in range(n_fronts)]
    of = {name: theatres[k % n_theatres] for k, name in enumerate(fronts)}
    positive = {name: draw(st.sampled_from(SIDES)) for name in theatres}
    kinds = {name: draw(st.sampled_from(("main", "main", "border"))) for name in fronts}
    contingents = {side: [f"{side}{k}" for k in range(draw(st.integers(1, 3)))] for side in SIDES}
    allowed = {
        name: draw(st.none() | some([*fronts, *theatres], 1)) if k else None
        for side in SIDES
        for k, name in enumerate(contingents[side])
    }
    tranches_left = [20]
    raw: Raw = {
        "twofront": 1,
        "title": "Made by hypothesis",
        "start": day(0),
        "end": day(days),
        "theatres": {
            name: {"positive": positive[name], "role": ("main", "second", *["other"] * 6)[k]}
            for k, name in enumerate(theatres)
        },
        "fronts": {
            name: draw(_front(of[name], kinds[name], positive[of[name]], contingents, allowed)) for name in fronts
        },
        "sides": {
            side: draw(_side(contingents[side], allowed, fronts, of, theatres, days, tranches_left)) for side in SIDES
        },
        "combat": draw(_combat()),
        "withdrawal": draw(
            st.fixed_dictionaries(
                {
                    "hazard": factor(0, 0.02),
                    "losses": factor(0, 0.02),
                    "prisoners": factor(0, 0.1),
                    "collapse_share": factor(0.01, 0.5),
                }
            )
        ),
        "luck": draw(st.fixed_dictionaries({"theatre_sigma": factor(0, 0.8), "front_sigma": factor(0, 0.8)})),
    }
    if draw(st.booleans()):
        raw["seasons"] = {"mud": draw(_season())}
    if draw(st.booleans()):
        raw["talks"] = {"at": draw(_dates(days)), "mean_wait": draw(st.sampled_from((0, 5)))}
    if draw(st.booleans()):
        raw["aid"] = {"donor": draw(_donor(fronts, days))}
    borders = [name for name in fronts if kinds[name] == "border"]
    if borders and draw(st.booleans()):
        front = draw(st.sampled_from(borders))
        raw["incursion"] = draw(_incursion(raw, positive[of[front]], front, days, of, allowed))
    if draw(st.booleans()):
        raw["interventions"] = draw(_interventions(raw, days))
    return raw


def loaded_scenarios(most_fronts: int = 16) -> st.SearchStrategy[Loaded]:
    """Scenarios as the loader returns them."""
    return scenarios(most_fronts).map(loaded)


def _dates(days: int) -> st.SearchStrategy[str]:
    return st.integers(0, days).map(day)


def _may(allowed: list[str] | None, front: str, theatre: str) -> bool:
    return allowed is None or front in allowed or theatre in allowed


def _by_side(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Raw]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(SIDES, values))


@st.composite
def _front(
    draw: st.DrawFn,
    theatre: str,
    kind: str,
    positive: str,
    contingents: dict[str, list[str]],
    allowed: dict[str, list[str] | None],
) -> Raw:
    people = st.sampled_from((0, 1, 7, 300, 5000)) | st.integers(0, 20000)
    held = draw(st.sampled_from((0, 0, 3, 250)))
    forces = {
        side: {name: draw(people) for name in names if allowed[name] is None or theatre in (allowed[name] or ())}
        for side, names in contingents.items()
    }
    if kind == "border" and not held:
        forces[positive] = {}
    front: Raw = {
        "theatre": theatre,
        "kind": kind,
        "length": draw(st.sampled_from((5, 40, 100, 250))),
        "forces": forces,
        "effort": draw(_by_side(share())),
        "works": draw(_by_side(share())),
        "readiness": draw(_by_side(share())),
        "supply": draw(_by_side(st.sampled_from((0, 500, 10000)))),
        "interdiction": draw(_by_side(share())),
        "garrison": draw(_by_side(st.sampled_from((0, 50, 3000)))),
        "tempo": draw(factor(0.05, 0.6)),
        "territory": held if kind == "border" else draw(st.sampled_from((-20, 0, 15))),
        "reaction": draw(st.sampled_from((1, 7, 20))),
    }
    front["territory_maximum"] = draw(st.sampled_from((250, 251.5, 4000)))
    if kind == "main":
        front["territory_minimum"] = draw(st.sampled_from((-20, -21.5, -4000)))
    return front


@st.composite
def _side(
    draw: st.DrawFn,
    contingents: list[str],
    allowed: dict[str, list[str] | None],
    fronts: list[str],
    of: dict[str, str],
    theatres: list[str],
    days: int,
    tranches_left: list[int],
) -> Raw:
    side: Raw = {
        "contingents": {
            name: draw(_contingent(allowed[name], fronts, of, days, tranches_left)) for name in contingents
        },
        "casualties": draw(
            st.fixed_dictionaries(
                {
                    "attacking": factor(0, 40),
                    "defending": factor(0, 40),
                    "irrecoverable": share(),
                    "returning": share(),
                    "in_hospital": st.sampled_from((0, 1, 777)),
                    "recovery": st.sampled_from((1, 10, 45)),
                }
            )
        ),
        "munitions": draw(
            st.fixed_dictionaries(
                {
                    "stock": st.sampled_from((0, 5000)),
                    "production": st.sampled_from((0, 100)),
                    "per_attack": st.sampled_from((0, 30)),
                    "half_effect": st.sampled_from((0, 2000)),
                    "floor": share(),
                }
            )
        ),
        "movement": {
            "lift": draw(st.fixed_dictionaries({}, optional={name: st.sampled_from((50, 3000)) for name in theatres})),
            "travel": draw(st.sampled_from((0, 2, 9))),
            "lost_en_route": draw(share()),
            "replacements": draw(share()),
            "emergency": draw(share()),
            "emergency_ground": draw(st.sampled_from((0, 0.3))),
            "fill": draw(st.sampled_from((0, 0.02, 1))),
            "reserve_floor": draw(st.sampled_from((0, 500))),
        },
        "reviews": {"every": draw(st.sampled_from((2, 3.5, 7))), "reporting_delay": draw(st.sampled_from((0, 2, 30)))},
        "policies": {f"policy{k}": draw(_policy(fronts, theatres, days)) for k in range(draw(st.integers(0, 4)))},
    }
    if draw(st.booleans()):
        side["recruits"] = {
            "contingent": draw(st.sampled_from(contingents)),
            "per_month": draw(st.sampled_from((0, 10, 4000))),
            "response": draw(factor(0, 2)),
            "training_minimum": draw(st.sampled_from((1, 10))),
            "training_maximum": draw(st.sampled_from((10, 30))),
        }
    return side


@st.composite
def _contingent(
    draw: st.DrawFn,
    allowed: list[str] | None,
    fronts: list[str],
    of: dict[str, str],
    days: int,
    tranches_left: list[int],
) -> Raw:
    result: Raw = {"quality": draw(factor(0.1, 2)), "reserve": draw(st.sampled_from((0, 1, 4000, 15000)))}
    if allowed is not None:
        result["fronts"] = allowed
    count = draw(st.integers(0, min(4, tranches_left[0])))
    if count:
        tranches_left[0] -= count
        when = draw(_dates(days))  # half of them land at one instant
        result["inflow"] = {
            "people": draw(st.sampled_from((1, 100, 9001))),
            "front": draw(st.sampled_from([None, *(name for name in fronts if _may(allowed, name, of[name]))])),
            "acclimatise": draw(st.sampled_from((0, 3))),
            "tranches": {
                f"tranche{k}": {
                    "at": when if k % 2 == 0 else draw(_dates(days)),
                    "share": 1 / count,
                    "delay": draw(st.sampled_from((0, 0, 3))),
                    "cancelled": draw(st.sampled_from((0, 0, 0.5))),
                }
                for k in range(count)
            },
        }
    return result


@st.composite
def _policy(draw: st.DrawFn, fronts: list[str], theatres: list[str], days: int) -> Raw:
    places = [*fronts, *theatres]
    kind = draw(
        st.sampled_from(("hold", "main_effort", "by_pressure", "threshold", "follow_yield", "reinforce", "withdraw"))
    )
    policy: Raw = {"kind": kind, "after": draw(st.sampled_from((0, 0, 5)))}
    if kind in ("hold", "by_pressure", "follow_yield", "withdraw"):
        policy["fronts"] = draw(some(places, 1))
    if kind in ("threshold", "reinforce"):
        policy["front"] = draw(st.sampled_from(fronts))
        policy["sources"] = draw(some(places))
        policy["reserve_share"] = draw(share())
    if kind in ("main_effort", "by_pressure", "threshold", "follow_yield", "reinforce"):
        policy["move_share"] = draw(share())
    if kind in ("hold", "main_effort", "threshold"):
        policy["effort"] = draw(share())
    if kind == "main_effort":
        policy["weights"] = draw(st.dictionaries(st.sampled_from(fronts), factor(0, 3), min_size=1, max_size=4))
    if kind == "threshold":
        policy |= {"base": draw(st.sampled_from((0, 6000))), "per_km2": draw(factor(0, 50))}
    if kind == "reinforce":
        policy["people"] = draw(st.sampled_from((0, 5000, 40000)))
    if draw(st.booleans()):
        conditions = {
            "lost": st.sampled_from((0, 10)),
            "held_below": st.sampled_from((0, 100)),
            "held_above": st.sampled_from((0, 5)),
            "pressure_above": factor(-3, 3),
        }
        stated = draw(st.lists(st.sampled_from(sorted(conditions)), unique=True))
        policy["when"] = {"front": draw(st.sampled_from(fronts)), **{name: draw(conditions[name]) for name in stated}}
    if draw(st.booleans()):
        begins = draw(st.integers(0, days - 1))
        policy |= {"start": day(begins), "until": day(draw(st.integers(begins + 1, days)))}
    return policy


def _combat() -> st.SearchStrategy[Raw]:
    return st.fixed_dictionaries(
        {
            "granularity": st.sampled_from((1, 2, 10)),
            "culmination": st.sampled_from((0, 0.8, 1.1)),
            "casualty_spread": factor(0, 2),
            "ground": st.sampled_from((0.1, 5)),
            "ground_spread": factor(0, 2),
            "ground_saturation": st.sampled_from((0.5, 30)),
            "works_depth": st.sampled_from((0.1, 10)),
            "fatigue_losses": factor(0, 50),
            "fatigue_effort": factor(0, 0.2),
        },
        optional={"own_exponent": factor(0, 1), "enemy_exponent": factor(0, 1), "beaten": factor(1, 3)},
    )


@st.composite
def _season(draw: st.DrawFn) -> Raw:
    begins, ends = draw(st.permutations(("01-10", "02-01", "02-29", "12-20")))[:2]
    factors = ("attack", "tempo", "mobility")
    return {"begins": begins, "ends": ends, **{name: draw(factor(0.2, 1.5)) for name in factors}}


@st.composite
def _donor(draw: st.DrawFn, fronts: list[str], days: int) -> Raw:
    donor: Raw = {"caution": draw(share()), "packages": {}}
    for k in range(draw(st.integers(1, 4))):
        waits = draw(st.sampled_from(("date", "allied_landing", "success")))
        package: Raw = {
            "to": draw(st.sampled_from(SIDES)),
            "rounds": 1000,
            "waits_for": waits,
            "delay": draw(st.sampled_from((0, 5))),
        }
        if waits == "date":
            package["announced"] = draw(_dates(days))
        else:
            package["probability"] = draw(share())
        if waits == "success":
            package |= {"front": draw(st.sampled_from(fronts)), "above": draw(st.sampled_from((0, 10)))}
        donor["packages"][f"package{k}"] = package
    if draw(st.booleans()):
        donor["politics"] = {"at": draw(_dates(days)), "factor": draw(factor(0, 2))}
    return donor


@st.composite
def _incursion(
    draw: st.DrawFn,
    raw: Raw,
    side: str,
    front: str,
    days: int,
    of: dict[str, str],
    allowed: dict[str, list[str] | None],
) -> Raw:
    force = {}
    for name, contingent in raw["sides"][side]["contingents"].items():
        if _may(allowed[name], front, of[front]):
            force[name] = draw(st.integers(0, contingent["reserve"]))
    return {
        "side": side,
        "front": front,
        "at": draw(_dates(days)),
        "ordered": draw(st.booleans()),
        "force": force,
        "effort": draw(share()),
        "otherwise": {
            "share": draw(share()),
            "delay": draw(st.sampled_from((0, 5))),
            "defender": draw(st.sampled_from((0, 3000))),
        },
    }


@st.composite
def _interventions(draw: st.DrawFn, raw: Raw, days: int) -> Raw:
    """One or two interventions, each of which changes a value to one that it does not have."""
    posture = 1.3
    result = {}
    for k in sorted(draw(st.lists(st.integers(0, days), min_size=1, max_size=2))):
        posture += 0.25
        name = draw(st.sampled_from(sorted(raw["fronts"])))
        change = {"combat": {"posture": posture}, "fronts": {name: {"tempo": draw(factor(0.05, 0.6))}}}
        result[f"change{len(result)}"] = {"at": day(k), "set": change}
    return result
