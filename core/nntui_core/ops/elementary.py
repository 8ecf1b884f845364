"""Elementary functions, element by element."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nntui_core.memory import Array, Arrays, Shape
from nntui_core.ops.base import Elementwise
from nntui_core.ops.notation import bracketed


@dataclass(frozen=True)
class Power(Elementwise):
    """x raised to a constant."""

    type: ClassVar[str] = "power"
    formula: ClassVar[str] = "x^p"

    exponent: float
    """The constant p."""

    def f(self, x: Array, out: Array) -> None:
        np.power(x, self.exponent, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        p = self.exponent
        if p == 0:
            out[...] = 0
        else:
            np.power(x, p - 1, out=out)
            np.multiply(out, p, out=out)

    def rule(self, i: int, args: Sequence[str], shapes: Sequence[Shape] = ()) -> str:
        p, x = self.exponent, args[0]
        written = {0.0: "0", 1.0: "1", 2.0: f"2{x}", 3.0: f"3{x}²"}
        return written.get(p, f"{p:g}·{x}^({p - 1:g})")

    def describe(self, args: Sequence[str]) -> str:
        p = self.exponent
        text = str(int(p)) if p == int(p) and abs(p) < 1e15 else repr(p)
        return f"{bracketed(args[0])}**{text if p >= 0 else f'({text})'}"


class Neg(Elementwise):
    """-x."""

    type: ClassVar[str] = "neg"
    formula: ClassVar[str] = "−x"
    derivatives: ClassVar[tuple[str, ...]] = ("-1",)

    def f(self, x: Array, out: Array) -> None:
        np.negative(x, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        out[...] = -1

    def describe(self, args: Sequence[str]) -> str:
        return f"-{bracketed(args[0], 3)}"


class Reciprocal(Elementwise):
    """1/x."""

    type: ClassVar[str] = "reciprocal"
    formula: ClassVar[str] = "1/x"
    derivatives: ClassVar[tuple[str, ...]] = ("-1/{0}²",)

    def f(self, x: Array, out: Array) -> None:
        np.divide(1.0, x, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        np.multiply(y, y, out=out)
        np.negative(out, out=out)

    def describe(self, args: Sequence[str]) -> str:
        return f"1/{bracketed(args[0], 3)}"


class Exp(Elementwise):
    """e^x."""

    type: ClassVar[str] = "exp"
    formula: ClassVar[str] = "e^x"
    derivatives: ClassVar[tuple[str, ...]] = ("e^{0}",)

    def f(self, x: Array, out: Array) -> None:
        np.exp(x, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        out[...] = y


class Log(Elementwise):
    """Natural logarithm."""

    type: ClassVar[str] = "log"
    formula: ClassVar[str] = "ln x"
    derivatives: ClassVar[tuple[str, ...]] = ("1/{0}",)

    def f(self, x: Array, out: Array) -> None:
        np.log(x, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        np.divide(1.0, x, out=out)


class Sqrt(Elementwise):
    """Square root."""

    type: ClassVar[str] = "sqrt"
    formula: ClassVar[str] = "√x"
    derivatives: ClassVar[tuple[str, ...]] = ("1/(2√{0})",)

    def f(self, x: Array, out: Array) -> None:
        np.sqrt(x, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        np.divide(0.5, y, out=out)


class Sin(Elementwise):
    """Sine, x in radians."""

    type: ClassVar[str] = "sin"
    formula: ClassVar[str] = "sin x"
    derivatives: ClassVar[tuple[str, ...]] = ("cos {0}",)

    def f(self, x: Array, out: Array) -> None:
        np.sin(x, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        np.cos(x, out=out)


class Cos(Elementwise):
    """Cosine, x in radians."""

    type: ClassVar[str] = "cos"
    formula: ClassVar[str] = "cos x"
    derivatives: ClassVar[tuple[str, ...]] = ("-sin {0}",)

    def f(self, x: Array, out: Array) -> None:
        np.cos(x, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        np.sin(x, out=out)
        np.negative(out, out=out)


class Tan(Elementwise):
    """Tangent, x in radians."""

    type: ClassVar[str] = "tan"
    formula: ClassVar[str] = "tan x"
    derivatives: ClassVar[tuple[str, ...]] = ("1/cos²{0}",)

    def f(self, x: Array, out: Array) -> None:
        np.tan(x, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        np.multiply(y, y, out=out)
        np.add(out, 1, out=out)


class Log10(Elementwise):
    """Logarithm to base 10."""

    type: ClassVar[str] = "log10"
    formula: ClassVar[str] = "log₁₀ x"
    derivatives: ClassVar[tuple[str, ...]] = ("1/({0}·ln 10)",)

    def f(self, x: Array, out: Array) -> None:
        np.log10(x, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        np.divide(1 / math.log(10), x, out=out)


@dataclass(frozen=True)
class Clip(Elementwise):
    """x between two numbers; the derivative is 1 within and at the bounds, as in PyTorch, and 0 beyond."""

    type: ClassVar[str] = "clip"
    formula: ClassVar[str] = "min(max(x, low), high)"
    derivatives: ClassVar[tuple[str, ...]] = ("1 within the limits, else 0",)

    low: float
    """The least value."""
    high: float
    """The largest value."""

    def f(self, x: Array, out: Array) -> None:
        np.clip(x, self.low, self.high, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        np.logical_and(x >= self.low, x <= self.high, out=out, casting="unsafe")

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        return np.sign(xs[0] - self.low) + np.sign(xs[0] - self.high)

    def describe(self, args: Sequence[str]) -> str:
        return f"clip({args[0]}, {self.low:g}, {self.high:g})"


class Abs(Elementwise):
    """|x|; the derivative at 0 is 0, half of each side's."""

    type: ClassVar[str] = "abs"
    formula: ClassVar[str] = "|x|"
    derivatives: ClassVar[tuple[str, ...]] = ("sign({0})",)

    def f(self, x: Array, out: Array) -> None:
        np.abs(x, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        np.sign(x, out=out)

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        return np.sign(xs[0])
