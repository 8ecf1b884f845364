"""ReLU and its kin: piecewise, with a kink at 0."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt

from nntui_core.errors import ShapeError
from nntui_core.graph import Op
from nntui_core.memory import Array, Arrays, Shape, Workspace, nothing, number
from nntui_core.ops.base import Elementwise, expect_operands, unbroadcast

FEW, MANY = 1 << 12, 1 << 20
"""Numbers from which on NumPy's passes over arrays pay, and up to which they stay in the caches."""


class Rectifier(Elementwise):
    """Piecewise functions with a kink at 0."""

    relu_family: ClassVar[bool] = True

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        return np.asarray(xs[0] > 0)


class Relu(Rectifier):
    """Rectified linear unit (Nair & Hinton 2010); a unit below 0 on every sample is dead."""

    type: ClassVar[str] = "relu"
    formula: ClassVar[str] = "max(0, z)"
    derivatives: ClassVar[tuple[str, ...]] = ("1 if z > 0 else 0",)

    def f(self, x: Array, out: Array) -> None:
        # NumPy compares two arrays in a third of the time that it takes with a number.
        compared = nothing(x.shape, x.strides, x.dtype) if FEW <= x.size <= MANY else number(0, x.dtype)
        np.maximum(x, compared, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        # Both are 1 where y > 0, else 0; each is the faster one where it is used.
        if y.size < FEW:
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
