"""A window that moves over pictures, ``m × channels × height × width``, and what lies under it as rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nntui_core.errors import ShapeError
from nntui_core.memory import Array, Shape

FEW = 3
"""Channels below which windows are gathered an offset at a time: what lies in one piece is too short."""


@dataclass(frozen=True)
class Window:
    """How a window moves over a picture."""

    size: tuple[int, int]
    stride: int
    padding: int = 0

    def positions(self, shape: Shape) -> tuple[int, int]:
        """Rows and columns of window positions on ``m × c × h × w``. Raises ShapeError where none fits."""
        if len(shape) != 4:
            raise ShapeError("a window needs pictures, m × channels × height × width", given=shape)
        h, w = (n + 2 * self.padding for n in shape[2:])
        kh, kw = self.size
        if kh > h or kw > w:
            raise ShapeError(
                f"a window of {kh}×{kw} does not fit into pictures of {shape[2]}×{shape[3]}"
                + (f" padded by {self.padding}" if self.padding else ""),
                given=f"{kh}×{kw}",
                allowed=f"up to {h}×{w}",
                hint="use a smaller window, fewer layers that shrink the picture, or padding",
            )
        return (h - kh) // self.stride + 1, (w - kw) // self.stride + 1

    def padded(self, shape: Shape) -> Shape:
        """The padded picture's shape."""
        return (*shape[:2], shape[2] + 2 * self.padding, shape[3] + 2 * self.padding)

    def inner(self, padded: Array) -> Array:
        """The picture inside its padding, a view."""
        p = self.padding
        return padded[:, :, p : padded.shape[2] - p, p : padded.shape[3] - p]

    def at(self, padded: Array, i: int, j: int, rows: int, columns: int) -> Array:
        """The entries under cell (i, j) of the window at each of its positions, ``m × c × rows × columns``, a view."""
        s = self.stride
        return padded[:, :, i : i + s * (rows - 1) + 1 : s, j : j + s * (columns - 1) + 1 : s]

    def offsets(self) -> list[tuple[int, int]]:
        """All cells (i, j) of the window, row by row."""
        return [(i, j) for i in range(self.size[0]) for j in range(self.size[1])]


def _patches(window: Window, padded: Array, matrix: Array) -> Array:
    """The matrix of :class:`Im2col` as ``m × rows × columns × kh × kw × c``, a view."""
    m, c, h, w = padded.shape
    kh, kw = window.size
    rows, columns = (h - kh) // window.stride + 1, (w - kw) // window.stride + 1
    return matrix.reshape(m, rows, columns, kh, kw, c)


def gather(window: Window, padded: Array, matrix: Array) -> None:
    """Write the windows of ``padded`` into the rows of ``matrix``."""
    patches = _patches(window, padded, matrix)
    if patches.shape[-1] < FEW:
        rows, columns = patches.shape[1:3]
        for i, j in window.offsets():
            patches[:, :, :, i, j] = window.at(padded, i, j, rows, columns).transpose(0, 2, 3, 1)
        return
    m, c, h, w = padded.strides
    s = window.stride
    patches[...] = as_strided(padded, patches.shape, (m, s * h, s * w, h, w, c), writeable=False)


def scatter(window: Window, matrix: Array, padded: Array) -> None:
    """Add the rows of ``matrix`` back to where :func:`gather` took them from."""
    patches = _patches(window, padded, matrix)
    for i, j in window.offsets():
        add_at(window, i, j, patches[:, :, :, i, j], padded)


def add_at(window: Window, i: int, j: int, part: Array, padded: Array) -> None:
    """Add ``part`` (m × rows × columns × c) to the entries under cell (i, j) of the window at each position."""
    target = window.at(padded, i, j, *part.shape[1:3])
    np.add(target, part.transpose(0, 3, 1, 2), out=target)
