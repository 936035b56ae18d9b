"""Policies and processes of a user, loaded from Python files: checked before anything runs, part of the identity."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sim.errors import InputError

if TYPE_CHECKING:
    from sim.engine.policy import Policy
    from sim.engine.world import Process

POLICY, PROCESS = "--policy", "--process"


@dataclass(frozen=True)
class UserCode:
    """What a user adds to runs by SimPy.

    policies : by side, a name and what makes the policy of one run (a class is instantiated for each run).
    processes : name and generator function.
    sources : of each, its option, its name and the hash of its file; they belong to a run's identity.
    """

    policies: Mapping[str, tuple[str, Callable[[], Policy]]] = field(default_factory=dict)
    processes: tuple[tuple[str, Process], ...] = ()
    sources: tuple[tuple[str, str, str], ...] = ()

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return bool(self.policies or self.processes)


NONE = UserCode()


def user_code(policies: Sequence[str], processes: Sequence[str]) -> UserCode:
    """Load what `--policy SIDE=FILE.py:FUNCTION` and `--process FILE.py:FUNCTION` name; raise InputError otherwise."""
    modules: dict[Path, ModuleType] = {}
    by_side: dict[str, tuple[str, Callable[[], Policy]]] = {}
    sources = []
    for text in policies:
        side, equals, where = text.partition("=")
        if not equals or not side:
            raise InputError.single(POLICY, "", f"'{text}' is not SIDE=FILE.py:FUNCTION")
        if side in by_side:
            raise InputError.single(POLICY, "", f"{side} is given two policies; a side has one")
        found, name, digest = _load(POLICY, where, modules)
        by_side[side] = (name, maker(found))
        sources.append((f"{POLICY} {side}", name, digest))
    named = []
    for where in processes:
        found, name, digest = _load(PROCESS, where, modules)
        named.append((name, found))
        sources.append((PROCESS, name, digest))
    return UserCode(by_side, tuple(named), tuple(sources))


def maker(policy: Any) -> Callable[[], Policy]:
    """Return what makes the policy of one run: a class is instantiated, so that what it remembers stays in its run."""
    return partial(_one, policy)


def _one(policy: Any) -> Policy:
    made: Any = policy() if inspect.isclass(policy) else policy
    return made  # type: ignore[no-any-return]


def check_sides(code: UserCode, sides: Sequence[str]) -> None:
    """Refuse a policy of a side that the scenario does not have."""
    from sim.scenario.wording import suggestion

    for side in code.policies:
        if side not in sides:
            raise InputError.single(POLICY, "", f"there is no side '{side}'{suggestion(side, sides)}")


def _load(option: str, where: str, modules: dict[Path, ModuleType]) -> tuple[Any, str, str]:
    """Return the function that FILE.py:FUNCTION names, its name 'file.py:function', and the hash of the file."""
    file, colon, function = where.rpartition(":")
    path = Path(file)
    if not colon or not function or path.suffix != ".py":
        raise InputError.single(option, "", f"'{where}' is not FILE.py:FUNCTION")
    try:
        digest = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    except OSError as error:
        raise InputError.single(option, "", f"{file}: cannot be read: {(error.strerror or '').lower()}") from error
    if path not in modules:
        modules[path] = _module(option, path)
    found = getattr(modules[path], function, None)
    if not callable(found):
        known = [name for name, value in vars(modules[path]).items() if inspect.isfunction(value) or _own(value, path)]
        have = f"; it has {', '.join(known)}" if known else ""
        what = "has no function" if found is None else "is not a function:"
        raise InputError.single(option, "", f"{file} {what} '{function}'{have}")
    return found, f"{path.name}:{function}", digest


def _own(value: object, path: Path) -> bool:
    return inspect.isclass(value) and value.__module__ == _module_name(path)


def _module_name(path: Path) -> str:
    return f"twofront_user_{path.stem}"


def _module(option: str, path: Path) -> ModuleType:
    """Import a file as a module of its own; say what went wrong in it, and on which line."""
    spec = importlib.util.spec_from_file_location(_module_name(path), path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        line = _line(error, path)
        message = f"{path}{line}: cannot be imported: {type(error).__name__}: {error}"
        raise InputError.single(option, "", message) from error
    return module


def _line(error: BaseException, path: Path) -> str:
    if isinstance(error, SyntaxError) and error.lineno:
        return f":{error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).name == path.name]
    return f":{frames[-1].lineno}" if frames else ""
