"""What the repository promises before any model runs: locks, no addresses, light start-up."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-build.lock")
HEAVY = {"numpy", "numba", "pydantic", "matplotlib", "duckdb", "scipy"}
# Split, so that this file doesn't contain what it looks for.
ADDRESSES = ["pypi" + ".", "python" + "hosted", "conda" + ".anaconda", "find-links" + " =", "extra-index" + "-url"]
MACHINE_PATHS = ["/work" + "/main", "/work" + "/shared", "/opt" + "/wheels", "/tmp" + "/tools"]


def files_of_the_repository() -> list[Path]:
    """Tracked files, and those that the next commit could add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def pins(lock: str) -> dict[str, str]:
    """Requirement with its marker -> the whole entry with its hashes."""
    entries = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
    return {entry.split(" \\")[0]: entry for entry in entries}


def bare_name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement)[0].lower()


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_no_address(lock: str):
    text = (ROOT / lock).read_text()
    assert not [word for word in ("http", "--index", "--extra-index", "--find-links", "@") if word in text]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_is_exact_and_hashed(lock: str):
    for requirement, entry in pins(lock).items():
        assert re.match(r"[\w.-]+==[\w.]+( ; .+)?$", requirement)
        assert "--hash=sha256:" in entry


def test_the_development_lock_contains_the_runtime_lock():
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


def test_locks_cover_what_the_project_declares():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = {
        "requirements.lock": project["project"]["dependencies"],
        "requirements-dev.lock": project["dependency-groups"]["dev"],
        "requirements-build.lock": project["build-system"]["requires"],
    }
    for lock, requirements in declared.items():
        assert {bare_name(each) for each in requirements} <= {bare_name(each) for each in pins(lock)}, "run `make lock`"


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout")
def test_no_file_names_a_package_registry_or_a_machine():
    needles = [needle.encode() for needle in ADDRESSES + MACHINE_PATHS]
    found = [
        f"{path.relative_to(ROOT)}: {needle.decode()}"
        for path in files_of_the_repository()
        for needle in needles
        if needle in path.read_bytes().lower()
    ]
    assert found == []


def test_the_command_line_starts_light():
    code = f"import sys; import sim.cli.main; print(*sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
