import json
import re
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from sim.errors import InputError, RunError
from sim.experiment import store
from sim.experiment.events import Event, events_of
from sim.experiment.tables import Table, atomically, once, read_parquet, write_parquet, write_series
from sim.model.tally import Outcome

ID = "0123abcd"


def written(folder: Path) -> None:
    """Write the manifest of a result that holds what the folder holds."""
    content = {"format": store.FORMAT, "id": ID, "command": "twofront run x.yaml", "files": store.file_hashes(folder)}
    (folder / "manifest.json").write_text(json.dumps(content))


def test_a_folder_in_results_is_new_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    folders = [store.claim(None, "kursk", "0123abcd") for _ in range(3)]
    assert len(set(folders)) == 3
    assert all(re.fullmatch(r"kursk-\d{8}-\d{6}-0123(-\d)?", folder.name) for folder in folders)
    assert all(folder.is_dir() and not list(folder.iterdir()) for folder in folders)


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("dear")
    with pytest.raises(InputError, match=r"is not empty and holds no result of twofront"):
        store.claim(tmp_path, "x", ID)
    (tmp_path / "manifest.json").write_text('{"format": "something else"}')
    with pytest.raises(InputError, match=r"is not empty and holds no result of twofront"):
        store.claim(tmp_path, "x", ID)


def test_the_same_result_may_be_written_again_another_not(tmp_path: Path):
    (tmp_path / "series.parquet").write_text("x")
    written(tmp_path)
    assert store.claim(tmp_path, "x", ID) == tmp_path
    with pytest.raises(InputError, match=rf"holds another result \({ID}: twofront run x.yaml\)"):
        store.claim(tmp_path, "x", "ffffffff")


def test_only_files_of_the_result_are_cleared(tmp_path: Path):
    (tmp_path / "series.parquet").write_text("x")
    written(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    store.clear(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifest.json", "notes.txt"]


@pytest.mark.parametrize("name", ["file.txt/results", "file.txt"])
def test_a_folder_that_cannot_be_written_is_an_input_error(tmp_path: Path, name: str):
    (tmp_path / "file.txt").write_text("x")
    with pytest.raises(InputError, match=r"--out: .*: results cannot be written there: "):
        store.claim(tmp_path / name, "x", ID)


def test_an_empty_folder_is_abandoned_a_full_one_not(tmp_path: Path):
    empty, full = tmp_path / "empty", tmp_path / "full"
    for folder in (empty, full):
        folder.mkdir()
    (full / "x").touch()
    for folder in (empty, full):
        store.abandon(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


@pytest.mark.parametrize("content", [None, "[1]", '{"format": "x"}'])
def test_a_folder_without_a_manifest_is_no_result(tmp_path: Path, content: str | None):
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(InputError, match="is no result folder"):
        store.read_manifest(tmp_path)


def test_parquet_is_the_same_bytes_for_the_same_columns(tmp_path: Path):
    rng = np.random.default_rng(0)
    columns = {f"kursk.x{k}": rng.normal(size=5_000) for k in range(20)}
    for name in ("a", "b"):
        write_parquet(tmp_path / f"{name}.parquet", columns)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_parquet_reads_back_and_missing_numbers_are_null(tmp_path: Path):
    path = tmp_path / "it's.parquet"
    columns = {"run": np.arange(3), "a.b c": np.array([1.5, np.nan, -2.0]), "name": np.array(["x", "é", "x"], object)}
    write_parquet(path, columns)
    back = read_parquet(path)
    assert list(back) == list(columns)
    np.testing.assert_array_equal(back["run"], columns["run"])
    np.testing.assert_array_equal(back["a.b c"], columns["a.b c"])
    assert back["name"].tolist() == ["x", "é", "x"]
    with duckdb.connect() as connection:
        nulls = connection.execute('SELECT count(*) - count("a.b c") FROM read_parquet(?)', [str(path)]).fetchone()
    assert nulls == (1,)


@pytest.mark.parametrize("rows", [7, 30_000])
def test_a_table_gives_its_columns_when_they_are_asked_for(tmp_path: Path, rows: int):
    rng = np.random.default_rng(1)
    columns = {f"a.{k}": rng.normal(size=rows) for k in range(6)} | {"run": np.arange(rows)}
    columns["a.2"][3] = np.nan
    write_parquet(tmp_path / "x.parquet", columns)
    table = Table(tmp_path / "x.parquet")
    assert (list(table), len(table), table.rows) == (list(columns), 7, rows)
    for name in (*columns, *reversed(columns)):  # more than are held at once
        np.testing.assert_array_equal(table[name], columns[name])
    with pytest.raises(KeyError, match="gone"):
        table["gone"]
    with pytest.raises(RunError, match="cannot be read"):
        Table(tmp_path / "gone.parquet")


def test_a_missing_table_is_an_error(tmp_path: Path):
    with pytest.raises(RunError, match=r"gone.parquet: cannot be read"):
        read_parquet(tmp_path / "gone.parquet")


def test_a_file_that_cannot_be_finished_leaves_the_old_one(tmp_path: Path):
    path = tmp_path / "table.parquet"
    path.write_text("old")

    def full(part: Path) -> None:
        part.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(RunError, match=r"table.parquet: cannot be written: No space left on device"):
        atomically(path, full)
    assert [each.name for each in tmp_path.iterdir()] == ["table.parquet"]
    assert path.read_text() == "old"


def test_parquet_into_a_folder_that_is_gone_is_an_error(tmp_path: Path):
    with pytest.raises(RunError, match="cannot be written"):
        write_parquet(tmp_path / "gone" / "x.parquet", {"a": np.arange(3)})


def test_series_are_long_with_dates_and_each_name_once(tmp_path: Path):
    series = [Outcome("kursk.territory_km2", "km2", ""), Outcome("pool", "people", "")]
    series.insert(1, Outcome("kursk.territory_km2", "km2", "the theatre of the same name"))
    mean = np.arange(9.0).reshape(3, 3)
    write_series(tmp_path / "series.parquet", date(2024, 2, 28), series, {"mean": mean, "q50": -mean})
    with duckdb.connect() as connection:
        rows = connection.execute("SELECT * FROM read_parquet(?)", [str(tmp_path / "series.parquet")]).fetchall()
    assert once(series) == [0, 2]
    assert rows[0] == (0, date(2024, 2, 28), "kursk.territory_km2", "km2", 0.0, 0.0)
    assert rows[2] == (2, date(2024, 3, 1), "kursk.territory_km2", "km2", 2.0, -2.0)
    assert rows[3:] == [(day, rows[day][1], "pool", "people", 6.0 + day, -6.0 - day) for day in range(3)]


def test_the_events_of_the_flagship_are_dated():
    from sim.scenario.load import load

    root = Path(__file__).resolve().parents[1]
    scenario = load(root / "scenarios" / "kursk_2024.yaml").scenario
    events = events_of(scenario)
    labels = [event.label for event in events]
    assert events[0] == Event("incursion", date(2024, 8, 6), date(2024, 8, 6))
    assert labels.count("assessment") == 2
    assert labels.count("11,000 allies land") == 1
    landings = next(event for event in events if event.label == "11,000 allies land")
    assert landings.start < landings.end
    assert [event.start for event in events] == sorted(event.start for event in events)
    none = load(root / "scenarios" / "kursk_2024.yaml", ["russia.inflow=none", "ukraine.incursion=none"]).scenario
    assert not [event.label for event in events_of(none) if event.label == "incursion" or "land" in event.label]


def test_versions_and_commit_are_read_lazily():
    assert json.dumps(store.package_versions())
    commit = store.git_commit()
    assert commit is None or re.fullmatch(r"[0-9a-f]{40}(-dirty)?", commit)


def test_a_folder_whose_name_looks_like_a_partition_adds_no_column(tmp_path: Path):
    folder = tmp_path / "inflow=30"
    folder.mkdir()
    write_parquet(folder / "rows.parquet", {"a": np.arange(3.0)})
    assert list(read_parquet(folder / "rows.parquet")) == ["a"]
