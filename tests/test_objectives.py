"""Objectives of actors: what a scenario may say of them, and that no run depends on them."""

from pathlib import Path

import pytest

from sim.errors import InputError
from sim.scenario.load import effective_yaml, load
from sim.scenario.objectives import amount_in
from sim.scenario.units import UnitError

FLAGSHIP = Path(__file__).resolve().parents[1] / "scenarios" / "kursk_2024.yaml"
BASE = """\
twofront: 1
title: a test
start: 2024-01-01
end: 2024-01-31
sides: {blue: {contingents: {army: {}}}, red: {contingents: {army: {}}}}
theatres: {north: {positive: blue}}
fronts: {hills: {theatre: north, length: 50 km, forces: {blue: {army: 20000}, red: {army: 10000}}, effort: {blue: 1}}}
choices: {blue: {push: {default: hard, options: {hard: {}, soft: {set: {fronts: {hills: {effort: {blue: 0.5}}}}}}}}}
"""


def scenario(folder: Path, objectives: str, base: str = BASE) -> Path:
    file = folder / "test.yaml"
    file.write_text(f"{base}objectives:\n  {objectives}\n")
    return file


def test_objectives_are_no_part_of_the_hash_and_come_back(tmp_path: Path) -> None:
    some = load(scenario(tmp_path, "blue: {land: {outcome: x, weight: 1, per: 100 km2, source: a test}}"))
    other = load(tmp_path / "test.yaml", sets=["objectives.blue.land.weight=7"])
    (tmp_path / "bare.yaml").write_text(BASE)
    assert some.hash == other.hash == load(tmp_path / "bare.yaml").hash
    assert other.scenario.objectives["blue"]["land"].weight == 7
    (tmp_path / "again.yaml").write_text(effective_yaml(other))
    assert load(tmp_path / "again.yaml").scenario.objectives == other.scenario.objectives


def test_the_price_of_an_option_comes_back_from_an_effective_scenario(tmp_path: Path) -> None:
    """Which holds the options taken, and no longer those that were offered."""
    price = "blue: {price: {choice: blue.push, amounts: {hard: 2, soft: 1}, weight: -1, source: a test}}"
    some = load(scenario(tmp_path, price))
    (tmp_path / "again.yaml").write_text(effective_yaml(some))
    assert load(tmp_path / "again.yaml").scenario.objectives == some.scenario.objectives


def test_the_flagship_says_what_its_actors_are_after() -> None:
    objectives = load(FLAGSHIP).scenario.objectives
    assert set(objectives) == {"russia", "ukraine", "west"}
    assert all(each.source for held in objectives.values() for each in held.values())


@pytest.mark.parametrize(
    ("objectives", "message"),
    [
        (
            "blu: {a: {outcome: x, weight: 1, source: s}}",
            r"test.yaml:10:3.*there is no actor 'blu'; did you mean 'blue'",
        ),
        ("blue: {}", "holds no objective"),
        ("blue: {a: {outcome: x, weight: 1}}", "source: is required but missing"),
        ("blue: {a: {outcome: x, wieght: 1, source: s}}", "unknown key; did you mean 'weight'"),
        ("blue: {a: {outcome: x, weight: .inf, source: s}}", "weight: .inf is not a finite number"),
        ("blue: {a: {outcome: x, weight: heavy, source: s}}", "weight: 'heavy' is not a number"),
        (
            "blue: {a: {outcome: x, weight: 1, per: 0 km2, source: s}}",
            r"test.yaml:10:\d+: .*per: '0 km2' is not above 0",
        ),
        ("blue: {a: {outcome: x, weight: 1, per: 5 miles, source: s}}", "has a unit that is not known"),
        ("blue: {a: {outcome: x, weight: 1, per: [1], source: s}}", "is not an amount such as 100 km2"),
        ("blue: {a: {weight: 1, source: s}}", "needs an outcome, or a choice .* has neither"),
        ("blue: {a: {outcome: x, choice: blue.push, weight: 1, source: s}}", "has both"),
        ("blue: {a: {outcome: x, amounts: {hard: 1}, weight: 1, source: s}}", "belongs to a choice"),
        ("blue: {a: {choice: blue.pull, weight: 1, source: s}}", "no such decision as 'blue.pull'; did you mean"),
        ("blue: {a: {choice: blue.push, amounts: {hard: 1}, weight: 1, source: s}}", "missing: soft"),
        ("blue: {a: {choice: blue.push, amounts: {hard: 1, sof: 2}, weight: 1, source: s}}", "did you mean 'soft'"),
        (
            "blue: {a: {choice: blue.push, amounts: {hard: 1 km2, soft: 0}, per: 1 people, weight: 1, source: s}}",
            "1 km2 and per, 1 people, have different kinds of units",
        ),
    ],
)
def test_wrong_objectives_are_told_where_they_stand(tmp_path: Path, objectives: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(scenario(tmp_path, objectives))


def test_an_option_cannot_change_what_an_actor_is_after(tmp_path: Path) -> None:
    base = BASE.replace("hard: {}", "hard: {set: {objectives: {blue: {land: {weight: 2}}}}}")
    file = scenario(tmp_path, "blue: {land: {outcome: x, weight: 1, source: a test}}", base)
    with pytest.raises(InputError, match="may not be set from here; it belongs at the top of a file"):
        load(file)


def test_amounts_take_the_unit_of_the_outcome() -> None:
    assert amount_in("100 ha", "km2") == 1.0
    assert amount_in("3", "ln ratio") == 3.0
    assert amount_in("10 %", "share") == 0.1
    with pytest.raises(UnitError, match="allowed: km2"):
        amount_in("10000 people", "km2")
    with pytest.raises(UnitError, match="write a plain number"):
        amount_in("10 km2", "ln ratio")
