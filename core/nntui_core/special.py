"""Functions that NumPy lacks."""

from __future__ import annotations

import math

import numpy as np

from nntui_core.memory import Array

_erfc = np.frompyfunc(math.erfc, 1, 1)


def normal_cdf(x: Array) -> Array:
    """Φ(x) = ½·erfc(−x/√2), from the C library's erfc: which keeps its digits
    far out on the left, where 1 + erf has none."""
    scaled = np.asarray(x, dtype=np.float64) / -math.sqrt(2)
    return np.asarray(0.5 * np.asarray(_erfc(scaled), dtype=np.float64), dtype=x.dtype)
