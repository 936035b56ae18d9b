import gc
import subprocess
import sys
from pathlib import Path

import pytest

from sim.cli.ahead import FIGURES, TABLES, uncollected

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(("figure", "expected"), [(False, set(TABLES)), (True, {*TABLES, *FIGURES})])
def test_figures_are_imported_ahead_only_where_one_is_drawn(figure: bool, expected: set[str]):
    code = (
        "import sys; from sim.cli.ahead import import_ahead\n"
        "assert not {'duckdb', 'scipy', 'matplotlib'} & set(sys.modules)\n"
        f"import_ahead({figure}); print(*sorted({ {*TABLES, *FIGURES} } & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == expected


def test_saving_a_figure_finds_what_writes_each_format_imported(tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from sim.cli.ahead import import_ahead\n"
        "import_ahead(True); before = set(sys.modules)\n"
        "from sim.plotting.style import save, slide\n"
        f"save(slide(), Path({str(tmp_path)!r}), 'empty')\n"
        "print(*sorted(name for name in set(sys.modules) - before if name.startswith('matplotlib.backends')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
    assert {path.name for path in tmp_path.iterdir()} == {"empty.png", "empty.svg"}


def test_no_garbage_is_looked_for_while_loading_and_again_afterwards():
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()
