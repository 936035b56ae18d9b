"""The compiled engine: replications over `advance`, no stop but the end; checkpoint and branch.

A replication is a pure function of (parameters, seed, replication), and working memory belongs to the caller,
so neither threads nor chunks change a bit. The kernels run without the GIL.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.model.rules import advance, begin
from sim.model.state import FAR, PARAMS, STATE
from sim.model.tally import FINAL, Labels, final_row, series_names

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
    n = len(replications)
    run = Run(params, labels)
    block = Block(
        np.zeros((n, *run.series.shape)),
        np.full((n, len(FINAL)), np.nan),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
    )
    for i, replication in enumerate(replications):
        run.series = block.series[i]
        run.start(seed, int(replication))
        kind = run.advance()
        block.status[i] = -kind if kind < 0 else 0
        block.events[i] = run.state[0]["events"]
        block.final[i] = run.close()
    return block
