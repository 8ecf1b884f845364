"""What every op is: a value, its gradient, its local derivative and, when fused, the graph it stands for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from nntui_core.errors import ShapeError
from nntui_core.memory import Array as Array
from nntui_core.memory import Space

if TYPE_CHECKING:
    from nntui_core.graph import Graph, Node

Arrays = Sequence[Array]
Shape = tuple[int, ...]
Workspace = dict[str, Array]
LocalKind = Literal["scalar", "diagonal", "matrix", "tensor"]


@dataclass(frozen=True, eq=False)
class Local:
    """The local derivative ``∂y/∂x`` of one node with respect to one of its inputs.

    ``scalar``: a number, both sides have shape ``()``. ``diagonal``: the diagonal, in the input's shape, of
    an elementwise op. ``matrix``: the Jacobian, ``y.size × x.size``, both sides at most one-dimensional.
    ``tensor``: entries ``∂y[i…]/∂x[j…]`` in the shape ``y.shape + x.shape``.
    """

    kind: LocalKind
    value: Array

    def vjp(self, g: Array, shape: Shape) -> Array:
        """Upstream ``g`` (the output's shape) times this, in ``shape``, the input's shape."""
        if self.kind in ("scalar", "diagonal"):
            return np.asarray(g * self.value)
        return np.asarray(np.ravel(g) @ self.value.reshape(np.size(g), -1)).reshape(shape)


class Op(ABC):
    """One operation of a graph: immutable, without state; a plan owns all arrays.

    ``xs`` are the operands, ``y`` the result, ``g`` the gradient that reached the result (upstream) and
    ``ws`` the arrays asked for by :meth:`workspace`, kept from ``forward`` to ``vjp``.
    """

    type: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str] = ""
    primitive: ClassVar[bool] = False
    """True where the op has no smaller parts worth opening; otherwise :meth:`expand` gives them."""

    def learned(self, shape: Shape) -> tuple[tuple[str, Shape], ...]:
        """Learned operands (name and shape) of an activation on a node of ``shape``; the name is a field."""
        return ()

    @abstractmethod
    def infer(self, *shapes: Shape) -> Shape:
        """The shape of the result. Raises ShapeError where the operands do not fit."""

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        """Scratch arrays by name; they keep what is written into them."""
        return {}

    @abstractmethod
    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        """Write the value into ``out``."""

    @abstractmethod
    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        """Write ``g·∂y/∂xs[i]`` into ``out``, which has the shape of ``xs[i]`` and is never ``g``."""

    def differentiable(self, i: int) -> bool:
        """Whether operand ``i`` receives a gradient (labels and masks do not)."""
        return True

    def local(self, i: int, xs: Arrays, y: Array, ws: Workspace) -> Local:
        """``∂y/∂xs[i]``: by default the Jacobian, row by row, through :meth:`vjp`."""
        x = xs[i]
        rows = np.zeros((y.size, *x.shape), dtype=y.dtype)
        g = np.zeros(y.shape, dtype=y.dtype)
        flat = g.reshape(-1)
        for k in range(y.size):
            flat[k] = 1
            self.vjp(i, g, xs, y, rows[k, ...], ws)
            flat[k] = 0
        return local_of(rows, y.shape, x.shape)

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        """Which branch each element took (a sign, a winning index), or None where the op is smooth."""
        return None

    def expand(self, graph: Graph, *args: Node) -> Node:
        """Build the primitive graph this op stands for on ``args``; only where not ``primitive``."""
        raise TypeError(f"{self.type} is primitive and cannot be opened")

    def describe(self, args: Sequence[str]) -> str:
        """The node written with its operands' names, such as ``x + y``."""
        return f"{self.type}({', '.join(args)})"


def local_of(rows: Array, y_shape: Shape, x_shape: Shape) -> Local:
    """Wrap Jacobian ``rows`` (``y.size × x.shape``) in the kind that fits the two shapes."""
    if not y_shape and not x_shape:
        return Local("scalar", rows.reshape(()))
    if len(y_shape) <= 1 and len(x_shape) <= 1:
        return Local("matrix", rows.reshape(rows.shape[0], -1))
    return Local("tensor", rows.reshape(y_shape + x_shape))


class Elementwise(Op):
    """A function applied to each element: ``f`` and its derivative ``df`` are all it needs."""

    primitive: ClassVar[bool] = True

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        return shapes[0]

    @abstractmethod
    def f(self, x: Array, out: Array) -> None:
        """Write f(x) into ``out`` (which may not alias x)."""

    @abstractmethod
    def df(self, x: Array, y: Array, out: Array) -> None:
        """Write f′(x) into ``out``; ``y`` is f(x)."""

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        self.f(xs[0], out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        self.df(xs[0], y, out)
        np.multiply(out, g, out=out)

    def local(self, i: int, xs: Arrays, y: Array, ws: Workspace) -> Local:
        out = np.empty_like(y)
        self.df(xs[0], y, out)
        return Local("diagonal" if y.shape else "scalar", out)


def expect_operands(op: Op, shapes: Sequence[Shape], count: int) -> None:
    """Raise ShapeError unless there are ``count`` operands."""
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
