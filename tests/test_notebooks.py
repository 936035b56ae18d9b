"""Notebooks: stored without outputs, and every cell runs, in a folder of its own."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow  # `make fast` leaves these out

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

# Runs the code cells in one namespace; shows what a cell ends with as a notebook would: as a picture, else as text.
RUN = """\
import ast, json, pathlib, sys

sys.path.insert(0, sys.argv[2])
names = {"__name__": "__main__"}
for cell in json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))["cells"]:
    if cell["cell_type"] == "code":
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), names)
        if last:
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
            picture = getattr(value, "_repr_png_", None)
            print("picture" if picture and picture().startswith(b"\\x89PNG") else repr(value))
"""


def cells(notebook: Path) -> list[dict[str, Any]]:
    content = json.loads(notebook.read_text(encoding="utf-8"))
    assert content["nbformat"] == 4
    return list(content["cells"])


def executed(notebook: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a copy of a notebook in `folder`/notebooks, beside a copy of the scenarios."""
    shutil.copytree(ROOT / "scenarios", folder / "scenarios")
    (folder / "notebooks").mkdir()
    command = [sys.executable, "-W", "error", "-c", RUN, str(notebook), str(ROOT)]
    return subprocess.run(command, cwd=folder / "notebooks", capture_output=True, text=True, check=False)


def test_there_are_the_four_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["1_first_run", "2_a_sweep", "3_reading_results", "briefing"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs(notebook: Path) -> None:
    code = [cell for cell in cells(notebook) if cell["cell_type"] == "code"]
    assert code
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_text_stands_before_the_first_code_and_has_a_title(notebook: Path) -> None:
    first = cells(notebook)[0]
    assert first["cell_type"] == "markdown"
    assert first["source"][0].startswith("# ")


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_of_a_notebook_runs(notebook: Path, tmp_path: Path) -> None:
    done = executed(notebook, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert ("picture" in done.stdout.splitlines()) == (notebook.stem != "3_reading_results")
    results = tmp_path / "notebooks" / "results"
    assert list(results.glob("*/manifest.json"))
    made = {path.name for path in (results / "briefing").glob("*")}
    assert made == ({"briefing.html", "briefing.pptx", "numbers"} if notebook.stem == "briefing" else set())


def test_a_cell_that_fails_fails_the_notebook(tmp_path: Path) -> None:
    broken = tmp_path / "broken.ipynb"
    cell = {"cell_type": "code", "source": ["import sim\n", 'sim.load("../scenarios/kursk.yaml")']}
    broken.write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    done = executed(broken, tmp_path)
    assert done.returncode == 1
    assert "InputError" in done.stderr
