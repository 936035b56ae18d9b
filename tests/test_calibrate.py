"""The commands calibrate and backtest: a small campaign from end to end, killed and gone on, and wrong input."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sim.cli import main as cli
from sim.scenario.joint import joint_paths
from sim.scenario.load import load

Command = Callable[..., tuple[int, str, str]]
ROOT = Path(__file__).resolve().parents[1]
PRIOR = str(ROOT / "scenarios" / "kursk_2024_prior.yaml")
SEEN = str(ROOT / "scenarios" / "observations" / "kursk_2024_fortnights.csv")
HEADER = "quantity,since,date,value,low,high,known,claimant,source\n"
HILLS = "".join(
    f"hills.territory_km2,,2024-01-{day:02d},{2 * day},,,2024-01-{day:02d},map,a map\n" for day in (8, 12, 16, 20, 24)
)
UNCERTAIN = f"""extends: {ROOT / "scenarios" / "two_fronts.yaml"}
combat: {{ground: {{lognormal: [0.3, 0.4]}}, ground_exponent: {{uniform: [1.4, 1.6]}}}}
fronts: {{hills: {{tempo: {{lognormal: [0.2, 0.4]}}}}, plain: {{tempo: {{lognormal: [0.2, 0.4]}}}}}}
"""
FEW = ("--draws", "400", "-n", "400", "--rounds", "1", "--rows", "40", "--executor", "threads")


@pytest.fixture
def twofront(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line in a folder with a small scenario and figures; return its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sim.model.kernel.WARM", True)
    (tmp_path / "toy.yaml").write_text(UNCERTAIN)
    (tmp_path / "toy.csv").write_text(HEADER + HILLS)

    def _twofront(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", ["twofront", *arguments])
        with pytest.raises(SystemExit, match=r"\d+") as caught:
            cli.main(arguments)
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, err

    return _twofront


@pytest.mark.slow
def test_a_calibration_writes_a_scenario_that_runs_and_fits_better(twofront: Command, tmp_path: Path) -> None:
    """Gains of 2 km2 a day: ground and tempo of the hills multiply, so that it is their product that is narrowed."""
    code, out, err = twofront("calibrate", "toy.yaml", "toy.csv", *FEW, "--json", "--out", "c", "--write", "w.yaml")
    assert (code, json.loads(out)["command"]) == (0, "calibrate"), err
    answer = json.loads((tmp_path / "c" / "answer.json").read_text())
    assert "of 5 figures" in answer["answer"] or "all 5 figures" in answer["answer"]
    overlay = load(tmp_path / "c" / "toy_calibrated.yaml")
    paths = joint_paths(overlay)
    assert "fronts.plain.tempo" not in paths
    rows = np.array(overlay.scenario.joint["posterior"].rows)
    product = np.log(rows[:, paths.index("combat.ground")] * rows[:, paths.index("fronts.hills.tempo")])
    assert rows.shape == (40, len(paths))
    assert product.std() < 0.5 * np.hypot(0.4, 0.4)
    assert load(tmp_path / "w.yaml").hash == overlay.hash
    assert {path.name for path in (tmp_path / "c").glob("figure*.svg")} == {
        "figure_assumptions.svg",
        "figure_forecast.svg",
        "figure_matched.svg",
    }
    assert twofront("run", "c/toy_calibrated.yaml", "--draws", "3", "-n", "4", "--quiet", "--out", "r")[0] == 0
    again = twofront("calibrate", "toy.yaml", "toy.csv", *FEW, "--json", "--out", "c")
    assert json.loads(again[1])["runs"]["made"] == 0
    assert "--out" not in (tmp_path / "w.yaml").read_text()
    own, other = ((tmp_path / name).read_text().splitlines() for name in ("c/toy_calibrated.yaml", "w.yaml"))
    assert (own[3], other[3]) == ('extends: "../toy.yaml"', 'extends: "toy.yaml"')
    assert own[4:] == other[4:]


@pytest.mark.slow
def test_a_calibration_that_is_interrupted_goes_on(twofront: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.experiment.ensemble import StoredEnsemble

    whole = twofront("calibrate", "toy.yaml", "toy.csv", *FEW, "--json", "--out", "whole")
    under = StoredEnsemble.under

    def stopped(*given: object, **how: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(StoredEnsemble, "under", stopped)
    code, _, err = twofront("calibrate", "toy.yaml", "toy.csv", *FEW, "--json", "--out", "part")
    assert code == 130
    assert "to go on from there: twofront calibrate" in err
    monkeypatch.setattr(StoredEnsemble, "under", under)
    code, out, _ = twofront("calibrate", "toy.yaml", "toy.csv", *FEW, "--json", "--out", "part")
    assert code == 0
    assert json.loads(out)["numbers"] == json.loads(whole[1])["numbers"]
    assert json.loads(out)["runs"]["reused"] >= 401


@pytest.mark.slow
def test_a_backtest_scores_what_came_after(twofront: Command, tmp_path: Path) -> None:
    how = ("--draws", "400", "-n", "400", "--rounds", "1", "--forecasts", "400", "--executor", "threads")
    code, out, err = twofront("backtest", "toy.yaml", "toy.csv", "--until", "2024-01-16", *how, "--out", "b")
    assert code == 0, err
    assert "CRPS skill is above zero" in out
    assert "hills.territory_km2" in out
    numbers = json.loads((tmp_path / "b" / "answer.json").read_text())["numbers"]
    assert (numbers["known"], numbers["scored"]) == (3, 2)
    assert numbers["overall"]["in_90"] == 1.0
    assert (tmp_path / "b" / "figure_forecast.png").is_file()


def written(text: str) -> str:
    Path("other.csv").write_text(HEADER + text)
    return "other.csv"


def test_what_cannot_be_calibrated_is_told(twofront: Command) -> None:
    fixed = str(ROOT / "scenarios" / "two_fronts.yaml")
    code, _, err = twofront("calibrate", fixed, "toy.csv")
    assert (code, "no number of the scenario has a distribution" in err) == (2, True)
    code, _, err = twofront("calibrate", "toy.yaml", "toy.csv", "--parameters", "combat.grond")
    assert (code, "did you mean 'combat.ground'" in err) == (2, True)


@pytest.mark.parametrize("command", [("calibrate",), ("backtest", "--until", "2024-01-16")])
def test_figures_of_another_scenario_or_outside_the_run_are_refused(
    twofront: Command, command: tuple[str, ...]
) -> None:
    name, *rest = command
    code, _, err = twofront(name, "toy.yaml", SEEN, *rest)
    assert (code, "'kursk.territory_km2' is no daily series of the scenario" in err) == (2, True)
    late = written(HILLS.replace("2024-01-24", "2024-03-24"))
    code, _, err = twofront(name, "toy.yaml", late, *rest)
    assert (code, "2024-03-24 is outside the run, 2024-01-01 to 2024-01-31" in err) == (2, True)
    twice = written(HILLS + HILLS)
    code, _, err = twofront(name, "toy.yaml", twice, *rest)
    assert (code, "other.csv:7: quantity: the same figure stands in line 2" in err) == (2, True)
    code, _, err = twofront(name, "toy.yaml", written(""), *rest)
    assert (code, "holds no observations" in err) == (2, True)


@pytest.mark.slow
def test_figures_that_no_run_reaches_are_named_with_their_line(twofront: Command) -> None:
    far = written(HILLS.replace(",48,", ",48000,"))
    code, _, err = twofront("calibrate", "toy.yaml", far, *FEW, "--out", "f")
    assert code == 2
    assert "line 6: hills.territory_km2: 2024-01-24: the figure is 48,000, but the runs lie between" in err


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (("--until", "2023-12-01"), "2023-12-01 is outside the run"),
        (("--until", "2024-02-20"), "2024-02-20 is outside the run"),
        (("--until", "soon"), "'soon' is no date"),
        (("--until", "2024-01-02"), "no figure of toy.csv was known by then (first: 2024-01-08)"),
        (("--until", "2024-01-25"), "has no figure after it up to 2024-01-31"),
        (("--until", "2024-01-16", "--horizon", "2024-01-10"), "is not after --until 2024-01-16"),
        (("--until", "2024-01-16", "--horizon", "2025-01-10"), "at most the end of the run"),
    ],
)
def test_dates_that_make_no_backtest_are_told(twofront: Command, given: tuple[str, ...], match: str) -> None:
    code, _, err = twofront("backtest", "toy.yaml", "toy.csv", *given)
    assert code == 2
    assert match in err
    assert "Traceback" not in err


def test_where_parameters_are_made_is_processes_unless_it_is_said() -> None:
    import click

    from sim.cli.calibrate import calibrate, executor

    for given, expected in (([], "processes"), (["--executor", "threads"], "threads")):
        context = calibrate.make_context("calibrate", ["a.yaml", "b.csv", *given])
        with click.Context(calibrate):
            assert executor(context, context.params["executor"]) == expected
