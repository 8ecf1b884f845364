"""How arrays lie in memory: pictures with their channels last, so that a row of a window is one piece."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def zeros(shape: tuple[int, ...], dtype: Any) -> Array:
    """Zeros of ``shape``; four axes are taken as pictures, ``m × channels × height × width``."""
    if len(shape) != 4:
        return np.zeros(shape, dtype=dtype)
    m, c, h, w = shape
    return np.zeros((m, h, w, c), dtype=dtype).transpose(0, 3, 1, 2)


def as_rows(pictures: Array) -> Array:
    """One row of channels a pixel, ``(m·h·w) × c``: a view where channels lie last, else a copy."""
    return pictures.transpose(0, 2, 3, 1).reshape(-1, pictures.shape[1])


def from_rows(rows: Array, pictures: Array) -> None:
    """Write ``rows`` into ``pictures``, unless they are a view of them already."""
    if not np.may_share_memory(rows, pictures):
        m, c, h, w = pictures.shape
        pictures[...] = rows.reshape(m, h, w, c).transpose(0, 3, 1, 2)


def copy_flat(source: Array, target: Array) -> None:
    """Copy in the order of the last axis first, whatever the two shapes; at most one of both is moved twice."""
    if target.flags.c_contiguous:
        target.reshape(source.shape)[...] = source
    else:
        target[...] = source.reshape(target.shape)
