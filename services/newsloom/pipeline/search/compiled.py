"""How loops over arrays are compiled: at the first start on a machine, and kept for the next."""

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Integers: TypeAlias = NDArray[np.int64]
F = TypeVar("F", bound=Callable[..., Any])


def compiled(*signatures: str) -> Callable[[F], F]:
    """Compiles for these types; kept on disk for the next process where that can be written."""

    def compile_(function: F) -> F:
        try:
            return cast(F, njit(list(signatures), cache=True)(function))
        except RuntimeError:  # no folder to keep it in
            return cast(F, njit(list(signatures))(function))

    return compile_


def inlined(function: F) -> F:
    """Compiles as a part of what calls it."""
    return cast(F, njit(inline="always")(function))
