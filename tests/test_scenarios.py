"""Shipped scenarios run, under every option; contradictions in a file are found, located and explained."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from worlds import DUEL, INCURSION, Raw, at, day, loaded, merged, started, until

from sim.engine.compiled import simulate
from sim.errors import InputError
from sim.model import codes
from sim.model.state import PARAMS, SIDE
from sim.scenario import consistency
from sim.scenario.load import effective_yaml, load
from sim.scenario.lower import START_WORDS, lower
from sim.scenario.overlay import decisions

SCENARIOS = sorted((Path(__file__).parent.parent / "scenarios").glob("*.yaml"))


def options() -> Iterator[tuple[Path, str]]:
    for path in SCENARIOS:
        yield path, ""
        for decision in decisions(load(path).tree):
            for option in decision.options:
                yield path, f"{decision.path}={option}"


OPTIONS = list(options())


@pytest.mark.parametrize(("path", "choice"), OPTIONS, ids=[f"{path.stem} {choice}".strip() for path, choice in OPTIONS])
def test_every_option_of_every_scenario_runs(path: Path, choice: str) -> None:
    scenario = load(path, [choice] if choice else [])
    for world in (scenario, scenario.counterfactual):
        if world is not None:
            run = started(lower(world, {}))
            until(run, 20)
            assert run.state[0]["status"] == 0
            assert run.state[0]["day"] == 20


@pytest.mark.parametrize("path", SCENARIOS, ids=[path.stem for path in SCENARIOS])
def test_a_shipped_scenario_runs_to_its_end_and_reads_back(path: Path, tmp_path: Path) -> None:
    scenario = load(path)
    low = lower(scenario, {})
    block = simulate(low.params, low.labels, 1, np.arange(4, dtype=np.uint64))
    assert not block.status.any()
    assert np.isfinite(block.series[:, -1, 0]).all()
    copy = tmp_path / "copy.yaml"
    copy.write_text(effective_yaml(scenario))
    again = load(copy)
    assert again.hash == scenario.hash
    assert lower(again, {}).params.tobytes() == low.params.tobytes()


def test_shipped_scenarios_exist() -> None:
    assert {"kursk_2024", "kursk_2024_prior", "two_fronts"} <= {path.stem for path in SCENARIOS}


# --- sizes ------------------------------------------------------------------------------------------------------------


def test_the_limits_of_scenarios_are_the_sizes_of_the_records() -> None:
    sizes = {name: getattr(codes, name.upper()) for name in consistency.MOST}
    assert sizes == consistency.MOST
    assert PARAMS["front"].shape == (codes.FRONTS,)
    assert SIDE["contingent"].shape == (codes.CONTINGENTS,)


def test_every_parameter_is_a_word_of_eight_bytes() -> None:
    def words(dtype: np.dtype) -> Iterator[np.dtype]:
        for name in dtype.names or ():
            base = dtype[name].base
            yield from words(base) if base.names else (base,)

    assert {base.itemsize for base in words(PARAMS)} == {8}
    assert PARAMS.itemsize % 8 == 0
    assert 0 < len(START_WORDS) < PARAMS.itemsize // 8


def test_the_largest_scenario_loads_and_one_front_more_does_not() -> None:
    fronts = {f"f{k}": DUEL["fronts"]["line"] for k in range(16)}
    full = merged(DUEL, {"fronts": {"line": None, "edge": None, **fronts}})
    assert lower(loaded(full), {}).params[0]["n_fronts"] == 16
    with pytest.raises(InputError, match="fronts: has 17 fronts, more than the 16 that the model holds"):
        loaded(merged(full, {"fronts": {"g": DUEL["fronts"]["line"]}}))


# --- contradictions ---------------------------------------------------------------------------------------------------

ALLY: Raw = {"inflow": {"people": 100, "tranches": {"a": {"at": day(5), "share": 1}}}}
HOLD: Raw = {"kind": "hold", "fronts": ["line"]}


def policy(**given: object) -> Raw:
    return at("sides.blue.policies.bad", {**HOLD, **given})


def ally(change: Raw, **given: object) -> Raw:
    return at("sides.red.contingents.ally", merged(ALLY, change, given))


def package(**given: object) -> Raw:
    return at("aid.west.packages.a", {"to": "blue", "rounds": 5, "announced": day(1), **given})


TWIN = merged(
    at("theatres.line", {"positive": "red"}), at("fronts.twin", {**DUEL["fronts"]["line"], "theatre": "line"})
)

# (what is wrong, where it is reported, what is said)
WRONG: list[tuple[Raw, str, str]] = [
    (at("fronts.line.theatre", "eest"), "fronts.line.theatre", "there is no theatre 'eest'.*(allowed: east, west)"),
    (at("theatres.east.positive", "bleu"), "theatres.east.positive", "there is no side 'bleu'.*did you mean 'blue'"),
    (at("theatres.west.role", "main"), "theatres.west.role", "only one theatre can be 'main', and 'east' is"),
    (at("theatres.blue", {"positive": "red"}), "theatres.blue", "a theatre and a side cannot have the same name"),
    (TWIN, "theatres.line", "shares its name with the front 'line'"),
    (at("fronts.line.effort.rd", 1), "fronts.line.effort.rd", "there is no side 'rd'"),
    (at("fronts.line.forces.red.armee", 5), "fronts.line.forces.red.armee", "there is no contingent of red 'armee'"),
    (at("sides.green", {"contingents": {"army": {}}}), "sides", "needs exactly two sides, but has 3"),
    (at("sides.blue.movement.lift.north", 5), "sides.blue.movement.lift.north", "there is no theatre 'north'"),
    (at("sides.red.recruits.contingent", "navy"), "sides.red.recruits.contingent", "there is no contingent 'navy'"),
    (at("sides.red.recruits.training_minimum", 90), "sides.red.recruits.training_minimum", "90 days are above"),
    (
        at("sides.red.contingents.army.fronts", ["edge"]),
        "fronts.line.forces.red.army",
        "'army' may not serve on 'line'",
    ),
    (
        ally({"fronts": ["edge"]}, inflow={"front": "line"}),
        "sides.red.contingents.ally.inflow.front",
        "may not serve on 'line'",
    ),
    (ally(at("inflow.front", "lime")), "sides.red.contingents.ally.inflow.front", "there is no front 'lime'"),
    (ally(at("inflow.tranches.a.share", 0.9)), "sides.red.contingents.ally.inflow.tranches", "add up to 0.9, not to 1"),
    (
        ally(at("inflow.tranches.a.at", day(41))),
        "sides.red.contingents.ally.inflow.tranches.a.at",
        "is outside the run",
    ),
    (ally(at("inflow.tranches.a", None)), "sides.red.contingents.ally.inflow", "has people but no tranche"),
    (policy(fronts=["lime"]), "sides.blue.policies.bad.fronts.0", "there is no front or theatre 'lime'"),
    (policy(when={"front": "east"}), "sides.blue.policies.bad.when.front", "there is no front 'east'"),
    (policy(start=day(9), until=day(9)), "sides.blue.policies.bad.until", "is not after the start of the policy"),
    (policy(kind="hld"), "sides.blue.policies.bad.kind", "hold"),
    (
        merged(INCURSION, at("incursion.force.army", 20001)),
        "incursion.force.army",
        "20001 people are more than its reserve holds, 20000",
    ),
    (merged(INCURSION, at("incursion.at", day(-1))), "incursion.at", "is outside the run"),
    (
        merged(INCURSION, at("incursion.front", "egde")),
        "incursion.front",
        "there is no front 'egde'.*did you mean 'edge'",
    ),
    (merged(INCURSION, at("incursion.side", "blu")), "incursion.side", "there is no side 'blu'"),
    (
        merged(INCURSION, at("sides.blue.contingents.army.fronts", ["line"])),
        "incursion.force.army",
        "'army' may not serve on 'edge'",
    ),
    (
        at("fronts.line", {"territory": 9, "territory_maximum": 8}),
        "fronts.line.territory",
        "9 km2 is above territory_maximum, 8 km2",
    ),
    (
        at("fronts.line", {"territory": -9, "territory_minimum": -8}),
        "fronts.line.territory",
        "-9 km2 is below territory_minimum, -8 km2",
    ),
    (at("fronts.edge.territory_minimum", -5), "fronts.edge.territory_minimum", "cannot be negative"),
    (at("fronts.line.forces.red.army", -1), "fronts.line.forces.red.army", "-1 is below 0"),
    (at("fronts.line.forces.red.army", 10.5), "fronts.line.forces.red.army", "10.5 is not a whole number"),
    (at("sides.red.casualties.irrecoverable", 1.4), "sides.red.casualties.irrecoverable", "1.4 is above 1"),
    (at("end", day(0)), "end", "is not after the start"),
    (at("end", "2040-01-01"), "end", "more than the 3660 that a run may last"),
    (at("talks", {"at": day(99)}), "talks.at", "is outside the run"),
    (package(to="green"), "aid.west.packages.a.to", "there is no side 'green'"),
    (package(announced=None), "aid.west.packages.a.announced", "needs the date of its announcement"),
    (package(waits_for="success"), "aid.west.packages.a.front", "needs the front to watch"),
    (at("assess", {"side": "red", "dates": {}, "reference_area": 5}), "assess.dates", "needs at least one date"),
    (
        at("assess", {"side": "red", "dates": {"a": day(99)}, "reference_area": 5}),
        "assess.dates.a",
        "is outside the run",
    ),
    (
        at("interventions.x", {"at": day(99), "set": {"combat": {"posture": 2}}}),
        "interventions.x.at",
        "is outside the run",
    ),
    (at("combat.postur", 2), "combat.postur", "did you mean 'posture'"),
    (at("fronts.line.length", "5 km2"), "fronts.line.length", "km2"),
]


@pytest.mark.parametrize("row", range(len(WRONG)), ids=[row[1] for row in WRONG])
def test_a_contradiction_is_reported_where_it_is(row: int) -> None:
    change, path, message = WRONG[row]
    with pytest.raises(InputError, match=message) as caught:
        loaded(merged(DUEL, change))
    assert path in [problem.path for problem in caught.value.problems]


def test_all_contradictions_are_reported_at_once_with_their_lines(tmp_path: Path) -> None:
    wrong = merged(DUEL, at("fronts.line.theatre", "eest"), policy(fronts=["lime"]), at("fronts.line.effort.rd", 1))
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump(wrong, sort_keys=False))
    lines = path.read_text().splitlines()
    with pytest.raises(InputError, match="eest") as caught:
        load(path)
    assert len(caught.value.problems) == 3
    for problem, word in zip(sorted(caught.value.problems, key=lambda p: p.path), ("rd", "eest", "lime"), strict=True):
        name, line, _ = problem.where.rsplit(":", 2)
        assert name.endswith("wrong.yaml")
        assert word in lines[int(line) - 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"combat": {"posture": 1.3}}, "interventions.x.set: changes nothing"),
        ({"fronts": {"line": {"works": {"red": 0.9}}}}, "changes only values that count at the start"),
        ({"fronts": {"line": {"forces": {"red": {"army": 5}}}}}, "changes only values that count at the start"),
        ({"sides": {"blue": {"munitions": {"stock": 5}}}}, "changes only values that count at the start"),
        ({"combat": {"posture": {"uniform": [1, 2]}}}, "must be one value, not a distribution"),
    ],
)
def test_an_intervention_without_effect_is_an_error(change: Raw, message: str) -> None:
    scenario = loaded(merged(DUEL, {"interventions": {"x": {"at": day(5), "set": change}}}))
    with pytest.raises(InputError, match=message):
        lower(scenario, {})


def test_an_intervention_may_not_change_what_is_fixed() -> None:
    for change in ({"end": day(50)}, {"start": day(1)}, {"interventions": {}}):
        with pytest.raises(InputError, match=r"interventions\.x\.set"):
            loaded(merged(DUEL, {"interventions": {"x": {"at": day(5), "set": change}}}))


def test_a_dictionary_goes_through_a_file_unchanged() -> None:
    assert json.loads(json.dumps(DUEL)) == DUEL
    assert loaded(DUEL).scenario.fronts["line"].forces["blue"]["army"].central == 30000
