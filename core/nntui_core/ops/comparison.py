"""Comparisons, whose results are 1 and 0, and ``where``, which chooses by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from nntui_core.graph import Local, Op
from nntui_core.memory import Array, Arrays, Shape, Workspace
from nntui_core.ops.base import broadcast_shape, expect_operands, unbroadcast
from nntui_core.ops.binary import Binary
from nntui_core.ops.notation import bracketed


class Comparison(Binary):
    """1 where the comparison of two operands holds, else 0; the derivative is taken as 0, at jumps too."""

    compare: ClassVar[np.ufunc]

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        out[...] = self.compare(xs[0], xs[1])

    def partial(self, i: int, a: Array, b: Array, y: Array) -> Array:
        return np.zeros((), dtype=y.dtype)

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        return np.asarray(np.greater(xs[0], xs[1]).astype(np.int8) - np.less(xs[0], xs[1]).astype(np.int8))

    def describe(self, args: Sequence[str]) -> str:
        return f"{bracketed(args[0], 1)} {self.symbol} {bracketed(args[1], 1)}"


class Less(Comparison):
    """Whether x is smaller than y."""

    type: ClassVar[str] = "less"
    formula: ClassVar[str] = "x < y"
    derivatives: ClassVar[tuple[str, ...]] = ("0",)
    symbol: ClassVar[str] = "<"
    compare: ClassVar[np.ufunc] = np.less


class LessEqual(Comparison):
    """Whether x is at most y."""

    type: ClassVar[str] = "less_equal"
    formula: ClassVar[str] = "x ≤ y"
    derivatives: ClassVar[tuple[str, ...]] = ("0",)
    symbol: ClassVar[str] = "<="
    compare: ClassVar[np.ufunc] = np.less_equal


class Greater(Comparison):
    """Whether x is larger than y."""

    type: ClassVar[str] = "greater"
    formula: ClassVar[str] = "x > y"
    derivatives: ClassVar[tuple[str, ...]] = ("0",)
    symbol: ClassVar[str] = ">"
    compare: ClassVar[np.ufunc] = np.greater


class GreaterEqual(Comparison):
    """Whether x is at least y."""

    type: ClassVar[str] = "greater_equal"
    formula: ClassVar[str] = "x ≥ y"
    derivatives: ClassVar[tuple[str, ...]] = ("0",)
    symbol: ClassVar[str] = ">="
    compare: ClassVar[np.ufunc] = np.greater_equal


class Equal(Comparison):
    """Whether x is equal to y."""

    type: ClassVar[str] = "equal"
    formula: ClassVar[str] = "x = y"
    derivatives: ClassVar[tuple[str, ...]] = ("0",)
    symbol: ClassVar[str] = "=="
    compare: ClassVar[np.ufunc] = np.equal


class NotEqual(Comparison):
    """Whether x is other than y."""

    type: ClassVar[str] = "not_equal"
    formula: ClassVar[str] = "x ≠ y"
    derivatives: ClassVar[tuple[str, ...]] = ("0",)
    symbol: ClassVar[str] = "!="
    compare: ClassVar[np.ufunc] = np.not_equal


class Where(Op):
    """The second operand where the first is not 0, else the third; each entry's gradient goes to the one chosen."""

    type: ClassVar[str] = "where"
    formula: ClassVar[str] = "x if c else y"
    derivatives: ClassVar[tuple[str, ...]] = ("0", "1 where {0}, else 0", "0 where {0}, else 1")
    primitive: ClassVar[bool] = True

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 3)
        return broadcast_shape(self, *shapes)

    def differentiable(self, i: int) -> bool:
        return i > 0

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        out[...] = np.where(xs[0] != 0, xs[1], xs[2])

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        # What is not chosen is sent an exact 0, also where the gradient is not finite.
        chosen = xs[0] != 0 if i == 1 else xs[0] == 0
        unbroadcast(np.where(chosen, g, np.zeros((), dtype=g.dtype)), out)

    def local(self, i: int, xs: Arrays, y: Array, ws: Workspace) -> Local:
        if xs[i].shape != y.shape:
            return super().local(i, xs, y, ws)
        chosen = xs[0] != 0 if i == 1 else xs[0] == 0
        value = np.broadcast_to(np.asarray(chosen, dtype=y.dtype), y.shape).copy()
        return Local("diagonal" if y.shape else "scalar", value)

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        return np.asarray(xs[0] != 0)
