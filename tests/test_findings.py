"""docs/findings.py: the rules of its sentences, and that the page has the claims and commands of findings.yaml."""

import importlib.util
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def findings() -> ModuleType:
    spec = importlib.util.spec_from_file_location("findings", ROOT / "docs" / "findings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pair(low: float, high: float, direction: str | None, **more: Any) -> dict[str, Any]:
    ends = {"simultaneous_ci95": [low, high], "assumptions_q05_q95": more.pop("assumptions", None)}
    return {"unit": "km2", "difference": (low + high) / 2, "direction": direction, **ends, **more}


def test_there_are_twelve_claims_each_with_commands_and_an_answer(findings: ModuleType) -> None:
    commands, claims = findings.read()
    assert len(claims) == 12
    for claim in claims:
        assert claim.commands
        assert set(claim.commands) <= set(commands)
        assert claim.answer in findings.ANSWERS
        assert claim.drives
        assert claim.wrong
    assert len({claim.answer for claim in claims}) == 12


def test_the_page_has_the_claims_and_commands_of_the_file(findings: ModuleType) -> None:
    assert findings.stale() == []


def test_each_command_names_a_command_and_files_that_exist(findings: ModuleType) -> None:
    from sim.cli.main import COMMANDS

    for line in findings.read()[0].values():
        words = shlex.split(line)
        assert words[0] == "twofront"
        assert words[1] in COMMANDS
        assert [word for word in words if word.endswith(".yaml") and not (ROOT / word).is_file()] == []


def test_no_direction_is_stated_where_the_interval_includes_zero(findings: ModuleType) -> None:
    said = findings.difference(pair(-3.0, 40.0, None), "11k against none")
    assert said == "11k against none: no difference told (-3 to 40 km²)"


def test_a_difference_is_told_with_its_interval_and_what_assumptions_do_to_it(findings: ModuleType) -> None:
    told = findings.difference(pair(-120.0, -80.0, "lower", assumptions=[-150.0, 10.0]), "x")
    assert told == "x: 100 km² lower (80 to 120); of either sign across assumptions"
    share = findings.difference(pair(0.05, 0.23, "higher", unit="probability"), "x")
    assert share == "x: 14 percentage points higher (5 to 23)"


def test_a_probability_never_stands_without_its_range_across_assumptions(findings: ModuleType) -> None:
    row = {"mean": 0.104, "mean_low": 0.05, "mean_high": 0.19, "assumptions_q05": 0.0, "assumptions_q95": 0.29}
    assert findings.chance(row) == "in 10 % of runs (5 to 19 % numerical); 0 to 29 % across plausible assumptions"


def test_people_are_rounded(findings: ModuleType) -> None:
    assert [findings.figure(value) for value in (49_313.0, 817.4, 4.889, -2.12)] == ["49,300", "817", "4.89", "-2.12"]
