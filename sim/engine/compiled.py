"""The compiled engine: replications over `advance`, no stop but the end; checkpoint and branch.

A replication is a pure function of (parameters, seed, replication), and working memory belongs to the caller,
so neither threads nor chunks change a bit. The kernels run without the GIL.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.model.codes import FAR, POLICIES, SIDES
from sim.model.rules import advance, begin, forget_policy, rebase
from sim.model.state import PARAMS, STATE
from sim.model.tally import FINAL, Labels, final_row, series_names

# What a status other than 0 means (sim/model/codes.py).
FAULTS = {
    1: "the ledger of people does not balance",
    2: "more people are on the move than the pipeline holds",
    3: "a territory is not a finite number",
    4: "too many events",
}

Record = NDArray[np.void]


class Block(NamedTuple):
    """Results of a block of replications."""

    series: NDArray[np.float64]  # [run, day, series]
    final: NDArray[np.float64]  # [run, FINAL]
    status: NDArray[np.int64]  # [run]; 0 = done
    events: NDArray[np.int64]  # [run]


class Run:
    """One replication in progress: state and parameters of its own. A copy of both is a checkpoint."""

    def __init__(self, params: Record, labels: Labels) -> None:
        """Reserve memory for runs of parameters of shape (1,)."""
        self.given = params
        self.params = np.zeros(1, PARAMS)
        self.words = words_of(self.params)
        self.state = np.zeros(1, STATE)
        self.series = np.zeros((int(params[0]["n_days"]) + 1, len(series_names(labels))))
        self.final = np.zeros(len(FINAL))

    def start(self, seed: int, replication: int) -> None:
        """Go to the start of a replication."""
        self.words[:] = words_of(self.given)
        self.state.view(np.uint8)[:] = 0
        begin(self.state, self.params, np.uint64(seed), np.uint64(replication))

    def advance(self, mask: int = 0, until: int = FAR) -> int:
        """Run to just before the next event of a kind in the mask, or past a tick; returns its kind, or -status."""
        return int(advance(self.state, self.params, self.words, self.series, mask, until))

    def change(self, other: Record, tick: int) -> None:
        """Go on under other parameters from here: their interventions up to the tick hold, the rest lies ahead."""
        before = self.params.copy()
        self.words[:] = words_of(other)
        for patch in other[0]["patch"][: int(other[0]["n_patches"])]:
            if patch["tick"] <= tick:
                self.words[patch["word"]] = patch["value"]
        old, new = before[0]["policy"], self.params[0]["policy"]
        for side in range(SIDES):
            for k in range(POLICIES):
                if old[side, k].tobytes() != new[side, k].tobytes():
                    forget_policy(self.state, side, k)
        rebase(self.state, self.params)

    def checkpoint(self) -> bytes:
        """Everything that the rest of the run depends on, as bytes."""
        return self.state.tobytes() + self.params.tobytes()

    def restore(self, checkpoint: bytes) -> None:
        """Go to a checkpoint; the run then continues identically."""
        self.state[:] = np.frombuffer(checkpoint[: STATE.itemsize], STATE)
        self.params[:] = np.frombuffer(checkpoint[STATE.itemsize :], PARAMS)

    def close(self) -> NDArray[np.float64]:
        """The outcomes that only the final state knows (FINAL)."""
        final_row(self.params, self.state, self.final)
        return self.final


def words_of(params: Record) -> NDArray[np.int64]:
    """The memory of a parameter record as int64 words."""
    return params.view(np.int64)


def simulate(params: Record, labels: Labels, seed: int, replications: NDArray[np.uint64]) -> Block:
    """Run a block of replications of one parameter record (shape (1,)) in the calling thread."""
    n, run = len(replications), Run(params, labels)
    block = _empty(n, run)
    for i, replication in enumerate(replications):
        run.series = block.series[i]
        run.start(seed, int(replication))
        _close(block, i, run, run.advance())
    return block


def _empty(n: int, run: Run) -> Block:
    series = np.zeros((n, *run.series.shape))
    return Block(series, np.full((n, len(FINAL)), np.nan), np.zeros(n, np.int64), np.zeros(n, np.int64))


def _close(block: Block, i: int, run: Run, kind: int) -> None:
    block.status[i] = -kind if kind < 0 else 0
    block.events[i] = run.state[0]["events"]
    block.final[i] = run.close()


def branch(
    base: Record, other: Record, labels: Labels, seed: int, replications: NDArray[np.uint64], tick: int
) -> Block:
    """Run a block under `base` up to and including a tick, then go on under `other` (both of shape (1,)).

    Both need the same sides, contingents and fronts and the same number of days. The past stays as it was.
    """
    n, run = len(replications), Run(base, labels)
    block = _empty(n, run)
    for i, replication in enumerate(replications):
        run.series = block.series[i]
        run.start(seed, int(replication))
        kind = run.advance(until=tick)
        if kind >= 0:
            run.change(other, tick)
            kind = run.advance()
        _close(block, i, run, kind)
    return block
