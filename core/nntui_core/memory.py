"""How arrays lie in memory: on cache lines, and pictures with their channels last, so that a row of a window is
one piece."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Arrays = Sequence[Array]
Tangents = Sequence[Array | None]
"""How some operands change; None for one that does not."""
Shape = tuple[int, ...]
Workspace = dict[str, Array]

LINE = 64
"""Bytes of a cache line, which is also the widest vector register: NumPy works 9 % faster on arrays that start on one."""


class Space(NamedTuple):
    """A scratch array that an op asks for."""

    shape: tuple[int, ...]
    dtype: Any = None
    """None is the plan's."""
    start: Any = 0
    """What it holds at first: a number, or an array that broadcasts."""
    backward: bool = False
    """Whether only the way back needs it."""

    def array(self, dtype: Any, *, dry: bool = False) -> Array:
        """Lay it out in a plan of floating type ``dtype``; ``dry``, as an :func:`outline`."""
        if dry:
            return outline(self.shape, self.dtype or dtype)
        out = zeros(self.shape, self.dtype or dtype)
        out[...] = self.start
        return out


def outline(shape: Shape, dtype: Any) -> Array:
    """An array of that shape that takes no memory, for counting: one read-only zero, seen from every place.

    Raises ValueError where it would have more bytes than can be counted in 63 bits.
    """
    return np.broadcast_to(np.zeros((), dtype), shape)


def zeros(shape: tuple[int, ...], dtype: Any) -> Array:
    """Zeros of ``shape``; four axes are taken as pictures, ``m × channels × height × width``."""
    if len(shape) != 4:
        return _aligned(shape, np.dtype(dtype))
    m, c, h, w = shape
    return _aligned((m, h, w, c), np.dtype(dtype)).transpose(0, 3, 1, 2)


def _aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Zeros, in C order, whose first byte begins a cache line."""
    size = prod(shape) * dtype.itemsize
    raw = np.zeros(size + LINE, dtype=np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + size].view(dtype).reshape(shape)


@lru_cache(maxsize=256)
def number(value: float, dtype: Any) -> Array:
    """``value`` as a read-only array without axes: a Python number costs each NumPy call 0.3 µs more."""
    found = np.array(value, dtype=dtype)
    found.flags.writeable = False
    return found


@lru_cache(maxsize=32)
def nothing(shape: Shape, strides: Shape, dtype: Any) -> Array:
    """Zeros to read, laid out as an array of a plan with that shape and those strides.

    They are never written to: where the system hands out memory when it is first written to, they take none.
    """
    found = zeros(shape, dtype)
    if found.strides != strides:
        found = np.zeros(shape, dtype)
    found.flags.writeable = False
    return found


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
