"""Observation files: what is read, and what a wrong one is told."""

import os
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from sim.errors import InputError
from sim.scenario.observations import known_by, read

SHIPPED = Path(__file__).parents[1] / "scenarios" / "observations" / "kursk_2024.csv"
HEADER = "quantity,since,date,value,low,high,known,claimant,source\n"
GOOD = "kursk.territory_km2,,2024-08-27,1044,833,1255,2024-08-28,DeepState,map\n"


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "seen.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_figure_is_read_with_its_range_and_line(tmp_path: Path) -> None:
    change = 'east.territory_km2,2024-08-31,2024-09-30,397.2,,,2024-10-01,,"areas, net"\n'
    point, gain = read(written(tmp_path, HEADER + GOOD + "\n" + change))
    assert (point.quantity, point.since, point.date) == ("kursk.territory_km2", None, date(2024, 8, 27))
    assert (point.value, point.low, point.high, point.claimant, point.line) == (1044, 833, 1255, "DeepState", 2)
    assert (gain.since, gain.value, gain.source, gain.line) == (date(2024, 8, 31), 397.2, "areas, net", 4)
    assert np.isnan([gain.low, gain.high]).all()


def test_columns_may_be_left_out_and_stand_in_any_order(tmp_path: Path) -> None:
    text = "source,value,date,known,quantity\nmap,7,2024-08-27,2024-08-28,east.territory_km2\n"
    (only,) = read(written(tmp_path, "\ufeff" + text))
    assert (only.quantity, only.value, only.since, only.claimant) == ("east.territory_km2", 7, None, "")


def test_later_figures_were_not_known_before() -> None:
    found = read(SHIPPED)
    early = known_by(found, date(2024, 9, 15))
    assert 0 < len(early) < len(found)
    assert max(each.known for each in early) <= date(2024, 9, 15)


def test_the_shipped_file_ends_where_the_record_ends_and_names_its_sources() -> None:
    for each in read(SHIPPED):
        assert each.date <= each.known <= date(2024, 11, 11)
        assert each.source
        assert each.claimant


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", r"seen.csv:1: missing columns: quantity, date"),
        (HEADER, r"holds no observations"),
        (
            HEADER.replace("claimant", "claiment") + GOOD,
            r"seen.csv:1: unknown column 'claiment'; did you mean 'claimant'",
        ),
        (HEADER.replace("claimant", "source") + GOOD, r"column 'source' stands twice"),
        (HEADER + GOOD.replace("2024-08-27", "27.8.2024"), r"seen.csv:2: date: '27.8.2024' is not a date such as"),
        (HEADER + GOOD.replace("1044", "1.044 km2"), r"seen.csv:2: value: '1.044 km2' is not a number"),
        (HEADER + GOOD.replace("1044", "inf"), r"'inf' is not a number"),
        (HEADER + GOOD.replace("1044", "1300"), r"1300 does not lie between low \(833\) and high \(1255\)"),
        (
            HEADER + GOOD.replace(",,2024", ",2024-09-01,2024", 1),
            r"since: 2024-09-01 is not before the date, 2024-08-27",
        ),
        (HEADER + GOOD.replace("map", ""), r"seen.csv:2: source: is empty"),
        (HEADER + GOOD.replace("map", "a, b"), r"has 10 cells, the header 9 \(quote text that holds a comma\)"),
        (HEADER + 'x,,"2024-08-27\n', r"is not a CSV file in UTF-8"),
        (b"\xff\xfe\x00", r"is not a CSV file in UTF-8"),
        (b"a" * 2_000_001, r"is larger than 2,000,000 bytes"),
    ],
)
def test_a_wrong_file_is_told_where_and_what(tmp_path: Path, text: str | bytes, match: str) -> None:
    with pytest.raises(InputError, match=match):
        read(written(tmp_path, text))


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(InputError, match="is no file; name a CSV file of figures"):
            read(path)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    bad = GOOD.replace("1044", "many") + GOOD.replace("2024-08-28", "soon") + GOOD
    with pytest.raises(InputError, match=r"(?s)seen.csv:2: value.*seen.csv:3: known") as caught:
        read(written(tmp_path, HEADER + bad))
    assert len(caught.value.problems) == 2


def test_a_quantity_that_the_scenario_has_not_is_refused_with_what_was_meant(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"quantity: 'kursk.territory_km2' is no daily series .* 'kursk.area_km2'"):
        read(written(tmp_path, HEADER + GOOD), ["kursk.area_km2"])


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.csv: cannot be read: no such file"):
        read(tmp_path / "none.csv")
