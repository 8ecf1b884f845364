"""Targets in standard deviations for the network, and its outputs back in their units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
SHIFT, SCALE = "prep/target/shift", "prep/target/scale"
"""Names in a checkpoint."""


@dataclass(frozen=True, eq=False)
class TargetScale:
    """The mean and standard deviation of each target over the training part."""

    shift: Array
    scale: Array

    @classmethod
    def fitted(cls, y: Array) -> TargetScale:
        """Of the training part's targets ``m × k``; one that never changes is only shifted."""
        constant = (y == y[0]).all(axis=0)
        with np.errstate(over="ignore", invalid="ignore"):
            shift, scale = y.mean(axis=0), y.std(axis=0)
        if not np.isfinite([shift, scale]).all():
            # Too large to sum, or to square: in shares of the largest.
            largest = np.maximum(np.abs(y).max(axis=0), np.finfo(y.dtype).tiny)
            shift, scale = ((y / largest).mean(axis=0) * largest, (y / largest).std(axis=0) * largest)
        return cls(shift, np.where(constant, 1.0, scale))

    @classmethod
    def restored(cls, arrays: Mapping[str, Array]) -> TargetScale | None:
        """From a checkpoint; None where the targets were not scaled."""
        return cls(arrays[SHIFT], arrays[SCALE]) if SHIFT in arrays else None

    def arrays(self) -> dict[str, Array]:
        """What a checkpoint saves."""
        return {SHIFT: self.shift, SCALE: self.scale}

    def to(self, y: Array) -> Array:
        """Targets (m × k) scaled for the network."""
        return np.asarray((y - self.shift) / self.scale)

    def back(self, outputs: Array) -> Array:
        """Outputs of the network in the targets' units, in double precision."""
        return np.asarray(outputs * self.scale + self.shift)
