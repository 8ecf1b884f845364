"""Reductions: of all entries to a scalar, and along an axis."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from annotated_types import Ge

from nntui_core.errors import ShapeError
from nntui_core.graph import Op
from nntui_core.memory import Array, Arrays, Shape, Workspace
from nntui_core.ops.base import expect_operands
from nntui_core.ops.binary import Div, Sub
from nntui_core.ops.elementary import Power, Sqrt

if TYPE_CHECKING:
    from nntui_core.graph import Graph, Node


@dataclass(frozen=True)
class Reduction(Op):
    """One number made of all entries, or of those along an axis."""

    primitive: ClassVar[bool] = True

    axis: int | None = None
    """The axis that is reduced, counted from the last one where negative; None: all of them."""
    keepdims: bool = False
    """Whether what is reduced stays as an axis of length 1."""

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        (shape,) = shapes
        if 0 in shape:
            raise ShapeError(f"{self.type} of nothing", given=shape)
        if self.axis is None:
            return tuple(1 for _ in shape) if self.keepdims else ()
        n = len(shape)
        if not -n <= self.axis < n:
            raise ShapeError(
                f"{self.type}: there is no axis {self.axis}", given=f"shape {shape}",
                allowed=f"axes {-n} to {n - 1}" if n else "no axis: a number has none",
            )  # fmt: skip
        at = self.axis % n
        return (*shape[:at], *((1,) if self.keepdims else ()), *shape[at + 1 :])

    def spread(self, reduced: Array) -> Array:
        """``reduced``, of the result's shape, so that it broadcasts against the operand."""
        return reduced if self.axis is None or self.keepdims else np.expand_dims(reduced, self.axis)

    def count(self, x: Array) -> int:
        """How many entries are reduced to each number of the result."""
        return x.size if self.axis is None else x.shape[self.axis]


class Sum(Reduction):
    """Sum of the entries."""

    type: ClassVar[str] = "sum"
    formula: ClassVar[str] = "Σ xᵢ"
    derivatives: ClassVar[tuple[str, ...]] = ("1",)

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.add.reduce(xs[0], axis=self.axis, keepdims=self.keepdims, out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        out[...] = self.spread(g)


class Mean(Reduction):
    """Mean of the entries."""

    type: ClassVar[str] = "mean"
    formula: ClassVar[str] = "Σ xᵢ / n"
    derivatives: ClassVar[tuple[str, ...]] = ("1/n",)

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.add.reduce(xs[0], axis=self.axis, keepdims=self.keepdims, out=out)
        np.divide(out, self.count(xs[0]), out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        out[...] = self.spread(g / self.count(xs[0]))


class Norm2(Reduction):
    """Sum of the squares of the entries, ‖x‖²."""

    type: ClassVar[str] = "norm2"
    formula: ClassVar[str] = "Σ xᵢ²"
    derivatives: ClassVar[tuple[str, ...]] = ("2{0}",)

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        if self.axis is None:
            flat = xs[0].reshape(-1)
            out[...] = np.dot(flat, flat)
        else:
            np.add.reduce(xs[0] * xs[0], axis=self.axis, keepdims=self.keepdims, out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        np.multiply(xs[0], self.spread(2 * g), out=out)


class Norm(Reduction):
    """Euclidean length ‖x‖; the derivative at 0 is taken as 0."""

    type: ClassVar[str] = "norm"
    formula: ClassVar[str] = "√(Σ xᵢ²)"
    derivatives: ClassVar[tuple[str, ...]] = ("{0}/‖{0}‖",)
    primitive: ClassVar[bool] = False

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        # Scaled, so that the squares neither overflow nor vanish.
        largest = np.max(np.abs(xs[0]), axis=self.axis, keepdims=True)
        scale = np.where((largest > 0) & np.isfinite(largest), largest, 1)
        squares = np.square(xs[0] / scale)
        total = np.sum(squares, axis=self.axis, keepdims=self.keepdims)
        out[...] = scale.reshape(out.shape) * np.sqrt(total)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        length = self.spread(y)
        np.divide(xs[0], np.where(length == 0, 1, length), out=out)
        np.multiply(out, self.spread(g), out=out)

    def expand(self, graph: Graph, *args: Node) -> Node:
        return graph.apply(Sqrt(), graph.apply(Norm2(self.axis, self.keepdims), args[0]))


class Prod(Reduction):
    """Product of the entries."""

    type: ClassVar[str] = "prod"
    formula: ClassVar[str] = "Π xᵢ"
    derivatives: ClassVar[tuple[str, ...]] = ("the product of the others",)

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.multiply.reduce(xs[0], axis=self.axis, keepdims=self.keepdims, out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        # The product of the others, from those before and those after: y / x would be 0/0 where an entry is 0.
        lines = xs[0].reshape(-1) if self.axis is None else np.moveaxis(xs[0], self.axis, -1)
        before, after = np.ones_like(lines), np.ones_like(lines)
        np.cumprod(lines[..., :-1], axis=-1, out=before[..., 1:])
        after[..., :-1] = np.cumprod(lines[..., :0:-1], axis=-1)[..., ::-1]
        others = before * after
        out[...] = others.reshape(out.shape) if self.axis is None else np.moveaxis(others, -1, self.axis)
        np.multiply(out, self.spread(g), out=out)


@dataclass(frozen=True)
class Var(Reduction):
    """Variance: the mean squared distance from the mean, divided by n − ddof."""

    type: ClassVar[str] = "var"
    formula: ClassVar[str] = "Σ (xᵢ − x̄)² / (n − ddof)"
    derivatives: ClassVar[tuple[str, ...]] = ("2({0} - mean)/(n - {ddof})",)
    primitive: ClassVar[bool] = False

    ddof: Annotated[int, Ge(0)] = 0
    """0 divides by n, as NumPy does; 1 by n − 1, as PyTorch does."""

    def infer(self, *shapes: Shape) -> Shape:
        found = super().infer(*shapes)
        n = self.entries(shapes[0])
        if self.ddof >= n:
            raise ShapeError(f"{self.type} needs more than {self.ddof} entries", given=n)
        return found

    def entries(self, shape: Shape) -> int:
        """How many entries are reduced to each number of the result."""
        return prod(shape) if self.axis is None else shape[self.axis]

    def centered(self, x: Array) -> Array:
        """x − x̄, in the shape of x."""
        return np.asarray(x - x.mean(axis=self.axis, keepdims=True))

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        total = np.sum(np.square(self.centered(xs[0])), axis=self.axis, keepdims=self.keepdims)
        out[...] = total / (self.count(xs[0]) - self.ddof)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        np.multiply(self.centered(xs[0]), self.spread(2 * g / (self.count(xs[0]) - self.ddof)), out=out)

    def expand(self, graph: Graph, *args: Node) -> Node:
        away = graph.apply(Sub(), args[0], graph.apply(Mean(self.axis, True), args[0]))
        if not self.ddof:
            return graph.apply(Mean(self.axis, self.keepdims), graph.apply(Power(2.0), away))
        total = graph.apply(Norm2(self.axis, self.keepdims), away)
        n = self.entries(args[0].shape) - self.ddof
        return graph.apply(Div(), total, graph.leaf(str(n), (), "constant", value=float(n)))


class Std(Var):
    """Standard deviation, the root of the variance; the derivative where that is 0 is taken as 0."""

    type: ClassVar[str] = "std"
    formula: ClassVar[str] = "√(Σ (xᵢ − x̄)² / (n − ddof))"
    derivatives: ClassVar[tuple[str, ...]] = ("({0} - mean)/((n - {ddof})·std)",)

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        super().forward(xs, out, ws)
        np.sqrt(out, out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        deviation = np.where(y == 0, 1, y)
        np.multiply(
            self.centered(xs[0]), self.spread(g / (deviation * (self.count(xs[0]) - self.ddof))), out=out
        )

    def expand(self, graph: Graph, *args: Node) -> Node:
        return graph.apply(Sqrt(), graph.apply(Var(self.axis, self.keepdims, self.ddof), args[0]))


class Extremum(Reduction):
    """The extreme entry; where several are equal they share the gradient evenly, as in PyTorch."""

    extreme: ClassVar[np.ufunc]

    def winners(self, x: Array, y: Array) -> Array:
        """1 where an entry equals the result, else 0, in the shape of x."""
        return np.asarray(x == self.spread(y))

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        self.extreme.reduce(xs[0], axis=self.axis, keepdims=self.keepdims, out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        wins = self.winners(xs[0], y)
        np.multiply(wins, self.spread(g) / np.sum(wins, axis=self.axis, keepdims=True), out=out)

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        return self.winners(xs[0], y)


class Max(Extremum):
    """The largest entry."""

    type: ClassVar[str] = "max"
    formula: ClassVar[str] = "max xᵢ"
    extreme: ClassVar[np.ufunc] = np.maximum
    derivatives: ClassVar[tuple[str, ...]] = ("1 at the largest, else 0",)


class Min(Extremum):
    """The smallest entry."""

    type: ClassVar[str] = "min"
    formula: ClassVar[str] = "min xᵢ"
    extreme: ClassVar[np.ufunc] = np.minimum
    derivatives: ClassVar[tuple[str, ...]] = ("1 at the smallest, else 0",)
