from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, model_validator
from pydantic_core import PydanticCustomError
from stub_schema import Scenario

from sim.errors import InputError
from sim.scenario.compare import DiffRow, diff_rows, show_rows
from sim.scenario.load import Loaded, check, content_hash, effective_yaml, load, locate, quantities
from sim.scenario.tree import Node, Origin, parse_mapping, plain, read_file

BASE = """\
twofront: 1
title: Base
start: 2024-08-06
end: 2025-04-30
fronts:
  kursk:
    theatre: kursk
    tempo_per_day: {triangular: [0.1, 0.2, 0.4], source: spike}
    forces:
      russia:
        regular: 11000 troops
        conscript: {value: "11,000 troops", source: press, known: 2024-10-24}
"""
KURSK = """\
extends: base.yaml
title: Kursk
fronts:
  kursk:
    forces: {russia: {conscript: null}}
    policy: {kind: threshold, threshold: 5 %}
choices:
  russia:
    response:
      default: measured
      options:
        measured: {about: as seen}
        divert:
          set:
            fronts:
              kursk:
                forces: {russia: {regular: 30000}}
counterfactual:
  set:
    fronts: {kursk: {tempo_per_day: 0.01}}
"""


@pytest.fixture
def kursk(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "kursk.yaml").write_text(KURSK)
    return tmp_path / "kursk.yaml"


def read(path: Path, *, choices: tuple[str, ...] = (), sets: tuple[str, ...] = ()) -> Loaded:
    return load(path, choices, sets, model=Scenario)


def problems(path: Path, text: str, model: type[BaseModel] = Scenario) -> list[str]:
    """Return the problems of a text, with positions but without the folder."""
    path.write_text(text)
    with pytest.raises(InputError, match=r".") as caught:
        load(path, model=model)
    return [str(problem).replace(str(path), path.name) for problem in caught.value.problems]


def test_a_scenario_with_its_counterfactual(kursk: Path):
    loaded = read(kursk)
    front = loaded.scenario.fronts["kursk"]
    assert loaded.scenario.title == "Kursk"
    assert front.forces["russia"]["regular"].central == 11000
    assert list(front.forces["russia"]) == ["regular"]
    assert loaded.choices == {"russia.response": "measured"}
    assert [path.name for path in loaded.source_files] == ["base.yaml", "kursk.yaml"]
    other = loaded.counterfactual
    assert other.scenario.fronts["kursk"].tempo_per_day.central == 0.01
    assert other.scenario.counterfactual is None
    assert other.tree.child("fronts").child("kursk").child("tempo_per_day").origin.layer == "counterfactual"
    assert other.hash != loaded.hash


def test_choices_and_sets_reach_the_model(kursk: Path):
    loaded = read(kursk, choices=("russia.response=divert",), sets=("fronts.kursk.policy.delay=1 week", "luck=none"))
    front = loaded.scenario.fronts["kursk"]
    assert front.forces["russia"]["regular"].central == 30000
    assert front.policy.delay.central == 7
    assert loaded.scenario.luck == "none"
    assert loaded.counterfactual.scenario.luck == "none"


BAD = """\
twofront: 1
titel: Bad
start: 2024-02-30
end: 2025-04-30
fronts:
  kursk:
    theatre: kurks
    tempo_per_day: fast
    length_km: 5000
    forces:
      russia:
        regular: 11000 km
        other: -3
        fourth: {triangular: [1, 2, 30 d]}
        fith: {value: 1, sourse: x}
    policy:
      kind: threshold
      threshold: 1.4
      delai: 3
  east:
    tempo_per_day: 1
    ground: woded
    policy: {kind: holdd}
    weights: [0.3, 2]
    reserve: {theatre: 3, tempo_per_day: true, policy: {}}
  north: 7
seasons:
  mud: {begins: 13-01, factor: slow}
luck: weekley
replications: 1.5
"""
BAD_PROBLEMS = [
    "bad.yaml:1:1: title: is required but missing",
    "bad.yaml:2:1: titel: unknown key; did you mean 'title'?",
    "bad.yaml:3:8: start: '2024-02-30' is an impossible date (day is out of range for month)",
    "bad.yaml:8:20: fronts.kursk.tempo_per_day: 'fast' is not a number",
    "bad.yaml:9:16: fronts.kursk.length_km: 5000 is above 2000",
    "bad.yaml:12:18: fronts.kursk.forces.russia.regular: "
    "'11000 km' has the unit 'km'; allowed: people, troops, soldiers",
    "bad.yaml:13:16: fronts.kursk.forces.russia.other: -3 is below 0",
    "bad.yaml:14:37: fronts.kursk.forces.russia.fourth.triangular.2: "
    "'30 d' has the unit 'd'; allowed: people, troops, soldiers",
    "bad.yaml:15:26: fronts.kursk.forces.russia.fith.sourse: unknown key; did you mean 'source'?",
    "bad.yaml:18:18: fronts.kursk.policy.threshold: 1.4 is above 1",
    "bad.yaml:19:7: fronts.kursk.policy.delai: unknown key; did you mean 'delay'? (allowed: kind, threshold, delay)",
    "bad.yaml:20:3: fronts.east.theatre: is required but missing",
    "bad.yaml:22:13: fronts.east.ground: 'woded' is not allowed; did you mean 'wooded'? (allowed: open, wooded)",
    "bad.yaml:23:20: fronts.east.policy.kind: 'holdd' is not allowed; did you mean 'hold'? (allowed: hold, threshold)",
    "bad.yaml:24:20: fronts.east.weights.1: 2 is above 1",
    "bad.yaml:25:24: fronts.east.reserve.theatre: 3 is not text (write it in quotes)",
    "bad.yaml:25:42: fronts.east.reserve.tempo_per_day: true is not a number",
    "bad.yaml:25:48: fronts.east.reserve.policy.kind: is required but missing; allowed: hold, threshold",
    "bad.yaml:26:10: fronts.north: 7 is not a mapping (key: value)",
    "bad.yaml:28:17: seasons.mud.begins: '13-01' is no day of the year (month-day)",
    "bad.yaml:28:32: seasons.mud.factor: 'slow' is not a number",
    "bad.yaml:28:32: seasons.mud.factor: 'slow' is not allowed; allowed: frozen",
    "bad.yaml:29:7: luck: 'weekley' is not allowed; did you mean 'weekly'? (allowed: none, weekly, monthly)",
    "bad.yaml:30:15: replications: 1.5 is not a whole number",
]


def test_every_problem_at_once_in_the_order_of_the_file(tmp_path: Path):
    assert problems(tmp_path / "bad.yaml", BAD) == BAD_PROBLEMS


def test_checks_between_fields_point_at_their_values(tmp_path: Path):
    text = BASE.replace("theatre: kursk", "theatre: kurks")
    assert problems(tmp_path / "f.yaml", text) == ["f.yaml:7:14: fronts.kursk.theatre: there is no theatre 'kurks'"]
    text = BASE.replace("2025", "2023")
    assert problems(tmp_path / "f.yaml", text) == ["f.yaml:4:6: end: 2023-04-30 is not after the start 2024-08-06"]


class Span(BaseModel):
    first: int
    last: int

    @model_validator(mode="after")
    def _rises(self) -> "Span":
        if self.last < self.first:
            path = "last" if self.first < 10 else "limit.largest"
            message = f"{self.last} is before {self.first}"
            raise PydanticCustomError("cross", "{message}", {"message": message, "path": path})
        return self


class Spans(BaseModel):
    limit: dict[str, int]
    spans: dict[str, Span]


def test_checks_inside_a_part_may_name_paths_from_there_or_from_the_root(tmp_path: Path):
    text = "limit: {largest: 9}\nspans:\n  a: {first: 5, last: 3}\n  b: {first: 12, last: 3}\n"
    assert problems(tmp_path / "f.yaml", text, Spans) == [
        "f.yaml:1:18: limit.largest: 3 is before 12",
        "f.yaml:3:23: spans.a.last: 3 is before 5",
    ]


def test_problems_of_an_option_lie_in_the_option(kursk: Path):
    kursk.write_text(KURSK.replace("regular: 30000", "regular: 30000 km"))
    assert read(kursk).choices == {"russia.response": "measured"}
    with pytest.raises(InputError, match=r"kursk.yaml:17:44: fronts.kursk.forces.russia.regular: '30000 km' has"):
        check(kursk, model=Scenario)


def test_check_tries_each_option_beside_the_choices_made(kursk: Path):
    assert check(kursk, ["russia.response=divert"], model=Scenario).choices == {"russia.response": "divert"}
    with pytest.raises(InputError, match="has no option 'x'"):
        check(kursk, ["russia.response=x"], model=Scenario)


def test_check_reads_each_file_once_for_all_options(kursk: Path, monkeypatch: pytest.MonkeyPatch):
    names: list[str] = []

    def reading(path: Path, name: str) -> Node:
        names.append(path.name)
        return read_file(path, name)

    monkeypatch.setattr("sim.scenario.overlay.read_file", reading)
    check(kursk, model=Scenario)
    assert names == ["kursk.yaml", "base.yaml"]


def test_options_checked_leave_nothing_behind_in_the_scenario(kursk: Path):
    kursk.write_text(KURSK.replace("default: measured", "default: divert"))
    picked = ("russia.response=measured",)
    assert check(kursk, picked, model=Scenario).hash == read(kursk, choices=picked).hash
    assert plain(check(kursk, model=Scenario).tree) == plain(read(kursk).tree)


def test_problems_of_the_counterfactual_say_so(kursk: Path):
    kursk.write_text(KURSK.replace("tempo_per_day: 0.01", "tempo_per_day: -1"))
    with pytest.raises(InputError, match=r"kursk.yaml:20:37: .*: -1 is below 0 \(in the counterfactual\)"):
        read(kursk)
    kursk.write_text(KURSK.replace("fronts: {kursk: {tempo_per_day: 0.01}}", "choices: {}"))
    with pytest.raises(InputError, match=r"counterfactual.set.choices: may not be set from here"):
        read(kursk)


def test_problems_of_both_worlds_are_told_once(kursk: Path):
    with pytest.raises(InputError, match="--set: start: 'x' is not a date") as caught:
        read(kursk, sets=("start=x",))
    assert len(caught.value.problems) == 1


def test_the_hash_is_of_what_takes_effect(kursk: Path):
    plain_hash = read(kursk).hash
    assert len(plain_hash) == 16
    kursk.write_text("# a comment\n" + KURSK.replace("as seen", "as it was"))
    assert read(kursk).hash == plain_hash
    assert read(kursk, sets=("luck=weekly",)).hash != plain_hash
    assert read(kursk, choices=("russia.response=divert",)).hash != plain_hash


def test_the_order_of_names_is_content():
    assert content_hash(parse_mapping("{a: 1, b: 2}", "f")) != content_hash(parse_mapping("{b: 2, a: 1}", "f"))


def test_the_effective_file_loads_to_the_same(kursk: Path):
    loaded = read(kursk, choices=("russia.response=divert",), sets=("fronts.kursk.forces.russia.regular=5000 people",))
    again = kursk.with_name("effective.yaml")
    again.write_text(effective_yaml(loaded))
    reloaded = read(again)
    assert reloaded.hash == loaded.hash
    assert reloaded.choices == {"russia.response": "divert"}
    assert reloaded.counterfactual.hash == loaded.counterfactual.hash
    assert diff_rows(loaded, reloaded) == []
    assert effective_yaml(reloaded) == again.read_text()


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.sampled_from(
        ["no", "1e6", ".nan", "<<", "~", "null", "2024-08-06", "0x1f", "12:30", "- a", "#", "a: b", "=", ""]
    ),
)
names = st.one_of(st.text(min_size=1), st.sampled_from(["<<", "null", "1", "true", "russia.response"]))
values = st.recursive(
    scalars, lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(names, below, max_size=3))
)


def node(value: Any) -> Node:
    if isinstance(value, dict):
        value = {key: node(child) for key, child in value.items()}
    elif isinstance(value, list):
        value = [node(child) for child in value]
    return Node(value, Origin("f.yaml", 1, 1, "f.yaml"))


@given(st.dictionaries(names, values, max_size=4))
def test_any_tree_survives_being_written(tree: dict[str, Any]):
    source = node(tree)
    loaded = Loaded(None, source, "", (), {})  # type: ignore[arg-type]
    expected = {key: value for key, value in plain(source).items() if key != "choices"}
    assert plain(parse_mapping(effective_yaml(loaded), "f.yaml")) == expected


def test_locating_values(kursk: Path):
    loaded = read(kursk, sets=("end=2025-05-01",))
    assert locate(loaded, "fronts.kursk.theatre").where() == f"{kursk.with_name('base.yaml')}:7:14"
    assert locate(loaded, "end").where() == "--set"
    assert locate(loaded, "fronts.kursk.length_km").layer == "default"
    with pytest.raises(InputError, match=r"fronts.krsk: there is no such path; did you mean 'fronts.kursk'\?"):
        locate(loaded, "fronts.krsk")


def test_quantities_by_path(kursk: Path):
    loaded = read(kursk)
    assert [(path, found.source) for path, found in quantities(loaded)] == [("fronts.kursk.tempo_per_day", "spike")]
    assert [path for path, _ in quantities(loaded, every=True)] == [
        "fronts.kursk.tempo_per_day",
        "fronts.kursk.forces.russia.regular",
        "fronts.kursk.policy.threshold",
        "fronts.kursk.policy.delay",
    ]


def test_rows_of_the_effective_scenario(kursk: Path):
    rows = {row.path: row for row in show_rows(read(kursk, choices=("russia.response=divert",), sets=("luck=none",)))}
    assert rows["fronts.kursk.tempo_per_day"].value == "triangular [0.1, 0.2, 0.4] 1/day"
    assert rows["fronts.kursk.tempo_per_day"].source == "spike"
    origins = {path: row.origin for path, row in rows.items()}
    assert origins["start"] == "base.yaml:3"
    assert origins["fronts.kursk.policy.delay"] == "default"
    assert origins["luck"] == "--set"
    assert origins["fronts.kursk.forces.russia.regular"] == "kursk.yaml:17 (choice russia.response=divert)"
    assert origins["chosen.russia.response"] == "--choice"
    assert not [path for path in rows if path.startswith(("choices", "extends"))]


def test_rows_of_a_difference(kursk: Path):
    a = read(kursk)
    b = read(kursk, choices=("russia.response=divert",), sets=("fronts.kursk.policy=null", "start=2024-08-07"))
    assert diff_rows(a, b) == [
        DiffRow("start", "2024-08-06", "2024-08-07"),
        DiffRow("fronts.kursk.forces.russia.regular", "11000 people", "30000 people"),
        DiffRow("fronts.kursk.policy.kind", "threshold", None),
        DiffRow("fronts.kursk.policy.threshold", "0.05", None),
        DiffRow("fronts.kursk.policy.delay", "10 days", None),
        DiffRow("chosen.russia.response", "measured", "divert"),
        DiffRow("fronts.kursk.policy", None, "none"),
    ]
    assert diff_rows(a, a) == []
