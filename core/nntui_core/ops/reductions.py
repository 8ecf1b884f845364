"""Reductions: of all entries to a scalar, and of each row to one number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nntui_core.errors import ShapeError
from nntui_core.graph import Op
from nntui_core.memory import Array, Arrays, Shape, Workspace
from nntui_core.ops.base import expect_operands


class Reduction(Op):
    """A scalar made of all entries."""

    primitive: ClassVar[bool] = True

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        if 0 in shapes[0]:
            raise ShapeError(f"{self.type} of nothing", given=shapes[0])
        return ()


@dataclass(frozen=True)
class Sum(Reduction):
    """Sum of all entries."""

    type: ClassVar[str] = "sum"
    formula: ClassVar[str] = "Σ xᵢ"

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.add.reduce(xs[0], axis=None, out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        out[...] = g


@dataclass(frozen=True)
class Mean(Reduction):
    """Mean of all entries."""

    type: ClassVar[str] = "mean"
    formula: ClassVar[str] = "Σ xᵢ / n"

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.add.reduce(xs[0], axis=None, out=out)
        np.divide(out, xs[0].size, out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        out[...] = g / xs[0].size


@dataclass(frozen=True)
class Norm2(Reduction):
    """Sum of the squares of all entries, ‖x‖²."""

    type: ClassVar[str] = "norm2"
    formula: ClassVar[str] = "Σ xᵢ²"

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        flat = xs[0].reshape(-1)
        out[...] = np.dot(flat, flat)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        np.multiply(xs[0], 2 * g, out=out)


class Extremum(Reduction):
    """The extreme entry; where several are equal, the first one takes the gradient."""

    def winner(self, x: Array) -> int:
        """Flat index of the entry that is the result."""
        raise NotImplementedError

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        out[...] = xs[0].reshape(-1)[self.winner(xs[0])]

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        out[...] = 0
        out[np.unravel_index(self.winner(xs[0]), xs[0].shape)] = g

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        return np.asarray(self.winner(xs[0]))


@dataclass(frozen=True)
class Max(Extremum):
    """The largest entry."""

    type: ClassVar[str] = "max"
    formula: ClassVar[str] = "max xᵢ"

    def winner(self, x: Array) -> int:
        return int(np.argmax(x))


@dataclass(frozen=True)
class Min(Extremum):
    """The smallest entry."""

    type: ClassVar[str] = "min"
    formula: ClassVar[str] = "min xᵢ"

    def winner(self, x: Array) -> int:
        return int(np.argmin(x))


def _rows(op: Op, shapes: tuple[Shape, ...]) -> Shape:
    """The shape of one number a row. Raises ShapeError where there are no rows, or rows of nothing."""
    expect_operands(op, shapes, 1)
    if not shapes[0] or not shapes[0][-1]:
        raise ShapeError(f"{op.type} needs rows of at least one number", given=shapes[0])
    return (*shapes[0][:-1], 1)


@dataclass(frozen=True)
class RowSum(Op):
    """Sum of each row, as a column."""

    type: ClassVar[str] = "row_sum"
    formula: ClassVar[str] = "Σⱼ xᵢⱼ"
    primitive: ClassVar[bool] = True

    def infer(self, *shapes: Shape) -> Shape:
        return _rows(self, shapes)

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.add.reduce(xs[0], axis=-1, keepdims=True, out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        out[...] = g


@dataclass(frozen=True)
class Pick(Op):
    """Of each row, the entry that the label (an index) names."""

    type: ClassVar[str] = "pick"
    formula: ClassVar[str] = "x[i, labelᵢ]"
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


@dataclass(frozen=True)
class RowMax(Op):
    """The largest entry of each row, kept as a column; a shift, not differentiated (softmax ignores it)."""

    type: ClassVar[str] = "row_max"
    formula: ClassVar[str] = "max of each row, as a constant"
    primitive: ClassVar[bool] = True

    def infer(self, *shapes: Shape) -> Shape:
        return _rows(self, shapes)

    def differentiable(self, i: int) -> bool:
        return False

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.maximum.reduce(xs[0], axis=-1, keepdims=True, out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        out[...] = 0
