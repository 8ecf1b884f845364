"""Arithmetic of two operands, with NumPy's broadcasting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from nntui_core.graph import Local, Op
from nntui_core.memory import Array, Arrays, Shape, Workspace
from nntui_core.ops.base import LinearOp, broadcast_shape, expect_operands, unbroadcast
from nntui_core.ops.notation import bracketed, precedence


class Binary(Op):
    """An elementwise function of two operands, broadcast against each other."""

    primitive: ClassVar[bool] = True
    symbol: ClassVar[str]

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 2)
        return broadcast_shape(self, *shapes)

    def pointwise(self, x: Shape, y: Shape) -> bool:
        return x == y

    def partial(self, i: int, a: Array, b: Array, y: Array) -> Array:
        """∂y/∂(operand i), in any shape that broadcasts to the result's."""
        raise NotImplementedError

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        unbroadcast(np.asarray(g * self.partial(i, xs[0], xs[1], y)), out)

    def local(self, i: int, xs: Arrays, y: Array, ws: Workspace) -> Local:
        if xs[i].shape != y.shape:
            return super().local(i, xs, y, ws)
        value = np.broadcast_to(self.partial(i, xs[0], xs[1], y), y.shape).astype(y.dtype)
        return Local("diagonal" if y.shape else "scalar", value)

    def describe(self, args: Sequence[str]) -> str:
        level = precedence(f"x {self.symbol} y")
        return f"{bracketed(args[0], level)} {self.symbol} {bracketed(args[1], level + 1)}"


class Add(LinearOp, Binary):
    """x + y."""

    type: ClassVar[str] = "add"
    formula: ClassVar[str] = "x + y"
    derivatives: ClassVar[tuple[str, ...]] = ("1",)
    symbol: ClassVar[str] = "+"

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.add(xs[0], xs[1], out=out)

    def partial(self, i: int, a: Array, b: Array, y: Array) -> Array:
        return np.ones((), dtype=y.dtype)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        unbroadcast(g, out)


class Sub(Binary):
    """x - y."""

    type: ClassVar[str] = "sub"
    formula: ClassVar[str] = "x − y"
    derivatives: ClassVar[tuple[str, ...]] = ("1", "-1")
    symbol: ClassVar[str] = "-"

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.subtract(xs[0], xs[1], out=out)

    def partial(self, i: int, a: Array, b: Array, y: Array) -> Array:
        return np.full((), -1.0 if i else 1.0, dtype=y.dtype)


class Mul(Binary):
    """x · y."""

    type: ClassVar[str] = "mul"
    formula: ClassVar[str] = "x · y"
    derivatives: ClassVar[tuple[str, ...]] = ("{1}", "{0}")
    symbol: ClassVar[str] = "*"

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.multiply(xs[0], xs[1], out=out)

    def partial(self, i: int, a: Array, b: Array, y: Array) -> Array:
        return a if i else b


class Div(Binary):
    """x / y."""

    type: ClassVar[str] = "div"
    formula: ClassVar[str] = "x / y"
    derivatives: ClassVar[tuple[str, ...]] = ("1/{1}", "-{0}/{1}²")
    symbol: ClassVar[str] = "/"

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.divide(xs[0], xs[1], out=out)

    def partial(self, i: int, a: Array, b: Array, y: Array) -> Array:
        return -(y / b) if i else np.asarray(1 / b)


class Pow(Binary):
    """x raised to y."""

    type: ClassVar[str] = "pow"
    formula: ClassVar[str] = "x^y"
    derivatives: ClassVar[tuple[str, ...]] = ("{1}·{0}^({1}-1)", "{0}^{1}·ln {0}")
    symbol: ClassVar[str] = "**"

    def describe(self, args: Sequence[str]) -> str:
        return f"{bracketed(args[0])}**{bracketed(args[1])}"

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.power(xs[0], xs[1], out=out)

    def partial(self, i: int, a: Array, b: Array, y: Array) -> Array:
        if i == 0:
            # x^0 is constant, also at x = 0, where y·x^(y−1) would be 0·∞.
            return np.where(b == 0, 0.0, b * np.power(a, b - (b != 0)))
        # 0^y is constant for y > 0, where y·log(x) would be 0·∞; at y = 0 it is taken as 0, as PyTorch does.
        flat = (a == 0) & (b >= 0)
        return np.where(flat, 0.0, y * np.log(np.where(flat, 1.0, a)))


class Selection(Binary):
    """The extreme of two operands; where they are equal each takes half of the gradient, as in PyTorch.

    One rule whatever the order of the operands, and for all extremes: those that are equal share evenly. So the
    derivative of |x| = max(x, −x) at 0 is 0. (Relu is an activation of its own, with derivative 0 at 0.)
    """

    def order(self, a: Array, b: Array) -> Array:
        """1 where the first operand is the result, −1 where the second, 0 where they are equal."""
        raise NotImplementedError

    def partial(self, i: int, a: Array, b: Array, y: Array) -> Array:
        order = self.order(a, b).astype(y.dtype)
        return np.asarray((1 - order) / 2 if i else (1 + order) / 2)

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        return self.order(xs[0], xs[1])

    def describe(self, args: Sequence[str]) -> str:
        return f"{self.symbol}({args[0]}, {args[1]})"


def _compared(a: Array, b: Array) -> Array:
    """1 where ``a`` is larger, −1 where ``b`` is, else 0."""
    return np.asarray(np.greater(a, b).astype(np.int8) - np.less(a, b).astype(np.int8))


class Maximum(Selection):
    """max(x, y), entry by entry."""

    type: ClassVar[str] = "maximum"
    formula: ClassVar[str] = "max(x, y)"
    derivatives: ClassVar[tuple[str, ...]] = ("1 where {0} ≥ {1}, else 0", "1 where {1} > {0}, else 0")
    symbol: ClassVar[str] = "max"

    def order(self, a: Array, b: Array) -> Array:
        return _compared(a, b)

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.maximum(xs[0], xs[1], out=out)


class Minimum(Selection):
    """min(x, y), entry by entry."""

    type: ClassVar[str] = "minimum"
    formula: ClassVar[str] = "min(x, y)"
    derivatives: ClassVar[tuple[str, ...]] = ("1 where {0} ≤ {1}, else 0", "1 where {1} < {0}, else 0")
    symbol: ClassVar[str] = "min"

    def order(self, a: Array, b: Array) -> Array:
        return _compared(b, a)

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.minimum(xs[0], xs[1], out=out)
