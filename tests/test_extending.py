"""Extending from the command line and from scripts: what docs/extending.md shows is what is run here."""

import json
import re
import runpy
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.cli import main as cli
from sim.cli.main import COMMANDS
from sim.errors import InputError, RunError
from sim.experiment.design import Design
from sim.experiment.replicate import Luck, replicate
from sim.experiment.tables import read_parquet
from sim.experiment.trace_file import TraceFile, check_trace
from sim.experiment.user_code import user_code

pytestmark = pytest.mark.slow  # `make fast` leaves these out

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "extending.md"
EXAMPLES = ROOT / "docs" / "examples"
FLAGSHIP = ROOT / "scenarios" / "kursk_2024.yaml"
FEW = ("-n", "2", "--draws", "0", "--no-figure", "--quiet")
USER = """\
from sim.engine.policy import Effort

def keep(view):
    return [Effort("line", 0.5)]

def late(world):
    yield world.at("2024-01-20")
    if world.replication == 1:
        raise ValueError("a bridge too far")

def look(world):
    while True:
        yield world.days(1)
        world.people("red")

def quits(world):
    yield world.at("2024-01-20")
    raise SystemExit(0)

def stands(world):
    while True:
        yield world.env.timeout(0)

def endless(view):
    while True:
        yield Effort("line", 0.5)

number = 3
"""
SCENARIO = """\
twofront: 1
title: Forty days
start: 2024-01-01
end: 2024-02-10
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
assess: {side: red, dates: {last: 2024-02-10}, reference_area: 100 km2}
counterfactual: {set: {incursion: {ordered: false}}}
"""
Command = Callable[..., tuple[int, str]]


@pytest.fixture
def twofront(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line in a folder with a scenario and a user's file; return its exit code and errors."""
    monkeypatch.chdir(tmp_path)
    Path("campaign.yaml").write_text(SCENARIO)
    Path("mine.py").write_text(USER)

    def _twofront(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit, match=r"\d+") as caught:
            cli.main(arguments)
        return int(caught.value.code or 0), capsys.readouterr().err

    return _twofront


def manifest(folder: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(folder, "manifest.json").read_text())
    return found


def same_files(first: str, second: str) -> bool:
    return all(
        Path(first, name).read_bytes() == Path(second, name).read_bytes()
        for name in ("replications.parquet", "series.parquet")
    )


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_shows_the_examples_as_they_are() -> None:
    shown = re.findall(r"<!-- docs/examples/(\w+\.py) -->\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert {name for name, _ in shown} == {path.name for path in EXAMPLES.glob("*.py")}
    for name, text in shown:
        assert text == (EXAMPLES / name).read_text(), name


def test_every_trace_name_and_look_of_the_page_exists() -> None:
    from sim.engine.world import World

    for name in re.findall(r"world\.(\w+)", PAGE.read_text()):
        assert (
            hasattr(World, name)
            or name in ("env", "name", "draw", "replication", "end", "state")
            or name
            in (
                "sides",
                "fronts",
                "theatres",
            )
        ), name
    names = {name for line in _traced().trace for name in line["changed"]}
    stems = set(
        re.findall(r"`[^`]*(\.[a-z_0-9]+)`", PAGE.read_text().partition("Names in `changed`")[2].split("```")[0])
    )
    assert len(stems) > 10
    assert {f".{name.rpartition('.')[2]}" for name in names} <= stems


def _traced() -> Any:
    return replicate(FLAGSHIP, trace=True)


COMMANDS_SHOWN = [
    shlex.split(line.partition("#")[0])[1:]
    for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    for line in block.splitlines()
    if line.startswith("twofront ")
]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(each, marks=pytest.mark.slow if "docs/examples/live.py:line" in each else (), id=" ".join(each))
        for each in COMMANDS_SHOWN
    ],
)
def test_the_commands_of_the_page_run(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("scenarios", "docs"):
        Path(folder).symlink_to(ROOT / folder)
    assert arguments[0] in COMMANDS
    few = ["--draws", "0", "-n", "1", "--no-figure", "--quiet"]
    with pytest.raises(SystemExit, match=r"^0$"):
        cli.main([*arguments, *few])
    if "docs/examples/live.py:line" in arguments:
        assert Path("live.png").read_bytes().startswith(b"\x89PNG")
    if "--trace" in arguments:
        assert len(Path("events.jsonl").read_text().splitlines()) > 5000


def test_the_example_policies_order_what_they_say() -> None:
    bare = replicate(FLAGSHIP).series["kursk.russia.people"]
    module = runpy.run_path(str(EXAMPLES / "policy.py"))
    prompt, patient = (replicate(FLAGSHIP, policies={"russia": module[name]}) for name in ("answer", "Patient"))
    effort = [run.series["kursk.russia.effort"] for run in (prompt, patient)]
    first = [int((each == 0.2).argmax()) for each in effort]
    assert 0 < first[0] == first[1] - 4 * 3  # four reviews later, of three days each
    assert (prompt.series["kursk.russia.people"][:5] == bare[:5]).all()
    assert prompt.series["kursk.russia.people"][60] > 15_000


def test_the_example_process_delays_the_convoys_of_its_date() -> None:
    bridges = runpy.run_path(str(EXAMPLES / "convoy.py"))["bridges"]
    found, bare = replicate(FLAGSHIP, processes=[bridges], trace=True), replicate(FLAGSHIP)
    actions = [line for line in found.trace if line["kind"] == "action"]
    delays = [line["action"]["delay"] for line in actions if "delay" in line["action"]]
    assert delays
    assert set(delays) == {5.0}
    sets = [line["parameters"]["side.russia.lift_per_day.kursk"][1] for line in actions if "set" in line["action"]]
    assert sets == [1000.0, 2000.0]
    people = "kursk.russia.people"
    assert (found.series[people][:11] == bare.series[people][:11]).all()
    assert found.series[people][14] < bare.series[people][14]


def test_the_script_prints_a_line_a_week(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    runpy.run_path(str(EXAMPLES / "script.py"))
    printed = capsys.readouterr().out.splitlines()
    assert printed[1].startswith("08 Jan: ")
    assert len(printed) == 5 + 2


# --- the command line -------------------------------------------------------------------------------------------------


def test_extending_options_choose_simpy_and_change_no_number_when_they_only_look(twofront: Command) -> None:
    run = ("run", "campaign.yaml", "-n", "3", "--draws", "2", "--no-figure", "--quiet")
    assert twofront(*run, "--out", "plain")[0] == 0
    assert twofront(*run, "--out", "watched", "--process", "mine.py:look", "--trace", "t.jsonl")[0] == 0
    assert same_files("plain", "watched")
    made = manifest("watched")
    assert made["engine"] == "simpy"
    assert [(each["option"], each["name"]) for each in made["user_code"]] == [("--process", "mine.py:look")]
    assert made["id"] != manifest("plain")["id"]
    assert manifest("plain")["user_code"] == []


def test_the_source_of_users_is_part_of_the_identity(twofront: Command) -> None:
    run = ("run", "campaign.yaml", *FEW, "--policy", "red=mine.py:keep", "--out")
    assert twofront(*run, "first")[0] == 0
    assert twofront(*run, "first")[0] == 0  # the same again
    Path("mine.py").write_text(USER.replace("0.5", "0.6"))
    code, err = twofront(*run, "first")
    assert code == 2
    assert "holds another result" in err
    assert twofront(*run, "second")[0] == 0
    efforts = [read_parquet(Path(name, "replications.parquet"))["main.territory_km2"] for name in ("first", "second")]
    assert (efforts[0] != efforts[1]).any()


def test_a_trace_is_sorted_by_identity_and_written_whole_or_not_at_all(twofront: Command) -> None:
    run = ("run", "campaign.yaml", "-n", "5", "--draws", "1", "--no-figure", "--quiet", "--trace")
    assert twofront(*run, "one.jsonl", "--workers", "1")[0] == 0
    assert twofront(*run, "two.jsonl", "--workers", "2")[0] == 0
    assert Path("one.jsonl").read_bytes() == Path("two.jsonl").read_bytes()
    keys = [
        (line["draw"], line["replication"], line["world"] != "main", line["tick"])
        for line in map(json.loads, Path("one.jsonl").read_text().splitlines())
    ]
    assert keys == sorted(keys)
    assert len({key[:3] for key in keys}) == 20
    assert not list(Path().glob(".*part"))


def test_a_run_that_fails_in_a_users_code_is_told_and_the_others_go_on(twofront: Command) -> None:
    code, err = twofront("run", "campaign.yaml", *FEW, "--process", "mine.py:late", "--out", "out")
    assert code == 1
    assert "replication 1: process mine.py:late on 2024-01-20 00:00: ValueError: a bridge too far" in err
    assert manifest("out")["runs"] == {"asked": 2, "done": 2, "failed": 1}
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--process", "mine.py:quits"), "2024-01-20 00:00: SystemExit"),
        (("--process", "mine.py:stands"), "does not let time go on after 2024-01-01"),
        (("--policy", "red=mine.py:endless"), "returned more than 10,000 orders at one review"),
    ],
)
def test_code_that_leaves_or_never_ends_fails_its_run_and_says_so(
    twofront: Command, arguments: tuple[str, ...], told: str
) -> None:
    code, err = twofront("run", "campaign.yaml", "-n", "1", "--draws", "0", *arguments, "--out", "ended")
    assert (code, told in err) == (1, True), err


def test_the_trace_of_a_failed_run_is_kept_up_to_its_fault(twofront: Command) -> None:
    arguments = ("--process", "mine.py:late", "--trace", "t.jsonl", "--out", "failed")
    assert twofront("run", "campaign.yaml", *FEW, *arguments)[0] == 1
    lines = [json.loads(line) for line in Path("t.jsonl").read_text().splitlines()]
    last = {line["replication"]: line["time"] for line in lines if line["world"] == "main"}
    assert last[0] > "2024-02-08"
    assert "2024-01-18" < last[1] <= "2024-01-20T00:00:00"


@pytest.mark.parametrize("name", ["mine.py", "campaign.yaml"])
def test_a_trace_is_not_written_over_another_file(twofront: Command, name: str) -> None:
    before = Path(name).read_bytes()
    code, err = twofront("run", "campaign.yaml", *FEW, "--process", "mine.py:look", "--trace", name, "--out", "no")
    assert (code, "it exists and is no trace" in err, Path(name).read_bytes() == before) == (2, True, True), err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--policy", "mine.py:keep"), "'mine.py:keep' is not SIDE=FILE.py:FUNCTION"),
        (("--policy", "rad=mine.py:keep"), "there is no side 'rad'; did you mean 'red'?"),
        (("--policy", "red=mine.py:keep", "--policy", "red=mine.py:keep"), "red is given two policies"),
        (("--policy", "red=mine.py"), "'mine.py' is not FILE.py:FUNCTION"),
        (("--policy", "red=none.py:keep"), "none.py: cannot be read: no such file or directory"),
        (("--process", "mine.py:lok"), "mine.py has no function 'lok'; it has keep, late, look"),
        (("--process", "mine.py:number"), "mine.py is not a function: 'number'"),
        (("--process", "broken.py:x"), "broken.py:2: cannot be imported: SyntaxError"),
        (("--process", "raising.py:x"), "raising.py:3: cannot be imported: ZeroDivisionError"),
        (("--engine", "compiled", "--policy", "red=mine.py:keep"), "so --policy needs --engine simpy"),
        (("--attribution", "--policy", "red=mine.py:keep"), "which knows no --policy or --process"),
        (("campaign.yaml", "--trace", "t.jsonl"), "follows one scenario, not 2"),
        (("--trace", "nowhere/t.jsonl"), "nowhere/t.jsonl: cannot be written: no such file or directory"),
    ],
)
def test_wrong_options_are_refused(twofront: Command, arguments: tuple[str, ...], told: str) -> None:
    Path("broken.py").write_text("x = 1\ndef :\n")
    Path("raising.py").write_text("a = 1\n\nb = a / 0\n")
    code, err = twofront("run", "campaign.yaml", *FEW, *arguments)
    assert (code, told in err) == (2, True), err
    assert "Traceback" not in err
    assert not list(Path().glob("results/*")) or "nowhere" in told


def test_a_trace_of_many_runs_must_be_asked_for_by_number(twofront: Command) -> None:
    code, err = twofront("run", "campaign.yaml", "--trace", "t.jsonl")
    assert code == 2
    assert "would trace 3,100 runs, about" in err
    check_trace(Design(), 10, 100, asked=True)
    with pytest.raises(InputError, match=r"only 19 B|only 0 kB is free"):
        check_trace(Design(replications=1), 10, 19, asked=True)


def test_a_large_trace_is_announced(twofront: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ("run", "campaign.yaml", "-n", "2", "--draws", "0", "--no-figure", "--trace", "t.jsonl")
    announced = "the trace of 2 runs will take about"
    assert announced not in twofront(*run)[1]
    monkeypatch.setattr("sim.cli.run_drive.LARGE", 1000)
    assert announced in twofront(*run)[1]


def test_a_trace_file_leaves_nothing_behind(tmp_path: Path) -> None:
    trace = TraceFile(tmp_path / "t.jsonl")
    trace.discard()
    trace.begin()
    trace.keep(0, 1, "main", ['{"a": 1}'])
    trace.keep(0, 0, "counterfactual", [])
    trace.keep(0, 0, "main", ['{"a": 2}', '{"a": 3}'])
    trace.join()
    trace.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["t.jsonl"]
    assert [json.loads(line)["a"] for line in trace.path.read_text().splitlines()] == [2, 3, 1]


def test_a_branch_goes_on_under_simpy_and_users_code_begins_there(twofront: Command) -> None:
    assert twofront("run", "campaign.yaml", *FEW, "--out", "base")[0] == 0
    branch = (
        "run",
        "--from",
        "base",
        "--at",
        "2024-01-20",
        "--set",
        "fronts.line.terrain=1.5",
        "--no-figure",
        "--quiet",
    )
    assert twofront(*branch, "--out", "compiled")[0] == 0
    assert twofront(*branch, "--out", "simpy", "--trace", "t.jsonl")[0] == 0
    assert same_files("compiled", "simpy")
    assert json.loads(Path("t.jsonl").read_text().splitlines()[0])["time"] >= "2024-01-20"
    assert twofront(*branch, "--out", "mine", "--policy", "red=mine.py:keep")[0] == 0
    code, err = twofront("run", "--from", "mine", "--at", "2024-01-25", *FEW)
    assert code == 2
    assert twofront("run", "campaign.yaml", *FEW, "--out", "own", "--policy", "red=mine.py:keep")[0] == 0
    code, err = twofront("run", "--from", "own", "--at", "2024-01-25", *FEW[2:])
    assert code == 2
    assert "was run with a user's code, which a branch cannot repeat" in err


# --- scripts ----------------------------------------------------------------------------------------------------------


def test_a_script_gets_one_run_of_a_draw_and_a_replication(twofront: Command) -> None:
    assert twofront("run", "campaign.yaml", "-n", "3", "--draws", "2", "--no-figure", "--quiet", "--out", "all")[0] == 0
    rows = read_parquet(Path("all", "replications.parquet"))
    found = replicate("campaign.yaml", Luck(seed=0, draw=2, replication=1))
    row = (rows["draw"] == 2) & (rows["replication"] == 1)
    assert found.series["main.territory_km2"][-1] == rows["main.territory_km2"][row]
    assert found.trace == ()
    without = replicate("campaign.yaml", world="counterfactual")
    assert (without.series["edge.territory_km2"] == 0).all()


def test_scripts_are_told_what_is_wrong(twofront: Command) -> None:
    with pytest.raises(InputError, match="no side 'rad'"):
        replicate("campaign.yaml", policies={"rad": lambda view: []})
    with pytest.raises(InputError, match="no world 'other'"):
        replicate("campaign.yaml", world="other")
    with pytest.raises(RunError, match="policy <lambda> of red on 2024-01-08 returned 3"):
        replicate("campaign.yaml", policies={"red": lambda view: 3})


def test_two_functions_of_one_file_share_its_module(twofront: Command) -> None:
    code = user_code(["red=mine.py:keep"], ["mine.py:look", "mine.py:late"])
    assert code.policies["red"][1]().__globals__ is code.processes[0][1].__globals__
    assert [source[:2] for source in code.sources] == [
        ("--policy red", "mine.py:keep"),
        ("--process", "mine.py:look"),
        ("--process", "mine.py:late"),
    ]
