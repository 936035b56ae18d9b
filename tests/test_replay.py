"""`verify RESULT`: a result is made again, byte for byte, or it is said where not and why not."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.cli import main as cli
from sim.engine import compiled
from sim.experiment.store import file_hashes
from sim.experiment.tables import read_parquet, write_parquet

pytestmark = pytest.mark.slow  # `make fast` leaves these out

SCENARIO = """\
twofront: 1
title: Twenty days
start: 2024-01-01
end: 2024-01-21
sides:
  blue: {contingents: {army: {reserve: 12000}}}
  red: {contingents: {army: {reserve: 8000}}}
theatres: {main: {positive: red, role: main}, edge: {positive: blue, role: second}}
fronts:
  line:
    theatre: main
    length: {triangular: [80 km, 100 km, 130 km], source: test}
    forces: {blue: {army: 20000}, red: {army: 30000}}
    effort: {red: 0.7}
  border: {theatre: edge, kind: border, length: 100 km, forces: {red: {army: 3000}}}
incursion: {side: blue, front: border, at: 2024-01-05, force: {army: 10000}}
assess: {side: red, dates: {first: 2024-01-15}, reference_area: 100 km2}
counterfactual: {set: {incursion: {ordered: false}}}
"""
RUN = ("run", "campaign.yaml", "-n", "6", "--draws", "2", "--no-figure", "--out", "here")

GONE = object()

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def twofront(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line in a folder with the scenario; return its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sim.model.kernel.WARM", True)
    Path("campaign.yaml").write_text(SCENARIO)

    def _twofront(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", ["twofront", *arguments])
        with pytest.raises(SystemExit, match=r"\d+") as caught:
            cli.main(arguments)
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, err

    return _twofront


def edited(**changes: Any) -> None:
    """Change entries of the manifest; those set to GONE are taken away."""
    path = Path("here/manifest.json")
    content = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not GONE}))


def test_a_result_is_made_again_byte_for_byte(twofront: Command) -> None:
    twofront(*RUN)
    code, out, err = twofront("verify", "here")
    assert (code, err) == (0, "")
    assert "files as they were written: yes" in out
    assert "the same bytes: replications.parquet, series.parquet, assumptions.parquet" in out


def test_several_results_are_made_again_as_json(twofront: Command) -> None:
    twofront(*RUN, "--attribution")
    twofront(*RUN[:-1], "there", "--engine", "simpy", "--seed", "7")
    code, out, err = twofront("verify", "here", "there", "--json")
    assert (code, err) == (0, "")
    first, second = json.loads(out)["results"]
    assert first["ok"]
    assert second["ok"]
    assert [table["name"] for table in first["tables"]][-1] == "attribution.parquet"
    assert all(table["same"] for table in first["tables"] + second["tables"])


def test_a_changed_number_is_found_where_it_is(twofront: Command) -> None:
    twofront(*RUN)
    path = Path("here/replications.parquet")
    columns = read_parquet(path)
    columns["blue.casualties"][8] += 1
    write_parquet(path, columns)
    code, out, err = twofront("verify", "here")
    assert code == 1
    assert "files as they were written: no" in out
    assert "the same bytes: series.parquet, assumptions.parquet" in out
    assert "error: here/replications.parquet: was changed after the run" in err
    assert "blue.casualties at draw 1, replication 2 (row 9): kept" in err
    assert "1 numbers in 1 columns differ" in err


def test_a_number_changed_together_with_its_hash_is_still_found(twofront: Command) -> None:
    twofront(*RUN)
    path = Path("here/series.parquet")
    columns = read_parquet(path)
    columns["mean"][30] *= 1.5
    write_parquet(path, columns)
    edited(files=file_hashes(Path("here")))
    code, out, err = twofront("verify", "here", "--json")
    assert code == 1
    (result,) = json.loads(out)["results"]
    assert result["damaged"] == {}
    where = {table["name"]: table["where"] for table in result["tables"]}
    assert "mean at" in where["series.parquet"]
    assert where["replications.parquet"] is None
    assert err == ""


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_bytes(b"nothing"), "is no Parquet file any more"),
        (lambda path: write_parquet(path, {"a": np.arange(3)}), "has other columns: a, "),
    ],
)
def test_a_damaged_table_is_named(twofront: Command, damage: Callable[[Path], None], message: str) -> None:
    twofront(*RUN)
    damage(Path("here/replications.parquet"))
    code, _, err = twofront("verify", "here")
    assert code == 1
    assert f"error: here/replications.parquet: {message}" in err


def test_a_row_less_is_said(twofront: Command) -> None:
    twofront(*RUN)
    path = Path("here/assumptions.parquet")
    write_parquet(path, {name: column[:-1] for name, column in read_parquet(path).items()})
    assert "assumptions.parquet: has 2 rows instead of 3" in twofront("verify", "here")[2]


def test_a_comment_in_the_saved_scenario_is_said_and_a_value_refused(twofront: Command) -> None:
    twofront(*RUN)
    path = Path("here/scenario.yaml")
    text = path.read_text()
    path.write_text(f"# read by me\n{text}")
    code, out, err = twofront("verify", "here")
    assert code == 1
    assert "scenario.yaml: was changed after the run" in err
    assert "made again, other bytes" not in out
    path.write_text(text.replace("12000", "12001"))
    code, _, err = twofront("verify", "here")
    assert code == 2
    assert "here/scenario.yaml: was edited after the run" in err


def test_an_interrupted_result_is_to_be_finished_first(twofront: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    simulate, blocks = compiled.simulate, [0]

    def impatient(*arguments: Any) -> Any:
        blocks[0] += 1
        if blocks[0] == 6:  # a block is run twice: with the incursion and without
            signal.raise_signal(signal.SIGINT)
        return simulate(*arguments)

    monkeypatch.setattr(compiled, "simulate", impatient)
    run = ("run", "campaign.yaml", "-n", "200", "--draws", "2", "--no-figure", "--workers", "1", "--out", "here")
    assert twofront(*run)[0] == 130
    monkeypatch.setattr(compiled, "simulate", simulate)
    code, out, err = twofront("verify", "here", "--quiet")
    assert (code, out) == (2, "")
    assert "is unfinished: it has no tables yet; run its command again" in err
    assert twofront(*run)[0] == 0
    assert twofront("verify", "here", "--quiet")[0] == 0


def test_a_result_with_failed_runs_is_made_again_with_the_same_failures(
    twofront: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulate = compiled.simulate

    def faulty(*arguments: Any) -> Any:
        block = simulate(*arguments)
        block.status[arguments[3] == 2] = 4
        return block

    monkeypatch.setattr(compiled, "simulate", faulty)
    assert twofront(*RUN)[0] == 1
    assert twofront("verify", "here", "--quiet")[0] == 0
    monkeypatch.setattr(compiled, "simulate", simulate)  # a model that does not fail makes other bytes
    code, _, err = twofront("verify", "here", "--quiet")
    assert code == 1
    assert "replications.parquet: status at draw 0, replication 2 (row 3): kept 4, made again 0" in err


def test_other_packages_are_said(twofront: Command) -> None:
    twofront(*RUN)
    packages = json.loads(Path("here/manifest.json").read_text())["packages"]
    edited(packages={**packages, "numpy": "1.0.0"}, python="3.0.0")
    code, out, _ = twofront("verify", "here")
    assert code == 0
    assert "numpy: 1.0.0 when it was made" in out
    assert "python: 3.0.0 when it was made" in out
    assert "scipy" not in out


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_version": "0123456789ab"}, "was run by model 0123456789ab"),
        ({"engine": "abacus"}, "was made by the engine 'abacus'"),
        ({"seed": 5}, "manifest.json was edited"),
        ({"seed": GONE}, "manifest.json is damaged"),
        ({"seed": "five"}, "manifest.json is damaged"),
        ({"files": []}, "lists no replications.parquet"),
        ({"user_code": [{"option": "--policy red", "name": "mine.py:decide", "hash": "0"}]}, "mine.py:decide"),
        ({"branch": {"from": "0badcafe", "at": "2024-01-20"}}, "goes on from result 0badcafe on 2024-01-20"),
    ],
)
def test_what_cannot_be_made_again_is_refused_with_the_reason(
    twofront: Command, changes: dict[str, Any], message: str
) -> None:
    twofront(*RUN)
    edited(**changes)
    code, out, err = twofront("verify", "here")
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_no_result_is_refused_before_any_is_run(twofront: Command) -> None:
    twofront(*RUN)
    Path("empty").mkdir()
    code, out, err = twofront("verify", "here", "empty", "nowhere")
    assert (code, out) == (2, "")
    assert "empty: is no result folder" in err
    assert "nowhere: is no result folder" in err
    code, _, err = twofront("verify", "here", "--seed", "3")
    assert code == 2
    assert "--seed" in err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("sweep", "campaign.yaml", "--vary", "combat.ground=0.2,0.3"), "is the result of a sweep; `twofront rerun`"),
        (("compare", "campaign.yaml", "other.yaml"), "is the result of a compare; run its command again"),
    ],
)
def test_results_of_many_points_are_refused_in_plain_words(
    twofront: Command, command: tuple[str, ...], said: str
) -> None:
    Path("other.yaml").write_text(SCENARIO.replace("army: 10000", "army: 6000"))
    assert twofront(*command, "-n", "4", "--draws", "0", "--out", "here")[0] == 0
    code, _, err = twofront("verify", "here")
    assert (code, said in err) == (2, True), err
    code, _, err = twofront("run", "--from", "here", "--at", "2024-01-10")
    assert (code, "only a run is gone on from" in err) == (2, True), err
