"""Run the handlers as plain Python, for test_identity: `NUMBA_DISABLE_JIT=1 python interpreted.py PARAMS DAYS OUT`.

Attribute access on records, which numba gives to compiled code, needs np.record dtypes all the way down here.
"""

import sys
import warnings
from pathlib import Path

import numpy as np

from sim.model.rules import advance, begin
from sim.model.state import PARAMS, STATE


def as_records(dtype: np.dtype) -> np.dtype:
    """The same layout, with records in place of plain structures."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return np.dtype((as_records(base), shape))
    if dtype.names is None:
        return dtype
    fields = [dtype.fields[name] for name in dtype.names]
    layout = {
        "names": dtype.names,
        "formats": [as_records(field[0]) for field in fields],
        "offsets": [field[1] for field in fields],
        "itemsize": dtype.itemsize,
    }
    return np.dtype((np.record, np.dtype(layout)))


def main(given: str, days: str, target: str) -> None:
    assert not hasattr(advance, "signatures"), "compiled after all"
    plain = np.frombuffer(Path(given).read_bytes(), PARAMS).copy()
    params, state = plain.view(as_records(PARAMS)), np.zeros(1, STATE).view(as_records(STATE))
    series = np.zeros((int(plain[0]["n_days"]) + 1, 1000))
    with np.errstate(over="ignore"):  # 64-bit words wrap round in the random streams
        begin(state, params, np.uint64(3), np.uint64(1))
        advance(state, params, plain.view(np.int64), series, 0, int(days) * 86_400)
    Path(target).write_bytes(state.tobytes() + plain.tobytes() + series.tobytes())


if __name__ == "__main__":
    warnings.simplefilter("error")
    main(*sys.argv[1:])
