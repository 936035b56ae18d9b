import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import InputError
from sim.scenario import tree
from sim.scenario.tree import parse, parse_mapping, parse_value, paths, plain, read_file

ROOT = Path(__file__).resolve().parents[1]


def read(text: str) -> Any:
    return plain(parse_mapping(text, "f.yaml"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("no", "no"),
        ("on", "on"),
        ("5", 5),
        ("-5", -5),
        ("010", 10),
        ("0x1f", 31),
        ("0o17", 15),
        ("1e6", 1e6),
        (".5", 0.5),
        ("5.", 5.0),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2024-08-06", "2024-08-06"),
        ("'5'", "5"),
        ('"true"', "true"),
        ("|\n  5\n", "5\n"),
        ("[1, a, {b: 2}]", [1, "a", {"b": 2}]),
        ("9" * 401, "9" * 401),
    ],
)
def test_scalars_follow_the_core_rules(text: str, value: object):
    found = read(f"a: {text}")["a"]
    assert found == value
    assert type(found) is type(value)


def test_keys_stay_as_written():
    assert list(read("2024-08-06: 1\n1: 2\ntrue: 3\n'<<': 4\n")) == ["2024-08-06", "1", "true", "<<"]


def test_origins_count_from_one():
    origin = parse_mapping("a:\n  b: 5\n", "dir/f.yaml").child("a").child("b").origin
    assert (origin.line, origin.column, origin.key_line, origin.key_column) == (2, 6, 2, 3)
    assert (origin.where(), origin.key_where()) == ("dir/f.yaml:2:6", "dir/f.yaml:2:3")
    assert (origin.layer, origin.short()) == ("f.yaml", "f.yaml:2")


REFUSED = {
    "alias": ("a: &x 1\nb: *x\n", ["f.yaml:1:4: a: anchors and aliases (&x)", "f.yaml:2:4: b: anchors and aliases"]),
    "alias key": ("a: &x 1\n*x : 2\n", ["f.yaml:2:1: a key must be a name"]),
    "tag": ("a: !!python/object:os.system x", ["f.yaml:1:4: a: tags (tag:yaml.org,2002:python/object:os.system)"]),
    "local tag": ("a: ! x", ["f.yaml:1:4: a: tags (!)"]),
    "merge": ("a:\n  <<: {b: 1}", ["f.yaml:2:3: a: merge keys ('<<') are not allowed; use extends"]),
    "nan": ("a: .nan\nb: -.inf\n", ["f.yaml:1:4: a: .nan is not a finite number", "f.yaml:2:4: b: -.inf"]),
    "overflow": ("a: [1, 1e999]", ["f.yaml:1:8: a.1: 1e999 is too large a number"]),
    "duplicate": ("a:\n  b: 1\n  c: 2\n  b: 3", ["f.yaml:4:3: a.b: is written twice; the first is at 2:3"]),
    "documents": ("a: 1\n---\nb: 1", ["f.yaml:2:1: a second document ('---') starts here"]),
    "empty": ("", ["f.yaml: is empty"]),
    "comments": ("# nothing\n", ["f.yaml: is empty"]),
    "null": ("~", ["f.yaml:1:1: the top level must be a mapping, not null (empty)"]),
    "list": ("- a", ["f.yaml:1:1: the top level must be a mapping, not a list"]),
    "text": ("just text", ["the top level must be a mapping, not 'just text'"]),
    "tab": ("a:\n\tb: 1", ["f.yaml:2:1: is not valid YAML: found character", "indent with spaces, not tabs"]),
    "colon": ("a: b: c", ["f.yaml:1:5: is not valid YAML: mapping values are not allowed", "quote a text"]),
    "unclosed": ("a: [1,", ["is not valid YAML: did not find expected", "each quote and bracket is closed"]),
    "list key": ("[a]: 1", ["f.yaml:1:1: a key must be a name"]),
    "empty key": ("'': 1", ["f.yaml:1:1: a key is empty"]),
    "nul": ("a: \0", ["is not valid YAML"]),
    "surrogate": ("a: \udc80", ["f.yaml: is not text in UTF-8"]),
    "deep flow": ("a: " + "[" * 50 + "]" * 50, ["f.yaml:1:43: a.0.0: is nested more than 40 deep"]),
    "deep block": ("".join(" " * n + "a:\n" for n in range(50)), ["is nested more than 40 deep"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_say_where(case: str):
    text, messages = REFUSED[case]
    with pytest.raises(InputError, match=r".") as caught:
        read(text)
    for message in messages:
        assert message in str(caught.value)


def test_all_problems_of_a_tree_are_reported_at_once():
    with pytest.raises(InputError, match="written twice") as caught:
        read("a: .nan\na: 2\nb: &x 3\n")
    assert len(caught.value.problems) == 3


def test_depth_forty_is_allowed():
    assert read("a: " + "[" * 39 + "]" * 39)


def test_many_problems_are_cut_short():
    with pytest.raises(InputError, match="has more problems; these are the first") as caught:
        read("".join("a: 1\n" for _ in range(1000)))
    assert len(caught.value.problems) == 51


def test_more_values_than_any_scenario_needs():
    with pytest.raises(InputError, match="no scenario needs that many"):
        read("a: [" + "1," * (tree.MOST_VALUES + 1) + "]")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: \xff\xfe", "f.yaml:2:4: is not text in UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00", "f.yaml:1:1: is not text in UTF-8"),
        ("a: 1".encode("utf-16"), "f.yaml:1:1: is not text in UTF-8"),
        (b"#" + b"x" * 3_000_000, "f.yaml: is larger than 2 MB"),
        (b"", "f.yaml: is empty"),
        (bytes(range(128)), "f.yaml: is not valid YAML: control characters"),
    ],
)
def test_files_that_are_no_text(tmp_path: Path, content: bytes, message: str):
    (tmp_path / "f.yaml").write_bytes(content)
    with pytest.raises(InputError, match=r".") as caught:
        read_file(tmp_path / "f.yaml", "f.yaml")
    assert message in str(caught.value)


def test_files_that_cannot_be_opened(tmp_path: Path):
    with pytest.raises(InputError, match=r"gone.yaml: cannot be read: no such file or directory"):
        read_file(tmp_path / "gone.yaml", "gone.yaml")
    with pytest.raises(InputError, match="dir: cannot be read: is a directory"):
        read_file(tmp_path, "dir")
    with pytest.raises(InputError, match="cannot be read: embedded null byte"):
        read_file(Path("a\0b"), "f.yaml")


def test_a_byte_order_mark_is_no_key(tmp_path: Path):
    (tmp_path / "f.yaml").write_bytes("\ufeffa: 1".encode())
    assert plain(read_file(tmp_path / "f.yaml", "f.yaml")) == {"a": 1}


@pytest.mark.parametrize(
    "text", ["'[' * 100_000", "'a: ' + '[' * 100_000 + ']' * 100_000", "'- ' * 100_000", "'{a: ' * 90_000"]
)
def test_nested_brackets_do_not_kill_the_process(text: str):
    code = (
        "from sim.errors import InputError\nfrom sim.scenario.tree import parse_mapping\n"
        f"try: parse_mapping({text}, 'f.yaml')\nexcept InputError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert "is nested more than 40 deep" in done.stdout


def test_the_pure_parser_will_do(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tree, "_LOADER", yaml.SafeLoader)
    assert read("a: [1, {b: 1e6}]") == {"a": [1, {"b": 1e6}]}
    with pytest.raises(InputError, match=r"f.yaml:2:1: is not valid YAML"):
        read("a:\n\tb: 1")
    with pytest.raises(InputError, match="nested more than 40 deep"):
        read("[" * 1000)


syntax = st.text(st.sampled_from("abc:-[]{}#&*!|>'\"%@`,?<~.\n\t 019e\\\ufeff\x85"), max_size=40)


@given(st.one_of(st.text(max_size=80), syntax))
def test_any_text_is_a_tree_or_an_input_error(text: str):
    for attempt in (lambda: parse(text, "f.yaml", "f.yaml"), lambda: parse_value(text, "--set")):
        try:
            plain(attempt())
        except InputError as error:
            assert error.problems  # noqa: PT017


@given(st.binary(max_size=80))
def test_any_file_is_a_tree_or_an_input_error(tmp_path_factory: pytest.TempPathFactory, content: bytes):
    path = tmp_path_factory.mktemp("any") / "f.yaml"
    path.write_bytes(content)
    try:
        read_file(path, "f.yaml")
    except InputError as error:
        assert error.problems  # noqa: PT017


def test_values_of_the_command_line_point_at_their_option():
    node = parse_value("{a: [1, x]}", "--set")
    assert plain(node) == {"a": [1, "x"]}
    assert node.child("a").child(0).origin.where() == "--set"
    assert parse_value("", "--set").value is None


def test_paths_in_order():
    assert list(paths(parse_mapping("a: {c: 1, b: [1]}\nd: 2", "f.yaml"))) == ["a", "a.c", "a.b", "d"]
