"""Which runs: assumption draws crossed with luck, the identity of each run, and the values of each draw.

Draw 0 has the central values; draws 1 to N are sampled. A value is addressed by (seed, draw, path), so neither other
draws nor other paths move it, and the same assumption has the same value in every choice and in the counterfactual.
Luck is addressed by (seed, replication) inside the model, so it is the same under every draw.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from sim.errors import InputError

if TYPE_CHECKING:
    from sim.scenario.schema import Joint
    from sim.scenario.values import Quantity

MOST_RUNS = 10_000_000
LARGEST_SEED = 2**63 - 1  # what a column of signed 64-bit integers holds
SERIES_KEPT_CENTRAL = 1_000
SERIES_KEPT = 3_100  # the default design keeps all of its series
_SECONDS_A_RUN = 0.002  # a replication of the flagship on one core; only for the estimate of what a design needs
_IDENTITY_COLUMNS = 4
_LUCK_APART = 1 << 24  # more replications than a draw can have, and even: neighbours stay together


class Span(NamedTuple):
    """Replications `first` to `first + length - 1` of a draw: a block of runs."""

    draw: int
    first: int
    length: int


@dataclass(frozen=True)
class Design:
    """Draws 0 to `draws` of the assumptions, each with replications 0 to `replications` - 1 of luck.

    nested : each draw has luck of its own (many draws with little luck each), where usually replication r has the same
    luck in every draw (crossed).
    """

    seed: int = 0
    draws: int = 30
    replications: int = 100
    nested: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        """Refuse what cannot be run."""
        if not 0 <= self.seed <= LARGEST_SEED:
            raise InputError.single("--seed", "", f"{self.seed} is not between 0 and {LARGEST_SEED}")
        if self.draws < 0:
            raise InputError.single("--draws", "", f"{self.draws} is below 0 (0 = central assumptions only)")
        if self.replications < 1:
            raise InputError.single("--replications", "", f"{self.replications} is below 1; nothing would be run")

    @property
    def runs(self) -> int:
        """Number of runs of the scenario (not counting those of the counterfactual)."""
        return (self.draws + 1) * self.replications

    def spans(self, size: int) -> Iterator[Span]:
        """Yield the runs in blocks of about `size`, draw by draw.

        A block begins at an even replication, so that replications 2k and 2k + 1 are never parted: an outcome may
        compare a run with the counterfactual of the other one.
        """
        size = max(2, size + size % 2)
        for draw in range(self.draws + 1):
            for first in range(0, self.replications, size):
                yield Span(draw, first, min(size, self.replications - first))

    def kept(self, draw: int) -> int:
        """How many replications of a draw, from its first, keep their daily series.

        At most 3,100 of all runs keep theirs, the same number in each sampled draw: draw 0 up to 1,000 of them, the
        sampled draws what is left. So memory does not grow with the number of replications.
        """
        central = min(self.replications, SERIES_KEPT_CENTRAL)
        if draw == 0:
            return central
        left = SERIES_KEPT - central
        return min(self.replications, left // self.draws) if self.draws <= left else int(draw <= left)

    @property
    def series_kept(self) -> int:
        """How many of all runs keep their daily series."""
        return sum(self.kept(draw) for draw in range(min(self.draws, SERIES_KEPT) + 1))


class Needs(NamedTuple):
    """A rough estimate of what a design takes; no memory where that does not grow with the runs."""

    seconds: float
    memory_bytes: int
    disk_bytes: int

    def text(self) -> str:
        """Return 'about 3 hours, 2.5 GB of memory and 2.5 GB of disk'."""
        memory = f", {storage(self.memory_bytes)} of memory" if self.memory_bytes else ""
        return f"about {duration(self.seconds)}{memory} and {storage(self.disk_bytes)} of disk"


def needs(design: Design, worlds: int, outcomes: int, workers: int) -> Needs:
    """Return what a design needs when each run is done in `worlds` worlds (2 with a counterfactual).

    A number a run and outcome is kept in memory and written; compression gains little on noise.
    """
    stored = design.runs * 8 * (outcomes + _IDENTITY_COLUMNS)
    return Needs(design.runs * worlds * _SECONDS_A_RUN / workers, stored, stored)


def even(replications: int) -> int:
    """Return the next even number, for replications that go in pairs; what is below 1 stays, to be refused as given."""
    return replications + replications % 2 if replications > 0 else replications


def check_count(option: str, value: int) -> None:
    """Refuse a number that alone would make more runs than one command makes, before anything of that size is drawn."""
    if value > MOST_RUNS:
        raise InputError.single(option, "", f"{value:,} are more than one command runs ({MOST_RUNS:,})")


def check_size(design: Design, estimate: Needs, memory_bytes: int) -> None:
    """Refuse a design of too many runs for one command, or for the memory that there is; say what it would need."""
    draws = "1 draw" if design.draws == 0 else f"{design.draws + 1:,} draws"
    asked = f"{design.runs:,} runs ({draws} x {design.replications:,} replications) would need {estimate.text()}"
    problem = ""
    if design.runs > MOST_RUNS:
        problem = f"one command makes at most {MOST_RUNS:,} runs"
    elif estimate.memory_bytes > memory_bytes:
        problem = f"this machine has {storage(memory_bytes)} of memory"
    if problem:
        raise InputError.single("--replications", "", f"{asked}; {problem}")


def check_disk(estimate: Needs, free_bytes: int) -> None:
    """Refuse results that the disk does not hold."""
    if estimate.disk_bytes > free_bytes:
        message = f"the results would need {estimate.text()}, but only {storage(free_bytes)} of disk is free"
        raise InputError.single("--out", "", message)


def duration(seconds: float) -> str:
    """Return a time as people say it: '40 s', '3 minutes', '5 hours', '23 days', '63 years'."""
    for unit, length in (("years", 365.25 * 86_400), ("days", 86_400.0), ("hours", 3_600.0), ("minutes", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:.0f} s"


def storage(number: float) -> str:
    """Return bytes as people say them: '300 kB', '2.5 GB'."""
    for unit, scale in (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if number >= scale:
            return f"{number / scale:,.3g} {unit}"
    return f"{number / 1e3:.0f} kB"


def first_luck(draw: int, nested: bool) -> int:
    """Return by how much the luck of a draw's replications is numbered from 0 on: nothing where draws share theirs."""
    return draw * _LUCK_APART if nested else 0


def uniform(seed: int, draw: int, path: str) -> float:
    """Return the uniform number in the open interval (0, 1) at an address: 52 random bits and a half."""
    digest = hashlib.blake2b(f"{seed}\0{draw}\0{path}".encode(), digest_size=8).digest()
    return ((int.from_bytes(digest, "little") >> 12) + 0.5) * 2.0**-52


def sample(uncertain: Mapping[str, Quantity], joint: Mapping[str, Joint], seed: int, draw: int) -> dict[str, float]:
    """Return the value of each uncertain number (by path) in a draw; empty in draw 0, which has the central values.

    A joint sample (a posterior) gives one of its rows to all of its paths, in place of their own distributions.
    """
    if draw == 0:
        return {}
    values = {path: quantity.quantile(uniform(seed, draw, path)) for path, quantity in uncertain.items()}
    for name, table in joint.items():
        row = joint_row(seed, draw, name, len(table.rows))
        values.update(zip(table.paths, table.rows[row], strict=True))
    return values


def joint_row(seed: int, draw: int, name: str, rows: int) -> int:
    """Return which row of a joint sample a draw takes."""
    return int(uniform(seed, draw, f"joint.{name}") * rows)
