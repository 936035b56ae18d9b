"""A scenario as it could have been written on a date."""

from datetime import date
from pathlib import Path

from sim.scenario.known import unknown_on
from sim.scenario.load import load

PRIOR = Path(__file__).resolve().parents[1] / "scenarios" / "kursk_2024_prior.yaml"
KOREANS = "sides.russia.contingents.dprk.inflow"


def test_north_koreans_packages_and_an_election_are_not_known_in_september() -> None:
    found = unknown_on(load(PRIOR), date(2024, 9, 15))
    assert KOREANS in found.dropped
    assert "aid.west.politics=null" in found.overrides
    assert {f"aid.west.packages.{month}=null" for month in ("september", "october", "november")} <= set(found.overrides)
    assert found.kept == ()
    then = load(PRIOR, (), found.overrides).scenario
    assert then.sides["russia"].contingents["dprk"].inflow.people.central == 0
    assert then.aid["west"].packages == {}
    assert then.aid["west"].politics is None


def test_what_was_known_stays() -> None:
    found = unknown_on(load(PRIOR), date(2024, 11, 11))
    assert found == ((), (), ())
    october = unknown_on(load(PRIOR), date(2024, 10, 1))
    assert "aid.west.packages.september=null" not in october.overrides
    assert f"{KOREANS}.people=0" in october.overrides


def test_numbers_that_are_needed_stay_and_are_named() -> None:
    found = unknown_on(load(PRIOR), date(2024, 9, 1))
    assert "fronts.kursk.forces.russia.regular" in found.kept
    assert not any(path.startswith(KOREANS) for path in found.kept)
