"""What commands say of folders that hold something else than they need, and that they leave them as they were."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.cli.main import main
from sim.errors import InputError
from sim.experiment import store
from sim.experiment.catalogue import entries
from sim.plotting.of_inquiry import figures_in

TWO_FRONTS = Path(__file__).resolve().parents[1] / "scenarios" / "two_fronts.yaml"
Told = Callable[..., str]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Told:
    """Give wrong input to the command line; return what it says on it."""
    monkeypatch.chdir(tmp_path)

    def _told(*arguments: str) -> str:
        with pytest.raises(SystemExit, match="2") as caught:
            main(arguments)
        out, err = capsys.readouterr()
        assert (caught.value.code, out) == (2, "")
        return err

    return _told


def analysis(folder: Path, kind: str = "dilemma") -> dict[str, bytes]:
    """Write the folder of an analysis; return its files."""
    (folder / "runs" / "0123").mkdir(parents=True)
    (folder / "answer.json").write_text("{}")
    (folder / "policies.parquet").write_text("x")
    # a comparison counts draws in a list
    content = {"format": store.FORMAT, "id": "0123abcd", "kind": kind, "draws": [2, 2], "replications": 4, "seed": 0}
    (folder / "manifest.json").write_text(json.dumps({**content, "files": store.file_hashes(folder)}))
    return content_of(folder)


def content_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("kind", ["dilemma", "compare"])
def test_a_run_is_repeated_of_runs_and_sweeps_only(kind: str, tmp_path: Path, told: Told) -> None:
    analysis(tmp_path / "it", kind)
    assert f"is the result of a {kind}; single runs are repeated of runs and sweeps" in told("rerun", "it")


@pytest.mark.parametrize("command", [("run",), ("sweep", "--vary", "fronts.hills.length=40:60:10")])
def test_fresh_does_not_destroy_an_analysis(command: tuple[str, ...], tmp_path: Path, told: Told) -> None:
    before = analysis(tmp_path / "it")
    said = told(*command, str(TWO_FRONTS), "-n", "1", "--draws", "0", "--fresh", "--out", "it")
    assert "holds the result of a dilemma; name another folder" in said
    assert content_of(tmp_path / "it") == before


@pytest.mark.parametrize("name", ["answer.json", "policies.parquet"])
def test_a_changed_or_missing_file_of_an_analysis_is_named(name: str, tmp_path: Path, told: Told) -> None:
    analysis(tmp_path / "it")
    (tmp_path / "it" / name).write_text("[")
    assert f"it: {name} was changed after the run" in told("plot", "it")
    assert not (tmp_path / "it" / "figures").exists()
    (tmp_path / "it" / "policies.parquet").unlink()
    (tmp_path / "it" / "answer.json").write_text("{}")
    with pytest.raises(InputError, match=r"policies\.parquet is missing"):
        figures_in(tmp_path / "it")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"format": "twofront result 9"}', "is of another version: its format is 'twofront result 9'"),
        ('{"format": "twofr', "manifest.json is damaged"),
        ('{"format": "something else"}', "is no result folder"),
    ],
)
@pytest.mark.parametrize("command", ["rerun", "verify", "report"])
def test_why_a_manifest_is_not_read(command: str, content: str, message: str, tmp_path: Path, told: Told) -> None:
    (tmp_path / "it").mkdir()
    (tmp_path / "it" / "manifest.json").write_text(content)
    assert message in told(command, "it")


def test_what_to_draw_of_an_analysis_cannot_be_chosen(tmp_path: Path, told: Told) -> None:
    analysis(tmp_path / "it")
    assert "--from: it: an analysis has figures of its own" in told("plot", "it", "--from", "2024-01-01")
    assert "--kind: it: an analysis has figures of its own" in told("plot", "it", "--kind", "fan")


def test_an_option_taken_beforehand_is_refused_where_it_is_varied(
    tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.model.kernel.WARM", True)
    tutorial = str(TWO_FRONTS.with_name("tutorial.yaml"))
    said = told("discover", tutorial, "--draws", "80", "--choice", "red.response=divert", "--out", "it")
    assert "--choice: 'red.response=divert': that decision is varied here; leave it out" in said
    assert not (tmp_path / "it").exists(), "wrong input leaves no unfinished result"


def test_briefings_and_figures_are_not_listed_as_damaged_results(tmp_path: Path) -> None:
    for name in ("briefing-0123", "figures-0123-4567", "kursk-0123"):
        (tmp_path / name).mkdir()
    assert [entry.folder.name for entry in entries(tmp_path)] == ["kursk-0123"]
