"""Convolution and pooling of pictures, ``m × channels × height × width``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from nntui_core.errors import ShapeError
from nntui_core.ops.arithmetic import Add
from nntui_core.ops.base import Array, Arrays, Op, Shape, Workspace, expect_operands
from nntui_core.ops.linear import MatMul
from nntui_core.ops.shaping import Reshape, Swap, Transpose

if TYPE_CHECKING:
    from nntui_core.graph import Graph, Node


@dataclass(frozen=True)
class Window:
    """How a window moves over a picture."""

    size: tuple[int, int]
    stride: int
    padding: int = 0

    def positions(self, shape: Shape) -> tuple[int, int]:
        """Rows and columns of window positions on ``m × c × h × w``. Raises ShapeError where none fits."""
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
    """Each window position as a column: ``(c·kh·kw) × (m·rows·columns)``."""

    type: ClassVar[str] = "im2col"
    formula: ClassVar[str] = "columns of the windows of x"
    source: ClassVar[str] = "Chellapilla et al. 2006"
    primitive: ClassVar[bool] = True

    window: Window
    """The window."""

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        m, c = shapes[0][:2]
        rows, columns = self.window.positions(shapes[0])
        return (c * self.window.size[0] * self.window.size[1], m * rows * columns)

    def workspace(self, *shapes: Shape) -> dict[str, tuple[Shape, object]]:
        return {"padded": (self.window.padded(shapes[0]), None)}

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        self.window.inner(ws["padded"])[...] = xs[0]
        gather(self.window, ws["padded"], xs[0].shape, out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        padded = np.zeros_like(ws["padded"])
        scatter(self.window, g, padded, out.shape)
        out[...] = self.window.inner(padded)


def gather(window: Window, padded: Array, shape: Shape, columns: Array) -> None:
    """Write the windows of ``padded`` into ``columns``."""
    m, c = shape[:2]
    rows, cols = window.positions(shape)
    kh, kw = window.size
    view = columns.reshape(c, kh, kw, m, rows, cols)
    for i, j in window.offsets():
        view[:, i, j] = window.at(padded, i, j, rows, cols).transpose(1, 0, 2, 3)


def scatter(window: Window, columns: Array, padded: Array, shape: Shape) -> None:
    """Add ``columns`` back to where :func:`gather` took them from."""
    m, c = shape[:2]
    rows, cols = window.positions(shape)
    kh, kw = window.size
    view = columns.reshape(c, kh, kw, m, rows, cols)
    for i, j in window.offsets():
        target = window.at(padded, i, j, rows, cols)
        np.add(target, view[:, i, j].transpose(1, 0, 2, 3), out=target)


@dataclass(frozen=True)
class Conv2d(Op):
    """Cross-correlation of x with W (``c_out × c_in × kh × kw``) plus b (``c_out``)."""

    type: ClassVar[str] = "conv2d_op"
    formula: ClassVar[str] = "y[o] = b[o] + Σ_c x[c] ⋆ W[o, c]"
    source: ClassVar[str] = "LeCun et al. 1998"

    window: Window
    """The window."""

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 3)
        x, w, b = shapes
        if len(x) != 4 or len(w) != 4 or w[1] != x[1] or w[2:] != self.window.size or b != (w[0],):
            raise ShapeError("convolution: shapes do not fit", given=f"x {x}, W {w}, b {b}")
        return (x[0], w[0], *self.window.positions(x))

    def workspace(self, *shapes: Shape) -> dict[str, tuple[Shape, object]]:
        x, w, _ = shapes
        rows, columns = self.window.positions(x)
        n = x[0] * rows * columns
        k = x[1] * w[2] * w[3]
        padded = self.window.padded(x)
        return {
            "padded": (padded, None),
            "columns": ((k, n), None),
            "product": ((w[0], n), None),
            "back": ((k, n), None),
            "padded_back": (padded, None),
        }

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        x, w, b = xs
        self.window.inner(ws["padded"])[...] = x
        gather(self.window, ws["padded"], x.shape, ws["columns"])
        np.dot(w.reshape(w.shape[0], -1), ws["columns"], out=ws["product"])
        m, c, rows, columns = out.shape
        product = ws["product"].reshape(c, m, rows, columns).transpose(1, 0, 2, 3)
        np.add(product, b[None, :, None, None], out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        if i == 2:
            np.add.reduce(g, axis=(0, 2, 3), out=out)
            return
        product = ws["product"]
        product.reshape(g.shape[1], g.shape[0], *g.shape[2:])[...] = g.transpose(1, 0, 2, 3)
        if i == 1:
            np.dot(product, ws["columns"].T, out=out.reshape(out.shape[0], -1))
            return
        w = xs[1]
        np.dot(w.reshape(w.shape[0], -1).T, product, out=ws["back"])
        ws["padded_back"][...] = 0
        scatter(self.window, ws["back"], ws["padded_back"], out.shape)
        out[...] = self.window.inner(ws["padded_back"])

    def expand(self, graph: Graph, *args: Node) -> Node:
        x, w, b = args
        out = self.infer(x.shape, w.shape, b.shape)
        columns = graph.apply(Im2col(self.window), x)
        kernel = graph.apply(Reshape((w.shape[0], columns.shape[0])), w)
        product = graph.apply(MatMul(), kernel, columns)
        shifted = graph.apply(Add(), graph.apply(Transpose(), product), b)
        planes = graph.apply(Reshape((out[1], out[0], *out[2:])), graph.apply(Transpose(), shifted))
        return graph.apply(Swap(), planes)


@dataclass(frozen=True)
class MaxPool2d(Op):
    """The largest entry under each window position; the first of several equal ones takes the gradient."""

    type: ClassVar[str] = "maxpool2d_op"
    formula: ClassVar[str] = "max of each window"
    primitive: ClassVar[bool] = True

    window: Window
    """The window (without padding)."""

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        return (*shapes[0][:2], *self.window.positions(shapes[0]))

    def workspace(self, *shapes: Shape) -> dict[str, tuple[Shape, object]]:
        out = self.infer(*shapes)
        return {"winner": (out, np.int32), "better": (out, bool), "taken": (out, None)}

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        winner, better = ws["winner"], ws["better"]
        rows, columns = out.shape[2:]
        for k, (i, j) in enumerate(self.window.offsets()):
            part = self.window.at(xs[0], i, j, rows, columns)
            if k == 0:
                out[...] = part
                winner[...] = 0
                continue
            np.greater(part, out, out=better)
            np.copyto(out, part, where=better)
            np.copyto(winner, k, where=better)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        out[...] = 0
        rows, columns = g.shape[2:]
        for k, (a, b) in enumerate(self.window.offsets()):
            np.equal(ws["winner"], k, out=ws["better"])
            np.multiply(g, ws["better"], out=ws["taken"])
            target = self.window.at(out, a, b, rows, columns)
            np.add(target, ws["taken"], out=target)

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        parts = [self.window.at(xs[0], i, j, *y.shape[2:]) for i, j in self.window.offsets()]
        return np.asarray(np.argmax(np.stack(parts), axis=0))


@dataclass(frozen=True)
class AvgPool2d(Op):
    """The mean under each window position."""

    type: ClassVar[str] = "avgpool2d_op"
    formula: ClassVar[str] = "mean of each window"
    primitive: ClassVar[bool] = True

    window: Window
    """The window (without padding)."""

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        return (*shapes[0][:2], *self.window.positions(shapes[0]))

    def workspace(self, *shapes: Shape) -> dict[str, tuple[Shape, object]]:
        return {"share": (self.infer(*shapes), None)}

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
