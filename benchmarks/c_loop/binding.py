"""Build the C loop for this machine and call it: the struct header comes from the numpy dtypes of the model.

The C code shares with the model only the layout of its records, the sizes and the codes (`sim/model/codes.py`);
what it does with them is written by hand in the `.h` and `.c` files beside this one.
"""

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine.compiled import Block
from sim.model import codes, state
from sim.model.tally import FINAL, Labels, series_names

FOLDER = Path(__file__).resolve().parent
COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-std=c11", "-O3", "-march=native", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function")

# The records by their names in C, each after those that it holds.
RECORDS = {
    "Contingent": state.CONTINGENT,
    "Side": state.SIDE,
    "Front": state.FRONT,
    "Policy": state.POLICY,
    "Tranche": state.TRANCHE,
    "Package": state.PACKAGE,
    "Season": state.SEASON,
    "Patch": state.PATCH,
    "Params": state.PARAMS,
    "PipelineEntry": state.PIPELINE_ENTRY,
    "FrontState": state.FRONT_STATE,
    "Process": state.PROCESS,
    "SideState": state.SIDE_STATE,
    "State": state.STATE,
}
SCALARS = {np.dtype(np.float64): "double", np.dtype(np.int64): "int64_t", np.dtype(np.uint64): "uint64_t"}


class FinishedRun(NamedTuple):
    """Where a replication of the C loop ended."""

    params: NDArray[np.void]  # PARAMS, shape (1,), as interventions left them
    state: NDArray[np.void]  # STATE, shape (1,)
    series: NDArray[np.float64]  # [day, series]
    final: NDArray[np.float64]  # [FINAL]


def compiler() -> str | None:
    """Return the path of the first C compiler found, or None."""
    return next((found for name in COMPILERS if (found := shutil.which(name))), None)


def compiler_version() -> str:
    """Return the compiler's first line about itself."""
    out = subprocess.run([str(compiler()), "--version"], capture_output=True, text=True, check=True).stdout
    return out.splitlines()[0]


def header() -> str:
    """Write layout.h: sizes and codes as macros, and each record with its offsets asserted."""
    lines = ["#ifndef LAYOUT_H", "#define LAYOUT_H", "#include <stddef.h>", "#include <stdint.h>", *_macros()]
    for name, dtype in RECORDS.items():
        lines += _struct(name, dtype)
    return "\n".join([*lines, "#endif", ""])


def _macros() -> list[str]:
    """Every whole number that codes.py names."""
    numbers = {k: v for k, v in vars(codes).items() if k.isupper() and isinstance(v, int | np.integer)}
    return [f"#define {name} INT64_C({int(value)})" for name, value in numbers.items()]


def _struct(name: str, dtype: np.dtype[np.void]) -> list[str]:
    names = {id(record): known for known, record in RECORDS.items()}
    fields, checks = [], []
    assert dtype.fields is not None
    for field, (kind, offset, *_) in dtype.fields.items():
        base = names[id(kind.base)] if kind.base.names else SCALARS[kind.base]
        fields.append(f"    {base} {field}{''.join(f'[{size}]' for size in kind.shape)};")
        checks.append(f'_Static_assert(offsetof({name}, {field}) == {offset}, "{name}.{field}");')
    size = f'_Static_assert(sizeof({name}) == {dtype.itemsize}, "{name}");'
    return ["typedef struct {", *fields, f"}} {name};", *checks, size]


@cache
def library() -> ctypes.CDLL:
    """Build the loop into a temporary folder, load it, and remove the folder.

    It is built anew in each process: it is made for this very processor, and takes a few seconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / "loop.so"
        (Path(folder) / "layout.h").write_text(header())
        command = [str(compiler()), *FLAGS, "-shared", "-fPIC", f"-I{folder}", str(FOLDER / "loop.c")]
        done = subprocess.run([*command, "-o", str(built), "-lm"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"the C loop does not compile:\n{done.stderr}")
        loaded = ctypes.CDLL(str(built))
    loaded.twofront_run.restype = None
    pointer, word = ctypes.c_void_p, ctypes.c_uint64
    loaded.twofront_run.argtypes = [pointer, word, word, pointer, pointer, pointer, ctypes.c_int64, pointer]
    return loaded


class Loop:
    """The C loop with memory of its own: what `sim.engine.compiled.Run` is to the compiled engine."""

    def __init__(self, params: NDArray[np.void], labels: Labels) -> None:
        """Reserve memory for runs of parameters of shape (1,)."""
        self.given = np.ascontiguousarray(params)
        self.params, self.state = np.zeros(1, state.PARAMS), np.zeros(1, state.STATE)
        self.shape = (int(params[0]["n_days"]) + 1, len(series_names(labels)))
        self.library = library()

    def run(self, seed: int, replication: int, series: NDArray[np.float64], final: NDArray[np.float64]) -> None:
        """Run one replication into zeroed `series` (float64[day, series]) and `final` (float64[FINAL])."""
        assert series.shape == self.shape
        assert series.flags.c_contiguous
        assert final.shape == (len(FINAL),)
        arrays = (self.params, self.state, series)
        memory = [array.ctypes.data for array in arrays]
        self.library.twofront_run(self.given.ctypes.data, seed, replication, *memory, self.shape[1], final.ctypes.data)


def finish(params: NDArray[np.void], labels: Labels, seed: int, replication: int) -> FinishedRun:
    """Run one replication and return its memory."""
    loop = Loop(params, labels)
    series, final = np.zeros(loop.shape), np.zeros(len(FINAL))
    loop.run(seed, replication, series, final)
    return FinishedRun(loop.params, loop.state, series, final)


def simulate(params: NDArray[np.void], labels: Labels, seed: int, replications: NDArray[np.uint64]) -> Block:
    """Run a block of replications in the calling thread: the same results as `sim.engine.compiled.simulate`."""
    n, loop = len(replications), Loop(params, labels)
    block = Block(np.zeros((n, *loop.shape)), np.zeros((n, len(FINAL))), np.zeros(n, np.int64), np.zeros(n, np.int64))
    for i, replication in enumerate(replications):
        loop.run(seed, int(replication), block.series[i], block.final[i])
        block.status[i], block.events[i] = loop.state[0]["status"], loop.state[0]["events"]
    return block
