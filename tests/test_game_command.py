"""The command `game`: what bad input gets, and a small game from end to end."""

import json
from pathlib import Path

import pytest

from sim.cli.main import main
from sim.errors import InputError
from sim.experiment.strategies import form_of
from sim.scenario.load import load

FLAGSHIP = Path(__file__).resolve().parents[1] / "scenarios" / "kursk_2024.yaml"
SMALL = """\
twofront: 1
title: a small war
start: 2024-01-01
end: 2024-01-21
sides:
  blue: {contingents: {army: {}}}
  red: {contingents: {army: {}}}
theatres: {north: {positive: blue}}
fronts:
  hills:
    {theatre: north, length: 50 km, tempo: {uniform: [0.15, 0.25], source: a test}, effort: {blue: 1},
     forces: {blue: {army: 20000}, red: {army: 10000}}}
choices:
  blue: {push: {default: hard, options: {hard: {}, soft: {set: {fronts: {hills: {effort: {blue: 0.3}}}}}}}}
  red: {dig: {default: "no", options: {"no": {}, deep: {set: {fronts: {hills: {works: {red: 0.9}}}}}}}}
objectives:
  blue: {land: {outcome: hills.territory_km2@2024-01-15, weight: 1, per: 10 km2, source: a test}}
  red: {land: {outcome: hills.territory_km2@2024-01-15, weight: -1, per: 1000 ha, source: a test}}
"""


def scenario(folder: Path, text: str = SMALL) -> Path:
    file = folder / "small.yaml"
    file.write_text(text)
    return file


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit, match=r"^2$"):
        main(["game", *map(str, arguments)])
    return capsys.readouterr().err


def many(decisions: int) -> str:
    """A scenario in which blue takes so many decisions of four options each."""
    options = "{default: a, options: {a: {}, b: {}, c: {}, d: {}}}"
    listed = ", ".join(f"d{k}: {options}" for k in range(decisions))
    return SMALL.replace(
        "  blue: {push: {default: hard, options: {hard: {}, soft:",
        f"  blue: {{{listed}, push: {{default: hard, options: {{hard: {{}}, soft:",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--players", "blue"], "'blue' alone makes no game: name two or more (choices and objectives: blue, red)"),
        (["--players", ","], "nobody makes no game"),
        (["--players", "blue,blue"], "blue: is named twice"),
        (["--players", "blue,read"], "read: there is no such actor; did you mean 'red'?"),
        (["--players", "blue,red", "--move-first", "green"], "'green' is not among the players"),
        (["--players", "blue,red", "--choice", "red.dig=deep"], "red.dig: is a decision of the game"),
        (["--players", "blue,red", "--strategies", "red.dug"], "there is no such decision; did you mean 'red.dig'?"),
        (["--players", "blue,red", "--strategies", "red.dig=dep"], "has no option 'dep'; did you mean 'deep'?"),
        (["--players", "blue,red", "--strategies", "red.dig="], "red.dig: names no option"),
        (["--players", "blue,red", "-n", "3"], "3 is not an even number"),
        (["--players", "blue,red", "--draws", "-1"], "-1 is below 0"),
        (["--players", "blue,red", "--budget", "-1"], "-1 is below 0"),
        (["--players", "blue,red", "--set", "objectives.blue.land.outcome=hills.teritory_km2@2024-01-15"],
         "--set: objectives.blue.land.outcome: 'hills.teritory_km2' is no daily series of the scenario; did you mean"),
        (["--players", "blue,red", "--set", "objectives.blue.land.outcome=nothing"], "there is no outcome 'nothing'"),
        (["--players", "blue,red", "--set", "objectives.blue.land.outcome=blue.loss_exchange"], "is a ratio of means"),
        (["--players", "blue,red", "--set", "objectives.blue.land.per=10 people"], "blue.land.per: '10 people' has"),
    ],
)  # fmt: skip
def test_bad_input_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert message in refused(capsys, scenario(tmp_path), *arguments, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_actor_needs_choices_and_objectives(tmp_path: Path) -> None:
    loaded = load(scenario(tmp_path, SMALL.replace("  red: {dig", "  green: {dig")))
    with pytest.raises(InputError, match="red: has no choices in the scenario"):
        form_of(loaded, ["blue", "red"], (), ())
    with pytest.raises(InputError, match=r"green: has no objectives in the scenario; write objectives\.green"):
        form_of(loaded, ["blue", "green"], (), ())
    with pytest.raises(InputError, match="'red' is not among the players"):
        form_of(load(scenario(tmp_path)), ["blue", "green"], ["red.dig"], ())


def test_a_game_of_a_million_cells_says_its_size_and_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """4^9 x 2 x 2 = 1,048,576 cells."""
    file = scenario(tmp_path, many(9))
    told = refused(capsys, file, "--players", "blue,red")
    assert "1,048,576 cells (524,288 of blue x 2 of red strategies), 325,058,560 runs at least" in told
    assert "more than the 20,000 cells that can be played" in told
    told = refused(capsys, scenario(tmp_path, many(4)), "--players", "blue,red")
    assert "1,024 cells" in told
    assert "or say --yes" in told


def test_strategies_are_options_and_their_combinations() -> None:
    loaded = load(FLAGSHIP)
    form = form_of(loaded, ["ukraine", "russia"], ["russia.inflow=none,30k"], ())
    assert form.shape == (6, 2)
    assert form.labels(1) == ["none", "30k"]
    assert form.said(0, 2) == "incursion=ordered, kursk=withdraw"
    assert form.options(5) == {"ukraine.incursion": "ordered", "ukraine.kursk": "withdraw", "russia.inflow": "30k"}
    assert form.label(form.cell_of(loaded.choices)) == "ukraine: incursion=ordered, kursk=hold; russia: inflow=none"
    points = form.points([0, 5])
    assert points.at(1) == form.options(5)


@pytest.mark.slow
def test_a_small_game_from_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Zero-sum: more effort takes more land, works cost it land. Both options are dominant, and so the answer."""
    arguments = [
        "game",
        str(scenario(tmp_path)),
        "--players",
        "blue,red",
        "--draws",
        "6",
        "-n",
        "6",
        "--budget",
        "2000",
    ]
    out = tmp_path / "out"
    with pytest.raises(SystemExit, match=r"^0$"):
        main([*arguments, "--out", str(out), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["numbers"]["answer"]["strategies"] == {"blue": "hard", "red": "deep"}
    assert found["numbers"]["moves_first"] == "blue"
    payoffs = found["numbers"]["answer"]["payoffs"]
    assert payoffs["blue"]["mean"] == pytest.approx(-payoffs["red"]["mean"])  # 10 km2 are 1,000 ha
    assert {"strategy": "soft", "by": "hard"}.items() <= found["numbers"]["dominated"]["strictly"][0].items()
    assert {path.name for path in out.glob("*.png")} == {"payoffs.png", "leads.png", "support.png"}
    first = (out / "answer.json").read_bytes()
    with pytest.raises(SystemExit, match=r"^0$"):
        main([*arguments, "--out", str(out), "--quiet"])
    assert json.loads((out / "answer.json").read_text())["runs"]["made"] == 0
    assert json.loads(first)["numbers"] == json.loads((out / "answer.json").read_text())["numbers"]


@pytest.mark.slow
def test_dual_success_is_no_objective_where_a_cell_orders_no_incursion(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused(
        capsys, FLAGSHIP, "--players", "ukraine,russia", "--strategies", "russia.response",
        "--strategies", "ukraine.incursion",
        "--set", "objectives.russia.own_land.outcome=dual_success", "--set", "objectives.russia.own_land.per=1",
        "--draws", "0", "-n", "2", "--out", tmp_path / "out", "--quiet",
    )  # fmt: skip
    assert (
        "objectives.russia.own_land.outcome: dual_success is nothing in 2 of 2 runs of ukraine: incursion=none" in told
    )
    assert "what is missing is an incursion that is ordered, in every cell" in told


def test_a_lever_of_the_dilemma_is_no_actor(capsys: pytest.CaptureFixture[str]) -> None:
    flagship = Path(__file__).resolve().parents[1] / "scenarios" / "kursk_2024.yaml"
    said = refused(capsys, flagship, "--players", "russia,ukrain")
    assert "did you mean 'ukraine'? (allowed: russia, ukraine, west)" in said
