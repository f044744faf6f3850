"""Decorators that compile loops over arrays with Numba, before they are first called."""

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Integers: TypeAlias = NDArray[np.int64]
F = TypeVar("F", bound=Callable[..., Any])


def compiled(*signatures: str) -> Callable[[F], F]:
    """Compiles a function for these types, and caches the code on disk if a folder is writable."""

    def compile_(function: F) -> F:
        try:
            return cast(F, njit(list(signatures), cache=True)(function))
        except RuntimeError:  # Numba found no writable folder for its cache.
            return cast(F, njit(list(signatures))(function))

    return compile_


def inlined(function: F) -> F:
    """Compiles a function into each compiled function that calls it."""
    return cast(F, njit(inline="always")(function))
