"""Functions that NumPy lacks."""

from __future__ import annotations

import math

import numpy as np

from nntui_core.ops.base import Array

_erf = np.frompyfunc(math.erf, 1, 1)


def normal_cdf(x: Array) -> Array:
    """Φ(x) = ½·erfc(−x/√2), from the C library's erf (within one unit in the last place of a double)."""
    scaled = np.asarray(x, dtype=np.float64) / math.sqrt(2)
    return np.asarray(0.5 * (1.0 + np.asarray(_erf(scaled), dtype=np.float64)), dtype=x.dtype)
