from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import InputError, Problem
from sim.scenario.overlay import apply_overlay, apply_set, choose, compose, read_layers
from sim.scenario.tree import Node, parse_mapping, plain


def tree(text: str) -> Node:
    return parse_mapping(text, "f.yaml")


def merged(base: str, over: str) -> Any:
    return plain(apply_overlay(tree(base), tree(over)))


def no_schema(node: Node) -> Iterable[str]:
    return ()


def composed(path: Path, *, choices: Iterable[str] = (), sets: Iterable[str] = ()) -> Any:
    return plain(compose(read_layers(path), [*choices], [*sets], no_schema).tree)


@pytest.fixture
def write(tmp_path: Path):
    def _write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return _write


@pytest.mark.parametrize(
    ("base", "over", "result"),
    [
        ("a: {b: 1, c: 2}", "a: {c: 3, d: 4}", {"a": {"b": 1, "c": 3, "d": 4}}),
        ("a: [1, 2, 3]", "a: [4]", {"a": [4]}),
        ("a: {b: 1}", "a: 5", {"a": 5}),
        ("a: 5", "a: {b: 1}", {"a": {"b": 1}}),
        ("a: {b: 1, c: 2}", "a: {b: null}", {"a": {"c": 2}}),
        ("a: 1", "b: null", {"a": 1, "b": None}),
        ("a: {b: 1}", "a: {}", {"a": {"b": 1}}),
        ("a: {b: 1}\nc: 2", "c: 3\na: {b: 2}", {"a": {"b": 2}, "c": 3}),
    ],
)
def test_mappings_merge_and_the_rest_replaces(base: str, over: str, result: Any):
    found = merged(base, over)
    assert found == result
    assert list(found) == list(result)


@pytest.mark.parametrize(
    ("base", "over", "result"),
    [
        ("{triangular: [1, 2, 3], source: x}", "{uniform: [1, 3]}", {"uniform": [1, 3]}),
        ("{value: 3, source: x, known: 2024-10-24}", "5 d", "5 d"),
        ("{value: 3, source: x}", "{value: 4}", {"value": 4}),
        ("{value: 3, source: x}", "{source: y}", {"value": 3, "source": "y"}),
        ("{value: 3, path: x}", "{value: 4}", {"value": 4, "path": "x"}),
    ],
)
def test_a_number_stated_anew_loses_the_old_source(base: str, over: str, result: Any):
    assert merged(f"a: {base}", f"a: {over}") == {"a": result}


names = st.sampled_from("abcd")
values = st.recursive(st.integers(0, 9), lambda below: st.dictionaries(names, below, max_size=3), max_leaves=8)
mappings = st.dictionaries(names, values, max_size=4)


@given(mappings, mappings)
def test_an_overlay_is_idempotent_and_wins(base: dict, over: dict):
    once = apply_overlay(tree(repr(base)), tree(repr(over)))
    assert plain(apply_overlay(once, tree(repr(over)))) == plain(once)
    assert plain(apply_overlay(tree("{}"), tree(repr(over)))) == over


def test_bases_come_first_and_in_order(write):
    write("sub/root.yaml", "a: 1\nb: 1\nc: 1\n")
    write("sub/one.yaml", "extends: root.yaml\nb: 2\nc: 2\n")
    write("two.yaml", "c: 3\nd: 3\n")
    top = write("top.yaml", "extends: [sub/one.yaml, two.yaml]\nd: 4\n")
    result = compose(read_layers(top), [], [], no_schema)
    assert plain(result.tree) == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert [path.name for path in result.files] == ["root.yaml", "one.yaml", "two.yaml", "top.yaml"]
    assert result.tree.child("b").origin.where() == f"{top.parent}/sub/one.yaml:2:4"
    assert result.tree.origin.file == str(top)


def test_the_same_base_by_two_ways_is_no_circle(write):
    write("root.yaml", "a: 1\n")
    write("one.yaml", "extends: root.yaml\n")
    top = write("top.yaml", "extends: [one.yaml, root.yaml]\nb: 1\n")
    assert composed(top) == {"a": 1, "b": 1}


BAD_EXTENDS = [
    ("extends: top.yaml", "top.yaml:1:10: extends: goes round in a circle: top.yaml -> top.yaml"),
    ("extends: loop.yaml", "loop.yaml:1:10: extends: goes round in a circle: top.yaml -> loop.yaml -> top.yaml"),
    ("a: 1\nextends: gone.yaml", "top.yaml:2:10: extends: there is no file "),
    ("extends: [wide.yaml, 3]", "top.yaml:1:22: extends: must be a file name or a list of them, not 3"),
    ("extends: {a: 1}", "top.yaml:1:10: extends: must be a file name or a list of them, not a mapping"),
    ("extends: wide.yaml", "extends: reads more than 50 files"),
    ('extends: "a\\0b"', "must be a file name"),
    ("extends: broken.yaml", "broken.yaml:1:5: is not valid YAML"),
    ("extends: empty.yaml", "empty.yaml: is empty"),
]


@pytest.mark.parametrize(("text", "message"), BAD_EXTENDS)
def test_extends_that_cannot_be_followed(write, text: str, message: str):
    write("loop.yaml", "extends: top.yaml")
    write("wide.yaml", f"extends: [{', '.join(['leaf.yaml'] * 60)}]")
    write("leaf.yaml", "a: 1")
    write("broken.yaml", "a: b: c")
    write("empty.yaml", "")
    with pytest.raises(InputError, match=r".") as caught:
        composed(write("top.yaml", text))
    assert message in str(caught.value)


CHOICES = """
pool: {people: 10, source: base}
choices:
  russia:
    response:
      default: measured
      options:
        measured: {about: as seen}
        divert: {about: from the east, set: {pool: {people: 20}, east: {effort: 0.5}}}
  dprk:
    inflow:
      default: eleven
      options:
        none: {set: {pool: null}}
        eleven: {set: {pool: {people: 11}}}
"""


def test_defaults_are_taken_and_recorded(write):
    result = compose(read_layers(write("c.yaml", CHOICES)), [], [], no_schema)
    assert result.chosen == {"russia.response": "measured", "dprk.inflow": "eleven"}
    assert plain(result.tree)["pool"] == {"people": 11, "source": "base"}
    assert plain(result.tree)["chosen"] == result.chosen


def test_options_apply_in_the_order_of_the_file_not_of_the_command_line(write):
    result = composed(write("c.yaml", CHOICES), choices=["dprk.inflow=eleven", "russia.response=divert"])
    assert result["pool"] == {"people": 11, "source": "base"}
    assert result["east"] == {"effort": 0.5}
    assert "pool" not in composed(write("c.yaml", CHOICES), choices=["dprk.inflow=none"])


def test_values_of_an_option_say_so(write):
    result = compose(read_layers(write("c.yaml", CHOICES)), ["russia.response=divert"], [], no_schema)
    origin = result.tree.child("east").child("effort").origin
    assert origin.layer == "choice russia.response=divert"
    assert origin.short() == "c.yaml:9 (choice russia.response=divert)"
    assert result.tree.child("chosen").child("russia.response").origin.where() == "--choice"


BAD_CHOICES = [
    ("russia.respons=divert", "--choice: russia.respons: there is no such decision; did you mean 'russia.response'?"),
    ("russia.response=diver", "--choice: russia.response: has no option 'diver'; did you mean 'divert'?"),
    ("china.response=x", "(allowed: russia.response, dprk.inflow)"),
    ("russia.response", "'russia.response' is not actor.decision=option; did you mean 'russia.response=divert'?"),
    ("russia.response=", "is not actor.decision=option"),
    ("", "'' is not actor.decision=option; allowed: russia.response=measured"),
]


@pytest.mark.parametrize(("pick", "message"), BAD_CHOICES)
def test_choices_that_are_not_offered(write, pick: str, message: str):
    with pytest.raises(InputError, match=r".") as caught:
        composed(write("c.yaml", CHOICES), choices=[pick])
    assert message in str(caught.value)


def test_choosing_twice_where_nothing_is_offered_or_what_may_not_be_set(write):
    path = write("c.yaml", CHOICES)
    with pytest.raises(InputError, match="is chosen twice, as 'divert' and as 'measured'"):
        composed(path, choices=["russia.response=divert", "russia.response=measured"])
    with pytest.raises(InputError, match="this scenario offers no choices"):
        composed(write("n.yaml", "a: 1"), choices=["a.b=c"])
    bad = "choices: {a: {b: {default: c, options: {c: {set: {choices: {}}}}}}}"
    with pytest.raises(InputError, match=r"choices.a.b.options.c.set.choices: may not be set from here"):
        composed(write("b.yaml", bad))
    bad = "choices: {a: {b: {default: d, options: {c: {}}}}}"
    with pytest.raises(InputError, match=r"b.yaml:1:28: choices.a.b.default: 'd' is not an option"):
        composed(write("b.yaml", bad))


def test_malformed_choices_are_left_to_the_schema():
    problems: list[Problem] = []
    for text in (
        "choices: 3",
        "choices: {a: 3}",
        "choices: {a: {b: 3}}",
        "choices: {a: {b: {options: 3, default: x}}}",
    ):
        assert choose(tree(text), [], problems)[0] == {}
    assert problems == []


def test_a_record_of_choices_is_kept(write):
    result = compose(read_layers(write("f.yaml", "chosen: {a.b: c}")), [], [], no_schema)
    assert result.chosen == {"a.b": "c"}


BASE = "start: 2024-08-06\nfronts:\n  kursk: {tempo: {value: 0.2, source: x}, works: [1, {a: 2}]}\n"
SETS = [
    ("start=2024-09-01", ["start"], "2024-09-01"),
    ("fronts.kursk.tempo=0.3 1/day", ["fronts", "kursk", "tempo"], "0.3 1/day"),
    ("fronts.kursk.tempo={normal: [1, 2]}", ["fronts", "kursk", "tempo"], {"normal": [1, 2]}),
    ("fronts.kursk.tempo.value=0.4", ["fronts", "kursk", "tempo"], {"value": 0.4, "source": "x"}),
    ("fronts.kursk.works=[5]", ["fronts", "kursk", "works"], [5]),
    ("fronts.kursk.works.1.a=7", ["fronts", "kursk", "works"], [1, {"a": 7}]),
    ("fronts.kursk.works.0=7", ["fronts", "kursk", "works"], [7, {"a": 2}]),
    ("fronts={kursk: {works: 3}}", ["fronts", "kursk"], {"tempo": {"value": 0.2, "source": "x"}, "works": 3}),
    (" start = 'a=b' ", ["start"], "a=b"),
    ("luck.sd=3", ["luck"], {"sd": 3}),
]


@pytest.mark.parametrize(("text", "keys", "value"), SETS)
def test_set_changes_one_path(text: str, keys: list[str], value: Any):
    found = plain(apply_set(tree(BASE), text, lambda node: ["luck", "luck.sd"]))
    for key in keys:
        found = found[key]
    assert found == value


def test_set_to_null_removes():
    assert "start" not in plain(apply_set(tree(BASE), "start=null", no_schema))
    assert "start" not in plain(apply_set(tree(BASE), "start=", no_schema))


BAD_SETS = [
    ("start", "--set: 'start' is not path=value"),
    ("=3", "--set: '=3' is not path=value"),
    ("fronts.krsk.tempo=3", "--set: fronts.krsk.tempo: there is no such path; did you mean 'fronts.kursk.tempo'?"),
    ("fronts.kursk.tempo.value.x=3", "there is no such path"),
    ("fronts.kursk.zzz=3", "allowed: tempo, works (in fronts.kursk)"),
    ("tempo=3", "there is no such path; did you mean 'fronts.kursk.tempo'?"),
    ("frnts.kursk.tempo=3", "there is no such path; did you mean 'fronts.kursk.tempo'?"),
    ("frnts.krsk.tempo=3", "there is no such path; did you mean 'fronts'?"),
    ("zzz=3", "--set: zzz: there is no such path; allowed: start, fronts"),
    ("fronts.kursk.works.9=3", "there is no such path"),
    ("extends=x.yaml", "--set: extends: 'extends' belongs in a file"),
    ("choices.a=3", "is chosen from with --choice actor.decision=option"),
    ("start=[1", "--set: start: is not valid YAML"),
    ("start=*x", "--set: start: anchors and aliases (*x) are not allowed"),
    ("start=\udc80", "--set: start: is not text in UTF-8"),
]


@pytest.mark.parametrize(("text", "message"), BAD_SETS)
def test_sets_that_make_no_sense(text: str, message: str):
    with pytest.raises(InputError, match=r".") as caught:
        apply_set(tree(BASE), text, no_schema)
    assert message in str(caught.value)


@given(st.text(max_size=30))
def test_any_set_is_a_tree_or_an_input_error(text: str):
    try:
        apply_set(tree(BASE), f"fronts.kursk.works{text}", no_schema)
    except InputError as error:
        assert str(error)  # noqa: PT017


def test_problems_of_choices_and_sets_come_together(write):
    with pytest.raises(InputError, match=r".") as caught:
        composed(write("c.yaml", CHOICES), choices=["a.b=c", "d"], sets=["e=1", "f"])
    assert [problem.where for problem in caught.value.problems] == ["--choice", "--choice", "--set", "--set"]


def test_set_comes_after_choices_and_in_order(write):
    path = write("c.yaml", CHOICES)
    result = composed(path, choices=["russia.response=divert"], sets=["east.effort=0.7", "east.effort=0.8"])
    assert result["east"] == {"effort": 0.8}
