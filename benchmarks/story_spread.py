"""The spread of evidence: how far each kind varies, and along which axes kinds vary together.

In: rows of evidence. Out: moves of weights that change scores by about the same amount.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.story_regression import Row

Floats = NDArray[np.float64]
_MIN_VARIANCE = 0.05
"""Added to the variance of the evidence along each axis, so that moves stay bounded."""


class Spread:
    """The means, deviations and principal axes of the evidence in rows."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.names = rows[0].evidence._fields
        evidence = np.array([row.evidence for row in rows], dtype=float)
        self.means, self.deviations = evidence.mean(axis=0), evidence.std(axis=0)
        self.deviations[self.deviations == 0] = 1000.0
        z = (evidence - self.means) / self.deviations
        self._variances, self._axes = np.linalg.eigh(z.T @ z / len(z))

    def move_along_axes(self, moves: Sequence[float]) -> Floats:
        """Moves along the principal axes, as moves of the weights.

        Each axis is scaled so that equal moves change scores by about the same amount.
        """
        scaled = np.array(moves) / np.sqrt(self._variances + _MIN_VARIANCE)
        weight_moves: Floats = self._axes @ scaled
        return weight_moves
