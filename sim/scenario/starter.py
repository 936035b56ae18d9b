"""Writes the commented starter scenario."""

from __future__ import annotations

from pathlib import Path

from sim.errors import InputError

TEMPLATE = Path(__file__).with_name("starter.yaml")


def write_starter(path: Path, force: bool = False) -> Path:
    """Write the starter scenario to `path` ('.yaml' is added to a bare name) and return where it went."""
    target = path if path.suffix in (".yaml", ".yml") else path.with_name(f"{path.name}.yaml")
    if target.exists() and not force:
        raise InputError.single(str(target), "", "exists already; use --force to overwrite it")
    try:
        target.write_text(TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError.single(str(target), "", f"cannot be written: {reason}") from error
    return target
