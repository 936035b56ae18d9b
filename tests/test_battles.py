"""Files of battles: both layouts, what is unknown in them, and what a wrong file is told."""

import os
from pathlib import Path

import numpy as np
import pytest

from sim.errors import InputError
from sim.scenario.battles import MOST_PROBLEMS, PUBLIC, REDUCED, read

ROW = {
    "name": "HILL 1", "campaign": "A CAMPAIGN", "year": "1943", "attackers": "12000", "defenders": "4000",
    "attacker_losses": "300", "defender_losses": "600", "result": "1", "posture": "FD", "surprise": "0",
    "strength_kind": "1",
}  # fmt: skip


def file(folder: Path, *rows: dict[str, str], layout: dict[str, str] = REDUCED, other: str = "unread") -> Path:
    """A file of battles, each a row of the one above with changes, and a column more."""
    header = [*layout.values(), other]
    cells = [[*({**ROW, **row}[field] for field in layout), row.get(other, "")] for row in rows]
    path = folder / "battles.csv"
    path.write_text("\n".join(",".join(line) for line in (header, *cells)) + "\n")
    return path


@pytest.mark.parametrize("layout", [PUBLIC, REDUCED], ids=["public", "reduced"])
def test_both_layouts_are_read_alike(tmp_path: Path, layout: dict[str, str]) -> None:
    (each,) = read(file(tmp_path, {}, layout=layout))
    assert (each.name, each.campaign, each.year, each.line) == ("HILL 1", "A CAMPAIGN", 1943, 2)
    assert (each.attackers, each.defenders, each.attacker_losses, each.defender_losses) == (12000, 4000, 300, 600)
    assert (each.result, each.posture, each.surprise, each.strength_kind) == (1, "FD", 0, 1)


def test_what_is_not_known_is_no_number_and_a_lost_battle_keeps_its_sign(tmp_path: Path) -> None:
    unknown = {
        "attackers": "-1",
        "attacker_losses": "",
        "defender_losses": "NA",
        "year": "9999",
        "result": "",
        "surprise": "9",
    }
    nothing, lost = read(file(tmp_path, unknown | {"posture": "OO"}, {"result": "-1"}))
    gone = (nothing.attackers, nothing.attacker_losses, nothing.defender_losses, nothing.year, nothing.result)
    assert np.isnan([*gone, nothing.surprise]).all()
    assert (nothing.posture, lost.result) == ("", -1)


def test_a_campaign_that_the_public_file_corrects_in_another_column_is_the_corrected_one(tmp_path: Path) -> None:
    path = file(tmp_path, {"campaign": "GOLAN", "CAMPAGN": "GOLAN 1967"}, {}, layout=PUBLIC, other="CAMPAGN")
    assert [each.campaign for each in read(path)] == ["GOLAN 1967", "A CAMPAIGN"]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"attackers": "many"}, r"battles.csv:2: att_strength: 'many' is no number"),
        ({"attackers": "nan"}, r"battles.csv:2: att_strength: 'nan' is no number"),
        ({"defender_losses": "-5"}, r"battles.csv:2: def_casualties: '-5' is below 0"),
        ({"result": "2"}, r"battles.csv:2: wina: '2' is no result; allowed: 1 attacker won"),
        ({"surprise": "7"}, r"battles.csv:2: surprise_att: '7' is no degree of surprise"),
        ({"campaign": ""}, r"battles.csv:2: campaign: is empty"),
        ({"name": "a, b"}, r"battles.csv:2: has 13 cells, the header 12"),
    ],
)
def test_a_wrong_cell_is_located(tmp_path: Path, change: dict[str, str], match: str) -> None:
    with pytest.raises(InputError, match=match):
        read(file(tmp_path, change))


def test_all_problems_are_told_at_once_up_to_a_number(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no number") as two:
        read(file(tmp_path, {"attackers": "x"}, {}, {"result": "y"}))
    assert [problem.where[-2:] for problem in two.value.problems] == [":2", ":4"]
    with pytest.raises(InputError, match="and 30 more problems") as many:
        read(file(tmp_path, *({"attackers": "x"},) * (MOST_PROBLEMS + 30)))
    assert len(many.value.problems) == MOST_PROBLEMS + 1


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", r"is empty; battles in the layout of CDB90 are at github.com/jrnold/CDB90"),
        (b"date,value\n2024-08-06,1\n", r":1: has none of the columns of a file of battles \(NAME, CAMPGN"),
        (b"\xff\xfe\x00binary", r"is not a CSV file in UTF-8"),
        (b'name,"campaign\n', r"is not a CSV file in UTF-8"),
        (b"name,campaign,year\n", r"column 'att_strength' is missing"),
    ],
)
def test_a_wrong_file_is_told_what_it_should_be(tmp_path: Path, content: bytes, match: str) -> None:
    path = tmp_path / "battles.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=match):
        read(path)


def test_a_missing_column_may_have_been_meant_by_another(tmp_path: Path) -> None:
    path = file(tmp_path, {})
    path.write_text(path.read_text().replace("att_strength,", "att_strenght,"))
    with pytest.raises(InputError, match=r":1: column 'att_strength' is missing; is it 'att_strenght'\?"):
        read(path)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, match in (
        (tmp_path, "is no file"),
        (tmp_path / "pipe", "is no file"),
        (tmp_path / "gone", "no such file"),
    ):
        with pytest.raises(InputError, match=match):
            read(path)


def test_a_header_alone_holds_no_battles(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no battles"):
        read(file(tmp_path))
