import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import stub_schema

from sim.cli import main as cli
from sim.errors import InputError, Problem, RunError

ROOT = Path(__file__).resolve().parents[1]
SCENARIO = """\
twofront: 1
title: Kursk
start: 2024-08-06
end: 2025-04-30
fronts:
  kursk:
    theatre: kursk
    tempo_per_day: {triangular: [0.1, 0.2, 0.4], source: spike}
choices:
  russia:
    response:
      default: measured
      options:
        measured: {about: as seen}
        divert: {set: {luck: none}}
"""


@pytest.fixture
def kursk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scenario of the stub schema, in the folder that the command runs in."""
    monkeypatch.setitem(sys.modules, "sim.scenario.schema", stub_schema)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kursk.yaml").write_text(SCENARIO)
    return tmp_path / "kursk.yaml"


@pytest.fixture
def twofront(capsys: pytest.CaptureFixture[str]):
    """Run the command line; return its exit code, output and errors."""

    def _twofront(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit, match=r"\d+") as caught:
            cli.main(arguments)
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, err

    return _twofront


def test_help_lists_the_commands(twofront):
    code, out, _ = twofront("--help")
    assert code == 0
    for name, entry in cli.COMMANDS.items():
        assert name in out
        assert entry.help in out


def test_help_imports_nothing_heavy():
    heavy = "{'numpy', 'numba', 'pydantic', 'yaml', 'scipy', 'simpy', 'matplotlib', 'pandas'}"
    code = (
        "import sys\nfrom sim.cli.main import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
        f"print(*sorted({heavy} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.split() == []


@pytest.mark.parametrize("name", ["show", "diff", "validate", "schema", "new"])
def test_each_command_has_help_that_agrees_with_the_table(twofront, name: str):
    code, out, _ = twofront(name, "--help")
    assert code == 0
    assert cli.COMMANDS[name].help.split()[0] in out


def test_show_prints_each_value_with_its_origin(twofront, kursk: Path):
    code, out, _ = twofront("show", "kursk.yaml", "--set", "luck=none")
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert lines["path"].split() == ["path", "value", "origin", "source"]
    assert lines["fronts.kursk.tempo_per_day"].endswith("triangular [0.1, 0.2, 0.4] 1/day  kursk.yaml:8   spike")
    assert lines["luck"].split() == ["luck", "none", "--set"]
    assert lines["traced"].split() == ["traced", "false", "default"]


def test_show_as_json(twofront, kursk: Path):
    code, out, err = twofront("show", "kursk.yaml", "--json", "--choice", "russia.response=divert")
    content = json.loads(out)
    assert (code, err) == (0, "")
    assert content["choices"] == {"russia.response": "divert"}
    assert {
        "path": "luck",
        "value": "none",
        "origin": "kursk.yaml:15 (choice russia.response=divert)",
        "source": "",
    } in (content["values"])


def test_show_as_yaml_loads_again(twofront, kursk: Path):
    _, out, _ = twofront("show", "kursk.yaml", "--yaml", "--choice", "russia.response=divert")
    Path("effective.yaml").write_text(out)
    again = twofront("diff", "kursk.yaml", "effective.yaml", "--json")
    assert [row["path"] for row in json.loads(again[1])["differences"]] == ["luck", "chosen.russia.response"]


def test_diff_of_two_files(twofront, kursk: Path):
    Path("other.yaml").write_text(SCENARIO.replace("2025-04-30", "2025-05-01"))
    code, out, _ = twofront("diff", "kursk.yaml", "other.yaml")
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [["path", "a", "b"], ["end", "2025-04-30", "2025-05-01"]]


def test_diff_of_a_file_with_itself_under_a_choice(twofront, kursk: Path):
    assert twofront("diff", "kursk.yaml")[1] == "no difference\n"
    content = json.loads(twofront("diff", "kursk.yaml", "--choice", "russia.response=divert", "--json")[1])
    assert content["differences"] == [
        {"path": "luck", "a": "weekly", "b": "none"},
        {"path": "chosen.russia.response", "a": "measured", "b": "divert"},
    ]
    assert content["a"] != content["b"]


def test_validate_good_files(twofront, kursk: Path):
    code, out, err = twofront("validate", "kursk.yaml", "kursk.yaml")
    assert (code, err) == (0, "")
    assert out.count("kursk.yaml: ok (") == 2


def test_validate_reports_every_problem_of_every_file(twofront, kursk: Path):
    Path("bad.yaml").write_text(SCENARIO.replace("luck: none", "luck: nine").replace("title", "titel"))
    Path("worse.yaml").write_text("a: 1\na: 2\n")
    code, out, err = twofront("validate", "bad.yaml", "kursk.yaml", "worse.yaml")
    assert code == 2
    assert out.startswith("kursk.yaml: ok (")
    assert err.splitlines() == [
        "error: bad.yaml:1:1: title: is required but missing",
        "error: bad.yaml:2:1: titel: unknown key; did you mean 'title'?",
        "error: worse.yaml:2:1: a: is written twice; the first is at 1:1",
    ]


def test_validate_looks_into_options_that_are_not_taken(twofront, kursk: Path):
    Path("bad.yaml").write_text(SCENARIO.replace("luck: none", "luck: nine"))
    code, _, err = twofront("validate", "bad.yaml")
    assert code == 2
    assert err.startswith("error: bad.yaml:15:30: luck: 'nine' is not allowed; did you mean 'none'?")


def test_validate_as_json(twofront, kursk: Path):
    Path("bad.yaml").write_text("twofront: 2\n")
    code, out, err = twofront("validate", "--json", "kursk.yaml", "bad.yaml")
    content = json.loads(out)
    assert code == 2
    assert content["valid"] is False
    assert [file["valid"] for file in content["files"]] == [True, False]
    where, path = "bad.yaml:1:11", "twofront"
    assert {"where": where, "path": path, "message": "2 is not allowed; allowed: 1"} in content["files"][1]["problems"]
    assert err.count("error: ") == len(content["files"][1]["problems"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "gone.yaml"], "error: gone.yaml: cannot be read: no such file or directory"),
        (["show", "."], "error: .: cannot be read: is a directory"),
        (["show", "kursk.yaml", "--choice", "russia.respons=x"], "did you mean 'russia.response'?"),
        (["show", "kursk.yaml", "--choice", "russia.response=x"], "allowed: measured, divert"),
        (
            ["show", "kursk.yaml", "--set", "lukc=none"],
            "error: --set: lukc: there is no such path; did you mean 'luck'?",
        ),
        (["show", "kursk.yaml", "--set", "luck=x"], "error: --set: luck: 'x' is not allowed"),
        (["show"], "Missing argument 'FILE'"),
        (["show", "kursk.yaml", "--sett", "x"], "No such option"),
        (["shwo"], "no command 'shwo'; did you mean 'show'?"),
        (["new", "gone/x"], "error: gone/x.yaml: cannot be written: no such file or directory"),
    ],
)
def test_mistakes_of_the_user_exit_with_2_and_no_traceback(twofront, kursk: Path, arguments: list[str], message: str):
    code, out, err = twofront(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_schema_is_json_schema(twofront, kursk: Path):
    code, out, _ = twofront("schema")
    content = json.loads(out)
    assert code == 0
    assert content["properties"]["start"] == {"format": "date", "title": "Start", "type": "string"}
    assert content["additionalProperties"] is False


def test_new_writes_a_starter_but_not_over_a_file(twofront, kursk: Path):
    code, out, _ = twofront("new", "mine")
    assert (code, out) == (0, "wrote mine.yaml; next: twofront validate mine.yaml\n")
    assert Path("mine.yaml").read_text().startswith("#")
    code, _, err = twofront("new", "mine.yaml")
    assert code == 2
    assert err == "error: mine.yaml: exists already; use --force to overwrite it\n"
    assert twofront("new", "mine.yaml", "--force")[0] == 0
    assert json.loads(twofront("new", "--json")[1]) == {"file": "scenario.yaml"}


@pytest.mark.parametrize(
    ("raised", "code", "message"),
    [
        (InputError([Problem("f.yaml:1:2", "a", "is wrong"), Problem("--set", "", "too")]), 2, "error: --set: too\n"),
        (RunError("run 3 failed"), 1, "error: run 3 failed\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (click.Abort(), 130, "interrupted\n"),
        (click.UsageError("no"), 2, "Error: no\n"),
    ],
)
def test_exit_codes(twofront, monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int, message: str):
    def fail(*arguments: Any, **options: Any) -> None:
        raise raised

    monkeypatch.setattr(cli.twofront, "main", fail)
    found, _, err = twofront("run")
    assert found == code
    assert err.endswith(message)


def test_a_closed_pipe_is_no_error(kursk: Path):
    code = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'tests')!r}]; import stub_schema\n"
        "sys.modules['sim.scenario.schema'] = stub_schema\n"
        "from sim.cli.main import main; main(['schema'])"
    )
    writer = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    writer.stdout.close()
    assert writer.stderr.read() == ""
    writer.stderr.close()
    assert writer.wait() in (0, 1)
