"""How mechanisms are compiled: `kernel` for what other kernels call, `entry` for what Python calls.

Kernels carry no wrapper for Python, which saves about a quarter of the first compile; a test that wants one
alone calls it from a kernel of its own. `entry` points release the GIL and are cached on disk, in the folder
that the fingerprint names (set here, before numba is first imported).
"""

from collections.abc import Callable
from typing import TypeVar

from sim.fingerprint import use_cache_folder

WARM = use_cache_folder()  # whether compiled code is already there

from numba import njit  # noqa: E402  (the cache folder must be named first)

Function = TypeVar("Function", bound=Callable[..., object])


def kernel(function: Function) -> Function:
    """Compile a mechanism for the use of other compiled code only."""
    compiled: Function = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)
    return compiled


def entry(function: Function) -> Function:
    """Compile a function that Python calls: without the GIL, cached on disk."""
    compiled: Function = njit(error_model="numpy", nogil=True, cache=True)(function)
    return compiled
