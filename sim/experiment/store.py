"""Result folders: claimed before anything runs, filled file by file, each renamed when it is whole.

A result's id is a hash of what its numbers are a function of, so that the same command gives the same id and, but for
times in the manifest, the same bytes. The folder's name adds the time.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sim.errors import InputError
from sim.experiment.tables import atomically

FORMAT = "twofront result 1"
MANIFEST = "manifest.json"
RESULTS = Path("results")
PACKAGES = (
    "numpy",
    "scipy",
    "simpy",
    "numba",
    "llvmlite",
    "pydantic",
    "PyYAML",
    "duckdb",
    "matplotlib",
    "click",
    "rich",
)
_PACKAGE = Path(__file__).resolve().parents[1]
_FAILURES_LISTED = 1_000


def claim(out: Path | None, stem: str, result_id: str) -> Path:
    """Return an existing folder that can be written to, made where necessary; raise InputError where there is none.

    Without `out` it is a new folder in `results/`, named after the scenario, the time and the result's id.
    """
    if out is None:
        name = f"{stem}-{datetime.now():%Y%m%d-%H%M%S}-{result_id[:4]}"
        folder = next(path for path in _numbered(RESULTS / name) if not path.exists())
    else:
        folder = out
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".twofront.part"
        probe.touch()
        probe.unlink()
    except OSError as error:
        message = f"results cannot be written there: {(error.strerror or str(error)).lower()}"
        raise InputError.single("--out", "", f"{folder}: {message}") from error
    _refuse_foreign(folder, result_id)
    return folder


def _numbered(path: Path) -> Iterator[Path]:
    yield path
    number = 2
    while True:
        yield path.with_name(f"{path.name}-{number}")
        number += 1


def _refuse_foreign(folder: Path, result_id: str) -> None:
    """Refuse a folder that holds anything but this same result, which is then written again."""
    if not any(folder.iterdir()):
        return
    found = _manifest_of(folder)
    if found is None:
        raise InputError.single("--out", "", f"{folder}: is not empty and holds no result of twofront")
    if found.get("id") != result_id:
        message = f"holds another result ({found.get('id')}: {found.get('command')}); choose another folder"
        raise InputError.single("--out", "", f"{folder}: {message}")


def clear(folder: Path) -> None:
    """Remove the files of a result that is about to be written again."""
    for name in (_manifest_of(folder) or {}).get("files", {}):
        (folder / name).unlink(missing_ok=True)


def abandon(folder: Path) -> None:
    """Remove a claimed folder if nothing was written to it."""
    with suppress(OSError):
        folder.rmdir()


def free_bytes(folder: Path) -> int:
    """Return the space left on the disk of a folder."""
    return shutil.disk_usage(folder).free


def write_text(path: Path, text: str) -> None:
    """Write a text file as UTF-8 with plain line ends."""
    atomically(path, lambda part: _write_text(part, text))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a result folder; raise InputError where there is none."""
    found = _manifest_of(folder)
    if found is None:
        raise InputError.single("", "", f"{folder}: {_why_none(folder)}")
    return found


def _why_none(folder: Path) -> str:
    """Return why a folder has no manifest that can be read."""
    none = f"is no result folder (it has no {MANIFEST} of twofront)"
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except OSError:
        return none
    except ValueError as error:
        return f"{MANIFEST} is damaged ({error})"
    form = content.get("format") if isinstance(content, dict) else None
    if isinstance(form, str) and form.startswith("twofront "):
        return f"is of another version: its format is '{form}', this version reads '{FORMAT}'; run it again"
    return none


def _manifest_of(folder: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("format") == FORMAT else None


def file_hashes(folder: Path) -> dict[str, str]:
    """Return the hash of each file of a result but the manifest."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != MANIFEST)
    return {path.name: file_hash(path) for path in files}


def file_hash(path: Path) -> str:
    """Return the BLAKE2b hash of a file, 32 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


@cache
def package_versions() -> Mapping[str, str]:
    """Return the versions of twofront and of what its numbers and files depend on."""
    from importlib.metadata import PackageNotFoundError, version

    from sim import __version__

    found = {"twofront": __version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


@cache
def git_commit() -> str | None:
    """Return the commit that the code was run from ('...-dirty' with edits), None outside of a checkout."""
    root = _PACKAGE.parent
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def command_line() -> str:
    """Return the command that was given, without the path of the program."""
    import shlex

    return shlex.join(["twofront", *sys.argv[1:]])
