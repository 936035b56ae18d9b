"""twofront from Python: load a scenario, vary, run, compare, sweep; the same functions as behind the commands.

Nothing is decided here: each function makes the options that a command line would make, and calls what the command
calls. Nothing is printed; errors are children of `sim.errors.SimError`; Ctrl-C raises KeyboardInterrupt after what is
finished has been kept.
"""

from __future__ import annotations

import json
import shlex
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack

from sim.api_results import Compared, Detail, Kept, Run, Sweep, Wanted, brief, open_result, plot
from sim.errors import InputError, RunError, SimError

if TYPE_CHECKING:
    from sim.experiment.comparison import Ahead, Point
    from sim.scenario.load import Loaded

__all__ = [
    "Compared",
    "Detail",
    "InputError",
    "Kept",
    "Run",
    "RunError",
    "Scenario",
    "SimError",
    "Sweep",
    "Wanted",
    "brief",
    "compare",
    "load",
    "open_result",
    "plot",
    "sweep",
]

_FLAGS = {"replications": "-n", "draws": "--draws", "seed": "--seed", "design": "--design", "points": "--points"}
_Opened = TypeVar("_Opened", Run, Sweep, Compared)


class Amount(TypedDict, total=False):
    """Which runs, and where they are kept; the defaults are those of the command.

    replications : of luck for each draw; draws : sampled draws of the assumptions beside the central one.
    seed : of all randomness; workers : blocks run at once (changes no result).
    out : result folder (default: a new one in `results/`).
    quiet : False shows progress on stderr, as the command does (default: True).
    """

    replications: int
    draws: int
    seed: int
    workers: int
    out: str | PathLike[str]
    quiet: bool


class Compare(Amount, total=False):
    """Of a comparison also: reference (a label), outcomes (names, '*' stands for anything), precision.

    precision : outcome to half-width, in its unit or as '5%'; replications are then the most that are made.
    """

    reference: str
    outcomes: Sequence[str]
    precision: Mapping[str, float | str]


class Design(Amount, total=False):
    """Of a sweep also: design ('grid', 'lhs', 'sobol', 'list'), points (of lhs and sobol), outcomes (that are kept)."""

    design: str
    points: int
    outcomes: Sequence[str]


@dataclass(frozen=True, repr=False, eq=False)
class Scenario:
    """A scenario file with options and values; `load` makes one. Running it reads the file again.

    choices : 'actor.decision' to option; sets : path to value. Both as given, on top of the file.
    """

    file: Path
    choices: Mapping[str, str] = field(default_factory=dict)
    sets: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the file; raise InputError with every problem in it."""
        from sim.scenario.load import load

        object.__setattr__(self, "_loaded", load(self.file, self._picks(), self._values()))

    def __repr__(self) -> str:
        changed = "".join(f", {each}" for each in (*self._picks(), *self._values()))
        return f"<scenario '{self.title}': {self.file}{changed}>"

    @property
    def title(self) -> str:
        """Return its title."""
        return str(self.loaded.scenario.title)

    @property
    def loaded(self) -> Loaded:
        """Return the validated scenario, as read when this object was made."""
        found: Loaded = self.__dict__["_loaded"]
        return found

    @property
    def options(self) -> dict[str, list[str]]:
        """Return the options that each decision ('actor.decision') offers; `vary(choices=...)` takes one."""
        from sim.scenario.overlay import decisions

        return {each.path: list(each.options) for each in decisions(self.loaded.tree)}

    def yaml(self) -> str:
        """Return the effective scenario, as it will run."""
        from sim.scenario.load import effective_yaml

        return effective_yaml(self.loaded)

    def vary(self, choices: Mapping[str, str] | None = None, sets: Mapping[str, Any] | None = None) -> Scenario:
        """Return the scenario with other options and values (a number, '45 d', a distribution, as in the file)."""
        return replace(self, choices={**self.choices, **(choices or {})}, sets={**self.sets, **(sets or {})})

    def run(self, **amount: Unpack[Amount]) -> Run:
        """Run the scenario, keep the result and return it; see `Amount`. No figure is drawn: `plot` does that."""
        from sim.cli.run import carry_out_all
        from sim.cli.run_scenario import Options, claim_all, prepare

        _check("run", amount, Amount)
        options = Options(
            files=(self.file,),
            choices=self._picks(),
            sets=self._values(),
            figure=False,
            command=self._command("run", amount),
            **_plain(amount),
        )
        prepared = prepare(options)
        found = carry_out_all(prepared, claim_all(options, prepared), options)
        folder = found[0].folder if found and found[0].done.done else None
        return _opened(Run, folder, any(each.done.interrupted for each in found))

    def sweep(self, vary: Mapping[str, Any], **design: Unpack[Design]) -> Sweep:
        """Run the scenario at the points of a design, keep the result and return it; see `Design`.

        vary : path or 'actor.decision' to its values: a range, a list, a text as `--vary` has it ('0:30000:1000'), or
        None for the distribution that the scenario declares. A sweep that was interrupted is gone on with.
        """
        return _swept(self, self.file, vary, design)

    def _picks(self) -> tuple[str, ...]:
        return tuple(f"{path}={option}" for path, option in self.choices.items())

    def _values(self) -> tuple[str, ...]:
        return tuple(f"{path}={_written(value)}" for path, value in self.sets.items())

    def _command(self, name: str, amount: Mapping[str, Any], *more: str) -> str:
        """Return the command line that does the same."""
        overrides = [*(("--choice", each) for each in self._picks()), *(("--set", each) for each in self._values())]
        given = [part for pair in overrides for part in pair]
        return shlex.join(["twofront", name, str(self.file), *given, *more, *_flags(amount)])

    def _expression(self) -> str:
        """Return the Python that makes this scenario."""
        changes = {"choices": dict(self.choices), "sets": dict(self.sets)}
        varied = ", ".join(f"{name}={value!r}" for name, value in changes.items() if value)
        return f"sim.load({str(self.file)!r})" + (f".vary({varied})" if varied else "")


def load(file: str | PathLike[str]) -> Scenario:
    """Return the scenario in a file; raise InputError with every problem in it, each with its place."""
    return Scenario(Path(file))


def compare(scenarios: Mapping[str, Scenario], **amount: Unpack[Compare]) -> Compared:
    """Run scenarios on the same draws and the same luck, keep the result and return it.

    scenarios : by the label that tables and figures give them; two or more, with the same dates and sides.
    amount : see `Compare`.
    """
    from sim.cli.compare_run import Options, carry_out, prepare_points
    from sim.experiment.comparison import Ahead

    _check("compare", amount, Compare)
    if len(scenarios) < 2:
        raise InputError.single("", "", "one scenario is nothing to compare; give two or more, each with its label")
    precision = tuple(f"{name}={width}" for name, width in amount.get("precision", {}).items())
    options = Options(
        files=tuple(each.file for each in scenarios.values()),
        precision=precision,
        reference=amount.get("reference"),
        outcomes=_names(amount),
        command=_compare_expression(scenarios, amount),
        **_plain(amount),
    )
    done = carry_out(prepare_points(_points(scenarios, Ahead(options.design().seed, options.dated)), options), options)
    return _opened(Compared, done.folder, done.interrupted)


def sweep(file: str | PathLike[str], vary: Mapping[str, Any] | None = None, **design: Unpack[Design]) -> Sweep:
    """Run the sweep in a file (such as scenarios/sweeps/inflow.yaml), keep the result and return it.

    vary, design : take the place of what the file says, or add to it; see `Scenario.sweep`.
    """
    return _swept(None, Path(file), vary or {}, design)


def _swept(scenario: Scenario | None, file: Path, vary: Mapping[str, Any], design: Design) -> Sweep:
    from sim.cli.sweep import Asked, carry_out_plan, plan_of, where_of

    _check("sweep", design, Design)
    texts = tuple(_varied(path, values) for path, values in vary.items())
    said = [part for text in texts for part in ("--vary", text)]
    command = scenario._command("sweep", design, *said) if scenario else None
    asked = Asked(
        file=file,
        vary=texts,
        design=design.get("design"),
        points=design.get("points"),
        outcomes=_names(design),
        choices=scenario._picks() if scenario else (),
        sets=scenario._values() if scenario else (),
        command=command or shlex.join(["twofront", "sweep", str(file), *said, *_flags(design)]),
        **_plain(design),
    )
    done = carry_out_plan(plan_of(asked), asked, where_of(asked))
    return _opened(Sweep, done.folder, done.interrupted)


def _points(scenarios: Mapping[str, Scenario], ahead: Ahead) -> list[Point]:
    """Return scenarios as a comparison wants them."""
    from sim.experiment.comparison import SCENARIO, Point, check_alike
    from sim.experiment.study import study

    read = {label: replace(each).loaded for label, each in scenarios.items()}  # again, as `run` and `sweep` do
    found = [
        Point(label, each.file, read[label], study(read[label], ahead.seed, ahead.dated), {SCENARIO: label})
        for label, each in scenarios.items()
    ]
    check_alike(found)
    return found


def _opened(kind: type[_Opened], folder: Path | None, interrupted: bool) -> _Opened:
    """Return a result that was just kept; warn of failed runs, and go on with an interruption."""
    if interrupted:
        raise KeyboardInterrupt(f"what is finished is kept in {folder}" if folder else "no run was finished")
    if folder is None:
        raise RunError("no run was made")
    result = kind(folder)
    if result.failed:
        warnings.warn(f"{result.failed:,} runs failed; see manifest['failures'] of {result!r}", stacklevel=4)
    return result


def _check(function: str, given: Mapping[str, Any], known: Any) -> None:
    """Refuse an argument that does not exist, as Python does, with the one that was probably meant."""
    from sim.scenario.wording import suggestion

    names = known.__annotations__ if known is Amount else {**Amount.__annotations__, **known.__annotations__}
    for name in given:
        if name not in names:
            raise TypeError(f"{function}() got an unexpected argument '{name}'{suggestion(name, names)}")


def _plain(amount: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of what is asked for that all commands have, as their options want it."""
    found = {name: amount[name] for name in ("replications", "draws", "seed", "workers") if name in amount}
    out = amount.get("out")
    return {**found, "out": None if out is None else Path(out), "quiet": amount.get("quiet", True)}


def _names(amount: Mapping[str, Any]) -> str | None:
    """Return outcomes as `--outcomes` has them."""
    names = amount.get("outcomes")
    return names if names is None or isinstance(names, str) else ",".join(names)


def _flags(amount: Mapping[str, Any]) -> list[str]:
    named = [part for name, flag in _FLAGS.items() if name in amount for part in (flag, str(amount[name]))]
    outcomes = _names(amount)
    return named if outcomes is None else [*named, "--outcomes", outcomes]


def _compare_expression(scenarios: Mapping[str, Scenario], amount: Mapping[str, Any]) -> str:
    """Return the Python that makes a comparison: no command line gives each scenario values of its own."""
    shown = ", ".join(f"{label!r}: {each._expression()}" for label, each in scenarios.items())
    hidden = ("workers", "out", "quiet")
    given = "".join(f", {name}={value!r}" for name, value in amount.items() if name not in hidden)
    return f"sim.compare({{{shown}}}{given})"


def _varied(path: str, values: Any) -> str:
    """Return what varies as `--vary` has it."""
    if values is None:
        return path
    if isinstance(values, range) and len(values) > 1 and values.step > 0:
        return f"{path}={values[0]}:{values[-1]}:{values.step}"
    if isinstance(values, str) or not isinstance(values, Iterable):
        return f"{path}={_written(values)}"
    return f"{path}={','.join(_written(value) for value in values)}"


def _written(value: Any) -> str:
    """Return a value as `--set` reads it."""
    return json.dumps(value) if value is None or isinstance(value, bool | dict | list | tuple) else str(value)
