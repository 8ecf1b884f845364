"""Graphs of named nodes, each an op on earlier nodes: networks, losses and typed expressions alike."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from math import sqrt
from typing import Any, ClassVar, Literal

import numpy as np

from nntui_core.errors import NntuiError, ShapeError
from nntui_core.memory import Array, Arrays, Shape, Space, Tangents, Workspace

_NUMBER = re.compile(r" #\d+$")
LONGEST = 1000
"""Characters of a node's name; of a longer one the operands are left out, for names of opened nodes grow fourfold a level."""
Role = Literal["parameter", "input", "label", "constant", "buffer", "random", "op"]
"""What fills a leaf: the parameter vector, the batch, its labels, the graph, running statistics, a draw."""
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


@dataclass(frozen=True)
class Op(ABC):
    """One operation of a graph: immutable, without state; a plan owns all arrays.

    ``xs`` are the operands, ``y`` the result, ``g`` the gradient that reached the result (upstream) and
    ``ws`` the arrays asked for by :meth:`workspace`, kept from ``forward`` to ``vjp``.
    """

    type: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str] = ""
    derivatives: ClassVar[tuple[str, ...]] = ()
    """∂y/∂(operand i) as it is taught, one an operand, the last for all further ones. {0}, {1} … are the operands'
    names, {field} is a field of the op; z, g, p, ŷ are the field's letters for input, output, probability and output."""
    primitive: ClassVar[bool] = False
    """True where the op has no smaller parts worth opening; otherwise :meth:`expand` gives them."""
    relu_family: ClassVar[bool] = False
    """Whether it is an activation that passes about half of what comes: he_normal suits it."""

    @property
    def gain(self) -> float:
        """What an activation wants weights multiplied by, as PyTorch's calculate_gain where that knows it."""
        return sqrt(2) if self.relu_family else 1.0

    def pointwise(self, x: Shape, y: Shape) -> bool:
        """Whether an entry of the result (shape ``y``) depends on the same entry of an operand (``x``) alone."""
        return False

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

    @property
    def twice(self) -> bool:
        """Whether :meth:`tangent` and :meth:`vjp_tangent` are there, for exact Hessian-vector products."""
        return False

    def tangent(self, xs: Arrays, dxs: Tangents, y: Array, ws: Workspace) -> Array:
        """The derivative of the value along ``dxs``, at least one of which is an array."""
        raise NotImplementedError(self.type)

    def vjp_tangent(
        self, i: int, g: Array, dg: Array | None, xs: Arrays, dxs: Tangents, y: Array, ws: Workspace
    ) -> Array | None:
        """The derivative of ``vjp(i, g, …)`` along ``dxs`` and ``dg``; None is 0, here and there."""
        raise NotImplementedError(self.type)

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

    def rule(self, i: int, args: Sequence[str], shapes: Sequence[Shape] = ()) -> str:
        """The formula of ``∂y/∂xs[i]``, the operands by their names; of some ops it depends on their shapes."""
        known = self.derivatives
        return known[min(i, len(known) - 1)].format(*args, **vars(self)) if known else ""

    def describe(self, args: Sequence[str]) -> str:
        """The node written with its operands' names, such as ``x + y``."""
        return f"{self.type}({', '.join([*args, *self.options()])})"

    def options(self) -> list[str]:
        """Fields that are numbers, and not at their defaults, as they are written: ``axis=0``."""
        found = [(f.name, getattr(self, f.name), f.default) for f in fields(self)]
        return [
            f"{name}={value}"
            for name, value, default in found
            if value != default and isinstance(value, int | float)
        ]


def local_of(rows: Array, y_shape: Shape, x_shape: Shape) -> Local:
    """Wrap Jacobian ``rows`` (``y.size × x.shape``) in the kind that fits the two shapes."""
    if not y_shape and not x_shape:
        return Local("scalar", rows.reshape(()))
    if len(y_shape) <= 1 and len(x_shape) <= 1:
        return Local("matrix", rows.reshape(rows.shape[0], -1))
    return Local("tensor", rows.reshape(y_shape + x_shape))


@dataclass(frozen=True, eq=False)
class Node:
    """A leaf, or an op applied to earlier nodes. ``dtype`` None is the plan's floating type."""

    id: int
    name: str
    shape: Shape
    role: Role
    op: Op | None = None
    args: tuple[Node, ...] = ()
    value: Any = None
    dtype: Any = None

    @property
    def label(self) -> str:
        """The name without the number that tells it from others of the same name."""
        return _NUMBER.sub("", self.name)

    def __repr__(self) -> str:
        return f"<Node {self.id} {self.name} {self.op.type if self.op else self.role} {self.shape}>"


class Graph:
    """Nodes in an order in which each follows its operands. Shapes are concrete; the batch axis is first."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._names: dict[str, Node] = {}

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __getitem__(self, name: str) -> Node:
        return self._names[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def get(self, name: str) -> Node | None:
        """The node of that name, if there is one."""
        return self._names.get(name)

    def leaf(
        self, name: str, shape: Shape = (), role: Role = "input", *, value: Any = None, dtype: Any = None
    ) -> Node:
        """A node whose value comes from outside; ``value`` is that of a constant."""
        return self._add(
            Node(len(self.nodes), self._free(name), tuple(shape), role, value=value, dtype=dtype)
        )

    def apply(self, op: Op, *args: Node, name: str = "") -> Node:
        """``op`` on ``args``. Raises ShapeError, its ``where`` the new node's name."""
        name = name or op.describe([a.label for a in args])
        if len(name) > LONGEST:
            name = op.describe(["…"] * len(args))
        try:
            shape = op.infer(*(a.shape for a in args))
        except NntuiError as error:
            if error.where:
                raise
            raise ShapeError(
                error.problem, where=name, given=error.given, allowed=error.allowed, hint=error.hint
            ) from None
        return self._add(Node(len(self.nodes), self._free(name), shape, "op", op=op, args=args))

    def rename(self, node: Node, name: str) -> Node:
        """The newest node under another name: nothing may refer to it yet."""
        assert node is self.nodes[-1]
        self.nodes.pop()
        del self._names[node.name]
        return self._add(replace(node, name=self._free(name)))

    def _add(self, node: Node) -> Node:
        self.nodes.append(node)
        self._names[node.name] = node
        return node

    def _free(self, name: str) -> str:
        if name not in self._names:
            return name
        k = 2
        while f"{name} #{k}" in self._names:
            k += 1
        return f"{name} #{k}"


def ancestors(outputs: Iterable[Node]) -> set[int]:
    """Ids of ``outputs`` and of everything they depend on."""
    found: set[int] = set()
    stack = list(outputs)
    while stack:
        node = stack.pop()
        if node.id not in found:
            found.add(node.id)
            stack.extend(node.args)
    return found
