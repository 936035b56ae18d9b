"""The documents say what the code does: generated pages are fresh, links lead somewhere, commands in them parse."""

import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from sim.cli.main import COMMANDS
from sim.scenario.load import check, load

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMAND = re.compile(r"^(?:\.venv/bin/)?twofront (?P<rest>.+?)(?:\s+#.*)?$", re.MULTILINE)


def commands(page: Path) -> list[list[str]]:
    """The `twofront ...` lines of a page's shell blocks, as arguments."""
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL)
    return [shlex.split(found["rest"]) for block in blocks for found in COMMAND.finditer(block)]


def test_generated_pages_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_the_readme_shows_every_command() -> None:
    shown = {arguments[0] for arguments in commands(ROOT / "README.md")}
    assert set(COMMANDS) - {"schema"} <= shown


@pytest.mark.parametrize("arguments", commands(ROOT / "README.md"), ids=" ".join)
def test_what_the_readme_runs_exists(arguments: list[str]) -> None:
    """Scenario files, choices and paths in the README's commands are accepted by the loader."""
    options = list(pairwise(arguments))
    choices = [value for name, value in options if name == "--choice"]
    sets = [value for name, value in options if name == "--set"]
    for argument in arguments[1:]:
        if argument.startswith("scenarios/") and argument.endswith(".yaml"):
            assert load(ROOT / argument, choices, sets).hash


def test_the_signs_of_the_model_page_name_choices_that_exist() -> None:
    flagship = check(ROOT / "scenarios" / "kursk_2024.yaml")
    assert set(flagship.choices) == {
        "ukraine.incursion",
        "ukraine.kursk",
        "russia.response",
        "russia.inflow",
        "west.aid",
    }


def test_every_equation_that_the_code_names_stands_on_the_model_page() -> None:
    page = (ROOT / "docs" / "model.md").read_text()
    named = {
        number
        for path in (ROOT / "sim" / "model").glob("*.py")
        for number in re.findall(r"\bE(\d{1,2})\b", path.read_text())
    }
    assert {number for number in named if f"E{number}" not in page} == set()
