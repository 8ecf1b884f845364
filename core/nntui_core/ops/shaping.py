"""Ops that move numbers without changing them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from nntui_core.errors import ShapeError
from nntui_core.graph import Op
from nntui_core.memory import Array, Arrays, Shape, Workspace, copy_flat
from nntui_core.ops.base import expect_operands


@dataclass(frozen=True)
class Reshape(Op):
    """The same numbers in another shape (the batch axis included)."""

    type: ClassVar[str] = "reshape"
    formula: ClassVar[str] = "x in another shape"
    primitive: ClassVar[bool] = True

    shape: tuple[int, ...]
    """The new shape."""

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        if prod(shapes[0]) != prod(self.shape):
            raise ShapeError("sizes differ", given=shapes[0], allowed=f"{prod(self.shape)} numbers")
        return self.shape

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        copy_flat(xs[0], out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        copy_flat(g, out)


@dataclass(frozen=True)
class Transpose(Op):
    """A matrix with its axes exchanged; a vector stays itself."""

    type: ClassVar[str] = "transpose"
    formula: ClassVar[str] = "xᵀ"
    primitive: ClassVar[bool] = True

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        if len(shapes[0]) > 2:
            raise ShapeError("transpose needs a vector or a matrix", given=shapes[0])
        return shapes[0][::-1]

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        out[...] = xs[0].T

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        out[...] = g.T


@dataclass(frozen=True)
class Concat(Op):
    """Operands joined along axis 1 (features, or channels)."""

    type: ClassVar[str] = "concat"
    formula: ClassVar[str] = "[x, y, …]"
    primitive: ClassVar[bool] = True

    def infer(self, *shapes: Shape) -> Shape:
        rest = {(s[:1], s[2:]) for s in shapes}
        if not shapes or len(rest) != 1 or any(len(s) < 2 for s in shapes):
            raise ShapeError(
                "concat needs inputs that differ in their features or channels only",
                given=" and ".join(str(s) for s in shapes),
            )
        return (shapes[0][0], sum(s[1] for s in shapes), *shapes[0][2:])

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.concatenate(xs, axis=1, out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        start = sum(x.shape[1] for x in xs[:i])
        out[...] = g[:, start : start + xs[i].shape[1]]

    def describe(self, args: Sequence[str]) -> str:
        return f"concat({', '.join(args)})"


@dataclass(frozen=True)
class Permute(Op):
    """The axes in another order."""

    type: ClassVar[str] = "permute"
    formula: ClassVar[str] = "x with its axes in another order"
    primitive: ClassVar[bool] = True

    axes: tuple[int, ...]
    """For each axis of the result, the axis of x that it is."""

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        if sorted(self.axes) != list(range(len(shapes[0]))):
            raise ShapeError(
                "permute: each axis is needed once", given=shapes[0], allowed=f"axes {self.axes}"
            )
        return tuple(shapes[0][a] for a in self.axes)

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        out[...] = xs[0].transpose(self.axes)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        out.transpose(self.axes)[...] = g
