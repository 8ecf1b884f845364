"""Convolution of pictures, ``m × channels × height × width``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nntui_core.errors import ShapeError
from nntui_core.graph import Graph, Node, Op
from nntui_core.memory import Array, Arrays, Shape, Space, Workspace, as_rows, from_rows
from nntui_core.ops.base import expect_operands
from nntui_core.ops.binary import Add
from nntui_core.ops.linear import MatMul
from nntui_core.ops.shaping import Permute, Reshape
from nntui_core.ops.window import Window, add_at, gather, scatter


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
