"""Activations in which the columns of a row compete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt

from nntui_core.errors import ShapeError
from nntui_core.graph import Graph, Local, Node, Op
from nntui_core.memory import Array, Arrays, Shape, Workspace
from nntui_core.ops.base import expect_operands
from nntui_core.ops.binary import Div, Sub
from nntui_core.ops.elementary import Exp
from nntui_core.ops.rows import RowMax, RowSum


@dataclass(frozen=True)
class Maxout(Op):
    """The largest of each ``pieces`` neighboring columns (Goodfellow et al. 2013)."""

    type: ClassVar[str] = "maxout"
    formula: ClassVar[str] = "max of pieces zⱼ"
    derivatives: ClassVar[tuple[str, ...]] = ("1 at the largest piece, else 0",)
    primitive: ClassVar[bool] = True
    relu_family: ClassVar[bool] = True

    pieces: Annotated[int, Gt(0)] = 2
    """Columns that compete."""

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        (shape,) = shapes
        if len(shape) != 2:
            raise ShapeError("maxout needs rows", given=shape)
        if shape[1] % self.pieces:
            raise ShapeError(
                f"maxout: the width {shape[1]} is no multiple of pieces", given=shape, allowed=self.pieces
            )
        return (shape[0], shape[1] // self.pieces)

    def _split(self, x: Array) -> Array:
        return x.reshape(x.shape[0], -1, self.pieces)

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        # One piece after the other: NumPy reduces short rows 20 times as slowly.
        pieces = self._split(xs[0])
        np.copyto(out, pieces[:, :, 0])
        for k in range(1, self.pieces):
            np.maximum(out, pieces[:, :, k], out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        out[...] = 0
        winners = self._split(xs[0]).argmax(axis=2)
        np.put_along_axis(self._split(out), winners[:, :, None], g[:, :, None], axis=2)

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        return np.asarray(self._split(xs[0]).argmax(axis=2))


class Softmax(Op):
    """Probabilities of classes: rows (or a vector) of positive numbers that sum to 1."""

    type: ClassVar[str] = "softmax"
    formula: ClassVar[str] = "e^zⱼ / Σₖ e^zₖ"
    derivatives: ClassVar[tuple[str, ...]] = ("g_i(1-g_i) on the diagonal, else -g_i·g_j",)

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        if not 1 <= len(shapes[0]) <= 2:
            raise ShapeError("softmax needs a vector or rows", given=shapes[0])
        return shapes[0]

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        softmax(xs[0], out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        np.multiply(g, y, out=out)
        total = np.add.reduce(out, axis=-1, keepdims=True)
        np.subtract(g, total, out=out)
        np.multiply(out, y, out=out)

    def local(self, i: int, xs: Arrays, y: Array, ws: Workspace) -> Local:
        if y.ndim == 1:
            return Local("matrix", np.diag(y) - np.outer(y, y))
        return super().local(i, xs, y, ws)

    def expand(self, graph: Graph, *args: Node) -> Node:
        power = graph.apply(Exp(), graph.apply(Sub(), args[0], graph.apply(RowMax(), args[0])))
        return graph.apply(Div(), power, graph.apply(RowSum(), power))


def softmax(z: Array, out: Array) -> None:
    """Write the softmax of each row of ``z`` into ``out``; finite for logits of ±1000."""
    np.subtract(z, np.maximum.reduce(z, axis=-1, keepdims=True), out=out)
    np.exp(out, out=out)
    np.divide(out, np.add.reduce(out, axis=-1, keepdims=True), out=out)
