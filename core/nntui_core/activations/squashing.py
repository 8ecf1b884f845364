"""No activation, and those that squash every number into an interval."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nntui_core.graph import Graph, Node
from nntui_core.memory import Array, number
from nntui_core.ops.base import Elementwise
from nntui_core.ops.binary import Add
from nntui_core.ops.elementary import Exp, Neg, Reciprocal

HIGH = 0.99
"""Sigmoid above which 1 − y has lost two of its digits."""
FLAT = 0.01
"""Slope of tanh below which 1 − y² has."""


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


def sigmoid(z: Array, out: Array) -> None:
    """Write the logistic function of ``z`` into ``out``."""
    # e^-z overflows to ∞ for z < -709 and gives 1/∞ = 0, which is right.
    one = number(1, z.dtype)
    np.negative(z, out=out)
    np.exp(out, out=out)
    np.add(out, one, out=out)
    np.divide(one, out, out=out)
