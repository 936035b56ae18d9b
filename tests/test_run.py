"""The command `run` from file to folder, on a campaign of forty days."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.analysis.stats import Row
from sim.cli import main as cli
from sim.cli.progress import progress, uninterrupted
from sim.cli.run_table import shower
from sim.engine import compiled
from sim.errors import InputError, RunError
from sim.experiment import parts, store, sweep_run
from sim.experiment.design import Design
from sim.experiment.execute import execute
from sim.experiment.read_result import read_result
from sim.experiment.study import study
from sim.experiment.tables import read_parquet
from sim.scenario.load import load

pytestmark = pytest.mark.slow  # `make fast` leaves these out

ROOT = Path(__file__).resolve().parents[1]
SCENARIO = """\
twofront: 1
title: Forty days
start: 2024-01-01
end: 2024-02-10
sides:
  blue: {contingents: {army: {reserve: 12000}}}
  red:
    contingents:
      army: {reserve: 8000}
      ally: {inflow: {people: 2000, front: border, acclimatise: 1 d, tranches: {first: {at: 2024-01-15, share: 1}}}}
    policies:
      expel:
        kind: threshold
        front: border
        base: 5000
        sources: [line]
        move_share: 0.3
        when: {front: border, lost: 1 km2}
theatres: {main: {positive: red, role: main}, edge: {positive: blue, role: second, title: The edge}}
fronts:
  line:
    theatre: main
    length: {triangular: [80 km, 100 km, 130 km], source: test}
    forces: {blue: {army: 20000}, red: {army: 30000}}
    effort: {red: 0.7}
  border: {theatre: edge, kind: border, length: 100 km, forces: {red: {army: 3000}}}
incursion:
  side: blue
  front: border
  at: 2024-01-05
  force: {army: 10000}
  otherwise: {share: {uniform: [0.2, 0.8], source: test}}
assess: {side: red, dates: {first: 2024-01-20, last: 2024-02-10}, reference_area: 100 km2}
counterfactual: {set: {incursion: {ordered: false}}}
choices:
  red:
    ally:
      default: comes
      options:
        comes: {about: as planned}
        stays: {set: {sides: {red: {contingents: {ally: {inflow: {people: 0}}}}}}}
"""
RUN = ("run", "campaign.yaml", "-n", "6", "--draws", "2")
FILES = {
    "assumptions.parquet",
    "fan.png",
    "fan.svg",
    "manifest.json",
    "replications.parquet",
    "scenario.yaml",
    "series.parquet",
}

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def twofront(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line in a folder with the scenario; return its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sim.model.kernel.WARM", True)  # the announcement of the first compile has a test of its own
    Path("campaign.yaml").write_text(SCENARIO)

    def _twofront(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", ["twofront", *arguments])
        with pytest.raises(SystemExit, match=r"\d+") as caught:
            cli.main(arguments)
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, err

    return _twofront


def manifest(folder: str | Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(folder) / "manifest.json").read_text())
    return found


def test_a_run_is_saved_by_default_with_all_its_files(twofront: Command):
    code, out, _ = twofront(*RUN)
    (folder,) = Path("results").iterdir()
    assert code == 0
    assert re.fullmatch(r"campaign-\d{8}-\d{6}-[0-9a-f]{4}", folder.name)
    assert {path.name for path in folder.iterdir()} == FILES
    assert f"result: {folder}" in out
    assert f"figure: {folder}/fan.png" in out
    made = manifest(folder)
    assert set(made["files"]) == FILES - {"manifest.json"}
    assert made["command"] == "twofront run campaign.yaml -n 6 --draws 2"
    assert made["runs"] == {"asked": 18, "done": 18, "failed": 0}
    assert made["scenario"]["choices"] == {"red.ally": "comes"}
    assert [event["label"] for event in made["events"]] == [
        "incursion",
        "2,000 allies land",
        "assessment",
        "assessment",
    ]


def test_the_manifest_says_how_the_numbers_came_about(twofront: Command):
    twofront(*RUN, "--seed", "3", "--out", "here")
    made = manifest("here")
    assert (made["seed"], made["draws"], made["replications"], made["kind"]) == (3, 2, 6, "run")
    assert (made["failures"], made["interrupted"], made["branch"]) == ([], False, None)
    assert made["series_kept"] == {"runs": 18, "per_draw": [6, 6]}
    assert made["files"] == {name: store.file_hash(Path("here", name)) for name in FILES - {"manifest.json"}}
    assert {"numpy", "numba", "duckdb", "twofront"} <= set(made["packages"])
    assert set(made["host"]) == {"system", "machine", "cores"}
    assert made["finished"] >= made["started"]
    assert made["wall_s"] > 0


def test_a_result_is_named_by_what_its_numbers_are_a_function_of(twofront: Command):
    other = {
        "again": (),
        "scenario": ("--set", "combat.ground=0.5"),
        "seed": ("--seed", "1"),
        "draws": ("--draws", "1"),
        "replications": ("-n", "4"),
        "engine": ("--engine", "simpy"),
        "branch": ("--from", "here", "--at", "2024-01-20"),
    }
    small = ("run", "campaign.yaml", "-n", "2", "--draws", "0", "--no-figure")
    twofront(*small, "--out", "here")
    for name, more in other.items():
        twofront(*small, *more, "--out", name)
    assert re.fullmatch("[0-9a-f]{8}", manifest("here")["id"])
    assert manifest("again")["id"] == manifest("here")["id"]
    assert len({manifest(name)["id"] for name in other}) == 7


def test_the_table_has_units_and_three_labelled_spreads(twofront: Command):
    _, out, _ = twofront(*RUN)
    header = next(line for line in out.splitlines() if line.startswith(" outcome"))
    columns = re.split(r"  +", header.strip())
    assert columns == ["outcome", "unit", "mean", "numerical 95 %", "luck 5 | 50 | 95 %", "assumptions 5 | 95 %"]
    assert "18 runs: 3 draws of the assumptions (the first is central) x 6 replications of luck, seed 0" in out
    lines = [line.split() for line in out.splitlines() if line.startswith("   ")]
    names = [line[0] for line in lines if line]
    assert names[0] == "dual_success"
    assert names.index("edge.territory_km2") < names.index("blue.casualties")
    assert "line.blue.pressure" not in names
    assert not re.search(r"\d\.\d{6}", out)
    assert "line.blue.pressure" in twofront(*RUN, "--all")[1]


def test_replications_have_a_row_a_run_and_a_column_an_outcome(twofront: Command):
    twofront(*RUN, "--out", "here")
    rows = read_parquet(Path("here/replications.parquet"))
    assert list(rows)[:4] == ["seed", "draw", "replication", "status"]
    assert {"edge.territory_km2", "dual_success", "regained_day", "blue.casualties"} <= set(rows)
    assert rows["draw"].tolist() == [0] * 6 + [1] * 6 + [2] * 6
    assert rows["replication"].tolist() == list(range(6)) * 3
    assumptions = read_parquet(Path("here/assumptions.parquet"))
    assert assumptions["draw"].tolist() == [0, 0, 1, 1, 2, 2]
    assert assumptions["value"][assumptions["path"] == "fronts.line.length"][0] == 100.0
    series = read_parquet(Path("here/series.parquet"))
    last = (series["name"] == "edge.territory_km2") & (series["day"] == 40)
    assert series["mean"][last][0] == pytest.approx(rows["edge.territory_km2"].mean(), rel=1e-6)


def test_json_has_the_agreed_fields(twofront: Command):
    code, out, err = twofront(*RUN, "--json", "--no-figure")
    content = json.loads(out)
    fields = {"command", "scenario", "scenario_hash", "model_version", "engine", "seed", "replications", "draws"}
    assert (code, err) == (0, "")
    assert fields | {"folder", "wall_s", "outcomes"} <= set(content)
    assert (content["command"], content["seed"], content["replications"], content["draws"]) == ("run", 0, 6, 2)
    each = {"unit", "mean", "mean_ci95", "q05", "q50", "q95", "assumptions_q05", "assumptions_q95"}
    assert all(each <= set(outcome) for outcome in content["outcomes"].values())
    ground = content["outcomes"]["edge.territory_km2"]
    rows = read_parquet(Path(content["folder"]) / "replications.parquet")["edge.territory_km2"]
    assert ground["mean"] == pytest.approx(rows.mean())
    assert ground["q50"] == pytest.approx(np.quantile(rows, 0.5))
    assert ground["mean_ci95"][0] < ground["mean"] < ground["mean_ci95"][1]
    assert ground["luck_q50"] == pytest.approx(np.quantile(rows[:6], 0.5))


def test_at_draws_0_assumptions_are_not_varied(twofront: Command):
    _, out, _ = twofront("run", "campaign.yaml", "-n", "6", "--draws", "0", "--json", "--no-figure")
    outcome = json.loads(out)["outcomes"]["edge.territory_km2"]
    assert (outcome["assumptions_q05"], outcome["assumptions_q95"]) == (None, None)
    assert "assumptions 5" not in twofront("run", "campaign.yaml", "-n", "2", "--draws", "0", "--no-figure")[1]


def test_a_scenario_without_uncertain_numbers_has_one_draw(twofront: Command):
    sets = ("--set", "fronts.line.length=100 km", "--set", "incursion.otherwise.share=0.5")
    _, out, _ = twofront("run", "campaign.yaml", "-n", "4", *sets, "--no-figure")
    assert "4 runs: 4 replications of luck" in out
    assert "the scenario has no uncertain number" in out


def test_the_same_command_gives_the_same_bytes_for_any_number_of_workers(twofront: Command):
    for folder, workers in (("a", "1"), ("b", "3")):
        assert twofront(*RUN, "--out", folder, "--workers", workers)[0] == 0
    for name in FILES - {"manifest.json"}:
        assert Path("a", name).read_bytes() == Path("b", name).read_bytes()
    assert manifest("a")["id"] == manifest("b")["id"]
    assert manifest("a")["files"] == manifest("b")["files"]


def test_neither_workers_nor_blocks_change_a_bit_of_the_model(twofront: Command):
    ready, results = study(load("campaign.yaml"), 0), []
    for workers, block in ((1, 1_000), (2, 2), (3, 7)):
        with ThreadPoolExecutor(workers) as executor:
            results.append(execute(ready, Design(0, 1, 31), executor, workers, block=block))
    for result in results[1:]:
        assert result.values.tobytes() == results[0].values.tobytes()
        assert result.series.tobytes() == results[0].series.tobytes()


def test_a_result_can_be_written_again_but_not_over_another(twofront: Command):
    twofront(*RUN, "--out", "here")
    before = manifest("here")["files"]
    assert twofront(*RUN, "--out", "here")[0] == 0
    assert manifest("here")["files"] == before
    code, _, err = twofront(*RUN, "--seed", "1", "--out", "here")
    assert code == 2
    assert "holds another result" in err


def test_the_saved_scenario_runs_to_the_same_result(twofront: Command):
    twofront(*RUN, "--choice", "red.ally=stays", "--set", "combat.ground=0.5", "--out", "here")
    twofront("run", "here/scenario.yaml", "-n", "6", "--draws", "2", "--out", "again")
    assert manifest("again")["id"] == manifest("here")["id"]
    assert Path("again/replications.parquet").read_bytes() == Path("here/replications.parquet").read_bytes()


def test_more_replications_leave_those_before_as_they_were(twofront: Command):
    twofront(*RUN, "--out", "few", "--no-figure")
    twofront("run", "campaign.yaml", "-n", "10", "--draws", "3", "--out", "many", "--no-figure")
    few, many = (read_parquet(Path(folder, "replications.parquet")) for folder in ("few", "many"))
    same = (many["draw"] <= 2) & (many["replication"] < 6)
    for name, values in few.items():
        np.testing.assert_array_equal(many[name][same], values)


def test_several_scenarios_stand_side_by_side_on_the_same_luck(twofront: Command):
    Path("other.yaml").write_text("extends: campaign.yaml\ntitle: Other\nfronts: {line: {effort: {red: 0.7}}}\n")
    code, out, _ = twofront("run", "campaign.yaml", "other.yaml", "-n", "4", "--draws", "0", "--out", "both")
    assert code == 0
    header = next(line for line in out.splitlines() if line.startswith(" outcome"))
    assert header.split() == ["outcome", "unit", "campaign", "other"]
    row = next(line for line in out.splitlines() if "line.territory" in line or "main.territory_km2 " in line)
    assert len(set(re.findall(r"[-\d.,]+ \[[^]]+\]", row))) == 1
    assert {path.name for path in Path("both").iterdir()} == {"campaign", "other"}
    _, out, _ = twofront("run", "campaign.yaml", "campaign.yaml", "-n", "2", "--draws", "0", "--json", "--no-figure")
    content = json.loads(out)
    assert [each["scenario"] for each in content["results"]] == ["campaign.yaml", "campaign.yaml"]
    assert content["results"][0]["outcomes"] == content["results"][1]["outcomes"]
    assert content["results"][0]["folder"] != content["results"][1]["folder"]


def test_the_help_of_run_imports_nothing_heavy():
    heavy = "{'numpy', 'numba', 'pydantic', 'yaml', 'scipy', 'matplotlib', 'duckdb', 'rich'}"
    code = (
        "import sys\nfrom sim.cli.main import main\ntry: main(['run', '--help'])\nexcept SystemExit: pass\n"
        f"print(*sorted({heavy} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.split() == []
    assert "--replications" in done.stdout


def test_quiet_prints_the_folder_only(twofront: Command):
    code, out, err = twofront(*RUN, "--quiet", "--no-figure", "--out", "here")
    assert (code, out, err) == (0, "here\n", "")
    assert "fan.png" not in manifest("here")["files"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("campaign.yaml", "-n", "0"), "--replications: 0 is below 1; nothing would be run"),
        (("campaign.yaml", "-n", "-3"), "--replications: -3 is below 1"),
        (
            ("campaign.yaml", "-n", "1000000000000"),
            r"31,000,000,000,000 runs .* would need about .* years and .* PB of disk; one command makes at most",
        ),
        (("campaign.yaml", "--draws", "-1"), "--draws: -1 is below 0"),
        (("campaign.yaml", "--seed", "-1"), "--seed: -1 is not between"),
        (("campaign.yaml", "--workers", "0"), "--workers: 0 is below 1"),
        (("campaign.yaml", "--engine", "compiled", "--trace", "t.jsonl"), "so --trace needs --engine simpy"),
        (("campaign.yaml", "--executor", "cloud"), "'cloud' does not exist; allowed: threads, processes, dask"),
        (("campaign.yaml", "--scheduler", "tcp://x"), "--scheduler: .* add --executor dask"),
        (
            ("campaign.yaml", "--trace", "t.jsonl", "--executor", "processes"),
            "'processes' cannot be used with --trace, which works in this process",
        ),
        (("campaign.yaml", "--engine", "abacus"), "'abacus' does not exist; allowed: compiled, simpy"),
        (("campaign.yaml", "--out", "campaign.yaml"), "--out: campaign.yaml: results cannot be written there"),
        (("campaign.yaml", "--out", "campaign.yaml/x"), "results cannot be written there: not a directory"),
        (("campaign.yaml", "--out", "."), "is not empty and holds no result of twofront"),
        (("campaign.yaml", "--from", "here"), "needs both --from RESULT and --at DATE"),
        (("campaign.yaml", "--at", "2024-01-20"), "needs both --from RESULT and --at DATE"),
        (("--from", "gone", "--at", "2024-01-20"), "gone: is no result folder"),
        (("campaign.yaml", "--choice", "red.ally=x"), "allowed: comes, stays"),
        (("gone.yaml", "campaign.yaml", "void.yaml"), r"gone.yaml: cannot be read.*\n.*void.yaml: cannot be read"),
        ((), "name at least one scenario file"),
    ],
)
def test_bad_input_exits_with_2_and_leaves_nothing(twofront: Command, arguments: tuple[str, ...], message: str):
    code, out, err = twofront("run", *arguments)
    assert (code, out) == (2, "")
    assert re.search(message, err)
    assert "Traceback" not in err
    assert [path.name for path in Path().iterdir()] == ["campaign.yaml"]


def test_failed_runs_exit_with_1_and_the_rest_is_kept(twofront: Command, monkeypatch: pytest.MonkeyPatch):
    def faulty(params: Any, labels: Any, seed: int, replications: Any) -> compiled.Block:
        block = simulate(params, labels, seed, replications)
        block.status[np.isin(replications, [2])] = 4
        return block

    simulate = compiled.simulate
    monkeypatch.setattr(compiled, "simulate", faulty)
    code, out, err = twofront(*RUN, "--out", "here")
    assert code == 1
    assert "failed: draw 1, replication 2: too many events" in err
    assert "error: 3 of 18 runs failed; they are listed in here/manifest.json" in err
    assert "edge.territory_km2" in out
    assert manifest("here")["failures"][0] == {"draw": 0, "replication": 2, "reason": "too many events"}
    rows = read_parquet(Path("here/replications.parquet"))
    assert np.flatnonzero(rows["status"]).tolist() == [2, 8, 14]
    assert np.isnan(rows["edge.territory_km2"][[2, 8, 14]]).all()


LONG = ("run", "campaign.yaml", "-n", "200", "--draws", "3")


def interrupting(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Press Ctrl-C when so many blocks have been simulated (a block is run with the incursion and without)."""

    def impatient(params: Any, labels: Any, seed: int, replications: Any) -> compiled.Block:
        blocks.append(1)
        if len(blocks) == after:
            signal.raise_signal(signal.SIGINT)
        return simulate(params, labels, seed, replications)

    simulate, blocks = compiled.simulate, []  # type: ignore[var-annotated]
    monkeypatch.setattr(compiled, "simulate", impatient)


def test_ctrl_c_keeps_what_is_finished_and_the_same_command_goes_on(twofront: Command, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        interrupting(patch, 20)
        code, out, err = twofront(*LONG, "--workers", "1", "--out", "here")
    made = manifest("here")
    done = made["runs"]["done"]
    assert (code, out) == (130, "")
    assert 0 < done < 800
    assert (made["interrupted"], made["finished"]) == (True, None)
    assert f"interrupted: {done} of 800 runs are kept in here" in err
    assert f"to go on from there: twofront {' '.join(LONG)} --workers 1 --out here" in err
    with pytest.raises(InputError, match=r"here: is unfinished, without series.parquet; run its command again"):
        _ = read_result(Path("here")).series
    code, out, _ = twofront(*LONG, "--out", "here")
    assert code == 0
    assert f"{done} of them were there before" in out
    assert manifest("here")["runs"] == {"asked": 800, "done": 800, "failed": 0}
    assert twofront(*LONG, "--out", "straight")[0] == 0
    assert manifest("here")["files"] == manifest("straight")["files"]
    assert {path.name for path in Path("here").iterdir()} == FILES


def test_without_a_folder_named_the_same_command_finds_the_unfinished_run(
    twofront: Command, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        interrupting(patch, 20)
        assert twofront(*LONG, "--no-figure")[0] == 130
    assert twofront(*LONG, "--no-figure", "--quiet")[0] == 0
    assert len(list(Path("results").iterdir())) == 1
    assert twofront(*LONG, "--no-figure", "--quiet")[0] == 0
    assert len(list(Path("results").iterdir())) == 2  # a finished run is not taken for an unfinished one


def test_a_damaged_part_or_series_is_run_again(twofront: Command, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        interrupting(patch, 30)
        twofront(*LONG, "--workers", "1", "--no-figure", "--out", "here")
    parts, series = (sorted(Path("here/parts").glob(f"*.{kind}")) for kind in ("part", "series"))
    assert len(parts) == len(series) >= 3
    parts[0].write_bytes(parts[0].read_bytes()[:-1])
    content = bytearray(series[1].read_bytes())
    content[len(content) // 2] ^= 1
    series[1].write_bytes(content)
    series[2].unlink()
    code, out, _ = twofront(*LONG, "--no-figure", "--out", "here")
    assert code == 0
    assert "3 damaged parts were run again" in out
    twofront(*LONG, "--no-figure", "--out", "straight")
    assert manifest("here")["files"] == manifest("straight")["files"]


def test_an_interrupted_attribution_goes_on(twofront: Command, monkeypatch: pytest.MonkeyPatch):
    command = (*LONG, "--attribution", "--no-figure", "--workers", "1")
    with monkeypatch.context() as patch:
        interrupting(patch, 2 * 36 + 100)  # more than the 800 runs take: in the worlds of the attribution
        code, _, err = twofront(*command, "--out", "here")
    assert code == 130
    assert "interrupted: 800 of 800 runs are kept in here" in err
    kept = list(Path("here/attribution/parts").glob("*.part"))
    assert twofront(*command, "--out", "here")[0] == 0
    twofront(*command, "--out", "straight")
    assert kept
    assert manifest("here")["files"] == manifest("straight")["files"]
    assert {path.name for path in Path("here").iterdir()} == {path.name for path in Path("straight").iterdir()}


def test_a_finished_run_is_left_as_it_is_unless_asked_otherwise(twofront: Command, monkeypatch: pytest.MonkeyPatch):
    twofront(*RUN, "--out", "here")
    before, calls = Path("here/manifest.json").read_text(), []
    simulate = compiled.simulate
    monkeypatch.setattr(compiled, "simulate", lambda *given: calls.append(1) or simulate(*given))
    code, out, _ = twofront(*RUN, "--out", "here")
    assert code == 0
    assert "18 of them were there before" in out
    assert (Path("here/manifest.json").read_text(), calls) == (before, [])
    twofront(*RUN, "--out", "here", "--fresh")
    assert calls
    Path("here/series.parquet").write_bytes(b"PAR1")
    twofront(*RUN, "--out", "here")
    assert manifest("here")["files"] == json.loads(before)["files"]


def test_a_folder_in_which_another_command_writes_is_refused(twofront: Command):
    twofront(*RUN, "--out", "here")
    with sweep_run._locked(Path("here")):
        code, _, err = twofront(*RUN, "--out", "here")
    assert code == 2
    assert "here: another command is writing there" in err


def test_a_disk_that_fills_up_is_said_and_what_is_done_is_kept(twofront: Command, monkeypatch: pytest.MonkeyPatch):
    def full(path: Path, series: Any) -> None:
        if len(list(path.parent.glob("*.part"))) == 2:
            raise RunError(f"{path}: cannot be written: No space left on device")
        write(path, series)

    write = parts.write_kept
    with monkeypatch.context() as patch:
        patch.setattr(parts, "write_kept", full)
        code, _, err = twofront(*LONG, "--out", "here", "--no-figure")
    assert code == 1
    assert "No space left on device; what is done is kept in here, and the same command goes on from there" in err
    assert len(list(Path("here/parts").glob("*.part"))) == 2
    assert twofront(*LONG, "--out", "here", "--no-figure")[0] == 0


@pytest.mark.slow
def test_processes_and_dask_give_the_bytes_of_threads(twofront: Command):
    run = ("run", "campaign.yaml", "-n", "30", "--draws", "1", "--attribution", "--no-figure")
    for where in ("threads", "processes", "dask"):
        assert twofront(*run, "--executor", where, "--workers", "2", "--out", where)[0] == 0
        assert manifest(where)["files"] == manifest("threads")["files"]
        assert manifest(where)["id"] == manifest("threads")["id"]


@pytest.mark.slow
def test_a_branch_and_simpy_run_on_processes_too(twofront: Command):
    twofront(*RUN, "--out", "base", "--no-figure")
    branch = ("run", "--from", "base", "--at", "2024-01-20", "--set", "combat.ground=2", "--no-figure")
    twofront(*branch, "--out", "threads")
    twofront(*branch, "--out", "processes", "--executor", "processes", "--workers", "2")
    twofront(*branch, "--out", "simpy", "--engine", "simpy", "--executor", "processes", "--workers", "2")
    assert manifest("threads")["files"] == manifest("processes")["files"] == manifest("simpy")["files"]


def test_ctrl_c_before_anything_is_finished_leaves_no_folder(twofront: Command, monkeypatch: pytest.MonkeyPatch):
    def never(*arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sim.experiment.workers.work", never)
    code, _, err = twofront(*RUN, "--out", "here")
    assert code == 130
    assert "interrupted: no run was finished" in err
    assert not Path("here").exists()


def test_ctrl_c_waits_while_results_are_saved():
    with uninterrupted() as pressed:
        signal.raise_signal(signal.SIGINT)
        assert pressed()
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        signal.raise_signal(signal.SIGINT)


def test_a_branch_without_a_change_is_the_result_again(twofront: Command):
    twofront(*RUN, "--out", "base")
    code, out, _ = twofront("run", "--from", "base", "--at", "2024-01-20", "--out", "same")
    assert code == 0
    assert "as it was" in out
    assert "campaign from 2024-01-20" in out
    for name in ("replications.parquet", "series.parquet", "assumptions.parquet"):
        assert Path("same", name).read_bytes() == Path("base", name).read_bytes()
    assert manifest("same")["branch"] == {"from": manifest("base")["id"], "at": "2024-01-20"}
    assert manifest("same")["id"] != manifest("base")["id"]


def test_a_branch_changes_what_comes_after_its_date_only(twofront: Command):
    twofront(*RUN, "--out", "base", "--no-figure")
    change = ("--set", "combat.ground=2", "--choice", "red.ally=stays")
    assert twofront("run", "--from", "base", "--at", "2024-01-20", *change, "--out", "branch", "--no-figure")[0] == 0
    base, branch = (read_parquet(Path(folder, "series.parquet")) for folder in ("base", "branch"))
    before = base["day"] <= (date(2024, 1, 20) - date(2024, 1, 1)).days
    np.testing.assert_array_equal(base["mean"][before], branch["mean"][before])
    ground = (base["name"] == "main.territory_km2") & (base["day"] == 40)
    assert branch["mean"][ground][0] > base["mean"][ground][0]
    assert manifest("branch")["scenario"]["choices"] == {"red.ally": "stays"}
    assert manifest("branch")["scenario"]["sets"] == ["combat.ground=2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--at", "2024-01-01"), "--at: 2024-01-01 is not between the start 2024-01-01 and the end 2024-02-10"),
        (("--at", "2024-02-10"), "--at: 2024-02-10 is not between"),
        (("--at", "soon"), "--at: 'soon' is not a date such as"),
        (("--at", "2024-01-20", "--seed", "1"), "--seed: a branched run goes on with the seed of the result"),
        (("--at", "2024-01-20", "--attribution"), "--attribution: is of whole runs"),
        (("--at", "2024-01-20", "--set", "end=2024-03-01"), "--from: .* differ in dates"),
        (("--at", "2024-01-20", "--out", "base"), "holds another result"),
    ],
)
def test_a_branch_that_makes_no_sense_is_refused(twofront: Command, arguments: tuple[str, ...], message: str):
    twofront(*RUN, "--out", "base", "--no-figure")
    code, _, err = twofront("run", "--from", "base", *arguments)
    assert code == 2
    assert re.search(message, err)


def test_a_branch_needs_what_the_result_was_made_from(twofront: Command):
    twofront(*RUN, "--out", "base", "--no-figure")
    branch = ("run", "--from", "base", "--at", "2024-01-20")
    Path("campaign.yaml").write_text(SCENARIO.replace("effort: {red: 0.7}", "effort: {red: 0.8}"))
    assert "campaign.yaml is no longer what the result was made from" in twofront(*branch)[2]
    made = Path("base/manifest.json").read_text()
    Path("base/manifest.json").write_text(re.sub(r'("model_version": ")\w+', r"\g<1>000000000000", made))
    assert "was run by model 000000000000" in twofront(*branch)[2]
    Path("base/manifest.json").write_text(made)
    Path("base/scenario.yaml").write_text(SCENARIO.replace("title: Forty days", "title: Forty nights"))
    assert "scenario.yaml: was edited after the run" in twofront(*branch)[2]


def test_attribution_adds_up_to_the_change_against_no_incursion(twofront: Command):
    _, out, _ = twofront(*RUN, "--attribution", "--json", "--out", "here", "--no-figure")
    parts = {name: part["mean"] for name, part in json.loads(out)["attribution"].items()}
    total = parts.pop("change against no incursion")
    assert set(parts) == {"defender's diversion", "initiator's own diversion", "allied inflow", "remainder"}
    assert total == pytest.approx(sum(parts.values()))
    runs, gains = (read_parquet(Path("here", name)) for name in ("replications.parquet", "attribution.parquet"))
    np.testing.assert_array_equal(gains["gain.111"], runs["main.territory_km2.first"])
    np.testing.assert_allclose(gains["gain.111"] - gains["gain.counterfactual"], runs["main_gain_kept_km2"])
    assert "part of the change in main gain" in twofront(*RUN, "--attribution", "--no-figure")[1]


def test_attribution_needs_an_incursion(twofront: Command):
    code, _, err = twofront(*RUN, "--attribution", "--set", "incursion.ordered=false")
    assert code == 2
    assert "--attribution: needs a scenario that orders an incursion" in err


def test_progress_off_a_terminal_is_a_plain_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    clock = iter([0.0, 1.0, 6.0, 7.0, 12.0, 13.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    with progress("kursk", 1_300, quiet=False) as report:
        assert report is not None
        for done in (100, 600, 700, 1_200, 1_300):
            report(done, 1_300)
    assert capsys.readouterr().err.splitlines() == [
        "kursk: 600 of 1,300 runs (100/s, 7 s left)",
        "kursk: 1,200 of 1,300 runs (100/s, 1 s left)",
    ]
    with progress("kursk", 10, quiet=True) as report:
        assert report is None


def test_progress_on_a_terminal_is_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with progress("kursk", 10, quiet=False) as report:
        assert report is not None
        report(10, 10)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("km2", 1234567.891, "1,234,568"),
        ("km2", 12.345, "12.3"),
        ("ratio", 0.123456, "0.123"),
        ("ratio", -0.0001, "0.000"),
        ("people", 0.0, "0"),
        ("day", 12.0, "12"),
        ("probability", 0.5, "50"),
    ],
)
def test_numbers_are_written_to_be_read(unit: str, value: float, text: str):
    row = Row("x", unit, "", 10, value, None, None, None, None)
    assert shower(row)(value) == text
    assert shower(row)(float("inf")) == "> end" or unit == "probability"


def test_the_first_compile_is_announced(twofront: Command, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sim.model.kernel.WARM", False)
    code, _, err = twofront(*RUN, "--no-figure")
    assert code == 0
    assert "compiling the model once" in err
