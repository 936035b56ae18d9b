"""The commands `sweep`, `results` and `rerun`: from a design to tables, interrupted, resumed, extended, repeated."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from sweeps import INFLOW, LENGTH, plan_over, written

from sim.analysis.point_summary import NUMBERS, point_numbers, summarise_points
from sim.analysis.stats import Crossing, summarise
from sim.cli import main as cli
from sim.experiment import sweep_run
from sim.experiment.blocks import Span
from sim.experiment.design import Design
from sim.experiment.plan import CENSORED, Plan
from sim.experiment.rerun import Which, _with_neighbour
from sim.experiment.sweep_run import Done, How, carry_out
from sim.experiment.tables import read_parquet
from sim.experiment.workers import DASK, PROCESSES, THREADS, Where
from sim.scenario.load import load
from sim.scenario.sweep_file import read_sweep

pytestmark = pytest.mark.slow  # `make fast` leaves these out

ROOT = Path(__file__).resolve().parents[1]
VARY = ("--vary", f"{INFLOW}=0:4000:1000")
SWEEP = ("sweep", "campaign.yaml", *VARY, "--draws", "2", "-n", "5")
TABLES = ("replications.parquet", "points.parquet", "summary.parquet", "summary.csv", "scenarios.parquet")
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def twofront(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line in a folder with the scenario; return its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sim.model.kernel.WARM", True)
    written(tmp_path)

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


def tables(folder: str | Path) -> dict[str, bytes]:
    return {name: Path(folder, name).read_bytes() for name in TABLES}


def made(plan: Plan, folder: Path, where: Where = Where(THREADS, 2), **how: Any) -> Done:  # noqa: B008
    return carry_out(plan, folder, How(where, summarise_points, **how))


def test_a_sweep_is_saved_with_all_its_tables(twofront: Command) -> None:
    code, out, err = twofront(*SWEEP)
    (folder,) = Path("results").iterdir()
    assert (code, "error" in err) == (0, False)
    assert {path.name for path in folder.iterdir()} == {*TABLES, "scenario.yaml", "manifest.json"}
    about = manifest(folder)
    assert set(about["files"]) == {*TABLES, "scenario.yaml"}
    assert (about["kind"], about["interrupted"], about["points"]) == ("sweep", False, 5)
    assert about["runs"] == {"asked": 75, "done": 75, "failed": 0}
    assert about["factors"] == [{"name": INFLOW, "kind": "number", "unit": "people"}]
    points = read_parquet(folder / "points.parquet")
    assert list(points) == ["point", "label", "hash", "variant", INFLOW]
    assert points[INFLOW].tolist() == [0.0, 1000.0, 2000.0, 3000.0, 4000.0]
    rows = read_parquet(folder / "replications.parquet")
    assert list(rows)[:4] == ["point", "draw", "replication", "status"]
    order = list(zip(rows["point"], rows["draw"], rows["replication"], strict=True))
    assert order == sorted(order)
    assert len(set(order)) == 75
    assert "75 runs: 5 points (grid) x 3 draws of the assumptions (the first is central) x 5 replications" in out
    assert f"result: {folder}" in out
    shown = [line.split()[:2] for line in out.splitlines() if re.match(r" +\d ", line)]
    assert shown == [["0", "0"], ["1", "1,000"], ["2", "2,000"], ["3", "3,000"], ["4", "4,000"]]


def test_a_point_has_the_numbers_of_a_run_with_the_value_set(twofront: Command) -> None:
    twofront(*SWEEP, "--out", "swept")
    twofront(
        "run", "campaign.yaml", "--set", f"{INFLOW}=2000", "--draws", "2", "-n", "5", "--no-figure", "--out", "set"
    )
    swept, alone = (read_parquet(Path(folder, "replications.parquet")) for folder in ("swept", "set"))
    those = swept["point"] == 2
    for name, column in alone.items():
        if name != "seed":
            np.testing.assert_array_equal(swept[name][those], column, err_msg=name)
    assert len(alone) > 60


def test_choices_and_dates_are_loaded_anew_and_equal_a_run_that_takes_them(twofront: Command) -> None:
    vary = ("--vary", "red.answer=calm,strike", "--vary", "incursion.at=2024-01-04,2024-01-08")
    assert twofront("sweep", "campaign.yaml", *vary, "--draws", "1", "-n", "4", "--out", "swept")[0] == 0
    options = ("--choice", "red.answer=strike", "--set", "incursion.at=2024-01-08")
    twofront("run", "campaign.yaml", *options, "--draws", "1", "-n", "4", "--no-figure", "--out", "alone")
    swept, alone = (read_parquet(Path(folder, "replications.parquet")) for folder in ("swept", "alone"))
    for name, column in alone.items():
        if name != "seed":
            np.testing.assert_array_equal(swept[name][swept["point"] == 3], column, err_msg=name)
    assert np.isnan(swept["red.expel.day"][swept["point"] < 2]).all()
    points = read_parquet(Path("swept/points.parquet"))
    assert points["red.answer"].tolist() == ["calm", "calm", "strike", "strike"]
    assert points["hash"][3] == manifest("alone")["scenario_hash"]


@pytest.mark.parametrize(
    ("where", "block"),
    [(Where(THREADS, 1), 1), (Where(THREADS, 3), 7), (Where(THREADS, 2), 1000), (Where(PROCESSES, 2), 10)],
)
def test_neither_executor_nor_blocks_change_a_byte(tmp_path: Path, where: Where, block: int) -> None:
    plan = plan_over(written(tmp_path), [f"{INFLOW}=0,3000", "red.answer"], Design(1, 1, 5))
    made(plan, tmp_path / "one", Where(THREADS, 1), block=20)
    made(plan, tmp_path / "other", where, block=block)
    assert tables(tmp_path / "one") == tables(tmp_path / "other")


@pytest.mark.slow
def test_dask_changes_no_byte(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    plan = plan_over(written(tmp_path), [f"{INFLOW}=0,3000", "red.answer"], Design(1, 1, 5))
    made(plan, tmp_path / "one", Where(THREADS, 1))
    made(plan, tmp_path / "other", Where(DASK, 2), block=6)
    assert tables(tmp_path / "one") == tables(tmp_path / "other")


def interrupted_after(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Press Ctrl-C when some parts have been written."""
    real, seen = sweep_run.Parts.add, []

    def add(self: Any, part: Any) -> None:
        real(self, part)
        seen.append(part)
        if len(seen) == count:
            raise KeyboardInterrupt

    monkeypatch.setattr(sweep_run.Parts, "add", add)


def test_ctrl_c_keeps_what_is_done_says_how_to_go_on_and_the_same_command_does(
    twofront: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    twofront(*SWEEP, "--out", "whole")
    with monkeypatch.context() as patch:
        interrupted_after(2, patch)
        code, out, err = twofront(*SWEEP)
    (folder,) = Path("results").iterdir()
    assert (code, out) == (130, "")
    assert f"runs are kept in {folder}" in err
    assert f"to go on from there: twofront {' '.join(SWEEP)}" in err
    assert (manifest(folder)["interrupted"], manifest(folder)["id"]) == (True, manifest("whole")["id"])
    done = manifest(folder)["runs"]["done"]
    assert 0 < done < 75
    assert f"interrupted, {done} of 75 runs" in twofront("results")[1]
    code, out, _ = twofront(*SWEEP)
    assert (code, len(list(Path("results").iterdir()))) == (0, 1)
    assert f"{done} of them were there before" in out
    assert tables(folder) == tables("whole")


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from sim.experiment import sweep_run
from sim.experiment.workers import Where
from sim.experiment.design import Design
from sweeps import INFLOW, plan_over
plan = plan_over(Path("campaign.yaml"), [f"{{INFLOW}}=0:4000:1000"], Design(1, 2, 5))
real, seen = sweep_run.Parts.add, []
def add(self, part):
    real(self, part)
    seen.append(part)
    if len(seen) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
sweep_run.Parts.add = add
sweep_run.carry_out(plan, Path("killed"), sweep_run.How(Where("threads", 2), block=6))
"""


def test_a_killed_sweep_goes_on_to_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = plan_over(written(tmp_path), [f"{INFLOW}=0:4000:1000"], Design(1, 2, 5))
    code = KILLED.format(tests=str(ROOT / "tests"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=False)
    assert ended.returncode == -signal.SIGKILL
    parts = sorted(Path("killed/parts").glob("*.part"))
    assert len(parts) == 4
    parts[0].write_bytes(parts[0].read_bytes()[:-100])  # and a crash of the machine tore one
    again = made(plan, Path("killed"))
    assert (again.torn, again.failed, again.done) == (1, 0, 75)
    assert 0 < again.before < 75
    made(plan, Path("whole"))
    assert tables("killed") == tables("whole")


def test_a_design_is_extended_by_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path)
    small = plan_over(file, [f"{INFLOW}=0:4000:2000"], Design(1, 1, 5))
    large = plan_over(file, [f"{INFLOW}=0:4000:1000"], Design(1, 2, 8))
    made(small, tmp_path / "grown")
    grown = made(large, tmp_path / "grown")
    assert grown.before == 3 * 2 * 4  # the fifth replication had no neighbour to be compared with
    made(large, tmp_path / "whole")
    assert tables(tmp_path / "grown") == tables(tmp_path / "whole")
    monkeypatch.setattr(sweep_run, "run_blocks", lambda *_: pytest.fail("nothing was missing"))
    assert made(large, tmp_path / "grown").before == large.runs


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--seed", "7"), "seed was 0 and is 7"),
        (("--set", "combat.posture=1.2"), r"scenario was \w+ and is \w+"),
        (("--vary", f"{LENGTH}=90,100"), r"5 of its 5 points are not in this design"),
        (("-n", "4"), "it has 5 replications, more than the 4 asked for"),
        (("--draws", "1"), "it has 2 draws, more than the 1 asked for"),
        (("--outcomes", "regained"), "outcomes was none named and is regained"),
    ],
)
def test_another_sweep_in_the_folder_says_what_changed_and_offers_to_start_over(
    twofront: Command, arguments: tuple[str, ...], message: str
) -> None:
    twofront(*SWEEP, "--out", "here")
    before = tables("here")
    code, _, err = twofront(*SWEEP, *arguments, "--out", "here")
    assert code == 2
    assert re.search(rf"here: holds another result: {message}.*--fresh", err)
    assert tables("here") == before
    assert twofront(*SWEEP, *arguments, "--out", "here", "--fresh")[0] == 0
    assert tables("here") != before


def test_another_model_is_another_result(tmp_path: Path, twofront: Command) -> None:
    twofront(*SWEEP, "--out", "here")
    about = manifest("here")
    about["identity"]["model version"] = "0123"
    Path("here/manifest.json").write_text(json.dumps(about))
    code, _, err = twofront(*SWEEP, "--out", "here")
    assert (code, "model version was 0123 and is" in err) == (2, True)


def test_a_plain_run_in_the_folder_is_not_written_over(twofront: Command) -> None:
    twofront("run", "campaign.yaml", "-n", "2", "--draws", "0", "--no-figure", "--out", "here")
    code, _, err = twofront(*SWEEP, "--out", "here")
    assert (code, "it is a run, this is a sweep" in err) == (2, True)


def test_a_folder_that_another_command_is_writing_is_refused(tmp_path: Path) -> None:
    plan = plan_over(written(tmp_path), [f"{INFLOW}=0,1"], Design(1, 0, 2))
    (tmp_path / "here").mkdir()
    with sweep_run._locked(tmp_path / "here"), pytest.raises(Exception, match="another command is writing there"):
        made(plan, tmp_path / "here")


def test_failed_points_are_recorded_and_the_rest_goes_on(twofront: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.experiment.plan._CHECKED", 1)  # so that the contradiction comes to light in a block
    vary = ("--vary", "incursion.force.army=5000,25000,8000")
    code, _, err = twofront("sweep", "campaign.yaml", *vary, "--draws", "1", "-n", "3", "--out", "here")
    assert code == 1
    assert "failed: point 1, draw 0, replication 0: --vary: incursion.force.army: 25000 people are more" in err
    assert "6 of 18 runs failed; they are listed in here/manifest.json; --retry-failed" in err
    about = manifest("here")
    assert about["runs"] == {"asked": 18, "done": 18, "failed": 6}
    assert {row["point"] for row in about["failures"]} == {1}
    rows = read_parquet(Path("here/replications.parquet"))
    assert set(rows["status"][rows["point"] == 1].tolist()) == {-1}
    assert not rows["status"][rows["point"] != 1].any()
    assert ", 6 failed" in twofront("results", "here")[1]
    code, _, _ = twofront("sweep", "campaign.yaml", *vary, "--draws", "1", "-n", "3", "--out", "here")
    assert (code, manifest("here")["failures"]) == (1, about["failures"])


def test_what_failed_is_run_again_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_over(written(tmp_path), [f"{INFLOW}=0,1000"], Design(1, 0, 6))
    made(plan, tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr("sim.experiment.workers.work", lambda task: 1 / 0)
        assert made(plan, tmp_path / "here", block=4).failed == 12
    assert made(plan, tmp_path / "here").failed == 12
    mended = made(plan, tmp_path / "here", retry_failed=True)
    assert (mended.failed, mended.done) == (0, 12)
    assert tables(tmp_path / "here") == tables(tmp_path / "whole")
    assert manifest(tmp_path / "here")["failures"] == []


def test_the_summary_has_the_numbers_of_the_table_of_a_run(tmp_path: Path) -> None:
    plan = plan_over(written(tmp_path), [f"{INFLOW}=0,3000"], Design(1, 4, 9))
    made(plan, tmp_path / "here")
    rows = read_parquet(tmp_path / "here" / "replications.parquet")
    found = read_parquet(tmp_path / "here" / "summary.parquet")
    for point in (0, 1):
        those = rows["point"] == point
        columns = {outcome.name: rows[outcome.name][those] for outcome in plan.outcomes}
        which = Crossing(rows["draw"][those], rows["replication"][those])
        for row in summarise(columns, which, plan.outcomes, plan.ratios, CENSORED):
            at = np.flatnonzero((found["point"] == point) & (found["outcome"] == row.name))
            mine = {name: float(found[name][at][0]) for name in NUMBERS}
            assert mine["runs"] == row.runs
            _same(mine["mean"], row.mean)
            _same(mine["luck_q05"], row.luck[0] if row.luck else None)
            _same(mine["luck_q50"], row.luck[1] if row.luck else None)
            _same(mine["luck_q95"], row.luck[2] if row.luck else None)
            _same(mine["assumptions_q05"], row.assumptions[0] if row.assumptions else None)
            _same(mine["assumptions_q95"], row.assumptions[1] if row.assumptions else None)
            _same(mine["mean_low"], row.mean_ci95[0] if row.mean_ci95 else None)
            _same(mine["mean_high"], row.mean_ci95[1] if row.mean_ci95 else None)
            if row.mean_ci95 and row.unit != "probability":
                half = (row.mean_ci95[1] - row.mean_ci95[0]) / 2
                assert mine["mean_se"] * 2.7764451051977987 == pytest.approx(half, rel=1e-9)  # t, 4 degrees of freedom


def test_a_share_of_none_has_an_interval_in_table_json_and_summary(twofront: Command) -> None:
    sweep = (
        "sweep",
        "campaign.yaml",
        "--vary",
        f"{INFLOW}=0,3000",
        "-n",
        "20",
        "--draws",
        "0",
        "--outcomes",
        "regained",
    )
    _, out, _ = twofront(*sweep, "--out", "here")
    row = next(line for line in out.splitlines() if line.strip().startswith("0 "))
    assert row.split()[2:] == ["0", "[0", "|", "16]"]  # Wilson 1927: 0 of 20 is 0 to 16.1 %
    assert "of a probability its ends (Wilson)" in out
    _, out, _ = twofront(*sweep, "--out", "here", "--json")
    numbers = json.loads(out)["points"][0]["outcomes"]["regained"]
    assert (numbers["mean"], numbers["mean_low"]) == (0, 0)
    assert numbers["mean_high"] == pytest.approx(0.16113, abs=1e-5)


def test_the_summary_is_the_same_for_points_that_do_not_fit_in_memory_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_over(written(tmp_path), [f"{INFLOW}=0,3000"], Design(1, 2, 5))
    made(plan, tmp_path / "here")
    before = (tmp_path / "here" / "summary.csv").read_bytes()
    monkeypatch.setattr("sim.analysis.point_summary._ROWS", 10)
    summarise_points(plan, tmp_path / "here")
    assert (tmp_path / "here" / "summary.csv").read_bytes() == before


def _same(mine: float, theirs: float | None) -> None:
    if theirs is None or not np.isfinite(theirs):
        assert np.isnan(mine)
    else:
        assert mine == pytest.approx(theirs, rel=1e-9, abs=1e-12)


def test_standard_errors_of_central_assumptions_alone_are_those_of_a_mean() -> None:
    from sim.model.tally import Outcome

    values = np.random.default_rng(0).normal(size=(3, 1, 50))
    found = point_numbers(Outcome("x", "km2", ""), {"x": values}, {})
    np.testing.assert_allclose(found["mean_se"], values[:, 0].std(axis=1, ddof=1) / np.sqrt(50))
    np.testing.assert_allclose(found["luck_sd"], values[:, 0].std(axis=1, ddof=1))
    assert np.isnan(found["assumptions_q05"]).all()


def test_a_dry_run_shows_the_design_and_writes_nothing(twofront: Command, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    code, out, _ = twofront("sweep", "campaign.yaml", "--vary", f"{INFLOW}=0:30000:1000", "--dry-run")
    assert code == 0
    for part in ("31 points", "people = 0\n", "people = 30000", "  ...\n", "of disk", "runs/s", "nothing was run"):
        assert part in out
    content = json.loads(twofront(*SWEEP, "--dry-run", "--json")[1])
    assert [point[INFLOW] for point in content["points"]] == [0, 1000, 2000, 3000, 4000]
    assert (content["runs_asked"], content["dry_run"]) == (75, True)
    assert sorted(tmp_path.rglob("*")) == before


def test_json_is_clean_and_has_each_point(twofront: Command) -> None:
    code, out, err = twofront(*SWEEP, "--outcomes", "west.territory_km2", "--json")
    content = json.loads(out)
    assert (code, err) == (0, "")
    assert [point["point"] for point in content["points"]] == [0, 1, 2, 3, 4]
    assert set(content["points"][0]["outcomes"]["west.territory_km2"]) == set(NUMBERS)
    assert twofront(*SWEEP, "--quiet", "--out", "here")[1:] == ("here\n", "")


def test_large_designs_show_the_levels_of_each_factor(twofront: Command) -> None:
    vary = ("--vary", f"{INFLOW}=0:30000", "--vary", "red.answer", "--design", "lhs", "--points", "60")
    code, out, err = twofront("sweep", "campaign.yaml", *vary, "--draws", "0", "-n", "2", "--out", "here")
    assert code == 0
    assert "largest correlation between two factors" in err
    assert [line.split()[:2] for line in out.splitlines() if re.match(" (answer|people) ", line)] == [
        ["people", out.split(" people ")[1].split()[0]],
        ["answer", "calm"],
    ]
    assert len(re.findall(r"[\d,]+ to [\d,]+ +12 ", out)) == 5
    assert "mean over the points at that level" in out


def test_a_sweep_file_gives_the_sweep_and_the_command_line_goes_first(twofront: Command) -> None:
    Path("s.yaml").write_text(
        f"sweep: 1\nscenario: campaign.yaml\nvary:\n  {INFLOW}: 0:2000:1000\n  {LENGTH}:\ndesign: sobol\npoints: 4\n"
        "draws: 0\nreplications: 2\noutcomes: [regained]\nset: {combat.posture: 1.2}\nchoose: {red.answer: strike}\n"
    )
    code, out, _ = twofront("sweep", "s.yaml", "--json", "--out", "a")
    content = json.loads(out)
    assert (code, content["design"], content["point_count"]) == (0, "sobol", 4)
    assert manifest("a")["scenario"]["choices"] == {"red.answer": "strike"}
    assert manifest("a")["scenario"]["sets"] == ["combat.posture=1.2"]
    more = ("--design", "grid", "--vary", f"{LENGTH}=90,100", "-n", "3", "--choice", "red.answer=calm")
    content = json.loads(twofront("sweep", "s.yaml", *more, "--json", "--out", "b")[1])
    assert (content["point_count"], content["replications"]) == (6, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("campaign.yaml",), "--vary: the design is empty: name what varies"),
        (("gone.yaml", *VARY), "gone.yaml: cannot be read"),
        (("campaign.yaml", "--vary", "a.b=1"), "--vary: a.b: there is no such path"),
        (("campaign.yaml", *VARY, "--set", f"{INFLOW}=5"), "is given twice, here and by --set"),
        (("campaign.yaml", "--vary", "red.answer", "--choice", "red.answer=calm"), "given twice, here and by --choice"),
        (("campaign.yaml", *VARY, "--executor", "abacus"), "'abacus' does not exist; allowed: threads"),
        (("campaign.yaml", *VARY, "-n", "0"), "--replications: 0 is below 1"),
        (("campaign.yaml", *VARY, "-n", "1000000000"), "runs, more than 10,000,000"),
        (("campaign.yaml", *VARY, "--outcomes", "regaind"), "there is no outcome 'regaind'; did you mean 'regained'"),
        (("campaign.yaml", *VARY, "--out", "campaign.yaml/x"), "results cannot be written there: not a directory"),
        (("campaign.yaml", *VARY, "--out", "."), "is not empty and holds no result of twofront"),
    ],
)
def test_bad_input_exits_with_2_and_leaves_nothing(twofront: Command, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = twofront("sweep", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert [path.name for path in Path().iterdir()] == ["campaign.yaml"]


def test_a_full_disk_is_said_before_anything_runs(twofront: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.experiment.store.free_bytes", lambda folder: 1000)
    code, _, err = twofront(*SWEEP)
    assert (code, "of disk, but only 1 kB is free" in err) == (2, True)
    assert not list(Path("results").iterdir())


def test_results_are_listed_and_damaged_folders_named(twofront: Command) -> None:
    twofront(*SWEEP, "--quiet")
    twofront("run", "campaign.yaml", "-n", "2", "--draws", "0", "--no-figure", "--quiet")
    for name, text in (("void", None), ("torn", "{"), ("part", '{"format": "twofront result 1", "id": "x"}')):
        Path("results", name).mkdir()
        if text is not None:
            Path("results", name, "manifest.json").write_text(text)
    code, out, _ = twofront("results")
    assert code == 0
    assert "sweep " in out
    assert "done, 75 runs" in out
    assert f"twofront {' '.join(SWEEP)} --quiet" in out
    assert out.count("damaged: has no readable manifest.json") == 2
    assert "damaged: manifest.json is damaged (KeyError: 'runs')" in out
    listed = {Path(entry["folder"]).name: entry for entry in json.loads(twofront("results", "--json")[1])["results"]}
    assert len(listed) == 5
    assert sorted(entry["kind"] for entry in listed.values()) == ["", "", "", "run", "sweep"]
    assert twofront("results", "gone")[0] == 2
    Path("void").mkdir()
    assert "void holds no results" in twofront("results", "void")[1]


@pytest.mark.parametrize(
    "arguments", [("--point", "3", "--draw", "2", "--replication", "3"), ("--replication", "4"), ()]
)
def test_a_run_of_a_sweep_is_repeated_alone_to_the_last_bit(twofront: Command, arguments: tuple[str, ...]) -> None:
    twofront("sweep", "campaign.yaml", *VARY, "--vary", "red.answer", "--draws", "2", "-n", "5", "--out", "here")
    code, out, _ = twofront("rerun", "here", *arguments)
    assert code == 0
    assert "outcomes are as stored, to the last bit" in out


def test_a_run_is_repeated_with_the_neighbour_that_it_is_compared_with() -> None:
    assert _with_neighbour(Which(0, 1, 3), 5) == Span("", 1, 2, 2)
    assert _with_neighbour(Which(0, 1, 2), 5) == Span("", 1, 2, 2)
    assert _with_neighbour(Which(0, 1, 4), 5) == Span("", 1, 4, 1)


def test_a_damaged_table_is_not_gone_on_with(twofront: Command) -> None:
    twofront(*SWEEP, "--out", "here")
    Path("here/replications.parquet").write_bytes(b"PAR1")
    code, _, err = twofront(*SWEEP, "--out", "here")
    assert (code, "is damaged and cannot be gone on with; --fresh starts over" in err) == (2, True)
    Path("here/points.parquet").unlink()
    code, _, err = twofront(*SWEEP, "--out", "here")
    assert (code, "lacks points.parquet; --fresh starts over" in err) == (2, True)
    assert twofront(*SWEEP, "--out", "here", "--fresh")[0] == 0


def test_a_disk_that_fills_up_keeps_what_is_done(twofront: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        if len(list(path.parent.glob("*.part"))) > 2:
            raise OSError(28, "No space left on device")
        path.write_bytes(content)

    with monkeypatch.context() as patch:
        patch.setattr("sim.experiment.parts._write", full)
        code, _, err = twofront(*SWEEP, "--out", "here")
    assert code == 1
    assert "No space left on device; what is done is kept in here" in err
    code, out, _ = twofront(*SWEEP, "--out", "here")
    assert (code, "of them were there before" in out) == (0, True)


def test_a_run_of_a_plain_result_is_repeated_and_traced(twofront: Command) -> None:
    twofront("run", "campaign.yaml", "-n", "3", "--draws", "1", "--no-figure", "--out", "here")
    code, out, _ = twofront("rerun", "here", "--draw", "1", "--replication", "1", "--trace", "t.jsonl")
    assert (code, "to the last bit" in out) == (0, True)
    events = [json.loads(line) for line in Path("t.jsonl").read_text().splitlines()]
    assert {(event["draw"], event["replication"]) for event in events} == {(1, 1)}
    assert {event["world"] for event in events} == {"main", "counterfactual"}


def test_an_outcome_that_differs_is_named(twofront: Command) -> None:
    twofront(*SWEEP, "--outcomes", "west.territory_km2,regained", "--out", "here")
    table = "here/replications.parquet"
    change = 'SELECT * REPLACE ("west.territory_km2" + 1e-9 AS "west.territory_km2")'
    duckdb.execute(f"COPY ({change} FROM '{table}') TO 'changed.parquet' (FORMAT parquet)")
    os.replace("changed.parquet", table)
    code, out, _ = twofront("rerun", "here", "--point", "1")
    assert code == 1
    assert "1 of 2 outcomes differ from what is stored" in out
    assert "west.territory_km2: stored" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--point", "5"), "--point: 5 is not there: here has points 0 to 4"),
        (("--draw", "-1"), "--draw: -1 is not there"),
        (("--replication", "5"), "here has replications 0 to 4"),
    ],
)
def test_a_run_that_is_not_there_is_refused(twofront: Command, arguments: tuple[str, ...], message: str) -> None:
    twofront(*SWEEP, "--out", "here")
    code, _, err = twofront("rerun", "here", *arguments)
    assert (code, message in err) == (2, True)


def test_results_that_cannot_be_repeated_are_refused(twofront: Command) -> None:
    twofront(*SWEEP, "--out", "here")
    about = manifest("here")
    for key, value, message in (
        ("model_version", "0123", "was run by model 0123"),
        ("branch", {"from": "abcd", "at": "2024-01-05"}, "goes on from result abcd"),
        ("user_code", [{"name": "p.py:f"}], "ran code of a user (p.py:f)"),
    ):
        Path("here/manifest.json").write_text(json.dumps({**about, key: value}))
        code, _, err = twofront("rerun", "here")
        assert (code, message in err) == (2, True)


@pytest.mark.parametrize("file", sorted((ROOT / "scenarios" / "sweeps").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_sweeps_can_be_planned(file: Path) -> None:
    from sim.cli.sweep import Asked, plan_of

    found = read_sweep(file)
    assert found is not None
    assert found.sweep.title
    plan = plan_of(Asked(file))
    assert plan.runs >= len(plan.points) >= 1
    assert load(found.scenario).hash


@pytest.mark.parametrize("command", ["sweep", "results", "rerun"])
def test_help_imports_nothing_heavy(command: str) -> None:
    heavy = "{'numpy', 'numba', 'pydantic', 'yaml', 'scipy', 'matplotlib', 'duckdb', 'rich', 'dask', 'distributed'}"
    code = (
        f"import sys\nfrom sim.cli.main import main\ntry: main([{command!r}, '--help'])\nexcept SystemExit: pass\n"
        f"print(*sorted({heavy} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.split() == []
