"""The one form of everything that is computed: named nodes, each an op on earlier nodes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from nntui_core.errors import NntuiError, ShapeError
from nntui_core.ops.base import Op, Shape

_NUMBER = re.compile(r" #\d+$")
Role = Literal["parameter", "input", "label", "constant", "buffer", "random", "op"]
"""What fills a leaf: the parameter vector, the batch, its labels, the graph, running statistics, a draw."""


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
        try:
            shape = op.infer(*(a.shape for a in args))
        except NntuiError as error:
            if error.where:
                raise
            raise ShapeError(
                error.problem, where=name, given=error.given, allowed=error.allowed, hint=error.hint
            ) from None
        return self._add(Node(len(self.nodes), self._free(name), shape, "op", op=op, args=args))

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
