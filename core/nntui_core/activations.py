"""Activations, one class each, named as in the TOML file."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt

from nntui_core.errors import ShapeError
from nntui_core.graph import Graph, Local, Node, Op
from nntui_core.memory import Array, Arrays, Shape, Workspace, number
from nntui_core.ops.base import Elementwise, expect_operands, unbroadcast
from nntui_core.ops.binary import Add, Div, Mul, Sub
from nntui_core.ops.elementary import Exp, Log, Neg, Reciprocal
from nntui_core.ops.reductions import RowMax, RowSum
from nntui_core.special import normal_cdf

HIGH = 0.99
"""Sigmoid above which 1 − y has lost two of its digits."""
FLAT = 0.01
"""Slope of tanh below which 1 − y² has."""


@dataclass(frozen=True)
class Linear(Elementwise):
    """No activation."""

    type: ClassVar[str] = "linear"
    formula: ClassVar[str] = "z"
    derivatives: ClassVar[tuple[str, ...]] = ("1",)

    def f(self, x: Array, out: Array) -> None:
        out[...] = x

    def df(self, x: Array, y: Array, out: Array) -> None:
        out[...] = 1

    def ddf(self, x: Array, y: Array) -> Array | None:
        return None


@dataclass(frozen=True)
class Sigmoid(Elementwise):
    """The logistic function; saturates on both sides, its values are not zero-centered."""

    type: ClassVar[str] = "sigmoid"
    formula: ClassVar[str] = "1/(1 + e^−z)"
    derivatives: ClassVar[tuple[str, ...]] = ("g(1-g)",)
    primitive: ClassVar[bool] = False

    def f(self, x: Array, out: Array) -> None:
        sigmoid(x, out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        if y.size and np.maximum.reduce(y, axis=None) > HIGH:
            # 1 − y as the sigmoid of −x, which keeps its digits where y rounds to 1.
            sigmoid(np.negative(x), out)
        else:
            np.subtract(number(1, y.dtype), y, out=out)
        np.multiply(out, y, out=out)

    def ddf(self, x: Array, y: Array) -> Array | None:
        slope = np.empty_like(y)
        self.df(x, y, slope)
        return np.asarray(slope * (1 - 2 * y))

    def expand(self, graph: Graph, *args: Node) -> Node:
        one = graph.leaf("1", (), "constant", value=1.0)
        power = graph.apply(Exp(), graph.apply(Neg(), args[0]))
        return graph.apply(Reciprocal(), graph.apply(Add(), power, one))


@dataclass(frozen=True)
class Tanh(Elementwise):
    """Hyperbolic tangent; saturates on both sides, zero-centered."""

    type: ClassVar[str] = "tanh"
    formula: ClassVar[str] = "(e^z − e^−z)/(e^z + e^−z)"
    derivatives: ClassVar[tuple[str, ...]] = ("1-g²",)

    @property
    def gain(self) -> float:
        return 5 / 3

    def f(self, x: Array, out: Array) -> None:
        np.tanh(x, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        np.multiply(y, y, out=out)
        np.subtract(number(1, y.dtype), out, out=out)
        if out.size and np.minimum.reduce(out, axis=None) < FLAT:
            # 1/cosh², which keeps its digits where y rounds to ±1.
            power = np.exp(-2 * np.abs(x))
            np.divide(4 * power, np.square(1 + power), out=out)

    def ddf(self, x: Array, y: Array) -> Array | None:
        slope = np.empty_like(y)
        self.df(x, y, slope)
        return np.asarray(-2 * y * slope)


class Rectifier(Elementwise):
    """Piecewise functions with a kink at 0."""

    relu_family: ClassVar[bool] = True

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        return np.asarray(xs[0] > 0)


@dataclass(frozen=True)
class Relu(Rectifier):
    """Rectified linear unit (Nair & Hinton 2010); a unit below 0 on every sample is dead."""

    type: ClassVar[str] = "relu"
    formula: ClassVar[str] = "max(0, z)"
    derivatives: ClassVar[tuple[str, ...]] = ("1 if z > 0 else 0",)

    def f(self, x: Array, out: Array) -> None:
        np.maximum(x, number(0, x.dtype), out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        # Both are 1 where y > 0, else 0; each is the faster one where it is used.
        if y.size < 4096:
            np.sign(y, out=out)
        else:
            np.greater(y, number(0, y.dtype), out=out, casting="unsafe")

    def ddf(self, x: Array, y: Array) -> Array | None:
        return None


@dataclass(frozen=True)
class LeakyRelu(Rectifier):
    """ReLU with a slope below 0 (Maas et al. 2013)."""

    type: ClassVar[str] = "leaky_relu"
    formula: ClassVar[str] = "z if z > 0 else slope·z"
    derivatives: ClassVar[tuple[str, ...]] = ("1 if z > 0 else {slope}",)

    slope: Annotated[float, Ge(0)] = 0.1
    """Slope below 0."""

    @property
    def gain(self) -> float:
        return sqrt(2 / (1 + self.slope**2))

    def f(self, x: Array, out: Array) -> None:
        np.multiply(x, self.slope, out=out)
        np.copyto(out, x, where=x > 0)

    def df(self, x: Array, y: Array, out: Array) -> None:
        out[...] = self.slope
        np.copyto(out, 1, where=x > 0)

    def ddf(self, x: Array, y: Array) -> Array | None:
        return None


@dataclass(frozen=True)
class Prelu(Op):
    """ReLU with a learned slope a unit below 0 (He et al. 2015)."""

    type: ClassVar[str] = "prelu"
    formula: ClassVar[str] = "z if z > 0 else slope·z, slope learned"
    derivatives: ClassVar[tuple[str, ...]] = ("1 if z > 0 else slope", "0 if z > 0 else z")
    primitive: ClassVar[bool] = True
    relu_family: ClassVar[bool] = True

    slope: float = 0.25
    """Slope below 0 at the start."""

    @property
    def gain(self) -> float:
        return sqrt(2 / (1 + self.slope**2))

    def learned(self, shape: Shape) -> tuple[tuple[str, Shape], ...]:
        """One slope a unit (or channel) of a result of ``shape``."""
        return (("slope", (shape[1], *(1 for _ in shape[2:]))),)

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 2)
        z, slope = shapes
        if len(slope) > len(z) or any(n not in (1, m) for n, m in zip(slope[::-1], z[::-1], strict=False)):
            raise ShapeError("prelu: the slope does not fit", given=f"z {z}, slope {slope}")
        return z

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.multiply(xs[0], xs[1], out=out)
        np.copyto(out, xs[0], where=xs[0] > 0)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        x, slope = xs
        if i == 0:
            np.multiply(g, slope, out=out)
            np.copyto(out, g, where=x > 0)
        else:
            unbroadcast(np.asarray(g * np.minimum(x, 0)), out)

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        return np.asarray(xs[0] > 0)


@dataclass(frozen=True)
class Elu(Elementwise):
    """Exponential linear unit (Clevert et al. 2016)."""

    type: ClassVar[str] = "elu"
    formula: ClassVar[str] = "z if z > 0 else alpha·(e^z − 1)"
    derivatives: ClassVar[tuple[str, ...]] = ("1 if z > 0 else g+{alpha}",)
    relu_family: ClassVar[bool] = True

    alpha: Annotated[float, Gt(0)] = 1.0
    """Minus the limit for z → −∞."""

    def f(self, x: Array, out: Array) -> None:
        np.minimum(x, 0, out=out)
        np.expm1(out, out=out)
        np.multiply(out, self.alpha, out=out)
        np.copyto(out, x, where=x > 0)

    def df(self, x: Array, y: Array, out: Array) -> None:
        np.add(y, self.alpha, out=out)
        np.copyto(out, 1, where=x > 0)

    def ddf(self, x: Array, y: Array) -> Array | None:
        return np.where(x > 0, 0, y + self.alpha)

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        return np.asarray(xs[0] > 0) if self.alpha != 1 else None


@dataclass(frozen=True)
class Softplus(Elementwise):
    """A smooth ReLU (Dugas et al. 2001)."""

    type: ClassVar[str] = "softplus"
    formula: ClassVar[str] = "ln(1 + e^z)"
    derivatives: ClassVar[tuple[str, ...]] = ("1/(1+e^-z)",)
    primitive: ClassVar[bool] = False

    def f(self, x: Array, out: Array) -> None:
        # max(x, 0) + ln(1 + e^−|x|): what logaddexp computes, in a tenth of the time.
        np.negative(np.abs(x, out=out), out=out)
        np.exp(out, out=out)
        np.log1p(out, out=out)
        np.add(out, np.maximum(x, number(0, x.dtype)), out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        sigmoid(x, out)

    def ddf(self, x: Array, y: Array) -> Array | None:
        s = np.empty_like(x)
        sigmoid(x, s)
        return np.asarray(s * (1 - s))

    def expand(self, graph: Graph, *args: Node) -> Node:
        one = graph.leaf("1", (), "constant", value=1.0)
        return graph.apply(Log(), graph.apply(Add(), graph.apply(Exp(), args[0]), one))


@dataclass(frozen=True)
class Gelu(Elementwise):
    """z·Φ(z), Φ the normal distribution function (Hendrycks & Gimpel 2016), in the exact form with erf."""

    type: ClassVar[str] = "gelu"
    formula: ClassVar[str] = "z·½(1 + erf(z/√2))"
    derivatives: ClassVar[tuple[str, ...]] = ("Φ(z) + z·φ(z)",)

    def f(self, x: Array, out: Array) -> None:
        np.multiply(x, normal_cdf(x), out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        density = np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)
        np.add(normal_cdf(x), x * density, out=out, casting="same_kind")

    def ddf(self, x: Array, y: Array) -> Array | None:
        return np.asarray((2 - x * x) * np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi))


@dataclass(frozen=True)
class Silu(Elementwise):
    """z times its sigmoid (Elfwing et al. 2018), also called swish."""

    type: ClassVar[str] = "silu"
    formula: ClassVar[str] = "z/(1 + e^−z)"
    derivatives: ClassVar[tuple[str, ...]] = ("σ(z)(1 + z(1-σ(z)))",)
    primitive: ClassVar[bool] = False

    def f(self, x: Array, out: Array) -> None:
        sigmoid(x, out)
        np.multiply(out, x, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        s = np.empty_like(x)
        sigmoid(x, s)
        np.multiply(s, 1 + x * (1 - s), out=out)

    def ddf(self, x: Array, y: Array) -> Array | None:
        s = np.empty_like(x)
        sigmoid(x, s)
        return np.asarray(s * (1 - s) * (2 + x * (1 - 2 * s)))

    def expand(self, graph: Graph, *args: Node) -> Node:
        return graph.apply(Mul(), args[0], graph.apply(Sigmoid(), args[0]))


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


@dataclass(frozen=True)
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


def sigmoid(z: Array, out: Array) -> None:
    """Write the logistic function of ``z`` into ``out``."""
    # e^-z overflows to ∞ for z < -709 and gives 1/∞ = 0, which is right.
    one = number(1, z.dtype)
    np.negative(z, out=out)
    np.exp(out, out=out)
    np.add(out, one, out=out)
    np.divide(one, out, out=out)
