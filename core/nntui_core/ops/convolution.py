"""Convolution and pooling of pictures, ``m × channels × height × width``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nntui_core.errors import ShapeError
from nntui_core.graph import Graph, Node, Op
from nntui_core.memory import Array, Arrays, Shape, Space, Workspace, as_rows, from_rows
from nntui_core.ops.base import expect_operands
from nntui_core.ops.binary import Add
from nntui_core.ops.linear import MatMul
from nntui_core.ops.shaping import Permute, Reshape

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
        """The entries that offset (i, j) of the window meets at each position, ``m × c × rows × columns``."""
        s = self.stride
        return padded[:, :, i : i + s * (rows - 1) + 1 : s, j : j + s * (columns - 1) + 1 : s]

    def offsets(self) -> list[tuple[int, int]]:
        """Every (i, j) inside the window."""
        return [(i, j) for i in range(self.size[0]) for j in range(self.size[1])]


@dataclass(frozen=True)
class Im2col(Op):
    """Each window position as a row: ``(m·rows·columns) × (kh·kw·c)``, channels innermost."""

    type: ClassVar[str] = "im2col"
    formula: ClassVar[str] = "rows of the windows of x"
    derivatives: ClassVar[tuple[str, ...]] = ("1 for each window that holds the entry",)
    source: ClassVar[str] = "Chellapilla et al. 2006"
    primitive: ClassVar[bool] = True

    window: Window
    """The window."""

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        rows, columns = self.window.positions(shapes[0])
        m, c = shapes[0][:2]
        return (m * rows * columns, c * self.window.size[0] * self.window.size[1])

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        return {"padded": Space(self.window.padded(shapes[0]))}

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        self.window.inner(ws["padded"])[...] = xs[0]
        gather(self.window, ws["padded"], out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        padded = np.zeros_like(ws["padded"])
        scatter(self.window, g, padded)
        out[...] = self.window.inner(padded)


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
    """Add ``part`` (m × rows × columns × c) to the entries that offset (i, j) of the window meets."""
    target = window.at(padded, i, j, *part.shape[1:3])
    np.add(target, part.transpose(0, 3, 1, 2), out=target)


@dataclass(frozen=True)
class Correlate2d(Op):
    """Cross-correlation of x with W (``c_out × c_in × kh × kw``)."""

    type: ClassVar[str] = "correlate2d_op"
    formula: ClassVar[str] = "y[o] = Σ_c x[c] ⋆ W[o, c]"
    derivatives: ClassVar[tuple[str, ...]] = ("W over the windows that hold the entry", "x over the windows")
    source: ClassVar[str] = "LeCun et al. 1998"

    window: Window
    """The window."""

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 2)
        x, w = shapes
        if len(x) != 4 or len(w) != 4 or w[1] != x[1] or w[2:] != self.window.size:
            raise ShapeError("convolution: shapes do not fit", given=f"x {x}, W {w}")
        return (x[0], w[0], *self.window.positions(x))

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        x, w = shapes[:2]
        rows, columns = self.window.positions(x)
        n = x[0] * rows * columns
        k = x[1] * w[2] * w[3]
        padded = self.window.padded(x)
        return {
            "padded": Space(padded),
            "patches": Space((n, k)),
            "kernel": Space((k, w[0])),
            "kernel_back": Space((k, w[0]), backward=True),
            "back": Space((n, x[1]), backward=True),
            "padded_back": Space(padded, backward=True),
        }

    def _kernel(self, w: Array, kernel: Array) -> Array:
        """``kernel``, the matrix that patches are multiplied by, in the shape of ``w``: a view."""
        c_out, c, kh, kw = w.shape
        return kernel.reshape(kh, kw, c, c_out).transpose(3, 2, 0, 1)

    def _correlate(self, xs: Arrays, rows: Array, ws: Workspace) -> None:
        """Write one row of channels a pixel into ``rows``."""
        x, w = xs[:2]
        self.window.inner(ws["padded"])[...] = x
        gather(self.window, ws["padded"], ws["patches"])
        self._kernel(w, ws["kernel"])[...] = w
        np.dot(ws["patches"], ws["kernel"], out=rows)

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        rows = as_rows(out)
        self._correlate(xs, rows, ws)
        from_rows(rows, out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        rows = as_rows(g)
        if i == 1:
            np.dot(ws["patches"].T, rows, out=ws["kernel_back"])
            out[...] = self._kernel(out, ws["kernel_back"])
        else:
            # An offset at a time: what is added lies in one piece, and stays in the caches.
            back, padded, c = ws["back"], ws["padded_back"], xs[0].shape[1]
            part = back.reshape(len(g), *g.shape[2:], c)
            padded[...] = 0
            for k, (a, b) in enumerate(self.window.offsets()):
                np.dot(rows, ws["kernel"][k * c : (k + 1) * c].T, out=back)
                add_at(self.window, a, b, part, padded)
            out[...] = self.window.inner(padded)

    def expand(self, graph: Graph, *args: Node) -> Node:
        x, w = args[:2]
        m, c_out, rows, columns = Correlate2d.infer(self, x.shape, w.shape)
        patches = graph.apply(Im2col(self.window), x)
        turned = graph.apply(Permute((2, 3, 1, 0)), w)
        kernel = graph.apply(Reshape((patches.shape[1], c_out)), turned)
        found = graph.apply(MatMul(), patches, kernel)
        if len(args) > 2:
            found = graph.apply(Add(), found, args[2])
        pixels = graph.apply(Reshape((m, rows, columns, c_out)), found)
        return graph.apply(Permute((0, 3, 1, 2)), pixels)


@dataclass(frozen=True)
class Conv2d(Correlate2d):
    """Cross-correlation of x with W (``c_out × c_in × kh × kw``) plus b (``c_out``)."""

    type: ClassVar[str] = "conv2d_op"
    formula: ClassVar[str] = "y[o] = b[o] + Σ_c x[c] ⋆ W[o, c]"

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 3)
        x, w, b = shapes
        if b != w[:1]:
            raise ShapeError("convolution: shapes do not fit", given=f"x {x}, W {w}, b {b}")
        return super().infer(x, w)

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        columns = self.window.positions(shapes[0])[1]
        found = super().workspace(*shapes)
        n = found["patches"].shape[0]
        return found | {
            "line": Space((columns, shapes[1][0])),
            "ones": Space((n,), start=1, backward=True),
        }

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        rows, line = as_rows(out), ws["line"]
        self._correlate(xs, rows, ws)
        line[...] = xs[2]
        lines = rows.reshape(-1, *line.shape)  # in one piece, longer than a pixel's channels
        np.add(lines, line, out=lines)
        from_rows(rows, out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        if i == 2:
            np.dot(ws["ones"], as_rows(g), out=out)
        else:
            super().vjp(i, g, xs, y, out, ws)


@dataclass(frozen=True)
class MaxPool2d(Op):
    """The largest entry under each window position; the first of several equal ones takes the gradient."""

    type: ClassVar[str] = "maxpool2d_op"
    formula: ClassVar[str] = "max of each window"
    derivatives: ClassVar[tuple[str, ...]] = ("1 at each window's largest, else 0",)
    primitive: ClassVar[bool] = True

    window: Window
    """The window (without padding)."""

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        positions = self.window.positions(shapes[0])
        return (*shapes[0][:2], *positions)

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        out = self.infer(*shapes)
        return {
            "winner": Space(out, bool, backward=True),
            "left": Space(out, bool, backward=True),
            "taken": Space(out, backward=True),
        }

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        first, *others = self.window.offsets()
        out[...] = self.window.at(xs[0], *first, *out.shape[2:])
        for offset in others:
            np.maximum(out, self.window.at(xs[0], *offset, *out.shape[2:]), out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        winner, left, taken = ws["winner"], ws["left"], ws["taken"]
        s = self.window.stride
        apart = s >= max(self.window.size)  # each entry belongs to one window at most
        if not apart or (s, s) != self.window.size or out.shape[2:] != (s * g.shape[2], s * g.shape[3]):
            out[...] = 0  # else each entry belongs to one
        left[...] = True
        for offset in self.window.offsets():
            np.equal(self.window.at(xs[0], *offset, *g.shape[2:]), y, out=winner)
            np.logical_and(winner, left, out=winner)
            np.logical_xor(winner, left, out=left)
            target = self.window.at(out, *offset, *g.shape[2:])
            if apart:
                np.multiply(g, winner, out=target)
            else:
                np.multiply(g, winner, out=taken)
                np.add(target, taken, out=target)

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        parts = [self.window.at(xs[0], i, j, *y.shape[2:]) for i, j in self.window.offsets()]
        return np.asarray(np.argmax(np.stack(parts), axis=0))


@dataclass(frozen=True)
class AvgPool2d(Op):
    """The mean under each window position."""

    type: ClassVar[str] = "avgpool2d_op"
    formula: ClassVar[str] = "mean of each window"
    derivatives: ClassVar[tuple[str, ...]] = ("1/n",)
    primitive: ClassVar[bool] = True

    window: Window
    """The window (without padding)."""

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        positions = self.window.positions(shapes[0])
        return (*shapes[0][:2], *positions)

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        return {"share": Space(self.infer(*shapes), backward=True)}

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        out[...] = 0
        offsets = self.window.offsets()
        for i, j in offsets:
            np.add(out, self.window.at(xs[0], i, j, *out.shape[2:]), out=out)
        np.divide(out, len(offsets), out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        offsets = self.window.offsets()
        np.divide(g, len(offsets), out=ws["share"])
        out[...] = 0
        for a, b in offsets:
            target = self.window.at(out, a, b, *g.shape[2:])
            np.add(target, ws["share"], out=target)
