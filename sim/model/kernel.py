"""How mechanisms are compiled: `kernel` for what other kernels call, `entry` for what Python calls.

Kernels carry no wrapper for Python, which saves about a quarter of the first compile; a test that wants one
alone calls it from a kernel of its own. `entry` points release the GIL and are cached on disk, in the folder
that the fingerprint names (set here, before numba is first imported).
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from sim.fingerprint import use_cache_folder

WARM = use_cache_folder()  # whether compiled code is already there

from numba import njit  # noqa: E402  (the cache folder must be named first)

# What the arguments of mechanisms are. Records have no static type; their fields are in `state.py`.
Params = Any  # a record of PARAMS: `p` in every mechanism
State = Any  # a record of STATE: `s` in every mechanism
Process = Any  # a record of PROCESS
Records = NDArray[np.void]  # one-element arrays of PARAMS or STATE, as Python passes them
Words = NDArray[np.int64]  # the memory of a PARAMS record as int64
Floats = NDArray[np.float64]
Word = Any  # an unsigned 64-bit integer

Function = TypeVar("Function", bound=Callable[..., object])


_BARE: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # numba's stubs do not list these


def kernel(function: Function) -> Function:
    """Compile a mechanism for the use of other compiled code only."""
    return cast(Function, njit(error_model="numpy", **_BARE)(function))


def entry(function: Function) -> Function:
    """Compile a function that Python calls: without the GIL, cached on disk."""
    return cast(Function, njit(error_model="numpy", nogil=True, cache=True)(function))
