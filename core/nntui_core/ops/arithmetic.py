"""Arithmetic with NumPy's broadcasting, elementary functions, and reductions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nntui_core.errors import ShapeError
from nntui_core.ops.base import (
    Array,
    Arrays,
    Elementwise,
    Local,
    Op,
    Shape,
    Workspace,
    broadcast_shape,
    expect_operands,
    unbroadcast,
)


class Binary(Op):
    """An elementwise function of two operands, broadcast against each other."""

    primitive: ClassVar[bool] = True
    symbol: ClassVar[str]

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 2)
        return broadcast_shape(self, *shapes)

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


_ATOM = 5
"""Precedence of names, calls and numbers."""


def bracketed(name: str, level: int = _ATOM) -> str:
    """``name`` in parentheses where its outermost operator binds less tightly than ``level``."""
    return f"({name})" if precedence(name) < level else name


def precedence(name: str) -> int:
    """How tightly the outermost operator of a node's name binds: 1 sums, 2 products and signs, 4 powers."""
    found = 2 if name.startswith(("-", "1/")) else _ATOM
    depth = 0
    for k, c in enumerate(name):
        depth += (c == "(") - (c == ")")
        if depth == 0 and name[k : k + 3] in (" + ", " - "):
            return 1
        if depth == 0 and name[k : k + 3] in (" * ", " / ", " @ "):
            found = min(found, 2)
        if depth == 0 and name[k : k + 2] == "**":
            found = min(found, 4)
    return found


@dataclass(frozen=True)
class Add(Binary):
    """x + y."""

    type: ClassVar[str] = "add"
    formula: ClassVar[str] = "x + y"
    symbol: ClassVar[str] = "+"

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.add(xs[0], xs[1], out=out)

    def partial(self, i: int, a: Array, b: Array, y: Array) -> Array:
        return np.ones((), dtype=y.dtype)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        unbroadcast(g, out)


@dataclass(frozen=True)
class Sub(Binary):
    """x - y."""

    type: ClassVar[str] = "sub"
    formula: ClassVar[str] = "x − y"
    symbol: ClassVar[str] = "-"

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.subtract(xs[0], xs[1], out=out)

    def partial(self, i: int, a: Array, b: Array, y: Array) -> Array:
        return np.full((), -1.0 if i else 1.0, dtype=y.dtype)


@dataclass(frozen=True)
class Mul(Binary):
    """x · y."""

    type: ClassVar[str] = "mul"
    formula: ClassVar[str] = "x · y"
    symbol: ClassVar[str] = "*"

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.multiply(xs[0], xs[1], out=out)

    def partial(self, i: int, a: Array, b: Array, y: Array) -> Array:
        return a if i else b


@dataclass(frozen=True)
class Div(Binary):
    """x / y."""

    type: ClassVar[str] = "div"
    formula: ClassVar[str] = "x / y"
    symbol: ClassVar[str] = "/"

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.divide(xs[0], xs[1], out=out)

    def partial(self, i: int, a: Array, b: Array, y: Array) -> Array:
        return -(y / b) if i else np.asarray(1 / b)


@dataclass(frozen=True)
class Pow(Binary):
    """x raised to y."""

    type: ClassVar[str] = "pow"
    formula: ClassVar[str] = "x^y"
    symbol: ClassVar[str] = "**"

    def describe(self, args: Sequence[str]) -> str:
        return f"{bracketed(args[0])}**{bracketed(args[1])}"

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.power(xs[0], xs[1], out=out)

    def partial(self, i: int, a: Array, b: Array, y: Array) -> Array:
        if i == 0:
            # x^0 is constant, also at x = 0, where y·x^(y−1) would be 0·∞.
            return np.where(b == 0, 0.0, b * np.power(a, b - (b != 0)))
        # 0^y is constant for y > 0, where y·log(x) would be 0·∞.
        return np.where((a == 0) & (b > 0), 0.0, y * np.log(np.where((a == 0) & (b > 0), 1.0, a)))


class Selection(Binary):
    """The extreme of two operands; where they are equal, the first takes the gradient."""

    def first_wins(self, a: Array, b: Array) -> Array:
        """Where the first operand is the result."""
        raise NotImplementedError

    def partial(self, i: int, a: Array, b: Array, y: Array) -> Array:
        wins = self.first_wins(a, b)
        return np.asarray(~wins if i else wins, dtype=y.dtype)

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        return self.first_wins(xs[0], xs[1])

    def describe(self, args: Sequence[str]) -> str:
        return f"{self.symbol}({args[0]}, {args[1]})"


@dataclass(frozen=True)
class Maximum(Selection):
    """max(x, y), entry by entry."""

    type: ClassVar[str] = "maximum"
    formula: ClassVar[str] = "max(x, y)"
    symbol: ClassVar[str] = "max"

    def first_wins(self, a: Array, b: Array) -> Array:
        return np.asarray(a >= b)

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.maximum(xs[0], xs[1], out=out)


@dataclass(frozen=True)
class Minimum(Selection):
    """min(x, y), entry by entry."""

    type: ClassVar[str] = "minimum"
    formula: ClassVar[str] = "min(x, y)"
    symbol: ClassVar[str] = "min"

    def first_wins(self, a: Array, b: Array) -> Array:
        return np.asarray(a <= b)

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.minimum(xs[0], xs[1], out=out)


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

    def describe(self, args: Sequence[str]) -> str:
        p = self.exponent
        text = str(int(p)) if p == int(p) and abs(p) < 1e15 else repr(p)
        return f"{bracketed(args[0])}**{text if p >= 0 else f'({text})'}"


@dataclass(frozen=True)
class Neg(Elementwise):
    """-x."""

    type: ClassVar[str] = "neg"
    formula: ClassVar[str] = "−x"

    def f(self, x: Array, out: Array) -> None:
        np.negative(x, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        out[...] = -1

    def describe(self, args: Sequence[str]) -> str:
        return f"-{bracketed(args[0], 3)}"


@dataclass(frozen=True)
class Reciprocal(Elementwise):
    """1/x."""

    type: ClassVar[str] = "reciprocal"
    formula: ClassVar[str] = "1/x"

    def f(self, x: Array, out: Array) -> None:
        np.divide(1.0, x, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        np.multiply(y, y, out=out)
        np.negative(out, out=out)

    def describe(self, args: Sequence[str]) -> str:
        return f"1/{bracketed(args[0], 3)}"


@dataclass(frozen=True)
class Exp(Elementwise):
    """e^x."""

    type: ClassVar[str] = "exp"
    formula: ClassVar[str] = "e^x"

    def f(self, x: Array, out: Array) -> None:
        np.exp(x, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        out[...] = y


@dataclass(frozen=True)
class Log(Elementwise):
    """Natural logarithm."""

    type: ClassVar[str] = "log"
    formula: ClassVar[str] = "ln x"

    def f(self, x: Array, out: Array) -> None:
        np.log(x, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        np.divide(1.0, x, out=out)


@dataclass(frozen=True)
class Sqrt(Elementwise):
    """Square root."""

    type: ClassVar[str] = "sqrt"
    formula: ClassVar[str] = "√x"

    def f(self, x: Array, out: Array) -> None:
        np.sqrt(x, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        np.divide(0.5, y, out=out)


@dataclass(frozen=True)
class Sin(Elementwise):
    """Sine, x in radians."""

    type: ClassVar[str] = "sin"
    formula: ClassVar[str] = "sin x"

    def f(self, x: Array, out: Array) -> None:
        np.sin(x, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        np.cos(x, out=out)


@dataclass(frozen=True)
class Cos(Elementwise):
    """Cosine, x in radians."""

    type: ClassVar[str] = "cos"
    formula: ClassVar[str] = "cos x"

    def f(self, x: Array, out: Array) -> None:
        np.cos(x, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        np.sin(x, out=out)
        np.negative(out, out=out)


@dataclass(frozen=True)
class Abs(Elementwise):
    """|x|; the derivative at 0 is taken as 0."""

    type: ClassVar[str] = "abs"
    formula: ClassVar[str] = "|x|"

    def f(self, x: Array, out: Array) -> None:
        np.abs(x, out=out)

    def df(self, x: Array, y: Array, out: Array) -> None:
        np.sign(x, out=out)

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        return np.sign(xs[0])


class Reduction(Op):
    """A scalar made of all entries."""

    primitive: ClassVar[bool] = True

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        if 0 in shapes[0]:
            raise ShapeError(f"{self.type} of nothing", given=shapes[0])
        return ()


@dataclass(frozen=True)
class Sum(Reduction):
    """Sum of all entries."""

    type: ClassVar[str] = "sum"
    formula: ClassVar[str] = "Σ xᵢ"

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.add.reduce(xs[0], axis=None, out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        out[...] = g


@dataclass(frozen=True)
class Mean(Reduction):
    """Mean of all entries."""

    type: ClassVar[str] = "mean"
    formula: ClassVar[str] = "Σ xᵢ / n"

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.add.reduce(xs[0], axis=None, out=out)
        np.divide(out, xs[0].size, out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        out[...] = g / xs[0].size


@dataclass(frozen=True)
class Norm2(Reduction):
    """Sum of the squares of all entries, ‖x‖²."""

    type: ClassVar[str] = "norm2"
    formula: ClassVar[str] = "Σ xᵢ²"

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        flat = xs[0].reshape(-1)
        out[...] = np.dot(flat, flat)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        np.multiply(xs[0], 2 * g, out=out)


class Extremum(Reduction):
    """The extreme entry; where several are equal, the first one takes the gradient."""

    def winner(self, x: Array) -> int:
        """Flat index of the entry that is the result."""
        raise NotImplementedError

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        out[...] = xs[0].reshape(-1)[self.winner(xs[0])]

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        out[...] = 0
        out[np.unravel_index(self.winner(xs[0]), xs[0].shape)] = g

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        return np.asarray(self.winner(xs[0]))


@dataclass(frozen=True)
class Max(Extremum):
    """The largest entry."""

    type: ClassVar[str] = "max"
    formula: ClassVar[str] = "max xᵢ"

    def winner(self, x: Array) -> int:
        return int(np.argmax(x))


@dataclass(frozen=True)
class Min(Extremum):
    """The smallest entry."""

    type: ClassVar[str] = "min"
    formula: ClassVar[str] = "min xᵢ"

    def winner(self, x: Array) -> int:
        return int(np.argmin(x))


@dataclass(frozen=True)
class Dot(Op):
    """Inner product of two vectors of equal length."""

    type: ClassVar[str] = "dot"
    formula: ClassVar[str] = "Σ xᵢ yᵢ"
    primitive: ClassVar[bool] = True

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 2)
        if len(shapes[0]) != 1 or shapes[0] != shapes[1]:
            raise ShapeError("dot needs two vectors of the same length", given=f"{shapes[0]} and {shapes[1]}")
        return ()

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        out[...] = np.dot(xs[0], xs[1])

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        np.multiply(xs[1 - i], g, out=out)
