import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim import fingerprint


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's cache folder of our own, and no folder chosen for numba."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv(fingerprint.VARIABLE, "")
    fingerprint.cache_folder.cache_clear()
    yield tmp_path
    fingerprint.cache_folder.cache_clear()


def write_sources(root: Path, **contents: bytes) -> list[Path]:
    files = [root / f"{name}.py" for name in contents]
    for path, content in zip(files, contents.values(), strict=True):
        path.write_bytes(content)
    return files


def put_compiled_code(folder: Path) -> Path:
    index = folder / "model_0123" / "combat.advance-1.py311.nbi"
    index.parent.mkdir(parents=True)
    index.write_bytes(b"")
    return index


def test_model_version_is_twelve_hex_digits_and_stable():
    assert re.fullmatch("[0-9a-f]{12}", fingerprint.model_version())
    code = "from sim.fingerprint import model_version; print(model_version())"
    again = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert again.stdout.strip() == fingerprint.model_version()


def test_model_version_covers_the_rules_and_nothing_else():
    names = [path.relative_to(fingerprint.PACKAGE).as_posix() for path in fingerprint._sources()]
    assert all(re.fullmatch(r"(model|engine)/\w+\.py|scenario/lower\w*\.py", name) for name in names)
    assert {"model/rules.py", "engine/compiled.py", "scenario/lower.py"} <= set(names)


def test_any_edit_changes_the_hash(tmp_path: Path):
    seen = set()
    for contents in (
        {"a": b"x = 1\n", "b": b"y = 2\n"},
        {"a": b"x = 1\n", "b": b"y = 3\n"},
        {"a": b"y = 2\n", "b": b"x = 1\n"},
        {"a": b"x = 1\ny = 2\n", "b": b""},
        {"a": b"x = 1\n", "c": b"y = 2\n"},
    ):
        seen.add(fingerprint._hash_of_files(tmp_path, write_sources(tmp_path, **contents)))
    assert len(seen) == 5


def test_place_and_line_ends_leave_the_hash_alone(tmp_path: Path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    unix = fingerprint._hash_of_files(here, write_sources(here, a=b"x = 1\ny = 2\n"))
    windows = fingerprint._hash_of_files(there, write_sources(there, a=b"x = 1\r\ny = 2\r\n"))
    assert unix == windows


def test_cache_folder_is_named_by_the_model_version(home: Path):
    folder = fingerprint.cache_folder()
    assert folder.parent == home / "twofront"
    assert re.fullmatch(f"numba-{fingerprint.model_version()}-[0-9a-f]{{8}}", folder.name)


def test_versions_are_read_from_folder_names():
    for package in ("numba", "llvmlite", "numpy"):
        assert re.fullmatch(rf"{package}-[\w.+]+\.dist-info", fingerprint._version_folders(package)[0])
    assert fingerprint._version_folders("no_such_package") == []


def test_another_installation_has_another_folder(home: Path, monkeypatch: pytest.MonkeyPatch):
    before = fingerprint.cache_folder()
    monkeypatch.setattr(fingerprint, "_version_folders", lambda package: [f"{package}-99.dist-info"])
    fingerprint.cache_folder.cache_clear()
    assert fingerprint.cache_folder() != before


def test_a_folder_that_cannot_be_written_gives_way_to_a_temporary_one(home: Path, monkeypatch: pytest.MonkeyPatch):
    (home / "file").write_text("no folder can be made under a file")
    (home / "tmp").mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(home / "tmp"))
    assert fingerprint.cache_folder().parent.parent == home / "tmp"
    assert fingerprint.use_cache_folder() is False
    assert fingerprint.cache_folder().is_dir()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners of files here")
def test_a_folder_of_another_user_is_not_used(home: Path, monkeypatch: pytest.MonkeyPatch):
    (home / "twofront").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(home))
    monkeypatch.setattr(os, "getuid", lambda: home.stat().st_uid + 1)
    folder = fingerprint.cache_folder()
    assert folder.parent.parent == home
    assert folder.parent.name != "twofront"


def test_numba_is_pointed_at_the_folder_and_a_first_compile_is_told(home: Path):
    assert fingerprint.use_cache_folder() is False
    folder = fingerprint.cache_folder()
    assert os.environ[fingerprint.VARIABLE] == str(folder)
    index = put_compiled_code(folder)
    assert fingerprint.use_cache_folder() is True
    os.utime(index, (0, 0))
    assert fingerprint.use_cache_folder() is False, "numba compiles anew what is older than its source"


def test_the_choice_of_the_user_stands(home: Path, monkeypatch: pytest.MonkeyPatch):
    chosen = home / "mine"
    monkeypatch.setenv(fingerprint.VARIABLE, str(chosen))
    assert fingerprint.use_cache_folder() is False
    assert os.environ[fingerprint.VARIABLE] == str(chosen)
    assert not (home / "twofront").exists()
    put_compiled_code(chosen)
    assert fingerprint.use_cache_folder() is True


def test_a_folder_inherited_from_another_version_is_not_a_choice(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(fingerprint.VARIABLE, str(home / "twofront" / "numba-000000000000-00000000"))
    fingerprint.use_cache_folder()
    assert os.environ[fingerprint.VARIABLE] == str(fingerprint.cache_folder())


def test_folders_unused_for_a_month_are_removed(home: Path):
    names = ("numba-old", "numba-recent", "notes")
    for name, days in zip(names, (31, 29, 400), strict=True):
        (home / "twofront" / name / "deeper").mkdir(parents=True)
        then = time.time() - days * 86_400
        os.utime(home / "twofront" / name, (then, then))
    fingerprint.use_cache_folder()
    left = {path.name for path in (home / "twofront").iterdir()}
    assert left == {"numba-recent", "notes", fingerprint.cache_folder().name}


def test_it_imports_nothing_heavy(home: Path):
    code = (
        "import sys; from sim.fingerprint import use_cache_folder; use_cache_folder();"
        "print(*{'numba', 'llvmlite', 'numpy', 'importlib.metadata', 'tempfile', 'shutil'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.slow
def test_numba_compiles_into_the_folder(home: Path):
    code = (
        "from sim.fingerprint import cache_folder, use_cache_folder; print(use_cache_folder());"
        "from sim import __file__ as place; import numba;"
        "print(numba.config.CACHE_DIR == str(cache_folder()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
