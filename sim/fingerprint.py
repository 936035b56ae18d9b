"""The fingerprint of the model's sources: it names the model version and the folder of compiled code.

Numba's disk cache notices an edit in the file of a function, not in the files of the functions that it calls: after
such an edit a cached loop keeps giving the old answer. So the folder is named by a hash of every source that compiled
code can come from, and an edit anywhere starts a new folder.

Two hashes, because they answer two questions:

- `model_version` is of the sources only. It goes into a run's identity, and is the same on any machine.
- `cache_folder` adds a hash of the installation: where this package lies, the Python, and the versions of numba,
  llvmlite and numpy. Numba's own index checks its version and the processor, but not numpy, and keeps a folder for each
  path of the sources; with these in the name, "is there compiled code?" has an exact answer for the checkout that asks.

Versions are read from the names of the `*.dist-info` folders beside a package: importing numba costs 900 ms and
`importlib.metadata` 70 ms, and `twofront --help` may take 300.
"""

import hashlib
import os
import sys
import time
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
COMPILED_FROM = ("model/*.py", "engine/*.py", "scenario/lower*.py")
VARIABLE = "NUMBA_CACHE_DIR"
DAYS_KEPT = 30


@cache
def model_version() -> str:
    """Name the rules that a result came from: 12 hex digits, the same on any machine."""
    return _hash_of_files(PACKAGE, _sources())


@cache
def cache_folder() -> Path:
    """Choose the folder for compiled code: the user's cache, or a temporary one when that cannot be written."""
    return _base() / f"numba-{model_version()}-{_installation()}"


def use_cache_folder() -> bool:
    """Point numba at `cache_folder`, unless the user chose a folder; call it before numba is imported.

    Returns:
        Whether the folder holds code compiled from these sources: False means that the first run compiles.
    """
    chosen = _chosen_by_user()
    if chosen is not None:
        return _is_warm(chosen)
    folder = cache_folder()
    folder.mkdir(exist_ok=True)
    os.utime(folder)  # its age is the time since its last use
    os.environ[VARIABLE] = str(folder)
    _remove_old(folder)
    return _is_warm(folder)


def _sources() -> list[Path]:
    return sorted(path for pattern in COMPILED_FROM for path in PACKAGE.glob(pattern))


def _hash_of_files(root: Path, files: Iterable[Path]) -> str:
    """Hash names and contents; a checkout with Windows line ends gives the same hash."""
    digest = hashlib.blake2b(digest_size=6)
    for path in files:
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _installation() -> str:
    versions = (name for package in ("numba", "llvmlite", "numpy") for name in _version_folders(package))
    text = "\0".join((str(PACKAGE), sys.version, *versions))
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def _version_folders(package: str) -> list[str]:
    """Names such as `numba-0.68.1.dist-info`; empty where a package was installed in another way."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return []
    return sorted(path.name for path in Path(spec.origin).parents[1].glob(f"{package}-*.dist-info"))


def _base() -> Path:
    """Return the first folder that is ours to write: the user's cache, a temporary one, a new temporary one."""
    base = _user_cache() / "twofront"
    if _usable(base):
        return base
    import tempfile  # a slow import that hardly anyone needs

    user = os.getuid() if hasattr(os, "getuid") else "user"
    base = Path(tempfile.gettempdir()) / f"twofront-{user}"
    return base if _usable(base) else Path(tempfile.mkdtemp(prefix="twofront-"))


def _user_cache() -> Path:
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return given if given.is_absolute() else Path(os.path.expanduser("~")) / ".cache"


def _usable(folder: Path) -> bool:
    """Make the folder and see that it is ours: cached code is executed, so nobody else may write there."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return False
    ours = not hasattr(os, "getuid") or folder.lstat().st_uid == os.getuid()
    return ours and os.access(folder, os.W_OK | os.X_OK)


def _chosen_by_user() -> Path | None:
    """Return the user's folder, if any; a folder that a parent process of ours set is not the user's choice."""
    given = os.environ.get(VARIABLE)
    if not given:
        return None
    folder = Path(given)
    ours = folder.name.startswith("numba-") and folder.parent.name.startswith("twofront")
    return None if ours else folder


def _is_warm(folder: Path) -> bool:
    """Whether some compiled code is younger than every source (numba compiles anew what is older than its source)."""
    edited = max((path.stat().st_mtime for path in _sources()), default=0.0)
    return any(path.stat().st_mtime > edited for path in folder.glob("*/*.nbi"))


def _remove_old(current: Path) -> None:
    """Remove the folders of models that nobody has run for `DAYS_KEPT` days."""
    oldest = time.time() - DAYS_KEPT * 86_400
    for folder in current.parent.glob("numba-*"):
        try:
            stale = folder != current and folder.stat().st_mtime < oldest
        except OSError:  # another process has just removed it
            continue
        if stale:
            import shutil  # a slow import that hardly any start needs

            shutil.rmtree(folder, ignore_errors=True)
