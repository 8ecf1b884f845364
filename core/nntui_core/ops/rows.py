"""One number of each row: its sum, its largest entry, the one that a label names."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nntui_core.errors import ShapeError
from nntui_core.graph import Op
from nntui_core.memory import Array, Arrays, Shape, Workspace
from nntui_core.ops.base import expect_operands


def _rows(op: Op, shapes: tuple[Shape, ...]) -> Shape:
    """The operand's shape with one number a row. Raises ShapeError for a number alone, and for empty rows."""
    expect_operands(op, shapes, 1)
    if not shapes[0] or not shapes[0][-1]:
        raise ShapeError(f"{op.type} needs rows of at least one number", given=shapes[0])
    return (*shapes[0][:-1], 1)


class RowSum(Op):
    """Sum of each row, as a column."""

    type: ClassVar[str] = "row_sum"
    formula: ClassVar[str] = "Σⱼ xᵢⱼ"
    derivatives: ClassVar[tuple[str, ...]] = ("1",)
    primitive: ClassVar[bool] = True

    def infer(self, *shapes: Shape) -> Shape:
        return _rows(self, shapes)

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.add.reduce(xs[0], axis=-1, keepdims=True, out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        out[...] = g


class Pick(Op):
    """Of each row, the entry that the label (an index) names."""

    type: ClassVar[str] = "pick"
    formula: ClassVar[str] = "x[i, labelᵢ]"
    derivatives: ClassVar[tuple[str, ...]] = ("1 at the label, else 0",)
    primitive: ClassVar[bool] = True

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 2)
        x, labels = shapes
        if len(x) != 2 or labels != x[:1]:
            raise ShapeError("pick needs rows and one label a row", given=f"{x} and {labels}")
        return labels

    def differentiable(self, i: int) -> bool:
        return i == 0

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        out[...] = xs[0][np.arange(len(xs[1])), xs[1]]

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        out[...] = 0
        out[np.arange(len(xs[1])), xs[1]] = g


class RowMax(Op):
    """The largest entry of each row, kept as a column; a shift, not differentiated (softmax ignores it)."""

    type: ClassVar[str] = "row_max"
    formula: ClassVar[str] = "max of each row, as a constant"
    derivatives: ClassVar[tuple[str, ...]] = ("0",)
    primitive: ClassVar[bool] = True

    def infer(self, *shapes: Shape) -> Shape:
        return _rows(self, shapes)

    def differentiable(self, i: int) -> bool:
        return False

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.maximum.reduce(xs[0], axis=-1, keepdims=True, out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        out[...] = 0
