"""The command `plot`, on results of short campaigns and on folders written by the contract of results."""

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_run import SCENARIO

from sim.cli import main as cli
from sim.errors import InputError
from sim.experiment.flows import ON_THE_WAY, Flow, flows, landings, parties, triggers
from sim.experiment.read_result import labelled, read_result
from sim.experiment.replicate import replicate
from sim.experiment.store import FORMAT, file_hashes
from sim.experiment.tables import read_parquet, write_parquet

pytestmark = pytest.mark.slow  # `make fast` leaves these out

START, END = date(2024, 1, 1), date(2024, 2, 10)
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def twofront(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line in a folder of its own; return its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def _twofront(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit, match=r"\d+") as caught:
            cli.main(arguments)
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, err

    return _twofront


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the scenario and three results of it: as it is, another choice, another seed."""
    folder = tmp_path_factory.mktemp("results")
    (folder / "campaign.yaml").write_text(SCENARIO)
    common = ("run", str(folder / "campaign.yaml"), "-n", "6", "--draws", "2", "--quiet", "--no-figure", "--out")
    for name, extra in (("base", ()), ("stays", ("--choice", "red.ally=stays")), ("seed", ("--seed", "7"))):
        with pytest.raises(SystemExit, match="0"):
            cli.main((*common, str(folder / name), *extra))
    return folder


@pytest.fixture
def kept(results: Path, tmp_path: Path) -> Path:
    """Return a copy of the results that a test may damage."""
    return Path(shutil.copytree(results, tmp_path / "kept"))


def write_sweep(folder: Path, base: Path, factors: dict[str, list[Any]], outcome: Callable[..., float]) -> Path:
    """Write a sweep of six runs a point by the contract of results; `outcome` is of its factors and a replication."""
    folder.mkdir()
    points = len(next(iter(factors.values())))
    labels = np.array([f"point {k}" for k in range(points)], object)
    columns = {"point": np.arange(points), "label": labels, "hash": labels}
    named = {
        name: np.array(values, object if isinstance(values[0], str) else float) for name, values in factors.items()
    }
    write_parquet(folder / "points.parquet", columns | named)
    runs = [(k, draw, r) for k in range(points) for draw in range(3) for r in range(2)]
    point, draw, replication = (np.array(column) for column in zip(*runs, strict=True))
    values = np.array([outcome(*(factor[k] for factor in factors.values()), r) for k, _, r in runs])
    rows = {"point": point, "draw": draw, "replication": replication, "status": 0 * point, "dual_success": values}
    write_parquet(folder / "replications.parquet", rows | {"edge.territory_km2": 100 * values})
    shutil.copy(base / "scenario.yaml", folder / "scenario.yaml")
    manifest = json.loads((base / "manifest.json").read_text()) | {"kind": "sweep", "id": "feedbeef", "format": FORMAT}
    (folder / "manifest.json").write_text(json.dumps(manifest | {"replications": 2, "files": file_hashes(folder)}))
    return folder


# ---- what is drawn --------------------------------------------------------------------------------------------------


def test_a_run_gets_the_four_kinds_that_suit_it(twofront: Command, results: Path):
    code, out, err = twofront("plot", str(results / "base"), "--out", "here", "--format", "svg,pdf,png")
    assert code == 0, err
    stems = ("fan", "heatmap-blue", "heatmap-red", "sankey-blue", "sankey-red", "timeline")
    assert {path.name for path in Path("here").iterdir()} == {
        f"{stem}.{e}" for stem in stems for e in ("svg", "pdf", "png")
    }
    assert out.count("figure: here/") == 18
    assert "running the central replication" in err


def test_figures_go_into_the_result_and_leave_it_whole(twofront: Command, kept: Path):
    base = kept / "base"
    before = file_hashes(base)
    code, _, _ = twofront("plot", str(base), "--kind", "fan")
    assert code == 0
    assert {path.name for path in (base / "figures").iterdir()} == {"fan.png", "fan.svg"}
    assert file_hashes(base) == before


def test_several_runs_get_dots_and_differences(twofront: Command, results: Path):
    code, out, err = twofront("plot", str(results / "base"), str(results / "stays"), "--json", "--format", "svg")
    assert code == 0, err
    told = json.loads(out)
    assert [Path(path).name for path in told["figures"]] == ["dots.svg", "differences.svg"]
    assert len(told["results"]) == 2
    assert told["left_out"] == []


def test_a_side_and_a_period_can_be_asked_for(twofront: Command, results: Path):
    asked = ("--kind", "heatmap", "--side", "red", "--from", "2024-01-10", "--to", "2024-01-20", "--out", "here")
    assert twofront("plot", str(results / "base"), *asked)[0] == 0
    assert {path.name for path in Path("here").iterdir()} == {"heatmap-red.png", "heatmap-red.svg"}


def test_the_same_command_writes_the_same_bytes_and_a_marking_other_ones(twofront: Command, results: Path):
    for out, extra in (("a", ()), ("b", ()), ("c", ("--marking", "EXERCISE"))):
        assert twofront("plot", str(results / "base"), "--kind", "fan,timeline", "--out", out, *extra)[0] == 0
    a, b, c = (file_hashes(Path(out)) for out in "abc")
    assert a == b
    assert all(a[name] != c[name] for name in a)


def test_a_sweep_of_a_number_gets_a_curve_and_of_two_a_surface(twofront: Command, results: Path, tmp_path: Path):
    one = write_sweep(tmp_path / "one", results / "base", {"a.people": [3.0, 1.0, 2.0]}, lambda x, r: float(x > r + 1))
    grid = {"a": [0.0, 0.0, 1.0, 1.0], "b": [0.0, 1.0, 0.0, 1.0]}
    two = write_sweep(tmp_path / "two", results / "base", grid, lambda x, y, r: x * y * r)
    for folder, kind in ((one, "response"), (two, "surface")):
        code, out, err = twofront("plot", str(folder), "--format", "svg")
        assert code == 0, err
        assert f"figures/{kind}.svg" in out


def test_a_curve_has_the_means_of_the_table_in_the_order_of_the_factor(results: Path, tmp_path: Path):
    from sim.plotting.asked import Asked
    from sim.plotting.kinds import response

    factors = {"people": [3.0, 1.0, 2.0], "red.ally": ["comes"] * 3}
    folder = write_sweep(tmp_path / "one", results / "base", factors, lambda x, _, r: float(x > r + 1))
    figure = response(Asked((read_result(folder),), ("dual_success", "edge.territory_km2")))["response"]
    chance, ground = figure.axes
    (line,) = [line for line in chance.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(line.get_xdata(), [1, 2, 3])
    np.testing.assert_allclose(line.get_ydata(), [0, 0.5, 1])
    (line,) = [line for line in ground.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(line.get_ydata(), [0, 50, 100])


def test_dots_and_differences_have_the_means_of_the_tables(results: Path):
    from sim.plotting.asked import Asked
    from sim.plotting.kinds import differences, dots

    folders = results / "base", results / "stays"
    name = "edge.territory_km2"
    asked = Asked(tuple(read_result(folder) for folder in folders), (name,))
    means = [read_parquet(folder / "replications.parquet")[name].mean() for folder in folders]
    (axes,) = dots(asked)["dots"].axes
    np.testing.assert_allclose([line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"], means)
    (axes,) = differences(asked)["differences"].axes
    found = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(found, [means[1] - means[0]], atol=1e-9)


# ---- flows of people ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["blue", "red"])
@pytest.mark.parametrize("period", [(START, END), (date(2024, 1, 12), date(2024, 1, 25))])
def test_flows_of_a_trace_balance_for_every_pool(results: Path, side: str, period: tuple[date, date]):
    trace = replicate(results / "base" / "scenario.yaml", trace=True).trace
    found = flows(trace, side, *period)
    assert found.rows
    for pool, (before, after) in found.stocks.items():
        into = sum(row.people for row in found.rows if row.target == pool)
        assert into - sum(row.people for row in found.rows if row.source == pool) == after - before, pool


def test_flows_agree_with_the_series_of_the_same_run(results: Path):
    run = replicate(results / "base" / "scenario.yaml", trace=True)
    found = flows(run.trace, "red", START, END)
    entered = sum(row.people for row in found.rows if row.source in ("recruits", "landings"))
    assert entered == run.series["red.reinforcements"][-1] - run.series["red.reinforcements"][0]
    assert Flow("landings", "training", 2000) in found.rows
    assert found.stocks["reserve"][1] == run.series["red.reserve"][-1]
    assert [(each.contingent, each.people) for each in landings(run.trace, "red")] == [("ally", 2000)]
    assert [each.policy for each in triggers(run.trace, "red")] == ["expel"]


def test_a_party_is_followed_from_where_it_left_to_where_it_came(results: Path):
    moved = parties(replicate(results / "base" / "scenario.yaml", trace=True).trace, "red")
    from_line = [party for party in moved if (party.source, party.target) == ("line", "border")]
    assert from_line
    assert all(party.arrived is None or party.arrived > party.departed for party in from_line)
    assert all(party.target is not None for party in moved if party.arrived)
    assert ON_THE_WAY not in {party.source for party in moved}


# ---- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("nowhere",), "error: nowhere: does not exist"),
        (("{base}", "--kind", "fna"), "error: --kind: no kind 'fna'; did you mean 'fan'?"),
        (("{base}", "--kind", ","), "error: --kind: names no kind"),
        (("{base}", "--format", "bmp"), "error: --format: no format 'bmp'; allowed: png, svg, pdf, gif"),
        (("{base}", "--kind", "dots", "--outcomes", "dual_sucess"), "did you mean 'dual_success'?"),
        (("{base}", "--kind", "dots", "--outcomes", "regained_day"), "take 'regained'"),
        (("{base}", "--kind", "heatmap", "--side", "rde"), "error: --side: no side 'rde'; did you mean 'red'?"),
        (("{base}", "--kind", "heatmap", "--from", "6 August"), "error: --from: '6 August' is no date"),
        (("{base}", "--kind", "heatmap", "--to", "2025-01-01"), "error: --to: 2025-01-01 is not within the campaign"),
        (
            ("{base}", "--kind", "sankey", "--from", "2024-02-01", "--to", "2024-01-02"),
            "2024-01-02 is not after 2024-02-01",
        ),
        (("{base}", "--kind", "differences"), "differences need at least two results"),
        (("{base}", "--kind", "response"), "this kind of figure is of a sweep of 1 number"),
        (("{base}", "{base}"), "name each once"),
        (("{base}", "{stays}", "--kind", "fan"), "is of one result, and 2 are given"),
        (("{base}", "{seed}", "--kind", "differences"), "their luck is not the same"),
        (("{base}", "--out", "/proc/nowhere"), "error: --out: /proc/nowhere: figures cannot be written there"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_reason(
    twofront: Command, results: Path, asked: tuple[str, ...], message: str
):
    names = {name: str(results / name) for name in ("base", "stays", "seed")}
    code, _, err = twofront("plot", *(part.format(**names) for part in asked))
    assert code == 2
    assert message in err
    assert "Traceback" not in err


def test_what_does_not_suit_is_left_out_with_the_reason_where_it_was_not_asked_for(twofront: Command, results: Path):
    code, out, err = twofront("plot", str(results / "base"), str(results / "seed"), "--out", "here", "--format", "svg")
    assert code == 0
    assert "note: the results have different seeds" in err
    assert "left out: differences:" in err
    assert "figure: here/dots.svg" in out


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda base: (base / "series.parquet").write_bytes(b"no"), "series.parquet was changed after the run"),
        (lambda base: (base / "series.parquet").unlink(), "series.parquet is missing"),
        (lambda base: (base / "scenario.yaml").write_text("twofront: 1\n"), "scenario.yaml was changed after the run"),
        (lambda base: (base / "manifest.json").unlink(), "is unfinished: it has tables but no manifest.json"),
        (lambda base: (base / "manifest.json").write_text("{}"), "is no result folder"),
        (lambda base: edit(base, lambda content: content.pop("seed")), "manifest.json is damaged (KeyError: 'seed')"),
        (lambda base: edit(base, lambda content: content.update(kind="odd")), "is of kind 'odd'"),
    ],
)
def test_a_damaged_or_unfinished_result_is_refused(
    twofront: Command, kept: Path, damage: Callable[[Path], None], message: str
):
    damage(kept / "base")
    code, _, err = twofront("plot", str(kept / "base"), "--kind", "fan")
    assert code == 2
    assert message in err
    assert str(kept / "base") in err


def edit(base: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    content = json.loads((base / "manifest.json").read_text())
    change(content)
    (base / "manifest.json").write_text(json.dumps(content))


def test_a_table_that_is_no_parquet_is_refused_though_nobody_hashed_it(kept: Path):
    edit(kept / "base", lambda content: content.update(files={}))
    (kept / "base" / "replications.parquet").write_bytes(b"no table")
    with pytest.raises(InputError, match=r"replications\.parquet cannot be read as Parquet"):
        _ = read_result(kept / "base").points


def test_a_result_that_goes_on_from_another_has_no_flows(twofront: Command, kept: Path):
    edit(kept / "base", lambda content: content.update(branch={"from": "01234567", "at": "2024-01-20"}))
    code, out, err = twofront("plot", str(kept / "base"), "--format", "svg")
    assert code == 0
    assert "left out: sankey:" in err
    assert "branches from another result" in err
    assert "heatmap-red.svg" in out


# ---- results read back ----------------------------------------------------------------------------------------------


def test_points_are_named_after_what_tells_them_from_the_first(results: Path):
    names = [point.label for point in labelled([read_result(results / name) for name in ("base", "stays")])]
    assert names == ["base", "red.ally = stays"]
    same = [point.label for point in labelled([read_result(results / name) for name in ("base", "seed")])]
    assert same == ["base", "seed"]


def test_columns_of_a_result_are_those_of_its_tables(results: Path):
    result = read_result(results / "base")
    (point,) = result.points
    table = read_parquet(results / "base" / "replications.parquet")
    np.testing.assert_array_equal(point.outcomes["dual_success"], table["dual_success"])
    np.testing.assert_array_equal(point.draw, table["draw"])
    long = read_parquet(results / "base" / "series.parquet")
    those = long["name"] == "edge.red.people"
    np.testing.assert_array_equal(result.series["edge.red.people"]["mean"], long["mean"][those])
    assert len(result.series["line.territory_km2"]["luck_q50"]) == (END - START).days + 1


def test_points_of_a_sweep_have_their_factors_and_runs(results: Path, tmp_path: Path):
    factors: dict[str, list[Any]] = {"people": [1.0, 2.0], "choice": ["x", "y"]}
    folder = write_sweep(tmp_path / "sweep", results / "base", factors, lambda x, _, r: x + r)
    points = read_result(folder).points
    assert [point.factors for point in points] == [{"people": 1.0, "choice": "x"}, {"people": 2.0, "choice": "y"}]
    np.testing.assert_array_equal(points[1].outcomes["dual_success"], [2, 3] * 3)
