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
from nntui_core.ops.base import LinearOp, expect_operands
from nntui_core.ops.notation import bracketed


@dataclass(frozen=True)
class Reshape(LinearOp):
    """The same numbers in another shape (the batch axis included)."""

    type: ClassVar[str] = "reshape"
    formula: ClassVar[str] = "x in another shape"
    derivatives: ClassVar[tuple[str, ...]] = ("1",)
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


class Transpose(Op):
    """A matrix with its axes exchanged; a vector stays itself."""

    type: ClassVar[str] = "transpose"
    formula: ClassVar[str] = "xᵀ"
    derivatives: ClassVar[tuple[str, ...]] = ("1",)
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
class Concat(LinearOp):
    """Operands joined along an axis, by default that of features or channels; a scalar counts as a vector of one entry."""

    type: ClassVar[str] = "concat"
    formula: ClassVar[str] = "[x, y, …]"
    derivatives: ClassVar[tuple[str, ...]] = ("1",)
    primitive: ClassVar[bool] = True

    axis: int = 1
    """Along which they lie side by side."""

    def infer(self, *shapes: Shape) -> Shape:
        given = " and ".join(str(s) for s in shapes)
        shapes = tuple(s or (1,) for s in shapes)
        axis, rank = self.axis, len(shapes[0]) if shapes else 0
        if not shapes or any(not -len(s) <= axis < len(s) for s in shapes):
            raise ShapeError(f"concat: there is no axis {axis}", given=given)
        at = axis % rank
        if len({(len(s), s[:at], s[at + 1 :]) for s in shapes}) != 1:
            raise ShapeError(f"concat needs inputs that differ along axis {axis} only", given=given)
        return (*shapes[0][:at], sum(s[at] for s in shapes), *shapes[0][at + 1 :])

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.concatenate([np.atleast_1d(x) for x in xs], axis=self.axis, out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        lengths = [x.shape[self.axis] if x.ndim else 1 for x in xs]
        start = sum(lengths[:i])
        part = [slice(None)] * g.ndim
        part[self.axis] = slice(start, start + lengths[i])
        out[...] = g[tuple(part)].reshape(out.shape)


Slice = tuple[int | None, int | None, int | None]
"""Start, stop and step."""


@dataclass(frozen=True)
class Index(Op):
    """An entry, or a part, of a vector or a matrix, as NumPy's ``x[…]``."""

    type: ClassVar[str] = "index"
    formula: ClassVar[str] = "x[i, j]"
    derivatives: ClassVar[tuple[str, ...]] = ("1 at what is picked, else 0",)
    primitive: ClassVar[bool] = True

    key: tuple[int | Slice, ...]
    """An index or a slice an axis; axes that are not named are kept whole."""

    @property
    def places(self) -> tuple[int | slice, ...]:
        """The key as NumPy takes it."""
        return tuple(slice(*k) if isinstance(k, tuple) else k for k in self.key)

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        (shape,) = shapes
        if not shape:
            raise ShapeError("an index needs a vector or a matrix, not a number", given=f"shape {shape}")
        if len(self.key) > len(shape):
            raise ShapeError(f"index: {len(self.key)} indices for {len(shape)} axes", given=f"shape {shape}")
        found: list[int] = []
        for n, k in zip(shape, self.key, strict=False):
            if isinstance(k, tuple):
                found.append(len(range(*slice(*k).indices(n))))
                if not found[-1]:
                    raise ShapeError(
                        f"index: the slice {_written(k)} of {n} entries is empty", given=f"shape {shape}"
                    )
            elif not -n <= k < n:
                raise ShapeError(
                    f"index: there is no entry {k}", given=f"shape {shape}", allowed=f"{-n} to {n - 1}"
                )
        return (*found, *shape[len(self.key) :])

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        out[...] = xs[0][self.places]

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        out[...] = 0
        out[self.places] = g

    def describe(self, args: Sequence[str]) -> str:
        return f"{bracketed(args[0])}[{', '.join(map(_written, self.key))}]"


def _written(key: int | Slice) -> str:
    if not isinstance(key, tuple):
        return str(key)
    start, stop, step = ("" if k is None else str(k) for k in key)
    return f"{start}:{stop}" + (f":{step}" if step else "")


@dataclass(frozen=True)
class Permute(Op):
    """The axes in another order."""

    type: ClassVar[str] = "permute"
    formula: ClassVar[str] = "x with its axes in another order"
    derivatives: ClassVar[tuple[str, ...]] = ("1",)
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
