"""The errors that this package raises on purpose; the command line turns each into an exit code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the input.

    where : 'file.yaml:12:5', or the option it came from ('--set', '--choice').
    path : dotted path of the value in the scenario, may be empty.
    message : the value seen and what is allowed.
    """

    where: str
    path: str
    message: str

    def __str__(self) -> str:
        """Return `file:line:column: path: message`, leaving out what is empty."""
        return ": ".join(part for part in (self.where, self.path, self.message) if part)


class SimError(Exception):
    """Base of all errors that a user can cause or should read."""

    exit_code: ClassVar[int] = 1


class InputError(SimError):
    """The input is wrong; holds every problem found, not only the first."""

    exit_code: ClassVar[int] = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(dict.fromkeys(problems))
        super().__init__(self.problems)

    @classmethod
    def single(cls, where: str, path: str, message: str) -> InputError:
        """Return the error of one problem."""
        return cls([Problem(where, path, message)])

    def __str__(self) -> str:
        """Return one problem per line."""
        return "\n".join(str(problem) for problem in self.problems)


class RunError(SimError):
    """A run failed."""

    exit_code: ClassVar[int] = 1
