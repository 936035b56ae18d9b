"""What results a folder holds: finished, interrupted, failed or damaged; nothing here is fatal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.errors import InputError, RunError
from sim.experiment.parts import PARTS, SUFFIX, read_part
from sim.experiment.store import MANIFEST, read_manifest

MADE_OF_RESULTS = ("briefing-", "figures-")  # how `report` and `plot` name folders of several results


@dataclass(frozen=True)
class Entry:
    """A folder: what its manifest says, or what is wrong with it.

    done, asked, failed : runs; size : bytes of its files.
    """

    folder: Path
    size: int
    problem: str = ""
    id: str = ""
    kind: str = ""
    title: str = ""
    asked: int = 0
    done: int = 0
    failed: int = 0
    interrupted: bool = False
    when: str = ""
    command: str = ""


def entries(folder: Path) -> list[Entry]:
    """Return the results in a folder, the latest first; the folder itself where it is a result."""
    if not folder.is_dir():
        raise InputError.single("", "", f"{folder}: is no folder")
    if (folder / MANIFEST).is_file():
        return [_entry(folder)]
    found = [_entry(path) for path in sorted(folder.iterdir()) if path.is_dir() and not _made_of_results(path)]
    return sorted(found, key=lambda entry: (entry.when, entry.folder.name), reverse=True)


def _made_of_results(folder: Path) -> bool:
    """Return whether a folder is hidden, or holds what `report` or `plot` made of several results: none of its own."""
    return folder.name.startswith((".", *MADE_OF_RESULTS)) and not (folder / MANIFEST).is_file()


def _entry(folder: Path) -> Entry:
    size = sum(path.stat().st_size for path in _files(folder))
    try:
        return _read(folder, size)
    except InputError:
        state = "has no readable manifest.json of twofront"
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        state = f"{MANIFEST} is damaged ({type(error).__name__}: {error})"
    except (OSError, RunError) as error:
        state = f"cannot be read: {error}"
    return Entry(folder, size, problem=state)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _read(folder: Path, size: int) -> Entry:
    manifest: dict[str, Any] = read_manifest(folder)
    runs, interrupted = manifest["runs"], bool(manifest["interrupted"])
    gone = [name for name in manifest.get("files", {}) if not (folder / name).is_file()]
    return Entry(
        folder=folder,
        size=size,
        problem=f"lacks {', '.join(gone)}" if gone else "",
        id=str(manifest["id"]),
        kind=str(manifest.get("kind", "run")),
        title=str(manifest["scenario"]["title"]),
        asked=int(runs["asked"]),
        done=max(int(runs["done"]), _in_parts(folder)) if interrupted else int(runs["done"]),
        failed=int(runs["failed"]),
        interrupted=interrupted,
        when=str(manifest["started"]),
        command=str(manifest["command"]),
    )


def _in_parts(folder: Path) -> int:
    """Return how many runs the parts of an unfinished result hold."""
    parts = (read_part(path) for path in (folder / PARTS).glob(f"*{SUFFIX}"))
    return sum(len(part.status) for part in parts if part is not None)
