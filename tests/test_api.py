"""The Python interface: the same functions, results and errors as the commands, as frames and figures."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from test_compare import SCENARIO

import sim
from sim.cli import main as cli
from sim.errors import InputError, SimError

pytestmark = pytest.mark.slow  # `make fast` leaves these out

ROOT = Path(__file__).resolve().parents[1]
PEOPLE = "sides.red.contingents.ally.inflow.people"
AMOUNT = ["-n", "6", "--draws", "2"]
Command = Callable[..., str]


@pytest.fixture
def war(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> sim.Scenario:
    monkeypatch.chdir(tmp_path)
    Path("war.yaml").write_text(SCENARIO, encoding="utf-8")
    return sim.load("war.yaml")


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    def given(*arguments: str) -> str:
        with pytest.raises(SystemExit, match="0"):
            cli.main(list(arguments))
        return capsys.readouterr().out

    return given


def tables(folder: Path) -> dict[str, str]:
    return dict(json.loads((folder / "manifest.json").read_text())["files"])


def test_importing_the_package_imports_nothing_heavy() -> None:
    look = "print(*(name in sys.modules for name in ('sim.api', 'numpy', 'numba', 'matplotlib')))"
    code = f"import sys, sim; {look}; sim.load; {look}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["False False False False", "True True False False"]


def test_what_the_package_offers_is_there() -> None:
    from sim import api

    assert set(sim._INTERFACE) <= set(dir(sim)) & set(api.__all__)
    assert all(getattr(sim, name) is getattr(api, name) for name in sim._INTERFACE)
    with pytest.raises(AttributeError, match="no attribute 'laod'"):
        _ = sim.laod


def test_a_run_is_that_of_the_command(war: sim.Scenario, command: Command) -> None:
    mine = war.run(replications=6, draws=2)
    command("run", "war.yaml", *AMOUNT, "--no-figure", "--out", "theirs")
    assert tables(mine.folder) == tables(Path("theirs"))
    assert mine.id == sim.open_result("theirs").id
    assert mine.manifest["command"] == "twofront run war.yaml -n 6 --draws 2"
    assert mine.folder.parent == Path("results")


def test_nothing_is_printed_unless_asked_for(
    war: sim.Scenario, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.model.kernel.WARM", False)  # so that the commands would say that they compile
    war.run(replications=4, draws=0)
    war.sweep({PEOPLE: [0, 1000]}, replications=4, draws=0)
    sim.compare({"a": war, "b": war.vary(sets={PEOPLE: 0})}, replications=4, draws=0)
    assert capfd.readouterr() == ("", "")
    war.run(replications=4, draws=0, quiet=False)
    assert "compiling" in capfd.readouterr().err


def test_the_summary_of_a_run_is_the_table_of_the_command(war: sim.Scenario, command: Command) -> None:
    told = json.loads(command("run", "war.yaml", *AMOUNT, "--no-figure", "--json"))["outcomes"]
    rows = war.run(replications=6, draws=2).summary(every=True).set_index("outcome")
    assert len(rows) > 20
    for name, row in rows.iterrows():
        theirs = told[name]
        assert theirs["mean"] is None or row["mean"] == theirs["mean"]
        assert theirs["mean"] is not None or np.isnan(row["mean"])
    assert rows["luck_q95"].notna().any()
    assert rows["assumptions_q95"].notna().any()


def test_a_frame_has_a_row_for_each_run_and_a_series_for_each_day(war: sim.Scenario) -> None:
    result = war.run(replications=6, draws=2)
    runs = result.frame()
    assert isinstance(runs, pd.DataFrame)
    assert runs[["point", "draw", "replication"]].to_numpy().tolist() == [
        [0, draw, replication] for draw in range(3) for replication in range(6)
    ]
    assert (runs["status"] == 0).all()
    days = result.series_frame()
    ground = days[days["name"] == "edge.territory_km2"]
    assert ground["day"].tolist() == list(range(41))
    assert ground["mean"].iloc[-1] == pytest.approx(runs["edge.territory_km2"].mean(), rel=1e-6)  # single precision


def test_varying_leaves_the_scenario_and_changes_the_copy(war: sim.Scenario) -> None:
    other = war.vary(sets={PEOPLE: 5000}).vary(sets={"combat.ground": {"uniform": [0.1, 0.2]}})
    assert (war.sets, list(other.sets)) == ({}, [PEOPLE, "combat.ground"])
    assert other.loaded.hash != war.loaded.hash
    assert "5000" in other.yaml()
    assert other.run(replications=2, draws=0).id != war.run(replications=2, draws=0).id
    assert PEOPLE in repr(other)


def test_a_comparison_is_that_of_the_command(war: sim.Scenario, command: Command) -> None:
    Path("none.yaml").write_text(SCENARIO.replace("people: 2000", "people: 0"), encoding="utf-8")
    told = json.loads(command("compare", "war.yaml", "none.yaml", *AMOUNT, "--json"))
    mine = sim.compare({"war": war, "none": sim.load("none.yaml")}, replications=6, draws=2)
    pairs = mine.differences()
    assert mine.id == told["id"]
    assert pairs["outcome"].tolist() == [pair["outcome"] for pair in told["pairs"]]
    assert pairs["difference"].tolist() == [pair["difference"] for pair in told["pairs"]]
    wide = [pair["simultaneous_ci95"] or [None, None] for pair in told["pairs"]]
    np.testing.assert_array_equal(pairs[["low", "high"]].to_numpy(float), np.array(wide, float))
    assert mine.summary()["mean"].notna().any()
    assert mine.frame().groupby("label").size().to_dict() == {"none": 18, "war": 18}
    assert mine.manifest["command"].startswith("sim.compare({'war': sim.load('war.yaml'), ")


def test_a_comparison_knows_its_reference_and_outcomes(war: sim.Scenario) -> None:
    points = {name: war.vary(sets={PEOPLE: people}) for name, people in (("a", 0), ("b", 9000), ("c", 18000))}
    found = sim.compare(points, reference="b", outcomes=["red.casualt*"], replications=6, draws=0)
    pairs = found.differences()
    assert pairs[["first", "second"]].to_numpy().tolist() == [["a", "b"], ["c", "b"]]
    runs = found.frame().pivot(index="replication", columns="label", values="red.casualties")
    assert pairs["difference"].tolist() == pytest.approx([(runs[name] - runs["b"]).mean() for name in ("a", "c")])


def test_a_sweep_is_that_of_the_command(war: sim.Scenario, command: Command) -> None:
    mine = war.sweep({PEOPLE: range(0, 4001, 2000)}, replications=6, draws=2)
    command("sweep", "war.yaml", "--vary", f"{PEOPLE}=0:4000:2000", *AMOUNT, "--out", "theirs")
    assert tables(mine.folder) == tables(Path("theirs"))
    runs = mine.frame()
    assert runs.groupby(PEOPLE).size().to_dict() == {0.0: 18, 2000.0: 18, 4000.0: 18}
    means = mine.summary().query("outcome == 'red.casualties'").set_index(PEOPLE)["mean"]
    assert means.to_dict() == pytest.approx(runs.groupby(PEOPLE)["red.casualties"].mean().to_dict())
    assert mine.manifest["command"] == f"twofront sweep war.yaml --vary {PEOPLE}=0:4000:2000 -n 6 --draws 2"


@pytest.mark.parametrize("values", [[0, 2000], np.array([0, 2000]), (0.0, 2000.0), "0:2000:2000", range(0, 2001, 2000)])
def test_values_of_a_sweep_may_be_given_in_many_ways(war: sim.Scenario, values: object) -> None:
    found = war.sweep({PEOPLE: values}, replications=2, draws=0, outcomes=["red.casualties"])
    assert found.frame()[PEOPLE].tolist() == [0.0, 0.0, 2000.0, 2000.0]


def test_a_sweep_file_runs_and_what_is_given_goes_first(war: sim.Scenario) -> None:
    text = f"sweep: 1\nscenario: war.yaml\nvary: {{{PEOPLE}: [0, 2000]}}\ndraws: 0\nreplications: 9\n"
    Path("file.yaml").write_text(text, encoding="utf-8")
    assert len(sim.sweep("file.yaml").frame()) == 18
    assert len(sim.sweep("file.yaml", {PEOPLE: [500]}, replications=2).frame()) == 2


def test_figures_are_drawn_shown_and_saved(war: sim.Scenario) -> None:
    result = war.run(replications=4, draws=1)
    figure = result.plot(save="figures/fan.png")
    assert isinstance(figure, Figure)
    assert Path("figures/fan.png").read_bytes().startswith(b"\x89PNG")
    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]
    other = war.vary(sets={PEOPLE: 0}).run(replications=4, draws=1)
    assert isinstance(sim.plot([result, other], "dots"), Figure)
    assert isinstance(result.plot("heatmap", side="red", start="2024-01-10"), Figure)


def test_a_kept_result_opens_as_what_it_is(war: sim.Scenario) -> None:
    compared = sim.compare({"a": war, "b": war.vary(sets={PEOPLE: 0})}, replications=4, draws=0)
    for made in (war.run(replications=4), war.sweep({PEOPLE: [0]}, replications=2, draws=0), compared):
        found = sim.open_result(made.folder)
        assert type(found) is type(made)
        pd.testing.assert_frame_equal(found.frame(), made.frame())
        assert made.id in repr(found)


WRONG: list[tuple[str, Callable[[sim.Scenario], object], type[Exception], str]] = [
    ("file", lambda war: sim.load("none.yaml"), InputError, r"none\.yaml"),
    ("path", lambda war: war.vary(sets={"combat.groun": 1}), InputError, "did you mean 'combat.ground'"),
    ("choice", lambda war: war.vary(choices={"red.inflow": "none"}), InputError, "red.inflow"),
    ("argument", lambda war: war.run(replicatons=2), TypeError, "did you mean 'replications'"),
    ("sweep's argument", lambda war: war.sweep({PEOPLE: [0]}, pionts=2), TypeError, "did you mean 'points'"),
    ("replications", lambda war: war.run(replications=0), InputError, "replications"),
    ("factor", lambda war: war.sweep({"combat.groun": [1]}), InputError, "combat.groun"),
    ("no values", lambda war: war.sweep({PEOPLE: []}), InputError, PEOPLE),
    ("alone", lambda war: sim.compare({"a": war}), InputError, "two or more"),
    (
        "reference",
        lambda war: sim.compare({"a": war, "b": war}, reference="c"),
        InputError,
        "'c' is none of the points",
    ),
    ("folder", lambda war: sim.open_result("nowhere"), InputError, "does not exist"),
    ("kind", lambda war: war.run(replications=2, draws=0).plot("fam"), InputError, "did you mean 'fan'"),
    ("detail", lambda war: war.run(replications=2, draws=0).plot(sid="red"), TypeError, "did you mean 'side'"),
    ("sides", lambda war: war.run(replications=2, draws=0).plot("heatmap"), InputError, "name a side"),
    ("format", lambda war: war.run(replications=2, draws=0).plot(save="a.gif"), InputError, "no format 'gif'"),
    ("day", lambda war: war.run(replications=2, draws=0).plot("heatmap", start="May"), InputError, "'May' is no date"),
]


@pytest.mark.parametrize(("wrong", "kind", "message"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_is_wrong_is_said(
    war: sim.Scenario, wrong: Callable[[sim.Scenario], object], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        wrong(war)


def test_a_changed_table_is_refused(war: sim.Scenario) -> None:
    result = war.run(replications=2, draws=0)
    (result.folder / "replications.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="was changed after the run"):
        sim.open_result(result.folder).frame()


def test_an_interruption_is_raised_after_what_is_finished_is_kept(
    war: sim.Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*given: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sim.experiment.sweep_run._finish", interrupted)
    with pytest.raises(KeyboardInterrupt, match="what is finished is kept in results"):
        war.run(replications=2, draws=0)
    (kept,) = Path("results").iterdir()
    assert sim.open_result(kept).manifest["interrupted"]


def test_failed_runs_are_warned_of(war: sim.Scenario) -> None:
    from sim.api import _opened

    folder = war.run(replications=2, draws=0).folder
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["runs"]["failed"] = 1
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.warns(UserWarning, match="1 runs failed"):
        _opened(sim.Run, folder, False)


def test_without_polars_it_is_said_how_to_get_it(war: sim.Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(SimError, match="pip install polars"):
        war.run(replications=2, draws=0).polars()


def test_polars_has_the_rows_of_pandas_with_null_for_what_is_missing(war: sim.Scenario) -> None:
    pytest.importorskip("polars")
    result = war.run(replications=4, draws=1)
    one, other = result.frame(), result.polars()
    assert other.columns == one.columns.tolist()
    assert sum(other.null_count().row(0)) == int(one.isna().sum().sum())
    assert result.series_polars().height == len(result.series_frame())


def test_every_block_of_the_page_runs(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) >= 4
    assert len(blocks[0].strip().splitlines()) < 10
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    code = re.sub(r"replications=\d+", "replications=4", "\n".join(blocks))
    command = [sys.executable, "-W", "error", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in tmp_path.glob("*.png")} == {"differences.png", "response.png"}
