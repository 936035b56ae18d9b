"""docs/signs.md: every row of the model page is tried, its verdicts follow from its numbers, no miss is silent."""

import importlib.util
import re
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


@cache
def script() -> ModuleType:
    """docs/signs.py as a module."""
    spec = importlib.util.spec_from_file_location("signs_page", ROOT / "docs" / "signs.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["signs_page"] = module
    spec.loader.exec_module(module)
    return module


@cache
def page() -> tuple[list, dict[tuple[str, str], str]]:
    """The rows of the page, and their verdicts as printed, by change and outcome."""
    found, verdicts = [], {}
    for line in (ROOT / "docs" / "signs.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if "±" not in line or len(cells) != 5:
            continue
        for outcome, cell in zip(("Kursk", "East", "Dual"), cells[2:], strict=True):
            numbers = [(float(a), float(b)) for a, b in re.findall(r"([+-][\d.]+) ± ([\d.]+)", cell)]
            expected = cell.partition(": ")[0]
            if len(numbers) == 2:
                found.append(script().Row(cells[0], outcome, expected, tuple(numbers)))
                verdicts[cells[0], outcome] = cell.rpartition("(")[2].rstrip(")")
    return found, verdicts


def test_every_sign_that_the_model_page_expects_is_tried() -> None:
    assert set(script().CHANGES) == set(script().expected()) == {row.change for row in page()[0]}
    for row in page()[0]:
        assert row.expected in script().expected()[row.change]


def test_what_the_page_says_follows_from_its_numbers() -> None:
    """Rounded as printed, a number next to its bound may fall on the other side: at most two do."""
    found, verdicts = page()
    differ = [row for row in found if script().verdict(row) != verdicts[row.change, row.outcome]]
    assert len(differ) <= 2


def test_no_miss_goes_without_its_reason() -> None:
    found, verdicts = page()
    missed = {key for key, verdict in verdicts.items() if verdict in {"MISS", "not seen", "none expected"}}
    assert missed == {key for keys, _ in script().EXPLAINED for key in keys}
    text = (ROOT / "docs" / "signs.md").read_text()
    assert all(reason in text for _, reason in script().EXPLAINED)
    assert len(found) > 80


@pytest.mark.slow
def test_the_page_shows_what_the_model_does() -> None:
    """Four changes again on 150 replications: within the sum of both intervals, each of which holds at 99.9 %."""
    again = ["choice: Russia diverts from the east", "g0", "Ukrainian people in the east", "Russian per_km2"]
    printed = {(row.change, row.outcome): row.found for row in page()[0]}
    for row in script().rows(again, 150):
        for (was, half), (seen, wide) in zip(printed[row.change, row.outcome], row.found, strict=True):
            assert abs(seen - was) <= half + wide + 0.001 + 0.01 * abs(was)
