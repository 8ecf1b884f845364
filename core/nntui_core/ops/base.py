"""Base classes and shape rules of the ops."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from nntui_core.errors import ShapeError
from nntui_core.graph import Local, Op
from nntui_core.memory import Array, Arrays, Shape, Tangents, Workspace


class Elementwise(Op):
    """A function applied to each element: ``f`` and its derivative ``df`` are all it needs."""

    primitive: ClassVar[bool] = True

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        return shapes[0]

    def pointwise(self, x: Shape, y: Shape) -> bool:
        return True

    @abstractmethod
    def f(self, x: Array, out: Array) -> None:
        """Write f(x) into ``out`` (which may not alias x)."""

    @abstractmethod
    def df(self, x: Array, y: Array, out: Array) -> None:
        """Write f′(x) into ``out``; ``y`` is f(x)."""

    def ddf(self, x: Array, y: Array) -> Array | None:
        """f″(x), None where it is 0 everywhere (kinks left out). Optional: with it the op is :attr:`twice`."""
        raise NotImplementedError(self.type)

    @property
    def twice(self) -> bool:
        return type(self).ddf is not Elementwise.ddf

    def tangent(self, xs: Arrays, dxs: Tangents, y: Array, ws: Workspace) -> Array:
        out = np.empty_like(y)
        self.df(xs[0], y, out)
        return np.asarray(out * dxs[0])

    def vjp_tangent(
        self, i: int, g: Array, dg: Array | None, xs: Arrays, dxs: Tangents, y: Array, ws: Workspace
    ) -> Array | None:
        found: Array | None = None
        if dg is not None:
            found = np.empty_like(y)
            self.df(xs[0], y, found)
            found *= dg
        second = None if dxs[0] is None else self.ddf(xs[0], y)
        if second is not None:
            bent = g * second * dxs[0]
            found = bent if found is None else found + bent
        return found

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        self.f(xs[0], out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        self.df(xs[0], y, out)
        np.multiply(out, g, out=out)

    def local(self, i: int, xs: Arrays, y: Array, ws: Workspace) -> Local:
        out = np.empty_like(y)
        self.df(xs[0], y, out)
        return Local("diagonal" if y.shape else "scalar", out)


class LinearOp(Op):
    """An op that is linear in its differentiable operands, so that its ``vjp`` does not depend on their values."""

    @property
    def twice(self) -> bool:
        return True

    def tangent(self, xs: Arrays, dxs: Tangents, y: Array, ws: Workspace) -> Array:
        out = np.empty_like(y)
        moved = [
            x if not self.differentiable(i) else np.zeros_like(x) if dx is None else dx
            for i, (x, dx) in enumerate(zip(xs, dxs, strict=True))
        ]
        self.forward(moved, out, ws)
        return out

    def vjp_tangent(
        self, i: int, g: Array, dg: Array | None, xs: Arrays, dxs: Tangents, y: Array, ws: Workspace
    ) -> Array | None:
        if dg is None:
            return None
        out = np.empty_like(xs[i])
        self.vjp(i, dg, xs, y, out, ws)
        return out


def expect_operands(op: Op, shapes: Sequence[Shape], count: int) -> None:
    """Raises ShapeError unless there are ``count`` operands."""
    if len(shapes) != count:
        raise ShapeError(f"{op.type} takes {count} operand{'s' * (count != 1)}", given=len(shapes))


def broadcast_shape(op: Op, *shapes: Shape) -> Shape:
    """NumPy's broadcast of ``shapes``; raises ShapeError."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        text = " and ".join(str(s) for s in shapes)
        raise ShapeError(f"{op.type}: shapes do not broadcast", given=text) from None


def unbroadcast(g: Array, out: Array) -> None:
    """Sum ``g`` over the axes along which ``out``'s shape was broadcast, into ``out``."""
    if g.shape == out.shape:
        np.copyto(out, g)
        return
    extra = g.ndim - out.ndim
    kept = tuple(k + extra for k, n in enumerate(out.shape) if n == 1 and g.shape[k + extra] != 1)
    total = np.add.reduce(g, axis=(*range(extra), *kept))
    np.copyto(out, np.reshape(total, out.shape))
